//! Dates that stayed when a scan went on past midnight. Neglects series whose frames lie half a day apart: no scan lasts as long.

use super::attributes::{ACQUISITION_DATE, ACQUISITION_TIME};
use super::clock::SliceClock;
use crate::error::{Error, Result};
use crate::time::{Moment, hours_text};

/// An acquisition begins sooner behind its series (s).
const LONGEST_BEHIND_S: f64 = 21_600.0;
/// s.
const DAY_S: f64 = 86_400.0;
/// Frames of one scan lie nearer together (s).
const LONGEST_SCAN_S: f64 = 43_200.0;

/// Moves slices that are dated most of a day before the others of their scan to the day after, where all are then one scan; what is told.
///
/// # Errors
/// If times do not compare.
pub(super) fn after_midnight(slices: &mut [SliceClock]) -> Result<Option<String>> {
    let mut earliest: Option<Moment> = None;
    for start in slices.iter().filter_map(|s| s.start) {
        match earliest {
            Some(first) if start.seconds_since(&first)? >= 0.0 => {}
            _ => earliest = Some(start),
        }
    }
    let Some(earliest) = earliest else { return Ok(None) };
    let since = |m: &Moment| m.seconds_since(&earliest);
    let mut late = f64::INFINITY;
    for start in slices.iter().filter_map(|s| s.start) {
        let s = since(&start)?;
        late = if s > LONGEST_SCAN_S { late.min(s) } else { late };
    }
    if !late.is_finite() {
        return Ok(None);
    }
    // All before the late ones go to the day after, behind the first of those.
    let mut moved: Vec<(usize, Moment)> = Vec::new();
    for (n, slice) in slices.iter().enumerate() {
        let Some(start) = slice.start else { continue };
        let s = since(&start)?;
        let fits = |s: f64| s >= late && s - late < LONGEST_SCAN_S;
        match (s < late, start.plus_seconds(DAY_S)) {
            (true, Some(next)) if fits(s + DAY_S) => moved.push((n, next)),
            (false, _) if fits(s) => {}
            _ => return Ok(None),
        }
    }
    let Some((_, to)) = moved.first().copied() else { return Ok(None) };
    let count = moved.len();
    moved.into_iter().for_each(|(n, to)| slices[n].start = Some(to));
    Ok(Some(format!(
        "{ACQUISITION_DATE} with {ACQUISITION_TIME} puts {count} of {} slices {} before the others of the scan: the date stayed when the \
         clock went past midnight; they are taken as of the day after, the first at {to}",
        slices.len(),
        hours_text(late)
    )))
}

/// Refuses an acquisition that its date puts before a series of the same day by most of that day, where the day after would put it behind: the
/// date may have stayed. A stated time solves it.
pub(super) fn a_day_early(acquired: &Moment, series: &Moment) -> Result<()> {
    // Of clocks that do not compare others speak.
    let Ok(early) = series.seconds_since(acquired) else { return Ok(()) };
    let behind = DAY_S - early;
    if acquired.date() != series.date() || !(0.0..LONGEST_BEHIND_S).contains(&behind) {
        return Ok(());
    }
    Err(Error::input(
        format!(
            "{ACQUISITION_DATE} with {ACQUISITION_TIME} is {acquired}, {} before the series of the same day, {series}",
            hours_text(early)
        ),
        "either the date stayed when the clock went past midnight, and activity is a day older, or the series was made at the end of that day",
        "State the time: time in a series file, --administered for one image.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(times: &[&str]) -> Vec<SliceClock> {
        let slice = |t: &&str| SliceClock {
            start: Some(Moment::parse(t).unwrap()),
            ..SliceClock::default()
        };
        times.iter().map(slice).collect()
    }

    #[test]
    fn slices_past_midnight_go_to_the_day_after() {
        let mut scan = slices(&[
            "2026-03-05T23:50:00",
            "2026-03-05T00:10:00",
            "2026-03-05T00:30:00",
            "2026-03-05T23:50:00",
        ]);
        let told = after_midnight(&mut scan).unwrap().expect("told");
        assert!(told.contains("2 of 4 slices 23.66667 h"), "{told}");
        let right = slices(&[
            "2026-03-05T23:50:00",
            "2026-03-06T00:10:00",
            "2026-03-06T00:30:00",
            "2026-03-05T23:50:00",
        ]);
        assert_eq!(scan, right);
        assert_eq!(after_midnight(&mut scan), Ok(None));
        assert_eq!(scan, right);
        let early = |a: &str, s: &str| {
            a_day_early(&Moment::parse(a).unwrap(), &Moment::parse(s).unwrap()).is_err()
        };
        assert!(early("2026-03-05T00:10:00", "2026-03-05T23:50:00"));
        assert!(!early("2026-03-06T00:10:00", "2026-03-05T23:50:00"));
        assert!(!early("2026-03-05T10:10:00", "2026-03-05T23:50:00"));
        assert!(!early("2026-03-05T00:10:00", "2026-03-06T00:05:00"));
        // Half a day and more apart whatever the day: nothing is moved.
        let mut other =
            slices(&["2026-03-05T08:00:00", "2026-03-05T21:00:00", "2026-03-06T12:00:00"]);
        assert_eq!(after_midnight(&mut other), Ok(None));
    }
}
