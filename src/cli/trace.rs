//! `voxgray trace --history N`: replays one history of a run and prints its steps, its deposits and its ledger.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::dose_arguments::ProblemArguments;
use super::progress::{Terminal, print};
use crate::error::{Error, Result};
use crate::pipeline::{self, Observer};
use crate::transport::engine::EngineChoice;
use crate::transport::plan::Plan;
use crate::transport::trace::trace;

const AFTER: &str = "\
Give the options of the run as they were given to voxgray dose, also --histories, --batches
and --seed: they decide where a history starts and what it draws. A row is an event of a
particle or a deposit: energies in keV, positions in mm (LPS), voxels of the dose grid from 0.
The deposits are those of the run to the bit.

Example:
  voxgray trace --ct CT/ --activity spect.nii.gz --nuclide Lu-177 --histories 1e8 --history 12";

/// Options of `voxgray trace`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct TraceArguments {
    #[command(flatten)]
    problem: ProblemArguments,

    /// Number of the history to replay, from 0 to one below the histories of the run.
    #[arg(long, value_name = "N", help_heading = "Trace")]
    history: u64,
    /// Print the trace and errors only.
    #[arg(short, long, help_heading = "Trace")]
    quiet: bool,
}

/// Prints a trace.
///
/// # Errors
/// If the run cannot be prepared, or has no such history.
pub fn run(arguments: TraceArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(arguments.quiet);
    // Nothing is written.
    let job = arguments.problem.job(PathBuf::new(), false)?;
    if matches!(job.engine, EngineChoice::Gpu(_)) {
        terminal
            .say("a trace is made by the CPU engine; voxgray compare shows where a GPU differs");
    }
    let prepared = pipeline::prepare(&job, &terminal)?;
    let settings = &prepared.settings;
    let histories = u64::from(settings.batches).saturating_mul(settings.histories_per_batch);
    if arguments.history >= histories {
        return Err(Error::usage(
            format!("--history is {}", arguments.history),
            format!("the run has {histories} histories, numbered from 0"),
            "Give the --histories of the run, or a lower number.",
        ));
    }
    print(&trace_history(&prepared.plan, arguments.history, settings.histories_per_batch))?;
    Ok(ExitCode::SUCCESS)
}

/// The printed trace of history number `history` of a run with `histories_per_batch` histories in each batch.
pub fn trace_history(plan: &Plan, history: u64, histories_per_batch: u64) -> String {
    trace(plan, history, histories_per_batch).table(plan)
}
