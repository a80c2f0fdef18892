//! Sums of two doses over batches, and what they tell.

/// Sums over batches of two values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    /// The first batch's values: sums are of what differs from them, so that nothing is lost to rounding.
    first: Option<[f64; 2]>,
    sums: [f64; 2],
    /// a a, b b and a b.
    products: [f64; 3],
}

/// Means and standard errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// Means of both.
    pub mean: [f64; 2],
    /// Their standard errors.
    pub error: [f64; 2],
    /// Standard error of the difference of the means.
    pub difference_error: f64,
    /// Correlation between both, batch by batch; NaN where one does not vary.
    pub correlation: f64,
}

impl Moments {
    /// Takes a batch.
    pub fn add(&mut self, a: f64, b: f64) {
        let first = *self.first.get_or_insert([a, b]);
        let (a, b) = (a - first[0], b - first[1]);
        self.sums = [self.sums[0] + a, self.sums[1] + b];
        self.products =
            [self.products[0] + a * a, self.products[1] + b * b, self.products[2] + a * b];
    }

    /// What `n` batches tell.
    pub fn told(&self, n: f64) -> Told {
        let first = self.first.unwrap_or_default();
        let [a, b] = self.sums.map(|s| s / n);
        let per = n * (n - 1.0);
        let variance = |p: f64, x: f64, y: f64| (p - n * x * y) / per;
        let aa = variance(self.products[0], a, a).max(0.0);
        let bb = variance(self.products[1], b, b).max(0.0);
        let ab = variance(self.products[2], a, b);
        Told {
            mean: [first[0] + a, first[1] + b],
            error: [aa.sqrt(), bb.sqrt()],
            difference_error: (aa + bb - 2.0 * ab).max(0.0).sqrt(),
            correlation: ab / (aa * bb).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: differences 1, 0, 2 have the mean 1 and the variance 1; three of them the standard error sqrt(1/3).
    #[test]
    fn the_difference_has_the_error_of_the_batches_differences() {
        let mut sum = Moments::default();
        for (a, b) in [(5.0, 6.0), (9.0, 9.0), (1.0, 3.0)] {
            sum.add(a, b);
        }
        let told = sum.told(3.0);
        assert_eq!(told.mean, [5.0, 6.0]);
        assert!((told.error[0] - (16.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((told.error[1] - 3.0_f64.sqrt()).abs() < 1e-12);
        assert!((told.difference_error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        // cov = (0 + 4 * 3 + 4 * 3) / 2 = 12 of sqrt(16 * 9).
        assert!((told.correlation - 1.0).abs() < 1e-12);
    }
}
