//! Attributes of one object that state the same thing twice and differently. Neglects differences of less than five minutes: clocks are set
//! by hand. Which of two is right cannot be told: the one that is used is named, with the other, so that a stated time or correction can
//! overrule both.

use super::attributes::*;
use super::clock::Clock;
use crate::error::Result;
use crate::time::{ClockTime, Dated, Moment, Offset, hours_text};

/// Clocks that are this far apart are the same, s.
const TOLERANCE_S: f64 = 300.0;
/// A DecayFactor this near to 1 says that values were not scaled.
const UNITY: f64 = 1e-6;

/// RadiopharmaceuticalStartDateTime against RadiopharmaceuticalStartTime.
pub(super) fn administration(clock: &Clock<'_>, item: Option<&Item<'_>>) -> Result<Option<String>> {
    let (dated, timed) = (RADIOPHARMACEUTICAL_START_DATE_TIME, RADIOPHARMACEUTICAL_START_TIME);
    let Some(item) = item else { return Ok(None) };
    let apart = against(clock, item, dated, timed)?;
    Ok(apart.map(|(stamp, time, gap)| {
        format!(
            "{dated} is {stamp} and {timed} is {time}, {gap} apart: the former is taken; administered in a series file, --administered for \
             one image, state it otherwise"
        )
    }))
}

/// AcquisitionDateTime against AcquisitionTime.
pub(super) fn acquisition(root: Item<'_>, zone: Option<Offset>) -> Result<Option<String>> {
    let mut clock = Clock::of(root)?;
    clock.zone = clock.zone.or(zone);
    let apart = against(&clock, &root, ACQUISITION_DATE_TIME, ACQUISITION_TIME)?;
    Ok(apart.map(|(stamp, time, gap)| {
        format!(
            "{ACQUISITION_DATE_TIME} is {stamp} and {ACQUISITION_TIME} is {time}, {gap} apart: the former is taken; time in a series file, \
             --administered for one image, state it otherwise"
        )
    }))
}

/// A DT and a TM of the same event; none where they agree, or do not compare.
fn against(
    clock: &Clock<'_>,
    holder: &Item<'_>,
    dated: Attribute,
    timed: Attribute,
) -> Result<Option<(Moment, ClockTime, String)>> {
    let stamp = match clock.dated(holder, dated)? {
        Some(Dated::Moment(stamp)) => stamp.or_offset(clock.zone),
        _ => return Ok(None),
    };
    let Some(time) = clock.time_of_day(holder, timed)? else { return Ok(None) };
    // Half hours and quarters between the two would have shown the offset of local times.
    let time = time.or_offset(stamp.offset());
    let apart = time.nearest_to(&stamp).and_then(|t| stamp.seconds_since(&t)).map(f64::abs);
    Ok(apart.ok().filter(|s| *s > TOLERANCE_S).map(|s| (stamp, time, hours_text(s))))
}

/// DecayCorrection against CorrectedImage and DecayFactor.
pub(super) fn decay(root: &Item<'_>) -> Result<Vec<String>> {
    let Some(correction) = root.text(DECAY_CORRECTION) else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    let otherwise =
        "decay_correction in a series file, --decay-correction for one image, state it otherwise";
    let none = correction == "NONE";
    let factor = root.number(DECAY_FACTOR)?;
    if let Some(factor) = factor.filter(|f| none && (f - 1.0).abs() > UNITY) {
        notes.push(format!(
            "{DECAY_CORRECTION} is NONE and {DECAY_FACTOR} is {factor}: values are taken as not corrected; were they multiplied by it, they \
             would be {factor} times too large; {otherwise}"
        ));
    }
    if let Some(listed) = super::decay_listed(root).filter(|listed| *listed == none) {
        notes.push(format!(
            "{DECAY_CORRECTION} is {correction} and {CORRECTED_IMAGE} {} DECY: {correction} is taken; {otherwise}",
            if listed { "lists" } else { "does not list" }
        ));
    }
    Ok(notes)
}
