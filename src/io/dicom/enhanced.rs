//! What an enhanced PET object says about its times and corrections (PS3.3 C.8.22), told in the terms of the older one:
//! to what its decay is corrected, when its frames were taken and how long.

use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, Scope};
use super::series::Header;
use super::time::DateTime;
use crate::error::Result;

/// Enhanced PET Image Storage (PS3.4 B.5).
const ENHANCED_PET: &str = "1.2.840.10008.5.1.4.1.1.130";
/// Two stated times nearer than this (s) are the same one.
const SAME_S: f64 = 1.0;

/// True for an enhanced PET object, by its class or, without one, by its frames' functional groups.
pub(super) fn is_enhanced(root: Item<'_>) -> bool {
    match root.text(SOP_CLASS_UID) {
        Some(uid) => uid == ENHANCED_PET,
        None => root.has(DECAY_CORRECTED),
    }
}

/// Fills in times and the decay correction of the frames that were read.
pub(super) fn read_decay(
    headers: &[Header],
    frames: &[&Frame],
    facts: &mut Facts,
    notes: &mut Vec<String>,
) -> Result<()> {
    let Some(first) = frames.first() else { return Ok(()) };
    let root = headers[first.file].root();
    // The administered activity of an enhanced object is in MBq (PS3.3 C.8.22.4).
    facts.read_radiopharmaceutical(&root, 1e6, notes)?;
    let content = |frame: &Frame, attribute: Attribute| {
        Scope::of(headers[frame.file].root(), frame.index).find(FRAME_CONTENT_SEQUENCE, attribute)
    };
    let time_of = |frame: &Frame, attribute: Attribute| -> Option<DateTime> {
        DateTime::parse_dt(&content(frame, attribute)?.text(attribute)?)
    };
    let earliest = |times: &mut dyn Iterator<Item = DateTime>| {
        times.min_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    };
    let stated = |a: Attribute| root.text(a).as_deref().and_then(DateTime::parse_dt);
    let begun =
        earliest(&mut frames.iter().filter_map(|f| time_of(f, FRAME_ACQUISITION_DATE_TIME)));
    facts.acquisition_time = begun.or_else(|| stated(ACQUISITION_DATE_TIME));
    if let Some(item) = content(first, FRAME_ACQUISITION_DURATION) {
        facts.frame_duration_s = item.number(FRAME_ACQUISITION_DURATION)?.map(|ms| ms * 1e-3);
    }
    facts.frame_reference_time_s = time_of(first, FRAME_REFERENCE_DATE_TIME)
        .zip(time_of(first, FRAME_ACQUISITION_DATE_TIME))
        .map(|(reference, start)| reference.seconds_since(&start));
    facts.decay_factors = decay_factors(headers, frames)?;
    if root.text(ATTENUATION_CORRECTED).as_deref() != Some("YES") {
        notes.push(format!("{ATTENUATION_CORRECTED} is not YES: attenuation may be uncorrected"));
    }
    facts.decay_corrected_to = stated(DECAY_CORRECTION_DATE_TIME);
    facts.decay_correction = match root.text(DECAY_CORRECTED).as_deref() {
        Some("NO") => Some("NONE".into()),
        Some("YES") => {
            let Some(to) = facts.decay_corrected_to else {
                return Err(root.missing(
                    DECAY_CORRECTION_DATE_TIME,
                    "DecayCorrected (0018,9758) is YES, and it says to what time",
                ));
            };
            let is =
                |time: Option<DateTime>| time.is_some_and(|t| to.seconds_since(&t).abs() <= SAME_S);
            let starts = [facts.acquisition_time, stated(ACQUISITION_DATE_TIME), facts.series_time];
            if is(facts.administration_time) {
                Some("ADMIN".into())
            } else if starts.into_iter().any(is) {
                // The older object's START refers to the time of the series.
                facts.series_time = Some(to);
                Some("START".into())
            } else {
                let text = root.text(DECAY_CORRECTION_DATE_TIME).unwrap_or_default();
                notes.push(format!(
                    "{DECAY_CORRECTION_DATE_TIME} is {text}, neither the start of the acquisition nor the administration: \
                     the activity is that of this time"
                ));
                Some(format!("to {text}"))
            }
        }
        // Some writers leave the older object's attribute.
        _ => root.text(DECAY_CORRECTION),
    };
    facts.note_decay_correction(notes);
    Ok(())
}

/// Smallest and largest decay factor of the frames.
fn decay_factors(headers: &[Header], frames: &[&Frame]) -> Result<Option<[f64; 2]>> {
    let mut factors: Option<[f64; 2]> = None;
    for frame in frames {
        let scope = Scope::of(headers[frame.file].root(), frame.index);
        let Some(item) = scope.find(PET_FRAME_CORRECTION_FACTORS_SEQUENCE, DECAY_FACTOR) else {
            continue;
        };
        if let Some(factor) = item.number(DECAY_FACTOR)? {
            let [low, high] = factors.unwrap_or([factor; 2]);
            factors = Some([low.min(factor), high.max(factor)]);
        }
    }
    Ok(factors)
}
