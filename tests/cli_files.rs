//! Files as they go wrong, through the program: streams with damage, values in other units, headers that contradict
//! themselves, images of several frames. What each holds stands beside its right value.

use std::path::PathBuf;
use std::process::{Command, Output};

struct Run {
    folder: tempfile::TempDir,
}

impl Run {
    fn new() -> Run {
        Run { folder: tempfile::tempdir().unwrap() }
    }

    fn dose(&self, ct: &str, activity: &str, more: &[&str]) -> Output {
        let out = self.folder.path().join("out");
        let fixed =
            ["--nuclide", "Lu-177", "--engine", "cpu", "--histories", "200", "--overwrite", "-o"];
        Command::new(env!("CARGO_BIN_EXE_voxgray"))
            .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases"))
            .args(["dose", "--ct", ct, "--activity", activity])
            .args(fixed)
            .arg(out)
            .args(more)
            .output()
            .unwrap()
    }

    /// Activity of the image, Bq.
    fn activity(&self, activity: &str, more: &[&str]) -> f64 {
        let output = self.dose("ct_water.nii.gz", activity, more);
        assert!(output.status.success(), "{activity} {more:?}: {}", said(&output));
        let text = std::fs::read_to_string(self.folder.path().join("out/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        summary["setup"]["activity"]["image"].as_f64().unwrap()
    }

    fn refused(&self, activity: &str, more: &[&str], code: i32, parts: &[&str]) {
        let output = self.dose("ct_water.nii.gz", activity, more);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(code), "{activity} {more:?}: {text}");
        parts.iter().for_each(|p| assert!(text.contains(p), "'{p}' is not in: {text}"));
        assert!(!self.folder.path().join("out").exists(), "{activity}");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn near(a: f64, b: f64, relative: f64) {
    assert!((a / b - 1.0).abs() <= relative, "{a} is not {b}");
}

#[test]
fn gzip_damage_is_refused() {
    let run = Run::new();
    for file in ["gz_crc/flipped.nii.gz", "gz_crc/no_trailer.nii.gz"] {
        run.refused(file, &[], 3, &["compressed data are damaged", file]);
    }
    near(run.activity("gz_crc/a.nii.gz", &[]), 1.75e6, 1e-6);
}

#[test]
fn counts_of_a_real_world_map_are_calibrated() {
    // The map's slope has five digits of the range, so counts are rounded to 1e-5.
    let counts = ["--activity-unit", "counts", "--calibration", "100Bq/mL"];
    let run = Run::new();
    near(run.activity("nm_real_world_counts/nm.dcm", &counts), 1.75e6, 1e-5);
    let run = Run::new();
    run.refused("nm_real_world_counts/nm.dcm", &[], 3, &["{counts}", "--calibration"]);
}

#[test]
fn a_nifti_that_contradicts_itself() {
    let file = "voxel_size/sform_without_spacing.nii";
    let run = Run::new();
    run.refused(file, &[], 3, &["[1.0, 1.0, 1.0]", "[10.0, 10.0, 10.0]", "--nifti-affine pixdim"]);
    run.refused(file, &["--nifti-affine", "spacing"], 2, &["sform, qform or pixdim"]);
    // A thousandth of the volume, which then lies beside the water: that is told too.
    run.refused(file, &["--nifti-affine", "sform"], 3, &["lie in air", "--accept air"]);
    near(run.activity(file, &["--nifti-affine", "pixdim"]), 1.75e6, 1e-6);
    near(run.activity(file, &["--nifti-affine", "sform", "--accept", "air"]), 1750.0, 1e-6);
    // The same rule for every image of the job.
    let out = run.dose(file, "gz_crc/a.nii.gz", &[]);
    assert!(said(&out).contains("--nifti-affine"), "{}", said(&out));
    let out = run.dose("ct_water.nii.gz", "gz_crc/a.nii.gz", &["--voi", file]);
    assert!(said(&out).contains("--nifti-affine"), "{}", said(&out));
}

#[test]
fn advice_can_be_followed() {
    let run = Run::new();
    // The geometry of an NM object.
    let nm = "messages/nm_no_spacing.dcm";
    let counts = ["--activity-unit", "counts", "--calibration", "100Bq/mL"];
    run.refused(nm, &counts, 3, &["SpacingBetweenSlices", "--geometry"]);
    let geometry = [&counts[..], &["--geometry", "0,0,0;1,0,0,0,1,0;10,10,10"]].concat();
    assert!(run.activity(nm, &geometry) > 0.0);
    // One of two CT series.
    let out = run.dose("messages/ct2", "gz_crc/a.nii.gz", &[]);
    let text = said(&out);
    assert!(out.status.code() == Some(3) && text.contains("--ct-series UID"), "{text}");
    let uid = text.split(['(', ' ']).find(|w| w.starts_with("1.2.826")).unwrap();
    let out = run.dose("messages/ct2", "gz_crc/a.nii.gz", &["--ct-series", uid]);
    assert!(out.status.success(), "{}", said(&out));
    // One of two volumes.
    let frames = "messages/two_frames.nii.gz";
    let run = Run::new();
    run.refused(frames, &[], 3, &["2 volumes", "--frame N"]);
    run.refused(frames, &["--frame", "3"], 2, &["frame 3", "it has 2"]);
    let first = run.activity(frames, &["--frame", "1"]);
    let second = run.activity(frames, &["--frame", "2"]);
    assert!(first > 0.0 && second > 0.0, "{first} {second}");
}

#[test]
fn a_series_takes_frames_and_draws_its_picture() {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let run = Run::new();
    let series = run.folder.path().join("series.toml");
    let image = cases.join("messages/two_frames.nii.gz");
    let point = |time: &str, n: usize| {
        format!("[[time_point]]\ntime = '{time}'\nactivity = '{}'\nframe = {n}\n", image.display())
    };
    let text =
        format!("version = 1\nrelative_uncertainty = 0.05\n{}{}", point("4h", 2), point("4d", 1));
    // Both images hold the same activity, which physical decay would not leave: that is asked.
    std::fs::write(&series, &text).unwrap();
    let out = run.dose("ct_water.nii.gz", series.to_str().unwrap(), &[]);
    assert!(out.status.code() == Some(2) && said(&out).contains("decay_correction"));
    std::fs::write(&series, format!("decay_correction = 'none'\n{text}")).unwrap();
    let path = series.to_str().unwrap();
    let out = run.dose("ct_water.nii.gz", path, &["--picture"]);
    assert!(out.status.success(), "{}", said(&out));
    assert!(run.folder.path().join("out/dose.png").exists());
    let out = run.dose("ct_water.nii.gz", path, &["--picture", "--route", "dose-rate"]);
    let text = said(&out);
    assert!(out.status.code() == Some(2) && text.contains("--route both"), "{text}");
    let out = run.dose("ct_water.nii.gz", path, &["--picture", "--route", "both"]);
    assert!(out.status.success(), "{}", said(&out));
}

#[test]
fn files_are_explained_in_the_program() {
    let run = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_voxgray"))
            .arg("help-file")
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", said(&out));
        String::from_utf8(out.stdout).unwrap()
    };
    let list = run(&[]);
    for kind in ["series", "calibrate", "history", "uncertainty", "hu-curve", "materials"] {
        assert!(list.contains(kind), "{list}");
        assert!(run(&[kind]).contains("\nExample:\n"));
        assert!(!run(&[kind, "--example"]).contains("Example:"));
    }
}
