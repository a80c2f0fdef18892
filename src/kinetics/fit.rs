//! Weighted least-squares fit of a family of curves to a time-activity curve.
//!
//! Minimises chi2 = sum_i ((A(t_i) - y_i) / u_i)^2 by the Levenberg-Marquardt algorithm from several deterministic starts. Neglected:
//! uncertainties of the times; a common scale does not change the shape and joins only in the TIA. The covariance is (J^T J)^-1 with J
//! the derivatives of the residuals. Where uncertainties are known up to a factor only, its square is estimated as
//! (chi2 + chi2_0) / (n - K + nu_0), with chi2_0 and nu_0 those of the stated prior of the noise ([`super::prior`]). Gates: Kletting et
//! al., Med. Phys. 40, 102504, 2013, doi:10.1118/1.4820367.

use nalgebra::{DMatrix, DVector};

use super::average::Mixture;
use super::model::{Curve, Family, LN_FASTEST};
use super::prior::{NOISE_DEGREES, Prior, noise_chi2, priors};
use super::profile;
use super::quality::{
    Determined, Gate, MIN_PROBABILITY, REFUTED_WITHOUT_FREEDOM, covariance, gates, r2,
};
use super::search::{Minimum, jacobian, minimise, refined};
use super::starts::starts;
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::stats::{NORMAL_97_5, chi_squared_exceeded, student_97_5};
use crate::{Error, Result};

/// A parameter in the units of the equation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Parameter {
    /// `A_1` (unit of the values), `lambda_1` (1/s, biological), ...; 1 is the slowest phase, `u` the uptake.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard uncertainty.
    pub standard_uncertainty: f64,
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
    /// Whether the points determine the TIA at all.
    pub tia_determined: bool,
    /// The points with the uncertainties that the fit used, the estimated factor of relative ones in them.
    pub points: Tac,
    /// Square of the factor between the stated uncertainties and those used (1 for absolute ones).
    pub variance_factor: f64,
    /// Priors of the shape; none for a family fitted by itself.
    pub(crate) priors: Vec<Prior>,
    /// Their part of what was minimised.
    pub(crate) penalty: f64,
}

/// Fits a family with physical decay constant `decay_constant_per_s` (1/s, positive), by the points alone.
///
/// # Errors
/// If there are fewer points than parameters, all values are zero, the points only rise (clearance is then not determined), or no start
/// converges.
pub fn fit(tac: &Tac, family: Family, decay_constant_per_s: f64) -> Result<Fit> {
    check(tac, family, decay_constant_per_s)?;
    let (n, k) = (tac.len(), family.parameters());
    if n < k {
        return Err(Error::input(
            format!("{n} point(s) for a {} curve", family.name()),
            format!("it has {k} parameters"),
            "Use a model with fewer parameters, or a single-time-point method.",
        ));
    }
    search(tac, family, decay_constant_per_s, vec![])
}

/// As [`fit`] with the stated priors of the shape, which bound what the points do not tell: for any number of points.
///
/// # Errors
/// As [`fit`], but for the number of points.
pub fn fit_with_priors(tac: &Tac, family: Family, decay_constant_per_s: f64) -> Result<Fit> {
    check(tac, family, decay_constant_per_s)?;
    search(tac, family, decay_constant_per_s, priors(family, tac.last_s()))
}

fn search(tac: &Tac, family: Family, lambda: f64, priors: Vec<Prior>) -> Result<Fit> {
    let begin = starts(tac, family, lambda, &priors);
    let runs = begin.iter().filter_map(|s| minimise(tac, family, lambda, s, None, &priors));
    let best = runs.min_by(|a, b| a.objective().total_cmp(&b.objective()));
    let Some(first) = best else {
        return Err(Error::input(
            format!("the {} curve cannot be fitted", family.name()),
            "no start converged to a positive curve",
            "Look at the points; use a simpler model or the trapezoid.",
        ));
    };
    Ok(completed(tac, family, lambda, first, priors))
}

/// From a first minimum in the weights as stated to the fit.
fn completed(tac: &Tac, family: Family, lambda: f64, first: Minimum, priors: Vec<Prior>) -> Fit {
    let mut found = Scaled { points: tac.clone(), factor: 1.0, minimum: first };
    if tac.kind() == UncertaintyKind::RelativeOnly {
        found = rescaled(tac, family, lambda, found, &priors);
    }
    found.minimum = refined(&found.points, family, lambda, found.minimum, &priors);
    if priors.is_empty() {
        found.minimum = at_once(&found.points, family, lambda, found.minimum);
    }
    finished(Curve::new(family, lambda, &found.minimum.theta), found, priors)
}

/// The limit of a phase that is at once, where the points are described as well by it: chi-squared falls towards it ever more slowly, and a
/// search ends anywhere on the way.
fn at_once(tac: &Tac, family: Family, lambda: f64, found: Minimum) -> Minimum {
    let limit = |parameter: usize| {
        let mut start = found.theta.clone();
        start[parameter] = LN_FASTEST;
        let at = minimise(tac, family, lambda, &start, None, &[])?;
        Some(refined(tac, family, lambda, at, &[]))
    };
    let limits = family.steps().iter().filter_map(|p| limit(*p));
    let best = limits.min_by(|a, b| a.chi2.total_cmp(&b.chi2));
    best.filter(|m| m.chi2 <= found.chi2 * (1.0 + 1e-9)).unwrap_or(found)
}

/// A minimum with the uncertainties that it was found with.
struct Scaled {
    points: Tac,
    /// Square of the factor between stated uncertainties and those used.
    factor: f64,
    minimum: Minimum,
}

/// Repeats the fit with the factor that the residuals and the prior of the noise say, until it stands still.
fn rescaled(tac: &Tac, family: Family, lambda: f64, mut found: Scaled, priors: &[Prior]) -> Scaled {
    let degrees = tac.len().saturating_sub(family.parameters()) as f64;
    let factor_of = |found: &Scaled| {
        (found.factor * found.minimum.chi2 + noise_chi2(tac)) / (degrees + NOISE_DEGREES)
    };
    for round in 0..200 {
        let factor = factor_of(&found);
        let step = (factor / found.factor - 1.0).abs();
        let points = tac.clone().scaled(factor.sqrt());
        // Near its end every round is one of the last digits, so that these do not depend on when it ends.
        let minimum = if round > 0 && step < 1e-3 {
            refined(&points, family, lambda, found.minimum, priors)
        } else {
            let start = &found.minimum.theta;
            match minimise(&points, family, lambda, start, None, priors) {
                Some(minimum) => minimum,
                None => break,
            }
        };
        found = Scaled { points, factor, minimum };
        if step < 1e-15 {
            break;
        }
    }
    found
}

fn check(tac: &Tac, family: Family, decay_constant_per_s: f64) -> Result<()> {
    let n = tac.len();
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
    if tac.values().iter().all(|v| *v <= 0.0) {
        return refuse(
            "all values are 0 or below".into(),
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

fn finished(curve: Curve, found: Scaled, priors: Vec<Prior>) -> Fit {
    let Scaled { points, factor, minimum } = found;
    let (n, k) = (points.len(), curve.theta().len());
    let degrees_of_freedom = n.saturating_sub(k);
    let Determined { covariance, held, tia: tia_determined } =
        covariance(&jacobian(&points, &curve, &priors));
    // In the weights as stated.
    let chi2 = factor * minimum.chi2;
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
    let gates = gates(&points, &parameters, &correlation, chi2, degrees_of_freedom, held);
    let r2 = r2(&points, minimum.chi2);
    Fit {
        curve,
        covariance,
        chi2,
        degrees_of_freedom,
        r2,
        parameters,
        correlation,
        gates,
        tia_determined,
        points,
        variance_factor: factor,
        priors,
        penalty: minimum.penalty,
    }
}

/// Ratio beyond which a linear propagation and the profile tell different uncertainties.
const REFUTED: f64 = 1.5;

impl Fit {
    /// The same family, with the same priors, fitted to other points.
    ///
    /// # Errors
    /// As [`fit_with_priors`].
    pub fn refit(&self, tac: &Tac) -> Result<Fit> {
        let lambda = self.curve.decay_constant_per_s();
        check(tac, self.family(), lambda)?;
        // From here, not from a grid: the values are near (samples, steps of a derivative).
        let start = self.curve.theta();
        match minimise(tac, self.family(), lambda, start, None, &self.priors) {
            Some(first) => Ok(completed(tac, self.family(), lambda, first, self.priors.clone())),
            None => search(tac, self.family(), lambda, self.priors.clone()),
        }
    }

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

    /// What the gates that fail say, and whether the fit can be checked at all.
    pub(crate) fn gate_warnings(&self) -> Vec<String> {
        let failed = self.gates.iter().filter(|g| !g.passed);
        let mut all: Vec<String> =
            failed.map(|g| format!("{} is {:.3} (limit {})", g.name, g.value, g.limit)).collect();
        if !self.tia_determined {
            all.push(
                "the points do not determine the integral: other curves fit them as well".into(),
            );
        }
        if self.degrees_of_freedom == 0 {
            all.push("as many parameters as points: the fit cannot be checked".into());
        }
        all
    }

    /// What was minimised, in the weights that the fit used.
    pub(crate) fn objective(&self) -> f64 {
        self.chi2 / self.variance_factor + self.penalty
    }

    /// 97.5 % quantile of the deviation in standard uncertainties: Student's where the noise was estimated.
    pub(crate) fn quantile_97_5(&self) -> f64 {
        match self.noise_degrees() {
            None => NORMAL_97_5,
            Some(degrees) => student_97_5(degrees),
        }
    }

    /// Degrees of freedom with which the noise was estimated; none where it was stated.
    pub(crate) fn noise_degrees(&self) -> Option<f64> {
        (self.points.kind() == UncertaintyKind::RelativeOnly)
            .then_some(self.degrees_of_freedom as f64 + NOISE_DEGREES)
    }

    /// Standard uncertainty of ln TIA, without the common scale; infinite if the points do not determine it.
    pub fn ln_tia_uncertainty(&self) -> f64 {
        if self.tia_determined { self.covariance[(0, 0)].max(0.0).sqrt() } else { f64::INFINITY }
    }

    /// Standard uncertainty of the curve at a time, without the common scale.
    pub fn value_uncertainty(&self, time_s: f64) -> f64 {
        let g = DVector::from_vec(self.curve.gradient(time_s));
        g.dot(&(&self.covariance * &g)).max(0.0).sqrt()
    }

    /// Factor that widens the uncertainty of a fit that chi-squared refutes (p < 1 %): sqrt(chi2 / (n - K)) (Birge, Phys. Rev. 40, 207,
    /// 1932, doi:10.1103/PhysRev.40.207); else 1. Estimated noise holds it already.
    pub fn widening(&self) -> f64 {
        let degrees = self.degrees_of_freedom;
        if degrees == 0 && self.points.kind() == UncertaintyKind::Absolute {
            // As many parameters as points are met exactly, unless a bound or a prior forbids it: then the misfit has one degree at most.
            let misfit = self.objective();
            return if misfit < REFUTED_WITHOUT_FREEDOM { 1.0 } else { misfit.sqrt() };
        }
        if self.points.kind() == UncertaintyKind::RelativeOnly
            || degrees == 0
            || chi_squared_exceeded(self.chi2, degrees as f64) >= MIN_PROBABILITY
        {
            return 1.0;
        }
        (self.chi2 / degrees as f64).sqrt().max(1.0)
    }

    /// Standard uncertainty of ln TIA: by linear propagation, unless the half-widths of the 95 % interval refute it, as where the points do not show
    /// a phase that the family has; then theirs.
    fn ln_tia_uncertainty_of(&self, lower: f64, upper: f64) -> f64 {
        let linear = self.ln_tia_uncertainty();
        let of_profile = 0.5 * (lower + upper) / self.quantile_97_5();
        let agree = (1.0 / REFUTED..=REFUTED).contains(&(linear / of_profile));
        // An open side says that there is none.
        if agree || of_profile.is_nan() || of_profile <= 0.0 { linear } else { of_profile }
    }

    /// The TIA with its profile-likelihood 95 % interval, the extrapolated shares and the failed gates as warnings.
    pub fn tia(&self, tac: &Tac) -> Tia {
        let factor = self.widening();
        let (lower, upper) = profile::half_widths_95(self);
        let half = (factor * lower, factor * upper);
        let method = format!("{} fit", self.family().name());
        let common = tac.common_scale().relative();
        let whole = self.curve.tia();
        let [before, after] = self.curve.outside(tac.first_s(), tac.last_s());
        let relative = factor * self.ln_tia_uncertainty_of(lower, upper);
        let mut tia =
            Tia::from_logs(whole, relative, half, common, method).with_shares(before, after);
        let at = Mixture::new(std::iter::once((1.0, self)), factor);
        tia.warn_of_error(at.probability_off(whole.ln(), common));
        tia.warnings.extend(self.gate_warnings());
        if factor > 1.0 {
            tia.warnings
                .push(format!("uncertainty widened {factor:.2}-fold, as the residuals say"));
        }
        tia
    }
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
