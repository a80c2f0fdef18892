//! From dose to a decision: histograms, biologically effective dose, equivalent uniform doses, limits, marrow, planning of radioembolisation.
//! It knows doses, regions and curves, never transport. Formulas with the user's parameters: nothing here advises.
//! Equations and sources: `docs/analysis.md`.

pub mod bed;
pub mod bed_voxels;
pub mod difference;
pub mod dose_rate;
pub mod dvh;
pub mod eud;
pub mod gamma;
pub mod interfaces;
pub mod limits;
pub mod marrow;
pub mod metrics;
pub mod noise;
pub mod samples;
pub mod sirt;
pub mod sirt_image;

pub use bed::{Course, Tissue};
pub use bed_voxels::{CycleOfVoxels, bed_of_voxels};
pub use difference::{Difference, Pair};
pub use dose_rate::{DoseRate, Repair};
pub use dvh::Dvh;
pub use eud::Formula;
pub use metrics::{Metric, VoiMetrics};
pub use noise::{Estimate, Noise};
pub use samples::{Map, Samples, Sampling, sample};
