//! BIDS datasets of PET with known activity: whatever the sidecar's convention of decay correction, the study that `init` writes gives back the truth;
//! and what a sidecar leaves open, or says twice, is refused.

use std::f64::consts::LN_2;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use voxgray::image::{Grid, Volume};
use voxgray::io::write_nifti;

const SIDE: usize = 6;
const MM: f64 = 5.0;
/// F-18 of ICRP-107 (109.77 min), s.
const HALF_LIFE_S: f64 = 6586.2;
/// With clearance, s: the truth does not fall as the correction does.
const EFFECTIVE_S: f64 = 3600.0;
/// Of the whole image at the administration, Bq.
const GIVEN_BQ: f64 = 370e6;

/// Activity t s after the administration, Bq.
fn truth(t: f64) -> f64 {
    GIVEN_BQ * (-LN_2 * t / EFFECTIVE_S).exp()
}

/// Its mean over a frame, Bq, by Simpson's rule.
fn mean(start: f64, duration: f64) -> f64 {
    let n = 200;
    let weight = |i: i32| match i {
        0 => 1.0,
        i if i == n => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let at = |i: i32| truth(start + duration * f64::from(i) / f64::from(n));
    (0..=n).map(|i| weight(i) * at(i)).sum::<f64>() / (3.0 * f64::from(n))
}

/// What a scanner multiplies a frame's mean by to correct it to a time.
fn factor(start: f64, duration: f64, to: f64) -> f64 {
    let lambda = LN_2 / HALF_LIFE_S;
    let x = lambda * duration;
    (lambda * (start - to)).exp() * x / -(-x).exp_m1()
}

struct Dataset(tempfile::TempDir);

impl Dataset {
    fn new() -> Self {
        let dataset = Dataset(tempfile::tempdir().unwrap());
        dataset.image("sub-01/ct/sub-01_ct.nii.gz", 0.0);
        dataset
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An image of one value.
    fn image(&self, name: &str, value: f64) {
        let grid = Grid::aligned([SIDE; 3], [-12.5; 3], [MM; 3]);
        let volume = Volume::new(grid.clone(), vec![value as f32; grid.len()]).unwrap();
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        write_nifti(&self.path(name), &volume).unwrap();
    }

    /// An image of so many Bq in all, in Bq/mL, and its sidecar.
    fn pet(&self, stem: &str, bq: f64, sidecar: &Value) {
        let voxels = (SIDE * SIDE * SIDE) as f64;
        let ml = voxels * MM * MM * MM * 1e-3;
        self.image(&format!("{stem}_pet.nii.gz"), bq / ml);
        self.sidecar(stem, sidecar);
    }

    fn sidecar(&self, stem: &str, sidecar: &Value) {
        std::fs::write(self.path(&format!("{stem}_pet.json")), sidecar.to_string()).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_voxgray"))
            .current_dir(self.0.path())
            .args(words)
            .output()
            .unwrap()
    }

    /// The study that `init` writes, and what it said.
    fn init(&self) -> (String, String) {
        let output = self.run(&["init", ".", "--print"]);
        assert!(output.status.success(), "{}", said(&output));
        (String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
    }

    fn refused(&self, parts: &[&str]) {
        let output = self.run(&["init", "."]);
        assert_eq!(output.status.code(), Some(3), "{parts:?}: {}", said(&output));
        for part in parts {
            assert!(said(&output).contains(part), "'{part}' is not in {}", said(&output));
        }
        assert!(!self.path("study.toml").exists());
    }

    /// Time (h) and activity (MBq) of each time point that `check` prints of the study as it was written.
    fn checked(&self) -> Vec<(f64, f64)> {
        let _ = std::fs::remove_file(self.path("study.toml"));
        let output = self.run(&["init", "."]);
        assert!(output.status.success(), "{}", said(&output));
        let path = self.path("study.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        // One time point needs a method, which is the user's to choose.
        std::fs::write(&path, text.replace("# method = ", "method = ")).unwrap();
        let output = self.run(&["check", "study.toml"]);
        assert!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = |line: &str| line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
        let of = |mark: &str| -> Vec<f64> {
            text.lines().filter(|l| l.contains(mark)).filter_map(number).collect()
        };
        let (hours, mbq) = (of("h after the administration"), of("sum of its voxels"));
        assert_eq!(hours.len(), mbq.len(), "{text}");
        hours.into_iter().zip(mbq).collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Scan 1 h after the administration, 20 min, TimeZero at the administration; changed by `more`, null to remove.
fn sidecar(more: Value) -> Value {
    let mut all = json!({
        "Manufacturer": "S", "Units": "Bq/mL", "TracerName": "FDG", "TracerRadionuclide": "F18",
        "InjectedRadioactivity": 370, "InjectedRadioactivityUnits": "MBq", "TimeZero": "10:00:00",
        "InjectionStart": 0, "ScanStart": 3600, "FrameTimesStart": [3600], "FrameDuration": [1200],
        "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 3600, "AttenuationCorrection": "CT-based",
    });
    for (key, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(key)),
            value => drop(all.as_object_mut().unwrap().insert(key.clone(), value.clone())),
        }
    }
    all
}

const ONE: &str = "sub-01/pet/sub-01";

/// A point of the curve is the mean that was measured, at the frame's mean time by physical decay.
fn assert_true(found: (f64, f64), start: f64, duration: f64, of: &str) {
    let (hours, mbq) = found;
    let measured = mean(start, duration) * 1e-6;
    assert!((mbq / measured - 1.0).abs() < 1e-4, "{of}: {mbq} MBq, measured {measured}");
    let lambda = LN_2 / HALF_LIFE_S;
    let x = lambda * duration;
    let time = start - (-(-x).exp_m1() / x).ln() / lambda;
    assert!((hours * 3600.0 - time).abs() < 2.0, "{of}: {hours} h, the mean time is {time} s");
    // Clearance within the frame is second order, k T^2 (k - lambda) / 24 of the activity with k its own constant.
    let k = LN_2 / EFFECTIVE_S;
    let second_order = k * duration.powi(2) * (k - lambda) / 24.0;
    let really = truth(hours * 3600.0) * 1e-6;
    assert!(
        (mbq / really - 1.0).abs() < 1.1 * second_order + 3e-4,
        "{of}: {mbq} MBq, truly {really}"
    );
}

#[test]
fn every_convention_of_decay_correction_gives_the_truth() {
    let (start, duration) = (3600.0, 1200.0);
    let measured = mean(start, duration);
    let to = |t: f64| measured * factor(start, duration, t);
    for (name, bq, more) in [
        ("to the scan", to(start), json!({})),
        ("to the administration", to(0.0), json!({"ImageDecayCorrectionTime": 0})),
        (
            "not at all",
            measured,
            json!({"ImageDecayCorrected": false, "ImageDecayCorrectionTime": null}),
        ),
        ("as a text", measured, json!({"ImageDecayCorrected": "false"})),
        (
            "TimeZero is the scan's",
            to(start),
            json!({"TimeZero": "11:00:00", "InjectionStart": -3600, "ScanStart": 0, "FrameTimesStart": [0], "ImageDecayCorrectionTime": 0}),
        ),
        // A list-mode scan from the administration on, of which the last part is reconstructed and corrected to its beginning.
        ("a late frame", to(600.0), json!({"ScanStart": 600, "ImageDecayCorrectionTime": 600})),
        (
            "with its factor",
            to(600.0),
            json!({"ScanStart": 600, "ImageDecayCorrectionTime": 600, "DecayCorrectionFactor": [factor(start, duration, 600.0)]}),
        ),
        // The scanner left the decay within the frame out.
        (
            "scaled from its start alone",
            measured * (LN_2 / HALF_LIFE_S * (start - 600.0)).exp(),
            json!({"ScanStart": 600, "ImageDecayCorrectionTime": 600, "DecayFactor": [(LN_2 / HALF_LIFE_S * (start - 600.0)).exp()]}),
        ),
        ("in kBq/mL", to(start) * 1e-3, json!({"Units": "kBq/mL"})),
        ("across midnight", to(start), json!({"TimeZero": "23:30:00"})),
    ] {
        let dataset = Dataset::new();
        dataset.pet(ONE, bq, &sidecar(more));
        let found = dataset.checked();
        assert_eq!(found.len(), 1, "{name}");
        assert_true(found[0], start, duration, name);
        let study = std::fs::read_to_string(dataset.path("study.toml")).unwrap();
        for part in [
            "nuclide = \"F-18\"",
            "administered = \"370 MBq\"",
            "ct = \"sub-01/ct/sub-01_ct.nii.gz\"",
        ] {
            assert!(study.contains(part), "{name}: '{part}' is not in\n{study}");
        }
    }
}

/// A NIfTI-1 file of several volumes of one value each.
fn dynamic(path: &Path, values: &[f32]) {
    let mut header = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    for (n, d) in [4, SIDE as i16, SIDE as i16, SIDE as i16, values.len() as i16, 1, 1, 1]
        .into_iter()
        .enumerate()
    {
        put(40 + 2 * n, &d.to_le_bytes());
    }
    put(70, &16_i16.to_le_bytes());
    put(72, &32_i16.to_le_bytes());
    for (n, mm) in [1.0, MM as f32, MM as f32, MM as f32, 1.0].into_iter().enumerate() {
        put(76 + 4 * n, &mm.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1_i16.to_le_bytes());
    // NIfTI is RAS: the box of the other images, turned.
    for (row, [slope, offset]) in
        [[-MM as f32, 12.5], [-MM as f32, 12.5], [MM as f32, -12.5]].into_iter().enumerate()
    {
        let mut numbers = [0.0_f32; 4];
        numbers[row] = slope;
        numbers[3] = offset;
        for (n, x) in numbers.into_iter().enumerate() {
            put(280 + 16 * row + 4 * n, &x.to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    let volume = SIDE * SIDE * SIDE;
    let data = values.iter().flat_map(|v| v.to_le_bytes().repeat(volume));
    std::fs::write(path, header.into_iter().chain(data).collect::<Vec<u8>>()).unwrap();
}

#[test]
fn frames_of_a_dynamic_scan_are_time_points_where_they_are_few() {
    let dataset = Dataset::new();
    let starts: [f64; 4] = [0.0, 600.0, 1800.0, 5400.0];
    let durations = [600.0, 1200.0, 3600.0, 1800.0];
    let ml = (SIDE * SIDE * SIDE) as f64 * MM * MM * MM * 1e-3;
    let value = |n: usize| {
        (mean(starts[n].max(1e-9), durations[n]) * factor(starts[n], durations[n], 0.0) / ml) as f32
    };
    std::fs::create_dir_all(dataset.path("sub-01/pet")).unwrap();
    dynamic(&dataset.path("sub-01/pet/sub-01_pet.nii"), &[0, 1, 2, 3].map(value));
    let times = json!({"ScanStart": 0, "FrameTimesStart": starts, "FrameDuration": durations, "ImageDecayCorrectionTime": 0});
    dataset.sidecar(ONE, &sidecar(times));
    let (study, told) = dataset.init();
    assert!(told.contains("1 frames that do not begin after the administration"), "{told}");
    assert!(study.contains("frame = 2") && !study.contains("frame = 1\n"), "{study}");
    let found = dataset.checked();
    assert_eq!(found.len(), 3);
    // The third frame, of an hour, is compared with what was measured only.
    assert_true(found[0], starts[1], durations[1], "frame 2");
    let measured = mean(starts[2], durations[2]) * 1e-6;
    assert!((found[1].1 / measured - 1.0).abs() < 1e-4, "{found:?}");
    assert_true((found[2].0, found[2].1), starts[3], durations[3], "frame 4");
    // More than are handled are not chosen from.
    let many: Vec<f64> = (0..12).map(|n| 60.0 * f64::from(n)).collect();
    dataset.sidecar(
        ONE,
        &sidecar(json!({"ScanStart": 0, "FrameTimesStart": many, "FrameDuration": vec![60.0; 12], "ImageDecayCorrectionTime": 0})),
    );
    std::fs::remove_file(dataset.path("study.toml")).unwrap();
    dataset.refused(&["a dynamic scan of 12 frames", "Average"]);
}

#[test]
fn what_is_missing_or_contradicts_itself_is_refused() {
    let to_zero = json!({"ImageDecayCorrectionTime": 0});
    for (more, part) in [
        (json!({"Units": null}), "Units is missing"),
        (json!({"Units": "SUV"}), "Units is 'SUV'"),
        (json!({"ImageDecayCorrected": null}), "ImageDecayCorrected is missing"),
        (json!({"ImageDecayCorrectionTime": null}), "ImageDecayCorrectionTime is missing"),
        (json!({"ImageDecayCorrected": false, "FrameDuration": null}), "FrameDuration is missing"),
        (json!({"InjectionStart": null}), "InjectionStart is missing"),
        (json!({"InjectionStart": "n/a"}), "InjectionStart is missing"),
        (json!({"InjectionStart": "soon"}), "it is no number"),
        (json!({"FrameTimesStart": null}), "FrameTimesStart is missing"),
        // Counted from the scan, as some writers do.
        (json!({"FrameTimesStart": [0]}), "ScanStart is 3600 s"),
        // The sign of an injection that was before the scan.
        (
            json!({"InjectionStart": 3600, "ScanStart": 0, "FrameTimesStart": [0]}),
            "begins 3600 s before the administration",
        ),
        (json!({"FrameDuration": [1_200_000]}), "milliseconds"),
        (json!({"FrameDuration": [600, 600]}), "FrameTimesStart has 1 values, FrameDuration 2"),
        (json!({"InjectedRadioactivityUnits": null}), "InjectedRadioactivityUnits is missing"),
        (json!({"InjectedRadioactivityUnits": "MCi"}), "large and small letters differ"),
        (json!({"TracerRadionuclide": "FDG"}), "it names no nuclide"),
        (json!({"RadionuclideHalfLife": 4080}), "F-18 has a half-life of"),
        (json!({"TimeZero": "soon"}), "it is a time of day"),
        // A static image of 50 to 70 min whose start was written as TimeZero, while the values are corrected to the whole scan's.
        (json!({"DecayFactor": [1.45951]}), "DecayFactor is 1.45951 (frame 1)"),
        (
            json!({"ImageDecayCorrected": false, "DecayCorrectionFactor": [1.5]}),
            "DecayCorrectionFactor is 1.5",
        ),
        (json!({"DecayCorrection": "NONE"}), "DecayCorrection is NONE"),
        (json!({"DecayCorrection": "ADMIN"}), "DecayCorrection is ADMIN"),
        (
            json!({"DecayCorrection": "START", "ImageDecayCorrectionTime": 0}),
            "DecayCorrection is START",
        ),
    ] {
        let dataset = Dataset::new();
        dataset.pet(ONE, 1e8, &sidecar(more));
        dataset.refused(&[part, "sub-01_pet"]);
    }
    let dataset = Dataset::new();
    dataset.image("sub-01/pet/sub-01_pet.nii.gz", 1.0);
    dataset.refused(&["no sidecar"]);
    // A factor that backs the times goes before a name that may be meant otherwise.
    let dataset = Dataset::new();
    let mut backed = sidecar(to_zero);
    backed["DecayCorrection"] = json!("START");
    backed["DecayFactor"] = json!([factor(3600.0, 1200.0, 0.0)]);
    dataset.pet(ONE, 1e8, &backed);
    dataset.init();
}

/// Sessions of one administration are one curve, those of others cycles; each subject has a study.
#[test]
fn sessions_and_subjects() {
    let dataset = Dataset::new();
    let session = |name: &str, more: Value| {
        let stem = format!("sub-01/ses-{name}/pet/sub-01_ses-{name}");
        dataset.pet(&stem, 1e8, &sidecar(more));
    };
    let zr = |hours: f64| {
        let zero = json!({"TimeZero": "12:00:00", "TracerRadionuclide": "Zr89", "InjectionStart": -3600.0 * hours, "ScanStart": 0,
            "FrameTimesStart": [0], "ImageDecayCorrectionTime": 0});
        zero
    };
    session("1", zr(2.0));
    session("2", zr(26.0));
    session("3", zr(98.0));
    let (study, told) = dataset.init();
    assert_eq!(study.matches("[[cycle]]").count(), 1, "{study}");
    assert_eq!(study.matches("[[cycle.time_point]]").count(), 3);
    assert_eq!(study.matches("register = true").count(), 2);
    assert!(study.contains("time = \"93600 s\""), "{study}");
    assert!(told.contains("the CT is of no session"), "{told}");
    // Another clock, or the same reading of it on another day with a scan at the same time after it.
    session("4", json!({"TracerRadionuclide": "Zr89", "TimeZero": "09:00:00"}));
    session("5", zr(2.1));
    let (study, told) = dataset.init();
    assert_eq!(study.matches("[[cycle]]").count(), 3, "{study}");
    assert!(told.contains("3 administrations"), "{told}");
    // Several subjects; the one whose sidecar says too little has no study.
    dataset.pet("sub-02/pet/sub-02", 1e8, &sidecar(json!({})));
    dataset.pet("sub-03/pet/sub-03", 1e8, &sidecar(json!({"Units": null})));
    let output = dataset.run(&["init", "."]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("sub-03: no study"), "{}", said(&output));
    assert!(
        dataset.path("study-sub-01.toml").exists() && dataset.path("study-sub-02.toml").exists()
    );
    assert!(!dataset.path("study-sub-03.toml").exists());
    // The folder of one subject is enough; and two reconstructions of one time are not two times.
    dataset.pet(
        "sub-02/pet/sub-02_rec-nac",
        1e8,
        &sidecar(json!({"AttenuationCorrection": "none"})),
    );
    let output = dataset.run(&["init", "sub-02", "--print"]);
    let study = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(study.contains("activity = \"pet/sub-02_pet.nii.gz\""), "{study}");
    assert!(
        study.contains("# of the same time: activity = \"pet/sub-02_rec-nac_pet.nii.gz\""),
        "{study}"
    );
    assert!(said(&output).contains("no CT was found"), "{}", said(&output));
}

/// From the folder to a dose: the run uses the activity that the scan measured.
#[test]
fn a_dataset_becomes_a_dose() {
    let dataset = Dataset::new();
    let (start, duration) = (3600.0, 1200.0);
    let bq = mean(start, duration) * factor(start, duration, 600.0);
    dataset.pet(ONE, bq, &sidecar(json!({"ScanStart": 600, "ImageDecayCorrectionTime": 600})));
    let found = dataset.checked();
    let path = dataset.path("study.toml");
    let study = std::fs::read_to_string(&path).unwrap();
    let quick = "[dose]\nhistories = 2000\nengine = \"cpu\"\nseed = 1";
    let physical = study.replace("\"haenscheid\"", "\"physical\"").replace("[dose]", quick);
    std::fs::write(&path, physical).unwrap();
    let output = dataset.run(&["run", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(dataset.path("study-out/dose/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    let outside = &summary["setup"]["time_points"]["outside_of_vois"];
    let used = outside["values"][0].as_f64().or(outside["points"][0].as_f64());
    let used = used.unwrap_or_else(|| panic!("{outside}"));
    assert!((used * 1e-6 / found[0].1 - 1.0).abs() < 1e-3, "{used} Bq, {found:?}");
    assert!((used / mean(start, duration) - 1.0).abs() < 1e-3, "{used} Bq");
}
