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
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/dose_objects.rs"]
mod dose_objects;
mod elements;
mod mutate;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/objects.rs"]
mod objects;
mod packed;
mod program;
#[path = "../regions/objects.rs"]
mod region_objects;
mod regions;
mod rng;
mod shards;
mod texts;
mod transforms;
mod volumes;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "../dicom/writer.rs"]
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
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
    /// Whether some of the seeds are refused as they are.
    pub refuses_some: bool,
    /// Reads an input: its bytes, and a folder of its own. True if it gave a value.
    #[allow(clippy::type_complexity, reason = "one place")]
    pub read: Box<dyn Fn(&Path, &[u8]) -> Result<bool, String>>,
}

impl Kind {
    fn input(&self, rng: &mut Rng) -> Vec<u8> {
        let seed = rng.of(&self.seeds);
        self.packing.mutate(seed, &self.seeds, self.words, rng)
    }
}

/// Panics, those that were caught inside among them.
static PANICS: AtomicU64 = AtomicU64::new(0);
/// What the last panic said: readers may have threads.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// How an input failed, or nothing.
/// Whether it gave a value where it did not fail.
fn outcome(kind: &Kind, folder: &Path, bytes: &[u8]) -> Result<bool, String> {
    let (start, base) = (Instant::now(), allocator::start());
    let outcome = catch_unwind(AssertUnwindSafe(|| (kind.read)(folder, bytes)));
    let (time, memory) = (start.elapsed(), allocator::peak(base));
    match outcome {
        Err(_) => Err(format!("panic: {}", LAST_PANIC.lock().expect("a text"))),
        Ok(Err(why)) => Err(why),
        Ok(Ok(_)) if time > LONGEST => Err(format!("{:.1} s", time.as_secs_f64())),
        Ok(Ok(_)) if memory > MOST_MEMORY => Err(format!("{} MiB", memory >> 20)),
        Ok(Ok(value)) => Ok(value),
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
    let kind = |read: fn(&Path, &[u8]) -> Result<bool, String>| Kind {
        name: "check",
        share: 1,
        seeds: vec![vec![0]],
        words: &[],
        packing: packed::Packing::None,
        refuses_some: false,
        read: Box::new(read),
    };
    let fails = |read, part: &str| {
        let found = outcome(&kind(read), folder, &[]).expect_err("a failure");
        assert!(found.contains(part), "{found}");
    };
    fails(|_, _| panic!("on purpose"), "panic: on purpose");
    fails(
        |_, _| {
            std::hint::black_box(Vec::<u8>::with_capacity((1 << 30) + 1));
            Ok(true)
        },
        "1024 MiB",
    );
    fails(|_, _| Err("said".into()), "said");
    assert_eq!(outcome(&kind(|_, _| Ok(true)), folder, &[]), Ok(true));
}

#[test]
fn mutated_inputs_give_values_or_errors() {
    static ALIVE: AtomicU64 = AtomicU64::new(0);
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("no text").to_string();
        PANICS.fetch_add(1, Relaxed);
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = format!("{text} at {at}");
        }
    }));
    let root = tempfile::tempdir().expect("a folder");
    the_checks_can_fail(root.path());
    let seed: u64 = setting("VOXGRAY_FUZZ_SEED", 1);
    let count: u64 = setting("VOXGRAY_FUZZ_COUNT", DEFAULT_COUNT);
    let only: String = setting("VOXGRAY_FUZZ_KIND", String::new());
    let kinds: Vec<Kind> = [
        dicom::kinds(),
        volumes::kinds(),
        regions::kinds(),
        texts::kinds(),
        transforms::kinds(),
        shards::kinds(),
        program::kinds(),
    ]
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
        for (n, seed) in kind.seeds.iter().enumerate() {
            // What is refused as it is would be refused for the same reason whatever is changed.
            match outcome(kind, &folder, seed) {
                Ok(true) => {}
                Ok(false) if kind.refuses_some => {}
                Ok(false) => failures.push(format!("{}: seed {n} gives no value", kind.name)),
                Err(why) => failures.push(format!("{}: seed {n}: {why}", kind.name)),
            }
        }
        PANICS.store(0, Relaxed);
        let (begun, mut longest, mut values) = (Instant::now(), 0.0_f64, 0_u64);
        let inputs = (count * kind.share).div_ceil(shares);
        for n in 0..inputs {
            ALIVE.store(n, Relaxed);
            let mut rng = Rng::new(seed << 40 ^ (number as u64) << 32 ^ n);
            rng.next();
            let bytes = kind.input(&mut rng);
            let started = Instant::now();
            // A busy machine may take long once.
            match outcome(kind, &folder, &bytes).or_else(|_| outcome(kind, &folder, &bytes)) {
                Ok(value) => values += u64::from(value),
                Err(why) => {
                    if failures.len() < 50 {
                        let path = kept(kind.name, failures.len(), &bytes);
                        println!("{} input {n}: {why}; kept as {}", kind.name, path.display());
                    }
                    failures.push(format!("{} input {n} of seed {seed}: {why}", kind.name));
                }
            }
            longest = longest.max(started.elapsed().as_secs_f64());
        }
        if PANICS.load(Relaxed) > 0 {
            let last = LAST_PANIC.lock().expect("a text");
            println!("{}: {} panics, the last: {last}", kind.name, PANICS.load(Relaxed));
        }
        println!(
            "{:22}{inputs:8} inputs of seed {seed}, {values:7} with a value, in {:6.1} s, the longest {longest:.2} s",
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
