//! Which nuclide a code or a text of an image header means. Codes of makers' own and words of other languages are not known: they say nothing.
//!
//! Codes: DICOM PS3.16, CID 18 (Radiopharmaceutical Isotope) and CID 4020 (PET Radionuclide). Texts name a nuclide by its mass number
//! beside its symbol or English name: `^18^Fluorine`, `177 Lutetium`, `Lu-177`, `99mTc`, `Tc99m_EM`, `F-18 FDG`.

use std::sync::LazyLock;

use super::embedded;

/// A coded nuclide.
struct Code {
    scheme: &'static str,
    value: &'static str,
    nuclide: &'static str,
}

static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| {
    embedded::rows(include_str!("../../data/dicom/nuclide_codes.csv"))
        .map(|row| Code { scheme: row[0], value: row[1], nuclide: row[2] })
        .collect()
});

/// Symbol and lower-case name.
static NAMES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    embedded::rows(include_str!("../../data/dicom/element_names.csv"))
        .map(|row| (row[0], row[1]))
        .collect()
});

/// Older and private designators under which SNOMED's RT codes (SRT) are written (PS3.16, 8.1).
const SRT_ALIASES: [&str; 4] = ["SRT", "SNM3", "99SDM", "SNM"];

/// The nuclide of a code value under its coding scheme; none if the code is not known.
pub fn nuclide_of_code(scheme: &str, value: &str) -> Option<&'static str> {
    let scheme = scheme.trim();
    let wanted = if SRT_ALIASES.contains(&scheme) { "SRT" } else { scheme };
    let of = |c: &&Code| {
        // SRT values (C-...) are like no others, whatever the designator that a writer gives them.
        (c.scheme == wanted || c.scheme == "SRT") && c.value.eq_ignore_ascii_case(value.trim())
    };
    CODES.iter().find(of).map(|c| c.nuclide)
}

/// The nuclide of a code value of any scheme.
pub fn nuclide_of_any_code(value: &str) -> Option<&'static str> {
    CODES.iter().find(|c| c.value.eq_ignore_ascii_case(value)).map(|c| c.nuclide)
}

/// Whether a nuclide is one of DICOM's context groups.
pub fn is_coded(nuclide: &str) -> bool {
    CODES.iter().any(|c| c.nuclide == nuclide)
}

/// The nuclides that a text names, such as `Lu-177`, each once.
pub fn nuclides_in_text(text: &str) -> Vec<String> {
    let parts = parts(text);
    let mut found: Vec<String> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let Part::Digits(mass) = part else { continue };
        let after = parts.get(at + 1..).unwrap_or_default();
        let before = parts.get(..at).unwrap_or_default();
        if let Some(name) = mass_first(mass, after).or_else(|| mass_last(mass, before, after))
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

/// A run of one kind of characters.
#[derive(Debug, PartialEq)]
enum Part {
    Digits(String),
    Letters(String),
    /// One or more blanks, hyphens, underscores.
    Gap,
    /// Anything else ends a name.
    Stop,
}

/// Carets, which set mass numbers high, are left out.
fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for c in text.chars().filter(|c| *c != '^') {
        match (c, parts.last_mut()) {
            (c, Some(Part::Digits(run))) if c.is_ascii_digit() => run.push(c),
            (c, _) if c.is_ascii_digit() => parts.push(Part::Digits(c.into())),
            (c, Some(Part::Letters(run))) if c.is_alphabetic() => run.push(c),
            (c, _) if c.is_alphabetic() => parts.push(Part::Letters(c.into())),
            (' ' | '-' | '_' | '[' | ']', Some(Part::Gap)) => {}
            (' ' | '-' | '_' | '[' | ']', _) => parts.push(Part::Gap),
            _ => parts.push(Part::Stop),
        }
    }
    parts
}

/// `177Lu`, `177-Lutetium`, `99mTc`, `99m Technetium`.
fn mass_first(mass: &str, after: &[Part]) -> Option<String> {
    match after {
        [Part::Letters(word), ..] => named(mass, "", word).or_else(|| {
            let rest = word.strip_prefix(['m', 'M']).filter(|rest| !rest.is_empty());
            rest.and_then(|rest| named(mass, "m", rest))
        }),
        [Part::Gap, Part::Letters(word), ..] => named(mass, "", word),
        _ => None,
    }
    .or_else(|| match after {
        [Part::Letters(m), Part::Gap, Part::Letters(word), ..] if m.eq_ignore_ascii_case("m") => {
            named(mass, "m", word)
        }
        _ => None,
    })
}

/// `Lu-177`, `Lutetium 177`, `Tc99m`.
fn mass_last(mass: &str, before: &[Part], after: &[Part]) -> Option<String> {
    let word = match before {
        [.., Part::Letters(word)] | [.., Part::Letters(word), Part::Gap] => word,
        _ => return None,
    };
    let meta = matches!(after.first(), Some(Part::Letters(m)) if m.eq_ignore_ascii_case("m"));
    named(mass, if meta { "m" } else { "" }, word)
}

/// The nuclide, if the word is an element and the mass number could be one of its.
fn named(mass: &str, meta: &str, word: &str) -> Option<String> {
    // A vitamin, and no boron.
    if (mass, word) == ("12", "B") {
        return None;
    }
    let a: usize = mass.parse().ok()?;
    let lower = word.to_lowercase();
    let (symbol, _) = NAMES
        .iter()
        .find(|(symbol, name)| *name == lower || symbol.to_ascii_lowercase() == lower)?;
    // Z by the order of the table; nuclides in medicine have 1.5 to 2.8 nucleons per proton (O-14 1.75, Cm-244 2.54).
    let mut elements: Vec<&str> = NAMES.iter().map(|n| n.0).collect();
    elements.dedup();
    let z = 1 + elements.iter().position(|s| s == symbol)?;
    let plausible = a as f64 >= 1.5 * z as f64 && a as f64 <= 2.8 * z as f64 + 2.0;
    plausible.then(|| format!("{symbol}-{a}{meta}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_all_schemes() {
        for (scheme, value, nuclide) in [
            ("SRT", "C-111A1", "F-18"),
            ("99SDM", "C-111A1", "F-18"),
            ("99SDM", "C-101ED", "Lu-177"),
            ("SCT", "447553000", "Lu-177"),
            ("SCT", "77004003", "F-18"),
            ("DCM", "126600", "Sc-44"),
            ("NCIt", "C1943", "Ho-166"),
            ("SRT", "C-163A8", "Tc-99m"),
        ] {
            assert_eq!(nuclide_of_code(scheme, value), Some(nuclide), "{scheme} {value}");
        }
        for (scheme, value) in [("99XYZ", "126600"), ("SRT", "C-99999"), ("", ""), ("SCT", "1")] {
            assert_eq!(nuclide_of_code(scheme, value), None, "{scheme} {value}");
        }
    }

    #[test]
    fn texts_in_the_usual_spellings() {
        for (text, nuclide) in [
            ("^18^Fluorine", "F-18"),
            ("18F", "F-18"),
            ("177 Lutetium", "Lu-177"),
            ("^177^Lutetium", "Lu-177"),
            ("Lu-177", "Lu-177"),
            ("177Lu-PSMA-617", "Lu-177"),
            ("LU177 DOTATATE", "Lu-177"),
            ("Fluorine F^18^", "F-18"),
            ("FDG F^18^", "F-18"),
            ("99mTc", "Tc-99m"),
            ("^99m^Technetium", "Tc-99m"),
            ("Technetium Tc^99m^ MAA", "Tc-99m"),
            ("Tc99m_EM", "Tc-99m"),
            ("TC-99M", "Tc-99m"),
            ("99m-Tc-MDP", "Tc-99m"),
            ("52Manganese", "Mn-52"),
            ("52mMn", "Mn-52m"),
            ("[68Ga]Ga-PSMA-11", "Ga-68"),
            ("68Ga-PSMA-1007", "Ga-68"),
            ("Iodine I-131 MIBG", "I-131"),
            ("Actinium-225", "Ac-225"),
            ("Ra223", "Ra-223"),
        ] {
            assert_eq!(nuclides_in_text(text), [nuclide], "{text}");
        }
        for text in [
            "FDG -- fluorodeoxyglucose",
            "test",
            "",
            "PSMA-617",
            "DOTA 5",
            "B-12",
            "20%",
            "Solution 1",
        ] {
            assert!(nuclides_in_text(text).is_empty(), "{text}: {:?}", nuclides_in_text(text));
        }
        assert_eq!(nuclides_in_text("Ge-68/Ga-68"), ["Ge-68", "Ga-68"]);
    }

    /// What CID 18 and 4020 call a nuclide is read as that nuclide, in their own spelling.
    #[test]
    fn the_meanings_of_the_tables() {
        for code in CODES.iter() {
            let (symbol, mass) = code.nuclide.split_once('-').unwrap();
            let name = NAMES.iter().find(|n| n.0 == symbol).unwrap().1;
            assert_eq!(nuclides_in_text(&format!("^{mass}^{name}")), [code.nuclide]);
        }
    }
}
