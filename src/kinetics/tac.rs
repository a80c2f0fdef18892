//! A time-activity curve: values at times after injection with their standard uncertainties.
//!
//! Neglected: the change of the activity during a scan (a time is one instant, best the middle of the scan), and every correlation
//! between the points but a common scale.

use nalgebra::DMatrix;

use crate::{Error, Result};

/// What the standard uncertainties of a curve mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncertaintyKind {
    /// Standard deviations in the unit of the values: taken at their word.
    Absolute,
    /// Known up to one common factor, which the fit estimates from its own residuals.
    RelativeOnly,
}

/// A relative standard uncertainty shared by all points of a curve, such as that of the calibration factor.
///
/// It moves all points together, so it changes no shape and enters the TIA undiminished by the number of points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommonScale(f64);

impl CommonScale {
    /// A relative standard uncertainty, 0 <= `relative` < 1.
    ///
    /// # Errors
    /// If it is outside this range.
    pub fn new(relative: f64) -> Result<Self> {
        if (0.0..1.0).contains(&relative) {
            return Ok(CommonScale(relative));
        }
        Err(Error::input(
            format!("common relative uncertainty {relative}"),
            "it must be a fraction from 0 to below 1",
            "Give 0.05 for 5 %.",
        ))
    }

    /// The relative standard uncertainty.
    pub fn relative(self) -> f64 {
        self.0
    }
}

/// Values at times after injection; checked, sorted, finite, with positive uncertainties.
#[derive(Debug, Clone, PartialEq)]
pub struct Tac {
    times_s: Vec<f64>,
    values: Vec<f64>,
    uncertainties: Vec<f64>,
    kind: UncertaintyKind,
    common: CommonScale,
    proportional: bool,
}

impl Tac {
    /// A curve from times (s after injection), values (Bq, Gy/s or any additive quantity) and their standard uncertainties (same unit).
    ///
    /// # Errors
    /// If it is empty, the lengths differ, a number is not finite, times are before injection, unsorted or duplicated, or an uncertainty is
    /// not positive. Values may be 0 or below, as noise about a small activity is: leaving them out would bias the curve upwards.
    pub fn new(times_s: &[f64], values: &[f64], uncertainties: &[f64]) -> Result<Self> {
        let n = times_s.len();
        if n == 0 {
            return Err(Error::input(
                "time-activity curve without points",
                "at least one is needed",
                "Check that the VOI is present at some time point.",
            ));
        }
        if values.len() != n || uncertainties.len() != n {
            return Err(Error::input(
                format!(
                    "{n} times, {} values and {} uncertainties",
                    values.len(),
                    uncertainties.len()
                ),
                "each point needs all three",
                "Check the columns; a VOI that is empty at one time point must be left out of the curve, with its time.",
            ));
        }
        check_times(times_s)?;
        for (i, (&v, &u)) in values.iter().zip(uncertainties).enumerate() {
            let at = format!("point {} at {} s", i + 1, times_s[i]);
            if !v.is_finite() || !u.is_finite() {
                return Err(Error::input(
                    format!("{at}: value {v} with uncertainty {u}"),
                    "both must be finite",
                    "Leave the point out, or correct it.",
                ));
            }
            if v < 0.0 && u <= 0.0 {
                return Err(Error::input(
                    format!("{at}: value {v} is negative, its uncertainty {u}"),
                    "a value of 0 or below counts with an absolute uncertainty; a share of it is none",
                    "Give the absolute uncertainty, check the background subtraction, or leave the point out.",
                ));
            }
            if u <= 0.0 {
                return Err(Error::input(
                    format!("{at}: standard uncertainty {u}"),
                    "a weight is 1 / u^2, so it must be positive",
                    "Give its measured uncertainty, or declare relative uncertainties for all points.",
                ));
            }
        }
        Ok(Tac {
            times_s: times_s.to_vec(),
            values: values.to_vec(),
            uncertainties: uncertainties.to_vec(),
            kind: UncertaintyKind::Absolute,
            common: CommonScale(0.0),
            proportional: false,
        })
    }

    /// A curve whose points have the same relative uncertainty of unknown size: the fit finds it from its residuals.
    ///
    /// # Errors
    /// As [`Tac::new`]; a value of 0 or below cannot be weighted this way.
    pub fn with_equal_relative_weights(times_s: &[f64], values: &[f64]) -> Result<Self> {
        if let Some(i) = values.iter().position(|v| *v <= 0.0) {
            return Err(Error::input(
                format!("point {} has value {}", i + 1, values[i]),
                "a relative uncertainty gives a value of 0 or below no weight: it would be negative",
                "Give absolute standard uncertainties, or leave the point out.",
            ));
        }
        // The 10 % are any number: the scale cancels in every result of a relative-only curve.
        let uncertainties: Vec<f64> = values.iter().map(|v| 0.1 * v.abs()).collect();
        Ok(Tac::new(times_s, values, &uncertainties)?.proportional().relative_only())
    }

    /// Declares the uncertainties known up to a common factor only.
    pub fn relative_only(mut self) -> Self {
        self.kind = UncertaintyKind::RelativeOnly;
        self
    }

    /// Declares each uncertainty a share of the true value, of which the measured value is but an estimate.
    ///
    /// A fit then takes the share of its own curve instead. Shares of the measured values would give low points too much weight and
    /// make the TIA too small by about the square of the share.
    pub fn proportional(mut self) -> Self {
        self.proportional = true;
        self
    }

    /// Adds an uncertainty shared by all points, such as the calibration factor's.
    pub fn with_common_scale(mut self, common: CommonScale) -> Self {
        self.common = common;
        self
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.times_s.len()
    }

    /// Never: a curve has at least one point.
    pub fn is_empty(&self) -> bool {
        self.times_s.is_empty()
    }

    /// Times after injection, s.
    pub fn times_s(&self) -> &[f64] {
        &self.times_s
    }

    /// Values.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Standard uncertainties of the independent part.
    pub fn uncertainties(&self) -> &[f64] {
        &self.uncertainties
    }

    /// What the uncertainties mean.
    pub fn kind(&self) -> UncertaintyKind {
        self.kind
    }

    /// The uncertainty shared by all points.
    pub fn common_scale(&self) -> CommonScale {
        self.common
    }

    /// First time, s.
    pub fn first_s(&self) -> f64 {
        self.times_s[0]
    }

    /// Last time, s.
    pub fn last_s(&self) -> f64 {
        self.times_s[self.len() - 1]
    }

    /// Covariance of the points: u_i^2 on the diagonal plus (s y_i)(s y_j) everywhere, s the common relative uncertainty.
    pub fn covariance(&self) -> DMatrix<f64> {
        let s = self.common.0;
        DMatrix::from_fn(self.len(), self.len(), |i, j| {
            let own = if i == j { self.uncertainties[i].powi(2) } else { 0.0 };
            own + (s * self.values[i]) * (s * self.values[j])
        })
    }

    /// The same curve with other values.
    ///
    /// # Errors
    /// As [`Tac::new`].
    pub fn with_values(&self, values: &[f64]) -> Result<Self> {
        let mut tac = Tac::new(&self.times_s, values, &self.uncertainties)?;
        (tac.kind, tac.common, tac.proportional) = (self.kind, self.common, self.proportional);
        Ok(tac)
    }

    /// Whether the uncertainties are shares of the true values.
    pub fn is_proportional(&self) -> bool {
        self.proportional
    }

    /// All uncertainties multiplied by one factor.
    pub(crate) fn scaled(mut self, factor: f64) -> Self {
        self.uncertainties.iter_mut().for_each(|u| *u *= factor);
        self
    }

    /// The last `n` points (all if there are fewer).
    pub fn last_points(&self, n: usize) -> Self {
        let from = self.len().saturating_sub(n.max(1));
        Tac {
            times_s: self.times_s[from..].to_vec(),
            values: self.values[from..].to_vec(),
            uncertainties: self.uncertainties[from..].to_vec(),
            ..self.clone()
        }
    }

    /// Whether every value exceeds the one before (at least two points).
    pub fn rises_throughout(&self) -> bool {
        self.len() > 1 && self.values.windows(2).all(|w| w[1] > w[0])
    }
}

/// Refuses times that are not finite, before injection, unsorted or duplicated.
///
/// # Errors
/// As said, naming the points.
pub fn check_times(times_s: &[f64]) -> Result<()> {
    for (i, &t) in times_s.iter().enumerate() {
        if !t.is_finite() {
            return Err(Error::input(
                format!("time {t} of point {}", i + 1),
                "times must be finite",
                "Correct it, in seconds after injection.",
            ));
        }
        if t < 0.0 {
            return Err(Error::input(
                format!("time {t} s of point {}", i + 1),
                "it lies before injection",
                "Check the injection time, the clocks and their time zones.",
            ));
        }
    }
    for (i, w) in times_s.windows(2).enumerate() {
        if w[1] < w[0] {
            return Err(Error::input(
                format!(
                    "times unsorted: point {} at {} s after point {} at {} s",
                    i + 2,
                    w[1],
                    i + 1,
                    w[0]
                ),
                "points must be in order of time; a mix-up of units or days often shows so",
                "Sort the points, and check that all times have one unit.",
            ));
        }
        if w[1] == w[0] {
            return Err(Error::input(
                format!("time {} s occurs twice (points {} and {})", w[0], i + 1, i + 2),
                "two points at one time cannot both be this curve",
                "Average them, or remove one.",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(times: &[f64], values: &[f64], u: &[f64]) -> String {
        Tac::new(times, values, u).expect_err("must be refused").to_string()
    }

    #[test]
    fn bad_points_are_refused_by_name() {
        let (v, u) = ([3.0, 2.0, 1.0], [0.1; 3]);
        assert!(problem(&[3.0, 1.0, 2.0], &v, &u).contains("unsorted"));
        assert!(problem(&[1.0, 2.0, 2.0], &v, &u).contains("twice"));
        assert!(problem(&[-1.0, 2.0, 3.0], &v, &u).contains("before injection"));
        assert!(problem(&[0.0, f64::NAN, 3.0], &v, &u).contains("finite"));
        assert!(Tac::new(&[0.0, 1.0, 2.0], &[3.0, -2.0, 0.0], &u).is_ok());
        assert!(
            problem(&[0.0, 1.0, 2.0], &[3.0, -2.0, 1.0], &[0.1, -0.2, 0.1]).contains("negative")
        );
        assert!(Tac::with_equal_relative_weights(&[1.0, 2.0], &[1.0, -1.0]).is_err());
        assert!(problem(&[0.0, 1.0, 2.0], &[3.0, f64::INFINITY, 1.0], &u).contains("finite"));
        assert!(problem(&[0.0, 1.0, 2.0], &v, &[0.1, 0.0, 0.1]).contains("positive"));
        assert!(problem(&[0.0, 1.0, 2.0], &v, &[0.1, 0.1]).contains("all three"));
        assert!(problem(&[], &[], &[]).contains("without points"));
        assert!(CommonScale::new(-0.1).is_err() && CommonScale::new(1.0).is_err());
        assert!(CommonScale::new(f64::NAN).is_err());
        assert!(Tac::with_equal_relative_weights(&[1.0, 2.0], &[1.0, 0.0]).is_err());
    }

    #[test]
    fn a_common_scale_correlates_all_points() {
        let tac = Tac::new(&[1.0, 2.0], &[10.0, 4.0], &[1.0, 0.5]).unwrap();
        let c = tac.with_common_scale(CommonScale::new(0.05).unwrap()).covariance();
        assert!((c[(0, 0)] - 1.25).abs() < 1e-12 && (c[(1, 1)] - 0.29).abs() < 1e-12);
        assert!((c[(0, 1)] - 0.1).abs() < 1e-12 && c[(0, 1)] == c[(1, 0)]);
    }

    #[test]
    fn the_last_points_keep_what_the_curve_is() {
        let tac = Tac::new(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[0.1; 3]).unwrap().relative_only();
        assert!(tac.rises_throughout());
        let last = tac.last_points(2);
        assert_eq!((last.times_s(), last.kind()), (&[2.0, 3.0][..], UncertaintyKind::RelativeOnly));
    }
}
