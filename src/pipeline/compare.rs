//! Both engines on one job: the same histories one by one, the same histories summed, and independent histories.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Serialize;

use super::{Observer, prepare_for};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::transport::agreement::{self, Energies, SameHistories, ZMap};
use crate::transport::compare::{Difference, compare_ledgers, first_difference, side_by_side};
use crate::transport::devices::DeviceFacts;
use crate::transport::engine::{Engine, EngineChoice};
use crate::transport::plan::Plan;
use crate::transport::run::{Outcome, RunSettings, Silent};
use crate::transport::trace::{EVENTS, Told, kind_name};
use crate::units::KEV_PER_MEV;

/// Below this probability that chance explains what is seen, the engines disagree.
pub const LEAST_P: f64 = 1e-4;
/// Histories whose books are on a device at once.
const CHUNK: u64 = 1 << 17;
/// Numbers of differing histories that are told.
const SHOWN: usize = 20;
/// Events shown before the first that differ.
const BEFORE: usize = 4;

/// What an engine tells of an event; energies in keV, direction cosines along the grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventRow {
    /// Its name.
    pub event: &'static str,
    /// Particle.
    pub particle: &'static str,
    /// Voxel, linear.
    pub voxel: u32,
    /// Energy after it, keV.
    pub energy_kev: f64,
    /// Energy given away, keV.
    pub given_kev: f64,
    /// Position relative to the voxel's centre, cm.
    pub local_cm: [f32; 3],
    /// Direction.
    pub direction: [f32; 3],
}

impl From<&Told> for EventRow {
    fn from(told: &Told) -> Self {
        let kev = |mev: f32| f64::from(mev) * KEV_PER_MEV;
        EventRow {
            event: EVENTS.get(told.event).map_or("unknown", |e| e.name),
            particle: kind_name(told.kind),
            voxel: told.cell,
            energy_kev: kev(told.energy),
            given_kev: kev(told.value),
            local_cm: told.local,
            direction: told.direction,
        }
    }
}

/// Where a history parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parting {
    /// The history.
    pub history: u64,
    /// Number of its particle, from 0.
    pub particle: usize,
    /// Number of the particle's event, from 0.
    pub step: usize,
    /// Events of the particle up to it: CPU and GPU.
    pub events: Vec<[Option<EventRow>; 2]>,
}

/// The same histories one by one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Books {
    /// Compared.
    pub histories: u64,
    /// Batches of the run that they belong to.
    pub batches: u64,
    /// With equal books.
    pub equal: u64,
    /// Fraction of equal books.
    pub equal_fraction: f64,
    /// The first that differ.
    pub differing: Vec<u64>,
    /// Where the first of them parts; null if none differs, or if its events agree and only its books do not.
    pub first: Option<Parting>,
}

/// Independent histories on the two engines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Independent {
    /// Seeds.
    pub seeds: [u64; 2],
    /// Voxels known to 15 % in both; null if there is none.
    pub voxels: Option<ZMap>,
    /// Blocks of voxels known to 15 % in both.
    pub blocks: Option<ZMap>,
}

/// Both engines on one job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The GPUs.
    pub devices: Vec<DeviceFacts>,
    /// Histories of a run.
    pub histories: u64,
    /// Books of single histories.
    pub books: Books,
    /// Tallies of the same histories.
    pub same: SameHistories,
    /// Independent histories.
    pub independent: Independent,
    /// Energies of the same histories on the CPU and the GPU, and of independent ones on the GPU.
    pub energies: [Energies; 3],
    /// Histories per second of transport: CPU and GPU.
    pub per_second: [f64; 2],
    /// Why the engines disagree beyond statistics; empty if they agree.
    pub disagreements: Vec<String>,
}

/// Runs the histories of a job on the CPU and on its GPU. `None` if it was interrupted.
///
/// # Errors
/// If there is no such GPU, an input cannot be used, or a run fails.
pub fn compare(
    job: &Job,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Option<Comparison>> {
    let gpu = other_engine(job)?;
    observer.say(&format!("comparing the CPU with {}", gpu.name()));
    let prepared = prepare_for(job, &gpu, observer)?;
    let (plan, settings) = (&prepared.plan, &prepared.settings);
    observer.say("books of single histories");
    let histories = u64::from(settings.batches) * settings.histories_per_batch;
    let books = books(plan, &gpu, job.histories, stop)?;
    if stop.load(Relaxed) {
        return Ok(None);
    }
    let (labels, regions) = agreement::blocks(plan);
    let go = |engine: &Engine, plan: &Plan| -> Result<Option<Outcome>> {
        observer.say(&format!("{histories} histories on {}", engine.name()));
        let outcome = engine.run(plan, settings, &labels, regions, &Silent, stop)?;
        outcome.notices.iter().for_each(|notice| observer.warn(notice));
        Ok((!outcome.interrupted).then_some(outcome))
    };
    let seeds = [job.transport.seed, job.transport.seed.wrapping_add(1)];
    let Some(cpu) = go(&Engine::Cpu, plan)? else { return Ok(None) };
    let Some(same) = go(&gpu, plan)? else { return Ok(None) };
    let mut plan = plan.clone();
    plan.params.seed = [seeds[1] as u32, (seeds[1] >> 32) as u32];
    let Some(other) = go(&gpu, &plan)? else { return Ok(None) };
    let independent = Independent {
        seeds,
        voxels: agreement::voxels(&cpu.tally, &other.tally),
        blocks: agreement::regions(&cpu.tally, &other.tally, regions),
    };
    let per_second = [&cpu, &same].map(|o| o.tally.histories() as f64 / o.seconds.max(1e-9));
    let energies = [&cpu, &same, &other].map(|o| Energies::from(&o.tally));
    Ok(Some(Comparison {
        devices: gpu.devices().to_vec(),
        histories,
        books,
        same: agreement::same_histories(&cpu.tally, &same.tally),
        disagreements: disagreements(&independent, &energies, settings),
        independent,
        energies,
        per_second,
    }))
}

/// The GPU of the job; `auto` takes any adapter, a software device too.
fn other_engine(job: &Job) -> Result<Engine> {
    let refuse = |what: &str, why: &str, suggestion: &str| Err(Error::usage(what, why, suggestion));
    if job.goal.is_some() || job.shard.is_some() {
        return refuse(
            "a goal or a shard is given",
            "both engines run all of a fixed number of histories",
            "Give --histories only.",
        );
    }
    match &job.engine {
        EngineChoice::Cpu => refuse(
            "--engine is cpu",
            "the CPU would be compared with itself",
            "Choose gpu or gpu:N.",
        ),
        EngineChoice::Auto => Engine::choose(&EngineChoice::Gpu(Vec::new())).map(|e| e.0),
        chosen => Engine::choose(chosen).map(|e| e.0),
    }
}

/// Books of histories, in as few batches as a device has memory for.
fn books(plan: &Plan, gpu: &Engine, histories: u64, stop: &AtomicBool) -> Result<Books> {
    let batches = histories.div_ceil(CHUNK);
    let per_batch = histories.div_ceil(batches.max(1));
    let mut differing = Vec::new();
    let mut done = 0;
    while done < histories && !stop.load(Relaxed) {
        let now = per_batch.min(histories - done);
        let theirs = gpu.books(plan, (done / per_batch) as u32, per_batch, now as u32)?;
        differing.extend(compare_ledgers(plan, done, per_batch, &theirs).differing);
        done += now;
    }
    let first = match differing.first() {
        Some(&history) => parting(plan, gpu, history, per_batch)?,
        None => None,
    };
    let equal = done - differing.len() as u64;
    differing.truncate(SHOWN);
    let equal_fraction = equal as f64 / (done as f64).max(1.0);
    Ok(Books { histories: done, batches, equal, equal_fraction, differing, first })
}

fn parting(plan: &Plan, gpu: &Engine, history: u64, per_batch: u64) -> Result<Option<Parting>> {
    let [cpu, other] = [&Engine::Cpu, gpu].map(|e| e.account(plan, history, per_batch));
    Ok(parting_of(history, &cpu?, &other?))
}

fn parting_of(history: u64, cpu: &[Told], other: &[Told]) -> Option<Parting> {
    first_difference(cpu, other).map(|difference| {
        let rows = side_by_side(cpu, other, &difference, BEFORE);
        let row = |told: Option<Told>| told.as_ref().map(EventRow::from);
        let events = rows.into_iter().map(|pair| pair.map(row)).collect();
        let Difference { particle, step, .. } = difference;
        Parting { history, particle, step, events }
    })
}

fn disagreements(
    independent: &Independent,
    energies: &[Energies],
    settings: &RunSettings,
) -> Vec<String> {
    let mut found = Vec::new();
    for (what, map) in [("voxels", &independent.voxels), ("blocks", &independent.blocks)] {
        if let Some(map) = map.filter(|m| settings.batches > 1 && !m.agrees(LEAST_P)) {
            found.push(format!(
                "chance explains the differences of {} {what} with p = {:.1e} only",
                map.cells,
                map.p.min(map.mean_p)
            ));
        }
    }
    for energies in energies {
        if energies.imbalance.abs() > super::MAX_IMBALANCE {
            found.push(format!("energy out differs from energy in by {:.1e}", energies.imbalance));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(event: usize, energy: f32) -> Told {
        Told {
            birth: [1; 4],
            event,
            kind: 1,
            origin: 0,
            cell: 7,
            energy,
            local: [0.0; 3],
            value: 0.25,
            direction: [0.0, 0.0, 1.0],
        }
    }

    #[test]
    fn a_history_parts_where_its_events_do() {
        let cpu: Vec<Told> = (0..8).map(|n| told(n, 1.0 - 0.1 * n as f32)).collect();
        assert_eq!(parting_of(3, &cpu, &cpu), None);
        let mut gpu = cpu.clone();
        gpu[6].energy = 0.5;
        gpu.truncate(7);
        let parting = parting_of(3, &cpu, &gpu).unwrap();
        assert_eq!((parting.history, parting.step, parting.events.len()), (3, 6, BEFORE + 1));
        let [cpu, gpu] = parting.events[BEFORE].clone().map(Option::unwrap);
        assert_eq!((cpu.event, cpu.particle, cpu.given_kev), ("bremsstrahlung", "electron", 250.0));
        assert_eq!(gpu.energy_kev, 500.0);
        assert_ne!(cpu, gpu);
    }

    #[test]
    fn engines_disagree_if_a_map_or_a_balance_does() {
        let map = ZMap { cells: 9, mean: 0.1, mean_p: 0.8, variance: 1.0, chi2: 9.0, p: 0.5 };
        let good = Energies {
            emitted_mev: 1.0,
            escaped_mev: 0.0,
            imparted_mev: [1.0, 0.0, 0.0],
            imbalance: 1e-9,
        };
        let settings = RunSettings::with_histories(100, 10);
        let of = |blocks: Option<ZMap>, energies: Energies| {
            let independent = Independent { seeds: [1, 2], voxels: None, blocks };
            disagreements(&independent, &[energies], &settings)
        };
        assert!(of(Some(map), good).is_empty() && of(None, good).is_empty());
        let apart = ZMap { mean_p: 0.1 * LEAST_P, ..map };
        assert!(of(Some(apart), good)[0].contains("9 blocks"));
        assert!(of(None, Energies { imbalance: 1e-3, ..good })[0].contains("energy out"));
    }
}
