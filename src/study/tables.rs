//! Stages of what was measured beside the images: tables of curves (blood, counts of a probe, planar views) and files from counts to dose.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::commands::Commands;
use super::file::Study;
use super::given;
use super::stage::{Output, Stage, Word};
use super::stages::{analysis, numbered, text};
use crate::error::{Error, Result};
use crate::physics::{Nuclide, canonical_name};
use crate::units::{SECONDS_PER_HOUR, seconds_of};

/// The key that names what the command reads.
const FILE: &str = "file";
/// That of the nuclide's half-life.
const HALF_LIFE: &str = "half_life";
/// Relative difference from the study's nuclide within which a half-life is that of another evaluation.
const SAME_HALF_LIFE: f64 = 0.01;

impl Study {
    /// A stage for each `[[fit]]` and each `[[uncertainty]]`.
    ///
    /// # Errors
    /// If one has no file, a key is none of its command's, or the file is of another nuclide.
    pub(super) fn tables(&self, commands: &Commands) -> Result<Vec<Stage>> {
        let mut stages = Vec::new();
        for (n, table) in self.fits.iter().enumerate() {
            let path = format!("fit.{}", n + 1);
            let mut words = vec![text("fit"), Word::Input(self.file_in(&path, table)?)];
            if !table.contains_key("half_life") {
                words.extend([text("--nuclide"), text(&self.nuclide)]);
                words.extend(self.nuclide_words());
            }
            words.extend(self.words(commands, "fit", &path, &options(table), given::FIT)?);
            let name = numbered("fit", n, self.fits.len());
            stages.push(analysis(name, words, Vec::new(), &[&path]));
        }
        for (n, table) in self.uncertainties.iter().enumerate() {
            let path = format!("uncertainty.{}", n + 1);
            let file = self.file_in(&path, table)?;
            let reads = self.read_by(&path, &file)?;
            let mut words = vec![text("uncertainty"), Word::Input(file)];
            words.extend(self.nuclide_words());
            let (options, taken) = (options(table), given::UNCERTAINTY);
            words.extend(self.words(commands, "uncertainty", &path, &options, taken)?);
            words.push(text("--json"));
            let name = numbered("uncertainty", n, self.uncertainties.len());
            stages.push(Stage {
                output: Output::Printed(format!("{name}.json")),
                when_run: Vec::new(),
                reads,
                ..analysis(name, words, Vec::new(), &[&path])
            });
        }
        Ok(stages)
    }

    fn file_in(&self, path: &str, table: &Table) -> Result<PathBuf> {
        let refuse = |problem: String, why: &str, suggestion: &str| {
            let error =
                Error::input(format!("{} {problem}", self.table_name(path)), why, suggestion);
            Err(self.at_line(error, self.lines.get(path), ""))
        };
        let Some(Value::String(name)) = table.get(FILE) else {
            let what = "Add file = \"...\", relative to the study file.";
            return refuse("has no file".into(), "it is of what stands in a file", what);
        };
        Ok(self.folder.join(name))
    }

    /// Whether the file of a stage of these is there.
    ///
    /// # Errors
    /// If it is not, with its line.
    pub fn table_is_there(&self, stage: &Stage) -> Result<()> {
        let (true, Some(Word::Input(file))) =
            (["fit", "uncertainty"].contains(&stage.kind()), stage.words.get(1))
        else {
            return Ok(());
        };
        if file.is_file() {
            return Ok(());
        }
        let path = stage.table();
        let error = Error::input(
            format!(
                "{} file {} is not there, or is no file",
                self.table_name(path),
                file.display()
            ),
            "it is of what stands in it",
            "Correct its path, which is relative to the study file.",
        );
        Err(self.at_line(error, self.lines.get(&format!("{path}.{FILE}")), ""))
    }

    /// Refuses a half-life that is not that of the study's nuclide. One of the user's own is not looked up.
    fn is_of_nuclide(&self, path: &str, stated: &str) -> Result<()> {
        let (Some(seconds), Ok(nuclide)) = (seconds_of(stated), Nuclide::load(&self.nuclide))
        else {
            return Ok(());
        };
        if (seconds / nuclide.half_life_s - 1.0).abs() <= SAME_HALF_LIFE {
            return Ok(());
        }
        let hours = |s: f64| s / SECONDS_PER_HOUR;
        let error = Error::input(
            format!("{} half_life is {stated}, {:.4} h", self.table_name(path), hours(seconds)),
            format!(
                "that of {}, of which the study is, is {:.4} h",
                self.nuclide,
                hours(nuclide.half_life_s)
            ),
            "Leave half_life out, or correct the nuclide.",
        );
        Err(self.at_line(error, self.lines.get(&format!("{path}.{FILE}")), ""))
    }

    /// What a file from counts to dose names: the history of its calibration factor. What is wrong with the file itself is said by its reader.
    fn read_by(&self, path: &str, file: &Path) -> Result<Vec<PathBuf>> {
        let text = crate::files::text(file).unwrap_or_default();
        let Ok(input) = text.parse::<Table>() else { return Ok(Vec::new()) };
        if let Some(Value::String(nuclide)) = input.get("nuclide")
            && !same(nuclide, &self.nuclide)
        {
            let error = Error::input(
                format!("{} file {} is of {nuclide}", self.table_name(path), file.display()),
                format!("the study is of {}", self.nuclide),
                "Name a file of this study, or correct the nuclide.",
            );
            return Err(self.at_line(error, self.lines.get(&format!("{path}.{FILE}")), ""));
        }
        if let Some(Value::String(stated)) = input.get(HALF_LIFE) {
            self.is_of_nuclide(path, stated)?;
        }
        let history = input.get("calibration").and_then(|c| c.get("history"));
        let folder = file.parent().unwrap_or(Path::new(""));
        let named = history.and_then(Value::as_str).map(|name| folder.join(name));
        Ok(named.filter(|f| f.is_file()).into_iter().collect())
    }
}

/// Whether two spellings are of one nuclide; of nuclides of one's own their reader says whether it knows them.
fn same(a: &str, b: &str) -> bool {
    match (canonical_name(a), canonical_name(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// The keys that are options.
fn options(table: &Table) -> Table {
    let mut options = table.clone();
    options.remove(FILE);
    options
}
