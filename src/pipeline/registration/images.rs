//! Images that are registered: CT, PET, NM as DICOM, NIfTI, MetaImage.

use std::path::Path;

use super::super::Observer;
use super::super::voi_files::tell;
use crate::error::{Error, Result};
use crate::files;
use crate::image::{Grid, Volume, WHOLE_FROM};
use crate::io::dicom::{self, ReadOptions};
use crate::io::{ImageOptions, NiftiAffine, RegionOptions, read_image_with, read_regions};
use crate::registration::Kind;

/// An image, and what it says of itself.
#[derive(Debug, Clone)]
pub struct RegisteredImage {
    /// Its values: HU, or activity or counts per mL.
    pub volume: Volume<f32>,
    /// What they are.
    pub kind: Kind,
    /// FrameOfReferenceUID, if known.
    pub frame: Option<String>,
    /// SeriesInstanceUID of a DICOM image.
    pub series: Option<String>,
}

/// A value of a file that is no DICOM below which it is taken as HU: air is near -1000, activity is not negative but for noise.
const HU: f32 = -300.0;

/// Reads an image; `role` names it in messages.
///
/// # Errors
/// If it cannot be read as CT or as activity.
pub fn read_registered_image(
    path: &Path,
    series: Option<&str>,
    role: &str,
    nifti_affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<RegisteredImage> {
    files::exists(path)?;
    if dicom::is_dicom(path)? {
        let options = ReadOptions { series: series.map(String::from), ..ReadOptions::default() };
        let paths = [path.to_path_buf()];
        let (read, kind) = match dicom::read_ct(&paths, &options) {
            Ok(read) => (read, Kind::Ct),
            // A CT that cannot be read is no missing PET.
            Err(ct) => match dicom::read_activity(&paths, &options) {
                Ok(read) => (read, Kind::Activity),
                Err(e) if e.problem.contains("there is no PT") => return Err(ct),
                Err(e) => return Err(e),
            },
        };
        read.notes.iter().for_each(|n| observer.say(&format!("{role}: {n}")));
        return Ok(RegisteredImage {
            volume: read.volume,
            kind,
            frame: read.facts.frame_of_reference_uid,
            series: read.facts.series_uid,
        });
    }
    if let Some(uid) = series {
        return Err(Error::usage(
            format!("a series {uid} is named for {}", path.display()),
            "only DICOM has series",
            "Leave it out.",
        ));
    }
    let (volume, info) = read_image_with(path, &ImageOptions { frame: None, nifti_affine })?;
    info.notes.iter().for_each(|n| observer.say(&format!("{role}: {n}")));
    let kind = if volume.data.iter().any(|v| *v < HU) { Kind::Ct } else { Kind::Activity };
    let taken = match kind {
        Kind::Ct => "it has values below -300: taken as a CT in HU",
        Kind::Activity => "it has no value below -300: taken as activity",
    };
    observer.say(&format!("{role}: {taken}"));
    Ok(RegisteredImage { volume, kind, frame: None, series: None })
}

/// A mask on the fixed image, of which grid and frame of reference are given: where any region of a label map, RTSTRUCT, SEG or NRRD, on any grid, has half of a voxel or more.
pub(in crate::pipeline) fn mask(
    path: &Path,
    (grid, frame): (&Grid, Option<&str>),
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<Volume<f32>> {
    let options = RegionOptions {
        frame_of_reference: frame.map(String::from),
        nifti_affine: affine,
        ..RegionOptions::default()
    };
    // Contours become voxels on the fixed image's grid; voxels stay as they are.
    let contours = path.is_dir() || dicom::is_dicom(path)?;
    let on = contours.then_some(grid);
    let found = read_regions(path, on, &options).map_err(|mut e| {
        if e.suggestion.contains("any-frame") {
            e.suggestion = "Give regions that were drawn on the fixed image.".into();
        }
        e
    })?;
    tell(path, &found, observer);
    let mut inside = vec![0.0_f32; found.set.grid.len()];
    for (voxel, share) in found.set.regions.iter().flat_map(|r| r.voxels.iter().zip(&r.shares)) {
        if *share >= WHOLE_FROM {
            inside[*voxel as usize] = 1.0;
        }
    }
    Volume::new(found.set.grid, inside)
}
