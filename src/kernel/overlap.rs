//! From shells round a point to equal voxels: the mean over all points of a source voxel of the energy in a target voxel. Neglects how energy
//! is spread within a shell (evenly over its radius). Nothing is sampled at centres.
//!
//! A point that moves by r n from a random place of the source voxel is in the voxel at offset o with the probability
//! prod_a T((r n_a - o_a h_a) / h_a), T(u) = max(0, 1 - |u|): the pair-distance density of two equal boxes at a given distance and direction. So
//!
//!   K(o) = sum_s E_s < prod_a T >,  the mean over directions and the radii of shell s,
//!
//! which are the weights of trilinear interpolation at the point r n: they sum to one over all voxels, so that energy is kept exactly whatever
//! the quadrature. Far out, where the kernel is smooth over a voxel, T is replaced by its two-point Gauss rule, +-h/sqrt(6) along each axis
//! (same norm and variance; error of fourth order in h/r).

use rayon::prelude::*;

/// Offsets (voxels) up to which the directions are integrated; beyond it the Gauss rule counts: (1/24)^4 = 3e-6.
const NEAR: f64 = 24.0;
/// The same in the largest edge of voxels that are no cubes.
const NEAR_LARGEST: f64 = 10.0;
/// Spacing of directions and radii, in voxel edges, far from the source voxel.
const SPACING: f64 = 0.1;
/// Fewest directions along a quarter circle.
const LEAST_DIRECTIONS: usize = 96;

/// Voxels of equal edges h, offsets 0 to `reach` along each axis (an octant; the others mirror it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Octant {
    /// Edges, cm.
    pub voxel_cm: [f64; 3],
    /// Largest offset along each axis.
    pub reach: [usize; 3],
}

impl Octant {
    /// Voxels along each axis.
    pub fn dims(&self) -> [usize; 3] {
        self.reach.map(|r| r + 1)
    }

    /// Voxels.
    pub fn len(&self) -> usize {
        self.dims().iter().product()
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Index of an offset, x fastest.
    pub fn linear(&self, at: [usize; 3]) -> usize {
        let [nx, ny, _] = self.dims();
        at[0] + nx * (at[1] + ny * at[2])
    }

    /// Offset of an index.
    pub fn unlinear(&self, linear: usize) -> [usize; 3] {
        let [nx, ny, _] = self.dims();
        [linear % nx, linear / nx % ny, linear / (nx * ny)]
    }

    /// How many voxels of the whole kernel mirror onto this one.
    pub fn copies(at: [usize; 3]) -> f64 {
        at.iter().map(|o| if *o > 0 { 2.0 } else { 1.0 }).product()
    }

    /// Distance (cm) of the voxels' centres.
    pub fn distance_cm(&self, at: [usize; 3]) -> f64 {
        (0..3).map(|a| (at[a] as f64 * self.voxel_cm[a]).powi(2)).sum::<f64>().sqrt()
    }
}

/// Kernels of several sets of shell energies at once: `energies[set][shell]` to `[set][voxel]`, energy per voxel.
pub fn voxels(radii_cm: &[f64], energies: &[&[f64]], octant: &Octant) -> Vec<Vec<f64>> {
    let [least, most] =
        octant.voxel_cm.iter().fold([f64::INFINITY, 0.0], |[l, m], h| [h.min(l), h.max(m)]);
    let near_cm = (NEAR * least).max(NEAR_LARGEST * most);
    // Shells beyond this reach no near voxel.
    let mut kernels = near(radii_cm, energies, octant, near_cm);
    far(radii_cm, energies, octant, near_cm, &mut kernels);
    kernels
}

/// Voxels of which a part lies within `near_cm` by the quadrature over directions.
fn near(radii_cm: &[f64], energies: &[&[f64]], octant: &Octant, near_cm: f64) -> Vec<Vec<f64>> {
    let size = octant.len();
    let inner = |s: usize| if s == 0 { 0.0 } else { radii_cm[s - 1] };
    // Near voxels end at near_cm; shells count a voxel's diagonal further.
    let diagonal = octant.voxel_cm.iter().map(|h| h * h).sum::<f64>().sqrt();
    let shells: Vec<usize> =
        (0..radii_cm.len()).filter(|s| inner(*s) <= near_cm + diagonal).collect();
    let parts: Vec<Vec<(usize, usize, f64)>> = shells
        .par_iter()
        .map(|&s| {
            let weights = shell_weights(inner(s), radii_cm[s], octant);
            weights.into_iter().map(|(v, w)| (s, v, w)).collect()
        })
        .collect();
    energies
        .par_iter()
        .map(|energy| {
            let mut kernel = vec![0.0; size];
            for (s, v, w) in parts.iter().flatten() {
                kernel[*v] += energy.get(*s).copied().unwrap_or(0.0) * w;
            }
            kernel
        })
        .collect()
}

/// What part of a shell's energy each voxel gets; only those within the octant.
fn shell_weights(inner: f64, outer: f64, octant: &Octant) -> Vec<(usize, f64)> {
    let h = octant.voxel_cm.iter().copied().fold(f64::INFINITY, f64::min);
    let radii = ((outer - inner) / (SPACING * h)).ceil().clamp(2.0, 64.0) as usize;
    let arc = std::f64::consts::FRAC_PI_2 * outer / (SPACING * h);
    let n = (arc.ceil() as usize).max(LEAST_DIRECTIONS);
    // A box in which all points of the shell lie.
    let top =
        [0, 1, 2].map(|a| ((outer / octant.voxel_cm[a]).floor() as usize + 1).min(octant.reach[a]));
    let dims = top.map(|t| t + 1);
    let mut box_weights = vec![0.0; dims.iter().product()];
    let step = std::f64::consts::FRAC_PI_2 / n as f64;
    for k in 0..radii {
        let r = inner + (outer - inner) * (k as f64 + 0.5) / radii as f64;
        for i in 0..n {
            // The ring's solid angle is exact; its points lie at the middle of theta.
            let (low, high) = (i as f64 * step, (i as f64 + 1.0) * step);
            let weight = (low.cos() - high.cos()) / n as f64 / radii as f64;
            let (sin, cos) = (0.5 * (low + high)).sin_cos();
            for j in 0..n {
                let (sp, cp) = ((j as f64 + 0.5) * step).sin_cos();
                let at = [r * sin * cp, r * sin * sp, r * cos];
                splat(at, weight, octant, dims, &mut box_weights);
            }
        }
    }
    let of = |(b, w): (usize, &f64)| {
        let at = [b % dims[0], b / dims[0] % dims[1], b / (dims[0] * dims[1])];
        // The octant's directions stand for all eight: a voxel off the axes planes gets one of its mirror images' share.
        (octant.linear(at), w / Octant::copies(at))
    };
    box_weights.iter().enumerate().filter(|(_, w)| **w > 0.0).map(of).collect()
}

/// Trilinear weights of a point of the first octant.
fn splat(at: [f64; 3], weight: f64, octant: &Octant, dims: [usize; 3], into: &mut [f64]) {
    let (mut low, mut part) = ([0_usize; 3], [[0.0; 2]; 3]);
    for a in 0..3 {
        let x = at[a] / octant.voxel_cm[a];
        low[a] = x as usize;
        let f = x - low[a] as f64;
        part[a] = [1.0 - f, f];
    }
    for corner in 0..8_usize {
        let bit = [corner & 1, corner >> 1 & 1, corner >> 2];
        let v = [low[0] + bit[0], low[1] + bit[1], low[2] + bit[2]];
        if v[0] < dims[0] && v[1] < dims[1] && v[2] < dims[2] {
            into[v[0] + dims[0] * (v[1] + dims[1] * v[2])] +=
                weight * part[0][bit[0]] * part[1][bit[1]] * part[2][bit[2]];
        }
    }
}

/// The other voxels by the Gauss rule of the pair-distance density, from the density of the shells.
fn far(
    radii_cm: &[f64],
    energies: &[&[f64]],
    octant: &Octant,
    near_cm: f64,
    kernels: &mut [Vec<f64>],
) {
    let inner = |s: usize| if s == 0 { 0.0 } else { radii_cm[s - 1] };
    let middle: Vec<f64> = (0..radii_cm.len()).map(|s| 0.5 * (inner(s) + radii_cm[s])).collect();
    let volume: f64 = octant.voxel_cm.iter().product();
    let gauss = octant.voxel_cm.map(|h| h / 6.0_f64.sqrt());
    let nodes: Vec<Vec<(usize, f64, f64)>> = (0..octant.len())
        .into_par_iter()
        .map(|v| {
            let at = octant.unlinear(v);
            if octant.distance_cm(at) <= near_cm {
                return Vec::new();
            }
            let mut found = Vec::with_capacity(8);
            for corner in 0..8_usize {
                let sign = [corner & 1, corner >> 1 & 1, corner >> 2].map(|b| b as f64 * 2.0 - 1.0);
                let r2: f64 = (0..3)
                    .map(|a| (at[a] as f64 * octant.voxel_cm[a] + sign[a] * gauss[a]).powi(2))
                    .sum();
                let r = r2.sqrt();
                let above = middle.partition_point(|m| *m < r);
                if above == 0 || above >= middle.len() {
                    continue;
                }
                let f = (r - middle[above - 1]) / (middle[above] - middle[above - 1]);
                found.push((above, f, volume / (8.0 * 4.0 * std::f64::consts::PI * r2)));
            }
            found
        })
        .collect();
    kernels.par_iter_mut().zip(energies).for_each(|(kernel, energy)| {
        if energy.is_empty() {
            return;
        }
        // Energy per cm of radius.
        let g: Vec<f64> =
            (0..radii_cm.len()).map(|s| energy[s] / (radii_cm[s] - inner(s))).collect();
        for (value, nodes) in kernel.iter_mut().zip(&nodes) {
            if !nodes.is_empty() {
                *value = nodes.iter().map(|(s, f, w)| w * (g[s - 1] * (1.0 - f) + g[*s] * f)).sum();
            }
        }
    });
}

#[cfg(test)]
#[path = "overlap_tests.rs"]
mod tests;
