//! Whose values, uncertainties, masses or volumes a column holds.

use super::name::Name;
use super::words::{BESIDE, COVERAGE_ONE, OTHER, SIGNS, SPREADS, UNCLEAR_SPREADS, VALUES};

impl Name {
    /// What is left without a word for the standard uncertainty; none if there is no such word.
    pub(super) fn spread(&self) -> Option<Name> {
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

    /// Whether its last word is a short one for an uncertainty in some tongue, which may as well be a name.
    pub(super) fn may_be_a_spread(&self) -> bool {
        let text = self.text().replace(['_', '-', '(', ')'], " ");
        let last = text.split_whitespace().next_back().unwrap_or_default();
        let plain = last.replace('.', "");
        let last =
            if plain.len() < last.len() && plain.len() < 4 { plain.to_uppercase() } else { plain };
        UNCLEAR_SPREADS.contains(&last.as_str())
    }

    /// The curve whose values a column holds; none if the words only say that they are values.
    pub(super) fn curve(&self) -> Result<Option<String>, String> {
        let bare = self.without_other_corrections();
        let words = bare.words();
        if VALUES.contains(&words.as_str()) {
            return Ok(None);
        }
        let exact = words.split(' ').find(|w| OTHER.contains(w));
        let percent = || words.split(' ').find(|w| OTHER.contains(&w.trim_end_matches('%')));
        if let Some(odd) = exact.or_else(percent) {
            return Err(format!("'{odd}' in it is no name of a curve"));
        }
        bare.may_say_corrected()?;
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

    /// The curve whose mass or volume a column holds.
    pub(super) fn owner(&self, names: &[&str], what: &str) -> Result<Option<String>, String> {
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

fn is_spread(words: &str) -> bool {
    SPREADS.contains(&words) || SIGNS.contains(&words)
}
