//! The fast methods: dose kernels from our own transport, and what is made of them without another history. They neglect the patient: a
//! kernel is that of one uniform, infinite medium, and what a method does about density and tissue is part of its name. How far each is from
//! Monte Carlo in a given patient, `voxgray compare-methods` measures; `docs/fast_methods.md` says what each computes.
//!
//! ```text
//! medium  ->  point (energy in shells round a point source, by transport)  ->  overlap  ->  voxel (kernel of equal voxels)
//!                                                                                             |
//!             plan (activity, density, material of a run)  ->  methods (LDM, VSV, MSV)  <-  convolve
//! ```

pub mod cache;
pub mod convolve;
pub mod direct;
pub mod even;
pub mod medium;
pub mod methods;
pub mod overlap;
pub mod point;
mod replicates;
pub mod shells;
pub mod sphere;
pub mod table;
pub mod voxel;

pub use medium::Medium;
pub use point::{PointKernel, REPLICATES};
pub use voxel::VoxelKernel;
