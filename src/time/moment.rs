//! A point of time as it was written: a date, a time of day and, if stated, the offset from UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, tz};

use super::ClockTime;
use super::written::{has_short_year, has_two_readings, iso};
use crate::error::{Error, Result};

/// Largest offsets in use: UTC-12:00 (Baker Island) and UTC+14:00 (Line Islands), min.
const OFFSET_RANGE_MIN: std::ops::RangeInclusive<i32> = -12 * 60..=14 * 60;

/// An offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset(tz::Offset);

impl Offset {
    /// Minutes east of UTC; none if no clock in use has it.
    pub fn from_minutes(minutes: i32) -> Option<Self> {
        let inside = OFFSET_RANGE_MIN.contains(&minutes);
        inside.then(|| tz::Offset::from_seconds(minutes * 60).ok().map(Offset))?
    }

    /// Minutes east of UTC.
    pub fn minutes(self) -> i32 {
        self.0.seconds() / 60
    }
}

impl std::fmt::Display for Offset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, minutes) = (if self.minutes() < 0 { '-' } else { '+' }, self.minutes().abs());
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A point of time. Two are equal if date, time of day and offset are: 10:00+01:00 and 09:00Z are 0 s apart, and not equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    clock: DateTime,
    offset: Option<Offset>,
}

impl Moment {
    /// Of a clock's reading.
    pub fn new(date: Date, time: Time, offset: Option<Offset>) -> Self {
        Moment { clock: DateTime::from_parts(date, time), offset }
    }

    /// Parses ISO 8601 with a date and at least hours and minutes: `2026-11-22T10:15:00.5+01:00`, `2026-11-22 09:15Z` or, on a clock whose
    /// offset is not stated, `2026-11-22T10:15:00`. Dates may be written `22.11.2026`, `2026/11/22` and, with a day above 12,
    /// `11/22/2026 2:30 PM` too.
    ///
    /// # Errors
    /// If it is no such time.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text.trim()).ok_or_else(|| {
            if has_two_readings(text) {
                return Error::input(
                    format!("time '{text}'"),
                    "its date has two readings: whether the day or the month stands first is not known",
                    "Write it as year, month and day, such as 2026-11-22T10:15:00+01:00.",
                );
            }
            if has_short_year(text) {
                return Error::input(
                    format!("time '{text}'"),
                    "the year of its date has two digits, which may be a day too",
                    "Write the year with four digits, such as 2026-11-22T10:15:00.",
                );
            }
            Error::input(
                format!("time '{text}'"),
                "it must be a date and a time such as 2026-11-22T10:15:00+01:00",
                "Write year, month, day, hours, minutes and seconds, all with an offset from UTC or all without.",
            )
        })
    }

    /// The offset from UTC that it states.
    pub fn offset(&self) -> Option<Offset> {
        self.offset
    }

    /// With `offset` where none is stated: what TimezoneOffsetFromUTC is for.
    #[must_use]
    pub fn or_offset(self, offset: Option<Offset>) -> Self {
        Moment { offset: self.offset.or(offset), ..self }
    }

    /// Seconds from `earlier` to this time; negative if it is later.
    ///
    /// # Errors
    /// If only one of them states its offset from UTC.
    pub fn seconds_since(&self, earlier: &Moment) -> Result<f64> {
        let clocks = earlier.clock.duration_until(self.clock).as_secs_f64();
        match (self.offset, earlier.offset) {
            (None, None) => Ok(clocks),
            (Some(own), Some(other)) => {
                Ok(clocks - 60.0 * f64::from(own.minutes() - other.minutes()))
            }
            _ => Err(Error::input(
                format!("the times {earlier} and {self}: only one states its offset from UTC"),
                "which clock the other is of cannot be told; an hour changes the activity of F-18 by 46 %, of Lu-177 by 0.4 %",
                "Write all times with their offset from UTC, or all without.",
            )),
        }
    }

    /// The same clock `seconds` later (earlier, if negative), to the nanosecond; none outside of the years -9999 to 9999.
    pub fn plus_seconds(&self, seconds: f64) -> Option<Self> {
        let span = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Some(Moment { clock: self.clock.checked_add(span).ok()?, ..*self })
    }

    /// The reading of its clock without the date.
    pub fn time_of_day(&self) -> ClockTime {
        ClockTime::new(self.clock.time(), self.offset)
    }

    /// The date on its clock.
    pub fn date(&self) -> Date {
        self.clock.date()
    }

    /// What the clock shows, without its offset from UTC.
    pub fn local(&self) -> Moment {
        Moment { offset: None, ..*self }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.clock)?;
        self.offset.map_or(Ok(()), |offset| write!(f, "{offset}"))
    }
}

impl std::str::FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Moment::parse(text)
    }
}

fn parse(text: &str) -> Option<Moment> {
    // A second of 60 and a zone in brackets are no part of what is promised.
    let ordered = iso(text, None)?;
    let text = ordered.as_str();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b" .:+-TtZz".contains(&b));
    let clock = text.get(10..)?;
    if !plain || !text.is_char_boundary(10) || clock.contains(":60") || !clock.contains(':') {
        return None;
    }
    let pieces = Pieces::parse(text).ok()?;
    let offset = match pieces.to_numeric_offset() {
        None => None,
        Some(offset) if offset.seconds() % 60 == 0 => {
            Some(Offset::from_minutes(offset.seconds() / 60)?)
        }
        Some(_) => return None,
    };
    Some(Moment::new(pieces.date(), pieces.time()?, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    fn gap(a: &str, b: &str) -> f64 {
        at(b).seconds_since(&at(a)).expect("comparable")
    }

    #[test]
    fn differences_cross_leap_days_and_years() {
        assert_eq!(gap("1970-01-01T00:00:00", "1970-01-01T00:00:01.5"), 1.5);
        assert_eq!(gap("2024-02-28T23:59:59Z", "2024-03-01T00:00:00Z"), 86_401.0);
        assert_eq!(gap("2023-02-28 23:59:00", "2023-03-01 00:00"), 60.0);
        assert_eq!(gap("1999-12-31T00:00:00+01:00", "2000-12-31T00:00:00+01:00"), 366.0 * 86_400.0);
        assert_eq!(gap("1970-01-01T00:00:00", "2026-11-22T00:00:00"), 20_779.0 * 86_400.0);
    }

    /// The night when clocks go back: 02:30+02:00 is an hour before 02:30+01:00.
    #[test]
    fn offsets_compare_as_instants() {
        assert_eq!(gap("2026-11-22T14:05:30+01:00", "2026-11-22 13:05:30Z"), 0.0);
        assert_eq!(gap("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"), 3600.0);
        assert_eq!(gap("2024-02-28T23:30:00-02:30", "2024-02-29T02:00:00Z"), 0.0);
        assert_eq!(gap("2026-01-01T00:00+14:00", "2026-01-01T00:00-12:00"), 26.0 * 3600.0);
        assert_eq!(gap("2026-01-01T00:00+05:45", "2026-01-01T00:00Z"), 5.75 * 3600.0);
    }

    #[test]
    fn a_stated_and_an_unstated_offset_do_not_compare() {
        let times = ["2026-11-22T10:00:00", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00+01:00"];
        for a in times {
            for b in times {
                let both = at(a).offset().is_some() == at(b).offset().is_some();
                assert_eq!(at(a).seconds_since(&at(b)).is_ok(), both, "{a} {b}");
            }
        }
        let local = at("2026-11-22T10:00:00").or_offset(Offset::from_minutes(60));
        assert_eq!(local, at("2026-11-22T10:00:00+01:00"));
        assert_eq!(
            at("2026-11-22T10:00:00Z").or_offset(Offset::from_minutes(60)),
            at("2026-11-22T10:00Z")
        );
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        for text in
            ["2026-11-22T10:15:00.5+01:00", "2026-11-22T10:15:00-09:30", "2026-11-22T10:15:00"]
        {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("2026-11-22 10:15Z").to_string(), "2026-11-22T10:15:00+00:00");
        assert_eq!(at("2026-12-31T23:59:59").plus_seconds(1.5), Some(at("2027-01-01T00:00:00.5")));
        assert_eq!(at("2026-12-31T23:59:59").plus_seconds(f64::NAN), None);
    }

    #[test]
    fn dates_of_one_order_only() {
        for text in [
            "22.11.2026 10:15",
            "2026/11/22 10:15",
            "2026.11.22T10:15:00",
            "11/22/2026 10:15 AM",
            "22/11/2026 10:15",
            "22-Nov-2026 10:15",
        ] {
            assert_eq!(at(text), at("2026-11-22T10:15:00"), "{text}");
        }
        assert_eq!(at("1.3.2026 10:15+01:00"), at("2026-03-01T10:15:00+01:00"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "14:05",
            "2026-11-22",
            "2026-11-22T10",
            "2026-13-01T00:00:00",
            "2026-02-29T00:00:00",
            "2026-1-1T00:00:00",
            "2026-11-22T24:00:00",
            "2026-11-22T10:60:00",
            "2026-11-22T10:00:60",
            "2026-11-22T10:00:00+1",
            "2026-11-22T10:00:00+15:00",
            "2026-11-22T10:00:00-12:15",
            "2026-11-22T10:00:00+01:00:30",
            "2026-11-22T10:00:-1",
            "22.11.26 10:00",
            "11/12/2026 10:00",
            "22/23/2026 10:00",
            "11/22/26 10:00",
            "02-11-2026 10:00",
            "11/22/2026 13:00 PM",
            "11/22/2026",
            "31.11.2026 10:00",
            "22.11.2026",
            "2026-11-22T10:00:1e1",
            "2026-11-22T10:00:00[Europe/Paris]",
            "2026-11-22\u{df}10:00",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
