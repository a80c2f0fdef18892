//! Nuclides of a user's file: new ones, and a user's numbers in place of those of the library. Nothing is completed: what a given part leaves out
//! is not emitted, but for annihilation quanta and the recoil of alphas, which follow from the rest.
//!
//! A process has one file at most, for the evaluation that it chose. What a file gives stands before the library everywhere: in transport, decay
//! between times, chains, tables of nuclides. Results name the file, its hash and what it changed. Keys: `voxgray help-file nuclides`.

mod columns;
mod progeny;
mod reading;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::progeny::{follow, resolve_progeny};
use self::reading::{Entry, Reading};
use super::emission::Record;
use super::nuclide_data::NuclideData;
use super::nuclide_name::spellings;
use crate::error::{Error, Result};
use crate::files::hex;

/// Version of the file that is read.
const VERSION: i64 = 1;

/// A file of one's own nuclides.
#[derive(Debug)]
pub struct OwnNuclides {
    /// The evaluation that it stands before.
    pub data: NuclideData,
    /// The file and those that it names.
    pub files: Vec<PathBuf>,
    /// SHA-256 of all of them in their order.
    pub sha256: String,
    /// What is changed, a text for each nuclide, with its source.
    pub changes: Vec<(String, String)>,
    /// All names: the library's, then the new ones.
    pub(super) names: Vec<&'static str>,
    /// All names by spelling.
    pub(super) spellings: HashMap<String, &'static str>,
    records: HashMap<String, Record>,
}

static CHOSEN: OnceLock<OwnNuclides> = OnceLock::new();

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    source: String,
    nuclide: Vec<Entry>,
}

impl OwnNuclides {
    /// Those of this process, where it has any.
    pub fn chosen() -> Option<&'static OwnNuclides> {
        CHOSEN.get()
    }

    /// For results: the file's name, its hash, and what it changes of the nuclides that `of` takes.
    pub fn told(&self, of: impl Fn(&str) -> bool) -> Value {
        let changes = self.changes.iter().filter(|(name, _)| of(name));
        let changes: Vec<Value> =
            changes.map(|(name, said)| json!({"nuclide": name, "said": said})).collect();
        let file = self.files[0].file_name().map(|n| n.to_string_lossy().into_owned());
        json!({"file": file, "sha256": self.sha256, "changes": changes})
    }

    /// [`OwnNuclides::told`] of this process' file with all its nuclides; nothing without one.
    pub fn all_told() -> Option<Value> {
        Self::chosen().map(|own| own.told(|_| true))
    }

    /// Reads a file and sets it for this process, for the evaluation that is chosen.
    ///
    /// # Errors
    /// If the file cannot be used, or another one was set before.
    pub fn choose(path: &Path) -> Result<()> {
        let own = Self::read(NuclideData::chosen(), path)?;
        let sha256 = own.sha256.clone();
        let set = CHOSEN.get_or_init(|| own);
        if set.sha256 == sha256 {
            return Ok(());
        }
        Err(Error::usage(
            format!("{}: nuclides are to come from it after those of another file", path.display()),
            "a run has one file of nuclides",
            "Give one file.",
        ))
    }

    /// Reads a file that stands before the library of `data`.
    ///
    /// # Errors
    /// If it cannot be read, has unknown or missing keys, names no nuclide, gives energies or numbers that cannot be, or leaves out what a
    /// new nuclide needs.
    pub fn read(data: NuclideData, path: &Path) -> Result<Self> {
        data.need()?;
        let in_file =
            |e: Error| Error { problem: format!("{}: {}", path.display(), e.problem), ..e };
        let text = crate::files::text(path)?;
        let file: File = toml::from_str(&text).map_err(|e| in_file(Error::of_toml(&e)))?;
        Error::of_version(file.version, VERSION).map_err(in_file)?;
        let mut reading = Reading {
            data,
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            hash: Sha256::new_with_prefix(text.as_bytes()),
            files: vec![path.to_path_buf()],
        };
        let (mut records, mut changes) = (HashMap::new(), Vec::new());
        let mut names = data.library_names().to_vec();
        for entry in &file.nuclide {
            let (record, told) = reading.record(entry, &file.source).map_err(|e| {
                in_file(Error { problem: format!("nuclide '{}': {}", entry.name, e.problem), ..e })
            })?;
            if records.contains_key(&record.name) {
                return Err(in_file(Error::input(
                    format!("nuclide '{}' stands twice", entry.name),
                    "what is given of a nuclide stands in one table",
                    "Join the two.",
                )));
            }
            if data.library_record(&record.name).is_none() {
                names.push(Box::leak(record.name.clone().into_boxed_str()));
            }
            changes.push((record.name.clone(), told));
            records.insert(record.name.clone(), record);
        }
        if file.source.trim().is_empty() {
            return Err(in_file(refused(
                "source is empty",
                "results say where the numbers are from",
                "Name the publication or certificate.",
            )));
        }
        let by_name = spellings(&names);
        for (name, told) in &mut changes {
            let place = |e: Error| {
                in_file(Error { problem: format!("nuclide '{name}': {}", e.problem), ..e })
            };
            if let Some(record) = records.get_mut(name.as_str()) {
                let stable = resolve_progeny(record, data, &by_name).map_err(place)?;
                if !stable.is_empty() {
                    told.push_str(&format!("; taken as stable: {}", stable.join(", ")));
                    record.own.clone_from(told);
                }
            }
        }
        for (name, _) in &changes {
            let place = |e: Error| {
                in_file(Error { problem: format!("nuclide '{name}': {}", e.problem), ..e })
            };
            follow(name, data, &records, &mut Vec::new()).map_err(place)?;
        }
        let sha256 = hex(&reading.hash.finalize());
        Ok(OwnNuclides {
            data,
            files: reading.files,
            sha256,
            changes,
            names,
            spellings: by_name,
            records,
        })
    }

    /// The record of an exact name.
    pub(super) fn record(&self, name: &str) -> Option<&Record> {
        self.records.get(name)
    }
}

fn refused(problem: impl Into<String>, why: &str, suggestion: &str) -> Error {
    Error::input(problem, why, suggestion)
}

/// Tables that a file of nuclides names, for who must know of their changes; none where it cannot be read.
pub fn tables_of(path: &Path) -> Vec<PathBuf> {
    fn walk(value: &toml::Value, folder: &Path, found: &mut Vec<PathBuf>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    match value {
                        toml::Value::String(file) if key == "file" => found.push(folder.join(file)),
                        other => walk(other, folder, found),
                    }
                }
            }
            toml::Value::Array(values) => values.iter().for_each(|v| walk(v, folder, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let text = crate::files::text(path).unwrap_or_default();
    if let Ok(table) = text.parse::<toml::Table>() {
        let folder = path.parent().unwrap_or(Path::new(""));
        walk(&toml::Value::Table(table), folder, &mut found);
    }
    found
}

#[cfg(test)]
#[path = "own_nuclides_tests.rs"]
mod tests;
