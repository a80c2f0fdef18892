//! What a run found of its volumes of interest, for a measurement report.

use std::path::Path;

use serde_json::Value;

use super::super::report::BED_OF_MEAN;
use super::bed::told;
use super::whole_run::WholeRun;
use crate::error::Result;
use crate::io::dicom::write::{Measure, MeasuredVoi};

/// The VOIs of a run; with a folder of `voxgray bed` also their BED. What is not known is left out.
///
/// # Errors
/// If `bed.json` cannot be read.
pub(super) fn vois(run: &WholeRun, bed: Option<&Path>) -> Result<Vec<MeasuredVoi>> {
    let summary = &run.summary;
    let bed = bed.map(read_bed).transpose()?;
    let is_dose = summary["dose"]["unit"] == "Gy";
    let of = |voi: &Value| {
        let name = voi["name"].as_str().unwrap_or("").to_owned();
        let known = |value: &Value| value.as_f64().filter(|x| x.is_finite());
        let (mean, error) = match is_dose {
            true => (Measure::MeanDose, Measure::MeanDoseStandardError),
            false => (Measure::MeanDoseRate, Measure::MeanDoseRateStandardError),
        };
        let combined = &voi["uncertainty"]["standard_uncertainty"];
        let mut values = vec![
            (mean, known(&voi["mean_dose"])),
            (error, known(&voi["standard_error"])),
            (Measure::MeanDoseUncertainty, known(combined).filter(|_| is_dose)),
            (Measure::Volume, known(&voi["volume_cm3"])),
            (Measure::Mass, known(&voi["mass_g"])),
        ];
        values.push(activity(summary, known(&voi["activity"])));
        let own_bed = bed.iter().flatten().find(|b| b.0 == name).map(|b| b.1);
        values.push((Measure::BiologicallyEffectiveDose, own_bed));
        let values = values.into_iter().filter_map(|(m, v)| Some((m, v?))).collect();
        MeasuredVoi { name, values }
    };
    Ok(summary["vois"].as_array().into_iter().flatten().map(of).collect())
}

/// Activity or, where it was integrated or decays in place, its time integral.
fn activity(summary: &Value, value: Option<f64>) -> (Measure, Option<f64>) {
    let setup = &summary["setup"];
    match (setup["activity"]["unit"].as_str(), setup["decays_per_bq"].as_f64()) {
        (Some("Bq s"), _) => (Measure::TimeIntegratedActivity, value),
        (Some("Bq"), Some(decays)) => (Measure::TimeIntegratedActivity, value.map(|a| a * decays)),
        (Some("Bq"), None) => (Measure::Activity, value),
        _ => (Measure::Activity, None),
    }
}

fn read_bed(folder: &Path) -> Result<Vec<(String, f64)>> {
    let told = told(folder)?;
    let rows = told["results"].as_array();
    let rows: Vec<&Value> = rows.into_iter().flatten().collect();
    // The first that a VOI has counts.
    let of_mean =
        BED_OF_MEAN.iter().flat_map(|what| rows.iter().filter(move |r| r["quantity"] == *what));
    let pair = |r: &&Value| Some((r["voi"].as_str()?.to_owned(), r["value"].as_f64()?));
    Ok(of_mean.filter_map(pair).collect())
}
