//! Arrays [z, y, x] and grids. What comes in is copied once, as the library owns its images; what goes out is given away without a copy.

use numpy::{Element, PyArray3, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use voxgray::image::{Grid, Region, RegionSet, Volume};

/// Shape [z, y, x]; position (mm, LPS) of the centre of voxel [0, 0, 0]; displacement (mm, LPS) of a step along x, y, z.
pub type GridParts = ([usize; 3], [f64; 3], [[f64; 3]; 3]);

/// Names with the share of each voxel that lies inside.
pub type Masks<'py> = Vec<(String, PyReadonlyArray3<'py, f32>)>;

/// The grid of its parts.
pub fn grid((shape, origin_mm, axes_mm): GridParts) -> Grid {
    let [z, y, x] = shape;
    Grid { dims: [x, y, z], origin_mm, axes_mm }
}

/// The parts of a grid.
pub fn parts(grid: &Grid) -> GridParts {
    let [x, y, z] = grid.dims;
    ([z, y, x], grid.origin_mm, grid.axes_mm)
}

/// The values of an array on a grid, x fastest.
pub fn values<T: Element + Copy>(
    array: &PyReadonlyArray3<'_, T>,
    grid: &Grid,
    name: &str,
) -> PyResult<Vec<T>> {
    let [x, y, z] = grid.dims;
    if array.shape() != [z, y, x] {
        let text = format!("{name} has the shape {:?}, its grid {:?}", array.shape(), [z, y, x]);
        return Err(PyValueError::new_err(text));
    }
    // In the order of the elements, whatever that in memory is.
    Ok(array.as_slice().map_or_else(|_| array.as_array().iter().copied().collect(), <[T]>::to_vec))
}

/// The image of an array.
pub fn volume(array: &PyReadonlyArray3<'_, f32>, grid: &Grid, name: &str) -> PyResult<Volume<f32>> {
    let values = values(array, grid, name)?;
    Volume::new(grid.clone(), values).map_err(super::error::of)
}

/// The array of an image.
pub fn array<'py, T: Element>(
    py: Python<'py>,
    volume: Volume<T>,
) -> PyResult<Bound<'py, PyArray3<T>>> {
    Ok(PyArray3::from_owned_array(py, volume.into_array()))
}

/// The regions of masks, labelled from 1.
pub fn regions(masks: &Masks<'_>, grid: &Grid) -> PyResult<RegionSet> {
    let one = |(label, (name, mask)): (u32, &(String, PyReadonlyArray3<'_, f32>))| {
        let shares = values(mask, grid, &format!("the mask of '{name}'"))?;
        Ok(Region::from_shares(label, name, "array", &shares))
    };
    let regions = (1..).zip(masks).map(one).collect::<PyResult<_>>()?;
    Ok(RegionSet { grid: grid.clone(), regions })
}
