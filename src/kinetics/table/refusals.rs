//! Names of columns that say two things: a unit below another, a quantity that the unit is not of.

use super::name::Name;
use super::units::{Quantity, Unit};
use super::words::{CONCENTRATIONS, LOGARITHMS, NO_ACTIVITIES, PER, VALUES};

/// Why U is no standard uncertainty.
pub(super) const EXPANDED: &str = "U is the sign of an expanded uncertainty (GUM, 2.3.5), u that of a standard one: write u, or SD, and half the values where k is 2";

impl Name {
    /// Refuses a unit that is the lower part of another: `mGy/h/GBq` is none in GBq, nor is `cps/MBq` one in MBq.
    pub(super) fn of_another_unit(&self, all: &Name, unit: Unit) -> Result<(), String> {
        let gap = all.folded[self.folded.len().min(all.folded.len())..].iter();
        let stroke = gap.clone().take_while(|c| " _/,-".contains(**c)).any(|c| *c == '/');
        let lower = self.words().split(' ').next_back().is_some_and(|w| PER.contains(&w));
        let before = self.split_unit().map(|(_, unit)| unit);
        // Of "95% CI" the last is an interval, no Curie.
        let interval = self.words().split(' ').next_back() == Some("ci");
        let two = !interval
            && matches!(unit, Unit::Value(..))
            && matches!(before, Some(Unit::Value(q, _)) if q != Quantity::Counts);
        match lower || two || (stroke && before.is_some()) {
            true => Err(format!(
                "'{}' has a unit that is not known: per what? Activity per administered activity is MBq/GBq, or %IA",
                all.text()
            )),
            false => Ok(()),
        }
    }

    /// Refuses `liver U`: the sign of an expanded uncertainty behind a name.
    pub(super) fn of_expanded_uncertainty(&self) -> Result<(), String> {
        let n = self.own.len();
        let last = n > 1 && self.own[n - 1] == 'U' && " _-,(".contains(self.folded[n - 2]);
        if last { Err(EXPANDED.into()) } else { Ok(()) }
    }

    /// Whether a factor stands in it: `x 1e3`, `*10`, `10^3`, `/1000`, `in thousands`.
    pub(super) fn has_factor(&self) -> bool {
        let close: String = self.folded.iter().filter(|c| !c.is_whitespace()).collect();
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let beside = |mark: char| {
            let parts: Vec<&str> = close.split(mark).collect();
            parts.windows(2).any(|p| digit(p[0].chars().last()) || digit(p[1].chars().next()))
        };
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|c| c.is_ascii_digit());
        let scientific = |t: &str| t.split_once('e').is_some_and(|(a, b)| digits(a) && digits(b));
        // Of ten: "lesion x2" and "L4/5" are names.
        let of_ten = |t: &str| {
            let zeros = t.strip_prefix("10").is_some_and(|rest| rest.bytes().all(|c| c == b'0'));
            zeros || scientific(t) || t == "ten"
        };
        let lead = |t: &str| t.chars().take_while(char::is_ascii_digit).collect::<String>();
        let divided = close.split('/').skip(1).any(|t| of_ten(&lead(t)));
        if divided
            || close.contains("10^")
            || ['¹', '²', '³', '⁴', '⁵', '⁶', '⁻'].iter().any(|c| close.contains(&format!("10{c}")))
            || ['*', '×', '·'].into_iter().any(beside)
        {
            return true;
        }
        let words = self.words();
        let list: Vec<&str> = words.split(' ').collect();
        let times = |w: &str| {
            w.strip_prefix('x').is_some_and(of_ten) || w.strip_suffix('x').is_some_and(of_ten)
        };
        // "activity E3", but "lesion E3" is a name.
        let of_values = list.iter().any(|w| !w.is_empty() && VALUES.contains(w));
        let alone = |w: &str| of_values && w.strip_prefix('e').is_some_and(digits);
        let stems = ["thousand", "tausend", "million", "scale", "scaling"];
        let thousands = |w: &str| stems.iter().any(|stem| w.starts_with(stem));
        let before = ["in", "x", "by", "times", "mult", "mal", "fois", "per", "factor"];
        list.iter().any(|w| times(w) || scientific(w) || alone(w) || thousands(w))
            || list.windows(2).any(|p| before.contains(&p[0]) && of_ten(p[1]))
    }

    /// Refuses words that say another quantity than the unit does.
    pub(super) fn of_this_quantity(&self, quantity: Quantity) -> Result<&Name, String> {
        use Quantity::{Activity, CountRate, Counts, OfAdministered};
        let words = format!(" {} ", self.words());
        if self.has_factor() {
            return Err(
                "a factor of ten, or another, in a name is not read: write the unit that holds it, such as kBq or MBq"
                    .into(),
            );
        }
        if quantity == Quantity::DoseRate && words.contains(" activity ") {
            return Err(
                "'activity' in it is no dose rate, and its unit says one: correct either".into()
            );
        }
        if let Some(odd) = LOGARITHMS.iter().find(|w| words.contains(&format!(" {w} "))) {
            return Err(format!("'{odd}' in it says logarithms: give the values themselves"));
        }
        let another = |w: &&&str| quantity == Activity && words.contains(&format!(" {w} "));
        if let Some(odd) = NO_ACTIVITIES.iter().find(another) {
            return Err(format!(
                "'{odd}' in it is no activity at a time, and its unit says one: correct either"
            ));
        }
        let whole = matches!(quantity, Activity | CountRate | Counts | OfAdministered);
        match CONCENTRATIONS.iter().find(|w| whole && words.contains(&format!(" {w} "))) {
            Some(odd) => Err(format!(
                "'{odd}' in it says a concentration, and its unit a total: write the unit as it is, such as kBq/mL, or leave the word out"
            )),
            None => Ok(self),
        }
    }
}
