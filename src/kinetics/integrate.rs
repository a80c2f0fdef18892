//! TIA by trapezoids between the points, with a stated head before the first and tail after the last.
//!
//! Neglected: the curvature between points (a trapezoid over an exponential fall is too large by about (k dt)^2 / 12). The uncertainty
//! is the law of propagation over the points, each moved by plus and minus its standard uncertainty with the whole integral, head and
//! tail included, recomputed.

use super::fit::{Fit, fit};
use super::model::Family;
use super::single_time_point::Population;
use super::tac::Tac;
use super::tia::Tia;
use crate::{Error, Result};

/// The part before the first point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// The first value, constant.
    Constant,
    /// From zero at injection, linear.
    LinearFromZero,
    /// A fitted curve of this family.
    Fitted(Family),
}

/// The part after the last point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Physical decay of the last value (largest possible without re-uptake).
    Physical,
    /// Mono-exponential fitted to this many last points.
    Mono(usize),
    /// Mono-exponential with the mean effective half-life of a population; its spread is part of the uncertainty.
    Population(Population),
    /// Nothing.
    None,
}

/// Integrates a curve by trapezoids.
///
/// # Errors
/// If there are no two points, the decay constant is not positive, or a fitted head or tail is refused.
pub fn trapezoid(tac: &Tac, decay_constant_per_s: f64, head: Head, tail: Tail) -> Result<Tia> {
    if tac.len() < 2 {
        return Err(Error::input(
            format!("{} point(s) for trapezoids", tac.len()),
            "two are needed",
            "Use a single-time-point method.",
        ));
    }
    if let Tail::Mono(points) = tail
        && (points < 2 || points > tac.len())
    {
        return Err(Error::usage(
            format!("a tail fitted to {points} of {} points", tac.len()),
            "it needs at least two, at most all",
            "Choose another number.",
        ));
    }
    let parts = parts(tac, decay_constant_per_s, head, tail)?;
    let value: f64 = parts.iter().sum();
    if value <= 0.0 {
        return Err(Error::input(
            format!("the integral is {value}"),
            "values of 0 or below make up all of it",
            "Leave this VOI out.",
        ));
    }
    let mut variance = match tail {
        // The tail is proportional to the half-life.
        Tail::Population(people) => (parts[2] * people.relative_spread()).powi(2),
        _ => 0.0,
    };
    for i in 0..tac.len() {
        let moved = |sign: f64| -> Result<f64> {
            let mut values = tac.values().to_vec();
            values[i] += sign * tac.uncertainties()[i];
            // A point moved so far that a tail cannot be fitted counts as far as it can.
            let moved = tac.with_values(&values)?;
            Ok(parts_or(&moved, decay_constant_per_s, head, tail, value))
        };
        variance += (0.5 * (moved(1.0)? - moved(-1.0)?)).powi(2);
    }
    let method = format!("trapezoids, {}, {}", head_name(head), tail_name(tail));
    let relative = variance.sqrt() / value;
    let mut tia = Tia::log_normal(value, relative, tac.common_scale().relative(), method)
        .with_shares(parts[0] / value, parts[2] / value);
    if tail == Tail::None {
        tia.warnings.push("nothing after the last point is counted".into());
    }
    if tac.kind() == super::UncertaintyKind::RelativeOnly {
        tia.warnings.push(
            "the points have no absolute uncertainty: that of the trapezoids is not known".into(),
        );
        tia.standard_uncertainty = f64::NAN;
        tia.interval_95 = (f64::NAN, f64::NAN);
    }
    Ok(tia)
}

fn parts_or(tac: &Tac, lambda: f64, head: Head, tail: Tail, otherwise: f64) -> f64 {
    parts(tac, lambda, head, tail).map_or(otherwise, |p| p.iter().sum())
}

/// The integral alone, such as that of a sample of the points.
///
/// # Errors
/// As [`trapezoid`].
pub fn trapezoid_value(
    tac: &Tac,
    decay_constant_per_s: f64,
    head: Head,
    tail: Tail,
) -> Result<f64> {
    Ok(parts(tac, decay_constant_per_s, head, tail)?.iter().sum())
}

/// Integrals before, between and after the points.
fn parts(tac: &Tac, lambda: f64, head: Head, tail: Tail) -> Result<[f64; 3]> {
    let (t, y) = (tac.times_s(), tac.values());
    let n = tac.len();
    if !(lambda > 0.0 && lambda.is_finite()) {
        return Err(Error::input(
            format!("decay constant {lambda} 1/s"),
            "it must be positive",
            "Give the half-life of the nuclide.",
        ));
    }
    let before = match head {
        Head::Constant => y[0] * t[0],
        Head::LinearFromZero => 0.5 * y[0] * t[0],
        Head::Fitted(family) => fit(tac, family, lambda)?.curve.integral(0.0, t[0]),
    };
    let between = (1..n).map(|i| 0.5 * (y[i] + y[i - 1]) * (t[i] - t[i - 1])).sum();
    let after = match tail {
        Tail::Physical => y[n - 1] / lambda,
        Tail::Mono(points) => {
            fit_tail(tac, lambda, points)?.curve.integral(t[n - 1], f64::INFINITY)
        }
        Tail::Population(people) => y[n - 1] * people.mean_s() / std::f64::consts::LN_2,
        Tail::None => 0.0,
    };
    Ok([before, between, after])
}

/// The mono-exponential of the last points.
///
/// # Errors
/// As [`fit`].
pub fn fit_tail(tac: &Tac, decay_constant_per_s: f64, points: usize) -> Result<Fit> {
    // Two points of relative uncertainty fix both parameters: the size of the uncertainty does not matter to the curve.
    let last = tac.last_points(points);
    let last = Tac::new(last.times_s(), last.values(), last.uncertainties())?;
    fit(&last, Family::Mono, decay_constant_per_s)
}

fn head_name(head: Head) -> String {
    match head {
        Head::Constant => "constant before the first point".into(),
        Head::LinearFromZero => "linear from zero to the first point".into(),
        Head::Fitted(family) => format!("{} fit before the first point", family.name()),
    }
}

fn tail_name(tail: Tail) -> String {
    match tail {
        Tail::Physical => "physical decay after the last".into(),
        Tail::Mono(n) => format!("mono-exponential of the last {n} points after the last"),
        Tail::Population(people) => format!(
            "the population's half-life of {:.3} h after the last",
            people.mean_s() / crate::units::SECONDS_PER_HOUR
        ),
        Tail::None => "nothing after the last".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: f64 = 1.2e-6;

    #[test]
    fn straight_lines_are_exact() {
        let tac = Tac::new(&[10.0, 30.0, 50.0], &[4.0, 8.0, 2.0], &[0.4, 0.8, 0.2]).unwrap();
        let with = |head, tail| trapezoid(&tac, 0.1, head, tail).unwrap();
        let tia = with(Head::Constant, Tail::None);
        assert!((tia.value - (40.0 + 120.0 + 100.0)).abs() < 1e-9);
        // By hand: weights of the points are 10 + 10, 20 and 10 s.
        let u = (8.0_f64.powi(2) + 16.0_f64.powi(2) + 2.0_f64.powi(2)).sqrt();
        assert!((tia.standard_uncertainty - u).abs() < 1e-9);
        let tia = with(Head::LinearFromZero, Tail::Physical);
        assert!((tia.value - (20.0 + 220.0 + 20.0)).abs() < 1e-9);
        assert!((tia.share_before_first - 20.0 / 260.0).abs() < 1e-12);
        assert!((tia.share_after_last - 20.0 / 260.0).abs() < 1e-12);
    }

    /// The tail of the two last points of an exponential is A exp(-k t) / k.
    #[test]
    fn a_fitted_tail_has_the_effective_rate() {
        let k = 3e-6_f64;
        let t = [1e4, 1e5, 3e5];
        let y = t.map(|t| 50.0 * (-k * t).exp());
        let tac = Tac::new(&t, &y, &y.map(|y| 0.05 * y)).unwrap();
        let tia = trapezoid(&tac, LAMBDA, Head::Fitted(Family::Mono), Tail::Mono(2)).unwrap();
        assert!((tia.share_after_last * tia.value / (y[2] / k) - 1.0).abs() < 1e-6);
        let before = 50.0 * (1.0 - (-k * t[0]).exp()) / k;
        assert!((tia.share_before_first * tia.value / before - 1.0).abs() < 1e-6);
        assert!(tia.warnings.iter().any(|w| w.contains("after the last")));
    }

    #[test]
    fn what_cannot_be_integrated_is_refused() {
        let one = Tac::new(&[1.0], &[2.0], &[0.1]).unwrap();
        assert!(trapezoid(&one, LAMBDA, Head::Constant, Tail::Physical).is_err());
        let rising = Tac::new(&[1e4, 1e5], &[2.0, 3.0], &[0.1, 0.1]).unwrap();
        assert!(trapezoid(&rising, LAMBDA, Head::Constant, Tail::Mono(2)).is_err());
        assert!(trapezoid(&rising, LAMBDA, Head::Constant, Tail::Mono(3)).is_err());
        assert!(trapezoid(&rising, LAMBDA, Head::Constant, Tail::Physical).is_ok());
        assert!(trapezoid(&rising, 0.0, Head::Constant, Tail::Physical).is_err());
    }
}
