//! A user's HU curve or material mapping, read from TOML.
//!
//! A HU curve (materials are built-in names or defined below; without `mean_excitation_ev` the Bragg value
//! of a liquid or solid is used):
//!
//! ```toml
//! name = "Scanner A, 120 kVp"
//! knots = [[-1000, 0.00121], [0, 1.0], [1500, 1.9]]     # HU, g/cm3
//!
//! [[bin]]                                                # half-open: low <= HU < high
//! low = -1050
//! high = -900
//! material = "air"
//!
//! [[bin]]
//! low = -900
//! high = 3000
//! material = "my_tissue"
//!
//! [[material]]
//! name = "my_tissue"
//! density_g_cm3 = 1.05                                   # for the density effect only
//! mass_fractions = { H = 0.102, C = 0.143, N = 0.034, O = 0.721 }
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::hu::{HuBin, HuCurve};
use crate::error::{Error, Result};
use crate::physics::{Material, tissues};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveFile {
    name: String,
    knots: Vec<[f64; 2]>,
    bin: Vec<BinEntry>,
    #[serde(default)]
    material: Vec<MaterialEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinEntry {
    low: f64,
    high: f64,
    material: String,
}

/// A material of a user's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaterialEntry {
    name: String,
    density_g_cm3: f64,
    mean_excitation_ev: Option<f64>,
    mass_fractions: BTreeMap<String, f64>,
}

impl MaterialEntry {
    fn build(&self) -> Result<Material> {
        let mut fractions = Vec::new();
        for (symbol, &w) in &self.mass_fractions {
            fractions.push((tissues::atomic_number(symbol)?, w));
        }
        match self.mean_excitation_ev {
            Some(ev) => Material::new(&self.name, self.density_g_cm3, &fractions, ev),
            None => Material::with_bragg_excitation(&self.name, self.density_g_cm3, &fractions),
        }
    }
}

/// The material `name`: of the file if it defines one, else built in.
pub(super) fn resolve(name: &str, own: &[MaterialEntry]) -> Result<Material> {
    let mut found = own.iter().filter(|m| m.name == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Error::input(
            format!("material '{name}' is defined twice"),
            "a name means one composition",
            "Rename or remove one of them.",
        )),
        (Some(entry), None) => entry.build(),
        _ => Ok(tissues::named_material(name)?.material.clone()),
    }
}

/// Adds the file's name to what went wrong.
pub(super) fn in_file(error: Error, path: &Path) -> Error {
    Error { problem: format!("{}: {}", path.display(), error.problem), ..error }
}

impl HuCurve {
    /// Reads a user's HU curve from a TOML file (format: [`crate::phantom::curve_file`]).
    ///
    /// # Errors
    /// If the file cannot be read, has unknown or missing keys, an unknown material, mass fractions that do not
    /// sum to one, or knots and bins that [`HuCurve::new`] refuses.
    pub fn read_toml(path: &Path) -> Result<Self> {
        let text = crate::files::text(path)?;
        Self::from_toml(&text).map_err(|e| in_file(e, path))
    }

    /// As [`HuCurve::read_toml`], from the text of the file.
    ///
    /// # Errors
    /// As [`HuCurve::read_toml`].
    pub fn from_toml(text: &str) -> Result<Self> {
        let file: CurveFile = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        let mut materials: Vec<Material> = Vec::new();
        let mut bins = Vec::new();
        for bin in &file.bin {
            let known = materials.iter().position(|m| m.name == bin.material);
            let material = match known {
                Some(i) => i,
                None => {
                    materials.push(resolve(&bin.material, &file.material)?);
                    materials.len() - 1
                }
            };
            bins.push(HuBin { low: bin.low, high: bin.high, material });
        }
        let knots = file.knots.iter().map(|k| (k[0], k[1])).collect();
        HuCurve::new(file.name, knots, bins, materials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "test"
        knots = [[-1000, 0.00121], [0, 1], [1500, 1.9]]
        [[bin]]
        low = -1050
        high = -900
        material = "air"
        [[bin]]
        low = -900
        high = 3000
        material = "mine"
        [[material]]
        name = "mine"
        density_g_cm3 = 1.05
        mass_fractions = { H = 0.102, C = 0.143, N = 0.034, O = 0.721 }
    "#;

    fn refused(from: &str, to: &str, expected: &str) {
        assert!(GOOD.contains(from), "the test replaces nothing: {from}");
        let error = HuCurve::from_toml(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(expected), "'{expected}' not in: {error}");
    }

    #[test]
    fn a_good_file_gives_its_curve() {
        let curve = HuCurve::from_toml(GOOD).expect("good");
        assert_eq!(curve.material_index(-901.0), 0);
        assert_eq!(curve.material_index(-900.0), 1);
        assert!((curve.density_g_cm3(750.0) - 1.45).abs() < 1e-12);
        let ev = curve.materials()[1].mean_excitation_ev;
        assert!((70.0..76.0).contains(&ev), "Bragg value of a soft tissue: {ev}");
    }

    #[test]
    fn bad_files_are_refused_with_the_reason() {
        refused("[0, 1]", "[-2000, 1]", "knots must ascend");
        refused("[0, 1]", "[0, -1]", "densities positive");
        refused("low = -900", "low = -890", "gap");
        refused("low = -900", "low = -910", "overlap");
        refused("high = 3000", "high = -900", "must end above its start");
        refused("\"air\"", "\"aire\"", "no material 'aire'");
        refused("O = 0.721", "O = 0.621", "sum to 0.9");
        refused("O = 0.721", "Oo = 0.721", "no element 'Oo'");
        refused("O = 0.721", "O = '0.721'", "expected f64");
        refused("density_g_cm3 = 1.05", "densty = 1.05", "densty");
        refused("name = \"test\"", "", "name");
        refused("knots", "knots = 3 #", "TOML");
    }

    #[test]
    fn a_missing_file_is_an_io_error_with_its_path() {
        let error = HuCurve::read_toml(Path::new("no-such-curve.toml")).expect_err("missing");
        assert!(error.to_string().contains("no-such-curve.toml"), "{error}");
    }
}
