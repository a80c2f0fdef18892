//! How long the projections of a reconstructed SPECT took. Neglects the time between stops and that views of several rotations may
//! overlap.
//!
//! PS3.3 C.8.4.12: each rotation states its number of angular views and the duration of one; phases (C.8.4.14) state both alike. Views
//! are counted per detector, unless the arc they cover is a full turn that several detectors share. A duration at the root is that of the
//! whole with some writers and of one view with others: it is kept apart, told where it is used, and no count is divided by it.

use super::attributes::*;
use crate::error::Result;

/// Duration (s), where it was found, and whether it is the sum of several; none if the object does not state it.
pub(super) fn acquisition_duration(root: &Item<'_>) -> Result<Option<(f64, String, bool)>> {
    let detectors = match root.count(NUMBER_OF_DETECTORS)? {
        Some(n) if n > 0 => n,
        _ => root.items(DETECTOR_INFORMATION_SEQUENCE).len().max(1),
    };
    for (sequence, count) in [
        (ROTATION_INFORMATION_SEQUENCE, NUMBER_OF_FRAMES_IN_ROTATION),
        (PHASE_INFORMATION_SEQUENCE, NUMBER_OF_FRAMES_IN_PHASE),
    ] {
        let mut total = 0.0;
        let mut parts = Vec::new();
        for item in root.items(sequence) {
            let frame_ms = item.number(ACTUAL_FRAME_DURATION)?;
            if let (Some(frames), Some(ms)) = (item.count(count)?, frame_ms) {
                let arc = item.number(SCAN_ARC)?.unwrap_or(0.0).abs();
                let shared = if arc >= 359.0 { detectors } else { 1 };
                let stops = frames as f64 / shared as f64;
                total += stops * ms * 1e-3;
                parts.push(format!("{stops} views of {} s", ms * 1e-3));
            }
        }
        if total > 0.0 {
            return Ok(Some((total, parts.join(" and "), parts.len() > 1)));
        }
    }
    Ok(None)
}
