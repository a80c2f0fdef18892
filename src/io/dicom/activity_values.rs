//! What the stored numbers of a PET or NM image mean: activity if the object says so, else counts times the caller's
//! factor. A real world value map in Bq/mL comes first, then Units BQML with the rescaling, then a map in counts, then
//! counts by rescaling.
//!
//! Standardised uptake values are refused: the activity and mass that they were divided by are not known for sure.

use super::attributes::*;
use super::frames::{Frame, fill};
use super::options::ReadOptions;
use super::real_world::UnitMap;
use super::series::Header;
use super::ucum::Meaning;
use crate::error::{Error, Result};
use crate::image::Grid;

/// Units (0054,1001) that a count factor may calibrate (PS3.3 C.8.9.1.1.3).
const COUNT_UNITS: [&str; 4] = ["CNTS", "CPS", "PROPCNTS", "PROPCPS"];
/// Those of them that are counts per second.
const RATE_UNITS: [&str; 2] = ["CPS", "PROPCPS"];
/// Units (0054,1001) in which standardised uptake values are written (PS3.3 C.8.9.1.1.3).
const SUV_UNITS: [&str; 2] = ["GML", "CM2ML"];
/// Largest part by which a map in Bq/mL and the rescaling of Units BQML may differ: rounding of decimal strings.
const AGREE: f64 = 1e-3;
/// What to say for counts.
const COUNTS_HOW: &str = "Give what a count stands for: --activity-unit counts with --calibration 12.5Bq/mL (Bq/mL per count) \
     or --calibration 1.2e-6MBq (MBq per count), from the camera's calibration; in a series file unit = \"counts\" and calibration.";

/// How the stored values of a series become Bq/mL.
pub(super) struct ActivityValues {
    /// The code of the real world value map that is used, or none for the rescaling.
    map: Option<String>,
    /// Bq/mL per mapped or rescaled value.
    factor: f64,
    /// The units before the factor.
    pub units: String,
    /// Whether the values before the factor are counts per second.
    pub rates: bool,
}

/// Finds out what the values of a series mean.
///
/// # Errors
/// If they cannot become Bq/mL, or objects or statements contradict each other.
pub(super) fn choose(
    headers: &[Header],
    frames: &[&Frame],
    options: &ReadOptions,
    grid: &Grid,
    notes: &mut Vec<String>,
) -> Result<ActivityValues> {
    let first = frames.first().ok_or_else(super::no_files)?;
    let root = headers[first.file].root();
    let units = common_units(headers, frames)?;
    let find = |wanted: &[fn(&Meaning) -> bool]| -> Option<&UnitMap> {
        wanted.iter().find_map(|w| first.maps.iter().find(|m| w(&m.meaning)))
    };
    let activity = find(&[|m| matches!(m, Meaning::BqPerMl(_)), |m| matches!(m, Meaning::Bq(_))]);
    let counts =
        find(&[|m| matches!(m, Meaning::Counts(_)), |m| matches!(m, Meaning::CountsPerSecond(_))]);
    let voxel_ml = grid.voxel_volume_mm3() * 1e-3;
    let calibrated = |map: Option<&UnitMap>, factor: f64, units: &str| {
        if options.count_factor.is_some() {
            return Err(Error::usage(
                format!("{}: the values are already in {units}", root.path.display()),
                "an image in activity must not be calibrated again",
                "Leave --calibration and --activity-unit counts out.",
            ));
        }
        let map = map.map(|m| m.code.clone());
        Ok(ActivityValues { map, factor, units: units.to_owned(), rates: false })
    };
    let values = match (activity, units.as_str(), counts) {
        (Some(map), _, _) => {
            let (per_value, per_ml) = match map.meaning {
                Meaning::Bq(scale) => (scale, scale / voxel_ml),
                Meaning::BqPerMl(scale) => (scale, scale),
                _ => (1.0, 1.0),
            };
            if units == "BQML" && matches!(map.meaning, Meaning::BqPerMl(_)) {
                agree(headers, frames, &map.code, per_value)?;
            }
            calibrated(Some(map), per_ml, &map.code)?
        }
        (None, "BQML", _) => {
            if let Some(frame) = frames.iter().find(|f| f.rescale.is_none()) {
                return Err(headers[frame.file]
                    .root()
                    .missing(RESCALE_SLOPE, "Units BQML holds for the rescaled values"));
            }
            calibrated(None, 1.0, "BQML")?
        }
        (None, _, Some(map)) => {
            let scale = match map.meaning {
                Meaning::Counts(scale) | Meaning::CountsPerSecond(scale) => scale,
                _ => 1.0,
            };
            let stated = format!("a real world value map in {}", map.code);
            let factor = count_factor(root, options, grid, &stated)?;
            notes.push(format!(
                "{} by the real world value map, times {factor} give Bq/mL, as stated by the caller",
                map.code
            ));
            ActivityValues {
                map: Some(map.code.clone()),
                factor: factor * scale,
                units: map.code.clone(),
                rates: matches!(map.meaning, Meaning::CountsPerSecond(_)),
            }
        }
        (None, _, None) => {
            if find(&[|m| *m == Meaning::Suv]).is_some() || SUV_UNITS.contains(&units.as_str()) {
                return Err(refuse_suv(root, first, &units));
            }
            rescaled_counts(root, first, frames, options, grid, units, notes)?
        }
    };
    let others: Vec<&str> = first
        .maps
        .iter()
        .map(|m| m.code.as_str())
        .filter(|code| values.map.as_deref() != Some(*code))
        .collect();
    if !others.is_empty() {
        notes.push(format!(
            "values are read in {}; the real world value map in {} is not used",
            values.units,
            others.join(", ")
        ));
    }
    Ok(values)
}

impl ActivityValues {
    /// Reads the voxels in Bq/mL; padding becomes 0. Returns them with the number of padding voxels.
    ///
    /// # Errors
    /// If a frame lacks the map, or stored values lie outside of the mapped range.
    pub fn fill(&self, headers: &[Header], frames: &[&Frame]) -> Result<(Vec<f32>, usize)> {
        let map_of = |frame: &Frame| -> Option<usize> {
            let code = self.map.as_deref()?;
            frame.maps.iter().position(|m| m.code == code)
        };
        if let (Some(code), Some(frame)) =
            (&self.map, frames.iter().find(|f| self.map.is_some() && map_of(f).is_none()))
        {
            return Err(Error::input(
                format!("{}: there is no real world value map in {code}", frame.placement.name),
                "the other slices have one",
                "Export the series again.",
            ));
        }
        let (mut padded, mut unmapped, mut example) = (0, 0_usize, None);
        let data = fill(headers, frames, |frame, format, padding, stored| {
            let mask = padding.mask(format, stored, None);
            let map = map_of(frame).map(|n| &frame.maps[n]);
            let (slope, intercept) = frame.rescale.unwrap_or((1.0, 0.0));
            stored
                .iter()
                .zip(mask)
                .map(|(v, is_padding)| {
                    if is_padding {
                        padded += 1;
                        return 0.0;
                    }
                    let value = match map {
                        None => slope * *v as f64 + intercept,
                        Some(map) => map.value(format, *v).unwrap_or_else(|| {
                            unmapped += 1;
                            example.get_or_insert((frame.placement.name.clone(), *v));
                            0.0
                        }),
                    };
                    self.factor * value
                })
                .collect()
        })?;
        if let Some((name, v)) = example {
            return Err(Error::input(
                format!(
                    "{unmapped} voxels hold stored values outside of the real world value map's range, such as {v} in {name}"
                ),
                "RealWorldValueFirstValueMapped (0040,9216) and RealWorldValueLastValueMapped (0040,9211) say what it covers",
                "Export the series again; what those voxels mean is not stated.",
            ));
        }
        Ok((data, padded))
    }
}

/// Units (0054,1001), which all objects must share; empty if there are none.
fn common_units(headers: &[Header], frames: &[&Frame]) -> Result<String> {
    let mut common: Option<String> = None;
    for frame in frames {
        let root = headers[frame.file].root();
        let units = root.text(UNITS).unwrap_or_default();
        if common.get_or_insert_with(|| units.clone()) != &units {
            return Err(root.bad(
                UNITS,
                &units,
                "other slices of the series have other units",
                "Export the series again.",
            ));
        }
    }
    Ok(common.unwrap_or_default())
}

/// The map in Bq/mL and the rescaled values of Units BQML say the same.
fn agree(headers: &[Header], frames: &[&Frame], code: &str, scale: f64) -> Result<()> {
    for frame in frames {
        let Some((slope, intercept)) = frame.rescale else { continue };
        let Some(map) = frame.maps.iter().find(|m| m.code == code) else { continue };
        let apart = map.difference(slope / scale, intercept / scale);
        if apart > AGREE {
            return Err(headers[frame.file].root().bad(
                RESCALE_SLOPE,
                &slope.to_string(),
                &format!(
                    "Units (0054,1001) is BQML, so rescaled values are Bq/mL, but the real world value map in {code} \
                     differs by {:.3} %",
                    100.0 * apart
                ),
                "Export the series again: the object contradicts itself.",
            ));
        }
    }
    Ok(())
}

fn count_factor(root: Item<'_>, options: &ReadOptions, grid: &Grid, stated: &str) -> Result<f64> {
    let Some(factor) = options.count_factor else {
        return Err(Error::input(
            format!(
                "{}: the object states {stated}, so its values are counts",
                root.path.display()
            ),
            "neither Units (0054,1001) BQML nor a RealWorldValueMappingSequence (0040,9096) in Bq/mL is there",
            COUNTS_HOW,
        ));
    };
    factor.bq_per_ml(grid.voxel_volume_mm3())
}

/// Counts by rescaling, or as they are stored in an NM object without one.
fn rescaled_counts(
    root: Item<'_>,
    first: &Frame,
    frames: &[&Frame],
    options: &ReadOptions,
    grid: &Grid,
    units: String,
    notes: &mut Vec<String>,
) -> Result<ActivityValues> {
    let nm = root.text(MODALITY).as_deref() == Some("NM");
    if units.is_empty() && !nm {
        let codes: Vec<&str> = first.maps.iter().map(|m| m.code.as_str()).collect();
        return Err(Error::input(
            format!("{}: {UNITS} is missing or empty", root.path.display()),
            if codes.is_empty() {
                "the values could be anything".to_owned()
            } else {
                format!("and the real world value map is in {}", codes.join(", "))
            },
            "Export the series in Bq/mL.",
        ));
    }
    let counts = COUNT_UNITS.contains(&units.as_str());
    if !(counts || nm && (units.is_empty() || units == "NONE")) {
        return Err(root.bad(
            UNITS,
            &units,
            "activity is needed in Bq/mL (BQML), or counts with a calibration",
            "Export the series in Bq/mL.",
        ));
    }
    if counts && options.count_factor.is_none() {
        return Err(root.bad(
            UNITS,
            &units,
            "counts need a calibration to become Bq/mL",
            COUNTS_HOW,
        ));
    }
    let stated = if units.is_empty() { "no units".into() } else { format!("Units {units}") };
    let factor = count_factor(root, options, grid, &stated)?;
    let without = frames.iter().filter(|f| f.rescale.is_none()).count();
    if without > 0 && (!nm || without < frames.len()) {
        return Err(root.missing(RESCALE_SLOPE, "stored values cannot be turned into activity"));
    }
    let applied = match (without, units.as_str()) {
        (0, "" | "NONE") => "rescaled (slope and intercept) values",
        (_, "" | "NONE") => "counts",
        (_, units) => units,
    };
    notes.push(format!("{applied} times {factor} give Bq/mL, as stated by the caller"));
    let units = if units.is_empty() { "counts".into() } else { units };
    let rates = RATE_UNITS.contains(&units.as_str());
    Ok(ActivityValues { map: None, factor, units, rates })
}

/// Says what an SUV was divided by, with the numbers of the header.
fn refuse_suv(root: Item<'_>, first: &Frame, units: &str) -> Error {
    let map = first.maps.iter().find(|m| m.meaning == Meaning::Suv).map(|m| m.code.as_str());
    let stated = match map {
        Some(code) => format!("the real world value map is in {code}"),
        None => format!("{UNITS} is '{units}'"),
    };
    let number = |item: Option<Item<'_>>, attribute: Attribute| -> String {
        let value = item.and_then(|i| i.number(attribute).ok().flatten());
        value.map_or_else(|| "not stated".into(), |v| v.to_string())
    };
    let drug = root.item(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
    Error::input(
        format!("{}: {stated}: standardised uptake values", root.path.display()),
        "an SUV is Bq/mL divided by the injected activity per gram of the body, both of which the writer chose",
        format!(
            "Export the series in Bq/mL; or multiply the values by A / m and give the result as NIfTI or MetaImage in Bq/mL, \
             where A (Bq) is the injected activity decayed to the time of the SUV ({RADIONUCLIDE_TOTAL_DOSE}: {}, at the \
             injection) and m (g) the mass ({PATIENT_WEIGHT}: {} kg), for an SUV of body weight.",
            number(drug, RADIONUCLIDE_TOTAL_DOSE),
            number(Some(root), PATIENT_WEIGHT),
        ),
    )
}
