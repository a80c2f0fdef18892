//! What a similarity is made of: values of both images at the points that both show, and in return its size and its slope by each value of the moving
//! image.

use super::Metric;
use super::correlation;
use super::mutual::{Bins, mutual_information};

/// A similarity of two images.
#[derive(Debug, Clone)]
pub enum Similarity {
    /// Normalised correlation.
    Correlation,
    /// Mutual information over these bins.
    Mutual(Bins),
}

/// Points summed by one task; fixed, so that sums do not depend on the number of threads.
pub const CHUNK: usize = 2048;

impl Similarity {
    /// The similarity of a metric, for ranges of values of both images.
    pub fn new(metric: Metric, fixed: (f64, f64), moving: (f64, f64)) -> Self {
        match metric {
            Metric::Correlation => Similarity::Correlation,
            Metric::MutualInformation => Similarity::Mutual(Bins::new(fixed, moving)),
        }
    }

    /// Size of the similarity (correlation, or nats) and, where wanted, its slope by each value of the moving image. Values of the moving image that are
    /// NaN are outside of it: they have the slope 0.
    pub fn of(&self, fixed: &[f64], moving: &[f64], slopes: Option<&mut Vec<f64>>) -> f64 {
        match self {
            Similarity::Correlation => correlation::correlation(fixed, moving, slopes),
            Similarity::Mutual(bins) => mutual_information(bins, fixed, moving, slopes),
        }
    }
}

/// Sums over chunks, in order.
pub fn sum<const N: usize>(parts: Vec<[f64; N]>) -> [f64; N] {
    parts.into_iter().fold([0.0; N], |mut all, part| {
        all.iter_mut().zip(part).for_each(|(a, p)| *a += p);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slopes of both similarities against central differences.
    #[test]
    fn slopes_are_those_of_differences() {
        let n = 5000;
        let fixed: Vec<f64> = (0..n).map(|i| (i as f64 * 0.37).sin() * 100.0).collect();
        let mut moving: Vec<f64> = (0..n)
            .map(|i| (i as f64 * 0.37 + 0.4).sin() * 50.0 + (i as f64 * 1.7).cos() * 9.0)
            .collect();
        moving[7] = f64::NAN;
        for metric in [Metric::Correlation, Metric::MutualInformation] {
            let similarity = Similarity::new(metric, (-100.0, 100.0), (-60.0, 60.0));
            let mut slopes = Vec::new();
            let value = similarity.of(&fixed, &moving, Some(&mut slopes));
            assert!(value > 0.3, "{metric:?} {value}");
            assert_eq!((slopes.len(), slopes[7]), (n, 0.0));
            for at in [0, 11, 500, 4999] {
                let h = 1e-3;
                let moved = |sign: f64| {
                    let mut m = moving.clone();
                    m[at] += sign * h;
                    similarity.of(&fixed, &m, None)
                };
                let found = (moved(1.0) - moved(-1.0)) / (2.0 * h);
                let scale = slopes.iter().map(|s| s.abs()).fold(0.0, f64::max);
                assert!(
                    (found - slopes[at]).abs() < 1e-4 * scale,
                    "{metric:?} {at}: {found} {}",
                    slopes[at]
                );
            }
        }
    }

    /// Mutual information does not know the sign or scale of values; a straight relation has the correlation 1, none has next to none.
    #[test]
    fn sizes_of_known_relations() {
        let n = 40_000;
        let fixed: Vec<f64> = (0..n).map(|i| (0.618_034 * i as f64).fract()).collect();
        let unrelated: Vec<f64> = (0..n).map(|i| (0.754_877 * i as f64 + 0.1).fract()).collect();
        let line: Vec<f64> = fixed.iter().map(|f| 3.0 - 2.0 * f).collect();
        let correlation = Similarity::new(Metric::Correlation, (0.0, 1.0), (0.0, 1.0));
        assert!((correlation.of(&fixed, &line, None) + 1.0).abs() < 1e-12);
        assert!(correlation.of(&fixed, &unrelated, None).abs() < 0.01);
        let mi = Similarity::new(Metric::MutualInformation, (0.0, 1.0), (1.0, 3.0));
        // 28 bins of equal weight, told apart but for the spread of the Parzen window: ln 28 = 3.3 less what it costs.
        let known = mi.of(&fixed, &line, None);
        assert!(known > 2.0 && known < 28f64.ln(), "{known}");
        let none = Similarity::new(Metric::MutualInformation, (0.0, 1.0), (0.0, 1.0))
            .of(&fixed, &unrelated, None);
        assert!((0.0..0.02).contains(&none), "{none}");
    }
}
