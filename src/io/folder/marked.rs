//! A folder of a few files that are known before they are written (`voxgray fit`, `demo`): of an older output, file by file, what voxgray
//! wrote is replaced and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mark::is_half_written;
use super::{Contents, FolderLock, MARK, Mark, remove_half_written};
use crate::error::{Error, ErrorKind, Result};
use crate::io::atomic::write_atomically;

/// A folder that is being written to.
#[derive(Debug)]
pub struct MarkedFolder {
    path: PathBuf,
    old: Vec<String>,
    names: Vec<String>,
    _lock: FolderLock,
}

impl MarkedFolder {
    /// Makes the folder, or takes an older output of voxgray with `overwrite`, to write the files `names`.
    ///
    /// # Errors
    /// If it cannot be made, holds anything and may not be overwritten, or one of the names is that of a file that voxgray did not write
    /// or that was changed since; then nothing was changed.
    pub fn open(path: &Path, overwrite: bool, names: &[String]) -> Result<Self> {
        Self::open_within(path, overwrite, names, Duration::ZERO)
    }

    /// As [`MarkedFolder::open`], but waits for others who write to it for a moment only.
    ///
    /// # Errors
    /// As [`MarkedFolder::open`], after that time.
    pub fn open_within(
        path: &Path,
        overwrite: bool,
        names: &[String],
        wait: Duration,
    ) -> Result<Self> {
        is_no_file(path)?;
        if !path.exists() {
            fs::create_dir_all(path)
                .map_err(|e| Error::io("create the output folder", path, &e))?;
        }
        let lock = FolderLock::take_within(path, wait)?;
        remove_half_written(path, names);
        let found = free(path, overwrite, names)?;
        let mut all = names.to_vec();
        all.extend(found.ours.iter().filter(|n| !names.contains(n)).cloned());
        Mark::begun(&all, false).write(path)?;
        Ok(MarkedFolder {
            path: path.to_path_buf(),
            old: found.ours,
            names: names.to_vec(),
            _lock: lock,
        })
    }

    /// Whether [`MarkedFolder::open`] would take a folder, with overwriting. Nothing stays of a file that is made to see whether one can be.
    ///
    /// # Errors
    /// As [`MarkedFolder::open`].
    pub fn check(path: &Path, names: &[String]) -> Result<()> {
        is_no_file(path)?;
        if path.exists() {
            free(path, true, names)?;
            // Another who has just made it must find it empty.
            if Mark::read(path)?.is_none() {
                return Ok(());
            }
        }
        let above = path.ancestors().find(|p| p.exists()).filter(|p| !p.as_os_str().is_empty());
        let there = above.unwrap_or(Path::new("."));
        // A kill that leaves it, and others who look meanwhile, take it for a half-written file.
        let probe = there.join(format!(".{MARK}.{}-0.partial", std::process::id()));
        write_atomically(&probe, |_| Ok(())).map_err(|e| {
            let problem = format!("cannot write to {}", path.display());
            Error { problem, suggestion: "Name a folder of your own with -o.".into(), ..e }
        })?;
        let _ = fs::remove_file(&probe);
        Ok(())
    }

    /// All that is to be written is: removes the files of the older output that are not among it.
    ///
    /// # Errors
    /// If a file cannot be read or removed.
    pub fn finish(self) -> Result<()> {
        for name in self.old.iter().filter(|n| !self.names.contains(n)) {
            let path = self.path.join(name);
            fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
        }
        let is_there = |n: &&String| self.path.join(n).is_file();
        let there: Vec<String> = self.names.iter().filter(is_there).cloned().collect();
        Mark::of(&self.path, &there, true)?.write(&self.path)
    }
}

fn refuse<T>(path: &Path, why: String, suggestion: &str) -> Result<T> {
    let problem = format!("cannot write to {}", path.display());
    Err(Error::new(ErrorKind::Io, problem, why, suggestion))
}

fn is_no_file(path: &Path) -> Result<()> {
    match path.exists() && !path.is_dir() {
        true => refuse(path, "it exists and is not a folder".into(), "Name a new folder with -o."),
        false => Ok(()),
    }
}

/// What lies in a folder, none of which is in the way of the files `names`.
fn free(path: &Path, overwrite: bool, names: &[String]) -> Result<Contents> {
    let mark = Mark::read(path)?;
    let found = Mark::contents(mark.as_ref(), path)?;
    let empty = found.ours.is_empty() && found.changed.is_empty() && found.foreign.is_empty();
    if !empty && !overwrite {
        let suggestion =
            "Name a new folder with -o, or add --overwrite for an older output of this command.";
        return refuse(path, "it is not empty".into(), suggestion);
    }
    // What a kill left half written is removed before anything is written.
    let foreign = found.foreign.iter().find(|n| !is_half_written(n, names));
    if let (Some(name), None) = (foreign, &mark) {
        let why = format!("it holds files that voxgray did not write, such as {name}");
        return refuse(path, why, "Name a new folder with -o.");
    }
    let in_the_way = |n: &&String| found.changed.contains(n) || found.foreign.contains(n);
    if let Some(name) = names.iter().find(in_the_way) {
        let why = format!("{name} in it was not written by voxgray, or was changed since");
        return refuse(path, why, "Move it away, or name a new folder with -o.");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run that was killed while it wrote its first mark is in nobody's way, and what else lies there stays.
    #[test]
    fn what_a_kill_left_half_written_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        fs::create_dir(&folder).unwrap();
        let names = ["a.json".to_string()];
        for left in [".voxgray-files.json.12-0.partial", ".a.json.12-3.partial"] {
            fs::write(folder.join(left), "{").unwrap();
        }
        MarkedFolder::open(&folder, false, &names).unwrap().finish().unwrap();
        for theirs in [".b.json.12-3.partial", ".a.json.x-3.partial", "a.json.12-3.partial"] {
            fs::write(folder.join(theirs), "{").unwrap();
            MarkedFolder::open(&folder, true, &names).unwrap().finish().unwrap();
            assert!(folder.join(theirs).is_file(), "{theirs}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    }

    #[test]
    fn only_what_was_written_here_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let write = |overwrite: bool, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let open = MarkedFolder::open(&folder, overwrite, &names)?;
            names.iter().for_each(|n| fs::write(folder.join(n), n).unwrap());
            open.finish()
        };
        let there = || {
            let mut names: Vec<String> = fs::read_dir(&folder)
                .unwrap()
                .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        write(false, &["a", "b"]).unwrap();
        assert!(write(false, &["a"]).unwrap_err().to_string().contains("--overwrite"));
        fs::write(folder.join("mine"), "x").unwrap();
        write(true, &["b", "c"]).unwrap();
        assert_eq!(there(), ["b", "c", "mine", MARK]);
        assert!(write(true, &["mine"]).is_err());
        fs::write(folder.join("c"), "edited").unwrap();
        assert!(write(true, &["c"]).unwrap_err().to_string().contains("changed since"));
        write(true, &["d"]).unwrap();
        assert_eq!(there(), ["c", "d", "mine", MARK]);
        assert_eq!(fs::read_to_string(folder.join("c")).unwrap(), "edited");
        let foreign = place.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("fit.json"), "{}").unwrap();
        assert!(MarkedFolder::open(&foreign, true, &["fit.json".to_string()]).is_err());
        assert_eq!(fs::read_to_string(foreign.join("fit.json")).unwrap(), "{}");
    }
}
