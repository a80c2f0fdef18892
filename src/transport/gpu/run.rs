//! A run on one or several devices: batches are shared out, sums are exact, finished batches survive a lost device.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::adapter::Adapters;
use super::batch::{BatchRunner, Ended};
use super::buffers::{Buffers, Sizes};
use super::constants;
use super::device::Device;
use super::fold::{self, FoldKernel};
use super::kernels::{Kernels, Variant};
use super::layout::{LEDGER_WORDS, ledger_from_row};
use super::profile::Profile;
use super::tuning::{Tuning, most_primaries};
use crate::error::{Error, Result};
use crate::transport::ledger::Ledger;
use crate::transport::plan::Plan;
use crate::transport::run::{Monitor, Outcome, RunSettings, check, check_caps};
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

/// The devices of a run.
pub struct GpuEngine {
    adapters: Adapters,
    numbers: Vec<usize>,
    /// How the work is cut; by the device's kind if not given.
    pub tuning: Option<Tuning>,
    /// Device time by kernel of all runs so far, where the tuning asks for it.
    profile: Mutex<Profile>,
}

/// What the devices share.
struct Shared<'a> {
    plan: &'a Plan,
    settings: &'a RunSettings,
    labels: &'a [u16],
    regions: usize,
    monitor: &'a dyn Monitor,
    stop: &'a AtomicBool,
    /// Batches that nobody has taken.
    queue: Mutex<VecDeque<u32>>,
    /// What is on the host.
    tally: Mutex<Tally>,
    notices: Mutex<Vec<String>>,
    profile: &'a Mutex<Profile>,
    /// The monitor has asked to stop.
    reached: AtomicBool,
}

impl GpuEngine {
    /// Uses the adapters with these numbers; one may be named twice (it then works as two devices).
    pub fn new(adapters: Adapters, numbers: Vec<usize>) -> Self {
        GpuEngine { adapters, numbers, tuning: None, profile: Mutex::default() }
    }

    /// Names of the devices.
    pub fn names(&self) -> Vec<String> {
        let facts: Vec<_> = self.adapters.facts().collect();
        self.numbers
            .iter()
            .filter_map(|&n| facts.get(n))
            .map(|f| format!("{} ({})", f.name, f.backend))
            .collect()
    }

    /// Device time by kernel of all runs so far; zero unless the tuning asks for it.
    pub fn profile(&self) -> Profile {
        *lock(&self.profile)
    }

    /// Opens device `n` of the engine.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(&self, n: usize) -> Result<Device> {
        let device = self.adapters.open(self.numbers.get(n).copied().unwrap_or(0))?;
        if let Some(opened) = &self.opened {
            opened(&device.device);
        }
        Ok(device)
    }

    /// Runs a plan; see [`crate::transport::run::run`].
    ///
    /// # Errors
    /// If the settings are absurd, the plan does not fit, too many histories met a cap, or no device is left and nothing is finished.
    pub fn run(
        &self,
        plan: &Plan,
        settings: &RunSettings,
        labels: &[u16],
        regions: usize,
        monitor: &dyn Monitor,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        check(settings)?;
        if plan.params.time_points > 0 {
            return Err(Error::usage(
                format!("{} time points in one run", plan.params.time_points),
                "the GPU engine scores one",
                "Use --engine cpu, or --route activity.",
            ));
        }
        if settings.histories_per_batch > u64::from(u32::MAX) {
            return Err(Error::usage(
                format!("{} histories in one batch", settings.histories_per_batch),
                "the GPU engine counts the histories of a batch in 32 bits",
                "Raise --batches.",
            ));
        }
        let start = Instant::now();
        let shared = Shared {
            plan,
            settings,
            labels,
            regions,
            monitor,
            stop,
            queue: Mutex::default(),
            tally: Mutex::new(Tally::new(
                plan.tally_cells(),
                plan.origins,
                settings.histories_per_batch,
            )),
            notices: Mutex::default(),
            profile: &self.profile,
            reached: AtomicBool::new(false),
        };
        let mut workers = Vec::new();
        for n in 0..self.numbers.len() {
            workers.push(Worker::new(self, n, &shared)?);
        }
        let mut ahead: VecDeque<u32> =
            (settings.shard..settings.batches).step_by(settings.shards as usize).collect();
        let mut done = 0;
        let mut lost = None;
        while !ahead.is_empty() && !stop.load(Relaxed) && !shared.reached.load(Relaxed) {
            let until = monitor.next_look(done).unwrap_or(usize::MAX);
            let wave = until.saturating_sub(done).clamp(1, ahead.len());
            *lock(&shared.queue) = ahead.drain(..wave).collect();
            let look = done + wave == until;
            lost = run_wave(&mut workers, &shared, look || ahead.is_empty());
            done += wave;
            if workers.is_empty() {
                break;
            }
            if look && monitor.batch_done(&lock(&shared.tally), true) {
                shared.reached.store(true, Relaxed);
            }
        }
        let finished = lock(&shared.tally).batches();
        let interrupted = !shared.reached.load(Relaxed) && (stop.load(Relaxed) || lost.is_some());
        let mut notices = std::mem::take(&mut *lock(&shared.notices));
        if let Some(error) = lost {
            if finished == 0 {
                return Err(error);
            }
            notices.push(format!("{error} The {finished} batches that were finished are kept."));
        }
        drop(workers);
        let tally = shared.tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        check_caps(&tally.ledger)?;
        Ok(Outcome { tally, interrupted, seconds: start.elapsed().as_secs_f64(), notices })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lets all workers empty the queue, and brings the sums to the host if they are wanted. Workers whose device is lost for good
/// are dropped; the error is given if none is left or their batches were lost with them.
fn run_wave(workers: &mut Vec<Worker>, shared: &Shared, maps: bool) -> Option<Error> {
    let mut last = None;
    loop {
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let handles: Vec<_> =
                workers.iter_mut().map(|w| scope.spawn(|| w.work(shared, maps))).collect();
            handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err(panicked()))).collect()
        });
        let mut kept = Vec::new();
        for (worker, result) in std::mem::take(workers).into_iter().zip(results) {
            match result {
                Ok(()) => kept.push(worker),
                Err(error) => last = Some(error),
            }
        }
        *workers = kept;
        // Batches of a lost device have gone back to the queue: those that are left take them.
        if workers.is_empty() || lock(&shared.queue).is_empty() {
            break;
        }
        if shared.stop.load(Relaxed) {
            break;
        }
    }
    let left = !workers.is_empty();
    if let (true, Some(error)) = (left, &last) {
        lock(&shared.notices).push(format!("{error} The other devices took over."));
    }
    if left { None } else { last }
}

fn panicked() -> Error {
    Error::run(
        "a device's thread stopped",
        "it met a bug",
        "Please report this; --engine cpu works.",
    )
}

/// One device at work.
struct Worker<'a> {
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
        let fold = FoldKernel::new(device, buffers.origins())?;
        Ok(Parts { kernels, fold, buffers })
    }
}

impl State {
    /// Sets a device up; with fewer lanes where its memory is short.
    fn new(device: Device, tuning: Option<Tuning>, shared: &Shared) -> Result<Self> {
        let wanted = tuning.unwrap_or_else(|| Tuning::for_device(device.facts.kind));
        let largest = device.facts.largest_binding();
        let mut tuning = wanted.fitted(most_primaries(shared.plan), largest);
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
        let regions = self.fold.fold(&self.device, &self.buffers, batch, shared.regions)?;
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
        let mut mine = Tally::new(
            shared.plan.tally_cells(),
            shared.plan.origins,
            shared.settings.histories_per_batch,
        );
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
        lock(&shared.tally).merge(&mine)
    }
}

impl<'a> Worker<'a> {
    fn new(engine: &'a GpuEngine, number: usize, shared: &Shared) -> Result<Self> {
        let state = State::new(engine.open(number)?, engine.tuning, shared)?;
        Ok(Worker { engine, number, state, reopened: 0 })
    }

    /// Takes batches until none is left. A device that is lost is opened again; what it had not handed over is run again.
    fn work(&mut self, shared: &Shared, maps: bool) -> Result<()> {
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
            if self.state.since.elapsed() > CHECKPOINT {
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
