//! Every sampler against the integrated pdf of `physics`, through the tables of a built plan, by chi-squared at a fixed seed.
//!
//! With all samplers right, this file as a whole would fail at one seed in a hundred (Sidak's correction over all tests).
//! Energies are nodes of the tables, where a table must hold the distribution itself; between nodes a mixture of the two
//! neighbours is sampled, whose distance from the true distribution is printed by `table_discretisation`.

mod basics;
#[path = "../support/chi2.rs"]
mod chi2;
mod collisions;
mod doppler;
mod photons;
mod sources;
mod tables;

use std::sync::OnceLock;

use chi2::{Bins, Comparison, compare, compare_counts, verdict};
use voxgray::image::Grid;
use voxgray::physics::chain::chain;
use voxgray::physics::compton::compton_pdf;
use voxgray::physics::form_factor::MixedFormFactor;
use voxgray::physics::lepton::{cos_theta_primary, cos_theta_secondary};
use voxgray::physics::pair::pair_angle_pdf;
use voxgray::physics::photoelectric::sauter_pdf;
use voxgray::physics::rayleigh::rayleigh_pdf;
use voxgray::physics::scattering::{MultipleScattering, TransportMoments};
use voxgray::physics::tissues::named_material;
use voxgray::physics::{
    Bremsstrahlung, CsdaRange, Lepton, Material, Nuclide, StoppingPower, ThickTarget,
};
use voxgray::source::{DecaySpectrum, Emission, parse_source};
use voxgray::transport::build::{PlanInput, build_plan};
use voxgray::transport::cpu::history::sample_energy;
use voxgray::transport::cpu::lookup::{
    angular_at, coarse_node, csda_range, lepton_rates, photon_rates, sample_angular,
    sample_spectrum, spectrum_at, thick_target_photons,
};
use voxgray::transport::cpu::particle::Stream;
use voxgray::transport::cpu::rng::{Rng, history_state};
use voxgray::transport::cpu::{
    bhabha, bremsstrahlung, compton, math, moller, pair, photoelectric, vector,
};
use voxgray::transport::layout::{ANGULAR_STEP, COARSE_BITS, FINE_BITS, locate, node_energy};
use voxgray::transport::plan::Plan;
use voxgray::transport::settings::Settings;
use voxgray::transport::strata::Strata;
use voxgray::transport::tables::lepton::{LeptonControl, LeptonFacts};
use voxgray::transport::tables::source::build_groups;

/// Number of chi-squared tests in this file for Sidak's correction; an upper bound, which is checked.
const TESTS: usize = 180;
/// Samples of one test.
const SAMPLES: usize = 400_000;
/// Seed of this file.
const SEED: u32 = 20_001;

/// Materials of the plan, in its order.
fn materials() -> Vec<Material> {
    ["water", "cortical_bone", "lung"]
        .map(|name| named_material(name).expect("built in").material.clone())
        .to_vec()
}

fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        // Positrons of 3.5 MeV beside Tl-208: tables reach up to the energies that can occur.
        let decay = DecaySpectrum::from_chain(&chain("Tl-208", None, 0.0).expect("carried"));
        let positrons = parse_source("positron:3.5MeV").expect("a research source").positrons;
        let decay = decay.map(|d| DecaySpectrum { positrons, ..d });
        build_plan(&PlanInput {
            grid: &Grid::aligned([3, 1, 1], [0.0; 3], [2.0, 3.0, 4.0]),
            density: &[1.0, 1.92, 0.26],
            material: &[0, 1, 2],
            materials: &materials(),
            activity: &[1.0, 2.0, 3.5],
            decay: &decay.expect("modelled"),
            settings: &Settings::default(),
            radial: None,
        })
        .expect("a valid plan")
    })
}

/// A stream for one test.
fn rng(test: u64) -> Rng {
    Rng::new(history_state([SEED, 7], test))
}

/// Fails if a group's comparisons do, and counts that all groups together stay below `TESTS`.
fn check(comparisons: &[Comparison]) {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static DONE: AtomicUsize = AtomicUsize::new(0);
    let done = DONE.fetch_add(comparisons.len(), Relaxed) + comparisons.len();
    assert!(done <= TESTS, "more comparisons than Sidak's correction assumes");
    verdict(comparisons, TESTS);
}

/// Draws that `sample` took: steps a copy of the stream until it meets the stream again.
fn draws(before: Rng, after: Rng) -> u32 {
    let fingerprint = |mut r: Rng| [r.bits(), r.bits(), r.bits()];
    let target = fingerprint(after);
    let mut copy = before;
    for n in 0..10_000 {
        if fingerprint(copy.clone()) == target {
            return n;
        }
        copy.bits();
    }
    panic!("more than 10000 draws");
}

/// Mean number of draws of a sampler.
fn mean_draws(test: u64, mut sample: impl FnMut(&mut Rng)) -> f64 {
    let mut stream = rng(test);
    let n = 20_000;
    let mut total = 0;
    for _ in 0..n {
        let before = stream.clone();
        sample(&mut stream);
        total += draws(before, stream.clone());
    }
    f64::from(total) / f64::from(n)
}

/// Uses a value up.
fn consume<T>(_: T) {}

/// Energy (MeV) of a coarse node, which f32 holds exactly.
fn at_node(energy: f64) -> (f64, usize) {
    let (node, fraction) = locate::<COARSE_BITS>(energy as f32);
    assert_eq!(fraction, 0.0, "{energy} MeV is no node");
    (node_energy(COARSE_BITS, node), node)
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f64 {
    (0..3).map(|k| f64::from(a[k]) * f64::from(b[k])).sum()
}

fn unit_cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    let c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let n = dot(c, c).sqrt() as f32;
    c.map(|x| x / n)
}

/// Mean mu of an angular table, or of its square root, by the midpoint rule in the square root of the uniform.
fn table_mean(plan: &Plan, at: usize, square: bool) -> f64 {
    let n = 100_000;
    let term = |j: u32| {
        let s = (f64::from(j) + 0.5) / f64::from(n);
        let value = f64::from(sample_angular(&plan.tables, at, (s * s) as f32));
        2.0 * s * if square { value.sqrt() } else { value }
    };
    (0..n).map(term).sum::<f64>() / f64::from(n)
}
