//! The engines history by history: the books of every decay are the same on the GPU as on the CPU, to the last unit and the last segment.
#![cfg(feature = "gpu")]

#[path = "support/gpu.rs"]
mod gpu;
#[path = "support/plans.rs"]
mod plans;

use voxgray::transport::compare::{compare_ledgers, first_difference, told_by_cpu};
use voxgray::transport::gpu::device::Device;
use voxgray::transport::gpu::replay::{replay, trace};
use voxgray::transport::ledger::Ledger;
use voxgray::transport::plan::Plan;

/// Histories of one comparison: the first of a batch of as many.
const HISTORIES: u32 = 4000;

/// Compares a plan's histories; where one differs, says at which event.
fn compare(device: &Device, name: &str, plan: &Plan, histories: u32) {
    let per_batch = u64::from(histories);
    // Not the first batch: the number of a history has more than one digit.
    let batch = 3;
    let first = u64::from(batch) * per_batch;
    let theirs = replay(device, plan, None, batch, per_batch, histories).expect("a replay");
    let compared = compare_ledgers(plan, first, per_batch, &theirs);
    let mut sum = Ledger::default();
    theirs.iter().for_each(|l| sum.add(l));
    println!(
        "{name}: {} of {histories} equal; {} segments, {} collisions",
        histories as usize - compared.differing.len(),
        sum.lepton_segments,
        sum.photon_collisions
    );
    assert_eq!(sum.histories, per_batch, "{name}");
    assert!(sum.imbalance().abs() < 1e-6, "{name}: {}", sum.imbalance());
    if !gpu::exact(device) {
        return;
    }
    if let Some(&history) = compared.differing.first() {
        let cpu = told_by_cpu(plan, history, per_batch);
        let gpu = trace(device, plan, history, per_batch).expect("a trace");
        panic!(
            "{name}: {} of {histories} histories differ, first {history}, where\n{:#?}",
            compared.differing.len(),
            first_difference(&cpu, &gpu)
        );
    }
}

/// Both photon estimators.
fn both(source: &str) {
    let Some(device) = gpu::device() else { return };
    let plan = plans::grid_plan(source);
    compare(&device, &format!("{source}, analog"), &plan, HISTORIES);
    compare(&device, &format!("{source}, kerma"), &plans::kerma(plan), HISTORIES);
}

#[test]
fn lu_177() {
    both("Lu-177");
}

/// Beams of all shapes, with what they send past the grid.
#[test]
fn beams() {
    let Some(device) = gpu::device() else { return };
    for (source, beam) in [
        ("I-131", "direction=1,2,3; at=-20,-10,-40mm; field=60x50mm"),
        ("electron:1MeV", "direction=0,-1,0; disc=90mm; cone=90deg"),
        ("photon:0.3MeV", "direction=0,0,1; at=30,30,-100mm; cone=25deg"),
        ("positron:1.2MeV", "direction=-1,0.1,0.2; field=10x10mm; side=0,1,1; cone=3deg"),
        ("alpha:8MeV", "direction=0,0,-1"),
        ("Ac-225", "direction=1,0,0; at=30,32,40mm; cone=180deg"),
    ] {
        let plan = plans::beam_plan(source, beam);
        compare(&device, &format!("{source}, {beam}"), &plan, HISTORIES / 2);
    }
}

#[test]
fn y_90() {
    both("Y-90");
}

#[test]
fn i_131() {
    both("I-131");
}

#[test]
fn f_18() {
    both("F-18");
}

#[test]
fn ac_225() {
    both("Ac-225");
}

#[test]
fn tc_99m() {
    both("Tc-99m");
}

#[test]
fn photons_of_3_mev() {
    both("photon:3MeV");
}

#[test]
fn positrons_of_2_mev() {
    both("positron:2MeV");
}

#[test]
fn impulse_approximation() {
    let Some(device) = gpu::device() else { return };
    for source in ["Tc-99m", "photon:30keV"] {
        let plan = plans::impulse_plan(source);
        compare(&device, &format!("{source}, impulse, analog"), &plan, HISTORIES);
        compare(&device, &format!("{source}, impulse, kerma"), &plans::kerma(plan), HISTORIES);
    }
}

#[test]
fn points_at_the_centres_of_voxels() {
    let Some(device) = gpu::device() else { return };
    let plan = plans::centred(plans::grid_plan("electron:1MeV"));
    compare(&device, "electrons of 1 MeV from the centres", &plan, HISTORIES);
}

#[test]
fn shells_round_a_point() {
    let Some(device) = gpu::device() else { return };
    for source in ["Y-90", "photon:511keV"] {
        let plan = plans::shell_plan(source);
        compare(&device, &format!("{source} in shells, analog"), &plan, HISTORIES);
        compare(&device, &format!("{source} in shells, kerma"), &plans::kerma(plan), HISTORIES);
    }
}
