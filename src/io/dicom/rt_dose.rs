//! RT Dose objects (PS3.3 A.18, C.8.8.3) as dose maps in Gy: stored integers times DoseGridScaling. Neglects what else an object may hold: embedded
//! histograms, isodose curves, the plan that it refers to.
//!
//! Relative doses are refused: the dose that is 100 % of them stands in no RT Dose. So is DoseType ERROR, a difference of two doses.

use std::path::{Path, PathBuf};

use super::attributes::*;
use super::dose_planes::{DosePlanes, place};
use super::listing::Listing;
use super::object::DicomFile;
use super::pixels::{PixelFormat, decode_frame};
use super::write::DoseType;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::room::SERIES;

/// More voxels are refused before anything is allocated (8 GiB of f32).
const MAX_VOXELS: usize = 1 << 31;

/// A dose that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct RtDose {
    /// The file.
    pub path: PathBuf,
    /// Gy; planes ascend along rows x columns.
    pub dose: Volume<f32>,
    /// Absorbed dose, or one that is weighted for its effect.
    pub dose_type: DoseType,
    /// DoseSummationType, such as `PLAN` or `BEAM`; empty where it is not said.
    pub summation: String,
    /// FrameOfReferenceUID, if stated.
    pub frame_of_reference: Option<String>,
    /// What a user should know, one sentence each.
    pub notes: Vec<String>,
}

/// An RT Dose among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseObject {
    /// The file.
    pub path: PathBuf,
    /// DoseSummationType; empty where it is not said.
    pub summation: String,
    /// DoseType, DoseUnits, description and comment, for a person.
    pub told: String,
}

/// True if a file is an RT Dose.
///
/// # Errors
/// If it starts like DICOM and cannot be read.
pub fn is_rt_dose(path: &Path) -> Result<bool> {
    Ok(super::object::looks_like_dicom(path)? && modality(&DicomFile::open(path)?) == "RTDOSE")
}

fn modality(file: &DicomFile) -> String {
    file.root().text(MODALITY).unwrap_or_default()
}

/// The RT Doses of a folder and its subfolders.
///
/// # Errors
/// If a file cannot be read or is damaged.
pub fn find_doses(folder: &Path) -> Result<Vec<DoseObject>> {
    let mut found = Vec::new();
    for path in Listing::of(folder)?.dicom {
        let file = DicomFile::open(&path)?;
        if modality(&file) != "RTDOSE" {
            continue;
        }
        let root = file.root();
        let told: Vec<String> = [DOSE_TYPE, DOSE_UNITS, SERIES_DESCRIPTION, DOSE_COMMENT]
            .iter()
            .filter_map(|a| root.text(*a))
            .collect();
        let summation = root.text(DOSE_SUMMATION_TYPE).unwrap_or_default();
        found.push(DoseObject { path, summation, told: told.join(", ") });
    }
    Ok(found)
}

/// Reads an RT Dose.
///
/// # Errors
/// If the file is none, its dose is not in Gy, is a difference, or has no scaling; if its planes are no regular grid; or if it is damaged.
pub fn read_rt_dose(path: &Path) -> Result<RtDose> {
    let file = DicomFile::open(path)?;
    let root = file.root();
    if modality(&file) != "RTDOSE" {
        return Err(root.bad(
            MODALITY,
            &modality(&file),
            "a dose stands in an object of modality RTDOSE",
            "Give an RT Dose, or a map as NIfTI, MetaImage or NRRD.",
        ));
    }
    in_gray(root)?;
    let dose_type = dose_type(root)?;
    if file.pixels.is_none() && file.float_pixels.is_none() {
        return Err(Error::input(
            format!("{}: PixelData (7FE0,0010) is missing", path.display()),
            "the object holds no dose grid: histograms or curves alone",
            "Export the dose with its grid.",
        ));
    }
    let scaling = scaling(root)?;
    let format = PixelFormat::read(&file)?;
    if !matches!(format.bits_allocated, 16 | 32) {
        return Err(root.bad(
            BITS_ALLOCATED,
            &format.bits_allocated.to_string(),
            "an RT Dose has 16 or 32 bits",
            "Export the dose again.",
        ));
    }
    let mut notes = Vec::new();
    let planes = place(root, [format.rows, format.columns], format.frames, &mut notes)?;
    let data = values(&file, &format, &planes, scaling)?;
    let frame_of_reference = root.text(FRAME_OF_REFERENCE_UID);
    if frame_of_reference.is_none() {
        notes.push("WARNING: the dose states no FrameOfReferenceUID (0020,0052): that VOIs lie in its space is not checked".into());
    }
    let summation = root.text(DOSE_SUMMATION_TYPE).unwrap_or_default();
    if !["", "PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "RECORD"].contains(&summation.as_str()) {
        notes.push(format!(
            "WARNING: DoseSummationType (3004,000A) is {summation}: the dose may be a part of that of a plan"
        ));
    }
    let dose = Volume::new(planes.grid, data)?;
    let path = path.to_path_buf();
    Ok(RtDose { path, dose, dose_type, summation, frame_of_reference, notes })
}

fn in_gray(root: Item<'_>) -> Result<()> {
    let (why, suggestion) = match root.text(DOSE_UNITS).as_deref() {
        Some("GY") => return Ok(()),
        Some("RELATIVE") => (
            "the dose that is 100 % of it stands in no RT Dose, so that it cannot be told in Gy",
            "Export the dose in Gy (absolute).",
        ),
        _ => (
            "DoseUnits are GY or RELATIVE, and a dose of no known unit is none",
            "Export the dose again, in Gy.",
        ),
    };
    Err(root.bad(DOSE_UNITS, &root.text(DOSE_UNITS).unwrap_or_default(), why, suggestion))
}

fn dose_type(root: Item<'_>) -> Result<DoseType> {
    let text = root.text(DOSE_TYPE).unwrap_or_default();
    match text.as_str() {
        "PHYSICAL" => Ok(DoseType::Physical),
        "EFFECTIVE" => Ok(DoseType::Effective),
        "ERROR" => Err(root.bad(
            DOSE_TYPE,
            "ERROR",
            "it is the difference of a desired and a planned dose (C.8.8.3), neither a dose nor a standard error",
            "Give the dose itself.",
        )),
        _ => Err(root.bad(
            DOSE_TYPE,
            &text,
            "whether it is an absorbed dose (PHYSICAL) or a weighted one (EFFECTIVE) is not said",
            "Export the dose again.",
        )),
    }
}

fn scaling(root: Item<'_>) -> Result<f64> {
    let scaling =
        root.required_number(DOSE_GRID_SCALING, "without it stored numbers are no doses")?;
    if scaling > 0.0 {
        return Ok(scaling);
    }
    Err(root.bad(
        DOSE_GRID_SCALING,
        &scaling.to_string(),
        "stored numbers times it are doses, so it is positive",
        "Export the dose again.",
    ))
}

/// Doses of all voxels, planes ascending.
fn values(
    file: &DicomFile,
    format: &PixelFormat,
    planes: &DosePlanes,
    scaling: f64,
) -> Result<Vec<f32>> {
    let total = format.frame_len().saturating_mul(format.frames);
    // The first frame tells by itself what an uncompressed file lacks.
    decode_frame(file, format, 0)?;
    SERIES.make(&file.path, file.stored, (total as u64).saturating_mul(4))?;
    let mut values: Vec<f32> = Vec::new();
    if total > MAX_VOXELS || values.try_reserve_exact(total).is_err() {
        return Err(Error::input(
            format!("{}: {total} voxels", file.path.display()),
            "that does not fit in memory",
            "Export the dose on a coarser grid.",
        ));
    }
    let mut order: Vec<usize> = (0..format.frames).collect();
    if planes.reversed {
        order.reverse();
    }
    for frame in order {
        let stored = decode_frame(file, format, frame)?;
        if let Some(negative) = stored.iter().find(|s| **s < 0) {
            return Err(file.root().bad(
                PIXEL_REPRESENTATION,
                &format!("1 with a stored {negative} in frame {}", frame + 1),
                "a dose is not negative; signed numbers are those of a difference",
                "Give the dose itself.",
            ));
        }
        values.extend(stored.iter().map(|s| (*s as f64 * scaling) as f32));
    }
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(_) => Err(file.root().bad(
            DOSE_GRID_SCALING,
            &scaling.to_string(),
            "stored numbers times it are beyond single precision",
            "Export the dose again.",
        )),
    }
}
