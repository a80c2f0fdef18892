//! From counts to dose with the whole uncertainty: calibration, recovery, transfer matrix, VOIs that change their mass; through the program.

mod cli_inputs;
#[path = "support/motion.rs"]
mod motion;
#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use cli_inputs::{Inputs, WITH_VOIS, block, grid, json, stderr, succeed};
use motion::moved;
use serde_json::Value;
use voxgray::image::{Grid, Volume};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Rows of `vois.csv` by the name of the VOI.
fn table(inputs: &Inputs, name: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(inputs.path(name)).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |r: csv::StringRecord| {
        let cells: BTreeMap<String, String> =
            header.iter().zip(r.iter()).map(|(h, c)| (h.to_string(), c.to_string())).collect();
        (cells["name"].clone(), cells)
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

fn value(cells: &BTreeMap<String, String>, column: &str) -> f64 {
    cells[column].parse().unwrap_or(f64::NAN)
}

/// The cells of a VOI's line on screen.
fn on_screen(output: &std::process::Output, name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|l| l.starts_with(&format!("voi\t{name}\t"))).expect("a line");
    line.split('\t').map(String::from).collect()
}

fn component(voi: &Value, name: &str) -> f64 {
    let all = voi["uncertainty"]["components"].as_array().unwrap();
    all.iter().find(|c| c["name"] == name).map_or(0.0, |c| number(&c["relative_percent"]))
}

fn arguments<'a>(activity: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = ["--histories", "20000", "--threads", "1", "--activity", activity];
    [&WITH_VOIS, &own[..], more].concat()
}

/// An image in counts with the factor as `voxgray calibrate` prints it is the image in Bq, and its uncertainty is in the budget; the same numbers
/// stand on screen, in the table and in the summary.
#[test]
fn counts_become_activity_by_the_printed_factor() {
    let inputs = Inputs::new();
    // 20 cps/MBq over 1200 s: 24,000 counts are 1 MBq.
    inputs.write("bq.mha", &block(&grid(), 2e5, 1e4));
    inputs.write("counts.mha", &block(&grid(), 4800.0, 240.0));
    succeed(&inputs.run(&arguments("bq.mha", &["--activity-unit", "Bq", "-o", "bq"])));
    let counts = ["--activity-unit", "counts", "--acquisition-duration", "20min"];
    let run = |factor: &str, more: &[&str], out: &str| {
        let given = [&counts[..], &["--calibration", factor, "-o", out], more].concat();
        inputs.run(&arguments("counts.mha", &given))
    };
    let printed = "calibration factor: 20.000 +- 0.60000 cps/MBq (3.00 %)";
    let output = run(printed, &[], "printed");
    succeed(&output);
    let [bq, of_counts] =
        ["bq", "printed"].map(|o| json(&inputs.path(&format!("{o}/summary.json")))["vois"].clone());
    for n in 0..2 {
        let ratio = number(&of_counts[n]["mean_dose"]) / number(&bq[n]["mean_dose"]);
        // Single precision of the voxels.
        assert!((ratio - 1.0).abs() < 1e-6, "{ratio}");
        assert!((component(&of_counts[n], "calibration") - 3.0).abs() < 1e-9);
        assert_eq!(component(&bq[n], "calibration"), 0.0);
    }
    let core = &of_counts[0];
    let transport = 100.0 * number(&core["standard_error"]) / number(&core["mean_dose"]);
    assert!((component(core, "transport") / transport - 1.0).abs() < 1e-9);
    let whole = 3.0_f64.hypot(transport);
    assert!((number(&core["uncertainty"]["relative_percent"]) / whole - 1.0).abs() < 1e-9);
    assert_eq!(core["uncertainty"]["largest"], "calibration");
    // Normal for the calibration, Student's t of the batches for the transport.
    let summary = json(&inputs.path("printed/summary.json"));
    let t = number(&summary["run"]["interval_95_factor"]);
    assert!(t > 1.97, "{t}");
    let half = (1.959_964 * 3.0_f64).hypot(t * transport) / 100.0;
    let low = number(&core["mean_dose"]) * (-half).exp();
    assert!((number(&core["uncertainty"]["interval_95"][0]) / low - 1.0).abs() < 1e-6);

    let rows = table(&inputs, "printed/vois.csv");
    let screen = on_screen(&output, "core");
    for (column, key, at) in [
        ("dose_rate_gy_per_s", number(&core["mean_dose"]), 2),
        ("standard_error_gy_per_s", number(&core["standard_error"]), 3),
        ("standard_uncertainty_gy_per_s", number(&core["uncertainty"]["standard_uncertainty"]), 4),
        ("interval_95_low_gy_per_s", number(&core["uncertainty"]["interval_95"][0]), 5),
        ("interval_95_high_gy_per_s", number(&core["uncertainty"]["interval_95"][1]), 6),
    ] {
        assert!((value(&rows["core"], column) / key - 1.0).abs() < 1e-6, "{column}");
        assert!((screen[at].parse::<f64>().unwrap() / key - 1.0).abs() < 1e-6, "{column}");
    }
    assert!(screen[8].starts_with("calibration 3.00 %") && screen[9].starts_with("transport"));
    assert_eq!(rows["core"]["largest"], "calibration");

    let refused = |output: std::process::Output, expected: &str| {
        let said = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{said}");
        assert!(said.contains(expected), "'{expected}' not in: {said}");
    };
    let without = ["--activity-unit", "counts", "--calibration", "20 cps/MBq", "-o", "no"];
    refused(inputs.run(&arguments("counts.mha", &without)), "--scan-duration");
    refused(run("20 cps/MBq +- 3 %", &["--calibration-uncertainty", "2%"], "no"), "counted twice");
    refused(run("20 cps", &[], "no"), "none of cps/MBq");
    let of_bq = ["--calibration", "20 cps/MBq", "--scan-duration", "20min", "-o", "no"];
    refused(inputs.run(&arguments("bq.mha", &of_bq)), "only counts are calibrated");
    // The same factor from a history, and one for each way of writing it.
    let history = "version = 1\n[[calibration]]\ntime = 2026-02-01T10:00:00\ncamera = 'C'\nnuclide = 'Lu-177'\ncollimator = 'MEGP'\n\
        window_kev = [187.2, 228.8]\nunit = 'cps/MBq'\nvalue = 20.0\nrandom_uncertainty = 0.36\nshared_uncertainty = 0.48\nacquisitions = 2\n";
    std::fs::write(inputs.path("camera.toml"), history).unwrap();
    let given = [&counts[..], &["--calibration-history", "camera.toml", "-o", "history"]].concat();
    succeed(&inputs.run(&arguments("counts.mha", &given)));
    let of_history = json(&inputs.path("history/summary.json"))["vois"].clone();
    assert_eq!(of_history[0]["mean_dose"], of_counts[0]["mean_dose"]);
    assert!((component(&of_history[0], "calibration") - 3.0).abs() < 1e-9);
}

const HOURS: [f64; 4] = [4.0, 24.0, 72.0, 168.0];

/// The box with four times of one half-life; `extra` stands before the time points.
fn series(inputs: &Inputs, extra: &str, of_point: &str) {
    let mut text = format!("version = 1\nrelative_uncertainty = 0.04\n{extra}\n");
    for (n, h) in HOURS.iter().enumerate() {
        let fall = 0.5_f64.powf(h / 60.0) as f32;
        inputs.write(&format!("a{n}.mha"), &block(&grid(), 2e6 * fall, 1e5 * fall));
        text.push_str(&format!(
            "[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n{of_point}\n"
        ));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
}

/// A recovery of 0.5 is in the maps of both routes: the VOI's dose doubles but for what comes from outside, its neighbour's rises; its own
/// uncertainty and the calibration's are in the budget, each once.
#[test]
fn recovery_reaches_maps_tables_and_screen_by_both_routes() {
    let inputs = Inputs::new();
    let both = |out: &str| {
        let output = inputs.run(&arguments("series.toml", &["--route", "both", "-o", out]));
        succeed(&output);
        (json(&inputs.path(&format!("{out}/summary.json"))), output)
    };
    series(&inputs, "", "");
    let (plain, _) = both("plain");
    let recovery = "[calibration]\nuncertainty = '3%'\n[recovery]\ncore = { coefficient = 0.5, uncertainty = '10%' }";
    series(&inputs, recovery, "");
    let (corrected, output) = both("corrected");
    for route in ["activity_route", "dose_rate_route"] {
        let dose = |s: &Value, n: usize| number(&s["setup"][route]["vois"][n]["mean_dose_gy"]);
        let [core, shell] = [0, 1].map(|n| dose(&corrected, n) / dose(&plain, n));
        // The shell, twenty times thinner in activity and 26 times larger, is lit by the core too.
        assert!((1.8..2.001).contains(&core) && (1.01..1.5).contains(&shell), "{core} {shell}");
        let voi = &corrected["setup"][route]["vois"][0];
        for (name, percent) in [("recovery", 10.0), ("calibration", 3.0)] {
            assert!((component(voi, name) - percent).abs() < 1e-9, "{voi}");
        }
        // Four points of 4 % on one exponential.
        assert!((2.0..5.0).contains(&component(voi, "fit")), "{voi}");
        assert_eq!(component(&corrected["setup"][route]["vois"][1], "recovery"), 0.0);
    }
    let integral =
        |s: &Value| number(&s["setup"]["activity_route"]["vois"][0]["curve"]["integral"]["value"]);
    assert!((integral(&corrected) / integral(&plain) - 2.0).abs() < 1e-5);
    let rows = table(&inputs, "corrected/vois.csv");
    let core = &rows["core"];
    assert_eq!((core["recovery"].as_str(), core["largest"].as_str()), ("5.000000e-1", "recovery"));
    let voi = &corrected["vois"][0];
    let whole = number(&voi["uncertainty"]["relative_percent"]);
    let parts = ["transport", "fit", "recovery", "calibration"].map(|c| component(voi, c));
    assert!((whole - parts.iter().map(|p| p * p).sum::<f64>().sqrt()).abs() < 1e-9);
    assert!((value(core, "dose_gy") / number(&voi["mean_dose"]) - 1.0).abs() < 1e-6);
    let screen = on_screen(&output, "core");
    assert!((screen[2].parse::<f64>().unwrap() / number(&voi["mean_dose"]) - 1.0).abs() < 1e-6);
    assert!(screen[8].starts_with("recovery 10.00 %"), "{screen:?}");
    // Sorted, largest first.
    let all = voi["uncertainty"]["components"].as_array().unwrap();
    let sizes: Vec<f64> = all.iter().map(|c| number(&c["relative_percent"])).collect();
    assert!(sizes.windows(2).all(|w| w[0] >= w[1]) && sizes.len() == 4, "{sizes:?}");

    series(&inputs, "[recovery]\nkidney = 0.8", "");
    let output = inputs.run(&arguments("series.toml", &["-o", "no"]));
    assert!(stderr(&output).contains("the label map has core, shell"), "{}", stderr(&output));
    series(&inputs, "common_uncertainty = 0.02\n[calibration]\nuncertainty = 0.02", "");
    let output = inputs.run(&arguments("series.toml", &["-o", "no"]));
    assert!(stderr(&output).contains("twice"), "{}", stderr(&output));
    // The job's factor and uncertainty hold for time points that state none.
    series(&inputs, "duration = '1000s'", "unit = 'counts'");
    let given = ["--calibration", "1 cps/MBq +- 6 %", "-o", "counts"];
    succeed(&inputs.run(&arguments("series.toml", &given)));
    let counts = json(&inputs.path("counts/summary.json"));
    assert!((component(&counts["vois"][0], "calibration") - 6.0).abs() < 1e-9);
}

/// A lesion that shrinks from 16 to 11 mm at a constant concentration: its dose is the integral of the dose rate at each mass. The truth is
/// integrated apart from the program's series, from four runs of one image each with that time's VOI.
#[test]
fn a_shrinking_lesion_has_the_dose_of_its_tissue() {
    const RADII: [f64; 4] = [16.0, 14.5, 12.5, 11.0];
    let inputs = Inputs::new();
    let grid = Grid::aligned([18; 3], [-34.0; 3], [4.0; 3]);
    let inside = |n: usize, r: f64| {
        let x = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
        x.iter().map(|x| x * x).sum::<f64>() < r * r
    };
    let map = |f: &dyn Fn(usize) -> f32| {
        Volume::new(grid.clone(), (0..grid.len()).map(f).collect()).unwrap()
    };
    inputs.write("density.mha", &map(&|_| 1.0));
    inputs.write("labels.mha", &map(&|_| 0.0));
    std::fs::write(inputs.path("names.csv"), "label,name\n1,tumour\n").unwrap();
    let mut text = String::from("version = 1\nrelative_uncertainty = 0.03\n");
    let concentration = |h: f64| 60_000.0 * 0.5_f64.powf(h / 90.0);
    for (n, (h, r)) in HOURS.iter().zip(RADII).enumerate() {
        let around = 50.0 * 0.5_f64.powf(h / 55.0);
        let activity = |v| if inside(v, r) { concentration(*h) as f32 } else { around as f32 };
        inputs.write(&format!("h{n}.mha"), &map(&activity));
        inputs.write(&format!("v{n}.mha"), &map(&|v| f32::from(u8::from(inside(v, r)))));
        text.push_str(&format!(
            "[[time_point]]\ntime = '{h}h'\nactivity = 'h{n}.mha'\nvoi = 'v{n}.mha'\n"
        ));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    std::fs::copy(inputs.path("v0.mha"), inputs.path("voi.mha")).unwrap();
    let output = inputs.run(&arguments("series.toml", &["--route", "both", "-o", "both"]));
    succeed(&output);
    println!("{}", stderr(&output));

    // The dose rates of each time alone; between them ln of the rate is a straight line, before and after it goes on as the nearest.
    let rates: Vec<f64> = (0..4)
        .map(|n| {
            std::fs::copy(inputs.path(&format!("v{n}.mha")), inputs.path("voi.mha")).unwrap();
            let out = format!("rate{n}");
            succeed(&inputs.run(&arguments(&format!("h{n}.mha"), &["-o", &out])));
            number(&json(&inputs.path(&format!("{out}/summary.json")))["vois"][0]["mean_dose"])
        })
        .collect();
    let slope = |i: usize| (rates[i] / rates[i + 1]).ln() / (HOURS[i + 1] - HOURS[i]);
    let between: f64 = (0..3).map(|i| (rates[i] - rates[i + 1]) / slope(i)).sum();
    let before = rates[0] * ((slope(0) * HOURS[0]).exp() - 1.0) / slope(0);
    let truth = 3600.0 * (between + before + rates[3] / slope(2));
    let summary = json(&inputs.path("both/summary.json"));
    let headline = &summary["vois"][0];
    let dose = number(&headline["mean_dose"]);
    println!("truth {truth:.4} Gy, found {dose:.4} +- {:.4}", number(&headline["standard_error"]));
    assert!((dose / truth - 1.0).abs() < 0.02, "{dose} {truth}");
    let (low, high) = (
        number(&headline["uncertainty"]["interval_95"][0]),
        number(&headline["uncertainty"]["interval_95"][1]),
    );
    assert!(low < truth && truth < high, "{low} {high}");
    for (route, tolerance) in [("activity_route", 0.03), ("dose_rate_route", 0.02)] {
        let voi = &summary["setup"][route]["vois"][0];
        let dose = number(&voi["mean_dose_gy"]);
        assert!((dose / truth - 1.0).abs() < tolerance, "{route}: {dose} {truth}");
        let fixed = number(&voi["mass_change"]["energy_over_mass_of_voi_gy"]);
        assert!(fixed < 0.75 * truth, "{route}: {fixed}");
        let masses = voi["mass_change"]["masses_g"].as_array().unwrap();
        assert!(number(&masses[3]) < 0.5 * number(&masses[0]));
    }
    let rows = table(&inputs, "both/vois.csv");
    assert!((value(&rows["tumour"], "dose_gy") / dose - 1.0).abs() < 1e-6);
    assert!((on_screen(&output, "tumour")[2].parse::<f64>().unwrap() / dose - 1.0).abs() < 1e-6);
    // One VOI for all times, in which a mono-exponential activity contracts: its voxels do not follow its curve, which is told.
    let mut fixed = String::from("version = 1\nrelative_uncertainty = 0.03\n");
    for (n, (h, r)) in HOURS.iter().zip(RADII).enumerate() {
        let voxels = (0..grid.len()).filter(|v| inside(*v, r)).count();
        let value = 1e8 * 0.5_f64.powf(h / 50.0) / voxels as f64;
        inputs
            .write(&format!("f{n}.mha"), &map(&|v| if inside(v, r) { value as f32 } else { 0.0 }));
        fixed.push_str(&format!("[[time_point]]\ntime = '{h}h'\nactivity = 'f{n}.mha'\n"));
    }
    std::fs::write(inputs.path("fixed.toml"), &fixed).unwrap();
    std::fs::copy(inputs.path("v0.mha"), inputs.path("voi.mha")).unwrap();
    let output = inputs.run(&arguments("fixed.toml", &["-o", "fixed"]));
    succeed(&output);
    let text = stderr(&output);
    assert!(text.contains("its voxels do not all follow its curve"), "{text}");
    std::fs::write(inputs.path("scaled.toml"), format!("integrate = 'voi'\n{fixed}")).unwrap();
    let output = inputs.run(&arguments("scaled.toml", &["-o", "scaled"]));
    succeed(&output);
    assert!(!stderr(&output).contains("its voxels do not all follow"), "{}", stderr(&output));
    let twice = format!("common_uncertainty = 0.04\n{fixed}");
    std::fs::write(inputs.path("twice.toml"), twice).unwrap();
    let more = ["--calibration-uncertainty", "3%", "-o", "twice"];
    let output = inputs.run(&arguments("twice.toml", &more));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("stated twice"), "{}", stderr(&output));
    // Either route alone says the same number in all three places.
    std::fs::copy(inputs.path("v0.mha"), inputs.path("voi.mha")).unwrap();
    for route in ["activity", "dose-rate"] {
        let output = inputs.run(&arguments("series.toml", &["--route", route, "-o", route]));
        succeed(&output);
        let alone =
            number(&json(&inputs.path(&format!("{route}/summary.json")))["vois"][0]["mean_dose"]);
        assert!((alone / truth - 1.0).abs() < 0.03, "{route}: {alone} {truth}");
        let rows = table(&inputs, &format!("{route}/vois.csv"));
        assert!((value(&rows["tumour"], "dose_gy") / alone - 1.0).abs() < 1e-6);
        assert!(
            (on_screen(&output, "tumour")[2].parse::<f64>().unwrap() / alone - 1.0).abs() < 1e-6
        );
    }
}

/// The simulated patient of ../shared/images through the program: noisy images, the true motion as shifts and label maps, a transfer matrix. The
/// resolution is the one of `tests/quantification_real.rs`, where it is said how it was found. Every organ's and tumour's true time-integrated
/// activity lies within the stated 95 % interval, in the table of the run.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn a_transfer_matrix_restores_the_simulated_patient() {
    let images = shared::image("");
    let folder = images.join("synthetic_lu177_4tp");
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines().skip(1).map(|l| l.split(',').map(String::from).collect()).collect()
    };
    let (truth, motions) = (rows("truth_tia.csv"), rows("truth_time_activity.csv"));
    let organs = images.join("phantom_lu177_patient15/patient15_organs.nii.gz");
    let labels = voxgray::io::read_image(&organs, None).unwrap().0;
    let inputs = Inputs::new();
    let mut text = String::from(
        "version = 1\nrelative_uncertainty = 0.01\nintegrate = 'voi'\n[transfer]\nfwhm_mm = [12.4, 0.5]\n[calibration]\nuncertainty = '2%'\n",
    );
    for h in HOURS {
        let row = motions.iter().find(|r| r[0] == format!("{h:.1}")).unwrap();
        let [x, y, z, degrees] = [5, 6, 7, 8].map(|i| row[i].parse::<f64>().unwrap());
        let moved = Volume::new(moved(&labels.grid, [x, y, z], degrees), labels.data.clone());
        inputs.write(&format!("voi{h}.mha"), &moved.unwrap());
        text.push_str(&format!(
            "[[time_point]]\ntime = '{h}h'\nactivity = '{}'\nshift_mm = [{}, {}, {}]\nvoi = 'voi{h}.mha'\n",
            folder.join(format!("spect_{h:03}h_bqml.nii.gz")).display(),
            -x, -y, -z
        ));
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    let mut names = String::from("label,name\n");
    let organs_of = ["liver", "spleen", "kidney_L", "kidney_R", "tumour1", "tumour2", "tumour3"];
    for (n, name) in organs_of.iter().enumerate() {
        names.push_str(&format!("{},{name}\n", n + 1));
    }
    std::fs::write(inputs.path("names.csv"), names).unwrap();
    let ct = folder.join("ct_004h_hu.nii.gz").display().to_string();
    let organs = organs.display().to_string();
    let output = inputs.run(&[
        "dose",
        "--ct",
        &ct,
        "--activity",
        "series.toml",
        "--nuclide",
        "Lu-177",
        "--histories",
        "20000",
        "--batches",
        "10",
        "--voi",
        &organs,
        "--voi-names",
        "names.csv",
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
    println!("{}", std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap());
    let summary = json(&inputs.path("out/summary.json"));
    for (n, name) in organs_of.iter().enumerate() {
        let row = truth.iter().find(|r| r[0] == *name).unwrap();
        let truth = row[6].parse::<f64>().unwrap() * 3600.0 * 1e6;
        let voi = &summary["setup"]["activity_route"]["vois"][n];
        let found = number(&voi["curve"]["integral"]["value"]);
        // Of the parts of the dose's uncertainty, the fit's and the recovery's are the integral's own: the truth has no other error.
        let u = component(voi, "fit").hypot(component(voi, "recovery")) / 100.0;
        let [low, high] = [-1.96, 1.96].map(|k: f64| (k * u).exp());
        println!(
            "{name:9} TIA {:8.0} MBq h, {:+.1} % of the truth, 95 % {:+.1} to {:+.1} %; {}",
            found / 3.6e9,
            100.0 * (found / truth - 1.0),
            100.0 * (low - 1.0),
            100.0 * (high - 1.0),
            voi["uncertainty"]["components"]
        );
        assert!(found * low < truth && truth < found * high, "{name}: {found} {truth}");
        assert!((high - low) < 0.25, "{name}: {low} {high}");
        assert!(component(voi, "recovery") > 0.1 && component(voi, "calibration") == 2.0);
    }
}

/// A reconstructed NM object in counts: the factor of count rates with the duration is the factor per count; the duration is asked for where nobody
/// states it.
#[test]
fn a_dicom_image_in_counts_takes_a_factor_of_count_rates() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/nm_counts.dcm");
    let options = voxgray::io::dicom::ReadOptions {
        count_factor: Some(voxgray::io::dicom::CountFactor::BqPerMl(1.0)),
        ..Default::default()
    };
    let image = voxgray::io::dicom::read_activity(&[file.into()], &options).unwrap().volume;
    let inputs = Inputs::new();
    inputs.write("density.mha", &image.map(|_| 1.0));
    inputs.write("labels.mha", &image.map(|_| 0.0));
    inputs.write("voi.mha", &image.map(|v| f32::from(u8::from(*v > 0.0)) + 1.0));
    let run = |factor: &str, more: &[&str]| {
        let given =
            ["--activity-unit", "counts", "--calibration", factor, "--overwrite", "-o", "out"];
        inputs.run(&arguments(file, &[&given[..], more].concat()))
    };
    let dose = |output: std::process::Output| {
        succeed(&output);
        number(&json(&inputs.path("out/summary.json"))["vois"][1]["mean_dose"])
    };
    let per_count = dose(run("50 Bq", &[]));
    assert!(per_count > 0.0);
    for factor in ["20 cps/MBq", "0.05 MBq per cps"] {
        let per_rate = dose(run(factor, &["--scan-duration", "1000s"]));
        assert!((per_rate / per_count - 1.0).abs() < 1e-6, "{factor}: {per_rate} {per_count}");
    }
    let ml = image.grid.voxel_volume_mm3() / 1000.0;
    let factor = format!("{} Bq/mL per cps", 50_000.0 / ml);
    let per_rate = dose(run(&factor, &["--scan-duration", "1000s"]));
    assert!((per_rate / per_count - 1.0).abs() < 1e-6, "{factor}: {per_rate} {per_count}");
    let output = run("20 cps/MBq", &[]);
    let said = stderr(&output);
    assert!(output.status.code() != Some(0) && said.contains("--scan-duration"), "{said}");
}
