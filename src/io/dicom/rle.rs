//! RLE Lossless (PS3.5 annex G): one PackBits segment per byte plane, most significant first.

/// Decodes a frame of `pixels` cells of `bytes_per_cell` bytes.
pub(super) fn decode(
    stream: &[u8],
    pixels: usize,
    bytes_per_cell: usize,
) -> Result<Vec<u32>, String> {
    let word = |k: usize| -> Option<usize> {
        let quad = stream.get(4 * k..4 * k + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(quad) as usize)
    };
    let segments = word(0).ok_or("the RLE header is cut off")?;
    if segments != bytes_per_cell {
        return Err(format!("{segments} RLE segments for {bytes_per_cell} byte(s) per pixel"));
    }
    let mut cells = vec![0u32; pixels];
    for k in 0..segments {
        let start = word(1 + k).ok_or("the RLE header is cut off")?;
        let end = if k + 1 < segments { word(2 + k) } else { Some(stream.len()) };
        let segment = end
            .and_then(|end| stream.get(start..end))
            .ok_or_else(|| format!("RLE segment {} lies outside the frame", k + 1))?;
        let plane = unpack_bits(segment, pixels)
            .ok_or_else(|| format!("RLE segment {} ends before its {pixels} pixels", k + 1))?;
        for (cell, byte) in cells.iter_mut().zip(plane) {
            *cell = *cell << 8 | u32::from(byte);
        }
    }
    Ok(cells)
}

/// PackBits (PS3.5 G.3.1): n in 0..=127 copies n + 1 bytes, -127..=-1 repeats the next byte 1 - n times.
fn unpack_bits(segment: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(len);
    let mut at = 0;
    while out.len() < len {
        let n = *segment.get(at)? as i8;
        at += 1;
        match n {
            0..=127 => {
                let count = n as usize + 1;
                out.extend_from_slice(segment.get(at..at + count)?);
                at += count;
            }
            -127..=-1 => {
                let count = 1 - isize::from(n);
                out.resize(out.len() + count as usize, *segment.get(at)?);
                at += 1;
            }
            -128 => {}
        }
    }
    out.truncate(len);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One segment of the PackBits example of Apple Technical Note TN1023.
    #[test]
    fn unpacks_the_published_example() {
        let packed = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7,
            0xAA,
        ];
        let expected = [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        assert_eq!(unpack_bits(&packed, expected.len()).as_deref(), Some(&expected[..]));
        assert_eq!(unpack_bits(&packed, expected.len() + 1), None);
    }

    #[test]
    fn two_planes_make_sixteen_bits() {
        let mut stream = vec![0u8; 64];
        stream[..12].copy_from_slice(&[2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0]);
        stream.extend([0xFF, 0x12, 0x01, 0x34, 0x56]);
        assert_eq!(decode(&stream, 2, 2), Ok(vec![0x1234, 0x1256]));
        assert!(decode(&stream, 3, 2).is_err());
        assert!(decode(&stream, 2, 1).is_err());
    }
}
