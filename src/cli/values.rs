//! Values with units on the command line: `1e8`, `30d`, `10keV`, `1%`, `3/8`, `2x2x3`.

use crate::job::{GridChoice, Score, Shard};
use crate::time::{Moment, TimeOrSpan};
use crate::transport::engine::EngineChoice;
use crate::units::{EV_PER_MEV, KEV_PER_MEV, seconds_of};

/// What clap prints after the option's name.
type Parsed<T> = Result<T, String>;

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

/// A whole number from 1, such as 250000 or 1e8.
pub fn parse_count(text: &str) -> Parsed<u64> {
    match number(text) {
        Some(x) if (1.0..=1e15).contains(&x) && x.fract() == 0.0 => Ok(x as u64),
        _ => Err("must be a whole number from 1 to 1e15, such as 1e8".into()),
    }
}

/// A time in s, from `30d`, `12h`, `90min`, `3600s`.
pub fn parse_time(text: &str) -> Parsed<f64> {
    seconds_of(text).filter(|t| *t > 0.0).ok_or_else(|| {
        "must be a positive time with its unit s, min, h, d or y, such as 30d, 12h or 3600s".into()
    })
}

/// A date and time, from `2026-11-22T09:30:00+01:00`.
pub fn parse_moment(text: &str) -> Parsed<Moment> {
    Moment::parse(text).map_err(|e| e.why)
}

/// A date and time, or a length of time with its unit.
pub fn parse_time_or_span(text: &str) -> Parsed<TimeOrSpan> {
    text.parse().map_err(|e: crate::error::Error| format!("{}; {}", e.why, e.suggestion))
}

/// The nuclide data of an option.
pub fn parse_nuclide_data(
    text: &str,
) -> std::result::Result<crate::physics::NuclideData, crate::Error> {
    crate::physics::NuclideData::from_name(text)
}

/// A part of one, from `0.01` or `1%`.
pub fn parse_fraction(text: &str) -> Parsed<f64> {
    let value = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent).map(|p| p / 100.0),
        None => number(text),
    };
    value
        .filter(|f| (0.0..=1.0).contains(f))
        .ok_or_else(|| "must lie within 0 and 1, or 0% and 100%".into())
}

/// An energy in MeV, from `10keV`, `0.01MeV`, `500eV`.
pub fn parse_energy(text: &str) -> Parsed<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let units = [("mev", 1.0), ("kev", KEV_PER_MEV), ("ev", EV_PER_MEV)];
    let value = units.iter().find_map(|(unit, per)| Some(number(lower.strip_suffix(unit)?)? / per));
    value
        .filter(|e| *e >= 0.0)
        .ok_or_else(|| "must be an energy with its unit eV, keV or MeV, such as 10keV".into())
}

/// An energy (MeV) as [`parse_energy`] reads it, in the unit that makes it a short number.
pub fn shown_energy(mev: f64) -> String {
    // Nine digits: 2e-4 MeV is 200 eV, not 200.00000000000003.
    let rounded = |x: f64| (x * 1e6).round() / 1e6;
    match mev {
        e if e < 1.0 / KEV_PER_MEV => format!("{}eV", rounded(e * EV_PER_MEV)),
        e if e < 1.0 => format!("{}keV", rounded(e * KEV_PER_MEV)),
        e => format!("{}MeV", rounded(e)),
    }
}

/// Bytes, from `16GiB`, `500MiB`.
pub fn parse_memory(text: &str) -> Parsed<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let units = [("gib", 1u64 << 30), ("mib", 1 << 20), ("gb", 1_000_000_000), ("mb", 1_000_000)];
    let value = units
        .iter()
        .find_map(|(unit, scale)| Some(number(lower.strip_suffix(unit)?)? * *scale as f64));
    value
        .filter(|b| *b > 0.0)
        .map(|b| b as u64)
        .ok_or_else(|| "must be a positive size with its unit GiB or MiB, such as 16GiB".into())
}

/// Most threads of a run: more than the processors of any machine that voxgray was seen on, and few enough to start everywhere.
const MOST_THREADS: usize = 1024;

/// A number of threads; 0 is left to the command to refuse.
pub fn parse_threads(text: &str) -> Parsed<usize> {
    let number = text.trim().parse().ok().filter(|n: &usize| *n <= MOST_THREADS);
    number.ok_or_else(|| {
        let here = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "must be a whole number from 1 to {MOST_THREADS}; this machine has {here} processors"
        )
    })
}

/// `i/n`, from 1.
pub fn parse_shard(text: &str) -> Parsed<Shard> {
    let parts = text
        .split_once('/')
        .and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    match parts {
        Some((number, of)) if number >= 1 && number <= of => Ok(Shard { number, of }),
        _ => Err("must be i/n with i from 1 to n, such as 2/3".into()),
    }
}

/// `auto`, `cpu`, `gpu`, `gpu:0`, `gpu:0,1`.
pub fn parse_engine(text: &str) -> Parsed<EngineChoice> {
    text.trim().to_ascii_lowercase().parse().map_err(|e: crate::error::Error| e.why)
}

/// `voxels`, `layers`, `layers:z`, `shells`, `shells:0.05mm`.
pub fn parse_score(text: &str) -> Parsed<Score> {
    text.parse()
}

/// `activity`, `ct`, or one or three lengths in mm.
pub fn parse_grid(text: &str) -> Parsed<GridChoice> {
    match text.trim().to_ascii_lowercase().as_str() {
        "activity" => return Ok(GridChoice::Activity),
        "ct" => return Ok(GridChoice::Ct),
        _ => {}
    }
    let lengths: Option<Vec<f64>> =
        text.split(['x', ',']).map(|t| number(t).filter(|s| (0.05..=100.0).contains(s))).collect();
    match lengths.as_deref() {
        Some(&[s]) => Ok(GridChoice::Spacing([s; 3])),
        Some(&[x, y, z]) => Ok(GridChoice::Spacing([x, y, z])),
        _ => Err("must be activity, ct, or one or three spacings from 0.05 to 100 mm, such as 3 or 2x2x3".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        assert_eq!(parse_count("1e8"), Ok(100_000_000));
        assert_eq!(parse_time("30d"), Ok(2_592_000.0));
        assert_eq!(parse_time("90min"), Ok(5400.0));
        assert_eq!(parse_time("12 h"), Ok(43_200.0));
        assert_eq!(parse_fraction("1%"), Ok(0.01));
        assert_eq!(parse_fraction("0.3"), Ok(0.3));
        assert_eq!(parse_energy("10 keV"), Ok(0.01));
        assert_eq!(parse_energy("500eV"), Ok(0.0005));
        for text in ["200eV", "1keV", "100keV", "1.5MeV"] {
            assert_eq!(parse_energy(text).map(shown_energy).as_deref(), Ok(text));
        }
        assert_eq!(parse_memory("16GiB"), Ok(16 << 30));
        assert_eq!(parse_shard("2/3"), Ok(Shard { number: 2, of: 3 }));
        assert_eq!(parse_grid("2x2x3"), Ok(GridChoice::Spacing([2.0, 2.0, 3.0])));
        assert_eq!(parse_grid("CT"), Ok(GridChoice::Ct));
    }

    #[test]
    fn refuses_nonsense() {
        assert!(["0", "-1", "1.5", "1e16", "nan", "x"].iter().all(|t| parse_count(t).is_err()));
        assert!(["30", "0s", "-1d", "d", "infs"].iter().all(|t| parse_time(t).is_err()));
        assert!(["2", "101%", "-1%", "%"].iter().all(|t| parse_fraction(t).is_err()));
        assert!(["10", "keV", "-1keV", "1e9"].iter().all(|t| parse_energy(t).is_err()));
        assert!(["16", "0GiB", "-1MiB"].iter().all(|t| parse_memory(t).is_err()));
        assert_eq!((parse_threads("16"), parse_threads("1024")), (Ok(16), Ok(1024)));
        assert!(["100000", "-1", "1.5", "1e3", "1025"].iter().all(|t| parse_threads(t).is_err()));
        assert!(["0/3", "4/3", "1", "1/0", "a/b"].iter().all(|t| parse_shard(t).is_err()));
        assert!(["pet", "0", "1x2", "-3", "1e9"].iter().all(|t| parse_grid(t).is_err()));
    }
}
