//! Nuclide data and sampled tables against reference sums of ICRP-107 (`validation/reference`).

use voxgray::physics::Nuclide;
use voxgray::physics::NuclideData::Icrp107;
use voxgray::physics::chain::chain_in;
use voxgray::source::{DecaySpectrum, EmissionGroup};

/// The bar on the data: energy per decay within 0.1 %.
const ENERGY_BAR: f64 = 1e-3;
/// The reference prints five digits; half of the last one.
const PRINTED: f64 = 5e-5;

/// The rows of a reference table by column name.
fn table(text: &'static str) -> Vec<std::collections::HashMap<&'static str, &'static str>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<_> = lines.next().expect("column names").split(',').collect();
    lines.map(|line| columns.iter().copied().zip(line.split(',')).collect()).collect()
}

fn energies() -> Vec<std::collections::HashMap<&'static str, &'static str>> {
    table(include_str!("../validation/reference/icrp107_energies_per_decay.csv"))
}

/// Collects what is off instead of stopping at the first, and prints the whole list.
fn assert_none(failures: Vec<String>) {
    assert!(failures.is_empty(), "{} off:\n{}", failures.len(), failures.join("\n"));
}

#[test]
#[cfg_attr(not(feature = "icrp107"), ignore = "needs --features icrp107")]
fn energy_per_decay_by_type() {
    let rows = energies();
    assert!(rows.len() >= 55);
    let mut failures = Vec::new();
    for row in rows {
        let nuclide = Nuclide::load_from(Icrp107, row["nuclide"]).unwrap();
        let e = nuclide.energy_per_decay();
        for (column, value, bar) in [
            ("E_alpha", e.alpha, PRINTED),
            ("E_recoil", e.recoil, PRINTED),
            ("E_beta_minus", e.beta_minus, PRINTED),
            ("E_beta_plus", e.beta_plus, PRINTED),
            ("E_IE", e.conversion, PRINTED),
            ("E_Auger", e.auger, PRINTED),
            ("E_gamma", e.gamma, PRINTED),
            ("E_X", e.x_ray, PRINTED),
            ("E_annih", e.annihilation, PRINTED),
            ("E_electrons_total", e.electrons(), ENERGY_BAR),
            ("E_photons_total", e.photons(), ENERGY_BAR),
        ] {
            let expected = row[column].parse::<f64>().unwrap() / 1000.0;
            if (value - expected).abs() > bar * expected {
                failures.push(format!("{} {column}: {value} MeV, not {expected}", row["nuclide"]));
            }
        }
    }
    assert_none(failures);
}

/// The energy that the alias table and the inverse CDFs of a group carry, MeV per decay.
fn sampled(group: &EmissionGroup) -> f64 {
    let entries = group.alias_table().picked().into_iter().zip(&group.entries);
    group.yield_per_decay * entries.map(|(p, e)| p * e.mean_energy_mev()).sum::<f64>()
        + group.local_mev_per_decay
}

#[test]
#[cfg_attr(not(feature = "icrp107"), ignore = "needs --features icrp107")]
fn energy_per_decay_of_the_sampled_tables() {
    let mut failures = Vec::new();
    for row in energies() {
        let name = row["nuclide"];
        let mut alone = chain_in(Icrp107, name, None, 0.0).unwrap();
        alone.members.truncate(1);
        let decay = DecaySpectrum::from_chain(&alone).unwrap();
        let reference = |column: &str| row[column].parse::<f64>().unwrap() / 1000.0;
        // The quanta of a positron are made by transport: 2 x 0.511 MeV.
        let quanta = 2.0 * voxgray::constants::ELECTRON_MASS_MEV * decay.positrons.yield_per_decay;
        for (what, value, expected) in [
            (
                "electrons",
                sampled(&decay.electrons) + sampled(&decay.positrons),
                reference("E_electrons_total"),
            ),
            ("photons", sampled(&decay.photons) + quanta, reference("E_photons_total")),
            (
                "alphas and recoil",
                sampled(&decay.alphas),
                reference("E_alpha") + reference("E_recoil"),
            ),
        ] {
            if (value - expected).abs() > ENERGY_BAR * expected {
                failures.push(format!("{name} {what}: {value} MeV, not {expected}"));
            }
        }
    }
    assert_none(failures);
}

#[test]
#[cfg_attr(not(feature = "icrp107"), ignore = "needs --features icrp107")]
fn half_lives_and_branching() {
    let rows = table(include_str!("../validation/reference/decay_chains.csv"));
    assert!(rows.len() >= 50);
    let mut failures = Vec::new();
    for row in rows {
        let nuclide = Nuclide::load_from(Icrp107, row["nuclide"]).unwrap();
        let half_life: f64 = row["half_life_s"].parse().unwrap();
        if (nuclide.half_life_s - half_life).abs() > 1e-5 * half_life {
            failures.push(format!("{}: {} s, not {half_life}", nuclide.name, nuclide.half_life_s));
        }
        let mut unseen = nuclide.branches.clone();
        for (progeny, fraction) in row["progeny"].split('|').zip(row["branching"].split('|')) {
            let fraction: f64 = fraction.parse().unwrap();
            let found = unseen.iter().position(|branch| branch.progeny == progeny);
            match found.map(|index| unseen.remove(index)) {
                Some(branch) if (branch.fraction - fraction).abs() <= PRINTED * fraction => {}
                other => failures.push(format!("{}: {other:?}, not {fraction}", nuclide.name)),
            }
        }
        if !unseen.is_empty() {
            failures.push(format!("{}: {unseen:?} not in the reference", nuclide.name));
        }
    }
    assert_none(failures);
}
