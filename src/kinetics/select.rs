//! Choice between families, and what the choice leaves open.
//!
//! Every family is fitted with the stated priors of what few points cannot tell ([`super::prior`]). With D_m = -2 ln L_m + penalty_m:
//! for stated uncertainties -2 ln L = chi2 (the quasi-deviance where they are shares of the curve); for unknown noise
//! (n + nu_0) ln(chi2 + chi2_0), the noise integrated out under its prior.
//!
//! *Choice*: the smallest D_m + 3.84 K_m, K parameters: one parameter more must be significant at 5 % (likelihood ratio; Wilks, Ann. Math.
//! Stat. 9, 60, 1938, doi:10.1214/aoms/1177732360). A family that chi-squared refutes (p < 1 %) is chosen only if all are refuted; one
//! with more parameters than points only if all others are. `physical` is the limit of `mono` for no clearance: it is chosen where the
//! fitted clearance is none. Where the points tell every parameter of the chosen family (CV below 50 %) its curve is fitted to them
//! without the priors. *Interval*: the model-averaged profile likelihood over all families ([`super::average`]) with weights
//! w_m ~ exp(-(D_m + K_m - P_m) / 2), P_m the number of priors, families with more parameters than points too: it holds what the points
//! cannot tell apart whatever was chosen. One unit per parameter is the correction with which an envelope of profiles over families covers
//! (Dauncey et al., J. Instrum. 10, P04015, 2015, doi:10.1088/1748-0221/10/04/P04015); a prior is as a point more, and a parameter that
//! has one pays by its penalty and not twice. So a second phase that the points do not show weighs as much as its absence.

use super::average::Mixture;
use super::fit::{Fit, fit, fit_with_priors};
use super::model::Family;
use super::prior::{NOISE_DEGREES, noise_chi2};
use super::quality::{MIN_PROBABILITY, REFUTED_WITHOUT_FREEDOM};
use super::slower_phase::not_excluded;
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::stats::{NORMAL_97_5, chi_squared_exceeded, f_exceeded};
use crate::{Error, Result};

/// Biological rate over the physical decay constant below which `mono` is `physical`.
const NO_CLEARANCE: f64 = 1e-3;

/// What a parameter costs in the choice: 95 % quantile of chi-squared with one degree of freedom.
const CHOICE_PER_PARAMETER: f64 = 3.841_459;
/// What a parameter without a prior costs in the weights.
const WEIGHT_PER_PARAMETER: f64 = 1.0;

/// Fewest points for three phases in the interval: of fewer, two phases with uptake say all that is open.
const LEAST_FOR_THREE_PHASES: usize = 4;

/// One family in the comparison.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The family.
    pub family: Family,
    /// Its fit, or why there is none.
    pub fit: Result<Fit>,
    /// D, for ranked families.
    pub criterion: Option<f64>,
    /// Weight in the interval (0 if not ranked).
    pub weight: f64,
    /// Why it cannot be chosen.
    pub reason: Option<String>,
}

/// The families compared and the one chosen.
#[derive(Debug, Clone)]
pub struct Selection {
    /// All candidates, in the order given.
    pub candidates: Vec<Candidate>,
    /// The chosen fit.
    fit: Fit,
    /// What is known of ln TIA.
    distribution: Mixture,
    /// What the user must know.
    pub warnings: Vec<String>,
}

/// Fits the families, ranks them and chooses the best.
///
/// # Errors
/// If there is one point, the points rise throughout (unless physical decay alone is offered), or no family can be fitted.
pub fn select(tac: &Tac, families: &[Family], decay_constant_per_s: f64) -> Result<Selection> {
    let lambda = decay_constant_per_s;
    let physical_alone = families.iter().all(|f| *f == Family::Physical);
    if !physical_alone {
        if tac.len() < 2 {
            return Err(Error::input(
                "one point for a curve",
                "it cannot tell how fast the activity leaves",
                "Use a single-time-point method.",
            ));
        }
        if tac.rises_throughout() {
            // Physical decay could always be scaled to the points; it must not be chosen for want of a visible clearance.
            fit(tac, Family::Mono, lambda)?;
        }
    }
    let mut candidates: Vec<Candidate> = families
        .iter()
        .map(|&family| {
            let fit = if family == Family::Tri && tac.len() < LEAST_FOR_THREE_PHASES {
                fit(tac, family, lambda)
            } else {
                fit_with_priors(tac, family, lambda)
            };
            let limit = family == Family::Physical && families.contains(&Family::Mono);
            let criterion = fit.as_ref().ok().filter(|_| !limit).map(|f| criterion_of(tac, f));
            let reason = match &fit {
                Err(e) => Some(e.to_string()),
                Ok(_) if limit => Some("it is the limit of mono".into()),
                Ok(_) if family.parameters() > tac.len() => Some(format!(
                    "{} points cannot tell {} parameters: in the interval only",
                    tac.len(),
                    family.parameters()
                )),
                Ok(f) if !described(tac, f) => Some("chi-squared refutes it".into()),
                Ok(_) => None,
            };
            Candidate { family, fit, criterion, weight: 0.0, reason }
        })
        .collect();
    let for_weight =
        |c: &Candidate| c.criterion.map(|d| d + WEIGHT_PER_PARAMETER * c.without_prior());
    let best = candidates.iter().filter_map(for_weight).fold(f64::INFINITY, f64::min);
    let raw = |c: &Candidate| for_weight(c).map_or(0.0, |v| (-0.5 * (v - best)).exp());
    let sum: f64 = candidates.iter().map(raw).sum();
    candidates.iter_mut().for_each(|c| c.weight = raw(c) / sum);
    let Some(at) = chosen(tac, &candidates) else {
        return Err(candidates.into_iter().find_map(|c| c.fit.err()).unwrap_or_else(|| {
            Error::usage(
                "no family to choose from",
                format!("{} points have fewer parameters than every family offered", tac.len()),
                "Give more families or more points.",
            )
        }));
    };
    let mut fit = candidates[at].fit.clone()?;
    // Where the points tell every parameter the priors are not needed.
    if let Ok(plain) = super::fit::fit(tac, fit.family(), lambda)
        && plain.determined()
    {
        fit = plain;
    }
    if fit.family() == Family::Mono
        && fit.parameters[1].value < NO_CLEARANCE * lambda
        && let Some(limit) = candidates.iter().find(|c| c.family == Family::Physical)
    {
        fit = limit.fit.clone()?;
    }
    let mut warnings = Vec::new();
    let factor = fit.widening();
    if factor > 1.0 {
        warnings.push(format!(
            "no family describes the points; {} is the best of them (chi-squared {:.3}): uncertainty widened {factor:.2}-fold, as the residuals say",
            fit.family().name(),
            fit.chi2
        ));
    }
    let distribution = Mixture::new(ranked(&candidates), factor);
    Ok(Selection { candidates, fit, distribution, warnings })
}

/// The candidate of the smallest criterion among those that may be chosen; refuted ones only if there is no other.
fn chosen(tac: &Tac, candidates: &[Candidate]) -> Option<usize> {
    let best = |allowed: &dyn Fn(&Candidate) -> bool| {
        let usable = candidates.iter().enumerate().filter(|(_, c)| allowed(c));
        usable
            .filter_map(|(i, c)| {
                c.criterion.map(|d| (i, d + CHOICE_PER_PARAMETER * c.parameters()))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(i, _)| i)
    };
    let described = |c: &Candidate| c.fit.as_ref().is_ok_and(|f| described(tac, f));
    let told = |c: &Candidate| c.family.parameters() <= tac.len();
    best(&|c| told(c) && described(c)).or_else(|| best(&described)).or_else(|| best(&told))
}

/// Whether chi-squared does not refute a fit (p of 1 % or more); for unknown noise against its prior, by the F distribution.
fn described(tac: &Tac, fit: &Fit) -> bool {
    let degrees = fit.degrees_of_freedom;
    if degrees == 0 {
        // A perfect fit is reached unless a bound or a prior forbids it: one degree at most.
        return fit.objective() < REFUTED_WITHOUT_FREEDOM;
    }
    let p = match tac.kind() {
        UncertaintyKind::Absolute => chi_squared_exceeded(fit.chi2, degrees as f64),
        UncertaintyKind::RelativeOnly => {
            let noise = noise_chi2(tac) / NOISE_DEGREES;
            f_exceeded(fit.chi2 / degrees as f64 / noise, degrees as f64, NOISE_DEGREES)
        }
    };
    p >= MIN_PROBABILITY
}

/// D of a fit: -2 ln L plus the penalty of the priors.
pub fn criterion_of(tac: &Tac, fit: &Fit) -> f64 {
    let d = match tac.kind() {
        UncertaintyKind::Absolute => fit.chi2,
        UncertaintyKind::RelativeOnly => {
            (tac.len() as f64 + NOISE_DEGREES) * (fit.chi2 + noise_chi2(tac)).ln()
        }
    };
    d + fit.penalty
}

fn ranked(candidates: &[Candidate]) -> impl Iterator<Item = (f64, &Fit)> {
    let ranked = candidates.iter().filter(|c| c.weight > 0.0);
    ranked.filter_map(|c| c.fit.as_ref().ok().map(|f| (c.weight, f)))
}

impl Candidate {
    fn parameters(&self) -> f64 {
        self.family.parameters() as f64
    }

    /// Parameters that no prior bounds.
    fn without_prior(&self) -> f64 {
        let priors = self.fit.as_ref().map_or(0, |f| f.priors.len());
        self.parameters() - priors as f64
    }
}

impl Selection {
    /// The chosen fit.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// The fits that are in the interval and the average, with their weights.
    pub fn ranked(&self) -> impl Iterator<Item = (f64, &Fit)> {
        ranked(&self.candidates)
    }

    /// What is known of ln TIA, without the common scale.
    pub fn distribution(&self) -> &Mixture {
        &self.distribution
    }

    /// TIA of the chosen fit with the interval over all families.
    pub fn tia(&self, tac: &Tac) -> Tia {
        let method = format!("{} fit", self.fit.family().name());
        let mut tia = self.integrated(tac, self.fit.curve.tia(), method);
        tia.warnings.extend(self.fit.gate_warnings());
        tia.warnings.extend(self.warnings.iter().cloned());
        tia
    }

    /// Weighted average of the TIA of all ranked fits, with the same interval.
    pub fn averaged(&self, tac: &Tac) -> Tia {
        let value = self.ranked().map(|(w, f)| w * f.curve.tia()).sum::<f64>();
        let names: Vec<String> =
            self.ranked().map(|(w, f)| format!("{} {w:.3}", f.family().name())).collect();
        let method = format!("average of fits by their weights ({})", names.join(", "));
        let mut tia = self.integrated(tac, value, method);
        tia.warnings.extend(self.warnings.iter().cloned());
        tia
    }

    fn integrated(&self, tac: &Tac, value: f64, method: String) -> Tia {
        let at = value.ln();
        let lower = (at - self.distribution.quantile(0.025)).max(0.0);
        let upper = (self.distribution.quantile(0.975) - at).max(0.0);
        let relative = (lower + upper) / (2.0 * NORMAL_97_5);
        let common = tac.common_scale().relative();
        let [before, after] = self.fit.curve.outside(tac.first_s(), tac.last_s());
        let mut tia = Tia::from_logs(value, relative, (lower, upper), common, method)
            .with_shares(before, after);
        let off = self.distribution.probability_off(at, common);
        // Of three points the weights of families rest on the priors more than on the points, and so does a small probability.
        tia.warn_of_error(if tac.len() <= FEW { off.max(LEAST_OF_FEW) } else { off });
        tia.warnings.extend(not_excluded(tac, &self.fit, &tia));
        tia
    }
}

/// Points of which a choice always warns.
const FEW: usize = 3;
/// Probability of an error above 20 % that is told of so few, at least.
const LEAST_OF_FEW: f64 = 2e-3;

#[cfg(test)]
mod tests {
    use super::*;

    /// A large fast phase that is over before the second of three points: no residual shows it.
    #[test]
    fn three_points_are_always_warned_of() {
        let told = |hours: &[f64]| {
            let tac = points(hours, |t| (-exponential(50.0) * t).exp(), Some(0.01));
            let (_, tia) = chosen(&tac);
            tia.warnings.iter().any(|w| w.contains("may be off by more than 20 %"))
        };
        assert!(told(&[24.0, 72.0, 168.0]) && told(&[4.0, 24.0]));
        assert!(!told(&[2.0, 24.0, 48.0, 72.0, 120.0, 168.0]));
    }

    const HOUR: f64 = 3600.0;
    const LAMBDA: f64 = std::f64::consts::LN_2 / (159.53 * HOUR);

    fn exponential(hours: f64) -> f64 {
        std::f64::consts::LN_2 / (hours * HOUR)
    }

    fn points(hours: &[f64], value: impl Fn(f64) -> f64, share: Option<f64>) -> Tac {
        let t: Vec<f64> = hours.iter().map(|h| h * HOUR).collect();
        let y: Vec<f64> = t.iter().map(|t| value(*t)).collect();
        match share {
            None => Tac::with_equal_relative_weights(&t, &y).unwrap(),
            Some(r) => {
                let u: Vec<f64> = y.iter().map(|y| r * y).collect();
                Tac::new(&t, &y, &u).unwrap().proportional()
            }
        }
    }

    fn chosen(tac: &Tac) -> (Family, Tia) {
        let s = select(tac, &Family::ALL, LAMBDA).unwrap();
        (s.fit().family(), s.tia(tac))
    }

    /// Exact mono-exponential points are recognised for any number of points, with and without uncertainties.
    #[test]
    fn more_points_never_give_a_worse_answer() {
        let k = exponential(50.0);
        let all = [4.0, 24.0, 48.0, 96.0, 120.0, 168.0];
        for n in 2..=6 {
            for share in [None, Some(0.03), Some(0.1)] {
                let (family, tia) = chosen(&points(&all[..n], |t| 1e8 * (-k * t).exp(), share));
                assert_eq!(family, Family::Mono, "{n} {share:?}");
                assert!((tia.value / (1e8 / k) - 1.0).abs() < 1e-6, "{n} {share:?}: {tia:?}");
            }
        }
    }

    /// No clearance is seen: physical decay is chosen, and the interval holds faster clearance as well.
    #[test]
    fn physical_is_the_limit_of_mono() {
        let tac = points(&[24.0, 72.0, 168.0], |t| 1e8 * (-0.97 * LAMBDA * t).exp(), Some(0.1));
        let (family, tia) = chosen(&tac);
        assert_eq!(family, Family::Physical);
        let slower = exponential(130.0);
        let (low, high) = tia.interval_95;
        assert!(low < 0.85 * tia.value && high > tia.value && low < 1e8 / slower, "{tia:?}");
        // Weak clearance is not switched off.
        let k = exponential(110.0);
        let tac = points(&[24.0, 72.0, 168.0], |t| 1e8 * (-k * t).exp(), Some(0.1));
        let (family, tia) = chosen(&tac);
        assert_eq!(family, Family::Mono);
        assert!((tia.value / (1e8 / k) - 1.0).abs() < 1e-6, "{tia:?}");
        let physical = fit(&tac, Family::Physical, LAMBDA).unwrap().curve.tia();
        assert!(tia.interval_95.1 > physical, "{tia:?} {physical:e}");
    }

    /// The points refute mono and not another family: that one is chosen, even if its parameters need the priors.
    #[test]
    fn what_the_points_refute_is_not_chosen() {
        let t = [24.0, 96.0, 168.0].map(|h| h * HOUR);
        for (last, share) in [(18.8, 0.03), (20.0, 0.03), (25.0, 0.05)] {
            let y = [100.0, 40.0, last];
            let tac = Tac::new(&t, &y, &y.map(|y| share * y)).unwrap().proportional();
            let s = select(&tac, &Family::ALL, LAMBDA).unwrap();
            let mono = fit(&tac, Family::Mono, LAMBDA).unwrap();
            let refuted = chi_squared_exceeded(mono.chi2, 1.0) < MIN_PROBABILITY;
            assert_eq!(s.fit().family() == Family::Mono, !refuted, "{last}");
            assert!(s.fit().chi2 < 6.63 && s.fit().family() != Family::Physical);
            let tia = s.tia(&tac);
            assert!(tia.interval_95.0 < mono.curve.tia() && mono.curve.tia() < tia.interval_95.1);
            assert!(tia.warnings.iter().any(|w| w.contains("off by more than 20 %")), "{tia:?}");
        }
    }

    /// Nothing describes two sharp turns: the best is taken with its uncertainty widened.
    #[test]
    fn a_curve_that_nothing_describes_is_widened() {
        let t = [4.0, 24.0, 48.0, 72.0, 120.0, 168.0].map(|h| h * HOUR);
        let y = [100.0, 30.0, 90.0, 25.0, 60.0, 20.0];
        let tac = Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap();
        let s = select(&tac, &Family::ALL, LAMBDA).unwrap();
        let tia = s.tia(&tac);
        assert!(s.warnings.iter().any(|w| w.contains("no family")), "{:?}", s.warnings);
        assert!(tia.relative_uncertainty() > 0.2, "{tia:?}");
    }

    /// Weights are exp(-(D + K - P) / 2), P priors, D written out for both kinds of uncertainty.
    #[test]
    fn the_criterion_is_written_out() {
        let tac = points(&[4.0, 24.0, 72.0, 168.0], |t| 50.0 * (-3e-6 * t).exp(), Some(0.05));
        let s = select(&tac, &[Family::Mono, Family::MonoUptake], LAMBDA).unwrap();
        let d = |i: usize| s.candidates[i].criterion.unwrap();
        let f = |i: usize| s.candidates[i].fit.as_ref().unwrap();
        assert!((d(0) - f(0).chi2).abs() < 1e-12);
        assert!((d(1) - f(1).chi2 - f(1).penalty).abs() < 1e-12 && f(1).penalty > 0.0);
        let ratio = (0.5 * (d(1) - d(0))).exp();
        assert!((s.candidates[0].weight / s.candidates[1].weight / ratio - 1.0).abs() < 1e-9);
        let value: f64 = (0..2).map(|i| s.candidates[i].weight * f(i).curve.tia()).sum();
        assert!((s.averaged(&tac).value / value - 1.0).abs() < 1e-12);
        let unknown = points(&[4.0, 24.0, 72.0, 168.0], |t| 50.0 * (-3e-6 * t).exp(), None);
        let fit = fit(&unknown, Family::Mono, LAMBDA).unwrap();
        let expected = 7.0 * (fit.chi2 + 3.0 * 0.25_f64).ln();
        assert!((criterion_of(&unknown, &fit) - expected).abs() < 1e-9);
    }

    /// One value a thousand times too large or too small, or ten times: no panic, and the integral is warned of.
    #[test]
    fn a_slip_of_the_unit_is_told() {
        let k = exponential(60.0);
        for hours in [&[24.0, 72.0, 168.0][..], &[1.0, 24.0, 48.0, 72.0, 168.0]] {
            for at in 0..hours.len() {
                for factor in [1e-3, 0.1, 10.0, 1e3] {
                    for share in [None, Some(0.05)] {
                        let slip = hours[at] * HOUR;
                        let value =
                            |t: f64| 1e8 * (-k * t).exp() * if t == slip { factor } else { 1.0 };
                        let Ok(s) = select(&points(hours, value, share), &Family::ALL, LAMBDA)
                        else {
                            continue;
                        };
                        let tia = s.tia(&points(hours, value, share));
                        let off = (tia.value / (1e8 / k) - 1.0).abs() > 0.2;
                        // Three points with a high middle are a curve of uptake, which nothing is left to check.
                        let told = |w: &String| {
                            w.contains("off by more than") || w.contains("cannot be checked")
                        };
                        let said = tia.warnings.iter().any(told);
                        assert!(
                            tia.value.is_finite() && (said || !off),
                            "{hours:?} {at} {factor} {share:?} {tia:?}"
                        );
                    }
                }
            }
        }
        // A point at injection is no value of a curve that rises from zero.
        let t = [0.0, 4.0, 24.0, 72.0];
        let tac = points(&t, |t| 1e8 * (-k * t).exp(), Some(0.05));
        assert!(fit(&tac, Family::MonoUptake, LAMBDA).is_ok());
        assert_eq!(select(&tac, &Family::ALL, LAMBDA).unwrap().fit().family(), Family::Mono);
    }

    /// Four points, 5 %, of which one has lost its value: a curve with four parameters misses it by a chi-squared of thousands with nothing left to
    /// tell so. Its uncertainty follows the misfit, and it says that nothing describes the points.
    #[test]
    fn a_misfit_without_freedom_widens() {
        let values = [9.6966e6, 8.3124e6, 5.7435e3, 3.2988e6];
        let t = [4.0, 24.0, 72.0, 144.0].map(|h| h * HOUR);
        let tac = points(
            &[4.0, 24.0, 72.0, 144.0],
            |at| values[t.iter().position(|x| (x - at).abs() < 1.0).unwrap()],
            Some(0.05),
        );
        let s = select(&tac, &Family::ALL, LAMBDA).unwrap();
        let tia = s.tia(&tac);
        assert!(tia.relative_uncertainty() > 0.5, "{tia:?}");
        let (low, high) = tia.interval_95;
        assert!(low < 4.674e12 && 4.674e12 < high, "{tia:?}");
        let said = |part: &str| tia.warnings.iter().any(|w| w.contains(part));
        assert!(said("no family describes the points") && said("off by more than"), "{tia:?}");
    }

    #[test]
    fn what_makes_no_curve_is_refused() {
        let rising = Tac::new(&[1e4, 1e5], &[120.0, 138.0], &[12.0, 14.0]).unwrap();
        assert!(select(&rising, &Family::ALL, LAMBDA).is_err());
        assert!(select(&rising, &[Family::Physical], LAMBDA).is_ok());
        assert!(select(&rising, &[], LAMBDA).is_err());
        let one = Tac::new(&[1e4], &[120.0], &[12.0]).unwrap();
        let error = select(&one, &Family::ALL, LAMBDA).unwrap_err().to_string();
        assert!(error.contains("single-time-point"), "{error}");
        assert_eq!(
            select(&one, &[Family::Physical], LAMBDA).unwrap().fit().family(),
            Family::Physical
        );
    }
}
