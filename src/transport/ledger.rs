//! The books of a run: energy in = imparted + escaped + cut, in the tally's fixed-point units, and counts of what was done.
//!
//! With the kerma estimator `imparted` is what photons gave up in real collisions (the analog balance); the tally then holds
//! expected values, which agree with it only statistically.

use super::layout::TALLY_UNITS_PER_MEV;

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

    /// Books energy that left, MeV.
    #[inline(always)]
    pub fn escaped(&mut self, energy: f32) {
        self.escaped_units += to_units(energy);
    }

    /// Books energy stopped by a cap, MeV.
    #[inline(always)]
    pub fn cut(&mut self, energy: f32) {
        self.cut_units += to_units(energy);
    }

    /// Adds another ledger.
    pub fn add(&mut self, other: &Ledger) {
        self.histories += other.histories;
        self.primaries += other.primaries;
        self.emitted_units += other.emitted_units;
        self.imparted_units += other.imparted_units;
        self.escaped_units += other.escaped_units;
        self.cut_units += other.cut_units;
        self.lepton_segments += other.lepton_segments;
        self.photon_collisions += other.photon_collisions;
        self.segment_caps += other.segment_caps;
        self.stack_overflows += other.stack_overflows;
        self.rejection_caps += other.rejection_caps;
        self.majorant_excesses += other.majorant_excesses;
    }

    /// The sum of two ledgers, where it fits.
    pub fn checked_add(&self, other: &Ledger) -> Option<Ledger> {
        Some(Ledger {
            histories: self.histories.checked_add(other.histories)?,
            primaries: self.primaries.checked_add(other.primaries)?,
            emitted_units: self.emitted_units.checked_add(other.emitted_units)?,
            imparted_units: self.imparted_units.checked_add(other.imparted_units)?,
            escaped_units: self.escaped_units.checked_add(other.escaped_units)?,
            cut_units: self.cut_units.checked_add(other.cut_units)?,
            lepton_segments: self.lepton_segments.checked_add(other.lepton_segments)?,
            photon_collisions: self.photon_collisions.checked_add(other.photon_collisions)?,
            segment_caps: self.segment_caps.checked_add(other.segment_caps)?,
            stack_overflows: self.stack_overflows.checked_add(other.stack_overflows)?,
            rejection_caps: self.rejection_caps.checked_add(other.rejection_caps)?,
            majorant_excesses: self.majorant_excesses.checked_add(other.majorant_excesses)?,
        })
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
