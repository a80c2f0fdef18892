//! The file of `voxgray uncertainty`: VOIs from counts to dose. Its keys stand in `docs/quantification.md`, section 9; unknown ones are
//! refused.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::checks::{finite, in_file, in_voi, one_of, pair, positive, relative, time};
use super::recovery::{Recovery, RecoveryEntry};
use crate::activity::{
    BlurredSphere, Budget, CalibrationFactor, CameraSetup, Component, Decay, FactorUnit, History,
};
use crate::error::{Error, Result};
use crate::files;
use crate::kinetics::Choice;
use crate::kinetics::decay_corrected::{declared, undo};
use crate::physics::named_nuclide::OfRun;
use crate::physics::nuclide::Nuclide;
use crate::pipeline::method_file::region_method;
use crate::uncertainty::contour_relative_uncertainty;

/// Version of the file that is read.
const VERSION: i64 = 1;
/// The choice between all families.
const AUTO: &str = "auto";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    nuclide: Option<String>,
    half_life: Option<String>,
    decay_corrected: Option<String>,
    calibration: CalibrationEntry,
    voi: Vec<VoiEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalibrationEntry {
    factor_cps_per_mbq: Option<[f64; 2]>,
    history: Option<PathBuf>,
    relative_uncertainty: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VoiEntry {
    name: String,
    times: Vec<String>,
    counts: Option<Vec<f64>>,
    durations_s: Option<Vec<f64>>,
    rates_cps: Option<Vec<f64>>,
    activities_mbq: Option<Vec<f64>>,
    relative_uncertainties: Vec<f64>,
    #[serde(default = "auto")]
    model: toml::Value,
    volume_ml: f64,
    voxel_mm: f64,
    fwhm_mm: f64,
    count_exponent: Option<f64>,
    recovery: RecoveryEntry,
    dose: DoseEntry,
}

fn auto() -> toml::Value {
    toml::Value::String(AUTO.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoseEntry {
    gy_per_bq_s: f64,
    relative_standard_error: f64,
    #[serde(default = "one")]
    volume_exponent: f64,
    model_relative_uncertainty: Option<f64>,
}

fn one() -> f64 {
    1.0
}

/// One VOI.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiInput {
    /// Its name.
    pub name: String,
    /// After injection, s.
    pub times_s: Vec<f64>,
    /// Net count rates, cps; MBq where activities are given, with a factor of 1 cps/MBq.
    pub rates_cps: Vec<f64>,
    /// Relative standard uncertainty of each, without what the times share.
    pub relative_uncertainties: Vec<f64>,
    /// How the points are integrated.
    pub method: Choice,
    /// Volume and standard uncertainty, mL.
    pub volume_ml: [f64; 2],
    /// d ln counts / d ln volume.
    pub count_exponent: f64,
    /// Recovery.
    pub recovery: Recovery,
    /// Dose per decay, Gy/(Bq s).
    pub s_value: f64,
    /// s of S = S0 (V / V0)^-s.
    pub s_exponent: f64,
    /// Relative standard error of the transport.
    pub transport_relative: f64,
    /// Relative standard uncertainty of the S-value beyond.
    pub model_relative: Option<f64>,
    /// Calibration factor, cps/MBq.
    pub factor: CalibrationFactor,
}

/// A file.
#[derive(Debug, Clone, PartialEq)]
pub struct UncertaintyInput {
    /// Half-life, s.
    pub half_life_s: f64,
    /// Whether the values of the file were corrected for decay to injection, which is undone; none if it does not say.
    pub decay_corrected: Option<bool>,
    /// The VOIs.
    pub vois: Vec<VoiInput>,
    /// What was found on the way and the user should read.
    pub notes: Vec<String>,
}

impl UncertaintyInput {
    /// Reads the file; a path in it is relative to it.
    ///
    /// # Errors
    /// If it cannot be read, a key is unknown, or a value makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::text_or_pipe(path)?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(""))).map_err(|e| in_file(path, e))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        Error::of_version(file.version, VERSION)?;
        let half_life_s = match (&file.nuclide, &file.half_life) {
            (Some(name), None) => Nuclide::load(name)?.half_life_s,
            (None, Some(text)) => positive("half_life", time(text)?)?,
            _ => return Err(one_of("nuclide and half_life")),
        };
        let of_run = OfRun { name: file.nuclide.as_deref(), half_life_s };
        let named = file.voi.iter().map(|v| v.name.as_str());
        let noted = of_run.check("[[voi]]", named)?;
        let mut notes: Vec<String> = noted.into_iter().map(|n| format!("note: {n}")).collect();
        if file.voi.is_empty() {
            return Err(Error::input("no VOI", "there is nothing to compute", "Add a [[voi]]."));
        }
        let corrected = file.decay_corrected.as_deref().map(declared).transpose()?;
        let calibration = file.calibration.build(file.nuclide.as_deref(), folder, &mut notes)?;
        let mut vois: Vec<VoiInput> = Vec::new();
        for entry in file.voi {
            let name = entry.name.clone();
            if vois.iter().any(|v| v.name == name) {
                return Err(Error::input(
                    format!("two VOIs '{name}'"),
                    "a name stands for one VOI",
                    "Rename one.",
                ));
            }
            let mut voi =
                entry.build(calibration, half_life_s, &mut notes).map_err(|e| in_voi(&name, e))?;
            if corrected == Some(true) {
                undo(&voi.times_s, &mut voi.rates_cps, None, std::f64::consts::LN_2 / half_life_s);
            }
            vois.push(voi);
        }
        Ok(UncertaintyInput { half_life_s, decay_corrected: corrected, vois, notes })
    }
}

/// What holds for all VOIs.
#[derive(Clone, Copy)]
enum Calibrated {
    /// A factor and its standard uncertainty, cps/MBq.
    Factor([f64; 2]),
    /// Relative standard uncertainty of the factor behind the activities.
    Relative(f64),
}

impl CalibrationEntry {
    fn build(
        self,
        nuclide: Option<&str>,
        folder: &Path,
        notes: &mut Vec<String>,
    ) -> Result<Calibrated> {
        match (self.factor_cps_per_mbq, self.history, self.relative_uncertainty) {
            (Some(factor), None, None) => {
                Ok(Calibrated::Factor(pair("factor_cps_per_mbq", factor)?))
            }
            (None, Some(path), None) => {
                newest(&folder.join(path), nuclide, notes).map(Calibrated::Factor)
            }
            (None, None, Some(u)) => {
                Ok(Calibrated::Relative(relative("calibration.relative_uncertainty", u)?))
            }
            _ => Err(one_of("factor_cps_per_mbq, history and relative_uncertainty")),
        }
    }
}

/// The newest factor of a history of one setup.
fn newest(path: &Path, nuclide: Option<&str>, notes: &mut Vec<String>) -> Result<[f64; 2]> {
    let text = files::text(path)?;
    let history = History::of_history_or_readings(&text).map_err(|e| in_file(path, e))?;
    let usable: Vec<_> =
        history.entries().iter().filter(|e| e.unit == FactorUnit::CpsPerMbq).collect();
    let refuse = |problem: &str, why: &str| {
        Err(in_file(path, Error::input(problem, why, "Give factor_cps_per_mbq instead.")))
    };
    let Some(last) = usable.last() else {
        return refuse("no factor in cps/MBq", "the counts of a whole VOI need one");
    };
    if usable.iter().any(|e| e.setup.check(&last.setup).is_err()) {
        return refuse("factors of several setups", "which one is meant is not known");
    }
    let Some(nuclide) = nuclide else {
        return refuse("a history without the key nuclide", "a factor holds for one nuclide");
    };
    let wanted = CameraSetup { nuclide: nuclide.into(), ..last.setup.clone() };
    last.setup.check(&wanted).map_err(|e| in_file(path, e))?;
    let s = &last.setup;
    notes.push(format!(
        "calibration factor of {} ({}, {}, {}, {} to {} keV): {} {}",
        last.time,
        s.camera,
        s.nuclide,
        s.collimator,
        s.window_kev[0],
        s.window_kev[1],
        last.value,
        last.unit.name()
    ));
    Ok([last.value, last.random_uncertainty.hypot(last.shared_uncertainty)])
}

fn factor([value, uncertainty]: [f64; 2]) -> CalibrationFactor {
    let stated = || String::from("as stated");
    CalibrationFactor {
        setup: CameraSetup {
            camera: stated(),
            nuclide: stated(),
            collimator: stated(),
            window_kev: [0.0, 0.0],
        },
        unit: FactorUnit::CpsPerMbq,
        budget: Budget {
            quantity: "calibration factor".into(),
            unit: FactorUnit::CpsPerMbq.name().into(),
            value,
            components: vec![Component::new("as stated", uncertainty, 1.0)],
        },
        random_uncertainty: uncertainty,
        shared_uncertainty: 0.0,
        acquisitions: 1,
        chi2: 0.0,
        birge: crate::activity::BirgeRatios::default(),
        of_fills: Vec::new(),
    }
}

/// A shift of the times that is told: this part of the half-life.
const TOLD_SHIFT: f64 = 1e-3;

/// Counts over a scan are its mean, which is the activity at its mean time, as for the images of a series: from the start of each scan to there.
fn to_mean_times(
    voi: &str,
    times_s: &mut [f64],
    durations_s: &[f64],
    half_life_s: f64,
    notes: &mut Vec<String>,
) -> Result<()> {
    let decay = Decay { half_life_s, half_life_uncertainty_s: None };
    let mut most = 0.0_f64;
    for (time, duration) in times_s.iter_mut().zip(durations_s) {
        let shift = decay.mean_time_s(*duration)?;
        *time += shift;
        most = most.max(shift);
    }
    if most > TOLD_SHIFT * half_life_s {
        notes.push(format!(
            "note: {voi}: times with durations_s are those of the start of each scan; counts over it are taken at its mean time, up to {:.2} min later",
            most / 60.0
        ));
    }
    Ok(())
}

impl VoiEntry {
    fn build(
        self,
        calibration: Calibrated,
        half_life_s: f64,
        notes: &mut Vec<String>,
    ) -> Result<VoiInput> {
        let mut times_s = self.times.iter().map(|t| time(t)).collect::<Result<Vec<f64>>>()?;
        let key = match (&self.counts, &self.rates_cps, &self.activities_mbq) {
            (Some(_), None, None) => "counts",
            (None, Some(_), None) => "rates_cps",
            (None, None, Some(_)) => "activities_mbq",
            _ => return Err(one_of("counts, rates_cps and activities_mbq")),
        };
        let factor = match (calibration, self.activities_mbq.is_some()) {
            (Calibrated::Factor(f), false) => factor(f),
            (Calibrated::Factor([q, u]), true) => factor([1.0, u / q]),
            (Calibrated::Relative(u), true) => factor([1.0, u]),
            (Calibrated::Relative(_), false) => {
                return Err(Error::input(
                    format!("{key} without a calibration factor"),
                    "counts are no activity",
                    "Give calibration.factor_cps_per_mbq or history.",
                ));
            }
        };
        let count = times_s.len();
        let same = |name: &str, n: usize| {
            if n == count {
                return Ok(());
            }
            Err(Error::input(
                format!("{count} times and {n} {name}"),
                "each time needs its value",
                "Correct the lists; leave a time out where the VOI was not imaged.",
            ))
        };
        let is_counts = self.counts.is_some();
        let values = self.counts.or(self.rates_cps).or(self.activities_mbq).unwrap_or_default();
        same(key, values.len())?;
        same("relative_uncertainties", self.relative_uncertainties.len())?;
        for (value, at) in values.iter().zip(&self.times) {
            if *value == 0.0 {
                return Err(Error::input(
                    format!("it is empty at {at}: {key} has 0"),
                    "a VOI without counts has no relative uncertainty",
                    "Leave this time out, or draw the VOI where the activity is.",
                ));
            }
            positive(&format!("{key} at {at}"), *value)?;
        }
        for (u, at) in self.relative_uncertainties.iter().zip(&self.times) {
            relative(&format!("relative_uncertainties at {at}"), *u)?;
        }
        let rates_cps = match (is_counts, &self.durations_s) {
            (true, Some(durations)) => {
                same("durations_s", durations.len())?;
                let rate = |(c, t): (&f64, &f64)| Ok(c / positive("durations_s", *t)?);
                let rates = values.iter().zip(durations).map(rate).collect::<Result<_>>()?;
                to_mean_times(&self.name, &mut times_s, durations, half_life_s, notes)?;
                rates
            }
            (false, None) => values,
            _ => {
                return Err(Error::input(
                    "counts without durations_s, or durations_s without counts",
                    "a count rate is counts over a duration",
                    "Give both, or rates_cps.",
                ));
            }
        };
        let method = region_method(self.model, times_s.len())
            .map_err(|e| Error { problem: format!("model: {}", e.problem), ..e })?;
        // A method of one point uses that one.
        let used = |n: &usize| method.time_point.is_none_or(|one| one == *n);
        let of_used = |all: &[f64]| -> Vec<f64> {
            all.iter().enumerate().filter(|(n, _)| used(n)).map(|(_, v)| *v).collect()
        };
        let u_volume = contour_relative_uncertainty(self.volume_ml, self.voxel_mm, self.fwhm_mm)?;
        let sphere = BlurredSphere::new(self.volume_ml, self.fwhm_mm)?;
        let k = self.count_exponent.unwrap_or_else(|| sphere.count_exponent());
        let d = self.dose;
        Ok(VoiInput {
            name: self.name,
            times_s: of_used(&times_s),
            rates_cps: of_used(&rates_cps),
            relative_uncertainties: of_used(&self.relative_uncertainties),
            method: method.choice,
            volume_ml: [self.volume_ml, u_volume * self.volume_ml],
            count_exponent: finite("count_exponent", k, 3.0)?,
            recovery: self.recovery.build()?,
            s_value: positive("dose.gy_per_bq_s", d.gy_per_bq_s)?,
            s_exponent: finite("dose.volume_exponent", d.volume_exponent, 3.0)?,
            transport_relative: relative(
                "dose.relative_standard_error",
                d.relative_standard_error,
            )?,
            model_relative: d
                .model_relative_uncertainty
                .map(|u| relative("dose.model_relative_uncertainty", u))
                .transpose()?,
            factor,
        })
    }
}
