//! `dose`, `fit` and `uncertainty` give the same time-integrated activity for the same points, to 1e-12.

#[expect(dead_code, reason = "shared with cli_dose.rs, which uses the rest")]
mod cli_inputs;

use std::fmt::Write as _;

use cli_inputs::{Inputs, block, grid, json, stderr};
use serde_json::Value;

const HOURS: [f64; 7] = [1.0, 4.0, 10.0, 24.0, 48.0, 96.0, 168.0];
/// Measured over true: noise as of 4 %.
const NOISE: [f64; 7] = [1.03, 0.96, 1.05, 0.98, 1.01, 0.95, 1.04];

fn inputs(curve: impl Fn(f64) -> f64) -> Inputs {
    let inputs = Inputs::new();
    for (n, h) in HOURS.iter().enumerate() {
        let y = (curve(*h) * NOISE[n]) as f32;
        inputs.write(&format!("a{n}.mha"), &block(&grid(), y, 0.1 * y));
    }
    inputs
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Times, values and integral of the middle.
fn by_dose(inputs: &Inputs, model: &str, r: f64, common: f64) -> (Vec<f64>, Vec<f64>, f64) {
    let mut text = format!(
        "version = 1\nrelative_uncertainty = {r}\ncommon_uncertainty = {common}\nmethod.default = '{model}'\n"
    );
    for (n, h) in HOURS.iter().enumerate() {
        let _ = write!(text, "[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n");
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    let arguments = "dose --density density.mha --materials labels.mha --material-names water --activity series.toml --nuclide Lu-177 \
        --histories 200 --batches 2 --engine cpu --voi voi.mha --voi-names names.csv --overwrite -o out";
    let output = inputs.run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{model}: {}", stderr(&output));
    let summary = json(&inputs.path("out/summary.json"));
    let curve = &summary["setup"]["activity_route"]["vois"][0]["curve"];
    let list = |key: &str| curve[key].as_array().unwrap().iter().map(number).collect();
    (list("times_s"), list("values"), number(&curve["integral"]["value"]))
}

/// The table states the uncertainties in %, in Bq, or not at all (an option does).
fn by_fit(
    inputs: &Inputs,
    model: &str,
    t: &[f64],
    y: &[f64],
    r: f64,
    common: f64,
    how: &str,
) -> f64 {
    let mut table = String::from(match how {
        "percent" => "time_s,activity_Bq,uncertainty_%\n",
        _ => "time_s,activity_Bq\n",
    });
    for (t, y) in t.iter().zip(y) {
        let _ = match how {
            "percent" => writeln!(table, "{t},{y},{}", 100.0 * r),
            _ => writeln!(table, "{t},{y}"),
        };
    }
    std::fs::write(inputs.path("tac.csv"), table).unwrap();
    let (r, common) = (format!("{}%", 100.0 * r), format!("{}%", 100.0 * common));
    let mut arguments = vec!["fit", "tac.csv", "--nuclide", "Lu-177", "--model", model];
    arguments.extend(["--common-uncertainty", &common, "-o", "fit", "--overwrite"]);
    if how == "option" {
        arguments.extend(["--relative-uncertainty", &r]);
    }
    let output = inputs.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{model}: {}", stderr(&output));
    number(&json(&inputs.path("fit/fit.json"))["curves"][0]["integral"]["value"])
}

fn by_uncertainty(inputs: &Inputs, model: &str, t: &[f64], y: &[f64], r: f64, common: f64) -> f64 {
    let times: Vec<String> = t.iter().map(|t| format!("{t}s")).collect();
    let activities: Vec<f64> = y.iter().map(|y| y / 1e6).collect();
    let text = format!(
        "version = 1\nnuclide = 'Lu-177'\n[calibration]\nrelative_uncertainty = {}\n[[voi]]\nname = 'core'\ntimes = {times:?}\n\
         activities_mbq = {activities:?}\nrelative_uncertainties = {:?}\nmodel = '{model}'\nvolume_ml = 10.0\nvoxel_mm = 4.0\n\
         fwhm_mm = 8.0\n[voi.recovery]\nkind = 'none'\n[voi.dose]\ngy_per_bq_s = 1e-13\nrelative_standard_error = 0.01\n",
        common.max(1e-3),
        vec![r; t.len()],
    );
    std::fs::write(inputs.path("u.toml"), text).unwrap();
    let output = inputs.run(&["uncertainty", "u.toml", "--json", "u.json", "--samples", "1000"]);
    assert_eq!(output.status.code(), Some(0), "{model}: {}", stderr(&output));
    number(&json(&inputs.path("u.json"))["vois"][0]["tia_bq_s"])
}

/// Relative standard uncertainties of the integral as `fit` and `uncertainty` wrote them last.
fn uncertainties(inputs: &Inputs, common: f64) -> [f64; 2] {
    let fit = &json(&inputs.path("fit/fit.json"))["curves"][0]["integral"];
    let whole = number(&fit["standard_uncertainty"]) / number(&fit["value"]);
    let voi = &json(&inputs.path("u.json"))["vois"][0];
    let parts = voi["components"].as_array().unwrap();
    let points = parts.iter().find(|p| p["name"] == "fit").unwrap_or_else(|| panic!("{voi:#}"));
    [
        (whole * whole - common * common).sqrt(),
        number(&points["of_result_gy"]) / number(&voi["dose_gy"]),
    ]
}

#[test]
fn the_same_points_have_the_same_integral_at_every_door() {
    let fall = |half_life_h: f64, h: f64| 0.5_f64.powf(h / half_life_h);
    let mono = |h: f64| 4e5 * fall(55.0, h);
    let physical = |h: f64| 4e5 * fall(6.647 * 24.0, h);
    let uptake = |h: f64| 4e5 * (fall(80.0, h) - fall(6.0, h));
    let bi = |h: f64| 4e5 * (0.6 * fall(4.0, h) + 0.4 * fall(70.0, h));
    type Truth<'a> = &'a dyn Fn(f64) -> f64;
    let cases: [(Truth, &[&str], f64, f64); 5] = [
        (&physical, &["auto", "physical"], 0.05, 0.02),
        (&mono, &["auto", "mono"], 0.05, 0.0),
        (&mono, &["auto"], 0.1, 0.06),
        (&uptake, &["auto", "mono-uptake"], 0.05, 0.04),
        (&bi, &["auto", "bi"], 0.05, 0.0),
    ];
    let mut worst = 0.0_f64;
    for (truth, models, r, common) in cases {
        let inputs = inputs(truth);
        for model in models {
            let (t, y, dose) = by_dose(&inputs, model, r, common);
            let others = [
                ("fit, %", by_fit(&inputs, model, &t, &y, r, common, "percent")),
                ("fit, option", by_fit(&inputs, model, &t, &y, r, common, "option")),
                ("uncertainty", by_uncertainty(&inputs, model, &t, &y, r, common)),
            ];
            // The parts of the law of propagation are numerical derivatives of refits.
            let [fit, chain] = uncertainties(&inputs, common);
            assert!((chain / fit - 1.0).abs() < 0.01, "{model}: u {chain:.5}, fit {fit:.5}");
            for (door, other) in others {
                let off = (other / dose - 1.0).abs();
                worst = worst.max(off);
                println!("{model}, {r}, {common}, {door}: {off:.1e}");
                assert!(off < 1e-12, "{model}, {door}: {other:e}, dose {dose:e}, off {off:.1e}");
            }
        }
    }
    println!("largest difference {worst:.1e}");
}

/// A family by name that the points refute, or do not determine, is as uncertain at one door as at the other.
#[test]
fn a_named_family_is_as_uncertain_at_every_door() {
    let fall = |half_life_h: f64, h: f64| 0.5_f64.powf(h / half_life_h);
    let inputs = inputs(|_| 1.0);
    let t = HOURS.map(|h| 3600.0 * h);
    let slow = |h: f64| 0.4 * fall(70.0, h) + 0.6 * fall(4.0, h);
    let up = |h: f64| fall(60.0, h) - 0.9 * fall(3.0, h);
    for (truth, models) in [
        (&slow as &dyn Fn(f64) -> f64, &["mono", "physical", "bi", "mono-uptake", "average"][..]),
        (&up, &["mono", "physical", "mono-uptake", "bi-uptake", "auto"]),
    ] {
        let y: Vec<f64> = HOURS.iter().zip(NOISE).map(|(h, n)| 4e8 * n * truth(*h)).collect();
        for model in models {
            let fit = by_fit(&inputs, model, &t, &y, 0.05, 0.02, "percent");
            let chain = by_uncertainty(&inputs, model, &t, &y, 0.05, 0.02);
            assert!((chain / fit - 1.0).abs() < 1e-12, "{model}");
            let [fit, points] = uncertainties(&inputs, 0.02);
            let voi = &json(&inputs.path("u.json"))["vois"][0];
            let parts = voi["components"].as_array().unwrap();
            let model_part = parts.iter().find(|p| p["name"] == "model");
            let of_model = model_part.map_or(0.0, |p| number(&p["of_result_gy"]));
            // The dose is proportional to the factor, whatever a refit would find.
            let factor = parts.iter().find(|p| p["name"] == "calibration").unwrap();
            let of_factor = number(&factor["of_result_gy"]) / number(&voi["dose_gy"]);
            assert!((of_factor - 0.02).abs() < 1e-5, "{model}: {of_factor}");
            let chain = points.hypot(of_model / number(&voi["dose_gy"]));
            assert!((chain / fit - 1.0).abs() < 0.05, "{model}: u {chain:.5}, fit {fit:.5}");
        }
    }
}

/// Methods that are no fits: `dose` and `fit`.
#[test]
fn trapezoids_and_averages_are_the_same_in_dose_and_fit() {
    let inputs = inputs(|h| 4e5 * 0.5_f64.powf(h / 55.0));
    for model in ["trapezoid", "average"] {
        let (t, y, dose) = by_dose(&inputs, model, 0.05, 0.02);
        let fit = by_fit(&inputs, model, &t, &y, 0.05, 0.02, "option");
        assert!((fit / dose - 1.0).abs() < 1e-12, "{model}: {fit:e} {dose:e}");
    }
}
