//! Whole runs on the GPU: the same tally as the CPU's, to the bit, however the work is cut; statistically the same for other seeds; nothing lost
//! where a ring overflows or the device is lost.
#![cfg(feature = "gpu")]

#[path = "support/gpu.rs"]
mod gpu;
#[path = "support/plans.rs"]
mod plans;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};

use voxgray::source::{DecaySpectrum, Emission, EmissionGroup};
use voxgray::transport::gpu::run::GpuEngine;
use voxgray::transport::gpu::tuning::Tuning;
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{Monitor, Outcome, RunSettings, Silent, run};
use voxgray::transport::settings::PhotonEstimator;
use voxgray::transport::tally::Tally;

/// Histories and batches of a run.
const HISTORIES: u64 = 12_000;
const BATCHES: u32 = 3;

/// Gammas and betas, all materials.
fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| plans::grid_plan("I-131"))
}

fn settings() -> RunSettings {
    RunSettings { threads: 1, ..RunSettings::with_histories(HISTORIES, BATCHES) }
}

/// A label of every voxel: three regions in no simple order.
fn labels(plan: &Plan) -> Vec<u16> {
    (0..plan.tally_cells()).map(|v| (v / 3 % 4) as u16).collect()
}

fn on_cpu(plan: &Plan, settings: &RunSettings) -> Tally {
    let stop = AtomicBool::new(false);
    run(plan, settings, &labels(plan), 3, &Silent, &stop).expect("a run").tally
}

fn engine(devices: usize, tuning: Option<Tuning>) -> Option<GpuEngine> {
    let (adapters, number) = gpu::adapters()?;
    let mut engine = GpuEngine::new(adapters, vec![number; devices]);
    engine.tuning = tuning;
    Some(engine)
}

fn on_gpu(engine: &GpuEngine, plan: &Plan, settings: &RunSettings) -> Outcome {
    let stop = AtomicBool::new(false);
    let outcome = engine.run(plan, settings, &labels(plan), 3, &Silent, &stop).expect("a run");
    assert!(!outcome.interrupted);
    outcome
}

/// What a device must give to the bit: the CPU's tally where it rounds as the CPU does, else its own with the usual cut.
fn expected(plan: &Plan, settings: &RunSettings) -> Tally {
    let hardware = gpu::device().is_some_and(|d| !gpu::exact(&d));
    match engine(1, None).filter(|_| hardware) {
        Some(engine) => on_gpu(&engine, plan, settings).tally,
        None => on_cpu(plan, settings),
    }
}

/// What the tests of how the work is cut are compared with.
fn reference() -> &'static Tally {
    static TALLY: OnceLock<Tally> = OnceLock::new();
    TALLY.get_or_init(|| expected(plan(), &settings()))
}

fn tuning() -> Option<Tuning> {
    let device = gpu::device()?;
    Some(Tuning::for_device(device.facts.kind))
}

/// Runs with a tuning and demands the CPU's bits.
fn same_bits(what: &str, tuning: Tuning) {
    let Some(engine) = engine(1, Some(tuning)) else { return };
    let outcome = on_gpu(&engine, plan(), &settings());
    assert!(outcome.tally == *reference(), "{what} changes the tally");
}

#[test]
fn the_tally_is_the_cpus_to_the_bit() {
    let Some(engine) = engine(1, None) else { return };
    let mut cases = vec![("I-131".to_string(), plan().clone())];
    cases.push(("I-131, kerma".to_string(), plans::kerma(plan().clone())));
    cases.push(("I-131 in shells, kerma".to_string(), plans::kerma(plans::shell_plan("I-131"))));
    for source in ["Ac-225", "positron:0.6MeV"] {
        cases.push((source.to_string(), plans::grid_plan(source)));
    }
    for (source, photons) in
        [("I-131", PhotonEstimator::Analog), ("Ac-225", PhotonEstimator::Kerma)]
    {
        let name = format!("{source} in parts of voxels, {photons:?}");
        cases.push((name, plans::fine_plan(source, photons)));
    }
    cases.push(("Y-90 in shells".to_string(), plans::shell_plan("Y-90")));
    for (name, plan) in cases {
        let settings = RunSettings { threads: 2, ..RunSettings::with_histories(4_000, 2) };
        let (cpu, gpu) = (expected(&plan, &settings), on_gpu(&engine, &plan, &settings));
        assert_eq!(cpu.ledger, gpu.tally.ledger, "{name}");
        assert!(cpu == gpu.tally, "{name}: the tallies differ");
        assert!(gpu.notices.is_empty(), "{:?}", gpu.notices);
    }
}

/// Weights of the histories at three time points; regions that are the same at all of them, and regions that move.
#[test]
fn time_points_give_the_cpus_tally_to_the_bit() {
    let Some(engine) = engine(1, None) else { return };
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(6_000, 2) };
    let plan = plans::timed_plan("I-131");
    let cells = plan.tally_cells();
    let stop = AtomicBool::new(false);
    let moving: Vec<u16> = (0..3 * cells).map(|v| (v / 7 % 4) as u16).collect();
    let kerma = plans::kerma(plan.clone());
    let fixed = labels(&plan);
    for (name, plan, labels) in
        [("fixed", &plan, &fixed), ("kerma", &kerma, &fixed), ("moving", &plan, &moving)]
    {
        let gpu = engine.run(plan, &settings, labels, 3, &Silent, &stop).expect("a run").tally;
        assert_eq!(gpu.by_time().map(<[_]>::len), Some(3));
        if !gpu::device().is_some_and(|d| gpu::exact(&d)) {
            continue;
        }
        let cpu = run(plan, &settings, labels, 3, &Silent, &stop).expect("a run").tally;
        assert!(cpu == gpu, "{name} regions: the tallies differ");
    }
}

#[test]
fn any_cut_of_the_work_gives_the_same_bits() {
    let Some(usual) = tuning() else { return };
    same_bits("a workgroup of 32", Tuning { workgroup: 32, ..usual });
    same_bits("a workgroup of 256", Tuning { workgroup: 256, ..usual });
    same_bits("few lanes", Tuning { lanes: 96, ..usual });
    same_bits("one step or flight in a pass", Tuning { steps: 1, flights: 1, ..usual });
    same_bits("many steps in a pass", Tuning { steps: 50, flights: 100, ..usual });
    same_bits("a short budget", Tuning { step_budget: 3, ..usual });
    same_bits("a long budget", Tuning { step_budget: 1000, ..usual });
    same_bits("few histories in a round", Tuning { source_most: 200, ..usual });
    same_bits("single histories", Tuning { source_run: 1, ..usual });
    same_bits("a small quota", Tuning { push_quota: 2, ..usual });
    same_bits("single rounds", Tuning { rounds: 1, calibrate: false, ..usual });
    same_bits("many rounds", Tuning { rounds: 64, calibrate: false, ..usual });
}

#[test]
fn a_split_tally_gives_the_same_bits() {
    let Some(usual) = tuning() else { return };
    // The last of the four parts is smaller than the others.
    let bytes = 16 * plan().tally_cells() as u64;
    let split = Tuning { largest_part: Some(bytes / 2), ..usual };
    same_bits("a tally in four parts", split);
}

#[test]
fn shards_and_several_devices_give_the_same_bits() {
    let Some(two) = engine(2, None) else { return };
    let outcome = on_gpu(&two, plan(), &settings());
    assert!(outcome.tally == *reference(), "two devices change the tally");
    let mut merged: Option<Tally> = None;
    for shard in 0..2 {
        let settings = RunSettings { shard, shards: 2, ..settings() };
        // One shard on the GPU, one on the CPU.
        let tally = match shard {
            0 => on_gpu(&two, plan(), &settings).tally,
            _ => expected(plan(), &settings),
        };
        match &mut merged {
            None => merged = Some(tally),
            Some(sum) => sum.merge(&tally).expect("disjoint batches"),
        }
    }
    assert!(merged.as_ref() == Some(reference()), "shards change the tally");
}

/// Twelve photons in every decay.
fn many_photons() -> DecaySpectrum {
    let line = Emission::Line { energy_mev: 0.1, yield_per_decay: 12.0 };
    let photons = EmissionGroup {
        yield_per_decay: 12.0,
        mean_energy_mev: 0.1,
        entries: vec![line],
        local_mev_per_decay: 0.0,
    };
    DecaySpectrum { label: "twelve photons".to_string(), photons, ..Default::default() }
}

#[test]
fn an_overflown_ring_is_run_again_and_gives_the_same_bits() {
    let Some(usual) = tuning() else { return };
    // A round believes that a history adds one photon, and starts all of a batch at once.
    let tight = Tuning {
        lanes: 64,
        push_quota: 24,
        source_most: 8192,
        ring_records: Some(8192),
        most_primaries: Some(1),
        ..usual
    };
    let Some(engine) = engine(1, Some(tight)) else { return };
    let plan = plans::plan_of(&many_photons());
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(6_000, 2) };
    let outcome = on_gpu(&engine, &plan, &settings);
    println!("{:#?}", outcome.notices);
    assert!(outcome.notices.iter().any(|n| n.contains("was run again")), "nothing overflowed");
    assert!(outcome.tally == expected(&plan, &settings), "the batches run again differ");
}

/// Destroys the engine's newest device: once after the first batch, whose energy is then on the device only, or after every look, when
/// all batches are on the host.
struct Destroyer {
    devices: Arc<Mutex<Vec<wgpu::Device>>>,
    at_looks: bool,
    done: AtomicBool,
}

impl Monitor for Destroyer {
    fn batch_done(&self, _tally: &Tally, maps: bool) -> bool {
        if maps == self.at_looks && (maps || !self.done.swap(true, Relaxed)) {
            self.devices.lock().expect("a list").last().expect("a device").destroy();
        }
        false
    }

    fn next_look(&self, done: usize) -> Option<usize> {
        self.at_looks.then_some(done + 1)
    }
}

/// A run whose device is destroyed.
fn destroyed(at_looks: bool, settings: &RunSettings) -> Option<Outcome> {
    let mut engine = engine(1, None)?;
    let devices = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&devices);
    engine.opened = Some(Box::new(move |device| {
        list.lock().expect("a list").push(device.clone());
    }));
    let monitor = Destroyer { devices, at_looks, done: AtomicBool::new(false) };
    let stop = AtomicBool::new(false);
    let outcome = engine.run(plan(), settings, &labels(plan()), 3, &monitor, &stop);
    let outcome = outcome.expect("a run that keeps what it has");
    println!("{} batches: {:#?}", outcome.tally.batches(), outcome.notices);
    Some(outcome)
}

#[test]
fn a_lost_device_is_opened_again() {
    let Some(outcome) = destroyed(false, &settings()) else { return };
    assert!(!outcome.interrupted);
    assert!(!outcome.notices.is_empty(), "nothing was lost");
    assert!(outcome.tally == *reference(), "the recovered run differs");
}

#[test]
fn a_device_lost_for_good_leaves_the_finished_batches() {
    let more = RunSettings { batches: 2 * BATCHES, ..settings() };
    let Some(outcome) = destroyed(true, &more) else { return };
    assert!(outcome.interrupted && !outcome.notices.is_empty());
    // One batch with the first device, one with each of the two that were opened again.
    assert_eq!(outcome.tally.batches(), 3);
    assert!(outcome.tally == *reference(), "the batches kept differ");
}

/// z of every voxel with activity, engines at different seeds: mean zero and variance one. The seeds are fixed; at others each of the
/// two bounds would fail once in a thousand runs.
#[test]
fn other_seeds_agree_within_their_standard_errors() {
    const TWO_SIDED_1E_3: f64 = 3.29;
    const SEED_BATCHES: u32 = 40;
    let Some(engine) = engine(1, None) else { return };
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(80_000, SEED_BATCHES) };
    let cpu = on_cpu(plan(), &settings);
    let mut other = plan().clone();
    other.params.seed = [4711, 1];
    let gpu = on_gpu(&engine, &other, &settings).tally;
    let z: Vec<f64> = plan()
        .source_voxels
        .iter()
        .map(|&v| {
            let v = v as usize;
            let error = cpu.standard_error_mev(v).hypot(gpu.standard_error_mev(v));
            (cpu.mean_mev(v) - gpu.mean_mev(v)) / error
        })
        .collect();
    let n = z.len() as f64;
    let mean = z.iter().sum::<f64>() / n;
    let variance = z.iter().map(|z| z * z).sum::<f64>() / n;
    // Errors from the spread of b batches: z follows Student's t with 2 (b - 1) degrees of freedom, whose variance is f/(f - 2) and whose
    // excess kurtosis 6/(f - 4).
    let f = 2.0 * f64::from(SEED_BATCHES - 1);
    let expected = f / (f - 2.0);
    let spread = expected * ((2.0 + 6.0 / (f - 4.0)) / n).sqrt();
    println!(
        "{n} voxels: mean z {mean:+.3}, variance {variance:.3} of {expected:.3} +- {spread:.3}"
    );
    assert!(mean.abs() < TWO_SIDED_1E_3 * (expected / n).sqrt(), "mean z {mean}");
    assert!((variance - expected).abs() < TWO_SIDED_1E_3 * spread, "variance of z {variance}");
}
