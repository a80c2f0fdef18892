//! Inputs with an inside: they are opened, changed inside and closed again, so that damage is found behind compression and checksums too.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::elements;
use crate::mutate::mutate;
use crate::rng::Rng;
use crate::shards;

/// What surrounds the inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    None,
    Gzip,
    /// A MetaImage header, then zlib.
    ZlibBehindText,
    /// DICOM in explicit little endian.
    Elements,
    /// The same, deflated behind the file meta group.
    DeflatedElements,
    Shard,
}

/// Most that is inflated.
const MOST: u64 = 4 << 20;

fn all(reader: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    reader.take(MOST).read_to_end(&mut out).ok().map(|_| out)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).expect("memory");
    to.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).expect("memory");
    to.finish().expect("memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut to = DeflateEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).expect("memory");
    to.finish().expect("memory")
}

/// Where the data set begins behind preamble and file meta group.
fn body(bytes: &[u8]) -> usize {
    let mut at = 132;
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let length = |k: usize| {
            bytes.get(k..k + 2).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])))
        };
        let long = matches!(bytes.get(at + 4..at + 6), Some(b"OB" | b"UN"));
        at += if long { 12 + length(at + 8) } else { 8 + length(at + 6) };
    }
    at.min(bytes.len())
}

impl Packing {
    pub fn mutate(self, seed: &[u8], others: &[Vec<u8>], words: &[&str], rng: &mut Rng) -> Vec<u8> {
        let outside = |rng: &mut Rng| mutate(seed, others, words, rng);
        let inside = |bytes: &[u8], rng: &mut Rng| mutate(bytes, &[bytes.to_vec()], words, rng);
        if rng.one_in(4) {
            return outside(rng);
        }
        match self {
            Packing::None => outside(rng),
            Packing::Gzip => match all(GzDecoder::new(seed)) {
                Some(content) => gz(&inside(&content, rng)),
                None => outside(rng),
            },
            Packing::ZlibBehindText => {
                let mark = b"ElementDataFile = LOCAL\n";
                let Some(at) = seed.windows(mark.len()).position(|w| w == mark) else {
                    return outside(rng);
                };
                let (text, data) = seed.split_at(at + mark.len());
                match all(ZlibDecoder::new(data)) {
                    // Header and data one by one, so that the one that is right leads to the other.
                    Some(content) if rng.one_in(2) => {
                        [text, &zlib(&inside(&content, rng))].concat()
                    }
                    _ => [&inside(text, rng)[..], data].concat(),
                }
            }
            Packing::Elements => {
                let mut bytes = seed.to_vec();
                for _ in 0..1 + rng.below(3) {
                    let from = body(&bytes);
                    elements::change(&mut bytes, from, rng);
                }
                if rng.one_in(4) { inside(&bytes, rng) } else { bytes }
            }
            Packing::DeflatedElements => {
                let at = body(seed);
                match all(DeflateDecoder::new(&seed[at..])) {
                    Some(mut content) => {
                        for _ in 0..1 + rng.below(3) {
                            elements::change(&mut content, 0, rng);
                        }
                        [&seed[..at], &deflate(&content)].concat()
                    }
                    None => outside(rng),
                }
            }
            Packing::Shard => {
                shards::mutate_inside(seed, words, rng).unwrap_or_else(|| outside(rng))
            }
        }
    }
}

/// For shards.
pub fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    all(GzDecoder::new(bytes))
}

/// For shards.
pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    gz(bytes)
}
