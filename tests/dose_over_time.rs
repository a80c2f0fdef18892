//! Several time points to dose by both routes: a box of which everything is known, and the synthetic patient of ../shared/images.

mod cli_inputs;
#[path = "support/shared.rs"]
mod shared;

use cli_inputs::{Inputs, WITH_VOIS, block, grid, json, stderr, succeed};
use serde_json::Value;
use voxgray::image::Volume;
use voxgray::io::read_nifti;

const HOURS: [f64; 4] = [4.0, 24.0, 72.0, 168.0];
/// Effective half-lives of the middle and of the rest, h.
const HALF_LIVES: [f64; 2] = [90.0, 40.0];
/// Bq/mL at injection.
const CONCENTRATIONS: [f64; 2] = [2e6, 1e5];

fn at(region: usize, hours: f64) -> f32 {
    (CONCENTRATIONS[region] * 0.5_f64.powf(hours / HALF_LIVES[region])) as f32
}

/// The box with a series of four time points; the last image lies 8 mm aside.
fn series() -> Inputs {
    let inputs = Inputs::new();
    let mut text = String::from("version = 1\nrelative_uncertainty = 0.05\n");
    for (n, h) in HOURS.iter().enumerate() {
        let mut image = block(&grid(), at(0, *h), at(1, *h));
        let mut shift = "";
        if n == 3 {
            image.grid.origin_mm[1] += 8.0;
            shift = "shift_mm = [0, -8, 0]\n";
        }
        inputs.write(&format!("a{n}.mha"), &image);
        text.push_str(&format!("[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n{shift}"));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    inputs
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&WITH_VOIS, &["--activity", "series.toml", "--histories", "20000"][..], more].concat()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn both_routes_agree_and_know_the_time_integral() {
    let inputs = series();
    let output = inputs.run(&arguments(&["--route", "both", "-o", "out"]));
    succeed(&output);
    let summary = json(&inputs.path("out/summary.json"));
    let setup = &summary["setup"];
    // Integrals in closed form: A0 T / ln 2; 8 voxels of 0.064 mL in the middle of 216.
    let exact = |r: usize| {
        CONCENTRATIONS[r] * HALF_LIVES[r] * 3600.0 / std::f64::consts::LN_2
            * [8.0, 208.0][r]
            * 0.064
    };
    let tia = &setup["time_points"]["time_integrated_activity"];
    assert!((number(&tia["integral"]) / (exact(0) + exact(1)) - 1.0).abs() < 1e-4, "{tia}");
    assert_eq!(tia["voxels"]["fitted"], 216);
    let before = |h: f64| 1.0 - 0.5_f64.powf(HOURS[0] / h);
    let share =
        (0..2).map(|r| exact(r) * before(HALF_LIVES[r])).sum::<f64>() / (exact(0) + exact(1));
    assert!((number(&tia["share_before_first"]) / share - 1.0).abs() < 1e-3);

    for n in 0..2 {
        let [a, d] = ["activity_route", "dose_rate_route"].map(|r| &setup[r]["vois"][n]);
        let (dose, error) = (number(&a["mean_dose_gy"]), number(&a["standard_error_gy"]));
        for key in ["mean_dose_gy", "dose_by_curve_gy"] {
            let (other, u) = (number(&d[key]), number(&d["standard_error_gy"]));
            // Other histories; a voxel's dose rate is no single exponential where regions shine on each other: 0.5 %.
            let allowed = 5.0 * error.hypot(u) + 0.005 * dose;
            assert!((dose - other).abs() < allowed, "{key}: {dose} +- {error}, {other} +- {u}");
        }
        let curve = &a["curve"];
        assert!((number(&curve["integral"]["value"]) / exact(n) - 1.0).abs() < 1e-4, "{curve}");
    }
    let map = |name: &str| read_nifti(&inputs.path(name), None).unwrap().0.data;
    let (one, other) = (map("out/dose.nii.gz"), map("out/dose_by_dose_rate.nii.gz"));
    let difference = map("out/dose_difference.nii.gz");
    for v in 0..one.len() {
        assert_eq!(difference[v], other[v] - one[v]);
    }
    let table = std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap();
    assert!(
        table.starts_with("label,name,mass_g,dose_gy,standard_uncertainty_gy,interval_95_low_gy"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 3);
    for file in ["activity_1.png", "dose_rate_2.png", "dose_rate_4.nii.gz"] {
        assert!(inputs.path("out").join(file).is_file(), "{file}");
    }
}

/// A VOI of its own at one time, of twice the mass there; and the dose-rate route alone.
#[test]
fn a_voi_may_change_its_mass() {
    let inputs = series();
    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let text = text.replace("'a1.mha'", "'a1.mha'\nvoi = 'voi1.mha'");
    let larger = Volume::new(
        grid(),
        (0..grid().len())
            .map(|v| {
                let [i, j, k] = grid().unlinear(v);
                if (2..4).contains(&i) && (2..4).contains(&j) && (1..5).contains(&k) {
                    1.0
                } else {
                    2.0
                }
            })
            .collect(),
    );
    inputs.write("voi1.mha", &larger.unwrap());
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    succeed(&inputs.run(&arguments(&["--route", "dose-rate", "-o", "out"])));
    let summary = json(&inputs.path("out/summary.json"));
    let curve = &summary["setup"]["dose_rate_route"]["vois"][0]["curve"];
    let values: Vec<f64> = curve["values"].as_array().unwrap().iter().map(number).collect();
    // The middle's energy in twice the mass, less what the 40 h of the others would say: about half of the interpolated rate.
    let between = (values[0] * values[2]).sqrt();
    assert!((0.4..0.75).contains(&(values[1] / between)), "{values:?}");
}

#[test]
fn one_acquisition_takes_the_shape_of_a_planar_curve() {
    let inputs = series();
    let planar = "version = 1\nrelative_uncertainty = 0.05\nmodels = ['mono']\n[[time_point]]\ntime = '24h'\nactivity = 'a1.mha'\n[planar]\n\
        times = ['4h', '24h', '72h', '168h']\ncounts = [970, 831.2, 574.3, 274.2]\nrelative_uncertainty = 0.02\n";
    std::fs::write(inputs.path("series.toml"), planar).unwrap();
    succeed(&inputs.run(&arguments(&["-o", "out"])));
    let summary = json(&inputs.path("out/summary.json"));
    let total = |h: f64| (0..2).map(|r| f64::from(at(r, h)) * [8.0, 208.0][r] * 0.064).sum::<f64>();
    // The counts fall by 90 h.
    let expected = total(24.0) * 2.0_f64.powf(24.0 / 90.0) * 90.0 * 3600.0 / std::f64::consts::LN_2;
    let found = number(&summary["decays"]);
    let found = if found.is_nan() { number(&summary["setup"]["decays"]) } else { found };
    assert!((found / expected - 1.0).abs() < 2e-3, "{found} {expected}");
    // The same counts corrected for decay to the injection (Lu-177, 159.53 h): declared they give the same; counts that look so are asked about, and
    // so are any beside images that are corrected.
    let corrected: Vec<f64> = [4.0, 24.0, 72.0, 168.0]
        .iter()
        .zip([970.0, 831.2, 574.3, 274.2])
        .map(|(h, c)| c * 2.0_f64.powf(h / 159.53))
        .collect();
    let with = |counts: &[f64], keys: &str, top: &str| {
        let text = planar.replace("[970, 831.2, 574.3, 274.2]", &format!("{counts:?}"));
        let text = text.replace("models =", &format!("{top}models ="));
        std::fs::write(inputs.path("series.toml"), format!("{text}{keys}")).unwrap();
        inputs.run(&arguments(&["-o", "out", "--overwrite"]))
    };
    succeed(&with(&corrected, "decay_corrected = 'injection'\n", ""));
    let undone = number(&json(&inputs.path("out/summary.json"))["setup"]["decays"]);
    assert!((undone / expected - 1.0).abs() < 3e-3, "{undone} {expected}");
    let own = [970.0, 831.2, 574.3, 274.2];
    for (counts, top) in
        [(&[970.0, 968.0, 960.0, 955.0], ""), (&own, "decay_correction = 'admin'\n")]
    {
        let output = with(counts, "", top);
        let said = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("[planar]: not said whether decay-corrected"), "{said}");
    }
    let zero = with(&[970.0, 831.2, 574.3, 0.0], "", "");
    assert!(stderr(&zero).contains("planar: 0 counts at 168h"), "{}", stderr(&zero));
}

#[test]
fn bad_series_are_refused_and_leave_nothing() {
    let text = std::fs::read_to_string(series().path("series.toml")).unwrap();
    let refused = |from: &str, to: &str, more: &[&str], expected: &str| {
        let inputs = series();
        std::fs::write(inputs.path("series.toml"), text.replace(from, to)).unwrap();
        let output = inputs.run(&arguments(&[&["-o", "out"], more].concat()));
        let said = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{said}");
        assert!(said.contains(expected), "'{expected}' not in: {said}");
        assert!(inputs.made().is_empty(), "{:?}", inputs.made());
    };
    refused("'24h'", "'4h'", &[], "must ascend");
    refused("'24h'", "'-2h'", &[], "after injection");
    refused("'24h'", "'24'", &[], "with its unit");
    refused("time = '24h'", "", &[], "no time after the administration");
    refused("'a2.mha'", "'absent.mha'", &[], "absent.mha");
    refused("'a2.mha'", "'a2.mha'\nunit = 'Bq*s'", &[], "integrated over time already");
    refused("", "", &["--physical-decay"], "--physical-decay");
    refused("", "", &["--horizon", "30d"], "--horizon");
    refused("", "", &["--route", "both", "--target-uncertainty", "5%"], "--target-uncertainty");
}

/// Total time-integrated activity of the noisy images within 3 % of the truth, the true shifts given; both routes to the end.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn synthetic_patient_by_both_routes() {
    let images = shared::image("").display().to_string();
    let folder = shared::image("synthetic_lu177_4tp");
    let truth = std::fs::read_to_string(folder.join("truth_tia.csv")).unwrap();
    let column = |line: &str, n: usize| line.split(',').nth(n).unwrap().parse::<f64>().unwrap();
    let truth: f64 = truth.lines().skip(1).map(|l| column(l, 6)).sum();
    let times = std::fs::read_to_string(folder.join("truth_time_activity.csv")).unwrap();
    let mut text = String::from("version = 1\nrelative_uncertainty = 0.05\n");
    for h in HOURS {
        let start = format!("{h:.1},liver");
        let line = times.lines().find(|l| l.starts_with(&start)).unwrap();
        // The patient's displacement; the image goes back by it. Rotations up to 1 degree stay.
        let shift = [5, 6, 7].map(|n| -column(line, n));
        text.push_str(&format!(
            "[[time_point]]\ntime = '{h}h'\nactivity = '{}'\nshift_mm = {shift:?}\n",
            folder.join(format!("spect_{h:03}h_bqml.nii.gz")).display()
        ));
    }
    let inputs = Inputs::new();
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    let ct = folder.join("ct_004h_hu.nii.gz").display().to_string();
    let organs = format!("{images}/phantom_lu177_patient15/patient15_organs.nii.gz");
    let output = inputs.run(&[
        "dose",
        "--ct",
        &ct,
        "--activity",
        "series.toml",
        "--nuclide",
        "Lu-177",
        "--histories",
        "100000",
        "--batches",
        "10",
        "--voi",
        &organs,
        "--route",
        "both",
        "--engine",
        "cpu",
        "--allow-outside",
        "5%",
        "--hu-below",
        "100%",
        "--hu-above",
        "5%",
        "-o",
        "out",
    ]);
    succeed(&output);
    println!("{}", stderr(&output));
    let summary = json(&inputs.path("out/summary.json"));
    let tia = &summary["setup"]["time_points"]["time_integrated_activity"];
    let found = number(&tia["integral"]) / 3600.0 / 1e6;
    println!("total {found:.1} MBq h of {truth:.1}: {:.4}\n{tia:#}", found / truth);
    println!("{}", std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap());
    assert!((found / truth - 1.0).abs() < 0.03, "{found} {truth}");
    // The routes differ by the histories' noise and by what the fits make of dose rates.
    for n in 0..7 {
        let [a, d] = ["activity_route", "dose_rate_route"]
            .map(|r| number(&summary["setup"][r]["vois"][n]["mean_dose_gy"]));
        assert!((d / a - 1.0).abs() < 0.1, "VOI {n}: {a} {d}");
    }
}

/// The third image ends a voxel before the others, and the second one in the middle of the inner VOI, of which it shows none.
#[test]
fn what_lies_beyond_an_images_field_of_view_is_filled_in_or_left_out() {
    let inputs = series();
    let cut = |n: usize, hours: f64, first: usize, last: usize| {
        let mut image = block(&grid(), at(0, hours), at(1, hours));
        let layer = 36;
        image.grid.dims[2] = last - first;
        image.grid.origin_mm[2] += 4.0 * first as f64;
        image.data = image.data[first * layer..last * layer].to_vec();
        inputs.write(&format!("a{n}.mha"), &image);
    };
    let exact = |r: usize| {
        CONCENTRATIONS[r] * HALF_LIVES[r] * 3600.0 / std::f64::consts::LN_2
            * [8.0, 208.0][r]
            * 0.064
    };
    let curve = |out: &str, n: usize| {
        let summary = json(&inputs.path(&format!("{out}/summary.json")));
        summary["setup"]["activity_route"]["vois"][n]["curve"].clone()
    };
    assert_eq!(grid().spacing_mm(), [4.0; 3]);
    succeed(&inputs.run(&arguments(&["-o", "whole"])));
    cut(2, HOURS[2], 0, 5);
    let output = inputs.run(&arguments(&["-o", "part"]));
    succeed(&output);
    let said = stderr(&output);
    assert!(said.contains("beyond the image's field of view lies activity"), "{said}");
    assert!(said.contains("17.3 % at 72 h"), "{said}");
    for n in 0..2 {
        let integral = &curve("part", n)["integral"];
        assert!((number(&integral["value"]) / exact(n) - 1.0).abs() < 1e-4, "{integral}");
    }
    let u = |out: &str| number(&curve(out, 1)["integral"]["standard_uncertainty"]);
    assert!(u("part") > 1.02 * u("whole"), "{} {}", u("part"), u("whole"));
    // Slices 3 to 6: half of the inner VOI, and less than half of the outer one.
    cut(1, HOURS[1], 4, 6);
    let output = inputs.run(&arguments(&["-o", "out"]));
    succeed(&output);
    let said = stderr(&output);
    assert!(said.contains("left out") && said.contains("24 h"), "{said}");
    for n in 0..2 {
        let found = curve("out", n);
        assert_eq!(found["times_s"].as_array().unwrap().len(), 3, "{found}");
        let value = number(&found["integral"]["value"]);
        assert!((value / exact(n) - 1.0).abs() < 1e-4, "{value} {}", exact(n));
    }
}

/// A VOI beyond the only image: its activity there is not known, and that is said.
#[test]
fn a_voi_beyond_the_image_is_told() {
    let inputs = Inputs::new();
    let mut image = block(&grid(), 1e6, 1e5);
    image.grid.dims[2] = 4;
    image.data.truncate(4 * 36);
    inputs.write("short.mha", &image);
    let common = ["--activity", "short.mha", "--histories", "2000", "--grid", "ct", "-o", "out"];
    let output = inputs.run(&[&WITH_VOIS, &common[..]].concat());
    succeed(&output);
    let said = stderr(&output);
    assert!(said.contains("reach beyond the field of view of the activity"), "{said}");
    assert!(said.contains("with 34.6 % of its voxels"), "{said}");
    assert!(!said.contains("no activity in"), "{said}");
    // Nothing at all in one of them.
    inputs.write("none.mha", &block(&grid(), 0.0, 1e5));
    let common = ["--activity", "none.mha", "--histories", "2000", "--grid", "ct", "-o", "none"];
    let output = inputs.run(&[&WITH_VOIS, &common[..]].concat());
    succeed(&output);
    let said = stderr(&output);
    assert!(said.contains("no activity in 'core': outside of the image's field"), "{said}");
}

/// What an option and the series file state differently is refused; the same is not.
#[test]
fn options_that_contradict_the_series_file_are_refused() {
    let inputs = series();
    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let head = "version = 1\nadministered = '2026-03-01T10:00:00+01:00'\ndecay_correction = 'none'\nduration = '20min'\n\
         [calibration]\nfactor = '10 cps/MBq'\n";
    // Keys before the first table.
    let (_, points) = text.split_once("relative_uncertainty = 0.05\n").unwrap();
    let points = points.replace("activity =", "unit = 'counts'\nactivity =");
    let head = head.replace("version = 1\n", "version = 1\nrelative_uncertainty = 0.05\n");
    std::fs::write(inputs.path("series.toml"), head + &points).unwrap();
    let refused = [
        ("--administered", "2026-03-01T11:00:00+01:00", "administered in the series file is"),
        ("--calibration", "11 cps/MBq", "[calibration] in the series file is"),
        ("--calibration-history", "other.toml", "[calibration] in the series file is"),
        ("--scan-duration", "30min", "duration in the series file is 1200 s"),
        ("--decay-correction", "start", "decay_correction of time point 1"),
        ("--activity-unit", "Bq", "unit of time point 1"),
    ];
    for (option, value, why) in refused {
        let output = inputs.run(&arguments(&[option, value, "-o", "out"]));
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(why) && said.contains(option), "{said}");
        assert!(!inputs.path("out").exists());
    }
    let same = [
        ("--administered", "2026-03-01T09:00:00Z"),
        ("--calibration", "10 cps/MBq"),
        ("--scan-duration", "1200s"),
        ("--decay-correction", "none"),
        ("--activity-unit", "counts"),
    ];
    for (n, (option, value)) in same.into_iter().enumerate() {
        succeed(&inputs.run(&arguments(&[option, value, "-o", &format!("out{n}")])));
    }
}

/// One image given twice, and a factor per count for acquisitions of different duration: each would give a wrong curve without a word.
#[test]
fn images_and_durations_that_cannot_be_meant_are_told() {
    let inputs = series();
    std::fs::copy(inputs.path("a0.mha"), inputs.path("copy.mha")).unwrap();
    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let refused = |text: &str, why: &str, more: &[&str]| {
        std::fs::write(inputs.path("series.toml"), text).unwrap();
        let output = inputs.run(&arguments(&[more, &["-o", "out"]].concat()));
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(why), "{said}");
    };
    for (n, file) in ["'a0.mha'", "'copy.mha'"].into_iter().enumerate() {
        std::fs::write(inputs.path("series.toml"), text.replace("'a1.mha'", file)).unwrap();
        let output = inputs.run(&arguments(&["-o", &format!("same{n}")]));
        assert!(stderr(&output).contains("are the same image"), "{}", stderr(&output));
    }
    let counts = ["--activity-unit", "counts", "--calibration", "41.5 Bq"];
    let with = |last: &str| {
        let mut n = 0;
        let point = |line: &str| {
            n += usize::from(line.starts_with("activity"));
            let duration = if n == 4 { last } else { "20min" };
            let own = line.starts_with("activity").then(|| format!("\nduration = '{duration}'"));
            format!("{line}{}\n", own.unwrap_or_default())
        };
        text.lines().map(point).collect::<String>()
    };
    refused(&with("40min"), "counts grow with the duration", &counts);
    std::fs::write(inputs.path("series.toml"), with("20min")).unwrap();
    succeed(&inputs.run(&arguments(&[&counts[..], &["-o", "out"]].concat())));
    std::fs::write(inputs.path("series.toml"), with("40min")).unwrap();
    let rate = ["--activity-unit", "counts", "--calibration", "20 cps/MBq"];
    succeed(&inputs.run(&arguments(&[&rate[..], &["-o", "rate"]].concat())));
}
