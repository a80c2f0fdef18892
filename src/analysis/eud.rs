//! Equivalent uniform doses and the formulas of response: gEUD, EUD, EUBED, NTCP, TCP. Formulas, not advice: every parameter is the user's, and
//! none has a default. Neglects what each formula neglects; none was validated here for radionuclide therapy.
//!
//! ```text
//! gEUD  = (sum w_i D_i^a)^(1/a)                                   Niemierko 1999
//! EUD   = -ln(sum w_i exp(-alpha D_i)) / alpha                    Niemierko 1997, doi:10.1118/1.598063
//! EUBED = EUD of the BED of each voxel                            O'Donoghue 1999, J Nucl Med 40, 1337
//! NTCP  = Phi((gEUD - TD50)/(m TD50)), a = 1/n                    Lyman 1985; Kutcher and Burman 1989
//! TCP   = 1/(1 + (D50/gEUD)^(4 gamma50))                          logistic
//! TCP   = exp(-N sum w_i exp(-alpha D_i))                         Poisson, N clonogens
//! ```

use super::noise::{Estimate, Noise};
use super::samples::Samples;
use crate::error::{Error, Result};
use crate::stats::normal_below;

/// A formula with the user's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Formula {
    /// gEUD with the exponent a.
    Geud(f64),
    /// EUD of survival with alpha, 1/Gy.
    Eud(f64),
    /// NTCP of Lyman, Kutcher and Burman: n, m, TD50 (Gy).
    Lkb { n: f64, m: f64, td50_gy: f64 },
    /// TCP, logistic in gEUD: a, D50 (Gy), gamma50.
    LogisticTcp { a: f64, d50_gy: f64, gamma50: f64 },
    /// TCP, Poisson: number of clonogens, alpha (1/Gy).
    PoissonTcp { clonogens: f64, alpha_per_gy: f64 },
}

impl Formula {
    /// Checks the parameters.
    ///
    /// # Errors
    /// If one is not finite, or not positive where it must be; an exponent a of 0.
    pub fn checked(self) -> Result<Self> {
        let (parameters, free): (Vec<(&str, f64)>, bool) = match self {
            Formula::Geud(a) => (vec![("a", a)], true),
            Formula::Eud(alpha) => (vec![("alpha", alpha)], false),
            Formula::Lkb { n, m, td50_gy } => (vec![("n", n), ("m", m), ("td50", td50_gy)], false),
            Formula::LogisticTcp { a, d50_gy, gamma50 } => {
                if a == 0.0 || !a.is_finite() {
                    return refuse("a", a, "other than 0");
                }
                (vec![("d50", d50_gy), ("gamma50", gamma50)], false)
            }
            Formula::PoissonTcp { clonogens, alpha_per_gy } => {
                (vec![("clonogens", clonogens), ("alpha", alpha_per_gy)], false)
            }
        };
        for (name, value) in parameters {
            if free && (value == 0.0 || !value.is_finite()) {
                return refuse(name, value, "other than 0");
            }
            let positive = value > 0.0 && value.is_finite();
            if !(free || positive) {
                return refuse(name, value, "positive");
            }
        }
        Ok(self)
    }

    /// Its name with its parameters, as tables show it.
    pub fn name(&self) -> String {
        match self {
            Formula::Geud(a) => format!("gEUD(a={a})"),
            Formula::Eud(alpha) => format!("EUD(alpha={alpha}/Gy)"),
            Formula::Lkb { n, m, td50_gy } => format!("NTCP(lkb n={n} m={m} TD50={td50_gy}Gy)"),
            Formula::LogisticTcp { a, d50_gy, gamma50 } => {
                format!("TCP(logistic a={a} D50={d50_gy}Gy gamma50={gamma50})")
            }
            Formula::PoissonTcp { clonogens, alpha_per_gy } => {
                format!("TCP(poisson N={clonogens} alpha={alpha_per_gy}/Gy)")
            }
        }
    }

    /// Whether the result is a dose (in the unit of the map), and not a probability.
    pub fn is_dose(&self) -> bool {
        matches!(self, Formula::Geud(_) | Formula::Eud(_))
    }

    /// Value over a region, with what noise does to it where the noise is known.
    pub fn of(&self, samples: &Samples, noise: Option<&Noise>) -> Estimate {
        match *self {
            Formula::Geud(a) => geud_estimate(samples, a, noise),
            Formula::Eud(alpha) => {
                let value = eud(&samples.values, &samples.weights, alpha);
                let survival = (-alpha * value).exp();
                let derivatives = |d: f64| {
                    let s = (-alpha * d).exp();
                    (-alpha * s, alpha * alpha * s)
                };
                noise.map_or(Estimate::bare(value), |n| {
                    n.of_sum(value, -1.0 / (alpha * survival), derivatives)
                })
            }
            Formula::Lkb { n, m, td50_gy } => {
                let of = |eud: f64| lkb(eud, m, td50_gy);
                through(geud_estimate(samples, 1.0 / n, noise), of)
            }
            Formula::LogisticTcp { a, d50_gy, gamma50 } => {
                let of = |eud: f64| logistic(eud, d50_gy, gamma50);
                through(geud_estimate(samples, a, noise), of)
            }
            Formula::PoissonTcp { clonogens, alpha_per_gy } => {
                let eud = Formula::Eud(alpha_per_gy).of(samples, noise);
                through(eud, |e| (-clonogens * (-alpha_per_gy * e).exp()).exp())
            }
        }
    }
}

fn refuse<T>(name: &str, value: f64, must: &str) -> Result<T> {
    Err(Error::usage(format!("{name} = {value}"), format!("it must be {must}"), "Correct it."))
}

fn geud_estimate(samples: &Samples, a: f64, noise: Option<&Noise>) -> Estimate {
    let value = geud(&samples.values, &samples.weights, a);
    // d gEUD = gEUD^(1-a)/a d(sum w D^a), scaled by gEUD so that no power overflows.
    let derivatives = |d: f64| {
        let x = d / value;
        (a * x.powf(a - 1.0), a * (a - 1.0) * x.powf(a - 2.0) / value)
    };
    let usable = noise.filter(|_| value > 0.0 && value.is_finite());
    usable.map_or(Estimate::bare(value), |n| n.of_sum(value, 1.0 / a, derivatives))
}

/// A function of an estimate.
fn through(of: Estimate, f: impl Fn(f64) -> f64) -> Estimate {
    let value = f(of.value);
    Estimate {
        value,
        bias: of.bias.map(|_| value - f(of.corrected())),
        standard_error: of.standard_error.map(|e| {
            let at = of.corrected();
            0.5 * (f(at + e) - f(at - e)).abs()
        }),
    }
}

fn total(weights: &[f64]) -> f64 {
    weights.iter().sum()
}

/// Generalised equivalent uniform dose. A dose of 0 makes it 0 for negative a.
pub fn geud(values: &[f64], weights: &[f64], a: f64) -> f64 {
    // Scaled by the largest, so that no power overflows.
    let top = values.iter().copied().fold(0.0, f64::max);
    if top == 0.0 {
        return 0.0;
    }
    let sum: f64 = values.iter().zip(weights).map(|(v, w)| w * (v.max(0.0) / top).powf(a)).sum();
    top * (sum / total(weights)).powf(1.0 / a)
}

/// Equivalent uniform dose of survival with alpha (1/Gy); of BEDs the EUBED.
pub fn eud(values: &[f64], weights: &[f64], alpha: f64) -> f64 {
    // Relative to the least, so that survival does not underflow.
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let sum: f64 = values.iter().zip(weights).map(|(v, w)| w * (-alpha * (v - least)).exp()).sum();
    least - (sum / total(weights)).ln() / alpha
}

/// NTCP of Lyman, Kutcher and Burman from a gEUD (a = 1/n), Gy.
pub fn lkb(geud_gy: f64, m: f64, td50_gy: f64) -> f64 {
    normal_below((geud_gy - td50_gy) / (m * td50_gy))
}

/// TCP, logistic in an equivalent uniform dose, Gy.
pub fn logistic(eud_gy: f64, d50_gy: f64, gamma50: f64) -> f64 {
    if eud_gy <= 0.0 { 0.0 } else { 1.0 / (1.0 + (d50_gy / eud_gy).powf(4.0 * gamma50)) }
}

#[cfg(test)]
mod tests {
    use super::super::dvh::samples_of;
    use super::*;

    #[test]
    fn probabilities_are_a_half_at_their_dose() {
        let at = |d: f64| samples_of(&[(d, 1.0), (d, 3.0)]);
        let lkb = Formula::Lkb { n: 0.7, m: 0.1, td50_gy: 28.0 };
        assert!((lkb.of(&at(28.0), None).value - 0.5).abs() < 1e-9);
        let tcp = Formula::LogisticTcp { a: 1.0, d50_gy: 292.0, gamma50: 0.8 };
        assert!((tcp.of(&at(292.0), None).value - 0.5).abs() < 1e-9);
        // Slope at D50: gamma50 is the gain in TCP for a relative gain in dose.
        let gain = tcp.of(&at(292.0 * 1.0001), None).value - 0.5;
        assert!((gain / (0.8 * 1e-4) - 1.0).abs() < 1e-3, "{gain}");
        let poisson = Formula::PoissonTcp { clonogens: 1e7, alpha_per_gy: 0.3 };
        let d = (1e7_f64 / 2.0_f64.ln()).ln() / 0.3;
        assert!((poisson.of(&at(d), None).value - 0.5).abs() < 1e-9);
        assert_eq!(tcp.of(&at(0.0), None).value, 0.0);
    }

    /// Powers of large doses and many alphas neither overflow nor underflow.
    #[test]
    fn extremes_are_finite() {
        let samples = samples_of(&[(1e4, 1.0), (2e4, 1.0)]);
        for a in [-300.0, 300.0] {
            let value = Formula::Geud(a).of(&samples, None).value;
            assert!((1e4..2.0001e4).contains(&value), "{a}: {value}");
        }
        let eud = Formula::Eud(10.0).of(&samples, None).value;
        assert!((eud - (1e4 + 2.0_f64.ln() / 10.0)).abs() < 1e-9);
    }

    #[test]
    fn parameters_without_sense_are_refused() {
        let bad = [
            Formula::Geud(0.0),
            Formula::Geud(f64::NAN),
            Formula::Eud(-0.3),
            Formula::Lkb { n: 0.0, m: 0.1, td50_gy: 28.0 },
            Formula::Lkb { n: 0.7, m: -0.1, td50_gy: 28.0 },
            Formula::LogisticTcp { a: 0.0, d50_gy: 1.0, gamma50: 1.0 },
            Formula::LogisticTcp { a: 1.0, d50_gy: -1.0, gamma50: 1.0 },
            Formula::PoissonTcp { clonogens: 0.0, alpha_per_gy: 1.0 },
        ];
        assert!(bad.into_iter().all(|f| f.checked().is_err()));
        assert!(Formula::Geud(-10.0).checked().is_ok());
    }
}
