//! Mutated inputs of every kind that the program reads: each gives a value or an error, without a panic, within 5 s and 1 GiB.
//!
//! By default a fixed set of some minutes at most. More, with other seeds:
//! `VOXGRAY_FUZZ_SEED=7 VOXGRAY_FUZZ_COUNT=400000 cargo test --test fuzz -- --nocapture`, with `VOXGRAY_FUZZ_KIND=nifti` for one kind.
//! What fails is kept in `target/fuzz`, one folder for each input.

mod allocator;
#[allow(dead_code, reason = "shared with the tests of the program")]
#[path = "../cli_inputs/mod.rs"]
mod cli_inputs;
mod dicom;
mod elements;
mod mutate;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/objects.rs"]
mod objects;
mod packed;
mod program;
mod rng;
mod shards;
mod texts;
mod volumes;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/writer.rs"]
mod writer;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rng::Rng;

#[global_allocator]
static COUNTING: allocator::Counting = allocator::Counting;

/// Longest time for one input.
const LONGEST: Duration = Duration::from_secs(5);
/// Most memory for one input of less than 1 MB.
const MOST_MEMORY: usize = 1 << 30;
/// Inputs where nothing else is said.
const DEFAULT_COUNT: u64 = 24_000;

/// What is mutated and read.
pub struct Kind {
    pub name: &'static str,
    /// Of so many inputs in all, this many are of this kind.
    pub share: u64,
    pub seeds: Vec<Vec<u8>>,
    pub words: &'static [&'static str],
    pub packing: packed::Packing,
    /// Reads an input: its bytes, and a folder of its own.
    #[allow(clippy::type_complexity, reason = "one place")]
    pub read: Box<dyn Fn(&Path, &[u8]) -> Result<(), String>>,
}

impl Kind {
    fn input(&self, rng: &mut Rng) -> Vec<u8> {
        let seed = rng.of(&self.seeds);
        self.packing.mutate(seed, &self.seeds, self.words, rng)
    }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// How an input failed, or nothing.
fn failure(kind: &Kind, folder: &Path, bytes: &[u8]) -> Option<String> {
    let (start, base) = (Instant::now(), allocator::start());
    let outcome = catch_unwind(AssertUnwindSafe(|| (kind.read)(folder, bytes)));
    let (time, memory) = (start.elapsed(), allocator::peak(base));
    match outcome {
        Err(_) => Some(LAST_PANIC.with(|p| format!("panic: {}", p.borrow()))),
        Ok(Err(why)) => Some(why),
        Ok(Ok(())) if time > LONGEST => Some(format!("{:.1} s", time.as_secs_f64())),
        Ok(Ok(())) if memory > MOST_MEMORY => Some(format!("{} MiB", memory >> 20)),
        Ok(Ok(())) => None,
    }
}

/// Ends the process where an input never comes back; it lies in the folder of the kind then.
fn watch(alive: &'static AtomicU64) {
    std::thread::spawn(move || {
        let mut seen = (alive.load(Relaxed), Instant::now());
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let now = alive.load(Relaxed);
            if now != seen.0 {
                seen = (now, Instant::now());
            } else if now != u64::MAX && seen.1.elapsed() > Duration::from_secs(120) {
                eprintln!("input {now} did not end in 120 s");
                std::process::exit(101);
            }
        }
    });
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|t| t.parse().ok()).unwrap_or(default)
}

fn kept(kind: &str, n: usize, bytes: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    std::fs::create_dir_all(&folder).expect("a folder for failures");
    let path = folder.join(format!("{kind}-{n}-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("writable");
    path
}

/// The checks themselves find what they are for.
fn the_checks_can_fail(folder: &Path) {
    let kind = |read: fn(&Path, &[u8]) -> Result<(), String>| Kind {
        name: "check",
        share: 1,
        seeds: vec![vec![0]],
        words: &[],
        packing: packed::Packing::None,
        read: Box::new(read),
    };
    let fails = |read, part: &str| {
        let found = failure(&kind(read), folder, &[]).expect("a failure");
        assert!(found.contains(part), "{found}");
    };
    fails(|_, _| panic!("on purpose"), "panic: on purpose");
    fails(
        |_, _| {
            std::hint::black_box(Vec::<u8>::with_capacity((1 << 30) + 1));
            Ok(())
        },
        "1024 MiB",
    );
    fails(|_, _| Err("said".into()), "said");
    assert!(failure(&kind(|_, _| Ok(())), folder, &[]).is_none());
}

#[test]
fn mutated_inputs_give_values_or_errors() {
    static ALIVE: AtomicU64 = AtomicU64::new(0);
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text").to_string();
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        LAST_PANIC.with(|p| *p.borrow_mut() = format!("{text} at {at}"));
    }));
    let root = tempfile::tempdir().expect("a folder");
    the_checks_can_fail(root.path());
    let seed: u64 = setting("VOXGRAY_FUZZ_SEED", 1);
    let count: u64 = setting("VOXGRAY_FUZZ_COUNT", DEFAULT_COUNT);
    let only: String = setting("VOXGRAY_FUZZ_KIND", String::new());
    let kinds: Vec<Kind> =
        [dicom::kinds(), volumes::kinds(), texts::kinds(), shards::kinds(), program::kinds()]
            .into_iter()
            .flatten()
            .filter(|k| only.is_empty() || k.name.contains(&only))
            .collect();
    assert!(!kinds.is_empty(), "no kind is called {only}");
    let shares: u64 = kinds.iter().map(|k| k.share).sum();
    watch(&ALIVE);
    let mut failures = Vec::new();
    for (number, kind) in kinds.iter().enumerate() {
        let folder = root.path().join(kind.name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for seed in &kind.seeds {
            if let Some(why) = failure(kind, &folder, seed) {
                failures.push(format!("{}: unmutated: {why}", kind.name));
            }
        }
        let (begun, mut longest) = (Instant::now(), 0.0_f64);
        let inputs = (count * kind.share).div_ceil(shares);
        for n in 0..inputs {
            ALIVE.store(n, Relaxed);
            let mut rng = Rng::new(seed << 40 ^ (number as u64) << 32 ^ n);
            rng.next();
            let bytes = kind.input(&mut rng);
            let started = Instant::now();
            // A busy machine may take long once.
            if let Some(why) =
                failure(kind, &folder, &bytes).and_then(|_| failure(kind, &folder, &bytes))
            {
                if failures.len() < 50 {
                    let path = kept(kind.name, failures.len(), &bytes);
                    println!("{} input {n}: {why}; kept as {}", kind.name, path.display());
                }
                failures.push(format!("{} input {n} of seed {seed}: {why}", kind.name));
            }
            longest = longest.max(started.elapsed().as_secs_f64());
        }
        println!(
            "{:16} {inputs:8} inputs of seed {seed} in {:6.1} s, the longest {longest:.2} s",
            kind.name,
            begun.elapsed().as_secs_f64()
        );
    }
    ALIVE.store(u64::MAX, Relaxed);
    let _ = std::panic::take_hook();
    assert!(
        failures.is_empty(),
        "{} failures: {:#?}",
        failures.len(),
        &failures[..failures.len().min(20)]
    );
}
