//! Weighted least-squares fit of a family of curves to a time-activity curve.
//!
//! Minimises chi2 = sum_i ((A(t_i) - y_i) / u_i)^2 by the Levenberg-Marquardt algorithm from several deterministic starts. Neglected:
//! uncertainties of the times; a common scale does not change the shape and joins only in the TIA. The covariance is (J^T J)^-1 with J
//! the derivatives of the residuals, times chi2 / (n - K) where uncertainties are relative only. Gates: Kletting et al., Med. Phys. 40,
//! 102504, 2013, doi:10.1118/1.4820367.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn, OVector};

use super::distribution::chi_squared_exceeded;
use super::model::{Curve, Family};
use super::profile;
use super::starts::{scaled, starts};
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::{Error, Result};

/// Largest coefficient of variation of a parameter that passes its gate.
pub const MAX_CV: f64 = 0.5;
/// Largest absolute correlation of two parameters that passes its gate.
pub const MAX_CORRELATION: f64 = 0.8;
/// Below this probability of the chi-squared the family is said not to describe the points.
pub const MIN_PROBABILITY: f64 = 0.01;

/// A parameter in the units of the equation.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// `A_1` (unit of the values), `lambda_1` (1/s, biological), ...; 1 is the slowest phase, `u` the uptake.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard uncertainty.
    pub standard_uncertainty: f64,
}

/// One check of the quality of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// What was checked.
    pub name: String,
    /// The value found.
    pub value: f64,
    /// Its limit.
    pub limit: f64,
    /// Whether it holds.
    pub passed: bool,
}

/// A fitted curve.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The curve.
    pub curve: Curve,
    /// Covariance of the free parameters theta; theta_0 = ln TIA.
    pub covariance: DMatrix<f64>,
    /// Sum of squared weighted residuals.
    pub chi2: f64,
    /// Points less parameters.
    pub degrees_of_freedom: usize,
    /// Weighted coefficient of determination.
    pub r2: f64,
    /// Parameters in the units of the equation.
    pub parameters: Vec<Parameter>,
    /// Their correlation matrix.
    pub correlation: DMatrix<f64>,
    /// Quality checks.
    pub gates: Vec<Gate>,
}

/// Fits a family with physical decay constant `decay_constant_per_s` (1/s, positive).
///
/// # Errors
/// If there are fewer points than parameters (or none left to estimate relative uncertainties from), all values are zero, the points
/// only rise (clearance is then not determined), or no start converges.
pub fn fit(tac: &Tac, family: Family, decay_constant_per_s: f64) -> Result<Fit> {
    check(tac, family, decay_constant_per_s)?;
    let begin = starts(tac, family, decay_constant_per_s);
    let runs = begin.iter().filter_map(|s| minimise(tac, family, decay_constant_per_s, s, None));
    let best = runs.min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((theta, chi2)) = best else {
        return Err(Error::input(
            format!("the {} curve cannot be fitted", family.name()),
            "no start converged to a positive curve",
            "Look at the points; use a simpler model or the trapezoid.",
        ));
    };
    Ok(finished(tac, Curve::new(family, decay_constant_per_s, &theta), chi2))
}

fn check(tac: &Tac, family: Family, decay_constant_per_s: f64) -> Result<()> {
    let (n, k) = (tac.len(), family.parameters());
    let refuse = |problem: String, why: String, suggestion: &str| {
        Err(Error::input(problem, why, suggestion))
    };
    if !(decay_constant_per_s > 0.0 && decay_constant_per_s.is_finite()) {
        return refuse(
            format!("decay constant {decay_constant_per_s} 1/s"),
            "it must be positive: the tail of every curve decays at least physically".into(),
            "Give the half-life of the nuclide.",
        );
    }
    if n < k {
        return refuse(
            format!("{n} point(s) for a {} curve", family.name()),
            format!("it has {k} parameters"),
            "Use a model with fewer parameters, or a single-time-point method.",
        );
    }
    if n == k && tac.kind() == UncertaintyKind::RelativeOnly {
        return refuse(
            format!(
                "{n} points for the {k} parameters of a {} curve without absolute uncertainties",
                family.name()
            ),
            "no residual is left to estimate the uncertainty from".into(),
            "Give standard uncertainties, or use a model with fewer parameters.",
        );
    }
    if tac.values().iter().all(|v| *v == 0.0) {
        return refuse(
            "all values are 0".into(),
            "there is no curve".into(),
            "Leave this VOI out.",
        );
    }
    if family != Family::Physical && tac.rises_throughout() {
        let v = tac.values();
        return refuse(
            format!("the {n} points rise throughout, from {:.6e} to {:.6e}", v[0], v[n - 1]),
            format!(
                "a {} curve needs a point on its falling part: the clearance is not determined",
                family.name()
            ),
            "Add a later time point, or integrate with an assumed tail (trapezoid with physical decay, population half-life).",
        );
    }
    Ok(())
}

/// Residuals of a curve, with theta_0 free or fixed.
struct Problem<'a> {
    tac: &'a Tac,
    family: Family,
    lambda: f64,
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
        let residuals = DVector::from_vec(residuals(self.tac, &self.curve()));
        residuals.iter().all(|r| r.is_finite()).then_some(residuals)
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let all = jacobian(self.tac, &self.curve());
        let jacobian = if self.fixed.is_some() { all.remove_column(0) } else { all };
        jacobian.iter().all(|r| r.is_finite()).then_some(jacobian)
    }
}

/// Weighted residuals (A(t_i) - y_i) / u_i.
pub(crate) fn residuals(tac: &Tac, curve: &Curve) -> Vec<f64> {
    let points = tac.times_s().iter().zip(tac.values()).zip(tac.uncertainties());
    points.map(|((&t, &y), &u)| (curve.value(t) - y) / u).collect()
}

fn jacobian(tac: &Tac, curve: &Curve) -> DMatrix<f64> {
    let mut jacobian = DMatrix::zeros(tac.len(), curve.theta().len());
    for (i, (&t, &u)) in tac.times_s().iter().zip(tac.uncertainties()).enumerate() {
        for (p, g) in curve.gradient(t).into_iter().enumerate() {
            jacobian[(i, p)] = g / u;
        }
    }
    jacobian
}

/// The minimum reached from `start`, with ln TIA free or fixed: theta and chi2. None if the search fails.
pub(crate) fn minimise(
    tac: &Tac,
    family: Family,
    lambda: f64,
    start: &[f64],
    fixed: Option<f64>,
) -> Option<(Vec<f64>, f64)> {
    let free = &start[usize::from(fixed.is_some())..];
    let problem = Problem { tac, family, lambda, fixed, free: DVector::from_column_slice(free) };
    let chi2_of = |p: &Problem| residuals(tac, &p.curve()).iter().map(|r| r * r).sum::<f64>();
    if free.is_empty() {
        let chi2 = chi2_of(&problem);
        return chi2.is_finite().then(|| (problem.theta(), chi2));
    }
    let (problem, _) = LevenbergMarquardt::new().with_patience(200).minimize(problem);
    let mut theta = problem.theta();
    let mut chi2 = chi2_of(&problem);
    // The best scale of a shape is known in closed form: take it (exact where the search stopped early).
    if let (None, Some((better, projected))) = (fixed, scaled(tac, family, lambda, &theta[1..]))
        && (better < chi2 || !chi2.is_finite())
    {
        let curve = Curve::new(family, lambda, &projected);
        chi2 = residuals(tac, &curve).iter().map(|r| r * r).sum();
        theta = projected;
    }
    (chi2.is_finite() && theta.iter().all(|t| t.is_finite())).then_some((theta, chi2))
}

fn finished(tac: &Tac, curve: Curve, chi2: f64) -> Fit {
    let (n, k) = (tac.len(), curve.theta().len());
    let degrees_of_freedom = n - k;
    let (mut covariance, held) = covariance(jacobian(tac, &curve));
    if tac.kind() == UncertaintyKind::RelativeOnly {
        covariance *= chi2 / degrees_of_freedom as f64;
    }
    let natural = curve.natural_parameters();
    let gradients = DMatrix::from_fn(natural.len(), k, |i, p| natural[i].gradient[p]);
    let of_natural = &gradients * &covariance * gradients.transpose();
    let sd: Vec<f64> = (0..natural.len()).map(|i| of_natural[(i, i)].max(0.0).sqrt()).collect();
    let correlation = DMatrix::from_fn(natural.len(), natural.len(), |i, j| {
        if i == j { 1.0 } else { of_natural[(i, j)] / (sd[i] * sd[j]).max(f64::MIN_POSITIVE) }
    });
    let parameters: Vec<Parameter> = natural
        .iter()
        .zip(&sd)
        .map(|(p, sd)| Parameter {
            name: p.name.clone(),
            value: p.value,
            standard_uncertainty: *sd,
        })
        .collect();
    let gates = gates(tac, &parameters, &correlation, chi2, degrees_of_freedom, held);
    let r2 = r2(tac, chi2);
    Fit { curve, covariance, chi2, degrees_of_freedom, r2, parameters, correlation, gates }
}

/// (J^T J)^-1 by singular values of the column-scaled J; a parameter that changes nothing is held (variance 0). Returns how many are.
fn covariance(jacobian: DMatrix<f64>) -> (DMatrix<f64>, usize) {
    let k = jacobian.ncols();
    let mut free: Vec<usize> = (0..k).filter(|p| jacobian.column(*p).norm() > 1e-200).collect();
    loop {
        let norms: Vec<f64> = free.iter().map(|p| jacobian.column(*p).norm()).collect();
        let scaled = DMatrix::from_fn(jacobian.nrows(), free.len(), |i, c| {
            jacobian[(i, free[c])] / norms[c]
        });
        let svd = scaled.svd(false, true);
        let Some(v_t) = svd.v_t.filter(|_| !free.is_empty()) else { break };
        let largest = svd.singular_values.max();
        let (worst, smallest) = svd.singular_values.argmin();
        if smallest < 1e-9 * largest && free.len() > 1 {
            // The parameter that leads the undetermined direction; never ln TIA itself.
            let lead = (1..free.len())
                .max_by(|a, b| v_t[(worst, *a)].abs().total_cmp(&v_t[(worst, *b)].abs()));
            free.remove(lead.unwrap_or(free.len() - 1));
            continue;
        }
        let mut covariance = DMatrix::zeros(k, k);
        for (a, &p) in free.iter().enumerate() {
            for (b, &q) in free.iter().enumerate() {
                let sum: f64 = (0..free.len())
                    .map(|s| v_t[(s, a)] * v_t[(s, b)] / svd.singular_values[s].powi(2))
                    .sum();
                covariance[(p, q)] = sum / (norms[a] * norms[b]);
            }
        }
        return (covariance, k - free.len());
    }
    (DMatrix::zeros(k, k), k)
}

fn gates(
    tac: &Tac,
    parameters: &[Parameter],
    correlation: &DMatrix<f64>,
    chi2: f64,
    degrees: usize,
    held: usize,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    for p in parameters {
        let cv = if p.value > 0.0 { p.standard_uncertainty / p.value } else { f64::INFINITY };
        gates.push(Gate {
            name: format!("CV of {}", p.name),
            value: cv,
            limit: MAX_CV,
            passed: cv < MAX_CV,
        });
    }
    for i in 0..parameters.len() {
        for j in i + 1..parameters.len() {
            let r = correlation[(i, j)];
            let name = format!("correlation of {} and {}", parameters[i].name, parameters[j].name);
            gates.push(Gate {
                name,
                value: r,
                limit: MAX_CORRELATION,
                passed: r.abs() < MAX_CORRELATION,
            });
        }
    }
    if tac.kind() == UncertaintyKind::Absolute && degrees > 0 {
        let value = chi_squared_exceeded(chi2, degrees);
        let name = "probability of chi-squared".into();
        gates.push(Gate { name, value, limit: MIN_PROBABILITY, passed: value >= MIN_PROBABILITY });
    }
    if held > 0 {
        let name = "parameters at a bound or not determined".into();
        gates.push(Gate { name, value: held as f64, limit: 0.0, passed: false });
    }
    gates
}

fn r2(tac: &Tac, chi2: f64) -> f64 {
    let weights: Vec<f64> = tac.uncertainties().iter().map(|u| 1.0 / (u * u)).collect();
    let total: f64 = weights.iter().sum();
    let mean = weights.iter().zip(tac.values()).map(|(w, y)| w * y).sum::<f64>() / total;
    let spread: f64 = weights.iter().zip(tac.values()).map(|(w, y)| w * (y - mean).powi(2)).sum();
    if spread > 0.0 { 1.0 - chi2 / spread } else { f64::NAN }
}

impl Fit {
    /// The family.
    pub fn family(&self) -> Family {
        self.curve.family()
    }

    /// Whether all gates are passed.
    pub fn passed(&self) -> bool {
        self.gates.iter().all(|g| g.passed)
    }

    /// Whether every parameter's coefficient of variation passes and none is held.
    pub fn determined(&self) -> bool {
        self.gates.iter().all(|g| {
            g.passed || g.name.starts_with("correlation") || g.name.starts_with("probability")
        })
    }

    /// Standard uncertainty of ln TIA, without the common scale.
    pub fn ln_tia_uncertainty(&self) -> f64 {
        self.covariance[(0, 0)].max(0.0).sqrt()
    }

    /// Standard uncertainty of the curve at a time, without the common scale.
    pub fn value_uncertainty(&self, time_s: f64) -> f64 {
        let g = DVector::from_vec(self.curve.gradient(time_s));
        g.dot(&(&self.covariance * &g)).max(0.0).sqrt()
    }

    /// The TIA with its profile-likelihood 95 % interval, the extrapolated shares and the failed gates as warnings.
    pub fn tia(&self, tac: &Tac) -> Tia {
        let half = profile::half_widths_95(tac, self);
        let method = format!("{} fit", self.family().name());
        let common = tac.common_scale().relative();
        let whole = self.curve.tia();
        let before = self.curve.integral(0.0, tac.first_s()) / whole;
        let after = self.curve.integral(tac.last_s(), f64::INFINITY) / whole;
        let mut tia = Tia::from_logs(whole, self.ln_tia_uncertainty(), half, common, method)
            .with_shares(before, after);
        let failed = self.gates.iter().filter(|g| !g.passed);
        tia.warnings
            .extend(failed.map(|g| format!("{} is {:.3} (limit {})", g.name, g.value, g.limit)));
        if self.degrees_of_freedom == 0 {
            tia.warnings.push("as many parameters as points: the fit cannot be checked".into());
        }
        tia
    }
}
