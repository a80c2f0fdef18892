//! How the work is cut into lanes, steps and rounds. None of it changes a bit of the result.

use super::device::DeviceKind;
use super::layout::CAPACITY_BYTES;
use crate::transport::layout::{ALPHA, FLAG_KERMA};
use crate::transport::plan::Plan;

/// Sizes of the launch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Lanes of a workgroup.
    pub workgroup: u32,
    /// Lanes that follow photons, and as many that follow electrons and positrons.
    pub lanes: u32,
    /// Passes of a lane in one dispatch.
    pub step_budget: u32,
    /// Most steps of a lepton in one pass, before lanes do together what is rare (hard collisions, ends).
    pub steps: u32,
    /// Most flights of a photon in one pass, before lanes collide together.
    pub flights: u32,
    /// Pushes after which a lane stops.
    pub push_quota: u32,
    /// Most histories started in a round.
    pub source_most: u32,
    /// Consecutive histories started by one lane.
    pub source_run: u32,
    /// Rounds of the first submit; later ones are calibrated.
    pub rounds: u32,
    /// Milliseconds that a submit should take.
    pub submit_ms: f64,
    /// Calibrate the rounds of a submit (else they stay as they are).
    pub calibrate: bool,
    /// Bytes of the tally that one binding may hold, below what the device takes: it is split earlier.
    pub largest_part: Option<u64>,
    /// Records of a ring (a power of two) instead of [`Self::capacity`]; more than what all lanes together may add.
    pub ring_records: Option<u64>,
    /// Records that a round reserves for each history it starts instead of [`most_primaries`]: too few, and a ring may overflow.
    pub most_primaries: Option<u32>,
    /// Measure the device's time by kernel ([`super::profile`]).
    pub profile: bool,
}

/// Most pushes of one step beyond the quota, with the particle put back: a positron's end gives three, a step with many hard
/// collisions more. A ring that overflowed all the same would be counted and the batch run again.
pub const MOST_PUSHES: u32 = 8;

/// Rounds of the loops of a lane in one dispatch, about.
const MOST_ROUNDS: u32 = 40_000;

/// Fewest lanes that a device is used with.
const LEAST_LANES: u32 = 64;

impl Tuning {
    /// Sizes for a kind of device.
    pub fn for_device(kind: DeviceKind) -> Self {
        // Lanes: about what is resident at once on a large card at 128 registers a lane. Software runs a lane in a vector's place and
        // gains from long budgets: what is put back and taken again costs it most.
        let (lanes, source_run, step_budget, push_quota) = match kind {
            DeviceKind::Discrete => (1 << 16, 4, 64, 12),
            DeviceKind::Integrated => (1 << 13, 4, 64, 12),
            DeviceKind::Software => (1 << 10, 16, 256, 96),
        };
        Tuning {
            workgroup: 64,
            lanes,
            step_budget,
            // Leptons: 1 to 4 within 15 %, 3 best on software. Photons: no difference seen from 2 to 16.
            steps: 3,
            flights: 16,
            push_quota,
            source_most: 16 * lanes,
            source_run,
            rounds: 4,
            submit_ms: 100.0,
            calibrate: true,
            largest_part: None,
            ring_records: None,
            most_primaries: None,
            profile: false,
        }
    }

    /// The same for a plan: with flights that score in shells fewer passes in one dispatch, because Mesa's software device ends every loop of a dispatch
    /// that has gone round 65,535 times in all (`LP_MAX_TGSI_LOOP_ITERATIONS`), and a flight may go through each shell twice.
    pub fn for_plan(mut self, plan: &Plan) -> Self {
        if plan.params.flags & FLAG_KERMA != 0 && plan.params.shells > 0 {
            let rounds = 2 * plan.params.shells + self.flights;
            self.step_budget = (MOST_ROUNDS / rounds).clamp(1, self.step_budget);
        }
        self
    }

    /// The same with fewer histories started at once and then fewer lanes, until the rings together take at most `largest` bytes.
    pub fn fitted(mut self, most_primaries: u32, largest: u64) -> Self {
        let bytes = |t: &Tuning| t.capacity(most_primaries) * CAPACITY_BYTES;
        while bytes(&self) > largest && self.lanes > LEAST_LANES {
            if self.source_most <= self.lanes {
                self.lanes /= 2;
            }
            self.source_most = (self.source_most / 2).max(1);
        }
        self
    }

    /// The same with a quarter of the lanes.
    pub fn smaller(mut self) -> Self {
        self.lanes = (self.lanes / 4).max(LEAST_LANES);
        self.source_most = (self.source_most / 4).max(1);
        self
    }

    /// Records that a round may add at most.
    fn reserve(&self) -> u64 {
        2 * u64::from(self.lanes) * u64::from(self.push_quota + MOST_PUSHES)
    }

    /// Records of a ring: room for what a round starts and twice what the lanes may add.
    pub fn capacity(&self, most_primaries: u32) -> u64 {
        let started = u64::from(self.source_most) * u64::from(most_primaries.clamp(1, 8));
        (2 * self.reserve() + started).next_power_of_two()
    }
}

/// Most records that one history adds to one ring.
pub fn most_primaries(plan: &Plan) -> u32 {
    let groups = plan.source_groups.iter().filter(|g| g.kind != ALPHA);
    groups.map(|g| g.whole + 1).sum::<u32>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_binding_keeps_the_lanes_and_a_small_one_gets_fewer() {
        let usual = Tuning::for_device(DeviceKind::Discrete);
        for most in 1..=8 {
            let bytes = |t: &Tuning| t.capacity(most) * CAPACITY_BYTES;
            let large = usual.fitted(most, (1 << 31) - 1);
            assert_eq!(large.lanes, usual.lanes, "{most} primaries");
            assert!(bytes(&large) < 1 << 31);
            let small = usual.fitted(most, 1 << 27);
            assert!(bytes(&small) <= 1 << 27, "{most} primaries");
            assert!(small.lanes < usual.lanes && small.lanes >= LEAST_LANES);
        }
    }
}
