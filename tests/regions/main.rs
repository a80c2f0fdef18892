//! Volumes of interest from files: written here with known volumes, broken on purpose, and real ones with the values of others.

mod labels;
mod objects;
mod real;
mod rtstruct;
mod seg;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../support/shared.rs"]
mod shared;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/writer.rs"]
mod writer;
