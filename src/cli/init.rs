//! `voxgray init`: a study file from a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::console::say;
use super::progress::print;
use crate::error::{Error, ErrorKind, Result};
use crate::io::atomic::write_atomically;
use crate::study::init::drafts;

const AFTER: &str = "\
Looks through FOLDER and all below it: DICOM (CT, PET and NM of several days, RTSTRUCT, SEG,
REG), by patient, frame of reference and time; a BIDS dataset, sub-X/[ses-Y/]pet/*_pet.nii.gz
with its sidecars; or folders cycleN/tpN/{ct,spect,rois} of other images. Writes study.toml into
it: what was found and taken, and as lines that begin with # what could not be decided. Of
several patients each gets a file of its own, study-1.toml, ....
Headers are read, not pixels: voxgray check reads what the study names.

Example:
  voxgray init export/ && voxgray check export/study.toml";

/// Options of `voxgray init`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct InitArguments {
    /// Folder to look through; the study file is written into it.
    folder: PathBuf,
    /// Print the study file instead.
    #[arg(long)]
    print: bool,
}

/// Writes study files.
///
/// # Errors
/// If the folder cannot be read, holds no activity image, or a study file is there already.
pub fn run(a: &InitArguments) -> Result<ExitCode> {
    let (drafts, notes) = drafts(&a.folder)?;
    notes.iter().for_each(|n| say(n));
    let place = |name: &str| -> PathBuf { a.folder.join(name) };
    if let Some(there) = drafts.iter().map(|d| place(&d.name)).find(|p| p.exists() && !a.print) {
        return Err(exists(&there));
    }
    let mut written = String::new();
    for draft in &drafts {
        draft.told.iter().for_each(|t| say(&format!("{}: {t}", draft.name)));
        if a.print {
            written += &draft.text;
            continue;
        }
        let path = place(&draft.name);
        write_atomically(&path, |w| w.write_all(draft.text.as_bytes()))?;
        written += &format!("file\t{}\n", path.display());
    }
    print(&written)?;
    Ok(ExitCode::SUCCESS)
}

fn exists(path: &Path) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("cannot write {}", path.display()),
        "it is there already, and may have been completed by hand",
        "Move it away, or add --print and compare.",
    )
}
