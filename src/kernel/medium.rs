//! The uniform medium of a kernel. Neglects everything that makes a patient differ from it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::physics::Material;
use crate::physics::tissues::named_material;

/// What a kernel is of where nothing else is asked for: EGSnrc's ICRU soft tissue at the density that published voxel S values have
/// (Lanconelli et al., Phys. Med. Biol. 57, 517, 2012, doi:10.1088/0031-9155/57/2/517: sums of their tables).
pub const DEFAULT_MEDIUM: &str = "soft_tissue";
/// g/cm3.
pub const DEFAULT_DENSITY: f64 = 1.04;

/// A material at a density.
#[derive(Debug, Clone, PartialEq)]
pub struct Medium {
    /// Composition.
    pub material: Material,
    /// g/cm3.
    pub density_g_cm3: f64,
}

/// A medium, for files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MediumFacts {
    /// Name of the material.
    pub material: String,
    /// g/cm3.
    pub density_g_cm3: f64,
}

impl Medium {
    /// A built-in material, at its own density where none is given.
    ///
    /// # Errors
    /// If there is no such material, or the density is outside of 1e-3 to 25 g/cm3.
    pub fn named(name: &str, density_g_cm3: Option<f64>) -> Result<Self> {
        let known = named_material(name)?;
        let density = density_g_cm3.unwrap_or(known.bulk_density_g_cm3);
        if !(1e-3..=25.0).contains(&density) {
            return Err(Error::usage(
                format!("a kernel's density of {density} g/cm3"),
                "it must lie within 0.001 and 25 g/cm3",
                "Give it in g/cm3, such as 1.04.",
            ));
        }
        Ok(Medium { material: known.material.clone(), density_g_cm3: density })
    }

    /// Soft tissue of 1.04 g/cm3.
    ///
    /// # Errors
    /// Never, with the built-in tables.
    pub fn soft_tissue() -> Result<Self> {
        Medium::named(DEFAULT_MEDIUM, Some(DEFAULT_DENSITY))
    }

    /// For files.
    pub fn facts(&self) -> MediumFacts {
        MediumFacts { material: self.material.name.clone(), density_g_cm3: self.density_g_cm3 }
    }
}
