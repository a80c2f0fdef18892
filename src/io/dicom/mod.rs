//! DICOM CT, PET and NM images into volumes (PS3.3, PS3.5, PS3.10).
//!
//! Read are single-frame and enhanced CT in HU and PET in Bq/mL, and reconstructed NM, uncompressed or compressed by
//! deflate, RLE, JPEG, JPEG-LS or JPEG 2000. Of dynamic and gated series one frame is read. Nothing is guessed: what a header does not say is an error that names
//! the file, the attribute and its value, or is stated by the caller in [`ReadOptions`].
//!
//! RT Structure Sets and Segmentations are read as contours and voxels; `crate::io::read_regions` makes regions of them. RT Doses are read in Gy.
//!
//! Left out: colour and one-bit images, palettes, modality lookup tables, planar NM, tilted stacks.

mod activity_values;
mod attributes;
mod clock;
mod codec;
mod contradictions;
mod ct;
mod data_set;
mod detectors;
mod dose_planes;
mod enhanced;
mod facts;
mod frame_start;
mod frames;
mod geometry;
mod listing;
mod midnight;
mod nm;
mod nm_duration;
mod nm_frames;
mod object;
mod options;
mod padding;
mod pixels;
mod pt;
mod real_world;
mod registration;
mod rle;
mod rt_dose;
mod rtstruct;
mod seg;
mod series;
mod survey;
mod time_frames;
mod transfer_syntax;
mod ucum;
pub mod write;

use std::path::{Path, PathBuf};

pub use clock::SliceClock;
pub use facts::{EnergyWindow, Facts, NuclideCode, Radiopharmaceutical, plain_name};
pub use options::{CountFactor, GeometryOverride, ReadOptions};
pub use registration::read_registration;
pub use rt_dose::{DoseObject, RtDose, find_doses, is_rt_dose, read_rt_dose};
pub use rtstruct::{Roi, StructureSet};
pub use seg::Segmentation;
pub use series::SeriesSummary;
pub use survey::{Surveyed, survey};

use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::room::SERIES;
use attributes::*;

/// A volume read from DICOM.
#[derive(Debug, Clone, PartialEq)]
pub struct DicomVolume {
    /// Values in HU or Bq/mL; slices ascend along row x column.
    pub volume: Volume<f32>,
    /// What the series says about itself.
    pub facts: Facts,
    /// What a user should know: skipped objects, tolerated spacing, negative values.
    pub notes: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// Stored values of a file, before any rescaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPixels {
    /// Rows of a frame.
    pub rows: usize,
    /// Columns of a frame.
    pub columns: usize,
    /// Values of each frame, row by row.
    pub frames: Vec<Vec<i64>>,
}

/// Reads a CT series in HU from files and folders (searched with their subfolders).
///
/// # Errors
/// If there is no CT series or more than one, if values are not in HU, if the slices are not a regular grid
/// (gap, duplicate, tilt, one slice only), or if a file is damaged.
pub fn read_ct(paths: &[PathBuf], options: &ReadOptions) -> Result<DicomVolume> {
    let (headers, notes) =
        series::choose(series::find(paths)?, &["CT"], options.series.as_deref())?;
    ct::read(&headers, options, notes)
}

/// Reads a PET or NM series in Bq/mL from files and folders (searched with their subfolders).
///
/// # Errors
/// As [`read_ct`]; also if units are not Bq/mL and no factor is given, or if an NM object has no geometry, is
/// planar, or there are several energy windows or frames of which none is chosen.
pub fn read_activity(paths: &[PathBuf], options: &ReadOptions) -> Result<DicomVolume> {
    let found = series::find(paths)?;
    let (headers, notes) = series::choose(found, &["PT", "NM"], options.series.as_deref())?;
    let modality = headers.first().and_then(|h| h.root().text(MODALITY));
    if modality.as_deref() == Some("NM") {
        nm::read(&headers, options, notes)
    } else {
        pt::read(headers, options, notes)
    }
}

/// Lists the CT, PT and NM series of files and folders, and notes on what else lies there.
///
/// # Errors
/// If a file cannot be read or is damaged.
pub fn list_series(paths: &[PathBuf]) -> Result<(Vec<SeriesSummary>, Vec<String>)> {
    let found = series::find(paths)?;
    Ok((found.summaries(), found.skipped()))
}

/// Decodes the stored values of one file of any modality: integers, one sample per pixel.
///
/// # Errors
/// If the file is damaged, has no such pixel data or uses an unknown transfer syntax.
pub fn read_stored_pixels(path: &Path) -> Result<StoredPixels> {
    let file = object::DicomFile::open(path)?;
    let format = pixels::PixelFormat::read(&file)?;
    // The first frame tells by itself what an uncompressed file lacks.
    let mut frames = vec![pixels::decode_frame(&file, &format, 0)?];
    let pixels = (format.frame_len() as u64).saturating_mul(format.frames as u64);
    // Eight bytes each; pydicom and others would hold as many as four.
    SERIES.make(path, file.stored.saturating_mul(2), pixels.saturating_mul(8))?;
    for k in 1..format.frames {
        frames.push(pixels::decode_frame(&file, &format, k)?);
    }
    Ok(StoredPixels { rows: format.rows, columns: format.columns, frames })
}

/// What DICOM says of volumes of interest.
#[derive(Debug, Clone, PartialEq)]
pub enum RegionObject {
    /// RT Structure Set: contours.
    Structures(StructureSet),
    /// Segmentation: voxels.
    Segments(Segmentation),
}

/// Reads an RT Structure Set or a Segmentation.
///
/// # Errors
/// If the file is neither, is damaged, or contradicts itself.
pub fn read_region_object(path: &Path) -> Result<RegionObject> {
    let file = object::DicomFile::open(path)?;
    match file.root().text(MODALITY).as_deref() {
        Some("RTSTRUCT") => rtstruct::read(&file).map(RegionObject::Structures),
        Some("SEG") => seg::read(&file).map(RegionObject::Segments),
        other => Err(file.root().bad(
            MODALITY,
            other.unwrap_or(""),
            "volumes of interest stand in RTSTRUCT and SEG objects",
            "Give one of these, or a label map (NIfTI, MetaImage, NRRD).",
        )),
    }
}

/// The RTSTRUCT and SEG objects of a folder and its subfolders.
///
/// # Errors
/// If a file cannot be read or is damaged.
pub fn find_region_objects(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in listing::Listing::of(folder)?.dicom {
        let modality = object::DicomFile::open(&file)?.root().text(MODALITY);
        if matches!(modality.as_deref(), Some("RTSTRUCT" | "SEG")) {
            found.push(file);
        }
    }
    Ok(found)
}

/// Whose an object is: of its facts those of the patient alone; none where the file is no DICOM.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub fn patient_of(path: &Path) -> Result<Option<Facts>> {
    if path.is_dir() || !is_dicom(path)? {
        return Ok(None);
    }
    let all = Facts::read(&object::DicomFile::open(path)?.root());
    let (patient_id, patient_name) = (all.patient_id, all.patient_name);
    Ok(Some(Facts { patient_id, patient_name, ..Facts::default() }))
}

/// True if a path is a folder, or a file that starts like DICOM.
///
/// # Errors
/// If the file cannot be read.
pub fn is_dicom(path: &Path) -> Result<bool> {
    if path.is_dir() { Ok(true) } else { object::looks_like_dicom(path) }
}

fn no_files() -> Error {
    Error::input("the series has no files", "at least one is needed", "Check the folder.")
}

/// CT and PET slices carry their own positions and have no energy windows: options for NM are refused.
fn refuse_nm_options(root: &Item<'_>, options: &ReadOptions) -> Result<()> {
    let stated = match (options.geometry, options.energy_window) {
        (Some(_), _) => "--geometry",
        (None, Some(_)) => "--energy-window",
        (None, None) => return Ok(()),
    };
    Err(Error::usage(
        format!("{}: {stated} is given for a CT or PET series", root.path.display()),
        "only NM objects may need it",
        "Leave the option out.",
    ))
}

/// Notes lossy compression: a picture may look right and its numbers be off.
fn note_lossy(headers: &[series::Header], notes: &mut Vec<String>) {
    let lossy =
        |h: &&series::Header| h.root().text(LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01");
    let count = headers.iter().filter(lossy).count();
    if count > 0 {
        notes.push(format!(
            "{count} object(s) went through lossy compression: values are approximate"
        ));
    }
}

/// Whether CorrectedImage lists the correction of decay; none if it is absent.
fn decay_listed(root: &Item<'_>) -> Option<bool> {
    root.texts(CORRECTED_IMAGE).map(|all| all.iter().any(|c| c == "DECY"))
}
