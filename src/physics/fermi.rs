//! The Coulomb field of the daughter on the beta particle: Fermi function of a finite nucleus, screening by the atom's electrons, and the ratios
//! lambda_k of forbidden decays. Neglected: atomic overlap, radiative corrections, weak magnetism, the shape of the nuclear charge. Exchange:
//! `exchange`.
//!
//! Units are natural: energies in electron masses (W is the total energy), momenta in m c, lengths in reduced Compton wavelengths. Z is that of
//! the daughter, positive for beta-minus and negative for beta-plus. Formulas: Behrens & Jänecke, Numerical Tables for Beta-Decay and Electron
//! Capture (Landolt-Börnstein I/4, 1969); Wilkinson, doi:10.1016/0168-9002(90)90285-V, as reviewed by Hayen et al.,
//! doi:10.1103/RevModPhys.90.015008.

use std::f64::consts::{LN_2, PI};

use crate::constants::FINE_STRUCTURE;

/// Reduced Compton wavelength of the electron, fm.
const COMPTON_FM: f64 = 386.159_267_96;
/// Screening potential: V0 = 1.13 alpha^2 Z^(4/3) (Gove & Martin, doi:10.1016/S0092-640X(71)80026-8).
const SCREENING: f64 = 1.13;

/// Radius of the sphere that has the nucleus' charge (Elton 1961, as in Wilkinson 1990).
pub(super) fn nuclear_radius(a: u32) -> f64 {
    let a = f64::from(a);
    let third = a.cbrt();
    (1.121 * third + 2.426 / third - 6.614 / a).max(1.0) / COMPTON_FM
}

/// Z to the power of 4/3 of a screening potential.
fn screening_potential(z: f64) -> f64 {
    SCREENING * FINE_STRUCTURE * FINE_STRUCTURE * z.abs().powf(4.0 / 3.0)
}

/// p W F(Z, W) times its correction for a finite nucleus, with screening after Rose (doi:10.1103/PhysRev.49.727). A constant factor is left
/// out. Below the screening potential, where Rose's shift has no meaning, its value at rest is kept.
pub(super) fn phase_space_factor(z: f64, w: f64, radius: f64) -> f64 {
    let shifted = w - z.signum() * screening_potential(z);
    let w = shifted.max(1.0 + 1e-7);
    let p = (w * w - 1.0).sqrt();
    (p.ln() + w.ln() + ln_fermi(z, 1, w, radius)).exp() * finite_size(z, w, radius)
}

/// lambda_k = F_(k-1) (k + gamma_k) / (k F_0 (1 + gamma_1)): the ratio of the Coulomb functions of higher partial waves.
pub(super) fn lambda(z: f64, k: u32, w: f64, radius: f64) -> f64 {
    let gamma = |k: u32| gamma_of(z, k);
    let amplitude = (f64::from(k) + gamma(k)) / (f64::from(k) * (1.0 + gamma(1)));
    amplitude * (ln_fermi(z, k, w, radius) - ln_fermi(z, 1, w, radius)).exp()
}

/// L0 of Wilkinson: a uniformly charged sphere in place of a point.
fn finite_size(z: f64, w: f64, radius: f64) -> f64 {
    let az = FINE_STRUCTURE * z;
    let gamma = gamma_of(z, 1);
    1.0 + 13.0 / 60.0 * az * az
        - az * w * radius * (41.0 - 26.0 * gamma) / (15.0 * (2.0 * gamma - 1.0))
        - az * radius * gamma * (17.0 - 2.0 * gamma) / (30.0 * w * (2.0 * gamma - 1.0))
}

fn gamma_of(z: f64, k: u32) -> f64 {
    let az = FINE_STRUCTURE * z;
    (f64::from(k * k) - az * az).sqrt()
}

/// ln F_(k-1) = ln ([k (2k-1)!!]^2 4^k (2 p R)^(2 (gamma_k - k)) e^(pi y) |Gamma(gamma_k + i y)|^2 / Gamma(1 + 2 gamma_k)^2), y = alpha Z W/p.
fn ln_fermi(z: f64, k: u32, w: f64, radius: f64) -> f64 {
    let p = (w * w - 1.0).sqrt();
    let y = FINE_STRUCTURE * z * w / p;
    let gamma = gamma_of(z, k);
    let odd: f64 = (1..=k).map(|i| f64::from(2 * i - 1)).product();
    2.0 * (f64::from(k) * odd).ln()
        + f64::from(k) * 2.0 * LN_2
        + 2.0 * (gamma - f64::from(k)) * (2.0 * p * radius).ln()
        + PI * y
        + 2.0 * ln_abs_gamma(gamma, y)
        - 2.0 * libm::lgamma(1.0 + 2.0 * gamma)
}

/// ln |Gamma(x + i y)| for x > 0: recurrence up to |z| >= 12, then Stirling's series (Abramowitz & Stegun 6.1.41).
fn ln_abs_gamma(x: f64, y: f64) -> f64 {
    let (mut x, mut down) = (x, 0.0);
    while x * x + y * y < 144.0 {
        down += 0.5 * (x * x + y * y).ln();
        x += 1.0;
    }
    let square = x * x + y * y;
    let (ln_abs, angle) = (0.5 * square.ln(), y.atan2(x));
    // Real parts of 1/z, 1/z^3, 1/z^5, 1/z^7.
    let inverse = |n: i32| square.powf(-0.5 * f64::from(n)) * (f64::from(n) * angle).cos();
    (x - 0.5) * ln_abs - y * angle - x + 0.5 * (2.0 * PI).ln() + inverse(1) / 12.0
        - inverse(3) / 360.0
        + inverse(5) / 1260.0
        - inverse(7) / 1680.0
        - down
}

#[cfg(test)]
mod tests {
    use super::*;

    /// |Gamma(1 + iy)|^2 = pi y / sinh(pi y); |Gamma(1/2 + iy)|^2 = pi / cosh(pi y) (Abramowitz & Stegun 6.1.30, 6.1.31).
    #[test]
    fn complex_gamma_in_closed_form() {
        for y in [1e-6f64, 0.1, 0.7, 3.0, 11.0, 40.0] {
            let one = 0.5 * ((PI * y).ln() - (PI * y).sinh().ln());
            assert!((ln_abs_gamma(1.0, y) - one).abs() < 1e-11 * one.abs().max(1.0), "{y}");
            let half = 0.5 * (PI.ln() - (PI * y).cosh().ln());
            assert!((ln_abs_gamma(0.5, y) - half).abs() < 1e-11 * half.abs().max(1.0), "{y}");
        }
        for x in [0.3, 1.0, 2.5, 7.0] {
            assert!((ln_abs_gamma(x, 0.0) - libm::lgamma(x)).abs() < 1e-11, "{x}");
        }
    }

    /// Without charge nothing is left but phase space, and every lambda is 1.
    #[test]
    fn no_charge_no_correction() {
        let radius = nuclear_radius(100);
        let flat = |w: f64| phase_space_factor(1e-9, w, radius) / (w * (w * w - 1.0).sqrt());
        assert!((flat(1.1) / flat(5.0) - 1.0).abs() < 1e-7);
        for k in 1..=4 {
            assert!((lambda(1e-9, k, 2.0, radius) - 1.0).abs() < 1e-6, "{k}");
        }
    }

    /// Electrons are drawn to low energies, positrons pushed away; at rest p F of an electron is finite: 2 pi alpha Z at small Z, but for the
    /// finite size.
    #[test]
    fn attraction_and_repulsion() {
        let radius = nuclear_radius(90);
        let shape = |z: f64, w: f64| phase_space_factor(z, w, radius) / (w * (w * w - 1.0).sqrt());
        assert!(shape(40.0, 1.05) / shape(40.0, 4.0) > 1.5);
        assert!(shape(-38.0, 1.02) / shape(-38.0, 4.0) < 0.5);
        let slow = |z: f64| {
            let w: f64 = 1.0 + 1e-9;
            let p = (w * w - 1.0).sqrt();
            p * ln_fermi(z, 1, w, radius).exp()
        };
        assert!((slow(2.0) / (2.0 * PI * FINE_STRUCTURE * 2.0) - 1.0).abs() < 5e-3);
    }
}
