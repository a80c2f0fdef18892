//! Running a plan: batches, threads, shards, the stop rule and progress. Same bits for any number of threads and shards.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::batch_words::{BatchWords, Copies};
use super::cpu::history::run_history;
use super::cpu::particle::Stack;
use super::cpu::score::{Alone, Fine, Scorer, Shared, Shells, Weighted};
use super::in_progress::{InProgress, Start};
use super::ledger::Ledger;
use super::plan::Plan;
use super::score::Score;
use super::strata::Strata;
use super::tally::Tally;
use crate::error::{Error, Result};

/// Histories that a thread takes at once; what is finished of a batch is counted in them.
pub const CHUNK: u64 = 4096;

/// Address space (bytes) that a thread must leave to those that run: stacks that take all there is end the program where the next byte is needed. The
/// C library sets 64 MiB aside for a thread that allocates, and some have started and not done so yet.
const ROOM: usize = 256 << 20;

/// Shortest time between two looks at the clock for what is to be kept.
const LEAST_SLICE: Duration = Duration::from_millis(20);

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

impl RunSettings {
    /// One batch of [`Self::with_histories`], by itself: all of them are that run.
    pub fn one_batch(histories: u64, batches: u32, batch: u32) -> Self {
        RunSettings { shard: batch, shards: batches, ..Self::with_histories(histories, batches) }
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
    /// All finished batches are on the host, voxels and all, and with them what is finished of one more, where the engine can tell: the
    /// moment to keep them.
    fn kept(&self, _tally: &Tally, _more: Option<&InProgress>) {}
    /// When [`Self::kept`] is wanted next, also in the middle of a batch; `None` if never.
    fn keep_by(&self) -> Option<Instant> {
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
    /// What is finished of one more batch in an interrupted run, where the engine can tell.
    pub more: Option<Arc<InProgress>>,
    /// Wall time, s.
    pub seconds: f64,
    /// What the user should know: a device that was lost, a batch that was run again.
    pub notices: Vec<String>,
}

/// Runs a plan on the CPU. `labels` (one region per voxel, 0 outside all; with time points also one such map after the other) may be empty; `stop` interrupts at the next chunk: the batch
/// in progress is left out of the tally, finished ones are kept.
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
    run_from(plan, settings, labels, regions, Start::default(), monitor, stop)
}

/// [`run`] from what an earlier run of the same plan and settings has finished, to the bits of one run.
///
/// # Errors
/// As [`run`]; if the start is not of this plan and settings.
pub fn run_from(
    plan: &Plan,
    settings: &RunSettings,
    labels: &[u16],
    regions: usize,
    start: Start,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) -> Result<Outcome> {
    check(settings)?;
    super::times::check(plan)?;
    super::capacity::check(plan, settings)?;
    let threads = match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let since = Instant::now();
    let histories = settings.histories_per_batch;
    let Start { tally, mut kept } = start;
    let mut tally = first_tally(plan, settings, tally)?;
    let score = plan.score();
    let mut words = BatchWords::new(score, word_copies(score, threads)).keeping_touched();
    let (mut interrupted, mut more) = (false, None);
    // What was finished may have reached the goal already.
    let reached = tally.batches() > 0 && monitor.batch_done(&tally, true);
    for batch in left(settings, if reached { None } else { Some(&tally) }) {
        let mut part = InProgress::new(batch, words);
        if let Some(kept) = kept.take_if(|k| k.batch == batch) {
            if !part.restore(&kept.sums) {
                return Err(other_run("the sums of a batch in progress"));
            }
            (part.done, part.ledger) = (kept.done, kept.ledger);
        }
        let finished = loop {
            run_batch(plan, histories, threads, &mut part, monitor, stop);
            let finished = part.histories(histories) == histories;
            if finished || stop.load(Relaxed) {
                break finished;
            }
            monitor.kept(&tally, Some(&part));
        };
        if !finished {
            (interrupted, more) = (true, Some(Arc::new(part)));
            break;
        }
        tally.fold(batch, &mut part.words, labels, regions)?;
        tally.book(batch, &part.ledger);
        words = part.words;
        monitor.kept(&tally, None);
        if monitor.batch_done(&tally, true) {
            break;
        }
    }
    check_caps(&tally.ledger)?;
    let seconds = since.elapsed().as_secs_f64();
    Ok(Outcome { tally, interrupted, more, seconds, notices: Vec::new() })
}

/// An empty tally, or the one that a run starts from.
pub(super) fn first_tally(
    plan: &Plan,
    settings: &RunSettings,
    from: Option<Tally>,
) -> Result<Tally> {
    let empty = Tally::of_plan(plan, settings.histories_per_batch);
    let Some(tally) = from else { return Ok(empty) };
    let of_run = |batch: u32| batch < settings.batches && batch % settings.shards == settings.shard;
    if !tally.same_shape(&empty) || !tally.regions.iter().all(|r| of_run(r.batch)) {
        return Err(other_run("finished batches"));
    }
    Ok(tally)
}

fn other_run(what: &str) -> Error {
    Error::run(
        format!("{what} of another run"),
        "grid, origins, batches and shard must be those of this run",
        "Start from the beginning.",
    )
}

/// Batches of this process that are not in the tally, ascending; none without a tally.
pub(super) fn left(settings: &RunSettings, tally: Option<&Tally>) -> Vec<u32> {
    let Some(tally) = tally else { return Vec::new() };
    let done = |batch: &u32| tally.regions.binary_search_by_key(batch, |r| r.batch).is_ok();
    let mine = (settings.shard..settings.batches).step_by(settings.shards as usize);
    mine.filter(|b| !done(b)).collect()
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
pub fn word_copies(score: Score, threads: usize) -> usize {
    let bytes = score.words() * size_of::<u64>() * threads;
    if bytes <= PRIVATE_WORDS_BYTES { threads } else { 1 }
}

/// Runs what is left of a batch, until `stop` or [`Monitor::keep_by`].
fn run_batch(
    plan: &Plan,
    histories: u64,
    threads: usize,
    part: &mut InProgress,
    monitor: &dyn Monitor,
    stop: &AtomicBool,
) {
    let left = part.left(histories);
    let work = Work {
        plan,
        strata: Strata::new(plan, part.batch, histories),
        first: u64::from(part.batch) * histories,
        histories,
        left: &left,
        threads,
        monitor,
        stop,
        // However late it is, something is run.
        until: monitor.keep_by().map(|by| by.max(Instant::now() + LEAST_SLICE)),
    };
    let (shells, fine) = (plan.params.shells > 0, plan.params.fine_parts > 0);
    // Threads with words of their own lock nothing.
    let (ledger, done) = match part.words.copies() {
        Copies::ByTime(words) if words.len() == threads => {
            work.run(|t| Weighted::<true>::new(&words[t]))
        }
        Copies::ByTime(words) => work.run(|_| Weighted::<false>::new(&words[0])),
        Copies::ByOrigin(words) if shells => work.run(|_| Shells(words[0].slices())),
        Copies::ByOrigin(words) if words.len() == threads => match fine {
            true => work.run(|t| Fine(Alone(words[t].slices()))),
            false => work.run(|t| Alone(words[t].slices())),
        },
        Copies::ByOrigin(words) => match fine {
            true => work.run(|_| Fine(Shared(words[0].slices()))),
            false => work.run(|_| Shared(words[0].slices())),
        },
    };
    part.ledger.add(&ledger);
    part.enter(done);
}

/// Whether there is room for one more thread.
fn room_for_threads() -> bool {
    let mut room: Vec<u8> = Vec::new();
    let found = room.try_reserve_exact(ROOM).is_ok();
    // What nobody looks at need not be asked for.
    std::hint::black_box(&room);
    found
}

/// The chunks of a batch that are left, and who wants to know.
struct Work<'a> {
    plan: &'a Plan,
    strata: Strata,
    first: u64,
    histories: u64,
    left: &'a [u64],
    threads: usize,
    monitor: &'a dyn Monitor,
    stop: &'a AtomicBool,
    until: Option<Instant>,
}

impl Work<'_> {
    /// Lets the threads take chunks and gives the books and numbers of those that were run. Each thread starts in its own part of the
    /// batch (its own region of the source), so that threads rarely touch the same words.
    fn run<S: Scorer>(&self, scorer: impl Fn(usize) -> S + Sync) -> (Ledger, Vec<u64>) {
        let total = Mutex::new(Ledger::default());
        let (chunks, threads) = (self.left.len() as u64, self.threads as u64);
        let taken: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
        let part = |t: u64| (chunks * t / threads, chunks * (t + 1) / threads);
        let ended =
            || self.stop.load(Relaxed) || self.until.is_some_and(|until| Instant::now() >= until);
        // No more threads than there are chunks.
        let wanted = threads.min(chunks).max(1);
        std::thread::scope(|scope| {
            for t in 0..wanted {
                let (taken, total, scorer, ended) = (&taken, &total, &scorer, &ended);
                let work = move || {
                    let mut ledger = Ledger::default();
                    let mut scorer = scorer(t as usize);
                    let mut stack = Stack::default();
                    // Its own part first, then what is left of the others'.
                    for other in (0..threads).map(|k| (t + k) % threads) {
                        let (low, high) = part(other);
                        // A chunk that is taken is run to its end: what is taken is what is done.
                        while !ended() {
                            let at = low + taken[other as usize].fetch_add(1, Relaxed);
                            if at >= high {
                                break;
                            }
                            let chunk = self.left[at as usize];
                            self.chunk(chunk, &mut scorer, &mut ledger, &mut stack);
                        }
                    }
                    if let Ok(mut sum) = total.lock() {
                        sum.add(&ledger);
                    }
                };
                // The last part stays with this thread. Where the system starts no more threads (`ulimit -u`), this one does what is
                // left of all parts: the words are the same.
                let last = t + 1 == wanted;
                let start = || std::thread::Builder::new().spawn_scoped(scope, work);
                if last || !room_for_threads() || start().is_err() {
                    work();
                    break;
                }
            }
        });
        let of_part = |t: u64| {
            let (low, high) = part(t);
            let end = low + taken[t as usize].load(Relaxed).min(high - low);
            &self.left[low as usize..end as usize]
        };
        let done = (0..threads).flat_map(of_part).copied().collect();
        (total.into_inner().unwrap_or_default(), done)
    }

    fn chunk<S: Scorer>(&self, chunk: u64, scorer: &mut S, ledger: &mut Ledger, stack: &mut Stack) {
        let from = chunk * CHUNK;
        let to = (from + CHUNK).min(self.histories);
        for i in from..to {
            run_history(self.plan, &self.strata, self.first + i, i, scorer, ledger, stack);
        }
        self.monitor.advanced(to - from);
    }
}
