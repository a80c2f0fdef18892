//! Several time points to dose, by two routes that use the same functions: activities are integrated over time and transported once, or
//! transported once with a weight for each time and the dose rates integrated.

use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::histories::{choose_engine, transport};
use super::inputs::{InputRecord, file_record};
use super::outputs::{self, Maps, OutputFolder};
use super::over_time::{IntegratedMap, OverTime, RegionCurve};
use super::series::{self, Placed};
use super::series_file::SeriesInput;
use super::voi_curves::{self, VoiOverTime, told};
use super::{Observer, Prepared, Surroundings, Written, memory, prepare_with, source};
use crate::activity::{ActivityMap, Decay, Negatives, Quantity};
use crate::dose::DoseScale;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::write_atomically;
use crate::job::{Job, SourceChoice};
use crate::kinetics::tia::MAX_EXTRAPOLATED;
use crate::kinetics::voxels::BranchCounts;
use crate::report::summary::{EngineResult, LedgerResult, Timing};
use crate::transport::engine::{Engine, EngineChoice};
use crate::transport::run::Outcome;
use crate::transport::tally::Tally;
use crate::units::{CM3_PER_MM3, GY_PER_MEV_PER_G};

/// How several time points become dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Integrate the activity, then transport.
    Activity,
    /// Transport all times in one run, then integrate the dose rate.
    DoseRate,
    /// Both, and what they differ by.
    Both,
}

/// What both routes share.
struct Case<'a> {
    job: &'a Job,
    input: &'a SeriesInput,
    decay: Decay,
    around: Surroundings,
    placed: Placed,
    tia: IntegratedMap,
    records: Vec<InputRecord>,
    /// Curves of what is outside of all VOIs and of each VOI, in Bq.
    curves: Vec<std::result::Result<RegionCurve, String>>,
    observer: &'a dyn Observer,
    stop: &'a AtomicBool,
}

/// The dose-rate route's result.
struct DoseRates {
    dose: Vec<f32>,
    vois: Vec<VoiOverTime>,
    section: Value,
    files: Vec<String>,
    outcome: Outcome,
}

/// `voxgray dose` for a series of time points.
///
/// # Errors
/// As [`super::dose`]; if times or options make no sense, or nothing can be integrated.
pub fn dose_over_time(
    job: &Job,
    input: &SeriesInput,
    route: Route,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Written> {
    job.check()?;
    check(job, input, route)?;
    let folder = OutputFolder::open(&job.out, job.overwrite)?;
    let emitted = source::read_source(&job.source)?;
    let Some(half_life_s) = emitted.half_life_s else {
        return Err(Error::usage(
            "a series of time points with --source",
            "a particle has no half-life",
            "Give --nuclide.",
        ));
    };
    let decay = Decay { half_life_s, half_life_uncertainty_s: None };
    let mut records = vec![file_record("series", &input.path)?];
    let around = Surroundings::read(job, emitted, observer, &mut records)?;
    let placed = series::read(job, input, &around, &decay, observer, &mut records)?;
    let (curves, tia) = integrate(input, &decay, &around, &placed, observer)?;
    let case = Case { job, input, decay, around, placed, tia, records, curves, observer, stop };
    match route {
        Route::Activity => activity_route(&case, folder, None),
        Route::DoseRate => {
            let (prepared, rates) = dose_rate_route(&case, &folder)?;
            finish_dose_rates(&case, folder, &prepared, rates)
        }
        Route::Both => {
            let (prepared, rates) = dose_rate_route(&case, &folder)?;
            if rates.outcome.interrupted {
                return finish_dose_rates(&case, folder, &prepared, rates);
            }
            drop(prepared);
            activity_route(&case, folder, Some(rates))
        }
    }
}

fn check(job: &Job, input: &SeriesInput, route: Route) -> Result<()> {
    let refuse = |problem: &str, why: &str, suggestion: &str| {
        Err(Error::usage(problem.to_string(), why.to_string(), suggestion.to_string()))
    };
    if job.shard.is_some() {
        return refuse(
            "--shard with a series of time points",
            "what is integrated over time is not kept in a shard",
            "Run it in one piece.",
        );
    }
    if job.physical_decay {
        return refuse(
            "--physical-decay with a series of time points",
            "the series tells how activity changes",
            "Leave it out, or give one image.",
        );
    }
    if matches!(job.source, SourceChoice::Nuclide { horizon_s: Some(_), .. }) {
        return refuse(
            "--horizon with a series of time points",
            "curves are integrated to infinity",
            "Leave it out.",
        );
    }
    if route != Route::Activity && job.goal.is_some() {
        return refuse(
            "--target-uncertainty with the dose-rate route",
            "the goal is that of one map",
            "Give --histories.",
        );
    }
    if route != Route::Activity && input.points.len() < 2 {
        return refuse(
            "the dose-rate route for one time point",
            "a shape times a dose rate is the same as the shape times the activity",
            "Use --route activity.",
        );
    }
    Ok(())
}

/// Curves of the regions and the map of time-integrated activity.
fn integrate(
    input: &SeriesInput,
    decay: &Decay,
    around: &Surroundings,
    placed: &Placed,
    observer: &dyn Observer,
) -> Result<(Vec<std::result::Result<RegionCurve, String>>, IntegratedMap)> {
    let over =
        OverTime { times_s: &placed.times_s, decay_constant_per_s: decay.constant_per_s(), input };
    if input.planar.is_some() {
        return Ok((Vec::new(), hybrid_map(&over, placed, observer)?));
    }
    let regions = around.vois.as_ref().map_or(0, |set| set.vois.len());
    let curves = (0..=regions).map(|r| over.curve(&placed.region(r as u16))).collect();
    let curves = told_regions(curves, around, observer);
    let shapes: Vec<_> = curves.iter().map(shape).collect();
    let labels = placed.labels.first().map_or(&[][..], Vec::as_slice);
    let map = over.maps(&placed.maps, labels, &shapes)?;
    say_map(&map, "activity", observer);
    Ok((curves, map))
}

fn shape(curve: &std::result::Result<RegionCurve, String>) -> Option<crate::kinetics::Curve> {
    curve.as_ref().ok().map(|c| c.selection.fit().curve.clone())
}

/// Region 0 is told last, as what is outside.
fn told_regions(
    mut curves: Vec<Result<RegionCurve>>,
    around: &Surroundings,
    observer: &dyn Observer,
) -> Vec<std::result::Result<RegionCurve, String>> {
    let names: Vec<String> = around
        .vois
        .as_ref()
        .map(|set| set.vois.iter().map(|v| v.name.clone()).collect())
        .unwrap_or_default();
    curves.rotate_left(1);
    let mut told = told(curves, &names, observer);
    told.rotate_right(1);
    told
}

/// One acquisition times the shape of a planar curve.
fn hybrid_map(over: &OverTime, placed: &Placed, observer: &dyn Observer) -> Result<IntegratedMap> {
    let map = &placed.maps[0];
    let whole: f64 = map.iter().map(|v| f64::from(*v)).sum();
    let (tia, _) = over.by_planar_curve(whole)?;
    observer.say(&format!("{}: {:.6e} Bq s", tia.method, tia.value));
    tia.warnings.iter().for_each(|w| observer.warn(w));
    let per_bq = tia.value / whole;
    let relative = tia.relative_uncertainty() as f32;
    let active = map.iter().filter(|v| **v > 0.0).count();
    Ok(IntegratedMap {
        integral: map.iter().map(|v| (f64::from(*v) * per_bq) as f32).collect(),
        relative_uncertainty: map.iter().map(|v| if *v > 0.0 { relative } else { 0.0 }).collect(),
        branch: map.iter().map(|v| if *v > 0.0 { 1 } else { 3 }).collect(),
        counts: BranchCounts { shape: active, zero: map.len() - active, ..Default::default() },
        by_branch: [0.0, tia.value, 0.0],
        dropped: 0.0,
        extrapolated: [tia.share_before_first, tia.share_after_last],
    })
}

fn say_map(map: &IntegratedMap, of: &str, observer: &dyn Observer) {
    let c = &map.counts;
    observer.say(&format!(
        "{of} by voxel: {} fitted, {} by the curve of their region, {} by physical decay, {} without signal; extrapolated {:.1} % before \
         the first and {:.1} % after the last time",
        c.fitted,
        c.shape,
        c.physical,
        c.zero,
        100.0 * map.extrapolated[0],
        100.0 * map.extrapolated[1]
    ));
    for (share, place) in map.extrapolated.iter().zip(["before the first", "after the last"]) {
        if *share > MAX_EXTRAPOLATED {
            observer.warn(&format!(
                "{:.0} % of the integral of {of} lie {place} time point, extrapolated (EANM: below {:.0} %)",
                100.0 * share,
                100.0 * MAX_EXTRAPOLATED
            ));
        }
    }
}

impl Case<'_> {
    fn over(&self) -> OverTime<'_> {
        OverTime {
            times_s: &self.placed.times_s,
            decay_constant_per_s: self.decay.constant_per_s(),
            input: self.input,
        }
    }

    fn tia_map(&self) -> Result<ActivityMap> {
        Ok(ActivityMap {
            volume: Volume::new(self.placed.grid.grid.clone(), self.tia.integral.clone())?,
            quantity: Quantity::TimeIntegrated,
            negatives: Negatives::default(),
        })
    }

    fn prepare(&self, engine: &Engine, times: &[&[f64]]) -> Result<Prepared> {
        let mut prepared = prepare_with(
            self.job,
            engine,
            self.around.clone(),
            self.tia_map()?,
            times,
            &self.records,
            self.observer,
        )?;
        prepared.context.setup["time_points"] = json!({
            "times_s": self.placed.times_s,
            "activity": self.placed.fields,
            "shift_mm": self.input.points.iter().map(|p| p.shift_mm).collect::<Vec<_>>(),
            "time_integrated_activity": voi_curves::map_json(&self.tia, "Bq s"),
            "outside_of_vois": self.curves.first().map(voi_curves::curve_json),
            "common_relative_uncertainty": self.input.common_uncertainty,
        });
        Ok(prepared)
    }

    fn plots(
        &self,
        folder: &OutputFolder,
        prepared: &Prepared,
        stem: &str,
        curves: &[&std::result::Result<RegionCurve, String>],
        units: [&str; 2],
    ) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for (voi, curve) in prepared.context.vois.iter().zip(curves) {
            let Ok(curve) = curve else { continue };
            let png = voi_curves::plot(&voi.name, curve, units[0], units[1])?;
            let name = format!("{stem}_{}.png", voi.label);
            write_atomically(&folder.path().join(&name), |w| w.write_all(&png))?;
            files.push(name);
        }
        Ok(files)
    }
}

fn write_text(folder: &OutputFolder, name: &str, text: &str) -> Result<String> {
    write_atomically(&folder.path().join(name), |w| w.write_all(text.as_bytes()))?;
    Ok(name.into())
}

/// Integrate, then transport; `rates` are those of the other route, for comparison.
fn activity_route(case: &Case, folder: OutputFolder, rates: Option<DoseRates>) -> Result<Written> {
    let (job, observer) = (case.job, case.observer);
    let engine = choose_engine(job, observer)?;
    let mut prepared = case.prepare(&engine, &[])?;
    let (outcome, engine) = transport(job, &prepared, engine, observer, case.stop)?;
    let tally = &outcome.tally;
    let vois = activity_vois(case, &prepared, tally);
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
    outputs::write(
        folder,
        context,
        &phantom.density,
        &phantom.material,
        tally,
        partial,
        timing,
        &extra,
    )
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
        let curve = case
            .curves
            .get(n + 1)
            .cloned()
            .unwrap_or_else(|| Err("the planar curve gives the shape".into()));
        let by_curve = curve.as_ref().ok().filter(|_| voi.activity > 0.0).map(|c| {
            let ratio = c.tia.value / voi.activity;
            (mean * factor * ratio, error * factor * ratio)
        });
        VoiOverTime { curve, dose: mean * factor, standard_error: error * factor, by_curve }
    };
    prepared.context.vois.iter().enumerate().map(one).collect()
}

/// Transport all times in one run, then integrate.
fn dose_rate_route(case: &Case, folder: &OutputFolder) -> Result<(Prepared, DoseRates)> {
    let (job, observer) = (case.job, case.observer);
    let engine = match &job.engine {
        EngineChoice::Auto | EngineChoice::Cpu => {
            observer.say("engine CPU: several time points in one run");
            Engine::Cpu
        }
        EngineChoice::Gpu(_) => choose_engine(job, observer)?,
    };
    check_memory(case)?;
    let times: Vec<Vec<f64>> =
        case.placed.maps.iter().map(|m| m.iter().map(|a| f64::from(*a)).collect()).collect();
    let slices: Vec<&[f64]> = times.iter().map(Vec::as_slice).collect();
    let mut prepared = case.prepare(&engine, &slices)?;
    let totals: Vec<f64> = times.iter().map(|m| m.iter().sum()).collect();
    drop(times);
    prepared.labels = case.placed.labels.concat();
    let (outcome, _) = transport(job, &prepared, engine, observer, case.stop)?;
    let rates = integrate_rates(case, folder, &prepared, outcome, &totals)?;
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
            format!("the limit is {}", memory::gib(case.job.max_memory)),
            "Use a coarser --grid, or raise --max-memory.",
        ));
    }
    Ok(())
}

fn integrate_rates(
    case: &Case,
    folder: &OutputFolder,
    prepared: &Prepared,
    outcome: Outcome,
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
                *r = r.max((error(v) / mean) as f32);
            }
        }
        energy.push(rate);
    }
    let curves = region_rates(case, prepared, tally, totals);
    let curves = told_regions(curves, &case.around, observer);
    let shapes: Vec<_> = curves.iter().map(shape).collect();
    let labels = case.placed.labels.first().map_or(&[][..], Vec::as_slice);
    let map = over.maps(&energy, labels, &shapes)?;
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
    let errors: Vec<f32> = dose.iter().zip(&relative).map(|(d, r)| d * r).collect();
    maps.write(&format!("{stem}_standard_error"), errors)?;
    maps.write(&format!("{stem}_fit_uncertainty"), map.relative_uncertainty.clone())?;
    maps.write(&format!("{stem}_branch"), map.branch.clone())?;
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
    let section = json!({
        "histories": tally.histories(),
        "batches": tally.batches(),
        "energy": voi_curves::map_json(&map, "MeV"),
        "outside_of_vois_mev": curves.first().map(voi_curves::curve_json),
        "standard_error": "largest relative standard error of the times, times the dose: an upper bound, the noise of the times being that of the same histories",
        "vois": vois.iter().map(voi_curves::voi_json).collect::<Vec<_>>(),
        "ledger": LedgerResult::from(&tally.ledger),
    });
    Ok(DoseRates { dose, vois, section, files, outcome })
}

/// Masses (g) of a region at each time.
fn masses(case: &Case, prepared: &Prepared, region: u16) -> Vec<f64> {
    let of = |labels: &Vec<u16>| {
        let inside = (0..labels.len()).filter(|v| labels[*v] == region);
        inside.map(|v| prepared.phantom.voxel_mass_g(v)).sum()
    };
    case.placed.labels.iter().map(of).collect()
}

/// Curves of the regions: dose rates (Gy/s) of VOIs by their mass at each time, energy rates (MeV/s) of what is outside.
fn region_rates(
    case: &Case,
    prepared: &Prepared,
    tally: &Tally,
    totals: &[f64],
) -> Vec<Result<RegionCurve>> {
    let over = case.over();
    (0..=prepared.context.vois.len())
        .map(|region| {
            let (mean, _) = tally.region_times_mev(region);
            let mass = if region == 0 { Vec::new() } else { masses(case, prepared, region as u16) };
            let value = |t: usize| match mass.get(t) {
                None => Some(mean[t] * totals[t]),
                Some(m) => (*m > 0.0).then(|| mean[t] * totals[t] * GY_PER_MEV_PER_G / m),
            };
            over.curve(&(0..totals.len()).map(value).collect::<Vec<_>>())
        })
        .collect()
}

fn rate_vois(
    case: &Case,
    prepared: &Prepared,
    tally: &Tally,
    totals: &[f64],
    curves: &[std::result::Result<RegionCurve, String>],
    map: &IntegratedMap,
) -> Result<Vec<VoiOverTime>> {
    let over = case.over();
    let labels = case.placed.labels.first().map_or(&[][..], Vec::as_slice);
    let mut energy = vec![0.0_f64; prepared.context.vois.len() + 1];
    for (v, label) in labels.iter().enumerate() {
        energy[usize::from(*label)] += f64::from(map.integral[v]);
    }
    let mut out = Vec::new();
    for (n, voi) in prepared.context.vois.iter().enumerate() {
        let curve = curves[n + 1].clone();
        let (mean, covariance) = tally.region_times_mev(n + 1);
        let mass = masses(case, prepared, (n + 1) as u16);
        let relative = match &curve {
            Err(_) => f64::NAN,
            Ok(c) => {
                let at: Vec<usize> = (0..totals.len()).filter(|t| mass[*t] > 0.0).collect();
                let per_mev = |t: usize| totals[t] * GY_PER_MEV_PER_G / mass[t];
                over.propagate(c, |i, j| {
                    covariance[(at[i], at[j])] * per_mev(at[i]) * per_mev(at[j])
                })?
            }
        };
        let largest = (0..totals.len())
            .filter(|t| mean[*t] > 0.0)
            .map(|t| covariance[(t, t)].sqrt() / mean[t])
            .fold(0.0, f64::max);
        let dose = energy[n + 1] * GY_PER_MEV_PER_G / voi.mass_g;
        let error = if relative.is_finite() { relative } else { largest };
        out.push(VoiOverTime {
            by_curve: curve.as_ref().ok().map(|c| (c.tia.value, c.tia.value * relative)),
            curve,
            dose,
            standard_error: dose * error,
        });
    }
    Ok(out)
}

/// The output of the dose-rate route alone.
fn finish_dose_rates(
    case: &Case,
    folder: OutputFolder,
    prepared: &Prepared,
    rates: DoseRates,
) -> Result<Written> {
    let DoseRates { vois, section, mut files, outcome, .. } = rates;
    let table = voi_curves::table(&prepared.context.vois, case.input, None, Some(&vois));
    files.push(write_text(&folder, "vois.csv", &table)?);
    let context = &prepared.context;
    let partial = outcome.interrupted;
    let mut maps = Maps { folder: folder.path(), context, partial, files };
    maps.write("density", prepared.phantom.density.clone())?;
    maps.write("material", prepared.phantom.material.clone())?;
    maps.write_material_names()?;
    let mut files = maps.files;
    files.push("summary.json".into());
    let mut setup = context.setup.clone();
    setup["dose_rate_route"] = section;
    let volume = context.grid.grid().voxel_volume_mm3() * CM3_PER_MM3;
    let summary = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "format": 1,
        "partial": partial,
        "setup": setup,
        "vois": context.vois.iter().zip(&vois).map(|(facts, v)| json!({
            "label": facts.label, "name": facts.name, "voxels": facts.voxels,
            "volume_cm3": facts.voxels as f64 * volume, "mass_g": facts.mass_g,
            "mean_dose": v.dose, "standard_error": v.standard_error,
        })).collect::<Vec<_>>(),
        "files": files,
        "timing": {"transport_seconds": outcome.seconds, "threads": case.job.threads,
                   "peak_memory_bytes": memory::peak_resident()},
    });
    let text = serde_json::to_string_pretty(&summary)
        .map_err(|e| Error::run("the summary cannot be written", e.to_string(), "Report this."))?;
    write_text(&folder, "summary.json", &text)?;
    let folder = folder.keep()?;
    Ok(Written { folder, files, summary: None, interrupted: partial })
}
