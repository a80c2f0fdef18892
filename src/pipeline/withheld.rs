//! What of the inputs' names is kept out of everything that is written: paths may name a patient (`Doe_Jane_19500101/CT`), and so do
//! PatientIDs. The terminal shows them as they are.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::inputs::InputRecord;
use crate::error::{Error, Result};
use crate::job::{CurveChoice, Job, MaterialNames, MatterInput, RecordPaths};
use crate::physics::own_nuclides::OwnNuclides;
use crate::report::setup::InputFacts;

/// What replaces a name.
const LEFT_OUT: &str = "(left out)";

/// Letters and digits of a folder's name that may be that of somebody.
const SHORTEST: usize = 3;
/// Names of folders that name nobody, and are words of our messages.
const NOBODY: [&str; 12] = [
    "ct", "pt", "pet", "nm", "spect", "image", "images", "data", "dicom", "activity", "density",
    "voi",
];

/// Texts that do not go into a file, and what stands in their place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Longest first.
    texts: Vec<(String, String)>,
}

impl Withheld {
    /// Of the paths that a job names and of all that were read.
    pub fn new(job: &Job, records: &[InputRecord]) -> Self {
        let mode = job.keeping.record_paths;
        let mut texts = Vec::new();
        for record in records {
            let id = record.facts.as_ref().and_then(|f| f.patient_id.as_deref()).map(str::trim);
            // In quotes, as messages have it: an ID may be as short as a digit.
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                texts.push((format!("'{id}'"), format!("'{LEFT_OUT}'")));
            }
        }
        if mode != RecordPaths::Full {
            let own = paths_of(job).into_iter();
            let all = own.chain(records.iter().map(|r| r.path.clone()));
            all.for_each(|path| add_path(&path, mode, &mut texts));
        }
        Self::of(texts)
    }

    /// Of files, with the folders that they lie in: their names stay.
    #[cfg(feature = "program")]
    pub fn of_files<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut texts = Vec::new();
        for file in files {
            let above = file.parent().filter(|p| p.file_name().is_some());
            std::iter::once(file)
                .chain(above)
                .for_each(|path| add_path(path, RecordPaths::Names, &mut texts));
        }
        Self::of(texts)
    }

    /// Longest first: a path goes before its folder.
    fn of(mut texts: Vec<(String, String)>) -> Self {
        texts.retain(|(text, instead)| !text.is_empty() && text != instead);
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        texts.dedup();
        Withheld { texts }
    }

    /// A text without them.
    pub fn clean(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, (from, to)| replaced(&text, from, to))
    }

    /// Facts of which no text has them: by way of JSON, so that none can be forgotten.
    ///
    /// # Errors
    /// If they cannot be written as JSON and read again.
    pub fn cleaned<T: Serialize + DeserializeOwned>(&self, facts: &T) -> Result<T> {
        let cleaned = serde_json::to_value(facts).and_then(|mut value| {
            self.clean_value(&mut value);
            serde_json::from_value(value)
        });
        cleaned.map_err(|e| {
            Error::run("what is known of a run cannot be kept", e.to_string(), "Report this.")
        })
    }

    /// All strings of a value without them.
    pub fn clean_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.clean(text),
            Value::Array(items) => items.iter_mut().for_each(|v| self.clean_value(v)),
            Value::Object(entries) => entries.values_mut().for_each(|v| self.clean_value(v)),
            _ => {}
        }
    }
}

/// Replaces a text where it stands by itself, not as a part of a word.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let open_end = !from.ends_with(of_word);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        out.push_str(before);
        let inside = from.starts_with(of_word) && out.ends_with(of_word)
            || !open_end && after.starts_with(of_word);
        out.push_str(if inside { from } else { to });
        rest = after;
    }
    out + rest
}

/// How an input is named in the summary.
pub fn record(record: &InputRecord, mode: RecordPaths) -> InputFacts {
    let full = mode == RecordPaths::Full;
    InputFacts {
        activity_bq: record.activity_bq,
        activity_time: record.activity_time.clone(),
        dims: record.dims,
        file: file_name(&record.path, mode),
        files: record.files,
        frame_of_reference_uid: record.frame_of_reference_uid.clone(),
        notes: record.notes.clone(),
        path: full.then(|| record.path.to_string_lossy().into_owned()),
        role: record.role.into(),
        series_uid: record.series_uid.clone(),
        sha256: record.sha256.clone(),
        spacing_mm: record.spacing_mm,
    }
}

/// A file's name; none for a folder.
pub fn file_name(path: &Path, mode: RecordPaths) -> Option<String> {
    if mode == RecordPaths::None || path.is_dir() {
        return None;
    }
    path.file_name().map(|n| n.to_string_lossy().into_owned())
}

/// The path as it may be written.
pub fn shown(path: &Path, mode: RecordPaths) -> String {
    match mode {
        RecordPaths::Full => path.to_string_lossy().into_owned(),
        _ => file_name(path, mode).unwrap_or_else(|| LEFT_OUT.into()),
    }
}

fn add_path(path: &Path, mode: RecordPaths, texts: &mut Vec<(String, String)>) {
    let whole = path.to_string_lossy().into_owned();
    let whole = whole.trim_end_matches(std::path::MAIN_SEPARATOR);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if path.is_dir() {
        // What lies in it keeps its own name; the folder loses its.
        // `.` and `s` are parts of numbers and units, and name nobody.
        if whole.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST {
            return;
        }
        texts.push((format!("{whole}{}", std::path::MAIN_SEPARATOR), String::new()));
        if !NOBODY.contains(&whole.to_ascii_lowercase().as_str()) {
            texts.push((whole.into(), LEFT_OUT.into()));
        }
        return;
    }
    let own = if mode == RecordPaths::None { LEFT_OUT.into() } else { name.clone() };
    texts.push((whole.into(), own.clone()));
    if mode == RecordPaths::None {
        texts.push((name, own));
    }
}

fn paths_of(job: &Job) -> Vec<PathBuf> {
    let mut paths = vec![job.activity.path.clone()];
    match &job.matter {
        MatterInput::Ct { path, curve, .. } => {
            paths.push(path.clone());
            if let CurveChoice::File(path) = curve {
                paths.push(path.clone());
            }
        }
        MatterInput::Maps { density, materials, names } => {
            paths.extend([density.clone(), materials.clone()]);
            if let MaterialNames::File(path) = names {
                paths.push(path.clone());
            }
        }
    }
    for voi in &job.voi {
        paths.push(voi.path.clone());
        paths.extend(voi.names.clone());
    }
    paths.extend(job.activity.calibration.history.clone());
    paths.extend(super::source::spectrum_file(&job.source));
    paths.extend(OwnNuclides::chosen().iter().flat_map(|own| own.files.clone()));
    // Files beside these are named by their folder, too.
    let parents: Vec<PathBuf> =
        paths.iter().filter_map(|p| p.parent()).map(Path::to_path_buf).collect();
    paths.extend(parents.into_iter().filter(|p| p.file_name().is_some()));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withheld(paths: &[&Path], mode: RecordPaths) -> Withheld {
        let mut texts = Vec::new();
        paths.iter().for_each(|p| add_path(p, mode, &mut texts));
        Withheld::of(texts)
    }

    #[test]
    fn folders_go_and_file_names_stay() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("Doe_Jane_19500101");
        std::fs::create_dir_all(folder.join("CT")).unwrap();
        let (file, ct) = (folder.join("spect.nii.gz"), folder.join("CT"));
        let text = format!(
            "{}: noise; {} lacks a slice; {}/1.dcm",
            file.display(),
            ct.display(),
            ct.display()
        );
        let names = withheld(&[&file, &ct, &folder], RecordPaths::Names);
        assert_eq!(names.clean(&text), "spect.nii.gz: noise; (left out) lacks a slice; 1.dcm");
        let value = serde_json::json!({"notes": [text.clone()], "n": 3});
        let value = names.cleaned(&value).unwrap();
        assert!(!value.to_string().contains("Doe"), "{value}");
        // A word of a message that is also the name of a folder stays, and a part of a word is none.
        assert_eq!(replaced("Doe: Does, Doe", "Doe", "x"), "x: Does, x");
        assert_eq!(replaced("in data/x and xdata/x", "data/", ""), "in x and xdata/x");
        // Where the program was started.
        let here = withheld(&[Path::new("."), Path::new("..")], RecordPaths::Names);
        let text = "1.2.840: 0.32 % of ./CT, ../CT, catastar.csv, Bq s";
        assert_eq!(here.clean(text), text);
        let text = format!(
            "{}: noise; {} lacks a slice; {}/1.dcm",
            file.display(),
            ct.display(),
            ct.display()
        );
        let none = withheld(&[&file, &ct, &folder], RecordPaths::None).clean(&text);
        assert_eq!(none, "(left out): noise; (left out) lacks a slice; 1.dcm");
        assert_eq!(file_name(&ct, RecordPaths::Names), None);
        assert_eq!(file_name(&file, RecordPaths::Names).as_deref(), Some("spect.nii.gz"));
        assert_eq!(shown(&file, RecordPaths::None), LEFT_OUT);
    }
}
