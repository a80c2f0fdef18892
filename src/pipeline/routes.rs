//! Several time points to dose, by two routes that use the same functions: activities are integrated over time and transported once, or
//! transported once with a weight for each time and the dose rates integrated.

use std::sync::atomic::AtomicBool;

use serde_json::json;

use super::activity_route::activity_route;
use super::dose_rate_route::{dose_rate_route, finish_dose_rates};
use super::image_time::Timing;
use super::inputs::{InputRecord, file_record};
use super::outputs::OutputFolder;
use super::over_time::{IntegratedMap, OverTime, RegionCurve};
use super::series::{self, Placed};
use super::series_file::SeriesInput;
use super::voi_curves::{self, told};
use super::{Observer, Prepared, Surroundings, Written, prepare_with, source};
use crate::activity::{ActivityMap, Decay, Negatives, Quantity};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::write_atomically;
use crate::job::{Job, SourceChoice};
use crate::kinetics::tia::MAX_EXTRAPOLATED;
use crate::kinetics::voxels::BranchCounts;
use crate::time::TimeOrSpan;
use crate::transport::engine::Engine;

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
pub(super) struct Case<'a> {
    pub job: &'a Job,
    pub input: &'a SeriesInput,
    pub decay: Decay,
    pub around: Surroundings,
    pub placed: Placed,
    pub tia: IntegratedMap,
    pub records: Vec<InputRecord>,
    /// Curves of what is outside of all VOIs and of each VOI, in Bq.
    pub curves: Vec<std::result::Result<RegionCurve, String>>,
    pub observer: &'a dyn Observer,
    pub stop: &'a AtomicBool,
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
    if matches!(job.administered, Some(TimeOrSpan::Span(_))) {
        return refuse(
            "--administered with a length of time and a series of time points",
            "the scans are at several times",
            "Give its date and time, or time = \"24h\" in each [[time_point]].",
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

pub(super) fn shape(
    curve: &std::result::Result<RegionCurve, String>,
) -> Option<crate::kinetics::Curve> {
    curve.as_ref().ok().map(|c| c.selection.fit().curve.clone())
}

/// Region 0 is told last, as what is outside.
pub(super) fn told_regions(
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

pub(super) fn say_map(map: &IntegratedMap, of: &str, observer: &dyn Observer) {
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
    pub fn over(&self) -> OverTime<'_> {
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

    pub fn prepare(&self, engine: &Engine, times: &[&[f64]]) -> Result<Prepared> {
        let mut prepared = prepare_with(
            self.job,
            engine,
            self.around.clone(),
            (self.tia_map()?, None),
            times,
            &self.records,
            self.observer,
        )?;
        prepared.context.setup["time_points"] = json!({
            "times_s": self.placed.times_s,
            "timing": self.placed.timings.iter().map(Timing::json).collect::<Vec<_>>(),
            "activity": self.placed.fields,
            "shift_mm": self.input.points.iter().map(|p| p.shift_mm).collect::<Vec<_>>(),
            "time_integrated_activity": voi_curves::map_json(&self.tia, "Bq s"),
            "outside_of_vois": self.curves.first().map(voi_curves::curve_json),
            "common_relative_uncertainty": self.input.common_uncertainty,
        });
        Ok(prepared)
    }

    pub fn plots(
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

pub(super) fn write_text(folder: &OutputFolder, name: &str, text: &str) -> Result<String> {
    write_atomically(&folder.path().join(name), |w| w.write_all(text.as_bytes()))?;
    Ok(name.into())
}
