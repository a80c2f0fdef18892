//! A study file from a folder: what was found, what was taken, and what could not be decided, each as a line to complete. Neglects everything that
//! only reading the pixels tells: `voxgray check` does.

mod bids;
mod dicom;
mod layout;
mod patients;
mod reconstructions;
mod text;
mod vois;

use std::path::Path;

use crate::error::{Error, Result};
use crate::io::dicom::survey;

/// A study file that was not written yet.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Whose it is and what is missing, for the terminal.
    pub told: Vec<String>,
}

/// Study files for what lies in a folder, one for each patient, and what was passed over.
///
/// # Errors
/// If the folder cannot be read, or holds nothing that a study is made of.
pub fn drafts(folder: &Path) -> Result<(Vec<Draft>, Vec<String>)> {
    if !folder.is_dir() {
        return Err(Error::usage(
            format!("{} is no folder", folder.display()),
            "a study is made from a folder of images",
            "Name the folder of an export.",
        ));
    }
    let (found, mut notes) = survey(folder)?;
    let images = found.iter().filter(|s| ["PT", "NM"].contains(&s.facts.modality.as_str())).count();
    if images > 0 {
        let (drafts, more) = dicom::drafts(folder, found);
        notes.extend(more);
        return Ok((drafts, notes));
    }
    if let Some((drafts, more)) = bids::drafts(folder)? {
        notes.extend(more);
        return Ok((drafts, notes));
    }
    if let Some(draft) = layout::draft(folder)? {
        return Ok((vec![draft], notes));
    }
    let cts = found.iter().filter(|s| s.facts.modality == "CT").count();
    Err(Error::input(
        format!("{}: no activity image ({cts} CT series)", folder.display()),
        "neither PET or NM objects (DICOM), nor sub-X/pet/*_pet.nii.gz (BIDS), nor folders cycleN/tpN/{ct,spect,rois} lie in it",
        "Name the folder above them, or write the study by hand: voxgray help-file study.",
    ))
}
