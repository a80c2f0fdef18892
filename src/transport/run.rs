//! Running a plan: batches, threads, shards, the stop rule and progress. Same bits for any number of threads and shards.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::cpu::history::run_history;
use super::cpu::particle::Stack;
use super::cpu::score::{Alone, Scorer, Shared, Shells, Weighted};
use super::ledger::Ledger;
use super::plan::Plan;
use super::strata::Strata;
use super::tally::{BatchWords, ORIGINS, Tally};
use crate::error::{Error, Result};

/// Histories that a thread takes at once.
const CHUNK: u64 = 4096;

/// Largest fraction of histories that may meet a cap (segments, stack, rejection) before a run fails.
pub const MAX_CAPPED_FRACTION: f64 = 1e-4;

/// How much to run and how.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Histories of one batch.
    pub histories_per_batch: u64,
    /// Most batches of the whole run (all shards together).
    pub batches: u32,
    /// Threads; 0 takes all cores.
    pub threads: usize,
    /// This process runs the batches `b` with `b % shards == shard`.
    pub shard: u32,
    /// Number of shards.
    pub shards: u32,
}

impl RunSettings {
    /// A run of about `histories` histories in `batches` batches (rounded up to whole batches).
    pub fn with_histories(histories: u64, batches: u32) -> Self {
        RunSettings {
            histories_per_batch: histories.div_ceil(u64::from(batches.max(1))).max(1),
            batches,
            threads: 0,
            shard: 0,
            shards: 1,
        }
    }
}

/// Told after every batch; may stop the run.
pub trait Monitor: Sync {
    /// Histories done inside the current batch have grown by `histories`.
    fn advanced(&self, _histories: u64) {}
    /// A batch has been folded in; true stops the run (a goal is reached). `maps` says whether the voxels of the tally hold all
    /// batches: a device's are brought to the host only where [`Self::next_look`] asks; the regions and the ledger always do.
    fn batch_done(&self, _tally: &Tally, _maps: bool) -> bool {
        false
    }
    /// Number of batches, above `done`, after which the voxels are wanted; `None` if only at the end.
    fn next_look(&self, _done: usize) -> Option<usize> {
        None
    }
}

/// A monitor that does nothing.
pub struct Silent;
impl Monitor for Silent {}

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The sums.
    pub tally: Tally,
    /// Whether the run was interrupted before its histories or its goal were reached.
    pub interrupted: bool,
    /// Wall time, s.
    pub seconds: f64,
    /// What the user should know: a device that was lost, a batch that was run again.
    pub notices: Vec<String>,
}

/// Runs a plan on the CPU. `labels` (one region per voxel, 0 outside all; with time points also one such map after the other) may be empty; `stop` interrupts at the next chunk: the batch
/// in progress is dropped, finished ones are kept.
///
/// # Errors
/// If the settings are absurd or too many histories met a cap.
pub fn run(
    plan: &Plan,
    settings: &RunSettings,
    labels: &[u16],
    regions: usize,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<Outcome> {
    check(settings)?;
    super::limits::check(plan, settings)?;
    super::times::check(plan)?;
    let threads = match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let start = std::time::Instant::now();
    let cells = plan.tally_cells();
    let times = plan.params.time_points as usize;
    let mut tally = Tally::of_plan(plan, settings.histories_per_batch);
    let copies = match times {
        0 => word_copies(cells, plan.origins, threads),
        _ => word_copies(cells * times, [true, false, false], threads),
    };
    let mut words: Vec<BatchWords> = (0..copies)
        .map(|_| match times {
            0 => BatchWords::new(cells, plan.origins),
            _ => BatchWords::timed(cells, times),
        })
        .collect();
    let mut interrupted = false;
    for batch in (settings.shard..settings.batches).step_by(settings.shards as usize) {
        let ledger =
            run_batch(plan, batch, settings.histories_per_batch, threads, &words, monitor, stop);
        if stop.load(Relaxed) {
            interrupted = true;
            break;
        }
        tally.ledger.add(&ledger);
        tally.fold(batch, &mut words, labels, regions);
        if monitor.batch_done(&tally, true) {
            break;
        }
    }
    check_caps(&tally.ledger)?;
    Ok(Outcome { tally, interrupted, seconds: start.elapsed().as_secs_f64(), notices: Vec::new() })
}

/// Refuses absurd settings.
pub(super) fn check(settings: &RunSettings) -> Result<()> {
    if settings.shards == 0 || settings.shard >= settings.shards {
        return Err(Error::usage(
            format!("shard {} of {}", settings.shard, settings.shards),
            "shards are numbered from 0 and the number must be below their count",
            "Use --shard 1/3, 2/3, 3/3 for three machines.",
        ));
    }
    if settings.histories_per_batch == 0 || settings.batches == 0 {
        return Err(Error::usage(
            "no histories to run",
            "a dose needs at least one history",
            "Give --histories a number of at least 1.",
        ));
    }
    Ok(())
}

/// Refuses a run in which caps stopped too many particles.
pub(super) fn check_caps(ledger: &Ledger) -> Result<()> {
    let capped = ledger.segment_caps + ledger.stack_overflows + ledger.rejection_caps;
    let fraction = capped as f64 / ledger.histories.max(1) as f64;
    if fraction > MAX_CAPPED_FRACTION {
        return Err(Error::run(
            format!("{capped} caps were met in {} histories", ledger.histories),
            format!(
                "more than {MAX_CAPPED_FRACTION:.0e} of the histories were not followed to their end"
            ),
            "Please report the input: a loop limit is too small for it.",
        ));
    }
    Ok(())
}

/// Most bytes of batch words for which every thread gets its own: then no instruction is locked.
const PRIVATE_WORDS_BYTES: usize = 256 << 20;

/// Copies of the batch words: one for each thread on a grid small enough, else one that they share.
pub fn word_copies(cells: usize, used: [bool; ORIGINS], threads: usize) -> usize {
    let origins = used.iter().filter(|&&u| u).count();
    let bytes = cells * origins * size_of::<u64>() * threads;
    if bytes <= PRIVATE_WORDS_BYTES { threads } else { 1 }
}

/// Runs one batch into `words`.
fn run_batch(
    plan: &Plan,
    batch: u32,
    histories: u64,
    threads: usize,
    words: &[BatchWords],
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Ledger {
    let strata = Strata::new(plan, batch, histories);
    let first = u64::from(batch) * histories;
    if plan.params.shells > 0 {
        return work(plan, &strata, first, histories, threads, monitor, stop, |_| {
            Shells(words[0].slices())
        });
    }
    let times = plan.params.time_points as usize;
    if times > 0 && words.len() == threads {
        return work(plan, &strata, first, histories, threads, monitor, stop, |t| {
            Weighted::<true>::new(&words[t].times, times)
        });
    }
    if times > 0 {
        return work(plan, &strata, first, histories, threads, monitor, stop, |_| {
            Weighted::<false>::new(&words[0].times, times)
        });
    }
    if words.len() == threads {
        return work(plan, &strata, first, histories, threads, monitor, stop, |t| {
            Alone(words[t].slices())
        });
    }
    work(plan, &strata, first, histories, threads, monitor, stop, |_| Shared(words[0].slices()))
}

/// Lets `threads` threads take chunks of the batch. Each thread starts in its own part of the batch (its own region of
/// the source), so that threads rarely touch the same words.
#[expect(
    clippy::too_many_arguments,
    reason = "one internal caller; a struct would only rename them"
)]
fn work<S: Scorer>(
    plan: &Plan,
    strata: &Strata,
    first: u64,
    histories: u64,
    threads: usize,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
    scorer: impl Fn(usize) -> S + Sync,
) -> Ledger {
    let total = Mutex::new(Ledger::default());
    let chunks = histories.div_ceil(CHUNK);
    let taken: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
    let part =
        |t: usize| (chunks * t as u64 / threads as u64, chunks * (t as u64 + 1) / threads as u64);
    std::thread::scope(|scope| {
        for t in 0..threads {
            let (taken, total, scorer) = (&taken, &total, &scorer);
            let work = move || {
                let mut ledger = Ledger::default();
                let mut scorer = scorer(t);
                let mut stack = Stack::default();
                // Its own part first, then what is left of the others'.
                for other in (0..threads).map(|k| (t + k) % threads) {
                    let (low, high) = part(other);
                    loop {
                        let chunk = low + taken[other].fetch_add(1, Relaxed);
                        if chunk >= high || stop.load(Relaxed) {
                            break;
                        }
                        let from = chunk * CHUNK;
                        let to = (from + CHUNK).min(histories);
                        for i in from..to {
                            run_history(
                                plan,
                                strata,
                                first + i,
                                i,
                                &mut scorer,
                                &mut ledger,
                                &mut stack,
                            );
                        }
                        monitor.advanced(to - from);
                    }
                }
                if let Ok(mut sum) = total.lock() {
                    sum.add(&ledger);
                }
            };
            // The last part stays with this thread. Where the system starts no more threads (`ulimit -u`), this one does what is
            // left of all parts: the words are the same.
            if t + 1 == threads || std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                work();
                break;
            }
        }
    });
    total.into_inner().unwrap_or_default()
}
