//! `voxgray fit` on one curve.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use voxgray::cli::arrays::fit::fit as fit_of_arrays;
use voxgray::kinetics::Integrated;

use super::error;
use super::options::table;

/// The curve behind an integral: called with times (s), it gives its values.
#[pyclass(module = "voxgray", frozen)]
pub struct Curve(Integrated);

#[pymethods]
impl Curve {
    /// Values and standard uncertainties at times after injection, s; an uncertainty is 0 where the method has none.
    fn at<'py>(
        &self,
        py: Python<'py>,
        times_s: PyReadonlyArray1<'py, f64>,
    ) -> (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>) {
        let (values, errors) = times_s.as_array().iter().map(|t| self.0.at(*t)).unzip();
        (PyArray1::from_vec(py, values), PyArray1::from_vec(py, errors))
    }
}

/// A parameter of a fit.
#[derive(IntoPyObject)]
pub struct Parameter {
    name: String,
    value: f64,
    standard_uncertainty: f64,
}

/// A family that was compared.
#[derive(IntoPyObject)]
pub struct Candidate {
    family: &'static str,
    weight: f64,
    criterion: Option<f64>,
    reason: Option<String>,
}

/// The integral.
#[derive(IntoPyObject)]
pub struct Fit {
    integral: f64,
    standard_uncertainty: f64,
    interval_95: (f64, f64),
    share_before_first: f64,
    share_after_last: f64,
    model: String,
    warnings: Vec<String>,
    effective_half_life_s: Option<f64>,
    chi2: Option<f64>,
    degrees_of_freedom: Option<usize>,
    parameters: Vec<Parameter>,
    candidates: Vec<Candidate>,
    curve: Curve,
}

#[pyfunction]
#[pyo3(signature = (times_s, values, uncertainties, options))]
pub fn fit(
    times_s: Vec<f64>,
    values: Vec<f64>,
    uncertainties: Option<Vec<f64>>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Fit> {
    let options = table(Some(options))?;
    let found = fit_of_arrays(times_s, values, uncertainties, &options).map_err(error::refused)?;
    let (tia, of) = (&found.tia, found.fit());
    let parameter = |p: &voxgray::kinetics::fit::Parameter| Parameter {
        name: p.name.to_string(),
        value: p.value,
        standard_uncertainty: p.standard_uncertainty,
    };
    let candidate = |c: &voxgray::kinetics::select::Candidate| Candidate {
        family: c.family.name(),
        weight: c.weight,
        criterion: c.criterion,
        reason: c.reason.clone(),
    };
    Ok(Fit {
        integral: tia.value,
        standard_uncertainty: tia.standard_uncertainty,
        interval_95: tia.interval_95,
        share_before_first: tia.share_before_first,
        share_after_last: tia.share_after_last,
        model: found.name(),
        warnings: tia.warnings.clone(),
        effective_half_life_s: of.map(|f| f.curve.effective_half_life_s()),
        chi2: of.map(|f| f.chi2),
        degrees_of_freedom: of.map(|f| f.degrees_of_freedom),
        parameters: of.map_or(Vec::new(), |f| f.parameters.iter().map(parameter).collect()),
        candidates: found.candidates.iter().map(candidate).collect(),
        curve: Curve(found),
    })
}
