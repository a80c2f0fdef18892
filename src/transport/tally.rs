//! Energy imparted per voxel, as integers: sums do not depend on their order, so any number of threads and any split into
//! shards gives the same bits. Batches are independent replicates; their spread gives the standard errors.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::cpu::score::{TOUCHED_BLOCK, Touched, Words};
use super::escapes::Escapes;
use super::ledger::Ledger;
use super::reach::Channels;
use super::tally_check::{add_squares, add_sums, add_to, overflow};
use super::tally_times::TimeSums;
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
    /// Voxels (or shells).
    pub voxels: usize,
    /// Energy per origin and voxel, units; empty for origins the source does not have.
    pub sums: [Vec<u64>; ORIGINS],
    /// Sum over batches of the squared energy (all origins), units^2.
    pub squares: Vec<u128>,
    /// The same of each time point; `sums` and `squares` are then empty.
    pub times: Vec<TimeSums>,
    /// Region energies of every batch.
    pub regions: Vec<BatchRegions>,
    /// Histories of one batch.
    pub histories_per_batch: u64,
    /// The books.
    pub ledger: Ledger,
}

/// The words one batch scores into.
#[derive(Debug)]
pub struct BatchWords {
    /// One vector per origin.
    pub words: [Vec<AtomicU64>; ORIGINS],
    /// `[voxel][time point]` in a run with time points, where the others are empty.
    pub times: Vec<AtomicU64>,
    /// Whether a cell of each block of [`TOUCHED_BLOCK`] got energy; empty where that is not kept, and every block may have.
    touched: Vec<AtomicU8>,
}

/// Zeros that take no memory until they are written to.
fn zeroed(n: usize) -> Vec<AtomicU64> {
    bytemuck::zeroed_vec(n)
}

impl BatchWords {
    /// Zeroed words for the origins in use.
    pub fn new(voxels: usize, used: [bool; ORIGINS]) -> Self {
        let words = used.map(|u| zeroed(if u { voxels } else { 0 }));
        BatchWords { words, times: Vec::new(), touched: Vec::new() }
    }

    /// Zeroed words for this many time points.
    pub fn timed(voxels: usize, times: usize) -> Self {
        let times = zeroed(voxels * times);
        BatchWords { words: Default::default(), times, touched: Vec::new() }
    }

    /// The same, zero words, with marks of what gets energy: who writes to them then marks it ([`Touched`]).
    pub fn keeping_touched(mut self) -> Self {
        let cells = self.words.iter().map(Vec::len).max().unwrap_or(0).max(self.times.len());
        self.touched = bytemuck::zeroed_vec(cells.div_ceil(TOUCHED_BLOCK));
        self
    }

    /// The marks.
    pub fn touched(&self) -> Touched<'_> {
        Touched(&self.touched)
    }

    /// Marks everything, after the words were written to.
    pub fn touch_all(&self) {
        self.touched.iter().for_each(|block| block.store(1, Relaxed));
    }

    /// Whether a block of cells may hold energy in any of the copies. Their marks are cleared, as their words then are.
    pub(super) fn take_touched(copies: &[BatchWords], block: usize) -> bool {
        let mut any = false;
        for copy in copies {
            match copy.touched.get(block) {
                None => any = true,
                Some(mark) if mark.load(Relaxed) != 0 => {
                    mark.store(0, Relaxed);
                    any = true;
                }
                Some(_) => {}
            }
        }
        any
    }

    /// All of them: each origin's, then those of the time points; the unused are empty.
    pub fn channels(&self) -> [&[AtomicU64]; ORIGINS + 1] {
        let [electron, photon, alpha] = self.words.each_ref().map(Vec::as_slice);
        [electron, photon, alpha, &self.times]
    }

    /// What scorers borrow, a slice for every origin: those without words of their own share another's ([`Channels`]).
    pub fn slices(&self) -> Words<'_> {
        let used: Vec<&Vec<AtomicU64>> = self.words.iter().filter(|w| !w.is_empty()).collect();
        let channels = Channels::new(self.words.each_ref().map(|w| !w.is_empty()));
        let origins = channels.of_origin.map(|c| used.get(c).map_or(&[][..], |w| w.as_slice()));
        Words { origins, touched: self.touched() }
    }
}

impl Tally {
    /// An empty tally.
    pub fn new(voxels: usize, used: [bool; ORIGINS], histories_per_batch: u64) -> Self {
        Tally {
            voxels,
            sums: used.map(|u| vec![0; if u { voxels } else { 0 }]),
            squares: vec![0; voxels],
            times: Vec::new(),
            regions: Vec::new(),
            histories_per_batch,
            ledger: Ledger::default(),
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

    /// Adds one batch, the sum of the copies of its words, and zeroes them. `labels` (one region per voxel, 0 outside) may be empty.
    ///
    /// # Errors
    /// If a sum would overflow: [`super::capacity`] refuses plans with which that might be.
    pub fn fold(
        &mut self,
        batch: u32,
        words: &mut [BatchWords],
        labels: &[u16],
        regions: usize,
    ) -> Result<()> {
        if !self.times.is_empty() {
            return self.fold_times(batch, words, labels, regions);
        }
        const CHUNK: usize = 1 << 14;
        /// Voxels that are looked at together before anything of theirs is added up.
        const BLOCK: usize = TOUCHED_BLOCK;
        let [e, p, a] = &mut self.sums;
        let words: &[BatchWords] = words;
        let voxels = self.voxels;
        let chunks = voxels.div_ceil(CHUNK).max(1);
        let mut es: Vec<&mut [u64]> = split(e, CHUNK, chunks);
        let mut ps: Vec<&mut [u64]> = split(p, CHUNK, chunks);
        let mut als: Vec<&mut [u64]> = split(a, CHUNK, chunks);
        let mut squares: Vec<&mut [u128]> = split(&mut self.squares, CHUNK, chunks);
        let partial: Vec<Option<Vec<u64>>> = es
            .par_iter_mut()
            .zip(ps.par_iter_mut())
            .zip(als.par_iter_mut())
            .zip(squares.par_iter_mut())
            .enumerate()
            .map(|(c, (((e, p), a), squares))| {
                let first = c * CHUNK;
                let mut region_units = vec![0_u64; regions + 1];
                let mut sums = [e, p, a];
                for start in (0..squares.len()).step_by(BLOCK) {
                    let end = (start + BLOCK).min(squares.len());
                    let of = |words: &'_ [AtomicU64]| match words.is_empty() {
                        true => 0..0,
                        false => first + start..first + end,
                    };
                    let hit = |words: &Vec<AtomicU64>| {
                        words[of(words)].iter().fold(0, |all, w| all | w.load(Relaxed)) != 0
                    };
                    // Few histories leave most of a large grid untouched: its sums are not read.
                    let touched = BatchWords::take_touched(words, (first + start) / BLOCK);
                    if !touched || !words.iter().any(|copy| copy.words.iter().any(hit)) {
                        continue;
                    }
                    let mut totals = [0_u64; BLOCK];
                    for (origin, sum) in sums.iter_mut().enumerate() {
                        for copy in words {
                            let words = &copy.words[origin];
                            for (k, word) in words[of(words)].iter().enumerate() {
                                // Nobody else writes now: plain loads and stores.
                                let value = word.load(Relaxed);
                                word.store(0, Relaxed);
                                add_to(&mut sum[start + k], value)?;
                                add_to(&mut totals[k], value)?;
                            }
                        }
                    }
                    for (k, square) in squares[start..end].iter_mut().enumerate() {
                        let total = totals[k];
                        *square = square.checked_add(u128::from(total) * u128::from(total))?;
                        let region = labels.get(first + start + k).map_or(0, |&l| usize::from(l));
                        add_to(&mut region_units[region.min(regions)], total)?;
                    }
                }
                Some(region_units)
            })
            .collect();
        let mut units = vec![0_u64; regions + 1];
        for part in partial {
            let part = part.ok_or_else(|| overflow(format!("batch {batch}")))?;
            for (sum, value) in units.iter_mut().zip(part) {
                add_to(sum, value).ok_or_else(|| overflow(format!("batch {batch}")))?;
            }
        }
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
    /// more cells.
    pub fn take_parts(&mut self, voxels: usize, places: usize) -> Option<Tally> {
        if self.voxels <= voxels || !self.times.is_empty() {
            return None;
        }
        let mut split = |sums: &mut Vec<u64>| match sums.is_empty() {
            true => Vec::new(),
            false => sums.split_off(voxels),
        };
        let sums = self.sums.each_mut().map(&mut split);
        let squares = match self.squares.is_empty() {
            true => Vec::new(),
            false => self.squares.split_off(voxels),
        };
        let last = |regions: &mut BatchRegions| {
            let kept = regions.units.len().saturating_sub(places);
            let units = regions.units.split_off(kept);
            BatchRegions { units, ..regions.clone() }
        };
        let parts = Tally {
            voxels: self.voxels - voxels,
            sums,
            squares,
            times: Vec::new(),
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
            voxels: 0,
            sums: Default::default(),
            squares: Vec::new(),
            times: Vec::new(),
            regions: self.regions.clone(),
            histories_per_batch: self.histories_per_batch,
            ledger: self.ledger,
        }
    }

    /// Whether another is of the same grid, origins, time points and size of batches.
    pub fn same_shape(&self, other: &Tally) -> bool {
        self.shape() == other.shape()
    }

    fn shape(&self) -> (usize, [usize; ORIGINS], usize, u64) {
        let sums = self.sums.each_ref().map(Vec::len);
        (self.voxels, sums, self.times.len(), self.histories_per_batch)
    }

    /// Adds another tally of the same run (other batches): an exact sum.
    ///
    /// # Errors
    /// If the shapes differ, a batch is in both, or a sum would overflow.
    pub fn merge(&mut self, other: &Tally) -> Result<()> {
        if !self.same_shape(other) {
            return Err(Error::input(
                format!("tallies of shape {:?} and {:?}", self.shape(), other.shape()),
                "shards of one run have the same grid, origins and batch size",
                "Merge only shards made by the same command and --shard i/n.",
            ));
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
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            add_sums(mine, theirs)?;
        }
        add_squares(&mut self.squares, &other.squares)?;
        for (mine, theirs) in self.times.iter_mut().zip(&other.times) {
            mine.add(theirs)?;
        }
        let books = self.ledger.checked_add(&other.ledger);
        self.ledger = books.ok_or_else(|| overflow("the books".into()))?;
        self.check_origins()
    }

    /// Energy per history (MeV) in a voxel, all origins.
    pub fn mean_mev(&self, voxel: usize) -> f64 {
        let units: u64 = self.sums.iter().filter_map(|s| s.get(voxel)).sum();
        Ledger::mev(units) / self.histories().max(1) as f64
    }

    /// Energy per history (MeV) in all cells, of each origin.
    pub fn imparted_mev(&self) -> [f64; ORIGINS] {
        let (scale, histories) = (f64::from(super::layout::TALLY_UNITS_PER_MEV), self.histories());
        let sum = |units: &Vec<u64>| units.iter().map(|u| u128::from(*u)).sum::<u128>();
        self.sums.each_ref().map(|units| sum(units) as f64 / scale / histories.max(1) as f64)
    }

    /// Energy per history (MeV) in a voxel of one origin.
    pub fn mean_mev_of(&self, origin: Origin, voxel: usize) -> f64 {
        let units = self.sums[origin as usize].get(voxel).copied().unwrap_or(0);
        Ledger::mev(units) / self.histories().max(1) as f64
    }

    /// Standard error (MeV per history) of [`Self::mean_mev`] from the spread of batches; NaN below two batches.
    pub fn standard_error_mev(&self, voxel: usize) -> f64 {
        let b = self.batches() as f64;
        let units: u64 = self.sums.iter().filter_map(|s| s.get(voxel)).sum();
        let sum = Ledger::mev(units);
        let scale = f64::from(super::layout::TALLY_UNITS_PER_MEV);
        let squares = self.squares[voxel] as f64 / (scale * scale);
        let n = self.histories_per_batch as f64;
        spread(b, sum, squares) / n
    }

    /// Whether the batches tell a voxel's standard error: see [`Told`].
    pub fn told(&self, voxel: usize) -> Told {
        let units: u64 = self.sums.iter().filter_map(|s| s.get(voxel)).sum();
        Told::of(units as f64, self.squares[voxel] as f64, self.batches())
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
        (0..self.times.len().max(1)).map(of).min().unwrap_or(Told::Unhit)
    }

    /// Batches in which some regions got energy; with time points at that with the fewest.
    pub fn region_hits(&self, regions: &[usize]) -> usize {
        let of = |t: usize| {
            self.region_batches_at(regions, t).into_iter().filter(|mev| *mev > 0.0).count()
        };
        (0..self.times.len().max(1)).map(of).min().unwrap_or(0)
    }

    /// Energy (MeV) in some regions together in each batch at a time point (0 where there are none).
    fn region_batches_at(&self, regions: &[usize], time: usize) -> Vec<f64> {
        let times = self.times.len().max(1);
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

    fn batch(values: &[u64]) -> [BatchWords; 1] {
        let words = BatchWords::new(values.len(), [true, false, false]);
        for (word, &value) in words.words[0].iter().zip(values) {
            word.store(value, Relaxed);
        }
        [words]
    }

    #[test]
    fn merging_shards_is_the_same_as_one_run() {
        let data: Vec<Vec<u64>> =
            (0..6_u64).map(|b| (0..40_000_u64).map(|v| v * v % 97 + b * 13).collect()).collect();
        let labels: Vec<u16> = (0..40_000_u32).map(|v| (v % 3) as u16).collect();
        let used = [true, false, false];
        let mut whole = Tally::new(40_000, used, 10);
        let mut shards = [Tally::new(40_000, used, 10), Tally::new(40_000, used, 10)];
        for (b, values) in data.iter().enumerate() {
            whole.fold(b as u32, &mut batch(values), &labels, 2).unwrap();
            shards[b % 2].fold(b as u32, &mut batch(values), &labels, 2).unwrap();
        }
        let [mut merged, other] = shards;
        merged.merge(&other).expect("disjoint batches");
        assert_eq!(merged, whole);
        assert!(merged.merge(&other).is_err());
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
        let mut tally = Tally::new(1, [true, false, false], 1);
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
