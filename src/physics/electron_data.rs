//! The tables of `data/electron/`: atomic weights, mean excitation energies, atomic shells and radiative
//! stopping powers of the elements, as NIST ESTAR (SRD 124) uses them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::physics::Material;
use crate::{Error, Result};

/// Electrons of one atomic shell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shell {
    /// Number of electrons.
    pub electrons: f64,
    /// Binding energy, eV.
    pub binding_ev: f64,
    /// Free in the elemental metal.
    pub conduction: bool,
}

/// What electron stopping needs to know of an element.
#[derive(Debug, Clone, PartialEq)]
pub struct ElectronElement {
    /// Atomic number.
    pub z: u8,
    /// Atomic weight, g/mol.
    pub atomic_weight: f64,
    /// Mean excitation energy of the element itself, eV.
    pub i_element_ev: f64,
    /// Mean excitation energy of the element bound in a gas, eV.
    pub i_gas_ev: f64,
    /// Mean excitation energy of the element bound in a liquid or solid, eV.
    pub i_condensed_ev: f64,
    /// Shells, innermost first.
    pub shells: Vec<Shell>,
    /// Radiative stopping power of electrons at [`radiative_energies_mev`], MeV cm2/g.
    pub radiative: Vec<f64>,
}

struct Tables {
    energies_mev: Vec<f64>,
    elements: BTreeMap<u8, ElectronElement>,
}

/// The data lines of an embedded table, without `#` header and column names.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    lines(text).skip(1)
}

/// The column names of an embedded table.
pub(crate) fn columns(text: &'static str) -> Vec<&'static str> {
    lines(text).next().unwrap_or_default()
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split(',').collect())
}

/// A number of an embedded table, which a test has read before any user does.
pub(crate) fn number(field: &str) -> f64 {
    field.trim().parse().expect("embedded tables hold numbers")
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut elements = BTreeMap::new();
    for row in rows(include_str!("../../data/electron/elements.csv")) {
        let z = number(row[0]) as u8;
        elements.insert(
            z,
            ElectronElement {
                z,
                atomic_weight: number(row[2]),
                i_element_ev: number(row[3]),
                i_gas_ev: number(row[4]),
                i_condensed_ev: number(row[5]),
                shells: Vec::new(),
                radiative: Vec::new(),
            },
        );
    }
    for row in rows(include_str!("../../data/electron/shells.csv")) {
        if let Some(element) = elements.get_mut(&(number(row[0]) as u8)) {
            element.shells.push(Shell {
                electrons: number(row[1]),
                binding_ev: number(row[2]),
                conduction: row[3] == "1",
            });
        }
    }
    let radiative = include_str!("../../data/electron/radiative.csv");
    let zs: Vec<u8> = columns(radiative)[1..].iter().map(|z| number(z) as u8).collect();
    let mut energies_mev = Vec::new();
    for row in rows(radiative) {
        energies_mev.push(number(row[0]));
        for (z, value) in zs.iter().zip(&row[1..]) {
            if let Some(element) = elements.get_mut(z) {
                element.radiative.push(number(value));
            }
        }
    }
    Tables { energies_mev, elements }
});

/// Energies of the radiative stopping power table, MeV, ascending, 1 keV to 10 MeV.
pub fn radiative_energies_mev() -> &'static [f64] {
    &TABLES.energies_mev
}

/// All tabulated elements, ascending Z.
pub fn elements() -> impl Iterator<Item = &'static ElectronElement> {
    TABLES.elements.values()
}

/// The element of atomic number `z`. Errors where it is not tabulated.
pub fn element(z: u8) -> Result<&'static ElectronElement> {
    TABLES.elements.get(&z).ok_or_else(|| {
        Error::input(
            format!("element Z = {z} has no electron stopping data"),
            "the tables hold hydrogen to uranium (Z = 1 to 92)",
            "Check the material's composition.",
        )
    })
}

/// The elements of a material with their mass fractions. Errors for an element without data and for
/// fractions that are negative or do not sum to one within 0.001.
pub fn elements_of(material: &Material) -> Result<Vec<(&'static ElectronElement, f64)>> {
    fractions(&material.mass_fractions, &material.name)
}

pub(crate) fn fractions(
    mass_fractions: &[(u8, f64)],
    name: &str,
) -> Result<Vec<(&'static ElectronElement, f64)>> {
    let sum: f64 = mass_fractions.iter().map(|&(_, w)| w).sum();
    let negative = mass_fractions.iter().any(|&(_, w)| !w.is_finite() || w < 0.0);
    if negative || (sum - 1.0).abs() > 1e-3 {
        return Err(Error::input(
            format!("mass fractions of `{name}` sum to {sum}"),
            "they must be non-negative and sum to one",
            "Renormalise the composition.",
        ));
    }
    let mut found = Vec::with_capacity(mass_fractions.len());
    for &(z, w) in mass_fractions.iter().filter(|&&(_, w)| w > 0.0) {
        found.push((element(z)?, w / sum));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_complete() {
        assert_eq!(elements().count(), 92);
        for e in elements() {
            let electrons: f64 = e.shells.iter().map(|s| s.electrons).sum();
            assert_eq!(electrons, f64::from(e.z), "Z {}", e.z);
            assert_eq!(e.radiative.len(), radiative_energies_mev().len(), "Z {}", e.z);
        }
        assert!((radiative_energies_mev()[0] - 0.001).abs() < 1e-12);
    }

    #[test]
    fn an_unknown_element_is_an_error() {
        let error = element(109).unwrap_err();
        assert!(error.to_string().contains("Z = 109"));
    }
}
