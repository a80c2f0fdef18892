//! Structures on a grid: the share of each voxel that lies inside, exact where the contours lie in planes of voxels. Neglects nothing there; on a
//! grid that is turned out of the contours' plane, shares come from a finer grid in that plane, by points.

use std::collections::VecDeque;

use super::planar::Coverage;
use super::stack::{Stack, dot};
use super::sweep::Budget;
use crate::error::{Error, Result};
use crate::image::{Grid, MAX_VOXELS, Region, RegionSet};

/// Shares below this are rounding.
const LEAST_SHARE: f64 = 1e-9;
/// Sine of the angle between a contour's normal and an axis of the grid that passes for none: 0.1 mm over 500 mm.
const PARALLEL: f64 = 2e-4;
/// Sharpness of the finer grid of a turned structure: voxels of it along an edge of the smallest voxel.
const FINER: f64 = 2.0;

/// A structure on a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Rasterised {
    /// Linear indices of its voxels, ascending.
    pub voxels: Vec<u32>,
    /// Their shares, above 0 to 1.
    pub shares: Vec<f32>,
    /// Share of its volume that lies outside of the grid.
    pub outside: f64,
    /// The grid lies in the planes of the contours, so the shares are exact.
    pub exact: bool,
}

impl Stack {
    /// The structure on a grid.
    ///
    /// # Errors
    /// If the grid is unusable or the contours cross each other beyond measure.
    pub fn on(&self, grid: &Grid, budget: &mut Budget) -> Result<Rasterised> {
        let grid = grid.clone().checked()?;
        if let Some(along) = self.axis_along(&grid) {
            return self.in_planes(&grid, along, budget);
        }
        let own =
            self.own_grid(grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / FINER)?;
        let flat = self.in_planes(&own, 2, budget)?;
        let region = Region {
            label: 0,
            name: String::new(),
            origin: String::new(),
            colour: None,
            voxels: flat.voxels,
            shares: flat.shares,
        };
        let moved = RegionSet { grid: own, regions: vec![region] }.on(&grid)?;
        let outside = moved.outside[0];
        let region = moved.set.regions.into_iter().next();
        let (voxels, shares) = region.map(|r| (r.voxels, r.shares)).unwrap_or_default();
        Ok(Rasterised { voxels, shares, outside, exact: false })
    }

    /// A grid in its own planes that covers it, with pixels of about `pixel_mm`, one slice for each contour where they are equally spaced.
    ///
    /// # Errors
    /// If it would have too many voxels.
    pub fn own_grid(&self, pixel_mm: f64) -> Result<Grid> {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for [u, v] in self.slabs.iter().flat_map(|s| s.area.points()) {
            low = [low[0].min(u), low[1].min(v)];
            high = [high[0].max(u), high[1].max(v)];
        }
        let (Some(first), Some(last)) = (self.slabs.first(), self.slabs.last()) else {
            return Err(Error::input(
                "a structure without contours",
                "it has no grid",
                "Leave it out.",
            ));
        };
        let count =
            |length: f64, step: f64| ((length / step).ceil().max(0.0) as usize).saturating_add(1);
        let depth = last.span[1] - first.span[0];
        let slices = ((depth / self.step_mm).round().max(1.0)) as usize;
        let step = depth / slices as f64;
        let dims = [count(high[0] - low[0], pixel_mm), count(high[1] - low[1], pixel_mm), slices];
        let all = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        if all.is_none_or(|n| n > MAX_VOXELS / 4) {
            return Err(Error::input(
                format!("a structure needs a grid of {dims:?} voxels"),
                "its contours lie far apart, or the image's voxels are very small",
                "Give an image with voxels in the planes of the contours.",
            ));
        }
        let origin_mm = self.to_mm([low[0], low[1], first.span[0] + 0.5 * step]);
        let [p, q, n] = self.axes;
        let axes_mm = [p.map(|c| c * pixel_mm), q.map(|c| c * pixel_mm), n.map(|c| c * step)];
        Grid { dims, origin_mm, axes_mm }.checked()
    }

    /// The axis of the grid along the normal, if the other two lie in the contours' planes.
    fn axis_along(&self, grid: &Grid) -> Option<usize> {
        let directions = grid.directions();
        let cosine = |a: usize| dot(directions[a], self.axes[2]).abs();
        (0..3).find(|&a| {
            let sine = |b: usize| if b == a { 0.0 } else { cosine(b) };
            1.0 - cosine(a) < 0.5 * PARALLEL * PARALLEL && (0..3).all(|b| sine(b) < PARALLEL)
        })
    }

    fn in_planes(&self, grid: &Grid, along: usize, budget: &mut Budget) -> Result<Rasterised> {
        let [columns, rows] = match along {
            0 => [1, 2],
            1 => [0, 2],
            _ => [0, 1],
        };
        // Index of a point u, v, w of the stack: start + u steps[0] + v steps[1] + w steps[2].
        let inverse = grid.inverse_axes().unwrap_or([[0.0; 3]; 3]);
        let index = |d: [f64; 3]| inverse.map(|r| dot(r, d));
        let start = index([0, 1, 2].map(|c| self.origin[c] - grid.origin_mm[c]));
        let steps = self.axes.map(index);
        let along_index = |w: f64| start[along] + w * steps[2][along];
        let to_pixels = |w: f64| {
            move |[u, v]: [f64; 2]| {
                [columns, rows]
                    .map(|a| start[a] + u * steps[0][a] + v * steps[1][a] + w * steps[2][a])
            }
        };
        // Slabs in the order of the grid's slices, with their span in indices, slice k being k to k + 1.
        let mut slabs: Vec<(f64, f64, usize)> = (0..self.slabs.len())
            .map(|n| {
                let [a, b] = self.slabs[n].span.map(|w| along_index(w) + 0.5);
                (a.min(b), a.max(b), n)
            })
            .collect();
        slabs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let depth = grid.dims[along];
        let stride = [1, grid.dims[0], grid.dims[0] * grid.dims[1]];
        let mut out = Shares::default();
        // Growing by doubling would copy a large structure several times.
        let likely = 1.05 * 1000.0 * self.volume_ml() / grid.voxel_volume_mm3();
        let likely = (likely as usize).min(grid.len());
        let _ = out.voxels.try_reserve(likely).and_then(|()| out.shares.try_reserve(likely));
        let mut open: VecDeque<(usize, Option<Coverage>)> = VecDeque::new();
        let mut from = 0;
        let first = slabs.first().map_or(0, |s| s.0.max(0.0) as usize);
        let end = slabs.iter().map(|s| s.1).fold(0.0, f64::max).ceil().max(0.0) as usize;
        for k in first..end.min(depth) {
            let (low, high) = (k as f64, k as f64 + 1.0);
            while from < slabs.len() && slabs[from].1 <= low {
                from += 1;
            }
            let mut parts: Vec<(f64, usize)> = Vec::new();
            for &(a, b, n) in slabs[from..].iter().take_while(|s| s.0 < high) {
                let overlap = b.min(high) - a.max(low);
                // Planes and slices that are meant to coincide differ by rounding.
                if overlap > 1e-6 {
                    parts.push((overlap.min(1.0), n));
                }
            }
            open.retain(|o| parts.iter().any(|p| p.1 == o.0));
            for (_, n) in &parts {
                if !open.iter().any(|o| o.0 == *n) {
                    let slab = &self.slabs[*n];
                    let w = 0.5 * (slab.span[0] + slab.span[1]);
                    let dims = [grid.dims[columns], grid.dims[rows]];
                    open.push_back((*n, slab.area.coverage(to_pixels(w), dims, budget)?));
                }
            }
            let of = |n: usize| open.iter().find(|o| o.0 == n).and_then(|o| o.1.as_ref());
            let layers: Vec<(f64, &Coverage)> =
                parts.iter().filter_map(|(w, n)| of(*n).map(|c| (*w, c))).collect();
            out.add(&layers, k * stride[along], [stride[columns], stride[rows]]);
        }
        if along != 2 {
            out.sort();
        }
        let inside: f64 = out.sum * grid.voxel_volume_mm3() / 1000.0;
        let all = self.volume_ml();
        let outside = if all > 0.0 { (1.0 - inside / all).max(0.0) } else { 0.0 };
        // Rounding to single precision.
        let outside = if outside < 1e-6 { 0.0 } else { outside };
        Ok(Rasterised { voxels: out.voxels, shares: out.shares, outside, exact: true })
    }
}

#[derive(Default)]
struct Shares {
    voxels: Vec<u32>,
    shares: Vec<f32>,
    sum: f64,
    /// Of the window of a slice where several slabs lie in it.
    buffer: Vec<f64>,
}

impl Shares {
    fn put(&mut self, voxel: usize, share: f64) {
        if share > LEAST_SHARE {
            self.voxels.push(voxel as u32);
            self.shares.push(share.min(1.0) as f32);
            self.sum += share;
        }
    }

    /// Adds what lies in a slice: slabs with the part of the slice's thickness that they fill.
    fn add(&mut self, layers: &[(f64, &Coverage)], start: usize, [column, row]: [usize; 2]) {
        if let [(weight, c)] = layers {
            for (j, line) in c.shares.chunks(c.size[0].max(1)).enumerate() {
                let from = start + (c.first[1] + j) * row + c.first[0] * column;
                for (i, share) in line.iter().enumerate() {
                    self.put(from + i * column, weight * share);
                }
            }
            return;
        }
        let low = [0, 1].map(|a| layers.iter().map(|l| l.1.first[a]).min().unwrap_or(0));
        let end =
            [0, 1].map(|a| layers.iter().map(|l| l.1.first[a] + l.1.size[a]).max().unwrap_or(0));
        let width = end[0] - low[0];
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.resize(width * (end[1] - low[1]), 0.0);
        for (weight, c) in layers {
            for (j, line) in c.shares.chunks(c.size[0].max(1)).enumerate() {
                let from = (c.first[1] + j - low[1]) * width + c.first[0] - low[0];
                for (sum, share) in buffer[from..].iter_mut().zip(line) {
                    *sum += weight * share;
                }
            }
        }
        for (n, share) in buffer.iter().enumerate() {
            let (i, j) = (low[0] + n % width, low[1] + n / width);
            self.put(start + j * row + i * column, *share);
        }
        self.buffer = buffer;
    }

    fn sort(&mut self) {
        let mut pairs: Vec<(u32, f32)> =
            self.voxels.iter().copied().zip(self.shares.iter().copied()).collect();
        pairs.sort_unstable_by_key(|p| p.0);
        (self.voxels, self.shares) = pairs.into_iter().unzip();
    }
}

#[cfg(test)]
#[path = "rasterise_tests.rs"]
mod tests;
