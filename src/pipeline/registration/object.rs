//! A registration as a DICOM object between the frames of reference of two images.

use std::path::{Path, PathBuf};

use super::super::Observer;
use super::super::dicom_out::{equipment, tell};
use super::RegisteredImage;
use crate::error::{Error, Result};
use crate::image::Affine;
use crate::io::dicom::write::{
    Author, Reference, RegistrationContent, UidRoot, read_reference, spatial_registration,
};

/// SeriesNumber of a registration.
const SERIES: usize = 9201;

/// What is stated of a DICOM object.
#[derive(Debug, Clone, Default)]
pub struct ObjectFacts {
    /// Root of new UIDs.
    pub uid_root: UidRoot,
    /// Date and time (DA, TM) of the content.
    pub time: Option<(String, String)>,
}

/// Whether an output is a DICOM object, by its name.
pub fn is_object(out: &Path) -> bool {
    out.extension().is_some_and(|e| e.eq_ignore_ascii_case("dcm"))
}

/// The two images whose frames an object relates.
pub(super) struct Pair<'a> {
    fixed: (&'a Path, &'a RegisteredImage),
    moving: (&'a Path, &'a RegisteredImage),
}

impl<'a> Pair<'a> {
    pub fn new(
        fixed: (&'a Path, &'a RegisteredImage),
        moving: (&'a Path, &'a RegisteredImage),
    ) -> Self {
        Pair { fixed, moving }
    }

    /// Writes the map from the fixed to the moving image.
    ///
    /// # Errors
    /// If an image is no DICOM, or as [`spatial_registration`].
    pub fn write(
        &self,
        out: &Path,
        map: &Affine,
        estimated: bool,
        stated: &ObjectFacts,
        observer: &dyn Observer,
    ) -> Result<()> {
        let fixed = reference(self.fixed, "fixed", observer)?;
        let moving = reference(self.moving, "moving", observer)?;
        let author = Author {
            reference: &fixed,
            equipment: equipment(),
            uid_root: stated.uid_root.clone(),
            stated_time: stated.time.clone(),
            made_from_reference: true,
        };
        let content =
            RegistrationContent { map, moving: &moving, estimated, series_number: SERIES };
        spatial_registration(&author, &content)?.write(out)
    }
}

fn reference(
    (path, image): (&Path, &RegisteredImage),
    which: &str,
    observer: &dyn Observer,
) -> Result<Reference> {
    let Some(series) = &image.series else {
        return Err(Error::usage(
            format!("{} as a DICOM registration", path.display()),
            format!(
                "the {which} image is no DICOM: it has no frame of reference, patient or study"
            ),
            "Write an ITK transform (.tfm), or give both images as DICOM.",
        ));
    };
    let read = read_reference(&[PathBuf::from(path)], Some(series), &[])?;
    tell(&read, observer);
    Ok(read)
}
