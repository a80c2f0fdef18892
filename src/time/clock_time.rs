//! A time of day without its date: a clock that shows it does so every day, so a date must come from elsewhere.

use jiff::ToSpan;
use jiff::civil::{Date, Time};

use super::{Moment, Offset};
use crate::error::Result;

/// What a clock shows, and its offset from UTC if stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime {
    time: Time,
    offset: Option<Offset>,
}

impl ClockTime {
    /// Of a reading.
    pub fn new(time: Time, offset: Option<Offset>) -> Self {
        ClockTime { time, offset }
    }

    /// The offset from UTC that it states.
    pub fn offset(&self) -> Option<Offset> {
        self.offset
    }

    /// With `offset` where none is stated.
    #[must_use]
    pub fn or_offset(self, offset: Option<Offset>) -> Self {
        ClockTime { offset: self.offset.or(offset), ..self }
    }

    /// On a date of its own clock.
    pub fn on(&self, date: Date) -> Moment {
        Moment::new(date, self.time, self.offset)
    }

    /// The latest moment at which the clock showed this and that is not after `end`: at most 24 h before it.
    ///
    /// # Errors
    /// If only one of the two states its offset from UTC.
    pub fn latest_until(&self, end: &Moment) -> Result<Moment> {
        self.choose(end, |gap| if gap >= 0.0 { gap } else { f64::INFINITY })
    }

    /// The moment at which the clock showed this that is nearest to `other`: at most 12 h from it.
    ///
    /// # Errors
    /// If only one of the two states its offset from UTC.
    pub fn nearest_to(&self, other: &Moment) -> Result<Moment> {
        self.choose(other, f64::abs)
    }

    /// The one with the smallest badness of the seconds from it to `other`.
    fn choose(&self, other: &Moment, badness: impl Fn(f64) -> f64) -> Result<Moment> {
        let mut best = (f64::INFINITY, self.on(other.date()));
        // Offsets differ by up to 26 h, so the day before and after may be two days off.
        for days in -2_i64..=2 {
            let Ok(date) = other.date().checked_add(days.days()) else { continue };
            let moment = self.on(date);
            let bad = badness(other.seconds_since(&moment)?);
            if bad < best.0 {
                best = (bad, moment);
            }
        }
        Ok(best.1)
    }
}

impl std::fmt::Display for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.time)?;
        self.offset.map_or(Ok(()), |offset| write!(f, "{offset}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect(text)
    }

    #[test]
    fn the_latest_reading_until_a_time() {
        let clock = |t: &str| at(&format!("2000-01-01T{t}")).time_of_day();
        let latest = |c: &str, end: &str| clock(c).latest_until(&at(end)).map(|m| m.to_string());
        assert_eq!(latest("10:00:00", "2026-03-01T14:00:00").unwrap(), "2026-03-01T10:00:00");
        assert_eq!(latest("10:00:00", "2026-03-01T09:59:59").unwrap(), "2026-02-28T10:00:00");
        assert_eq!(latest("10:00:00", "2026-03-01T10:00:00").unwrap(), "2026-03-01T10:00:00");
        assert_eq!(
            latest("23:30:00+00:00", "2026-03-01T00:10:00+01:00").unwrap(),
            "2026-02-27T23:30:00+00:00"
        );
        assert!(latest("10:00:00", "2026-03-01T14:00:00Z").is_err());
        let near = |c: &str, other: &str| clock(c).nearest_to(&at(other)).unwrap().to_string();
        assert_eq!(near("00:10:00", "2026-03-01T23:50:00"), "2026-03-02T00:10:00");
        assert_eq!(near("23:50:00", "2026-03-02T00:10:00"), "2026-03-01T23:50:00");
        assert_eq!(
            near("00:10:00+14:00", "2026-03-01T11:00:00-12:00"),
            "2026-03-03T00:10:00+14:00"
        );
    }
}
