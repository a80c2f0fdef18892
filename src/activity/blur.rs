//! A set of voxels blurred by a Gaussian. Neglects the voxels' own width: the kernel is sampled at their centres, to 4 standard deviations, and
//! normalised.

use std::f64::consts::LN_2;

use ndarray::{Array3, Axis};

use crate::error::{Error, Result};
use crate::image::Grid;

/// Standard deviations after which the kernel ends.
const REACH: f64 = 4.0;

/// Voxels and their values of a mask (1 in `voxels`, 0 elsewhere) blurred by a full width at half maximum, mm; what leaves the grid is lost.
///
/// # Errors
/// If the grid's axes are not at right angles, or its voxels are wider than the resolution.
pub(super) fn blurred_mask(grid: &Grid, voxels: &[u32], fwhm_mm: f64) -> Result<Vec<(usize, f64)>> {
    let spacing = grid.spacing_mm();
    check(grid, spacing, fwhm_mm)?;
    let sigma = fwhm_mm / (8.0 * LN_2).sqrt();
    let reach = spacing.map(|s| (REACH * sigma / s).ceil() as usize);
    // The mask's own box, widened by the kernel and cut by the grid.
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for &n in voxels {
        let index = grid.unlinear(n as usize);
        for a in 0..3 {
            low[a] = low[a].min(index[a]);
            high[a] = high[a].max(index[a]);
        }
    }
    for a in 0..3 {
        low[a] = low[a].saturating_sub(reach[a]);
        high[a] = (high[a] + reach[a]).min(grid.dims[a] - 1);
    }
    let [nx, ny, nz] = [0, 1, 2].map(|a| high[a] + 1 - low[a]);
    let mut values = Array3::zeros((nz, ny, nx));
    for &n in voxels {
        let [i, j, k] = grid.unlinear(n as usize);
        values[[k - low[2], j - low[1], i - low[0]]] = 1.0;
    }
    for a in 0..3 {
        let kernel = kernel(sigma / spacing[a], reach[a]);
        values = along(&values, Axis(2 - a), &kernel);
    }
    let place = |(k, j, i)| grid.linear([i + low[0], j + low[1], k + low[2]]);
    Ok(values.indexed_iter().map(|(at, v)| (place(at), *v)).collect())
}

fn check(grid: &Grid, spacing: [f64; 3], fwhm_mm: f64) -> Result<()> {
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let dot: f64 = (0..3).map(|t| grid.axes_mm[a][t] * grid.axes_mm[b][t]).sum();
        if dot.abs() > 1e-4 * spacing[a] * spacing[b] {
            return Err(Error::input(
                "an image whose axes are not at right angles",
                "the blur is applied along them",
                "Resample the VOIs to an upright grid.",
            ));
        }
    }
    if spacing.iter().any(|s| *s > fwhm_mm) {
        return Err(Error::input(
            format!("voxels of {spacing:?} mm"),
            format!(
                "they are wider than the resolution of {fwhm_mm} mm, which they then do not show"
            ),
            "Use the image's own voxels, or check the resolution.",
        ));
    }
    Ok(())
}

fn kernel(sigma: f64, reach: usize) -> Vec<f64> {
    let weights: Vec<f64> = (0..=2 * reach)
        .map(|i| (-0.5 * ((i as f64 - reach as f64) / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// Convolution along one axis; what leaves it is lost.
fn along(values: &Array3<f64>, axis: Axis, kernel: &[f64]) -> Array3<f64> {
    let reach = kernel.len() / 2;
    let mut out = Array3::zeros(values.raw_dim());
    for (from, mut to) in values.lanes(axis).into_iter().zip(out.lanes_mut(axis)) {
        for (at, &value) in from.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            let (first, last) = (at.saturating_sub(reach), (at + reach).min(from.len() - 1));
            for n in first..=last {
                to[n] += value * kernel[n + reach - at];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_the_kernel() {
        let grid = Grid::aligned([21, 25, 19], [0.0; 3], [2.0, 1.5, 3.0]);
        let centre = grid.linear([10, 12, 9]);
        let image = blurred_mask(&grid, &[centre as u32], 5.0).unwrap();
        assert!((image.iter().map(|(_, v)| v).sum::<f64>() - 1.0).abs() < 1e-12);
        let peak = image.iter().find(|(n, _)| *n == centre).unwrap().1;
        for (n, value) in &image {
            let index = grid.unlinear(*n);
            let d2: f64 = [
                (index[0] as f64 - 10.0) * 2.0,
                (index[1] as f64 - 12.0) * 1.5,
                (index[2] as f64 - 9.0) * 3.0,
            ]
            .iter()
            .map(|d| d * d)
            .sum();
            assert!((value / peak - (-4.0 * LN_2 * d2 / 25.0).exp()).abs() < 1e-12);
        }
        // What leaves the grid is lost: half of a point on its face, and half the central row.
        let edge = blurred_mask(&grid, &[grid.linear([0, 12, 9]) as u32], 5.0).unwrap();
        let kept: f64 = edge.iter().map(|(_, v)| v).sum();
        let row = kernel(5.0 / (8.0 * LN_2).sqrt() / 2.0, 5)[5];
        assert!((kept - 0.5 * (1.0 + row)).abs() < 1e-12, "{kept}");
    }
}
