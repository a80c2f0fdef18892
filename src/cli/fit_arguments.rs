//! The command line of `voxgray fit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{parse_fraction, parse_moment, parse_time};
use crate::activity::ImageCalibration;
use crate::error::Error;
use crate::kinetics::method::{MethodName, TailName};
use crate::kinetics::table::units::{Quantity, Unit, unit_of};
use crate::kinetics::{Family, Head};
use crate::sheet::Decimal;
use crate::time::{DateOrder, Moment};

const AFTER: &str = "\
CURVES is a table with a header line: cells separated by commas, semicolons or tabs, decimal
points or commas, in UTF-8, UTF-16 (Excel's Unicode text) or Latin-1. It is long, with a row per
point and a column that names the curve (none is needed for one curve), or wide, with a row per
time and a column per curve:
  curve,time_h,activity_MBq,uncertainty_%      time (h);liver (MBq);liver \u{b1} (%);kidney (MBq)
Every column says its unit: in brackets, or after a space, comma, _, / or 'in'. Case is free.
  time after injection  time, t, time p.i., hours p.i., time after injection ... in s, sec, min,
                        h, hr, hours, d, days: time_h, Time [h], t/h. With colons in a column of
                        hours, or time (h:mm), (h:mm:ss), (d:hh:mm), (mm:ss): 4:30 is 4.5 h. Or
                        'time', 'datetime', or 'date' and 'time', with date and clock, and
                        --injection; 11/12/2026 2:30 PM if a day is above 12, or with --dates
  value                 activity, A, act, uptake, value, or the name of a curve, in Bq, kBq,
                        MBq, GBq, TBq, mCi, uCi; dose rate in Gy, mGy or uGy per s, min, h;
                        count rate in cps, cpm or counts/s (with --calibration); or counts or
                        count rates of a planar curve (with --spect-time)
    needing more        %IA or %ID (--administered-activity); %IA/g, kBq/g (and a mass); kBq/mL,
                        Bq/cm3, %IA/mL (and a volume)
  uncertainty           one standard deviation: uncertainty, unc, u, u(A), SD, std, stdev,
                        sigma, error, err, \u{b1}, +/- in a unit of the values, or in % of the value
                        (also CV, RSD); wide: with the curve's name, or next to its column
  mass, volume          mass_g, mass (kg), volume_mL, volume (cm3); wide: liver mass (g)
  curve's name          curve, voi, roi, organ, region, lesion, tissue, structure, source, name
  decay-corrected       in the value's name: activity_MBq_decay_corrected, decay-corrected
                        activity (MBq); to injection. Or a column 'decay_corrected' of yes or no
                        (true, false, 1, 0) for each row. Or --decay-corrected
  comment, note, remark not read
Numbers may have separators of thousands: 1,234.5, 1 234,5, 1'234.5. Where every number is like
12,345 the table is asked for --decimal.
Lines that begin with # are comments; names with the separator or a # at the beginning of a line
stand in quotation marks. Empty cells, NA, n/a, n.a., -, NaN, null and none are values that are
not there: their points are left out, and counted. Values of 0 or below count if their
uncertainty is absolute. Values below a limit of detection (<5, <LOD) are refused: give what was
measured with its absolute uncertainty, or an empty cell. Values of one curve at one time are
pooled (by 1/u2, or plainly) if they agree within 3.3 standard uncertainties (33 % without), and
refused if not. Points that rise or stay flat against physical decay are asked for: are they
decay-corrected? Without an uncertainty column all points weigh alike in relation to their
value, and the fit estimates the size of the noise from its own residuals.

Prints one line per curve. With -o it writes the folder OUT: fit.json (all results, parameters
with covariance, checks) and CURVE.png (points, curve, 95 % band, residuals, extrapolation).
Exit code 3 if a curve was refused: its line has no number; the others are still written.

Examples:
  voxgray fit tac.csv --nuclide Lu-177
  voxgray fit tac.csv --nuclide Lu-177 --model mono-uptake --common-uncertainty 5% -o fit/
  voxgray fit tac.csv --nuclide Y-90 --model trapezoid --head linear --tail mono:2
  voxgray fit biodistribution.csv --nuclide Lu-177 --administered-activity 7.4GBq \\
              --mass liver=1.8kg --mass spleen=150g --decay-corrected injection
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
    /// The family that the points ask for; the interval holds all that they cannot tell apart.
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

/// What values were decay-corrected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DecayCorrected {
    /// To the time of injection: they are multiplied by exp(-lambda t).
    Injection,
    /// Not at all: they are those of their times.
    No,
}

/// The order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DatesOrder {
    /// 22/11/2026
    DayFirst,
    /// 11/22/2026
    MonthFirst,
}

impl DatesOrder {
    /// As tables take it.
    pub(super) fn order(self) -> DateOrder {
        match self {
            DatesOrder::DayFirst => DateOrder::DayFirst,
            DatesOrder::MonthFirst => DateOrder::MonthFirst,
        }
    }
}

/// A decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DecimalMark {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

impl DecimalMark {
    /// As tables take it.
    pub(super) fn decimal(self) -> Decimal {
        match self {
            DecimalMark::Point => Decimal::Point,
            DecimalMark::Comma => Decimal::Comma,
        }
    }
}

/// Options of `voxgray fit`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct FitArguments {
    /// Table of curves (CSV, TSV, Excel's Unicode text).
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
    /// Trapezoids before the first point: constant, linear (from zero), or the name of a family to fit [default: linear].
    #[arg(long, value_parser = parse_head)]
    pub(super) head: Option<Head>,
    /// Trapezoids after the last point: physical decay, population (its half-life), mono:N (fitted to the last N points), or none. The interval takes the form of physical and mono:N for granted: it holds the points' uncertainty alone [default: physical].
    #[arg(long, value_parser = parse_tail)]
    pub(super) tail: Option<TailName>,
    /// When the activity was injected, such as 2026-11-22T09:30:00+01:00; it and all times with an offset from UTC, or all without.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(super) injection: Option<Moment>,
    /// Whether the values are decay-corrected to the time of injection (it is undone), where the table does not say so.
    #[arg(long, value_enum, value_name = "TO")]
    pub(super) decay_corrected: Option<DecayCorrected>,
    /// Which number of dates like 11/12/2026 is the day, where no date of the table has a day above 12.
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(super) dates: Option<DatesOrder>,
    /// Calibration factor as voxgray calibrate prints it, such as '20.1 cps/MBq +- 1.7 %', for values in cps; its uncertainty is common to all points.
    #[arg(long, value_name = "FACTOR", value_parser = parse_calibration)]
    pub(super) calibration: Option<ImageCalibration>,
    /// Administered activity at the time of injection, for values in %IA, such as 7.4GBq.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity)]
    pub(super) administered_activity: Option<f64>,
    /// Mass of a curve's tissue, for values per g: 310g, or kidney=310g of one among several; repeatable.
    #[arg(long, value_name = "[CURVE=]MASS", value_parser = parse_mass)]
    pub(super) mass: Vec<(Option<String>, f64)>,
    /// Volume of a curve's region, for values per mL: 35mL, or lesion=35mL of one among several; repeatable.
    #[arg(long, value_name = "[CURVE=]VOLUME", value_parser = parse_volume)]
    pub(super) volume: Vec<(Option<String>, f64)>,
    /// Decimal mark of the table, where it cannot be told from thousands.
    #[arg(long, value_enum, value_name = "MARK")]
    pub(super) decimal: Option<DecimalMark>,
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
    /// Replace the files of an older output of voxgray fit, no other.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Draw the values on a logarithmic axis.
    #[arg(long)]
    pub(super) log: bool,
}

/// A factor of `voxgray calibrate`.
fn parse_calibration(text: &str) -> Result<ImageCalibration, String> {
    text.parse().map_err(|e: Error| format!("{}; {}", e.why, e.suggestion))
}

/// Bq.
pub(super) fn parse_activity(text: &str) -> Result<f64, String> {
    let bq = |u| match u {
        Unit::Value(Quantity::Activity, bq) => Some(bq),
        _ => None,
    };
    with_unit(text, bq)
        .ok_or_else(|| "must be a positive activity with its unit Bq, kBq, MBq, GBq or mCi".into())
}

/// An activity of one of several, or `none` where it is not known.
pub(super) fn parse_activity_or_none(text: &str) -> Result<Option<f64>, String> {
    if is_none(text) { Ok(None) } else { parse_activity(text).map(Some) }
}

/// What stands in a list in place of what one of several does not have.
pub(super) fn is_none(text: &str) -> bool {
    text.trim() == crate::study::NONE
}

/// g, of a curve if one is named.
pub(super) fn parse_mass(text: &str) -> Result<(Option<String>, f64), String> {
    let g = |u| match u {
        Unit::Mass(g) => Some(g),
        _ => None,
    };
    of_curve(text, g).ok_or_else(|| {
        "must be a positive mass with its unit g or kg, such as 310g or kidney=310g".into()
    })
}

/// mL, of a curve if one is named.
pub(super) fn parse_volume(text: &str) -> Result<(Option<String>, f64), String> {
    let ml = |u| match u {
        Unit::Volume(ml) => Some(ml),
        _ => None,
    };
    of_curve(text, ml).ok_or_else(|| {
        "must be a positive volume with its unit mL, cm3 or L, such as 35mL or lesion=35mL".into()
    })
}

/// `[CURVE=]NUMBER UNIT`.
fn of_curve(text: &str, scale: impl Fn(Unit) -> Option<f64>) -> Option<(Option<String>, f64)> {
    match text.rsplit_once('=') {
        Some((name, value)) => Some((Some(name.trim().to_string()), with_unit(value, scale)?)),
        None => Some((None, with_unit(text, scale)?)),
    }
}

/// A positive number with its unit.
fn with_unit(text: &str, scale: impl Fn(Unit) -> Option<f64>) -> Option<f64> {
    let lower = text.trim().to_lowercase();
    let found = lower.char_indices().find_map(|(at, _)| {
        let scale = unit_of(&lower[at..]).and_then(&scale)?;
        Some(lower[..at].trim().parse::<f64>().ok()? * scale)
    });
    found.filter(|x| *x > 0.0 && x.is_finite())
}

fn parse_head(text: &str) -> Result<Head, String> {
    text.parse().map_err(|e: Error| e.suggestion)
}

fn parse_tail(text: &str) -> Result<TailName, String> {
    text.parse().map_err(|e: Error| e.suggestion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        assert_eq!(parse_activity("7.4 GBq"), Ok(7.4e9));
        assert_eq!(parse_activity("1e3MBq"), Ok(1e9));
        assert_eq!(parse_activity("200mCi"), Ok(7.4e9));
        assert_eq!(parse_mass("310g"), Ok((None, 310.0)));
        assert_eq!(parse_mass("kidney, left=0.31kg"), Ok((Some("kidney, left".into()), 310.0)));
        assert_eq!(parse_volume("a=b=35mL"), Ok((Some("a=b".into()), 35.0)));
        for bad in ["", "7.4", "GBq", "-1GBq", "0Bq", "1e999Bq", "5g"] {
            assert!(parse_activity(bad).is_err(), "{bad}");
            assert!(parse_volume(bad).is_err(), "{bad}");
        }
    }
}
