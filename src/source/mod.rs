//! Activity and nuclide to primaries: what a decay emits, ready to be sampled.

pub mod alias;
pub mod beam;
pub mod research;
pub mod spectrum;
pub mod spectrum_file;

pub use alias::AliasTable;
pub use beam::{Beam, Field};
pub use research::parse_source;
pub use spectrum::{DecaySpectrum, Emission, EmissionGroup, LocalLimits, Particle};
pub use spectrum_file::{SpectrumFile, read_spectrum};
