//! `voxgray nuclide`.

use pyo3::prelude::*;
use voxgray::cli::nuclide_json;
use voxgray::physics::NuclideData;

use super::error;

/// What `voxgray nuclide NAME --json` prints.
#[pyfunction]
#[pyo3(signature = (name, horizon_s, retained))]
pub fn nuclide(name: &str, horizon_s: Option<f64>, retained: f64) -> PyResult<String> {
    nuclide_json::json(name, horizon_s, retained).map_err(error::of)
}

/// Chooses the nuclear decay data of this process: `icrp107` or `ensdf`.
///
/// It is chosen before the first nuclide is looked up, and stays.
#[pyfunction]
pub fn choose_nuclide_data(name: &str) -> PyResult<()> {
    NuclideData::from_name(name).and_then(NuclideData::choose).map_err(error::of)
}
