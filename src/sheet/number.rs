//! Numbers as people write them: with a decimal point, a decimal comma or none, and with separators of thousands.
//!
//! Thousands are groups of three digits behind a first one of one to three, `1 234,5`, `1'234.5` or `1,234.5`: the separator is one
//! character throughout and not the decimal mark of the table ([`super::decimal`] finds that). What is grouped otherwise is refused.

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

    /// The mark that then separates thousands, if anything does.
    pub fn other(self) -> char {
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
    let bare = !text.contains(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E'));
    let plain = match without_thousands(&text, decimal) {
        Some(plain) => plain,
        None if bare && text.contains(digits) => {
            return Err((
                format!(
                    "the decimal mark of this table is '{}', and thousands are groups of three digits with one separator",
                    decimal.mark()
                ),
                "Write all numbers alike, such as 1234.5 or 1,234.5; --decimal point or --decimal comma says which mark is the decimal one."
                    .into(),
            ));
        }
        None => text.clone(),
    };
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

/// Characters that separate thousands besides the mark that is not the decimal one: spaces of any kind, apostrophes, `_`.
pub(super) fn is_spacing(c: char) -> bool {
    c.is_whitespace() || "'’‘´`_".contains(c)
}

/// Whether groups are those of thousands: a first of one to three digits that is no zero, then three each.
pub(super) fn are_thousands<'a>(mut groups: impl Iterator<Item = &'a str>) -> bool {
    let digits = |g: &str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().unwrap_or("");
    first.len() <= 3
        && digits(first)
        && !first.starts_with('0')
        && groups.all(|g| g.len() == 3 && digits(g))
}

/// A number with a decimal point and without separators of thousands; none where they are no such separators.
fn without_thousands(text: &str, decimal: Decimal) -> Option<String> {
    let (whole, rest) = match text.split_once(decimal.mark()) {
        Some((whole, rest)) => (whole, Some(rest)),
        None => (text, None),
    };
    let odd = |c: char| is_spacing(c) || c == '.' || c == ',';
    if rest.is_some_and(|r| r.contains(odd)) {
        return None;
    }
    let sign = whole.len() - whole.trim_start_matches(['-', '+']).len();
    let (sign, whole) = (&whole[..sign], whole[sign..].trim_start());
    let whole = match whole.chars().find(|c| odd(*c)) {
        None => whole.to_string(),
        Some(separator) => {
            // An exponent may follow the last group.
            let end = whole.find(['e', 'E']).unwrap_or(whole.len());
            if !are_thousands(whole[..end].split(separator)) {
                return None;
            }
            whole.replace(separator, "")
        }
    };
    Some(match rest {
        Some(rest) => format!("{sign}{whole}.{rest}"),
        None => format!("{sign}{whole}"),
    })
}

/// Whether a cell is a number with separators of thousands.
pub fn has_thousands(text: &str, decimal: Decimal) -> bool {
    let whole = text.trim().split(decimal.mark()).next().unwrap_or("");
    let odd = |c: char| is_spacing(c) || c == decimal.other();
    whole.contains(odd) && matches!(read(text, decimal), Ok(Cell::Number(_)))
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
        for (text, decimal, expected) in [
            ("1,234.5", Decimal::Point, 1234.5),
            ("1.234,5", Decimal::Comma, 1234.5),
            ("1 234,5", Decimal::Comma, 1234.5),
            ("1'234.5", Decimal::Point, 1234.5),
            ("1’234’567", Decimal::Point, 1_234_567.0),
            ("12\u{a0}345.678", Decimal::Point, 12_345.678),
            ("−1\u{202f}234", Decimal::Comma, -1234.0),
            ("1,234,567", Decimal::Point, 1_234_567.0),
            ("1,234", Decimal::Point, 1234.0),
            ("1.234.567,25", Decimal::Comma, 1_234_567.25),
            ("1_000", Decimal::Point, 1000.0),
        ] {
            assert_eq!(number(text, decimal), expected, "{text}");
            assert!(has_thousands(text, decimal) && !has_thousands("1.5", decimal), "{text}");
        }
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
            ("1.234,5", "decimal mark"),
            ("1,23,456", "groups of three"),
            ("1 23", "groups of three"),
            ("1'234 567", "groups of three"),
            ("0,123", "groups of three"),
            ("1234,567", "groups of three"),
            ("1.234 567", "groups of three"),
            ("12 34.5", "groups of three"),
            ("1,,234", "groups of three"),
            ("1 234 MBq", "no number"),
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
}
