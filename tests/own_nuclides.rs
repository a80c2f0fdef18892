//! Nuclides of a user's file through the program: what they must give by hand, what results say of them, and that parts of runs with different ones are
//! not joined.

mod cli_inputs;

use cli_inputs::{Inputs, json, stderr, succeed, with};
use voxgray::io::read_nifti;

/// One electron of 2 keV per decay, which stops where it starts, and a half-life of 2 h.
const ONE_LINE: &str = "version = 1\nsource = \"made up\"\n[[nuclide]]\nname = \"Zr-299\"\nhalf_life = \"2 h\"\nprogeny = []\n\
    conversion_electrons = { energy_kev = [2.0], per_100_decays = [100.0] }\n";
const LU: &str = "version = 1\nsource = \"a certificate\"\n[[nuclide]]\nname = \"Lu-177\"\nhalf_life = \"6.6475 d\"\n";

fn inputs() -> Inputs {
    let inputs = Inputs::new();
    std::fs::write(inputs.path("own.toml"), ONE_LINE).unwrap();
    std::fs::write(inputs.path("lu.toml"), LU).unwrap();
    inputs
}

/// 1e6 Bq/mL of 2 keV in water, for all decays: times the mean life.
#[test]
fn a_new_nuclide_gives_the_dose_by_hand() {
    let inputs = inputs();
    let own = ["--nuclide", "299Zr", "--nuclide-file", "own.toml"];
    let decays = ["--physical-decay", "--decay-from", "image"];
    succeed(&inputs.run(&with(&[&own[..], &decays[..], &["-o", "out"]].concat())));
    let mean_life_s = 7200.0 / std::f64::consts::LN_2;
    let expected = 1e6 * 2e-3 * 1.602_176_634e-13 / 1e-3 * mean_life_s;
    let dose = read_nifti(&inputs.path("out/dose.nii.gz"), None).unwrap().0.data;
    let largest = dose.iter().copied().fold(0.0, f32::max);
    assert!((f64::from(largest) / expected - 1.0).abs() < 3e-5, "{largest} {expected}");
    let summary = json(&inputs.path("out/summary.json"));
    let own = &summary["setup"]["source"]["own_nuclides"];
    assert_eq!(own["changes"][0]["nuclide"], "Zr-299");
    let said = own["changes"][0]["said"].as_str().unwrap();
    assert!(said.contains("new") && said.contains("made up"), "{said}");
    assert_eq!(own["sha256"].as_str().unwrap().len(), 64);
    let inputs_of_run = summary["setup"]["inputs"].as_array().unwrap();
    assert!(inputs_of_run.iter().any(|i| i["role"] == "nuclides" && i["sha256"] == own["sha256"]));
}

/// The half-life of a file is that of every command: `fit` and `nuclide` beside `dose`.
#[test]
fn a_half_life_is_that_of_every_command() {
    let inputs = inputs();
    let shown = inputs.run(&["nuclide", "Lu-177", "--json", "--nuclide-file", "lu.toml"]);
    let value: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let half_life_s = 6.6475 * 86_400.0;
    assert!((value["half_life_s"].as_f64().unwrap() - half_life_s).abs() < 1e-6);
    assert!(value["own"].as_str().unwrap().contains("6.6475 d in place of"));
    let listed = inputs.run(&["nuclide", "--list", "Lu-177", "--nuclide-file", "lu.toml"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("own data: half-life 6.6475 d"));
    std::fs::write(inputs.path("one.csv"), "time_h,kidneys MBq\n24,100\n").unwrap();
    let fit = ["fit", "one.csv", "--nuclide", "Lu-177", "--model", "physical", "-o", "fit"];
    let of = |folder: &str, more: &[&str]| -> f64 {
        let mut words = fit.to_vec();
        words[7] = folder;
        succeed(&inputs.run(&[&words, more].concat()));
        let fits = json(&inputs.path(folder).join("fit.json"));
        fits["curves"][0]["integral"]["value"].as_f64().unwrap()
    };
    let (own, library) = (of("a", &["--nuclide-file", "lu.toml"]), of("b", &[]));
    let plain = inputs.run(&["nuclide", "Lu-177", "--json"]);
    let plain: serde_json::Value = serde_json::from_slice(&plain.stdout).unwrap();
    // exp(l t) / l of one point at t = 24 h.
    let whole = |half_life: f64| {
        let l = std::f64::consts::LN_2 / half_life;
        (l * 86_400.0).exp() / l
    };
    let expected = whole(half_life_s) / whole(plain["half_life_s"].as_f64().unwrap());
    assert!((own / library / expected - 1.0).abs() < 1e-9, "{own} {library} {expected}");
    assert!((expected - 1.0).abs() > 1e-4);
}

#[test]
fn parts_with_other_nuclides_are_not_joined() {
    let inputs = inputs();
    let source = ["--nuclide", "Lu-177"];
    for (shard, more) in [("1/2", &["--nuclide-file", "lu.toml"][..]), ("2/2", &[][..])] {
        let name = format!("s{}.voxgray", &shard[..1]);
        let words = [&source[..], more, &["--shard", shard, "-o", &name]].concat();
        succeed(&inputs.run(&with(&words)));
    }
    let merged = inputs.run(&["merge", "whole", "s1.voxgray", "s2.voxgray"]);
    assert_eq!(merged.status.code(), Some(3), "{}", stderr(&merged));
    assert!(!inputs.path("whole").exists());
}

/// A file that changes nothing of a run is told; one that cannot be used ends it.
#[test]
fn a_file_without_effect_is_told() {
    let inputs = inputs();
    let words = ["--nuclide", "Y-90", "--nuclide-file", "lu.toml", "-o", "out"];
    let ran = inputs.run(&with(&words));
    succeed(&ran);
    assert!(stderr(&ran).contains("lu.toml changes nothing here: Lu-177"), "{}", stderr(&ran));
    let refused = inputs.run(&with(&["--nuclide", "Y-90", "--nuclide-file", "ct.mha", "-o", "no"]));
    assert_eq!(refused.status.code(), Some(3));
    assert!(stderr(&refused).contains("ct.mha") && !inputs.path("no").exists());
}

/// Data that this build lacks are refused with their licence and the way to them.
#[test]
#[cfg_attr(feature = "icrp107", ignore = "this build has them")]
fn icrp107_is_refused_where_it_is_not_built_in() {
    let inputs = inputs();
    let refused = inputs.run(&["nuclide", "Lu-177", "--nuclide-data", "icrp107"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--features icrp107"), "{}", stderr(&refused));
    let compared = inputs.run(&["nuclide", "Lu-177", "--compare"]);
    assert_eq!(compared.status.code(), Some(2));
}
