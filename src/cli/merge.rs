//! `voxgray merge OUT SHARD...`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::progress::{Terminal, print_written};
use crate::error::Result;
use crate::pipeline::{self, MergeRules};

/// Options of `voxgray merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Output folder; it appears complete or not at all.
    out: PathBuf,
    /// Folders (or shard.voxgray files) written by voxgray dose --shard i/n, in any order.
    #[arg(required = true)]
    shards: Vec<PathBuf>,
    /// Replace an older output of voxgray: the files that its voxgray-files.json lists, no other.
    #[arg(long)]
    overwrite: bool,
    /// Give a partial result where shards or batches of shards are missing.
    #[arg(long)]
    allow_missing: bool,
    /// Join shards of CPUs with those of GPUs: their statistics are the same, their bits are not.
    #[arg(long)]
    mix_engines: bool,
    /// Print errors only; warnings stand in summary.json.
    #[arg(short, long)]
    quiet: bool,
}

/// Merges.
///
/// # Errors
/// As [`pipeline::merge`].
pub fn run(a: &MergeArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let rules = MergeRules { allow_missing: a.allow_missing, mix_engines: a.mix_engines };
    let written = pipeline::merge(&a.out, &a.shards, a.overwrite, rules, &terminal)?;
    print_written(&written)?;
    Ok(ExitCode::SUCCESS)
}
