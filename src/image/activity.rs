//! Activity on another grid, none made and none lost unseen.
//!
//! Parallel grids: the exact shared volume of every pair of voxels, activity uniform within a
//! source voxel. Oblique grids: each source voxel is cut into cells, down to half a target voxel
//! where the turn is large; each cell is spread as a box along the target's axes with the cell's
//! own second moments. This neglects the cell's rotation but conserves its activity and centre
//! exactly. Uniform activity then ripples by up to 1.4 % in the worst voxel for turns up to 20
//! degrees, 2.4 % at 45 degrees (test `uniform_activity_stays_uniform`).

use rayon::prelude::*;

use super::overlap::{Overlaps, overlaps};
use super::{Grid, Volume};
use crate::error::{Error, Result};

/// What the values of an activity volume mean; the same for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityUnit {
    /// Bq (or Bq s) per voxel.
    PerVoxel,
    /// Bq (or Bq s) per mL.
    PerMl,
}

/// Activity on another grid and its balance, Bq (Bq s if the input was time-integrated).
#[derive(Debug, Clone, PartialEq)]
pub struct ResampledActivity {
    /// The activity, in the unit of the input.
    pub volume: Volume<f32>,
    /// All activity of the source.
    pub total: f64,
    /// What fell outside the target grid. `total - lost` is in `volume`, up to `f32` rounding of
    /// its voxels.
    pub lost: f64,
}

/// mm3 per mL.
const MM3_PER_ML: f64 = 1000.0;

/// Moves activity onto `target`, conserving it.
///
/// # Errors
/// If either grid is unusable or a value is NaN or infinite.
pub fn resample_activity(
    source: &Volume<f32>,
    unit: ActivityUnit,
    target: &Grid,
) -> Result<ResampledActivity> {
    let grid = source.checked()?;
    let target = target.clone().checked()?;
    let bad = source.data.par_iter().filter(|v| !v.is_finite()).count();
    if bad > 0 {
        return Err(Error::input(
            format!("{bad} voxels of the activity image are NaN or infinite"),
            "activity must be a number everywhere to be conserved",
            "Cut the image to what was measured, or correct those voxels.",
        ));
    }
    let (into_bq, from_bq) = match unit {
        ActivityUnit::PerVoxel => (1.0, 1.0),
        ActivityUnit::PerMl => {
            (grid.voxel_volume_mm3() / MM3_PER_ML, MM3_PER_ML / target.voxel_volume_mm3())
        }
    };
    let total = into_bq * sum_by_row(source, |_, value| value);
    let factor = into_bq * from_bq;
    let (data, lost) = match overlaps(grid, &target) {
        Some(o) => parallel_grids(source, &target, &o, factor),
        None => oblique_grids(source, &target, factor)?,
    };
    Ok(ResampledActivity { volume: Volume { grid: target, data }, total, lost: lost * into_bq })
}

/// Sum over all voxels, the same for any number of threads.
fn sum_by_row(source: &Volume<f32>, f: impl Fn([usize; 3], f64) -> f64 + Sync) -> f64 {
    let [nx, ny, _] = source.grid.dims;
    let rows: Vec<f64> = source
        .data
        .par_chunks(nx)
        .enumerate()
        .map(|(row, values)| {
            let voxel = |i| [i, row % ny, row / ny];
            values.iter().enumerate().map(|(i, &v)| f(voxel(i), f64::from(v))).sum()
        })
        .collect();
    rows.iter().sum()
}

fn parallel_grids(
    source: &Volume<f32>,
    target: &Grid,
    o: &Overlaps,
    factor: f64,
) -> (Vec<f32>, f64) {
    let [nx, ny, _] = target.dims;
    let strides = [1, source.grid.dims[0], source.grid.dims[0] * source.grid.dims[1]];
    let stride = o.source_axis.map(|a| strides[a]);
    let mut data = vec![0f32; target.len()];
    data.par_chunks_mut(nx).enumerate().for_each(|(row, out)| {
        let (js, ks) = (&o.shares[1][row % ny], &o.shares[2][row / ny]);
        if js.is_empty() || ks.is_empty() {
            return;
        }
        for (out, is) in out.iter_mut().zip(&o.shares[0]) {
            let mut sum = 0.0;
            for &(k, wk) in ks {
                for &(j, wj) in js {
                    let base = k * stride[2] + j * stride[1];
                    for &(i, wi) in is {
                        sum += wk * wj * wi * f64::from(source.data[base + i * stride[0]]);
                    }
                }
            }
            *out = (sum * factor) as f32;
        }
    });
    let lost = sum_by_row(source, |[i, j, k], value| {
        let kept = o.kept[0][i].min(1.0) * o.kept[1][j].min(1.0) * o.kept[2][k].min(1.0);
        value * (1.0 - kept)
    });
    (data, lost)
}

/// Cells per target voxel along an edge that is turned far; with 1, uniform activity would ripple
/// by 11 %.
const CUTS_PER_VOXEL: f64 = 2.0;

/// Sideways step from cell to cell, in target voxels, that needs no finer cut: neighbours then
/// overlap or gape by 2 %.
const STEP: f64 = 0.02;

/// A source voxel cut into equal cells, in target index space.
struct Cells {
    /// Target index of source voxel `[0, 0, 0]` and one step along each source axis.
    start: [f64; 3],
    steps: [[f64; 3]; 3],
    /// Cell centres relative to the voxel centre.
    offsets: Vec<[f64; 3]>,
    /// Half widths of the box that stands for a cell.
    half: [f64; 3],
    /// One over the volume of that box.
    per_volume: f64,
    /// Half widths of the box that holds the whole voxel.
    reach: [f64; 3],
}

impl Cells {
    fn new(source: &Grid, target: &Grid) -> Result<Cells> {
        let rows = target.inverse_axes()?;
        let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
        let start = project([0, 1, 2].map(|c| source.origin_mm[c] - target.origin_mm[c]));
        let steps = source.axes_mm.map(project);
        let cuts = steps.map(|step| {
            let length = step.iter().map(|c| c * c).sum::<f64>().sqrt();
            let along = step.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
            let sideways = (length * length - along * along).max(0.0).sqrt();
            // 16 bounds the work; larger cells are still conserved and spread over all they cover.
            ((CUTS_PER_VOXEL * length).min(sideways / STEP) - 1e-6).ceil().clamp(1.0, 16.0)
        });
        let edge = [0, 1, 2].map(|a| steps[a].map(|c| c / cuts[a]));
        let half = [0, 1, 2].map(|t| 0.5 * edge.iter().map(|e| e[t] * e[t]).sum::<f64>().sqrt());
        let mut offsets = Vec::new();
        for k in 0..cuts[2] as usize {
            for j in 0..cuts[1] as usize {
                for i in 0..cuts[0] as usize {
                    let at = [i, j, k].map(|n| n as f64);
                    let at: [f64; 3] = std::array::from_fn(|a| at[a] - 0.5 * (cuts[a] - 1.0));
                    offsets.push([0, 1, 2].map(|t| (0..3).map(|a| at[a] * edge[a][t]).sum()));
                }
            }
        }
        let reach = [0, 1, 2]
            .map(|t| offsets.iter().map(|o: &[f64; 3]| o[t].abs()).fold(0.0, f64::max) + half[t]);
        let per_volume = 1.0 / half.iter().map(|h| 2.0 * h).product::<f64>();
        Ok(Cells { start, steps, offsets, half, per_volume, reach })
    }

    fn centre(&self, voxel: [usize; 3]) -> [f64; 3] {
        let v = voxel.map(|i| i as f64);
        std::array::from_fn(|t| {
            self.start[t] + (0..3).map(|a| v[a] * self.steps[a][t]).sum::<f64>()
        })
    }

    /// Lower and upper edge on axis `t` of the box of a cell centred at `p`, with voxel `n` at
    /// `n..n + 1`.
    fn span(&self, p: f64, t: usize) -> [f64; 2] {
        [p + 0.5 - self.half[t], p + 0.5 + self.half[t]]
    }

    /// Fraction of a voxel's cells outside the target.
    fn outside(&self, centre: [f64; 3], dims: [usize; 3]) -> f64 {
        let limit = dims.map(|d| d as f64);
        if (0..3).all(|t| {
            centre[t] + 0.5 - self.reach[t] >= 0.0 && centre[t] + 0.5 + self.reach[t] <= limit[t]
        }) {
            return 0.0;
        }
        let inside = |o: &[f64; 3]| {
            let along = |t: usize| {
                let [low, high] = self.span(centre[t] + o[t], t);
                ((high.min(limit[t]) - low.max(0.0)) / (high - low)).clamp(0.0, 1.0)
            };
            along(0) * along(1) * along(2)
        };
        1.0 - self.offsets.iter().map(inside).sum::<f64>() / self.offsets.len() as f64
    }
}

/// Target slices summed by one task; fixed, so that sums do not depend on the number of threads.
const SLAB: usize = 8;

fn oblique_grids(source: &Volume<f32>, target: &Grid, factor: f64) -> Result<(Vec<f32>, f64)> {
    let cells = Cells::new(&source.grid, target)?;
    let [nx, ny, _] = target.dims;
    let mut sums = vec![0f64; target.len()];
    sums.par_chunks_mut(nx * ny * SLAB).enumerate().for_each(|(slab, out)| {
        let first = slab * SLAB;
        let last = first + out.len() / (nx * ny);
        scatter(source, &cells, [nx, ny], first..last, out);
    });
    let data = sums.par_iter().map(|&v| (v * factor) as f32).collect();
    let lost =
        sum_by_row(source, |voxel, value| value * cells.outside(cells.centre(voxel), target.dims));
    Ok((data, lost))
}

/// Adds what all source voxels give to target slices `slices`, in source order.
fn scatter(
    source: &Volume<f32>,
    cells: &Cells,
    [nx, ny]: [usize; 2],
    slices: std::ops::Range<usize>,
    out: &mut [f64],
) {
    let dims = source.grid.dims;
    let (mut xs, mut ys, mut zs) = (Vec::new(), Vec::new(), Vec::new());
    let (low, high) =
        (slices.start as f64 - 0.5 - cells.reach[2], slices.end as f64 - 0.5 + cells.reach[2]);
    for k in 0..dims[2] {
        for j in 0..dims[1] {
            let ends = [cells.centre([0, j, k])[2], cells.centre([dims[0] - 1, j, k])[2]];
            if ends[0].max(ends[1]) < low || ends[0].min(ends[1]) > high {
                continue;
            }
            for i in 0..dims[0] {
                let value = f64::from(source.data[source.grid.linear([i, j, k])]);
                let centre = cells.centre([i, j, k]);
                if value == 0.0 || centre[2] < low || centre[2] > high {
                    continue;
                }
                let value = value / cells.offsets.len() as f64;
                for o in &cells.offsets {
                    let span = [0, 1, 2].map(|t| cells.span(centre[t] + o[t], t));
                    if !covered(span[2], slices.start, slices.end, &mut zs) {
                        continue;
                    }
                    if !covered(span[1], 0, ny, &mut ys) || !covered(span[0], 0, nx, &mut xs) {
                        continue;
                    }
                    let density = value * cells.per_volume;
                    for &(z, wz) in &zs {
                        for &(y, wy) in &ys {
                            let row = ((z - slices.start) * ny + y) * nx;
                            let weight = density * wz * wy;
                            for &(x, wx) in &xs {
                                out[row + x] += weight * wx;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lists the voxels from `first` to before `end` under the span, each with the length of the span
/// in it; true if any.
fn covered([low, high]: [f64; 2], first: usize, end: usize, out: &mut Vec<(usize, f64)>) -> bool {
    out.clear();
    let from = (low.max(0.0) as usize).max(first);
    let to = (high.max(0.0).ceil() as usize).min(end);
    out.extend((from..to).map(|n| (n, (high.min(n as f64 + 1.0) - low.max(n as f64)).max(0.0))));
    !out.is_empty()
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
