//! All time points transported in one run, then the dose rates integrated.

use std::ops::ControlFlow;

use super::activity_route::refused;
use super::context::{CurveFacts, VoiFacts};
use super::folder::OutputFolder;
use super::histories::{RanBy, Stage, choose_engine, transport};
use super::hits::{self, VoiHits};
use super::outputs::{Maps, as_known, summary, voi_result, write_vois};
use super::over_time::{HALF_LIFE, IntegratedMap, RegionCurve};
use super::routes::{Case, say_map, tell_regions};
use super::voi_curves::{self, VoiOverTime};
use super::voi_dose::{Basis, MassChange, change, masses};
use super::{Prepared, Written, memory, timing};
use crate::dose::DoseScale;
use crate::error::{Error, Result};
use crate::io::atomic::write_json;
use crate::report::setup::DoseRateRouteFacts;
use crate::report::summary::{LedgerResult, VoiResult};
use crate::transport::run::Outcome;
use crate::transport::tally::{Tally, Told};
use crate::units::{CM3_PER_MM3, GY_PER_MEV_PER_G};

/// The dose-rate route's result.
pub(super) struct DoseRates {
    pub dose: Vec<f32>,
    pub vois: Vec<VoiOverTime>,
    pub section: DoseRateRouteFacts,
    pub files: Vec<String>,
    pub outcome: Outcome,
    engine: RanBy,
}

/// The transport of all times.
pub(super) struct Ran {
    pub prepared: Prepared,
    pub stage: Stage,
    pub engine: RanBy,
    pub outcome: Outcome,
    /// Activity of each time.
    totals: Vec<f64>,
}

/// Transport all times in one run; `both` if the other route follows.
pub(super) fn transport_rates(
    case: &Case,
    folder: &OutputFolder,
    both: bool,
) -> Result<ControlFlow<Written, Ran>> {
    let (job, observer) = (case.job, case.observer);
    let engine = choose_engine(job, observer)?;
    check_memory(case)?;
    let times: Vec<Vec<f64>> =
        case.placed.maps.iter().map(|m| m.iter().map(|a| f64::from(*a)).collect()).collect();
    let slices: Vec<&[f64]> = times.iter().map(Vec::as_slice).collect();
    let mut prepared = case.prepare(&engine, &slices)?;
    let totals: Vec<f64> = times.iter().map(|m| m.iter().sum()).collect();
    drop(times);
    // Those of all times in place of those of --voi.
    prepared.labels = case.placed.labels.concat();
    prepared.context.parts = case.placed.parts.clone();
    let route = if both { "both" } else { "dose-rate" };
    let stage = Stage { name: "dose_rates", route, followed: both };
    let ran = transport(job, &mut prepared, engine, stage, folder, observer, case.stop)?;
    Ok(match ran {
        ControlFlow::Continue((outcome, engine)) => {
            ControlFlow::Continue(Ran { prepared, stage, engine, outcome, totals })
        }
        ControlFlow::Break(written) => ControlFlow::Break(written),
    })
}

/// The dose of what was transported.
pub(super) fn dose_rate_route(
    case: &Case,
    folder: &OutputFolder,
    ran: Ran,
) -> Result<(Prepared, DoseRates)> {
    let Ran { prepared, outcome, totals, engine, .. } = ran;
    let rates = integrate_rates(case, folder, &prepared, (outcome, engine), &totals)?;
    Ok((prepared, rates))
}

/// Batch words, sums and squares of each time.
fn check_memory(case: &Case) -> Result<()> {
    const PER_VOXEL_AND_TIME: u64 = 8 + 8 + 16;
    let (voxels, times) = (case.placed.grid.grid.len() as u64, case.placed.times_s.len() as u64);
    let need = voxels * times * PER_VOXEL_AND_TIME;
    if need > case.job.max_memory {
        return Err(Error::usage(
            format!("{times} time points of {voxels} voxels need about {}", memory::gib(need)),
            format!("the limit is {}", memory::limit_in_words(case.job.max_memory)),
            "Use a coarser --grid, or raise --max-memory.",
        ));
    }
    crate::machine::make_room(need, Some(case.job.max_memory), "the maps of all times")
}

fn integrate_rates(
    case: &Case,
    folder: &OutputFolder,
    prepared: &Prepared,
    (outcome, engine): (Outcome, RanBy),
    totals: &[f64],
) -> Result<DoseRates> {
    let (observer, context) = (case.observer, &prepared.context);
    let (tally, over) = (&outcome.tally, case.over());
    let density = &prepared.phantom.density;
    let partial = outcome.interrupted;
    let mut maps = Maps { folder: folder.path(), context, partial, files: Vec::new() };
    // Energy rates, MeV/s: their noise does not depend on a voxel's mass, which the dose is divided by at the end.
    let mut energy: Vec<Vec<f32>> = Vec::new();
    let mut relative = vec![0.0_f32; tally.voxels];
    for (t, total) in totals.iter().enumerate() {
        let rate: Vec<f32> =
            (0..tally.voxels).map(|v| (tally.time_mean_mev(t, v) * total) as f32).collect();
        let scale = DoseScale {
            decays: *total,
            density,
            voxel_volume_mm3: context.grid.grid().voxel_volume_mm3(),
        };
        let error = |v: usize| tally.time_standard_error_mev(t, v);
        let gy_per_s =
            (0..tally.voxels).map(|v| (tally.time_mean_mev(t, v) * scale.factor(v)) as f32);
        maps.write(&format!("dose_rate_{}", t + 1), gy_per_s.collect())?;
        let errors = (0..tally.voxels).map(|v| (error(v) * scale.factor(v)) as f32);
        maps.write(&format!("dose_rate_{}_standard_error", t + 1), errors.collect())?;
        for (v, r) in relative.iter_mut().enumerate() {
            let mean = tally.time_mean_mev(t, v);
            if mean > 0.0 {
                // The largest of the times; not known where that of one of them is not.
                let here = (error(v) / mean) as f32;
                *r = if r.is_nan() || here.is_nan() { f32::NAN } else { r.max(here) };
            }
        }
        energy.push(rate);
    }
    let curves = region_rates(case, prepared, tally, totals);
    tell_regions(&curves, &case.around, observer);
    let shapes: Vec<_> = curves.iter().map(|c| over.shape(c)).collect();
    let map = over.maps(&energy, &case.placed.owned(), &shapes)?;
    drop(energy);
    say_map(&map, "dose rate", observer);
    let scale = DoseScale {
        decays: 1.0,
        density,
        voxel_volume_mm3: context.grid.grid().voxel_volume_mm3(),
    };
    let dose: Vec<f32> = map
        .integral
        .iter()
        .enumerate()
        .map(|(v, e)| (f64::from(*e) * scale.factor(v)) as f32)
        .collect();
    let stem = "dose_by_dose_rate";
    maps.write(stem, dose.clone())?;
    // Where nothing was hit at any time there is no error to know.
    let of = |(d, r): (&f32, &f32)| if *d == 0.0 && *r == 0.0 { f32::NAN } else { d * r };
    let errors: Vec<f32> = dose.iter().zip(&relative).map(of).collect();
    maps.write(&format!("{stem}_standard_error"), errors)?;
    maps.write(&format!("{stem}_fit_uncertainty"), map.relative_uncertainty.clone())?;
    maps.write(&format!("{stem}_branch"), map.branch.clone())?;
    if let Some(half_lives) = map.half_lives_h() {
        maps.write(&format!("{stem}{HALF_LIFE}"), half_lives)?;
    }
    let mut files = maps.files;
    let vois = rate_vois(case, prepared, tally, totals, &curves, &map)?;
    let of_vois: Vec<_> = vois.iter().map(|v| &v.curve).collect();
    files.extend(case.plots(
        folder,
        prepared,
        "dose_rate",
        &of_vois,
        ["dose rate / (Gy/s)", "Gy"],
    )?);
    let section = DoseRateRouteFacts {
        batches: tally.batches(),
        difference: None,
        energy: voi_curves::map_facts(&map, "MeV"),
        histories: tally.histories(),
        ledger: LedgerResult::from(tally),
        outside_of_vois_mev: curves.first().map(voi_curves::curve_facts),
        standard_error: "largest relative standard error of the times, times the dose: an upper bound, the noise of the times being that of the same histories"
            .into(),
        vois: vois.iter().map(voi_curves::voi_facts).collect(),
    };
    Ok(DoseRates { dose, vois, section, files, outcome, engine })
}

/// Curves of the regions: dose rates (Gy/s) of VOIs by their mass at each time, energy rates (MeV/s) of what is outside.
fn region_rates(
    case: &Case,
    prepared: &Prepared,
    tally: &Tally,
    totals: &[f64],
) -> Vec<RegionCurve> {
    let over = case.over();
    let vois: Vec<_> = case.around.vois.iter().flat_map(|sets| sets.vois()).collect();
    let masses = masses(&case.placed, &prepared.phantom, prepared.context.vois.len());
    (0..=prepared.context.vois.len())
        .map(|region| {
            let voi = region.checked_sub(1);
            let parts = voi.map_or(vec![0], |n| prepared.context.parts.of_voi(n));
            let (mean, _) = tally.region_times_mev(&parts);
            let mass = voi.map_or(&[][..], |n| &masses[n]);
            let value = |t: usize| match mass.get(t) {
                None => Some(mean[t] * totals[t]),
                Some(m) => (*m > 0.0).then(|| mean[t] * totals[t] * GY_PER_MEV_PER_G / m),
            };
            // Regions are numbered as the VOIs that were read.
            let method = case.input.methods.of(&vois, voi);
            let values: Vec<_> = (0..totals.len()).map(value).collect();
            over.curve(method, &values, case.placed.regions[region].own.as_deref())
        })
        .collect()
}

fn rate_vois(
    case: &Case,
    prepared: &Prepared,
    tally: &Tally,
    totals: &[f64],
    curves: &[RegionCurve],
    map: &IntegratedMap,
) -> Result<Vec<VoiOverTime>> {
    let over = case.over();
    let labels = case.placed.labels.first().map_or(&[][..], Vec::as_slice);
    let parts = &prepared.context.parts;
    let mut energy = vec![0.0_f64; prepared.context.vois.len()];
    for (v, label) in labels.iter().enumerate() {
        parts.vois_of(*label).iter().for_each(|n| energy[*n] += f64::from(map.integral[v]));
    }
    let mut masses = masses(&case.placed, &prepared.phantom, prepared.context.vois.len());
    let mut out = Vec::new();
    for (n, voi) in prepared.context.vois.iter().enumerate() {
        let curve = curves[n + 1].clone();
        let regions = parts.of_voi(n);
        let (mean, covariance) = tally.region_times_mev(&regions);
        let mass = std::mem::take(&mut masses[n]);
        let relative = match &curve {
            Err(_) => f64::NAN,
            Ok(c) => {
                // The times that the curve uses: not those at which the VOI is empty, and one alone for a rule of one point.
                let times = c.tac.times_s().iter();
                let at: Vec<usize> =
                    times.filter_map(|t| over.times_s.iter().position(|o| o == t)).collect();
                let per_mev = |t: usize| totals[t] * GY_PER_MEV_PER_G / mass[t];
                let of_points = |i: usize, j: usize| {
                    covariance[(at[i], at[j])] * per_mev(at[i]) * per_mev(at[j])
                };
                // Where a moved point is refused, the largest of the times stands, as without a curve.
                over.propagate(c, of_points).unwrap_or(f64::NAN)
            }
        };
        let largest = (0..totals.len())
            .filter(|t| mean[*t] > 0.0)
            .map(|t| covariance[(t, t)].sqrt() / mean[t])
            .fold(0.0, f64::max);
        let fixed = energy[n] * GY_PER_MEV_PER_G / voi.mass_g;
        let error = match tally.region_told(&regions) {
            Told::Yes if relative.is_finite() => relative,
            Told::Yes => largest,
            // As in the map: not known where that of one of the times is not.
            _ => f64::NAN,
        };
        let by_curve = curve.as_ref().ok().map(|c| (c.tia.value, c.tia.value * relative));
        let changes = change(&mass, voi.mass_g);
        let dose = if changes { by_curve.map_or(f64::NAN, |d| d.0) } else { fixed };
        let own = curve.as_ref().ok();
        voi_curves::warn_of_own_curve(&voi.name, dose, by_curve, own, case.observer);
        if changes {
            case.observer.warn(&format!(
                "'{}': its mass changes from {:.3} to {:.3} g: its dose {dose:.4e} Gy is the integral of its dose rate at each mass. Energy over the \
                 mass of --voi, {fixed:.4e} Gy, is no dose",
                voi.name,
                mass[0],
                mass[mass.len() - 1],
            ));
        }
        let basis =
            Basis { over: &over, curve: curve.as_ref().ok(), region: &case.placed.regions[n + 1] };
        out.push(VoiOverTime {
            budget: basis.budget(dose, error, tally.batches()),
            by_curve,
            mass_change: changes
                .then_some(MassChange { masses_g: mass, energy_over_mass_of_voi_gy: fixed }),
            facts: CurveFacts::new(&curve),
            curve,
            dose,
            standard_error: dose * error,
        });
    }
    Ok(out)
}

/// The output of the dose-rate route alone.
pub(super) fn finish_dose_rates(
    case: &Case,
    folder: OutputFolder,
    mut prepared: Prepared,
    rates: DoseRates,
) -> Result<Written> {
    let DoseRates { vois, section, mut files, outcome, engine, .. } = rates;
    let hits = hits::of_vois(&prepared.context, &outcome.tally, &prepared.labels);
    prepared.context.setup.dose_rate_route = Some(section);
    prepared.context.hear(case.observer);
    let (prepared, context) = (&prepared, &prepared.context);
    let volume = context.grid.grid().voxel_volume_mm3() * CM3_PER_MM3;
    let result = |((facts, v), hits): ((&VoiFacts, &VoiOverTime), &VoiHits)| {
        let facts = VoiFacts { curve: Some(v.facts.clone()), ..facts.clone() };
        let result = voi_result(&facts, volume, &v.budget, v.standard_error, hits);
        as_known(context.is_of_kernels(), result)
    };
    let results: Vec<VoiResult> = context.vois.iter().zip(&vois).zip(&hits).map(result).collect();
    let columns = voi_curves::columns(&case.placed.regions, None, Some(&vois));
    let partial = outcome.interrupted;
    files.extend(write_vois(folder.path(), &results, "Gy", &columns, partial)?);
    let mut maps = Maps { folder: folder.path(), context, partial, files };
    maps.write("density", prepared.phantom.density.clone())?;
    maps.write("material", prepared.phantom.material.clone())?;
    maps.write_couch_mask()?;
    maps.write_material_names()?;
    let mut files = maps.files;
    files.push("summary.json".into());
    let timing = timing(case.job, &outcome, &engine);
    let summary =
        summary(context, &outcome.tally, partial, None, (results.clone(), files.clone(), timing));
    write_json(&folder.path().join("summary.json"), &summary)?;
    let folder = folder.keep(!partial)?;
    let mut all = refused(prepared, &vois);
    all.extend(case.refused_outside());
    let summary = Some(summary);
    Ok(Written { folder, files, summary, interrupted: partial, refused: all, vois: results })
}
