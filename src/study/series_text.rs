//! The series file of a cycle: what `voxgray dose` reads for its time points.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::file::{Cycle, Study};
use crate::error::{Error, Result};

/// Version of a series file.
const SERIES_VERSION: i64 = 1;
/// Keys of a series file that a study has elsewhere.
const ELSEWHERE: [(&str, &str); 3] = [
    ("version", "format of the study file stands for it"),
    ("time_point", "time points belong to their [[cycle]]"),
    ("administered", "it is time of the [[cycle]]"),
];

/// Text and what it names.
pub struct SeriesText {
    /// As `voxgray dose` reads it.
    pub text: String,
    /// Files and folders that it names, joined to the study's folder.
    pub reads: Vec<PathBuf>,
}

/// The series file of a cycle; `place` says how a path, joined to the study's folder, is written.
///
/// # Errors
/// If a key belongs elsewhere.
pub fn series_text(
    study: &Study,
    cycle: &Cycle,
    place: &dyn Fn(&Path) -> PathBuf,
) -> Result<SeriesText> {
    for (key, why) in ELSEWHERE {
        if study.series.contains_key(key) {
            return Err(Error::input(
                format!("key series.{key}{}", study.line(&format!("series.{key}"))),
                why,
                "Move it there.",
            ));
        }
    }
    let mut reads = Vec::new();
    let mut placed = |value: &mut Value| {
        if let Value::String(text) = value
            && !text.is_empty()
        {
            let path = study.folder.join(&*text);
            *text = place(&path).to_string_lossy().into_owned();
            reads.push(path);
        }
    };
    let mut table = Table::new();
    table.insert("version".into(), Value::Integer(SERIES_VERSION));
    if let Some(time) = &cycle.time {
        table.insert("administered".into(), Value::String(time.clone()));
    }
    let mut series = study.series.clone();
    if let Some(history) = series.get_mut("calibration").and_then(|c| c.get_mut("history")) {
        placed(history);
    }
    if let Some(Value::Table(regions)) = series.get_mut("recovery") {
        regions.iter_mut().filter_map(|(_, r)| r.get_mut("curve")).for_each(&mut placed);
    }
    table.extend(series);
    let mut points = cycle.points.clone();
    for point in &mut points {
        for key in ["activity", "transform", "register_start", "register_mask", "ct"] {
            point.get_mut(key).into_iter().for_each(&mut placed);
        }
        match point.get_mut("voi") {
            Some(Value::Array(files)) => files.iter_mut().for_each(&mut placed),
            Some(one) => placed(one),
            None => {}
        }
    }
    table.insert(
        "time_point".into(),
        points.into_iter().map(Value::Table).collect::<Vec<_>>().into(),
    );
    let text = toml::to_string(&table).map_err(|e| {
        Error::run("the series file of a cycle cannot be written", e.to_string(), "Report this.")
    })?;
    Ok(SeriesText { text, reads })
}
