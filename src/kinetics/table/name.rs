//! The name of a column as characters: its words, what stands in it, its unit.

use super::units::{Unit, unit_of};
use super::words::{AFTER_INJECTION, HOURS_IN_GERMAN};
use crate::units::SECONDS_PER_HOUR;

/// Letters of a unit that is joined to the word before it, at least: `activityMBq`, but not `timeH`.
const SHORTEST_JOINED: usize = 3;

/// A name as written and folded to what is compared, character by character.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) own: Vec<char>,
    pub(super) folded: Vec<char>,
    /// Whether it is stated elsewhere that values are corrected for decay or not.
    pub(super) stated: bool,
}

impl Name {
    pub(super) fn new(text: &str) -> Name {
        let own: Vec<char> = text.trim().chars().collect();
        let folded = own
            .iter()
            .map(|c| match c {
                '−' | '–' | '—' => '-',
                c if c.is_whitespace() => ' ',
                c => c.to_lowercase().next().unwrap_or(*c),
            })
            .collect();
        Name { own, folded, stated: false }
    }

    pub(super) fn part(&self, from: usize, to: usize) -> Name {
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
        let (own, folded) = (self.own[from..to].to_vec(), self.folded[from..to].to_vec());
        Name { own, folded, stated: self.stated }
    }

    pub(super) fn text(&self) -> String {
        self.own.iter().collect()
    }

    /// Folded words with one space between: `_`, `-`, `.` and brackets are spaces.
    pub(super) fn words(&self) -> String {
        let spaced = self.spaced();
        let text: String =
            spaced.iter().map(|c| if "()[]".contains(*c) { ' ' } else { *c }).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn spaced(&self) -> Vec<char> {
        self.folded.iter().map(|c| if "_-.".contains(*c) { ' ' } else { *c }).collect()
    }

    /// Where `word` stands by itself, in characters; its spaces match any run of spaces.
    pub(super) fn find(&self, word: &str) -> Option<(usize, usize)> {
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

    pub(super) fn without(&self, from: usize, to: usize) -> Name {
        let cut = |v: &[char]| {
            let mut out = v[..from].to_vec();
            out.push(' ');
            out.extend(&v[to..]);
            out
        };
        let mut name = Name { own: cut(&self.own), folded: cut(&self.folded), stated: self.stated };
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

    pub(super) fn without_injection(&self) -> Option<Name> {
        let (from, to) = AFTER_INJECTION.iter().find_map(|w| self.find(w))?;
        // `p.i.` ends with a point of its own.
        let to = if self.folded.get(to) == Some(&'.') { to + 1 } else { to };
        Some(self.without(from, to))
    }

    /// The words before the unit and the unit, if the name ends with one: in brackets, behind a space or a mark, or joined by a capital letter
    /// (`activityMBq`).
    pub(super) fn split_unit(&self) -> Option<(Name, Unit)> {
        let mut n = self.folded.len();
        // R writes `activity..MBq.` for `activity (MBq)`.
        while n > 0 && self.folded[n - 1] == '.' {
            n -= 1;
        }
        let unit = |from: usize, to: usize| {
            unit_of(&self.part(from, to).folded.iter().collect::<String>())
        };
        let double = (1..n).rev().find(|i| self.folded[i - 1..=*i] == ['.', '.']);
        if let Some(at) = double {
            let text: String = self.folded[at + 1..n].iter().collect();
            if let Some(unit) = unit_of(&text.replace('.', "/")) {
                return Some((self.part(0, at - 1), unit));
            }
        }
        if let Some(close) = self.folded[..n].last().filter(|c| ")]".contains(**c)) {
            let open = if *close == ')' { '(' } else { '[' };
            let at = self.folded.iter().rposition(|c| *c == open)?;
            let words = self.part(0, at);
            let german = HOURS_IN_GERMAN.contains(&words.words().as_str());
            let inside = self.part(at + 1, n - 1).words();
            let hours = (german && inside == "std").then_some(Unit::Time(SECONDS_PER_HOUR));
            return hours.or_else(|| unit(at + 1, n - 1)).map(|u| (words, u));
        }
        let mark = |c: char| " _/,-.".contains(c);
        let alone =
            |from: usize| from == 0 || mark(self.folded[from - 1]) || self.folded[from] == '%';
        let starts = (0..n).filter(|from| !mark(self.folded[*from]));
        let behind = starts.clone().filter(|from| alone(*from)).find_map(|from| {
            let found = unit(from, n)?;
            let mut to = from;
            while to > 0 && mark(self.folded[to - 1]) {
                to -= 1;
            }
            if self.folded[..to].ends_with(&[' ', 'i', 'n']) {
                to -= 3;
            }
            Some((self.part(0, to), found))
        });
        let joined = |from: usize| {
            from > 0
                && n - from >= SHORTEST_JOINED
                && self.own[from - 1].is_lowercase()
                && (self.own[from].is_uppercase() || self.own[from..n].starts_with(&['k', 'B']))
        };
        behind.or_else(|| {
            starts
                .filter(|from| joined(*from))
                .find_map(|from| Some((self.part(0, from), unit(from, n)?)))
        })
    }
}
