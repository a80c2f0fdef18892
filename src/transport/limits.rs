//! How many histories a run may have before an integer sum could wrap. Neglects that the energy of many histories never lies in one voxel:
//! the bound holds for that too.
//!
//! Sums of a voxel, a region and the books are `u64` in units of 2^-26 MeV ([`super::layout::TALLY_UNITS_PER_MEV`]), squares `u128`: if all
//! energy that a run can emit is below 2^64 units, no sum wraps, and no square, since the sum of squares is at most the square of the sum.

use super::cpu::particle::POSITRON;
use super::layout::{FLAG_KERMA, TALLY_UNITS_PER_MEV};
use super::plan::{Plan, SOURCE_SPECTRUM_INTERVALS};
use super::run::RunSettings;
use crate::constants::ELECTRON_MASS_MEV;
use crate::error::{Error, Result};

/// The kerma estimator books expected values, which exceed what was emitted by statistics: that many histories leave nothing of a factor of 2.
const KERMA_MARGIN: f64 = 2.0;
/// Rounding of a deposit to units adds at most half a unit; a history makes fewer deposits than this.
const MOST_DEPOSITS: f64 = 1e6;

/// The most energy (MeV) that one history can book in one place.
pub fn largest_mev_per_history(plan: &Plan) -> f64 {
    let mut sum = f64::from(plan.params.local_electron)
        + f64::from(plan.params.local_photon)
        + f64::from(plan.params.local_alpha);
    for group in &plan.source_groups {
        let entries = &plan.source_entries[group.first as usize..][..group.count as usize];
        let highest = entries.iter().map(|e| match e.spectrum {
            u32::MAX => e.energy,
            at => plan.tables[at as usize + SOURCE_SPECTRUM_INTERVALS],
        });
        let rest = if group.kind == POSITRON { 2.0 * ELECTRON_MASS_MEV } else { 0.0 };
        let number = f64::from(group.whole) + if group.fraction > 0.0 { 1.0 } else { 0.0 };
        sum += number * (f64::from(highest.fold(0.0, f32::max)) + rest);
    }
    let weight = plan.source_weights.iter().copied().fold(1.0_f32, f32::max);
    let margin = if plan.params.flags & FLAG_KERMA != 0 { KERMA_MARGIN } else { 1.0 };
    sum * f64::from(weight) * margin + MOST_DEPOSITS * 0.5 / f64::from(TALLY_UNITS_PER_MEV)
}

/// The most histories for which no sum can wrap.
pub fn most_histories(plan: &Plan) -> u64 {
    // Conversion from above saturates.
    (u64::MAX as f64 / f64::from(TALLY_UNITS_PER_MEV) / largest_mev_per_history(plan)) as u64
}

/// Refuses a run whose sums could wrap.
///
/// # Errors
/// With the number of histories that the source allows.
pub fn check(plan: &Plan, settings: &RunSettings) -> Result<()> {
    let histories = u128::from(settings.histories_per_batch) * u128::from(settings.batches);
    let most = most_histories(plan);
    if histories <= u128::from(most) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{:.3e} histories", histories as f64),
        format!(
            "with up to {:.3} MeV each the integer sums could overflow above {:.3e}",
            largest_mev_per_history(plan),
            most as f64
        ),
        "Run fewer histories; runs with other seeds (--seed) are independent, and their mean maps can be averaged.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;
    use crate::physics::tissues::named_material;
    use crate::source::{DecaySpectrum, parse_source};
    use crate::transport::build::{PlanInput, build_plan};
    use crate::transport::settings::Settings;

    fn plan(decay: &DecaySpectrum) -> Plan {
        build_plan(&PlanInput {
            grid: &Grid::aligned([1; 3], [0.0; 3], [10.0; 3]),
            density: &[1.0],
            material: &[0],
            materials: &[named_material("water").unwrap().material.clone()],
            activity: &[1.0],
            decay,
            settings: &Settings::default(),
            radial: None,
        })
        .unwrap()
    }

    #[test]
    fn what_one_history_can_book() {
        let rounding = 0.5e6 / 67_108_864.0;
        for (source, mev) in [
            ("electron:2MeV", 2.0),
            ("photon:0.5MeV", 0.5),
            ("positron:1MeV", 1.0 + 2.0 * ELECTRON_MASS_MEV),
        ] {
            let found = largest_mev_per_history(&plan(&parse_source(source).unwrap()));
            assert!((found - mev - rounding).abs() < 1e-6, "{source}: {found}");
        }
        let chain = crate::physics::chain::chain("Ac-225", None, 1.0).unwrap();
        let found = largest_mev_per_history(&plan(&DecaySpectrum::from_chain(&chain).unwrap()));
        // Four alphas of 5.6 to 8.4 MeV, betas and photons (28.7 MeV on average).
        assert!((28.7..80.0).contains(&found), "{found}");
    }

    /// A run of 1.2e10 decays of Ac-225 wrapped in one voxel.
    #[test]
    fn what_could_wrap_is_refused() {
        let chain = crate::physics::chain::chain("Ac-225", None, 1.0).unwrap();
        let plan = plan(&DecaySpectrum::from_chain(&chain).unwrap());
        let of = |histories| check(&plan, &RunSettings::with_histories(histories, 50));
        assert!(of(1_000_000_000).is_ok());
        let error = of(12_000_000_000).unwrap_err().to_string();
        assert!(error.contains("1.200e10 histories") && error.contains("overflow"), "{error}");
        assert!(check(&plan, &RunSettings::with_histories(u64::MAX, u32::MAX)).is_err());
        // The largest number allowed does not wrap, if all of it lies in one voxel.
        let units = most_histories(&plan) as f64
            * largest_mev_per_history(&plan)
            * f64::from(TALLY_UNITS_PER_MEV);
        assert!(units <= u64::MAX as f64);
    }
}
