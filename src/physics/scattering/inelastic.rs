//! Deflection by soft inelastic collisions (energy transfer below the production threshold).
//!
//! Neglects shell structure (one oscillator of energy W = I, the mean excitation energy, for all electrons), and the
//! transverse part of distant collisions, which hardly deflects. This is the generalised-oscillator-strength model
//! of Liljequist (J. Phys. D 16, 1567, 1983, doi:10.1088/0022-3727/16/8/023) as used by PENELOPE, with one oscillator:
//!
//! - distant: energy loss W, recoil energy Q from Q_- to W, dsigma/dQ = (C/W) 2m/(Q (Q + 2m));
//! - close: energy loss W' = Q from W to the threshold, dsigma/dW' = C F(W')/W'^2, F of Moller or Bhabha.
//!
//! C = 2 pi r_e^2 m/beta^2 per electron. With (cq)^2 = Q (Q + 2m) and momenta p before and p' after (in energy units)
//! mu = ((cq)^2 - (p - p')^2)/(4 p p'), and Q_- is where mu = 0. The first moment of the distant part is
//! G_1 = int 2 mu dsigma = C/(2 p p' W) { 2m (W - Q_-) - (p - p')^2 ln[W (Q_- + 2m)/(Q_- (W + 2m))] }, close to
//! C m/p^2; that of the close part close to C (m/p^2) ln(threshold/W).

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::constants::{CLASSICAL_ELECTRON_RADIUS_CM, ELECTRON_MASS_MEV};
use crate::numerics::quadrature::gauss_legendre;
use crate::physics::Lepton;

const M: f64 = ELECTRON_MASS_MEV;
const POINTS: usize = 48;
static GAUSS: LazyLock<(Vec<f64>, Vec<f64>)> = LazyLock::new(|| gauss_legendre(POINTS));

/// Projectile and medium of a soft collision.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoftCollisions {
    pub energy_mev: f64,
    pub lepton: Lepton,
    /// W, MeV.
    pub mean_excitation_mev: f64,
    /// Collisions with larger energy transfer are not counted here, MeV.
    pub threshold_mev: f64,
}

fn momentum2(energy: f64) -> f64 {
    energy * (energy + 2.0 * M)
}

impl SoftCollisions {
    /// W, never more than half of the energy: below twice the mean excitation energy only the outer electrons
    /// take part, which one oscillator cannot say.
    fn oscillator(&self) -> f64 {
        self.mean_excitation_mev.min(0.5 * self.energy_mev)
    }

    /// The largest soft transfer: the threshold, or all that can be transferred (half of the energy between
    /// indistinguishable electrons).
    fn largest_transfer(&self) -> f64 {
        let kinematic = match self.lepton {
            Lepton::Electron => 0.5 * self.energy_mev,
            Lepton::Positron => self.energy_mev,
        };
        // A positron that loses everything has no direction left.
        self.threshold_mev.min(kinematic).min(0.999 * self.energy_mev)
    }

    fn per_electron(&self) -> f64 {
        let gamma = 1.0 + self.energy_mev / M;
        let beta2 = 1.0 - 1.0 / (gamma * gamma);
        2.0 * PI * CLASSICAL_ELECTRON_RADIUS_CM.powi(2) * M / beta2
    }

    /// Cross section at transfer `w` relative to Rutherford's: Moller or Bhabha.
    fn close_factor(&self, w: f64) -> f64 {
        let gamma = 1.0 + self.energy_mev / M;
        let e = w / self.energy_mev;
        let a = ((gamma - 1.0) / gamma).powi(2);
        match self.lepton {
            Lepton::Electron => {
                let r = e / (1.0 - e);
                1.0 + r * r + a * e * e - (2.0 * gamma - 1.0) / (gamma * gamma) * r
            }
            Lepton::Positron => {
                let g = (gamma + 1.0).powi(2);
                let b1 = a * (2.0 * g - 1.0) / (gamma * gamma - 1.0);
                let b2 = a * (3.0 * g + 1.0) / g;
                let b3 = a * 2.0 * gamma * (gamma - 1.0) / g;
                let b4 = a * (gamma - 1.0).powi(2) / g;
                1.0 - e * (b1 - e * (b2 - e * (b3 - e * b4)))
            }
        }
    }

    /// mu at recoil energy `q` and energy loss `w`.
    fn mu(&self, q: f64, w: f64) -> f64 {
        let p = momentum2(self.energy_mev).sqrt();
        let p1 = momentum2(self.energy_mev - w).sqrt();
        // p - p' without cancellation.
        let dp = w * (2.0 * self.energy_mev - w + 2.0 * M) / (p + p1);
        ((momentum2(q) - dp * dp) / (4.0 * p * p1)).clamp(0.0, 1.0)
    }

    /// Smallest recoil energy of a loss `w`.
    fn least_recoil(&self, w: f64) -> f64 {
        let sum = momentum2(self.energy_mev).sqrt() + momentum2(self.energy_mev - w).sqrt();
        let dp = w * (2.0 * self.energy_mev - w + 2.0 * M) / sum;
        dp * dp / ((dp * dp + M * M).sqrt() + M)
    }

    /// Calls `node(mu, cross section in cm2 per electron)` so that a sum over the nodes is an integral over all soft
    /// collisions.
    pub(super) fn for_each_node(&self, mut node: impl FnMut(f64, f64)) {
        let w = self.oscillator();
        let c = self.per_electron();
        let mut logarithmic = |from: f64, to: f64, density: &dyn Fn(f64) -> (f64, f64)| {
            if to <= from {
                return;
            }
            let half = 0.5 * (to / from).ln();
            for (x, weight) in GAUSS.0.iter().zip(&GAUSS.1) {
                let at = from * (half * (1.0 + x)).exp();
                let (mu, value) = density(at);
                node(mu, half * weight * at * value);
            }
        };
        logarithmic(self.least_recoil(w), w, &|q| {
            (self.mu(q, w), c / w * 2.0 * M / (q * (q + 2.0 * M)))
        });
        logarithmic(w, self.largest_transfer(), &|t| {
            (self.mu(t, t), c * self.close_factor(t) / (t * t))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soft(energy_mev: f64, threshold_mev: f64, lepton: Lepton) -> SoftCollisions {
        SoftCollisions { energy_mev, lepton, mean_excitation_mev: 75e-6, threshold_mev }
    }

    #[test]
    fn first_moment_of_distant_collisions_is_the_closed_form() {
        for energy in [1e-3, 0.01, 0.1, 1.0, 3.5] {
            let s = soft(energy, 75e-6, Lepton::Electron);
            let mut sum = 0.0;
            s.for_each_node(|mu, xs| sum += 2.0 * mu * xs);
            let w = 75e-6;
            let (p, p1) = (momentum2(energy).sqrt(), momentum2(energy - w).sqrt());
            let q = s.least_recoil(w);
            let log = (w * (q + 2.0 * M) / (q * (w + 2.0 * M))).ln();
            let exact =
                s.per_electron() / (2.0 * p * p1 * w) * (2.0 * M * (w - q) - momentum2(q) * log);
            assert!((sum / exact - 1.0).abs() < 1e-6, "{energy}: {}", sum / exact);
        }
    }

    #[test]
    fn close_part_grows_as_the_logarithm_of_the_threshold() {
        for lepton in [Lepton::Electron, Lepton::Positron] {
            let moment = |threshold| {
                let mut sum = 0.0;
                soft(1.0, threshold, lepton).for_each_node(|mu, xs| sum += 2.0 * mu * xs);
                sum
            };
            let s = soft(1.0, 1e-3, lepton);
            let expected = s.per_electron() * M / momentum2(1.0) * 10f64.ln();
            let grown = moment(1e-3) - moment(1e-4);
            assert!((grown / expected - 1.0).abs() < 2e-3, "{}", grown / expected);
        }
    }

    #[test]
    fn threshold_beyond_the_kinematic_limit_changes_nothing() {
        let total = |threshold| {
            let mut sum = 0.0;
            soft(0.01, threshold, Lepton::Electron).for_each_node(|_, xs| sum += xs);
            sum
        };
        assert_eq!(total(0.005), total(0.5));
    }
}
