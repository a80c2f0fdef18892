//! A phantom from a density map and a label map, for research and validation.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::curve_file::{MaterialEntry, in_file, resolve};
use super::voxels::Phantom;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::physics::{Material, tissues};

/// What the labels of a material map mean.
#[derive(Debug, Clone, PartialEq)]
pub struct MaterialMap {
    materials: BTreeMap<u32, Material>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    material: Vec<MaterialEntry>,
}

impl MaterialMap {
    /// Label `i` is the built-in material `names[i]`.
    ///
    /// # Errors
    /// If a name is unknown or there are none.
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self> {
        let named = names.iter().map(|n| tissues::named_material(n.as_ref().trim()));
        let materials =
            (0..).zip(named).map(|(i, m)| Ok((i, m?.material.clone()))).collect::<Result<_>>()?;
        MaterialMap { materials }.checked()
    }

    /// Label -> material given directly.
    ///
    /// # Errors
    /// If there are none or more than 256.
    pub fn from_materials(materials: BTreeMap<u32, Material>) -> Result<Self> {
        MaterialMap { materials }.checked()
    }

    /// Reads a TOML file: a table `[labels]` (`0 = "air"`) and optional `[[material]]` entries as in a HU
    /// curve file ([`crate::phantom::curve_file`]).
    ///
    /// # Errors
    /// If the file cannot be read, a label is not a number, or a material is unknown or malformed.
    pub fn read_toml(path: &Path) -> Result<Self> {
        let text = crate::files::text(path)?;
        Self::from_toml(&text).map_err(|e| in_file(e, path))
    }

    /// As [`MaterialMap::read_toml`], from the text of the file.
    ///
    /// # Errors
    /// As [`MaterialMap::read_toml`].
    pub fn from_toml(text: &str) -> Result<Self> {
        let file: MapFile = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        let mut materials = BTreeMap::new();
        for (label, name) in &file.labels {
            let label = label.parse().map_err(|_| {
                Error::input(
                    format!("label '{label}'"),
                    "labels are whole numbers from 0",
                    "Write for example 3 = \"liver\".",
                )
            })?;
            materials.insert(label, resolve(name, &file.material)?);
        }
        MaterialMap { materials }.checked()
    }

    fn checked(self) -> Result<Self> {
        if (1..=256).contains(&self.materials.len()) {
            return Ok(self);
        }
        Err(Error::input(
            format!("{} materials", self.materials.len()),
            "a material map needs 1 to 256 of them",
            "Name the material of every label.",
        ))
    }
}

impl Phantom {
    /// A phantom from a density map (g/cm3) and a label map on the same grid.
    ///
    /// # Errors
    /// If the grids differ, a label is not a whole number or has no material, or a density is not positive.
    pub fn from_maps(
        density: &Volume<f32>,
        labels: &Volume<f32>,
        map: &MaterialMap,
    ) -> Result<Self> {
        if density.grid != labels.grid {
            return Err(Error::input(
                format!(
                    "density map {:?} at {:?} mm, material map {:?} at {:?} mm",
                    density.grid.dims,
                    density.grid.origin_mm,
                    labels.grid.dims,
                    labels.grid.origin_mm
                ),
                "both must be on exactly the same grid",
                "Resample the label map (nearest neighbour) onto the density map's grid.",
            ));
        }
        let known: Vec<u32> = map.materials.keys().copied().collect();
        let index = |label: f32| {
            let whole = label.fract() == 0.0 && (0.0..=16_777_216.0).contains(&label);
            known.binary_search(&(label as u32)).ok().filter(|_| whole)
        };
        let mut material = Vec::with_capacity(labels.data.len());
        for (i, &label) in labels.data.iter().enumerate() {
            let found = index(label).ok_or_else(|| {
                Error::input(
                    format!("label {label} at voxel {:?}", labels.grid.unlinear(i)),
                    format!("only the labels {known:?} have a material"),
                    "Give a material for every label of the map.",
                )
            })?;
            material.push(found as u8);
        }
        let materials = map.materials.values().cloned().collect();
        Phantom::new(density.grid.clone(), density.data.clone(), material, materials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    fn volume(values: &[f32]) -> Volume<f32> {
        let grid = Grid::aligned([values.len(), 1, 1], [0.0; 3], [2.0; 3]);
        Volume::new(grid, values.to_vec()).expect("sizes")
    }

    #[test]
    fn labels_become_materials_and_unused_ones_are_left_out() {
        let map = MaterialMap::from_toml(
            "[labels]\n0 = \"air\"\n7 = \"lung\"\n9 = \"liver\"\n12 = \"own\"\n[[material]]\nname = \"own\"\n\
             density_g_cm3 = 1.0\nmass_fractions = { H = 0.111894, O = 0.888106 }",
        )
        .expect("good map");
        let phantom = Phantom::from_maps(
            &volume(&[0.00121, 0.26, 1.0, 0.3]),
            &volume(&[0.0, 7.0, 12.0, 7.0]),
            &map,
        )
        .expect("valid maps");
        let names: Vec<&str> = phantom.materials.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["air", "lung", "own"]);
        assert_eq!(phantom.material, [0, 1, 2, 1]);
        assert!((phantom.voxel_mass_g(3) - 0.3 * 0.008).abs() < 1e-9);
    }

    #[test]
    fn bad_maps_are_refused() {
        let map = MaterialMap::from_names(&["air", "water"]).expect("names");
        let build = |d: &[f32], l: &[f32]| Phantom::from_maps(&volume(d), &volume(l), &map);
        assert!(build(&[1.0, 1.0], &[0.0, 1.0]).is_ok());
        for (density, label, expected) in [
            (1.0, 2.0, "only the labels [0, 1]"),
            (1.0, 0.5, "label 0.5"),
            (1.0, -1.0, "label -1"),
            (1.0, f32::NAN, "label NaN"),
            (0.0, 1.0, "positive density"),
            (-1.0, 1.0, "positive density"),
            (f32::NAN, 1.0, "positive density"),
        ] {
            let error = build(&[1.0, density], &[0.0, label]).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = build(&[1.0], &[0.0, 1.0]).expect_err("grids").to_string();
        assert!(error.contains("same grid"), "{error}");
        assert!(MaterialMap::from_names(&["vacuum"]).is_err());
        assert!(MaterialMap::from_names::<&str>(&[]).is_err());
        assert!(MaterialMap::from_toml("[labels]\nx = \"air\"").is_err());
    }
}
