//! Several time points: when, where they lie, what was corrected, and the integral of their activity.

use serde::{Deserialize, Serialize};

use super::{FieldOfView, IntegratedCurve, MapFacts, RegionCurveFacts, TimingFacts};

/// What was integrated over several time points. Lists have one entry for each time, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimePointsFacts {
    /// Where the activity of each image went.
    pub activity: Vec<FieldOfView>,
    /// Relative standard uncertainty of the scale that all times share.
    pub common_relative_uncertainty: f64,
    /// Activity (Bq) of what is outside of all VOIs; null with a planar curve.
    pub outside_of_vois: Option<RegionCurveFacts>,
    /// How each image was brought into the reference's frame.
    pub placement: Vec<PlacementFacts>,
    /// The planar curve (Bq), where it gives the shape; else null.
    pub planar: Option<IntegratedCurve>,
    /// What was corrected in each region; the first is what is outside of all VOIs.
    pub quantification: Vec<QuantificationFacts>,
    /// What is added to each image's coordinates as stated, mm, LPS; 0 where nothing is.
    pub shift_mm: Vec<[f64; 3]>,
    /// The map of time-integrated activity.
    pub time_integrated_activity: MapFacts,
    /// After the administration, s.
    pub times_s: Vec<f64>,
    /// When each image's activity is that of.
    pub timing: Vec<TimingFacts>,
}

/// How a time point's image was brought into the reference's frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlacementFacts {
    /// Agreement where it is placed; null where it was not compared.
    pub agreement_after: Option<AgreementFacts>,
    /// Agreement of the activity with that of the time point that others are registered to, as the image lies; null where it was not compared.
    pub agreement_before: Option<AgreementFacts>,
    /// `as_it_lies`, `shift`, `transform`, `registered_on_ct` or `registered_on_activity`.
    pub by: String,
    /// What it is turned about, mm, LPS.
    pub centre_mm: [f64; 3],
    /// From the reference to the image, degrees about x, y, z (R = Rz Rx Ry), about the centre.
    pub rotation_deg: [f64; 3],
    /// From the reference to the image, mm.
    pub translation_mm: [f64; 3],
}

/// How well images agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AgreementFacts {
    /// Correlation of the values at the points that both show; null where it is not known.
    pub correlation: Option<f64>,
    /// Part of the points of the fixed image that lie in the moving one; null where it is not known.
    pub overlap: Option<f64>,
}

/// What is known of one region's quantification. Lists have one entry for each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QuantificationFacts {
    /// Relative change of the activity by one standard uncertainty of the resolution (signed), of a transfer matrix; else null.
    pub by_resolution: Option<Vec<Option<f64>>>,
    /// Whether the calibration cancels: the recovery was measured with the same factor.
    pub cancels_calibration: bool,
    /// Relative standard uncertainty of each time's activity, of its own, of a transfer matrix; else null.
    pub own: Option<Vec<Option<f64>>>,
    /// Relative standard uncertainty of the correction, common to all times; null if it is not stated.
    pub relative_uncertainty: Option<f64>,
    /// Seen over true activity; empty where nothing was corrected.
    pub seen: Vec<Option<f64>>,
    /// Relative standard uncertainty of the dose from that of the volume; null if it is not stated.
    pub volume_relative: Option<f64>,
}
