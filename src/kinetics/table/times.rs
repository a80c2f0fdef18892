//! The time of a row: a number with the unit of its column, a length of time written with colons, or a date with a clock.
//!
//! How the cells of a column are read is decided for all of them at once ([`Times::new`]), and what was taken for what is told: `4:30` in
//! a column of hours is 4.5 h, `96:00` no clock shows, and the order of `11/12/2026` follows from the rows that tell it.

use super::TableOptions;
use super::elapsed::{looks_elapsed, seconds_of_elapsed, spelled};
use super::layout::TimeColumn;
use crate::error::{Error, Result};
use crate::sheet::{Cell, Decimal, Row, Sheet, number};
use crate::time::{DateOrder, in_order, order_of};
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// What the cells of the time column are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// Numbers, and lengths of time with colons beside them: s per unit, s of the part before the first colon.
    After(usize, f64, f64),
    /// Date and time of day in one cell.
    Clock(usize, Option<DateOrder>),
    /// In two.
    DateAndClock(usize, usize, Option<DateOrder>),
}

/// The reader of the times of a table.
pub struct Times<'a> {
    sheet: &'a Sheet,
    options: &'a TableOptions<'a>,
    decimal: Decimal,
    form: Form,
}

impl<'a> Times<'a> {
    /// Looks at all cells of the column; what they are taken for is noted.
    ///
    /// # Errors
    /// If a length of time with colons, or the order of the dates, has two readings.
    pub fn new(
        sheet: &'a Sheet,
        column: TimeColumn,
        decimal: Decimal,
        options: &'a TableOptions<'a>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let cells = |c: usize| {
            let all = sheet.rows.iter().map(move |r| (sheet.at(r.line), r.cells[c].as_str()));
            all.filter(|(_, text)| !number::is_missing(text))
        };
        let dates = |c: usize| order_of(cells(c), options.dates);
        let form = match column {
            TimeColumn::After(c, scale) => {
                let elapsed = |text: &str| spelled(text).is_none() && looks_elapsed(text);
                let first = match cells(c).find(|(_, text)| elapsed(text)) {
                    Some((at, text)) => first_part(&at, &sheet.header[c], text, scale)?,
                    None => scale,
                };
                Form::After(c, scale, first)
            }
            TimeColumn::Elapsed(c, first) => Form::After(c, first, first),
            TimeColumn::Clock(c) => match cells(c).next() {
                Some(_) if cells(c).all(|(_, text)| spelled(text).is_some()) => {
                    Form::After(c, SECONDS_PER_HOUR, SECONDS_PER_HOUR)
                }
                Some(_) if cells(c).all(|(_, text)| looks_elapsed(text)) => {
                    longer_than_a_day(sheet, c, cells(c))?;
                    Form::After(c, SECONDS_PER_HOUR, SECONDS_PER_HOUR)
                }
                _ => Form::Clock(c, dates(c)?),
            },
            TimeColumn::DateAndClock(d, c) => Form::DateAndClock(d, c, dates(d)?),
        };
        let times = Times { sheet, options, decimal, form };
        match form {
            Form::After(c, _, first) => times.note_elapsed(c, first, cells(c), notes)?,
            Form::Clock(_, order) | Form::DateAndClock(_, _, order) => {
                notes.extend(order.map(|o| {
                    let read = match o {
                        DateOrder::DayFirst => "day/month/year",
                        DateOrder::MonthFirst => "month/day/year",
                    };
                    format!("dates are read as {read}")
                }));
            }
        }
        Ok(times)
    }

    /// Tells what colons are taken for; refuses them beside decimals, where 4.30 may be half past four as well.
    fn note_elapsed<'t>(
        &self,
        column: usize,
        first: f64,
        cells: impl Iterator<Item = (String, &'t str)>,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let name = &self.sheet.header[column];
        let (mut with_colons, mut decimals) = (None, None);
        for (at, text) in cells {
            if spelled(text).is_some() {
                continue;
            }
            if looks_elapsed(text) {
                with_colons.get_or_insert((at, text.to_string()));
            } else if text.contains(self.decimal.mark()) {
                decimals.get_or_insert((at, text.to_string()));
            }
        }
        let written =
            matches!(super::heading::heading(name), Ok(super::heading::Heading::Elapsed(_)));
        match (with_colons, decimals) {
            (Some((a, x)), Some((b, y))) => Err(Error::input(
                format!("{a}: '{x}', {b}: '{y}' in '{name}'"),
                "times with colons and with decimals are mixed: the decimals may be meant as minutes too",
                "Write all times of the column alike, such as 4.5 or 4:30.",
            )),
            (None, Some((b, y))) if written => Err(Error::input(
                format!("{b}: '{y}' in '{name}'"),
                "the column is one of times with colons, and the decimals may be meant as minutes",
                "Write it with a colon, such as 4:30, or name the column time_h.",
            )),
            (Some((_, x)), None) => {
                let seconds = seconds_of_elapsed(&x, first).unwrap_or(f64::NAN);
                notes.push(format!(
                    "times such as '{x}' in '{name}' are taken as {}: {} after injection",
                    parts(first),
                    if first < SECONDS_PER_HOUR {
                        format!("{} min", rounded(seconds / 60.0))
                    } else {
                        format!("{} h", rounded(seconds / SECONDS_PER_HOUR))
                    }
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// s after injection; none where the cell says that there is none.
    ///
    /// # Errors
    /// If it is no such time, or one with a date without the time of injection.
    pub fn of(&self, row: &Row) -> Result<Option<f64>> {
        let at = || self.sheet.at(row.line);
        let (text, order) = match self.form {
            Form::After(column, scale, first) => {
                let text = row.cells[column].trim();
                if let Some(seconds) = spelled(text) {
                    return Ok(Some(seconds));
                }
                if looks_elapsed(text) {
                    return match seconds_of_elapsed(text, first) {
                        Some(seconds) => Ok(Some(seconds)),
                        None => Err(Error::input(
                            format!("{}: {} '{text}'", at(), self.sheet.header[column]),
                            format!(
                                "it is read as {}, of which each part but the first has two digits and stays below its next unit",
                                parts(first)
                            ),
                            "Correct it, or write a number.",
                        )),
                    };
                }
                return match number::read(text, self.decimal) {
                    Ok(Cell::Missing) => Ok(None),
                    Ok(Cell::Number(x)) => Ok(Some(scale * x)),
                    Err((why, remedy)) => Err(Error::input(
                        format!("{}: {} '{text}'", at(), self.sheet.header[column]),
                        why,
                        remedy,
                    )),
                };
            }
            Form::Clock(clock, order) => (row.cells[clock].clone(), order),
            Form::DateAndClock(date, clock, order) => {
                (format!("{}T{}", date_alone(&row.cells[date]), row.cells[clock]), order)
            }
        };
        if number::is_missing(text.trim_matches('T')) {
            return Ok(None);
        }
        if let Ok(Cell::Number(_)) = number::read(&text, self.decimal) {
            return Err(Error::input(
                format!("{}: the time '{text}'", at()),
                "the name of its column has no unit, and a unit is not guessed",
                "Name the column time_h, time_min or time_d, or write dates with times of day.",
            ));
        }
        let Some(clock) = self.options.clock else {
            return Err(Error::usage(
                format!("{}: a time with a date", at()),
                "the time of injection is not known",
                "Add --injection 2026-11-22T09:30:00+01:00.",
            ));
        };
        let in_row = |e: Error| Error { problem: format!("{}: {}", at(), e.problem), ..e };
        clock(&in_order(&text, order)).map(Some).map_err(in_row)
    }
}

/// Spreadsheets write a date with midnight behind it where the clock has its own column.
fn date_alone(cell: &str) -> &str {
    let cell = cell.trim();
    [" 00:00:00", " 0:00:00", " 00:00", " 0:00", "T00:00:00", " 12:00:00 AM", " 12:00 AM"]
        .iter()
        .find_map(|midnight| cell.strip_suffix(midnight))
        .unwrap_or(cell)
}

/// s of the part before the first colon in a column of numbers in a unit (s): hours in hours; three parts in minutes and seconds are hours
/// too.
fn first_part(at: &str, name: &str, text: &str, scale: f64) -> Result<f64> {
    let three = text.matches(':').count() == 2;
    if scale == SECONDS_PER_HOUR || (three && scale < SECONDS_PER_HOUR) {
        return Ok(SECONDS_PER_HOUR);
    }
    let [a, b] = if scale == SECONDS_PER_DAY {
        if three { ["h:mm:ss", "d:hh:mm"] } else { ["h:mm", "d:hh:mm"] }
    } else {
        ["h:mm", "mm:ss"]
    };
    Err(Error::input(
        format!("{at}: '{text}' in '{name}'"),
        format!("it may be {a} or {b}, which the unit of the column does not tell"),
        format!("Name the column 'time ({a})' or 'time ({b})', as it is meant, or write numbers."),
    ))
}

/// Refuses clocks without dates that may be times of day: those of which none is above 24 h.
fn longer_than_a_day<'t>(
    sheet: &Sheet,
    column: usize,
    mut cells: impl Iterator<Item = (String, &'t str)>,
) -> Result<()> {
    let long = |text: &str| {
        seconds_of_elapsed(text, SECONDS_PER_HOUR).is_some_and(|s| s >= SECONDS_PER_DAY)
    };
    let Some((at, text)) = cells.next() else { return Ok(()) };
    if long(text) || cells.any(|(_, text)| long(text)) {
        return Ok(());
    }
    Err(Error::input(
        format!("{at}: '{text}' in '{}'", sheet.header[column]),
        "it may be a time of day without its date, or the time after injection",
        "Name the column 'time (h:mm)' if it is the time after injection; else write the dates too, or give them a column 'date'.",
    ))
}

fn parts(first: f64) -> &'static str {
    match first {
        f if f >= SECONDS_PER_DAY => "days:hours:minutes",
        f if f >= SECONDS_PER_HOUR => "hours:minutes",
        _ => "minutes:seconds",
    }
}

fn rounded(x: f64) -> f64 {
    (x * 1e5).round() / 1e5
}
