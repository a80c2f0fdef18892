//! Runs that are killed at random moments and go on: the bits of the run that was never stopped.
//!
//! `VOXGRAY_KILLS=100 cargo test --test kept killed -- --nocapture` kills a hundred; without it there are ten. `VOXGRAY_KILLS_ENGINE=gpu`
//! does it on a GPU, `VOXGRAY_KILLS_SEED=2` at other moments.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::cli_inputs::{BASE, Inputs, WITH_VOIS, block, grid, json, stderr, succeed};
use super::{ELECTRONS, differing};

/// Numbers between 0 and 1 (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
}

/// A kind of run, and the folder and time of one that was never stopped.
struct Kind {
    name: &'static str,
    options: Vec<&'static str>,
    seconds: f64,
}

fn series(inputs: &Inputs) {
    let mut text =
        String::from("version = 1\nrelative_uncertainty = 0.05\ndecay_correction = 'none'\n");
    for (n, (hours, activity)) in [(4, 1e6), (24, 8e5), (96, 3e5)].into_iter().enumerate() {
        inputs.write(&format!("a{n}.mha"), &block(&grid(), activity, 1e4));
        text += &format!("[[time_point]]\ntime = '{hours}h'\nactivity = 'a{n}.mha'\n");
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
}

/// `BASE` without its histories.
fn single(more: &[&'static str]) -> Vec<&'static str> {
    [&BASE[..9], &ELECTRONS[..], more].concat()
}

fn kinds() -> Vec<Kind> {
    let kind = |name, options| Kind { name, options, seconds: 0.0 };
    let of_series = |more: &[&'static str]| {
        [&WITH_VOIS[..], &["--activity", "series.toml", "--threads", "2"], more].concat()
    };
    vec![
        kind("many batches", single(&["--histories", "150000", "--batches", "100"])),
        kind("two long batches", single(&["--histories", "150000", "--batches", "2"])),
        kind(
            "a goal",
            single(&[
                "--target-uncertainty",
                "0.5%",
                "--target-voi",
                "1",
                "--batches",
                "4000",
                "--histories",
                "4e6",
            ]),
        ),
        kind(
            "VOIs that overlap",
            single(&["--histories", "150000", "--batches", "100", "--voi", "inner.mha"]),
        ),
        kind(
            "a goal of voxels",
            single(&["--target-uncertainty", "1%", "--batches", "4000", "--histories", "4e6"]),
        ),
        kind("a shard", single(&["--histories", "300000", "--batches", "11", "--shard", "2/2"])),
        kind(
            "both routes",
            of_series(&["--histories", "60000", "--route", "both", "--batches", "12"]),
        ),
        kind(
            "dose rates",
            of_series(&["--histories", "60000", "--route", "dose-rate", "--batches", "3"]),
        ),
    ]
}

fn options<'a>(kind: &Kind, more: &[&'a str]) -> Vec<&'a str> {
    [&kind.options[..], &["--checkpoint-every", "0.05s"], more].concat()
}

/// On another engine than the CPU, if one is asked for.
fn on<'a>(options: Vec<&'a str>, engine: &'a str) -> Vec<&'a str> {
    options.into_iter().map(|o| if o == "cpu" { engine } else { o }).collect()
}

/// The signal that ends a run: mostly the one that nobody can catch.
fn signal(n: usize) -> &'static str {
    ["-KILL", "-KILL", "-INT", "-KILL", "-TERM"][n % 5]
}

/// Kills a run after a while. Whether it was still running, and whether it had a checkpoint.
fn kill(inputs: &Inputs, options: &[&str], after: f64, signal: &str, out: &str) -> [bool; 2] {
    let mut command = inputs.command(options);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs_f64(after));
    let ran = child.try_wait().unwrap().is_none();
    if ran {
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    }
    child.wait().unwrap();
    let in_folder = |folder: &Path| {
        std::fs::read_dir(folder).is_ok_and(|mut entries| {
            entries.any(|e| e.unwrap().file_name().to_string_lossy().starts_with("checkpoint"))
        })
    };
    let hidden = inputs.path(&format!(".{out}.partial"));
    [ran, in_folder(&hidden) || in_folder(&inputs.path(out))]
}

#[test]
fn killed_runs_go_on_to_the_bits_of_one_that_was_never_stopped() {
    let kills: usize = std::env::var("VOXGRAY_KILLS").map_or(10, |n| n.parse().unwrap());
    let seed = std::env::var("VOXGRAY_KILLS_SEED").map_or(1, |n| n.parse().unwrap());
    let engine = std::env::var("VOXGRAY_KILLS_ENGINE").unwrap_or_else(|_| "cpu".into());
    let inputs = Inputs::new();
    series(&inputs);
    inputs.write("inner.mha", &block(&grid(), 1.0, 0.0));
    let mut kinds = kinds();
    for (n, kind) in kinds.iter_mut().enumerate() {
        let since = Instant::now();
        let whole = format!("whole{n}");
        succeed(&inputs.run(&on(options(kind, &["-o", &whole]), &engine)));
        kind.seconds = since.elapsed().as_secs_f64();
    }
    let mut random = Random(seed);
    let (mut running, mut resumed, mut same) = (0, 0, 0);
    for n in 0..kills {
        let which = n % kinds.len();
        let kind = &kinds[which];
        let out = format!("out{n}");
        let place = on(options(kind, &["-o", &out]), &engine);
        let mut found = kill(&inputs, &place, random.next() * kind.seconds, signal(n), &out);
        // Some are killed once more on their way.
        if n % 4 == 3 {
            let again = [&place[..], &["--resume"]].concat();
            let after = random.next() * kind.seconds;
            let more = kill(&inputs, &again, after, signal(n / 4), &out);
            found = [found[0] || more[0], found[1] || more[1]];
        }
        let output = inputs.run(&[&place[..], &["--resume"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}: {}", kind.name, stderr(&output));
        let whole = inputs.path(&format!("whole{which}"));
        let differing = differing(&whole, &inputs.path(&out));
        assert!(differing.is_empty(), "kill {n}, {}: {differing:?} differ", kind.name);
        let left: Vec<String> = inputs.made().into_iter().filter(|m| m.starts_with('.')).collect();
        assert!(left.is_empty(), "kill {n}, {}: {left:?} are left", kind.name);
        running += usize::from(found[0]);
        resumed += usize::from(stderr(&output).contains("going on after"));
        same += 1;
        std::fs::remove_dir_all(inputs.path(&out)).unwrap();
    }
    println!(
        "{kills} kills, {running} of runs that were still going, {resumed} gone on from a checkpoint: {same} with the bits of the whole"
    );
    assert!(kills < 10 || resumed > 0, "no run had come as far as a checkpoint");
}

fn interrupted(inputs: &Inputs, options: &[&str], checkpoint: &str) {
    let mut command = inputs.command(options);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !inputs.path(checkpoint).is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Before the first batch ends there is no result, and nothing that looks like one; what was run is kept all the same.
#[test]
fn the_first_batch_goes_on_too() {
    let inputs = Inputs::new();
    let kind = Kind {
        name: "one batch",
        options: single(&["--histories", "300000", "--batches", "1"]),
        seconds: 0.0,
    };
    let options = options(&kind, &["-o", "out"]);
    interrupted(&inputs, &options, ".out.partial/checkpoint_dose.voxgray");
    assert_eq!(inputs.made(), [".out.partial"]);
    let there = std::fs::read_dir(inputs.path(".out.partial")).unwrap();
    let mut there: Vec<_> = there.map(|e| e.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["checkpoint_dose.voxgray", "voxgray-files.json"]);
    let output = inputs.run(&[&options[..], &["--resume"]].concat());
    succeed(&output);
    assert!(
        stderr(&output).contains("after 0 batches and a part of one more"),
        "{}",
        stderr(&output)
    );
    let whole: Vec<_> = options.iter().map(|o| if *o == "out" { "whole" } else { o }).collect();
    succeed(&inputs.run(&whole));
    assert_eq!(differing(&inputs.path("out"), &inputs.path("whole")), Vec::<String>::new());
}

#[test]
fn only_the_same_run_goes_on() {
    let inputs = Inputs::new();
    let run = |more: &[&'static str]| {
        let given = ["--histories", "300000", "--batches", "30", "--checkpoint-every", "0.05s"];
        single(&[&given[..], &["-o", "out"], more].concat())
    };
    interrupted(&inputs, &run(&[]), ".out.partial/checkpoint_dose.voxgray");
    assert!(inputs.path("out/checkpoint_dose.voxgray").is_file());
    let batches = |folder: &str| {
        json(&inputs.path(folder).join("summary.json"))["run"]["batches"].as_u64().unwrap()
    };
    let before = batches("out");
    let replaced = |from: &str, to: &'static str| -> Vec<&'static str> {
        run(&["--resume"]).into_iter().map(|o| if o == from { to } else { o }).collect()
    };
    inputs.write("activity2.mha", &block(&grid(), 2e6, 0.0));
    inputs.write("voi2.mha", &block(&grid(), 2.0, 1.0));
    let others = [
        (run(&["--resume", "--seed", "2"]), "the plan"),
        (replaced("30", "31"), "batches"),
        (replaced("activity.mha", "activity2.mha"), "setup.inputs.activity.sha256"),
        (replaced("voi.mha", "voi2.mha"), "setup.inputs.voi.sha256"),
        (run(&["--resume", "--shard", "1/2"]), "shard 1/1 and 1/2"),
    ];
    for (other, word) in others {
        let output = inputs.run(&other);
        assert_eq!(output.status.code(), Some(3), "{word}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{word}: {}", stderr(&output));
        assert_eq!(batches("out"), before);
        assert_eq!(inputs.made(), ["out"]);
    }
    // Without --resume or --overwrite it is not touched.
    assert_eq!(inputs.run(&run(&[])).status.code(), Some(4));
    // Other names of the same files, other threads, are the same run.
    std::fs::copy(inputs.path("activity.mha"), inputs.path("same.mha")).unwrap();
    let again: Vec<_> = replaced("activity.mha", "same.mha");
    let again: Vec<_> = again.into_iter().map(|o| if o == "1" { "2" } else { o }).collect();
    let output = inputs.run(&again);
    succeed(&output);
    assert!(stderr(&output).contains("going on after"), "{}", stderr(&output));
    assert_eq!(batches("out"), 30);
    assert!(!inputs.path("out/checkpoint_dose.voxgray").exists());
    // Once more: it says that it is done, and is done at once.
    let summary = std::fs::read(inputs.path("out/summary.json")).unwrap();
    let output = inputs.run(&run(&["--resume"]));
    succeed(&output);
    assert!(stderr(&output).contains("nothing is left to do"), "{}", stderr(&output));
    assert_eq!(std::fs::read(inputs.path("out/summary.json")).unwrap(), summary);
    let output = inputs.run(&run(&["--resume", "--seed", "2"]));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("whole result of another run"), "{}", stderr(&output));
    assert_eq!(std::fs::read(inputs.path("out/summary.json")).unwrap(), summary);
    // A checkpoint that was damaged is told.
    std::fs::create_dir(inputs.path(".new.partial")).unwrap();
    let place: Vec<_> =
        run(&["--resume"]).iter().map(|o| if *o == "out" { "new" } else { o }).collect();
    std::fs::copy(
        inputs.path("out/voxgray-files.json"),
        inputs.path(".new.partial/voxgray-files.json"),
    )
    .unwrap();
    std::fs::write(inputs.path(".new.partial/checkpoint_dose.voxgray"), "voxgray checkpoint 3\n12")
        .unwrap();
    let output = inputs.run(&place);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("checkpoint_dose.voxgray"), "{}", stderr(&output));
}
