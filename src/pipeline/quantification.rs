//! From what an image shows to activity: the tables `[recovery]`, `[transfer]`, `[calibration]` and `[volume]` of a series file. Their keys stand in
//! `docs/quantification.md`, section 10; unknown ones are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

use crate::activity::{
    COEFFICIENTS, CalibrationInput, CalibrationResult, Extrapolation, RecoveryCurve,
    RecoveryCurveKeys,
};
use crate::error::{Error, Result};
use crate::image::{Voi, label_key};
use crate::units::seconds_of;

/// The tables as they are written.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct QuantificationKeys {
    #[serde(default)]
    pub recovery: BTreeMap<String, Value>,
    pub transfer: Option<TransferKeys>,
    #[serde(default)]
    pub calibration: CalibrationKeys,
    #[serde(default)]
    pub volume: BTreeMap<String, VolumeKeys>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferKeys {
    fwhm_mm: [f64; 2],
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalibrationKeys {
    factor: Option<String>,
    history: Option<PathBuf>,
    uncertainty: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VolumeKeys {
    uncertainty: Value,
    fwhm_mm: Option<f64>,
    count_exponent: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoefficientKeys {
    coefficient: f64,
    uncertainty: Option<Value>,
    #[serde(default)]
    volume_exponent: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveFileKeys {
    curve: PathBuf,
    includes_calibration: Option<bool>,
    #[serde(default)]
    extrapolate: bool,
}

/// How much of a VOI's activity is seen within its contour.
#[derive(Debug, Clone, PartialEq)]
pub enum RecoveryInput {
    /// A coefficient of this VOI.
    Coefficient {
        /// Seen over true activity.
        value: f64,
        /// Its relative standard uncertainty; none if it is not stated.
        relative_uncertainty: Option<f64>,
        /// d ln R / d ln V.
        volume_exponent: f64,
    },
    /// A measured curve, at the VOI's volume.
    Curve(RecoveryCurve, Extrapolation),
}

/// How well a VOI's contour is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeInput {
    /// Relative standard uncertainty of the volume.
    pub relative_uncertainty: f64,
    /// d ln(counts in the contour) / d ln V.
    pub counts: CountExponent,
}

/// How the counts in a contour grow with its volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CountExponent {
    /// As stated.
    Stated(f64),
    /// As those of a sphere of the VOI's volume seen with this resolution (FWHM), mm.
    Sphere(f64),
}

/// How images become activity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantification {
    /// By VOI name or label.
    pub recovery: BTreeMap<String, RecoveryInput>,
    /// Resolution (FWHM) and its standard uncertainty, mm, of a transfer matrix.
    pub transfer_fwhm_mm: Option<[f64; 2]>,
    /// Calibration.
    pub calibration: CalibrationInput,
    /// By VOI name or label.
    pub volume: BTreeMap<String, VolumeInput>,
}

impl QuantificationKeys {
    /// Checks the tables; files are named relative to `folder`. `common` is the key `common_uncertainty`.
    pub fn build(self, folder: &Path, common: Option<f64>) -> Result<Quantification> {
        let mut recovery = BTreeMap::new();
        for (voi, value) in self.recovery {
            let built = recovery_of(value, folder).map_err(|e| named("recovery", &voi, e))?;
            recovery.insert(voi, built);
        }
        let transfer_fwhm_mm = self.transfer.map(|t| t.fwhm_mm);
        if let Some([fwhm, u]) = transfer_fwhm_mm {
            within("transfer.fwhm_mm", fwhm, 0.5, 100.0, "Give the resolution in mm.")?;
            within(
                "the standard uncertainty of transfer.fwhm_mm",
                u,
                1e-3,
                fwhm / 2.0,
                "Write fwhm_mm = [12.0, 0.5]; no resolution is known exactly.",
            )?;
        }
        if transfer_fwhm_mm.is_some() && !recovery.is_empty() {
            return Err(Error::input(
                "[recovery] and [transfer] in one file",
                "both correct what is seen of a VOI, so it would be corrected twice",
                "Keep one of them.",
            ));
        }
        if transfer_fwhm_mm.is_some() && !self.volume.is_empty() {
            return Err(Error::input(
                "[volume] with [transfer]",
                "how a transfer matrix depends on the contour is not modelled",
                "Leave [volume] out.",
            ));
        }
        let mut volume = BTreeMap::new();
        for (voi, keys) in self.volume {
            volume.insert(voi.clone(), keys.build().map_err(|e| named("volume", &voi, e))?);
        }
        let calibration = self.calibration.build(folder, common)?;
        Ok(Quantification { recovery, transfer_fwhm_mm, calibration, volume })
    }
}

impl CalibrationKeys {
    fn build(self, folder: &Path, common: Option<f64>) -> Result<CalibrationInput> {
        let both = |a: &str, b: &str| {
            Err(Error::input(
                format!("{a} and {b}"),
                "they say the same twice",
                "Leave one of them out.",
            ))
        };
        if self.factor.is_some() && self.history.is_some() {
            return both("calibration.factor", "calibration.history");
        }
        if common.is_some() && self.uncertainty.is_some() {
            return both("common_uncertainty", "calibration.uncertainty");
        }
        let stated =
            self.uncertainty.map(|v| fraction("calibration.uncertainty", &v)).transpose()?;
        Ok(CalibrationInput {
            factor: self.factor.map(|f| f.parse()).transpose()?,
            history: self.history.map(|h| folder.join(h)),
            measured: None,
            duration_s: None,
            relative_uncertainty: stated.or(common.filter(|c| *c > 0.0)),
        })
    }
}

impl VolumeKeys {
    fn build(self) -> Result<VolumeInput> {
        let counts = match (self.count_exponent, self.fwhm_mm) {
            (Some(k), None) => CountExponent::Stated(within(
                "count_exponent",
                k,
                0.0,
                1.0,
                "0: all activity is well inside; 1: it is even all around.",
            )?),
            (None, Some(fwhm)) => CountExponent::Sphere(within(
                "fwhm_mm",
                fwhm,
                0.1,
                100.0,
                "Give the resolution of the activity image in mm.",
            )?),
            _ => {
                return Err(Error::input(
                    "of count_exponent and fwhm_mm not exactly one is there",
                    "how the counts grow with the contour decides what its uncertainty does to the dose",
                    "Give one of them.",
                ));
            }
        };
        Ok(VolumeInput {
            relative_uncertainty: fraction("uncertainty", &self.uncertainty)?,
            counts,
        })
    }
}

fn recovery_of(value: Value, folder: &Path) -> Result<RecoveryInput> {
    let coefficient = |value: f64, u: Option<f64>, volume_exponent: f64| {
        within(
            "the coefficient",
            value,
            *COEFFICIENTS.start(),
            *COEFFICIENTS.end(),
            "Give a fraction: 0.8 if 80 % are seen.",
        )?;
        within("volume_exponent", volume_exponent, 0.0, 3.0, "It is d ln R / d ln V.")?;
        Ok(RecoveryInput::Coefficient { value, relative_uncertainty: u, volume_exponent })
    };
    let keys = match &value {
        Value::Float(r) => return coefficient(*r, None, 0.0),
        Value::Integer(r) => return coefficient(*r as f64, None, 0.0),
        Value::Table(keys) => keys,
        other => {
            return Err(Error::input(
                format!("it is {}", shown(other)),
                "a recovery is a coefficient, or a table with coefficient, curve or a_ml",
                "Write for example 0.8, or { coefficient = 0.8, uncertainty = \"5%\" }.",
            ));
        }
    };
    let read_error = |e: toml::de::Error| {
        Error::input(
            "its keys cannot be read",
            e.to_string().trim_end(),
            "See docs/quantification.md, section 10.",
        )
    };
    if keys.contains_key("curve") {
        let keys: CurveFileKeys = value.try_into().map_err(read_error)?;
        let path = folder.join(&keys.curve);
        let text = crate::files::text(&path)?;
        let found = CalibrationResult::from_toml(&text)
            .map_err(|e| Error { problem: format!("{}: {}", path.display(), e.problem), ..e })?;
        let Some(curve) = found.recovery else {
            return Err(Error::input(
                format!("{} has no [spheres]", path.display()),
                "a recovery curve is fitted to measured spheres",
                "Name the file given to voxgray calibrate that has them.",
            ));
        };
        // The file's own factor cancels only where the images are calibrated with it, which the user knows.
        let curve = RecoveryCurve {
            includes_calibration: keys.includes_calibration.unwrap_or(false),
            ..curve
        };
        let rule = if keys.extrapolate { Extrapolation::Flag } else { Extrapolation::Refuse };
        return Ok(RecoveryInput::Curve(curve, rule));
    }
    if keys.contains_key("a_ml") {
        let keys: RecoveryCurveKeys = value.try_into().map_err(read_error)?;
        let (curve, rule) = keys.build()?;
        return Ok(RecoveryInput::Curve(curve, rule));
    }
    let keys: CoefficientKeys = value.try_into().map_err(read_error)?;
    let u = keys.uncertainty.map(|v| fraction("uncertainty", &v)).transpose()?;
    coefficient(keys.coefficient, u, keys.volume_exponent)
}

/// A relative standard uncertainty: 0.05, or "5%".
fn fraction(key: &str, value: &Value) -> Result<f64> {
    let number = match value {
        Value::Float(x) => Some(*x),
        Value::Integer(x) => Some(*x as f64),
        Value::String(text) => match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
            None => text.trim().parse().ok(),
        },
        _ => None,
    };
    match number {
        Some(u) if u > 0.0 && u < 1.0 => Ok(u),
        _ => Err(Error::input(
            format!("{key} is {}", shown(value)),
            "a relative standard uncertainty lies above 0, as nothing is exact, and below 1",
            "Write \"5%\" or 0.05.",
        )),
    }
}

/// A value as it may stand in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Integer(x) => x.to_string(),
        Value::Float(x) => x.to_string(),
        other => format!("a {}", other.type_str()),
    }
}

/// A duration in s.
pub(super) fn duration(text: &str) -> Result<f64> {
    seconds_of(text).filter(|s| *s > 0.0).ok_or_else(|| {
        Error::input(
            format!("duration '{text}'"),
            "a duration is positive and has its unit",
            "Write for example \"20min\" or \"1200s\".",
        )
    })
}

fn within(key: &str, value: f64, least: f64, most: f64, suggestion: &str) -> Result<f64> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let why = format!("it must lie within {least} and {most}");
    Err(Error::input(format!("{key} is {value}"), why, suggestion))
}

fn named(table: &str, voi: &str, error: Error) -> Error {
    Error { problem: format!("{table} of '{voi}': {}", error.problem), ..error }
}

/// The entry of a VOI of a set, by its name or label.
///
/// # Errors
/// If both are there.
pub(super) fn of_voi<'a, T>(
    table: &str,
    entries: &'a BTreeMap<String, T>,
    vois: &[&Voi],
    voi: &Voi,
) -> Result<Option<&'a T>> {
    let by_name = entries.get(&voi.name);
    let by_label = label_key(vois, voi).and_then(|key| entries.get(&key));
    if by_name.is_some() && by_label.is_some() {
        return Err(Error::input(
            format!("[{table}] has '{}' and its label {}", voi.name, voi.label),
            "they are the same VOI",
            "Leave one of them out.",
        ));
    }
    Ok(by_name.or(by_label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Quantification> {
        let keys: QuantificationKeys =
            toml::from_str(text).map_err(|e| Error::input("toml", e.to_string(), ""))?;
        keys.build(Path::new("."), None)
    }

    #[test]
    fn recovery_is_a_number_a_table_or_a_curve() {
        let found = read(
            "[recovery]
             kidney = 0.8
             7 = { coefficient = 0.45, uncertainty = '6%', volume_exponent = 0.3 }
             'lesion 2' = { a_ml = [12.3, 0.6], b = [0.518, 0.02], correlation = -0.4, volumes_ml = [3.7, 1037.0], extrapolate = true }
             [volume]
             7 = { uncertainty = 0.1, fwhm_mm = 12.0 }
             [calibration]
             factor = '20.1 cps/MBq +- 1.7 %'
            ",
        )
        .unwrap();
        let coefficient = |value, relative_uncertainty, volume_exponent| {
            RecoveryInput::Coefficient { value, relative_uncertainty, volume_exponent }
        };
        assert_eq!(found.recovery["kidney"], coefficient(0.8, None, 0.0));
        assert_eq!(found.recovery["7"], coefficient(0.45, Some(0.06), 0.3));
        let RecoveryInput::Curve(curve, Extrapolation::Flag) = &found.recovery["lesion 2"] else {
            panic!("{:?}", found.recovery)
        };
        assert!((curve.covariance[0][1] + 0.4 * 0.6 * 0.02).abs() < 1e-15);
        assert_eq!(found.volume["7"].counts, CountExponent::Sphere(12.0));
        assert_eq!(found.calibration.factor.unwrap().relative_uncertainty, Some(0.017));
        let voi = |name: &str, label| Voi { label, name: name.into(), voxels: vec![] };
        let of =
            |vois: &[&Voi]| of_voi("recovery", &found.recovery, vois, vois[0]).map(|r| r.cloned());
        assert_eq!(of(&[&voi("tumour", 7)]).unwrap().as_ref(), found.recovery.get("7"));
        assert!(of(&[&voi("kidney", 7)]).is_err());
        // The name of another goes before the label.
        assert_eq!(of(&[&voi("tumour", 7), &voi("7", 1)]).unwrap(), None);
        let transfer = read("[transfer]\nfwhm_mm = [12.4, 0.5]").unwrap();
        assert_eq!(transfer.transfer_fwhm_mm, Some([12.4, 0.5]));
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, expected) in [
            ("[recovery]\nkidney = 8", "kidney': the coefficient is 8"),
            ("[recovery]\nkidney = '0.8'", "a recovery is a coefficient"),
            ("[recovery]\nkidney = { coeficient = 0.8 }", "coeficient"),
            ("[recovery]\nkidney = { coefficient = 0.8, uncertainty = 0 }", "nothing is exact"),
            ("[recovery]\nkidney = { curve = 'absent.toml' }", "absent.toml"),
            ("[recovery]\nkidney = 0.8\n[transfer]\nfwhm_mm = [12.0, 0.5]", "corrected twice"),
            ("[transfer]\nfwhm_mm = [12.0, 0.0]", "no resolution is known exactly"),
            ("[transfer]\nfwhm = [12.0, 0.5]", "fwhm"),
            ("[volume]\nkidney = { uncertainty = '5%' }", "not exactly one"),
            ("[calibration]\nfactor = '20 cps/MBq'\nhistory = 'h.toml'", "twice"),
            ("[calibration]\nfactor = '20 cps'", "none of cps/MBq"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        }
        let keys: QuantificationKeys = toml::from_str("[calibration]\nuncertainty = '2%'").unwrap();
        assert!(keys.build(Path::new("."), Some(0.03)).unwrap_err().to_string().contains("twice"));
    }
}
