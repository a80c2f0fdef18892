//! NRRD (Nearly Raw Raster Data, teem's format description version 5), attached and detached, and Slicer's segmentations in it (`.seg.nrrd`).

mod header;
mod read;
mod segments;

pub use read::{Nrrd, read_nrrd, read_nrrd_vectors};
pub use segments::read_nrrd_regions;
