//! The flow, once, top to bottom: images to matter and activity on one grid, to a plan, to a tally, to dose maps.

mod activity_route;
mod asked_vois;
mod beam;
mod calibration;
mod checkpoint;
mod checks;
pub mod compare;
pub mod compare_media;
pub mod compare_methods;
mod context;
mod correction_asked;
mod couch;
pub mod dicom_out;
mod dose_rate_route;
pub mod fast;
mod fields_of_view;
mod fine;
mod fine_places;
pub mod finished;
mod folder;
mod from_shards;
mod goal;
pub mod heard;
mod histories;
mod hits;
mod identity;
mod image_time;
pub mod inputs;
pub mod kernel;
pub mod look;
pub mod memory;
mod merge;
pub mod method_file;
mod neglected;
pub mod other_map;
mod outputs;
mod over_time;
mod padding;
pub mod pairs;
mod patients;
mod place;
mod placing;
mod planar;
mod plausibility;
pub mod proportional;
pub mod quantification;
pub mod radiopharmaceutical;
mod recovery;
pub mod regions;
pub mod registration;
pub mod report;
mod routes;
pub mod s_values;
pub mod scene;
mod score;
mod series;
pub mod series_file;
mod setup;
mod shard_fits;
pub mod source;
mod stated_twice;
mod stop_plan;
mod surroundings;
pub mod tiac;
mod transfer;
mod voi_curves;
mod voi_dose;
mod voi_files;
pub mod voi_uncertainty;
mod water;
pub(crate) mod withheld;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::activity::{ActivityMap, Quantity};
use crate::dose::{HighDose, HighVoxels};
use crate::error::Result;
use crate::interrupt;
use crate::job::{Job, batches_of};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::report::summary::{Summary, Timing, VoiResult};
use crate::transport::build::{PlanInput, build_beam_plan, build_plan};
use crate::transport::capacity;
use crate::transport::engine::Engine;
use crate::transport::plan::Plan;
use crate::transport::run::{Outcome, RunSettings};
use crate::transport::settings::Settings;
use crate::transport::tally::Tally;
use crate::transport::times::build_timed_plan;

pub use histories::choose_engine;
pub use merge::MergeRules;
pub use merge::merge;
pub use routes::{Route, dose_over_time};

use checks::Checks;
use context::Context;
use folder::OutputFolder;
use heard::Heard;
use histories::{RanBy, Stage, transport};
use outputs::Found;
use place::Placed;
use score::Scored;
use setup::SetupOf;
use surroundings::Surroundings;
use withheld::Withheld;

/// Largest energy imbalance of a run.
pub const MAX_IMBALANCE: f64 = 1e-6;
/// Name of the tally in the folder of a shard.
pub const SHARD_FILE: &str = "shard.voxgray";

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Histories in finished batches.
    pub histories: u64,
    /// Relative standard error of what the goal names, or of the voxels of high dose; `None` if not known (yet).
    pub uncertainty: Option<f64>,
}

/// Hears what happens; all methods have empty defaults.
pub trait Observer: Sync {
    /// A fact for the user to read.
    fn say(&self, _text: &str) {}
    /// Something that the user should judge.
    fn warn(&self, _text: &str) {}
    /// Transport starts; the most histories of it, and the uncertainty that ends it.
    fn started(&self, _histories: u64, _goal: Option<f64>) {}
    /// Histories have been run inside a batch.
    fn advanced(&self, _histories: u64) {}
    /// A batch is finished.
    fn progressed(&self, _progress: Progress) {}
    /// Transport has ended.
    fn finished(&self) {}
    /// What it was warned of so far, if it remembers.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a command has written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The output folder.
    pub folder: PathBuf,
    /// Names of the files in it.
    pub files: Vec<String>,
    /// The summary; none for a shard.
    pub summary: Option<Summary>,
    /// The VOIs' doses with their uncertainty.
    pub vois: Vec<VoiResult>,
    /// The run was interrupted.
    pub interrupted: bool,
    /// VOIs whose curve was refused, so that their dose rests on an assumption.
    pub refused: Vec<String>,
}

impl Written {
    /// What an earlier run has written.
    fn before(folder: &Path, files: Vec<String>) -> Self {
        Written {
            folder: folder.to_path_buf(),
            files,
            summary: None,
            vois: Vec::new(),
            interrupted: false,
            refused: Vec::new(),
        }
    }
}

/// A run that is ready to start.
pub struct Prepared {
    /// What the engine reads.
    pub plan: Plan,
    /// Batches, threads, shard.
    pub settings: RunSettings,
    /// What a decay emits.
    decay: crate::source::DecaySpectrum,
    /// Matter on the dose grid.
    phantom: Phantom,
    /// Part of the VOIs that each voxel is in; empty without VOIs.
    labels: Vec<u16>,
    context: Context,
}

impl Prepared {
    /// Dose and uncertainty of the voxels of high dose in a tally of this plan.
    pub fn high_dose(&self, tally: &Tally) -> Option<HighDose> {
        self.context.high.dose(tally, &self.context.scale(&self.phantom.density), 1)
    }
}

/// `voxgray dose`: from a job to an output folder. `stop` ends the run at the next chunk, keeping finished batches.
///
/// # Errors
/// If an input cannot be used, a check of the run fails, or writing fails; then no output folder is left.
pub fn dose(job: &Job, observer: &dyn Observer, stop: &AtomicBool) -> Result<Written> {
    job.check()?;
    // First, so that a place that cannot be written to is refused before the work.
    let folder = OutputFolder::of(job, observer)?;
    let heard = Heard::new(observer);
    let observer = &heard as &dyn Observer;
    let engine = choose_engine(job, observer)?;
    let mut prepared = prepare_for(job, &engine, observer)?;
    let stage = Stage { name: "dose", route: "dose", followed: false };
    let (mut outcome, engine) =
        match transport(job, &mut prepared, engine, stage, &folder, observer, stop)? {
            ControlFlow::Continue(ran) => ran,
            ControlFlow::Break(written) => return Ok(written),
        };
    prepared.context.hear(observer);
    if job.shard.is_some() {
        let interrupted = outcome.interrupted;
        let file = merge::write_part(&folder, job, &prepared, (&stage, &engine), outcome)?;
        return merge::finish_shard(folder, vec![file], interrupted);
    }
    let Prepared { plan, phantom, labels, context, .. } = prepared;
    let Phantom { density, material, .. } = phantom;
    drop(plan);
    let timing = timing(job, &outcome, &engine);
    let partial = outcome.interrupted;
    let found = Found { parts: fine::take(&context, &mut outcome.tally), ..Found::default() };
    let maps = outputs::Matter { density: &density, material: &material, labels: &labels };
    outputs::write(folder, &context, &maps, &outcome.tally, partial, timing, found)
}

/// How long a transport took, and what ran it.
fn timing(job: &Job, outcome: &Outcome, engine: &RanBy) -> Timing {
    Timing {
        transport_seconds: outcome.seconds,
        histories_per_second: outcome.tally.histories() as f64 / outcome.seconds.max(1e-9),
        engine: Some(engine.result()),
        threads: job.threads,
        peak_memory_bytes: memory::peak_resident(),
        merged_shards: job.from_shards.len(),
    }
}

/// Everything before the first history of a run on the CPU: images to matter and activity on one grid, to a plan.
///
/// # Errors
/// If an input cannot be used.
pub fn prepare(job: &Job, observer: &dyn Observer) -> Result<Prepared> {
    prepare_for(job, &Engine::Cpu, observer)
}

/// As [`prepare`], for any engine: they differ in the memory that the host needs.
///
/// # Errors
/// If an input cannot be used.
pub fn prepare_for(job: &Job, engine: &Engine, observer: &dyn Observer) -> Result<Prepared> {
    job.check()?;
    if let Some(beam) = &job.beam {
        return beam::prepare(job, beam, engine, observer);
    }
    let mut records = Vec::new();
    let decay = source::read_source(&job.source)?;
    decay.complaints().iter().for_each(|text| observer.warn(text));
    let input = calibrated(job, observer, &mut records)?;
    let (mut activity, facts) =
        inputs::read_activity(&input, decay.half_life_s, job.nifti_affine, observer, &mut records)?;
    let timing = image_time::of_one(job, facts, &mut activity, &decay, observer)?;
    if let (Some(timing), Some(entry)) = (&timing, records.last_mut()) {
        entry.activity_time = Some(timing.what.clone());
    }
    let mut around = Surroundings::read(job, decay, observer, &mut records)?;
    let checks = Checks::new(&job.accept, observer);
    if let Some(record) = records.iter().find(|r| r.role == "activity") {
        plausibility::unit("the activity", job.activity.unit, record, &checks);
    }
    around.check(&records, None, job.administered_bq, &checks)?;
    let image = (&activity.volume.grid, activity.volume.data.as_slice());
    couch::treat(job, &mut around, &[image], observer)?;
    let mut prepared =
        prepare_with(job, engine, around, (activity, timing), &[], &records, &checks, observer)?;
    prepared.context.calibration_relative = input.calibration.relative()?;
    if !job.voi.is_empty() && prepared.context.calibration_relative.is_none() {
        observer.say(calibration::NOT_STATED);
    }
    Ok(prepared)
}

/// The job's activity image with its calibration factor, which may stand in a history.
fn calibrated(
    job: &Job,
    observer: &dyn Observer,
    records: &mut Vec<inputs::InputRecord>,
) -> Result<crate::job::ActivityInput> {
    let of = &job.activity;
    let calibration = calibration::resolved(&of.calibration, &job.source, observer, records)?;
    Ok(crate::job::ActivityInput { calibration, ..of.clone() })
}

/// [`prepare_for`] after reading. `times` holds the activity at each time on the dose grid, where one run is to score all of them.
#[expect(clippy::too_many_arguments, reason = "all that was read")]
fn prepare_with(
    job: &Job,
    engine: &Engine,
    around: Surroundings,
    (activity, timing): (ActivityMap, Option<image_time::Timing>),
    times: &[&[f64]],
    records: &[inputs::InputRecord],
    checks: &Checks,
    observer: &dyn Observer,
) -> Result<Prepared> {
    let Surroundings { decay, vois, matter, hu_report, couch: of_couch, removed } = around;
    let found = place::ToPlace { matter, removed, vois, activity };
    let placed = place::place(job, engine, &decay, found, checks, observer)?;
    let Placed { phantom, moved, beyond, emptied, activity, field, parts, labels, vois } = placed;
    let (phantom, activity, of_shells) =
        match score::shells(job, &phantom, &activity, &decay.spectrum)? {
            Some((phantom, activity, scored)) => (phantom, activity, Some(scored)),
            None => (phantom, activity, None),
        };
    let high = HighVoxels::new(
        // Where a beam's dose is high nothing tells before it has run.
        match of_shells.is_some() || job.beam.is_some() {
            true => &[],
            false => activity.volume.data.as_slice(),
        },
        &phantom.density,
        LOW_DENSITY_G_CM3,
        job.percentile,
        job.fraction,
    );
    let mut dose_of = source::DoseOf::new(&activity, &decay, job, timing.as_ref())?;
    if let Some(beam) = &job.beam {
        dose_of.decays = beam.decays;
    }
    dose_of.say(timing.as_ref(), observer);
    neglected::tell(&phantom, &decay.spectrum, observer)?;
    interrupt::check()?;
    let fine = match &job.fine {
        Some(asked) => Some(fine::place(asked, &phantom, &labels, &parts, &vois)?),
        None => None,
    };
    let voxels = fine.map(|fine| fine.voxels);
    if let Some(fine) = &voxels {
        let cells = phantom.grid.len() + fine.cells();
        let sources = activity.volume.data.iter().filter(|a| **a > 0.0).count();
        let (origins, devices) = (decay.origins(), engine.devices().len());
        let need = memory::estimate(cells, sources, origins, true, 0, devices);
        plausibility::dose_grid(&fine.grid(&phantom.grid), "parts of voxels", checks);
        fine::tell(fine, &phantom.grid, need, job.max_memory, observer)?;
    }
    let settings = Settings { fine: voxels, ..job.transport };
    let plan = plan(job, &settings, &phantom, &activity, &decay, times, of_shells.as_ref())?;
    let (parts, labels, scored) = match score::layers(job, &phantom, &parts, &labels)? {
        Some((parts, labels, scored)) => (parts, labels, Some(scored)),
        None => (parts, labels, of_shells),
    };
    interrupt::check()?;
    let known = SetupOf {
        job,
        records,
        checks,
        phantom: &phantom,
        hu: hu_report.as_ref(),
        couch: of_couch,
        moved,
        beyond,
        field,
        source: &decay,
        dose_of: &dose_of,
        timing: timing.as_ref(),
    };
    let mut setup = known.facts(observer);
    let ratios = match job.to_water {
        true => water::ratios(&phantom, &decay.spectrum, observer)?,
        false => Vec::new(),
    };
    setup.fine = voxels.as_ref().map(|fine| fine::facts(fine, &phantom.grid));
    setup.dose_to_water = job.to_water.then(|| water::facts(&phantom, &ratios, plan.origins));
    setup.score = scored.as_ref().map(Scored::facts);
    let settings = run_settings(job, &plan);
    if job.goal.is_some() && job.histories > capacity::most_histories(&plan) {
        observer.say(&format!(
            "at most {:.3e} histories: the energy of more could overflow the sum of a voxel",
            capacity::most_histories(&plan) as f64
        ));
    }
    let withheld = Withheld::new(job, records);
    let context = Context {
        setup: withheld.cleaned(&setup)?,
        kind: dose_of.kind,
        decays: dose_of.decays,
        grid: phantom.grid.clone().into(),
        materials: phantom.materials.iter().map(|m| m.name.clone()).collect(),
        vois,
        parts,
        scored,
        low_density: LOW_DENSITY_G_CM3,
        high,
        emptied,
        batches: settings.batches,
        calibration_relative: None,
        most_mev: hits::most_mev(&plan),
        fine,
        to_water: ratios.iter().map(|r| r.of_origin).collect(),
        warnings: Vec::new(),
        withheld,
    };
    Ok(Prepared { plan, settings, decay: decay.spectrum, phantom, labels, context })
}

fn plan(
    job: &Job,
    settings: &Settings,
    phantom: &Phantom,
    activity: &ActivityMap,
    decay: &source::Source,
    times: &[&[f64]],
    scored: Option<&Scored>,
) -> Result<Plan> {
    let radial = scored.and_then(Scored::radial);
    let activity: Vec<f64> = activity.volume.data.iter().map(|&a| f64::from(a)).collect();
    let input = PlanInput {
        grid: &phantom.grid,
        density: &phantom.density,
        material: &phantom.material,
        materials: &phantom.materials,
        activity: &activity,
        decay: &decay.spectrum,
        settings,
        radial: radial.as_ref(),
    };
    match (&job.beam, times) {
        (Some(of), _) => build_beam_plan(&input, &of.beam),
        (None, []) => build_plan(&input),
        (None, times) => build_timed_plan(&input, times),
    }
}

/// Batches and their size. A run with a goal takes as many batches as it needs, each about as long as a look at the
/// uncertainty is worth.
fn run_settings(job: &Job, plan: &Plan) -> RunSettings {
    // The histories of a goal are the most: no more than the tally holds.
    let histories = match job.goal {
        Some(_) => job.histories.min(capacity::most_histories(plan)),
        None => job.histories,
    };
    let mut settings = match (&job.goal, job.batches) {
        (Some(_), None) => {
            let size = (plan.voxels.len() as u64 / 8).clamp(50_000, 5_000_000).min(histories);
            let batches = u32::try_from(histories / size.max(1)).unwrap_or(u32::MAX).max(1);
            RunSettings { histories_per_batch: size, ..RunSettings::with_histories(1, batches) }
        }
        (_, batches) => RunSettings::with_histories(histories, batches_of(histories, batches)),
    };
    settings.threads = job.threads;
    if let Some(shard) = job.shard {
        (settings.shard, settings.shards) = (shard.number - 1, shard.of);
    }
    settings
}

/// Unit of activity or of its integral.
fn activity_unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Activity => "Bq",
        Quantity::TimeIntegrated => "Bq s",
    }
}
