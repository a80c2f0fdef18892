//! Sums of a tally that cannot wrap: additions are checked, and what is read from a file must agree with itself.

use super::escapes::{ESCAPE_NUMBERS, Escapes};
use super::tally::{Sums, Tally};
use super::tally_origins::OriginSums;
use crate::error::{Error, Result};

/// Adds where the sum fits.
#[inline(always)]
pub(super) fn add_to(sum: &mut u64, value: u64) -> Option<()> {
    *sum = sum.checked_add(value)?;
    Some(())
}

/// A sum that does not fit its word.
pub(super) fn overflow(place: String) -> Error {
    Error::run(
        format!("the energy of {place} does not fit 64 bits"),
        "more would make it begin again at zero",
        "Run fewer histories, or average results of runs with different --seed.",
    )
}

/// Adds the sums of voxels.
pub(super) fn add_sums(mine: &mut [u64], theirs: &[u64]) -> Result<()> {
    for (voxel, (sum, value)) in mine.iter_mut().zip(theirs).enumerate() {
        add_to(sum, *value).ok_or_else(|| overflow(format!("voxel {voxel}")))?;
    }
    Ok(())
}

/// Adds the sums of squares of voxels.
pub(super) fn add_squares(mine: &mut [u128], theirs: &[u128]) -> Result<()> {
    for (voxel, (sum, value)) in mine.iter_mut().zip(theirs).enumerate() {
        let added = sum.checked_add(*value);
        *sum = added.ok_or_else(|| overflow(format!("voxel {voxel}, squared,")))?;
    }
    Ok(())
}

/// Energy of all origins in a voxel, units: it need not fit 64 bits.
fn units(sums: &OriginSums, voxel: usize) -> u128 {
    sums.sums.iter().flatten().filter_map(|s| s.get(voxel)).copied().map(u128::from).sum()
}

impl Tally {
    /// Refuses a tally in which the origins of a voxel do not fit one word together.
    pub(super) fn check_origins(&self) -> Result<()> {
        let most = u128::from(u64::MAX);
        let Sums::ByOrigin(sums) = &self.sums else { return Ok(()) };
        match (0..self.voxels).find(|&v| units(sums, v) > most) {
            Some(voxel) => Err(overflow(format!("voxel {voxel}"))),
            None => Ok(()),
        }
    }

    /// Refuses a tally that does not agree with itself: the energy of the voxels is that of the regions, and a voxel's squares lie between
    /// what equal batches and what one batch alone would give. A sum that wrapped does not pass.
    ///
    /// # Errors
    /// With the voxel or the energies.
    pub fn check(&self) -> Result<()> {
        self.check_origins()?;
        self.check_escapes()?;
        match &self.sums {
            Sums::ByOrigin(sums) => self.check_part(0, 1, |v| units(sums, v), &sums.squares),
            Sums::ByTime(times) => times.iter().enumerate().try_for_each(|(t, time)| {
                self.check_part(t, times.len(), |v| u128::from(time.sums[v]), &time.squares)
            }),
        }
    }

    /// What left by face and kind is what left (methods without transport do not tell it), and what left in each batch.
    fn check_escapes(&self) -> Result<()> {
        let mut batches = [0_u128; ESCAPE_NUMBERS];
        for regions in &self.regions {
            for (sum, value) in batches.iter_mut().zip(regions.escapes.words()) {
                *sum += u128::from(value);
            }
        }
        let books = &self.ledger.escapes;
        let told = *books != Escapes::default();
        let whole = !told || books.units() == u128::from(self.ledger.escaped_units);
        if whole && batches == books.words().map(u128::from) {
            return Ok(());
        }
        Err(Error::input(
            "what left the grid by face and particle is not what left it",
            "one of them was cut off or changed",
            "Run these histories again.",
        ))
    }

    /// Checks the voxels of part `part` of `parts` (time points) against its regions.
    fn check_part(
        &self,
        part: usize,
        parts: usize,
        units: impl Fn(usize) -> u128,
        squares: &[u128],
    ) -> Result<()> {
        let differ = |problem: String| {
            Err(Error::input(
                problem,
                "one of them was cut off or changed",
                "Run these histories again.",
            ))
        };
        let batches = self.batches().max(1) as u128;
        let mut voxels = 0_u128;
        for (voxel, &square) in squares.iter().enumerate() {
            let sum = units(voxel);
            voxels += sum;
            let alone = sum * sum;
            if square > alone || square < alone / batches {
                return differ(format!("the energy of voxel {voxel} and its squares do not agree"));
            }
        }
        let of_part = |all: &[u64]| -> u128 {
            let n = all.len() / parts;
            all[part * n..(part + 1) * n].iter().copied().map(u128::from).sum()
        };
        let regions: u128 = self.regions.iter().map(|r| of_part(&r.units)).sum();
        if voxels != regions {
            return differ(format!("{voxels} units in the voxels and {regions} in the regions"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch_words::{BatchWords, SLOTS};
    use super::super::ledger::Ledger;
    use super::super::score::Score;
    use super::super::tally::{BatchRegions, ORIGINS};
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    const USED: [bool; ORIGINS] = [true, true, false];

    /// Words of a batch with this energy in the first cells of a slot.
    fn words(score: Score, slot: usize, values: &[u64]) -> BatchWords {
        let words = BatchWords::new(score, 1);
        let cells = words.slots()[0][slot].expect("scored");
        cells.iter().zip(values).for_each(|(word, value)| word.store(*value, Relaxed));
        words
    }

    /// One batch of two voxels.
    fn tally(batch: u32, values: [u64; 2]) -> Tally {
        let score = Score::by_origin(2, USED);
        let mut tally = Tally::new(score, 10);
        let mut words = words(score, batch as usize % 2, &values);
        tally.fold(batch, &mut words, &[], 0).unwrap();
        tally
    }

    #[test]
    fn sums_that_would_wrap_are_refused_on_merging() {
        let half = 1 << 63;
        // The same origin, and two origins of one voxel that fit each alone.
        for other in [2, 1] {
            let mut whole = tally(0, [5, half - 1]);
            let error = whole.merge(&tally(other, [7, half + 1])).unwrap_err();
            assert!(error.problem.contains("voxel 1"), "{error}");
            let mut whole = tally(0, [5, half - 1]);
            whole.merge(&tally(other, [7, half])).unwrap();
            whole.check().unwrap();
        }
        let mut whole = tally(0, [1, 1]);
        whole.ledger.emitted_units = half;
        let mut other = tally(1, [1, 1]);
        other.ledger.emitted_units = half;
        assert!(whole.merge(&other).unwrap_err().problem.contains("the books"));
    }

    #[test]
    fn sums_that_would_wrap_are_refused_within_a_run() {
        let mut whole = tally(0, [5, 1 << 63]);
        let mut more = words(Score::by_origin(2, USED), 0, &[0, 1 << 63]);
        assert!(whole.fold(2, &mut more, &[], 0).is_err());
        let score = Score::by_time(1, 2);
        let mut timed = Tally::new(score, 1);
        for batch in 0..2 {
            let mut words = words(score, SLOTS - 1, &[0, 1 << 63]);
            assert_eq!(timed.fold(batch, &mut words, &[], 0).is_ok(), batch == 0);
        }
    }

    fn of(tally: &mut Tally) -> &mut OriginSums {
        match &mut tally.sums {
            Sums::ByOrigin(sums) => sums,
            Sums::ByTime(_) => panic!("by origin"),
        }
    }

    #[test]
    fn a_wrapped_sum_does_not_pass() {
        let half = 1 << 63;
        let sound = tally(0, [half, 9]);
        sound.check().unwrap();
        // A second batch with as much and six units more: the regions of the batches know.
        let mut wrapped = sound.clone();
        let sums = of(&mut wrapped);
        sums.sums[0].as_mut().expect("electrons")[0] = 6;
        sums.squares[0] = 36;
        wrapped.regions.push(BatchRegions {
            batch: 1,
            units: vec![half + 6],
            escapes: Escapes::default(),
        });
        assert!(wrapped.check().unwrap_err().problem.contains("regions"));
        let mut squares = sound;
        of(&mut squares).squares[1] = 80;
        assert!(squares.check().unwrap_err().problem.contains("voxel 1"));
        let books = Ledger {
            emitted_units: 10,
            imparted_units: u64::MAX,
            escaped_units: 11,
            ..Ledger::default()
        };
        assert!(books.imbalance() > 1.0, "out and in differ, though 64 bits would not show it");
    }
}
