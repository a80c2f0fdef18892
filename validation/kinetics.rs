//! Coverage of the TIA's 95 % intervals, selection rates of families and speed of the voxel fit, on simulated curves.
//!
//! `cargo run --release --example kinetics` prints the tables of `docs/kinetics.md`; `-- choice [CURVES]` that of the choice of the curve,
//! `-- random-truths [TRUTHS]` that of truths drawn at random.

#[path = "../tests/support/choice_simulation.rs"]
mod choice_simulation;

#[path = "../tests/support/random_truths.rs"]
mod random_truths;
mod random_truths_table;

#[path = "../tests/support/simulated_tac.rs"]
mod simulated_tac;

use std::time::Instant;

use choice_simulation::{NOISE, TIMES_H, TRUTHS, simulate};
use simulated_tac::{LU177, Normal, Scenario, coverage, scenario};
use voxgray::kinetics::voxels::{VoxelNoise, VoxelSettings, VoxelTia, integrate_voxels};
use voxgray::kinetics::{Curve, Family, Tac, UnitShape, fit, select};

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|a| a == "choice").is_some() {
        return choice(arguments.next().and_then(|n| n.parse().ok()).unwrap_or(300));
    }
    if arguments.next_if(|a| a == "random-truths").is_some() {
        return random_truths_table::table(
            arguments.next().and_then(|n| n.parse().ok()).unwrap_or(30),
        );
    }
    let curves = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(2000);
    println!("Coverage of the 95 % intervals of TIA, {curves} curves per family, noise 5 %");
    println!(
        "| family | points | uncertainties | fitted | profile % | linear in ln TIA % | linear % | mean TIA / truth | half-width % |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for family in Family::ALL {
        let scenario = scenario(family);
        for relative_only in [false, true] {
            let c = coverage(&scenario, curves, 20_261_122, relative_only);
            println!(
                "| {} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.4} | {:.1} |",
                family.name(),
                scenario.times_s.len(),
                if relative_only { "relative only" } else { "absolute" },
                c.fitted,
                100.0 * c.profile,
                100.0 * c.log_linear,
                100.0 * c.linear,
                c.mean_ratio,
                100.0 * c.half_width
            );
        }
    }
    selection(curves);
    noise(curves.min(1000));
    voxel_bias();
    speed();
}

/// The choice of the curve, cell by cell.
fn choice(curves: usize) {
    println!(
        "{curves} curves a cell; `*`: coverage outside of 93-97 %; off: integral more than 20 % off; mono: by a mono-exponential fit; unwarned: off without a warning"
    );
    println!(
        "| truth | points | noise % | stated | covers % | TIA / truth | half-width % | off | mono | unwarned | refused |"
    );
    println!("|{}", "---|".repeat(11));
    let started = Instant::now();
    let (mut outside, mut cells, mut total) = (0, 0, 0);
    for truth in &TRUTHS {
        for times in TIMES_H {
            for noise in NOISE {
                for stated in [true, false] {
                    // The same noise for all truths and sizes of it: cells of as many points are correlated.
                    let seed = 20_261_128 + times.len() as u64;
                    let c = simulate(truth, times, noise, stated, curves, seed);
                    let covers = 100.0 * c.coverage();
                    let out = stated && !(93.0..=97.0).contains(&covers);
                    outside += usize::from(out);
                    cells += usize::from(stated);
                    total += curves;
                    println!(
                        "| {} | {} | {:.0} | {} | {covers:.1}{} | {:.3} | {:.1} | {} | {} | {} | {} |",
                        truth.name,
                        times.len(),
                        100.0 * noise,
                        if stated { "yes" } else { "no" },
                        if out { " *" } else { "" },
                        c.ratio / c.curves as f64,
                        100.0 * c.median_half_width(),
                        c.off,
                        c.mono_off,
                        c.unwarned,
                        c.refused
                    );
                }
            }
        }
    }
    let per_curve = started.elapsed().as_secs_f64() / total as f64;
    println!(
        "{outside} of {cells} cells with stated uncertainties outside of 93-97 %; {:.1} ms per curve",
        1e3 * per_curve
    );
}

/// How often each family is chosen for each true one.
fn selection(curves: usize) {
    println!("\nFamily chosen (%), rows: truth; all families offered");
    println!(
        "| truth | {} | interval of the chosen % | interval of the average % |",
        Family::ALL.map(Family::name).join(" | ")
    );
    println!("|{}", "---|".repeat(9));
    for family in Family::ALL {
        let scenario = scenario(family);
        let mut normal = Normal(7);
        let mut chosen = [0_usize; 6];
        let (mut covered, mut averaged) = (0_usize, 0_usize);
        let n = curves.min(1000);
        for _ in 0..n {
            let tac = scenario.noisy(&mut normal, false);
            let Ok(selection) = select(&tac, &Family::ALL, LU177) else { continue };
            let at = Family::ALL.iter().position(|f| *f == selection.fit().family());
            chosen[at.expect("one of all")] += 1;
            let holds =
                |(low, high): (f64, f64)| usize::from((low..=high).contains(&scenario.truth.tia()));
            covered += holds(selection.tia(&tac).interval_95);
            averaged += holds(selection.averaged(&tac).interval_95);
        }
        let percent = |c: usize| format!("{:.1}", 100.0 * c as f64 / n as f64);
        println!(
            "| {} | {} | {} | {} |",
            family.name(),
            chosen.map(percent).join(" | "),
            percent(covered),
            percent(averaged)
        );
    }
}

/// Coverage of the profile's interval at other noise, with uncertainties from the true and from the measured values.
fn noise(curves: usize) {
    println!(
        "\nCoverage (%) and mean TIA / truth by noise; uncertainties a share of the true or of the measured values"
    );
    println!("| family | noise % | true: covers | TIA / truth | measured: covers | TIA / truth |");
    println!("|---|---|---|---|---|---|");
    for family in Family::ALL {
        for noise in [0.02, 0.10, 0.15] {
            let mut cells = vec![family.name().to_string(), format!("{:.0}", 100.0 * noise)];
            for of in ["true", "measured", "fitted"] {
                let scenario = Scenario { relative_noise: noise, ..scenario(family) };
                let mut normal = Normal(5);
                let (mut covered, mut sum, mut fitted) = (0, 0.0, 0);
                for _ in 0..curves {
                    let mut tac = scenario.noisy(&mut normal, false);
                    if of != "true" {
                        let u: Vec<f64> = tac.values().iter().map(|v| noise * v.max(1.0)).collect();
                        tac = Tac::new(tac.times_s(), tac.values(), &u).expect("valid points");
                    }
                    if of == "fitted" {
                        tac = tac.proportional();
                    }
                    let Ok(found) = fit(&tac, family, LU177) else { continue };
                    let (low, high) = found.tia(&tac).interval_95;
                    covered += usize::from((low..=high).contains(&scenario.truth.tia()));
                    sum += found.curve.tia() / scenario.truth.tia();
                    fitted += 1;
                }
                cells.push(format!("{:.1}", 100.0 * covered as f64 / fitted as f64));
                cells.push(format!("{:.4}", sum / f64::from(fitted)));
            }
            println!("| {} |", cells.join(" | "));
        }
    }
}

/// Total TIA of noisy voxels over the truth: what the chain's choices cost at low counts.
fn voxel_bias() {
    println!(
        "\nTotal TIA / truth of 200,000 noisy voxels (mono, T_eff 50 h; noise constant over time, % of the first value)"
    );
    println!(
        "| noise % | limit 20 % | limit 50 % | physical after it: 50 % | shape only | branches at 50 %, no shape |"
    );
    println!("|---|---|---|---|---|---|");
    let times = [4.0, 24.0, 72.0, 168.0].map(|h| h * 3600.0);
    let k = std::f64::consts::LN_2 / (50.0 * 3600.0);
    let n = 200_000;
    let truth = 1000.0 / k * n as f64;
    let curve = Curve::new(Family::Mono, LU177, &[0.0, (k - LU177).ln()]);
    let shape = UnitShape {
        values: times.iter().map(|t| curve.value_per_tia(*t)).collect(),
        outside: [0.0; 2],
    };
    for noise in [0.02, 0.05, 0.10, 0.20, 0.40, 1.0] {
        let mut normal = Normal(9);
        let maps: Vec<Vec<f32>> = times
            .iter()
            .map(|t| {
                (0..n).map(|_| (1000.0 * ((-k * t).exp() + noise * normal.draw())) as f32).collect()
            })
            .collect();
        let slices: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
        let model = [VoxelNoise { floor: 1000.0 * noise, gain: 0.0, relative: 0.0 }; 4];
        let run = |limit: f64, shape: Option<&UnitShape>, fit_mono: bool| {
            let settings = VoxelSettings {
                decay_constant_per_s: LU177,
                noise: &model,
                max_relative_uncertainty: limit,
                shape,
                assumed: false,
                fit_mono,
            };
            integrate_voxels(&times, &slices, &settings).expect("valid maps")
        };
        let ratio = |r: &VoxelTia| format!("{:.4}", r.tia_by_branch.iter().sum::<f64>() / truth);
        let plain = run(0.5, None, true);
        let cells = [
            ratio(&run(0.2, Some(&shape), true)),
            ratio(&run(0.5, Some(&shape), true)),
            ratio(&plain),
            ratio(&run(0.5, Some(&shape), false)),
            format!("{:?}", plain.counts),
        ];
        println!("| {:.0} | {} |", 100.0 * noise, cells.join(" | "));
    }
}

/// 256^3 voxels, 4 points.
fn speed() {
    let times = [4.0, 24.0, 72.0, 168.0].map(|h| h * 3600.0);
    let n = 256 * 256 * 256;
    let mut normal = Normal(3);
    // Effective rates from 1.5e-6 to 1.2e-5 1/s; a tenth of the voxels is background without activity.
    let noise: Vec<f64> = (0..65_536).map(|_| normal.draw()).collect();
    let map = |i: usize| -> Vec<f32> {
        let value = |j: usize| {
            let k = 1.5e-6 + 1e-5 * ((j % 1009) as f64 / 1009.0);
            let clean = if j.is_multiple_of(10) { 0.0 } else { 1e4 * (-k * times[i]).exp() };
            (clean + (200.0 + 0.1 * clean) * noise[(j * 7 + i * 13) % 65_536]) as f32
        };
        (0..n).map(value).collect()
    };
    let maps: Vec<Vec<f32>> = (0..4).map(map).collect();
    let slices: Vec<&[f32]> = maps.iter().map(Vec::as_slice).collect();
    let noise = [VoxelNoise { floor: 200.0, gain: 0.0, relative: 0.1 }; 4];
    let settings = VoxelSettings {
        decay_constant_per_s: LU177,
        noise: &noise,
        max_relative_uncertainty: 0.5,
        shape: None,
        assumed: false,
        fit_mono: true,
    };
    let start = Instant::now();
    match integrate_voxels(&times, &slices, &settings) {
        Ok(result) => println!(
            "\nVoxel fit of 256^3 voxels, 4 points: {:.2} s on {} threads; {:?}",
            start.elapsed().as_secs_f64(),
            rayon::current_num_threads(),
            result.counts
        ),
        Err(error) => println!("{error}"),
    }
}
