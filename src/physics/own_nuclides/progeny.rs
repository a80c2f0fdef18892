//! Progeny of a user's nuclides: found in the library and the file by any spelling, without loops.

use std::collections::HashMap;

use super::refused;
use crate::error::Result;
use crate::physics::emission::Record;
use crate::physics::nuclide_data::NuclideData;
use crate::physics::nuclide_name::canonical_name_in;

/// Generations of a chain that are followed.
const LONGEST: usize = 40;

/// Names the progeny as the library and the file do; those that neither has and that are taken as stable.
pub(super) fn resolve_progeny(
    record: &mut Record,
    data: NuclideData,
    by_name: &HashMap<String, &'static str>,
) -> Result<Vec<String>> {
    let mut stable = Vec::new();
    // The library's own progeny is as it is.
    if !record.own_progeny {
        return Ok(stable);
    }
    for branch in &mut record.branches {
        let written = branch.progeny.trim();
        let squeezed: String =
            written.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        if data.library_record(&branch.progeny).is_some() {
            continue;
        }
        if let Some(name) = by_name.get(&squeezed) {
            branch.progeny = (*name).to_owned();
        } else if let Ok(name) = canonical_name_in(data, written) {
            branch.progeny = name.to_owned();
        } else if is_nuclide(written, data) {
            stable.push(written.to_owned());
        } else {
            return Err(refused(
                format!("its progeny '{written}' is no nuclide"),
                "progeny is named by symbol and mass number",
                "Write for example \"Hf-177\"; leave out what is no nuclide.",
            ));
        }
    }
    Ok(stable)
}

/// True for the symbol of an element that the library has with a mass number.
fn is_nuclide(name: &str, data: NuclideData) -> bool {
    let Some((symbol, mass)) = name.split_once('-') else { return false };
    let of_element = |n: &&&str| n.split_once('-').is_some_and(|(s, _)| s == symbol);
    mass.parse::<u32>().is_ok_and(|a| a > 0 && a < 320)
        && data.library_names().iter().any(|n| of_element(&n))
}

/// Refuses a chain that leads back to one of its members, or is longer than what is followed.
pub(super) fn follow(
    name: &str,
    data: NuclideData,
    records: &HashMap<String, Record>,
    above: &mut Vec<String>,
) -> Result<()> {
    if above.iter().any(|a| a == name) || above.len() > LONGEST {
        let why = if above.len() > LONGEST {
            "a chain of more than 40 generations is not followed"
        } else {
            "nothing decays into itself"
        };
        return Err(refused(
            format!("its progeny leads on to {name} by {}", above.join(", ")),
            why,
            "Correct the progeny.",
        ));
    }
    let Some(record) = records.get(name).or_else(|| data.library_record(name)) else {
        return Ok(());
    };
    above.push(name.to_owned());
    for branch in record.branches.iter().filter(|b| b.fraction > 0.0) {
        follow(&branch.progeny, data, records, above)?;
    }
    above.pop();
    Ok(())
}
