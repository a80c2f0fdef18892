//! `voxgray voi` as a user runs it: label maps in, lists, made regions and maps out.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;

use std::process::{Command, Output};

use cli_inputs::Inputs;
use serde_json::Value;

fn run(inputs: &Inputs, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    command.current_dir(inputs.path("")).arg("voi").args(arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The listed regions by name.
fn listed(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn number(list: &Value, name: &str, what: &str) -> f64 {
    let rows = list["regions"].as_array().expect("rows");
    let row =
        rows.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"));
    row[what].as_f64().unwrap_or_else(|| panic!("no {what} of {name} in {list}"))
}

/// The core is 2 x 2 x 2 voxels of 64 mm3 with 1 MBq/mL, in a box of 6 x 6 x 6; HU are 0 everywhere.
#[test]
fn regions_are_listed_with_volume_mass_and_activity() {
    let inputs = Inputs::new();
    let with = ["voi.mha", "--names", "names.csv", "--activity", "activity.mha", "--ct", "ct.mha"];
    let list = listed(&run(&inputs, &[&with[..], &["--json"]].concat()));
    for (name, voxels) in [("core", 8.0), ("shell", 208.0)] {
        assert!((number(&list, name, "volume_ml") - 0.064 * voxels).abs() < 1e-9);
        // Schneider's curve at 0 HU is within 3 % of water.
        let mass = number(&list, name, "mass_g") / (0.064 * voxels);
        assert!((mass - 1.0).abs() < 0.03, "{mass}");
    }
    assert!((number(&list, "core", "activity_bq") / (8.0 * 64e3) - 1.0).abs() < 1e-6);
    assert!((number(&list, "core", "mean_bq_per_ml") - 1e6).abs() < 1e-3);
    assert_eq!(number(&list, "shell", "activity_bq"), 0.0);
    let table = run(&inputs, &with);
    assert!(text(&table.stdout).starts_with("label\tname\tvolume_ml\t"), "{}", text(&table.stdout));
}

#[test]
fn regions_are_made_combined_and_written() {
    let inputs = Inputs::new();
    let make = [
        "ring = difference(margin(core, 4mm), core)",
        "hot = percent(activity, 50%)",
        "both = union(ring, hot)",
        "ball = sphere(0, 0, 0, 6)",
        "all = sum(core, shell)",
    ];
    let mut arguments =
        vec!["voi.mha", "--names", "names.csv", "--activity", "activity.mha", "--json"];
    make.iter().for_each(|m| arguments.extend(["--make", m]));
    let list = listed(&run(&inputs, &arguments));
    let ml = |name: &str| number(&list, name, "volume_ml");
    let ball = 4.0 / 3.0 * std::f64::consts::PI * 0.216;
    assert!((ml("ball") / ball - 1.0).abs() < 1e-3, "{}", ml("ball"));
    assert!((ml("hot") - 0.512).abs() < 1e-9 && (ml("all") - 13.824).abs() < 1e-6);
    assert!((ml("both") - ml("ring") - ml("hot")).abs() < 1e-6);
    // A cube of 8 mm with a margin of 4 mm, rounded at its edges, without the cube.
    let rounded = 0.512
        + 6.0 * 0.064 * 4.0
        + 12.0 * 0.008 * std::f64::consts::PI * 4.0
        + 4.0 / 3.0 * std::f64::consts::PI * 0.064;
    assert!(
        (ml("ring") / (rounded - 0.512) - 1.0).abs() < 0.15,
        "{} {}",
        ml("ring"),
        rounded - 0.512
    );

    let core = "ball = sphere(0, 0, 0, 6)";
    let written = run(
        &inputs,
        &["voi.mha", "--names", "names.csv", "--make", core, "--keep", "ball", "-o", "ball.nii.gz"],
    );
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let names = std::fs::read_to_string(inputs.path("ball.csv")).expect("a table");
    assert!(names.starts_with("label,name,volume_ml,whole_voxels_ml\n3,ball,"), "{names}");
    let back = listed(&run(&inputs, &["ball.nii.gz", "--names", "ball.csv", "--json"]));
    let whole = number(&back, "ball", "volume_ml");
    assert!((whole / 0.064).fract().abs() < 1e-6 && whole > 0.5, "{whole}");
    // Nothing is replaced, and a label map cannot hold what overlaps.
    let again = run(&inputs, &["voi.mha", "-o", "ball.nii.gz"]);
    assert_eq!(again.status.code(), Some(4), "{}", text(&again.stderr));
    let overlap = run(&inputs, &["voi.mha", "--make", core, "-o", "x.mha"]);
    assert!(text(&overlap.stderr).contains("-o FOLDER"), "{}", text(&overlap.stderr));
    assert!(!inputs.path("x.mha").exists());
    let folder = run(&inputs, &["voi.mha", "--make", core, "-o", "maps"]);
    assert_eq!(folder.status.code(), Some(0), "{}", text(&folder.stderr));
    let back = listed(&run(&inputs, &["maps", "--json"]));
    assert!((number(&back, "ball", "volume_ml") / ball - 1.0).abs() < 1e-3);
}

#[test]
fn mistakes_are_told() {
    let inputs = Inputs::new();
    for (arguments, said) in [
        (&["voi.mha", "--make", "x = margn(label 1, 5)"][..], "Did you mean 'margin'?"),
        (&["voi.mha", "--make", "x = margin(labl 1, 5)"], "Did you mean 'label 1'?"),
        (&["voi.mha", "--make", "x = margin(label 1)"], "margin(a, 5mm)"),
        (
            &["voi.mha", "--make", "x = margin(label 1, far)"],
            "'far' stands where a number in mm must",
        ),
        (&["voi.mha", "--make", "x = body()"], "Give --ct"),
        (&["voi.mha", "--make", "x = threshold(spect, 1)"], "'spect' is no image"),
        (&["voi.mha", "--classes", "totl"], "total_v1"),
        (&["voi.mha", "--only", "liver"], "there is no region 'liver'"),
        (&["--make", "x = sphere(0, 0, 0, 5)"], "no regions and no image"),
        (&["absent.dcm"], "absent.dcm"),
    ] {
        let output = run(&inputs, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
}
