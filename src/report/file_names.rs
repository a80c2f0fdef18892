//! Names of files from names that people give to curves and regions.

/// Longest name, characters: far below the 255 bytes of file systems, with room for an ending.
const LONGEST: usize = 80;

/// Names that Windows keeps for devices, whatever their ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A name without ending for each of `names`: ASCII letters, digits, `-` and `_` only, all different without regard to case. Where two would be
/// the same, each ends with its number in the list, from 1.
pub fn file_stems(names: &[&str]) -> Vec<String> {
    let cleaned: Vec<String> = names.iter().map(|n| clean(n)).collect();
    let mut taken: Vec<String> = Vec::new();
    for (i, own) in cleaned.iter().enumerate() {
        let same = |other: &&String| other.eq_ignore_ascii_case(own);
        let mut stem = own.clone();
        if own.is_empty() || cleaned.iter().filter(same).count() > 1 {
            stem = format!("{own}_{}", i + 1);
        }
        // A number may make it equal to another name as that stands.
        let others = |stem: &String, taken: &[String]| {
            let later = cleaned.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, c)| c);
            taken.iter().chain(later).any(|t| t.eq_ignore_ascii_case(stem))
        };
        while stem != *own && others(&stem, &taken) {
            stem.push('_');
        }
        taken.push(stem);
    }
    taken
}

fn clean(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    let mut stem: String = name.trim().chars().map(safe).take(LONGEST).collect();
    let lower = stem.to_ascii_lowercase();
    let port = lower.len() == 4 && (lower.starts_with("com") || lower.starts_with("lpt"));
    if DEVICES.contains(&lower.as_str()) || (port && lower.ends_with(|c: char| c.is_ascii_digit()))
    {
        stem.push('_');
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_different() {
        let long = "x".repeat(500);
        let names = [
            "liver",
            "a/b",
            "a_b",
            "a_b_2",
            "../../etc",
            "",
            "CON",
            "lpt1",
            &long,
            "Läsion #1",
            "Liver",
            "x\ty\n",
        ];
        let stems = file_stems(&names);
        let expected = ["liver_1", "a_b_2_", "a_b_3", "a_b_2", "______etc", "_6", "CON_", "lpt1_"];
        assert_eq!(stems[..8], expected);
        assert_eq!(stems[8].len(), LONGEST);
        assert_eq!(stems[9..], ["L_sion__1", "Liver_11", "x_y"]);
        for (i, stem) in stems.iter().enumerate() {
            assert!(stem.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
            assert!(stems[..i].iter().all(|s| !s.eq_ignore_ascii_case(stem)), "{stem}");
        }
    }
}
