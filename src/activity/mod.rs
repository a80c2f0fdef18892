//! Counts and concentrations to Bq (or Bq s): units of images, and the measurements behind a number of Bq, each with its uncertainty.

mod budget;
mod calibration_factor;
mod calibration_file;
mod camera;
mod check;
mod clock;
mod cross_check;
mod dead_time;
mod decay_time;
mod drift;
mod history;
mod map;
mod measurement;
mod recovery;
mod sphere;
mod spheres;
mod unit;
mod voi_series;

pub use budget::{Budget, Component};
pub use calibration_factor::{CalibrationFactor, combine};
pub use calibration_file::CalibrationResult;
pub use camera::{Acquisition, FactorUnit, Phantom, Setup};
pub use clock::Moment;
pub use cross_check::{Comparison, Verdict, compare};
pub use dead_time::{Branch, Corrected, DeadTime};
pub use decay_time::{Decay, DecayCorrection, ImageTiming, Reference};
pub use drift::{DriftCheck, check_drift};
pub use history::{History, HistoryEntry};
pub use map::{ActivityMap, NegativeRule, Negatives, Quantity};
pub use measurement::{Assay, Calibrator, CalibratorUnit, Geometry, Reading};
pub use recovery::{Extrapolation, Recovered, RecoveryCurve, RecoveryPoint};
pub use sphere::{BlurredSphere, sphere_diameter_mm, sphere_volume_ml};
pub use spheres::{SphereMeasurement, fit_spheres};
pub use unit::{Calibration, InputUnit};
pub use voi_series::{VoiActivities, VoiSeries};
