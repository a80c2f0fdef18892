//! Regions on another grid. On parallel grids by the exact shared volume of every pair of voxels, so that no volume is made or lost. On grids that
//! are turned against each other by evenly spread points: neglects what is smaller than their distance, about a third of the smaller voxel's edge.

use rayon::prelude::*;

use super::overlap::{Overlaps, overlaps};
use super::{Grid, Region, RegionSet};
use crate::error::Result;

/// Shares below this are rounding.
const LEAST_SHARE: f64 = 1e-6;
/// Points along an edge of the smaller voxel, at least.
const POINTS: f64 = 3.0;
/// Steps of an evenly spread sequence of points in a cube: powers of 1/g with g^4 = g + 1 (Roberts, "The unreasonable effectiveness of
/// quasirandom sequences", 2018).
const SEQUENCE: [f64; 3] =
    [0.819_172_513_396_164_4, 0.671_043_606_703_789_2, 0.549_700_477_901_970_2];
/// Points along an edge of a target voxel, at most.
const MOST_POINTS: usize = 8;

/// Regions on another grid and what the move did to them.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedRegions {
    /// The regions, in the same order; one may be empty.
    pub set: RegionSet,
    /// For each region the share of its volume that lies outside of the new grid.
    pub outside: Vec<f64>,
}

impl RegionSet {
    /// The same regions on another grid.
    ///
    /// # Errors
    /// If either grid is unusable.
    pub fn on(&self, target: &Grid) -> Result<MovedRegions> {
        let target = target.clone().checked()?;
        self.grid.clone().checked()?;
        if self.grid == target {
            return Ok(MovedRegions { set: self.clone(), outside: vec![0.0; self.regions.len()] });
        }
        let shared = overlaps(&self.grid, &target);
        let moved: Vec<(Region, f64)> = self
            .regions
            .par_iter()
            .map(|region| match Crop::of(&self.grid, region) {
                None => Ok((with(region, Vec::new(), Vec::new()), 0.0)),
                Some(crop) => match &shared {
                    Some(o) => Ok(exact(region, &crop, o, &self.grid, &target)),
                    None => by_points(region, &crop, &target),
                },
            })
            .collect::<Result<_>>()?;
        let (regions, outside) = moved.into_iter().unzip();
        Ok(MovedRegions { set: RegionSet { grid: target, regions }, outside })
    }
}

fn with(region: &Region, voxels: Vec<u32>, shares: Vec<f32>) -> Region {
    Region {
        label: region.label,
        name: region.name.clone(),
        origin: region.origin.clone(),
        colour: region.colour,
        voxels,
        shares,
    }
}

/// A target index and the source indices that it takes of, with the fraction of each.
type Takes = (usize, Vec<(usize, f64)>);

/// A region in its own box.
struct Crop {
    grid: Grid,
    first: [usize; 3],
    shares: Vec<f32>,
    sum: f64,
}

impl Crop {
    fn of(grid: &Grid, region: &Region) -> Option<Crop> {
        let [low, high] = grid.bounds(&region.voxels)?;
        let own = Grid {
            dims: [0, 1, 2].map(|a| high[a] - low[a] + 1),
            origin_mm: grid.to_mm(low.map(|i| i as f64)),
            axes_mm: grid.axes_mm,
        };
        let mut shares = vec![0.0; own.len()];
        for (v, share) in region.voxels.iter().zip(&region.shares) {
            let voxel = grid.unlinear(*v as usize);
            shares[own.linear([0, 1, 2].map(|a| voxel[a] - low[a]))] = *share;
        }
        Some(Crop { grid: own, first: low, shares, sum: region.voxel_sum() })
    }
}

fn exact(
    region: &Region,
    crop: &Crop,
    o: &Overlaps,
    source: &Grid,
    target: &Grid,
) -> (Region, f64) {
    let strides = [1, crop.grid.dims[0], crop.grid.dims[0] * crop.grid.dims[1]];
    let stride = o.source_axis.map(|a| strides[a]);
    // What each target index takes of the box, counted from the box's first voxel.
    let lists: [Vec<Takes>; 3] = [0, 1, 2].map(|a| {
        let main = o.source_axis[a];
        let (first, end) = (crop.first[main], crop.first[main] + crop.grid.dims[main]);
        let cut = |list: &Vec<(usize, f64)>| -> Vec<(usize, f64)> {
            let inside = list.iter().filter(|s| (first..end).contains(&s.0));
            inside.map(|(s, w)| (s - first, *w)).collect()
        };
        let all = o.shares[a].iter().map(cut).enumerate();
        all.filter(|(_, list)| !list.is_empty()).collect()
    });
    let per_voxel = source.voxel_volume_mm3() / target.voxel_volume_mm3();
    let (mut voxels, mut shares, mut kept) = (Vec::new(), Vec::new(), 0.0);
    for (k, ks) in &lists[2] {
        for (j, js) in &lists[1] {
            for (i, is) in &lists[0] {
                let mut sum = 0.0;
                for &(z, wz) in ks {
                    for &(y, wy) in js {
                        let base = z * stride[2] + y * stride[1];
                        let row: f64 = is
                            .iter()
                            .map(|&(x, wx)| wx * f64::from(crop.shares[base + x * stride[0]]))
                            .sum();
                        sum += wz * wy * row;
                    }
                }
                kept += sum;
                let share = sum * per_voxel;
                if share > LEAST_SHARE {
                    voxels.push(target.linear([*i, *j, *k]) as u32);
                    shares.push(share.min(1.0) as f32);
                }
            }
        }
    }
    (with(region, voxels, shares), outside(kept, crop.sum))
}

fn by_points(region: &Region, crop: &Crop, target: &Grid) -> Result<(Region, f64)> {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in crop.grid.corners_mm() {
        let index = target.to_index(corner)?;
        for a in 0..3 {
            low[a] = low[a].min(index[a]);
            high[a] = high[a].max(index[a]);
        }
    }
    // Float to integer casts saturate, so a box beside the grid gives an empty range.
    let range = |a: usize| {
        let first = (low[a] + 0.5).floor().max(0.0) as usize;
        first..((high[a] + 0.5).ceil().max(0.0) as usize).min(target.dims[a])
    };
    let smallest = crop.grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
    let n = target
        .spacing_mm()
        .map(|s| ((POINTS * s / smallest).ceil() as usize).clamp(3, MOST_POINTS));
    let count = n[0] * n[1] * n[2];
    let weight = 1.0 / count as f64;
    let rows = crop.grid.inverse_axes()?;
    let project = |d: [f64; 3]| rows.map(|r| r[0] * d[0] + r[1] * d[1] + r[2] * d[2]);
    let start = project([0, 1, 2].map(|c| target.origin_mm[c] - crop.grid.origin_mm[c]));
    let steps = target.axes_mm.map(project);
    // A lattice would split voxels that lie askew to it always the same way.
    let point = |k: usize| {
        let o = SEQUENCE.map(|step| (0.5 + step * k as f64).fract() - 0.5);
        [0, 1, 2].map(|c| (0..3).map(|a| o[a] * steps[a][c]).sum::<f64>())
    };
    let points: Vec<[f64; 3]> = (0..count).map(point).collect();
    let (mut voxels, mut shares, mut kept) = (Vec::new(), Vec::new(), 0.0);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let at = [i, j, k];
                let centre = [0, 1, 2]
                    .map(|c| start[c] + (0..3).map(|a| at[a] as f64 * steps[a][c]).sum::<f64>());
                let value = |o: &[f64; 3]| {
                    let p = [0, 1, 2].map(|c| centre[c] + o[c]);
                    let voxel = crop.grid.nearest_voxel(p);
                    voxel.map_or(0.0, |v| f64::from(crop.shares[crop.grid.linear(v)]))
                };
                let share = weight * points.iter().map(value).sum::<f64>();
                if share > LEAST_SHARE {
                    kept += share;
                    voxels.push(target.linear(at) as u32);
                    shares.push(share.min(1.0) as f32);
                }
            }
        }
    }
    let kept = kept * target.voxel_volume_mm3() / crop.grid.voxel_volume_mm3();
    // Points find the volume to some per mille: what lies inside is not told as missing.
    let inside = (0..3).all(|a| low[a] >= -0.5 && high[a] <= target.dims[a] as f64 - 0.5);
    let outside = if inside { 0.0 } else { outside(kept, crop.sum) };
    Ok((with(region, voxels, shares), outside))
}

fn outside(kept: f64, all: f64) -> f64 {
    let share = if all > 0.0 { (1.0 - kept / all).max(0.0) } else { 0.0 };
    if share < 1e-6 { 0.0 } else { share }
}

#[cfg(test)]
#[path = "region_move_tests.rs"]
mod tests;
