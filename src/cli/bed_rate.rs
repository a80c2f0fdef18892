//! The dose rate over time that a BED is made of: of a table, of a stated half-life, of the run.

use super::analysis_values::value_of;
use super::bed::BedArguments;
use super::console;
use crate::analysis::DoseRate;
use crate::error::{Error, Result};
use crate::image::{Region, RegionSet};
use crate::kinetics::table::CurveFile;
use crate::kinetics::{Family, Method, Points, Spread, integrate_points};
use crate::physics::Nuclide;
use crate::physics::named_nuclide::OfRun;
use crate::pipeline::Observer;
use crate::pipeline::finished::FinishedMap;
use crate::units::SECONDS_PER_HOUR;

/// Volumes that differ by more are of two VOIs.
const ONE_VOI: f64 = 0.02;

/// The dose rate of a VOI, where it comes from, and whether it is the dose rate that the run integrated.
pub(super) fn dose_rate(
    a: &BedArguments,
    map: &FinishedMap,
    table: Option<&CurveFile>,
    (set, region): (&RegionSet, &Region),
    observer: &dyn Observer,
) -> Result<(DoseRate, String, bool)> {
    if let Some(file) = table {
        return from_table(a, file, &region.name, observer).map(|(rate, from)| (rate, from, false));
    }
    if let Some(half_life) = value_of(&a.half_life, &region.name) {
        let hours = half_life / SECONDS_PER_HOUR;
        let from = format!(
            "--half-life: one exponential of {hours:.4} h from the administration on, an assumption"
        );
        return Ok((DoseRate::mono(*half_life)?, from, false));
    }
    if let Some(curve) = map.curve(&region.name, region.label) {
        let from = format!("the curve of the run ({})", curve.what);
        let own_ml = set.volume_ml(region);
        if let Some(run_ml) = map.volume_in_run_ml(&region.name, region.label)
            && (own_ml / run_ml - 1.0).abs() > ONE_VOI
        {
            observer.warn(&format!(
                "'{}' has {own_ml:.2} mL here and had {run_ml:.2} mL in the run of {}: the dose rate over time is that of the run's VOI",
                region.name, map.name
            ));
        }
        return Ok((DoseRate::new(curve.pieces)?, from, curve.of_dose_rate));
    }
    if let Some(half_life) = map.decay_in_place_s() {
        let from = format!("physical decay in place, {:.4} h", half_life / SECONDS_PER_HOUR);
        return Ok((DoseRate::mono(half_life)?, from, false));
    }
    Err(Error::usage(
        format!("{}: no dose rate over time of '{}'", map.path.display(), region.name),
        "BED depends on how fast the dose is given",
        "Name a folder of a series that was run with this VOI, or add --curves or --half-life.",
    ))
}

fn from_table(
    a: &BedArguments,
    file: &CurveFile,
    name: &str,
    observer: &dyn Observer,
) -> Result<(DoseRate, String)> {
    let names = || file.curves.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let curve = match &file.curves[..] {
        [one] => Some(one),
        all => all.iter().find(|c| c.name == name),
    };
    let Some(curve) = curve else {
        return Err(Error::usage(
            format!("--curves has none of '{name}'"),
            format!("it has {}", names()),
            "Name curves after their VOIs.",
        ));
    };
    if !["activity", "dose_rate"].contains(&file.quantity) || file.decay_corrected == Some(true) {
        return Err(Error::usage(
            format!(
                "--curves of {}{}",
                file.quantity,
                if file.decay_corrected == Some(true) { ", decay-corrected" } else { "" }
            ),
            "dose rates or activities at their times are needed",
            "Give them as they were.",
        ));
    }
    let nuclide = Nuclide::load(a.nuclide.as_deref().unwrap_or_default())?;
    let of_run = OfRun { name: a.nuclide.as_deref(), half_life_s: nuclide.half_life_s };
    let said = std::iter::once(&curve.name).chain(&file.nuclides).map(String::as_str);
    of_run.check("--curves", said)?.iter().for_each(|note| console::say(&format!("note: {note}")));
    let spread = match &curve.uncertainties {
        Some(u) if curve.percent => {
            Spread::Relatives(u.iter().zip(&curve.values).map(|(u, v)| u / v).collect())
        }
        Some(u) => Spread::Absolute(u.clone()),
        None => Spread::Unknown,
    };
    let points = Points {
        times_s: curve.times_s.clone(),
        values: curve.values.clone(),
        spread,
        common: 0.0,
    };
    let method = Method::Auto(Family::ALL.to_vec());
    let found = integrate_points(&points, &method, nuclide.decay_constant_per_s())?;
    found.tia.warnings.iter().for_each(|w| observer.warn(&format!("--curves '{name}': {w}")));
    let from = format!(
        "--curves ({} '{}', {})",
        file.quantity.replace('_', " "),
        curve.name,
        found.name()
    );
    Ok((DoseRate::new(found.pieces())?, from))
}
