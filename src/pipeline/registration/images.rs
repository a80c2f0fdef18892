//! Images that are registered: CT, PET, NM as DICOM, NIfTI, MetaImage.

use std::path::Path;

use super::super::Observer;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::dicom::{self, ReadOptions};
use crate::io::{ImageOptions, NiftiAffine, read_image_with};
use crate::registration::Kind;
use crate::{files, io};

/// An image, and what it says of itself.
#[derive(Debug, Clone)]
pub struct RegisteredImage {
    /// Its values: HU, or activity or counts per mL.
    pub volume: Volume<f32>,
    /// What they are.
    pub kind: Kind,
    /// FrameOfReferenceUID, if known.
    pub frame: Option<String>,
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
    Ok(RegisteredImage { volume, kind, frame: None })
}

/// A mask: a map of labels on any grid; what is above 0 is inside.
pub(in crate::pipeline) fn mask(
    path: &Path,
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<Volume<f32>> {
    files::exists(path)?;
    if dicom::is_dicom(path)? || io::is_nrrd(path)? {
        return Err(Error::input(
            format!("{} is no label map", path.display()),
            "a mask is an image (NIfTI, MetaImage) of 0 outside and 1 inside",
            "Make one with voxgray voi REGIONS -o mask.nii.gz.",
        ));
    }
    let (volume, info) =
        read_image_with(path, &ImageOptions { frame: None, nifti_affine: affine })?;
    info.notes.iter().for_each(|n| observer.say(&format!("mask: {n}")));
    Ok(volume)
}
