//! An image in any unit that is proportional to activity: counts serve as well as Bq/mL where only parts of a whole are asked for.

use std::path::Path;

use super::Observer;
use super::voi_files::tell_notes;
use crate::error::Result;
use crate::io::dicom::{self, CountFactor, ReadOptions};
use crate::io::{MapFile, NiftiAffine, read_map_file};

/// Reads a reconstructed PET or NM (DICOM, in Bq/mL or counts), NIfTI, MetaImage or NRRD.
///
/// # Errors
/// If it is none of these, or damaged.
pub fn read_proportional(
    path: &Path,
    affine: NiftiAffine,
    observer: &dyn Observer,
) -> Result<MapFile> {
    crate::files::exists(path)?;
    if !dicom::is_dicom(path)? {
        let found = read_map_file(path, affine)?;
        tell_notes(path, found.notes.iter(), true, observer);
        return Ok(found);
    }
    let (paths, stated) = ([path.to_path_buf()], ReadOptions::default());
    let counts = ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..stated.clone() };
    let read = dicom::read_activity(&paths, &stated)
        .or_else(|first| dicom::read_activity(&paths, &counts).map_err(|_| first))?;
    tell_notes(path, read.notes.iter(), false, observer);
    Ok(MapFile {
        path: path.to_path_buf(),
        volume: read.volume,
        dose_type: None,
        frame_of_reference: read.facts.frame_of_reference_uid,
        notes: read.notes,
    })
}
