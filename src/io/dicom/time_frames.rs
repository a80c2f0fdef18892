//! Several frames at the same places, as in dynamic and gated PET: one of them is chosen, none is summed.
//!
//! Frames are numbered from 1 in the order of their times or, without times, of the numbers that the objects give them.

use super::attributes::*;
use super::frame_start::FrameTimes;
use super::frames::{Frame, Scope};
use super::geometry::{PlaneAxes, dot};
use super::series::Header;
use crate::error::{Error, Result};

/// Slices nearer than this (mm) are in one place.
const SAME_PLACE_MM: f64 = 0.01;

/// Attributes that may order frames: the first that every frame has, and that differs between all frames of each place,
/// is used. Enhanced objects hold some of them in FrameContentSequence; a date goes with its time.
const ORDERS: [&[Attribute]; 9] = [
    &[FRAME_ACQUISITION_DATE_TIME],
    &[ACQUISITION_DATE_TIME],
    &[ACQUISITION_DATE, ACQUISITION_TIME],
    &[TEMPORAL_POSITION_INDEX],
    &[TEMPORAL_POSITION_IDENTIFIER],
    &[FRAME_REFERENCE_TIME],
    &[TRIGGER_TIME],
    &[IMAGE_INDEX],
    &[INSTANCE_NUMBER],
];

/// What orders a frame.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Key {
    Number(f64),
    Text(Vec<String>),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Number(n) => write!(f, "{n}"),
            Key::Text(parts) => write!(f, "{}", parts.join(" ")),
        }
    }
}

fn key(headers: &[Header], frame: &Frame, attributes: &[Attribute]) -> Option<Key> {
    let scope = Scope::of(headers[frame.file].root(), frame.index);
    let texts: Option<Vec<String>> = attributes
        .iter()
        .map(|a| {
            let item = scope.find(FRAME_CONTENT_SEQUENCE, *a)?;
            item.text(*a).or_else(|| item.number(*a).ok().flatten().map(|n| n.to_string()))
        })
        .collect();
    let texts = texts?;
    let is_clock = attributes[0].keyword().contains("Date");
    match texts.as_slice() {
        [one] if !is_clock => one.parse().ok().filter(|x: &f64| x.is_finite()).map(Key::Number),
        // Dates and times of one form and zone ascend as text.
        _ => Some(Key::Text(texts)),
    }
}

/// The frames of one time (or gate) of several. `wanted` counts from 1.
///
/// # Errors
/// If there are several and none is chosen, or the chosen one does not exist. Places with unequal numbers of frames are
/// left to the stacking of slices, which refuses them.
pub(super) fn choose(
    headers: &[Header],
    frames: Vec<Frame>,
    wanted: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<(Vec<Frame>, Option<FrameTimes>)> {
    let Some(first) = frames.first() else { return Ok((frames, None)) };
    let axes = PlaneAxes::new(&first.placement)?;
    let depth = |f: &Frame| dot(f.placement.position, axes.normal);
    let mut order: Vec<usize> = (0..frames.len()).collect();
    order.sort_by(|&a, &b| depth(&frames[a]).total_cmp(&depth(&frames[b])));
    let mut places: Vec<Vec<usize>> = Vec::new();
    for n in order {
        match places.last_mut() {
            Some(place) if depth(&frames[n]) - depth(&frames[place[0]]) < SAME_PLACE_MM => {
                place.push(n);
            }
            _ => places.push(vec![n]),
        }
    }
    let count = places[0].len();
    let name = headers[first.file].path.display();
    if places.iter().any(|p| p.len() != count) {
        return Ok((frames, None));
    }
    if let Some(n) = wanted.filter(|n| *n > count || *n == 0) {
        return Err(Error::usage(
            format!("{name}: there is no frame {n}"),
            format!("the series has {count}, counted from 1"),
            if count == 1 { "Leave --frame out." } else { "Choose a frame that exists." },
        ));
    }
    if count == 1 {
        return Ok((frames, None));
    }
    let sorted = ORDERS.iter().find_map(|attributes| {
        let mut keyed = Vec::new();
        for place in &places {
            let mut here: Vec<(Key, usize)> = place
                .iter()
                .map(|n| Some((key(headers, &frames[*n], attributes)?, *n)))
                .collect::<Option<_>>()?;
            here.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal));
            if here.windows(2).any(|w| w[0].0 == w[1].0) {
                return None;
            }
            keyed.push(here);
        }
        Some((attributes[attributes.len() - 1], keyed))
    });
    let Some((attribute, keyed)) = sorted else {
        return Err(Error::input(
            format!("{name}: {count} slices lie in every place"),
            "nothing in the headers orders them, so frames cannot be numbered",
            "Give the files of one frame.",
        ));
    };
    let list = || {
        let shown = keyed[0].iter().enumerate().map(|(k, (key, _))| format!("{}: {key}", k + 1));
        format!("by {attribute} {}", shown.collect::<Vec<_>>().join("; "))
    };
    let Some(wanted) = wanted else {
        return Err(Error::input(
            format!("{name}: the series has {count} frames in every place, {}", list()),
            "time frames and gates cannot be one volume",
            "Choose one with --frame N (from 1; in a series file: frame = N).",
        ));
    };
    notes.push(format!("frame {wanted} was read of {count}, {}", list()));
    let chosen: Vec<usize> = keyed.iter().map(|place| place[wanted - 1].1).collect();
    let of_place: Vec<&Frame> = keyed[0].iter().map(|(_, n)| &frames[*n]).collect();
    let times = FrameTimes::of(headers, &of_place, wanted);
    let kept = frames.into_iter().enumerate().filter(|(n, _)| chosen.contains(n)).map(|(_, f)| f);
    Ok((kept.collect(), times))
}

/// The objects that frames come from, and the frames with their new places among them.
pub(super) fn used(headers: Vec<Header>, mut frames: Vec<Frame>) -> (Vec<Header>, Vec<Frame>) {
    let mut place: Vec<Option<usize>> = vec![None; headers.len()];
    frames.iter().for_each(|f| place[f.file] = Some(0));
    let mut kept = Vec::new();
    for (n, header) in headers.into_iter().enumerate() {
        if place[n].is_some() {
            place[n] = Some(kept.len());
            kept.push(header);
        }
    }
    for frame in &mut frames {
        frame.file = place[frame.file].unwrap_or(0);
    }
    (kept, frames)
}
