//! What several time points in one run cost: CPU time per history of four over that of one, Lu-177 in the 64^3 phantom on one thread.
//!
//! Pairs of runs alternate, so that what else the machine does falls on both; the median of the pairs' ratios is given.

use std::sync::atomic::AtomicBool;

use voxgray::Result;
use voxgray::physics::chain::chain;
use voxgray::source::DecaySpectrum;
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{RunSettings, Silent, run};
use voxgray::transport::settings::Settings;
use voxgray::transport::times::build_timed_plan;

use crate::phantom::cpu_seconds;
use crate::runner::phantom64::Phantom64;

const TIMES: usize = 4;
const PAIRS: usize = 7;
const BATCHES: u32 = 16;

/// The line of the table; each run takes about `seconds`.
pub fn bench(phantom: &Phantom64, seconds: f64) -> Result<String> {
    let spectrum = DecaySpectrum::from_chain(&chain("Lu-177", None, 1.0)?)?;
    // Each region washes out at its own rate.
    let activity = |t: usize| -> Vec<f64> {
        let regions = phantom.activity.iter().zip(&phantom.region);
        regions.map(|(&a, &r)| f64::from(a) * (-0.2 * (t * usize::from(r)) as f64).exp()).collect()
    };
    let maps: Vec<Vec<f64>> = (0..TIMES).map(activity).collect();
    let slices: Vec<&[f64]> = maps.iter().map(Vec::as_slice).collect();
    let totals: Vec<f64> = maps.iter().map(|m| m.iter().sum()).collect();
    let mean: Vec<f64> = (0..maps[0].len())
        .map(|v| maps.iter().zip(&totals).map(|(m, total)| m[v] / total).sum())
        .collect();
    let settings = Settings::default();
    let input = PlanInput {
        grid: &phantom.grid,
        density: &phantom.density,
        material: &phantom.material,
        materials: &phantom.materials,
        activity: &mean,
        decay: &spectrum,
        settings: &settings,
        radial: None,
    };
    let plans = [build_plan(&input)?, build_timed_plan(&input, &slices)?];
    let histories = seconds / cost(&plans[0], 2e4)?;
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let ordinary = cost(&plans[0], histories)?;
        ratios.push(cost(&plans[1], histories)? / ordinary);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(format!(
        "Lu-177, 64^3 voxels: {TIMES} time points in one run of {histories:.1e} histories cost {:.3} times the CPU time of one \
         (median of {PAIRS} pairs, {:.3} to {:.3})\n",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    ))
}

/// CPU time per history, s.
fn cost(plan: &Plan, histories: f64) -> Result<f64> {
    let mut how = RunSettings::with_histories(histories.max(1.0) as u64, BATCHES);
    how.threads = 1;
    let before = cpu_seconds();
    let outcome = run(plan, &how, &[], 0, &Silent, &AtomicBool::new(false))?;
    let cpu = match (before, cpu_seconds()) {
        (Some(a), Some(b)) if b > a => b - a,
        _ => outcome.seconds,
    };
    Ok(cpu / outcome.tally.histories() as f64)
}
