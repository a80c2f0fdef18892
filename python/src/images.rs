//! Images and VOIs in files.

use std::path::PathBuf;

use numpy::{PyArray3, PyReadonlyArray3};
use pyo3::prelude::*;
use voxgray::activity::InputUnit;
use voxgray::image::{Region, Volume};
use voxgray::io::{ImageOptions, NiftiAffine, RegionOptions, read_label_table};
use voxgray::job::ActivityInput;
use voxgray::pipeline::inputs;

use super::arrays::{GridParts, array, grid, parts, volume};
use super::error;
use super::watch::Heard;

/// An array with its grid, and what the reader tells.
type Read<'py> = (Bound<'py, PyArray3<f32>>, GridParts, Vec<String>);

/// Names with the share of each voxel that lies inside.
type Vois<'py> = Vec<(String, Bound<'py, PyArray3<f32>>)>;

fn given(py: Python<'_>, volume: Volume<f32>, told: Vec<String>) -> PyResult<Read<'_>> {
    let grid = parts(&volume.grid);
    Ok((array(py, volume)?, grid, told))
}

#[pyfunction]
#[pyo3(signature = (path, frame))]
pub fn read_image(py: Python<'_>, path: PathBuf, frame: Option<usize>) -> PyResult<Read<'_>> {
    let options = ImageOptions { frame, ..ImageOptions::default() };
    let read = py.detach(|| voxgray::io::read_image_with(&path, &options));
    let (volume, info) = read.map_err(error::of)?;
    given(py, volume, info.notes)
}

#[pyfunction]
#[pyo3(signature = (path, series))]
pub fn read_ct(py: Python<'_>, path: PathBuf, series: Option<String>) -> PyResult<Read<'_>> {
    let told = Heard::default();
    let read = py.detach(|| {
        let affine = NiftiAffine::default();
        inputs::read_ct(&path, series.as_deref(), affine, &told, &mut Vec::new())
    });
    given(py, read.map_err(error::of)?, told.told())
}

#[pyfunction]
#[pyo3(signature = (path, series, unit))]
pub fn read_activity<'py>(
    py: Python<'py>,
    path: PathBuf,
    series: Option<String>,
    unit: Option<&str>,
) -> PyResult<Read<'py>> {
    let unit = unit.map(str::parse::<InputUnit>).transpose().map_err(error::of)?;
    let told = Heard::default();
    let read = py.detach(|| {
        let input = ActivityInput { series, unit, ..ActivityInput::of(path) };
        let affine = NiftiAffine::default();
        inputs::read_activity(&input, None, affine, &told, &mut Vec::new())
    });
    let (map, _) = read.map_err(error::of)?;
    given(py, map.volume, told.told())
}

#[pyfunction]
#[pyo3(signature = (path, grid, names, only))]
pub fn read_vois<'py>(
    py: Python<'py>,
    path: PathBuf,
    grid: GridParts,
    names: Option<PathBuf>,
    only: Vec<String>,
) -> PyResult<(Vois<'py>, Vec<String>)> {
    let grid = self::grid(grid);
    let read = py.detach(|| {
        let names = names.map(|n| read_label_table(&n)).transpose()?.unwrap_or_default();
        let options = RegionOptions { only, names, ..RegionOptions::default() };
        voxgray::io::read_regions(&path, Some(&grid), &options)
    });
    let read = read.map_err(error::of)?;
    let told = read.told().map(|(_, text)| text).collect();
    let mask = |region: &Region| {
        let mut shares = vec![0.0_f32; grid.len()];
        region.iter().for_each(|(voxel, share)| shares[voxel] = share as f32);
        let volume = Volume::new(grid.clone(), shares).map_err(error::of)?;
        Ok((region.name.clone(), array(py, volume)?))
    };
    Ok((read.set.regions.iter().map(mask).collect::<PyResult<_>>()?, told))
}

#[pyfunction]
#[pyo3(signature = (path, values, grid))]
pub fn write_image(
    py: Python<'_>,
    path: PathBuf,
    values: PyReadonlyArray3<'_, f32>,
    grid: GridParts,
) -> PyResult<()> {
    let volume = volume(&values, &self::grid(grid), "the image")?;
    py.detach(|| voxgray::io::write_nifti(&path, &volume)).map_err(error::of)
}
