//! A study from a BIDS dataset of PET: `sub-X/[ses-Y/]pet/*_pet.nii.gz` with their sidecars, a CT where there is one. Neglects everything that only
//! pixels tell, and datasets' tables (`participants.tsv`, `scans.tsv`).

mod factors;
mod facts;
mod files;
mod subject;

use std::path::Path;

use super::Draft;
use crate::error::{Error, Result};

/// Studies of such a folder, one for each subject, and what is told of all; none where it is none.
///
/// # Errors
/// If no subject gives a study: the first reason.
pub fn drafts(folder: &Path) -> Result<Option<(Vec<Draft>, Vec<String>)>> {
    let mut subjects = files::folders(folder, "sub-")?;
    if subjects.is_empty() {
        // One subject, or one session of it.
        subjects.push(folder.to_path_buf());
    }
    let mut all = Vec::new();
    for place in subjects {
        let sessions = subject::sessions(&place)?;
        if !sessions.is_empty() {
            all.push((place, sessions));
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let several = all.len() > 1;
    let (mut drafts, mut notes, mut first) = (Vec::new(), Vec::new(), None::<Error>);
    for (place, sessions) in &all {
        let label = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match subject::draft(folder, sessions) {
            Ok(mut draft) => {
                if several {
                    draft.name = format!("study-{label}.toml");
                }
                drafts.push(draft);
            }
            Err(error) => {
                notes.push(format!("{label}: no study: {error}"));
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if drafts.is_empty() => Err(error),
        _ => Ok(Some((drafts, notes))),
    }
}
