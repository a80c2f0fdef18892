//! `study.toml`: what is known of a patient's treatment. Unknown keys are refused with the nearest known; tables that stand for a command or
//! a series file are checked by the command and the reader that they are for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lines::Lines;
use crate::error::{Error, Result};

/// Version of the file that is read.
pub const VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: i64,
    pseudonym: Option<String>,
    nuclide: String,
    nuclide_data: Option<String>,
    nuclide_file: Option<PathBuf>,
    out: Option<PathBuf>,
    cycle: Vec<CycleEntry>,
    #[serde(default)]
    series: toml::Table,
    #[serde(default)]
    dose: toml::Table,
    compare: Option<toml::Table>,
    #[serde(default)]
    dvh: toml::Table,
    bed: Option<toml::Table>,
    #[serde(default)]
    limit: Vec<toml::Table>,
    #[serde(default)]
    fit: Vec<toml::Table>,
    #[serde(default)]
    uncertainty: Vec<toml::Table>,
    dicom: Option<toml::Table>,
    #[serde(default)]
    report: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CycleEntry {
    administered: Option<String>,
    time: Option<toml::Value>,
    ct: Option<PathBuf>,
    ct_series: Option<String>,
    #[serde(default)]
    voi: Vec<VoiEntry>,
    activity: Option<PathBuf>,
    #[serde(default)]
    candidate: BTreeMap<String, PathBuf>,
    #[serde(default)]
    time_point: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VoiEntry {
    file: PathBuf,
    names: Option<PathBuf>,
}

/// A file of VOIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiFile {
    /// Label map, RTSTRUCT, SEG.
    pub file: PathBuf,
    /// Table of the labels' names.
    pub names: Option<PathBuf>,
}

/// One administration and what was measured after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// Administered activity as written, such as `7.4 GBq`.
    pub administered: Option<String>,
    /// Date and time of the administration, or how long before the image, as written.
    pub time: Option<String>,
    /// The CT; none where `[dose]` gives density and materials.
    pub ct: Option<PathBuf>,
    /// SeriesInstanceUID of the CT, where a folder holds several.
    pub ct_series: Option<String>,
    /// VOIs.
    pub vois: Vec<VoiFile>,
    /// One image, in place of time points.
    pub activity: Option<PathBuf>,
    /// Doses of other programs, by name, which are compared with that of the cycle.
    pub candidates: Vec<(String, PathBuf)>,
    /// Time points with the keys of a series file; their paths are as written.
    pub points: Vec<toml::Table>,
}

/// A study. Paths are joined to the folder of the file, but for those in tables.
#[derive(Debug, Clone)]
pub struct Study {
    /// The file.
    pub path: PathBuf,
    /// Its folder; empty for the one where the program was started.
    pub folder: PathBuf,
    /// What stands for the patient's name.
    pub pseudonym: Option<String>,
    /// The nuclide.
    pub nuclide: String,
    /// Evaluation of nuclear decay data.
    pub nuclide_data: Option<String>,
    /// Nuclides of one's own.
    pub nuclide_file: Option<PathBuf>,
    /// The output folder.
    pub out: PathBuf,
    /// Administrations.
    pub cycles: Vec<Cycle>,
    /// Keys of a series file.
    pub series: toml::Table,
    /// Options of `voxgray dose`.
    pub dose: toml::Table,
    /// Methods beside that of `dose`, and options of `voxgray compare-methods`.
    pub compare: Option<toml::Table>,
    /// Options of `voxgray dvh`.
    pub dvh: toml::Table,
    /// Options of `voxgray bed`; without them there is no BED.
    pub bed: Option<toml::Table>,
    /// Options of `voxgray plan limit`, for each limit.
    pub limits: Vec<toml::Table>,
    /// Tables of curves, each `file` and options of `voxgray fit`.
    pub fits: Vec<toml::Table>,
    /// Files from counts to dose, each `file` and options of `voxgray uncertainty`.
    pub uncertainties: Vec<toml::Table>,
    /// Options of `voxgray dicom`; without them no DICOM is written.
    pub dicom: Option<toml::Table>,
    /// Options of `voxgray report`.
    pub report: toml::Table,
    /// Where each key stands.
    pub lines: Lines,
}

impl Study {
    /// Reads a study file. `out` goes before what the file says of the output folder.
    ///
    /// # Errors
    /// If it cannot be read, is of another version, a key is unknown, or a cycle has nothing to measure.
    pub fn read(path: &Path, out: Option<&Path>) -> Result<Self> {
        let text = crate::files::text(path)?;
        Self::parse(&text, path, out).map_err(|mut e| {
            e.problem = format!("{}: {}", path.display(), e.problem);
            e
        })
    }

    /// As [`Study::read`], from its text.
    ///
    /// # Errors
    /// As [`Study::read`].
    pub fn parse(text: &str, path: &Path, out: Option<&Path>) -> Result<Self> {
        // A file of a newer version has keys that are not known: that it is newer is told, not that.
        let table: toml::Table = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        if let Some(found) = table.get("format").and_then(toml::Value::as_integer) {
            Error::of_version(found, VERSION)?;
        }
        let file: File = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let lines = Lines::of(text);
        if file.cycle.is_empty() {
            return Err(Error::input(
                "no [[cycle]]",
                "a study is of activity that was given",
                "Add [[cycle]] with its CT and time points.",
            ));
        }
        let mut cycles = Vec::new();
        for (n, entry) in file.cycle.into_iter().enumerate() {
            cycles.push(entry.build(n, &folder, &lines)?);
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let own = file.out.map_or_else(|| folder.join(format!("{stem}-out")), |o| folder.join(o));
        let nuclide_file = file.nuclide_file.map(|f| folder.join(f));
        Ok(Study {
            path: path.to_path_buf(),
            folder,
            pseudonym: file.pseudonym,
            nuclide: file.nuclide,
            nuclide_data: file.nuclide_data,
            nuclide_file,
            out: out.map_or(own, Path::to_path_buf),
            cycles,
            series: file.series,
            dose: file.dose,
            compare: file.compare,
            dvh: file.dvh,
            bed: file.bed,
            limits: file.limit,
            fits: file.fit,
            uncertainties: file.uncertainty,
            dicom: file.dicom,
            report: file.report,
            lines,
        })
    }

    /// `, line 7` of a key, or nothing.
    pub fn line(&self, path: &str) -> String {
        self.lines.get(path).map_or(String::new(), |l| format!(", line {l}"))
    }
}

impl CycleEntry {
    fn build(self, n: usize, folder: &Path, lines: &Lines) -> Result<Cycle> {
        let key = format!("cycle.{}", n + 1);
        let line = lines.get(&key).map_or(String::new(), |l| format!(", line {l}"));
        let refuse = |what: &str, why: &str, suggestion: &str| {
            Err(Error::input(format!("cycle {}{line}: {what}", n + 1), why, suggestion))
        };
        match (&self.activity, self.time_point.len()) {
            (None, 0) => {
                return refuse(
                    "no activity and no time points",
                    "a dose needs an activity image",
                    "Add [[cycle.time_point]] with time and activity for each image, or activity for one that only decays in place.",
                );
            }
            (Some(_), 1..) => {
                return refuse(
                    "activity and time points",
                    "one image stands in place of time points",
                    "Keep one of them.",
                );
            }
            _ => {}
        }
        for (i, point) in self.time_point.iter().enumerate() {
            if !point.contains_key("activity") {
                let at = lines.get(&format!("{key}.time_point.{}", i + 1));
                let at = at.map_or(String::new(), |l| format!(" (line {l})"));
                return refuse(
                    &format!("time point {}{at} has no activity", i + 1),
                    "it is that of an image",
                    "Name its image, or leave the time point out; docs/study.md says what one missing scan leaves.",
                );
            }
        }
        let time = match self.time {
            None => None,
            Some(toml::Value::String(text)) => Some(text),
            Some(toml::Value::Datetime(date)) => Some(date.to_string()),
            Some(other) => {
                return refuse(
                    &format!("time is {other}"),
                    "it is a date and time",
                    "Write for example time = \"2026-03-01T10:00:00+01:00\".",
                );
            }
        };
        let voi = |v: VoiEntry| VoiFile {
            file: folder.join(v.file),
            names: v.names.map(|n| folder.join(n)),
        };
        Ok(Cycle {
            administered: self.administered,
            time,
            ct: self.ct.map(|c| folder.join(c)),
            ct_series: self.ct_series,
            vois: self.voi.into_iter().map(voi).collect(),
            activity: self.activity.map(|a| folder.join(a)),
            candidates: self.candidate.into_iter().map(|(k, v)| (k, folder.join(v))).collect(),
            points: self.time_point,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = "format = 1\nnuclide = \"Lu-177\"\n[[cycle]]\nct = \"ct\"\n[[cycle.time_point]]\n\
                         time = \"4h\"\nactivity = \"a.nii\"\n";

    fn read(text: &str) -> Result<Study> {
        Study::parse(text, Path::new("p/study.toml"), None)
    }

    fn refused(text: &str, said: &str) {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(said), "'{said}' is not in: {error}");
    }

    #[test]
    fn paths_are_beside_the_file() {
        let study = read(STUDY).unwrap();
        assert_eq!(study.cycles[0].ct.as_deref(), Some(Path::new("p/ct")));
        assert_eq!(study.out, Path::new("p/study-out"));
        assert_eq!(study.line("cycle.1.time_point.1.time"), ", line 6");
    }

    #[test]
    fn what_is_wrong_is_named() {
        refused(&STUDY.replace("nuclide", "nuclid"), "Did you mean 'nuclide'?");
        refused(&STUDY.replace("ct =", "cts ="), "Did you mean 'ct'?");
        refused(&STUDY.replace("format = 1", "format = 2\nnew_key = 3"), "version 2");
        refused(&STUDY.replace("format = 1", ""), "missing field `format`");
        refused(
            &STUDY.replace("activity = \"a.nii\"", ""),
            "time point 1 (line 5) has no activity",
        );
        refused(&STUDY[..STUDY.find("[[cycle.time").unwrap()], "no activity and no time points");
        refused(&STUDY.replace("ct = \"ct\"", "activity = \"a\""), "in place of time points");
    }
}
