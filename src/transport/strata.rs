//! Where a batch's histories decay: systematic sampling of the cumulative activity.

use super::cpu::rng::batch_state;
use super::plan::Plan;

/// Systematic sampling of a batch: history `i` sits at `offset + i stride` of the cumulative activity (integers; the
/// whole is 2^62), so every voxel gets its share of histories to within one.
#[derive(Debug, Clone, Copy)]
pub struct Strata {
    offset: u64,
    stride: u64,
}

impl Strata {
    /// The strata of a batch of `histories` histories.
    pub fn new(plan: &Plan, batch: u32, histories: u64) -> Self {
        let stride = plan.source_total() / histories.max(1);
        let state = batch_state(plan.params.seed, batch);
        let random = u64::from(state[0]) << 32 | u64::from(state[1]);
        let offset = ((u128::from(random) * u128::from(stride)) >> 64) as u64;
        Strata { offset, stride }
    }

    /// Position of history `i` of the batch.
    #[inline(always)]
    pub fn position(&self, i: u64) -> u64 {
        self.offset + i * self.stride
    }

    /// Strata whose history 0 is history `i` of these, and that have no other.
    pub fn only(&self, i: u64) -> Self {
        Strata { offset: self.position(i), stride: 0 }
    }

    /// Position of history 0.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Distance of neighbouring histories.
    pub fn stride(&self) -> u64 {
        self.stride
    }
}
