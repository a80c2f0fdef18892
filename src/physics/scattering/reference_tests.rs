//! Transport cross sections per atom against ELSEPA (values in ../shared/reference, which the tests skip if absent).

use std::path::Path;

use super::moments::TransportMoments;
use crate::constants::AVOGADRO;
use crate::physics::{Lepton, Material};

fn element(z: u8) -> Material {
    Material {
        name: format!("Z = {z}"),
        density_g_cm3: 1.0,
        mass_fractions: vec![(z, 1.0)],
        mean_excitation_ev: 100.0,
    }
}

/// First and second transport cross sections, cm2, of elastic scattering alone.
fn transport_cross_sections(z: u8, energy_mev: f64, lepton: Lepton) -> (f64, f64) {
    let index = super::atom::index_of(z).unwrap();
    let per_gram = AVOGADRO / super::atom::atom(index).atomic_weight;
    let moments = TransportMoments::elastic(&element(z), energy_mev, lepton, 2).unwrap();
    (moments.g[1] / per_gram, moments.g[2] / per_gram)
}

#[test]
fn transport_cross_sections_agree_with_elsepa() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/reference/data/elastic_elsepa_reference.csv"
    );
    if !Path::new(path).exists() {
        println!("skipped: {path} is absent");
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let mut worst = std::collections::BTreeMap::<u8, (f64, f64)>::new();
    let mut failures = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let f: Vec<f64> = line.split(',').skip(1).map(|field| field.parse().unwrap()).collect();
        let (z, kev) = (f[0] as u8, f[1]);
        // ELSEPA's hydrogen steps by 1.4 % between 20 and 25 keV, where ours and the cross section do not.
        let bar = match z {
            1 => 1.4e-2,
            53 => 1.3e-2,
            _ => 0.5e-2,
        };
        for (lepton, column) in [(Lepton::Electron, 3), (Lepton::Positron, 6)] {
            let (first, second) = transport_cross_sections(z, kev * 1e-3, lepton);
            let (d1, d2) = (first / f[column] - 1.0, second / f[column + 1] - 1.0);
            let entry = worst.entry(z).or_default();
            entry.0 = entry.0.max(d1.abs());
            entry.1 = entry.1.max(d2.abs());
            if d1.abs() > bar || d2.abs() > bar {
                failures.push(format!("Z {z} {kev} keV {lepton:?}: {d1:+.4} {d2:+.4}"));
            }
        }
    }
    for (z, (first, second)) in &worst {
        println!("Z = {z}: first {:.2} %, second {:.2} %", 1e2 * first, 1e2 * second);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
