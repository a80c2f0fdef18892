//! Parts of a run: written as tallies, merged to the outputs of the whole.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::histories::check_energy;
use super::outputs::{self, OutputFolder};
use super::{Observer, SHARD_FILE, Written, memory, shard_fits};
use crate::error::{Error, Result};
use crate::report::summary::Timing;
use crate::transport::run::Outcome;
use crate::transport::shard::{Shard, read_shard, write_shard};

/// Writes a shard instead of maps.
///
/// # Errors
/// If writing fails.
pub(super) fn finish_shard(
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
        refused: Vec::new(),
        vois: Vec::new(),
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
    let context = Context::from_json(&whole.context)?;
    shard_fits::check(&whole, &context).map_err(|e| in_file(first, e))?;
    let compared = context.clone().without_paths();
    for path in others {
        let shard = read_shard(&shard_path(path))?;
        shard_fits::check(&shard, &context).map_err(|e| in_file(path, e))?;
        let same = (&shard.plan_sha256, &shard.payload) == (&whole.plan_sha256, &whole.payload)
            && Context::from_json(&shard.context)?.without_paths() == compared;
        if !same {
            return Err(Error::input(
                format!("{} is not of the same run as {}", path.display(), first.display()),
                "their inputs or settings differ",
                "Merge only shards of one command and version, run with --shard 1/n to n/n.",
            ));
        }
        shard_fits::check_beside(&whole.tally, &shard.tally).map_err(|e| in_file(path, e))?;
        whole.tally.merge(&shard.tally).map_err(|e| in_file(path, e))?;
    }
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
    outputs::write(folder, &context, &density, &material, &whole.tally, missing > 0, timing, None)
}

fn in_file(path: &Path, error: Error) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

/// A shard is named by its folder or its file.
fn shard_path(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(SHARD_FILE) } else { path.to_path_buf() }
}
