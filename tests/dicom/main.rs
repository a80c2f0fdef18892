//! DICOM reading: real series, damaged files, and series written here to be broken on purpose.

mod activity;
mod ct;
mod hostile;
mod objects;
mod real;
mod stacks;
mod writer;
