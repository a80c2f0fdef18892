//! `voxgray fit` on tables that once gave wrong integrals; the right values are closed forms (Lu-177).

use std::path::PathBuf;
use std::process::Command;

/// A line of the output: model, integral (Bq s), ends of the 95 % interval.
struct Row {
    model: String,
    integral: f64,
    low: f64,
    high: f64,
}

fn fit(table: &str, arguments: &[&str]) -> (Vec<Row>, String) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/kinetics"));
    let output = Command::new(env!("CARGO_BIN_EXE_voxgray"))
        .arg("fit")
        .arg(path.join(table))
        .args(["--nuclide", "Lu-177"])
        .args(arguments)
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{table}: {errors}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |i: usize| cells[i].parse::<f64>().expect("a number");
        Row { model: cells[1].into(), integral: number(2), low: number(5), high: number(6) }
    });
    (rows.collect(), errors)
}

fn one(table: &str) -> (Row, String) {
    let (mut rows, errors) = fit(table, &[]);
    assert_eq!(rows.len(), 1);
    (rows.remove(0), errors)
}

fn near(row: &Row, truth: f64, within: f64) {
    assert!((row.integral / truth - 1.0).abs() < within, "{} against {truth}", row.integral);
    assert!(row.low < truth && truth < row.high, "{} {} {truth}", row.low, row.high);
}

/// Mono-exponential points without a column of uncertainties; written to three digits.
#[test]
fn exact_points_have_their_integral() {
    near(&one("three.csv").0, 2.595e13, 0.003);
    near(&one("four.csv").0, 2.597e13, 0.003);
    near(&one("exact_60h_four.csv").0, 3.1162e13, 1e-4);
    near(&one("exact_60h_two.csv").0, 3.1162e13, 1e-4);
    for share in ["1%", "5%", "10%"] {
        let (rows, _) = fit("four.csv", &["--relative-uncertainty", share]);
        near(&rows[0], 2.597e13, 0.003);
    }
}

/// Twenty noisy curves (10 %, five points): none is taken for physical decay, the mean is within its four standard errors.
#[test]
fn noisy_points_are_not_taken_for_physical_decay() {
    let (rows, errors) = fit("noisy_60h.csv", &[]);
    assert_eq!(rows.len(), 20);
    let truth = 3.1162e13;
    assert!(rows.iter().all(|r| r.model != "physical"));
    let mean = rows.iter().map(|r| r.integral / truth).sum::<f64>() / 20.0;
    // About 8 % of a curve.
    assert!((mean - 1.0).abs() < 4.0 * 0.08 / 20f64.sqrt(), "{mean}");
    let far = rows.iter().filter(|r| (r.integral / truth - 1.0).abs() > 0.2).count();
    assert!(far <= 2 && rows.iter().filter(|r| r.low > truth || truth > r.high).count() <= 4);
    assert!(far == 0 || errors.contains("off by more than 20 %"));
}

/// A last point a little higher does not turn the curve into physical decay, which the points refute.
#[test]
fn a_small_change_of_a_point_is_a_small_change_of_the_integral() {
    let ((b, _), (c, warned)) = (one("f3b.csv"), one("f3c.csv"));
    near(&b, 3.99e13, 0.01);
    assert!(c.model != "physical" && c.integral < 5.0e13, "{} {}", c.model, c.integral);
    assert!(c.low < 4.1e13 && 4.1e13 < c.high && warned.contains("off by more than 20 %"));
}

/// Weak clearance: the interval holds it and physical decay.
#[test]
fn slow_clearance_is_not_switched_off() {
    let (row, warned) = one("slow10.csv");
    near(&row, 5.713e13, 0.01);
    assert!(row.high > 7.02e13 && warned.contains("off by more than 20 %"));
    // Uptake of 9 h seen at three times.
    near(&one("tum3.csv").0, 4.1965e14, 0.02);
    let (five, _) = one("tum5.csv");
    assert!(five.low < 4.1965e14 && 4.1965e14 < five.high, "{} {}", five.low, five.high);
}
