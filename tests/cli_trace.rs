//! `voxgray trace` tells what a run did: its deposits add up to the run's tally, to the bit.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use voxgray::image::{Grid, Volume};
use voxgray::io::write_metaimage;
use voxgray::job::{ActivityInput, Job, MaterialNames, MatterInput, SourceChoice};
use voxgray::pipeline::{Observer, prepare};
use voxgray::transport::engine::EngineChoice;
use voxgray::transport::run::{Monitor, run};
use voxgray::transport::settings::Settings;
use voxgray::transport::trace::trace;

const HISTORIES: u64 = 60;

struct Silent;
impl Observer for Silent {}
impl Monitor for Silent {}

/// A box of water with activity in one half.
fn inputs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let grid = Grid::aligned([6; 3], [-10.0; 3], [4.0; 3]);
    let write = |name: &str, value: fn(usize) -> f32| {
        let volume = Volume::new(grid.clone(), (0..grid.len()).map(value).collect()).unwrap();
        write_metaimage(&folder.path().join(name), &volume).unwrap();
    };
    write("density.mha", |_| 1.0);
    write("labels.mha", |_| 0.0);
    write("activity.mha", |n| if n < 108 { 1e6 } else { 0.0 });
    folder
}

fn job(folder: &Path) -> Job {
    let matter = MatterInput::Maps {
        density: folder.join("density.mha"),
        materials: folder.join("labels.mha"),
        names: MaterialNames::BuiltIn(vec!["water".into()]),
    };
    let activity = ActivityInput::of(folder.join("activity.mha"));
    let source = SourceChoice::Nuclide { name: "Lu-177".into(), horizon_s: None, retained: 1.0 };
    Job {
        histories: HISTORIES,
        batches: Some(4),
        engine: EngineChoice::Cpu,
        threads: 1,
        transport: Settings { seed: 5, ..Settings::default() },
        ..Job::new(matter, activity, source, folder.join("out"))
    }
}

#[test]
fn traces_of_all_histories_add_up_to_the_run() {
    let inputs = inputs();
    let ready = prepare(&job(inputs.path()), &Silent).unwrap();
    let per_batch = ready.settings.histories_per_batch;
    let stop = AtomicBool::new(false);
    let tally = run(&ready.plan, &ready.settings, &[], 0, &Silent, &stop).unwrap().tally;
    assert_eq!(tally.histories(), HISTORIES);

    let of_run = &tally.by_origin().expect("by origin").sums;
    let mut sums = of_run.each_ref().map(|s| s.as_ref().map(|s| vec![0_u64; s.len()]));
    let mut imparted = 0;
    for history in 0..HISTORIES {
        let told = trace(&ready.plan, history, per_batch);
        assert_eq!(u64::from(told.batch), history / per_batch);
        for deposit in told.deposits() {
            let sums = sums[deposit.origin as usize].as_mut().expect("an origin in use");
            sums[deposit.cell] += deposit.units();
        }
        imparted += told.ledger.imparted_units;
    }
    assert!(of_run.iter().flatten().flatten().any(|u| *u > 0));
    assert_eq!(&sums, of_run);
    assert_eq!(imparted, tally.ledger.imparted_units);
}

#[test]
fn the_command_prints_the_trace_of_the_same_run() {
    let inputs = inputs();
    let ready = prepare(&job(inputs.path()), &Silent).unwrap();
    let expected = trace(&ready.plan, 37, ready.settings.histories_per_batch).table(&ready.plan);
    let options = [
        ["--density", "density.mha"],
        ["--materials", "labels.mha"],
        ["--material-names", "water"],
        ["--activity", "activity.mha"],
        ["--nuclide", "Lu-177"],
        ["--histories", "60"],
        ["--batches", "4"],
        ["--seed", "5"],
    ]
    .concat();
    let command = |history| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
        command.current_dir(inputs.path()).args(["trace", "--history", history]).args(&options);
        command.output().unwrap()
    };
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let output = command("37");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(expected.starts_with("history 37 (batch 2)") && expected.contains("deposit"));

    let beyond = command("60");
    assert_eq!(beyond.status.code(), Some(2), "{}", stderr(&beyond));
    assert!(stderr(&beyond).contains("60 histories"), "{}", stderr(&beyond));
    assert_eq!(std::fs::read_dir(inputs.path()).unwrap().count(), 3, "only the inputs");
}
