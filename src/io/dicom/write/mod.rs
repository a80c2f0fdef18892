//! New DICOM objects from maps and regions: RT Dose (with a plan, where one is asked for), Parametric Map, Segmentation, RT Structure
//! Set, Measurement Report, Spatial Registration; CT and SPECT of a patient who is made up.
//!
//! Patient, study and frame of reference are a reference image's (of made-up images [`NewStudy`]'s); UIDs follow from the content. Written uncompressed, in UTF-8 where ASCII does not do.

mod content_item;
mod ct_image;
mod decimal;
mod fields;
mod functional_groups;
mod measurement_report;
mod new_study;
mod nm_image;
mod object;
mod parametric_map;
mod planes;
mod reference;
mod regions;
mod rt_dose;
mod rt_plan;
mod segmentation;
mod spatial_registration;
mod structure_set;
mod uid;

pub use ct_image::ct_images;
pub use measurement_report::{Measure, MeasuredVoi, measurement_report};
pub use new_study::NewStudy;
pub use nm_image::{SpectContent, nm_image};
pub use object::{Author, Equipment, NewObject};
pub use parametric_map::{MapContent, MapQuantity, parametric_map};
pub use reference::{Reference, read_reference};
pub use rt_dose::{DoseBits, DoseContent, DoseType, Summation, rt_dose};
pub use rt_plan::rt_plan;
pub use segmentation::segmentation;
pub use spatial_registration::{RegistrationContent, spatial_registration};
pub use structure_set::structure_set;
pub use uid::UidRoot;
