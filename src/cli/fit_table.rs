//! The table of time-activity curves that `voxgray fit` reads: CSV with the units in the names of its columns.
//!
//! Columns: `curve` (a name; may be missing for one curve), one time, one value, and optionally one uncertainty. Time: `time_s`, `time_min`,
//! `time_h`, `time_d` after injection, or `time` with a date and a time. Value: `activity_<Bq|kBq|MBq|GBq>` or
//! `dose_rate_<Gy/s|Gy/h|mGy/h>`, or `counts`. Uncertainty (one standard deviation): `uncertainty_<the same unit>` or `uncertainty_%`.
//! Lines from `#` on are comments.

use std::path::Path;

use crate::error::{Error, Result};
use crate::time::Moment;

/// Largest file read.
const MAX_BYTES: u64 = 64 << 20;

/// Values of one curve in SI units (s; Bq or Gy/s).
#[derive(Debug, Clone, PartialEq)]
pub struct CurveTable {
    /// Its name.
    pub name: String,
    /// s after injection.
    pub times_s: Vec<f64>,
    /// Bq or Gy/s.
    pub values: Vec<f64>,
    /// Standard uncertainties in the unit of the values, if the table has them.
    pub uncertainties: Option<Vec<f64>>,
    /// Whether they were given in % of the values.
    pub percent: bool,
}

/// All curves of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveFile {
    /// `activity` or `dose_rate`.
    pub quantity: &'static str,
    /// SI unit of the values.
    pub unit: &'static str,
    /// SI unit of their integral.
    pub integral_unit: &'static str,
    /// The curves, in order of their first row.
    pub curves: Vec<CurveTable>,
}

/// Unit of planar values that a SPECT/CT scales.
pub const COUNTS: &str = "counts";

/// (column, quantity, SI unit, unit of the integral, SI per unit).
const VALUES: [(&str, &str, &str, &str, f64); 8] = [
    ("activity_bq", "activity", "Bq", "Bq s", 1.0),
    ("activity_kbq", "activity", "Bq", "Bq s", 1e3),
    ("activity_mbq", "activity", "Bq", "Bq s", 1e6),
    ("activity_gbq", "activity", "Bq", "Bq s", 1e9),
    ("dose_rate_gy/s", "dose_rate", "Gy/s", "Gy", 1.0),
    ("dose_rate_gy/h", "dose_rate", "Gy/s", "Gy", 1.0 / 3600.0),
    ("dose_rate_mgy/h", "dose_rate", "Gy/s", "Gy", 1e-3 / 3600.0),
    ("counts", "counts", COUNTS, "counts s", 1.0),
];
const TIMES: [(&str, f64); 4] =
    [("time_s", 1.0), ("time_min", 60.0), ("time_h", 3600.0), ("time_d", 86_400.0)];

/// How the uncertainty column is meant.
#[derive(Clone, Copy)]
enum Spread {
    Absolute(f64),
    Percent,
}

struct Columns {
    curve: Option<usize>,
    time: (usize, Option<f64>),
    value: (usize, usize),
    uncertainty: Option<(usize, Spread)>,
    count: usize,
}

/// Reads a table; `injection` is needed for times with a date.
///
/// # Errors
/// If the file cannot be read, a column is missing, doubled, unknown or without unit, or a cell is no number, naming the line.
pub fn read_curves(path: &Path, injection: Option<Moment>) -> Result<CurveFile> {
    let size = std::fs::metadata(path).map_err(|e| Error::io("read", path, &e))?.len();
    if size > MAX_BYTES {
        return Err(Error::input(
            format!("{} has {size} bytes", path.display()),
            "a table of curves is small",
            "Check that it is the right file.",
        ));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        Error::input(
            format!("{} is no text", path.display()),
            e.to_string(),
            "Save the table as CSV in UTF-8.",
        )
    })?;
    parse(&text, &path.display().to_string(), injection)
}

fn parse(text: &str, file: &str, injection: Option<Moment>) -> Result<CurveFile> {
    let without_comment = |l: &'_ str| l.split('#').next().unwrap_or("").trim().to_string();
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(i, l)| (i + 1, without_comment(l)))
        .filter(|(_, l)| !l.is_empty());
    let Some((line, header)) = lines.next() else {
        return Err(Error::input(
            format!("{file} is empty"),
            "a header line is needed",
            "See voxgray fit --help.",
        ));
    };
    let names: Vec<String> =
        header.split(',').map(|n| n.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let columns = columns(&names, &format!("{file}:{line}"))?;
    let (_, quantity, unit, integral_unit, scale) = VALUES[columns.value.1];
    let mut curves: Vec<CurveTable> = Vec::new();
    for (line, text) in lines {
        let at = format!("{file}:{line}");
        let cells: Vec<&str> = text.split(',').map(|c| c.trim().trim_matches('"')).collect();
        if cells.len() != columns.count {
            return Err(Error::input(
                format!("{at} has {} cells", cells.len()),
                format!("the header has {} columns", columns.count),
                "Separate cells by commas; write decimals with a point.",
            ));
        }
        let number = |column: usize| -> Result<f64> {
            cells[column].parse().map_err(|_| {
                Error::input(
                    format!("{at}: {} '{}'", names[column], cells[column]),
                    "it is no number",
                    "Leave the row out where a VOI has no value.",
                )
            })
        };
        let time = match columns.time {
            (column, Some(scale)) => scale * number(column)?,
            (column, None) => {
                let Some(injection) = injection else {
                    return Err(Error::usage(
                        format!("{at}: a time with a date"),
                        "the time of injection is not known",
                        "Add --injection 2026-11-22T09:30:00+01:00.",
                    ));
                };
                let time = Moment::parse(cells[column]).and_then(|t| t.seconds_since(&injection));
                time.map_err(|mut e| {
                    e.problem = format!("{at}: {}", e.problem);
                    e
                })?
            }
        };
        let value = scale * number(columns.value.0)?;
        let uncertainty = match columns.uncertainty {
            None => None,
            Some((column, Spread::Absolute(scale))) => Some(scale * number(column)?),
            Some((column, Spread::Percent)) => Some(0.01 * number(column)? * value),
        };
        let name = columns.curve.map_or("curve", |c| cells[c]);
        let at = curves.iter().position(|c| c.name == name).unwrap_or_else(|| {
            let uncertainties = columns.uncertainty.map(|_| Vec::new());
            let percent = matches!(columns.uncertainty, Some((_, Spread::Percent)));
            curves.push(CurveTable {
                name: name.into(),
                times_s: vec![],
                values: vec![],
                uncertainties,
                percent,
            });
            curves.len() - 1
        });
        let curve = &mut curves[at];
        curve.times_s.push(time);
        curve.values.push(value);
        if let (Some(all), Some(u)) = (&mut curve.uncertainties, uncertainty) {
            all.push(u);
        }
    }
    if curves.is_empty() {
        return Err(Error::input(
            format!("{file} has no rows"),
            "it holds a header only",
            "Add the points.",
        ));
    }
    Ok(CurveFile { quantity, unit, integral_unit, curves })
}

fn columns(names: &[String], at: &str) -> Result<Columns> {
    let refuse = |problem: String, why: &str| {
        Err(Error::input(
            format!("{at}: {problem}"),
            why.to_string(),
            "Name the columns like curve,time_h,activity_MBq,uncertainty_MBq; see voxgray fit --help.",
        ))
    };
    let (mut curve, mut time, mut value, mut uncertainty) = (vec![], vec![], vec![], vec![]);
    for (i, name) in names.iter().enumerate() {
        if name == "curve" {
            curve.push(i);
        } else if name == "time" {
            time.push((i, None));
        } else if let Some((_, scale)) = TIMES.iter().find(|t| t.0 == name) {
            time.push((i, Some(*scale)));
        } else if let Some(which) = VALUES.iter().position(|v| v.0 == name) {
            value.push((i, which));
        } else if let Some(unit) = name.strip_prefix("uncertainty_") {
            uncertainty.push((i, unit.to_string()));
        } else {
            return refuse(
                format!("unknown column '{name}'"),
                "each column must say its quantity and unit",
            );
        }
    }
    if time.len() != 1 {
        return refuse(
            format!("{} time columns", time.len()),
            "exactly one is needed; units must not be mixed",
        );
    }
    if value.len() != 1 {
        return refuse(
            format!("{} value columns", value.len()),
            "exactly one activity or dose rate is needed",
        );
    }
    if curve.len() > 1 || uncertainty.len() > 1 {
        return refuse("a column twice".into(), "one name and one uncertainty at most");
    }
    let (quantity, si) = (VALUES[value[0].1].1, VALUES[value[0].1].4);
    let uncertainty = match uncertainty.pop() {
        None => None,
        Some((i, unit)) if unit == "%" => Some((i, Spread::Percent)),
        Some((i, unit)) if unit == COUNTS && quantity == COUNTS => Some((i, Spread::Absolute(si))),
        Some((i, unit)) if VALUES[value[0].1].0 == format!("{quantity}_{unit}") => {
            Some((i, Spread::Absolute(si)))
        }
        Some((_, unit)) => {
            return refuse(
                format!("uncertainty in '{unit}'"),
                "it must be in the unit of the values or in %",
            );
        }
    };
    Ok(Columns {
        curve: curve.pop(),
        time: time[0],
        value: value[0],
        uncertainty,
        count: names.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, word: &str) {
        let error = parse(text, "t.csv", None).expect_err("must be refused").to_string();
        assert!(error.contains(word), "{error}");
    }

    #[test]
    fn units_are_in_the_names() {
        let text = "# a comment\ncurve, time_h, activity_MBq, uncertainty_%\nliver,4,2,10\nspleen,4,1,5\nliver,24,1.5,10 # late\n";
        let file = parse(text, "t.csv", None).unwrap();
        assert_eq!((file.unit, file.integral_unit, file.curves.len()), ("Bq", "Bq s", 2));
        let liver = &file.curves[0];
        assert_eq!(
            (liver.times_s.clone(), liver.values.clone()),
            (vec![14_400.0, 86_400.0], vec![2e6, 1.5e6])
        );
        assert!((liver.uncertainties.as_ref().unwrap()[0] - 2e5).abs() < 1e-6);
        let rate =
            parse("time_min,dose_rate_mGy/h,uncertainty_mGy/h\n10,36,3.6", "t.csv", None).unwrap();
        let curve = &rate.curves[0];
        assert_eq!((rate.integral_unit, curve.name.as_str()), ("Gy", "curve"));
        assert!(
            (curve.values[0] - 1e-5).abs() < 1e-18
                && (curve.uncertainties.as_ref().unwrap()[0] - 1e-6).abs() < 1e-18
        );
    }

    #[test]
    fn dates_need_injection_and_one_kind_of_clock() {
        let text = "time,activity_Bq\n2026-11-22T14:00:00+01:00,5\n";
        let injection = Moment::parse("2026-11-22T12:00:00Z").unwrap();
        let file = parse(text, "t.csv", Some(injection)).unwrap();
        assert_eq!(file.curves[0].times_s, [3600.0]);
        refused(text, "injection");
        let error = parse("time,activity_Bq\n2026-11-22T14:00:00,5\n", "t.csv", Some(injection));
        assert!(error.expect_err("no offset").to_string().contains("offset from UTC"));
    }

    #[test]
    fn unclear_tables_are_refused() {
        refused("", "empty");
        refused("time_h,activity_MBq\n", "no rows");
        refused("time,activity\n1,2\n", "unknown column 'activity'");
        refused("time_h,time_s,activity_Bq\n1,2,3\n", "mixed");
        refused("time_h\n1\n", "0 value columns");
        refused("time_h,activity_Bq,uncertainty_MBq\n1,2,3\n", "unit of the values");
        refused("time_h,activity_Bq\n1,2,3\n", "3 cells");
        refused("time_h,activity_Bq\n1,x\n", "no number");
        refused("curve,curve,time_h,activity_Bq\n1,2,3,4\n", "twice");
    }
}
