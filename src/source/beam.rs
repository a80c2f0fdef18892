//! A source outside of the grid: a beam. Neglects matter between the source and the grid, and the source's own thickness.
//!
//! A flat field (a point, a rectangle or a disc), square to the axis, emits uniformly over its area, and uniformly in solid angle within a cone
//! around the axis: parallel (no cone), a point with a cone, a disc that emits into half of space (90 degrees). All of a decay starts at one
//! point of the field; each particle has a direction of its own.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::image::Grid;
use crate::units::length_unit;

/// Length below which a direction is none.
const LEAST_LENGTH: f64 = 1e-9;
/// Parts of a voxel that count as on the face of the grid.
const ON_FACE: f64 = 1e-3;
/// Steps along each side of a field at which rays are tried for one that enters the grid.
const TRIED: usize = 8;

/// The field of a beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field {
    /// No extent.
    Point,
    /// Sides, mm: the first along [`Beam::side`].
    Rectangle([f64; 2]),
    /// Diameter, mm.
    Disc(f64),
}

/// A beam, in DICOM's patient coordinates (LPS).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beam {
    /// The axis; any length above zero.
    pub direction: [f64; 3],
    /// Middle of the field, mm; `None`: on the axis through the middle of the grid, a point where it enters, a field before all of the grid.
    pub at_mm: Option<[f64; 3]>,
    /// The field.
    pub field: Field,
    /// Direction of a rectangle's first side, of which the part square to the axis counts; `None`: x, or y where the axis is nearer to x.
    pub side: Option<[f64; 3]>,
    /// Half-angle of the cone, rad, 0 to pi; 0 is parallel.
    pub half_angle_rad: f64,
}

/// A beam's place and frame, unit vectors square to each other, mm, LPS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeamFrame {
    /// Middle of the field.
    pub at_mm: [f64; 3],
    /// The axis.
    pub axis: [f64; 3],
    /// Half of the field along two directions; for a disc its radius along both.
    pub half_mm: [[f64; 3]; 2],
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| a[k] * b[k]).sum()
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(a: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(a, a).sqrt();
    (length.is_finite() && length > LEAST_LENGTH).then(|| a.map(|x| x / length))
}

fn along(from: [f64; 3], d: [f64; 3], t: f64) -> [f64; 3] {
    [0, 1, 2].map(|k| from[k] + t * d[k])
}

impl Beam {
    /// A parallel beam without extent along a direction, through the middle of the grid.
    pub fn pencil(direction: [f64; 3]) -> Self {
        Beam { direction, at_mm: None, field: Field::Point, side: None, half_angle_rad: 0.0 }
    }

    /// Refuses what is no beam.
    ///
    /// # Errors
    /// If the direction is zero, the side lies along it, a length is not finite or below zero, or the cone is wider than all of space.
    pub fn check(&self) -> Result<()> {
        let refuse = |problem: String, why: &str, suggestion: &str| {
            Err(Error::usage(problem, why, suggestion))
        };
        let Some(axis) = unit(self.direction) else {
            return refuse(
                format!("direction {:?} of the beam", self.direction),
                "it has no length",
                "Give for example direction=0,0,1.",
            );
        };
        if let Some(side) = self.side
            && unit(cross(axis, side)).is_none()
        {
            return refuse(
                format!("side {side:?} of the beam's field"),
                "it lies along the beam, or has no length",
                "Give a direction across the beam, or leave it out.",
            );
        }
        if self.at_mm.is_some_and(|at| at.iter().any(|x| !x.is_finite())) {
            return refuse("place of the beam".into(), "it is no number", "Give three numbers.");
        }
        let sizes = match self.field {
            Field::Point => [0.0; 2],
            Field::Rectangle(sides) => sides,
            Field::Disc(diameter) => [diameter; 2],
        };
        if sizes.iter().any(|s| !(s.is_finite() && *s >= 0.0)) {
            return refuse(
                format!("field of {sizes:?} mm"),
                "its sides are numbers of at least zero",
                "Correct the field, or leave it out for a pencil beam.",
            );
        }
        if !(0.0..=std::f64::consts::PI).contains(&self.half_angle_rad) {
            return refuse(
                format!("cone of {} degrees", self.half_angle_rad.to_degrees()),
                "its half-angle is 0 (parallel) to 180 degrees (all directions)",
                "Correct the cone, or leave it out for a parallel beam.",
            );
        }
        Ok(())
    }

    /// Where the beam starts and how it lies, for a grid.
    ///
    /// # Errors
    /// As [`Self::check`]; if no ray of the beam meets the grid, or the grid's axes are not independent.
    pub fn frame(&self, grid: &Grid) -> Result<BeamFrame> {
        self.check()?;
        let axis = unit(self.direction).unwrap_or([0.0, 0.0, 1.0]);
        let side = self.side.unwrap_or(if axis[0].abs() < axis[1].abs().max(axis[2].abs()) {
            [1.0, 0.0, 0.0]
        } else {
            [0.0, 1.0, 0.0]
        });
        let off = along(side, axis, -dot(side, axis));
        let u = unit(off).unwrap_or([1.0, 0.0, 0.0]);
        let v = cross(axis, u);
        let [a, b] = match self.field {
            Field::Point => [0.0; 2],
            Field::Rectangle(sides) => sides.map(|s| 0.5 * s),
            Field::Disc(diameter) => [0.5 * diameter; 2],
        };
        let half_mm = [u.map(|x| a * x), v.map(|x| b * x)];
        let inside = Bounds::of(grid)?;
        let at_mm = match self.at_mm {
            Some(at) => at,
            None => {
                let last = grid.dims.map(|n| n as f64 - 1.0);
                let middle = grid.to_mm(last.map(|n| 0.5 * n));
                let back = match a > 0.0 || b > 0.0 {
                    // A field has all of the grid before it: none of it lies in the matter.
                    true => grid
                        .corners_mm()
                        .map(|c| dot(along(c, middle, -1.0), axis))
                        .into_iter()
                        .fold(0.0, f64::min),
                    false => inside.stretch(middle, axis).map_or(0.0, |s| s[0]),
                };
                along(middle, axis, back)
            }
        };
        let frame = BeamFrame { at_mm, axis, half_mm };
        if self.enters(&frame, &inside) {
            return Ok(frame);
        }
        let [low, high] = grid.bounding_box_mm();
        Err(Error::input(
            format!("the beam at {at_mm:.1?} mm along {axis:.3?} misses the grid"),
            format!("none of its rays meets the box from {low:.1?} to {high:.1?} mm (LPS)"),
            "Correct at and direction, or widen field or cone.",
        ))
    }

    /// Whether a ray of the beam enters the grid: those of a net over the field, and those that come nearest to the middle and the corners of the grid.
    fn enters(&self, frame: &BeamFrame, inside: &Bounds) -> bool {
        let targets = inside.targets();
        let mut starts: Vec<[f64; 2]> = Vec::new();
        let at = |n: usize| 2.0 * n as f64 / TRIED as f64 - 1.0;
        starts.extend((0..=TRIED).flat_map(|i| (0..=TRIED).map(move |j| [at(i), at(j)])));
        for target in &targets {
            let off = along(*target, frame.at_mm, -1.0);
            // The place on the field, in halves of its sides, that lies before the target.
            starts.push(frame.half_mm.map(|side| {
                let square = dot(side, side);
                if square > 0.0 { (dot(off, side) / square).clamp(-1.0, 1.0) } else { 0.0 }
            }));
        }
        starts.into_iter().any(|[x, y]| {
            let round =
                if matches!(self.field, Field::Disc(_)) { x.hypot(y).max(1.0) } else { 1.0 };
            let [u, v] = frame.half_mm;
            let start = along(along(frame.at_mm, u, x / round), v, y / round);
            let enters = |d: [f64; 3]| inside.stretch(start, d).is_some_and(|s| s[1] >= 0.0);
            enters(frame.axis) || targets.iter().any(|t| enters(self.towards(frame, start, *t)))
        })
    }

    /// The direction within the cone that comes nearest to a target.
    fn towards(&self, frame: &BeamFrame, start: [f64; 3], target: [f64; 3]) -> [f64; 3] {
        let axis = frame.axis;
        let Some(wanted) = unit(along(target, start, -1.0)) else { return axis };
        let (sin, cos) = self.half_angle_rad.sin_cos();
        let along_axis = dot(wanted, axis);
        if along_axis >= cos {
            return wanted;
        }
        match unit(along(wanted, axis, -along_axis)) {
            Some(across) => along(axis.map(|x| x * cos), across, sin),
            None => axis,
        }
    }

    /// Whether a part of the source lies in the grid.
    ///
    /// # Errors
    /// As [`Self::frame`].
    pub fn starts_inside(&self, grid: &Grid) -> Result<bool> {
        let frame = self.frame(grid)?;
        let ends = [-1.0_f64, -0.5, 0.0, 0.5, 1.0];
        let places = ends.into_iter().flat_map(|x| ends.map(|y| [x, y]));
        let inside = |mm: [f64; 3]| {
            // On a face is outside.
            let index = grid.to_index(mm)?;
            let within = |k: usize| {
                index[k] > -0.5 + ON_FACE && index[k] < grid.dims[k] as f64 - 0.5 - ON_FACE
            };
            Ok((0..3).all(within))
        };
        for [x, y] in places {
            let round =
                if matches!(self.field, Field::Disc(_)) { x.hypot(y).max(1.0) } else { 1.0 };
            let [u, v] = frame.half_mm;
            if inside(along(along(frame.at_mm, u, x / round), v, y / round))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// In words, for summaries.
    pub fn label(&self) -> String {
        let field = match self.field {
            Field::Point => "point".to_string(),
            Field::Rectangle([a, b]) => format!("field of {a} x {b} mm"),
            Field::Disc(d) => format!("disc of {d} mm"),
        };
        let cone = match self.half_angle_rad {
            0.0 => "parallel".to_string(),
            angle => format!("cone of {:.4} degrees", angle.to_degrees()),
        };
        format!("beam along {:?}, {field}, {cone}", self.direction)
    }
}

/// The grid's box in fractions of its axes: a point inside has all three within 0 and 1.
struct Bounds {
    grid: Grid,
}

impl Bounds {
    fn of(grid: &Grid) -> Result<Self> {
        grid.inverse_axes()?;
        Ok(Bounds { grid: grid.clone() })
    }

    /// The middle of the grid, and its corners a hair inside.
    fn targets(&self) -> Vec<[f64; 3]> {
        let place = |n: usize, k: usize| {
            let voxels = self.grid.dims[k] as f64;
            let share = if n >> k & 1 == 0 { 1e-6 } else { 1.0 - 1e-6 };
            if n < 8 { voxels * share - 0.5 } else { 0.5 * (voxels - 1.0) }
        };
        (0..9).map(|n| self.grid.to_mm([0, 1, 2].map(|k| place(n, k)))).collect()
    }

    /// Distances (mm, possibly negative) along a ray between which it is inside.
    fn stretch(&self, from: [f64; 3], direction: [f64; 3]) -> Option<[f64; 2]> {
        let place = |mm| self.grid.to_index(mm).ok();
        let (start, next) = (place(from)?, place(along(from, direction, 1.0))?);
        let (mut first, mut last) = (f64::NEG_INFINITY, f64::INFINITY);
        for k in 0..3 {
            let (low, high) = (-0.5, self.grid.dims[k] as f64 - 0.5);
            let rate = next[k] - start[k];
            if rate.abs() < 1e-12 {
                if start[k] < low - 1e-9 || start[k] > high + 1e-9 {
                    return None;
                }
                continue;
            }
            let [a, b] = [(low - start[k]) / rate, (high - start[k]) / rate];
            first = first.max(a.min(b));
            last = last.min(a.max(b));
        }
        (first <= last).then_some([first, last])
    }
}

/// What a beam looks like on the command line.
const SYNTAX: &str = "Write for example 'direction=0,0,1; at=0,0,-100mm; field=20x10mm' (parallel), 'direction=0,0,1; at=0,0,-1m; cone=3deg' (a point) or \
                      'direction=0,0,1; disc=10mm; cone=90deg'.";

impl FromStr for Beam {
    type Err = Error;

    /// Parts `key=value` separated by semicolons: `direction=X,Y,Z` (needed), `at=X,Y,Zmm`, `field=AxBmm` or `disc=Dmm`, `side=X,Y,Z`, `cone=Adeg`.
    fn from_str(text: &str) -> Result<Self> {
        let mut beam = Beam::pencil([0.0; 3]);
        let mut given: Vec<String> = Vec::new();
        let refuse = |part: &str, why: String| {
            Err(Error::usage(format!("'{part}' of the beam cannot be read"), why, SYNTAX))
        };
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return refuse(part, "it is not of the form key=value".into());
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            let read: std::result::Result<(), String> = (|| {
                match key.as_str() {
                    "direction" => beam.direction = numbers(value)?,
                    "side" => beam.side = Some(numbers(value)?),
                    "at" => {
                        let (text, mm) = length(value)?;
                        beam.at_mm = Some(numbers(text)?.map(|x: f64| x * mm));
                    }
                    "field" => {
                        let (text, mm) = length(value)?;
                        let (a, b) =
                            text.split_once(['x', 'X']).ok_or("it is not of the form AxBmm")?;
                        beam.field = Field::Rectangle([number(a)? * mm, number(b)? * mm]);
                    }
                    "disc" => {
                        let (text, mm) = length(value)?;
                        beam.field = Field::Disc(number(text)? * mm);
                    }
                    "cone" => beam.half_angle_rad = angle(value)?,
                    _ => return Err("keys are direction, at, field, disc, side and cone".into()),
                }
                Ok(())
            })();
            if let Err(why) = read {
                return refuse(part, why);
            }
            // A field and a disc are one thing.
            let thing = if key == "disc" { "field".to_string() } else { key };
            if given.contains(&thing) {
                return refuse(part, format!("its {thing} is given twice"));
            }
            given.push(thing);
        }
        if !given.iter().any(|g| g == "direction") {
            return refuse(text, "it has no direction".into());
        }
        beam.check()?;
        Ok(beam)
    }
}

fn number(text: &str) -> std::result::Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    number.ok_or_else(|| format!("'{}' is not a number", text.trim()))
}

fn numbers(text: &str) -> std::result::Result<[f64; 3], String> {
    let parts = text.split(',').map(number).collect::<std::result::Result<Vec<f64>, String>>()?;
    parts.try_into().map_err(|p: Vec<f64>| format!("it has {} numbers, not three", p.len()))
}

/// Text before a unit of length, and its mm.
fn length(text: &str) -> std::result::Result<(&str, f64), String> {
    length_unit(text).ok_or_else(|| "it has no unit mm, cm or m at its end".into())
}

fn angle(text: &str) -> std::result::Result<f64, String> {
    if let Some(degrees) = text.strip_suffix("deg") {
        return Ok(number(degrees)?.to_radians());
    }
    let radians = text.strip_suffix("rad").ok_or("it has no unit deg or rad")?;
    number(radians)
}

#[cfg(test)]
#[path = "beam_tests.rs"]
mod tests;
