//! voxgray for Python: arrays and options to the library, results to arrays. No logic of its own; the package `voxgray` around it gives
//! results their names.

#![forbid(unsafe_code)]

mod arrays;
mod call;
mod dose;
mod dvh;
mod error;
mod fit;
mod images;
mod kernel;
mod nuclide;
mod options;
mod patient;
mod watch;

use pyo3::prelude::*;

#[pymodule]
mod _voxgray {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::call::command;
    #[pymodule_export]
    use super::dose::dose;
    #[pymodule_export]
    use super::dvh::dvh;
    #[pymodule_export]
    use super::error::Error;
    #[pymodule_export]
    use super::fit::{Curve, fit};
    #[pymodule_export]
    use super::images::{read_activity, read_ct, read_image, read_vois, write_image};
    #[pymodule_export]
    use super::kernel::kernel;
    #[pymodule_export]
    use super::nuclide::{choose_nuclide_data, nuclide};
    #[pymodule_export]
    use super::patient::synthetic_patient;

    /// Tables are kept for the next process, as by the program.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        voxgray::transport::tables::store::keep_in(voxgray::io::cache::default_folder());
        Ok(())
    }

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
