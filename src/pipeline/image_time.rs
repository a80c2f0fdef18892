//! When an activity image was taken and given, from its file and from what the user states, and its values brought to one time. A single
//! image is a series of one: both take this way.
//!
//! What the user states goes before the file, with a warning that shows both where they differ; what is assumed is told.

use serde_json::{Value, json};

use super::Observer;
use super::source::Source;
use crate::activity::{
    ActivityMap, Decay, DecayCorrection, Quantity, ScanClock, ScanFrame, StartReference,
};
use crate::error::{Error, Result};
use crate::io::dicom::Facts;
use crate::job::{ActivityInput, DecayFrom, Job};
use crate::time::{Moment, TimeOrSpan, hours_text};

/// Difference (s) between a stated time and that of the file above which both are shown: clocks and injections over minutes.
const CLOCK_TOLERANCE_S: f64 = 300.0;
/// A header's half-life this near to the nuclide's is the same one with other digits (F-18 is written 6588 s and 6586.2 s).
const SAME_HALF_LIFE: f64 = 1e-3;
/// Days before the first scan that are tried for an administration without a date whose DecayFactor tells them.
const DAYS_TRIED: i32 = 15;

/// What the user states about one image.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stated {
    /// Start of the scan: after the administration, or by date.
    pub time: Option<TimeOrSpan>,
    /// Duration of the scan, s.
    pub duration_s: Option<f64>,
    /// To when the values are corrected.
    pub correction: Option<DecayCorrection>,
}

impl Stated {
    /// With what the options say of all images where nothing is stated for this one.
    #[must_use]
    pub fn or(self, options: &ActivityInput) -> Self {
        Stated {
            time: self.time,
            duration_s: self.duration_s.or(options.scan_duration_s),
            correction: self.correction.or(options.decay_correction),
        }
    }
}

/// One image with its times.
pub struct Scan {
    /// Start of the first frame, where the file or the user states a date.
    start: Option<Moment>,
    frames: Vec<ScanFrame>,
    series_s: Option<f64>,
    scanner: Decay,
    correction: Option<DecayCorrection>,
    reference: StartReference,
    /// Time of administration of the file, s on the scan's clock, or why it is not known.
    in_file_s: Result<Option<f64>>,
    facts: Facts,
    stated: Stated,
    name: String,
    /// Told before with other images, so that each is told once.
    pub told: Vec<String>,
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
    /// Why the administration is not known, where something can be said.
    pub unknown: Option<Error>,
}

impl Timing {
    /// For the summary.
    pub fn json(&self) -> Value {
        json!({
            "activity_time": self.what,
            "decay_correction": self.correction.map(DecayCorrection::name),
            "administered": self.administered.map(|m| m.to_string()),
            "hours_after_administration": self.since_administration_s.map(|s| s / crate::units::SECONDS_PER_HOUR),
            "factors": self.factors,
        })
    }
}

impl Scan {
    /// From a file's facts (none if it is not DICOM) and the user's statements.
    ///
    /// # Errors
    /// If the decay correction is none that is known, or times of slices do not compare.
    pub fn new(name: &str, facts: Option<Facts>, stated: Stated, decay: &Decay) -> Result<Self> {
        let dicom = facts.is_some();
        let facts = facts.unwrap_or_default();
        let scanner = facts.half_life_s.filter(|t| *t > 0.0);
        let scanner = Decay { half_life_s: scanner.unwrap_or(decay.half_life_s), ..*decay };
        let start = match stated.time {
            Some(TimeOrSpan::At(moment)) => Some(moment),
            _ => facts.acquisition_time,
        };
        let mut scan = Scan {
            frames: frames(&facts, stated.duration_s)?,
            series_s: on_clock(&facts.series_time, &facts.acquisition_time).unwrap_or(None),
            scanner,
            correction: None,
            reference: StartReference::FirstFrame,
            in_file_s: on_clock(&facts.administration_time, &start),
            start,
            facts,
            stated,
            name: name.into(),
            told: Vec::new(),
        };
        scan.correction = scan.meaning(dicom)?;
        Ok(scan)
    }

    /// The scanner's half-life is that of the header; for START one that only differs in its digits changes nothing.
    fn clock<'a>(&'a self, decay: &Decay) -> ScanClock<'a> {
        let same = (self.scanner.half_life_s / decay.half_life_s - 1.0).abs() < SAME_HALF_LIFE;
        let as_it_stands = same && self.correction == Some(DecayCorrection::Start);
        let scanner = if as_it_stands { *decay } else { self.scanner };
        ScanClock { frames: &self.frames, series_s: self.series_s, decay: *decay, scanner }
    }

    /// To when the values are corrected: stated, read, or assumed and told. None for a file that has no such attribute and no statement.
    fn meaning(&mut self, dicom: bool) -> Result<Option<DecayCorrection>> {
        let read = self.facts.decay_correction.as_deref();
        if let Some(stated) = self.stated.correction {
            if let Some(read) = read.filter(|r| *r != stated.name()) {
                self.told.push(format!(
                    "decay correction {} is stated, DecayCorrection (0054,1102) is {read}: the stated one is taken",
                    stated.name()
                ));
            }
            return Ok(Some(stated));
        }
        if read.is_some() {
            return DecayCorrection::from_dicom(read).map(Some);
        }
        if !dicom {
            // A duration without more is that over which the values are means.
            return Ok(self.stated.duration_s.map(|_| DecayCorrection::None));
        }
        let nm = self.facts.modality == "NM";
        if self.facts.decay_listed == Some(false) || (nm && self.facts.decay_listed.is_none()) {
            let duration = match (self.frames[0].duration_s, &self.facts.duration_source) {
                (Some(seconds), Some(source)) => format!("{seconds} s ({source})"),
                (Some(seconds), None) => format!("{seconds} s"),
                (None, _) => "unknown duration, taken as 0".into(),
            };
            self.told.push(format!(
                "DecayCorrection (0054,1102) is missing{}: values are taken as means over an acquisition of {duration} that are not \
                 corrected for decay; decay_correction and duration in a series file, --decay-correction and --scan-duration for one image, \
                 state it otherwise",
                if nm { ", as in NM objects" } else { " and CorrectedImage (0028,0051) does not list DECY" }
            ));
            return Ok(Some(DecayCorrection::None));
        }
        self.told.push(
            "DecayCorrection (0054,1102) is missing: values are taken as corrected to the start of the scan (START); decay_correction in a \
             series file, --decay-correction for one image, state it otherwise"
                .into(),
        );
        Ok(Some(DecayCorrection::Start))
    }

    /// Stated time after the administration, s.
    fn stated_s(&self) -> Option<f64> {
        match self.stated.time {
            Some(TimeOrSpan::Span(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// Seconds on the scan's clock of a moment.
    fn clock_s(&self, moment: &Moment) -> Result<Option<f64>> {
        on_clock(&Some(*moment), &self.start)
    }

    /// The problems of the file's dates, where they matter: told where a time is stated.
    fn check_dates(&mut self, stated: bool) -> Result<()> {
        match self.facts.clock_problems.first() {
            Some(problem) if !stated => Err(problem.clone()),
            Some(problem) => {
                self.told.push(format!(
                    "{} ({}); the stated time is taken",
                    problem.problem, problem.why
                ));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The time of the values after all is known; `administered_s` is on the scan's clock.
    fn finish(
        &mut self,
        image: &mut ActivityMap,
        administered_s: Option<f64>,
        decay: &Decay,
    ) -> Result<Timing> {
        let correction = self.correction;
        let start = self.start;
        // To the millisecond: digits below are those of a mean time.
        let moment = |s: f64| start.and_then(|m| m.plus_seconds((s * 1e3).round() / 1e3));
        let timing = |time_s: f64, what: String, factors: [f64; 2]| Timing {
            since_administration_s: administered_s.map(|given| time_s - given),
            administered: administered_s.and_then(moment),
            what: moment(time_s).map_or(what.clone(), |m| format!("{m}, {what}")),
            correction,
            factors,
            unknown: self.in_file_s.as_ref().err().cloned(),
        };
        let Some(correction) = correction else {
            return Ok(timing(0.0, "a time that the file does not state".into(), [1.0; 2]));
        };
        if correction == DecayCorrection::Admin && administered_s.is_none() {
            let what = "the administration (DecayCorrection ADMIN), not the scan".to_string();
            self.told.push(format!(
                "activity is that at {what}: how long before the scan that was is not known; --administered states it"
            ));
            return Ok(Timing { since_administration_s: Some(0.0), ..timing(0.0, what, [1.0; 2]) });
        }
        if correction == DecayCorrection::None && self.frames.iter().any(|f| f.duration_s.is_none())
        {
            self.told.push(format!(
                "the duration of the scan is not known: its values are taken as those at its start; half of 20 min is {:.2} % of decay",
                100.0 * (1.0 - decay.factor(600.0).unwrap_or(0.0))
            ));
        }
        let at = self.clock(decay).at_one_time(correction, self.reference, administered_s)?;
        let many = at.factors.len() > 1;
        let what = match (correction, self.reference) {
            (DecayCorrection::None, _) if many => {
                "the mean of the mean times of all frames (DecayCorrection NONE)".into()
            }
            (DecayCorrection::None, _) => {
                "the mean time of the acquisition (DecayCorrection NONE)".into()
            }
            (DecayCorrection::Admin, _) => {
                "the start of the scan (DecayCorrection ADMIN, undone)".to_string()
            }
            (_, StartReference::Series(_)) => "the series' time (DecayCorrection START)".into(),
            _ => "the start of the acquisition (DecayCorrection START)".into(),
        };
        apply(image, &at.factors);
        let ends = [at.factors[0], at.factors[at.factors.len() - 1]];
        let changed = at.factors.iter().map(|f| (f - 1.0).abs()).fold(0.0, f64::max);
        if changed > 1e-6 {
            let (low, high) =
                at.factors.iter().fold((f64::MAX, 0.0_f64), |(l, h), f| (l.min(*f), h.max(*f)));
            self.told.push(format!(
                "DecayCorrection {}: values are multiplied by {low:.6} to {high:.6} to be the activity at one time, {}",
                correction.name(),
                timing(at.time_s, what.clone(), ends).what
            ));
        }
        Ok(timing(at.time_s, what, ends))
    }
}

/// Frames with the same times are one; a volume's slices keep theirs.
fn frames(facts: &Facts, stated_duration_s: Option<f64>) -> Result<Vec<ScanFrame>> {
    let whole = ScanFrame {
        start_s: 0.0,
        duration_s: stated_duration_s.or(facts.frame_duration_s),
        decay_factor: None,
        frame_reference_s: None,
    };
    let of_slice = |slice: &crate::io::dicom::SliceClock| {
        Ok(ScanFrame {
            start_s: on_clock(&slice.start, &facts.acquisition_time)?.unwrap_or(0.0),
            duration_s: stated_duration_s.or(slice.duration_s),
            decay_factor: slice.decay_factor,
            frame_reference_s: slice.frame_reference_time_s,
        })
    };
    let all: Vec<ScanFrame> = facts.slices.iter().map(of_slice).collect::<Result<_>>()?;
    match all.first() {
        None => Ok(vec![whole]),
        Some(first) if all.iter().all(|f| f == first) => Ok(vec![*first]),
        Some(_) => Ok(all),
    }
}

/// Seconds from `origin` to a moment; none if one is not known.
fn on_clock(moment: &Option<Moment>, origin: &Option<Moment>) -> Result<Option<f64>> {
    let (Some(moment), Some(origin)) = (moment, origin) else { return Ok(None) };
    moment.seconds_since(origin).map(Some).map_err(|mut e| {
        e.suggestion = "Where TimezoneOffsetFromUTC (0008,0201) is missing, state the time yourself: time = \"24h\" in a series file, \
                        --administered 24h for one image; where the other time is yours, write it like that of the file."
            .into();
        e
    })
}

/// Multiplies each slice by its factor, or all voxels by the only one.
fn apply(image: &mut ActivityMap, factors: &[f64]) {
    let [nx, ny, _] = image.volume.grid.dims;
    for (k, slice) in image.volume.data.chunks_mut((nx * ny).max(1)).enumerate() {
        let factor =
            if factors.len() == 1 { factors[0] } else { factors.get(k).copied().unwrap_or(1.0) };
        if (factor - 1.0).abs() > 1e-12 {
            slice.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
        }
    }
}

/// The time of a single image, whose values are brought to it; none for what is integrated over time or decays by no half-life.
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
    let (Some(half_life_s), Quantity::Activity) = (source.half_life_s, image.quantity) else {
        return Ok(None);
    };
    let decay = Decay { half_life_s, half_life_uncertainty_s: None };
    let (time, moment) = match job.administered {
        Some(TimeOrSpan::At(moment)) => (None, Some(moment)),
        span => (span, None),
    };
    let stated = Stated { time, ..Stated::default() }.or(&job.activity);
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
    // What START refers to, before a stated time is counted from there.
    if scan.correction == Some(DecayCorrection::Start) {
        let (reference, told) = scan.clock(decay).start_reference(by_user.or(in_file));
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
    let stated = scan.stated_s().map(|t| begin - t);
    let shown = |given: f64| hours_text(begin - given);
    let other = by_user.or(in_file);
    if let (Some(stated), Some(other)) = (stated, other)
        && (stated - other).abs() > CLOCK_TOLERANCE_S
    {
        scan.told.push(format!(
            "the scan is stated to be {} after the administration, its clocks say {}: the stated time is taken",
            shown(stated),
            shown(other)
        ));
    }
    if let (Some(by_user), Some(in_file)) = (by_user, in_file)
        && (by_user - in_file).abs() > CLOCK_TOLERANCE_S
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
        return Err(unknown(scan));
    }
    if let Some(given) = given.filter(|g| *g > begin) {
        return Err(Error::input(
            format!("the scan began {} before the administration", hours_text(given - begin)),
            "activity is measured after it was given",
            "Correct the times, or state them: time or administered in a series file, --administered for one image.",
        ));
    }
    if scan.correction == Some(DecayCorrection::Admin) {
        undo_as_stated(scan, decay, given, in_file);
        let undone = admin_interval(scan, decay, given, in_file);
        let mut timing = scan.finish(image, undone, decay)?;
        if let (Some(given), true) = (given, undone != given) {
            timing.since_administration_s = Some(-given);
        }
        return Ok(timing);
    }
    scan.finish(image, given, decay)
}

/// The administration that a correction to it is undone from: the stated one, unless a DecayFactor says that of the file was used.
fn admin_interval(
    scan: &Scan,
    decay: &Decay,
    given: Option<f64>,
    in_file: Option<f64>,
) -> Option<f64> {
    let clock = scan.clock(decay);
    match (given, in_file) {
        (Some(g), Some(f))
            if clock.admin_fits(g) == Some(false) && clock.admin_fits(f) == Some(true) =>
        {
            Some(f)
        }
        _ => given,
    }
}

/// Tells where a DecayFactor contradicts the time from which ADMIN is undone.
fn undo_as_stated(scan: &mut Scan, decay: &Decay, given: Option<f64>, in_file: Option<f64>) {
    let undone = admin_interval(scan, decay, given, in_file);
    let (Some(used), clock) = (undone, scan.clock(decay)) else { return };
    let Some((expected, stated)) = clock.admin_factors(used) else { return };
    let text = match (clock.admin_fits(used), undone == given) {
        (Some(false), _) => format!(
            "DecayFactor (0054,1321) is {stated}, a correction to the administration {} before the scan gives {expected:.5}: the latter is \
             undone",
            hours_text(-used)
        ),
        (_, false) => format!(
            "the correction to the administration is undone over {}, as DecayFactor (0054,1321) {stated} says",
            hours_text(-used)
        ),
        _ => return,
    };
    scan.told.push(text);
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

fn unknown(scan: &Scan) -> Error {
    if let Err(e) = &scan.in_file_s {
        return e.clone();
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

/// Gives administrations that have a time of day alone their date: that of a file which states it; that which fits a stated time best; that
/// which a DecayFactor of ADMIN tells; or the latest before the first scan. The same for all scans.
fn dates_of_clocks(scans: &mut [Scan], decay: &Decay, administered: Option<Moment>) -> Result<()> {
    let known = scans.iter().find_map(|s| s.facts.administration_time);
    let needed = |s: &Scan| s.facts.administration_clock.is_some() && s.start.is_some();
    let mut anchor = administered.or(known);
    let mut how = None;
    if anchor.is_none() {
        // A stated time gives the day.
        anchor =
            scans.iter().filter(|s| needed(s)).find_map(|s| s.start?.plus_seconds(-s.stated_s()?));
    }
    if anchor.is_none() {
        let mut first: Option<&Scan> = None;
        for scan in scans.iter().filter(|s| needed(s)) {
            let (Some(start), before) = (scan.start, first.and_then(|f| f.start)) else { continue };
            if before.is_none_or(|b| start.seconds_since(&b).is_ok_and(|s| s < 0.0)) {
                first = Some(scan);
            }
        }
        let Some((scan, start, clock)) =
            first.and_then(|s| Some((s, s.start?, s.facts.administration_clock?)))
        else {
            return Ok(());
        };
        let Ok(latest) = clock.latest_until(&start) else {
            return mixed(scans);
        };
        let told = by_admin_factor(scan, decay, &latest, &start);
        let day = crate::units::SECONDS_PER_DAY;
        let chosen = told.unwrap_or(latest);
        let gap = start.seconds_since(&chosen)?;
        how = Some(if told.is_some() {
            format!(
                "RadiopharmaceuticalStartTime (0018,1072) {clock} has no date: DecayFactor (0054,1321) says {chosen}, {} before the first scan",
                hours_text(gap)
            )
        } else {
            format!(
                "RadiopharmaceuticalStartTime (0018,1072) {clock} has no date: taken as {chosen}, the latest before the first scan ({} \
                 before it). Were it a day earlier, activity would have decayed by a further {:.3}; administered in a series file, \
                 --administered for one image, state it",
                hours_text(gap),
                decay.factor(day).unwrap_or(0.0)
            )
        });
        anchor = Some(chosen);
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let mut earliest: Option<(f64, String)> = None;
    for scan in scans.iter_mut() {
        let moment = match (scan.facts.administration_time, scan.facts.administration_clock) {
            (None, Some(clock)) => match clock.nearest_to(&anchor) {
                Ok(moment) => moment,
                Err(e) => {
                    scan.in_file_s = Err(e);
                    continue;
                }
            },
            (Some(moment), _) => moment,
            _ => continue,
        };
        if scan.facts.administration_time.is_none() {
            scan.in_file_s = scan.clock_s(&moment);
        }
        // Files of one series state one administration.
        let Ok(apart) = moment.seconds_since(&anchor) else { continue };
        let here = format!("{moment} ({})", scan.name);
        match &earliest {
            Some((other, there))
                if (apart - other).abs() > CLOCK_TOLERANCE_S
                    && administered.is_none()
                    && scans_need(scan) =>
            {
                return Err(Error::input(
                    format!("the files state different administrations: {there} and {here}"),
                    "a series is of one administration",
                    "State it: administered = \"2026-03-01T10:00:00\" at the top of the series file, or time in each [[time_point]].",
                ));
            }
            Some(_) => {}
            None => earliest = Some((apart, here)),
        }
    }
    if let (Some(text), Some(scan)) = (how, scans.first_mut()) {
        scan.told.push(text);
    }
    Ok(())
}

fn scans_need(scan: &Scan) -> bool {
    scan.stated_s().is_none()
}

/// Times of day that do not compare with their scans are unknown, with the reason.
fn mixed(scans: &mut [Scan]) -> Result<()> {
    for scan in scans {
        if let (Some(clock), Some(start)) = (scan.facts.administration_clock, scan.start)
            && let Err(e) = clock.latest_until(&start)
        {
            scan.in_file_s = Err(e);
        }
    }
    Ok(())
}

/// The day that a DecayFactor of a correction to the administration tells.
fn by_admin_factor(scan: &Scan, decay: &Decay, latest: &Moment, start: &Moment) -> Option<Moment> {
    if scan.correction != Some(DecayCorrection::Admin) {
        return None;
    }
    (0..DAYS_TRIED)
        .filter_map(|day| latest.plus_seconds(-crate::units::SECONDS_PER_DAY * f64::from(day)))
        .find(|m| {
            let on_clock = m.seconds_since(start);
            on_clock.is_ok_and(|s| scan.clock(decay).admin_fits(s) == Some(true))
        })
}
