//! `voxgray fit` on one curve in memory.

use super::super::Command;
use super::super::call::Refused;
use super::super::fit::{half_life_s, method};
use super::{ARRAY, read, wrong_command};
use crate::error::Error;
use crate::kinetics::{Integrated, Points, Spread, integrate_points};

/// Options of `voxgray fit` that a curve leaves to the caller.
pub const OPTIONS: [&str; 11] = [
    "nuclide",
    "nuclide-data",
    "nuclide-file",
    "half-life",
    "model",
    "head",
    "tail",
    "relative-uncertainty",
    "common-uncertainty",
    "population-half-life",
    "population-spread",
];

/// Integrates a curve from injection to infinity.
///
/// # Errors
/// If an option cannot be used, or as [`integrate_points`].
pub fn fit(
    times_s: Vec<f64>,
    values: Vec<f64>,
    uncertainties: Option<Vec<f64>>,
    options: &toml::Table,
) -> Result<Integrated, Refused> {
    let Command::Fit(a) =
        read("fit", &OPTIONS, options, &["--".into(), ARRAY.into()])?.into_command()?
    else {
        return Err(wrong_command());
    };
    let half_life_s = half_life_s(&a)?;
    let spread = match (uncertainties, a.relative_uncertainty) {
        (Some(_), Some(_)) => {
            return Err(Refused::Error(Error::usage(
                "relative_uncertainty",
                "the points have uncertainties of their own",
                "Leave one of them out.",
            )));
        }
        (Some(u), None) => Spread::Absolute(u),
        (None, Some(r)) => Spread::Relative(r),
        (None, None) => Spread::Unknown,
    };
    let points = Points { times_s, values, spread, common: a.common_uncertainty };
    let method = method(&a, half_life_s)?;
    Ok(integrate_points(&points, &method, std::f64::consts::LN_2 / half_life_s)?)
}
