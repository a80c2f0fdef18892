//! Bhabha scattering of positrons on free electrons: neglects their binding.
//!
//! With x = W/E, dsigma/dx = K/(beta^2 E x^2) [1 - b1 x + b2 x^2 - b3 x^3 + b4 x^4], 0 < x <= 1.
//! Bhabha, Proc. R. Soc. A 154, 195 (1936), doi:10.1098/rspa.1936.0046.

use crate::constants::ELECTRON_MASS_MEV;
use crate::physics::lepton::beta_squared;
use crate::physics::stopping::COLLISION_CONSTANT;

/// Bhabha scattering per g/cm2 of a material. Energies and transfers in MeV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bhabha {
    /// 2 pi r_e^2 m c^2 N_A Z/A, MeV cm2/g.
    scale: f64,
}

impl Bhabha {
    /// For a material of mean Z/A (mol/g).
    pub fn new(z_over_a: f64) -> Self {
        Bhabha { scale: COLLISION_CONSTANT * z_over_a }
    }

    /// The polynomial 1 - b1 x + b2 x^2 - b3 x^3 + b4 x^4, ascending powers with their signs.
    fn polynomial(&self, energy_mev: f64) -> [f64; 5] {
        let gamma = energy_mev / ELECTRON_MASS_MEV + 1.0;
        let common = ((gamma - 1.0) / gamma).powi(2);
        let next = (gamma + 1.0) * (gamma + 1.0);
        [
            1.0,
            -common * (2.0 * next - 1.0) / (gamma * gamma - 1.0),
            common * (3.0 * next + 1.0) / next,
            -common * 2.0 * gamma * (gamma - 1.0) / next,
            common * (gamma - 1.0) * (gamma - 1.0) / next,
        ]
    }

    fn prefactor(&self, energy_mev: f64) -> f64 {
        self.scale / beta_squared(energy_mev)
    }

    /// The largest transfer, the energy itself.
    pub fn max_transfer_mev(&self, energy_mev: f64) -> f64 {
        energy_mev
    }

    /// dsigma/dW, cm2/g per MeV; zero outside 0 < W <= E.
    pub fn differential(&self, energy_mev: f64, transfer_mev: f64) -> f64 {
        if !(transfer_mev > 0.0 && transfer_mev <= energy_mev) {
            return 0.0;
        }
        let x = transfer_mev / energy_mev;
        let sum = self.polynomial(energy_mev).iter().rev().fold(0.0, |s, b| s * x + b);
        self.prefactor(energy_mev) * sum / (transfer_mev * transfer_mev)
    }

    /// int x^(power - 2) polynomial dx from `low` to `high`.
    fn moment(&self, energy_mev: f64, power: i32, low: f64, high: f64) -> f64 {
        let terms = self.polynomial(energy_mev).into_iter().zip(power - 2..);
        let integral = |exponent: i32| match exponent {
            -1 => (high / low).ln(),
            n => (high.powi(n + 1) - low.powi(n + 1)) / f64::from(n + 1),
        };
        terms.map(|(b, exponent)| b * integral(exponent)).sum()
    }

    /// Cross section of transfers above `t_cut_mev`, cm2/g.
    pub fn hard_cross_section(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let x_cut = (t_cut_mev / energy_mev).min(1.0);
        self.prefactor(energy_mev) / energy_mev * self.moment(energy_mev, 0, x_cut, 1.0)
    }

    /// Energy lost in transfers above `t_cut_mev` per mass thickness, MeV cm2/g.
    pub fn hard_stopping(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let x_cut = (t_cut_mev / energy_mev).min(1.0);
        self.prefactor(energy_mev) * self.moment(energy_mev, 1, x_cut, 1.0)
    }

    /// Second moment of the transfers below `t_cut_mev` (or all), MeV2 cm2/g.
    pub fn soft_straggling(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let x_cut = (t_cut_mev / energy_mev).min(1.0);
        self.prefactor(energy_mev) * energy_mev * self.moment(energy_mev, 2, 0.0, x_cut)
    }

    /// Third moment of the transfers below `t_cut_mev` (or all), MeV3 cm2/g.
    pub fn soft_skew(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let x_cut = (t_cut_mev / energy_mev).min(1.0);
        self.prefactor(energy_mev) * energy_mev.powi(2) * self.moment(energy_mev, 3, 0.0, x_cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::quadrature::integrate_log;

    #[test]
    fn closed_forms_are_the_integrals_of_the_differential() {
        let bhabha = Bhabha::new(0.55508);
        for energy in [0.002, 0.05, 1.0, 3.5] {
            for cut in [2e-4, 1e-3, 1e-2, 0.1] {
                if cut >= energy {
                    continue;
                }
                let moment = |power: i32, low: f64, high: f64| {
                    integrate_log(low, high, 400, |w| {
                        w.powi(power) * bhabha.differential(energy, w)
                    })
                };
                let top = energy * (1.0 - 1e-12);
                let pairs = [
                    (bhabha.hard_cross_section(energy, cut), moment(0, cut, top)),
                    (bhabha.hard_stopping(energy, cut), moment(1, cut, top)),
                    (bhabha.soft_straggling(energy, cut), moment(2, 1e-9 * cut, cut)),
                    (bhabha.soft_skew(energy, cut), moment(3, 1e-9 * cut, cut)),
                ];
                for (i, (closed, numeric)) in pairs.into_iter().enumerate() {
                    assert!(
                        (closed / numeric - 1.0).abs() < 1e-6,
                        "moment {i} at E {energy}, cut {cut}: {closed} against {numeric}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_is_hard_above_the_energy() {
        let bhabha = Bhabha::new(0.5);
        assert_eq!(bhabha.hard_cross_section(0.01, 0.01), 0.0);
        assert_eq!(bhabha.hard_stopping(0.01, 0.02), 0.0);
    }

    #[test]
    fn slow_positrons_scatter_as_rutherford() {
        // All b vanish with the velocity: dsigma/dW -> K/(beta^2 W^2).
        let bhabha = Bhabha::new(0.5);
        let energy = 1e-6;
        let rutherford = bhabha.prefactor(energy) / (0.5e-6f64 * 0.5e-6);
        assert!((bhabha.differential(energy, 0.5e-6) / rutherford - 1.0).abs() < 1e-5);
    }
}
