//! Margins in mm around a region, outward and inward, by the exact Euclidean distance on a refined grid. Neglects what is smaller than a refined
//! voxel, a third of the grid's where memory allows; the surface is where interpolated shares pass one half.
//!
//! The distance of a point to the region is that to the nearest point of its refined voxels, faces included: it separates into axes, as the
//! distance along each is that between the point and the voxel's nearest face. A share is the part of a voxel's refined voxels whose centre lies
//! within the margin.

use rayon::prelude::*;

use super::{Grid, Region};
use crate::error::{Error, Result};

/// Refined voxels along an edge: odd, so that centres are kept.
const FINE: usize = 3;
/// Most refined voxels.
const MOST_FINE: usize = 1 << 27;
/// Longest margin, mm.
const LONGEST_MM: f64 = 200.0;

/// How fine a margin was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginRefinement(
    /// Refined voxels along an edge of a voxel: 3, or 1 where memory allows no more.
    pub usize,
);

/// A region grown by a margin (mm), or shrunk by a negative one. What lies beyond the grid is outside of it.
///
/// # Errors
/// If the margin is longer than 200 mm, the grid is sheared, or the region is too large.
pub fn with_margin(
    grid: &Grid,
    region: &Region,
    margin_mm: f64,
) -> Result<(Region, MarginRefinement)> {
    if margin_mm.is_nan() || margin_mm.abs() > LONGEST_MM {
        return Err(Error::usage(
            format!("a margin of {margin_mm} mm"),
            format!("at most {LONGEST_MM} mm are possible"),
            "Give a length in mm.",
        ));
    }
    grid.orthogonal_directions()?;
    let spacing = grid.spacing_mm();
    let Some([low, high]) = grid.bounds(&region.voxels) else {
        return Ok((region.clone(), MarginRefinement(FINE)));
    };
    // The box of the region, the margin and one voxel more.
    let reach = spacing.map(|s| (margin_mm.max(0.0) / s).ceil() as usize + 1);
    let first = [0, 1, 2].map(|a| low[a].saturating_sub(reach[a]));
    let dims = [0, 1, 2].map(|a| (high[a] + reach[a] + 1).min(grid.dims[a]) - first[a]);
    let voxels: usize = dims.iter().product();
    let fine = if voxels.saturating_mul(FINE.pow(3)) <= MOST_FINE { FINE } else { 1 };
    if voxels > MOST_FINE {
        return Err(Error::input(
            format!("'{}' and its margin fill {voxels} voxels", region.name),
            format!("at most {MOST_FINE} are possible"),
            "Use a coarser grid.",
        ));
    }
    let mut shares = vec![0_f32; voxels];
    for (v, share) in region.voxels.iter().zip(&region.shares) {
        let voxel = grid.unlinear(*v as usize);
        let [i, j, k] = [0, 1, 2].map(|a| voxel[a] - first[a]);
        shares[i + dims[0] * (j + dims[1] * k)] = *share;
    }
    let inside = refined(&shares, dims, fine);
    let fine_dims = dims.map(|d| d * fine);
    let fine_mm = spacing.map(|s| s / fine as f64);
    let grow = margin_mm >= 0.0;
    let limit = margin_mm.abs();
    // Growing: within the margin of the inside. Shrinking: further than it from the outside.
    let seeds: Vec<f32> =
        inside.iter().map(|i| if *i == grow { 0.0 } else { f32::INFINITY }).collect();
    let squared = squared_distances(seeds, fine_dims, fine_mm, limit);
    let bound = (limit * limit) as f32 * (1.0 + 1e-5);
    let kept = |n: usize| if grow { squared[n] <= bound } else { inside[n] && squared[n] >= bound };
    let weight = 1.0 / fine.pow(3) as f32;
    let (mut out_voxels, mut out_shares) = (Vec::new(), Vec::new());
    for k in 0..dims[2] {
        for j in 0..dims[1] {
            for i in 0..dims[0] {
                let mut count = 0_u32;
                for z in 0..fine {
                    for y in 0..fine {
                        for x in 0..fine {
                            let [a, b, c] = [i * fine + x, j * fine + y, k * fine + z];
                            count += u32::from(kept(a + fine_dims[0] * (b + fine_dims[1] * c)));
                        }
                    }
                }
                if count > 0 {
                    out_voxels.push(grid.linear([i + first[0], j + first[1], k + first[2]]) as u32);
                    out_shares.push((count as f32 * weight).min(1.0));
                }
            }
        }
    }
    let origin = format!("{} of {}", if grow { "margin" } else { "shrink" }, region.origin);
    let made = Region { voxels: out_voxels, shares: out_shares, origin, ..region.clone() };
    Ok((made, MarginRefinement(fine)))
}

/// Whether the centre of each refined voxel lies inside: interpolated shares of one half or more.
fn refined(shares: &[f32], dims: [usize; 3], fine: usize) -> Vec<bool> {
    let out = dims.map(|d| d * fine);
    // Lower neighbour and weight of the upper one, along each axis.
    let places = dims.map(|d| {
        (0..d * fine)
            .map(|n| {
                let x = (n as f32 + 0.5) / fine as f32 - 0.5;
                let low = x.floor().clamp(0.0, d as f32 - 1.0);
                (low as usize, (low as usize + 1).min(d - 1), (x - low).clamp(0.0, 1.0))
            })
            .collect::<Vec<(usize, usize, f32)>>()
    });
    let at = |i: usize, j: usize, k: usize| shares[i + dims[0] * (j + dims[1] * k)];
    let mut inside = vec![false; out.iter().product()];
    inside.par_chunks_mut(out[0]).enumerate().for_each(|(row, line)| {
        let (j0, j1, wj) = places[1][row % out[1]];
        let (k0, k1, wk) = places[2][row / out[1]];
        for (value, &(i0, i1, wi)) in line.iter_mut().zip(&places[0]) {
            let along = |j: usize, k: usize| at(i0, j, k) * (1.0 - wi) + at(i1, j, k) * wi;
            let low = along(j0, k0) * (1.0 - wj) + along(j1, k0) * wj;
            let high = along(j0, k1) * (1.0 - wj) + along(j1, k1) * wj;
            // Rounding must not decide at a face.
            *value = low * (1.0 - wk) + high * wk >= 0.5 - 1e-4;
        }
    });
    inside
}

/// Squared distance (mm2) of each centre to the nearest seed's voxel, as far as `limit`; infinite beyond. Axis by axis, the least of the
/// distance so far and that to the nearest face of each neighbour.
///
/// Seeds are 0, all else is infinite.
pub fn squared_distances(
    mut d: Vec<f32>,
    dims: [usize; 3],
    spacing: [f64; 3],
    limit: f64,
) -> Vec<f32> {
    for axis in 0..3 {
        let steps = ((limit / spacing[axis]).ceil() + 1.0).min(dims[axis] as f64) as usize;
        let face: Vec<f32> = (0..=steps)
            .map(|n| ((n as f64 - 0.5).max(0.0) * spacing[axis]).powi(2) as f32)
            .collect();
        let stride = [1, dims[0], dims[0] * dims[1]][axis];
        let n = dims[axis];
        let old = d;
        let mut new = vec![f32::INFINITY; old.len()];
        new.par_chunks_mut(dims[0]).enumerate().for_each(|(row, line)| {
            for (i, value) in line.iter_mut().enumerate() {
                let from = row * dims[0] + i;
                let here = from / stride % n;
                let mut best = old[from];
                for (apart, reach) in face.iter().enumerate().skip(1) {
                    if *reach >= best {
                        break;
                    }
                    if here >= apart {
                        best = best.min(old[from - apart * stride] + reach);
                    }
                    if here + apart < n {
                        best = best.min(old[from + apart * stride] + reach);
                    }
                }
                *value = best;
            }
        });
        d = new;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{box_region, sphere};

    fn ml(grid: &Grid, region: &Region) -> f64 {
        region.voxel_sum() * grid.voxel_volume_mm3()
    }

    #[test]
    fn spheres_grow_and_shrink_to_spheres() {
        for spacing in [[1.0; 3], [2.0, 2.0, 3.0]] {
            let dims = spacing.map(|s: f64| (90.0 / s) as usize);
            let grid = Grid::aligned(dims, [-44.0; 3], spacing);
            for (radius, margin) in
                [(15.0, 5.0), (15.0, 10.0), (20.0, -5.0), (20.0, -8.0), (20.0, 0.0)]
            {
                let start = sphere(&grid, [0.3, -0.4, 0.6], radius).expect("a sphere");
                let (found, _) = with_margin(&grid, &start, margin).expect("a margin");
                let truth = sphere(&grid, [0.3, -0.4, 0.6], radius + margin).expect("a sphere");
                // As a radius: 0.35 of the smallest voxel.
                let off = (ml(&grid, &found) / ml(&grid, &truth)).cbrt() - 1.0;
                let off_mm = off * (radius + margin);
                assert!(
                    off_mm.abs() < 0.35 * spacing[0],
                    "{spacing:?} {radius} {margin}: {off_mm} mm"
                );
            }
        }
    }

    #[test]
    fn faces_move_by_the_margin() {
        let grid = Grid::aligned([40; 3], [0.0; 3], [1.5; 3]);
        // Along faces of voxels: 10 x 10 x 10 of them.
        let start = box_region(&grid, [14.25; 3], [29.25; 3]).expect("a box");
        let (found, _) = with_margin(&grid, &start, -3.0).expect("a margin");
        assert!((ml(&grid, &found) - 9_f64.powi(3)).abs() < 1e-3, "{}", ml(&grid, &found));
        let (found, _) = with_margin(&grid, &start, 3.0).expect("a margin");
        let rounded = 15_f64.powi(3)
            + 6.0 * 3.0 * 225.0
            + 12.0 * 15.0 * std::f64::consts::PI * 9.0 / 4.0
            + 4.0 / 3.0 * std::f64::consts::PI * 27.0;
        // Interpolation takes a refined voxel (0.5 mm) off the edges of the box.
        assert!(
            (ml(&grid, &found) / rounded - 1.0).abs() < 0.03,
            "{} {rounded}",
            ml(&grid, &found)
        );
        assert!(with_margin(&grid, &start, f64::NAN).is_err());
    }
}
