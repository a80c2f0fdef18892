//! Density and material on a coarser grid, mass conserved.
//!
//! Within a coarse voxel the mean density replaces the structure; interfaces finer than the voxel
//! are neglected.

use rayon::prelude::*;

use super::overlap::overlaps;
use super::{Grid, Volume};
use crate::error::{Error, Result};

/// Density and material on another grid.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampledMatter {
    /// Mean density, g/cm3.
    pub density: Volume<f32>,
    /// The material with the most mass in the voxel; the lower index at a tie.
    pub material: Volume<u8>,
    /// Target voxels not wholly covered by the source; the rest of them is filled as stated.
    pub partly_outside_voxels: usize,
    /// Mass of the source, g.
    pub source_mass_g: f64,
    /// Mass of the source outside the target, g.
    pub lost_mass_g: f64,
}

/// mm3 per cm3.
const MM3_PER_CM3: f64 = 1000.0;

/// Mean density (mass over volume) and the material with most mass, in each voxel of `target`.
///
/// The grids must be parallel, as a grid and its [`Grid::with_spacing`] are. What the source does
/// not cover is filled with `fill` (g/cm3, material index). Materials are ranked by mass because
/// interactions follow mass.
///
/// # Errors
/// If the grids differ, are unusable or not parallel, or a density is negative or not finite.
pub fn downsample_matter(
    density: &Volume<f32>,
    material: &Volume<u8>,
    target: &Grid,
    fill: (f32, u8),
) -> Result<ResampledMatter> {
    let source = density.checked()?;
    if material.checked()? != source {
        return Err(Error::input(
            format!("density has {:?} voxels and material {:?}", source.dims, material.grid.dims),
            "both must be on the same grid",
            "Give both maps on one grid.",
        ));
    }
    let target = target.clone().checked()?;
    let bad = density.data.par_iter().filter(|d| !(d.is_finite() && **d >= 0.0)).count();
    if bad > 0 || !(fill.0.is_finite() && fill.0 >= 0.0) {
        return Err(Error::input(
            format!("{bad} voxels have a negative or undefined density (fill: {})", fill.0),
            "mass cannot be negative",
            "Correct the density map.",
        ));
    }
    let Some(o) = overlaps(source, &target) else {
        return Err(Error::input(
            "density cannot be averaged onto a grid that is turned against it",
            "shared volumes are exact for parallel grids only",
            "Choose a grid parallel to the CT, or resample the HU first.",
        ));
    };
    let strides = [1, source.dims[0], source.dims[0] * source.dims[1]];
    let stride = o.source_axis.map(|a| strides[a]);
    // Shares are fractions of a source voxel; a target voxel holds this many source voxels.
    let volume_ratio = target.voxel_volume_mm3() / source.voxel_volume_mm3();
    let [nx, ny, _] = target.dims;
    let mut mean = vec![0f32; target.len()];
    let mut most = vec![0u8; target.len()];
    let partly_outside_voxels = mean
        .par_chunks_mut(nx)
        .zip(most.par_chunks_mut(nx))
        .enumerate()
        .map(|(row, (mean, most))| {
            let (js, ks) = (&o.shares[1][row % ny], &o.shares[2][row / ny]);
            let mut mass_of = [0f64; 256];
            let mut partly = 0;
            for ((mean, most), is) in mean.iter_mut().zip(most).zip(&o.shares[0]) {
                let (mut mass, mut volume) = (0.0, 0.0);
                let mut seen = Vec::new();
                let mut add = |m: u8, share: f64, rho: f64| {
                    if !seen.contains(&m) {
                        seen.push(m);
                    }
                    mass += share * rho;
                    mass_of[usize::from(m)] += share * rho;
                };
                for &(k, wk) in ks {
                    for &(j, wj) in js {
                        for &(i, wi) in is {
                            let at = k * stride[2] + j * stride[1] + i * stride[0];
                            let share = wk * wj * wi;
                            volume += share;
                            add(material.data[at], share, f64::from(density.data[at]));
                        }
                    }
                }
                let rest = volume_ratio - volume;
                if rest > 1e-6 * volume_ratio {
                    partly += 1;
                    add(fill.1, rest, f64::from(fill.0));
                }
                // Lowest index first, so that a tie (also of vacuum) does not depend on order.
                seen.sort_unstable();
                let mut best = seen.first().copied().unwrap_or(fill.1);
                for &m in &seen {
                    if mass_of[usize::from(m)] > mass_of[usize::from(best)] {
                        best = m;
                    }
                }
                for &m in &seen {
                    mass_of[usize::from(m)] = 0.0;
                }
                *mean = (mass / volume_ratio) as f32;
                *most = best;
            }
            partly
        })
        .sum();
    let [sx, sy, _] = source.dims;
    let sums: Vec<[f64; 2]> = density
        .data
        .par_chunks(sx)
        .enumerate()
        .map(|(row, values)| {
            let across = o.kept[1][row % sy].min(1.0) * o.kept[2][row / sy].min(1.0);
            values.iter().enumerate().fold([0.0; 2], |[all, lost], (i, &rho)| {
                let rho = f64::from(rho);
                [all + rho, lost + rho * (1.0 - across * o.kept[0][i].min(1.0))]
            })
        })
        .collect();
    let voxel_cm3 = source.voxel_volume_mm3() / MM3_PER_CM3;
    let [all, lost] = [0, 1].map(|n| sums.iter().map(|s| s[n]).sum::<f64>() * voxel_cm3);
    Ok(ResampledMatter {
        density: Volume { grid: target.clone(), data: mean },
        material: Volume { grid: target, data: most },
        partly_outside_voxels,
        source_mass_g: all,
        lost_mass_g: lost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mass_g(density: &Volume<f32>) -> f64 {
        density.data.iter().map(|&d| f64::from(d)).sum::<f64>() * density.grid.voxel_volume_mm3()
            / 1000.0
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn mass_is_conserved(
            dims in prop::array::uniform3(1usize..12), spacing in prop::array::uniform3(0.5f64..3.0),
            coarse in prop::array::uniform3(0.5f64..8.0), shift in prop::array::uniform3(-3.0f64..3.0), seed: u32,
        ) {
            let grid = Grid::aligned(dims, [1.0, 2.0, 3.0], spacing);
            let random = |n: usize| (n as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 16;
            let density = (0..grid.len()).map(|n| random(n) as f32 / 30_000.0).collect();
            let density = Volume::new(grid.clone(), density).unwrap();
            let material = density.map(|d| (d * 3.0) as u8);
            let mut target = grid.with_spacing(coarse).unwrap();
            // A cover loses nothing; shifted, what is lost is said.
            for moved in [false, true] {
                if moved {
                    target.origin_mm = [0, 1, 2].map(|c| target.origin_mm[c] + shift[c]);
                }
                let got = downsample_matter(&density, &material, &target, (0.0, 0)).unwrap();
                let before = mass_g(&density);
                prop_assert!((got.source_mass_g - before).abs() <= 1e-12 * before);
                prop_assert!((mass_g(&got.density) + got.lost_mass_g - before).abs() <= 1e-7 * before);
                prop_assert!(moved || got.lost_mass_g.abs() <= 1e-9 * before);
            }
        }
    }

    #[test]
    fn material_goes_by_mass_and_the_rest_is_filled() {
        let grid = Grid::aligned([5, 1, 1], [0.0; 3], [1.0; 3]);
        // Two of air and one of bone; then two of tissue and beyond.
        let density = Volume::new(grid.clone(), vec![0.001, 0.001, 1.5, 1.0, 1.0]).expect("five");
        let material = Volume::new(grid, vec![0, 0, 2, 1, 1]).expect("five");
        let target = Grid::aligned([2, 1, 1], [1.0, 0.0, 0.0], [3.0, 1.0, 1.0]);
        let got = downsample_matter(&density, &material, &target, (0.5, 0)).expect("matter");
        assert_eq!(got.material.data, [2, 1]);
        for (a, b) in got.density.data.iter().zip([1.502 / 3.0, 2.5 / 3.0]) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(got.partly_outside_voxels, 1);
    }

    #[test]
    fn bad_maps_are_refused() {
        let grid = Grid::aligned([2, 1, 1], [0.0; 3], [1.0; 3]);
        let material = Volume::new(grid.clone(), vec![0, 0]).expect("two");
        let negative = Volume::new(grid.clone(), vec![1.0, -1.0]).expect("two");
        assert!(downsample_matter(&negative, &material, &grid, (0.0, 0)).is_err());
        let good = Volume::new(grid.clone(), vec![1.0, 1.0]).expect("two");
        let mut turned = grid.clone();
        turned.axes_mm[0] = [0.9, 0.1, 0.0];
        assert!(downsample_matter(&good, &material, &turned, (0.0, 0)).is_err());
        let other =
            Volume::new(Grid::aligned([1, 2, 1], [0.0; 3], [1.0; 3]), vec![0, 0]).expect("two");
        assert!(downsample_matter(&good, &other, &grid, (0.0, 0)).is_err());
    }
}
