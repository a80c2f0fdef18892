//! Whole files or none: a reader never sees half an output, even after a crash or a full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// Writes a value as indented JSON, as [`write_atomically`].
///
/// # Errors
/// If it cannot be written as JSON, and as [`write_atomically`].
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_vec_pretty(value).map_err(|e| {
        let what = path.file_name().unwrap_or_default().to_string_lossy();
        Error::run(format!("{what} cannot be written"), e.to_string(), "Report this.")
    })?;
    write_atomically(path, |w| w.write_all(&text))
}

/// Writes `path` through `fill`: to a temporary name in the same folder, synced to disk, then
/// renamed.
///
/// An existing regular file is replaced only when the new one is complete. On any failure the
/// temporary file is removed and the old file, if there was one, is untouched.
///
/// # Errors
/// If `path` has no file name, its folder is missing, it names something that is not a regular
/// file, or creating, writing, syncing or renaming fails.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if let Ok(found) = fs::metadata(path)
        && !found.is_file()
    {
        return Err(Error::new(
            ErrorKind::Io,
            format!("cannot write {}", path.display()),
            "it exists and is not a regular file",
            "Choose another output name.",
        ));
    }
    let temporary = temporary_name(path)?;
    // `create_new` refuses to follow or overwrite anything that is already there.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .map_err(|e| Error::io("create", path, &e))?;
    let written = fill_and_sync(file, fill).and_then(|()| fs::rename(&temporary, path));
    if let Err(cause) = written {
        let mut error = Error::io("write", path, &cause);
        if let Err(e) = fs::remove_file(&temporary) {
            error.why = format!("{}; {} could not be removed: {e}", error.why, temporary.display());
        }
        return Err(error);
    }
    sync_folder(path)
}

/// Puts `bytes` in the place of `path` at once, as [`write_atomically`], but does not wait for the disk: after a crash the file may be broken. For
/// what can be made again and tells by itself that it is whole.
///
/// # Errors
/// If the folder is missing, or creating, writing or renaming fails.
pub fn replace_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_name(path)?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|e| {
        // What cannot be removed either was never made, or is in a folder that is no longer there.
        let _ = fs::remove_file(&temporary);
        Error::io("write", path, &e)
    })
}

fn fill_and_sync(
    file: File,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    fill(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn temporary_name(path: &Path) -> Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(Error::usage(
            format!("cannot write {}", path.display()),
            "it has no file name",
            "Name a file, not a folder.",
        ));
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{count}.partial", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// Makes the rename itself durable; only Unix lets a folder be opened and synced.
///
/// # Errors
/// If the folder of `path` cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let synced = File::open(folder).and_then(|f| f.sync_all());
    match synced {
        // Some network file systems cannot sync a folder; the file itself is already synced.
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other.map_err(|e| Error::io("sync the folder of", path, &e)),
    }
}

/// Nothing to be done here.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("list");
        entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn replaces_a_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("dose.nii");
        for text in ["old", "new"] {
            write_atomically(&path, |w| w.write_all(text.as_bytes())).expect("write");
            assert_eq!(fs::read_to_string(&path).expect("read"), text);
        }
        assert_eq!(names(folder.path()), ["dose.nii"]);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_removes_the_temporary() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("dose.nii");
        write_atomically(&path, |w| w.write_all(b"old")).expect("write");
        let error = write_atomically(&path, |w| {
            w.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .expect_err("disk full");
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("dose.nii"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("read"), "old");
        assert_eq!(names(folder.path()), ["dose.nii"]);
    }

    #[test]
    fn bad_targets_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a-file");
        fs::write(&file, "x").expect("write");
        let missing = folder.path().join("no-such-folder").join("out.nii");
        for path in [file.join("out.nii"), missing, folder.path().to_path_buf()] {
            let error = write_atomically(&path, |w| w.write_all(b"x")).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Io, "{error}");
        }
        assert_eq!(names(folder.path()), ["a-file"]);
        #[cfg(unix)]
        assert!(write_atomically(Path::new("/dev/full"), |w| w.write_all(b"x")).is_err());
    }

    /// Runs itself again in a private mount namespace, on a 64 KiB tmpfs; needs root and `unshare`.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_leaves_no_temporary() {
        const FOLDER: &str = "VOXGRAY_TEST_SMALL_DISK";
        if let Some(folder) = std::env::var_os(FOLDER) {
            let path = Path::new(&folder).join("dose.nii");
            let error = write_atomically(&path, |w| w.write_all(&vec![1; 4 << 20]));
            let error = error.expect_err("64 KiB cannot hold 4 MiB");
            assert!(error.to_string().contains("No space left"), "{error}");
            assert!(names(Path::new(&folder)).is_empty());
            return;
        }
        let folder = tempfile::tempdir().expect("folder");
        let script = "mount -t tmpfs -o size=64k none \"$0\" || exit 77; exec \"$1\" --exact --nocapture \
                      io::atomic::tests::a_full_disk_is_an_error_and_leaves_no_temporary";
        let done = std::process::Command::new("unshare")
            .args(["-m", "sh", "-c", script])
            .arg(folder.path())
            .arg(std::env::current_exe().expect("own path"))
            .env(FOLDER, folder.path())
            .output();
        match done {
            Ok(out) if out.status.success() => {
                let text = String::from_utf8_lossy(&out.stdout);
                assert!(text.contains("1 passed"), "the inner test did not run: {text}");
            }
            Ok(out) if out.status.code() == Some(101) => {
                panic!("{}", String::from_utf8_lossy(&out.stdout))
            }
            _ => println!("skipped: no right to mount a small tmpfs"),
        }
    }
}
