//! The flow, once, top to bottom: images to matter and activity on one grid, to a plan, to a tally, to dose maps.

mod context;
mod goal;
pub mod inputs;
pub mod memory;
mod outputs;
pub mod scene;
mod source;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::activity::{ActivityMap, Quantity};
use crate::error::{Error, Result};
use crate::image::VoiSet;
use crate::job::{DEFAULT_BATCHES, Job};
use crate::phantom::{LOW_DENSITY_G_CM3, Phantom};
use crate::report::summary::{Summary, Timing};
use crate::transport::build::{PlanInput, build_plan};
use crate::transport::plan::Plan;
use crate::transport::run::{Outcome, RunSettings, run};
use crate::transport::shard::{Shard, plan_sha256, read_shard, write_shard};
use crate::transport::tally::Tally;

use context::{Context, VoiFacts};
use outputs::OutputFolder;

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
    /// The run was interrupted.
    pub interrupted: bool,
}

/// `voxgray dose`: from a job to an output folder. `stop` ends the run at the next chunk, keeping finished batches.
///
/// # Errors
/// If an input cannot be used, a check of the run fails, or writing fails; then no output folder is left.
pub fn dose(job: &Job, observer: &dyn Observer, stop: &AtomicBool) -> Result<Written> {
    job.check()?;
    let folder = OutputFolder::open(&job.out, job.overwrite)?;
    let decay = source::read_source(&job.source)?;
    let mut records = Vec::new();
    let activity = inputs::read_activity(&job.activity, observer, &mut records)?;
    let vois = read_vois(job, observer, &mut records)?;
    let (matter, hu_report) = inputs::read_matter(&job.matter, observer, &mut records)?;

    let grid = scene::choose_grid(job.grid, &matter.grid, &activity.volume.grid)?;
    let need = memory::estimate(
        grid.grid.len(),
        activity.volume.data.iter().filter(|a| **a > 0.0).count().min(grid.grid.len()),
        decay.origins(),
        vois.is_some(),
        matter.grid.len(),
    );
    observer.say(&format!(
        "dose grid {} x {} x {}, {:.3} x {:.3} x {:.3} mm; memory about {}",
        grid.grid.dims[0],
        grid.grid.dims[1],
        grid.grid.dims[2],
        grid.grid.spacing_mm()[0],
        grid.grid.spacing_mm()[1],
        grid.grid.spacing_mm()[2],
        memory::gib(need.peak())
    ));
    need.check(job.max_memory, grid.grid.len())?;

    let (phantom, moved) = scene::move_matter(matter, &grid, observer)?;
    let (activity, field) = source::place(activity, &grid, job.activity.max_outside, observer)?;
    let (labels, vois) = place_vois(vois, &phantom, &activity, observer)?;
    let kind = source::DoseOf::new(&activity, &decay, job)?;
    let plan = plan(job, &phantom, &activity, &decay)?;
    drop(activity);

    let setup = context::setup(
        job,
        &records,
        &phantom,
        hu_report.as_ref(),
        &moved,
        &field,
        &decay,
        &kind,
        observer,
    )?;
    let settings = run_settings(job, &plan);
    let context = Context {
        setup,
        kind: kind.kind,
        decays: kind.decays,
        grid: phantom.grid.clone().into(),
        materials: phantom.materials.iter().map(|m| m.name.clone()).collect(),
        vois,
        low_density: LOW_DENSITY_G_CM3,
        percentile: job.percentile,
        fraction: job.fraction,
        batches: settings.batches,
        has_goal: job.goal.is_some(),
    };
    let outcome = transport(job, &plan, &settings, &labels, &context, &phantom, observer, stop)?;
    let timing = Timing {
        transport_seconds: outcome.seconds,
        histories_per_second: outcome.tally.histories() as f64 / outcome.seconds.max(1e-9),
        threads: job.threads,
        peak_memory_bytes: memory::peak_resident(),
        merged_shards: 0,
    };
    let Phantom { density, material, .. } = phantom;
    if job.shard.is_some() {
        let plan_sha256 = plan_sha256(&plan);
        drop(plan);
        return finish_shard(folder, plan_sha256, &context, &density, &material, outcome);
    }
    drop(plan);
    let partial = outcome.interrupted;
    outputs::write(folder, &context, &density, &material, &outcome.tally, partial, timing)
}

fn read_vois(
    job: &Job,
    observer: &dyn Observer,
    records: &mut Vec<inputs::InputRecord>,
) -> Result<Option<VoiSet>> {
    match &job.voi {
        None => Ok(None),
        Some((labels, names)) => {
            inputs::read_vois(labels, names.as_deref(), observer, records).map(Some)
        }
    }
}

/// One region per voxel, and what is known of each.
fn place_vois(
    vois: Option<VoiSet>,
    phantom: &Phantom,
    activity: &ActivityMap,
    observer: &dyn Observer,
) -> Result<(Vec<u16>, Vec<VoiFacts>)> {
    let Some(set) = vois else { return Ok((Vec::new(), Vec::new())) };
    let mapped = set.map_to(&phantom.grid)?;
    let mut labels = vec![0_u16; phantom.grid.len()];
    let mut facts = Vec::new();
    for (n, voi) in mapped.set.vois.iter().enumerate() {
        for &v in &voi.voxels {
            labels[v as usize] = (n + 1) as u16;
        }
        let outside = mapped.outside[n];
        if outside > 0 || voi.voxels.is_empty() {
            observer.warn(&format!(
                "VOI '{}': {outside} of its {} voxels are outside of the dose grid, {} dose voxels remain",
                voi.name,
                set.vois[n].voxels.len(),
                voi.voxels.len()
            ));
        }
        facts.push(VoiFacts {
            label: voi.label,
            name: voi.name.clone(),
            voxels: voi.voxels.len(),
            mass_g: voi.voxels.iter().map(|&v| phantom.voxel_mass_g(v as usize)).sum(),
            activity: voi.voxels.iter().map(|&v| f64::from(activity.volume.data[v as usize])).sum(),
        });
    }
    Ok((labels, facts))
}

fn plan(
    job: &Job,
    phantom: &Phantom,
    activity: &ActivityMap,
    decay: &source::Source,
) -> Result<Plan> {
    let activity: Vec<f64> = activity.volume.data.iter().map(|&a| f64::from(a)).collect();
    build_plan(&PlanInput {
        grid: &phantom.grid,
        density: &phantom.density,
        material: &phantom.material,
        materials: &phantom.materials,
        activity: &activity,
        decay: &decay.spectrum,
        settings: &job.transport,
        radial: None,
    })
}

/// Batches and their size. A run with a goal takes as many batches as it needs, each about as long as a look at the
/// uncertainty is worth.
fn run_settings(job: &Job, plan: &Plan) -> RunSettings {
    let mut settings = match (&job.goal, job.batches) {
        (Some(_), None) => {
            let size = (plan.voxels.len() as u64 / 8).clamp(50_000, 5_000_000).min(job.histories);
            let batches = u32::try_from(job.histories / size.max(1)).unwrap_or(u32::MAX).max(1);
            RunSettings { histories_per_batch: size, ..RunSettings::with_histories(1, batches) }
        }
        (_, batches) => {
            let batches = batches.unwrap_or(DEFAULT_BATCHES);
            let batches = u32::try_from(job.histories).map_or(batches, |h| batches.min(h));
            RunSettings::with_histories(job.histories, batches)
        }
    };
    settings.threads = job.threads;
    if let Some(shard) = job.shard {
        (settings.shard, settings.shards) = (shard.number - 1, shard.of);
    }
    settings
}

#[expect(clippy::too_many_arguments, reason = "one caller; the flow hands on what it has")]
fn transport(
    job: &Job,
    plan: &Plan,
    settings: &RunSettings,
    labels: &[u16],
    context: &Context,
    phantom: &Phantom,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let monitor = goal::GoalMonitor::new(job, context, &phantom.density, settings, observer)?;
    let mine = u64::from((settings.batches - settings.shard).div_ceil(settings.shards));
    observer.started(mine * settings.histories_per_batch, job.goal.as_ref().map(|g| g.uncertainty));
    let outcome = run(plan, settings, labels, context.vois.len(), &monitor, stop);
    observer.finished();
    let outcome = outcome?;
    if outcome.tally.batches() == 0 {
        return Err(Error::run(
            "interrupted before the first batch was finished",
            "no history can be reported",
            "Let it run longer, or use more and smaller batches (--batches).",
        ));
    }
    check_energy(&outcome.tally)?;
    if let Some(goal) = &job.goal
        && !monitor.reached()
        && !outcome.interrupted
    {
        observer.warn(&format!(
            "the goal of {} % was not reached in {} histories; raise --histories",
            100.0 * goal.uncertainty,
            outcome.tally.histories()
        ));
    }
    Ok(outcome)
}

fn check_energy(tally: &Tally) -> Result<()> {
    let imbalance = tally.ledger.imbalance();
    if imbalance.abs() <= MAX_IMBALANCE {
        return Ok(());
    }
    Err(Error::run(
        format!("energy out differs from energy in by {imbalance:.2e}"),
        format!("at most {MAX_IMBALANCE:.0e} is rounding"),
        "Please report the input: the transport lost or made energy.",
    ))
}

fn finish_shard(
    folder: OutputFolder,
    plan_sha256: String,
    context: &Context,
    density: &[f32],
    material: &[u8],
    outcome: Outcome,
) -> Result<Written> {
    let shard = Shard {
        plan_sha256,
        context: context.to_json()?,
        payload: Context::maps_to_bytes(density, material),
        tally: outcome.tally,
    };
    write_shard(&folder.path().join(SHARD_FILE), &shard)?;
    let folder = folder.keep()?;
    Ok(Written {
        folder,
        files: vec![SHARD_FILE.into()],
        summary: None,
        interrupted: outcome.interrupted,
    })
}

/// `voxgray merge`: shards of one run to the outputs that it would have given in one piece.
///
/// # Errors
/// If a shard cannot be read, is of another run or given twice, or writing fails.
pub fn merge(
    out: &Path,
    shards: &[PathBuf],
    overwrite: bool,
    observer: &dyn Observer,
) -> Result<Written> {
    let folder = OutputFolder::open(out, overwrite)?;
    let Some((first, others)) = shards.split_first() else {
        return Err(Error::usage(
            "no shard is given",
            "there is nothing to merge",
            "Name the shards.",
        ));
    };
    let mut whole = read_shard(&shard_path(first))?;
    for path in others {
        let shard = read_shard(&shard_path(path))?;
        let same = (&shard.plan_sha256, &shard.context, &shard.payload)
            == (&whole.plan_sha256, &whole.context, &whole.payload);
        if !same {
            return Err(Error::input(
                format!("{} is not of the same run as {}", path.display(), first.display()),
                "their inputs or settings differ",
                "Merge only shards of one command and version, run with --shard 1/n to n/n.",
            ));
        }
        whole.tally.merge(&shard.tally).map_err(|mut e| {
            e.problem = format!("{}: {}", path.display(), e.problem);
            e
        })?;
    }
    let context = Context::from_json(&whole.context)?;
    let (density, material) = context.maps_from_bytes(&whole.payload)?;
    let missing = context.batches as usize - whole.tally.batches().min(context.batches as usize);
    if missing > 0 {
        observer.warn(&format!(
            "{missing} of {} batches are missing: the result is partial",
            context.batches
        ));
    }
    check_energy(&whole.tally)?;
    let timing = Timing {
        merged_shards: shards.len(),
        peak_memory_bytes: memory::peak_resident(),
        ..Timing::default()
    };
    outputs::write(folder, &context, &density, &material, &whole.tally, missing > 0, timing)
}

/// A shard is named by its folder or its file.
fn shard_path(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(SHARD_FILE) } else { path.to_path_buf() }
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Unit of activity or of its integral.
fn activity_unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Activity => "Bq",
        Quantity::TimeIntegrated => "Bq s",
    }
}
