//! How many decays a tally stands for: the step from energy per decay to Gy/s or Gy.
//!
//! Activity that only decays in place (no biological clearance, as in radioembolisation) makes
//! `A T1/2 / ln 2` decays; anything else needs a time-integrated map.

use crate::error::{Error, Result};

/// The dose that a run gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoseKind {
    /// Gy/s.
    DoseRate,
    /// Gy.
    Dose,
}

impl DoseKind {
    /// Stem of the file names.
    pub fn name(self) -> &'static str {
        match self {
            DoseKind::DoseRate => "dose_rate",
            DoseKind::Dose => "dose",
        }
    }

    /// Unit of the values.
    pub fn unit(self) -> &'static str {
        match self {
            DoseKind::DoseRate => "Gy/s",
            DoseKind::Dose => "Gy",
        }
    }
}

/// Decays of the parent per Bq that decays in place from now on: `T1/2 / ln 2`, times the fraction that decays
/// within the horizon where one is given.
///
/// # Errors
/// If the half-life is not positive or the fraction not within 0 to 1.
pub fn decays_per_bq(half_life_s: f64, fraction: f64) -> Result<f64> {
    if half_life_s > 0.0 && half_life_s.is_finite() && (0.0..=1.0).contains(&fraction) {
        return Ok(half_life_s / std::f64::consts::LN_2 * fraction);
    }
    Err(Error::run(
        format!("half-life {half_life_s} s, decayed fraction {fraction}"),
        "a half-life is positive and a fraction within 0 and 1",
        "Please report this.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn y90_gives_the_constant_of_radioembolisation() {
        // 1 GBq of Y-90 that decays in 1 kg gives 49.67 Gy in the MIRD formula in clinical use
        // (Gulec et al., J Nucl Med 47, 1209, 2006); 1.5 % for the energy and half-life taken there.
        let decays = 1e9 * decays_per_bq(64.2 * 3600.0, 1.0).unwrap();
        let gy = decays * 0.9367 * crate::constants::MEV_IN_JOULE;
        assert!((gy / 49.67 - 1.0).abs() < 0.015, "{gy}");
        assert!(decays_per_bq(0.0, 1.0).is_err() && decays_per_bq(1.0, 1.1).is_err());
    }
}
