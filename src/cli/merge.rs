//! `voxgray merge OUT SHARD...`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::progress::{Terminal, print_written};
use crate::error::Result;
use crate::pipeline;

/// Options of `voxgray merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Output folder; it appears complete or not at all.
    out: PathBuf,
    /// Folders (or shard.voxgray files) written by voxgray dose --shard i/n, in any order.
    #[arg(required = true)]
    shards: Vec<PathBuf>,
    /// Replace an older output of voxgray.
    #[arg(long)]
    overwrite: bool,
    /// Print warnings only.
    #[arg(short, long)]
    quiet: bool,
}

/// Merges.
///
/// # Errors
/// As [`pipeline::merge`].
pub fn run(a: &MergeArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let written = pipeline::merge(&a.out, &a.shards, a.overwrite, &terminal)?;
    print_written(&written)?;
    Ok(ExitCode::SUCCESS)
}
