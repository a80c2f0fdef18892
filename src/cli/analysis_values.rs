//! Values of the commands that analyse doses: `20Gy`, `95%`, `2mL`, `kidney=2.6Gy`, `lkb:n=0.7,m=0.1,td50=28`.

use crate::analysis::{Formula, Metric, Repair};
use crate::error::Error;
use crate::units::seconds_of;

/// What clap prints after the option's name.
type Parsed<T> = Result<T, String>;

/// For one VOI, by name, or for all.
pub(super) type OfVoi<T> = (Option<String>, T);

/// A plain number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

/// `[VOI=]VALUE`.
fn of_voi<T>(text: &str, parse: impl Fn(&str) -> Option<T>, what: &str) -> Parsed<OfVoi<T>> {
    let (name, value) = match text.rsplit_once('=') {
        Some((name, value)) => (Some(name.trim().to_string()), value),
        None => (None, text),
    };
    parse(value).map(|v| (name, v)).ok_or_else(|| what.to_string())
}

/// The value of a VOI: its own, or that for all.
pub(super) fn value_of<'a, T>(all: &'a [OfVoi<T>], name: &str) -> Option<&'a T> {
    let own = all.iter().rev().find(|v| v.0.as_deref() == Some(name));
    own.or_else(|| all.iter().rev().find(|v| v.0.is_none())).map(|v| &v.1)
}

/// A number with a unit that may be left out.
fn with(text: &str, unit: &str) -> Option<f64> {
    number(text.trim().strip_suffix(unit).unwrap_or(text))
}

/// Gy, positive.
pub(super) fn parse_gy(text: &str) -> Parsed<f64> {
    with(text, "Gy")
        .filter(|d| *d > 0.0)
        .ok_or_else(|| "must be a positive dose in Gy, such as 23Gy".into())
}

/// Gy, 0 or more.
pub(super) fn parse_given_gy(text: &str) -> Parsed<f64> {
    with(text, "Gy")
        .filter(|d| *d >= 0.0)
        .ok_or_else(|| "must be a dose in Gy of 0 or more, such as 5.2Gy".into())
}

/// alpha/beta, Gy, of a VOI or of all.
pub(super) fn parse_alpha_beta(text: &str) -> Parsed<OfVoi<f64>> {
    of_voi(
        text,
        |t| with(t, "Gy").filter(|d| *d > 0.0),
        "must be a positive dose, such as 2.6Gy or kidneys=2.6Gy",
    )
}

/// alpha, 1/Gy, of a VOI or of all.
pub(super) fn parse_alpha(text: &str) -> Parsed<OfVoi<f64>> {
    of_voi(
        text,
        |t| with(t, "/Gy").filter(|a| *a > 0.0),
        "must be a positive number per Gy, such as 0.35/Gy or tumour=0.35/Gy",
    )
}

/// A half-life, s, of a VOI or of all.
pub(super) fn parse_half_life(text: &str) -> Parsed<OfVoi<f64>> {
    let time = |t: &str| seconds_of(t).filter(|s| *s > 0.0);
    of_voi(text, time, "must be a positive time with its unit, such as 50h or kidneys=50h")
}

/// Repair of a VOI or of all: one half-time, or two and their ratio.
pub(super) fn parse_repair(text: &str) -> Parsed<OfVoi<Repair>> {
    let what = "must be a half-time of repair, such as 2.8h or kidneys=2.8h, or two of them and how much slow repair there is to fast, such as 0.19h,2.16h,0.98";
    let repair = |t: &str| -> Option<Repair> {
        let parts: Vec<&str> = t.split(',').collect();
        match parts[..] {
            [one] => Repair::mono(seconds_of(one)?).ok(),
            [fast, slow, c] => Repair::bi(seconds_of(fast)?, seconds_of(slow)?, number(c)?).ok(),
            _ => None,
        }
    };
    of_voi(text, repair, what)
}

/// `95%`, or `2mL` (also `2cc`, `2cm3`; `2g` of a DVH by mass).
pub(super) fn parse_d(text: &str) -> Parsed<Metric> {
    let t = text.trim();
    if let Some(percent) = t.strip_suffix('%') {
        let share = number(percent).map(|p| p / 100.0).filter(|s| *s > 0.0 && *s <= 1.0);
        return share
            .map(Metric::DoseToShare)
            .ok_or_else(|| "must lie above 0% and up to 100%".into());
    }
    let amount = ["mL", "ml", "cm3", "cc", "g"].iter().find_map(|u| number(t.strip_suffix(u)?));
    let amount = amount.filter(|a| *a > 0.0);
    amount
        .map(Metric::DoseToAmount)
        .ok_or_else(|| "must be a share or a volume, such as 95% or 2mL".into())
}

/// A value with the unit that it is stated in.
pub(super) fn parse_v(text: &str) -> Parsed<(f64, String)> {
    let t = text.trim();
    let at = t.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E').unwrap_or(t.len());
    let unit = t[at..].trim();
    match number(&t[..at]) {
        Some(x) if !unit.is_empty() => Ok((x, unit.to_string())),
        _ => Err("must be a value with the unit of the map, such as 20Gy".into()),
    }
}

/// An exponent of gEUD.
pub(super) fn parse_geud(text: &str) -> Parsed<Metric> {
    formula(number(text).map(Formula::Geud), "must be a number other than 0, such as -10 or 8")
}

/// alpha of an EUD, 1/Gy.
pub(super) fn parse_eud(text: &str) -> Parsed<Metric> {
    formula(
        with(text, "/Gy").map(Formula::Eud),
        "must be a positive number per Gy, such as 0.35/Gy",
    )
}

/// `lkb:n=0.7,m=0.1,td50=28`, `logistic:a=1,d50=292,gamma50=0.8`, `poisson:clonogens=1e7,alpha=0.35`.
pub(super) fn parse_response(text: &str) -> Parsed<Metric> {
    let what = "must be lkb:n=N,m=M,td50=GY, logistic:a=A,d50=GY,gamma50=G or poisson:clonogens=N,alpha=PER_GY, with all parameters";
    let found = || -> Option<Formula> {
        let (name, rest) = text.split_once(':')?;
        let pairs: Vec<(&str, f64)> = rest
            .split(',')
            .map(|p| p.split_once('=').and_then(|(k, v)| Some((k.trim(), with(v, "Gy")?))))
            .collect::<Option<_>>()?;
        let names: &[&str] = match name.trim() {
            "lkb" => &["n", "m", "td50"],
            "logistic" => &["a", "d50", "gamma50"],
            "poisson" => &["clonogens", "alpha"],
            _ => return None,
        };
        let of = |name: &str| pairs.iter().find(|p| p.0 == name).map(|p| p.1);
        if pairs.len() != names.len() {
            return None;
        }
        Some(match names {
            ["n", ..] => Formula::Lkb { n: of("n")?, m: of("m")?, td50_gy: of("td50")? },
            ["a", ..] => {
                Formula::LogisticTcp { a: of("a")?, d50_gy: of("d50")?, gamma50: of("gamma50")? }
            }
            _ => Formula::PoissonTcp { clonogens: of("clonogens")?, alpha_per_gy: of("alpha")? },
        })
    };
    formula(found(), what)
}

fn formula(found: Option<Formula>, what: &str) -> Parsed<Metric> {
    let checked = found.ok_or_else(|| what.to_string())?.checked();
    checked.map(Metric::Formula).map_err(|e: Error| format!("{}: {}", e.problem, e.why))
}

/// `electron=1,photon=1,alpha=5`.
pub(super) fn parse_rbe(text: &str) -> Parsed<Vec<(String, f64)>> {
    let one = |p: &str| {
        let (name, value) = p.split_once('=')?;
        let known = crate::pipeline::finished::PARTS.contains(&name.trim());
        number(value).filter(|w| known && *w >= 0.0).map(|w| (name.trim().to_string(), w))
    };
    text.split(',').map(one).collect::<Option<Vec<_>>>().ok_or_else(|| {
        "must be a factor for each emission, such as electron=1,photon=1,alpha=5".into()
    })
}

/// `FILE=FACTOR`.
pub(super) fn parse_plus(text: &str) -> Parsed<(std::path::PathBuf, f64)> {
    let parts = text.rsplit_once('=').and_then(|(f, w)| Some((f.into(), number(w)?)));
    parts
        .filter(|p: &(std::path::PathBuf, f64)| p.1 >= 0.0 && !p.0.as_os_str().is_empty())
        .ok_or_else(|| "must be a map and its factor, such as alpha.nii.gz=5".into())
}

/// A number in the digits that are worth showing.
pub(super) fn shown(x: f64) -> String {
    if !x.is_finite() {
        return String::new();
    }
    if x.fract() == 0.0 && x.abs() < 1e6 {
        return format!("{x}");
    }
    if x != 0.0 && !(1e-3..1e6).contains(&x.abs()) {
        return format!("{x:.5e}");
    }
    let whole = if x.abs() >= 1.0 { x.abs().log10().floor() as usize + 1 } else { 0 };
    format!("{x:.*}", 7_usize.saturating_sub(whole).min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_units_and_vois() {
        assert_eq!((parse_gy("23Gy"), parse_gy(" 23 ")), (Ok(23.0), Ok(23.0)));
        assert!(["0Gy", "-1", "23mGy", "x"].iter().all(|t| parse_gy(t).is_err()));
        assert_eq!(parse_alpha_beta("kidney, left=2.6Gy"), Ok((Some("kidney, left".into()), 2.6)));
        assert!(parse_alpha_beta("0").is_err() && parse_alpha_beta("kidney=-2").is_err());
        assert_eq!(parse_half_life("50h"), Ok((None, 180_000.0)));
        assert!(parse_repair("a=0.19h,2.16h,0.98").is_ok() && parse_repair("2.8h").is_ok());
        assert!(
            parse_repair("2.8").is_err()
                && parse_repair("0h").is_err()
                && parse_repair("1h,2h").is_err()
        );
        let all = [(None, 1), (Some("a".to_string()), 2)];
        assert_eq!((value_of(&all, "a"), value_of(&all, "b")), (Some(&2), Some(&1)));
    }

    #[test]
    fn metrics() {
        assert_eq!(parse_d("95%"), Ok(Metric::DoseToShare(0.95)));
        assert_eq!(
            (parse_d("2cc"), parse_d("2 mL")),
            (Ok(Metric::DoseToAmount(2.0)), Ok(Metric::DoseToAmount(2.0)))
        );
        assert!(["0%", "101%", "2", "-1mL"].iter().all(|t| parse_d(t).is_err()));
        assert_eq!(parse_v("2e1 Gy/s"), Ok((20.0, "Gy/s".into())));
        assert!(parse_v("20").is_err());
        assert!(parse_geud("0").is_err() && parse_geud("-10").is_ok() && parse_eud("-1").is_err());
        assert!(parse_response("lkb:n=0.7,m=0.1,td50=28Gy").is_ok());
        for bad in ["lkb:n=0.7,m=0.1", "lkb:n=0.7,m=0.1,td50=-2", "poisson:alpha=1", "probit:a=1"] {
            assert!(parse_response(bad).is_err(), "{bad}");
        }
        assert!(parse_rbe("electron=1,alpha=5").is_ok() && parse_rbe("proton=1").is_err());
        assert_eq!(
            [shown(67.409_285_7), shown(0.0530303), shown(3814.65), shown(2e-7)],
            ["67.40929", "0.053030", "3814.650", "2.00000e-7"]
        );
    }
}
