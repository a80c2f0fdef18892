//! What `voxgray fit` reads: the table with what the options add to it, and whether its values are decay-corrected.

use super::fit_arguments::{DecayCorrected, FitArguments};
use crate::error::{Error, Result};
use crate::kinetics::decay_corrected::{suspicion, undo};
use crate::kinetics::table::{CurveFile, CurveTable, TableOptions, read_curves};
use crate::sheet::Sheet;
use crate::time::Moment;

/// How the two answers are given.
const ANSWERS: &str = "Say --decay-corrected injection if they are corrected to the time of injection (it is then undone), or --decay-corrected no if they are those of their times.";

/// The curves of the table as activities, dose rates or counts at their times.
///
/// # Errors
/// If the table is refused, or contradicts the options.
pub(super) fn read(a: &FitArguments, decay_constant_per_s: f64) -> Result<CurveFile> {
    let since = a.injection.map(|injection| {
        move |text: &str| -> Result<f64> { Moment::parse(text)?.seconds_since(&injection) }
    });
    let options = TableOptions {
        decimal: a.decimal.map(|d| d.decimal()),
        administered_bq: a.administered_activity,
        masses_g: &a.mass,
        volumes_ml: &a.volume,
        clock: since.as_ref().map(|c| c as _),
    };
    let mut file = read_curves(&Sheet::read_or_pipe(&a.curves)?, &options)?;
    unused(a, &file)?;
    let stated = a.decay_corrected.map(|d| d == DecayCorrected::Injection);
    match (stated, file.decay_corrected) {
        (Some(option), Some(column)) if option != column => {
            let is = |c: bool| if c { "decay-corrected" } else { "not decay-corrected" };
            return Err(Error::usage(
                format!(
                    "{}: the name of the column says {}, --decay-corrected says {}",
                    a.curves.display(),
                    is(column),
                    is(option)
                ),
                "values are one or the other",
                "Correct the name of the column, or leave the option out.",
            ));
        }
        (option, column) => file.decay_corrected = option.or(column),
    }
    if file.decay_corrected == Some(true) {
        for curve in &mut file.curves {
            undo(
                &curve.times_s,
                &mut curve.values,
                curve.uncertainties.as_deref_mut(),
                decay_constant_per_s,
            );
        }
        file.notes.push(
            "decay correction to the time of injection undone, values times exp(-lambda t)".into(),
        );
    }
    if file.of_administered && file.decay_corrected.is_none() {
        file.notes.push(
            "values in % of the administered activity are taken as those of their times, not decay-corrected; if they are, say --decay-corrected injection".into(),
        );
    }
    Ok(file)
}

/// Options that a table has no use for.
fn unused(a: &FitArguments, file: &CurveFile) -> Result<()> {
    let refuse = |option: String, why: &str| {
        Err(Error::usage(option, why.to_string(), "Leave it out, or check the units of the table."))
    };
    if a.administered_activity.is_some() && !file.of_administered {
        return refuse("--administered-activity".into(), "no value of the table is in %IA or %ID");
    }
    for (option, given) in [("--mass", &a.mass), ("--volume", &a.volume)] {
        for name in given.iter().filter_map(|g| g.0.as_deref()) {
            if !file.curves.iter().any(|c| c.name.trim().to_lowercase() == name.to_lowercase()) {
                return refuse(format!("{option} of '{name}'"), "the table has no such curve");
            }
        }
    }
    Ok(())
}

/// Asks about values that nobody said to be decay-corrected or not, and that physical decay alone does not allow.
///
/// # Errors
/// With the question.
pub(super) fn ask(file: &CurveFile, curve: &CurveTable, decay_constant_per_s: f64) -> Result<()> {
    if file.decay_corrected.is_some() {
        return Ok(());
    }
    match suspicion(
        &curve.times_s,
        &curve.values,
        curve.uncertainties.as_deref(),
        decay_constant_per_s,
    ) {
        Some(found) => Err(found.question("not said whether decay-corrected", ANSWERS)),
        None => Ok(()),
    }
}
