//! The histories of a run from its shards: everything else is done as if they had been run here, so that the outputs are those of one run.

use super::checkpoint::{Identity, listed};
use super::folder::OutputFolder;
use super::histories::{RanBy, Stage};
use super::merge::{Joined, MergeRules, incomplete, join};
use super::{Observer, Prepared};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::transport::engine::Engine;
use crate::transport::run::Outcome;
use crate::transport::signature::Signature;
use crate::transport::tally::Tally;

/// The sums of the job's shards, and what ran them. What the machines that ran them were warned of is told
/// here too.
///
/// # Errors
/// If the shards are not those of this run, or not all of them.
pub(super) fn outcome(
    job: &Job,
    prepared: &Prepared,
    stage: &Stage,
    folder: &OutputFolder,
    observer: &dyn Observer,
) -> Result<(Outcome, RanBy)> {
    let Prepared { plan, settings, context, .. } = prepared;
    let found = join(&job.from_shards, &stage.shard_file(), MergeRules::default())?;
    let Joined { whole, warnings, engine, missing, .. } = found;
    let signature = Signature {
        // Whichever it was: nothing is run here.
        engine: whole.signature.engine.clone(),
        ..Signature::new(plan, settings, &Engine::Cpu)
    };
    let identity = Identity::new(job, signature, context, stage.route)?;
    let mut differences = identity.differences(&whole);
    let empty = Tally::of_plan(plan, settings.histories_per_batch);
    if differences.is_empty() && !whole.tally.same_shape(&empty) {
        differences.push("the shape of the sums".into());
    }
    if !differences.is_empty() {
        return Err(Error::input(
            format!("{} is a shard of another run", job.from_shards[0].display()),
            format!("they differ in {}", listed(&differences)),
            "Make the shards with the options and inputs of this run, or give those of the run that they are of.",
        ));
    }
    if let Some(text) = missing {
        return Err(incomplete(&text, ""));
    }
    folder.begin(stage.name, &identity.sha256())?;
    let own: Vec<String> = observer.warnings().iter().map(|w| context.withheld.clean(w)).collect();
    warnings.iter().filter(|w| !own.contains(w)).for_each(|w| observer.warn(w));
    observer.say(&format!(
        "{} histories from {} shards",
        whole.tally.histories(),
        job.from_shards.len()
    ));
    let (tally, seconds, notices) = (whole.tally, whole.seconds, Vec::new());
    Ok((Outcome { tally, interrupted: false, more: None, seconds, notices }, RanBy::Others(engine)))
}
