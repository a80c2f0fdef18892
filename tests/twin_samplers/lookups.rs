//! Tables: rates, shares, distributions.

use super::*;
use voxgray::transport::cpu::lookup::{
    angular_at, coarse_node, csda_range, fluorescence_probabilities, hard_rates, lepton_rates,
    majorant, photon_rates, photon_shares, sample_angular, sample_spectrum, spectrum_at,
    thick_target_photons,
};
use voxgray::transport::layout::{COARSE_NODES, ELECTRON, POSITRON, locate, pack_voxel};

/// Every edge energy with some second and third words.
fn edges(others: &[[u32; 2]]) -> Vec<Words> {
    let all = edge_energies();
    all.iter().flat_map(|e| others.iter().map(|o| words([e.to_bits(), o[0], o[1]]))).collect()
}

#[test]
fn energy_grids() {
    let uniforms = edge_uniforms().map(|u| [u.to_bits(), 0]);
    let input = |rng: &mut Rng| words([energy(rng).to_bits(), rng.uniform().to_bits()]);
    twins(plan(), "locate", &edges(&uniforms), input, |_, w, out| {
        let e = float(w, 0);
        let (fine, coarse) = (locate::<FINE_BITS>(e), locate::<COARSE_BITS>(e));
        out.word(fine.0 as u32);
        out.float(fine.1);
        out.word(coarse.0 as u32);
        out.float(coarse.1);
        out.word(coarse_node(e, float(w, 1)) as u32);
        out.float(plan().production_threshold(e, 0, 0));
    });
}

#[test]
fn lepton_tables() {
    let plan = plan();
    let n = plan.params.materials;
    let input = |rng: &mut Rng| words([energy(rng).to_bits(), 1 + rng.bits() % 2, rng.bits() % n]);
    let edges = edges(&[[ELECTRON, 0], [POSITRON, n - 1]]);
    twins(plan, "lepton_tables", &edges, input, |_, w, out| {
        let (e, t, o) = (float(w, 0), &plan.tables, plan.params.offsets.lepton);
        let set = walk(plan, |walk| walk.lepton_set(w[1], w[2] as usize)).0;
        let r = lepton_rates(t, o, set, e);
        out.floats(&[r.loss, r.loss_slope, r.strength, r.strength_slope]);
        out.floats(&hard_rates(t, o, set, e));
        out.float(csda_range(t, o, set, e));
        out.float(thick_target_photons(t, o, set, e));
    });
}

#[test]
fn photon_tables() {
    let plan = plan();
    let n = plan.params.materials;
    let cell = |rng: &mut Rng| pack_voxel(2.0 * rng.uniform(), (rng.bits() % n) as u8);
    let input = |rng: &mut Rng| words([energy(rng).to_bits(), rng.bits() % n, cell(rng)]);
    let edges = edges(&[[0, pack_voxel(0.0, 0)], [n - 1, pack_voxel(1.0, 1)]]);
    twins(plan, "photon_tables", &edges, input, |_, w, out| {
        let (e, o) = (float(w, 0), plan.params.offsets.photon);
        let material = w[1] as usize;
        out.floats(&photon_rates(&plan.tables, o, material, e));
        out.floats(&photon_shares(&plan.tables, o, material, e));
        out.floats(&fluorescence_probabilities(&plan.tables, o, material, e));
        out.float(walk(plan, |walk| walk.cell_majorant(w[2], e)).0);
    });
}

#[test]
fn tabulated_distributions() {
    let plan = plan();
    let n = plan.params.materials;
    let nodes = COARSE_NODES as u32;
    let edges: Vec<Words> = edge_uniforms()
        .into_iter()
        .flat_map(|u| {
            [[0, 0], [nodes - 1, n - 1]]
                .map(|[node, m]| words([u.to_bits(), node, m, 1.0_f32.to_bits()]))
        })
        .collect();
    let input = |rng: &mut Rng| {
        let node = rng.bits() % nodes;
        words([rng.uniform().to_bits(), node, rng.bits() % n, energy(rng).to_bits()])
    };
    twins(plan, "distributions", &edges, input, |_, w, out| {
        let (u, node, material) = (float(w, 0), w[1] as usize, w[2] as usize);
        let (t, o) = (&plan.tables, plan.params.offsets);
        let positron = n as usize + material;
        out.float(sample_angular(t, angular_at(o.scattering, positron, node), u));
        out.float(sample_angular(t, angular_at(o.compton, material, node), u));
        out.float(sample_angular(t, angular_at(o.rayleigh, material, node), u));
        out.float(sample_spectrum(t, spectrum_at(o.bremsstrahlung, material, node), u));
        out.float(sample_spectrum(t, spectrum_at(o.thick_target, material, node), u));
        out.float(majorant(t, o.hard_majorant, 0, float(w, 3)));
        out.float(majorant(t, o.hard_majorant, positron, float(w, 3)));
    });
}
