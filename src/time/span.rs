//! Times that people state either by date or by the time that has passed since: `2026-03-01T10:00:00+01:00` or `24h`.

use super::Moment;
use crate::error::{Error, Result};
use crate::units::{SECONDS_PER_HOUR, seconds_of};

/// A point of time, or a length of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeOrSpan {
    /// Date and time.
    At(Moment),
    /// s.
    Span(f64),
}

impl std::str::FromStr for TimeOrSpan {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(seconds) = seconds_of(text) {
            return Ok(TimeOrSpan::Span(seconds));
        }
        Moment::parse(text).map(TimeOrSpan::At).map_err(|_| {
            Error::input(
                format!("time '{text}'"),
                "it is neither a date and time nor a number with its unit",
                "Write for example 2026-03-01T10:00:00+01:00, \"24h\", \"90min\" or \"3.5d\".",
            )
        })
    }
}

impl std::fmt::Display for TimeOrSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TimeOrSpan::At(moment) => moment.fmt(f),
            TimeOrSpan::Span(seconds) => f.write_str(&hours_text(*seconds)),
        }
    }
}

/// Seconds as hours with five digits behind the point and no zeros at the end: `28.16667 h`.
pub fn hours_text(seconds: f64) -> String {
    let text = format!("{:.5}", seconds / SECONDS_PER_HOUR);
    format!("{} h", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_spans_are_told_apart() {
        assert_eq!("24h".parse(), Ok(TimeOrSpan::Span(86_400.0)));
        let moment = Moment::parse("2026-03-01T10:00:00Z").unwrap();
        assert_eq!("2026-03-01T10:00:00Z".parse(), Ok(TimeOrSpan::At(moment)));
        for bad in ["24", "h", "2026-03-01", "", "infh", "nand"] {
            let error = bad.parse::<TimeOrSpan>().unwrap_err().to_string();
            assert!(error.contains("unit"), "{error}");
        }
        assert_eq!(hours_text(101_400.0), "28.16667 h");
        assert_eq!(hours_text(-3600.0), "-1 h");
    }
}
