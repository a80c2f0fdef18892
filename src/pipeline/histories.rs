//! The histories of a job: on which engine, with a stop rule, and what is checked afterwards.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{MAX_IMBALANCE, Observer, Prepared, goal};
use crate::error::{Error, ErrorKind, Result};
use crate::job::Job;
use crate::transport::engine::{Engine, EngineChoice};
use crate::transport::run::Outcome;
use crate::transport::tally::Tally;

/// The engine of a job, and a line about it.
///
/// # Errors
/// If a GPU was asked for and there is none that can be used.
pub fn choose_engine(job: &Job, observer: &dyn Observer) -> Result<Engine> {
    let (engine, why_cpu) = Engine::choose(&job.engine)?;
    let because = why_cpu.map_or(String::new(), |why| format!(": {why}"));
    observer.say(&format!("engine {}{because}", engine.name()));
    if job.threads > 0 && !engine.devices().is_empty() {
        observer.say("--threads counts while images are read only: transport runs on the GPU");
    }
    Ok(engine)
}

/// Runs the histories. Under `auto` the CPU takes over from a GPU that fails before it has finished a batch; says which engine it was.
pub(super) fn transport(
    job: &Job,
    prepared: &Prepared,
    engine: Engine,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<(Outcome, Engine)> {
    let Prepared { plan, settings, phantom, labels, context } = prepared;
    let monitor = goal::GoalMonitor::new(job, context, &phantom.density, settings, observer)?;
    let mine = u64::from(settings.batches.saturating_sub(settings.shard).div_ceil(settings.shards));
    let go = |engine: &Engine| {
        let goal = job.goal.as_ref().map(|g| g.uncertainty);
        observer.started(mine * settings.histories_per_batch, goal);
        let outcome = engine.run(plan, settings, labels, context.vois.len(), &monitor, stop);
        observer.finished();
        outcome
    };
    let mut engine = engine;
    let mut outcome = go(&engine);
    if let Err(error) = &outcome
        && error.kind == ErrorKind::Run
        && job.engine == EngineChoice::Auto
        && !engine.devices().is_empty()
        && !monitor.begun()
        && !stop.load(Relaxed)
    {
        observer.warn(&format!("{error} The run goes on with the CPU."));
        engine = Engine::Cpu;
        outcome = go(&engine);
    }
    let outcome = outcome?;
    outcome.notices.iter().for_each(|notice| observer.warn(notice));
    if outcome.tally.batches() == 0 {
        return Err(Error::run(
            "interrupted before the first batch was finished",
            "no history can be reported",
            "Let it run longer, or use more and smaller batches (--batches).",
        ));
    }
    check_energy(&outcome.tally)?;
    observer.say(&format!(
        "{} histories in {:.1} s, {:.3e} per second; energy balance {:.1e}",
        outcome.tally.histories(),
        outcome.seconds,
        outcome.tally.histories() as f64 / outcome.seconds.max(1e-9),
        outcome.tally.ledger.imbalance()
    ));
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
    Ok((outcome, engine))
}

pub(super) fn check_energy(tally: &Tally) -> Result<()> {
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
