//! Where the planes of an RT Dose lie (PS3.3 C.8.8.3.2): GridFrameOffsetVector states them along the normal, relative to the first plane (its first
//! value is 0) or, in an older form, as positions along z of the patient. A stack whose planes are not equally far apart is no regular grid and is
//! refused: a dose between them would be invented.

use super::attributes::*;
use super::geometry::{Placement, PlaneAxes, dot};
use crate::error::Result;
use crate::image::Grid;

/// A plane may lie this part of a step beside its place on the regular grid, for what rounding of decimal strings does.
const OFF_PLACE: f64 = 0.02;
/// A shift (mm) that is told.
const TOLD_MM: f64 = 0.01;
/// Planes nearer than this (mm) are in one place.
const SAME_MM: f64 = 1e-3;
/// Positions along z closer than this (mm) are one.
const SAME_POSITION_MM: f64 = 1e-2;
/// A normal this near to the patient's axis lies along it.
const ALONG_Z: f64 = 1e-6;

/// The grid of a dose, its planes ascending along rows x columns, and whether the frames are in the reverse order.
#[derive(Debug)]
pub(super) struct DosePlanes {
    pub grid: Grid,
    pub reversed: bool,
}

/// Places the planes of `frames` frames.
///
/// # Errors
/// If the object does not say where they lie, the two forms cannot be told apart, or the planes are no regular grid.
pub(super) fn place(
    root: Item<'_>,
    size: [usize; 2],
    frames: usize,
    notes: &mut Vec<String>,
) -> Result<DosePlanes> {
    let why = "the dose cannot be placed in the patient";
    let missing = |attribute| root.missing(attribute, why);
    let first = Placement {
        name: root.path.display().to_string(),
        position: root
            .vector(IMAGE_POSITION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_POSITION_PATIENT))?,
        orientation: root
            .vector(IMAGE_ORIENTATION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_ORIENTATION_PATIENT))?,
        spacing: root.vector(PIXEL_SPACING)?.ok_or_else(|| missing(PIXEL_SPACING))?,
        size,
    };
    let axes = PlaneAxes::new(&first)?;
    let offsets = root.numbers(GRID_FRAME_OFFSET_VECTOR)?.unwrap_or_default();
    if offsets.len() != frames {
        return Err(root.bad(
            GRID_FRAME_OFFSET_VECTOR,
            &format!("{} values", offsets.len()),
            &format!("each of the {frames} frames has one"),
            "Export the dose again.",
        ));
    }
    if frames < 2 {
        return Err(root.bad(
            NUMBER_OF_FRAMES,
            &frames.to_string(),
            "one plane has no thickness, so that no volume has a dose",
            "Export the dose as one object with all of its planes.",
        ));
    }
    let depths = depths(root, &first, &axes, &offsets, notes)?;
    let (step, reversed) = regular(root, &depths, notes)?;
    let lowest = if reversed { depths[frames - 1] } else { depths[0] };
    let grid = Grid {
        dims: [size[1], size[0], frames],
        origin_mm: [0, 1, 2].map(|c| first.position[c] + lowest * axes.normal[c]),
        axes_mm: [
            axes.row.map(|c| c * first.spacing[1]),
            axes.column.map(|c| c * first.spacing[0]),
            axes.normal.map(|c| c * step),
        ],
    };
    Ok(DosePlanes { grid: grid.checked()?, reversed })
}

/// Distances (mm) of the planes from ImagePositionPatient along the normal.
fn depths(
    root: Item<'_>,
    first: &Placement,
    axes: &PlaneAxes,
    offsets: &[f64],
    notes: &mut Vec<String>,
) -> Result<Vec<f64>> {
    if offsets[0] == 0.0 {
        return Ok(offsets.to_vec());
    }
    let z = first.position[2];
    let along = dot(axes.normal, [0.0, 0.0, 1.0]);
    let absolute = (offsets[0] - z).abs() < SAME_POSITION_MM;
    if !absolute || along.abs() < 1.0 - ALONG_Z {
        let why = if absolute {
            "it states positions along z of the patient, which an oblique dose does not have"
        } else {
            "its first value is neither 0 (relative to ImagePositionPatient) nor the position of the first plane along z"
        };
        let value = format!("{}\\... with ImagePositionPatient {:?}", offsets[0], first.position);
        return Err(root.bad(
            GRID_FRAME_OFFSET_VECTOR,
            &value,
            why,
            "Export the dose with offsets relative to its first plane.",
        ));
    }
    if first.orientation != [1.0, 0.0, 0.0, 0.0, 1.0, 0.0] {
        notes.push(
            "GridFrameOffsetVector holds positions along z, which the standard allows for supine patients only; they are taken as such"
                .into(),
        );
    }
    Ok(offsets.iter().map(|o| (o - z) * along.signum()).collect())
}

/// The step of a regular grid of planes (mm, positive), and whether they descend.
fn regular(root: Item<'_>, depths: &[f64], notes: &mut Vec<String>) -> Result<(f64, bool)> {
    let last = depths.len() - 1;
    let step = (depths[last] - depths[0]) / last as f64;
    let refuse = |k: usize, why: String| {
        Err(root.bad(
            GRID_FRAME_OFFSET_VECTOR,
            &format!("{}\\{} at frames {} and {}", depths[k], depths[k + 1], k + 1, k + 2),
            &why,
            "Export the dose on a regular grid.",
        ))
    };
    let steps = || depths.windows(2).map(|w| w[1] - w[0]).enumerate();
    if let Some((k, _)) = steps().find(|s| s.1.abs() < SAME_MM) {
        return refuse(k, "two planes lie in one place".into());
    }
    if let Some((k, _)) = steps().find(|s| (s.1 > 0.0) != (step > 0.0)) {
        return refuse(k, "planes must follow one another in one direction".into());
    }
    let off = |k: usize| (depths[k] - depths[0] - k as f64 * step).abs();
    let worst = (0..=last).fold(0, |w, k| if off(k) > off(w) { k } else { w });
    if off(worst) > OFF_PLACE * step.abs() {
        let (k, _) = steps()
            .max_by(|a, b| (a.1 - step).abs().total_cmp(&(b.1 - step).abs()))
            .unwrap_or((0, step));
        return refuse(
            k,
            format!(
                "planes are not equally far apart: frame {} lies {:.3} mm beside its place on a grid of {:.4} mm",
                worst + 1,
                off(worst),
                step.abs()
            ),
        );
    }
    if off(worst) > TOLD_MM {
        notes.push(format!(
            "planes lie up to {:.3} mm beside a regular grid of {:.4} mm, as rounding of positions does; the regular grid is taken",
            off(worst),
            step.abs()
        ));
    }
    Ok((step.abs(), step < 0.0))
}
