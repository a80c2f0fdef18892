//! `stages.json` in the output folder: what was run with which key, so that it is not run again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::paths::seen_from;
use super::stage::Output;
use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;
use crate::io::folder::{Mark, STAGES};
use crate::io::sha256_file;
use crate::program::Program;

/// Its name.
pub const RECORD: &str = STAGES;
const FORMAT: u32 = 1;

/// A stage that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The stage.
    pub stage: String,
    /// Its key.
    pub key: String,
    /// Exit code; none while it runs, or where it was killed.
    pub exit: Option<u8>,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// Hash of a file that it made; folders have theirs in their mark.
    pub sha256: Option<String>,
    /// How long it took, s.
    pub seconds: Option<f64>,
    /// The command, with paths below the study's folder.
    pub command: String,
    /// Hashes of the user's files that it read.
    pub inputs: Vec<String>,
    /// What it said: facts, decisions and warnings, without paths.
    pub said: Vec<String>,
}

/// All stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    program: String,
    format: u32,
    build: Program,
    /// The study file, as seen from the output folder.
    #[serde(default)]
    study: PathBuf,
    stages: Vec<Done>,
}

impl Record {
    /// Of an output folder; empty where there is none, or one that is not of this layout.
    pub fn read(out: &Path) -> Self {
        let path = out.join(RECORD);
        let text = if path.is_file() { crate::files::text(&path) } else { Ok(String::new()) };
        let found: Option<Record> = text.ok().and_then(|t| serde_json::from_str(&t).ok());
        let ours = |r: &Record| r.program == env!("CARGO_PKG_NAME") && r.format == FORMAT;
        found.filter(ours).unwrap_or_else(|| Record {
            program: env!("CARGO_PKG_NAME").into(),
            format: FORMAT,
            build: Program::this(),
            study: PathBuf::new(),
            stages: Vec::new(),
        })
    }

    /// Claims an output folder for a study file.
    ///
    /// # Errors
    /// If it is that of another one, which is there: its results would be replaced.
    pub fn claim(&mut self, out: &Path, study: &Path) -> Result<()> {
        let whole = |p: &Path| p.canonicalize().ok();
        let other = whole(&out.join(&self.study)).filter(|p| p.is_file());
        let own = whole(study);
        if let (false, Some(other)) = (self.study.as_os_str().is_empty(), other)
            && own.as_ref() != Some(&other)
        {
            return Err(Error::input(
                format!("{} has the results of {}", out.display(), other.display()),
                "a study replaces what its output folder holds, and two would replace each other's",
                "Give each an out of its own, or move the other results away.",
            ));
        }
        let folder = study.parent().unwrap_or(Path::new(""));
        // Folders elsewhere may bear the name of a patient.
        let seen = seen_from(out, study, folder);
        self.study = if seen.is_relative() { seen } else { PathBuf::new() };
        Ok(())
    }

    /// What is known of a stage.
    pub fn get(&self, stage: &str) -> Option<&Done> {
        self.stages.iter().find(|d| d.stage == stage)
    }

    /// Every stage, in the order in which they were run.
    pub fn all(&self) -> &[Done] {
        &self.stages
    }

    /// Enters what is known of a stage and writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn enter(&mut self, done: Done, out: &Path) -> Result<()> {
        self.build = Program::this();
        match self.stages.iter_mut().find(|d| d.stage == done.stage) {
            Some(old) => *old = done,
            None => self.stages.push(done),
        }
        self.write(out)
    }

    /// Writes the file where there is none, so that the folder is known for a study's.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(&self, out: &Path) -> Result<()> {
        if out.join(RECORD).is_file() { Ok(()) } else { self.write(out) }
    }

    /// Forgets stages that the study no longer has.
    pub fn retain(&mut self, stages: &[String]) {
        self.stages.retain(|d| stages.contains(&d.stage));
    }

    fn write(&self, out: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|e| {
            Error::run("stages.json cannot be written", e.to_string(), "Report this.")
        })?;
        write_atomically(&out.join(RECORD), |w| w.write_all(&text))
    }
}

impl Done {
    /// Whether it ended with a result, under this key, that is still there.
    pub fn holds(&self, key: &str, output: &Output, out: &Path) -> bool {
        let ended = self.exit.is_some() && self.error.is_none();
        ended && self.key == key && self.is_there(output, out)
    }

    fn is_there(&self, output: &Output, out: &Path) -> bool {
        let path = out.join(output.name());
        if !matches!(output, Output::Folder(_)) {
            return self.sha256.is_some() && sha256_file(&path).ok() == self.sha256;
        }
        let Ok(Some(mark)) = Mark::read(&path) else { return false };
        let Ok(found) = Mark::contents(Some(&mark), &path) else { return false };
        mark.whole && found.changed.is_empty() && found.ours.len() == mark.files.len()
    }
}
