//! Writing NIfTI-1.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::affine::{SIGNS, to_quaternion};
use super::header::SIZE_1;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::atomic::write_atomically;
use crate::io::element::{Element, ElementType, encode};

/// Writes a volume as NIfTI-1, little-endian, in mm; gzip if the name ends in `.nii.gz`.
///
/// The sform is always set; the qform too where the axes are orthogonal. NIfTI-1 keeps positions in
/// single precision (about 1e-5 mm at 200 mm). The file appears complete or not at all.
///
/// # Errors
/// If the name ends in neither `.nii` nor `.nii.gz`, a dimension is over 32767, or writing fails.
pub fn write_nifti<T: Element>(path: &Path, volume: &Volume<T>) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let zipped = name.ends_with(".nii.gz");
    if !zipped && !name.ends_with(".nii") {
        return Err(Error::usage(
            format!("cannot write {} as NIfTI", path.display()),
            "the name must end in .nii or .nii.gz",
            "Rename the output.",
        ));
    }
    let header = header(volume)?;
    write_atomically(path, |writer| {
        if zipped {
            let mut gz = GzEncoder::new(writer, Compression::fast());
            gz.write_all(&header)?;
            encode(&volume.data, &mut gz)?;
            gz.finish().map(|_| ())
        } else {
            writer.write_all(&header)?;
            encode(&volume.data, writer)
        }
    })
}

/// Header and the four zero bytes that say "no extension".
fn header<T: Element>(volume: &Volume<T>) -> Result<Vec<u8>> {
    let grid = volume.checked()?;
    let mut h = vec![0u8; SIZE_1 + 4];
    let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(SIZE_1 as i32).to_le_bytes());
    for (a, n) in [3, grid.dims[0], grid.dims[1], grid.dims[2], 1, 1, 1, 1].into_iter().enumerate()
    {
        let n = i16::try_from(n).map_err(|_| {
            Error::input(
                format!("{:?} voxels cannot be written as NIfTI-1", grid.dims),
                "it allows 32767 in each direction",
                "Write a MetaImage (.mha).",
            )
        })?;
        put(40 + 2 * a, &n.to_le_bytes());
    }
    let code: i16 = match T::TYPE {
        ElementType::U8 => 2,
        ElementType::I16 => 4,
        ElementType::I32 => 8,
        ElementType::F32 => 16,
        ElementType::F64 => 64,
        ElementType::I8 => 256,
        ElementType::U16 => 512,
        ElementType::U32 => 768,
        ElementType::I64 => 1024,
        ElementType::U64 => 1280,
    };
    put(70, &code.to_le_bytes());
    put(72, &(8 * T::TYPE.size() as i16).to_le_bytes());
    let spacing = grid.spacing_mm();
    let ras = grid.axes_mm.map(|axis| [0, 1, 2].map(|r| axis[r] * SIGNS[r]));
    let unit = [0, 1, 2].map(|a| ras[a].map(|c| c / spacing[a]));
    let (quatern, qfac) = to_quaternion(unit);
    let float = |x: f64| (x as f32).to_le_bytes();
    for (a, p) in
        [qfac, spacing[0], spacing[1], spacing[2], 1.0, 1.0, 1.0, 1.0].into_iter().enumerate()
    {
        put(76 + 4 * a, &float(p));
    }
    put(108, &352f32.to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(123, &[2]); // mm
    // Code 1: scanner coordinates, which is what LPS positions of a patient image are.
    let qform = i16::from(grid.shear() < 1e-6);
    put(252, &qform.to_le_bytes());
    put(254, &1i16.to_le_bytes());
    for r in 0..3 {
        put(256 + 4 * r, &float(quatern[r]));
        let offset = grid.origin_mm[r] * SIGNS[r];
        put(268 + 4 * r, &float(offset));
        for (c, column) in ras.iter().enumerate() {
            put(280 + 16 * r + 4 * c, &float(column[r]));
        }
        put(280 + 16 * r + 12, &float(offset));
    }
    put(344, b"n+1\0");
    Ok(h)
}
