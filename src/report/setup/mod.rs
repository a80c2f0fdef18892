//! The summary's part `setup`: what a run is made from, known before its first history, and what was found of it on the way. Shards keep it, so
//! that their merge writes the summary that the run would have written in one piece.
//!
//! A number that may not be known is an `Option`: JSON has null for it, and no infinities. Keys that only some runs have are absent from the others.

mod curve;
mod inputs;
mod matter;
mod method;
mod routes;
mod scoring;
mod source;
mod time_points;

pub use curve::{
    BranchSums, DrawnCurve, IntegralFacts, IntegratedCurve, MapFacts, ParameterFacts, RefusalFacts,
    RegionCurveFacts, VoxelCounts,
};
pub use inputs::{ChecksFacts, FindingFacts, InputFacts, TableFacts};
pub use matter::{
    CouchFacts, DoseGridFacts, GridChoiceFacts, HuFacts, MatterBeyond, MatterMove, PartFacts,
    TissueFacts,
};
pub use method::{GoalFacts, MethodFacts, SettingsFacts};
pub use routes::{
    ActivityRouteFacts, DoseRateRouteFacts, MassChangeFacts, RouteDifference, VoiRouteFacts,
};
pub use scoring::{FineGridFacts, ScoreFacts, WaterFactors, WaterFacts};
pub use source::{
    BeamFacts, ChainFacts, FieldOfView, MemberFacts, NuclideChange, OwnNuclidesFacts, SourceFacts,
    TimingFacts,
};
pub use time_points::{AgreementFacts, PlacementFacts, QuantificationFacts, TimePointsFacts};

use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Inputs, settings, grid, activity, tissue, hashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SetupFacts {
    /// Where the activity of the image went; null for a beam.
    pub activity: Option<FieldOfView>,
    /// VOIs by the activity route, of several time points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_route: Option<ActivityRouteFacts>,
    /// A beam from outside; null for activity.
    pub beam: Option<BeamFacts>,
    /// What the checks have found.
    pub checks: ChecksFacts,
    /// What looked like a couch; null where nothing did.
    pub couch: Option<CouchFacts>,
    /// Decays per second (dose rate) or decays (dose) that the result stands for.
    pub decays: f64,
    /// What decays in place are counted from: `image` or `administration`; null where none are.
    pub decays_counted_from: Option<String>,
    /// Decays for each Bq where activity decays in place; null where it does not.
    pub decays_per_bq: Option<f64>,
    /// The dose grid.
    pub dose_grid: DoseGridFacts,
    /// The integral of dose rates, of several time points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_rate_route: Option<DoseRateRouteFacts>,
    /// Factors from dose to dose to water, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_to_water: Option<WaterFacts>,
    /// Hashes of the data that are built into the program.
    pub embedded_tables: Vec<TableFacts>,
    /// Voxels that are scored in parts, where some are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine: Option<FineGridFacts>,
    /// When to stop before all histories are run; null without a goal.
    pub goal: Option<GoalFacts>,
    /// How HU became matter; null for maps of density.
    pub hu: Option<HuFacts>,
    /// The curve that was chosen: a name, or a file; null for maps of density.
    pub hu_curve: Option<String>,
    /// What was read.
    pub inputs: Vec<InputFacts>,
    /// How matter came to the dose grid.
    pub matter: MatterMove,
    /// What of it stays outside.
    pub matter_beyond_dose_grid: MatterBeyond,
    /// By which method dose is computed.
    pub method: MethodFacts,
    /// What is scored beside or in place of voxels, where something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreFacts>,
    /// Of all random numbers.
    pub seed: u64,
    /// Of the transport.
    pub settings: SettingsFacts,
    /// What decays.
    pub source: SourceFacts,
    /// What was integrated over several time points, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_points: Option<TimePointsFacts>,
    /// When the image's activity is that of; null where it is integrated over time.
    pub timing: Option<TimingFacts>,
    /// The materials on the dose grid.
    pub tissues: Vec<TissueFacts>,
}

impl SetupFacts {
    /// Without the places of files: the same input may lie elsewhere.
    pub fn without_paths(mut self) -> Self {
        self.inputs.iter_mut().for_each(|i| (i.path, i.file) = (None, None));
        self.hu_curve = None;
        self
    }
}

/// Writes keys in the order of the alphabet at all depths, so that a new part changes no other line of a summary.
///
/// # Errors
/// If it cannot be written.
pub fn by_key<S: Serializer>(setup: &SetupFacts, to: S) -> Result<S::Ok, S::Error> {
    serde_json::to_value(setup).map_err(S::Error::custom)?.serialize(to)
}

/// A number, where it is one.
pub fn known(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
#[path = "setup_tests.rs"]
mod tests;
