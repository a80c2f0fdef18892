//! Files to image types and back, without physics: NIfTI, MetaImage and NRRD, DICOM, regions from any of them, hashes of inputs, safe
//! writing.

pub mod atomic;
pub mod cache;
pub mod dicom;
mod element;
pub mod folder;
mod hash;
mod inflate;
mod map;
mod metaimage;
mod nifti;
mod nrrd;
mod read;
mod regions;
mod room;
mod transform;
mod vectors;

pub use element::{Element, ElementType};
pub use hash::sha256_file;
pub use map::{MapFile, dose_of_folder, read_map_file};
pub use metaimage::{read_metaimage, write_metaimage};
pub use nifti::{NiftiAffine, read_label_table, read_nifti, write_nifti};
pub use nrrd::{Nrrd, read_nrrd, read_nrrd_regions};
pub use read::{HashedFile, ImageFormat, ImageInfo, ImageOptions, read_image, read_image_with};
pub use regions::{ReadRegions, RegionFacts, RegionOptions, is_nrrd, read_regions};
pub use transform::{Frames, ReadTransform, read_transform, write_itk_transform};
pub use vectors::{is_vector_image, read_vectors};
