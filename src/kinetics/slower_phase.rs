//! What few points leave open after the last one, in words. Neglects re-uptake, which alone could make the integral larger still.
//!
//! A phase of clearance that is slower than those the points show begins to matter after the last of them. With three points or fewer, or as
//! many parameters as points, nothing in the points speaks against it, and the interval rests on the stated priors ([`super::prior`]): curves
//! with slower phases are in it with the weight that these give them, whatever the compound. More points speak against a
//! slower phase only where one phase describes them: of two, the slower one rests on the last points. The largest integral that the points allow has physical decay alone after the last point, y_n / lambda in place of the fitted tail.

use super::fit::Fit;
use super::tac::Tac;
use super::tia::{LARGE_ERROR, Tia};

/// Points that leave nothing to tell a slower phase by.
const FEW: usize = 3;

/// The warning, where the largest integral lies beyond the interval and above the estimate by more than [`LARGE_ERROR`].
pub(super) fn not_excluded(tac: &Tac, fit: &Fit, tia: &Tia) -> Option<String> {
    // Two phases in the points are no bound on a third, and the slower one of two is told by the last points alone.
    let phases = fit.family().phases_of_clearance();
    if tac.len() > FEW && fit.degrees_of_freedom > 0 && phases < 2 {
        return None;
    }
    let last = *tac.values().last()?;
    let whole = fit.curve.tia();
    let [_, after] = fit.curve.outside(tac.first_s(), tac.last_s());
    let tail = last.max(0.0) / fit.curve.decay_constant_per_s();
    let largest = tia.value / whole * (whole * (1.0 - after) + tail);
    (largest > (1.0 + LARGE_ERROR) * tia.value && largest > tia.interval_95.1).then(|| {
        format!(
            "{} points cannot exclude a slower phase after the last one: with physical decay alone from there the integral would be {largest:.6e}, \
             {:.2} times this; how likely that is the points do not tell, and interval and probability take it from priors",
            tac.len(),
            largest / tia.value
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::Family;
    use super::super::select::select;
    use super::*;

    const HOUR: f64 = 3600.0;
    const LAMBDA: f64 = std::f64::consts::LN_2 / (159.53 * HOUR);

    fn warned(hours: &[f64], values: &[f64]) -> (Tia, Option<f64>) {
        let t: Vec<f64> = hours.iter().map(|h| h * HOUR).collect();
        let u: Vec<f64> = values.iter().map(|v| 0.03 * v).collect();
        let tac = Tac::new(&t, values, &u).unwrap().proportional();
        let tia = select(&tac, &Family::ALL, LAMBDA).unwrap().tia(&tac);
        let text = tia.warnings.iter().find(|w| w.contains("slower phase after the last"));
        let after = text.map(|w| w.split("would be ").nth(1).unwrap());
        let largest = after.map(|w| w.split(',').next().unwrap().parse().unwrap());
        (tia, largest)
    }

    /// A bi-exponential with uptake at 4, 24 and 72 h is as well a mono-exponential with uptake, with 0.73 of its integral: the interval holds it.
    #[test]
    fn three_points_of_uptake_and_two_phases() {
        let (tia, largest) = warned(&[4.0, 24.0, 72.0], &[50.5068e6, 55.8681e6, 24.8311e6]);
        let truth = tia.value / 0.73;
        assert!(truth < tia.interval_95.1, "{tia:?} {truth:e}");
        assert!(largest.is_some_and(|l| l > truth), "{largest:?} {truth:e} {tia:?}");
        // By hand: the fitted curve to the last point, then 24.8311 MBq / lambda.
        let by_hand = tia.value * (1.0 - tia.share_after_last) + 24.8311e6 / LAMBDA;
        assert!((largest.unwrap() / by_hand - 1.0).abs() < 1e-5);
    }

    /// Phases of 2, 20 and 130 h at 1, 4, 24, 48 and 72 h are described by two, with 0.71 of the integral: the interval holds it.
    #[test]
    fn five_points_of_three_phases() {
        let hours = [1.0, 4.0, 24.0, 48.0, 72.0];
        let phases = [(60e6, 2.0), (30e6, 20.0), (10e6, 130.0)];
        let at = |h: &f64| phases.iter().map(|(a, t): &(f64, f64)| a * (-h / t).exp2()).sum();
        let values: Vec<f64> = hours.iter().map(at).collect();
        let truth: f64 = phases.iter().map(|(a, t)| a * t * HOUR / std::f64::consts::LN_2).sum();
        let (tia, largest) = warned(&hours, &values);
        assert!(tia.value < 0.8 * truth, "it is right by now: {tia:?} {truth:e}");
        assert!(truth < tia.interval_95.1, "{tia:?} {truth:e}");
        assert!(largest.is_some_and(|l| l > truth), "{largest:?} {truth:e} {tia:?}");
    }

    /// A late last point leaves little open, four points with a degree of freedom are checked, and physical decay has no slower phase.
    #[test]
    fn where_little_is_open_nothing_is_said() {
        let of = |hours: &[f64], half_life: f64| {
            let values: Vec<f64> = hours.iter().map(|h| 1e8 * (-h / half_life).exp2()).collect();
            warned(hours, &values).1
        };
        assert!(of(&[4.0, 24.0, 240.0], 30.0).is_none());
        assert!(of(&[4.0, 24.0, 48.0, 72.0], 40.0).is_none());
        assert!(of(&[4.0, 24.0, 72.0], 159.0).is_none());
        assert!(of(&[4.0, 24.0, 72.0], 40.0).is_some());
    }
}
