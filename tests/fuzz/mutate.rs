//! Changes to bytes that real damage and hostile hands make: bits, lengths, numbers, cuts, doublings, foreign parts.

use crate::rng::Rng;

/// Numbers at the borders of their types.
const BORDERS: [u64; 22] = [
    0,
    1,
    2,
    3,
    7,
    127,
    128,
    255,
    256,
    1023,
    4096,
    32_767,
    32_768,
    65_535,
    65_536,
    0x00ff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// Numbers as text.
const NUMBERS: [&str; 36] = [
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "1e3",
    "1e-3",
    "1e30",
    "-1e30",
    "1e38",
    "1e39",
    "1e300",
    "1e308",
    "1e309",
    "1e-308",
    "1e-320",
    "5e-324",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999",
    "0x10",
    "1,5",
    "1.2.3",
    "",
];

/// One to six changes. `others` are whole inputs of the same kind, `words` its words.
pub fn mutate(bytes: &[u8], others: &[Vec<u8>], words: &[&str], rng: &mut Rng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let rounds = 1 + rng.below(2) * rng.below(6);
    for _ in 0..rounds {
        change(&mut out, others, words, rng);
    }
    out
}

fn change(out: &mut Vec<u8>, others: &[Vec<u8>], words: &[&str], rng: &mut Rng) {
    if out.is_empty() {
        out.push(rng.next() as u8);
        return;
    }
    let at = rng.below(out.len());
    // Most headers are short and at the beginning.
    let at = if rng.one_in(2) { at } else { at % (1 + rng.below(512)).min(out.len()) };
    match rng.below(14) {
        0 => out[at] ^= 1 << rng.below(8),
        1 => out[at] = *rng.of(&[0, 1, 0x7f, 0x80, 0xff, b' ', b'\n', b'-', b'.', b'9']),
        2 | 3 => {
            let value = *rng.of(&BORDERS);
            let size = *rng.of(&[2, 4, 8]);
            let mut cell = value.to_le_bytes()[..size].to_vec();
            if rng.one_in(3) {
                cell.reverse();
            }
            let at = if rng.one_in(2) { at - at % size } else { at };
            for (to, from) in out[at..].iter_mut().zip(cell) {
                *to = from;
            }
        }
        4 => {
            let value = *rng.of(&[f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 1e300, 1e-30, 1e30]);
            let (single, double) = ((value as f32).to_le_bytes(), value.to_le_bytes());
            let cell: &[u8] = if rng.one_in(2) { &single } else { &double };
            let at = at - at % 4;
            for (to, from) in out[at..].iter_mut().zip(cell) {
                *to = *from;
            }
        }
        5 => out.truncate(at),
        6 => {
            let end = (at + 1 + rng.below(64)).min(out.len());
            out.drain(at..end);
        }
        7 => {
            let end = (at + 1 + rng.below(256)).min(out.len());
            let piece = out[at..end].to_vec();
            for _ in 0..1 + rng.below(2) * rng.below(30) {
                out.splice(at..at, piece.iter().copied());
            }
        }
        8 => {
            let other = rng.of(others);
            let from = rng.below(other.len() + 1);
            let to = (from + rng.below(512)).min(other.len());
            let end = (at + rng.below(512)).min(out.len());
            out.splice(at..end, other[from..to].iter().copied());
        }
        9 => {
            let noise: Vec<u8> = (0..1 + rng.below(16)).map(|_| rng.next() as u8).collect();
            out.splice(at..at, noise);
        }
        10 | 11 => number(out, at, rng),
        12 if !words.is_empty() => {
            let word = rng.of(words).as_bytes().to_vec();
            let end = if rng.one_in(2) { at } else { (at + word.len()).min(out.len()) };
            out.splice(at..end, word);
        }
        _ => lines(out, rng),
    }
    // Doubling again and again is no input below 1 MB.
    out.truncate(1_000_000);
}

/// Replaces the number as text at or behind `at`.
fn number(out: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let part = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
    let Some(start) = out[at..].iter().position(u8::is_ascii_digit).map(|n| at + n) else { return };
    let end = start + out[start..].iter().take_while(|b| part(b)).count();
    let start = start - out[..start].iter().rev().take_while(|b| part(b)).count();
    let mut text = rng.of(&NUMBERS).as_bytes().to_vec();
    if rng.one_in(2) {
        // As long as the one before: lengths stay right.
        text.resize(end - start, b' ');
    }
    out.splice(start..end, text);
}

/// Swaps, doubles or removes lines.
fn lines(out: &mut Vec<u8>, rng: &mut Rng) {
    let mut lines: Vec<&[u8]> = out.split_inclusive(|b| *b == b'\n').collect();
    let (a, b) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(3) {
        0 => lines.swap(a, b),
        1 => lines.insert(a, lines[b]),
        _ => {
            lines.remove(a);
        }
    }
    *out = lines.concat();
}
