//! Electrons and positrons: which of the two, and their relativistic kinematics.

use crate::constants::ELECTRON_MASS_MEV;

/// The charged lepton that slows down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lepton {
    /// e-
    Electron,
    /// e+
    Positron,
}

impl Lepton {
    /// Both, electron first.
    pub const ALL: [Lepton; 2] = [Lepton::Electron, Lepton::Positron];
}

/// Velocity squared in units of c^2 at kinetic energy `energy_mev`.
pub fn beta_squared(energy_mev: f64) -> f64 {
    let tau = energy_mev / ELECTRON_MASS_MEV;
    tau * (tau + 2.0) / ((tau + 1.0) * (tau + 1.0))
}

/// Cosine of the polar angle of the lepton that keeps `energy_mev - transfer_mev` after giving
/// `transfer_mev` to an electron at rest (energy and momentum conservation, free electron).
pub fn cos_theta_primary(energy_mev: f64, transfer_mev: f64) -> f64 {
    cos_theta_secondary(energy_mev, energy_mev - transfer_mev)
}

/// Cosine of the polar angle of the electron knocked out with `transfer_mev` by a lepton of
/// `energy_mev` (energy and momentum conservation, free electron).
pub fn cos_theta_secondary(energy_mev: f64, transfer_mev: f64) -> f64 {
    let twice_mass = 2.0 * ELECTRON_MASS_MEV;
    let ratio =
        transfer_mev * (energy_mev + twice_mass) / (energy_mev * (transfer_mev + twice_mass));
    ratio.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn momentum_is_conserved_in_a_collision() {
        let momentum = |t: f64| (t * (t + 2.0 * ELECTRON_MASS_MEV)).sqrt();
        for energy in [0.001, 0.1, 3.5] {
            for share in [1e-3, 0.1, 0.5, 0.9] {
                let transfer: f64 = share * energy;
                let (c1, c2) =
                    (cos_theta_primary(energy, transfer), cos_theta_secondary(energy, transfer));
                let (p1, p2) = (momentum(energy - transfer), momentum(transfer));
                let along = p1 * c1 + p2 * c2;
                let across = p1 * (1.0 - c1 * c1).sqrt() - p2 * (1.0 - c2 * c2).sqrt();
                assert!((along / momentum(energy) - 1.0).abs() < 1e-12, "{energy} {share}");
                assert!(across.abs() < 1e-7 * momentum(energy), "{energy} {share} {across}");
            }
        }
    }

    #[test]
    fn beta_of_an_electron_at_511_kev() {
        assert!((beta_squared(ELECTRON_MASS_MEV) - 0.75).abs() < 1e-15);
    }
}
