//! HU -> matter: the HU curve, the voxel phantom, synthetic phantoms.

pub mod couch;
pub mod curve_file;
pub mod hu;
pub mod maps;
pub mod synthetic;
pub mod voxels;

pub use hu::{HuBin, HuCurve, HuOptions};
pub use voxels::{HuReport, LOW_DENSITY_G_CM3, Phantom, TissueRow};
