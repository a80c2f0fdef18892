//! A tally in a file: part of a run (a shard), to be merged with the others exactly, or what a run has finished so far (a checkpoint).
//!
//! Layout, little-endian: the magic line, the length of a JSON header, the header, then as gzip the caller's own bytes
//! (what it needs to write the outputs), the sums of each origin (u64), the squares (u128), sums and squares of each time point,
//! the regions and what left the grid of each batch (u64) and, of a checkpoint, the sums of the batch in progress (u64); at the end the SHA-256 of everything before it.

use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::batch_words::SLOTS;
use super::escapes::{ESCAPE_NUMBERS, Escapes};
use super::in_progress::{InProgress, Kept};
use super::ledger::Ledger;
use super::score::{Channels, Origins};
use super::shard_claims::Claims;
use super::signature::Signature;
use super::tally::{BatchRegions, ORIGINS, Sums as TallySums, Tally};
use super::tally_origins::OriginSums;
use super::tally_times::TimeSums;
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::io::atomic::write_atomically;

/// Version of the layout.
const FORMAT: u32 = 4;
/// Largest header, bytes: guards against a damaged length.
const MAX_HEADER: u64 = 1 << 26;
/// Largest tally, bytes, that a checkpoint packs: beyond, packing would take longer than writing.
const MOST_PACKED: usize = 256 << 20;

/// What a file of sums is for; never read one for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shard,
    Checkpoint,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Shard => "shard",
            Kind::Checkpoint => "checkpoint",
        }
    }

    /// First bytes of the file.
    fn magic(self) -> String {
        format!("voxgray {} {FORMAT}\n", self.name())
    }
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Shard {
    /// Program, engine, plan and cut: parts of one run have the same.
    pub signature: Signature,
    /// Which part it is: number (from 1) and count of the shards of the run.
    pub part: [u32; 2],
    /// Transport so far, s.
    pub seconds: f64,
    /// What the caller needs to write the outputs: text.
    pub context: String,
    /// The same in bytes, for maps.
    pub payload: Vec<u8>,
    /// The sums.
    pub tally: Tally,
}

/// What a run has finished so far, as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Whole batches; its payload is what a goal has decided, if there is one.
    pub whole: Shard,
    /// What is finished of one more.
    pub more: Option<Kept>,
}

/// What is written of a run: as [`Shard`] and [`Checkpoint`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// As in [`Shard`].
    pub signature: &'a Signature,
    /// As in [`Shard`].
    pub part: [u32; 2],
    /// As in [`Shard`].
    pub seconds: f64,
    /// As in [`Shard`].
    pub context: &'a str,
    /// As in [`Shard`].
    pub payload: &'a [u8],
    /// As in [`Shard`].
    pub tally: &'a Tally,
    /// What is finished of one more batch.
    pub more: Option<&'a InProgress>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    signature: Signature,
    part: [u32; 2],
    seconds: f64,
    context: String,
    payload: usize,
    voxels: usize,
    origins: [bool; ORIGINS],
    times: usize,
    histories_per_batch: u64,
    batches: Vec<u32>,
    regions: usize,
    /// The numbers of [`Ledger::words`].
    ledger: Vec<u64>,
    more: Option<More>,
}

/// The batch in progress.
#[derive(Serialize, Deserialize)]
struct More {
    batch: u32,
    done: Vec<[u64; 2]>,
    ledger: Vec<u64>,
    /// Numbers of sums.
    sums: Vec<usize>,
}

/// Passes bytes on and hashes them.
struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.digest.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.digest.update(&buffer[..n]);
        Ok(n)
    }
}

/// Writes a shard; the file appears complete or not at all.
///
/// # Errors
/// If writing fails.
pub fn write_shard(path: &Path, shard: &Shard) -> Result<()> {
    let sums = Sums {
        signature: &shard.signature,
        part: shard.part,
        seconds: shard.seconds,
        context: &shard.context,
        payload: &shard.payload,
        tally: &shard.tally,
        more: None,
    };
    write_sums(path, Kind::Shard, &sums, Compression::fast())
}

/// Writes a checkpoint; an older one is replaced when the new one is complete and on the disk.
///
/// # Errors
/// If writing fails.
pub fn write_checkpoint(path: &Path, sums: &Sums) -> Result<()> {
    let per_voxel = match sums.tally.sums.channels() {
        Channels::Origins(_) => 16 + 8 * ORIGINS,
        Channels::Times(times) => 24 * times,
    };
    let bytes = sums.tally.voxels * per_voxel.max(16 + 8 * ORIGINS);
    let level = if bytes > MOST_PACKED { Compression::none() } else { Compression::fast() };
    write_sums(path, Kind::Checkpoint, sums, level)
}

fn write_sums(path: &Path, kind: Kind, sums: &Sums, level: Compression) -> Result<()> {
    let t = sums.tally;
    let more = sums.more.filter(|m| !m.done.is_empty());
    let (origins, times) = match t.sums.channels() {
        Channels::Origins(Origins(used)) => (used, 0),
        Channels::Times(times) => ([false; ORIGINS], times),
    };
    let header = Header {
        signature: sums.signature.clone(),
        part: sums.part,
        seconds: sums.seconds,
        context: sums.context.to_owned(),
        payload: sums.payload.len(),
        voxels: t.voxels,
        origins,
        times,
        histories_per_batch: t.histories_per_batch,
        batches: t.regions.iter().map(|r| r.batch).collect(),
        regions: t.regions.first().map_or(0, |r| r.units.len()),
        ledger: t.ledger.words().to_vec(),
        more: more.map(|m| More {
            batch: m.batch,
            done: m.done.clone(),
            ledger: m.ledger.words().to_vec(),
            sums: m.sums().iter().map(ExactSizeIterator::len).collect(),
        }),
    };
    let header = serde_json::to_vec(&header).map_err(|e| {
        let problem = format!("the header of a {} cannot be written", kind.name());
        Error::run(problem, e.to_string(), "Report this.")
    })?;
    write_atomically(path, |file| {
        let mut out = Hashing { inner: file, digest: Sha256::new() };
        out.write_all(kind.magic().as_bytes())?;
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        let mut gz = GzEncoder::new(&mut out, level);
        gz.write_all(sums.payload)?;
        match &t.sums {
            TallySums::ByOrigin(OriginSums { sums, squares }) => {
                for sum in sums.iter().flatten() {
                    write_words(&mut gz, sum.iter().map(|v| v.to_le_bytes()))?;
                }
                write_words(&mut gz, squares.iter().map(|v| v.to_le_bytes()))?;
            }
            TallySums::ByTime(times) => {
                for time in times {
                    write_words(&mut gz, time.sums.iter().map(|v| v.to_le_bytes()))?;
                    write_words(&mut gz, time.squares.iter().map(|v| v.to_le_bytes()))?;
                }
            }
        }
        for regions in &t.regions {
            write_words(&mut gz, regions.units.iter().map(|v| v.to_le_bytes()))?;
            write_words(&mut gz, regions.escapes.words().map(u64::to_le_bytes).into_iter())?;
        }
        for sums in more.map_or(Vec::new(), InProgress::sums) {
            write_words(&mut gz, sums.map(u64::to_le_bytes))?;
        }
        gz.finish()?;
        let Hashing { inner, digest } = out;
        inner.write_all(&digest.finalize())
    })
}

fn write_words<const N: usize>(
    out: &mut impl Write,
    words: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(1 << 16);
    for word in words {
        buffer.extend_from_slice(&word);
        if buffer.len() + N > buffer.capacity() {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

fn read_words<const N: usize, T>(
    from: &mut impl Read,
    count: usize,
    word: impl Fn([u8; N]) -> T,
) -> io::Result<Vec<T>> {
    // Grown as it is read: a damaged count must not allocate.
    let mut out = Vec::new();
    let mut buffer = vec![0; N * 8192];
    let mut left = count;
    while left > 0 {
        let n = left.min(8192);
        from.read_exact(&mut buffer[..n * N])?;
        for chunk in buffer[..n * N].chunks_exact(N) {
            let mut bytes = [0; N];
            bytes.copy_from_slice(chunk);
            out.push(word(bytes));
        }
        left -= n;
    }
    Ok(out)
}

fn read_tally_sums(
    from: &mut impl Read,
    voxels: usize,
    channels: Channels,
) -> io::Result<TallySums> {
    match channels {
        Channels::Origins(Origins(used)) => {
            let mut sums = [const { None }; ORIGINS];
            for (sum, _) in sums.iter_mut().zip(used).filter(|(_, used)| *used) {
                *sum = Some(read_words(from, voxels, u64::from_le_bytes)?);
            }
            let squares = read_words(from, voxels, u128::from_le_bytes)?;
            Ok(TallySums::ByOrigin(OriginSums { sums, squares }))
        }
        Channels::Times(times) => {
            let mut all = Vec::new();
            for _ in 0..times {
                let sums = read_words(from, voxels, u64::from_le_bytes)?;
                let squares = read_words(from, voxels, u128::from_le_bytes)?;
                all.push(TimeSums { sums, squares });
            }
            Ok(TallySums::ByTime(all))
        }
    }
}

fn read_escapes(from: &mut impl Read) -> io::Result<Escapes> {
    let words = read_words(from, ESCAPE_NUMBERS, u64::from_le_bytes)?;
    let words: [u64; ESCAPE_NUMBERS] =
        words.try_into().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    Ok(Escapes::from_words(&words))
}

/// Reads a shard and checks its hash.
///
/// # Errors
/// If the file is no shard, of another format, or damaged.
pub fn read_shard(path: &Path) -> Result<Shard> {
    let suggestion = "Make it again with voxgray dose --shard, by this version of voxgray.";
    read_sums(path, Kind::Shard, suggestion).map(|c| c.whole)
}

/// Reads a checkpoint and checks its hash.
///
/// # Errors
/// If the file is no checkpoint, of another format, or damaged.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    let suggestion =
        "Go on with the voxgray that wrote it, or leave --resume out to start from the beginning.";
    read_sums(path, Kind::Checkpoint, suggestion)
}

fn read_sums(path: &Path, kind: Kind, suggestion: &str) -> Result<Checkpoint> {
    let damaged = |why: String| {
        let problem = format!("{} cannot be read as a {}", path.display(), kind.name());
        Error::input(problem, why, suggestion)
    };
    let file = InputFile::open(path)?;
    let length = file.length();
    let body = length.checked_sub(32).ok_or_else(|| damaged("it is too short".into()))?;
    let mut file = io::BufReader::with_capacity(1 << 18, file);
    let mut from = Hashing { inner: (&mut file).take(body), digest: Sha256::new() };
    let found =
        read_body(&mut from, kind, body).map_err(|e| damaged(e.to_string()).caused_by(e))?;
    // The decoder may leave trailing bytes; all of them are hashed.
    io::copy(&mut from, &mut io::sink()).map_err(|e| Error::io("read", path, &e))?;
    let digest = from.digest.finalize();
    let mut stored = [0; 32];
    file.read_exact(&mut stored).map_err(|e| Error::io("read", path, &e))?;
    if digest.as_slice() != stored {
        return Err(damaged("its checksum does not match its content".into()));
    }
    Ok(found)
}

/// Reads the first line, and says what a file of another format is.
fn check_magic(from: &mut impl Read, kind: Kind) -> io::Result<()> {
    let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let begins = format!("voxgray {} ", kind.name());
    let mut first = vec![0; begins.len()];
    from.read_exact(&mut first)?;
    if first != begins.as_bytes() {
        return Err(bad(format!("it does not start with '{}'", begins.trim_end())));
    }
    let mut number = Vec::new();
    loop {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        match byte[0] {
            b'\n' => break,
            b if b.is_ascii_digit() && number.len() < 9 => number.push(b),
            _ => return Err(bad("its format is no number".into())),
        }
    }
    let number: u32 = String::from_utf8_lossy(&number).parse().unwrap_or(0);
    if number == FORMAT {
        return Ok(());
    }
    let age = if number < FORMAT { "an older" } else { "a newer" };
    Err(bad(format!(
        "its format is {number}, that of {age} voxgray; this one, version {}, reads format {FORMAT}",
        env!("CARGO_PKG_VERSION")
    )))
}

/// `stored` is the number of bytes that `from` has.
fn read_body(from: &mut impl Read, kind: Kind, stored: u64) -> io::Result<Checkpoint> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    check_magic(from, kind)?;
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER.min(stored) {
        return Err(bad("its header has an impossible length"));
    }
    let mut header = vec![0; length as usize];
    from.read_exact(&mut header)?;
    let header: Header = serde_json::from_slice(&header).map_err(io::Error::from)?;
    let books = |words: &[u64]| match words.try_into() {
        Ok(words) => Ok(Ledger::from_words(words)),
        Err(_) => Err(bad("its books have another number of entries")),
    };
    let ledger = books(&header.ledger)?;
    let claims = Claims {
        payload: header.payload,
        voxels: header.voxels,
        origins: header.origins.iter().filter(|used| **used).count(),
        times: header.times,
        histories_per_batch: header.histories_per_batch,
        batches: &header.batches,
        regions: header.regions,
        histories: ledger.histories,
    };
    claims.check(stored)?;
    let mut gz = GzDecoder::new(from);
    let payload = read_words(&mut gz, header.payload, |[b]: [u8; 1]| b)?;
    // That it is one of both the claims have said.
    let channels = match header.times {
        0 => Channels::Origins(Origins(header.origins)),
        times => Channels::Times(times),
    };
    let sums = read_tally_sums(&mut gz, header.voxels, channels)?;
    let mut regions = Vec::new();
    for batch in header.batches {
        regions.push(BatchRegions {
            batch,
            units: read_words(&mut gz, header.regions, u64::from_le_bytes)?,
            escapes: read_escapes(&mut gz)?,
        });
    }
    let more = match header.more {
        None => None,
        Some(more) => {
            let most = header.voxels.saturating_mul(header.times.max(1));
            if more.sums.len() > SLOTS || more.sums.iter().any(|n| *n > most) {
                return Err(bad("its batch in progress has too many sums"));
            }
            let numbers = more.sums.iter();
            let read = |n: &usize| read_words(&mut gz, *n, u64::from_le_bytes);
            let sums = numbers.map(read).collect::<io::Result<Vec<_>>>()?;
            let apart = more.done.windows(2).all(|w| w[0][1] < w[1][0]);
            if !apart || more.done.iter().any(|[first, end]| first >= end) {
                return Err(bad("its batch in progress has impossible pieces"));
            }
            let ledger = books(&more.ledger)?;
            Some(Kept { batch: more.batch, done: more.done, ledger, sums })
        }
    };
    let whole = Shard {
        signature: header.signature,
        part: header.part,
        seconds: header.seconds,
        context: header.context,
        payload,
        tally: Tally {
            voxels: header.voxels,
            sums,
            regions,
            histories_per_batch: header.histories_per_batch,
            ledger,
        },
    };
    whole.tally.check().map_err(|e| bad(&format!("{} ({})", e.problem, e.why)))?;
    Ok(Checkpoint { whole, more })
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
