//! The recovery of a VOI in the file of `voxgray uncertainty`: none, a coefficient, or a curve as `voxgray calibrate` prints it.

use serde::Deserialize;

use super::uncertainty_checks::{finite, pair, positive};
use crate::activity::{Extrapolation, RecoveryCurve};
use crate::error::{Error, Result};
use crate::uncertainty::RecoveryCoefficient;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum RecoveryEntry {
    None {},
    Coefficient {
        value: [f64; 2],
        volume_exponent: f64,
    },
    Curve {
        a_ml: [f64; 2],
        b: [f64; 2],
        correlation: f64,
        volumes_ml: [f64; 2],
        #[serde(default)]
        shared_relative_uncertainty: f64,
        #[serde(default)]
        includes_calibration: bool,
        #[serde(default)]
        extrapolate: bool,
    },
}

/// Recovery of a VOI.
#[derive(Debug, Clone, PartialEq)]
pub enum Recovery {
    /// The activities need none.
    None,
    /// One coefficient.
    Coefficient(RecoveryCoefficient),
    /// A curve over volume.
    Curve(RecoveryCurve, Extrapolation),
}

impl RecoveryEntry {
    pub(super) fn build(self) -> Result<Recovery> {
        Ok(match self {
            RecoveryEntry::None {} => Recovery::None,
            RecoveryEntry::Coefficient { value, volume_exponent } => {
                let [value, standard_uncertainty] = pair("recovery.value", value)?;
                let volume_exponent = finite("recovery.volume_exponent", volume_exponent, 3.0)?;
                Recovery::Coefficient(RecoveryCoefficient {
                    value,
                    standard_uncertainty,
                    volume_exponent,
                })
            }
            RecoveryEntry::Curve {
                a_ml,
                b,
                correlation,
                volumes_ml,
                shared_relative_uncertainty,
                includes_calibration,
                extrapolate,
            } => {
                let ([a, ua], [b, ub]) = (pair("recovery.a_ml", a_ml)?, pair("recovery.b", b)?);
                if !(-1.0..=1.0).contains(&correlation) {
                    return Err(Error::input(
                        format!("recovery.correlation is {correlation}"),
                        "it must lie within -1 and 1",
                        "Give the correlation of a and b that voxgray calibrate prints.",
                    ));
                }
                let covariance = correlation * ua * ub;
                let [low, high] = volumes_ml;
                positive("recovery.volumes_ml", low)?;
                positive("the range of recovery.volumes_ml", high - low)?;
                let curve = RecoveryCurve {
                    parameters: [a, b],
                    covariance: [[ua * ua, covariance], [covariance, ub * ub]],
                    shared_relative: finite(
                        "recovery.shared_relative_uncertainty",
                        shared_relative_uncertainty,
                        1.0,
                    )?,
                    includes_calibration,
                    chi2: 0.0,
                    degrees_of_freedom: 0,
                    volumes_ml,
                };
                let rule = if extrapolate { Extrapolation::Flag } else { Extrapolation::Refuse };
                Recovery::Curve(curve, rule)
            }
        })
    }
}
