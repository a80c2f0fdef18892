//! Rayleigh scattering: the Thomson cross section times the squared form factor.
//!
//! Neglected: anomalous dispersion and molecular interference. Angles are given as `mu = (1 - cos theta) / 2` in 0 to 1.
//! Hubbell et al., J. Phys. Chem. Ref. Data 4, 471 (1975), doi:10.1063/1.555523.

use crate::constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS_CM};
use crate::physics::form_factor::{MixedFormFactor, momentum_transfer};
use std::f64::consts::PI;

/// Rayleigh pdf in mu, not normalised: d(sigma)/d(mu) per mass, cm2/g.
pub fn rayleigh_pdf(material: &MixedFormFactor, energy_mev: f64, mu: f64) -> f64 {
    let cos_theta = 1.0 - 2.0 * mu;
    let thomson = 2.0 * PI * CLASSICAL_ELECTRON_RADIUS_CM.powi(2) * (1.0 + cos_theta * cos_theta);
    let x = momentum_transfer(energy_mev, mu);
    AVOGADRO * thomson * material.form_factor_squared(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::photon::mu_over_rho;
    use crate::physics::reference_data::materials;

    /// Integrates over ln mu, where the forward peak is smooth.
    fn total(mixed: &MixedFormFactor, energy: f64) -> f64 {
        let (n, first) = (4000, (1e-14_f64).ln());
        let h = -first / f64::from(n);
        (0..n)
            .map(|i| {
                let mu = (first + h * (f64::from(i) + 0.5)).exp();
                rayleigh_pdf(mixed, energy, mu) * mu * h
            })
            .sum()
    }

    /// XCOM's coherent totals integrate relativistic form factors (Hubbell and Overbo 1979), the shape here is the 1975
    /// one: totals come from XCOM, so only the shape matters. Within 1 % from 10 keV to 1 MeV for tissue elements.
    #[test]
    fn integrates_to_xcom() {
        let mut worst = (0.0, String::new());
        for name in ["H", "C", "O", "Ca", "water", "bone_cortical_ICRU44"] {
            let material = materials(name);
            let mixed = MixedFormFactor::new(&material).unwrap();
            for energy in [0.01, 0.03, 0.1, 0.3, 1.0] {
                let xcom = mu_over_rho(&material, energy).unwrap().coherent;
                let off = total(&mixed, energy) / xcom - 1.0;
                if off.abs() > f64::abs(worst.0) {
                    worst = (off, format!("{name} {energy} MeV"));
                }
            }
        }
        println!("worst: {:.3} % at {}", 100.0 * worst.0, worst.1);
        assert!(worst.0.abs() < 0.01, "{:.3} % at {}", 100.0 * worst.0, worst.1);
    }
}
