//! The demo's patient.

use std::collections::BTreeMap;

use numpy::PyArray3;
use pyo3::prelude::*;
use voxgray::phantom::synthetic::{
    ORGANS, Organ, SyntheticPatientOptions, synthetic_patient as make,
};

use super::arrays::{GridParts, array, parts};
use super::error;

/// An array with its grid.
pub type Placed<'py, T> = (Bound<'py, PyArray3<T>>, GridParts);

/// CT (HU), organs (labels) on its grid, their names by label, SPECT (Bq/mL).
#[derive(IntoPyObject)]
pub struct Patient<'py> {
    ct: Placed<'py, f32>,
    organs: Bound<'py, PyArray3<u8>>,
    names: BTreeMap<u8, &'static str>,
    activity: Placed<'py, f32>,
}

#[pyfunction]
#[pyo3(signature = (ct_spacing_mm, spect_spacing_mm, total_activity_bq, seed))]
pub fn synthetic_patient<'py>(
    py: Python<'py>,
    ct_spacing_mm: [f64; 3],
    spect_spacing_mm: [f64; 3],
    total_activity_bq: f64,
    seed: u64,
) -> PyResult<Patient<'py>> {
    let options = SyntheticPatientOptions {
        ct_spacing_mm,
        spect_spacing_mm,
        total_activity_bq,
        seed,
        ..SyntheticPatientOptions::default()
    };
    let patient = py.detach(|| make(&options)).map_err(error::of)?;
    let inside = ORGANS.iter().filter(|o| o.0 != Organ::Outside);
    let (ct, activity) = (parts(&patient.ct.grid), parts(&patient.activity.grid));
    Ok(Patient {
        ct: (array(py, patient.ct)?, ct),
        organs: array(py, patient.labels)?,
        names: inside.map(|(organ, name, _)| (*organ as u8, *name)).collect(),
        activity: (array(py, patient.activity)?, activity),
    })
}
