//! What decays, where and when.

use serde::{Deserialize, Serialize};

/// What decays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceFacts {
    /// A nuclide with its progeny; null for particles.
    pub chain: Option<ChainFacts>,
    /// Half-life of the parent, s; null for particles.
    pub half_life_s: Option<f64>,
    /// Name of the nuclide, or the particles in words.
    pub label: String,
    /// The evaluation of the decay data: `ensdf` or `icrp107`; null for particles.
    pub nuclide_data: Option<String>,
    /// One's own nuclides; null where there are none.
    pub own_nuclides: Option<OwnNuclidesFacts>,
}

/// A decay chain over a horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChainFacts {
    /// Until when decays count, s, from a time when only the parent is there.
    pub horizon_s: f64,
    /// The parent, then its progeny.
    pub members: Vec<MemberFacts>,
    /// Part of the parent that decays until then.
    pub parent_decay_fraction: f64,
}

/// A nuclide of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemberFacts {
    /// Its decays for each of the parent.
    pub decays_per_parent_decay: f64,
    /// Its name.
    pub nuclide: String,
}

/// A file of one's own nuclides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OwnNuclidesFacts {
    /// What it changes of this source.
    pub changes: Vec<NuclideChange>,
    /// Its name.
    pub file: Option<String>,
    /// SHA-256 of it and of those that it names.
    pub sha256: String,
}

/// What one's own file says of a nuclide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NuclideChange {
    /// Its name.
    pub nuclide: String,
    /// What is changed, with its source.
    pub said: String,
}

/// A beam from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BeamFacts {
    /// Where it starts, mm, LPS; null where that follows from the matter.
    pub at_mm: Option<[f64; 3]>,
    /// Direction, field and cone in words.
    pub label: String,
}

/// Where the activity of the image went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FieldOfView {
    /// `Bq` or `Bq s`.
    pub unit: String,
    /// In the image (negative voxels counted as zero).
    pub image: f64,
    /// On the dose grid.
    pub on_grid: f64,
    /// Outside of the dose grid or of the CT.
    pub outside: f64,
    /// `outside / image`.
    pub outside_fraction: f64,
    /// Negative voxels of the image, taken as zero.
    pub negative_voxels: usize,
    /// Their sum.
    pub negative_sum: f64,
    /// On the grid, in voxels of low density (air): noise, or activity misplaced against the CT.
    pub in_low_density: f64,
}

/// The time of an image's values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimingFacts {
    /// That time in words.
    pub activity_time: String,
    /// The administration, where its date is known.
    pub administered: Option<String>,
    /// To when the file's values were corrected for decay: a value of DecayCorrection (0054,1102); null where that is not said.
    pub decay_correction: Option<String>,
    /// What the values of the first and the last frame were multiplied by.
    pub factors: [f64; 2],
    /// Hours from the administration to that time; null if unknown.
    pub hours_after_administration: Option<f64>,
}
