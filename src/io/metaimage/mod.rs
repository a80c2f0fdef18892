//! MetaImage (`.mha`, or `.mhd` with its data file), read and written in LPS mm.
//!
//! Source: the MetaIO documentation (<https://itk.org/Wiki/MetaIO/Documentation>) and what ITK
//! writes. Each group of three numbers of `TransformMatrix` is the direction of one index in LPS;
//! `Offset` is the centre of the first voxel. `AnatomicalOrientation` is text about the same facts
//! and is not used.

mod header;
mod read;
mod write;

pub(super) use read::parted;
pub use read::{read_metaimage, read_metaimage_frame, read_metaimage_vectors};
pub use write::write_metaimage;
