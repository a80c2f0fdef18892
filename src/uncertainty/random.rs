//! Random numbers of one sample, whatever thread draws it: xoshiro256++ (Blackman & Vigna 2021, doi:10.1145/3460772), seeded per sample by
//! SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195).

/// A stream of random numbers.
pub(super) struct Stream {
    state: [u64; 4],
    spare: Option<f64>,
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Stream {
    /// Of a sample of a run.
    pub(super) fn new(seed: u64, sample: u64) -> Self {
        let mut first = seed;
        let mut mixed = split_mix(&mut first) ^ sample;
        let state = [0; 4].map(|_: u64| split_mix(&mut mixed));
        Stream { state, spare: None }
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform within 0 and 1, neither included.
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Standard normal (Box & Muller 1958, doi:10.1214/aoms/1177706645).
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the authors' C code for the state 1, 2, 3, 4.
    #[test]
    fn follows_the_reference() {
        let mut stream = Stream { state: [1, 2, 3, 4], spare: None };
        let first: Vec<u64> = (0..4).map(|_| stream.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

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
