//! What a report reads: summaries, tables of results.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::finished::{has_histories, of_activity, read_summary};
use super::ReportJob;
use crate::error::{Error, Result};
use crate::io::folder::Mark;
use crate::units::SECONDS_PER_HOUR;

/// A finished run.
#[derive(Debug)]
pub struct Run {
    /// `cycle 1`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// `summary.json`.
    pub summary: Value,
    /// Administered activity.
    pub administered_bq: Option<f64>,
}

/// The runs whose maps results are of, in the order of the maps.
///
/// # Errors
/// If one of the maps, by its hash, is a file of none of the runs.
pub fn of_these_runs<'a>(place: &Path, found: &Value, runs: &'a [Run]) -> Result<Vec<&'a Run>> {
    let one = &found["map_sha256"];
    let all = one.as_array().map_or(std::slice::from_ref(one), Vec::as_slice);
    let mut of = Vec::new();
    for hash in all {
        let hash = as_text(hash);
        let known = runs.iter().map(|r| r.has(&hash)).collect::<Result<Vec<_>>>()?;
        if let Some(run) = known.iter().position(|k| *k) {
            of.push(&runs[run]);
        } else {
            return Err(Error::input(
                format!("{} is of another dose", place.display()),
                "its map is that of none of the runs",
                "Analyse the folder that is reported, or report the folder that was analysed.",
            ));
        }
    }
    Ok(of)
}

impl Run {
    /// Reads one.
    pub fn read(folder: &Path, n: usize, job: &ReportJob) -> Result<Self> {
        let summary = read_summary(folder)?;
        of_activity(
            &summary,
            folder,
            "a report is of activity that was given: when and how much, where it went, the items of guidance on it; a beam has none of them",
        )?;
        Ok(Run {
            name: format!("cycle {}", n + 1),
            folder: folder.to_path_buf(),
            summary,
            administered_bq: job.administered_bq.get(n).copied().flatten(),
        })
    }

    /// Whether a file of the run has this hash.
    ///
    /// # Errors
    /// If the mark of its folder cannot be read.
    pub fn has(&self, sha256: &str) -> Result<bool> {
        let mark = Mark::read(&self.folder)?;
        let files = mark.iter().flat_map(|m| &m.files);
        Ok(files.map(|f| f.sha256.as_deref()).any(|h| h == Some(sha256)))
    }

    /// A value by its path (RFC 6901).
    pub fn at(&self, pointer: &str) -> &Value {
        self.summary.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A number.
    pub fn number(&self, pointer: &str) -> Option<f64> {
        self.at(pointer).as_f64()
    }

    /// A text or number as a text; empty where there is none.
    pub fn text(&self, pointer: &str) -> String {
        as_text(self.at(pointer))
    }

    /// The items of a list.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer).as_array().map_or(&[], Vec::as_slice)
    }

    /// What it read.
    pub fn inputs(&self) -> &[Value] {
        self.list("/setup/inputs")
    }

    /// `absorbed dose` or `absorbed dose rate`.
    pub fn quantity(&self) -> &'static str {
        match self.at("/dose/quantity").as_str() {
            Some(name) if name.starts_with("dose_rate") => "absorbed dose rate",
            _ => "absorbed dose",
        }
    }

    /// Gy or Gy/s.
    pub fn unit(&self) -> String {
        self.text("/dose/unit")
    }

    /// Whether it followed histories in the patient.
    pub fn transports(&self) -> bool {
        has_histories(&self.summary)
    }

    /// How many decays were simulated, in words.
    pub fn histories(&self) -> String {
        match self.transports() {
            true => format!("{} decays simulated", self.text("/run/histories")),
            false => {
                format!("by {}, without histories in the patient", self.text("/setup/method/name"))
            }
        }
    }

    /// The times of the activity images.
    pub fn hours(&self) -> Vec<f64> {
        let of_series = self.list("/setup/time_points/timing");
        let one = || std::slice::from_ref(self.at("/setup/timing"));
        let all = if of_series.is_empty() { one() } else { of_series };
        all.iter().filter_map(|t| t["hours_after_administration"].as_f64()).collect()
    }

    /// Curves of the VOIs by each route: its name, factor and unit of its values, the VOI's name, the curve.
    pub fn curves(&self) -> Vec<Curve<'_>> {
        let names: Vec<&str> =
            self.list("/vois").iter().map(|v| v["name"].as_str().unwrap_or_default()).collect();
        let mut all = Vec::new();
        for (route, factor, y, unit) in [
            ("activity_route", 1e-6, "activity / MBq", "MBq h"),
            ("dose_rate_route", 1e3 * SECONDS_PER_HOUR, "dose rate / (mGy/h)", "mGy"),
        ] {
            let of_route = self.list(&format!("/setup/{route}/vois"));
            all.extend(of_route.iter().zip(&names).map(|(v, name)| Curve {
                voi: name,
                factor,
                y_label: y,
                unit,
                curve: &v["curve"],
            }));
        }
        if !all.is_empty() {
            all.push(Curve {
                voi: "outside of all VOIs",
                factor: 1e-6,
                y_label: "activity / MBq",
                unit: "MBq h",
                curve: self.at("/setup/time_points/outside_of_vois"),
            });
        }
        all
    }
}

/// A VOI's curve.
pub struct Curve<'a> {
    /// The VOI.
    pub voi: &'a str,
    /// What values are multiplied by to be shown.
    pub factor: f64,
    /// What is shown.
    pub y_label: &'static str,
    /// Unit of the integral over hours.
    pub unit: &'static str,
    /// As in the summary.
    pub curve: &'a Value,
}

impl Curve<'_> {
    /// Numbers of the curve.
    pub fn numbers(&self, pointer: &str) -> Vec<f64> {
        let list = self.curve.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
    }
}

/// A text or number as a text.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A table of results of a command.
pub fn results(path: &Path) -> Result<Value> {
    listed(path, "results")
}

/// What a command wrote as JSON, with a list of this name.
pub fn listed(path: &Path, list: &str) -> Result<Value> {
    let refuse = |why: String| {
        let suggestion = "Name what the command wrote.";
        Error::input(format!("{} is no result of voxgray", path.display()), why, suggestion)
    };
    let value: Value = serde_json::from_str(&crate::files::text(path)?)
        .map_err(|e| refuse(e.to_string()).caused_by(e))?;
    match value[list].is_array() {
        true => Ok(value),
        false => Err(refuse(format!("it has no {list}"))),
    }
}

/// A value of a table by VOI and quantity.
pub fn result<'a>(of: &'a Value, voi: &str, quantity: &str) -> Option<&'a Value> {
    let all = of["results"].as_array()?;
    all.iter().find(|r| r["voi"].as_str() == Some(voi) && r["quantity"].as_str() == Some(quantity))
}
