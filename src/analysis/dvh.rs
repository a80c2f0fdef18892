//! Dose-volume histograms from sorted voxels, each with its share: no bins. Neglects what [`super::samples`] neglects of the inside of voxels.
//!
//! Voxels of one value are one step; the curve goes through the middle of each step and is straight between them, so that V(D) is continuous and
//! D_x its inverse: planes across a gradient have all values between theirs. Where a step has a narrower neighbour it is drawn towards that one by half
//! of the narrower only, and by half of the smaller voxel where the gap is wide; the rest stands upright: a plateau, or the zeros beside a dose, are
//! voxels of that value. Below the least and above the largest value the curve ends (ICRU Report 83, section 3.6, names D_98 %, D_50 %, D_2 % and D_V).

use super::samples::Samples;
use crate::error::{Error, Result};

/// A cumulative dose-volume (or dose-mass) histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Dvh {
    /// Values, ascending; one that stands upright is there twice, for both ends.
    values: Vec<f64>,
    /// Share of the weight above each, descending.
    above: Vec<f64>,
    /// Whole weight on the map, mL or g.
    total: f64,
    mean: f64,
}

/// A gap between two values that is wider, in parts of the range of all, has no values within.
const WIDE_GAP: f64 = 1.0 / 3.0;
/// Width of exported bins at most, in parts of the largest value.
pub const WIDEST_BIN: f64 = 1e-3;

impl Dvh {
    /// Of samples.
    ///
    /// # Errors
    /// If there is no weight, or a value is not finite.
    pub fn new(samples: &Samples) -> Result<Self> {
        Self::of(&samples.values, &samples.weights)
    }

    /// Of values with their weights.
    pub(super) fn of(values: &[f64], weights: &[f64]) -> Result<Self> {
        let total: f64 = weights.iter().sum();
        if !(total > 0.0 && values.iter().all(|v| v.is_finite())) {
            return Err(Error::input(
                "a histogram of nothing, or of values that are not finite",
                "it needs finite values with a volume",
                "Check the map and the VOI.",
            ));
        }
        let mut order: Vec<usize> = (0..values.len()).filter(|n| weights[*n] > 0.0).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        // Value, weight and mean weight of a voxel of each step.
        let steps: Vec<(f64, f64, f64)> = order
            .chunk_by(|a, b| values[*a] == values[*b])
            .map(|alike| {
                let whole: f64 = alike.iter().map(|n| weights[*n]).sum();
                (values[alike[0]], whole, whole / alike.len() as f64)
            })
            .collect();
        let range = steps[steps.len() - 1].0 - steps[0].0;
        // The weight of a step that is drawn towards a neighbour.
        let drawn = |own: &(f64, f64, f64), other: Option<&(f64, f64, f64)>| {
            let shared = other.map_or(own.2, |other| match (own.0 - other.0).abs() {
                gap if gap <= WIDE_GAP * range => own.1.min(other.1),
                _ => own.2.min(other.2),
            });
            0.5 * shared
        };
        let mean = values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
        let (mut values, mut above) = (Vec::new(), Vec::new());
        let mut below = 0.0;
        for (n, step) in steps.iter().enumerate() {
            let low = below + drawn(step, n.checked_sub(1).map(|n| &steps[n]));
            below += step.1;
            let high = below - drawn(step, steps.get(n + 1));
            // One that has both neighbours' width has one place.
            let ends =
                if high - low > 1e-9 * step.1 { vec![low, high] } else { vec![0.5 * (low + high)] };
            values.extend(ends.iter().map(|_| step.0));
            above.extend(ends.into_iter().map(|end| 1.0 - end / total));
        }
        Ok(Dvh { values, above, total, mean })
    }

    /// The curve's straight pieces, ascending: lower and upper value, share of the weight; both values are one where it stands upright.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let last = self.values.len() - 1;
        let end = |n: usize, share: f64| (self.values[n], self.values[n], share);
        let between = (0..last)
            .map(|n| (self.values[n], self.values[n + 1], self.above[n] - self.above[n + 1]));
        std::iter::once(end(0, 1.0 - self.above[0]))
            .chain(between)
            .chain(std::iter::once(end(last, self.above[last])))
            .filter(|piece| piece.2 > 0.0)
    }

    /// Whole weight, mL or g.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Weighted mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Least value.
    pub fn min(&self) -> f64 {
        self.values[0]
    }

    /// Largest value.
    pub fn max(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// V(D): share (0 to 1) with at least this value.
    pub fn share_at_least(&self, value: f64) -> f64 {
        let last = self.values.len() - 1;
        if value <= self.values[0] {
            return 1.0;
        }
        if value > self.values[last] {
            return 0.0;
        }
        let i = self.values.partition_point(|v| *v < value).clamp(1, last);
        let t = (value - self.values[i - 1]) / (self.values[i] - self.values[i - 1]);
        self.above[i - 1] + t * (self.above[i] - self.above[i - 1])
    }

    /// D_x: the value that the hottest `share` (0 to 1) has at least.
    pub fn value_at_share(&self, share: f64) -> f64 {
        let last = self.values.len() - 1;
        if share >= self.above[0] {
            return self.values[0];
        }
        if share <= self.above[last] {
            return self.values[last];
        }
        let i = self.above.partition_point(|a| *a > share).clamp(1, last);
        let t = (self.above[i - 1] - share) / (self.above[i - 1] - self.above[i]);
        self.values[i - 1] + t * (self.values[i] - self.values[i - 1])
    }

    /// D_V: the value that the hottest `amount` (mL or g) has at least; none where the region is smaller.
    pub fn value_at_amount(&self, amount: f64) -> Option<f64> {
        (amount <= self.total).then(|| self.value_at_share(amount / self.total))
    }

    /// Edges of bins for export: from 0 in equal steps of at most [`WIDEST_BIN`] of the largest value, to beyond it.
    pub fn edges(&self) -> Vec<f64> {
        let top = self.max().max(f64::MIN_POSITIVE);
        let n = (1.0 / WIDEST_BIN).ceil() as usize;
        let low = self.min().min(0.0);
        (0..=n + 1).map(|i| low + (top - low) * i as f64 / n as f64).collect()
    }

    /// V(D) at each edge.
    pub fn cumulative(&self, edges: &[f64]) -> Vec<f64> {
        edges.iter().map(|e| self.share_at_least(*e)).collect()
    }

    /// Share of each bin between edges.
    pub fn differential(&self, edges: &[f64]) -> Vec<f64> {
        self.cumulative(edges).windows(2).map(|w| w[0] - w[1]).collect()
    }
}

#[cfg(test)]
pub(super) fn samples_of(pairs: &[(f64, f64)]) -> Samples {
    Samples {
        values: pairs.iter().map(|p| p.0).collect(),
        weights: pairs.iter().map(|p| p.1).collect(),
        standard_errors: Vec::new(),
        volume_ml: pairs.iter().map(|p| p.1).sum(),
        mass_g: None,
        outside: 0.0,
        not_a_number: 0.0,
        mean_by_mass: None,
        left_out: 0.0,
        unknown_error: 0.0,
        mean_variance: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: steps of 1, 2 (two voxels of one value) and 1 of four, with wide gaps: each voxel is drawn by half of itself.
    #[test]
    fn the_curve_goes_through_the_middles_of_steps() {
        let dvh =
            Dvh::new(&samples_of(&[(30.0, 1.0), (20.0, 1.5), (10.0, 1.0), (20.0, 0.5)])).unwrap();
        assert_eq!((dvh.total(), dvh.mean(), dvh.min(), dvh.max()), (4.0, 20.0, 10.0, 30.0));
        for (dose, share) in [(5.0, 1.0), (15.0, 0.75), (20.0, 0.625), (25.0, 0.25), (31.0, 0.0)] {
            assert!((dvh.share_at_least(dose) - share).abs() < 1e-12, "{dose}");
        }
        for (share, dose) in
            [(1.0, 10.0), (0.875, 10.0), (0.75, 15.0), (0.5, 20.0), (0.25, 25.0), (0.02, 30.0)]
        {
            assert!((dvh.value_at_share(share) - dose).abs() < 1e-12, "{share}");
        }
        assert_eq!(dvh.value_at_amount(2.0), Some(20.0));
        assert_eq!(dvh.value_at_amount(4.1), None);
    }

    /// Plateaus, and zeros beside a dose: counted by hand, good to one voxel.
    #[test]
    fn voxels_of_one_value_are_not_drawn_towards_the_next() {
        let of = |groups: &[(usize, f64)]| {
            let pairs: Vec<(f64, f64)> =
                groups.iter().flat_map(|(n, v)| vec![(*v, 1.0); *n]).collect();
            Dvh::new(&samples_of(&pairs)).unwrap()
        };
        let hot = of(&[(7999, 10.0), (1, 60.0)]);
        assert_eq!([0.02, 0.1, 0.98].map(|s| hot.value_at_share(s)), [10.0; 3]);
        assert!((hot.share_at_least(30.0) - 1.0 / 8000.0).abs() < 0.5 / 8000.0);
        let halves = of(&[(500, 10.0), (500, 20.0)]);
        for dose in [10.5, 12.0, 19.0, 20.0] {
            assert!((halves.share_at_least(dose) - 0.5).abs() < 0.51 / 1000.0, "{dose}");
        }
        assert_eq!(
            [0.02, 0.49, 0.51, 0.98].map(|s| halves.value_at_share(s)),
            [20.0, 20.0, 10.0, 10.0]
        );
        let zeros = of(&[(600, 0.0), (200, 20.0), (200, 30.0)]);
        assert_eq!(zeros.value_at_share(0.5), 0.0);
        assert!((zeros.share_at_least(5.0) - 0.4).abs() <= 0.5 / 1000.0);
        // A sliver of a voxel beside does not draw a large one to it.
        let pairs = [(13.0, 0.001), (80.0, 1.0), (80.5, 1.0), (81.0, 1.0)];
        let sliver = Dvh::new(&samples_of(&pairs)).unwrap();
        assert!([0.98, 0.95].iter().all(|s| sliver.value_at_share(*s) >= 80.0));
        // A voxel without volume in the VOI is none of it.
        let with_none = Dvh::new(&samples_of(&[(7.0, 1.0), (50.0, 0.0)])).unwrap();
        assert_eq!((with_none.max(), with_none.value_at_share(0.0)), (7.0, 7.0));
    }

    #[test]
    fn one_value_is_a_step() {
        let dvh = Dvh::new(&samples_of(&[(7.0, 0.1), (7.0, 0.2)])).unwrap();
        for share in [0.0, 0.02, 0.5, 0.98, 1.0] {
            assert_eq!(dvh.value_at_share(share), 7.0);
        }
        assert_eq!((dvh.share_at_least(7.0), dvh.share_at_least(7.01)), (1.0, 0.0));
    }

    #[test]
    fn bins_are_fine_and_add_up() {
        let pairs: Vec<(f64, f64)> =
            (0..500).map(|i| (f64::from(i * 37 % 500) / 7.0, 1.0)).collect();
        let dvh = Dvh::new(&samples_of(&pairs)).unwrap();
        let edges = dvh.edges();
        assert!(edges.windows(2).all(|w| w[1] - w[0] <= 1.0001 * WIDEST_BIN * dvh.max()));
        assert!((dvh.differential(&edges).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let middle = |w: &[f64]| 0.5 * (w[0] + w[1]);
        let bins = dvh.differential(&edges);
        let mean: f64 = edges.windows(2).zip(&bins).map(|(w, b)| middle(w) * b).sum();
        assert!((mean / dvh.mean() - 1.0).abs() < 2e-3);
        assert!(
            Dvh::new(&samples_of(&[(f64::NAN, 1.0)])).is_err()
                && Dvh::new(&samples_of(&[])).is_err()
        );
    }
}
