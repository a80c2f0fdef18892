//! Padding behind a plane that is no plane of the grid, as an image has it that was resampled with a rotation.

use super::{FEWEST, Face, Part, position};
use nalgebra::{Matrix3, SymmetricEigen, Vector3};

/// Pairs of neighbours at the edge that a plane is fitted to, at least.
const FEWEST_PAIRS: usize = 12;
/// Of a plane's staircase of voxels, the root mean square distance from the plane is below this part of a voxel's edge.
const STAIRS: f64 = 0.6;
/// Share of the VOI in front of the plane that has activity, at least.
const LIVE: f64 = 0.75;
/// Share of the VOI behind the plane that lies in the body, at least: a VOI drawn into air has no activity there.
const IN_BODY: f64 = 0.75;
/// How far the direction of a plane from few voxels may be off.
const TILT: f64 = 0.05;

/// The plane that cuts a part, with next to nothing behind it in all of the image; none where there is no such plane.
pub(super) fn face(part: &Part, body: &[bool]) -> Option<Face> {
    let (middles, outwards) = part.edge();
    let face = plane(&middles, &outwards, part.largest_edge(), STAIRS)?;
    let voxel = part.largest_edge();
    // In front of the plane most is live, behind it nothing is.
    let beyond = |v: &&u32| face.beyond_mm(&position(part.grid, **v));
    let front: Vec<u32> = part.voxels.iter().filter(|v| beyond(v) < -voxel).copied().collect();
    let behind: Vec<u32> = part.voxels.iter().filter(|v| beyond(v) > voxel).copied().collect();
    let share = |all: &[u32], of: &dyn Fn(u32) -> bool| {
        all.iter().filter(|v| of(**v)).count() as f64 / all.len().max(1) as f64
    };
    let cut = behind.len() >= FEWEST
        && share(&front, &|v| part.live(v)) >= LIVE
        && !behind.iter().any(|v| part.live(*v))
        && share(&behind, &|v| body[v as usize]) >= IN_BODY;
    (cut && part.nothing_beyond(&face, 1.5, TILT)).then_some(face)
}

/// The plane of points that lie in one within some voxels (root mean square); its normal goes with `outwards`.
pub(super) fn plane(
    points: &[Vector3<f64>],
    outwards: &Vector3<f64>,
    voxel_mm: f64,
    voxels: f64,
) -> Option<Face> {
    if points.len() < FEWEST_PAIRS {
        return None;
    }
    let count = points.len() as f64;
    let at = points.iter().sum::<Vector3<f64>>() / count;
    let spread = points.iter().fold(Matrix3::zeros(), |sum, p| {
        let from = p - at;
        sum + from * from.transpose()
    });
    let axes = SymmetricEigen::new(spread / count);
    let least = axes.eigenvalues.imin();
    let others = (0..3).filter(|a| *a != least).map(|a| axes.eigenvalues[a]);
    let flat = axes.eigenvalues[least].max(0.0).sqrt() < voxels * voxel_mm
        && others.into_iter().all(|along| along.max(0.0).sqrt() > voxel_mm);
    let normal: Vector3<f64> = axes.eigenvectors.column(least).into();
    let normal = if normal.dot(outwards) < 0.0 { -normal } else { normal };
    flat.then_some(Face { at, normal })
}

#[cfg(test)]
mod tests {
    use crate::image::Grid;

    fn without(map: &[f32], voi: &[u16], body: impl Fn() -> Vec<bool>) -> Option<Vec<bool>> {
        super::super::without(None, map, &grid(), voi, || Ok(body().into())).unwrap()
    }

    fn grid() -> Grid {
        Grid::aligned([40, 40, 30], [-80.0, -80.0, -60.0], [4.0; 3])
    }

    fn on_grid<T>(of: impl Fn([f64; 3]) -> T) -> Vec<T> {
        let grid = grid();
        (0..grid.len()).map(|v| of(grid.to_mm(grid.unlinear(v).map(|i| i as f64)))).collect()
    }

    fn inside([x, y, z]: [f64; 3], radius: f64) -> bool {
        x * x + y * y + z * z < radius * radius
    }

    /// How far a place is beyond a plane that is turned about two axes.
    fn beyond([x, y, z]: [f64; 3]) -> f64 {
        0.3 * x + 0.2 * y + (1.0_f64 - 0.09 - 0.04).sqrt() * z - 12.0
    }

    /// Body of activity 1 with a ball of 10, of which a turned plane shows only a part; what is left of it past the plane.
    #[test]
    fn a_ball_that_a_turned_image_cuts() {
        let voi = on_grid(|at| u16::from(inside(at, 40.0)));
        let body = || vec![true; grid().len()];
        for rest in [0.0_f32, 0.02, -0.03] {
            let map = on_grid(|at| {
                let own = if inside(at, 40.0) { 10.0 } else { 1.0 };
                if beyond(at) < 0.0 { own } else { rest }
            });
            let seen = without(&map, &voi, body).unwrap();
            let right = on_grid(|at| !(inside(at, 40.0) && beyond(at) >= 0.0));
            let wrong = seen.iter().zip(&right).filter(|(a, b)| a != b).count();
            let hidden = right.iter().filter(|r| !**r).count();
            assert!(hidden > 1000 && wrong * 100 <= hidden, "{wrong} of {hidden} at {rest}");
        }
        // Activity behind the plane elsewhere: it is no edge of a field of view.
        let map = on_grid(|at| match (beyond(at) < 0.0, inside(at, 40.0)) {
            (true, true) => 10.0,
            (false, true) => 0.0,
            _ => 1.0,
        });
        assert_eq!(without(&map, &voi, body), None);
    }

    #[test]
    fn what_is_drawn_into_air_is_no_padding() {
        let voi = on_grid(|at| u16::from(inside(at, 40.0)));
        let map = on_grid(|at| if beyond(at) < 0.0 { 10.0_f32 } else { 0.0 });
        let body = || on_grid(|at| beyond(at) < 0.0);
        assert_eq!(without(&map, &voi, body), None);
        // A ball that has lost half of its own to a round hole is none either.
        let hole = on_grid(|[x, y, z]| if inside([x, y, z - 30.0], 30.0) { 0.0_f32 } else { 10.0 });
        assert_eq!(without(&hole, &voi, || vec![true; grid().len()]), None);
    }
}
