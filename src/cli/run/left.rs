//! How long a study will take from one of its stages on: as before where it was run before, else from what its doses took. Neglects stages that turn
//! out to hold, and changes of the study since.

use std::path::Path;

use serde_json::Value;

use crate::cli::study_left::{self, Later, Rest, Watched, about};
use crate::cli::{Arguments, Command};
use crate::pipeline::Route;
use crate::study::{Done, Record, Stage};

/// What stages take of what a dose takes beside its transport, on the demo's grids of 4 and 8 mm (histograms 1.1 and 1.7, report 0.7 and 0.8).
const PARTS: [(&str, f64); 7] = [
    ("dvh", 1.2),
    ("bed", 0.3),
    ("dicom", 0.1),
    ("report", 0.8),
    ("limit", 0.02),
    ("method", 1.5),
    ("compare", 1.0),
];

/// What is known of a stage that comes later.
fn later(record: &Record, stage: &Stage) -> Later {
    if let Some(seconds) = record.get(&stage.name).and_then(|d| d.seconds) {
        return Later::Known(seconds);
    }
    let part = PARTS.iter().find(|p| p.0 == stage.kind() && !stage.shared);
    part.map_or(Later::Dose, |p| Later::Part(p.1))
}

/// Has the time left told while a dose runs; other stages are short.
pub(super) fn watch(
    record: &Record,
    stages: &[Stage],
    n: usize,
    arguments: &Arguments,
) -> Option<Watched> {
    let Command::Dose(dose) = &arguments.command else { return None };
    let transports = if Route::from(dose.route) == Route::Both { 2 } else { 1 };
    let later = stages.iter().skip(n + 1).map(|s| self::later(record, s)).collect();
    Some(study_left::watch(Rest { transports, later }))
}

/// About how long this and the later stages take, for the line that begins a stage; empty where nothing tells.
pub(super) fn text(
    record: &Record,
    stages: &[Stage],
    n: usize,
    before: Option<&Done>,
    out: &Path,
) -> String {
    let Some(stage) = stages.get(n) else { return String::new() };
    // The record of this stage is that of the run that begins.
    let own = match before.and_then(|d| d.seconds) {
        Some(seconds) => Later::Known(seconds),
        None => later(record, stage),
    };
    let all: Vec<Later> =
        std::iter::once(own).chain(stages.iter().skip(n + 1).map(|s| later(record, s))).collect();
    let known = all.iter().all(|l| matches!(l, Later::Known(_)));
    let (dose, beside) = of_doses(record, stages, out);
    let of = |l: &Later| match l {
        Later::Known(seconds) => Some(*seconds),
        Later::Dose => dose,
        Later::Part(part) => beside.map(|s| part * s),
    };
    match all.iter().map(of).sum::<Option<f64>>() {
        Some(seconds) if known => format!(" ({} to the end, as before)", about(seconds)),
        Some(seconds) => format!(" ({} to the end)", about(seconds)),
        None => String::new(),
    }
}

/// What the doses that are whole took on average, s, and that beside their transport; none where none is, or where one was made in several parts, of
/// which the last alone is timed.
fn of_doses(record: &Record, stages: &[Stage], out: &Path) -> (Option<f64>, Option<f64>) {
    let (mut whole, mut beside) = (Vec::new(), Vec::new());
    for stage in stages.iter().filter(|s| s.needed) {
        let Some(seconds) = record.get(&stage.name).and_then(|d| d.seconds) else { continue };
        whole.push(seconds);
        let path = out.join(stage.output.name()).join("summary.json");
        let text = crate::files::text(&path).unwrap_or_default();
        let summary: Value = serde_json::from_str(&text).unwrap_or_default();
        let transport = summary["timing"]["transport_seconds"].as_f64();
        beside.extend(transport.map(|t| seconds - t).filter(|s| *s >= 0.0));
    }
    let mean = |all: &[f64]| (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
    (mean(&whole), mean(&beside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Output;

    fn stage(name: &str) -> Stage {
        Stage {
            name: name.into(),
            words: Vec::new(),
            when_run: Vec::new(),
            output: Output::Folder(name.into()),
            after: Vec::new(),
            file: None,
            file_text: String::new(),
            reads: Vec::new(),
            needed: name.starts_with("dose"),
            shared: name.starts_with("dose"),
            tables: Vec::new(),
        }
    }

    fn done(name: &str, seconds: Option<f64>) -> Done {
        Done {
            stage: name.into(),
            key: String::new(),
            exit: seconds.map(|_| 0),
            error: None,
            sha256: None,
            seconds,
            command: String::new(),
            inputs: Vec::new(),
            said: Vec::new(),
        }
    }

    #[test]
    fn a_first_run_is_told_from_its_doses_and_a_later_one_from_before() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path();
        let stages = ["dose", "dvh", "report"].map(stage);
        let mut record = Record::read(out);
        let at = |record: &Record, n: usize, before: Option<&Done>| {
            text(record, &stages, n, before, out)
        };
        assert_eq!(at(&record, 0, None), "");
        // 40 s, 10 s of them beside transport: 12 s for the histograms, 8 s for the report.
        record.enter(done("dose", Some(40.0)), out).unwrap();
        assert_eq!(at(&record, 1, None), "");
        std::fs::create_dir_all(out.join("dose")).unwrap();
        std::fs::write(out.join("dose/summary.json"), r#"{"timing": {"transport_seconds": 30.0}}"#)
            .unwrap();
        assert_eq!(at(&record, 1, None), " (about 20 s to the end)");
        record.enter(done("dvh", Some(5.0)), out).unwrap();
        record.enter(done("report", Some(7.0)), out).unwrap();
        let before = record.get("dose").cloned();
        record.enter(done("dose", None), out).unwrap();
        assert_eq!(at(&record, 0, before.as_ref()), " (about 52 s to the end, as before)");
    }
}
