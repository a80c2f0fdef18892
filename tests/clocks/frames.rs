//! Frames of a scan: factors that scale them alone, dates that stay at midnight, frames that state one start, unknown lengths.

use crate::source::{Bench, SLICES, Scanner, Zone, all_decays, pet, series_of};
use crate::writer::DataSet;

const ACQUISITION_DATE: (u16, u16) = (0x0008, 0x0022);
const ACQUISITION_TIME: (u16, u16) = (0x0008, 0x0032);
const SERIES_DATE: (u16, u16) = (0x0008, 0x0021);
const SERIES_TIME: (u16, u16) = (0x0008, 0x0031);

/// A DecayFactor without the decay within the frame scaled means: they are undone by it, and what the other reading would give is told.
#[test]
fn factors_that_scale_frames_alone_are_undone_as_they_were_made() {
    for nuclide in ["F-18", "Ga-68", "Lu-177"] {
        for correction in ["START", "ADMIN"] {
            let bench = Bench::new();
            let scanner = Scanner {
                frame_s: if nuclide == "Lu-177" { 3600.0 } else { 600.0 },
                within: false,
                ..Scanner::new(nuclide, correction, 3600.0, 3)
            };
            bench.series("pet", &pet(&scanner, Zone::Local));
            let run = bench.dose("pet", nuclide, &["--physical-decay"]);
            run.expect(all_decays(nuclide), &format!("{nuclide} {correction}"));
            run.says("--decay-correction");
            // The remedy, where the writer left that part out of the attribute only.
            let within = Scanner { within: true, ..scanner.clone() };
            let objects: Vec<DataSet> = pet(&within, Zone::Local)
                .into_iter()
                .enumerate()
                .map(|(k, object)| object.ds((0x0054, 0x1321), &[scanner.factor(k)]))
                .collect();
            bench.series("other", &objects);
            let stated = correction.to_lowercase();
            let more = ["--physical-decay", "--decay-correction", &stated];
            bench.dose("other", nuclide, &more).expect(all_decays(nuclide), "stated");
        }
    }
}

/// Beds on both sides of midnight whose AcquisitionDate stays on the first day.
#[test]
fn a_date_that_stays_at_midnight_is_moved() {
    for nuclide in ["Lu-177", "Y-90"] {
        for correction in ["START", "NONE", "ADMIN"] {
            let bench = Bench::new();
            // 22:30:00.5 and 25.3 h: beds at 23:48, 23:58 and 0:08.
            let scanner = Scanner::new(nuclide, correction, 91_080.0, 3);
            let objects: Vec<DataSet> = pet(&scanner, Zone::Local)
                .into_iter()
                .map(|object| object.text(ACQUISITION_DATE, "DA", "20260329"))
                .collect();
            bench.series("pet", &objects);
            let run = bench.dose("pet", nuclide, &["--physical-decay"]);
            run.expect(all_decays(nuclide), &format!("{nuclide} {correction}"));
            run.says("AcquisitionDate");
        }
    }
}

/// A whole acquisition of a day's first minutes before a series of its last: asked for, and a stated time solves it.
#[test]
fn an_acquisition_a_day_before_its_series_is_asked_about() {
    let bench = Bench::new();
    // 0:10:00.5 of 30 March.
    let scanner = Scanner::new("Y-90", "NONE", 92_400.0, 1);
    let objects: Vec<DataSet> = pet(&scanner, Zone::Local)
        .into_iter()
        .map(|object| {
            let object = object.text(SERIES_DATE, "DA", "20260329");
            let object = object.text(SERIES_TIME, "TM", "235500");
            object.text(ACQUISITION_DATE, "DA", "20260329")
        })
        .collect();
    bench.series("pet", &objects);
    bench.dose("pet", "Y-90", &["--physical-decay"]).refused("--administered");
    let more = ["--physical-decay", "--administered", "92400s"];
    bench.dose("pet", "Y-90", &more).expect(all_decays("Y-90"), "stated");
}

/// Frames of 60, 120, 300 and 600 s that all state the start of the first: FrameReferenceTime tells theirs, or it is asked for.
fn dynamic(correction: &'static str, references: bool) -> Vec<DataSet> {
    let mut objects = Vec::new();
    let mut offset = 0.0;
    for (n, frame_s) in [60.0, 120.0, 300.0, 600.0].into_iter().enumerate() {
        let first = Scanner::new("F-18", correction, 2400.0, 1);
        let scanner =
            Scanner { frame_s, start_s: 2400.0 + offset, series_before_s: offset, ..first };
        let k = std::f64::consts::LN_2 / scanner.half_life_s;
        let mean_s = -(-(-k * frame_s).exp_m1() / (k * frame_s)).ln() / k;
        for (slice, own) in pet(&scanner, Zone::Local).into_iter().enumerate() {
            // 22:30:00.5 and 40 min.
            let object = own
                .text((0x0020, 0x000E), "UI", "1.2.99")
                .text((0x0008, 0x0018), "UI", &format!("1.2.99.{n}.{slice}"))
                .text(ACQUISITION_TIME, "TM", "231000.500000")
                .text(SERIES_TIME, "TM", "231000.500000")
                .ds((0x0054, 0x1330), &[(n * SLICES + slice + 1) as f64]);
            let reference = (1e3 * (offset + mean_s)).round();
            let object =
                if references { object.ds((0x0054, 0x1300), &[reference]) } else { object };
            objects.push(object.without((0x0054, 0x1321)));
        }
        offset += frame_s;
    }
    objects
}

#[test]
fn frames_that_state_one_start_are_timed_by_their_reference_times() {
    for correction in ["NONE", "START", "ADMIN"] {
        let bench = Bench::new();
        bench.series("pet", &dynamic(correction, true));
        for frame in ["1", "2", "3", "4"] {
            let run = bench.dose("pet", "F-18", &["--physical-decay", "--frame", frame]);
            run.expect(all_decays("F-18"), &format!("{correction} frame {frame}"));
        }
    }
    let bench = Bench::new();
    bench.series("pet", &dynamic("NONE", false));
    let first = bench.dose("pet", "F-18", &["--physical-decay", "--frame", "1"]);
    first.expect(all_decays("F-18"), "the first frame");
    bench
        .dose("pet", "F-18", &["--physical-decay", "--frame", "4"])
        .refused("--administered 50min");
    let more = ["--physical-decay", "--frame", "4", "--administered", "2880s"];
    bench.dose("pet", "F-18", &more).expect(all_decays("F-18"), "stated");
    // A date does not help where the frame's own is not known.
    let more = ["--physical-decay", "--frame", "4", "--administered", "2026-03-28T22:30:00.5"];
    bench.dose("pet", "F-18", &more).refused("--administered");
}

/// A corrected point of a curve whose frame has no length: told with what it may change.
#[test]
fn an_unknown_length_of_a_corrected_scan_is_told() {
    let bench = Bench::new();
    let scanner = Scanner::new("F-18", "START", 3600.0, 1);
    let objects: Vec<DataSet> =
        pet(&scanner, Zone::Local).into_iter().map(|o| o.without((0x0018, 0x1242))).collect();
    bench.series("pet", &objects);
    bench.text("series.toml", &series_of("", &[("pet", "")]));
    bench.dose("series.toml", "F-18", &[]).says("the duration of the scan is not known");
    bench.text("series.toml", &series_of("", &[("pet", "duration = \"10min\"")]));
    let stated = bench.dose("series.toml", "F-18", &[]);
    assert!(!stated.text.contains("duration of the scan is not known"), "{}", stated.text);
}

/// One local time of the administration in files of both sides of the change to summer time: both readings are named, and the first one is right.
#[test]
fn an_administration_on_changed_clocks_is_asked_with_both_offsets() {
    let bench = Bench::new();
    // An hour and 48 hours after 22:30:00.5 of 28 March; the clocks of the second scan are an hour ahead.
    for (name, start_s, offset, day, clock) in [
        ("first", 3600.0, "+0100", "20260328", "233000.500000"),
        ("second", 172_800.0, "+0200", "20260330", "233000.500000"),
    ] {
        let objects: Vec<DataSet> = pet(&Scanner::new("Lu-177", "START", start_s, 1), Zone::Local)
            .into_iter()
            .map(|o| {
                o.text((0x0008, 0x0201), "SH", offset)
                    .text(ACQUISITION_DATE, "DA", day)
                    .text(SERIES_DATE, "DA", day)
                    .text(ACQUISITION_TIME, "TM", clock)
                    .text(SERIES_TIME, "TM", clock)
            })
            .collect();
        bench.series(name, &objects);
    }
    let points = [("first", ""), ("second", "")];
    bench.text("s.toml", &series_of("", &points));
    let right = "administered = \"2026-03-28T22:30:00.5+01:00\"";
    let asked = bench.dose("s.toml", "Lu-177", &[]);
    asked.refused(&format!("{right} or administered = \"2026-03-28T22:30:00.5+02:00\""));
    bench.text("s.toml", &series_of(right, &points));
    bench.dose("s.toml", "Lu-177", &[]).expect(all_decays("Lu-177"), "the first one");
}

/// A date of another century where the administration counts: asked for; a stated time solves it.
#[test]
fn an_administration_of_another_century_is_asked_about() {
    let bench = Bench::new();
    let drug = DataSet::default().text((0x0018, 0x1078), "DT", "19000101100000");
    let objects: Vec<DataSet> = pet(&Scanner::new("Lu-177", "START", 3600.0, 1), Zone::Local)
        .into_iter()
        .map(|o| o.sq((0x0054, 0x0016), std::slice::from_ref(&drug)))
        .collect();
    bench.series("pet", &objects);
    bench.text("s.toml", &series_of("", &[("pet", "")]));
    bench.dose("s.toml", "Lu-177", &[]).refused("time = \"24h\"");
    bench.dose("pet", "Lu-177", &["--physical-decay"]).refused("--administered 24h");
    let more = ["--physical-decay", "--administered", "1h"];
    bench.dose("pet", "Lu-177", &more).expect(all_decays("Lu-177"), "stated");
    // The dose rate of the image needs no administration.
    assert_eq!(bench.dose("pet", "Lu-177", &[]).rc, Some(0));
}

/// A header that states fewer bits than values use is refused; the remedy of the message works.
#[test]
fn fewer_stored_bits_than_used_are_refused() {
    let bench = Bench::new();
    let scanner = Scanner::new("Lu-177", "START", 3600.0, 1);
    let narrow = |bits: u16| -> Vec<DataSet> {
        let of = |o: DataSet| o.us((0x0028, 0x0101), &[bits]).us((0x0028, 0x0102), &[bits - 1]);
        pet(&scanner, Zone::Local).into_iter().map(of).collect()
    };
    bench.series("pet", &narrow(9));
    bench.dose("pet", "Lu-177", &["--physical-decay"]).refused("BitsStored 10, HighBit 9");
    bench.series("pet", &narrow(11));
    let run = bench.dose("pet", "Lu-177", &["--physical-decay"]);
    run.expect(all_decays("Lu-177"), "signed, 11 bits");
}
