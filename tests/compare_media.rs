//! Two media with the same histories, through the program: against closed forms, against independent runs, and whether the error is true.

mod cli_inputs;

use cli_inputs::{Inputs, json, stderr, succeed};
use serde_json::Value;
use voxgray::image::{Grid, Volume};
use voxgray::io::read_nifti;

const EDGE: usize = 15;

fn core(v: [usize; 3]) -> bool {
    v.iter().all(|i| (5..10).contains(i))
}

/// Activity in the middle of soft tissue, with a VOI there and one of all around it.
fn scene() -> Inputs {
    let inputs = Inputs::new();
    let grid = Grid::aligned([EDGE; 3], [0.0; 3], [3.0; 3]);
    let volume = |of: &dyn Fn([usize; 3]) -> f32| {
        Volume::new(grid.clone(), (0..grid.len()).map(|v| of(grid.unlinear(v))).collect()).unwrap()
    };
    inputs.write("density.mha", &volume(&|_| 1.04));
    inputs.write("labels.mha", &volume(&|_| 0.0));
    inputs.write("activity.mha", &volume(&|v| f32::from(u8::from(core(v))) * 1e6));
    inputs.write("voi.mha", &volume(&|v| if core(v) { 1.0 } else { 2.0 }));
    std::fs::write(inputs.path("names.csv"), "label,name\n1,core\n2,beside\n").unwrap();
    inputs
}

const MATTER: [&str; 6] =
    ["--density", "density.mha", "--materials", "labels.mha", "--material-names", "soft_tissue"];
const REST: [&str; 10] = [
    "--activity",
    "activity.mha",
    "--activity-unit",
    "Bq",
    "--voi",
    "voi.mha",
    "--voi-names",
    "names.csv",
    "--engine",
    "cpu",
];

fn media(inputs: &Inputs, more: &[&str], out: &str) -> Value {
    let all = [&["compare-media"], &MATTER[..], &REST, more, &["-o", out, "--overwrite"]].concat();
    succeed(&inputs.run(&all));
    json(&inputs.path(&format!("{out}/summary.json")))
}

fn row<'a>(said: &'a Value, of: &str, name: &str) -> &'a Value {
    let rows = said["media"][of].as_array().unwrap();
    rows.iter()
        .find(|r| r["voxels"].as_str() == Some(name))
        .unwrap_or_else(|| panic!("{name}: {rows:?}"))
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or(f64::NAN)
}

/// Electrons that stay where they start: twice the density is half the dose, history by history, so that the difference is known as well as the dose.
#[test]
fn twice_the_density_is_half_the_dose() {
    let inputs = scene();
    let local =
        ["--source", "electron:0.5MeV", "--electron-cutoff", "4MeV", "--histories", "22400"];
    let said = media(&inputs, &[&local[..], &["--change", "all=@2.08"]].concat(), "twice");
    let core = row(&said, "vois", "core");
    let reference = number(core, "reference");
    // All energy over 125 voxels of 27 mm3: known, and drawn with the noise of no number.
    let gy = 125.0 * 1e6 * 0.5 * 1.602_176_634e-10 / (125.0 * 0.027 * 1.04);
    assert!((reference / gy - 1.0).abs() < 1e-5, "{reference} {gy}");
    assert!((number(core, "difference") / reference + 0.5).abs() < 1e-6, "{core}");
    // In a voxel the dose has noise; its difference has half of it, and one run of two that are independent would have 1 + 1/4 of the variance.
    let of = |name: &str| {
        read_nifti(&inputs.path(&format!("twice/{name}.nii.gz")), None).unwrap().0.data
    };
    let (error, difference) =
        (of("dose_rate_reference_standard_error"), of("dose_rate_difference_standard_error"));
    let (correlation, grid) = (of("correlation"), Grid::aligned([EDGE; 3], [0.0; 3], [3.0; 3]));
    // 5.6 histories of a batch are a voxel's: five or six.
    for at in [[5, 5, 5], [7, 8, 6], [9, 9, 9]] {
        let v = grid.linear(at);
        assert!(error[v] > 0.0);
        assert!((difference[v] / error[v] - 0.5).abs() < 1e-3, "{} {}", difference[v], error[v]);
        assert!((correlation[v] - 1.0).abs() < 1e-4, "{}", correlation[v]);
    }
    assert!(
        (number(row(&said, "places", "soft"), "difference")
            / number(row(&said, "places", "soft"), "reference")
            + 0.5)
            .abs()
            < 1e-6
    );
}

/// Lung around the source: the difference is that of two independent runs, with less noise; its error is the scatter over seeds.
#[test]
fn the_difference_is_that_of_independent_runs_and_its_error_is_true() {
    let inputs = scene();
    let source = ["--source", "electron:0.935MeV", "--histories", "4e4"];
    let change = ["--change", "beside=lung@0.26"];
    let mut found = Vec::new();
    let seeds = 14_u32;
    for seed in 1..=seeds {
        let seed = seed.to_string();
        let said = media(&inputs, &[&source[..], &change, &["--seed", &seed]].concat(), "lung");
        let beside = row(&said, "vois", "core");
        found.push([
            number(beside, "difference"),
            number(beside, "standard_error"),
            number(beside, "gain"),
        ]);
    }
    let n = f64::from(seeds);
    let mean = found.iter().map(|f| f[0]).sum::<f64>() / n;
    let variance = found.iter().map(|f| (f[0] - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let told = found.iter().map(|f| f[1] * f[1]).sum::<f64>() / n;
    // Chi-squared with 13 degrees of freedom over them: 0.1 % beyond 34.5 and below 2.6 (the told variance has 13 times 31 degrees itself).
    let ratio = variance / told;
    assert!((2.6 / 13.0..34.5 / 13.0).contains(&ratio), "{ratio}");
    assert!(found.iter().all(|f| f[2] > 3.0), "{found:?}");
    // Independent runs of both media, with ten times the histories.
    inputs.write("density_lung.mha", &{
        let grid = Grid::aligned([EDGE; 3], [0.0; 3], [3.0; 3]);
        let of = |v: usize| if core(grid.unlinear(v)) { 1.04 } else { 0.26 };
        Volume::new(grid.clone(), (0..grid.len()).map(of).collect()).unwrap()
    });
    inputs.write("labels_lung.mha", &{
        let grid = Grid::aligned([EDGE; 3], [0.0; 3], [3.0; 3]);
        let of = |v: usize| if core(grid.unlinear(v)) { 0.0 } else { 1.0 };
        Volume::new(grid.clone(), (0..grid.len()).map(of).collect()).unwrap()
    });
    let more = ["--source", "electron:0.935MeV", "--histories", "1e6", "--seed", "99"];
    let mut doses = Vec::new();
    for (out, density, labels) in
        [("a", "density.mha", "labels.mha"), ("b", "density_lung.mha", "labels_lung.mha")]
    {
        let matter = [
            "dose",
            "--density",
            density,
            "--materials",
            labels,
            "--material-names",
            "soft_tissue,lung",
        ];
        succeed(&inputs.run(&[&matter[..], &REST, &more, &["-o", out]].concat()));
        let said = json(&inputs.path(&format!("{out}/summary.json")));
        let core = &said["vois"][0];
        assert_eq!(core["name"].as_str(), Some("core"));
        doses.push([number(core, "mean_dose"), number(core, "standard_error")]);
    }
    let expected = doses[1][0] - doses[0][0];
    let joint = (doses[0][1].powi(2) + doses[1][1].powi(2) + told / n).sqrt();
    assert!((mean - expected).abs() < 4.0 * joint, "{mean} {expected} +- {joint}");
    // It is there: lung sends fewer electrons back.
    assert!(expected < -4.0 * joint, "{expected} +- {joint}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let inputs = scene();
    let base = ["--source", "electron:0.5MeV", "--histories", "1e3"];
    for (more, word) in [
        (&["--change", "liver=water"][..], "the VOIs are core, beside"),
        (&["--change", "core=soft_tissue@1.04"], "nothing is changed"),
        (&["--change", "core=@2", "--shard", "1/2"], "batch by batch"),
        (&["--change", "core"], "no '='"),
    ] {
        let all = [&["compare-media"], &MATTER[..], &REST, &base, more, &["-o", "out"]].concat();
        let refused = inputs.run(&all);
        assert!(!refused.status.success());
        assert!(stderr(&refused).contains(word), "{}", stderr(&refused));
        assert!(!inputs.path("out").exists());
    }
}
