//! Elements: symbol and standard atomic weight, Z = 1 to 92. Isotopic composition of a sample is neglected.

use crate::error::{Error, Result};
use crate::physics::embedded;
use std::sync::LazyLock;

/// The heaviest element in the tables (U).
pub const MAX_Z: u8 = 92;

/// An element.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Atomic number.
    pub z: u8,
    /// Chemical symbol.
    pub symbol: &'static str,
    /// Standard atomic weight, g/mol.
    pub atomic_weight: f64,
}

static ELEMENTS: LazyLock<Vec<Element>> = LazyLock::new(|| {
    embedded::rows(include_str!("../../data/elements.csv"))
        .zip(1u8..)
        .map(|(row, z)| {
            assert_eq!(embedded::number(row[0]), f64::from(z), "data/elements.csv is ordered by Z");
            Element { z, symbol: row[1], atomic_weight: embedded::number(row[2]) }
        })
        .collect()
});

/// All elements of the table, by ascending Z.
pub fn elements() -> &'static [Element] {
    &ELEMENTS
}

/// The element of atomic number `z`.
///
/// # Errors
/// When `z` is 0 or above [`MAX_Z`].
pub fn element(z: u8) -> Result<&'static Element> {
    usize::from(z).checked_sub(1).and_then(|i| ELEMENTS.get(i)).ok_or_else(|| {
        Error::input(
            format!("no data for an element with Z = {z}"),
            format!("the tables hold Z = 1 to {MAX_Z}"),
            "Check the material's composition.",
        )
    })
}

/// The element with this chemical symbol, in any case.
///
/// # Errors
/// When no element of the tables has this symbol.
pub fn element_by_symbol(symbol: &str) -> Result<&'static Element> {
    ELEMENTS.iter().find(|e| e.symbol.eq_ignore_ascii_case(symbol.trim())).ok_or_else(|| {
        Error::input(
            format!("no element '{symbol}'"),
            format!("the tables hold H to U (Z = 1 to {MAX_Z})"),
            "Check the symbol in the material's composition.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_elements_by_number_and_symbol() {
        assert_eq!(elements().len(), usize::from(MAX_Z));
        assert_eq!(element(20).unwrap().symbol, "Ca");
        assert_eq!(element_by_symbol("pb").unwrap().z, 82);
        // IUPAC standard atomic weight of oxygen, abridged: 15.999.
        assert!((element(8).unwrap().atomic_weight - 15.999).abs() < 1e-3);
    }

    #[test]
    fn refuses_what_it_does_not_hold() {
        for z in [0, MAX_Z + 1, 255] {
            assert!(element(z).unwrap_err().problem.contains(&format!("Z = {z}")));
        }
        assert!(element_by_symbol("Xx").unwrap_err().problem.contains("Xx"));
    }
}
