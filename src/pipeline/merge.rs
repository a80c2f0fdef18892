//! Parts of a run: written as tallies, joined, and merged to the outputs of the whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::checkpoint::{context_differences, listed};
use super::context::Context;
use super::folder::OutputFolder;
use super::heard::Heard;
use super::histories::{RanBy, Stage, check_energy};
use super::outputs::{self, Found};
use super::{Observer, Prepared, SHARD_FILE, Written, fine, memory, shard_fits};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::report::summary::{EngineResult, Timing};
use crate::transport::engine::Engine;
use crate::transport::run::Outcome;
use crate::transport::shard::{Shard, read_shard, write_shard};
use crate::transport::signature::{EngineMark, Signature};

/// Most shards that are looked through for missing ones.
const MOST_NAMED: u32 = 10_000;

/// Shards of one run, added up.
pub(super) struct Joined {
    /// The sums; its context is that of the first.
    pub whole: Shard,
    /// The context, read.
    pub context: Context,
    /// What the runs were warned of, each text as often as it was said.
    pub warnings: Vec<String>,
    /// What ran them.
    pub engine: EngineMark,
    /// Batches that the run has and the shards have not, in words.
    pub missing: Option<String>,
}

/// What a merge may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MergeRules {
    /// A result of fewer batches than the run has, marked as partial.
    pub allow_missing: bool,
    /// Shards of CPUs and GPUs.
    pub mix_engines: bool,
}

/// Writes the sums of a transport as a shard.
///
/// # Errors
/// If writing fails.
pub(super) fn write_part(
    folder: &OutputFolder,
    job: &Job,
    prepared: &Prepared,
    (stage, ran): (&Stage, &RanBy),
    outcome: Outcome,
) -> Result<String> {
    let Prepared { plan, settings, phantom, labels, context, .. } = prepared;
    let shard = Shard {
        signature: Signature { engine: ran.mark(), ..Signature::new(plan, settings, &Engine::Cpu) },
        part: job.shard.map_or([1, 1], |s| [s.number, s.of]),
        seconds: outcome.seconds,
        context: context.to_json()?,
        // A run of several time points is finished by one that reads them again.
        payload: match context.is_of_series() {
            true => Vec::new(),
            false => Context::maps_to_bytes(&phantom.density, &phantom.material, labels),
        },
        tally: outcome.tally,
    };
    let name = stage.shard_file();
    write_shard(&folder.path().join(&name), &shard)?;
    Ok(name)
}

/// What was written of a shard, in place of maps.
///
/// # Errors
/// If the folder cannot be given its name.
pub(super) fn finish_shard(
    folder: OutputFolder,
    files: Vec<String>,
    interrupted: bool,
) -> Result<Written> {
    let folder = folder.keep(!interrupted)?;
    let (refused, vois) = (Vec::new(), Vec::new());
    Ok(Written { folder, files, summary: None, interrupted, refused, vois })
}

/// `voxgray merge`: shards of one run to the outputs that it would have given in one piece.
///
/// # Errors
/// If a shard cannot be read, is of another run or program, of several time points, or given twice, one is missing and may not, or writing fails.
pub fn merge(
    out: &Path,
    shards: &[PathBuf],
    overwrite: bool,
    rules: MergeRules,
    observer: &dyn Observer,
) -> Result<Written> {
    let folder = OutputFolder::open(out, overwrite, false, observer)?;
    let heard = Heard::new(observer);
    let observer = &heard as &dyn Observer;
    let Joined { mut whole, mut context, mut warnings, engine, missing } =
        join(shards, SHARD_FILE, rules)?;
    if context.is_of_series() {
        return Err(Error::input(
            format!("{} is a shard of several time points", shards[0].display()),
            "what is integrated over time is not kept in a shard",
            "Give voxgray dose the options of that run again, with --from-shards and the shards in place of --shard.",
        ));
    }
    let (density, material, labels) = context.maps_from_bytes(&whole.payload)?;
    if let Some(text) = &missing {
        if !rules.allow_missing {
            return Err(incomplete(text, "or add --allow-missing for a partial result"));
        }
        observer.warn(&format!("{text}: the result is partial"));
    }
    check_energy(&whole.tally)?;
    super::hits::tell_missed(&whole.tally, observer)?;
    super::histories::tell_few_batches(whole.tally.batches(), observer);
    super::hits::tell(&context, &whole.tally, observer);
    warnings.extend(observer.warnings());
    let mut seen = BTreeSet::new();
    warnings.retain(|w| seen.insert(w.clone()));
    context.warnings = warnings;
    let timing = Timing {
        merged_shards: shards.len(),
        engine: Some(EngineResult::from(&engine)),
        peak_memory_bytes: memory::peak_resident(),
        ..Timing::default()
    };
    let maps = outputs::Matter { density: &density, material: &material, labels: &labels };
    let found = Found { parts: fine::take(&context, &mut whole.tally), ..Found::default() };
    outputs::write(folder, &context, &maps, &whole.tally, missing.is_some(), timing, found)
}

/// Reads shards and adds them up; `file` is the name of one in its folder.
///
/// # Errors
/// If there is none, one cannot be read, is of another run or program, or given twice.
pub(super) fn join(shards: &[PathBuf], file: &str, rules: MergeRules) -> Result<Joined> {
    let Some((first, others)) = shards.split_first() else {
        return Err(Error::usage(
            "no shard is given",
            "there is nothing to merge",
            "Name the shards.",
        ));
    };
    let mut whole = read_shard(&shard_path(first, file))?;
    let context = Context::from_json(&whole.context)?;
    shard_fits::check(&whole, &context).map_err(|e| in_file(first, e))?;
    let mut parts = vec![part_of(&whole)];
    let mut warnings = context.warnings.clone();
    let mut engine = whole.signature.engine.clone();
    for path in others {
        let shard = read_shard(&shard_path(path, file))?;
        check_same([first, path], &whole, &shard, rules)?;
        shard_fits::check(&shard, &context).map_err(|e| in_file(path, e))?;
        whole.tally.merge(&shard.tally).map_err(|e| in_file(path, e))?;
        whole.seconds += shard.seconds;
        join_engines(&mut engine, &shard.signature.engine);
        parts.push(part_of(&shard));
        warnings.extend(Context::from_json(&shard.context)?.warnings);
    }
    let missing = context.batches as usize - whole.tally.batches().min(context.batches as usize);
    let missing = (missing > 0).then(|| {
        let lacking = lacking(&parts, context.batches);
        format!("{missing} of {} batches are missing{lacking}", context.batches)
    });
    Ok(Joined { whole, context, warnings, engine, missing })
}

/// Takes the kind and the devices of another shard's engine as well, each once.
fn join_engines(engine: &mut EngineMark, other: &EngineMark) {
    let mut kinds: Vec<&str> = engine.kind.split(", ").chain([other.kind.as_str()]).collect();
    kinds.sort_unstable();
    kinds.dedup();
    engine.kind = kinds.join(", ");
    engine.devices.extend(other.devices.iter().cloned());
    engine.devices.sort();
    engine.devices.dedup();
}

/// The refusal of a run that would not be whole.
pub(super) fn incomplete(missing: &str, or: &str) -> Error {
    let or = if or.is_empty() { String::new() } else { format!(", {or}") };
    Error::input(
        missing,
        "the result would be of fewer histories than the run has",
        format!(
            "Give all shards (an interrupted one is completed by its command with --resume){or}."
        ),
    )
}

fn in_file(path: &Path, error: Error) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

/// Refuses a shard of another run or program, and says what differs.
fn check_same(paths: [&PathBuf; 2], whole: &Shard, shard: &Shard, rules: MergeRules) -> Result<()> {
    let [first, path] = paths.map(|p| p.display());
    let mut differences = whole.signature.differences(&shard.signature);
    differences.extend(context_differences(&whole.context, &shard.context));
    if differences.is_empty() && whole.payload != shard.payload {
        differences.push("the maps of density and material".into());
    }
    if !differences.is_empty() {
        return Err(Error::input(
            format!("{path} is not of the same run as {first}"),
            format!("they differ in {}", listed(&differences)),
            "Merge only shards of one command and one build of voxgray, run with --shard 1/n to n/n.",
        ));
    }
    match whole.signature.engines(&shard.signature) {
        Some(engines) if !rules.mix_engines => Err(Error::input(
            format!("{path} is not of the same engine as {first}"),
            format!("they differ in {engines}, whose bits agree on software devices only"),
            "Run all shards with one --engine, or join them with voxgray merge --mix-engines: the statistics hold for a mixture.",
        )),
        _ => Ok(()),
    }
}

/// Number and count of a shard, and the batches that it has.
fn part_of(shard: &Shard) -> ([u32; 2], usize) {
    (shard.part, shard.tally.batches())
}

/// Which shards are missing or were interrupted, as far as their numbers tell.
fn lacking(parts: &[([u32; 2], usize)], batches: u32) -> String {
    let of = parts[0].0[1];
    if of > MOST_NAMED || parts.iter().any(|p| p.0[1] != of) {
        return String::new();
    }
    let mut lacking = Vec::new();
    for number in 1..=of {
        let all = batches.saturating_sub(number - 1).div_ceil(of) as usize;
        match parts.iter().find(|p| p.0[0] == number) {
            None => lacking.push(format!("shard {number}/{of} is not given")),
            Some((_, there)) if *there < all => {
                lacking.push(format!("shard {number}/{of} has {there} of {all}"));
            }
            Some(_) => {}
        }
    }
    if lacking.is_empty() { String::new() } else { format!(": {}", listed(&lacking)) }
}

/// A shard is named by its folder or its file.
fn shard_path(path: &Path, file: &str) -> PathBuf {
    if path.is_dir() { path.join(file) } else { path.to_path_buf() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_of_a_mixture_are_named_once() {
        let mut cpu = EngineMark { kind: "cpu".into(), devices: Vec::new() };
        let gpu = EngineMark { kind: "gpu".into(), devices: vec!["X".into()] };
        join_engines(&mut cpu, &gpu);
        join_engines(&mut cpu, &gpu);
        assert_eq!((cpu.kind.as_str(), cpu.devices), ("cpu, gpu", gpu.devices));
    }

    #[test]
    fn missing_shards_are_named() {
        let parts = [([3, 3], 2), ([1, 3], 1)];
        assert_eq!(lacking(&parts, 7), ": shard 1/3 has 1 of 3; shard 2/3 is not given");
        assert_eq!(lacking(&[([1, 2], 4), ([2, 2], 3)], 7), "");
        assert_eq!(lacking(&[([1, 2], 4), ([2, 3], 3)], 7), "");
    }
}
