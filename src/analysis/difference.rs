//! How far a map is from a reference, in numbers that reviewers ask for, each beside what the noise of both maps alone would give. Neglects that
//! neighbouring voxels of one run are correlated.
//!
//! With D_i the reference, C_i the candidate, d_i = C_i - D_i and s_i the joint standard error: relative differences d_i/D_i, their mean (bias),
//! standard deviation and mean size (MARE, also MAPE), the shares within 1, 2 and 5 %, and z_i = d_i/s_i. Pure noise of relative size s gives a
//! MARE of sqrt(2/pi) s = 0.80 s: what noise alone would give is the same numbers of the reference plus a normal deviate of size s_i in each voxel.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

/// Limits of the relative difference whose shares are told.
pub const WITHIN: [f64; 3] = [0.01, 0.02, 0.05];
/// Seed of the noise.
const SEED: u64 = 20_001;

/// Two maps on one grid.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Reference.
    pub reference: Vec<f64>,
    /// Candidate.
    pub candidate: Vec<f64>,
    /// Joint standard error of the difference; 0 where neither has one.
    pub error: Vec<f64>,
}

/// Numbers of a set of voxels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Voxels.
    pub voxels: usize,
    /// Mean relative difference.
    pub bias: f64,
    /// Standard error of it by the voxels' errors, as if independent.
    pub bias_standard_error: f64,
    /// Standard deviation of the relative differences.
    pub spread: f64,
    /// Mean size of the relative difference (MARE, MAPE).
    pub mare: f64,
    /// The same by noise alone.
    pub mare_of_noise: f64,
    /// Shares of the voxels within 1, 2 and 5 %.
    pub within: [f64; 3],
    /// The same by noise alone.
    pub within_of_noise: [f64; 3],
    /// Mean of z; null where no error is known.
    pub z_mean: Option<f64>,
    /// Standard deviation of z: 1 where there is no difference.
    pub z_spread: Option<f64>,
    /// Relative difference of the sums.
    pub sum: f64,
}

impl Pair {
    /// The reference with the noise of both, in place of the candidate.
    pub fn noise(&self) -> Vec<f64> {
        with_noise(&self.reference, &self.error, SEED)
    }

    /// Of the voxels chosen; none where there are none with a reference above zero. `noise` is [`Self::noise`].
    pub fn of(&self, chosen: &[usize], noise: &[f64]) -> Option<Difference> {
        let chosen: Vec<usize> =
            chosen.iter().copied().filter(|v| self.reference[*v] > 0.0).collect();
        if chosen.is_empty() {
            return None;
        }
        let n = chosen.len() as f64;
        let relative = |of: &[f64]| -> Vec<f64> {
            chosen.iter().map(|&v| of[v] / self.reference[v] - 1.0).collect()
        };
        let (own, noise) = (relative(&self.candidate), relative(noise));
        let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
        let size = |x: &[f64]| x.iter().map(|x| x.abs()).sum::<f64>() / n;
        let spread = |x: &[f64]| {
            let m = mean(x);
            (x.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
        };
        let within =
            |x: &[f64]| WITHIN.map(|w| x.iter().filter(|x| x.abs() <= w).count() as f64 / n);
        let z: Vec<f64> = chosen
            .iter()
            .filter(|v| self.error[**v] > 0.0)
            .map(|&v| (self.candidate[v] - self.reference[v]) / self.error[v])
            .collect();
        let z_mean = z.iter().sum::<f64>() / z.len().max(1) as f64;
        let z_spread = (z.iter().map(|z| (z - z_mean) * (z - z_mean)).sum::<f64>()
            / (z.len() as f64 - 1.0).max(1.0))
        .sqrt();
        let variance: f64 =
            chosen.iter().map(|&v| (self.error[v] / self.reference[v]).powi(2)).sum();
        let sum = |of: &[f64]| chosen.iter().map(|v| of[*v]).sum::<f64>();
        Some(Difference {
            voxels: chosen.len(),
            bias: mean(&own),
            bias_standard_error: variance.sqrt() / n,
            spread: spread(&own),
            mare: size(&own),
            mare_of_noise: size(&noise),
            within: within(&own),
            within_of_noise: within(&noise),
            z_mean: (!z.is_empty()).then_some(z_mean),
            z_spread: (!z.is_empty()).then_some(z_spread),
            sum: sum(&self.candidate) / sum(&self.reference) - 1.0,
        })
    }
}

/// A map plus a normal deviate of its error in each voxel.
pub fn with_noise(map: &[f64], error: &[f64], seed: u64) -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut draw = || -> f64 { StandardNormal.sample(&mut random) };
    map.iter().zip(error).map(|(d, s)| d + s * draw()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(shift: f64, n: usize) -> Pair {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draw = || -> f64 { StandardNormal.sample(&mut random) };
        let reference: Vec<f64> = (0..n).map(|_| 10.0 + 0.3 * draw()).collect();
        let candidate = (0..n).map(|_| 10.0 * (1.0 + shift) + 0.4 * draw()).collect();
        Pair { reference, candidate, error: vec![0.5; n] }
    }

    /// Two noisy maps of one truth: every number is that of noise.
    #[test]
    fn noise_alone_is_told_as_such() {
        let n = 20_000;
        let pair = pair(0.0, n);
        let noise = pair.noise();
        let found = pair.of(&(0..n).collect::<Vec<_>>(), &noise).expect("voxels");
        // z: mean 0 +- 1/sqrt(n), spread 1 +- 1/sqrt(2 n); five of each.
        assert!(found.z_mean.expect("errors").abs() < 5.0 / (n as f64).sqrt());
        assert!((found.z_spread.expect("errors") - 1.0).abs() < 5.0 / (2.0 * n as f64).sqrt());
        assert!((found.mare / found.mare_of_noise - 1.0).abs() < 0.03, "{found:?}");
        assert!((found.mare - 0.8 * 0.05).abs() < 0.002, "{found:?}");
        for k in 0..3 {
            assert!((found.within[k] - found.within_of_noise[k]).abs() < 0.02, "{found:?}");
        }
    }

    #[test]
    fn a_shift_is_the_bias() {
        let n = 20_000;
        let pair = pair(0.03, n);
        let found = pair.of(&(0..n).collect::<Vec<_>>(), &pair.noise()).expect("voxels");
        assert!((found.sum - 0.03).abs() < 5.0 * found.bias_standard_error, "{found:?}");
        assert!(found.mare > found.mare_of_noise);
        assert!(pair.of(&[], &[]).is_none());
    }
}
