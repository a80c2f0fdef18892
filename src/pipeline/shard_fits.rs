//! Whether a shard's sums are those of the run that its context describes: a header that lies is told before anything is indexed by it. Whether
//! the sums agree with each other is seen when they are read, whether they fit together when they are merged (`transport/tally_check.rs`).

use super::context::Context;
use crate::error::{Error, Result};
use crate::transport::shard::Shard;

/// Refuses a shard whose parts do not fit each other.
///
/// # Errors
/// With what does not fit.
pub(super) fn check(shard: &Shard, context: &Context) -> Result<()> {
    let refuse = |problem: String, why: String| {
        Err(Error::input(problem, why, "Make it again with voxgray dose --shard."))
    };
    let (tally, voxels) = (&shard.tally, context.cells()?);
    if tally.voxels != voxels {
        return refuse(
            format!("its sums are those of {} voxels", tally.voxels),
            format!("its grid has {voxels} with the parts of those that are scored finer"),
        );
    }
    if let Some(times) = tally.by_time()
        && !context.is_of_series()
    {
        return refuse(
            format!("it holds {} time points", times.len()),
            "its run is that of one image".into(),
        );
    }
    // Those of each time, where it has several.
    let regions = (context.parts.count() + 1 + context.fine.map_or(0, |fine| fine.places))
        * tally.score().channels.groups();
    if let Some(batch) = tally.regions.iter().find(|r| r.units.len() != regions) {
        return refuse(
            format!("batch {} has sums of {} regions", batch.batch + 1, batch.units.len()),
            match context.parts.overlaps().len() {
                0 => format!("the run has {} VOIs", context.vois.len()),
                n => format!("the run has {} VOIs with {n} overlaps", context.vois.len()),
            },
        );
    }
    if let Some(batch) = tally.regions.iter().find(|r| r.batch >= context.batches) {
        return refuse(
            format!("it holds batch number {}", u64::from(batch.batch) + 1),
            format!("the run has {}", context.batches),
        );
    }
    if tally.regions.is_empty() {
        return refuse("it holds no batch".into(), "there is nothing to merge".into());
    }
    match context.is_of_series() {
        // The run that takes it has the maps itself.
        true if shard.payload.is_empty() => Ok(()),
        true => refuse("it holds maps".into(), "those of a series of time points have none".into()),
        false => context.maps_from_bytes(&shard.payload).map(|_| ()),
    }
}
