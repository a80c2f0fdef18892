//! Displacement fields from any file that holds a vector in each voxel: NIfTI (intent 1007), MetaImage (three channels), NRRD.

use std::path::Path;

use super::metaimage::read_metaimage_vectors;
use super::nifti::{NiftiAffine, read_nifti_vectors};
use super::nrrd::read_nrrd_vectors;
use crate::error::Result;
use crate::image::Volume;

/// Endings of images; transforms of other kinds have others.
const ENDINGS: [&str; 6] = [".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr"];

/// Whether a path names an image, which as a transform is a displacement field.
pub fn is_vector_image(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Reads the components of a field as three volumes, as stored: ITK and ANTs write displacements in mm, LPS.
///
/// # Errors
/// If the file cannot be read, or does not hold a vector of three in each voxel.
pub fn read_vectors(path: &Path, nifti_affine: NiftiAffine) -> Result<[Volume<f32>; 3]> {
    let name = path.to_string_lossy().to_lowercase();
    if name.ends_with(".nrrd") || name.ends_with(".nhdr") {
        read_nrrd_vectors(path)
    } else if name.ends_with(".mha") || name.ends_with(".mhd") {
        read_metaimage_vectors(path)
    } else {
        read_nifti_vectors(path, nifti_affine)
    }
}
