//! What a header lists more than once, or in another quantity than counts: radiopharmaceuticals, rotations, count rates.

use crate::source::*;
use crate::writer::DataSet;

const HOUR: f64 = 3600.0;
const DRUGS: (u16, u16) = (0x0054, 0x0016);

fn drug(nuclide: &str, given: &str) -> DataSet {
    DataSet::default().ds((0x0018, 0x1075), &[half_life_s(nuclide)]).text(
        (0x0018, 0x1078),
        "DT",
        given,
    )
}

fn f18(scanner: &Scanner, change: impl Fn(DataSet) -> DataSet) -> Bench {
    let bench = Bench::new();
    let objects: Vec<DataSet> = pet(scanner, Zone::Local).into_iter().map(change).collect();
    bench.series("p", &objects);
    bench
}

/// A stated time is that of the scan's start, to whatever time its values are corrected; or to that time, where the file's clocks agree with it so.
#[test]
fn a_stated_time_is_counted_from_the_start_of_the_scan() {
    let scanner = Scanner { series_before_s: 1800.0, ..Scanner::new("F-18", "START", HOUR, 1) };
    let only_half_life = |o: DataSet| {
        o.sq(DRUGS, &[DataSet::default().ds((0x0018, 0x1075), &[half_life_s("F-18")])])
    };
    let silent = f18(&scanner, only_half_life);
    let run = silent.dose("p", "F-18", &["--physical-decay", "--administered", "1h"]);
    run.expect(all_decays("F-18"), "no administration in the file");
    run.says("counted from the start of the scan, 0.5 h after the time to which");
    let dated = f18(&scanner, |o| o);
    for hours in ["1h", "0.5h"] {
        let run = dated.dose("p", "F-18", &["--physical-decay", "--administered", hours]);
        run.expect(all_decays("F-18"), hours);
        assert!(!run.text.contains("the stated time is taken"), "{}", run.text);
    }
    // Frames of one series, each at its own time after its common start, by their stated times.
    let bench = Bench::new();
    let mut points = Vec::new();
    for (n, minutes) in [5.0, 30.0, 110.0].into_iter().enumerate() {
        let scanner = Scanner {
            series_before_s: 60.0 * (minutes - 5.0),
            ..Scanner::new("F-18", "START", 60.0 * minutes, 1)
        };
        let objects: Vec<DataSet> =
            pet(&scanner, Zone::Local).into_iter().map(only_half_life).collect();
        bench.series(&format!("f{n}"), &objects);
        points.push((format!("f{n}"), format!("time = \"{minutes}min\"")));
    }
    let points: Vec<(&str, &str)> = points.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    bench.text("s.toml", &series_of("", &points));
    bench.dose("s.toml", "F-18", &[]).expect(all_decays("F-18"), "frames of one series");
}

/// Of several radiopharmaceuticals that of the run's nuclide counts; two administrations of it are asked about.
#[test]
fn the_radiopharmaceutical_of_the_nuclide_counts() {
    let scanner = Scanner::new("F-18", "START", HOUR, 1);
    let f18_given = "20260328223000.5";
    let two = f18(&scanner, |o| {
        o.sq(DRUGS, &[drug("Ga-68", "20260328203000.5"), drug("F-18", f18_given)])
    });
    let run = two.dose("p", "F-18", &["--physical-decay"]);
    run.expect(all_decays("F-18"), "the second of two");
    // What was given of the other is no limit to this one.
    let little = f18(&scanner, |o| {
        let other = drug("Ga-68", "20260328203000.5").ds((0x0018, 0x1074), &[0.01 * BQ]);
        o.sq(DRUGS, &[other, drug("F-18", f18_given).ds((0x0018, 0x1074), &[2.0 * BQ])])
    });
    little.dose("p", "F-18", &["--physical-decay"]).expect(all_decays("F-18"), "little of another");
    run.says("number 2");
    let twice = f18(&scanner, |o| {
        o.sq(DRUGS, &[drug("F-18", f18_given), drug("F-18", "20260328213000.5")])
    });
    twice.dose("p", "F-18", &["--physical-decay"]).refused("two administrations of the nuclide");
    twice
        .dose("p", "F-18", &["--physical-decay", "--administered", "1h"])
        .expect(all_decays("F-18"), "stated");
}

/// Count rates are not divided by a duration.
#[test]
fn count_rates_are_rates() {
    let scanner = Scanner::new("F-18", "START", HOUR, 1);
    for units in ["CPS", "PROPCPS"] {
        let bench = f18(&scanner, |o| o.text((0x0054, 0x1001), "CS", units));
        let counts = ["--activity-unit", "counts", "--calibration", "1 Bq/mL per cps"];
        let run = bench.dose("p", "F-18", &[&counts[..], &["--physical-decay"]].concat());
        run.expect(all_decays("F-18"), units);
        run.says("values are count rates");
    }
}

/// Rotations of one bed add up, those of beds and heads do not: which of them an object has is asked.
#[test]
fn several_rotations_are_asked_about() {
    let bench = Bench::new();
    let scanner = Scanner { frame_s: 1200.0, ..Scanner::new("Lu-177", "NONE", 4.0 * HOUR, 1) };
    let views = || DataSet::default().us((0x0054, 0x0053), &[60]).ds((0x0018, 0x1242), &[10_000.0]);
    let object = nm(&scanner, Zone::Local, 20.0, true).sq((0x0054, 0x0052), &[views(), views()]);
    bench.series("n", &[object]);
    let counts =
        ["--activity-unit", "counts", "--calibration", "24000 Bq/mL per cps", "--physical-decay"];
    bench.dose("n", "Lu-177", &counts).refused("--scan-duration");
    bench
        .dose("n", "Lu-177", &[&counts[..], &["--scan-duration", "20min"]].concat())
        .expect(all_decays("Lu-177"), "20 min stated");
}
