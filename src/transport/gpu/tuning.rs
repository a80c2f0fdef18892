//! How the work is cut into lanes, steps and rounds. None of it changes a bit of the result.

use super::device::DeviceKind;
use crate::transport::layout::ALPHA;
use crate::transport::plan::Plan;

/// Sizes of the launch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Lanes of a workgroup.
    pub workgroup: u32,
    /// Lanes that follow photons, and as many that follow electrons and positrons.
    pub lanes: u32,
    /// Steps or flights of a lane in one dispatch.
    pub step_budget: u32,
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
    /// Measure the device's time by kernel ([`super::profile`]).
    pub profile: bool,
}

/// Most pushes of one step beyond the quota, with the particle put back: a positron's end gives three, a step with many hard
/// collisions more. A ring that overflowed all the same would be counted and the batch run again.
pub const MOST_PUSHES: u32 = 8;

impl Tuning {
    /// Sizes for a kind of device.
    pub fn for_device(kind: DeviceKind) -> Self {
        let (lanes, source_run) = match kind {
            DeviceKind::Discrete => (1 << 17, 4),
            DeviceKind::Integrated => (1 << 14, 4),
            DeviceKind::Software => (1 << 11, 16),
        };
        Tuning {
            workgroup: 64,
            lanes,
            step_budget: 64,
            push_quota: 24,
            source_most: 4 * lanes,
            source_run,
            rounds: 4,
            submit_ms: 100.0,
            calibrate: true,
            profile: false,
        }
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
