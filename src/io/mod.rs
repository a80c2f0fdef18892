//! Files to and from image types; no physics.

pub mod dicom;
