//! Random numbers of one sample, whatever thread draws it: xoshiro256++ (Blackman & Vigna 2021, doi:10.1145/3460772), seeded per sample by
//! SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195).

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::rand_core::RngCore;
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// A stream of random numbers.
pub(super) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// Of a sample of a run.
    pub(super) fn new(seed: u64, sample: u64) -> Self {
        let mixed = SplitMix64::from_seed(seed.to_le_bytes()).next_u64() ^ sample;
        Stream(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over streams of neighbouring samples: mean, variance, fourth moment, and the parts beyond 1.96 (standard errors in brackets).
    #[test]
    fn samples_are_normal_and_independent() {
        let n = 200_000;
        let (mut sums, mut beyond, mut product) = ([0.0; 4], 0, 0.0);
        for i in 0..n {
            let mut stream = Stream::new(5, i);
            let (x, y) = (stream.normal(), stream.normal());
            sums = [sums[0] + x, sums[1] + x * x, sums[2] + x.powi(3), sums[3] + x.powi(4)];
            beyond += u32::from(x.abs() > 1.959_964);
            product += x * y;
        }
        let n = n as f64;
        assert!((sums[0] / n).abs() < 4.0 / n.sqrt());
        assert!((sums[1] / n - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
        assert!((sums[2] / n).abs() < 4.0 * (15.0 / n).sqrt());
        assert!((sums[3] / n - 3.0).abs() < 4.0 * (96.0 / n).sqrt());
        assert!((f64::from(beyond) / n - 0.05).abs() < 4.0 * (0.0475 / n).sqrt());
        assert!((product / n).abs() < 4.0 / n.sqrt());
    }
}
