//! Dates and times of DICOM (DA, TM, DT), without time zones: only differences are used.

use super::attributes::{Attribute, Item};

/// A point of local time.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct DateTime {
    /// Days since 1970-01-01.
    pub days: i64,
    /// Seconds since midnight.
    pub seconds: f64,
}

impl DateTime {
    /// Seconds from `earlier` to this time; negative if it is later.
    pub fn seconds_since(&self, earlier: &DateTime) -> f64 {
        (self.days - earlier.days) as f64 * 86_400.0 + (self.seconds - earlier.seconds)
    }

    /// A date (DA) and a time (TM). The ACR-NEMA forms `1993.11.24` and `09:53:00` are accepted (PS3.5 6.2).
    pub fn parse(date: &str, time: &str) -> Option<DateTime> {
        Some(DateTime { days: parse_date(date)?, seconds: parse_time(time)? })
    }

    /// A DT value with at least date and hour; a UTC offset is left out (all times of a scan share it).
    pub fn parse_dt(text: &str) -> Option<DateTime> {
        let text = text.split(['+', '-']).next()?;
        DateTime::parse(text.get(..8)?, text.get(8..)?)
    }

    /// The time in a pair of date and time attributes.
    pub(super) fn read(item: &Item<'_>, date: Attribute, time: Attribute) -> Option<DateTime> {
        DateTime::parse(&item.text(date)?, &item.text(time)?)
    }
}

fn parse_date(text: &str) -> Option<i64> {
    let digits = text.replace('.', "");
    let part = |r: std::ops::Range<usize>| digits.get(r)?.parse::<i64>().ok();
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the proleptic Gregorian calendar, counted from 1 March so that leap days come last.
    let (y, m) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let days = 365 * y + leap_days + (153 * m + 2) / 5 + day - 1;
    const EPOCH: i64 = 719_468;
    Some(days - EPOCH)
}

fn parse_time(text: &str) -> Option<f64> {
    let digits = text.replace(':', "");
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<f64>().ok())?;
    let hours = number(digits.get(..2)?)?;
    let minutes = if digits.len() >= 4 { number(digits.get(2..4)?)? } else { 0.0 };
    let seconds = match digits.get(4..) {
        Some(rest) if !rest.is_empty() => {
            rest.parse::<f64>().ok().filter(|s| (0.0..61.0).contains(s))?
        }
        _ => 0.0,
    };
    (hours < 24.0 && minutes < 60.0).then_some(hours * 3600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_cross_days_and_leap_years() {
        let a = DateTime::parse("20240228", "235959.5").expect("valid");
        let b = DateTime::parse("20240301", "000000").expect("valid");
        assert_eq!(b.seconds_since(&a), 86_400.5);
        assert_eq!(DateTime::parse("19700101", "00").expect("valid").days, 0);
        assert_eq!(DateTime::parse("20261122", "00").expect("valid").days, 20_779);
    }

    #[test]
    fn old_and_combined_forms() {
        let old = DateTime::parse("1993.11.24", "09:53:00");
        assert_eq!(old, DateTime::parse("19931124", "0953"));
        assert_eq!(DateTime::parse_dt("19931124095300.0+0100"), old);
        for bad in ["1993112", "19931324", "19931100", "1993-1-2"] {
            assert_eq!(DateTime::parse(bad, "0953"), None, "{bad}");
        }
        for bad in ["", "9", "2460", "1261", "125961", "12xx"] {
            assert_eq!(DateTime::parse("19931124", bad), None, "{bad}");
        }
    }
}
