//! From points to an integral: one way for all who ask, so that the same points give the same digits.
//!
//! Neglects what the method neglects. [`integrate_points`] refuses what its method cannot integrate; [`super::assumed`] says what may then
//! be assumed. What was found can be asked for the curve, for its shape (so that voxels may follow it) and for the integral of other
//! values by the same rule and weights (for samples and derivatives).

use super::fit::{Fit, fit};
use super::hybrid::hybrid;
use super::integrate::{Head, Tail, fit_tail, trapezoid, trapezoid_value};
use super::method::Method;
use super::model::Family;
use super::points::{Points, Spread};
use super::possible::within_reach;
use super::select::{Candidate, Selection, select};
use super::single_time_point::{Measurement, haenscheid, haenscheid_alone, madsen, physical_decay};
use super::tac::{Tac, UncertaintyKind};
use super::tia::Tia;
use crate::{Error, Result};

/// A share of the integral after the last point that is told where its form is taken for granted.
const TOLD_SHARE: f64 = 0.05;

/// The curve behind an integral.
#[derive(Debug, Clone)]
pub enum Shape {
    /// One fitted curve.
    Fit(Box<Fit>),
    /// The weighted mean of fits.
    Average(Box<Selection>),
    /// Straight lines between the points, with what was assumed before and after them.
    Lines(Edge, Edge),
    /// A mono-exponential of this effective half-life (s) through the one point.
    Exponential(f64),
    /// One point and a rule that needs no curve.
    Rule,
}

/// What trapezoids assume beyond the points.
#[derive(Debug, Clone)]
pub enum Edge {
    /// Nothing.
    None,
    /// The nearest value.
    Constant,
    /// From zero at injection.
    Linear,
    /// The nearest value with this decay constant (1/s).
    Decay(f64),
    /// A fitted curve.
    Fitted(Box<Fit>),
}

impl Edge {
    fn at(&self, time_s: f64, nearest: (f64, f64)) -> f64 {
        match self {
            Edge::None => 0.0,
            Edge::Constant => nearest.1,
            Edge::Linear => nearest.1 * time_s / nearest.0,
            Edge::Decay(lambda) => nearest.1 * (-lambda * (time_s - nearest.0)).exp(),
            Edge::Fitted(fit) => fit.curve.value(time_s),
        }
    }
}

/// Why a curve was refused, where an assumption stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In a few words, without a comma: `rises throughout`.
    pub reason: String,
    /// In a few words, without a comma: `trapezoids with a physical tail`.
    pub assumed: String,
    /// The error in full.
    pub error: String,
}

/// A curve with its integral.
#[derive(Debug, Clone)]
pub struct Integrated {
    /// The points as stated.
    pub points: Points,
    /// The points with their weights.
    pub tac: Tac,
    /// How they were integrated.
    pub method: Method,
    /// Physical decay constant, 1/s.
    pub decay_constant_per_s: f64,
    /// Their integral, with its interval and warnings.
    pub tia: Tia,
    /// The curve.
    pub shape: Shape,
    /// The families that were compared; empty where none were.
    pub candidates: Vec<Candidate>,
    /// Set where the curve was refused and the integral rests on an assumption.
    pub refusal: Option<Refusal>,
}

/// A shape per unit of its integral, as voxels take it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitShape {
    /// At the times, 1/s; 0 at a time that the method does not use.
    pub values: Vec<f64>,
    /// Shares of the integral before the first and after the last point; NaN where not known.
    pub outside: [f64; 2],
}

/// Part of an integral before the first point beyond which a family whose integral is not determined is none: all of it would be a phase that no point
/// shows.
const MOST_UNSEEN: f64 = 0.9;

/// Integrates points by a method, from injection to infinity.
///
/// # Errors
/// With the reason why the method cannot: points that make no curve, that rise throughout, too few for it, too many, or so late that nothing is left.
pub fn integrate_points(
    points: &Points,
    method: &Method,
    decay_constant_per_s: f64,
) -> Result<Integrated> {
    let lambda = decay_constant_per_s;
    within_reach(&points.times_s, lambda)?;
    let done = |tac: Tac, mut tia: Tia, shape: Shape, candidates: Vec<Candidate>| {
        tia.warnings.extend(points.counting_alone());
        Integrated {
            points: points.clone(),
            tac,
            method: method.clone(),
            decay_constant_per_s: lambda,
            tia,
            shape,
            candidates,
            refusal: None,
        }
    };
    if method.takes_one_point() && points.values.len() == 1 {
        let (tac, tia, shape) = one_point(points, method, lambda)?;
        return Ok(done(tac, tia, shape, Vec::new()));
    }
    let tac = points.tac()?;
    Ok(match method {
        Method::Haenscheid(_) | Method::Madsen(_) => {
            return Err(Error::input(
                format!("{} points for a single-time-point method", tac.len()),
                "it uses one",
                "Fit the points, or choose one of them.",
            ));
        }
        Method::Family(family) => {
            let fit = fit(&tac, *family, lambda)?;
            let tia = fit.tia(&tac);
            let unseen = tia.share_before_first > MOST_UNSEEN;
            if !fit.tia_determined && (unseen || !tia.relative_uncertainty().is_finite()) {
                return Err(Error::input(
                    format!(
                        "the points do not determine the integral of a {} curve",
                        fit.family().name()
                    ),
                    "other curves fit them as well, so its uncertainty has no bound",
                    "Choose a model with fewer parameters, or add time points.",
                ));
            }
            done(tac, tia, Shape::Fit(Box::new(fit)), Vec::new())
        }
        Method::Trapezoid(head, tail) => {
            let mut tia = trapezoid(&tac, lambda, *head, *tail)?;
            tia.warnings.extend(taken_for_granted(&tia, *tail));
            let shape = Shape::Lines(before(*head, &tac, lambda)?, after(*tail, &tac, lambda)?);
            done(tac, tia, shape, Vec::new())
        }
        Method::Auto(families) | Method::Average(families) => {
            enough_for_a_choice(&tac, families)?;
            let selection = select(&tac, families, lambda)?;
            let candidates = selection.candidates.clone();
            if matches!(method, Method::Average(_)) {
                let tia = selection.averaged(&tac);
                done(tac, tia, Shape::Average(Box::new(selection)), candidates)
            } else {
                let tia = selection.tia(&tac);
                let fit = selection.fit().clone();
                done(tac, tia, Shape::Fit(Box::new(fit)), candidates)
            }
        }
    })
}

/// One point is no choice between curves.
fn enough_for_a_choice(tac: &Tac, families: &[Family]) -> Result<()> {
    if tac.len() > 1 || families == [Family::Physical] {
        return Ok(());
    }
    Err(Error::input(
        "one point",
        "it cannot tell how fast the activity leaves",
        "Choose a method for one point: haenscheid, madsen with a population half-life, or physical.",
    ))
}

fn one_point(points: &Points, method: &Method, lambda: f64) -> Result<(Tac, Tia, Shape)> {
    let half_life_s = std::f64::consts::LN_2 / lambda;
    let tac = points.tac()?;
    let value = tac.values()[0];
    let unknown = points.spread == Spread::Unknown;
    let own = if unknown { 0.0 } else { tac.uncertainties()[0] };
    let u = own.hypot(points.common * value);
    let m = Measurement::new(tac.first_s(), value, u)?;
    let (mut tia, shape) = match method {
        Method::Haenscheid(None) => (haenscheid_alone(m, half_life_s)?, Shape::Rule),
        Method::Haenscheid(Some(people)) => (haenscheid(m, people), Shape::Rule),
        Method::Madsen(people) => (madsen(m, people), Shape::Exponential(people.mean_s())),
        _ => (physical_decay(m, half_life_s)?, Shape::Exponential(half_life_s)),
    };
    if unknown {
        tia.warnings.push(
            "the point has no stated uncertainty: that of the measurement is not in the interval"
                .into(),
        );
        if tia.standard_uncertainty == 0.0 {
            // What is taken for granted has no spread either: nothing is known of the uncertainty, which is not zero.
            tia.standard_uncertainty = f64::NAN;
            tia.interval_95 = (f64::NAN, f64::NAN);
            tia.warnings.push(
                "the uncertainty is not known: neither the point's is stated, nor how far the half-life may be from the one taken for granted".into(),
            );
        }
    }
    Ok((tac, tia, shape))
}

fn before(head: Head, tac: &Tac, lambda: f64) -> Result<Edge> {
    Ok(match head {
        Head::Constant => Edge::Constant,
        Head::LinearFromZero => Edge::Linear,
        Head::Fitted(family) => Edge::Fitted(Box::new(fit(tac, family, lambda)?)),
    })
}

fn after(tail: Tail, tac: &Tac, lambda: f64) -> Result<Edge> {
    Ok(match tail {
        Tail::Physical => Edge::Decay(lambda),
        Tail::Population(people) => Edge::Decay(std::f64::consts::LN_2 / people.mean_s()),
        Tail::None => Edge::None,
        Tail::Mono(points) => Edge::Fitted(Box::new(fit_tail(tac, lambda, points)?)),
    })
}

impl Integrated {
    /// The fitted curve, where one was fitted.
    pub fn fit(&self) -> Option<&Fit> {
        match &self.shape {
            Shape::Fit(fit) => Some(fit),
            _ => None,
        }
    }

    /// The curve in a word or a few, without a comma: a family, `average`, `trapezoid`, `haenscheid`, or why it was refused and what was
    /// assumed.
    pub fn name(&self) -> String {
        if let Some(r) = &self.refusal {
            return format!("refused: {}; assumed: {}", r.reason, r.assumed);
        }
        match (&self.shape, &self.method) {
            (Shape::Fit(fit), _) => fit.family().name().into(),
            (Shape::Average(_), _) => "average".into(),
            (Shape::Lines(..), _) => "trapezoid".into(),
            (_, Method::Haenscheid(_)) => "haenscheid".into(),
            (_, Method::Madsen(_)) => "madsen".into(),
            _ => Family::Physical.name().into(),
        }
    }

    /// Value and standard uncertainty of the curve at a time; the uncertainty is 0 where the method has none, or the points do not tell it.
    pub fn at(&self, time_s: f64) -> (f64, f64) {
        match &self.shape {
            Shape::Fit(fit) => {
                let u = fit.value_uncertainty(time_s);
                (fit.curve.value(time_s), if u.is_finite() { u } else { 0.0 })
            }
            Shape::Average(selection) => {
                let fits: Vec<(f64, &Fit)> = selection.ranked().collect();
                let mean: f64 = fits.iter().map(|(w, f)| w * f.curve.value(time_s)).sum();
                let spread = |f: &Fit| {
                    f.value_uncertainty(time_s).powi(2) + (f.curve.value(time_s) - mean).powi(2)
                };
                // A family that is not determined at the time has no spread to add.
                let own = fits.iter().map(|(w, f)| w * spread(f)).filter(|s| s.is_finite());
                (mean, own.sum::<f64>().sqrt())
            }
            Shape::Exponential(half_life_s) => {
                let past = (self.tac.first_s() - time_s) / half_life_s;
                (self.tac.values()[0] * past.exp2(), 0.0)
            }
            // A rule has no curve: the one with its integral through the point, of the half-life at which the rule is exact.
            Shape::Rule => {
                let past = (self.tac.first_s() - time_s) / self.tac.first_s();
                (self.tac.values()[0] * past.exp2(), 0.0)
            }
            Shape::Lines(before, after) => (self.line(time_s, before, after), 0.0),
        }
    }

    fn line(&self, time_s: f64, before: &Edge, after: &Edge) -> f64 {
        let (t, y) = (self.tac.times_s(), self.tac.values());
        let last = t.len() - 1;
        if time_s < t[0] {
            return before.at(time_s, (t[0], y[0]));
        }
        if time_s > t[last] {
            return after.at(time_s, (t[last], y[last]));
        }
        let i = t.partition_point(|x| *x <= time_s).clamp(1, last);
        y[i - 1] + (y[i] - y[i - 1]) * (time_s - t[i - 1]) / (t[i] - t[i - 1])
    }

    /// The curve per unit of its integral at the times of maps. A method of one point uses its own time alone.
    pub fn unit_shape(&self, times_s: &[f64]) -> UnitShape {
        let one = matches!(self.shape, Shape::Exponential(_) | Shape::Rule);
        let own = |t: f64| !one || t == self.tac.first_s();
        let value = |t: &f64| if own(*t) { self.at(*t).0 / self.tia.value } else { 0.0 };
        UnitShape {
            values: times_s.iter().map(value).collect(),
            outside: [self.tia.share_before_first, self.tia.share_after_last],
        }
    }

    /// Factor from the stated uncertainties of the points to what the residuals say; 0 where neither says any.
    pub fn scale_of_uncertainties(&self) -> f64 {
        match (self.tac.kind(), self.fit()) {
            (UncertaintyKind::Absolute, _) => 1.0,
            (UncertaintyKind::RelativeOnly, Some(f)) => f.variance_factor.sqrt(),
            (UncertaintyKind::RelativeOnly, _) => 0.0,
        }
    }

    /// How many times wider than stated the residuals say the uncertainties are: see [`Fit::widening`]; 1 where nothing was fitted.
    pub fn widening(&self) -> f64 {
        self.fit().map_or(1.0, Fit::widening)
    }

    /// Keeps the shape of a fitted (planar) curve and takes the scale of one value: see [`hybrid`].
    ///
    /// # Errors
    /// If no curve was fitted, or it is not positive at the value's time.
    pub fn scale_to(&mut self, value: Measurement) -> Result<()> {
        let Shape::Fit(fit) = &self.shape else {
            return Err(Error::usage(
                "a curve that was not fitted, scaled by one value",
                "the shape and its uncertainty must come from a fit",
                "Choose auto or a family.",
            ));
        };
        let others: Vec<(f64, &Fit)> = self
            .candidates
            .iter()
            .filter_map(|c| Some((c.weight, c.fit.as_ref().ok()?)))
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        let scaled = hybrid(&self.tac, &self.tia, fit, &others, value)?;
        let warnings = std::mem::replace(&mut self.tia, scaled).warnings;
        for warning in warnings {
            if !self.tia.warnings.contains(&warning) {
                self.tia.warnings.push(warning);
            }
        }
        Ok(())
    }

    /// The integral of other values at the same times, by the same rule, family and statement of uncertainties. What was chosen once stays.
    ///
    /// # Errors
    /// If the values cannot be integrated so.
    pub fn integral_of(&self, values: &[f64]) -> Result<f64> {
        let lambda = self.decay_constant_per_s;
        let points = self.points.with_values(values);
        match (&self.shape, &self.method) {
            (Shape::Exponential(_) | Shape::Rule, _) => {
                Ok(self.tia.value * values[0] / self.tac.values()[0])
            }
            // What is told of the choice may differ from its curve by a factor, which the samples share.
            (Shape::Fit(fit), _) => {
                let factor = self.tia.value / fit.curve.tia();
                Ok(factor * fit.refit(&points.tac()?)?.curve.tia())
            }
            (Shape::Average(selection), _) => {
                let tac = points.tac()?;
                let (mut own, mut sum) = (0.0, 0.0);
                for (w, fit) in selection.ranked() {
                    own += w * fit.curve.tia();
                    sum += w * fit.refit(&tac)?.curve.tia();
                }
                Ok(self.tia.value * sum / own)
            }
            (Shape::Lines(..), Method::Trapezoid(head, tail)) => {
                trapezoid_value(&points.tac()?, lambda, *head, *tail)
            }
            (Shape::Lines(..), _) => {
                trapezoid_value(&points.tac()?, lambda, Head::LinearFromZero, Tail::Physical)
            }
        }
    }
}

/// The interval of trapezoids is that of the points: their tail's form is no part of it, unless a population gives it a spread.
fn taken_for_granted(tia: &Tia, tail: Tail) -> Option<String> {
    let share = tia.share_after_last;
    (share > TOLD_SHARE && !matches!(tail, Tail::Population(_) | Tail::None)).then(|| {
        format!(
            "{:.0} % of the integral lies after the last point, where {} is taken for granted: the interval holds the points' uncertainty alone",
            100.0 * share,
            match tail {
                Tail::Mono(_) => "the last points' mono-exponential",
                _ => "physical decay",
            }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::single_time_point::Population;
    use super::*;

    const LAMBDA: f64 = 1.2e-6;
    const TIMES: [f64; 7] = [3600.0, 14_400.0, 36_000.0, 86_400.0, 172_800.0, 345_600.0, 604_800.0];
    const NOISE: [f64; 7] = [1.03, 0.96, 1.05, 0.98, 1.01, 0.95, 1.04];

    fn bi(scale: f64, spread: Spread) -> Points {
        let truth = |t: f64| 0.6 * (-4.9e-5 * t).exp() + 0.4 * (-4e-6 * t).exp();
        let values = (0..7).map(|i| scale * NOISE[i] * truth(TIMES[i])).collect();
        Points { times_s: TIMES.to_vec(), values, spread, common: 0.0 }
    }

    /// Another unit moves the last bit of the points, and nothing of the integral.
    #[test]
    fn digits_do_not_depend_on_the_unit() {
        let methods = [Family::Physical, Family::Mono, Family::MonoUptake, Family::Bi]
            .map(Method::Family)
            .into_iter()
            .chain([Method::Auto(Family::ALL.to_vec()), Method::Average(Family::ALL.to_vec())]);
        for method in methods {
            for spread in [Spread::Relative(0.05), Spread::Unknown] {
                let of = |scale: f64| {
                    let p = bi(scale, spread.clone());
                    integrate_points(&p, &method, LAMBDA).unwrap().tia.value / scale
                };
                for scale in [1.1e5, 3.7e-8, 1e6 / 3.0] {
                    let off = (of(scale) / of(1.0) - 1.0).abs();
                    assert!(off < 1e-12, "{method:?} {spread:?} {scale}: {off:e}");
                }
            }
        }
    }

    #[test]
    fn other_values_follow_the_rule_of_the_first() {
        let people = Population::new(180_000.0, 40_000.0, 577_000.0).unwrap();
        let several = [
            Method::Auto(Family::ALL.to_vec()),
            Method::Average(Family::ALL.to_vec()),
            Method::Family(Family::Mono),
            Method::Trapezoid(Head::Constant, Tail::Mono(3)),
            Method::Trapezoid(Head::LinearFromZero, Tail::Population(people)),
        ];
        let points = bi(1e5, Spread::Relatives(vec![0.05; 7]));
        for method in several {
            let found = integrate_points(&points, &method, LAMBDA).unwrap();
            let own = found.integral_of(&points.values).unwrap();
            assert!((own / found.tia.value - 1.0).abs() < 1e-9, "{}", found.name());
            let twice: Vec<f64> = points.values.iter().map(|v| 2.0 * v).collect();
            let twice = found.integral_of(&twice).unwrap();
            assert!((twice / found.tia.value - 2.0).abs() < 1e-9, "{}", found.name());
            // Voxels that are as the region, scaled, have its integral.
            let unit = found.unit_shape(&TIMES);
            for (h, t) in unit.values.iter().zip(TIMES) {
                assert!((h * found.tia.value / found.at(t).0 - 1.0).abs() < 1e-12);
            }
        }
        let one = points.only(4).unwrap();
        for method in
            [Method::Haenscheid(None), Method::Madsen(people), Method::Family(Family::Physical)]
        {
            let found = integrate_points(&one, &method, LAMBDA).unwrap();
            assert_eq!(found.integral_of(&[2.0 * one.values[0]]).unwrap(), 2.0 * found.tia.value);
            let unit = found.unit_shape(&TIMES);
            assert_eq!(unit.values.iter().filter(|h| **h > 0.0).count(), 1);
            assert!((unit.values[4] * found.tia.value / one.values[0] - 1.0).abs() < 1e-12);
            let refused = integrate_points(&points, &method, LAMBDA);
            assert_eq!(refused.is_err(), method != Method::Family(Family::Physical));
        }
        assert!(integrate_points(&one, &Method::Auto(Family::ALL.to_vec()), LAMBDA).is_err());
        let unknown = Points { spread: Spread::Unknown, ..one };
        let found = integrate_points(&unknown, &Method::Haenscheid(None), LAMBDA).unwrap();
        assert!(found.tia.warnings.iter().any(|w| w.contains("no stated uncertainty")));
        // No uncertainty is known: it is not zero.
        let sharp = Population::new(180_000.0, 0.0, 577_000.0).unwrap();
        for method in [
            Method::Family(Family::Physical),
            Method::Auto(vec![Family::Physical]),
            Method::Madsen(sharp),
        ] {
            let found = integrate_points(&unknown, &method, LAMBDA).unwrap();
            let (low, high) = found.tia.interval_95;
            assert!(found.tia.standard_uncertainty.is_nan() && low.is_nan() && high.is_nan());
            assert!(found.tia.warnings.iter().any(|w| w.contains("uncertainty is not known")));
            let known = Points { common: 0.05, ..unknown.clone() };
            let known = integrate_points(&known, &method, LAMBDA).unwrap();
            assert!((known.tia.relative_uncertainty() / 0.05 - 1.0).abs() < 1e-9);
        }
    }
}
