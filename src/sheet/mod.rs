//! Tables as people keep them: separated by commas, semicolons or tabs, in the encodings that spreadsheets write.
//!
//! One reader for every table of a user, so that a file is understood the same way wherever it is given: [`Sheet::parse`] finds the
//! encoding ([`encoding`]) and the separator ([`dialect`]), takes fields with their quotation marks (RFC 4180) and leaves the meaning of
//! the columns to its caller; [`number`] reads the numbers; [`lines`] writes what it reads.
//!
//! A line whose first character is `#` is a comment, before the header and between rows. Within a line `#` is a character like any other.

pub mod decimal;
pub mod dialect;
pub mod encoding;
pub mod number;
mod write;

use std::path::Path;

pub use dialect::Separator;
pub use number::{Cell, Decimal};
pub use write::lines;

use crate::error::{Error, Result};
use crate::files;

/// Largest file read, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Most columns, as in the spreadsheet with the most.
const MOST_COLUMNS: usize = 16_384;
/// Most cells with those that short rows leave out.
const MOST_CELLS: usize = 8_000_000;

/// A row under the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: u64,
    /// One cell per column, without outer spaces; empty where the row ends early.
    pub cells: Vec<String>,
}

/// A table: names of columns and rows of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What stands before a line number in messages.
    pub file: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Line of the header.
    pub header_line: u64,
    /// The rows that are not empty.
    pub rows: Vec<Row>,
    /// What separates the cells.
    pub separator: Separator,
    /// Comments below the header that would be rows without their `#`: line and cells without it.
    pub commented: Vec<Row>,
    /// What was assumed.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, has more than 64 MiB, or as [`Sheet::parse`].
    pub fn read(path: &Path) -> Result<Sheet> {
        Self::parse(&files::bytes(path, MAX_BYTES)?, &path.display().to_string())
    }

    /// As [`Sheet::read`]; the table may also come through a pipe (`<(command)` of a shell, `/dev/stdin`).
    ///
    /// # Errors
    /// As [`Sheet::read`].
    pub fn read_or_pipe(path: &Path) -> Result<Sheet> {
        Self::parse(&files::bytes_or_pipe(path, MAX_BYTES)?, &path.display().to_string())
    }

    /// Reads the bytes of a file called `file`.
    ///
    /// # Errors
    /// If they are no text, there is no header, a cell runs over several lines, a row has more cells than the header, or a column
    /// with values has no name.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Sheet> {
        let (text, encoding) = encoding::decode(bytes).map_err(|why| {
            Error::input(format!("{file} is no text"), why, "Save the table as CSV in UTF-8.")
        })?;
        let dialect = dialect::detect(&text);
        let mut notes: Vec<String> = encoding.into_iter().collect();
        let separator = dialect.separator;
        if separator != Separator::Comma {
            notes.push(format!("cells are separated by {}s", separator.name()));
        }
        let mut records = dialect.records(&text, usize::MAX).into_iter();
        let Some(first) = records.next() else {
            return Err(Error::input(
                format!("{file} is empty"),
                "a header line with the names of the columns is needed",
                "Write one, then a line per row.",
            ));
        };
        let header: Vec<String> = first.cells.iter().map(|c| one_line(c)).collect();
        let mut sheet = Sheet {
            file: file.to_string(),
            header,
            header_line: first.line,
            rows: Vec::new(),
            separator,
            commented: Vec::new(),
            notes,
        };
        let too_large = |what: String, most: usize| {
            Err(Error::input(
                format!("{file} has {what}"),
                format!("a table of a user has at most {most}"),
                "Check that it is the right file.",
            ))
        };
        let columns = sheet.header.len();
        if columns > MOST_COLUMNS {
            return too_large(format!("{columns} columns"), MOST_COLUMNS);
        }
        let cells = records.len().saturating_mul(columns);
        if cells > MOST_CELLS {
            return too_large(format!("{} rows of {columns} columns", records.len()), MOST_CELLS);
        }
        for record in records {
            sheet.push(record)?;
        }
        sheet.commented = dialect.commented(&text, sheet.header_line, sheet.header.len());
        sheet.drop_empty_columns()?;
        Ok(sheet)
    }

    /// `file:line`, as messages name a row.
    pub fn at(&self, line: u64) -> String {
        format!("{}:{line}", self.file)
    }

    fn push(&mut self, mut row: Row) -> Result<()> {
        if let Some(cell) = row.cells.iter().find(|c| c.contains(['\n', '\r'])) {
            let start: String = cell.chars().take_while(|c| !c.is_control()).take(30).collect();
            return Err(Error::input(
                format!(
                    "{}: the cell that begins with '{start}' runs over several lines",
                    self.at(row.line)
                ),
                "a quotation mark is not closed, or a cell has a line break in it",
                "Close the quotation mark, or take the line break out.",
            ));
        }
        let columns = self.header.len();
        if row.cells.iter().skip(columns).any(|c| !c.is_empty()) {
            return Err(Error::input(
                format!("{} has {} cells", self.at(row.line), row.cells.len()),
                format!(
                    "the header has {columns} columns; cells are separated by {}s here",
                    self.separator.name()
                ),
                if columns == 1 {
                    "Begin a title above the header with #, or separate the names of the columns as the rows are."
                } else {
                    "Put a cell that holds the separator in double quotation marks; separate by semicolons or tabs if decimals have a comma."
                },
            ));
        }
        row.cells.resize(columns, String::new());
        self.rows.push(row);
        Ok(())
    }

    /// Whether a column holds nothing but the numbers of the rows, from 0 or 1, as programs write them.
    pub fn counts_rows(&self, column: usize) -> bool {
        let cell = |n: usize| self.rows[n].cells[column].parse::<usize>().ok();
        let first = (!self.rows.is_empty()).then(|| cell(0)).flatten();
        first.is_some_and(|f| f <= 1 && (0..self.rows.len()).all(|n| cell(n) == Some(f + n)))
    }

    /// Spreadsheets write columns that once had a value as empty ones, programs one of row numbers without a name.
    fn drop_empty_columns(&mut self) -> Result<()> {
        let named: Vec<bool> = self.header.iter().map(|name| !name.is_empty()).collect();
        if named.iter().all(|n| *n) {
            return Ok(());
        }
        for column in (0..named.len()).filter(|c| !named[*c]) {
            if self.counts_rows(column) {
                self.notes.push(format!("column {} counts the rows and is left out", column + 1));
                continue;
            }
            if let Some(row) = self.rows.iter().find(|r| !r.cells[column].is_empty()) {
                return Err(Error::input(
                    format!(
                        "{}: column {} holds '{}' and has no name",
                        self.at(row.line),
                        column + 1,
                        row.cells[column]
                    ),
                    "the header says what a column means",
                    "Name the column, or empty it. Lines above the header begin with #.",
                ));
            }
        }
        let keep = |cells: &mut Vec<String>| {
            let mut column = named.iter();
            // Every row has as many cells as the header.
            cells.retain(|_| column.next().copied().unwrap_or(true));
        };
        keep(&mut self.header);
        for row in self.rows.iter_mut().chain(&mut self.commented) {
            keep(&mut row.cells);
        }
        Ok(())
    }
}

/// Text with each run of white space as one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
