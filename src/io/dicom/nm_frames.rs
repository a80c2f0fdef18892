//! Which frames of an NM reconstruction make the volume: one energy window, and of several detectors, gates or time slots
//! one, each slice once.

use super::attributes::*;
use super::facts::EnergyWindow;
use super::options::ReadOptions;
use crate::error::{Error, Result};

/// What frames may differ in besides slice and energy window, with the words for it.
const KINDS: [(Attribute, &str); 3] = [
    (DETECTOR_VECTOR, "detector"),
    (RR_INTERVAL_VECTOR, "RR interval"),
    (TIME_SLOT_VECTOR, "time slot"),
];

/// The frames that were chosen.
pub(super) struct Chosen {
    /// Frame index (from 0) and slice number (from 1).
    pub frames: Vec<(usize, usize)>,
    /// Detector (from 1) of these frames.
    pub detector: usize,
    /// Their energy window.
    pub window: EnergyWindow,
}

/// Chooses the frames to read.
pub(super) fn select_frames(
    root: Item<'_>,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Chosen> {
    let count = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1);
    let slices = vector(root, SLICE_VECTOR, count)?
        .ok_or_else(|| root.missing(SLICE_VECTOR, "it says which slice a frame is"))?;
    let windows = vector(root, ENERGY_WINDOW_VECTOR, count)?.unwrap_or_else(|| vec![1; count]);
    let window = choose_window(root, &windows, options.energy_window, notes)?;
    let kinds: Vec<Vec<usize>> = KINDS
        .iter()
        .map(
            |(attribute, _)| Ok(vector(root, *attribute, count)?.unwrap_or_else(|| vec![1; count])),
        )
        .collect::<Result<_>>()?;
    let volume = |k: usize| [kinds[0][k], kinds[1][k], kinds[2][k]];
    let of_window: Vec<usize> = (0..count).filter(|&k| windows[k] == window).collect();
    let volumes = distinct(of_window.iter().map(|&k| volume(k)));
    let chosen = choose_volume(root, &volumes, options.frame, notes)?;
    Ok(Chosen {
        frames: of_window
            .into_iter()
            .filter(|&k| volume(k) == chosen)
            .map(|k| (k, slices[k]))
            .collect(),
        detector: chosen[0],
        window: energy_window(root, window),
    })
}

/// The volume (detector, RR interval, time slot) to read of those of one energy window. `wanted` counts from 1.
fn choose_volume(
    root: Item<'_>,
    volumes: &[[usize; 3]],
    wanted: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<[usize; 3]> {
    let differ: Vec<usize> =
        (0..3).filter(|&n| volumes.iter().any(|v| v[n] != volumes[0][n])).collect();
    let name = |v: &[usize; 3]| {
        let parts: Vec<String> =
            differ.iter().map(|&n| format!("{} {}", KINDS[n].1, v[n])).collect();
        parts.join(", ")
    };
    let list = || {
        let all = volumes.iter().enumerate().map(|(n, v)| format!("{}: {}", n + 1, name(v)));
        all.collect::<Vec<_>>().join("; ")
    };
    match (wanted, volumes) {
        (Some(n), all) if n == 0 || n > all.len() => Err(Error::usage(
            format!("{}: there is no frame {n}", root.path.display()),
            match all.len() {
                1 => "the object holds one volume".into(),
                several => format!("the object holds {several} volumes, {}", list()),
            },
            if all.len() == 1 { "Leave --frame out." } else { "Choose a frame that exists." },
        )),
        (_, [one]) => Ok(*one),
        (Some(n), all) => {
            notes.push(format!(
                "frame {n} ({}) was read of {}; its counts are those of this part of the acquisition",
                name(&all[n - 1]),
                all.len()
            ));
            Ok(all[n - 1])
        }
        (None, _) => {
            let attribute = differ.first().map_or(SLICE_VECTOR, |&n| KINDS[n].0);
            Err(root.bad(
                attribute,
                &format!("a list for {} volumes", volumes.len()),
                &format!(
                    "several detectors, intervals or time slots are not one volume: {}",
                    list()
                ),
                "Choose one with --frame N (from 1; in a series file: frame = N).",
            ))
        }
    }
}

/// The energy window to read.
fn choose_window(
    root: Item<'_>,
    windows: &[usize],
    wanted: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<usize> {
    let present = distinct(windows.iter().copied());
    let names = || present.iter().map(|w| describe(root, *w)).collect::<Vec<_>>().join("; ");
    let chosen = match (wanted, present.as_slice()) {
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
    Ok(chosen)
}

/// Name and limits of a window, as far as the object says them.
fn energy_window(root: Item<'_>, window: usize) -> EnergyWindow {
    let items = root.items(ENERGY_WINDOW_INFORMATION_SEQUENCE);
    let Some(item) = window.checked_sub(1).and_then(|k| items.get(k)) else {
        return EnergyWindow::default();
    };
    let limit = |r: &Item<'_>, attribute| r.number(attribute).ok().flatten();
    let limits_kev = item.item(ENERGY_WINDOW_RANGE_SEQUENCE).and_then(|r| {
        Some([limit(&r, ENERGY_WINDOW_LOWER_LIMIT)?, limit(&r, ENERGY_WINDOW_UPPER_LIMIT)?])
    });
    EnergyWindow { name: item.text(ENERGY_WINDOW_NAME), limits_kev }
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

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = values.collect();
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
