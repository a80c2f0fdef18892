//! `voxgray calibrate FILE`: a camera's calibration factor, its uncertainty, its history.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::console::{self, print};
use crate::activity::{CalibrationResult, DriftCheck, History, RecoveryCurve, check_drift, short};
use crate::error::{Error, Result};
use crate::files;
use crate::io::atomic::write_atomically;
use crate::stats::{NORMAL_97_5, student_97_5, student_below};

const AFTER: &str = "\
FILE is a TOML file of dose-calibrator readings and phantom acquisitions; voxgray help-file
calibrate lists its keys. All uncertainties are standard uncertainties (one standard deviation).
A history file is made if it is not there; the new factor is appended and compared with the
earlier ones of the same camera, nuclide, collimator and energy window.

Example:
  voxgray calibrate 2026-11-22.toml --history nm1.toml";

/// Options of `voxgray calibrate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct CalibrateArguments {
    /// TOML file with readings and acquisitions.
    file: PathBuf,
    /// History file (TOML) to append the factor to, with a drift check.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Check against the history without writing to it.
    #[arg(long, requires = "history")]
    dry_run: bool,
}

/// Prints the factor and appends it to the history.
///
/// # Errors
/// If a file cannot be read or written, or is refused.
pub fn run(a: &CalibrateArguments) -> Result<ExitCode> {
    let result = CalibrationResult::from_toml(&files::text_or_pipe(&a.file)?)
        .map_err(|e| in_file(&a.file, e))?;
    let mut text = report(&result);
    if let Some(days) = result.days_off()? {
        console::say(&format!(
            "warning: {}: time = {} is {days:.0} days from the scans of its acquisitions: it dates the factor in the history",
            a.file.display(),
            result.time
        ));
    }
    if let Some(path) = &a.history {
        let old = if path.exists() { files::text(path)? } else { String::new() };
        let mut history = match old.as_str() {
            "" => History::default(),
            old => History::from_toml(old).map_err(|e| in_file(path, e))?,
        };
        history.push(result.history_entry()).map_err(|e| in_file(path, e))?;
        let drift = check_drift(&history.of(&result.factor.setup, result.factor.unit))?;
        let setup = (&result.factor.setup, result.factor.unit);
        let same = history.of(setup.0, setup.1).len();
        let others = history.entries().len() - same;
        text.push_str(&drift_report(drift.as_ref()));
        if others > 0 {
            let _ = writeln!(text, "  {others} factor(s) of other setups, which are not compared");
        }
        if let (1, Some((other, differs))) = (same, history.nearest_other(setup.0, setup.1)) {
            console::say(&format!(
                "warning: {} has no earlier factor of this setup to compare with; the nearest, of {}, has {differs}",
                path.display(),
                other.time
            ));
        }
        for warning in drift.iter().flat_map(DriftCheck::warnings) {
            console::say(&format!("warning: {warning}"));
        }
        if !a.dry_run {
            write_atomically(path, |w| w.write_all(history.to_toml().as_bytes()))?;
        }
    }
    for warning in result.recovery.iter().flat_map(RecoveryCurve::warnings) {
        console::say(&format!("warning: {warning}"));
    }
    for (name, check) in &result.checks {
        if check.verdict != crate::activity::Verdict::Agree {
            console::say(&format!(
                "warning: camera and calibrator {} on '{name}' (z = {:.1})",
                check.verdict.name(),
                check.z
            ));
        }
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn in_file(path: &Path, error: Error) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

/// Degrees of freedom from which on a Birge ratio is known well: 1.96 u then hold 93 %.
const ENOUGH_DEGREES: usize = 10;

fn report(result: &CalibrationResult) -> String {
    let factor = &result.factor;
    let s = &factor.setup;
    let mut text = format!(
        "{}, {}, {}, {} to {} keV, {}\n{}",
        s.camera,
        s.nuclide,
        s.collimator,
        s.window_kev[0],
        s.window_kev[1],
        result.time,
        factor.budget.table()
    );
    if factor.acquisitions > 1 {
        let _ = writeln!(text, "  {} acquisitions, chi2 {:.2}", factor.acquisitions, factor.chi2);
    }
    let [within, between] = factor.birge.degrees_of_freedom;
    let ratios = [
        ("within fills", "what is random from scan to scan", factor.birge.within_fills, within),
        (
            "between fills",
            "the uncertainty without what all share",
            factor.birge.between_fills,
            between,
        ),
    ];
    for (place, part, ratio, degrees) in ratios {
        let Some(ratio) = ratio else { continue };
        let widened = if ratio > 1.0 { format!(" ({part} widened by it)") } else { String::new() };
        let _ = writeln!(text, "  Birge ratio {place} {ratio:.2}{widened}");
        if ratio > 1.0 && degrees < ENOUGH_DEGREES {
            let nu = degrees as f64;
            let _ = writeln!(
                text,
                "    from {degrees} degree(s) of freedom: if the stated uncertainties are wrong, +- 1.96 u holds {:.0} % and +- {:.1} u 95 % (Student's t)",
                100.0 * (2.0 * student_below(NORMAL_97_5, nu) - 1.0),
                student_97_5(nu)
            );
        }
    }
    let _ = writeln!(
        text,
        "  as the calibration of voxgray dose: '{} {} +- {:.2} %'",
        short(factor.budget.value),
        factor.unit.name(),
        100.0 * factor.budget.relative_uncertainty()
    );
    for budget in &result.single {
        let _ = write!(text, "\n{}", budget.table());
    }
    for (name, c) in &result.checks {
        let _ = writeln!(
            text,
            "\ncheck '{name}': camera/calibrator {:.4} +- {:.4}, z = {:.2}: {}",
            c.ratio,
            c.ratio_uncertainty,
            c.z,
            c.verdict.name()
        );
    }
    if let Some(r) = &result.recovery {
        let [[aa, ab], [_, bb]] = r.covariance;
        let _ = writeln!(
            text,
            "\nrecovery R = 1 / (1 + (a/V)^b), {:.3} to {:.3} mL: a = {:.4} +- {:.4} mL, b = {:.4} +- {:.4}, correlation {:.3}, \
             shared {:.2} %, chi2 {:.2} / {}",
            r.volumes_ml[0],
            r.volumes_ml[1],
            r.parameters[0],
            aa.sqrt(),
            r.parameters[1],
            bb.sqrt(),
            ab / (aa * bb).sqrt(),
            100.0 * r.shared_relative,
            r.chi2,
            r.degrees_of_freedom
        );
    }
    for (name, injection, activity) in &result.administrations {
        let _ = write!(text, "\n'{name}', {injection}\n{}", activity.table());
    }
    text
}

fn drift_report(drift: Option<&DriftCheck>) -> String {
    let Some(d) = drift else { return "\nhistory: the first factor of this setup\n".into() };
    let mut text = format!(
        "\nhistory: {} factors, mean of the earlier ones {:.5}, z of the newest {:.2}\n",
        d.factors, d.mean, d.z
    );
    if let Some([low, high]) = d.limits {
        let _ = writeln!(text, "  control limits {low:.5} to {high:.5}");
    }
    if let Some(t) = d.trend {
        let _ = writeln!(
            text,
            "  trend {:+.2} +- {:.2} % per year, p = {:.3}",
            100.0 * t.per_year,
            100.0 * t.standard_uncertainty,
            t.p
        );
    }
    text
}
