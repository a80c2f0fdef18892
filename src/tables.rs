//! The embedded tables (`data/`) with their SHA-256, listed at build time.

/// File name below `data/` and SHA-256, lower-case hexadecimal.
pub const EMBEDDED_TABLES: &[(&str, &str)] =
    include!(concat!(env!("OUT_DIR"), "/embedded_tables.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_listed() {
        let of =
            |part: &str| EMBEDDED_TABLES.iter().filter(|(name, _)| name.contains(part)).count();
        assert!(of("ensdf/") > 0 && EMBEDDED_TABLES.iter().all(|(_, hash)| hash.len() == 64));
        // What a program does not hold it does not name.
        assert_eq!(of("icrp107/") > 0, cfg!(feature = "icrp107"));
    }
}
