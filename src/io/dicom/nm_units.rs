//! What the numbers of an NM object mean: Bq/mL if it says so, else counts times the caller's factor.

use super::attributes::*;
use super::options::ReadOptions;
use crate::error::{Error, Result};
use crate::image::Grid;

/// Bq/mL = slope x stored value + intercept.
pub(super) struct Calibration {
    pub slope: f64,
    pub intercept: f64,
    /// The units before calibration.
    pub units: String,
}

/// Finds the calibration: a real world value map in Bq/mL, then Units BQML, then the caller's count factor.
pub(super) fn calibration(
    root: Item<'_>,
    rescale: Option<(f64, f64)>,
    options: &ReadOptions,
    grid: &Grid,
    notes: &mut Vec<String>,
) -> Result<Calibration> {
    if let Some(mapped) = real_world_map(root)? {
        return calibrated(root, options, mapped);
    }
    let units = root.text(UNITS).unwrap_or_default();
    if units == "BQML" {
        let (slope, intercept) = rescale.ok_or_else(|| {
            root.missing(RESCALE_SLOPE, "Units BQML holds for the rescaled values")
        })?;
        return calibrated(root, options, Calibration { slope, intercept, units });
    }
    let (slope, intercept) = rescale.unwrap_or((1.0, 0.0));
    let Some(factor) = options.count_factor else {
        let stated = if units.is_empty() { "no units".into() } else { format!("Units {units}") };
        return Err(Error::input(
            format!(
                "{}: the NM object states {stated}, so its values are counts",
                root.path.display()
            ),
            "neither Units (0054,1001) BQML nor a RealWorldValueMappingSequence (0040,9096) in Bq/mL is there",
            "State Bq/mL per count or MBq per count from the camera's calibration.",
        ));
    };
    let factor = factor.bq_per_ml(grid.voxel_volume_mm3())?;
    let applied =
        if rescale.is_some() { "rescaled (slope and intercept) values" } else { "counts" };
    notes.push(format!("{applied} times {factor} give Bq/mL, as stated by the caller"));
    Ok(Calibration {
        slope: factor * slope,
        intercept: factor * intercept,
        units: if units.is_empty() { "counts".into() } else { units },
    })
}

fn calibrated(root: Item<'_>, options: &ReadOptions, found: Calibration) -> Result<Calibration> {
    if options.count_factor.is_some() {
        return Err(Error::usage(
            format!("{}: the NM object is already in {}", root.path.display(), found.units),
            "an image in Bq/mL must not be calibrated again",
            "Leave the count factor out.",
        ));
    }
    Ok(found)
}

/// The real world value map in Bq/mL, if there is one (UCUM codes; PS3.3 C.7.6.16.2.11).
fn real_world_map(root: Item<'_>) -> Result<Option<Calibration>> {
    for map in root.items(REAL_WORLD_VALUE_MAPPING_SEQUENCE) {
        let code = map.item(MEASUREMENT_UNITS_CODE_SEQUENCE).and_then(|c| c.text(CODE_VALUE));
        let Some(code) = code else { continue };
        let bq_per_ml = match code.as_str() {
            "Bq/ml" | "Bq/mL" => 1.0,
            "kBq/ml" | "kBq/mL" => 1e3,
            "MBq/ml" | "MBq/mL" => 1e6,
            _ => continue,
        };
        let why = "the map to Bq/mL is incomplete";
        let slope = map.required_number(REAL_WORLD_VALUE_SLOPE, why)?;
        let intercept = map.required_number(REAL_WORLD_VALUE_INTERCEPT, why)?;
        if slope == 0.0 {
            return Err(map.bad(
                REAL_WORLD_VALUE_SLOPE,
                "0",
                "all values would be the same",
                "Export again.",
            ));
        }
        return Ok(Some(Calibration {
            slope: slope * bq_per_ml,
            intercept: intercept * bq_per_ml,
            units: code,
        }));
    }
    Ok(None)
}
