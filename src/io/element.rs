//! Voxel values as stored in files: their types, decoding as a stream to `f32`, and encoding.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// The number type of stored voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// Signed 8 bit.
    I8,
    /// Unsigned 8 bit.
    U8,
    /// Signed 16 bit.
    I16,
    /// Unsigned 16 bit.
    U16,
    /// Signed 32 bit.
    I32,
    /// Unsigned 32 bit.
    U32,
    /// Signed 64 bit.
    I64,
    /// Unsigned 64 bit.
    U64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl ElementType {
    /// Bytes per value.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// A number that can be stored as a voxel.
pub trait Element: Copy + Send + Sync {
    /// How it is stored.
    const TYPE: ElementType;
    /// Appends its little-endian bytes.
    fn put_le(self, out: &mut Vec<u8>);
}

macro_rules! element {
    ($($t:ty => $kind:ident),*) => {$(
        impl Element for $t {
            const TYPE: ElementType = ElementType::$kind;
            fn put_le(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
element!(i8 => I8, u8 => U8, i16 => I16, u16 => U16, i32 => I32, u32 => U32, f32 => F32, f64 => F64);

/// Writes values in little-endian order.
pub(super) fn encode<T: Element>(data: &[T], writer: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(8 << 15);
    for chunk in data.chunks(1 << 15) {
        bytes.clear();
        for &value in chunk {
            value.put_le(&mut bytes);
        }
        writer.write_all(&bytes)?;
    }
    Ok(())
}

/// How values are stored.
pub(super) struct Encoding {
    pub kind: ElementType,
    pub big_endian: bool,
    /// `value = slope * stored + intercept`, computed in f64.
    pub scale: Option<(f64, f64)>,
}

/// Values with what had to be said about them.
pub(super) struct Decoded {
    pub data: Vec<f32>,
    /// Integers that `f32` cannot hold exactly.
    pub rounded: usize,
    /// NaN or infinite values.
    pub not_finite: usize,
}

impl Decoded {
    /// Adds a value; `exact` is false where an integer was rounded.
    fn push(&mut self, value: f64, exact: bool) -> bool {
        let narrow = value as f32;
        self.rounded += usize::from(!exact);
        self.not_finite += usize::from(!value.is_finite());
        self.data.push(narrow);
        value.is_finite() && !narrow.is_finite()
    }
}

/// Reads `count` values; memory grows only as data arrives, so a false claim of size costs nothing.
pub(super) fn decode(
    reader: &mut dyn Read,
    encoding: &Encoding,
    count: usize,
    path: &Path,
) -> Result<Decoded> {
    let mut out = Decoded { data: Vec::new(), rounded: 0, not_finite: 0 };
    let size = encoding.kind.size();
    let mut buffer = vec![0; (1 << 17) * size];
    while out.data.len() < count {
        let wanted = (count - out.data.len()).min(1 << 17);
        reserve(&mut out.data, wanted, count, path)?;
        let bytes = &mut buffer[..wanted * size];
        let got = fill(reader, bytes).map_err(|e| super::inflate::failed(path, &e))?;
        if got < bytes.len() {
            return Err(Error::input(
                format!(
                    "{} ends after {} of {count} voxels",
                    path.display(),
                    out.data.len() + got / size
                ),
                "the header promises more data than there is",
                "The file is truncated: copy or export it again.",
            ));
        }
        if decode_chunk(bytes, encoding, &mut out) {
            return Err(Error::input(
                format!("{} has a value beyond +-{:e}", path.display(), f32::MAX),
                "voxels are held in single precision",
                "Check the units and the scale factors in the header.",
            ));
        }
    }
    Ok(out)
}

/// Grows by doubling, towards `count` and never beyond it.
fn reserve(data: &mut Vec<f32>, wanted: usize, count: usize, path: &Path) -> Result<()> {
    let len = data.len();
    if data.capacity() - len >= wanted {
        return Ok(());
    }
    let more = len.max(wanted).min(count - len);
    data.try_reserve_exact(more).map_err(|_| {
        Error::input(
            format!("{} has {count} voxels", path.display()),
            "there is not enough memory for them",
            "Crop or downsample the image, or use a machine with more memory.",
        )
    })
}

/// Reads until `bytes` is full or the data ends.
fn fill(reader: &mut dyn Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < bytes.len() {
        match reader.read(&mut bytes[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // Decoders report compressed data that stops too early this way.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// Decodes whole values; true if one overflows `f32`.
fn decode_chunk(bytes: &[u8], encoding: &Encoding, out: &mut Decoded) -> bool {
    let mut overflow = false;
    macro_rules! values {
        ($t:ty, $exact:expr) => {
            for raw in bytes.chunks_exact(size_of::<$t>()) {
                let mut raw: [u8; size_of::<$t>()] = std::array::from_fn(|i| raw[i]);
                if encoding.big_endian {
                    raw.reverse();
                }
                let stored = <$t>::from_le_bytes(raw);
                overflow |= match encoding.scale {
                    Some((slope, intercept)) => out.push(slope * stored as f64 + intercept, true),
                    None => out.push(stored as f64, $exact(stored)),
                };
            }
        };
    }
    match encoding.kind {
        ElementType::I8 => values!(i8, |_| true),
        ElementType::U8 => values!(u8, |_| true),
        ElementType::I16 => values!(i16, |_| true),
        ElementType::U16 => values!(u16, |_| true),
        ElementType::I32 => values!(i32, |v: i32| f64::from(v as f32) == f64::from(v)),
        ElementType::U32 => values!(u32, |v: u32| f64::from(v as f32) == f64::from(v)),
        ElementType::I64 => values!(i64, |v: i64| (v as f32) as i128 == i128::from(v)),
        ElementType::U64 => values!(u64, |v: u64| (v as f32) as u128 == u128::from(v)),
        ElementType::F32 => values!(f32, |_| true),
        ElementType::F64 => values!(f64, |_| true),
    }
    overflow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_bytes(
        bytes: &[u8],
        kind: ElementType,
        big_endian: bool,
        n: usize,
    ) -> Result<Decoded> {
        let encoding = Encoding { kind, big_endian, scale: None };
        decode(&mut &bytes[..], &encoding, n, Path::new("x"))
    }

    #[test]
    fn byte_orders_and_exactness() {
        let big = decode_bytes(&[0xff, 0xfe, 0x01, 0x00], ElementType::I16, true, 2).expect("i16");
        assert_eq!(big.data, [-2.0, 256.0]);
        let odd = ((1u32 << 24) + 1).to_le_bytes();
        assert_eq!(decode_bytes(&odd, ElementType::U32, false, 1).expect("u32").rounded, 1);
        let nan = f32::NAN.to_le_bytes();
        assert_eq!(decode_bytes(&nan, ElementType::F32, false, 1).expect("f32").not_finite, 1);
    }

    #[test]
    fn truncation_and_overflow_are_errors_without_the_memory() {
        assert!(decode_bytes(&[0; 100], ElementType::F32, false, 1 << 40).is_err());
        assert!(decode_bytes(&1e300f64.to_le_bytes(), ElementType::F64, false, 1).is_err());
    }
}
