//! The order in which a source is read, used and read again. Neglects nothing that clocks show: their stated uncertainties are allowed for.

use super::measurement::Reading;
use crate::error::{Error, Result};
use crate::time::Moment;

/// Standard uncertainties of the difference of two clocks that are allowed for.
const ALLOWED: f64 = 2.0;

/// Refuses a residual that was read before the full source: one of the two times is wrong, or they are exchanged, and the residual's decay is
/// then undone over the wrong time.
///
/// # Errors
/// With both times, or if only one states its offset from UTC.
pub(super) fn residual_after_full(full: &Reading, residual: &Reading) -> Result<()> {
    let early = full.time.seconds_since(&residual.time)?;
    if early <= ALLOWED * full.time_uncertainty_s.hypot(residual.time_uncertainty_s) {
        return Ok(());
    }
    Err(Error::input(
        format!(
            "'{}' was read at {} and '{}' at {}, {} before it",
            full.name,
            full.time,
            residual.name,
            residual.time,
            crate::time::hours_text(early)
        ),
        "a residual is what is left of the full source, so it is read after it: a date or a clock is wrong, or the two readings are exchanged",
        "Correct the times; where they are right, put accept = [\"residual-before-full\"] at the top of the file.",
    ))
}

/// Refuses a full source that was read after the scan of the phantom it was filled into began.
///
/// # Errors
/// As [`residual_after_full`].
pub(super) fn full_before_scan(full: &Reading, start: &Moment) -> Result<()> {
    let late = full.time.seconds_since(start)?;
    if late <= ALLOWED * full.time_uncertainty_s {
        return Ok(());
    }
    Err(Error::input(
        format!(
            "'{}' was read at {}, {} after the scan began at {start}",
            full.name,
            full.time,
            crate::time::hours_text(late)
        ),
        "a cylinder is filled from the full source before its scan: a date or a clock is wrong",
        "Correct the times; where they are right, put accept = [\"full-after-scan\"] at the top of the file.",
    ))
}
