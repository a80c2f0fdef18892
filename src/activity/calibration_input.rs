//! What is said of the calibration of an image: the factor or where it stands, the acquisition's duration, the uncertainty.

use std::path::PathBuf;

use super::camera::CameraSetup;
use super::image_calibration::ImageCalibration;
use super::unit::{Calibration, InputUnit};
use crate::error::{Error, Result};
use crate::time::Moment;

/// Relative difference of two durations above which they are said to differ: a clock's seconds in a bed of a minute.
pub const SAME_DURATION: f64 = 0.02;

/// What is known of the calibration of one image, or of all of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CalibrationInput {
    /// The factor of an image in counts.
    pub factor: Option<ImageCalibration>,
    /// A history of `voxgray calibrate` to take the factor from.
    pub history: Option<PathBuf>,
    /// What a factor that was taken from a history holds for, and when it was measured.
    pub measured: Option<(CameraSetup, Moment)>,
    /// Duration of the acquisition, s.
    pub duration_s: Option<f64>,
    /// Relative standard uncertainty of the image's scale, where the factor does not state it.
    pub relative_uncertainty: Option<f64>,
}

impl CalibrationInput {
    /// This, and from `general` what it does not say itself.
    pub fn or(&self, general: &CalibrationInput) -> CalibrationInput {
        let own = self.factor.is_some() || self.history.is_some();
        let of = if own { self } else { general };
        CalibrationInput {
            factor: of.factor,
            history: of.history.clone(),
            measured: of.measured.clone(),
            duration_s: self.duration_s.or(general.duration_s),
            relative_uncertainty: self.relative_uncertainty.or(general.relative_uncertainty),
        }
    }

    /// Relative standard uncertainty that all images with this calibration share; none if nothing states it.
    ///
    /// # Errors
    /// If the factor and another key state one.
    pub fn relative(&self) -> Result<Option<f64>> {
        match (self.factor.and_then(|f| f.relative_uncertainty), self.relative_uncertainty) {
            (Some(a), Some(b)) => Err(Error::usage(
                format!(
                    "the calibration factor states {:.3} % and another key or option {:.3} %",
                    100.0 * a,
                    100.0 * b
                ),
                "they are the same uncertainty, which would be counted twice",
                "Leave --calibration-uncertainty (common_uncertainty or [calibration] uncertainty in a series file) out.",
            )),
            (a, b) => Ok(a.or(b)),
        }
    }

    /// What one count stands for; `stated_s` is the duration that the file states. With it comes what the user should know of the two durations.
    ///
    /// # Errors
    /// As [`ImageCalibration::per_count`].
    pub fn per_count(
        &self,
        stated_s: Option<f64>,
    ) -> Result<(Option<Calibration>, Option<String>)> {
        let Some(factor) = &self.factor else { return Ok((None, None)) };
        let calibration = factor.per_count(self.duration_s.or(stated_s))?;
        let note = match (self.duration_s, stated_s) {
            (Some(given), Some(file)) if (given / file - 1.0).abs() > SAME_DURATION => {
                Some(format!(
                    "the duration is given as {given} s and the file states {file} s per frame; counts are divided by {given} s"
                ))
            }
            _ => None,
        };
        let note = note.filter(|_| factor.needs_duration());
        Ok((Some(calibration), note))
    }

    /// Refuses, before the file is read, a factor that does not go with the unit of the image.
    ///
    /// # Errors
    /// As [`InputUnit::per_voxel`].
    pub fn check_unit(&self, unit: InputUnit) -> Result<()> {
        // Any factor stands for one that is known.
        let calibration = self.factor.is_some() || self.history.is_some();
        unit.per_voxel(calibration.then_some(Calibration::Bq(1.0)), 1.0).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(factor: Option<&str>, duration_s: Option<f64>, u: Option<f64>) -> CalibrationInput {
        CalibrationInput {
            factor: factor.map(|f| f.parse().unwrap()),
            duration_s,
            relative_uncertainty: u,
            ..CalibrationInput::default()
        }
    }

    #[test]
    fn the_own_factor_and_duration_win() {
        let general = input(Some("10 cps/MBq +- 2 %"), Some(600.0), None);
        let own = input(Some("20 cps/MBq"), None, Some(0.03)).or(&general);
        assert_eq!(own.per_count(None).unwrap().0, Some(Calibration::Bq(1e6 / 12_000.0)));
        assert_eq!(own.relative(), Ok(Some(0.03)));
        let taken = input(None, Some(1200.0), None).or(&general);
        assert_eq!(taken.per_count(None).unwrap().0, Some(Calibration::Bq(1e6 / 12_000.0)));
        assert_eq!(taken.relative(), Ok(Some(0.02)));
        assert!(input(None, None, Some(0.02)).or(&general).relative().is_err());
    }

    #[test]
    fn the_given_duration_wins_over_the_files_and_both_are_said() {
        let with = |given, file| input(Some("20 cps/MBq"), given, None).per_count(file);
        let (calibration, note) = with(Some(1200.0), Some(20.0)).unwrap();
        assert_eq!(calibration, Some(Calibration::Bq(1e6 / 24_000.0)));
        assert!(note.is_some_and(|n| n.contains("1200 s") && n.contains("20 s")));
        assert_eq!(with(None, Some(1000.0)).unwrap(), (Some(Calibration::Bq(50.0)), None));
        assert!(with(None, None).is_err());
        let per_count = input(Some("3 Bq"), Some(9.0), None).per_count(Some(1.0)).unwrap();
        assert_eq!(per_count, (Some(Calibration::Bq(3.0)), None));
        assert!(input(Some("3 Bq"), None, None).check_unit(InputUnit::BqPerMl).is_err());
        assert!(input(None, None, None).check_unit(InputUnit::Counts).is_err());
        assert!(input(Some("3 cps/MBq"), None, None).check_unit(InputUnit::Counts).is_ok());
    }
}
