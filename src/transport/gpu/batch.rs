//! One batch on one device: rounds in submits of a chosen length, until all histories are started and all rings are empty.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use bytemuck::{Zeroable, bytes_of, from_bytes};

use super::buffers::Buffers;
use super::device::Device;
use super::kernels::Kernels;
use super::layout::{Batch, Control, words};
use super::profile::{Clock, MOST_ROUNDS, Profile};
use super::tuning::Tuning;
use crate::error::{Error, Result};
use crate::transport::run::Monitor;
use crate::transport::strata::Strata;

/// Submits in flight at once: one runs while the host reads the last one's state.
const IN_FLIGHT: usize = 2;

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything has been followed to its end.
    Done,
    /// The user stopped it: its words are worth nothing.
    Stopped,
    /// A ring overflowed: its words are worth nothing, and it can be run again with fewer histories in flight.
    Overflow,
}

/// Runs batches on a device.
pub struct BatchRunner<'a> {
    /// Device.
    pub device: &'a Device,
    /// Kernels.
    pub kernels: &'a Kernels,
    /// Memory.
    pub buffers: &'a Buffers,
    /// Cut of the work.
    pub tuning: Tuning,
    /// Rounds of a submit.
    rounds: u32,
    /// Device time by kernel, where the tuning asks for it.
    pub profile: Profile,
}

/// A submit whose state has been asked for.
struct Flight {
    staging: wgpu::Buffer,
    index: wgpu::SubmissionIndex,
    clock: Option<Clock>,
}

impl<'a> BatchRunner<'a> {
    /// A runner.
    pub fn new(
        device: &'a Device,
        kernels: &'a Kernels,
        buffers: &'a Buffers,
        tuning: Tuning,
    ) -> Self {
        BatchRunner {
            device,
            kernels,
            buffers,
            tuning,
            rounds: tuning.rounds.max(1),
            profile: Profile::default(),
        }
    }

    /// Rounds of a submit, as calibrated so far.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Runs the histories `first .. first + histories` of a batch.
    ///
    /// # Errors
    /// If the device is lost, or particles wait that can never run.
    pub fn run(
        &mut self,
        first: u64,
        histories: u32,
        strata: &Strata,
        monitor: &dyn Monitor,
        stop: &AtomicBool,
    ) -> Result<Ended> {
        let batch = Batch {
            first: words(first),
            offset: words(strata.offset()),
            stride: words(strata.stride()),
            histories,
            source_most: self.tuning.source_most,
            ..self.buffers.batch_layout
        };
        self.device.queue.write_buffer(&self.buffers.batch, 0, bytes_of(&batch));
        self.device.queue.write_buffer(&self.buffers.control, 0, bytes_of(&Control::zeroed()));
        let mut flights = std::collections::VecDeque::new();
        let mut told = 0;
        let mut since = Instant::now();
        loop {
            while flights.len() < IN_FLIGHT {
                flights.push_back(self.submit()?);
            }
            let Some(flight) = flights.pop_front() else { continue };
            let control = self.state(&flight)?;
            if let Some(clock) = &flight.clock {
                self.profile.add(&clock.read(self.device)?);
            }
            let seconds = since.elapsed().as_secs_f64();
            since = Instant::now();
            monitor.advanced(u64::from(control.started() - told));
            told = control.started();
            if control.overflows > 0 {
                self.device.wait()?;
                return Ok(Ended::Overflow);
            }
            if control.done(histories) {
                self.device.wait()?;
                return Ok(Ended::Done);
            }
            if control.stuck > 0 {
                return Err(Error::run(
                    "particles wait but none can run",
                    format!("a ring of {} records is full", self.buffers.sizes.capacity),
                    "Please report the input; --engine cpu works.",
                ));
            }
            if stop.load(Relaxed) {
                self.device.wait()?;
                return Ok(Ended::Stopped);
            }
            self.calibrate(seconds);
        }
    }

    /// Follows the wanted length of a submit.
    fn calibrate(&mut self, seconds: f64) {
        if self.tuning.calibrate {
            let factor = (self.tuning.submit_ms * 1e-3 / seconds.max(1e-6)).clamp(0.5, 2.0);
            self.rounds = ((f64::from(self.rounds) * factor).round() as u32).clamp(1, MOST_ROUNDS);
        }
    }

    /// Submits some rounds and a copy of the state behind them.
    fn submit(&self) -> Result<Flight> {
        let t = &self.tuning;
        let (device, k) = (&self.device.device, self.kernels);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let group = |lanes: u32| lanes.div_ceil(t.workgroup);
        let round = [
            (&k.schedule, 1),
            (&k.source, group(t.source_most.div_ceil(t.source_run))),
            (&k.photons, group(t.lanes)),
            (&k.leptons, group(t.lanes)),
        ];
        let clock = if t.profile { Clock::new(self.device, self.rounds) } else { None };
        if let Some(clock) = &clock {
            for n in 0..self.rounds {
                for (kernel, (pipeline, groups)) in round.into_iter().enumerate() {
                    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                        label: None,
                        timestamp_writes: Some(clock.writes(n, kernel)),
                    });
                    pass.set_bind_group(0, &self.buffers.bind, &[]);
                    pass.set_pipeline(pipeline);
                    pass.dispatch_workgroups(groups, 1, 1);
                }
            }
        } else {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_bind_group(0, &self.buffers.bind, &[]);
            for _ in 0..self.rounds {
                for (pipeline, groups) in round {
                    pass.set_pipeline(pipeline);
                    pass.dispatch_workgroups(groups, 1, 1);
                }
            }
        }
        let size = size_of::<Control>() as u64;
        let staging = self.device.staging(size)?;
        encoder.copy_buffer_to_buffer(&self.buffers.control, 0, &staging, 0, size);
        let index = self.device.queue.submit([encoder.finish()]);
        staging.slice(..).map_async(wgpu::MapMode::Read, |_| {});
        Ok(Flight { staging, index, clock })
    }

    /// Waits for a submit and reads the state behind it.
    fn state(&self, flight: &Flight) -> Result<Control> {
        let waited = self.device.device.poll(wgpu::PollType::Wait {
            submission_index: Some(flight.index.clone()),
            timeout: None,
        });
        self.device.check_alive()?;
        let broken = |why: String| {
            Error::run(
                "a submit was not finished",
                why,
                "Run again, with --engine cpu if it recurs.",
            )
        };
        waited.map_err(|e| broken(e.to_string()))?;
        let view =
            flight.staging.slice(..).get_mapped_range().map_err(|e| broken(e.to_string()))?;
        Ok(*from_bytes::<Control>(&view))
    }
}
