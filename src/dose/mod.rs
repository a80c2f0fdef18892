//! Energy imparted to absorbed dose.

pub mod map;
pub mod rate;
pub mod robust;

pub use map::DoseScale;
pub use robust::{HighDose, HighVoxels, LargestDose, largest_dose};
