//! Transforms of registrations: ITK's text files (.tfm) and DICOM Spatial Registration objects. Whatever the file's own direction, what is returned maps
//! points of the fixed image to points of the moving image ([`crate::image::Affine`]).
//!
//! An ITK file states that direction by itself. A DICOM object states matrices into a common frame of reference, its own (0020,0052): which images are fixed
//! and moving must be known by their frames.

mod itk;

use std::path::Path;

pub use itk::write_itk_transform;

use super::dicom;
use crate::error::{Error, Result};
use crate::image::Affine;

/// FrameOfReferenceUIDs of two images, as far as known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Frames<'a> {
    /// Of the fixed image.
    pub fixed: Option<&'a str>,
    /// Of the moving image.
    pub moving: Option<&'a str>,
}

/// A transform that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadTransform {
    /// Maps points of the fixed image to points of the moving one, mm, LPS.
    pub map: Affine,
    /// What it is in the file, such as `Euler3DTransform`.
    pub written_as: String,
}

/// Reads a transform.
///
/// # Errors
/// If the file is neither kind, is damaged, holds what is no affine map, cannot be undone, or says rigid and is not.
pub fn read_transform(path: &Path, frames: &Frames<'_>) -> Result<ReadTransform> {
    crate::files::exists(path)?;
    if path.is_dir() {
        return Err(Error::input(
            format!("{} is a folder", path.display()),
            "a transform is one file",
            "Name the .tfm or the DICOM registration object in it.",
        ));
    }
    let read = if dicom::is_dicom(path)? {
        let map = dicom::read_registration(path, frames.fixed, frames.moving)?;
        ReadTransform { map, written_as: "DICOM Spatial Registration".into() }
    } else {
        itk::read(path)?
    };
    read.map.checked().map_err(super::read::in_file(path))?;
    Ok(read)
}
