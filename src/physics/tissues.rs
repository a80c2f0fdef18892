//! Element data and tissue compositions of `data/tissues/`, parsed once.

use std::sync::LazyLock;

use super::Material;
use crate::error::{Error, Result};

/// What Bragg additivity needs of an element.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Atomic number.
    pub z: u8,
    /// Chemical symbol.
    pub symbol: String,
    /// Atomic weight, g/mol.
    pub atomic_weight_g_mol: f64,
    /// Mean excitation energy of the element, eV.
    pub mean_excitation_ev: f64,
    /// Mean excitation energy as a constituent of a liquid or solid compound, eV.
    pub mean_excitation_compound_ev: f64,
}

/// A named material with the density that a phantom made of it has.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedMaterial {
    /// The material; its nominal density belongs to the density effect.
    pub material: Material,
    /// Mass density of the bulk, g/cm3.
    pub bulk_density_g_cm3: f64,
}

static ELEMENTS: LazyLock<Vec<Element>> = LazyLock::new(|| {
    let table = Table::parse(include_str!("../../data/tissues/element_excitation.csv"));
    table
        .rows
        .iter()
        .map(|row| Element {
            z: table.number(row, "z") as u8,
            symbol: table.text(row, "symbol").to_string(),
            atomic_weight_g_mol: table.number(row, "atomic_weight_g_mol"),
            mean_excitation_ev: table.number(row, "mean_excitation_ev"),
            mean_excitation_compound_ev: table.number(row, "mean_excitation_compound_ev"),
        })
        .collect()
});

static NAMED: LazyLock<Vec<NamedMaterial>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for text in [
        include_str!("../../data/tissues/named.csv"),
        include_str!("../../data/tissues/icru44.csv"),
    ] {
        let table = Table::parse(text);
        for row in &table.rows {
            let mut material = table.material(row);
            let bulk_density_g_cm3 = material.density_g_cm3;
            if table.columns.contains(&"density_effect_g_cm3") {
                material.density_g_cm3 = table.number(row, "density_effect_g_cm3");
            }
            all.push(NamedMaterial { material, bulk_density_g_cm3 });
        }
    }
    all
});

/// Data of the element with atomic number `z`.
///
/// # Errors
/// If there is none.
pub fn element(z: u8) -> Result<&'static Element> {
    ELEMENTS.iter().find(|e| e.z == z).ok_or_else(|| {
        Error::input(
            format!("no element with Z = {z}"),
            format!("elements 1 to {} are known", ELEMENTS.len()),
            "Correct the material's composition.",
        )
    })
}

/// Atomic number of a chemical symbol (`Ca`).
///
/// # Errors
/// If the symbol is unknown.
pub fn atomic_number(symbol: &str) -> Result<u8> {
    ELEMENTS.iter().find(|e| e.symbol == symbol).map(|e| e.z).ok_or_else(|| {
        Error::input(
            format!("no element '{symbol}'"),
            "elements are named by their chemical symbol, such as H, Ca or P",
            "Correct the material's composition.",
        )
    })
}

/// Every named material: the media of the EGSnrc references (ICRU 37, ICRU 44), water with the I-value
/// of ICRU 90, and the ICRU-44 tissues (names starting with `icru44_`).
pub fn named_materials() -> &'static [NamedMaterial] {
    &NAMED
}

/// The named material `name`.
///
/// # Errors
/// If there is none; the error lists the names.
pub fn named_material(name: &str) -> Result<&'static NamedMaterial> {
    NAMED.iter().find(|m| m.material.name == name).ok_or_else(|| {
        let names: Vec<&str> = NAMED.iter().map(|m| m.material.name.as_str()).collect();
        Error::input(
            format!("no material '{name}'"),
            "it is neither in the built-in tables nor defined in the file",
            format!("Define it, or use one of: {}.", names.join(", ")),
        )
    })
}

/// An embedded table: CSV with `#` comment lines. Its content is part of the program and checked by the
/// tests, so a malformed table is a bug and panics.
pub(crate) struct Table {
    /// Column names.
    pub columns: Vec<&'static str>,
    /// Fields of each row.
    pub rows: Vec<Vec<&'static str>>,
}

impl Table {
    pub(crate) fn parse(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
        let columns: Vec<&str> = lines.next().map(|l| l.split(',').collect()).unwrap_or_default();
        let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
        assert!(rows.iter().all(|r| r.len() == columns.len()), "ragged table {columns:?}");
        Table { columns, rows }
    }

    pub(crate) fn text(&self, row: &[&'static str], column: &str) -> &'static str {
        let i = self.columns.iter().position(|c| *c == column);
        row[i.unwrap_or_else(|| panic!("embedded table has no column {column}"))]
    }

    pub(crate) fn number(&self, row: &[&'static str], column: &str) -> f64 {
        let text = self.text(row, column);
        text.parse().unwrap_or_else(|_| panic!("embedded table: {column} is '{text}'"))
    }

    /// The material of a row with `name`, `density_g_cm3`, `mean_excitation_ev` and element columns.
    pub(crate) fn material(&self, row: &[&'static str]) -> Material {
        let fractions: Vec<(u8, f64)> = self
            .columns
            .iter()
            .filter_map(|column| Some((atomic_number(column).ok()?, self.number(row, column))))
            .collect();
        let (density, ev) =
            (self.number(row, "density_g_cm3"), self.number(row, "mean_excitation_ev"));
        Material::new(self.text(row, "name"), density, &fractions, ev)
            .unwrap_or_else(|error| panic!("embedded table: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::material::bragg_mean_excitation_ev;

    #[test]
    fn elements_are_complete_and_ordered() {
        assert_eq!(ELEMENTS.len(), 98);
        for (i, e) in ELEMENTS.iter().enumerate() {
            assert_eq!(usize::from(e.z), i + 1);
        }
        assert_eq!(atomic_number("Ca").expect("calcium"), 20);
        assert!(atomic_number("Xx").is_err());
    }

    /// NIST SRD 126 Table 2 prints Z/A to five decimals; compositions there are rounded to 0.001.
    #[test]
    fn icru44_z_over_a_agrees_with_the_publication() {
        for (name, published) in [
            ("icru44_soft_tissue", 0.54996),
            ("icru44_cortical_bone", 0.51478),
            ("icru44_adipose", 0.55579),
            ("icru44_air", 0.49919),
            ("icru44_water", 0.55508),
        ] {
            let z_over_a = named_material(name).and_then(|m| m.material.z_over_a()).expect("data");
            assert!((z_over_a / published - 1.0).abs() < 1e-4, "{name}: {z_over_a}");
        }
    }

    /// The publications' own mean excitation energies are Bragg sums of the same element values, so ours
    /// must meet them within their rounding. Water differs (measured, 75 eV), and so do gases.
    #[test]
    fn bragg_additivity_reproduces_published_tissues() {
        for name in ["icru44_cortical_bone", "icru44_lung", "icru44_muscle", "icru44_soft_tissue"] {
            let m = &named_material(name).expect("named").material;
            let bragg = bragg_mean_excitation_ev(&m.mass_fractions).expect("data");
            assert!((bragg / m.mean_excitation_ev - 1.0).abs() < 2e-3, "{name}: {bragg}");
        }
        let bone = &named_material("cortical_bone").expect("named").material;
        assert_eq!(bone.mean_excitation_ev, 111.972);
    }

    #[test]
    fn the_density_effect_density_is_kept_apart_from_the_bulk() {
        let bone = named_material("bone14").expect("named");
        assert_eq!((bone.bulk_density_g_cm3, bone.material.density_g_cm3), (1.4, 1.85));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = named_material("watr").expect_err("unknown").to_string();
        assert!(error.contains("'watr'") && error.contains("water"), "{error}");
    }
}
