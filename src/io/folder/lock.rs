//! Who writes to an output folder: a lock of the operating system on a file beside it, which ends with the process that holds it, however
//! that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

/// Times that a lock file which another process has just removed is made again.
const TRIES: usize = 100;
/// Between two looks at a lock that is held.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Holds the place of an output folder until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    /// None where the file system knows no locks.
    file: Option<File>,
}

impl FolderLock {
    /// Takes the lock of a folder, which need not exist; its parent must.
    ///
    /// # Errors
    /// If another process holds it, or the lock file cannot be made.
    pub fn take(folder: &Path) -> Result<Self> {
        Self::take_within(folder, Duration::ZERO)
    }

    /// As [`FolderLock::take`], but waits for one who holds it for a moment only.
    ///
    /// # Errors
    /// If another process holds it all the time, or the lock file cannot be made.
    pub fn take_within(folder: &Path, wait: Duration) -> Result<Self> {
        let by = Instant::now() + wait;
        loop {
            match Self::try_take(folder)? {
                Ok(lock) => return Ok(lock),
                Err(file) if Instant::now() >= by => return Err(taken(folder, file)),
                Err(_) => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// The lock, or the file of who holds it.
    fn try_take(folder: &Path) -> Result<std::result::Result<Self, File>> {
        let name = folder.file_name().unwrap_or_default();
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".lock");
        let path = folder.with_file_name(hidden);
        for _ in 0..TRIES {
            let mut options = OpenOptions::new();
            let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(|e| Error::io("create", &path, &e))?;
            match file.try_lock() {
                Ok(()) if same_file(&file, &path) => {
                    // For whoever finds the place taken; the lock does not depend on it.
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return Ok(Ok(FolderLock { path, file: Some(file) }));
                }
                // The one that held it has removed it meanwhile.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Err(file)),
                Err(TryLockError::Error(_)) => return Ok(Ok(FolderLock { path, file: None })),
            }
        }
        Ok(Err(File::open(&path).map_err(|e| Error::io("open", &path, &e))?))
    }

    /// Whether the file system knows locks.
    pub fn holds(&self) -> bool {
        self.file.is_some()
    }
}

fn taken(folder: &Path, mut file: File) -> Error {
    let mut process = String::new();
    let _ = file.read_to_string(&mut process);
    let process = process.trim();
    let who = if process.is_empty() { String::new() } else { format!(", process {process}") };
    Error::new(
        ErrorKind::Io,
        format!("cannot write to {}", folder.display()),
        format!("another voxgray{who} is writing to it"),
        "Wait for it, or name another folder.",
    )
}

/// Whether the path still leads to the file that was opened.
#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => id(a) == id(b),
        _ => false,
    }
}

/// Elsewhere the file is not removed.
#[cfg(not(unix))]
fn same_file(_file: &File, path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Removed while it is held: one that opened it before finds another file, or none, at the path and tries again.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_stays() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let first = FolderLock::take(&folder).unwrap();
        assert!(first.holds());
        let error = FolderLock::take(&folder).unwrap_err();
        assert!(error.to_string().contains("another voxgray"), "{error}");
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        assert!(FolderLock::take(&place.path().join("other")).is_ok());
        // Who waits gets it from one who holds it for a moment only.
        let others = folder.clone();
        let waiting = std::thread::spawn(move || {
            FolderLock::take_within(&others, Duration::from_secs(60)).map(drop)
        });
        drop(first);
        waiting.join().unwrap().unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        // A file that a killed process left does not block.
        fs::write(place.path().join(".out.lock"), "4711").unwrap();
        assert!(FolderLock::take(&folder).is_ok());
    }
}
