//! PET in Bq/mL: rescaled slice by slice; negative values are kept and counted. SPECT that is stored as PET
//! (Siemens xSPECT Quant) and enhanced PET, all slices in one object, are read the same way.

use super::DicomVolume;
use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, read_frames};
use super::geometry::{Placement, stack};
use super::options::ReadOptions;
use super::series::Header;
use super::{activity_values, enhanced, time_frames};
use crate::error::Result;
use crate::image::Volume;

/// Reads a PET series.
pub(super) fn read(
    headers: Vec<Header>,
    options: &ReadOptions,
    mut notes: Vec<String>,
) -> Result<DicomVolume> {
    let first = headers.first().ok_or_else(super::no_files)?.root();
    super::refuse_nm_options(&first, options)?;
    check_source(&headers)?;
    let frames = read_frames(&headers)?;
    let (frames, times) = time_frames::choose(&headers, frames, options.frame, &mut notes)?;
    let (headers, frames) = time_frames::used(headers, frames);
    let headers = headers.as_slice();
    let first = headers.first().ok_or_else(super::no_files)?.root();
    let mut facts = Facts::read(&first);
    let placements: Vec<Placement> = frames.iter().map(|f| f.placement.clone()).collect();
    let stack = stack(&placements)?;
    notes.extend(stack.notes);
    let ordered: Vec<&Frame> = stack.order.iter().map(|&k| &frames[k]).collect();
    let values = activity_values::choose(headers, &ordered, options, &stack.grid, &mut notes)?;
    let (data, padded) = values.fill(headers, &ordered)?;
    facts.units = "Bq/mL";
    facts.count_rates = values.rates;
    facts.stored_units = values.units;
    facts.note_padding(padded, &mut notes);
    facts.count_negative(&data, &mut notes);
    if enhanced::is_enhanced(first) {
        enhanced::read_decay(headers, &ordered, &mut facts, &mut notes)?;
    } else {
        read_decay(headers, &ordered, &mut facts, &mut notes)?;
    }
    if let Some(times) = times {
        times.apply(&mut facts, &mut notes);
    }
    super::note_lossy(headers, &mut notes);
    Ok(DicomVolume {
        volume: Volume::new(stack.grid, data)?,
        facts,
        notes,
        files: headers.iter().map(|h| h.path.clone()).collect(),
    })
}

fn check_source(headers: &[Header]) -> Result<()> {
    for header in headers {
        let root = header.root();
        if let Some(source) = root.text(COUNTS_SOURCE).filter(|s| s != "EMISSION") {
            return Err(root.bad(
                COUNTS_SOURCE,
                &source,
                "only emission images show activity",
                "Choose the emission series.",
            ));
        }
    }
    Ok(())
}

fn read_decay(
    headers: &[Header],
    ordered: &[&Frame],
    facts: &mut Facts,
    notes: &mut Vec<String>,
) -> Result<()> {
    let first = headers.first().ok_or_else(super::no_files)?.root();
    facts.decay_correction = first.text(DECAY_CORRECTION);
    let mut factors: Option<[f64; 2]> = None;
    for header in headers {
        let root = header.root();
        if root.text(DECAY_CORRECTION) != facts.decay_correction {
            return Err(root.bad(
                DECAY_CORRECTION,
                &root.text(DECAY_CORRECTION).unwrap_or_default(),
                "other slices of the series are corrected to another time",
                "Export the series again.",
            ));
        }
        if let Some(factor) = root.number(DECAY_FACTOR)? {
            let [low, high] = factors.unwrap_or([factor; 2]);
            factors = Some([low.min(factor), high.max(factor)]);
        }
    }
    facts.decay_factors = factors;
    let lasted = first.number(ACTUAL_FRAME_DURATION)?.filter(|ms| *ms > 0.0);
    facts.frame_duration_s = lasted.map(|ms| ms * 1e-3);
    if let Some(frame) = ordered.first() {
        let time = headers[frame.file].root().number(FRAME_REFERENCE_TIME)?;
        facts.frame_reference_time_s = time.map(|ms| ms * 1e-3);
    }
    facts.decay_listed = super::decay_listed(&first);
    let corrected = first.texts(CORRECTED_IMAGE).unwrap_or_default();
    if !corrected.iter().any(|c| c == "ATTN") {
        notes.push(format!("{CORRECTED_IMAGE} does not list ATTN: attenuation may be uncorrected"));
    }
    facts.read_radiopharmaceutical(&first, 1.0, notes)?;
    facts.read_times(headers, ordered, notes);
    Ok(())
}
