//! Choice between families, or their average, by the corrected Akaike information criterion.
//!
//! AICc = D + 2 K + 2 K (K + 1) / (n - K - 1), with D = chi2 and K parameters for absolute uncertainties, D = n ln(chi2 / n) and one
//! parameter more (the unknown scale) for relative ones. Weights w_m = exp(-Delta_m / 2) / sum; the average has the variance
//! sum_m w_m (var_m + (TIA_m - TIA)^2). Burnham and Anderson, Model Selection and Multimodel Inference, 2nd ed., 2002 (2.2, 4.3);
//! for TIAs: Kletting et al., Med. Phys. 40, 102504, 2013, doi:10.1118/1.4820367.

use super::distribution::chi_squared_exceeded;
use super::fit::{Fit, MIN_PROBABILITY, fit};
use super::model::Family;
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
    /// Index of the chosen one.
    pub chosen: usize,
    /// The criterion that ranked.
    pub criterion: Criterion,
    /// What the user must know.
    pub warnings: Vec<String>,
}

/// Fits the families, ranks them by AICc and chooses the best.
///
/// With `require_determined`, families with an undetermined parameter (CV above 50 %) are left out unless none remains. Where every
/// family that AICc can rank is refuted by its chi-squared (p < 1 %), the uncorrected AIC ranks all, and a warning says so.
///
/// # Errors
/// If no family can be fitted; the reason of the simplest refused family is given.
pub fn select(
    tac: &Tac,
    families: &[Family],
    decay_constant_per_s: f64,
    require_determined: bool,
) -> Result<Selection> {
    let fits: Vec<(Family, Result<Fit>)> =
        families.iter().map(|f| (*f, fit(tac, *f, decay_constant_per_s))).collect();
    let first = ranked(tac, &fits, Criterion::Aicc, require_determined);
    let fitting = |s: &Selection| {
        let ranked = s.candidates.iter().filter(|c| c.criterion.is_some());
        ranked.filter_map(|c| c.fit.as_ref().ok()).any(|f| described(tac, f))
    };
    let mut found = match first {
        Some(selection) if fitting(&selection) => Some(selection),
        first => {
            let wider = ranked(tac, &fits, Criterion::Aic, require_determined)
                .filter(|s| fitting(s) || first.is_none());
            match (wider, first) {
                (Some(mut s), _) => {
                    s.warnings.push(
                        "too few points for AICc to rank a family that describes them: ranked by AIC without correction".into(),
                    );
                    Some(s)
                }
                (None, first) => first,
            }
        }
    };
    if let Some(selection) = &mut found {
        let chosen = selection.fit();
        if !described(tac, chosen) {
            let name = chosen.family().name();
            selection.warnings.push(format!(
                "no family describes the points; {name} is the best of them (chi-squared {:.3})",
                chosen.chi2
            ));
        }
        return Ok(found.expect("just seen"));
    }
    match fits.into_iter().find_map(|(_, f)| f.err()) {
        Some(error) => Err(error),
        None => {
            Err(Error::usage("no family to choose from", "the list is empty", "Give at least one."))
        }
    }
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
    let d = if relative { n * (fit.chi2 / n).max(f64::MIN_POSITIVE).ln() } else { fit.chi2 };
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
    let usable = |f: &Fit| criterion_of(tac, f, criterion).is_some();
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
    let chosen = candidates.iter().position(|c| c.criterion == Some(best))?;
    let raw = |c: &Candidate| c.criterion.map_or(0.0, |v| (-0.5 * (v - best)).exp());
    let sum: f64 = candidates.iter().map(raw).sum();
    for c in &mut candidates {
        c.weight = raw(c) / sum;
    }
    let mut warnings = Vec::new();
    if require_determined && !any_determined {
        warnings.push("no family has all parameters determined (CV below 50 %)".into());
    }
    Some(Selection { candidates, chosen, criterion, warnings })
}

impl Selection {
    /// The chosen fit.
    pub fn fit(&self) -> &Fit {
        match &self.candidates[self.chosen].fit {
            Ok(fit) => fit,
            Err(_) => unreachable!("only fitted families are chosen"),
        }
    }

    /// TIA of the chosen fit, with the warnings of the choice.
    pub fn tia(&self, tac: &Tac) -> Tia {
        let mut tia = self.fit().tia(tac);
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
