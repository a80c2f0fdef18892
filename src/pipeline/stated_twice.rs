//! What an option and the series file state both: the same, or refused. One would be left out without a word.

use std::fmt::Display;

use super::series_file::SeriesInput;
use crate::activity::{CalibrationInput, DecayCorrection, InputUnit};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::time::{Moment, TimeOrSpan};

/// Two durations or clocks (s) that differ by less are the same, written with other digits.
const SAME_S: f64 = 0.5;

fn refuse(option: &str, given: impl Display, key: &str, stated: impl Display) -> Error {
    Error::usage(
        format!("{option} is {given}, and {key} in the series file is {stated}"),
        "they differ, and only one of them can be meant",
        format!("Leave {option} out, or correct the series file."),
    )
}

/// Refuses options that say otherwise than the series file.
///
/// # Errors
/// With the option, the key and both values.
pub fn check(job: &Job, input: &SeriesInput) -> Result<()> {
    if let (Some(TimeOrSpan::At(option)), Some(key)) = (job.administered, input.administered)
        && !same_moment(&option, &key)
    {
        return Err(refuse("--administered", option, "administered", key));
    }
    let calibration = &job.activity.calibration;
    of_calibration(calibration, &input.quantification.calibration, "[calibration]", "duration")?;
    for (n, point) in input.points.iter().enumerate() {
        let at = |key: &str| format!("{key} of time point {}", n + 1);
        let own = &point.calibration;
        of_calibration(calibration, own, &at("calibration"), &at("duration"))?;
        let activity = &job.activity;
        let correction = (activity.decay_correction, point.stated.correction);
        differ(correction, DecayCorrection::name, "--decay-correction", &at("decay_correction"))?;
        differ((activity.unit, point.unit), InputUnit::name, "--activity-unit", &at("unit"))?;
        differ((activity.frame, point.frame), |f| f.to_string(), "--frame", &at("frame"))?;
        let series = (activity.series.clone(), point.series.clone());
        differ(series, |s| s, "--activity-series", &at("series"))?;
    }
    Ok(())
}

/// Refuses a factor or duration of an option that the series file states otherwise.
fn of_calibration(
    option: &CalibrationInput,
    own: &CalibrationInput,
    key: &str,
    duration: &str,
) -> Result<()> {
    let shown = |c: &CalibrationInput| match (&c.factor, &c.history) {
        (Some(factor), _) => Some(("--calibration", factor.to_string())),
        (None, Some(path)) => Some(("--calibration-history", path.display().to_string())),
        (None, None) => None,
    };
    if let (Some((name, given)), Some((_, stated))) = (shown(option), shown(own))
        && (option.factor, &option.history) != (own.factor, &own.history)
    {
        return Err(refuse(name, given, key, stated));
    }
    if let (Some(given), Some(stated)) = (option.duration_s, own.duration_s)
        && (given - stated).abs() > SAME_S
    {
        let [given, stated] = [given, stated].map(|s| format!("{s} s"));
        return Err(refuse("--scan-duration", given, duration, stated));
    }
    Ok(())
}

fn differ<T: PartialEq, D: Display>(
    (option, key): (Option<T>, Option<T>),
    shown: impl Fn(T) -> D,
    name: &str,
    of: &str,
) -> Result<()> {
    match (option, key) {
        (Some(option), Some(key)) if option != key => {
            Err(refuse(name, shown(option), of, shown(key)))
        }
        _ => Ok(()),
    }
}

/// Clocks that do not compare (one with, one without its offset) are the same if they read the same.
fn same_moment(a: &Moment, b: &Moment) -> bool {
    let [a, b] = [a.or_offset(b.offset()), b.or_offset(a.offset())];
    a.seconds_since(&b).is_ok_and(|apart| apart.abs() < SAME_S)
}
