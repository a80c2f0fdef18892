//! Lengths of time written with colons, `4:30`, `28:15:30`, `3:04:30`, or as `4h30` and `4 h 30 min`.

use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// The parts, from days on, s.
const PARTS: [f64; 4] = [SECONDS_PER_DAY, SECONDS_PER_HOUR, 60.0, 1.0];

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
        for text in ["4:30", "-0:30", "4h30", "28:15:30"] {
            assert!(looks_elapsed(text), "{text}");
        }
        for text in ["4.5", "24", "2026-11-22 4:30", "4:30 PM", "x:y", "", "4 h", "1.5:30"] {
            assert!(!looks_elapsed(text), "{text}");
        }
    }
}
