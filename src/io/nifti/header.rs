//! The fields of a NIfTI-1 or NIfTI-2 header that place and scale voxels.

use std::path::Path;

use crate::error::Result;
use crate::io::element::ElementType;
use crate::io::read::bad;

/// Bytes of a NIfTI-1 header.
pub const SIZE_1: usize = 348;
/// Bytes of a NIfTI-2 header.
pub const SIZE_2: usize = 540;

/// NIFTI_INTENT_VECTOR: a vector in each voxel.
const VECTOR: i32 = 1007;

/// A header as stored, widened to the types of NIfTI-2.
#[derive(Debug, Clone)]
pub struct Header {
    pub version: u8,
    pub big_endian: bool,
    /// What the values are, such as [`VECTOR`].
    pub intent: i32,
    pub dim: [i64; 8],
    pub datatype: i16,
    pub bitpix: i16,
    pub pixdim: [f64; 8],
    pub vox_offset: u64,
    pub scl_slope: f64,
    pub scl_inter: f64,
    pub xyzt_units: i32,
    pub qform_code: i32,
    pub sform_code: i32,
    /// Quaternion b, c, d.
    pub quatern: [f64; 3],
    pub qoffset: [f64; 3],
    pub srow: [[f64; 4]; 3],
}

/// Takes numbers at fixed offsets.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Fields<'_> {
    fn raw<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut raw = std::array::from_fn(|i| self.bytes[at + i]);
        if self.big_endian {
            raw.reverse();
        }
        raw
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.raw(at))
    }
    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.raw(at))
    }
    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.raw(at))
    }
    fn f32(&self, at: usize) -> f64 {
        f64::from(f32::from_le_bytes(self.raw(at)))
    }
    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.raw(at))
    }
}

/// Size of the header that these first four bytes announce, and its byte order.
///
/// # Errors
/// If it is neither NIfTI-1 nor NIfTI-2.
pub fn announced(path: &Path, first: [u8; 4]) -> Result<(usize, bool)> {
    for (number, big_endian) in
        [(u32::from_le_bytes(first), false), (u32::from_be_bytes(first), true)]
    {
        if number == SIZE_1 as u32 || number == SIZE_2 as u32 {
            return Ok((number as usize, big_endian));
        }
    }
    Err(bad(
        path,
        format!("the first four bytes are {first:02x?}"),
        "a NIfTI file starts with its header's size, 348 or 540",
        "Check that the file is NIfTI and complete.",
    ))
}

impl Header {
    /// Parses a whole header of `SIZE_1` or `SIZE_2` bytes.
    ///
    /// # Errors
    /// If the magic number is wrong or the data do not follow in the same file.
    pub fn parse(path: &Path, bytes: &[u8], big_endian: bool) -> Result<Header> {
        let f = Fields { bytes, big_endian };
        let magic = if bytes.len() == SIZE_1 { &bytes[344..348] } else { &bytes[4..12] };
        match magic {
            b"n+1\0" => Header::version_1(path, &f),
            b"n+2\0\r\n\x1a\n" => Header::version_2(path, &f),
            [b'n', b'i', ..] => Err(bad(
                path,
                "the header says that the voxels are in another file".into(),
                "pairs of .hdr and .img are not read",
                "Convert the pair to one .nii or .nii.gz file.",
            )),
            other => Err(bad(
                path,
                format!("the magic number is {:?}", String::from_utf8_lossy(other)),
                "NIfTI needs n+1 or n+2; ANALYZE files do not say left from right",
                "Convert the image to NIfTI with known orientation.",
            )),
        }
    }

    fn version_1(path: &Path, f: &Fields) -> Result<Header> {
        Ok(Header {
            version: 1,
            big_endian: f.big_endian,
            intent: i32::from(f.i16(68)),
            dim: std::array::from_fn(|i| i64::from(f.i16(40 + 2 * i))),
            datatype: f.i16(70),
            bitpix: f.i16(72),
            pixdim: std::array::from_fn(|i| f.f32(76 + 4 * i)),
            vox_offset: offset(path, f.f32(108), 352)?,
            scl_slope: f.f32(112),
            scl_inter: f.f32(116),
            xyzt_units: i32::from(f.bytes[123]),
            qform_code: i32::from(f.i16(252)),
            sform_code: i32::from(f.i16(254)),
            quatern: std::array::from_fn(|i| f.f32(256 + 4 * i)),
            qoffset: std::array::from_fn(|i| f.f32(268 + 4 * i)),
            srow: std::array::from_fn(|r| std::array::from_fn(|c| f.f32(280 + 16 * r + 4 * c))),
        })
    }

    fn version_2(path: &Path, f: &Fields) -> Result<Header> {
        Ok(Header {
            version: 2,
            big_endian: f.big_endian,
            intent: f.i32(504),
            dim: std::array::from_fn(|i| f.i64(16 + 8 * i)),
            datatype: f.i16(12),
            bitpix: f.i16(14),
            pixdim: std::array::from_fn(|i| f.f64(104 + 8 * i)),
            vox_offset: offset(path, f.i64(168) as f64, 544)?,
            scl_slope: f.f64(176),
            scl_inter: f.f64(184),
            xyzt_units: f.i32(500),
            qform_code: f.i32(344),
            sform_code: f.i32(348),
            quatern: std::array::from_fn(|i| f.f64(352 + 8 * i)),
            qoffset: std::array::from_fn(|i| f.f64(376 + 8 * i)),
            srow: std::array::from_fn(|r| std::array::from_fn(|c| f.f64(400 + 32 * r + 8 * c))),
        })
    }

    /// The stored number type.
    ///
    /// # Errors
    /// If it is not one real number per voxel, or contradicts `bitpix`.
    pub fn element(&self, path: &Path) -> Result<ElementType> {
        let kind = match self.datatype {
            2 => ElementType::U8,
            4 => ElementType::I16,
            8 => ElementType::I32,
            16 => ElementType::F32,
            64 => ElementType::F64,
            256 => ElementType::I8,
            512 => ElementType::U16,
            768 => ElementType::U32,
            1024 => ElementType::I64,
            1280 => ElementType::U64,
            other => {
                return Err(bad(
                    path,
                    format!("datatype is {other}"),
                    "only real integers and 32 or 64 bit floats are images of one quantity",
                    "Convert the image to a float or integer type.",
                ));
            }
        };
        if self.bitpix != 8 * kind.size() as i16 {
            return Err(bad(
                path,
                format!(
                    "bitpix is {} but datatype {} has {} bits",
                    self.bitpix,
                    self.datatype,
                    8 * kind.size()
                ),
                "the two fields must agree",
                "The header is damaged: export the image again.",
            ));
        }
        Ok(kind)
    }

    /// Slope and intercept, or `None` for stored values as they are: slope 0 (`nifti1.h`), or NaN, as nibabel writes it,
    /// with an intercept that says nothing either.
    ///
    /// # Errors
    /// If they are neither.
    pub fn scale(&self, path: &Path) -> Result<Option<(f64, f64)>> {
        let (slope, inter) = (self.scl_slope, self.scl_inter);
        if slope == 0.0
            || (slope.is_nan() && (inter.is_nan() || inter == 0.0))
            || (slope == 1.0 && inter == 0.0)
        {
            return Ok(None);
        }
        if !slope.is_finite() || !inter.is_finite() {
            return Err(bad(
                path,
                format!("scl_slope is {slope} and scl_inter {inter}"),
                "values cannot be scaled by what is not a number",
                "Correct the scale factors in the header.",
            ));
        }
        Ok(Some((slope, inter)))
    }

    /// Volume dimensions and the number of frames.
    ///
    /// # Errors
    /// If there are fewer than three dimensions, one is not positive, or there are more than four.
    pub fn shape(&self, path: &Path) -> Result<([usize; 3], usize)> {
        let n = self.dim[0];
        let used = usize::try_from(n).ok().filter(|n| (3..=7).contains(n));
        let extents = used.and_then(|n| {
            let e: Option<Vec<usize>> = self.dim[1..=n]
                .iter()
                .map(|&d| usize::try_from(d).ok().filter(|&d| d > 0))
                .collect();
            e
        });
        let Some(extents) = extents else {
            return Err(bad(
                path,
                format!("dim is {:?}", self.dim),
                "three to seven dimensions are needed, all positive",
                "Export the image as a 3D volume.",
            ));
        };
        if extents[3..].iter().skip(1).any(|&d| d > 1) {
            return Err(bad(
                path,
                format!("dim is {:?}", self.dim),
                "a fifth dimension holds vectors, not one quantity",
                "Export one component as a 3D volume.",
            ));
        }
        Ok(([extents[0], extents[1], extents[2]], extents.get(3).copied().unwrap_or(1)))
    }

    /// Volume dimensions of a file with a vector of three in each voxel, which lie as three volumes.
    ///
    /// # Errors
    /// If it is no such file.
    pub fn vector_shape(&self, path: &Path) -> Result<[usize; 3]> {
        let [n, x, y, z, one, three, ..] = self.dim;
        let extents = [x, y, z].map(|d| usize::try_from(d).unwrap_or(0));
        if n != 5 || one != 1 || three != 3 || extents.contains(&0) || self.intent != VECTOR {
            return Err(bad(
                path,
                format!("dim is {:?}, intent_code {}", self.dim, self.intent),
                "a displacement field has dim 5 x y z 1 3 and intent_code 1007 (vector), as ITK and ANTs write it; the \
                 directions of 1006 differ between programs",
                "Write the field with ITK, in mm, LPS.",
            ));
        }
        Ok(extents)
    }
}

/// `vox_offset` must lie behind the header and its extension flag (0 is taken as right behind
/// them).
fn offset(path: &Path, stored: f64, least: u64) -> Result<u64> {
    if stored == 0.0 {
        return Ok(least);
    }
    // 2^53 keeps the conversion exact.
    if stored.fract() == 0.0 && stored >= least as f64 && stored < 9.0e15 {
        return Ok(stored as u64);
    }
    Err(bad(
        path,
        format!("vox_offset is {stored}"),
        "voxels start at a whole number of bytes behind the header",
        "The header is damaged: export the image again.",
    ))
}
