//! The entries of a calibration file as they are written, and what they become.

use serde::Deserialize;
use toml::value::Datetime;

use super::calibration_factor::CalibrationFactor;
use super::camera::CameraSetup;
use super::dead_time::{DeadTime, RateBranch};
use super::decay_time::Decay;
use super::measurement::{Calibrator, CalibratorUnit, Geometry, Reading};
use super::recovery::RecoveryCurve;
use super::spheres::{SphereMeasurement, fit_spheres};
use crate::error::{Error, Result};
use crate::time::Moment;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: i64,
    pub(super) time: Datetime,
    pub(super) unit: String,
    pub(super) half_life_uncertainty_s: Option<f64>,
    /// Contradictions that the user knows of.
    #[serde(default)]
    pub(super) accept: Vec<Accepted>,
    pub(super) setup: SetupEntry,
    pub(super) calibrator: CalibratorEntry,
    pub(super) dead_time: DeadTimeEntry,
    pub(super) acquisition: Vec<AcquisitionEntry>,
    #[serde(default)]
    pub(super) check: Vec<AcquisitionEntry>,
    pub(super) spheres: Option<SpheresEntry>,
    #[serde(default)]
    pub(super) administration: Vec<AdministrationEntry>,
}

/// A contradiction that may be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Accepted {
    /// A residual that was read before the full source.
    ResidualBeforeFull,
    /// A full source that was read after the scan of the phantom it was filled into.
    FullAfterScan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupEntry {
    pub(super) camera: String,
    pub(super) nuclide: String,
    pub(super) collimator: String,
    pub(super) window_kev: [f64; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalibratorEntry {
    pub(super) name: String,
    pub(super) nuclide: String,
    pub(super) factor: f64,
    pub(super) relative_uncertainty: f64,
    pub(super) geometry: Vec<GeometryEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GeometryEntry {
    pub(super) name: String,
    pub(super) factor: f64,
    pub(super) relative_uncertainty: f64,
}

#[derive(Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum DeadTimeEntry {
    None {},
    NonParalysable { tau_s: f64, uncertainty_s: f64 },
    Paralysable { tau_s: f64, uncertainty_s: f64 },
    Table { observed_true_cps: Vec<[f64; 2]>, relative_uncertainty: f64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcquisitionEntry {
    pub(super) name: String,
    /// Acquisitions of one fill share the activity's uncertainty; its own if none.
    pub(super) fill: Option<String>,
    pub(super) phantom: PhantomEntry,
    pub(super) volume_ml: Option<[f64; 2]>,
    pub(super) start: Datetime,
    pub(super) duration_s: f64,
    pub(super) counts: [f64; 2],
    pub(super) background_cps: [f64; 2],
    pub(super) camera_cps: Option<f64>,
    pub(super) full: ReadingEntry,
    #[serde(default)]
    pub(super) residual: Vec<ReadingEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PhantomEntry {
    Point,
    Cylinder,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingEntry {
    pub(super) nuclide: String,
    pub(super) geometry: String,
    pub(super) unit: String,
    pub(super) value: [f64; 2],
    pub(super) background: [f64; 2],
    pub(super) time: Datetime,
    pub(super) time_uncertainty_s: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpheresEntry {
    pub(super) concentration_bq_per_ml: [f64; 2],
    pub(super) duration_s: f64,
    pub(super) sphere: Vec<SphereEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SphereEntry {
    pub(super) volume_ml: f64,
    pub(super) counts: [f64; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdministrationEntry {
    pub(super) name: String,
    pub(super) injection: Datetime,
    pub(super) full: ReadingEntry,
    #[serde(default)]
    pub(super) residual: Vec<ReadingEntry>,
}

impl SetupEntry {
    pub(super) fn build(self) -> CameraSetup {
        CameraSetup {
            camera: self.camera,
            nuclide: self.nuclide,
            collimator: self.collimator,
            window_kev: self.window_kev,
        }
    }
}

impl CalibratorEntry {
    pub(super) fn build(self) -> Calibrator {
        let geometry = |g: GeometryEntry| Geometry {
            name: g.name,
            factor: g.factor,
            relative_uncertainty: g.relative_uncertainty,
        };
        Calibrator {
            name: self.name,
            nuclide: self.nuclide,
            factor: self.factor,
            relative_uncertainty: self.relative_uncertainty,
            geometries: self.geometry.into_iter().map(geometry).collect(),
        }
    }
}

impl DeadTimeEntry {
    pub(super) fn build(self) -> DeadTime {
        match self {
            DeadTimeEntry::None {} => DeadTime::Negligible,
            DeadTimeEntry::NonParalysable { tau_s, uncertainty_s } => {
                DeadTime::NonParalysable { tau_s, uncertainty_s }
            }
            DeadTimeEntry::Paralysable { tau_s, uncertainty_s } => {
                DeadTime::Paralysable { tau_s, uncertainty_s, branch: RateBranch::Low }
            }
            DeadTimeEntry::Table { observed_true_cps, relative_uncertainty } => {
                DeadTime::Table { points: observed_true_cps, relative_uncertainty }
            }
        }
    }
}

impl ReadingEntry {
    pub(super) fn build(&self, name: &str) -> Result<Reading> {
        Ok(Reading {
            name: name.into(),
            nuclide: self.nuclide.clone(),
            geometry: self.geometry.clone(),
            value: self.value[0],
            standard_uncertainty: self.value[1],
            background: self.background,
            unit: CalibratorUnit::parse(&self.unit)?,
            time: Moment::parse(&self.time.to_string())?,
            time_uncertainty_s: self.time_uncertainty_s,
        })
    }
}

impl SpheresEntry {
    pub(super) fn fit(self, factor: &CalibrationFactor, decay: &Decay) -> Result<RecoveryCurve> {
        let spheres = self
            .sphere
            .iter()
            .map(|s| SphereMeasurement { volume_ml: s.volume_ml, counts: s.counts });
        let spheres: Vec<SphereMeasurement> = spheres.collect();
        fit_spheres(&spheres, self.concentration_bq_per_ml, self.duration_s, factor, decay)
            .map_err(|e| named("spheres", e))
    }
}

/// Adds the name of the entry to what went wrong.
pub(super) fn named(name: &str, error: Error) -> Error {
    Error { problem: format!("'{name}': {}", error.problem), ..error }
}
