//! What the noise of a Monte Carlo map does to a histogram: bias and standard error of V(D) and D_x by a model of first order. Neglected: that the
//! standard errors are estimates themselves but for their dependence on the dose, noise that is not normal (voxels of few hits), and the correlation of neighbouring voxels but for
//! one factor.
//!
//! A voxel of the dose D and the standard error s shows D + s e, e normal: the histogram that is seen is the true one, convolved with the noise
//! (Sempau and Bielajew 2000, Phys Med Biol 45, 131; Kawrakow and Fippel 2000, doi:10.1088/0031-9155/45/8/308): its hot end lies too high, its
//! cold end too low, by about 2 s for D_2 of a uniform region. More noise can be added, less cannot be had; so noise of one, two and three times
//! the variance is added, V_l(D) = sum w Phi((d - D)/(s sqrt(l))), and what it does is carried back to none (simulation and extrapolation: Cook and
//! Stefanski 1994, doi:10.1080/01621459.1994.10476871), without drawing numbers. The law for D_x is a + b sqrt(c + variance): exact for quantiles of
//! normal and of uniform regions, and linear in the variance (the first-order model) where the noise is small beside the spread; V(D) is its inverse.
//!
//! Standard errors are those of the corrected values by the noise alone: how each voxel's noise moves V_l, over the noise, D taken for d; with 15 %
//! of the bias and a twentieth of a voxel's noise for the law, which is what it leaves in simulations. Variances are times a factor f, that of the mean over what independent voxels
//! would give: from the run's batches, which know how voxels go together (a history crosses several), where they tell it, and 1 otherwise; never
//! below 1, as what makes a mean better known (systematic sampling of the places of decay) does not make an end of a histogram so.

use super::dvh::Dvh;
use super::samples::Samples;
use crate::stats::{normal_below, normal_quantile};

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
const MOST_GROUPS: usize = 1000;
/// Variances of noise that are added, in those that are there.
const ADDED: [f64; 3] = [1.0, 2.0, 3.0];
/// The variance that stands for none where a step must be smooth.
const SMOOTH: f64 = 0.2;
/// Values of a voxel's noise that are tried for a standard error.
const NODES: usize = 24;
/// Standard uncertainty of the law, in parts of the bias and of a voxel's noise: what is left in the simulations of `noise_tests.rs`.
const OF_BIAS: f64 = 0.15;
const OF_NOISE: f64 = 0.05;
/// Voxels of one weight below which D_x is that of single voxels, whose noise is not told from what they are.
const FEW_VOXELS: f64 = 30.0;
/// Largest standard deviation of a share, which lies from 0 to 1.
const LARGEST_OF_SHARE: f64 = 0.5;
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
        without_own_noise(&mut groups);
        let naive: f64 = groups.iter().zip(&square).map(|((_, s, w), q)| w * w * q * s * s).sum();
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

    /// Whether there are too few voxels for laws of many.
    fn is_small(&self) -> bool {
        let of_one: f64 = self.groups.iter().zip(&self.square).map(|(g, q)| g.2 * g.2 * q).sum();
        of_one * FEW_VOXELS > 1.0
    }

    /// V(D), share: where D_x without its bias is this value.
    pub fn share_at_least(&self, dvh: &Dvh, value: f64) -> Estimate {
        let seen = dvh.share_at_least(value);
        if self.is_small() {
            let error = self.spread([(SMOOTH, value, 1.0)]).min(LARGEST_OF_SHARE);
            return Estimate { value: seen, bias: Some(0.0), standard_error: Some(error) };
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..20 {
            let share = 0.5 * (low + high);
            let shift = first_step(ADDED.map(|l| self.quantile(share, l)));
            if dvh.value_at_share(share) - shift > value { low = share } else { high = share }
        }
        let without = 0.5 * (low + high);
        // What the noise moves at this value itself, and what is not known of the shift, as a share there: between clusters of voxels D_x may lie
        // anywhere, and V is known.
        let own = self.spread([(SMOOTH, value, 1.0)]);
        let added = ADDED.map(|l| self.quantile(without, l));
        let of_shift = between_ends(added).hypot(OF_NOISE * self.noise_at(value));
        let of_shift = of_shift * self.density(value, SMOOTH);
        let error = own.hypot(of_shift).hypot(OF_BIAS * (seen - without));
        Estimate {
            value: seen,
            bias: Some(seen - without),
            standard_error: Some(error.min(LARGEST_OF_SHARE)).filter(|e| e.is_finite()),
        }
    }

    /// D_x.
    pub fn value_at_share(&self, dvh: &Dvh, share: f64) -> Estimate {
        let seen = dvh.value_at_share(share);
        let own = self.noise_at(seen);
        if self.is_small() {
            // A voxel's value with its own error.
            return Estimate { value: seen, bias: Some(0.0), standard_error: Some(own) };
        }
        let added = ADDED.map(|l| self.quantile(share, l));
        let shift = first_step(added);
        // How the shift follows each of the three.
        let h = 1e-3 * (added[2] - added[0]).abs().max(f64::MIN_POSITIVE);
        let slope = |n: usize| {
            let moved = |by: f64| {
                let mut at = added;
                at[n] += by;
                first_step(at)
            };
            (moved(h) - moved(-h)) / (2.0 * h)
        };
        let quantile = |l: f64, x: f64, c: f64| (l, x, c / self.density(x, l));
        let of_value = quantile(SMOOTH, seen, 1.0);
        let followed = self.spread(
            [of_value].into_iter().chain((0..3).map(|n| quantile(ADDED[n], added[n], -slope(n)))),
        );
        // The shift lies between those of the law's two ends, however little is known of it.
        let bounded = self.spread([of_value]).hypot(between_ends(added));
        // No noise carries a cold end beyond the median, a hot one below it, or a dose below zero.
        let median = dvh.value_at_share(0.5);
        let mut corrected = seen - shift;
        if share > 0.5 {
            corrected = corrected.min(median.max(seen));
        } else if share < 0.5 {
            corrected = corrected.max(median.min(seen));
        }
        if dvh.min() >= 0.0 {
            corrected = corrected.max(0.0);
        }
        let model = (OF_BIAS * shift).hypot(OF_NOISE * own);
        // Of a value that lies among those of the voxels, with their noise.
        let most = 0.5 * (dvh.max() - dvh.min()) + own;
        let error = followed.min(bounded).hypot(model).min(most);
        Estimate {
            value: seen,
            bias: Some(seen - corrected),
            standard_error: Some(error).filter(|e| e.is_finite()),
        }
    }

    /// Lower and upper limit of V at ascending values: the curves of the limits of D_x, `factor` standard errors to both sides.
    pub fn band(&self, dvh: &Dvh, factor: f64, values: &[f64]) -> Vec<(f64, f64)> {
        const STEPS: usize = 40;
        let shares = (0..=STEPS).map(|n| (n as f64 / STEPS as f64).clamp(2e-3, 1.0 - 2e-3));
        let limits: Vec<(f64, [f64; 2])> = shares
            .filter_map(|s| Some((s, self.value_at_share(dvh, s).interval_95(factor)?)))
            .collect();
        let at = |value: f64, side: usize| {
            // Shares rise while the limit falls.
            let n = limits.partition_point(|l| l.1[side] > value);
            match (n.checked_sub(1).map(|i| &limits[i]), limits.get(n)) {
                (None, _) => 0.0,
                (Some(_), None) => 1.0,
                (Some(a), Some(b)) => {
                    let t = (a.1[side] - value) / (a.1[side] - b.1[side]).max(f64::MIN_POSITIVE);
                    a.0 + t.clamp(0.0, 1.0) * (b.0 - a.0)
                }
            }
        };
        values.iter().map(|v| (at(*v, 0), at(*v, 1))).collect()
    }

    /// Standard error of a voxel of about this value.
    fn noise_at(&self, value: f64) -> f64 {
        let n = self.groups.partition_point(|g| g.0 < value).min(self.groups.len() - 1);
        self.groups[n].1
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
            standard_error: Some(outer.abs() * (self.factor.max(1.0) * variance).sqrt()),
        }
    }

    /// A mean of squares-like values whose own derivative by what is noisy is `slope` and second derivative `curvature`: noise of s in the values
    /// is one of s/slope in that, and adds curvature (s/slope)^2/2 to the mean.
    pub fn of_square(&self, mean: &Estimate, curvature: f64, slope: f64) -> Estimate {
        let square: f64 = self.groups.iter().map(|(_, s, w)| w * s * s).sum();
        Estimate { bias: Some(0.5 * curvature * square / (slope * slope)), ..*mean }
    }

    /// V with noise of `more` times the variance added.
    fn above(&self, value: f64, more: f64) -> f64 {
        let one = |(d, s, w): &(f64, f64, f64)| w * step((d - value) / (s * more.sqrt()));
        self.groups.iter().map(one).sum()
    }

    /// Standard error by the noise of a sum of c V_l(x), terms (l, x, c): what a voxel's own noise e moves in it, over e.
    fn spread(&self, terms: impl IntoIterator<Item = (f64, f64, f64)>) -> f64 {
        let terms: Vec<(f64, f64, f64)> = terms.into_iter().collect();
        let nodes: Vec<f64> =
            (0..NODES).map(|k| normal_quantile((k as f64 + 0.5) / NODES as f64)).collect();
        let mut variance = 0.0;
        for ((d, s, w), q) in self.groups.iter().zip(&self.square) {
            let (mut sum, mut squares) = (0.0, 0.0);
            for e in &nodes {
                let at = |(l, x, c): &(f64, f64, f64)| c * step((d + s * e - x) / (s * l.sqrt()));
                let h: f64 = terms.iter().map(at).sum();
                sum += h;
                squares += h * h;
            }
            let n = NODES as f64;
            variance += w * w * q * (squares / n - (sum / n).powi(2)).max(0.0);
        }
        (self.factor.max(1.0) * variance).sqrt()
    }

    /// -dV/dD with noise of `more` times the variance added.
    fn density(&self, value: f64, more: f64) -> f64 {
        let one = |(d, s, w): &(f64, f64, f64)| {
            if *s == 0.0 {
                return 0.0;
            }
            let s = s * more.sqrt();
            let z = (d - value) / s;
            w * (-0.5 * z * z).exp() / (s * std::f64::consts::TAU.sqrt())
        };
        self.groups.iter().map(one).sum()
    }

    fn quantile(&self, share: f64, more: f64) -> f64 {
        let reach = |g: &(f64, f64, f64)| 8.0 * g.1 * more.sqrt();
        let mut low = self.groups.iter().map(|g| g.0 - reach(g)).fold(f64::INFINITY, f64::min);
        let mut high = self.groups.iter().map(|g| g.0 + reach(g)).fold(f64::NEG_INFINITY, f64::max);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.above(middle, more) > share { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// What is scored in a voxel and its standard error come from the same hits: a voxel that is high by noise has too large an error, as variances go with
/// doses. So each variance is scaled from the dose that is seen to the one that is expected behind it, m + (d - m)(1 - mean s^2/variance of d).
fn without_own_noise(groups: &mut [(f64, f64, f64)]) {
    let mean = |f: &dyn Fn(&(f64, f64, f64)) -> f64| groups.iter().map(|g| g.2 * f(g)).sum::<f64>();
    let m = mean(&|g| g.0);
    let (seen, noise) = (mean(&|g| (g.0 - m).powi(2)), mean(&|g| g.1 * g.1));
    if m <= 0.0 || seen <= 0.0 {
        return;
    }
    let kept = (1.0 - noise / seen).max(0.0);
    for (d, s, _) in groups {
        let ratio = (m + (*d - m) * kept) / d.max(1e-3 * m);
        *s *= ratio.clamp(0.25, 4.0).sqrt();
    }
}

/// Phi(z); a voxel without noise (z infinite, or 0/0 at its own value) is a step.
fn step(z: f64) -> f64 {
    if z.is_nan() { 0.5 } else { normal_below(z) }
}

/// The law's end at which it is linear.
const LARGEST: f64 = 1e5;

/// sqrt(c + l).
fn root(c: f64, l: f64) -> f64 {
    (c + l).sqrt()
}

/// The law's step from l = 0 to 1 where that from 2 to 3 is `first`.
fn step_of(first: f64, c: f64) -> f64 {
    first * (root(c, 1.0) - root(c, 0.0)) / (root(c, 3.0) - root(c, 2.0))
}

/// Standard deviation of a shift of which no more is known than that it lies between those of the law's two ends.
fn between_ends(added: [f64; 3]) -> f64 {
    let [narrow, wide] = [LARGEST, 0.0].map(|c| step_of(added[1] - added[0], c));
    (wide - narrow) / 12.0_f64.sqrt()
}

/// What the first variance of noise adds to a quantile, from those with two, three and four times it: a + b sqrt(c + l), c fitted, from l = 0 to 1.
fn first_step([two, three, four]: [f64; 3]) -> f64 {
    let (first, second) = (three - two, four - three);
    let ratio = second / first;
    if !ratio.is_finite() || first == 0.0 {
        return 0.0;
    }
    let of = |c: f64| (root(c, 4.0) - root(c, 3.0)) / (root(c, 3.0) - root(c, 2.0));
    if ratio >= of(LARGEST) || ratio < 0.0 {
        return first;
    }
    let (mut low, mut high) = (0.0, LARGEST);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if of(middle) < ratio { low = middle } else { high = middle }
    }
    step_of(first, if ratio <= of(0.0) { 0.0 } else { 0.5 * (low + high) })
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
