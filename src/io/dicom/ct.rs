//! CT in Hounsfield units: rescaled slice by slice; nothing is clipped or replaced.

use super::DicomVolume;
use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, fill, read_frames};
use super::geometry::{Placement, stack};
use super::options::ReadOptions;
use super::pixels::PixelFormat;
use super::series::Header;
use crate::error::{Error, Result};
use crate::image::Volume;

/// HU of vacuum with the usual 1024 offset; what is lower is padding or an artefact.
const LOWEST_HU: f32 = -1024.0;

/// Reads a CT series.
pub(super) fn read(
    headers: &[Header],
    options: &ReadOptions,
    mut notes: Vec<String>,
) -> Result<DicomVolume> {
    let first = headers.first().ok_or_else(super::no_files)?.root();
    super::refuse_nm_options(&first, options)?;
    if options.count_factor.is_some() {
        return Err(Error::usage(
            format!("{}: a count factor is stated for a CT series", first.path.display()),
            "a CT is in HU",
            "Leave the count factor out.",
        ));
    }
    let mut facts = Facts::read(&first);
    let frames = read_frames(headers)?;
    for frame in &frames {
        check_hu(&headers[frame.file], frame)?;
    }
    note_tilt(headers, &mut notes)?;
    let placements: Vec<Placement> = frames.iter().map(|f| f.placement.clone()).collect();
    let stack = stack(&placements)?;
    notes.extend(stack.notes);
    let ordered: Vec<&Frame> = stack.order.iter().map(|&k| &frames[k]).collect();
    let paddings = headers.iter().map(Padding::read).collect::<Result<Vec<_>>>()?;
    let mut padding_voxels = 0;
    let data = fill(headers, &ordered, |frame, format, stored| {
        padding_voxels += usize::from(paddings[frame.file].covers(format, stored));
        let (slope, intercept) = frame.rescale.unwrap_or((f64::NAN, f64::NAN));
        slope * stored as f64 + intercept
    })?;
    facts.padding_voxels = padding_voxels;
    if padding_voxels > 0 {
        notes.push(format!(
            "{padding_voxels} voxels hold the declared padding value; they are kept"
        ));
    }
    let low = data.iter().filter(|v| **v < LOWEST_HU).count();
    if low > 0 {
        let lowest = data.iter().copied().fold(f32::INFINITY, f32::min);
        notes.push(format!(
            "{low} voxels are below {LOWEST_HU} HU (lowest {lowest}), as outside the reconstruction circle; \
             they are kept"
        ));
    }
    facts.units = "HU";
    facts.stored_units = "HU".into();
    super::note_lossy(headers, &mut notes);
    Ok(DicomVolume {
        volume: Volume::new(stack.grid, data)?,
        facts,
        notes,
        files: headers.iter().map(|h| h.path.clone()).collect(),
    })
}

fn check_hu(header: &Header, frame: &Frame) -> Result<()> {
    let root = header.root();
    if frame.rescale.is_none() {
        return Err(root.missing(RESCALE_SLOPE, "stored values cannot be turned into HU"));
    }
    if let Some(kind) = frame.rescale_type.as_deref().filter(|t| *t != "HU") {
        return Err(root.bad(
            RESCALE_TYPE,
            kind,
            "only values in HU can be turned into density",
            "Choose the series in HU, not a derived map.",
        ));
    }
    let types = root.texts(IMAGE_TYPE).unwrap_or_default();
    if types.iter().any(|t| t == "LOCALIZER") {
        return Err(root.bad(
            IMAGE_TYPE,
            &types.join("\\"),
            "a scout is no slice of a volume",
            "Leave the scout out, or choose the axial series.",
        ));
    }
    Ok(())
}

fn note_tilt(headers: &[Header], notes: &mut Vec<String>) -> Result<()> {
    for header in headers {
        let tilt = header.root().number(GANTRY_DETECTOR_TILT)?.unwrap_or(0.0);
        if tilt != 0.0 {
            notes.push(format!(
                "{GANTRY_DETECTOR_TILT} is {tilt} degrees in {}; the slice positions decide",
                header.path.display()
            ));
            return Ok(());
        }
    }
    Ok(())
}

/// The range of stored values that mean 'no data' (PS3.3 C.7.5.1.1.2).
struct Padding(Option<[i64; 2]>);

impl Padding {
    fn read(header: &Header) -> Result<Padding> {
        let root = header.root();
        let Some(value) = root.number(PIXEL_PADDING_VALUE)? else { return Ok(Padding(None)) };
        let limit = root.number(PIXEL_PADDING_RANGE_LIMIT)?.unwrap_or(value);
        for (attribute, v) in [(PIXEL_PADDING_VALUE, value), (PIXEL_PADDING_RANGE_LIMIT, limit)] {
            if v.fract() != 0.0 || v.abs() > f64::from(u32::MAX) {
                return Err(root.bad(
                    attribute,
                    &v.to_string(),
                    "it must be a stored pixel value",
                    "Repair the header.",
                ));
            }
        }
        Ok(Padding(Some([value as i64, limit as i64])))
    }

    /// Writers often give a signed value the VR US, so both are compared as stored bits.
    fn covers(&self, format: &PixelFormat, stored: i64) -> bool {
        let Some(ends) = self.0 else { return false };
        let [a, b] = ends.map(|v| format.wrap(v));
        (a.min(b)..=a.max(b)).contains(&stored)
    }
}
