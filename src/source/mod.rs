//! Activity and nuclide to primaries: what a decay emits, ready to be sampled.

pub mod alias;
pub mod research;
pub mod spectrum;

pub use alias::AliasTable;
pub use research::parse_source;
pub use spectrum::{DecaySpectrum, Emission, EmissionGroup, LocalLimits, Particle};
