//! Random numbers, elementary functions, wide integers, the source.

use super::*;
use voxgray::transport::cpu::history::sample_energy;
use voxgray::transport::cpu::math::{larger, ln, sin_cos_turn, smaller, uniform};
use voxgray::transport::cpu::rng::{child_state, philox};
use voxgray::transport::ledger::to_units;

fn bits<const N: usize>(rng: &mut Rng) -> Words {
    words(std::array::from_fn::<u32, N, _>(|_| rng.bits()))
}

#[test]
fn philox_blocks_and_children() {
    let edges = [[0; 8], [u32::MAX; 8]];
    twins(plan(), "philox", &edges, bits::<7>, |_, w, out| {
        let (counter, key) = ([w[0], w[1], w[2], w[3]], [w[4], w[5]]);
        for word in philox(counter, key).into_iter().chain(child_state(key, counter, w[6])) {
            out.word(word);
        }
    });
}

#[test]
fn a_thousand_draws_of_every_stream() {
    twins(
        plan(),
        "stream",
        &[],
        |_| [0; 8],
        |i, _, out| {
            let mut s = stream(plan(), i);
            let mix = (0..1000).fold(0_u32, |m, _| m.wrapping_mul(31).wrapping_add(s.rng.bits()));
            out.word(mix);
            out.float(s.rng.uniform());
            let mut child = Rng::new(s.next_child());
            out.float(child.uniform());
            for _ in 0..4 {
                out.word(child.bits());
            }
        },
    );
}

#[test]
fn elementary_functions() {
    let edges: Vec<Words> = edge_uniforms()
        .into_iter()
        .flat_map(|u| {
            [f32::MIN_POSITIVE, 1.0, 1.0_f32.next_down(), f32::MAX, u].map(|x| {
                words([x.to_bits(), u.to_bits(), u.to_bits().wrapping_mul(77), (4.0 * u).to_bits()])
            })
        })
        .collect();
    let input = |rng: &mut Rng| {
        // Any exponent for the logarithm in one of four; deposits down to fractions of a unit.
        let x = match rng.bits() % 4 {
            0 => f32::from_bits(0x0080_0000 + rng.bits() % 0x7f00_0000),
            _ => rng.uniform(),
        };
        let deposit = (-30.0 + 33.0 * f64::from(rng.uniform())).exp2() as f32;
        let u = rng.uniform();
        words([x.to_bits(), u.to_bits(), rng.bits(), deposit.to_bits()])
    };
    twins(plan(), "math", &edges, input, |_, w, out| {
        let (sine, cosine) = sin_cos_turn(float(w, 1));
        out.float(ln(float(w, 0)));
        out.floats(&[sine, cosine, uniform(w[2])]);
        out.float(larger(float(w, 0), float(w, 1)));
        out.float(smaller(float(w, 0), float(w, 1)));
        out.word(to_units(float(w, 3)) as u32);
    });
}

#[test]
fn wide_integers() {
    let edges = [[0; 8], [u32::MAX; 8], words([u32::MAX, 0, 1, 0]), words([5, 5, 5, 5])];
    let input = |rng: &mut Rng| {
        // High words that are often equal.
        words([rng.bits(), rng.bits() % 4, rng.bits(), rng.bits() % 4])
    };
    twins(plan(), "wide", &edges, input, |_, w, out| {
        let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let (a, b) = (join(w[0], w[1]), join(w[2], w[3]));
        for wide in [u64::from(w[0]) * u64::from(w[2]), a.wrapping_add(b)] {
            out.word(wide as u32);
            out.word((wide >> 32) as u32);
        }
        out.word(u32::from(a < b));
        out.word(w[0] / (w[2] >> (8 * (w[3] & 3))).max(1));
    });
}

#[test]
fn source_voxels_and_energies() {
    let plan = plan();
    let groups = plan.source_groups.len() as u32;
    let at = strata(plan);
    let edges: Vec<Words> = (0..groups)
        .flat_map(|g| [words([0, u32::MAX, g]), words([INPUTS as u32 - 1, 0, g])])
        .collect();
    let input = |rng: &mut Rng| {
        let i = rng.bits() % INPUTS as u32;
        // Hints near and far.
        let voxels = plan.source_voxels.len() as u64;
        let near = (u64::from(i) * voxels / INPUTS as u64) as u32;
        let hint = if rng.bits().is_multiple_of(2) { near.saturating_sub(3) } else { rng.bits() };
        words([i, hint, rng.bits() % groups])
    };
    twins(plan, "source", &edges, input, |i, w, out| {
        let position = at.position(u64::from(w[0]));
        out.word(position as u32);
        out.word((position >> 32) as u32);
        let mut hint = w[1] as usize;
        plan.source_voxel(position, &mut hint);
        out.word(hint as u32);
        let group = &plan.source_groups[w[2] as usize];
        let mut stream = stream(plan, i);
        out.float(sample_energy(plan, group, &mut stream));
        out.word(stream.rng.bits());
        out.word(group.kind);
        out.word(group.whole);
        out.float(group.fraction);
    });
}
