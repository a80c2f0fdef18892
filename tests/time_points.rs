//! Several time points in one run: the same as separate runs, the same bits for any threads and shards, less noise in ratios.

use std::sync::atomic::AtomicBool;

use voxgray::image::Grid;
use voxgray::physics::chain::chain;
use voxgray::physics::tissues::named_material;
use voxgray::source::{DecaySpectrum, parse_source};
use voxgray::transport::build::{PlanInput, RadialScoring, build_plan};
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{Outcome, RunSettings, Silent, run};
use voxgray::transport::settings::Settings;
use voxgray::transport::times::{MAX_TIME_POINTS, build_timed_plan};

const SIDE: usize = 12;
const TIMES: usize = 4;

/// Activity at four times: a background that washes out, a lesion that takes up, and a corner that is active early only.
fn activities() -> Vec<Vec<f64>> {
    let grid = grid();
    (0..TIMES)
        .map(|t| {
            (0..grid.len())
                .map(|v| {
                    let [i, j, k] = grid.unlinear(v);
                    let body = if i > 0 { 10.0 * 0.5_f64.powi(t as i32) } else { 0.0 };
                    let lesion = [i, j, k].iter().all(|x| (4..7).contains(x));
                    let corner = i + j + k < 4 && t == 0;
                    body + if lesion { 50.0 * (t as f64 + 1.0) } else { 0.0 }
                        + if corner { 40.0 } else { 0.0 }
                })
                .collect()
        })
        .collect()
}

fn grid() -> Grid {
    Grid::aligned([SIDE; 3], [0.0; 3], [4.0; 3])
}

/// Regions along each side, of 3 x 3 x 3 voxels each.
const BLOCKS: usize = SIDE / 3;
const REGIONS: usize = BLOCKS * BLOCKS * BLOCKS;

fn labels() -> Vec<u16> {
    let label = |v: usize| {
        let [i, j, k] = grid().unlinear(v).map(|x| x / 3);
        1 + (i + BLOCKS * (j + BLOCKS * k)) as u16
    };
    (0..grid().len()).map(label).collect()
}

fn decay() -> DecaySpectrum {
    DecaySpectrum::from_chain(&chain("Lu-177", None, 1.0).expect("carried")).expect("modelled")
}

fn with_input<T>(radial: Option<&RadialScoring>, f: impl Fn(PlanInput) -> T) -> T {
    let materials =
        ["water", "lung"].map(|n| named_material(n).expect("built in").material.clone());
    let (grid, settings, decay) = (grid(), Settings::default(), decay());
    let material: Vec<u8> = (0..grid.len()).map(|v| u8::from(grid.unlinear(v)[0] > 8)).collect();
    let density: Vec<f32> = material.iter().map(|m| if *m == 1 { 0.26 } else { 1.0 }).collect();
    f(PlanInput {
        grid: &grid,
        density: &density,
        material: &material,
        materials: &materials,
        activity: &[],
        decay: &decay,
        settings: &settings,
        radial,
    })
}

fn timed(maps: &[Vec<f64>]) -> Plan {
    let maps: Vec<&[f64]> = maps.iter().map(Vec::as_slice).collect();
    with_input(None, |input| build_timed_plan(&input, &maps).expect("a valid plan"))
}

fn separate(map: &[f64], seed: u32) -> Plan {
    let mut plan = with_input(None, |input| {
        build_plan(&PlanInput { activity: map, ..input }).expect("a valid plan")
    });
    plan.params.seed = [seed, 7];
    plan
}

fn go(plan: &Plan, settings: &RunSettings) -> Outcome {
    run(plan, settings, &labels(), REGIONS, &Silent, &AtomicBool::new(false)).expect("a run")
}

fn histories(n: u64, batches: u32, threads: usize) -> RunSettings {
    RunSettings { threads, ..RunSettings::with_histories(n, batches) }
}

#[test]
fn equal_activities_have_weight_one_and_the_bits_of_an_ordinary_run() {
    let map = activities().swap_remove(1);
    let scaled = |factor: f64| map.iter().map(|a| a * factor).collect::<Vec<f64>>();
    // Powers of two: the shares of all times are the same to the bit.
    let plan = timed(&[scaled(1.0), scaled(0.5), scaled(4.0), scaled(0.25)]);
    assert!(plan.source_weights.iter().all(|w| *w == 1.0));
    let mut ordinary = separate(&map, 0);
    ordinary.params.seed = plan.params.seed;
    // Shares are rounded once more than activities, by 2^-53 of the whole in each of the 1,728 sums.
    for (a, b) in ordinary.source_cumulative.iter().zip(&plan.source_cumulative) {
        assert!(a.abs_diff(*b) < 1 << 20);
    }
    ordinary.source_cumulative.clone_from(&plan.source_cumulative);
    let settings = histories(3_000, 3, 2);
    let (one, all) = (go(&ordinary, &settings).tally, go(&plan, &settings).tally);
    let sums = one.by_origin().expect("an ordinary run");
    for time in all.by_time().expect("time points") {
        for v in 0..one.voxels {
            assert_eq!(time.sums[v], sums.units(v));
        }
        assert_eq!(time.squares, sums.squares);
    }
    assert_eq!(one.ledger, all.ledger);
    for (ordinary, timed) in one.regions.iter().zip(&all.regions) {
        assert_eq!(timed.units.len(), TIMES * (REGIONS + 1));
        assert!(timed.units.chunks(REGIONS + 1).all(|units| units == ordinary.units));
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_shards() {
    let plan = timed(&activities());
    let whole = go(&plan, &histories(4_000, 4, 1)).tally;
    assert_eq!(go(&plan, &histories(4_000, 4, 3)).tally, whole);
    let mut merged = go(&plan, &RunSettings { shards: 3, ..histories(4_000, 4, 2) }).tally;
    for shard in 1..3 {
        let part = go(&plan, &RunSettings { shard, shards: 3, ..histories(4_000, 4, 2) });
        merged.merge(&part.tally).expect("other batches");
    }
    assert_eq!(merged, whole);
}

#[test]
fn weights_are_those_of_the_mean_map() {
    let maps = activities();
    let plan = timed(&maps);
    let totals: Vec<f64> = maps.iter().map(|m| m.iter().sum()).collect();
    for (s, &v) in plan.source_voxels.iter().enumerate() {
        let shares: Vec<f64> = (0..TIMES).map(|t| maps[t][v as usize] / totals[t]).collect();
        let mean = shares.iter().sum::<f64>() / TIMES as f64;
        for (t, share) in shares.iter().enumerate() {
            let weight = plan.source_weights[s * TIMES + t];
            assert!((f64::from(weight) - share / mean).abs() < 1e-6);
            assert!((0.0..=TIMES as f32).contains(&weight));
        }
    }
    // Every voxel that is active at any time.
    let active = (0..grid().len()).filter(|&v| maps.iter().any(|m| m[v] > 0.0)).count();
    assert_eq!(plan.source_voxels.len(), active);
}

/// One run and four separate ones: chi-squared of 64 regions at four times, with the covariance of the one run; and the ratio of two times
/// has less noise in the one run.
#[test]
fn the_maps_are_those_of_separate_runs_and_ratios_are_quieter() {
    const BATCHES: u32 = 100;
    let maps = activities();
    let settings = histories(200_000, BATCHES, 2);
    let one = go(&timed(&maps), &settings).tally;
    let four: Vec<_> =
        (0..TIMES).map(|t| go(&separate(&maps[t], 100 + t as u32), &settings).tally).collect();
    let (mut chi2, mut quieter) = (0.0, 0.0_f64);
    for region in 1..=REGIONS {
        let (mean, within) = one.region_times_mev(&[region]);
        let mut covariance = within.clone();
        let mut difference = nalgebra::DVector::from_vec(mean.clone());
        for (t, other) in four.iter().enumerate() {
            let (mean, error) = other.region_mev(&[region]);
            difference[t] -= mean;
            covariance[(t, t)] += error * error;
        }
        let solved = covariance.cholesky().expect("positive").solve(&difference);
        chi2 += difference.dot(&solved);
        // Variances of ln(time 0 / time 3).
        let relative = |t: usize| {
            let (mean, error) = four[t].region_mev(&[region]);
            (error / mean).powi(2)
        };
        let shared = within[(0, 0)] / (mean[0] * mean[0]) + within[(3, 3)] / (mean[3] * mean[3])
            - 2.0 * within[(0, 3)] / (mean[0] * mean[3]);
        quieter += (shared / (relative(0) + relative(3))).ln() / REGIONS as f64;
    }
    let degrees = REGIONS * TIMES;
    // Hotelling: with a covariance from n batches the mean of p degrees is p (n - 1) / (n - p - 2); regions share histories, which
    // widens the sum: five standard deviations of independent regions.
    let n = f64::from(BATCHES);
    let expected = degrees as f64 * (n - 1.0) / (n - TIMES as f64 - 2.0);
    let quieter = quieter.exp();
    println!(
        "chi-squared {chi2:.1}, expected {expected:.1}; variance of ratios {quieter:.3} of separate runs'"
    );
    assert!((chi2 - expected).abs() < 5.0 * (2.0 * degrees as f64).sqrt(), "{chi2} {expected}");
    assert!(quieter < 0.8, "{quieter}");
}

#[test]
fn bad_time_points_are_refused() {
    let maps = activities();
    let refused = |maps: &[&[f64]], radial: Option<&RadialScoring>| {
        with_input(radial, |input| build_timed_plan(&input, maps).unwrap_err().to_string())
    };
    let good: Vec<&[f64]> = maps.iter().map(Vec::as_slice).collect();
    assert!(refused(&[], None).contains("0 time points"));
    let many = vec![good[0]; MAX_TIME_POINTS + 1];
    assert!(refused(&many, None).contains("9 time points"));
    assert!(refused(&[good[0], &good[1][1..]], None).contains("time point 2"));
    let zero = vec![0.0; grid().len()];
    assert!(refused(&[good[0], &zero], None).contains("time point 2"));
    let mut negative = maps[2].clone();
    negative[5] = -1.0;
    assert!(refused(&[good[0], good[1], &negative], None).contains("voxel 5 is -1"));
    let shells = RadialScoring { radii_cm: vec![0.1, 0.2] };
    assert!(refused(&good, Some(&shells)).contains("shells"));
    // Eight times with an alpha particle that one of them alone has: 8 x 8.4 MeV.
    let alone: Vec<Vec<f64>> = (0..MAX_TIME_POINTS)
        .map(|t| (0..grid().len()).map(|v| f64::from(u8::from(v == t))).collect())
        .collect();
    let alpha = parse_source("alpha:8.4MeV").expect("a particle");
    for (times, too_large) in [(7, false), (8, true)] {
        let maps: Vec<&[f64]> = alone[..times].iter().map(Vec::as_slice).collect();
        let built = with_input(None, |input| {
            build_timed_plan(&PlanInput { decay: &alpha, ..input }, &maps)
        });
        assert_eq!(built.is_err(), too_large, "{times} times");
    }
    // A plan that was changed by hand.
    let mut plan = timed(&maps);
    plan.source_weights.pop();
    let stop = AtomicBool::new(false);
    assert!(run(&plan, &histories(10, 1, 1), &[], 0, &Silent, &stop).is_err());
}
