//! A map of dose, or of another quantity, from any file that holds one: NIfTI, MetaImage, NRRD, DICOM RT Dose. An RT Dose says its unit and its frame of
//! reference by itself; of the others the caller must know them.

use std::path::{Path, PathBuf};

use super::dicom::write::DoseType;
use super::dicom::{self, DoseObject, RtDose, find_doses, read_rt_dose};
use super::nifti::NiftiAffine;
use super::nrrd::read_nrrd;
use super::read::{ImageOptions, read_image_with};
use super::regions::is_nrrd;
use crate::error::{Error, Result};
use crate::image::Volume;

/// A map that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFile {
    /// The file, also where its folder was named.
    pub path: PathBuf,
    /// Its values.
    pub volume: Volume<f32>,
    /// What kind of dose in Gy an RT Dose is; none of other files.
    pub dose_type: Option<DoseType>,
    /// FrameOfReferenceUID, if stated.
    pub frame_of_reference: Option<String>,
    /// What a user should know, one sentence each; what is a warning begins with `WARNING: `.
    pub notes: Vec<String>,
}

/// Reads a map: a file, or a folder with one RT Dose.
///
/// # Errors
/// If the file is none of these, is damaged, or an RT Dose is not in Gy.
pub fn read_map_file(path: &Path, nifti_affine: NiftiAffine) -> Result<MapFile> {
    crate::files::exists(path)?;
    if path.is_dir() {
        return read_map_file(&dose_of_folder(path, None)?, nifti_affine);
    }
    if dicom::is_dicom(path)? {
        let RtDose { path, dose, dose_type, frame_of_reference, mut notes, summation } =
            read_rt_dose(path)?;
        let kind = match dose_type {
            DoseType::Physical => "PHYSICAL",
            DoseType::Effective => "EFFECTIVE (weighted for its effect, by what model is not said)",
        };
        notes.insert(0, format!("RT Dose in GY, {kind}, DoseSummationType '{summation}'"));
        let dose_type = Some(dose_type);
        return Ok(MapFile { path, volume: dose, dose_type, frame_of_reference, notes });
    }
    let (volume, notes) = if is_nrrd(path)? {
        let nrrd = read_nrrd(path)?;
        if nrrd.layers != 1 {
            return Err(Error::input(
                format!("{}: {} values in each voxel", path.display(), nrrd.layers),
                "a map has one",
                "Save one layer as a volume.",
            ));
        }
        (Volume::new(nrrd.grid, nrrd.data)?, nrrd.notes)
    } else {
        let (volume, info) = read_image_with(path, &ImageOptions { frame: None, nifti_affine })?;
        (volume, info.notes)
    };
    let (path, dose_type) = (path.to_path_buf(), None);
    Ok(MapFile { path, volume, dose_type, frame_of_reference: None, notes })
}

/// The RT Dose of a folder; of several the only one of the DoseSummationType `summation`.
///
/// # Errors
/// If there is none, or which of several is meant is not said.
pub fn dose_of_folder(folder: &Path, summation: Option<&str>) -> Result<PathBuf> {
    let all = find_doses(folder)?;
    let of_type = |d: &&DoseObject| summation.is_none_or(|s| s.eq_ignore_ascii_case(&d.summation));
    let wanted: Vec<&DoseObject> = all.iter().filter(of_type).collect();
    if let [one] = wanted[..] {
        return Ok(one.path.clone());
    }
    let list = || {
        let of = |d: &DoseObject| format!("{}: {} ({})", d.path.display(), d.summation, d.told);
        all.iter().map(of).collect::<Vec<_>>().join("; ")
    };
    Err(match (all.len(), wanted.len()) {
        (0, _) => Error::input(
            format!("{}: no RT Dose", folder.display()),
            "no object in it has the modality RTDOSE",
            "Name the file of a map, or the folder of voxgray dose.",
        ),
        (_, 0) => Error::usage(
            format!(
                "{}: no RT Dose has DoseSummationType {}",
                folder.display(),
                summation.unwrap_or_default()
            ),
            list(),
            "Name the file of one, or another type.",
        ),
        (n, _) => Error::input(
            format!("{}: {n} RT Doses", folder.display()),
            list(),
            "Name the file of one (voxgray dvh and bed also take its DoseSummationType, such as --map PLAN); parts of a dose are not summed here.",
        ),
    })
}
