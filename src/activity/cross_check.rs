//! Cross-calibration: the same source by calibrator and by camera. Neglects any correlation beyond the shared part that is stated.

use super::budget::Budget;
use super::check::{not_negative, positive, uncertain};
use crate::error::Result;

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within two standard uncertainties.
    Agree,
    /// Between two and three.
    Doubtful,
    /// Beyond three.
    Disagree,
}

impl Verdict {
    /// From a number of standard uncertainties.
    pub fn of(z: f64) -> Self {
        match z.abs() {
            z if z <= 2.0 => Verdict::Agree,
            z if z <= 3.0 => Verdict::Doubtful,
            _ => Verdict::Disagree,
        }
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Agree => "agree",
            Verdict::Doubtful => "doubtful",
            Verdict::Disagree => "disagree",
        }
    }
}

/// Two measurements of one activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// First over second.
    pub ratio: f64,
    /// Standard uncertainty of the ratio.
    pub ratio_uncertainty: f64,
    /// (Ratio - 1) over its standard uncertainty.
    pub z: f64,
    /// What it says.
    pub verdict: Verdict,
}

/// Compares the camera's activity with the calibrator's, both Bq at the same time.
///
/// `shared_relative` is the relative standard uncertainty that both share (a camera calibrated with this calibrator shares its factor);
/// it cancels in the ratio: u_rel^2(ratio) = u_rel^2(camera) + u_rel^2(calibrator) - 2 shared^2.
///
/// # Errors
/// If a value is not positive, has no uncertainty, or less than what is shared.
pub fn compare(camera: &Budget, calibrator: &Budget, shared_relative: f64) -> Result<Comparison> {
    not_negative("a shared uncertainty", shared_relative)?;
    for (what, b) in [("the camera's activity", camera), ("the calibrator's activity", calibrator)]
    {
        positive(what, b.value)?;
        uncertain(what, b.standard_uncertainty())?;
        uncertain(
            &format!("{what} beyond the shared part"),
            b.relative_uncertainty() - shared_relative,
        )?;
    }
    let ratio = camera.value / calibrator.value;
    let square = |b: &Budget| b.relative_uncertainty().powi(2);
    let relative =
        (square(camera) + square(calibrator) - 2.0 * shared_relative * shared_relative).sqrt();
    let ratio_uncertainty = ratio * relative;
    let z = (ratio - 1.0) / ratio_uncertainty;
    Ok(Comparison { ratio, ratio_uncertainty, z, verdict: Verdict::of(z) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Component;

    fn measured(value: f64, shared: f64, own: f64) -> Budget {
        let part = |name: &str, u: f64| Component::new(name, u * value, 1.0);
        let components = vec![part("shared", shared), part("own", own)];
        Budget { quantity: "activity".into(), unit: "Bq".into(), value, components }
    }

    #[test]
    fn what_is_shared_cancels() {
        let (camera, calibrator) = (measured(1.1e6, 0.05, 0.03), measured(1e6, 0.05, 0.01));
        let alone = compare(&camera, &calibrator, 0.0).unwrap();
        let both = compare(&camera, &calibrator, 0.05).unwrap();
        assert!((alone.ratio - 1.1).abs() < 1e-12);
        assert!((both.ratio_uncertainty / (1.1 * 0.03f64.hypot(0.01)) - 1.0).abs() < 1e-12);
        assert_eq!((alone.verdict, both.verdict), (Verdict::Agree, Verdict::Doubtful));
        assert!(both.z > alone.z);
        assert_eq!(Verdict::of(-3.5), Verdict::Disagree);
    }

    #[test]
    fn measurements_without_uncertainty_are_refused() {
        let good = measured(1e6, 0.01, 0.01);
        assert!(compare(&measured(1e6, 0.0, 0.0), &good, 0.0).is_err());
        assert!(compare(&measured(-1e6, 0.01, 0.01), &good, 0.0).is_err());
        assert!(compare(&good, &good, 0.02).is_err());
    }
}
