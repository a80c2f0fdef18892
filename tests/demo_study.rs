//! From a folder of DICOM to a report: the demo's treatment, `init`, `check`, `run`, with no edit but the administered activity. The dose of each organ
//! is compared with that of its true decays, transported by themselves.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs the program and gives what it prints.
fn voxgray(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    // Where it is not set, a software Vulkan driver complains on standard error while adapters are looked for.
    command.current_dir(folder).args(words).env("XDG_RUNTIME_DIR", std::env::temp_dir());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn vois(folder: &Path) -> Vec<Value> {
    let text = std::fs::read(folder.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&text).unwrap();
    summary["vois"].as_array().unwrap().clone()
}

#[test]
fn every_organ_of_the_demos_study_holds_its_true_dose() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path();
    let printed = voxgray(here, &["demo", "--dicom", "--voxel", "8", "-o", "export", "--quiet"]);
    // What it says is typed.
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    for line in
        ["voxgray init export", "voxgray check export/study.toml", "voxgray run export/study.toml"]
    {
        assert!(lines.contains(&line), "{line} is not in\n{printed}");
    }
    // And so are the three commands of the README.
    let readme = include_str!("../README.md");
    for line in [
        "voxgray demo --dicom -o export ",
        "voxgray init export ",
        "voxgray run export/study.toml ",
    ] {
        assert!(readme.lines().any(|l| l.starts_with(line)), "{line}");
    }
    voxgray(here, &["init", "export"]);
    let file = here.join("export/study.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let open = text.lines().find(|l| l.starts_with("# administered = ")).expect("to be completed");
    assert!(printed.contains("administered = \"7.4 GBq\""), "{printed}");
    let open: String = open.into();
    std::fs::write(&file, text.replace(&open, "administered = \"7.4 GBq\"")).unwrap();
    let series = text.lines().find_map(|l| l.strip_prefix("ct_series = ")).expect("four CTs");

    let checked = voxgray(here, &["check", "export/study.toml"]);
    for said in ["24.167 h after the administration", "168.167 h", "liver_tumour: ", "1200 s"] {
        assert!(checked.contains(said), "{said} is not in\n{checked}");
    }
    let ran = voxgray(here, &["run", "export/study.toml"]);
    for stage in ["dose", "dvh", "report"] {
        assert!(ran.contains(&format!("stage\t{stage}\tdone")), "{ran}");
    }
    // Study and output lie in the folder of the images, and change nothing of what a stage depends on.
    let again = voxgray(here, &["run", "export/study.toml"]);
    for stage in ["dose", "dvh", "report"] {
        assert!(again.contains(&format!("stage\t{stage}\tkept")), "{again}");
    }
    let page = std::fs::read_to_string(here.join("export/study-out/report.html")).unwrap();
    assert!(page.contains("liver_tumour") && page.contains("7400 MBq"));

    let words = ["--activity", "export/truth_tia.nii.gz", "--activity-unit", "Bq*s/mL"];
    let matter = ["--ct", "export", "--ct-series", series.trim_matches('"')];
    let rest = ["--voi", "export/organs.dcm", "--nuclide", "Lu-177", "--histories", "1e6"];
    let more = ["--seed", "2", "-o", "truth", "--quiet"];
    voxgray(here, &[&["dose"], &matter[..], &words, &rest, &more].concat());
    let (found, truth) = (vois(&here.join("export/study-out/dose")), vois(&here.join("truth")));
    assert_eq!((found.len(), truth.len()), (8, 8));
    for (voi, truth) in found.iter().zip(&truth) {
        assert_eq!(voi["name"], truth["name"]);
        let number = |v: &Value| v.as_f64().unwrap();
        let true_dose = number(&truth["mean_dose"]);
        let interval = &voi["uncertainty"]["interval_95"];
        let [low, high] = [0, 1].map(|i| number(&interval[i]));
        // The truth has noise of its own, which the interval need not hold.
        let noise = 2.0 * number(&truth["standard_error"]);
        let held = low - noise <= true_dose && true_dose <= high + noise;
        assert!(held, "{}: {true_dose} +- {noise} is not in {low} to {high}", voi["name"]);
        // Nothing is learned from an interval that holds everything, and 5 % were assumed of each activity.
        assert!((high - low) / true_dose < 0.4, "{}: {low} to {high}", voi["name"]);
    }
}

/// A camera's resolution takes activity from a small tumour; the line that init leaves for it gives it back.
#[test]
fn partial_volume_is_undone_by_the_line_that_init_leaves() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path();
    voxgray(here, &["demo", "--dicom", "--voxel", "8", "--fwhm", "12", "-o", "e", "-q"]);
    voxgray(here, &["init", "e"]);
    let file = here.join("e/study.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("# transfer = { fwhm_mm = [12.0, 0.5] }"), "{text}");
    let few = "[dose]\nhistories = 200000\nengine = \"cpu\"\n";
    let text = text.replace("# transfer = ", "transfer = ").replace("[dose]\n", few);
    std::fs::write(&file, text).unwrap();
    voxgray(here, &["run", "e/study.toml"]);
    let truth = std::fs::read_to_string(here.join("e/truth_organs.csv")).unwrap();
    for voi in vois(&here.join("e/study-out/dose")) {
        let name = voi["name"].as_str().unwrap();
        let row = truth.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap();
        let true_tia: f64 = row.split(',').nth(3).unwrap().parse::<f64>().unwrap() * 3.6e9;
        let [dose, tia] = ["mean_dose", "activity"].map(|k| voi[k].as_f64().unwrap());
        // Its own decays give a VOI of these nearly all of its dose.
        let true_dose = dose * true_tia / tia;
        let [low, high] = [0, 1].map(|i| voi["uncertainty"]["interval_95"][i].as_f64().unwrap());
        if ["kidneys", "liver", "spleen", "liver_tumour", "node_tumour"].contains(&name) {
            assert!((low..=high).contains(&true_dose), "{name}: {true_dose}, {low} to {high}");
        }
    }
}
