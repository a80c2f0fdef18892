//! Times of measurements: ISO 8601 date and time, with or without an offset from UTC, never mixed.
//!
//! Leap seconds and changes of a zone's rules are not known: only the written offset counts.

use crate::error::{Error, Result};

/// A point of time as a record states it.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Seconds since 1970-01-01 00:00 of the clock that wrote it.
    seconds: f64,
    /// Minutes east of UTC, if stated.
    offset_minutes: Option<i32>,
    text: String,
}

impl Moment {
    /// Parses `2026-11-22T10:15:00+01:00`, `2026-11-22 10:15:00Z` or, without an offset, `2026-11-22T10:15:00`.
    ///
    /// # Errors
    /// If it is no such time.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = parse(text.trim());
        let (seconds, offset_minutes) = parsed.ok_or_else(|| {
            Error::input(
                format!("time '{text}'"),
                "it must be a date and a time such as 2026-11-22T10:15:00+01:00",
                "Write year, month, day, hours, minutes and seconds, all with the same offset from UTC or all without.",
            )
        })?;
        Ok(Moment { seconds, offset_minutes, text: text.trim().to_string() })
    }

    /// Seconds from `earlier` to this time; negative if it is later.
    ///
    /// # Errors
    /// If the two state different offsets from UTC, or only one of them states any.
    pub fn seconds_since(&self, earlier: &Moment) -> Result<f64> {
        if self.offset_minutes == earlier.offset_minutes {
            return Ok(self.seconds - earlier.seconds);
        }
        Err(Error::input(
            format!("the times {earlier} and {self} are in different zones"),
            "which clock is meant cannot be told; an hour changes the activity of F-18 by 32 %, of Lu-177 by 0.4 %",
            "Write all times with the same offset from UTC, or all without.",
        ))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(text: &str) -> Option<(f64, Option<i32>)> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let last = *days.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    if !(1..=last).contains(&day) {
        return None;
    }
    let (time, offset) = split_offset(rest)?;
    let mut parts = time.splitn(3, ':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let text = parts.next()?;
    let plain = text.len() >= 2 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = text.parse::<f64>().ok().filter(|v| plain && (0.0..60.0).contains(v))?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    let before: i64 = days[..month as usize - 1].iter().sum();
    // Leap days before this year, and those before 1970.
    let leaps = |y: i64| y / 4 - y / 100 + y / 400;
    let day_number = 365 * (year - 1970) + leaps(year - 1) - leaps(1969) + before + day - 1;
    Some(((day_number * 86_400 + hours * 3600 + minutes * 60) as f64 + seconds, offset))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A time of day and its offset in minutes.
fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, None)) };
    let (hours, minutes) = text[at + 1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let total =
        i32::try_from(hours * 60 + minutes).ok().filter(|m| *m <= 14 * 60 && minutes < 60)?;
    Some((&text[..at], Some(if text.as_bytes()[at] == b'-' { -total } else { total })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn differences_cross_leap_days_and_years() {
        let gap = |a: &str, b: &str| at(b).seconds_since(&at(a)).expect("same zone");
        assert_eq!(gap("1970-01-01T00:00:00", "1970-01-01T00:00:01.5"), 1.5);
        assert_eq!(gap("2024-02-28T23:59:59Z", "2024-03-01T00:00:00Z"), 86_401.0);
        assert_eq!(gap("2023-02-28 23:59:00", "2023-03-01 00:00:00"), 60.0);
        assert_eq!(gap("1999-12-31T00:00:00+01:00", "2000-12-31T00:00:00+01:00"), 366.0 * 86_400.0);
        assert_eq!(at("2026-11-22T00:00:00").seconds, 20_779.0 * 86_400.0);
    }

    #[test]
    fn mixed_zones_are_refused() {
        let times = ["2026-11-22T10:00:00", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00+01:00"];
        for a in times {
            for b in times {
                assert_eq!(at(a).seconds_since(&at(b)).is_ok(), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-13-01T00:00:00",
            "2026-02-29T00:00:00",
            "2026-1-1T00:00:00",
            "2026-11-22T24:00:00",
            "2026-11-22T10:60:00",
            "2026-11-22T10:00:60",
            "2026-11-22T10:00:00+1",
            "2026-11-22T10:00:00+15:00",
            "2026-11-22T10:00:-1",
            "2026-11-22T10:00",
            "22.11.2026 10:00",
            "2026-11-22T10:00:1e1",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
