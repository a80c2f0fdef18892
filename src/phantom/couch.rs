//! The couch in a CT: found by its shape. Neglected: a couch of solid parts thicker than 16 mm passes for a part of the body and stays, as do
//! its straps and what is smaller than it.
//!
//! The search runs on blocks of about 2 mm, each as dense as its densest voxel. Tissue is what is denser than 0.3 g/cm3. An opening of
//! 8 mm in each axial slice wears away what is thinner than 16 mm, which the shells of couches are; what remains is grown back within the
//! tissue and its holes (lungs, gas) filled: the body, with the arms. Of the rest, parts are a couch that run through half of the slices and
//! are wide: 150 mm, or 40 mm if they do not touch the body. A hand, an ear or a fold of skin is less.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::voxels::{LOW_DENSITY_G_CM3, Phantom};
use crate::error::Result;

/// Edge (mm) that the blocks of the search have at least, where voxels are finer.
const BLOCK_MM: f64 = 2.0;
/// Density (g/cm3) of tissue: above lung, so that foam and air in a couch are none.
const TISSUE_G_CM3: f64 = 0.3;
/// Radius (mm) of the opening: shells of couches are thinner than twice this, arms thicker.
const OPENING_MM: f64 = 8.0;
/// A couch runs through at least this part of the slices.
const LEAST_LENGTH: f64 = 0.5;
/// Width (mm) of a couch that touches the body, or is but a part of one at the edge of the image.
const LEAST_WIDTH_MM: [f64; 2] = [150.0, 40.0];

/// A couch, voxel by voxel.
#[derive(Debug, Clone, PartialEq)]
pub struct Couch {
    /// Its parts: linear indices of the phantom's voxels, ascending.
    pub parts: Vec<Vec<u32>>,
}

impl Couch {
    /// Mass of one part, g.
    pub fn mass_g(&self, phantom: &Phantom, part: usize) -> f64 {
        self.parts[part].iter().map(|&v| phantom.voxel_mass_g(v as usize)).sum()
    }
}

/// A coarser image: along each axis blocks of voxels. Axes are turned to lateral, anterior-posterior, along the body.
struct Blocks {
    /// Blocks along lateral, anterior-posterior, long axis.
    dims: [usize; 3],
    /// mm.
    spacing_mm: [f64; 3],
    /// Voxels of the phantom in a block along each of its axes.
    factor: [usize; 3],
    /// Which axis of the phantom each of ours is.
    axis: [usize; 3],
}

impl Blocks {
    fn new(phantom: &Phantom) -> Blocks {
        let grid = &phantom.grid;
        let spacing = grid.spacing_mm();
        // Each axis of the patient takes the free axis of the grid that follows it best; z first, as slices are stacked along it.
        let mut axis = [0; 3];
        let mut free: Vec<usize> = vec![0, 1, 2];
        for patient in [2, 0, 1] {
            let along = |a: &usize| grid.axes_mm[*a][patient].abs() / spacing[*a];
            let best = (0..free.len()).max_by(|i, j| along(&free[*i]).total_cmp(&along(&free[*j])));
            axis[patient] = free.remove(best.unwrap_or(0));
        }
        let factor = axis.map(|a| ((BLOCK_MM / spacing[a]) as usize).clamp(1, grid.dims[a]));
        Blocks {
            dims: [0, 1, 2].map(|n| grid.dims[axis[n]].div_ceil(factor[n])),
            spacing_mm: [0, 1, 2].map(|n| spacing[axis[n]] * factor[n] as f64),
            factor,
            axis,
        }
    }

    fn of_voxel(&self, voxel: [usize; 3]) -> usize {
        let [i, j, k] = [0, 1, 2].map(|n| voxel[self.axis[n]] / self.factor[n]);
        i + self.dims[0] * (j + self.dims[1] * k)
    }

    fn len(&self) -> usize {
        self.dims.iter().product()
    }

    fn slice(&self) -> usize {
        self.dims[0] * self.dims[1]
    }
}

/// Finds the couch of a phantom; none if nothing looks like one.
pub fn find(phantom: &Phantom) -> Option<Couch> {
    let blocks = Blocks::new(phantom);
    let mut densest = vec![0_f32; blocks.len()];
    for (v, d) in phantom.density.iter().enumerate() {
        let block = &mut densest[blocks.of_voxel(phantom.grid.unlinear(v))];
        *block = block.max(*d);
    }
    let tissue: Vec<bool> = densest.iter().map(|d| f64::from(*d) >= TISSUE_G_CM3).collect();
    let body = body(&tissue, &blocks);
    let rest: Vec<bool> = tissue.iter().zip(&body).map(|(t, b)| *t && !b).collect();
    let mut label = vec![0_u32; blocks.len()];
    let mut parts = 0;
    for component in components(&rest, blocks.dims) {
        if is_couch(&component, &body, &blocks) {
            parts += 1;
            component.iter().for_each(|&b| label[b] = parts);
        }
    }
    if parts == 0 {
        return None;
    }
    enclose(&mut label, &body, &blocks);
    let mut of_part: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (v, d) in phantom.density.iter().enumerate() {
        let part = label[blocks.of_voxel(phantom.grid.unlinear(v))];
        if part > 0 && f64::from(*d) >= 0.5 * LOW_DENSITY_G_CM3 {
            of_part.entry(part).or_default().push(v as u32);
        }
    }
    Some(Couch { parts: of_part.into_values().collect() })
}

/// The voxels of the body: blocks of the body as the search for a couch finds it, with arms and what they enclose; of the blocks at its surface, what is
/// tissue. Neglects skin folds narrower than a block.
pub fn body_voxels(phantom: &Phantom) -> Vec<u32> {
    let blocks = Blocks::new(phantom);
    let mut densest = vec![0_f32; blocks.len()];
    for (v, d) in phantom.density.iter().enumerate() {
        let block = &mut densest[blocks.of_voxel(phantom.grid.unlinear(v))];
        *block = block.max(*d);
    }
    let tissue: Vec<bool> = densest.iter().map(|d| f64::from(*d) >= TISSUE_G_CM3).collect();
    let mut body = body(&tissue, &blocks);
    // Thin walls that the opening wore away, such as those of a chest, close what they enclose.
    let rest: Vec<bool> = tissue.iter().zip(&body).map(|(t, b)| *t && !b).collect();
    for part in components(&rest, blocks.dims) {
        let mut touches = false;
        for n in &part {
            for_neighbours(*n, blocks.dims, |next| touches |= body[next]);
        }
        if touches && !is_couch(&part, &body, &blocks) {
            part.iter().for_each(|n| body[*n] = true);
        }
    }
    body.par_chunks_mut(blocks.slice())
        .for_each(|slice| fill_holes(slice, [blocks.dims[0], blocks.dims[1]]));
    let surface: Vec<bool> = (0..blocks.len())
        .into_par_iter()
        .map(|n| {
            let mut outside = false;
            for_neighbours(n, blocks.dims, |next| outside |= !body[next]);
            outside
        })
        .collect();
    let inside = |v: &usize| {
        let block = blocks.of_voxel(phantom.grid.unlinear(*v));
        body[block] && (!surface[block] || f64::from(phantom.density[*v]) >= TISSUE_G_CM3)
    };
    (0..phantom.density.len()).filter(inside).map(|v| v as u32).collect()
}

/// Opened slice by slice, largest parts kept, grown back within the tissue, holes filled.
fn body(tissue: &[bool], blocks: &Blocks) -> Vec<bool> {
    let ([nx, ny, _], [sx, sy, _]) = (blocks.dims, blocks.spacing_mm);
    let by_slice = |mask: &[bool], test: &(dyn Fn(f64) -> bool + Sync), to: bool| -> Vec<bool> {
        let slices = mask.par_chunks(blocks.slice());
        slices
            .flat_map_iter(|s| distances(s, to, [nx, ny], [sx, sy]).into_iter().map(test))
            .collect()
    };
    // What is beyond the image's edge counts as tissue, so that a body that it cuts is not worn away there.
    let core = by_slice(tissue, &|d| d > OPENING_MM, false);
    let reach = OPENING_MM + 2.0 * sx.max(sy);
    let grown = by_slice(&core, &|d| d <= reach, true);
    let mut body: Vec<bool> = grown.iter().zip(tissue).map(|(g, t)| *g && *t).collect();
    body.par_chunks_mut(blocks.slice()).for_each(|slice| fill_holes(slice, [nx, ny]));
    body
}

/// Distance (mm) of each pixel of a slice to the nearest that is `to`; infinite if there is none. Exact, by lower envelopes of parabolas
/// (Felzenszwalb & Huttenlocher, Theory Comput. 8, 415, 2012).
fn distances(mask: &[bool], to: bool, [nx, ny]: [usize; 2], [sx, sy]: [f64; 2]) -> Vec<f64> {
    let mut d: Vec<f64> = mask.iter().map(|m| if *m == to { 0.0 } else { f64::INFINITY }).collect();
    for row in d.chunks_mut(nx) {
        let out = envelope(row, sx);
        row.copy_from_slice(&out);
    }
    for x in 0..nx {
        let column: Vec<f64> = (0..ny).map(|y| d[x + nx * y]).collect();
        for (y, value) in envelope(&column, sy).into_iter().enumerate() {
            d[x + nx * y] = value;
        }
    }
    d.into_iter().map(f64::sqrt).collect()
}

/// Least of f(q) + (s (p - q))^2 over q, for each p.
fn envelope(f: &[f64], s: f64) -> Vec<f64> {
    let s2 = s * s;
    // Parabolas of the envelope and where each begins.
    let mut hull: Vec<(usize, f64)> = Vec::new();
    for (q, value) in f.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let height = |p: usize, v: f64| v + s2 * (p * p) as f64;
        let mut begin = f64::NEG_INFINITY;
        while let Some(&(p, from)) = hull.last() {
            begin = (height(q, *value) - height(p, f[p])) / (2.0 * s2 * (q - p) as f64);
            if begin > from {
                break;
            }
            hull.pop();
            begin = f64::NEG_INFINITY;
        }
        hull.push((q, begin));
    }
    let mut out = vec![f64::INFINITY; f.len()];
    let mut at = 0;
    for (p, value) in out.iter_mut().enumerate() {
        while hull.get(at + 1).is_some_and(|next| next.1 <= p as f64) {
            at += 1;
        }
        if let Some((q, _)) = hull.get(at) {
            let steps = p as f64 - *q as f64;
            *value = f[*q] + s2 * steps * steps;
        }
    }
    out
}

/// Fills what no path of empty pixels joins to the edge of the slice.
fn fill_holes(slice: &mut [bool], [nx, ny]: [usize; 2]) {
    let mut outside = vec![false; slice.len()];
    let edge = |n: &usize| {
        let (x, y) = (n % nx, n / nx);
        x == 0 || y == 0 || x + 1 == nx || y + 1 == ny
    };
    let mut open: Vec<usize> = (0..slice.len()).filter(edge).filter(|n| !slice[*n]).collect();
    open.iter().for_each(|n| outside[*n] = true);
    while let Some(n) = open.pop() {
        let (x, y) = (n % nx, n / nx);
        let mut look = |next: usize| {
            if !slice[next] && !outside[next] {
                outside[next] = true;
                open.push(next);
            }
        };
        if x > 0 {
            look(n - 1);
        }
        if x + 1 < nx {
            look(n + 1);
        }
        if y > 0 {
            look(n - nx);
        }
        if y + 1 < ny {
            look(n + nx);
        }
    }
    slice.iter_mut().zip(outside).for_each(|(s, out)| *s = !out);
}

/// Parts that touch by faces, edges or corners.
fn components(mask: &[bool], dims: [usize; 3]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    for start in (0..mask.len()).filter(|n| mask[*n]) {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut at = 0;
        while at < part.len() {
            for_neighbours(part[at], dims, |next| {
                if mask[next] && !std::mem::replace(&mut seen[next], true) {
                    part.push(next);
                }
            });
            at += 1;
        }
        found.push(part);
    }
    found
}

/// The up to 26 neighbours of a block.
fn for_neighbours(n: usize, [nx, ny, nz]: [usize; 3], mut f: impl FnMut(usize)) {
    let (x, y, z) = (n % nx, n / nx % ny, n / (nx * ny));
    let near = |i: usize, n: usize| i.saturating_sub(1)..(i + 2).min(n);
    for k in near(z, nz) {
        for j in near(y, ny) {
            for i in near(x, nx) {
                if (i, j, k) != (x, y, z) {
                    f(i + nx * (j + ny * k));
                }
            }
        }
    }
}

fn is_couch(part: &[usize], body: &[bool], blocks: &Blocks) -> bool {
    let [nx, ny, nz] = blocks.dims;
    let span = |of: &dyn Fn(usize) -> usize| {
        let ends = part.iter().fold((usize::MAX, 0), |(a, b), n| (a.min(of(*n)), b.max(of(*n))));
        (ends.1 + 1).saturating_sub(ends.0)
    };
    let length = span(&|n| n / (nx * ny)) as f64 / nz as f64;
    let width = span(&|n| n % nx) as f64 * blocks.spacing_mm[0];
    let mut touches = false;
    for n in part {
        for_neighbours(*n, blocks.dims, |next| touches |= body[next]);
    }
    length >= LEAST_LENGTH && width >= LEAST_WIDTH_MM[usize::from(!touches)]
}

/// Adds what a part encloses in a slice (foam), and the blocks beside it that are no body (its blurred edge).
fn enclose(label: &mut [u32], body: &[bool], blocks: &Blocks) {
    let [nx, ny, nz] = blocks.dims;
    let parts = label.iter().copied().max().unwrap_or(0);
    for part in 1..=parts {
        for k in 0..nz {
            let range = k * blocks.slice()..(k + 1) * blocks.slice();
            let mut slice: Vec<bool> = label[range.clone()].iter().map(|l| *l == part).collect();
            if !slice.contains(&true) {
                continue;
            }
            fill_holes(&mut slice, [nx, ny]);
            let near = distances(&slice, true, [nx, ny], [1.0, 1.0]);
            for (n, d) in range.zip(near) {
                if d < 1.5 && !body[n] && label[n] == 0 {
                    label[n] = part;
                }
            }
        }
    }
}

impl Phantom {
    /// Turns voxels into air of the material with index `air`.
    ///
    /// # Errors
    /// If the index is none.
    pub fn empty(self, voxels: &[u32], air: u8, air_g_cm3: f64) -> Result<Self> {
        let Phantom { grid, mut density, mut material, materials } = self;
        for &v in voxels {
            density[v as usize] = air_g_cm3 as f32;
            material[v as usize] = air;
        }
        Phantom::new(grid, density, material, materials)
    }
}

#[cfg(test)]
#[path = "couch_tests.rs"]
mod tests;
