//! Maps that belong to another one: densities, doses that are added to it or set beside it. All lie on its grid and in its frame of reference.

use std::path::Path;

use super::Observer;
use super::finished::{FinishedMap, read, values_on};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::NiftiAffine;
use crate::io::dicom::write::DoseType;

/// A map of densities (g/cm3) on the grid of `map`.
///
/// # Errors
/// If it cannot be read, is a dose, or is on another grid.
pub fn density_on_grid(
    path: &Path,
    map: &Volume<f32>,
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<Vec<f32>> {
    let other = read(path, affine, observer)?;
    if other.dose_type.is_some() {
        return Err(Error::input(
            format!("{} is an RT Dose", path.display()),
            "a density map in g/cm3 is needed",
            "Name the density map.",
        ));
    }
    values_on(path, other.volume, map)
}

/// Another dose on the grid of `to`, which is added to it.
///
/// # Errors
/// If it cannot be read, is on another grid, weighted in another way or, unless `any_frame`, in another frame of reference.
pub fn dose_on_grid(
    path: &Path,
    to: &FinishedMap,
    any_frame: bool,
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<Vec<f32>> {
    let other = read(path, affine, observer)?;
    let weighted = matches!(other.dose_type, Some(DoseType::Effective));
    if weighted && to.unit == "Gy" {
        return Err(Error::input(
            format!("{} is a weighted dose (DoseType (3004,0004) EFFECTIVE)", path.display()),
            format!("{} is an absorbed dose in Gy: both must be of one kind", to.path.display()),
            "Give the absorbed dose (PHYSICAL).",
        ));
    }
    if !any_frame {
        let frames = [&to.frame_of_reference, &other.frame_of_reference].map(|f| f.as_deref());
        same_frame(frames, &path.display().to_string(), &to.name)?;
    }
    values_on(path, other.volume, &to.map)
}

/// Refuses a map in another frame of reference than that which it is set beside; `frames` are that of `to` and its own.
///
/// # Errors
/// If both state one and they differ.
pub(super) fn same_frame(frames: [Option<&str>; 2], name: &str, to: &str) -> Result<()> {
    match frames {
        [Some(own), Some(other)] if own != other => Err(Error::input(
            format!("{name} lies in the frame of reference {other}"),
            format!("that of {to} is {own}: positions in the one mean nothing in the other"),
            "Give doses of one space, or say with --any-frame that both lie in one.",
        )),
        _ => Ok(()),
    }
}
