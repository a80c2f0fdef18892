//! The command line of `voxgray fit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::timestamp::parse_timestamp;
use super::values::{parse_fraction, parse_time};
use crate::error::Error;
use crate::kinetics::method::{MethodName, TailName};
use crate::kinetics::{Family, Head};

const AFTER: &str = "\
CURVES is a CSV file with a header line; its columns are, in any order,
  curve                                       a name (may be missing for one curve)
  time_s, time_min, time_h or time_d          after injection; or
  time                                        date, time and zone, with --injection
  activity_Bq, _kBq, _MBq or _GBq             or dose_rate_Gy/s, _Gy/h, _mGy/h, or counts
                                              (planar, with --spect-time)
  uncertainty_UNIT or uncertainty_%           one standard deviation, in the values' unit
Without an uncertainty column all points weigh alike in relation to their value, and the fit
estimates the size of the noise from its own residuals.

Prints one line per curve. With -o it writes the folder OUT: fit.json (all results, parameters
with covariance, checks) and CURVE.png (points, curve, 95 % band, residuals, extrapolation).
Exit code 3 if a curve was refused: its line has no number; the others are still written.

Examples:
  voxgray fit tac.csv --nuclide Lu-177
  voxgray fit tac.csv --nuclide Lu-177 --model mono-uptake --common-uncertainty 5% -o fit/
  voxgray fit tac.csv --nuclide Y-90 --model trapezoid --head linear --tail mono:2
  voxgray fit planar.csv --nuclide Lu-177 --spect-time 24h --spect-activity 35MBq \\
              --spect-uncertainty 8%
  voxgray fit one.csv --nuclide Lu-177 --model haenscheid
  voxgray fit rising.csv --nuclide Lu-177 --model trapezoid --tail population \\
              --population-half-life 60h --population-spread 15h
  voxgray fit one.csv --nuclide Lu-177 --model madsen --population-half-life 50h \\
              --population-spread 10h";

/// What is fitted or summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Model {
    /// The family with the best AICc whose parameters are determined.
    Auto,
    /// All families, averaged by their Akaike weights.
    Average,
    /// Physical decay only, also of one time point.
    Physical,
    /// One phase of clearance.
    Mono,
    /// Uptake, then one phase of clearance.
    MonoUptake,
    /// Two phases of clearance.
    Bi,
    /// Uptake, then two phases of clearance.
    BiUptake,
    /// Three phases of clearance.
    Tri,
    /// Trapezoids with --head and --tail.
    Trapezoid,
    /// One time point: A(t) 2 t / ln 2 (Haenscheid 2018); off by -11.6 % to +6.1 % for t of 0.75 to 2.5 effective half-lives.
    Haenscheid,
    /// One time point: the population's half-life (Madsen 2018).
    Madsen,
}

impl Model {
    /// What was asked for.
    pub(super) fn name(self) -> MethodName {
        match self {
            Model::Auto => MethodName::Auto,
            Model::Average => MethodName::Average,
            Model::Physical => MethodName::Family(Family::Physical),
            Model::Mono => MethodName::Family(Family::Mono),
            Model::MonoUptake => MethodName::Family(Family::MonoUptake),
            Model::Bi => MethodName::Family(Family::Bi),
            Model::BiUptake => MethodName::Family(Family::BiUptake),
            Model::Tri => MethodName::Family(Family::Tri),
            Model::Trapezoid => MethodName::Trapezoid,
            Model::Haenscheid => MethodName::Haenscheid,
            Model::Madsen => MethodName::Madsen,
        }
    }
}

/// Options of `voxgray fit`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct FitArguments {
    /// Table of curves (CSV).
    pub(super) curves: PathBuf,
    /// The nuclide, such as Lu-177: its half-life is the physical decay of every curve.
    #[arg(long, required_unless_present = "half_life", conflicts_with = "half_life")]
    pub(super) nuclide: Option<String>,
    /// Physical half-life instead of a nuclide, such as 6.647d or 64.1h.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) half_life: Option<f64>,
    /// What is fitted or summed.
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) model: Model,
    /// Trapezoids before the first point: constant, linear (from zero), or the name of a family to fit.
    #[arg(long, default_value = "linear", value_parser = parse_head)]
    pub(super) head: Head,
    /// Trapezoids after the last point: physical decay, population (its half-life), mono:N (fitted to the last N points), or none.
    #[arg(long, default_value = "physical", value_parser = parse_tail)]
    pub(super) tail: TailName,
    /// When the activity was injected, such as 2026-11-22T09:30:00+01:00.
    #[arg(long, value_name = "TIME", value_parser = parse_timestamp)]
    pub(super) injection: Option<f64>,
    /// Relative standard uncertainty of each point, where the table has none, such as 5%.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub(super) relative_uncertainty: Option<f64>,
    /// Relative standard uncertainty common to all points (calibration), such as 5%.
    #[arg(long, value_name = "FRACTION", default_value = "0%", value_parser = parse_fraction)]
    pub(super) common_uncertainty: f64,
    /// Mean effective half-life of the population, for madsen, the tail population and (optional) haenscheid.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) population_half_life: Option<f64>,
    /// Standard deviation of it over the population.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) population_spread: Option<f64>,
    /// Hybrid: when a SPECT/CT gave the activity that scales the planar curve, such as 24h.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "spect_activity", requires = "spect_uncertainty")]
    pub(super) spect_time: Option<f64>,
    /// Hybrid: that activity at that time, such as 35MBq.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity, requires = "spect_time")]
    pub(super) spect_activity: Option<f64>,
    /// Hybrid: its relative standard uncertainty, such as 8%.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction, requires = "spect_time")]
    pub(super) spect_uncertainty: Option<f64>,
    /// Output folder.
    #[arg(short, long, value_name = "OUT")]
    pub(super) out: Option<PathBuf>,
    /// Replace an older output of voxgray fit.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Draw the values on a logarithmic axis.
    #[arg(long)]
    pub(super) log: bool,
}

/// Bq.
fn parse_activity(text: &str) -> Result<f64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let units = [("gbq", 1e9), ("mbq", 1e6), ("kbq", 1e3), ("bq", 1.0)];
    let value = units.iter().find_map(|(unit, scale)| {
        Some(lower.strip_suffix(unit)?.trim().parse::<f64>().ok()? * scale)
    });
    value
        .filter(|a| *a > 0.0 && a.is_finite())
        .ok_or_else(|| "must be a positive activity with its unit Bq, kBq, MBq or GBq".into())
}

fn parse_head(text: &str) -> Result<Head, String> {
    text.parse().map_err(|e: Error| e.suggestion)
}

fn parse_tail(text: &str) -> Result<TailName, String> {
    text.parse().map_err(|e: Error| e.suggestion)
}
