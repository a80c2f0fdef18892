//! The mark of an output folder: the list of the files that voxgray wrote there, with their hashes. Only what it lists, and what is still as
//! it was written, is ever replaced or removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::files::{self, hex};
use crate::io::atomic::write_atomically;

/// Name of the mark in its folder.
pub const MARK: &str = "voxgray-files.json";
/// Its layout.
const FORMAT: u32 = 1;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedFile {
    /// Its name, without a folder.
    pub name: String,
    /// SHA-256 of its bytes; none while it is being written or replaced.
    pub sha256: Option<String>,
}

/// What voxgray wrote to a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// `voxgray`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Of this file's layout.
    pub format: u32,
    /// The whole of a result; false for a part, and while it is being written or replaced.
    pub whole: bool,
    /// The files.
    pub files: Vec<MarkedFile>,
    /// What the files were made by: a hash of program, inputs and options of each transport.
    #[serde(default)]
    pub runs: BTreeMap<String, String>,
}

/// What lies in a folder, by its mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files as voxgray wrote them.
    pub ours: Vec<String>,
    /// Files that voxgray wrote and someone has changed.
    pub changed: Vec<String>,
    /// Everything else, folders too.
    pub foreign: Vec<String>,
}

impl Mark {
    /// A mark of these files, which lie in the folder.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn of(folder: &Path, names: &[String], whole: bool) -> Result<Self> {
        let file = |name: &String| {
            let sha256 = Some(sha256_file(&folder.join(name))?);
            Ok(MarkedFile { name: name.clone(), sha256 })
        };
        let files = names.iter().map(file).collect::<Result<_>>()?;
        Ok(Mark { files, ..Mark::begun(&[], whole) })
    }

    /// A mark of files that are going to be written.
    pub fn begun(names: &[String], whole: bool) -> Self {
        let file = |name: &String| MarkedFile { name: name.clone(), sha256: None };
        Mark {
            program: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            format: FORMAT,
            whole,
            files: names.iter().map(file).collect(),
            runs: BTreeMap::new(),
        }
    }

    /// The mark of a folder; none if it has none, or none of this program that can be read.
    ///
    /// # Errors
    /// If the user asked to stop.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MARK);
        let regular = fs::symlink_metadata(&path).is_ok_and(|m| m.is_file());
        if !regular {
            return Ok(None);
        }
        let text = match files::text(&path) {
            Err(e) if e.kind == ErrorKind::Interrupted => return Err(e),
            text => text.unwrap_or_default(),
        };
        let Ok(mark) = serde_json::from_str::<Mark>(&text) else { return Ok(None) };
        let ours = mark.program == env!("CARGO_PKG_NAME") && mark.format == FORMAT;
        Ok(Some(mark).filter(|m| ours && m.files.iter().all(|f| is_plain(&f.name))))
    }

    /// Writes the mark, in place of an older one.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|e| {
            Error::run("the mark of a folder cannot be written", e.to_string(), "Report this.")
        })?;
        write_atomically(&folder.join(MARK), |w| w.write_all(&text))
    }

    /// When the mark of a folder was written, if it has one.
    pub fn written(folder: &Path) -> Option<std::time::SystemTime> {
        fs::metadata(folder.join(MARK)).and_then(|m| m.modified()).ok()
    }

    /// Whether it lists a file.
    pub fn lists(&self, name: &str) -> bool {
        self.files.iter().any(|f| f.name == name)
    }

    /// Enters a file that was written to the folder later.
    ///
    /// # Errors
    /// If there is no mark, or reading or writing fails.
    pub fn add(folder: &Path, name: &str) -> Result<()> {
        let Some(mut mark) = Mark::read(folder)? else { return Ok(()) };
        mark.files.retain(|f| f.name != name);
        let sha256 = Some(sha256_file(&folder.join(name))?);
        mark.files.push(MarkedFile { name: name.into(), sha256 });
        mark.write(folder)
    }

    /// What lies in a folder, with this mark or without any. The mark itself is left out.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn contents(mark: Option<&Mark>, folder: &Path) -> Result<Contents> {
        let mut contents = Contents::default();
        let entries = fs::read_dir(folder).map_err(|e| Error::io("read", folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("read", folder, &e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == MARK && mark.is_some() {
                continue;
            }
            let listed = mark.and_then(|m| m.files.iter().find(|f| f.name == name));
            let is_file = entry.file_type().is_ok_and(|t| t.is_file());
            match listed {
                Some(file) if is_file && entry.file_name() == *name => {
                    let same = match &file.sha256 {
                        None => true,
                        Some(sha256) => sha256_file(&entry.path())? == *sha256,
                    };
                    if same { contents.ours.push(name) } else { contents.changed.push(name) }
                }
                Some(_) => contents.changed.push(name),
                None => contents.foreign.push(name),
            }
        }
        contents.ours.sort();
        contents.changed.sort();
        contents.foreign.sort();
        Ok(contents)
    }
}

/// Removes an output of voxgray that is not needed any more: the files that its mark lists and that are as they were written, then the mark, and the
/// folder where nothing else lies in it. Without a mark nothing is removed.
///
/// # Errors
/// If one cannot be read or removed.
pub fn remove_output(folder: &Path) -> Result<()> {
    let Some(mark) = Mark::read(folder)? else { return Ok(()) };
    let names = Mark::contents(Some(&mark), folder)?.ours;
    // The mark goes last: until then the folder is known for ours.
    for name in names.iter().map(String::as_str).chain([MARK]) {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
    }
    // Something of others stays, in its folder.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Removes what a killed run of ours was writing under a name that was not yet final: `.NAME.PROCESS-COUNT.partial`. Nobody else may
/// be writing: the folder is locked.
pub fn remove_half_written(folder: &Path, names: &[String]) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let regular = entry.file_type().is_ok_and(|t| t.is_file());
        if regular && is_half_written(&entry.file_name().to_string_lossy(), names) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file is one that [`remove_half_written`] removes.
pub(super) fn is_half_written(file: &str, names: &[String]) -> bool {
    let inner = file.strip_prefix('.').and_then(|f| f.strip_suffix(".partial"));
    let Some((name, counts)) = inner.and_then(|f| f.rsplit_once('.')) else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let counted = counts.split_once('-').is_some_and(|(a, b)| digits(a) && digits(b));
    counted && (name == MARK || names.iter().any(|n| n == name))
}

/// SHA-256 of a file of ours. Unlike that of an input, it is made to its end also after Ctrl-C.
fn sha256_file(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    let mut file = fs::File::open(path).map_err(|e| Error::io("open", path, &e))?;
    std::io::copy(&mut file, &mut digest).map_err(|e| Error::io("read", path, &e))?;
    Ok(hex(&digest.finalize()))
}

/// Whether a name is one of a file in the folder itself.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!(parts.next(), Some(std::path::Component::Normal(_)));
    one && parts.next().is_none() && !name.contains(['/', '\\']) && name != MARK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_output_that_is_removed_what_is_not_ours_stays() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        fs::create_dir(&folder).unwrap();
        let names = ["a.csv", "b.csv"].map(String::from);
        names.iter().for_each(|n| fs::write(folder.join(n), n).unwrap());
        remove_output(&folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no mark says whose they are");
        Mark::of(&folder, &names, true).unwrap().write(&folder).unwrap();
        fs::write(folder.join("b.csv"), "edited").unwrap();
        remove_output(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("b.csv")).unwrap(), "edited");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        Mark::of(&folder, &names[1..], true).unwrap().write(&folder).unwrap();
        remove_output(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn what_is_ours_changed_or_foreign() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let names = ["a.csv", "b.csv", "c.csv"].map(String::from);
        names.iter().for_each(|n| fs::write(folder.join(n), n).unwrap());
        assert_eq!(Mark::read(folder).unwrap(), None);
        let mark = Mark::of(folder, &names, true).unwrap();
        mark.write(folder).unwrap();
        fs::write(folder.join("b.csv"), "edited").unwrap();
        fs::remove_file(folder.join("c.csv")).unwrap();
        fs::create_dir(folder.join("sub")).unwrap();
        fs::write(folder.join("thesis.tex"), "years").unwrap();
        let read = Mark::read(folder).unwrap().unwrap();
        assert_eq!(read, mark);
        let found = Mark::contents(Some(&read), folder).unwrap();
        assert_eq!((found.ours, found.changed), (vec!["a.csv".into()], vec!["b.csv".into()]));
        assert_eq!(found.foreign, ["sub", "thesis.tex"]);
        // A folder in the place of a file is not ours, nor is a mark that names others' files.
        fs::create_dir(folder.join("c.csv")).unwrap();
        let found = Mark::contents(Some(&read), folder).unwrap();
        assert_eq!(found.changed, ["b.csv", "c.csv"]);
        for bad in ["../x", "/etc/passwd", "sub/x", "", "..", MARK] {
            let lies = Mark::begun(&[bad.to_string()], true);
            lies.write(folder).unwrap();
            assert_eq!(Mark::read(folder).unwrap(), None, "{bad}");
        }
    }
}
