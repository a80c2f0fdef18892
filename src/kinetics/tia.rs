//! A time-integrated activity with its uncertainty and what of it was extrapolated.

use serde::Serialize;

use crate::stats::NORMAL_97_5;

/// Share of the TIA beyond the points above which a warning is given (EANM: Gear et al., Eur. J. Nucl. Med. Mol. Imaging 45, 2456,
/// 2018, doi:10.1007/s00259-018-4136-7; extrapolation should contribute less than 20 %).
pub const MAX_EXTRAPOLATED: f64 = 0.20;

/// Relative error of a TIA that is worth a warning where it cannot be ruled out.
pub const LARGE_ERROR: f64 = 0.20;
/// Probability above which it is not ruled out.
pub const RULED_OUT: f64 = 1e-3;

/// The integral of a curve from injection to infinity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tia {
    /// Unit of the values times s (Bq s from activities, Gy from Gy/s).
    pub value: f64,
    /// Standard uncertainty, with the scale common to all points.
    pub standard_uncertainty: f64,
    /// Limits of the 95 % interval, with the common scale.
    pub interval_95: (f64, f64),
    /// Share of the integral before the first point.
    pub share_before_first: f64,
    /// Share of the integral after the last point.
    pub share_after_last: f64,
    /// How it was found.
    pub method: String,
    /// What the user must know.
    pub warnings: Vec<String>,
}

impl Tia {
    /// A TIA whose logarithm has the given standard uncertainty without and with the common scale; log-normal interval.
    pub(crate) fn log_normal(value: f64, relative: f64, common: f64, method: String) -> Self {
        let half = NORMAL_97_5 * relative;
        Self::from_logs(value, relative, (half, half), common, method)
    }

    /// As [`Tia::log_normal`] with the half-widths (lower, upper) of the 95 % interval of ln TIA given without the common scale.
    pub(crate) fn from_logs(
        value: f64,
        relative: f64,
        half: (f64, f64),
        common: f64,
        method: String,
    ) -> Self {
        let with = |h: f64| h.hypot(NORMAL_97_5 * common);
        Tia {
            value,
            standard_uncertainty: value * relative.hypot(common),
            interval_95: (value * (-with(half.0)).exp(), value * with(half.1).exp()),
            share_before_first: 0.0,
            share_after_last: 0.0,
            method,
            warnings: Vec::new(),
        }
    }

    /// Sets the shares and warns above [`MAX_EXTRAPOLATED`].
    pub(crate) fn with_shares(mut self, before: f64, after: f64) -> Self {
        (self.share_before_first, self.share_after_last) = (before, after);
        for (share, place, remedy) in
            [(before, "before the first", "an earlier"), (after, "after the last", "a later")]
        {
            if share > MAX_EXTRAPOLATED {
                self.warnings.push(format!(
                    "{:.0} % of the integral lie {place} point, extrapolated (EANM: below {:.0} %); {remedy} measurement would help",
                    100.0 * share,
                    100.0 * MAX_EXTRAPOLATED
                ));
            }
        }
        self
    }

    /// Warns where an error above [`LARGE_ERROR`] has a probability above [`RULED_OUT`].
    pub(crate) fn warn_of_error(&mut self, probability: f64) {
        if probability > RULED_OUT {
            self.warnings.push(format!(
                "the integral may be off by more than {:.0} % (probability {:.2} %)",
                100.0 * LARGE_ERROR,
                100.0 * probability
            ));
        }
    }

    /// Relative standard uncertainty.
    pub fn relative_uncertainty(&self) -> f64 {
        self.standard_uncertainty / self.value
    }
}
