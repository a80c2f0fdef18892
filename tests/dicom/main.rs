//! DICOM reading: real series, damaged files, and series written here to be broken on purpose.

mod activity;
mod ct;
mod dose_objects;
mod enhanced;
mod frames;
mod hostile;
mod listing;
mod objects;
mod real;
mod real_world;
mod registration;
mod rt_dose;
#[path = "../support/shared.rs"]
mod shared;
mod stacks;
mod writer;
