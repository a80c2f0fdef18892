//! `voxgray demo` as a user runs it, with few histories.

use std::path::Path;
use std::process::{Command, Output};

use voxgray::io::read_nifti;

fn demo(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    command.arg("demo").arg("-o").arg(folder).args(["--histories", "20000"]).args(more);
    // Where it is not set, a software Vulkan driver complains on standard error while adapters are looked for.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_demo_leaves_images_doses_and_a_picture() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("demo");
    let output = demo(&folder, &["--threads", "2"]);
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for name in ["ct.nii.gz", "activity.nii.gz", "organs.nii.gz", "organs.csv", "demo.png"] {
        assert!(folder.join(name).is_file(), "{name}");
        assert!(printed.contains(name), "{name} is not in\n{printed}");
    }

    // The command that it says it runs is the one that a user would type.
    assert!(said.contains("voxgray dose --ct "), "{said}");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("dose/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["run"]["histories"].as_u64(), Some(20_000));
    assert_eq!(summary["partial"].as_bool(), Some(false));
    assert_eq!(
        summary["setup"]["source"]["label"].as_str().map(|l| l.contains("Lu-177")),
        Some(true)
    );

    let vois = summary["vois"].as_array().unwrap();
    assert_eq!(vois.len(), 9);
    for voi in vois {
        let name = voi["name"].as_str().unwrap();
        let [mean, error] = ["mean_dose", "standard_error"].map(|k| voi[k].as_f64().unwrap());
        assert!(mean > 0.0 && error > 0.0 && error < mean, "{name}: {mean} {error}");
        assert!(printed.contains(name), "{name} is not in\n{printed}");
    }
    // Energy that stays near its decay: the tumours have ten and more times the concentration of the liver.
    let mean_of = |name: &str| {
        vois.iter().find(|v| v["name"] == name).and_then(|v| v["mean_dose"].as_f64()).unwrap()
    };
    assert!(mean_of("node_tumour") > 3.0 * mean_of("liver"));
    assert!(mean_of("liver") > 3.0 * mean_of("heart"));

    let (ct, _) = read_nifti(&folder.join("ct.nii.gz"), None).unwrap();
    let (dose, _) = read_nifti(&folder.join("dose/dose_rate.nii.gz"), None).unwrap();
    assert!(ct.data.iter().any(|hu| *hu > 300.0) && ct.data.iter().any(|hu| *hu < -900.0));
    assert!(dose.data.iter().all(|d| d.is_finite() && *d >= 0.0));

    // Grey CT and coloured dose are in the picture.
    let picture = tiny_skia::Pixmap::load_png(folder.join("demo.png")).unwrap();
    assert!(picture.width() > 600 && picture.height() > 200);
    let coloured = picture.pixels().iter().filter(|p| p.red().abs_diff(p.blue()) > 40).count();
    let grey = picture.pixels().iter().filter(|p| p.red() == p.blue() && p.red() > 60).count();
    assert!(coloured > 5_000 && grey > 20_000, "{coloured} coloured and {grey} grey pixels");

    // A second time only on request.
    let again = demo(&folder, &[]);
    assert_eq!(again.status.code(), Some(4), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("--overwrite"), "{}", text(&again.stderr));
    let again = demo(&folder, &["--overwrite", "--quiet", "--threads", "1"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(text(&again.stderr), "");
    // The same options give the same numbers, whatever the number of threads.
    assert_eq!(text(&again.stdout), printed);
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("thesis.tex"), "years of work").unwrap();
    for more in [&[][..], &["--overwrite"]] {
        let output = demo(place.path(), more);
        assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    }
    let file = place.path().join("thesis.tex");
    let output = demo(&file, &["--overwrite"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "years of work");
    let absurd = demo(&place.path().join("new"), &["--threads", "0"]);
    assert_eq!(absurd.status.code(), Some(2), "{}", text(&absurd.stderr));
}
