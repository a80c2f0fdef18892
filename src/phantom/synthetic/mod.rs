//! Phantoms without a patient: analytic ones for validation, a patient-like one for the demo, and his treatment.

mod analytic;
mod anatomy;
mod patient;
mod shapes;
mod treatment;

pub use analytic::{Slab, slabs_along_z, uniform_box};
pub use patient::{
    ORGANS, Organ, PICTURE_CENTRE_MM, SyntheticPatient, SyntheticPatientOptions, synthetic_patient,
};
pub use treatment::{
    KINETICS, OrganTruth, Scan, SyntheticTreatment, TreatmentOptions, synthetic_treatment,
};
