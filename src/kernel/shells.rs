//! Radii of the shells in which a point kernel is scored. Within a shell energy counts as spread evenly over the radius: shells are thin where
//! kernels are steep.

use crate::error::Result;
use crate::physics::{CsdaRange, Lepton, StoppingPower};
use crate::source::DecaySpectrum;

use super::medium::Medium;

/// Innermost radius: half a micrometre of water, in g/cm2; what is deposited on the spot lies there.
const FIRST_G_CM2: f64 = 5e-5;
/// Growth of the radii of the inner shells.
const INNER_GROWTH: f64 = 1.1;
/// Shells of a range of the fastest electron, where they are of equal thickness.
const PER_RANGE: f64 = 60.0;
/// Ranges of the fastest electron up to which shells are thin.
const RANGES: f64 = 1.1;
/// Growth beyond: there only photons deposit, as exp(-mu r) to a few per cent of a shell.
const OUTER_GROWTH: f64 = 1.04;

/// Outer radii (cm) from next to nothing to `outer_cm`.
///
/// # Errors
/// If the medium has no stopping power.
pub fn radii(decay: &DecaySpectrum, medium: &Medium, outer_cm: f64) -> Result<Vec<f64>> {
    let range = electron_range_cm(decay, medium)?;
    let mut radii = vec![FIRST_G_CM2 / medium.density_g_cm3];
    loop {
        let r = radii[radii.len() - 1];
        let next = match r < RANGES * range {
            true => r + ((INNER_GROWTH - 1.0) * r).min(range / PER_RANGE),
            false if range == 0.0 && r < 1.0 => r * INNER_GROWTH,
            false => r * OUTER_GROWTH,
        };
        if next >= outer_cm {
            radii.push(outer_cm);
            return Ok(radii);
        }
        radii.push(next);
    }
}

/// CSDA range (cm) of the fastest electron or positron; 0 if there is none.
///
/// # Errors
/// If the medium has no stopping power.
pub fn electron_range_cm(decay: &DecaySpectrum, medium: &Medium) -> Result<f64> {
    let energy = decay.electrons.max_energy_mev().max(decay.positrons.max_energy_mev());
    if energy < crate::source::research::MIN_ENERGY_MEV {
        return Ok(0.0);
    }
    let stopping = StoppingPower::new(&medium.material)?;
    Ok(CsdaRange::new(&stopping, Lepton::Electron).range(energy) / medium.density_g_cm3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse_source;

    #[test]
    fn shells_ascend_and_are_thin_within_the_range() {
        let water = Medium::named("water", None).expect("built in");
        for source in ["electron:1MeV", "photon:0.1MeV", "alpha:5MeV"] {
            let radii =
                radii(&parse_source(source).expect("a source"), &water, 80.0).expect("radii");
            assert!(radii.windows(2).all(|w| w[1] > w[0]), "{source}");
            assert_eq!(radii[radii.len() - 1], 80.0);
            assert!(radii.len() < 900, "{source}: {}", radii.len());
        }
        // ESTAR: 0.4367 g/cm2 at 1 MeV.
        let range = electron_range_cm(&parse_source("electron:1MeV").expect("a source"), &water);
        assert!((range.expect("a range") / 0.4367 - 1.0).abs() < 2e-3);
    }
}
