//! What can happen in a plan: which particles its decays may lead to, by which source emission they count, and so which tallies and tables
//! exist. Follows every process that the engines have; neglects how rare one is.

use super::cpu::particle::{ALPHA, ELECTRON, PHOTON, POSITRON};
use super::layout::{COARSE_BITS, COARSE_NODES, FINE_BITS, locate, node_energy};
use super::tally::{ORIGINS, Origin, annihilation_origin};
use crate::constants::ELECTRON_MASS_MEV;
use crate::physics::Lepton;
use crate::physics::pair::PAIR_THRESHOLD_MEV;
use crate::source::{DecaySpectrum, EmissionGroup};

/// Kinds of particles.
const KINDS: usize = 4;

/// Largest energy (MeV) with which a particle of a kind can count by an origin; `None` where there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reach {
    highest_mev: [[Option<f64>; ORIGINS]; KINDS],
    local: [bool; ORIGINS],
}

impl Reach {
    /// Of a decay with all that follows from it.
    pub fn of(decay: &DecaySpectrum) -> Self {
        let mut reach = Reach::default();
        let groups = [
            (PHOTON, Origin::Photon, &decay.photons),
            (ELECTRON, Origin::Electron, &decay.electrons),
            (POSITRON, Origin::Electron, &decay.positrons),
            (ALPHA, Origin::Alpha, &decay.alphas),
        ];
        for (kind, origin, group) in groups {
            reach.local[origin as usize] |= group.local_mev_per_decay > 0.0;
            if emits(group) {
                reach.raise(kind, origin as u32, group.max_energy_mev());
            }
        }
        while reach.spread() {}
        reach
    }

    /// Enters a particle; true if it was not known with that energy.
    fn raise(&mut self, kind: u32, origin: u32, energy_mev: f64) -> bool {
        let known = &mut self.highest_mev[kind as usize][origin as usize];
        let new = known.is_none_or(|k| energy_mev > k);
        if new {
            *known = Some(energy_mev);
        }
        new
    }

    /// Enters what the known particles set free; true if something was new. Ends because no secondary has more energy than its parent
    /// but for annihilation photons, which always have the same.
    fn spread(&mut self) -> bool {
        let mut new = false;
        for origin in 0..ORIGINS as u32 {
            let highest = self.highest_mev.map(|by_origin| by_origin[origin as usize]);
            if let Some(energy) = highest[PHOTON as usize] {
                new |= self.raise(ELECTRON, origin, energy);
                if can_make_pairs(energy) {
                    let left = (energy - 2.0 * ELECTRON_MASS_MEV).max(0.0);
                    new |= self.raise(POSITRON, origin, left);
                }
            }
            for lepton in [ELECTRON, POSITRON] {
                if let Some(energy) = highest[lepton as usize] {
                    new |= self.raise(ELECTRON, origin, energy);
                    new |= self.raise(PHOTON, origin, energy);
                }
            }
            if highest[POSITRON as usize].is_some() {
                new |= self.raise(PHOTON, annihilation_origin(origin), ELECTRON_MASS_MEV);
            }
        }
        new
    }

    /// Which origins may have energy to tally.
    pub fn origins(&self) -> [bool; ORIGINS] {
        std::array::from_fn(|o| self.local[o] || self.highest_mev.iter().any(|k| k[o].is_some()))
    }

    /// Whether there may be positrons, whose tables are then needed.
    pub fn positrons(&self) -> bool {
        self.highest_mev[POSITRON as usize].iter().any(Option::is_some)
    }

    /// Coarse nodes that tables need for photons.
    pub fn photon_nodes(&self) -> usize {
        self.nodes(PHOTON)
    }

    /// Coarse nodes that the tables of a lepton need.
    pub fn lepton_nodes(&self, lepton: Lepton) -> usize {
        self.nodes(match lepton {
            Lepton::Electron => ELECTRON,
            Lepton::Positron => POSITRON,
        })
    }

    /// Coarse nodes, from the lowest, up to both ends of the interval that holds the highest energy of a kind, and one more: a sampled energy may be
    /// a rounding above it. At least two.
    fn nodes(&self, kind: u32) -> usize {
        let highest = self.highest_mev[kind as usize].iter().flatten().copied().fold(0.0, f64::max);
        (locate::<COARSE_BITS>(highest as f32).0 + 3).min(COARSE_NODES)
    }

    /// Whether there may be alphas.
    pub fn alphas(&self) -> bool {
        self.highest_mev[ALPHA as usize].iter().any(Option::is_some)
    }
}

fn emits(group: &EmissionGroup) -> bool {
    !group.entries.is_empty() && group.yield_per_decay > 0.0
}

/// Whether the tables may give a photon a pair: their shares are linear between nodes, so that of pairs begins at the node below the
/// threshold.
fn can_make_pairs(energy_mev: f64) -> bool {
    let node = (0..).take_while(|&n| node_energy(FINE_BITS, n) <= PAIR_THRESHOLD_MEV).last();
    energy_mev >= node_energy(FINE_BITS, node.unwrap_or(0))
}

/// A table of `nodes` coarse nodes, each of `stride` values, made one of all [`COARSE_NODES`]: those above, which no particle reaches, repeat the last.
pub fn fill_unreached(table: &mut Vec<f32>, stride: usize) {
    while table.len() < COARSE_NODES * stride && table.len() >= stride {
        table.extend_from_within(table.len() - stride..);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every energy that can occur lies between two nodes that are there.
    #[test]
    fn nodes_hold_the_highest_energies() {
        for mev in [0.02, 0.4983, 0.5, 1.25, 2.2798, 3.49, 3.5] {
            let reach = research(&format!("electron:{mev}MeV"));
            for nodes in [reach.lepton_nodes(Lepton::Electron), reach.photon_nodes()] {
                let last = node_energy(COARSE_BITS, nodes - 1);
                assert!(last >= mev * (1.0 + 1e-6) || nodes == COARSE_NODES, "{mev}: {last}");
            }
            if reach.positrons() {
                let last = node_energy(COARSE_BITS, reach.lepton_nodes(Lepton::Positron) - 1);
                assert!(last > mev - 2.0 * ELECTRON_MASS_MEV, "{mev}: {last}");
            }
        }
        let mut table = vec![1.0, 2.0, 3.0, 4.0];
        fill_unreached(&mut table, 2);
        assert_eq!((table.len(), &table[2..6]), (2 * COARSE_NODES, &[3.0, 4.0, 3.0, 4.0][..]));
    }
    use crate::physics::chain::chain;
    use crate::source::parse_source;

    fn research(source: &str) -> Reach {
        Reach::of(&parse_source(source).unwrap())
    }

    #[test]
    fn a_positron_of_a_source_electron_brings_the_photon_tally() {
        // Bremsstrahlung, pair, annihilation: from the pair threshold on.
        assert_eq!(research("electron:3MeV").origins(), [true, true, false]);
        assert!(research("electron:3MeV").positrons());
        assert_eq!(research("electron:1.1MeV").origins(), [true, true, false]);
        assert_eq!(research("electron:0.99MeV").origins(), [true, false, false]);
        assert!(!research("electron:0.99MeV").positrons());
        assert_eq!(research("photon:3MeV").origins(), [false, true, false]);
        assert!(research("photon:3MeV").positrons());
        // The tables' share of pairs begins at the node below the threshold, 1 MeV.
        assert!(research("photon:1.01MeV").positrons() && !research("photon:0.99MeV").positrons());
        assert_eq!(research("positron:0.1MeV").origins(), [true, true, false]);
        let alpha = research("alpha:5MeV");
        assert_eq!(alpha.origins(), [false, false, true]);
        assert!(alpha.alphas() && !alpha.positrons());
    }

    #[test]
    fn pure_beta_emitters_above_the_threshold_have_a_photon_tally() {
        for (name, photons) in [("P-32", true), ("Sr-89", true), ("Y-90", true), ("Er-169", true)] {
            let decay = DecaySpectrum::from_chain(&chain(name, None, 1.0).unwrap()).unwrap();
            assert_eq!(Reach::of(&decay).origins()[Origin::Photon as usize], photons, "{name}");
        }
    }
}
