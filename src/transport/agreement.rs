//! Whether two tallies agree: bit by bit for the same histories, within their standard errors for independent ones.

use serde::Serialize;

use super::ledger::Ledger;
use super::plan::Plan;
use super::tally::{Origin, Tally};
use crate::stats::{chi_squared_exceeded, normal_from_t, two_sided_p};

/// Cells enter a z-map if both tallies know them to this relative standard error: below, batches are far from normal.
const KNOWN_TO: f64 = 0.15;
/// Part of the cells that counts as independent: neighbours share tracks.
const INDEPENDENT: f64 = 0.5;
/// Blocks along an axis.
const BLOCKS: usize = 6;

/// Two tallies of the same histories.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SameHistories {
    /// Every word of both is the same.
    pub equal: bool,
    /// Cells whose energy differs.
    pub cells: usize,
    /// Largest difference of a cell, as a part of the largest cell.
    pub largest: f64,
    /// Difference of the whole energy, as a part of it.
    pub total: f64,
}

/// Compares tallies of the same histories.
pub fn same_histories(a: &Tally, b: &Tally) -> SameHistories {
    let units = |t: &Tally, v: usize| t.by_origin().map_or(0, |sums| sums.units(v));
    let (mut cells, mut worst, mut largest, mut totals) = (0, 0_u64, 0_u64, [0_u128; 2]);
    for v in 0..a.voxels.max(b.voxels) {
        let (x, y) = (units(a, v), units(b, v));
        cells += usize::from(x != y);
        worst = worst.max(x.abs_diff(y));
        largest = largest.max(x).max(y);
        totals = [totals[0] + u128::from(x), totals[1] + u128::from(y)];
    }
    let [x, y] = totals.map(|t| t as f64);
    SameHistories {
        equal: a == b,
        cells,
        largest: worst as f64 / (largest as f64).max(1.0),
        total: (y - x) / x.max(1.0),
    }
}

/// Normal deviates of the differences of two independent tallies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ZMap {
    /// Cells known well enough in both.
    pub cells: usize,
    /// Their mean, expected 0.
    pub mean: f64,
    /// Two-sided probability of a mean that far from 0.
    pub mean_p: f64,
    /// Their variance, expected 1.
    pub variance: f64,
    /// Sum of squares.
    pub chi2: f64,
    /// Probability of a larger sum.
    pub p: f64,
}

impl ZMap {
    /// From pairs of mean and standard error, each from the spread of `batches` batches: differences are Student's t with
    /// 2 (b - 1) degrees of freedom, turned into normal deviates. Half of the cells count as independent. None without cells.
    fn new(pairs: impl Iterator<Item = [(f64, f64); 2]>, batches: usize) -> Option<Self> {
        let freedom = 2.0 * (batches as f64 - 1.0);
        let known = |&(mean, error): &(f64, f64)| error > 0.0 && error < KNOWN_TO * mean;
        let z: Vec<f64> = pairs
            .filter(|pair| pair.iter().all(known))
            .map(|[(x, sx), (y, sy)]| normal_from_t((y - x) / sx.hypot(sy), freedom))
            .collect();
        if z.is_empty() {
            return None;
        }
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let chi2: f64 = z.iter().map(|z| z * z).sum();
        let independent = (INDEPENDENT * n).max(1.0);
        Some(ZMap {
            cells: z.len(),
            mean,
            mean_p: two_sided_p(mean * independent.sqrt()),
            variance: chi2 / n - mean * mean,
            chi2,
            p: chi_squared_exceeded(chi2 / n * independent, independent),
        })
    }

    /// False if chance explains the differences with less than this probability.
    pub fn agrees(&self, least: f64) -> bool {
        self.p >= least && self.mean_p >= least
    }
}

/// z-map of the voxels; none if no voxel is known well enough.
pub fn voxels(a: &Tally, b: &Tally) -> Option<ZMap> {
    let of = |t: &Tally, v: usize| (t.mean_mev(v), t.standard_error_mev(v));
    ZMap::new((0..a.voxels).map(|v| [of(a, v), of(b, v)]), a.batches())
}

/// z-map of the regions, such as those of [`blocks`].
pub fn regions(a: &Tally, b: &Tally, regions: usize) -> Option<ZMap> {
    ZMap::new((0..=regions).map(|r| [a.region_mev(&[r]), b.region_mev(&[r])]), a.batches())
}

/// Labels of blocks of voxels, known well after few histories, and how many there are. Radial scoring has none.
pub fn blocks(plan: &Plan) -> (Vec<u16>, usize) {
    if plan.params.shells > 0 {
        return (Vec::new(), 0);
    }
    let dims = plan.grid.dims;
    let along = |index: usize, axis: usize| index * BLOCKS.min(dims[axis]) / dims[axis];
    let label = |n: usize| {
        let [i, j, k] = plan.grid.unlinear(n);
        (1 + along(i, 0) + BLOCKS * (along(j, 1) + BLOCKS * along(k, 2))) as u16
    };
    ((0..plan.voxels.len()).map(label).collect(), BLOCKS * BLOCKS * BLOCKS)
}

/// Energies of a tally, MeV per history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Energies {
    /// Emitted.
    pub emitted_mev: f64,
    /// Escaped.
    pub escaped_mev: f64,
    /// Imparted, by origin: electrons and positrons, photons, alphas.
    pub imparted_mev: [f64; 3],
    /// (imparted + escaped + cut - emitted) / emitted.
    pub imbalance: f64,
}

impl From<&Tally> for Energies {
    fn from(t: &Tally) -> Self {
        let per_history = |units: f64| units / t.histories().max(1) as f64;
        let sum = |origin: Origin| {
            let total: u64 = t.of_origin(origin).unwrap_or_default().iter().sum();
            per_history(Ledger::mev(total))
        };
        Energies {
            emitted_mev: per_history(Ledger::mev(t.ledger.emitted_units)),
            escaped_mev: per_history(Ledger::mev(t.ledger.escaped_units)),
            imparted_mev: Origin::ALL.map(sum),
            imbalance: t.ledger.imbalance(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal deviates from Philox-like integer hashing: Irwin-Hall sums of 12.
    fn normal(state: &mut u64) -> f64 {
        let mut uniform = || {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (*state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }

    #[test]
    fn differences_beyond_the_errors_are_found() {
        let mut state = 7;
        let mut cells = |shift: f64, scale: f64| -> Vec<[(f64, f64); 2]> {
            (0..400)
                .map(|_| {
                    let mut value = || 1.0 + 0.05 * scale * normal(&mut state);
                    [(value(), 0.05), (value() + shift, 0.05)]
                })
                .collect()
        };
        let map = |cells: Vec<[(f64, f64); 2]>| ZMap::new(cells.into_iter(), 50).unwrap();
        let good = map(cells(0.0, 1.0));
        assert!(good.agrees(1e-3), "{good:?}");
        assert!((good.variance - 1.0).abs() < 0.3, "{good:?}");
        // Off by half a standard error of the difference, and errors that are 1.3 times as large as said.
        let shifted = map(cells(0.5 * 0.05 * 2_f64.sqrt(), 1.0));
        assert!(!shifted.agrees(1e-6), "{shifted:?}");
        let wide = map(cells(0.0, 1.3));
        assert!(!wide.agrees(1e-4), "{wide:?}");
        // Cells that are not known do not count.
        assert_eq!(ZMap::new([[(1.0, 0.2), (1.0, 0.01)]].into_iter(), 50), None);
    }
}
