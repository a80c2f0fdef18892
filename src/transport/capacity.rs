//! Whether the integers of a tally hold what a run may put into them, asked before it starts. Neglects where energy goes: all of it might
//! go to one voxel.
//!
//! Energy is summed in units of 2^-26 MeV, in words of 64 bits on both engines: 2^38 MeV. A decay emits at most a known energy M, on
//! average m. By Hoeffding's inequality (J. Am. Stat. Assoc. 58, 13, 1963, doi:10.1080/01621459.1963.10500830) the chance that N decays emit
//! more than `N m + 10 M sqrt(N)` is below exp(-200), which is called impossible here. This bounds the sum of any voxel, region, origin and
//! of the books; the sum over batches of a voxel's squared energy is at most the square of its sum, which 128 bits hold.

use super::cpu::lookup::sample_uniform_table;
use super::layout::{FLAG_KERMA, POSITRON};
use super::plan::{Plan, SOURCE_SPECTRUM_INTERVALS, SourceEntry, SourceGroup};
use super::run::RunSettings;
use super::score::Channels;
use crate::constants::ELECTRON_MASS_MEV;
use crate::error::{Error, Result};

/// Largest single deposit, MeV: a word that a device adds holds 64 MeV.
const LARGEST_DEPOSIT_MEV: f64 = 63.0;
/// What a word of 64 bits holds, MeV, less what the rounding of deposits to units may add (half a unit each, some thousand per decay).
const HOLDS_MEV: f64 = 0.999 * (1_u64 << 38) as f64;
/// Standard deviations, at most, from the mean: see the module.
const DEVIATIONS: f64 = 10.0;
/// Factor of the kerma estimator, whose scores are expected values: right on average, but a history's sum has no bound.
const KERMA_FACTOR: f64 = 2.0;

/// Energy of a decay, MeV, positrons with two rest energies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Emitted {
    /// On average.
    pub mean_mev: f64,
    /// At most.
    pub most_mev: f64,
    /// Of one particle or one local deposit, at most.
    pub particle_mev: f64,
}

/// Mean and largest energy of an entry, MeV.
fn entry_energy(plan: &Plan, entry: &SourceEntry) -> [f64; 2] {
    if entry.spectrum == u32::MAX {
        return [f64::from(entry.energy); 2];
    }
    let n = SOURCE_SPECTRUM_INTERVALS;
    let at = |u: f64| {
        f64::from(sample_uniform_table(&plan.tables, entry.spectrum as usize, n, u as f32))
    };
    // Linear between nodes: the middles have the mean.
    let mean = (0..n).map(|j| at((j as f64 + 0.5) / n as f64)).sum::<f64>() / n as f64;
    [mean, at(1.0)]
}

/// Mean and largest energy of a particle of a group, MeV.
fn group_energy(plan: &Plan, group: &SourceGroup) -> [f64; 2] {
    let entries = &plan.source_entries[group.first as usize..][..group.count as usize];
    let energies: Vec<[f64; 2]> = entries.iter().map(|e| entry_energy(plan, e)).collect();
    let picked = entries.iter().zip(&energies).map(|(entry, own)| {
        let keep = f64::from(entry.probability);
        keep * own[0] + (1.0 - keep) * energies[entry.alias as usize][0]
    });
    let rest = if group.kind == POSITRON { 2.0 * ELECTRON_MASS_MEV } else { 0.0 };
    let mean = picked.sum::<f64>() / entries.len().max(1) as f64;
    [mean + rest, energies.iter().map(|e| e[1]).fold(0.0, f64::max) + rest]
}

/// What a decay of a plan emits.
pub fn emitted(plan: &Plan) -> Emitted {
    let p = &plan.params;
    let local = [p.local_electron, p.local_photon, p.local_alpha].map(f64::from);
    let on_the_spot: f64 = local.iter().sum();
    let mut sum = Emitted {
        mean_mev: on_the_spot,
        most_mev: on_the_spot,
        particle_mev: local.into_iter().fold(0.0, f64::max),
    };
    for group in &plan.source_groups {
        let [mean, most] = group_energy(plan, group);
        let (whole, fraction) = (f64::from(group.whole), f64::from(group.fraction));
        sum.mean_mev += (whole + fraction) * mean;
        sum.most_mev += (whole + f64::from(u8::from(fraction > 0.0))) * most;
        sum.particle_mev = sum.particle_mev.max(most);
    }
    sum
}

/// Largest weight of a history.
fn largest_weight(plan: &Plan) -> f64 {
    match plan.score().channels {
        Channels::Origins(_) => 1.0,
        Channels::Times(_) => plan.source_weights.iter().copied().fold(0.0, f32::max).into(),
    }
}

/// Most histories of a plan whose sums surely fit.
pub fn most_histories(plan: &Plan) -> u64 {
    let Emitted { mean_mev, most_mev, .. } = emitted(plan);
    let factor = if plan.params.flags & FLAG_KERMA != 0 { KERMA_FACTOR } else { 1.0 };
    // The weights of a time point are one on average.
    let (mean, spread) = (factor * mean_mev, DEVIATIONS * factor * most_mev * largest_weight(plan));
    if mean <= 0.0 {
        return u64::MAX;
    }
    // N m + s sqrt(N) = what is held, for sqrt(N), without cancellation.
    let root = 2.0 * HOLDS_MEV / (spread + (spread * spread + 4.0 * mean * HOLDS_MEV).sqrt());
    (root * root) as u64
}

/// Refuses a run whose sums might overflow.
///
/// # Errors
/// With the largest number of histories.
pub(super) fn check(plan: &Plan, settings: &RunSettings) -> Result<()> {
    check_deposit(plan)?;
    let histories = u128::from(settings.histories_per_batch) * u128::from(settings.batches);
    let most = most_histories(plan);
    if histories <= u128::from(most) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{:.3e} histories of {:.3} MeV each", histories as f64, emitted(plan).mean_mev),
        format!(
            "the energy of more than {:.3e} could overflow the 64 bits of a voxel's sum",
            most as f64
        ),
        "Run fewer (--histories): the standard error is far below any other uncertainty; or average runs of different --seed.",
    ))
}

/// Refuses a plan one of whose deposits does not fit a device's word.
pub(super) fn check_deposit(plan: &Plan) -> Result<()> {
    let (largest, weight) = (emitted(plan).particle_mev, largest_weight(plan));
    if largest * weight <= LARGEST_DEPOSIT_MEV {
        return Ok(());
    }
    Err(Error::input(
        format!("{largest:.2} MeV with a weight of {weight:.2} in one deposit"),
        format!("at most {LARGEST_DEPOSIT_MEV} MeV can be tallied"),
        "Use fewer time points, or --route activity.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;
    use crate::physics::chain::chain;
    use crate::physics::tissues::named_material;
    use crate::source::{DecaySpectrum, Particle};
    use crate::transport::build::{PlanInput, build_plan};
    use crate::transport::run::{Silent, run};
    use crate::transport::settings::{PhotonEstimator, Settings};
    use std::sync::atomic::AtomicBool;

    fn plan(decay: &DecaySpectrum, photons: PhotonEstimator) -> Plan {
        build_plan(&PlanInput {
            grid: &Grid::aligned([1; 3], [0.0; 3], [4.0; 3]),
            density: &[1.0],
            material: &[0],
            materials: &[named_material("water").unwrap().material.clone()],
            activity: &[1.0],
            decay,
            settings: &Settings { photons, ..Settings::default() },
            radial: None,
        })
        .unwrap()
    }

    /// 2^64 units are 2.75e11 MeV: 9.6e9 decays of the Ac-225 chain with 28.7 MeV. A run of 1.2e10, which once gave a fifth of the
    /// dose without a word, is refused, alone and as a shard; one of 9e9 is not.
    #[test]
    fn a_run_that_might_overflow_is_refused_before_it_starts() {
        let decay = DecaySpectrum::from_chain(&chain("Ac-225", None, 1.0).unwrap()).unwrap();
        let plan_analog = plan(&decay, PhotonEstimator::Analog);
        let energy: f64 =
            Particle::ALL.iter().map(|&p| decay.group(p).energy_per_decay_mev()).sum();
        let e = emitted(&plan_analog);
        assert!((e.mean_mev / energy - 1.0).abs() < 1e-5, "{} not {energy}", e.mean_mev);
        assert!(e.most_mev > e.mean_mev && e.particle_mev > 8.0 && e.particle_mev < 9.0);
        let most = most_histories(&plan_analog);
        assert!((most as f64 * energy / HOLDS_MEV - 1.0).abs() < 1e-3, "{most}");
        for shards in [1, 2, 40] {
            let settings = RunSettings {
                histories_per_batch: 300_000_000,
                batches: 40,
                threads: 1,
                shard: 0,
                shards,
            };
            let error = run(&plan_analog, &settings, &[], 0, &Silent, &AtomicBool::new(false));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("1.200e10 histories") && error.contains("overflow"), "{error}");
            assert!(check(&plan_analog, &RunSettings { batches: 30, ..settings }).is_ok());
        }
        for (source, mev) in [
            ("electron:2MeV", 2.0),
            ("photon:0.5MeV", 0.5),
            ("positron:1MeV", 1.0 + 2.0 * ELECTRON_MASS_MEV),
        ] {
            let decay = crate::source::parse_source(source).unwrap();
            let e = emitted(&plan(&decay, PhotonEstimator::Analog));
            assert!((e.most_mev - mev).abs() < 1e-6, "{source}: {e:?}");
            assert!((e.mean_mev - mev).abs() < 1e-6, "{source}: {e:?}");
        }
        let kerma = most_histories(&plan(&decay, PhotonEstimator::Kerma));
        assert!(kerma > most / 3 && kerma < most);
    }
}
