//! What one decay of a source, with its progeny, emits: four groups of particles with energy tables.
//!
//! The emissions of a decay are independent of each other (no coincidence, no angular correlation), and
//! progeny decay in the same place. Annihilation quanta are not listed: a positron makes its own. Recoil
//! nuclei are a local deposit of the alpha group.

use super::alias::AliasTable;
use crate::Result;
use crate::physics::beta::inverse_cdf_mean;
use crate::physics::chain::Chain;
use crate::physics::nuclide::Nuclide;
use crate::physics::{BetaSpectrum, Line};

/// Nodes of an inverse-CDF table: at 1025 the top bin holds 0.1 % of the particles and linear
/// interpolation moves the mean energy by less than 1e-4 before it is corrected.
pub const INVERSE_CDF_NODES: usize = 1025;

/// Kind of a primary particle; also the tally it feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Particle {
    /// Gamma and X rays.
    Photon,
    /// Beta-minus particles, conversion and Auger electrons.
    Electron,
    /// Beta-plus particles.
    Positron,
    /// Alpha particles.
    Alpha,
}

impl Particle {
    /// All kinds in the order of the groups.
    pub const ALL: [Particle; 4] =
        [Particle::Photon, Particle::Electron, Particle::Positron, Particle::Alpha];

    /// Lower-case English name.
    pub fn name(self) -> &'static str {
        match self {
            Particle::Photon => "photon",
            Particle::Electron => "electron",
            Particle::Positron => "positron",
            Particle::Alpha => "alpha",
        }
    }
}

/// One entry of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Emission {
    /// Particles of one energy.
    Line {
        /// Kinetic or photon energy, MeV.
        energy_mev: f64,
        /// Mean number per decay of the parent.
        yield_per_decay: f64,
    },
    /// Particles of a continuous spectrum.
    Spectrum {
        /// Mean number per decay of the parent.
        yield_per_decay: f64,
        /// Energies (MeV) at equally spaced cumulative probabilities from 0 to 1; between them sampling
        /// interpolates linearly.
        inverse_cdf: Vec<f64>,
    },
}

impl Emission {
    /// Mean number per decay of the parent.
    pub fn yield_per_decay(&self) -> f64 {
        match self {
            Emission::Line { yield_per_decay, .. } | Emission::Spectrum { yield_per_decay, .. } => {
                *yield_per_decay
            }
        }
    }

    /// Mean energy of one particle as it is sampled, MeV.
    pub fn mean_energy_mev(&self) -> f64 {
        match self {
            Emission::Line { energy_mev, .. } => *energy_mev,
            Emission::Spectrum { inverse_cdf, .. } => inverse_cdf_mean(inverse_cdf),
        }
    }

    /// Greatest energy of one particle, MeV.
    pub fn max_energy_mev(&self) -> f64 {
        match self {
            Emission::Line { energy_mev, .. } => *energy_mev,
            Emission::Spectrum { inverse_cdf, .. } => inverse_cdf[inverse_cdf.len() - 1],
        }
    }
}

/// All emissions of one kind of particle.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmissionGroup {
    /// Mean number of sampled particles per decay of the parent.
    pub yield_per_decay: f64,
    /// Mean energy of one sampled particle, MeV; 0 if there is none.
    pub mean_energy_mev: f64,
    /// What is sampled.
    pub entries: Vec<Emission>,
    /// Energy of this kind that is deposited on the spot, MeV per decay of the parent: an expected
    /// value, not sampled.
    pub local_mev_per_decay: f64,
}

impl EmissionGroup {
    /// Energy per decay of the parent, sampled and local, MeV.
    pub fn energy_per_decay_mev(&self) -> f64 {
        self.yield_per_decay * self.mean_energy_mev + self.local_mev_per_decay
    }

    /// The table that picks an entry.
    pub fn alias_table(&self) -> AliasTable {
        let weights: Vec<f64> = self.entries.iter().map(Emission::yield_per_decay).collect();
        AliasTable::new(&weights)
    }

    /// Greatest energy of a sampled particle, MeV; 0 if there is none.
    pub fn max_energy_mev(&self) -> f64 {
        self.entries.iter().map(Emission::max_energy_mev).fold(0.0, f64::max)
    }

    fn push_line(&mut self, line: &Line, weight: f64) {
        self.entries.push(Emission::Line {
            energy_mev: line.energy_mev,
            yield_per_decay: line.yield_per_decay * weight,
        });
    }

    fn push_spectrum(&mut self, spectrum: &BetaSpectrum, weight: f64) {
        self.entries.push(Emission::Spectrum {
            yield_per_decay: spectrum.yield_per_decay * weight,
            inverse_cdf: spectrum.inverse_cdf(INVERSE_CDF_NODES),
        });
    }

    /// Makes the sums follow the entries.
    pub(super) fn update(&mut self) {
        let energy: f64 =
            self.entries.iter().map(|e| e.yield_per_decay() * e.mean_energy_mev()).sum();
        self.yield_per_decay = self.entries.iter().map(Emission::yield_per_decay).sum();
        self.mean_energy_mev =
            if self.yield_per_decay > 0.0 { energy / self.yield_per_decay } else { 0.0 };
    }

    /// Moves lines below `energy_mev`, and entries rarer than `minimum_yield`, to the local deposit.
    fn split_local(&mut self, energy_mev: f64, minimum_yield: f64) {
        let mut local = 0.0;
        self.entries.retain(|entry| {
            let weak = entry.yield_per_decay() < minimum_yield;
            let short = matches!(entry, Emission::Line { energy_mev: e, .. } if *e < energy_mev);
            if weak || short {
                local += entry.yield_per_decay() * entry.mean_energy_mev();
            }
            !(weak || short)
        });
        self.local_mev_per_decay += local;
        self.update();
    }
}

/// Below which energy a line is deposited on the spot, and below which yield anything is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalLimits {
    /// Photon lines, MeV.
    pub photon_mev: f64,
    /// Electron lines, MeV.
    pub electron_mev: f64,
    /// Alpha lines, MeV.
    pub alpha_mev: f64,
    /// Entries with fewer particles per decay of the parent (long-lived progeny give 1e-20 or less).
    pub yield_per_decay: f64,
}

/// What one decay of a source emits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DecaySpectrum {
    /// The source in words: `Lu-177` or `electron of 0.935 MeV`.
    pub label: String,
    /// Gamma and X rays.
    pub photons: EmissionGroup,
    /// Beta-minus particles, conversion and Auger electrons.
    pub electrons: EmissionGroup,
    /// Beta-plus particles; each is to annihilate into two photons.
    pub positrons: EmissionGroup,
    /// Alpha particles; the local deposit is that of the recoil nuclei.
    pub alphas: EmissionGroup,
}

impl DecaySpectrum {
    /// All emissions of a chain per decay of its parent. Everything is sampled at first but recoils; see
    /// [`DecaySpectrum::split_local`].
    ///
    /// # Errors
    /// If a member cannot be loaded (it emits what is not modelled).
    pub fn from_chain(chain: &Chain) -> Result<Self> {
        let mut decay = DecaySpectrum::default();
        if let Some(parent) = chain.members.first() {
            decay.label.clone_from(&parent.nuclide);
        }
        for member in chain.members.iter().filter(|m| m.decays_per_parent_decay > 0.0) {
            decay.add(
                &Nuclide::load_from(chain.data, &member.nuclide)?,
                member.decays_per_parent_decay,
            );
        }
        for group in decay.groups_mut() {
            group.update();
        }
        Ok(decay)
    }

    /// The group of a kind of particle.
    pub fn group(&self, particle: Particle) -> &EmissionGroup {
        match particle {
            Particle::Photon => &self.photons,
            Particle::Electron => &self.electrons,
            Particle::Positron => &self.positrons,
            Particle::Alpha => &self.alphas,
        }
    }

    pub(super) fn group_mut(&mut self, particle: Particle) -> &mut EmissionGroup {
        match particle {
            Particle::Photon => &mut self.photons,
            Particle::Electron => &mut self.electrons,
            Particle::Positron => &mut self.positrons,
            Particle::Alpha => &mut self.alphas,
        }
    }

    /// Leaves out what cannot come from outside: recoils, and lines below the tables; their energy, MeV per decay.
    pub fn leave_out_local(&mut self, limits: &LocalLimits) -> f64 {
        self.split_local(limits);
        self.groups_mut().map(|g| std::mem::take(&mut g.local_mev_per_decay)).iter().sum()
    }

    /// Moves what is below the limits into `local_mev_per_decay` of its group, keeping the energy. Positrons
    /// always stay: each makes its annihilation photons.
    pub fn split_local(&mut self, limits: &LocalLimits) {
        self.photons.split_local(limits.photon_mev, limits.yield_per_decay);
        self.electrons.split_local(limits.electron_mev, limits.yield_per_decay);
        self.alphas.split_local(limits.alpha_mev, limits.yield_per_decay);
    }

    pub(super) fn groups_mut(&mut self) -> [&mut EmissionGroup; 4] {
        [&mut self.photons, &mut self.electrons, &mut self.positrons, &mut self.alphas]
    }

    fn add(&mut self, nuclide: &Nuclide, weight: f64) {
        nuclide.photons.iter().for_each(|line| self.photons.push_line(line, weight));
        nuclide.electrons.iter().for_each(|line| self.electrons.push_line(line, weight));
        nuclide.alphas.iter().for_each(|line| self.alphas.push_line(line, weight));
        if let Some(spectrum) = &nuclide.beta_minus {
            self.electrons.push_spectrum(spectrum, weight);
        }
        if let Some(spectrum) = &nuclide.beta_plus {
            self.positrons.push_spectrum(spectrum, weight);
        }
        self.alphas.local_mev_per_decay += weight * nuclide.energy_per_decay().recoil;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::NuclideData;
    use crate::physics::chain::{chain, chain_in};

    const LIMITS: LocalLimits = LocalLimits {
        photon_mev: 1e-3,
        electron_mev: 20e-3,
        alpha_mev: 0.0,
        yield_per_decay: 1e-9,
    };

    /// The energy that the sampled tables carry: alias table and inverse CDF, nothing else.
    fn sampled_energy(group: &EmissionGroup) -> f64 {
        let picked = group.alias_table().picked();
        let mean: f64 =
            picked.iter().zip(&group.entries).map(|(p, entry)| p * entry.mean_energy_mev()).sum();
        group.yield_per_decay * mean
    }

    /// The tables of every nuclide alone carry its energy per decay, before and after the split.
    #[test]
    fn tables_carry_the_energy_of_every_nuclide() {
        let all = NuclideData::here().flat_map(|data| data.names().iter().map(move |n| (data, *n)));
        for (data, name) in all {
            let mut alone = chain_in(data, name, None, 0.0).unwrap();
            alone.members.truncate(1);
            let mut decay = DecaySpectrum::from_chain(&alone).unwrap();
            let energy = Nuclide::load_from(data, name).unwrap().energy_per_decay();
            for split in [false, true] {
                if split {
                    decay.split_local(&LIMITS);
                    // Lines: a spectrum is sampled whole, also one that ends below.
                    let low = |e: &Emission| matches!(e, Emission::Line { energy_mev, .. } if *energy_mev < LIMITS.electron_mev);
                    assert!(!decay.electrons.entries.iter().any(low), "{name}");
                }
                let of = |p: Particle| {
                    sampled_energy(decay.group(p)) + decay.group(p).local_mev_per_decay
                };
                let electrons = energy.electrons() - energy.beta_plus;
                for (value, expected) in [
                    (of(Particle::Photon), energy.gamma + energy.x_ray),
                    (of(Particle::Electron), electrons),
                    (of(Particle::Positron), energy.beta_plus),
                    (of(Particle::Alpha), energy.alpha + energy.recoil),
                ] {
                    let off = (value - expected).abs();
                    // What carries less than a millionth of a decay may be off in its ninth digit of the whole.
                    let bar = 1e-9 * expected.max(1e-6 * energy.total());
                    assert!(off <= bar, "{name}: {value} not {expected}");
                }
            }
        }
    }

    #[test]
    fn chain_weights_its_members() {
        let decay = DecaySpectrum::from_chain(&chain("At-211", None, 1.0).unwrap()).unwrap();
        // One alpha per decay: 41.8 % from At-211, the rest from Po-211.
        assert!((decay.alphas.yield_per_decay - 1.0).abs() < 1e-3);
        assert!(decay.alphas.local_mev_per_decay > 0.12);
        for parent in ["At-211", "Ra-223", "Ac-225", "Pb-212", "Th-227", "Dy-166"] {
            let chain = chain(parent, None, 1.0).unwrap();
            let decay = DecaySpectrum::from_chain(&chain).unwrap();
            let sum: f64 =
                Particle::ALL.map(|p| decay.group(p).energy_per_decay_mev()).iter().sum();
            let energy = chain.energy_per_decay().unwrap();
            let expected = energy.total() - energy.annihilation;
            assert!((sum - expected).abs() < 1e-9 * expected, "{parent}: {sum} not {expected}");
        }
        let positron = DecaySpectrum::from_chain(&chain("F-18", None, 1.0).unwrap()).unwrap();
        // K X rays of oxygen after captures, and nothing else: the quanta of a positron are made by transport.
        assert!(positron.photons.energy_per_decay_mev() < 1e-6);
        assert!((positron.positrons.yield_per_decay - 0.9673).abs() < 1e-9);
    }
}
