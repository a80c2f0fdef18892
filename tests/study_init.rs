//! From a folder of DICOM, as it is exported, to a run: what `init` finds, takes and asks for.

#[path = "support/shared.rs"]
mod shared;
#[path = "dicom/writer.rs"]
#[expect(dead_code, reason = "shared with the tests of DICOM, which use the rest")]
mod writer;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use writer::{DataSet, EXPLICIT_LITTLE};

const SIDE: usize = 8;
const MM: f64 = 5.0;

struct Export {
    folder: tempfile::TempDir,
}

/// A series: whose, what, when, where.
#[derive(Clone, Copy)]
struct Series {
    patient: &'static str,
    modality: &'static str,
    uid: &'static str,
    frame: &'static str,
    /// Date and time of the acquisition.
    at: [&'static str; 2],
    /// What its pixels hold where the kidney is, and elsewhere in the body.
    values: [i16; 2],
    /// When it was given: a date and time, or a time of day alone.
    given: &'static str,
    /// CorrectedImage, and SeriesDescription.
    corrected: [&'static str; 2],
    /// z of the first slice, mm.
    z: f64,
}

const FIRST: Series = Series {
    patient: "A",
    modality: "PT",
    uid: "1.2.3.10",
    frame: "1.2.3.2",
    at: ["20260301", "140000"],
    values: [20_000, 1_000],
    given: "20260301100000",
    corrected: ["DECY\\ATTN", ""],
    z: -20.0,
};

fn kidney(v: usize, k: usize) -> bool {
    [v % SIDE, v / SIDE, k].iter().all(|i| (3..5).contains(i))
}

/// StudyInstanceUID of a day's examination.
fn study_of(day: &str) -> String {
    format!("1.2.3.1.{day}")
}

fn slice(s: &Series, k: usize) -> DataSet {
    let class = if s.modality == "CT" { "2" } else { "128" };
    let set = DataSet::default()
        .text((8, 8), "CS", "ORIGINAL\\PRIMARY")
        .text((8, 0x16), "UI", &format!("1.2.840.10008.5.1.4.1.1.{class}"))
        .text((8, 0x18), "UI", &format!("{}.{k}", s.uid))
        .text((8, 0x21), "DA", s.at[0])
        .text((8, 0x31), "TM", s.at[1])
        .text((8, 0x22), "DA", s.at[0])
        .text((8, 0x32), "TM", s.at[1])
        .text((8, 0x60), "CS", s.modality)
        .text((0x10, 0x20), "LO", s.patient)
        .text((0x20, 0xD), "UI", &study_of(s.at[0]))
        .text((0x20, 0xE), "UI", s.uid)
        .text((0x20, 0x52), "UI", s.frame)
        .ds((0x20, 0x32), &[-20.0, -20.0, s.z + MM * k as f64])
        .ds((0x20, 0x37), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .us((0x28, 2), &[1])
        .text((0x28, 4), "CS", "MONOCHROME2")
        .us((0x28, 0x10), &[SIDE as u16])
        .us((0x28, 0x11), &[SIDE as u16])
        .ds((0x28, 0x30), &[MM, MM])
        .us((0x28, 0x100), &[16])
        .us((0x28, 0x101), &[16])
        .us((0x28, 0x102), &[15])
        .us((0x28, 0x103), &[1])
        .ds((0x28, 0x1052), &[0.0])
        .ds((0x28, 0x1053), &[if s.modality == "CT" { 1.0 } else { 100.0 }]);
    let value = |v: usize| if kidney(v, k) { s.values[0] } else { s.values[1] };
    let pixels: Vec<i16> = (0..SIDE * SIDE).map(value).collect();
    if s.modality == "CT" {
        return set.text((0x28, 0x1054), "LO", "HU").pixels(&pixels);
    }
    let agent = DataSet::default()
        .text((0x18, 0x31), "LO", "177Lu-DOTATATE")
        .ds((0x18, 0x1074), &[7.4e9])
        .ds((0x18, 0x1075), &[574_300.8])
        .text(
            if s.given.len() > 6 { (0x18, 0x1078) } else { (0x18, 0x1072) },
            if s.given.len() > 6 { "DT" } else { "TM" },
            s.given,
        );
    set.text((0x54, 0x1001), "CS", "BQML")
        .text((8, 0x103E), "LO", s.corrected[1])
        .text((0x28, 0x51), "CS", s.corrected[0])
        .text((0x54, 0x1102), "CS", "START")
        .sq((0x54, 0x16), &[agent])
        .ds((0x18, 0x50), &[MM])
        .pixels(&pixels)
}

/// A square around the kidney on its two slices.
fn structures(patient: &str, frame: &str) -> DataSet {
    let contour = |k: usize| {
        let z = -20.0 + MM * k as f64;
        let [low, high] = [-20.0 + 2.5 * MM, -20.0 + 4.5 * MM];
        let corners = [[low, low], [high, low], [high, high], [low, high]];
        let points: Vec<f64> = corners.iter().flat_map(|c| [c[0], c[1], z]).collect();
        DataSet::default()
            .text((0x3006, 0x42), "CS", "CLOSED_PLANAR")
            .text((0x3006, 0x46), "IS", "4")
            .ds((0x3006, 0x50), &points)
    };
    let roi = DataSet::default()
        .text((0x3006, 0x22), "IS", "1")
        .text((0x3006, 0x24), "UI", frame)
        .text((0x3006, 0x26), "LO", "kidney");
    let drawn = DataSet::default()
        .text((0x3006, 0x84), "IS", "1")
        .sq((0x3006, 0x40), &[contour(3), contour(4)]);
    let referenced = DataSet::default().text((0x20, 0x52), "UI", frame);
    DataSet::default()
        .text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.481.3")
        .text((8, 0x18), "UI", &format!("1.2.3.77.{}", patient.len()))
        .text((8, 0x60), "CS", "RTSTRUCT")
        .text((0x10, 0x20), "LO", patient)
        .text((0x20, 0xE), "UI", "1.2.3.77")
        .sq((0x3006, 0x10), &[referenced])
        .sq((0x3006, 0x20), &[roi])
        .sq((0x3006, 0x39), &[drawn])
}

impl Export {
    fn new() -> Self {
        Export { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, set: &DataSet) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, set.file(EXPLICIT_LITTLE)).unwrap();
    }

    /// A series into a folder, beside whatever lies there.
    fn series(&self, folder: &str, s: Series) {
        (0..SIDE).for_each(|k| self.write(&format!("{folder}/{}.{k}.dcm", s.uid), &slice(&s, k)));
    }

    fn run(&self, words: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_voxgray");
        Command::new(program).current_dir(self.folder.path()).args(words).output().unwrap()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn ct(patient: &'static str, uid: &'static str, frame: &'static str) -> Series {
    Series { patient, modality: "CT", uid, frame, values: [20, 20], ..FIRST }
}

/// Everything in one folder: CT, three PET of one frame of reference across midnight, one of them in two reconstructions, VOIs, and another patient.
#[test]
fn an_export_becomes_a_run_without_an_edit() {
    let export = Export::new();
    export.series("all/deep", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("all/deep", FIRST);
    let later =
        |uid, date, time, kidney| Series { uid, at: [date, time], values: [kidney, 500], ..FIRST };
    export.series("all/deep", later("1.2.3.11", "20260302", "000500", 17_000));
    export.series("all/deep", later("1.2.3.13", "20260302", "000500", 16_000));
    export.series("all/deep", later("1.2.3.12", "20260304", "100000", 9_000));
    export.write("all/rs.dcm", &structures("A", "1.2.3.2"));
    export.series("all/deep", Series { patient: "B", uid: "1.2.3.40", frame: "1.2.3.5", ..FIRST });
    export.series("all/deep", ct("B", "1.2.3.41", "1.2.3.6"));
    std::fs::write(export.path("all/readme.txt"), "an export").unwrap();
    let output = export.run(&["init", "all"]);
    assert!(output.status.success(), "{}", said(&output));
    for part in ["2 patients", "PatientID 'A'", "study-2.toml: no VOIs were found"] {
        assert!(said(&output).contains(part), "'{part}' is not in {}", said(&output));
    }
    let study = export.text("all/study-1.toml");
    for part in [
        "nuclide = \"Lu-177\"",
        "ct_series = \"1.2.3.20\"",
        "administered = \"7400.00 MBq\"",
        "file = \"rs.dcm\"",
        "series = \"1.2.3.12\"",
        "# of the same acquisition: activity = \"deep\", series = \"1.2.3.13\"",
        "14.1 h after the administration",
    ] {
        assert!(study.contains(part), "'{part}' is not in\n{study}");
    }
    assert_eq!(study.matches("[[cycle.time_point]]").count(), 3);
    assert_eq!(study.matches("[[cycle]]").count(), 1);
    // A study that is there stays.
    assert_eq!(export.run(&["init", "all"]).status.code(), Some(4));
    let quick = study.replace("[dose]", "[dose]\nhistories = 2000\nengine = 'cpu'");
    std::fs::write(export.path("all/study-1.toml"), quick).unwrap();
    let check = export.run(&["check", "all/study-1.toml"]);
    assert!(check.status.success(), "{}", said(&check));
    let checked = String::from_utf8_lossy(&check.stdout).into_owned();
    for part in
        ["START", "14.083 h after the administration", "kidney", "DecayCorrection (0054,1102)"]
    {
        assert!(checked.contains(part), "'{part}' is not in\n{checked}");
    }
    let output = export.run(&["run", "all/study-1.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let page = export.text("all/study-1-out/report.html");
    assert!(page.contains("kidney") && !page.contains("1.2.3.20") && !page.contains("2026-03"));
}

/// Scans of their own frames of reference are registered on their CTs; one of another nuclide is no time point; treatments weeks apart are cycles.
#[test]
fn frames_nuclides_and_cycles_are_told_apart() {
    let export = Export::new();
    export.series("day0/ct", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("day0/pt", FIRST);
    let day1 = ["20260302", "100000"];
    export.series("day1/ct", Series { at: day1, ..ct("A", "1.2.3.21", "1.2.3.3") });
    export.series("day1/pt", Series { uid: "1.2.3.11", frame: "1.2.3.3", at: day1, ..FIRST });
    export.write("day1/rs.dcm", &structures("A", "1.2.3.3"));
    let later = ["20260501", "140000"];
    export.series("second", Series { uid: "1.2.3.12", frame: "1.2.3.4", at: later, ..FIRST });
    let output = export.run(&["init", ".", "--print"]);
    let study = String::from_utf8_lossy(&output.stdout).into_owned();
    let part = |text: &str| assert!(study.contains(text), "'{text}' is not in\n{study}");
    part("activity = \"day1/pt\"");
    part("register = true");
    part("ct = \"day1/ct\"");
    part("# voi = \"day1/rs.dcm\"");
    assert!(!study.contains("series = "), "one series a folder needs no name:\n{study}");
    assert!(!export.path("study.toml").exists());
}

/// Two cycles on one table, in one frame of reference: VOIs are those of the cycle in whose study they were drawn.
#[test]
fn cycles_of_one_frame_have_their_own_vois() {
    let export = Export::new();
    let later = ["20260501", "140000"];
    export.series("one/ct", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("one/pt", FIRST);
    export.series("two/ct", Series { at: later, ..ct("A", "1.2.3.21", "1.2.3.2") });
    export
        .series("two/pt", Series { uid: "1.2.3.12", at: later, given: "20260501100000", ..FIRST });
    for (folder, day) in [("one", FIRST.at[0]), ("two", later[0])] {
        let set = structures("A", "1.2.3.2").text((0x20, 0xD), "UI", &study_of(day));
        export.write(&format!("{folder}/rs.dcm"), &set);
    }
    let study = String::from_utf8_lossy(&export.run(&["init", ".", "--print"]).stdout).into_owned();
    let cycles: Vec<&str> = study.split("[[cycle]]").skip(1).collect();
    assert_eq!(cycles.len(), 2, "{study}");
    for (cycle, [own, other]) in cycles.iter().zip([["one", "two"], ["two", "one"]]) {
        assert!(cycle.contains(&format!("file = \"{own}/rs.dcm\"")), "{study}");
        assert!(!cycle.contains(&format!("{other}/rs.dcm")), "{study}");
    }
}

/// A first scan without a CT of its own is registered to one that lies on the CT; where none does, it is asked, and refused until it is said.
#[test]
fn a_first_scan_without_a_ct_is_not_taken_to_lie_on_a_later_one() {
    let later = ["20260302", "100000"];
    let export = Export::new();
    export.series("day0/pt", FIRST);
    export.series("day1/ct", Series { at: later, ..ct("A", "1.2.3.21", "1.2.3.3") });
    export.series("day1/pt", Series { uid: "1.2.3.11", frame: "1.2.3.3", at: later, ..FIRST });
    assert!(export.run(&["init", "."]).status.success());
    let study = export.text("study.toml");
    assert!(study.contains("ct = \"day1/ct\""), "{study}");
    assert!(study.contains("on its activity and that of time point 2"), "{study}");
    let output = export.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let checked = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(checked.contains("registration of its activity to that of time point 2"), "{checked}");

    let export = Export::new();
    export.series("pt", FIRST);
    export.series("ct", ct("A", "1.2.3.21", "1.2.3.3"));
    let output = export.run(&["init", "."]);
    assert!(said(&output).contains("shift_mm, transform or ct of the first"), "{}", said(&output));
    let study = export.text("study.toml").replace("# method = ", "method = ");
    for (text, code) in [(study.clone(), 3), (study.replace("# shift_mm = ", "shift_mm = "), 0)] {
        std::fs::write(export.path("study.toml"), text).unwrap();
        let output = export.run(&["check", "study.toml"]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(code == 0 || said(&output).contains("FrameOfReferenceUID"), "{}", said(&output));
    }
    // registration is no answer: there is nothing to register it to.
    std::fs::write(
        export.path("study.toml"),
        study.replace("# shift_mm = [0, 0, 0]", "register = true"),
    )
    .unwrap();
    let output = export.run(&["check", "study.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
}

/// A time of day without a date is that of one administration, the latest before the first scan, as `dose` has it.
#[test]
fn a_clock_without_a_date_is_one_administration() {
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    let days = [
        ["20260301", "141200"],
        ["20260302", "093000"],
        ["20260304", "110000"],
        ["20260308", "103000"],
    ];
    for (n, at) in days.into_iter().enumerate() {
        let uid = ["1.2.3.10", "1.2.3.11", "1.2.3.12", "1.2.3.13"][n];
        export.series(&format!("pt{n}"), Series { uid, at, given: "100000", ..FIRST });
    }
    let output = export.run(&["init", ".", "--print"]);
    let study = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(study.matches("[[cycle]]").count(), 1, "{study}");
    for hours in ["4.2 h", "23.5 h", "73.0 h", "168.5 h"] {
        assert!(study.contains(&format!("{hours} after the administration")), "{hours}: {study}");
    }
}

/// Dates that anonymisation took out: scans stand in the order of their files, each with a line for its time, and the times that are written there hold.
#[test]
fn scans_without_dates_are_completed_by_hand() {
    let export = Export::new();
    let none = ["", ""];
    export.series("ct", Series { at: none, ..ct("A", "1.2.3.20", "1.2.3.2") });
    // UIDs in the other order.
    for (n, uid) in ["1.2.3.13", "1.2.3.12", "1.2.3.11"].into_iter().enumerate() {
        let values = [20_000 - 5_000 * n as i16, 500];
        export.series(&format!("day{n}"), Series { uid, at: none, given: "", values, ..FIRST });
    }
    let output = export.run(&["init", "."]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("when the activity was given"), "{}", said(&output));
    let study = export.text("study.toml");
    let places: Vec<usize> =
        (0..3).map(|n| study.find(&format!("activity = \"day{n}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{study}");
    assert_eq!(study.matches("# time = \"24h\"").count(), 3, "{study}");
    let output = export.run(&["check", "study.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        said(&output).contains("time point 1: no time after the administration"),
        "{}",
        said(&output)
    );
    let mut hours = ["4h", "24h", "96h"].into_iter();
    let lines = study.lines().map(|l| match l.starts_with("# time = \"24h\"") {
        true => format!("time = '{}'", hours.next().unwrap()),
        false => l.into(),
    });
    std::fs::write(export.path("study.toml"), lines.collect::<Vec<String>>().join("\n")).unwrap();
    let output = export.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("h after the administration"), "{text}");
}

/// Two administrations within days by the clock alone, and two beds of one scan, are told: no header decides them.
#[test]
fn what_headers_leave_open_is_told() {
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    let second = ["20260308", "150000"];
    export.series("a", Series { given: "100000", ..FIRST });
    export.series("b", Series { uid: "1.2.3.11", at: second, given: "123000", ..FIRST });
    let output = export.run(&["init", ".", "--print"]);
    assert!(said(&output).contains("10:00:00 and 12:30:00"), "{}", said(&output));
    assert!(!said(&output).contains("beside each other"), "{}", said(&output));

    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("a", FIRST);
    export.series("b", Series { uid: "1.2.3.11", z: 10.0, ..FIRST });
    let output = export.run(&["init", ".", "--print"]);
    assert!(said(&output).contains("beside each other"), "{}", said(&output));
    assert!(!said(&output).contains("administrations"), "{}", said(&output));
}

/// Of several reconstructions of a scan the one that is corrected for attenuation is taken, at all times the same; which does not hang on UIDs.
#[test]
fn reconstructions_are_of_one_kind_at_all_times() {
    let days = [["20260301", "140000"], ["20260302", "100000"], ["20260304", "100000"]];
    for turn in 0..4_usize {
        let export = Export::new();
        export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
        for (n, at) in days.into_iter().enumerate() {
            // UIDs in either order.
            let uids =
                [["1.2.3.30", "1.2.3.31"], ["1.2.3.41", "1.2.3.40"], ["1.2.3.51", "1.2.3.50"]][n];
            let [a, b] = if turn >> n & 1 == 0 { uids } else { [uids[1], uids[0]] };
            let ac = Series { uid: a, at, ..FIRST };
            export.series(&format!("ac{n}"), ac);
            export.series(&format!("nac{n}"), Series { uid: b, corrected: ["DECY", ""], ..ac });
        }
        let output = export.run(&["init", ".", "--print"]);
        let study = String::from_utf8_lossy(&output.stdout).into_owned();
        let taken: Vec<&str> = study.lines().filter(|l| l.starts_with("activity = ")).collect();
        assert_eq!(taken.len(), 3, "{study}");
        assert!(taken.iter().all(|l| l.contains("\"ac")), "{taken:?}");
        assert!(said(&output).contains("several reconstructions"), "{}", said(&output));
    }
    // Scatter, and names that say it; a map of attenuation is none.
    for [good, bad] in [
        [["DECY\\ATTN\\SCAT", "b"], ["DECY\\ATTN", "a"]],
        [["DECY", "SPECT AC ON"], ["DECY", "SPECT AC OFF"]],
        [["DECY", "Q"], ["DECY", "ACCT uMap AC"]],
    ] {
        let export = Export::new();
        export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
        export.series("bad", Series { uid: "1.2.3.30", corrected: bad, ..FIRST });
        export.series("good", Series { uid: "1.2.3.31", corrected: good, ..FIRST });
        let study = export.run(&["init", ".", "--print"]).stdout;
        let study = String::from_utf8_lossy(&study).into_owned();
        let taken: Vec<&str> = study.lines().filter(|l| l.starts_with("activity = ")).collect();
        assert_eq!(taken, ["activity = \"good\""], "{study}");
    }
    // By name alone: the same name, and said to be checked.
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    for (n, at) in days.into_iter().enumerate() {
        let uids =
            [["1.2.3.30", "1.2.3.31"], ["1.2.3.41", "1.2.3.40"], ["1.2.3.51", "1.2.3.50"]][n];
        for (uid, name) in uids.into_iter().zip(["Q_CLEAR", "VPFX"]) {
            let of = Series { uid, at, corrected: ["DECY\\ATTN", name], ..FIRST };
            export.series(&format!("{name}{n}"), of);
        }
    }
    let output = export.run(&["init", ".", "--print"]);
    let study = String::from_utf8_lossy(&output.stdout).into_owned();
    let taken = study.lines().filter(|l| l.starts_with("activity = "));
    assert!(taken.clone().count() == 3 && taken.clone().all(|l| l.contains("Q_CLEAR")), "{study}");
    assert!(said(&output).contains("make sure that the right one is taken"), "{}", said(&output));
}

/// What contradicts itself is refused before anything is run, and may be accepted where that makes sense.
#[test]
fn another_patient_and_another_frame_of_reference_are_refused() {
    let export = Export::new();
    export.series("pt", FIRST);
    export.series("pt2", Series { uid: "1.2.3.11", at: ["20260302", "100000"], ..FIRST });
    export.series("theirs", ct("B", "1.2.3.20", "1.2.3.2"));
    export.series("elsewhere", ct("A", "1.2.3.21", "1.2.3.9"));
    let study = |ct: &str, more: &str| {
        let text = format!(
            "format = 1\nnuclide = 'Lu-177'\n[[cycle]]\nct = '{ct}'\n[[cycle.time_point]]\nactivity = 'pt'\n\
             [[cycle.time_point]]\nactivity = 'pt2'\n[series]\nrelative_uncertainty = 0.05\n[dose]\nhistories = 1000\n\
             engine = 'cpu'\n{more}"
        );
        std::fs::write(export.path("study.toml"), text).unwrap();
        export.run(&["check", "study.toml"])
    };
    for (ct, attribute, check) in [
        ("theirs", "PatientID (0010,0020)", "patient"),
        ("elsewhere", "FrameOfReferenceUID", "frame"),
    ] {
        let output = study(ct, "");
        assert_eq!(output.status.code(), Some(3), "{ct}: {}", said(&output));
        assert!(said(&output).contains(attribute), "{}", said(&output));
        let output = study(ct, &format!("accept = ['{check}']\n"));
        assert!(output.status.success(), "{ct}: {}", said(&output));
    }
    // Who overrules a check of patients has it written down, without an ID.
    study("theirs", "accept = ['patient']\n");
    let output = export.run(&["run", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
    let page = export.text("study-out/report.html");
    assert!(page.contains("<dt>checks that were overruled</dt><dd>patient</dd>"));
    assert!(!export.text("study-out/stages.json").contains("'B'"));
}

#[test]
fn folders_by_their_names_and_folders_of_nothing() {
    let export = Export::new();
    for name in [
        "cycle1/tp1/ct.nii.gz",
        "cycle1/tp1/spect.nii.gz",
        "cycle1/tp1/rois/kidney.nii.gz",
        "cycle1/tp2/spect.nii.gz",
        "cycle1/tp2/ct.nii.gz",
        "cycle1/tp10/spect.nii.gz",
        "cycle2/tp1/spect.nii.gz",
    ] {
        let path = export.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let output = export.run(&["init", "."]);
    assert!(output.status.success(), "{}", said(&output));
    let study = export.text("study.toml");
    assert_eq!(study.matches("[[cycle]]").count(), 2);
    assert_eq!(study.matches("[[cycle.time_point]]").count(), 4);
    let at = |text: &str| study.find(text).unwrap_or_else(|| panic!("'{text}' is not in\n{study}"));
    assert!(at("cycle1/tp2/spect") < at("cycle1/tp10/spect"));
    at("file = \"cycle1/tp1/rois\"");
    at("# nuclide = \"Lu-177\"");
    let output = export.run(&["check", "study.toml"]);
    assert!(said(&output).contains("missing field `nuclide`"), "{}", said(&output));
    std::fs::create_dir(export.path("empty")).unwrap();
    let output = export.run(&["init", "empty"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("no activity image"), "{}", said(&output));
}

/// A two-day study of a real patient and a PET of another: what is there is found, what is missing is said.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn real_exports_are_found() {
    let export = Export::new();
    let init = |name: &str| {
        let folder = shared::image(name);
        let output = export.run(&["init", folder.to_str().unwrap(), "--print"]);
        assert!(output.status.success(), "{}", said(&output));
        (String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
    };
    let (study, told) = init("lu177_dotatate_spect");
    for part in
        ["nuclide = \"Lu-177\"", "7210.43 MBq", "3.7 h", "27.7 h", "register = true", "# voi = "]
    {
        assert!(study.contains(part), "'{part}' is not in\n{study}");
    }
    assert!(told.contains("no CT was found"), "{told}");
    let (study, _) = init("petct_sts001");
    for part in
        ["nuclide = \"F-18\"", "388.78 MBq", "CT_cropped", "One time point alone", "CT_RTSTRUCT"]
    {
        assert!(study.contains(part), "'{part}' is not in\n{study}");
    }
    assert!(Path::new(&export.path("")).read_dir().unwrap().next().is_none());
}

/// The line of calibration that is left for counts is all that they lack: whatever the header calls them.
#[test]
fn counts_lack_nothing_but_their_calibration() {
    for units in ["CNTS", "PROPCPS"] {
        let export = Export::new();
        export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
        for (n, at) in [["20260301", "140000"], ["20260302", "100000"]].into_iter().enumerate() {
            let of = Series { uid: ["1.2.3.10", "1.2.3.11"][n], at, ..FIRST };
            for k in 0..SIDE {
                let slice = slice(&of, k)
                    .ds((0x28, 0x1053), &[if units == "CNTS" { 100.0 } else { 0.1 }])
                    .text((0x54, 0x1001), "CS", units)
                    .text((0x18, 0x1242), "IS", "1200000");
                export.write(&format!("pt{n}/{k}.dcm"), &slice);
            }
        }
        let output = export.run(&["init", "."]);
        assert!(said(&output).contains("a calibration is to be completed"), "{}", said(&output));
        let output = export.run(&["check", "study.toml"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        let study = export.text("study.toml");
        assert!(study.contains("# calibration = "), "{study}");
        std::fs::write(
            export.path("study.toml"),
            study.replace("# calibration = ", "calibration = "),
        )
        .unwrap();
        let output = export.run(&["check", "study.toml"]);
        assert!(output.status.success(), "{units}: {}", said(&output));
        let checked = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(checked.contains(units), "{checked}");
    }
    // Activity is not calibrated again.
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("pt", FIRST);
    let text = "format = 1\nnuclide = 'Lu-177'\n[[cycle]]\nct = 'ct'\n[[cycle.time_point]]\nactivity = 'pt'\n\
                [series]\nrelative_uncertainty = 0.05\ncalibration = { factor = \"20.1 cps/MBq\" }\n\
                method = { default = 'haenscheid' }\n";
    std::fs::write(export.path("study.toml"), text).unwrap();
    let output = export.run(&["check", "study.toml"]);
    assert!(said(&output).contains("already in BQML"), "{}", said(&output));
}

/// Of CTs, and of versions of one RTSTRUCT, the one that is taken and the others are told; the study holds as it is written.
#[test]
fn what_could_stand_in_place_of_what_was_taken_is_told() {
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    export.series("late", Series { at: ["20260301", "141000"], ..ct("A", "1.2.3.21", "1.2.3.2") });
    export.series("pt", FIRST);
    // Of another day: no alternative.
    export.series("other", Series { at: ["20260309", "140000"], ..ct("A", "1.2.3.22", "1.2.3.2") });
    let drawn = |date: &str| structures("A", "1.2.3.2").text((0x3006, 8), "DA", date);
    export.write("a.dcm", &drawn("20260308"));
    export.write("b.dcm", &drawn("20260307"));
    let output = export.run(&["init", "."]);
    for part in
        ["2 CT series belong to one scan", "a.dcm and b.dcm both have 'kidney'", "the newer"]
    {
        assert!(said(&output).contains(part), "'{part}' is not in {}", said(&output));
    }
    let study = export.text("study.toml");
    for part in [
        "\nct = \"ct\"",
        "# or: ct = \"late\", ct_series = \"1.2.3.21\" (8 slices)",
        "\nfile = \"a.dcm\"",
        "\n# file = \"b.dcm\"",
    ] {
        assert!(study.contains(part), "'{part}' is not in\n{study}");
    }
    assert!(!study.contains("1.2.3.22"), "{study}");
    std::fs::write(export.path("study.toml"), study.replace("# method = ", "method = ")).unwrap();
    let output = export.run(&["check", "study.toml"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// VOIs of another PatientID, and another name under one, are told by all commands; no name is shown or written.
#[test]
fn vois_and_names_of_another_patient_are_told() {
    let export = Export::new();
    export.series("ct", ct("A", "1.2.3.20", "1.2.3.2"));
    for (n, at) in [["20260301", "140000"], ["20260302", "100000"]].into_iter().enumerate() {
        let values = [[20_000, 1_000], [15_000, 700]][n];
        let of = Series { uid: ["1.2.3.10", "1.2.3.11"][n], at, values, ..FIRST };
        for k in 0..SIDE {
            let named = slice(&of, k).text((0x10, 0x10), "PN", ["Doe^Jane", "Roe^John"][n]);
            export.write(&format!("pt{n}/{k}.dcm"), &named);
        }
    }
    export.write("rs.dcm", &structures("B", "1.2.3.2"));
    let output = export.run(&["init", "."]);
    for part in [
        "PatientName (0010,0010) of 0.dcm is another than that of 0.dcm",
        "PatientID 'B': no activity image, so no study; not used: rs.dcm, though in the frame of reference of PatientID 'A'",
    ] {
        assert!(said(&output).contains(part), "'{part}' is not in {}", said(&output));
    }
    let study = std::fs::read_dir(export.path("")).unwrap().map(|e| e.unwrap().path());
    let study = study.into_iter().find(|p| p.extension().is_some_and(|e| e == "toml")).unwrap();
    let text = std::fs::read_to_string(&study).unwrap();
    let text = text
        .replacen("[[cycle.time_point]]", "[[cycle.voi]]\nfile = 'rs.dcm'\n[[cycle.time_point]]", 1)
        .replace("[dose]", "[dose]\nhistories = 2000\nengine = 'cpu'");
    std::fs::write(export.path("study.toml"), text).unwrap();
    let check = export.run(&["check", "study.toml"]);
    assert!(check.status.success(), "{}", said(&check));
    let run = export.run(&["run", "study.toml"]);
    assert!(run.status.success(), "{}", said(&run));
    let checked = String::from_utf8_lossy(&check.stdout).into_owned();
    for (by, told) in [("check", checked), ("run", said(&run))] {
        for part in [
            "PatientID (0010,0020) of the CT is 'A', that of the VOIs (rs.dcm) 'B'",
            "PatientName (0010,0010) of the activity of time point 2 is another than that of the activity of time point 1",
        ] {
            assert!(told.contains(part), "{by}: '{part}' is not in {told}");
        }
        assert!(!told.contains("Doe") && !told.contains("Roe"), "{by}: {told}");
    }
    for file in ["dose/summary.json", "report.html", "stages.json"] {
        let text = export.text(&format!("study-out/{file}"));
        let known = ["Doe", "Roe", "'B'"].into_iter().find(|n| text.contains(n));
        assert_eq!(known, None, "{file}");
    }
}
