//! What cannot be done is refused before anything is computed, by `check` and by `run` alike.

use voxgray::image::{Grid, Volume};
use voxgray::io::write_nifti;

use super::{Patient, SIDE, STUDY, grid, inside, printed, said, volume};

fn with(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "{from}");
    STUDY.replace(from, to)
}

impl Patient {
    /// Both commands refuse it with these words, and nothing is written.
    fn refused_by_both(&self, text: &str, code: i32, parts: &[&str]) {
        for command in ["check", "run"] {
            self.refused(text, command, code, parts);
            assert!(!self.path("study-out").exists(), "{command}");
        }
    }

    /// An activity image that lies elsewhere.
    fn moved(&self, name: &str, z_mm: f64) {
        let at = Grid { origin_mm: [0.0, 0.0, z_mm], ..grid() };
        let data = volume(|v| if inside(v) { 1e5 } else { 0.0 }).data;
        write_nifti(&self.path(name), &Volume::new(at, data).unwrap()).unwrap();
    }
}

#[test]
fn activity_beside_the_ct_is_refused_with_its_own_line_and_file() {
    let patient = Patient::new();
    patient.moved("far.nii.gz", 400.0);
    patient.moved("half.nii.gz", 16.0);
    let of = |from: &str, to: &str| with(from, to);
    let line = |text: &str, of: &str| 1 + text.lines().position(|l| l.contains(of)).unwrap();
    for (text, n, file, said) in [
        (of("'a4.nii.gz'", "'far.nii.gz'"), 1, "far.nii.gz", "do not overlap"),
        (of("'a24.nii.gz'", "'far.nii.gz'"), 2, "far.nii.gz", "(100.00 %) of the activity"),
        (of("'a96.nii.gz'", "'half.nii.gz'"), 3, "half.nii.gz", "of the activity lie outside"),
    ] {
        let at = format!("study.toml, line {}: time point {n}: ", line(&text, file));
        patient.refused_by_both(&text, 3, &[&at, &format!("{file}: "), said]);
    }
    // What a shift brings onto the CT lies there.
    let shifted = of("'a96.nii.gz'", "'half.nii.gz'\nshift_mm = [0, 0, -16]");
    patient.study(&shifted);
    let output = patient.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let all = format!("{}\n[dose]\nallow_outside = '100%'", "");
    patient.study(&of("'a96.nii.gz'", "'half.nii.gz'").replace("[dose]", all.trim()));
    let output = patient.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(grid().dims, [SIDE; 3]);
}

#[test]
fn vois_that_no_file_has_are_refused() {
    let patient = Patient::new();
    let vois = "the VOIs are kidney, tumour";
    let meant = "Did you mean 'kidney'?";
    for (text, parts) in [
        (
            with("'2.6Gy'", "{ kidny = '2.6Gy' }"),
            ["alpha_beta of [bed] names 'kidny'", vois, meant],
        ),
        (with("'2.6Gy'", "['3Gy', 'kidny=2.6Gy']"), ["alpha_beta of [bed]", vois, meant]),
        (with("'2.8h'", "{ kidny = '2.8h' }"), ["repair of [bed] names 'kidny'", vois, meant]),
        (
            with("[bed]", "[bed]\nhalf_life = { kidny = '50h' }"),
            ["half_life of [bed]", vois, meant],
        ),
        (
            with("'2.6Gy'", "{ kidney = '2.6Gy' }").replace("'2.8h'", "{ tumour = '2.8h' }"),
            ["[bed] has no repair of 'kidney'", "neither has a default", "Add repair"],
        ),
        (with("of = 'kidney'", "of = 'kidny'"), ["of of [[limit]] names 'kidny'", vois, meant]),
        (
            with("[dose]", "[series.recovery]\nkidny = 0.8\n[dose]"),
            ["[series.recovery] of 'kidny'", "kidney, tumour", "Name one of them"],
        ),
        (
            with("[dose]", "[series.volume.kidny]\nuncertainty = '5%'\ncount_exponent = 1\n[dose]"),
            ["[series.volume] of 'kidny'", "kidney, tumour", "Name one of them"],
        ),
        (
            with("[dose]", "[series.method.voi.kidny]\nmethod = 'mono'\n[dose]"),
            ["[series.method.voi.kidny]", vois, "Name one of them"],
        ),
    ] {
        patient.refused_by_both(&text, 3, &parts);
        patient.refused_by_both(&text, 3, &["study.toml, line "]);
    }
    // Of another method too.
    let more = "[compare]\nmethods = [{ method = 'semi-mc', fine = 'kidny' }]\n";
    patient.refused_by_both(&format!("{STUDY}{more}"), 2, &["names 'kidny'", vois]);
    // Tables that name what is there are taken.
    patient.study(&with("'2.6Gy'", "{ kidney = '2.6Gy' }"));
    let output = patient.run(&["check", "study.toml"]);
    assert!(output.status.success() && !printed(&output).contains("names no VOI"));
}

#[test]
fn a_place_that_cannot_be_written_to_is_refused() {
    let patient = Patient::new();
    let out = |name: &str| format!("out = '{name}'\n{STUDY}");
    std::fs::write(patient.path("thesis.txt"), "years of work").unwrap();
    std::fs::create_dir_all(patient.path("mine/dvh")).unwrap();
    patient.refused_by_both(&out("thesis.txt"), 4, &["study.toml, line 1", "is not a folder"]);
    patient.refused_by_both(&out("thesis.txt/out"), 4, &["line 1", "thesis.txt/out"]);
    std::fs::write(patient.path("mine/dvh/notes.txt"), "x").unwrap();
    patient.refused_by_both(&out("mine"), 4, &["line 1", "did not write, such as dvh"]);
    // A stage's own folder.
    patient.study(STUDY);
    assert!(patient.run(&["run", "study.toml"]).status.success());
    std::fs::create_dir(patient.path("study-out/compare")).unwrap();
    std::fs::write(patient.path("study-out/compare/notes.txt"), "x").unwrap();
    let text = format!("{STUDY}[compare]\nmethods = ['ldm']\n");
    for command in ["check", "run"] {
        patient.refused(&text, command, 4, &["study-out/compare", "notes.txt"]);
    }
    // Looking leaves nothing, in a folder that is there or is not.
    let there = || std::fs::read_dir(patient.path("")).unwrap().count();
    let before = there();
    patient.study(&out("new/deep"));
    assert!(patient.run(&["check", "study.toml"]).status.success());
    assert_eq!((there(), patient.path("new").exists()), (before, false));
}

/// What a stage after hours of transport would refuse.
#[test]
fn what_later_stages_would_refuse_is_refused_at_once() {
    let patient = Patient::new();
    for (text, code, parts) in [
        (with("[dose]", "[dose]\nphysical_decay = true"), 2, ["physical", "time points"]),
        (with("[dose]", "[dose]\nhorizon = '100h'"), 2, ["horizon", "to infinity"]),
        (with("[dose]", "[dose]\nscore = 'layers'"), 2, ["score", "layers and shells"]),
        (
            format!("{STUDY}[dvh]\nstandard_error = 'nothere.nii'\n"),
            3,
            ["study.toml, line", "nothere.nii: no such file"],
        ),
        (format!("{STUDY}[dvh]\nunit = 'mGy'\n"), 3, ["unit", "that of the dose"]),
        (format!("{STUDY}[dicom]\n"), 3, ["ct.nii.gz is not DICOM", "patient, study"]),
        (
            with("ct = 'ct.nii.gz'", "ct = 'ct.nii.gz'\ncandidate = { other = 'a4.nii.gz' }"),
            3,
            ["candidate other", "Add unit"],
        ),
    ] {
        patient.refused_by_both(&text, code, &parts);
    }
}

#[test]
fn what_is_missing_is_named_by_its_key() {
    let patient = Patient::new();
    for (text, parts) in [
        (
            with("ct = 'ct.nii.gz'\n", ""),
            ["study.toml, line 5: [[cycle]] has no ct", "voxgray dose"],
        ),
        (with("repair = '2.8h'", ""), ["[bed] has no repair", "voxgray bed needs it"]),
        (with("limit = '23Gy'", ""), ["[[limit]] has no limit", "voxgray plan limit needs it"]),
    ] {
        patient.study(&text);
        let output = patient.run(&["check", "study.toml"]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        parts.iter().for_each(|p| assert!(told.contains(p), "'{p}' is not in: {told}"));
        assert!(!told.contains("--") && !told.contains("required arguments"), "{told}");
    }
}

/// Two administrations have two scans; and they stand in their order.
#[test]
fn cycles_of_one_image_and_out_of_order_are_told() {
    let patient = Patient::new();
    let from = STUDY.find("[[cycle]]").unwrap();
    let cycle = &STUDY[from..STUDY.find("[series]").unwrap()];
    let dated = |at: &str| cycle.replacen("[[cycle]]", &format!("[[cycle]]\ntime = '{at}'"), 1);
    let study = |first: &str, second: &str| {
        let text = STUDY.replace(cycle, &format!("{}{}", dated(first), dated(second)));
        patient.study(&text.replace("[bed]", "[bed]\ninterval = '56d'"));
    };
    let [early, late] = ["2026-03-01T10:00:00", "2026-04-26T10:00:00"];
    study(late, early);
    let same = "time point 2 of cycle 2 is the same image as time point 2 of cycle 1";
    let order = "cycle 2 was given at 2026-03-01";
    let check = patient.run(&["check", "study.toml"]);
    assert!(check.status.success(), "{}", said(&check));
    let run = patient.run(&["run", "study.toml"]);
    for (by, told) in [("check", printed(&check)), ("run", said(&run))] {
        assert!(told.contains(same) && told.contains(order), "{by}: {told}");
    }
    study(early, late);
    let told = printed(&patient.run(&["check", "study.toml"]));
    assert!(told.contains(same) && !told.contains("was given at"), "{told}");
}
