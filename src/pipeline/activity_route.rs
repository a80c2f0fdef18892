//! Activities integrated over time, then transported once.

use serde_json::{Value, json};

use super::dose_rate_route::DoseRates;
use super::histories::{choose_engine, transport};
use super::outputs::{self, Maps, OutputFolder};
use super::routes::{Case, write_text};
use super::voi_curves::{self, VoiOverTime};
use super::{Prepared, Written, memory};
use crate::error::Result;
use crate::report::summary::{EngineResult, Timing};
use crate::transport::tally::Tally;

/// Integrate, then transport; `rates` are those of the other route, for comparison.
pub(super) fn activity_route(
    case: &Case,
    folder: OutputFolder,
    rates: Option<DoseRates>,
) -> Result<Written> {
    let (job, observer) = (case.job, case.observer);
    let engine = choose_engine(job, observer)?;
    let mut prepared = case.prepare(&engine, &[])?;
    let (outcome, engine) = transport(job, &prepared, engine, observer, case.stop)?;
    let tally = &outcome.tally;
    let vois = activity_vois(case, &prepared, tally);
    for (facts, voi) in prepared.context.vois.iter_mut().zip(&vois) {
        facts.curve = Some(voi.facts.clone());
    }
    let curves: Vec<_> = vois.iter().map(|v| &v.curve).collect();
    let mut files =
        case.plots(&folder, &prepared, "activity", &curves, ["activity / Bq", "Bq s"])?;
    let table = voi_curves::table(
        &prepared.context.vois,
        case.input,
        Some(&vois),
        rates.as_ref().map(|r| &r.vois[..]),
    );
    files.push(write_text(&folder, "vois.csv", &table)?);
    prepared.context.setup["activity_route"] =
        json!({"vois": vois.iter().map(voi_curves::voi_json).collect::<Vec<_>>()});
    let refused_by_rates = rates.as_ref().map_or(Vec::new(), |r| refused(&prepared, &r.vois));
    let difference = rates.map(|rates| {
        files.extend(rates.files);
        let mut section = rates.section;
        let scale = prepared.context.scale(&prepared.phantom.density);
        let own = scale.map(tally);
        let difference: Vec<f32> = rates.dose.iter().zip(&own).map(|(r, a)| r - a).collect();
        section["difference"] = compared(&rates.dose, &own, &prepared);
        prepared.context.setup["dose_rate_route"] = section;
        difference
    });
    let mut maps = Maps {
        folder: folder.path(),
        context: &prepared.context,
        partial: outcome.interrupted,
        files,
    };
    maps.write("time_integrated_activity", case.tia.integral.clone())?;
    maps.write("time_integrated_activity_fit_uncertainty", case.tia.relative_uncertainty.clone())?;
    maps.write("time_integrated_activity_branch", case.tia.branch.clone())?;
    if let Some(difference) = difference {
        maps.write("dose_difference", difference)?;
    }
    let extra = maps.files;
    let timing = Timing {
        transport_seconds: outcome.seconds,
        histories_per_second: tally.histories() as f64 / outcome.seconds.max(1e-9),
        engine: Some(EngineResult::from(&engine)),
        threads: job.threads,
        peak_memory_bytes: memory::peak_resident(),
        merged_shards: 0,
    };
    let Prepared { phantom, context, .. } = &prepared;
    let partial = outcome.interrupted;
    let mut written = outputs::write(
        folder,
        context,
        &phantom.density,
        &phantom.material,
        tally,
        partial,
        timing,
        &extra,
    )?;
    for name in refused_by_rates.into_iter().chain(case.refused_outside()) {
        if !written.refused.contains(&name) {
            written.refused.push(name);
        }
    }
    Ok(written)
}

/// Names of the VOIs whose curve was refused.
pub(super) fn refused(prepared: &Prepared, vois: &[VoiOverTime]) -> Vec<String> {
    let pairs = prepared.context.vois.iter().zip(vois).filter(|(_, v)| v.facts.refused);
    pairs.map(|(facts, _)| facts.name.clone()).collect()
}

/// Mean and root mean square of the difference of the routes, over the voxels that are not of low density, in parts of the mean dose.
fn compared(rates: &[f32], activity: &[f32], prepared: &Prepared) -> Value {
    let (mut n, mut sum, mut squares, mut dose) = (0.0, 0.0, 0.0, 0.0);
    for ((r, a), d) in rates.iter().zip(activity).zip(&prepared.phantom.density) {
        if f64::from(*d) >= prepared.context.low_density {
            let difference = f64::from(*r) - f64::from(*a);
            n += 1.0;
            sum += difference;
            squares += difference * difference;
            dose += f64::from(*a);
        }
    }
    json!({"mean_relative": sum / dose, "root_mean_square_over_mean_dose": (squares / n).sqrt() / (dose / n)})
}

fn activity_vois(case: &Case, prepared: &Prepared, tally: &Tally) -> Vec<VoiOverTime> {
    let scale = prepared.context.scale(&[]);
    let one = |(n, voi): (usize, &super::context::VoiFacts)| {
        let (mean, error) = tally.region_mev(n + 1);
        let factor = scale.factor_of_mass(voi.mass_g);
        let curve = case.curve(n);
        let facts = case.curve_facts(&curve);
        let by_curve = curve.as_ref().ok().filter(|_| voi.activity > 0.0).map(|c| {
            let ratio = c.tia.value / voi.activity;
            (mean * factor * ratio, error * factor * ratio)
        });
        VoiOverTime { curve, facts, dose: mean * factor, standard_error: error * factor, by_curve }
    };
    prepared.context.vois.iter().enumerate().map(one).collect()
}
