//! One image: decays in place since the administration or since the scan, and the dose rate at a time that is named.

use crate::source::*;

const HOUR: f64 = 3600.0;

#[test]
fn decays_in_place_count_from_the_administration() {
    let bench = Bench::new();
    for (nuclide, hours) in [("Y-90", 24.0), ("F-18", 1.4), ("Ga-68", 1.4)] {
        for correction in ["START", "ADMIN", "NONE"] {
            for (beds, zone) in [(1, Zone::Local), (3, Zone::Utc)] {
                let what = format!("{nuclide} {correction} {beds} {zone:?}");
                bench.series(
                    "p",
                    &pet(&Scanner::new(nuclide, correction, hours * HOUR, beds), zone),
                );
                let run = bench.dose("p", nuclide, &["--physical-decay"]);
                run.expect(all_decays(nuclide), &what);
                run.says("decays are counted from the administration at 2026-03-28T2");
                assert_eq!(run.setup.as_ref().unwrap()["decays_counted_from"], "administration");
            }
        }
    }
}

#[test]
fn both_conventions_can_be_chosen_and_are_named() {
    let bench = Bench::new();
    let left = |hours: f64| all_decays("Y-90") * (-hours * HOUR / half_life_s("Y-90")).exp2();
    bench.series("p", &pet(&Scanner::new("Y-90", "START", 24.0 * HOUR, 1), Zone::Local));
    let run = bench.dose("p", "Y-90", &["--physical-decay", "--decay-from", "image"]);
    run.expect(left(24.0), "from the image");
    run.says("counted from the time of the image: 2026-03-29T22:30:00.5")
        .says("24 h after the administration");
    let timing = &run.setup.as_ref().unwrap()["timing"];
    assert_eq!(timing["administered"], "2026-03-28T22:30:00.5");
    assert_eq!(timing["hours_after_administration"], 24.0);
    // The statement wins, with both shown; by length or by date.
    let run = bench.dose("p", "Y-90", &["--physical-decay", "--administered", "22h"]);
    run.expect(left(24.0) / left(22.0) * all_decays("Y-90"), "stated length");
    run.says("stated to be 22 h").says("24 h");
    let run =
        bench.dose("p", "Y-90", &["--physical-decay", "--administered", "2026-03-29T00:30:00.5"]);
    run.expect(left(24.0) / left(22.0) * all_decays("Y-90"), "stated date");
    run.says("the stated one is taken");
    let integrated = ["--activity-unit", "Bq*s", "--administered", "22h"];
    bench.dose("p", "Y-90", &integrated).refused("--administered");
    bench.dose("p", "Y-90", &["--decay-from", "image"]).refused("without --physical-decay");
    bench
        .dose("p", "Y-90", &["--physical-decay", "--administered", "25:00"])
        .refused("--administered");
}

/// Where nobody says when activity was given, the program asks; what ADMIN states is itself the activity then.
#[test]
fn what_nobody_states_is_asked_for() {
    let bench = Bench::new();
    let scanner = Scanner::new("Y-90", "START", 20.0 * HOUR, 1);
    plain(&bench.path("m.mha"), &scanner);
    let left = all_decays("Y-90") * (-20.0 * HOUR / half_life_s("Y-90")).exp2();
    let run = bench.dose("m.mha", "Y-90", &["--physical-decay"]);
    run.refused("--administered");
    run.says("--decay-from image");
    bench
        .dose("m.mha", "Y-90", &["--physical-decay", "--decay-from", "image"])
        .expect(left, "image");
    let all = ["--physical-decay", "--administered", "20h"];
    bench.dose("m.mha", "Y-90", &all).expect(all_decays("Y-90"), "stated");
    let none = Scanner { correction: "NONE", ..scanner.clone() };
    plain(&bench.path("m.mha"), &none);
    let options = [&all[..], &["--decay-correction", "none", "--scan-duration", "10min"]].concat();
    bench.dose("m.mha", "Y-90", &options).expect(all_decays("Y-90"), "mean over the scan");
    plain(&bench.path("m.mha"), &Scanner { correction: "ADMIN", ..scanner });
    let options = ["--physical-decay", "--decay-correction", "admin"];
    bench.dose("m.mha", "Y-90", &options).expect(all_decays("Y-90"), "ADMIN");
}

/// The dose rate is that at the scan, whatever the correction, and of all beds at one time.
#[test]
fn a_dose_rate_is_that_at_a_named_time() {
    let bench = Bench::new();
    let at = |hours: f64| BQ * (-hours * HOUR / half_life_s("Ga-68")).exp2();
    for beds in [1, 3] {
        for correction in ["START", "ADMIN"] {
            bench.series("p", &pet(&Scanner::new("Ga-68", correction, HOUR, beds), Zone::Local));
            let run = bench.dose("p", "Ga-68", &[]);
            run.expect(at(1.0), &format!("{correction} {beds}"));
            run.says("2026-03-28T23:30:00.5").says("1 h after the administration");
        }
        let scanner = Scanner::new("Ga-68", "NONE", HOUR, beds);
        bench.series("p", &pet(&scanner, Zone::Local));
        let run = bench.dose("p", "Ga-68", &[]);
        let since =
            run.setup.as_ref().unwrap()["timing"]["hours_after_administration"].as_f64().unwrap();
        run.expect(at(since), &format!("NONE {beds}"));
        // The middle of all frames, but for the curvature of decay.
        let middle = 1.0 + beds as f64 / 12.0;
        assert!((since - middle).abs() < 0.005, "{since} {middle}");
    }
}
