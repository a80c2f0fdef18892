//! What leaves the grid: particles and their energy by face and kind. Neglects where on the face and in which direction they leave.
//!
//! Integers, so that batches and shards add up exactly; the energy of all of them is the ledger's `escaped`, to the unit.

use super::cpu::particle::{ALPHA, ELECTRON, PHOTON, POSITRON};
use super::ledger::Ledger;
use super::tally::Tally;
use crate::constants::ELECTRON_MASS_MEV;
use crate::stats::mean_and_error;

/// Faces of the grid.
pub const FACES: usize = 6;
/// In place of a face: what a beam sends past the grid, which never was in it.
pub const MISSED: usize = FACES;
/// Ways out of the grid: its faces, and past it.
pub const EXITS: usize = FACES + 1;
/// Their names: the grid's axis that goes through the face, and the end of it. The axes are those of the voxel indices.
pub const EXIT_NAMES: [&str; EXITS] =
    ["low x", "high x", "low y", "high y", "low z", "high z", "missed"];
/// Kinds of particles, and their names.
pub const KINDS: [(u32, &str); 4] =
    [(PHOTON, "photon"), (ELECTRON, "electron"), (POSITRON, "positron"), (ALPHA, "alpha")];
/// Numbers of [`Escapes`]: particles and units of each exit and kind.
pub const ESCAPE_NUMBERS: usize = 2 * EXITS * KINDS.len();

/// The face that is left along `axis`, forward or backward.
#[inline(always)]
pub fn face(axis: usize, forward: bool) -> usize {
    2 * axis + usize::from(forward)
}

/// Particles of one kind that left through one face.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Escaped {
    /// How many.
    pub particles: u64,
    /// Their energy, units; that of a positron with two electron rest energies, as in the ledger.
    pub units: u64,
}

impl Escaped {
    /// Kinetic energy (MeV) of these particles, which are of kind `kind`.
    pub fn kinetic_mev(&self, kind: u32) -> f64 {
        let rest = if kind == POSITRON { 2.0 * ELECTRON_MASS_MEV } else { 0.0 };
        Ledger::mev(self.units) - rest * self.particles as f64
    }
}

/// What left, `[exit][kind]`: through the faces, and past the grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Escapes(pub [[Escaped; KINDS.len()]; EXITS]);

impl Escapes {
    /// Books one particle.
    #[inline(always)]
    pub fn book(&mut self, face: usize, kind: u32, units: u64) {
        let escaped = &mut self.0[face][kind as usize];
        escaped.particles += 1;
        escaped.units += units;
    }

    /// Energy of all, units.
    pub fn units(&self) -> u128 {
        self.0.iter().flatten().map(|e| u128::from(e.units)).sum()
    }

    /// All numbers: particles and units of each kind, face by face.
    pub fn words(&self) -> [u64; ESCAPE_NUMBERS] {
        let of = |n: usize| {
            let escaped = &self.0[n / (2 * KINDS.len())][n / 2 % KINDS.len()];
            if n.is_multiple_of(2) { escaped.particles } else { escaped.units }
        };
        std::array::from_fn(of)
    }

    /// The inverse of [`Self::words`].
    pub fn from_words(words: &[u64; ESCAPE_NUMBERS]) -> Self {
        Escapes(std::array::from_fn(|face| {
            std::array::from_fn(|kind| {
                let at = 2 * (face * KINDS.len() + kind);
                Escaped { particles: words[at], units: words[at + 1] }
            })
        }))
    }
}

/// What left through one face, per history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EscapeMean {
    /// See [`EXIT_NAMES`].
    pub face: usize,
    /// See [`KINDS`].
    pub kind: u32,
    /// Particles per history.
    pub particles: f64,
    /// Standard error of it, by the spread of the batches; NaN below two.
    pub particles_error: f64,
    /// Kinetic energy, MeV per history.
    pub mev: f64,
    /// Standard error of it.
    pub mev_error: f64,
}

impl Tally {
    /// What left by face and kind, where anything did. The number albedo of a beam of one particle per history on a face is `particles` there, the energy
    /// albedo `mev` over the beam's energy.
    pub fn escape_means(&self) -> Vec<EscapeMean> {
        let mut means = Vec::new();
        for (face, of_kind) in self.ledger.escapes.0.iter().enumerate() {
            for (kind, escaped) in of_kind.iter().enumerate() {
                if escaped.particles > 0 {
                    means.push(self.escape_mean(&[(face, kind as u32)]));
                }
            }
        }
        means
    }

    /// The same of several faces and kinds together; `face` and `kind` are those of the first.
    pub fn escape_mean(&self, of: &[(usize, u32)]) -> EscapeMean {
        let batches = |value: &dyn Fn(u32, &Escaped) -> f64| -> Vec<f64> {
            let of_batch = |escapes: &Escapes| {
                of.iter().map(|(f, k)| value(*k, &escapes.0[*f][*k as usize])).sum()
            };
            self.regions.iter().map(|batch| of_batch(&batch.escapes)).collect()
        };
        let per = self.histories_per_batch as f64;
        let (particles, particles_error) =
            mean_and_error(&batches(&|_, e| e.particles as f64), per);
        let (mev, mev_error) = mean_and_error(&batches(&|kind, e| e.kinetic_mev(kind)), per);
        let (face, kind) = of.first().copied().unwrap_or_default();
        EscapeMean { face, kind, particles, particles_error, mev, mev_error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        let mut escapes = Escapes::default();
        for n in 0..200_u64 {
            escapes.book(n as usize % EXITS, (n / 7 % 4) as u32, n * n + 3);
        }
        assert_eq!(Escapes::from_words(&escapes.words()), escapes);
        assert_eq!(escapes.units(), (0..200_u128).map(|n| n * n + 3).sum());
        assert_eq!(escapes.words().iter().step_by(2).sum::<u64>(), 200);
        assert_eq!([face(0, false), face(2, true)].map(|f| EXIT_NAMES[f]), ["low x", "high z"]);
    }
}
