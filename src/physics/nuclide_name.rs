//! Spellings of a nuclide's name, and near names for one that is unknown.

use std::collections::HashMap;

use super::nuclide_data::NuclideData;
use super::nuclide_label::{nuclide_of_any_code, nuclides_in_text};
use crate::{Error, Result};

/// The name of the chosen nuclide data for any of the usual spellings: `Lu-177`, `lu177`, `177Lu`, `Lutetium-177`, `Tc-99m`, `99mTc`,
/// `Hf-178m2`, or a code of DICOM's CID 18 and 4020.
///
/// # Errors
/// If no nuclide of the tables is meant, the message suggests the nearest ones; if more than a nuclide is named (`Y-90 microspheres`), it
/// says which one it read.
pub fn canonical_name(spelling: &str) -> Result<&'static str> {
    canonical_name_in(NuclideData::chosen(), spelling)
}

/// [`canonical_name`] in one evaluation.
///
/// # Errors
/// As there.
pub fn canonical_name_in(data: NuclideData, spelling: &str) -> Result<&'static str> {
    let wanted = squeeze(spelling);
    let by_form = |text: &str| data.spellings().get(&squeeze(text)).copied();
    if let Some(name) = by_form(spelling).or_else(|| by_form(&nth_isomer(&wanted))) {
        return Ok(name);
    }
    if let Some(name) = nuclide_of_any_code(spelling.trim()).and_then(by_form) {
        return Ok(name);
    }
    let named = nuclides_in_text(spelling);
    let known: Vec<&str> = named.iter().filter_map(|n| by_form(n)).collect();
    if let [name] = known[..] {
        // A nuclide by its element's name, and nothing else.
        if spelled_by_element(spelling) {
            return Ok(name);
        }
        return Err(Error::usage(
            format!("'{spelling}' is no nuclide"),
            format!(
                "it names {name} and more; what carries a nuclide does not change its decay, and isomers have a letter (Tc-99m; the second an n)"
            ),
            format!("Give {name} alone, or find the isomer: voxgray nuclide --list {name}"),
        ));
    }
    Err(Error::usage(
        format!("unknown nuclide '{spelling}'"),
        format!(
            "it is not among the {} nuclides of {}",
            data.names().len(),
            match data {
                NuclideData::Ensdf => "ENSDF that voxgray carries",
                NuclideData::Icrp107 => "ICRP-107 that voxgray carries",
            }
        ),
        format!("Did you mean {}?", near_names(data, &wanted).join(", ")),
    ))
}

/// True if the text has one word beside the m of an isomer, the element, and one number.
fn spelled_by_element(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic());
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("m")).count() == 1
        && numbers.filter(|number| !number.is_empty()).count() == 1
}

/// `hf178m2` is the second isomer: `hf178n`.
fn nth_isomer(squeezed: &str) -> String {
    let letter = |digit: char| "mnpqrst".chars().nth(digit.to_digit(10)? as usize - 1);
    let tail = squeezed.len().checked_sub(2).and_then(|at| squeezed.get(at..)).unwrap_or("");
    match tail.strip_prefix('m').and_then(|d| d.chars().next()).filter(|d| ('1'..='7').contains(d))
    {
        Some(digit) => match letter(digit) {
            Some(letter) => format!("{}{letter}", &squeezed[..squeezed.len() - 2]),
            None => squeezed.to_owned(),
        },
        None => squeezed.to_owned(),
    }
}

/// Names by all their forms.
pub(super) fn spellings(names: &[&'static str]) -> HashMap<String, &'static str> {
    names.iter().flat_map(|&name| forms(name).map(|form| (form, name))).collect()
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
fn near_names(data: NuclideData, wanted: &str) -> Vec<&'static str> {
    let mut names: Vec<(usize, &str)> = data
        .names()
        .iter()
        .map(|name| {
            let distance = forms(name).iter().map(|form| edit_distance(form, wanted)).min();
            (distance.unwrap_or(usize::MAX), *name)
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

    fn named(spelling: &str) -> &'static str {
        let names = NuclideData::ALL.map(|data| canonical_name_in(data, spelling).unwrap());
        assert_eq!(names[0], names[1]);
        names[0]
    }

    #[test]
    fn accepts_the_usual_spellings() {
        for spelling in [
            "Lu-177",
            "lu177",
            "177Lu",
            "LU 177",
            "177-lu",
            "Lu_177",
            "Lutetium-177",
            "LU177",
            "177 Lutetium",
            "447553000",
            "C-101ED",
        ] {
            assert_eq!(named(spelling), "Lu-177", "{spelling}");
        }
        for spelling in ["Tc-99m", "99mTc", "tc99M", "Tc99m", "Technetium-99m", "99m Technetium"] {
            assert_eq!(named(spelling), "Tc-99m", "{spelling}");
        }
        assert_eq!(named("99Tc"), "Tc-99");
        let second = canonical_name_in(NuclideData::Ensdf, "In-114m2").unwrap();
        assert_eq!(second, "In-114n");
    }

    #[test]
    fn no_two_nuclides_share_a_spelling() {
        for data in NuclideData::ALL {
            let mut all: Vec<String> = data.names().iter().flat_map(|name| forms(name)).collect();
            let count = all.len();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "{}", data.name());
        }
    }

    #[test]
    fn suggests_near_names() {
        for data in NuclideData::ALL {
            let refused = |text| canonical_name_in(data, text).unwrap_err().to_string();
            let error = refused("Lu-377");
            assert!(error.contains("'Lu-377'") && error.contains("Lu-177"), "{error}");
            refused("");
            refused("µ☢");
            let error = refused("Y-90 microspheres");
            assert!(error.contains("Give Y-90 alone"), "{error}");
            let error = refused("177Lu-PSMA-617");
            assert!(error.contains("Give Lu-177 alone"), "{error}");
        }
    }
}
