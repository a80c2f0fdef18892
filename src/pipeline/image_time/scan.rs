//! One image with its times: what its file says, what the user states, and what is taken where neither does.

use super::{Stated, Timing};
use crate::activity::{
    ActivityMap, Decay, DecayCorrection, ScanClock, ScanFrame, StartReference,
    half_life_in_another_unit,
};
use crate::error::{Error, Result};
use crate::io::dicom::Facts;
use crate::time::{Moment, Offset, TimeOrSpan};

/// A header's half-life this near to the nuclide's is the same one with other digits (F-18 is written 6588 s and 6586.2 s).
const SAME_HALF_LIFE: f64 = 1e-3;

/// No scan that is not one of many frames is shorter (s).
const SHORTEST_SCAN_S: f64 = 10.0;
/// Seconds that were written for milliseconds are at least a minute.
const SHORTEST_MS_AS_S: f64 = 0.06;
/// Half of 20 min, a usual scan (s).
const HALF_OF_A_SCAN_S: f64 = 600.0;
/// Decay that changes nothing beside the other uncertainties.
const NEGLIGIBLE_DECAY: f64 = 1e-3;

/// One image with its times.
pub struct Scan {
    /// Start of the first frame, where the file or the user states a date.
    pub(super) start: Option<Moment>,
    pub(super) frames: Vec<ScanFrame>,
    pub(super) series_s: Option<f64>,
    /// Start of the first time frame of a dynamic series.
    first_frame_s: Option<f64>,
    /// What START was corrected to, where the file states the very time.
    pub(super) corrected_to_s: Option<f64>,
    pub(super) scanner: Decay,
    pub(super) correction: Option<DecayCorrection>,
    pub(super) reference: StartReference,
    /// Whether its correction is also one for the decay within each frame.
    within_frames: bool,
    /// Time of administration of the file, s on the scan's clock, or why it is not known.
    pub(super) in_file_s: Result<Option<f64>>,
    pub(super) facts: Facts,
    pub(super) stated: Stated,
    pub(super) name: String,
    /// Told before with other images, so that each is told once.
    pub told: Vec<String>,
}

impl Scan {
    /// From a file's facts (none if it is not DICOM) and the user's statements.
    ///
    /// # Errors
    /// If the decay correction is none that is known, or times of slices do not compare.
    pub fn new(name: &str, facts: Option<Facts>, stated: Stated, decay: &Decay) -> Result<Self> {
        let dicom = facts.is_some();
        let facts = facts.unwrap_or_default();
        let mut told = Vec::new();
        let scanner = facts.half_life_s.filter(|t| *t > 0.0).map(|stated| {
            // Told by the comparison with the nuclide.
            half_life_in_another_unit(stated, decay.half_life_s).map_or(stated, |(_, s)| s)
        });
        let scanner = Decay { half_life_s: scanner.unwrap_or(decay.half_life_s), ..*decay };
        let start = match stated.time {
            Some(TimeOrSpan::At(moment)) => {
                let own = moment.or_offset(offset_of(&facts));
                if own != moment {
                    told.push(super::zones::told("start of the scan", &moment, &own));
                }
                Some(own)
            }
            _ => facts.acquisition_time,
        };
        let mut scan = Scan {
            frames: frames(&facts, stated.duration_s)?,
            series_s: on_clock(&facts.series_time, &facts.acquisition_time).unwrap_or(None),
            first_frame_s: on_clock(&facts.first_frame_time, &facts.acquisition_time)?,
            corrected_to_s: on_clock(&facts.decay_corrected_to, &facts.acquisition_time)?,
            scanner,
            correction: None,
            reference: StartReference::FirstFrame,
            within_frames: true,
            in_file_s: on_clock(&facts.administration_time, &start),
            start,
            facts,
            stated,
            name: name.into(),
            told,
        };
        scan.correction = scan.meaning(dicom)?;
        Ok(scan)
    }

    /// The offset from UTC of its clock, where the file or the user states one.
    pub(super) fn offset(&self) -> Option<Offset> {
        match self.start {
            Some(start) => start.offset(),
            None => offset_of(&self.facts),
        }
    }

    /// The scanner's half-life is that of the header; for START one that only differs in its digits changes nothing.
    pub(super) fn clock<'a>(&'a self, decay: &Decay) -> ScanClock<'a> {
        let same = (self.scanner.half_life_s / decay.half_life_s - 1.0).abs() < SAME_HALF_LIFE;
        let as_it_stands = same && self.correction == Some(DecayCorrection::Start);
        let scanner = if as_it_stands { *decay } else { self.scanner };
        ScanClock {
            frames: &self.frames,
            series_s: self.series_s,
            first_frame_s: self.first_frame_s,
            decay: *decay,
            scanner,
            within_frames: self.within_frames,
        }
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
            let source = match (&self.facts.duration_source, self.facts.image_duration_s) {
                _ if self.stated.duration_s.is_some() => " (as stated)".into(),
                (Some(source), _) => format!(" ({source})"),
                (None, Some(_)) => {
                    " (ActualFrameDuration (0018,1242), be it of one view or of all)".into()
                }
                (None, None) => String::new(),
            };
            let duration = match self.frames[0].duration_s {
                Some(seconds) => format!("{seconds} s{source}"),
                None => "unknown duration, taken as 0".into(),
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
    pub(super) fn stated_s(&self) -> Option<f64> {
        match self.stated.time {
            Some(TimeOrSpan::Span(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// Takes the time to which the values are stated to be corrected, which goes before that of the file; `given_s` is the administration on the
    /// scan's clock.
    pub(super) fn corrected_to_stated(&mut self, given_s: Option<f64>) -> Result<()> {
        let to = match self.stated.corrected_to {
            None => return Ok(()),
            Some(TimeOrSpan::At(moment)) => self.clock_s(&moment)?,
            Some(TimeOrSpan::Span(seconds)) => given_s.map(|given| given + seconds),
        };
        if to.is_none() {
            return Err(Error::input(
                "decay_corrected_to, and how long before the scan that was is not known",
                "the scan or the administration has no time to count from",
                "Add time = \"24h\" (start of the scan after the administration) to its [[time_point]].",
            ));
        }
        self.corrected_to_s = to;
        Ok(())
    }

    /// Seconds on the scan's clock of a moment.
    pub(super) fn clock_s(&self, moment: &Moment) -> Result<Option<f64>> {
        on_clock(&Some(*moment), &self.start)
    }

    /// The problems of the file's dates, where they matter: told where a time is stated.
    pub(super) fn check_dates(&mut self, stated: bool) -> Result<()> {
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
    pub(super) fn finish(
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
        self.told.extend(self.unknown_duration(correction, decay));
        self.told.extend(self.seconds_for_milliseconds(decay));
        self.told.extend(self.another_duration(decay));
        self.decide_within_frames(correction, administered_s, decay);
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
            (_, StartReference::Series(_)) if self.stated.corrected_to.is_some() => {
                "the time to which it is stated to be corrected".into()
            }
            (_, StartReference::Series(_)) if self.corrected_to_s.is_some() => {
                "the time of DecayCorrectionDateTime (0018,9701)".into()
            }
            (_, StartReference::Series(_)) => "the series' time (DecayCorrection START)".into(),
            _ => "the start of the acquisition (DecayCorrection START)".into(),
        };
        let ends = [at.factors[0], at.factors[at.factors.len() - 1]];
        let changed = at.factors.iter().map(|f| (f - 1.0).abs()).fold(0.0, f64::max);
        if changed > 1e-6 {
            let (low, high) =
                at.factors.iter().fold((f64::MAX, 0.0_f64), |(l, h), f| (l.min(*f), h.max(*f)));
            let by = if high - low > 5e-7 {
                format!("{low:.6} to {high:.6}")
            } else {
                format!("{low:.6}")
            };
            self.told.push(format!(
                "DecayCorrection {}: values are multiplied by {by} to be the activity at one time, {}",
                correction.name(),
                timing(at.time_s, what.clone(), ends).what
            ));
        }
        // A point of a curve stands where it was measured; a single image keeps the time that its file states.
        let alone = self.name.is_empty() || correction == DecayCorrection::None;
        let mut measured =
            if alone { at.clone() } else { self.clock(decay).at_mean_time(at.clone())? };
        // Without a duration the scan is a moment: its start, from which the clock counts.
        let to_start = !alone && self.stated.corrected_to.is_some() && measured.time_s == at.time_s;
        if to_start {
            let back = (decay.constant_per_s() * measured.time_s).exp();
            measured.factors.iter_mut().for_each(|f| *f *= back);
            measured.time_s = 0.0;
        }
        apply(image, &measured.factors);
        if measured.time_s == at.time_s {
            return Ok(timing(at.time_s, what, ends));
        }
        let what = if to_start {
            "the start of the scan (decay_corrected_to, undone)".to_owned()
        } else {
            format!(
                "the mean time of the acquisition (DecayCorrection {}, taken there by physical decay)",
                correction.name()
            )
        };
        let ends = [measured.factors[0], measured.factors[measured.factors.len() - 1]];
        Ok(timing(measured.time_s, what, ends))
    }
}

impl Scan {
    /// How a statement is given: a key of a series file, or an option for one image.
    pub(super) fn statement(&self, key: &str, option: &str, value: &str) -> String {
        if self.name.is_empty() {
            format!("{option} {value}")
        } else {
            format!("{key} = \"{value}\" in its [[time_point]]")
        }
    }

    /// A mean over a frame of unknown length is taken as the value at its start; a corrected one of a point of a curve too, where what cleared
    /// within the frame is missing. A single corrected image is the activity of its time, whatever the length.
    fn unknown_duration(&self, correction: DecayCorrection, decay: &Decay) -> Option<String> {
        let unknown = self.frames.iter().any(|f| f.duration_s.is_none());
        let change = 1.0 - decay.factor(HALF_OF_A_SCAN_S).unwrap_or(0.0);
        let mean = correction == DecayCorrection::None;
        if !unknown || !(mean || (!self.name.is_empty() && change > NEGLIGIBLE_DECAY)) {
            return None;
        }
        let what = if mean {
            "its values are taken as those at its start"
        } else {
            "its values are taken as measured at its start, and what clears during the scan is not seen"
        };
        let key = if self.name.is_empty() {
            "--scan-duration 20min states it".into()
        } else {
            self.statement("duration", "--scan-duration", "20min") + " states it"
        };
        Some(format!(
            "the duration of the scan is not known: {what}; half of 20 min is {:.2} % of decay; {key}",
            100.0 * change
        ))
    }

    /// What DecayFactor says on the decay within the frames, unless the correction is stated.
    fn decide_within_frames(
        &mut self,
        correction: DecayCorrection,
        administered_s: Option<f64>,
        decay: &Decay,
    ) {
        let reference = match (correction, administered_s) {
            (DecayCorrection::Start, _) => self.reference,
            (DecayCorrection::Admin, Some(given)) => StartReference::Administration(given),
            _ => return,
        };
        if self.stated.correction.is_some() {
            return;
        }
        let Some(average) = self.clock(decay).frames_scaled_alone(reference) else { return };
        self.within_frames = false;
        let name = correction.name().to_lowercase();
        self.told.push(format!(
            "DecayFactor (0054,1321) scales each frame for the time from its start, not for the decay within it: values are taken as means over \
             their frames times that factor; were they corrected for the decay within the frames too, activity would be {average:.4} times that; \
             {} says so",
            self.statement("decay_correction", "--decay-correction", &name)
        ));
    }

    /// A stated duration that is another than the file's: told where that changes the values.
    fn another_duration(&self, decay: &Decay) -> Option<String> {
        let stated = self.stated.duration_s?;
        let slices = self.facts.slices.iter().filter_map(|s| s.duration_s);
        let own: Vec<f64> = self
            .facts
            .frame_duration_s
            .or(self.facts.image_duration_s)
            .into_iter()
            .chain(slices)
            .collect();
        let farthest =
            own.into_iter().max_by(|a, b| (a - stated).abs().total_cmp(&(b - stated).abs()))?;
        let change = 1.0 - decay.factor(0.5 * (farthest - stated).abs()).unwrap_or(0.0);
        (change > NEGLIGIBLE_DECAY).then(|| {
            format!(
                "the duration is stated as {stated} s, the file says {farthest} s (ActualFrameDuration (0018,1242) or its like): the stated one is taken, and \
                 makes up to {:.1} % of the activity",
                100.0 * change
            )
        })
    }

    /// A duration too short for a scan, which may be seconds in the place of milliseconds: told where that would change the values.
    fn seconds_for_milliseconds(&self, decay: &Decay) -> Option<String> {
        if self.stated.duration_s.is_some() {
            return None;
        }
        let mut durations = self.frames.iter().filter_map(|f| f.duration_s);
        let short = durations.find(|s| (SHORTEST_MS_AS_S..SHORTEST_SCAN_S).contains(s))?;
        let change = 1.0 - decay.factor(0.5 * short * 1e3).unwrap_or(0.0);
        (change > NEGLIGIBLE_DECAY).then(|| {
            format!(
                "ActualFrameDuration (0018,1242) is {:.0} ms, a scan of {short} s: if seconds were written for milliseconds, values are {:.1} % off; \
                 --scan-duration or duration in a series file states it",
                1e3 * short,
                100.0 * change
            )
        })
    }
}

/// The offset from UTC that a file states for its times.
fn offset_of(facts: &Facts) -> Option<Offset> {
    match facts.acquisition_time.or(facts.series_time).or(facts.administration_time) {
        Some(moment) => moment.offset(),
        None => facts.administration_clock.and_then(|c| c.offset()),
    }
}

/// Frames with the same times are one; a volume's slices keep theirs.
fn frames(facts: &Facts, stated_duration_s: Option<f64>) -> Result<Vec<ScanFrame>> {
    let whole = ScanFrame {
        start_s: 0.0,
        duration_s: stated_duration_s.or(facts.frame_duration_s).or(facts.image_duration_s),
        decay_factor: None,
        frame_reference_s: None,
    };
    let undated = undated_starts(facts);
    let of_slice = |(n, slice): (usize, &crate::io::dicom::SliceClock)| {
        let dated = on_clock(&slice.start, &facts.acquisition_time)?;
        Ok(ScanFrame {
            start_s: dated.or(undated.get(n).copied()).unwrap_or(0.0),
            duration_s: stated_duration_s.or(slice.duration_s),
            decay_factor: slice.decay_factor,
            frame_reference_s: slice.frame_reference_time_s,
        })
    };
    let all: Vec<ScanFrame> =
        facts.slices.iter().enumerate().map(of_slice).collect::<Result<_>>()?;
    match all.first() {
        None => Ok(vec![whole]),
        Some(first) if all.iter().all(|f| f == first) => Ok(vec![*first]),
        Some(_) => Ok(all),
    }
}

/// Starts of slices (s after the first) by their times of day, where dates were taken out: clocks that go on past midnight are a day later. Empty
/// where a date is known, or a slice states no time.
fn undated_starts(facts: &Facts) -> Vec<f64> {
    let clocks: Option<Vec<_>> = facts.slices.iter().map(|s| s.time_of_day).collect();
    let (Some(clocks), None) = (clocks, facts.acquisition_time) else { return Vec::new() };
    let Some(first) = clocks.first() else { return Vec::new() };
    // Any date: only differences count, none of them as long as half a day.
    let Ok(origin) = Moment::parse("2000-01-02T00:00:00") else { return Vec::new() };
    let Ok(origin) = first.or_offset(None).nearest_to(&origin.or_offset(first.offset())) else {
        return Vec::new();
    };
    let since =
        |c: &crate::time::ClockTime| c.nearest_to(&origin).and_then(|m| m.seconds_since(&origin));
    let Ok(starts) = clocks.iter().map(since).collect::<Result<Vec<f64>>>() else {
        return Vec::new();
    };
    let earliest = starts.iter().copied().fold(f64::INFINITY, f64::min);
    starts.iter().map(|s| s - earliest).collect()
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
