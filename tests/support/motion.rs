//! Rigid motion of a patient between scans.

use voxgray::image::Grid;

/// A grid after a patient's motion: turned about its centre by an angle about z, then shifted.
pub fn moved(grid: &Grid, shift: [f64; 3], degrees: f64) -> Grid {
    let centre = grid.to_mm(grid.dims.map(|n| (n as f64 - 1.0) / 2.0));
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turn = |v: [f64; 3]| [cos * v[0] - sin * v[1], sin * v[0] + cos * v[1], v[2]];
    let origin = turn([0, 1, 2].map(|a| grid.origin_mm[a] - centre[a]));
    Grid {
        dims: grid.dims,
        origin_mm: [0, 1, 2].map(|a| origin[a] + centre[a] + shift[a]),
        axes_mm: grid.axes_mm.map(turn),
    }
}
