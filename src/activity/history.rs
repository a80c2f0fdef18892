//! The dated history of a camera's calibration factors, a TOML file:
//!
//! ```toml
//! version = 1
//!
//! [[calibration]]
//! time = 2026-11-22T10:00:00+01:00
//! camera = "NM1, OSEM 5i 15s"
//! nuclide = "Lu-177"
//! collimator = "MEGP"
//! window_kev = [187.2, 228.8]
//! unit = "cps/MBq"
//! value = 20.1
//! random_uncertainty = 0.1       # without what all calibrations by one calibrator share
//! shared_uncertainty = 0.3
//! acquisitions = 3
//! ```

use std::fmt::Write as _;

use serde::Deserialize;
use toml::value::Datetime;

use super::calibration_file::CalibrationResult;
use super::camera::{CameraSetup, FactorUnit};
use super::check::{not_negative, positive, uncertain};
use crate::error::{Error, Result};
use crate::time::Moment;

/// Version of the file that is read and written.
const VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryFile {
    version: i64,
    #[serde(default)]
    calibration: Vec<EntryFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    time: Datetime,
    camera: String,
    nuclide: String,
    collimator: String,
    window_kev: [f64; 2],
    unit: String,
    value: f64,
    random_uncertainty: f64,
    shared_uncertainty: f64,
    acquisitions: usize,
}

/// One calibration of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// When.
    pub time: Moment,
    /// What it holds for.
    pub setup: CameraSetup,
    /// Unit of the factor.
    pub unit: FactorUnit,
    /// The factor.
    pub value: f64,
    /// Standard uncertainty without the shared part.
    pub random_uncertainty: f64,
    /// Standard uncertainty from what is shared.
    pub shared_uncertainty: f64,
    /// Number of acquisitions.
    pub acquisitions: usize,
}

/// A table that files of readings have, and histories have not.
const READINGS: &str = "acquisition";

/// Calibrations in time order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    entries: Vec<HistoryEntry>,
}

impl History {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it has another version, unknown or missing keys, bad values, or calibrations that are not in time order.
    pub fn from_toml(text: &str) -> Result<Self> {
        let file: HistoryFile = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        Error::of_version(file.version, VERSION)?;
        let mut history = History::default();
        for e in file.calibration {
            history.push(HistoryEntry {
                time: Moment::parse(&e.time.to_string())?,
                setup: CameraSetup {
                    camera: e.camera,
                    nuclide: e.nuclide,
                    collimator: e.collimator,
                    window_kev: e.window_kev,
                },
                unit: FactorUnit::parse(&e.unit)?,
                value: e.value,
                random_uncertainty: e.random_uncertainty,
                shared_uncertainty: e.shared_uncertainty,
                acquisitions: e.acquisitions,
            })?;
        }
        Ok(history)
    }

    /// Of a history, or of the readings of one calibration: the history that `voxgray calibrate` would make of them.
    ///
    /// # Errors
    /// As [`History::from_toml`] and [`CalibrationResult::from_toml`].
    pub fn of_history_or_readings(text: &str) -> Result<Self> {
        let table = toml::from_str::<toml::Table>(text);
        if !table.is_ok_and(|t| t.contains_key(READINGS)) {
            return History::from_toml(text);
        }
        let mut history = History::default();
        history.push(CalibrationResult::from_toml(text)?.history_entry())?;
        Ok(history)
    }

    /// Adds the newest calibration of its setup, in time order among those of all.
    ///
    /// # Errors
    /// If it is bad, not later than the last one of its setup and unit, or only one of two states its offset from UTC.
    pub fn push(&mut self, entry: HistoryEntry) -> Result<()> {
        positive("a calibration factor", entry.value)?;
        uncertain("a calibration factor", entry.random_uncertainty)?;
        not_negative("the shared uncertainty of a calibration factor", entry.shared_uncertainty)?;
        for text in [&entry.setup.camera, &entry.setup.nuclide, &entry.setup.collimator] {
            if text.chars().any(char::is_control) {
                return Err(Error::input(
                    format!("the name {text:?}"),
                    "a name is one line of text",
                    "Remove control characters.",
                ));
            }
        }
        if let Some(last) = self.of(&entry.setup, entry.unit).last()
            && entry.time.seconds_since(&last.time)? <= 0.0
        {
            return Err(Error::input(
                format!("a calibration of {} after one of {}", entry.time, last.time),
                "the factors of a setup are added in time order, one at a time",
                "Check the date; to redo a calibration, remove the old one from the file.",
            ));
        }
        let mut at = self.entries.len();
        while at > 0 && entry.time.seconds_since(&self.entries[at - 1].time)? < 0.0 {
            at -= 1;
        }
        self.entries.insert(at, entry);
        Ok(())
    }

    /// All calibrations.
    pub fn entries(&self) -> &[HistoryEntry] {
        &self.entries
    }

    /// Those of one setup and unit.
    pub fn of(&self, setup: &CameraSetup, unit: FactorUnit) -> Vec<&HistoryEntry> {
        self.entries.iter().filter(|e| e.unit == unit && e.setup.check(setup).is_ok()).collect()
    }

    /// Of the calibrations of other setups or units the one that differs least from this, the newest of those; what differs, in words.
    pub fn nearest_other(
        &self,
        setup: &CameraSetup,
        unit: FactorUnit,
    ) -> Option<(&HistoryEntry, String)> {
        let differences = |e: &HistoryEntry| {
            let mut found = e.setup.differences(setup);
            if e.unit != unit {
                found.push(("unit", e.unit.name().into(), unit.name().into()));
            }
            found
        };
        let all = self.entries.iter().rev().map(|e| (e, differences(e)));
        let (entry, found) = all.filter(|(_, d)| !d.is_empty()).min_by_key(|(_, d)| d.len())?;
        let each = |(what, there, here): &(&str, String, String)| {
            format!("{what} {there} there and {here} here")
        };
        Some((entry, found.iter().map(each).collect::<Vec<_>>().join(", ")))
    }

    /// The text of the file.
    pub fn to_toml(&self) -> String {
        let mut text = format!("version = {VERSION}\n");
        for e in &self.entries {
            let [low, high] = e.setup.window_kev;
            let _ = write!(
                text,
                "\n[[calibration]]\ntime = {}\ncamera = {}\nnuclide = {}\ncollimator = {}\nwindow_kev = [{low:?}, {high:?}]\nunit = {}\n\
                 value = {:?}\nrandom_uncertainty = {:?}\nshared_uncertainty = {:?}\nacquisitions = {}\n",
                e.time,
                quoted(&e.setup.camera),
                quoted(&e.setup.nuclide),
                quoted(&e.setup.collimator),
                quoted(e.unit.name()),
                e.value,
                e.random_uncertainty,
                e.shared_uncertainty,
                e.acquisitions
            );
        }
        text
    }
}

/// A TOML string of a text without control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        version = 1
        [[calibration]]
        time = 2026-11-22T10:00:00+01:00
        camera = "NM1 \"east\" \\ 5i"
        nuclide = "Lu-177"
        collimator = "MEGP"
        window_kev = [187.2, 228.8]
        unit = "cps/MBq"
        value = 20.1
        random_uncertainty = 0.1
        shared_uncertainty = 0.3
        acquisitions = 3
    "#;

    fn history() -> History {
        History::from_toml(GOOD).expect("good")
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut history = history();
        let mut next = history.entries()[0].clone();
        assert_eq!(next.setup.camera, r#"NM1 "east" \ 5i"#);
        next.time = Moment::parse("2026-12-22T10:00:00+01:00").unwrap();
        next.value = 1.0 / 3.0;
        history.push(next.clone()).unwrap();
        assert_eq!(History::from_toml(&history.to_toml()), Ok(history.clone()));
        let other = CameraSetup { collimator: "LEHR".into(), ..next.setup.clone() };
        assert_eq!(history.of(&next.setup, FactorUnit::CpsPerMbq).len(), 2);
        assert!(history.of(&other, FactorUnit::CpsPerMbq).is_empty());
        assert!(history.of(&next.setup, FactorUnit::BqPerMlPerCps).is_empty());
        assert_eq!(History::from_toml("version = 1"), Ok(History::default()));
    }

    #[test]
    fn bad_files_are_refused() {
        let refused = |from: &str, to: &str, expected: &str| {
            assert!(GOOD.contains(from), "{from}");
            let error = History::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        };
        refused("version = 1", "version = 2", "version 2");
        refused("version = 1", "", "version");
        refused("collimator", "colimator", "colimator");
        refused("random_uncertainty = 0.1", "random_uncertainty = 0", "infinite weight");
        refused("value = 20.1", "value = -20.1", "above zero");
        refused("value = 20.1", "value = nan", "above zero");
        refused("2026-11-22T10:00:00+01:00", "2026-11-22", "time");
        refused("cps/MBq", "cps", "calibration unit");
        refused("NM1", "\\n", "control characters");
    }

    #[test]
    fn the_order_is_kept() {
        let mut history = history();
        let entry = |time: &str| HistoryEntry {
            time: Moment::parse(time).unwrap(),
            ..history.entries()[0].clone()
        };
        let bad = ["2026-11-22T10:00:00+01:00", "2026-11-22T09:59:59+01:00", "2026-11-23T10:00:00"]
            .map(entry);
        for entry in bad {
            assert!(history.push(entry.clone()).is_err(), "{}", entry.time);
        }
        assert!(
            history.nearest_other(&history.entries()[0].setup, FactorUnit::CpsPerMbq).is_none()
        );
        let asked = CameraSetup { collimator: "LEHR".into(), ..history.entries()[0].setup.clone() };
        let (_, told) = history.nearest_other(&asked, FactorUnit::CpsPerMbq).unwrap();
        assert_eq!(told, "collimator MEGP there and LEHR here");
        // Another setup at the same time is fine, or an older one: it takes its place in time.
        let mut other = history.entries()[0].clone();
        other.setup.collimator = "LEHR".into();
        assert_eq!(history.push(other.clone()), Ok(()));
        other.setup.camera = "NM2".into();
        other.time = Moment::parse("2026-11-01T10:00:00+01:00").unwrap();
        assert_eq!(history.push(other.clone()), Ok(()));
        assert_eq!(history.entries()[0], other);
        assert!(history.push(other).is_err(), "twice");
    }
}
