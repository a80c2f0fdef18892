//! Stored pixel values of one frame: bits unpacked, sign applied, before any rescaling (PS3.3 C.7.6.3.1).
//!
//! Only one sample per pixel and 8, 16 or 32 bits allocated; colour and one-bit images are refused.

use super::attributes::*;
use super::codec;
use super::data_set::PixelBytes;
use super::object::DicomFile;
use super::transfer_syntax::Compression;
use crate::error::{Error, Result};

/// A frame with more pixels than this (5792 x 5792) is refused before anything is allocated: the largest detectors have 4096 x 5120.
const MAX_FRAME_PIXELS: usize = 1 << 25;

/// How stored values are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PixelFormat {
    pub rows: usize,
    pub columns: usize,
    pub frames: usize,
    pub bits_allocated: u32,
    pub bits_stored: u32,
    pub high_bit: u32,
    pub signed: bool,
    /// Allocated cells, first and last, that are padding in the bits above those stored; they are read as [`FOREIGN`].
    pub foreign_padding: Option<[u32; 2]>,
}

/// Stands for padding that is no stored value.
pub(super) const FOREIGN: i64 = i64::MIN;

impl PixelFormat {
    /// Reads the image pixel attributes and checks that they are consistent.
    pub fn read(file: &DicomFile) -> Result<PixelFormat> {
        pixel_bytes(file)?;
        let root = file.root();
        let need = |attribute: Attribute| -> Result<usize> {
            root.count(attribute)?
                .ok_or_else(|| root.missing(attribute, "the pixel data cannot be laid out"))
        };
        let samples = root.count(SAMPLES_PER_PIXEL)?.unwrap_or(1);
        if samples != 1 {
            return Err(root.bad(
                SAMPLES_PER_PIXEL,
                &samples.to_string(),
                "quantitative images have one sample per pixel; this is a colour picture",
                "Choose the original series, not a screen capture.",
            ));
        }
        let format = PixelFormat {
            rows: need(ROWS)?,
            columns: need(COLUMNS)?,
            frames: root.count(NUMBER_OF_FRAMES)?.unwrap_or(1),
            bits_allocated: need(BITS_ALLOCATED)? as u32,
            bits_stored: need(BITS_STORED)? as u32,
            high_bit: match root.count(HIGH_BIT)? {
                Some(bit) => bit as u32,
                None => (need(BITS_STORED)? as u32).saturating_sub(1),
            },
            signed: match need(PIXEL_REPRESENTATION)? {
                0 => false,
                1 => true,
                other => {
                    return Err(root.bad(
                        PIXEL_REPRESENTATION,
                        &other.to_string(),
                        "it must be 0 (unsigned) or 1 (signed)",
                        "Repair the header or export the series again.",
                    ));
                }
            },
            foreign_padding: None,
        };
        format.check(&root)?;
        Ok(format)
    }

    fn check(&self, root: &Item<'_>) -> Result<()> {
        let pixels = self.rows.saturating_mul(self.columns);
        if pixels == 0 || pixels > MAX_FRAME_PIXELS {
            let size = format!("{} with Columns {}", self.rows, self.columns);
            let why = format!("a frame must have 1 to {MAX_FRAME_PIXELS} pixels");
            return Err(root.bad(ROWS, &size, &why, "Export the series again."));
        }
        if self.frames == 0 {
            return Err(root.bad(
                NUMBER_OF_FRAMES,
                "0",
                "at least one frame is needed",
                "Export the series again.",
            ));
        }
        if !matches!(self.bits_allocated, 8 | 16 | 32) {
            return Err(root.bad(
                BITS_ALLOCATED,
                &self.bits_allocated.to_string(),
                "8, 16 or 32 bits per pixel are readable",
                "Choose the original image series.",
            ));
        }
        let ok = self.bits_stored >= 1
            && self.bits_stored <= self.bits_allocated
            && self.high_bit < self.bits_allocated
            && self.high_bit + 1 >= self.bits_stored;
        if !ok {
            let value = format!("{} with HighBit {}", self.bits_stored, self.high_bit);
            let why = format!("stored bits must lie inside the {} allocated", self.bits_allocated);
            return Err(root.bad(BITS_STORED, &value, &why, "Export the series again."));
        }
        Ok(())
    }

    /// Pixels in a frame.
    pub fn frame_len(&self) -> usize {
        self.rows * self.columns
    }

    /// A value as it would be stored: its low bits, with the sign that the format gives them.
    pub fn wrap(&self, value: i64) -> i64 {
        self.value_of((value as u32) << (self.high_bit + 1 - self.bits_stored))
    }

    /// The bits of a stored value as an unsigned number.
    pub fn bits_of(&self, stored: i64) -> u32 {
        stored as u32 & (u32::MAX >> (32 - self.bits_stored))
    }

    /// The stored value of an allocated cell.
    pub fn unpack(&self, cell: u32) -> i64 {
        if self.foreign_padding.is_some_and(|[a, b]| (a..=b).contains(&cell)) {
            return FOREIGN;
        }
        self.value_of(cell)
    }

    /// Whether an allocated cell has bits above the stored ones that are neither a sign nor padding.
    fn is_wider(&self, cell: u32) -> bool {
        if self.high_bit + 1 >= self.bits_allocated
            || self.foreign_padding.is_some_and(|[a, b]| (a..=b).contains(&cell))
        {
            return false;
        }
        let above = cell >> (self.high_bit + 1);
        let negative = self.signed && cell >> self.high_bit & 1 == 1;
        let ones = u32::MAX >> (32 - (self.bits_allocated - self.high_bit - 1));
        above != 0 && !(negative && above == ones)
    }

    fn value_of(&self, cell: u32) -> i64 {
        let shifted = cell >> (self.high_bit + 1 - self.bits_stored);
        let mask = u32::MAX >> (32 - self.bits_stored);
        let value = i64::from(shifted & mask);
        if self.signed && value >> (self.bits_stored - 1) == 1 {
            value - (1i64 << self.bits_stored)
        } else {
            value
        }
    }
}

/// Reads the stored values of frame `index`, row by row.
pub(super) fn decode_frame(
    file: &DicomFile,
    format: &PixelFormat,
    index: usize,
) -> Result<Vec<i64>> {
    let pixels = pixel_bytes(file)?;
    match pixels {
        PixelBytes::Native(range) => native(file, format, index, &file.bytes[range.clone()]),
        PixelBytes::Encapsulated { offsets, fragments } => {
            let wanted = codec::frame_fragments(index, format.frames, offsets, fragments)
                .map_err(|why| undecodable(file, index, why))?;
            let stream: Vec<u8> =
                wanted.iter().flat_map(|r| &file.bytes[r.clone()]).copied().collect();
            codec::decode(file.transfer_syntax.compression, &stream, format)
                .map_err(|why| undecodable(file, index, why))
        }
    }
}

/// The pixel data element, or why there is none.
fn pixel_bytes(file: &DicomFile) -> Result<&PixelBytes> {
    file.pixels.as_ref().ok_or_else(|| match file.float_pixels {
        Some(tag) => Error::input(
            format!("{}: pixel data are floating point {tag}", file.path.display()),
            "CT, PET, NM and RT Dose objects store integers in PixelData (7FE0,0010)",
            "Export the original series.",
        ),
        None => Error::input(
            format!("{}: PixelData (7FE0,0010) is missing", file.path.display()),
            "there is no image in this object",
            "Choose the image series.",
        ),
    })
}

fn undecodable(file: &DicomFile, index: usize, why: String) -> Error {
    let kind = match file.transfer_syntax.compression {
        Compression::None => "uncompressed",
        Compression::Rle => "RLE",
        Compression::Jpeg => "JPEG",
        Compression::JpegLs => "JPEG-LS",
        Compression::Jpeg2000 => "JPEG 2000",
    };
    Error::input(
        format!(
            "{}: frame {} of the {kind} pixel data cannot be read",
            file.path.display(),
            index + 1
        ),
        why,
        "Copy the file again or export the series uncompressed.",
    )
}

fn native(file: &DicomFile, format: &PixelFormat, index: usize, bytes: &[u8]) -> Result<Vec<i64>> {
    let cell = format.bits_allocated as usize / 8;
    let size = format.frame_len() * cell;
    let expected = size.saturating_mul(format.frames);
    if bytes.len() < expected {
        return Err(Error::input(
            format!(
                "{}: PixelData (7FE0,0010) holds {} bytes, {expected} are needed",
                file.path.display(),
                bytes.len()
            ),
            format!(
                "{} frame(s) of {} rows x {} columns x {} bits; the file is truncated",
                format.frames, format.rows, format.columns, format.bits_allocated
            ),
            "Copy or export it again.",
        ));
    }
    let frame = &bytes[index * size..(index + 1) * size];
    let big = file.transfer_syntax.big_endian();
    let join = |cell: &[u8]| {
        let fold = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        if big { cell.iter().fold(0, fold) } else { cell.iter().rev().fold(0, fold) }
    };
    let summed =
        ["PT", "NM", "RTDOSE"].contains(&file.root().text(MODALITY).as_deref().unwrap_or(""));
    if summed && format.high_bit + 1 < format.bits_allocated {
        let wider = frame.chunks_exact(cell).map(join).filter(|c| format.is_wider(*c));
        let (count, bits) = wider.fold((0_usize, 0_u32), |(n, all), c| (n + 1, all | c));
        if count > 0 {
            let needed = u32::BITS - bits.leading_zeros();
            return Err(file.root().bad(
                BITS_STORED,
                &format!("{} with HighBit {}", format.bits_stored, format.high_bit),
                &format!(
                    "{count} of {} values of a frame use bit {needed} of the {} allocated: cut to the stored bits they would be other values",
                    format.frame_len(),
                    format.bits_allocated
                ),
                &format!(
                    "Write the bits that are used into the header (BitsStored {needed}, HighBit {}), or export the series again.",
                    needed - 1
                ),
            ));
        }
    }
    Ok(frame.chunks_exact(cell).map(|c| format.unpack(join(c))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_signs_and_high_bits() {
        let mut format = PixelFormat {
            rows: 1,
            columns: 1,
            frames: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            signed: true,
            foreign_padding: None,
        };
        assert_eq!(format.unpack(0xF800), -2048);
        assert_eq!(format.unpack(0x07FF), 2047);
        // Bits above are a sign, or too many.
        assert!(!format.is_wider(0xF800) && !format.is_wider(0x07FF));
        assert!(format.is_wider(0x1001) && format.is_wider(0x7801));
        assert!(PixelFormat { signed: false, ..format }.is_wider(0xF800));
        format.high_bit = 15;
        assert_eq!(format.unpack(0x7FFF), 2047);
        assert_eq!(format.unpack(0x8000), -2048);
        format.signed = false;
        assert_eq!(format.unpack(0x8000), 2048);
        format = PixelFormat { bits_allocated: 32, bits_stored: 32, high_bit: 31, ..format };
        assert_eq!(format.unpack(u32::MAX), i64::from(u32::MAX));
    }
}
