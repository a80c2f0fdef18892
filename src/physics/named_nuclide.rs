//! A nuclide in the name of a curve against that of the run. Neglects names of nuclides in words that do not stand for them: a curve is called
//! after what it is of, and one that is not meant so is renamed.

use crate::error::{Error, Result};
use crate::physics::chain::chain;
use crate::physics::nuclide_label::{is_coded, nuclides_in_text};
use crate::physics::{Nuclide, canonical_name};

/// Half-lives that are one nuclide's differ by less, as tables round them.
const SAME_HALF_LIFE: f64 = 0.03;

/// The nuclide of a run: by its name, or by its half-life alone (s).
pub struct OfRun<'a> {
    /// Its name, where it is known.
    pub name: Option<&'a str>,
    /// Its half-life, s.
    pub half_life_s: f64,
}

impl OfRun<'_> {
    /// Checks what `texts` name; gives notes on progeny, which is in equilibrium with the nuclide or not as nobody can tell here.
    ///
    /// # Errors
    /// If one names another nuclide and not that of the run too.
    pub fn check<'t>(
        &self,
        file: &str,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for text in texts {
            let named: Vec<&str> = nuclides_in_text(text)
                .iter()
                .filter(|n| means_a_nuclide(n))
                .filter_map(|n| canonical_name(n).ok())
                .collect();
            if named.is_empty() || named.iter().any(|n| self.is(n)) {
                continue;
            }
            if named.iter().all(|n| may_be_a_number(n, text)) {
                notes.push(format!(
                    "'{text}' is taken as a name with a number, not as the nuclide {}; the run is of {}",
                    named.join(" and "),
                    self.text()
                ));
                continue;
            }
            if let Some(progeny) = named.iter().find(|n| self.makes(n)) {
                notes.push(format!(
                    "'{text}' names {progeny}, progeny of {}: taken to be in equilibrium with it",
                    self.text()
                ));
                continue;
            }
            return Err(Error::usage(
                format!(
                    "{file}: '{text}' names {}, the run is of {}",
                    named.join(" and "),
                    self.text()
                ),
                "its physical decay would be that of another nuclide",
                format!(
                    "Give --nuclide {} and curves of it alone, each nuclide in a file of its own; or rename the curve, if its name does not mean the \
                     nuclide.",
                    named[0]
                ),
            ));
        }
        Ok(notes)
    }

    fn text(&self) -> String {
        match self.name {
            Some(name) => name.to_string(),
            None => format!("half-life {:.4} h", self.half_life_s / crate::units::SECONDS_PER_HOUR),
        }
    }

    fn is(&self, other: &str) -> bool {
        match self.name {
            Some(name) => canonical_name(name) == Ok(other),
            None => Nuclide::load(other)
                .is_ok_and(|n| (n.half_life_s / self.half_life_s - 1.0).abs() <= SAME_HALF_LIFE),
        }
    }

    fn makes(&self, other: &str) -> bool {
        let members = self.name.and_then(|n| chain(canonical_name(n).ok()?, None, 1.0).ok());
        members.is_some_and(|c| c.members.iter().any(|m| m.nuclide == other))
    }
}

/// A letter and a number (`P32`, `K40`) may as well number a patient or a kidney: those that DICOM's context groups list are nuclides.
fn means_a_nuclide(name: &str) -> bool {
    name.split('-').next().is_some_and(|symbol| symbol.len() > 1) || is_coded(name)
}

/// Curves of a patient are not numbered higher.
const HIGHEST_NUMBER: u32 = 35;

/// `c11` and `F18` in one word may be the eleventh curve and the eighteenth female; `C-11`, `11C` and `I131` are none.
fn may_be_a_number(name: &str, text: &str) -> bool {
    let Some((symbol, mass)) = name.split_once('-') else { return false };
    let in_one = format!("{symbol}{mass}").to_lowercase();
    symbol.len() == 1
        && mass.parse().is_ok_and(|a: u32| a <= HIGHEST_NUMBER)
        && text.to_lowercase().contains(&in_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: Option<&str>, half_life_s: f64, text: &str) -> Result<Vec<String>> {
        OfRun { name, half_life_s }.check("t.csv", std::iter::once(text))
    }

    #[test]
    fn another_nuclide_in_a_name_is_refused() {
        for text in ["Y-90 lesion", "lesion I-131", "I131 thyroid", "90Y", "F-18", "18F PSMA"] {
            let error = checked(Some("Lu-177"), 574_300.8, text).expect_err(text).to_string();
            assert!(error.contains("--nuclide"), "{error}");
        }
        for text in
            ["177Lu lesion", "lesion", "lesion 5", "Lu-177/Y-90", "L4", "P31", "K 40", "T12"]
        {
            assert_eq!(checked(Some("lu177"), 574_300.8, text), Ok(vec![]), "{text}");
        }
        assert!(checked(Some("Lu-177"), 574_300.8, "c11").expect("a note")[0].contains("C-11"));
        let notes = checked(Some("Ac-225"), 864_000.0, "kidney Bi-213").expect("progeny");
        assert!(notes[0].contains("equilibrium"), "{notes:?}");
        assert!(checked(None, 64.1 * 3600.0, "Y-90 liver").is_ok());
        assert!(checked(None, 160.0 * 3600.0, "Y-90 liver").is_err());
    }
}
