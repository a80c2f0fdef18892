//! Doses in shards: run at the same time, killed, missing, of another run; merged they are the study in one run, to the byte.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Patient, STAGES, STUDY, all, contents, ends, said};

fn read(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Patient {
    fn start(&self, shard: &str, out: &str) -> Child {
        let words = ["run", "study.toml", "--shard", shard, "-o", out];
        let mut command = self.command(&words);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn shards(&self, out: &str, of: u32) {
        let all: Vec<Child> = (1..=of).map(|n| self.start(&format!("{n}/{of}"), out)).collect();
        all.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
    }

    /// A merge that is refused: what it says.
    fn unmerged(&self, out: &str, code: i32) -> String {
        let output = self.run(&["run", "study.toml", "--merge", "3", "-o", out]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(!self.path(out).join("dose").exists(), "no dose of a part");
        said(&output)
    }
}

#[test]
fn a_study_in_shards_is_the_study_in_one_run() {
    let patient = Patient::new();
    for route in ["activity", "both", "dose-rate"] {
        // Histograms and BED are those of a map with its error, which the dose-rate route alone has under other names.
        let text = match route {
            "dose-rate" => STUDY[..STUDY.find("[bed]").unwrap()].to_owned(),
            _ => STUDY.to_owned(),
        };
        patient.study(&text.replace("[dose]", &format!("[dose]\nroute = '{route}'")));
        let (whole, parts) = (format!("whole_{route}"), format!("parts_{route}"));
        let plain = ends(&patient.run(&["run", "study.toml", "-o", &whole]));
        let out = patient.path(&parts);
        let told = patient.unmerged(&parts, 3);
        for shard in ["1/3", "2/3", "3/3"] {
            assert!(told.contains(&format!("shard {shard} of dose is not there")), "{told}");
        }
        patient.shards(&parts, 3);
        assert!(
            out.join("shards/2-of-3/dose/shard.voxgray").is_file() && !out.join("dose").exists()
        );
        let merged = patient.run(&["run", "study.toml", "--merge", "3", "-o", &parts]);
        assert_eq!(ends(&merged), plain, "{}", said(&merged));
        let (found, expected) = (contents(&out), contents(&patient.path(&whole)));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        let differing: Vec<_> =
            expected.iter().filter(|(n, b)| found[*n] != **b).map(|(n, _)| n).collect();
        assert!(differing.is_empty(), "{route}: {differing:?}");
        if route == "activity" {
            assert_eq!(plain, all("done", &STAGES));
            assert_eq!(read(&out.join("dose/summary.json"))["timing"]["merged_shards"], 3);
            // It is the dose of the study: nothing is left to do, for anybody.
            assert_eq!(patient.stages(&["run", "study.toml", "-o", &parts]), all("kept", &STAGES));
            let again = patient.run(&["run", "study.toml", "--shard", "2/3", "-o", &parts]);
            assert!(said(&again).contains("no shard is needed"), "{}", said(&again));
        }
        assert!(!out.join("shards").exists(), "{route}");
    }
}

/// Shards of a GPU, merged: the study of the CPU in one run, to the bit on a software device; the summary names what ran the histories.
#[test]
fn shards_of_a_gpu_are_the_study_of_the_cpu() {
    let patient = Patient::new();
    let output = patient.run(&["devices", "--json"]);
    let devices: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = devices["survey"]["devices"].as_array().cloned().unwrap_or_default();
    let Some(device) = all.iter().find(|d| d["refused"].is_null()) else {
        assert!(std::env::var_os("VOXGRAY_REQUIRE_GPU").is_none(), "no adapter: {devices}");
        println!("skipped: no adapter ({})", devices["survey"]["lacking"]);
        return;
    };
    let gpu = format!("gpu:{}", device["number"]);
    let short = &STUDY[..STUDY.find("[bed]").unwrap()];
    for route in ["activity", "dose-rate"] {
        let text = short.replace("[dose]", &format!("[dose]\nroute = '{route}'"));
        patient.study(&text);
        let (whole, parts) = (format!("cpu_{route}"), format!("gpu_{route}"));
        patient.run(&["run", "study.toml", "-o", &whole]);
        patient.study(&text.replace("engine = 'cpu'", &format!("engine = '{gpu}'")));
        for shard in ["1/3", "2/3", "3/3"] {
            assert!(patient.start(shard, &parts).wait().unwrap().success());
        }
        let merged = patient.run(&["run", "study.toml", "--merge", "3", "-o", &parts]);
        assert_eq!(ends(&merged)["dose"], "done", "{}", said(&merged));
        let summary = |out: &str| read(&patient.path(out).join("dose/summary.json"));
        assert_eq!(summary(&whole)["timing"]["engine"]["name"], "cpu");
        let engine = summary(&parts)["timing"]["engine"].clone();
        assert_eq!(engine["name"], "gpu");
        let name = engine["devices"][0]["name"].as_str().unwrap();
        assert!(name.contains(device["name"].as_str().unwrap()), "{name} of {device}");
        if device["kind"] != "software" {
            continue;
        }
        let (found, expected) = (contents(&patient.path(&parts)), contents(&patient.path(&whole)));
        let maps: Vec<&String> = expected.keys().filter(|n| n.ends_with(".nii.gz")).collect();
        assert!(maps.len() > 3, "{maps:?}");
        for name in maps.into_iter().chain([&"dose/vois.csv".to_owned()]) {
            assert!(found.get(name) == expected.get(name), "{route}: {name}");
        }
    }
}

#[test]
fn shards_that_are_missing_or_of_another_study_are_refused() {
    let patient = Patient::new();
    for shard in ["1/3", "3/3"] {
        assert!(patient.start(shard, "out").wait().unwrap().success());
    }
    let told = patient.unmerged("out", 3);
    assert!(told.contains("shard 2/3 of dose is not there") && !told.contains("1/3 of"), "{told}");
    assert!(told.contains("voxgray run study.toml --shard 2/3"), "{told}");
    // One of other options, in the place of that which is missing.
    patient.study(&STUDY.replace("histories = 2000", "histories = 2000\nseed = 2"));
    assert!(patient.start("2/3", "out").wait().unwrap().success());
    for text in [STUDY.to_owned(), STUDY.replace("histories = 2000", "histories = 2000\nseed = 2")]
    {
        patient.study(&text);
        let told = patient.unmerged("out", 3);
        assert!(told.contains("setup.seed") && told.contains("2-of-3"), "{told}");
    }
    // An image that has changed since.
    patient.study(STUDY);
    patient.shards("out", 3);
    patient.activity("a24.nii.gz", 24.0, 40.0);
    let told = patient.unmerged("out", 3);
    assert!(told.contains("is a shard of another run") && told.contains("setup.inputs"), "{told}");
    // Made again, they replace those that were there.
    patient.shards("out", 3);
    let merged = patient.stages(&["run", "study.toml", "--merge", "3", "-o", "out"]);
    assert_eq!(merged, all("done", &STAGES));
    // What cannot be shared out says so.
    patient.study(&STUDY.replace("histories = 2000", "target_uncertainty = '5%'"));
    let output = patient.run(&["run", "study.toml", "--shard", "1/3", "-o", "goal"]);
    assert!(
        said(&output).contains("--target-uncertainty is given with --shard"),
        "{}",
        said(&output)
    );
    // The shards of several time points are no dose by themselves.
    patient.study(STUDY);
    patient.shards("alone", 2);
    let shards = [1, 2].map(|n| format!("alone/shards/{n}-of-2/dose"));
    let output = patient.run(&["merge", "merged", &shards[0], &shards[1]]);
    assert!(said(&output).contains("--from-shards"), "{}", said(&output));
    assert!(!patient.path("merged").exists());
}

#[cfg(unix)]
#[test]
fn a_shard_that_is_killed_goes_on_to_the_same_bytes() {
    let patient = Patient::new();
    let text = STUDY.replace("histories = 2000", "histories = 300000\ncheckpoint_every = '0.02s'");
    patient.study(&text);
    patient.stages(&["run", "study.toml", "-o", "whole"]);
    let mut others: Vec<Child> = [1, 3].map(|n| patient.start(&format!("{n}/3"), "out")).into();
    let mut child = patient.start("2/3", "out");
    let checkpoint = patient.path("out/shards/2-of-3/.dose.partial/checkpoint_dose.voxgray");
    while !checkpoint.is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first checkpoint");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    others.iter_mut().for_each(|other| assert!(other.wait().unwrap().success()));
    assert!(patient.unmerged("out", 3).contains("shard 2/3 of dose is not there"));
    let output = patient.run(&["run", "study.toml", "--shard", "2/3", "-o", "out"]);
    assert!(
        output.status.success() && said(&output).contains("going on after"),
        "{}",
        said(&output)
    );
    patient.stages(&["run", "study.toml", "--merge", "3", "-o", "out"]);
    let (found, expected) = (contents(&patient.path("out")), contents(&patient.path("whole")));
    assert!(found == expected, "{:?} {:?}", found.keys(), expected.keys());
}
