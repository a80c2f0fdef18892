//! Coarser and coarser copies of an image: mean over blocks of voxels, then a light Gaussian. Neglects the voxels of an incomplete block at the far
//! faces.

use rayon::prelude::*;

use super::Kind;
use super::padding::known_part;
use crate::error::Result;
use crate::image::{Grid, Volume};

/// Levels of the pyramid.
pub const LEVELS: usize = 3;

/// Standard deviation of the Gaussian, in voxels of the level: half a block, so that what one voxel holds passes to its neighbours smoothly.
const SIGMA: f64 = 0.7;
/// Standard deviations after which it ends.
const REACH: f64 = 3.0;
/// CT values beyond are set to these: padding outside of the circle of reconstruction, metal.
const HU: [f32; 2] = [-1000.0, 1000.0];

/// The levels of an image, from the finest; voxels of about `finest_mm`, twice and four times as much.
///
/// # Errors
/// If the grid is unusable.
pub fn levels(image: &Volume<f32>, kind: Kind, finest_mm: f64) -> Result<Vec<Volume<f32>>> {
    image.checked()?;
    let image = known_part(image, kind);
    let (image, grid) = (image.as_ref(), &image.grid);
    let low =
        image.data.par_iter().copied().filter(|v| v.is_finite()).reduce(|| f32::INFINITY, f32::min);
    let low = if low.is_finite() { low } else { 0.0 };
    let prepare = |v: f32| match kind {
        Kind::Ct if v.is_nan() => HU[0],
        Kind::Ct => v.clamp(HU[0], HU[1]),
        Kind::Activity if v.is_finite() => v,
        Kind::Activity => low,
    };
    let factor = |grid: &Grid, target: f64| {
        grid.spacing_mm().map(|s| ((target / s + 0.25).floor() as usize).max(1))
    };
    let mut out: Vec<Volume<f32>> = Vec::new();
    for level in 0..LEVELS {
        let target = finest_mm * f64::from(1u32 << level);
        let next = match out.last() {
            None => smoothed(shrunk(image, fitting(factor(grid, target), grid.dims), prepare)),
            Some(last) => {
                let by = fitting(factor(&last.grid, target), last.grid.dims);
                smoothed(shrunk(last, by, |v| v))
            }
        };
        out.push(next);
    }
    Ok(out)
}

/// A block is not longer than a quarter of the image, so that something is left to interpolate.
fn fitting(by: [usize; 3], dims: [usize; 3]) -> [usize; 3] {
    [0, 1, 2].map(|a| by[a].min(dims[a] / 4).max(1))
}

/// Means over blocks.
fn shrunk(image: &Volume<f32>, by: [usize; 3], prepare: impl Fn(f32) -> f32 + Sync) -> Volume<f32> {
    let old = &image.grid;
    let dims = [0, 1, 2].map(|a| old.dims[a] / by[a]);
    let grid = Grid {
        dims,
        origin_mm: old.to_mm(by.map(|n| 0.5 * (n as f64 - 1.0))),
        axes_mm: [0, 1, 2].map(|a| old.axes_mm[a].map(|c| c * by[a] as f64)),
    };
    let per = 1.0 / (by[0] * by[1] * by[2]) as f64;
    let mut data = vec![0f32; grid.len()];
    data.par_chunks_mut(dims[0]).enumerate().for_each(|(row, out)| {
        let (j, k) = (row % dims[1] * by[1], row / dims[1] * by[2]);
        let mut sums = vec![0f64; dims[0]];
        for dk in 0..by[2] {
            for dj in 0..by[1] {
                let first = old.linear([0, j + dj, k + dk]);
                let line = &image.data[first..first + dims[0] * by[0]];
                for (sum, block) in sums.iter_mut().zip(line.chunks(by[0])) {
                    *sum += block.iter().map(|v| f64::from(prepare(*v))).sum::<f64>();
                }
            }
        }
        out.iter_mut().zip(&sums).for_each(|(o, s)| *o = (s * per) as f32);
    });
    Volume { grid, data }
}

/// Blurred by the Gaussian along each axis; at the faces its weights are those inside.
fn smoothed(mut image: Volume<f32>) -> Volume<f32> {
    let reach = (REACH * SIGMA).ceil() as usize;
    let kernel: Vec<f32> =
        (0..=reach).map(|i| (-0.5 * (i as f64 / SIGMA).powi(2)).exp() as f32).collect();
    let [nx, ny, nz] = image.grid.dims;
    for (n, stride) in [(nx, 1), (ny, nx), (nz, nx * ny)] {
        let old = image.data;
        let mut new = vec![0f32; old.len()];
        new.par_chunks_mut(nx).enumerate().for_each(|(row, out)| {
            for (i, o) in out.iter_mut().enumerate() {
                let m = row * nx + i;
                let at = m / stride % n;
                let (mut sum, mut weights) = (kernel[0] * old[m], kernel[0]);
                for (d, w) in kernel.iter().enumerate().skip(1) {
                    if at >= d {
                        sum += w * old[m - d * stride];
                        weights += w;
                    }
                    if at + d < n {
                        sum += w * old[m + d * stride];
                        weights += w;
                    }
                }
                *o = sum / weights;
            }
        });
        image.data = new;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A linear field stays what it is away from the faces: blocks and kernel are symmetric, and the grids say where they lie.
    #[test]
    fn a_linear_field_stays_in_place() {
        let grid = Grid::aligned([40, 36, 20], [-30.0, 5.0, 100.0], [1.0, 1.2, 3.0]);
        let field = |mm: [f64; 3]| 2.0 * mm[0] - mm[1] + 0.5 * mm[2];
        let at = |g: &Grid, n: usize| field(g.to_mm(g.unlinear(n).map(|i| i as f64)));
        let image =
            Volume::new(grid.clone(), (0..grid.len()).map(|n| at(&grid, n) as f32).collect());
        let levels = levels(&image.unwrap(), Kind::Activity, 2.0).unwrap();
        assert_eq!(levels.len(), LEVELS);
        for level in &levels {
            let g = &level.grid;
            let reach = 3;
            for n in 0..g.len() {
                let voxel = g.unlinear(n);
                if (0..3).all(|a| voxel[a] >= reach && voxel[a] + reach < g.dims[a]) {
                    assert!((f64::from(level.data[n]) - at(g, n)).abs() < 1e-3);
                }
            }
        }
        assert_eq!(levels[0].grid.dims, [20, 36, 20]);
        assert!(levels[2].grid.dims[0] < levels[1].grid.dims[0]);
    }

    #[test]
    fn padding_and_what_is_no_number_do_not_spread() {
        let grid = Grid::aligned([8; 3], [0.0; 3], [4.0; 3]);
        let mut image = Volume::new(grid, vec![50f32; 512]).unwrap();
        (image.data[0], image.data[100]) = (f32::NAN, -3024.0);
        let level = &levels(&image, Kind::Ct, 4.0).unwrap()[0];
        assert!(level.data.iter().all(|v| (-1000.0..=50.1).contains(v)));
    }
}
