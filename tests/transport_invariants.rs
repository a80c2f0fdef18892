//! What must hold for every run whatever the physics: energy is conserved, bits do not depend on threads or shards, any
//! history can be replayed alone, switches that only save time change nothing but noise, and odd grids do no harm.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use voxgray::constants::ELECTRON_MASS_MEV;
use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::physics::chain::chain;
use voxgray::physics::tissues::named_material;
use voxgray::source::{DecaySpectrum, Emission, Particle, parse_source};
use voxgray::stats::chi_squared_exceeded;
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::escapes::{FACES, KINDS, face};
use voxgray::transport::layout::{
    FLAG_KERMA, FLAG_POINT_SOURCE, pack_voxel, voxel_density, voxel_material,
};
use voxgray::transport::ledger::Ledger;
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{Outcome, RunSettings, Silent, run};
use voxgray::transport::settings::Settings;
use voxgray::transport::tally::{Origin, Tally};
use voxgray::transport::tally_origins::OriginSums;
use voxgray::transport::trace::trace;

/// PHYSICS.md: imparted + escaped + cut = emitted.
const IMBALANCE: f64 = 1e-6;
/// Voxels along each side of the phantom.
const SIDE: usize = 16;

fn materials() -> Vec<Material> {
    ["air", "lung", "water", "cortical_bone"]
        .map(|name| named_material(name).expect("built in").material.clone())
        .to_vec()
}

/// Density (g/cm3) and material of a voxel of the phantom: air, a lung, water with a slab of bone.
fn matter([i, j, k]: [usize; 3]) -> (f32, u8) {
    match (i, j, k) {
        (0..6, ..) => (0.001_204_79, 0),
        (6..10, ..) => (0.26, 1),
        (_, _, 7..9) => (1.92, 3),
        _ => (1.0, 2),
    }
}

/// The phantom with activity everywhere (most in its middle), air included.
fn phantom(decay: &DecaySpectrum, settings: &Settings) -> Plan {
    let grid = Grid::aligned([SIDE; 3], [-30.0, -30.0, 5.0], [4.0; 3]);
    let cells: Vec<(f32, u8)> = (0..grid.len()).map(|v| matter(grid.unlinear(v))).collect();
    let density: Vec<f32> = cells.iter().map(|c| c.0).collect();
    let material: Vec<u8> = cells.iter().map(|c| c.1).collect();
    let activity: Vec<f64> = (0..grid.len())
        .map(|v| 1.0 + grid.unlinear(v).iter().map(|&i| (i * (SIDE - 1 - i)) as f64).sum::<f64>())
        .collect();
    build_plan(&PlanInput {
        grid: &grid,
        density: &density,
        material: &material,
        materials: &materials(),
        activity: &activity,
        decay,
        settings,
        radial: None,
    })
    .expect("a valid plan")
}

/// The phantom's plan of a nuclide at the default settings, built once.
fn plan_of(name: &'static str) -> Plan {
    static PLANS: Mutex<Vec<(&str, Plan)>> = Mutex::new(Vec::new());
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, plan)) = plans.iter().find(|p| p.0 == name) {
        return plan.clone();
    }
    let plan = phantom(&nuclide(name), &Settings::default());
    plans.push((name, plan.clone()));
    plan
}

fn nuclide(name: &str) -> DecaySpectrum {
    DecaySpectrum::from_chain(&chain(name, None, 1.0).expect("carried")).expect("modelled")
}

fn go(plan: &Plan, histories: u64, batches: u32, threads: usize) -> Outcome {
    let mut settings = RunSettings::with_histories(histories, batches);
    settings.threads = threads;
    run(plan, &settings, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run")
}

fn seeded(plan: &Plan, seed: u32) -> Plan {
    let mut plan = plan.clone();
    plan.params.seed = [seed, 0];
    plan
}

fn with_flag(plan: &Plan, flag: u32, on: bool) -> Plan {
    let mut plan = plan.clone();
    plan.params.flags = if on { plan.params.flags | flag } else { plan.params.flags & !flag };
    plan
}

fn total_units(tally: &Tally) -> u64 {
    tally.by_origin().expect("by origin").sums.iter().flatten().flatten().sum()
}

#[test]
fn energy_is_conserved_for_every_kind_of_source() {
    for name in ["Lu-177", "Y-90", "I-131", "F-18", "Ac-225"] {
        let decay = nuclide(name);
        let plan = plan_of(name);
        for kerma in [false, true] {
            let plan = with_flag(&plan, FLAG_KERMA, kerma);
            let tally = go(&plan, 6_000, 3, 2).tally;
            let ledger = &tally.ledger;
            println!("{name}, kerma {kerma}: imbalance {:+.1e}, {ledger:?}", ledger.imbalance());
            assert!(ledger.imbalance().abs() < IMBALANCE, "{name}: {}", ledger.imbalance());
            let caps = [ledger.segment_caps, ledger.stack_overflows, ledger.rejection_caps];
            assert_eq!(caps, [0; 3], "{name}");
            assert!(ledger.escaped_units > 0 && ledger.imparted_units > 0);
            // What left by face and particle is what left, to the last unit.
            assert_eq!(ledger.escapes.units(), u128::from(ledger.escaped_units), "{name}");
            if !kerma {
                // What the books call imparted is what the voxels hold, to the last unit.
                assert_eq!(total_units(&tally), ledger.imparted_units + ledger.cut_units, "{name}");
            }
            // Emitted energy per decay: the source's, within 5 standard errors of its batches (a bound from the
            // spread of one decay: less than its mean energy plus the largest particle's).
            let expected: f64 =
                Particle::ALL.iter().map(|&p| decay.group(p).energy_per_decay_mev()).sum::<f64>()
                    + 2.0 * 0.510_999 * decay.positrons.yield_per_decay;
            let emitted = Ledger::mev(ledger.emitted_units) / tally.histories() as f64;
            let largest = Particle::ALL.iter().map(|&p| decay.group(p).max_energy_mev());
            let spread = largest.fold(0.0, f64::max) + expected;
            let bar = 5.0 * spread / (tally.histories() as f64).sqrt();
            assert!((emitted - expected).abs() < bar, "{name}: {emitted} not {expected}");
        }
    }
}

/// From the middle of an empty box, particles leave through each face by its solid angle, 4 arctan(b c / (a sqrt(a^2 + b^2 + c^2))) for a face at
/// distance a with half sides b and c, and take all of their energy along.
#[test]
fn what_leaves_an_empty_box_leaves_by_solid_angle() {
    let half: [f64; 3] = [10.0, 17.0, 26.0];
    let grid = Grid::aligned([1; 3], [0.0; 3], half.map(|h| 2.0 * h));
    let mut of_faces = [0.0; FACES];
    for axis in 0..3 {
        let [a, b, c] = [0, 1, 2].map(|k| half[(axis + k) % 3]);
        let solid = 4.0 * (b * c / (a * (a * a + b * b + c * c).sqrt())).atan();
        for forward in [false, true] {
            of_faces[face(axis, forward)] = solid / (4.0 * std::f64::consts::PI);
        }
    }
    assert!((of_faces.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    for (source, kind) in [("photon:0.5MeV", 0), ("electron:0.5MeV", 1), ("alpha:5MeV", 3)] {
        let mut plan = build_plan(&PlanInput {
            grid: &grid,
            density: &[0.0],
            material: &[0],
            materials: &materials()[..1],
            activity: &[1.0],
            decay: &parse_source(source).expect("a source"),
            settings: &Settings::default(),
            radial: None,
        })
        .expect("a plan");
        plan.params.flags |= FLAG_POINT_SOURCE;
        let tally = go(&plan, 60_000, 6, 2).tally;
        let mev = f64::from(plan.source_entries[0].energy);
        let mut chi2 = 0.0;
        for (n, expected) in of_faces.iter().enumerate() {
            let left = tally.escape_mean(&[(n, kind)]);
            assert!((left.mev - left.particles * mev).abs() < 1e-9 * mev, "{source}: {left:?}");
            // A batch is a binomial sample: its error is known.
            let sigma = (expected * (1.0 - expected) / 60_000.0).sqrt();
            assert!((0.3..2.0).contains(&(left.particles_error / sigma)), "{source}: {left:?}");
            chi2 += 60_000.0 * (left.particles - expected).powi(2) / expected;
        }
        let p = chi_squared_exceeded(chi2, 5.0);
        println!("{source}: chi-squared {chi2:.2} of 5, p {p:.4}");
        assert!(p > 1e-4, "{source}: {chi2}");
        assert_eq!(tally.ledger.escapes.units(), u128::from(tally.ledger.escaped_units));
        assert_eq!(tally.escape_means().len(), FACES, "no other particle leaves");
    }
}

/// Kinds add up, faces too: all that leaves together is what the books call escaped, less the rest energy of positrons.
#[test]
fn escapes_of_faces_and_kinds_together_are_what_escaped() {
    let tally = go(&plan_of("F-18"), 6_000, 3, 2).tally;
    let all: Vec<(usize, u32)> =
        (0..FACES).flat_map(|f| KINDS.map(|(kind, _)| (f, kind))).collect();
    let together = tally.escape_mean(&all);
    let apart: f64 = tally.escape_means().iter().map(|e| e.mev).sum();
    assert!((together.mev - apart).abs() < 1e-12 * apart);
    let positrons: u64 = tally.ledger.escapes.0.iter().map(|f| f[2].particles).sum();
    assert!(positrons > 0, "some leave the air");
    let rest = 2.0 * ELECTRON_MASS_MEV * positrons as f64;
    let escaped = (Ledger::mev(tally.ledger.escaped_units) - rest) / tally.histories() as f64;
    assert!((together.mev / escaped - 1.0).abs() < 1e-9, "{} not {escaped}", together.mev);
    assert!(together.mev_error > 0.0 && together.particles_error > 0.0);
}

#[test]
fn origins_sum_to_the_whole() {
    let plan = plan_of("Ac-225");
    let tally = go(&plan, 2_000, 2, 1).tally;
    let sum_of = |o: Origin| tally.of_origin(o).expect("scored").iter().sum::<u64>();
    let parts = [Origin::Electron, Origin::Photon, Origin::Alpha].map(sum_of);
    assert!(parts.iter().all(|&p| p > 0), "{parts:?}");
    let regions: u64 = tally.regions.iter().flat_map(|r| &r.units).sum();
    assert_eq!(parts.iter().sum::<u64>(), regions);
    for voxel in [0, 1000, 2345, 4095] {
        let each = [Origin::Electron, Origin::Photon, Origin::Alpha];
        let sum: f64 = each.iter().map(|&o| tally.mean_mev_of(o, voxel)).sum();
        assert!((sum - tally.mean_mev(voxel)).abs() <= 1e-12 * sum);
    }
    // A source without alphas keeps no alpha tally.
    let plan = phantom(&parse_source("electron:0.3MeV").expect("a source"), &Settings::default());
    assert_eq!(plan.origins, [true, false, false]);
}

#[test]
fn bits_do_not_depend_on_threads_or_shards() {
    let plan = plan_of("Lu-177");
    let labels: Vec<u16> = plan.voxels.iter().map(|&w| voxel_material(w) as u16).collect();
    let mut settings = RunSettings::with_histories(60_000, 6);
    let mut tally = |threads: usize, shard: u32, shards: u32| {
        (settings.threads, settings.shard, settings.shards) = (threads, shard, shards);
        let stop = AtomicBool::new(false);
        run(&plan, &settings, &labels, 3, &Silent, &stop).expect("a run").tally
    };
    let whole = tally(1, 0, 1);
    assert_eq!(whole.batches(), 6);
    for threads in [2, 7] {
        assert!(tally(threads, 0, 1) == whole, "{threads} threads give other bits");
    }
    let mut merged = tally(2, 1, 3);
    merged.merge(&tally(1, 2, 3)).expect("another shard");
    merged.merge(&tally(7, 0, 3)).expect("another shard");
    assert!(merged == whole, "3 shards merged are not the whole");
}

/// Mean and variance of `(a - b)/sigma` over voxels known to `most` relative standard error, their number, and the relative
/// difference of the totals.
fn z_map(a: &Tally, b: &Tally, most: f64) -> (f64, f64, f64) {
    let z: Vec<f64> = (0..a.voxels)
        .filter_map(|v| {
            let (x, y) = (a.mean_mev(v), b.mean_mev(v));
            let (sx, sy) = (a.standard_error_mev(v), b.standard_error_mev(v));
            let known = sx > 0.0 && sy > 0.0 && sx < most * x && sy < most * y;
            known.then(|| (x - y) / (sx * sx + sy * sy).sqrt())
        })
        .collect();
    let n = z.len() as f64;
    let mean = z.iter().sum::<f64>() / n;
    let variance = z.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / (n - 1.0);
    (mean, variance, n)
}

/// Two runs of the same expectation. With `b` batches in each, z follows Student's t with about 2 (b - 1) degrees of freedom.
fn agree(what: &str, a: &Tally, b: &Tally) {
    let (mean, variance, n) = z_map(a, b, 0.15);
    let nu = 2.0 * (a.batches() as f64 - 1.0);
    let expected = nu / (nu - 2.0);
    // Variance of a t variate's square: kurtosis 3 + 6/(nu - 4). Neighbouring voxels share tracks: n/2 of them count.
    let width = expected * ((2.0 + 6.0 / (nu - 4.0)) / (0.5 * n)).sqrt();
    println!(
        "{what}: {n} voxels, mean z {mean:+.3}, variance {variance:.3} (expected {expected:.3} +- {width:.3})"
    );
    assert!(n > 1000.0, "{what}: only {n} voxels are known well enough");
    assert!(mean.abs() < 4.0 / (0.5 * n).sqrt(), "{what}: mean z {mean}");
    assert!((variance - expected).abs() < 4.0 * width, "{what}: variance {variance}");
}

#[test]
fn seeds_rejection_and_majorants_change_nothing_but_noise() {
    let plan = plan_of("I-131");
    let tally = |plan: &Plan| go(plan, 120_000, 30, 2).tally;
    let base = tally(&plan);
    agree("another seed", &base, &tally(&seeded(&plan, 77)));

    let mut no_rejection = seeded(&plan, 78);
    no_rejection.params.settle_energy = -1.0;
    let slow = tally(&no_rejection);
    agree("without range rejection", &base, &slow);
    assert!(slow.ledger.lepton_segments > base.ledger.lepton_segments, "rejection saves nothing");
    assert!(slow.ledger.imbalance().abs() < IMBALANCE);
    // The books agree too. An electron settled at birth draws no direction, so the decays differ after it: 5 sigma of
    // the emitted energy, one decay of I-131 spreading by less than its 0.7 MeV.
    let emitted = |t: &Tally| Ledger::mev(t.ledger.emitted_units) / t.histories() as f64;
    let bar = 5.0 * 0.7 * (2.0 / base.histories() as f64).sqrt();
    assert!((emitted(&slow) - emitted(&base)).abs() < bar, "other decays without rejection");

    assert!(plan.cells.len() > 1, "the phantom has air enough for a majorant grid");
    let single = tally(&seeded(&single_cell(&plan), 79));
    agree("one majorant for all", &base, &single);
    assert!(single.ledger.photon_collisions > base.ledger.photon_collisions);
}

/// The plan with one majorant cell for the whole grid.
fn single_cell(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let density = plan.cells.iter().map(|&w| voxel_density(w)).fold(0.0, f32::max);
    let class = plan.cells.iter().map(|&w| voxel_material(w)).max().expect("a cell");
    plan.cells = vec![pack_voxel(density, class as u8)];
    plan.params.cell_dims = [1; 3];
    plan.params.cell_voxels = SIDE as u32;
    plan
}

/// Every history replayed alone deposits what it deposited in the run: their sum has the run's bits, and so have the books.
#[test]
fn replayed_histories_add_up_to_the_run() {
    for (name, kerma) in [("Ac-225", false), ("F-18", false), ("Lu-177", true)] {
        let plan = with_flag(&plan_of(name), FLAG_KERMA, kerma);
        let (batches, per_batch) = (2_u32, 400_u64);
        let tally = go(&plan, per_batch * u64::from(batches), batches, 2).tally;
        let of_run = tally.by_origin().expect("by origin");
        let mut sums = OriginSums::new(tally.voxels, plan.origins).sums;
        let mut ledger = Ledger::default();
        for history in 0..per_batch * u64::from(batches) {
            let one = trace(&plan, history, per_batch);
            for deposit in one.deposits() {
                let sums = sums[deposit.origin as usize].as_mut().expect("an origin in use");
                sums[deposit.cell] += deposit.units();
            }
            ledger.add(&one.ledger);
        }
        assert!(sums == of_run.sums, "{name}: replayed deposits are not the run's");
        assert_eq!(ledger, tally.ledger, "{name}");
    }
}

/// The printed trace: every event in words, on the grid's millimetres, and what is given adds up.
#[test]
fn a_trace_reads_well() {
    let mut decay = parse_source("positron:1.2MeV").expect("a source");
    decay.photons = parse_source("photon:40keV").expect("a source").photons;
    let plan = phantom(&decay, &Settings::default());
    let mut seen = std::collections::BTreeSet::new();
    for history in 0..400 {
        let one = trace(&plan, history, 400);
        let deposited: u64 = one.deposits().map(|d| d.units()).sum();
        assert_eq!(deposited, one.ledger.imparted_units + one.ledger.cut_units);
        let (low, high) = ([-32.0, -32.0, 3.0], [32.0, 32.0, 67.0]);
        for event in one.events() {
            seen.insert(event.name);
            let mm = voxgray::transport::trace::position_mm(&plan, &event.particle);
            let inside = (0..3).all(|c| mm[c] >= low[c] - 1e-3 && mm[c] <= high[c] + 1e-3);
            assert!(inside, "history {history}: {} at {mm:?} mm", event.name);
            assert!(event.particle.energy.is_finite() && event.given_mev.is_finite());
        }
    }
    for name in ["start", "step", "hinge", "crossing", "bhabha", "moller", "bremsstrahlung"] {
        assert!(seen.contains(name), "no {name} in {seen:?}");
    }
    for name in ["settle", "annihilation", "compton", "photoelectric", "rayleigh", "escape"] {
        assert!(seen.contains(name), "no {name} in {seen:?}");
    }
    let text = voxgray::cli::trace::trace_history(&plan, 3, 400);
    println!("{text}");
    for word in
        ["history 3 (batch 0)", "positron", "start", "1200.0000", "deposit", "ledger: emitted"]
    {
        assert!(text.contains(word), "'{word}' is not in\n{text}");
    }
}

/// Vacuum, voxels of very unequal edges, one voxel, sources in air: no panic, no NaN, the books closed.
#[test]
fn odd_grids_do_no_harm() {
    // Everything there is in one source: an alpha chain, positrons, photons that make pairs.
    let mut decay = nuclide("Ac-225");
    decay.positrons = nuclide("F-18").positrons;
    decay.photons.entries.push(Emission::Line { energy_mev: 2.6, yield_per_decay: 0.5 });
    decay.photons.yield_per_decay += 0.5;
    // Voxels, edges (mm), densities in turn, materials in turn.
    type Case = (&'static str, [usize; 3], [f64; 3], Vec<f32>, Vec<u8>);
    let cases: [Case; 6] = [
        ("vacuum everywhere", [3, 3, 3], [4.0; 3], vec![0.0], vec![2]),
        ("vacuum between water", [5, 4, 3], [2.0; 3], vec![1.0, 0.0, 0.0], vec![2, 0, 1]),
        (
            "anisotropic",
            [4, 5, 2],
            [0.3, 7.0, 40.0],
            vec![1.0, 0.26, 1.92, 0.0012],
            vec![2, 1, 3, 0],
        ),
        ("one voxel of water", [1, 1, 1], [10.0; 3], vec![1.0], vec![2]),
        ("one tiny voxel", [1, 1, 1], [1e-3; 3], vec![1.0], vec![2]),
        ("air", [6, 6, 6], [5.0; 3], vec![0.001_204_79], vec![0]),
    ];
    for (name, dims, spacing, densities, kinds) in &cases {
        let grid = Grid::aligned(*dims, [0.0; 3], *spacing);
        let cycle = |v: usize, n: usize| (v * 7 + v / 3) % n;
        let density: Vec<f32> =
            (0..grid.len()).map(|v| densities[cycle(v, densities.len())]).collect();
        let material: Vec<u8> = (0..grid.len()).map(|v| kinds[cycle(v, kinds.len())]).collect();
        let plan = build_plan(&PlanInput {
            grid: &grid,
            density: &density,
            material: &material,
            materials: &materials(),
            activity: &vec![1.0; grid.len()],
            decay: &decay,
            settings: &Settings::default(),
            radial: None,
        })
        .expect("a valid plan");
        for kerma in [false, true] {
            let plan = with_flag(&plan, FLAG_KERMA, kerma);
            let ledger = go(&plan, 1_500, 3, 1).tally.ledger;
            let off = ledger.imbalance();
            println!("{name}, kerma {kerma}: imbalance {off:+.1e}");
            assert!(off.abs() < IMBALANCE, "{name}: {off:+.1e}");
            for history in 0..100 {
                for event in trace(&plan, history, 500).events() {
                    let p = event.particle;
                    let numbers = [p.local, p.direction].concat();
                    let fine = numbers.iter().all(|x| x.is_finite()) && p.energy >= 0.0;
                    assert!(fine, "{name}, history {history}: {event:?}");
                }
            }
        }
    }
}
