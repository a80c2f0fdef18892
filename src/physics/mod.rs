//! WHAT matter and nuclides do: f64 reference facts from the tables in `data/`; no sampling here.

pub mod material;
pub mod tissues;

pub use material::Material;
