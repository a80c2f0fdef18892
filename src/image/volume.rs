//! One value per voxel of a grid.

use super::Grid;
use crate::error::{Error, Result};

/// Values on a grid, index `i` fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume<T> {
    /// Where the voxels are.
    pub grid: Grid,
    /// One value per voxel.
    pub data: Vec<T>,
}

impl<T> Volume<T> {
    /// Joins a grid and its values.
    ///
    /// # Errors
    /// If the number of values is not the number of voxels.
    pub fn new(grid: Grid, data: Vec<T>) -> Result<Self> {
        if grid.len() != data.len() {
            return Err(Error::input(
                format!("{} values for a grid of {:?} voxels", data.len(), grid.dims),
                "every voxel needs one value",
                "Check that the file is complete.",
            ));
        }
        Ok(Volume { grid, data })
    }

    /// The same grid with other values.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> Volume<U> {
        Volume { grid: self.grid.clone(), data: self.data.iter().map(f).collect() }
    }
}
