//! One value per voxel of a grid.

use ndarray::{Array3, ArrayView3, ArrayViewMut3};

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

    /// Joins a grid and an array [z, y, x], whatever its order in memory.
    ///
    /// # Errors
    /// If the array has not the shape of the grid.
    pub fn from_array(grid: Grid, array: Array3<T>) -> Result<Self>
    where
        T: Clone,
    {
        if array.dim() != shape(&grid) {
            return Err(Error::input(
                format!("an array {:?} for a grid of {:?} voxels", array.shape(), grid.dims),
                "the array is [z, y, x], the grid counts x, y, z",
                "Turn the array, or give the grid its shape.",
            ));
        }
        // Without a copy where x runs fastest.
        let array = if array.is_standard_layout() {
            array
        } else {
            array.as_standard_layout().into_owned()
        };
        Volume::new(grid, array.into_raw_vec_and_offset().0)
    }

    /// The values as an array [z, y, x], as numpy and SimpleITK have them.
    ///
    /// # Panics
    /// If `data` was given another length than its grid has voxels.
    pub fn view(&self) -> ArrayView3<'_, T> {
        ArrayView3::from_shape(shape(&self.grid), &self.data).expect("a value for each voxel")
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// As [`Volume::view`].
    pub fn view_mut(&mut self) -> ArrayViewMut3<'_, T> {
        ArrayViewMut3::from_shape(shape(&self.grid), &mut self.data)
            .expect("a value for each voxel")
    }

    /// The array [z, y, x], without a copy.
    ///
    /// # Panics
    /// As [`Volume::view`].
    pub fn into_array(self) -> Array3<T> {
        Array3::from_shape_vec(shape(&self.grid), self.data).expect("a value for each voxel")
    }

    /// The same grid with other values.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> Volume<U> {
        Volume { grid: self.grid.clone(), data: self.data.iter().map(f).collect() }
    }
}

/// Shape of the array [z, y, x] on a grid.
fn shape(grid: &Grid) -> (usize, usize, usize) {
    let [x, y, z] = grid.dims;
    (z, y, x)
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;

    #[test]
    fn an_array_is_z_y_x_and_comes_back_as_it_was() {
        let grid = Grid::aligned([2, 3, 4], [0.0; 3], [1.0; 3]);
        let values: Vec<usize> = (0..grid.len()).collect();
        let mut volume = Volume::new(grid.clone(), values.clone()).unwrap();
        assert_eq!(volume.view()[[3, 1, 0]], grid.linear([0, 1, 3]));
        let slice = volume.view().index_axis_move(Axis(0), 2);
        assert_eq!(slice.iter().copied().collect::<Vec<_>>(), values[12..18]);
        volume.view_mut()[[0, 0, 1]] = 77;
        assert_eq!(volume.data[1], 77);
        volume.data[1] = 1;
        let array = volume.into_array();
        // The same values with z running fastest in memory.
        let turned = array.t().as_standard_layout().into_owned().reversed_axes();
        assert!(!turned.is_standard_layout() && turned == array);
        for array in [array, turned] {
            assert_eq!(Volume::from_array(grid.clone(), array).unwrap().data, values);
        }
        let wrong = Volume::from_array(grid, Array3::<f32>::zeros((2, 3, 4))).unwrap_err();
        assert!(wrong.to_string().contains("[z, y, x]"), "{wrong}");
    }
}
