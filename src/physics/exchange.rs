//! Exchange of the beta particle with an electron of the atom that it leaves: more slow electrons in a beta-minus spectrum, 10 to 20 % below a
//! few keV, about 1 % at 50 to 100 keV. For allowed transitions, for which it was calculated; that of forbidden ones is neglected, and so is the overlap
//! of initial and final atom.
//!
//! Factor 1 + (a + b T^c) exp(-d T^e), T in keV, fitted for atomic numbers 1 to 102 to Dirac-Hartree-Fock-Slater calculations from 5 eV on
//! (Nitescu, Stoica & Simkovic, doi:10.1103/PhysRevC.107.025501, Eq. 34; `data/ensdf/exchange.csv`).

use std::sync::LazyLock;

use super::embedded;
use crate::units::KEV_PER_MEV;

/// Below this the fit is not defined, keV: its value there is kept.
const LOWEST_KEV: f64 = 0.005;

static PARAMETERS: LazyLock<Vec<Vec<f64>>> =
    LazyLock::new(|| embedded::numbers(include_str!("../../data/ensdf/exchange.csv")).collect());

/// The factor of a kinetic energy (MeV) for the nucleus of atomic number `parent_z` that decays by beta-minus; 1 beyond the table.
pub(super) fn factor(parent_z: u32, energy_mev: f64) -> f64 {
    let Some(p) = PARAMETERS.iter().find(|row| row[0] == f64::from(parent_z)) else { return 1.0 };
    let t = (energy_mev * KEV_PER_MEV).max(LOWEST_KEV);
    // Beyond about 1 MeV the fit of the heaviest goes below 0, by 1 % at most: there is no exchange left.
    1.0 + ((p[1] + p[2] * t.powf(p[3])) * (-p[4] * t.powf(p[5])).exp()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the publication says: within 0 and some tens of per cent, falling with energy, gone for fast electrons. Ni-63 and Pu-241 are its
    /// examples.
    #[test]
    fn adds_slow_electrons() {
        for (z, at_1_kev, at_20_kev) in [(28, 0.174, 0.022), (94, 0.173, 0.053)] {
            assert!((factor(z, 1e-3) - 1.0 - at_1_kev).abs() < 1e-3, "{}", factor(z, 1e-3));
            assert!((factor(z, 2e-2) - 1.0 - at_20_kev).abs() < 1e-3, "{}", factor(z, 2e-2));
        }
        for z in 1..=102 {
            assert!(factor(z, 0.0).is_finite());
            assert!((factor(z, 2.0) - 1.0).abs() < 0.02, "{z}");
            let falls = |e: f64| factor(z, e) >= factor(z, 2.0 * e) - 1e-3;
            assert!([1e-3, 4e-3, 2e-2, 0.1].into_iter().all(falls), "{z}");
        }
        assert_eq!(factor(103, 0.01), 1.0);
    }
}
