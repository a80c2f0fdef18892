//! Tables of curves and files from counts to dose beside the images of a study.

use super::{Patient, STAGES, STUDY, all, printed, said};

const BLOOD: &str =
    "time_h,activity_MBq,uncertainty_%\n1,90,5\n4,60,5\n24,20,5\n72,6,5\n144,1.5,5\n";
const KIDNEYS: &str = "\
version = 1
nuclide = 'lu177'
[calibration]
history = 'factors.toml'
[[voi]]
name = 'left kidney'
times = ['4h', '1d', '4d', '7d']
rates_cps = [1420.0, 1060.0, 400.0, 144.0]
relative_uncertainties = [0.02, 0.02, 0.03, 0.04]
volume_ml = 150.0
voxel_mm = 4.8
fwhm_mm = 12.0
recovery = { kind = 'none' }
dose = { gy_per_bq_s = 1.57e-13, relative_standard_error = 0.004 }
";
/// As `voxgray calibrate` appends it.
const FACTORS: &str = "\
version = 1
[[calibration]]
time = 2026-01-10T09:00:00+01:00
camera = 'NM1'
nuclide = 'Lu-177'
collimator = 'MEGP'
window_kev = [187.2, 228.8]
unit = 'cps/MBq'
value = 20.0
random_uncertainty = 0.2
shared_uncertainty = 0.3
acquisitions = 3
";
const MORE: &str = "\
[[fit]]
file = 'Doe_blood.csv'
model = 'bi'
[[uncertainty]]
file = 'Doe_kidneys.toml'
samples = 2000
";

fn patient() -> Patient {
    let patient = Patient::new();
    for (name, text) in
        [("Doe_blood.csv", BLOOD), ("Doe_kidneys.toml", KIDNEYS), ("factors.toml", FACTORS)]
    {
        std::fs::write(patient.path(name), text).unwrap();
    }
    patient.study(&format!("{STUDY}{MORE}"));
    patient
}

fn stages(word: &str) -> std::collections::BTreeMap<String, String> {
    let mut names = STAGES.to_vec();
    names.extend(["fit", "uncertainty"]);
    all(word, &names)
}

/// What the program writes by hand is what the study has, and the report shows it without the names of files.
#[test]
fn tables_are_stages_as_by_hand_and_reported() {
    let patient = patient();
    assert_eq!(patient.stages(&["run", "study.toml"]), stages("done"));
    let by_hand = patient.run(&[
        "fit",
        "Doe_blood.csv",
        "--nuclide",
        "Lu-177",
        "--model",
        "bi",
        "-o",
        "by_hand",
    ]);
    assert!(by_hand.status.success(), "{}", said(&by_hand));
    let read = |name: &str| std::fs::read(patient.path(name)).unwrap();
    assert!(read("by_hand/fit.json") == read("study-out/fit/fit.json"));
    let by_hand = patient.run(&["uncertainty", "Doe_kidneys.toml", "--samples", "2000", "--json"]);
    assert!(by_hand.stdout == read("study-out/uncertainty.json"), "{}", said(&by_hand));
    let value: serde_json::Value = serde_json::from_slice(&by_hand.stdout).unwrap();
    let fit: serde_json::Value = serde_json::from_slice(&read("by_hand/fit.json")).unwrap();
    let page = String::from_utf8(read("study-out/report.html")).unwrap();
    let integral = fit["curves"][0]["integral"]["value"].as_f64().unwrap() / 1e6 / 3600.0;
    let dose = value["vois"][0]["dose_gy"].as_f64().unwrap();
    for part in [
        "<h2 id=\"tables\">".to_owned(),
        "<h2 id=\"sampled\">".into(),
        format!("{integral:.1} MBq h"),
        format!("{dose:.3}"),
        "left kidney".into(),
        "2000 samples".into(),
    ] {
        assert!(page.contains(&part), "{part}");
    }
    assert!(!page.contains("Doe_"));
}

/// A changed table runs its stage and the report; a changed history of factors that only the file names does too; a changed scan runs neither.
#[test]
fn tables_hang_on_what_they_read() {
    let patient = patient();
    patient.stages(&["run", "study.toml"]);
    let expected = |changed: &[&str]| {
        let mut expected = stages("kept");
        for stage in changed {
            expected.insert((*stage).into(), "done".into());
        }
        expected
    };
    let run = || patient.stages(&["run", "study.toml"]);
    std::fs::write(patient.path("Doe_blood.csv"), BLOOD.replace("90", "91")).unwrap();
    assert_eq!(run(), expected(&["fit", "report"]));
    std::fs::write(patient.path("factors.toml"), FACTORS.replace("20.0", "20.5")).unwrap();
    assert_eq!(run(), expected(&["uncertainty", "report"]));
    patient.activity("a96.nii.gz", 96.0, 45.0);
    assert_eq!(run(), expected(&STAGES));
    let check = printed(&patient.run(&["check", "study.toml"]));
    for part in
        ["[[fit]]: options of voxgray fit", "[[uncertainty]]: options", "line 39", "samples"]
    {
        assert!(check.contains(part), "'{part}' is not in:\n{check}");
    }
}

#[test]
fn tables_that_are_wrong_are_refused_by_key_and_line() {
    let patient = patient();
    std::fs::write(
        patient.path("days.toml"),
        KIDNEYS.replace("nuclide = 'lu177'", "half_life = '8d'"),
    )
    .unwrap();
    for (from, to, code, parts) in [
        (
            "Doe_kidneys.toml",
            "days.toml",
            3,
            &["study.toml, line 41: [[uncertainty]] half_life is 8d, 192.0000 h", "Lu-177"][..],
        ),
        (
            "file = 'Doe_blood.csv'",
            "",
            3,
            &["study.toml, line 37: [[fit]] has no file", "Add file"],
        ),
        (
            "_blood.csv",
            "_gone.csv",
            3,
            &["study.toml, line 38: [[fit]] file", "Doe_gone.csv is not there"],
        ),
        ("model = 'bi'", "nuclide = 'Y-90'", 3, &["nuclide of [[fit]], line 39", "half_life"]),
        (
            "model = 'bi'",
            "modle = 'bi'",
            3,
            &["modle of [[fit]], line 39", "Did you mean 'model'?"],
        ),
        ("model = 'bi'", "model = 'by'", 3, &["study.toml, line 39: [[fit]] model", "by"]),
        ("samples = 2000", "json = 'x.json'", 3, &["json of [[uncertainty]], line 42", "itself"]),
    ] {
        let text = format!("{STUDY}{MORE}").replace(from, to);
        patient.refused(&text, "check", code, parts);
    }
    std::fs::write(patient.path("Doe_kidneys.toml"), KIDNEYS.replace("lu177", "Y-90")).unwrap();
    let text = format!("{STUDY}{MORE}");
    patient.refused(
        &text,
        "run",
        3,
        &["study.toml, line 41: [[uncertainty]]", "is of Y-90", "of Lu-177"],
    );
    assert!(!patient.path("study-out").exists());
    // A curve that is refused leaves the others, and the report says it.
    std::fs::write(patient.path("Doe_kidneys.toml"), KIDNEYS).unwrap();
    let rising = "curve,time_h,activity_MBq,uncertainty_%\n\
                  up,1,10,5\nup,24,20,5\nup,72,60,5\nup,144,150,5\n\
                  down,1,90,5\ndown,24,60,5\ndown,72,20,5\ndown,144,5,5\n";
    std::fs::write(patient.path("Doe_blood.csv"), rising).unwrap();
    patient.study(&text.replace("model = 'bi'", "decay_corrected = 'no'"));
    let output = patient.run(&["run", "study.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let mut expected = stages("done");
    expected.insert("fit".into(), "refused_in_part".into());
    assert_eq!(super::ends(&output), expected);
    let page = std::fs::read_to_string(patient.path("study-out/report.html")).unwrap();
    assert!(page.contains("refused: up:") && page.contains("down"), "the report says it");
    assert!(!page.contains("Doe_"));
}
