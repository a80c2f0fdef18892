//! Stacks slices into a regular grid, and refuses a stack that is none.
//!
//! Transport needs equal steps. Slice positions come from ImagePositionPatient projected on the slice normal;
//! SliceThickness is never used (it is not a distance between slices, PS3.3 C.7.6.2). A real PET has steps that
//! differ by a few per cent where bed positions overlap: such slices keep their values and take the nearest
//! position of the uniform grid between the first and the last slice, and the largest shift is reported. Nothing
//! is interpolated, so a sum over voxels is unchanged.

use crate::error::{Error, Result};
use crate::image::Grid;

/// Allowed difference of a direction cosine: 0.05 mm over a 500 mm field.
const COSINE_TOLERANCE: f64 = 1e-4;
/// Allowed relative difference of in-plane spacings, for rounding in decimal strings.
const SPACING_TOLERANCE: f64 = 1e-4;
/// Steps below this (mm) are two slices in one place.
const DUPLICATE_MM: f64 = 0.01;
/// A step longer than this many median steps is a gap.
const GAP_STEPS: f64 = 1.5;
/// Allowed deviation of a step from the median step; the PET in the tests needs 0.025.
const STEP_TOLERANCE: f64 = 0.1;
/// Allowed shift of a slice, in steps: beyond it the slice would belong to its neighbour's place.
const SHIFT_STEPS: f64 = 0.5;
/// Allowed sideways offset of a slice, in pixels.
const SIDEWAYS_PIXELS: f64 = 0.1;

/// Where one slice lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placement {
    /// File, and frame if there are several, for messages.
    pub name: String,
    /// Centre of the first pixel, mm.
    pub position: [f64; 3],
    /// Direction of a row (increasing column index), then of a column.
    pub orientation: [f64; 6],
    /// PixelSpacing: between rows, then between columns, mm.
    pub spacing: [f64; 2],
    /// Rows and columns.
    pub size: [usize; 2],
}

/// Slices in order, and their grid.
#[derive(Debug)]
pub(super) struct Stack {
    pub grid: Grid,
    /// Indices of the placements, along the normal.
    pub order: Vec<usize>,
    pub notes: Vec<String>,
}

/// Builds the grid of a stack of slices.
pub(super) fn stack(slices: &[Placement]) -> Result<Stack> {
    let first = slices.first().ok_or_else(|| {
        Error::input("there is no slice", "a volume needs at least two", "Check the folder.")
    })?;
    let frame = PlaneAxes::new(first)?;
    for slice in slices {
        same_plane(first, slice)?;
    }
    let along = |p: &Placement| dot(sub(p.position, first.position), frame.normal);
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by(|&a, &b| along(&slices[a]).total_cmp(&along(&slices[b])));
    let sorted: Vec<&Placement> = order.iter().map(|&k| &slices[k]).collect();
    let depth: Vec<f64> = sorted.iter().map(|p| along(p)).collect();
    if depth.len() < 2 {
        return Err(Error::input(
            format!("{}: one slice at {:?} mm has no slice spacing", first.name, first.position),
            "the distance between slices is taken from their positions, never from SliceThickness",
            "Give the whole series.",
        ));
    }
    let mut notes = Vec::new();
    let step = check_steps(&sorted, &depth, &mut notes)?;
    check_sideways(&sorted, &frame)?;
    let axes_mm = [
        frame.row.map(|c| c * first.spacing[1]),
        frame.column.map(|c| c * first.spacing[0]),
        frame.normal.map(|c| c * step),
    ];
    let dims = [first.size[1], first.size[0], sorted.len()];
    Ok(Stack { grid: Grid { dims, origin_mm: sorted[0].position, axes_mm }, order, notes })
}

/// Unit vectors of a slice.
pub(super) struct PlaneAxes {
    pub row: [f64; 3],
    pub column: [f64; 3],
    pub normal: [f64; 3],
}

impl PlaneAxes {
    /// Checks that orientation and spacing make sense.
    pub fn new(slice: &Placement) -> Result<PlaneAxes> {
        let [a, b, c, d, e, f] = slice.orientation;
        let (row, column) = ([a, b, c], [d, e, f]);
        let lengths = [dot(row, row).sqrt(), dot(column, column).sqrt()];
        // Ten times the tolerance: some writers round cosines to three decimals.
        let tolerance = 10.0 * COSINE_TOLERANCE;
        let unit = lengths.iter().all(|l| (l - 1.0).abs() <= tolerance);
        if !unit || dot(row, column).abs() > tolerance {
            return Err(Error::input(
                format!(
                    "{}: ImageOrientationPatient (0020,0037) is {:?}",
                    slice.name, slice.orientation
                ),
                "it must hold two perpendicular unit vectors",
                "Repair the header or export the series again.",
            ));
        }
        if slice.spacing.iter().any(|s| s.is_nan() || *s <= 0.0) {
            return Err(Error::input(
                format!("{}: PixelSpacing (0028,0030) is {:?} mm", slice.name, slice.spacing),
                "both spacings must be positive",
                "Repair the header or export the series again.",
            ));
        }
        let row = row.map(|x| x / lengths[0]);
        let column = column.map(|x| x / lengths[1]);
        Ok(PlaneAxes { row, column, normal: cross(row, column) })
    }
}

fn same_plane(first: &Placement, slice: &Placement) -> Result<()> {
    let differs = |what: &str, a: String, b: String| {
        Err(Error::input(
            format!("{what} is {a} in {} but {b} in {}", first.name, slice.name),
            "all slices of a volume must agree in size, spacing and orientation",
            "Remove scouts and reformats from the series, or export it again.",
        ))
    };
    if first.size != slice.size {
        let size = |s: &Placement| format!("{} x {}", s.size[0], s.size[1]);
        return differs("Rows x Columns", size(first), size(slice));
    }
    let cosines = first.orientation.iter().zip(&slice.orientation);
    if cosines.into_iter().any(|(a, b)| (a - b).abs() > COSINE_TOLERANCE) {
        let text = |s: &Placement| format!("{:?}", s.orientation);
        return differs("ImageOrientationPatient (0020,0037)", text(first), text(slice));
    }
    let spacings = first.spacing.iter().zip(&slice.spacing);
    if spacings.into_iter().any(|(a, b)| (a - b).abs() > SPACING_TOLERANCE * a) {
        let text = |s: &Placement| format!("{:?} mm", s.spacing);
        return differs("PixelSpacing (0028,0030)", text(first), text(slice));
    }
    Ok(())
}

/// Checks the distances between neighbours; returns the step of the uniform grid.
fn check_steps(sorted: &[&Placement], depth: &[f64], notes: &mut Vec<String>) -> Result<f64> {
    let steps: Vec<f64> = depth.windows(2).map(|w| w[1] - w[0]).collect();
    let at = |k: usize| {
        format!("{} ({:?} mm) and {}", sorted[k].name, sorted[k].position, sorted[k + 1].name)
    };
    let list = |bad: &[usize]| {
        let shown: Vec<String> = bad.iter().take(3).map(|&k| at(k)).collect();
        let more =
            if bad.len() > 3 { format!("; and {} more", bad.len() - 3) } else { String::new() };
        format!("{}{more}", shown.join("; "))
    };
    let such = |f: &dyn Fn(f64) -> bool| -> Vec<usize> {
        (0..steps.len()).filter(|&k| f(steps[k])).collect()
    };
    let duplicates = such(&|s| s < DUPLICATE_MM);
    if !duplicates.is_empty() {
        return Err(Error::input(
            format!("{} slice(s) lie in the same place: {}", duplicates.len(), list(&duplicates)),
            "duplicated slices, time frames or gates cannot be one volume",
            "Delete the copies, or give the files of one time frame or gate.",
        ));
    }
    let mut ranked = steps.clone();
    ranked.sort_by(f64::total_cmp);
    // The lower median: where half of the steps are gaps, the shorter step is the right one.
    let median = ranked[(ranked.len() - 1) / 2];
    let gaps = such(&|s| s > GAP_STEPS * median);
    if !gaps.is_empty() {
        let missing: f64 = gaps.iter().map(|&k| (steps[k] / median).round() - 1.0).sum();
        return Err(Error::input(
            format!(
                "about {missing:.0} slice(s) are missing: the step is {:.4} mm instead of {median:.4} mm between {}",
                steps[gaps[0]],
                list(&gaps)
            ),
            "a gap would be filled with invented tissue",
            "Copy the missing files, or give a part of the series without gaps.",
        ));
    }
    let (low, high) = (ranked[0], ranked[ranked.len() - 1]);
    if high - median > STEP_TOLERANCE * median || median - low > STEP_TOLERANCE * median {
        let uneven = such(&|s| (s - median).abs() > STEP_TOLERANCE * median);
        return Err(Error::input(
            format!(
                "slice steps run from {low:.4} to {high:.4} mm (median {median:.4} mm), first between {}",
                list(&uneven)
            ),
            format!(
                "a uniform grid is needed; steps may differ by {:.0} %",
                100.0 * STEP_TOLERANCE
            ),
            "Resample the series to equal slice spacing.",
        ));
    }
    let step = (depth[depth.len() - 1] - depth[0]) / steps.len() as f64;
    let shift = |(k, d): (usize, &f64)| (d - depth[0] - k as f64 * step).abs();
    let largest = depth.iter().enumerate().map(shift).fold(0.0, f64::max);
    if largest > SHIFT_STEPS * step {
        return Err(Error::input(
            format!("slice steps from {low:.4} to {high:.4} mm move a slice by {largest:.3} mm"),
            "that is more than half a step from the uniform grid",
            "Resample the series to equal slice spacing.",
        ));
    }
    if largest > DUPLICATE_MM {
        notes.push(format!(
            "slice steps run from {low:.4} to {high:.4} mm; the uniform step is {step:.4} mm, and slices are \
             shifted by at most {largest:.4} mm"
        ));
    }
    Ok(step)
}

/// Refuses a gantry tilt and slices that are shifted sideways.
fn check_sideways(sorted: &[&Placement], axes: &PlaneAxes) -> Result<()> {
    let origin = sorted[0].position;
    let sideways = |p: &Placement| {
        let d = sub(p.position, origin);
        let (u, v) = (dot(d, axes.row), dot(d, axes.column));
        (u.hypot(v), dot(d, axes.normal))
    };
    let worst =
        sorted.iter().max_by(|a, b| sideways(a).0.total_cmp(&sideways(b).0)).unwrap_or(&sorted[0]);
    let (offset, _) = sideways(worst);
    if offset <= SIDEWAYS_PIXELS * worst.spacing[0].min(worst.spacing[1]) {
        return Ok(());
    }
    let (end_offset, end_depth) = sideways(sorted[sorted.len() - 1]);
    let angle = end_offset.atan2(end_depth).to_degrees();
    // A tilt shifts every slice in proportion to its depth, so the last one moves most.
    if end_offset >= 0.9 * offset {
        return Err(Error::input(
            format!(
                "the slices are sheared by a tilt of {angle:.2} degrees ({end_offset:.2} mm over {end_depth:.2} mm)"
            ),
            "with a tilted gantry the stack is no rectangular grid",
            "Resample the series without tilt (most workstations call it 'gantry tilt correction').",
        ));
    }
    Err(Error::input(
        format!("{} is shifted sideways by {offset:.3} mm", worst.name),
        "all slices must lie on one straight normal",
        "Repair the positions or export the series again.",
    ))
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
