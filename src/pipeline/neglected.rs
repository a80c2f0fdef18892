//! What transport neglects in heavy elements, told where it is large: x rays of L shells, whose energy stays where they start. Neglects that they may be absorbed
//! within their voxel, but for their mean free path in the material itself.

use super::Observer;
use crate::error::Result;
use crate::phantom::Phantom;
use crate::physics::Material;
use crate::physics::l_fluorescence::{LIGHTEST, l_neglected};
use crate::physics::photon::mu_over_rho;
use crate::source::DecaySpectrum;
use crate::units::{KEV_PER_MEV, MM_PER_CM};

/// Energy in a wrong voxel, of what a material absorbs of photons, that is told.
const TOLD: f64 = 2e-3;
/// Energies per decade that are looked at.
const PER_DECADE: f64 = 40.0;
/// Lowest, MeV.
const LOWEST_MEV: f64 = 1e-3;

/// What of a material's photoelectric energy L x rays would take to another voxel, at the worst energy.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    part: f64,
    photon_mev: f64,
    line_mev: f64,
    free_path_mm: f64,
}

fn worst(material: &Material, highest_mev: f64, edge_mm: f64) -> Result<Lost> {
    let mut worst = Lost::default();
    let steps = ((highest_mev / LOWEST_MEV).log10() * PER_DECADE).floor().max(0.0) as u32;
    for n in 0..=steps {
        let photon_mev = LOWEST_MEV * 10f64.powf(f64::from(n) / PER_DECADE);
        let (part, line_mev) = l_neglected(material, photon_mev)?;
        if part <= worst.part {
            continue;
        }
        let mu = mu_over_rho(material, line_mev)?.total() * material.density_g_cm3;
        let free_path_mm = MM_PER_CM / mu;
        let part = part * (free_path_mm / edge_mm).min(1.0);
        if part > worst.part {
            worst = Lost { part, photon_mev, line_mev, free_path_mm };
        }
    }
    Ok(worst)
}

/// Warns of the materials in which it is large.
///
/// # Errors
/// If a material has an element without data.
pub(super) fn tell(
    phantom: &Phantom,
    decay: &DecaySpectrum,
    observer: &dyn Observer,
) -> Result<()> {
    let all = [&decay.photons, &decay.electrons, &decay.positrons];
    let highest = all.iter().map(|s| s.max_energy_mev()).fold(0.0, f64::max);
    let edge_mm = phantom.grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
    let density = mean_densities(phantom);
    for (m, material) in phantom.materials.iter().enumerate() {
        if density[m] <= 0.0 {
            continue;
        }
        if highest < LOWEST_MEV || material.mass_fractions.iter().all(|(z, _)| *z < LIGHTEST) {
            continue;
        }
        let here = Material { density_g_cm3: density[m], ..material.clone() };
        let lost = worst(&here, highest, edge_mm)?;
        if lost.part >= TOLD {
            observer.warn(&format!(
                "material '{}': x rays of L shells (about {:.1} keV, which go {:.2} mm in it) are not followed: of the energy that it absorbs from photons of {:.0} keV \
                 about {:.1} % is deposited in a wrong voxel, of other photons less",
                material.name,
                lost.line_mev * KEV_PER_MEV,
                lost.free_path_mm,
                lost.photon_mev * KEV_PER_MEV,
                100.0 * lost.part
            ));
        }
    }
    Ok(())
}

/// Mean density (g/cm3) of the voxels of each material; 0 where it has none.
fn mean_densities(phantom: &Phantom) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_usize); phantom.materials.len()];
    for (m, rho) in phantom.material.iter().zip(&phantom.density) {
        let (sum, voxels) = &mut sums[usize::from(*m)];
        *sum += f64::from(*rho);
        *voxels += 1;
    }
    sums.into_iter().map(|(sum, n)| if n > 0 { sum / n as f64 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bismuth in water shines into the voxels beside; bulk lead keeps its x rays within microns; tissue with a trace of iodine has next to none.
    #[test]
    fn what_is_dilute_and_heavy_is_told() {
        let lost = |density: f64, parts: &[(u8, f64)], edge: f64| {
            let material = Material::with_bragg_excitation("x", density, parts).expect("valid");
            worst(&material, 1.0, edge).expect("data")
        };
        let bismuth = lost(1.1, &[(1, 0.1), (8, 0.8), (83, 0.1)], 2.0);
        assert!(bismuth.part > 0.02 && (0.009..0.014).contains(&bismuth.line_mev), "{bismuth:?}");
        assert!(lost(11.35, &[(82, 1.0)], 2.0).part < TOLD);
        assert!(lost(1.0, &[(1, 0.1), (6, 0.1), (8, 0.799), (53, 0.001)], 2.0).part < TOLD);
        assert!(lost(1.0, &[(1, 0.111894), (8, 0.888106)], 2.0).part == 0.0);
    }
}
