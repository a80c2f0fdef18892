//! Steps and collisions of electrons and positrons, alphas.

use super::*;
use voxgray::transport::cpu::electron::{beta_squared, hinge_fraction};
use voxgray::transport::cpu::straggling::loss_factor;
use voxgray::transport::cpu::{bhabha, bremsstrahlung, moller};
use voxgray::transport::tables::straggling::straggling;
use voxgray::transport::tally::Origin;

fn energies() -> Vec<Words> {
    edge_energies().into_iter().map(|e| words([e.to_bits()])).collect()
}

#[test]
fn straggling_hinge_and_bremsstrahlung_angle() {
    let step = |s: [f32; 3], u: f32, k1: f32, e: f32| {
        words([s[0], s[1], s[2], u, k1, e].map(f32::to_bits))
    };
    let mut edges = Vec::new();
    for u in edge_uniforms() {
        for e in edge_energies() {
            edges.push(step([0.5, 0.3, 0.8], u, 0.15, e));
        }
    }
    let input = |rng: &mut Rng| {
        let relative = 0.05 + 0.5 * f64::from(rng.uniform());
        let skewness = 2.0 + 8.0 * f64::from(rng.uniform());
        let s = straggling(relative, skewness).map(|v| v as f32);
        let (u, k1) = (rng.uniform(), 0.15 * rng.uniform());
        step(s, u, k1, energy(rng))
    };
    twins(plan(), "steps", &edges, input, |_, w, out| {
        out.float(loss_factor(vector(w, 0), float(w, 3)));
        out.float(hinge_fraction(float(w, 4), float(w, 3)));
        out.float(beta_squared(float(w, 5)));
        out.float(bremsstrahlung::sample_angle(float(w, 5), float(w, 3)));
    });
}

#[test]
fn moller_collisions() {
    let plan = plan();
    twins(
        plan,
        "moller",
        &energies(),
        |rng| words([energy(rng).to_bits()]),
        |i, w, out| {
            let e = float(w, 0);
            let mut rng = stream(plan, i).rng;
            let transfer = moller::sample_transfer(e, plan.production_threshold(e, 0, 0), &mut rng);
            // The shader says "none" by a negative energy.
            let transfer = transfer.unwrap_or(-1.0);
            let (mu, mu_delta) = moller::deflections(e, transfer);
            out.floats(&[transfer, mu, mu_delta]);
            out.word(rng.bits());
        },
    );
}

#[test]
fn bhabha_collisions() {
    let plan = plan();
    twins(
        plan,
        "bhabha",
        &energies(),
        |rng| words([energy(rng).to_bits()]),
        |i, w, out| {
            let e = float(w, 0);
            let mut rng = stream(plan, i).rng;
            let transfer = bhabha::sample_transfer(e, plan.production_threshold(e, 0, 0), &mut rng);
            out.float(transfer.unwrap_or(-1.0));
            out.word(rng.bits());
        },
    );
}

#[test]
fn leptons_that_end() {
    let plan = plan();
    let input = |rng: &mut Rng| {
        let p = place(plan, rng);
        words([p[0], p[1], p[2], p[3], 1 + rng.bits() % 2, energy(rng).to_bits()])
    };
    twins(plan, "settle", &[], input, |i, w, out| {
        let place = place_in(plan, w, 0);
        let e = float(w, 5);
        let mut stream = stream(plan, i);
        let ((ends, left), pushed) = walk(plan, |walk| {
            let ends = walk.ends_here(&place, e);
            (ends, walk.settle(&place, w[4], Origin::Electron as u32, e, &mut stream))
        });
        out.word(u32::from(ends));
        out.float(left);
        out.word(pushed.len() as u32);
        let (k, direction) = pushed.first().map_or((0.0, [0.0; 3]), |p| (p.energy, p.direction));
        out.float(k);
        out.floats(&direction);
        out.word(stream.rng.bits());
    });
}

#[test]
fn alpha_ranges() {
    let plan = plan();
    let n = plan.params.materials;
    let edges: Vec<Words> = [0.0_f32, 1e-6, 0.0390625, 5.0, 9.999, 10.0, 10.5]
        .into_iter()
        .flat_map(|e| {
            [0.0_f32, 0.5, 1.0, 1.5].map(|part| words([e.to_bits(), n - 1, part.to_bits()]))
        })
        .collect();
    let input = |rng: &mut Rng| {
        let (e, part) = (10.0 * rng.uniform(), rng.uniform());
        words([e.to_bits(), rng.bits() % n, part.to_bits()])
    };
    twins(plan, "alpha", &edges, input, |_, w, out| {
        walk(plan, |walk| {
            let range = walk.alpha_range(w[1] as usize, float(w, 0));
            out.float(range);
            out.float(walk.alpha_energy(w[1] as usize, range * float(w, 2)));
        });
    });
}
