//! From the names of the columns to which column gives what: a long table or a wide one.

use std::collections::BTreeMap;

use super::heading::{Heading, heading, heading_where_stated};
use super::units::Quantity;
use crate::error::{Error, Result};
use crate::sheet::Sheet;
use crate::sheet::number::is_missing;
use crate::units::SECONDS_PER_HOUR;

/// What is known, for messages.
pub const KNOWN: &str = "Name the columns like curve,time_h,activity_MBq,uncertainty_% (a row per point) or time (h),liver (MBq),liver ± (%),kidney (MBq) (a column per curve), each with its unit: \
time in s, min, h, d or h:mm (time_h, t [h], hours p.i., time (h:mm)), or time with date; values in Bq, kBq, MBq, GBq, mCi, uCi, cps, %IA, %IA/g, kBq/mL, kBq/g, Gy/s, mGy/h or counts; one standard deviation as uncertainty, SD, u, error or ±, in % or a unit; \
mass (g), volume (mL); decay-corrected (yes or no); curve, voi, roi, organ, region, lesion, tissue, structure, source or name for the names; comment. See voxgray fit --help.";

/// How the time of a row is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeColumn {
    /// A number; s per unit.
    After(usize, f64),
    /// Written with colons (`4:30`); s of the part before the first one.
    Elapsed(usize, f64),
    /// A date with a time of day.
    Clock(usize),
    /// A date and, in another column, a time of day.
    DateAndClock(usize, usize),
}

/// Columns of values of one curve.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueColumns {
    /// The curve, if the column names it.
    pub curve: Option<String>,
    /// Of the values.
    pub value: usize,
    /// What they are.
    pub quantity: Quantity,
    /// SI per unit.
    pub scale: f64,
    /// Of the uncertainties: SI per unit, or none for %.
    pub spread: Option<(usize, Option<f64>)>,
    /// Of masses, g per unit.
    pub mass: Option<(usize, f64)>,
    /// Of volumes, mL per unit.
    pub volume: Option<(usize, f64)>,
}

/// All columns that are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Names of curves; none in a wide table and where there is one curve only.
    pub names: Option<usize>,
    /// Times.
    pub time: TimeColumn,
    /// Values: one in a long table.
    pub values: Vec<ValueColumns>,
    /// Whether the values are decay-corrected, where their names say so.
    pub corrected: Option<bool>,
    /// The column that says it row by row, and what a yes means.
    pub corrected_by_row: Option<(usize, bool)>,
    /// Columns of nuclides.
    pub nuclides: Vec<usize>,
}

/// Most curves of a table: VOIs of a hundred patients.
pub const MOST_CURVES: usize = 2_000;

/// The error of a table with more.
pub fn too_many_curves(at: &str) -> Error {
    Error::input(
        format!("{at}: more than {MOST_CURVES} curves"),
        "a table of VOIs has fewer; voxels are integrated by voxgray dose",
        "Check the column of names, or split the table.",
    )
}

/// A name as it is compared.
pub fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Which column gives what. `correction_stated`: whether it is stated elsewhere that values are corrected for decay or not.
///
/// # Errors
/// If one is not understood, missing or there twice.
pub fn layout(sheet: &Sheet, correction_stated: bool) -> Result<Layout> {
    let at = sheet.at(sheet.header_line);
    if let [only] = &sheet.header[..] {
        return Err(Error::input(
            format!("{at}: one column, '{only}'"),
            "neither commas nor semicolons nor tabs separate cells, and a curve needs a column of times and one of values; 0 value columns",
            KNOWN,
        ));
    }
    let refuse =
        |problem: String, why: String| Err(Error::input(format!("{at}: {problem}"), why, KNOWN));
    let mut found = Vec::new();
    for name in &sheet.header {
        let read = if correction_stated { heading_where_stated } else { heading };
        match read(name) {
            Ok(heading) => found.push(heading),
            Err(why) => return refuse(format!("unknown column '{name}'"), why),
        }
    }
    let columns = |wanted: fn(&Heading) -> bool| -> Vec<usize> {
        (0..found.len()).filter(|i| wanted(&found[*i])).collect()
    };
    let names = columns(|h| matches!(h, Heading::Curve));
    if names.len() > 1 {
        return refuse(
            format!(
                "'{}' and '{}' both name the curve",
                sheet.header[names[0]], sheet.header[names[1]]
            ),
            "one column gives the names, not this one twice".into(),
        );
    }
    let time = time_column(&found, sheet)?;
    let values = columns(|h| matches!(h, Heading::Value { .. }));
    if values.is_empty() {
        return refuse(
            "0 value columns".into(),
            "an activity, a dose rate or counts are needed".into(),
        );
    }
    if values.len() > MOST_CURVES {
        return Err(too_many_curves(&at));
    }
    let wide = names.is_empty();
    if !wide && values.len() > 1 {
        return refuse(
            format!("{} value columns beside '{}'", values.len(), sheet.header[names[0]]),
            "a table has a column of names and one of values, or a column of values per curve"
                .into(),
        );
    }
    let mut all: Vec<ValueColumns> = Vec::new();
    let mut seen: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let (mut corrected, mut first) = (None, true);
    for &i in &values {
        let Heading::Value { of, quantity, scale, corrected: own } = &found[i] else { continue };
        if !first && *own != corrected {
            return refuse(
                format!("'{}' and '{}'", sheet.header[values[0]], sheet.header[i]),
                "one says whether it is decay-corrected and the other says otherwise or nothing: write 'decay-corrected' or \
                 'not decay-corrected' in both names if they are alike, else each into a table of its own"
                    .into(),
            );
        }
        (corrected, first) = (*own, false);
        if let (false, Some(name)) = (wide, of) {
            return refuse(
                format!("'{}' beside '{}'", sheet.header[i], sheet.header[names[0]]),
                format!(
                    "'{name}' is no word for a value, and the names of the curves have a column; call it activity with its unit"
                ),
            );
        }
        let name = of.as_deref().map(folded);
        if let Some(other) = seen.get(&name).map(|n: &usize| &all[*n]) {
            return refuse(
                format!(
                    "'{}' and '{}' are of one curve: a column twice",
                    sheet.header[other.value], sheet.header[i]
                ),
                "a curve has one column of values, and units must not be mixed".into(),
            );
        }
        if all.first().is_some_and(|f| f.curve.is_none()) || (!all.is_empty() && of.is_none()) {
            return refuse(
                format!(
                    "'{}' among several value columns",
                    sheet.header[if of.is_none() { i } else { values[0] }]
                ),
                "in a table with a column per curve each column names its curve".into(),
            );
        }
        seen.insert(name, all.len());
        all.push(ValueColumns {
            curve: of.clone(),
            value: i,
            quantity: *quantity,
            scale: *scale,
            spread: None,
            mass: None,
            volume: None,
        });
    }
    attach(sheet, &found, &mut all)?;
    let by_row = columns(|h| matches!(h, Heading::Corrected(_)));
    if let ([i, ..], Some(_)) | ([_, i, ..], None) = (&by_row[..], corrected) {
        return refuse(
            format!("'{}' beside another name that says it", sheet.header[*i]),
            "whether the values are decay-corrected is said once: by the name of their column, or by one column of yes and no".into(),
        );
    }
    let corrected_by_row = by_row.first().and_then(|i| match found[*i] {
        Heading::Corrected(yes) => Some((*i, yes)),
        _ => None,
    });
    one_patient(sheet, &columns(|h| matches!(h, Heading::Patient)))?;
    let nuclides = columns(|h| matches!(h, Heading::Nuclide));
    let names = names.first().copied();
    Ok(Layout { names, time, values: all, corrected, corrected_by_row, nuclides })
}

/// Refuses a table of several patients, whose curves of one name would be taken as one.
fn one_patient(sheet: &Sheet, columns: &[usize]) -> Result<()> {
    for &column in columns {
        let mut cells = sheet.rows.iter().filter(|r| !r.cells[column].is_empty());
        let Some(first) = cells.next() else { continue };
        if let Some(other) = cells.find(|r| r.cells[column] != first.cells[column]) {
            return Err(Error::input(
                format!(
                    "{}: {} '{}' after '{}'",
                    sheet.at(other.line),
                    sheet.header[column],
                    other.cells[column],
                    first.cells[column]
                ),
                "a table is of one patient: points of two would be one curve",
                format!(
                    "Write each into a table of its own, or into the names of the curves ('{} liver') and call the column 'comment'.",
                    first.cells[column]
                ),
            ));
        }
    }
    Ok(())
}

/// Gives uncertainties, masses and volumes to the columns of values that they belong to.
fn attach(sheet: &Sheet, found: &[Heading], all: &mut [ValueColumns]) -> Result<()> {
    let at = sheet.at(sheet.header_line);
    let refuse =
        |problem: String, why: String| Err(Error::input(format!("{at}: {problem}"), why, KNOWN));
    let names: Vec<Option<String>> = all.iter().map(|c| c.curve.as_deref().map(folded)).collect();
    for (i, heading) in found.iter().enumerate() {
        let (of, what) = match heading {
            Heading::Spread { of, .. } => (of, "uncertainty"),
            Heading::Mass(of, _) => (of, "mass"),
            Heading::Volume(of, _) => (of, "volume"),
            _ => continue,
        };
        let Some(owner) = owner(all, &names, of.as_deref(), i) else {
            let name = |c: &ValueColumns| c.curve.clone().unwrap_or_else(|| "the values".into());
            let curves: Vec<String> = all.iter().map(name).collect();
            return refuse(
                format!("'{}' belongs to no column of values", sheet.header[i]),
                format!(
                    "an {what} is of one curve by its name; the curves are {}",
                    curves.join(", ")
                ),
            );
        };
        if let (Heading::Spread { of: None, .. }, Some(open)) =
            (heading, all.iter().find(|c| c.value < all[owner].value && !has_spread(found, c)))
        {
            let name = |c: &ValueColumns| c.curve.clone().unwrap_or_default();
            let (own, open) = (name(&all[owner]), name(open));
            return Err(Error::input(
                format!("{at}: '{}' behind '{}'", sheet.header[i], sheet.header[all[owner].value]),
                format!(
                    "whether it is of '{own}' alone or of all curves is not said, and '{open}' has none of its own"
                ),
                format!(
                    "Name it '{own} {0}' if it is of '{own}' alone; else give each curve a column such as '{open} {0}' behind its values.",
                    sheet.header[i]
                ),
            ));
        }
        let own = &mut all[owner];
        let twice = match heading {
            Heading::Spread { unit, .. } => {
                let scale = match unit {
                    None => None,
                    Some((quantity, scale)) if *quantity == own.quantity => Some(*scale),
                    Some(_) => {
                        return refuse(
                            format!(
                                "uncertainty '{}' of '{}'",
                                sheet.header[i], sheet.header[own.value]
                            ),
                            "it must be in a unit of the values or in %".into(),
                        );
                    }
                };
                own.spread.replace((i, scale)).is_some()
            }
            Heading::Mass(_, g) => own.mass.replace((i, *g)).is_some(),
            Heading::Volume(_, ml) => own.volume.replace((i, *ml)).is_some(),
            _ => false,
        };
        if twice {
            return refuse(
                format!("'{}': a column twice", sheet.header[i]),
                format!("one {what} per curve at most"),
            );
        }
    }
    Ok(())
}

/// Whether a column of uncertainties is named after the curve of `values`, or stands behind them.
fn has_spread(found: &[Heading], values: &ValueColumns) -> bool {
    let own = values.curve.as_deref().map(folded);
    found.iter().enumerate().any(|(i, heading)| match heading {
        Heading::Spread { of: Some(name), .. } => Some(folded(name)) == own,
        Heading::Spread { of: None, .. } => i == values.value + 1,
        _ => false,
    })
}

/// The column of values that another belongs to: by name, the only one, or the one directly before it.
/// `names` are the names of their curves as they are compared.
fn owner(
    all: &[ValueColumns],
    names: &[Option<String>],
    of: Option<&str>,
    at: usize,
) -> Option<usize> {
    match of {
        Some(name) => {
            let name = folded(name);
            let only = all.len() == 1 && all[0].curve.is_none() && name == "curve";
            let named = |name: &str| names.iter().position(|n| n.as_deref() == Some(name));
            // "kidney 1 SD" is one standard deviation of a kidney where there is no kidney 1.
            let one = || name.strip_suffix(" 1").and_then(|name| named(name.trim_end()));
            named(&name).or(only.then_some(0)).or_else(one)
        }
        None if all.len() == 1 => Some(0),
        None => all.iter().position(|c| c.value + 1 == at),
    }
}

fn time_column(found: &[Heading], sheet: &Sheet) -> Result<TimeColumn> {
    let (mut after, mut clocks, mut dates, mut elapsed) = (vec![], vec![], vec![], vec![]);
    for (i, heading) in found.iter().enumerate() {
        match heading {
            Heading::Time(s) => after.push((i, *s)),
            Heading::Elapsed(s) => elapsed.push((i, *s)),
            Heading::Clock => clocks.push(i),
            Heading::Date => dates.push(i),
            _ => {}
        }
    }
    match (&after[..], &elapsed[..], &clocks[..], &dates[..]) {
        ([(i, s)], [], [], []) => Ok(TimeColumn::After(*i, *s)),
        ([], [(i, s)], [], []) => Ok(TimeColumn::Elapsed(*i, *s)),
        // Beside dates a clock written h:mm is a time of day.
        ([], [(clock, SECONDS_PER_HOUR)], [], [date]) | ([], [], [clock], [date]) => {
            Ok(TimeColumn::DateAndClock(*date, *clock))
        }
        ([], [], [clock], []) => Ok(TimeColumn::Clock(*clock)),
        ([], [], [], [date]) => {
            let whole =
                |text: &str| text.contains(':') || text.to_ascii_lowercase().contains(" pm");
            match sheet
                .rows
                .iter()
                .find(|r| !is_missing(&r.cells[*date]) && !whole(&r.cells[*date]))
            {
                None => Ok(TimeColumn::Clock(*date)),
                Some(row) => Err(Error::input(
                    format!(
                        "{}: {} '{}' has no time of day",
                        sheet.at(row.line),
                        sheet.header[*date],
                        row.cells[*date]
                    ),
                    "half a day changes every curve",
                    "Add a column 'time' with the times of day (9:30), or write them behind the dates (2026-11-22 9:30).",
                )),
            }
        }
        _ => {
            let names: Vec<&str> = (0..found.len())
                .filter(|i| {
                    matches!(
                        found[*i],
                        Heading::Time(_) | Heading::Elapsed(_) | Heading::Clock | Heading::Date
                    )
                })
                .map(|i| sheet.header[i].as_str())
                .collect();
            let found_times = names.len();
            let names =
                if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
            Err(Error::input(
                format!("{}: {} time columns{names}", sheet.at(sheet.header_line), found_times),
                "exactly one is needed, after injection with its unit or with a date; units must not be mixed",
                KNOWN,
            ))
        }
    }
}
