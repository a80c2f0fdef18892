//! The histories of a job: on which engine, with a stop rule, from where on, and what is checked afterwards.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::checkpoint::{Identity, Keeper, Watch, start_of};
use super::folder::OutputFolder;
use super::stop_plan::{FIRST_PILOT, StopPlan};
use super::{MAX_IMBALANCE, Observer, Prepared, SHARD_FILE, Written, from_shards, goal};
use crate::error::{Error, ErrorKind, Result};
use crate::job::Job;
use crate::report::summary::EngineResult;
use crate::transport::engine::{Engine, EngineChoice};
use crate::transport::in_progress::Start;
use crate::transport::run::Outcome;
use crate::transport::signature::{EngineMark, Signature};
use crate::transport::tally::Tally;

/// The engine of a job, and a line about it.
///
/// # Errors
/// If a GPU was asked for and there is none that can be used.
pub fn choose_engine(job: &Job, observer: &dyn Observer) -> Result<Engine> {
    // Histories that were run elsewhere need no engine.
    if job.method.fast().is_some() || !job.from_shards.is_empty() {
        return Ok(Engine::Cpu);
    }
    let (engine, why_cpu) = Engine::choose(&job.engine)?;
    let because = why_cpu.map_or(String::new(), |why| format!(": {why}"));
    observer.say(&format!("engine {}{because}", engine.name()));
    if job.threads > 0 && !engine.devices().is_empty() {
        observer.say("--threads counts while images are read only: transport runs on the GPU");
    }
    Ok(engine)
}

/// What ran the histories.
#[derive(Debug)]
pub(super) enum RanBy {
    /// An engine of this process.
    Here(Engine),
    /// Those of the shards that were taken.
    Others(EngineMark),
}

impl RanBy {
    /// As a shard is signed with it.
    pub fn mark(&self) -> EngineMark {
        match self {
            RanBy::Here(engine) => EngineMark::from(engine),
            RanBy::Others(mark) => mark.clone(),
        }
    }

    /// For the summary.
    pub fn result(&self) -> EngineResult {
        match self {
            RanBy::Here(engine) => EngineResult::from(engine),
            RanBy::Others(mark) => EngineResult::from(mark),
        }
    }
}

/// One transport of a run, for its checkpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    /// Name of what it gives.
    pub name: &'static str,
    /// What it is a part of.
    pub route: &'static str,
    /// Another transport follows: its result is to outlast that one.
    pub followed: bool,
}

impl Stage {
    /// The name of its sums in the folder of a shard.
    pub fn shard_file(&self) -> String {
        if self.followed { format!("shard_{}.voxgray", self.name) } else { SHARD_FILE.into() }
    }
}

/// Runs the histories, from the checkpoint where `--resume` finds one, or takes them from shards. Under `auto` the CPU takes over from a GPU that fails before it has
/// finished a batch; says which engine it was. Breaks off with what is there where the output is this run's whole result already.
pub(super) fn transport(
    job: &Job,
    prepared: &mut Prepared,
    engine: Engine,
    stage: Stage,
    folder: &OutputFolder,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<ControlFlow<Written, (Outcome, RanBy)>> {
    if !job.from_shards.is_empty() {
        let (outcome, engine) = from_shards::outcome(job, prepared, &stage, folder, observer)?;
        check_energy(&outcome.tally)?;
        super::hits::tell_missed(&outcome.tally, observer)?;
        tell_few_batches(outcome.tally.batches(), observer);
        super::hits::tell(&prepared.context, &outcome.tally, observer);
        return Ok(ControlFlow::Continue((outcome, engine)));
    }
    let Prepared { plan, settings, context, .. } = &*prepared;
    let signature = Signature::new(plan, settings, &engine);
    let identity = Identity::new(job, signature, context, stage.route)?;
    if let Some(files) = folder.begin(stage.name, &identity.sha256())? {
        observer.say(&format!(
            "{} is the whole result of this run: nothing is left to do",
            folder.target().display()
        ));
        return Ok(ControlFlow::Break(Written::before(folder.target(), files)));
    }
    if let Some(fast) = job.method.fast() {
        let outcome = super::fast::tally(job, fast, prepared, observer, stop)?;
        return Ok(ControlFlow::Continue((outcome, RanBy::Here(engine))));
    }
    let Prepared { plan, settings, phantom, labels, context, .. } = &*prepared;
    let (labels, regions) = super::fine::labels(context, labels, &phantom.density);
    let (mut start, mut before_s, mut planned) = (Start::default(), 0.0, None);
    if let Some(path) = folder.to_resume(stage.name) {
        let found = identity.read(&path, observer)?;
        before_s = found.whole.seconds;
        planned = StopPlan::from_bytes(&found.whole.payload);
        start = start_of(found);
        let part = if start.kept.is_some() { " and a part of one more" } else { "" };
        observer.say(&format!("going on after {} batches{part}", start.batches()));
    } else if job.keeping.resume {
        observer.say("there is no checkpoint to go on from: starting from the beginning");
    }
    let begun = !start.is_empty();
    let monitor =
        goal::GoalMonitor::new(job, context, &phantom.density, settings, planned, observer)?;
    let mine = u64::from(settings.batches.saturating_sub(settings.shard).div_ceil(settings.shards));
    let go = |engine: &Engine, start: Start, keeper: &Keeper| {
        let goal = job.goal.as_ref().map(|g| g.uncertainty);
        observer.started(mine * settings.histories_per_batch, goal);
        observer.advanced(start.batches() as u64 * settings.histories_per_batch);
        let watch = Watch { keeper };
        let outcome = engine.run_from(plan, settings, &labels, regions, start, &watch, stop);
        observer.finished();
        outcome
    };
    let path = folder.checkpoint(stage.name);
    let every = job.keeping.checkpoint_s;
    let mut engine = engine;
    let mut keeper = Keeper::new(path.clone(), identity, every, before_s, observer, &monitor);
    let mut outcome = go(&engine, start, &keeper);
    if let Err(error) = &outcome
        && error.kind == ErrorKind::Run
        && job.engine == EngineChoice::Auto
        && !engine.devices().is_empty()
        && !monitor.begun()
        && !begun
        && !stop.load(Relaxed)
    {
        observer.warn(&format!("{error} The run goes on with the CPU."));
        engine = Engine::Cpu;
        let signature = Signature::new(plan, settings, &engine);
        let identity = Identity::new(job, signature, context, stage.route)?;
        folder.begin(stage.name, &identity.sha256())?;
        keeper = Keeper::new(path, identity, every, before_s, observer, &monitor);
        outcome = go(&engine, Start::default(), &keeper);
    }
    let mut outcome = outcome?;
    // What is finished outlasts what follows: the writing of the outputs, another transport, the user's second thought.
    if outcome.interrupted || stage.followed || keeper.is_worth_it() {
        keeper.write(&outcome.tally, outcome.more.as_deref());
    }
    outcome.more = None;
    outcome.seconds += before_s;
    outcome.notices.iter().for_each(|notice| observer.warn(notice));
    if outcome.tally.batches() == 0 {
        return Err(Error::new(
            ErrorKind::Interrupted,
            "interrupted before the first batch was finished",
            "there is no result yet",
            "Add --resume to the same command to go on, or use more and smaller batches (--batches).",
        ));
    }
    check_energy(&outcome.tally)?;
    // A shard's batches are a part of the run's: merging tells.
    if settings.shards == 1 {
        super::hits::tell_missed(&outcome.tally, observer)?;
        tell_few_batches(outcome.tally.batches(), observer);
        super::hits::tell(context, &outcome.tally, observer);
    }
    observer.say(&format!(
        "{} histories in {:.1} s, {:.3e} per second; energy balance {:.1e}",
        outcome.tally.histories(),
        outcome.seconds,
        outcome.tally.histories() as f64 / outcome.seconds.max(1e-9),
        outcome.tally.ledger.imbalance()
    ));
    if let Some(text) = monitor.missed(&outcome.tally).filter(|_| !outcome.interrupted) {
        observer.warn(&text);
    }
    Ok(ControlFlow::Continue((outcome, RanBy::Here(engine))))
}

/// Says where there are too few batches for a standard error to be trusted.
pub(super) fn tell_few_batches(batches: usize, observer: &dyn Observer) {
    if batches >= FIRST_PILOT {
        return;
    }
    observer.warn(&match batches {
        0 | 1 => "one batch tells no standard errors: let it run longer, or use more batches (--batches)".into(),
        n => format!(
            "standard errors come from {n} batches only and are themselves known to {:.0} %: a 95 % interval is +- {:.3} standard errors \
             (Student's t), not 1.96; let it run longer (--resume after an interruption), or use more batches (--batches)",
            100.0 / (2.0 * (n - 1) as f64).sqrt(),
            crate::stats::student_97_5((n - 1) as f64)
        ),
    });
}

pub(super) fn check_energy(tally: &Tally) -> Result<()> {
    tally.check()?;
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

#[cfg(all(test, feature = "gpu"))]
#[path = "histories_tests.rs"]
mod tests;
