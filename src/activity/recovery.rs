//! Recovery coefficients: the part of a volume's activity that is seen within its contour, as a function of volume. Neglects shape (spheres
//! stand for all), spill-in from around, and how the contour was drawn.
//!
//! R(V) = 1 / (1 + (a / V)^b) (Gear et al. 2018, doi:10.1007/s00259-018-4136-7, there 1 - 1/(1 + (V/b1)^b2)), fitted to measured spheres by
//! weighted least squares (Levenberg-Marquardt). Covariance (J^T W J)^-1, times chi2 / (n - 2) where that is above one.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn, Matrix2, U2, Vector2};

use super::check::{not_negative, positive, uncertain};
use crate::error::{Error, Result};
use crate::stats::chi_squared_exceeded;

/// Recovery coefficients that can be meant: spill-in exceeds 1 by little, and per cent lie far above.
pub const COEFFICIENTS: std::ops::RangeInclusive<f64> = 1e-3..=1.5;

/// The volume at which half is recovered lies within this factor of the spheres' own (0.5 to 30 mL seen at 5 to 30 mm resolution: 0.1 to 30 mL).
const FAR: f64 = 10.0;

/// The recovery of one sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecoveryPoint {
    /// Volume, mL.
    pub volume_ml: f64,
    /// Seen over true activity (or mean concentration).
    pub recovery: f64,
    /// Its standard uncertainty, without what all spheres share.
    pub standard_uncertainty: f64,
}

/// A fitted curve.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryCurve {
    /// Volume at which half is recovered, mL (`a`), and the exponent (`b`).
    pub parameters: [f64; 2],
    /// Their covariance.
    pub covariance: [[f64; 2]; 2],
    /// Relative standard uncertainty that all points share (the stock solution's activity).
    pub shared_relative: f64,
    /// Whether the spheres were measured with the very calibration factor with which the curve is used: then an error of the factor cancels
    /// in A = C / (Q R), as R goes as 1 / Q.
    pub includes_calibration: bool,
    /// Chi-squared of the fit.
    pub chi2: f64,
    /// Points less parameters.
    pub degrees_of_freedom: usize,
    /// Smallest and largest measured volume, mL.
    pub volumes_ml: [f64; 2],
}

/// What to do with a volume outside of the measured ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extrapolation {
    /// Refuse it.
    Refuse,
    /// Use the curve and say so.
    Flag,
}

/// A recovery coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recovered {
    /// The coefficient.
    pub value: f64,
    /// Standard uncertainty from the curve (parameters and shared part).
    pub from_curve: f64,
    /// Standard uncertainty from the volume.
    pub from_volume: f64,
    /// d ln R / d ln V.
    pub volume_exponent: f64,
    /// Whether the volume is outside of the measured ones.
    pub extrapolated: bool,
    /// As the curve's.
    pub includes_calibration: bool,
}

impl Recovered {
    /// Standard uncertainty from curve and volume.
    pub fn standard_uncertainty(&self) -> f64 {
        self.from_curve.hypot(self.from_volume)
    }

    /// Covariance of the coefficient and the volume, mL: R (d ln R / d ln V) u^2(V) / V.
    pub fn covariance_with_volume(&self, volume_ml: f64, volume_uncertainty_ml: f64) -> f64 {
        self.value * self.volume_exponent * volume_uncertainty_ml.powi(2) / volume_ml
    }
}

/// Below this probability the spheres refute the curve's form.
const REFUTED: f64 = 0.01;

impl RecoveryCurve {
    /// What a user must know before using the curve: points that it misses, and a half-recovered volume that no sphere is near.
    pub fn warnings(&self) -> Vec<String> {
        let mut said = Vec::new();
        let degrees = self.degrees_of_freedom as f64;
        if degrees > 0.0 && chi_squared_exceeded(self.chi2, degrees) < REFUTED {
            said.push(format!(
                "the recovery curve misses its spheres: chi2 {:.1} of {degrees} degrees of freedom; its uncertainty was widened by {:.1}, which is no cure \
                 for a wrong volume, contour or concentration",
                self.chi2,
                (self.chi2 / degrees).sqrt()
            ));
        }
        let (a, [low, high]) = (self.parameters[0], self.volumes_ml);
        if a < low / FAR || a > high * FAR {
            said.push(format!(
                "half of the activity would be recovered at {a:.3e} mL, far from the spheres of {low} to {high} mL: check the counts, the volumes and the \
                 concentration"
            ));
        }
        said
    }

    /// Fits measured spheres. `shared_relative` is the relative standard uncertainty that they share; zero if there is none.
    ///
    /// # Errors
    /// If there are fewer than three points or two volumes, a value is bad, recoveries do not rise with volume, or the fit fails.
    pub fn fit(points: &[RecoveryPoint], shared_relative: f64) -> Result<Self> {
        not_negative("the shared uncertainty of the recoveries", shared_relative)?;
        for p in points {
            positive("the volume of a sphere, mL,", p.volume_ml)?;
            positive("a recovery coefficient", p.recovery)?;
            uncertain("a recovery coefficient", p.standard_uncertainty)?;
        }
        let volumes = points.iter().map(|p| p.volume_ml);
        let low = volumes.clone().fold(f64::INFINITY, f64::min);
        let high = volumes.fold(0.0, f64::max);
        if points.len() < 3 || high <= low {
            return Err(Error::input(
                format!("{} spheres of {low} to {high} mL", points.len()),
                "a recovery curve of two parameters needs three or more points at two or more volumes",
                "Measure more spheres.",
            ));
        }
        let problem = Problem { points, parameters: start(points)? };
        let (problem, report) = LevenbergMarquardt::new().minimize(problem);
        let [ln_a, b] = [problem.parameters[0], problem.parameters[1]];
        let found = ln_a.is_finite() && b > 0.0 && b.is_finite();
        if !(found && report.termination.was_successful()) {
            return Err(Error::input(
                format!(
                    "the recovery curve does not fit: {:?}, a = {} mL, b = {b}",
                    report.termination,
                    ln_a.exp()
                ),
                "R = 1 / (1 + (a / V)^b) rises with volume from 0 to 1",
                "Check volumes and recoveries of the spheres.",
            ));
        }
        let chi2 = 2.0 * report.objective_function;
        let degrees_of_freedom = points.len() - 2;
        let jacobian = problem.slopes();
        let information = jacobian.transpose() * &jacobian;
        let information = Matrix2::new(
            information[(0, 0)],
            information[(0, 1)],
            information[(1, 0)],
            information[(1, 1)],
        );
        let covariance = information.try_inverse().ok_or_else(|| {
            Error::input(
                "the parameters of the recovery curve are not determined",
                "its equations are singular",
                "Measure spheres of more different volumes.",
            )
        })?;
        let a = ln_a.exp();
        // From (ln a, b) to (a, b).
        let to_a = Matrix2::new(a, 0.0, 0.0, 1.0);
        let c = to_a * covariance * to_a * (chi2 / degrees_of_freedom as f64).max(1.0);
        Ok(RecoveryCurve {
            parameters: [a, b],
            covariance: [[c[(0, 0)], c[(0, 1)]], [c[(1, 0)], c[(1, 1)]]],
            shared_relative,
            includes_calibration: false,
            chi2,
            degrees_of_freedom,
            volumes_ml: [low, high],
        })
    }

    /// The curve's value at a volume, mL.
    pub fn value(&self, volume_ml: f64) -> f64 {
        value(self.parameters, volume_ml)
    }

    /// A curve of other parameters (`a`, mL, and `b`) at a volume, mL.
    pub fn value_with(&self, parameters: [f64; 2], volume_ml: f64) -> f64 {
        value(parameters, volume_ml)
    }

    /// The recovery coefficient of a VOI's volume and its standard uncertainty, mL.
    ///
    /// # Errors
    /// If the volume is not positive or has no uncertainty, or lies outside of the measured ones and `rule` refuses that.
    pub fn recovery(
        &self,
        volume_ml: f64,
        volume_uncertainty_ml: f64,
        rule: Extrapolation,
    ) -> Result<Recovered> {
        let u = uncertain("a VOI's volume", volume_uncertainty_ml)?;
        let at = self.at(volume_ml, rule)?;
        Ok(Recovered { from_volume: at.value * at.volume_exponent * u / volume_ml, ..at })
    }

    /// As [`RecoveryCurve::recovery`] where the volume's uncertainty is counted elsewhere, or not stated: `from_volume` is zero.
    ///
    /// # Errors
    /// If the volume is not positive, or lies outside of the measured ones and `rule` refuses that.
    pub fn at(&self, volume_ml: f64, rule: Extrapolation) -> Result<Recovered> {
        let v = positive("the volume of a VOI, mL,", volume_ml)?;
        let extrapolated = !(self.volumes_ml[0]..=self.volumes_ml[1]).contains(&v);
        if extrapolated && rule == Extrapolation::Refuse {
            return Err(Error::input(
                format!("a VOI of {v} mL"),
                format!(
                    "the recovery curve was measured from {} to {} mL",
                    self.volumes_ml[0], self.volumes_ml[1]
                ),
                "Measure spheres of that size, or allow extrapolation, which is then reported.",
            ));
        }
        let r = self.value(v);
        let [a, b] = self.parameters;
        let c = &self.covariance;
        // dR/dx = R (1 - R) d(logit R)/dx with logit R = b ln(V / a).
        let slope = r * (1.0 - r);
        let [by_a, by_b] = [-slope * b / a, slope * (v / a).ln()];
        let from_fit = by_a * by_a * c[0][0] + 2.0 * by_a * by_b * c[0][1] + by_b * by_b * c[1][1];
        let volume_exponent = b * (1.0 - r);
        Ok(Recovered {
            value: r,
            from_curve: (from_fit + (r * self.shared_relative).powi(2)).sqrt(),
            from_volume: 0.0,
            volume_exponent,
            extrapolated,
            includes_calibration: self.includes_calibration,
        })
    }
}

fn value([a, b]: [f64; 2], volume_ml: f64) -> f64 {
    1.0 / (1.0 + (a / volume_ml).powf(b))
}

/// ln a and b by a straight line through logit R = b (ln V - ln a), over the points between 0 and 1.
fn start(points: &[RecoveryPoint]) -> Result<Vector2<f64>> {
    let usable: Vec<(f64, f64)> = points
        .iter()
        .filter(|p| p.recovery < 1.0)
        .map(|p| (p.volume_ml.ln(), (p.recovery / (1.0 - p.recovery)).ln()))
        .collect();
    let n = usable.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| usable.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let xx: f64 = usable.iter().map(|p| (p.0 - x).powi(2)).sum();
    let xy: f64 = usable.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let b = xy / xx;
    if usable.len() < 2 || !(b > 0.0 && b.is_finite()) {
        return Err(Error::input(
            format!(
                "{} of {} recoveries lie below 1 and their slope is {b}",
                usable.len(),
                points.len()
            ),
            "recovery must rise with volume towards 1",
            "Check which sphere is which, and the calibration factor.",
        ));
    }
    Ok(Vector2::new(x - y / b, b))
}

/// Residuals (R - measured) / u in the parameters ln a and b.
struct Problem<'a> {
    points: &'a [RecoveryPoint],
    parameters: Vector2<f64>,
}

impl Problem<'_> {
    fn slopes(&self) -> DMatrix<f64> {
        let [ln_a, b] = [self.parameters[0], self.parameters[1]];
        DMatrix::from_fn(self.points.len(), 2, |i, j| {
            let p = self.points[i];
            let r = value([ln_a.exp(), b], p.volume_ml);
            let by = if j == 0 { -b } else { p.volume_ml.ln() - ln_a };
            r * (1.0 - r) * by / p.standard_uncertainty
        })
    }
}

impl LeastSquaresProblem<f64, Dyn, U2> for Problem<'_> {
    type ParameterStorage = Owned<f64, U2>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, U2>;

    fn set_params(&mut self, x: &Vector2<f64>) {
        self.parameters = *x;
    }

    fn params(&self) -> Vector2<f64> {
        self.parameters
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let curve = [self.parameters[0].exp(), self.parameters[1]];
        let residual =
            |p: &RecoveryPoint| (value(curve, p.volume_ml) - p.recovery) / p.standard_uncertainty;
        Some(DVector::from_iterator(self.points.len(), self.points.iter().map(residual)))
    }

    fn jacobian(&self) -> Option<nalgebra::OMatrix<f64, Dyn, U2>> {
        Some(self.slopes().fixed_columns::<2>(0).into_owned())
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
