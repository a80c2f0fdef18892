//! Spellings of a nuclide's name, and near names for one that is unknown.

use super::icrp107;
use crate::{Error, Result};

/// The ICRP-107 name for any of the usual spellings: `Lu-177`, `lu177`, `177Lu`, `Tc-99m`, `99mTc`.
///
/// # Errors
/// If no nuclide of the tables is meant; the message suggests the nearest ones.
pub fn canonical_name(spelling: &str) -> Result<&'static str> {
    let wanted = squeeze(spelling);
    let found = icrp107::records().iter().find(|r| forms(&r.name).contains(&wanted));
    found.map(|record| record.name.as_str()).ok_or_else(|| {
        Error::usage(
            format!("unknown nuclide '{spelling}'"),
            "it is not among the nuclides of ICRP-107 that voxgray carries",
            format!("Did you mean {}?", near_names(&wanted).join(", ")),
        )
    })
}

/// Lower case letters and digits only.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase()
}

/// Both orders of a name: `lu177` and `177lu`, `tc99m` and `99mtc`.
fn forms(name: &str) -> [String; 2] {
    let (element, mass) = name.split_once('-').unwrap_or((name, ""));
    [squeeze(&format!("{element}{mass}")), squeeze(&format!("{mass}{element}"))]
}

/// The three names at the smallest edit distance.
fn near_names(wanted: &str) -> Vec<&'static str> {
    let mut names: Vec<(usize, &str)> = icrp107::records()
        .iter()
        .map(|r| {
            let distance = forms(&r.name).iter().map(|form| edit_distance(form, wanted)).min();
            (distance.unwrap_or(usize::MAX), r.name.as_str())
        })
        .collect();
    names.sort();
    names.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_usual_spellings() {
        for spelling in ["Lu-177", "lu177", "177Lu", "LU 177", "177-lu", "Lu_177"] {
            assert_eq!(canonical_name(spelling).unwrap(), "Lu-177", "{spelling}");
        }
        for spelling in ["Tc-99m", "99mTc", "tc99M", "Tc99m"] {
            assert_eq!(canonical_name(spelling).unwrap(), "Tc-99m", "{spelling}");
        }
        assert_eq!(canonical_name("99Tc").unwrap(), "Tc-99");
    }

    #[test]
    fn no_two_nuclides_share_a_spelling() {
        let mut all: Vec<String> = icrp107::records().iter().flat_map(|r| forms(&r.name)).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn suggests_near_names() {
        let error = canonical_name("Lu-176").unwrap_err().to_string();
        assert!(error.contains("'Lu-176'") && error.contains("Lu-177"), "{error}");
        assert!(canonical_name("").is_err() && canonical_name("µ☢").is_err());
    }
}
