//! WHERE: grids, volumes, volumes of interest, resampling. Coordinates are DICOM's (LPS, mm).
//!
//! # Memory
//!
//! A grid of 512 x 512 x 400 has 104,857,600 voxels, so one array on it takes
//!
//! | element | MiB | example |
//! |---|---|---|
//! | `u8` | 100 | material index |
//! | `i16` | 200 | HU as stored |
//! | `f32` | 400 | density, activity, dose |
//! | `f64` or `u64` | 800 | tally |
//!
//! Readers decode as a stream: they hold the `f32` result and a buffer of at most 1 MiB, never the
//! file. Resampling holds source and target only; activity between oblique grids needs one `f64`
//! array of the target more. A VOI takes four bytes per voxel inside it.

mod activity;
mod affine;
pub mod contour;
mod geometry;
mod grid;
mod label_classes;
mod label_names;
mod margin;
mod matter;
mod order;
mod overlap;
mod parts;
mod region;
mod region_make;
mod region_move;
mod region_sets;
mod resample;
mod rigid;
mod voi;
mod voi_sets;
mod volume;

pub use activity::{ActivityUnit, ResampledActivity, resample_activity};
pub use affine::{Affine, RIGID};
pub use geometry::MAX_VOXELS;
pub use grid::Grid;
pub(crate) use grid::determinant;
pub use label_classes::{dosimetry_groups, segmentator_names, segmentator_tasks};
pub use label_names::read_label_names;
pub use margin::{MarginRefinement, squared_distances, with_margin};
pub use matter::{ResampledMatter, downsample_matter};
pub use order::AxisOrder;
pub use parts::Parts;
pub use region::{Region, RegionSet, Rounded, WHOLE_FROM};
pub use region_make::{box_region, sphere, threshold};
pub use region_move::MovedRegions;
pub use region_sets::SetOperation;
pub use resample::{Resampled, resample_intensity, resample_labels, trilinear};
pub use rigid::{Rigid, turn_zxy, turn_zyx};
pub use voi::{MappedVois, Voi, VoiSet};
pub use voi_sets::{VoiSets, find_voi, label_key};
pub use volume::Volume;
