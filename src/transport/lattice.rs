//! The numbers that decays begin with: points of a lattice in place of random ones. Neglects nothing: each number is uniform over the random shifts
//! of batches, so that no mean is moved; those of neighbouring histories only fill their range more evenly than random ones do.
//!
//! Point i of a batch is `frac(shift + i A / 2^32)` in eight dimensions (Cranley and Patterson, SIAM J. Numer. Anal. 13, 904, 1976,
//! doi:10.1137/0713071, for the shift), A found by `tools/primaries_lattice.py` so that every run of consecutive points is even: the histories of a voxel
//! are one (`strata.rs`). Batches have shifts of their own, so that their spread tells the error as before.

use super::cpu::math::uniform;
use super::cpu::rng::lattice_states;

/// Numbers of a point.
pub const DIMENSIONS: usize = 8;
/// Place within the voxel along x, y, z.
pub const PLACE: usize = 0;
/// Whether a group emits one more than its whole number.
pub const MORE: usize = 3;
/// Entry of the spectrum of its first particle, and energy in the entry.
pub const ENERGY: usize = 4;
/// Direction of that particle: polar, azimuthal.
pub const DIRECTION: usize = 6;

/// A of `tools/primaries_lattice.py`.
pub const GENERATOR: [u32; DIMENSIONS] = [
    0x5aa9_ffed,
    0x64aa_750f,
    0x4d03_2b4b,
    0x3121_1087,
    0x704a_ca41,
    0xecea_7a47,
    0xd7cc_6ea7,
    0x868c_9bf5,
];
/// What the numbers of a group are ahead of those of the group before, so that groups have their own: 2^32 over the golden ratio.
pub const GROUP_AHEAD: u32 = 0x9e37_79b9;

/// The lattice of a batch, from one of its points on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lattice([u32; DIMENSIONS]);

impl Lattice {
    /// That of a batch.
    pub fn of_batch(seed: [u32; 2], batch: u32) -> Self {
        let [low, high] = lattice_states(seed, batch);
        Lattice(std::array::from_fn(|d| if d < 4 { low[d] } else { high[d - 4] }))
    }

    /// The same from point `i` on.
    #[inline(always)]
    pub fn from(&self, i: u64) -> Self {
        Lattice(std::array::from_fn(|d| {
            self.0[d].wrapping_add((i as u32).wrapping_mul(GENERATOR[d]))
        }))
    }

    /// The words of its first point.
    pub fn words(&self) -> [u32; DIMENSIONS] {
        self.0
    }

    /// Number `d` of its first point, for an emission group, in (0, 1).
    #[inline(always)]
    pub fn number(&self, d: usize, group: u32) -> f32 {
        uniform(self.0[d].wrapping_add(group.wrapping_mul(GROUP_AHEAD)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_the_first_of_the_lattice_from_there_on() {
        let lattice = Lattice::of_batch([3, 4], 7);
        assert_eq!(lattice.from(5).from(6), lattice.from(11));
        assert_eq!(lattice.from(0), lattice);
        assert_ne!(lattice, Lattice::of_batch([3, 4], 8));
        assert_ne!(lattice, Lattice::of_batch([4, 4], 7));
    }

    /// Over batches, a point's numbers are uniform and those of two dimensions independent: chi-squared with 255 degrees of freedom, alpha = 1e-6.
    #[test]
    fn over_batches_every_number_is_uniform() {
        const BATCHES: u32 = 50_000;
        let limit = 377.0; // of 255 degrees of freedom at 1e-6
        for (a, b, group) in [(0, 1, 0), (2, 5, 0), (3, 6, 1), (4, 5, 2), (7, 0, 3)] {
            let mut counts = [0_u32; 256];
            for batch in 0..BATCHES {
                let point = Lattice::of_batch([11, 0], batch).from(1234);
                let cell = |d: usize| (point.number(d, group) * 16.0) as usize;
                counts[16 * cell(a) + cell(b)] += 1;
            }
            let expected = f64::from(BATCHES) / 256.0;
            let chi2: f64 =
                counts.iter().map(|c| (f64::from(*c) - expected).powi(2) / expected).sum();
            assert!(chi2 < limit, "{a} {b} {group}: {chi2}");
        }
    }

    /// Runs of consecutive points fill each dimension, and each pair that matters, more evenly than random ones: the largest gap.
    #[test]
    fn runs_of_points_are_even() {
        let lattice = Lattice::of_batch([1, 2], 3);
        for first in [0_u64, 77, 100_000, u64::from(u32::MAX) - 5] {
            for d in 0..DIMENSIONS {
                for n in [8, 64, 1024] {
                    let mut x: Vec<f32> =
                        (0..n).map(|i| lattice.from(first + i).number(d, 0)).collect();
                    x.sort_by(f32::total_cmp);
                    let widest = x.windows(2).map(|w| w[1] - w[0]).fold(0.0, f32::max);
                    // Of random ones ln(n) + 0.6 times 1/n.
                    assert!(widest * (n as f32) < 3.6, "{d} {first} {n}: {widest}");
                }
            }
        }
    }
}
