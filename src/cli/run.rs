//! `voxgray run`: the stages of studies, each where what it depends on has changed.

mod left;
mod shards;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::console::{self, Kept};
use super::interrupt;
use super::progress::print;
use super::study_commands::{GivenNuclides, accepted, commands, parsed, words};
use super::study_left::about;
use super::study_seen::seen;
use super::values::{parse_shard, parse_threads};
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::EXIT_CODE as INTERRUPTED;
use crate::io::atomic::write_atomically;
use crate::io::folder::{Mark, MarkedFolder};
use crate::io::sha256_file;
use crate::job::Shard;
use crate::study::place::files_of;
use crate::study::{Done, Keys, Output, Record, Stage, Study};

const AFTER: &str = "\
STUDY is a TOML file: voxgray help-file study. The output folder, STUDY-out beside it unless the
file or -o says otherwise, gets
  series.toml        the time points, as voxgray dose reads them
  dose/ dvh/ bed/    what these commands write; with several cycles or files of VOIs numbered
  limit.json dicom/  where they are asked for
  method_NAME/       doses by other methods, and compare/, where [compare] asks for them
  stages.json        each stage: command, key, hashes of its inputs, what it said, time

A stage is run where its key differs from the one that it was run with: build of the program,
its part of the study, contents of its inputs, keys of the stages before it. What a run that was
interrupted or killed had finished is kept; dose goes on from its last checkpoint. The same
command goes on. voxgray check says what would be run.

Exit codes: as those of the commands; 3 where a VOI's curve or histogram was refused, 130 after
Ctrl-C.

Examples:
  voxgray run study.toml
  voxgray run patients/*/study.toml
  voxgray run study.toml --shard 1/3      (and 2/3, 3/3: here or on other machines, then)
  voxgray run study.toml --merge 3";

/// A study that was kept as it is tells nothing of how long others take, s.
const WORTH_TELLING_S: f64 = 1.0;
/// A curve or a VOI was refused: there is a result, which says so.
const REFUSED: u8 = 3;

/// Writes a stage's file where it is not there as it would be written: others may be reading it.
fn write_file(study: &Study, stage: &Stage) -> Result<()> {
    let Some((name, text)) = study.file_of(stage)? else { return Ok(()) };
    let path = study.out.join(name);
    if path.is_file() && crate::files::text(&path)? == text {
        return Ok(());
    }
    write_atomically(&path, |w| w.write_all(text.as_bytes()))
}

/// Options of `voxgray run`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct RunArguments {
    /// Study files, run one after the other.
    #[arg(required = true, value_name = "STUDY")]
    studies: Vec<PathBuf>,
    /// Output folder, of one study [default: what the study says, else STUDY-out beside it].
    #[arg(short, long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Run every stage anew.
    #[arg(long)]
    anew: bool,
    /// Threads of the stages that run histories; goes before what the study says, and changes no bit.
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Run part I of N of the dose of each cycle, and no other stage. Parts may be run at the same time, also on several machines that share the folder;
    /// they are kept in OUT/shards until they are merged.
    #[arg(long, value_name = "I/N", value_parser = parse_shard, conflicts_with = "merge")]
    shard: Option<Shard>,
    /// Take each dose from its N shards, made by --shard 1/N to N/N, and run the other stages: the bits are those of one run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    merge: Option<u32>,
}

fn all_refused() -> Error {
    Error::input("nothing was written", "all VOIs were refused", "Their refusals say what to do.")
}

/// How a stage ended.
enum End {
    /// It holds from an earlier run.
    Kept,
    /// It was run; its exit code.
    Ran(u8),
    Failed(Error),
    /// A stage before it failed.
    LeftOut,
}

/// Runs studies.
///
/// # Errors
/// If a study file is refused or its output folder cannot be written to. What a stage says is told, and is the exit code.
pub fn run(a: &RunArguments, nuclides: &GivenNuclides) -> Result<ExitCode> {
    if a.out.is_some() && a.studies.len() > 1 {
        return Err(Error::usage(
            format!("-o with {} studies", a.studies.len()),
            "each has an output folder of its own",
            "Leave -o out, or write out = \"...\" into the studies.",
        ));
    }
    interrupt::listen(false)?;
    let (mut worst, of) = (0, a.studies.len());
    // Of those that had something to run.
    let mut took = Vec::new();
    for (n, path) in a.studies.iter().enumerate() {
        if of > 1 {
            let left = left_of(&took, of - n);
            console::say(&format!("study {} of {of}: {}{left}", n + 1, path.display()));
        }
        let began = Instant::now();
        let code = match one(path, a, nuclides) {
            Ok(code) => code,
            Err(error) if a.studies.len() > 1 && error.kind != ErrorKind::Interrupted => {
                console::complain(&error);
                error.exit_code()
            }
            Err(error) => return Err(error),
        };
        if code == INTERRUPTED {
            return Ok(ExitCode::from(code));
        }
        worst = if worst == 0 { code } else { worst };
        let seconds = began.elapsed().as_secs_f64();
        took.extend((seconds >= WORTH_TELLING_S).then_some(seconds));
    }
    Ok(ExitCode::from(worst))
}

/// What is left of several studies, where some of them have told how long one takes.
fn left_of(took: &[f64], studies: usize) -> String {
    if took.is_empty() {
        return String::new();
    }
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    format!(" ({} to the end of all, as those before)", about(mean * studies as f64))
}

fn one(path: &Path, a: &RunArguments, nuclides: &GivenNuclides) -> Result<u8> {
    let mut study = Study::read(path, a.out.as_deref())?;
    nuclides.go_before(&mut study);
    let commands = commands();
    let mut stages = study.stages(&commands)?;
    study.out_is_apart(&stages)?;
    if let Some(threads) = a.threads {
        stages.iter_mut().filter(|s| s.is_dose()).for_each(|s| s.set_threads(threads));
    }
    // Refused before the first one is run.
    stages.iter().try_for_each(|stage| accepted(&study, stage))?;
    study.out_is_free(&stages)?;
    // A merge reads no image: its shards have.
    let mut runner = Runner::new(&study, &study.out, a.anew);
    if a.merge.is_none() && runner.reads_images(&stages) {
        let seen = seen(&study, &commands, &stages)?;
        seen.told.iter().for_each(|text| console::say(&format!("warning: {text}")));
    }
    if let Some(shard) = a.shard {
        return shards::run(&study, &stages, shard, a.anew);
    }
    let marked = MarkedFolder::open(&study.out, true, &files_of(&stages))?;
    // What others have done until now.
    runner.record = Record::read(&study.out);
    runner.record.claim(&study.out, &study.path)?;
    runner.merge = a.merge;
    if let Some(of) = a.merge {
        shards::check(&mut runner, &stages, of)?;
    }
    let (table, worst) = runner.all(&stages)?;
    if let Some(of) = a.merge {
        shards::remove(&runner, &stages, of)?;
    }
    marked.finish()?;
    print(&table)?;
    Ok(worst)
}

struct Runner<'a> {
    record: Record,
    /// The folder of the record.
    place: &'a Path,
    keys: Keys,
    study: &'a Study,
    anew: bool,
    /// Doses are taken from so many shards.
    merge: Option<u32>,
    /// Stages that were run here: what hangs on them is run too, as their outputs were made anew.
    rerun: Vec<String>,
    /// All of them, in their order.
    stages: Vec<Stage>,
}

impl<'a> Runner<'a> {
    fn new(study: &'a Study, place: &'a Path, anew: bool) -> Self {
        let (record, keys) = (Record::read(place), Keys::of_study(study));
        Runner {
            record,
            place,
            keys,
            study,
            anew,
            merge: None,
            rerun: Vec::new(),
            stages: Vec::new(),
        }
    }

    /// Whether a stage is to be run that reads images or VOIs.
    fn reads_images(&mut self, stages: &[Stage]) -> bool {
        let beside = |s: &&Stage| ["fit", "uncertainty", "dicom", "report"].contains(&s.kind());
        let out = &self.study.out;
        self.anew
            || stages.iter().any(|stage| {
                // What cannot be read is told by who looks.
                let key = self.keys.of(stage).unwrap_or_default();
                let done = self.record.get(&stage.name);
                !done.is_some_and(|d| d.holds(&key, &stage.output, out)) && !beside(&stage)
            })
    }

    /// Runs stages; gives a table of how they ended, and the exit code.
    fn all(&mut self, stages: &[Stage]) -> Result<(String, u8)> {
        self.stages = stages.to_vec();
        if self.place == self.study.out {
            self.tell_left_over();
        }
        self.record.retain(&stages.iter().map(|s| s.name.clone()).collect::<Vec<_>>());
        let began = Instant::now();
        let (mut table, mut worst, mut failed) = (String::new(), 0, Vec::new());
        for (n, stage) in stages.iter().enumerate() {
            let stage = &stage.without_made(&failed);
            if crate::interrupt::requested() {
                worst = INTERRUPTED;
                break;
            }
            let end = match failed.iter().any(|f| stage.after.contains(f)) {
                true => End::LeftOut,
                false => self.stage(n, stage)?,
            };
            let exit = || self.record.get(&stage.name).and_then(|d| d.exit).unwrap_or(0);
            let (word, code) = match &end {
                End::Kept => ("kept", exit()),
                End::Ran(0) => ("done", 0),
                End::Ran(REFUSED) => ("refused_in_part", REFUSED),
                End::Ran(code) => ("interrupted", *code),
                End::Failed(error) => ("failed", error.exit_code()),
                End::LeftOut => ("left_out", 0),
            };
            if matches!(end, End::Failed(_) | End::LeftOut) {
                failed.push(stage.name.clone());
                self.tell_older(stage);
            }
            let place = self.study.out.join(stage.output.name());
            let _ = writeln!(table, "stage\t{}\t{word}\t{}", stage.name, place.display());
            if code == INTERRUPTED {
                worst = code;
                break;
            }
            worst = if worst == 0 { code } else { worst };
        }
        let path = self.study.path.display();
        if worst == INTERRUPTED {
            console::say(&format!("interrupted: voxgray run {path} goes on with what is finished"));
        } else {
            console::say(&format!("{path}: {:.0} s in all", began.elapsed().as_secs_f64()));
        }
        Ok((table, worst))
    }

    /// Runs a stage, unless it holds.
    fn stage(&mut self, n: usize, stage: &Stage) -> Result<End> {
        let out = &self.study.out;
        let key = self.keys.of(stage)?;
        let before = self.record.get(&stage.name).cloned();
        let fresh = stage.after.iter().any(|s| self.rerun.contains(s));
        let holds = before.as_ref().is_some_and(|d| d.holds(&key, &stage.output, out));
        let place = format!("stage {} of {}: {}", n + 1, self.stages.len(), stage.name);
        // Also where the stage is kept: its command reads the file.
        write_file(self.study, stage)?;
        if holds && !self.anew && !fresh {
            console::say(&format!("{place}: kept, nothing that it depends on has changed"));
            return Ok(End::Kept);
        }
        // Only a run of the same key has left anything to go on with.
        let same = before.as_ref().is_some_and(|d| d.key == key);
        // What had ended, and is not kept, has lost a part of its output.
        let ended = before.as_ref().is_some_and(|d| d.exit.is_some());
        let go_on = same && !self.anew && !ended;
        let mut more = stage.when_run.clone();
        more.retain(|w| w != "--resume" || go_on);
        if let Some(of) = self.merge.filter(|_| stage.shared) {
            more = shards::words(out, stage, of);
        }
        let mut done = Done {
            stage: stage.name.clone(),
            key,
            exit: None,
            error: None,
            sha256: None,
            seconds: None,
            command: self.clean(stage, &stage.shown(out)),
            inputs: self.inputs(stage)?,
            said: Vec::new(),
        };
        self.record.enter(done.clone(), self.place)?;
        self.rerun.push(stage.name.clone());
        let left = left::text(&self.record, &self.stages, n, before.as_ref(), out);
        console::say(&format!("{place}{left}"));
        let arguments = parsed(self.study, stage, out, &more)?;
        let _watched = left::watch(&self.record, &self.stages, n, &arguments);
        let place = out.join(stage.output.name());
        let written = || Mark::written(&place);
        let (began, older) = (Instant::now(), written());
        let words = words(self.study, stage);
        let (ended, kept) = console::keeping(Some(words), || super::run(arguments));
        let Kept { said, printed } = kept;
        done.said = said.iter().map(|line| self.clean(stage, line)).collect();
        done.seconds = Some((began.elapsed().as_secs_f64() * 10.0).round() / 10.0);
        let end = match ended {
            Err(error) if error.kind == ErrorKind::Interrupted => End::Ran(INTERRUPTED),
            Err(error) => End::Failed(self.study.located(&commands(), stage, error)),
            Ok(code) if code == ExitCode::SUCCESS => End::Ran(0),
            Ok(code) if code == ExitCode::from(REFUSED) => {
                // What lies there may be of an earlier run.
                let nothing = matches!(stage.output, Output::Folder(_)) && written() == older;
                if nothing { End::Failed(all_refused()) } else { End::Ran(REFUSED) }
            }
            Ok(_) => End::Ran(INTERRUPTED),
        };
        match &end {
            End::Ran(INTERRUPTED) => {}
            End::Ran(code) => {
                let path = out.join(stage.output.name());
                if let Output::Printed(_) = stage.output {
                    write_atomically(&path, |w| w.write_all(printed.as_bytes()))?;
                }
                if !matches!(stage.output, Output::Folder(_)) {
                    done.sha256 = Some(sha256_file(&path)?);
                }
                done.exit = Some(*code);
            }
            End::Failed(error) => {
                console::say(&format!("error: {}: {error}", stage.name));
                done.exit = Some(error.exit_code());
                done.error = Some(self.clean(stage, &error.to_string()));
            }
            _ => {}
        }
        self.record.enter(done, self.place)?;
        Ok(end)
    }

    /// Says which folders are of stages that the study no longer has: their results are of an older dose, or of no longer asked-for methods.
    fn tell_left_over(&self) {
        let of_stages: Vec<&str> = self.stages.iter().map(|s| s.output.name()).collect();
        let Ok(entries) = std::fs::read_dir(&self.study.out) else { return };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let own = entry.is_dir() && matches!(Mark::read(&entry), Ok(Some(_)));
            if own && !name.starts_with('.') && !of_stages.contains(&name.as_str()) {
                console::say(&format!(
                    "warning: {} is of a stage that the study no longer has, and not of this run: move it away or delete it",
                    entry.display()
                ));
            }
        }
    }

    /// Says that what lies in the place of a stage that failed is not of this run.
    fn tell_older(&self, stage: &Stage) {
        let place = self.study.out.join(stage.output.name());
        if place.exists() {
            console::say(&format!(
                "warning: {} is of an earlier run, not of this one",
                place.display()
            ));
        }
    }

    fn inputs(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let paths: Vec<PathBuf> = stage.inputs().map(Path::to_path_buf).collect();
        paths.iter().map(|p| self.keys.content(p)).collect()
    }

    /// A line without the names of folders, which may be those of patients.
    fn clean(&self, stage: &Stage, line: &str) -> String {
        if line.contains("PatientID") {
            return "(a line with PatientIDs, left out)".into();
        }
        let mut paths: Vec<PathBuf> = stage.inputs().map(Path::to_path_buf).collect();
        paths.push(self.study.path.clone());
        paths.sort_by_key(|p| std::cmp::Reverse(p.as_os_str().len()));
        let mut line = line.to_owned();
        for path in &paths {
            let name = match path.is_dir() {
                true => "(folder)".into(),
                false => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            };
            for whole in [path.clone(), path.canonicalize().unwrap_or_else(|_| path.clone())] {
                line = line.replace(&*whole.to_string_lossy(), &name);
            }
        }
        let out = self.study.out.to_string_lossy();
        line.replace(&format!("{out}/"), "").replace(&*out, "(output)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_from_what_others_took() {
        assert_eq!(left_of(&[], 9), "");
        assert_eq!(left_of(&[10.0, 20.0], 8), " (about 2 min to the end of all, as those before)");
    }
}
