//! A tally in a file: part of a run (a shard), to be merged with the others exactly.
//!
//! Layout, little-endian: the magic line, the length of a JSON header, the header, then as gzip the caller's own bytes
//! (what it needs to write the outputs), the sums of each origin (u64), the squares (u128), sums and squares of each time point, and
//! the regions (u64); at the end the SHA-256 of everything before it.

use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ledger::Ledger;
use super::plan::Plan;
use super::shard_claims::Claims;
use super::tally::{BatchRegions, ORIGINS, Tally};
use super::tally_times::TimeSums;
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::io::atomic::write_atomically;

/// First bytes of a shard file; the number is the version of the layout.
const MAGIC: &[u8] = b"voxgray shard 2\n";
/// Largest header, bytes: guards against a damaged length.
const MAX_HEADER: u64 = 1 << 26;

/// A part of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Shard {
    /// SHA-256 of the plan: shards of one run have the same.
    pub plan_sha256: String,
    /// What the caller needs to write the outputs: text.
    pub context: String,
    /// The same in bytes, for maps.
    pub payload: Vec<u8>,
    /// The sums.
    pub tally: Tally,
}

#[derive(Serialize, Deserialize)]
struct Header {
    plan_sha256: String,
    context: String,
    payload: usize,
    voxels: usize,
    origins: [bool; ORIGINS],
    times: usize,
    histories_per_batch: u64,
    batches: Vec<u32>,
    regions: usize,
    ledger: [u64; 12],
}

/// SHA-256 over everything that decides a run: scalars, tables, voxels, source.
pub fn plan_sha256(plan: &Plan) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{:?} {:?} {:?}", plan.params, plan.grid, plan.origins));
    digest.update(format!("{:?} {:?}", plan.source_groups, plan.source_entries));
    plan.tables.iter().for_each(|v| digest.update(v.to_bits().to_le_bytes()));
    for words in [&plan.voxels, &plan.cells, &plan.source_voxels] {
        words.iter().for_each(|v| digest.update(v.to_le_bytes()));
    }
    plan.source_cumulative.iter().for_each(|v| digest.update(v.to_le_bytes()));
    plan.source_weights.iter().for_each(|v| digest.update(v.to_bits().to_le_bytes()));
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ledger_words(l: &Ledger) -> [u64; 12] {
    [
        l.histories,
        l.primaries,
        l.emitted_units,
        l.imparted_units,
        l.escaped_units,
        l.cut_units,
        l.lepton_segments,
        l.photon_collisions,
        l.segment_caps,
        l.stack_overflows,
        l.rejection_caps,
        l.majorant_excesses,
    ]
}

fn ledger_from(w: [u64; 12]) -> Ledger {
    Ledger {
        histories: w[0],
        primaries: w[1],
        emitted_units: w[2],
        imparted_units: w[3],
        escaped_units: w[4],
        cut_units: w[5],
        lepton_segments: w[6],
        photon_collisions: w[7],
        segment_caps: w[8],
        stack_overflows: w[9],
        rejection_caps: w[10],
        majorant_excesses: w[11],
    }
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
    let t = &shard.tally;
    let header = Header {
        plan_sha256: shard.plan_sha256.clone(),
        context: shard.context.clone(),
        payload: shard.payload.len(),
        voxels: t.voxels,
        origins: t.sums.each_ref().map(|s| !s.is_empty()),
        times: t.times.len(),
        histories_per_batch: t.histories_per_batch,
        batches: t.regions.iter().map(|r| r.batch).collect(),
        regions: t.regions.first().map_or(0, |r| r.units.len()),
        ledger: ledger_words(&t.ledger),
    };
    let header = serde_json::to_vec(&header).map_err(|e| {
        Error::run("a shard header cannot be written", e.to_string(), "Report this.")
    })?;
    write_atomically(path, |file| {
        let mut out = Hashing { inner: file, digest: Sha256::new() };
        out.write_all(MAGIC)?;
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        let mut gz = GzEncoder::new(&mut out, Compression::fast());
        gz.write_all(&shard.payload)?;
        for sum in &t.sums {
            write_words(&mut gz, sum.iter().map(|v| v.to_le_bytes()))?;
        }
        write_words(&mut gz, t.squares.iter().map(|v| v.to_le_bytes()))?;
        for time in &t.times {
            write_words(&mut gz, time.sums.iter().map(|v| v.to_le_bytes()))?;
            write_words(&mut gz, time.squares.iter().map(|v| v.to_le_bytes()))?;
        }
        for regions in &t.regions {
            write_words(&mut gz, regions.units.iter().map(|v| v.to_le_bytes()))?;
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

/// Reads a shard and checks its hash.
///
/// # Errors
/// If the file is no shard, of another version, or damaged.
pub fn read_shard(path: &Path) -> Result<Shard> {
    let damaged = |why: String| {
        Error::input(
            format!("{} cannot be read as a shard", path.display()),
            why,
            "Make it again with voxgray dose --shard, by this version of voxgray.",
        )
    };
    let file = InputFile::open(path)?;
    let length = file.length();
    let body = length.checked_sub(32).ok_or_else(|| damaged("it is too short".into()))?;
    let mut file = io::BufReader::with_capacity(1 << 18, file);
    let mut from = Hashing { inner: (&mut file).take(body), digest: Sha256::new() };
    let shard = read_body(&mut from, body).map_err(|e| damaged(e.to_string()))?;
    // The decoder may leave trailing bytes; all of them are hashed.
    io::copy(&mut from, &mut io::sink()).map_err(|e| Error::io("read", path, &e))?;
    let found = from.digest.finalize();
    let mut stored = [0; 32];
    file.read_exact(&mut stored).map_err(|e| Error::io("read", path, &e))?;
    if found.as_slice() != stored {
        return Err(damaged("its checksum does not match its content".into()));
    }
    Ok(shard)
}

/// `stored` is the number of bytes that `from` has.
fn read_body(from: &mut impl Read, stored: u64) -> io::Result<Shard> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut magic = vec![0; MAGIC.len()];
    from.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(bad("it does not start with 'voxgray shard 2'"));
    }
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER.min(stored) {
        return Err(bad("its header has an impossible length"));
    }
    let mut header = vec![0; length as usize];
    from.read_exact(&mut header)?;
    let header: Header = serde_json::from_slice(&header).map_err(io::Error::from)?;
    let claims = Claims {
        payload: header.payload,
        voxels: header.voxels,
        origins: header.origins.iter().filter(|used| **used).count(),
        times: header.times,
        histories_per_batch: header.histories_per_batch,
        batches: &header.batches,
        regions: header.regions,
        histories: ledger_from(header.ledger).histories,
    };
    claims.check(stored)?;
    let mut gz = GzDecoder::new(from);
    let payload = read_words(&mut gz, header.payload, |[b]: [u8; 1]| b)?;
    let mut sums: [Vec<u64>; ORIGINS] = Default::default();
    for (sum, used) in sums.iter_mut().zip(header.origins) {
        *sum = read_words(&mut gz, if used { header.voxels } else { 0 }, u64::from_le_bytes)?;
    }
    let ordinary = if header.times == 0 { header.voxels } else { 0 };
    let squares = read_words(&mut gz, ordinary, u128::from_le_bytes)?;
    let mut times = Vec::new();
    for _ in 0..header.times {
        times.push(TimeSums {
            sums: read_words(&mut gz, header.voxels, u64::from_le_bytes)?,
            squares: read_words(&mut gz, header.voxels, u128::from_le_bytes)?,
        });
    }
    let mut regions = Vec::new();
    for batch in header.batches {
        regions.push(BatchRegions {
            batch,
            units: read_words(&mut gz, header.regions, u64::from_le_bytes)?,
        });
    }
    Ok(Shard {
        plan_sha256: header.plan_sha256,
        context: header.context,
        payload,
        tally: Tally {
            voxels: header.voxels,
            sums,
            squares,
            times,
            regions,
            histories_per_batch: header.histories_per_batch,
            ledger: ledger_from(header.ledger),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard() -> Shard {
        let voxels = 20_000;
        Shard {
            plan_sha256: "ab".into(),
            context: "{\"a\": 0.1}".into(),
            payload: (0..70_000_u32).map(|i| i as u8).collect(),
            tally: Tally {
                voxels,
                sums: [
                    (0..voxels as u64).map(|v| v * v).collect(),
                    Vec::new(),
                    vec![u64::MAX; voxels],
                ],
                squares: (0..voxels as u128).map(|v| v << 70).collect(),
                times: Vec::new(),
                regions: vec![
                    BatchRegions { batch: 1, units: vec![1, 2] },
                    BatchRegions { batch: 4, units: vec![3, u64::MAX] },
                ],
                histories_per_batch: 7,
                ledger: Ledger { histories: 14, majorant_excesses: 3, ..Ledger::default() },
            },
        }
    }

    #[test]
    fn a_shard_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.voxgray");
        write_shard(&path, &shard()).unwrap();
        assert_eq!(read_shard(&path).unwrap(), shard());
    }

    #[test]
    fn a_shard_with_time_points_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.voxgray");
        let mut timed = shard();
        timed.tally.sums = Default::default();
        timed.tally.squares.clear();
        let time = |t: u64| TimeSums {
            sums: (0..20_000_u64).map(|v| v * t).collect(),
            squares: (0..20_000_u128).map(|v| v << (60 + t)).collect(),
        };
        timed.tally.times = vec![time(1), time(2), time(3)];
        write_shard(&path, &timed).unwrap();
        assert_eq!(read_shard(&path).unwrap(), timed);
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.voxgray");
        write_shard(&path, &shard()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for at in [0, 20, 60, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(read_shard(&path).is_err(), "byte {at}");
        }
        for cut in [0, 10, 31, 100, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(read_shard(&path).is_err(), "cut {cut}");
        }
    }
}
