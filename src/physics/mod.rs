//! WHAT matter and nuclides do: f64 reference facts from the tables in `data/`; no sampling here.

pub mod lepton;
pub mod material;
pub mod scattering;

pub use lepton::Lepton;
pub use material::Material;
