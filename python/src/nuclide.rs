//! `voxgray nuclide`.

use std::path::PathBuf;

use pyo3::prelude::*;
use voxgray::cli::nuclide_json;
use voxgray::physics::NuclideData;
use voxgray::physics::own_nuclides::OwnNuclides;

use super::error;

/// What `voxgray nuclide NAME --json` prints.
#[pyfunction]
#[pyo3(signature = (name, horizon_s, retained))]
pub fn nuclide(name: &str, horizon_s: Option<f64>, retained: f64) -> PyResult<String> {
    nuclide_json::json(name, horizon_s, retained).map_err(error::of)
}

/// Chooses the nuclear decay data of this process, `ensdf` or `icrp107`, and a file of one's own nuclides.
///
/// They are chosen before the first nuclide is looked up, and stay.
#[pyfunction]
#[pyo3(signature = (name, file))]
pub fn choose_nuclide_data(name: &str, file: Option<PathBuf>) -> PyResult<()> {
    NuclideData::from_name(name).and_then(NuclideData::choose).map_err(error::of)?;
    file.map_or(Ok(()), |path| OwnNuclides::choose(&path)).map_err(error::of)
}
