//! Changes that know DICOM: elements of an explicit little endian data set get other lengths, representations, tags, values and places.

use crate::rng::Rng;

const LONG: [&[u8; 2]; 6] = [b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF"];
const REPRESENTATIONS: [&[u8; 2]; 16] = [
    b"US", b"SS", b"UL", b"SL", b"FL", b"FD", b"DS", b"IS", b"UI", b"LO", b"DA", b"TM", b"SQ",
    b"UN", b"OW", b"xx",
];

/// Where the header of an element begins and where its value begins and ends; sequences are entered.
#[derive(Clone, Copy)]
struct Element {
    start: usize,
    value: usize,
    end: usize,
    long: bool,
}

fn elements(bytes: &[u8], from: usize) -> Vec<Element> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(head) = bytes.get(at..at + 8) {
        let tag_of_items = head[..2] == [0xfe, 0xff];
        let representation: [u8; 2] = [head[4], head[5]];
        let long = LONG.iter().any(|r| **r == representation);
        let quad = |k: usize| {
            bytes.get(k..k + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
        };
        let (length, value) = match (tag_of_items, long) {
            (true, _) => (quad(at + 4), at + 8),
            (false, true) => (quad(at + 8), at + 12),
            (false, false) => (usize::from(u16::from_le_bytes([head[6], head[7]])), at + 8),
        };
        let end = value.saturating_add(length).min(bytes.len());
        found.push(Element {
            start: at,
            value: value.min(bytes.len()),
            end,
            long: long || tag_of_items,
        });
        // Items and sequences are entered, the rest is passed over.
        at = if tag_of_items || &representation == b"SQ" || length == u32::MAX as usize {
            value
        } else {
            end
        };
    }
    found
}

/// One change of the data set that begins at `from`.
pub fn change(bytes: &mut Vec<u8>, from: usize, rng: &mut Rng) {
    let all = elements(bytes, from);
    if all.is_empty() {
        return;
    }
    let e = *rng.of(&all);
    let other = *rng.of(&all);
    match rng.below(9) {
        0 => {
            let length =
                *rng.of(&[0_u32, 1, 2, 3, 8, 0xffff, 0x7fff_ffff, 0xffff_fffe, u32::MAX, 65_536]);
            let (at, size) = if e.long { (e.value - 4, 4) } else { (e.value - 2, 2) };
            for (to, byte) in bytes[at.min(e.end)..].iter_mut().zip(&length.to_le_bytes()[..size]) {
                *to = *byte;
            }
        }
        1 => {
            let representation = **rng.of(&REPRESENTATIONS);
            if let Some(place) = bytes.get_mut(e.start + 4..e.start + 6) {
                place.copy_from_slice(&representation);
            }
        }
        2 => {
            let tag = bytes[other.start..other.start + 4].to_vec();
            bytes[e.start..e.start + 4].copy_from_slice(&tag);
        }
        3 => {
            bytes.drain(e.start..e.end);
        }
        4 => {
            let copy = bytes[e.start..e.end].to_vec();
            bytes.splice(other.start..other.start, copy);
        }
        5 | 6 => {
            // A number as text of the same length, or binary borders.
            let length = e.end - e.value;
            let text = *rng.of(&[
                "0",
                "-1",
                "1e30",
                "NaN",
                "1e-30",
                "65535",
                "4294967296",
                "-1e300",
                "1\\0\\0",
                "\\",
                "20260301250000",
                "99999999",
                "240000",
                "+2500",
                "inf",
            ]);
            let mut value = text.as_bytes().to_vec();
            if rng.one_in(2) {
                value = rng
                    .of(&[0_u64, 1, 2, 7, 8, 0xffff, 0x8000, 0x7fff, 0x0001_0001, u64::MAX])
                    .to_le_bytes()
                    .to_vec();
            }
            value.resize(length, b' ');
            bytes[e.value..e.end].copy_from_slice(&value);
        }
        7 => {
            let value = bytes[other.value..other.end].to_vec();
            for (to, from) in bytes[e.value..e.end].iter_mut().zip(value) {
                *to = from;
            }
        }
        _ => {
            // Nest: an item of undefined length in front.
            let open = [0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff];
            for _ in 0..1 + rng.below(40) {
                bytes.splice(e.value..e.value, open);
            }
        }
    }
    bytes.truncate(1_000_000);
}
