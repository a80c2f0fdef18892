//! Numbers as people write them: with a decimal point or a decimal comma, or not at all.
//!
//! Neglected: separators of thousands. `1.234,5`, `1,234.5` and `1 234` are refused, and so is a table in which `12,345` could be twelve
//! or twelve thousand: a thousandfold activity is worse than a question.

use super::Separator;
use crate::error::{Error, Result};

/// The decimal mark of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

impl Decimal {
    /// The character.
    pub fn mark(self) -> char {
        match self {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        }
    }

    fn other(self) -> char {
        match self {
            Decimal::Point => ',',
            Decimal::Comma => '.',
        }
    }
}

/// What a cell of a column of numbers holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Nothing, or a word for it.
    Missing,
    /// A finite number.
    Number(f64),
}

/// Words for a value that is not there, in lower case.
pub const MISSING: [&str; 14] =
    ["", "-", "--", "–", "—", "na", "n/a", "n.a.", "n.a", "#n/a", "#nv", "nan", "null", "none"];

/// Whether a cell says that there is no value.
pub fn is_missing(text: &str) -> bool {
    MISSING.contains(&text.trim().to_lowercase().as_str())
}

/// The rule on values below a limit of detection.
pub const BELOW_LIMIT: &str = "a value below a limit of detection is no number: taken as the limit, as half of it or as 0 it would bias the integral";

/// Reads a cell of a column of numbers.
///
/// # Errors
/// Why it is no number, and what to do.
pub fn read(text: &str, decimal: Decimal) -> std::result::Result<Cell, (String, String)> {
    let text = text.trim();
    if is_missing(text) {
        return Ok(Cell::Missing);
    }
    let lower = text.to_lowercase();
    let refuse = |why: &str, remedy: &str| Err((why.to_string(), remedy.to_string()));
    let below = ["lod", "loq", "bdl", "lld", "mda", "detect"].iter().any(|w| lower.contains(w));
    if text.starts_with(['>', '≥']) {
        return refuse(
            "it is a bound, no number",
            "Give the measured value, or leave the cell empty.",
        );
    }
    if text.starts_with(['<', '≤']) || below {
        return refuse(
            BELOW_LIMIT,
            "Give the measured value, 0 or below too, with its absolute uncertainty, or leave the cell empty: the point is then left out.",
        );
    }
    if ["nd", "n.d.", "n.d"].contains(&lower.as_str()) {
        return refuse(
            "it may mean not determined or not detected",
            "Leave the cell empty where nothing was measured; give the value with its absolute uncertainty where it was.",
        );
    }
    if text.starts_with('#') {
        return refuse(
            "it is an error of the spreadsheet",
            "Correct the formula, or empty the cell.",
        );
    }
    if text.contains('±') || text.contains("+/-") {
        return refuse("a value and its uncertainty stand in one cell", "Give each its column.");
    }
    let text: String = text.chars().map(|c| if c == '−' { '-' } else { c }).collect();
    let digits = |c: char| c.is_ascii_digit();
    let mark = |c: char| c == '.' || c == ',';
    let spaced = text.contains(|c: char| c.is_whitespace() || "'’_".contains(c));
    if text.chars().filter(|c| mark(*c)).count() > 1
        || (spaced && text.contains(digits) && !text.contains(char::is_alphabetic))
    {
        return refuse(
            "a separator of thousands is not read: a decimal mark and it look the same",
            "Write the number without it, such as 1234.5 or 1234,5.",
        );
    }
    if text.contains(decimal.other()) {
        return Err((
            format!("the decimal mark of this table is '{}'", decimal.mark()),
            "Write all numbers alike, without separators of thousands.".into(),
        ));
    }
    let plain = text.replace(decimal.mark(), ".");
    let form = plain.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    match plain.parse::<f64>().ok().filter(|x| form && x.is_finite()) {
        Some(x) => Ok(Cell::Number(x)),
        None if text.contains(digits) && text.contains(char::is_alphabetic) => {
            refuse("it is no number", "Write the number alone; the unit belongs in the header.")
        }
        None => refuse(
            "it is no number",
            "Correct it, or leave the cell empty where there is no value.",
        ),
    }
}

/// The decimal mark of the cells of numbers of a table, each with its place for messages.
///
/// Commas are decimal marks if there is no point. Where each could as well separate thousands (three digits behind one to three), a table
/// separated by semicolons is taken at its word, since programs write them for the sake of decimal commas.
///
/// # Errors
/// If points and commas are mixed, or every one of them could separate thousands in a table whose separator says otherwise.
pub fn decimal_of<'a>(
    cells: impl Iterator<Item = (String, &'a str)>,
    separator: Separator,
) -> Result<Decimal> {
    let mut seen: [Option<(String, &str)>; 2] = [None, None];
    let mut clear = [false; 2];
    for (at, text) in cells {
        for (n, mark) in ['.', ','].into_iter().enumerate() {
            if text.contains(mark)
                && text.contains(|c: char| c.is_ascii_digit())
                && !is_missing(text)
            {
                clear[n] |= !could_be_thousands(text, mark);
                seen[n].get_or_insert((at.clone(), text));
            }
        }
    }
    let ambiguous = |at: &str, text: &str, mark: char, why: &str| {
        let (decimal, thousands) = (text.replace(mark, "."), text.replace(mark, ""));
        Err(Error::input(
            format!("{at}: '{text}' is {decimal} or {thousands}"),
            format!("every number with a '{mark}' has three digits behind it, and {why}"),
            "Say which with --decimal point or --decimal comma, or write the numbers with another count of digits and without separators of thousands.",
        ))
    };
    match seen {
        [None, None] | [Some(_), None] if clear[0] || separator != Separator::Semicolon => {
            Ok(Decimal::Point)
        }
        [None, None] => Ok(Decimal::Point),
        [Some((at, text)), None] => ambiguous(
            &at,
            text,
            '.',
            "cells are separated by semicolons, as where the comma is the decimal mark",
        ),
        [None, Some(_)] if clear[1] || separator == Separator::Semicolon => Ok(Decimal::Comma),
        [None, Some((at, text))] => ambiguous(
            &at,
            text,
            ',',
            &format!(
                "cells are separated by {}s, so the decimal mark may be the point",
                separator.name()
            ),
        ),
        [Some((at, point)), Some((comma_at, comma))] if at == comma_at && point == comma => {
            Err(Error::input(
                format!("{at}: '{point}' has a point and a comma"),
                "a separator of thousands is not read: a decimal mark and it look the same",
                "Write the numbers without it, such as 1234.5 or 1234,5.",
            ))
        }
        [Some((at, point)), Some((comma_at, comma))] => Err(Error::input(
            format!("{at}: '{point}', {comma_at}: '{comma}'"),
            "points and commas are mixed, so one of them separates decimals and the other thousands, or two programs wrote the table",
            "Write all numbers with one decimal mark and without separators of thousands.",
        )),
    }
}

/// Whether the mark of `12.345` may separate thousands: one to three digits, not from 0, then groups of three.
fn could_be_thousands(text: &str, mark: char) -> bool {
    let text = text.trim().trim_start_matches(['+', '-', '−', '<', '>', ' ']);
    let mut groups = text.split(mark);
    let all = |g: &str| g.chars().all(|c| c.is_ascii_digit());
    let first = groups.next().unwrap_or("");
    (1..=3).contains(&first.len())
        && all(first)
        && !first.starts_with('0')
        && groups.all(|g| g.len() == 3 && all(g))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, decimal: Decimal) -> f64 {
        match read(text, decimal) {
            Ok(Cell::Number(x)) => x,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn numbers_with_either_mark() {
        assert_eq!(number(" 1.5 ", Decimal::Point), 1.5);
        assert_eq!(number("1,5E+06", Decimal::Comma), 1.5e6);
        assert_eq!(number("−0,25", Decimal::Comma), -0.25);
        assert_eq!(number(".5", Decimal::Point), 0.5);
        for text in ["", " ", "NA", "n.a.", "-", "–", "NaN", "#N/A", "N/A", "null"] {
            assert_eq!(read(text, Decimal::Comma), Ok(Cell::Missing), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_rule() {
        for (text, word) in [
            ("<5", "limit of detection"),
            ("< LOD 5", "limit of detection"),
            ("<LOQ", "limit of detection"),
            ("BDL", "limit of detection"),
            ("n.d.", "not detected"),
            ("1.234,5", "thousands"),
            ("1,234,567", "thousands"),
            ("1 234", "thousands"),
            ("1\u{a0}234.5", "thousands"),
            ("1'234", "thousands"),
            ("5 ± 1", "uncertainty stand in one cell"),
            ("#DIV/0!", "spreadsheet"),
            ("1,5", "decimal mark"),
            ("5 MBq", "no number"),
            ("inf", "no number"),
            ("1e999", "no number"),
            ("0x10", "no number"),
            ("x", "no number"),
        ] {
            let (why, remedy) = read(text, Decimal::Point).expect_err(text);
            assert!(why.contains(word) && remedy.len() > 10, "{text}: {why}");
        }
    }

    #[test]
    fn the_decimal_mark_is_found_or_asked_for() {
        let of = |cells: &[&'static str], separator| {
            decimal_of(cells.iter().map(|c| ("t:2".to_string(), *c)), separator)
                .map_err(|e| e.to_string())
        };
        assert_eq!(of(&["4", "24"], Separator::Comma), Ok(Decimal::Point));
        assert_eq!(of(&["4", "200.5", "12.345"], Separator::Semicolon), Ok(Decimal::Point));
        assert_eq!(of(&["12.345"], Separator::Comma), Ok(Decimal::Point));
        assert_eq!(of(&["12.345"], Separator::Tab), Ok(Decimal::Point));
        assert_eq!(of(&["12,345", "4"], Separator::Semicolon), Ok(Decimal::Comma));
        assert_eq!(of(&["12,345", "0,512"], Separator::Tab), Ok(Decimal::Comma));
        assert_eq!(of(&["200,5"], Separator::Comma), Ok(Decimal::Comma));
        for (cells, separator, word) in [
            (&["12,345"][..], Separator::Tab, "12.345 or 12345"),
            (&["12,345"], Separator::Comma, "--decimal"),
            (&["12.345", "4"], Separator::Semicolon, "12.345 or 12345"),
            (&["1.5", "1,5"], Separator::Semicolon, "mixed"),
            (&["1.234,5"], Separator::Semicolon, "thousands"),
        ] {
            let error = of(cells, separator).expect_err("must be asked");
            assert!(error.contains(word), "{error}");
        }
    }
}
