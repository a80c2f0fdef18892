//! Whether a shard's sums are those of the run that its context describes: a header that lies is told before anything is indexed by it.

use super::context::Context;
use crate::error::{Error, Result};
use crate::transport::ledger::Ledger;
use crate::transport::shard::Shard;
use crate::transport::tally::Tally;

/// Refuses a shard whose parts do not fit each other.
///
/// # Errors
/// With what does not fit.
pub(super) fn check(shard: &Shard, context: &Context) -> Result<()> {
    let refuse = |problem: String, why: String| {
        Err(Error::input(problem, why, "Make it again with voxgray dose --shard."))
    };
    let (tally, voxels) = (&shard.tally, context.grid.grid().checked()?.len());
    if tally.voxels != voxels {
        return refuse(
            format!("its sums are those of {} voxels", tally.voxels),
            format!("its grid has {voxels}"),
        );
    }
    if !tally.times.is_empty() {
        return refuse(
            format!("it holds {} time points", tally.times.len()),
            "shards of one dose map are merged".into(),
        );
    }
    let regions = context.vois.len() + 1;
    if let Some(batch) = tally.regions.iter().find(|r| r.units.len() != regions) {
        return refuse(
            format!("batch {} has sums of {} regions", batch.batch + 1, batch.units.len()),
            format!("the run has {} VOIs", context.vois.len()),
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
    if let Some(why) = sums_contradict(tally) {
        return refuse("its sums contradict each other".into(), why);
    }
    context.maps_from_bytes(&shard.payload).map(|_| ())
}

/// Why sums are none of one run: voxels and regions count the same energy, and what is summed over batches is at most its square. With
/// both, no sum of a voxel can overflow.
fn sums_contradict(tally: &Tally) -> Option<String> {
    let in_voxels: u128 = tally.sums.iter().flatten().map(|u| u128::from(*u)).sum();
    let in_regions: u128 =
        tally.regions.iter().flat_map(|r| &r.units).map(|u| u128::from(*u)).sum();
    if in_voxels != in_regions || u64::try_from(in_voxels).is_err() {
        return Some(format!("{in_voxels} units in voxels, {in_regions} in regions"));
    }
    let l = &tally.ledger;
    let out =
        l.imparted_units.checked_add(l.escaped_units).and_then(|u| u.checked_add(l.cut_units));
    if out.is_none() {
        return Some("its books overflow".into());
    }
    let too_large = (0..tally.voxels).find(|v| {
        let whole: u64 = tally.sums.iter().filter_map(|s| s.get(*v)).sum();
        tally.squares[*v] > u128::from(whole) * u128::from(whole)
    });
    too_large.map(|v| format!("voxel {v} has larger squares than its sum allows"))
}

/// Refuses two shards whose sums are more together than a number holds.
///
/// # Errors
/// If so.
pub(super) fn check_beside(whole: &Tally, other: &Tally) -> Result<()> {
    let books = |l: &Ledger| {
        [
            l.histories,
            l.primaries,
            l.emitted_units,
            l.imparted_units,
            l.escaped_units,
            l.cut_units,
            l.lepton_segments,
            l.photon_collisions,
            l.segment_caps,
            l.stack_overflows,
            l.rejection_caps,
            l.majorant_excesses,
        ]
    };
    let in_voxels =
        |t: &Tally| t.sums.iter().flatten().fold(0_u64, |sum, u| sum.saturating_add(*u));
    let pairs = books(&whole.ledger).into_iter().zip(books(&other.ledger));
    let overflow = pairs
        .chain([(in_voxels(whole), in_voxels(other))])
        .any(|(a, b)| a.checked_add(b).is_none());
    if overflow {
        return Err(Error::input(
            "its sums and those before it are more than a number holds",
            "2^64 units are the most",
            "Check that it is a shard of this run.",
        ));
    }
    Ok(())
}
