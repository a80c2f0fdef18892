//! What the noise of a Monte Carlo map does to a histogram: bias and standard error of V(D) and D_x. Neglected: that the standard errors are estimates
//! themselves but for their dependence on the dose, noise that is not normal (voxels of few hits) but for a wider error, and the correlation of
//! neighbouring voxels but for one factor.
//!
//! A voxel of the dose D and the standard error s shows D + s e, e normal: the histogram that is seen is the true one, convolved with the noise
//! (Sempau and Bielajew 2000, Phys Med Biol 45, 131; Kawrakow and Fippel 2000, doi:10.1088/0031-9155/45/8/308): its hot end lies too high, its
//! cold end too low, by about 2 s for D_2 of a uniform region. More noise can be added, less cannot be had; so noise of one, two and three times
//! the variance is added (`blurred`), without drawing numbers, and what it does to D_x is carried back to none (`law`). V(D) is the inverse.
//!
//! The standard error of V is that of the difference between what is found and the voxels' own order: the true dose behind a voxel that shows d lies
//! about d as the noise does, and it lies above or below the value that is asked about; what is found counts it by a share K(d), the law's sum of
//! normal steps. Each voxel so adds p (1 - K)^2 + (1 - p) K^2, p the probability that it lies above. That of D_x is the same, each step over the
//! curve's slope where it lies. To both what is not known of the law is added, in parts of the bias and of a voxel's noise: what it leaves in
//! simulations. Variances are times a factor f, that of the mean over what independent voxels would give: from the run's batches, which know how
//! voxels go together (a history crosses several), where they tell it, and 1 otherwise; never below 1, as what makes a mean better known (systematic
//! sampling of the places of decay) does not make an end of a histogram so.

mod blurred;
mod law;

use super::dvh::Dvh;
use super::samples::Samples;
use crate::stats::{NORMAL_97_5, normal_below, normal_quantile};

use blurred::Blurred;
use law::ADDED;

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
/// Standard uncertainty of the law, in parts of the bias and of a voxel's noise: what is left in the simulations of `noise_tests.rs`.
const OF_BIAS: f64 = 0.3;
const OF_NOISE: f64 = 0.1;
/// The same where hits are few, in parts of a voxel's noise times its relative noise r times z^2 - 1, z the normal deviate of the share: hits of
/// exponential energy have a skewness of 1.5 r, which moves a quantile by s skewness (z^2 - 1)/6 (Cornish and Fisher 1938, doi:10.2307/1400905).
const OF_FEW_HITS: f64 = 0.25;
/// Share beside an end beyond which that does not grow.
const LEAST_SHARE: f64 = 2e-3;
/// Voxels for which the variance is as much again: the law's place between its ends is an estimate from them too.
const FOR_THE_LAW: f64 = 70.0;
/// Relative noise above which a voxel's error may be that of one hit.
const MOST_RELATIVE: f64 = 0.5;
/// Halvings to the share that has a value.
const HALVINGS: usize = 20;
/// Voxels of one weight below which D_x is that of single voxels, whose noise is not told from what they are.
const FEW_VOXELS: f64 = 30.0;
/// Largest standard deviation of a share, which lies from 0 to 1.
const LARGEST_OF_SHARE: f64 = 0.5;
/// Share of a region whose standard error may be unknown.
pub const MOST_UNKNOWN: f64 = 0.05;

/// Voxels of nearly one value.
#[derive(Debug, Clone, Copy)]
struct Group {
    value: f64,
    standard_error: f64,
    /// In parts of the whole.
    weight: f64,
    /// Sum of the squared weights of its voxels.
    squares: f64,
}

/// The noise of a region.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Ascending in value.
    groups: Vec<Group>,
    blurred: Blurred,
    /// Variance of the mean.
    mean_variance: f64,
    /// f.
    factor: f64,
}

/// D_x carried back to no noise.
#[derive(Debug, Clone, Copy)]
struct Carried {
    value: f64,
    /// Quantiles with noise added, of which the value is `(1 + g) first - g second`.
    quantiles: [f64; 2],
    g: f64,
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
        let mut groups: Vec<Group> = order
            .chunks(size.max(1))
            .map(|voxels| {
                let sum = |f: &dyn Fn(usize) -> f64| {
                    voxels.iter().map(|n| samples.weights[*n] / total * f(*n)).sum::<f64>()
                };
                let weight = sum(&|_| 1.0);
                Group {
                    value: sum(&|n| samples.values[n]) / weight,
                    standard_error: (sum(&|n| error(n).powi(2)) / weight).sqrt(),
                    weight,
                    squares: sum(&|n| samples.weights[n] / total),
                }
            })
            .collect();
        if groups.iter().all(|g| g.standard_error == 0.0) {
            return None;
        }
        without_own_noise(&mut groups);
        let naive: f64 = groups.iter().map(|g| g.squares * g.standard_error.powi(2)).sum();
        let (values, weights): (Vec<f64>, Vec<f64>) =
            groups.iter().map(|g| (g.value, g.weight)).unzip();
        let blurred = Blurred::new(&Dvh::of(&values, &weights).ok()?, &groups);
        let mean_variance = mean_standard_error
            .filter(|e| e.is_finite() && *e > 0.0)
            .map(|e| e * e)
            .or(samples.mean_variance)?;
        Some(Noise { groups, blurred, mean_variance, factor: mean_variance / naive })
    }

    /// Variance of the mean over that of as many independent samples.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The mean, which noise does not shift.
    pub fn mean(&self, value: f64) -> Estimate {
        Estimate { value, bias: Some(0.0), standard_error: Some(self.mean_variance.sqrt()) }
    }

    /// Voxels of one weight that would know the mean as well.
    fn voxels(&self) -> f64 {
        1.0 / self.groups.iter().map(|g| g.squares).sum::<f64>()
    }

    /// V(D), share: where D_x without its bias is this value.
    pub fn share_at_least(&self, dvh: &Dvh, value: f64) -> Estimate {
        let seen = dvh.share_at_least(value);
        let found = |without: f64, error: f64| Estimate {
            value: seen,
            bias: Some(seen - without),
            standard_error: Some(error.min(LARGEST_OF_SHARE)).filter(|e| e.is_finite()),
        };
        if self.voxels() < FEW_VOXELS {
            return found(seen, self.error_of_share(&Carried::as_seen(value)));
        }
        let share_at = |value: f64| {
            let (mut low, mut high) = (0.0, 1.0);
            for _ in 0..HALVINGS {
                let share = 0.5 * (low + high);
                if self.carried(share).value > value { low = share } else { high = share }
            }
            0.5 * (low + high)
        };
        let without = share_at(value);
        // Between clusters of voxels D_x may lie anywhere, and V is known: so what is not known of D_x is put into V along the curve.
        let of_law = self.error_of_law(without, value, dvh.value_at_share(without) - value);
        // The 95 % limits of D_x tell, on the side where the curve is steep: beside a plateau it is no straight line.
        let reach = NORMAL_97_5 * of_law;
        let [above, below] = [value + reach, value - reach].map(share_at);
        let half = (below - without).max(without - above) / NORMAL_97_5;
        // A voxel more or less, where one may be: the normal laws end before the last.
        let of_one = self.error_of_share(&Carried::as_seen(value)).min(1.0 / self.voxels());
        let own = self.error_of_share(&self.carried(without)).hypot(of_one);
        found(without, own.hypot(half))
    }

    /// D_x.
    pub fn value_at_share(&self, dvh: &Dvh, share: f64) -> Estimate {
        let seen = dvh.value_at_share(share);
        let own = self.noise_at(seen);
        if self.voxels() < FEW_VOXELS {
            // A voxel's value with its own error.
            return Estimate { value: seen, bias: Some(0.0), standard_error: Some(own) };
        }
        let carried = self.carried(share);
        // No noise carries a cold end beyond the median, a hot one below it, or a dose below zero.
        let mut corrected = carried.value;
        if share > 0.5 {
            corrected = corrected.min(self.carried(0.5).value);
        } else if share < 0.5 {
            corrected = corrected.max(self.carried(0.5).value);
        }
        if dvh.min() >= 0.0 {
            corrected = corrected.max(0.0);
        }
        // What the curve falls by per unit of share, over what the share is known to.
        let half = self.error_of_share(&carried).max(0.5 / self.voxels());
        let ends = [(share - half).max(0.0), (share + half).min(1.0)];
        let [high, low] = ends.map(|share| self.carried(share).value);
        let slope = ((high - low) / (ends[1] - ends[0])).max(0.0);
        let law = self.error_of_law(share, seen, seen - corrected);
        // Of a value that lies among those of the voxels, with their noise.
        let most = 0.5 * (dvh.max() - dvh.min()) + own;
        let error = self.error_of_value(&carried, slope).hypot(law).min(most);
        Estimate {
            value: seen,
            bias: Some(seen - corrected),
            standard_error: Some(error).filter(|e| e.is_finite()),
        }
    }

    /// D_x by the law.
    fn carried(&self, share: f64) -> Carried {
        let quantiles = ADDED.map(|more| self.blurred.quantile(share, more));
        let g = law::steps_to_none(quantiles);
        let [first, second, _] = quantiles;
        Carried { value: first - g * (second - first), quantiles: [first, second], g }
    }

    /// Standard error of the share above what was carried back to no noise.
    fn error_of_share(&self, at: &Carried) -> f64 {
        self.error(at, 1.0, [1.0; 2])
    }

    /// Standard error of D_x, `slope` being what the curve without noise falls by there per unit of share.
    fn error_of_value(&self, at: &Carried, slope: f64) -> f64 {
        let slopes = [0, 1].map(|n| 1.0 / self.blurred.above(at.quantiles[n], ADDED[n]).1);
        if slopes.iter().all(|s| s.is_finite()) {
            self.error(at, slope, slopes)
        } else {
            self.error_of_share(at) * slope
        }
    }

    /// Standard deviation of the sum over voxels of what their true doses and their seen ones put in: steps, times the slopes.
    fn error(&self, at: &Carried, slope: f64, slopes: [f64; 2]) -> f64 {
        let (mut squares, mut mean, mut products, mut whole) = (0.0, 0.0, 0.0, 0.0);
        let parts = [(1.0 + at.g) * slopes[0], -at.g * slopes[1]];
        for g in &self.groups {
            let above = |n: usize, more: f64| {
                step((g.value - at.quantiles[n]) / (g.standard_error * more.sqrt()))
            };
            let p = above(0, 1.0);
            let found: f64 = (0..2).map(|n| parts[n] * above(n, ADDED[n])).sum();
            squares += g.squares * (p * (slope - found).powi(2) + (1.0 - p) * found * found);
            let expected = p * slope - found;
            mean += g.weight * expected;
            products += g.squares * expected;
            whole += g.squares;
        }
        // About the mean over all voxels: where steps have unlike slopes it is not nothing.
        let variance = squares - 2.0 * mean * products + mean * mean * whole;
        self.widened() * (self.factor.max(1.0) * variance.max(0.0)).sqrt()
    }

    /// What is not known of the law.
    fn error_of_law(&self, share: f64, value: f64, shift: f64) -> f64 {
        let own = self.noise_at(value);
        let relative = if own < value { own / value } else { 1.0 };
        let z = normal_quantile(share.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE));
        let few = OF_FEW_HITS * (z * z - 1.0) * relative * own;
        self.widened() * (OF_BIAS * shift).hypot(OF_NOISE * own).hypot(few)
    }

    /// By how much few voxels make an error larger.
    fn widened(&self) -> f64 {
        (1.0 + FOR_THE_LAW / self.voxels()).sqrt()
    }

    /// Lower and upper limit of V at ascending values: the curves of the limits of D_x, `factor` standard errors to both sides.
    pub fn band(&self, dvh: &Dvh, factor: f64, values: &[f64]) -> Vec<(f64, f64)> {
        const STEPS: usize = 40;
        let shares = (0..=STEPS).map(|n| (n as f64 / STEPS as f64).clamp(2e-3, 1.0 - 2e-3));
        let mut limits: Vec<(f64, [f64; 2])> = shares
            .filter_map(|s| Some((s, self.value_at_share(dvh, s).interval_95(factor)?)))
            .collect();
        for n in 1..limits.len() {
            for side in 0..2 {
                limits[n].1[side] = limits[n].1[side].min(limits[n - 1].1[side]);
            }
        }
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
        let n = self.groups.partition_point(|g| g.value < value).min(self.groups.len() - 1);
        self.groups[n].standard_error
    }

    /// A sum over the region, F(sum w f(d)): `derivatives` gives f' and f'' at a value, `outer` is F' at the sum. Of second order in the noise.
    pub fn of_sum(
        &self,
        value: f64,
        outer: f64,
        derivatives: impl Fn(f64) -> (f64, f64),
    ) -> Estimate {
        let (mut bias, mut variance) = (0.0, 0.0);
        for g in &self.groups {
            let (first, second) = derivatives(g.value);
            bias += 0.5 * g.weight * second * g.standard_error.powi(2);
            variance += g.squares * (first * g.standard_error).powi(2);
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
        let square: f64 = self.groups.iter().map(|g| g.weight * g.standard_error.powi(2)).sum();
        Estimate { bias: Some(0.5 * curvature * square / (slope * slope)), ..*mean }
    }
}

impl Carried {
    /// A value with the noise that is there.
    fn as_seen(value: f64) -> Self {
        Carried { value, quantiles: [value; 2], g: 0.0 }
    }
}

/// What is scored in a voxel and its standard error come from the same hits: a voxel that is high by noise has too large an error, as variances go with
/// doses. So each variance is scaled from the dose that is seen to the one that is expected behind it, m + (d - m)(1 - mean s^2/variance of d).
/// A voxel of few hits, or of none, has at least the error of half a hit: of exponential energy u, the variance per dose being 2 u.
fn without_own_noise(groups: &mut [Group]) {
    let mean = |f: &dyn Fn(&Group) -> f64| groups.iter().map(|g| g.weight * f(g)).sum::<f64>();
    let m = mean(&|g| g.value);
    let seen = mean(&|g| (g.value - m).powi(2));
    let noise = mean(&|g| g.standard_error.powi(2));
    if m <= 0.0 || seen <= 0.0 {
        return;
    }
    let kept = (1.0 - noise / seen).max(0.0);
    let of_few = 0.5 * (noise / m).powi(2);
    for g in groups {
        let few = g.standard_error >= MOST_RELATIVE * g.value;
        let ratio = (m + (g.value - m) * kept) / g.value.max(1e-3 * m);
        g.standard_error *= ratio.clamp(0.25, 4.0).sqrt();
        if few {
            g.standard_error = g.standard_error.max(of_few.sqrt());
        }
    }
}

/// Phi(z); a voxel without noise (z infinite, or 0/0 at its own value) is a step.
fn step(z: f64) -> f64 {
    if z.is_nan() { 0.5 } else { normal_below(z) }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
