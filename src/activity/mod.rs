//! Counts and concentrations to Bq (or Bq s) per voxel.

mod map;
mod unit;

pub use map::{ActivityMap, NegativeRule, Negatives, Quantity};
pub use unit::{Calibration, InputUnit};
