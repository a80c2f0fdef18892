//! A lesion inside a liver, from two files on two grids, through the program: each VOI has what it has in a run of its own, to the bit.

mod cli_inputs;

use cli_inputs::{EDGE, Inputs, block, grid, json, stderr, succeed};
use serde_json::Value;
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;

const HOURS: [f64; 3] = [4.0, 48.0, 120.0];

/// A liver of 64 voxels of 4 mm; in it a lesion of 8, drawn in voxels of 2 mm; a second lesion that reaches out of the liver.
fn scene() -> Inputs {
    let inputs = Inputs::new();
    let of = |grid: &Grid, inside: &dyn Fn([usize; 3]) -> bool| {
        let value = |n| f32::from(u8::from(inside(grid.unlinear(n))));
        Volume::new(grid.clone(), (0..grid.len()).map(value).collect()).unwrap()
    };
    let fine = Grid::aligned([2 * EDGE; 3], [-11.0; 3], [2.0; 3]);
    inputs.write("liver.mha", &of(&grid(), &|v| v.iter().all(|i| (1..5).contains(i))));
    inputs.write("lesion.mha", &of(&fine, &|v| v.iter().all(|i| (4..8).contains(i))));
    inputs.write("edge.mha", &of(&fine, &|v| v[0] >= 8 && v[1] < 6 && v[2] < 6));
    inputs.write("activity.mha", &block(&grid(), 1e6, 1e5));
    let mut text = String::from(
        "version = 1\nrelative_uncertainty = 0.05\n[method]\ndefault = { method = 'physical', time_point = 2 }\n",
    );
    for (n, h) in HOURS.iter().enumerate() {
        let of = |a: f64, half_life: f64| (a * 0.5_f64.powf(h / half_life)) as f32;
        inputs.write(&format!("a{n}.mha"), &block(&grid(), of(1e6, 90.0), of(1e5, 40.0)));
        text += &format!("[[time_point]]\ntime = '{h}h'\nactivity = 'a{n}.mha'\n");
    }
    std::fs::write(inputs.path("series.toml"), text).unwrap();
    inputs
}

const BOX: [&str; 11] = [
    "dose",
    "--density",
    "density.mha",
    "--materials",
    "labels.mha",
    "--material-names",
    "water",
    "--nuclide",
    "Lu-177",
    "--engine",
    "cpu",
];
const ALL: [&str; 6] = ["--voi", "liver.mha", "--voi", "lesion.mha", "--voi", "edge.mha"];
const SINGLE: [&str; 6] = ["--activity", "activity.mha", "--histories", "20000", "--batches", "20"];
const SERIES: [&str; 8] = [
    "--activity",
    "series.toml",
    "--histories",
    "20000",
    "--batches",
    "20",
    "--accept",
    "small-voi",
];

fn arguments<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    [&BOX[..], &parts.concat()].concat()
}

fn run(inputs: &Inputs, parts: &[&[&str]]) {
    succeed(&inputs.run(&arguments(parts)));
}

/// The VOIs of a summary by their numbers, without their names, which follow from the files.
fn vois(of: &Value) -> Vec<Value> {
    let mut vois = of.as_array().unwrap().clone();
    vois.iter_mut().for_each(|v| drop(v.as_object_mut().unwrap().remove("name")));
    vois
}

/// The table of VOIs without labels and names.
fn rows(inputs: &Inputs, out: &str) -> Vec<String> {
    let table = std::fs::read_to_string(inputs.path(out).join("vois.csv")).unwrap();
    table.lines().skip(1).map(|l| l.splitn(3, ',').nth(2).unwrap().to_string()).collect()
}

#[test]
fn each_voi_of_an_image_is_that_of_its_own_run() {
    let inputs = scene();
    run(&inputs, &[&SINGLE, &ALL, &["-o", "all"]]);
    let all = json(&inputs.path("all/summary.json"));
    let names: Vec<&str> =
        all["vois"].as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["liver", "lesion", "edge"]);
    assert_eq!([0, 1, 2].map(|n| all["vois"][n]["voxels"].as_u64().unwrap()), [64, 8, 18]);
    let table = rows(&inputs, "all");
    for (n, name) in names.iter().enumerate() {
        let file = format!("{name}.mha");
        run(&inputs, &[&SINGLE, &["--voi", &file, "-o", name]]);
        let own = json(&inputs.path(&format!("{name}/summary.json")));
        assert_eq!(vois(&all["vois"])[n], vois(&own["vois"])[0], "{name}");
        assert!(all["vois"][n]["standard_error"].as_f64().unwrap() > 0.0);
        assert_eq!(table[n], rows(&inputs, name)[0]);
        let map = |out: &str| std::fs::read(inputs.path(out).join("dose_rate.nii.gz")).unwrap();
        assert!(map("all") == map(name));
    }
    // From the map, which knows no VOIs: equal voxels of water.
    let dose = read_nifti(&inputs.path("all/dose_rate.nii.gz"), None).unwrap().0;
    let liver = |v: &usize| grid().unlinear(*v).iter().all(|i| (1..5).contains(i));
    let inside = (0..grid().len()).filter(liver).map(|v| f64::from(dose.data[v]));
    let mean = all["vois"][0]["mean_dose"].as_f64().unwrap();
    assert!((inside.sum::<f64>() / 64.0 / mean - 1.0).abs() < 1e-5);
}

#[test]
fn a_goal_shards_and_merging_know_overlaps() {
    let inputs = scene();
    let goal = |voi: &'static str, target: &'static str, out: &'static str| {
        let voi: Vec<&str> = voi.split(' ').flat_map(|v| ["--voi", v]).collect();
        let goal = ["--target-uncertainty", "2%", "--target-voi", target, "--histories", "1e6"];
        let more = ["--batches", "1000", "--activity", "activity.mha", "-o", out];
        inputs.run(&arguments(&[&voi, &goal, &more]))
    };
    succeed(&goal("liver.mha lesion.mha", "lesion", "both"));
    succeed(&goal("lesion.mha", "1", "alone"));
    let [both, alone] = ["both", "alone"].map(|out| json(&inputs.path(out).join("summary.json")));
    assert_eq!(both["run"], alone["run"]);
    assert!(both["run"]["batches"].as_u64().unwrap() < 1000);
    assert_eq!(vois(&both["vois"])[1], vois(&alone["vois"])[0]);
    let unclear = goal("liver.mha lesion.mha", "1", "no");
    assert_eq!(unclear.status.code(), Some(2));
    let said = stderr(&unclear);
    assert!(said.contains("'liver' and 'lesion' have label 1"), "{said}");

    run(&inputs, &[&SINGLE, &ALL, &["-o", "whole"]]);
    for part in ["1", "2", "3"] {
        let shard = format!("{part}/3");
        run(&inputs, &[&SINGLE, &ALL, &["--shard", &shard, "-o", part]]);
    }
    succeed(&inputs.run(&["merge", "merged", "2", "3", "1"]));
    let result = |out: &str| {
        let mut summary = json(&inputs.path(out).join("summary.json"));
        summary.as_object_mut().unwrap().remove("timing").unwrap();
        (summary, std::fs::read(inputs.path(out).join("vois.csv")).unwrap())
    };
    assert_eq!(result("whole"), result("merged"));
    // Shards of the same VOIs without an overlap are of another run.
    run(&inputs, &[&SINGLE, &ALL[..4], &["--shard", "1/3", "-o", "other"]]);
    let refused = inputs.run(&["merge", "no", "other", "2", "3"]);
    assert!(stderr(&refused).contains("not of the same run"), "{}", stderr(&refused));
}

/// The method takes each voxel's value at one time, so that the maps do not depend on the VOIs, and neither do the histories.
#[test]
fn each_voi_of_a_series_is_that_of_its_own_run() {
    let inputs = scene();
    run(&inputs, &[&SERIES, &ALL, &["--route", "both", "-o", "all"]]);
    let all = json(&inputs.path("all/summary.json"));
    for (n, name) in ["liver", "lesion", "edge"].iter().enumerate() {
        let file = format!("{name}.mha");
        run(&inputs, &[&SERIES, &["--voi", &file, "--route", "both", "-o", name]]);
        let own = json(&inputs.path(&format!("{name}/summary.json")));
        assert_eq!(vois(&all["vois"])[n], vois(&own["vois"])[0], "{name}");
        for route in ["activity_route", "dose_rate_route"] {
            let of = |summary: &Value| summary["setup"][route]["vois"].clone();
            assert_eq!(of(&all)[n], of(&own)[0], "{name}, {route}");
            assert!(of(&all)[n]["standard_error_gy"].as_f64().unwrap() > 0.0);
        }
        assert_eq!(rows(&inputs, "all")[n], rows(&inputs, name)[0]);
        // Labels are those of three files: plots have the VOIs' names.
        assert!(inputs.path(&format!("all/dose_rate_{name}.png")).is_file());
    }
    run(&inputs, &[&SERIES, &ALL, &["--route", "dose-rate", "-o", "rates"]]);
    let rates = json(&inputs.path("rates/summary.json"));
    assert_eq!(rates["setup"]["dose_rate_route"]["vois"], all["setup"]["dose_rate_route"]["vois"]);
}

/// Where a voxel takes the curve of a VOI, it is that of the smallest one: the lesion keeps its own half-life, and the liver's voxels add up.
#[test]
fn a_voxel_follows_the_smallest_of_its_vois() {
    let inputs = scene();
    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let text = text.replace("{ method = 'physical', time_point = 2 }", "'mono'");
    std::fs::write(inputs.path("series.toml"), format!("integrate = 'voi'\n{text}")).unwrap();
    for (order, out) in [(["liver.mha", "lesion.mha"], "one"), (["lesion.mha", "liver.mha"], "two")]
    {
        let voi = ["--voi", order[0], "--voi", order[1], "-o", out];
        run(&inputs, &[&SERIES, &voi]);
        let map = read_nifti(&inputs.path(out).join("time_integrated_activity.nii.gz"), None);
        let tia = f64::from(map.unwrap().0.data[grid().linear([2, 2, 2])]);
        let exact = 1e6 * 0.064 * 90.0 * 3600.0 / std::f64::consts::LN_2;
        assert!((tia / exact - 1.0).abs() < 1e-4, "{tia} {exact}");
    }
}

/// Recoveries: of the lesion in it the liver holds what was given back, and says so. A transfer matrix needs regions that share nothing.
#[test]
fn recovery_takes_overlaps_and_a_transfer_matrix_refuses_them() {
    let inputs = scene();
    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let with = |more: &str| {
        std::fs::write(inputs.path("series.toml"), format!("{text}{more}")).unwrap();
        inputs.run(&arguments(&[&SERIES, &ALL[..4], &["--overwrite", "-o", "out"]]))
    };
    succeed(&with(""));
    let activity =
        |n: usize| json(&inputs.path("out/summary.json"))["vois"][n]["activity"].as_f64().unwrap();
    let [liver, lesion] = [0, 1].map(activity);
    let output = with("[recovery]\nlesion = { coefficient = 0.5, uncertainty = '6%' }\n");
    succeed(&output);
    assert!((activity(1) / (2.0 * lesion) - 1.0).abs() < 1e-6);
    assert!((activity(0) / (liver + lesion) - 1.0).abs() < 1e-6);
    let said = stderr(&output);
    // At 120 h: 8 voxels of the half-life of 90 h, twice what is seen, and 56 of 40 h.
    let [hot, cold] = [16e6 * 0.5_f64.powf(120.0 / 90.0), 5.6e6 * 0.5_f64.powf(3.0)];
    let share = hot / (hot + cold);
    let told = format!("'liver': {:.1} % of its activity lie in 'lesion' also", 100.0 * share);
    assert!(said.contains(&told), "{told}: {said}");
    let table = std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let at = reader.headers().unwrap().iter().position(|h| h == "recovery_percent").unwrap();
    let of: Vec<f64> = reader.records().map(|r| r.unwrap()[at].parse().unwrap()).collect();
    assert!((of[1] - 6.0).abs() < 1e-9 && (of[0] - 6.0 * share).abs() < 2e-3, "{of:?}");

    let refused = |more: &str, parts: &[&str]| {
        let output = with(more);
        let said = stderr(&output);
        assert_ne!(output.status.code(), Some(0), "{said}");
        parts.iter().for_each(|p| assert!(said.contains(p), "'{p}' not in: {said}"));
    };
    refused("[transfer]\nfwhm_mm = [12.0, 0.5]\n", &["[transfer]", "'liver' and 'lesion'"]);
    refused("[recovery]\n1 = 0.5\n", &["[recovery] 1", "'liver' and 'lesion'"]);
    refused("[method.voi.1]\nmethod = 'physical'\ntime_point = 1\n", &["have label 1"]);
}

/// VOIs that share no voxel are the same from one file and from several, but for their names; a time point may draw one of them anew.
#[test]
fn files_of_vois_are_told_apart() {
    let inputs = scene();
    inputs.write("core.mha", &block(&grid(), 1.0, 0.0));
    inputs.write("shell.mha", &block(&grid(), 0.0, 2.0));
    run(&inputs, &[&SINGLE, &["--voi", "voi.mha", "-o", "one"]]);
    run(&inputs, &[&SINGLE, &["--voi", "core.mha", "--voi", "shell.mha", "-o", "two"]]);
    let of = |out: &str| json(&inputs.path(out).join("summary.json"))["vois"].clone();
    assert_eq!(vois(&of("one")), vois(&of("two")));
    assert_eq!([of("one")[1]["name"].clone(), of("two")[1]["name"].clone()], ["label 2", "shell"]);
    let named = ["--voi", "liver.mha", "--voi", "voi.mha", "--voi-names", "names.csv"];
    run(&inputs, &[&SINGLE, &named, &["-o", "named"]]);
    assert_eq!([1, 2].map(|n| of("named")[n]["name"].clone()), ["core", "shell"]);
    // Names of files are not told where none are to be written.
    run(&inputs, &[&SINGLE, &ALL[..4], &["--record-paths=none", "-o", "nameless"]]);
    assert_eq!(of("nameless")[1]["name"], "file 2");
    std::fs::create_dir(inputs.path("other")).unwrap();
    std::fs::copy(inputs.path("liver.mha"), inputs.path("other/liver.mha")).unwrap();
    let twice = ["--voi", "liver.mha", "--voi", "other/liver.mha", "-o", "no"];
    let output = inputs.run(&arguments(&[&SINGLE, &twice]));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("'liver' is in liver.mha and in other/liver.mha"), "{said}");

    let text = std::fs::read_to_string(inputs.path("series.toml")).unwrap();
    let with = |voi: &str| {
        let text = text.replace("'a1.mha'", &format!("'a1.mha'\nvoi = {voi}"));
        std::fs::write(inputs.path("series.toml"), text).unwrap();
        let more = ["--route", "dose-rate", "--overwrite", "-o", "series"];
        inputs.run(&arguments(&[&SERIES, &ALL[..4], &more]))
    };
    inputs.write("larger.mha", &block(&grid(), 1.0, 1.0));
    succeed(&with("['', 'larger.mha']"));
    let rates = &json(&inputs.path("series/summary.json"))["setup"]["dose_rate_route"]["vois"];
    assert!(rates[0]["mass_change"].is_null());
    let masses: Vec<f64> = rates[1]["mass_change"]["masses_g"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m.as_f64().unwrap() / 0.064).round())
        .collect();
    assert_eq!(masses, [8.0, 216.0, 8.0]);
    let output = with("'larger.mha'");
    let said = stderr(&output);
    assert!(said.contains("time point 2") && said.contains("given 2 times"), "{said}");
}
