//! Weighted least-squares fit of a family of curves to a time-activity curve.
//!
//! Minimises chi2 = sum_i ((A(t_i) - y_i) / u_i)^2 by the Levenberg-Marquardt algorithm from several deterministic starts. Neglected:
//! uncertainties of the times; a common scale does not change the shape and joins only in the TIA. The covariance is (J^T J)^-1 with J
//! the derivatives of the residuals. Where uncertainties are known up to a factor only, its square is estimated as
//! (chi2 + chi2_0) / (n - K + nu_0), with chi2_0 and nu_0 those of the stated prior of the noise ([`super::prior`]). Gates: Kletting et
//! al., Med. Phys. 40, 102504, 2013, doi:10.1118/1.4820367.

use nalgebra::{DMatrix, DVector};

use super::average::Mixture;
use super::distribution::{NORMAL_97_5, chi_squared_exceeded, student_97_5};
use super::model::{Curve, Family, LN_FASTEST};
use super::prior::{NOISE_DEGREES, Prior, noise_chi2, priors};
use super::profile;
use super::quality::{Determined, Gate, MIN_PROBABILITY, covariance, gates, r2};
use super::search::{Minimum, jacobian, minimise, refined};
use super::starts::starts;
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::{Error, Result};

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
        if self.points.kind() == UncertaintyKind::RelativeOnly
            || degrees == 0
            || chi_squared_exceeded(self.chi2, degrees) >= MIN_PROBABILITY
        {
            return 1.0;
        }
        (self.chi2 / degrees as f64).sqrt().max(1.0)
    }

    /// The TIA with its profile-likelihood 95 % interval, the extrapolated shares and the failed gates as warnings.
    pub fn tia(&self, tac: &Tac) -> Tia {
        let factor = self.widening();
        let (lower, upper) = profile::half_widths_95(self);
        let half = (factor * lower, factor * upper);
        let method = format!("{} fit", self.family().name());
        let common = tac.common_scale().relative();
        let whole = self.curve.tia();
        let before = self.curve.integral(0.0, tac.first_s()) / whole;
        let after = self.curve.integral(tac.last_s(), f64::INFINITY) / whole;
        let relative = factor * self.ln_tia_uncertainty();
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
mod tests {
    use super::super::tac::CommonScale;
    use super::*;

    const LAMBDA: f64 = 1.2e-6;
    const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];

    fn exact(k: f64) -> Tac {
        let y = TIMES.map(|t| 50.0 * (-k * t).exp());
        Tac::new(&TIMES, &y, &y.map(|y| 0.05 * y)).unwrap()
    }

    /// With constant relative noise ln y is a straight line in t: the covariance has the closed form of linear regression.
    #[test]
    fn mono_has_the_closed_form_of_linear_regression() {
        let (k, u) = (4e-6, 0.05);
        let found = fit(&exact(k), Family::Mono, LAMBDA).unwrap();
        let mean = TIMES.iter().sum::<f64>() / 4.0;
        let sxx: f64 = TIMES.iter().map(|t| (t - mean).powi(2)).sum();
        let [a, rate] = [&found.parameters[0], &found.parameters[1]];
        assert!(
            (a.value / 50.0 - 1.0).abs() < 1e-8 && ((rate.value + LAMBDA) / k - 1.0).abs() < 1e-8
        );
        let (sd_k, var_ln_a) = (u / sxx.sqrt(), u * u * (0.25 + mean * mean / sxx));
        assert!((rate.standard_uncertainty / sd_k - 1.0).abs() < 1e-6);
        assert!((a.standard_uncertainty / (50.0 * var_ln_a.sqrt()) - 1.0).abs() < 1e-6);
        // ln TIA = ln A - ln k; cov(ln A, k) = u^2 mean / sxx.
        let variance = var_ln_a - 2.0 * u * u * mean / sxx / k + (sd_k / k).powi(2);
        assert!((found.ln_tia_uncertainty() / variance.sqrt() - 1.0).abs() < 1e-6);
        assert!(found.chi2 < 1e-10 && found.r2 > 1.0 - 1e-9 && found.degrees_of_freedom == 2);
    }

    #[test]
    fn a_common_scale_adds_to_the_tia_alone() {
        let tac = exact(4e-6);
        let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
        let without = found.tia(&tac);
        let with = found.tia(&tac.clone().with_common_scale(CommonScale::new(0.06).unwrap()));
        let expected = without.relative_uncertainty().hypot(0.06);
        assert!((with.relative_uncertainty() - expected).abs() < 1e-12);
        assert!(
            with.interval_95.0 < without.interval_95.0
                && with.interval_95.1 > without.interval_95.1
        );
        assert_eq!(with.value, without.value);
    }

    #[test]
    fn relative_uncertainties_are_found_from_the_residuals() {
        let signs = [1.0, -1.0, 1.0, -1.0];
        let of = |scale: f64| {
            let y: Vec<f64> =
                (0..4).map(|i| 50.0 * (-4e-6 * TIMES[i]).exp() * (1.0 + 0.03 * signs[i])).collect();
            let u: Vec<f64> = y.iter().map(|y| scale * y).collect();
            fit(&Tac::new(&TIMES, &y, &u).unwrap().relative_only(), Family::Mono, LAMBDA).unwrap()
        };
        let (small, large) = (of(0.01), of(0.5));
        assert!((small.ln_tia_uncertainty() / large.ln_tia_uncertainty() - 1.0).abs() < 1e-6);
        assert!(small.ln_tia_uncertainty() > 0.01);
    }

    #[test]
    fn shares_are_those_of_the_exponential() {
        let tac = exact(4e-6);
        let tia = fit(&tac, Family::Mono, LAMBDA).unwrap().tia(&tac);
        assert!((tia.share_before_first - (1.0 - (-4e-6 * TIMES[0]).exp())).abs() < 1e-9);
        assert!((tia.share_after_last - (-4e-6 * TIMES[3]).exp()).abs() < 1e-9);
        let short = tac.with_values(&TIMES.map(|t| 50.0 * (-1.3e-6 * t).exp())).unwrap();
        let tia = fit(&short, Family::Mono, LAMBDA).unwrap().tia(&short);
        assert!(
            tia.warnings.iter().any(|w| w.contains("after the last point")),
            "{:?}",
            tia.warnings
        );
    }

    #[test]
    fn what_cannot_be_fitted_is_refused_with_its_reason() {
        let refused = |tac: &Tac, family, word: &str| {
            let text = fit(tac, family, LAMBDA).expect_err("must be refused").to_string();
            assert!(text.contains(word), "{text}");
        };
        let one = Tac::new(&[1e5], &[3.0], &[0.1]).unwrap();
        refused(&one, Family::Bi, "4 parameters");
        refused(&exact(4e-6), Family::BiUptake, "5 parameters");
        let rising = Tac::new(&[1e4, 1e5], &[120.0, 138.0], &[12.0, 14.0]).unwrap();
        refused(&rising, Family::Mono, "rise throughout");
        refused(&Tac::new(&TIMES, &[0.0; 4], &[1.0; 4]).unwrap(), Family::Mono, "all values are 0");
        assert!(fit(&exact(4e-6), Family::Mono, 0.0).is_err());
        assert!(fit(&one, Family::Physical, LAMBDA).is_ok());
        assert!(fit(&exact(4e-6).last_points(2).relative_only(), Family::Mono, LAMBDA).is_ok());
    }

    /// The prior of the noise is as three points of 5 %: (chi2 + 3 x 5 %^2) / (n - K + 3).
    #[test]
    fn unknown_noise_is_between_the_residuals_and_its_prior() {
        let wave = [0.02, -0.02, 0.02, -0.02];
        let y: Vec<f64> =
            (0..4).map(|i| 50.0 * (-4e-6 * TIMES[i]).exp() * (1.0 + wave[i])).collect();
        let tac = Tac::with_equal_relative_weights(&TIMES, &y).unwrap();
        let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
        // Shares of 0.1 stand in the curve: chi2 and the prior are in these.
        let expected = (found.chi2 + 3.0 * 0.25) / 5.0;
        assert!((found.variance_factor / expected - 1.0).abs() < 1e-9);
        let exact = Tac::with_equal_relative_weights(&TIMES, exact(4e-6).values()).unwrap();
        let found = fit(&exact, Family::Mono, LAMBDA).unwrap();
        assert!(
            (0.1 * found.variance_factor.sqrt() / (0.0075_f64 / 5.0).sqrt() - 1.0).abs() < 1e-6
        );
        // Any factor of the stated weights gives the same.
        let other = exact.clone().scaled(7.0);
        let again = fit(&other, Family::Mono, LAMBDA).unwrap();
        assert!((again.ln_tia_uncertainty() / found.ln_tia_uncertainty() - 1.0).abs() < 1e-6);
    }

    /// What the points do not tell stays at its prior; what they tell is not moved by it.
    #[test]
    fn priors_bound_what_is_not_told() {
        let tac = exact(4e-6);
        let plain = fit(&tac, Family::Mono, LAMBDA).unwrap();
        let two = fit_with_priors(&tac.last_points(2), Family::Bi, LAMBDA).unwrap();
        assert!(two.degrees_of_freedom == 0 && two.chi2 < 1e-3 && two.ln_tia_uncertainty() < 3.0);
        let mono = fit_with_priors(&tac, Family::Mono, LAMBDA).unwrap();
        assert!((mono.curve.tia() / plain.curve.tia() - 1.0).abs() < 1e-12);
    }

    /// A clearance at its bound is left by the profile: the interval's lower side is that of slower decay, not of the scale alone.
    #[test]
    fn the_profile_leaves_a_bound() {
        let y = TIMES.map(|t| 50.0 * (-1.15e-6 * t).exp());
        let tac = Tac::new(&TIMES, &y, &y.map(|y| 0.05 * y)).unwrap();
        let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
        assert!(found.parameters[1].value < 1e-3 * LAMBDA);
        let (lower, upper) = profile::half_widths_95(&found);
        // ln TIA of physical decay alone: 5 % over two, the square root of four points.
        assert!(lower > 1.5 * upper && upper < 1.96 * 0.026, "{lower} {upper}");
        // The fit of a rate without a bound, by linear regression, cut at the bound.
        let s = |m: i32| TIMES.iter().map(|t| t.powi(m)).sum::<f64>();
        let sd_rate = 0.05 / (s(2) - s(1) * s(1) / 4.0).sqrt();
        let one_sided = 1.96 * sd_rate / LAMBDA;
        assert!(lower > 0.4 * one_sided && lower < 1.3 * one_sided, "{lower} {one_sided}");
    }

    /// Points that fall slower than physical decay end at the bound lambda_1 = 0, and the gate says so.
    #[test]
    fn a_rate_at_its_bound_fails_its_gate() {
        let y = TIMES.map(|t| 50.0 * (-0.5e-6 * t).exp());
        let tac = Tac::new(&TIMES, &y, &y.map(|y| 0.2 * y)).unwrap();
        let found = fit(&tac, Family::Mono, LAMBDA).unwrap();
        assert!(
            found.parameters[1].value < 1e-3 * LAMBDA && !found.determined() && !found.passed()
        );
        let physical = fit(&tac, Family::Physical, LAMBDA).unwrap();
        assert!((found.curve.tia() / physical.curve.tia() - 1.0).abs() < 1e-3);
    }

    /// A fast phase that only the first point sees: its rate and amplitude are one number, and the integral before it is anything.
    #[test]
    fn an_undetermined_integral_is_said_to_be_one() {
        let t = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
        let y = t.map(|t: f64| 1500.0 * (-1.2e-4 * t).exp() + 50.0 * (-4e-6 * t).exp());
        let tac = Tac::new(&t, &y, &y.map(|y| 0.07 * y)).unwrap();
        let found = fit(&tac, Family::Bi, LAMBDA).unwrap();
        let tia = found.tia(&tac);
        // The fast phase is 6e-3 of its start at the second point: at most a weak hold on its rate.
        assert!(tia.relative_uncertainty() > 0.2, "{tia:?}");
        assert!(!found.determined());
        assert!(tia.interval_95.1 / tia.interval_95.0 > 2.0, "{tia:?}");
    }
}
