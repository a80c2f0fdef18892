//! Curves over time that were integrated, of regions and of single voxels.

use serde::{Deserialize, Serialize};

use super::known;
use crate::kinetics::{Piece, Tia};

/// The curve of a region, or why it has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RegionCurveFacts {
    /// It has none.
    Missing {
        /// Why.
        none: String,
    },
    /// It was integrated.
    Integrated(Box<IntegratedCurve>),
}

/// A curve with its integral. Values are in Bq, Bq/g, Gy/s or MeV/s, as the place says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IntegratedCurve {
    /// Of the weighted residuals; null where nothing was fitted.
    pub chi2: Option<f64>,
    /// Points less parameters; null where nothing was fitted.
    pub degrees_of_freedom: Option<usize>,
    /// The curve for who draws it.
    pub drawn: DrawnCurve,
    /// From the administration to infinity.
    pub integral: IntegralFacts,
    /// The model; or that it was refused, and what was assumed.
    pub model: String,
    /// Of the fit; null where nothing was fitted.
    pub parameters: Option<Vec<ParameterFacts>>,
    /// The curve in parts that have a formula.
    pub pieces: Vec<Piece>,
    /// Why its curve was refused; null where it was not.
    pub refused: Option<RefusalFacts>,
    /// Of the points, as the integral took them.
    pub standard_uncertainties: Vec<Option<f64>>,
    /// After the administration, s.
    pub times_s: Vec<f64>,
    /// At those times.
    pub values: Vec<f64>,
}

/// A curve at many times, from the administration to half as long again as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DrawnCurve {
    /// Null where the points do not tell it.
    pub standard_uncertainties: Vec<Option<f64>>,
    /// After the administration, s.
    pub times_s: Vec<f64>,
    /// At those times.
    pub values: Vec<Option<f64>>,
}

/// A parameter of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ParameterFacts {
    /// `A_1` (unit of the values), `lambda_1` (1/s, biological), ...; 1 is the slowest phase, `u` the uptake.
    pub name: String,
    /// Null where the points do not tell it.
    pub standard_uncertainty: Option<f64>,
    /// Its value.
    pub value: Option<f64>,
}

/// Why a curve was refused, and what stands in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RefusalFacts {
    /// In a few words.
    pub assumed: String,
    /// The error in full.
    pub reason: String,
}

/// The integral of a curve, in the unit of its values times s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IntegralFacts {
    /// Limits of the 95 % interval; null where it is open.
    pub interval_95: [Option<f64>; 2],
    /// How it was found.
    pub method: String,
    /// Part of it after the last point; null where it is not known.
    pub share_after_last: Option<f64>,
    /// Part of it before the first point; null where it is not known.
    pub share_before_first: Option<f64>,
    /// With what all points share; null where it has no bound.
    pub standard_uncertainty: Option<f64>,
    /// Its value.
    pub value: Option<f64>,
    /// What the user must know.
    pub warnings: Vec<String>,
}

impl From<&Tia> for IntegralFacts {
    fn from(tia: &Tia) -> Self {
        IntegralFacts {
            interval_95: [known(tia.interval_95.0), known(tia.interval_95.1)],
            method: tia.method.clone(),
            share_after_last: known(tia.share_after_last),
            share_before_first: known(tia.share_before_first),
            standard_uncertainty: known(tia.standard_uncertainty),
            value: known(tia.value),
            warnings: tia.warnings.clone(),
        }
    }
}

/// Counts and parts of an integral by voxel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MapFacts {
    /// Of all voxels, in `unit`.
    pub integral: Option<f64>,
    /// By how voxels were integrated.
    pub integral_by_branch: BranchSums,
    /// What negative voxels held, which were taken as zero.
    pub negative_set_to_zero: Option<f64>,
    /// Part of the integral after the last time; null where it is not known.
    pub share_after_last: Option<f64>,
    /// Part of the integral before the first time; null where it is not known.
    pub share_before_first: Option<f64>,
    /// Of the integrals.
    pub unit: String,
    /// By how they were integrated.
    pub voxels: VoxelCounts,
}

/// Numbers of voxels by how they were integrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VoxelCounts {
    /// By what is assumed for the refused curve of their region.
    pub assumed_for_refused_curve: usize,
    /// By a fit of their own.
    pub fitted: usize,
    /// By physical decay.
    pub physical_decay: usize,
    /// By the curve of their region.
    pub shape_of_region: usize,
    /// Without signal.
    pub zero: usize,
}

/// Integrals by how voxels were integrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BranchSums {
    /// By what is assumed for the refused curve of their region.
    pub assumed_for_refused_curve: Option<f64>,
    /// By a fit of their own.
    pub fitted: Option<f64>,
    /// By physical decay.
    pub physical_decay: Option<f64>,
    /// By the curve of their region.
    pub shape_of_region: Option<f64>,
}
