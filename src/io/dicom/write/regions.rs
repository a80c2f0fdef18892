//! What Segmentations and RT Structure Sets have in common: regions in the order of the reference's rows, columns and slices, names that fit, and which
//! image of the reference lies in a plane.

use super::fields::allowed;
use super::object::Author;
use super::planes::Planes;
use super::reference::ReferenceImage;
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet};
use dicom_core::VR;

/// A plane and an image of the reference nearer than this (mm) are one.
const SAME_PLANE_MM: f64 = 0.01;
/// Most regions (VR US).
const MOST: usize = u16::MAX as usize;

/// Regions that can be written.
pub(super) struct Arranged {
    pub set: RegionSet,
    pub planes: Planes,
    /// Their names, all different.
    pub names: Vec<String>,
}

/// Orders and checks regions.
pub(super) fn arrange(author: &Author, set: &RegionSet) -> Result<Arranged> {
    let set = set.in_order(&set.grid.order_along(author.reference.directions()));
    let planes = Planes::new(&set.grid)?;
    let refuse = |problem: String, why: &str, suggestion: &str| {
        Err(Error::input(problem, why.to_owned(), suggestion.to_owned()))
    };
    if set.regions.is_empty() || set.regions.len() > MOST {
        let problem = format!("{} regions", set.regions.len());
        return refuse(problem, "1 to 65535 can be written", "Choose some with --keep.");
    }
    let mut names: Vec<String> = Vec::new();
    for Region { name, voxels, .. } in &set.regions {
        if voxels.is_empty() {
            return refuse(
                format!("'{name}' has no voxel"),
                "an object of regions holds what is there",
                "Leave it out: choose the others with --keep.",
            );
        }
        let fits = allowed(VR::LO, name).into_owned();
        if names.contains(&fits) {
            return refuse(
                format!("'{name}' is written as '{fits}', and so is another region"),
                "DICOM keeps 64 characters of a name",
                "Give shorter names.",
            );
        }
        names.push(fits);
    }
    Ok(Arranged { set, planes, names })
}

/// The image of the reference in each plane, where there is one.
pub(super) fn images<'a>(author: &'a Author, planes: &Planes) -> Vec<Option<&'a ReferenceImage>> {
    let normal = planes.axes[2];
    let along = |p: [f64; 3]| p.iter().zip(normal).map(|(a, b)| a * b).sum::<f64>();
    let own = author.reference.directions()[2];
    if (along(own) - 1.0).abs() > 1e-6 {
        return vec![None; planes.frames];
    }
    let images = &author.reference.images;
    let depth_of = |i: &ReferenceImage| i.position_mm.map(along);
    (0..planes.frames)
        .map(|k| {
            let depth = along(planes.position_mm(k));
            let in_plane = |i: &&ReferenceImage| {
                depth_of(i).is_some_and(|d| (d - depth).abs() < SAME_PLANE_MM)
            };
            images.iter().find(in_plane)
        })
        .collect()
}
