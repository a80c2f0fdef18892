//! `voxgray dose` where a curve is refused: what is said, what is assumed, which interval it has, and the remedies that a user can choose.

mod cli_inputs;

use std::collections::BTreeMap;
use std::process::Output;

use cli_inputs::{Inputs, WITH_VOIS, block, grid, json, stderr, succeed};
use serde_json::Value;
use voxgray::io::read_nifti;

const HOURS: [f64; 4] = [4.0, 24.0, 72.0, 168.0];
/// Bq/mL in the middle: the lesion of the simulated patient, which takes up for a week.
const RISE: [f64; 4] = [20_000.0, 36_000.0, 48_000.0, 52_000.0];
const LU_HALF_LIFE_H: f64 = 6.6443 * 24.0;
/// mL of the middle: 2 x 2 x 2 voxels of 4 mm.
const MIDDLE_ML: f64 = 0.512;

fn shell(hours: f64) -> f64 {
    3000.0 * 0.5_f64.powf(hours / 40.0)
}

/// A series of the given times, with the middle's and the other's concentrations, and more keys.
fn series(times: &[f64], middle: &[f64], other: impl Fn(f64) -> f64, keys: &str) -> Inputs {
    let inputs = Inputs::new();
    let mut text = String::from("version = 1\nrelative_uncertainty = 0.03\n");
    for (n, (h, y)) in times.iter().zip(middle).enumerate() {
        inputs.write(&format!("a{n}.mha"), &block(&grid(), *y as f32, other(*h) as f32));
        text.push_str(&format!("[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n"));
    }
    std::fs::write(inputs.path("series.toml"), format!("{text}{keys}\n")).unwrap();
    inputs
}

fn run(inputs: &Inputs, more: &[&str]) -> Output {
    let own = ["--activity", "series.toml", "--histories", "4000", "-o", "out"];
    inputs.run(&[&WITH_VOIS, &own[..], more].concat())
}

/// The row of a VOI in vois.csv.
fn row(inputs: &Inputs, voi: &str) -> BTreeMap<String, String> {
    let table = std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap();
    let mut lines = table.lines().map(|l| l.split(',').map(String::from).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = lines.find(|r| r[1] == voi).unwrap_or_else(|| panic!("no {voi} in {table}"));
    assert_eq!(row.len(), header.len(), "{table}");
    header.into_iter().zip(row).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn of(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Bq s: linear from zero, trapezoids, and what follows after.
fn trapezoids(t: &[f64], y: &[f64], after_h: f64) -> f64 {
    let between: f64 = (1..t.len()).map(|i| 0.5 * (y[i] + y[i - 1]) * (t[i] - t[i - 1])).sum();
    3600.0 * MIDDLE_ML * (0.5 * t[0] * y[0] + between + y[t.len() - 1] * after_h)
}

fn mean_life_h(half_life_h: f64) -> f64 {
    half_life_h / std::f64::consts::LN_2
}

/// What is empty outside of all VOIs but for noise that rises: told, and no reason for another exit code.
#[test]
fn a_refused_curve_of_nothing_does_not_decide_the_exit_code() {
    let middle = HOURS.map(|h| 8000.0 * 0.5_f64.powf(h / 60.0));
    for (outside, code) in [(1e-9, 0), (30.0, 3)] {
        let inputs = series(&HOURS, &middle, |_| 0.0, "");
        for (n, y) in middle.iter().enumerate() {
            let mut image = block(&grid(), *y as f32, 0.0);
            image.data[0] = (outside * (1.0 + HOURS[n])) as f32;
            inputs.write(&format!("a{n}.mha"), &image);
        }
        inputs.write("voi.mha", &block(&grid(), 1.0, 0.0));
        std::fs::write(inputs.path("names.csv"), "label,name\n1,core\n").unwrap();
        let output = run(&inputs, &[]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains("outside of all VOIs"), "{}", stderr(&output));
    }
}

#[test]
fn a_rising_voi_says_what_is_assumed_and_its_interval_holds_what_is_possible() {
    let inputs = series(&HOURS, &RISE, shell, "");
    let output = run(&inputs, &["--route", "both"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for words in ["rise throughout", "[method.voi.core]", "trapezoids with a physical tail"] {
        assert!(said.contains(words), "'{words}' not in: {said}");
    }
    let row = row(&inputs, "core");
    let name = "refused: rises throughout; assumed: trapezoids with a physical tail";
    // Between the points alone, and uptake that goes on as between the last two, in parts of the estimate.
    let lambda = 1.0 / mean_life_h(LU_HALF_LIFE_H);
    let z = |n: usize| RISE[n] * (lambda * HOURS[n]).exp();
    let slope = (z(3) - z(2)) / (HOURS[3] - HOURS[2]);
    let more = 3600.0 * MIDDLE_ML * slope * (-lambda * HOURS[3]).exp() / (lambda * lambda);
    let whole = trapezoids(&HOURS, &RISE, 1.0 / lambda);
    let between = trapezoids(&HOURS, &RISE, 0.0) - 3600.0 * MIDDLE_ML * 0.5 * HOURS[0] * RISE[0];
    for route in ["activity_route", "dose_rate_route"] {
        let cell = |key: &str| row[&format!("{route}_{key}")].clone();
        assert_eq!(cell("curve"), name);
        let dose = number(&cell("dose_gy"));
        let [low, high] = ["curve_low_95_gy", "curve_high_95_gy"].map(|k| number(&cell(k)) / dose);
        // The points' own 3 % widens the bounds by less than 2 % of them; dose rates have the noise of few histories.
        let noise = if route == "activity_route" { 0.02 } else { 0.10 };
        assert!((low / (between / whole) - 1.0).abs() < noise, "{route} {low}");
        assert!((high / (1.0 + more / whole) - 1.0).abs() < noise, "{route} {high}");
        assert!((number(&cell("dose_by_curve_gy")) / dose - 1.0).abs() < 0.02);
    }
    let summary = json(&inputs.path("out/summary.json"));
    let curve = &summary["setup"]["activity_route"]["vois"][0]["curve"];
    assert!((of(&curve["integral"]["value"]) / whole - 1.0).abs() < 1e-6, "{curve:#}");
    assert!(curve["refused"]["reason"].as_str().unwrap().contains("rise throughout"));
    let voi = &summary["vois"][0];
    assert_eq!((&voi["curve"]["name"], &voi["curve"]["refused"]), (&name.into(), &true.into()));
    assert!(of(&voi["curve"]["interval_95"][0]) < 0.5 * of(&voi["mean_dose"]));
    // On screen, too.
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = table.lines().find(|l| l.starts_with("voi\tcore")).unwrap();
    assert!(line.contains(name), "{line}");
    assert!(table.lines().any(|l| l == "refused\tcore"), "{table}");
    assert_eq!(summary["vois"][1]["curve"]["name"], "mono");
    // Voxels follow, and their branch says so.
    let map = |name: &str| read_nifti(&inputs.path(name), None).unwrap().0.data;
    for stem in ["time_integrated_activity", "dose_by_dose_rate"] {
        let branch = map(&format!("out/{stem}_branch.nii.gz"));
        assert_eq!(branch.iter().filter(|b| **b == 4.0).count(), 8, "{stem}");
        assert!(!branch.contains(&2.0), "{stem}");
    }
    let total: f64 = map("out/time_integrated_activity.nii.gz")
        .iter()
        .zip(map("out/time_integrated_activity_branch.nii.gz"))
        .filter(|(_, b)| *b == 4.0)
        .map(|(a, _)| f64::from(*a))
        .sum();
    assert!((total / whole - 1.0).abs() < 1e-5, "{total} {whole}");
}

#[test]
fn the_remedies_that_are_named_can_be_chosen() {
    let chosen = |keys: &str| {
        let inputs = series(&HOURS, &RISE, shell, keys);
        let output = run(&inputs, &[]);
        succeed(&output);
        let summary = json(&inputs.path("out/summary.json"));
        let curve = summary["setup"]["activity_route"]["vois"][0]["curve"].clone();
        (row(&inputs, "core")["activity_route_curve"].clone(), curve)
    };
    let check = |keys: &str, name: &str, expected: f64| {
        let (found, curve) = chosen(keys);
        assert_eq!(found, name, "{keys}");
        let value = of(&curve["integral"]["value"]);
        assert!((value / expected - 1.0).abs() < 1e-6, "{keys}: {value} {expected}");
        curve
    };
    let physical = trapezoids(&HOURS, &RISE, mean_life_h(LU_HALF_LIFE_H));
    check(
        "[method.voi.core]\nmethod = 'trapezoid'\nhead = 'linear'\ntail = 'physical'",
        "trapezoid",
        physical,
    );
    // By its label, and the other way to write it.
    check("[method.voi]\n1 = 'trapezoid'", "trapezoid", physical);
    let people = "population_half_life = '60h'\npopulation_spread = '15h'";
    let curve = check(
        &format!("[method.voi.core]\nmethod = 'trapezoid'\ntail = 'population'\n{people}"),
        "trapezoid",
        trapezoids(&HOURS, &RISE, mean_life_h(60.0)),
    );
    // The tail's share times the spread of the half-life, with the points' 3 % (less, as they are several).
    let tail = RISE[3] * mean_life_h(60.0) * 3600.0 * MIDDLE_ML / of(&curve["integral"]["value"]);
    let u = of(&curve["integral"]["standard_uncertainty"]) / of(&curve["integral"]["value"]);
    assert!(u > 0.25 * tail && u < (0.25 * tail).hypot(0.03), "{u} {tail}");
    check(
        "[method.voi.core]\nmethod = 'haenscheid'\ntime_point = 3",
        "haenscheid",
        3600.0 * MIDDLE_ML * RISE[2] * 2.0 * HOURS[2] / std::f64::consts::LN_2,
    );
    check(
        &format!("[method.voi.core]\nmethod = 'madsen'\ntime_point = 4\n{people}"),
        "madsen",
        3600.0 * MIDDLE_ML * RISE[3] * (168.0_f64 / 60.0).exp2() * mean_life_h(60.0),
    );
    let (name, _) = chosen("[method]\ndefault = 'auto'\nvoi.core = 'physical'");
    assert_eq!(name, "physical");
}

/// Two lesions at two times, both rising; what is outside of the VOIs falls. By the dose-rate route alone, whose table is on screen as well.
#[test]
fn two_points_that_rise_are_refused_in_each_lesion() {
    let inputs = series(&[4.0, 27.0], &[120.3e3, 138.4e3], |h| 2e3 + 10.0 * h, "");
    // All of the activity rises, as it does where images are decay-corrected: that is asked, and nothing is written.
    let asked = run(&inputs, &["--route", "dose-rate"]);
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(
        stderr(&asked).contains("decay_correction = \"admin\"") && !inputs.path("out").exists()
    );
    let path = inputs.path("series.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("decay_correction = 'none'\n{text}")).unwrap();
    let output = run(&inputs, &["--route", "dose-rate"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for voi in ["core", "shell"] {
        let row = row(&inputs, voi);
        let cell = |key: &str| row[&format!("dose_rate_route_{key}")].clone();
        assert!(cell("curve").starts_with("refused: rises throughout"), "{row:?}");
        let [dose, low, high] =
            ["dose_gy", "curve_low_95_gy", "curve_high_95_gy"].map(|k| number(&cell(k)));
        // One day of about ten is measured.
        assert!(low < 0.2 * dose && high > 1.5 * dose, "{row:?}");
        assert!(
            table.lines().any(|l| l.starts_with(&format!("voi\t{voi}")) && l.contains("refused"))
        );
    }
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["vois"][0]["curve"]["refused"], true);
    // Two points that fall are one exponential, never physical decay.
    let inputs = series(&[4.0, 96.0], &[138.4e3, 42.3e3], shell, "");
    succeed(&run(&inputs, &[]));
    let k = (138.4_f64 / 42.3).ln() / 92.0;
    let summary = json(&inputs.path("out/summary.json"));
    let curve = &summary["setup"]["activity_route"]["vois"][0]["curve"];
    let truth = 138.4e3 * (k * 4.0).exp() / k * 3600.0 * MIDDLE_ML;
    assert_eq!(curve["model"], "mono");
    assert!((of(&curve["integral"]["value"]) / truth - 1.0).abs() < 1e-6, "{curve:#}");
}

#[test]
fn a_single_image_with_its_time_is_a_series_of_one() {
    let one = |keys: &str| series(&[96.0], &[40_000.0], |_| 3000.0, keys);
    let core = |keys: &str| {
        let inputs = one(keys);
        let output = run(&inputs, &[]);
        succeed(&output);
        let summary = json(&inputs.path("out/summary.json"));
        let vois = &summary["setup"]["activity_route"]["vois"];
        (vois[0]["curve"]["integral"].clone(), row(&inputs, "core"), stderr(&output))
    };
    let decays = |factor_h: f64| 40_000.0 * MIDDLE_ML * 3600.0 * factor_h;
    let (tia, row, said) = core("[method]\ndefault = 'haenscheid'");
    let estimate = decays(2.0 * 96.0 / std::f64::consts::LN_2);
    assert!((of(&tia["value"]) / estimate - 1.0).abs() < 1e-6);
    assert!(said.contains("between 38.4 and 128.0 h"), "{said}");
    // The stated range of the rule, with the 3 % of the point: ratio 0.884 to 1.061.
    let limit = |key: &str| {
        number(&row[&format!("activity_route_curve_{key}")])
            / number(&row["activity_route_dose_gy"])
    };
    let own = 1.959_964 * 0.03;
    let (up, down) = (
        -(5.0 / 2.0_f64.powf(2.5)).ln(),
        (2.0 / (std::f64::consts::LN_2 * std::f64::consts::E)).ln(),
    );
    assert!((limit("high_95_gy").ln() - up.hypot(own)).abs() < 1e-4, "{row:?}");
    assert!((limit("low_95_gy").ln() + down.hypot(own)).abs() < 1e-4, "{row:?}");
    assert_eq!(row["activity_route_share_after"], "");

    let people = "population_half_life = '60h', population_spread = '10h'";
    let (tia, row, _) = core(&format!("[method]\ndefault = {{ method = 'madsen', {people} }}"));
    let madsen = decays((96.0_f64 / 60.0).exp2() * mean_life_h(60.0));
    assert!((of(&tia["value"]) / madsen - 1.0).abs() < 1e-6);
    assert_eq!(row["activity_route_curve"], "madsen");
    let (tia, ..) = core("[method]\ndefault = 'physical'\nvoi.shell = 'haenscheid'");
    let physical = decays((96.0 / LU_HALF_LIFE_H).exp2() * mean_life_h(LU_HALF_LIFE_H));
    assert!((of(&tia["value"]) / physical - 1.0).abs() < 1e-6);

    for (keys, words) in [
        ("", "one time point"),
        ("[method]\ndefault = 'trapezoid'", "[method] default"),
        ("[method]\ndefault = 'haenscheid'\nvoi.core = 'mono'", "one time point"),
        ("[method]\ndefault = 'madsen'", "population half-life"),
        ("[method]\ndefault = 'haenscheid'\nvoi.liver = 'physical'", "the VOIs are core, shell"),
    ] {
        let inputs = one(keys);
        let output = run(&inputs, &[]);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{keys}");
        assert!(stderr(&output).contains(words), "'{words}' not in: {}", stderr(&output));
        assert!(inputs.made().is_empty(), "{keys}: {:?}", inputs.made());
    }
}

/// A VOI without activity of its own is not refused: its dose is that of the others, and its row says why it has no curve.
#[test]
fn a_voi_without_activity_is_no_refusal() {
    let falling = HOURS.map(|h| 30_000.0 * 0.5_f64.powf(h / 60.0));
    let inputs = series(&HOURS, &falling, |_| 0.0, "");
    succeed(&run(&inputs, &[]));
    assert_eq!(row(&inputs, "shell")["activity_route_curve"], "no activity at any time");
    assert!(number(&row(&inputs, "shell")["activity_route_dose_gy"]) > 0.0);
    assert_eq!(row(&inputs, "core")["activity_route_curve"], "mono");
}
