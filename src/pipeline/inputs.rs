//! Reading what a job names: matter and activity.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Observer;
use super::calibration::{against_image, for_one_second};
use super::radiopharmaceutical::of_nuclide;
use crate::activity::{ActivityMap, Calibration, InputUnit, Quantity};
use crate::error::{Error, Result};
use crate::files::{self, hex};
use crate::image::Volume;
use crate::io::dicom::{self, CountFactor, DicomVolume, Facts, ReadOptions};
use crate::io::{ImageOptions, NiftiAffine, read_image_with, sha256_file};
use crate::job::{ActivityInput, CurveChoice, MaterialNames, MatterInput};
use crate::phantom::maps::MaterialMap;
use crate::phantom::{HuCurve, HuOptions, HuReport, Phantom};

/// A file or series that was read, for the summary.
#[derive(Debug, Clone)]
pub struct InputRecord {
    /// What it was read as.
    pub role: &'static str,
    /// The path as given; how it is written, `withheld` says.
    pub path: PathBuf,
    /// Number of files read.
    pub files: usize,
    /// SHA-256 of the file; of the list of the files' hashes, in reading order, where there are several.
    pub sha256: String,
    /// Voxels, of an image.
    pub dims: Option<[usize; 3]>,
    /// mm, of an image.
    pub spacing_mm: Option<[f64; 3]>,
    /// SeriesInstanceUID of DICOM.
    pub series_uid: Option<String>,
    /// FrameOfReferenceUID of DICOM.
    pub frame_of_reference_uid: Option<String>,
    /// The time for which an activity image states its activity.
    pub activity_time: Option<String>,
    /// All activity of an activity image, Bq.
    pub activity_bq: Option<f64>,
    /// What its reader noticed.
    pub notes: Vec<String>,
    /// What DICOM says about itself.
    pub facts: Option<Facts>,
}

fn record(
    role: &'static str,
    path: &Path,
    files: &[PathBuf],
    volume: &Volume<f32>,
) -> Result<InputRecord> {
    let hashes: Vec<String> = files.iter().map(|f| sha256_file(f)).collect::<Result<_>>()?;
    let sha256 = match hashes.as_slice() {
        [one] => one.clone(),
        many => hex(&Sha256::digest(many.join("\n"))),
    };
    Ok(InputRecord {
        role,
        path: path.to_path_buf(),
        files: files.len(),
        sha256,
        dims: Some(volume.grid.dims),
        spacing_mm: Some(volume.grid.spacing_mm()),
        series_uid: None,
        frame_of_reference_uid: None,
        activity_time: None,
        activity_bq: None,
        notes: Vec::new(),
        facts: None,
    })
}

pub(super) fn file_record(role: &'static str, path: &Path) -> Result<InputRecord> {
    Ok(InputRecord {
        role,
        path: path.to_path_buf(),
        files: 1,
        sha256: sha256_file(path)?,
        dims: None,
        spacing_mm: None,
        series_uid: None,
        frame_of_reference_uid: None,
        activity_time: None,
        activity_bq: None,
        notes: Vec::new(),
        facts: None,
    })
}

/// An object that is no image (RTSTRUCT, SEG, REG, or a file of another format), with its patient.
pub(super) fn object_record(role: &'static str, path: &Path) -> Result<InputRecord> {
    Ok(InputRecord { facts: dicom::patient_of(path)?, ..file_record(role, path)? })
}

/// An image of which no frame is chosen.
pub(super) fn whole(nifti_affine: NiftiAffine) -> ImageOptions {
    ImageOptions { frame: None, nifti_affine }
}

/// One image that is not DICOM.
pub(super) fn read_plain(
    role: &'static str,
    path: &Path,
    options: &ImageOptions,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Volume<f32>> {
    let (volume, info) = read_image_with(path, options)?;
    info.notes.iter().for_each(|n| observer.warn(&format!("{}: {n}", path.display())));
    let files: Vec<PathBuf> = info.files.iter().map(|f| f.path.clone()).collect();
    let mut entry = record(role, path, &files, &volume)?;
    entry.notes = info.notes;
    records.push(entry);
    Ok(volume)
}

fn accept(
    role: &'static str,
    path: &Path,
    read: DicomVolume,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Volume<f32>> {
    read.notes.iter().for_each(|n| observer.warn(&format!("{role}: {n}")));
    let mut entry = record(role, path, &read.files, &read.volume)?;
    entry.notes = read.notes;
    entry.series_uid = read.facts.series_uid.clone();
    entry.frame_of_reference_uid = read.facts.frame_of_reference_uid.clone();
    entry.facts = Some(read.facts);
    records.push(entry);
    Ok(read.volume)
}

/// Matter on its own grid, and how HU became matter where it was a CT.
///
/// # Errors
/// If a file cannot be read or what it holds cannot be matter.
pub fn read_matter(
    input: &MatterInput,
    affine: NiftiAffine,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(Phantom, Option<HuReport>)> {
    match input {
        MatterInput::Ct { path, series, curve, outside_limits } => {
            let curve = read_curve(curve, records)?;
            let ct = read_ct(path, series.as_deref(), affine, observer, records)?;
            let [below, above] = *outside_limits;
            let options = HuOptions { max_fraction_below: below, max_fraction_above: above };
            let (phantom, report) = Phantom::from_ct(&ct, &curve, &options)?;
            Ok((phantom, Some(report)))
        }
        MatterInput::Maps { density, materials, names } => {
            let map = match names {
                MaterialNames::BuiltIn(names) => MaterialMap::from_names(names)?,
                MaterialNames::File(path) => {
                    records.push(file_record("material_names", path)?);
                    MaterialMap::read_toml(path)?
                }
            };
            let options = whole(affine);
            let density = read_plain("density", density, &options, observer, records)?;
            let labels = read_plain("materials", materials, &options, observer, records)?;
            Ok((Phantom::from_maps(&density, &labels, &map)?, None))
        }
    }
}

/// A CT in HU.
///
/// # Errors
/// If it cannot be read.
pub fn read_ct(
    path: &Path,
    series: Option<&str>,
    affine: NiftiAffine,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Volume<f32>> {
    files::exists(path)?;
    if !dicom::is_dicom(path)? {
        refuse_series("--ct-series", series, path)?;
        return read_plain("ct", path, &whole(affine), observer, records);
    }
    let options = ReadOptions { series: series.map(str::to_owned), ..ReadOptions::default() };
    let read = dicom::read_ct(&[path.to_path_buf()], &options)?;
    accept("ct", path, read, observer, records)
}

/// The curve of a choice; a file is recorded.
///
/// # Errors
/// If the file cannot be read or is no curve.
pub fn read_curve(choice: &CurveChoice, records: &mut Vec<InputRecord>) -> Result<HuCurve> {
    match choice {
        CurveChoice::Schneider => HuCurve::schneider2000(),
        CurveChoice::SchneiderMetals => HuCurve::schneider2000_with_metals(),
        CurveChoice::Icru44 => HuCurve::icru44(),
        CurveChoice::File(path) => {
            records.push(file_record("hu_curve", path)?);
            HuCurve::read_toml(path)
        }
    }
}

fn refuse_series(option: &str, series: Option<&str>, path: &Path) -> Result<()> {
    match series {
        None => Ok(()),
        Some(uid) => Err(Error::usage(
            format!("{option} {uid} is given for {}", path.display()),
            "only DICOM has series",
            "Leave it out.",
        )),
    }
}

/// Activity per voxel on its own grid, with what a DICOM series says about itself; `half_life_s` is that of the run's nuclide, whose
/// radiopharmaceutical counts where several are listed.
///
/// # Errors
/// If a file cannot be read, its unit is not the stated one, or a value cannot be an activity.
pub fn read_activity(
    input: &ActivityInput,
    half_life_s: Option<f64>,
    affine: NiftiAffine,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<(ActivityMap, Option<Facts>)> {
    files::exists(&input.path)?;
    let mut facts = None;
    let (volume, unit, calibration) = if dicom::is_dicom(&input.path)? {
        let mut read = read_dicom_activity(input)?;
        count_rates(input, &mut read, observer)?;
        for told in against_image(&input.calibration, &read.facts) {
            observer.warn(&format!("{}: {told}", input.path.display()));
        }
        if let Some(told) = half_life_s.and_then(|t| of_nuclide(&mut read.facts, t)) {
            observer.warn(&format!("{}: {told}", input.path.display()));
        }
        facts = Some(read.facts.clone());
        let volume = accept("activity", &input.path, read, observer, records)?;
        (volume, InputUnit::BqPerMl, None)
    } else {
        refuse_series("--activity-series", input.series.as_deref(), &input.path)?;
        if input.geometry.is_some() || input.energy_window.is_some() {
            return Err(Error::usage(
                format!("--geometry or --energy-window is given for {}", input.path.display()),
                "they are options of NM objects",
                "Leave them out.",
            ));
        }
        let unit = input.unit.unwrap_or(InputUnit::BqPerMl);
        if input.unit.is_none() {
            observer.say("the unit of the activity is not stated: taken as Bq/mL");
        }
        // Before the file is read: units and calibration must go together.
        input.calibration.check_unit(unit)?;
        let (calibration, _) = input.calibration.per_count(None)?;
        let frame = input.frame.map(|n| n.get() - 1);
        let options = ImageOptions { frame, nifti_affine: affine };
        (read_plain("activity", &input.path, &options, observer, records)?, unit, calibration)
    };
    let map = ActivityMap::from_image(volume, unit, calibration, input.negative)
        .map_err(|e| in_file(e, &input.path))?;
    if let Some(entry) = records.iter_mut().rfind(|r| r.role == "activity")
        && map.quantity == Quantity::Activity
    {
        // Negative voxels set to zero raise the total by as much.
        entry.activity_bq = Some(map.total() + map.negatives.sum);
    }
    Ok((map, facts))
}

/// The DICOM reader gives Bq/mL: by the file's own units, or by the calibration of its counts.
fn read_dicom_activity(input: &ActivityInput) -> Result<DicomVolume> {
    let factor = input.calibration.factor.as_ref().map(for_one_second).transpose()?;
    let count_factor = match (input.unit, factor) {
        (None | Some(InputUnit::BqPerMl), None) => None,
        // An object says itself whether it is in activity, and is then refused with a factor.
        (None | Some(InputUnit::Counts), Some(Calibration::BqPerMl(f))) => {
            Some(CountFactor::BqPerMl(f))
        }
        (None | Some(InputUnit::Counts), Some(Calibration::Bq(f))) => {
            Some(CountFactor::Mbq(f * 1e-6))
        }
        (Some(InputUnit::Counts) | Some(InputUnit::BqPerMl), _) => {
            input.calibration.check_unit(input.unit.unwrap_or(InputUnit::BqPerMl))?;
            None
        }
        (Some(unit), _) => {
            return Err(Error::usage(
                format!("--activity-unit {} is stated for DICOM", unit.name()),
                "a DICOM activity image says its own unit: Bq/mL or counts",
                "Leave it out, or give --activity-unit counts with --calibration.",
            ));
        }
    };
    let options = ReadOptions {
        series: input.series.clone(),
        energy_window: input.energy_window,
        frame: input.frame.map(NonZeroUsize::get),
        count_factor,
        geometry: input.geometry,
    };
    dicom::read_activity(std::slice::from_ref(&input.path), &options)
}

/// Counts that were read as those of one second become count rates by the duration, which the file itself may state.
fn count_rates(
    input: &ActivityInput,
    read: &mut DicomVolume,
    observer: &dyn Observer,
) -> Result<()> {
    let Some(factor) = input.calibration.factor.filter(|f| f.needs_duration()) else {
        return Ok(());
    };
    if read.facts.count_rates {
        observer.say(&format!(
            "{}: values are count rates ({}), not divided by a duration",
            input.path.display(),
            read.facts.stored_units
        ));
        return Ok(());
    }
    if let (None, true, Some(source)) =
        (input.calibration.duration_s, read.facts.several_durations, &read.facts.duration_source)
    {
        return Err(Error::input(
            format!("{}: {source}", input.path.display()),
            "rotations of one bed are added up, those of several beds or heads are not: over how long a voxel was seen is not known",
            "State it: --scan-duration 10min for one image, duration in a series file.",
        ));
    }
    let (calibration, note) = input.calibration.per_count(read.facts.frame_duration_s)?;
    note.iter().for_each(|n| observer.warn(&format!("{}: {n}", input.path.display())));
    if let (None, Some(seconds), Some(source)) =
        (input.calibration.duration_s, read.facts.frame_duration_s, &read.facts.duration_source)
    {
        observer.warn(&format!(
            "{}: counts are divided by {seconds} s, {source}; --scan-duration (duration in a series file) states it otherwise",
            input.path.display()
        ));
    }
    let value = |c: Calibration| match c {
        Calibration::Bq(x) | Calibration::BqPerMl(x) => x,
    };
    if let Some(calibration) = calibration {
        let scale = value(calibration) / value(for_one_second(&factor)?);
        read.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
    }
    Ok(())
}

/// An error of the image of a time point, from 0.
pub(super) fn at_point(n: usize, error: Error) -> Error {
    Error { problem: format!("time point {}: {}", n + 1, error.problem), ..error }
}

pub(super) fn in_file(mut error: Error, path: &Path) -> Error {
    error.problem = format!("{}: {}", path.display(), error.problem);
    error
}
