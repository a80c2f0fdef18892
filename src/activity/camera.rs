//! A camera's calibration factor from phantom acquisitions and their assayed activity. Neglects how attenuation and scatter differ between
//! phantom and patient: both must be corrected by the same reconstruction.
//!
//! With net rate r = (N / T - b) f, f the dead-time factor, and the mean activity over the acquisition A = A(start) (1 - e^-x) / x, x = lambda T
//! (Dewaraja et al., MIRD Pamphlet 23, doi:10.2967/jnumed.111.100123): Q = r / A (cps/MBq), or F = (A / V) / r (Bq/mL per cps).

use super::budget::{Budget, Component};
use super::check::{not_negative, positive, uncertain};
use super::dead_time::DeadTime;
use super::decay_time::Decay;
use super::measurement::same_nuclide;
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// What a calibration factor holds for.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraSetup {
    /// Camera and reconstruction.
    pub camera: String,
    /// Nuclide.
    pub nuclide: String,
    /// Collimator.
    pub collimator: String,
    /// Energy window, keV.
    pub window_kev: [f64; 2],
}

impl CameraSetup {
    /// Whether `other` is the same: nuclides by meaning, names without regard to case, windows to 0.1 keV.
    ///
    /// # Errors
    /// Naming the first difference.
    pub fn check(&self, other: &CameraSetup) -> Result<()> {
        same_nuclide("calibration factor", &self.nuclide, &other.nuclide)?;
        match self.differences(other).into_iter().next() {
            None => Ok(()),
            Some((what, mine, theirs)) => Err(Error::input(
                format!("the calibration factor is for {what} {mine}, the image for {theirs}"),
                "a factor holds for one camera, nuclide, collimator and energy window",
                "Calibrate with the setting of the image.",
            )),
        }
    }

    /// What differs from `other`, by the rules of [`CameraSetup::check`]: its name, here and there.
    pub fn differences(&self, other: &CameraSetup) -> Vec<(&'static str, String, String)> {
        let [mine, theirs] =
            [self, other].map(|s| format!("{} to {} keV", s.window_kev[0], s.window_kev[1]));
        let windows = self.window_kev.iter().zip(other.window_kev);
        let all = [
            (
                "nuclide",
                self.nuclide.clone(),
                other.nuclide.clone(),
                same_nuclide("factor", &self.nuclide, &other.nuclide).is_ok(),
            ),
            (
                "camera",
                self.camera.clone(),
                other.camera.clone(),
                same(&self.camera, &other.camera),
            ),
            (
                "collimator",
                self.collimator.clone(),
                other.collimator.clone(),
                same(&self.collimator, &other.collimator),
            ),
            ("energy window", mine, theirs, windows.into_iter().all(|(a, b)| (a - b).abs() <= 0.1)),
        ];
        all.into_iter().filter(|d| !d.3).map(|(what, a, b, _)| (what, a, b)).collect()
    }

    fn checked(&self) -> Result<()> {
        let [low, high] = self.window_kev;
        if self.camera.trim().is_empty()
            || self.collimator.trim().is_empty()
            || !(low > 0.0 && low < high && high.is_finite())
        {
            return Err(Error::input(
                format!(
                    "camera '{}', collimator '{}', energy window {low} to {high} keV",
                    self.camera, self.collimator
                ),
                "camera and collimator need a name and a window ascends from above zero",
                "State them as the scan protocol does.",
            ));
        }
        Ok(())
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// Unit of a calibration factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorUnit {
    /// Count rate in the whole source per activity, cps/MBq.
    CpsPerMbq,
    /// Activity concentration per count rate of a voxel, Bq/mL per cps.
    BqPerMlPerCps,
}

impl FactorUnit {
    const ALL: [(FactorUnit, &str); 2] =
        [(FactorUnit::CpsPerMbq, "cps/MBq"), (FactorUnit::BqPerMlPerCps, "Bq/mL per cps")];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL[usize::from(self == FactorUnit::BqPerMlPerCps)].1
    }

    /// The unit of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(unit, _)| *unit).ok_or_else(|| {
            Error::input(
                format!("calibration unit '{text}'"),
                "known are 'cps/MBq' and 'Bq/mL per cps'",
                "Write one of them.",
            )
        })
    }
}

/// What was imaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CalibrationPhantom {
    /// A source small against everything, all its counts taken.
    PointSource,
    /// A cylinder filled evenly: its volume and standard uncertainty, mL. Counts are those of all of it (cps/MBq) or the mean of a
    /// voxel well inside (Bq/mL per cps).
    UniformCylinder {
        /// Volume, mL.
        volume_ml: f64,
        /// Its standard uncertainty, mL.
        volume_uncertainty_ml: f64,
    },
}

/// One acquisition of a phantom.
#[derive(Debug, Clone, PartialEq)]
pub struct Acquisition {
    /// Name, for messages.
    pub name: String,
    /// Camera, nuclide, collimator, window.
    pub setup: CameraSetup,
    /// What was imaged.
    pub phantom: CalibrationPhantom,
    /// Name of the filling of the phantom: acquisitions of one fill share all of the activity's uncertainty.
    pub fill: String,
    /// Activity at the start of the acquisition, Bq.
    pub activity: Budget,
    /// Part of its relative standard uncertainty shared by all acquisitions (the calibrator's factor).
    pub shared_relative: f64,
    /// Counts and their standard uncertainty; that of raw counts is their square root, of reconstructed ones it is larger.
    pub counts: [f64; 2],
    /// Length of the acquisition, s.
    pub duration_s: f64,
    /// Background count rate and its standard uncertainty, cps.
    pub background_cps: [f64; 2],
    /// Dead time of the camera.
    pub dead_time: DeadTime,
    /// Observed rate of the whole camera, cps, on which dead time depends; the rate of the counts if none.
    pub camera_cps: Option<f64>,
}

impl Acquisition {
    /// The calibration factor of this acquisition alone.
    ///
    /// # Errors
    /// If counts, activity or durations are not positive, have no uncertainty, or the phantom does not give the unit.
    pub fn factor(&self, unit: FactorUnit, decay: &Decay) -> Result<Budget> {
        self.parts(unit, decay).map_err(|e| Error {
            problem: format!("acquisition '{}': {}", self.name, e.problem),
            ..e
        })
    }

    fn parts(&self, unit: FactorUnit, decay: &Decay) -> Result<Budget> {
        self.setup.checked()?;
        let a = positive("the activity", self.activity.value)?;
        uncertain("the activity", self.activity.standard_uncertainty())?;
        let total = self.activity.relative_uncertainty();
        not_negative("the shared uncertainty", self.shared_relative)?;
        not_negative(
            "the activity's own uncertainty beyond the shared one",
            total - self.shared_relative + 1e-12,
        )?;
        let counts = not_negative("the number of counts", self.counts[0])?;
        let u_counts = uncertain("the counts", self.counts[1])?;
        let t = positive("the duration, s,", self.duration_s)?;
        let background = not_negative("the background, cps,", self.background_cps[0])?;
        let u_background =
            not_negative("the uncertainty of the background", self.background_cps[1])?;
        let observed = self.camera_cps.unwrap_or(counts / t);
        let dead = self.dead_time.correct(positive("the observed count rate, cps,", observed)?)?;
        let live = dead.rate / observed;
        let net = positive("the count rate above background, cps,", counts / t - background)?;
        let rate = net * live;
        let mean_bq = a * decay.frame_average(t)?;
        let (value, sign) = match (unit, self.phantom) {
            (FactorUnit::CpsPerMbq, _) => (rate / (mean_bq / BQ_PER_MBQ), 1.0),
            (FactorUnit::BqPerMlPerCps, CalibrationPhantom::UniformCylinder { volume_ml, .. }) => {
                (mean_bq / positive("the volume, mL,", volume_ml)? / rate, -1.0)
            }
            (FactorUnit::BqPerMlPerCps, CalibrationPhantom::PointSource) => {
                return Err(Error::input(
                    "a point source for a factor in Bq/mL per cps",
                    "it has no concentration",
                    "Use a uniform cylinder, or calibrate in cps/MBq.",
                ));
            }
        };
        let own = (total * total - self.shared_relative * self.shared_relative).max(0.0).sqrt();
        let mut components = vec![
            Component::new(SHARED, a * self.shared_relative, -sign * value / a),
            Component::new(OF_FILL, a * own, -sign * value / a),
            Component::new("counts", u_counts, sign * value / (net * t)),
        ];
        if u_background > 0.0 {
            components.push(Component::new("background", u_background, -sign * value / net));
        }
        if dead.from_dead_time > 0.0 {
            components.push(Component::new(
                DEAD_TIME,
                dead.from_dead_time,
                sign * value / dead.rate,
            ));
        }
        if let (
            FactorUnit::BqPerMlPerCps,
            CalibrationPhantom::UniformCylinder { volume_ml, volume_uncertainty_ml },
        ) = (unit, self.phantom)
        {
            let u = uncertain("the phantom's volume", volume_uncertainty_ml)?;
            components.push(Component::new("phantom volume", u, -value / volume_ml));
        }
        Ok(Budget {
            quantity: format!("factor of '{}'", self.name),
            unit: unit.name().into(),
            value,
            components,
        })
    }
}

/// Name of the component that all acquisitions share.
pub(super) const SHARED: &str = "activity, shared by all (dose calibrator)";
/// Name of the component that one fill of a phantom shares.
pub(super) const OF_FILL: &str = "activity, own part";
/// Name of the dead time's component; a camera has one dead time, so it is shared too.
pub(super) const DEAD_TIME: &str = "dead time";

#[cfg(test)]
#[path = "camera_tests.rs"]
mod tests;
