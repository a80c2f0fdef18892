//! An observer that passes on what it hears and remembers the warnings, for the summary.

use std::sync::{Mutex, PoisonError};

use super::{Observer, Progress};

/// Remembers warnings, each once.
pub struct Heard<'a> {
    inner: &'a dyn Observer,
    warnings: Mutex<Vec<String>>,
}

impl<'a> Heard<'a> {
    /// Hears for another.
    pub fn new(inner: &'a dyn Observer) -> Self {
        Heard { inner, warnings: Mutex::default() }
    }
}

impl Observer for Heard<'_> {
    fn say(&self, text: &str) {
        self.inner.say(text);
    }

    fn warn(&self, text: &str) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.iter().any(|w| w == text) {
            warnings.push(text.to_owned());
        }
        drop(warnings);
        self.inner.warn(text);
    }

    fn started(&self, histories: u64, goal: Option<f64>) {
        self.inner.started(histories, goal);
    }

    fn advanced(&self, histories: u64) {
        self.inner.advanced(histories);
    }

    fn progressed(&self, progress: Progress) {
        self.inner.progressed(progress);
    }

    fn finished(&self) {
        self.inner.finished();
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
