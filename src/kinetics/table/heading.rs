//! What a column means, from its name as people write it: `time (h)`, `Time [h]`, `t_h`, `time/h`, `hours p.i.`, `A [MBq]`,
//! `liver ± (%)`, `decay-corrected activity (MBq)`.
//!
//! A name is words and a unit. The unit stands in brackets or behind a space, `_`, `/`, `,` or `in` at the end; the words before it say the
//! quantity, or whose values these are. A unit is never guessed.

use super::correction_words::{
    ANSWERS_NO, ANSWERS_YES, CORRECTED, DENIALS, INJECTION_TIMES, MAY_SAY_AT_INJECTION,
    MAY_SAY_CORRECTED, OTHER_TIMES, UNCORRECTED,
};
use super::units::{Quantity, Unit, unit_of};
use super::words::{
    AFTER_INJECTION, BESIDE, CLOCKS, CONCENTRATIONS, COUNTERS, COVERAGE_ONE, CURVES, DURATIONS,
    LOGARITHMS, MASSES, NO_ACTIVITIES, NUCLIDES, OTHER, PATIENTS, PER, RELATIVE, REMARKS, RETAINED,
    SIGNS, SPREADS, TIMES, VALUES, VOLUMES,
};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Heading {
    /// Names of curves.
    Curve,
    /// Times after injection; s per unit.
    Time(f64),
    /// Times after injection written with colons; s of the part before the first one.
    Elapsed(f64),
    /// Whether the values of the row are decay-corrected: what a yes means.
    Corrected(bool),
    /// Dates with times of day, or times of day beside a column of dates.
    Clock,
    /// Dates.
    Date,
    /// Values, of a curve if it is named here.
    Value {
        /// The curve.
        of: Option<String>,
        /// What they are.
        quantity: Quantity,
        /// SI per unit.
        scale: f64,
        /// Whether the name says that they are decay-corrected (true) or not (false).
        corrected: Option<bool>,
    },
    /// Standard uncertainties: in their own unit, or shares of the values.
    Spread {
        /// The curve.
        of: Option<String>,
        /// Quantity and SI per unit; none for %.
        unit: Option<(Quantity, f64)>,
    },
    /// Masses; g per unit.
    Mass(Option<String>, f64),
    /// Volumes; mL per unit.
    Volume(Option<String>, f64),
    /// Nuclides, which must be that of the run.
    Nuclide,
    /// Whose values: one for the whole table.
    Patient,
    /// Remarks and numbers of rows or scans, which are not read.
    Remark,
}

/// What the name of a column means.
///
/// # Errors
/// Why it is not understood.
pub fn heading(name: &str) -> Result<Heading, String> {
    let all = Name::new(name);
    let (all, corrected) = all.without_decay_correction()?;
    if let Some(yes) = corrected.filter(|_| all.only_asks()) {
        return Ok(Heading::Corrected(yes));
    }
    match all.without_injection() {
        Some(rest) => match understood(&rest, corrected) {
            Ok(time @ (Heading::Time(_) | Heading::Elapsed(_))) => Ok(time),
            _ => understood(&all, corrected),
        },
        None => understood(&all, corrected),
    }
}

/// Why U is no standard uncertainty.
const EXPANDED: &str = "U is the sign of an expanded uncertainty (GUM, 2.3.5), u that of a standard one: write u, or SD, and half the values where k is 2";

fn understood(all: &Name, corrected: Option<bool>) -> Result<Heading, String> {
    if all.own.first() == Some(&'U') && all.words().split(' ').next() == Some("u") {
        let alone = all.own.get(1).is_none_or(|c| " ([_".contains(*c));
        if alone {
            return Err(EXPANDED.into());
        }
    }
    let Some((name, unit)) = all.split_unit() else { return without_unit(&all.words()) };
    name.of_another_unit(all, unit)?;
    name.of_expanded_uncertainty()?;
    let words = name.words();
    match unit {
        Unit::Time(s) if TIMES.contains(&words.as_str()) => Ok(Heading::Time(s)),
        Unit::Elapsed(s) if TIMES.contains(&words.as_str()) => Ok(Heading::Elapsed(s)),
        Unit::Time(_) if DURATIONS.contains(&words.as_str()) => Err(
            "values are taken as those of the given times, be it the middle of a scan: its duration is not used here, and matters where it is \
             no short part of the half-life; call the column 'comment'"
                .into(),
        ),
        Unit::Time(_) | Unit::Elapsed(_) => {
            Err(format!("'{}' is no word for the time", name.text()))
        }
        Unit::Mass(g) => Ok(Heading::Mass(name.owner(&MASSES, "mass")?, g)),
        Unit::Volume(ml) => Ok(Heading::Volume(name.owner(&VOLUMES, "volume")?, ml)),
        Unit::Percent if ["ia", "id", "injected activity", "injected dose"].contains(&&*words) => {
            Ok(Heading::Value {
                of: None,
                quantity: Quantity::OfAdministered,
                scale: 0.01,
                corrected,
            })
        }
        Unit::Percent if RETAINED.contains(&&*words) => Ok(Heading::Value {
            of: None,
            quantity: Quantity::OfAdministered,
            scale: 0.01,
            corrected,
        }),
        Unit::Percent => match name.spread() {
            Some(rest) => Ok(Heading::Spread { of: rest.curve()?, unit: None }),
            None => Err(
                "% of what? The administered activity is %IA, an uncertainty in % is uncertainty_%"
                    .into(),
            ),
        },
        Unit::Value(quantity, scale) => match name.of_this_quantity(quantity)?.spread() {
            Some(rest) => Ok(Heading::Spread { of: rest.curve()?, unit: Some((quantity, scale)) }),
            None => Ok(Heading::Value { of: name.curve()?, quantity, scale, corrected }),
        },
    }
}

fn without_unit(words: &str) -> Result<Heading, String> {
    if CURVES.contains(&words) {
        return Ok(Heading::Curve);
    }
    if CLOCKS.contains(&words) {
        return Ok(Heading::Clock);
    }
    if words == "date" || words == "scan date" || words == "acquisition date" {
        return Ok(Heading::Date);
    }
    if REMARKS.contains(&words) || COUNTERS.contains(&words) {
        return Ok(Heading::Remark);
    }
    if NUCLIDES.contains(&words) {
        return Ok(Heading::Nuclide);
    }
    if PATIENTS.contains(&words) {
        return Ok(Heading::Patient);
    }
    let name = Name::new(words);
    if VALUES.contains(&words) || TIMES.contains(&words) || name.spread().is_some() {
        let own = words.trim();
        if own.split(' ').any(|w| RELATIVE.contains(&w)) {
            return Err(format!(
                "it has no unit, and a unit is not guessed: write '{own} (%)' and shares of the values in %, or '{own} (MBq)' if they are none"
            ));
        }
        let units = if TIMES.contains(&own) { ["h", "d"] } else { ["MBq", "%"] };
        return Err(format!(
            "it has no unit, and a unit is not guessed: write for example '{own} ({})' or '{own} ({})', as it is meant",
            units[0], units[1]
        ));
    }
    Err("neither its quantity nor its unit is known".into())
}

/// A name as written and folded to what is compared, character by character.
#[derive(Debug, Clone)]
struct Name {
    own: Vec<char>,
    folded: Vec<char>,
}

impl Name {
    fn new(text: &str) -> Name {
        let own: Vec<char> = text.trim().chars().collect();
        let folded = own
            .iter()
            .map(|c| match c {
                '−' | '–' | '—' => '-',
                c if c.is_whitespace() => ' ',
                c => c.to_lowercase().next().unwrap_or(*c),
            })
            .collect();
        Name { own, folded }
    }

    fn part(&self, from: usize, to: usize) -> Name {
        let (mut from, mut to) = (from, to);
        let edge = |c: char| " _,;-".contains(c);
        while from < to && edge(self.folded[from]) {
            from += 1;
        }
        // The minus of `+/-` and `+-` is no separator.
        let sign =
            |to: usize| to > 1 && self.folded[to - 1] == '-' && "/+".contains(self.folded[to - 2]);
        while to > from && edge(self.folded[to - 1]) && !sign(to) {
            to -= 1;
        }
        Name { own: self.own[from..to].to_vec(), folded: self.folded[from..to].to_vec() }
    }

    fn text(&self) -> String {
        self.own.iter().collect()
    }

    /// Folded words with one space between: `_`, `-`, `.` and brackets are spaces.
    fn words(&self) -> String {
        let spaced = self.spaced();
        let text: String =
            spaced.iter().map(|c| if "()[]".contains(*c) { ' ' } else { *c }).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn spaced(&self) -> Vec<char> {
        self.folded.iter().map(|c| if "_-.".contains(*c) { ' ' } else { *c }).collect()
    }

    /// Where `word` stands by itself, in characters; its spaces match any run of spaces.
    fn find(&self, word: &str) -> Option<(usize, usize)> {
        let text = self.spaced();
        let word: Vec<char> = word.chars().collect();
        (0..text.len()).find_map(|start| {
            if start > 0 && text[start - 1].is_alphanumeric() {
                return None;
            }
            let mut at = start;
            for &c in &word {
                if text.get(at) != Some(&c) {
                    return None;
                }
                at += 1;
                while c == ' ' && text.get(at) == Some(&' ') {
                    at += 1;
                }
            }
            (text.get(at).is_none_or(|c| !c.is_alphanumeric())).then_some((start, at))
        })
    }

    fn without(&self, from: usize, to: usize) -> Name {
        let cut = |v: &[char]| {
            let mut out = v[..from].to_vec();
            out.push(' ');
            out.extend(&v[to..]);
            out
        };
        let mut name = Name { own: cut(&self.own), folded: cut(&self.folded) };
        // Brackets with nothing but spaces and commas left in them go too.
        let mut open = 0;
        while open < name.folded.len() {
            let close =
                name.folded[open..].iter().position(|c| ")]".contains(*c)).map(|n| open + n);
            let inside = close.map(|close| &name.folded[open + 1..close.max(open + 1)]);
            match (name.folded[open], close, inside) {
                ('(' | '[', Some(close), Some(inside))
                    if inside.iter().all(|c| " ,;.".contains(*c)) =>
                {
                    name.own.drain(open..=close);
                    name.folded.drain(open..=close);
                }
                _ => open += 1,
            }
        }
        name.part(0, name.own.len())
    }

    /// The name without what it says on decay correction: to injection (true) or none (false).
    fn without_decay_correction(&self) -> Result<(Name, Option<bool>), String> {
        for word in UNCORRECTED {
            if let Some((from, to)) = self.find(word) {
                return Ok((self.without(from, to), Some(false)));
            }
        }
        for word in CORRECTED {
            let Some((from, mut to)) = self.find(word) else { continue };
            // `d.c.` ends with a point of its own.
            to += usize::from(self.folded.get(to) == Some(&'.'));
            if let Some(from) = self.denied_before(from) {
                return Ok((self.without(from, to), Some(false)));
            }
            let (answer, end) = self.after_correction(to)?;
            return Ok((self.without(from, end), Some(answer)));
        }
        Ok((self.clone(), None))
    }

    /// Where the denial before a word begins: `not ...`, `w/o ...`, `prior to ...`.
    fn denied_before(&self, from: usize) -> Option<usize> {
        let before: String = self.spaced()[..from].iter().collect();
        let plain = before.trim_end_matches(|c: char| " (,;:".contains(c) || c == '[');
        DENIALS.iter().find_map(|word| {
            let rest = plain.strip_suffix(word)?;
            let alone = rest.chars().last().is_none_or(|c| !c.is_alphanumeric());
            alone.then(|| rest.chars().count())
        })
    }

    /// What stands behind a word for decay correction: an answer (`: none`, `= no`, `off`) or the time that values were corrected to. Gives whether they
    /// are corrected, and where that ends.
    fn after_correction(&self, to: usize) -> Result<(bool, usize), String> {
        let text = self.spaced();
        let rest: String = text[to..].iter().collect();
        let skip = |t: &str| t.trim_start_matches(|c: char| " (,;:=[@".contains(c)).to_string();
        let answer = skip(&rest);
        let end_of =
            |tail: &str, word: &str| text.len() - tail.chars().count() + word.chars().count();
        let begins = |tail: &str, word: &str| {
            tail.strip_prefix(word).is_some_and(|after| {
                after.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '/')
            })
        };
        if let Some(word) = ANSWERS_NO.iter().find(|w| begins(&answer, w)) {
            return Ok((false, end_of(&answer, word)));
        }
        if let Some(word) = ANSWERS_YES.iter().find(|w| begins(&answer, w)) {
            return Ok((true, end_of(&answer, word)));
        }
        let lead = ["back to ", "to ", "at "].iter().find_map(|w| answer.strip_prefix(w));
        let stated = lead.is_some() || rest.trim_start().starts_with('@');
        let reference = skip(lead.unwrap_or(&answer));
        if let Some(word) = INJECTION_TIMES.iter().find(|k| begins(&reference, k)) {
            return Ok((true, end_of(&reference, word)));
        }
        let other =
            OTHER_TIMES.iter().any(|w| reference.split([' ', ')', ']', ',']).any(|r| r == *w));
        if stated || other {
            return Err(format!(
                "values decay-corrected to '{}' cannot be taken back: the time of injection is the one reference known",
                reference.trim_matches([' ', ')', ']'])
            ));
        }
        Ok((true, to))
    }

    /// Whether nothing is left but what a column of yes and no is called: `decay-corrected?`, `is decay-corrected (yes/no)`.
    fn only_asks(&self) -> bool {
        let words = self.words().replace(['?', '/', ','], " ");
        let mut words = words.split_whitespace();
        words.all(|w| {
            [
                "is", "are", "values", "value", "flag", "yes", "no", "y", "n", "true", "false",
                "1", "0", "or",
            ]
            .contains(&w)
        })
    }

    fn without_injection(&self) -> Option<Name> {
        let (from, to) = AFTER_INJECTION.iter().find_map(|w| self.find(w))?;
        // `p.i.` ends with a point of its own.
        let to = if self.folded.get(to) == Some(&'.') { to + 1 } else { to };
        Some(self.without(from, to))
    }

    /// The words before the unit and the unit, if the name ends with one.
    fn split_unit(&self) -> Option<(Name, Unit)> {
        let n = self.folded.len();
        let unit = |from: usize, to: usize| {
            unit_of(&self.part(from, to).folded.iter().collect::<String>())
        };
        if let Some(close) = self.folded.last().filter(|c| ")]".contains(**c)) {
            let open = if *close == ')' { '(' } else { '[' };
            let at = self.folded.iter().rposition(|c| *c == open)?;
            return unit(at + 1, n - 1).map(|u| (self.part(0, at), u));
        }
        (0..n).find_map(|from| {
            let separated = from == 0 || " _/,-".contains(self.folded[from - 1]);
            if !(separated || self.folded[from] == '%') || " _/,-".contains(self.folded[from]) {
                return None;
            }
            let found = unit(from, n)?;
            let mut to = from;
            while to > 0 && " _/,-".contains(self.folded[to - 1]) {
                to -= 1;
            }
            if self.folded[..to].ends_with(&[' ', 'i', 'n']) {
                to -= 3;
            }
            Some((self.part(0, to), found))
        })
    }

    /// Refuses a unit that is the lower part of another: `mGy/h/GBq` is none in GBq, nor is `cps/MBq` one in MBq.
    fn of_another_unit(&self, all: &Name, unit: Unit) -> Result<(), String> {
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
    fn of_expanded_uncertainty(&self) -> Result<(), String> {
        let n = self.own.len();
        let last = n > 1 && self.own[n - 1] == 'U' && " _-,(".contains(self.own[n - 2]);
        if last { Err(EXPANDED.into()) } else { Ok(()) }
    }

    /// Refuses words that say another quantity than the unit does.
    fn of_this_quantity(&self, quantity: Quantity) -> Result<&Name, String> {
        use Quantity::{Activity, CountRate, Counts, OfAdministered};
        let words = format!(" {} ", self.words());
        let ten = self.folded.iter().collect::<String>().replace(' ', "");
        let divided = ten.split('/').skip(1).any(|t| t.starts_with(|c: char| c.is_ascii_digit()));
        let power = |w: &str| {
            w.split_once('e').is_some_and(|(a, b)| {
                [a, b].iter().all(|t| !t.is_empty() && t.bytes().all(|c| c.is_ascii_digit()))
            })
        };
        if divided
            || ["10^", "x10", "×10"].iter().any(|t| ten.contains(t))
            || words.split(' ').any(power)
        {
            return Err("a factor of ten in a name is not read: write the unit that holds it, such as kBq or MBq".into());
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

    /// What is left without a word for the standard uncertainty; none if there is no such word.
    fn spread(&self) -> Option<Name> {
        let one = COVERAGE_ONE.iter().find_map(|w| self.find(w));
        let without = one.map(|(from, to)| self.without(from, to));
        if let Some(found) = without.and_then(|name| name.spread()) {
            return Some(found);
        }
        let n = self.folded.len();
        // u(A), SD(liver)
        if self.folded.last() == Some(&')')
            && let Some(open) = self.folded.iter().position(|c| *c == '(')
            && is_spread(&self.part(0, open).words())
        {
            return Some(self.part(open + 1, n - 1));
        }
        for sign in SIGNS {
            let sign: Vec<char> = sign.chars().collect();
            if self.folded.ends_with(&sign) {
                return Some(self.part(0, n - sign.len()));
            }
            if self.folded.starts_with(&sign) {
                return Some(self.part(sign.len(), n));
            }
        }
        for word in SPREADS {
            if let Some((from, to)) = self.find(word) {
                let at_end = self.folded[to..].iter().all(|c| " _,;-.".contains(*c));
                let at_start = self.part(0, from).folded.is_empty();
                if at_end {
                    let before = self.part(0, from);
                    // "1 SD" by itself: one standard deviation of the only values.
                    let one = before.folded == ['1'];
                    return Some(if one { before.part(0, 0) } else { before });
                }
                // "U-bladder" is no uncertainty of a bladder.
                if at_start && (word != "u" || self.folded.get(to) == Some(&'_')) {
                    let mut rest = self.part(to, n);
                    if rest.folded.starts_with(&['o', 'f', ' ']) {
                        rest = rest.part(3, rest.folded.len());
                    }
                    return Some(rest);
                }
            }
        }
        None
    }

    /// The curve whose values a column holds; none if the words only say that they are values.
    fn curve(&self) -> Result<Option<String>, String> {
        let words = self.words();
        if VALUES.contains(&words.as_str()) {
            return Ok(None);
        }
        let exact = words.split(' ').find(|w| OTHER.contains(w));
        let percent = || words.split(' ').find(|w| OTHER.contains(&w.trim_end_matches('%')));
        if let Some(odd) = exact.or_else(percent) {
            return Err(format!("'{odd}' in it is no name of a curve"));
        }
        self.may_say_corrected()?;
        let n = self.folded.len();
        for word in BESIDE {
            let Some((from, to)) = self.find(word) else { continue };
            let (before, after) = (self.part(0, from), self.part(to, n));
            if before.folded.is_empty() {
                let of = after.folded.starts_with(&['o', 'f', ' '])
                    || after.folded.starts_with(&['i', 'n', ' ']);
                let rest = if of { after.part(3, after.folded.len()) } else { after };
                return Ok(Some(rest.text()));
            }
            if after.folded.is_empty() {
                return Ok(Some(before.text()));
            }
        }
        Ok(Some(self.text()))
    }

    /// Refuses words that may say in a way that is not understood that values are corrected for decay.
    fn may_say_corrected(&self) -> Result<(), String> {
        let words = self.words();
        let of_decay = |w: &&str| MAY_SAY_CORRECTED.iter().any(|start| w.starts_with(start));
        let spaced = format!(" {} ", words.replace('@', " at "));
        let phrase = MAY_SAY_AT_INJECTION.iter().find(|p| spaced.contains(&format!(" {p} ")));
        match phrase.copied().or_else(|| words.split(' ').find(of_decay)) {
            None => Ok(()),
            Some(odd) => Err(format!(
                "'{odd}' in it may say that values are corrected for decay: write 'decay-corrected', 'not decay-corrected', or leave it out"
            )),
        }
    }

    /// The curve whose mass or volume a column holds.
    fn owner(&self, names: &[&str], what: &str) -> Result<Option<String>, String> {
        let words = self.words();
        if names.contains(&words.as_str()) {
            return Ok(None);
        }
        let n = self.folded.len();
        for word in &names[..2] {
            let Some((from, to)) = self.find(word) else { continue };
            let (before, after) = (self.part(0, from), self.part(to, n));
            if after.folded.is_empty() {
                return Ok(Some(before.text()));
            }
            if before.folded.is_empty() {
                let of = after.folded.starts_with(&['o', 'f', ' ']);
                let rest = if of { after.part(3, after.folded.len()) } else { after };
                return Ok(Some(rest.text()));
            }
        }
        Err(format!("its unit is one of {what}, and '{}' is no {what}", self.text()))
    }
}

/// What the name of a curve in a cell says on decay correction, as that of a column would.
///
/// # Errors
/// If it may say so in a way that is not understood.
pub fn correction_in_name(name: &str) -> Result<Option<bool>, String> {
    let (rest, corrected) = Name::new(name).without_decay_correction()?;
    match corrected {
        None => rest.may_say_corrected().map(|()| None),
        said => Ok(said),
    }
}

fn is_spread(words: &str) -> bool {
    SPREADS.contains(&words) || SIGNS.contains(&words)
}

#[cfg(test)]
#[path = "heading_tests.rs"]
mod tests;
