//! CT in Hounsfield units: rescaled slice by slice; padding becomes air, nothing else is clipped or replaced.

use super::DicomVolume;
use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, fill, read_frames};
use super::geometry::{Placement, stack};
use super::options::ReadOptions;
use super::series::Header;
use crate::error::{Error, Result};
use crate::image::Volume;

/// HU of vacuum with the usual 1024 offset; what is lower is padding or an artefact.
const LOWEST_HU: f32 = -1024.0;
/// HU of air, by definition (PS3.3 C.11.1.1.2): what is outside of the scanned field is not in the patient.
const AIR_HU: f64 = -1000.0;

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
    if options.frame.is_some() {
        return Err(Error::usage(
            format!("{}: a frame is stated for a CT series", first.path.display()),
            "frames are chosen of activity images",
            "Leave the frame out, or give the files of one frame.",
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
    let (mut padded, mut kept) = (0, 0);
    let data = fill(headers, &ordered, |frame, format, padding, stored| {
        let (slope, intercept) = frame.rescale.unwrap_or((f64::NAN, f64::NAN));
        let hu = |v: i64| slope * v as f64 + intercept;
        let mask = padding.mask(format, stored, Some(&hu));
        let declared = padding.mask(format, stored, None).into_iter().filter(|d| *d).count();
        let here = mask.iter().filter(|m| **m).count();
        (padded, kept) = (padded + here, kept + declared - here);
        stored.iter().zip(mask).map(|(v, padded)| if padded { AIR_HU } else { hu(*v) }).collect()
    })?;
    facts.padding_voxels = padded;
    if padded > 0 {
        notes.push(format!(
            "{padded} voxels hold the declared padding value; they are taken as air ({AIR_HU} HU)"
        ));
    }
    if kept > 0 {
        notes.push(format!(
            "{kept} voxels inside the image hold the declared padding value, which here stands for tissue; they are kept"
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
