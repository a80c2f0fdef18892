//! Runs a problem with the engine and collects its cells.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use voxgray::Result;
use voxgray::stats::mean_and_error;
use voxgray::transport::build::{PlanInput, RadialScoring, build_beam_plan, build_plan};
use voxgray::transport::engine::Engine;
use voxgray::transport::run::{Outcome, RunSettings, Silent};
use voxgray::transport::settings::Settings;

use super::case::{Group, RunEntry};
use super::judge::{ENERGY_BAR, Judged, Verdict, compare, expected_errors, voxel_chi2};
use super::problem::{Problem, build};

/// Batches of a run: enough that a standard error from their spread is known to 9 %.
pub const BATCHES: u32 = 64;

/// How to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// What runs the histories.
    pub engine: Arc<Engine>,
    /// Threads of the CPU; 0 takes all cores.
    pub threads: usize,
    /// Factor on the histories of the case files.
    pub scale: f64,
    /// Take the quick numbers of histories.
    pub quick: bool,
    /// Transport settings.
    pub settings: Settings,
}

/// Part of the quick histories that a software device runs: its speed is a fraction of the CPU engine's.
pub const SOFTWARE_SCALE: f64 = 0.25;

impl RunOptions {
    /// All of the case files' histories, with default settings.
    pub fn new(engine: Engine) -> Self {
        RunOptions {
            engine: Arc::new(engine),
            threads: 0,
            scale: 1.0,
            quick: false,
            settings: Settings::default(),
        }
    }

    /// Factor on the histories; software devices run fewer under `--quick`.
    pub fn factor(&self) -> f64 {
        let software = self.engine.devices().iter().any(|d| d.kind == "software");
        if self.quick && software { SOFTWARE_SCALE * self.scale } else { self.scale }
    }

    /// The engine in words.
    pub fn engine_name(&self) -> String {
        match (self.engine.devices().is_empty(), self.threads) {
            (false, _) => self.engine.name(),
            (true, 0) => {
                let all = std::thread::available_parallelism().map_or(1, usize::from);
                format!("CPU, {all} threads")
            }
            (true, n) => format!("CPU, {n} threads"),
        }
    }
}

/// A case that was run.
pub struct CaseResult {
    /// `group/run`.
    pub name: String,
    /// The problem.
    pub problem: Problem,
    /// Cells and verdict.
    pub judged: Judged,
    /// The same values against each further reference, not judged.
    pub others: Vec<(String, Judged)>,
    /// Histories run.
    pub histories: u64,
    /// Histories per second of wall time.
    pub per_second: f64,
    /// What ran it.
    pub engine: String,
    /// Relative imbalance of the energy books.
    pub imbalance: f64,
    /// Median over the judged cells of our standard error over the reference's.
    pub error_ratio: f64,
}

/// Runs a problem.
///
/// # Errors
/// As building a plan and running it.
pub fn execute(
    problem: &Problem,
    settings: &Settings,
    histories: f64,
    options: &RunOptions,
) -> Result<Outcome> {
    let radial = problem.radii.clone().map(|radii_cm| RadialScoring { radii_cm });
    let input = PlanInput {
        grid: &problem.grid,
        density: &problem.density,
        material: &problem.material,
        materials: &problem.materials,
        activity: &problem.activity,
        decay: &problem.decay,
        settings,
        radial: radial.as_ref(),
    };
    let plan = match &problem.beam {
        Some(beam) => build_beam_plan(&input, beam)?,
        None => build_plan(&input)?,
    };
    let histories = (histories * options.factor()).max(1.0) as u64;
    let mut how = RunSettings::with_histories(histories, BATCHES);
    how.threads = options.threads;
    let regions = problem.labels.iter().copied().max().unwrap_or(0);
    let stop = AtomicBool::new(false);
    options.engine.run(&plan, &how, &problem.labels, usize::from(regions), &Silent, &stop)
}

/// Value and standard error of every cell of a run.
pub fn cell_values(problem: &Problem, outcome: &Outcome) -> Vec<(f64, f64)> {
    let tally = &outcome.tally;
    let cells = problem.cells.iter().enumerate();
    cells
        .map(|(i, cell)| {
            let (e, s) = match problem.radii {
                Some(_) => (tally.mean_mev(i), tally.standard_error_mev(i)),
                // The batches' own spread, be it of one batch: the reference has its part in what statistics explain.
                None => mean_and_error(
                    &tally.region_batches(&[i + 1]),
                    tally.histories_per_batch as f64,
                ),
            };
            (e / cell.divisor, s / cell.divisor)
        })
        .collect()
}

/// Runs and judges a case; `None` if it has no quick form and one is asked for.
///
/// # Errors
/// If the reference cannot be used or the run fails.
pub fn run_case(
    group: &Group,
    entry: &RunEntry,
    options: &RunOptions,
) -> Result<Option<CaseResult>> {
    let Some(histories) = (if options.quick { entry.quick } else { Some(entry.histories) }) else {
        return Ok(None);
    };
    let mut judging = group.clone();
    for zone in judging.zones.iter_mut().filter(|_| options.quick) {
        zone.of_maximum = zone.quick_of_maximum.or(zone.of_maximum);
    }
    let problem = build(group, entry)?;
    let mut settings = options.settings;
    if let Some(model) = group.incoherent {
        settings.incoherent = model.into();
    }
    let outcome = execute(&problem, &settings, histories, options)?;
    let mut values = cell_values(&problem, &outcome);
    expected_errors(&problem, &mut values, outcome.tally.histories());
    let mut judged = compare(&judging, &problem.cells, &values);
    if let Some(bar) = group.voxel_chi2 {
        judged.voxels = voxel_chi2(bar, &problem, &outcome.tally);
        if judged.voxels.is_some_and(|v| v.0 > bar.largest) {
            judged.verdict = Verdict::Fail;
        }
    }
    let imbalance = outcome.tally.ledger.imbalance();
    if imbalance.abs() > ENERGY_BAR {
        judged.verdict = Verdict::Fail;
    }
    let others = entry.also.iter().enumerate().map(|(k, word)| {
        let mut cells = problem.cells.clone();
        for cell in &mut cells {
            (cell.reference, cell.reference_error) = cell.others[k];
        }
        (word.clone(), compare(group, &cells, &values))
    });
    let others = others.collect();
    let mut ratios: Vec<f64> = judged
        .cells
        .iter()
        .filter(|c| c.bar.is_some() && c.reference.1 > 0.0)
        .map(|c| c.value.1 / c.reference.1)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let histories = outcome.tally.histories();
    Ok(Some(CaseResult {
        name: format!("{}/{}", group.name, entry.name),
        error_ratio: ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN),
        histories,
        per_second: histories as f64 / outcome.seconds,
        engine: options.engine_name(),
        imbalance,
        problem,
        judged,
        others,
    }))
}
