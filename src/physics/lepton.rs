//! The charged light particles that transport follows.

/// An electron or a positron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lepton {
    /// e-
    Electron,
    /// e+
    Positron,
}
