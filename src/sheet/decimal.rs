//! The decimal mark of a table, from its own numbers.
//!
//! One program writes one table, so all its numbers have one decimal mark. A number tells it where both marks stand in it (`1,234.5`: the
//! last one), where one stands twice (`1,234,567`: the other), beside another separator of thousands (`1 234,5`), or where it cannot
//! separate thousands (`12,34`). A table in which `12,345` could be twelve or twelve thousand is asked for: a thousandfold activity is
//! worse than a question.

use super::Separator;
use super::number::{Decimal, are_thousands, is_missing, is_spacing};
use crate::error::{Error, Result};

/// What one number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The decimal mark, by a mark that separates thousands as well.
    Both(Decimal),
    /// The decimal mark.
    Decimal(Decimal),
    /// This mark separates thousands or decimals.
    Either(char),
}

/// The decimal mark of the cells of numbers of a table, each with its place for messages.
///
/// Commas are decimal marks if there is no point. Where each could as well separate thousands (three digits behind one to three), a table
/// separated by semicolons is taken at its word, since programs write them for the sake of decimal commas; between tabs neither mark is more likely.
///
/// # Errors
/// If numbers disagree, or every one of them could separate thousands in a table whose separator says otherwise.
pub fn decimal_of<'a>(
    cells: impl Iterator<Item = (String, &'a str)>,
    separator: Separator,
) -> Result<Decimal> {
    let mut found: Vec<(Says, String, &str)> = Vec::new();
    for (at, text) in cells {
        if let Some(says) = says(text)
            && !found.iter().any(|f| f.0 == says)
        {
            found.push((says, at, text));
        }
    }
    let first = |wanted: &dyn Fn(Says) -> bool| found.iter().find(|f| wanted(f.0));
    let of = |decimal: Decimal| {
        first(&|s| matches!(s, Says::Both(d) | Says::Decimal(d) if d == decimal))
    };
    let either = |mark: char| first(&|s| s == Says::Either(mark));
    let (point, comma) = (of(Decimal::Point), of(Decimal::Comma));
    let mixed = |a: &(Says, String, &str), b: &(Says, String, &str)| {
        Error::input(
            format!("{}: '{}', {}: '{}'", a.1, a.2, b.1, b.2),
            "points and commas are mixed: by one number the point is the decimal mark, by the other the comma; two programs wrote the table, \
             or a number is mistyped",
            "Write all numbers with one decimal mark.",
        )
    };
    let decimal = match (point, comma) {
        (Some(a), Some(b)) => return Err(mixed(a, b)),
        (Some(_), None) => Decimal::Point,
        (None, Some(_)) => Decimal::Comma,
        (None, None) => return without_evidence(either('.'), either(','), separator),
    };
    // The other mark separates thousands: where a number shows that, all of them do.
    let shown = first(&|s| s == Says::Both(decimal)).is_some();
    match (either(decimal.other()), point.or(comma)) {
        (Some(other), Some(known)) if !shown => Err(Error::input(
            format!("{}: '{}', {}: '{}'", known.1, known.2, other.1, other.2),
            format!(
                "points and commas are mixed: '{}' is {}, or two programs wrote the table and it is {}",
                other.2,
                other.2.replace(decimal.other(), ""),
                other.2.replace(decimal.other(), ".")
            ),
            format!(
                "Say --decimal {} if '{}' separates thousands, or write all numbers with one decimal mark.",
                decimal.name(),
                decimal.other()
            ),
        )),
        _ => Ok(decimal),
    }
}

/// Where every mark could separate thousands.
fn without_evidence(
    point: Option<&(Says, String, &str)>,
    comma: Option<&(Says, String, &str)>,
    separator: Separator,
) -> Result<Decimal> {
    let ambiguous = |(_, at, text): &(Says, String, &str), mark: char, why: &str| {
        let (decimal, thousands) = (text.replace(mark, "."), text.replace(mark, ""));
        Err(Error::input(
            format!("{at}: '{text}' is {decimal} or {thousands}"),
            format!("every number with a '{mark}' has three digits behind it, and {why}"),
            "Say which with --decimal point or --decimal comma, or write the numbers with another count of digits and without separators of thousands.",
        ))
    };
    match (point, comma) {
        (Some(a), None) if separator == Separator::Semicolon => ambiguous(
            a,
            '.',
            "cells are separated by semicolons, as where the comma is the decimal mark",
        ),
        (Some(a), None) if separator == Separator::Tab => ambiguous(
            a,
            '.',
            "cells are separated by tabs, as spreadsheets copy them where the decimal mark is the point and where it is the comma",
        ),
        (_, None) => Ok(Decimal::Point),
        (None, Some(_)) if separator == Separator::Semicolon => Ok(Decimal::Comma),
        (None, Some(b)) => ambiguous(
            b,
            ',',
            &format!(
                "cells are separated by {}s, so the decimal mark may be the point",
                separator.name()
            ),
        ),
        (Some(a), Some(b)) => ambiguous(
            b,
            ',',
            &format!("{}: '{}' has a point before three digits as well", a.1, a.2),
        ),
    }
}

/// What a cell tells of the decimal mark; nothing where it has none, or is no number.
fn says(text: &str) -> Option<Says> {
    if is_missing(text) || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let text = text.trim().trim_start_matches(['+', '-', '−', '<', '>', ' ']);
    let count = |mark: char| text.matches(mark).count();
    let decimal = |mark: char| if mark == '.' { Decimal::Point } else { Decimal::Comma };
    match (count('.'), count(',')) {
        (0, 0) => None,
        (points, commas) if points > 0 && commas > 0 => {
            let last = text.rfind(['.', ',']).map(|at| &text[at..=at])?;
            let last = if last == "." { '.' } else { ',' };
            // 1.234.567,8 and 1,234.5; 1,234.5,6 is no number, which its reader says.
            (count(last) == 1).then(|| Says::Both(decimal(last)))
        }
        (points, commas) => {
            let mark = if points > 0 { '.' } else { ',' };
            if points + commas > 1 {
                return are_thousands(text.split(mark))
                    .then(|| Says::Both(decimal(mark).flipped()));
            }
            let spaced = text.split(mark).next().unwrap_or("").contains(is_spacing);
            if spaced || !are_thousands(text.split(mark)) {
                return Some(Says::Decimal(decimal(mark)));
            }
            Some(Says::Either(mark))
        }
    }
}

impl Decimal {
    fn flipped(self) -> Decimal {
        match self {
            Decimal::Point => Decimal::Comma,
            Decimal::Comma => Decimal::Point,
        }
    }

    /// As the option takes it.
    fn name(self) -> &'static str {
        match self {
            Decimal::Point => "point",
            Decimal::Comma => "comma",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&'static str], separator: Separator) -> std::result::Result<Decimal, String> {
        decimal_of(cells.iter().map(|c| ("t:2".to_string(), *c)), separator)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn the_decimal_mark_is_found_or_asked_for() {
        use Decimal::{Comma, Point};
        for (cells, separator, expected) in [
            (&["4", "24"][..], Separator::Comma, Point),
            (&["4", "200.5", "12.345"], Separator::Semicolon, Point),
            (&["12.345"], Separator::Comma, Point),
            (&["12.345", "0.512"], Separator::Tab, Point),
            (&["12,345", "4"], Separator::Semicolon, Comma),
            (&["12,345", "0,512"], Separator::Tab, Comma),
            (&["200,5"], Separator::Comma, Comma),
            // Thousands.
            (&["1,234.5", "1,100", "950.5"], Separator::Comma, Point),
            (&["1.234,5", "1.100", "950,5"], Separator::Semicolon, Comma),
            (&["1.234.567"], Separator::Semicolon, Comma),
            (&["1,234,567", "12,345"], Separator::Comma, Point),
            (&["1 234,567"], Separator::Tab, Comma),
            (&["1'234.567", "12"], Separator::Semicolon, Point),
            (&["1 234", "12.5"], Separator::Comma, Point),
            (&["1,5", "NA, late", "-"], Separator::Tab, Comma),
        ] {
            assert_eq!(of(cells, separator), Ok(expected), "{cells:?}");
        }
        for (cells, separator, word) in [
            (&["12,345"][..], Separator::Tab, "12.345 or 12345"),
            (&["12.345", "742"], Separator::Tab, "12.345 or 12345"),
            (&["12,345"], Separator::Comma, "--decimal"),
            (&["12.345", "4"], Separator::Semicolon, "12.345 or 12345"),
            (&["1.5", "1,5"], Separator::Semicolon, "mixed"),
            (&["1.234,5", "1,234.5"], Separator::Semicolon, "mixed"),
            (&["200.5", "1,234"], Separator::Comma, "--decimal point"),
            (&["200,5", "1.234"], Separator::Tab, "--decimal comma"),
            (&["1.234", "1,234"], Separator::Tab, "1.234 or 1234"),
        ] {
            let error = of(cells, separator).expect_err("must be asked");
            assert!(error.contains(word), "{error}");
        }
    }
}
