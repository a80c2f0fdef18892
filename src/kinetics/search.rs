//! The search for the minimum of chi2 from one starting point, by the library's Levenberg-Marquardt algorithm.
//!
//! Derivatives are analytic. With ln TIA fixed it gives one point of the profile likelihood.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn, OVector};

use super::model::{Curve, Family};
use super::polish::polished;
use super::prior::{Prior, penalty};
use super::starts::scaled;
use super::tac::Tac;

/// Residuals of a curve, with theta_0 free or fixed.
struct Problem<'a> {
    tac: &'a Tac,
    family: Family,
    lambda: f64,
    priors: &'a [Prior],
    fixed: Option<f64>,
    free: DVector<f64>,
}

impl Problem<'_> {
    fn theta(&self) -> Vec<f64> {
        self.fixed.iter().copied().chain(self.free.iter().copied()).collect()
    }

    fn curve(&self) -> Curve {
        Curve::new(self.family, self.lambda, &self.theta())
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ParameterStorage = Owned<f64, Dyn>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;

    fn set_params(&mut self, x: &OVector<f64, Dyn>) {
        self.free.copy_from(x);
    }

    fn params(&self) -> OVector<f64, Dyn> {
        self.free.clone()
    }

    fn residuals(&self) -> Option<OVector<f64, Dyn>> {
        let residuals = DVector::from_vec(with_priors(self.tac, &self.curve(), self.priors));
        residuals.iter().all(|r| r.is_finite()).then_some(residuals)
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let all = jacobian(self.tac, &self.curve(), self.priors);
        let jacobian = if self.fixed.is_some() { all.remove_column(0) } else { all };
        jacobian.iter().all(|r| r.is_finite()).then_some(jacobian)
    }
}

/// Least share of a point's value that a curve may have there: far below any fit, so that deviances stay finite.
const LEAST: f64 = 1e-60;

/// Residual of a curve's value `f` at a point of value `y` and uncertainty `u`, with its derivative by `f`.
///
/// (f - y) / u; where uncertainties are shares r of the true value the deviance residual of the quasi-likelihood of constant coefficient of
/// variation, d^2 = 2 (y / f - 1 - ln(y / f)) / r^2 (Wedderburn, Biometrika 61, 439, 1974, doi:10.1093/biomet/61.3.439): its minimum is
/// that of weights by the curve, with no bias by the shares, and its rise is the likelihood's.
fn residual(proportional: bool, f: f64, y: f64, u: f64) -> (f64, f64) {
    if !(proportional && y > 0.0) {
        return ((f - y) / u, 1.0 / u);
    }
    let r = u / y;
    // No curve without a value: the deviance of a curve that has died out at a point grows without bound.
    let f = f.max(LEAST * y);
    let x = y / f - 1.0;
    // 2 (x - ln(1 + x)) = x^2 (1 - 2 x / 3 + x^2 / 2 - ...); the series where the difference cancels.
    let square = if x.abs() < 1e-3 {
        x * x * (1.0 - x * (2.0 / 3.0 - x * (0.5 - x * (0.4 - x / 3.0))))
    } else {
        2.0 * (x - x.ln_1p())
    };
    let d = -x.signum() * square.sqrt() / r;
    // d dd/df = (f - y) / (r f)^2.
    let slope = if x.abs() < 1e-9 { 1.0 / (r * f) } else { -x / (r * r * f * d) };
    (d, slope)
}

/// Weighted residuals of a curve.
pub(crate) fn residuals(tac: &Tac, curve: &Curve) -> Vec<f64> {
    let points = tac.times_s().iter().zip(tac.values()).zip(tac.uncertainties());
    points
        .map(|((&t, &y), &u)| residual(by_shares(tac, curve, t), curve.value(t), y, u).0)
        .collect()
}

/// Whether a point's uncertainty is a share of the curve; at injection a curve of uptake has no value to share.
fn by_shares(tac: &Tac, curve: &Curve, time_s: f64) -> bool {
    tac.is_proportional() && !(time_s == 0.0 && curve.family().has_uptake())
}

/// The same with the deviations from the priors below.
fn with_priors(tac: &Tac, curve: &Curve, priors: &[Prior]) -> Vec<f64> {
    let mut all = residuals(tac, curve);
    all.extend(priors.iter().map(|p| (curve.theta()[p.parameter] - p.mean) / p.sd));
    all
}

/// Derivatives of the weighted residuals by theta, those of the priors below.
pub(crate) fn jacobian(tac: &Tac, curve: &Curve, priors: &[Prior]) -> DMatrix<f64> {
    let mut jacobian = DMatrix::zeros(tac.len() + priors.len(), curve.theta().len());
    for (i, p) in priors.iter().enumerate() {
        jacobian[(tac.len() + i, p.parameter)] = 1.0 / p.sd;
    }
    for (i, &t) in tac.times_s().iter().enumerate() {
        let (y, u) = (tac.values()[i], tac.uncertainties()[i]);
        let (_, slope) = residual(by_shares(tac, curve, t), curve.value(t), y, u);
        for (p, g) in curve.gradient(t).into_iter().enumerate() {
            jacobian[(i, p)] = g * slope;
        }
    }
    jacobian
}

/// A minimum of chi-squared plus the penalty of the priors.
#[derive(Debug, Clone)]
pub(crate) struct Minimum {
    /// Free parameters.
    pub theta: Vec<f64>,
    /// Of the points.
    pub chi2: f64,
    /// Of the priors.
    pub penalty: f64,
}

impl Minimum {
    fn at(tac: &Tac, family: Family, lambda: f64, theta: Vec<f64>, priors: &[Prior]) -> Self {
        let curve = Curve::new(family, lambda, &theta);
        let chi2 = residuals(tac, &curve).iter().map(|r| r * r).sum();
        let penalty = penalty(priors, &theta);
        Minimum { theta, chi2, penalty }
    }

    /// What was minimised.
    pub fn objective(&self) -> f64 {
        self.chi2 + self.penalty
    }
}

/// The minimum reached from `start`, with ln TIA free or fixed. None if the search fails.
pub(crate) fn minimise(
    tac: &Tac,
    family: Family,
    lambda: f64,
    start: &[f64],
    fixed: Option<f64>,
    priors: &[Prior],
) -> Option<Minimum> {
    let free = &start[usize::from(fixed.is_some())..];
    let at = |theta: Vec<f64>| Minimum::at(tac, family, lambda, theta, priors);
    let started: Vec<f64> =
        std::iter::once(fixed.unwrap_or(start[0])).chain(start[1..].iter().copied()).collect();
    let begin = at(started);
    if free.is_empty() {
        return begin.chi2.is_finite().then_some(begin);
    }
    let problem =
        Problem { tac, family, lambda, priors, fixed, free: DVector::from_column_slice(free) };
    // Parameters are logarithms: a first step of the default hundredfold size leaves the region where the start was good.
    let search = LevenbergMarquardt::new().with_patience(200).with_stepbound(0.5);
    let (problem, _) = search.minimize(problem);
    let mut found = at(problem.theta());
    if found.objective().is_nan() || found.objective() > begin.objective() {
        // A search that was broken off leaves its last trial behind.
        found = begin;
    }
    // The best scale of a shape is known in closed form: take it (exact where the search stopped early).
    if let (None, Some((_, projected))) = (fixed, scaled(tac, family, lambda, &found.theta[1..])) {
        let projected = at(projected);
        if projected.objective() < found.objective() || !found.objective().is_finite() {
            found = projected;
        }
    }
    let finite = found.objective().is_finite() && found.theta.iter().all(|t| t.is_finite());
    finite.then_some(found)
}

/// A minimum with ln TIA free, to the last digits.
pub(crate) fn refined(
    tac: &Tac,
    family: Family,
    lambda: f64,
    found: Minimum,
    priors: &[Prior],
) -> Minimum {
    let theta = polished(&found.theta, &|theta| {
        let curve = Curve::new(family, lambda, theta);
        Some((with_priors(tac, &curve, priors), jacobian(tac, &curve, priors)))
    });
    let polished = Minimum::at(tac, family, lambda, theta, priors);
    let found = Minimum::at(tac, family, lambda, found.theta, priors);
    // Equal but for the rounding of the deviances, each a small difference.
    let better = polished.objective() <= found.objective() * (1.0 + 1e-10) + 1e-20;
    if better { polished } else { found }
}
