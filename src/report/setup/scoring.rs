//! What is scored beside or in place of dose to the matter of voxels.

use serde::{Deserialize, Serialize};

/// What is scored beside or in place of voxels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ScoreFacts {
    /// Layers of voxels.
    Layers {
        /// Axis of the grid that they lie across: `x`, `y` or `z`.
        axis: String,
        /// How many.
        layers: usize,
        /// `layers`.
        what: String,
    },
    /// Shells about a point.
    Shells {
        /// Of the medium, g/cm3.
        density_g_cm3: f64,
        /// Radius of the outermost, mm.
        outer_mm: Option<f64>,
        /// How many.
        shells: usize,
        /// `shells`.
        what: String,
    },
}

/// A box of voxels that are scored in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FineGridFacts {
    /// Parts along each axis.
    pub cells: [usize; 3],
    /// First voxel of the box.
    pub first_voxel: [usize; 3],
    /// Whose matter they have, in words.
    pub matter: String,
    /// Parts along each edge of a voxel.
    pub parts: u32,
    /// Distance of parts, mm.
    pub spacing_mm: [f64; 3],
    /// Voxels along each axis.
    pub voxels: [usize; 3],
}

/// From dose to dose to water.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaterFacts {
    /// Of each material.
    pub factors: Vec<WaterFactors>,
    /// In words.
    pub neglects: String,
}

/// Dose to water over dose to a material, for each kind of emission; null for what the source does not emit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaterFactors {
    /// Of alpha particles.
    pub alphas: Option<f64>,
    /// Of electrons and positrons.
    pub electrons: Option<f64>,
    /// Least and largest that electrons of any spectrum could have.
    pub electrons_of_any_spectrum_between: [f64; 2],
    /// Name of the material.
    pub material: String,
    /// Of photons.
    pub photons: Option<f64>,
}
