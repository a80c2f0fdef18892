//! The chain from counts to absorbed dose of one VOI (Gear et al. 2018, EANM guidance, doi:10.1007/s00259-018-4136-7). Neglects errors of
//! registration, a volume that changes between scans, and the dose from other VOIs.
//!
//! A_i = C_i (V/V0)^k / (Q R(V)), TIA = fit(A), D = TIA S0 (V/V0)^-s. One volume stands in counts, recovery and S-value, so their covariances are
//! kept by themselves: d ln D / d ln V = k - r - s with r = d ln R / d ln V. Calibration, curve and volume are common to all times.

use nalgebra::DMatrix;

use super::inputs::{Inputs, Shape};
use super::monte_carlo::{MonteCarlo, propagate_by_sampling};
use super::propagate::propagate;
use super::voi_budget::Part;
use crate::activity::{Budget, CalibrationFactor, Extrapolation, FactorUnit, RecoveryCurve};
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// The integral of a time-activity curve, with the random part of its uncertainty.
pub enum TimeIntegral<'a> {
    /// Count rates are drawn and fitted anew.
    Refit {
        /// Net count rates and standard uncertainties (counting and reconstruction only), cps.
        rates_cps: &'a [[f64; 2]],
        /// From activities (Bq) to the time-integrated activity (Bq s).
        integrate: &'a (dyn Fn(&[f64]) -> Result<f64> + Sync),
    },
    /// A fit was made: its parameters and their covariance.
    Fitted {
        /// Parameters of the fit to the activities of the nominal volume, recovery and calibration.
        parameters: &'a [f64],
        /// Their covariance, without what all times share.
        covariance: &'a DMatrix<f64>,
        /// From parameters to the time-integrated activity (Bq s).
        integral: &'a (dyn Fn(&[f64]) -> Result<f64> + Sync),
    },
}

/// The recovery coefficient of one VOI, where no curve was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecoveryCoefficient {
    /// Seen over true activity at the nominal volume.
    pub value: f64,
    /// Its standard uncertainty.
    pub standard_uncertainty: f64,
    /// d ln R / d ln V; 0 if the coefficient does not depend on the contour.
    pub volume_exponent: f64,
}

/// Everything between counts and dose of one VOI.
pub struct DoseChain<'a> {
    /// Name of the VOI.
    pub voi: &'a str,
    /// Volume and its standard uncertainty, mL.
    pub volume_ml: [f64; 2],
    /// d ln(counts) / d ln(volume of the contour): k.
    pub count_exponent: f64,
    /// Recovery coefficients by volume; none if the activities need none (R = 1), or a coefficient is given.
    pub recovery: Option<&'a RecoveryCurve>,
    /// A coefficient in place of the curve.
    pub coefficient: Option<RecoveryCoefficient>,
    /// What to do with a volume outside of the curve.
    pub extrapolation: Extrapolation,
    /// Calibration factor, cps/MBq.
    pub factor: &'a CalibrationFactor,
    /// The time-activity curve.
    pub tac: TimeIntegral<'a>,
    /// Dose per decay at the nominal volume, Gy/(Bq s).
    pub s_value: f64,
    /// s of S = S0 (V / V0)^-s: 1 where all energy stays in the VOI.
    pub s_exponent: f64,
    /// Relative standard error of the transport.
    pub transport_relative: f64,
    /// Relative standard uncertainty of the S-value beyond volume and statistics (tissue, model), if stated.
    pub model_relative: Option<f64>,
}

/// Relative standard uncertainty of a count rate above which a normal distribution has a part below zero that matters (5 standard uncertainties).
const NEAR_ZERO: f64 = 0.2;

/// Count rates that are known well are normal. Where the spread of points about their curve makes one so wide that it would be drawn below zero, which no
/// curve of shares describes, all are log-normal with the same means and variances.
fn shape_of(rates_cps: &[[f64; 2]]) -> Shape {
    let positive = rates_cps.iter().all(|[r, _]| *r > 0.0);
    let wide = rates_cps.iter().any(|[r, u]| *u > NEAR_ZERO * r);
    if positive && wide { Shape::LogNormal } else { Shape::Normal }
}

/// Places of the inputs.
const VOLUME: usize = 0;
const CALIBRATION: usize = 1;
const TRANSPORT: usize = 2;

impl DoseChain<'_> {
    /// Dose and its uncertainty by the law of propagation, Gy.
    ///
    /// # Errors
    /// If an input is bad, an uncertainty zero, the volume outside of the recovery curve and not allowed to be, or the fit fails.
    pub fn budget(&self) -> Result<Budget> {
        let (inputs, layout) = self.inputs()?;
        propagate(&format!("dose of '{}'", self.voi), "Gy", &inputs, &|x| self.dose(x, &layout))
    }

    /// Dose by sampling the whole chain, Gy.
    ///
    /// # Errors
    /// As [`DoseChain::budget`] and [`propagate_by_sampling`].
    pub fn sample(&self, samples: usize, seed: u64) -> Result<MonteCarlo> {
        let (inputs, layout) = self.inputs()?;
        propagate_by_sampling(&inputs, samples, seed, &|x| self.dose(x, &layout))
    }

    fn nominal_recovery(&self) -> f64 {
        let of_curve = self.recovery.map(|r| r.value(self.volume_ml[0]));
        of_curve.or(self.coefficient.map(|r| r.value)).unwrap_or(1.0)
    }

    fn inputs(&self) -> Result<(Inputs, Layout)> {
        if self.factor.unit != FactorUnit::CpsPerMbq {
            return Err(Error::input(
                "a calibration factor in Bq/mL per cps",
                "the chain counts a whole VOI",
                "Calibrate in cps/MBq.",
            ));
        }
        let [v, u_v] = self.volume_ml;
        let mut inputs = Inputs::default();
        inputs.add(Part::Volume.name(), v, u_v, Shape::LogNormal)?;
        let q = &self.factor.budget;
        let calibration = Part::Calibration.name();
        inputs.add(calibration, q.value, q.standard_uncertainty(), Shape::LogNormal)?;
        inputs.add(Part::Transport.name(), 1.0, self.transport_relative, Shape::Normal)?;
        let mut layout =
            Layout { curve: None, shared: None, coefficient: None, model: None, tac: 0 };
        let mut at = 3;
        if let Some(curve) = self.recovery {
            // Refuses what may not be extrapolated.
            curve.recovery(v, u_v, self.extrapolation)?;
            // The parameters and what the spheres share are one component: the recovery.
            let (c, shared) = (&curve.covariance, curve.shared_relative);
            let [a, b] = curve.parameters;
            let (values, covariance) = if shared > 0.0 {
                let of = [c[0][0], c[0][1], 0.0, c[1][0], c[1][1], 0.0, 0.0, 0.0, shared * shared];
                (vec![a, b, 1.0], DMatrix::from_row_slice(3, 3, &of))
            } else {
                let of = [c[0][0], c[0][1], c[1][0], c[1][1]];
                (vec![a, b], DMatrix::from_row_slice(2, 2, &of))
            };
            inputs.add_group(Part::Recovery.name(), &values, covariance, Shape::LogNormal)?;
            layout.curve = Some(at);
            layout.shared = (shared > 0.0).then_some(at + 2);
            at += values.len();
        }
        if let Some(r) = &self.coefficient {
            if self.recovery.is_some() {
                return Err(Error::input(
                    "a recovery curve and a recovery coefficient",
                    "they say the same twice",
                    "Leave one of them out.",
                ));
            }
            inputs.add(Part::Recovery.name(), r.value, r.standard_uncertainty, Shape::LogNormal)?;
            layout.coefficient = Some(at);
            at += 1;
        }
        if let Some(relative) = self.model_relative {
            inputs.add(Part::Model.name(), 1.0, relative, Shape::Normal)?;
            layout.model = Some(at);
            at += 1;
        }
        layout.tac = at;
        match &self.tac {
            TimeIntegral::Refit { rates_cps, .. } => {
                let rates: Vec<f64> = rates_cps.iter().map(|r| r[0]).collect();
                let covariance = DMatrix::from_fn(rates.len(), rates.len(), |i, j| {
                    if i == j { rates_cps[i][1] * rates_cps[i][1] } else { 0.0 }
                });
                inputs.add_group(Part::Fit.name(), &rates, covariance, shape_of(rates_cps))?;
            }
            TimeIntegral::Fitted { parameters, covariance, .. } => {
                inputs.add_group(
                    Part::Fit.name(),
                    parameters,
                    (*covariance).clone(),
                    Shape::Normal,
                )?;
            }
        }
        Ok((inputs, layout))
    }

    fn dose(&self, x: &[f64], layout: &Layout) -> Result<f64> {
        let growth = x[VOLUME] / self.volume_ml[0];
        let q0 = self.factor.budget.value;
        let recovery = match (self.recovery, layout.curve, self.coefficient, layout.coefficient) {
            (Some(curve), Some(at), ..) => {
                let shared = layout.shared.map_or(1.0, |i| x[i]);
                // A curve measured with this factor is as much too low as the factor is too high.
                let calibration =
                    if curve.includes_calibration { q0 / x[CALIBRATION] } else { 1.0 };
                curve.value_with([x[at], x[at + 1]], x[VOLUME]) * shared * calibration
            }
            (.., Some(r), Some(at)) => x[at] * growth.powf(r.volume_exponent),
            _ => 1.0,
        };
        let per_rate = growth.powf(self.count_exponent) * BQ_PER_MBQ / (x[CALIBRATION] * recovery);
        let tia = match &self.tac {
            TimeIntegral::Refit { integrate, .. } => {
                let activities: Vec<f64> = x[layout.tac..].iter().map(|c| c * per_rate).collect();
                integrate(&activities)?
            }
            TimeIntegral::Fitted { integral, .. } => {
                integral(&x[layout.tac..])? * per_rate * q0 * self.nominal_recovery() / BQ_PER_MBQ
            }
        };
        let model = layout.model.map_or(1.0, |i| x[i]);
        Ok(tia * self.s_value * growth.powf(-self.s_exponent) * x[TRANSPORT] * model)
    }
}

/// Where the optional inputs are.
struct Layout {
    curve: Option<usize>,
    shared: Option<usize>,
    coefficient: Option<usize>,
    model: Option<usize>,
    tac: usize,
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
