//! What the noise of a Monte Carlo map does to a histogram: bias and standard error of V(D) and D_x by a model of first order. Neglected: that the
//! standard errors are estimates themselves, noise that is not normal (voxels of few hits), and the correlation of neighbouring voxels but for
//! one factor.
//!
//! A voxel of the dose D and the standard error s shows D + s e, e normal: the histogram that is seen is the true one, convolved with the noise
//! (Sempau and Bielajew 2000, Phys Med Biol 45, 131; Kawrakow and Fippel 2000, doi:10.1088/0031-9155/45/8/308): its hot end lies too high, its
//! cold end too low, by about 2 s for D_2 of a uniform region. More noise can be added, less cannot be had; so noise of once and twice the variance
//! is added, V_l(D) = sum w Phi((d - D)/(s sqrt(l))), and what it does is carried back to none (simulation and extrapolation: Cook and Stefanski
//! 1994, doi:10.1080/01621459.1994.10476871), without drawing numbers. The law of extrapolation is a + b sqrt(c + l): exact for
//! quantiles of normal and of uniform regions, and linear in the variance (the first-order model) where the noise is small beside the spread.
//!
//! Standard errors are those of the noise alone: var V = f sum w^2 P (1 - P), P = Phi((d - D)/s), and s(D_x) = s(V)/p(D), p the density of V. The
//! factor f is the variance of the mean over what independent voxels would give: from the run's batches, which know how voxels go together
//! (a history crosses several), where they tell it, and 1 otherwise.

use super::dvh::Dvh;
use super::samples::Samples;
use crate::stats::normal_below;

/// A value with what noise does to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// As it is read from the map.
    pub value: f64,
    /// What the noise adds to it in the mean, by the model; none where it is not known.
    pub bias: Option<f64>,
    /// Standard error by the noise; none where it is not known.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// A value of which nothing more is known.
    pub fn bare(value: f64) -> Self {
        Estimate { value, bias: None, standard_error: None }
    }

    /// Without its bias, as far as that is known.
    pub fn corrected(&self) -> f64 {
        self.value - self.bias.unwrap_or(0.0)
    }

    /// 95 % interval by the noise, around the corrected value; `factor` is its half-width in standard errors.
    pub fn interval_95(&self, factor: f64) -> Option<[f64; 2]> {
        let half = factor * self.standard_error.filter(|_| self.bias.is_some())?;
        Some([self.corrected() - half, self.corrected() + half])
    }
}

/// Groups of samples at most: neighbours in value are taken together above it.
const MOST_GROUPS: usize = 2000;
/// Share of a region whose standard error may be unknown.
pub const MOST_UNKNOWN: f64 = 0.05;

/// The noise of a region.
#[derive(Debug, Clone)]
pub struct Noise {
    /// (value, standard error, weight of 1 in all), ascending.
    groups: Vec<(f64, f64, f64)>,
    /// Sum of squared weights of the samples of a group, over the square of the group's.
    square: Vec<f64>,
    /// Variance of the mean.
    mean_variance: f64,
    /// f.
    factor: f64,
}

impl Noise {
    /// Of samples; none where they have no standard errors, or too much of them is not known. `mean_standard_error` is that of the weighted mean
    /// from independent batches.
    pub fn new(samples: &Samples, mean_standard_error: Option<f64>) -> Option<Self> {
        if samples.standard_errors.is_empty() || samples.unknown_error > MOST_UNKNOWN {
            return None;
        }
        let total: f64 = samples.weights.iter().sum();
        // What too few histories have reached has an error as large as itself.
        let error = |n: usize| match samples.standard_errors[n] {
            e if e.is_finite() => e,
            _ => samples.values[n].abs(),
        };
        let mut order: Vec<usize> = (0..samples.values.len()).collect();
        order.sort_by(|a, b| samples.values[*a].total_cmp(&samples.values[*b]));
        let size = order.len().div_ceil(MOST_GROUPS);
        let (mut groups, mut square) = (Vec::new(), Vec::new());
        for group in order.chunks(size.max(1)) {
            let sum = |f: &dyn Fn(usize) -> f64| {
                group.iter().map(|n| samples.weights[*n] / total * f(*n)).sum::<f64>()
            };
            let w = sum(&|_| 1.0);
            let s = (sum(&|n| error(n).powi(2)) / w).sqrt();
            groups.push((sum(&|n| samples.values[n]) / w, s, w));
            square.push(sum(&|n| samples.weights[n] / total) / (w * w));
        }
        if groups.iter().all(|g| g.1 == 0.0) {
            return None;
        }
        let naive: f64 =
            groups.iter().zip(&square).map(|((_, s, w), q)| w * w * q * s * s).sum();
        let mean_variance = mean_standard_error
            .filter(|e| e.is_finite() && *e > 0.0)
            .map(|e| e * e)
            .or(samples.mean_variance)?;
        Some(Noise { groups, square, mean_variance, factor: mean_variance / naive })
    }

    /// Variance of the mean over that of as many independent samples.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The mean, which noise does not shift.
    pub fn mean(&self, value: f64) -> Estimate {
        Estimate { value, bias: Some(0.0), standard_error: Some(self.mean_variance.sqrt()) }
    }

    /// V(D), share.
    pub fn share_at_least(&self, dvh: &Dvh, value: f64) -> Estimate {
        let seen = dvh.share_at_least(value);
        let [once, twice] = [1.0, 2.0].map(|l| self.above(value, l));
        // Of second order in the variance added: 3 M(0) - 3 M(1) + M(2).
        let without = (3.0 * seen - 3.0 * once + twice).clamp(0.0, 1.0);
        Estimate {
            value: seen,
            bias: Some(seen - without),
            standard_error: Some(self.share_variance(value).sqrt()),
        }
    }

    /// D_x.
    pub fn value_at_share(&self, dvh: &Dvh, share: f64) -> Estimate {
        let seen = dvh.value_at_share(share);
        let [once, twice] = [1.0, 2.0].map(|l| self.quantile(share, l));
        let density = self.density(seen);
        Estimate {
            value: seen,
            bias: Some(seen - without_noise(seen, once, twice)),
            standard_error: Some(self.share_variance(seen).sqrt() / density)
                .filter(|e| e.is_finite()),
        }
    }

    /// A sum over the region, F(sum w f(d)): `derivatives` gives f' and f'' at a value, `outer` is F' at the sum. Of second order in the noise.
    pub fn of_sum(
        &self,
        value: f64,
        outer: f64,
        derivatives: impl Fn(f64) -> (f64, f64),
    ) -> Estimate {
        let (mut bias, mut variance) = (0.0, 0.0);
        for ((d, s, w), q) in self.groups.iter().zip(&self.square) {
            let (first, second) = derivatives(*d);
            bias += 0.5 * w * second * s * s;
            variance += w * w * q * (first * s).powi(2);
        }
        Estimate {
            value,
            bias: Some(outer * bias),
            standard_error: Some(outer.abs() * (self.factor * variance).sqrt()),
        }
    }

    /// V with noise of `more` times the variance added.
    fn above(&self, value: f64, more: f64) -> f64 {
        let one = |(d, s, w): &(f64, f64, f64)| w * step((d - value) / (s * more.sqrt()));
        self.groups.iter().map(one).sum()
    }

    fn share_variance(&self, value: f64) -> f64 {
        let one = |((d, s, w), q): (&(f64, f64, f64), &f64)| {
            let p = step((d - value) / s);
            w * w * q * p * (1.0 - p)
        };
        self.factor * self.groups.iter().zip(&self.square).map(one).sum::<f64>()
    }

    fn density(&self, value: f64) -> f64 {
        let one = |(d, s, w): &(f64, f64, f64)| {
            if *s == 0.0 {
                return 0.0;
            }
            let z = (d - value) / s;
            w * (-0.5 * z * z).exp() / (s * std::f64::consts::TAU.sqrt())
        };
        self.groups.iter().map(one).sum()
    }

    fn quantile(&self, share: f64, more: f64) -> f64 {
        let reach = |g: &(f64, f64, f64)| 8.0 * g.1 * more.sqrt();
        let mut low = self.groups.iter().map(|g| g.0 - reach(g)).fold(f64::INFINITY, f64::min);
        let mut high = self.groups.iter().map(|g| g.0 + reach(g)).fold(f64::NEG_INFINITY, f64::max);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.above(middle, more) > share { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// Phi(z); a voxel without noise (z infinite, or 0/0 at its own value) is a step.
fn step(z: f64) -> f64 {
    if z.is_nan() { 0.5 } else { normal_below(z) }
}

/// A quantile without noise from those with noise of one, two and three times the variance: a + b sqrt(c + l), c fitted, at l = 0.
fn without_noise(one: f64, two: f64, three: f64) -> f64 {
    let (first, second) = (two - one, three - two);
    let ratio = second / first;
    if !ratio.is_finite() || first == 0.0 {
        return one;
    }
    let root = |c: f64, l: f64| (c + l).sqrt();
    let of = |c: f64| (root(c, 3.0) - root(c, 2.0)) / (root(c, 2.0) - root(c, 1.0));
    const LARGEST: f64 = 1e6;
    if ratio >= of(LARGEST) || ratio < 0.0 {
        return one - first;
    }
    let (mut low, mut high) = (0.0, LARGEST);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if of(middle) < ratio { low = middle } else { high = middle }
    }
    let c = if ratio <= of(0.0) { 0.0 } else { 0.5 * (low + high) };
    let b = first / (root(c, 2.0) - root(c, 1.0));
    one - b * (root(c, 1.0) - root(c, 0.0))
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
