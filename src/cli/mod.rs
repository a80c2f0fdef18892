//! The commands, one file each.

pub mod nuclide;
pub mod trace;
