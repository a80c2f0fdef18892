//! Differences, bars and verdicts.
//!
//! A cell meets its bar *as written* if the difference is within it. Where the joint statistical uncertainty is too large for
//! that test to decide, a cell is also let pass if its difference is within the z that only one case in a thousand would
//! exceed by chance; such a case says so (`pass, stat.`).

use super::case::{Group, VoxelBar, Zone};
use super::problem::{Cell, Problem};
use super::statistics::critical_z;
use voxgray::transport::tally::Tally;

/// Largest relative imbalance of the energy books.
pub const ENERGY_BAR: f64 = 1e-6;

/// Relative standard error above which a cell counts as sparse.
const SPARSE: f64 = 0.25;

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every cell within its bar as written.
    Pass,
    /// Some cell only within statistics.
    PassByStatistics,
    /// A cell misses its bar by more than statistics explain, or a run's books do not balance.
    Fail,
}

impl Verdict {
    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::PassByStatistics => "pass, stat.",
            Verdict::Fail => "FAIL",
        }
    }
}

/// One compared cell.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Where.
    pub label: String,
    /// Abscissa.
    pub x: f64,
    /// Ours and its standard error.
    pub value: (f64, f64),
    /// Reference and its standard error.
    pub reference: (f64, f64),
    /// Difference over the joint standard error.
    pub z: f64,
    /// Largest difference that the bar allows; `None` where the cell is shown only.
    pub bar: Option<f64>,
    /// Largest difference that statistics explain.
    pub statistics: f64,
    /// Verdict of the cell.
    pub verdict: Verdict,
}

impl Compared {
    /// Ours minus reference.
    pub fn difference(&self) -> f64 {
        self.value.0 - self.reference.0
    }

    /// How near the cell is to failing: its difference over what bar and statistics allow; 0 where there is no bar.
    pub fn severity(&self) -> f64 {
        self.bar.map_or(0.0, |b| self.difference().abs() / b.max(self.statistics))
    }
}

/// All cells of a case.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Cells.
    pub cells: Vec<Compared>,
    /// Largest reference value of the cells compared.
    pub maximum: f64,
    /// Chi-squared of the judged cells with both statistical uncertainties, and their number.
    pub chi2: (f64, usize),
    /// Reduced chi-squared of single voxels and their number.
    pub voxels: Option<(f64, usize)>,
    /// Verdict.
    pub verdict: Verdict,
}

impl Judged {
    /// The judged cell nearest to failing.
    pub fn worst(&self) -> Option<&Compared> {
        self.cells
            .iter()
            .filter(|c| c.bar.is_some())
            .max_by(|a, b| a.severity().total_cmp(&b.severity()))
    }
}

/// The bar of a cell.
fn bar(zones: &[Zone], x: f64, reference: f64, maximum: f64, joint: f64) -> Option<f64> {
    let holds = |z: &&Zone| {
        z.to.is_none_or(|to| x <= to + 1e-9) && z.above.is_none_or(|f| reference > f * maximum)
    };
    let zone = zones.iter().find(holds)?;
    let limits = [
        zone.of_cell.map(|p| p / 100.0 * reference),
        zone.of_maximum.map(|p| p / 100.0 * maximum),
        zone.sigmas.map(|s| s * joint),
    ];
    limits.into_iter().flatten().reduce(f64::max).filter(|&b| b > 0.0)
}

/// Compares pairs (value, reference) cell by cell.
pub fn compare(group: &Group, cells: &[Cell], values: &[(f64, f64)]) -> Judged {
    let n = cells.len().saturating_sub(group.skip_last);
    let kept = || cells[..n].iter().zip(values);
    let maximum = kept().map(|(c, _)| c.reference).fold(0.0, f64::max);
    let joint = |error: f64, other: f64| error.hypot(other);
    let bars: Vec<Option<f64>> = kept()
        .map(|(c, v)| {
            if group.shown_only.contains(&c.label) {
                return None;
            }
            bar(&group.zones, c.x, c.reference, maximum, joint(v.1, c.reference_error))
        })
        .collect();
    let critical = critical_z(bars.iter().flatten().count());
    let cells: Vec<Compared> = kept()
        .zip(&bars)
        .map(|((c, &value), &bar)| {
            let sigma = joint(value.1, c.reference_error);
            let difference = value.0 - c.reference;
            let verdict = match bar {
                None => Verdict::Pass,
                Some(b) if difference.abs() <= b => Verdict::Pass,
                Some(_) if difference.abs() <= critical * sigma => Verdict::PassByStatistics,
                Some(_) => Verdict::Fail,
            };
            Compared {
                label: c.label.clone(),
                x: c.x,
                value,
                reference: (c.reference, c.reference_error),
                z: if sigma > 0.0 { difference / sigma } else { 0.0 },
                bar,
                statistics: critical * sigma,
                verdict,
            }
        })
        .collect();
    let judged = || cells.iter().filter(|c| c.bar.is_some());
    let chi2 = (judged().map(|c| c.z * c.z).sum(), judged().count());
    let verdict = cells.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Fail);
    Judged { cells, maximum, chi2, voxels: None, verdict }
}

/// Where our cell has too few hits for a standard error from the spread of batches (it is zero or above 25 %), the one that
/// the reference's implies for our number of histories takes its place if larger.
pub fn expected_errors(problem: &Problem, values: &mut [(f64, f64)], histories: u64) {
    let scale = (problem.reference_histories as f64 / histories.max(1) as f64).sqrt();
    for (cell, value) in problem.cells.iter().zip(values) {
        if value.1 <= 0.0 || value.1 > SPARSE * value.0 {
            value.1 = value.1.max(cell.reference_error * scale);
        }
    }
}

/// Reduced chi-squared of the voxels. The expectation of the square of a value over its estimated standard error is
/// `(b - 1) / (b - 3)` for `b` batches; our part of the variance is enlarged by that factor, so that 1 is expected.
pub fn voxel_chi2(bar: VoxelBar, problem: &Problem, tally: &Tally) -> Option<(f64, usize)> {
    let reference = problem.voxels.as_ref()?;
    let batches = tally.batches() as f64;
    // Chosen by what is expected, not by our own estimate, which is low where we happened to score little.
    let scale = (problem.reference_histories as f64 / tally.histories() as f64).sqrt().max(1.0);
    let student = (batches - 1.0) / (batches - 3.0);
    let (mut sum, mut n) = (0.0, 0);
    for v in 0..reference.energy.len() {
        let (r, e) = (reference.energy[v], reference.error[v]);
        // Region 1 is the air round the body.
        if problem.labels[v] <= 1
            || r <= 0.0
            || e <= 0.0
            || e * scale > bar.largest_sigma / 100.0 * r
        {
            continue;
        }
        let ours = tally.standard_error_mev(v);
        let variance = e * e + ours * ours * student + (bar.systematic / 100.0 * r).powi(2);
        sum += (tally.mean_mev(v) - r).powi(2) / variance;
        n += 1;
    }
    (n > 0).then(|| (sum / n as f64, n))
}
