//! Where and when a result was made.

use std::time::{SystemTime, UNIX_EPOCH};

/// CPU model and number of cores, such as `Intel Xeon, 2 cores`; the model is `unknown CPU` where the system does not say.
pub fn describe() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        text.lines().find_map(|l| l.strip_prefix("model name")).and_then(|l| l.split_once(':'));
    let model = model.map_or("unknown CPU", |m| m.1.trim());
    let model = model.replace("(R)", "").replace("(TM)", "");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

/// The description as part of a file name.
pub fn slug() -> String {
    slug_of(&describe())
}

/// `DATE-MACHINE`, and the devices where there are any.
pub fn file_name<'a>(devices: impl Iterator<Item = &'a str>) -> String {
    let devices: String = devices.map(|d| format!("-{}", slug_of(d))).collect();
    format!("{}-{}{devices}", date(), slug())
}

fn slug_of(text: &str) -> String {
    let kept: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join("-")
}

/// Today (UTC) as `2025-12-31`.
pub fn date() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (y, m, d) = civil((seconds / 86_400) as i64);
    format!("{y:04}-{m:02}-{d:02}")
}

/// Year, month, day of a number of days since 1970-01-01 (proleptic Gregorian calendar).
pub fn civil(days: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01, in eras of 400 years of 146097 days, so that a leap day ends its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + 400 * era + i64::from(month <= 2), month, day)
}
