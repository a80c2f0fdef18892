//! Error bars of runs that end by themselves: many runs of the whole program to a goal, with the CPU engine in a small box of water, against one
//! long run. A rule that ends where the error looks small covers 0.89 to 0.93.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use voxgray::image::{Grid, Volume};
use voxgray::io::{read_nifti, write_metaimage};
use voxgray::job::{ActivityInput, Goal, Job, MaterialNames, MatterInput, SourceChoice, VoiInput};
use voxgray::pipeline::{Observer, Written, dose};
use voxgray::transport::engine::EngineChoice;
use voxgray::transport::settings::Settings;
use voxgray::{Error, Result};

use super::case::Group;
use super::judge::Verdict;
use super::run::RunOptions;
use super::study::Study;

/// Voxels along an edge, 4 mm each; those of 2 and 3 hold activity.
const EDGE: usize = 6;
/// Runs of each scene.
const RUNS: u64 = 1000;
/// The same under `--quick`.
const QUICK_RUNS: u64 = 50;
/// Histories of the long run over those that one run may have needed: its error is below 0.06 of theirs.
const LONGER: u64 = 300;
/// What 95 % intervals must hold of all runs.
const BAR: [f64; 2] = [0.94, 0.96];
/// Standard deviations within which a scene alone, and all of a quick run, must hold it.
const DEVIATIONS: f64 = 3.0;

/// A goal.
struct Scene {
    title: &'static str,
    /// Label of the VOI; none for the voxels of high dose.
    voi: Option<&'static str>,
    uncertainty: f64,
    /// Activity of one voxel over that of the other seven: alone it is of high dose from 2 on.
    hot: f32,
    per_batch: u64,
}

const SCENES: [Scene; 4] = [
    Scene {
        title: "VOI beside the activity, 10 %",
        voi: Some("1"),
        uncertainty: 0.1,
        hot: 1.0,
        per_batch: 60,
    },
    Scene {
        title: "VOI beside the activity, 5 %",
        voi: Some("1"),
        uncertainty: 0.05,
        hot: 1.0,
        per_batch: 150,
    },
    Scene {
        title: "8 voxels of high dose, 7 %",
        voi: None,
        uncertainty: 0.07,
        hot: 1.0,
        per_batch: 30,
    },
    Scene {
        title: "1 voxel of high dose, 7 %",
        voi: None,
        uncertainty: 0.07,
        hot: 2.5,
        per_batch: 12,
    },
];

struct Mute;
impl Observer for Mute {}

/// Writes the inputs of a scene.
fn inputs(scene: &Scene, folder: &Path) -> Result<()> {
    let grid = Grid::aligned([EDGE; 3], [-10.0; 3], [4.0; 3]);
    let write = |name: &str, value: &dyn Fn([usize; 3]) -> f32| {
        let values = (0..grid.len()).map(|n| value(grid.unlinear(n))).collect();
        write_metaimage(&folder.join(name), &Volume::new(grid.clone(), values)?)
    };
    write("density.mha", &|_| 1.0)?;
    write("labels.mha", &|_| 0.0)?;
    write("activity.mha", &|at| match at {
        [2, 2, 2] => scene.hot * 1e6,
        _ if at.iter().all(|i| (2..4).contains(i)) => 1e6,
        _ => 0.0,
    })?;
    // Four voxels that only what crosses a face reaches.
    write("voi.mha", &|[i, j, k]| {
        f32::from(u8::from(i == 4 && (2..4).contains(&j) && (2..4).contains(&k)))
    })
}

fn job(scene: &Scene, folder: &Path, out: &str, seed: u64) -> Job {
    let voi = scene.voi.map(str::to_string);
    let matter = MatterInput::Maps {
        density: folder.join("density.mha"),
        materials: folder.join("labels.mha"),
        names: MaterialNames::BuiltIn(vec!["water".into()]),
    };
    let activity = ActivityInput::of(folder.join("activity.mha"));
    let source = SourceChoice::Particle("electron:0.5MeV".into());
    Job {
        voi: vec![VoiInput { path: folder.join("voi.mha"), names: None }],
        histories: 2000 * scene.per_batch,
        batches: Some(2000),
        goal: Some(Goal { uncertainty: scene.uncertainty, voi }),
        engine: EngineChoice::Cpu,
        threads: 1,
        transport: Settings { seed, ..Settings::default() },
        ..Job::new(matter, activity, source, folder.join(out))
    }
}

/// Dose, standard error and 95 % interval of what a goal is of.
type Cell = [f64; 4];

fn cells(scene: &Scene, written: &Written) -> Result<Vec<Cell>> {
    if scene.voi.is_some() {
        let voi = &written.vois[0];
        let known = |x: Option<f64>| x.unwrap_or(f64::NAN);
        let [low, high] = voi.uncertainty.interval_95.map(known);
        return Ok(vec![[known(voi.mean_dose), known(voi.standard_error), low, high]]);
    }
    let map = |name: &str| Ok::<_, Error>(read_nifti(&written.folder.join(name), None)?.0);
    let (doses, errors) = (map("dose_rate.nii.gz")?, map("dose_rate_standard_error.nii.gz")?);
    let factor = written.summary.as_ref().and_then(|s| s.run.interval_95_factor);
    let t = factor.unwrap_or(f64::NAN);
    let high = |n: &usize| {
        let at = doses.grid.unlinear(*n);
        if scene.hot > 2.0 { at == [2; 3] } else { at.iter().all(|i| (2..4).contains(i)) }
    };
    let cell = |n: usize| {
        let [d, u] = [doses.data[n], errors.data[n]].map(f64::from);
        [d, u, d - t * u, d + t * u]
    };
    Ok((0..doses.data.len()).filter(high).map(cell).collect())
}

/// What the runs of a scene gave.
struct Found {
    /// Share of the cells of each run whose interval holds the long run's value.
    covered: Vec<f64>,
    /// True spread over the reported one.
    ratio: f64,
    /// Mean deviation in reported errors.
    bias: f64,
    /// Share of the runs that reached their goal.
    met: f64,
    /// Batches of a run, on average.
    batches: f64,
}

fn run(scene: &Scene, runs: u64, first_seed: u64) -> Result<Found> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("create", Path::new("a folder"), &e))?;
    inputs(scene, folder.path())?;
    let stop = AtomicBool::new(false);
    let done = |job: Job| -> Result<(Vec<Cell>, usize)> {
        let written = dose(&job, &Mute, &stop)?;
        let batches = written.summary.as_ref().map_or(0, |s| s.run.batches);
        let cells = cells(scene, &written)?;
        let _ = std::fs::remove_dir_all(&job.out);
        Ok((cells, batches))
    };
    let one = |n: u64| done(job(scene, folder.path(), &format!("out{n}"), first_seed + n));
    let all: Vec<(Vec<Cell>, usize)> = (0..runs).into_par_iter().map(one).collect::<Result<_>>()?;
    let mean_batches = all.iter().map(|(_, b)| *b as f64).sum::<f64>() / runs as f64;
    let long = Job {
        histories: mean_batches as u64 * LONGER * scene.per_batch,
        batches: Some(100),
        goal: None,
        threads: 0,
        ..job(scene, folder.path(), "long", first_seed + runs)
    };
    let truth = done(long)?.0;
    let (mut squares, mut reported, mut off, mut met) = (0.0, 0.0, 0.0, 0.0);
    let mut covered = Vec::new();
    for (cells, _) in &all {
        let mut inside = 0.0;
        for ([d, u, low, high], [exact, ..]) in cells.iter().zip(&truth) {
            inside += f64::from(u8::from((*low..=*high).contains(exact)));
            off += d / exact - 1.0;
            squares += (d / exact - 1.0).powi(2);
            reported += (u / exact).powi(2);
        }
        covered.push(inside / truth.len() as f64);
        let goal = cells.iter().map(|[d, u, ..]| (u / d).powi(2)).sum::<f64>();
        met += f64::from(u8::from((goal / cells.len() as f64).sqrt() <= scene.uncertainty));
    }
    let cells = (all.len() * truth.len()) as f64;
    Ok(Found {
        covered,
        ratio: (squares / reported).sqrt(),
        bias: off / cells / (reported / cells).sqrt(),
        met: met / runs as f64,
        batches: mean_batches,
    })
}

/// Mean and its standard deviation.
fn share(covered: &[f64]) -> (f64, f64) {
    voxgray::stats::mean_and_error(covered, 1.0)
}

/// All scenes in one table.
///
/// # Errors
/// If a run fails.
pub fn study(options: &RunOptions) -> Result<Study> {
    let runs = if options.quick { QUICK_RUNS } else { RUNS };
    let mut all = Vec::new();
    let mut verdict = Verdict::Pass;
    let mut rows = Vec::new();
    let row = |title: &str, covered: &[f64], rest: [String; 4]| {
        let (mean, error) = share(covered);
        let covers = format!("{mean:.4} &plusmn; {error:.4}");
        [vec![title.to_string(), covered.len().to_string(), covers], rest.to_vec()].concat()
    };
    for (n, scene) in SCENES.iter().enumerate() {
        let found = run(scene, runs, options.settings.seed + 100_000 * (n as u64 + 1))?;
        let (mean, _) = share(&found.covered);
        // That of runs which cover 95 %: the runs' own is none where all of few cover.
        let error = (0.95 * 0.05 / runs as f64).sqrt();
        if (mean - 0.95).abs() > 0.01 + DEVIATIONS * error {
            verdict = Verdict::Fail;
        }
        let rest = [
            format!("{:.3}", found.ratio),
            format!("{:+.3}", found.bias),
            format!("{:.3}", found.met),
            format!("{:.1}", found.batches),
        ];
        rows.push(row(scene.title, &found.covered, rest));
        all.extend(found.covered);
    }
    let (mean, error) = share(&all);
    let slack = if options.quick { DEVIATIONS * error } else { 0.0 };
    if !(BAR[0] - slack..=BAR[1] + slack).contains(&mean) {
        verdict = Verdict::Fail;
    }
    rows.push(row("all", &all, [const { String::new() }; 4]));
    Ok(Study {
        title: "runs to a goal: 95 % intervals must hold the value of a long run in 0.94 to 0.96 of them"
            .into(),
        head: vec!["goal", "runs", "covered", "sd/reported", "bias/u", "goal met", "batches"],
        rows,
        verdict,
        plots: Vec::new(),
    })
}

/// The study, handed on.
///
/// # Errors
/// If a run fails.
pub fn studies(_: &[Group], options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    done(study(options)?);
    Ok(())
}
