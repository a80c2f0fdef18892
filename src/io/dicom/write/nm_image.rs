//! A reconstructed SPECT (PS3.3 A.5, C.8.4: NM Image, RECON TOMO) in Bq/mL, which Units (0054,1001) says; the attribute is none of the NM modules, but
//! writers of quantitative SPECT add it. Neglects camera and collimator.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::fields::{Code, Fields};
use super::object::{Author, Kind, NewObject};
use super::planes::Planes;
use crate::error::Result;
use crate::image::Volume;

/// Degrees.
const FULL_TURN: f64 = 360.0;

/// What a SPECT is of.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectContent<'a> {
    /// Bq/mL at the start of the scan.
    pub activity: &'a Volume<f32>,
    /// Name of the radiopharmaceutical.
    pub radiopharmaceutical: &'a str,
    /// SNOMED CT code of the nuclide, and its name.
    pub nuclide: (&'a str, &'a str),
    /// When it was given (DT).
    pub administered: &'a str,
    /// Start of the scan (DA, TM).
    pub begins: (&'a str, &'a str),
    /// Angular views, and the duration of each, s.
    pub views: (usize, f64),
    /// SeriesNumber.
    pub series_number: usize,
}

/// The object of a SPECT. The administered activity is not in it.
///
/// # Errors
/// If the grid is sheared or too large.
pub fn nm_image(author: &Author, content: &SpectContent) -> Result<NewObject> {
    let planes = Planes::new(content.activity.checked()?)?;
    let kind = Kind {
        class_uid: uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
        modality: "NM",
        series_number: content.series_number,
        description: "SPECT, Bq/mL",
    };
    let mut f = author.begin(&kind);
    f.texts(tags::IMAGE_TYPE, &["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]);
    let (date, time) = content.begins;
    for (d, t) in [
        (tags::SERIES_DATE, tags::SERIES_TIME),
        (tags::ACQUISITION_DATE, tags::ACQUISITION_TIME),
        (tags::CONTENT_DATE, tags::CONTENT_TIME),
    ] {
        f.text(d, date);
        f.text(t, time);
    }
    f.text(tags::LATERALITY, "");
    f.text(tags::COUNTS_ACCUMULATED, "");
    f.monochrome(16);
    planes.put_size(&mut f);
    planes.put_spacing(&mut f);
    f.decimals(tags::SPACING_BETWEEN_SLICES, &[planes.spacing_mm[2]]);
    f.count(tags::NUMBER_OF_FRAMES, planes.frames);
    f.pointer(tags::FRAME_INCREMENT_POINTER, tags::SLICE_VECTOR);
    f.counts(tags::SLICE_VECTOR, &(1..=planes.frames as u32).collect::<Vec<_>>());
    f.count(tags::NUMBER_OF_SLICES, planes.frames);
    f.count(tags::NUMBER_OF_DETECTORS, 1);
    f.count(tags::NUMBER_OF_ROTATIONS, 1);
    f.count(tags::NUMBER_OF_ENERGY_WINDOWS, 1);
    f.items(tags::DETECTOR_INFORMATION_SEQUENCE, vec![detector(&planes)]);
    f.items(tags::ROTATION_INFORMATION_SEQUENCE, vec![rotation(content)]);
    f.items(tags::ENERGY_WINDOW_INFORMATION_SEQUENCE, Vec::new());
    f.items(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, vec![given(content)]);
    f.items(tags::PATIENT_ORIENTATION_CODE_SEQUENCE, Vec::new());
    f.items(tags::PATIENT_GANTRY_RELATIONSHIP_CODE_SEQUENCE, Vec::new());
    f.text(tags::UNITS, "BQML");
    f.text(tags::DECAY_CORRECTION, "START");
    let largest = content.activity.data.iter().fold(0.0_f32, |a, b| a.max(*b));
    let slope = if largest > 0.0 { f64::from(largest) / f64::from(u16::MAX) } else { 1.0 };
    // As a decimal string has it.
    let slope: f64 = super::decimal::decimal(slope).parse().unwrap_or(slope);
    f.decimals(tags::RESCALE_INTERCEPT, &[0.0]);
    f.decimals(tags::RESCALE_SLOPE, &[slope]);
    let stored = |v: &f32| (f64::from(*v) / slope).round().clamp(0.0, f64::from(u16::MAX)) as u16;
    let bytes = content.activity.data.iter().flat_map(|v| stored(v).to_le_bytes()).collect();
    f.bytes(tags::PIXEL_DATA, VR::OW, bytes);
    author.finish(f, &kind, |_, _| {})
}

fn detector(planes: &Planes) -> Fields {
    let mut item = Fields::new();
    planes.put_position(&mut item, 0);
    planes.put_orientation(&mut item);
    item.text(tags::COLLIMATOR_TYPE, "");
    item
}

fn rotation(content: &SpectContent) -> Fields {
    let (views, seconds) = content.views;
    let mut item = Fields::new();
    item.count(tags::NUMBER_OF_FRAMES_IN_ROTATION, views);
    item.decimals(tags::ACTUAL_FRAME_DURATION, &[1000.0 * seconds]);
    item.decimals(tags::START_ANGLE, &[0.0]);
    item.decimals(tags::ANGULAR_STEP, &[FULL_TURN / views as f64]);
    item.decimals(tags::SCAN_ARC, &[FULL_TURN]);
    item.text(tags::ROTATION_DIRECTION, "CW");
    item
}

fn given(content: &SpectContent) -> Fields {
    let (value, meaning) = content.nuclide;
    let mut item = Fields::new();
    item.text(tags::RADIOPHARMACEUTICAL, content.radiopharmaceutical);
    item.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME, content.administered);
    item.items(
        tags::RADIONUCLIDE_CODE_SEQUENCE,
        vec![Code { value, scheme: "SCT", meaning }.item()],
    );
    item
}
