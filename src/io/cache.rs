//! Files that one run leaves for the next, by content: a name is the hash of all that decides what is in the file, the program included
//! ([`crate::program::Program::key`]), so that what is found is what would be made. Whatever does not read is made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::atomic::replace_unsynced;
use crate::error::{Error, Result};
use crate::files::{self, hex};

/// Largest file that is read, bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Characters of the hash in a name: 128 bits.
const NAME_DIGITS: usize = 32;
/// What `VOXGRAY_CACHE` says where nothing is to be kept.
const NONE: &str = "none";

/// The user's folder for what is kept, unless said otherwise: that of `VOXGRAY_CACHE` (`none`: no folder), or `voxgray` in the system's folder for
/// caches; none where neither is known.
pub fn default_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    match of("VOXGRAY_CACHE") {
        Some(said) => Some(said).filter(|said| said.as_os_str() != NONE),
        None => of("XDG_CACHE_HOME")
            .map(|p| p.join("voxgray"))
            .or_else(|| of("HOME").map(|p| p.join(".cache").join("voxgray")))
            .or_else(|| of("LOCALAPPDATA").map(|p| p.join("voxgray"))),
    }
}

/// Where the content of a key is kept; `kind` is the first word of its name.
fn path(folder: &Path, kind: &str, key: &[u8; 32]) -> PathBuf {
    folder.join(format!("{kind}-{}", &hex(key)[..NAME_DIGITS]))
}

/// The bytes that were kept for a key, if there are any.
pub fn find(folder: &Path, kind: &str, key: &[u8; 32]) -> Option<Vec<u8>> {
    files::bytes(&path(folder, kind, key), MOST_BYTES).ok()
}

/// Keeps bytes. They are not forced onto the disk: after a crash a file may be broken, which its reader must see.
///
/// # Errors
/// If the folder cannot be made or written to.
pub fn keep(folder: &Path, kind: &str, key: &[u8; 32], bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, &e))?;
    replace_unsynced(&path(folder, kind, key), bytes)
}

/// Removes the oldest files of a kind, those of ended programs that were never finished too, until those left have at most `most` bytes. What cannot
/// be removed stays.
pub fn prune(folder: &Path, kind: &str, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let prefix = format!("{kind}-");
    let of_kind = |e: &fs::DirEntry| {
        // A file that is being written has the name it will have behind a dot.
        e.file_name().to_string_lossy().trim_start_matches('.').starts_with(&prefix)
    };
    let mut found: Vec<(SystemTime, u64, PathBuf)> = entries
        .flatten()
        .filter(of_kind)
        .filter_map(|e| {
            let meta = e.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len(), e.path()))
        })
        .collect();
    let mut bytes: u64 = found.iter().map(|f| f.1).sum();
    found.sort();
    for (_, length, path) in found {
        if bytes <= most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> [u8; 32] {
        std::array::from_fn(|n| text.as_bytes()[n % text.len()])
    }

    #[test]
    fn what_was_kept_is_found_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("not").join("there");
        let (one, other) = (key("one"), key("other"));
        assert_eq!(find(&at, "tables", &one), None);
        keep(&at, "tables", &one, b"first").unwrap();
        keep(&at, "tables", &one, b"again").unwrap();
        assert_eq!(find(&at, "tables", &one).as_deref(), Some(&b"again"[..]));
        assert_eq!(find(&at, "tables", &other), None);
        assert_eq!(find(&at, "kernel", &one), None);
        assert_eq!(fs::read_dir(&at).unwrap().count(), 1);
    }

    #[test]
    fn the_oldest_of_a_kind_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        keep(at, "kernel", &key("k"), &[0; 100]).unwrap();
        for n in 0..4_u64 {
            let key = key(&n.to_string());
            keep(at, "tables", &key, &[0; 100]).unwrap();
            let file = fs::File::options().write(true).open(path(at, "tables", &key)).unwrap();
            let second = std::time::Duration::from_secs(1_700_000_000 + n);
            file.set_modified(SystemTime::UNIX_EPOCH + second).unwrap();
        }
        fs::write(at.join(".tables-0.1-0.partial"), [0; 100]).unwrap();
        let half = fs::File::options().write(true).open(at.join(".tables-0.1-0.partial")).unwrap();
        half.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        prune(at, "tables", 250);
        assert!(!at.join(".tables-0.1-0.partial").exists());
        let left = |n: u64| find(at, "tables", &key(&n.to_string())).is_some();
        assert_eq!([left(0), left(1), left(2), left(3)], [false, false, true, true]);
        assert!(find(at, "kernel", &key("k")).is_some());
    }
}
