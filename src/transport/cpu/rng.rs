//! Random numbers that belong to a particle, never to a thread.
//!
//! A stream is xoshiro128++ (Blackman & Vigna, ACM Trans. Math. Softw. 47, 36, 2021, doi:10.1145/3460772) whose
//! 128-bit state is one Philox4x32-10 block (Salmon et al., SC11, doi:10.1145/2063384.2063405). The block's
//! counter is the history number, or the birth state of the parent plus the child's index; its key is the seed. So any history
//! can be replayed alone, and a secondary's numbers do not depend on when it is transported.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

use super::math::uniform;

/// Philox multipliers and Weyl constants (Salmon et al. 2011, section 4.3 and the Random123 reference).
const PHILOX_M0: u32 = 0xd251_1f53;
const PHILOX_M1: u32 = 0xcd9e_8d57;
const PHILOX_W0: u32 = 0x9e37_79b9;
const PHILOX_W1: u32 = 0xbb67_ae85;

/// One Philox4x32-10 block.
#[inline]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let p0 = u64::from(PHILOX_M0) * u64::from(c0);
        let p1 = u64::from(PHILOX_M1) * u64::from(c2);
        let next0 = (p1 >> 32) as u32 ^ c1 ^ k0;
        let next2 = (p0 >> 32) as u32 ^ c3 ^ k1;
        c1 = p1 as u32;
        c3 = p0 as u32;
        c0 = next0;
        c2 = next2;
        k0 = k0.wrapping_add(PHILOX_W0);
        k1 = k1.wrapping_add(PHILOX_W1);
    }
    [c0, c1, c2, c3]
}

/// Birth state of the stream of a history's decay.
#[inline]
pub fn history_state(seed: [u32; 2], history: u64) -> [u32; 4] {
    philox([history as u32, (history >> 32) as u32, 0, 0], seed)
}

/// Birth state of child number `child` (from 0) of a particle whose birth state is `parent`.
#[inline]
pub fn child_state(seed: [u32; 2], parent: [u32; 4], child: u32) -> [u32; 4] {
    philox([parent[0], parent[1], parent[2], parent[3].wrapping_add(child)], seed)
}

/// Birth state of a batch: its source offset is drawn from it. Cannot meet a history's (the fourth counter word).
#[inline]
pub fn batch_state(seed: [u32; 2], batch: u32) -> [u32; 4] {
    philox([batch, 0, 0, 0xb47c_4000], seed)
}

/// A running xoshiro128++ stream.
#[derive(Debug, Clone)]
pub struct Rng(Xoshiro128PlusPlus);

impl Rng {
    /// Starts a stream at its birth state.
    #[inline(always)]
    pub fn new(state: [u32; 4]) -> Self {
        let mut seed = [0; 16];
        for (bytes, word) in seed.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Rng(Xoshiro128PlusPlus::from_seed(seed))
    }

    /// 32 random bits. One draw.
    #[inline(always)]
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A uniform variate in (0, 1). One draw.
    #[inline(always)]
    pub fn uniform(&mut self) -> f32 {
        uniform(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
    #[test]
    fn philox_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// Reference output of xoshiro128++ from state 1, 2, 3, 4 (as in the rand_xoshiro test vectors).
    #[test]
    fn xoshiro_known_answers() {
        let mut rng = Rng::new([1, 2, 3, 4]);
        let first: Vec<u32> = (0..5).map(|_| rng.bits()).collect();
        assert_eq!(first, [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274]);
    }

    #[test]
    fn uniform_moments() {
        let mut rng = Rng::new(history_state([7, 9], 3));
        let n = 1_000_000;
        let (mut sum, mut sum2) = (0.0, 0.0);
        for _ in 0..n {
            let u = f64::from(rng.uniform());
            sum += u;
            sum2 += u * u;
        }
        let mean = sum / f64::from(n);
        // 5 sigma of a uniform mean: 5 / sqrt(12 n).
        assert!((mean - 0.5).abs() < 5.0 / (12.0 * f64::from(n)).sqrt());
        // Var(u^2) = 4/45.
        assert!((sum2 / f64::from(n) - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / f64::from(n)).sqrt());
    }
}
