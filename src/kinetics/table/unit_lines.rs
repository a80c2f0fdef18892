//! Units that stand beside the names of the columns: in the first row below them, or in a column of their own. They are written into the names, which
//! say everything afterwards.

use super::units::{Unit, unit_of};
use super::words::HOURS_IN_GERMAN;
use crate::error::{Error, Result};
use crate::sheet::Decimal;
use crate::sheet::Sheet;
use crate::sheet::number::{Cell, is_missing, read};

/// What a column of units is called.
const UNITS: [&str; 8] =
    ["unit", "units", "einheit", "einheiten", "unité", "unite", "unidad", "unità"];

/// The table with its units in the names of its columns.
///
/// # Errors
/// If a column of units holds several, or none that is known.
pub fn into_header(sheet: &Sheet) -> Result<Sheet> {
    let mut sheet = sheet.clone();
    from_row(&mut sheet);
    from_columns(&mut sheet)?;
    Ok(sheet)
}

fn unit(cell: &str) -> Option<Unit> {
    let inside = cell.trim().trim_matches(|c| "()[]".contains(c));
    unit_of(&inside.to_lowercase())
}

/// Whether a cell is a unit for that name: `Std.` is the hour below a German word for time.
fn unit_below(name: &str, cell: &str) -> bool {
    unit(cell).is_some() || hours_in_german(name, cell)
}

fn hours_in_german(name: &str, cell: &str) -> bool {
    let inside = cell.trim().trim_matches(|c| "()[].".contains(c)).to_lowercase();
    HOURS_IN_GERMAN.contains(&name.trim().to_lowercase().as_str()) && inside == "std"
}

/// A first row of nothing but units, two at least, for names that have none.
fn from_row(sheet: &mut Sheet) {
    let Some(first) = sheet.rows.first() else { return };
    let is_number = |cell: &str| matches!(read(cell, Decimal::Point), Ok(Cell::Number(_)));
    let silent = |cell: &str| is_missing(cell) || ["-", "–", "1"].contains(&cell);
    let pairs = || sheet.header.iter().zip(&first.cells);
    let all = pairs().all(|(name, c)| unit_below(name, c) || silent(c));
    let units = pairs().filter(|(name, c)| unit_below(name, c) && !is_number(c)).count();
    if !all || units < 2 {
        return;
    }
    let row = sheet.rows.remove(0);
    for (name, cell) in sheet.header.iter_mut().zip(&row.cells) {
        append(name, cell);
    }
}

/// The column whose units another holds: the one before it, or the one that it names (`time unit`).
fn owner(header: &[String], column: usize) -> Option<usize> {
    let plain = |name: &str| name.trim().to_lowercase().replace(['_', '-', '.'], " ");
    let name = plain(&header[column]);
    let of = UNITS.iter().find_map(|word| name.strip_suffix(word))?.trim();
    match of {
        "" => Some(column - 1),
        _ => (0..header.len()).find(|i| plain(&header[*i]) == of),
    }
}

/// A column of units belongs to the column before it, or to the one that it names.
fn from_columns(sheet: &mut Sheet) -> Result<()> {
    for column in 1..sheet.header.len() {
        let Some(owner) = owner(&sheet.header, column) else { continue };
        let cells = || sheet.rows.iter().filter(|r| !is_missing(&r.cells[column]));
        let Some(first) = cells().next() else { continue };
        let own = first.cells[column].clone();
        if let Some(other) = cells().find(|r| r.cells[column] != own) {
            return Err(Error::input(
                format!(
                    "{}: {} '{}' after '{own}'",
                    sheet.at(other.line),
                    sheet.header[column],
                    other.cells[column]
                ),
                "a column has one unit, and values of two would be mixed",
                "Write all values of a column in one unit, or each kind into a table of its own.",
            ));
        }
        if unit(&own).is_none() {
            return Err(Error::input(
                format!("{}: {} '{own}'", sheet.at(first.line), sheet.header[column]),
                "no such unit of an activity, a dose rate, counts or a time is known",
                "Write for example MBq, kBq/mL, mGy/h or counts.",
            ));
        }
        append(&mut sheet.header[owner], &own);
        sheet.header[column] = "comment".into();
    }
    Ok(())
}

/// Writes a unit behind a name, unless it stands there.
fn append(name: &mut String, cell: &str) {
    if hours_in_german(name, cell) {
        *name = format!("{name} (h)");
        return;
    }
    let Some(own) = unit(cell) else { return };
    let inside = cell.trim().trim_matches(|c| "()[]".contains(c));
    let there = name.rsplit(|c: char| " _([".contains(c)).next();
    let same = there.and_then(|word| unit(word.trim_end_matches([')', ']']))) == Some(own);
    if !same {
        *name = format!("{name} ({inside})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        into_header(&Sheet::parse(text.as_bytes(), "t.csv").unwrap()).unwrap().header
    }

    #[test]
    fn units_below_and_beside_the_names() {
        assert_eq!(header("time,activity\nh,MBq\n4,10\n24,5\n"), ["time (h)", "activity (MBq)"]);
        assert_eq!(
            header("organ;time;activity;sd\n;[h];[MBq];%\nliver;4;10;5\n"),
            ["organ", "time (h)", "activity (MBq)", "sd (%)"]
        );
        assert_eq!(
            header("time_h,activity,unit\n4,10,MBq\n24,5,MBq\n"),
            ["time_h", "activity (MBq)", "comment"]
        );
        assert_eq!(
            header("t (h),activity (MBq),units\n4,10,MBq\n"),
            ["t (h)", "activity (MBq)", "comment"]
        );
        assert_eq!(header("Zeit;Aktivität\nStd.;MBq\n4;10\n"), ["Zeit (h)", "Aktivität (MBq)"]);
        assert_eq!(
            header("time,time unit,activity,activity_unit\n4,h,10,MBq\n24,h,5,MBq\n"),
            ["time (h)", "comment", "activity (MBq)", "comment"]
        );
        // No row of units.
        assert_eq!(header("organ,time_h,a_MBq\nd,4,1\n"), ["organ", "time_h", "a_MBq"]);
    }

    #[test]
    fn one_unit_per_column() {
        for (text, word) in [
            ("time_h,activity,unit\n4,10,MBq\n24,5,kBq\n", "kBq"),
            ("time_h,activity,unit\n4,10,furlong\n", "furlong"),
        ] {
            let sheet = Sheet::parse(text.as_bytes(), "t.csv").unwrap();
            let error = into_header(&sheet).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
