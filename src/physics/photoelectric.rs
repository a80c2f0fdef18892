//! Photoelectric effect: the angle of the photoelectron.
//!
//! Neglected: the shell (K-shell formula for all), and the atom's field (first Born; good for fast electrons and light atoms).
//! F. Sauter, Ann. Phys. 403, 454 (1931), doi:10.1002/andp.19314030406.

use crate::constants::ELECTRON_MASS_MEV;

/// Sauter's pdf in cos(theta) between photon and photoelectron of kinetic energy `kinetic_mev`, not normalised.
///
/// `sin^2 / (1 - b cos)^4 (1 + g (g - 1)(g - 2)/2 (1 - b cos))` with b = v/c and g the Lorentz factor.
pub fn sauter_pdf(kinetic_mev: f64, cos_theta: f64) -> f64 {
    let (beta, factor) = sauter_parameters(kinetic_mev);
    let forward = 1.0 - beta * cos_theta;
    (1.0 - cos_theta * cos_theta) / forward.powi(4) * (1.0 + factor * forward)
}

/// Integral of [`sauter_pdf`] over cos(theta) from -1 to 1, in closed form.
pub fn sauter_integral(kinetic_mev: f64) -> f64 {
    let (b, factor) = sauter_parameters(kinetic_mev);
    let gamma2 = 1.0 / (1.0 - b * b);
    let fourth = 4.0 / 3.0 * gamma2 * gamma2;
    let third = if b < 0.05 {
        // The closed form cancels; series in b.
        4.0 / 3.0 * (1.0 + 6.0 / 5.0 * b * b + 9.0 / 7.0 * b.powi(4))
    } else {
        2.0 / (b * b) * gamma2 - ((1.0 + b) / (1.0 - b)).ln() / (b * b * b)
    };
    fourth + factor * third
}

fn sauter_parameters(kinetic_mev: f64) -> (f64, f64) {
    let gamma = 1.0 + kinetic_mev / ELECTRON_MASS_MEV;
    let beta = (1.0 - 1.0 / (gamma * gamma)).max(0.0).sqrt();
    (beta, 0.5 * gamma * (gamma - 1.0) * (gamma - 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_integral_is_the_integral() {
        for kinetic in [1e-4, 6e-4, 7e-4, 0.01, 0.1, 0.5, 1.0, 3.5] {
            let n = 100_000;
            let h = 2.0 / f64::from(n);
            let sum: f64 =
                (0..n).map(|i| sauter_pdf(kinetic, -1.0 + h * (f64::from(i) + 0.5)) * h).sum();
            let closed = sauter_integral(kinetic);
            assert!((sum / closed - 1.0).abs() < 1e-5, "{kinetic} MeV: {sum} vs {closed}");
        }
    }

    #[test]
    fn is_positive_and_leans_forward_with_energy() {
        for kinetic in [0.001, 0.1, 1.0] {
            assert!((-99..100).all(|i| sauter_pdf(kinetic, f64::from(i) / 100.0) > 0.0));
        }
        let lean = |kinetic: f64| sauter_pdf(kinetic, 0.5) / sauter_pdf(kinetic, -0.5);
        assert!(lean(0.01) > 1.2 && lean(0.1) > lean(0.01) && lean(1.0) > lean(0.1));
    }
}
