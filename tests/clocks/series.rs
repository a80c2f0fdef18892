//! Time points in every convention: START, ADMIN, NONE; local time, UTC and summer time; one bed and three; four nuclides.

use crate::source::*;
use crate::writer::DataSet;

const HOUR: f64 = 3600.0;

/// Start of the scans after the administration at 22:30 on the evening before the clocks change; the first crosses midnight.
fn times(nuclide: &str) -> &'static [f64] {
    match nuclide {
        "F-18" => &[1.4, 3.0],
        "Ga-68" => &[1.4, 2.5],
        "Y-90" => &[3.0, 21.0],
        _ => &[4.0, 28.0 + 1.0 / 6.0, 100.0 + 1.0 / 3.0],
    }
}

fn every(correction: &'static str) {
    let bench = Bench::new();
    for nuclide in ["F-18", "Ga-68", "Y-90", "Lu-177"] {
        for beds in [1, 3] {
            for zone in [Zone::Local, Zone::Utc, Zone::Both] {
                let mut points = Vec::new();
                for (n, hours) in times(nuclide).iter().enumerate() {
                    let mut scanner = Scanner::new(nuclide, correction, hours * HOUR, beds);
                    // A header writes fewer digits.
                    scanner.header_half_life_s = (10.0 * scanner.half_life_s).round() / 10.0;
                    // From the second scan on the clock shows summer time.
                    let zone = if zone == Zone::Utc && n > 0 { Zone::Summer } else { zone };
                    let name = format!("scan{n}");
                    bench.series(&name, &pet(&scanner, zone));
                    points.push(name);
                }
                let points: Vec<(&str, &str)> = points.iter().map(|p| (p.as_str(), "")).collect();
                bench.text("s.toml", &series_of("", &points));
                let run = bench.dose("s.toml", nuclide, &[]);
                run.expect(
                    all_decays(nuclide),
                    &format!("{nuclide} {correction} {beds} beds {zone:?}"),
                );
            }
        }
    }
}

#[test]
fn corrected_to_the_start() {
    every("START");
}

#[test]
fn corrected_to_the_administration() {
    every("ADMIN");
}

#[test]
fn not_corrected() {
    every("NONE");
}

/// START refers to the series' time or to the first frame; DecayFactor says which, FrameReferenceTime where it is missing.
#[test]
fn start_refers_to_the_series_time() {
    let bench = Bench::new();
    for beds in [1, 3] {
        for (before, factors) in [(HOUR, true), (HOUR, false), (1800.0, true)] {
            let scan = |start_s: f64| Scanner {
                series_before_s: before,
                factors,
                ..Scanner::new("F-18", "START", start_s, beds)
            };
            bench.series("a", &pet(&scan(2.0 * HOUR), Zone::Local));
            bench.series("b", &pet(&scan(4.0 * HOUR), Zone::Utc));
            let series = series_of("", &[("a", ""), ("b", "")]);
            bench.text("s.toml", &series);
            let run = bench.dose("s.toml", "F-18", &[]);
            run.expect(all_decays("F-18"), &format!("{beds} beds, {before} s, factors {factors}"));
            // Without a factor what is taken is told with its number.
            assert_eq!(!factors, run.text.contains("1.4606 times"), "{}", run.text);
        }
    }
}

/// A series that was opened half an hour before the acquisition, whose values are corrected to the latter.
#[test]
fn a_decay_factor_goes_before_the_series_time() {
    let bench = Bench::new();
    let early = |start_s: f64| {
        let scanner = Scanner::new("Ga-68", "START", start_s, 3);
        let objects = pet(&scanner, Zone::Local).into_iter().enumerate();
        // The tags of a series half an hour earlier around the values and factors of the first frame.
        objects
            .map(|(k, o)| Zone::Local.scan(o, scanner.frame_start_s(k), 1800.0 - start_s))
            .collect::<Vec<_>>()
    };
    bench.series("a", &early(HOUR));
    bench.series("b", &early(2.5 * HOUR));
    bench.text("s.toml", &series_of("", &[("a", ""), ("b", "")]));
    let run = bench.dose("s.toml", "Ga-68", &[]);
    run.expect(all_decays("Ga-68"), "series time half an hour early");
    run.says("DecayFactor (0054,1321)");
}

/// An enhanced PET states the very time to which it is corrected, be it before, within or after its frames.
#[test]
fn a_stated_time_of_correction_is_taken() {
    let bench = Bench::new();
    for (before, stamp) in [(HOUR, "20260328233000.5"), (-1800.0, "20260329010000.5")] {
        let scanner = Scanner {
            series_before_s: before,
            factors: false,
            ..Scanner::new("F-18", "START", 2.0 * HOUR, 3)
        };
        let objects = pet(&scanner, Zone::Local).into_iter();
        let stamped = objects.map(|o| o.text((0x0018, 0x9701), "DT", stamp)).collect::<Vec<_>>();
        bench.series("p", &stamped);
        let run = bench.dose("p", "F-18", &["--physical-decay"]);
        run.expect(all_decays("F-18"), stamp);
        run.says("DecayCorrectionDateTime (0018,9701)");
    }
}

/// RadiopharmaceuticalStartTime alone: the administration is the same for all scans, the latest such time before the first.
#[test]
fn an_administration_without_a_date_is_one_for_all() {
    let bench = Bench::new();
    for correction in ["START", "ADMIN", "NONE"] {
        for (n, hours) in [4.0, 28.0, 100.0].iter().enumerate() {
            bench.series(
                &format!("p{n}"),
                &pet(&Scanner::new("Lu-177", correction, hours * HOUR, 1), Zone::NoDate),
            );
        }
        bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", ""), ("p2", "")]));
        let run = bench.dose("s.toml", "Lu-177", &[]);
        run.expect(all_decays("Lu-177"), correction);
        run.says("has no date");
    }
    // First scan on the next day: ambiguous, told; a time of one scan, the date, or the factor of ADMIN settle it.
    for (n, hours) in [25.0, 73.5].iter().enumerate() {
        bench.series(
            &format!("p{n}"),
            &pet(&Scanner::new("Lu-177", "START", hours * HOUR, 1), Zone::NoDate),
        );
    }
    let given = format!("administered = \"{GIVEN}\"");
    for (keys, first) in [(given.as_str(), ""), ("", "time = \"25h\"")] {
        bench.text("s.toml", &series_of(keys, &[("p0", first), ("p1", "")]));
        let run = bench.dose("s.toml", "Lu-177", &[]);
        run.expect(all_decays("Lu-177"), keys);
        assert!(!run.text.contains("has no date"), "{}", run.text);
    }
    bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
    bench.dose("s.toml", "Lu-177", &[]).says("Were it a day earlier");
    for (n, hours) in [25.0, 73.5].iter().enumerate() {
        bench.series(
            &format!("p{n}"),
            &pet(&Scanner::new("Lu-177", "ADMIN", hours * HOUR, 1), Zone::NoDate),
        );
    }
    let run = bench.dose("s.toml", "Lu-177", &[]);
    run.expect(all_decays("Lu-177"), "the day by DecayFactor");
    run.says("DecayFactor (0054,1321) says");
}

/// Reconstructed NM objects in counts: no DecayCorrection, durations of views or of the image.
#[test]
fn nm_in_counts() {
    let bench = Bench::new();
    let options = ["--activity-unit", "counts", "--calibration", "20Bq/mL"];
    for rotation in [true, false] {
        for zone in [Zone::Local, Zone::Utc] {
            for (nuclide, hours) in [("Lu-177", [4.0, 28.0, 100.0]), ("Y-90", [3.0, 21.0, 40.0])] {
                let mut points = Vec::new();
                for (n, h) in hours.iter().enumerate() {
                    let scanner =
                        Scanner { frame_s: 1200.0, ..Scanner::new(nuclide, "NONE", h * HOUR, 1) };
                    bench.series(&format!("n{n}"), &[nm(&scanner, zone, 20.0, rotation)]);
                    points.push(format!("n{n}"));
                }
                let points: Vec<(&str, &str)> = points.iter().map(|p| (p.as_str(), "")).collect();
                bench.text("s.toml", &series_of("", &points));
                let run = bench.dose("s.toml", nuclide, &options);
                run.expect(all_decays(nuclide), &format!("{nuclide} {zone:?} rotation {rotation}"));
                assert_eq!(
                    run.text.matches("is missing, as in NM objects").count(),
                    1,
                    "{}",
                    run.text
                );
                run.says("1200 s");
            }
        }
    }
    // Times that are stated do not need those of the object; the key says otherwise what the object does not say.
    let correction = |text: &str| format!("decay_correction = \"{text}\"");
    for (key, name) in [("none", "NONE"), ("start", "START"), ("admin", "ADMIN")] {
        let mut points = Vec::new();
        for (n, h) in [4.0, 28.0, 100.0].iter().enumerate() {
            let scanner = Scanner { frame_s: 1200.0, ..Scanner::new("Lu-177", name, h * HOUR, 1) };
            bench.series(&format!("n{n}"), &[nm(&scanner, Zone::Local, 20.0, true)]);
            points.push((format!("n{n}"), format!("time = \"{h}h\"")));
        }
        let points: Vec<(&str, &str)> =
            points.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        bench.text("s.toml", &series_of(&correction(key), &points));
        bench.dose("s.toml", "Lu-177", &options).expect(all_decays("Lu-177"), key);
    }
}

/// Two files of one series that state administrations minutes apart: told where it matters for the nuclide, refused above five minutes.
#[test]
fn administrations_minutes_apart_are_told() {
    let bench = Bench::new();
    let at = |minute: &str| format!("202603282{minute}.5");
    for (nuclide, second, told) in
        [("F-18", at("23400"), true), ("Lu-177", at("23400"), false), ("F-18", at("23015"), false)]
    {
        for (n, hours) in [1.4, 3.0].iter().enumerate() {
            let scanner = Scanner::new(nuclide, "START", hours * HOUR, 1);
            let mut objects = pet(&scanner, Zone::Local);
            if n == 1 {
                let drug = DataSet::default()
                    .ds((0x0018, 0x1075), &[scanner.header_half_life_s])
                    .text((0x0018, 0x1078), "DT", &second);
                objects = objects
                    .into_iter()
                    .map(|o| o.sq((0x0054, 0x0016), std::slice::from_ref(&drug)))
                    .collect();
            }
            bench.series(&format!("m{n}"), &objects);
        }
        bench.text("s.toml", &series_of("", &[("m0", ""), ("m1", "")]));
        let text = bench.dose("s.toml", nuclide, &[]).text;
        assert_eq!(text.contains("240 s apart"), told, "{nuclide} {second}: {text}");
        // The user's own word settles it.
        bench.text(
            "t.toml",
            &series_of(&format!("administered = \"{GIVEN}\""), &[("m0", ""), ("m1", "")]),
        );
        let run = bench.dose("t.toml", nuclide, &[]);
        run.expect(all_decays(nuclide), "stated");
        assert!(!run.text.contains("s apart"), "{}", run.text);
    }
}
