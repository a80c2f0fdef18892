//! A run on one or several devices: batches are shared out, sums are exact, finished batches survive a lost device.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use super::adapter::Adapters;
use super::device::Device;
use super::profile::Profile;
use super::tuning::Tuning;
use super::worker::{Shared, Worker, lock};
use crate::error::{Error, Result};
use crate::transport::capacity;
use crate::transport::in_progress::Start;
use crate::transport::plan::Plan;
use crate::transport::run::{Monitor, Outcome, RunSettings, check, check_caps, first_tally, left};
use crate::transport::times;

/// The devices of a run.
pub struct GpuEngine {
    adapters: Adapters,
    numbers: Vec<usize>,
    /// How the work is cut; by the device's kind if not given.
    pub tuning: Option<Tuning>,
    /// Device time by kernel of all runs so far, where the tuning asks for it.
    profile: Mutex<Profile>,
    /// Told of every device that is opened.
    pub opened: Option<Opened>,
}

/// Is told of a device.
pub type Opened = Box<dyn Fn(&wgpu::Device) + Send + Sync>;

impl GpuEngine {
    /// Uses the adapters with these numbers; one may be named twice (it then works as two devices).
    pub fn new(adapters: Adapters, numbers: Vec<usize>) -> Self {
        GpuEngine { adapters, numbers, tuning: None, profile: Mutex::default(), opened: None }
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
        self.run_from(plan, settings, labels, regions, Start::default(), monitor, stop)
    }

    /// Runs a plan from the batches that an earlier run has finished; see [`crate::transport::run::run_from`]. What is finished of one
    /// more is run again: a batch in progress stays on its device.
    ///
    /// # Errors
    /// As [`Self::run`].
    #[expect(clippy::too_many_arguments, reason = "all of a run")]
    pub fn run_from(
        &self,
        plan: &Plan,
        settings: &RunSettings,
        labels: &[u16],
        regions: usize,
        start: Start,
        monitor: &dyn Monitor,
        stop: &AtomicBool,
    ) -> Result<Outcome> {
        check(settings)?;
        times::check(plan)?;
        capacity::check(plan, settings)?;
        if settings.histories_per_batch > u64::from(u32::MAX) {
            return Err(Error::usage(
                format!("{} histories in one batch", settings.histories_per_batch),
                "the GPU engine counts the histories of a batch in 32 bits",
                "Raise --batches.",
            ));
        }
        let since = Instant::now();
        let tally = first_tally(plan, settings, start.tally)?;
        let mut done = tally.batches();
        let mut ahead: VecDeque<u32> = left(settings, Some(&tally)).into();
        let reached = done > 0 && monitor.batch_done(&tally, true);
        let shared = Shared {
            plan,
            settings,
            labels,
            regions,
            monitor,
            stop,
            queue: Mutex::default(),
            tally: Mutex::new(tally),
            notices: Mutex::default(),
            profile: &self.profile,
            reached: AtomicBool::new(reached),
        };
        let mut workers = Vec::new();
        if reached {
            ahead.clear();
        }
        // Nothing is set up where nothing is left to run.
        for n in 0..if ahead.is_empty() { 0 } else { self.numbers.len() } {
            workers.push(Worker::new(self, n, &shared)?);
        }
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
        let seconds = since.elapsed().as_secs_f64();
        Ok(Outcome { tally, interrupted, more: None, seconds, notices })
    }
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
