//! Folders that voxgray writes: what of them is its own, and who writes to them now.

mod lock;
mod mark;
mod marked;

pub use lock::FolderLock;
pub use mark::{Contents, MARK, Mark, MarkedFile, remove_half_written, remove_output};
pub use marked::MarkedFolder;

use std::path::Path;

use crate::error::Result;

/// In the output folder of a study, and listed by its mark: what was run there.
pub const STAGES: &str = "stages.json";

/// Whether a folder is the output of a study.
///
/// # Errors
/// If the user asked to stop.
pub fn is_study_output(folder: &Path) -> Result<bool> {
    Ok(Mark::read(folder)?.is_some_and(|mark| mark.lists(STAGES)))
}
