//! Energy imparted to absorbed dose.

pub mod arrays;
pub mod map;
pub mod rate;
pub mod robust;
pub mod to_water;

pub use arrays::{ArrayDose, ArrayRun, VoiMean, dose_of_arrays, dose_of_arrays_watched};
pub use map::DoseScale;
pub use robust::{HighDose, HighVoxels, LargestDose, largest_dose};
