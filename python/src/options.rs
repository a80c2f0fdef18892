//! Options of the program from Python: texts, numbers, True and False, lists, dicts of them, and paths.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use toml::{Table, Value};

/// A table as a study file has it; what is None is not given.
pub fn table(options: Option<&Bound<'_, PyDict>>) -> PyResult<Table> {
    let mut table = Table::new();
    for (key, of) in options.into_iter().flat_map(|o| o.iter()) {
        if !of.is_none() {
            let key: String = key.extract()?;
            let read = value(&of).map_err(|e| PyTypeError::new_err(format!("{key}: {e}")))?;
            table.insert(key, read);
        }
    }
    Ok(table)
}

fn value(of: &Bound<'_, PyAny>) -> PyResult<Value> {
    if of.is_instance_of::<PyBool>() {
        return Ok(Value::Boolean(of.extract()?));
    }
    if of.is_instance_of::<PyString>() {
        return Ok(Value::String(of.extract()?));
    }
    if of.is_instance_of::<PyInt>() {
        return Ok(Value::Integer(of.extract()?));
    }
    if of.is_instance_of::<PyFloat>() {
        return Ok(Value::Float(of.extract()?));
    }
    if of.is_instance_of::<PyList>() || of.is_instance_of::<PyTuple>() {
        let items = of.try_iter()?.map(|item| value(&item?));
        return Ok(Value::Array(items.collect::<PyResult<_>>()?));
    }
    if let Ok(items) = of.cast::<PyDict>() {
        return Ok(Value::Table(table(Some(items))?));
    }
    if of.cast::<PyMapping>().is_err() {
        // Numbers of numpy, then paths.
        if let Ok(number) = of.extract::<i64>() {
            return Ok(Value::Integer(number));
        }
        if let Ok(number) = of.extract::<f64>() {
            return Ok(Value::Float(number));
        }
        if let Ok(path) = of.extract::<std::path::PathBuf>() {
            return Ok(Value::String(path.display().to_string()));
        }
    }
    Err(PyTypeError::new_err(format!("{} is no value of an option", of.get_type())))
}
