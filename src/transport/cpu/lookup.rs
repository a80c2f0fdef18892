//! Table look-ups: linear interpolation on the fine energy grid, inverse-CDF sampling on the coarse one.

use super::math::{larger, smaller};
use crate::transport::layout::{
    ANGULAR_HEADER, ANGULAR_INTERVALS, ANGULAR_STRIDE, COARSE_BITS, COARSE_NODES, FINE_BITS,
    FINE_NODES, LEPTON_RECORD, PHOTON_RECORD, SPECTRUM_INTERVALS, SPECTRUM_STRIDE, locate,
};

/// Linear interpolation of `N` neighbouring values of a record that starts at `base` (material's first node).
#[inline(always)]
fn interpolate<const RECORD: usize, const N: usize>(
    tables: &[f32],
    base: usize,
    energy: f32,
) -> [f32; N] {
    let (i, f) = locate::<FINE_BITS>(energy);
    let at = base + i * RECORD;
    let low: &[f32; N] = tables[at..at + N].try_into().expect("slice of N values");
    let high: &[f32; N] =
        tables[at + RECORD..at + RECORD + N].try_into().expect("slice of N values");
    let mut out = [0.0; N];
    for k in 0..N {
        out[k] = low[k] + (high[k] - low[k]) * f;
    }
    out
}

/// Rates of a lepton at one energy, with the slopes of the first two in energy.
#[derive(Debug, Clone, Copy)]
pub struct LeptonRates {
    /// Restricted stopping power, MeV cm2/g.
    pub loss: f32,
    /// Its derivative, cm2/g.
    pub loss_slope: f32,
    /// Scattering strength per mass thickness (inverse first transport path), cm2/g.
    pub strength: f32,
    /// Its derivative, cm2/(g MeV).
    pub strength_slope: f32,
}

/// Rates of a lepton.
#[inline(always)]
pub fn lepton_rates(tables: &[f32], offset: u32, set: usize, energy: f32) -> LeptonRates {
    let (i, f) = locate::<FINE_BITS>(energy);
    let at = offset as usize + (set * FINE_NODES + i) * LEPTON_RECORD;
    let both = &tables[at..at + 2 * LEPTON_RECORD];
    let (low, high) = both.split_at(LEPTON_RECORD);
    // An interval is 2^-FINE_BITS of its octave's lower energy: a step down in the exponent's bits.
    let octave = (energy.to_bits() & 0x7f80_0000) - (FINE_BITS << 23);
    let per_mev = 1.0 / f32::from_bits(octave);
    let (loss, strength) = (high[0] - low[0], high[1] - low[1]);
    LeptonRates {
        loss: low[0] + loss * f,
        loss_slope: loss * per_mev,
        strength: low[1] + strength * f,
        strength_slope: strength * per_mev,
    }
}

/// CSDA range, g/cm2.
#[inline(always)]
pub fn csda_range(tables: &[f32], offset: u32, set: usize, energy: f32) -> f32 {
    let base = offset as usize + set * FINE_NODES * LEPTON_RECORD + 4;
    interpolate::<LEPTON_RECORD, 1>(tables, base, energy)[0]
}

/// Hard cross section (cm2/g), and bremsstrahlung's share of it.
#[inline(always)]
pub fn hard_rates(tables: &[f32], offset: u32, set: usize, energy: f32) -> [f32; 2] {
    let base = offset as usize + set * FINE_NODES * LEPTON_RECORD;
    interpolate::<LEPTON_RECORD, 2>(tables, base + 2, energy)
}

/// Expected number of bremsstrahlung photons emitted while slowing down to rest.
#[inline(always)]
pub fn thick_target_photons(tables: &[f32], offset: u32, set: usize, energy: f32) -> f32 {
    let base = offset as usize + set * FINE_NODES * LEPTON_RECORD + 5;
    interpolate::<LEPTON_RECORD, 1>(tables, base, energy)[0]
}

/// First four values of the photon record: mu/rho (cm2/g) and the cumulative shares of Compton, photoelectric, Rayleigh.
#[inline(always)]
pub fn photon_shares(tables: &[f32], offset: u32, material: usize, energy: f32) -> [f32; 4] {
    interpolate::<PHOTON_RECORD, 4>(
        tables,
        offset as usize + material * FINE_NODES * PHOTON_RECORD,
        energy,
    )
}

/// All of mu/rho, the shares and mu_en/rho.
#[inline(always)]
pub fn photon_kerma(tables: &[f32], offset: u32, material: usize, energy: f32) -> [f32; 5] {
    interpolate::<PHOTON_RECORD, 5>(
        tables,
        offset as usize + material * FINE_NODES * PHOTON_RECORD,
        energy,
    )
}

/// Probabilities of K fluorescence of the first and of the second element, per photoelectric absorption.
#[inline(always)]
pub fn fluorescence_probabilities(
    tables: &[f32],
    offset: u32,
    material: usize,
    energy: f32,
) -> [f32; 2] {
    let base = offset as usize + material * FINE_NODES * PHOTON_RECORD + 5;
    interpolate::<PHOTON_RECORD, 2>(tables, base, energy)
}

/// One value of a table that has a single f32 per fine node.
#[inline(always)]
pub fn majorant(tables: &[f32], offset: u32, class: usize, energy: f32) -> f32 {
    interpolate::<1, 1>(tables, offset as usize + class * FINE_NODES, energy)[0]
}

/// A coarse node: the lower or the upper one of the energy's interval, with probabilities that make the mixture
/// linear in energy. No draw of its own: `u` is uniform.
#[inline(always)]
pub fn coarse_node(energy: f32, u: f32) -> usize {
    let (i, f) = locate::<COARSE_BITS>(energy);
    i + usize::from(u < f)
}

/// Interval and fraction inside it of `u` in [0, 1] on a table of `intervals` equal intervals. Signed 32-bit conversions are
/// single instructions; those of usize are not.
#[inline(always)]
fn interval(u: f32, intervals: usize) -> (usize, f32) {
    let x = u * intervals as i32 as f32;
    let i = (x as i32).min(intervals as i32 - 1);
    (i as usize, x - i as f32)
}

/// Offset of an angular distribution.
#[inline(always)]
pub fn angular_at(offset: u32, set: usize, node: usize) -> usize {
    offset as usize + (set * COARSE_NODES + node) * ANGULAR_STRIDE
}

/// Samples `mu = (1 - cos_theta)/2` from the inverse-CDF table at `at`, with `u` uniform:
/// `mu = a (1 - u) / (u + a) * r(sqrt(u))`, where `r` is tabulated at equal intervals. The square root puts the nodes close
/// together where mu is large, the rational factor follows a screened single-scattering tail.
#[inline(always)]
pub fn sample_angular(tables: &[f32], at: usize, u: f32) -> f32 {
    let a = tables[at];
    let (i, f) = interval(u.sqrt(), ANGULAR_INTERVALS);
    let node = at + ANGULAR_HEADER + i;
    let nodes: &[f32; 2] = tables[node..node + 2].try_into().expect("two nodes");
    let ratio = nodes[0] + (nodes[1] - nodes[0]) * f;
    let mu = a * (1.0 - u) / (u + a) * ratio;
    smaller(larger(mu, 0.0), 1.0)
}

/// Offset of a photon-energy distribution.
#[inline(always)]
pub fn spectrum_at(offset: u32, set: usize, node: usize) -> usize {
    offset as usize + (set * COARSE_NODES + node) * SPECTRUM_STRIDE
}

/// Samples `(k - k_cut) / (e - k_cut)` from a table at equal intervals of the square root of the probability to exceed it:
/// dense where photons are hard and few and carry the energy. `u` uniform.
#[inline(always)]
pub fn sample_spectrum(tables: &[f32], at: usize, u: f32) -> f32 {
    let (i, f) = interval(u.sqrt(), SPECTRUM_INTERVALS);
    let nodes: &[f32; 2] = tables[at + i..at + i + 2].try_into().expect("two nodes");
    nodes[0] + (nodes[1] - nodes[0]) * f
}

/// Linear interpolation of a table with `intervals + 1` values at equal steps of `u`.
#[inline(always)]
pub fn sample_uniform_table(tables: &[f32], at: usize, intervals: usize, u: f32) -> f32 {
    let (i, f) = interval(u, intervals);
    let nodes: &[f32; 2] = tables[at + i..at + i + 2].try_into().expect("two nodes");
    nodes[0] + (nodes[1] - nodes[0]) * f
}
