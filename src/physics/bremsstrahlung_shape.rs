//! Shape of the bremsstrahlung spectrum of one element: neglects screening and all but Elwert's Coulomb
//! correction; what that gets wrong in size is mended by normalising to the radiative stopping power.
//!
//! Bethe-Heitler cross section differential in photon energy, Born approximation (3BN of Koch and Motz, Rev. Mod.
//! Phys. 31, 920 (1959), doi:10.1103/RevModPhys.31.920), times Elwert's factor (Ann. Phys. 426, 178 (1939),
//! doi:10.1002/andp.19394260206). Without screening k dsigma/dk diverges as ln(1/k): below kappa = k/E = 0.05 it is
//! kept at its value there. The shape chi(kappa) is k dsigma/dk scaled to int_0^1 chi dkappa = 1.

use std::f64::consts::PI;
use std::sync::{LazyLock, OnceLock};

use crate::constants::{ELECTRON_MASS_MEV, FINE_STRUCTURE};
use crate::physics::lepton::beta_squared;
use crate::physics::stopping::{ENERGY_MAX_MEV, ENERGY_MIN_MEV};

/// Photon energy share below which k dsigma/dk is taken as constant.
pub(crate) const KAPPA_FLAT: f64 = 0.05;
/// Share at which the tip, kappa = 1, is evaluated: 3BN cancels numerically at the tip itself.
const KAPPA_TIP: f64 = 1.0 - 1e-4;
/// Intervals of kappa between the flat part and the tip.
const KAPPA_INTERVALS: usize = 48;
/// Nodes per decade of energy.
const NODES_PER_DECADE: usize = 8;

/// Shapes of one element: `[energy node][kappa node]`.
pub(crate) type Shape = Vec<Vec<f64>>;

/// Nodes of kappa, 0 to 1, dense at both ends of the part that is not flat.
pub(crate) static KAPPA: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let share = |j: usize| 0.5 * (1.0 - (PI * j as f64 / KAPPA_INTERVALS as f64).cos());
    let bent = (0..=KAPPA_INTERVALS).map(|j| KAPPA_FLAT + (1.0 - KAPPA_FLAT) * share(j));
    std::iter::once(0.0).chain(bent).collect()
});

/// Nodes of the energy of the electron, MeV, 1 keV to 10 MeV.
pub(crate) static ENERGIES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let decades = (ENERGY_MAX_MEV / ENERGY_MIN_MEV).log10().round() as usize;
    (0..=decades * NODES_PER_DECADE)
        .map(|i| ENERGY_MIN_MEV * 10f64.powf(i as f64 / NODES_PER_DECADE as f64))
        .collect()
});

/// The shapes of element `z`, worked out at the first call.
pub(crate) fn shape(z: u8) -> &'static Shape {
    static SHAPES: [OnceLock<Shape>; 256] = [const { OnceLock::new() }; 256];
    SHAPES[usize::from(z)].get_or_init(|| ENERGIES.iter().map(|&e| row(z, e)).collect())
}

/// chi at the nodes of kappa.
fn row(z: u8, energy_mev: f64) -> Vec<f64> {
    let value = |&kappa: &f64| k_dsigma_dk(z, energy_mev, kappa.clamp(KAPPA_FLAT, KAPPA_TIP));
    let mut chi: Vec<f64> = KAPPA.iter().map(value).collect();
    let area: f64 =
        (1..chi.len()).map(|j| 0.5 * (KAPPA[j] - KAPPA[j - 1]) * (chi[j] + chi[j - 1])).sum();
    chi.iter_mut().for_each(|c| *c /= area);
    chi
}

/// k dsigma/dk of 3BN times Elwert's factor, in units of alpha r_e^2 Z^2.
fn k_dsigma_dk(z: u8, energy_mev: f64, kappa: f64) -> f64 {
    let total = |t: f64| t / ELECTRON_MASS_MEV + 1.0;
    let momentum = |t: f64| (t / ELECTRON_MASS_MEV * (t / ELECTRON_MASS_MEV + 2.0)).sqrt();
    let after = energy_mev * (1.0 - kappa);
    let (e0, e, k) = (total(energy_mev), total(after), kappa * energy_mev / ELECTRON_MASS_MEV);
    let (p0, p) = (momentum(energy_mev), momentum(after));
    let (eps0, eps) = (2.0 * (e0 + p0).ln(), 2.0 * (e + p).ln());
    let l = 2.0 * ((e0 * e + p0 * p - 1.0) / k).ln();
    let first = 4.0 / 3.0 - 2.0 * e0 * e * (p * p + p0 * p0) / (p * p * p0 * p0)
        + eps0 * e / p0.powi(3)
        + eps * e0 / p.powi(3)
        - eps * eps0 / (p * p0);
    let inner = (e0 * e + p0 * p0) / p0.powi(3) * eps0 - (e0 * e + p * p) / p.powi(3) * eps
        + 2.0 * k * e0 * e / (p * p * p0 * p0);
    let second = 8.0 * e0 * e / (3.0 * p0 * p)
        + k * k * (e0 * e0 * e * e + p0 * p0 * p * p) / (p0 * p).powi(3)
        + k / (2.0 * p0 * p) * inner;
    let coupling = 2.0 * PI * FINE_STRUCTURE * f64::from(z);
    let (beta0, beta) = (beta_squared(energy_mev).sqrt(), beta_squared(after).sqrt());
    let elwert = beta0 * -(-coupling / beta0).exp_m1() / (beta * -(-coupling / beta).exp_m1());
    p / p0 * (first + l * second) * elwert
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS_CM};
    use crate::numerics::LogSpline;
    use crate::numerics::quadrature::integrate_log;
    use crate::physics::electron_data::{element, radiative_energies_mev};

    #[test]
    fn the_spectrum_is_positive_and_falls() {
        for z in [1, 8, 20, 82] {
            for (i, row) in shape(z).iter().enumerate() {
                for j in 1..row.len() {
                    let (a, b) = (row[j - 1], row[j]);
                    assert!(
                        b > 0.0 && b <= a * 1.001,
                        "Z {z}, E node {i}, kappa node {j}: {a} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn its_size_is_near_the_radiative_stopping_power_even_without_normalising() {
        // Screening, Coulomb corrections and the atom's electrons all neglected, they largely cancel: within
        // 10 %. A slip in a term of 3BN would show here.
        let scale = FINE_STRUCTURE * CLASSICAL_ELECTRON_RADIUS_CM.powi(2) * AVOGADRO;
        for z in [6, 8, 13] {
            let element = element(z).unwrap();
            let tabulated = LogSpline::natural(radiative_energies_mev(), &element.radiative);
            for e in [0.05, 0.2, 1.0, 3.0] {
                let per_atom =
                    e * integrate_log(1e-4, KAPPA_TIP, 400, |kappa| k_dsigma_dk(z, e, kappa));
                let size = scale * f64::from(z).powi(2) / element.atomic_weight * per_atom;
                let ratio = size / tabulated.value(e);
                assert!((ratio - 1.0).abs() < 0.1, "Z {z}, {e} MeV: {ratio}");
            }
        }
    }

    #[test]
    fn slow_electrons_follow_the_kramers_like_limit() {
        // The non-relativistic limit of 3BN: (16/3) ln((p0 + p)/(p0 - p)) / p0^2.
        let (energy, kappa) = (0.001, 0.5);
        let p = |t: f64| (t / ELECTRON_MASS_MEV * (t / ELECTRON_MASS_MEV + 2.0)).sqrt();
        let (p0, p1) = (p(energy), p(energy * (1.0 - kappa)));
        let limit = 16.0 / 3.0 / (p0 * p0) * ((p0 + p1) / (p0 - p1)).ln();
        // Elwert's factor of a nearly chargeless nucleus is one; Z = 0 has none.
        let born = k_dsigma_dk(1, energy, kappa) / elwert_of_hydrogen(energy, kappa);
        assert!((born / limit - 1.0).abs() < 0.01, "{born} against {limit}");
    }

    fn elwert_of_hydrogen(energy: f64, kappa: f64) -> f64 {
        let c = 2.0 * PI * FINE_STRUCTURE;
        let (b0, b) = (beta_squared(energy).sqrt(), beta_squared(energy * (1.0 - kappa)).sqrt());
        b0 * (1.0 - (-c / b0).exp()) / (b * (1.0 - (-c / b).exp()))
    }
}
