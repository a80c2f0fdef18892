//! Directions, faces, shells, flights.

use super::*;
use voxgray::transport::cpu::electron::{inverse_component, to_face};
use voxgray::transport::cpu::vector::{rotate, sample_isotropic};
use voxgray::transport::layout::PHOTON;

fn five(d: [f32; 3], mu: f32, turn: f32) -> Words {
    words([d[0], d[1], d[2], mu, turn].map(f32::to_bits))
}

#[test]
fn rotations_and_isotropic_directions() {
    let mut edges = Vec::new();
    for d in [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [1e-5, 0.0, 1.0], [0.6, 0.0, -0.8]] {
        for u in edge_uniforms() {
            edges.extend([five(d, u, 0.3), five(d, 0.3, u), five(d, 0.0, u), five(d, 1.0, u)]);
        }
    }
    let input = |rng: &mut Rng| {
        let d = direction(rng);
        // Half of the angles small, as most deflections are.
        let u = rng.uniform();
        let mu = if rng.bits().is_multiple_of(2) { u } else { u * u * u * 0.01 };
        five(d, mu, rng.uniform())
    };
    twins(plan(), "rotate", &edges, input, |i, w, out| {
        out.floats(&rotate(vector(w, 0), float(w, 3), float(w, 4)));
        let mut stream = stream(plan(), i);
        out.floats(&sample_isotropic(&mut stream.rng));
        out.word(stream.rng.bits());
    });
}

fn place_and_direction(plan: &Plan, rng: &mut Rng) -> Words {
    let p = place(plan, rng);
    let d = direction(rng).map(f32::to_bits);
    words([p[0], p[1], p[2], p[3], d[0], d[1], d[2]])
}

#[test]
fn faces_and_clearances() {
    let plan = plan();
    let half = plan.params.voxel_cm.map(|h| 0.5 * h);
    twins(
        plan,
        "faces",
        &[],
        |rng| place_and_direction(plan, rng),
        |_, w, out| {
            let place = place_in(plan, w, 0);
            let (distance, axis) = to_face(place.local, vector(w, 4).map(inverse_component), half);
            out.float(distance);
            out.word(axis as u32);
            out.float(walk(plan, |walk| walk.clearance(&place)).0);
            out.float(place.density);
            out.word(place.material as u32);
            place.voxel.into_iter().for_each(|v| out.word(v as u32));
        },
    );
}

#[test]
fn crossings() {
    let plan = plan();
    let half = plan.params.voxel_cm.map(|h| 0.5 * h);
    twins(
        plan,
        "crossing",
        &[],
        |rng| place_and_direction(plan, rng),
        |_, w, out| {
            let mut place = place_in(plan, w, 0);
            let d = vector(w, 4);
            let (_, axis) = to_face(place.local, d.map(inverse_component), half);
            let inside = walk(plan, |walk| walk.cross(&mut place, axis, d[axis], half[axis])).0;
            out.word(u32::from(inside));
            out.word(if inside { place.linear as u32 } else { 0 });
            out.floats(&place.local);
            out.float(if inside { place.density } else { 0.0 });
        },
    );
}

#[test]
fn shells() {
    let plan = plans::shell_plan("electron:1MeV");
    let edges: Vec<Words> = [0.0, 0.05, 0.05_f32.next_up(), 1.0, 3.0, 3.0_f32.next_up(), 19.0]
        .into_iter()
        .map(|r: f32| words([r.to_bits(), 0, 0]))
        .collect();
    let input = |rng: &mut Rng| {
        let r = 3.3 * rng.uniform();
        let d = direction(rng);
        words(d.map(|c| (c * r).to_bits()))
    };
    twins(&plan, "shells", &edges, input, |_, w, out| {
        out.word(plan.shell_of(vector(w, 0)) as u32);
        out.float(plan.shell_clearance(vector(w, 0)));
    });
}

#[test]
fn flights() {
    let plan = plan();
    let h = plan.params.voxel_cm;
    let size: [f32; 3] = std::array::from_fn(|k| plan.params.dims[k] as f32 * h[k]);
    let input = |rng: &mut Rng| {
        let d = direction(rng).map(f32::to_bits);
        let p = size.map(|s| match rng.bits() % 16 {
            0 => 0.0,
            1 => s,
            _ => s * rng.uniform(),
        });
        let p = p.map(f32::to_bits);
        words([p[0], p[1], p[2], d[0], d[1], d[2], energy(rng).to_bits()])
    };
    twins(plan, "flight", &[], input, |i, w, out| {
        let mut position = vector(w, 0);
        let particle = Particle {
            kind: PHOTON,
            origin: 1,
            energy: float(w, 6),
            voxel: [0; 3],
            local: [0.0; 3],
            direction: vector(w, 3),
            state: [0; 4],
        };
        let mut stream = stream(plan, i);
        walk(plan, |walk| match walk.fly(&mut position, &particle, &mut stream) {
            None => out.word(u32::MAX),
            Some((voxel, mu)) => {
                out.word(plan.linear(voxel) as u32);
                out.float(mu);
                out.floats(&position);
                out.floats(&walk.relative(voxel, &position));
            }
        });
    });
}
