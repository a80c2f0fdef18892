//! Sources for research in place of a nuclide: one particle of one energy per decay.

use super::spectrum::{DecaySpectrum, Emission, EmissionGroup, Particle};
use crate::units::{EV_PER_MEV, KEV_PER_MEV};
use crate::{Error, Result};

/// Lowest energy of a research source, MeV: the floor of the cross-section tables.
pub const MIN_ENERGY_MEV: f64 = 1e-3;
/// Highest energy of a photon, electron or positron source, MeV.
pub const MAX_ENERGY_MEV: f64 = 3.5;
/// Highest energy of an alpha source, MeV.
pub const MAX_ALPHA_ENERGY_MEV: f64 = 9.0;

/// Highest energy of a particle of a research source, MeV.
pub fn highest_mev(particle: Particle) -> f64 {
    if particle == Particle::Alpha { MAX_ALPHA_ENERGY_MEV } else { MAX_ENERGY_MEV }
}

/// Reads a source such as `electron:0.935MeV`, `photon:208keV`, `positron:0.5MeV`, `alpha:5.5MeV`: one such
/// particle per decay.
///
/// # Errors
/// If the particle or the unit is unknown, or the energy is not a number within the range of the models.
pub fn parse_source(text: &str) -> Result<DecaySpectrum> {
    let Some((kind, energy)) = text.split_once(':') else {
        return Err(refuse(text, "it has no colon between particle and energy"));
    };
    let kind = kind.trim().to_ascii_lowercase();
    let Some(particle) = Particle::ALL.into_iter().find(|p| p.name() == kind) else {
        return Err(refuse(text, "the particle is none of photon, electron, positron, alpha"));
    };
    let energy_mev = parse_energy_mev(text, energy.trim())?;
    let highest = highest_mev(particle);
    if !(MIN_ENERGY_MEV..=highest).contains(&energy_mev) {
        let why = format!("a {kind} must have {MIN_ENERGY_MEV} to {highest} MeV");
        return Err(refuse(text, &why));
    }
    let group = EmissionGroup {
        yield_per_decay: 1.0,
        mean_energy_mev: energy_mev,
        entries: vec![Emission::Line { energy_mev, yield_per_decay: 1.0 }],
        local_mev_per_decay: 0.0,
    };
    let mut decay =
        DecaySpectrum { label: format!("{kind} of {energy_mev} MeV"), ..DecaySpectrum::default() };
    match particle {
        Particle::Photon => decay.photons = group,
        Particle::Electron => decay.electrons = group,
        Particle::Positron => decay.positrons = group,
        Particle::Alpha => decay.alphas = group,
    }
    Ok(decay)
}

fn parse_energy_mev(source: &str, text: &str) -> Result<f64> {
    let lower = text.to_ascii_lowercase();
    let (number, per_mev) = if let Some(number) = lower.strip_suffix("mev") {
        (number, 1.0)
    } else if let Some(number) = lower.strip_suffix("kev") {
        (number, KEV_PER_MEV)
    } else if let Some(number) = lower.strip_suffix("ev") {
        (number, EV_PER_MEV)
    } else {
        return Err(refuse(source, "the energy has no unit eV, keV or MeV"));
    };
    match number.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value / per_mev),
        _ => Err(refuse(source, &format!("'{}' is not a number", number.trim()))),
    }
}

fn refuse(text: &str, why: &str) -> Error {
    Error::usage(
        format!("source '{text}' cannot be read"),
        why,
        "Write for example electron:0.935MeV, photon:208keV, positron:0.5MeV or alpha:5.5MeV; file:PATH for a spectrum.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_particles_and_units() {
        let energy = |text: &str, particle: Particle| {
            let decay = parse_source(text).unwrap();
            let total: f64 = Particle::ALL.map(|p| decay.group(p).yield_per_decay).iter().sum();
            assert_eq!(total, 1.0, "{text}");
            decay.group(particle).mean_energy_mev
        };
        assert_eq!(energy("electron:0.935MeV", Particle::Electron), 0.935);
        assert_eq!(energy("photon:208keV", Particle::Photon), 0.208);
        assert_eq!(energy(" Positron : 5e5 eV ", Particle::Positron), 0.5);
        assert_eq!(energy("alpha:5.5mev", Particle::Alpha), 5.5);
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, why) in [
            ("electron", "colon"),
            ("proton:1MeV", "none of photon"),
            ("electron:1", "no unit"),
            ("electron:oneMeV", "'one' is not a number"),
            ("electron:nanMeV", "not a number"),
            ("electron:4MeV", "0.001 to 3.5"),
            ("photon:-1MeV", "0.001 to 3.5"),
            ("alpha:9.1MeV", "0.001 to 9"),
        ] {
            let message = parse_source(text).unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
        }
    }
}
