//! Regions as a DICOM object in the study of an image: a Segmentation or an RT Structure Set.

use std::path::{Path, PathBuf};

use super::super::Observer;
use super::super::dicom_out::{equipment, tell};
use crate::error::{Error, Result};
use crate::files;
use crate::image::RegionSet;
use crate::io::dicom::write::{
    Author, Reference, UidRoot, read_reference, segmentation, structure_set,
};

/// SeriesNumber of an object of regions.
const SERIES: usize = 9101;
/// Change of a volume by whole voxels that is told.
const TOLD_ROUNDING: f64 = 0.05;

/// Which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionForm {
    /// Segmentation of whole voxels.
    Segmentation,
    /// Segmentation with the share of each voxel.
    Shares,
    /// RT Structure Set, along the edges of whole voxels.
    Structures,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RegionObjectJob {
    /// Which object.
    pub form: RegionForm,
    /// File or folder of the image whose patient, study and frame of reference it gets.
    pub reference: PathBuf,
    /// SeriesInstanceUID of that image.
    pub series: Option<String>,
    /// Root of new UIDs.
    pub uid_root: UidRoot,
    /// Date and time (DA, TM) of the content.
    pub time: Option<(String, String)>,
}

impl RegionObjectJob {
    /// Reads the reference.
    pub(super) fn reference(&self, observer: &dyn Observer) -> Result<Reference> {
        files::exists(&self.reference)?;
        let paths = std::slice::from_ref(&self.reference);
        let reference = read_reference(paths, self.series.as_deref(), &[])?;
        tell(&reference, observer);
        Ok(reference)
    }

    /// Writes the object; returns the file.
    pub(super) fn write(
        &self,
        out: &Path,
        set: &RegionSet,
        reference: &Reference,
        observer: &dyn Observer,
    ) -> Result<Vec<PathBuf>> {
        if !out.extension().is_some_and(|e| e.eq_ignore_ascii_case("dcm")) {
            return Err(Error::usage(
                format!("{}: a DICOM object", out.display()),
                "its name ends in .dcm",
                "Name it so, or leave --as out.",
            ));
        }
        let author = Author {
            reference,
            equipment: equipment(),
            uid_root: self.uid_root.clone(),
            stated_time: self.time.clone(),
            made_from_reference: true,
        };
        if self.form != RegionForm::Shares {
            for r in set.whole().1 {
                if r.exact_ml > 0.0 && (r.whole_ml / r.exact_ml - 1.0).abs() > TOLD_ROUNDING {
                    observer.warn(&format!(
                        "'{}': whole voxels make {:.4} mL of {:.4} mL",
                        r.name, r.whole_ml, r.exact_ml
                    ));
                }
            }
        }
        let object = match self.form {
            RegionForm::Segmentation => segmentation(&author, set, false, SERIES)?,
            RegionForm::Shares => segmentation(&author, set, true, SERIES)?,
            RegionForm::Structures => {
                let (object, notes) = structure_set(&author, set, SERIES)?;
                notes.iter().for_each(|n| observer.warn(n));
                object
            }
        };
        object.write(out)?;
        Ok(vec![out.to_path_buf()])
    }
}
