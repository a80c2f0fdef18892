//! Reading MetaImage.

use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::header::{Header, MAX_BYTES};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::image::{Grid, Volume};
use crate::io::element::{Decoded, Encoding, decode};
use crate::io::inflate;
use crate::io::read::{ImageFormat, ImageInfo, bad, check_expansion, choose_frame, finish};
use crate::io::room;

/// Reads a MetaImage (`.mha`, or `.mhd` with its data file; plain or zlib) as `f32`, in LPS mm.
///
/// What is ambiguous is refused: text voxels, unknown byte order, `MET_LONG`, scale factors,
/// channels, lists of files, a centre of rotation. A missing `Offset` or `TransformMatrix` takes
/// MetaIO's default and is noted.
///
/// # Errors
/// If the file cannot be read, is truncated, or its header is incomplete, ambiguous or impossible.
pub fn read_metaimage(path: &Path) -> Result<(Volume<f32>, ImageInfo)> {
    read_metaimage_frame(path, None)
}

/// [`read_metaimage`] for a file of four dimensions, of which the last counts frames; `frame` is counted from 0.
///
/// # Errors
/// As [`read_metaimage`], and if there are several frames and none is chosen.
pub fn read_metaimage_frame(path: &Path, frame: Option<usize>) -> Result<(Volume<f32>, ImageInfo)> {
    let read = read(path, frame, 1)?;
    let files: Vec<&Path> = read.files.iter().map(PathBuf::as_path).collect();
    finish(read.grid, read.decoded, path, ImageFormat::MetaImage, &files, read.notes)
}

/// Reads a file with a vector of three in each voxel (`ElementNumberOfChannels = 3`) as three volumes. The vectors are as stored: ITK writes displacements
/// in mm, LPS.
///
/// # Errors
/// As [`read_metaimage`]; if it holds no vectors of three, or several frames.
pub fn read_metaimage_vectors(path: &Path) -> Result<[Volume<f32>; 3]> {
    let read = read(path, None, 3)?;
    parted(&read.grid, &read.decoded.data)
}

/// Vectors that stand side by side as three volumes.
pub(in crate::io) fn parted(grid: &Grid, vectors: &[f32]) -> Result<[Volume<f32>; 3]> {
    let component =
        |c: usize| Volume::new(grid.clone(), vectors.iter().skip(c).step_by(3).copied().collect());
    Ok([component(0)?, component(1)?, component(2)?])
}

/// What a file holds.
struct Read {
    grid: Grid,
    decoded: Decoded,
    files: Vec<PathBuf>,
    notes: Vec<String>,
}

/// A file with so many values in each voxel.
fn read(path: &Path, frame: Option<usize>, channels: usize) -> Result<Read> {
    let file = InputFile::open(path)?;
    let own_length = file.length();
    let mut file = BufReader::with_capacity(1 << 18, file);
    let (text, header_bytes) = header_text(path, &mut file)?;
    let mut header = Header::parse(path, &text)?;
    let grid = header.grid()?;
    let (kind, big_endian) = header.element(channels)?;
    let frames = header.frames()?;
    let frame = choose_frame(path, frames, frame)?;
    let values = grid.len().saturating_mul(channels);
    let volume = (values as u64).saturating_mul(kind.size() as u64);
    let skip = volume.checked_mul(frame as u64);
    let (Some(skip), Some(needed)) = (skip, volume.checked_mul(frames as u64)) else {
        return Err(bad(
            path,
            format!("{frames} frames of {:?} voxels", grid.dims),
            "no file is that large",
            "Check DimSize.",
        ));
    };
    let name = header.data_file()?;
    let local = name.eq_ignore_ascii_case("local");
    let data_path = if local { path.to_path_buf() } else { beside(path, name) };
    let beside = if local { None } else { Some(InputFile::open(&data_path)?) };
    let stored = beside.as_ref().map_or(own_length, InputFile::length);
    let compressed = header.compressed()?;
    let start = match header.skip()? {
        Some(0) if local => header_bytes,
        Some(n) if !local && !compressed => n,
        Some(0) => 0,
        None if !compressed => stored.saturating_sub(needed),
        _ => {
            return Err(bad(
                path,
                "HeaderSize is set on local or compressed data".into(),
                "where the voxels start is then ambiguous",
                "Export without HeaderSize.",
            ));
        }
    };
    let there = stored.saturating_sub(start);
    let mut notes = std::mem::take(&mut header.notes);
    if compressed {
        check_expansion(&data_path, there, needed)?;
        if let Some(said) = header.compressed_size()?.filter(|n| *n > there) {
            return Err(bad(
                &data_path,
                format!("CompressedDataSize promises {said} bytes, {there} are there"),
                "voxels are missing",
                "The file is truncated: copy or export it again.",
            ));
        }
    } else if there < needed {
        return Err(bad(
            &data_path,
            format!("the header promises {needed} bytes of voxels, {there} are there"),
            "voxels are missing",
            "The file is truncated: copy or export it again.",
        ));
    } else if there > needed {
        notes.push(format!("{} bytes behind the voxels are not used", there - needed));
    }
    // In memory each voxel takes four bytes.
    let in_memory = (values as u64).saturating_mul(4);
    if compressed {
        room::VOLUME.make(&data_path, there, in_memory)?;
    } else {
        room::make(&data_path, in_memory)?;
    }
    let mut data = beside.map_or(file, |f| BufReader::with_capacity(1 << 18, f));
    data.seek(SeekFrom::Start(start)).map_err(|e| Error::io("read", &data_path, &e))?;
    let damaged = |e: std::io::Error| inflate::failed(&data_path, &e);
    let mut stream: Box<dyn std::io::Read> =
        if compressed { inflate::open(data).map_err(damaged)? } else { Box::new(data) };
    std::io::copy(&mut (&mut stream).take(skip), &mut std::io::sink()).map_err(damaged)?;
    let encoding = Encoding { kind, big_endian, scale: None };
    let decoded = decode(&mut stream, &encoding, values, &data_path)?;
    if compressed {
        let behind = inflate::finish(&mut stream, needed - skip - volume, &data_path)?;
        if behind > 0 {
            notes.push(format!("{behind} bytes behind the voxels are not used"));
        }
    }
    let mut files = vec![path.to_path_buf()];
    files.extend((!local).then_some(data_path));
    Ok(Read { grid, decoded, files, notes })
}

/// Lines up to and including `ElementDataFile`, and how many bytes they take.
fn header_text(path: &Path, file: &mut impl BufRead) -> Result<(String, u64)> {
    let mut text = String::new();
    let mut bytes = 0;
    loop {
        let mut line = Vec::new();
        let n = file
            .take(MAX_BYTES - bytes)
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::io("read", path, &e))?;
        bytes += n as u64;
        let line = String::from_utf8(line).ok().filter(|_| n > 0 && bytes < MAX_BYTES);
        let Some(line) = line else {
            return Err(bad(
                path,
                "the header does not end with ElementDataFile".into(),
                "a MetaImage header is text, and that is its last line",
                "Check that the file is a MetaImage and complete.",
            ));
        };
        text.push_str(&line);
        if line.split_once('=').is_some_and(|(key, _)| key.trim() == "ElementDataFile") {
            return Ok((text, bytes));
        }
    }
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.with_file_name("").join(name)
}
