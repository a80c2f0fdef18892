//! Engines on the command line: which is used, what is said where there is none, and that both give the same.

mod cli_inputs;

use cli_inputs::{Inputs, json, stderr, succeed, with};
use serde_json::Value;

/// What the driver loader is told, so that no adapter is found.
const NO_DRIVER: [(&str, &str); 2] =
    [("VK_DRIVER_FILES", "no-driver.json"), ("VK_ICD_FILENAMES", "no-driver.json")];

const ELECTRON: [&str; 2] = ["--source", "electron:0.5MeV"];

fn without_adapter(inputs: &Inputs, arguments: &[&str]) -> std::process::Output {
    inputs.command(arguments).envs(NO_DRIVER).output().unwrap()
}

fn devices(inputs: &Inputs) -> Value {
    let output = inputs.run(&["devices", "--json"]);
    succeed(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The first adapter that can be used and whether it is a software device; says so where there is none.
fn adapter(inputs: &Inputs) -> Option<(String, bool)> {
    let devices = devices(inputs);
    let all = devices["survey"]["devices"].as_array().unwrap();
    let usable = all.iter().find(|d| d["refused"].is_null());
    if usable.is_none() {
        assert!(std::env::var_os("VOXGRAY_REQUIRE_GPU").is_none(), "no adapter: {devices}");
        println!("skipped: no adapter ({})", devices["survey"]["lacking"]);
    }
    usable.map(|d| (format!("gpu:{}", d["number"]), d["kind"] == "software"))
}

fn summary(inputs: &Inputs, folder: &str) -> Value {
    json(&inputs.path(folder).join("summary.json"))
}

#[test]
fn without_an_adapter_auto_says_so_and_uses_the_cpu() {
    let inputs = Inputs::new();
    let output = without_adapter(&inputs, &with(&[&ELECTRON[..], &["-o", "out"]].concat()));
    succeed(&output);
    let said = stderr(&output);
    let line = said.lines().find(|l| l.starts_with("engine CPU")).unwrap_or_default();
    let reason = if cfg!(feature = "gpu") { "no GPU was found" } else { "without its GPU engine" };
    assert!(line.contains(reason), "{said}");
    assert_eq!(summary(&inputs, "out")["timing"]["engine"]["name"], "cpu");
}

#[test]
fn without_an_adapter_gpu_fails_before_anything_is_read() {
    let inputs = Inputs::new();
    std::fs::remove_file(inputs.path("density.mha")).unwrap();
    let arguments = with(&[&ELECTRON[..], &["--engine", "gpu", "-o", "out"]].concat());
    let output = without_adapter(&inputs, &arguments);
    let said = stderr(&output);
    if cfg!(feature = "gpu") {
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("no GPU was found") && said.contains("--engine cpu"), "{said}");
    } else {
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
    assert!(inputs.made().is_empty(), "{:?}", inputs.made());
}

#[test]
fn devices_end_well_without_an_adapter() {
    let inputs = Inputs::new();
    let output = without_adapter(&inputs, &["devices"]);
    succeed(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("no GPU: ") && text.contains("auto uses the CPU: "), "{text}");
    let output = without_adapter(&inputs, &["devices", "--json"]);
    succeed(&output);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["auto"], "cpu");
    assert_eq!(value["survey"]["devices"].as_array().map(Vec::len), Some(0));
    assert!(value["survey"]["lacking"].is_string());
}

#[test]
fn engines_that_do_not_exist_are_refused() {
    let inputs = Inputs::new();
    for wrong in ["cuda", "gpu:", "gpu:x"] {
        let output =
            inputs.run(&with(&[&ELECTRON[..], &["--engine", wrong, "-o", "out"]].concat()));
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    if adapter(&inputs).is_some() {
        let arguments = with(&[&ELECTRON[..], &["--engine", "gpu:99", "-o", "out"]].concat());
        let output = inputs.run(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("voxgray devices"), "{}", stderr(&output));
    }
    assert!(inputs.made().is_empty());
}

#[test]
fn an_adapter_is_listed_with_its_limits() {
    let inputs = Inputs::new();
    let Some((name, _)) = adapter(&inputs) else { return };
    let output = inputs.run(&["devices"]);
    succeed(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        [name.as_str(), "backend", "driver", "largest binding", "usable           yes", "auto uses"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The whole path: a goal of a VOI, maps, summary. On a software device every bit is the CPU's.
#[test]
fn a_gpu_gives_what_the_cpu_gives() {
    let inputs = Inputs::new();
    let Some((gpu, software)) = adapter(&inputs) else { return };
    let common = ["--voi", "voi.mha", "--voi-names", "names.csv", "--nuclide", "Lu-177"];
    let goal = ["--target-uncertainty", "20%", "--target-voi", "core", "--batches", "40"];
    for (out, engine) in [("cpu", "cpu"), ("gpu", gpu.as_str())] {
        for (kind, more) in [("all", &[][..]), ("goal", &goal[..])] {
            let out = format!("{out}_{kind}");
            let place = ["--engine", engine, "-o", &out];
            let output = inputs.run(&with(&[&common[..], more, &place[..]].concat()));
            succeed(&output);
            assert!(stderr(&output).contains("engine "), "{}", stderr(&output));
        }
    }
    let engine = summary(&inputs, "gpu_all")["timing"]["engine"].clone();
    assert_eq!(engine["name"], "gpu");
    let device = &engine["devices"][0];
    for key in ["name", "kind", "backend", "driver"] {
        assert!(device[key].as_str().is_some_and(|t| !t.is_empty()), "{key}: {engine}");
    }
    let result = |folder: &str| {
        let mut summary = summary(&inputs, folder);
        summary.as_object_mut().unwrap().remove("timing").unwrap();
        summary
    };
    for kind in ["all", "goal"] {
        let [cpu, gpu] = ["cpu", "gpu"].map(|e| result(&format!("{e}_{kind}")));
        assert_eq!(gpu["partial"], false);
        assert!(gpu["run"]["batches"].as_u64().unwrap() >= 10);
        if software {
            assert_eq!(cpu, gpu);
            let map = |engine: &str| {
                std::fs::read(inputs.path(&format!("{engine}_{kind}")).join("dose_rate.nii.gz"))
            };
            assert!(map("cpu").unwrap() == map("gpu").unwrap(), "{kind}: the maps differ");
        }
    }
}

/// Parts of one run on different engines merge to the whole.
#[test]
fn shards_of_both_engines_merge() {
    let inputs = Inputs::new();
    let Some((gpu, software)) = adapter(&inputs) else { return };
    let run = |more: &[&str]| {
        let batches = ["--batches", "6"];
        succeed(&inputs.run(&with(&[&ELECTRON[..], &batches[..], more].concat())));
    };
    run(&["--engine", "cpu", "-o", "whole"]);
    run(&["--engine", "cpu", "--shard", "1/2", "-o", "one"]);
    run(&["--engine", &gpu, "--shard", "2/2", "-o", "two"]);
    let refused = inputs.run(&["merge", "merged", "one", "two"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(stderr(&refused).contains("cpu and gpu"), "{}", stderr(&refused));
    succeed(&inputs.run(&["merge", "merged", "one", "two", "--mix-engines"]));
    let [whole, merged] = ["whole", "merged"].map(|f| summary(&inputs, f));
    assert_eq!(whole["run"], merged["run"]);
    if software {
        assert_eq!(whole["dose"], merged["dose"]);
    }
}

#[test]
fn comparing_shows_what_agrees() {
    let inputs = Inputs::new();
    let arguments = |more: &[&'static str]| {
        let dose = with(&[&ELECTRON[..], more].concat());
        // Nothing is written: no --overwrite.
        let options = dose.into_iter().skip(1).filter(|o| *o != "--overwrite");
        ["compare"].into_iter().chain(options).collect::<Vec<_>>()
    };
    for refused in [&["--engine", "cpu"][..], &["--target-uncertainty", "5%"], &["--shard", "1/2"]]
    {
        assert_eq!(inputs.run(&arguments(refused)).status.code(), Some(2), "{refused:?}");
    }
    let expected = if cfg!(feature = "gpu") { 5 } else { 2 };
    assert_eq!(without_adapter(&inputs, &arguments(&[])).status.code(), Some(expected));
    let Some((_, software)) = adapter(&inputs) else { return };
    let output = inputs.run(&arguments(&["-q"]));
    succeed(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("of 2000 histories have equal books"), "{text}");
    assert!(text.ends_with("the engines agree\n"), "{text}");
    let output = inputs.run(&arguments(&["--json"]));
    succeed(&output);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    if software {
        assert_eq!(value["books"]["equal_fraction"], 1.0);
        assert_eq!(value["same"]["equal"], true);
    }
    assert!(value["independent"]["blocks"]["cells"].as_u64().unwrap() > 0, "{value:#}");
    assert_eq!(value["energies"].as_array().map(Vec::len), Some(3));
    assert!(inputs.made().is_empty());
}

/// Ctrl-C on a GPU keeps finished batches and marks the result.
#[cfg(unix)]
#[test]
fn interruption_on_a_gpu_keeps_what_is_done() {
    use std::io::{BufRead, BufReader};
    let inputs = Inputs::new();
    let Some((gpu, _)) = adapter(&inputs) else { return };
    let more = ["--engine", &gpu, "-o", "out", "--batches", "1000000"];
    let base = with(&[&ELECTRON[..], &more[..]].concat());
    let at = base.iter().position(|o| *o == "--histories").unwrap();
    let base = [&base[..at], &["--histories", "1e9"], &base[at + 2..]].concat();
    let mut command = inputs.command(&base);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|l| l.as_ref().is_ok_and(|l| l.starts_with("running"))).unwrap().unwrap();
    // A batch is 1000 histories; compiling the kernels on a processor takes a few seconds.
    std::thread::sleep(std::time::Duration::from_secs(15));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let summary = summary(&inputs, "out");
    assert_eq!(summary["partial"], true);
    let batches = summary["run"]["batches"].as_u64().unwrap();
    assert!(batches > 0 && batches < 1_000_000, "{batches}");
    assert!(inputs.path("out/dose_rate_partial.nii.gz").is_file());
    assert_eq!(inputs.made(), ["out"]);
}
