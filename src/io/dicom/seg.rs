//! DICOM Segmentations (PS3.3 A.51, C.8.20): BINARY, FRACTIONAL and LABELMAP, frames in any order, sparse and overlapping. Neglects tiles of
//! microscopy.
//!
//! Each frame is placed by its own functional groups. The grid's slices are the steps between planes, so planes without frames are empty ones.
//! OCCUPANCY is the share of a voxel that lies inside; PROBABILITY is taken for it, and told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::attributes::*;
use super::data_set::PixelBytes;
use super::frames::{Scope, frame_name, size};
use super::geometry::{Placement, PlaneAxes, dot};
use super::object::DicomFile;
use super::pixels::{PixelFormat, decode_frame};
use crate::error::{Error, Result};
use crate::image::{Grid, Region, RegionSet};
use crate::io::room::SERIES;

/// Planes nearer than this (mm) are one.
const SAME_PLANE_MM: f64 = 0.01;
/// A plane may lie this many steps beside its place.
const SHIFT_STEPS: f64 = 0.25;
/// Frames may be shifted sideways by this many pixels.
const SIDEWAYS_PIXELS: f64 = 0.1;
/// A pixel more than these in a frame is damage.
const MOST_PIXELS: usize = 1 << 25;

/// Segments on their own grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// The file.
    pub path: PathBuf,
    /// Its segments; one may be empty.
    pub set: RegionSet,
    /// FrameOfReferenceUID.
    pub frame_of_reference: Option<String>,
    /// What a user should know, one sentence each.
    pub notes: Vec<String>,
}

/// What stored values mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Binary,
    /// Share = value / this.
    Fractional(f64),
    /// The value is the segment; this one is padding.
    Labels(Option<i64>),
}

struct Frame {
    placement: Placement,
    /// None in label maps.
    segment: Option<u32>,
}

pub(super) fn read(file: &DicomFile) -> Result<Segmentation> {
    let root = file.root();
    let mut notes = Vec::new();
    let meaning = meaning(root, &mut notes)?;
    let segments = segments(root)?;
    let count = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1);
    let groups = root.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).len();
    if groups != count || count == 0 {
        return Err(root.bad(
            NUMBER_OF_FRAMES,
            &count.to_string(),
            &format!("PerFrameFunctionalGroupsSequence (5200,9230) places {groups} frames"),
            "Export the segmentation with the place of each frame (TILED_FULL is not read).",
        ));
    }
    let pixels = Pixels::new(file, meaning, count)?;
    let frames: Vec<Frame> =
        (0..count).map(|n| frame(root, n, count, meaning)).collect::<Result<_>>()?;
    let (grid, slices) = place(root, &frames, &mut notes)?;
    // A voxel takes eight bytes, for each segment that it lies in.
    let most = (count as u64).saturating_mul(pixels.frame as u64).saturating_mul(8);
    SERIES.make(&file.path, file.stored, most)?;
    let mut found: BTreeMap<u32, BTreeMap<usize, Vec<(u32, f32)>>> = BTreeMap::new();
    for (n, frame) in frames.iter().enumerate() {
        let base = slices[n] * pixels.frame;
        let mut seen: BTreeMap<u32, Vec<(u32, f32)>> = BTreeMap::new();
        if let Some(segment) = frame.segment {
            seen.entry(segment).or_default();
        }
        pixels.each(n, |pixel, value| {
            let (segment, share) = match (meaning, frame.segment) {
                (Meaning::Labels(padding), _) if value == 0 || Some(value) == padding => return,
                (Meaning::Labels(_), _) => (value as u32, 1.0),
                (_, None) => return,
                (Meaning::Binary, Some(s)) => (s, f64::from(u8::from(value != 0))),
                (Meaning::Fractional(most), Some(s)) => (s, (value as f64 / most).min(1.0)),
            };
            if share > 0.0 {
                seen.entry(segment).or_default().push(((base + pixel) as u32, share as f32));
            }
        })?;
        for (segment, voxels) in seen {
            if !segments.iter().any(|s| s.0 == segment) {
                return Err(root.bad(
                    REFERENCED_SEGMENT_NUMBER,
                    &segment.to_string(),
                    &format!(
                        "frame {} holds it, but SegmentSequence (0062,0002) does not describe it",
                        n + 1
                    ),
                    "Export the segmentation again.",
                ));
            }
            let planes = found.entry(segment).or_default();
            if planes.insert(slices[n], voxels).is_some() {
                return Err(Error::input(
                    format!(
                        "{}: two frames of segment {segment} lie in one place",
                        file.path.display()
                    ),
                    "which of them holds is not said",
                    "Give the segmentation of one time or gate.",
                ));
            }
        }
    }
    let origin = format!("DICOM SEG {}", file.path.file_name().unwrap_or_default().display());
    let mut regions = Vec::new();
    for (number, name) in segments {
        if number == 0 {
            // Label maps may describe their background.
            continue;
        }
        let planes = found.remove(&number).unwrap_or_default();
        let (voxels, shares) = planes.into_values().flatten().unzip();
        regions.push(Region {
            label: number,
            name,
            origin: origin.clone(),
            colour: None,
            voxels,
            shares,
        });
    }
    super::super::regions::unique_names(&mut regions, "segment", &mut notes);
    Ok(Segmentation {
        path: file.path.clone(),
        set: RegionSet { grid, regions }.checked()?,
        frame_of_reference: root.text(FRAME_OF_REFERENCE_UID),
        notes,
    })
}

fn meaning(root: Item<'_>, notes: &mut Vec<String>) -> Result<Meaning> {
    match root.text(SEGMENTATION_TYPE).as_deref() {
        Some("BINARY") => Ok(Meaning::Binary),
        Some("LABELMAP") => {
            let padding = root.number(PIXEL_PADDING_VALUE)?.map(|p| p as i64);
            Ok(Meaning::Labels(padding))
        }
        Some("FRACTIONAL") => {
            let why = "shares are parts of it";
            let most = root.required_number(MAXIMUM_FRACTIONAL_VALUE, why)?;
            if most < 1.0 {
                return Err(root.bad(
                    MAXIMUM_FRACTIONAL_VALUE,
                    &most.to_string(),
                    why,
                    "Export it again.",
                ));
            }
            match root.text(SEGMENTATION_FRACTIONAL_TYPE).as_deref() {
                Some("OCCUPANCY") => notes.push("FRACTIONAL, OCCUPANCY: values are shares of the voxels".into()),
                Some("PROBABILITY") => notes.push(
                    "WARNING: FRACTIONAL, PROBABILITY: each voxel counts by its probability as if it were the share inside".into(),
                ),
                other => {
                    return Err(root.bad(
                        SEGMENTATION_FRACTIONAL_TYPE,
                        other.unwrap_or(""),
                        "it must be OCCUPANCY or PROBABILITY",
                        "Export the segmentation again.",
                    ));
                }
            }
            Ok(Meaning::Fractional(most))
        }
        other => Err(root.bad(
            SEGMENTATION_TYPE,
            other.unwrap_or(""),
            "it must be BINARY, FRACTIONAL or LABELMAP",
            "Export the segmentation again.",
        )),
    }
}

/// Number and name of each segment.
fn segments(root: Item<'_>) -> Result<Vec<(u32, String)>> {
    let mut all: Vec<(u32, String)> = Vec::new();
    for item in root.items(SEGMENT_SEQUENCE) {
        let why = "frames name their segment by it";
        let number =
            item.count(SEGMENT_NUMBER)?.ok_or_else(|| item.missing(SEGMENT_NUMBER, why))?;
        if all.iter().any(|s| s.0 == number as u32) {
            return Err(item.bad(
                SEGMENT_NUMBER,
                &number.to_string(),
                "it stands twice",
                "Export it again.",
            ));
        }
        let name = item.text(SEGMENT_LABEL).unwrap_or_else(|| format!("segment {number}"));
        all.push((number as u32, name));
    }
    if all.is_empty() {
        return Err(root.missing(SEGMENT_SEQUENCE, "the object has no segment"));
    }
    Ok(all)
}

fn frame(root: Item<'_>, n: usize, count: usize, meaning: Meaning) -> Result<Frame> {
    let scope = Scope::of(root, n);
    let why = "the frame cannot be placed in the patient";
    let need = |group: Attribute, attribute: Attribute| {
        scope.find(group, attribute).ok_or_else(|| {
            let mut error = root.missing(attribute, why);
            error.problem = format!("{} for frame {}", error.problem, n + 1);
            error
        })
    };
    let missing = |a: Attribute| root.missing(a, why);
    let placement = Placement {
        name: frame_name(root, n, count),
        position: need(PLANE_POSITION_SEQUENCE, IMAGE_POSITION_PATIENT)?
            .vector(IMAGE_POSITION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_POSITION_PATIENT))?,
        orientation: need(PLANE_ORIENTATION_SEQUENCE, IMAGE_ORIENTATION_PATIENT)?
            .vector(IMAGE_ORIENTATION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_ORIENTATION_PATIENT))?,
        spacing: need(PIXEL_MEASURES_SEQUENCE, PIXEL_SPACING)?
            .vector(PIXEL_SPACING)?
            .ok_or_else(|| missing(PIXEL_SPACING))?,
        size: size(root)?,
    };
    let segment = match meaning {
        Meaning::Labels(_) => None,
        _ => {
            let item = need(SEGMENT_IDENTIFICATION_SEQUENCE, REFERENCED_SEGMENT_NUMBER)?;
            item.count(REFERENCED_SEGMENT_NUMBER)?.map(|s| s as u32)
        }
    };
    Ok(Frame { placement, segment })
}

/// The grid of all frames, and the slice of each.
fn place(root: Item<'_>, frames: &[Frame], notes: &mut Vec<String>) -> Result<(Grid, Vec<usize>)> {
    let first = &frames[0].placement;
    let axes = PlaneAxes::new(first)?;
    let refuse = |frame: &Placement, what: String, why: &str| {
        Err(Error::input(format!("{}: {what}", frame.name), why, "Export the segmentation again."))
    };
    let relative = |p: &Placement| [0, 1, 2].map(|c| p.position[c] - first.position[c]);
    for Frame { placement: p, .. } in frames {
        let turned =
            p.orientation.iter().zip(&first.orientation).any(|(a, b)| (a - b).abs() > 1e-4);
        let scaled = p.spacing.iter().zip(&first.spacing).any(|(a, b)| (a - b).abs() > 1e-4 * b);
        let d = relative(p);
        let aside = dot(d, axes.row).hypot(dot(d, axes.column));
        if turned || scaled || aside > SIDEWAYS_PIXELS * first.spacing[0].min(first.spacing[1]) {
            let what =
                "orientation, spacing or sideways place differs from the first frame's".into();
            return refuse(p, what, "all frames of a segmentation must lie on one grid");
        }
    }
    let depths: Vec<f64> =
        frames.iter().map(|f| dot(relative(&f.placement), axes.normal)).collect();
    let mut sorted = depths.clone();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|b, a| *b - *a < SAME_PLANE_MM);
    let steps: Vec<f64> = sorted.windows(2).map(|w| w[1] - w[0]).collect();
    let scope = Scope::of(root, 0);
    let stated = |attribute: Attribute| -> Result<Option<f64>> {
        let item = scope.find(PIXEL_MEASURES_SEQUENCE, attribute);
        let value = item.map(|i| i.number(attribute)).transpose()?.flatten();
        Ok(value.filter(|s| *s > SAME_PLANE_MM))
    };
    // Within a segment: planes of two that lie a little beside each other are no step.
    let smallest = smallest_step(frames, &depths);
    let stated_step = stated(SPACING_BETWEEN_SLICES)?;
    let thickness = stated(SLICE_THICKNESS)?;
    if let Some(own) = stated_step.or(thickness)
        && smallest < (1.0 - SHIFT_STEPS) * own
        && steps.iter().any(|s| *s > (1.0 + SHIFT_STEPS) * smallest)
    {
        let name = match stated_step {
            Some(_) => "SpacingBetweenSlices (0018,0088)",
            None => "SliceThickness (0018,0050)",
        };
        return refuse(
            first,
            format!("planes lie {smallest:.3} mm apart and more, {name} is {own} mm"),
            "which of the slices without a frame are empty, and how thick the others are, is not known",
        );
    }
    let step = match (stated_step, thickness) {
        (Some(s), _) if smallest > (1.0 - SHIFT_STEPS) * s => s,
        _ if smallest.is_finite() => smallest,
        (Some(s), _) => s,
        (None, Some(thick)) => {
            notes.push(format!("one slice: it is taken to be {thick} mm thick (SliceThickness)"));
            thick
        }
        (None, None) => {
            return Err(root.missing(
                SPACING_BETWEEN_SLICES,
                "the segmentation has one slice, and nothing says how thick it is",
            ));
        }
    };
    // From plane to plane, so that steps that are a little off do not add up.
    let mut index = vec![0_usize; sorted.len()];
    for (n, s) in steps.iter().enumerate() {
        let whole = (s / step).round();
        if (s / step - whole).abs() > SHIFT_STEPS || whole > 1e6 {
            let at = &frames
                [depths.iter().position(|d| *d >= sorted[n + 1] - SAME_PLANE_MM).unwrap_or(0)];
            let what = format!(
                "its plane lies {s:.3} mm from the next, {:.2} steps of {step:.3} mm",
                s / step
            );
            return refuse(&at.placement, what, "planes must lie on a regular grid");
        }
        index[n + 1] = index[n] + whole as usize;
    }
    let slices = index[index.len() - 1] + 1;
    let span = sorted[sorted.len() - 1] - sorted[0];
    let uniform = if slices > 1 { span / (slices - 1) as f64 } else { step };
    let planes = 1 + index.windows(2).filter(|w| w[0] != w[1]).count();
    let shift = sorted.iter().zip(&index).map(|(d, k)| (d - sorted[0] - *k as f64 * uniform).abs());
    let shift = shift.fold(0.0, f64::max);
    if shift > SAME_PLANE_MM {
        notes.push(format!(
            "planes are shifted by at most {shift:.3} mm to a uniform step of {uniform:.4} mm"
        ));
    }
    if planes < slices {
        notes.push(format!("{} of {slices} slices have no frame: empty", slices - planes));
    }
    let at = |d: f64| {
        let nearest = |k: &usize| (sorted[*k] - d).abs();
        (0..sorted.len()).min_by(|a, b| nearest(a).total_cmp(&nearest(b))).map_or(0, |k| index[k])
    };
    let slice_of = depths.iter().map(|d| at(*d)).collect();
    let grid = Grid {
        dims: [first.size[1], first.size[0], slices],
        origin_mm: [0, 1, 2].map(|c| first.position[c] + sorted[0] * axes.normal[c]),
        axes_mm: [
            axes.row.map(|c| c * first.spacing[1]),
            axes.column.map(|c| c * first.spacing[0]),
            axes.normal.map(|c| c * uniform),
        ],
    };
    Ok((grid.checked()?, slice_of))
}

/// The smallest step (mm) between planes of one segment; infinite where each has one plane.
fn smallest_step(frames: &[Frame], depths: &[f64]) -> f64 {
    let mut of: BTreeMap<Option<u32>, Vec<f64>> = BTreeMap::new();
    for (frame, depth) in frames.iter().zip(depths) {
        of.entry(frame.segment).or_default().push(*depth);
    }
    let least = |mut planes: Vec<f64>| {
        planes.sort_by(f64::total_cmp);
        let steps = planes.windows(2).map(|w| w[1] - w[0]);
        steps.filter(|s| *s > SAME_PLANE_MM).fold(f64::INFINITY, f64::min)
    };
    let smallest = of.into_values().map(least).fold(f64::INFINITY, f64::min);
    // A plane for each: what lies between the segments' is the step.
    if smallest.is_finite() { smallest } else { least(depths.to_vec()) }
}

/// Stored values: bits that are packed, or bytes.
struct Pixels<'a> {
    file: &'a DicomFile,
    /// Pixels of a frame.
    frame: usize,
    /// None where values are single bits.
    format: Option<PixelFormat>,
}

impl<'a> Pixels<'a> {
    fn new(file: &'a DicomFile, meaning: Meaning, count: usize) -> Result<Self> {
        let root = file.root();
        if meaning != Meaning::Binary || root.count(BITS_ALLOCATED)? != Some(1) {
            let format = PixelFormat::read(file)?;
            return Ok(Pixels { file, frame: format.frame_len(), format: Some(format) });
        }
        let [rows, columns] = size(root)?;
        let frame = rows.saturating_mul(columns);
        if frame == 0 || frame > MOST_PIXELS {
            let what = format!("{rows} with Columns {columns}");
            return Err(root.bad(ROWS, &what, "a frame has 1 to 2^25 pixels", "Export it again."));
        }
        let needed = frame.checked_mul(count).map(|bits| bits.div_ceil(8));
        let refuse = |what: &str, why: String| {
            let problem = format!("{}: PixelData (7FE0,0010) {what}", file.path.display());
            Err(Error::input(problem, why, "Copy or export the segmentation again, uncompressed."))
        };
        match &file.pixels {
            Some(PixelBytes::Native(range)) if needed.is_some_and(|n| range.len() >= n) => {
                Ok(Pixels { file, frame, format: None })
            }
            Some(PixelBytes::Native(range)) => refuse(
                "is too short",
                format!(
                    "{count} frame(s) of {rows} x {columns} bits are promised, {} bytes are there",
                    range.len()
                ),
            ),
            Some(PixelBytes::Encapsulated { .. }) => refuse(
                "is compressed",
                "packed bits are read uncompressed or deflated as a whole".into(),
            ),
            None => refuse("is missing", "there is no segmentation in this object".into()),
        }
    }

    /// Visits the pixels of a frame that are not 0.
    fn each(&self, n: usize, mut visit: impl FnMut(usize, i64)) -> Result<()> {
        if let Some(format) = &self.format {
            let values = decode_frame(self.file, format, n)?;
            values.iter().enumerate().filter(|(_, v)| **v != 0).for_each(|(p, v)| visit(p, *v));
            return Ok(());
        }
        let Some(PixelBytes::Native(range)) = &self.file.pixels else { return Ok(()) };
        let bytes = &self.file.bytes[range.clone()];
        let start = n * self.frame;
        // Frames follow each other without padding, the first pixel in the lowest bit (PS3.5 8.1.1).
        let mut bit = start;
        while bit < start + self.frame {
            let byte = bytes[bit / 8];
            if byte == 0 {
                bit = (bit / 8 + 1) * 8;
                continue;
            }
            if byte >> (bit % 8) & 1 == 1 {
                visit(bit - start, 1);
            }
            bit += 1;
        }
        Ok(())
    }
}
