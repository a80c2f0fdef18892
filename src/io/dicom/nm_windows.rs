//! Which frames of an NM reconstruction make the volume: one energy window, one detector, each slice once.

use super::attributes::*;
use crate::error::{Error, Result};

/// Frame index (from 0) and slice number (from 1) of the frames to read.
pub(super) fn select_frames(
    root: Item<'_>,
    window: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<Vec<(usize, usize)>> {
    let count = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1);
    let slices = vector(root, SLICE_VECTOR, count)?
        .ok_or_else(|| root.missing(SLICE_VECTOR, "it says which slice a frame is"))?;
    for attribute in [DETECTOR_VECTOR, RR_INTERVAL_VECTOR, TIME_SLOT_VECTOR] {
        let values = vector(root, attribute, count)?.unwrap_or_default();
        if values.iter().any(|v| *v != values[0]) {
            return Err(root.bad(
                attribute,
                &format!("{:?}", distinct(&values)),
                "several detectors, intervals or time slots are not one volume",
                "Export one reconstruction per object.",
            ));
        }
    }
    let windows = vector(root, ENERGY_WINDOW_VECTOR, count)?.unwrap_or_else(|| vec![1; count]);
    let present = distinct(&windows);
    let names = || present.iter().map(|w| describe(root, *w)).collect::<Vec<_>>().join("; ");
    let chosen = match (window, present.as_slice()) {
        (Some(wanted), _) if present.contains(&wanted) => wanted,
        (Some(wanted), _) => {
            return Err(Error::usage(
                format!("{}: there is no energy window {wanted}", root.path.display()),
                format!("the object has {}", names()),
                "Choose one of these with --energy-window N.",
            ));
        }
        (None, [one]) => *one,
        (None, _) => {
            return Err(root.bad(
                ENERGY_WINDOW_VECTOR,
                &format!("{present:?}"),
                &format!("several energy windows were reconstructed: {}", names()),
                "Choose one with --energy-window N.",
            ));
        }
    };
    if present.len() > 1 {
        notes.push(format!(
            "energy window {} was read of {}",
            describe(root, chosen),
            present.len()
        ));
    }
    let frames: Vec<(usize, usize)> =
        (0..count).filter(|&k| windows[k] == chosen).map(|k| (k, slices[k])).collect();
    Ok(frames)
}

/// A vector with one entry per frame; none if absent.
fn vector(root: Item<'_>, attribute: Attribute, frames: usize) -> Result<Option<Vec<usize>>> {
    let Some(numbers) = root.numbers(attribute)? else { return Ok(None) };
    if numbers.len() != frames || numbers.iter().any(|n| *n < 1.0) {
        return Err(root.bad(
            attribute,
            &format!("{} values", numbers.len()),
            &format!("it must hold a positive number for each of the {frames} frames"),
            "Export the reconstruction again.",
        ));
    }
    Ok(Some(numbers.into_iter().map(|n| n as usize).collect()))
}

fn distinct(values: &[usize]) -> Vec<usize> {
    let mut all = values.to_vec();
    all.sort_unstable();
    all.dedup();
    all
}

/// `2 (Scatter, 90 to 120 keV)`, as far as the object says it.
fn describe(root: Item<'_>, window: usize) -> String {
    let items = root.items(ENERGY_WINDOW_INFORMATION_SEQUENCE);
    let Some(item) = window.checked_sub(1).and_then(|k| items.get(k)) else {
        return window.to_string();
    };
    let range = item.item(ENERGY_WINDOW_RANGE_SEQUENCE).and_then(|r| {
        let low = r.text(ENERGY_WINDOW_LOWER_LIMIT)?;
        Some(format!("{low} to {} keV", r.text(ENERGY_WINDOW_UPPER_LIMIT)?))
    });
    let parts: Vec<String> = item.text(ENERGY_WINDOW_NAME).into_iter().chain(range).collect();
    if parts.is_empty() { window.to_string() } else { format!("{window} ({})", parts.join(", ")) }
}
