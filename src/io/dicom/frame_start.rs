//! When the chosen time frame of a dynamic series began, where all frames state one AcquisitionTime: that of the first. FrameReferenceTime
//! (0054,1300), the time at which the activity is its mean over the frame, gives it. Neglects gaps between frames where it is absent: then
//! nothing tells the start, and it is asked for.

use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, Scope};
use super::series::Header;
use crate::error::Error;

/// What the frames of one place say of their times, in order.
pub(super) struct FrameTimes {
    /// Of the frame, from 1.
    chosen: usize,
    frames: Vec<Stated>,
}

/// Of one frame, s.
#[derive(Clone, Copy)]
struct Stated {
    reference_s: Option<f64>,
    duration_s: Option<f64>,
}

/// Starts that frames without gaps give agree with theirs within this (s).
const TOLERANCE_S: f64 = 2.0;

impl FrameTimes {
    /// Of the frames of one place in their order, where they state one start; none where each states its own, none states one, or they are gates.
    pub fn of(headers: &[Header], ordered: &[&Frame], chosen: usize) -> Option<FrameTimes> {
        let root = headers[ordered.first()?.file].root();
        let gated = root.texts(SERIES_TYPE).is_some_and(|t| t.iter().any(|t| t == "GATED"));
        let text = |frame: &Frame, attribute: Attribute| {
            let scope = Scope::of(headers[frame.file].root(), frame.index);
            scope.find(FRAME_CONTENT_SEQUENCE, attribute)?.text(attribute)
        };
        let number = |frame: &Frame, attribute: Attribute| {
            let scope = Scope::of(headers[frame.file].root(), frame.index);
            let item = scope.find(FRAME_CONTENT_SEQUENCE, attribute)?;
            item.number(attribute).ok().flatten().map(|ms| ms * 1e-3)
        };
        let starts = [FRAME_ACQUISITION_DATE_TIME, ACQUISITION_DATE_TIME, ACQUISITION_TIME];
        let told_apart = |a: &Attribute| {
            let all: Vec<Option<String>> = ordered.iter().map(|f| text(f, *a)).collect();
            all.windows(2).any(|w| w[0] != w[1])
        };
        let stated = |a: &Attribute| text(ordered[0], *a).is_some();
        let gates = number(ordered[0], TRIGGER_TIME).is_some();
        if chosen < 2
            || gated
            || gates
            || !starts.iter().any(stated)
            || starts.iter().any(told_apart)
        {
            return None;
        }
        let of = |f: &&Frame| Stated {
            reference_s: number(f, FRAME_REFERENCE_TIME),
            duration_s: number(f, FRAME_ACQUISITION_DURATION)
                .or_else(|| number(f, ACTUAL_FRAME_DURATION))
                .filter(|s| *s > 0.0),
        };
        Some(FrameTimes { chosen, frames: ordered.iter().map(of).collect() })
    }

    /// s from the start of the first frame to that of the chosen one, by the reference times.
    fn offset_s(&self, half_life_s: Option<f64>) -> Option<f64> {
        let (first, own) = (self.frames.first()?, self.frames.get(self.chosen - 1)?);
        let apart = own.reference_s? - first.reference_s?;
        if apart <= 0.0 {
            return None;
        }
        let mean_s = |f: &Stated| {
            let duration = f.duration_s.unwrap_or(0.0);
            let x = half_life_s.map_or(0.0, |t| std::f64::consts::LN_2 * duration / t);
            if x < 1e-6 { 0.5 * duration } else { -duration * (-(-x).exp_m1() / x).ln() / x }
        };
        let by_mean = apart - (mean_s(own) - mean_s(first));
        // Some writers state the middle of the frame, or its start: where frames follow each other their durations tell.
        let middle = |f: &Stated| 0.5 * f.duration_s.unwrap_or(0.0);
        let before: Option<f64> = self.frames[..self.chosen - 1].iter().map(|f| f.duration_s).sum();
        let agrees = |sum: &f64| {
            let starts = [by_mean, apart - (middle(own) - middle(first)), apart];
            starts.iter().any(|s| (s - sum).abs() <= TOLERANCE_S)
        };
        Some(before.filter(agrees).unwrap_or(by_mean))
    }

    /// Moves the start of the frame in `facts` from that of the first to its own. Where nothing tells that, an image that is not corrected to a time
    /// of the series has none.
    pub fn apply(&self, facts: &mut Facts, notes: &mut Vec<String>) {
        let shared = facts.acquisition_time;
        if let Some(offset) = self.offset_s(facts.half_life_s) {
            let later = |m: crate::time::Moment| m.plus_seconds(offset).unwrap_or(m);
            facts.acquisition_time = facts.acquisition_time.map(later);
            facts.slices.iter_mut().for_each(|s| s.start = s.start.map(later));
            facts.first_frame_time = shared;
            notes.push(format!(
                "all frames state one {ACQUISITION_TIME}: by {FRAME_REFERENCE_TIME} frame {} began {:.1} s after the first",
                self.chosen, offset
            ));
            return;
        }
        if facts.decay_correction.as_deref().is_some_and(|c| c == "START" || c == "ADMIN") {
            return;
        }
        facts.acquisition_time = None;
        facts.slices.iter_mut().for_each(|s| s.start = None);
        facts.clock_problems.push(Error::input(
            format!("all {} frames state one {ACQUISITION_TIME}", self.frames.len()),
            format!("when frame {} began is not known: no {FRAME_REFERENCE_TIME} tells it", self.chosen),
            "State how long after the administration it began: time = \"50min\" in a series file, --administered 50min for one image.",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of F-18 that follow each other, with reference times as writers state them.
    #[test]
    fn reference_times_give_the_starts_of_frames() {
        let half_life = 6586.2;
        let frames = [(0.0, 60.0), (60.0, 120.0), (180.0, 300.0), (480.0, 1800.0)];
        let mean = |d: f64| {
            let x = std::f64::consts::LN_2 * d / half_life;
            -d * (-(-x).exp_m1() / x).ln() / x
        };
        let forms: [&dyn Fn(f64) -> f64; 3] = [&mean, &|d| 0.5 * d, &|_| 0.0];
        for (form, series_s) in forms.into_iter().flat_map(|f| [(f, 0.0), (f, 900.0)]) {
            let stated = |(start, d): &(f64, f64)| Stated {
                reference_s: Some(series_s + start + form(*d)),
                duration_s: Some(*d),
            };
            for chosen in 2..=4 {
                let times = FrameTimes { chosen, frames: frames.iter().map(stated).collect() };
                let found = times.offset_s(Some(half_life)).expect("an offset");
                assert!((found - frames[chosen - 1].0).abs() < 1e-6, "{chosen}: {found}");
            }
        }
        let empty = Stated { reference_s: Some(0.0), duration_s: Some(60.0) };
        assert_eq!(FrameTimes { chosen: 2, frames: vec![empty; 2] }.offset_s(None), None);
    }
}
