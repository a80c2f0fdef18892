//! Checks of the numbers in the file of `voxgray uncertainty`, and its errors.

use std::path::Path;

use crate::error::{Error, Result};
use crate::units::seconds_of;

/// An error with the file's name.
pub fn in_file(path: &Path, error: Error) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

/// An error with the VOI's name.
pub fn in_voi(name: &str, error: Error) -> Error {
    Error { problem: format!("VOI '{name}': {}", error.problem), ..error }
}

/// An error of keys of which one is needed.
pub(super) fn one_of(keys: &str) -> Error {
    Error::input(
        format!("of the keys {keys} not exactly one is there"),
        "they say the same",
        "Give one of them.",
    )
}

/// A time in s.
pub(super) fn time(text: &str) -> Result<f64> {
    seconds_of(text).ok_or_else(|| {
        Error::input(
            format!("time '{text}'"),
            "a time has its unit",
            "Write for example \"24h\", \"90min\" or \"3.5d\".",
        )
    })
}

/// A finite number above zero.
pub(super) fn positive(key: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    let why = "it must be a finite number above zero";
    Err(Error::input(format!("{key} is {value}"), why, "Correct it."))
}

/// A number from zero to a largest one.
pub(super) fn finite(key: &str, value: f64, most: f64) -> Result<f64> {
    if (0.0..=most).contains(&value) {
        return Ok(value);
    }
    let why = format!("it must lie within 0 and {most}");
    Err(Error::input(format!("{key} is {value}"), why, "Correct it."))
}

/// A relative standard uncertainty: above zero, as nothing is exact, and at most one.
pub(super) fn relative(key: &str, value: f64) -> Result<f64> {
    if value > 0.0 && value <= 1.0 {
        return Ok(value);
    }
    Err(Error::input(
        format!("{key} is {value}"),
        "a relative standard uncertainty is above 0, as no measurement is exact, and at most 1",
        "Give a fraction: 0.05 for 5 %.",
    ))
}

/// A value and its standard uncertainty.
pub(super) fn pair(key: &str, [value, uncertainty]: [f64; 2]) -> Result<[f64; 2]> {
    positive(key, value)?;
    positive(&format!("the standard uncertainty of {key}"), uncertainty)?;
    Ok([value, uncertainty])
}
