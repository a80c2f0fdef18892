//! The value representations DA, TM and DT of DICOM, and its offsets from UTC (PS3.5 6.2).

use jiff::civil::{Date, Time};

use super::{ClockTime, Moment, Offset};

/// What a DT value holds: a moment, or a date alone where hours are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    /// Date and time.
    Moment(Moment),
    /// Only the date.
    Date(Date),
}

/// A date (DA), `20261122`; the form of ACR-NEMA, `2026.11.22`, is accepted.
pub fn dicom_date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('.').collect();
    let (year, month, day) = match parts[..] {
        [all] if all.len() == 8 => (all.get(..4)?, all.get(4..6)?, all.get(6..)?),
        [y, m, d] if (y.len(), m.len(), d.len()) == (4, 2, 2) => (y, m, d),
        _ => return None,
    };
    Date::new(number(year)?, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?).ok()
}

/// A time of day (TM), `101530.25`; minutes and seconds may be left out, and the form of ACR-NEMA, `10:15:30`, is accepted. A leap second
/// (60) is read as the first of the next minute less 1 s, for clocks of hospitals do not show it.
pub fn dicom_time(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(c, f)| (c, Some(f)));
    let digits = match clock.split(':').collect::<Vec<_>>()[..] {
        [all] => all.to_string(),
        [h, m, s] if [h, m, s].iter().all(|p| p.len() == 2) => [h, m, s].concat(),
        [h, m] if [h, m].iter().all(|p| p.len() == 2) => [h, m].concat(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| -> Option<i8> {
        if digits.len() <= range.start {
            Some(0)
        } else {
            number(digits.get(range)?)?.try_into().ok()
        }
    };
    // PS3.5 6.2: a fraction has one to six digits and needs the seconds.
    let nanoseconds = match fraction {
        None => 0,
        Some(f) if digits.len() == 6 && (1..=6).contains(&f.len()) && is_number(f) => {
            format!("{f:0<9}").parse().ok()?
        }
        Some(_) => return None,
    };
    if !matches!(digits.len(), 2 | 4 | 6) || !is_number(&digits) {
        return None;
    }
    let seconds = part(4..6)?;
    Time::new(part(0..2)?, part(2..4)?, if seconds == 60 { 59 } else { seconds }, nanoseconds).ok()
}

/// An offset from UTC, `+0100` or `-0930`; `-0000` is not allowed (PS3.5 6.2). Some writers put a colon between hours and minutes, as ISO 8601 does.
pub fn dicom_offset(text: &str) -> Option<Offset> {
    let (sign, written) = text.split_at_checked(1)?;
    let digits = match written.split_once(':') {
        Some((hours, minutes)) if hours.len() == 2 => &format!("{hours}{minutes}"),
        _ => written,
    };
    let sign = match sign {
        "+" => 1,
        "-" if digits != "0000" => -1,
        _ => return None,
    };
    if digits.len() != 4 || !is_number(digits) {
        return None;
    }
    let (hours, minutes) = (i32::from(number(&digits[..2])?), i32::from(number(&digits[2..])?));
    (minutes < 60).then(|| Offset::from_minutes(sign * (60 * hours + minutes)))?
}

/// A date and time (DT), `20261122101530.25+0100`. A value without a day (a year, a year and a month) is none.
pub fn dicom_date_time(text: &str) -> Option<Dated> {
    let (clock, offset) = match text.find(['+', '-']) {
        None => (text, None),
        Some(at) => (&text[..at], Some(dicom_offset(&text[at..])?)),
    };
    let date = dicom_date(clock.get(..8)?)?;
    match clock.get(8..)? {
        "" => Some(Dated::Date(date)),
        time if time.contains(':') => None,
        time => Some(Dated::Moment(ClockTime::new(dicom_time(time)?, offset).on(date))),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn number(text: &str) -> Option<i16> {
    if is_number(text) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Dated> {
        Some(Dated::Moment(Moment::parse(text).expect(text)))
    }

    #[test]
    fn all_forms_of_a_date_and_time() {
        assert_eq!(dicom_date_time("19931124095300.0+0100"), at("1993-11-24T09:53:00+01:00"));
        assert_eq!(dicom_date_time("19931124095300.123456"), at("1993-11-24T09:53:00.123456"));
        assert_eq!(dicom_date_time("1993112409-0930"), at("1993-11-24T09:00:00-09:30"));
        assert_eq!(dicom_date_time("199311240953"), at("1993-11-24T09:53:00"));
        assert_eq!(dicom_date_time("19931124"), dicom_date("1993.11.24").map(Dated::Date));
        for bad in [
            "",
            "1993",
            "19931124095",
            "19931324",
            "19931124096100",
            "19931124T0953",
            "19931124095300+1500",
        ] {
            assert_eq!(dicom_date_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_and_times_of_day() {
        assert_eq!(dicom_date("1993.11.24"), dicom_date("19931124"));
        for bad in [
            "1993112",
            "19931324",
            "19931100",
            "19930230",
            "1993-1-2",
            "00000000",
            "1993.1.24",
            "+9931124",
        ] {
            assert_eq!(dicom_date(bad), None, "{bad}");
        }
        assert_eq!(dicom_time("0953"), dicom_time("09:53:00"));
        assert_eq!(dicom_time("09"), dicom_time("090000.000"));
        assert_eq!(dicom_time("235960"), dicom_time("235959"));
        assert_eq!(dicom_time("095300.5").map(|t| t.subsec_nanosecond()), Some(500_000_000));
        for bad in [
            "",
            "9",
            "2460",
            "1261",
            "125961",
            "12xx",
            "1253.5",
            "125300.",
            "125300.1234567",
            "12:5:00",
            "-10000",
        ] {
            assert_eq!(dicom_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn offsets() {
        assert_eq!(dicom_offset("+0545").map(Offset::minutes), Some(345));
        assert_eq!(dicom_offset("-0330").map(Offset::minutes), Some(-210));
        assert_eq!(dicom_offset("+0000").map(Offset::minutes), Some(0));
        assert_eq!(dicom_offset("+05:45").map(Offset::minutes), Some(345));
        for bad in ["", "0100", "-0000", "-00:00", "+1500", "+0160", "+1", "+1:00", "+010:0", "Z"] {
            assert_eq!(dicom_offset(bad), None, "{bad}");
        }
    }
}
