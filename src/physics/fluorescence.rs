//! K fluorescence after photoelectric absorption.
//!
//! Neglected: L and higher shells, fluorescence after Compton scattering, and the slow growth of the K shell's share with
//! energy (the share just above the edge is used at all energies above it; it is 2 % more at twice the edge). Lines below 1 keV are
//! taken as local.

use crate::error::Result;
use crate::physics::Material;
use crate::physics::embedded;
use crate::physics::photon::{MIN_PHOTON_MEV, photoelectric_by_element};
use std::sync::LazyLock;

/// K x rays of one element in a material.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fluorescence {
    /// Atomic number of the emitter.
    pub z: u8,
    /// Intensity-weighted mean energy of the K lines, MeV.
    pub energy_mev: f64,
    /// Probability per photoelectric absorption in the material at the given photon energy.
    pub probability: f64,
}

/// K-shell data of an element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KShell {
    /// Atomic number.
    pub z: u8,
    /// K edge, MeV.
    pub edge_mev: f64,
    /// Share of photoelectric absorptions in the K shell above the edge (from the edge jump).
    pub share: f64,
    /// K x rays per K vacancy.
    pub fluorescence_yield: f64,
    /// Mean energy of the K-alpha lines, MeV, and their part of all K x rays.
    pub k_alpha: (f64, f64),
    /// The same for the K-beta lines.
    pub k_beta: (f64, f64),
}

impl KShell {
    /// Intensity-weighted mean energy of all K lines, MeV.
    pub fn mean_energy_mev(&self) -> f64 {
        self.k_alpha.0 * self.k_alpha.1 + self.k_beta.0 * self.k_beta.1
    }
}

static K_SHELLS: LazyLock<Vec<KShell>> = LazyLock::new(|| {
    embedded::numbers(include_str!("../../data/photon/k_fluorescence.csv"))
        .map(|row| KShell {
            z: row[0] as u8,
            edge_mev: row[1],
            share: row[2],
            fluorescence_yield: row[3],
            k_alpha: (row[4], row[5]),
            k_beta: (row[6], row[7]),
        })
        .collect()
});

/// K-shell data of element `z`; `None` where the K edge lies below 1 keV (Z < 11) or there are no data.
pub fn k_shell(z: u8) -> Option<&'static KShell> {
    K_SHELLS.iter().find(|shell| shell.z == z)
}

/// K x rays of at least 1 keV that follow photoelectric absorption of a photon of `energy_mev`, the one that carries most
/// energy first.
///
/// # Errors
/// When the energy lies outside the tables or an element has no data.
pub fn k_fluorescence(material: &Material, energy_mev: f64) -> Result<Vec<Fluorescence>> {
    let parts = photoelectric_by_element(material, energy_mev)?;
    let total: f64 = parts.iter().map(|part| part.1).sum();
    let mut lines: Vec<Fluorescence> = parts
        .iter()
        .filter_map(|&(z, part)| {
            let shell = k_shell(z)?;
            let line = Fluorescence {
                z,
                energy_mev: shell.mean_energy_mev(),
                probability: part / total * shell.share * shell.fluorescence_yield,
            };
            let emitted = energy_mev >= shell.edge_mev && line.energy_mev >= MIN_PHOTON_MEV;
            (emitted && line.probability > 0.0).then_some(line)
        })
        .collect();
    let carried = |line: &Fluorescence| line.probability * line.energy_mev;
    lines.sort_by(|a, b| carried(b).total_cmp(&carried(a)));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::element::MAX_Z;
    use crate::physics::reference_data::materials;

    #[test]
    fn k_shells_are_in_order() {
        for z in 11..=MAX_Z {
            let shell = k_shell(z).unwrap_or_else(|| panic!("no K shell for Z = {z}"));
            let (alpha, beta) = (shell.k_alpha, shell.k_beta);
            assert!(alpha.0 < shell.edge_mev && beta.0 < shell.edge_mev, "Z {z}");
            assert!(beta.1 == 0.0 || beta.0 > alpha.0, "Z {z}");
            assert!((alpha.1 + beta.1 - 1.0).abs() < 2e-5, "Z {z}");
            assert!((0.75..0.95).contains(&shell.share), "Z {z}: {}", shell.share);
            assert!((0.0..1.0).contains(&shell.fluorescence_yield), "Z {z}");
        }
        assert!(k_shell(8).is_none());
    }

    #[test]
    fn bone_shines_in_calcium_above_its_edge_only() {
        let bone = materials("bone_cortical_ICRU44");
        let lines = k_fluorescence(&bone, 0.02).unwrap();
        assert_eq!(lines[0].z, 20);
        assert!((lines[0].energy_mev - 0.00373).abs() < 2e-5, "{}", lines[0].energy_mev);
        // Ca absorbs most of it; 0.886 of that in K, 0.169 of which shine.
        assert!((0.10..0.15).contains(&lines[0].probability), "{}", lines[0].probability);
        assert!(k_fluorescence(&bone, 0.004).unwrap().iter().all(|line| line.z != 20));
        assert!(k_fluorescence(&materials("water"), 0.02).unwrap().is_empty());
    }

    /// Iodine: K-alpha 28.5 keV and K-beta 32.4 keV (4.4 to 1), edge 33.2 keV, yield 0.88.
    #[test]
    fn iodine() {
        let shell = k_shell(53).unwrap();
        assert!((shell.mean_energy_mev() - 0.0292).abs() < 1e-4, "{}", shell.mean_energy_mev());
        let line = k_fluorescence(&materials("I"), 0.05).unwrap()[0];
        assert!((line.probability - 0.83 * 0.88).abs() < 0.01, "{}", line.probability);
    }
}
