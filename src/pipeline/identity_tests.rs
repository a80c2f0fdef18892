//! Headers against each other and against the options.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::checks::tests::Ear;
use super::super::series_file::TimePoint;
use super::*;
use crate::io::dicom::NuclideCode;
use crate::job::SourceChoice;
use crate::pipeline::source::read_source;

fn record(role: &'static str, facts: Facts) -> InputRecord {
    InputRecord {
        role,
        path: PathBuf::new(),
        files: 1,
        sha256: String::new(),
        dims: Some([4, 4, 10]),
        spacing_mm: Some([4.0; 3]),
        series_uid: None,
        frame_of_reference_uid: None,
        activity_time: None,
        activity_bq: Some(1e9),
        notes: Vec::new(),
        facts: Some(facts),
    }
}

/// What is warned of, and the error.
fn judged(records: &[InputRecord], nuclide: &str) -> (Vec<String>, Option<String>) {
    judged_series(records, nuclide, None)
}

fn judged_series(
    records: &[InputRecord],
    nuclide: &str,
    series: Option<&SeriesInput>,
) -> (Vec<String>, Option<String>) {
    let choice = SourceChoice::Nuclide { name: nuclide.into(), horizon_s: None, retained: 1.0 };
    let (ear, none) = (Ear::default(), BTreeSet::new());
    let checks = Checks::new(&none, &ear);
    check(records, &read_source(&choice).unwrap(), series, None, &checks);
    let error = checks.settle().err().map(|e| e.to_string());
    (ear.0.into_inner().unwrap(), error)
}

fn header(scheme: &str, value: &str, meaning: &str, half_life_s: Option<f64>) -> Facts {
    let (scheme, value, meaning) = (scheme.into(), value.into(), meaning.into());
    let nuclide = Some(NuclideCode { value, scheme, meaning });
    let item = Radiopharmaceutical { nuclide, half_life_s, ..Default::default() };
    Facts { radiopharmaceuticals: vec![item], ..Facts::default() }
}

enum Expected {
    Fine,
    Warning,
    Refusal,
}

#[test]
fn nuclides_of_headers() {
    use Expected::*;
    let f18 = || header("SRT", "C-111A1", "^18^Fluorine", Some(6588.0));
    let lu = |t| header("99SDM", "C-101ED", "177 Lutetium", t);
    let only = |t| Facts {
        radiopharmaceuticals: vec![Radiopharmaceutical {
            half_life_s: Some(t),
            ..Default::default()
        }],
        ..Facts::default()
    };
    let code = |scheme, value| header(scheme, value, "", None);
    let cases: Vec<(Facts, &str, Expected)> = vec![
        (f18(), "F-18", Fine),
        (f18(), "Lu-177", Refusal),
        (f18(), "Y-90", Refusal),
        (lu(Some(574_300.0)), "Lu-177", Fine),
        (lu(Some(581_472.0)), "Lu-177", Fine),
        (lu(None), "Lu-177", Fine),
        (lu(Some(6588.0)), "Lu-177", Refusal),
        (lu(None), "F-18", Refusal),
        // Each alone.
        (code("SCT", "77004003"), "Lu-177", Refusal),
        (code("SCT", "447553000"), "Lu-177", Fine),
        (code("DCM", "126600"), "Sc-44", Fine),
        (header("", "", "F-18", None), "Ga-68", Refusal),
        (header("", "", "68Ga", None), "Ga-68", Fine),
        (only(4062.6), "Ga-68", Fine),
        (only(4062.6), "Lu-177", Refusal),
        (only(21_636.0), "Tc-99m", Fine),
        // In hours, days and minutes in the place of s; of another nuclide in any unit.
        (lu(Some(159.5)), "Lu-177", Warning),
        (lu(Some(6.647)), "Lu-177", Warning),
        (only(67.7), "Ga-68", Warning),
        (lu(Some(109.8)), "Lu-177", Refusal),
        (header("SRT", "C-111A1", "^18^Fluorine", Some(159.5)), "Lu-177", Refusal),
        // Pairs of imaging and therapy.
        (code("SRT", "C-163A8"), "Y-90", Refusal),
        (code("SRT", "C-114A5"), "I-131", Refusal),
        (code("SRT", "C-162A3"), "Y-90", Refusal),
        (code("SRT", "C-131A3"), "Lu-177", Refusal),
        (code("SRT", "C-114A4"), "I-131", Refusal),
        // Similar half-lives, told apart by the code.
        (header("SRT", "C-114A4", "^123^Iodine", Some(47_600.0)), "Cu-64", Refusal),
        (header("SRT", "C-131A2", "^67^Gallium", Some(281_800.0)), "Zr-89", Refusal),
        // Codes and words that are not known say nothing.
        (header("99ACME", "X-1", "isotope", None), "Lu-177", Fine),
        (header("99ACME", "X-1", "isotope", Some(574_300.0)), "Lu-177", Fine),
        (Facts::default(), "Lu-177", Fine),
        // A slip of the code, or of its meaning.
        (header("SRT", "C-162A3", "^90^Yttrium", Some(230_760.0)), "Y-90", Warning),
        (header("SRT", "C-1018C", "^177^Lutetium", Some(574_300.0)), "Lu-177", Warning),
        (header("SRT", "C-162A3", "^90^Yttrium", Some(230_760.0)), "Lu-177", Refusal),
        // Progeny in equilibrium, and none.
        (header("", "", "Bi-213", Some(2735.0)), "Ac-225", Warning),
        (header("", "", "Fr-221", None), "Ac-225", Warning),
        (header("", "", "Tl-208", None), "Pb-212", Warning),
        (header("SRT", "C-131A3", "^68^Gallium", Some(4062.6)), "Ge-68", Warning),
        (header("", "", "Lu-177", Some(574_300.0)), "Lu-177m", Refusal),
        (header("SRT", "C-128A2", "^68^Germanium", None), "Ga-68", Refusal),
    ];
    for (n, (facts, nuclide, expected)) in cases.into_iter().enumerate() {
        let listed = format!("case {n}: {:?}, {nuclide}", facts.radiopharmaceuticals);
        if crate::physics::Nuclide::load(nuclide).is_err() {
            println!("{nuclide} is not carried: skipped");
            continue;
        }
        let (warned, error) = judged(&[record("activity", facts)], nuclide);
        match expected {
            Fine => assert!(warned.is_empty() && error.is_none(), "{listed}: {warned:?} {error:?}"),
            Warning => {
                assert!(warned.len() == 1 && error.is_none(), "{listed}: {warned:?} {error:?}")
            }
            Refusal => {
                let error = error.unwrap_or_else(|| panic!("{listed} passed"));
                assert!(error.contains("--accept nuclide") && error.contains(nuclide), "{error}");
            }
        }
    }
}

#[test]
fn one_of_two_radiopharmaceuticals_is_enough() {
    let mut facts = header("SRT", "C-163A8", "^99m^Technetium", Some(21_600.0));
    facts
        .radiopharmaceuticals
        .extend(header("SRT", "C-145A4", "^111^Indium", Some(242_300.0)).radiopharmaceuticals);
    assert_eq!(judged(&[record("activity", facts.clone())], "In-111"), (vec![], None));
    assert!(judged(&[record("activity", facts)], "I-131").1.is_some());
}

#[test]
fn names_and_energy_windows_are_hints() {
    let named = |name: &str| Facts {
        radiopharmaceuticals: vec![Radiopharmaceutical {
            name: Some(name.into()),
            ..Default::default()
        }],
        ..Facts::default()
    };
    let window = |name: Option<&str>, low, high| Facts {
        energy_window: Some(EnergyWindow {
            name: name.map(str::to_owned),
            limits_kev: Some([low, high]),
        }),
        ..Facts::default()
    };
    let warned = |facts: Facts, nuclide: &str| {
        let (warned, error) = judged(&[record("activity", facts)], nuclide);
        assert!(error.is_none(), "{error:?}");
        warned.len()
    };
    assert_eq!(warned(named("177Lu-PSMA-617"), "Lu-177"), 0);
    assert_eq!(warned(named("FDG -- fluorodeoxyglucose"), "Lu-177"), 0);
    assert_eq!(warned(named("Tc-99m MAA"), "Y-90"), 1);
    assert_eq!(warned(window(None, 187.0, 229.0), "Lu-177"), 0);
    assert_eq!(warned(window(None, 126.0, 154.0), "Lu-177"), 1);
    assert_eq!(warned(window(None, 126.0, 154.0), "Tc-99m"), 0);
    assert_eq!(warned(window(None, 328.0, 400.0), "I-131"), 0);
    // Bremsstrahlung has no line.
    assert_eq!(warned(window(None, 55.0, 285.0), "Y-90"), 0);
    // Bi-213 of Ac-225.
    assert_eq!(warned(window(None, 396.0, 484.0), "Ac-225"), 0);
    assert_eq!(warned(window(Some("Tc99m_EM"), 126.0, 154.0), "Lu-177"), 1);
    assert_eq!(warned(window(Some("Lu177 113"), 90.0, 100.0), "Lu-177"), 0);
}

fn of(patient: Option<&str>, frame: Option<&str>) -> Facts {
    Facts {
        patient_id: patient.map(Into::into),
        frame_of_reference_uid: frame.map(Into::into),
        ..Facts::default()
    }
}

fn series(shifts: [Option<[f64; 3]>; 2], times: [Option<f64>; 2]) -> SeriesInput {
    let text = "version = 1\nrelative_uncertainty = 0.05\n[[time_point]]\nactivity = 'a'\n[[time_point]]\nactivity = 'b'\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    std::fs::write(&path, text).unwrap();
    let mut series = SeriesInput::read(&path).unwrap();
    for (n, point) in series.points.iter_mut().enumerate() {
        let TimePoint { shift_mm, shift_stated, stated, .. } = point;
        (*shift_mm, *shift_stated) = (shifts[n].unwrap_or_default(), shifts[n].is_some());
        stated.time = times[n].map(TimeOrSpan::Span);
    }
    series
}

#[test]
fn patients_and_frames() {
    let judge = |ct: Facts, activity: Facts| {
        judged(&[record("activity", activity), record("ct", ct)], "Lu-177").1
    };
    assert_eq!(judge(of(Some("P1"), Some("1.2")), of(Some("P1"), Some("1.2"))), None);
    assert_eq!(judge(of(Some("p1 "), None), of(Some("P1"), Some("1.2"))), None);
    assert_eq!(judge(of(None, None), of(Some("P1"), Some("1.2"))), None);
    let patient = judge(of(Some("P1"), None), of(Some("P2"), None)).unwrap();
    assert!(patient.contains("'P2'") && patient.contains("--accept patient"), "{patient}");
    let frame = judge(of(None, Some("1.2")), of(None, Some("1.3"))).unwrap();
    assert!(
        frame.contains("of the activity is 1.3") && frame.contains("--accept frame"),
        "{frame}"
    );
    let both = judge(of(Some("P1"), Some("1.2")), of(Some("P2"), Some("1.3"))).unwrap();
    assert!(both.contains("--accept frame,patient"), "{both}");
}

#[test]
fn every_time_point_is_compared() {
    let judge = |frames: [&str; 3], shifts| {
        let mut records = vec![record("ct", of(Some("P1"), Some(frames[0])))];
        records.extend(frames[1..].iter().map(|f| record("activity", of(Some("P1"), Some(f)))));
        judged_series(&records, "Lu-177", Some(&series(shifts, [None; 2])))
    };
    assert_eq!(judge(["1", "1", "1"], [None; 2]), (vec![], None));
    let error = judge(["1", "1", "2"], [None; 2]).1.unwrap();
    assert!(error.contains("time point 2") && error.contains("shift_mm"), "{error}");
    let (warned, error) = judge(["1", "1", "2"], [None, Some([0.0, 0.0, 47.0])]);
    assert!(error.is_none() && warned[0].contains("shift_mm"), "{warned:?} {error:?}");
    // A CT without header: the two SPECT are compared with each other.
    let pair = |shifts| {
        let records = ["1", "2"].map(|f| record("activity", of(None, Some(f))));
        judged_series(&records, "Lu-177", Some(&series(shifts, [None; 2]))).1
    };
    assert!(pair([None; 2]).unwrap().contains("time point 1 is 1"));
    assert_eq!(pair([None, Some([0.0; 3])]), None);
    // Another patient, another nuclide at one of the times.
    let mut second = header("SRT", "C-111A1", "^18^Fluorine", Some(6588.0));
    second.patient_id = Some("P2".into());
    let records = [record("activity", of(Some("P1"), None)), record("activity", second)];
    let error = judged_series(&records, "Lu-177", Some(&series([None; 2], [None; 2]))).1.unwrap();
    assert!(
        error.contains("time point 2") && error.contains("--accept nuclide,patient"),
        "{error}"
    );
}

/// What the user says was given goes before the header, with a word where they differ; an image without a header is held against it too.
#[test]
fn stated_activity() {
    let with = |given: f64| Facts { administered_bq: Some(given), ..Facts::default() };
    let one = |facts: Option<Facts>, stated: f64| {
        let record = InputRecord { facts, ..record("activity", Facts::default()) };
        let choice =
            SourceChoice::Nuclide { name: "Lu-177".into(), horizon_s: None, retained: 1.0 };
        let (ear, none) = (Ear::default(), BTreeSet::new());
        let checks = Checks::new(&none, &ear);
        check(&[record], &read_source(&choice).unwrap(), None, Some(stated), &checks);
        let error = checks.settle().err().map(|e| e.to_string());
        (ear.0.into_inner().unwrap(), error)
    };
    // The image holds 1e9 Bq.
    assert_eq!(one(None, 7.4e9), (vec![], None));
    assert!(one(None, 7.4e6).1.unwrap().contains("135.14 times"));
    assert_eq!(one(Some(with(7.0e9)), 7.4e9), (vec![], None));
    let (told, error) = one(Some(with(7.4e6)), 7.4e9);
    assert!(told[0].contains("(0018,1074)") && told.len() == 1 && error.is_none(), "{told:?}");
    assert!(one(Some(with(7.4e9)), 7.4e6).1.unwrap().contains("as stated"));
}

#[test]
fn injected_activity() {
    let with = |given: f64| Facts { administered_bq: Some(given), ..Facts::default() };
    let one = |facts: Facts| judged(&[record("activity", facts)], "Lu-177");
    // The image holds 1e9 Bq.
    assert_eq!(one(with(7.4e9)), (vec![], None));
    assert_eq!(one(with(0.85e9)), (vec![], None));
    let error = one(with(0.8e9)).1.unwrap();
    assert!(error.contains("1.25 times") && error.contains("--accept injected"), "{error}");
    assert!(one(with(1e6)).1.unwrap().contains("1000.00 times"));
    // In another unit: the reader has warned.
    assert_eq!(one(with(740.0)), (vec![], None));
    // After a week half of it is left.
    let week = 7.0 * 86_400.0;
    let late = |given: f64, correction: Option<&str>| {
        let facts = Facts { decay_correction: correction.map(Into::into), ..with(given) };
        let records = [record("activity", facts)];
        judged_series(&records, "Lu-177", Some(&series([None; 2], [Some(week), None])))
    };
    assert!(late(1.5e9, Some("START")).1.unwrap().contains("left 168.00 h"));
    assert!(late(1.5e9, None).1.is_some());
    assert_eq!(late(1.5e9, Some("ADMIN")), (vec![], None));
    assert_eq!(late(1.9e9, Some("START")), (vec![], None));
    // By the file's own clock, which may have been moved: a warning, and none for a time that cannot be.
    let clock = |scan: &str| {
        let at = |date: &str| crate::time::Moment::parse(&format!("{date}T10:00")).ok();
        let (acquisition_time, administration_time) = (at(scan), at("2026-03-01"));
        one(Facts { acquisition_time, administration_time, ..with(1.5e9) })
    };
    let (warned, error) = clock("2026-03-08");
    assert!(error.is_none() && warned[0].contains("by its clock"), "{warned:?}");
    for moved in ["2026-03-01", "1900-01-01", "2056-01-01"] {
        assert_eq!(clock(moved), (vec![], None), "{moved}");
    }
}

#[test]
fn slices_that_are_missing() {
    let with = |stated, images| Facts {
        stated_slices: stated,
        images_in_acquisition: images,
        ..Facts::default()
    };
    let judge = |facts| judged(&[record("activity", facts)], "Lu-177");
    assert_eq!(judge(with(Some(10), Some(10))), (vec![], None));
    assert_eq!(judge(with(Some(9), Some(4))), (vec![], None));
    let error = judge(with(Some(12), None)).1.unwrap();
    assert!(error.contains("2 slices are missing") && error.contains("--accept slices"), "{error}");
    let (warned, error) = judge(with(None, Some(12)));
    assert!(error.is_none() && warned[0].contains("may be missing"), "{warned:?}");
}

/// One administration, one half-life: images of two cycles in one series.
#[test]
fn a_series_is_of_one_administration() {
    let pair = |a: Facts, b: Facts| {
        let records = [record("activity", a), record("activity", b)];
        judged_series(&records, "Lu-177", Some(&series([None; 2], [None; 2])))
    };
    let given = |bq: f64| Facts { administered_bq: Some(bq), ..Facts::default() };
    assert_eq!(pair(given(7.4e9), given(7.43e9)), (vec![], None));
    // Another unit: the reader has warned of it.
    assert_eq!(pair(given(7.4e9), given(7.4e3)), (vec![], None));
    let error = pair(given(7.4e9), given(6.1e9)).1.unwrap();
    assert!(error.contains("time point 2") && error.contains("--accept injected"), "{error}");
    let half_life = |s: f64| Facts { half_life_s: Some(s), ..Facts::default() };
    assert_eq!(pair(half_life(574_300.0), half_life(574_340.0)), (vec![], None));
    let (warned, error) = pair(half_life(574_300.0), half_life(578_000.0));
    assert!(error.is_none() && warned[0].contains("578000"), "{warned:?} {error:?}");
}

/// Enhanced PET: corrected to a time of its own, which tells how much is left.
#[test]
fn what_is_left_at_a_stated_time_of_correction() {
    let day = |text: &str| crate::time::Moment::parse(text).unwrap();
    let facts = |to: &str| Facts {
        administered_bq: Some(1.2e9),
        decay_correction: Some("START".into()),
        administration_time: Some(day("2026-03-01T10:00:00")),
        acquisition_time: Some(day("2026-03-08T10:00:00")),
        decay_corrected_to: Some(day(to)),
        ..Facts::default()
    };
    let one = |to: &str| judged(&[record("activity", facts(to))], "Lu-177");
    // The image holds 1e9 Bq: right at the administration, too much a week later.
    assert_eq!(one("2026-03-01T10:00:00"), (vec![], None));
    let (warned, error) = one("2026-03-08T10:00:00");
    assert!(error.is_none() && warned[0].contains("168.00 h"), "{warned:?} {error:?}");
}
