//! What the rows of a table say on decay correction: the name of the curve in each, and a column of yes and no.

use super::layout::Layout;
use super::name::Name;
use super::rows::Reader;
use super::says::correction_in_name;
use super::{CurveTable, TableOptions};
use crate::error::{Error, Result};
use crate::sheet::{Row, Sheet, number};

/// Yes and no of a column that asks, in lower case; START and NONE are DICOM's words for values of their times.
const YES: [&str; 16] = [
    "yes",
    "y",
    "true",
    "t",
    "1",
    "ja",
    "oui",
    "si",
    "sí",
    "x",
    "wahr",
    "corrected",
    "injection",
    "admin",
    "administration",
    "to injection",
];
const NO: [&str; 12] = [
    "no",
    "n",
    "false",
    "f",
    "0",
    "nein",
    "non",
    "falsch",
    "uncorrected",
    "not corrected",
    "none",
    "start",
];
/// Refuses a column of yes and no that says neither anywhere, unless it is stated otherwise: no answer is no "no".
fn empty_answers(sheet: &Sheet, column: usize, options: &TableOptions) -> Result<()> {
    if options.correction_stated || sheet.rows.iter().any(|r| !number::is_missing(&r.cells[column]))
    {
        return Ok(());
    }
    Err(Error::input(
        format!(
            "{}: '{}' is empty in every row",
            sheet.at(sheet.header_line),
            sheet.header[column]
        ),
        "whether the values are decay-corrected is not said; if these words belong to the name of the column before, a comma parts them from it",
        "Write yes or no in each row, or delete the column; put a name with a comma into double quotation marks, such as \"liver (MBq), decay-corrected\".",
    ))
}

/// Whether the values are decay-corrected, by their name or row by row: true where some are.
pub(super) fn corrected(
    sheet: &Sheet,
    layout: &Layout,
    options: &TableOptions,
    curves: &[CurveTable],
) -> Result<Option<bool>> {
    let by_name = layout.corrected_by_row.is_none();
    if let Some((column, _)) = layout.corrected_by_row {
        empty_answers(sheet, column, options)?;
    } else if curves.iter().all(|c| c.corrected.is_none()) {
        return Ok(layout.corrected);
    }
    let mut all = curves.iter().flat_map(|c| c.corrected.iter().flatten().copied());
    let silent = curves.iter().find(|c| c.corrected.is_none() && !c.values.is_empty());
    match (all.next(), silent) {
        (None, _) => Ok(None),
        (Some(_), Some(curve)) if by_name => {
            let said = curves.iter().find(|c| c.corrected.is_some()).map_or("", |c| &c.name);
            Err(Error::input(
                format!(
                    "{}: '{said}' says whether it is decay-corrected, '{}' does not",
                    sheet.file, curve.name
                ),
                "a value is decay-corrected or it is not",
                "Write 'decay-corrected' or 'not decay-corrected' into each name.",
            ))
        }
        (Some(_), Some(curve)) => Err(Error::input(
            format!(
                "{}: '{}' is said of other values and not of all of '{}'",
                sheet.file,
                layout.corrected_by_row.map_or("", |c| sheet.header[c.0].as_str()),
                curve.name
            ),
            "a value is decay-corrected or it is not",
            "Write yes or no in every row.",
        )),
        (Some(first), None) => Ok(Some(first || all.any(|c| c))),
    }
}

impl Reader<'_> {
    /// Whether the row says that its values are decay-corrected.
    pub(super) fn corrected(&self, row: &Row, name: &str) -> Result<Option<bool>> {
        let by_name = self.corrected_by_name(row, name)?;
        let Some((column, yes_means)) = self.layout.corrected_by_row else { return Ok(by_name) };
        let by_row = self.corrected_by_row(row, column, yes_means)?;
        match (by_name, by_row) {
            (Some(a), Some(b)) if a != b => Err(Error::input(
                format!(
                    "{}: the name '{name}' and '{}' contradict each other on decay correction",
                    self.sheet.at(row.line),
                    self.sheet.header[column]
                ),
                "a value is decay-corrected or it is not",
                "Correct one of them.",
            )),
            (a, b) => Ok(b.or(a)),
        }
    }

    /// What the name of the curve in the row says, where no name of a column says it.
    fn corrected_by_name(&self, row: &Row, name: &str) -> Result<Option<bool>> {
        if self.layout.names.is_none() {
            return Ok(None);
        }
        if Name::new(name).has_factor() {
            return Err(Error::input(
                format!("{}: the name '{name}'", self.sheet.at(row.line)),
                "a factor of ten, or another, in a name is not read",
                "Give the values in the unit that holds it, such as kBq or MBq, and leave it out of the name.",
            ));
        }
        let elsewhere = self.layout.corrected.is_some()
            || self.layout.corrected_by_row.is_some()
            || self.options.correction_stated;
        match (correction_in_name(name), self.layout.corrected) {
            (Err(_), _) if elsewhere => Ok(None),
            (Err(why), _) => Err(Error::input(
                format!("{}: the name '{name}'", self.sheet.at(row.line)),
                why,
                "Correct the name, or add a column 'decay-corrected' with yes or no in each row.",
            )),
            (Ok(Some(said)), Some(column)) if said != column => Err(Error::input(
                format!(
                    "{}: the name '{name}' and that of the values contradict each other on decay correction",
                    self.sheet.at(row.line)
                ),
                "a value is decay-corrected or it is not",
                "Correct one of them.",
            )),
            (Ok(_), Some(_)) => Ok(None),
            (Ok(said), None) => Ok(said),
        }
    }

    fn corrected_by_row(&self, row: &Row, column: usize, yes_means: bool) -> Result<Option<bool>> {
        let text = row.cells[column].trim().to_lowercase();
        let text = text
            .strip_suffix(".0")
            .or_else(|| text.strip_suffix(",0"))
            .unwrap_or(&text)
            .to_string();
        if YES.contains(&text.as_str()) {
            return Ok(Some(yes_means));
        }
        if NO.contains(&text.as_str()) {
            return Ok(Some(!yes_means));
        }
        if number::is_missing(&text) {
            return Ok(None);
        }
        Err(Error::input(
            format!(
                "{}: {} '{}'",
                self.sheet.at(row.line),
                self.sheet.header[column],
                row.cells[column]
            ),
            "the column says whether the values are decay-corrected to the time of injection",
            "Write yes or no (true or false, 1 or 0) in each row.",
        ))
    }
}
