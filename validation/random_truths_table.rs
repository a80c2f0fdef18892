//! The table of coverage on truths drawn at random, for `docs/kinetics.md`.

use super::random_truths::{CURVES_OF_A_TRUTH, Kind, PROTOCOLS, Protocol, random_truths};

/// Seed of the table; the rules were not developed on it.
const SEED: u64 = 20_261_130;

/// Noise of the points: all sizes of it for four points of Lu-177, the first elsewhere.
const NOISE: [f64; 3] = [0.05, 0.03, 0.10];

/// Prints a line per kind of curve, nuclide, points and noise, and the totals.
pub fn table(truths: usize) {
    println!(
        "{truths} truths a cell, {CURVES_OF_A_TRUTH} curves each, uncertainties stated; badly: truths that fewer than 8 of 10 intervals hold; above: truth above the interval; off: integral more than 20 % off (mono: by a mono-exponential fit); unwarned: off without a warning"
    );
    println!(
        "| truth | nuclide | points | noise % | covers % | above % | badly | integral / truth | half-width % | off | mono | warned % | unwarned |"
    );
    println!("|{}", "---|".repeat(13));
    let mut sums = Sums::default();
    for kind in Kind::ALL {
        for protocol in &PROTOCOLS {
            for times in protocol.times_h {
                let all = protocol.nuclide == "Lu-177" && times.len() == 4;
                let sizes = if all { NOISE.len() } else { 1 };
                for noise in &NOISE[..sizes] {
                    line(kind, protocol, times, *noise, truths, &mut sums);
                }
            }
        }
    }
    println!(
        "{} of {} cells within 93-97 %, {} below, {} above; {} curves, {} off by more than 20 %, {} of them without the warning",
        sums.cells - sums.below - sums.over,
        sums.cells,
        sums.below,
        sums.over,
        sums.curves,
        sums.off,
        sums.unwarned
    );
}

#[derive(Default)]
struct Sums {
    cells: usize,
    below: usize,
    over: usize,
    curves: usize,
    off: usize,
    unwarned: usize,
}

fn line(kind: Kind, of: &Protocol, times: &[f64], noise: f64, truths: usize, sums: &mut Sums) {
    // Every kind has truths of its own; they are the same for all points and noise.
    let at = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
    let seed = SEED + 1000 * at as u64;
    let drawn = random_truths(kind, of.half_life_h, times, noise, truths, seed);
    let c = &drawn.cell;
    let share = |count: usize| 100.0 * count as f64 / c.curves as f64;
    let covers = share(c.covered);
    println!(
        "| {} | {} | {} | {:.0} | {covers:.1} | {:.1} | {} | {:.3} | {:.1} | {} | {} | {:.0} | {} |",
        kind.name(),
        of.nuclide,
        times.len(),
        100.0 * noise,
        share(c.above),
        drawn.badly_held,
        c.ratio / c.curves as f64,
        100.0 * c.median_half_width(),
        c.off,
        c.mono_off,
        share(c.warned),
        c.unwarned
    );
    sums.cells += 1;
    sums.below += usize::from(covers < 93.0);
    sums.over += usize::from(covers > 97.0);
    sums.curves += c.curves;
    sums.off += c.off;
    sums.unwarned += c.unwarned;
}
