//! Checks of measured numbers that several modules share.

use crate::error::{Error, Result};

/// A finite number above zero.
///
/// # Errors
/// If it is not.
pub(crate) fn positive(what: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Error::input(
        format!("{what} is {value}"),
        "it must be a finite number above zero",
        "Correct the record.",
    ))
}

/// A finite number, zero allowed.
///
/// # Errors
/// If it is not finite or negative.
pub(crate) fn not_negative(what: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(Error::input(
        format!("{what} is {value}"),
        "it must be a finite number and not negative",
        "Correct the record.",
    ))
}

/// A standard uncertainty above zero.
///
/// # Errors
/// If it is zero, negative or not finite.
pub(crate) fn uncertain(what: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Error::input(
        format!("the standard uncertainty of {what} is {value}"),
        "no measurement is exact, and a zero would give it infinite weight",
        "State the standard uncertainty (one standard deviation), for example from repeated readings or the certificate.",
    ))
}
