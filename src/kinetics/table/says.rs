//! What the name of a column or a curve says on decay correction.

use super::correction_words::{
    AFTER, ANSWERS_NO, ANSWERS_YES, CORRECTED, DENIALS, INJECTION_TIMES, MAY_SAY_AT_INJECTION,
    MAY_SAY_CORRECTED, OF_ADMINISTRATION, OTHER_TIMES, PLACES, UNCORRECTED,
};
use super::name::Name;
use super::words::{IS_CORRECTED, OTHER_CORRECTIONS};

impl Name {
    /// The name without what it says on decay correction: to injection (true) or none (false).
    pub(super) fn without_decay_correction(&self) -> Result<(Name, Option<bool>), String> {
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
    pub(super) fn denied_before(&self, from: usize) -> Option<usize> {
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
    pub(super) fn after_correction(&self, to: usize) -> Result<(bool, usize), String> {
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
    pub(super) fn only_asks(&self) -> bool {
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

    /// The name without corrections that are not for decay: `liver, scatter corrected` is of a liver as far as decay goes.
    pub(super) fn without_other_corrections(&self) -> Name {
        for what in OTHER_CORRECTIONS {
            let Some((from, to)) = self.find(what) else { continue };
            let rest: String = self.spaced()[to..].iter().collect();
            let behind = rest.trim_start();
            let gap = rest.chars().count() - behind.chars().count();
            let alone = |word: &&&str| {
                behind.strip_prefix(**word).is_some_and(|r| !r.starts_with(char::is_alphanumeric))
            };
            let before: String = self.spaced()[..from].iter().collect();
            if let Some(rest) = before.trim_end().strip_suffix("corrected for") {
                return self.without(rest.chars().count(), to).without_other_corrections();
            }
            if let Some(word) = IS_CORRECTED.iter().find(alone) {
                let end = to + gap + word.chars().count();
                return self.without(from, end).without_other_corrections();
            }
        }
        self.clone()
    }

    /// Refuses words that may say in a way that is not understood that values are corrected for decay.
    pub(super) fn may_say_corrected(&self) -> Result<(), String> {
        if self.stated {
            return Ok(());
        }
        let words = self.words();
        let of_decay = |w: &&str| MAY_SAY_CORRECTED.iter().any(|start| w.starts_with(start));
        let spaced = format!(" {} ", words.replace('@', " at "));
        let list: Vec<&str> = spaced.split_whitespace().collect();
        let of_administration = (0..list.len()).find(|i| {
            let word = list[*i].rsplit('\'').next().unwrap_or_default();
            let site = list.get(i + 1).is_some_and(|next| PLACES.contains(next))
                || list.iter().any(|w| PLACES.contains(w))
                || i.checked_sub(1).is_some_and(|b| AFTER.contains(&list[b]))
                || ["stelle", "ort"].iter().any(|place| word.ends_with(place));
            OF_ADMINISTRATION.iter().any(|stem| word.starts_with(stem)) && !site
        });
        let phrase = MAY_SAY_AT_INJECTION.iter().find(|p| spaced.contains(&format!(" {p} ")));
        let phrase = phrase.copied().or_else(|| of_administration.map(|i| list[i]));
        match phrase.or_else(|| words.split(' ').find(of_decay)) {
            None => Ok(()),
            Some(odd) => Err(format!(
                "'{odd}' in it may say that values are corrected for decay: write 'decay-corrected', 'not decay-corrected', or leave it out"
            )),
        }
    }
}

/// What the name of a curve in a cell says on decay correction, as that of a column would.
///
/// # Errors
/// If it may say so in a way that is not understood.
pub fn correction_in_name(name: &str) -> Result<Option<bool>, String> {
    let (rest, corrected) = Name::new(name).without_decay_correction()?;
    match corrected {
        None => rest.without_other_corrections().may_say_corrected().map(|()| None),
        said => Ok(said),
    }
}
