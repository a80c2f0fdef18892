//! Collisions of photons.

use super::*;
use voxgray::transport::cpu::vector::rotate;
use voxgray::transport::cpu::{compton, doppler, pair, photoelectric};

#[test]
fn compton_scattering() {
    let plan = plan();
    let n = plan.params.materials;
    let input = |rng: &mut Rng| {
        let d = direction(rng).map(f32::to_bits);
        words([energy(rng).to_bits(), rng.bits() % n, d[0], d[1], d[2]])
    };
    let up = 1.0_f32.to_bits();
    let edges: Vec<Words> =
        edge_energies().into_iter().map(|e| words([e.to_bits(), n - 1, 0, 0, up])).collect();
    twins(plan, "compton", &edges, input, |i, w, out| {
        let e = float(w, 0);
        let mut rng = stream(plan, i).rng;
        let o = plan.params.offsets.compton;
        let mu = compton::sample_mu(&plan.tables, o, w[1] as usize, e, &mut rng);
        let (after, mu_electron) = compton::kinematics(e, mu);
        out.floats(&[mu, after, mu_electron]);
        out.floats(&rotate(vector(w, 2), mu_electron, rng.uniform()));
        out.word(rng.bits());
    });
}

#[test]
fn compton_scattering_on_electrons_in_motion() {
    let plan = plans::impulse_plan("photon:100keV");
    let n = plan.params.materials;
    let input = |rng: &mut Rng| {
        // Half of the angles small, where few electrons give way.
        let u = rng.uniform();
        let mu = if rng.bits().is_multiple_of(2) { u } else { u * u * u * 0.01 };
        words([energy(rng).to_bits(), rng.bits() % n, mu.to_bits()])
    };
    let edges: Vec<Words> = edge_energies()
        .into_iter()
        .flat_map(|e| [0.0_f32, 1e-9, 0.5, 1.0].map(|mu| words([e.to_bits(), n - 1, mu.to_bits()])))
        .collect();
    twins(&plan, "doppler", &edges, input, |i, w, out| {
        let (e, mu) = (float(w, 0), float(w, 2));
        let mut rng = stream(&plan, i).rng;
        let shells = plan.params.compton_shells as usize;
        let after = doppler::sample_energy(&plan.tables, shells, w[1] as usize, e, mu, &mut rng);
        out.floats(&[after, doppler::recoil_mu(e, after, mu)]);
        out.word(rng.bits());
    });
}

fn energy_and_direction(rng: &mut Rng) -> Words {
    let d = direction(rng).map(f32::to_bits);
    words([energy(rng).to_bits(), d[0], d[1], d[2]])
}

fn along_z() -> Vec<Words> {
    let down = (-1.0_f32).to_bits();
    edge_energies().into_iter().map(|e| words([e.to_bits(), 0, 0, down])).collect()
}

#[test]
fn photoelectrons() {
    twins(plan(), "photoelectric", &along_z(), energy_and_direction, |i, w, out| {
        let mut rng = stream(plan(), i).rng;
        let mu = photoelectric::sample_angle(float(w, 0), &mut rng);
        out.float(mu);
        out.floats(&rotate(vector(w, 1), mu, rng.uniform()));
        out.word(rng.bits());
    });
}

#[test]
fn pairs() {
    twins(plan(), "pair", &along_z(), energy_and_direction, |i, w, out| {
        let mut rng = stream(plan(), i).rng;
        let split = pair::sample_split(&mut rng);
        out.float(split);
        out.floats(&pair::sample_direction(vector(w, 1), float(w, 0) * split, &mut rng));
        out.word(rng.bits());
    });
}
