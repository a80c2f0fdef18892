//! Values at other places: trilinear for intensities (HU), nearest for labels.
//!
//! Both sample the source at the centres of the target's voxels. On a coarser target they skip
//! source voxels, so nothing is conserved: use [`super::resample_activity`] or
//! [`super::downsample_matter`] for what must be.

use rayon::prelude::*;

use super::{Grid, Volume};
use crate::error::Result;

/// A volume on another grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled<T> {
    /// The values.
    pub volume: Volume<T>,
    /// Target voxels whose centre lies outside the source; they hold the outside value.
    pub outside_voxels: usize,
}

/// Trilinear interpolation of intensities onto `target`.
///
/// Between the outermost voxel centres and the outer faces the outermost value holds. Beyond,
/// `outside` is set and counted. A NaN in the source spreads to its neighbours.
///
/// # Errors
/// If either grid is unusable.
pub fn resample_intensity(
    source: &Volume<f32>,
    target: &Grid,
    outside: f32,
) -> Result<Resampled<f32>> {
    source.checked()?;
    let value = |v: usize| f64::from(source.data[v]);
    sample(source, target, outside, |index| trilinear(&source.grid, &value, index) as f32)
}

/// Trilinear value at a place in voxels; beyond the outermost centres the outermost value holds.
pub fn trilinear(grid: &Grid, value: &impl Fn(usize) -> f64, index: [f64; 3]) -> f64 {
    let dims = grid.dims;
    let mut low = [0; 3];
    let mut part = [0.0; 3];
    for a in 0..3 {
        let x = index[a].clamp(0.0, dims[a] as f64 - 1.0);
        low[a] = (x as usize).min(dims[a].saturating_sub(2));
        part[a] = x - low[a] as f64;
    }
    let step = [1, dims[0], dims[0] * dims[1]];
    let base = grid.linear(low);
    let at = |i: usize, j: usize, k: usize| value(base + i * step[0] + j * step[1] + k * step[2]);
    mix(part[2], |k| mix(part[1], |j| mix(part[0], |i| at(i, j, k))))
}

/// Linear mix of `a(0)` and `a(1)`. A neighbour of weight zero is not read: it may not exist, or be
/// NaN.
fn mix(t: f64, a: impl Fn(usize) -> f64) -> f64 {
    if t == 0.0 {
        a(0)
    } else if t == 1.0 {
        a(1)
    } else {
        a(0) * (1.0 - t) + a(1) * t
    }
}

/// The label of the source voxel that holds each target voxel's centre; `outside` beyond the
/// source, counted.
///
/// # Errors
/// If either grid is unusable.
pub fn resample_labels<T: Copy + Send + Sync>(
    source: &Volume<T>,
    target: &Grid,
    outside: T,
) -> Result<Resampled<T>> {
    let dims = source.checked()?.dims;
    sample(source, target, outside, |index| {
        // Inside is known, so rounding can miss by the last face only.
        let voxel = [0, 1, 2].map(|a| ((index[a] + 0.5) as usize).min(dims[a] - 1));
        source.data[source.grid.linear(voxel)]
    })
}

/// Fills the target from source indices; each voxel stands alone, so threads do not matter.
fn sample<T: Copy + Send + Sync>(
    source: &Volume<T>,
    target: &Grid,
    outside: T,
    value: impl Fn([f64; 3]) -> T + Sync,
) -> Result<Resampled<T>> {
    let target = target.clone().checked()?;
    let rows = source.grid.inverse_axes()?;
    let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
    let steps = target.axes_mm.map(project);
    let start = project([0, 1, 2].map(|c| target.origin_mm[c] - source.grid.origin_mm[c]));
    let [nx, ny, _] = target.dims;
    let mut data = vec![outside; target.len()];
    let outside_voxels = data
        .par_chunks_mut(nx)
        .enumerate()
        .map(|(row, out)| {
            let (j, k) = ((row % ny) as f64, (row / ny) as f64);
            let base: [f64; 3] =
                std::array::from_fn(|a| start[a] + j * steps[1][a] + k * steps[2][a]);
            let mut missed = 0;
            for (i, out) in out.iter_mut().enumerate() {
                let index: [f64; 3] = std::array::from_fn(|a| base[a] + i as f64 * steps[0][a]);
                // 1e-9 of a voxel absorbs rounding on shared faces.
                let inside = (0..3).all(|a| {
                    index[a] >= -0.5 - 1e-9 && index[a] <= source.grid.dims[a] as f64 - 0.5 + 1e-9
                });
                if inside {
                    *out = value(index);
                } else {
                    missed += 1;
                }
            }
            missed
        })
        .sum();
    Ok(Resampled { volume: Volume { grid: target, data }, outside_voxels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oblique() -> Grid {
        Grid {
            dims: [7, 6, 5],
            origin_mm: [-4.0, 3.0, 8.0],
            axes_mm: [[1.8, 0.3, 0.0], [-0.3, 1.8, 0.2], [0.0, -0.2, -2.5]],
        }
    }

    fn linear_field(grid: &Grid) -> Volume<f32> {
        let value = |n| {
            let mm = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
            (2.0 * mm[0] - 3.0 * mm[1] + 0.5 * mm[2] + 10.0) as f32
        };
        Volume::new(grid.clone(), (0..grid.len()).map(value).collect())
            .expect("one value per voxel")
    }

    #[test]
    fn a_linear_field_is_reproduced_through_both_affines() {
        let source = linear_field(&oblique());
        // Well inside the source's outermost voxel centres.
        let centre = source.grid.to_mm([3.0, 2.5, 2.0]);
        let target = Grid {
            dims: [3, 3, 3],
            origin_mm: centre,
            axes_mm: [[0.0, 0.4, 0.1], [0.5, 0.0, 0.0], [0.0, -0.1, 0.4]],
        };
        let expected = linear_field(&target);
        let got = resample_intensity(&source, &target, f32::NAN).expect("resample");
        assert_eq!(got.outside_voxels, 0);
        for (a, b) in got.volume.data.iter().zip(&expected.data) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn the_same_grid_is_the_identity_and_the_outside_is_counted() {
        let source = linear_field(&oblique());
        let same = resample_intensity(&source, &source.grid, -1000.0).expect("same");
        assert_eq!(same.outside_voxels, 0);
        for (a, b) in same.volume.data.iter().zip(&source.data) {
            assert!((a - b).abs() < 1e-5);
        }
        // Shifted by two voxels along i: two planes of 6 x 5 have no source.
        let mut shifted = source.grid.clone();
        shifted.origin_mm = source.grid.to_mm([2.0, 0.0, 0.0]);
        let moved = resample_intensity(&source, &shifted, -1000.0).expect("shifted");
        assert_eq!(moved.outside_voxels, 2 * 6 * 5);
        assert_eq!(moved.volume.data.iter().filter(|v| **v == -1000.0).count(), 60);
    }

    #[test]
    fn one_slice_and_a_half_voxel_border_hold_the_edge_value() {
        let grid = Grid::aligned([2, 1, 1], [0.0; 3], [1.0; 3]);
        let source = Volume::new(grid, vec![1.0, 3.0]).expect("two");
        let target = Grid::aligned([4, 1, 1], [-0.4, 0.3, 0.0], [0.6; 3]);
        let got = resample_intensity(&source, &target, f32::NAN).expect("resample");
        for (a, b) in got.volume.data.iter().zip([1.0, 1.4, 2.6, 3.0]) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn labels_are_never_mixed() {
        let grid = Grid::aligned([2, 1, 1], [0.0; 3], [1.0; 3]);
        let source = Volume::new(grid, vec![7u32, 9]).expect("two");
        let target = Grid::aligned([6, 1, 1], [-0.75, 0.0, 0.0], [0.5; 3]);
        let got = resample_labels(&source, &target, 0).expect("resample");
        assert_eq!(got.volume.data, [0, 7, 7, 9, 9, 0]);
        assert_eq!(got.outside_voxels, 2);
    }
}
