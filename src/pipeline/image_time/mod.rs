//! When an activity image was taken and given, from its file and from what the user states, and its values brought to one time. A single
//! image is a series of one: both take this way.
//!
//! What the user states goes before the file, with a warning that shows both where they differ; what is assumed is told.

mod administration;
mod scan;
mod zones;

use super::Observer;
use super::source::Source;
use crate::activity::{
    ActivityMap, CalibrationInput, Decay, DecayCorrection, Quantity, StartReference,
};
use crate::error::{Error, Result};
use crate::io::dicom::Facts;
use crate::job::{DecayFrom, Job};
use crate::kinetics::possible::within_reach;
use crate::report::setup::TimingFacts;
use crate::time::{Moment, TimeOrSpan, hours_text};
use crate::units::SECONDS_PER_HOUR;

use administration::{admin_interval, dates_of_clocks, tell_admin_interval};
pub use scan::Scan;

/// Difference (s) between a stated time and that of the file above which both are shown: clocks and injections over minutes.
const CLOCK_TOLERANCE_S: f64 = 300.0;
/// Change of activity between two such times above which both are shown, however short the time: 48 s for F-18, 9 s for C-11.
const TOLERATED_CHANGE: f64 = 0.005;

/// Difference of two clocks (s) that is shown: of some minutes, or what changes the activity.
fn clock_tolerance_s(decay: &Decay) -> f64 {
    CLOCK_TOLERANCE_S.min(TOLERATED_CHANGE / decay.constant_per_s())
}

/// What the user states about one image.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stated {
    /// Start of the scan: after the administration, or by date.
    pub time: Option<TimeOrSpan>,
    /// Duration of the scan, s.
    pub duration_s: Option<f64>,
    /// To when the values are corrected.
    pub correction: Option<DecayCorrection>,
    /// The very time to which they are corrected, after the administration or by date; `correction` is START then.
    pub corrected_to: Option<TimeOrSpan>,
}

/// The duration of a scan, s, where one is stated: 1 s is how an image in counts per second is declared, and no scan is shorter.
pub fn scan_duration(calibration: &CalibrationInput) -> Option<f64> {
    calibration.duration_s.filter(|seconds| *seconds > 1.0)
}

/// The time of an image's values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timing {
    /// Seconds from the administration to the time for which the values are; none if unknown.
    pub since_administration_s: Option<f64>,
    /// The administration, where its date is known.
    pub administered: Option<Moment>,
    /// That time in words.
    pub what: String,
    /// To when the file's values were corrected.
    pub correction: Option<DecayCorrection>,
    /// Factors of the first and the last frame.
    pub factors: [f64; 2],
}

impl Timing {
    /// For the summary.
    pub fn facts(&self) -> TimingFacts {
        TimingFacts {
            activity_time: self.what.clone(),
            administered: self.administered.map(|m| m.to_string()),
            decay_correction: self.correction.map(|c| c.name().into()),
            factors: self.factors,
            hours_after_administration: self.since_administration_s.map(|s| s / SECONDS_PER_HOUR),
        }
    }
}

/// The time of an image whose values stay what they are: particles have no half-life by which to undo anything.
fn as_it_stands(facts: Option<Facts>) -> Timing {
    let correction = facts.and_then(|f| f.decay_correction);
    let of = |c: String| format!("the time of DecayCorrection {c}, left as it is");
    Timing {
        what: correction.map_or("a time that the file does not state".into(), of),
        factors: [1.0; 2],
        ..Timing::default()
    }
}

/// The time of a single image, whose values are brought to it; none for what is integrated over time.
///
/// # Errors
/// As [`resolve`].
pub fn of_one(
    job: &Job,
    facts: Option<Facts>,
    image: &mut ActivityMap,
    source: &Source,
    observer: &dyn Observer,
) -> Result<Option<Timing>> {
    if image.quantity != Quantity::Activity {
        return Ok(None);
    }
    let Some(half_life_s) = source.half_life_s else { return Ok(Some(as_it_stands(facts))) };
    let decay = Decay { half_life_s, half_life_uncertainty_s: None };
    let (time, moment) = match job.administered {
        Some(TimeOrSpan::At(moment)) => (None, Some(moment)),
        span => (span, None),
    };
    let stated = Stated {
        time,
        duration_s: scan_duration(&job.activity.calibration),
        correction: job.activity.decay_correction,
        corrected_to: None,
    };
    let scan = Scan::new("", facts, stated, &decay)?;
    let needed = job.physical_decay && job.decay_from == DecayFrom::Administration;
    let images = std::slice::from_mut(image);
    let timings = resolve(&mut [scan], images, moment, &decay, needed, observer)?;
    Ok(timings.into_iter().next())
}

/// Finds when activity was given, and brings each image's values to one time. `images` and `scans` go together.
///
/// # Errors
/// If a needed time is missing, cannot be read or contradicts another, with the ways to state it.
pub fn resolve(
    scans: &mut [Scan],
    images: &mut [ActivityMap],
    administered: Option<Moment>,
    decay: &Decay,
    needed: bool,
    observer: &dyn Observer,
) -> Result<Vec<Timing>> {
    let administered = match administered {
        None => None,
        Some(stated) => {
            let (taken, told) = zones::on_clock_of_files(stated, scans)?;
            told.iter().for_each(|text| observer.warn(text));
            Some(taken)
        }
    };
    dates_of_clocks(scans, decay, administered)?;
    let mut common: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for (scan, image) in scans.iter_mut().zip(images) {
        let within = |mut e: Error, name: &str| {
            if !name.is_empty() {
                e.problem = format!("{name}: {}", e.problem);
            }
            e
        };
        let timing =
            one(scan, image, administered, decay, needed).map_err(|e| within(e, &scan.name))?;
        for text in std::mem::take(&mut scan.told) {
            if !common.contains(&text) {
                let at =
                    if scan.name.is_empty() { String::new() } else { format!("{}: ", scan.name) };
                observer.warn(&format!("{at}{text}"));
                common.push(text);
            }
        }
        all.push(timing);
    }
    Ok(all)
}

fn one(
    scan: &mut Scan,
    image: &mut ActivityMap,
    administered: Option<Moment>,
    decay: &Decay,
    needed: bool,
) -> Result<Timing> {
    let slices = image.volume.grid.dims[2];
    if scan.frames.len() > 1 && scan.frames.len() != slices {
        return Err(Error::input(
            format!("{} times for {slices} slices", scan.frames.len()),
            "each slice has its own",
            "Export the series again.",
        ));
    }
    scan.check_dates(scan.stated.time.is_some() || administered.is_some())?;
    let by_user = administered.map(|moment| scan.clock_s(&moment)).transpose();
    let by_user = match by_user {
        Err(e) if scan.stated_s().is_none() => return Err(e),
        other => other.unwrap_or_default().flatten(),
    };
    let in_file = scan.in_file_s.as_ref().ok().copied().flatten();
    scan.corrected_to_stated(scan.stated_s().map(|t| -t).or(by_user).or(in_file))?;
    // What START refers to, before a stated time is counted from there.
    if scan.correction == Some(DecayCorrection::Start) {
        let (reference, told) = match scan.corrected_to_s {
            Some(to) => (StartReference::Series(to), Vec::new()),
            None => {
                let known = by_user.or(in_file).or(scan.stated_s().map(|t| -t));
                scan.clock(decay).start_reference(known)
            }
        };
        scan.reference = reference;
        scan.told.extend(told);
        if matches!(reference, StartReference::Administration(_)) {
            scan.correction = Some(DecayCorrection::Admin);
        }
    }
    let begin = match scan.reference {
        StartReference::Series(s) => s,
        _ => 0.0,
    };
    let tolerance_s = clock_tolerance_s(decay);
    let other = by_user.or(in_file);
    // A stated time is that of the scan's start; or, where the clocks say so, that to which its values are corrected.
    let counted_from = |t: f64| {
        let fits = |at: f64| other.is_some_and(|o| (at - t - o).abs() <= tolerance_s);
        if !fits(0.0) && fits(begin) { begin } else { 0.0 }
    };
    let stated = scan.stated_s().map(|t| counted_from(t) - t);
    let from = scan.stated_s().map_or(begin, counted_from);
    let shown = |given: f64| hours_text(from - given);
    if stated.is_some() && from == 0.0 && begin.abs() > tolerance_s {
        scan.told.push(format!(
            "the stated time is counted from the start of the scan, {} after the time to which its values are corrected",
            hours_text(-begin)
        ));
    }
    if let (Some(stated), Some(other)) = (stated, other)
        && (stated - other).abs() > tolerance_s
    {
        scan.told.push(format!(
            "the scan is stated to be {} after the administration, its clocks say {}: the stated time is taken",
            shown(stated),
            shown(other)
        ));
    }
    if let (Some(by_user), Some(in_file)) = (by_user, in_file)
        && (by_user - in_file).abs() > tolerance_s
    {
        scan.told.push(format!(
            "the stated administration is {} before the scan, that of the file {}: the stated one is taken",
            shown(by_user),
            shown(in_file)
        ));
    }
    let given = stated.or(other);
    let admin = scan.correction == Some(DecayCorrection::Admin);
    if needed && given.is_none() && !(admin && scan.name.is_empty()) {
        let dated = administered.is_some() || scan.facts.administration_time.is_some();
        return Err(unknown(scan, dated));
    }
    // A correction to a time before the administration is arithmetic that the scanner may have done all the same.
    let latest = begin.max(0.0);
    if let Some(given) = given.filter(|g| *g > latest) {
        return Err(Error::input(
            format!("the scan began {} before the administration", hours_text(given - latest)),
            "activity is measured after it was given",
            "Correct the times, or state them: time or administered in a series file, --administered for one image.",
        ));
    }
    if let Some(given) = given.filter(|_| needed || !scan.name.is_empty()) {
        within_reach(&[-given], decay.constant_per_s()).map_err(|e| Error {
            problem: format!("the administration is {} before the scan", hours_text(-given)),
            suggestion: format!(
                "Dates of de-identified files are often no dates: state the time, {}.",
                if scan.name.is_empty() {
                    "such as --administered 24h"
                } else {
                    "time = \"24h\" in the [[time_point]] or administered at the top of the series file"
                }
            ),
            ..e
        })?;
    }
    if stated.is_none()
        && let (Some(given), Some(start)) = (given, scan.start)
    {
        scan.told.extend(zones::across_a_change(&start, given, decay));
    }
    if scan.correction == Some(DecayCorrection::Admin) {
        tell_admin_interval(scan, decay, given, in_file);
        let undone = admin_interval(scan, decay, given, in_file);
        let mut timing = scan.finish(image, undone, decay)?;
        if let (Some(given), Some(undone)) = (given, undone) {
            let counted = timing.since_administration_s.map(|since| since + undone - given);
            timing.since_administration_s = counted;
        }
        return Ok(timing);
    }
    scan.finish(image, given, decay)
}

/// The error of decays that are to be counted from a time that nobody states.
pub fn unknown_administration() -> Error {
    Error::usage(
        "--physical-decay counts from the administration, and neither the file nor an option says when that was",
        "decays between the administration and the scan would be missing",
        "Add --administered with its date and time, or how long before the scan it was, such as --administered 22h; or count from the time \
         of the image alone: --decay-from image.",
    )
}

/// `dated`: the administration is stated by date.
fn unknown(scan: &Scan, dated: bool) -> Error {
    if let Err(e) = &scan.in_file_s {
        return e.clone();
    }
    if scan.start.is_none() && dated {
        return Error::input(
            "no date and time of the scan",
            "the administration is known by date, but the image states no time of its own",
            "Say how long after the administration the scan began: time = \"24h\" in a series file, --administered 24h for one image.",
        );
    }
    if scan.name.is_empty() {
        return unknown_administration();
    }
    Error::input(
        "no time after the administration",
        "neither the series file nor the image states it",
        "Add time = \"24h\" to the [[time_point]], or administered = \"2026-03-01T10:00:00+01:00\" at the top of the series file where the \
         image states its own date and time.",
    )
}
