//! Files against options and against what can be: every kind of contradiction is an error that names the option which accepts it.

#[allow(dead_code, reason = "shared with other tests of the program")]
mod cli_inputs;
#[path = "dicom/writer.rs"]
#[allow(dead_code, reason = "shared with the tests of the readers")]
mod writer;

use std::path::{Path, PathBuf};

use cli_inputs::{Inputs, block, grid, json, stderr, succeed};
use voxgray::image::{Grid, Volume};
use writer::{DataSet, EXPLICIT_LITTLE};

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).display().to_string()
}

/// Few histories on the CPU.
const QUICK: [&str; 6] = ["--engine", "cpu", "--histories", "200", "-o", "out"];

/// `voxgray dose` with a CT, an activity and more: exit code, standard error, summary.
fn dose(
    inputs: &Inputs,
    ct: &str,
    activity: &str,
    more: &[&str],
) -> (i32, String, serde_json::Value) {
    let arguments =
        [&["dose", "--ct", ct, "--activity", activity, "--overwrite"], more, &QUICK[..]];
    let output = inputs.run(&arguments.concat());
    let path = inputs.path("out/summary.json");
    let summary = if output.status.success() { json(&path) } else { serde_json::Value::Null };
    (output.status.code().unwrap_or(-1), stderr(&output), summary)
}

/// Refused with `name`; goes on with `--accept name`, which the summary tells.
fn refused_and_accepted(inputs: &Inputs, ct: &str, activity: &str, more: &[&str], name: &str) {
    let (code, text, _) = dose(inputs, ct, activity, more);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("--accept {name}")), "{text}");
    let (code, text, summary) = dose(inputs, ct, activity, &[more, &["--accept", name]].concat());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("accepted by --accept {name}")), "{text}");
    let checks = &summary["setup"]["checks"];
    assert_eq!(checks["accepted"], serde_json::json!([name]));
    let found = checks["found"].as_array().unwrap();
    assert!(found.iter().any(|f| f["check"] == name && f["accepted"] == true), "{checks}");
}

#[test]
fn the_nuclide_of_the_file() {
    let inputs = Inputs::new();
    let (ct, pt) = (case("ct_water.nii.gz"), case("nuclide_of_the_file/pt"));
    refused_and_accepted(&inputs, &ct, &pt, &["--nuclide", "Lu-177"], "nuclide");
    let y90 = ["--nuclide", "Y-90", "--physical-decay"];
    let (code, text, _) = dose(&inputs, &ct, &pt, &y90);
    assert!(code == 3 && text.contains("F-18") && text.contains("6588 s"), "{text}");
    let (code, text, summary) = dose(&inputs, &ct, &pt, &["--nuclide", "F-18"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(summary["setup"]["checks"]["found"], serde_json::json!([]));
}

#[test]
fn compare_and_trace_check_the_same() {
    let inputs = Inputs::new();
    let (ct, pt) = (case("ct_water.nii.gz"), case("nuclide_of_the_file/pt"));
    let common = ["--ct", &ct, "--activity", &pt, "--nuclide", "Lu-177", "--histories", "200"];
    let trace = inputs.run(&[&["trace"], &common[..], &["--history", "1"]].concat());
    assert_eq!(trace.status.code(), Some(3), "{}", stderr(&trace));
    assert!(stderr(&trace).contains("--accept nuclide"), "{}", stderr(&trace));
    let shard = inputs
        .run(&[&["dose"], &common[..], &["--engine", "cpu", "--shard", "1/2", "-o", "p"]].concat());
    assert!(stderr(&shard).contains("--accept nuclide"), "{}", stderr(&shard));
    assert!(!inputs.path("p").exists());
}

#[test]
fn more_than_injected() {
    let inputs = Inputs::new();
    let (ct, pt) = (case("ct_water.nii.gz"), case("more_than_injected/pt"));
    refused_and_accepted(&inputs, &ct, &pt, &["--nuclide", "Lu-177"], "injected");
    let (_, text, _) = dose(&inputs, &ct, &pt, &["--nuclide", "Lu-177"]);
    assert!(text.contains("1750.00 times"), "{text}");
}

#[test]
fn what_is_no_ct() {
    let inputs = Inputs::new();
    let activity = case("ct_offset_1024/a.nii.gz");
    for name in ["ct_plus_1024", "density", "mu_per_cm"] {
        let ct = case(&format!("ct_offset_1024/{name}.nii.gz"));
        refused_and_accepted(&inputs, &ct, &activity, &["--nuclide", "Lu-177"], "ct");
    }
    let (code, text, summary) =
        dose(&inputs, &case("ct_water.nii.gz"), &activity, &["--nuclide", "Lu-177"]);
    assert_eq!(code, 0, "{text}");
    // A cube of 1000 mL of water in air.
    let mass = summary["setup"]["matter"]["source_mass_g"].as_f64().unwrap();
    assert!((mass / 1018.0 - 1.0).abs() < 5e-3, "{mass}");
    // A part cut out of a body goes on, with a word.
    inputs.write("crop.mha", &block(&grid(), 60.0, -90.0));
    let (code, text, _) = dose(&inputs, "crop.mha", "activity.mha", &["--nuclide", "Lu-177"]);
    assert!(code == 0 && text.contains("no voxel of the CT is air"), "{text}");
    let (_, text, _) = dose(
        &inputs,
        "crop.mha",
        "activity.mha",
        &["--nuclide", "Lu-177", "--accept", "ct", "--quiet"],
    );
    assert!(!text.contains("no voxel of the CT is air"), "{text}");
}

#[test]
fn voxels_in_metres() {
    let inputs = Inputs::new();
    let ct = case("voxel_size/ct_metres_as_mm.nii.gz");
    let activity = case("voxel_size/a_metres_as_mm.nii.gz");
    refused_and_accepted(&inputs, &ct, &activity, &["--nuclide", "Lu-177"], "voxel-size");
}

#[test]
fn activity_in_air() {
    let inputs = Inputs::new();
    let lu = ["--nuclide", "Lu-177"];
    let (ct, activity) = (case("ct_water.nii.gz"), case("activity_in_air/a.nii.gz"));
    refused_and_accepted(&inputs, &ct, &activity, &lu, "air");
    refused_and_accepted(&inputs, &case("air/ct_air.mha"), &case("air/act.mha"), &lu, "air");
    // A tenth in air: a word; a hundredth: noise.
    let g = Grid::aligned([6; 3], [-10.0; 3], [4.0; 3]);
    let mut hu = block(&g, 0.0, 0.0);
    hu.data[0] = -1000.0;
    inputs.write("some_air.mha", &hu);
    let with = |part: f32| {
        let mut activity = block(&g, 1e6, 0.0);
        activity.data[0] = 8e6 * part / (1.0 - part);
        inputs.write("activity.mha", &activity);
        dose(&inputs, "some_air.mha", "activity.mha", &lu)
    };
    let (code, text, _) = with(0.1);
    assert!(code == 0 && text.contains("(10.0 %) of the activity lie in air"), "{text}");
    let (code, text, _) = with(0.01);
    assert!(code == 0 && !text.contains("in air"), "{text}");
}

#[test]
fn a_map_of_decays_without_its_unit() {
    let inputs = Inputs::new();
    let ct = case("ct_water.nii.gz");
    let g = Grid::aligned([12; 3], [0.0; 3], [10.0; 3]);
    // 1e15 decays, as of 7.4 GBq Lu-177.
    inputs.write("tia.mha", &block(&g, 1e15 / 8.0, 0.0));
    let lu = ["--nuclide", "Lu-177"];
    let (code, text, _) = dose(&inputs, &ct, "tia.mha", &lu);
    assert!(
        code == 3 && text.contains("--activity-unit") && text.contains("--accept unit"),
        "{text}"
    );
    let unit = [&lu[..], &["--activity-unit", "Bq*s"]].concat();
    let (code, text, summary) = dose(&inputs, &ct, "tia.mha", &unit);
    assert!(code == 0, "{text}");
    assert_eq!(summary["dose"]["unit"], "Gy");
    refused_and_accepted(&inputs, &ct, "tia.mha", &lu, "unit");
    let (_, text, _) = dose(&inputs, "ct.mha", "activity.mha", &lu);
    assert!(text.contains("the unit of the activity is not stated: taken as Bq/mL"), "{text}");
}

#[test]
fn small_vois_are_told_once() {
    let inputs = Inputs::new();
    let fine = Grid::aligned([24; 3], [-11.5; 3], [1.0; 3]);
    let mut labels = block(&fine, 0.0, 0.0);
    let cube = |n: &usize| fine.unlinear(*n).into_iter().all(|i| (12..15).contains(&i));
    (0..fine.len()).filter(cube).for_each(|n| labels.data[n] = 1.0);
    (0..fine.len()).filter(|n| fine.unlinear(*n)[0] < 8).for_each(|n| labels.data[n] = 2.0);
    labels.data[fine.linear([20, 20, 20])] = 3.0;
    inputs.write("voi.mha", &labels);
    let more = ["--nuclide", "Lu-177", "--voi", "voi.mha", "--voi-names", "names.csv"];
    let (code, text, _) = dose(&inputs, "ct.mha", "activity.mha", &more);
    assert_eq!(code, 0, "{text}");
    // A cube of 3 mm by one voxel of 4 mm, one of 1 mm by none; of the slab of 72 dose voxels nothing is told.
    assert_eq!(text.matches("small against the dose voxels").count(), 1, "{text}");
    assert!(text.contains("'core' of 0.027 mL by 1 voxels (0.064 mL, +137 %)"), "{text}");
    assert!(text.contains("'label 3' of 0.001 mL by none"), "{text}");
    assert!(!text.contains("'shell' of"), "{text}");
}

// DICOM series written here.

/// What a header says.
#[derive(Clone, Copy)]
struct Says {
    patient: &'static str,
    frame: &'static str,
    /// Scheme, code, meaning, half-life.
    nuclide: [&'static str; 4],
    slices: u16,
}

const SAYS: Says = Says {
    patient: "P1",
    frame: "1.2.3",
    nuclide: ["SRT", "C-101ED", "^177^Lutetium", "574300"],
    slices: 6,
};

/// Slice `k` of six of 6 x 6 pixels of 4 mm, on the grid of the other inputs.
fn slice(modality: &str, k: usize, says: Says, pixels: &[i16]) -> DataSet {
    let image = DataSet::default()
        .text((0x0008, 0x0018), "UI", &format!("1.9.{modality}.{k}"))
        .text((0x0008, 0x0021), "DA", "19000101")
        .text((0x0008, 0x0022), "DA", "19000101")
        .text((0x0008, 0x0031), "TM", "000000")
        .text((0x0008, 0x0032), "TM", "000000")
        .text((0x0008, 0x0060), "CS", modality)
        .text((0x0020, 0x000E), "UI", &format!("1.8.{}", modality.len()))
        .us((0x0028, 0x0002), &[1])
        .us((0x0028, 0x0010), &[6])
        .us((0x0028, 0x0011), &[6])
        .ds((0x0028, 0x0030), &[4.0, 4.0])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[1])
        .ds((0x0020, 0x0032), &[-10.0, -10.0, -10.0 + 4.0 * k as f64])
        .ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .text((0x0010, 0x0020), "LO", says.patient)
        .text((0x0020, 0x0052), "UI", says.frame);
    let image = if modality == "CT" {
        image.ds((0x0028, 0x1053), &[1.0]).ds((0x0028, 0x1052), &[-1024.0])
    } else {
        let [scheme, code, meaning, half_life] = says.nuclide;
        let coded = DataSet::default()
            .text((0x0008, 0x0100), "SH", code)
            .text((0x0008, 0x0102), "SH", scheme)
            .text((0x0008, 0x0104), "LO", meaning);
        let given = DataSet::default()
            .text((0x0018, 0x1075), "DS", half_life)
            .text((0x0018, 0x1074), "DS", "7.4e9")
            .sq((0x0054, 0x0300), &[coded]);
        image
            .ds((0x0028, 0x1053), &[1e3])
            .ds((0x0028, 0x1052), &[0.0])
            .text((0x0054, 0x1001), "CS", "BQML")
            .text((0x0054, 0x1102), "CS", "START")
            .us((0x0054, 0x0081), &[says.slices])
            .text((0x0028, 0x0051), "CS", "ATTN")
            .sq((0x0054, 0x0016), &[given])
    };
    image.pixels(pixels)
}

/// Writes a series into a folder of the inputs.
fn write_series(
    inputs: &Inputs,
    folder: &str,
    modality: &str,
    says: Says,
    value: impl Fn(usize) -> i16,
) {
    let path: PathBuf = inputs.path(folder);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    for k in 0..6 {
        let pixels: Vec<i16> = (0..36).map(|p| value(36 * k + p)).collect();
        let bytes = slice(modality, k, says, &pixels).file(EXPLICIT_LITTLE);
        std::fs::write(path.join(format!("{k}.dcm")), bytes).unwrap();
    }
}

/// Water with a corner of air.
fn write_ct(inputs: &Inputs, says: Says) {
    write_series(inputs, "ct", "CT", says, |n| if n == 0 { 24 } else { 1024 });
}

fn write_pt(inputs: &Inputs, folder: &str, says: Says, level: i16) {
    let g = grid();
    write_series(inputs, folder, "PT", says, |n| {
        let middle = g.unlinear(n).into_iter().all(|i| (2..4).contains(&i));
        if middle { level } else { 0 }
    });
}

#[test]
fn dicom_of_two_patients_frames_or_with_missing_slices() {
    let inputs = Inputs::new();
    let lu = ["--nuclide", "Lu-177"];
    write_ct(&inputs, SAYS);
    write_pt(&inputs, "pt", SAYS, 1000);
    let (code, text, summary) = dose(&inputs, "ct", "pt", &lu);
    assert_eq!(code, 0, "{text}");
    assert_eq!(summary["setup"]["checks"]["found"], serde_json::json!([]));
    for (says, name) in [
        (Says { patient: "P2", ..SAYS }, "patient"),
        (Says { frame: "1.2.4", ..SAYS }, "frame"),
        (Says { slices: 9, ..SAYS }, "slices"),
        (Says { nuclide: ["SCT", "1368003", "", ""], ..SAYS }, "nuclide"),
        (Says { nuclide: ["", "", "", "692900"], ..SAYS }, "nuclide"),
    ] {
        write_pt(&inputs, "pt", says, 1000);
        refused_and_accepted(&inputs, "ct", "pt", &lu, name);
    }
    // All that is wrong is told at once, and accepted at once.
    let says = Says { patient: "P2", frame: "1.2.4", ..SAYS };
    write_pt(&inputs, "pt", says, 1000);
    let (code, text, _) = dose(&inputs, "ct", "pt", &lu);
    assert!(code == 3 && text.contains("2 contradictions"), "{text}");
    let (code, text, _) =
        dose(&inputs, "ct", "pt", &[&lu[..], &["--accept", "frame,patient"]].concat());
    assert_eq!(code, 0, "{text}");
    // A CT that is no DICOM says nothing.
    assert_eq!(dose(&inputs, "ct.mha", "pt", &lu).0, 0);
    let unknown = dose(&inputs, "ct", "pt", &[&lu[..], &["--accept", "everything"]].concat());
    assert!(unknown.0 == 2 && unknown.1.contains("nuclide, patient, frame"), "{}", unknown.1);
}

/// Dates of 1900 in every file: the times are stated.
#[test]
fn each_time_point_of_a_series() {
    let inputs = Inputs::new();
    let lu = ["--nuclide", "Lu-177"];
    write_ct(&inputs, SAYS);
    let write = |points: [(Says, &str); 2], levels: [i16; 2]| {
        let mut text =
            String::from("version = 1\nrelative_uncertainty = 0.05\nmodels = ['mono']\n");
        for (n, (says, more)) in points.into_iter().enumerate() {
            write_pt(&inputs, &format!("p{n}"), says, levels[n]);
            let hours = [4, 28][n];
            text += &format!("[[time_point]]\ntime = '{hours}h'\nactivity = 'p{n}'\n{more}\n");
        }
        std::fs::write(inputs.path("s.toml"), text).unwrap();
    };
    write([(SAYS, ""), (SAYS, "")], [1000, 700]);
    let (code, text, summary) = dose(&inputs, "ct", "s.toml", &lu);
    assert_eq!(code, 0, "{text}");
    assert_eq!(summary["setup"]["checks"]["found"], serde_json::json!([]));
    for (says, name) in [
        (Says { patient: "P2", ..SAYS }, "patient"),
        (Says { frame: "1.2.4", ..SAYS }, "frame"),
        (Says { nuclide: ["SRT", "C-111A1", "^18^Fluorine", "6588"], ..SAYS }, "nuclide"),
    ] {
        write([(SAYS, ""), (says, "")], [1000, 700]);
        refused_and_accepted(&inputs, "ct", "s.toml", &lu, name);
        let (_, text, _) = dose(&inputs, "ct", "s.toml", &lu);
        assert!(text.contains("time point 2"), "{text}");
    }
    // Another frame with a stated shift is registered.
    write([(SAYS, ""), (Says { frame: "1.2.4", ..SAYS }, "shift_mm = [0, 0, 0]")], [1000, 700]);
    let (code, text, _) = dose(&inputs, "ct", "s.toml", &lu);
    assert!(code == 0 && text.contains("placed by the shift_mm"), "{text}");
}

/// The voxels of high dose and the dose about them: the same for any number of histories.
#[test]
fn high_dose_is_known_before_the_histories() {
    let inputs = Inputs::new();
    let g = Grid::aligned([16; 3], [-30.0; 3], [4.0; 3]);
    // A ball that takes up 20 times the rest, with structure.
    let value = |n: usize| {
        let mm = g.to_mm(g.unlinear(n).map(|i| i as f64));
        let r = mm.iter().map(|x| x * x).sum::<f64>().sqrt();
        let base = if r < 14.0 { 2e5 } else { 1e4 };
        base * (1.0 + 0.3 * (n as f64 * 0.7).sin()) as f32
    };
    inputs
        .write("activity.mha", &Volume::new(g.clone(), (0..g.len()).map(value).collect()).unwrap());
    inputs.write("ct.mha", &block(&g, 0.0, 0.0));
    let of = |histories: &str, seed: &str| {
        let output = inputs.run(&[
            "dose",
            "--ct",
            "ct.mha",
            "--activity",
            "activity.mha",
            "--nuclide",
            "Lu-177",
            "--engine",
            "cpu",
            "--histories",
            histories,
            "--seed",
            seed,
            "--overwrite",
            "-o",
            "out",
        ]);
        succeed(&output);
        json(&inputs.path("out/summary.json"))["dose"].clone()
    };
    let number = |dose: &serde_json::Value, key: &str| dose["high_dose"][key].as_f64().unwrap();
    let long = of("1e6", "9");
    let truth = [number(&long, "percentile_dose"), number(&long, "percentile_dose_standard_error")];
    for (n, histories) in ["1e3", "1e4", "1e5"].into_iter().enumerate() {
        let short = of(histories, "2");
        assert_eq!(short["high_dose"]["voxels"], long["high_dose"]["voxels"], "{histories}");
        let dose = number(&short, "percentile_dose");
        let error = number(&short, "percentile_dose_standard_error").hypot(truth[1]);
        assert!((dose - truth[0]).abs() < 4.0 * error, "{histories}: {dose} +- {error}, {truth:?}");
        // Not more than a few per cent of noise, where single voxels have 100 %.
        assert!(error < [0.3, 0.1, 0.03][n] * truth[0], "{histories}: {error} of {}", truth[0]);
        // The largest voxel is too high by less than is said.
        let excess = short["max_dose"].as_f64().unwrap() - long["max_dose"].as_f64().unwrap();
        let most = short["max_dose_bias_at_most"].as_f64().unwrap();
        let spread = short["max_dose_standard_error"].as_f64().unwrap();
        assert!(excess < most + 3.0 * spread, "{histories}: {excess} of {most} +- {spread}");
    }
    assert!(number(&long, "relative_uncertainty") < 0.1);
}

/// A trunk on a couch: taken out when asked, told when not; a part with activity stays.
#[test]
fn the_couch() {
    let inputs = Inputs::new();
    let g = Grid::aligned([50, 40, 12], [4.0; 3], [8.0; 3]);
    let at = |n: usize| g.to_mm(g.unlinear(n).map(|i| i as f64));
    let trunk =
        |[x, y, _]: [f64; 3]| ((x - 200.0) / 140.0).powi(2) + ((y - 130.0) / 90.0).powi(2) < 1.0;
    let couch = |[x, y, _]: [f64; 3]| (40.0..360.0).contains(&x) && (248.0..256.0).contains(&y);
    let hu = |n: usize| {
        if trunk(at(n)) {
            40.0
        } else if couch(at(n)) {
            100.0
        } else {
            -1000.0
        }
    };
    inputs.write("ct.mha", &Volume::new(g.clone(), (0..g.len()).map(hu).collect()).unwrap());
    let hot = |n: usize| if trunk(at(n)) { 1e3 } else { 0.0 };
    inputs.write("activity.mha", &Volume::new(g.clone(), (0..g.len()).map(hot).collect()).unwrap());
    let lu = ["--nuclide", "Lu-177"];
    let (code, text, kept) = dose(&inputs, "ct.mha", "activity.mha", &lu);
    assert!(code == 0 && text.contains("--couch remove takes it out"), "{text}");
    let remove = [&lu[..], &["--couch", "remove"]].concat();
    let (code, text, removed) = dose(&inputs, "ct.mha", "activity.mha", &remove);
    assert!(code == 0 && text.contains("the couch was turned into air"), "{text}");
    let mask = voxgray::io::read_nifti(&inputs.path("out/couch_mask.nii.gz"), None).unwrap().0.data;
    let density = voxgray::io::read_nifti(&inputs.path("out/density.nii.gz"), None).unwrap().0.data;
    for n in 0..g.len() {
        assert_eq!(mask[n] > 0.0, couch(at(n)), "{:?}", at(n));
        assert_eq!(density[n] < 0.05, !trunk(at(n)), "{:?}", at(n));
    }
    let mass = |s: &serde_json::Value| s["setup"]["matter"]["mass_g"].as_f64().unwrap();
    let part = &removed["setup"]["couch"]["parts"][0];
    let taken = part["mass_g"].as_f64().unwrap();
    // Its voxels have the density of air afterwards.
    let left = part["voxels"].as_f64().unwrap() * 0.512 * 0.0012;
    assert!((mass(&kept) - mass(&removed) - taken + left).abs() < 1e-3 * taken, "{taken}");
    assert_eq!(kept["setup"]["couch"]["rule"], "keep");
    // A source on it.
    let spot = |n: usize| if couch(at(n)) { 1e2 } else { hot(n) };
    inputs
        .write("activity.mha", &Volume::new(g.clone(), (0..g.len()).map(spot).collect()).unwrap());
    let (code, text, kept) = dose(&inputs, "ct.mha", "activity.mha", &remove);
    assert!(code == 0 && text.contains("of the activity, at most 0.5 %"), "{text}");
    assert_eq!(kept["setup"]["couch"]["parts"][0]["removed"], false);
    assert!(!inputs.path("out/couch_mask.nii.gz").exists());
}
