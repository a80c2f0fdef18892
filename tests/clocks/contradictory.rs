//! One object that states a time or a correction twice and differently: both are shown, with what is taken.

use crate::source::*;
use crate::writer::DataSet;

const HOUR: f64 = 3600.0;
const FACTOR: (u16, u16) = (0x0054, 0x1321);
const CORRECTED: (u16, u16) = (0x0028, 0x0051);

fn run(correction: &'static str, change: impl Fn(DataSet) -> DataSet, more: &[&str]) -> Run {
    let bench = Bench::new();
    let scanner = Scanner { factors: false, ..Scanner::new("F-18", correction, HOUR, 1) };
    let objects: Vec<DataSet> = pet(&scanner, Zone::Local).into_iter().map(change).collect();
    bench.series("p", &objects);
    let mut arguments = vec!["--physical-decay"];
    arguments.extend(more);
    bench.dose("p", "F-18", &arguments)
}

fn drug(dated: &str, timed: &str) -> DataSet {
    DataSet::default()
        .ds((0x0018, 0x1075), &[half_life_s("F-18")])
        .text((0x0018, 0x1078), "DT", dated)
        .text((0x0018, 0x1072), "TM", timed)
}

#[test]
fn two_times_of_one_administration() {
    let apart = " apart: the former is taken";
    let given = |dated: &'static str, timed: &'static str| {
        move |o: DataSet| o.sq((0x0054, 0x0016), &[drug(dated, timed)])
    };
    let both = run("START", given("20260328223000.5", "213000"), &[]);
    both.expect(all_decays("F-18"), "the date and time");
    both.says("RadiopharmaceuticalStartDateTime (0018,1078) is 2026-03-28T22:30:00.5").says(
        "RadiopharmaceuticalStartTime (0018,1072) is 21:30:00, 1.00014 h apart: the former is taken",
    );
    // By clocks of two zones that no offset explains.
    run("START", given("20260328213000.5+0000", "224200"), &["--administered", "1h"]).says(apart);
    // A minute apart, and in two zones.
    for (dated, timed) in [("20260328223000.5", "222900"), ("20260328213000.5+0000", "223000.5")] {
        let same = run("START", given(dated, timed), &[]);
        same.expect(all_decays("F-18"), dated);
        assert!(!same.text.contains(apart), "{}", same.text);
    }
}

#[test]
fn two_times_of_one_acquisition() {
    let start = |o: DataSet| o.text((0x0008, 0x002A), "DT", "20260328233000.5");
    let same = run("START", start, &[]);
    same.expect(all_decays("F-18"), "the same");
    assert!(!same.text.contains("apart"), "{}", same.text);
    let wrong = run("START", |o| start(o).text((0x0008, 0x0032), "TM", "235000"), &[]);
    wrong.expect(all_decays("F-18"), "the date and time");
    wrong.says("AcquisitionDateTime (0008,002A) is 2026-03-28T23:30:00.5");
    wrong.says("AcquisitionTime (0008,0032) is 23:50:00, 0.33319 h apart");
}

#[test]
fn corrections_that_contradict_each_other() {
    let taken = "is NONE and CorrectedImage (0028,0051) lists DECY: NONE is taken";
    let listed = |o: DataSet| o.text(CORRECTED, "CS", "ATTN\\DECY");
    let run_of = |correction, change: &dyn Fn(DataSet) -> DataSet| run(correction, change, &[]);
    let none = run_of("NONE", &listed);
    none.expect(all_decays("F-18"), "not corrected");
    none.says(taken);
    run_of("NONE", &|o| o.text(CORRECTED, "CS", "ATTN").ds(FACTOR, &[1.46]))
        .says("is NONE and DecayFactor (0054,1321) is 1.46: values are taken as not corrected");
    run_of("START", &|o| o.text(CORRECTED, "CS", "ATTN"))
        .says("is START and CorrectedImage (0028,0051) does not list DECY: START is taken");
    for (correction, list) in [("NONE", "ATTN"), ("START", "ATTN\\DECY"), ("ADMIN", "DECY")] {
        let told = run_of(correction, &|o| o.text(CORRECTED, "CS", list)).text;
        assert!(!told.contains("is taken;"), "{told}");
    }
}

/// A duration of 0 is one that was not filled in.
#[test]
fn a_frame_of_no_duration() {
    let run = run("NONE", |o| o.ds((0x0018, 0x1242), &[0.0]), &[]);
    run.says("the duration of the scan is not known");
}

/// Seconds written for milliseconds make a scan of 20 min one of 1.2 s.
#[test]
fn seconds_for_milliseconds() {
    let said = "is 1200 ms, a scan of 1.2 s: if seconds were written for milliseconds, values are 6.1 % off";
    run("NONE", |o| o.ds((0x0018, 0x1242), &[1200.0]), &[]).says(said);
    let stated = run("NONE", |o| o.ds((0x0018, 0x1242), &[1200.0]), &["--scan-duration", "20min"]);
    assert!(!stated.text.contains("milliseconds"), "{}", stated.text);
    let right = run("NONE", |o| o.ds((0x0018, 0x1242), &[1_200_000.0]), &[]);
    assert!(!right.text.contains("milliseconds"), "{}", right.text);
}

/// A half-life in minutes, hours or days is that of the nuclide, told, and undone as such.
#[test]
fn a_half_life_in_another_unit() {
    let seconds = half_life_s("F-18");
    for (unit, of_unit) in [("minutes", 60.0), ("hours", 3600.0), ("days", 86_400.0)] {
        for correction in ["ADMIN", "START", "NONE"] {
            let written = |o: DataSet| {
                let drug = DataSet::default().ds((0x0018, 0x1075), &[seconds / of_unit]).text(
                    (0x0018, 0x1078),
                    "DT",
                    "20260328223000.5",
                );
                o.sq((0x0054, 0x0016), &[drug])
            };
            let run = run(correction, written, &[]);
            run.expect(all_decays("F-18"), &format!("{correction} in {unit}"));
            run.says(&format!("in {unit} the half-life of F-18 and not in s"));
        }
    }
}

/// Beds that are each corrected to their own start, without factors: times after the reference that start anew with each bed say so.
#[test]
fn beds_corrected_to_their_own_start() {
    let bench = Bench::new();
    let whole = Scanner::new("Ga-68", "START", HOUR, 3);
    let beds = |reference_ms: Option<f64>| -> Vec<DataSet> {
        (0..SLICES)
            .map(|k| {
                let start_s = whole.frame_start_s(k);
                let own = Scanner { factors: false, ..Scanner::new("Ga-68", "START", start_s, 1) };
                let object = pet(&own, Zone::Local).remove(k).text((0x0020, 0x000E), "UI", "1.2.9");
                let object = Zone::Local.scan(object, start_s, -HOUR);
                match reference_ms {
                    Some(ms) => object.ds((0x0054, 0x1300), &[ms]),
                    None => object,
                }
            })
            .collect()
    };
    bench.series("own", &beds(Some(295_000.0)));
    bench.series("silent", &beds(None));
    let own = bench.dose("own", "Ga-68", &["--physical-decay"]);
    own.expect(all_decays("Ga-68"), "each to its own start");
    own.says("as FrameReferenceTime (0054,1300) says, not to");
    let off = (std::f64::consts::LN_2 * 1200.0 / half_life_s("Ga-68")).exp();
    bench.dose("silent", "Ga-68", &["--physical-decay"]).says(&format!(
        "were it the start of each, the activity of a frame would be up to {off:.4} times"
    ));
}
