//! Units as people write them in the headers of tables, and what they are in SI.
//!
//! Case does not matter (no table holds millibecquerels), nor do spaces; `u` stands for micro.

use crate::units::{BQ_PER_CI, SECONDS_PER_DAY, SECONDS_PER_HOUR};

/// What a value is before its row or an option makes it an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Bq.
    Activity,
    /// Gy/s.
    DoseRate,
    /// Counts, to be scaled.
    Counts,
    /// Counts per second: an activity by a calibration factor, or to be scaled.
    CountRate,
    /// Fraction of the administered activity.
    OfAdministered,
    /// Fraction of the administered activity per g: needs a mass.
    OfAdministeredPerGram,
    /// Fraction of the administered activity per mL: needs a volume.
    OfAdministeredPerMl,
    /// Bq/mL: needs a volume.
    PerMl,
    /// Bq/g: needs a mass.
    PerGram,
}

/// What a unit measures, with the SI value of one of it (s, g, mL, or as [`Quantity`] says).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// s.
    Time(f64),
    /// `h:mm` and the like: s of the part before the first colon.
    Elapsed(f64),
    /// g.
    Mass(f64),
    /// mL.
    Volume(f64),
    /// Part of the value in the same row.
    Percent,
    /// A value.
    Value(Quantity, f64),
}

const TIMES: [(&str, f64); 23] = [
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("second", 1.0),
    ("seconds", 1.0),
    ("min", 60.0),
    ("mins", 60.0),
    ("minute", 60.0),
    ("minutes", 60.0),
    ("h", SECONDS_PER_HOUR),
    ("hr", SECONDS_PER_HOUR),
    ("hrs", SECONDS_PER_HOUR),
    ("hour", SECONDS_PER_HOUR),
    ("hours", SECONDS_PER_HOUR),
    ("stunde", SECONDS_PER_HOUR),
    ("stunden", SECONDS_PER_HOUR),
    ("heures", SECONDS_PER_HOUR),
    ("heure", SECONDS_PER_HOUR),
    ("horas", SECONDS_PER_HOUR),
    ("hora", SECONDS_PER_HOUR),
    ("ore", SECONDS_PER_HOUR),
    ("ora", SECONDS_PER_HOUR),
    ("d", SECONDS_PER_DAY),
];
const DAYS: [&str; 6] = ["day", "days", "tage", "tagen", "jour", "jours"];
/// With p.i. in one word.
const AFTER_INJECTION: [(&str, f64); 3] =
    [("hpi", SECONDS_PER_HOUR), ("dpi", SECONDS_PER_DAY), ("mpi", 60.0)];
/// Written with colons; of the part before the first one.
const ELAPSED: [(&str, f64); 16] = [
    ("d:hh:mm", SECONDS_PER_DAY),
    ("dd:hh:mm", SECONDS_PER_DAY),
    ("d:hh:mm:ss", SECONDS_PER_DAY),
    ("dd:hh:mm:ss", SECONDS_PER_DAY),
    ("h:mm", SECONDS_PER_HOUR),
    ("hh:mm", SECONDS_PER_HOUR),
    ("h:mm:ss", SECONDS_PER_HOUR),
    ("hh:mm:ss", SECONDS_PER_HOUR),
    ("h:m", SECONDS_PER_HOUR),
    ("h:min", SECONDS_PER_HOUR),
    ("hh:min", SECONDS_PER_HOUR),
    ("hr:min", SECONDS_PER_HOUR),
    ("h:min:s", SECONDS_PER_HOUR),
    ("min:s", 60.0),
    ("m:ss", 60.0),
    ("mm:ss", 60.0),
];
const COUNT_RATES: [(&str, f64); 5] =
    [("cps", 1.0), ("kcps", 1e3), ("mcps", 1e6), ("cpm", 1.0 / 60.0), ("kcpm", 1e3 / 60.0)];
const COUNTS: [&str; 3] = ["counts", "count", "cts"];
const ACTIVITIES: [(&str, f64); 9] = [
    ("bq", 1.0),
    ("kbq", 1e3),
    ("mbq", 1e6),
    ("gbq", 1e9),
    ("tbq", 1e12),
    ("ci", BQ_PER_CI),
    ("mci", 1e-3 * BQ_PER_CI),
    ("uci", 1e-6 * BQ_PER_CI),
    ("nci", 1e-9 * BQ_PER_CI),
];
const DOSES: [(&str, f64); 4] = [("gy", 1.0), ("cgy", 1e-2), ("mgy", 1e-3), ("ugy", 1e-6)];
const MASSES: [(&str, f64); 3] = [("g", 1.0), ("kg", 1e3), ("mg", 1e-3)];
const VOLUMES: [(&str, f64); 7] =
    [("ml", 1.0), ("cm3", 1.0), ("ccm", 1.0), ("cc", 1.0), ("mm3", 1e-3), ("ul", 1e-3), ("l", 1e3)];
/// Written out.
const WRITTEN_OUT: [(&str, &str); 5] =
    [("gram", "g"), ("grams", "g"), ("gramm", "g"), ("milliliter", "ml"), ("millilitre", "ml")];
/// Per one of these is per curve: the value is of all of it.
const WHOLES: [&str; 9] =
    ["organ", "voi", "roi", "region", "lesion", "tumour", "tumor", "tissue", "structure"];
const ADMINISTERED: [&str; 17] = [
    "%ia",
    "%id",
    "%ai",
    "%di",
    "%aa",
    "percentia",
    "percentid",
    "percentinjectedactivity",
    "percentinjecteddose",
    "%ofia",
    "%ofid",
    "%injectedactivity",
    "%injecteddose",
    "%ofinjectedactivity",
    "%ofinjecteddose",
    "%administeredactivity",
    "%ofadministeredactivity",
];
const PERCENT: [&str; 5] = ["%", "percent", "pct", "%ofvalue", "%ofthevalue"];

/// The unit of that spelling (in lower case).
pub fn unit_of(folded: &str) -> Option<Unit> {
    let plain = |c: char| match c {
        'µ' | 'μ' => 'u',
        '³' => '3',
        c => c,
    };
    let folded = folded.replace("_per_", " per ");
    let text: String = folded.chars().filter(|c| !c.is_whitespace()).map(plain).collect();
    let text = quotient(text.trim_end_matches('.'));
    let find = |all: &[(&str, f64)], text: &str| all.iter().find(|u| u.0 == text).map(|u| u.1);
    let time =
        |text: &str| find(&TIMES, text).or_else(|| DAYS.contains(&text).then_some(SECONDS_PER_DAY));
    if let Some(s) = time(&text).or_else(|| find(&AFTER_INJECTION, &text)) {
        return Some(Unit::Time(s));
    }
    if let Some(g) = find(&MASSES, &text) {
        return Some(Unit::Mass(g));
    }
    if let Some(ml) = find(&VOLUMES, &text) {
        return Some(Unit::Volume(ml));
    }
    if PERCENT.contains(&text.as_str()) {
        return Some(Unit::Percent);
    }
    if let Some(s) = find(&ELAPSED, &text) {
        return Some(Unit::Elapsed(s));
    }
    if COUNTS.contains(&text.as_str()) {
        return Some(Unit::Value(Quantity::Counts, 1.0));
    }
    if let Some(cps) = find(&COUNT_RATES, &text) {
        return Some(Unit::Value(Quantity::CountRate, cps));
    }
    if let Some((above, below)) = text.split_once("per").or_else(|| text.split_once('/'))
        && COUNTS.contains(&above)
    {
        return time(below).map(|s| Unit::Value(Quantity::CountRate, 1.0 / s));
    }
    // MBq/GBq: of each Bq that was administered.
    if let Some((above, below)) = text.rsplit_once('/')
        && let Some(bq) = find(&ACTIVITIES, below)
    {
        return match unit_of(above)? {
            Unit::Value(Quantity::Activity, x) => {
                Some(Unit::Value(Quantity::OfAdministered, x / bq))
            }
            Unit::Value(Quantity::PerGram, x) => {
                Some(Unit::Value(Quantity::OfAdministeredPerGram, x / bq))
            }
            Unit::Value(Quantity::PerMl, x) => {
                Some(Unit::Value(Quantity::OfAdministeredPerMl, x / bq))
            }
            _ => None,
        };
    }
    let (above, below) = match text.split_once('/') {
        Some((above, below)) => (above, Some(below)),
        None => (text.as_str(), None),
    };
    let administered = ADMINISTERED.contains(&above).then_some(0.01);
    if let Some(bq) = find(&ACTIVITIES, above) {
        return per(below, bq, [Quantity::Activity, Quantity::PerGram, Quantity::PerMl]);
    }
    if let Some(fraction) = administered {
        let all = [
            Quantity::OfAdministered,
            Quantity::OfAdministeredPerGram,
            Quantity::OfAdministeredPerMl,
        ];
        return per(below, fraction, all);
    }
    let gy = find(&DOSES, above)?;
    Some(Unit::Value(Quantity::DoseRate, gy / time(below?)?))
}

/// Per something as a stroke: `MBq ml-1`, `MBq*ml^-1`, `MBq per mL`. Of two strokes nothing is known.
fn quotient(text: &str) -> String {
    let text = text.replace("^3", "3").replace(['⁻', '−', '–'], "-").replace('¹', "1");
    let inverse = text.strip_suffix("^-1").or_else(|| text.strip_suffix("-1"));
    let (above, below) = match inverse {
        Some(rest) => {
            let known = [&MASSES[..], &VOLUMES[..], &TIMES[..]].concat();
            let ends = |(unit, _): &&(&str, f64)| rest.ends_with(unit) && rest.len() > unit.len();
            match known.iter().filter(ends).max_by_key(|(unit, _)| unit.len()) {
                Some((unit, _)) => (rest[..rest.len() - unit.len()].to_string(), *unit),
                None => return text,
            }
        }
        None => match text.split_once("per").filter(|(above, _)| !above.is_empty()) {
            // `percent` is no quotient.
            Some((above, below)) if !below.starts_with("cent") => (above.to_string(), below),
            _ => match text.split_once('/') {
                Some((above, below)) => (above.to_string(), below),
                None => return text,
            },
        },
    };
    let below = WRITTEN_OUT.iter().find(|w| w.0 == below).map_or(below, |w| w.1);
    format!("{}/{below}", above.trim_end_matches(['*', '·', '.', '/']))
}

/// The quantity alone, per mass or per volume.
fn per(below: Option<&str>, scale: f64, [alone, per_gram, per_ml]: [Quantity; 3]) -> Option<Unit> {
    let find = |all: &[(&str, f64)], text: &str| all.iter().find(|u| u.0 == text).map(|u| u.1);
    let Some(below) = below else { return Some(Unit::Value(alone, scale)) };
    if let Some(g) = find(&MASSES, below) {
        return Some(Unit::Value(per_gram, scale / g));
    }
    if WHOLES.contains(&below) {
        return Some(Unit::Value(alone, scale));
    }
    find(&VOLUMES, below).map(|ml| Unit::Value(per_ml, scale / ml))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_give_si() {
        for (text, expected) in [
            ("h", Unit::Time(3600.0)),
            ("days", Unit::Time(86_400.0)),
            ("% ia", Unit::Value(Quantity::OfAdministered, 0.01)),
            ("%ia/g", Unit::Value(Quantity::OfAdministeredPerGram, 0.01)),
            ("%id/kg", Unit::Value(Quantity::OfAdministeredPerGram, 1e-5)),
            ("kbq/ml", Unit::Value(Quantity::PerMl, 1e3)),
            ("bq / cm3", Unit::Value(Quantity::PerMl, 1.0)),
            ("kbq/g", Unit::Value(Quantity::PerGram, 1e3)),
            ("mci", Unit::Value(Quantity::Activity, 3.7e7)),
            ("mgy/h", Unit::Value(Quantity::DoseRate, 1e-3 / 3600.0)),
            ("gy/s", Unit::Value(Quantity::DoseRate, 1.0)),
            ("kg", Unit::Mass(1e3)),
            ("cc", Unit::Volume(1.0)),
            ("%", Unit::Percent),
            ("cps", Unit::Value(Quantity::CountRate, 1.0)),
            ("kcps", Unit::Value(Quantity::CountRate, 1e3)),
            ("counts/s", Unit::Value(Quantity::CountRate, 1.0)),
            ("counts per min", Unit::Value(Quantity::CountRate, 1.0 / 60.0)),
            ("cts / second", Unit::Value(Quantity::CountRate, 1.0)),
            ("µci", Unit::Value(Quantity::Activity, 3.7e4)),
            ("nci", Unit::Value(Quantity::Activity, 37.0)),
            ("hh:mm", Unit::Elapsed(3600.0)),
            ("mm:ss", Unit::Elapsed(60.0)),
            ("%id/organ", Unit::Value(Quantity::OfAdministered, 0.01)),
            ("mbq / organ", Unit::Value(Quantity::Activity, 1e6)),
            ("% id per gram", Unit::Value(Quantity::OfAdministeredPerGram, 0.01)),
            ("%id g-1", Unit::Value(Quantity::OfAdministeredPerGram, 0.01)),
            ("kbq ml-1", Unit::Value(Quantity::PerMl, 1e3)),
            ("kbq·ml⁻¹", Unit::Value(Quantity::PerMl, 1e3)),
            ("mbq kg^-1", Unit::Value(Quantity::PerGram, 1e3)),
            ("bq per ml", Unit::Value(Quantity::PerMl, 1.0)),
            ("bq/mm^3", Unit::Value(Quantity::PerMl, 1e3)),
            ("cgy/h", Unit::Value(Quantity::DoseRate, 1e-2 / 3600.0)),
            ("mgy h-1", Unit::Value(Quantity::DoseRate, 1e-3 / 3600.0)),
            ("hpi", Unit::Time(3600.0)),
            ("stunden", Unit::Time(3600.0)),
            ("mbq/gbq", Unit::Value(Quantity::OfAdministered, 1e-3)),
            ("mbq_per_gbq", Unit::Value(Quantity::OfAdministered, 1e-3)),
            ("kbq per mbq", Unit::Value(Quantity::OfAdministered, 1e-3)),
            ("bq/bq", Unit::Value(Quantity::OfAdministered, 1.0)),
            ("uci/mci", Unit::Value(Quantity::OfAdministered, 1e-3)),
            ("kbq/ml/gbq", Unit::Value(Quantity::OfAdministeredPerMl, 1e-6)),
            ("kbq/ml per mbq", Unit::Value(Quantity::OfAdministeredPerMl, 1e-3)),
            ("mbq/g/gbq", Unit::Value(Quantity::OfAdministeredPerGram, 1e-3)),
        ] {
            assert_eq!(unit_of(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "gy",
            "mbq/h",
            "liver",
            "suv",
            "bq/ml/g",
            "%ia/h",
            "counts/ml",
            "mgy/h/gbq",
            "cps/mbq",
            "%ia/gbq",
        ] {
            assert_eq!(unit_of(text), None, "{text}");
        }
    }
}
