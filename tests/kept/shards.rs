//! Shards of other programs, engines, formats and runs; shards that are missing.

use std::path::PathBuf;

use voxgray::transport::shard::{Shard, read_shard, write_shard};

use super::ELECTRONS;
use super::cli_inputs::{Inputs, json, stderr, succeed, with};

fn parts(inputs: &Inputs, of: u32) {
    for n in 1..=of {
        let (shard, out) = (format!("{n}/{of}"), format!("part{n}"));
        let more = ["--batches", "7", "--shard", &shard, "-o", &out];
        succeed(&inputs.run(&with(&[&ELECTRONS[..], &more[..]].concat())));
    }
}

/// The second shard, changed.
fn changed(inputs: &Inputs, change: impl Fn(&mut Shard)) {
    let mut shard = read_shard(&inputs.path("part2/shard.voxgray")).unwrap();
    change(&mut shard);
    write_shard(&inputs.path("other.voxgray"), &shard).unwrap();
}

#[test]
fn shards_of_another_program_are_refused_with_what_differs() {
    let inputs = Inputs::new();
    parts(&inputs, 3);
    type Change = fn(&mut Shard);
    let changes: [(Change, &str); 6] = [
        (|s| s.signature.program.version = "0.2.0".into(), "and 0.2.0"),
        (|s| s.signature.program.source_sha256 = "0".repeat(64), "source code"),
        (|s| s.signature.program.tables_sha256 = "0".repeat(64), "tables"),
        (|s| s.signature.plan_sha256 = "0".repeat(64), "the plan"),
        (|s| s.signature.batches = 8, "8 batches"),
        (
            |s| {
                s.context =
                    s.context.replace("electron:0.5MeV", "x").replace("\"seed\":1", "\"seed\":2")
            },
            "setup.",
        ),
    ];
    for (change, word) in changes {
        changed(&inputs, change);
        let output = inputs.run(&["merge", "out", "part1", "other.voxgray", "part3"]);
        assert_eq!(output.status.code(), Some(3), "{word}: {}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains("other.voxgray") && said.contains(word), "{word}: {said}");
        assert!(!inputs.path("out").exists());
    }
    // Engines are mixed only where that is asked for; a revision of the same source is the same program.
    changed(&inputs, |s| s.signature.engine.kind = "gpu".into());
    let shards = ["merge", "out", "part1", "other.voxgray", "part3"];
    let output = inputs.run(&shards);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cpu and gpu"), "{}", stderr(&output));
    succeed(&inputs.run(&[&shards[..], &["--mix-engines"]].concat()));
    changed(&inputs, |s| s.signature.program.revision = Some("abc".into()));
    succeed(&inputs.run(&[&shards[..], &["--overwrite"]].concat()));
    let build = &json(&inputs.path("out/summary.json"))["build"];
    assert_eq!(build["source_sha256"].as_str().map(str::len), Some(64), "{build}");
}

/// Two shards of one run by two versions, of an older format, which did not name its version: merged, their doses lay between those of
/// both.
#[test]
fn shards_of_an_older_format_are_refused() {
    let inputs = Inputs::new();
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/shards");
    let path = |n: u32| cases.join(format!("format2_{n}.voxgray")).display().to_string();
    let output = inputs.run(&["merge", "out", &path(1), &path(2)]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("its format is 2"), "{}", stderr(&output));
    assert!(inputs.made().is_empty());
}

#[test]
fn missing_shards_are_named_and_have_to_be_asked_for() {
    let inputs = Inputs::new();
    parts(&inputs, 3);
    let output = inputs.run(&["merge", "out", "part1", "part3"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.contains("2 of 7 batches are missing"), "{said}");
    assert!(said.contains("shard 2/3 is not given") && said.contains("--allow-missing"), "{said}");
    assert!(!inputs.path("out").exists());
    let output = inputs.run(&["merge", "out", "part1", "part3", "--allow-missing"]);
    succeed(&output);
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["partial"], true);
    assert!(summary["warnings"].to_string().contains("shard 2/3"), "{}", summary["warnings"]);
    assert!(inputs.path("out/dose_rate_partial.nii.gz").is_file());
    succeed(&inputs.run(&["merge", "all", "part3", "part2", "part1"]));
    assert_eq!(json(&inputs.path("all/summary.json"))["partial"], false);
}

/// The run's own command takes its shards in place of its histories: the files are those of a merge and of one run.
#[test]
fn a_run_from_its_shards_is_the_run() {
    let inputs = Inputs::new();
    parts(&inputs, 3);
    fn line<'a>(more: &[&'a str]) -> Vec<&'a str> {
        with(&[&ELECTRONS[..], &["--batches", "7"], more].concat())
    }
    succeed(&inputs.run(&line(&["-o", "whole"])));
    succeed(&inputs.run(&["merge", "merged", "part1", "part2", "part3"]));
    succeed(&inputs.run(&line(&["-o", "taken", "--from-shards", "part3", "part1", "part2"])));
    let summary = |out: &str| {
        let mut summary = json(&inputs.path(&format!("{out}/summary.json")));
        assert_eq!(summary["timing"]["merged_shards"], if out == "whole" { 0 } else { 3 });
        summary.as_object_mut().unwrap().remove("timing");
        summary
    };
    assert_eq!(summary("taken"), summary("whole"));
    for entry in std::fs::read_dir(inputs.path("whole")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let read = |out: &str| std::fs::read(inputs.path(out).join(&name)).unwrap();
        if !name.ends_with(".json") {
            assert!(read("taken") == read("whole") && read("merged") == read("whole"), "{name}");
        }
    }
    for (more, word) in [
        (&["-o", "x", "--from-shards", "part1", "part3"][..], "shard 2/3 is not given"),
        (&["-o", "x", "--from-shards", "part1", "part1", "part2"], "is in two shards"),
        (&["-o", "x", "--seed", "2", "--from-shards", "part1", "part2", "part3"], "another run"),
        (&["-o", "x", "--from-shards", "part1", "none", "part3"], "none"),
        (&["-o", "x", "--resume", "--from-shards", "part1"], "cannot be used with"),
    ] {
        let output = inputs.run(&line(more));
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(word), "{word}: {said}");
        assert!(!inputs.path("x").exists());
    }
}
