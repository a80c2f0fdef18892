//! Where the time goes: device seconds by kernel, from the device's own clock. Costs a pass of its own for every dispatch.

use super::device::Device;
use crate::error::Result;

/// Names of the kernels in the order of a round.
pub const KERNELS: [&str; 4] = ["schedule", "source", "photons", "leptons"];
/// Most rounds of a submit that is timed: a query set holds 4096 times.
pub const MOST_ROUNDS: u32 = 4096 / (2 * KERNELS.len() as u32);

/// Seconds by kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Profile {
    /// In the order of [`KERNELS`].
    pub seconds: [f64; KERNELS.len()],
    /// Rounds that were timed.
    pub rounds: u64,
}

impl Profile {
    /// Adds another.
    pub fn add(&mut self, other: &Profile) {
        self.seconds.iter_mut().zip(other.seconds).for_each(|(a, b)| *a += b);
        self.rounds += other.rounds;
    }
}

/// The queries of one submit.
pub struct Clock {
    set: wgpu::QuerySet,
    rounds: u32,
}

impl Clock {
    /// A clock for a submit of so many rounds; none if the device has no timestamps.
    pub fn new(device: &Device, rounds: u32) -> Option<Self> {
        if !device.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let set = device.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: rounds * 2 * KERNELS.len() as u32,
        });
        Some(Clock { set, rounds })
    }

    /// Where a pass writes its times.
    pub fn writes(&self, round: u32, kernel: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        let at = 2 * (round * KERNELS.len() as u32 + kernel as u32);
        wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        }
    }

    /// Reads the times after the submit.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn read(&self, device: &Device) -> Result<Profile> {
        let count = self.rounds * 2 * KERNELS.len() as u32;
        let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(count) * 8,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let mut encoder =
            device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.resolve_query_set(&self.set, 0..count, &buffer, 0);
        device.queue.submit([encoder.finish()]);
        let period = f64::from(device.queue.get_timestamp_period()) * 1e-9;
        let mut profile = Profile { rounds: u64::from(self.rounds), ..Profile::default() };
        let mut n = 0;
        device.read::<u64>(&buffer, |times| {
            for pair in times.chunks_exact(2) {
                profile.seconds[n % KERNELS.len()] +=
                    pair[1].saturating_sub(pair[0]) as f64 * period;
                n += 1;
            }
        })?;
        Ok(profile)
    }
}
