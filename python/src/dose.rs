//! `voxgray dose` on arrays.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use numpy::{PyArray3, PyReadonlyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voxgray::cli::arrays::dose::{Matter, dose as dose_of_arrays};

use super::arrays::{GridParts, Masks, array, grid, regions, volume};
use super::error;
use super::options::table;
use super::watch::{Heard, watched};

/// Mean dose of a VOI.
#[derive(IntoPyObject)]
pub struct VoiDose {
    name: String,
    mass_g: f64,
    mean: f64,
    standard_error: f64,
}

/// Maps and VOIs.
#[derive(IntoPyObject)]
pub struct Dose<'py> {
    values: Bound<'py, PyArray3<f32>>,
    standard_error: Bound<'py, PyArray3<f32>>,
    density: Bound<'py, PyArray3<f32>>,
    unit: &'static str,
    vois: Vec<VoiDose>,
    histories: u64,
    total: f64,
    told: Vec<String>,
}

#[pyfunction]
#[pyo3(signature = (activity, grid, ct, density, materials, vois, progress, options))]
#[expect(clippy::too_many_arguments, reason = "the package gives them names")]
pub fn dose<'py>(
    py: Python<'py>,
    activity: PyReadonlyArray3<'py, f32>,
    grid: GridParts,
    ct: Option<PyReadonlyArray3<'py, f32>>,
    density: Option<PyReadonlyArray3<'py, f32>>,
    materials: Option<PyReadonlyArray3<'py, f32>>,
    vois: Masks<'py>,
    progress: Option<Py<PyAny>>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Dose<'py>> {
    let grid = self::grid(grid);
    let matter = match (ct, density, materials) {
        (Some(ct), None, None) => Matter::Ct(volume(&ct, &grid, "ct")?),
        (None, Some(density), Some(labels)) => {
            Matter::Maps(volume(&density, &grid, "density")?, volume(&labels, &grid, "materials")?)
        }
        _ => {
            return Err(error::of(voxgray::Error::usage(
                "no matter, or too much of it",
                "decays need something to happen in",
                "Give ct, or density with materials and material_names.",
            )));
        }
    };
    let activity = volume(&activity, &grid, "activity")?;
    let (vois, options) = (regions(&vois, &grid)?, table(Some(options))?);
    let (stop, heard) = (AtomicBool::new(false), Heard::default());
    let look = |py: Python<'_>| heard.tell(py, progress.as_ref());
    let work = || dose_of_arrays(matter, activity, &vois, &options, &heard, &stop);
    let done = watched(py, || stop.store(true, Relaxed), look, work)?.map_err(error::refused)?;
    heard.tell(py, progress.as_ref())?;
    let found = done.dose;
    let voi = |v: voxgray::dose::VoiMean| VoiDose {
        name: v.name,
        mass_g: v.mass_g,
        mean: v.mean,
        standard_error: v.standard_error,
    };
    let density = voxgray::image::Volume { grid, data: done.phantom.density };
    Ok(Dose {
        histories: found.tally.histories(),
        values: array(py, found.dose)?,
        standard_error: array(py, found.standard_error)?,
        density: array(py, density)?,
        unit: done.unit,
        vois: found.vois.into_iter().map(voi).collect(),
        total: done.total,
        told: heard.told(),
    })
}
