//! `voxgray uncertainty FILE`: doses of VOIs with their uncertainty budgets, and a propagation by sampling that checks them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::console::{self, print};
use super::values::parse_count;
use crate::activity::short;
use crate::error::{Error, ErrorKind, Result};
use crate::io::atomic::write_atomically;
use crate::kinetics::{Fit, Integrated};
use crate::physics::own_nuclides::OwnNuclides;
use crate::pipeline::voi_uncertainty::{
    Recovery, UncertaintyInput, VoiInput, VoiUncertainty, ask, evaluate, in_file, in_voi,
};
use crate::units::SECONDS_PER_HOUR;

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

/// Prints the doses and their budgets.
///
/// # Errors
/// If the file cannot be read or is refused, a curve cannot be fitted, or writing fails.
pub fn run(a: &UncertaintyArguments) -> Result<ExitCode> {
    let input = accepted(a)?;
    input.notes.iter().for_each(|note| console::say(note));
    let lambda = std::f64::consts::LN_2 / input.half_life_s;
    let (mut text, mut vois) = (String::new(), Vec::new());
    for voi in &input.vois {
        let here = |e| in_file(&a.file, in_voi(&voi.name, e));
        if input.decay_corrected.is_none() {
            ask(voi, lambda).map_err(here)?;
        }
        let outcome =
            evaluate(voi, lambda, a.samples as usize, a.seed).map_err(|e| match e.kind {
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

fn report(text: &mut String, voi: &VoiInput, o: &VoiUncertainty, a: &UncertaintyArguments) {
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

fn to_json(voi: &VoiInput, o: &VoiUncertainty) -> Value {
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
