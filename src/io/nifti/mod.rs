//! NIfTI-1 and NIfTI-2 single files (`.nii`, `.nii.gz`), read and written in LPS mm.
//!
//! Source: the NIfTI-1 and NIfTI-2 header definitions (`nifti1.h`, `nifti2.h`, NIfTI Data Format
//! Working Group, <https://nifti.nimh.nih.gov>). NIfTI's world axes are RAS: x and y change sign on
//! the way to LPS.

mod affine;
mod header;
mod label_table;
mod read;
mod write;

pub use affine::NiftiAffine;
pub use label_table::read_label_table;
pub use read::{read_nifti, read_nifti_vectors, read_nifti_with};
pub use write::write_nifti;
