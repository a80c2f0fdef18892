//! `summary.json`: what a run was made from, what it did and what came out.

use serde::{Deserialize, Serialize};

use super::setup::{SetupFacts, by_key};
use crate::dose::HighDose;
use crate::program::Program;
use crate::transport::devices::DeviceFacts;
use crate::transport::engine::Engine;
use crate::transport::escapes::{EXIT_NAMES, EscapeMean, KINDS};
use crate::transport::ledger::Ledger;
use crate::transport::signature::EngineMark;
use crate::transport::tally::Tally;
use crate::uncertainty::UncertaintyResult;

/// The mean dose of a VOI: energy imparted to it over its mass, at each time where it changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VoiResult {
    /// Label.
    pub label: u32,
    /// Name.
    pub name: String,
    /// Dose voxels in it.
    pub voxels: usize,
    /// cm3.
    pub volume_cm3: f64,
    /// g.
    pub mass_g: f64,
    /// Its activity, Bq (or Bq s).
    pub activity: f64,
    /// Gy/s or Gy; null where it has no voxel.
    pub mean_dose: Option<f64>,
    /// Of the transport alone, from the spread of batches; null where the batches do not tell it: below two of them, or too few that carry
    /// energy.
    pub standard_error: Option<f64>,
    /// How many of its voxels have energy (with time points: at the time with the fewest); null if not known.
    pub hit_voxels: Option<usize>,
    /// In how many batches it got energy.
    pub hit_batches: usize,
    /// Where nothing was hit: what its dose is below, with 95 % confidence; null otherwise, or where it is not known.
    pub upper_limit_95: Option<f64>,
    /// The whole, with its components.
    pub uncertainty: UncertaintyResult,
    /// How its activity was integrated over time; null where it was not.
    pub curve: Option<CurveResult>,
}

/// How a VOI was integrated over time, and what that leaves open.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CurveResult {
    /// The model; or `refused: `, the reason, `; assumed: ` and what stands in its place.
    pub name: String,
    /// Whether the dose rests on an assumption.
    pub refused: bool,
    /// 95 % interval of the dose by the integral's alone, Gy; null where the points tell none.
    pub interval_95: Option<[f64; 2]>,
}

/// Energy in = imparted + escaped + cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LedgerResult {
    /// MeV per history.
    pub emitted_mev: f64,
    /// MeV per history.
    pub imparted_mev: f64,
    /// MeV per history.
    pub escaped_mev: f64,
    /// Stopped by a loop limit, MeV per history.
    pub cut_mev: f64,
    /// (imparted + escaped + cut - emitted) / emitted.
    pub imbalance: f64,
    /// Particles from the source.
    pub primaries: u64,
    /// Steps of electrons and positrons.
    pub lepton_segments: u64,
    /// Tentative photon collisions.
    pub photon_collisions: u64,
    /// Particles stopped by a step or collision limit.
    pub segment_caps: u64,
    /// Secondaries that found no room.
    pub stack_overflows: u64,
    /// Rejection loops that reached their limit.
    pub rejection_caps: u64,
    /// Collisions whose cross section exceeded its bound.
    pub majorant_excesses: u64,
    /// What left the grid, by face and particle; what nothing left through is not there. Methods without transport do not tell it.
    pub escapes: Vec<EscapeResult>,
}

/// Particles of one kind that left through one face of the grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EscapeResult {
    /// `low x` to `high z`: the grid's axis through the face, and the end of it; `missed` is what a beam sends past the grid.
    pub face: String,
    /// `photon`, `electron`, `positron` or `alpha`.
    pub particle: String,
    /// Particles per history.
    pub number: f64,
    /// Its standard error; null below two batches.
    pub number_standard_error: Option<f64>,
    /// Kinetic energy, MeV per history (a positron's two electron rest energies are left out; `escaped_mev` has them).
    pub energy_mev: f64,
    /// Its standard error; null below two batches.
    pub energy_standard_error_mev: Option<f64>,
}

/// What left by face and particle.
fn escape_results(tally: &Tally) -> Vec<EscapeResult> {
    let known = |error: f64| error.is_finite().then_some(error);
    let result = |e: EscapeMean| EscapeResult {
        face: EXIT_NAMES[e.face].into(),
        particle: KINDS[e.kind as usize].1.into(),
        number: e.particles,
        number_standard_error: known(e.particles_error),
        energy_mev: e.mev,
        energy_standard_error_mev: known(e.mev_error),
    };
    tally.escape_means().into_iter().map(result).collect()
}

impl From<&Tally> for LedgerResult {
    fn from(tally: &Tally) -> Self {
        let l = &tally.ledger;
        let per_history = |units: u64| Ledger::mev(units) / l.histories.max(1) as f64;
        LedgerResult {
            emitted_mev: per_history(l.emitted_units),
            imparted_mev: per_history(l.imparted_units),
            escaped_mev: per_history(l.escaped_units),
            cut_mev: per_history(l.cut_units),
            imbalance: l.imbalance(),
            primaries: l.primaries,
            lepton_segments: l.lepton_segments,
            photon_collisions: l.photon_collisions,
            segment_caps: l.segment_caps,
            stack_overflows: l.stack_overflows,
            rejection_caps: l.rejection_caps,
            majorant_excesses: l.majorant_excesses,
            escapes: escape_results(tally),
        }
    }
}

/// Doses of the whole grid; voxels of low density are left out of the maximum and the percentile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoseResult {
    /// `dose_rate` or `dose`.
    pub quantity: String,
    /// `Gy/s` or `Gy`.
    pub unit: &'static str,
    /// Energy imparted to the grid per decay, MeV: all, and by the emission that it stems from.
    pub imparted_mev_per_decay: f64,
    /// From electrons and positrons of the source.
    pub electron_mev_per_decay: f64,
    /// From photons of the source.
    pub photon_mev_per_decay: f64,
    /// From alpha particles of the source.
    pub alpha_mev_per_decay: f64,
    /// Energy over mass of all voxels.
    pub mean_dose: f64,
    /// Largest voxel; biased upwards by noise.
    pub max_dose: f64,
    /// Of that voxel; null below two batches, and where fewer than three carry its energy.
    pub max_dose_standard_error: Option<f64>,
    /// Voxels that no history has reached: dose 0, standard error NaN in the map.
    pub unhit_voxels: usize,
    /// Voxels whose energy fewer than three batches carry: their standard error is NaN in the map, the dose is unbiased.
    pub few_hit_voxels: usize,
    /// What noise adds to `max_dose` at most, in the mean; null where its standard error is.
    pub max_dose_bias_at_most: Option<f64>,
    /// High dose: of voxels that the activity chooses.
    pub high_dose: Option<HighDose>,
    /// Voxels below this density (g/cm3) are left out of `max_dose` and `high_dose`.
    pub low_density_limit_g_cm3: f64,
    /// How many.
    pub low_density_voxels: usize,
    /// Largest dose among them.
    pub low_density_max_dose: f64,
}

/// How the run went.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunResult {
    /// Decays simulated.
    pub histories: u64,
    /// Independent batches.
    pub batches: usize,
    /// Half-width of a 95 % interval in standard errors: Student's t of the batches.
    pub interval_95_factor: Option<f64>,
    /// Histories of each.
    pub histories_per_batch: u64,
    /// Interrupted, or batches are missing: fewer histories than asked for.
    pub partial: bool,
}

/// What ran the histories.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EngineResult {
    /// `cpu` or `gpu`; `cpu, gpu` where shards of both were joined.
    pub name: String,
    /// The GPUs.
    pub devices: Vec<DeviceResult>,
}

/// A GPU: all of its facts, or the name, backend and driver that its shard keeps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum DeviceResult {
    /// Of this machine.
    Here(DeviceFacts),
    /// Of a shard.
    OfShard {
        /// Name, backend, driver.
        name: String,
    },
}

impl From<&Engine> for EngineResult {
    fn from(engine: &Engine) -> Self {
        let devices = engine.devices().iter().cloned().map(DeviceResult::Here).collect();
        EngineResult { name: engine.kind().into(), devices }
    }
}

impl From<&EngineMark> for EngineResult {
    fn from(mark: &EngineMark) -> Self {
        let device = |name: &String| DeviceResult::OfShard { name: name.clone() };
        EngineResult { name: mark.kind.clone(), devices: mark.devices.iter().map(device).collect() }
    }
}

/// What differs between two runs that give the same result.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timing {
    /// Transport, s.
    pub transport_seconds: f64,
    /// Per second of transport.
    pub histories_per_second: f64,
    /// What ran the histories, be it for shards that were merged.
    pub engine: Option<EngineResult>,
    /// Threads; 0 for all cores.
    pub threads: usize,
    /// Largest resident memory, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Shards merged into this result; 0 for a run in one piece.
    pub merged_shards: usize,
}

/// The whole summary. `setup` is what was known before the first history.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// `voxgray`.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its build: git revision where known, hashes of source and tables.
    pub build: Program,
    /// Of this file's layout.
    pub format: u32,
    /// Fewer histories than asked for.
    pub partial: bool,
    /// What the user was warned of.
    pub warnings: Vec<String>,
    /// Inputs, settings, grid, activity, tissue, hashes.
    #[serde(serialize_with = "by_key")]
    #[cfg_attr(test, schemars(with = "SetupFacts"))]
    pub setup: SetupFacts,
    /// How the run went.
    pub run: RunResult,
    /// Dose of the map; none where several times were transported and dose is the integral of their rates (`setup.dose_rate_route`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<DoseResult>,
    /// Volumes of interest.
    pub vois: Vec<VoiResult>,
    /// Energy balance.
    pub ledger: LedgerResult,
    /// What was written.
    pub files: Vec<String>,
    /// What differs between two runs that give the same result.
    pub timing: Timing,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema in `docs/` is that of these types. `VOXGRAY_WRITE_SCHEMA=1 cargo test --lib summary` writes it.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = generator.into_generator().into_root_schema_for::<Summary>();
        let text = format!("{:#}\n", schema.to_value());
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/summary.schema.json");
        if std::env::var_os("VOXGRAY_WRITE_SCHEMA").is_some() {
            std::fs::write(&path, &text).expect("docs can be written to");
        }
        let kept = std::fs::read_to_string(&path).expect("docs/summary.schema.json");
        assert!(
            kept == text,
            "docs/summary.schema.json is not of these types: VOXGRAY_WRITE_SCHEMA=1 writes it"
        );
    }
}
