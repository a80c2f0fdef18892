//! The frames of a series: where each lies and how its stored values are rescaled. Single-frame objects state
//! that at the root, multi-frame ones in functional groups (PS3.3 C.7.6.16).

use std::collections::BTreeSet;
use std::rc::Rc;

use super::attributes::*;
use super::geometry::Placement;
use super::object::DicomFile;
use super::padding::Padding;
use super::pixels::{PixelFormat, decode_frame};
use super::real_world::{self, UnitMap};
use super::series::Header;
use crate::error::{Error, Result};
use crate::io::room::SERIES;

/// A volume with more voxels is refused before anything is allocated (8 GiB of f32).
const MAX_VOXELS: usize = 1 << 31;

/// One frame of one file.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Index of the file in the series.
    pub file: usize,
    /// Index of the frame in the file, from 0.
    pub index: usize,
    pub placement: Placement,
    /// RescaleSlope and RescaleIntercept, if stated.
    pub rescale: Option<(f64, f64)>,
    pub rescale_type: Option<String>,
    /// Real world value maps that hold for the frame, by unit.
    pub maps: Rc<Vec<UnitMap>>,
}

/// The data sets that may hold an attribute of a frame, nearest first.
pub(super) struct Scope<'a>(Vec<Item<'a>>);

impl<'a> Scope<'a> {
    pub fn of(root: Item<'a>, index: usize) -> Scope<'a> {
        let per_frame = root.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).into_iter().nth(index);
        let shared = root.item(SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        Scope(per_frame.into_iter().chain(shared).chain([root]).collect())
    }

    /// The item that holds `attribute`, inside `group` or at the root.
    pub fn find(&self, group: Attribute, attribute: Attribute) -> Option<Item<'a>> {
        let inside = self.0.iter().filter_map(|s| s.item(group)).find(|i| i.has(attribute));
        inside.or_else(|| self.0.last().filter(|root| root.has(attribute)).copied())
    }
}

/// Reads the frames of all files, with their positions.
pub(super) fn read_frames(headers: &[Header]) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for (file, header) in headers.iter().enumerate() {
        let root = header.root();
        let count = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1);
        let groups = root.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).len();
        if count > 1 && groups != count {
            return Err(root.bad(
                NUMBER_OF_FRAMES,
                &count.to_string(),
                &format!("PerFrameFunctionalGroupsSequence (5200,9230) places {groups} frames"),
                "Export the series as one file per slice.",
            ));
        }
        let shared: Vec<Item<'_>> =
            root.item(SHARED_FUNCTIONAL_GROUPS_SEQUENCE).into_iter().chain([root]).collect();
        let common = Rc::new(real_world::read(&shared)?);
        let per_frame = root.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        for index in 0..count {
            let scope = Scope::of(root, index);
            let own = per_frame.get(index).filter(|i| i.has(REAL_WORLD_VALUE_MAPPING_SEQUENCE));
            let transform = PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
            frames.push(Frame {
                file,
                index,
                placement: placement(root, &scope, index, count)?,
                rescale: rescale(scope.find(transform, RESCALE_SLOPE), root)?,
                rescale_type: scope
                    .find(transform, RESCALE_TYPE)
                    .and_then(|i| i.text(RESCALE_TYPE)),
                maps: match own {
                    Some(own) => Rc::new(real_world::read(&[*own])?),
                    None => Rc::clone(&common),
                },
            });
        }
    }
    Ok(frames)
}

/// The name of a frame for messages.
pub(super) fn frame_name(root: Item<'_>, index: usize, count: usize) -> String {
    let file = root.path.display();
    if count > 1 { format!("{file} frame {}", index + 1) } else { file.to_string() }
}

/// Rows and columns.
pub(super) fn size(root: Item<'_>) -> Result<[usize; 2]> {
    let why = "the image has no size";
    let rows = root.count(ROWS)?.ok_or_else(|| root.missing(ROWS, why))?;
    let columns = root.count(COLUMNS)?.ok_or_else(|| root.missing(COLUMNS, why))?;
    Ok([rows, columns])
}

fn placement(root: Item<'_>, scope: &Scope<'_>, index: usize, count: usize) -> Result<Placement> {
    let why = "the slice cannot be placed in the patient";
    let need = |group: Attribute, attribute: Attribute| {
        scope.find(group, attribute).ok_or_else(|| root.missing(attribute, why))
    };
    let missing = |attribute: Attribute| root.missing(attribute, why);
    let position = need(PLANE_POSITION_SEQUENCE, IMAGE_POSITION_PATIENT)?;
    let orientation = need(PLANE_ORIENTATION_SEQUENCE, IMAGE_ORIENTATION_PATIENT)?;
    let spacing = need(PIXEL_MEASURES_SEQUENCE, PIXEL_SPACING)?;
    Ok(Placement {
        name: frame_name(root, index, count),
        position: position
            .vector(IMAGE_POSITION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_POSITION_PATIENT))?,
        orientation: orientation
            .vector(IMAGE_ORIENTATION_PATIENT)?
            .ok_or_else(|| missing(IMAGE_ORIENTATION_PATIENT))?,
        spacing: spacing.vector(PIXEL_SPACING)?.ok_or_else(|| missing(PIXEL_SPACING))?,
        size: size(root)?,
    })
}

/// Slope and intercept; an absent intercept beside a slope is an error, not zero.
pub(super) fn rescale(holder: Option<Item<'_>>, root: Item<'_>) -> Result<Option<(f64, f64)>> {
    let item = holder.unwrap_or(root);
    let Some(slope) = item.number(RESCALE_SLOPE)? else { return Ok(None) };
    let intercept = item.required_number(
        RESCALE_INTERCEPT,
        "a RescaleSlope without it leaves the values unknown",
    )?;
    if slope == 0.0 {
        return Err(item.bad(
            RESCALE_SLOPE,
            "0",
            "all values would be the same",
            "Export the series again.",
        ));
    }
    Ok(Some((slope, intercept)))
}

/// Bytes of the files that hold the frames.
fn files_of(headers: &[Header], frames: &[&Frame]) -> u64 {
    let used: BTreeSet<usize> = frames.iter().map(|f| f.file).collect();
    used.into_iter().map(|f| headers[f].stored).sum()
}

/// Reads the voxels of `frames` in the given order. `convert` turns the stored values of a slice into the quantity;
/// padding is among them.
pub(super) fn fill(
    headers: &[Header],
    frames: &[&Frame],
    mut convert: impl FnMut(&Frame, &PixelFormat, &Padding, &[i64]) -> Vec<f64>,
) -> Result<Vec<f32>> {
    let per_frame =
        frames.first().map_or(0, |f| f.placement.size[0].saturating_mul(f.placement.size[1]));
    let total = per_frame.saturating_mul(frames.len());
    let mut values: Vec<f32> = Vec::new();
    let mut open: Option<(usize, DicomFile, PixelFormat, Padding)> = None;
    for frame in frames {
        let header = &headers[frame.file];
        let current = match open.take() {
            Some(current) if current.0 == frame.file => current,
            _ => {
                let file = DicomFile::open(&header.path)?;
                let mut format = PixelFormat::read(&file)?;
                let padding = Padding::read(file.root())?;
                format.foreign_padding = padding.foreign(&format);
                (frame.file, file, format, padding)
            }
        };
        let (_, file, format, padding) = &current;
        let stored = decode_frame(file, format, frame.index)?;
        if values.is_empty() {
            let stored = files_of(headers, frames);
            SERIES.make(&header.path, stored, (total as u64).saturating_mul(4))?;
        }
        if values.is_empty() && (total > MAX_VOXELS || values.try_reserve_exact(total).is_err()) {
            return Err(Error::input(
                format!("the series has {total} voxels"),
                "that does not fit in memory",
                "Crop or resample the series.",
            ));
        }
        for (converted, stored) in convert(frame, format, padding, &stored).into_iter().zip(&stored)
        {
            let converted = converted as f32;
            if !converted.is_finite() {
                return Err(Error::input(
                    format!("{}: a stored {stored} becomes {converted}", frame.placement.name),
                    "RescaleSlope (0028,1053) or the count factor is absurdly large",
                    "Check the header and the factor.",
                ));
            }
            values.push(converted);
        }
        open = Some(current);
    }
    Ok(values)
}
