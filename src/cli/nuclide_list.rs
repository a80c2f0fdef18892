//! `voxgray nuclide --list [PATTERN]`: names, half-lives and energies per decay of the chosen nuclide data.

use std::fmt::Write;

use super::nuclide::{digits, spelled_unit};
use crate::physics::{Nuclide, NuclideData};
use crate::units::KEV_PER_MEV;
use crate::{Error, Result};

/// The table of all nuclides whose names fit.
///
/// # Errors
/// If none does.
pub(super) fn list(pattern: &str) -> Result<String> {
    let data = NuclideData::chosen();
    let names: Vec<&str> = data.names().iter().copied().filter(|n| fits(pattern, n)).collect();
    if names.is_empty() {
        return Err(Error::usage(
            format!("no nuclide of {} fits '{pattern}'", data.name()),
            "a pattern is a part of a name; * stands for anything",
            "Try 'Lu-*' or '177'.",
        ));
    }
    let mut out = format!(
        "{} of {} nuclides of {}; keV per decay without progeny\n{:<9} {:>16} {:>11} {:>11} {:>11}  caution\n",
        names.len(),
        data.names().len(),
        data.name(),
        "nuclide",
        "half-life",
        "electrons",
        "photons",
        "alphas"
    );
    for name in names {
        let Ok(nuclide) = Nuclide::load_from(data, name) else {
            let _ = writeln!(out, "{name:<9} not modelled (fission fragments, neutrons)");
            continue;
        };
        let energy = nuclide.energy_per_decay();
        let kev = |mev: f64| digits(mev * KEV_PER_MEV);
        let caution = match (&nuclide.balance, nuclide.missing.as_str()) {
            (_, missing) if !missing.is_empty() => format!("lacks {missing}"),
            _ if !nuclide.own.is_empty() => format!("own data: {}", nuclide.own),
            (Some(b), _) if !b.is_balanced() => {
                format!("energy off by {:.0} %", -100.0 * b.imbalance())
            }
            (None, _) if data == NuclideData::Ensdf => "balance not known".into(),
            _ => String::new(),
        };
        let line = format!(
            "{name:<9} {:>16} {:>11} {:>11} {:>11}  {caution}",
            spelled_unit(&nuclide.half_life),
            kev(energy.electrons()),
            kev(energy.photons()),
            kev(energy.alpha + energy.recoil)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    Ok(out)
}

/// True if the parts of the pattern between its stars follow each other in the name; at its ends, if it has no star there and some elsewhere.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.trim().to_lowercase(), name.to_lowercase());
    if !pattern.contains('*') {
        return name.contains(&pattern);
    }
    let parts: Vec<&str> = pattern.split('*').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "Lu-177", true),
            ("tb-*", "Tb-161", true),
            ("tb-*", "Lu-177", false),
            ("*m", "Tc-99m", true),
            ("*m", "Tc-99", false),
            ("177", "Lu-177m", true),
            ("t*9*m", "Tc-99m", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
        assert!(list("Lu-177").unwrap().contains("Lu-177"));
        assert!(list("qq").unwrap_err().to_string().contains("'qq'"));
    }
}
