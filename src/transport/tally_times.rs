//! The tally of a run with several time points. Batches are shared by all of them, so their spread also gives the covariances between
//! times: batch by batch for regions; for voxels only the variances are kept.

use std::sync::atomic::Ordering::Relaxed;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::batch_words::{Marks, TimeWords};
use super::cpu::score::TOUCHED_BLOCK;
use super::layout::TALLY_UNITS_PER_MEV;
use super::ledger::Ledger;
use super::tally::{BatchRegions, Tally, Told, add_regions, split, spread};
use super::tally_check::{add_squares, add_sums, add_to};
use crate::error::Result;

/// Sums over batches at one time point; all origins together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSums {
    /// Weighted energy per voxel, units.
    pub sums: Vec<u64>,
    /// Sum over batches of its square, units^2.
    pub squares: Vec<u128>,
}

impl TimeSums {
    /// Zeros.
    pub fn new(voxels: usize) -> Self {
        TimeSums { sums: vec![0; voxels], squares: vec![0; voxels] }
    }

    /// Adds other batches; refused if a sum would overflow.
    pub(super) fn add(&mut self, other: &TimeSums) -> Result<()> {
        add_sums(&mut self.sums, &other.sums)?;
        add_squares(&mut self.squares, &other.squares)
    }
}

/// Voxels of one task.
const CHUNK: usize = 1 << 14;

/// [`Tally::fold`] of words at the same time points: the energy of each region at each of them, or none if a sum would overflow. `labels` holds
/// one map, or one for each time after the other.
pub(super) fn fold(
    of_times: &mut [TimeSums],
    copies: &[TimeWords],
    labels: &[u16],
    regions: usize,
) -> Option<Vec<u64>> {
    let times = of_times.len();
    let voxels = of_times.first().map_or(0, |time| time.sums.len());
    let stride = if labels.len() == voxels * times { voxels } else { 0 };
    let chunks = voxels.div_ceil(CHUNK).max(1);
    let mut parts: Vec<Vec<(&mut [u64], &mut [u128])>> = (0..chunks).map(|_| Vec::new()).collect();
    for time in of_times {
        let sums = split(&mut time.sums, CHUNK, chunks);
        let squares = split(&mut time.squares, CHUNK, chunks);
        for (part, pair) in parts.iter_mut().zip(sums.into_iter().zip(squares)) {
            part.push(pair);
        }
    }
    let partial: Vec<Option<Vec<u64>>> = parts
        .par_iter_mut()
        .enumerate()
        .map(|(c, part)| {
            let first = c * CHUNK;
            let mut units = vec![0_u64; times * (regions + 1)];
            let cells = part.first().map_or(0, |(sums, _)| sums.len());
            let mut touched = true;
            for k in 0..cells {
                if (first + k).is_multiple_of(TOUCHED_BLOCK) {
                    let marks = copies.iter().map(TimeWords::marks);
                    touched = Marks::take_any(marks, (first + k) / TOUCHED_BLOCK);
                }
                if !touched {
                    continue;
                }
                for (t, (sums, squares)) in part.iter_mut().enumerate() {
                    let at = (first + k) * times + t;
                    let mut value = 0_u64;
                    for word in copies.iter().map(|copy| &copy.words[at]) {
                        let units = word.load(Relaxed);
                        if units != 0 {
                            add_to(&mut value, units)?;
                            word.store(0, Relaxed);
                        }
                    }
                    if value == 0 {
                        continue;
                    }
                    add_to(&mut sums[k], value)?;
                    squares[k] = squares[k].checked_add(u128::from(value) * u128::from(value))?;
                    let region = labels.get(t * stride + first + k).map_or(0, |&l| usize::from(l));
                    add_to(&mut units[t * (regions + 1) + region.min(regions)], value)?;
                }
            }
            Some(units)
        })
        .collect();
    add_regions(partial, times * (regions + 1))
}

impl Tally {
    /// The sums of one of the time points; none of a tally by origin.
    fn at_time(&self, time: usize) -> Option<&TimeSums> {
        self.by_time()?.get(time)
    }

    /// Energy per decay (MeV) in a voxel at a time point; NaN where there is no such time.
    pub fn time_mean_mev(&self, time: usize, voxel: usize) -> f64 {
        let Some(sums) = self.at_time(time) else { return f64::NAN };
        Ledger::mev(sums.sums[voxel]) / self.histories().max(1) as f64
    }

    /// Standard error (MeV per decay) of it from the spread of batches; NaN where they do not tell it ([`Told`]).
    pub fn time_standard_error_mev(&self, time: usize, voxel: usize) -> f64 {
        let Some(sums) = self.at_time(time) else { return f64::NAN };
        let (sum, of_squares) = (sums.sums[voxel] as f64, sums.squares[voxel] as f64);
        if Told::of(sum, of_squares, self.batches()) != Told::Yes {
            return f64::NAN;
        }
        let scale = f64::from(TALLY_UNITS_PER_MEV);
        let squares = sums.squares[voxel] as f64 / (scale * scale);
        spread(self.batches() as f64, Ledger::mev(sums.sums[voxel]), squares)
            / self.histories_per_batch as f64
    }

    /// Energies per decay (MeV) of some regions together at all time points (of a tally by origin none), and the covariance of these means from the
    /// batches (NaN below two).
    pub fn region_times_mev(&self, regions: &[usize]) -> (Vec<f64>, DMatrix<f64>) {
        let times = self.by_time().map_or(0, <[TimeSums]>::len);
        let (b, n) = (self.batches() as f64, self.histories_per_batch as f64);
        let value = |r: &BatchRegions, t: usize| {
            let per_time = r.units.len() / times.max(1);
            r.mev(regions, t * per_time) / n
        };
        let mean: Vec<f64> =
            (0..times).map(|t| self.regions.iter().map(|r| value(r, t)).sum::<f64>() / b).collect();
        let covariance = DMatrix::from_fn(times, times, |i, j| {
            if b < 2.0 {
                return f64::NAN;
            }
            let product = |r: &BatchRegions| (value(r, i) - mean[i]) * (value(r, j) - mean[j]);
            self.regions.iter().map(product).sum::<f64>() / (b * (b - 1.0))
        });
        (mean, covariance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::batch_words::{BatchWords, SLOTS};
    use crate::transport::score::Score;

    fn words(values: &[u64], times: usize) -> BatchWords {
        let words = BatchWords::new(Score::by_time(values.len() / times, times), 1);
        let slot = words.slots()[0][SLOTS - 1].expect("time points");
        slot.iter().zip(values).for_each(|(word, v)| word.store(*v, Relaxed));
        words
    }

    fn timed(voxels: usize, times: usize, histories_per_batch: u64) -> Tally {
        Tally::new(Score::by_time(voxels, times), histories_per_batch)
    }

    #[test]
    fn shards_merge_to_the_whole_and_regions_follow_their_own_map() {
        let voxels = 20_000;
        let batch = |b: u64| (0..2 * voxels as u64).map(|v| v * v % 97 + b).collect::<Vec<_>>();
        // The second time point has the region in the other half.
        let labels: Vec<u16> =
            (0..2 * voxels).map(|v| u16::from((v < voxels) == (v % voxels < voxels / 2))).collect();
        let mut whole = timed(voxels, 2, 10);
        let mut parts = [timed(voxels, 2, 10), timed(voxels, 2, 10)];
        for b in 0..6 {
            whole.fold(b as u32, &mut words(&batch(b), 2), &labels, 1).unwrap();
            parts[b as usize % 2].fold(b as u32, &mut words(&batch(b), 2), &labels, 1).unwrap();
        }
        let [mut merged, other] = parts;
        merged.merge(&other).expect("disjoint batches");
        assert_eq!(merged, whole);
        let units = &whole.regions[3].units;
        let half = |t: usize, range: std::ops::Range<usize>| -> u64 {
            range.map(|v| batch(3)[2 * v + t]).sum()
        };
        assert_eq!(units[1], half(0, 0..voxels / 2));
        assert_eq!(units[3], half(1, voxels / 2..voxels));
        assert!(merged.merge(&timed(voxels, 3, 10)).is_err());
    }

    #[test]
    fn means_and_covariances_are_those_of_the_batches() {
        let unit = f64::from(TALLY_UNITS_PER_MEV) as u64;
        let mut tally = timed(1, 2, 1);
        for (b, x) in [1, 2, 3, 4].into_iter().enumerate() {
            tally.fold(b as u32, &mut words(&[x * unit, (10 - 2 * x) * unit], 2), &[], 0).unwrap();
        }
        assert!((tally.time_mean_mev(1, 0) - 5.0).abs() < 1e-9);
        assert!((tally.time_standard_error_mev(0, 0) - (5.0_f64 / 12.0).sqrt()).abs() < 1e-9);
        let (mean, c) = tally.region_times_mev(&[0]);
        assert!((mean[0] - 2.5).abs() < 1e-9 && (mean[1] - 5.0).abs() < 1e-9);
        // y = 10 - 2 x: covariance -2 and variance 4 times that of x.
        assert!((c[(0, 0)] - 5.0 / 12.0).abs() < 1e-9 && (c[(0, 1)] + 10.0 / 12.0).abs() < 1e-9);
        assert!((c[(1, 1)] - 20.0 / 12.0).abs() < 1e-9);
    }
}
