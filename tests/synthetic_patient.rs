//! The synthetic patient of four scans that moves, registered by estimate, unmixed by a transfer matrix, by either route: every organ's dose holds, in its
//! 95 % interval, the dose of the decays that truly were, transported by themselves.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;
#[path = "support/shared.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod shared;

use std::collections::BTreeMap;

use cli_inputs::{Inputs, json, stderr, succeed};
use voxgray::image::Volume;
use voxgray::io::{read_image, write_nifti};

const HOURS: [u32; 4] = [4, 24, 72, 168];
/// Bq s in a MBq h.
const BQ_S: f64 = 3.6e9;

/// Rows of a table by the column `key`, without its header.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(shared::image("synthetic_lu177_4tp").join(name)).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(String::from).collect()).collect()
}

/// The decays that truly were, Bq s/mL: what each voxel held at 4 h times its organ's time-integrated activity over the organ's activity then.
fn true_decays() -> Volume<f32> {
    let [folder, body] = ["synthetic_lu177_4tp", "phantom_lu177_patient15"].map(shared::image);
    let activity = read_image(&folder.join("true_004h_bqml.nii.gz"), None).unwrap().0;
    let labels = read_image(&body.join("patient15_organs.nii.gz"), None).unwrap().0;
    assert!(labels.grid.same_geometry(&activity.grid, 1e-2), "one grid");
    let names = std::fs::read_to_string(body.join("patient15_labels.csv")).unwrap();
    let mut of_label: BTreeMap<u32, String> = BTreeMap::new();
    for line in names.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        of_label.insert(cells[0].parse().unwrap(), cells[1].to_string());
    }
    let at_4h: BTreeMap<String, f64> = rows("truth_time_activity.csv")
        .iter()
        .filter(|r| r[0] == "4.0")
        .map(|r| (r[1].clone(), r[2].parse().unwrap()))
        .collect();
    let tia: BTreeMap<String, f64> =
        rows("truth_tia.csv").iter().map(|r| (r[0].clone(), r[6].parse().unwrap())).collect();
    let hours = |name: &str| 3600.0 * tia[name] / at_4h[name];
    let factors: BTreeMap<u32, f64> = of_label
        .iter()
        .filter(|(_, name)| tia.contains_key(*name))
        .map(|(label, name)| (*label, hours(name)))
        .collect();
    assert_eq!(factors.len(), 7, "{of_label:?}");
    let remainder = hours("remainder");
    let value = |(a, l): (&f32, &f32)| {
        (f64::from(*a) * factors.get(&(*l as u32)).copied().unwrap_or(remainder)) as f32
    };
    let data = activity.data.iter().zip(&labels.data).map(value).collect();
    Volume::new(activity.grid, data).unwrap()
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
#[cfg_attr(
    shared_images,
    ignore = "takes minutes: cargo test --test synthetic_patient -- --ignored"
)]
fn every_dose_of_both_routes_holds_the_truth() {
    let inputs = Inputs::new();
    let place = |name: &str| shared::image(name).display().to_string();
    let [scans, body] = ["synthetic_lu177_4tp", "phantom_lu177_patient15"].map(place);
    let mut text = String::from(
        "version = 1\nrelative_uncertainty = 0.05\n[transfer]\nfwhm_mm = [12.0, 0.5]\n[calibration]\nuncertainty = '2%'\n",
    );
    for h in HOURS {
        text += &format!(
            "[[time_point]]\ntime = '{h}h'\nactivity = '{scans}/spect_{h:03}h_bqml.nii.gz'\nregister = true\nct = '{scans}/ct_{h:03}h_hu.nii.gz'\n"
        );
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    write_nifti(&inputs.path("tia.nii.gz"), &true_decays()).unwrap();
    let [ct, organs, names] = [
        format!("{scans}/ct_004h_hu.nii.gz"),
        format!("{body}/patient15_organs.nii.gz"),
        format!("{body}/patient15_labels.csv"),
    ];
    let run = |activity: &str, out: &str, more: &[&str]| {
        let common = ["dose", "--ct", &ct, "--activity", activity, "--nuclide", "Lu-177"];
        let vois = ["--voi", &organs, "--voi-names", &names, "--engine", "cpu", "-o", out];
        let limits = ["--allow-outside", "5%", "--hu-below", "100%", "--hu-above", "5%"];
        let output = inputs.run(&[&common[..], &vois, &limits, more].concat());
        succeed(&output);
        let said = stderr(&output);
        (json(&inputs.path(&format!("{out}/summary.json"))), said)
    };
    let (truth, _) =
        run("tia.nii.gz", "truth", &["--activity-unit", "Bq*s/mL", "--histories", "400000"]);
    let number = |v: &serde_json::Value| v.as_f64().unwrap_or(f64::NAN);
    // The map of true decays has the stated integrals.
    for row in rows("truth_tia.csv").iter().filter(|r| r[0] != "remainder") {
        let voi = truth["vois"].as_array().unwrap().iter().find(|v| v["name"] == row[0].as_str());
        let ratio = number(&voi.unwrap()["activity"]) / BQ_S / row[6].parse::<f64>().unwrap();
        assert!((ratio - 1.0).abs() < 0.01, "{}: {ratio}", row[0]);
    }
    let mut missed = Vec::new();
    for route in ["activity", "dose-rate"] {
        let (found, said) = run("series.toml", route, &["--route", route, "--histories", "40000"]);
        let estimated = "registered on the CTs";
        assert!(said.contains(estimated), "{said}");
        println!("{route}: dose (Gy), 95 % interval, truth (Gy), z");
        for (voi, own) in
            found["vois"].as_array().unwrap().iter().zip(truth["vois"].as_array().unwrap())
        {
            let name = voi["name"].as_str().unwrap();
            assert_eq!(own["name"], name);
            let [dose, true_dose] = [voi, own].map(|v| number(&v["mean_dose"]));
            let of = &voi["uncertainty"];
            let [low, high] = [0, 1].map(|i| number(&of["interval_95"][i]));
            // The truth's own noise counts with it.
            let noise = number(&own["standard_error"]);
            let z = (dose - true_dose) / number(&of["standard_uncertainty"]).hypot(noise);
            println!(
                "  {name}: {dose:.4} [{low:.4}, {high:.4}], {true_dose:.4} +- {noise:.4}, {z:+.2}"
            );
            if !(low..=high).contains(&true_dose) {
                missed.push(format!("{name} by {route}, z {z:+.2}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}
