//! PET in Bq/mL: rescaled slice by slice; negative values are kept and counted. SPECT that is stored as PET
//! (Siemens xSPECT Quant) is read the same way.

use super::DicomVolume;
use super::attributes::*;
use super::facts::Facts;
use super::frames::{Frame, fill, read_frames};
use super::geometry::{Placement, stack};
use super::options::ReadOptions;
use super::series::Header;
use crate::error::Result;
use crate::image::Volume;

/// Units (0054,1001) that a count factor may calibrate (PS3.3 C.8.9.1.1.3).
const COUNT_UNITS: [&str; 4] = ["CNTS", "CPS", "PROPCNTS", "PROPCPS"];

/// Reads a PET series.
pub(super) fn read(
    headers: &[Header],
    options: &ReadOptions,
    mut notes: Vec<String>,
) -> Result<DicomVolume> {
    let first = headers.first().ok_or_else(super::no_files)?.root();
    super::refuse_nm_options(&first, options)?;
    let mut facts = Facts::read(&first);
    let units = check_units(headers, options)?;
    check_source(headers)?;
    let frames = read_frames(headers)?;
    for frame in &frames {
        if frame.rescale.is_none() {
            let root = headers[frame.file].root();
            return Err(root.missing(RESCALE_SLOPE, "stored values cannot be turned into activity"));
        }
    }
    let placements: Vec<Placement> = frames.iter().map(|f| f.placement.clone()).collect();
    let stack = stack(&placements)?;
    notes.extend(stack.notes);
    let factor = match options.count_factor {
        Some(factor) => {
            let factor = factor.bq_per_ml(stack.grid.voxel_volume_mm3())?;
            notes.push(format!("{units} times {factor} gives Bq/mL, as stated by the caller"));
            factor
        }
        None => 1.0,
    };
    let ordered: Vec<&Frame> = stack.order.iter().map(|&k| &frames[k]).collect();
    let data = fill(headers, &ordered, |frame, _, stored| {
        let (slope, intercept) = frame.rescale.unwrap_or((f64::NAN, f64::NAN));
        factor * (slope * stored as f64 + intercept)
    })?;
    facts.units = "Bq/mL";
    facts.stored_units = units;
    facts.count_negative(&data, &mut notes);
    read_decay(headers, &ordered, &mut facts, &mut notes)?;
    super::note_lossy(headers, &mut notes);
    Ok(DicomVolume {
        volume: Volume::new(stack.grid, data)?,
        facts,
        notes,
        files: headers.iter().map(|h| h.path.clone()).collect(),
    })
}

fn check_units(headers: &[Header], options: &ReadOptions) -> Result<String> {
    let mut common: Option<String> = None;
    for header in headers {
        let root = header.root();
        let units =
            root.text(UNITS).ok_or_else(|| root.missing(UNITS, "the values could be anything"))?;
        let bad = |why: &str, suggestion: &str| Err(root.bad(UNITS, &units, why, suggestion));
        if common.as_ref().is_some_and(|c| *c != units) {
            return bad("other slices of the series have other units", "Export the series again.");
        }
        match (units.as_str(), options.count_factor) {
            ("BQML", None) => {}
            ("BQML", Some(_)) => {
                return bad(
                    "an image in Bq/mL must not be calibrated again",
                    "Leave the count factor out.",
                );
            }
            (counts, Some(_)) if COUNT_UNITS.contains(&counts) => {}
            (counts, None) if COUNT_UNITS.contains(&counts) => {
                return bad(
                    "counts need a calibration to become Bq/mL",
                    "State Bq/mL per count or MBq per count, or export the series in Bq/mL.",
                );
            }
            _ => {
                return bad(
                    "activity is needed in Bq/mL (BQML)",
                    "Export the series in Bq/mL; for SUV (GML) undo the division by dose and weight there.",
                );
            }
        }
        common = Some(units);
    }
    common.ok_or_else(super::no_files)
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
    facts.frame_duration_s = first.number(ACTUAL_FRAME_DURATION)?.map(|ms| ms * 1e-3);
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
    let files: Vec<usize> = ordered.iter().map(|f| f.file).collect();
    facts.read_times(headers, &files, notes);
    Ok(())
}
