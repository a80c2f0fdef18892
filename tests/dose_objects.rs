//! Dose objects through the commands: the breast boost plan's RT Dose and RT Structure Set against three other programs, and small objects made here.

#[allow(dead_code, reason = "shared with other tests")]
mod cli_inputs;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "dicom/dose_objects.rs"]
mod dose_objects;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "regions/objects.rs"]
mod region_objects;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "support/shared.rs"]
mod shared;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "dicom/writer.rs"]
mod writer;

use std::process::Output;

use cli_inputs::{Inputs, stderr, succeed};
use dose_objects::{SUMMATION, SUPINE, TYPE, UNITS, dose, with_pixels};
use region_objects::{square, structures};
use serde_json::Value;
use writer::EXPLICIT_LITTLE;

fn table(output: &Output) -> Value {
    succeed(output);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn value(all: &Value, voi: &str, quantity: &str) -> f64 {
    let rows = all["results"].as_array().unwrap();
    let found = rows.iter().find(|r| r["voi"] == voi && r["quantity"] == quantity);
    found.unwrap_or_else(|| panic!("no {quantity} of {voi} in {all:#}"))["value"].as_f64().unwrap()
}

/// Volume (mL) and mean (Gy): of dicompyler-core 0.5.6, of plastimatch 1.9.4 on the same grid (README of the images: equal to dicompyler-core to the digits
/// given, but for the left lung), and of the planning system.
const OTHERS: [(&str, [[f64; 2]; 3]); 9] = [
    ("BODY", [[14882.1, 0.4572], [14882.1, 0.4572], [13944.4229, 0.4619]]),
    ("Breast", [[400.3875, 5.582], [400.3875, 5.582], [396.2293, 5.6135]]),
    ("Heart", [[440.2312, 0.6475], [440.2312, 0.6475], [437.4623, 0.6476]]),
    ("Lt Lung", [[2004.525, 0.9058], [2014.3125, 0.90658], [2008.9486, 0.9093]]),
    ("Tumor Bed", [[13.0687, 14.2917], [13.0687, 14.2917], [12.8092, 14.2907]]),
    ("Tumor Bed Block", [[63.3375, 14.2813], [63.3375, 14.2813], [62.8827, 14.2648]]),
    ("Borders", [[1.2, 0.0786], [1.2, 0.0786], [0.7446, 0.0785]]),
    ("Nodes", [[0.6562, 0.1119], [0.6562, 0.1119], [0.5657, 0.1076]]),
    ("Scar", [[0.4875, 6.5173], [0.4875, 6.5173], [0.3432, 6.32]]),
];

/// Integral of the polygons of the small structures (mL): shoelace formula times 3 mm, `tests/regions/real.rs`.
const POLYGONS: [(&str, f64); 3] = [("Borders", 1.2931), ("Nodes", 0.67176), ("Scar", 0.51314)];

/// Bar: above 10 mL volumes within 1 % and means within 0.5 % of two of the three; the small ones nearer to the polygons' integral than each.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn breast_boost_against_three_programs() {
    let inputs = Inputs::new();
    let plan = shared::image("rt_dicompyler/dicompyler_breast_boost");
    let [dose, structures] = ["rtdose.dcm", "rtss.dcm"].map(|n| plan.join(n).display().to_string());
    // The body goes beyond the grid of the dose.
    let all =
        table(&inputs.run(&["dvh", &dose, "--voi", &structures, "--missing", "10%", "--json"]));
    assert_eq!(all["unit"], "Gy");
    let mut missed = Vec::new();
    for (name, others) in OTHERS {
        let ours = ["volume", "mean"].map(|q| value(&all, name, q));
        let missing = value(&all, name, "missing");
        let off = |n: usize| others.map(|o| 100.0 * (ours[n] / o[n] - 1.0));
        println!(
            "{name}: {:.4} mL ({:+.2?} %), {:.4} Gy ({:+.2?} %), {missing:.3} % outside",
            ours[0],
            off(0),
            ours[1],
            off(1)
        );
        let within = |n: usize, bar: f64| off(n).iter().filter(|o| o.abs() < bar).count();
        if ours[0] > 10.0 && (within(0, 1.0) < 2 || within(1, 0.5) < 2) {
            missed.push(name);
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
    for (name, truth) in POLYGONS {
        let ours = value(&all, name, "volume");
        let others = OTHERS.iter().find(|o| o.0 == name).unwrap().1;
        assert!(others.iter().all(|o| (ours - truth).abs() < (o[0] - truth).abs()), "{name}");
        assert!((ours / truth - 1.0).abs() < 1e-3, "{name}: {ours} {truth}");
    }
}

/// A dose of 2 Gy in 8 x 8 x 8 voxels of 5 mm around the origin, and a tower of 20 x 20 x 20 mm in it; a second one that leaves it.
fn small() -> Inputs {
    let inputs = Inputs::new();
    let object = dose(SUPINE, &[0.0; 8], 16)
        .us((0x0028, 0x0010), &[8])
        .us((0x0028, 0x0011), &[8])
        .ds((0x0028, 0x0030), &[5.0, 5.0])
        .ds((0x0020, 0x0032), &[-17.5; 3])
        .ds(dose_objects::OFFSETS, &[0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0]);
    let object = with_pixels(object, &[8; 512], 16);
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(inputs.path(name), bytes).unwrap();
    write("dose.dcm", object.file(EXPLICIT_LITTLE));
    let weighted = object.clone().text(TYPE, "CS", "EFFECTIVE");
    write("effective.dcm", weighted.file(EXPLICIT_LITTLE));
    write("relative.dcm", object.clone().text(UNITS, "CS", "RELATIVE").file(EXPLICIT_LITTLE));
    let elsewhere = object.clone().text((0x0020, 0x0052), "UI", "1.2.3.4");
    write("elsewhere.dcm", elsewhere.file(EXPLICIT_LITTLE));
    let tower = |low: f64, high: f64| {
        (0..4).map(|n| square(5.0 * f64::from(n) - 7.5, low, high)).collect::<Vec<_>>()
    };
    let objects = structures(&[("inside", tower(-10.0, 10.0)), ("half", tower(10.0, 30.0))]);
    write("rtss.dcm", objects.file(EXPLICIT_LITTLE));
    std::fs::create_dir(inputs.path("doses")).unwrap();
    write("doses/plan.dcm", object.clone().file(EXPLICIT_LITTLE));
    write("doses/beam.dcm", object.text(SUMMATION, "CS", "BEAM").file(EXPLICIT_LITTLE));
    inputs
}

fn refused(output: &Output, code: i32, parts: &[&str]) {
    let text = stderr(output);
    assert!(
        output.status.code() == Some(code) && parts.iter().all(|p| text.contains(p)),
        "{:?}: {parts:?} not in {text}",
        output.status
    );
}

#[test]
fn an_rt_dose_goes_where_a_map_goes() {
    let inputs = small();
    let one = ["dvh", "dose.dcm", "--voi", "rtss.dcm", "--v", "1.5Gy", "--json"];
    let output = inputs.run(&one);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    // Of a structure that leaves the dose, how much is told by name: x and y from 20 mm on are outside, three quarters; contours have pixels of 1 mm here, of
    // which half of one at each edge counts wholly.
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!((value(&all, "inside", "mean") - 2.0).abs() < 1e-6);
    assert!((value(&all, "inside", "volume") - 8.0).abs() < 1e-3);
    let told = stderr(&output);
    assert!(told.contains("'half': 7") && told.contains("outside of the map"), "{told}");
    assert!(told.contains("RT Dose in GY, PHYSICAL"), "{told}");
    let lenient = table(&inputs.run(&[&one[..], &["--missing", "80%"]].concat()));
    assert!((value(&lenient, "half", "missing") - 75.0).abs() < 2.6);
    assert!((value(&lenient, "half", "mean") - 2.0).abs() < 1e-6);

    // Two files of VOIs at once.
    inputs.write("voi.mha", &cli_inputs::block(&cli_inputs::grid(), 1.0, 2.0));
    let two =
        ["dvh", "dose.dcm", "--voi", "rtss.dcm", "--voi", "voi.mha", "--voi-names", "names.csv"];
    let two = table(&inputs.run(&[&two[..], &["--missing", "80%", "--json"]].concat()));
    assert!((value(&two, "core", "mean") - 2.0).abs() < 1e-6);
    assert!((value(&two, "inside", "mean") - 2.0).abs() < 1e-6);
    let twice = ["dvh", "dose.dcm", "--voi", "rtss.dcm", "--voi", "rtss.dcm"];
    refused(&inputs.run(&twice), 2, &["VOI 'inside' is in rtss.dcm and in rtss.dcm"]);
    refused(&inputs.run(&["dvh", "dose.dcm"]), 2, &["no --voi"]);

    // Another frame of reference; units that contradict it; relative doses.
    let of = |name: &str, more: &[&str]| {
        inputs.run(&[&["dvh", name, "--voi", "rtss.dcm", "--missing", "80%"], more].concat())
    };
    refused(&of("elsewhere.dcm", &[]), 3, &["FrameOfReferenceUID", "1.2.3.4", "--any-frame"]);
    succeed(&of("elsewhere.dcm", &["--any-frame"]));
    refused(&of("dose.dcm", &["--unit", "mGy"]), 2, &["the RT Dose is in Gy"]);
    refused(&of("relative.dcm", &[]), 3, &["RELATIVE", "100 %"]);
    refused(&of("doses", &[]), 3, &["2 RT Doses", "plan.dcm: PLAN", "beam.dcm: BEAM", "--map"]);
    succeed(&of("doses", &["--map", "PLAN"]));
    assert!(stderr(&of("doses", &["--map", "BEAM"])).contains("DoseSummationType"));
    refused(&of("doses", &["--map", "RECORD"]), 2, &["no RT Dose has DoseSummationType RECORD"]);

    // A weighted dose is told as one, and is none that BED is made of.
    let weighted = table(&of("effective.dcm", &["--json"]));
    assert_eq!(weighted["unit"], "Gy(effective)");
    assert_eq!(table(&of("effective.dcm", &["--unit", "Gy(RBE)", "--json"]))["unit"], "Gy(RBE)");
    refused(&of("effective.dcm", &["--v", "1Gy"]), 2, &["the map is in Gy(effective)"]);
    let bed = |name: &str| {
        let of = ["bed", name, "--voi", "rtss.dcm", "--missing", "80%", "--half-life", "50h"];
        inputs.run(&[&of[..], &["--alpha-beta", "2.5", "--repair", "2.5h", "--json"]].concat())
    };
    refused(&bed("effective.dcm"), 2, &["DoseType EFFECTIVE"]);
    let g = 2.5 / 52.5;
    let expected = 2.0 * (1.0 + g * 2.0 / 2.5);
    assert!(
        (value(&table(&bed("dose.dcm")), "inside", "BED_of_mean_dose") - expected).abs() < 1e-6
    );

    // Compared with a map, and with one in another frame.
    let compare = |path: &str, more: &[&str]| {
        let candidate = format!("TPS={path}");
        let of = ["compare-methods", "--reference", "dose.dcm", "--candidate", &candidate];
        inputs.run(&[&of[..], &["-o", "cmp", "--overwrite", "-q"], more].concat())
    };
    succeed(&compare("doses/plan.dcm", &["--voi", "rtss.dcm"]));
    refused(&compare("elsewhere.dcm", &[]), 3, &["frame of reference 1.2.3.4", "--any-frame"]);
    succeed(&compare("elsewhere.dcm", &["--any-frame"]));
}
