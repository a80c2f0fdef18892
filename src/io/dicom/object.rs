//! Opens one DICOM file tolerantly: no preamble, no file meta group, no transfer syntax, big endian or deflated
//! are accepted as long as the bytes leave one reading only.

use std::io::Read;
use std::path::{Path, PathBuf};

use dicom_core::Tag;
use dicom_dictionary_std::uids;

use super::attributes::*;
use super::data_set::{DataSet, PixelBytes, parse, parse_header, parse_meta};
use super::transfer_syntax::{Compression, TransferSyntax};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::io::inflate::{self, Deflate, Wrapper};
use crate::io::room;

/// A larger file (or inflated data set) than this is refused: 4 GiB, the reach of a DICOM element's length.
const MAX_BYTES: u64 = 1 << 32;

/// An opened file: parsed header and raw bytes.
#[derive(Debug)]
pub(super) struct DicomFile {
    pub path: PathBuf,
    /// Bytes of the file, before any is inflated.
    pub stored: u64,
    pub data_set: DataSet,
    /// The value of Pixel Data (7FE0,0010), if any.
    pub pixels: Option<PixelBytes>,
    /// Tag of a float or double pixel data element, if any.
    pub float_pixels: Option<Tag>,
    pub transfer_syntax: TransferSyntax,
    pub bytes: Vec<u8>,
}

impl DicomFile {
    /// Reads and checks a file.
    pub fn open(path: &Path) -> Result<DicomFile> {
        let bytes = read_bytes(path)?;
        DicomFile::from_bytes(path, bytes)
    }

    /// The root data set.
    pub fn root(&self) -> Item<'_> {
        Item { path: &self.path, data_set: &self.data_set }
    }

    fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<DicomFile> {
        let damaged = |problem: String| {
            Error::input(
                format!("{}: {problem}", path.display()),
                "the file is truncated or damaged, or is not DICOM",
                "Copy or export it again.",
            )
        };
        let stored = bytes.len() as u64;
        let start = find_start(&bytes)
            .ok_or_else(|| damaged("neither a DICM prefix nor a data set was found".into()))?;
        let (meta, body) = parse_meta(&bytes, start).map_err(damaged)?;
        let (transfer_syntax, bytes, body) = match (Item { path, data_set: &meta })
            .text(TRANSFER_SYNTAX_UID)
        {
            Some(uid) => {
                let syntax = TransferSyntax::from_uid(&uid).ok_or_else(|| {
                    Error::input(
                        format!("{}: transfer syntax {uid} is not supported", path.display()),
                        "readable are uncompressed, deflated, RLE, JPEG, JPEG-LS and JPEG 2000",
                        "Export the series uncompressed (Explicit VR Little Endian).",
                    )
                })?;
                if syntax.deflated() {
                    (syntax, inflate(path, &bytes[body..], &syntax)?, 0)
                } else {
                    (syntax, bytes, body)
                }
            }
            None => {
                let syntax = guess_syntax(&bytes[body..]).ok_or_else(|| {
                    damaged(
                        "there is no transfer syntax and the first element fits no encoding".into(),
                    )
                })?;
                (syntax, bytes, body)
            }
        };
        let parsed = parse(&bytes, body, transfer_syntax.coding).map_err(damaged)?;
        let encapsulated = matches!(parsed.pixels, Some(PixelBytes::Encapsulated { .. }));
        if encapsulated && transfer_syntax.compression == Compression::None {
            return Err(damaged(
                "the pixel data are compressed but the transfer syntax does not say how".into(),
            ));
        }
        Ok(DicomFile {
            path: path.to_path_buf(),
            stored,
            data_set: parsed.data_set,
            pixels: parsed.pixels,
            float_pixels: parsed.float_pixels,
            transfer_syntax,
            bytes,
        })
    }
}

/// True if the file starts like DICOM (prefix, or an element of group 0002 or 0008 that can be parsed).
///
/// # Errors
/// If it is no regular file: a pipe or device may never end.
pub(super) fn looks_like_dicom(path: &Path) -> Result<bool> {
    let io = |e: std::io::Error| Error::io("read", path, &e);
    let mut head = Vec::new();
    InputFile::open(path)?.take(256).read_to_end(&mut head).map_err(io)?;
    Ok(find_start(&head).is_some())
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let io = |e: std::io::Error| Error::io("read", path, &e);
    let mut bytes = Vec::new();
    let file = InputFile::open(path)?;
    room::make(path, file.length().min(MAX_BYTES + 1))?;
    let mut file = file.take(MAX_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(io)?;
    too_large(path, bytes.len())?;
    Ok(bytes)
}

fn too_large(path: &Path, bytes: usize) -> Result<()> {
    if bytes as u64 > MAX_BYTES {
        return Err(Error::input(
            format!("{}: more than 4 GiB of data", path.display()),
            "a single DICOM object larger than that is taken for damage",
            "Split the series into one file per slice.",
        ));
    }
    Ok(())
}

/// Largest inflated data set before its pixels are found, and of an object without any: an enhanced object of 10,000 frames has
/// some 20 MiB.
const MAX_HEADER: u64 = 48 << 20;

/// Inflates a data set, no further than its own header says it goes: the pixels that rows, columns, frames and bits need,
/// and [`MOST_BEHIND`] bytes behind them.
fn inflate(path: &Path, deflated: &[u8], syntax: &TransferSyntax) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = Deflate::new(deflated, Wrapper::None);
    let (mut limit, mut found) = (MAX_HEADER, false);
    let mut look_at = 1 << 16;
    loop {
        let step = look_at.min(limit + 1) - bytes.len() as u64;
        let got = (&mut stream)
            .take(step)
            .read_to_end(&mut bytes)
            .map_err(|e| inflate::failed(path, &e))?;
        if bytes.len() as u64 > limit {
            return Err(Error::input(
                format!("{}: the deflated data set goes on beyond {limit} bytes", path.display()),
                if found {
                    "that is more than the image of its header needs, or than so few stored bytes can hold"
                } else {
                    "no pixel data were found up to there"
                },
                "The file is damaged: copy or export it again.",
            ));
        }
        if (got as u64) < step {
            inflate::check_behind(stream.into_inner(), &bytes)
                .map_err(|e| inflate::failed(path, &e))?;
            return Ok(bytes);
        }
        if !found && let Some(end) = pixels_end(path, &bytes, syntax) {
            let most = room::SERIES.most(deflated.len() as u64).min(MAX_BYTES);
            (limit, found) = (end.saturating_add(inflate::MOST_BEHIND).min(most), true);
            limit = limit.max(bytes.len() as u64);
        }
        look_at = look_at.saturating_mul(2);
    }
}

/// Where the pixels of a data set end by what its header needs, if they begin within these bytes.
fn pixels_end(path: &Path, bytes: &[u8], syntax: &TransferSyntax) -> Option<u64> {
    let (header, start) = parse_header(bytes, syntax.coding)?;
    let root = Item { path, data_set: &header };
    let count = |a: Attribute| root.count(a).ok().flatten().map(|n| n as u64);
    let bits = count(ROWS)?.checked_mul(count(COLUMNS)?)?.checked_mul(count(BITS_ALLOCATED)?)?;
    let all = bits.checked_mul(count(NUMBER_OF_FRAMES).unwrap_or(1))?;
    Some((start as u64).saturating_add(all.div_ceil(8)))
}

/// Where the file meta group or, without one, the data set starts.
fn find_start(bytes: &[u8]) -> Option<usize> {
    if bytes.get(128..132) == Some(b"DICM") {
        return Some(132);
    }
    if bytes.starts_with(b"DICM") {
        return Some(4);
    }
    let meta = bytes.starts_with(&[2, 0]) && bytes.len() >= 8;
    (meta || guess_syntax(bytes).is_some()).then_some(0)
}

/// The uncompressed syntax of a data set that starts with group 0008, from its first element.
fn guess_syntax(bytes: &[u8]) -> Option<TransferSyntax> {
    let head: &[u8; 8] = bytes.get(..8)?.try_into().ok()?;
    let explicit = head[4..6].iter().all(u8::is_ascii_uppercase);
    #[expect(deprecated, reason = "big endian is retired, its files are not")]
    let uid = match (head[0], head[1], explicit) {
        (0x08, 0x00, true) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        (0x00, 0x08, true) => uids::EXPLICIT_VR_BIG_ENDIAN,
        // The length of a first element of group 0008 is short.
        (0x08, 0x00, false) if head[6] == 0 && head[7] == 0 => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        _ => return None,
    };
    TransferSyntax::from_uid(uid)
}
