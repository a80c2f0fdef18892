//! The choice of the curve on simulated truths: a short form of `cargo run --release --example kinetics -- choice`.

#[path = "support/choice_simulation.rs"]
mod choice_simulation;
#[allow(dead_code, reason = "the scenarios by family are those of other tests")]
#[path = "support/simulated_tac.rs"]
mod simulated_tac;

use choice_simulation::{NOISE, TIMES_H, TRUTHS, simulate};

/// Curves of a cell.
const CURVES: usize = 12;

/// Shortest chance of a cell or a sum of cells at its bar that still fails it: four standard deviations.
const SIGMAS: f64 = 4.0;

/// Coverage of the 95 % interval with stated uncertainties: never below 93 % beyond the chance of a few curves, for each kind of truth
/// and number of points; no integral off by more than 20 % without a warning; never more of them than by a mono-exponential fit where that
/// is the truth.
fn check(first: usize) {
    let (mut off, mut mono_off) = (0, 0);
    // Each cell has noise of its own.
    let mut seed = 1000 * first as u64;
    for truth in &TRUTHS[first..first + 2] {
        for times in TIMES_H {
            let (mut covered, mut curves) = (0, 0);
            for noise in NOISE {
                for stated in [true, false] {
                    seed += 1;
                    let cell = simulate(truth, times, noise, stated, CURVES, seed);
                    assert_eq!(cell.unwarned, 0, "{} {times:?} {noise} {stated}", truth.name);
                    assert!(cell.refused < CURVES / 3, "{} {times:?} {noise}", truth.name);
                    if stated {
                        covered += cell.covered;
                        curves += cell.curves;
                    }
                    if truth.name.starts_with("mono") {
                        off += cell.off;
                        mono_off += cell.mono_off;
                    }
                }
            }
            let n = curves as f64;
            let least = 0.93 - SIGMAS * (0.93 * 0.07 / n).sqrt();
            let coverage = f64::from(covered as u32) / n;
            assert!(coverage > least, "{} {times:?}: {coverage} of {curves}", truth.name);
        }
    }
    // One choice in forty is wrong at 5 %, one-sided.
    assert!(off <= mono_off + 2, "{off} against {mono_off}");
}

#[test]
fn intervals_of_mono_and_bi_hold_the_truth() {
    check(0);
}

#[test]
fn intervals_of_uptake_hold_the_truth() {
    check(2);
}

#[test]
fn intervals_of_slow_mono_and_fast_bi_hold_the_truth() {
    check(4);
}

#[test]
fn intervals_of_early_uptake_and_close_phases_hold_the_truth() {
    check(6);
}
