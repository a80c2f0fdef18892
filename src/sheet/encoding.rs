//! From bytes to text: UTF-8, UTF-16 (what Excel calls Unicode text) and, where a file is neither, Windows-1252.
//!
//! Neglected: every other 8-bit encoding. Bytes that are no UTF-8 are read as Windows-1252, which contains Latin-1, and that is said:
//! letters with accents of a file in another encoding come out wrong, numbers and ASCII do not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text and, unless it is UTF-8, a note that says what it was taken for.
///
/// # Errors
/// Why the bytes are no text: they hold the null character or what the encoding forbids.
pub fn decode(bytes: &[u8]) -> Result<(String, Option<String>), String> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (without_mark(bytes), 0));
    let body = &bytes[mark..];
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(body) else {
        return Err(format!("it begins as {} and holds what that forbids", encoding.name()));
    };
    if text.contains('\0') {
        return Err("it holds the null character, as programs and images do".into());
    }
    let note = match encoding {
        e if e == UTF_8 => None,
        e if e == WINDOWS_1252 => Some(
            "the text is no UTF-8 and was read as Windows-1252 (Latin-1); check letters with accents".to_string(),
        ),
        e => Some(format!("the text was read as {}", e.name())),
    };
    Ok((text.into_owned(), note))
}

/// The encoding of bytes without a byte-order mark. In UTF-16 the half of the bytes of a table of numbers is zero.
fn without_mark(bytes: &[u8]) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    if half > 1 && even == 0 && 10 * odd > 9 * half {
        return UTF_16LE;
    }
    if half > 1 && odd == 0 && 10 * even > 9 * half {
        return UTF_16BE;
    }
    if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xFEFF_u16);
        let unit = |u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
        mark.into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
    }

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        let text = "Läsion µ;4\r\n";
        assert_eq!(decode(text.as_bytes()).unwrap(), (text.to_string(), None));
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        assert_eq!(decode(&marked).unwrap(), (text.to_string(), None));
        for (big, mark) in [(false, true), (true, true), (false, false), (true, false)] {
            let (read, note) = decode(&utf16(text, big, mark)).unwrap();
            assert_eq!(read, text);
            assert!(note.unwrap().contains("UTF-16"));
        }
        let (read, note) = decode(b"L\xE4sion \xB5;4\r\n").unwrap();
        assert_eq!(read, text);
        assert!(note.unwrap().contains("Windows-1252"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(decode(b"\x1f\x8b\x08\x00\x00abc").is_err());
        assert!(decode(b"\xFF\xFEa").is_err());
        assert_eq!(decode(b"").unwrap(), (String::new(), None));
    }
}
