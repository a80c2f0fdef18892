//! The books of a run: energy in = imparted + escaped + cut, in the tally's fixed-point units, and counts of what was done.
//!
//! With the kerma estimator `imparted` is what photons gave up in real collisions (the analog balance); the tally then holds
//! expected values, which agree with it only statistically.

use super::escapes::{ESCAPE_NUMBERS, Escapes};
use super::layout::TALLY_UNITS_PER_MEV;

/// Numbers of a ledger: those of its own, and what left by face and kind.
pub const LEDGER_NUMBERS: usize = OWN_NUMBERS + ESCAPE_NUMBERS;
const OWN_NUMBERS: usize = 12;

/// Sums over histories; adding two ledgers is exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Decays.
    pub histories: u64,
    /// Particles emitted by the source.
    pub primaries: u64,
    /// Energy emitted, units (positrons with two electron rest energies).
    pub emitted_units: u64,
    /// Energy imparted to the grid, units.
    pub imparted_units: u64,
    /// Energy that left the grid, units.
    pub escaped_units: u64,
    /// Energy deposited where a cap stopped a particle, units.
    pub cut_units: u64,
    /// Segments of electron and positron tracks.
    pub lepton_segments: u64,
    /// Tentative collisions of photons.
    pub photon_collisions: u64,
    /// Particles stopped by a segment or collision cap.
    pub segment_caps: u64,
    /// Pushes on a full stack.
    pub stack_overflows: u64,
    /// Rejection loops that reached their cap.
    pub rejection_caps: u64,
    /// Hard collisions whose cross section exceeded the majorant.
    pub majorant_excesses: u64,
    /// What left the grid by face and kind: its energy is `escaped_units`.
    pub escapes: Escapes,
}

/// Energy (MeV) as tally and ledger units, rounded to nearest, ties to even: energies are differences of f32 values, so
/// halves are frequent, and always rounding them up would unbalance the books by 1e-6.
#[inline(always)]
pub fn to_units(energy: f32) -> u64 {
    // Above 2^23 an f32 has no fraction; below, adding 2^23 rounds it away.
    const INTEGERS: f32 = 8_388_608.0;
    let x = energy * TALLY_UNITS_PER_MEV;
    (if x < INTEGERS { (x + INTEGERS) - INTEGERS } else { x }) as i64 as u64
}

impl Ledger {
    /// Books energy of a primary, MeV.
    #[inline(always)]
    pub fn emitted(&mut self, energy: f32) {
        self.primaries += 1;
        self.emitted_units += to_units(energy);
    }

    /// Books energy deposited, MeV.
    #[inline(always)]
    pub fn imparted(&mut self, energy: f32) {
        self.imparted_units += to_units(energy);
    }

    /// Books a particle that left through a face, with its energy, MeV.
    #[inline(always)]
    pub fn escaped(&mut self, face: usize, kind: u32, energy: f32) {
        let units = to_units(energy);
        self.escaped_units += units;
        self.escapes.book(face, kind, units);
    }

    /// Books energy stopped by a cap, MeV.
    #[inline(always)]
    pub fn cut(&mut self, energy: f32) {
        self.cut_units += to_units(energy);
    }

    /// All numbers, in the order of their declaration.
    pub fn words(&self) -> [u64; LEDGER_NUMBERS] {
        let own: [u64; OWN_NUMBERS] = [
            self.histories,
            self.primaries,
            self.emitted_units,
            self.imparted_units,
            self.escaped_units,
            self.cut_units,
            self.lepton_segments,
            self.photon_collisions,
            self.segment_caps,
            self.stack_overflows,
            self.rejection_caps,
            self.majorant_excesses,
        ];
        let escapes = self.escapes.words();
        std::array::from_fn(|n| if n < OWN_NUMBERS { own[n] } else { escapes[n - OWN_NUMBERS] })
    }

    /// The ledger of [`Self::words`].
    pub fn from_words(w: [u64; LEDGER_NUMBERS]) -> Self {
        Ledger {
            histories: w[0],
            primaries: w[1],
            emitted_units: w[2],
            imparted_units: w[3],
            escaped_units: w[4],
            cut_units: w[5],
            lepton_segments: w[6],
            photon_collisions: w[7],
            segment_caps: w[8],
            stack_overflows: w[9],
            rejection_caps: w[10],
            majorant_excesses: w[11],
            escapes: Escapes::from_words(&std::array::from_fn(|n| w[OWN_NUMBERS + n])),
        }
    }

    /// Adds another ledger of the same run, whose histories are bounded so that nothing wraps ([`super::capacity`]).
    pub fn add(&mut self, other: &Ledger) {
        let (mine, theirs) = (self.words(), other.words());
        *self = Ledger::from_words(std::array::from_fn(|n| mine[n] + theirs[n]));
    }

    /// The sum of two ledgers, where it fits.
    pub fn checked_add(&self, other: &Ledger) -> Option<Ledger> {
        let mut sum = self.words();
        for (mine, theirs) in sum.iter_mut().zip(other.words()) {
            *mine = mine.checked_add(theirs)?;
        }
        Some(Ledger::from_words(sum))
    }

    /// Units as MeV.
    pub fn mev(units: u64) -> f64 {
        units as f64 / f64::from(TALLY_UNITS_PER_MEV)
    }

    /// `(imparted + escaped + cut - emitted) / emitted`.
    pub fn imbalance(&self) -> f64 {
        let parts = [self.imparted_units, self.escaped_units, self.cut_units];
        let out: u128 = parts.into_iter().map(u128::from).sum();
        (out as f64 - self.emitted_units as f64) / (self.emitted_units as f64).max(1.0)
    }
}
