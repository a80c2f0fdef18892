//! `voxgray dvh` on arrays.

use super::super::Command;
use super::super::analysis_input::WeightChoice;
use super::super::call::Refused;
use super::super::dvh::{Histograms, histograms};
use super::{ARRAY, read, stand, wrong_command};
use crate::analysis::{Estimate, Map, VoiMetrics};
use crate::error::Error;
use crate::image::{Region, RegionSet, Volume};
use crate::stats::NORMAL_97_5;

/// Options of `voxgray dvh` that arrays leave to the caller.
pub const OPTIONS: [&str; 10] =
    ["unit", "missing", "sampling", "weight", "d", "v", "geud", "eud", "response", "administered"];

/// A map with what belongs to it.
#[derive(Debug, Clone)]
pub struct DoseMap {
    /// The map.
    pub values: Volume<f32>,
    /// Standard error of each voxel.
    pub standard_errors: Option<Vec<f32>>,
    /// g/cm3, for weights by mass.
    pub density: Option<Vec<f32>>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// VOI.
    pub voi: String,
    /// What was read: `mean`, `D95%`, ...
    pub quantity: String,
    /// Its unit.
    pub unit: String,
    /// The value with what noise does to it.
    pub value: Estimate,
    /// 95 % interval by the noise.
    pub interval_95: Option<[f64; 2]>,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The table.
    pub rows: Vec<Row>,
    /// Histograms with their VOIs' names.
    pub histograms: Vec<(String, VoiMetrics)>,
    /// VOIs that were refused, and why.
    pub refused: Vec<(String, Error)>,
}

/// Reads histograms. `mean_standard_errors` are those of the means of the regions from independent batches, NaN where they do not tell it.
///
/// # Errors
/// If an option cannot be used.
pub fn dvh(
    map: &DoseMap,
    set: RegionSet,
    mean_standard_errors: &[f64],
    options: &toml::Table,
) -> Result<Read, Refused> {
    let mut stands = stand(&["voi"]);
    stands.extend(["--".into(), ARRAY.into()]);
    let Command::Dvh(a) = read("dvh", &OPTIONS, options, &stands)?.into_command()? else {
        return Err(wrong_command());
    };
    let by_mass = a.weight == WeightChoice::Mass;
    if by_mass && map.density.is_none() {
        return Err(Refused::Error(Error::usage(
            "weight is mass",
            "there is no density",
            "Give the density (g/cm3) on the grid of the map.",
        )));
    }
    let of = Map {
        values: &map.values,
        standard_errors: map.standard_errors.as_deref(),
        density: map.density.as_deref(),
        by_mass,
        left_out: None,
    };
    let sets = [set.checked()?];
    let batches = |region: &Region, _| {
        let at = sets[0].regions.iter().position(|r| r.name == region.name)?;
        mean_standard_errors.get(at).copied()
    };
    let unit = a.input.unit.clone().unwrap_or_else(|| "Gy".into());
    let Histograms { table, found, refused, .. } = histograms(&a, &of, &sets, &unit, &batches)?;
    let row = |r: super::super::analysis_input::Row| Row {
        interval_95: r.value.interval_95(NORMAL_97_5),
        voi: r.voi,
        quantity: r.what,
        unit: r.unit,
        value: r.value,
    };
    Ok(Read { rows: table.rows.into_iter().map(row).collect(), histograms: found, refused })
}
