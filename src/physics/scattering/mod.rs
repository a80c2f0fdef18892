//! Angular deflection of electrons and positrons: elastic scattering by atoms, the small deflections by
//! soft inelastic collisions, and the multiple-scattering distribution of both after a step.
//!
//! Neglected: molecular and solid-state effects (atoms scatter independently), nuclear size, the atom's
//! polarisation.

mod atom;
mod elastic;
mod elastic_rows;
mod inelastic;
mod moments;
mod multiple;
mod quadrature;
#[cfg(test)]
mod reference_tests;

pub use elastic::{MAX_ENERGY_MEV, MIN_ENERGY_MEV, differential_cross_section};
pub use elastic_rows::ElasticRows;
pub use moments::{TransportMoments, first_coefficient};
pub use multiple::MultipleScattering;
