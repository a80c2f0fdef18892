//! Lengths of time written with colons, `4:30`, `28:15:30`, `3:04:30`, or as `4h30` and `4 h 30 min`; and with a unit for each part, which needs
//! no column to tell it: `4h`, `1d 4h`, `90 min`, `1 days 04:00:00`.

use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// The parts, from days on, s.
const PARTS: [f64; 4] = [SECONDS_PER_DAY, SECONDS_PER_HOUR, 60.0, 1.0];

/// Seconds of a length of time that names its units, largest first, each once: `4h`, `1d 4h`, `1 h 15 min`, `0 days 04:00:00`.
pub fn spelled(text: &str) -> Option<f64> {
    const UNITS: [(&[&str], f64); 4] = [
        (&["d", "day", "days", "tag", "tage"], SECONDS_PER_DAY),
        (&["h", "hr", "hrs", "hour", "hours", "stunde", "stunden"], SECONDS_PER_HOUR),
        (&["m", "min", "mins", "minute", "minutes", "minuten"], 60.0),
        (&["s", "sec", "secs", "second", "seconds"], 1.0),
    ];
    let lower = text.trim().to_lowercase().replace('−', "-");
    let (sign, mut rest) = match lower.strip_prefix('-') {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, lower.strip_prefix('+').unwrap_or(&lower).trim_start()),
    };
    let (mut seconds, mut largest, mut parts) = (0.0, f64::INFINITY, 0);
    while !rest.is_empty() {
        if parts > 0 && rest.contains(':') {
            let clock = seconds_of_elapsed(rest, SECONDS_PER_HOUR)?;
            return (sign > 0.0
                && largest == SECONDS_PER_DAY
                && (0.0..SECONDS_PER_DAY).contains(&clock))
            .then_some(seconds + clock);
        }
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || ".,".contains(c)))?;
        let value: f64 = rest[..digits].replace(',', ".").parse().ok()?;
        let after = rest[digits..].trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (_, unit) = UNITS.iter().find(|u| u.0.contains(&&after[..end]))?;
        // Below a larger unit a part stays below that unit.
        if *unit >= largest || (parts > 0 && value * unit >= largest) {
            return None;
        }
        seconds += value * unit;
        (largest, parts) = (*unit, parts + 1);
        rest = after[end..].trim_start_matches([' ', ',', '.']);
    }
    (parts > 0).then_some(sign * seconds)
}

/// Whether a cell is a length of time in parts rather than a number or a date.
pub fn looks_elapsed(text: &str) -> bool {
    let text = in_colons(text);
    let colons = text.contains(':') && text.bytes().any(|b| b.is_ascii_digit());
    colons
        && text.chars().all(|c| c.is_ascii_digit() || ":.,-+−".contains(c))
        && !text.split(':').next().unwrap_or("").contains(['.', ','])
        && !text.trim_start_matches(['-', '+', '−']).contains(['-', '+', '−'])
}

/// Seconds, if the part before the first colon is one of `first` s; each further part has two digits and stays below its next unit.
pub fn seconds_of_elapsed(text: &str, first: f64) -> Option<f64> {
    let text = in_colons(text).replace('−', "-").replace(',', ".");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
    };
    let start = PARTS.iter().position(|p| *p == first)?;
    let written: Vec<&str> = digits.split(':').collect();
    if written.len() < 2 || written.len() > PARTS.len() - start {
        return None;
    }
    let mut seconds = 0.0;
    for (n, part) in written.iter().enumerate() {
        let unit = PARTS[start + n];
        let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
        let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        // Only the last part, if it is one of seconds, has decimals.
        let decimals = part.contains('.') && !(n + 1 == written.len() && unit == 1.0);
        if whole.is_empty() || !number(whole) || !number(fraction) || decimals {
            return None;
        }
        let value: f64 = part.trim_end_matches('.').parse().ok()?;
        if n > 0 && (whole.len() != 2 || value * unit >= PARTS[start + n - 1]) {
            return None;
        }
        seconds += value * unit;
    }
    Some(sign * seconds)
}

/// `4h30`, `4 h 30 min` and `4 hours 30 minutes` with a colon.
fn in_colons(text: &str) -> String {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let parts = || {
        let (hours, rest) = lower.split_once('h')?;
        let rest = ["ours", "our", "rs", "r"]
            .into_iter()
            .find_map(|word| rest.strip_prefix(word))
            .unwrap_or(rest)
            .trim();
        let minutes = ["minutes", "mins", "min", "m"]
            .into_iter()
            .find_map(|word| rest.strip_suffix(word))
            .unwrap_or(rest)
            .trim();
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        (digits(hours.trim()) && digits(minutes) && minutes.len() <= 2)
            .then(|| format!("{}:{minutes:0>2}", hours.trim()))
    };
    parts().unwrap_or_else(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_seconds() {
        for (text, first, expected) in [
            ("4:30", 3600.0, Some(16_200.0)),
            ("28:15:30", 3600.0, Some(101_730.0)),
            ("168:00:00", 3600.0, Some(604_800.0)),
            ("0:05:30.5", 3600.0, Some(330.5)),
            ("3:04:30", 86_400.0, Some(275_400.0)),
            ("7:00:00:00", 86_400.0, Some(604_800.0)),
            ("90:15", 60.0, Some(5415.0)),
            ("-0:30", 3600.0, Some(-1800.0)),
            ("4h30", 3600.0, Some(16_200.0)),
            ("4 h 5 min", 3600.0, Some(14_700.0)),
            ("4 hours 30 minutes", 3600.0, Some(16_200.0)),
            ("4:60", 3600.0, None),
            ("4:5", 3600.0, None),
            ("4:30:15:10", 3600.0, None),
            ("4:30.5", 3600.0, None),
            ("1:25:00", 86_400.0, None),
            (":30", 3600.0, None),
            ("4:", 3600.0, None),
        ] {
            assert_eq!(seconds_of_elapsed(text, first), expected, "{text}");
        }
        for (text, expected) in [
            ("4h", Some(14_400.0)),
            ("4 h", Some(14_400.0)),
            ("1d", Some(86_400.0)),
            ("1.5 h", Some(5400.0)),
            ("1,5h", Some(5400.0)),
            ("90 min", Some(5400.0)),
            ("1h15min", Some(4500.0)),
            ("1d 4h", Some(100_800.0)),
            ("0 days 04:00:00", Some(14_400.0)),
            ("7 days 00:00:00", Some(604_800.0)),
            ("1 day, 4:30:00", Some(102_600.0)),
            ("-1 days +22:00:00", None),
            ("4h 1d", None),
            ("1h 90min", None),
            ("4", None),
            ("h", None),
            ("", None),
            ("4 MBq", None),
            ("4:30", None),
            ("2 days 25:00:00", None),
        ] {
            assert_eq!(spelled(text), expected, "{text}");
        }
        for text in ["4:30", "-0:30", "4h30", "28:15:30"] {
            assert!(looks_elapsed(text), "{text}");
        }
        for text in ["4.5", "24", "2026-11-22 4:30", "4:30 PM", "x:y", "", "4 h", "1.5:30"] {
            assert!(!looks_elapsed(text), "{text}");
        }
    }
}
