//! Reconstructed SPECT in an NM object (RECON TOMO): geometry from the detector information and the slice vector.
//!
//! Slices are stacked from ImagePositionPatient along row x column by SpacingBetweenSlices, whose sign gives the
//! direction (PS3.3 C.8.4.15.1): positive lies behind the first slice, along the normal. Planar images and
//! projections hold no volume and are refused. Values are in Bq/mL only where the object says so; counts need a
//! factor from the caller.

use std::rc::Rc;

use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, frame_name, rescale, size};
use super::geometry::{Placement, PlaneAxes, stack};
use super::nm_duration::acquisition_duration;
use super::nm_frames::select_frames;
use super::options::{GeometryOverride, ReadOptions};
use super::series::Header;
use super::{DicomVolume, activity_values, detectors, real_world};
use crate::error::{Error, Result};
use crate::image::Volume;

/// Reads a reconstructed NM object.
pub(super) fn read(
    headers: &[Header],
    options: &ReadOptions,
    mut notes: Vec<String>,
) -> Result<DicomVolume> {
    let header = match headers {
        [one] => one,
        [] => return Err(super::no_files()),
        [first, ..] => {
            return Err(Error::input(
                format!(
                    "the NM series has {} objects, first {}",
                    headers.len(),
                    first.path.display()
                ),
                "a reconstruction is one multi-frame object; several are views, windows or time points",
                "Give the file of the reconstruction.",
            ));
        }
    };
    let root = header.root();
    check_type(root)?;
    let chosen = select_frames(root, options, &mut notes)?;
    let geometry = match &options.geometry {
        Some(geometry) => {
            notes
                .push("the geometry was stated by the caller; the object's own is not used".into());
            *geometry
        }
        None => object_geometry(root, chosen.detector, &mut notes)?,
    };
    let axes = PlaneAxes::new(&slice_placement(root, &geometry, [0.0; 3], 0, 1)?)?;
    let count = root.count(NUMBER_OF_FRAMES)?.unwrap_or(1);
    let values = rescale(None, root)?;
    let maps = Rc::new(real_world::read(&[root])?);
    let mut frames = Vec::new();
    for (index, slice) in chosen.frames {
        let depth = (slice as f64 - 1.0) * geometry.spacing_mm[2];
        let offset = axes.normal.map(|n| n * depth);
        frames.push(Frame {
            file: 0,
            index,
            placement: slice_placement(root, &geometry, offset, index, count)?,
            rescale: values,
            rescale_type: None,
            maps: Rc::clone(&maps),
        });
    }
    let placements: Vec<Placement> = frames.iter().map(|f| f.placement.clone()).collect();
    let stack = stack(&placements)?;
    let (step, stated) = (stack.grid.spacing_mm()[2], geometry.spacing_mm[2].abs());
    if (step - stated).abs() > 1e-6 * stated {
        return Err(root.bad(
            SLICE_VECTOR,
            &format!("a list with steps of {:.3}", step / stated),
            "every slice number must be there once, without missing ones",
            "Export the reconstruction again with all slices.",
        ));
    }
    let ordered: Vec<&Frame> = stack.order.iter().map(|&k| &frames[k]).collect();
    let values = activity_values::choose(headers, &ordered, options, &stack.grid, &mut notes)?;
    let (data, padded) = values.fill(headers, &ordered)?;
    let mut facts = Facts::read(&root);
    facts.units = "Bq/mL";
    facts.count_rates = values.rates;
    facts.stored_units = values.units;
    facts.note_padding(padded, &mut notes);
    facts.energy_window = Some(chosen.window);
    facts.count_negative(&data, &mut notes);
    // NM states the administered activity in MBq (PS3.3 C.8.4.10).
    facts.read_radiopharmaceutical(&root, 1e6, &mut notes)?;
    super::note_lossy(headers, &mut notes);
    // No attribute of the NM modules; some writers add it.
    facts.decay_correction = root.text(DECAY_CORRECTION);
    facts.decay_listed = super::decay_listed(&root);
    facts.read_times(headers, &[], &mut notes);
    if let Some((seconds, source, several)) = acquisition_duration(&root)? {
        facts.frame_duration_s = Some(seconds);
        facts.several_durations = several;
        facts.duration_source = Some(source);
    }
    let of_image = root.number(ACTUAL_FRAME_DURATION)?.filter(|ms| *ms > 0.0);
    facts.image_duration_s = of_image.map(|ms| ms * 1e-3);
    Ok(DicomVolume {
        volume: Volume::new(stack.grid, data)?,
        facts,
        notes,
        files: vec![header.path.clone()],
    })
}

/// ImageType value 3 must say a static reconstruction.
fn check_type(root: Item<'_>) -> Result<()> {
    let types = root.texts(IMAGE_TYPE).unwrap_or_default();
    let kind = types.get(2).map_or("", String::as_str);
    let refuse =
        |why: &str, suggestion: &str| Err(root.bad(IMAGE_TYPE, &types.join("\\"), why, suggestion));
    // Value 4 is EMISSION or TRANSMISSION (PS3.3 C.8.4.9.1.1).
    match kind {
        "RECON TOMO" | "RECON GATED TOMO" if types.get(3).is_some_and(|t| t == "TRANSMISSION") => {
            refuse(
                "a transmission map shows attenuation, not activity",
                "Give the emission reconstruction.",
            )
        }
        // The gates are frames, of which one is chosen.
        "RECON TOMO" | "RECON GATED TOMO" => Ok(()),
        "TOMO" | "GATED TOMO" => refuse(
            "projections are not reconstructed slices",
            "Reconstruct the study (RECON TOMO).",
        ),
        _ => refuse(
            "value 3 must be RECON TOMO; a planar image has no depth",
            "Give a reconstructed SPECT.",
        ),
    }
}

/// The geometry that the object states; an error lists everything that is missing.
fn object_geometry(
    root: Item<'_>,
    detector: usize,
    notes: &mut Vec<String>,
) -> Result<GeometryOverride> {
    let (origin, orientation) = detectors::placement(root, detector, notes)?;
    let plane = root.vector::<2>(PIXEL_SPACING)?;
    let step = root.number(SPACING_BETWEEN_SLICES)?.filter(|s| *s != 0.0);
    let inside = |attribute: Attribute| format!("{attribute} in {DETECTOR_INFORMATION_SEQUENCE}");
    let missing: Vec<String> = [
        origin.is_none().then(|| inside(IMAGE_POSITION_PATIENT)),
        orientation.is_none().then(|| inside(IMAGE_ORIENTATION_PATIENT)),
        plane.is_none().then(|| PIXEL_SPACING.to_string()),
        step.is_none().then(|| SPACING_BETWEEN_SLICES.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let (Some(origin_mm), Some(orientation), Some([row, column]), Some(slice)) =
        (origin, orientation, plane, step)
    {
        return Ok(GeometryOverride { origin_mm, orientation, spacing_mm: [row, column, slice] });
    }
    Err(Error::input(
        format!("{}: the NM object lacks {}", root.path.display(), missing.join(", ")),
        "without them the activity cannot be placed on the CT, and nothing is guessed",
        format!("Export the reconstruction with its geometry, or state it: {}", detectors::HOW),
    ))
}

fn slice_placement(
    root: Item<'_>,
    geometry: &GeometryOverride,
    offset: [f64; 3],
    index: usize,
    count: usize,
) -> Result<Placement> {
    let [row, column, _] = geometry.spacing_mm;
    Ok(Placement {
        name: frame_name(root, index, count),
        position: [0, 1, 2].map(|c| geometry.origin_mm[c] + offset[c]),
        orientation: geometry.orientation,
        spacing: [row, column],
        size: size(root)?,
    })
}
