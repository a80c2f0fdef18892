//! From several time points to dose: VOIs by each route, and what the routes differ by.

use serde::{Deserialize, Serialize};

use super::{MapFacts, RegionCurveFacts};
use crate::report::summary::LedgerResult;
use crate::uncertainty::UncertaintyResult;

/// Activities integrated over time, then transported once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ActivityRouteFacts {
    /// In the order of the summary's VOIs.
    pub vois: Vec<VoiRouteFacts>,
}

/// All times transported in one run, then the dose rates integrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoseRateRouteFacts {
    /// Independent batches.
    pub batches: usize,
    /// From the other route, where both were run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<RouteDifference>,
    /// The integral of the energy rates of voxels, MeV.
    pub energy: MapFacts,
    /// Decays simulated.
    pub histories: u64,
    /// Energy balance.
    pub ledger: LedgerResult,
    /// Energy rate (MeV/s) of what is outside of all VOIs.
    pub outside_of_vois_mev: Option<RegionCurveFacts>,
    /// What the map of the standard error is, in words.
    pub standard_error: String,
    /// In the order of the summary's VOIs.
    pub vois: Vec<VoiRouteFacts>,
}

/// Dose by dose rates less dose by activity, over the voxels that are not of low density, in parts of the mean dose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RouteDifference {
    /// Mean.
    pub mean_relative: Option<f64>,
    /// Root mean square.
    pub root_mean_square_over_mean_dose: Option<f64>,
}

/// A VOI by one route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VoiRouteFacts {
    /// Of its activity (Bq) or dose rate (Gy/s).
    pub curve: RegionCurveFacts,
    /// Dose from the VOI's own curve, Gy; null where it has none.
    pub dose_by_curve_gy: Option<f64>,
    /// 95 % interval of the dose by the integral's alone, Gy; null where the points tell none.
    pub interval_95_of_curve_gy: Option<[Option<f64>; 2]>,
    /// Masses, where they change; else null.
    pub mass_change: Option<MassChangeFacts>,
    /// Mean dose, Gy; null where it is not known.
    pub mean_dose_gy: Option<f64>,
    /// The model of its curve; or that it was refused, and what was assumed.
    pub model: String,
    /// Whether the dose rests on an assumption.
    pub refused: bool,
    /// Of the transport in the dose by the curve, Gy; null where it is not known.
    pub standard_error_by_curve_gy: Option<f64>,
    /// Of the transport, Gy; null where it is not known.
    pub standard_error_gy: Option<f64>,
    /// The whole, with its components.
    pub uncertainty: UncertaintyResult,
}

/// The masses of a VOI over time, where they change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MassChangeFacts {
    /// What the energy over the mass of `--voi` would be, Gy: not the dose.
    pub energy_over_mass_of_voi_gy: Option<f64>,
    /// At each time, g; 0 where the VOI is not there.
    pub masses_g: Vec<f64>,
}
