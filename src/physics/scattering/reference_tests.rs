//! Transport cross sections per atom against ELSEPA (values in ../shared/reference).

use std::collections::BTreeMap;

use super::moments::TransportMoments;
use crate::constants::AVOGADRO;
use crate::physics::reference_materials::reference;
use crate::physics::{Lepton, Material};
use crate::units::KEV_PER_MEV;

fn element(z: u8) -> Material {
    Material {
        name: format!("Z = {z}"),
        density_g_cm3: 1.0,
        mass_fractions: vec![(z, 1.0)],
        mean_excitation_ev: 100.0,
    }
}

/// Total, first and second transport cross sections, cm2, of elastic scattering alone.
fn transport_cross_sections(z: u8, energy_mev: f64, lepton: Lepton) -> [f64; 3] {
    let index = super::atom::index_of(z).unwrap();
    let per_gram = AVOGADRO / super::atom::atom(index).atomic_weight;
    let moments = TransportMoments::elastic(&element(z), energy_mev, lepton, 2).unwrap();
    [moments.total, moments.g[1], moments.g[2]].map(|moment| moment / per_gram)
}

#[test]
#[cfg_attr(not(shared_reference), ignore = "needs ../shared/reference")]
fn transport_cross_sections_agree_with_elsepa() {
    let text = reference("elastic_elsepa_reference.csv");
    let mut worst = BTreeMap::<u8, [f64; 3]>::new();
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let f: Vec<f64> = line.split(',').skip(1).map(|field| field.parse().unwrap()).collect();
        let (z, kev) = (f[0] as u8, f[1]);
        for (lepton, column) in [(Lepton::Electron, 2), (Lepton::Positron, 5)] {
            let ours = transport_cross_sections(z, kev / KEV_PER_MEV, lepton);
            let entry = worst.entry(z).or_default();
            for i in 0..3 {
                entry[i] = entry[i].max((ours[i] / f[column + i] - 1.0).abs());
            }
        }
    }
    assert_eq!(worst.len(), 7);
    for (z, [total, first, second]) in worst {
        println!(
            "Z = {z}: total {:.2} %, first {:.2} %, second {:.2} %",
            1e2 * total,
            1e2 * first,
            1e2 * second
        );
        // Total, first and second. ELSEPA's hydrogen steps by 1.4 % between 20 and 25 keV, where ours is smooth.
        // The total depends on the outermost electrons, which the density's fit holds less well.
        let (total_bar, bar) = match z {
            1 => (1.0e-2, 1.5e-2),
            53 => (2.7e-2, 1.1e-2),
            _ => (1.1e-2, 0.4e-2),
        };
        assert!(total < total_bar && first < bar && second < bar, "Z = {z}");
    }
}
