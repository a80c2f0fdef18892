//! Columns of numbers of a user's nuclide: written in the file itself, or in a table beside it that it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

use crate::error::{Error, Result, did_you_mean};
use crate::sheet::decimal::decimal_of;
use crate::sheet::number::{self, Cell};
use crate::sheet::{Row, Sheet};

/// Most rows.
const MOST: usize = 4000;
/// Highest energy, keV: above every decay.
const HIGHEST_KEV: f64 = 2e4;
/// Most of one kind per 100 decays and line: what is more is a slip of the unit.
const MOST_PER_100: f64 = 1e4;

/// `{ file = "lines.csv" }`, or each column as a list under its name.
#[derive(Deserialize)]
pub(super) struct Columns {
    file: Option<PathBuf>,
    #[serde(flatten)]
    lists: BTreeMap<String, Value>,
}

/// Where tables lie, and who wants to know of them.
pub(super) trait Place {
    /// The folder that their names start from.
    fn folder(&self) -> &Path;
    /// Called with each table that was read.
    fn was_read(&mut self, path: &Path, bytes: &[u8]);
}

impl Columns {
    /// The rows of the table `word`: an energy in keV first, then a number.
    pub fn rows(
        &self,
        word: &str,
        names: &[&str; 2],
        place: &mut impl Place,
    ) -> Result<Vec<Vec<f64>>> {
        let rows = match &self.file {
            Some(_) if !self.lists.is_empty() => Err(Error::input(
                "it has a file and lists",
                "its columns stand in one place",
                "Leave one of them out.",
            )),
            Some(file) => from_file(&place.folder().join(file), names, place),
            None => self.lists(names),
        };
        let rows = rows.and_then(|rows| check(rows, names));
        rows.map_err(|e| Error { problem: format!("{word}: {}", e.problem), ..e })
    }

    fn lists(&self, names: &[&str; 2]) -> Result<Vec<Vec<f64>>> {
        if let Some(other) = self.lists.keys().find(|k| !names.contains(&k.as_str())) {
            return Err(Error::input(
                // In serde's words, which tests of the help look for.
                format!(
                    "unknown field `{other}`, expected one of `{}`, `{}`, `file`",
                    names[0], names[1]
                ),
                "no such column is known",
                format!(
                    "{}voxgray help-file nuclides lists the keys.",
                    did_you_mean(other, names.iter().copied())
                ),
            ));
        }
        let list = |name: &str| -> Result<Vec<f64>> {
            let Some(Value::Array(values)) = self.lists.get(name) else {
                return Err(Error::input(
                    format!("it has no list {name}"),
                    format!("its columns are {} and {}", names[0], names[1]),
                    "Give both as lists of numbers, or a file.",
                ));
            };
            let number = |v: &Value| match v {
                Value::Integer(x) => Ok(*x as f64),
                Value::Float(x) => Ok(*x),
                other => Err(Error::input(
                    format!("{name} holds a {}", other.type_str()),
                    "it is a list of numbers",
                    "Write numbers without quotation marks.",
                )),
            };
            values.iter().map(number).collect()
        };
        let (first, second) = (list(names[0])?, list(names[1])?);
        if first.len() != second.len() {
            return Err(Error::input(
                format!(
                    "{} has {} numbers, {} has {}",
                    names[0],
                    first.len(),
                    names[1],
                    second.len()
                ),
                "they are columns of one table",
                "Give as many of both.",
            ));
        }
        Ok(first.into_iter().zip(second).map(|(a, b)| vec![a, b]).collect())
    }
}

fn from_file(path: &Path, names: &[&str; 2], place: &mut impl Place) -> Result<Vec<Vec<f64>>> {
    let bytes = crate::files::bytes(path, 1 << 24)?;
    let sheet = Sheet::parse(&bytes, &path.display().to_string())?;
    place.was_read(path, &bytes);
    let column = |name: &str| {
        sheet.header.iter().position(|h| h.eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::input(
                format!("{} has no column {name}", sheet.at(sheet.header_line)),
                format!("its columns are {} and {}", names[0], names[1]),
                "Name them so.",
            )
        })
    };
    let known = |h: &String| names.iter().any(|n| h.eq_ignore_ascii_case(n));
    if let Some(other) = sheet.header.iter().find(|h| !known(h)) {
        return Err(Error::input(
            format!("{} has a column {other}", sheet.at(sheet.header_line)),
            format!("its columns are {} and {}; no other is read", names[0], names[1]),
            "Take it out; classes of branches stand under class in the file of nuclides.",
        ));
    }
    let at = [column(names[0])?, column(names[1])?];
    let texts =
        sheet.rows.iter().flat_map(|row| at.map(|c| (sheet.at(row.line), row.cells[c].as_str())));
    let decimal = decimal_of(texts, sheet.separator)?;
    let cell = |row: &Row, column: usize| -> Result<f64> {
        match number::read(&row.cells[column], decimal) {
            Ok(Cell::Number(x)) => Ok(x),
            Ok(Cell::Missing) => Err(Error::input(
                format!("{}: a cell of {} is empty", sheet.at(row.line), sheet.header[column]),
                "every row has both numbers",
                "Fill it, or take the row out.",
            )),
            Err((why, remedy)) => Err(Error::input(
                format!(
                    "{}: {} is '{}'",
                    sheet.at(row.line),
                    sheet.header[column],
                    row.cells[column]
                ),
                why,
                remedy,
            )),
        }
    };
    sheet.rows.iter().map(|row| at.iter().map(|&c| cell(row, c)).collect()).collect()
}

fn check(rows: Vec<Vec<f64>>, names: &[&str; 2]) -> Result<Vec<Vec<f64>>> {
    let refuse = |problem: String, why: &str| {
        Err(Error::input(problem, why, "Correct it; energies are in keV."))
    };
    if rows.is_empty() || rows.len() > MOST {
        return refuse(format!("it has {} rows", rows.len()), "1 to 4000 are read");
    }
    for row in &rows {
        let lowest = if names[1] == "per_100_decays" { f64::MIN_POSITIVE } else { 0.0 };
        if !(row[0] >= lowest && row[0] <= HIGHEST_KEV) {
            return refuse(
                format!("{} holds {}", names[0], row[0]),
                "an energy lies within 0 and 20,000 keV",
            );
        }
        if !(0.0..=MOST_PER_100).contains(&row[1]) {
            return refuse(
                format!("{} holds {}", names[1], row[1]),
                "a number is not below 0, and at most 10,000",
            );
        }
    }
    Ok(rows)
}
