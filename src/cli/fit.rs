//! `voxgray fit`: time integrals of the curves in a table.

use std::process::ExitCode;

use super::console::{self, print};
use super::fit_arguments::{FitArguments, Model};
use super::fit_output::{HEADER, refused_line, summary_line, write};
use super::fit_reading::{ask, read};
use crate::error::{Error, Result};
use crate::kinetics::method::MethodName;
use crate::kinetics::single_time_point::Measurement;
use crate::kinetics::table::{COUNT_RATE, COUNTS, CurveFile, CurveTable};
use crate::kinetics::{Choice, Integrated, Method, Points, Spread, integrate_points};
use crate::physics::nuclide::Nuclide;

/// Integrates every curve of the table.
///
/// # Errors
/// If the table cannot be read, options do not go together, or writing fails. A curve that is refused is reported, with exit code 3 at
/// the end.
pub fn run(a: &FitArguments) -> Result<ExitCode> {
    let half_life_s = half_life_s(a)?;
    check(a)?;
    let (method, lambda) = (method(a, half_life_s)?, std::f64::consts::LN_2 / half_life_s);
    let mut file = read(a, lambda)?;
    for note in &file.notes {
        console::say(&format!("note: {note}"));
    }
    check_scale(a, &mut file)?;
    let results: Vec<(String, Result<Integrated>)> = file
        .curves
        .iter()
        .map(|c| {
            let points = ask(&file, c, lambda).and_then(|()| points(a, c));
            let found = points.and_then(|p| integrate_points(&p, &method, lambda));
            (c.name.clone(), found.and_then(|i| scaled(a, i)))
        })
        .collect();
    let mut text = HEADER.join("\t") + "\n";
    for (name, result) in &results {
        match result {
            Ok(integrated) => {
                text.push_str(&summary_line(name, integrated, file.integral_unit));
                for warning in &integrated.tia.warnings {
                    console::say(&format!("warning: {name}: {warning}"));
                }
            }
            Err(error) => {
                text.push_str(&refused_line(name, file.integral_unit));
                console::say(&format!("refused: {name}: {error}"));
            }
        }
    }
    if let Some(out) = &a.out {
        for path in write(out, a, &file, half_life_s, &results)? {
            text.push_str(&format!("file\t{}\n", path.display()));
        }
    }
    print(&text)?;
    let refused = results.iter().any(|r| r.1.is_err());
    Ok(if refused { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

/// Whether the table can be read with these options; nothing is fitted.
///
/// # Errors
/// As [`run`] before it fits.
pub fn accepted(a: &FitArguments) -> Result<()> {
    let half_life_s = half_life_s(a)?;
    check(a)?;
    method(a, half_life_s)?;
    let mut file = read(a, std::f64::consts::LN_2 / half_life_s)?;
    check_scale(a, &mut file)
}

/// Exit code of an input that cannot be used.
const REFUSED: u8 = 3;

fn check(a: &FitArguments) -> Result<()> {
    common_uncertainty(a)?;
    if a.relative_uncertainty == Some(0.0) {
        return Err(Error::usage(
            "--relative-uncertainty is 0",
            "a weight is 1 / u^2",
            "Leave it out to have the noise estimated from the residuals.",
        ));
    }
    Ok(())
}

/// Counts need a SPECT/CT value, and one value scales one curve.
fn check_scale(a: &FitArguments, file: &mut CurveFile) -> Result<()> {
    let counts = file.unit == COUNTS || file.unit == COUNT_RATE;
    if a.spect_time.is_none() {
        if file.unit == COUNT_RATE {
            return Err(Error::usage(
                format!("{} has count rates in cps", a.curves.display()),
                "they become activities by the camera's calibration factor, which nothing states",
                "Add --calibration '20.1 cps/MBq +- 1.7 %' as voxgray calibrate prints it; or, of a planar curve, --spect-time, \
                 --spect-activity and --spect-uncertainty, which scale it.",
            ));
        }
        if counts {
            return Err(Error::usage(
                format!("{} has counts", a.curves.display()),
                "their integral is no activity",
                "Add --spect-time, --spect-activity and --spect-uncertainty, or calibrate them.",
            ));
        }
        return Ok(());
    }
    if file.curves.len() != 1 || !(counts || file.unit == "Bq") {
        return Err(Error::usage(
            format!(
                "{} curve(s) of {} with one SPECT/CT activity",
                file.curves.len(),
                file.quantity
            ),
            "it scales one planar curve of counts, count rates or activity",
            "Write each curve to its own table.",
        ));
    }
    if !matches!(a.model.name(), MethodName::Auto | MethodName::Family(_)) {
        return Err(Error::usage(
            "this --model with --spect-time",
            "the shape must be fitted",
            "Choose auto or a family.",
        ));
    }
    file.integral_unit = "Bq s";
    Ok(())
}

/// The planar curve's shape scaled to the SPECT/CT activity, if there is one.
fn scaled(a: &FitArguments, mut i: Integrated) -> Result<Integrated> {
    let (Some(t), Some(activity), Some(u)) = (a.spect_time, a.spect_activity, a.spect_uncertainty)
    else {
        return Ok(i);
    };
    let u = u.hypot(a.common_uncertainty);
    i.scale_to(Measurement::new(t, activity, u * activity)?)?;
    Ok(i)
}

/// The points with the uncertainties of the table or of the options.
fn points(a: &FitArguments, curve: &CurveTable) -> Result<Points> {
    let spread = match (&curve.uncertainties, a.relative_uncertainty) {
        (Some(_), Some(_)) => {
            return Err(Error::usage(
                "--relative-uncertainty",
                "the table has uncertainties of its own",
                "Leave one of them out.",
            ));
        }
        (Some(u), None) if curve.percent => {
            // A table with a share of a value of 0 or below was refused.
            let share = |(u, v): (&f64, &f64)| u / v;
            Spread::Relatives(u.iter().zip(&curve.values).map(share).collect())
        }
        (Some(u), None) => Spread::Absolute(u.clone()),
        (None, Some(r)) => {
            if let Some(v) = curve.values.iter().find(|v| **v <= 0.0) {
                return Err(Error::input(
                    format!("a value of {v} and --relative-uncertainty"),
                    "a share of a value of 0 or below is no uncertainty, and a blank exported as 0 is no measurement",
                    "Give absolute uncertainties, with which it counts, or leave the point out.",
                ));
            }
            Spread::Relative(r)
        }
        (None, None) => Spread::Unknown,
    };
    Ok(Points {
        times_s: curve.times_s.clone(),
        values: curve.values.clone(),
        spread,
        common: common_uncertainty(a)?,
    })
}

/// The uncertainty that all points share: stated, or that of the calibration factor.
fn common_uncertainty(a: &FitArguments) -> Result<f64> {
    match a.calibration.and_then(|c| c.relative_uncertainty) {
        Some(_) if a.common_uncertainty > 0.0 => Err(Error::usage(
            "--common-uncertainty beside a calibration factor that states its uncertainty",
            "they are the same uncertainty, which would be counted twice",
            "Leave one of them out.",
        )),
        of_factor => Ok(of_factor.unwrap_or(a.common_uncertainty)),
    }
}

/// The physical half-life (s) of the options.
pub(super) fn half_life_s(a: &FitArguments) -> Result<f64> {
    match (&a.nuclide, a.half_life) {
        (Some(name), _) => Ok(Nuclide::load(name)?.half_life_s),
        (None, Some(t)) => Ok(t),
        (None, None) => Err(Error::usage(
            "no nuclide",
            "physical decay is part of every curve",
            "Add --nuclide.",
        )),
    }
}

/// The method of the options.
pub(super) fn method(a: &FitArguments, half_life_s: f64) -> Result<Method> {
    let population_s = match (a.population_half_life, a.population_spread) {
        (Some(mean), Some(spread)) => Some([mean, spread]),
        (None, None) => None,
        _ => {
            return Err(Error::usage(
                "--population-half-life or --population-spread alone",
                "a population has a mean and a spread, which is the result's uncertainty",
                "Give both.",
            ));
        }
    };
    let of_trapezoids = [("--head", a.head.is_some()), ("--tail", a.tail.is_some())];
    let unused = of_trapezoids.iter().find(|o| o.1 && a.model != Model::Trapezoid);
    if let Some((option, _)) = unused {
        return Err(Error::usage(
            format!("{option} is given without --model trapezoid"),
            "a fitted curve has no head and no tail of its own: the option would change nothing",
            "Add --model trapezoid, or leave it out.",
        ));
    }
    let of_none = Choice::default();
    let choice = Choice {
        name: a.model.name(),
        head: a.head.unwrap_or(of_none.head),
        tail: a.tail.unwrap_or(of_none.tail),
        population_s,
        ..Choice::default()
    };
    choice.build(half_life_s).map_err(|e| {
        let suggestion = "Add --population-half-life and --population-spread of this nuclide, compound and tissue.";
        if e.problem == "no population half-life" {
            return Error { suggestion: suggestion.into(), ..e };
        }
        e
    })
}
