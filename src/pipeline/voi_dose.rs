//! The dose of a VOI that a run gives: the number, and the whole uncertainty of it. Neglects the uncertainty of other VOIs' activity in the dose
//! that they give to this one, and takes all of the dose as the VOI's own where its recovery or its mass changes it.
//!
//! Where the mass m(t) of a VOI changes, its dose is the integral of the dose rate that its tissue has at each time,
//!
//! ```text
//! D = int E'(t) / m(t) dt,
//! ```
//!
//! not the energy imparted over the mass at one time. The dose-rate route fits E'(t)/m(t). The activity route knows one map, made with the mass
//! m0 of `--voi`; with A(t) the VOI's activity and Ã its integral it gives D = D0 m0/Ã int A(t)/m(t) dt: each decay gives the energy that it gave
//! on the map.

use super::over_time::OverTime;
use super::recovery::RegionRecovery;
use super::series::Placed;
use crate::kinetics::Integrated;
use crate::phantom::Phantom;
use crate::report::setup::{MassChangeFacts, known};
use crate::uncertainty::{Part, UncertaintyPart, VoiBudget};

/// Relative change of a VOI's mass below which it is the same: what redrawing a contour on another grid does.
const SAME_MASS: f64 = 0.01;

/// The masses (g) of a VOI over time, where they change.
#[derive(Debug, Clone, PartialEq)]
pub struct MassChange {
    /// At each time, g; 0 where the VOI is not there.
    pub masses_g: Vec<f64>,
    /// What the energy over the mass of `--voi` would be, Gy: not the dose.
    pub energy_over_mass_of_voi_gy: f64,
}

impl MassChange {
    /// For the summary.
    pub fn facts(&self) -> MassChangeFacts {
        MassChangeFacts {
            energy_over_mass_of_voi_gy: known(self.energy_over_mass_of_voi_gy),
            masses_g: self.masses_g.clone(),
        }
    }
}

/// Masses (g) of all VOIs at each time.
pub(super) fn masses(placed: &Placed, phantom: &Phantom, vois: usize) -> Vec<Vec<f64>> {
    let mut masses = vec![vec![0.0; placed.labels.len()]; vois];
    for (t, labels) in placed.labels.iter().enumerate() {
        for (v, label) in labels.iter().enumerate().filter(|(_, l)| **l > 0) {
            let mass = phantom.voxel_mass_g(v);
            placed.parts.vois_of(*label).iter().for_each(|n| masses[*n][t] += mass);
        }
    }
    masses
}

/// Whether masses, or the mass that a map was made with, differ.
pub(super) fn change(masses_g: &[f64], of_voi_g: f64) -> bool {
    let present = || masses_g.iter().copied().filter(|m| *m > 0.0).chain([of_voi_g]);
    let (low, high) = (present().fold(f64::INFINITY, f64::min), present().fold(0.0, f64::max));
    high > low * (1.0 + SAME_MASS)
}

/// Values over masses, for a time at which both are known.
pub(super) fn per_mass(values: &[Option<f64>], masses_g: &[f64]) -> Vec<Option<f64>> {
    let one = |(v, m): (&Option<f64>, &f64)| v.filter(|_| *m > 0.0).map(|v| v / m);
    values.iter().zip(masses_g).map(one).collect()
}

/// What a VOI's dose rests on beside the transport.
pub(super) struct Basis<'a> {
    /// Refits.
    pub over: &'a OverTime<'a>,
    /// The curve that was integrated; none: its uncertainty is not known.
    pub curve: Option<&'a Integrated>,
    /// What was corrected.
    pub region: &'a RegionRecovery,
}

impl Basis<'_> {
    /// The whole uncertainty of a dose with the relative standard error `transport` from so many batches.
    pub fn budget(&self, dose: f64, transport: f64, batches: usize) -> VoiBudget {
        let common = self.over.input.common_uncertainty;
        let fit = match self.curve {
            Some(curve) => UncertaintyPart::of_tia(&curve.tia, common),
            None => UncertaintyPart::normal(Part::Fit, f64::INFINITY),
        };
        let calibration = if self.region.cancels_calibration { 0.0 } else { common };
        VoiBudget::new(
            dose,
            [
                UncertaintyPart::of_batches(transport, batches),
                fit,
                UncertaintyPart::normal(Part::Recovery, self.recovery()),
                UncertaintyPart::normal(Part::Calibration, calibration),
                UncertaintyPart::normal(Part::Volume, self.region.volume_relative.unwrap_or(0.0)),
            ],
        )
    }

    /// Relative uncertainty by the correction: of a coefficient as it is, of a resolution through the integral; the largest of the times where
    /// the curve is not one of these times (a planar one), or a moved point is refused.
    fn recovery(&self) -> f64 {
        let Some(moved) = &self.region.by_resolution else {
            return self.region.relative_uncertainty.unwrap_or(0.0);
        };
        let largest = moved.iter().fold(0.0, |a: f64, m| a.max(m.abs()));
        let Some(curve) = self.curve else { return largest };
        let at: Option<Vec<f64>> = curve
            .tac
            .times_s()
            .iter()
            .map(|t| Some(moved[self.over.times_s.iter().position(|o| o == t)?]))
            .collect();
        let y = curve.tac.values();
        let through = |at: Vec<f64>| {
            self.over.propagate(curve, |i, j| at[i] * at[j] * y[i] * y[j]).unwrap_or(largest)
        };
        at.map_or(largest, through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_within_a_per_cent_are_the_same() {
        assert!(!change(&[10.0, 10.05, 0.0], 10.0) && !change(&[], 10.0));
        assert!(change(&[10.0, 9.0], 10.0) && change(&[9.0, 9.0], 10.0));
        let values = [Some(8.0), None, Some(3.0)];
        assert_eq!(per_mass(&values, &[2.0, 2.0, 0.0]), [Some(4.0), None, None]);
    }
}
