//! voxgray: absorbed dose in targeted radionuclide therapy by Monte Carlo transport.

pub mod activity;
pub mod cli;
pub mod constants;
pub mod dose;
pub mod error;
pub mod image;
pub mod io;
pub mod job;
pub mod phantom;
pub mod physics;
pub mod pipeline;
pub mod report;
pub mod source;
pub mod stats;
pub mod tables;
pub mod transport;
pub mod units;

pub use error::{Error, ErrorKind, Result};
