//! What is kept: of a run that may be killed, and of the names of its inputs.

/// Longest time between two checkpoints where the user says nothing, s.
pub const CHECKPOINT_S: f64 = 30.0;

/// Shortest and longest time between two checkpoints that may be asked for, s.
pub(super) const CHECKPOINTS_S: (f64, f64) = (0.001, 86_400.0);

/// How the inputs are named in what is written; their SHA-256 stands there in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordPaths {
    /// Not at all.
    None,
    /// Files by their name without folders, folders not at all: folders are often named after a patient.
    #[default]
    Names,
    /// By the path as given.
    Full,
}

/// How a run is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keeping {
    /// Go on with what an earlier, interrupted run of the same job has finished.
    pub resume: bool,
    /// Longest time between two checkpoints, s.
    pub checkpoint_s: f64,
    /// Names of the inputs.
    pub record_paths: RecordPaths,
}

impl Default for Keeping {
    fn default() -> Self {
        Keeping { resume: false, checkpoint_s: CHECKPOINT_S, record_paths: RecordPaths::default() }
    }
}
