//! `voxgray calibrate`: a factor with its budget, a history that grows whole or not at all, drift and bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use voxgray::activity::{Calibration, History, ImageCalibration};

const READING: &str = r#"
nuclide = "Lu-177"
geometry = "vial"
unit = "MBq"
value = [101.0, 0.2]
background = [1.0, 0.1]
time = 2026-MONTH-22T09:00:00+01:00
time_uncertainty_s = 30.0
"#;

/// 20 cps/MBq of 100 MBq within 1800 s, but for 0.5 % of decay since the reading.
fn file(month: &str, counts: &str) -> String {
    let reading = READING.replace("MONTH", month);
    format!(
        r#"
version = 1
time = 2026-{month}-22T12:00:00+01:00
unit = "cps/MBq"

[setup]
camera = "NM1"
nuclide = "177Lu"
collimator = "MEGP"
window_kev = [187.2, 228.8]

[calibrator]
name = "C1"
nuclide = "Lu-177"
factor = 1.0
relative_uncertainty = 0.015
[[calibrator.geometry]]
name = "vial"
factor = 1.0
relative_uncertainty = 0.01

[dead_time]
model = "non-paralysable"
tau_s = 1e-6
uncertainty_s = 2e-7

[[acquisition]]
name = "cylinder"
phantom = "cylinder"
volume_ml = [5667.0, 20.0]
start = 2026-{month}-22T10:00:00+01:00
duration_s = 1800.0
counts = [{counts}, 3000.0]
background_cps = [5.0, 0.1]
[acquisition.full]{reading}
[[administration]]
name = "patient 1"
injection = 2026-{month}-22T11:00:00+01:00
[administration.full]{reading}"#
    )
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_voxgray"))
        .current_dir(folder)
        .arg("calibrate")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn factors_are_printed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("nm1.toml");
    let mut last = String::new();
    for (i, month) in ["01", "02", "03", "04"].iter().enumerate() {
        fs::write(folder.path().join("c.toml"), file(month, "3.6e6")).unwrap();
        let output = run(folder.path(), &["c.toml", "--history", "nm1.toml"]);
        last = text(&output.stdout);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(fs::read_to_string(&history).unwrap().matches("[[calibration]]").count(), i + 1);
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
    for word in [
        "calibration factor: 20.",
        "cps/MBq",
        "dominant: activity, shared",
        "4 factors",
        "trend +0.00",
        "'patient 1'",
        "dead time",
    ] {
        assert!(last.contains(word), "'{word}' not in:\n{last}");
    }
    // What is printed is what voxgray dose takes, both the line of the factor and the option that is proposed.
    let entry = History::from_toml(&fs::read_to_string(&history).unwrap()).unwrap();
    let entry = entry.entries().last().unwrap().clone();
    let factor_line = last.lines().find(|l| l.starts_with("calibration factor:")).unwrap();
    let option =
        last.lines().find_map(|l| l.split_once("calibration of voxgray dose: '")).unwrap().1;
    for printed in [factor_line, option.trim_end_matches('\'')] {
        let read: ImageCalibration = printed.parse().unwrap_or_else(|e| panic!("{printed}: {e}"));
        let Calibration::Bq(bq) = read.per_count(Some(600.0)).unwrap() else { panic!("{read}") };
        assert!((bq * entry.value * 600.0 / 1e6 - 1.0).abs() < 1e-4, "{printed}");
        let u = entry.random_uncertainty.hypot(entry.shared_uncertainty) / entry.value;
        assert!((read.relative_uncertainty.unwrap() / u - 1.0).abs() < 5e-3, "{printed}");
    }
    // A year's drift in a month: 10 % more counts.
    fs::write(folder.path().join("c.toml"), file("05", "3.96e6")).unwrap();
    let before = fs::read_to_string(&history).unwrap();
    let output = run(folder.path(), &["c.toml", "--history", "nm1.toml", "--dry-run"]);
    let warning = text(&output.stderr);
    assert!(output.status.success() && warning.contains("control limits"), "{warning}");
    assert_eq!(fs::read_to_string(&history).unwrap(), before, "a dry run writes nothing");
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let good = file("01", "3.6e6");
    let cases = [
        ("geometry = \"vial\"", "geometry = \"syringe\"", "no factor for it"),
        ("nuclide = \"177Lu\"", "nuclide = \"Y-90\"", "the source is Y-90"),
        ("2026-01-22T09:00:00+01:00", "2025-01-22T09:00:00+01:00", "half-lives"),
        ("2026-01-22T09:00:00+01:00", "2026-01-22T09:00:00", "offset from UTC"),
        ("value = [101.0, 0.2]", "value = [101.0, 0.0]", "infinite weight"),
        ("value = [101.0, 0.2]", "value = [0.5, 0.2]", "above zero"),
        ("counts = [3.6e6", "counts = [-3.6e6", "not negative"),
        ("tau_s = 1e-6", "tau_s = 1e-3", "at most"),
        ("version = 1", "version = 9", "version 9"),
        ("camera =", "kamera =", "kamera"),
    ];
    for (from, to, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        assert!(good.contains(from), "{from}");
        fs::write(folder.path().join("c.toml"), good.replacen(from, to, 1)).unwrap();
        let output = run(folder.path(), &["c.toml", "--history", "nm1.toml"]);
        let error = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{error}");
        assert!(
            error.contains(expected) && error.contains("c.toml"),
            "'{expected}' not in: {error}"
        );
        assert!(output.stdout.is_empty() && !folder.path().join("nm1.toml").exists());
    }
}

#[test]
fn a_history_of_another_kind_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), file("01", "3.6e6")).unwrap();
    for (history, expected) in
        [("version = 1\nfactor = 3", "factor"), ("not toml", "TOML"), ("version = 2", "version 2")]
    {
        fs::write(folder.path().join("nm1.toml"), history).unwrap();
        let output = run(folder.path(), &["c.toml", "--history", "nm1.toml"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains(expected) && error.contains("nm1.toml"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("nm1.toml")).unwrap(), history);
    }
    // The same date twice.
    fs::remove_file(folder.path().join("nm1.toml")).unwrap();
    assert!(run(folder.path(), &["c.toml", "--history", "nm1.toml"]).status.success());
    let output = run(folder.path(), &["c.toml", "--history", "nm1.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(run(folder.path(), &["absent.toml"]).status.code(), Some(4));
    assert_eq!(run(folder.path(), &["c.toml", "--dry-run"]).status.code(), Some(2));
}

/// The example of the documentation runs.
#[test]
fn the_documented_file_works() {
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/quantification.md")).unwrap();
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), example).unwrap();
    let output = run(folder.path(), &["c.toml"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    println!("{}", text(&output.stdout));
    for word in ["half-life", "recovery R = ", "'patient 1'", "background"] {
        assert!(text(&output.stdout).contains(word), "{word}");
    }
}

/// The same acquisition twice in one fill, the second 1 % off: the fill's assay (1.0 % without what all share) is not made larger by it. It was 5.07 %.
#[test]
fn scatter_within_a_fill_leaves_its_assay_alone() {
    let case = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tables/cal.toml");
    let text = fs::read_to_string(case).expect("the case");
    let start = text.find("[[acquisition]]").expect("an acquisition");
    let end = text.find("[spheres]").expect("spheres");
    let second = text[start..end]
        .replace("cylinder 1", "cylinder 2")
        .replace("36.0e6, 6.0e3", "36.36e6, 6.0e3");
    let of = |text: &str| {
        let result = voxgray::activity::CalibrationResult::from_toml(text).expect("a factor");
        let u = result.factor.random_uncertainty / result.factor.budget.value;
        (u, result.factor.budget.relative_uncertainty())
    };
    let (one, all_of_one) = of(&text);
    let (two, all_of_two) = of(&format!("{}{second}{}", &text[..end], &text[end..]));
    // Half of the difference, 0.5 / 100.5, and what one fill has, with less counting.
    let expected = (one * one + (0.5_f64 / 100.5).powi(2)).sqrt();
    assert!((two / expected - 1.0).abs() < 0.01, "{two} {expected}");
    assert!(all_of_two < all_of_one.hypot(0.00502), "{all_of_one} {all_of_two}");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("cal.toml"), format!("{}{second}{}", &text[..end], &text[end..]))
        .expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_voxgray"))
        .arg("calibrate")
        .arg(folder.path().join("cal.toml"))
        .output()
        .expect("runs");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("Birge ratio within fills") && shown.contains("from scan to scan"),
        "{shown}"
    );
    // Student's t of one degree of freedom: 2 atan(1.96) / pi = 70 %, and tan(0.475 pi) = 12.7.
    assert!(
        shown.contains("from 1 degree(s) of freedom")
            && shown.contains("holds 70 %")
            && shown.contains("12.7 u 95 %"),
        "{shown}"
    );
}

/// A history without an earlier factor of the setup says which is nearest and what differs; a factor dated far from its scans is told.
#[test]
fn what_differs_from_the_history_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: String| fs::write(folder.path().join("c.toml"), text).unwrap();
    let calibrate = || run(folder.path(), &["c.toml", "--history", "nm1.toml"]);
    write(file("01", "3.6e6"));
    let first = calibrate();
    assert!(!text(&first.stderr).contains("earlier factor"), "{}", text(&first.stderr));
    let others = [
        ("camera = \"NM1\"", "camera = \"NM2\"", "camera NM1 there and NM2 here"),
        ("\"MEGP\"", "\"LEHR\"", "collimator MEGP there and LEHR here"),
        ("[187.2, 228.8]", "[101.7, 124.3]", "energy window 187.2 to 228.8 keV there"),
        ("\"cps/MBq\"", "\"Bq/mL per cps\"", "unit cps/MBq there and Bq/mL per cps here"),
    ];
    for (from, to, expected) in others {
        write(file("02", "3.6e6").replace(from, to));
        let output = run(folder.path(), &["c.toml", "--history", "nm1.toml", "--dry-run"]);
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains(expected), "'{expected}' not in: {said}");
        assert!(said.contains("2026-01-22"), "{said}");
        assert!(text(&output.stdout).contains("1 factor(s) of other setups"));
    }
    write(file("02", "3.6e6").replace("time = 2026-02-22T12", "time = 2026-05-22T12"));
    let output = calibrate();
    let said = text(&output.stderr);
    assert!(said.contains("89 days from the scans"), "{said}");
    assert!(!said.contains("earlier factor"), "{said}");
}
