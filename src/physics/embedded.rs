//! Reading the CSV tables of `data/` that are embedded in the program.

/// The rows of a table, without `#` lines and the line of column names.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .skip(1)
        .map(|line| line.split(',').map(str::trim).collect())
}

/// A number of an embedded table. The tables are part of the program: a malformed one is a bug, so this panics.
pub(crate) fn number(cell: &str) -> f64 {
    match cell.parse() {
        Ok(value) => value,
        Err(_) => panic!("an embedded table holds '{cell}' where a number must stand"),
    }
}

/// Rows of numbers only.
pub(crate) fn numbers(text: &'static str) -> impl Iterator<Item = Vec<f64>> {
    rows(text).map(|row| row.into_iter().map(number).collect())
}
