//! Reading NIfTI.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::affine::{self, NiftiAffine};
use super::header::{Header, announced};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::image::Volume;
use crate::io::element::{Encoding, decode};
use crate::io::inflate;
use crate::io::read::{
    ImageFormat, ImageInfo, ImageOptions, bad, check_expansion, choose_frame, finish,
};
use crate::io::room;

/// Reads a NIfTI-1 or NIfTI-2 file (plain or gzip) as `f32` with `scl_slope` and `scl_inter`
/// applied, in LPS mm.
///
/// Orientation: sform if `sform_code > 0`, else qform if `qform_code > 0`; what contradicts them or pixdim is refused.
/// `frame` (from 0) picks one volume of a file with several; `None` is refused there.
///
/// # Errors
/// If the file is not NIfTI, is truncated or damaged (a gzip stream is read to its checksum), contradicts itself, has no
/// orientation, does not hold one real number per voxel, or has several volumes and no frame was chosen.
pub fn read_nifti(path: &Path, frame: Option<usize>) -> Result<(Volume<f32>, ImageInfo)> {
    read_nifti_with(path, &ImageOptions { frame, ..ImageOptions::default() })
}

/// [`read_nifti`] with a rule for headers that contradict themselves.
///
/// # Errors
/// As [`read_nifti`].
pub fn read_nifti_with(path: &Path, options: &ImageOptions) -> Result<(Volume<f32>, ImageInfo)> {
    read(path, options, |header| header.shape(path))
}

/// Reads a file with a vector of three in each voxel (intent 1007) as three volumes, in the order of the file. The vectors are as stored: ITK and
/// ANTs write displacements in mm, LPS.
///
/// # Errors
/// As [`read_nifti`]; if it holds no vectors.
pub fn read_nifti_vectors(path: &Path, nifti_affine: NiftiAffine) -> Result<[Volume<f32>; 3]> {
    let component = |n: usize| {
        let options = ImageOptions { frame: Some(n), nifti_affine };
        read(path, &options, |header| Ok((header.vector_shape(path)?, 3))).map(|r| r.0)
    };
    Ok([component(0)?, component(1)?, component(2)?])
}

/// `shape` says how many voxels and volumes the header means.
fn read(
    path: &Path,
    options: &ImageOptions,
    shape: impl Fn(&Header) -> Result<([usize; 3], usize)>,
) -> Result<(Volume<f32>, ImageInfo)> {
    let file = InputFile::open(path)?;
    let stored = file.length();
    let mut file = BufReader::with_capacity(1 << 18, file);
    let start = io::BufRead::fill_buf(&mut file).map_err(|e| Error::io("read", path, &e))?;
    let zipped = start.starts_with(&[0x1f, 0x8b]);
    let mut stream: Box<dyn Read> = if zipped {
        inflate::open(file).map_err(|e| inflate::failed(path, &e))?
    } else {
        Box::new(file)
    };

    let header = read_header(path, &mut stream)?;
    let (dims, frames) = shape(&header)?;
    let frame = choose_frame(path, frames, options.frame)?;
    let (grid, mut notes) = affine::grid(&header, dims, path, options.nifti_affine)?;
    let kind = header.element(path)?;

    // Offsets in bytes; every product is checked because the header may claim anything.
    let bytes = (grid.len() as u64).checked_mul(kind.size() as u64);
    let ends = bytes.and_then(|b| {
        let skip = b.checked_mul(frame as u64)?.checked_add(header.vox_offset)?;
        let all = b.checked_mul(frames as u64)?.checked_add(header.vox_offset)?;
        Some((skip, skip.checked_add(b)?, all))
    });
    let Some((skip, end, all)) = ends else {
        return Err(bad(
            path,
            format!("dim is {:?}", header.dim),
            "no file is that large",
            "The header is damaged: export the image again.",
        ));
    };
    if zipped {
        check_expansion(path, stored, end)?;
    } else if stored < end {
        return Err(bad(
            path,
            format!("the header promises {end} bytes, the file has {stored}"),
            "voxels are missing",
            "The file is truncated: copy or export it again.",
        ));
    } else if stored > all {
        notes.push(format!("{} bytes behind the voxels are not used", stored - all));
    }
    // In memory each voxel takes four bytes.
    let in_memory = (grid.len() as u64).saturating_mul(4);
    if zipped {
        room::VOLUME.make(path, stored, in_memory)?
    } else {
        room::make(path, in_memory)?
    }
    let header_size =
        if header.version == 1 { super::header::SIZE_1 } else { super::header::SIZE_2 };
    io::copy(&mut (&mut stream).take(skip - header_size as u64), &mut io::sink())
        .map_err(|e| inflate::failed(path, &e))?;
    let encoding = Encoding { kind, big_endian: header.big_endian, scale: header.scale(path)? };
    let decoded = decode(&mut stream, &encoding, grid.len(), path)?;
    if zipped {
        let behind = inflate::finish(&mut stream, all - end, path)?;
        if behind > 0 {
            notes.push(format!("{behind} bytes behind the voxels are not used"));
        }
    }
    let format = if header.version == 1 { ImageFormat::Nifti1 } else { ImageFormat::Nifti2 };
    finish(grid, decoded, path, format, &[path], notes)
}

fn read_header(path: &Path, stream: &mut dyn Read) -> Result<Header> {
    let short = |e: io::Error| {
        if e.kind() == io::ErrorKind::UnexpectedEof {
            bad(
                path,
                "the file ends inside its header".into(),
                "a NIfTI header has 348 or 540 bytes",
                "The file is truncated: copy or export it again.",
            )
        } else {
            inflate::failed(path, &e)
        }
    };
    let mut first = [0; 4];
    stream.read_exact(&mut first).map_err(short)?;
    let (size, big_endian) = announced(path, first)?;
    let mut bytes = vec![0; size];
    bytes[..4].copy_from_slice(&first);
    stream.read_exact(&mut bytes[4..]).map_err(short)?;
    Header::parse(path, &bytes, big_endian)
}
