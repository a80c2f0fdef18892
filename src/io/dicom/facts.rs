//! What a series says about itself, for the steps that follow and for the report.

use super::attributes::*;
use super::clock::SliceClock;
use crate::error::{Error, Result};
use crate::time::{ClockTime, Moment};

/// A coded nuclide (RadionuclideCodeSequence); code meanings are not standardised enough to be guessed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NuclideCode {
    /// CodeValue, such as `C-111A1`.
    pub value: String,
    /// CodingSchemeDesignator, such as `SRT`.
    pub scheme: String,
    /// CodeMeaning, such as `^18^Fluorine`.
    pub meaning: String,
}

/// An item of RadiopharmaceuticalInformationSequence, as far as it says what decays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Radiopharmaceutical {
    /// Radiopharmaceutical.
    pub name: Option<String>,
    /// The nuclide's code.
    pub nuclide: Option<NuclideCode>,
    /// RadionuclideHalfLife, s.
    pub half_life_s: Option<f64>,
    /// RadionuclideTotalDose, Bq.
    pub administered_bq: Option<f64>,
    /// Time of administration.
    pub administration_time: Option<Moment>,
    /// Time of day of an administration whose date is not stated.
    pub administration_clock: Option<ClockTime>,
}

/// The energy window of an NM object that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EnergyWindow {
    /// EnergyWindowName.
    pub name: Option<String>,
    /// Lower and upper limit, keV.
    pub limits_kev: Option<[f64; 2]>,
}

/// Facts of a series. What the files do not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Modality: `CT`, `PT` or `NM`.
    pub modality: String,
    /// Units of the returned values: `HU` or `Bq/mL`.
    pub units: &'static str,
    /// Units before any count factor, as the files state them.
    pub stored_units: String,
    /// PatientID.
    pub patient_id: Option<String>,
    /// PatientName, to be compared; it is never shown.
    pub patient_name: Option<String>,
    /// StudyInstanceUID.
    pub study_uid: Option<String>,
    /// SeriesInstanceUID.
    pub series_uid: Option<String>,
    /// SeriesDescription.
    pub series_description: Option<String>,
    /// FrameOfReferenceUID: images with the same one share their coordinates.
    pub frame_of_reference_uid: Option<String>,
    /// Manufacturer and model.
    pub device: Option<String>,
    /// CollimatorGridName (0018,1180) of the object or of its first detector.
    pub collimator: Option<String>,
    /// SeriesDate and SeriesTime.
    pub series_time: Option<Moment>,
    /// Earliest acquisition time of all slices.
    pub acquisition_time: Option<Moment>,
    /// Start of the first time frame of a dynamic series, where the one that was read began later and all state the first's.
    pub first_frame_time: Option<Moment>,
    /// Duration of the acquisition: ActualFrameDuration of the first slice, or that of all views of an NM object, s.
    pub frame_duration_s: Option<f64>,
    /// Whether the values before any count factor are counts per second.
    pub count_rates: bool,
    /// An NM object states several rotations or phases: whether its counts are those of all of their durations together is not known.
    pub several_durations: bool,
    /// What the duration of an NM object was made from.
    pub duration_source: Option<String>,
    /// ActualFrameDuration of an NM object itself, s: of the whole acquisition or of one view, which writers do not tell.
    pub image_duration_s: Option<f64>,
    /// FrameReferenceTime of the first slice along the normal, s (PS3.3 C.8.9.4.1.5).
    pub frame_reference_time_s: Option<f64>,
    /// Times and factors of each slice of the volume, in its order; empty where the object has one for all.
    pub slices: Vec<SliceClock>,
    /// Dates and times that are there and cannot be read.
    pub clock_problems: Vec<Error>,
    /// DecayCorrection: `NONE`, `START` (to the start of the acquisition) or `ADMIN` (to the administration).
    pub decay_correction: Option<String>,
    /// Whether CorrectedImage lists DECY; none if it is absent.
    pub decay_listed: Option<bool>,
    /// DecayCorrectionDateTime of an enhanced PET: the time whose activity the image states, which START then means.
    pub decay_corrected_to: Option<Moment>,
    /// Smallest and largest DecayFactor of the slices.
    pub decay_factors: Option<[f64; 2]>,
    /// Radiopharmaceutical.
    pub radiopharmaceutical: Option<String>,
    /// The nuclide's code.
    pub nuclide: Option<NuclideCode>,
    /// RadionuclideHalfLife, s.
    pub half_life_s: Option<f64>,
    /// RadionuclideTotalDose, Bq (PET states it in Bq, PS3.3 C.8.9.2; NM in MBq, converted here).
    pub administered_bq: Option<f64>,
    /// Time of administration.
    pub administration_time: Option<Moment>,
    /// Time of day of an administration whose date is not stated.
    pub administration_clock: Option<ClockTime>,
    /// All radiopharmaceuticals that are listed; the fields above are of the first.
    pub radiopharmaceuticals: Vec<Radiopharmaceutical>,
    /// The energy window that was read (NM).
    pub energy_window: Option<EnergyWindow>,
    /// NumberOfSlices: of a whole volume, PET and NM.
    pub stated_slices: Option<usize>,
    /// ImagesInAcquisition.
    pub images_in_acquisition: Option<usize>,
    /// Voxels that hold the declared padding value.
    pub padding_voxels: usize,
    /// Activity voxels below zero (kept as they are) and their share of the sum of absolute values.
    pub negative_voxels: usize,
    /// Sum of the negative voxels over the sum of absolute values, 0 to 1.
    pub negative_fraction: f64,
}

fn nuclide_code(item: &Item<'_>) -> Option<NuclideCode> {
    item.item(RADIONUCLIDE_CODE_SEQUENCE).map(|code| NuclideCode {
        value: code.text(CODE_VALUE).unwrap_or_default(),
        scheme: code.text(CODING_SCHEME_DESIGNATOR).unwrap_or_default(),
        meaning: code.text(CODE_MEANING).unwrap_or_default(),
    })
}

fn listed(item: &Item<'_>, bq_per_unit: f64) -> Radiopharmaceutical {
    let administered = item.number(RADIONUCLIDE_TOTAL_DOSE).ok().flatten();
    Radiopharmaceutical {
        administered_bq: administered.map(|a| a * bq_per_unit),
        administration_time: None,
        administration_clock: None,
        name: item.text(RADIOPHARMACEUTICAL),
        nuclide: nuclide_code(item),
        half_life_s: item.number(RADIONUCLIDE_HALF_LIFE).ok().flatten().filter(|t| *t > 0.0),
    }
}

impl Facts {
    /// Takes half-life, administration and name of the radiopharmaceutical at that place of the list.
    pub fn take_radiopharmaceutical(&mut self, n: usize) {
        let Some(item) = self.radiopharmaceuticals.get(n).cloned() else { return };
        self.radiopharmaceutical = item.name;
        self.nuclide = item.nuclide;
        self.half_life_s = item.half_life_s;
        self.administered_bq = item.administered_bq;
        self.administration_time = item.administration_time;
        self.administration_clock = item.administration_clock;
    }

    /// Reads what is common to all modalities from the first object.
    pub(super) fn read(root: &Item<'_>) -> Facts {
        let device: Vec<String> = [MANUFACTURER, MANUFACTURER_MODEL_NAME]
            .into_iter()
            .filter_map(|attribute| root.text(attribute))
            .collect();
        Facts {
            modality: root.text(MODALITY).unwrap_or_default(),
            patient_id: root.text(PATIENT_ID),
            patient_name: root.text(PATIENT_NAME),
            study_uid: root.text(STUDY_INSTANCE_UID),
            series_uid: root.text(SERIES_INSTANCE_UID),
            series_description: root.text(SERIES_DESCRIPTION),
            frame_of_reference_uid: root.text(FRAME_OF_REFERENCE_UID),
            device: (!device.is_empty()).then(|| device.join(" ")),
            collimator: root
                .text(COLLIMATOR_GRID_NAME)
                .or_else(|| root.item(DETECTOR_INFORMATION_SEQUENCE)?.text(COLLIMATOR_GRID_NAME)),
            // A malformed count says nothing; the images themselves are what is read.
            stated_slices: root.count(NUMBER_OF_SLICES).ok().flatten(),
            images_in_acquisition: root.count(IMAGES_IN_ACQUISITION).ok().flatten(),
            ..Facts::default()
        }
    }

    /// Reads nuclide, administration and half-life. `bq_per_unit` is the unit of the administered activity.
    pub(super) fn read_radiopharmaceutical(
        &mut self,
        root: &Item<'_>,
        bq_per_unit: f64,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let items = root.items(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
        if items.len() > 1 {
            notes.push(format!(
                "{} radiopharmaceuticals are listed; the first one is reported, unless another is of the nuclide of the run",
                items.len()
            ));
        }
        self.radiopharmaceuticals = items.iter().map(|i| listed(i, bq_per_unit)).collect();
        let Some(item) = items.first() else { return Ok(()) };
        self.radiopharmaceutical = item.text(RADIOPHARMACEUTICAL);
        self.half_life_s = item.number(RADIONUCLIDE_HALF_LIFE)?;
        self.administered_bq = item.number(RADIONUCLIDE_TOTAL_DOSE)?.map(|a| a * bq_per_unit);
        if let Some(bq) = self.administered_bq.filter(|bq| !(1e4..1e12).contains(bq)) {
            notes.push(format!(
                "{RADIONUCLIDE_TOTAL_DOSE} means {bq:e} Bq by the standard, which no patient gets: \
                 the writer may have used another unit"
            ));
        }
        self.nuclide = nuclide_code(item);
        Ok(())
    }

    /// Says how many voxels were padding, which holds no activity.
    pub(super) fn note_padding(&mut self, padded: usize, notes: &mut Vec<String>) {
        self.padding_voxels = padded;
        if padded > 0 {
            notes.push(format!(
                "{padded} voxels hold the declared padding value; they are taken as 0"
            ));
        }
    }

    /// Counts negative voxels; they are kept, as cutting them would bias the total.
    pub(super) fn count_negative(&mut self, values: &[f32], notes: &mut Vec<String>) {
        let negative = values.iter().filter(|v| **v < 0.0);
        self.negative_voxels = negative.clone().count();
        let below: f64 = negative.map(|v| -f64::from(*v)).sum();
        let all: f64 = values.iter().map(|v| f64::from(v.abs())).sum();
        self.negative_fraction = if all > 0.0 { below / all } else { 0.0 };
        if self.negative_voxels > 0 {
            notes.push(format!(
                "{} voxels are negative ({:.3} % of the absolute sum); they are kept",
                self.negative_voxels,
                100.0 * self.negative_fraction
            ));
        }
    }
}

/// A name as it is compared: writers differ in case, empty parts and other alphabets (PS3.5 6.2.1.1).
pub fn plain_name(name: &str) -> String {
    let alphabetic = name.split('=').next().unwrap_or_default();
    let parts = alphabetic.split(['^', ' ']).filter(|p| !p.is_empty());
    parts.collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_of_a_name_differ() {
        for same in ["Doe^Jane", "DOE^JANE^^^", "Doe^Jane=X^Y", " doe jane"] {
            assert_eq!(plain_name(same), "doe jane", "{same}");
        }
        assert_ne!(plain_name("Doe^John"), plain_name("Doe^Jane"));
    }
}
