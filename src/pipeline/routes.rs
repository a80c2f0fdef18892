//! Several time points to dose, by two routes that use the same functions: activities are integrated over time and transported once, or
//! transported once with a weight for each time and the dose rates integrated.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::activity_route::activity_route;
use super::checks::Checks;
use super::context::{CurveFacts, VoiFacts};
use super::dose_rate_route::{Ran, dose_rate_route, finish_dose_rates, transport_rates};
use super::folder::OutputFolder;
use super::heard::Heard;
use super::image_time::Timing;
use super::inputs::{InputRecord, file_record};
use super::method_file::RegionMethod;
use super::over_time::{IntegratedMap, OverTime, RegionCurve};
use super::placing::Placement;
use super::recovery::RegionRecovery;
use super::series::{self, Placed};
use super::series_file::SeriesInput;
use super::voi_curves;
use super::{
    Observer, Prepared, Surroundings, Written, couch, merge, plausibility, prepare_with, source,
};
use crate::activity::{ActivityMap, Decay, Negatives, Quantity};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::write_atomically;
use crate::job::{Job, Score, SourceChoice};
use crate::kinetics::Integrated;
use crate::kinetics::tia::MAX_EXTRAPOLATED;
use crate::kinetics::voxels::BranchCounts;
use crate::phantom::LOW_DENSITY_G_CM3;
use crate::report::file_names::file_stems;
use crate::report::setup::TimePointsFacts;
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
    /// Curves of what is outside of all VOIs and of each VOI, in Bq; none with a planar curve.
    pub curves: Vec<RegionCurve>,
    /// The planar curve scaled to the whole image, where it gives the shape.
    pub planar: Option<Integrated>,
    pub checks: Checks<'a>,
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
    let folder = OutputFolder::of(job, observer)?;
    let heard = Heard::new(observer);
    let observer = &heard as &dyn Observer;
    let emitted = source::read_source(&job.source)?;
    emitted.complaints().iter().for_each(|text| observer.warn(text));
    let Some(half_life_s) = emitted.half_life_s else {
        return Err(Error::usage(
            "a series of time points with --source",
            "a particle has no half-life",
            "Give --nuclide.",
        ));
    };
    let decay = Decay { half_life_s, half_life_uncertainty_s: None };
    let mut records = vec![file_record("series", &input.path)?];
    let mut around = Surroundings::read(job, emitted, observer, &mut records)?;
    let vois: Vec<_> = around.vois.iter().flat_map(|sets| sets.vois()).collect();
    input.methods.check_names(&vois)?;
    let placed = series::read(job, input, &around, &decay, observer, &mut records)?;
    let checks = Checks::new(&job.accept, observer);
    for (n, record) in records.iter().filter(|r| r.role == "activity").enumerate() {
        let name = format!("the activity of time point {}", n + 1);
        let unit = input.points.get(n).and_then(|p| p.unit).or(job.activity.unit);
        plausibility::unit(&name, unit, record, &checks);
    }
    around.check(&records, Some(input), job.administered_bq, &checks)?;
    let images: Vec<_> = placed.maps.iter().map(|m| (&placed.grid.grid, m.as_slice())).collect();
    couch::treat(job, &mut around, &images, observer)?;
    // What the images themselves say of their calibration joins what the series says.
    let mut input = input.clone();
    input.common_uncertainty = placed.calibration_relative.unwrap_or(0.0);
    let input = &input;
    let Curves { regions: curves, planar, map: tia } =
        integrate(input, &decay, &around, &placed, observer)?;
    let case = Case {
        job,
        input,
        decay,
        around,
        placed,
        tia,
        records,
        curves,
        planar,
        checks,
        observer,
        stop,
    };
    match route {
        Route::Activity => activity_route(&case, folder, None, Vec::new()),
        Route::DoseRate | Route::Both => {
            let both = route == Route::Both;
            let ran = match transport_rates(&case, &folder, both)? {
                ControlFlow::Continue(ran) => ran,
                ControlFlow::Break(written) => return Ok(written),
            };
            if job.shard.is_some() {
                return shard_of_rates(&case, folder, ran, both);
            }
            let (prepared, rates) = dose_rate_route(&case, &folder, ran)?;
            if !both || rates.outcome.interrupted {
                return finish_dose_rates(&case, folder, prepared, rates);
            }
            drop(prepared);
            activity_route(&case, folder, Some(rates), Vec::new())
        }
    }
}

/// The sums of all times, and of the other route where it follows, in place of maps.
fn shard_of_rates(case: &Case, folder: OutputFolder, ran: Ran, both: bool) -> Result<Written> {
    let Ran { mut prepared, stage, engine, outcome, .. } = ran;
    prepared.context.hear(case.observer);
    let interrupted = outcome.interrupted;
    let part = merge::write_part(&folder, case.job, &prepared, (&stage, &engine), outcome)?;
    if !both || interrupted {
        return merge::finish_shard(folder, vec![part], interrupted);
    }
    drop(prepared);
    activity_route(case, folder, None, vec![part])
}

pub(super) fn check(job: &Job, input: &SeriesInput, route: Route) -> Result<()> {
    let refuse = |problem: &str, why: &str, suggestion: &str| {
        Err(Error::usage(problem.to_string(), why.to_string(), suggestion.to_string()))
    };
    let of_series = input.quantification.calibration.relative_uncertainty;
    if let (Some(a), Some(b)) = (of_series, job.activity.calibration.relative_uncertainty) {
        return refuse(
            &format!(
                "the calibration's uncertainty is {a} in the series file and {b} in --calibration-uncertainty"
            ),
            "stated twice, one of them would be left out without a word",
            "Leave one of them out.",
        );
    }
    if job.physical_decay {
        return refuse(
            "--physical-decay with a series of time points",
            "the series tells how activity changes",
            "Leave it out, or give one image.",
        );
    }
    if job.score != Score::Voxels {
        return refuse(
            "--score with a series of time points",
            "layers and shells are those of one transport",
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
    if route != Route::Activity && job.fine.is_some() {
        return refuse(
            "--fine with the dose-rate route",
            "parts of voxels are not scored at several times",
            "Use --route activity, or leave --fine out.",
        );
    }
    if route == Route::DoseRate && job.to_water {
        return refuse(
            "--dose-to-water with --route dose-rate",
            "its factors are by kind of emission, which a run of all times does not score apart",
            "Use --route activity or --route both, or leave --dose-to-water out.",
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

/// What was integrated.
struct Curves {
    regions: Vec<RegionCurve>,
    planar: Option<Integrated>,
    map: IntegratedMap,
}

/// Curves of the regions and the map of time-integrated activity.
fn integrate(
    input: &SeriesInput,
    decay: &Decay,
    around: &Surroundings,
    placed: &Placed,
    observer: &dyn Observer,
) -> Result<Curves> {
    let over =
        OverTime { times_s: &placed.times_s, decay_constant_per_s: decay.constant_per_s(), input };
    if input.planar.is_some() {
        let (map, planar) = hybrid_map(&over, placed, observer)?;
        return Ok(Curves { regions: Vec::new(), planar: Some(planar), map });
    }
    let vois: Vec<_> = around.vois.iter().flat_map(|sets| sets.vois()).collect();
    let curves = (0..=vois.len()).map(|r| {
        let method = input.methods.of(&vois, r.checked_sub(1));
        over.curve(method, &placed.region(r), placed.regions[r].own.as_deref())
    });
    let regions: Vec<RegionCurve> = curves.collect();
    tell_regions(&regions, around, observer);
    let shapes: Vec<_> = regions.iter().map(|c| over.shape(c)).collect();
    let map = over.maps(&placed.maps, &placed.owned(), &shapes)?;
    say_map(&map, "activity", observer);
    Ok(Curves { regions, planar: None, map })
}

/// Warnings and refusals of all regions; region 0 is told last, as what is outside.
pub(super) fn tell_regions(curves: &[RegionCurve], around: &Surroundings, observer: &dyn Observer) {
    let vois = around.vois.iter().flat_map(|sets| sets.vois());
    for (curve, voi) in curves.iter().skip(1).zip(vois) {
        voi_curves::tell(curve, Some(&voi.name), observer);
    }
    if let Some(outside) = curves.first() {
        voi_curves::tell(outside, None, observer);
    }
}

/// One acquisition times the shape of a planar curve.
fn hybrid_map(
    over: &OverTime,
    placed: &Placed,
    observer: &dyn Observer,
) -> Result<(IntegratedMap, Integrated)> {
    let map = &placed.maps[0];
    let whole: f64 = map.iter().map(|v| f64::from(*v)).sum();
    let planar = over.by_planar_curve(whole)?;
    let tia = &planar.tia;
    observer.say(&format!("{}: {:.6e} Bq s", tia.method, tia.value));
    tia.warnings.iter().for_each(|w| observer.warn(w));
    observer.warn(
        "every voxel and VOI is taken to follow the planar curve, which is that of all that the planar images show: an organ that clears \
         faster or slower is off by the ratio of the half-lives, and the stated uncertainty does not hold that",
    );
    let per_bq = tia.value / whole;
    let relative = tia.relative_uncertainty() as f32;
    let active = map.iter().filter(|v| **v > 0.0).count();
    let map = IntegratedMap {
        integral: map.iter().map(|v| (f64::from(*v) * per_bq) as f32).collect(),
        relative_uncertainty: map.iter().map(|v| if *v > 0.0 { relative } else { 0.0 }).collect(),
        branch: map.iter().map(|v| if *v > 0.0 { 1 } else { 3 }).collect(),
        half_life_s: vec![f32::NAN; map.len()],
        counts: BranchCounts { shape: active, zero: map.len() - active, ..Default::default() },
        by_branch: [0.0, tia.value, 0.0, 0.0],
        dropped: 0.0,
        extrapolated: [tia.share_before_first, tia.share_after_last],
    };
    Ok((map, planar))
}

pub(super) fn say_map(map: &IntegratedMap, of: &str, observer: &dyn Observer) {
    let c = &map.counts;
    let share = |x: f64| {
        if x.is_finite() { format!("{:.1} %", 100.0 * x) } else { "an unknown share".into() }
    };
    observer.say(&format!(
        "{of} by voxel: {} fitted, {} by the curve of their region, {} by what is assumed for a refused curve, {} by physical decay, {} \
         without signal; extrapolated {} before the first and {} after the last time",
        c.fitted,
        c.shape,
        c.assumed,
        c.physical,
        c.zero,
        share(map.extrapolated[0]),
        share(map.extrapolated[1])
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

/// Decays outside of all VOIs over those in them that change no dose beside its uncertainty.
const NEGLIGIBLE_OUTSIDE: f64 = 1e-3;

impl Case<'_> {
    /// The activity curve of a VOI (from 0), or why there is none.
    pub fn curve(&self, voi: usize) -> RegionCurve {
        let planar = || Err("the planar curve gives the shape".into());
        self.curves.get(voi + 1).cloned().unwrap_or_else(planar)
    }

    /// How the curve of a VOI (from 0) is integrated.
    pub fn method(&self, voi: usize) -> &RegionMethod {
        let vois: Vec<_> = self.around.vois.iter().flat_map(|sets| sets.vois()).collect();
        self.input.methods.of(&vois, Some(voi))
    }

    /// `outside of all VOIs`, if the curve of its activity was refused and it holds a part of the decays that matters: no exit code hangs on
    /// the noise of what is empty.
    pub fn refused_outside(&self) -> Option<String> {
        let (outside, vois) = self.curves.split_first()?;
        let outside = outside.as_ref().ok().filter(|c| c.refusal.is_some())?;
        let decays = |c: &Integrated| {
            let high = c.tia.interval_95.1;
            if high.is_finite() { high.max(c.tia.value) } else { c.tia.value }
        };
        let of_vois: f64 = vois.iter().flatten().map(|c| c.tia.value).sum();
        (decays(outside) > NEGLIGIBLE_OUTSIDE * of_vois).then(|| "outside of all VOIs".into())
    }

    /// What a result tells of a VOI's curve.
    pub fn curve_facts(&self, curve: &RegionCurve) -> CurveFacts {
        match &self.planar {
            None => CurveFacts::new(curve),
            Some(planar) => {
                let facts = CurveFacts::new(&Ok(planar.clone()));
                CurveFacts { name: format!("planar {}", facts.name), ..facts }
            }
        }
    }

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
            &self.checks,
            self.observer,
        )?;
        for (n, map) in self.placed.maps.iter().enumerate() {
            let low = |v: &usize| f64::from(prepared.phantom.density[*v]) < LOW_DENSITY_G_CM3;
            let all = map.iter().map(|a| f64::from(*a)).sum();
            let in_air = (0..map.len()).filter(low).map(|v| f64::from(map[v])).sum();
            let name = format!("the activity of time point {}", n + 1);
            plausibility::air(&name, in_air, all, "Bq", &self.checks);
        }
        self.checks.settle()?;
        let checks = prepared.context.withheld.cleaned(&self.checks.facts())?;
        prepared.context.setup.checks = checks;
        prepared.context.setup.time_points = Some(self.facts());
        Ok(prepared)
    }

    /// For the summary.
    fn facts(&self) -> TimePointsFacts {
        let placed = &self.placed;
        TimePointsFacts {
            activity: placed.fields.clone(),
            common_relative_uncertainty: self.input.common_uncertainty,
            outside_of_vois: self.curves.first().map(voi_curves::curve_facts),
            placement: placed.placements.iter().map(Placement::facts).collect(),
            planar: self.planar.as_ref().map(voi_curves::integrated_facts),
            quantification: placed.regions.iter().map(RegionRecovery::facts).collect(),
            shift_mm: self.input.points.iter().map(|p| p.shift_mm).collect(),
            time_integrated_activity: voi_curves::map_facts(&self.tia, "Bq s"),
            times_s: placed.times_s.clone(),
            timing: placed.timings.iter().map(Timing::facts).collect(),
        }
    }

    pub fn plots(
        &self,
        folder: &OutputFolder,
        prepared: &Prepared,
        stem: &str,
        curves: &[&RegionCurve],
        units: [&str; 2],
    ) -> Result<Vec<String>> {
        let mut files = Vec::new();
        let vois = &prepared.context.vois;
        for ((voi, of), curve) in vois.iter().zip(plot_names(vois)).zip(curves) {
            let Ok(curve) = curve else { continue };
            let png = voi_curves::plot(&voi.name, curve, units[0], units[1])?;
            let name = format!("{stem}_{of}.png");
            write_atomically(&folder.path().join(&name), |w| w.write_all(&png))?;
            files.push(name);
        }
        Ok(files)
    }
}

/// What the plots of VOIs are named after: their labels; their names, where VOIs of several files have one label.
fn plot_names(vois: &[VoiFacts]) -> Vec<String> {
    let labels: BTreeSet<u32> = vois.iter().map(|v| v.label).collect();
    if labels.len() == vois.len() {
        return vois.iter().map(|v| v.label.to_string()).collect();
    }
    file_stems(&vois.iter().map(|v| v.name.as_str()).collect::<Vec<_>>())
}
