//! One device at work: takes batches, folds them, hands its sums over; a device that is lost is opened again.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::batch::{BatchRunner, Ended};
use super::buffers::{Buffers, Sizes};
use super::constants;
use super::device::Device;
use super::fold::{self, FoldKernel};
use super::kernels::{Kernels, Variant};
use super::layout::{LEDGER_WORDS, ledger_from_row};
use super::profile::Profile;
use super::run::GpuEngine;
use super::tuning::{Tuning, most_primaries};
use crate::error::{Error, Result};
use crate::transport::ledger::Ledger;
use crate::transport::plan::Plan;
use crate::transport::run::{Monitor, RunSettings};
use crate::transport::strata::Strata;
use crate::transport::tally::{BatchRegions, Tally};

/// Rows that the books of all lanes share.
const LEDGER_ROWS: u64 = 1024;
/// Longest time that finished batches stay on a device only.
const CHECKPOINT: Duration = Duration::from_secs(60);
/// Times a lost device is opened again.
const REOPEN: u32 = 2;
/// Times that a set-up is tried with fewer lanes, where memory is short.
const SMALLER: u32 = 3;
/// Fewest histories in flight that a batch is tried with.
const LEAST_IN_FLIGHT: u32 = 64;

/// What the devices share.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a RunSettings,
    pub(super) labels: &'a [u16],
    pub(super) regions: usize,
    pub(super) monitor: &'a dyn Monitor,
    pub(super) stop: &'a AtomicBool,
    /// Batches that nobody has taken.
    pub(super) queue: Mutex<VecDeque<u32>>,
    /// What is on the host.
    pub(super) tally: Mutex<Tally>,
    pub(super) notices: Mutex<Vec<String>>,
    pub(super) profile: &'a Mutex<Profile>,
    /// The monitor has asked to stop.
    pub(super) reached: AtomicBool,
}

/// Locks, whoever failed while holding it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One device at work.
pub(super) struct Worker<'a> {
    engine: &'a GpuEngine,
    number: usize,
    state: State,
    reopened: u32,
}

/// What a device holds.
struct State {
    device: Device,
    kernels: Kernels,
    fold: FoldKernel,
    buffers: Buffers,
    tuning: Tuning,
    /// Batches whose energy is on the device only, with their regions and books.
    pending: Vec<(BatchRegions, Ledger)>,
    since: Instant,
}

/// What is compiled and allocated for a plan.
struct Parts {
    kernels: Kernels,
    fold: FoldKernel,
    buffers: Buffers,
}

impl Parts {
    fn new(device: &Device, tuning: Tuning, shared: &Shared) -> Result<Self> {
        let plan = shared.plan;
        let sizes = Sizes::new(plan, &device.facts, &tuning, LEDGER_ROWS, 0)?;
        let mut all = constants::physics();
        all.extend(constants::launch(plan, &tuning, &sizes));
        all.push(("PER_HISTORY", 0.0));
        let variant = Variant { parts: sizes.parts as usize, trace: false };
        let kernels = Kernels::new(device, &all, variant)?;
        let (labels, regions) = (shared.labels, shared.regions);
        let buffers = Buffers::new(device, &kernels, plan, sizes, labels, regions, fold::lanes)?;
        let fold = FoldKernel::new(device, &buffers.sizes)?;
        Ok(Parts { kernels, fold, buffers })
    }
}

impl State {
    /// Sets a device up; with fewer lanes where its memory is short.
    fn new(device: Device, tuning: Option<Tuning>, shared: &Shared) -> Result<Self> {
        let wanted = tuning.unwrap_or_else(|| Tuning::for_device(device.facts.kind));
        let largest = device.facts.largest_binding();
        let mut tuning = wanted.for_plan(shared.plan).fitted(most_primaries(shared.plan), largest);
        for _ in 0..SMALLER {
            match Parts::new(&device, tuning, shared) {
                Err(error) if device.out_of_memory() => {
                    tuning = tuning.smaller();
                    let lanes = tuning.lanes;
                    lock(&shared.notices).push(format!("{error} Tried again with {lanes} lanes."));
                }
                parts => return Ok(State::with(device, tuning, parts?)),
            }
        }
        let parts = Parts::new(&device, tuning, shared)?;
        Ok(State::with(device, tuning, parts))
    }

    fn with(device: Device, tuning: Tuning, parts: Parts) -> Self {
        let Parts { kernels, fold, buffers } = parts;
        State { device, kernels, fold, buffers, tuning, pending: Vec::new(), since: Instant::now() }
    }

    /// Runs one batch to its end and folds it; false if the user stopped it.
    fn batch(&mut self, batch: u32, shared: &Shared) -> Result<bool> {
        let n = shared.settings.histories_per_batch;
        let strata = Strata::new(shared.plan, batch, n);
        let first = u64::from(batch) * n;
        loop {
            let mut runner =
                BatchRunner::new(&self.device, &self.kernels, &self.buffers, self.tuning);
            let ended = runner.run(first, n as u32, &strata, shared.monitor, shared.stop)?;
            self.tuning.rounds = runner.rounds();
            lock(shared.profile).add(&runner.profile);
            match ended {
                Ended::Done => break,
                Ended::Stopped => return Ok(false),
                Ended::Overflow => self.retry(batch, shared)?,
            }
        }
        let ledger = self.take_ledger()?;
        let regions = self.fold.fold(&self.device, &self.buffers, batch, ledger.escapes)?;
        self.pending.push((regions, ledger));
        Ok(true)
    }

    /// Clears what an overflown batch left and halves the histories in flight.
    fn retry(&mut self, batch: u32, shared: &Shared) -> Result<()> {
        self.tuning.source_most /= 2;
        if self.tuning.source_most < LEAST_IN_FLIGHT {
            return Err(Error::run(
                "a ring of particles overflowed",
                format!("with {LEAST_IN_FLIGHT} histories in flight"),
                "Please report the input; --engine cpu works.",
            ));
        }
        lock(&shared.notices).push(format!(
            "batch {batch} was run again with {} histories in flight: a ring of particles had overflowed",
            self.tuning.source_most
        ));
        let mut encoder =
            self.device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&self.buffers.ledger, 0, None);
        for part in &self.buffers.parts {
            encoder.clear_buffer(&part.words, 0, None);
        }
        self.device.queue.submit([encoder.finish()]);
        self.device.wait()
    }

    /// The books of the batch; the device's are cleared.
    fn take_ledger(&self) -> Result<Ledger> {
        let mut sum = Ledger::default();
        self.device.read::<u32>(&self.buffers.ledger, |words| {
            words.chunks_exact(LEDGER_WORDS).for_each(|row| sum.add(&ledger_from_row(row)));
        })?;
        let mut encoder =
            self.device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&self.buffers.ledger, 0, None);
        self.device.queue.submit([encoder.finish()]);
        Ok(sum)
    }

    /// Brings the sums to the host and clears the device's.
    fn checkpoint(&mut self, shared: &Shared) -> Result<()> {
        self.since = Instant::now();
        if self.pending.is_empty() {
            return Ok(());
        }
        // Into a tally of its own first: a device that is lost meanwhile must not leave half of its sums.
        let mut mine = Tally::of_plan(shared.plan, shared.settings.histories_per_batch);
        fold::add_sums(&self.device, &self.buffers, &mut mine)?;
        let mut encoder =
            self.device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for part in &self.buffers.parts {
            encoder.clear_buffer(&part.sums, 0, None);
            encoder.clear_buffer(&part.squares, 0, None);
        }
        self.device.queue.submit([encoder.finish()]);
        for (regions, ledger) in self.pending.drain(..) {
            mine.ledger.add(&ledger);
            mine.insert(regions);
        }
        let mut tally = lock(&shared.tally);
        tally.merge(&mine)?;
        shared.monitor.kept(&tally, None);
        Ok(())
    }
}

impl<'a> Worker<'a> {
    /// Sets device `number` of the engine up.
    pub(super) fn new(engine: &'a GpuEngine, number: usize, shared: &Shared) -> Result<Self> {
        let state = State::new(engine.open(number)?, engine.tuning, shared)?;
        Ok(Worker { engine, number, state, reopened: 0 })
    }

    /// Takes batches until none is left. A device that is lost is opened again; what it had not handed over is run again.
    pub(super) fn work(&mut self, shared: &Shared, maps: bool) -> Result<()> {
        loop {
            let Err(error) = self.batches(shared, maps) else { return Ok(()) };
            if self.state.device.check_alive().is_ok() || self.reopened >= REOPEN {
                return Err(error);
            }
            self.reopened += 1;
            let again = self
                .engine
                .open(self.number)
                .and_then(|d| State::new(d, self.engine.tuning, shared));
            match again {
                Ok(state) => {
                    lock(&shared.notices).push(format!(
                        "{error} It was opened again; its unfinished batches were run again."
                    ));
                    self.state = state;
                }
                Err(_) => return Err(error),
            }
        }
    }

    fn batches(&mut self, shared: &Shared, maps: bool) -> Result<()> {
        loop {
            let taken = lock(&shared.queue).pop_front();
            let Some(batch) = taken else { break };
            if shared.stop.load(Relaxed) {
                break;
            }
            match self.state.batch(batch, shared) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.give_back(Some(batch), shared);
                    return Err(error);
                }
            }
            // The books of the batch are known; its voxels are on the device.
            let mut seen = lock(&shared.tally).without_voxels();
            for (regions, ledger) in &self.state.pending {
                seen.ledger.add(ledger);
                seen.insert(regions.clone());
            }
            if shared.monitor.batch_done(&seen, false) {
                shared.reached.store(true, Relaxed);
            }
            let wanted = shared.monitor.keep_by().is_some_and(|by| Instant::now() >= by);
            if wanted || self.state.since.elapsed() > CHECKPOINT {
                self.checkpoint(shared)?;
            }
        }
        if maps || shared.stop.load(Relaxed) {
            self.checkpoint(shared)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, shared: &Shared) -> Result<()> {
        let result = self.state.checkpoint(shared);
        if result.is_err() {
            self.give_back(None, shared);
        }
        result
    }

    /// Puts the batches that only a lost device knows back for whoever is left.
    fn give_back(&mut self, running: Option<u32>, shared: &Shared) {
        let mut queue = lock(&shared.queue);
        let pending = self.state.pending.drain(..).map(|(regions, _)| regions.batch);
        queue.extend(pending.chain(running));
    }
}
