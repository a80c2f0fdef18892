//! The kerma estimator of photons by track length: unbiased, with errors that are true.

#[path = "support/plans.rs"]
mod plans;

use std::sync::atomic::AtomicBool;

use voxgray::image::Grid;
use voxgray::physics::tissues::named_material;
use voxgray::stats::{chi_squared_exceeded, normal_quantile};
use voxgray::transport::build::{PlanInput, RadialScoring, build_plan};
use voxgray::transport::layout::voxel_material;
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{RunSettings, Silent, run};
use voxgray::transport::settings::{PhotonEstimator, Settings};
use voxgray::transport::tally::Tally;

/// Chance of each comparison to fail where nothing is wrong.
const ALPHA: f64 = 1e-4;

fn go(plan: &Plan, seed: u32, histories: u64, batches: u32) -> Tally {
    let mut plan = plan.clone();
    plan.params.seed = [seed, 0];
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(histories, batches) };
    run(&plan, &settings, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run").tally
}

/// Means of values that are known from replicates, with their standard errors.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Per replicate the sums of regions, and per voxel what replicates and their own errors say of the variance.
struct Replicates {
    sums: Vec<Vec<f64>>,
    variance_seen: f64,
    variance_told: f64,
}

fn replicates(plan: &Plan, region_of: &dyn Fn(usize) -> usize, regions: usize) -> Replicates {
    const RUNS: u32 = 100;
    let voxels = plan.voxels.len();
    let mut sums = vec![Vec::new(); regions];
    let (mut first, mut second, mut told) = (vec![0.0; voxels], vec![0.0; voxels], 0.0);
    for seed in 0..RUNS {
        let tally = go(plan, 1000 + seed, 3000, 10);
        let mut of = vec![0.0; regions];
        for v in 0..voxels {
            let value = tally.mean_mev(v);
            of[region_of(v)] += value;
            first[v] += value;
            second[v] += value * value;
            told += tally.standard_error_mev(v).powi(2);
        }
        sums.iter_mut().zip(of).for_each(|(all, one)| all.push(one));
    }
    let n = f64::from(RUNS);
    let variance = |v: usize| (second[v] - first[v] * first[v] / n) / (n - 1.0);
    Replicates { sums, variance_seen: (0..voxels).map(variance).sum(), variance_told: told / n }
}

/// Photons of 20 keV set free electrons that go 8 um: kerma is dose but in gas. Lung, water and bone against the analog estimator, by region; the sum over
/// voxels of the variance that replicates show against the one that the batches of each tell.
#[test]
fn it_is_the_analog_mean_and_its_errors_are_true() {
    let analog = plans::grid_plan("photon:20keV");
    let kerma = plans::kerma(analog.clone());
    let regions = 4;
    let region_of = |v: usize| voxel_material(analog.voxels[v]);
    let expected = replicates(&analog, &region_of, regions);
    let found = replicates(&kerma, &region_of, regions);
    let ratio = found.variance_told / found.variance_seen;
    println!("variance told over seen {ratio:.3}");
    // Of some thousand voxels, partly together.
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
    let gas = voxel_material(analog.voxels[0]);
    for region in (0..regions).filter(|r| *r != gas) {
        let (a, b) = (mean_and_error(&expected.sums[region]), mean_and_error(&found.sums[region]));
        let z = (b.0 - a.0) / a.1.hypot(b.1);
        println!("region {region}: {:+.3} %, z {z:+.2}", 100.0 * (b.0 / a.0 - 1.0));
        assert!(z * z < critical(), "region {region}: z {z}");
    }
}

/// z squared that chance exceeds once in ten thousand comparisons.
fn critical() -> f64 {
    normal_quantile(1.0 - 0.5 * ALPHA).powi(2)
}

/// Shells round a point source in water, each with the part of a flight that lies in it.
#[test]
fn shells_get_their_parts_of_flights() {
    let shells = RadialScoring { radii_cm: (1..=30).map(|n| 0.1 * f64::from(n)).collect() };
    let plan = |photons| {
        build_plan(&PlanInput {
            grid: &Grid::aligned([1; 3], [0.0; 3], [400.0; 3]),
            density: &[1.0],
            material: &[0],
            materials: &[named_material("water").expect("built in").material.clone()],
            activity: &[1.0],
            decay: &plans::decay("photon:30keV"),
            settings: &Settings { photons, ..Settings::default() },
            radial: Some(&shells),
        })
        .expect("a plan")
    };
    let analog = go(&plan(PhotonEstimator::Analog), 5, 200_000, 50);
    let kerma = go(&plan(PhotonEstimator::Kerma), 6, 100_000, 50);
    let (mut chi2, mut gain) = (0.0, 0.0);
    for shell in 0..31 {
        let (a, k) = (analog.mean_mev(shell), kerma.mean_mev(shell));
        let (ea, ek) = (analog.standard_error_mev(shell), kerma.standard_error_mev(shell));
        chi2 += (a - k).powi(2) / (ea * ea + ek * ek);
        gain += (ea / ek).powi(2) / 2.0 / 31.0;
    }
    let p = chi_squared_exceeded(chi2, 31.0);
    println!(
        "31 shells: chi-squared {chi2:.1}, p {p:.3}; variance of a history {gain:.1} times smaller"
    );
    assert!(p > ALPHA, "{chi2}");
    assert!(gain > 1.0);
}

/// The parts of a voxel have together what the voxel has, but for the rounding of each to units: a piece of a flight across a part of 1 mm and more gives some
/// 200 eV, of which half a unit of 0.015 eV is 4e-5; shorter ones are the ends of few.
#[test]
fn parts_of_voxels_have_what_the_voxels_have() {
    let plan = plans::fine_plan("photon:60keV", PhotonEstimator::Kerma);
    let tally = go(&plan, 3, 20_000, 10);
    let (fine, per) = (plans::FINE, plans::FINE.parts as usize);
    let mut worst: f64 = 0.0;
    for v in 0..fine.voxels.iter().product::<usize>() {
        let at = [
            v % fine.voxels[0],
            v / fine.voxels[0] % fine.voxels[1],
            v / fine.voxels[0] / fine.voxels[1],
        ];
        let voxel: [usize; 3] = std::array::from_fn(|k| fine.first[k] + at[k]);
        let whole =
            tally.mean_mev(voxel[0] + plans::DIMS[0] * (voxel[1] + plans::DIMS[1] * voxel[2]));
        let n = fine.voxels.map(|n| n * per);
        let mut parts = 0.0;
        for part in 0..per.pow(3) {
            let p = [part % per, part / per % per, part / per / per];
            let q: [usize; 3] = std::array::from_fn(|k| at[k] * per + p[k]);
            parts += tally.mean_mev(plan.voxels.len() + q[0] + n[0] * (q[1] + n[1] * q[2]));
        }
        assert!(whole > 0.0);
        worst = worst.max((parts / whole - 1.0).abs());
    }
    println!("parts and voxels: {worst:.1e} at most");
    assert!(worst < 1e-4, "{worst}");
}
