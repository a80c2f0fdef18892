//! What is assumed where a curve is refused, with an interval that holds what is possible instead of what is likely.
//!
//! Points that rise throughout, or that no family can follow, still bound the integral. **Estimate:** trapezoids, linear from zero to the
//! first point, physical decay of the last value. **Lower bound:** the trapezoids between the points alone, nothing before and after.
//! **Upper bound:** before the first point the larger of its value, constant, and the fall of the first two points carried back; after the
//! last, physical decay of the last value plus uptake that goes on as fast as between the last two points. With z = y exp(lambda t) the
//! value corrected to injection and s = max(0, slope of z between the last two points),
//!
//! ```text
//! after <= int_tn^inf (z_n + s (t - t_n)) exp(-lambda t) dt = y_n / lambda + s exp(-lambda t_n) / lambda^2.
//! ```
//!
//! It holds while net uptake does not speed up, as uptake from blood that clears cannot. Neglected: curvature between the points. The
//! standard uncertainty is that of a value evenly likely between the bounds (JCGM 100:2008, 4.3.7), with the points' own. One point bounds
//! nothing: the estimate is its physical decay, without an uncertainty.

use super::integrate::{Head, Tail, trapezoid};
use super::integrated::{Edge, Integrated, Refusal, Shape, integrate_points};
use super::method::Method;
use super::model::Family;
use super::points::Points;
use super::possible::within_reach;
use super::tac::Tac;
use super::tia::Tia;
use crate::{Error, Result};

/// Integrates points by a method or, if it refuses them, by the assumption of this module with [`Integrated::refusal`] set.
///
/// # Errors
/// If the points make no curve at all (none, all zero, negative, unsorted), so that nothing can be assumed either.
pub fn integrate_or_assume(
    points: &Points,
    method: &Method,
    decay_constant_per_s: f64,
) -> Result<Integrated> {
    match integrate_points(points, method, decay_constant_per_s) {
        Ok(found) => Ok(found),
        Err(refused) => assume(points, decay_constant_per_s, &refused).map_err(|_| refused),
    }
}

/// The assumption for points that were refused.
///
/// # Errors
/// As [`integrate_or_assume`].
pub fn assume(points: &Points, decay_constant_per_s: f64, refused: &Error) -> Result<Integrated> {
    let (lambda, tac) = (decay_constant_per_s, points.tac()?);
    within_reach(&points.times_s, lambda)?;
    if tac.values().iter().all(|v| *v == 0.0) || tac.values().iter().any(|v| *v < 0.0) {
        return Err(refused.clone());
    }
    let mut found = if tac.len() == 1 {
        let mut found = integrate_points(points, &Method::Family(Family::Physical), lambda)?;
        found.tia.standard_uncertainty = f64::NAN;
        found.tia.interval_95 = (f64::NAN, f64::NAN);
        found
    } else {
        let tia = bounded(&tac, lambda)?;
        Integrated {
            points: points.clone(),
            method: Method::Trapezoid(Head::LinearFromZero, Tail::Physical),
            decay_constant_per_s: lambda,
            shape: Shape::Lines(Edge::Linear, Edge::Decay(lambda)),
            candidates: Vec::new(),
            refusal: None,
            tac,
            tia,
        }
    };
    let rises = found.tac.rises_throughout();
    let (reason, assumed) = (
        if rises { "rises throughout".into() } else { refused.problem.clone() },
        if found.tac.len() == 1 { "physical decay" } else { "trapezoids with a physical tail" },
    );
    found.tia.method = format!("assumed, the curve being refused: {}", found.tia.method);
    found.refusal = Some(Refusal { reason, assumed: assumed.into(), error: refused.to_string() });
    Ok(found)
}

/// Trapezoids with the bounds of the module's head.
fn bounded(tac: &Tac, lambda: f64) -> Result<Tia> {
    let plain = trapezoid(tac, lambda, Head::LinearFromZero, Tail::Physical)?;
    let value = plain.value;
    let (lower, upper) = bounds(tac, lambda);
    let common = tac.common_scale().relative();
    // Points without a stated uncertainty add none: a warning of the trapezoids says so.
    let with_common = plain.relative_uncertainty();
    let own = if with_common.is_finite() {
        (with_common.powi(2) - common.powi(2)).max(0.0).sqrt()
    } else {
        0.0
    };
    let ln = |bound: f64| (bound / value).ln().abs();
    let half = |bound: f64| ln(bound).hypot(crate::stats::NORMAL_97_5 * own);
    let even = (upper - lower) / 12.0_f64.sqrt() / value;
    let mut tia =
        Tia::from_logs(value, even.hypot(own), (half(lower), half(upper)), common, plain.method);
    tia.share_before_first = plain.share_before_first;
    tia.share_after_last = plain.share_after_last;
    tia.warnings = plain.warnings;
    tia.warnings.push(format!(
        "the integral lies between {lower:.6e} (nothing beyond the points) and {upper:.6e} (uptake goes on as between the last two points, \
         physical decay) before the points' own uncertainty: the points tell no more"
    ));
    Ok(tia)
}

/// The least and the largest integral.
fn bounds(tac: &Tac, lambda: f64) -> (f64, f64) {
    let (t, y) = (tac.times_s(), tac.values());
    let n = t.len();
    let between: f64 = (1..n).map(|i| 0.5 * (y[i] + y[i - 1]) * (t[i] - t[i - 1])).sum();
    let fall = if y[1] > 0.0 { (y[0] / y[1]).ln() / (t[1] - t[0]) } else { 0.0 };
    let back = if fall > 0.0 { y[0] * (fall * t[0]).exp_m1() / fall } else { 0.0 };
    let before = back.max(y[0] * t[0]);
    // The slope of z, times exp(-lambda t_n).
    let gone = (-lambda * (t[n - 1] - t[n - 2])).exp();
    let slope = ((y[n - 1] - y[n - 2] * gone) / (t[n - 1] - t[n - 2])).max(0.0);
    (between, before + between + y[n - 1] / lambda + slope / (lambda * lambda))
}

#[cfg(test)]
mod tests {
    use super::super::points::Spread;
    use super::*;

    const LAMBDA: f64 = std::f64::consts::LN_2 / 159.53;

    fn points(t: &[f64], y: &[f64]) -> Points {
        Points {
            times_s: t.to_vec(),
            values: y.to_vec(),
            spread: Spread::Relative(0.03),
            common: 0.0,
        }
    }

    fn auto() -> Method {
        Method::Auto(Family::ALL.to_vec())
    }

    #[test]
    fn a_rising_curve_has_the_trapezoids_and_their_bounds() {
        let p = points(&[4.0, 24.0, 72.0, 168.0], &[1.0, 1.8, 2.4, 2.6]);
        assert!(integrate_points(&p, &auto(), LAMBDA).is_err());
        let found = integrate_or_assume(&p, &auto(), LAMBDA).unwrap();
        // By hand: 2 before, 28 + 100.8 + 240 between, 2.6 / lambda after.
        let value = 2.0 + 368.8 + 2.6 / LAMBDA;
        assert!((found.tia.value / value - 1.0).abs() < 1e-12);
        let name = found.name();
        assert_eq!(name, "refused: rises throughout; assumed: trapezoids with a physical tail");
        let (low, high) = found.tia.interval_95;
        // z rises from 2.4 e^(72 lambda) to 2.6 e^(168 lambda) in 96.
        let z = |t: f64, y: f64| y * (LAMBDA * t).exp();
        let s = (z(168.0, 2.6) - z(72.0, 2.4)) / 96.0;
        let upper = 4.0 + 368.8 + 2.6 / LAMBDA + s * (-LAMBDA * 168.0).exp() / (LAMBDA * LAMBDA);
        assert!(low < 368.8 && low > 0.95 * 368.8, "{low}");
        assert!(high > upper && high < 1.05 * upper, "{high} {upper}");
        let even = (upper - 368.8) / 12.0_f64.sqrt();
        assert!((found.tia.standard_uncertainty / even - 1.0).abs() < 0.02);
        // The same rule on other values.
        let twice: Vec<f64> = p.values.iter().map(|v| 2.0 * v).collect();
        assert!((found.integral_of(&twice).unwrap() / value - 2.0).abs() < 1e-12);
    }

    /// Truths that the points of a rising curve do not exclude: uptake into what then decays physically, at any rate of uptake and clearance.
    #[test]
    fn the_interval_holds_every_curve_of_slow_uptake() {
        let t = [4.0, 24.0, 72.0];
        for uptake_h in [20.0, 50.0, 100.0, 300.0] {
            for clearance_h in [100.0, 300.0, 1e6] {
                let (u, k) = (
                    LAMBDA + std::f64::consts::LN_2 / uptake_h,
                    LAMBDA + std::f64::consts::LN_2 / clearance_h,
                );
                if u <= k {
                    continue;
                }
                let y = t.map(|t: f64| (-k * t).exp() - (-u * t).exp());
                let p = points(&t, &y);
                if !p.tac().unwrap().rises_throughout() {
                    continue;
                }
                let found = integrate_or_assume(&p, &auto(), LAMBDA).unwrap();
                let truth = 1.0 / k - 1.0 / u;
                let (low, high) = found.tia.interval_95;
                assert!(
                    low < truth && truth < high,
                    "{uptake_h} {clearance_h} {low} {truth} {high}"
                );
            }
        }
    }

    #[test]
    fn one_point_has_an_estimate_without_interval_and_nothing_has_none() {
        let found = integrate_or_assume(&points(&[24.0], &[2.0]), &auto(), LAMBDA).unwrap();
        assert!((found.tia.value * LAMBDA / 2.0 / (LAMBDA * 24.0).exp() - 1.0).abs() < 1e-12);
        assert!(found.tia.interval_95.0.is_nan() && found.tia.standard_uncertainty.is_nan());
        assert_eq!(found.name(), "refused: one point; assumed: physical decay");
        for (t, y) in [
            (&[1.0, 2.0][..], &[0.0, 0.0][..]),
            (&[1.0, 2.0], &[1.0, -1.0]),
            (&[2.0, 1.0], &[1.0, 2.0]),
            (&[], &[]),
        ] {
            assert!(integrate_or_assume(&points(t, y), &auto(), LAMBDA).is_err(), "{t:?} {y:?}");
        }
    }

    #[test]
    fn what_is_not_refused_is_as_integrated() {
        let p = points(&[4.0, 24.0, 72.0], &[9.0, 8.0, 5.0]);
        let [a, b] =
            [integrate_points(&p, &auto(), LAMBDA), integrate_or_assume(&p, &auto(), LAMBDA)];
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.tia, b.tia);
        assert!(b.refusal.is_none());
    }
}
