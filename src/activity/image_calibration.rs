//! A calibration as a user writes it or `voxgray calibrate` prints it, and what it makes of one count of an image. Neglects dead time and the
//! decay during the acquisition: the counts are those of the mean activity over it.
//!
//! Per count rate (`20.1 cps/MBq`, `350 Bq/mL per cps`) it needs the acquisition's duration T: a voxel of N counts holds N / (T Q) MBq, or
//! has F N / T Bq/mL. Per count (`40 Bq`, `12.5 Bq/mL`) it does not.

use std::str::FromStr;

use super::camera::FactorUnit;
use super::check::positive;
use super::unit::Calibration;
use crate::error::{Error, Result};
use crate::units::{BQ_PER_CI, BQ_PER_MBQ};

/// A calibration's value with what it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CalibrationValue {
    /// What one count stands for.
    PerCount(Calibration),
    /// What one count per second stands for, in the unit of `voxgray calibrate`.
    PerRate(f64, FactorUnit),
}

/// A calibration and its relative standard uncertainty, where it is stated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageCalibration {
    /// The value.
    pub value: CalibrationValue,
    /// Relative standard uncertainty, common to all images that it is used for.
    pub relative_uncertainty: Option<f64>,
}

/// Largest relative difference of an uncertainty that is stated twice (`+- 0.345 cps/MBq (1.71 %)`): what rounding to two digits leaves.
const STATED_TWICE: f64 = 0.05;
/// Largest relative standard uncertainty: beyond it the factor is not known.
const LARGEST_UNCERTAINTY: f64 = 1.0;

impl ImageCalibration {
    /// A calibration without a stated uncertainty.
    pub fn new(value: CalibrationValue) -> Self {
        ImageCalibration { value, relative_uncertainty: None }
    }

    /// Whether the acquisition's duration is needed.
    pub fn needs_duration(&self) -> bool {
        matches!(self.value, CalibrationValue::PerRate(..))
    }

    /// What one count of an image acquired over `duration_s` stands for.
    ///
    /// # Errors
    /// If the calibration is one of count rates and the duration is unknown or not positive.
    pub fn per_count(&self, duration_s: Option<f64>) -> Result<Calibration> {
        let (value, unit) = match self.value {
            CalibrationValue::PerCount(calibration) => return Ok(calibration),
            CalibrationValue::PerRate(value, unit) => (value, unit),
        };
        let Some(duration_s) = duration_s else {
            return Err(Error::usage(
                format!("a calibration of {value} {} for an image in counts", unit.name()),
                "counts become a count rate by the duration of the acquisition, which neither the file nor an option states",
                "Add for example --scan-duration 20min (duration = \"20min\" in a series file): the duration_s with which the camera was \
                 calibrated; 1s for an image in counts per second.",
            ));
        };
        let t = positive("the duration of the acquisition, s,", duration_s)?;
        Ok(match unit {
            FactorUnit::CpsPerMbq => Calibration::Bq(BQ_PER_MBQ / (value * t)),
            FactorUnit::BqPerMlPerCps => Calibration::BqPerMl(value / t),
        })
    }
}

impl FromStr for ImageCalibration {
    type Err = Error;

    /// Parses `20.1 cps/MBq`, `20.1 cps/MBq +- 1.7 %`, `20.1 +- 0.34 cps/MBq (1.7 %)`, `350 Bq/mL per cps`, `12.5Bq/mL` and `40Bq` per count.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = |why: String| {
            Error::usage(
                format!("calibration '{text}'"),
                why,
                "Write for example \"20.1 cps/MBq +- 1.7 %\", \"350 Bq/mL per cps\", \"12.5 Bq/mL\" (per count) or \"40 Bq\" (per count).",
            )
        };
        let plain = text.replace("+/-", "±").replace("+-", "±");
        let plain = plain.trim().to_ascii_lowercase();
        let plain = plain.strip_prefix("calibration factor:").unwrap_or(&plain).trim();
        let (plain, bracket) = percent_in_brackets(plain).map_err(refuse)?;
        let mut parts = plain.split('±').map(str::trim);
        let (left, right) = (parts.next().unwrap_or(""), parts.next());
        if parts.next().is_some() {
            return Err(refuse("it has two uncertainties".into()));
        }
        let (number, mut unit) = number_and_rest(left).map_err(refuse)?;
        let mut relative = None;
        if let Some(right) = right {
            let (u, rest) = number_and_rest(right).map_err(refuse)?;
            let (percent, rest) = match rest.strip_prefix('%') {
                Some(rest) => (true, rest.trim()),
                None => (false, rest),
            };
            unit = match (unit, rest) {
                (own, "") => own,
                ("", of_uncertainty) => of_uncertainty,
                (own, same) if same_unit(own, same) => own,
                (own, other) => {
                    return Err(refuse(format!(
                        "its value is in '{own}' and its uncertainty in '{other}'"
                    )));
                }
            };
            relative = Some(if percent { u / 100.0 } else { u / number });
        }
        let relative = match (relative, bracket) {
            (Some(a), Some(b)) if (a / b - 1.0).abs() > STATED_TWICE => {
                return Err(refuse(format!(
                    "its uncertainty is {:.3} % and {:.3} %",
                    100.0 * a,
                    100.0 * b
                )));
            }
            (a, b) => a.or(b),
        };
        if let Some(u) = relative
            && !(u > 0.0 && u < LARGEST_UNCERTAINTY)
        {
            return Err(refuse(format!(
                "its relative standard uncertainty is {u}; it must lie between 0 and {LARGEST_UNCERTAINTY}"
            )));
        }
        let value = value_of(number, unit).map_err(refuse)?;
        Ok(ImageCalibration { value, relative_uncertainty: relative })
    }
}

impl std::fmt::Display for ImageCalibration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.value {
            CalibrationValue::PerCount(Calibration::Bq(x)) => write!(f, "{x} Bq per count"),
            CalibrationValue::PerCount(Calibration::BqPerMl(x)) => write!(f, "{x} Bq/mL per count"),
            CalibrationValue::PerRate(x, unit) => write!(f, "{x} {}", unit.name()),
        }?;
        match self.relative_uncertainty {
            Some(u) => write!(f, " +- {} %", (1e6 * u).round() / 1e4),
            None => Ok(()),
        }
    }
}

/// Takes `(1.71 %)` off the end.
fn percent_in_brackets(text: &str) -> std::result::Result<(&str, Option<f64>), String> {
    let Some((stem, inner)) = text.strip_suffix(')').and_then(|t| t.rsplit_once('(')) else {
        return Ok((text, None));
    };
    match inner.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok()) {
        Some(percent) => Ok((stem.trim(), Some(percent / 100.0))),
        None => Err(format!("'({inner})' is no relative uncertainty such as (1.7 %)")),
    }
}

/// A number and what follows it.
fn number_and_rest(text: &str) -> std::result::Result<(f64, &str), String> {
    let starts_unit = |at: usize| {
        let rest = &text[at..];
        // An exponent belongs to the number; a unit may start with e in no case.
        rest.starts_with(|c: char| !(c.is_ascii_digit() || ".+-e".contains(c)))
    };
    let end = text.char_indices().map(|(at, _)| at).find(|at| starts_unit(*at));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    if rest.starts_with(',') {
        return Err(format!("'{text}' has a comma; a number has a decimal point"));
    }
    match number.trim().parse::<f64>() {
        Ok(x) if x.is_finite() && x > 0.0 => Ok((x, rest.trim())),
        _ => Err(format!("'{text}' does not start with a positive number")),
    }
}

/// A unit without spaces and brackets, `per` as a slash.
fn bare(unit: &str) -> String {
    let unit = unit.replace(" per ", "/");
    unit.chars().filter(|c| !c.is_whitespace() && !"()[]".contains(*c)).collect()
}

fn same_unit(a: &str, b: &str) -> bool {
    bare(a) == bare(b)
}

/// Bq in a unit of activity.
fn becquerels(unit: &str) -> Option<f64> {
    let of_curie =
        [("mci", 1e-3 * BQ_PER_CI), ("uci", 1e-6 * BQ_PER_CI), ("µci", 1e-6 * BQ_PER_CI)];
    [("gbq", 1e9), ("mbq", 1e6), ("kbq", 1e3), ("bq", 1.0)]
        .iter()
        .chain(&of_curie)
        .find_map(|(name, bq)| (unit == *name).then_some(*bq))
}

fn value_of(number: f64, unit: &str) -> std::result::Result<CalibrationValue, String> {
    if unit.is_empty() {
        return Err("it has no unit".into());
    }
    let bare = bare(unit);
    let rates = [("cps", 1.0), ("counts/s", 1.0), ("kcps", 1e3), ("cpm", 1.0 / 60.0)];
    for (rate, per_s) in rates {
        if let Some(bq) = bare.strip_prefix(rate).and_then(|r| becquerels(r.strip_prefix('/')?)) {
            let per_mbq = number * per_s * BQ_PER_MBQ / bq;
            return Ok(CalibrationValue::PerRate(per_mbq, FactorUnit::CpsPerMbq));
        }
        let Some(activity) = bare.strip_suffix(rate).and_then(|a| a.strip_suffix('/')) else {
            continue;
        };
        let (stem, per_ml) = concentration(activity);
        if let Some(bq) = becquerels(stem) {
            let bq_per_cps = number * bq / per_s;
            return Ok(if per_ml {
                CalibrationValue::PerRate(bq_per_cps, FactorUnit::BqPerMlPerCps)
            } else {
                CalibrationValue::PerRate(BQ_PER_MBQ / bq_per_cps, FactorUnit::CpsPerMbq)
            });
        }
    }
    let of_count = ["/counts", "/count"].iter().find_map(|c| bare.strip_suffix(c));
    let (stem, per_ml) = concentration(of_count.unwrap_or(&bare));
    match becquerels(stem) {
        Some(bq) if per_ml => Ok(CalibrationValue::PerCount(Calibration::BqPerMl(number * bq))),
        Some(bq) => Ok(CalibrationValue::PerCount(Calibration::Bq(number * bq))),
        None => Err(format!(
            "'{unit}' is none of cps/MBq, Bq/mL per cps, MBq per cps, Bq/mL and Bq per count (also kBq, MBq, mCi, uCi)"
        )),
    }
}

fn concentration(unit: &str) -> (&str, bool) {
    let stem = ["/ml", "/cm3", "/cc"].iter().find_map(|s| unit.strip_suffix(s));
    (stem.unwrap_or(unit), stem.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ImageCalibration {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// What one count stands for after 1200 s.
    fn bq(text: &str) -> f64 {
        match read(text).per_count(Some(1200.0)).unwrap() {
            Calibration::Bq(x) | Calibration::BqPerMl(x) => x,
        }
    }

    #[test]
    fn every_way_of_writing_it_is_the_same_factor() {
        let expected = 1e6 / (20.0 * 1200.0);
        for text in [
            "20 cps/MBq",
            "20cps/MBq",
            "20 cps per MBq",
            "0.02 kcps/MBq",
            "20 counts/s/MBq",
            "0.02 cps/kBq",
            "1200 cpm/MBq",
            "2e1 cps/MBq ± 1.5 %",
            "20 +- 0.3 cps/MBq (1.50 %)",
            "calibration factor: 20.000 +- 0.30000 cps/MBq (1.50 %)",
            "20 cps/MBq +/- 0.3",
            "20 cps/MBq +- 0.3 cps/MBq",
            "0.05 MBq per cps",
            "50 kBq/cps",
            "740 cps/mCi",
            "0.74 cps/uCi",
        ] {
            assert!((bq(text) / expected - 1.0).abs() < 1e-12, "{text}: {}", bq(text));
            let relative = read(text).relative_uncertainty;
            let stated = text.contains("0.3") || text.contains("1.5");
            assert_eq!(relative.is_some(), stated, "{text}");
            assert!(relative.is_none_or(|u| (u - 0.015).abs() < 1e-12), "{text}: {relative:?}");
            // What is shown is read back.
            assert!((bq(&read(text).to_string()) / expected - 1.0).abs() < 1e-12);
        }
        let per_ml = read("350 Bq/mL per cps +- 2 %");
        assert_eq!(per_ml.per_count(Some(700.0)), Ok(Calibration::BqPerMl(0.5)));
        assert_eq!(read("0.35 kBq/mL/cps").per_count(Some(700.0)), Ok(Calibration::BqPerMl(0.5)));
        // Per count no duration is needed, and none changes it.
        for (text, expected) in [
            ("12.5Bq/mL", Calibration::BqPerMl(12.5)),
            ("12.5 Bq/mL per count", Calibration::BqPerMl(12.5)),
            ("0.5kBq", Calibration::Bq(500.0)),
            ("1.2e-6MBq", Calibration::Bq(1.2)),
            ("40 Bq/count +- 3%", Calibration::Bq(40.0)),
        ] {
            assert_eq!(read(text).per_count(None), Ok(expected), "{text}");
            assert_eq!(read(text).per_count(Some(9.0)), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, expected) in [
            ("12", "no unit"),
            ("0Bq", "positive number"),
            ("-1Bq/mL", "positive number"),
            ("nanBq", "positive number"),
            ("Bq", "positive number"),
            ("20 cps", "none of"),
            ("20 MBq/cps/mL", "none of"),
            ("12,5 cps/MBq", "comma"),
            ("20 cps/MBq +- 0.3 Bq", "its uncertainty in"),
            ("20 cps/MBq +- 150 %", "between 0"),
            ("20 +- 0.3 cps/MBq (15 %)", "1.500 % and 15.000 %"),
            ("20 +- 0.3 +- 0.1 cps/MBq", "two uncertainties"),
        ] {
            let error = text.parse::<ImageCalibration>().unwrap_err();
            assert_eq!(error.exit_code(), 2, "{text}");
            assert!(error.to_string().contains(expected), "'{expected}' not in: {error}");
        }
        let error = read("20 cps/MBq").per_count(None).unwrap_err().to_string();
        assert!(error.contains("--scan-duration"), "{error}");
        assert!(read("20 cps/MBq").per_count(Some(0.0)).is_err());
    }
}
