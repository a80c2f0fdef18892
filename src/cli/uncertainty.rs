//! `voxgray uncertainty FILE`: doses of VOIs with their uncertainty budgets, and a propagation by sampling that checks them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::console::{self, print};
use super::uncertainty_checks::{in_file, in_voi};
use super::uncertainty_file::{UncertaintyInput, VoiInput};
use super::uncertainty_recovery::Recovery;
use super::values::parse_count;
use crate::activity::{Budget, Extrapolation, short};
use crate::error::{Error, ErrorKind, Result};
use crate::io::atomic::write_atomically;
use crate::kinetics::decay_corrected::suspicion;
use crate::kinetics::{Fit, Integrated, Points, Spread, integrate_points};
use crate::physics::own_nuclides::OwnNuclides;
use crate::stats::NORMAL_97_5;
use crate::uncertainty::{DoseChain, MonteCarlo, Part, TimeIntegral};
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

const AFTER: &str = "\
FILE is a TOML file of VOIs: counts or activities at their times, calibration, volume, recovery
and dose per decay, each with its standard uncertainty; voxgray help-file uncertainty lists its
keys.

Printed for each VOI: the dose with its standard uncertainty and 95 % interval, the budget, and
the same by sampling the whole chain, fit included, which says whether the budget holds.

Example:
  voxgray uncertainty kidneys.toml --json kidneys.json";

/// Smallest number of samples: 25 lie beyond each end of a 95 % interval.
const LEAST_SAMPLES: u64 = 1000;
/// Largest number of samples.
const MOST_SAMPLES: u64 = 10_000_000;

/// Options of `voxgray uncertainty`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct UncertaintyArguments {
    /// TOML file of VOIs.
    file: PathBuf,
    /// Samples of the check (1,000 or more).
    #[arg(long, value_name = "N", default_value = "20000", value_parser = parse_count)]
    samples: u64,
    /// Seed of the samples.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Also write the results as JSON; without FILE print it in place of the tables.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    json: Option<Option<PathBuf>>,
}

/// A refit that misses this share of the integral's uncertainty is completed.
const MISSED: f64 = 0.02;
/// Ratios of points that agree to this are one factor.
const ONE_FACTOR: f64 = 1e-9;
/// A widening that is told, relative.
const WORTH_TELLING: f64 = 5e-3;

/// What is known of a VOI.
struct Outcome {
    curve: Integrated,
    recovery: f64,
    extrapolated: bool,
    budget: Budget,
    sampled: MonteCarlo,
    warnings: Vec<String>,
}

impl Outcome {
    /// 95 % of a normal distribution about the value.
    fn interval(&self) -> [f64; 2] {
        let half = NORMAL_97_5 * self.budget.standard_uncertainty();
        [self.budget.value - half, self.budget.value + half]
    }
}

/// Prints the doses and their budgets.
///
/// # Errors
/// If the file cannot be read or is refused, a curve cannot be fitted, or writing fails.
pub fn run(a: &UncertaintyArguments) -> Result<ExitCode> {
    let input = accepted(a)?;
    let lambda = std::f64::consts::LN_2 / input.half_life_s;
    let (mut text, mut vois) = (String::new(), Vec::new());
    for voi in &input.vois {
        let here = |e| in_file(&a.file, in_voi(&voi.name, e));
        if input.decay_corrected.is_none() {
            ask(voi, lambda).map_err(here)?;
        }
        let outcome = evaluate(voi, lambda, a).map_err(|e| match e.kind {
            ErrorKind::Usage => e,
            _ => here(e),
        })?;
        for warning in &outcome.warnings {
            console::say(&format!("warning: {}: {warning}", voi.name));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        report(&mut text, voi, &outcome, a);
        vois.push(to_json(voi, &outcome));
    }
    if let Some(place) = &a.json {
        let all = json!({
            "program": "voxgray",
            "version": env!("CARGO_PKG_VERSION"),
            "format": 1,
            "source": a.file.file_name().map(|n| n.to_string_lossy()),
            "half_life_s": input.half_life_s,
            "own_nuclides": OwnNuclides::all_told(),
            "samples": a.samples,
            "seed": a.seed,
            "vois": vois,
        });
        let json = format!("{all:#}\n");
        match place {
            Some(path) => write_atomically(path, |w| w.write_all(json.as_bytes()))?,
            None => text = json,
        }
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The file, read; nothing is computed.
///
/// # Errors
/// If it cannot be read or is refused, or there are too many or too few samples.
pub fn accepted(a: &UncertaintyArguments) -> Result<UncertaintyInput> {
    if !(LEAST_SAMPLES..=MOST_SAMPLES).contains(&a.samples) {
        return Err(Error::usage(
            format!("--samples {}", a.samples),
            format!("{LEAST_SAMPLES} to {MOST_SAMPLES} are drawn"),
            "1e5 give the ends of the interval to 1 % of the uncertainty.",
        ));
    }
    UncertaintyInput::read(&a.file)
}

/// Asks about values that nobody said to be decay-corrected or not, and that physical decay alone does not allow.
fn ask(voi: &VoiInput, lambda: f64) -> Result<()> {
    let pairs = voi.rates_cps.iter().zip(&voi.relative_uncertainties);
    let absolute: Vec<f64> = pairs.map(|(v, u)| v * u).collect();
    match suspicion(&voi.times_s, &voi.rates_cps, Some(&absolute), lambda) {
        None => Ok(()),
        Some(found) => Err(found.question(
            "not said whether decay-corrected",
            "Add decay_corrected = \"injection\" to the top of the file if its values are corrected to the time of injection (it is then undone), \
             or \"no\" if they are those of their times.",
        )),
    }
}

fn evaluate(voi: &VoiInput, lambda: f64, a: &UncertaintyArguments) -> Result<Outcome> {
    let (curve, rule, coefficient) = match &voi.recovery {
        Recovery::None => (None, Extrapolation::Refuse, None),
        Recovery::Coefficient(r) => (None, Extrapolation::Refuse, Some(*r)),
        Recovery::Curve(curve, rule) => (Some(curve), *rule, None),
    };
    let [v, u_v] = voi.volume_ml;
    let extrapolated = match curve {
        Some(curve) => curve.recovery(v, u_v, rule)?.extrapolated,
        None => false,
    };
    let recovery = curve.map(|c| c.value(v)).or(coefficient.map(|c| c.value)).unwrap_or(1.0);
    let per_rate = BQ_PER_MBQ / (voi.factor.budget.value * recovery);
    let activities: Vec<f64> = voi.rates_cps.iter().map(|r| r * per_rate).collect();
    let curve_of_points = fitted(voi, &activities, lambda)?;
    let mut warnings = curve_of_points.tia.warnings.clone();
    let whole = curve_of_points.tia.relative_uncertainty();
    if curve_of_points.fit().is_some() && !whole.is_finite() {
        return Err(Error::input(
            format!("the integral of a {} curve has no upper bound", curve_of_points.name()),
            "the points allow curves of any larger integral (voxgray fit shows the interval), and a budget without it would be none",
            "Choose a model with fewer parameters, or auto, or add time points.",
        ));
    }
    // What is drawn has the spread that the fit found: shares of its curve, widened where the residuals say so.
    let spread = curve_of_points.fit().map_or(&curve_of_points.tac, |f| &f.points);
    let spread = spread.uncertainties().to_vec();
    let widened = widened(&curve_of_points);
    if widened > 1.0 + WORTH_TELLING {
        warnings.push(format!(
            "counts' uncertainties widened {widened:.2}-fold: residuals, and the other curves that describe the points"
        ));
    }
    if extrapolated {
        warnings.push("the volume is outside of the recovery curve's".into());
    }
    let rates: Vec<[f64; 2]> =
        voi.rates_cps.iter().zip(&spread).map(|(r, u)| [*r, widened * u / per_rate]).collect();
    // Of points that are all larger by one factor the integral is: no refit, whose minimum may be another, is asked.
    let integrate = |moved: &[f64]| {
        let ratio = moved[0] / activities[0];
        let alike = |(a, b): (&f64, &f64)| (a / b / ratio - 1.0).abs() < ONE_FACTOR;
        match moved.iter().zip(&activities).all(alike) {
            true => Ok(ratio * curve_of_points.tia.value),
            false => curve_of_points.integral_of(moved),
        }
    };
    let mut chain = DoseChain {
        voi: &voi.name,
        volume_ml: voi.volume_ml,
        count_exponent: voi.count_exponent,
        recovery: curve,
        coefficient,
        extrapolation: rule,
        factor: &voi.factor,
        tac: TimeIntegral::Refit { rates_cps: &rates, integrate: &integrate },
        s_value: voi.s_value,
        s_exponent: voi.s_exponent,
        transport_relative: voi.transport_relative,
        model_relative: voi.model_relative,
    };
    let mut budget = chain.budget()?;
    // A refit of points that leave a rate open jumps between curves that fit as well, and its derivative is none: the integral's own uncertainty counts.
    if whole < of_refits(&budget) / (1.0 + MISSED) {
        let value = budget.value;
        let of_points = budget.components.iter_mut().filter(|c| c.name == Part::Fit.name());
        for (n, part) in of_points.enumerate() {
            part.variance = if n == 0 { (whole * value).powi(2) } else { 0.0 };
        }
    }
    // Refits of one family do not see what rests on its priors, or what other families make of the same points.
    let refitted = of_refits(&budget);
    if whole.is_finite() && whole > refitted * (1.0 + MISSED) {
        let more = (whole * whole - refitted * refitted).sqrt();
        chain.model_relative = Some(voi.model_relative.unwrap_or(0.0).hypot(more));
        budget = chain.budget()?;
        warnings.push(format!(
            "refits of the {} curve spread by {:.2} %, its integral is uncertain by {:.2} % (`voxgray fit`): what other curves make of the same points is \
             {:.2} % more, in the part '{}'",
            curve_of_points.name(),
            100.0 * refitted,
            100.0 * whole,
            100.0 * more,
            Part::Model.name()
        ));
    }
    if !whole.is_finite() {
        warnings.push(format!(
            "how uncertain the integral is by {} is not known: only what the points' own uncertainties make of it is in the budget",
            curve_of_points.name()
        ));
    }
    let sampled = chain.sample(a.samples as usize, a.seed)?;
    Ok(Outcome { curve: curve_of_points, recovery, extrapolated, budget, sampled, warnings })
}

/// Relative standard uncertainty of a result by refits of its points.
fn of_refits(budget: &Budget) -> f64 {
    let of_points = budget.components.iter().filter(|c| c.name == Part::Fit.name());
    of_points.map(|c| c.variance).sum::<f64>().sqrt() / budget.value.abs()
}

/// By what the points' uncertainties are multiplied: a refit of one family spreads by less than its integral is uncertain by, where
/// residuals are larger than stated or other families describe the points as well.
fn widened(curve: &Integrated) -> f64 {
    let refit = curve.fit().map_or(f64::NAN, Fit::ln_tia_uncertainty);
    let whole = curve.tia.relative_uncertainty() / refit;
    if whole.is_finite() && whole > curve.widening() { whole } else { curve.widening() }
}

/// The curve of the measured points; its family is chosen once and kept.
fn fitted(voi: &VoiInput, activities: &[f64], lambda: f64) -> Result<Integrated> {
    let points = Points {
        times_s: voi.times_s.clone(),
        values: activities.to_vec(),
        spread: Spread::Relatives(voi.relative_uncertainties.clone()),
        // The calibration is a part of the chain by itself.
        common: 0.0,
    };
    let method = voi.method.build(std::f64::consts::LN_2 / lambda)?;
    integrate_points(&points, &method, lambda)
}

fn report(text: &mut String, voi: &VoiInput, o: &Outcome, a: &UncertaintyArguments) {
    let [v, u_v] = voi.volume_ml;
    let named = match &voi.recovery {
        Recovery::None => "none",
        Recovery::Coefficient(_) => "coefficient",
        Recovery::Curve(..) if o.extrapolated => "curve, extrapolated",
        Recovery::Curve(..) => "curve",
    };
    let _ = writeln!(
        text,
        "{}: {v} +- {u_v:.3} mL, counts as V^{:.3}, recovery {:.4} ({named}), {} curve{}, TIA {:.5e} Bq s",
        voi.name,
        voi.count_exponent,
        o.recovery,
        o.curve.name(),
        half_life(&o.curve),
        o.curve.tia.value
    );
    text.push_str(&o.budget.table());
    let [low, high] = o.interval().map(short);
    let _ = writeln!(text, "  95 % interval {low} to {high} Gy (value -+ 1.96 u)");
    let s = &o.sampled;
    let _ = writeln!(
        text,
        "sampled ({} samples, {} failed, seed {}): mean {} +- {:.1e} Gy, standard deviation {} Gy",
        s.samples,
        s.failed,
        a.seed,
        short(s.mean[0]),
        s.mean[1],
        short(s.standard_deviation)
    );
    let [low, high] = s.interval.map(short);
    let _ = writeln!(
        text,
        "  95 % interval {low} to {high} Gy (ends +- {:.1e} and {:.1e})",
        s.interval_errors[0], s.interval_errors[1]
    );
    let _ = writeln!(
        text,
        "  {}",
        if s.validates(&o.budget) {
            "validates the propagation: the intervals agree to one digit of u"
        } else {
            "does not validate the propagation: use the sampled interval"
        }
    );
}

/// Of the slowest phase, where a curve was fitted.
fn half_life(curve: &Integrated) -> String {
    let text =
        |f: &Fit| format!(", T_eff {:.2} h", f.curve.effective_half_life_s() / SECONDS_PER_HOUR);
    curve.fit().map_or_else(String::new, text)
}

fn to_json(voi: &VoiInput, o: &Outcome) -> Value {
    let components: Vec<Value> = o
        .budget
        .components
        .iter()
        .zip(o.budget.shares())
        .map(|(c, share)| {
            json!({"name": c.name, "standard_uncertainty": c.standard_uncertainty,
                   "sensitivity": c.sensitivity, "of_result_gy": c.variance.sqrt(), "share": share})
        })
        .collect();
    let s = &o.sampled;
    json!({
        "name": voi.name,
        "volume_ml": voi.volume_ml[0],
        "volume_standard_uncertainty_ml": voi.volume_ml[1],
        "count_exponent": voi.count_exponent,
        "recovery": o.recovery,
        "recovery_extrapolated": o.extrapolated,
        "model": o.curve.name(),
        "tia_bq_s": o.curve.tia.value,
        "dose_gy": o.budget.value,
        "standard_uncertainty_gy": o.budget.standard_uncertainty(),
        "interval_95_gy": o.interval(),
        "components": components,
        "dominant": o.budget.dominant().map(|c| c.name.clone()),
        "sampled": {
            "failed": s.failed,
            "mean_gy": s.mean[0],
            "mean_standard_error_gy": s.mean[1],
            "standard_deviation_gy": s.standard_deviation,
            "median_gy": s.median,
            "interval_95_gy": s.interval,
            "interval_95_standard_errors_gy": s.interval_errors,
            "validates": s.validates(&o.budget),
        },
        "warnings": o.warnings,
    })
}
