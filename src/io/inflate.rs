//! Compressed streams, read to their end so that their checks speak: gzip members with CRC-32 and length (RFC 1952),
//! zlib with Adler-32 (RFC 1950), bare deflate with its end mark (RFC 1951) and what its writer put behind it.
//!
//! Several gzip members are one stream (RFC 1952, 2.2), and zeros behind the last are padding; anything else there is
//! refused.

use std::io::{self, BufRead, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::{Error, Result};

/// Bytes behind the promised ones that are passed over, for trailers that some writers add; beyond it the header is
/// taken to be false, and a small file cannot keep the reader busy for long.
pub(super) const MOST_BEHIND: u64 = 1 << 20;

/// A gzip or zlib stream, told apart by its first bytes as zlib's own readers do.
pub(super) fn open<'a, R: BufRead + 'a>(mut reader: R) -> io::Result<Box<dyn Read + 'a>> {
    Ok(if reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Box::new(Gzip { state: Some(GzDecoder::new(reader)) })
    } else {
        Box::new(Deflate::new(reader, Wrapper::Zlib))
    })
}

/// Reads what is left of a stream whose last wanted byte was read; `promised` more are known to be there. Returns how
/// many bytes stand behind those.
///
/// # Errors
/// If the stream is damaged or breaks off, or holds far more than promised.
pub(super) fn finish(stream: &mut dyn Read, promised: u64, path: &Path) -> Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut left = 0_u64;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(left.saturating_sub(promised)),
            Ok(n) => left += n as u64,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(path, &e)),
        }
        if left > promised.saturating_add(MOST_BEHIND) {
            return Err(Error::input(
                format!("{} inflates to far more than its header promises", path.display()),
                format!("over {MOST_BEHIND} bytes stand behind the last voxel"),
                "The header or the file is damaged: export it again.",
            ));
        }
    }
}

/// The error for a failed read of compressed data: damage is one of the input, the rest of the operating system.
pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    let why = match error.kind() {
        ErrorKind::UnexpectedEof => {
            "the stream breaks off before its checksum: the file is truncated".into()
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput => error.to_string(),
        _ => return Error::io("read", path, error),
    };
    Error::input(
        format!("{}: the compressed data are damaged", path.display()),
        why,
        "Copy or export the file again; its values cannot be trusted.",
    )
}

/// Gzip members, one after the other.
struct Gzip<R> {
    /// None behind the last member.
    state: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.state.take() {
            let n = member.read(out)?;
            if n > 0 || out.is_empty() {
                self.state = Some(member);
                return Ok(n);
            }
            // The member's checksum and length were read and hold.
            let mut reader = member.into_inner();
            if reader.fill_buf()?.first() == Some(&0x1f) {
                self.state = Some(GzDecoder::new(reader));
            } else {
                only_zeros(&mut reader)?;
            }
        }
        Ok(0)
    }
}

/// What surrounds a deflate stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapper {
    Zlib,
    None,
}

/// A zlib or bare deflate stream; unlike flate2's readers it says when the end mark or the checksum is missing.
pub(super) struct Deflate<R> {
    reader: R,
    state: Decompress,
    wrapper: Wrapper,
    ended: bool,
}

impl<R: BufRead> Deflate<R> {
    pub fn new(reader: R, wrapper: Wrapper) -> Self {
        let state = Decompress::new(wrapper == Wrapper::Zlib);
        Deflate { reader, state, wrapper, ended: false }
    }

    /// What stands behind the stream, once it was read to its end.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: BufRead> Read for Deflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let input = self.reader.fill_buf()?;
            let empty = input.is_empty();
            let (took, gave) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, out, FlushDecompress::None)
                .map_err(|e| io::Error::new(ErrorKind::InvalidData, e.to_string()))?;
            let took = (self.state.total_in() - took) as usize;
            let gave = (self.state.total_out() - gave) as usize;
            self.reader.consume(took);
            if status == Status::StreamEnd {
                self.ended = true;
                if self.wrapper == Wrapper::Zlib {
                    only_zeros(&mut self.reader)?;
                }
            }
            if gave > 0 {
                return Ok(gave);
            }
            if !self.ended && took == 0 {
                let (kind, why) = if empty {
                    (ErrorKind::UnexpectedEof, "the deflate stream has no end")
                } else {
                    (ErrorKind::InvalidData, "the deflate stream cannot be continued")
                };
                return Err(io::Error::new(kind, why));
            }
        }
        Ok(0)
    }
}

/// Checks what stands behind a bare stream that inflated to `bytes`: nothing, zeros, or the CRC-32 and length of a gzip
/// trailer, which some writers of deflated DICOM leave there.
///
/// # Errors
/// If it is anything else, or they do not hold.
pub(super) fn check_behind(behind: &[u8], bytes: &[u8]) -> io::Result<()> {
    if let Some((trailer, padding)) = behind.split_at_checked(8)
        && padding.iter().all(|b| *b == 0)
        && trailer.iter().any(|b| *b != 0)
    {
        let mut crc = Crc::new();
        crc.update(bytes);
        let expected = [crc.sum().to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
        if trailer == expected {
            return Ok(());
        }
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            "the eight bytes behind the stream are not its CRC-32 and length",
        ));
    }
    only_zeros(&mut &*behind)
}

fn only_zeros(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|b| *b != 0) {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "bytes that belong to no stream stand behind its end",
            ));
        }
        let n = bytes.len();
        reader.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn content() -> Vec<u8> {
        (0..5000_u32).flat_map(|n| (n * n % 977).to_le_bytes()).collect()
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        open(bytes)?.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn whole_streams_members_and_padding_are_read() {
        let c = content();
        assert_eq!(all(&gz(&c)).unwrap(), c);
        assert_eq!(all(&zlib(&c)).unwrap(), c);
        let members = [gz(&c[..700]), gz(&[]), gz(&c[700..]), vec![0; 600]].concat();
        assert_eq!(all(&members).unwrap(), c);
        assert_eq!(all(&[zlib(&c), vec![0; 3]].concat()).unwrap(), c);
    }

    #[test]
    fn damage_is_told() {
        let c = content();
        for stream in [gz(&c), zlib(&c)] {
            let end = stream.len();
            for cut in [end - 1, end - 4, end - 8, end / 2, 3] {
                let error = all(&stream[..cut]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{cut}: {error}");
            }
            for at in [end - 1, end - 3, end / 2, end / 3] {
                let mut bad = stream.clone();
                bad[at] ^= 4;
                assert!(all(&bad).is_err(), "{at} of {end}");
            }
            assert!(all(&[stream, b"x".to_vec()].concat()).is_err());
        }
        // Padding ends a stream for good.
        assert!(all(&[gz(&c), vec![0; 4], gz(&c)].concat()).is_err());
    }

    #[test]
    fn a_bare_stream_needs_its_end_mark() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&content()).unwrap();
        let stream = encoder.finish().unwrap();
        let read = |bytes: &[u8]| {
            let mut out = Vec::new();
            Deflate::new(bytes, Wrapper::None).read_to_end(&mut out).map(|_| out)
        };
        assert_eq!(read(&stream).unwrap(), content());
        assert!(read(&stream[..stream.len() - 1]).is_err());
        // A gzip member without its header of ten bytes has its trailer behind the stream.
        let member = gz(&content());
        let trailer = &member[member.len() - 8..];
        assert!(check_behind(trailer, &content()).is_ok());
        assert!(check_behind(&[], &content()).is_ok());
        assert!(check_behind(&[0], &content()).is_ok());
        assert!(check_behind(trailer, &content()[1..]).is_err());
        assert!(check_behind(b"tail", &content()).is_err());
    }

    #[test]
    fn a_stream_is_not_inflated_without_end() {
        let path = Path::new("x");
        let bomb = gz(&vec![0; 40 << 20]);
        let mut stream = open(&bomb[..]).unwrap();
        let error = finish(&mut stream, 100, path).unwrap_err();
        assert!(error.to_string().contains("far more than its header promises"), "{error}");
        let mut stream = open(&bomb[..]).unwrap();
        assert_eq!(finish(&mut stream, 40 << 20, path), Ok(0));
    }
}
