//! A local time that the user states beside files whose clocks have an offset from UTC: it is one of that clock, which is told. Neglects changes
//! of the clocks between the two: where the files themselves differ, the offset is asked for.

use super::scan::Scan;
use crate::activity::Decay;
use crate::error::{Error, Result};
use crate::time::{Moment, Offset, clocks_changed_between};
use crate::units::SECONDS_PER_HOUR;

/// The stated time with the offset of the files, and what is told of it; as it stands where it has one, or no file has.
///
/// # Errors
/// If the files have different offsets, with the time in each of them.
pub(super) fn on_clock_of_files(
    stated: Moment,
    scans: &[Scan],
) -> Result<(Moment, Option<String>)> {
    let mut offsets: Vec<Offset> = Vec::new();
    for offset in scans.iter().filter_map(Scan::offset) {
        if !offsets.contains(&offset) {
            offsets.push(offset);
        }
    }
    match (stated.offset(), &offsets[..]) {
        (Some(_), _) | (None, []) => Ok((stated, None)),
        (None, [offset]) => {
            let taken = stated.or_offset(Some(*offset));
            Ok((taken, Some(told("administration", &stated, &taken))))
        }
        (None, several) => {
            let each: Vec<String> =
                several.iter().map(|o| stated.or_offset(Some(*o)).to_string()).collect();
            Err(Error::input(
                format!("the administration is stated as {stated}, without an offset from UTC"),
                format!(
                    "the clocks of the images have {}: they were changed in between, and an hour changes the activity of F-18 by 46 %",
                    several.iter().map(Offset::to_string).collect::<Vec<_>>().join(" and ")
                ),
                format!(
                    "State it with its offset: --administered {} (administered = \"{0}\" in a series file), whichever it is.",
                    each.join(" or ")
                ),
            ))
        }
    }
}

/// What is told where neither the administration (s on the scan's clock) nor the scan states its offset from UTC, and clocks were changed in between.
pub(super) fn across_a_change(start: &Moment, given_s: f64, decay: &Decay) -> Option<String> {
    let (place, date) = clocks_changed_between(&start.plus_seconds(given_s)?, start)?;
    let change = 1.0 - decay.factor(SECONDS_PER_HOUR).ok()?;
    Some(format!(
        "times have no offset from UTC, and clocks of {place} were changed on {date}, between administration and scan: taken as one clock that was not; if \
         it was, they are an hour off ({:.2} % of physical decay). Times with their offsets or lengths of time state it",
        100.0 * change
    ))
}

/// What is told of a local time that was given an offset.
pub(super) fn told(what: &str, stated: &Moment, taken: &Moment) -> String {
    format!(
        "the {what} is stated as {stated}, without an offset from UTC: taken as {taken}, on the clock of the file; if its clocks were changed \
         in between, state the offset as well"
    )
}
