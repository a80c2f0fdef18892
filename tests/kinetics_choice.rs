//! The choice of the curve on simulated truths: a short form of `cargo run --release --example kinetics -- choice`.

#[path = "support/choice_simulation.rs"]
mod choice_simulation;
#[path = "support/random_truths.rs"]
mod random_truths;
#[allow(dead_code, reason = "the scenarios by family are those of other tests")]
#[path = "support/simulated_tac.rs"]
mod simulated_tac;

use choice_simulation::{NOISE, TIMES_H, TRUTHS, Truth, simulate};
use random_truths::{Kind, PROTOCOLS, random_truths};

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

/// Curves of truths drawn at random are held as often as they say, whatever the kind; the worst of each truth's few curves is chance.
fn check_random(kinds: &[Kind]) {
    for (i, kind) in kinds.iter().enumerate() {
        let (mut covered, mut curves) = (0, 0);
        for protocol in &PROTOCOLS {
            for times in protocol.times_h {
                let seed = 77 + 1000 * i as u64 + times.len() as u64;
                let cell = random_truths(*kind, protocol.half_life_h, times, 0.05, 3, seed).cell;
                assert_eq!(cell.unwarned, 0, "{} {times:?}", kind.name());
                covered += cell.covered;
                curves += cell.curves;
            }
        }
        let (n, held) = (curves as f64, covered as f64);
        println!("{}: {:.3} of {curves}", kind.name(), held / n);
        let least = 0.93 - SIGMAS * (0.93 * 0.07 / n).sqrt();
        assert!(held / n > least, "{}: {covered} of {curves}", kind.name());
    }
}

#[test]
fn random_truths_of_one_phase_and_two_are_held() {
    check_random(&[Kind::Mono, Kind::UptakeMono, Kind::Bi, Kind::UptakeBi]);
}

#[test]
fn random_truths_of_phases_of_days_and_of_three_are_held() {
    check_random(&[Kind::Three, Kind::BiOfDays, Kind::UptakeBiOfDays, Kind::ThreeOfDays]);
}

/// Two phases of 35 and 155 h that look as one of 110 h to four points of 5 %: the interval holds both.
#[test]
fn two_phases_that_look_as_one_are_in_the_interval() {
    let truths = [
        Truth { name: "bi", terms: &[(36.9, 35.4), (63.1, 155.3)] },
        Truth { name: "uptake-bi", terms: &[(60.0, 30.0), (40.0, 140.0), (-100.0, 8.0)] },
        Truth { name: "three", terms: &[(60.0, 3.0), (30.0, 25.0), (10.0, 110.0)] },
    ];
    for truth in &truths {
        let cell = simulate(truth, TIMES_H[1], 0.05, true, 40, 5);
        assert!(cell.covered >= 34, "{}: {} of 40", truth.name, cell.covered);
        assert!(cell.half_widths[20] < 0.20, "{}: {:?}", truth.name, cell.half_widths);
    }
    // What one phase describes stays as narrow as its points say.
    let mono = simulate(&TRUTHS[0], TIMES_H[1], 0.05, true, 40, 5);
    assert!(mono.covered >= 34 && mono.half_widths[20] < 0.08, "{:?}", mono.half_widths);
}
