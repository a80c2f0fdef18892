//! A beam in flat form: its field, axis and cone along the grid's axes, cm from the grid's corner.

use crate::error::Result;
use crate::image::Grid;
use crate::source::{Beam, Field};
use crate::units::MM_PER_CM;

/// f32 values of a beam: middle of the field and the largest `mu = (1 - cos)/2` of the cone; half of the field's first side, and 1 for a disc; half of
/// its second side; the axis.
pub const BEAM_VALUES: usize = 16;

/// The values of a beam.
///
/// # Errors
/// If it is no beam, or misses the grid.
pub fn build_beam(beam: &Beam, grid: &Grid) -> Result<[f32; BEAM_VALUES]> {
    let frame = beam.frame(grid)?;
    let spacing = grid.spacing_mm();
    let index = grid.to_index(frame.at_mm)?;
    let at = [0, 1, 2].map(|k| ((index[k] + 0.5) * spacing[k] / MM_PER_CM) as f32);
    // The grid's axes are square to each other: components along them.
    let turned = |d: [f64; 3]| -> [f64; 3] {
        [0, 1, 2].map(|k| (0..3).map(|c| d[c] * grid.axes_mm[k][c]).sum::<f64>() / spacing[k])
    };
    let [u, v] = frame.half_mm.map(|side| turned(side).map(|x| (x / MM_PER_CM) as f32));
    let d = turned(frame.axis).map(|x| x as f32);
    let mu_most = (0.5 * (1.0 - beam.half_angle_rad.cos())) as f32;
    let disc = if matches!(beam.field, Field::Disc(_)) { 1.0 } else { 0.0 };
    Ok([
        at[0], at[1], at[2], mu_most, u[0], u[1], u[2], disc, v[0], v[1], v[2], 0.0, d[0], d[1],
        d[2], 0.0,
    ])
}
