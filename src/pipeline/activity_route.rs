//! Activities integrated over time, then transported once.

use std::ops::ControlFlow;

use super::context::{CurveFacts, VoiFacts};
use super::dose_rate_route::DoseRates;
use super::fine;
use super::folder::OutputFolder;
use super::histories::{Stage, choose_engine, transport};
use super::hits::{self, VoiHits};
use super::outputs::{self, Found, Maps};
use super::over_time::HALF_LIFE;
use super::routes::Case;
use super::voi_curves::{self, VoiOverTime};
use super::voi_dose::{Basis, MassChange, change, masses, per_mass};
use super::{Prepared, Written, merge, timing};
use crate::error::Result;
use crate::report::setup::{ActivityRouteFacts, RouteDifference, known};
use crate::report::summary::VoiResult;
use crate::transport::tally::Tally;
use crate::units::CM3_PER_MM3;

/// Integrate, then transport; `rates` are those of the other route, for comparison, `parts` its files in the folder of a shard.
pub(super) fn activity_route(
    case: &Case,
    folder: OutputFolder,
    rates: Option<DoseRates>,
    mut parts: Vec<String>,
) -> Result<Written> {
    let (job, observer) = (case.job, case.observer);
    let engine = choose_engine(job, observer)?;
    let mut prepared = case.prepare(&engine, &[])?;
    let both = rates.is_some() || !parts.is_empty();
    let route = if both { "both" } else { "activity" };
    let stage = Stage { name: "dose", route, followed: false };
    let (mut outcome, engine) =
        match transport(job, &mut prepared, engine, stage, &folder, observer, case.stop)? {
            ControlFlow::Continue(ran) => ran,
            ControlFlow::Break(written) => return Ok(written),
        };
    if job.shard.is_some() {
        prepared.context.hear(observer);
        let interrupted = outcome.interrupted;
        parts.push(merge::write_part(&folder, job, &prepared, (&stage, &engine), outcome)?);
        return merge::finish_shard(folder, parts, interrupted);
    }
    let parts = fine::take(&prepared.context, &mut outcome.tally);
    let tally = &outcome.tally;
    let vois = activity_vois(case, &prepared, tally)?;
    let curves: Vec<_> = vois.iter().map(|v| &v.curve).collect();
    let mut files =
        case.plots(&folder, &prepared, "activity", &curves, ["activity / Bq", "Bq s"])?;
    let of_rates = rates.as_ref().map(|r| &r.vois[..]);
    let columns = voi_curves::columns(&case.placed.regions, Some(&vois), of_rates);
    let results = results(&mut prepared, &vois, of_rates, tally);
    prepared.context.setup.activity_route =
        Some(ActivityRouteFacts { vois: vois.iter().map(voi_curves::voi_facts).collect() });
    let refused_by_rates = rates.as_ref().map_or(Vec::new(), |r| refused(&prepared, &r.vois));
    let difference = rates.map(|rates| {
        files.extend(rates.files);
        let mut section = rates.section;
        let scale = prepared.context.scale(&prepared.phantom.density);
        let own = scale.map(tally);
        let difference: Vec<f32> = rates.dose.iter().zip(&own).map(|(r, a)| r - a).collect();
        section.difference = Some(compared(&rates.dose, &own, &prepared));
        prepared.context.setup.dose_rate_route = Some(section);
        difference
    });
    prepared.context.hear(observer);
    let mut maps = Maps {
        folder: folder.path(),
        context: &prepared.context,
        partial: outcome.interrupted,
        files,
    };
    maps.write("time_integrated_activity", case.tia.integral.clone())?;
    maps.write("time_integrated_activity_fit_uncertainty", case.tia.relative_uncertainty.clone())?;
    maps.write("time_integrated_activity_branch", case.tia.branch.clone())?;
    if let Some(half_lives) = case.tia.half_lives_h() {
        maps.write(&format!("time_integrated_activity{HALF_LIFE}"), half_lives)?;
    }
    if let Some(difference) = difference {
        maps.write("dose_difference", difference)?;
    }
    let found = Found { vois: Some(results), columns, files: maps.files, parts };
    let timing = timing(job, &outcome, &engine);
    let Prepared { phantom, context, labels, .. } = &prepared;
    let maps = outputs::Matter { density: &phantom.density, material: &phantom.material, labels };
    let partial = outcome.interrupted;
    let mut written = outputs::write(folder, context, &maps, tally, partial, timing, found)?;
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
fn compared(rates: &[f32], activity: &[f32], prepared: &Prepared) -> RouteDifference {
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
    RouteDifference {
        mean_relative: known(sum / dose),
        root_mean_square_over_mean_dose: known((squares / n).sqrt() / (dose / n)),
    }
}

/// The dose that a VOI has: this route's; the other's where the VOI's mass changes, as it knows the dose rate at each mass.
fn results(
    prepared: &mut Prepared,
    activity: &[VoiOverTime],
    rates: Option<&[VoiOverTime]>,
    tally: &Tally,
) -> Vec<VoiResult> {
    let hits = hits::of_vois(&prepared.context, tally, &prepared.labels);
    let volume = prepared.phantom.grid.voxel_volume_mm3() * CM3_PER_MM3;
    let of_kernels = prepared.context.is_of_kernels();
    let vois = prepared.context.vois.iter_mut().enumerate();
    vois.map(|(n, facts)| {
        let other = rates.map(|r| &r[n]).filter(|r| r.mass_change.is_some());
        let voi = other.unwrap_or(&activity[n]);
        facts.curve = Some(voi.facts.clone());
        // A limit is that of the mass of --voi.
        let upper_limit_95 = hits[n].upper_limit_95.filter(|_| voi.mass_change.is_none());
        let hits = VoiHits { upper_limit_95, ..hits[n] };
        let result = outputs::voi_result(facts, volume, &voi.budget, voi.standard_error, &hits);
        outputs::as_known(of_kernels, result)
    })
    .collect()
}

fn activity_vois(case: &Case, prepared: &Prepared, tally: &Tally) -> Result<Vec<VoiOverTime>> {
    let vois = &prepared.context.vois;
    let masses = masses(&case.placed, &prepared.phantom, vois.len());
    let vois = vois.iter().zip(masses).enumerate();
    vois.map(|(n, (voi, m))| activity_voi(case, prepared, tally, (n, voi), m)).collect()
}

fn activity_voi(
    case: &Case,
    prepared: &Prepared,
    tally: &Tally,
    (n, voi): (usize, &VoiFacts),
    masses_g: Vec<f64>,
) -> Result<VoiOverTime> {
    let over = case.over();
    let (mean, error) = tally.region_mev(&prepared.context.parts.of_voi(n));
    let fixed = mean * prepared.context.scale(&[]).factor_of_mass(voi.mass_g);
    let (curve, corrected) = (case.curve(n), &case.placed.regions[n + 1]);
    let changes = case.planar.is_none() && change(&masses_g, voi.mass_g);
    // The curve behind the dose: of activity (Bq), or of activity per mass (Bq/g) where the mass changes.
    let (dose, of_dose) = if changes {
        let values = per_mass(&case.placed.region(n + 1), &masses_g);
        let per_gram = over.curve(case.method(n), &values, corrected.own.as_deref());
        let dose = per_gram.as_ref().map_or(f64::NAN, |c| {
            fixed * voi.mass_g / voi.activity.max(f64::MIN_POSITIVE) * c.tia.value
        });
        case.observer.warn(&format!(
            "'{}': its mass changes from {:.3} to {:.3} g: its dose {dose:.4e} Gy is that of its activity per mass over time, all of it taken as its \
             own (--route dose-rate needs not). Energy over the mass of --voi, {fixed:.4e} Gy, is no dose",
            voi.name,
            masses_g[0],
            masses_g[masses_g.len() - 1],
        ));
        (dose, per_gram)
    } else {
        (fixed, curve.clone())
    };
    let facts = if changes { CurveFacts::new(&of_dose) } else { case.curve_facts(&curve) };
    let relative = error / mean;
    let by_curve = curve.as_ref().ok().filter(|_| voi.activity > 0.0).map(|c| {
        let by_curve = if changes { dose } else { fixed * c.tia.value / voi.activity };
        (by_curve, by_curve * relative)
    });
    voi_curves::warn_of_own_curve(&voi.name, dose, by_curve, curve.as_ref().ok(), case.observer);
    let basis = Basis {
        over: &over,
        curve: case.planar.as_ref().or(of_dose.as_ref().ok()),
        region: corrected,
    };
    let budget = basis.budget(dose, relative, tally.batches());
    let mass_change = changes.then_some(MassChange { masses_g, energy_over_mass_of_voi_gy: fixed });
    let standard_error = dose * relative;
    Ok(VoiOverTime { curve, facts, dose, standard_error, by_curve, budget, mass_change })
}
