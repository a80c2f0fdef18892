//! A study: one file that says what is known of a patient's treatment, and the commands that follow from it.
//!
//! Nothing is computed here and nothing can be done only here: a study becomes command lines of the other commands and the series files that
//! they read. A stage is one of them with the hash of all that it depends on; it is run where that hash is not the one that it was run with.

pub mod commands;
mod file;
pub mod given;
pub mod init;
mod key;
pub mod lines;
pub mod methods;
mod order;
mod paths;
pub mod place;
pub mod record;
mod series_text;
pub mod stage;
mod stages;
mod tables;
mod vois;
pub mod words;

pub use commands::{Commands, OptionFacts};
pub use file::{Cycle, Study, VERSION};
pub use key::Keys;
pub use methods::StudyMethod;
pub use order::cycles_told;
pub use record::{Done, Record};
pub use stage::{Output, Stage, Word};
pub use stages::NONE;
