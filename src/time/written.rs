//! Dates as people and spreadsheets write them, put into the order of ISO 8601: `22.11.2026 9:30`, `2026/11/22`, `11/22/2026 2:30 PM`,
//! `22-Nov-2026 14:30`.
//!
//! Whether `11/12/2026` is of November or December no custom tells, and it is never guessed: one number above 12 tells it, for a table
//! that of any of its rows ([`order_of`]). Two digits of a year are refused.

use crate::error::{Error, Result};

/// Which number of `11/12/2026` is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 22/11/2026.
    DayFirst,
    /// 11/22/2026.
    MonthFirst,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The text with its date as `YYYY-MM-DD` and its clock with 24 hours; as it is where nothing is to be changed, none where it is no date
/// and time or the order of its date is not known.
pub(super) fn iso(text: &str, order: Option<DateOrder>) -> Option<String> {
    let named = with_hyphens(text);
    let (date, clock) = split(named.as_deref().unwrap_or(text).trim());
    let clock = clock24(clock)?;
    if let Some(known) = compact(date) {
        return Some(format!("{}{}", known.iso(order)?, with_colons(&clock)));
    }
    let date = match fields(date) {
        Some(found) => found.iso(order)?,
        None => date.to_string(),
    };
    Some(format!("{date}{clock}"))
}

/// Whether the date could have its day or its month first.
pub(super) fn has_two_readings(text: &str) -> bool {
    let open = fields(split(text.trim()).0);
    matches!(open, Some(Fields::Open { first, second, .. }) if first <= 12 && second <= 12 && first != second)
}

/// `20261122`, of this century or the last.
fn compact(date: &str) -> Option<Fields> {
    let digits = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    if !digits || !(date.starts_with("19") || date.starts_with("20")) {
        return None;
    }
    let part = |from: usize, to: usize| date[from..to].parse().ok();
    Some(Fields::Known { year: part(0, 4)?, month: part(4, 6)?, day: part(6, 8)? })
}

/// `T0930` and `T093015` behind a date without marks, with them.
fn with_colons(clock: &str) -> String {
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    match clock.get(..5).filter(|t| digits(&t[1..])) {
        None => clock.to_string(),
        Some(_) => match clock.get(5..7).filter(|t| digits(t)) {
            None => format!("{}:{}", &clock[..3], &clock[3..]),
            Some(_) => format!("{}:{}:{}", &clock[..3], &clock[3..5], &clock[5..]),
        },
    }
}

/// Whether the year of a date has two digits.
pub(super) fn has_short_year(text: &str) -> bool {
    let date = split(text.trim()).0;
    let parts: Vec<&str> = date.split(['.', '/', '-']).collect();
    let short = |t: &str| (1..=2).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3
        && short(parts[2])
        && short(parts[0])
        && (short(parts[1]) || month_of(parts[1]).is_some())
}

/// `22 Nov 2026 14:30` and `Nov 22, 2026 14:30` as `22-Nov-2026 14:30`; none where no month stands so.
fn with_hyphens(text: &str) -> Option<String> {
    let mut words = text.split([' ', ',']).filter(|w| !w.is_empty());
    let [a, b, year] = [words.next()?, words.next()?, words.next()?];
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let (day, month) = match (month_of(a), month_of(b)) {
        (None, Some(_)) => (a.trim_end_matches('.'), b),
        (Some(_), None) => (b, a),
        _ => return None,
    };
    let rest: Vec<&str> = words.collect();
    (digits(day) && digits(year) && year.len() == 4)
        .then(|| format!("{day}-{month}-{year} {}", rest.join(" ")))
}

/// A month by its English name, whole or of three letters.
fn month_of(text: &str) -> Option<u32> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    let named = |m: &&str| lower.len() >= 3 && (lower == **m || full_name(m) == lower);
    MONTHS.iter().position(named).map(|n| n as u32 + 1)
}

/// The text with its date put in order; as it is where it has none of the known forms.
pub fn in_order(text: &str, order: Option<DateOrder>) -> String {
    iso(text, order).unwrap_or_else(|| text.to_string())
}

/// The order of the dates of a column, each with its place for messages; none where no date needs one.
///
/// # Errors
/// If dates contradict each other or what is stated, or none of them tells the order.
pub fn order_of<'a>(
    cells: impl Iterator<Item = (String, &'a str)>,
    stated: Option<DateOrder>,
) -> Result<Option<DateOrder>> {
    let (mut day, mut month, mut open) = (None, None, None);
    for (at, text) in cells {
        let Some(Fields::Open { first, second, .. }) = fields(split(text.trim()).0) else {
            continue;
        };
        let seen = match (first > 12, second > 12) {
            (true, false) => &mut day,
            (false, true) => &mut month,
            (false, false) if first != second => &mut open,
            _ => continue,
        };
        seen.get_or_insert(format!("{at}: '{text}'"));
    }
    let refuse =
        |problem: String, why: &str, suggestion: &str| Err(Error::input(problem, why, suggestion));
    let found = match (&day, &month) {
        (Some(a), Some(b)) => {
            return refuse(
                format!("{a}, {b}"),
                "the one is a date only with the day first, the other only with the month first",
                "Write all dates alike, best as 2026-11-22 14:30.",
            );
        }
        (Some(at), None) => Some((DateOrder::DayFirst, at)),
        (None, Some(at)) => Some((DateOrder::MonthFirst, at)),
        (None, None) => None,
    };
    match (found, stated, open) {
        (Some((found, at)), Some(stated), _) if found != stated => refuse(
            format!("{at}, and --dates says {}", stated.name()),
            "that is no date in this order",
            "Correct the date, or leave --dates out.",
        ),
        (Some((found, _)), _, _) => Ok(Some(found)),
        (None, None, Some(at)) => refuse(
            at,
            "it has two readings, and no date of the table has a day above 12 that would tell them apart",
            "Say --dates month-first (as in the USA) or --dates day-first, or write dates as 2026-11-22.",
        ),
        (None, stated, Some(_)) => Ok(stated),
        (None, _, None) => Ok(None),
    }
}

impl DateOrder {
    /// As an option takes it.
    pub fn name(self) -> &'static str {
        match self {
            DateOrder::DayFirst => "day-first",
            DateOrder::MonthFirst => "month-first",
        }
    }
}

/// Numbers of a date that is not written as ISO 8601 has it.
enum Fields {
    Known { year: u32, month: u32, day: u32 },
    Open { first: u32, second: u32, year: u32 },
}

impl Fields {
    fn iso(self, order: Option<DateOrder>) -> Option<String> {
        let (year, month, day) = match self {
            Fields::Known { year, month, day } => (year, month, day),
            Fields::Open { first, second, year } if first > 12 || first == second => {
                (year, second, first)
            }
            Fields::Open { first, second, year } if second > 12 => (year, first, second),
            Fields::Open { first, second, year } => match order? {
                DateOrder::DayFirst => (year, second, first),
                DateOrder::MonthFirst => (year, first, second),
            },
        };
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }
}

/// The parts of a date with dots, strokes or hyphens; none of one in ISO 8601 and of what is no date.
fn fields(date: &str) -> Option<Fields> {
    let mark = date.chars().find(|c| "./-".contains(*c))?;
    let [a, b, c] = date.split(mark).collect::<Vec<_>>()[..] else { return None };
    let number = |t: &str, longest: usize| -> Option<u32> {
        let digits = !t.is_empty() && t.len() <= longest && t.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| t.parse().ok())?
    };
    if a.len() == 4 {
        if mark == '-' && month_of(b).is_none() {
            return None;
        }
        let (year, month, day) =
            (number(a, 4)?, month_of(b).or_else(|| number(b, 2))?, number(c, 2)?);
        return Some(Fields::Known { year, month, day });
    }
    let year = number(c, 4).filter(|_| c.len() == 4)?;
    if let Some(month) = month_of(b) {
        return Some(Fields::Known { year, month, day: number(a, 2)? });
    }
    let (first, second) = (number(a, 2)?, number(b, 2)?);
    Some(match mark {
        '.' => Fields::Known { year, month: second, day: first },
        _ => Fields::Open { first, second, year },
    })
}

fn full_name(short: &str) -> &'static str {
    const FULL: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    FULL.iter().find(|f| f.starts_with(short)).copied().unwrap_or("")
}

/// Date and the rest; the rest begins with what separates them.
fn split(text: &str) -> (&str, &str) {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == ' ' || c == ',' || (matches!(c, 'T' | 't') && before.is_ascii_digit()) {
            return text.split_at(at);
        }
        before = c;
    }
    (text, "")
}

/// A time of day behind a date with two digits of hours from 0 to 23, an AM or PM put into them.
fn clock24(rest: &str) -> Option<String> {
    let clock = rest.trim_start_matches([' ', ',', 'T', 't']);
    if clock.is_empty() {
        return Some(String::new());
    }
    let lower = clock.to_ascii_lowercase();
    let half = [("am", 0), ("a.m.", 0), ("pm", 12), ("p.m.", 12)]
        .into_iter()
        .find_map(|(word, add)| Some((lower.strip_suffix(word)?.trim_end().len(), add)));
    let clock = half.map_or(clock, |(end, _)| &clock[..end]);
    let (hours, minutes) = clock.split_once(':').unwrap_or((clock, ""));
    let digits = (1..=2).contains(&hours.len()) && hours.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return half.is_none().then(|| format!("T{clock}"));
    }
    let hours: u32 = hours.parse().ok()?;
    let hours = match half {
        None => hours,
        Some((_, add)) if (1..=12).contains(&hours) => hours % 12 + add,
        Some(_) => return None,
    };
    // 2 PM has no minutes; 14 alone is no time of day.
    let minutes = if minutes.is_empty() && half.is_some() { "00" } else { minutes };
    Some(if minutes.is_empty() { format!("T{clock}") } else { format!("T{hours:02}:{minutes}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use DateOrder::{DayFirst, MonthFirst};

    #[test]
    fn dates_are_put_in_order() {
        for (text, order, expected) in [
            ("11/22/2026 2:30 PM", None, Some("2026-11-22T14:30")),
            ("22/11/2026 14:30", None, Some("2026-11-22T14:30")),
            ("11/12/2026 12:05:30 am", Some(MonthFirst), Some("2026-11-12T00:05:30")),
            ("11/12/2026, 12:05 p.m.", Some(DayFirst), Some("2026-12-11T12:05")),
            ("11/12/2026 9:30", None, None),
            ("11/11/2026 9:30", None, Some("2026-11-11T09:30")),
            ("22-Oct-2026 9:30", None, Some("2026-10-22T09:30")),
            ("2026-October-22 9:30", None, Some("2026-10-22T09:30")),
            ("1.3.2026 10:15+01:00", None, Some("2026-03-01T10:15+01:00")),
            ("2026/11/22T10:15:00", None, Some("2026-11-22T10:15:00")),
            ("2026-11-22 09:15Z", None, Some("2026-11-22T09:15Z")),
            ("11/22/2026 2 PM", None, Some("2026-11-22T14:00")),
            ("22 Nov 2026 9:30", None, Some("2026-11-22T09:30")),
            ("Nov 22, 2026 9:30 PM", None, Some("2026-11-22T21:30")),
            ("November 2, 2026 09:30", None, Some("2026-11-02T09:30")),
            ("20261122 0930", None, Some("2026-11-22T09:30")),
            ("20261122T093015+01:00", None, Some("2026-11-22T09:30:15+01:00")),
            ("20261122 9:30", None, Some("2026-11-22T09:30")),
            ("11/22/2026 14:30 PM", None, None),
            ("11/22/2026 0:30 AM", None, None),
        ] {
            assert_eq!(iso(text, order).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn one_day_above_twelve_tells_the_order_of_a_column() {
        let of = |cells: &[&'static str], stated| {
            order_of(cells.iter().map(|c| ("t:2".to_string(), *c)), stated)
                .map_err(|e| e.to_string())
        };
        assert_eq!(of(&["11/12/2026 9:00", "11/22/2026 9:00"], None), Ok(Some(MonthFirst)));
        assert_eq!(of(&["11/12/2026", "13-12-2026"], None), Ok(Some(DayFirst)));
        assert_eq!(of(&["11/11/2026", "2026-11-12"], None), Ok(None));
        assert_eq!(of(&["11/12/2026"], Some(DayFirst)), Ok(Some(DayFirst)));
        for (cells, stated, word) in [
            (&["11/12/2026"][..], None, "--dates month-first"),
            (&["11/22/2026", "22/11/2026"], None, "Write all dates alike"),
            (&["11/22/2026"], Some(DayFirst), "--dates says day-first"),
        ] {
            let error = of(cells, stated).expect_err("refused");
            assert!(error.contains(word), "{error}");
        }
    }
}
