//! A study's doses in shards: each a part of the histories, run by a process of its own, here or on another machine that sees the folder; then all of
//! them taken for the dose, to the bits of one run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Runner, write_file};
use crate::cli::progress::print;
use crate::error::{Error, Result};
use crate::io::folder::{Mark, MarkedFolder, remove_output};
use crate::job::Shard;
use crate::study::place::files_of;
use crate::study::record::RECORD;
use crate::study::{Output, Record, Stage, Study, Word};

/// In the output folder.
const SHARDS: &str = "shards";
/// For others who begin at the same moment and hold the output folder for some milliseconds.
const WAIT: Duration = Duration::from_secs(30);

/// The folder of a shard, as seen from the output folder.
fn folder(number: u32, of: u32) -> String {
    format!("{SHARDS}/{number}-of-{of}")
}

/// What a stage becomes of which one shard is run.
fn part_of(stage: &Stage, shard: Shard) -> Stage {
    let mut part = stage.clone();
    // Drawn when all is there.
    part.words.retain(|w| *w != Word::Text("--picture".into()));
    part.words.push(Word::Text(format!("--shard={}/{}", shard.number, shard.of)));
    part.output = Output::Folder(format!("{}/{}", folder(shard.number, shard.of), stage.name));
    part
}

/// Runs a shard of each dose that is not whole already.
///
/// # Errors
/// If the output folder cannot be written to, or an input cannot be read. What a run of histories says is told, and is the exit code.
pub(super) fn run(study: &Study, stages: &[Stage], shard: Shard, anew: bool) -> Result<u8> {
    begin(study, stages)?;
    let place = study.out.join(folder(shard.number, shard.of));
    let whole = Record::read(&study.out);
    let mut runner = Runner::new(study, &place, anew);
    let mut parts = Vec::new();
    for stage in stages.iter().filter(|s| s.shared) {
        let key = runner.keys.of(stage)?;
        let done = whole.get(&stage.name);
        if !anew && done.is_some_and(|d| d.holds(&key, &stage.output, &study.out)) {
            crate::cli::console::say(&format!("{}: is whole, no shard is needed", stage.name));
            continue;
        }
        parts.push(part_of(stage, shard));
    }
    if parts.is_empty() {
        return Ok(0);
    }
    let marked = MarkedFolder::open(&place, true, &[RECORD.into()])?;
    runner.record = Record::read(&place);
    let (table, worst) = runner.all(&parts)?;
    marked.finish()?;
    print(&table)?;
    Ok(worst)
}

/// Takes the output folder for a moment, for what all shards share: whichever comes first writes it.
fn begin(study: &Study, stages: &[Stage]) -> Result<()> {
    let marked = MarkedFolder::open_within(&study.out, true, &files_of(stages), WAIT)?;
    Record::read(&study.out).begin(&study.out)?;
    stages.iter().try_for_each(|stage| write_file(study, stage))?;
    marked.finish()
}

/// Words with which a dose is taken from its shards.
pub(super) fn words(out: &Path, stage: &Stage, of: u32) -> Vec<String> {
    let shards = places(out, stage, of).map(|p| p.display().to_string());
    ["--overwrite".into(), "--from-shards".into()].into_iter().chain(shards).collect()
}

fn places<'a>(out: &'a Path, stage: &'a Stage, of: u32) -> impl Iterator<Item = PathBuf> + 'a {
    (1..=of).map(move |n| out.join(folder(n, of)).join(&stage.name))
}

/// Refuses to merge before all shards are there that are needed.
///
/// # Errors
/// If one is missing or is not whole.
pub(super) fn check(runner: &mut Runner, stages: &[Stage], of: u32) -> Result<()> {
    let out = &runner.study.out;
    let mut lacking = Vec::new();
    for stage in stages.iter().filter(|s| s.shared) {
        let key = runner.keys.of(stage)?;
        let done = runner.record.get(&stage.name);
        if !runner.anew && done.is_some_and(|d| d.holds(&key, &stage.output, out)) {
            continue;
        }
        for (n, place) in places(out, stage, of).enumerate() {
            let state = match place.is_dir().then(|| Mark::read(&place)).transpose()?.flatten() {
                Some(mark) if mark.whole => continue,
                Some(_) => "was interrupted",
                None => "is not there",
            };
            lacking.push(format!("shard {}/{of} of {} {state}", n + 1, stage.name));
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let path = runner.study.path.display();
    let first = lacking[0].split(' ').nth(1).unwrap_or_default().to_owned();
    Err(Error::input(
        lacking.join("; "),
        format!(
            "--merge {of} takes a dose from all of its {of} shards in {}",
            out.join(SHARDS).display()
        ),
        format!(
            "Run voxgray run {path} --shard {first} first; one that was stopped goes on with the same command."
        ),
    ))
}

/// Removes the shards of doses that are whole now. What is not ours stays.
///
/// # Errors
/// If one cannot be read or removed.
pub(super) fn remove(runner: &Runner, stages: &[Stage], of: u32) -> Result<()> {
    let out = &runner.study.out;
    let whole = |stage: &&Stage| {
        let done = runner.record.get(&stage.name);
        stage.shared && done.is_some_and(|d| d.exit.is_some() && d.error.is_none())
    };
    for stage in stages.iter().filter(whole) {
        for place in places(out, stage, of).filter(|p| p.is_dir()) {
            remove_output(&place)?;
        }
    }
    for place in (1..=of).map(|n| out.join(folder(n, of))) {
        let rest = |s: &&Stage| s.shared && place.join(&s.name).exists();
        if place.is_dir() && !stages.iter().any(|s| rest(&s)) {
            remove_output(&place)?;
        }
    }
    // Where others lie in it, it stays.
    let _ = std::fs::remove_dir(out.join(SHARDS));
    Ok(())
}
