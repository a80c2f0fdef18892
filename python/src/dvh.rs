//! `voxgray dvh` on arrays.

use numpy::{PyArray1, PyReadonlyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voxgray::analysis::VoiMetrics;
use voxgray::cli::arrays::dvh::{DoseMap, Row, dvh as dvh_of_arrays};
use voxgray::stats::NORMAL_97_5;

use super::arrays::{GridParts, Masks, grid, regions, values, volume};
use super::error;
use super::options::table;

/// A value that was read.
#[derive(IntoPyObject)]
pub struct Value {
    voi: String,
    quantity: String,
    unit: String,
    value: f64,
    bias: Option<f64>,
    standard_error: Option<f64>,
    interval_95: Option<[f64; 2]>,
}

/// A cumulative histogram.
#[derive(IntoPyObject)]
pub struct Histogram<'py> {
    voi: String,
    value: Bound<'py, PyArray1<f64>>,
    share: Bound<'py, PyArray1<f64>>,
    low_95: Option<Bound<'py, PyArray1<f64>>>,
    high_95: Option<Bound<'py, PyArray1<f64>>>,
}

/// What was read.
#[derive(IntoPyObject)]
pub struct Dvh<'py> {
    values: Vec<Value>,
    histograms: Vec<Histogram<'py>>,
    refused: Vec<(String, String)>,
}

#[pyfunction]
#[pyo3(signature = (values, grid, vois, standard_error, density, mean_standard_errors, options))]
#[expect(clippy::too_many_arguments, reason = "the package gives them names")]
pub fn dvh<'py>(
    py: Python<'py>,
    values: PyReadonlyArray3<'py, f32>,
    grid: GridParts,
    vois: Masks<'py>,
    standard_error: Option<PyReadonlyArray3<'py, f32>>,
    density: Option<PyReadonlyArray3<'py, f32>>,
    mean_standard_errors: Vec<f64>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Dvh<'py>> {
    let grid = self::grid(grid);
    let also = |array: Option<PyReadonlyArray3<'py, f32>>, name: &str| {
        array.map(|a| self::values(&a, &grid, name)).transpose()
    };
    let map = DoseMap {
        values: volume(&values, &grid, "the map")?,
        standard_errors: also(standard_error, "standard_error")?,
        density: also(density, "density")?,
    };
    let (set, options) = (regions(&vois, &grid)?, table(Some(options))?);
    let read = py
        .detach(|| dvh_of_arrays(&map, set, &mean_standard_errors, &options))
        .map_err(error::refused)?;
    let value = |r: Row| Value {
        voi: r.voi,
        quantity: r.quantity,
        unit: r.unit,
        value: r.value.value,
        bias: r.value.bias,
        standard_error: r.value.standard_error,
        interval_95: r.interval_95,
    };
    let histogram = |(voi, read): (String, VoiMetrics)| {
        let edges = read.dvh.edges();
        let share = read.dvh.cumulative(&edges);
        let band = read.noise.as_ref().map(|n| n.band(&read.dvh, NORMAL_97_5, &edges));
        let (low, high) = match band {
            Some(band) => {
                let (low, high) = band.into_iter().unzip();
                (Some(PyArray1::from_vec(py, low)), Some(PyArray1::from_vec(py, high)))
            }
            None => (None, None),
        };
        Histogram {
            voi,
            value: PyArray1::from_vec(py, edges),
            share: PyArray1::from_vec(py, share),
            low_95: low,
            high_95: high,
        }
    };
    Ok(Dvh {
        values: read.rows.into_iter().map(value).collect(),
        histograms: read.histograms.into_iter().map(histogram).collect(),
        refused: read.refused.into_iter().map(|(name, e)| (name, e.to_string())).collect(),
    })
}
