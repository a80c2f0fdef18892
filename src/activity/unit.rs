//! What the voxels of an activity image mean, as the user states it.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::units::CM3_PER_MM3;

/// Unit of the input image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InputUnit {
    /// Activity concentration.
    BqPerMl,
    /// Activity concentration, in thousands of Bq/mL.
    KbqPerMl,
    /// Activity concentration, in millions of Bq/mL.
    MbqPerMl,
    /// Activity in the voxel.
    Bq,
    /// Time-integrated activity concentration.
    BqSecondPerMl,
    /// Time-integrated activity in the voxel.
    BqSecond,
    /// Reconstructed counts, to be multiplied by a calibration.
    Counts,
}

impl InputUnit {
    /// All units with their names.
    pub const NAMES: [(InputUnit, &str); 7] = [
        (InputUnit::BqPerMl, "Bq/mL"),
        (InputUnit::KbqPerMl, "kBq/mL"),
        (InputUnit::MbqPerMl, "MBq/mL"),
        (InputUnit::Bq, "Bq"),
        (InputUnit::BqSecondPerMl, "Bq*s/mL"),
        (InputUnit::BqSecond, "Bq*s"),
        (InputUnit::Counts, "counts"),
    ];

    /// The unit's name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(unit, _)| *unit == self).map_or("", |(_, name)| name)
    }

    /// Whether values are integrated over time.
    pub fn is_time_integrated(self) -> bool {
        matches!(self, InputUnit::BqSecondPerMl | InputUnit::BqSecond)
    }

    /// Bq (or Bq s) in a voxel of the given volume (mm3) per unit of its value.
    ///
    /// # Errors
    /// If counts come without a calibration, or a calibration with anything else.
    pub fn per_voxel(self, calibration: Option<Calibration>, voxel_volume_mm3: f64) -> Result<f64> {
        let volume_ml = voxel_volume_mm3 * CM3_PER_MM3;
        match (self, calibration) {
            (InputUnit::Counts, Some(Calibration::BqPerMl(factor))) => Ok(factor * volume_ml),
            (InputUnit::Counts, Some(Calibration::Bq(factor))) => Ok(factor),
            (InputUnit::Counts, None) => Err(Error::usage(
                "the activity is in counts and no calibration is given",
                "counts mean nothing without the camera's calibration factor",
                "Add for example --calibration 12.5Bq/mL (per count) or --calibration 40Bq (per count); in a series file calibration = \"12.5Bq/mL\".",
            )),
            (_, Some(_)) => Err(Error::usage(
                format!("a calibration is given for activity in {}", self.name()),
                "only counts are calibrated",
                "Leave the calibration out (--calibration, --calibration-history, [calibration] factor or history), or state counts (--activity-unit counts, unit = 'counts').",
            )),
            (InputUnit::BqPerMl | InputUnit::BqSecondPerMl, None) => Ok(volume_ml),
            (InputUnit::KbqPerMl, None) => Ok(1e3 * volume_ml),
            (InputUnit::MbqPerMl, None) => Ok(1e6 * volume_ml),
            (InputUnit::Bq | InputUnit::BqSecond, None) => Ok(1.0),
        }
    }
}

impl FromStr for InputUnit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text.trim()));
        found.map(|(unit, _)| *unit).ok_or_else(|| {
            let names = Self::NAMES.map(|(_, name)| name).join(", ");
            Error::usage(
                format!("activity unit '{text}'"),
                format!("known are {names}"),
                "Convert the image, or state one of them.",
            )
        })
    }
}

/// What one count stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Calibration {
    /// Activity concentration, Bq/mL per count.
    BqPerMl(f64),
    /// Activity in the voxel, Bq per count.
    Bq(f64),
}

impl FromStr for Calibration {
    type Err = Error;

    /// Parses `12.5Bq/mL` or `40Bq` (also kBq, MBq).
    fn from_str(text: &str) -> Result<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (stem, per_ml) = match lower.strip_suffix("/ml") {
            Some(stem) => (stem, true),
            None => (lower.as_str(), false),
        };
        let scales = [("mbq", 1e6), ("kbq", 1e3), ("bq", 1.0)];
        let parsed = scales.iter().find_map(|(suffix, scale)| {
            let number: f64 = stem.strip_suffix(suffix)?.trim().parse().ok()?;
            Some(number * scale)
        });
        match parsed {
            Some(f) if f.is_finite() && f > 0.0 && per_ml => Ok(Calibration::BqPerMl(f)),
            Some(f) if f.is_finite() && f > 0.0 => Ok(Calibration::Bq(f)),
            _ => Err(Error::usage(
                format!("calibration '{text}'"),
                "it must be a positive number with the unit Bq/mL or Bq (also kBq, MBq), per count",
                "Write for example 12.5Bq/mL or 1.2e-6MBq.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_becomes_bq_per_voxel() {
        // A voxel of 2 mL.
        let factor = |unit: &str, calibration: Option<&str>| {
            let calibration = calibration.map(|c| c.parse().unwrap());
            unit.parse::<InputUnit>().unwrap().per_voxel(calibration, 2000.0)
        };
        assert_eq!(factor("Bq/mL", None), Ok(2.0));
        assert_eq!(factor("kBq/mL", None), Ok(2e3));
        assert_eq!(factor("MBq/ml", None), Ok(2e6));
        assert_eq!(factor("bq", None), Ok(1.0));
        assert_eq!(factor("Bq*s/ml", None), Ok(2.0));
        assert_eq!(factor("Bq*s", None), Ok(1.0));
        assert_eq!(factor("counts", Some("12.5 Bq/mL")), Ok(25.0));
        assert_eq!(factor("counts", Some("0.5kBq")), Ok(500.0));
        assert!(factor("counts", None).is_err());
        assert!(factor("Bq", Some("1Bq")).is_err());
    }

    #[test]
    fn wrong_units_are_refused() {
        for text in ["SUV", "", "kBq", "Bq/l"] {
            assert_eq!(text.parse::<InputUnit>().unwrap_err().exit_code(), 2, "{text}");
        }
        for text in ["12", "0Bq", "-1Bq/mL", "nanBq", "Bq"] {
            assert_eq!(text.parse::<Calibration>().unwrap_err().exit_code(), 2, "{text}");
        }
    }
}
