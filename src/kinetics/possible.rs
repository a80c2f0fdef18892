//! Points that no administration can give: activity that would have decayed to nothing by then, and more of the administered activity than decay
//! leaves. A wrong year, `min` for `h`, a wrong half-life and decay-corrected values that nobody declared look so.

use crate::error::{Error, Result};
use crate::time::hours_text;

/// Half-lives after which nothing can be measured: of the 40 GBq of the largest therapies 37 Bq are left, less than any camera, or a probe on a
/// patient, tells from the background.
pub const MOST_HALF_LIVES: f64 = 30.0;

/// An image or a region may hold this much more than what decay leaves of the administered activity: calibration of camera and dose calibrator,
/// noise (EANM: 10 % each).
pub const CALIBRATION_TOLERANCE: f64 = 0.2;

/// Refuses points so late that decay has left nothing.
///
/// # Errors
/// With the first such time.
pub fn within_reach(times_s: &[f64], decay_constant_per_s: f64) -> Result<()> {
    let half_lives = |t: f64| t * decay_constant_per_s / std::f64::consts::LN_2;
    let Some(&late) = times_s.iter().find(|t| half_lives(**t) > MOST_HALF_LIVES) else {
        return Ok(());
    };
    let n = half_lives(late);
    Err(Error::input(
        format!("a point {} after injection", hours_text(late)),
        format!(
            "that is {n:.1} half-lives ({} each): {:.0e} of the activity is left, too little to measure",
            hours_text(late / n),
            (-n).exp2()
        ),
        "Check the dates (year, day and month), the unit of the times, the time of injection and the nuclide.",
    ))
}

/// A value that is more of the administered activity than decay leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoreThanLeft {
    /// s after injection.
    pub time_s: f64,
    /// The value as a part of the administered activity.
    pub share: f64,
    /// What physical decay leaves of it.
    pub left: f64,
}

/// The first value (Bq) above what decay leaves of the administered activity (Bq) by more than [`CALIBRATION_TOLERANCE`], or three standard
/// uncertainties where those are more.
pub fn more_than_left(
    times_s: &[f64],
    values: &[f64],
    uncertainties: Option<&[f64]>,
    administered_bq: f64,
    decay_constant_per_s: f64,
) -> Option<MoreThanLeft> {
    let points = times_s.iter().zip(values).enumerate();
    points
        .map(|(i, (&time_s, value))| {
            let [share, u] =
                [*value, uncertainties.map_or(0.0, |u| u[i])].map(|v| v / administered_bq);
            (u, MoreThanLeft { time_s, share, left: (-decay_constant_per_s * time_s).exp() })
        })
        .find(|(u, m)| {
            m.share > m.left * (1.0 + CALIBRATION_TOLERANCE) && m.share - 3.0 * u > m.left
        })
        .map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: f64 = std::f64::consts::LN_2 / 6586.0;

    #[test]
    fn a_year_too_many_is_no_time() {
        assert!(within_reach(&[3600.0, 29.9 * 6586.0], LAMBDA).is_ok());
        let refused = within_reach(&[3600.0, 30.1 * 6586.0], LAMBDA).expect_err("late").to_string();
        assert!(refused.contains("30.1 half-lives") && refused.contains("year"), "{refused}");
    }

    #[test]
    fn no_organ_holds_more_than_decay_leaves() {
        let of = |value: f64, u: Option<f64>| {
            let u = u.map(|u| [0.0, u]);
            more_than_left(
                &[60.0, 6586.0],
                &[10.0, value],
                u.as_ref().map(|u| &u[..]),
                100.0,
                LAMBDA,
            )
        };
        assert_eq!(of(59.9, None), None);
        let found = of(70.0, None).expect("more than half");
        assert!((found.share - 0.7).abs() < 1e-12 && (found.left - 0.5).abs() < 1e-12);
        assert_eq!(of(70.0, Some(7.0)), None, "within three standard uncertainties");
        assert!(of(70.0, Some(6.0)).is_some());
    }
}
