//! Histories per second and efficiency 1/(sigma^2 T) of the CPU engine in the 64^3 phantom, against EGSnrc.
//!
//! Ratios to EGSnrc and efficiencies use the CPU time of the process (from /proc, as EGSnrc's figures do), so that other work on the
//! machine disturbs them little; the ratio of threads uses wall time and needs an idle machine. Without /proc all use wall time.
//!
//! sigma^2 is the mean over the voxels of liver and spheres of the squared relative standard error. EGSnrc's figures were
//! taken on one core of an AMD EPYC virtual machine with 1 keV cutoffs, so ratios compare machines too. For photons only its
//! histories per second are known: its efficiency is ours (analog) scaled by speed, as if its variance per history were
//! that of our analog estimator.

use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;

use voxgray::source::parse_source;
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{Outcome, RunSettings, Silent, run};
use voxgray::transport::settings::{PhotonEstimator, Settings};
use voxgray::{Error, Result};

use crate::runner::phantom64::Phantom64;
use crate::runner::{case, machine, phantom64};

/// Batches of a timed run.
const BATCHES: u32 = 16;
/// Regions of liver and spheres.
const HOT: [u8; 5] = [4, 6, 7, 8, 9];

/// What is timed, and EGSnrc's histories per second on one core.
struct Job {
    name: &'static str,
    source: &'static str,
    photons: PhotonEstimator,
    egsnrc: f64,
}

const JOBS: [Job; 4] = [
    Job {
        name: "0.935 MeV electrons",
        source: "electron:0.935MeV",
        photons: PhotonEstimator::Analog,
        egsnrc: 7.9e3,
    },
    Job {
        name: "0.147 MeV electrons",
        source: "electron:0.147MeV",
        photons: PhotonEstimator::Analog,
        egsnrc: 4.3e4,
    },
    Job {
        name: "0.208 MeV photons, analog",
        source: "photon:0.208MeV",
        photons: PhotonEstimator::Analog,
        egsnrc: 8e4,
    },
    Job {
        name: "0.208 MeV photons, kerma",
        source: "photon:0.208MeV",
        photons: PhotonEstimator::Kerma,
        egsnrc: 8e4,
    },
];

/// Speed and efficiency of a run.
#[derive(Clone, Copy)]
struct Timed {
    /// Histories per second of wall time.
    per_second: f64,
    /// Histories per second of CPU time, all threads together.
    per_cpu_second: f64,
    /// 1 / (sigma^2 T), T in CPU seconds.
    efficiency: f64,
}

/// The phantom of the validation cases.
///
/// # Errors
/// If there is no such case.
pub fn phantom() -> Result<Phantom64> {
    let groups = case::read_groups()?;
    let group = groups.iter().find(|g| g.kind == case::Kind::Phantom).ok_or_else(|| {
        Error::run(
            "no phantom case",
            "its materials are needed",
            "Restore validation/cases/phantom.",
        )
    })?;
    phantom64::build(group)
}

/// Times every job on one thread and on all; returns the table.
///
/// # Errors
/// If a run fails.
pub fn bench(seconds: f64) -> Result<String> {
    let phantom = phantom()?;
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "64^3 voxels of 3 mm, activity in body, liver and spheres; {}, {}; {seconds} s a run; defaults: {:?}\n\n\
         | source | threads | histories/s | histories/CPU s | over EGSnrc | efficiency / s^-1 | over analog | over EGSnrc | {all} threads over 1 |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        machine::date(),
        machine::describe(),
        Settings::default()
    );
    let mut analog: Option<Timed> = None;
    for job in &JOBS {
        let plan = plan(&phantom, job)?;
        let one = timed(&phantom, &plan, 1, seconds)?;
        let many = if all > 1 { timed(&phantom, &plan, all, seconds)? } else { one };
        let photons = job.source.starts_with("photon");
        if job.photons == PhotonEstimator::Analog {
            analog = Some(one);
        }
        for (threads, t) in [(1, one), (all, many)] {
            let analog = analog.filter(|_| photons);
            let over_analog =
                analog.map_or(String::new(), |a| format!("{:.2}", t.efficiency / a.efficiency));
            let over_egsnrc = analog.map_or(String::new(), |a| {
                format!("{:.1}", t.efficiency / (a.efficiency * job.egsnrc / a.per_cpu_second))
            });
            let scaling = if threads == 1 {
                String::new()
            } else {
                format!("{:.2}", t.per_second / one.per_second)
            };
            let _ = writeln!(
                text,
                "| {} | {threads} | {:.3e} | {:.3e} | {:.1} | {:.3} | {over_analog} | {over_egsnrc} | {scaling} |",
                job.name,
                t.per_second,
                t.per_cpu_second,
                t.per_cpu_second / job.egsnrc,
                t.efficiency,
            );
        }
    }
    Ok(text)
}

fn plan(phantom: &Phantom64, job: &Job) -> Result<Plan> {
    let activity: Vec<f64> = phantom.activity.iter().map(|&a| f64::from(a)).collect();
    build_plan(&PlanInput {
        grid: &phantom.grid,
        density: &phantom.density,
        material: &phantom.material,
        materials: &phantom.materials,
        activity: &activity,
        decay: &parse_source(job.source)?,
        settings: &Settings { photons: job.photons, ..Settings::default() },
        radial: None,
    })
}

/// A run of about `seconds`, its length set by a short one.
fn timed(phantom: &Phantom64, plan: &Plan, threads: usize, seconds: f64) -> Result<Timed> {
    let go = |histories: f64| -> Result<Outcome> {
        let mut how = RunSettings::with_histories(histories.max(1.0) as u64, BATCHES);
        how.threads = threads;
        run(plan, &how, &[], 0, &Silent, &AtomicBool::new(false))
    };
    let speed = |o: &Outcome| o.tally.histories() as f64 / o.seconds;
    let short = go(2e4)?;
    let longer = go(speed(&short) * 0.1 * seconds)?;
    let before = cpu_seconds();
    let outcome = go(speed(&longer) * seconds)?;
    let cpu = match (before, cpu_seconds()) {
        (Some(a), Some(b)) if b > a => b - a,
        _ => outcome.seconds,
    };
    let tally = &outcome.tally;
    let hot = (0..phantom.region.len()).filter(|&v| HOT.contains(&phantom.region[v]));
    let squares: Vec<f64> = hot
        .filter(|&v| tally.mean_mev(v) > 0.0)
        .map(|v| (tally.standard_error_mev(v) / tally.mean_mev(v)).powi(2))
        .collect();
    let variance = squares.iter().sum::<f64>() / squares.len().max(1) as f64;
    Ok(Timed {
        per_second: speed(&outcome),
        per_cpu_second: tally.histories() as f64 / cpu,
        efficiency: 1.0 / (variance * cpu),
    })
}

/// CPU time of this process so far, s; `None` where /proc does not tell.
pub fn cpu_seconds() -> Option<f64> {
    // proc(5): user and system time are fields 14 and 15, in ticks of 1/100 s; fields count from after the name in brackets.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
