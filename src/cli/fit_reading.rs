//! What `voxgray fit` reads: the table with what the options add to it, and whether its values are decay-corrected.

use std::cell::Cell;

use super::fit_arguments::{DecayCorrected, FitArguments};
use crate::activity::{CalibrationValue, FactorUnit, ImageCalibration};
use crate::error::{Error, Result};
use crate::kinetics::decay_corrected::{suspicion, undo};
use crate::kinetics::possible::{CALIBRATION_TOLERANCE, more_than_left, within_reach};
use crate::kinetics::table::{CurveFile, CurveTable, TableOptions, read_curves};
use crate::physics::named_nuclide::OfRun;
use crate::sheet::Sheet;
use crate::time::{Moment, clocks_changed_between, hours_text};
use crate::units::BQ_PER_MBQ;

/// How the two answers are given.
const ANSWERS: &str = "Say --decay-corrected injection if they are corrected to the time of injection (it is then undone), or --decay-corrected no if they are those of their times.";

/// The curves of the table as activities, dose rates or counts at their times.
///
/// # Errors
/// If the table is refused, or contradicts the options.
pub(super) fn read(a: &FitArguments, decay_constant_per_s: f64) -> Result<CurveFile> {
    let (changed, clocks) = (Cell::new(None), Cell::new(false));
    let since = a.injection.map(|injection| {
        let (changed, clocks) = (&changed, &clocks);
        move |text: &str| -> Result<f64> {
            clocks.set(true);
            let at = Moment::parse(text)?;
            changed.set(changed.get().or_else(|| clocks_changed_between(&injection, &at)));
            at.seconds_since(&injection)
        }
    });
    let options = TableOptions {
        decimal: a.decimal.map(|d| d.decimal()),
        cps_per_bq: a.calibration.as_ref().map(cps_per_bq).transpose()?,
        dates: a.dates.map(|d| d.order()),
        // Of a curve that a SPECT/CT value scales, the shape alone counts.
        administered_bq: a.administered_activity.or(a.spect_time.map(|_| 1.0)),
        correction_stated: a.decay_corrected.is_some(),
        masses_g: &a.mass,
        volumes_ml: &a.volume,
        clock: since.as_ref().map(|c| c as _),
    };
    let mut file = read_curves(&Sheet::read_or_pipe(&a.curves)?, &options)?;
    unused(a, &file)?;
    unused_clock(a, clocks.get())?;
    if let Some((place, date)) = changed.get() {
        file.notes.push(format!(
            "times have no offset from UTC, and clocks of {place} were changed on {date}, after the injection: taken as one clock that was not; if it was, \
             times behind that are an hour off: write them and --injection with their offsets, such as 2026-11-22T09:30+01:00"
        ));
    }
    let of_run = OfRun {
        name: a.nuclide.as_deref(),
        half_life_s: std::f64::consts::LN_2 / decay_constant_per_s,
    };
    let said = file.curves.iter().map(|c| &c.name).chain(&file.nuclides);
    let of_names = of_run.check(&a.curves.display().to_string(), said.map(String::as_str))?;
    file.notes.extend(of_names);
    if let Some(factor) = a.calibration.filter(|f| f.relative_uncertainty.is_none()) {
        file.notes.push(format!(
            "the calibration factor {factor} states no uncertainty: none of it is in the intervals"
        ));
    }
    let stated = a.decay_corrected.map(|d| d == DecayCorrected::Injection);
    match (stated, file.decay_corrected) {
        (Some(option), Some(column)) if option != column || (option && partly(&file)) => {
            let is = |c: bool| if c { "decay-corrected" } else { "not decay-corrected" };
            return Err(Error::usage(
                format!(
                    "{}: the table says {}, --decay-corrected says {}",
                    a.curves.display(),
                    if partly(&file) { "that some values are decay-corrected" } else { is(column) },
                    is(option)
                ),
                "values are one or the other",
                "Correct the table, or leave the option out.",
            ));
        }
        (option, column) => file.decay_corrected = option.or(column),
    }
    if file.decay_corrected == Some(true) {
        let some = partly(&file);
        for curve in &mut file.curves {
            // A value that is not corrected is as one at injection: nothing is undone.
            let since: Vec<f64> = match &curve.corrected {
                None => curve.times_s.clone(),
                Some(by_row) => curve
                    .times_s
                    .iter()
                    .zip(by_row)
                    .map(|(t, c)| if *c { *t } else { 0.0 })
                    .collect(),
            };
            undo(
                &since,
                &mut curve.values,
                curve.uncertainties.as_deref_mut(),
                decay_constant_per_s,
            );
        }
        file.notes.push(format!(
            "decay correction to the time of injection undone{}, values times exp(-lambda t)",
            if some { " in the rows that say yes" } else { "" }
        ));
    }
    if file.of_administered && file.decay_corrected.is_none() {
        file.notes.push(
            "values in % of the administered activity are taken as those of their times, not decay-corrected; if they are, say --decay-corrected injection".into(),
        );
    }
    if let Some(administered) = a.administered_activity.filter(|_| file.of_administered) {
        for curve in &file.curves {
            no_more_than_left(curve, administered, file.decay_corrected, decay_constant_per_s)?;
        }
    }
    Ok(file)
}

/// No organ holds more than decay leaves of what was administered.
fn no_more_than_left(
    curve: &CurveTable,
    administered_bq: f64,
    corrected: Option<bool>,
    decay_constant_per_s: f64,
) -> Result<()> {
    let u = curve.uncertainties.as_deref();
    let found =
        more_than_left(&curve.times_s, &curve.values, u, administered_bq, decay_constant_per_s);
    let Some(found) = found else { return Ok(()) };
    let percent = |share: f64| format!("{:.3} %", 100.0 * share);
    let all = 1.0 + CALIBRATION_TOLERANCE;
    let declared = if corrected.is_none() && found.share <= all { ANSWERS } else { "" };
    Err(Error::input(
        format!(
            "{}: {} of what decay leaves of the administered activity {} after injection",
            curve.name,
            percent(found.share / found.left),
            hours_text(found.time_s)
        ),
        format!(
            "{} of the administered activity where {} are left; calibrations account for {:.0} % more, or three standard uncertainties",
            percent(found.share),
            percent(found.left),
            100.0 * CALIBRATION_TOLERANCE
        ),
        format!("Check --administered-activity, the unit of the values and the times. {declared}")
            .trim(),
    ))
}

/// Whether rows differ in being decay-corrected.
pub(super) fn partly(file: &CurveFile) -> bool {
    let mut all = file.curves.iter().flat_map(|c| c.corrected.iter().flatten());
    let first = all.next();
    all.any(|c| Some(c) != first)
}

/// Count rate of 1 Bq, of a factor in cps/MBq.
fn cps_per_bq(factor: &ImageCalibration) -> Result<f64> {
    match factor.value {
        CalibrationValue::PerRate(value, FactorUnit::CpsPerMbq) => Ok(value / BQ_PER_MBQ),
        _ => Err(Error::usage(
            format!("--calibration '{factor}'"),
            "the count rate of a whole region needs a factor in cps/MBq; one per voxel or per count does not go with it",
            "Give for example --calibration '20.1 cps/MBq +- 1.7 %', or a table of activities.",
        )),
    }
}

/// Options that a table has no use for.
fn unused(a: &FitArguments, file: &CurveFile) -> Result<()> {
    let refuse = |option: String, why: &str| {
        Err(Error::usage(option, why.to_string(), "Leave it out, or check the units of the table."))
    };
    if a.administered_activity.is_some() && !file.of_administered {
        return refuse("--administered-activity".into(), "no value of the table is in %IA or %ID");
    }
    if a.calibration.is_some() && !file.of_count_rates {
        return refuse("--calibration".into(), "the table has no count rates in cps");
    }
    let of = [("--mass", &a.mass, file.of_mass), ("--volume", &a.volume, file.of_volume)];
    for (option, given, used) in of {
        if !given.is_empty() && !used {
            let per = if option == "--mass" { "per mass" } else { "per volume" };
            return refuse(option.into(), &format!("no value of the table is {per}"));
        }
        for name in given.iter().filter_map(|g| g.0.as_deref()) {
            if !file.curves.iter().any(|c| c.name.trim().to_lowercase() == name.to_lowercase()) {
                return refuse(format!("{option} of '{name}'"), "the table has no such curve");
            }
        }
    }
    Ok(())
}

/// Refuses options for times of day where times count from the injection.
fn unused_clock(a: &FitArguments, clocks: bool) -> Result<()> {
    let given = [("--injection", a.injection.is_some()), ("--dates", a.dates.is_some())];
    match given.into_iter().find(|(_, given)| *given && !clocks) {
        None => Ok(()),
        Some((option, _)) => Err(Error::usage(
            format!("{option} is given, and no time of the table is a time of day"),
            "a time in h, min or h:mm counts from the injection: the option would change nothing",
            "Leave it out; or, if they are times of day, put a column of dates beside them, or write both (2026-11-22 9:30).",
        )),
    }
}

/// Refuses points that decay has left nothing of, and asks about values that nobody said to be decay-corrected or not, and that physical decay alone does not allow.
///
/// # Errors
/// With the question.
pub(super) fn ask(file: &CurveFile, curve: &CurveTable, decay_constant_per_s: f64) -> Result<()> {
    within_reach(&curve.times_s, decay_constant_per_s)?;
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
