//! WHAT matter and nuclides do: f64 reference facts from the tables in `data/`; no sampling here.

pub mod alpha;
pub mod bhabha;
pub mod bremsstrahlung;
mod bremsstrahlung_shape;
pub mod csda;
pub mod density_effect;
pub mod electron_data;
pub mod lepton;
pub mod material;
pub mod mean_excitation;
pub mod moller;
mod quadrature;
#[cfg(test)]
mod reference_materials;
mod spline;
pub mod stopping;
pub mod thick_target;

pub use alpha::AlphaStopping;
pub use bremsstrahlung::Bremsstrahlung;
pub use csda::CsdaRange;
pub use lepton::Lepton;
pub use material::Material;
pub use stopping::StoppingPower;
pub use thick_target::ThickTarget;
