//! `voxgray uncertainty`: a budget by hand, its check by sampling, the documented file, and bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const HOURS: [f64; 4] = [4.0, 24.0, 96.0, 168.0];
const HALF_LIFE_H: f64 = 160.0;
/// Effective half-life, h.
const EFFECTIVE_H: f64 = 60.0;
const RELATIVE: f64 = 0.03;

/// 50 MBq at injection at 20 cps/MBq, of which 0.8 is seen.
fn file() -> String {
    let rates = HOURS.map(|t| 50.0 * 20.0 * 0.8 * 2f64.powf(-t / EFFECTIVE_H));
    format!(
        r#"
version = 1
half_life = "{HALF_LIFE_H}h"
[calibration]
factor_cps_per_mbq = [20.0, 0.5]
[[voi]]
name = "kidney"
times = ["4h", "24h", "96h", "168h"]
rates_cps = {rates:?}
relative_uncertainties = [0.03, 0.03, 0.03, 0.03]
model = "mono"
volume_ml = 140.0
voxel_mm = 4.0
fwhm_mm = 10.0
count_exponent = 1.0
[voi.recovery]
kind = "coefficient"
value = [0.8, 0.02]
volume_exponent = 0.1
[voi.dose]
gy_per_bq_s = 1.6e-13
relative_standard_error = 0.01
model_relative_uncertainty = 0.015
"#
    )
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_voxgray"))
        .current_dir(folder)
        .arg("uncertainty")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The first VOI of the JSON of a file, and what was printed.
fn results(file: &str, more: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u.toml"), file).unwrap();
    let output = run(folder.path(), &[&["u.toml", "--json", "u.json"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let json = fs::read_to_string(folder.path().join("u.json")).unwrap();
    let all: Value = serde_json::from_str(&json).unwrap();
    (all["vois"][0].clone(), text(&output.stdout))
}

/// Relative parts of the components, by hand: name, part.
fn by_hand() -> [(&'static str, f64); 6] {
    let k = std::f64::consts::LN_2 / (EFFECTIVE_H * 3600.0);
    let t = HOURS.map(|h| h * 3600.0);
    let mean = t.iter().sum::<f64>() / 4.0;
    let sxx: f64 = t.iter().map(|t| (t - mean).powi(2)).sum();
    // ln A is a straight line in t: var(ln(A0 / k)) of its intercept and slope.
    let counts = RELATIVE * (0.25 + (mean - 1.0 / k).powi(2) / sxx).sqrt();
    // Two edges of a voxel of 4 mm and a resolution of 10 mm on a sphere of 140 mL.
    let diameter = 2.0 * (140e3 * 0.75 / std::f64::consts::PI).cbrt();
    let edges = (16.0 / 6.0 + 100.0 / (4.0 * std::f64::consts::LN_2)).sqrt();
    let volume = 3.0 * edges / diameter;
    [
        ("volume", (1.0_f64 - 0.1 - 1.0).abs() * volume),
        ("calibration", 0.025),
        ("transport", 0.01),
        ("recovery", 0.025),
        ("model", 0.015),
        ("fit", counts),
    ]
}

#[test]
fn the_budget_is_the_one_by_hand() {
    let (voi, printed) = results(&file(), &[]);
    let k = std::f64::consts::LN_2 / (EFFECTIVE_H * 3600.0);
    let dose = 50e6 / k * 1.6e-13;
    assert!((number(&voi["dose_gy"]) / dose - 1.0).abs() < 1e-6, "{voi:#}");
    let components = voi["components"].as_array().unwrap();
    let hand = by_hand();
    assert_eq!(components.len(), hand.len());
    // The derivatives are taken over 0.02 u; the next order is below 1e-4 of them.
    for (name, part) in hand {
        let c = components.iter().find(|c| c["name"] == name).expect(name);
        let found = number(&c["of_result_gy"]) / dose;
        assert!((found / part - 1.0).abs() < 1e-3, "{name}: {found} {part}");
    }
    let total = dose * hand.iter().map(|(_, p)| p * p).sum::<f64>().sqrt();
    assert!((number(&voi["standard_uncertainty_gy"]) / total - 1.0).abs() < 1e-3);
    let ends = [dose - 1.959_964 * total, dose + 1.959_964 * total];
    for (found, end) in voi["interval_95_gy"].as_array().unwrap().iter().zip(ends) {
        assert!((number(found) - end).abs() < 2e-3 * total, "{found} {end}");
    }
    let shares: f64 = components.iter().map(|c| number(&c["share"])).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let largest = hand.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
    assert_eq!(voi["dominant"], largest);
    // Sampled, the dose is a log-normal in all but name: an input x^p of mean x0 has the median x0^p e^(-p s^2 / 2), s^2 = ln(1 + u^2).
    let s = &voi["sampled"];
    let exponents = [-0.1, -1.0, 0.0, -1.0, 0.0, 0.0];
    let median: f64 = hand
        .iter()
        .zip(exponents)
        .filter(|(_, p)| *p != 0.0)
        .map(|((_, part), p)| -p * (part / p).powi(2).ln_1p() / 2.0)
        .sum();
    // The spread of 20,000 samples is known to 0.5 %, an end of the interval to 2 % of u; four of each, and the normal inputs' share.
    assert!((number(&s["standard_deviation_gy"]) / total - 1.0).abs() < 0.03, "{s:#}");
    for (found, z) in s["interval_95_gy"].as_array().unwrap().iter().zip([-1.959_964, 1.959_964]) {
        let end = dose * (median + z * total / dose).exp();
        assert!((number(found) - end).abs() < 0.1 * total, "{found} {end}");
    }
    assert_eq!((&s["validates"], &s["failed"]), (&Value::Bool(true), &Value::from(0)));
    for word in ["dose of 'kidney'", "share", "dominant: ", "95 % interval", "validates the prop"] {
        assert!(printed.contains(word), "'{word}' not in:\n{printed}");
    }
}

/// One number, physical decay alone: n points with the uncertainty rho give rho / sqrt(n). Counts, activities and rates are one.
#[test]
fn counts_rates_and_activities_are_one() {
    let rates = HOURS.map(|t| 800.0 * 2f64.powf(-t / HALF_LIFE_H));
    let start = file();
    let (before, after) = (start.find("rates_cps").unwrap(), start.find("relative_unc").unwrap());
    let with = |points: String, calibration: &str| {
        let file = format!("{}{points}\n{}", &start[..before], &start[after..])
            .replace("model = \"mono\"", "model = \"physical\"")
            .replace("factor_cps_per_mbq = [20.0, 0.5]", calibration);
        results(&file, &["--samples", "1000"]).0
    };
    let factor = "factor_cps_per_mbq = [20.0, 0.5]";
    let of_rates = with(format!("rates_cps = {rates:?}"), factor);
    // Counts are means over scans that begin at these times.
    let x = std::f64::consts::LN_2 * 600.0 / (HALF_LIFE_H * 3600.0);
    let counts = rates.map(|r| r * 600.0 * -(-x).exp_m1() / x);
    let of_counts =
        with(format!("counts = {counts:?}\ndurations_s = [600, 600, 600, 600]"), factor);
    let activities = rates.map(|r| r / 20.0);
    let of_activities =
        with(format!("activities_mbq = {activities:?}"), "relative_uncertainty = 0.025");
    let dose = 50e6 * HALF_LIFE_H * 3600.0 / std::f64::consts::LN_2 * 1.6e-13;
    for voi in [of_rates, of_counts, of_activities] {
        assert!((number(&voi["dose_gy"]) / dose - 1.0).abs() < 1e-6, "{voi:#}");
        let components = voi["components"].as_array().unwrap();
        for (name, part) in [("fit", RELATIVE / 2.0), ("calibration", 0.025)] {
            let c = components.iter().find(|c| c["name"] == name).expect(name);
            assert!((number(&c["of_result_gy"]) / dose / part - 1.0).abs() < 1e-3, "{c}");
        }
    }
}

/// Counts over scans that are no short part of the half-life are taken at their mean times, as `voxgray dose` takes them: closed form A0 / k.
#[test]
fn counts_over_long_scans_are_means() {
    let k = std::f64::consts::LN_2 / 3600.0;
    let counts = [1.0, 2.0, 4.0].map(|h: f64| {
        50.0 * 16.0 * 1200.0 * (-k * 3600.0 * h).exp() * -(-k * 1200.0_f64).exp_m1() / (k * 1200.0)
    });
    let start = file().replace("half_life = \"160h\"", "nuclide = \"F-18\"");
    let (before, after) = (start.find("times =").unwrap(), start.find("model = ").unwrap());
    let points = format!(
        "times = [\"1h\", \"2h\", \"4h\"]\ncounts = {counts:?}\ndurations_s = [1200, 1200, 1200]\n\
         relative_uncertainties = [0.01, 0.01, 0.01]\n"
    );
    let file = format!("{}{points}{}", &start[..before], &start[after..]);
    let (voi, _) = results(&file, &["--samples", "1000"]);
    // What clears within a scan besides decay is of second order in its length.
    let ratio = number(&voi["tia_bq_s"]) / (50e6 / k);
    assert!((ratio - 1.0).abs() < 2e-3, "{ratio}");
}

/// Points that do not fall as the model says widen the result; they are not refused for draws below zero, and the integral is that of `voxgray fit`.
#[test]
fn points_beside_their_model_have_a_wide_result() {
    let rates = [20.5, 17.1, 9.3, 3.2].map(|a| 20.0 * 0.8 * a);
    let start = file().replace("160h", "159.528h");
    let (before, after) = (start.find("rates_cps").unwrap(), start.find("volume_ml").unwrap());
    let points = format!(
        "rates_cps = {rates:?}\nrelative_uncertainties = [0.05, 0.05, 0.05, 0.05]\nmodel = \"physical\"\n"
    );
    let file = format!("{}{points}{}", &start[..before], &start[after..]).replace(
        "times = [\"4h\", \"24h\", \"96h\", \"168h\"]",
        "times = [\"4h\", \"24h\", \"72h\", \"168h\"]",
    );
    let (voi, _) = results(&file, &["--samples", "2000"]);
    assert!((number(&voi["tia_bq_s"]) / 1.226_132e13 - 1.0).abs() < 1e-5, "{voi:#}");
    let s = &voi["sampled"];
    assert_eq!(s["failed"], Value::from(0));
    let [low, high] = [0, 1].map(|i| number(&s["interval_95_gy"][i]));
    assert!(low > 0.0 && high > 2.0 * low, "{low} {high}");
}

#[test]
fn a_seed_gives_its_samples_again() {
    let samples = |seed: &str| results(&file(), &["--samples", "2000", "--seed", seed]).1;
    assert_eq!(samples("3"), samples("3"));
    assert_ne!(samples("3"), samples("4"));
}

/// A contour of a few voxels: the dose is no longer linear in it, and the command says so.
#[test]
fn what_does_not_validate_is_said() {
    let file = file()
        .replace("volume_ml = 140.0", "volume_ml = 3.0")
        .replace("volume_exponent = 0.1", "volume_exponent = 0.9");
    let (voi, printed) = results(&file, &[]);
    assert_eq!(voi["sampled"]["validates"], false);
    assert_eq!(voi["dominant"], "volume");
    assert!(printed.contains("use the sampled interval"), "{printed}");
}

/// The newest factor of a history stands for a stated one.
#[test]
fn a_history_gives_the_factor() {
    let entry = |month: &str, camera: &str, value: f64| {
        format!(
            "[[calibration]]\ntime = 2026-{month}-22T10:00:00+01:00\ncamera = \"{camera}\"\nnuclide = \"Lu-177\"\n\
             collimator = \"MEGP\"\nwindow_kev = [187.2, 228.8]\nunit = \"cps/MBq\"\nvalue = {value}\n\
             random_uncertainty = 0.3\nshared_uncertainty = 0.4\nacquisitions = 3\n"
        )
    };
    let file = file()
        .replace("half_life = \"160h\"", "nuclide = \"177Lu\"")
        .replace("factor_cps_per_mbq = [20.0, 0.5]", "history = \"nm1.toml\"");
    let folder = tempfile::tempdir().unwrap();
    let output = |history: &str, file: &str| {
        fs::write(folder.path().join("nm1.toml"), history).unwrap();
        fs::write(folder.path().join("u.toml"), file).unwrap();
        run(folder.path(), &["u.toml", "--samples", "1000"])
    };
    let good = format!("version = 1\n{}{}", entry("01", "NM1", 19.0), entry("02", "NM1", 20.0));
    let history = output(&good, &file);
    assert!(history.status.success(), "{}", text(&history.stderr));
    let stated =
        output(&good, &file.replace("history = \"nm1.toml\"", "factor_cps_per_mbq = [20, 0.5]"));
    assert_eq!(text(&history.stdout), text(&stated.stdout));
    let two = format!("version = 1\n{}{}", entry("01", "NM2", 19.0), entry("02", "NM1", 20.0));
    for (output, expected) in [
        (output(&two, &file), "several setups"),
        (output("version = 1", &file), "no factor"),
        (output(&good, &file.replace("177Lu", "I-131")), "Lu-177"),
    ] {
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains(expected) && error.contains("nm1.toml"), "{expected}: {error}");
    }
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let good = file();
    let line = good.lines().find(|l| l.starts_with("rates_cps")).unwrap();
    let at_first = |value: &str| format!("rates_cps = [{value}, 600.0, 260.0, 110.0]");
    let (empty, negative, nan) = (at_first("0"), at_first("-760.0"), at_first("nan"));
    let curve = "kind = \"curve\"\na_ml = [12.0, 0.6]\nb = [0.5, 0.02]\ncorrelation = 0.2\nvolumes_ml = [1, 30]";
    let coefficient = "kind = \"coefficient\"\nvalue = [0.8, 0.02]\nvolume_exponent = 0.1";
    let wrong = curve.replace("0.2\n", "-1.2\n");
    let uncertainties = "relative_uncertainties = [0.03, 0.03, 0.03, 0.03]";
    let cases = [
        ("voxel_mm", "voxel_cm", "voxel_cm"),
        ("value = [0.8, 0.02]", "value = [0.8, 0.02]\nunit = 1", "unit"),
        ("version = 1", "version = 2", "version 2"),
        (uncertainties, "relative_uncertainties = [0.03, 0.03, 0, 0.03]", "at 96h is 0"),
        (uncertainties, "relative_uncertainties = [0.03, 0.03, 0.03]", "4 times and 3"),
        ("[20.0, 0.5]", "[20.0, 0.0]", "above zero"),
        ("[0.8, 0.02]", "[0.8, 0.0]", "above zero"),
        (
            "relative_standard_error = 0.01",
            "relative_standard_error = 0",
            "no measurement is exact",
        ),
        ("gy_per_bq_s = 1.6e-13", "gy_per_bq_s = -1", "above zero"),
        (line, &empty, "empty at 4h"),
        (line, &negative, "rates_cps at 4h is -760"),
        (line, &nan, "rates_cps at 4h is NaN"),
        (line, "", "exactly one"),
        ("rates_cps", "counts", "durations_s"),
        ("rates_cps", "activities_bq", "activities_bq"),
        (
            "factor_cps_per_mbq = [20.0, 0.5]",
            "relative_uncertainty = 0.02",
            "counts are no activity",
        ),
        ("\"mono\"", "\"bi-uptake\"", "5 parameters"),
        ("\"mono\"", "\"quad\"", "mono-uptake"),
        ("\"24h\"", "\"24\"", "has its unit"),
        ("\"24h\"", "\"4h\"", "kidney"),
        ("half_life = \"160h\"", "half_life = \"-160h\"", "half_life"),
        ("half_life = \"160h\"", "", "exactly one"),
        ("volume_ml = 140.0", "volume_ml = 0", "positive"),
        (coefficient, curve, "140"),
        (coefficient, &wrong, "correlation"),
    ];
    for (from, to, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        assert!(good.contains(from), "{from}");
        fs::write(folder.path().join("u.toml"), good.replacen(from, to, 1)).unwrap();
        let output = run(folder.path(), &["u.toml", "--json", "u.json", "--samples", "1000"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{from} -> {to}: {error}");
        assert!(
            error.contains(expected) && error.contains("u.toml"),
            "'{expected}' not in: {error}"
        );
        assert!(output.stdout.is_empty() && !folder.path().join("u.json").exists());
    }
}

/// One time point cannot give two phases; it can give a dose by physical decay.
#[test]
fn one_time_point_is_not_a_bi_exponential() {
    let mut one = file();
    for (from, to) in [
        ("[\"4h\", \"24h\", \"96h\", \"168h\"]", "[\"24h\"]"),
        ("[0.03, 0.03, 0.03, 0.03]", "[0.03]"),
        ("\"mono\"", "\"bi\""),
    ] {
        one = one.replace(from, to);
    }
    let line = one.lines().find(|l| l.starts_with("rates_cps")).unwrap().to_string();
    one = one.replace(&line, "rates_cps = [600.0]");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u.toml"), &one).unwrap();
    let output = run(folder.path(), &["u.toml"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.contains("VOI 'kidney': 1 point(s) for a bi curve"), "{error}");
    results(&one.replace("\"bi\"", "\"physical\""), &["--samples", "1000"]);
}

#[test]
fn bad_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u.toml"), file()).unwrap();
    for (arguments, code) in [
        (&["u.toml", "--samples", "999"][..], 2),
        (&["u.toml", "--samples", "1e9"], 2),
        (&["absent.toml"], 4),
        (&["u.toml", "--samples", "1000", "--json", "absent/u.json"], 4),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

/// The example of the documentation runs.
#[test]
fn the_documented_file_works() {
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/quantification.md")).unwrap();
    let section = page.split("## 9. `voxgray uncertainty").nth(1).expect("section 9");
    let example =
        section.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (voi, printed) = results(example, &[]);
    println!("{printed}");
    assert_eq!((&voi["name"], &voi["model"]), (&"left kidney".into(), &"mono".into()));
    for word in ["recovery", "dose of 'lesion'", "recovery"] {
        assert!(printed.contains(word), "{word}");
    }
}

/// Values corrected to injection give the same dose where that is said, and are asked about where it is not.
#[test]
fn decay_corrected_values_are_declared() {
    let of_rates = |corrected: bool| {
        let rates = HOURS.map(|t| {
            let back = if corrected { 2f64.powf(t / HALF_LIFE_H) } else { 1.0 };
            50.0 * 20.0 * 0.8 * 2f64.powf(-t / EFFECTIVE_H) * back
        });
        let start = file().find("rates_cps").unwrap();
        let end = start + file()[start..].find('\n').unwrap();
        format!("{}rates_cps = {rates:?}{}", &file()[..start], &file()[end..])
    };
    let said = |text: &str, said: &str| {
        text.replacen("[calibration]", &format!("{said}\n[calibration]"), 1)
    };
    let (plain, _) = results(&said(&of_rates(false), "decay_corrected = \"no\""), &[]);
    let (undone, _) = results(&said(&of_rates(true), "decay_corrected = \"injection\""), &[]);
    for key in ["tia_bq_s", "dose_gy", "standard_uncertainty_gy"] {
        let ratio = number(&undone[key]) / number(&plain[key]);
        assert!((ratio - 1.0).abs() < 1e-9, "{key}: {ratio}");
    }
    // Corrected values of an organ that keeps what it has stay as they are: nobody said why.
    let start = file().find("rates_cps").unwrap();
    let end = start + file()[start..].find('\n').unwrap();
    let kept =
        format!("{}rates_cps = [800.0, 790.0, 780.0, 775.0]{}", &file()[..start], &file()[end..]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("u.toml"), &kept).unwrap();
    let output = run(folder.path(), &["u.toml"]);
    let told = text(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{told}");
    assert!(
        told.contains("not said whether decay-corrected")
            && told.contains("decay_corrected = \"injection\""),
        "{told}"
    );
    let (answered, _) = results(&said(&kept, "decay_corrected = \"injection\""), &[]);
    let physical = 50e6 * HALF_LIFE_H * 3600.0 / std::f64::consts::LN_2;
    assert!((number(&answered["tia_bq_s"]) / physical - 1.0).abs() < 0.05, "{answered}");
}

/// The methods that messages name are there: trapezoids with a tail, and one point by its rule.
#[test]
fn methods_of_a_series_are_methods_here() {
    let with = |model: &str| file().replacen("model = \"mono\"", &format!("model = {model}"), 1);
    // Trapezoids from A(0) = 0 linearly, then by physical decay.
    let activity = HOURS.map(|t| 50e6 * 2f64.powf(-t / EFFECTIVE_H));
    let mut expected = 0.5 * HOURS[0] * 3600.0 * activity[0];
    for i in 1..4 {
        expected += 0.5 * (HOURS[i] - HOURS[i - 1]) * 3600.0 * (activity[i] + activity[i - 1]);
    }
    expected += activity[3] * HALF_LIFE_H * 3600.0 / std::f64::consts::LN_2;
    let (voi, _) = results(&with("{ method = \"trapezoid\", tail = \"physical\" }"), &[]);
    assert!((number(&voi["tia_bq_s"]) / expected - 1.0).abs() < 1e-6, "{voi}");
    // A (2 t) / ln 2 at 96 h (Haenscheid et al. 2018, doi:10.2967/jnumed.117.193706).
    let (voi, _) = results(&with("{ method = \"haenscheid\", time_point = 3 }"), &[]);
    let rule = activity[2] * 2.0 * 96.0 * 3600.0 / std::f64::consts::LN_2;
    assert!((number(&voi["tia_bq_s"]) / rule - 1.0).abs() < 1e-6, "{voi}");
    // A spread of a fifth in the half-life of a population is in the budget.
    let (voi, _) = results(
        &with(
            "{ method = \"madsen\", time_point = 4, population_half_life = \"60h\", population_spread = \"12h\" }",
        ),
        &[],
    );
    let share = number(&voi["standard_uncertainty_gy"]) / number(&voi["dose_gy"]);
    assert!(share > 0.1, "{voi}");
}
