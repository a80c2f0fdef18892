//! A recovery curve as the files of voxgray write it, in the numbers that `voxgray calibrate` prints.

use serde::Deserialize;

use super::check::{not_negative, positive, uncertain};
use super::recovery::{Extrapolation, RecoveryCurve};
use crate::error::{Error, Result};

/// The keys of a curve; every pair is a value and its standard uncertainty.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryCurveKeys {
    /// Volume at which half is recovered, mL.
    pub a_ml: [f64; 2],
    /// Exponent.
    pub b: [f64; 2],
    /// Correlation of the two.
    pub correlation: f64,
    /// Smallest and largest measured volume, mL.
    pub volumes_ml: [f64; 2],
    /// Relative standard uncertainty that all spheres share.
    #[serde(default)]
    pub shared_relative_uncertainty: f64,
    /// Whether it was measured with the very calibration factor with which it is used.
    #[serde(default)]
    pub includes_calibration: bool,
    /// Whether a volume outside of the measured ones is used, and flagged.
    #[serde(default)]
    pub extrapolate: bool,
}

impl RecoveryCurveKeys {
    /// The curve.
    ///
    /// # Errors
    /// If a number makes no sense.
    pub fn build(&self) -> Result<(RecoveryCurve, Extrapolation)> {
        let pair = |key: &str, [value, u]: [f64; 2]| -> Result<[f64; 2]> {
            Ok([positive(key, value)?, uncertain(key, u)?])
        };
        let [a, ua] = pair("recovery.a_ml", self.a_ml)?;
        let [b, ub] = pair("recovery.b", self.b)?;
        let bad = |key: &str, value: f64, why: &str, suggestion: &str| {
            Err(Error::input(format!("{key} is {value}"), why, suggestion))
        };
        if !(-1.0..=1.0).contains(&self.correlation) {
            return bad(
                "recovery.correlation",
                self.correlation,
                "it must lie within -1 and 1",
                "Give the correlation of a and b that voxgray calibrate prints.",
            );
        }
        let shared = self.shared_relative_uncertainty;
        if not_negative("recovery.shared_relative_uncertainty", shared)? > 1.0 {
            return bad(
                "recovery.shared_relative_uncertainty",
                shared,
                "it must lie within 0 and 1",
                "Give a fraction: 0.05 for 5 %.",
            );
        }
        let [low, high] = self.volumes_ml;
        positive("recovery.volumes_ml", low)?;
        positive("the range of recovery.volumes_ml", high - low)?;
        let covariance = self.correlation * ua * ub;
        let curve = RecoveryCurve {
            parameters: [a, b],
            covariance: [[ua * ua, covariance], [covariance, ub * ub]],
            shared_relative: shared,
            includes_calibration: self.includes_calibration,
            chi2: 0.0,
            degrees_of_freedom: 0,
            volumes_ml: self.volumes_ml,
        };
        let rule = if self.extrapolate { Extrapolation::Flag } else { Extrapolation::Refuse };
        Ok((curve, rule))
    }
}
