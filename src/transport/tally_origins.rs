//! The tally of a run by the source emission that its energy stems from. Neglects the covariances between origins: a cell's spread is that of
//! all of them together.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::batch_words::{Marks, OriginWords};
use super::cpu::score::TOUCHED_BLOCK;
use super::layout::TALLY_UNITS_PER_MEV;
use super::ledger::Ledger;
use super::score::Origins;
use super::tally::{ORIGINS, Origin, Tally, Told, add_regions, split, spread};
use super::tally_check::{add_squares, add_sums, add_to};
use crate::error::Result;

/// Sums over batches by origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginSums {
    /// Energy per cell of each origin, units; none of an origin that the source does not have.
    pub sums: [Option<Vec<u64>>; ORIGINS],
    /// Sum over batches of the squared energy of all origins per cell, units^2.
    pub squares: Vec<u128>,
}

/// Cells of one task.
const CHUNK: usize = 1 << 14;
/// Cells that are looked at together before anything of theirs is added up.
const BLOCK: usize = TOUCHED_BLOCK;

impl OriginSums {
    /// Zeros for the origins in use.
    pub fn new(cells: usize, used: [bool; ORIGINS]) -> Self {
        OriginSums { sums: used.map(|used| used.then(|| vec![0; cells])), squares: vec![0; cells] }
    }

    /// The origins in use.
    pub fn origins(&self) -> Origins {
        Origins(self.sums.each_ref().map(Option::is_some))
    }

    /// Energy of an origin per cell, units; none of an origin that the source does not have.
    pub fn of(&self, origin: Origin) -> Option<&[u64]> {
        self.sums[origin as usize].as_deref()
    }

    /// Energy of all origins in a cell, units; 0 in one that there is not.
    pub fn units(&self, cell: usize) -> u64 {
        self.sums.iter().flatten().filter_map(|sums| sums.get(cell)).sum()
    }

    /// Adds other batches; refused if a sum would overflow.
    pub(super) fn add(&mut self, other: &OriginSums) -> Result<()> {
        for (mine, theirs) in self.sums.iter_mut().flatten().zip(other.sums.iter().flatten()) {
            add_sums(mine, theirs)?;
        }
        add_squares(&mut self.squares, &other.squares)
    }

    /// Takes the cells from `at` on into sums of their own.
    pub(super) fn split_off(&mut self, at: usize) -> OriginSums {
        OriginSums {
            sums: self.sums.each_mut().map(|sums| sums.as_mut().map(|sums| sums.split_off(at))),
            squares: self.squares.split_off(at),
        }
    }

    /// [`Tally::fold`] of words by the same origins: the energy of each region, or none if a sum would overflow.
    pub(super) fn fold(
        &mut self,
        copies: &[OriginWords],
        labels: &[u16],
        regions: usize,
    ) -> Option<Vec<u64>> {
        // Of each origin in use, the copies.
        let words: Vec<Vec<&[AtomicU64]>> = (0..ORIGINS)
            .filter(|origin| self.sums[*origin].is_some())
            .map(|origin| copies.iter().filter_map(|c| c.words[origin].as_deref()).collect())
            .collect();
        let chunks = self.squares.len().div_ceil(CHUNK).max(1);
        let mut parts: Vec<(Vec<&mut [u64]>, &mut [u128])> =
            split(&mut self.squares, CHUNK, chunks)
                .into_iter()
                .map(|squares| (Vec::new(), squares))
                .collect();
        for sums in self.sums.iter_mut().flatten() {
            for (part, sums) in parts.iter_mut().zip(split(sums, CHUNK, chunks)) {
                part.0.push(sums);
            }
        }
        let partial: Vec<Option<Vec<u64>>> = parts
            .par_iter_mut()
            .enumerate()
            .map(|(c, (sums, squares))| {
                let first = c * CHUNK;
                let mut region_units = vec![0_u64; regions + 1];
                for start in (0..squares.len()).step_by(BLOCK) {
                    let end = (start + BLOCK).min(squares.len());
                    let block = first + start..first + end;
                    let hit = |words: &&[AtomicU64]| {
                        words[block.clone()].iter().fold(0, |all, w| all | w.load(Relaxed)) != 0
                    };
                    // Few histories leave most of a large grid untouched: its sums are not read.
                    let marks = copies.iter().map(OriginWords::marks);
                    let touched = Marks::take_any(marks, (first + start) / BLOCK);
                    if !touched || !words.iter().flatten().any(hit) {
                        continue;
                    }
                    let mut totals = [0_u64; BLOCK];
                    for (sum, copies) in sums.iter_mut().zip(&words) {
                        for words in copies {
                            for (k, word) in words[block.clone()].iter().enumerate() {
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
        add_regions(partial, regions + 1)
    }
}

/// A tally of time points has no sums by origin: its means here are 0 and their errors are not told; see [`Tally::time_mean_mev`].
impl Tally {
    /// Energy of an origin per cell, units; none of an origin that the source does not have.
    pub fn of_origin(&self, origin: Origin) -> Option<&[u64]> {
        self.by_origin()?.of(origin)
    }

    /// Energy of all origins in a voxel, units.
    fn units_of(&self, voxel: usize) -> u64 {
        self.by_origin().map_or(0, |sums| sums.units(voxel))
    }

    /// Energy per history (MeV) in a voxel, all origins.
    pub fn mean_mev(&self, voxel: usize) -> f64 {
        Ledger::mev(self.units_of(voxel)) / self.histories().max(1) as f64
    }

    /// Energy per history (MeV) in all cells, of each origin.
    pub fn imparted_mev(&self) -> [f64; ORIGINS] {
        let (scale, histories) = (f64::from(TALLY_UNITS_PER_MEV), self.histories());
        let sum = |units: &[u64]| units.iter().map(|u| u128::from(*u)).sum::<u128>();
        Origin::ALL.map(|origin| {
            self.of_origin(origin).map_or(0, sum) as f64 / scale / histories.max(1) as f64
        })
    }

    /// Energy per history (MeV) in a voxel of one origin.
    pub fn mean_mev_of(&self, origin: Origin, voxel: usize) -> f64 {
        let units = self.of_origin(origin).and_then(|sums| sums.get(voxel)).copied().unwrap_or(0);
        Ledger::mev(units) / self.histories().max(1) as f64
    }

    /// Standard error (MeV per history) of [`Self::mean_mev`] from the spread of batches; NaN below two batches.
    pub fn standard_error_mev(&self, voxel: usize) -> f64 {
        let Some(sums) = self.by_origin() else { return f64::NAN };
        let sum = Ledger::mev(sums.units(voxel));
        let scale = f64::from(TALLY_UNITS_PER_MEV);
        let squares = sums.squares[voxel] as f64 / (scale * scale);
        spread(self.batches() as f64, sum, squares) / self.histories_per_batch as f64
    }

    /// Whether the batches tell a voxel's standard error: see [`Told`].
    pub fn told(&self, voxel: usize) -> Told {
        let Some(sums) = self.by_origin() else { return Told::Unhit };
        Told::of(sums.units(voxel) as f64, sums.squares[voxel] as f64, self.batches())
    }
}
