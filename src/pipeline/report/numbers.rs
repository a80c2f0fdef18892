//! Numbers and texts as a report has them.

use super::read::Run;

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A number with so many significant digits, without an exponent where it can be.
pub fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let power = value.abs().log10().floor() as i32;
    let text = if (-4..7).contains(&power) {
        let decimals = (digits - 1 - power).max(0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.*e}", (digits - 1).max(0) as usize)
    };
    text.replace('-', "\u{2212}")
}

/// As [`significant`], without zeros that say nothing: of what somebody has stated.
pub fn stated(value: f64, digits: i32) -> String {
    let text = significant(value, digits);
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As [`significant`]; a dash for none.
pub fn shown(value: Option<f64>, digits: i32) -> String {
    value.map_or(NONE.into(), |v| significant(v, digits))
}

/// In per cent.
pub fn percent(share: Option<f64>) -> String {
    share.filter(|s| s.is_finite()).map_or(NONE.into(), |s| format!("{:.1} %", 100.0 * s))
}

/// With two decimals.
pub fn hundredths(x: f64) -> String {
    // Nothing below zero that is shown as nothing.
    let text = format!("{:.2}", (100.0 * x).round() / 100.0 + 0.0);
    text.replace('-', "\u{2212}")
}

/// A text without the folders before a file's name: they may be those of a patient.
fn without_folders(text: &str) -> String {
    const FILE: &str = "/(file)";
    let mut text = text.to_owned();
    while let Some(at) = text.find(FILE) {
        let before = text[..at].rfind([' ', '\'', '"', '(']).map_or(0, |n| n + 1);
        text.replace_range(before..=at, "");
    }
    text
}

/// Takes names of files, dates and UIDs out of texts.
#[derive(Debug, Default)]
pub struct Cleaner {
    names: Vec<String>,
    identify: bool,
}

impl Cleaner {
    /// Of what runs have read.
    pub fn new(runs: &[Run], identify: bool) -> Self {
        let inputs = runs.iter().flat_map(|r| r.inputs());
        let mut names: Vec<String> =
            inputs.filter_map(|i| i["file"].as_str().map(str::to_owned)).collect();
        names.sort_by_key(|n| std::cmp::Reverse(n.len()));
        names.dedup();
        Cleaner { names, identify }
    }

    /// Also without a name of a file.
    pub fn add(&mut self, name: &str) {
        if !name.is_empty() && !self.names.iter().any(|n| n == name) {
            self.names.push(name.to_owned());
            self.names.sort_by_key(|n| std::cmp::Reverse(n.len()));
        }
    }

    /// Whether names may stand.
    pub fn identify(&self) -> bool {
        self.identify
    }

    /// A text without them.
    pub fn text(&self, text: &str) -> String {
        if self.identify {
            return text.into();
        }
        let text = self.names.iter().fold(text.to_owned(), |t, name| t.replace(name, "(file)"));
        let text = without_folders(&text);
        let mut out = Vec::new();
        for word in text.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            out.push(if is_date(bare) || is_uid(bare) {
                word.replace(bare, "(left out)")
            } else {
                word.to_owned()
            });
        }
        out.join(" ")
    }
}

/// `2026-03-01`, alone or with what follows.
fn is_date(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digit) && bytes[4] == b'-' && bytes[7] == b'-'
}

/// A DICOM UID: digits in at least four parts, or one made of a UUID (PS3.5 B.2), 2.25 and a long number.
fn is_uid(word: &str) -> bool {
    (word.split('.').count() >= 4 || word.starts_with("2.25."))
        && word.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_before_a_file_are_left_out() {
        for (text, bare) in [
            ("/data/Doe_Jane/(file): two structures", "(file): two structures"),
            ("of '../Doe/(file)' and Gy/(file), 3 MBq/mL", "of '(file)' and (file), 3 MBq/mL"),
            ("mGy/h (file)", "mGy/h (file)"),
        ] {
            assert_eq!(without_folders(text), bare);
        }
    }

    #[test]
    fn numbers_have_their_digits() {
        for (value, digits, text) in [
            (1234.56, 3, "1235"),
            (0.012345, 3, "0.0123"),
            (-2.5, 2, "\u{2212}2.5"),
            (1.5e-9, 3, "1.50e\u{2212}9"),
            (0.0, 3, "0"),
            (f64::NAN, 3, NONE),
        ] {
            assert_eq!(significant(value, digits), text);
        }
    }

    #[test]
    fn nobody_is_named() {
        let cleaner = Cleaner { names: vec!["doe.nii.gz".into()], identify: false };
        let text = "doe.nii.gz of 2026-03-01T10:00:00, start, in 1.2.840.113619.2.55 holds 4.5 Bq";
        assert_eq!(cleaner.text("not read: 2.25.330187 (CT)"), "not read: (left out) (CT)");
        assert_eq!(cleaner.text(text), "(file) of (left out), start, in (left out) holds 4.5 Bq");
    }
}
