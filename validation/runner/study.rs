//! What convergence and sanity studies share: runs of a case's problem with changed settings.

use voxgray::report::PlotPoint;
use voxgray::transport::settings::Settings;
use voxgray::{Error, Result};

use super::case::Group;
use super::judge::{ENERGY_BAR, Verdict};
use super::problem::{Problem, build};
use super::run::{RunOptions, cell_values, execute};

/// A study's table and verdict.
pub struct Study {
    /// Title.
    pub title: String,
    /// Column names.
    pub head: Vec<&'static str>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// Verdict; a study that only shows a bias passes if its runs conserve energy.
    pub verdict: Verdict,
    /// Plots of values against a reference.
    pub plots: Vec<StudyPlot>,
}

/// Values against a reference at the same places.
pub struct StudyPlot {
    /// Name of the picture.
    pub file: String,
    /// Line above it.
    pub title: String,
    /// Quantities and units of both axes.
    pub axes: [String; 2],
    /// What the reference is.
    pub reference_name: String,
    /// Ours.
    pub values: Vec<PlotPoint>,
    /// The reference's.
    pub reference: Vec<PlotPoint>,
}

/// One run of a study.
pub struct StudyRun {
    /// Value and standard error per cell.
    pub values: Vec<(f64, f64)>,
    /// Histories per second.
    pub per_second: f64,
    /// Whether the books balance.
    pub balanced: bool,
}

/// The problem of the case `group/run`.
///
/// # Errors
/// If there is no such case or its reference cannot be used.
pub fn problem(groups: &[Group], name: &str) -> Result<Problem> {
    let mut all = groups.iter().flat_map(|g| g.runs.iter().map(move |r| (g, r)));
    let found = all.find(|(g, r)| format!("{}/{}", g.name, r.name) == name);
    let (group, entry) = found.ok_or_else(|| {
        Error::run(format!("no case {name}"), "a study is built on it", "Restore the case file.")
    })?;
    build(group, entry)
}

/// Runs a problem with `settings`.
///
/// # Errors
/// If the run fails.
pub fn run(
    problem: &Problem,
    settings: &Settings,
    histories: f64,
    options: &RunOptions,
) -> Result<StudyRun> {
    let outcome = execute(problem, settings, histories, options)?;
    Ok(StudyRun {
        values: cell_values(problem, &outcome),
        per_second: outcome.tally.histories() as f64 / outcome.seconds,
        balanced: outcome.tally.ledger.imbalance().abs() <= ENERGY_BAR,
    })
}
