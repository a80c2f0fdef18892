//! WHERE: grids, volumes, volumes of interest, resampling. Coordinates are DICOM's (LPS, mm).

mod grid;
mod volume;

pub use grid::Grid;
pub use volume::Volume;
