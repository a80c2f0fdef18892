//! Unique identifiers that follow from what they identify: the same content has the same UID, whenever and wherever it is written, and any other
//! content another one. Made from SHA-256, so two contents share one by no practical chance.
//!
//! Without a root of one's own they stand below 2.25, which is for UUIDs in decimal (PS3.5 B.2); the UUID is one of version 8 (RFC 9562 5.8) with
//! 122 bits of the hash.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Longest UID (PS3.5 9.1).
const LONGEST: usize = 64;
/// Digits that a root must leave: about 60 bits.
const LEAST_DIGITS: usize = 18;

/// Where new UIDs stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UidRoot(Option<String>);

impl UidRoot {
    /// A root that the user's organisation owns.
    ///
    /// # Errors
    /// If it is no UID, or leaves no room.
    pub fn of(text: &str) -> Result<UidRoot> {
        let text = text.trim_end_matches('.');
        let part = |p: &str| {
            let digits = !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            digits && (p == "0" || !p.starts_with('0'))
        };
        let sound = text.split('.').count() > 1 && text.split('.').all(part);
        if !sound || text.len() + 1 + LEAST_DIGITS > LONGEST {
            return Err(Error::usage(
                format!("--uid-root {text}"),
                format!(
                    "a root is numbers joined by dots, without leading zeros, of at most {} characters",
                    LONGEST - 1 - LEAST_DIGITS
                ),
                "Give the root that your organisation owns, or leave it out.",
            ));
        }
        Ok(UidRoot(Some(text.to_owned())))
    }

    /// The UID of one of the things that a content stands for.
    pub(super) fn uid(&self, content: &[u8], what: &str) -> String {
        let hash = Sha256::new().chain_update(content).chain_update(what).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes[6] = bytes[6] & 0x0F | 0x80;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        let number = u128::from_be_bytes(bytes);
        match &self.0 {
            None => format!("2.25.{number}"),
            Some(root) => {
                let digits = (LONGEST - 1 - root.len()).min(38) as u32;
                format!("{root}.{}", number % 10_u128.pow(digits))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_follow_from_content_and_are_valid() {
        let roots = [UidRoot::default(), UidRoot::of("1.2.826.0.1.3680043.8.498.").expect("good")];
        for root in &roots {
            let uid = root.uid(b"content", "instance");
            assert_eq!(uid, root.uid(b"content", "instance"));
            assert_ne!(uid, root.uid(b"content", "series"));
            assert_ne!(uid, root.uid(b"contents", "instance"));
            assert!(uid.len() <= 64 && uid.split('.').all(|p| p == "0" || !p.starts_with('0')));
        }
        assert!(roots[1].uid(b"", "x").starts_with("1.2.826.0.1.3680043.8.498."));
        for bad in ["", "1", "1.02", "1..2", "a.b", "1.2.", &"1.2".repeat(20)] {
            assert_eq!(UidRoot::of(bad).is_ok(), bad == "1.2.", "{bad}");
        }
    }
}
