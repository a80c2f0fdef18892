//! Decompression of one frame: RLE here, JPEG, JPEG-LS and JPEG 2000 by pure Rust crates.
//!
//! A decoder never sees a frame whose own header contradicts Rows and Columns, so a forged size allocates
//! nothing; a codestream without its end marker is refused as truncated; a decoder's panic becomes an error.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::pixels::PixelFormat;
use super::rle;
use super::transfer_syntax::Compression;

/// Why a frame cannot be decoded.
pub(super) type Why = String;

/// The fragments that hold frame `index` (PS3.5 A.4).
pub(super) fn frame_fragments<'a>(
    index: usize,
    frames: usize,
    offsets: &[u32],
    fragments: &'a [Range<usize>],
) -> Result<&'a [Range<usize>], Why> {
    if fragments.is_empty() {
        return Err("there are no compressed fragments".into());
    }
    if frames == 1 {
        return Ok(fragments);
    }
    if fragments.len() == frames {
        return Ok(&fragments[index..=index]);
    }
    if offsets.len() != frames {
        return Err(format!(
            "{} fragments for {frames} frames and an offset table of {} entries",
            fragments.len(),
            offsets.len()
        ));
    }
    // An offset counts from the first byte after the offset table; every fragment has an 8 byte header.
    let base = fragments[0].start;
    let starts_at = |offset: u32| {
        fragments
            .iter()
            .position(|f| f.start - base == offset as usize)
            .ok_or_else(|| format!("offset {offset} of the basic offset table starts no fragment"))
    };
    let first = starts_at(offsets[index])?;
    let last = match offsets.get(index + 1) {
        Some(&next) => starts_at(next)?,
        None => fragments.len(),
    };
    fragments.get(first..last).ok_or_else(|| "the basic offset table is not ascending".into())
}

/// Decodes one frame into stored values.
pub(super) fn decode(
    compression: Compression,
    stream: &[u8],
    format: &PixelFormat,
) -> Result<Vec<i64>, Why> {
    let decoded = catch_unwind(AssertUnwindSafe(|| match compression {
        Compression::None => Err("the transfer syntax says uncompressed".into()),
        Compression::Rle => {
            let cells =
                rle::decode(stream, format.frame_len(), format.bits_allocated as usize / 8)?;
            Ok(cells.into_iter().map(|c| format.unpack(c)).collect())
        }
        Compression::Jpeg => jpeg(stream, format),
        Compression::JpegLs => jpeg_ls(stream, format),
        Compression::Jpeg2000 => jpeg_2000(stream, format),
    }));
    let values: Vec<i64> =
        decoded.unwrap_or_else(|_| Err("the decoder gave up on a damaged codestream".into()))?;
    if values.len() != format.frame_len() {
        return Err(format!(
            "{} pixels were decoded, {} are needed",
            values.len(),
            format.frame_len()
        ));
    }
    Ok(values)
}

/// The codestream up to its end marker FF D9 (EOI or EOC); after it only zeros or one byte of padding may follow.
fn up_to_end(stream: &[u8]) -> Result<&[u8], Why> {
    let end = stream.iter().rposition(|&b| b != 0).map_or(0, |p| p + 1);
    [end, end.saturating_sub(1)]
        .into_iter()
        .map(|end| &stream[..end])
        .find(|s| s.ends_with(&[0xFF, 0xD9]))
        .ok_or_else(|| "the codestream has no end marker FF D9: it is truncated".into())
}

fn check_size(format: &PixelFormat, width: usize, height: usize) -> Result<(), Why> {
    if (width, height) == (format.columns, format.rows) {
        return Ok(());
    }
    Err(format!(
        "the codestream says {width} x {height} pixels, Columns x Rows is {} x {}",
        format.columns, format.rows
    ))
}

/// Width and height in the start-of-frame segment of a JPEG or JPEG-LS stream.
fn jpeg_size(stream: &[u8]) -> Option<(usize, usize)> {
    let mut at = 2;
    loop {
        let head = stream.get(at..at + 9)?;
        if head[0] != 0xFF {
            return None;
        }
        let frame = matches!(head[1], 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7);
        if frame {
            let pair = |k: usize| usize::from(u16::from_be_bytes([head[k], head[k + 1]]));
            return Some((pair(7), pair(5)));
        }
        if head[1] == 0xFF {
            at += 1;
        } else {
            at += 2 + usize::from(u16::from_be_bytes([head[2], head[3]]));
        }
    }
}

fn check_jpeg<'a>(stream: &'a [u8], format: &PixelFormat) -> Result<&'a [u8], Why> {
    let (width, height) =
        jpeg_size(stream).ok_or("no start-of-frame segment was found in the codestream")?;
    check_size(format, width, height)?;
    up_to_end(stream)
}

fn jpeg(stream: &[u8], format: &PixelFormat) -> Result<Vec<i64>, Why> {
    let stream = check_jpeg(stream, format)?;
    let mut decoder = jpeg_decoder::Decoder::new(stream);
    let bytes = decoder.decode().map_err(|e| e.to_string())?;
    let info = decoder.info().ok_or("the codestream has no header")?;
    let cell = |c: u32| format.unpack(c);
    match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => Ok(bytes.iter().map(|&b| cell(b.into())).collect()),
        jpeg_decoder::PixelFormat::L16 => Ok(bytes
            .chunks_exact(2)
            .map(|b| cell(u16::from_ne_bytes([b[0], b[1]]).into()))
            .collect()),
        other => Err(format!("the codestream is in colour ({other:?})")),
    }
}

fn jpeg_ls(stream: &[u8], format: &PixelFormat) -> Result<Vec<i64>, Why> {
    let stream = check_jpeg(stream, format)?;
    let (values, _, _) = jpegls::decode(stream, format.columns as u32, format.rows as u32)
        .map_err(|e| e.to_string())?;
    Ok(values.into_iter().map(|v| format.unpack(v.into())).collect())
}

/// Width and height in the SIZ segment of a raw JPEG 2000 codestream (ISO 15444-1 A.5.1).
fn jpeg_2000_size(stream: &[u8]) -> Option<(usize, usize)> {
    let at = stream.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])?;
    let quad = |k: usize| -> Option<u32> {
        Some(u32::from_be_bytes(stream.get(at + k..at + k + 4)?.try_into().ok()?))
    };
    let (x, y, x0, y0) = (quad(8)?, quad(12)?, quad(16)?, quad(20)?);
    Some((x.checked_sub(x0)? as usize, y.checked_sub(y0)? as usize))
}

fn jpeg_2000(stream: &[u8], format: &PixelFormat) -> Result<Vec<i64>, Why> {
    let (width, height) =
        jpeg_2000_size(stream).ok_or("no SIZ segment was found in the codestream")?;
    check_size(format, width, height)?;
    let stream = up_to_end(stream)?;
    let parameters = jpeg2k::DecodeParameters::new().strict(true);
    let image = jpeg2k::Image::from_bytes_with(stream, parameters).map_err(|e| e.to_string())?;
    let [component] = image.components() else {
        return Err(format!("the codestream has {} components", image.components().len()));
    };
    check_size(format, component.width() as usize, component.height() as usize)?;
    // The codestream's own sign wins: its precision may be less than BitsStored.
    let signed = component.is_signed();
    let value = |&v: &i32| if signed { i64::from(v) } else { format.unpack(v as u32) };
    Ok(component.data().iter().map(value).collect())
}
