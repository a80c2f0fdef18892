//! Regions made by formula: a sphere and a box with exact shares, and the voxels of an image above a threshold, which are whole. Neglects, of the
//! sphere, a ten-thousandth of a voxel at its surface.

use super::{Grid, Region, RegionSet, Volume};
use crate::error::{Error, Result};

/// Lines along the first axis through a voxel at the surface, along each of the others.
const LINES: usize = 24;

fn region(name: &str, origin: String, voxels: Vec<u32>, shares: Vec<f32>) -> Region {
    Region { label: 0, name: name.into(), origin, colour: None, voxels, shares }
}

/// A sphere on an orthogonal grid: centre (mm, LPS) and radius (mm).
///
/// # Errors
/// If the radius is not positive or the grid is sheared.
pub fn sphere(grid: &Grid, centre_mm: [f64; 3], radius_mm: f64) -> Result<Region> {
    if !(radius_mm > 0.0 && radius_mm.is_finite() && centre_mm.iter().all(|c| c.is_finite())) {
        return Err(Error::usage(
            format!("a sphere of radius {radius_mm} mm at {centre_mm:?} mm"),
            "the radius must be positive",
            "Give the centre and the radius in mm.",
        ));
    }
    grid.orthogonal_directions()?;
    let s = grid.spacing_mm();
    let at = grid.to_index(centre_mm)?;
    let range = |a: usize| {
        let reach = radius_mm / s[a];
        let first = (at[a] - reach + 0.5).floor().max(0.0) as usize;
        first..((at[a] + reach + 0.5).ceil().max(0.0) as usize).min(grid.dims[a])
    };
    let r2 = radius_mm * radius_mm;
    let (mut voxels, mut shares) = (Vec::new(), Vec::new());
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                // Of the voxel's centre from the sphere's.
                let index = [i, j, k];
                let d = [0, 1, 2].map(|a| (index[a] as f64 - at[a]) * s[a]);
                let squared = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                    (0..3).map(|a| f(d[a].abs(), 0.5 * s[a]).powi(2)).sum()
                };
                let share = if squared(&|d, h| d + h) <= r2 {
                    1.0
                } else if squared(&|d, h| (d - h).max(0.0)) >= r2 {
                    0.0
                } else {
                    surface_share(d, s, r2)
                };
                if share > 0.0 {
                    voxels.push(grid.linear(index) as u32);
                    shares.push(share as f32);
                }
            }
        }
    }
    Ok(region("sphere", format!("sphere of {radius_mm} mm"), voxels, shares))
}

/// The share of a voxel at `d` from the centre, by the chords of lines through it.
fn surface_share(d: [f64; 3], s: [f64; 3], r2: f64) -> f64 {
    let mut sum = 0.0;
    for line in 0..LINES * LINES {
        let on = |n: usize| (n as f64 + 0.5) / LINES as f64 - 0.5;
        let (y, z) = (d[1] + s[1] * on(line % LINES), d[2] + s[2] * on(line / LINES));
        let half = (r2 - y * y - z * z).max(0.0).sqrt();
        sum += ((d[0] + 0.5 * s[0]).min(half) - (d[0] - 0.5 * s[0]).max(-half)).max(0.0);
    }
    sum / (s[0] * (LINES * LINES) as f64)
}

/// A box along the patient's axes between two corners (mm, LPS).
///
/// # Errors
/// If it has no volume.
pub fn box_region(grid: &Grid, a_mm: [f64; 3], b_mm: [f64; 3]) -> Result<Region> {
    let edges = [0, 1, 2].map(|c| (b_mm[c] - a_mm[c]).abs());
    let middle = [0, 1, 2].map(|c| 0.5 * (a_mm[c] + b_mm[c]));
    let own = Grid::aligned([1; 3], middle, edges).checked()?;
    let one =
        RegionSet { grid: own, regions: vec![region("box", "box".into(), vec![0], vec![1.0])] };
    let moved = one.on(grid)?.set.regions.into_iter().next();
    Ok(moved.unwrap_or_else(|| region("box", "box".into(), Vec::new(), Vec::new())))
}

/// Whole voxels of at least a value, within a region of the image's grid if one is given.
pub fn threshold(image: &Volume<f32>, least: f64, within: Option<&Region>) -> Region {
    let above = |n: &usize| f64::from(image.data[*n]) >= least;
    let voxels: Vec<u32> = match within {
        None => (0..image.data.len()).filter(above).map(|n| n as u32).collect(),
        Some(region) => {
            // A voxel belongs to a region that holds at least half of it.
            let inside = region.iter().filter(|p| p.1 >= 0.5).map(|p| p.0);
            inside.filter(above).map(|n| n as u32).collect()
        }
    };
    let shares = vec![1.0; voxels.len()];
    region("threshold", format!("voxels of {least:.6e} or more"), voxels, shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn spheres_have_their_volume_on_any_orthogonal_grid() {
        let (s, c) = 0.5_f64.sin_cos();
        for spacing in [1.0, 2.0, 4.0] {
            let grids = [
                Grid::aligned(
                    [60, 60, 40],
                    [-30.3, -29.1, -31.7],
                    [spacing, spacing, 1.5 * spacing],
                ),
                Grid {
                    dims: [80, 80, 60],
                    origin_mm: [-60.0 * c + 60.0 * s, -60.0 * s - 60.0 * c, -60.0],
                    axes_mm: [[2.0 * c, 2.0 * s, 0.0], [-2.0 * s, 2.0 * c, 0.0], [0.0, 0.0, 3.0]],
                },
            ];
            for grid in grids {
                for radius in [4.9237, 13.3, 25.0] {
                    let region = sphere(&grid, [3.1, 4.2, -1.3], radius).expect("orthogonal");
                    let truth = 4.0 / 3.0 * PI * radius.powi(3);
                    let off = region.voxel_sum() * grid.voxel_volume_mm3() / truth - 1.0;
                    assert!(off.abs() < 3e-4, "{spacing} {radius}: {off}");
                }
            }
        }
        let grid = Grid::aligned([4; 3], [0.0; 3], [1.0; 3]);
        assert!(
            sphere(&grid, [0.0; 3], -1.0).is_err() && sphere(&grid, [f64::NAN; 3], 1.0).is_err()
        );
        assert!(sphere(&grid, [500.0; 3], 9.0).expect("beside").voxels.is_empty());
    }

    #[test]
    fn boxes_have_exact_shares_and_thresholds_whole_voxels() {
        let grid = Grid::aligned([10; 3], [0.0; 3], [2.0; 3]);
        let region = box_region(&grid, [7.0, 2.5, 0.0], [1.0, 5.0, 9.9]).expect("a box");
        assert!((region.voxel_sum() * 8.0 - 6.0 * 2.5 * 9.9).abs() < 1e-4);
        assert!(box_region(&grid, [1.0; 3], [1.0, 5.0, 9.0]).is_err());
        let image = Volume::new(grid, (0..1000).map(|n| n as f32).collect()).expect("1000 values");
        assert_eq!(threshold(&image, 998.0, None).voxels, [998, 999]);
        assert!(threshold(&image, 998.0, Some(&region)).voxels.is_empty());
    }
}
