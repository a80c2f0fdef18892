//! WHAT matter and nuclides do: f64 reference facts from the tables in `data/`; no sampling here.

pub mod element;
mod embedded;
mod log_spline;
pub mod material;
pub mod pair;
pub mod photon;
#[cfg(test)]
mod reference_data;
mod xcom;

pub use material::Material;
