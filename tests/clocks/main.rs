//! Dates, clocks and decay corrections from the file to the decays of a run: series written here from a decaying source of known activity,
//! in every convention, and a real PET whose tags are changed; the decays must be A0 / lambda.

mod contradictory;
mod frames;
mod headers;
mod retagged;
mod series;
#[path = "../support/shared.rs"]
mod shared;
mod single;
mod source;
mod stated;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/writer.rs"]
mod writer;
