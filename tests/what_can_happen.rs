//! What secondaries may do to the tally, on both engines: energy of every emission goes to a word that is there, whatever was emitted; and
//! electrons that stay where they are.

#[cfg(feature = "gpu")]
#[path = "support/gpu.rs"]
mod gpu;
#[path = "support/plans.rs"]
mod plans;

use std::sync::atomic::AtomicBool;

use voxgray::source::{DecaySpectrum, Emission, EmissionGroup, Particle};
use voxgray::transport::layout::FLAG_KERMA;
use voxgray::transport::plan::Plan;
use voxgray::transport::run::{RunSettings, Silent, run};
use voxgray::transport::settings::Settings;
use voxgray::transport::tally::{Origin, Tally};

/// One particle of an energy up to that of the tables: sources of the command line end at 3.5 MeV.
fn line(particle: Particle, energy_mev: f64) -> DecaySpectrum {
    let group = EmissionGroup {
        yield_per_decay: 1.0,
        mean_energy_mev: energy_mev,
        entries: vec![Emission::Line { energy_mev, yield_per_decay: 1.0 }],
        local_mev_per_decay: 0.0,
    };
    let mut decay = DecaySpectrum { label: particle.name().into(), ..DecaySpectrum::default() };
    match particle {
        Particle::Photon => decay.photons = group,
        Particle::Electron => decay.electrons = group,
        Particle::Positron => decay.positrons = group,
        Particle::Alpha => decay.alphas = group,
    }
    decay
}

fn on_cpu(plan: &Plan, histories: u64, threads: usize) -> Tally {
    let settings = RunSettings { threads, ..RunSettings::with_histories(histories, 2) };
    run(plan, &settings, &[], 0, &Silent, &AtomicBool::new(false)).expect("a run").tally
}

fn units(tally: &Tally, origin: Origin) -> u64 {
    tally.of_origin(origin).unwrap_or_default().iter().sum()
}

/// Every kind of source in gold.
fn heavy_plans() -> Vec<(String, Plan)> {
    let mut all = Vec::new();
    let sources = [
        (Particle::Electron, 4.0),
        (Particle::Electron, 1.03),
        (Particle::Photon, 4.0),
        (Particle::Positron, 2.0),
        (Particle::Alpha, 9.0),
    ];
    for (particle, energy) in sources {
        let plan = plans::gold_plan(&line(particle, energy), false, &Settings::default());
        let name = format!("{} of {energy} MeV", particle.name());
        all.push((format!("{name}, kerma"), plans::kerma(plan.clone())));
        all.push((name, plan));
    }
    let electrons = line(Particle::Electron, 4.0);
    let shells = plans::gold_plan(&electrons, true, &Settings::default());
    all.push(("electron of 4 MeV in shells".into(), shells));
    all
}

fn closed(name: &str, plan: &Plan, tally: &Tally) {
    let books = &tally.ledger;
    let of_origins = Origin::ALL.map(|origin| units(tally, origin));
    println!("{name}: {of_origins:?}");
    assert!(books.imbalance().abs() < 1e-6, "{name}: {}", books.imbalance());
    if plan.params.flags & FLAG_KERMA == 0 {
        let sum: u64 = of_origins.iter().sum();
        assert_eq!(sum, books.imparted_units + books.cut_units, "{name}");
    }
    tally.check().expect("a tally that agrees with itself");
}

/// Bremsstrahlung of a source electron makes pairs whose annihilation quanta count as photons.
#[test]
fn annihilation_quanta_of_an_electron_source_have_their_tally() {
    for (name, plan) in heavy_plans() {
        let tally = on_cpu(&plan, 4_000, 2);
        closed(&name, &plan, &tally);
        if name.starts_with("electron of 4") {
            assert!(units(&tally, Origin::Photon) > 0, "{name}: no pair in gold");
        }
    }
}

#[cfg(feature = "gpu")]
#[test]
fn annihilation_quanta_have_their_tally_on_the_gpu() {
    use voxgray::transport::gpu::run::GpuEngine;
    let Some((adapters, number)) = gpu::adapters() else { return };
    let engine = GpuEngine::new(adapters, vec![number]);
    let exact = gpu::device().is_some_and(|d| gpu::exact(&d));
    let settings = RunSettings { threads: 1, ..RunSettings::with_histories(1_000, 2) };
    for (name, plan) in heavy_plans() {
        let stop = AtomicBool::new(false);
        let tally = engine.run(&plan, &settings, &[], 0, &Silent, &stop).expect("a run").tally;
        closed(&name, &plan, &tally);
        let cpu = on_cpu(&plan, 1_000, 1);
        assert!(!exact || cpu == tally, "{name}: the tallies differ");
    }
    // A run whose sums could overflow is refused by this engine too.
    let (_, plan) = heavy_plans().swap_remove(0);
    let many = RunSettings { histories_per_batch: 1 << 31, batches: 1 << 10, ..settings };
    let error = engine.run(&plan, &many, &[], 0, &Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.why.contains("overflow"), "{error}");
}

/// With a cutoff above their energies, electrons and positrons give all of it to the voxel of their decay, to the unit, and nothing as
/// bremsstrahlung; positrons annihilate.
#[test]
fn electrons_below_a_cutoff_of_4_mev_stay_in_their_voxel() {
    let settings = Settings { electron_cutoff_mev: 4.0, ..Settings::default() };
    for name in ["Y-90", "Lu-177", "F-18", "P-32", "I-131", "Ga-68"] {
        let decay = plans::decay(name);
        let plan = plans::gold_plan(&decay, false, &settings);
        let tally = on_cpu(&plan, 2_000, 2);
        closed(name, &plan, &tally);
        let source = plan.source_voxels[0] as usize;
        let electron = tally.of_origin(Origin::Electron).expect("electrons");
        let elsewhere: u64 = electron.iter().sum::<u64>() - electron[source];
        assert_eq!(elsewhere, 0, "{name}: electrons left their voxel");
        // The energy that electrons and positrons of these histories had.
        let books = &tally.ledger;
        let photons = units(&tally, Origin::Photon) + books.escaped_units;
        let balance = books.emitted_units as i64 - (electron[source] + photons) as i64;
        assert!(balance.unsigned_abs() < 1 + books.emitted_units / 1_000_000, "{name}: {balance}");
        // Per decay that of the decay data, within five standard errors of sampled beta spectra.
        let expected =
            decay.electrons.energy_per_decay_mev() + decay.positrons.energy_per_decay_mev();
        let found = tally.mean_mev_of(Origin::Electron, source);
        let most = decay.electrons.max_energy_mev().max(decay.positrons.max_energy_mev());
        let bar = 5.0 * 0.5 * most * 2.0 / (tally.histories() as f64).sqrt();
        println!("{name}: {found:.5} MeV per decay in the voxel, emitted {expected:.5}");
        assert!((found - expected).abs() < bar, "{name}: {found} not {expected}");
    }
    // To the unit: one line alone, whose every energy is known.
    for energy in [0.3, 2.0, 3.9] {
        let plan = plans::gold_plan(&line(Particle::Positron, energy), false, &settings);
        let tally = on_cpu(&plan, 500, 1);
        let source = plan.source_voxels[0] as usize;
        let one = voxgray::transport::ledger::to_units(energy as f32);
        let electron = tally.of_origin(Origin::Electron).expect("electrons");
        assert_eq!(electron[source], 500 * one, "{energy} MeV");
        assert!(units(&tally, Origin::Photon) > 0, "they annihilate");
    }
    let error = Settings { electron_cutoff_mev: 4.1, ..Settings::default() }.check().unwrap_err();
    assert!(error.why.contains("0.001 and 4"), "{error}");
}
