//! `voxgray kernel` in memory.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use numpy::{PyArray2, PyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voxgray::cli::arrays::kernel::kernel as kernel_of_options;

use super::arrays::{GridParts, array, parts};
use super::error;
use super::options::table;
use super::watch::{Heard, watched};

/// A table, and of voxels an image.
#[derive(IntoPyObject)]
pub struct Kernel<'py> {
    about: String,
    columns: Vec<String>,
    rows: Bound<'py, PyArray2<f64>>,
    s_values: Option<Bound<'py, PyArray3<f32>>>,
    grid: Option<GridParts>,
}

#[pyfunction]
#[pyo3(signature = (progress, options))]
pub fn kernel<'py>(
    py: Python<'py>,
    progress: Option<Py<PyAny>>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Kernel<'py>> {
    let options = table(Some(options))?;
    let (stop, heard) = (AtomicBool::new(false), Heard::default());
    let look = |py: Python<'_>| heard.tell(py, progress.as_ref());
    let work = || kernel_of_options(&options, &heard, &stop);
    let made = watched(py, || stop.store(true, Relaxed), look, work)?.map_err(error::refused)?;
    let rows =
        PyArray2::from_vec2(py, &made.rows).map_err(|e| PyValueError::new_err(e.to_string()))?;
    let grid = made.image.as_ref().map(|i| parts(&i.grid));
    let s_values = made.image.map(|i| array(py, i)).transpose()?;
    Ok(Kernel { about: made.head, columns: made.columns, rows, s_values, grid })
}
