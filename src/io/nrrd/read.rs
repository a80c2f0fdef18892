//! Reading NRRD.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::header::{Header, Stored};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::image::{Grid, Volume};
use crate::io::element::{Encoding, decode};
use crate::io::metaimage::parted;
use crate::io::read::{bad, check_expansion};
use crate::io::{inflate, room};

/// Longest header: a segmentation of some hundred segments has under 200 kB.
const MAX_HEADER: u64 = 4 << 20;

/// An NRRD as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Nrrd {
    /// Where its voxels lie.
    pub grid: Grid,
    /// Number of values for each voxel.
    pub layers: usize,
    /// Values; the layers of a voxel stand side by side.
    pub data: Vec<f32>,
    /// Its keys (`key:=value`).
    pub keys: BTreeMap<String, String>,
    /// What a user should know.
    pub notes: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// Reads an NRRD: a volume of 3 axes, or of 4 of which the first counts layers; raw, gzip or ascii, attached or detached (`.nhdr`), in LPS, RAS or
/// LAS coordinates of the patient.
///
/// # Errors
/// If the file cannot be read, is truncated, or its header is incomplete or not of these.
pub fn read_nrrd(path: &Path) -> Result<Nrrd> {
    let file = InputFile::open(path)?;
    let own_length = file.length();
    let mut file = BufReader::with_capacity(1 << 18, file);
    let (text, header_bytes) = header_text(path, &mut file)?;
    let header = Header::parse(path, &text)?;
    let (grid, layers) = header.grid()?;
    let stored = header.stored()?;
    let (kind, big_endian) = header.element(stored == Stored::Text)?;
    let count = grid.len().checked_mul(layers).filter(|n| *n > 0 && *n <= 1 << 34);
    let needed = count.and_then(|n| (n as u64).checked_mul(kind.size() as u64));
    let (Some(count), Some(needed)) = (count, needed) else {
        return Err(bad(
            path,
            format!("{layers} layers of {:?} voxels", grid.dims),
            "no file is that large",
            "Check the sizes.",
        ));
    };
    let data_path = header.data_file()?.map(|name| path.with_file_name("").join(name));
    let beside = data_path.as_deref().map(InputFile::open).transpose()?;
    let data_path = data_path.unwrap_or_else(|| path.to_path_buf());
    let (length, base) = beside.as_ref().map_or((own_length, header_bytes), |f| (f.length(), 0));
    let skip = header.skip()?;
    let there = length.saturating_sub(base);
    let mut data = beside.map_or(file, |f| BufReader::with_capacity(1 << 18, f));
    let failed = |e: std::io::Error| inflate::failed(&data_path, &e);
    let in_memory = (count as u64).saturating_mul(4);
    let encoding = Encoding { kind, big_endian, scale: None };
    let short = |have: u64| {
        bad(
            &data_path,
            format!("the header promises {needed} bytes of values, {have} are there"),
            "voxels are missing",
            "The file is truncated: copy or export it again.",
        )
    };
    let mut notes = Vec::new();
    let decoded = match stored {
        Stored::Raw => {
            let from = if skip < 0 {
                length.saturating_sub(needed)
            } else {
                base.saturating_add(skip as u64)
            };
            if length.saturating_sub(from) < needed || from < base {
                return Err(short(length.saturating_sub(from.max(base))));
            }
            let behind = length.saturating_sub(from) - needed;
            if behind > 0 {
                notes.push(behind_voxels(behind));
            }
            room::make(&data_path, in_memory)?;
            data.seek(SeekFrom::Start(from)).map_err(|e| Error::io("read", &data_path, &e))?;
            decode(&mut data, &encoding, count, &data_path)?.data
        }
        Stored::Gzip => {
            check_expansion(&data_path, there, needed)?;
            room::VOLUME.make(&data_path, there, in_memory)?;
            data.seek(SeekFrom::Start(base)).map_err(|e| Error::io("read", &data_path, &e))?;
            let mut stream = inflate::open(data).map_err(failed)?;
            // Of compressed data, the bytes of what they inflate to are passed over.
            let passed =
                std::io::copy(&mut (&mut stream).take(skip.max(0) as u64), &mut std::io::sink());
            passed.map_err(failed)?;
            let decoded = decode(&mut stream, &encoding, count, &data_path)?.data;
            let behind = inflate::finish(&mut stream, 0, &data_path)?;
            if behind > 0 {
                notes.push(behind_voxels(behind));
            }
            decoded
        }
        Stored::Text => {
            // A value and what parts it from the next take two bytes at least.
            if there.saturating_add(1) < 2 * count as u64 {
                return Err(short(there));
            }
            room::make(&data_path, in_memory)?;
            data.seek(SeekFrom::Start(base.saturating_add(skip.max(0) as u64)))
                .map_err(|e| Error::io("read", &data_path, &e))?;
            texts(&mut data, count, &data_path)?
        }
    };
    let mut files = vec![path.to_path_buf()];
    files.extend((data_path != path).then_some(data_path));
    let keys = header.keys;
    Ok(Nrrd { grid, layers, data: decoded, keys, notes, files })
}

fn behind_voxels(bytes: u64) -> String {
    format!(
        "WARNING: {bytes} bytes behind the voxels are not used: if sizes in the header is wrong, the image is sheared"
    )
}

/// Reads a file of vectors of three (four axes, of which the first counts components) as three volumes, in mm, LPS.
///
/// # Errors
/// As [`read_nrrd`]; if it holds no vectors of three, or their directions are not those of LPS.
pub fn read_nrrd_vectors(path: &Path) -> Result<[Volume<f32>; 3]> {
    let file = InputFile::open(path)?;
    let (text, _) = header_text(path, &mut BufReader::new(file))?;
    Header::parse(path, &text)?.in_lps()?;
    let read = read_nrrd(path)?;
    if read.layers != 3 {
        return Err(bad(
            path,
            format!("{} values in each voxel", read.layers),
            "a displacement has three components",
            "Write the field with ITK, in mm, LPS.",
        ));
    }
    parted(&read.grid, &read.data)
}

/// Numbers in text.
fn texts(reader: &mut impl BufRead, count: usize, path: &Path) -> Result<Vec<f32>> {
    let mut values = Vec::new();
    let mut line = Vec::new();
    while values.len() < count {
        line.clear();
        let n = reader
            .take(1 << 20)
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::io("read", path, &e))?;
        // A longer line is cut at a blank, which must not part a number.
        while n == 1 << 20
            && line.last().is_some_and(|b| !b.is_ascii_whitespace())
            && line.len() < 2 << 20
        {
            let mut one = [0];
            match reader.read(&mut one).map_err(|e| Error::io("read", path, &e))? {
                0 => break,
                _ => line.push(one[0]),
            }
        }
        let text = std::str::from_utf8(&line).unwrap_or("?");
        for word in text.split_whitespace() {
            let value: f32 = word.parse().map_err(|_| {
                let word: String = word.chars().take(20).collect();
                bad(
                    path,
                    format!("{word:?} stands where a number must"),
                    "the encoding is ascii",
                    "Export it again.",
                )
            })?;
            values.push(value);
        }
        if n == 0 {
            break;
        }
    }
    if values.len() != count {
        return Err(bad(
            path,
            format!("{} of {count} values are there", values.len()),
            "voxels are missing, or there are too many",
            "The file is damaged: copy or export it again.",
        ));
    }
    Ok(values)
}

/// The lines up to the empty one, or to the end of a detached header, and how many bytes they take.
fn header_text(path: &Path, file: &mut impl BufRead) -> Result<(String, u64)> {
    let mut bytes = Vec::new();
    loop {
        let from = bytes.len();
        let n = file
            .take(MAX_HEADER - from as u64)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| Error::io("read", path, &e))?;
        if from == 0 && !bytes.starts_with(b"NRRD000") {
            return Err(bad(
                path,
                "the file does not start with NRRD000".into(),
                "an NRRD begins with its version",
                "Check that the file is NRRD.",
            ));
        }
        if bytes.len() as u64 >= MAX_HEADER {
            return Err(bad(
                path,
                "the header does not end".into(),
                "an empty line ends it",
                "Check the file.",
            ));
        }
        if n == 0 || bytes[from..].iter().all(|b| matches!(b, b'\r' | b'\n')) {
            let length = bytes.len() as u64;
            let text = String::from_utf8(bytes).map_err(|_| {
                bad(path, "the header is no text".into(), "it must be UTF-8", "Check the file.")
            })?;
            return Ok((text, length));
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
