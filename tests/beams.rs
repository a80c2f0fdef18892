//! Sources from outside: where a beam's particles start and fly, what it must be whatever the physics (its books, rotations of a cube, densities at equal
//! mass thickness), and what it must be by others' numbers (attenuation by XCOM).

use std::sync::atomic::AtomicBool;

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;
use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::physics::chain::chain;
use voxgray::physics::tissues::named_material;
use voxgray::source::{Beam, DecaySpectrum, Field, parse_source, read_spectrum};
use voxgray::stats::chi_squared_exceeded;
use voxgray::transport::build::{PlanInput, build_beam_plan};
use voxgray::transport::escapes::{EXITS, FACES, MISSED, face};
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{RunSettings, Silent, run};
use voxgray::transport::settings::{PhotonEstimator, Settings};
use voxgray::transport::tally::Tally;
use voxgray::transport::trace::{position_mm, trace};

/// Probability by which a test that is right would fail.
const ALPHA: f64 = 1e-4;

fn water() -> Material {
    named_material("water").expect("built in").material.clone()
}

fn beam(text: &str) -> Beam {
    text.parse().expect("a beam")
}

/// A plan of one material.
fn plan_in(grid: &Grid, of: &Material, density: &[f32], source: &str, from: &Beam) -> Plan {
    let decay = if source.contains(':') {
        parse_source(source).expect("a source")
    } else {
        nuclide(source)
    };
    plan_of(grid, of, density, &decay, from, &Settings::default())
}

fn plan_of(
    grid: &Grid,
    of: &Material,
    density: &[f32],
    decay: &DecaySpectrum,
    from: &Beam,
    settings: &Settings,
) -> Plan {
    let input = PlanInput {
        grid,
        density,
        material: &vec![0; grid.len()],
        materials: std::slice::from_ref(of),
        activity: &[],
        decay,
        settings,
        radial: None,
    };
    build_beam_plan(&input, from).expect("a plan")
}

fn nuclide(name: &str) -> DecaySpectrum {
    DecaySpectrum::from_chain(&chain(name, None, 1.0).expect("carried")).expect("modelled")
}

fn go(plan: &Plan, histories: u64, batches: u32) -> Tally {
    let settings = RunSettings { threads: 2, ..RunSettings::with_histories(histories, batches) };
    run(plan, &settings, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run").tally
}

/// Chi-squared of counts against probabilities that add up to one; the test's probability.
fn agree(what: &str, counts: &[u64], probabilities: &[f64]) {
    let n = counts.iter().sum::<u64>() as f64;
    let whole: f64 = probabilities.iter().sum();
    assert!((whole - 1.0).abs() < 1e-9, "{what}: {whole}");
    let term = |(c, p): (&u64, &f64)| (*c as f64 - n * p).powi(2) / (n * p);
    let chi2: f64 = counts.iter().zip(probabilities).map(term).sum();
    let p = chi_squared_exceeded(chi2, counts.len() as f64 - 1.0);
    println!("{what}: chi-squared {chi2:.1} of {} classes, p {p:.4}", counts.len());
    assert!(p > ALPHA, "{what}: {counts:?} {chi2}");
}

/// The first interactions of a parallel photon beam lie at depth x with density mu' exp(-mu' x), mu' the attenuation with coherent scattering over the
/// cosine of the angle. Attenuation coefficients: NIST XCOM as tabulated in NISTIR 5632 (Hubbell & Seltzer), cm2/g.
#[test]
fn first_interactions_of_photons_follow_xcom() {
    let aluminium = Material::new("aluminium", 2.699, &[(13, 1.0)], 166.0).expect("aluminium");
    let cases = [
        ("water", water(), 1.0, "photon:100keV", 0.1707, 0.0_f64),
        ("water, 60 degrees", water(), 1.0, "photon:1MeV", 0.070_72, 60.0),
        ("aluminium, 30 degrees", aluminium, 2.699, "photon:60keV", 0.2778, 30.0),
    ];
    for (name, material, density, source, mu_over_rho, degrees) in cases {
        // A metre wide, half a metre deep, layers of 2 cm.
        let grid = Grid::aligned([1, 1, 25], [0.0, 0.0, 10.0], [4000.0, 4000.0, 20.0]);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let plan =
            plan_in(&grid, &material, &[density; 25], source, &Beam::pencil([sin, 0.0, cos]));
        let mu = mu_over_rho * f64::from(density) / cos;
        let edges: Vec<f64> = (0..=16).map(|n| -(1.0 - f64::from(n) / 17.0).ln() / mu).collect();
        let mut counts = vec![0_u64; 17];
        for history in 0..20_000 {
            let trace = trace(&plan, history, 20_000);
            let mut events = trace.events();
            let start = events.next().expect("a start");
            let at = position_mm(&plan, &start.particle);
            assert!(at[2].abs() < 1e-4, "{name}: {at:?}");
            let first = events.next().expect("an event");
            let depth = match first.name {
                "escape" => f64::INFINITY,
                _ => position_mm(&plan, &first.particle)[2] / 10.0,
            };
            let class = edges.partition_point(|e| *e <= depth).max(1) - 1;
            counts[class] += 1;
        }
        agree(name, &counts, &[1.0 / 17.0; 17]);
    }
}

/// A field starts its particles uniformly over its area, square to the axis; a cone sends them uniformly over its solid angle.
#[test]
fn fields_and_cones_are_uniform() {
    const HISTORIES: u64 = 20_000;
    let grid = Grid::aligned([40, 40, 2], [-39.0, -39.0, 1.0], [2.0, 2.0, 2.0]);
    let density = vec![1.0; grid.len()];
    let start = |plan: &Plan, history| {
        let trace = trace(plan, history, HISTORIES);
        let start = trace.events().next().expect("a start").particle;
        (position_mm(plan, &start), start.direction)
    };
    // A rectangle turned by its side, which lies in the grid's face.
    let from = beam("direction=0,0,1; at=3,-2,-50mm; field=20x10mm; side=1,1,0");
    let plan = plan_in(&grid, &water(), &density, "alpha:5MeV", &from);
    let mut counts = vec![0; 32];
    for history in 0..HISTORIES {
        let ([x, y, z], d) = start(&plan, history);
        assert!(z.abs() < 1e-5 && d == [0.0, 0.0, 1.0], "{z} {d:?}");
        let (x, y) = (x - 3.0, y + 2.0);
        let half = 0.5_f64.sqrt();
        let (u, v) = ((x + y) * half / 20.0 + 0.5, (y - x) * half / 10.0 + 0.5);
        assert!((-1e-6..1.0 + 1e-6).contains(&u) && (-1e-6..1.0 + 1e-6).contains(&v), "{u} {v}");
        counts[((u * 8.0) as usize).min(7) * 4 + ((v * 4.0) as usize).min(3)] += 1;
    }
    agree("rectangle", &counts, &[1.0 / 32.0; 32]);
    // A disc: uniform in the square of the radius and in the angle.
    let from = beam("direction=0,0,1; disc=30mm");
    let plan = plan_in(&grid, &water(), &density, "alpha:5MeV", &from);
    let mut counts = vec![0; 32];
    for history in 0..HISTORIES {
        let ([x, y, _], _) = start(&plan, history);
        let (r2, turn) = ((x * x + y * y) / 225.0, y.atan2(x) / std::f64::consts::TAU + 0.5);
        assert!(r2 < 1.0 + 1e-5);
        counts[((r2 * 4.0) as usize).min(3) * 8 + ((turn * 8.0) as usize).min(7)] += 1;
    }
    agree("disc", &counts, &[1.0 / 32.0; 32]);
    // A cone: uniform in the cosine, down to that of its edge, and in the angle round the axis.
    let from = beam("direction=0,0,1; at=0,0,-10mm; cone=50deg");
    let plan = plan_in(&grid, &water(), &density, "alpha:5MeV", &from);
    let mut counts = vec![0; 40];
    let edge = 1.0 - 50.0_f64.to_radians().cos();
    for history in 0..HISTORIES {
        let ([x, y, _], d) = start(&plan, history);
        let [u, v, w] = d.map(f64::from);
        assert!((x - 10.0 * u / w).abs() < 1e-3 && (y - 10.0 * v / w).abs() < 1e-3);
        let (depth, turn) = ((1.0 - w) / edge, v.atan2(u) / std::f64::consts::TAU + 0.5);
        assert!((-1e-6..1.0 + 1e-5).contains(&depth), "{depth}");
        counts[((depth * 5.0) as usize).min(4) * 8 + ((turn * 8.0) as usize).min(7)] += 1;
    }
    agree("cone", &counts, &[1.0 / 40.0; 40]);
}

/// What misses the grid: the part of a field beside it, and the part of a cone outside of the solid angle of its face,
/// 4 arcsin(a b / sqrt((a^2 + d^2)(b^2 + d^2))) for half sides a, b at distance d (empty grid: all the rest leaves through faces).
#[test]
fn what_misses_the_grid_is_counted_and_in_the_books() {
    let grid = Grid::aligned([8, 8, 1], [-7.0, -7.0, 10.0], [2.0, 2.0, 20.0]);
    let (a, d): (f64, f64) = (8.0, 30.0);
    let solid = 4.0 * (a * a / (a * a + d * d)).asin();
    let cone = std::f64::consts::TAU * (1.0 - 40.0_f64.to_radians().cos());
    for (text, missed) in [
        ("direction=0,0,1; at=0,0,-30mm; field=32x40mm", 1.0 - 256.0 / 1280.0),
        ("direction=0,0,1; at=8,0,-30mm; disc=10mm", 0.5),
        ("direction=0,0,1; at=0,0,-30mm; cone=40deg", 1.0 - solid / cone),
    ] {
        for (source, kind) in [("photon:0.5MeV", 0), ("positron:0.5MeV", 2), ("alpha:5MeV", 3)] {
            let plan = plan_in(&grid, &water(), &[0.0; 64], source, &beam(text));
            let tally = go(&plan, 20_000, 10);
            let past = tally.escape_mean(&[(MISSED, kind)]);
            let sigma = (missed * (1.0 - missed) / 20_000.0).sqrt();
            assert!(
                (past.particles - missed).abs() < 4.0 * sigma,
                "{text} {source}: {past:?} {missed}"
            );
            let all: Vec<_> = (0..EXITS).map(|exit| (exit, kind)).collect();
            assert!((tally.escape_mean(&all).particles - 1.0).abs() < 1e-12, "{text} {source}");
            assert_eq!(tally.ledger.escaped_units, tally.ledger.emitted_units);
            assert_eq!(tally.ledger.escapes.units(), u128::from(tally.ledger.escaped_units));
        }
    }
}

/// A pencil through the middle of a grid enters it, wherever rounding puts the face that it enters through, and where that is an edge or a corner.
#[test]
fn pencils_through_the_middle_of_a_grid_enter_it() {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(5);
    for n in 0..60 {
        let mut draw = |low: f64, high: f64| {
            low + (high - low) * f64::from(rng.next_u32()) / f64::from(u32::MAX)
        };
        let spacing = (100.0 * draw(0.8, 6.0)).round() / 100.0;
        let origin = [0; 3].map(|_| (10.0 * draw(-300.0, 300.0)).round() / 10.0);
        let dims = [[6; 3], [5, 8, 3]][n % 2];
        let grid = Grid::aligned(dims, origin, [spacing; 3]);
        let density = vec![0.0; grid.len()];
        for direction in
            ["0,0,-1", "0,0,1", "-1,0,0", "-1,1,0", "1,-1,-1", "0,1,-1", "0.3,-0.2,-0.9"]
        {
            let text = format!("direction={direction}");
            let plan = plan_in(&grid, &water(), &density, "alpha:5MeV", &beam(&text));
            let tally = go(&plan, 4, 2);
            let place = format!("{text} on {dims:?} at {origin:?} of {spacing} mm");
            let missed = tally.escape_mean(&[(MISSED, 3)]);
            assert_eq!(missed.particles, 0.0, "{place}");
            // Along an axis that it does not go it stays, also between two voxels.
            for (axis, d) in direction.split(',').enumerate().filter(|d| d.1 == "0") {
                for side in [face(axis, false), face(axis, true)] {
                    let left = tally.escape_mean(&[(side, 3)]).particles;
                    assert_eq!(left, 0.0, "{place}, {d} {axis}");
                }
            }
        }
    }
}

/// Energy in = out to the tally's rounding for beams of all particles and of a nuclide; what leaves by face adds up to what escaped, to the unit;
/// threads and shards change no bit.
#[test]
fn books_balance_and_bits_do_not_depend_on_threads_or_shards() {
    let grid = Grid::aligned([6, 5, 4], [0.0; 3], [3.0, 4.0, 5.0]);
    let density: Vec<f32> = (0..grid.len()).map(|v| [0.001_2, 0.26, 1.0][v % 3]).collect();
    let wide = "direction=1,2,3; at=-20,-30,-60mm; field=40x60mm; cone=10deg";
    for source in
        ["electron:1MeV", "photon:2MeV", "positron:1MeV", "alpha:6MeV", "P-32", "Ac-225", "I-131"]
    {
        for photons in [PhotonEstimator::Analog, PhotonEstimator::Kerma] {
            let decay =
                if source.contains(':') { parse_source(source).unwrap() } else { nuclide(source) };
            let settings = Settings { photons, ..Settings::default() };
            let plan = plan_of(&grid, &water(), &density, &decay, &beam(wide), &settings);
            let tally = go(&plan, 3000, 3);
            let ledger = &tally.ledger;
            assert!(ledger.imbalance().abs() < 1e-6, "{source}: {}", ledger.imbalance());
            assert_eq!(ledger.escapes.units(), u128::from(ledger.escaped_units), "{source}");
            let missed = ledger.escapes.0[MISSED].iter().map(|e| e.particles).sum::<u64>();
            assert!(
                ledger.imparted_units > 0 && missed > 0 && ledger.histories == 3000,
                "{source}"
            );
            tally.check().expect("agrees with itself");
            let part = |shard, threads| {
                let cut = RunSettings {
                    threads,
                    shard,
                    shards: 2,
                    ..RunSettings::with_histories(3000, 3)
                };
                run(&plan, &cut, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run").tally
            };
            let mut merged = part(1, 1);
            merged.merge(&part(0, 3)).expect("parts of one run");
            assert_eq!(merged, tally, "{source}");
        }
    }
}

/// A cube of water under the 24 rotations of a cube: the same beam from each side imparts the same energy, and leaves through the turned faces.
#[test]
fn a_beam_does_not_care_how_a_cube_lies() {
    const HISTORIES: u64 = 2500;
    let grid = Grid::aligned([5; 3], [-4.0; 3], [2.0; 3]);
    let density = vec![1.0; grid.len()];
    let (direction, at) = ([0.3, 0.2, 0.9], [-4.0, 1.0, -20.0]);
    let permutations = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2]];
    let mut imparted = Vec::new();
    let mut left = vec![Vec::new(); FACES];
    for (n, of) in permutations.into_iter().enumerate() {
        for signs in 0..8_u32 {
            let sign = |k: usize| if signs >> k & 1 == 0 { 1.0 } else { -1.0 };
            let flips = (0..3).filter(|k| sign(*k) < 0.0).count();
            // A rotation: an even permutation with an even number of flips, or an odd one with an odd number.
            if (n >= 3) != (flips % 2 == 1) {
                continue;
            }
            let turn = |v: [f64; 3]| -> [f64; 3] {
                let mut out = [0.0; 3];
                (0..3).for_each(|k| out[of[k]] = sign(k) * v[k]);
                out
            };
            let mut from = Beam::pencil(turn(direction));
            from.at_mm = Some(turn(at));
            from.field = Field::Disc(3.0);
            let mut plan = plan_in(&grid, &water(), &density, "electron:1.5MeV", &from);
            plan.params.seed = [signs, n as u32];
            let tally = go(&plan, HISTORIES, 25);
            imparted.push(tally.region_mev(&[0]));
            for k in 0..3 {
                for forward in [false, true] {
                    let turned = face(of[k], forward == (sign(k) > 0.0));
                    let e = tally.escape_mean(&[(turned, 1)]);
                    left[face(k, forward)].push((e.mev, e.mev_error));
                }
            }
        }
    }
    assert_eq!(imparted.len(), 24);
    // A face that a run's batches hardly reach has no error to judge by.
    left.retain(|values| values.iter().all(|v| v.1 > 0.0));
    assert!(left.len() >= 3, "{}", left.len());
    for (what, values) in
        std::iter::once(("imparted", &imparted)).chain(left.iter().map(|v| ("left", v)))
    {
        let weights: f64 = values.iter().map(|v| v.1.powi(-2)).sum();
        let mean = values.iter().map(|v| v.0 * v.1.powi(-2)).sum::<f64>() / weights;
        // Errors from 25 batches are Student's: z by its variance (n - 1)/(n - 3).
        let chi2: f64 =
            values.iter().map(|v| ((v.0 - mean) / v.1).powi(2)).sum::<f64>() * 22.0 / 24.0;
        let p = chi_squared_exceeded(chi2, values.len() as f64 - 1.0);
        println!("{what}: {mean:.5} MeV, chi-squared {chi2:.1} of 23, p {p:.4}");
        assert!(mean > 0.0 && p > ALPHA, "{what}: {chi2}");
    }
}

/// Fano's theorem for a beam: in a medium of one composition the fluence at a depth of so much mass per area does not depend on how density varies with
/// depth. Layers of 0.03 g/cm2 of water at 1 g/cm3, and at 4, 0.25 and 1 g/cm3 in turn, get the same energy.
#[test]
fn layers_of_equal_mass_get_equal_energy_whatever_their_density() {
    const LAYERS: usize = 12;
    let energy_of = |densities: &dyn Fn(usize) -> f32, seed: u32| -> Vec<(f64, f64)> {
        // Voxels have one thickness: a layer of 0.03 g/cm2 at density d is 0.12/d voxels of 0.25 cm.
        let mut density = Vec::new();
        let mut layer = Vec::new();
        for n in 0..LAYERS {
            let d = densities(n);
            let voxels = (0.03 / d / 0.007_5).round() as usize;
            density.extend(vec![d; voxels]);
            layer.extend(vec![n as u16 + 1; voxels]);
        }
        let grid = Grid::aligned([1, 1, density.len()], [0.0; 3], [2000.0, 2000.0, 0.075]);
        let from = Beam::pencil([0.5, 0.0, 0.8]);
        let mut plan = plan_in(&grid, &water(), &density, "electron:1MeV", &from);
        plan.params.seed = [seed, 17];
        let settings = RunSettings { threads: 2, ..RunSettings::with_histories(30_000, 30) };
        let tally =
            run(&plan, &settings, &layer, LAYERS, &Silent, &AtomicBool::new(false)).expect("a run");
        (1..=LAYERS).map(|n| tally.tally.region_mev(&[n])).collect()
    };
    let even = energy_of(&|_| 1.0, 1);
    let uneven = energy_of(&|n| [4.0, 0.25, 1.0][n % 3], 2);
    let mut chi2 = 0.0;
    for (a, b) in even.iter().zip(&uneven) {
        let z = (a.0 - b.0) / a.1.hypot(b.1);
        println!("{:.5} {:.5} z {z:+.2}", a.0, b.0);
        chi2 += z * z;
    }
    let p = chi_squared_exceeded(chi2, LAYERS as f64);
    assert!(p > ALPHA, "chi-squared {chi2} of {LAYERS}");
}

/// A grid and a beam that are turned together are the same problem: the beam's numbers along the grid's axes agree.
#[test]
fn an_oblique_grid_sees_the_same_beam() {
    let straight = Grid::aligned([4, 5, 6], [0.0; 3], [2.0, 3.0, 4.0]);
    // Axes turned by the rotation with columns (3, 4, 0)/5, (-4, 3, 0)/5, z.
    let turn = |v: [f64; 3]| [0.6 * v[0] - 0.8 * v[1], 0.8 * v[0] + 0.6 * v[1], v[2]];
    let oblique = Grid {
        dims: straight.dims,
        origin_mm: turn(straight.origin_mm),
        axes_mm: straight.axes_mm.map(turn),
    };
    let mut from = beam("direction=1,-2,3; at=-5,20,-30mm; field=4x6mm; side=1,0,0; cone=5deg");
    let density = vec![1.0; straight.len()];
    let a = plan_in(&straight, &water(), &density, "electron:1MeV", &from);
    (from.direction, from.at_mm) = (turn(from.direction), from.at_mm.map(turn));
    from.side = from.side.map(turn);
    let b = plan_in(&oblique, &water(), &density, "electron:1MeV", &from);
    let at = a.params.offsets.beam as usize;
    for (x, y) in a.tables[at..at + 16].iter().zip(&b.tables[at..at + 16]) {
        assert!((x - y).abs() < 1e-5, "{x} {y}");
    }
}

/// A spectrum from a file is sampled as it stands there: number, mean energy and spread of what a beam of it sends through an empty box.
#[test]
fn a_spectrum_from_a_file_is_emitted_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bins.csv");
    let text = "particle,energy_low_keV,energy_high_keV,yield\nelectron,100,300,0.6\nelectron,800,800,0.9\nphoton,50,60,0.2\n";
    std::fs::write(&path, text).expect("written");
    let decay = read_spectrum(&path).expect("a spectrum").spectrum;
    let grid = Grid::aligned([1; 3], [0.0; 3], [10.0; 3]);
    let from = Beam::pencil([0.0, 1.0, 0.0]);
    let plan = plan_of(&grid, &water(), &[0.0], &decay, &from, &Settings::default());
    let tally = go(&plan, 40_000, 40);
    // Sums of independent particles: 1.5 electrons (one, or two in half of the decays), 0.2 photons.
    for (kind, number, mev) in [(1, 1.5, 0.6 * 0.2 + 0.9 * 0.8), (0, 0.2, 0.2 * 0.055)] {
        let e = tally.escape_mean(&[(face(1, true), kind)]);
        assert!((e.particles - number).abs() < 4.0 * e.particles_error, "{e:?}");
        assert!((e.mev - mev).abs() < 4.0 * e.mev_error, "{e:?} {mev}");
        assert!(e.mev_error < 0.03 * mev);
    }
}

#[test]
fn what_is_no_beam_problem_is_refused() {
    let grid = Grid::aligned([2; 3], [0.0; 3], [10.0; 3]);
    let decay = parse_source("electron:1MeV").expect("a source");
    let radial = voxgray::transport::build::RadialScoring { radii_cm: vec![0.1] };
    let input = PlanInput {
        grid: &grid,
        density: &[1.0; 8],
        material: &[0; 8],
        materials: &[water()],
        activity: &[],
        decay: &decay,
        settings: &Settings::default(),
        radial: None,
    };
    let refused =
        |input: &PlanInput, beam: &Beam| build_beam_plan(input, beam).unwrap_err().to_string();
    let mut past = Beam::pencil([0.0, 0.0, 1.0]);
    past.at_mm = Some([50.0, 0.0, -10.0]);
    assert!(refused(&input, &past).contains("misses the grid"));
    assert!(refused(&input, &Beam::pencil([0.0; 3])).contains("no length"));
    let shells = PlanInput { radial: Some(&radial), ..input };
    assert!(refused(&shells, &Beam::pencil([0.0, 0.0, 1.0])).contains("scoring in shells"));
    let mut plan = build_beam_plan(&input, &Beam::pencil([0.0, 0.0, 1.0])).expect("a plan");
    assert!(plan.set_activity(&[1.0; 8]).unwrap_err().to_string().contains("plan of a beam"));
}
