//! The output folder of a run. Everything is written to a hidden folder beside it, which is renamed at the end: the output is whole or not
//! there. A lock keeps two runs apart from their start on. What a killed run leaves is named, never in the way, and may be removed; what it
//! had finished is kept there for `--resume`.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Observer, SHARD_FILE};
use crate::error::{Error, ErrorKind, Result};
use crate::io::atomic::sync_folder;
use crate::io::folder::{Contents, FolderLock, MARK, Mark, MarkedFile, remove_half_written};
use crate::job::Job;

/// Begins the names of checkpoints.
const CHECKPOINT: &str = "checkpoint";
/// Ends the names of checkpoints and shards.
const ENDING: &str = ".voxgray";
/// What says that a folder holds a result.
const SUMMARY: &str = "summary.json";
/// Endings of what a run writes to its hidden folder, also under the names that are not yet final.
const OURS: [&str; 6] = [".nii.gz", ".png", ".csv", ".json", ".voxgray", ".partial"];
/// Most names in a message.
const NAMED: usize = 3;

/// A folder beside its place until it is kept.
pub struct OutputFolder<'a> {
    temporary: PathBuf,
    target: PathBuf,
    /// Of an older output that is to be replaced.
    old: Option<Mark>,
    resume: bool,
    overwrite: bool,
    /// The run goes on from what the old output holds.
    from_old: std::cell::Cell<bool>,
    /// What has been made by which run.
    runs: std::cell::RefCell<std::collections::BTreeMap<String, String>>,
    kept: bool,
    observer: &'a dyn Observer,
    _lock: FolderLock,
}

impl<'a> OutputFolder<'a> {
    /// Takes the place of a job's output, so that a place that cannot be written to is refused before the run.
    ///
    /// # Errors
    /// As [`OutputFolder::open`].
    pub fn of(job: &Job, observer: &'a dyn Observer) -> Result<Self> {
        OutputFolder::open(&job.out, job.overwrite, job.keeping.resume, observer)
    }

    /// Takes a place.
    ///
    /// # Errors
    /// If another process writes to it, it holds what may not be replaced, or cannot be made.
    pub fn open(
        target: &Path,
        overwrite: bool,
        resume: bool,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let Some(name) = target.file_name() else {
            older_output(target, overwrite, false)?;
            return Err(Error::usage(
                format!("cannot write the folder {}", target.display()),
                "it has no name",
                "Name a new folder.",
            ));
        };
        // Refused before anything is made.
        check_kind(target)?;
        if let Some(parent) = target.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, &e))?;
        }
        let lock = FolderLock::take(target).map_err(|mut e| {
            if !e.problem.starts_with("cannot write to") {
                e.problem = format!("cannot create the output folder {}", target.display());
            }
            e
        })?;
        if !lock.holds() {
            observer
                .say("this file system knows no locks: do not write to one folder twice at once");
        }
        let hidden = |ending: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(ending);
            target.with_file_name(hidden)
        };
        put_back(&hidden(".old"), target, observer)?;
        if let Some(mark) = Mark::read(target)? {
            let names: Vec<String> = mark.files.into_iter().map(|f| f.name).collect();
            remove_half_written(target, &names);
        }
        let old = older_output(target, overwrite, resume)?;
        let temporary = hidden(".partial");
        settle_stale(&temporary, resume, observer)?;
        name_stale(target, &temporary, observer);
        make(&temporary, target)?;
        Ok(OutputFolder {
            temporary,
            target: target.to_path_buf(),
            old,
            resume,
            overwrite,
            from_old: false.into(),
            runs: Default::default(),
            kept: false,
            observer,
            _lock: lock,
        })
    }

    /// Where to write until [`OutputFolder::keep`].
    pub fn path(&self) -> &Path {
        // Someone may have tidied up while the run went on: the result must not be lost for that.
        if !self.temporary.is_dir() {
            let _ = make(&self.temporary, &self.target);
        }
        &self.temporary
    }

    /// The place of the result.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the checkpoint of a transport is kept.
    pub fn checkpoint(&self, stage: &str) -> PathBuf {
        self.path().join(checkpoint_name(stage))
    }

    /// The checkpoint to go on from, if that is asked for and there is one.
    pub fn to_resume(&self, stage: &str) -> Option<PathBuf> {
        if !self.resume {
            return None;
        }
        // A killed run's own is newer than that of the partial output it went on from.
        let own = self.temporary.join(checkpoint_name(stage));
        if own.is_file() {
            return Some(own);
        }
        let name = checkpoint_name(stage);
        let listed = self.old.as_ref().is_some_and(|m| m.lists(&name));
        let of_old = self.target.join(name);
        (listed && of_old.is_file()).then_some(of_old)
    }

    /// Enters what made the result. Gives the files of the output where it holds this run's whole result already.
    ///
    /// # Errors
    /// If `--resume` is given and the output is the whole result of another run that may not be overwritten.
    pub fn begin(&self, stage: &str, identity: &str) -> Result<Option<Vec<String>>> {
        self.runs.borrow_mut().insert(stage.into(), identity.into());
        let Some(old) = self.old.as_ref().filter(|_| self.resume) else { return Ok(None) };
        let same = old.runs.get(stage).is_some_and(|i| i == identity);
        if !old.whole {
            self.from_old.set(self.from_old.get() || same);
            return Ok(None);
        }
        if !checkpoints(&self.temporary)?.is_empty() && (self.overwrite || !same) {
            if self.overwrite {
                return Ok(None);
            }
            return refuse(
                &self.target,
                "it holds the whole result of another run, which the run to go on with was to replace",
                "Add --overwrite.",
            );
        }
        let found = Mark::contents(Some(old), &self.target)?;
        let there =
            |f: &MarkedFile| found.ours.contains(&f.name) || found.changed.contains(&f.name);
        if same && let Some(gone) = old.files.iter().find(|f| !there(f)) {
            self.observer.say(&format!(
                "{} of the result in {} is gone: it is made again",
                gone.name,
                self.target.display()
            ));
            return Ok(None);
        }
        if same {
            // A run that was killed after its result had its name may have left its checkpoints there.
            let mut mark = old.clone();
            drop_checkpoints(&mut mark, &self.target)?;
            return Ok(Some(mark.files.into_iter().map(|f| f.name).collect()));
        }
        if self.overwrite {
            return Ok(None);
        }
        Err(Error::input(
            format!("--resume with {}", self.target.display()),
            "it holds the whole result of another run: program, inputs or options differ",
            "Name the folder of the run to go on with, or a new one; --overwrite replaces the result.",
        ))
    }

    /// Gives the folder its name: its own, or in place of an older output the other. A part of a result does not replace an older output, but
    /// for the one that it went on from: it stays in the hidden folder, which is named.
    ///
    /// # Errors
    /// If renaming fails; the older output is then as it was, or is named.
    pub fn keep(mut self, whole: bool) -> Result<PathBuf> {
        let names = files_in(&self.temporary)?;
        let mut mark = Mark::of(&self.temporary, &names, whole)?;
        mark.runs = self.runs.borrow().clone();
        mark.write(&self.temporary)?;
        if !whole && self.old.is_some() && !self.from_old.get() {
            self.kept = true;
            self.observer.warn(&format!(
                "{} holds an older output, which stays; the part that was run is in {}",
                self.target.display(),
                self.temporary.display()
            ));
            return Ok(self.temporary.clone());
        }
        // From here on nothing that fails may take the result with it.
        self.kept = true;
        let place = self.place(&names).map_err(|mut e| {
            if self.temporary.is_dir() {
                e.suggestion = format!("The result is kept in {}.", self.temporary.display());
            }
            e
        })?;
        sync_folder(&place)?;
        if whole {
            drop_checkpoints(&mut mark, &place)?;
        }
        Ok(place)
    }

    fn place(&self, names: &[String]) -> Result<PathBuf> {
        let error = |e: &std::io::Error| Error::io("rename the output folder to", &self.target, e);
        let rename = || fs::rename(&self.temporary, &self.target);
        if fs::symlink_metadata(&self.target).is_err() {
            rename().map_err(|e| error(&e))?;
            return Ok(self.target.clone());
        }
        let there = Mark::contents(self.old.as_ref(), &self.target)?;
        let others: Vec<&String> = there.foreign.iter().chain(&there.changed).collect();
        if self.old.is_none() && others.is_empty() {
            // It is empty; not every system renames onto a folder.
            fs::remove_dir(&self.target).and_then(|()| rename()).map_err(|e| error(&e))?;
            return Ok(self.target.clone());
        }
        if self.old.is_none() || names.iter().any(|n| others.contains(&n)) {
            return self.elsewhere();
        }
        let free = !self.temporary.with_extension("old").exists();
        if free && others.is_empty() { self.exchange(&there) } else { self.replace(&there, names) }
    }

    /// Someone has put a file into the way while the run went on: nothing of it is touched, and nothing of the result is lost.
    fn elsewhere(&self) -> Result<PathBuf> {
        let name = self.target.file_name().unwrap_or_default();
        for n in 2..1000 {
            let mut other = name.to_os_string();
            other.push(format!("-{n}"));
            let place = self.target.with_file_name(other);
            if fs::symlink_metadata(&place).is_err() && fs::rename(&self.temporary, &place).is_ok()
            {
                self.observer.warn(&format!(
                    "{} holds files that voxgray did not write, which were not there at the start: the result is in {}",
                    self.target.display(),
                    place.display()
                ));
                return Ok(place);
            }
        }
        Err(Error::io(
            "rename the output folder to",
            &self.target,
            &std::io::Error::from(std::io::ErrorKind::AlreadyExists),
        ))
    }

    /// The old folder, which holds nothing but ours, for the new one.
    fn exchange(&self, there: &Contents) -> Result<PathBuf> {
        let error = |e: &std::io::Error| Error::io("rename the output folder to", &self.target, e);
        let old = self.temporary.with_extension("old");
        fs::rename(&self.target, &old).map_err(|e| error(&e))?;
        if let Err(cause) = fs::rename(&self.temporary, &self.target) {
            let mut error = error(&cause);
            if fs::rename(&old, &self.target).is_err() {
                error.why = format!("{}; the older output is now {}", error.why, old.display());
            }
            return Err(error);
        }
        remove(&old, &there.ours)?;
        Ok(self.target.clone())
    }

    /// File by file, beside what others keep in the folder. On the way it holds the old files, then fewer of them, then new ones: never some
    /// of both, no summary, and a mark that says so.
    fn replace(&self, there: &Contents, names: &[String]) -> Result<PathBuf> {
        let all: Vec<String> = there.ours.iter().chain(names).cloned().collect();
        Mark::begun(&all, false).write(&self.target)?;
        let (first, rest): (Vec<_>, Vec<_>) =
            there.ours.iter().partition(|n| [SUMMARY, SHARD_FILE].contains(&n.as_str()));
        for name in first.into_iter().chain(rest) {
            let path = self.target.join(name);
            fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
        }
        let (last, first): (Vec<_>, Vec<_>) = names.iter().partition(|n| *n == SUMMARY);
        for name in first.into_iter().chain(last).chain([&MARK.to_string()]) {
            let path = self.target.join(name);
            fs::rename(self.temporary.join(name), &path)
                .map_err(|e| Error::io("rename a new file to", &path, &e))?;
        }
        fs::remove_dir(&self.temporary).map_err(|e| Error::io("remove", &self.temporary, &e))?;
        Ok(self.target.clone())
    }
}

impl Drop for OutputFolder<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // A failure to clean up must not hide the error that led here; the name says that it is partial.
        match checkpoints(&self.temporary) {
            Ok(found) if !found.is_empty() => {
                sweep(&self.temporary, false);
                self.observer.warn(&format!(
                    "what was finished is kept in {}: --resume goes on with it",
                    self.temporary.display()
                ));
            }
            _ => {
                sweep(&self.temporary, true);
                let _ = fs::remove_dir(&self.temporary);
            }
        }
    }
}

fn checkpoint_name(stage: &str) -> String {
    format!("{CHECKPOINT}_{stage}{ENDING}")
}

/// Removes the checkpoints that a mark of a whole result lists, and then lists them no more.
fn drop_checkpoints(mark: &mut Mark, place: &Path) -> Result<()> {
    let count = mark.files.len();
    mark.files.retain(|f| {
        let spent = is_checkpoint(&f.name);
        if spent {
            drop(fs::remove_file(place.join(&f.name)));
        }
        !spent
    });
    if mark.files.len() < count { mark.write(place) } else { Ok(()) }
}

fn is_checkpoint(name: &str) -> bool {
    name.starts_with(CHECKPOINT) && name.ends_with(ENDING)
}

/// Makes the hidden folder, with a mark that it is ours.
fn make(temporary: &Path, target: &Path) -> Result<()> {
    match fs::create_dir(temporary) {
        Ok(()) => Mark::begun(&[], false).write(temporary),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::io("create the output folder", target, &e)),
    }
}

fn refuse<T>(target: &Path, why: impl Into<String>, suggestion: &str) -> Result<T> {
    let problem = format!("cannot write to {}", target.display());
    Err(Error::new(ErrorKind::Io, problem, why, suggestion))
}

fn check_kind(target: &Path) -> Result<()> {
    match fs::symlink_metadata(target) {
        Ok(meta) if !meta.is_dir() => {
            refuse(target, "it exists and is not a folder", "Name a new folder.")
        }
        _ => Ok(()),
    }
}

/// The mark of an older output that may be replaced; none where there is nothing.
fn older_output(target: &Path, overwrite: bool, resume: bool) -> Result<Option<Mark>> {
    check_kind(target)?;
    if fs::symlink_metadata(target).is_err() {
        return Ok(None);
    }
    let mark = Mark::read(target)?;
    let found = Mark::contents(mark.as_ref(), target)?;
    let some = |names: &[String]| names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let Some(mark) = mark else {
        if found.foreign.is_empty() {
            return Ok(None);
        }
        if overwrite {
            let why =
                format!("it holds files that voxgray did not write: {}", some(&found.foreign));
            return refuse(
                target,
                why,
                "Name a new folder, or remove it yourself: only what voxgray-files.json lists is replaced.",
            );
        }
        return refuse(target, "it is not empty", "Name a new folder.");
    };
    let goes_on = mark.whole || mark.files.iter().any(|f| is_checkpoint(&f.name));
    let may = overwrite || (resume && goes_on);
    if !may {
        return refuse(
            target,
            "it is not empty",
            "Name a new folder, or add --overwrite for an older output of voxgray.",
        );
    }
    // A whole result that --resume finds is only looked at.
    if overwrite || !mark.whole {
        let in_the_way: Vec<String> =
            found.foreign.iter().filter(|n| is_output(n)).chain(&found.changed).cloned().collect();
        if !in_the_way.is_empty() {
            let why = format!(
                "it holds files that voxgray did not write or that were changed since: {}",
                some(&in_the_way)
            );
            return refuse(target, why, "Move them away, or name a new folder.");
        }
    }
    Ok(Some(mark))
}

/// Whether a run may want to write a file of this name.
fn is_output(name: &str) -> bool {
    let maps = ["dose", "density", "material", "low_density", "couch", "time_integrated"];
    let image = name.ends_with(".nii.gz") && maps.iter().any(|m| name.starts_with(m));
    let plot = name.ends_with(".png") && ["dose", "activity_"].iter().any(|m| name.starts_with(m));
    let fixed = [SUMMARY, SHARD_FILE, MARK, "vois.csv", "vois_partial.csv", "materials.csv"];
    image || plot || fixed.contains(&name) || is_checkpoint(name)
}

/// An exchange that was cut off between its two renames is undone; after them, what is left of the older output is removed.
fn put_back(old: &Path, target: &Path, observer: &dyn Observer) -> Result<()> {
    if !old.is_dir() {
        return Ok(());
    }
    let Some(mark) = Mark::read(old)? else { return Ok(()) };
    if fs::symlink_metadata(target).is_err() {
        observer.say(&format!(
            "{} is put back: a run was killed while it replaced it",
            target.display()
        ));
        return fs::rename(old, target).map_err(|e| Error::io("rename to", target, &e));
    }
    let found = Mark::contents(Some(&mark), old)?;
    remove(old, &found.ours)
}

/// Removes our files of a folder, and the folder if nothing else is in it.
fn remove(folder: &Path, ours: &[String]) -> Result<()> {
    for name in ours {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
    }
    // The mark goes last: until then the folder is known for ours.
    let mark = folder.join(MARK);
    fs::remove_file(&mark).map_err(|e| Error::io("remove", &mark, &e))?;
    // Something that came in meanwhile stays, in its folder.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// A hidden folder that a killed run has left: cleared for going on, removed where it holds nothing, and otherwise put aside.
fn settle_stale(temporary: &Path, resume: bool, observer: &dyn Observer) -> Result<()> {
    if fs::symlink_metadata(temporary).is_err() {
        return Ok(());
    }
    let ours = temporary.is_dir() && Mark::read(temporary)?.is_some();
    let finished = if ours { checkpoints(temporary)? } else { Vec::new() };
    if ours && resume && !finished.is_empty() {
        sweep(temporary, false);
        return Ok(());
    }
    if ours && finished.is_empty() && !temporary.join(SUMMARY).is_file() {
        sweep(temporary, true);
        if fs::remove_dir(temporary).is_ok() {
            observer.say(&format!("{} of a run that was killed is removed", temporary.display()));
            return Ok(());
        }
    }
    for n in 1..1000 {
        let aside = temporary.with_extension(format!("{n}.partial"));
        if fs::symlink_metadata(&aside).is_err() {
            fs::rename(temporary, &aside).map_err(|e| Error::io("rename", temporary, &e))?;
            if !finished.is_empty() {
                observer.warn(&format!(
                    "an unfinished run had left {}: it is put aside; --resume would have gone on with it",
                    temporary.display()
                ));
            }
            return Ok(());
        }
    }
    refuse(temporary, "a thousand unfinished runs are beside it", "Remove them.")
}

/// Removes what was being written to a hidden folder: all but checkpoints or, with `all`, those too. Other things stay.
fn sweep(temporary: &Path, all: bool) {
    let Ok(entries) = fs::read_dir(temporary) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let spare = !all && (is_checkpoint(&name) || name == MARK);
        let ours = OURS.iter().any(|ending| name.ends_with(ending));
        if ours && !spare && entry.file_type().is_ok_and(|t| t.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Names the folders that killed runs have left beside the output.
fn name_stale(target: &Path, own: &Path, observer: &dyn Observer) {
    let parent = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = fs::read_dir(parent) else { return };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|e| {
            let other = e.file_name().to_string_lossy().into_owned();
            let number = other
                .strip_prefix(&format!(".{name}."))
                .and_then(|rest| rest.strip_suffix(".partial"));
            number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        })
        .map(|e| target.with_file_name(e.file_name()))
        .filter(|p| p != own)
        .collect();
    found.sort();
    if !found.is_empty() {
        let list: Vec<String> = found.iter().map(|p| p.display().to_string()).collect();
        observer.say(&format!(
            "left by runs that did not end, and not needed by this one: {} (rm -r removes them)",
            list.join(", ")
        ));
    }
}

fn checkpoints(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Ok(files_in(folder)?.into_iter().filter(|n| is_checkpoint(n)).collect())
}

/// Files of a folder but for its mark, sorted.
fn files_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|e| Error::io("read", folder, &e))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_file()))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| n != MARK)
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
