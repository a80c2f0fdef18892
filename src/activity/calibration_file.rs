//! The input of a calibration: a TOML file of dose-calibrator readings and phantom acquisitions. Its keys stand in `docs/quantification.md`,
//! section 8; unknown ones are refused.

use super::assay_order::{full_before_scan, residual_after_full};
use super::budget::Budget;
use super::calibration_entries::{
    Accepted, AcquisitionEntry, File, PhantomEntry, ReadingEntry, named,
};
use super::calibration_factor::{CalibrationFactor, combine};
use super::camera::{Acquisition, CalibrationPhantom, CameraSetup, FactorUnit};
use super::cross_check::{Comparison, compare};
use super::dead_time::DeadTime;
use super::decay_time::Decay;
use super::history::HistoryEntry;
use super::measurement::{Assay, Calibrator};
use super::recovery::RecoveryCurve;
use crate::error::{Error, Result};
use crate::physics::Nuclide;
use crate::time::Moment;
use crate::units::SECONDS_PER_DAY;

/// Version of the file that is read.
const VERSION: i64 = 1;
/// Corrections of a reconstruction multiply its counts by less than this.
const MOST_GAINED: f64 = 10.0;
/// Days from its acquisitions within which a factor is dated: they are evaluated within a month.
const DATED_WITHIN_DAYS: f64 = 31.0;

/// Everything that a calibration file gives.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationResult {
    /// Date of the factor.
    pub time: Moment,
    /// The factor.
    pub factor: CalibrationFactor,
    /// The factor of each acquisition alone.
    pub single: Vec<Budget>,
    /// Test sources: name and comparison of camera and calibrator.
    pub checks: Vec<(String, Comparison)>,
    /// Recovery curve of the spheres.
    pub recovery: Option<RecoveryCurve>,
    /// When the acquisitions began.
    pub scans: Vec<Moment>,
    /// Administered activities: name, injection and activity.
    pub administrations: Vec<(String, Moment, Budget)>,
}

impl CalibrationResult {
    /// Evaluates the text of a calibration file.
    ///
    /// # Errors
    /// If it cannot be understood, is of another version, or a record in it is refused.
    pub fn from_toml(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        Error::of_version(file.version, VERSION)?;
        let nuclide = Nuclide::load(&file.setup.nuclide)?;
        let decay =
            Decay { half_life_uncertainty_s: file.half_life_uncertainty_s, ..Decay::of(&nuclide) };
        let unit = FactorUnit::parse(&file.unit)?;
        let time = Moment::parse(&file.time.to_string())?;
        let context = Context {
            calibrator: file.calibrator.build(),
            dead_time: file.dead_time.build(),
            setup: file.setup.build(),
            decay,
            accepted: file.accept,
        };
        let all = |entries: &[AcquisitionEntry]| -> Result<Vec<Acquisition>> {
            entries.iter().map(|e| context.acquisition(e)).collect()
        };
        let acquisitions = all(&file.acquisition)?;
        let single = acquisitions.iter().map(|a| a.factor(unit, &decay)).collect::<Result<_>>()?;
        let factor = combine(&acquisitions, unit, &decay)?;
        let mut checks = Vec::new();
        for a in all(&file.check)? {
            // The camera's activity over the calibrator's is the source's own factor over the camera's, or its inverse.
            let own = a.factor(unit, &decay)?;
            let shared = factor.shared_with(&a, &own);
            let comparison = match unit {
                FactorUnit::CpsPerMbq => compare(&own, &factor.budget, shared)?,
                FactorUnit::BqPerMlPerCps => compare(&factor.budget, &own, shared)?,
            };
            checks.push((a.name, comparison));
        }
        let recovery = file.spheres.map(|s| s.fit(&factor, &decay)).transpose()?;
        let mut administrations = Vec::new();
        for a in &file.administration {
            let injection = Moment::parse(&a.injection.to_string())?;
            let assay = context.assay(&a.full, &a.residual).map_err(|e| named(&a.name, e))?;
            let activity = context
                .calibrator
                .administered(&assay, &injection, &decay)
                .map_err(|e| named(&a.name, e))?;
            administrations.push((a.name.clone(), injection, activity));
        }
        let scans = file.acquisition.iter().map(|a| Moment::parse(&a.start.to_string()));
        let scans = scans.collect::<Result<_>>()?;
        Ok(CalibrationResult { time, factor, single, checks, recovery, scans, administrations })
    }

    /// Days between the date of the factor and its nearest acquisition, where they are more than 31.
    ///
    /// # Errors
    /// If only some times state their offset from UTC.
    pub fn days_off(&self) -> Result<Option<f64>> {
        let mut least = f64::INFINITY;
        for scan in &self.scans {
            least = least.min(self.time.seconds_since(scan)?.abs() / SECONDS_PER_DAY);
        }
        Ok(Some(least).filter(|d| *d > DATED_WITHIN_DAYS && d.is_finite()))
    }

    /// The factor as an entry of a history.
    pub fn history_entry(&self) -> HistoryEntry {
        HistoryEntry {
            time: self.time,
            setup: self.factor.setup.clone(),
            unit: self.factor.unit,
            value: self.factor.budget.value,
            random_uncertainty: self.factor.random_uncertainty,
            shared_uncertainty: self.factor.shared_uncertainty,
            acquisitions: self.factor.acquisitions,
        }
    }
}

/// What all acquisitions of a file share.
struct Context {
    calibrator: Calibrator,
    dead_time: DeadTime,
    setup: CameraSetup,
    decay: Decay,
    accepted: Vec<Accepted>,
}

impl Context {
    fn assay(&self, full: &ReadingEntry, residual: &[ReadingEntry]) -> Result<Assay> {
        let residuals =
            residual.iter().enumerate().map(|(i, r)| r.build(&format!("residual {}", i + 1)));
        let assay = Assay {
            nuclide: self.setup.nuclide.clone(),
            full: full.build("full")?,
            residuals: residuals.collect::<Result<_>>()?,
        };
        if !self.accepted.contains(&Accepted::ResidualBeforeFull) {
            for residual in &assay.residuals {
                residual_after_full(&assay.full, residual)?;
            }
        }
        Ok(assay)
    }

    fn acquisition(&self, e: &AcquisitionEntry) -> Result<Acquisition> {
        self.build(e).map_err(|error| named(&e.name, error))
    }

    fn build(&self, e: &AcquisitionEntry) -> Result<Acquisition> {
        let start = Moment::parse(&e.start.to_string())?;
        let assay = self.assay(&e.full, &e.residual)?;
        let filled = matches!(e.phantom, PhantomEntry::Cylinder);
        if filled && !self.accepted.contains(&Accepted::FullAfterScan) {
            full_before_scan(&assay.full, &start)?;
        }
        let activity = self.calibrator.activity_at(&assay, &start, &self.decay)?;
        let phantom = match (&e.phantom, e.volume_ml) {
            (PhantomEntry::Point, None) => CalibrationPhantom::PointSource,
            (PhantomEntry::Cylinder, Some([volume_ml, volume_uncertainty_ml])) => {
                CalibrationPhantom::UniformCylinder { volume_ml, volume_uncertainty_ml }
            }
            (PhantomEntry::Point, Some(_)) | (PhantomEntry::Cylinder, None) => {
                return Err(Error::input(
                    "volume_ml does not go with the phantom",
                    "a cylinder has a volume and a point has none",
                    "Add or remove it.",
                ));
            }
        };
        // Corrections of a reconstruction may multiply counts, by less than this.
        if let Some(camera) = e.camera_cps.filter(|c| *c * MOST_GAINED < e.counts[0] / e.duration_s)
        {
            return Err(Error::input(
                format!(
                    "camera_cps = {camera}, and the image holds {:.4e} cps",
                    e.counts[0] / e.duration_s
                ),
                "a whole camera counts at least what its image shows; corrections for attenuation and scatter account for a factor of 10 at most",
                "Check its unit: camera_cps is in counts per second.",
            ));
        }
        Ok(Acquisition {
            name: e.name.clone(),
            fill: e.fill.clone().unwrap_or_else(|| e.name.clone()),
            setup: self.setup.clone(),
            phantom,
            shared_relative: self.calibrator.shared_relative_uncertainty(&activity),
            activity,
            counts: e.counts,
            duration_s: e.duration_s,
            background_cps: e.background_cps,
            dead_time: self.dead_time.clone(),
            camera_cps: e.camera_cps,
        })
    }
}

#[cfg(test)]
#[path = "calibration_file_tests.rs"]
mod tests;
