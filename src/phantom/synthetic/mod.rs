//! Phantoms without a patient: analytic ones for validation, a patient-like one for the demo.

mod analytic;
mod anatomy;
mod patient;
mod shapes;

pub use analytic::{Slab, slabs_along_z, uniform_box};
pub use patient::{
    ORGANS, Organ, PICTURE_CENTRE_MM, SyntheticPatient, SyntheticPatientOptions, synthetic_patient,
};
