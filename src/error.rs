//! One error type for the whole crate: a problem, why it is one, and what to do next.
//!
//! An error message always reads `problem (why) suggestion`. Whatever names the culprit (file, DICOM
//! attribute, value, option) belongs in `problem`; the rule that was broken belongs in `why`.

use std::path::Path;

/// What went wrong, coarsely; decides the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or an option's value makes no sense.
    Usage,
    /// An input file or its content cannot be used.
    Input,
    /// Reading or writing failed in the operating system.
    Io,
    /// A check inside the run failed (for example energy was not conserved).
    Run,
    /// The user asked to stop before there was a result.
    Interrupted,
}

/// A problem, why it is one, and a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} ({why}) {suggestion}")]
pub struct Error {
    /// The coarse class.
    pub kind: ErrorKind,
    /// What is wrong, with the file, attribute and value.
    pub problem: String,
    /// The rule that it breaks.
    pub why: String,
    /// What the user can do.
    pub suggestion: String,
}

/// The crate's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Builds an error of the given kind.
    pub fn new(
        kind: ErrorKind,
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error { kind, problem: problem.into(), why: why.into(), suggestion: suggestion.into() }
    }

    /// An input that cannot be used.
    pub fn input(
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error::new(ErrorKind::Input, problem, why, suggestion)
    }

    /// An option that makes no sense.
    pub fn usage(
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error::new(ErrorKind::Usage, problem, why, suggestion)
    }

    /// A check that failed inside a run.
    pub fn run(
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error::new(ErrorKind::Run, problem, why, suggestion)
    }

    /// A failed read or write of `path`.
    pub fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        if crate::interrupt::is_io_error(error) {
            return crate::interrupt::error();
        }
        Error::new(
            ErrorKind::Io,
            format!("cannot {action} {}", path.display()),
            error.to_string(),
            "Check that the path exists, that you may access it and that the disk has room.",
        )
    }

    /// The process exit code for this kind of error.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Usage => 2,
            ErrorKind::Input => 3,
            ErrorKind::Io => 4,
            ErrorKind::Run => 5,
            ErrorKind::Interrupted => crate::interrupt::EXIT_CODE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_problem_why_suggestion() {
        let error = Error::input("spacing is 0 mm", "it must be positive", "Check the header.");
        assert_eq!(error.to_string(), "spacing is 0 mm (it must be positive) Check the header.");
        assert_eq!(error.exit_code(), 3);
    }
}
