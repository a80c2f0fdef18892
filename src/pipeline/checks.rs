//! What the checks of a run have found: refusals and warnings, each said once, and which of them the user has accepted.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Observer;
use crate::error::{Error, Result};
use crate::job::Check;
use crate::report::setup::{ChecksFacts, FindingFacts};

/// Something that a check has found.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    check: Check,
    text: String,
    refused: Option<Error>,
}

/// Collects what is found, so that a user sees all contradictions at once.
pub struct Checks<'a> {
    accepted: &'a BTreeSet<Check>,
    observer: &'a dyn Observer,
    found: Mutex<Vec<Found>>,
}

impl<'a> Checks<'a> {
    /// Nothing found yet.
    pub fn new(accepted: &'a BTreeSet<Check>, observer: &'a dyn Observer) -> Self {
        Checks { accepted, observer, found: Mutex::new(Vec::new()) }
    }

    fn found(&self) -> MutexGuard<'_, Vec<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A contradiction: an error at the next [`Checks::settle`], or a warning where the user has accepted it.
    pub fn refuse(
        &self,
        check: Check,
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) {
        let (problem, why, suggestion) = (problem.into(), why.into(), suggestion.into());
        let text = format!("{problem} ({why})");
        if self.accepted.contains(&check) {
            let said = format!("{text}: accepted by --accept {}", check.name());
            return self.add(check, text, None, Some((true, said)));
        }
        let error = Error::input(problem, why, suggestion);
        self.add(check, text, Some(error), None);
    }

    /// Something to judge: a warning, or a plain line where the user has accepted it.
    pub fn warn(&self, check: Check, text: impl Into<String>) {
        let text = text.into();
        let accepted = self.accepted.contains(&check);
        self.add(check, text.clone(), None, Some((!accepted, text)));
    }

    /// Texts that were said before are not said again.
    fn add(
        &self,
        check: Check,
        text: String,
        refused: Option<Error>,
        said: Option<(bool, String)>,
    ) {
        let mut found = self.found();
        if found.iter().any(|f| f.check == check && f.text == text) {
            return;
        }
        match said {
            Some((true, line)) => self.observer.warn(&line),
            Some((false, line)) => self.observer.say(&line),
            None => {}
        }
        found.push(Found { check, text, refused });
    }

    /// The error of what was refused, all of it in one.
    ///
    /// # Errors
    /// If something was refused.
    pub fn settle(&self) -> Result<()> {
        let found = self.found();
        let refused: Vec<(Check, &Error)> =
            found.iter().filter_map(|f| Some((f.check, f.refused.as_ref()?))).collect();
        let names: BTreeSet<&str> = refused.iter().map(|(c, _)| c.name()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(",");
        let accept = format!("If it is meant so, add --accept {names}.");
        match refused.as_slice() {
            [] => Ok(()),
            [(_, e)] => {
                let suggestion = format!("{} {accept}", e.suggestion);
                Err(Error { suggestion, ..(*e).clone() })
            }
            [(_, first), ..] => {
                let all = refused.iter().enumerate().map(|(n, (_, e))| {
                    format!("[{}] {} ({}) {}", n + 1, e.problem, e.why, e.suggestion)
                });
                Err(Error::new(
                    first.kind,
                    all.collect::<Vec<_>>().join("; "),
                    format!("{} contradictions", refused.len()),
                    accept,
                ))
            }
        }
    }

    /// For the summary.
    pub fn facts(&self) -> ChecksFacts {
        let one = |f: &Found| FindingFacts {
            accepted: self.accepted.contains(&f.check),
            check: f.check.name().into(),
            text: f.text.clone(),
        };
        ChecksFacts {
            accepted: self.accepted.iter().map(|c| c.name().into()).collect(),
            found: self.found().iter().map(one).collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Keeps what is said.
    #[derive(Default)]
    pub struct Ear(pub Mutex<Vec<String>>);

    impl Observer for Ear {
        fn warn(&self, text: &str) {
            self.0.lock().unwrap().push(text.into());
        }
    }

    #[test]
    fn refusals_are_collected_and_accepted_ones_warned_of_once() {
        let (ear, none) = (Ear::default(), BTreeSet::new());
        let checks = Checks::new(&none, &ear);
        checks.settle().unwrap();
        checks.refuse(Check::Patient, "P1 and P2", "one patient", "Look.");
        let one = checks.settle().unwrap_err().to_string();
        assert_eq!(one, "P1 and P2 (one patient) Look. If it is meant so, add --accept patient.");
        checks.refuse(Check::Nuclide, "F-18 and Lu-177", "one nuclide", "Look.");
        checks.refuse(Check::Nuclide, "F-18 and Lu-177", "one nuclide", "Look.");
        let both = checks.settle().unwrap_err().to_string();
        assert!(both.contains("[2] F-18") && both.ends_with("--accept nuclide,patient."), "{both}");
        assert!(ear.0.lock().unwrap().is_empty());

        let accepted = BTreeSet::from([Check::Patient]);
        let checks = Checks::new(&accepted, &ear);
        checks.refuse(Check::Patient, "P1 and P2", "one patient", "Look.");
        checks.refuse(Check::Patient, "P1 and P2", "one patient", "Look.");
        checks.settle().unwrap();
        checks.warn(Check::Air, "some");
        checks.warn(Check::Patient, "quiet");
        let said = ear.0.lock().unwrap().clone();
        assert_eq!(said, ["P1 and P2 (one patient): accepted by --accept patient", "some"]);
        let facts = checks.facts();
        assert_eq!((facts.accepted[0].as_str(), facts.found[0].accepted), ("patient", true));
        assert_eq!(facts.found.len(), 3);
    }
}
