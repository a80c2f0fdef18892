//! X rays of L shells, which transport neglects: how much energy they would carry away. Neglects how the L subshells share absorptions far above their edges,
//! and takes one L vacancy for each K vacancy.

use std::sync::LazyLock;

use crate::error::Result;
use crate::physics::Material;
use crate::physics::embedded;
use crate::physics::fluorescence::k_shell;
use crate::physics::photon::photoelectric_by_element;

/// L-shell data of an element.
#[derive(Debug, Clone, Copy, PartialEq)]
struct LShell {
    z: u8,
    /// L3 edge, MeV.
    edge_mev: f64,
    /// Share of photoelectric absorptions above the L edges and below the K edge.
    share: f64,
    /// X rays per vacancy.
    fluorescence_yield: f64,
    /// Their mean energy, MeV.
    line_mev: f64,
}

static L_SHELLS: LazyLock<Vec<LShell>> = LazyLock::new(|| {
    embedded::numbers(include_str!("../../data/photon/l_fluorescence.csv"))
        .map(|row| LShell {
            z: row[0] as u8,
            edge_mev: row[1],
            share: row[2],
            fluorescence_yield: row[3],
            line_mev: row[4],
        })
        .collect()
});

/// Lightest element whose L x rays have 1 keV.
pub const LIGHTEST: u8 = 30;

/// Of the energy that a material absorbs from photons of an energy, photoelectrically, the part that L x rays of 1 keV or more would carry, and their mean
/// energy (MeV; 0 where there are none).
///
/// # Errors
/// When the energy lies outside the tables or an element has no data.
pub fn l_neglected(material: &Material, energy_mev: f64) -> Result<(f64, f64)> {
    let parts = photoelectric_by_element(material, energy_mev)?;
    let total: f64 = parts.iter().map(|part| part.1).sum();
    let (mut carried, mut photons) = (0.0, 0.0);
    for (z, part) in parts {
        let Some(shell) = L_SHELLS.iter().find(|s| s.z == z && s.edge_mev < energy_mev) else {
            continue;
        };
        let in_k = k_shell(z).filter(|k| k.edge_mev <= energy_mev).map_or(0.0, |k| k.share);
        let vacancies = (1.0 - in_k) * shell.share + in_k;
        let number = part / total * vacancies * shell.fluorescence_yield;
        photons += number;
        carried += number * shell.line_mev;
    }
    Ok((carried / energy_mev, if photons > 0.0 { carried / photons } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::element::MAX_Z;

    fn alone(z: u8) -> Material {
        Material::new("x", 1.0, &[(z, 1.0)], 100.0).expect("valid")
    }

    #[test]
    fn lead_shines_in_its_l_lines() {
        // Lead at 20 keV: 0.75 of absorptions in L, 0.38 of which give 11.7 keV (Krause, J. Phys. Chem. Ref. Data 8, 307, 1979: omega L3 0.36, L2 0.40).
        let (part, line) = l_neglected(&alone(82), 0.02).unwrap();
        assert!((part - 0.75 * 0.38 * 11.7 / 20.0).abs() < 0.01, "{part}");
        assert!((line - 0.0117).abs() < 2e-4, "{line}");
        // Above the K edge nearly every absorption ends in an L vacancy.
        let (part, _) = l_neglected(&alone(82), 0.1).unwrap();
        assert!((part - 0.95 * 0.38 * 11.7 / 100.0).abs() < 0.004, "{part}");
        assert_eq!(l_neglected(&alone(82), 0.012).unwrap().0, 0.0);
        assert_eq!(l_neglected(&alone(20), 0.05).unwrap(), (0.0, 0.0));
    }

    #[test]
    fn shells_are_in_order() {
        let zs: Vec<u8> = L_SHELLS.iter().map(|s| s.z).collect();
        assert_eq!(zs, (LIGHTEST..=MAX_Z).collect::<Vec<u8>>());
        for pair in L_SHELLS.windows(2) {
            assert!(pair[1].edge_mev > pair[0].edge_mev && pair[1].line_mev > pair[0].line_mev);
            assert!(pair[1].line_mev < pair[1].edge_mev * 1.3, "Z {}", pair[1].z);
            assert!((0.0..0.6).contains(&pair[1].fluorescence_yield));
        }
    }
}
