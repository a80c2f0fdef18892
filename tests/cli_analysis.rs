//! `voxgray dvh`, `bed` and `plan` as a user runs them: on folders of voxgray dose and on maps, and what they refuse.

mod cli_inputs;

use std::process::Output;

use cli_inputs::{EDGE, Inputs, WITH_VOIS, block, grid, json, stderr, succeed};
use serde_json::Value;
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;

/// Runs with --json; the document.
fn told(inputs: &Inputs, arguments: &[&str]) -> Value {
    let output = inputs.run(&[arguments, &["--json"]].concat());
    succeed(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn row<'a>(all: &'a Value, voi: &str, quantity: &str) -> &'a Value {
    let rows = all["results"].as_array().unwrap();
    let found = rows.iter().find(|r| r["voi"] == voi && r["quantity"] == quantity);
    found.unwrap_or_else(|| panic!("no {quantity} of {voi} in {all:#}"))
}

fn value(all: &Value, voi: &str, quantity: &str) -> f64 {
    row(all, voi, quantity)["value"].as_f64().unwrap()
}

fn refused(output: &Output, code: i32, said: &str) {
    let text = stderr(output);
    assert!(
        output.status.code() == Some(code) && text.contains(said),
        "{:?} {text}",
        output.status
    );
}

const VOI: [&str; 4] = ["--voi", "voi.mha", "--voi-names", "names.csv"];

/// A folder of Y-90 that decays in place.
fn y90() -> Inputs {
    let inputs = Inputs::new();
    let more = [
        "--activity",
        "activity.mha",
        "--histories",
        "20000",
        "--physical-decay",
        "--decay-from",
        "image",
        "-o",
        "out",
    ];
    let base: Vec<&str> =
        WITH_VOIS.iter().map(|a| if *a == "Lu-177" { "Y-90" } else { a }).collect();
    succeed(&inputs.run(&[&base[..], &more].concat()));
    inputs
}

#[test]
fn histograms_and_bed_of_a_run() {
    let inputs = y90();
    let summary = json(&inputs.path("out/summary.json"));
    let all = told(
        &inputs,
        &[&["dvh", "out"], &VOI[..], &["--d", "0.1mL", "--v", "20Gy", "--geud", "8", "-o", "dvh"]]
            .concat(),
    );
    for (n, name) in ["core", "shell"].into_iter().enumerate() {
        let voi = &summary["vois"][n];
        let mean = row(&all, name, "mean");
        // Water of one density: the mean of voxels is energy over mass.
        assert!(
            (mean["value"].as_f64().unwrap() / voi["mean_dose"].as_f64().unwrap() - 1.0).abs()
                < 1e-5
        );
        let by_mass = value(&all, name, "mean_by_mass");
        assert!((by_mass / voi["mean_dose"].as_f64().unwrap() - 1.0).abs() < 1e-5);
        let error = mean["standard_error"].as_f64().unwrap();
        assert!((error / voi["standard_error"].as_f64().unwrap() - 1.0).abs() < 1e-9);
        assert!(
            (value(&all, name, "volume") / voi["volume_cm3"].as_f64().unwrap() - 1.0).abs() < 1e-9
        );
        if name == "core" {
            // Eight voxels are too few to tell what they are from their noise: each has its own error.
            for quantity in ["D98%", "D2%"] {
                let found = row(&all, name, quantity);
                assert_eq!(found["bias"], 0.0, "{found}");
                assert!(found["standard_error"].as_f64().unwrap() > 0.0, "{found}");
            }
        }
    }
    for file in ["dvh.csv", "curves.csv", "dvh.json", "dvh.png", "voxgray-files.json"] {
        assert!(inputs.path("dvh").join(file).is_file(), "{file}");
    }
    let curves = std::fs::read_to_string(inputs.path("dvh/curves.csv")).unwrap();
    assert!(
        curves.lines().count() > 2000 && curves.starts_with("voi,value,unit,share,low_95,high_95")
    );
    refused(&inputs.run(&[&["dvh", "out"], &VOI[..], &["-o", "dvh"]].concat()), 4, "not empty");
    refused(
        &inputs.run(&[&["dvh", "out"], &VOI[..], &["--v", "20Gy/s"]].concat()),
        2,
        "the map is in Gy",
    );
    refused(
        &inputs.run(&[&["dvh", "out"], &VOI[..], &["--rbe", "alpha=5"]].concat()),
        2,
        "no factor for electron",
    );
    let weighted =
        told(&inputs, &[&["dvh", "out"], &VOI[..], &["--rbe", "electron=2,photon=2"]].concat());
    let twice = row(&weighted, "core", "mean");
    assert_eq!(twice["unit"], "Gy(RBE)");
    assert!(
        (twice["value"].as_f64().unwrap() / value(&all, "core", "mean") / 2.0 - 1.0).abs() < 1e-5
    );

    // BED by the physical half-life of the run: D (1 + G D/(alpha/beta)) of the mean dose.
    let tissue = ["--alpha-beta", "2.5Gy", "--repair", "2.5h", "--alpha", "core=0.01/Gy"];
    let bed = told(&inputs, &[&["bed", "out"], &VOI[..], &tissue, &["-o", "bed"]].concat());
    let g = 2.5 / (2.5 + summary["setup"]["source"]["half_life_s"].as_f64().unwrap() / 3600.0);
    assert!((value(&bed, "core", "G") / g - 1.0).abs() < 1e-9);
    let d = value(&bed, "core", "mean_dose");
    let expected = d * (1.0 + g * d / 2.5);
    assert!((value(&bed, "core", "BED_of_mean_dose") / expected - 1.0).abs() < 1e-9);
    assert!((value(&bed, "core", "EQD2_of_mean_dose") / (expected / 1.8) - 1.0).abs() < 1e-9);
    assert!(value(&bed, "core", "BED_mean_of_voxels") >= expected);
    let (map, _) = read_nifti(&inputs.path("bed/bed.nii.gz"), None).unwrap();
    let (dose, _) = read_nifti(&inputs.path("out/dose.nii.gz"), None).unwrap();
    for (b, d) in map.data.iter().zip(&dose.data) {
        let d = f64::from(*d);
        assert!((f64::from(*b) - d * (1.0 + g * d / 2.5)).abs() <= 1e-5 * (1.0 + f64::from(*b)));
    }
    // Cycles an hour apart give more than their sum; a year apart, the sum.
    let cycles = |interval: &str| {
        let more = ["--cycles", "2", "--interval", interval];
        told(&inputs, &[&["bed", "out"], &VOI[..], &tissue, &more].concat())
    };
    let (near, far) = (cycles("1h"), cycles("365d"));
    let apart = value(&far, "core", "BED_of_mean_dose_cycles_apart");
    assert!((value(&far, "core", "BED_of_mean_dose") / apart - 1.0).abs() < 1e-9);
    assert!(value(&near, "core", "BED_of_mean_dose") > 1.1 * apart);
    for (bad, said) in [("0", "must be a positive dose"), ("-2Gy", "must be a positive dose")] {
        let arguments = ["bed", "out", "--alpha-beta", bad, "--repair", "2.5h", "--voi", "voi.mha"];
        let output = inputs.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said) || stderr(&output).contains("unexpected argument"));
    }
    // Nobody asks for the BED of the shell: it is left out, and no error. One parameter without the other is one.
    let partial = ["bed", "out", "--alpha-beta", "core=2Gy", "--repair", "2.5h"];
    let of_core = inputs.run(&[&partial[..], &VOI].concat());
    succeed(&of_core);
    let text = stderr(&of_core);
    assert!(text.contains("no parameters are given for them: shell"), "{text}");
    let one = [&partial[..], &VOI, &["--alpha", "shell=0.3/Gy"]].concat();
    refused(&inputs.run(&one), 3, "'shell' has no --alpha-beta");
    let slip = ["bed", "out", "--alpha-beta", "cor=2Gy", "--repair", "2.5h"];
    refused(&inputs.run(&[&slip[..], &VOI].concat()), 3, "Did you mean 'core'?");
}

/// Maps of other programs: units, grids, NaN, what a map does not hold.
#[test]
fn maps_of_other_programs() {
    let inputs = Inputs::new();
    inputs.write("dose.mha", &block(&grid(), 30.0, 10.0));
    let run = |more: &[&str]| inputs.run(&[&["dvh", "dose.mha"], &VOI[..], more].concat());
    refused(&run(&[]), 2, "its unit is not known");
    let all = told(&inputs, &[&["dvh", "dose.mha"], &VOI[..], &["--unit", "Gy"]].concat());
    assert_eq!((value(&all, "core", "D98%"), value(&all, "shell", "D2%")), (30.0, 10.0));
    assert!(
        row(&all, "core", "D2%")["bias"].is_null()
            && row(&all, "core", "D2%")["interval_95"].is_null()
    );
    refused(&run(&["--unit", "Gy", "--weight", "mass"]), 2, "--density");
    // VOIs of twice the resolution, turned: the same volumes and means.
    let fine = Grid {
        dims: [2 * EDGE; 3],
        origin_mm: [11.0, -11.0, -11.0],
        axes_mm: [[0.0, 2.0, 0.0], [-2.0, 0.0, 0.0], [0.0, 0.0, 2.0]],
    };
    let label =
        |n: usize| if fine.unlinear(n).iter().all(|i| (4..8).contains(i)) { 1.0 } else { 2.0 };
    inputs.write(
        "fine.mha",
        &Volume::new(fine.clone(), (0..fine.len()).map(label).collect()).unwrap(),
    );
    let arguments =
        ["dvh", "dose.mha", "--voi", "fine.mha", "--voi-names", "names.csv", "--unit", "Gy"];
    let all = told(&inputs, &arguments);
    assert!((value(&all, "core", "volume") - 0.512).abs() < 1e-9);
    for (name, mean) in [("core", 30.0), ("shell", 10.0)] {
        assert!((value(&all, name, "mean") / mean - 1.0).abs() < 1e-12, "{name}");
    }
    // Half of the map: what is missing is said, and refused or accepted.
    let half = Grid { dims: [EDGE, EDGE, EDGE / 2], ..grid() };
    let values = (0..half.len()).map(|n| if n == 0 { f32::NAN } else { 5.0 }).collect();
    inputs.write("half.mha", &Volume::new(half, values).unwrap());
    let half = |more: &[&str]| {
        inputs.run(&[&["dvh", "half.mha", "--unit", "Gy"], &VOI[..], more].concat())
    };
    refused(&half(&[]), 3, "refused: core: 'core': 50.000 % of its volume lie outside of the map");
    succeed(&half(&["--missing", "60%"]));
    let tissue = ["--alpha-beta", "2.5Gy", "--repair", "2.5h"];
    let bed = |unit: &str, more: &[&str]| {
        inputs.run(&[&["bed", "dose.mha", "--unit", unit], &VOI[..], &tissue, more].concat())
    };
    refused(&bed("Gy/s", &["--half-life", "50h"]), 2, "BED needs the dose of all time");
    refused(&bed("Gy", &[]), 3, "no dose rate over time");
    succeed(&bed("Gy", &["--half-life", "50h"]));
    std::fs::write(inputs.path("rates.csv"), "curve,time_h,dose_rate_mGy/h\ncore,2,50\ncore,24,40\ncore,72,20\ncore,144,7.1\nshell,2,5\nshell,24,4\nshell,72,2\nshell,144,0.71\n").unwrap();
    succeed(&bed("Gy", &["--curves", "rates.csv", "--nuclide", "Lu-177"]));
}

/// Doses below zero are told, and refused where what is asked for has no meaning for them; what a VOI is too small for is left out; two values of one
/// parameter are refused; a VOI that the labels lack is named.
#[test]
fn what_no_absorbed_dose_is_and_what_contradicts_itself() {
    let inputs = Inputs::new();
    let mut map = block(&grid(), 30.0, 10.0);
    let core = (0..map.data.len()).find(|v| map.data[*v] == 30.0).unwrap();
    map.data[core] = -5.0;
    inputs.write("dose.mha", &map);
    let dvh = |more: &[&str]| {
        inputs.run(&[&["dvh", "dose.mha", "--unit", "Gy"], &VOI[..], more].concat())
    };
    let plain = dvh(&[]);
    succeed(&plain);
    assert!(stderr(&plain).contains("has 1 voxels below zero"), "{}", stderr(&plain));
    refused(&dvh(&["--geud=-5"]), 3, "refused: core: 1 of 8 doses are below zero");
    let bed = |more: &[&str]| {
        let tissue = ["--alpha-beta", "2.6Gy", "--repair", "2.8h", "--half-life", "50h"];
        inputs.run(&[&["bed", "dose.mha", "--unit", "Gy"], &VOI[..], &tissue, more].concat())
    };
    refused(&bed(&[]), 3, "refused: core: 1 of 8 doses are below zero (BED is made of absorbed");
    refused(&bed(&["--alpha-beta", "3Gy"]), 2, "--alpha-beta of all VOIs is given twice");
    let large = dvh(&["--d", "999mL", "--json"]);
    assert!(stderr(&large).contains("note: 'core' has 0.5120 mL: no D999mL"), "{}", stderr(&large));
    let all: Value = serde_json::from_slice(&large.stdout).unwrap();
    assert!(row(&all, "core", "D999mL")["value"].is_null());
    assert!(value(&all, "shell", "mean") > 0.0);
    std::fs::write(inputs.path("more.csv"), "label,name\n1,core\n2,shell\n7,spleen\n").unwrap();
    let more = ["--voi", "voi.mha", "--voi-names", "more.csv", "--unit", "Gy"];
    let output = inputs.run(&[&["dvh", "dose.mha"], &more[..]].concat());
    succeed(&output);
    assert!(stderr(&output).contains("without a voxel, and left out: spleen"));
    inputs.write("none.mha", &block(&grid(), 0.0, 0.0));
    refused(
        &inputs.run(&["dvh", "dose.mha", "--voi", "none.mha", "--unit", "Gy"]),
        3,
        "no VOI has a voxel",
    );
}

/// A series: G is that of the curve that was integrated, and not of a half-life.
#[test]
fn bed_of_a_series_takes_its_curves() {
    let inputs = Inputs::new();
    let mut text = String::from("version = 1\nrelative_uncertainty = 0.05\n");
    // Uptake (4 h), then clearance (60 h), in the core; clearance alone (30 h) around it.
    for (n, h) in [2.0, 8.0, 24.0, 72.0, 144.0].into_iter().enumerate() {
        let core = 2e6 * (0.5_f64.powf(h / 60.0) - 0.5_f64.powf(h / 4.0));
        inputs.write(
            &format!("a{n}.mha"),
            &block(&grid(), core as f32, (1e5 * 0.5_f64.powf(h / 30.0)) as f32),
        );
        text.push_str(&format!("[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n"));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    let more = ["--activity", "series.toml", "--histories", "20000", "-o", "out"];
    succeed(&inputs.run(&[&WITH_VOIS[..], &more].concat()));
    let tissue = ["--alpha-beta", "2.6Gy", "--repair", "2.8h"];
    let bed = told(&inputs, &[&["bed", "out"], &VOI[..], &tissue].concat());
    // Uptake and clearance in closed form, R_i R_j/((mu + l_i)(l_i + l_j)).
    let (mu, l) = (1.0 / 2.8, [1.0 / 60.0, 1.0 / 4.0]);
    let r = [1.0, -1.0];
    let dose: f64 = (0..2).map(|i| r[i] / l[i]).sum();
    let pairs = (0..4).map(|n| (n / 2, n % 2));
    let sum: f64 = pairs.map(|(i, j)| r[i] * r[j] / ((mu + l[i]) * (l[i] + l[j]))).sum();
    let g = 2.0 * sum / (dose * dose);
    let ours = value(&bed, "core", "G");
    assert!((ours / g - 1.0).abs() < 2e-3, "{ours} {g}");
    let tail = 2.8 / (2.8 + 60.0);
    assert!((ours / tail - 1.0).abs() > 0.01, "{ours} {tail}");
    let shell = value(&bed, "shell", "G");
    assert!((shell / (2.8 / 32.8) - 1.0).abs() < 2e-3, "{shell}");
    // Another place of the same name has the curve of the run's VOI, which is told.
    let mut other = block(&grid(), 0.0, 0.0);
    other.data[..3].fill(1.0);
    inputs.write("other.mha", &other);
    let names = ["--voi", "other.mha", "--voi-names", "names.csv"];
    let output = inputs.run(&[&["bed", "out"], &names[..], &tissue].concat());
    assert!(
        stderr(&output).contains("'core' has 0.19 mL here and had 0.51 mL in the run"),
        "{}",
        stderr(&output)
    );
}

/// Dose rates fitted voxel by voxel: each voxel's BED has the G of its own half-life, not that of its VOI.
#[test]
fn bed_of_voxels_takes_their_own_curves() {
    let inputs = Inputs::new();
    let mut text =
        String::from("version = 1\nrelative_uncertainty = 0.05\n[method]\ndefault = 'mono'\n");
    let own = |n: usize| if grid().unlinear(n)[0] == 2 { 20.0 } else { 90.0 };
    for (n, h) in [2.0, 24.0, 48.0, 96.0].into_iter().enumerate() {
        let mut map = block(&grid(), 1e6, 0.0);
        for (v, a) in map.data.iter_mut().enumerate() {
            *a *= 0.5_f64.powf(h / own(v)) as f32;
        }
        inputs.write(&format!("a{n}.mha"), &map);
        text.push_str(&format!("[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n"));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    let more = ["--activity", "series.toml", "--histories", "40000", "--route", "dose-rate"];
    succeed(&inputs.run(&[&WITH_VOIS[..], &more, &["-o", "out"]].concat()));
    // What holds of any run stands in its summary too.
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["run"]["histories"], 40_000, "{summary:#}");
    assert!(summary["ledger"]["imparted_mev"].as_f64().unwrap() > 0.0);
    assert!(summary["dose"].is_null() && summary["setup"]["dose_rate_route"].is_object());
    let tissue = ["--alpha-beta", "2.6Gy", "--repair", "2.8h", "--overwrite", "-o", "bed"];
    let bed = told(&inputs, &[&["bed", "out"], &VOI[..], &tissue].concat());
    let map = |file: &str| read_nifti(&inputs.path(file), None).unwrap().0.data;
    let (dose, halves) =
        (map("out/dose_by_dose_rate.nii.gz"), map("out/dose_by_dose_rate_half_life.nii.gz"));
    let of = |g: f64, d: f64| d * (1.0 + g * d / 2.6);
    let g_of_voi = value(&bed, "core", "G");
    let voxels = map("bed/bed.nii.gz");
    let core: Vec<usize> = (0..dose.len())
        .filter(|v| grid().unlinear(*v).iter().all(|i| (2..4).contains(i)))
        .collect();
    for v in &core {
        let (d, half_life) = (f64::from(dose[*v]), f64::from(halves[*v]));
        // Its own activity gives most of its dose; the neighbours' crossfire draws the fit towards theirs.
        assert!((half_life / own(*v) - 1.0).abs() < 0.25, "{half_life} {}", own(*v));
        let expected = of(2.8 / (2.8 + half_life), d);
        assert!((f64::from(voxels[*v]) / expected - 1.0).abs() < 1e-5);
    }
    // Stated for all of the VOI: no voxel keeps its own.
    let half_life = ["--half-life", "core=40h", "--half-life", "shell=40h"];
    told(&inputs, &[&["bed", "out"], &VOI[..], &tissue, &half_life].concat());
    let voxels = map("bed/bed.nii.gz");
    for v in &core {
        let expected = of(2.8 / 42.8, f64::from(dose[*v]));
        assert!((f64::from(voxels[*v]) / expected - 1.0).abs() < 1e-5);
    }
    assert!((g_of_voi / (2.8 / 42.8) - 1.0).abs() > 0.01);
}

#[test]
fn plans() {
    let inputs = Inputs::new();
    let mono = told(
        &inputs,
        &[
            "plan",
            "mono",
            "--constant",
            "49.67",
            "--mass",
            "1.5kg",
            "--lung-shunt",
            "5%",
            "--dose",
            "120Gy",
        ],
    );
    assert!((value(&mono, "all", "activity") - 3.814_650_376_7).abs() < 1e-9);
    let partition = [
        "plan",
        "partition",
        "--constant",
        "49.67",
        "--normal",
        "1.2kg",
        "--tumour",
        "0.3kg",
        "--lungs",
        "1kg",
    ];
    let one = [
        &partition[..],
        &["--concentration-ratio", "3", "--liver-lung-shunt", "5%", "--activity", "3GBq"],
    ]
    .concat();
    let doses = told(&inputs, &one);
    for (name, gy) in [("normal liver", 67.409_285_7), ("tumour", 202.227_857_1), ("lungs", 7.4505)]
    {
        assert!((value(&doses, name, "mean_dose") - gy).abs() < 1e-6, "{name}");
    }
    // Which ratio and which shunt is meant must be said.
    let output =
        inputs.run(&[&partition[..], &["--activity", "3GBq", "--liver-lung-shunt", "5%"]].concat());
    refused(&output, 2, "--activity-ratio");
    let output =
        inputs.run(&[&partition[..], &["--activity", "3GBq", "--activity-ratio", "3"]].concat());
    refused(&output, 2, "--tumour-lung-shunt");
    let limit = told(
        &inputs,
        &[
            "plan",
            "limit",
            "--given",
            "5Gy,7.4GBq",
            "--given",
            "6Gy,7.4GBq",
            "--limit",
            "23Gy",
            "--next",
            "6Gy",
        ],
    );
    assert!((value(&limit, "next", "activity_to_the_limit") - 12.0 / (11.0 / 14.8)).abs() < 1e-9);
    assert_eq!(value(&limit, "next", "cycles_that_fit"), 2.0);
    refused(
        &inputs.run(&["plan", "limit", "--given=-1Gy", "--limit", "23Gy"]),
        2,
        "a dose in Gy of 0 or more",
    );
    // Two VOIs of an image: 8 voxels of 1e6 in the core, nothing around it.
    let image = [
        "plan",
        "image",
        "activity.mha",
        "--nuclide",
        "Y-90",
        "--liver",
        "core",
        "--lungs",
        "shell",
        "--tissue-density",
        "1",
    ];
    let image = told(&inputs, &[&image[..], &VOI, &["--activity", "1GBq", "-o", "plan"]].concat());
    assert_eq!(value(&image, "all", "lungs_over_lungs_and_liver"), 0.0);
    let expected = value(&image, "all", "k") / 0.512e-3;
    assert!((value(&image, "core", "mean_dose") / expected - 1.0).abs() < 1e-6);
    assert!(inputs.path("plan/dose.nii.gz").is_file());
    let marrow = told(
        &inputs,
        &[
            "plan",
            "marrow",
            "--blood",
            "1.2e9 Bq*s/mL",
            "--hematocrit",
            "47%",
            "--marrow",
            "1kg",
            "--phantom-marrow",
            "1170g",
            "--self-s",
            "9.72e-6 mGy/(MBq s)",
        ],
    );
    assert!(
        (value(&marrow, "marrow", "dose") - 1.2e9 * 0.19 / 0.53 * 1170.0 * 9.72e-15).abs() < 1e-12
    );
}
