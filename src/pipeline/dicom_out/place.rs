//! Where a map's voxels stand in the object: on the run's own grid, in the order of the reference's rows, columns and slices, or interpolated onto the
//! reference's grid.
//!
//! Interpolation is trilinear between the middles of voxels. It rounds peaks off and conserves no integral; on coarser grids it skips voxels. A standard
//! error is interpolated the same way, which is an upper bound: that of neighbours whose noise is one.

use super::super::Observer;
use super::super::finished::SAME_GRID_MM;
use crate::error::{Error, Result};
use crate::image::{Volume, resample_intensity};
use crate::io::dicom::write::Reference;

/// Which grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectGrid {
    /// That of the run.
    Run,
    /// That of the reference.
    Reference,
}

/// Refuses a map that lies beside the reference.
///
/// # Errors
/// If they share no place.
pub(super) fn check_overlap(map: &Volume<f32>, reference: &Reference) -> Result<()> {
    let Ok(grid) = &reference.grid else { return Ok(()) };
    let [[a_low, a_high], [b_low, b_high]] = [map.grid.bounding_box_mm(), grid.bounding_box_mm()];
    if (0..3).all(|c| a_low[c] < b_high[c] && b_low[c] < a_high[c]) {
        return Ok(());
    }
    Err(Error::input(
        format!("the dose lies at {a_low:.1?} to {a_high:.1?} mm"),
        format!("the reference lies at {b_low:.1?} to {b_high:.1?} mm: they share no place"),
        "Name the image that the run read.",
    ))
}

/// The map as it is written. `outside` stands where the map has no value.
///
/// # Errors
/// If the reference has no grid and its is asked for.
pub(super) fn place(
    map: &Volume<f32>,
    reference: &Reference,
    on: ObjectGrid,
    outside: f32,
    name: &str,
    observer: &dyn Observer,
) -> Result<Volume<f32>> {
    match on {
        ObjectGrid::Run => Ok(map.in_order(&map.grid.order_along(reference.directions()))),
        ObjectGrid::Reference => {
            let grid = reference.grid.clone()?;
            let own = map.in_order(&map.grid.order_along(reference.directions()));
            // Rounded headers put the edge of one grid a hair beyond the other's.
            if own.grid.same_geometry(&grid, SAME_GRID_MM) {
                observer.say(&format!("{name}: the reference's voxels are those of the run"));
                return Volume::new(grid, own.data);
            }
            let moved = resample_intensity(map, &grid, outside)?;
            let share = 100.0 * moved.outside_voxels as f64 / grid.len() as f64;
            observer.say(&format!(
                "{name}: interpolated onto {:?} voxels of the reference; {share:.1} % of them lie outside of the run's grid and hold {outside}",
                grid.dims
            ));
            Ok(moved.volume)
        }
    }
}
