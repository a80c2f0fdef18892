//! Mass energy-absorption coefficients from this crate's own cross sections.
//!
//! Neglected: fluorescence of L and higher shells and after Compton scattering, annihilation in flight, and fluorescence
//! after electron impact. The radiation yield of the secondary electrons is approximate unless the caller brings its own:
//! Bethe's collision stopping power without density effect, and Heitler's radiative one without screening, which is
//! within 12 % for Z up to 20. As defined by Seltzer, Radiat. Res. 136, 147 (1993), doi:10.2307/3578607.

use crate::constants::{ELECTRON_MASS_MEV, FINE_STRUCTURE};
use crate::error::Result;
use crate::physics::Material;
use crate::physics::compton::scattered_energy;
use crate::physics::element::element;
use crate::physics::fluorescence::k_fluorescence;
use crate::physics::incoherent::{Incoherent, IncoherentModel};
use crate::physics::pair::pair_kinetic_mev;
use crate::physics::photon::{MAX_PHOTON_MEV, mu_over_rho};
use crate::units::EV_PER_MEV;
use std::f64::consts::{LN_2, PI};

/// Lowest energy of the approximate yield's table, MeV; below it S_rad/S_col is constant.
const MIN_YIELD_MEV: f64 = 0.01;
const YIELD_NODES: usize = 120;
/// Points of the average over the split of a pair's kinetic energy.
const SPLIT_POINTS: u32 = 32;

/// Mass energy-absorption coefficient, cm2/g, with the approximate radiation yield of the secondary electrons.
/// For many energies of one material, build one [`EnergyAbsorption`].
///
/// # Errors
/// When the energy lies outside the photon tables or an element has no data.
pub fn mu_en_over_rho(material: &Material, energy_mev: f64) -> Result<f64> {
    EnergyAbsorption::new(material)?.mu_en_over_rho(energy_mev)
}

/// What the energy absorption of a material needs, made once.
pub struct EnergyAbsorption<'a> {
    material: &'a Material,
    incoherent: Incoherent,
    radiation_yield: Box<dyn Fn(f64) -> f64 + 'a>,
}

impl<'a> EnergyAbsorption<'a> {
    /// With the approximate radiation yield.
    ///
    /// # Errors
    /// When an element has no data.
    pub fn new(material: &'a Material) -> Result<Self> {
        let table = ApproximateYield::new(material)?;
        Self::with_radiation_yield(material, move |kinetic| table.value(kinetic))
    }

    /// The same with another model of incoherent scattering than XCOM's.
    pub fn with_incoherent(self, incoherent: Incoherent) -> Self {
        EnergyAbsorption { incoherent, ..self }
    }

    /// With a given radiation yield: the fraction of an electron's kinetic energy (MeV) that leaves as bremsstrahlung
    /// while it slows down to rest.
    ///
    /// # Errors
    /// When an element has no data.
    pub fn with_radiation_yield(
        material: &'a Material,
        radiation_yield: impl Fn(f64) -> f64 + 'a,
    ) -> Result<Self> {
        Ok(EnergyAbsorption {
            material,
            incoherent: Incoherent::new(material, IncoherentModel::Xcom)?,
            radiation_yield: Box::new(radiation_yield),
        })
    }

    /// Mass energy-absorption coefficient, cm2/g.
    ///
    /// # Errors
    /// When the energy lies outside the photon tables.
    pub fn mu_en_over_rho(&self, energy_mev: f64) -> Result<f64> {
        let mu = mu_over_rho(self.material, energy_mev)?;
        let kept = |kinetic: f64| kinetic * (1.0 - (self.radiation_yield)(kinetic));

        let lines = k_fluorescence(self.material, energy_mev)?;
        let shining: f64 = lines.iter().map(|line| line.probability * line.energy_mev).sum();
        let photoelectric = kept(energy_mev - shining) / energy_mev;

        // Doppler broadening moves the mean transfer by the second order of the electron's momentum.
        let recoil = |angle: f64| kept(energy_mev - scattered_energy(energy_mev, angle));
        let compton = self.incoherent.mean(energy_mev, recoil) / energy_mev;
        let incoherent = self.incoherent.mu_over_rho(energy_mev, mu.incoherent);

        let shared = pair_kinetic_mev(energy_mev);
        let pair = if shared > 0.0 {
            let one = |i: u32| kept(shared * (f64::from(i) + 0.5) / f64::from(SPLIT_POINTS));
            2.0 * (0..SPLIT_POINTS).map(one).sum::<f64>() / f64::from(SPLIT_POINTS) / energy_mev
        } else {
            0.0
        };
        Ok(mu.photoelectric * photoelectric
            + incoherent * compton
            + (mu.pair_nuclear + mu.pair_electron) * pair)
    }
}

/// Radiation yield from two short formulas, tabulated uniformly in ln T.
struct ApproximateYield {
    ln_step: f64,
    yields: Vec<f64>,
}

impl ApproximateYield {
    fn new(material: &Material) -> Result<Self> {
        let (mut electrons, mut z_squared) = (0.0, 0.0);
        for &(z, fraction) in &material.mass_fractions {
            let moles = fraction / element(z)?.atomic_weight;
            electrons += moles * f64::from(z);
            z_squared += moles * f64::from(z) * (f64::from(z) + 1.0);
        }
        let mean_excitation = material.mean_excitation_ev / EV_PER_MEV / ELECTRON_MASS_MEV;
        // Radiated part of the energy lost at T; common factors of both stopping powers (r_e^2 N_A m c^2) left out.
        let radiated = |kinetic: f64| {
            let t = kinetic / ELECTRON_MASS_MEV;
            let gamma = 1.0 + t;
            let beta2 = t * (t + 2.0) / (gamma * gamma);
            let f = (1.0 - beta2) * (1.0 + t * t / 8.0 - (2.0 * t + 1.0) * LN_2);
            let bethe = 2.0 * (t / mean_excitation).ln() + (t / 2.0).ln_1p() + f;
            let collision = 2.0 * PI * electrons / beta2 * bethe;
            let heitler = (16.0_f64 / 3.0).max(4.0 * ((2.0 * gamma).ln() - 1.0 / 3.0));
            let radiative = FINE_STRUCTURE * z_squared * gamma * heitler;
            radiative / (radiative + collision)
        };
        let ln_step = (MAX_PHOTON_MEV / MIN_YIELD_MEV).ln() / (YIELD_NODES - 1) as f64;
        let energy = |i: usize| MIN_YIELD_MEV * (ln_step * i as f64).exp();
        let mut lost = MIN_YIELD_MEV * radiated(MIN_YIELD_MEV);
        let mut yields = vec![lost / MIN_YIELD_MEV];
        for i in 1..YIELD_NODES {
            let (low, high) = (energy(i - 1), energy(i));
            lost += 0.5 * (high - low) * (radiated(low) + radiated(high));
            yields.push(lost / high);
        }
        Ok(ApproximateYield { ln_step, yields })
    }

    fn value(&self, kinetic_mev: f64) -> f64 {
        let t = ((kinetic_mev / MIN_YIELD_MEV).ln() / self.ln_step).max(0.0);
        let i = (t as usize).min(YIELD_NODES - 2);
        let share = (t - i as f64).min(1.0);
        self.yields[i] + (self.yields[i + 1] - self.yields[i]) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::reference_data::{Reference, materials};

    /// NISTIR 5632, 1 keV to 3 MeV, all its mixtures, without the rows at edges. The bar is 1 %; 0.3 % is held from 10 keV
    /// (worst: bone at 3 MeV, 0.18 %, by the approximate radiation yield) and 0.6 % below (worst: bone at 5 keV, -0.47 %,
    /// calcium's K fluorescence; soft tissues +0.35 % at 1 keV).
    #[test]
    #[cfg_attr(not(shared_reference), ignore = "needs ../shared/reference")]
    fn agrees_with_nistir_5632() {
        let reference = Reference::read("nistir5632_mu_muen.csv");
        for (range, bar) in [(0.01..=3.0, 0.003), (0.001..=0.009_999, 0.006)] {
            let mut worst = (0.0, String::new());
            for (i, row) in reference.rows.iter().enumerate() {
                let energy: f64 = row[1].parse().unwrap();
                if !range.contains(&energy) || reference.is_edge(i) {
                    continue;
                }
                let ours = mu_en_over_rho(&materials(&row[0]), energy).unwrap();
                let off = ours / row[3].parse::<f64>().unwrap() - 1.0;
                if off.abs() > f64::abs(worst.0) {
                    worst = (off, format!("{} {energy} MeV", row[0]));
                }
            }
            println!("{range:?} MeV: worst {:.3} % at {}", 100.0 * worst.0, worst.1);
            assert!(worst.0 != 0.0 && worst.0.abs() < bar, "{:.3} %: {}", 100.0 * worst.0, worst.1);
        }
    }

    /// Radiation yields of water integrated from ESTAR's stopping powers.
    #[test]
    fn approximate_yield_is_within_fifteen_per_cent() {
        let table = ApproximateYield::new(&materials("water")).unwrap();
        for (kinetic, estar) in
            [(0.15, 7.9258e-4), (0.6, 2.2917e-3), (1.25, 4.4161e-3), (3.0, 1.0916e-2)]
        {
            let ours = table.value(kinetic);
            assert!((ours / estar - 1.0).abs() < 0.15, "{kinetic} MeV: {ours} vs {estar}");
        }
    }
}
