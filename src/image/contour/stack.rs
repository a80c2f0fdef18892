//! The contours of a structure as a stack of slabs: each contour's area, from halfway to the contour below to halfway to the one above. Neglects
//! that the surface between two contours slopes.
//!
//! The spacing is that of the contours themselves. Beyond the first and the last contour the structure goes on by half a spacing (its end caps);
//! where neighbours are further apart than 1.5 spacings, contours are missing or the structure has parts: the gap stays empty and is told.

use super::planar::{Found, Planar};
use super::sweep::Budget;
use crate::error::{Error, Result};

/// Contours nearer than this (mm) lie in one plane.
const SAME_PLANE_MM: f64 = 0.01;
/// And those nearer than this part of the spacing: coordinates are rounded, or computed from a slice's position.
const SAME_PLANE: f64 = 0.1;
/// Points may lie this far (mm) from the plane of their contour.
const FLAT_MM: f64 = 0.25;
/// A step longer than this many spacings is a gap.
const GAP: f64 = 1.5;

/// A closed contour of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Its points, mm (LPS); the last is joined to the first.
    pub points_mm: Vec<[f64; 3]>,
    /// Cut out of whatever it overlaps (CLOSEDPLANAR_XOR).
    pub exclusive: bool,
}

/// A slab of one area.
#[derive(Debug, Clone)]
pub(super) struct Slab {
    /// Where it begins and ends along the normal, mm from the stack's origin.
    pub span: [f64; 2],
    pub area: Planar,
}

/// A structure as slabs.
#[derive(Debug, Clone)]
pub struct Stack {
    /// A point of it, mm.
    pub(super) origin: [f64; 3],
    /// Unit vectors: two in the plane, and the normal.
    pub(super) axes: [[f64; 3]; 3],
    /// From below to above.
    pub(super) slabs: Vec<Slab>,
    /// Distance between contours, mm; none if there is one plane only.
    pub spacing_mm: Option<f64>,
    /// Thickness of the end slabs' outer halves is half of this, mm.
    pub step_mm: f64,
    /// What a user should know, one sentence each.
    pub notes: Vec<String>,
}

struct Plane {
    depth: f64,
    loops: Vec<Vec<[f64; 2]>>,
    exclusive: bool,
}

/// Distance between the planes of contours, mm: the lower median; none if there is one plane only.
///
/// # Errors
/// If the contours are not flat or not parallel.
pub fn spacing_of(contours: &[Contour]) -> Result<Option<f64>> {
    let Some(axes) = axes_of(contours) else { return Ok(None) };
    let mut depths = Vec::new();
    for (n, contour) in contours.iter().enumerate().filter(|c| !c.1.points_mm.is_empty()) {
        depths.push(depth_of(contour, axes[2], contours[0].points_mm[0], n)?);
    }
    depths.sort_by(f64::total_cmp);
    Ok(median_step(&depths))
}

impl Stack {
    /// Sorts contours into planes. `single_mm` is the thickness where there is one plane only. None if there is no contour with an area.
    ///
    /// # Errors
    /// If the contours are not flat or not parallel, or cross each other beyond measure.
    pub fn new(contours: &[Contour], single_mm: f64, budget: &mut Budget) -> Result<Option<Stack>> {
        let Some(axes) = axes_of(contours) else { return Ok(None) };
        let origin = contours[0].points_mm.first().copied().unwrap_or_default();
        let mut notes = Vec::new();
        let mut loops = Vec::new();
        let mut thin = 0;
        for (n, contour) in contours.iter().enumerate() {
            let depth = depth_of(contour, axes[2], origin, n)?;
            let flat = |p: &[f64; 3]| [0, 1].map(|a| dot(minus(*p, origin), axes[a]));
            let mut points: Vec<[f64; 2]> = contour.points_mm.iter().map(flat).collect();
            points.dedup();
            if points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            if points.len() < 3 {
                thin += 1;
            } else {
                loops.push((depth, points, contour.exclusive));
            }
        }
        if thin > 0 {
            notes.push(format!("{thin} contour(s) of fewer than three points have no area"));
        }
        loops.sort_by(|a, b| a.0.total_cmp(&b.0));
        let depths: Vec<f64> = loops.iter().map(|l| l.0).collect();
        let spacing_mm = median_step(&depths);
        let step_mm = spacing_mm.unwrap_or(single_mm);
        let mut planes: Vec<Plane> = Vec::new();
        for (depth, points, exclusive) in loops {
            let near = (SAME_PLANE * step_mm).max(SAME_PLANE_MM);
            match planes.last_mut().filter(|p| depth - p.depth <= near) {
                Some(plane) => {
                    plane.loops.push(points);
                    plane.exclusive |= exclusive;
                }
                None => planes.push(Plane { depth, loops: vec![points], exclusive }),
            }
        }
        let spans = spans(&planes.iter().map(|p| p.depth).collect::<Vec<_>>(), step_mm, &mut notes);
        let mut slabs = Vec::new();
        let mut found = Found::default();
        for (plane, span) in planes.into_iter().zip(spans) {
            let area = Planar::new(plane.loops, plane.exclusive, budget)?;
            found.nested += area.found.nested;
            found.joined += area.found.joined;
            found.doubled += area.found.doubled;
            found.self_crossing += area.found.self_crossing;
            slabs.push(Slab { span, area });
        }
        tell(&found, &mut notes);
        if slabs.is_empty() {
            return Ok(None);
        }
        Ok(Some(Stack { origin, axes, slabs, spacing_mm, step_mm, notes }))
    }

    /// Its volume: the sum of areas times thickness, mL.
    pub fn volume_ml(&self) -> f64 {
        self.slabs.iter().map(|s| s.area.area * (s.span[1] - s.span[0])).sum::<f64>() / 1000.0
    }

    /// Number of planes with contours.
    pub fn planes(&self) -> usize {
        self.slabs.len()
    }

    /// A position of a point of its plane coordinates, mm.
    pub(super) fn to_mm(&self, [u, v, w]: [f64; 3]) -> [f64; 3] {
        let [p, q, n] = self.axes;
        [0, 1, 2].map(|c| self.origin[c] + u * p[c] + v * q[c] + w * n[c])
    }
}

fn tell(found: &Found, notes: &mut Vec<String>) {
    if found.joined > 0 {
        notes.push(format!(
            "WARNING: {} pair(s) of contours overlap in part in a slice and were joined",
            found.joined
        ));
    }
    if found.doubled > 0 {
        notes.push(format!("{} contour(s) stand twice in a slice and count once", found.doubled));
    }
    if found.self_crossing > 0 {
        notes.push(format!(
            "WARNING: {} contour(s) cross themselves; inside is what an odd number of turns enclose",
            found.self_crossing
        ));
    }
    if found.nested > 0 {
        notes.push(format!("{} pair(s) of nested contours: the inner is a hole", found.nested));
    }
}

/// Where the slab of each plane begins and ends.
fn spans(depths: &[f64], step: f64, notes: &mut Vec<String>) -> Vec<[f64; 2]> {
    let (mut gaps, mut missing) = (0, 0.0);
    let mut spans: Vec<[f64; 2]> =
        depths.iter().map(|d| [d - 0.5 * step, d + 0.5 * step]).collect();
    for n in 1..depths.len() {
        let apart = depths[n] - depths[n - 1];
        if apart > GAP * step {
            gaps += 1;
            missing += (apart / step).round() - 1.0;
        } else {
            let middle = 0.5 * (depths[n] + depths[n - 1]);
            spans[n - 1][1] = middle;
            spans[n][0] = middle;
        }
    }
    if gaps > 0 {
        notes.push(format!(
            "WARNING: {gaps} gap(s) between contours that are {step:.3} mm apart elsewhere, about {missing:.0} contour(s): they stay empty"
        ));
    }
    spans
}

/// Lower median of the steps between sorted depths that are apart.
fn median_step(depths: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> =
        depths.windows(2).map(|w| w[1] - w[0]).filter(|s| *s > SAME_PLANE_MM).collect();
    steps.sort_by(f64::total_cmp);
    // Jitter within planes must not pass for steps.
    let largest = *steps.last()?;
    let steps: Vec<f64> = steps.iter().copied().filter(|s| *s > 0.02 * largest).collect();
    steps.get((steps.len().max(1) - 1) / 2).copied()
}

/// Distance of a contour's plane from a point along the normal.
fn depth_of(contour: &Contour, normal: [f64; 3], origin: [f64; 3], n: usize) -> Result<f64> {
    let along = |p: &[f64; 3]| dot(minus(*p, origin), normal);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for p in &contour.points_mm {
        low = low.min(along(p));
        high = high.max(along(p));
    }
    if high - low > 2.0 * FLAT_MM {
        return Err(Error::input(
            format!(
                "points of contour {} lie {:.2} mm out of the plane of the others",
                n + 1,
                high - low
            ),
            "the contours of a structure are flat and parallel",
            "Export the structure with contours in one direction, or as a segmentation.",
        ));
    }
    Ok(0.5 * (low + high))
}

/// Two directions in the plane of the largest contour, and its normal; none if none has an area.
fn axes_of(contours: &[Contour]) -> Option<[[f64; 3]; 3]> {
    // Newell's normal: twice the area long, of what is not flat the mean.
    let normal = |c: &Contour| {
        let mut sum = [0.0; 3];
        let Some(o) = c.points_mm.first() else { return sum };
        for (n, p) in c.points_mm.iter().enumerate() {
            let q = c.points_mm[(n + 1) % c.points_mm.len()];
            let turn = cross(minus(*p, *o), minus(q, *o));
            (0..3).for_each(|a| sum[a] += turn[a]);
        }
        sum
    };
    let size = |v: [f64; 3]| dot(v, v).sqrt();
    let largest = contours.iter().map(normal).max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
    // A contour that crosses itself may enclose as much on the left as on the right.
    let widest = contours.iter().map(widest_turn).max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
    let largest = if size(largest) > 1e-3 * size(widest) { largest } else { widest };
    let length = size(largest);
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    let mut n = largest.map(|c| c / length);
    // Coordinates rounded to some digits leave a tilt that is none.
    let main = (0..3).fold(0, |m, a| if n[a].abs() > n[m].abs() { a } else { m });
    if 1.0 - n[main].abs() < 1e-7 {
        n = [0, 1, 2].map(|a| if a == main { n[a].signum() } else { 0.0 });
    }
    if n[main] < 0.0 {
        n = n.map(|c| -c);
    }
    // The axis of the patient that lies flattest in the plane.
    let flattest = (0..3).fold(0, |m, a| if n[a].abs() < n[m].abs() { a } else { m });
    let mut p = [0.0; 3];
    p[flattest] = 1.0;
    let s = dot(p, n);
    let p = [0, 1, 2].map(|c| p[c] - s * n[c]);
    let p = p.map(|c| c / size(p));
    Some([p, cross(n, p), n])
}

/// The normal of a contour's first point, the one farthest from it, and the one farthest from their line; twice their triangle's area long.
fn widest_turn(contour: &Contour) -> [f64; 3] {
    let Some(o) = contour.points_mm.first() else { return [0.0; 3] };
    let from = |p: &[f64; 3]| minus(*p, *o);
    let size = |v: [f64; 3]| dot(v, v);
    let longest = |vectors: &mut dyn Iterator<Item = [f64; 3]>| {
        vectors.max_by(|a, b| size(*a).total_cmp(&size(*b))).unwrap_or_default()
    };
    let far = longest(&mut contour.points_mm.iter().map(from));
    longest(&mut contour.points_mm.iter().map(|p| cross(far, from(p))))
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
