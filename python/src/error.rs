//! The library's error as a Python exception with the same text; an interrupted call is a `KeyboardInterrupt`.

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use voxgray::ErrorKind;
use voxgray::cli::call::Refused;

create_exception!(
    voxgray,
    Error,
    PyException,
    "What is wrong, why, and what to do, in the text of the program.\n\n\
     `kind` is usage, input, io or run, as the program's exit codes 2 to 5; `problem`, `why` and `suggestion` are the parts of the text."
);

fn with(text: String, kind: ErrorKind, parts: [String; 3]) -> PyErr {
    let kind = match kind {
        ErrorKind::Interrupted => return PyKeyboardInterrupt::new_err(text),
        ErrorKind::Usage => "usage",
        ErrorKind::Input => "input",
        ErrorKind::Io => "io",
        ErrorKind::Run => "run",
    };
    let error = Error::new_err(text);
    let [problem, why, suggestion] = parts;
    let attributes =
        [("kind", kind), ("problem", &problem), ("why", &why), ("suggestion", &suggestion)];
    let set = |py: Python<'_>| {
        attributes.iter().try_for_each(|(name, value)| error.value(py).setattr(*name, *value))
    };
    match Python::attach(set) {
        Ok(()) => error,
        Err(other) => other,
    }
}

/// The exception of an error.
pub fn of(error: voxgray::Error) -> PyErr {
    with(error.to_string(), error.kind, [error.problem, error.why, error.suggestion])
}

/// The exception of a command that has no result.
pub fn refused(refused: Refused) -> PyErr {
    match refused {
        Refused::Error(error) => of(error),
        Refused::Words(text) => {
            with(text.clone(), ErrorKind::Usage, [text, String::new(), String::new()])
        }
    }
}
