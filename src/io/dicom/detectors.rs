//! Where an NM reconstruction begins, by its DetectorInformationSequence (PS3.3 C.8.4.11): one item for each camera head,
//! which for reconstructed slices should all say the same.

use super::attributes::*;
use crate::error::{Error, Result};

/// How a caller states the geometry.
pub(super) const HOW: &str = "--geometry \"origin;orientation;spacing\" in mm, such as \
     '-160,-160,-200;1,0,0,0,1,0;4.8,4.8,4.8'.";
/// Positions nearer than this (mm) are the same.
const SAME_MM: f64 = 0.01;
/// Direction cosines nearer than this are the same: 0.05 mm over 500 mm.
const SAME_COSINE: f64 = 1e-4;

type Placed = (Option<[f64; 3]>, Option<[f64; 6]>);

/// ImagePositionPatient and ImageOrientationPatient of the slices: of the detector (from 1) that the frames name, if it
/// states them, else of all that do, else of the object itself.
///
/// # Errors
/// If detectors that could be meant disagree.
pub(super) fn placement(
    root: Item<'_>,
    detector: usize,
    notes: &mut Vec<String>,
) -> Result<Placed> {
    let read = |item: &Item<'_>| -> Result<Placed> {
        Ok((item.vector(IMAGE_POSITION_PATIENT)?, item.vector(IMAGE_ORIENTATION_PATIENT)?))
    };
    let items = root.items(DETECTOR_INFORMATION_SEQUENCE);
    let stated: Vec<(usize, Placed)> = items
        .iter()
        .enumerate()
        .map(|(n, item)| Ok((n + 1, read(item)?)))
        .filter(|r: &Result<_>| !matches!(r, Ok((_, (None, None)))))
        .collect::<Result<_>>()?;
    let own = read(&root)?;
    let named = root.has(DETECTOR_VECTOR);
    let chosen = if named { stated.iter().find(|(n, _)| *n == detector) } else { None };
    let Some((first, placed)) = chosen.or(stated.first()) else { return Ok(own) };
    let other = stated.iter().find(|(_, p)| !agree(placed, p));
    match other {
        Some((n, p)) if chosen.is_none() => {
            return Err(Error::input(
                format!(
                    "{}: detector {first} begins at {} and detector {n} at {}",
                    root.path.display(),
                    shown(placed),
                    shown(p)
                ),
                format!(
                    "{DETECTOR_INFORMATION_SEQUENCE} places the same slices twice, and {DETECTOR_VECTOR} does not say which holds"
                ),
                format!("State the geometry: {HOW}"),
            ));
        }
        Some((n, _)) => notes.push(format!(
            "detectors {first} and {n} have different positions; that of detector {first} is used, which {DETECTOR_VECTOR} names"
        )),
        None => {}
    }
    Ok((placed.0.or(own.0), placed.1.or(own.1)))
}

fn shown(placed: &Placed) -> String {
    let list = |v: &[f64]| v.iter().map(f64::to_string).collect::<Vec<_>>().join("\\");
    let position = placed.0.map_or("no position".into(), |p| list(&p));
    format!("{position} ({})", placed.1.map_or("no orientation".into(), |o| list(&o)))
}

/// What both state is the same.
fn agree(a: &Placed, b: &Placed) -> bool {
    let near = |a: &[f64], b: &[f64], by: f64| a.iter().zip(b).all(|(x, y)| (x - y).abs() <= by);
    a.0.zip(b.0).is_none_or(|(x, y)| near(&x, &y, SAME_MM))
        && a.1.zip(b.1).is_none_or(|(x, y)| near(&x, &y, SAME_COSINE))
}
