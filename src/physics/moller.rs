//! Moller scattering of electrons on free electrons: neglects their binding, so transfers near and below the
//! shell energies are approximate (the soft moments then miss some straggling from inner shells).
//!
//! With x = W/E, c = (2 tau + 1)/(tau + 1)^2 and a = (tau/(tau + 1))^2,
//! dsigma/dx = K/(beta^2 E) [1/x^2 + 1/(1-x)^2 - c/(x(1-x)) + a], 0 < x <= 1/2 (the slower of the two is the
//! secondary). Moller, Ann. Phys. 406, 531 (1932), doi:10.1002/andp.19324060506.

use crate::constants::ELECTRON_MASS_MEV;
use crate::physics::lepton::beta_squared;
use crate::physics::stopping::COLLISION_CONSTANT;

/// Moller scattering per g/cm2 of a material. Energies and transfers in MeV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moller {
    /// 2 pi r_e^2 m c^2 N_A Z/A, MeV cm2/g.
    scale: f64,
}

/// The energy-dependent constants of the cross section.
struct Shape {
    prefactor: f64,
    a: f64,
    c: f64,
}

impl Moller {
    /// For a material of mean Z/A (mol/g).
    pub fn new(z_over_a: f64) -> Self {
        Moller { scale: COLLISION_CONSTANT * z_over_a }
    }

    fn shape(&self, energy_mev: f64) -> Shape {
        let tau = energy_mev / ELECTRON_MASS_MEV;
        let gamma = tau + 1.0;
        Shape {
            prefactor: self.scale / beta_squared(energy_mev),
            a: (tau / gamma) * (tau / gamma),
            c: (2.0 * tau + 1.0) / (gamma * gamma),
        }
    }

    /// The largest transfer, half of the energy.
    pub fn max_transfer_mev(&self, energy_mev: f64) -> f64 {
        0.5 * energy_mev
    }

    /// dsigma/dW, cm2/g per MeV; zero outside 0 < W <= E/2.
    pub fn differential(&self, energy_mev: f64, transfer_mev: f64) -> f64 {
        if !(transfer_mev > 0.0 && transfer_mev <= self.max_transfer_mev(energy_mev)) {
            return 0.0;
        }
        let Shape { prefactor, a, c } = self.shape(energy_mev);
        let x = transfer_mev / energy_mev;
        let u = 1.0 - x;
        prefactor / (energy_mev * energy_mev) * (1.0 / (x * x) + 1.0 / (u * u) - c / (x * u) + a)
    }

    /// Cross section of transfers above `t_cut_mev`, cm2/g.
    pub fn hard_cross_section(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let shape = self.shape(energy_mev);
        let primitive = |x: f64| {
            let u = 1.0 - x;
            -1.0 / x + 1.0 / u - shape.c * (x / u).ln() + shape.a * x
        };
        let x_cut = t_cut_mev / energy_mev;
        if x_cut >= 0.5 {
            return 0.0;
        }
        shape.prefactor / energy_mev * (primitive(0.5) - primitive(x_cut))
    }

    /// Energy lost in transfers above `t_cut_mev` per mass thickness, MeV cm2/g.
    pub fn hard_stopping(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let shape = self.shape(energy_mev);
        let primitive = |x: f64| {
            let u = 1.0 - x;
            x.ln() + 1.0 / u + (1.0 + shape.c) * u.ln() + 0.5 * shape.a * x * x
        };
        let x_cut = t_cut_mev / energy_mev;
        if x_cut >= 0.5 {
            return 0.0;
        }
        shape.prefactor * (primitive(0.5) - primitive(x_cut))
    }

    /// Second moment of the transfers below `t_cut_mev` (or all), MeV2 cm2/g: the growth of the variance of
    /// the soft energy loss per mass thickness.
    pub fn soft_straggling(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let shape = self.shape(energy_mev);
        let x = (t_cut_mev / energy_mev).min(0.5);
        let u = 1.0 - x;
        let ln_u = (-x).ln_1p();
        let direct = x + (1.0 / u + 2.0 * ln_u - u);
        let mixed = shape.c * (x + ln_u) + shape.a * x * x * x / 3.0;
        shape.prefactor * energy_mev * (direct + mixed)
    }

    /// Third moment of the transfers below `t_cut_mev` (or all), MeV3 cm2/g.
    pub fn soft_skew(&self, energy_mev: f64, t_cut_mev: f64) -> f64 {
        let shape = self.shape(energy_mev);
        let x = (t_cut_mev / energy_mev).min(0.5);
        let u = 1.0 - x;
        let ln_u = (-x).ln_1p();
        let exchange = (1.0 / u + 3.0 * ln_u - 3.0 * u + 0.5 * u * u) + 1.5;
        let mixed = shape.c * (ln_u - 2.0 * u + 0.5 * u * u + 1.5) + 0.25 * shape.a * x.powi(4);
        shape.prefactor * energy_mev * energy_mev * (0.5 * x * x + exchange + mixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::quadrature::integrate_log;

    #[test]
    fn closed_forms_are_the_integrals_of_the_differential() {
        let moller = Moller::new(0.55508);
        for energy in [0.002, 0.05, 1.0, 3.5] {
            for cut in [2e-4, 1e-3, 1e-2, 0.1] {
                if cut >= 0.5 * energy {
                    continue;
                }
                let moment = |power: i32, low: f64, high: f64| {
                    integrate_log(low, high, 400, |w| {
                        w.powi(power) * moller.differential(energy, w)
                    })
                };
                let top = moller.max_transfer_mev(energy) * (1.0 - 1e-12);
                let pairs = [
                    (moller.hard_cross_section(energy, cut), moment(0, cut, top)),
                    (moller.hard_stopping(energy, cut), moment(1, cut, top)),
                    (moller.soft_straggling(energy, cut), moment(2, 1e-9 * cut, cut)),
                    (moller.soft_skew(energy, cut), moment(3, 1e-9 * cut, cut)),
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
    fn nothing_is_hard_above_half_the_energy() {
        let moller = Moller::new(0.5);
        assert_eq!(moller.hard_cross_section(0.01, 0.005), 0.0);
        assert_eq!(moller.hard_stopping(0.01, 0.02), 0.0);
        assert_eq!(moller.differential(0.01, 0.006), 0.0);
        assert_eq!(moller.soft_straggling(0.01, 0.02), moller.soft_straggling(0.01, 0.005));
    }
}
