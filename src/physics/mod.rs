//! WHAT matter and nuclides do: f64 reference facts from the tables in `data/`; no sampling here.

pub mod beta;
pub mod beta_shape;
pub mod chain;
pub mod compton;
pub mod element;
mod embedded;
pub mod emission;
pub mod energy_absorption;
pub mod ensdf;
mod exchange;
mod fermi;
pub mod fluorescence;
pub mod form_factor;
#[cfg(feature = "icrp107")]
pub mod icrp107;
pub mod impulse;
pub mod incoherent;
pub mod material;
pub mod named_nuclide;
pub mod nuclide;
pub mod nuclide_data;
pub mod nuclide_label;
mod nuclide_name;
pub mod own_nuclides;
pub mod pair;
pub mod photoelectric;
pub mod photon;
pub mod rayleigh;
#[cfg(test)]
mod reference_data;
pub mod tissues;
mod xcom;

pub use beta::BetaSpectrum;
pub use chain::{Chain, ChainMember, chain};
pub use emission::{Branch, Line, RadiationCode};
pub mod l_fluorescence;
pub mod lepton;
pub mod scattering;

pub use lepton::Lepton;
pub use material::Material;
pub use nuclide::{EnergyPerDecay, Nuclide};
pub use nuclide_data::NuclideData;
pub use nuclide_name::canonical_name;
pub mod alpha;
pub mod bhabha;
pub mod bremsstrahlung;
mod bremsstrahlung_shape;
pub mod csda;
pub mod density_effect;
pub mod electron_data;
pub mod moller;
#[cfg(test)]
mod reference_materials;
pub mod stopping;
pub mod thick_target;

pub use alpha::AlphaStopping;
pub use bremsstrahlung::Bremsstrahlung;
pub use csda::CsdaRange;
pub use stopping::StoppingPower;
pub use thick_target::ThickTarget;
