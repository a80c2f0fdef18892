//! Energy imparted per voxel, as integers: sums do not depend on their order, so any number of threads and any split into
//! shards gives the same bits. Batches are independent replicates; their spread gives the standard errors.

use super::batch_words::{BatchWords, Copies};
use super::escapes::Escapes;
use super::ledger::Ledger;
use super::plan::Plan;
use super::score::{Channels, Origins, Score};
use super::tally_check::{add_to, overflow};
use super::tally_origins::OriginSums;
use super::tally_times::{self, TimeSums};
use crate::error::{Error, Result};

/// Source emission that energy stems from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Beta particles, conversion and Auger electrons, positrons (without their annihilation).
    Electron = 0,
    /// Gamma and X rays, annihilation photons.
    Photon = 1,
    /// Alpha particles and recoil nuclei.
    Alpha = 2,
}

impl Origin {
    /// All of them, by number.
    pub const ALL: [Origin; ORIGINS] = [Origin::Electron, Origin::Photon, Origin::Alpha];
}

/// Number of origins.
pub const ORIGINS: usize = 3;

/// Origin of annihilation photons: a source positron's count as photons, as in decay tables.
#[inline(always)]
pub fn annihilation_origin(origin: u32) -> u32 {
    if origin == Origin::Electron as u32 { Origin::Photon as u32 } else { origin }
}

/// Whether the spread of batches tells a standard error. What few histories have reached has an error that is nearly its own value, or none:
/// 0 +- 0 where nothing was hit. The share (sum)^2/(sum of squares) counts the batches that carry the energy, as if evenly; below three of
/// them intervals cover as little as 0.5, at three and more at least 0.9 for any number of hits (test `what_few_hits_tell`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Nothing was hit: the energy is at least 0, the error is not known.
    Unhit,
    /// Too few batches carry the energy.
    Few,
    /// It does.
    Yes,
}

/// Batches that must carry the energy.
const LEAST_BATCHES: f64 = 3.0;
/// Where a run has few, the share of its batches.
const LEAST_SHARE: f64 = 0.6;

impl Told {
    /// Of the sum over `batches` and the sum of the squares, in any unit.
    pub fn of(sum: f64, squares: f64, batches: usize) -> Self {
        let least = LEAST_BATCHES.min(LEAST_SHARE * batches as f64);
        match (sum > 0.0, sum * sum >= least * squares) {
            (false, _) => Told::Unhit,
            (true, false) => Told::Few,
            (true, true) => Told::Yes,
        }
    }

    /// Of the value of each batch.
    pub fn of_batches(values: &[f64]) -> Self {
        Told::of(values.iter().sum(), values.iter().map(|v| v * v).sum(), values.len())
    }
}

/// Energy of one batch per region, and what left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRegions {
    /// Number of the batch in the whole run.
    pub batch: u32,
    /// Energy per region, units; region 0 holds the voxels outside every region. With time points `[time point][region]`.
    pub units: Vec<u64>,
    /// What left the grid.
    pub escapes: Escapes,
}

/// Sums over batches.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Cells: voxels (with the parts of those that are scored finer) or shells.
    pub voxels: usize,
    /// What is kept of each of them.
    pub sums: Sums,
    /// Region energies of every batch.
    pub regions: Vec<BatchRegions>,
    /// Histories of one batch.
    pub histories_per_batch: u64,
    /// The books.
    pub ledger: Ledger,
}

/// Sums over batches of each cell: see [`Channels`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sums {
    /// By the source emission that the energy stems from.
    ByOrigin(OriginSums),
    /// At each time point.
    ByTime(Vec<TimeSums>),
}

impl Sums {
    /// Zeros.
    pub fn new(score: Score) -> Self {
        match score.channels {
            Channels::Origins(Origins(used)) => Sums::ByOrigin(OriginSums::new(score.cells, used)),
            Channels::Times(times) => Sums::ByTime(vec![TimeSums::new(score.cells); times]),
        }
    }

    /// What the sums of a cell are of.
    pub fn channels(&self) -> Channels {
        match self {
            Sums::ByOrigin(sums) => Channels::Origins(sums.origins()),
            Sums::ByTime(times) => Channels::Times(times.len()),
        }
    }
}

impl Tally {
    /// An empty tally.
    pub fn new(score: Score, histories_per_batch: u64) -> Self {
        Tally {
            voxels: score.cells,
            sums: Sums::new(score),
            regions: Vec::new(),
            histories_per_batch,
            ledger: Ledger::default(),
        }
    }

    /// An empty tally of what a plan scores.
    pub fn of_plan(plan: &Plan, histories_per_batch: u64) -> Self {
        Tally::new(plan.score(), histories_per_batch)
    }

    /// What it is a tally of.
    pub fn score(&self) -> Score {
        Score { cells: self.voxels, channels: self.sums.channels() }
    }

    /// The sums by origin; none of a tally of time points.
    pub fn by_origin(&self) -> Option<&OriginSums> {
        match &self.sums {
            Sums::ByOrigin(sums) => Some(sums),
            Sums::ByTime(_) => None,
        }
    }

    /// The sums of each time point; none of a tally by origin.
    pub fn by_time(&self) -> Option<&[TimeSums]> {
        match &self.sums {
            Sums::ByOrigin(_) => None,
            Sums::ByTime(times) => Some(times),
        }
    }

    /// Number of batches folded in.
    pub fn batches(&self) -> usize {
        self.regions.len()
    }

    /// Histories folded in.
    pub fn histories(&self) -> u64 {
        self.histories_per_batch * self.regions.len() as u64
    }

    /// Adds one batch, the sum of the copies of its words, and zeroes them. `labels` (one region per cell, 0 outside) may be empty; with time points
    /// it may also hold one such map for each, after the other.
    ///
    /// # Errors
    /// If the words are not of what the tally scores, or a sum would overflow: [`super::capacity`] refuses plans with which that might be.
    pub fn fold(
        &mut self,
        batch: u32,
        words: &mut BatchWords,
        labels: &[u16],
        regions: usize,
    ) -> Result<()> {
        let (mine, theirs) = (self.score(), words.score());
        let units = match (&mut self.sums, words.copies()) {
            (Sums::ByOrigin(sums), Copies::ByOrigin(copies)) if mine == theirs => {
                sums.fold(copies, labels, regions)
            }
            (Sums::ByTime(times), Copies::ByTime(copies)) if mine == theirs => {
                tally_times::fold(times, copies, labels, regions)
            }
            _ => {
                return Err(Error::run(
                    format!("a batch of {theirs} for a tally of {mine}"),
                    "both must be of one plan",
                    "Please report this.",
                ));
            }
        };
        let units = units.ok_or_else(|| overflow(format!("batch {batch}")))?;
        self.insert(BatchRegions { batch, units, escapes: Escapes::default() });
        Ok(())
    }

    /// Adds the books of a batch that has been folded in.
    pub fn book(&mut self, batch: u32, ledger: &Ledger) {
        self.ledger.add(ledger);
        if let Some(of_batch) = self.regions.iter_mut().find(|r| r.batch == batch) {
            of_batch.escapes = ledger.escapes;
        }
    }

    /// Takes the cells behind the first `voxels`, and the last `places` regions, which hold them, into a tally of their own; none where there are no
    /// more cells, or with time points.
    pub fn take_parts(&mut self, voxels: usize, places: usize) -> Option<Tally> {
        let Sums::ByOrigin(sums) = &mut self.sums else { return None };
        if self.voxels <= voxels {
            return None;
        }
        let sums = Sums::ByOrigin(sums.split_off(voxels));
        let last = |regions: &mut BatchRegions| {
            let kept = regions.units.len().saturating_sub(places);
            let units = regions.units.split_off(kept);
            BatchRegions { units, ..regions.clone() }
        };
        let parts = Tally {
            voxels: self.voxels - voxels,
            sums,
            regions: self.regions.iter_mut().map(last).collect(),
            histories_per_batch: self.histories_per_batch,
            ledger: self.ledger,
        };
        self.voxels = voxels;
        Some(parts)
    }

    /// Enters the regions of a batch in the order of the batches.
    pub fn insert(&mut self, regions: BatchRegions) {
        let at = self.regions.partition_point(|r| r.batch < regions.batch);
        self.regions.insert(at, regions);
    }

    /// The books and regions alone, for who looks while the voxels are on a device.
    pub fn without_voxels(&self) -> Tally {
        Tally {
            regions: self.regions.clone(),
            ledger: self.ledger,
            ..Tally::new(Score { cells: 0, ..self.score() }, self.histories_per_batch)
        }
    }

    /// Whether another is of the same grid, origins or time points, and size of batches.
    pub fn same_shape(&self, other: &Tally) -> bool {
        self.score() == other.score() && self.histories_per_batch == other.histories_per_batch
    }

    /// Adds another tally of the same run (other batches): an exact sum.
    ///
    /// # Errors
    /// If the shapes differ, a batch is in both, or a sum would overflow.
    pub fn merge(&mut self, other: &Tally) -> Result<()> {
        let shape = |t: &Tally| format!("{} in batches of {}", t.score(), t.histories_per_batch);
        let shapes = [&*self, other].map(shape);
        let differ = || {
            let [mine, theirs] = &shapes;
            Error::input(
                format!("tallies of {mine} and of {theirs} histories"),
                "shards of one run have the same grid, origins and batch size",
                "Merge only shards made by the same command and --shard i/n.",
            )
        };
        if !self.same_shape(other) {
            return Err(differ());
        }
        for regions in &other.regions {
            let at = self.regions.partition_point(|r| r.batch < regions.batch);
            if self.regions.get(at).is_some_and(|r| r.batch == regions.batch) {
                return Err(Error::input(
                    format!("batch {} is in two shards", regions.batch),
                    "the same histories would be counted twice",
                    "Give every shard once.",
                ));
            }
            self.regions.insert(at, regions.clone());
        }
        match (&mut self.sums, &other.sums) {
            (Sums::ByOrigin(mine), Sums::ByOrigin(theirs)) => mine.add(theirs)?,
            (Sums::ByTime(mine), Sums::ByTime(theirs)) => {
                mine.iter_mut().zip(theirs).try_for_each(|(mine, theirs)| mine.add(theirs))?;
            }
            (Sums::ByOrigin(_), Sums::ByTime(_)) | (Sums::ByTime(_), Sums::ByOrigin(_)) => {
                return Err(differ());
            }
        }
        let books = self.ledger.checked_add(&other.ledger);
        self.ledger = books.ok_or_else(|| overflow("the books".into()))?;
        self.check_origins()
    }

    /// Energy per history (MeV) and its standard error in some regions together; NaN where the batches do not tell it ([`Told`]).
    pub fn region_mev(&self, regions: &[usize]) -> (f64, f64) {
        let values = self.region_batches(regions);
        let (mean, error) = crate::stats::mean_and_error(&values, self.histories_per_batch as f64);
        (mean, if Told::of_batches(&values) == Told::Yes { error } else { f64::NAN })
    }

    /// Whether the batches tell the standard error of some regions together; with time points the worst of them. See [`Told`].
    pub fn region_told(&self, regions: &[usize]) -> Told {
        let of = |t: usize| Told::of_batches(&self.region_batches_at(regions, t));
        (0..self.sums.channels().groups()).map(of).min().unwrap_or(Told::Unhit)
    }

    /// Batches in which some regions got energy; with time points at that with the fewest.
    pub fn region_hits(&self, regions: &[usize]) -> usize {
        let of = |t: usize| {
            self.region_batches_at(regions, t).into_iter().filter(|mev| *mev > 0.0).count()
        };
        (0..self.sums.channels().groups()).map(of).min().unwrap_or(0)
    }

    /// Energy (MeV) in some regions together in each batch at a time point (0 where there are none).
    fn region_batches_at(&self, regions: &[usize], time: usize) -> Vec<f64> {
        let times = self.sums.channels().groups();
        self.regions.iter().map(|r| r.mev(regions, time * (r.units.len() / times))).collect()
    }

    /// Energy (MeV) in some regions together in each batch, in their order.
    pub fn region_batches(&self, regions: &[usize]) -> Vec<f64> {
        self.regions.iter().map(|r| r.mev(regions, 0)).collect()
    }
}

impl BatchRegions {
    /// Energy (MeV) in some regions together, the first of all standing at `first`. Their units are added as integers: a region has the same bits
    /// in one piece and in several.
    pub(super) fn mev(&self, regions: &[usize], first: usize) -> f64 {
        Ledger::mev(regions.iter().filter_map(|r| self.units.get(first + r)).sum())
    }
}

/// Standard error of the mean batch value.
pub(super) fn spread(batches: f64, sum: f64, squares: f64) -> f64 {
    if batches < 2.0 {
        return f64::NAN;
    }
    let mean = sum / batches;
    ((squares / batches - mean * mean).max(0.0) / (batches - 1.0)).sqrt()
}

/// Adds up the energies of `count` regions that the parts of a batch have; none if one of them, or a sum, does not fit.
pub(super) fn add_regions(parts: Vec<Option<Vec<u64>>>, count: usize) -> Option<Vec<u64>> {
    let mut units = vec![0_u64; count];
    for part in parts {
        for (sum, value) in units.iter_mut().zip(part?) {
            add_to(sum, value)?;
        }
    }
    Some(units)
}

/// Cuts a slice into exactly `chunks` pieces of `size` (the last ones may be shorter or empty).
pub(super) fn split<T>(mut slice: &mut [T], size: usize, chunks: usize) -> Vec<&mut [T]> {
    let mut out = Vec::with_capacity(chunks);
    for _ in 0..chunks {
        let (head, tail) = slice.split_at_mut(size.min(slice.len()));
        out.push(head);
        slice = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    const USED: [bool; ORIGINS] = [true, false, false];

    fn batch(values: &[u64]) -> BatchWords {
        let words = BatchWords::new(Score::by_origin(values.len(), USED), 1);
        let slot = words.slots()[0][0].expect("electrons");
        slot.iter().zip(values).for_each(|(word, &value)| word.store(value, Relaxed));
        words
    }

    #[test]
    fn merging_shards_is_the_same_as_one_run() {
        let data: Vec<Vec<u64>> =
            (0..6_u64).map(|b| (0..40_000_u64).map(|v| v * v % 97 + b * 13).collect()).collect();
        let labels: Vec<u16> = (0..40_000_u32).map(|v| (v % 3) as u16).collect();
        let empty = || Tally::new(Score::by_origin(40_000, USED), 10);
        let mut whole = empty();
        let mut shards = [empty(), empty()];
        for (b, values) in data.iter().enumerate() {
            whole.fold(b as u32, &mut batch(values), &labels, 2).unwrap();
            shards[b % 2].fold(b as u32, &mut batch(values), &labels, 2).unwrap();
        }
        let [mut merged, other] = shards;
        merged.merge(&other).expect("disjoint batches");
        assert_eq!(merged, whole);
        assert!(merged.merge(&other).is_err());
        // Another score is refused, in words.
        let used = [true, true, false];
        let error = merged.merge(&Tally::new(Score::by_origin(40_000, used), 10)).unwrap_err();
        assert!(error.problem.contains("(electron) in batches of 10 and of"), "{error}");
        let mut timed = BatchWords::new(Score::by_time(40_000, 1), 1);
        assert!(merged.fold(9, &mut timed, &labels, 2).is_err());
        assert_eq!(merged, whole);
    }

    /// Voxels with a mean of 1 to 60 hits in 50 batches, a hit giving an exponential energy: where the error is told, Student's interval covers 0.9
    /// or more (5,000 voxels: standard deviation 0.4 %); where it is not, half of the voxels would be missed at a mean of one hit.
    #[test]
    fn what_few_hits_tell() {
        use rand::{Rng, SeedableRng};
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(8);
        let batches = 50;
        for hits in [1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0] {
            let (mut told, mut covered, mut all_covered, mut unhit) = (0, 0, 0, 0);
            let runs = 5000;
            for _ in 0..runs {
                let mut values = vec![0.0; batches];
                // Poisson: exponential waiting times.
                let mut at = 0.0;
                loop {
                    at -= f64::ln(1.0 - random.random::<f64>());
                    if at > hits {
                        break;
                    }
                    let n = (at / hits * batches as f64) as usize;
                    values[n.min(batches - 1)] -= f64::ln(1.0 - random.random::<f64>());
                }
                let (mean, error) = crate::stats::mean_and_error(&values, 1.0);
                let t = crate::stats::student_97_5((batches - 1) as f64);
                let covers = (mean - hits / batches as f64).abs() <= t * error;
                all_covered += u32::from(covers);
                let squares: f64 = values.iter().map(|v| v * v).sum();
                match Told::of(values.iter().sum(), squares, batches) {
                    Told::Yes => {
                        told += 1;
                        covered += u32::from(covers);
                    }
                    Told::Unhit => unhit += 1,
                    Told::Few => {}
                }
            }
            let share = f64::from(covered) / f64::from(told.max(1));
            println!(
                "{hits} hits: told {told}, covered {share:.3}; all {all_covered}, unhit {unhit}"
            );
            assert!(told < 100 || share > 0.888, "{hits}: {share}");
            if hits == 1.0 {
                assert!(all_covered < 3000 && told < 100, "{all_covered} {told}");
            }
            if hits >= 30.0 {
                assert!(told > 4950, "{hits}: {told}");
            }
        }
    }

    #[test]
    fn standard_error_is_that_of_the_batch_mean() {
        let mut tally = Tally::new(Score::by_origin(1, USED), 1);
        let unit = f64::from(super::super::layout::TALLY_UNITS_PER_MEV);
        for (b, value) in [1.0, 2.0, 3.0, 4.0].iter().enumerate() {
            tally.fold(b as u32, &mut batch(&[(value * unit) as u64]), &[], 0).unwrap();
        }
        assert!((tally.mean_mev(0) - 2.5).abs() < 1e-9);
        // Sample variance 5/3 over 4 batches.
        assert!((tally.standard_error_mev(0) - (5.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-9);
        let (mean, error) = tally.region_mev(&[0]);
        assert!((mean - 2.5).abs() < 1e-9 && (error - (5.0_f64 / 12.0).sqrt()).abs() < 1e-9);
    }
}
