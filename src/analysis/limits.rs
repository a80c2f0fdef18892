//! What is left to a limit: dose per administered activity, cycles added up, the activity or the cycles that remain. The limit is the user's; none is
//! given here. Neglected: that uptake and kinetics change from cycle to cycle, which the dose per activity of the next cycle takes for granted.

use super::bed::Course;
use crate::error::{Error, Result};

/// A cycle that was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// Mean dose, Gy.
    pub dose_gy: f64,
    /// Administered activity, GBq.
    pub activity_gbq: Option<f64>,
}

impl Given {
    /// Gy/GBq, where the activity is known.
    pub fn gy_per_gbq(&self) -> Option<f64> {
        self.activity_gbq.map(|a| self.dose_gy / a)
    }
}

/// What remains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Remaining {
    /// In the quantity of the limit (dose, or BED), Gy.
    pub spent_gy: f64,
    /// Dose that the next cycle may give, Gy.
    pub dose_gy: f64,
    /// Activity of it, GBq; none where the dose per activity is not known.
    pub activity_gbq: Option<f64>,
    /// Whole cycles of a stated dose that still fit; none where no dose is stated.
    pub cycles: Option<u32>,
}

/// Cycles of equal dose at most that are counted.
const MOST_CYCLES: u32 = 100;

/// To a limit of absorbed dose. `next_gy` is the dose of each further cycle, `gy_per_gbq` its dose per activity.
///
/// # Errors
/// If a dose or activity is negative, or the limit, `next_gy` or `gy_per_gbq` not positive.
pub fn to_dose_limit(
    given: &[Given],
    limit_gy: f64,
    next_gy: Option<f64>,
    gy_per_gbq: Option<f64>,
) -> Result<Remaining> {
    check(given, limit_gy, next_gy, gy_per_gbq)?;
    let spent: f64 = given.iter().map(|g| g.dose_gy).sum();
    let left = (limit_gy - spent).max(0.0);
    // A cycle that meets the limit to the last digit fits.
    let fits = |d: f64| ((left / d * (1.0 + 1e-12)).floor().min(f64::from(MOST_CYCLES))) as u32;
    Ok(Remaining {
        spent_gy: spent,
        dose_gy: left,
        activity_gbq: gy_per_gbq.map(|g| left / g),
        cycles: next_gy.map(fits),
    })
}

/// To a limit of BED. `course(n)` gives the course of n cycles, those given first.
///
/// # Errors
/// As [`to_dose_limit`]; if a course cannot be made.
pub fn to_bed_limit(
    given: &[Given],
    limit_gy: f64,
    next_gy: Option<f64>,
    gy_per_gbq: Option<f64>,
    course: impl Fn(usize) -> Result<Course>,
) -> Result<Remaining> {
    check(given, limit_gy, next_gy, gy_per_gbq)?;
    let mut doses: Vec<f64> = given.iter().map(|g| g.dose_gy).collect();
    let spent = if doses.is_empty() { 0.0 } else { course(doses.len())?.bed(&doses) };
    let left = course(doses.len() + 1)?.last_dose_for(&doses, limit_gy);
    let mut cycles = None;
    if let Some(next) = next_gy {
        let mut n = 0;
        while n < MOST_CYCLES {
            doses.push(next);
            if course(doses.len())?.bed(&doses) > limit_gy * (1.0 + 1e-12) {
                break;
            }
            n += 1;
        }
        cycles = Some(n);
    }
    Ok(Remaining {
        spent_gy: spent,
        dose_gy: left,
        activity_gbq: gy_per_gbq.map(|g| left / g),
        cycles,
    })
}

fn check(
    given: &[Given],
    limit_gy: f64,
    next_gy: Option<f64>,
    gy_per_gbq: Option<f64>,
) -> Result<()> {
    let refuse = |what: String, why: &str| Err(Error::usage(what, why, "Correct it."));
    for (n, g) in given.iter().enumerate() {
        if !(g.dose_gy >= 0.0 && g.dose_gy.is_finite()) {
            return refuse(
                format!("cycle {}: a dose of {} Gy", n + 1, g.dose_gy),
                "it is 0 or more",
            );
        }
        if g.activity_gbq.is_some_and(|a| !(a > 0.0 && a.is_finite())) {
            return refuse(
                format!("cycle {}: {:?} GBq", n + 1, g.activity_gbq),
                "an activity is positive",
            );
        }
    }
    for (name, value) in [
        ("the limit in Gy", Some(limit_gy)),
        ("the dose of the next cycle in Gy", next_gy),
        ("the dose per activity in Gy/GBq", gy_per_gbq),
    ] {
        if let Some(v) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
            return refuse(format!("{name}: {v}"), "it must be positive");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::bed::Tissue;
    use super::super::dose_rate::{DoseRate, Repair};
    use super::*;

    fn given() -> Vec<Given> {
        [(5.0, 7.4), (6.0, 7.4)].map(|(d, a)| Given { dose_gy: d, activity_gbq: Some(a) }).to_vec()
    }

    #[test]
    fn what_is_left_of_a_dose_limit() {
        let left = to_dose_limit(&given(), 23.0, Some(6.0), Some(0.75)).unwrap();
        assert_eq!((left.spent_gy, left.dose_gy, left.activity_gbq), (11.0, 12.0, Some(16.0)));
        assert_eq!(left.cycles, Some(2));
        let over = to_dose_limit(&given(), 10.0, Some(1.0), None).unwrap();
        assert_eq!((over.dose_gy, over.activity_gbq, over.cycles), (0.0, None, Some(0)));
        assert!((given()[1].gy_per_gbq().unwrap() - 6.0 / 7.4).abs() < 1e-12);
    }

    /// By hand: BED of each cycle D (1 + G D/2.6), G = 2.8/52.8, cycles far apart.
    #[test]
    fn what_is_left_of_a_bed_limit() {
        let tissue = Tissue::new(2.6, Repair::mono(2.8 * 3600.0).unwrap()).unwrap();
        let rate = DoseRate::mono(50.0 * 3600.0).unwrap();
        let course = |n: usize| {
            let cycles: Vec<_> = (0..n).map(|c| (rate.clone(), c as f64 * 4.8e6)).collect();
            Course::new(&cycles, &tissue)
        };
        let bed = |d: f64| d * (1.0 + 2.8 / 52.8 * d / 2.6);
        let left = to_bed_limit(&given(), 28.0, Some(5.0), Some(0.75), course).unwrap();
        assert!((left.spent_gy - bed(5.0) - bed(6.0)).abs() < 1e-6);
        assert!((bed(left.dose_gy) - (28.0 - left.spent_gy)).abs() < 1e-6);
        let expected = ((28.0 - left.spent_gy) / bed(5.0)).floor();
        assert_eq!(left.cycles, Some(expected as u32));
        // From nothing: 23 Gy in one cycle is 33.78963 Gy of BED.
        let first = to_bed_limit(&[], 33.789_627_039_627, None, None, course).unwrap();
        assert!((first.dose_gy - 23.0).abs() < 1e-9 && first.spent_gy == 0.0);
    }

    #[test]
    fn nonsense_is_refused() {
        let negative = [Given { dose_gy: -1.0, activity_gbq: None }];
        assert!(to_dose_limit(&negative, 23.0, None, None).is_err());
        let none = [Given { dose_gy: 1.0, activity_gbq: Some(0.0) }];
        assert!(to_dose_limit(&none, 23.0, None, None).is_err());
        assert!(to_dose_limit(&[], 0.0, None, None).is_err());
        assert!(to_dose_limit(&[], 23.0, Some(-1.0), None).is_err());
        assert!(to_dose_limit(&[], 23.0, None, Some(f64::NAN)).is_err());
    }
}
