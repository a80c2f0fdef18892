//! Decays per second of nuclides in patients, on the CPU or a GPU, through the pipeline of `voxgray dose`.
//!
//! Speed is that of finished batches after the first: reading, tables, compiling kernels and filling the device are not in it; the column
//! `start` holds the time to the end of the first batch. The uncertainty is the root mean square of the relative standard errors of the
//! voxels with at least half the dose at the 98th percentile, after all histories of the run; efficiency is 1 / (its square x seconds of
//! those histories at that speed).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Parser;
use voxgray::cli::dose_arguments::ProblemArguments;
use voxgray::pipeline::memory::peak_resident;
use voxgray::pipeline::{self, Observer, Prepared};
use voxgray::transport::engine::Engine;
use voxgray::transport::run::{Monitor, RunSettings};
use voxgray::transport::settings::Settings;
use voxgray::transport::tally::Tally;
use voxgray::{Error, Result};

use crate::runner::machine;
use crate::thorax::make_thorax_maps;

const NUCLIDES: [&str; 4] = ["Lu-177", "Y-90", "I-131", "F-18"];
const ESTIMATORS: [&str; 2] = ["analog", "kerma"];
/// Batches of a timed run: enough for a standard error known to 16 %, 1/sqrt(2 (n - 1)).
const BATCHES: u32 = 21;
/// Histories of the first, shortest run.
const FIRST: f64 = 2e4;
/// Length of the run that is timed by kernel, as a part of the others.
const KERNEL_PART: f64 = 0.3;
/// Longest growth from a run to the next: a GPU's speed is not known from a short one.
const GROWTH: f64 = 30.0;

/// The options that describe a run, as a command line.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    problem: ProblemArguments,
}

/// Images of a patient.
struct Scene {
    name: &'static str,
    arguments: Vec<String>,
    about: &'static str,
}

/// When batches ended.
#[derive(Default)]
struct Clock(Mutex<Vec<Instant>>);

impl Monitor for Clock {
    fn batch_done(&self, _tally: &Tally, _maps: bool) -> bool {
        if let Ok(mut times) = self.0.lock() {
            times.push(Instant::now());
        }
        false
    }
}

struct Quiet;
impl Observer for Quiet {
    fn warn(&self, text: &str) {
        eprintln!("warning: {text}");
    }
}

/// Speed of a run.
struct Timed {
    per_second: f64,
    /// To the end of the first batch, s.
    start: f64,
    histories: f64,
    uncertainty: f64,
    notices: Vec<String>,
}

impl Timed {
    fn efficiency(&self) -> f64 {
        self.per_second / (self.histories * self.uncertainty.powi(2))
    }
}

/// Times every nuclide in every patient; returns the table.
///
/// # Errors
/// If there are no images, or a run fails.
pub fn bench(
    engine: &Engine,
    alone: bool,
    seconds: f64,
    only: &str,
    images: &Path,
) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("voxgray-throughput-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|e| Error::io("create", &folder, &e))?;
    let ended = bench_in(&folder, engine, alone, seconds, only, images);
    std::fs::remove_dir_all(&folder).map_err(|e| Error::io("remove", &folder, &e))?;
    ended
}

fn bench_in(
    folder: &Path,
    engine: &Engine,
    alone: bool,
    seconds: f64,
    only: &str,
    images: &Path,
) -> Result<String> {
    let scenes = scenes(images, folder)?;
    let s = Settings::default();
    let kev = |mev: f64| mev * voxgray::units::KEV_PER_MEV;
    let mut text = format!(
        "Nuclides in patients, {}, {}; {}\n\n\
         About {seconds} s a run in {BATCHES} batches. Cutoffs: electrons {:.1} keV, photons {:.1} keV; production thresholds {} of the energy \
         within {:.1} and {:.1} keV, bremsstrahlung {:.1} keV.\n\n",
        machine::date(),
        machine::describe(),
        engine.name(),
        kev(s.electron_cutoff_mev),
        kev(s.photon_cutoff_mev),
        s.lepton.threshold_fraction,
        kev(s.lepton.threshold_min_mev),
        kev(s.lepton.threshold_max_mev),
        kev(s.lepton.photon_threshold_mev),
    );
    for scene in &scenes {
        let _ = writeln!(text, "- {}: {}", scene.name, scene.about);
    }
    text.push_str(HEAD);
    let mut notes = String::new();
    for scene in &scenes {
        for nuclide in NUCLIDES {
            for estimator in ESTIMATORS {
                let name = format!("{} {nuclide} {estimator}", scene.name);
                if !only.split_whitespace().all(|word| name.contains(word)) {
                    continue;
                }
                let prepared = prepare(scene, nuclide, estimator, engine)?;
                let (rows, said) =
                    rows(scene, nuclide, estimator, &prepared, engine, alone, seconds)?;
                eprint!("{rows}");
                text.push_str(&rows);
                said.iter().for_each(|note| notes.push_str(&format!("- {name}: {note}\n")));
            }
        }
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    Ok(text)
}

const HEAD: &str = "
| patient | nuclide | photons | engine | dose grid | decays/s | GPU over CPU | start/s | decays | uncertainty/% | efficiency/s^-1 | device memory/MiB | peak host memory/MiB |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

fn scenes(images: &Path, folder: &Path) -> Result<Vec<Scene>> {
    let file = |name: &str| images.join("synthetic_lu177_4tp").join(name);
    let thorax = images.join("ct_thorax_cptac").join("C3N-00249_CT");
    let arguments = |ct: PathBuf, activity: PathBuf, more: &[&str]| -> Vec<String> {
        let files = ["--ct".into(), ct.display().to_string(), "--activity".into()];
        let more = more.iter().map(|m| (*m).to_string());
        files.into_iter().chain([activity.display().to_string()]).chain(more).collect()
    };
    let (activity, _, _) = make_thorax_maps(&thorax, folder)?;
    Ok(vec![
        Scene {
            name: "patient15",
            arguments: arguments(
                file("ct_024h_hu.nii.gz"),
                file("spect_024h_bqml.nii.gz"),
                &["--grid", "activity"],
            ),
            about: "CT and SPECT 24 h after injection, on the SPECT's voxels of 3.91 x 3.91 x 4.42 mm",
        },
        Scene {
            name: "thorax",
            arguments: arguments(thorax, activity, &["--grid", "2"]),
            about: "CT of a thorax on voxels of 2 mm; made-up activity: ellipsoids where liver, spleen and mediastinum are about \
                    (1.5, 2 and 5 MBq/mL, soft tissue only) on 0.02 MBq/mL in soft tissue",
        },
    ])
}

fn prepare(scene: &Scene, nuclide: &str, estimator: &str, engine: &Engine) -> Result<Prepared> {
    let mut line = vec!["throughput".to_string()];
    line.extend(scene.arguments.iter().cloned());
    line.extend(["--nuclide", nuclide, "--photons", estimator].map(String::from));
    let line = Line::try_parse_from(line).map_err(|e| {
        Error::usage("the bench's options do not make a job", e.to_string(), "Report this.")
    })?;
    let job = line.problem.job(PathBuf::new(), false)?;
    pipeline::prepare_for(&job, engine, &Quiet)
}

/// The rows of a problem, and what is worth a note: what the engine said, and where its time went.
fn rows(
    scene: &Scene,
    nuclide: &str,
    estimator: &str,
    prepared: &Prepared,
    engine: &Engine,
    alone: bool,
    seconds: f64,
) -> Result<(String, Vec<String>)> {
    let gpu = !engine.devices().is_empty();
    let cpu = if gpu && !alone { Some(timed(prepared, &Engine::Cpu, seconds)?) } else { None };
    let mine = timed(prepared, engine, seconds)?;
    let device = device_bytes(engine, prepared)?;
    let [nx, ny, nz] = prepared.plan.grid.dims;
    let mib = |bytes: Option<u64>| {
        bytes.map_or(String::new(), |b| format!("{:.0}", b as f64 / f64::from(1 << 20)))
    };
    let mut text = String::new();
    let mut row = |engine: &str, t: &Timed, ratio: String, device: Option<u64>| {
        let _ = writeln!(
            text,
            "| {} | {nuclide} | {estimator} | {engine} | {nx} x {ny} x {nz} | {:.3e} | {ratio} | {:.2} | {:.2e} | {:.2} | {:.3e} | {} | {} |",
            scene.name,
            t.per_second,
            t.start,
            t.histories,
            100.0 * t.uncertainty,
            t.efficiency(),
            mib(device),
            mib(peak_resident()),
        );
    };
    if let Some(cpu) = &cpu {
        row("CPU", cpu, String::new(), None);
    }
    let ratio =
        cpu.as_ref().map_or(String::new(), |c| format!("{:.2}", mine.per_second / c.per_second));
    row(if gpu { "GPU" } else { "CPU" }, &mine, ratio, device);
    let mut notes = mine.notices.clone();
    notes.extend(kernels(engine, prepared, KERNEL_PART * seconds * mine.per_second)?);
    Ok((text, notes))
}

/// A run of about `seconds` after its first batch; its length is found by shorter ones.
fn timed(prepared: &Prepared, engine: &Engine, seconds: f64) -> Result<Timed> {
    let mut histories = FIRST;
    loop {
        let settings = RunSettings::with_histories(histories as u64, BATCHES);
        let (clock, before) = (Clock::default(), Instant::now());
        let outcome =
            engine.run(&prepared.plan, &settings, &[], 0, &clock, &AtomicBool::new(false))?;
        let times = clock.0.into_inner().unwrap_or_default();
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return Err(Error::run("no batch was timed", "the run ended early", "Run again."));
        };
        let steady = (*last - *first).as_secs_f64().max(1e-9);
        let tally = &outcome.tally;
        if steady >= 0.6 * seconds {
            let high = prepared.high_dose(tally);
            return Ok(Timed {
                per_second: settings.histories_per_batch as f64 * (times.len() - 1) as f64 / steady,
                start: (*first - before).as_secs_f64(),
                histories: tally.histories() as f64,
                uncertainty: high.map_or(f64::NAN, |h| h.relative_uncertainty),
                notices: outcome.notices,
            });
        }
        histories *= (seconds / steady).clamp(1.2, GROWTH);
    }
}

/// Memory that the plan takes on a device, bytes; none on the CPU.
#[cfg(feature = "gpu")]
fn device_bytes(engine: &Engine, prepared: &Prepared) -> Result<Option<u64>> {
    use voxgray::transport::gpu::buffers::Sizes;
    use voxgray::transport::gpu::tuning::{Tuning, most_primaries};
    let Engine::Gpu(gpu, _) = engine else { return Ok(None) };
    let device = gpu.open(0)?;
    let tuning = gpu.tuning.unwrap_or_else(|| Tuning::for_device(device.facts.kind));
    let tuning = tuning.fitted(most_primaries(&prepared.plan), device.facts.largest_binding());
    // The rows of the ledger are a few KiB.
    Sizes::new(&prepared.plan, &device.facts, &tuning, 0, 0).map(|sizes| Some(sizes.bytes))
}

/// Device time by kernel in a run of its own, since clocks cost time; none on the CPU or without clocks.
#[cfg(feature = "gpu")]
fn kernels(engine: &Engine, prepared: &Prepared, histories: f64) -> Result<Option<String>> {
    use voxgray::transport::engine::EngineChoice;
    use voxgray::transport::gpu::{profile::KERNELS, tuning::Tuning};
    use voxgray::transport::run::Silent;
    let numbers = engine.devices().iter().map(|d| d.number).collect();
    if engine.devices().is_empty() {
        return Ok(None);
    }
    let (mut engine, _) = Engine::choose(&EngineChoice::Gpu(numbers))?;
    let Engine::Gpu(gpu, _) = &mut engine else { return Ok(None) };
    let kind = gpu.open(0)?.facts.kind;
    gpu.tuning = Some(Tuning { profile: true, ..Tuning::for_device(kind) });
    let settings = RunSettings::with_histories(histories.max(1.0) as u64, 2);
    gpu.run(&prepared.plan, &settings, &[], 0, &Silent, &AtomicBool::new(false))?;
    let profile = gpu.profile();
    let total: f64 = profile.seconds.iter().sum();
    let parts = KERNELS.iter().zip(profile.seconds);
    let parts: Vec<String> =
        parts.map(|(name, s)| format!("{name} {:.1} %", 100.0 * s / total)).collect();
    Ok((total > 0.0).then(|| {
        format!(
            "device time by kernel: {} of {total:.2} s, {} rounds",
            parts.join(", "),
            profile.rounds
        )
    }))
}

/// Without the GPU engine there are no kernels.
#[cfg(not(feature = "gpu"))]
fn kernels(_engine: &Engine, _prepared: &Prepared, _histories: f64) -> Result<Option<String>> {
    Ok(None)
}

/// Without the GPU engine there is no device.
#[cfg(not(feature = "gpu"))]
fn device_bytes(_engine: &Engine, _prepared: &Prepared) -> Result<Option<u64>> {
    Ok(None)
}
