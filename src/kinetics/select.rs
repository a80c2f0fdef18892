//! Choice between families, or their average, by the corrected Akaike information criterion.
//!
//! AICc = D + 2 K + 2 K (K + 1) / (n - K - 1), with D = chi2 and K parameters for absolute uncertainties, D = n ln(chi2 / n) and one
//! parameter more (the unknown scale) for relative ones; plus sum ln(u_i^2) over its value before the fit for proportional uncertainties. Weights w_m = exp(-Delta_m / 2) / sum; the average has the variance
//! sum_m w_m (var_m + (TIA_m - TIA)^2). Burnham and Anderson, Model Selection and Multimodel Inference, 2nd ed., 2002 (2.2, 4.3);
//! for TIAs: Kletting et al., Med. Phys. 40, 102504, 2013, doi:10.1118/1.4820367.

use super::distribution::chi_squared_exceeded;
use super::fit::{Fit, fit};
use super::model::Family;
use super::quality::{MAX_CV, MIN_PROBABILITY};
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::{Error, Result};

/// The criterion that ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Corrected for few points; undefined where n <= K + 1.
    Aicc,
    /// Without the correction. For known uncertainties it is unbiased for any n.
    Aic,
}

/// One family in the comparison.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The family.
    pub family: Family,
    /// Its fit, or why there is none.
    pub fit: Result<Fit>,
    /// AICc (or AIC); None where the criterion is undefined or the fit is refused.
    pub criterion: Option<f64>,
    /// Akaike weight (0 if not ranked).
    pub weight: f64,
    /// Why it is not ranked.
    pub reason: Option<String>,
}

/// The families compared and the one chosen.
#[derive(Debug, Clone)]
pub struct Selection {
    /// All candidates, in the order given.
    pub candidates: Vec<Candidate>,
    /// The chosen fit.
    fit: Fit,
    /// The criterion that ranked.
    pub criterion: Criterion,
    /// What the user must know.
    pub warnings: Vec<String>,
}

/// Fits the families, ranks them by AICc and chooses the best.
///
/// With `require_determined`, families with an undetermined parameter (CV above 50 %) are left out unless none remains. A choice that its
/// chi-squared refutes (p < 1 %) is not taken while another ranking gives one that is not: AICc of the determined families, AICc of all,
/// then AIC without the correction of the determined, and of all; a warning says which. If all are refuted, the first ranking stands.
/// A fit whose TIA itself is not determined (above 50 %) is never chosen.
///
/// # Errors
/// If the points rise throughout (unless physical decay alone is offered), or no family can be fitted.
pub fn select(
    tac: &Tac,
    families: &[Family],
    decay_constant_per_s: f64,
    require_determined: bool,
) -> Result<Selection> {
    if tac.rises_throughout() && families.iter().any(|f| *f != Family::Physical) {
        // Physical decay could always be scaled to the points; it must not be chosen for want of a visible clearance.
        fit(tac, Family::Mono, decay_constant_per_s)?;
    }
    let fits: Vec<(Family, Result<Fit>)> =
        families.iter().map(|f| (*f, fit(tac, *f, decay_constant_per_s))).collect();
    let rungs = [
        (Criterion::Aicc, true),
        (Criterion::Aicc, false),
        (Criterion::Aic, true),
        (Criterion::Aic, false),
    ];
    let rungs = rungs.into_iter().filter(|(_, determined)| require_determined || !determined);
    let mut all: Vec<Selection> = rungs.filter_map(|(c, d)| ranked(tac, &fits, c, d)).collect();
    let at = all.iter().position(|s| described(tac, s.fit())).unwrap_or(0);
    if all.is_empty() {
        return Err(fits.into_iter().find_map(|(_, f)| f.err()).unwrap_or_else(|| {
            Error::usage(
                "no family to choose from",
                "none can be ranked",
                "Give more families or more points.",
            )
        }));
    }
    let mut selection = all.swap_remove(at);
    if selection.criterion == Criterion::Aic {
        let text = "too few points for AICc to rank a family that describes them: ranked by AIC without correction";
        selection.warnings.push(text.into());
    }
    if require_determined && !selection.fit.determined() {
        let text = "the chosen family has parameters that are not determined (CV above 50 %)";
        selection.warnings.push(text.into());
    }
    if !described(tac, &selection.fit) {
        let name = selection.fit.family().name();
        let text = format!(
            "no family describes the points; {name} is the best of them (chi-squared {:.3})",
            selection.fit.chi2
        );
        selection.warnings.push(text);
    }
    Ok(selection)
}

/// Whether the chi-squared does not refute a fit (always true where it cannot tell).
fn described(tac: &Tac, fit: &Fit) -> bool {
    tac.kind() == UncertaintyKind::RelativeOnly
        || if fit.degrees_of_freedom > 0 {
            chi_squared_exceeded(fit.chi2, fit.degrees_of_freedom) >= MIN_PROBABILITY
        } else {
            // Without degrees of freedom a perfect fit is reached unless a bound forbids it.
            fit.chi2 < 6.63
        }
}

/// The criterion of a fit; None where it is undefined.
pub fn criterion_of(tac: &Tac, fit: &Fit, criterion: Criterion) -> Option<f64> {
    let n = tac.len() as f64;
    let relative = tac.kind() == UncertaintyKind::RelativeOnly;
    let k = fit.family().parameters() as f64 + f64::from(relative);
    // ln of the normal density's width, where the fit's uncertainties depend on its curve.
    let pairs = fit.points.uncertainties().iter().zip(tac.uncertainties());
    let width: f64 = pairs.map(|(used, given)| 2.0 * (used / given).ln()).sum();
    let d =
        if relative { n * (fit.chi2 / n).max(f64::MIN_POSITIVE).ln() } else { fit.chi2 } + width;
    match criterion {
        Criterion::Aic => Some(d + 2.0 * k),
        Criterion::Aicc if n - k - 1.0 > 0.0 => {
            Some(d + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0))
        }
        Criterion::Aicc => None,
    }
}

fn ranked(
    tac: &Tac,
    fits: &[(Family, Result<Fit>)],
    criterion: Criterion,
    require_determined: bool,
) -> Option<Selection> {
    let integral = |f: &Fit| f.ln_tia_uncertainty() < MAX_CV;
    let usable = |f: &Fit| criterion_of(tac, f, criterion).is_some() && integral(f);
    let any_determined =
        fits.iter().filter_map(|f| f.1.as_ref().ok()).any(|f| usable(f) && f.determined());
    let mut candidates: Vec<Candidate> = Vec::new();
    for (family, fit) in fits {
        let (value, reason) = match fit {
            Err(e) => (None, Some(e.to_string())),
            Ok(f) => match criterion_of(tac, f, criterion) {
                None => (
                    None,
                    Some(format!(
                        "{} points are too few for AICc with {} parameters",
                        tac.len(),
                        family.parameters()
                    )),
                ),
                Some(_) if !integral(f) => {
                    (None, Some("the integral is not determined (uncertainty above 50 %)".into()))
                }
                Some(_) if require_determined && any_determined && !f.determined() => {
                    (None, Some("a parameter is not determined (CV above 50 %)".into()))
                }
                Some(value) => (Some(value), None),
            },
        };
        candidates.push(Candidate {
            family: *family,
            fit: fit.clone(),
            criterion: value,
            weight: 0.0,
            reason,
        });
    }
    let best = candidates.iter().filter_map(|c| c.criterion).fold(f64::INFINITY, f64::min);
    let chosen = candidates.iter().find(|c| c.criterion == Some(best))?;
    let fit = chosen.fit.as_ref().ok()?.clone();
    let raw = |c: &Candidate| c.criterion.map_or(0.0, |v| (-0.5 * (v - best)).exp());
    let sum: f64 = candidates.iter().map(raw).sum();
    for c in &mut candidates {
        c.weight = raw(c) / sum;
    }
    Some(Selection { candidates, fit, criterion, warnings: Vec::new() })
}

impl Selection {
    /// The chosen fit.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// TIA of the chosen fit, with the warnings of the choice.
    ///
    /// If its chi-squared refutes it, its uncertainty is widened by sqrt(chi2 / (n - K)) (Birge, Phys. Rev. 40, 207, 1932,
    /// doi:10.1103/PhysRev.40.207).
    pub fn tia(&self, tac: &Tac) -> Tia {
        let degrees = self.fit.degrees_of_freedom;
        let refuted = degrees > 0 && !described(tac, &self.fit);
        let factor = if refuted { (self.fit.chi2 / degrees as f64).sqrt() } else { 1.0 };
        let mut tia = self.fit.tia_widened(tac, factor);
        if refuted {
            tia.warnings
                .push(format!("uncertainty widened {factor:.2}-fold, as the residuals say"));
        }
        tia.warnings.extend(self.warnings.iter().cloned());
        tia
    }

    /// Akaike-weighted average of all ranked fits; its variance holds that between them.
    pub fn averaged(&self, tac: &Tac) -> Tia {
        let ranked: Vec<(f64, &Fit, Tia)> = self
            .candidates
            .iter()
            .filter(|c| c.weight > 0.0)
            .filter_map(|c| c.fit.as_ref().ok().map(|f| (c.weight, f, f.tia(tac))))
            .collect();
        let mean = |of: &dyn Fn(&Tia) -> f64| ranked.iter().map(|(w, _, t)| w * of(t)).sum::<f64>();
        let value = mean(&|t| t.value);
        let variance: f64 = ranked
            .iter()
            .map(|(w, f, t)| {
                w * ((t.value * f.ln_tia_uncertainty()).powi(2) + (t.value - value).powi(2))
            })
            .sum();
        let names: Vec<String> =
            ranked.iter().map(|(w, f, _)| format!("{} {w:.3}", f.family().name())).collect();
        let method = format!("average of fits by Akaike weights ({})", names.join(", "));
        // Half-widths of the members and the spread between them, as the variance above.
        let half = |of: &dyn Fn(&Tia) -> f64| {
            let squares = ranked.iter().map(|(w, _, t)| {
                w * ((of(t) / t.value).ln().powi(2) + (1.96 * (t.value / value).ln()).powi(2))
            });
            squares.sum::<f64>().sqrt()
        };
        let common = tac.common_scale().relative();
        let own = |h: f64| (h * h - (1.96 * common).powi(2)).max(0.0).sqrt();
        let (lower, upper) = (own(half(&|t| t.interval_95.0)), own(half(&|t| t.interval_95.1)));
        let before = mean(&|t| t.share_before_first * t.value) / value;
        let after = mean(&|t| t.share_after_last * t.value) / value;
        let mut tia =
            Tia::from_logs(value, variance.sqrt() / value, (lower, upper), common, method)
                .with_shares(before, after);
        tia.warnings.extend(self.warnings.iter().cloned());
        tia
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: f64 = 1.2e-6;

    fn points(n: usize, k: f64, bump: f64) -> Tac {
        let t: Vec<f64> = (1..=n).map(|i| 6e4 * i as f64).collect();
        let wave = |i: usize| 1.0 + bump * if i.is_multiple_of(2) { 0.02 } else { -0.02 };
        let y: Vec<f64> =
            t.iter().enumerate().map(|(i, t)| 50.0 * (-k * t).exp() * wave(i)).collect();
        let u: Vec<f64> = y.iter().map(|y| 0.05 * y).collect();
        Tac::new(&t, &y, &u).unwrap()
    }

    #[test]
    fn the_criterion_is_written_out() {
        let tac = points(8, 4e-6, 1.0);
        let f = fit(&tac, Family::Mono, LAMBDA).unwrap();
        let absolute = f.chi2 + 4.0 + 12.0 / 5.0;
        assert!((criterion_of(&tac, &f, Criterion::Aicc).unwrap() - absolute).abs() < 1e-12);
        assert!((criterion_of(&tac, &f, Criterion::Aic).unwrap() - f.chi2 - 4.0).abs() < 1e-12);
        let tac = tac.relative_only();
        let f = fit(&tac, Family::Mono, LAMBDA).unwrap();
        let relative = 8.0 * (f.chi2 / 8.0).ln() + 6.0 + 24.0 / 4.0;
        assert!((criterion_of(&tac, &f, Criterion::Aicc).unwrap() - relative).abs() < 1e-9);
    }

    #[test]
    fn weights_and_the_average_are_those_of_the_formula() {
        let tac = points(8, 1.35e-6, 1.0);
        let s = select(&tac, &[Family::Physical, Family::Mono], LAMBDA, false).unwrap();
        let [a, b] = [&s.candidates[0], &s.candidates[1]];
        assert!((a.weight + b.weight - 1.0).abs() < 1e-12);
        let ratio = (0.5 * (b.criterion.unwrap() - a.criterion.unwrap())).exp();
        assert!((a.weight / b.weight / ratio - 1.0).abs() < 1e-9);
        let fits = [a.fit.as_ref().unwrap(), b.fit.as_ref().unwrap()];
        let value = a.weight * fits[0].curve.tia() + b.weight * fits[1].curve.tia();
        let average = s.averaged(&tac);
        assert!((average.value / value - 1.0).abs() < 1e-12);
        let part = |w: f64, f: &Fit| {
            w * ((f.curve.tia() * f.ln_tia_uncertainty()).powi(2) + (f.curve.tia() - value).powi(2))
        };
        let variance = part(a.weight, fits[0]) + part(b.weight, fits[1]);
        assert!((average.standard_uncertainty / variance.sqrt() - 1.0).abs() < 1e-9);
        assert!(average.interval_95.0 < value && average.interval_95.1 > value);
    }

    #[test]
    fn few_points_are_ranked_by_what_describes_them() {
        let t = [14_400.0, 86_400.0, 259_200.0, 604_800.0];
        let y = t.map(|t: f64| 50.0 * ((-2e-6 * t).exp() - (-2e-5 * t).exp()));
        let tac = Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap();
        let s = select(&tac, &Family::ALL, LAMBDA, true).unwrap();
        assert_eq!((s.fit().family(), s.criterion), (Family::MonoUptake, Criterion::Aic));
        assert!(s.tia(&tac).warnings.iter().any(|w| w.contains("AIC")));
        assert!(
            s.candidates
                .iter()
                .any(|c| c.reason.as_ref().is_some_and(|r| r.contains("parameters")))
        );
        // Two phases at two of four points: nothing that can be ranked describes them, and the uncertainty says so.
        let y = t.map(|t: f64| 1500.0 * (-1.2e-4 * t).exp() + 50.0 * (-4e-6 * t).exp());
        let tac = Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap();
        let s = select(&tac, &Family::ALL, LAMBDA, true).unwrap();
        let factor = (s.fit().chi2 / s.fit().degrees_of_freedom as f64).sqrt();
        assert!(
            factor > 2.0 && s.warnings.iter().any(|w| w.contains("no family")),
            "{:?}",
            s.warnings
        );
        let widened = s.tia(&tac).relative_uncertainty() / s.fit().ln_tia_uncertainty();
        assert!((widened / factor - 1.0).abs() < 1e-9);
        let rising = Tac::new(&[1e4, 1e5], &[120.0, 138.0], &[12.0, 14.0]).unwrap();
        assert!(select(&rising, &Family::ALL, LAMBDA, true).is_err());
        assert!(select(&rising, &[Family::Physical], LAMBDA, true).is_ok());
        assert!(select(&tac, &[], LAMBDA, true).is_err());
    }
}
