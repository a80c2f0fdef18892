//! The main job on a small box: units, shards, threads, interruption, summary.

mod cli_inputs;

use cli_inputs::{EDGE, Inputs, block, grid, json, stderr, succeed, with};
use voxgray::image::Grid;
use voxgray::io::read_nifti;

const MAPS: [&str; 4] = [
    "dose_rate.nii.gz",
    "dose_rate_standard_error.nii.gz",
    "dose_rate_electron.nii.gz",
    "density.nii.gz",
];

fn map(inputs: &Inputs, name: &str) -> Vec<f32> {
    read_nifti(&inputs.path(name), None).unwrap().0.data
}

/// The summary without what differs from run to run.
fn result_of(inputs: &Inputs, folder: &str) -> serde_json::Value {
    let mut summary = json(&inputs.path(folder).join("summary.json"));
    summary.as_object_mut().unwrap().remove("timing").unwrap();
    summary
}

/// Electrons that stop where they start: dose is E x decays / mass, and every unit is known.
#[test]
fn local_electrons_give_the_dose_by_hand() {
    let inputs = Inputs::new();
    let voi = ["--voi", "voi.mha", "--voi-names", "names.csv"];
    let source = ["--source", "electron:2keV", "-o", "out"];
    succeed(&inputs.run(&with(&[&voi[..], &source[..]].concat())));
    // 1e6 Bq/mL of 2 keV in water of 1 g/mL.
    let expected = 1e6 * 2e-3 * 1.602_176_634e-13 / 1e-3;
    let dose = map(&inputs, "out/dose_rate.nii.gz");
    for (n, &d) in dose.iter().enumerate() {
        let within = grid().unlinear(n).into_iter().all(|i| (2..4).contains(&i));
        let target = if within { expected } else { 0.0 };
        // 2000 histories over 8 equal voxels; tallies resolve 2^-26 MeV, 7e-6 of 2 keV.
        assert!((f64::from(d) - target).abs() <= 2e-5 * expected, "voxel {n}: {d} {target}");
    }
    let summary = json(&inputs.path("out/summary.json"));
    let core = &summary["vois"][0];
    assert_eq!((core["name"].as_str(), core["voxels"].as_u64()), (Some("core"), Some(8)));
    assert!((core["mean_dose"].as_f64().unwrap() / expected - 1.0).abs() < 2e-5);
    assert!((core["activity"].as_f64().unwrap() / (1e6 * 8.0 * 0.064) - 1.0).abs() < 1e-6);
    assert_eq!(summary["vois"][1]["mean_dose"].as_f64(), Some(0.0));
    assert!(summary["ledger"]["imbalance"].as_f64().unwrap().abs() < 1e-6);
    assert_eq!(summary["run"]["histories"].as_u64(), Some(2000));
}

/// All electrons and positrons local: the dose of the parts by hand, for a nuclide with photons. 0.97 positrons of 0.25 MeV per decay of F-18.
#[test]
fn a_cutoff_above_all_energies_leaves_electrons_in_their_voxel() {
    let inputs = Inputs::new();
    for (nuclide, out) in [("F-18", "f18"), ("Y-90", "y90")] {
        let more = ["--nuclide", nuclide, "--electron-cutoff", "4MeV", "-o", out];
        succeed(&inputs.run(&with(&more)));
        let electron = map(&inputs, &format!("{out}/dose_rate_electron.nii.gz"));
        for (n, &d) in electron.iter().enumerate() {
            let within = grid().unlinear(n).into_iter().all(|i| (2..4).contains(&i));
            assert_eq!(d > 0.0, within, "{nuclide}, voxel {n}: {d}");
        }
    }
    let refused = inputs.run(&with(&["--nuclide", "Y-90", "--electron-cutoff", "5MeV", "-o", "x"]));
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[test]
fn the_model_of_incoherent_scattering_is_chosen_and_told() {
    let inputs = Inputs::new();
    let source = ["--source", "photon:30keV"];
    let run = |out: &str, more: &[&str]| {
        succeed(&inputs.run(&with(&[&source[..], &["-o", out], more].concat())));
        let summary = json(&inputs.path(out).join("summary.json"));
        let model = summary["setup"]["settings"]["incoherent"].clone();
        (model, summary["dose"]["imparted_mev_per_decay"].as_f64().unwrap())
    };
    let (usual, xcom) = run("usual", &[]);
    assert_eq!(usual, "xcom");
    assert_eq!(run("xcom", &["--incoherent", "xcom"]).1, xcom);
    let (impulse, other) = run("impulse", &["--incoherent", "impulse"]);
    assert_eq!(impulse, "impulse");
    assert_ne!(other, xcom);
    assert_eq!(run("free", &["--free-electrons"]).0, "free");
    let both = ["--incoherent", "impulse", "--free-electrons", "-o", "both"];
    let refused = inputs.run(&with(&[&source[..], &both].concat()));
    assert_eq!(refused.status.code(), Some(2));
}

/// 1e11 histories, the most of a goal without --histories, do not fit the tally for every nuclide: the run goes on to what fits. Asked for
/// outright they are refused before anything runs.
#[test]
fn histories_that_could_overflow_are_refused_and_those_of_a_goal_end_before() {
    let inputs = Inputs::new();
    let ac = ["--nuclide", "Ac-225", "--engine", "cpu"];
    let goal = ["--target-uncertainty", "20%", "--target-voi", "core", "--voi", "voi.mha"];
    let goal = [&ac[..], &goal[..], &["--voi-names", "names.csv", "-o", "goal"]].concat();
    let bare = with(&[]).into_iter().filter(|a| !matches!(*a, "--histories" | "2000"));
    let bare: Vec<&str> = bare.collect();
    let output = inputs.run(&[&bare[..], &goal[..]].concat());
    succeed(&output);
    assert!(stderr(&output).contains("could overflow"), "{}", stderr(&output));
    let many = [&bare[..], &ac[..], &["--histories", "1.2e10", "-o", "many"]].concat();
    let refused = inputs.run(&many);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("1.200e10 histories"), "{}", stderr(&refused));
}

#[test]
fn a_picture_is_drawn_where_there_is_a_ct() {
    let inputs = Inputs::new();
    let common = ["--activity", "activity.mha", "--source", "electron:2keV", "--histories", "2000"];
    let run = |more: &[&str]| inputs.run(&[&["dose"], &common[..], more].concat());
    let output = run(&["--ct", "ct.mha", "--hu-curve", "icru44", "--picture", "-o", "out"]);
    succeed(&output);
    assert_eq!(&std::fs::read(inputs.path("out/dose.png")).unwrap()[1..4], b"PNG");
    assert!(stderr(&output).contains("a time that the file does not state"), "{}", stderr(&output));
    let refused = run(&["--ct", "ct.mha", "--picture", "--shard", "1/2", "-o", "part"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn units_and_physical_decay_only_scale() {
    let inputs = Inputs::new();
    let run = |out: &str, more: &[&str]| {
        succeed(&inputs.run(&with(&[&["-o", out], more].concat())));
        json(&inputs.path(out).join("summary.json"))
    };
    let mean = |s: &serde_json::Value| s["dose"]["mean_dose"].as_f64().unwrap();
    let electron = ["--source", "electron:0.1MeV"];
    let rate = run("rate", &electron);
    assert_eq!(rate["dose"]["unit"], "Gy/s");
    let integrated = run("tia", &[&electron[..], &["--activity-unit", "Bq*s/mL"]].concat());
    assert_eq!(integrated["dose"]["unit"], "Gy");
    assert_eq!(mean(&integrated), mean(&rate));
    assert!(inputs.path("tia/dose.nii.gz").is_file());
    let counts = ["--activity-unit", "counts", "--calibration", "3Bq/mL"];
    let counts = run("counts", &[&electron[..], &counts[..]].concat());
    assert!((mean(&counts) / mean(&rate) - 3.0).abs() < 1e-6);
    let per_voxel = run("bq", &[&electron[..], &["--activity-unit", "Bq"]].concat());
    // A voxel is 0.064 mL.
    assert!((mean(&per_voxel) * 0.064 / mean(&rate) - 1.0).abs() < 1e-6);

    let y90 = run("y90", &["--nuclide", "Y-90"]);
    let decayed =
        run("decayed", &["--nuclide", "Y-90", "--physical-decay", "--decay-from", "image"]);
    assert_eq!(decayed["dose"]["unit"], "Gy");
    let half_life = decayed["setup"]["source"]["half_life_s"].as_f64().unwrap();
    let ratio = mean(&decayed) / mean(&y90) * std::f64::consts::LN_2 / half_life;
    assert!((ratio - 1.0).abs() < 1e-9, "{ratio}");
    // Within one half-life, half of it.
    let horizon = format!("{half_life}s");
    let half = run(
        "half",
        &["--nuclide", "Y-90", "--physical-decay", "--decay-from", "image", "--horizon", &horizon],
    );
    let decays = |s: &serde_json::Value| s["setup"]["decays"].as_f64().unwrap();
    assert!((decays(&half) / decays(&decayed) - 0.5).abs() < 1e-6);
}

#[test]
fn shards_threads_and_one_run_give_the_same_bits() {
    let inputs = Inputs::new();
    let voi = ["--voi", "voi.mha", "--batches", "7", "--source", "electron:0.5MeV"];
    let run = |more: &[&str]| succeed(&inputs.run(&with(&[&voi[..], more].concat())));
    run(&["-o", "one", "--threads", "1"]);
    run(&["-o", "seven", "--threads", "7"]);
    for shard in ["1", "2", "3"] {
        // Another machine keeps the same file elsewhere.
        let elsewhere = inputs.path("voi.mha").display().to_string();
        let voi = if shard == "2" { elsewhere.as_str() } else { "voi.mha" };
        let more = ["--voi", voi, "--batches", "7", "--source", "electron:0.5MeV"];
        let part = ["-o", &format!("part{shard}"), "--shard", &format!("{shard}/3")];
        succeed(&inputs.run(&with(&[&more[..], &part[..]].concat())));
    }
    succeed(&inputs.run(&["merge", "merged", "part3", "part1/shard.voxgray", "part2"]));
    for folder in ["seven", "merged"] {
        for name in MAPS {
            let bytes = |folder: &str| std::fs::read(inputs.path(folder).join(name)).unwrap();
            assert!(bytes("one") == bytes(folder), "{folder}/{name} differs");
        }
        assert_eq!(result_of(&inputs, "one"), result_of(&inputs, folder));
    }
    assert!(!inputs.path("part1/dose_rate.nii.gz").exists(), "a shard must not look like a result");

    // One shard twice, or of another run, is refused; a missing one makes the result partial.
    let twice = inputs.run(&["merge", "bad", "part1", "part1"]);
    assert_eq!(twice.status.code(), Some(3));
    assert!(stderr(&twice).contains("in two shards"), "{}", stderr(&twice));
    run(&["-o", "other", "--shard", "2/3", "--seed", "9"]);
    let other = inputs.run(&["merge", "bad", "part1", "other"]);
    assert!(stderr(&other).contains("not of the same run"), "{}", stderr(&other));
    assert!(!inputs.path("bad").exists());
    let missing = inputs.run(&["merge", "missing", "part1", "part2", "--allow-missing"]);
    succeed(&missing);
    assert!(stderr(&missing).contains("2 of 7 batches are missing"), "{}", stderr(&missing));
    assert_eq!(result_of(&inputs, "missing")["partial"], true);
    assert!(inputs.path("missing/dose_rate_partial.nii.gz").is_file());
}

#[test]
fn one_batch_has_no_standard_error() {
    let inputs = Inputs::new();
    let one = ["--batches", "1", "--voi", "voi.mha", "--source", "electron:0.5MeV", "-o", "out"];
    let output = inputs.run(&with(&one));
    succeed(&output);
    let summary = json(&inputs.path("out/summary.json"));
    assert!(summary["vois"][0]["standard_error"].is_null());
    assert!(summary["dose"]["high_dose"]["relative_uncertainty"].is_null());
    assert!(map(&inputs, "out/dose_rate_standard_error.nii.gz").iter().all(|e| e.is_nan()));
    assert!(String::from_utf8_lossy(&output.stdout).contains("relative_uncertainty\tnull"));
}

#[test]
fn a_goal_stops_the_run() {
    let inputs = Inputs::new();
    let source = ["--source", "electron:0.5MeV", "--voi", "voi.mha", "--voi-names", "names.csv"];
    let base = with(&source);
    let at = base.iter().position(|o| *o == "--histories").unwrap();
    let base = [&base[..at], &base[at + 2..]].concat();
    let goal = [
        "--target-uncertainty",
        "1%",
        "--target-voi",
        "core",
        "--histories",
        "1e6",
        "--batches",
        "1000",
    ];
    succeed(&inputs.run(&[&base[..], &goal[..], &["-o", "voi"]].concat()));
    let summary = json(&inputs.path("voi/summary.json"));
    let core = &summary["vois"][0];
    let relative = core["standard_error"].as_f64().unwrap() / core["mean_dose"].as_f64().unwrap();
    assert!(relative <= 0.01, "{relative}");
    assert!(summary["run"]["batches"].as_u64().unwrap() < 1000);
    assert_eq!(summary["partial"], false);

    succeed(&inputs.run(&[&base[..], &["--target-uncertainty", "2%", "-o", "voxels"]].concat()));
    let high = &json(&inputs.path("voxels/summary.json"))["dose"]["high_dose"];
    assert!(high["relative_uncertainty"].as_f64().unwrap() <= 0.02, "{high}");

    let wrong = inputs.run(
        &[&base[..], &["--target-uncertainty", "1%", "--target-voi", "brain", "-o", "no"]].concat(),
    );
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("core, shell"), "{}", stderr(&wrong));
}

/// A VOI of one voxel far from the activity, beyond the range of the electrons, and one beside it that is hit in places: what is not hit is not
/// known to be zero, in the table, in the summary, on screen, and where shards are merged.
#[test]
fn a_voi_that_nothing_hits_has_a_limit_and_counts() {
    let inputs = Inputs::new();
    let mut voi = block(&grid(), 1.0, 2.0);
    voi.data[0] = 3.0;
    inputs.write("voi.mha", &voi);
    std::fs::write(inputs.path("names.csv"), "label,name\n1,core\n2,shell\n3,corner\n").unwrap();
    let source = ["--source", "electron:0.5MeV", "--voi", "voi.mha", "--voi-names", "names.csv"];
    let source = [&source[..], &["--engine", "cpu"]].concat();
    let output = inputs.run(&with(&[&source[..], &["-o", "out"]].concat()));
    succeed(&output);
    let summary = json(&inputs.path("out/summary.json"));
    let [core, shell, corner] = [0, 1, 2].map(|n| summary["vois"][n].clone());
    assert_eq!((core["hit_voxels"].as_u64(), core["voxels"].as_u64()), (Some(8), Some(8)));
    assert!(core["upper_limit_95"].is_null() && core["standard_error"].as_f64().unwrap() > 0.0);
    let hit = shell["hit_voxels"].as_u64().unwrap();
    assert!(hit > 20 && hit < 207, "{shell}");
    assert_eq!(shell["hit_batches"].as_u64(), Some(50));
    assert_eq!((corner["hit_voxels"].as_u64(), corner["hit_batches"].as_u64()), (Some(0), Some(0)));
    assert_eq!(corner["mean_dose"].as_f64(), Some(0.0));
    assert!(corner["standard_error"].is_null());
    assert!(corner["uncertainty"]["standard_uncertainty"].is_null(), "{corner}");
    // Fewer than 1 - 0.05^(1/2000) of the 8e6 x 0.064 decays a second hit it, with 0.5 MeV each: 0.064 g.
    let limit = corner["upper_limit_95"].as_f64().unwrap();
    let decays = summary["setup"]["decays"].as_f64().unwrap();
    let expected = (1.0 - 0.05_f64.powf(1.0 / 2000.0)) * 0.5 * decays * 1.602_176_634e-10 / 0.064;
    assert!((limit / expected - 1.0).abs() < 1e-3, "{limit} {expected}");
    assert_eq!(corner["uncertainty"]["interval_95"], serde_json::json!([0.0, limit]));
    assert!(stderr(&output).contains("none of 2000 histories has reached VOI 'corner'"));
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = screen.lines().find(|l| l.starts_with("voi\tcorner")).unwrap();
    assert!(line.contains("0 of 1 voxels hit, below"), "{line}");
    let table = std::fs::read_to_string(inputs.path("out/vois.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| {
        rows[row][header.iter().position(|h| h == name).unwrap()].to_string()
    };
    assert_eq!((cell(1, "voxels"), cell(1, "hit_voxels")), ("207".into(), hit.to_string()));
    assert_eq!(
        (cell(2, "hit_voxels"), cell(2, "standard_error_gy_per_s")),
        ("0".into(), "".into())
    );
    assert!(
        cell(2, "upper_limit_95_gy_per_s").parse::<f64>().is_ok()
            && cell(0, "upper_limit_95_gy_per_s").is_empty()
    );
    // VOIs take Student's t: 2.0096 for 50 batches.
    let [low, high] = [0, 1].map(|n| shell["uncertainty"]["interval_95"][n].as_f64().unwrap());
    let relative = shell["standard_error"].as_f64().unwrap() / shell["mean_dose"].as_f64().unwrap();
    assert!(((high / low).ln() / (2.0 * 2.009_575 * relative) - 1.0).abs() < 1e-5);
    for shard in ["1/2", "2/2"] {
        let out = if shard == "1/2" { "a" } else { "b" };
        succeed(&inputs.run(&with(&[&source[..], &["--shard", shard, "-o", out]].concat())));
    }
    succeed(&inputs.run(&["merge", "merged", "a", "b"]));
    assert_eq!(json(&inputs.path("merged/summary.json"))["vois"], summary["vois"]);
}

/// The largest dose of a few histories: a voxel that one batch has hit.
#[test]
fn the_largest_dose_of_a_rare_hit_has_no_error() {
    let inputs = Inputs::new();
    inputs.write("activity.mha", &block(&grid(), 1e6, 1e6));
    let source = ["--source", "electron:0.5MeV", "--engine", "cpu", "--batches", "20", "-o", "out"];
    let few: Vec<&str> =
        with(&source).into_iter().map(|o| if o == "2000" { "20" } else { o }).collect();
    succeed(&inputs.run(&few));
    let dose = &json(&inputs.path("out/summary.json"))["dose"];
    assert!(dose["max_dose"].as_f64().unwrap() > 0.0);
    assert!(dose["max_dose_standard_error"].is_null() && dose["max_dose_bias_at_most"].is_null());
    assert!(dose["unhit_voxels"].as_u64().unwrap() > 100, "{dose}");
}

#[test]
fn air_is_masked_and_left_out_of_the_maximum() {
    let inputs = Inputs::new();
    let mut density = block(&grid(), 1.0, 1.0);
    // A voxel of air beside the active ones.
    let air = grid().linear([1, 2, 2]);
    density.data[air] = 0.0012;
    inputs.write("density.mha", &density);
    succeed(&inputs.run(&with(&["--source", "electron:1MeV", "-o", "out"])));
    let dose = &json(&inputs.path("out/summary.json"))["dose"];
    assert_eq!(dose["low_density_voxels"].as_u64(), Some(1));
    let low_max = dose["low_density_max_dose"].as_f64().unwrap();
    assert!(low_max > 0.0);
    let mask = map(&inputs, "out/low_density_mask.nii.gz");
    assert_eq!((mask[air], mask.iter().sum::<f32>()), (1.0, 1.0));
    let doses = map(&inputs, "out/dose_rate.nii.gz");
    let largest =
        doses.iter().enumerate().filter(|(n, _)| *n != air).map(|(_, d)| *d).fold(0.0, f32::max);
    assert!((dose["max_dose"].as_f64().unwrap() / f64::from(largest) - 1.0).abs() < 1e-6);
}

#[test]
fn activity_outside_is_counted_and_negatives_too() {
    let inputs = Inputs::new();
    let wide = Grid::aligned([2 * EDGE, EDGE, EDGE], [-10.0; 3], [4.0; 3]);
    let mut activity = block(&wide, 1.0, 1.0);
    activity.data[0] = -3.0;
    inputs.write("activity.mha", &activity);
    let more = [
        "--allow-outside",
        "--negative-activity",
        "zero",
        "--source",
        "electron:0.5MeV",
        "-o",
        "out",
    ];
    let output = inputs.run(&with(&more));
    succeed(&output);
    assert!(stderr(&output).contains("warning") && stderr(&output).contains("left out"));
    let activity = json(&inputs.path("out/summary.json"))["setup"]["activity"].clone();
    let number = |key: &str| activity[key].as_f64().unwrap();
    assert!((number("outside") / (0.064 * 216.0) - 1.0).abs() < 1e-6, "{activity}");
    assert!((number("on_grid") / (0.064 * 215.0) - 1.0).abs() < 1e-6, "{activity}");
    assert_eq!(number("negative_voxels"), 1.0);
    assert!((number("negative_sum") / (-3.0 * 0.064) - 1.0).abs() < 1e-6);
    let dims = &json(&inputs.path("out/summary.json"))["setup"]["dose_grid"]["dims"];
    assert_eq!(dims, &serde_json::json!([EDGE, EDGE, EDGE]));
}

#[test]
fn an_older_output_is_replaced_only_when_asked() {
    let inputs = Inputs::new();
    let run = with(&["--source", "electron:2keV", "-o", "out"]);
    succeed(&inputs.run(&run));
    let plain: Vec<&str> = run.iter().copied().filter(|o| *o != "--overwrite").collect();
    let refused = inputs.run(&plain);
    assert_eq!(refused.status.code(), Some(4));
    assert!(stderr(&refused).contains("--overwrite"), "{}", stderr(&refused));
    succeed(&inputs.run(&run));
    assert_eq!(inputs.made(), ["out"]);
}

/// Ctrl-C keeps finished batches and marks the result.
#[cfg(unix)]
#[test]
fn interruption_keeps_what_is_done() {
    use std::io::{BufRead, BufReader};
    let inputs = Inputs::new();
    let base = with(&["--source", "electron:1MeV", "-o", "out", "--batches", "1000000"]);
    let at = base.iter().position(|o| *o == "--histories").unwrap();
    let base = [&base[..at], &["--histories", "1e9"], &base[at + 2..]].concat();
    let mut child = inputs
        .command(&base)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|l| l.as_ref().is_ok_and(|l| l.starts_with("running"))).unwrap().unwrap();
    // A batch is 1000 histories: many are done by then; none at all would be exit code 5.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["partial"], true);
    let batches = summary["run"]["batches"].as_u64().unwrap();
    assert!(batches > 0 && batches < 1_000_000);
    assert!(inputs.path("out/dose_rate_partial.nii.gz").is_file());
    assert!(!inputs.path("out/dose_rate.nii.gz").exists());
    assert!(!inputs.path("out/vois.csv").exists());
    assert_eq!(inputs.made(), ["out"]);
}

#[test]
fn help_shows_units_and_examples() {
    let inputs = Inputs::new();
    let help = |arguments: &[&str]| {
        let output = inputs.run(arguments);
        succeed(&output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let top = help(&["--help"]);
    assert!(
        ["dose", "merge", "nuclide", "Examples", "Exit codes"].iter().all(|w| top.contains(w)),
        "{top}"
    );
    let dose = help(&["dose", "--help"]);
    let words = ["Matter", "Activity", "Source", "Scoring", "Transport", "Bq/mL", "summary.json"];
    assert!(words.iter().all(|w| dose.contains(w)), "{dose}");
    let transport = help(&["dose", "--help-transport"]);
    assert!(transport.contains("10keV") && !transport.contains("Bq/mL"), "{transport}");
    assert!(help(&["nuclide", "lu177"]).contains("half-life"));
}

/// Water and labels alone: a beam needs no activity.
const BEAM: [&str; 11] = [
    "dose",
    "--density",
    "density.mha",
    "--materials",
    "labels.mha",
    "--material-names",
    "water",
    "--engine",
    "cpu",
    "--batches",
    "20",
];

fn beam<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&BEAM[..], more].concat()
}

/// What is made of activity that was given is refused of a beam, before anything is written.
#[test]
fn a_beam_has_no_report_and_no_objects_of_a_patient() {
    let inputs = Inputs::new();
    let source = ["--source", "electron:1MeV", "--histories", "1000", "-o", "out"];
    let place = ["--beam", "direction=0,0,1; at=0,0,-50mm", "--voi", "voi.mha"];
    succeed(&inputs.run(&beam(&[&source[..], &place[..]].concat())));
    for words in [
        &["report", "out", "-o", "report.html"][..],
        &["dicom", "out", "--reference", "ct.mha", "-o", "dicom"][..],
    ] {
        let output = inputs.run(words);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains("out is the run of a beam along"), "{told}");
    }
    assert!(!inputs.path("report.html").exists() && !inputs.path("dicom").exists());
    succeed(&inputs.run(&["dvh", "out", "--voi", "voi.mha", "-o", "dvh"]));
}

/// A pencil of alphas that stop in their first voxel: the dose of N particles is N E / m, all of it there; the summary tells the beam.
#[test]
fn a_beam_gives_the_dose_of_its_particles() {
    let inputs = Inputs::new();
    let source = ["--source", "alpha:5MeV", "--histories", "2000", "--decays", "3e9", "-o", "out"];
    let place = ["--beam", "direction=0,0,1; at=0,0,-50mm", "--voi", "voi.mha"];
    succeed(&inputs.run(&beam(&[&source[..], &place[..]].concat())));
    let dose = map(&inputs, "out/dose.nii.gz");
    let expected = 3e9 * 5.0 * 1.602_176_634e-13 / (0.064 * 1e-3);
    // Voxels of 4 mm from -12 on: (0, 0) is the corner of four, of which the beam meets one.
    let hit: Vec<usize> = (0..dose.len()).filter(|v| dose[*v] > 0.0).collect();
    assert_eq!(hit, [grid().linear([3, 3, 0])], "{hit:?}");
    assert!((f64::from(dose[hit[0]]) / expected - 1.0).abs() < 1e-5);
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["setup"]["decays"].as_f64(), Some(3e9));
    assert!(summary["setup"]["activity"].is_null());
    assert!(summary["setup"]["beam"]["label"].as_str().unwrap().contains("parallel"));
    assert_eq!(summary["ledger"]["escapes"].as_array().unwrap().len(), 0);
}

/// What leaves and what misses stands in the summary by face, with its error; shards merge it to the same numbers.
#[test]
fn escapes_of_a_beam_stand_in_the_summary_also_of_shards() {
    let inputs = Inputs::new();
    let source = ["--source", "electron:1.5MeV", "--histories", "8000"];
    let place = ["--beam", "direction=0,0,1; at=0,0,-50mm; field=48x24mm"];
    let run =
        |more: &[&str]| succeed(&inputs.run(&beam(&[&source[..], &place[..], more].concat())));
    run(&["-o", "out"]);
    let summary = json(&inputs.path("out/summary.json"));
    let escapes = summary["ledger"]["escapes"].as_array().unwrap();
    let of = |face: &str, particle: &str| {
        let row = escapes.iter().find(|e| e["face"] == face && e["particle"] == particle);
        row.unwrap_or_else(|| panic!("{face} {particle}: {escapes:?}"))
    };
    // The grid is 24 mm wide: half of the field misses.
    let missed = of("missed", "electron");
    let (number, error) = (&missed["number"], &missed["number_standard_error"]);
    assert!((number.as_f64().unwrap() - 0.5).abs() < 4.0 * (0.25_f64 / 8000.0).sqrt());
    assert!(error.as_f64().unwrap() > 0.0);
    assert!((missed["energy_mev"].as_f64().unwrap() / number.as_f64().unwrap() - 1.5).abs() < 1e-6);
    let backscattered = of("low z", "electron")["number"].as_f64().unwrap() / 0.5;
    assert!(backscattered > 0.0 && backscattered < 0.1, "{backscattered}");
    let whole: f64 = escapes.iter().map(|e| e["energy_mev"].as_f64().unwrap()).sum();
    let escaped = summary["ledger"]["escaped_mev"].as_f64().unwrap();
    assert!((whole / escaped - 1.0).abs() < 1e-9, "{whole} {escaped}");
    for shard in ["1/2", "2/2"] {
        run(&["--shard", shard, "-o", &shard[..1]]);
    }
    succeed(&inputs.run(&["merge", "merged", "1", "2"]));
    assert_eq!(json(&inputs.path("merged/summary.json"))["ledger"], summary["ledger"]);
}

/// A spectrum of a file, of activity and in a beam: what is left out is told, and the file stands among the inputs.
#[test]
fn a_spectrum_from_a_file_is_a_source() {
    let inputs = Inputs::new();
    let text = "particle,energy_keV,yield\nelectron,2,1\nelectron,0.2,3\nphoton,9000,0.01\n";
    std::fs::write(inputs.path("lines.csv"), text).unwrap();
    let out = inputs.run(&with(&["--source", "file:lines.csv", "-o", "out"]));
    let said = stderr(&out);
    succeed(&out);
    assert!(said.contains("line 3: electron 0.0002 MeV") && said.contains("line 4"), "{said}");
    let summary = json(&inputs.path("out/summary.json"));
    let roles = summary["setup"]["inputs"].as_array().unwrap().iter();
    let roles: Vec<_> = roles.map(|i| i["role"].as_str().unwrap().to_owned()).collect();
    assert!(roles.contains(&"spectrum".to_string()), "{roles:?}");
    assert!((summary["ledger"]["emitted_mev"].as_f64().unwrap() / 2e-3 - 1.0).abs() < 1e-4);
    assert!(summary["warnings"][0].as_str().unwrap().contains("left out"));
}

#[test]
fn beams_and_spectra_that_make_no_sense_are_refused() {
    let inputs = Inputs::new();
    std::fs::write(inputs.path("bad.csv"), "particle,energy,yield\nphoton,1,1\n").unwrap();
    std::fs::write(inputs.path("nan.csv"), "particle,energy_keV,yield\nphoton,10,nan\n").unwrap();
    let beams: [(&[&str], &str); 9] = [
        (&["--beam", "direction=0,0,0"], "no length"),
        (&["--beam", "direction=0,0,1; at=0,0,-50"], "no unit"),
        (&["--beam", "direction=0,0,1; at=90,0,-50mm"], "misses the grid"),
        (&["--beam", "direction=0,0,1", "--activity", "activity.mha"], "cannot be used with"),
        (&["--beam", "direction=0,0,1", "--decays", "0"], "above zero"),
        (&["--beam", "direction=0,0,1", "--method", "ldm"], "--method ldm"),
        (&["--beam", "direction=0,0,1", "--activity-unit", "Bq"], "no activity is read"),
        (&["--decays", "5"], "--beam"),
        (&[], "--activity"),
    ];
    for (more, part) in beams {
        let line = beam(&[&["--source", "electron:1MeV", "-o", "out"], more].concat());
        let out = inputs.run(&line);
        assert!(!out.status.success() && stderr(&out).contains(part), "{more:?}: {}", stderr(&out));
    }
    for (source, part) in [
        ("file:bad.csv", "column 'energy' has no unit"),
        ("file:nan.csv", "'nan'"),
        ("file:absent.csv", "absent.csv"),
    ] {
        let out = inputs.run(&with(&["--source", source, "-o", "out"]));
        assert!(!out.status.success() && stderr(&out).contains(part), "{}", stderr(&out));
    }
    assert!(inputs.made().is_empty(), "{:?}", inputs.made());
}

/// Found tables are the made ones, bit by bit: the plan's hash and the maps. A broken file is made anew, and a folder that cannot be is no error.
#[test]
fn kept_tables_are_those_that_would_be_made() {
    let inputs = Inputs::new();
    let cache = inputs.path("kept");
    let run = |out: &str, cache: &std::path::Path| {
        // Photons, electrons and positrons.
        let more = ["--nuclide", "F-18", "-o", out];
        let run = inputs.command(&with(&more)).env("VOXGRAY_CACHE", cache).output().unwrap();
        succeed(&run);
        (
            MAPS.map(|name| std::fs::read(inputs.path(out).join(name)).unwrap()),
            result_of(&inputs, out),
        )
    };
    let made = run("none", std::path::Path::new("none"));
    assert!(!inputs.path("none").join("kept").exists() && !cache.exists());
    assert_eq!(run("first", &cache), made);
    let files = || -> Vec<std::path::PathBuf> {
        let mut files: Vec<_> =
            std::fs::read_dir(&cache).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    };
    let kept: Vec<(std::path::PathBuf, Vec<u8>)> =
        files().into_iter().map(|f| (f.clone(), std::fs::read(f).unwrap())).collect();
    // Photons; rates, angles and bremsstrahlung of both leptons: of each material at least.
    assert!(kept.len() >= 7, "{}", kept.len());
    assert_eq!(run("found", &cache), made);
    for (n, (file, bytes)) in kept.iter().enumerate() {
        let mut broken = bytes.clone();
        match n % 3 {
            0 => broken.truncate(bytes.len() / 2),
            1 => broken[bytes.len() / 2] ^= 1,
            _ => broken.clear(),
        }
        std::fs::write(file, broken).unwrap();
    }
    assert_eq!(run("broken", &cache), made);
    let again: Vec<Vec<u8>> = files().iter().map(|f| std::fs::read(f).unwrap()).collect();
    assert_eq!(again, kept.into_iter().map(|k| k.1).collect::<Vec<_>>(), "made anew");
    // Below a file there can be no folder.
    assert_eq!(run("nowhere", &inputs.path("ct.mha").join("below")), made);
}
