//! To when the values of a scan are corrected, and what makes all of them the activity at one time. Neglects that activity moves between
//! the frames of a scan: from one bed to the next only physical decay acts.
//!
//! NONE: each frame (bed) holds its own mean; all are brought to the mean of the frames' mean times. ADMIN: undone to the start of the scan.
//! START: PS3.3 C.8.9.1.1.5 means the start of the acquisition, of which some writers keep the series' time and others that of the first
//! frame. A DecayFactor (0054,1321) decides: it is exp(lambda (frame start - reference)) times x / (1 - exp(-x)), x = lambda T, where
//! some writers leave the second factor out of the scaling: means are then undone without it, which is told. Where it is absent, FrameReferenceTime (0054,1300) does, where all frames' lie within their
//! frames from one reference alone. Where nothing does, it is the series' time unless the acquisition is earlier (QIBA profile FDG-PET/CT,
//! SUV by vendor-neutral pseudo-code), and what each frame's own start would give is told.

use super::decay_time::{Decay, DecayCorrection, ImageTiming, Reference};
use crate::error::Result;
use crate::time::hours_text;

/// Largest |ln| between a stated DecayFactor and the one that a reference gives: rounding in headers, and the frame's own decay in part.
const FACTOR_TOLERANCE: f64 = 0.02;
/// ln of a difference that is told: 0.1 %.
const MATTERS: f64 = 1e-3;
/// One reading of a factor fits clearly better than another with this part of its misfit.
const CLEARLY: f64 = 0.25;
/// A DecayFactor this near to 1 says that the frame's values were not scaled.
const UNITY: f64 = 1e-6;
/// Tolerance of a FrameReferenceTime, s.
const REFERENCE_TIME_TOLERANCE_S: f64 = 2.0;

/// One frame (bed position, slice), s after the start of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScanFrame {
    /// Start.
    pub start_s: f64,
    /// Length; none if unknown.
    pub duration_s: Option<f64>,
    /// DecayFactor.
    pub decay_factor: Option<f64>,
    /// FrameReferenceTime.
    pub frame_reference_s: Option<f64>,
}

/// What a scan says about its times. All times are s after the start of the first frame.
#[derive(Debug, Clone, Copy)]
pub struct ScanClock<'a> {
    /// At least one.
    pub frames: &'a [ScanFrame],
    /// SeriesDate and SeriesTime.
    pub series_s: Option<f64>,
    /// Start of the first time frame of a dynamic series of which a later one is read.
    pub first_frame_s: Option<f64>,
    /// Of the nuclide.
    pub decay: Decay,
    /// With the half-life that the scanner corrected with.
    pub scanner: Decay,
    /// Whether a correction is also one for the decay within each frame ([`ScanClock::frames_scaled_alone`]).
    pub within_frames: bool,
}

/// To what START was corrected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartReference {
    /// The series' time (s).
    Series(f64),
    /// The start of the first frame.
    FirstFrame,
    /// Each frame's own start.
    OwnFrame,
    /// The administration (s), in spite of its name.
    Administration(f64),
}

/// All values at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct AtOneTime {
    /// That time.
    pub time_s: f64,
    /// What the values of each frame are multiplied by.
    pub factors: Vec<f64>,
}

impl StartReference {
    /// s, for a frame.
    fn of(self, frame: &ScanFrame) -> f64 {
        match self {
            StartReference::Series(s) | StartReference::Administration(s) => s,
            StartReference::FirstFrame => 0.0,
            StartReference::OwnFrame => frame.start_s,
        }
    }

    fn name(self) -> String {
        match self {
            StartReference::Series(s) => {
                format!("the series' time {} before the first frame", hours_text(-s))
            }
            StartReference::FirstFrame => "the start of the first frame".into(),
            StartReference::OwnFrame => "the start of each frame".into(),
            StartReference::Administration(s) => {
                format!("the administration {} before the first frame", hours_text(-s))
            }
        }
    }
}

impl ScanClock<'_> {
    /// Decides what START refers to, with what should be told. `administered_s` is on the scan's clock.
    pub fn start_reference(&self, administered_s: Option<f64>) -> (StartReference, Vec<String>) {
        let candidates = self.candidates(administered_s);
        let default = candidates[0];
        // Between the two that no factor is needed to think of.
        let of_first = |c: &StartReference| match c {
            StartReference::Series(s) => self.first_start() - s,
            _ => 0.0,
        };
        let apart = self.scanner.constant_per_s() * of_first(&default);
        if let Some(found) = self.by_decay_factor(&candidates) {
            let (reference, frame, misfit) = found;
            let stated = frame.decay_factor.unwrap_or(f64::NAN);
            let mut told = Vec::new();
            if misfit > FACTOR_TOLERANCE {
                let each: Vec<String> = candidates
                    .iter()
                    .map(|c| {
                        format!("{:.5} from {}", self.predicted(*c, frame, true).exp(), c.name())
                    })
                    .collect();
                told.push(format!(
                    "DecayFactor (0054,1321) is {stated}{}, which no reference of START gives ({}): {} is taken",
                    if self.frames.len() > 1 { " in one of the slices" } else { "" },
                    each.join(", "),
                    default.name()
                ));
                return (default, told);
            }
            if reference != default && self.differs(reference, default) {
                told.push(format!(
                    "START refers to {}, as DecayFactor (0054,1321) {stated} says; from {} it would be {:.5}",
                    reference.name(),
                    default.name(),
                    self.predicted(default, frame, true).exp()
                ));
            }
            // Factors of 1 are those of each frame's own start too.
            if self.unscaled() && candidates.contains(&StartReference::OwnFrame) {
                let (reference, more) = self.by_reference_time_or(reference, &candidates);
                told.extend(more);
                return (reference, told);
            }
            return (reference, told);
        }
        let (reference, mut told) = self.by_reference_time_or(default, &candidates);
        if reference == default && apart > MATTERS && self.by_reference_time(&candidates).is_none()
        {
            told.push(format!(
                "DecayCorrection START is taken to mean {}; were it the start of the first frame, activity would be {:.4} times as \
                 large at any time, and neither DecayFactor (0054,1321) nor FrameReferenceTime (0054,1300) decides",
                default.name(),
                apart.exp()
            ));
        }
        (reference, told)
    }

    /// What FrameReferenceTime says, else `default`, with what should be told.
    fn by_reference_time_or(
        &self,
        default: StartReference,
        candidates: &[StartReference],
    ) -> (StartReference, Vec<String>) {
        let mut told = Vec::new();
        match self.by_reference_time(candidates) {
            Some(reference) => {
                if self.differs(reference, default) {
                    told.push(format!(
                        "START refers to {}, as FrameReferenceTime (0054,1300) says, not to {}, with which {}",
                        reference.name(),
                        default.name(),
                        self.apart_text(default, reference)
                    ));
                }
                (reference, told)
            }
            None => {
                let own = StartReference::OwnFrame;
                if candidates.contains(&own) && self.differs(own, default) {
                    told.push(format!(
                        "DecayCorrection START is taken to mean {} for all frames; were it the start of each, {}, and neither DecayFactor \
                         (0054,1321) nor FrameReferenceTime (0054,1300) decides",
                        default.name(),
                        self.apart_text(own, default)
                    ));
                }
                (default, told)
            }
        }
    }

    /// Whether every DecayFactor that is stated is 1: the values were not scaled, or the factors not filled in.
    fn unscaled(&self) -> bool {
        let mut stated = self.frames.iter().filter_map(|f| f.decay_factor.filter(|d| *d > 0.0));
        stated.all(|d| (d - 1.0).abs() < UNITY)
    }

    /// Whether two references differ by more than is worth telling.
    fn differs(&self, one: StartReference, other: StartReference) -> bool {
        let apart = |f: &ScanFrame| self.scanner.constant_per_s() * (one.of(f) - other.of(f)).abs();
        self.frames.iter().map(apart).fold(0.0, f64::max) > MATTERS
    }

    /// What a reference makes of a frame's activity beside another, where they differ most.
    fn apart_text(&self, one: StartReference, other: StartReference) -> String {
        let ln = |f: &ScanFrame| self.scanner.constant_per_s() * (one.of(f) - other.of(f));
        let larger = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
        let most = self.frames.iter().map(ln).fold(0.0, larger);
        format!(
            "the activity of a frame would be up to {:.4} times as large at any time",
            most.exp()
        )
    }

    /// References that START may have; the first is that of a file which says no more.
    fn candidates(&self, administered_s: Option<f64>) -> Vec<StartReference> {
        let first = self.first_start();
        // A series that begins before the administration does not date the acquisition; one that begins after it was made later.
        let series = self
            .series_s
            .filter(|s| *s < first - 1.0 && administered_s.is_none_or(|given| *s >= given - 60.0));
        let mut all: Vec<StartReference> = series
            .map(StartReference::Series)
            .into_iter()
            .chain(self.first_frame_s.filter(|s| *s < first - 1.0).map(StartReference::Series))
            .chain([StartReference::FirstFrame])
            .collect();
        if self.frames.iter().any(|f| f.start_s > first + 1.0) {
            all.push(StartReference::OwnFrame);
        }
        if let Some(given) = administered_s.filter(|g| *g < first) {
            all.push(StartReference::Administration(given));
        }
        all
    }

    fn first_start(&self) -> f64 {
        self.frames.iter().map(|f| f.start_s).fold(f64::INFINITY, f64::min)
    }

    /// ln of the factor that corrects the mean of a frame to a reference, with or without the decay within the frame.
    fn predicted(&self, reference: StartReference, frame: &ScanFrame, within: bool) -> f64 {
        let elapsed = self.scanner.constant_per_s() * (frame.start_s - reference.of(frame));
        let average = self.scanner.frame_average(frame.duration_s.unwrap_or(0.0)).unwrap_or(1.0);
        if within { elapsed - average.ln() } else { elapsed }
    }

    /// The reference that fits the stated factors best, the frame whose factor fits it least, and the |ln| of that misfit.
    fn by_decay_factor(
        &self,
        candidates: &[StartReference],
    ) -> Option<(StartReference, &ScanFrame, f64)> {
        let stated: Vec<(&ScanFrame, f64)> = self
            .frames
            .iter()
            .filter_map(|f| Some((f, f.decay_factor.filter(|d| *d > 0.0)?)))
            .collect();
        let unscaled = self.unscaled();
        let first = self.first_start();
        // Factors of 1 everywhere: those of later frames were not filled in, and the two references that one frame can tell remain.
        let used: Vec<&(&ScanFrame, f64)> =
            stated.iter().filter(|(f, _)| !unscaled || f.start_s <= first + 1.0).collect();
        let mut best: Option<(StartReference, &ScanFrame, f64)> = None;
        for candidate in candidates {
            let common =
                matches!(candidate, StartReference::Series(_) | StartReference::FirstFrame);
            if unscaled && !common {
                continue;
            }
            let misfit = |within: bool| {
                let one = |(f, d): &&(&ScanFrame, f64)| {
                    (self.predicted(*candidate, f, within) - d.ln()).abs()
                };
                let worse = |a: (usize, f64), b: (usize, f64)| if b.1 > a.1 { b } else { a };
                used.iter().map(one).enumerate().fold((0, 0.0), worse)
            };
            // What says 1 leaves the decay within the frame out.
            let (with, without) = (misfit(true), misfit(false));
            let (worst, misfit) = if unscaled || without.1 < with.1 { without } else { with };
            let (frame, _) = used.get(worst)?;
            if best.is_none_or(|(_, _, other)| misfit < other - 1e-9) {
                best = Some((*candidate, frame, misfit));
            }
        }
        best
    }

    /// The one reference from which every FrameReferenceTime that is not 0 (which is how it is left empty) lies within its frame. Each frame's
    /// own start is one only where times after the first frame tell it from the first's.
    fn by_reference_time(&self, candidates: &[StartReference]) -> Option<StartReference> {
        let stated: Vec<(&ScanFrame, f64)> = self
            .frames
            .iter()
            .filter_map(|f| Some((f, f.frame_reference_s.filter(|t| *t > 1e-3)?)))
            .collect();
        let first = self.first_start();
        let of_first = stated.iter().position(|(f, _)| f.start_s <= first + 1.0);
        let within = |(frame, stated): &(&ScanFrame, f64), c: &StartReference| {
            let early = frame.start_s - c.of(frame) - REFERENCE_TIME_TOLERANCE_S;
            let late = early + frame.duration_s.unwrap_or(0.0) + 2.0 * REFERENCE_TIME_TOLERANCE_S;
            (early..=late).contains(stated)
        };
        let common = |c: &StartReference| {
            matches!(c, StartReference::Series(_) | StartReference::FirstFrame)
        };
        let of_all = |c: &&StartReference| {
            (common(c) || **c == StartReference::OwnFrame) && stated.iter().all(|s| within(s, c))
        };
        let fitting: Vec<&StartReference> = candidates.iter().filter(of_all).collect();
        if let [one] = fitting[..] {
            return (!stated.is_empty()).then_some(*one);
        }
        // Times of later frames that fit nothing leave the first frame's.
        let first = &stated[of_first?];
        let fits = |c: &&StartReference| common(c) && within(first, c);
        let of_first: Vec<&StartReference> = candidates.iter().filter(fits).collect();
        match of_first[..] {
            [one] if fitting.is_empty() => Some(*one),
            _ => None,
        }
    }

    /// Whether the stated factors are those of a correction to `reference` without the decay within the frames, which the means were then not
    /// corrected for: what scaled the image is what the attribute states (PS3.3 C.8.9.4). Gives the smallest mean over a frame beside its start
    /// where that matters. Factors of 1 everywhere are factors that were not filled in.
    pub fn frames_scaled_alone(&self, reference: StartReference) -> Option<f64> {
        let stated =
            || self.frames.iter().filter_map(|f| Some((f, f.decay_factor.filter(|d| *d > 0.0)?)));
        if self.unscaled() || stated().next().is_none() {
            return None;
        }
        let misfit = |within: bool| {
            let one =
                |(f, d): (&ScanFrame, f64)| (self.predicted(reference, f, within) - d.ln()).abs();
            stated().map(one).fold(0.0, f64::max)
        };
        let (with, without) = (misfit(true), misfit(false));
        let average = |f: &ScanFrame| self.scanner.frame_average(f.duration_s?).ok();
        let smallest = self.frames.iter().filter_map(average).fold(1.0, f64::min);
        (with > MATTERS && without < CLEARLY * with).then_some(smallest)
    }

    /// What DecayFactor would be for ADMIN, and the stated one, of the first frame that has one other than 1.
    pub fn admin_factors(&self, administered_s: f64) -> Option<(f64, f64)> {
        let frame =
            self.frames.iter().find(|f| f.decay_factor.is_some_and(|d| (d - 1.0).abs() > UNITY))?;
        let stated = frame.decay_factor?;
        let reference = StartReference::Administration(administered_s);
        let misfit = |f: &f64| (f / stated).ln().abs();
        let [with, alone] = [true, false].map(|w| self.predicted(reference, frame, w).exp());
        Some((if misfit(&alone) < misfit(&with) { alone } else { with }, stated))
    }

    /// True if the stated factors are those of a correction to `administered_s`, or state nothing (none: nothing is stated).
    pub fn admin_fits(&self, administered_s: f64) -> Option<bool> {
        let (expected, stated) = self.admin_factors(administered_s)?;
        Some((expected / stated).ln().abs() <= FACTOR_TOLERANCE)
    }

    /// The time of which a scan's values are taken to be the activity when they are not corrected: the mean of the frames' mean times.
    fn mean_time_s(&self) -> Result<f64> {
        let mut sum = 0.0;
        for frame in self.frames {
            sum += frame.start_s + self.decay.mean_time_s(frame.duration_s.unwrap_or(0.0))?;
        }
        Ok(sum / self.frames.len() as f64)
    }

    /// What makes all values the activity of one time: the reference of START, the mean time of NONE, the start of the scan for ADMIN.
    ///
    /// # Errors
    /// If ADMIN comes without the time of administration, or more than ten half-lives are to be corrected.
    pub fn at_one_time(
        &self,
        correction: DecayCorrection,
        start: StartReference,
        administered_s: Option<f64>,
    ) -> Result<AtOneTime> {
        let time_s = match correction {
            DecayCorrection::None => self.mean_time_s()?,
            DecayCorrection::Start => {
                start.of(&ScanFrame { start_s: self.first_start(), ..ScanFrame::default() })
            }
            DecayCorrection::Admin => self.first_start(),
        };
        let factor = |frame: &ScanFrame| {
            let scan_start_s = match correction {
                DecayCorrection::Start => start.of(frame),
                _ => self.first_start(),
            };
            let timing = ImageTiming {
                correction,
                scan_start_s,
                frame_start_s: frame.start_s,
                frame_duration_s: frame.duration_s.unwrap_or(0.0),
                injection_s: administered_s.filter(|_| correction == DecayCorrection::Admin),
                within_frame: self.within_frames,
            };
            timing.factor_to_undoing(Reference::At(time_s), &self.decay, &self.scanner)
        };
        let factors = self.frames.iter().map(factor).collect::<Result<_>>()?;
        Ok(AtOneTime { time_s, factors })
    }

    /// Corrected values taken back to the mean time of the acquisition by the physical decay that corrected them: what was measured is a mean
    /// over the frames, and from there to the reference activity may also have cleared (F-18 leaving within the hour: 5 % in frames of
    /// 20 min). Values whose frames state no duration stay.
    ///
    /// # Errors
    /// If a duration cannot be.
    pub fn at_mean_time(&self, at: AtOneTime) -> Result<AtOneTime> {
        if self.frames.iter().any(|f| f.duration_s.is_none_or(|s| s <= 0.0)) {
            return Ok(at);
        }
        let time_s = self.mean_time_s()?;
        let back = (-self.decay.constant_per_s() * (time_s - at.time_s)).exp();
        Ok(AtOneTime { time_s, factors: at.factors.iter().map(|f| f * back).collect() })
    }
}

#[cfg(test)]
#[path = "scan_clock_tests.rs"]
mod tests;
