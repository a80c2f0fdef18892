//! What an enhanced PET object says about its times and corrections (PS3.3 C.8.22), told in the terms of the older one:
//! to what its decay is corrected, when its frames were taken and how long.

use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, Scope};
use super::series::Header;
use crate::error::Result;
use crate::time::Moment;

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
    facts.read_times(headers, frames, notes);
    facts.frame_duration_s = facts.slices.first().and_then(|s| s.duration_s);
    facts.decay_factors = decay_factors(headers, frames)?;
    if root.text(ATTENUATION_CORRECTED).as_deref() != Some("YES") {
        notes.push(format!("{ATTENUATION_CORRECTED} is not YES: attenuation may be uncorrected"));
    }
    facts.decay_correction = match root.text(DECAY_CORRECTED).as_deref() {
        Some("NO") => Some("NONE".into()),
        Some("YES") => {
            let Some(to) = facts.decay_corrected_to else {
                // A date that cannot be read is told with the others.
                if root.has(DECAY_CORRECTION_DATE_TIME) && !facts.clock_problems.is_empty() {
                    return Ok(());
                }
                return Err(root.missing(
                    DECAY_CORRECTION_DATE_TIME,
                    "DecayCorrected (0018,9758) is YES, and it says to what time",
                ));
            };
            let is = |time: Option<Moment>| {
                let apart = time.and_then(|t| to.seconds_since(&t).ok());
                apart.is_some_and(|s| s.abs() <= SAME_S)
            };
            if is(facts.administration_time) {
                Some("ADMIN".into())
            } else {
                if !is(facts.acquisition_time) && !is(facts.series_time) {
                    notes.push(format!(
                        "{DECAY_CORRECTION_DATE_TIME} is {to}, neither the start of the acquisition nor the administration: \
                         the activity is that of this time"
                    ));
                }
                Some("START".into())
            }
        }
        // Some writers leave the older object's attribute.
        _ => root.text(DECAY_CORRECTION),
    };
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
