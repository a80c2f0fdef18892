//! Compton scattering: Klein-Nishina cross section times the incoherent scattering function S(x).
//!
//! Neglected: Doppler broadening (the scattered energy follows from the angle as for an electron at rest), radiative
//! corrections and double Compton scattering. Angles are given as `mu = (1 - cos theta) / 2` in 0 to 1.
//! Klein, Nishina, Z. Phys. 52, 853 (1929), doi:10.1007/BF01366453; closed form as in Evans, The Atomic Nucleus (1955), ch. 23.

use crate::constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS_CM, ELECTRON_MASS_MEV};
use crate::numerics::simpson::{in_root, two_in_root};
use crate::physics::form_factor::{MixedFormFactor, momentum_transfer};
use std::f64::consts::PI;

/// Intervals of the angular integrals; Simpson's rule in sqrt(mu), where the integrand is smooth.
const INTERVALS: u32 = 400;

/// Energy of the scattered photon, MeV: `E / (1 + 2 E/mc^2 mu)`.
pub fn scattered_energy(energy_mev: f64, mu: f64) -> f64 {
    energy_mev / (1.0 + 2.0 * energy_mev / ELECTRON_MASS_MEV * mu)
}

/// Klein-Nishina differential cross section d(sigma)/d(mu) of a free electron, cm2.
pub fn klein_nishina(energy_mev: f64, mu: f64) -> f64 {
    let ratio = scattered_energy(energy_mev, mu) / energy_mev;
    let sin2 = 4.0 * mu * (1.0 - mu);
    2.0 * PI * CLASSICAL_ELECTRON_RADIUS_CM.powi(2) * ratio * ratio * (ratio + 1.0 / ratio - sin2)
}

/// Klein-Nishina total cross section of a free electron, cm2.
pub fn klein_nishina_total(energy_mev: f64) -> f64 {
    let k = energy_mev / ELECTRON_MASS_MEV;
    let unit = 2.0 * PI * CLASSICAL_ELECTRON_RADIUS_CM.powi(2);
    if k < 0.02 {
        // Power series: the closed form cancels here.
        let series = 1.0
            + k * (-2.0
                + k * (26.0 / 5.0 + k * (-133.0 / 10.0 + k * (1144.0 / 35.0 - k * 544.0 / 7.0))));
        return unit * 4.0 / 3.0 * series;
    }
    let l = (1.0 + 2.0 * k).ln();
    let first = (1.0 + k) / (k * k) * (2.0 * (1.0 + k) / (1.0 + 2.0 * k) - l / k);
    unit * (first + l / (2.0 * k) - (1.0 + 3.0 * k) / (1.0 + 2.0 * k).powi(2))
}

/// Compton pdf in mu, not normalised: d(sigma)/d(mu) per mass, cm2/g. With `bound` the factor S(x) of the material,
/// else free electrons.
pub fn compton_pdf(material: &MixedFormFactor, energy_mev: f64, mu: f64, bound: bool) -> f64 {
    let electrons = if bound {
        material.incoherent_function(momentum_transfer(energy_mev, mu))
    } else {
        material.electrons()
    };
    AVOGADRO * electrons * klein_nishina(energy_mev, mu)
}

/// Simpson integral over mu of `weight(mu)` times the Compton pdf, cm2/g times the weight's unit.
pub fn compton_integral(
    material: &MixedFormFactor,
    energy_mev: f64,
    bound: bool,
    weight: impl Fn(f64) -> f64,
) -> f64 {
    in_root(INTERVALS, |mu| compton_pdf(material, energy_mev, mu, bound) * weight(mu))
}

/// Mean of `weight(mu)` over the Compton pdf, which is asked once for both integrals.
pub fn compton_mean(
    material: &MixedFormFactor,
    energy_mev: f64,
    bound: bool,
    weight: impl Fn(f64) -> f64,
) -> f64 {
    let [part, whole] = two_in_root(INTERVALS, |mu| {
        let pdf = compton_pdf(material, energy_mev, mu, bound);
        [pdf * weight(mu), pdf]
    });
    part / whole
}

/// Mean energy given to the recoil electron (and its binding) in a Compton scattering, MeV.
pub fn mean_recoil_energy(material: &MixedFormFactor, energy_mev: f64, bound: bool) -> f64 {
    let recoil = |mu: f64| energy_mev - scattered_energy(energy_mev, mu);
    compton_mean(material, energy_mev, bound, recoil)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::photon::mu_over_rho;
    use crate::physics::reference_data::materials;

    const ENERGIES: [f64; 9] = [0.001, 0.005, 0.0102, 0.03, 0.1, 0.3, 1.0, 2.0, 3.5];

    #[test]
    fn free_electrons_integrate_to_the_closed_form() {
        let water = MixedFormFactor::new(&materials("water")).unwrap();
        for energy in ENERGIES {
            let integral = compton_integral(&water, energy, false, |_| 1.0);
            let closed = AVOGADRO * water.electrons() * klein_nishina_total(energy);
            let off = integral / closed - 1.0;
            assert!(off.abs() < 1e-6, "{energy} MeV: {integral} vs {closed}, off {off:e}");
        }
    }

    #[test]
    fn closed_form_meets_its_series_and_known_values() {
        let edge = 0.02 * ELECTRON_MASS_MEV;
        let (low, high) = (edge * (1.0 - 1e-9), edge * (1.0 + 1e-9));
        assert!((klein_nishina_total(low) / klein_nishina_total(high) - 1.0).abs() < 1e-7);
        // Thomson limit.
        let thomson = 8.0 / 3.0 * PI * CLASSICAL_ELECTRON_RADIUS_CM.powi(2);
        assert!((klein_nishina_total(1e-9) / thomson - 1.0).abs() < 1e-7);
    }

    /// S(x) and XCOM's incoherent totals come from the same work: their integrals must agree. Bars: 0.6 % up to Ca, 1.5 % for
    /// heavier elements. Seen: -0.24 % at 3.5 MeV for every element (XCOM adds radiative corrections and double
    /// Compton scattering), +0.5 % for Ca and +1.3 % for Pb at 30 keV. Only the shape is used: totals are XCOM's.
    #[test]
    fn bound_electrons_integrate_to_xcom() {
        let light = ["H", "C", "O", "Ca", "water", "bone_cortical_ICRU44"];
        for (names, bar) in [(&light[..], 0.006), (&["I", "Pb"][..], 0.015)] {
            let mut worst = (0.0, String::new());
            for name in names {
                let material = materials(name);
                let mixed = MixedFormFactor::new(&material).unwrap();
                for energy in ENERGIES.into_iter().filter(|&e| e >= 0.01) {
                    let xcom = mu_over_rho(&material, energy).unwrap().incoherent;
                    let off = compton_integral(&mixed, energy, true, |_| 1.0) / xcom - 1.0;
                    if off.abs() > f64::abs(worst.0) {
                        worst = (off, format!("{name} {energy} MeV"));
                    }
                }
            }
            println!("worst: {:.3} % at {}", 100.0 * worst.0, worst.1);
            assert!(worst.0.abs() < bar, "{:.3} % at {}", 100.0 * worst.0, worst.1);
        }
    }

    /// Evans 1955: mean recoil energy over photon energy of a free electron at 1 MeV is 0.440, at 0.1 MeV 0.138.
    #[test]
    fn mean_recoil_energy_of_free_electrons() {
        let water = MixedFormFactor::new(&materials("water")).unwrap();
        for (energy, fraction) in [(1.0, 0.440), (0.1, 0.138)] {
            let ours = mean_recoil_energy(&water, energy, false) / energy;
            assert!((ours - fraction).abs() < 6e-4, "{energy} MeV: {ours}");
        }
        // Binding favours large angles and so larger transfers.
        assert!(mean_recoil_energy(&water, 0.02, true) > mean_recoil_energy(&water, 0.02, false));
    }
}
