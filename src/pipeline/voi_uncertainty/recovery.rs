//! The recovery of a VOI in the file of `voxgray uncertainty`: none, a coefficient, or a curve as `voxgray calibrate` prints it.

use serde::Deserialize;

use super::checks::{finite, pair};
use crate::activity::{COEFFICIENTS, Extrapolation, RecoveryCurve, RecoveryCurveKeys};
use crate::error::{Error, Result};
use crate::uncertainty::RecoveryCoefficient;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum RecoveryEntry {
    None {},
    Coefficient { value: [f64; 2], volume_exponent: f64 },
    Curve(RecoveryCurveKeys),
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
                if !COEFFICIENTS.contains(&value) {
                    return Err(Error::input(
                        format!("recovery.value is {value}"),
                        format!(
                            "a recovery coefficient lies within {} and {}",
                            COEFFICIENTS.start(),
                            COEFFICIENTS.end()
                        ),
                        "Give a fraction: 0.8 if 80 % are seen.",
                    ));
                }
                let volume_exponent = finite("recovery.volume_exponent", volume_exponent, 3.0)?;
                Recovery::Coefficient(RecoveryCoefficient {
                    value,
                    standard_uncertainty,
                    volume_exponent,
                })
            }
            RecoveryEntry::Curve(keys) => {
                let (curve, rule) = keys.build()?;
                Recovery::Curve(curve, rule)
            }
        })
    }
}
