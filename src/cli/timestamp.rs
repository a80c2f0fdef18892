//! Points in time with their zone: `2026-11-22T14:05:00+01:00`, `...Z`.
//!
//! A time without a zone is refused: clocks of injection and scanner must not be compared by guess. Leap seconds are neglected.

/// Seconds since 1970-01-01T00:00:00Z, or why the text is no point in time.
pub fn parse_timestamp(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let form = || {
        format!(
            "'{text}' must be a date and time with its zone, such as 2026-11-22T14:05:00+01:00 or 2026-11-22T13:05:00Z"
        )
    };
    let (day, clock) = text.split_once(['T', ' ']).ok_or_else(form)?;
    let (clock, zone_s) = if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        (clock, 0.0)
    } else if let Some(at) = clock.rfind(['+', '-']) {
        let sign = if clock[at..].starts_with('-') { -1.0 } else { 1.0 };
        let zone: Vec<u32> = numbers(&clock[at + 1..], ':').ok_or_else(form)?;
        match zone[..] {
            [h, m] if h <= 14 && m < 60 => (&clock[..at], sign * f64::from(3600 * h + 60 * m)),
            _ => return Err(form()),
        }
    } else {
        return Err(format!("'{text}' has no time zone; write one, such as +01:00 or Z"));
    };
    let date: Vec<u32> = numbers(day, '-').ok_or_else(form)?;
    let ([year, month, day], parts) =
        (<[u32; 3]>::try_from(date).map_err(|_| form())?, clock.split(':').collect::<Vec<_>>());
    let number = |t: &str| t.parse::<f64>().ok().filter(|x| *x >= 0.0 && x.is_finite());
    let [hour, minute, second] = match parts[..] {
        [h, m] => [number(h), number(m), Some(0.0)],
        [h, m, s] => [number(h), number(m), number(s)],
        _ => return Err(form()),
    };
    let (Some(hour), Some(minute), Some(second)) = (hour, minute, second) else {
        return Err(form());
    };
    let whole = hour.fract() == 0.0 && minute.fract() == 0.0;
    let days = days_since_1970(year, month, day).ok_or_else(form)?;
    if !whole || hour > 23.0 || minute > 59.0 || second >= 60.0 {
        return Err(form());
    }
    Ok(days as f64 * 86_400.0 + hour * 3600.0 + minute * 60.0 + second - zone_s)
}

/// Whole numbers between separators.
fn numbers(text: &str, separator: char) -> Option<Vec<u32>> {
    let digits = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    text.split(separator).map(|t| if digits(t) { t.parse().ok() } else { None }).collect()
}

/// Days of the Gregorian calendar; None for a date that is not in it.
fn days_since_1970(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = |y: u32| (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
    let length = match month {
        2 => 28 + u32::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1900..=2200).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years from March, so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day;
    Some(i64::from(days) - 719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_taken_into_account() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Ok(0.0));
        assert_eq!(parse_timestamp("2000-03-01T00:00Z"), Ok(951_868_800.0));
        let (a, b) =
            (parse_timestamp("2026-11-22T14:05:30+01:00"), parse_timestamp("2026-11-22 13:05:30Z"));
        assert_eq!(a, b);
        let before = parse_timestamp("2024-02-28T23:30:00-02:30").unwrap();
        let after = parse_timestamp("2024-02-29T02:00:00Z").unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "2026-11-22T14:05:00",
            "14:05",
            "2026-02-29T00:00Z",
            "2026-13-01T00:00Z",
            "2026-11-22T25:00Z",
            "2026-11-22T14:60Z",
            "2026-11-22T14:05+1",
            "22.11.2026 14:05Z",
            "",
            "2026-11-22T14:05:00+15:00",
        ] {
            assert!(parse_timestamp(text).is_err(), "{text}");
        }
        assert!(parse_timestamp("2026-11-22T14:05:00").unwrap_err().contains("zone"));
    }
}
