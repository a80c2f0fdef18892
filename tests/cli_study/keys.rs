//! What a stage hangs on, what is kept of it, and where it writes.

use super::{Patient, STUDY, contents, ends, inside, label, printed, said};

/// What of a stage's output was removed is made again, of the dose too; what was changed by hand is not replaced, and named.
#[test]
fn what_was_removed_is_made_again() {
    let patient = Patient::new();
    patient.stages(&["run", "study.toml"]);
    let before = contents(&patient.path("study-out"));
    for file in ["dose/dose.nii.gz", "dose/summary.json", "dvh/dvh.csv", "limit.json"] {
        std::fs::remove_file(patient.path("study-out").join(file)).unwrap();
        let ends = patient.stages(&["run", "study.toml"]);
        let stage = file.split(['/', '.']).next().unwrap();
        assert_eq!(ends[stage], "done", "{file}");
        assert_eq!(contents(&patient.path("study-out")), before, "{file}");
    }
    // By hand.
    std::fs::remove_file(patient.path("study-out/dose/vois.csv")).unwrap();
    let check = printed(&patient.run(&["check", "study.toml"]));
    let line = check.lines().find(|l| l.starts_with("    voxgray dose ")).unwrap();
    let words = line.trim().split(' ').skip(1).map(|w| w.trim_matches('\''));
    let words: Vec<&str> = words.chain(["--resume"]).collect();
    let output = patient.run(&words);
    assert!(said(&output).contains("vois.csv of the result"), "{}", said(&output));
    assert!(patient.path("study-out/dose/vois.csv").is_file());
    std::fs::write(patient.path("study-out/dvh/dvh.csv"), "mine").unwrap();
    let output = patient.run(&["run", "study.toml"]);
    assert_eq!(ends(&output)["dvh"], "failed");
    assert!(said(&output).contains("dvh.csv in it was not written by voxgray, or was changed"));
    assert_eq!(std::fs::read(patient.path("study-out/dvh/dvh.csv")).unwrap(), b"mine");
}

/// Two studies do not share a folder; one that was moved with its results goes on.
#[test]
fn an_output_folder_is_that_of_one_study() {
    let patient = Patient::new();
    std::fs::write(patient.path("other.toml"), format!("out = 'study-out'\n{STUDY}")).unwrap();
    let output = patient.run(&["run", "study.toml", "other.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("study-out has the results of"), "{}", said(&output));
    std::fs::create_dir(patient.path("moved")).unwrap();
    for entry in std::fs::read_dir(patient.path("")).unwrap() {
        let from = entry.unwrap().path();
        if !from.ends_with("moved") && !from.ends_with("other.toml") {
            std::fs::rename(&from, patient.path("moved").join(from.file_name().unwrap())).unwrap();
        }
    }
    assert_eq!(patient.stages(&["run", "moved/study.toml"])["dose"], "kept");
}

/// What a study says was given is what its images are held against.
#[test]
fn images_that_hold_more_than_was_given_are_refused() {
    let patient = Patient::new();
    let mega = STUDY.replace("7.4 GBq", "0.74 MBq");
    patient.refused(&mega, "check", 3, &["that were administered as stated", "injected"]);
    patient.refused(&mega, "run", 3, &["that were administered as stated", "injected"]);
    assert!(!patient.path("study-out/dose/dose.nii.gz").exists());
}

/// Images that are corrected for decay to the administration hold at each time what was given, less what was excreted: none is refused for that. A time
/// to which an image is corrected is not that of its scan, with or without a duration.
#[test]
fn images_that_are_corrected_to_another_time_stand_at_their_scan() {
    let patient = Patient::new();
    let even = |v| match label(v) as u8 {
        1 => 4e6,
        2 => 6e6,
        _ if inside(v) => 2e5,
        _ => 0.0,
    };
    for hours in [4, 24, 96] {
        patient.image(&format!("a{hours}.nii.gz"), even);
    }
    let whole = STUDY.replace("7.4 GBq", "7.8 MBq");
    patient.study(&whole.replace("decay_correction = 'none'", "decay_correction = 'admin'"));
    let output = patient.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    patient.refused(&whole, "check", 3, &["are left 96.00 h after", "injected"]);
    let kidney = |text: &str| {
        patient.study(text);
        patient.stages(&["run", "study.toml"]);
        let text = std::fs::read_to_string(patient.path("study-out/dose/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        summary["vois"][0]["mean_dose"].as_f64().unwrap()
    };
    for hours in [4, 24, 96] {
        patient.activity(&format!("a{hours}.nii.gz"), f64::from(hours), 50.0);
    }
    let plain = kidney(STUDY);
    // The last image as it would be with the decay of 72 h undone.
    let undone = (72.0 * 3600.0 / 574_067.5 * std::f64::consts::LN_2).exp() as f32;
    let fall = |half: f64| (-96.0 / half * std::f64::consts::LN_2).exp() as f32 * undone;
    patient.image("a96.nii.gz", |v| match label(v) as u8 {
        1 => 4e6 * fall(50.0),
        2 => 6e6 * fall(90.0),
        _ if inside(v) => 2e5 * fall(30.0),
        _ => 0.0,
    });
    for more in ["", "\nduration = '10s'"] {
        let stated = format!("time = '96h'\ndecay_corrected_to = '24h'{more}");
        let found = kidney(&STUDY.replace("time = '96h'", &stated));
        assert!((found / plain - 1.0).abs() < 2e-3, "{found} is not {plain}{more}");
    }
}

/// Nuclides that are chosen on the command line are a part of every stage.
#[test]
fn nuclides_of_the_command_line_are_in_the_keys() {
    let patient = Patient::new();
    std::fs::write(
        patient.path("own.toml"),
        "version = 1\nsource = 'test'\n[[nuclide]]\nname = 'Lu-177'\nhalf_life = '3d'\n",
    )
    .unwrap();
    let half_life = || {
        let text = std::fs::read_to_string(patient.path("study-out/dose/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        summary["setup"]["source"]["half_life_s"].as_f64().unwrap()
    };
    let own = ["run", "study.toml", "--nuclide-file", "own.toml"];
    patient.stages(&own);
    assert_eq!(half_life(), 3.0 * 86400.0);
    assert_eq!(patient.stages(&own)["dose"], "kept");
    assert_eq!(patient.stages(&["run", "study.toml"])["dose"], "done");
    assert!((half_life() / 574_067.5 - 1.0).abs() < 1e-3);
    let check = printed(&patient.run(&["check", "study.toml", "--nuclide-file", "own.toml"]));
    assert!(check.contains("72.0000 h") && check.contains("dose: run, as something"), "{check}");
}

/// Nothing of the study's own lies where it writes, and a folder without a name takes no dot out of a number.
#[test]
fn the_output_has_a_folder_of_its_own() {
    let patient = Patient::new();
    let with = |out: &str| STUDY.replace("format = 1", &format!("format = 1\nout = '{out}'"));
    std::fs::create_dir(patient.path("images")).unwrap();
    std::fs::rename(patient.path("ct.nii.gz"), patient.path("images/ct.nii.gz")).unwrap();
    for out in [".", "images"] {
        let text = with(out).replace("ct.nii.gz", "images/ct.nii.gz");
        for command in ["check", "run"] {
            patient.refused(&text, command, 3, &["study.toml, line 2: out is", "in which"]);
        }
    }
    let cycles = STUDY.find("[[cycle]]").unwrap()..STUDY.find("[series]").unwrap();
    let cycle = STUDY[cycles.clone()].replace("ct.nii.gz", "images/ct.nii.gz");
    let text = STUDY.replace(&STUDY[cycles], &format!("{cycle}{cycle}"));
    patient.refused(&text, "check", 3, &["[bed] of 2 cycles has no interval"]);
    let wrong = "[compare]\nmethods = [{ method = 'vsv', kernel = 'none.csv' }]\n";
    let text = STUDY.replace("ct.nii.gz", "images/ct.nii.gz") + wrong;
    patient.refused(&text, "check", 4, &["none.csv"]);
}
