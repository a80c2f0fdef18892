//! Names of patients in paths and in DICOM do not reach what is written.

use std::io::Read;
use std::path::Path;

use super::ELECTRONS;
use super::cli_inputs::{Inputs, json, stderr, succeed};
use super::writer::{DataSet, EXPLICIT_LITTLE};

const SECRETS: [&str; 5] = ["Doe", "Jane", "19500101", "PID-4711", "PID-4712"];

/// A slice of a CT or PET with a patient's name and ID.
fn slice(modality: &str, n: usize, id: &str) -> DataSet {
    let class = if modality == "CT" { "2" } else { "128" };
    let set = DataSet::default()
        .text((8, 0x16), "UI", &format!("1.2.840.10008.5.1.4.1.1.{class}"))
        .text((8, 0x18), "UI", &format!("1.2.3.{}.{n}", modality.len()))
        .text((8, 0x60), "CS", modality)
        .text((8, 0x103E), "LO", "Doe Jane follow-up")
        .text((0x10, 0x10), "PN", "Doe^Jane")
        .text((0x10, 0x20), "LO", id)
        .text((0x10, 0x30), "DA", "19500101")
        .text((0x20, 0xD), "UI", "1.2.3.1")
        .text((0x20, 0xE), "UI", &format!("1.2.3.9.{class}"))
        .text((0x20, 0x52), "UI", "1.2.3.2")
        .ds((0x20, 0x32), &[-10.0, -10.0, -10.0 + 4.0 * n as f64])
        .ds((0x20, 0x37), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .us((0x28, 2), &[1])
        .text((0x28, 4), "CS", "MONOCHROME2")
        .us((0x28, 0x10), &[6])
        .us((0x28, 0x11), &[6])
        .ds((0x28, 0x30), &[4.0, 4.0])
        .us((0x28, 0x100), &[16])
        .us((0x28, 0x101), &[16])
        .us((0x28, 0x102), &[15])
        .us((0x28, 0x103), &[1])
        .ds((0x28, 0x1052), &[0.0])
        .ds((0x28, 0x1053), &[1.0]);
    if modality == "CT" {
        return set.text((0x28, 0x1054), "LO", "HU").pixels(&[0; 36]);
    }
    let middle = |v: usize| (2..4).contains(&(v % 6)) && (2..4).contains(&(v / 6));
    let pixels: Vec<i16> = (0..36).map(|v| if middle(v) { 10_000 } else { 0 }).collect();
    set.text((0x54, 0x1001), "CS", "BQML")
        .text((0x28, 0x51), "CS", "DECY\\ATTN")
        .text((0x54, 0x1102), "CS", "START")
        .ds((0x18, 0x50), &[4.0])
        .pixels(&pixels)
}

fn series(folder: &Path, modality: &str, id: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for n in 0..6 {
        let file = slice(modality, n, id).file(EXPLICIT_LITTLE);
        std::fs::write(folder.join(format!("{n}.dcm")), file).unwrap();
    }
}

/// All bytes of a folder, inflated where they are packed.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut inflated = Vec::new();
        let _ = flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut inflated);
        all.extend(bytes);
        all.extend(inflated);
    }
    all
}

fn names_found(folder: &Path) -> Vec<&'static str> {
    let bytes = bytes_of(folder);
    let text = String::from_utf8_lossy(&bytes);
    SECRETS.into_iter().filter(|s| text.contains(s)).collect()
}

#[test]
fn no_name_of_a_patient_is_written() {
    let inputs = Inputs::new();
    let patient = inputs.path("Doe_Jane_19500101");
    series(&patient.join("CT"), "CT", "PID-4711");
    series(&patient.join("PET"), "PT", "PID-4712");
    let labels = patient.join("organs.mha");
    std::fs::copy(inputs.path("voi.mha"), &labels).unwrap();
    let common = ["dose", "--source", "electron:0.5MeV", "--engine", "cpu", "--accept", "patient"];
    let run = |more: &[&str]| {
        let images = [
            "--ct",
            "Doe_Jane_19500101/CT",
            "--hu-curve",
            "icru44",
            "--activity",
            "Doe_Jane_19500101/PET",
            "--voi",
            labels.to_str().unwrap(),
            "--histories",
            "2000",
        ];
        let output = inputs.run(&[&common[..], &images[..], more].concat());
        succeed(&output);
        // The terminal shows what the contradiction is.
        assert!(stderr(&output).contains("PID-4712"), "{}", stderr(&output));
    };
    run(&["-o", "out"]);
    assert_eq!(names_found(&inputs.path("out")), Vec::<&str>::new());
    let summary = json(&inputs.path("out/summary.json"));
    let ct = &summary["setup"]["inputs"].as_array().unwrap();
    let ct = ct.iter().find(|i| i["role"] == "ct").unwrap();
    assert!(ct["file"].is_null() && ct["path"].is_null() && ct["sha256"].is_string(), "{ct}");
    assert!(summary["setup"]["inputs"].to_string().contains("organs.mha"));
    assert!(summary["warnings"].to_string().contains("PatientID"), "{}", summary["warnings"]);
    run(&["-o", "part", "--shard", "1/1"]);
    assert_eq!(names_found(&inputs.path("part")), Vec::<&str>::new());
    run(&["-o", "hashes", "--record-paths=none"]);
    let summary = json(&inputs.path("hashes/summary.json"));
    assert!(!summary.to_string().contains("organs"), "{summary}");
    // On request.
    run(&["-o", "full", "--record-paths"]);
    let summary = json(&inputs.path("full/summary.json"));
    assert!(summary.to_string().contains("Doe_Jane_19500101/CT"));
    assert!(!summary.to_string().contains("PID-"), "{summary}");
}

/// Nor are those of a folder that is given by itself, of a series file, and of tables.
#[test]
fn folders_of_time_points_and_tables_are_not_named() {
    let inputs = Inputs::new();
    let folder = inputs.path("Doe_Jane_19500101");
    std::fs::create_dir(&folder).unwrap();
    let mut text =
        String::from("version = 1\nrelative_uncertainty = 0.05\ndecay_correction = 'none'\n");
    for (n, (hours, activity)) in [(4, 1e6), (24, 8e5), (96, 3e5)].into_iter().enumerate() {
        let image = super::cli_inputs::block(&super::cli_inputs::grid(), activity, 1.0);
        voxgray::io::write_metaimage(&folder.join(format!("a{n}.mha")), &image).unwrap();
        text += &format!("[[time_point]]\ntime = '{hours}h'\nactivity = 'a{n}.mha'\n");
    }
    std::fs::write(folder.join("series.toml"), text).unwrap();
    let matter =
        ["--density", "density.mha", "--materials", "labels.mha", "--material-names", "water"];
    let activity = ["--activity", "Doe_Jane_19500101/series.toml", "--nuclide", "Lu-177"];
    let run = ["--histories", "2000", "--route", "both", "-o", "out"];
    let voi = &ELECTRONS[2..];
    succeed(&inputs.run(&[&["dose"], &matter[..], &activity[..], voi, &run[..]].concat()));
    assert_eq!(names_found(&inputs.path("out")), Vec::<&str>::new());
    let summary = json(&inputs.path("out/summary.json"));
    assert!(summary["setup"]["inputs"].to_string().contains("a2.mha"));
    std::fs::write(folder.join("curves.csv"), "time_h,liver_MBq\n4,10\n24,8\n72,4\n168,1\n")
        .unwrap();
    let fit = ["fit", "Doe_Jane_19500101/curves.csv", "--nuclide", "Lu-177", "-o", "fit"];
    let output = inputs.run(&fit);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
    assert_eq!(names_found(&inputs.path("fit")), Vec::<&str>::new());
    assert_eq!(json(&inputs.path("fit/fit.json"))["source"], "curves.csv");
}
