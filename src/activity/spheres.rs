//! Recovery coefficients from a phantom with spheres of one stock solution. Neglects walls and background activity: net counts are given.
//!
//! R = (N / T) / (Q c V (1 - e^-x)/x), x = lambda T. All spheres share the uncertainty of the concentration c, and that of Q, which
//! cancels where the curve is used with the same factor.

use super::calibration_factor::CalibrationFactor;
use super::camera::FactorUnit;
use super::check::{positive, uncertain};
use super::decay_time::Decay;
use super::recovery::{RecoveryCurve, RecoveryPoint};
use crate::error::{Error, Result};
use crate::units::BQ_PER_MBQ;

/// Counts of one sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SphereMeasurement {
    /// Volume, mL.
    pub volume_ml: f64,
    /// Net counts within the sphere's contour and their standard uncertainty.
    pub counts: [f64; 2],
}

/// Fits the recovery curve of spheres of one concentration (Bq/mL at the start, and its standard uncertainty).
///
/// # Errors
/// If the factor is not in cps/MBq, a value or uncertainty is not positive, or the fit is refused.
pub fn fit_spheres(
    spheres: &[SphereMeasurement],
    concentration_bq_per_ml: [f64; 2],
    duration_s: f64,
    factor: &CalibrationFactor,
    decay: &Decay,
) -> Result<RecoveryCurve> {
    if factor.unit != FactorUnit::CpsPerMbq {
        return Err(Error::input(
            format!("a calibration factor in {}", factor.unit.name()),
            "the counts of a whole sphere need one in cps/MBq",
            "Calibrate in cps/MBq.",
        ));
    }
    let c = positive("the concentration, Bq/mL,", concentration_bq_per_ml[0])?;
    let u_c = uncertain("the concentration", concentration_bq_per_ml[1])?;
    let t = positive("the duration, s,", duration_s)?;
    let expected_per_ml = factor.budget.value * c * decay.frame_average(t)? * t / BQ_PER_MBQ;
    let mut points = Vec::new();
    for s in spheres {
        let counts = positive("the net counts of a sphere", s.counts[0])?;
        let u = uncertain("the net counts of a sphere", s.counts[1])?;
        let recovery =
            counts / (expected_per_ml * positive("the volume of a sphere, mL,", s.volume_ml)?);
        points.push(RecoveryPoint {
            volume_ml: s.volume_ml,
            recovery,
            standard_uncertainty: recovery * u / counts,
        });
    }
    let curve = RecoveryCurve::fit(&points, u_c / c)?;
    Ok(RecoveryCurve { includes_calibration: true, ..curve })
}
