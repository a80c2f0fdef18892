//! f64 facts to f32 tables: one file per kind of table, used only by the plan.

pub mod angular;
pub mod beam;
pub mod cells;
pub mod faces;
pub mod lepton;
pub mod material;
pub mod neighbours;
pub mod photon;
pub mod source;
pub mod steps;
pub mod store;
pub mod straggling;
pub mod thresholds;
