//! `voxgray fit`: time integrals of the curves in a table.

use std::process::ExitCode;

use super::fit_arguments::{FitArguments, Model};
use super::fit_output::{Edge, Integrated, Shape, summary_line, write};
use super::fit_table::{COUNTS, CurveFile, CurveTable, read_curves};
use super::progress::print;
use crate::error::{Error, Result};
use crate::kinetics::hybrid::hybrid;
use crate::kinetics::integrate::fit_tail;
use crate::kinetics::single_time_point::{Measurement, Population, haenscheid, madsen};
use crate::kinetics::{CommonScale, Family, Head, Tac, Tail, fit, select, trapezoid};
use crate::physics::nuclide::Nuclide;

/// Integrates every curve of the table.
///
/// # Errors
/// If the table cannot be read, options do not go together, or writing fails. A curve that is refused is reported, with exit code 3 at
/// the end.
pub fn run(a: &FitArguments) -> Result<ExitCode> {
    let half_life_s = match (&a.nuclide, a.half_life) {
        (Some(name), _) => Nuclide::load(name)?.half_life_s,
        (None, Some(t)) => t,
        (None, None) => {
            return Err(Error::usage(
                "no nuclide",
                "physical decay is part of every curve",
                "Add --nuclide.",
            ));
        }
    };
    check(a)?;
    let mut file = read_curves(&a.curves, a.injection)?;
    check_scale(a, &mut file)?;
    let results: Vec<(String, Result<Integrated>)> = file
        .curves
        .iter()
        .map(|c| (c.name.clone(), integrate(a, c, half_life_s).and_then(|i| scaled(a, i))))
        .collect();
    let mut text = String::from(
        "curve\tmodel\tintegral\tunit\tuncertainty_%\tlow_95\thigh_95\tbefore_first_%\tafter_last_%\tT_eff_h\tchi2\tdegrees_of_freedom\tR2\n",
    );
    for (name, result) in &results {
        match result {
            Ok(integrated) => {
                text.push_str(&summary_line(name, integrated, file.integral_unit));
                for warning in &integrated.tia.warnings {
                    eprintln!("warning: {name}: {warning}");
                }
            }
            Err(error) => eprintln!("refused: {name}: {error}"),
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

/// Exit code of an input that cannot be used.
const REFUSED: u8 = 3;

fn check(a: &FitArguments) -> Result<()> {
    let single = matches!(a.model, Model::Haenscheid | Model::Madsen);
    let population = a.population_half_life.is_some() || a.population_spread.is_some();
    if single && (a.population_half_life.is_none() || a.population_spread.is_none()) {
        return Err(Error::usage(
            "no population half-life",
            "one time point cannot tell how fast the activity leaves",
            "Add --population-half-life and --population-spread of this nuclide, compound and tissue.",
        ));
    }
    if !single && population {
        return Err(Error::usage(
            "a population half-life",
            "it is for --model haenscheid and madsen only",
            "Leave it out, or choose one of them.",
        ));
    }
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
    let counts = file.unit == COUNTS;
    if a.spect_time.is_none() {
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
            "it scales one planar curve of counts or activity",
            "Write each curve to its own table.",
        ));
    }
    if !(a.model == Model::Auto || a.model.family().is_some()) {
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
    if let Shape::Fit(fit) = &i.shape {
        let warnings = std::mem::take(&mut i.tia.warnings);
        let u = u.hypot(a.common_uncertainty);
        i.tia = hybrid(&i.tac, fit, Measurement::new(t, activity, u * activity)?)?;
        for warning in warnings {
            if !i.tia.warnings.contains(&warning) {
                i.tia.warnings.push(warning);
            }
        }
    }
    Ok(i)
}

/// The points with the uncertainties of the table or of the options.
fn points(a: &FitArguments, curve: &CurveTable) -> Result<Tac> {
    let (t, y) = (&curve.times_s, &curve.values);
    let tac = match (&curve.uncertainties, a.relative_uncertainty) {
        (Some(_), Some(_)) => {
            return Err(Error::usage(
                "--relative-uncertainty",
                "the table has uncertainties of its own",
                "Leave one of them out.",
            ));
        }
        (Some(u), None) if curve.percent => Tac::new(t, y, u)?.proportional(),
        (Some(u), None) => Tac::new(t, y, u)?,
        (None, Some(r)) => {
            // A point at zero gets the uncertainty of the smallest other, so that it has a weight.
            let least = y.iter().copied().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
            let u: Vec<f64> =
                y.iter().map(|v| r * if *v > 0.0 { *v } else { least.min(f64::MAX) }).collect();
            Tac::new(t, y, &u)?.proportional()
        }
        (None, None) => Tac::with_equal_relative_weights(t, y)?,
    };
    Ok(tac.with_common_scale(CommonScale::new(a.common_uncertainty)?))
}

fn integrate(a: &FitArguments, curve: &CurveTable, half_life_s: f64) -> Result<Integrated> {
    let tac = points(a, curve)?;
    let lambda = std::f64::consts::LN_2 / half_life_s;
    if let Some(family) = a.model.family() {
        let fit = fit(&tac, family, lambda)?;
        let tia = fit.tia(&tac);
        return Ok(Integrated { tac, tia, shape: Shape::Fit(Box::new(fit)), candidates: vec![] });
    }
    match a.model {
        Model::Trapezoid => {
            let tia = trapezoid(&tac, lambda, a.head, a.tail)?;
            let shape = Shape::Lines(before(a.head, &tac, lambda)?, after(a.tail, &tac, lambda)?);
            Ok(Integrated { tac, tia, shape, candidates: vec![] })
        }
        Model::Haenscheid | Model::Madsen => {
            let (Some(mean), Some(spread)) = (a.population_half_life, a.population_spread) else {
                return Err(Error::usage("no population half-life", "it is needed", "Add it."));
            };
            if tac.len() != 1 {
                return Err(Error::input(
                    format!("{} points for a single-time-point method", tac.len()),
                    "it uses one",
                    "Fit the points, or leave all but one out.",
                ));
            }
            let population = Population::new(mean, spread, half_life_s)?;
            let u = match (&curve.uncertainties, a.relative_uncertainty) {
                (None, None) => 0.0,
                _ => tac.uncertainties()[0],
            };
            let u = u.hypot(a.common_uncertainty * tac.values()[0]);
            let m = Measurement::new(tac.first_s(), tac.values()[0], u)?;
            let tia = if a.model == Model::Haenscheid {
                haenscheid(m, &population)
            } else {
                madsen(m, &population)
            };
            Ok(Integrated { tac, tia, shape: Shape::Exponential(mean), candidates: vec![] })
        }
        _ => {
            let selection = select(&tac, &Family::ALL, lambda, true)?;
            let average = a.model == Model::Average;
            let tia = if average { selection.averaged(&tac) } else { selection.tia(&tac) };
            let candidates = selection.candidates.clone();
            let shape = if average {
                Shape::Average(Box::new(selection))
            } else {
                Shape::Fit(Box::new(selection.fit().clone()))
            };
            Ok(Integrated { tac, tia, shape, candidates })
        }
    }
}

fn before(head: Head, tac: &Tac, lambda: f64) -> Result<Edge> {
    Ok(match head {
        Head::Constant => Edge::Constant,
        Head::LinearFromZero => Edge::Linear,
        Head::Fitted(family) => Edge::Fitted(Box::new(fit(tac, family, lambda)?)),
    })
}

fn after(tail: Tail, tac: &Tac, lambda: f64) -> Result<Edge> {
    Ok(match tail {
        Tail::Physical => Edge::Decay(lambda),
        Tail::None => Edge::None,
        Tail::Mono(points) => Edge::Fitted(Box::new(fit_tail(tac, lambda, points)?)),
    })
}
