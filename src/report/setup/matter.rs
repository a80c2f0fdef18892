//! Matter on the dose grid and how it came there.

use serde::{Deserialize, Serialize};

/// The dose grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoseGridFacts {
    /// One step of each index, mm, LPS.
    pub axes_mm: [[f64; 3]; 3],
    /// What was asked for.
    pub choice: GridChoiceFacts,
    /// Voxels.
    pub dims: [usize; 3],
    /// Centre of the first voxel, mm, LPS.
    pub origin_mm: [f64; 3],
    /// Distance of voxels, mm.
    pub spacing_mm: [f64; 3],
}

/// Which dose grid was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum GridChoiceFacts {
    /// `activity` or `ct`: that of the image.
    Of(String),
    /// Along the CT's axes with this spacing, mm.
    SpacingMm([f64; 3]),
}

/// What moving matter to the dose grid did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MatterMove {
    /// `as_is`, `mass_conserving`, or `interpolated` (turned grids).
    pub method: String,
    /// Mass of the CT, g.
    pub source_mass_g: f64,
    /// Mass on the dose grid, g.
    pub mass_g: f64,
    /// Voxels of the dose grid that the CT does not cover, filled with air.
    pub filled_voxels: usize,
}

/// What of the CT's matter lies outside of the dose grid and is not seen by photons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MatterBeyond {
    /// Voxels of the CT that are not air and whose centre is outside.
    pub voxels: usize,
    /// Their mass, g.
    pub mass_g: f64,
}

/// How HU became matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HuFacts {
    /// Name of the curve.
    pub curve: String,
    /// Lowest and highest HU of the CT.
    pub extremes_hu: [f64; 2],
    /// Range of the curve, HU.
    pub range_hu: [f64; 2],
    /// The materials of the CT.
    pub tissues: Vec<TissueFacts>,
    /// Voxels of the CT.
    pub voxels: usize,
    /// Voxels above the range.
    pub voxels_above_range: usize,
    /// Voxels below the range.
    pub voxels_below_range: usize,
}

/// One material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TissueFacts {
    /// g.
    pub mass_g: f64,
    /// Its name.
    pub material: String,
    /// g/cm3.
    pub mean_density_g_cm3: f64,
    /// Null where its voxels are not those of a CT.
    pub mean_hu: Option<f64>,
    /// cm3.
    pub volume_cm3: f64,
    /// Number of voxels.
    pub voxels: usize,
}

/// What looked like a couch and what was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CouchFacts {
    /// `keep` or `remove`.
    pub rule: String,
    /// Its parts, by mass.
    pub parts: Vec<PartFacts>,
}

/// A part of a couch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PartFacts {
    /// Voxels of the CT.
    pub voxels: usize,
    /// g.
    pub mass_g: f64,
    /// Largest part of an image's activity that it holds.
    pub activity_fraction: f64,
    /// It was turned into air.
    pub removed: bool,
}
