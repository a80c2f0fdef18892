//! Pair and triplet production: first-Born cross sections, and a simple model of the energies and angles.
//!
//! Neglected: the recoil electron of a triplet (the pair shares its energy), the correlation of the two polar angles, and the
//! shape of the energy split: it is uniform here, while the Born split is a dome that falls to zero at both ends. The mean
//! energy of each partner is the same.

use crate::constants::{CLASSICAL_ELECTRON_RADIUS_CM, ELECTRON_MASS_MEV, FINE_STRUCTURE};
use std::f64::consts::PI;

/// Threshold of pair production in a nucleus' field, MeV.
pub const PAIR_THRESHOLD_MEV: f64 = 2.0 * ELECTRON_MASS_MEV;
/// Threshold of pair production in an electron's field (triplet), MeV.
pub const TRIPLET_THRESHOLD_MEV: f64 = 4.0 * ELECTRON_MASS_MEV;

/// Riemann zeta(3).
const ZETA_3: f64 = 1.202_056_903_159_594_3;

/// Unscreened first-Born cross section of pair production per atom and Z^2, cm2 (zero below threshold).
///
/// Neglects the Coulomb correction and screening, which the tables carry as a ratio to it.
/// L. C. Maximon, J. Res. Natl. Bur. Stand. 72B, 79 (1968); the two series meet at 4 m c^2.
pub fn born_pair_xs(energy_mev: f64) -> f64 {
    let k = energy_mev / ELECTRON_MASS_MEV;
    if k <= 2.0 {
        return 0.0;
    }
    let unit = FINE_STRUCTURE * CLASSICAL_ELECTRON_RADIUS_CM.powi(2);
    if k < 4.0 {
        let e = (2.0 * k - 4.0) / (2.0 + k + 2.0 * (2.0 * k).sqrt());
        let series = 1.0 + e * (0.5 + e * (23.0 / 40.0 + e * (11.0 / 60.0 + e * (29.0 / 960.0))));
        return unit * 2.0 * PI / 3.0 * ((k - 2.0) / k).powi(3) * series;
    }
    let l = (2.0 * k).ln();
    let q = 4.0 / (k * k);
    let first = 28.0 / 9.0 * l - 218.0 / 27.0;
    let second = 6.0 * l - 3.5 + 2.0 / 3.0 * l.powi(3) - l * l - PI * PI / 3.0 * l
        + 2.0 * ZETA_3
        + PI * PI / 6.0;
    let third = 3.0 / 16.0 * l + 1.0 / 8.0;
    let fourth = 29.0 / (9.0 * 256.0) * l - 77.0 / (27.0 * 512.0);
    unit * (first + q * second - q * q * third - q * q * q * fourth)
}

/// First-Born cross section of pair production in the field of a free electron, cm2 per electron (zero below threshold).
///
/// Neglects binding and screening. Fits for photons up to 18 m c^2 = 9.2 MeV:
/// E. Haug, Z. Naturforsch. 36a, 413 (1981).
pub fn born_triplet_xs(energy_mev: f64) -> f64 {
    let k = energy_mev / ELECTRON_MASS_MEV;
    let unit = FINE_STRUCTURE * CLASSICAL_ELECTRON_RADIUS_CM.powi(2);
    let y = k - 4.0;
    unit * if y <= 0.0 {
        0.0
    } else if k <= 4.6 {
        (5.6 + y * (20.4 + y * (-10.9 + y * (-3.6 + y * 7.4)))) * 1e-3 * y * y
    } else if k <= 6.0 {
        0.582_814 + k * (-0.298_42 + k * (0.043_54 - 0.001_297_7 * k))
    } else {
        (3.1247 + k * (-1.3394 + 0.146_12 * k)) / (1.0 + k * (0.4648 + 0.016_683 * k))
    }
}

/// Pdf of the electron's share `u` in the kinetic energy of a pair: `T- = u (E - 2 m c^2)`, `T+ = (1 - u)(E - 2 m c^2)`.
/// Uniform in (0, 1); see the module's text for what that neglects.
pub fn pair_split_pdf(u: f64) -> f64 {
    if (0.0..=1.0).contains(&u) { 1.0 } else { 0.0 }
}

/// Pdf of cos(theta) between the photon and a pair partner of kinetic energy `kinetic_mev`; azimuths are opposite.
///
/// The leading term of the Sauter-Gluckstern-Hull distribution, `(1 - b^2) / (2 (1 - b cos theta)^2)` with b = v/c;
/// neglects its further terms. Motz, Olsen, Koch, Rev. Mod. Phys. 41, 581 (1969), doi:10.1103/RevModPhys.41.581, eq. 3D-2000.
/// Its inverse: `cos theta = (b + c) / (1 + b c)` with `c = 2 xi - 1`, xi uniform.
pub fn pair_angle_pdf(kinetic_mev: f64, cos_theta: f64) -> f64 {
    let gamma = 1.0 + kinetic_mev / ELECTRON_MASS_MEV;
    let beta = (1.0 - 1.0 / (gamma * gamma)).max(0.0).sqrt();
    1.0 / (2.0 * gamma * gamma * (1.0 - beta * cos_theta).powi(2))
}

/// Kinetic energy that a pair shares, MeV (negative below threshold).
pub fn pair_kinetic_mev(energy_mev: f64) -> f64 {
    energy_mev - PAIR_THRESHOLD_MEV
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_meet() {
        let k4 = 4.0 * ELECTRON_MASS_MEV;
        let (low, high) = (born_pair_xs(k4 * (1.0 - 1e-9)), born_pair_xs(k4 * (1.0 + 1e-9)));
        assert!((low / high - 1.0).abs() < 2e-4, "{low} {high}");
        for k in [4.6, 6.0] {
            let e = k * ELECTRON_MASS_MEV;
            let (low, high) =
                (born_triplet_xs(e * (1.0 - 1e-9)), born_triplet_xs(e * (1.0 + 1e-9)));
            assert!((low / high - 1.0).abs() < 5e-3, "k = {k}: {low} {high}");
        }
    }

    #[test]
    fn angle_pdf_is_normalised_and_inverts_as_said() {
        for kinetic in [0.01, 0.3, 2.0] {
            let n = 20_000;
            let h = 2.0 / f64::from(n);
            let sum: f64 =
                (0..n).map(|i| pair_angle_pdf(kinetic, -1.0 + h * (f64::from(i) + 0.5)) * h).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            // d cos / d xi * pdf = 1
            let gamma = 1.0 + kinetic / ELECTRON_MASS_MEV;
            let beta = (1.0 - 1.0 / (gamma * gamma)).sqrt();
            let inverse = |xi: f64| (beta + 2.0 * xi - 1.0) / (1.0 + beta * (2.0 * xi - 1.0));
            let (xi, d) = (0.3, 1e-6);
            let slope = (inverse(xi + d) - inverse(xi - d)) / (2.0 * d);
            assert!((slope * pair_angle_pdf(kinetic, inverse(xi)) - 1.0).abs() < 1e-6);
        }
        assert_eq!(pair_split_pdf(0.5) + pair_split_pdf(-0.1) + pair_split_pdf(1.1), 1.0);
        assert!(pair_kinetic_mev(PAIR_THRESHOLD_MEV).abs() < 1e-15);
        assert!((pair_kinetic_mev(3.0) - 1.978_002_1).abs() < 1e-7);
    }
}
