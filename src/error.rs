//! One error type for the whole crate: a problem, why it is one, and what to do next.
//!
//! An error message always reads `problem (why) suggestion`. Whatever names the culprit (file, DICOM
//! attribute, value, option) belongs in `problem`; the rule that was broken belongs in `why`.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

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

/// The error of the system or of a library that lies under one of this crate, for programs that tell kinds of it apart.
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Deref for Cause {
    type Target = dyn std::error::Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// A problem, why it is one, and a suggestion. Errors with the same words are equal, whatever lies under them.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// What lies under it, where that is known: its words stand in `why` already, so the message does not repeat them.
    #[source]
    pub cause: Option<Cause>,
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.problem == other.problem
            && self.why == other.why
            && self.suggestion == other.suggestion
    }
}

impl Eq for Error {}

/// Exit code of an interrupted run: 128 + SIGINT, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Travels through readers as the cause of an `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Asked;

/// What a reader returns when the user asked to stop. Not of the kind `Interrupted`, after which reading is tried again.
pub fn interrupted_io() -> std::io::Error {
    std::io::Error::other(Asked)
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
        Error {
            kind,
            problem: problem.into(),
            why: why.into(),
            suggestion: suggestion.into(),
            cause: None,
        }
    }

    /// The same with what lies under it, which [`std::error::Error::source`] then gives.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Cause(Arc::new(cause)));
        self
    }

    /// An input that cannot be used.
    pub fn input(
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error::new(ErrorKind::Input, problem, why, suggestion)
    }

    /// A TOML file that cannot be understood.
    pub fn of_toml(error: &toml::de::Error) -> Self {
        let message = error.to_string();
        Error::input(
            "the TOML cannot be read",
            message.trim_end(),
            format!(
                "{}Correct the file: voxgray help-file lists the files and their keys.",
                did_you_mean_of(&message)
            ),
        )
        .caused_by(error.clone())
    }

    /// Refuses a file of another version.
    ///
    /// # Errors
    /// If it is of one.
    pub fn of_version(found: i64, known: i64) -> Result<()> {
        if found == known {
            return Ok(());
        }
        Err(Error::input(
            format!("the file is of version {found}"),
            format!("this program reads version {known}"),
            "Use the program that wrote it, or rewrite the file: voxgray help-file lists the keys.",
        ))
    }

    /// An option that makes no sense.
    pub fn usage(
        problem: impl Into<String>,
        why: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Self {
        Error::new(ErrorKind::Usage, problem, why, suggestion)
    }

    /// A run that the user stopped before it had a result.
    pub fn interrupted() -> Self {
        Error::new(
            ErrorKind::Interrupted,
            "interrupted",
            "no history was finished",
            "Nothing was written.",
        )
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
        if error.get_ref().is_some_and(|inner| inner.is::<Asked>()) {
            return Error::interrupted();
        }
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let suggestion = match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => {
                "Make room on the disk, then give the same command again."
            }
            _ => "Check that the path exists, that you may access it and that the disk has room.",
        };
        let problem = format!("cannot {action} {}", path.display());
        // A copy: an error of the system is known by its number, others by their kind and words.
        let cause = match error.raw_os_error() {
            Some(code) => std::io::Error::from_raw_os_error(code),
            None => std::io::Error::new(error.kind(), error.to_string()),
        };
        Error::new(ErrorKind::Io, problem, error.to_string(), suggestion).caused_by(cause)
    }

    /// Says of which time point (from 0) it is, where it does not say so itself.
    #[must_use]
    pub fn of_time_point(mut self, n: usize) -> Self {
        let name = format!("time point {}", n + 1);
        if !self.problem.contains(&name) {
            self.problem = format!("{name}: {}", self.problem);
        }
        self
    }

    /// The process exit code for this kind of error.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Usage => 2,
            ErrorKind::Input => 3,
            ErrorKind::Io => 4,
            ErrorKind::Run => 5,
            ErrorKind::Interrupted => INTERRUPTED,
        }
    }
}

/// Similarity (Jaro and Winkler, 0 to 1) above which a name is taken for a slip of another.
const SIMILAR: f64 = 0.75;

/// `Did you mean 'mono'? ` for a word that is near to a known one; empty otherwise.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let word = word.trim().to_lowercase();
    let similar = |k: &str| strsim::jaro_winkler(&word, &k.to_lowercase());
    let best = known.into_iter().map(|k| (similar(k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|b| b.0 > SIMILAR).map_or(String::new(), |b| format!("Did you mean '{}'? ", b.1))
}

/// [`did_you_mean`] of serde's "unknown field `x`, expected one of `a`, `b`".
pub fn did_you_mean_of(message: &str) -> String {
    let unknown = ["unknown field `", "unknown variant `"]
        .into_iter()
        .find_map(|start| message.split_once(start).map(|(_, rest)| rest));
    let Some((word, rest)) = unknown.and_then(|rest| rest.split_once('`')) else {
        return String::new();
    };
    did_you_mean(word, rest.split('`').skip(1).step_by(2))
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

    #[test]
    fn what_lies_under_an_error_keeps_its_type_and_is_not_told_twice() {
        use std::error::Error as _;
        let missing = std::fs::read("/no/such/file").unwrap_err();
        let error = Error::io("read", Path::new("/no/such/file"), &missing);
        let source = error.source().and_then(|s| s.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::NotFound));
        assert_eq!(error.to_string().matches(&missing.to_string()).count(), 1, "{error}");
        let toml = toml::from_str::<toml::Table>("a = ").unwrap_err();
        let error = Error::of_toml(&toml).of_time_point(2);
        assert!(error.source().is_some_and(|s| s.is::<toml::de::Error>()));
        // Equal by their words.
        let bare = Error { cause: None, ..error.clone() };
        assert!(bare.source().is_none() && bare == error);
        assert_ne!(Error { why: String::new(), ..error.clone() }, error);
    }

    #[test]
    fn slips_are_near_to_what_was_meant() {
        let known = ["physical", "mono", "mono-uptake", "bi", "trapezoid"];
        for (word, meant) in [
            ("trapezoidal", "trapezoid"),
            ("Mono", "mono"),
            ("phisical", "physical"),
            ("mono_uptake", "mono-uptake"),
        ] {
            assert_eq!(did_you_mean(word, known), format!("Did you mean '{meant}'? "));
        }
        assert_eq!(did_you_mean("zzz", known), "");
        let serde = "unknown field `defualt`, expected one of `default`, `outside`, `voi`";
        assert_eq!(did_you_mean_of(serde), "Did you mean 'default'? ");
        assert_eq!(did_you_mean_of("missing field `x`"), "");
    }
}
