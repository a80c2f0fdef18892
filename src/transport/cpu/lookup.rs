//! Table look-ups: linear interpolation on the fine energy grid, inverse-CDF sampling on the coarse one.

use super::math::{larger, smaller};
use crate::transport::layout::{
    ANGULAR_HEADER, ANGULAR_INTERVALS, ANGULAR_STRIDE, COARSE_BITS, COARSE_NODES, FINE_BITS,
    FINE_INTERVALS, LEPTON_RECORD, PHOTON_RECORD, SPECTRUM_INTERVALS, SPECTRUM_STRIDE,
    WINDOW_INTERVALS, locate, windowed,
};

/// Linear interpolation of `N` quantities from number `FIRST` on, in the records of a material that start at `base`.
#[inline(always)]
fn interpolate<const RECORD: usize, const FIRST: usize, const N: usize>(
    tables: &[f32],
    base: usize,
    energy: f32,
) -> [f32; N] {
    let (i, f) = locate::<FINE_BITS>(energy);
    let at = base + i * RECORD + 2 * FIRST;
    let ends = &tables[at..at + 2 * N];
    std::array::from_fn(|k| ends[2 * k] + (ends[2 * k + 1] - ends[2 * k]) * f)
}

/// Linear interpolation between the ends of interval `i` of a windowed table.
#[inline(always)]
fn within(tables: &[f32], at: usize, (i, f): (usize, f32)) -> f32 {
    let node = at + i + i / WINDOW_INTERVALS;
    let ends: &[f32; 2] = tables[node..node + 2].try_into().expect("two nodes");
    ends[0] + (ends[1] - ends[0]) * f
}

/// Start of a lepton's records.
#[inline(always)]
fn lepton_base(offset: u32, set: usize) -> usize {
    offset as usize + set * FINE_INTERVALS * LEPTON_RECORD
}

/// Start of a material's photon records.
#[inline(always)]
fn photon_base(offset: u32, material: usize) -> usize {
    offset as usize + material * FINE_INTERVALS * PHOTON_RECORD
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
    let at = lepton_base(offset, set) + i * LEPTON_RECORD;
    let &[low_loss, high_loss, low_strength, high_strength] =
        tables[at..at + 4].first_chunk().expect("two quantities");
    // An interval is 2^-FINE_BITS of its octave's lower energy: a step down in the exponent's bits.
    let octave = (energy.to_bits() & 0x7f80_0000) - (FINE_BITS << 23);
    let per_mev = 1.0 / f32::from_bits(octave);
    let (loss, strength) = (high_loss - low_loss, high_strength - low_strength);
    LeptonRates {
        loss: low_loss + loss * f,
        loss_slope: loss * per_mev,
        strength: low_strength + strength * f,
        strength_slope: strength * per_mev,
    }
}

/// CSDA range, g/cm2.
#[inline(always)]
pub fn csda_range(tables: &[f32], offset: u32, set: usize, energy: f32) -> f32 {
    interpolate::<LEPTON_RECORD, 4, 1>(tables, lepton_base(offset, set), energy)[0]
}

/// Hard cross section (cm2/g), and bremsstrahlung's share of it.
#[inline(always)]
pub fn hard_rates(tables: &[f32], offset: u32, set: usize, energy: f32) -> [f32; 2] {
    interpolate::<LEPTON_RECORD, 2, 2>(tables, lepton_base(offset, set), energy)
}

/// Expected number of bremsstrahlung photons emitted while slowing down to rest.
#[inline(always)]
pub fn thick_target_photons(tables: &[f32], offset: u32, set: usize, energy: f32) -> f32 {
    interpolate::<LEPTON_RECORD, 5, 1>(tables, lepton_base(offset, set), energy)[0]
}

/// mu/rho and mu_en/rho, cm2/g.
#[inline(always)]
pub fn photon_rates(tables: &[f32], offset: u32, material: usize, energy: f32) -> [f32; 2] {
    interpolate::<PHOTON_RECORD, 0, 2>(tables, photon_base(offset, material), energy)
}

/// Cumulative shares of Compton, photoelectric, Rayleigh.
#[inline(always)]
pub fn photon_shares(tables: &[f32], offset: u32, material: usize, energy: f32) -> [f32; 3] {
    interpolate::<PHOTON_RECORD, 2, 3>(tables, photon_base(offset, material), energy)
}

/// Probabilities of K fluorescence of the first and of the second element, per photoelectric absorption.
#[inline(always)]
pub fn fluorescence_probabilities(
    tables: &[f32],
    offset: u32,
    material: usize,
    energy: f32,
) -> [f32; 2] {
    interpolate::<PHOTON_RECORD, 6, 2>(tables, photon_base(offset, material), energy)
}

/// One value of a windowed table over the fine grid.
#[inline(always)]
pub fn majorant(tables: &[f32], offset: u32, class: usize, energy: f32) -> f32 {
    within(tables, offset as usize + class * windowed(FINE_INTERVALS), locate::<FINE_BITS>(energy))
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
    let ratio = within(tables, at + ANGULAR_HEADER, interval(u.sqrt(), ANGULAR_INTERVALS));
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
    within(tables, at, interval(u.sqrt(), SPECTRUM_INTERVALS))
}

/// Linear interpolation of a windowed table of `intervals` equal steps of `u`.
#[inline(always)]
pub fn sample_uniform_table(tables: &[f32], at: usize, intervals: usize, u: f32) -> f32 {
    within(tables, at, interval(u, intervals))
}
