//! Every function of the shaders against its twin on the CPU: the same bits on more than 1e5 inputs of realistic ranges, edges included.
#![cfg(feature = "gpu")]

mod basics;
mod geometry;
#[path = "../support/gpu.rs"]
mod gpu;
mod leptons;
mod lookups;
mod photons;
#[path = "../support/plans.rs"]
mod plans;

use std::sync::OnceLock;

use voxgray::transport::cpu::particle::{Particle, Stack, Stream};
use voxgray::transport::cpu::rng::{Rng, history_state};
use voxgray::transport::cpu::score::Scorer;
use voxgray::transport::cpu::walk::{Place, Walk};
use voxgray::transport::gpu::probe::{Probe, Words};
use voxgray::transport::layout::{COARSE_BITS, FINE_BITS, FINE_NODES, node_energy};
use voxgray::transport::ledger::Ledger;
use voxgray::transport::plan::Plan;
use voxgray::transport::strata::Strata;

/// Inputs of a test.
const INPUTS: usize = 1 << 17;

/// Alphas, betas, gammas above the pair threshold: all tables are there.
fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| plans::grid_plan("Ac-225"))
}

fn strata(plan: &Plan) -> Strata {
    Strata::new(plan, 3, INPUTS as u64)
}

/// Whether results agree to 1e-3, word by word, as floats or as integers.
fn near(ours: &Words, theirs: &Words) -> bool {
    ours.iter().zip(theirs).all(|(&a, &b)| {
        let (x, y) = (f32::from_bits(a), f32::from_bits(b));
        a.abs_diff(b) <= 1 || (x - y).abs() <= 1e-3 * x.abs().max(y.abs()).max(1e-3)
    })
}

/// Runs a probe and the CPU on `INPUTS` inputs, the edges first, and demands the same bits.
fn twins(
    plan: &Plan,
    name: &str,
    edges: &[Words],
    mut input: impl FnMut(&mut Rng) -> Words,
    cpu: impl Fn(u32, &Words, &mut Out),
) {
    let Some(device) = gpu::device() else { return };
    let mut rng = Rng::new(history_state([17, 29], name.len() as u64));
    let mut inputs = edges.to_vec();
    inputs.resize_with(INPUTS, || input(&mut rng));
    let probe = Probe::new(&device, plan, &strata(plan)).expect("a plan that fits");
    let theirs = probe.run(name, &inputs).expect("a probe that runs");
    let mut differing = 0;
    let mut far = 0;
    let mut per_word = [0_u32; 8];
    let mut shown = String::new();
    for (i, (words, their)) in inputs.iter().zip(&theirs).enumerate() {
        let mut out = Out::default();
        cpu(i as u32, words, &mut out);
        if out.words == *their {
            continue;
        }
        differing += 1;
        far += usize::from(!near(&out.words, their));
        for k in 0..8 {
            per_word[k] += u32::from(out.words[k] != their[k]);
        }
        if differing <= 3 {
            let floats = |w: &Words| w.map(f32::from_bits);
            shown += &format!(
                "input {i}: {words:x?} {:?}\n  CPU {:x?} {:?}\n  GPU {their:x?} {:?}\n",
                floats(words),
                out.words,
                floats(&out.words),
                floats(their)
            );
        }
    }
    println!("{name}: {} of {INPUTS} equal on {}", INPUTS - differing, device.facts.name);
    if !gpu::exact(&device) {
        // Rounding moves a result by some 1e-7, cancellation by more; a decision that falls the other way moves it far, but rarely.
        println!("{name}: {far} of them far");
        assert!(far * 100 <= INPUTS, "{name}: {far} are far apart\n{shown}");
        return;
    }
    assert!(differing == 0, "{name}: {differing} differ, by word {per_word:?}\n{shown}");
}

/// Collects the CPU's words.
#[derive(Default)]
struct Out {
    words: Words,
    written: usize,
}

impl Out {
    fn word(&mut self, value: u32) {
        self.words[self.written] = value;
        self.written += 1;
    }

    fn float(&mut self, value: f32) {
        self.word(value.to_bits());
    }

    fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|&v| self.float(v));
    }
}

fn float(words: &Words, k: usize) -> f32 {
    f32::from_bits(words[k])
}

fn vector(words: &Words, k: usize) -> [f32; 3] {
    [float(words, k), float(words, k + 1), float(words, k + 2)]
}

/// An input from words and floats in order.
fn words<const N: usize>(values: [u32; N]) -> Words {
    let mut out = Words::default();
    out[..N].copy_from_slice(&values);
    out
}

/// Logarithmically uniform from 0.98 keV to 4 MeV; one in eight is a node of the tables.
fn energy(rng: &mut Rng) -> f32 {
    if rng.bits().is_multiple_of(8) {
        return node_energy(FINE_BITS, rng.bits() as usize % FINE_NODES) as f32;
    }
    (-10.0 + 12.0 * f64::from(rng.uniform())).exp2() as f32
}

/// Energies below, at and above the ends of the tables, and next to their nodes.
fn edge_energies() -> Vec<f32> {
    let nodes = [(FINE_BITS, 0), (FINE_BITS, 1), (FINE_BITS, FINE_NODES - 1), (COARSE_BITS, 40)];
    let at = nodes.map(|(bits, n)| node_energy(bits, n) as f32);
    let mut all = vec![1e-6, 5e-4, 0.001, 0.51, 0.511, 1.022, 3.999, 4.0, 4.5, 9.0];
    for e in at {
        all.extend([e.next_down(), e, e.next_up()]);
    }
    all
}

/// The smallest and largest variates and some between.
fn edge_uniforms() -> [f32; 6] {
    let least = 1.0 / 16_777_216.0;
    [least, 3.0 * least, 0.25, 0.5, 1.0 - 3.0 * least, 1.0 - least]
}

/// A direction; one in sixteen is along an axis.
fn direction(rng: &mut Rng) -> [f32; 3] {
    const AXES: [[f32; 3]; 6] = [
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, -1.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, -1.0],
    ];
    if rng.bits().is_multiple_of(16) {
        return AXES[rng.bits() as usize % 6];
    }
    voxgray::transport::cpu::vector::sample_isotropic(rng)
}

/// A linear voxel index and a point in it; one component in eight lies on a face.
fn place(plan: &Plan, rng: &mut Rng) -> [u32; 4] {
    let mut out = [rng.bits() % plan.voxels.len() as u32, 0, 0, 0];
    for (k, h) in plan.params.voxel_cm.into_iter().enumerate() {
        let x = match rng.bits() % 16 {
            0 => 0.5 * h,
            1 => -0.5 * h,
            _ => (rng.uniform() - 0.5) * h,
        };
        out[k + 1] = x.to_bits();
    }
    out
}

/// Nobody is told and nothing is scored.
struct Nowhere;

impl Scorer for Nowhere {
    fn deposit(&mut self, _: &Plan, _: usize, _: [f32; 3], _: u32, _: f32) {}
}

/// Lets a function use a walk; gives the particles it has pushed, last first.
fn walk<T>(plan: &Plan, f: impl FnOnce(&mut Walk<Nowhere>) -> T) -> (T, Vec<Particle>) {
    let (mut scorer, mut ledger, mut stack) = (Nowhere, Ledger::default(), Stack::default());
    let mut walk = Walk { plan, scorer: &mut scorer, ledger: &mut ledger, stack: &mut stack };
    let value = f(&mut walk);
    (value, std::iter::from_fn(|| stack.pop()).collect())
}

fn place_in(plan: &Plan, words: &Words, k: usize) -> Place {
    walk(plan, |w| w.place(plan.unlinear(words[k]), vector(words, k + 1))).0
}

/// The stream of input `i`.
fn stream(plan: &Plan, i: u32) -> Stream {
    Stream::new(plan.params.seed, history_state(plan.params.seed, u64::from(i)))
}
