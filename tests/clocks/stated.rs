//! What the user states: times, the administration, the correction and the duration, for images with and without times of their own.

use crate::source::*;
use crate::writer::DataSet;

const HOUR: f64 = 3600.0;

/// Maps without times: values of each convention, undone by the keys.
#[test]
fn maps_are_corrected_as_stated() {
    let bench = Bench::new();
    for nuclide in ["Lu-177", "F-18"] {
        let hours = if nuclide == "F-18" { [1.0, 3.0] } else { [4.0, 100.0] };
        for (name, keys) in [
            ("START", "decay_correction = \"start\""),
            ("ADMIN", "decay_correction = \"admin\"\nduration = \"10min\""),
            ("NONE", "decay_correction = \"none\"\nduration = \"10min\""),
            ("NONE", "duration = \"600s\""),
        ] {
            let mut points = Vec::new();
            for (n, h) in hours.iter().enumerate() {
                let file = format!("m{n}.mha");
                plain(&bench.path(&file), &Scanner::new(nuclide, name, h * HOUR, 1));
                points.push((file, format!("time = \"{h}h\"")));
            }
            let of: Vec<(&str, &str)> =
                points.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            bench.text("s.toml", &series_of(keys, &of));
            bench.dose("s.toml", nuclide, &[]).expect(all_decays(nuclide), keys);
        }
    }
    // By date, and one image unlike the others.
    plain(&bench.path("a.mha"), &Scanner::new("Lu-177", "ADMIN", 4.0 * HOUR, 1));
    plain(&bench.path("b.mha"), &Scanner::new("Lu-177", "START", 28.0 * HOUR, 1));
    let given = format!("administered = {GIVEN}+01:00\ndecay_correction = \"admin\"");
    let points = [
        ("a.mha", "time = 2026-03-29T01:30:00.5Z"),
        ("b.mha", "time = \"2026-03-30T03:30:00.5+02:00\"\ndecay_correction = \"start\""),
    ];
    bench.text("s.toml", &series_of(&given, &points));
    bench.dose("s.toml", "Lu-177", &[]).expect(all_decays("Lu-177"), "by date");
    bench.text("s.toml", &series_of("", &points));
    bench.dose("s.toml", "Lu-177", &[]).refused("administered =");
}

/// Stated times go before those of the file; both are shown.
#[test]
fn stated_times_win() {
    let bench = Bench::new();
    for correction in ["START", "NONE"] {
        let mut points = Vec::new();
        for (n, h) in [4.0, 28.0].iter().enumerate() {
            // The scan's clock is three hours wrong.
            let scanner = Scanner::new("Lu-177", correction, h * HOUR, 1);
            let wrong = |o: DataSet| Zone::Local.scan(o, (h + 3.0) * HOUR, -(h + 3.0) * HOUR);
            let objects: Vec<DataSet> = pet(&scanner, Zone::Local).into_iter().map(wrong).collect();
            bench.series(&format!("p{n}"), &objects);
            points.push((format!("p{n}"), format!("time = \"{h}h\"")));
        }
        let of: Vec<(&str, &str)> = points.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        bench.text("s.toml", &series_of("", &of));
        let run = bench.dose("s.toml", "Lu-177", &[]);
        run.expect(all_decays("Lu-177"), correction);
        run.says("stated to be 4 h after the administration, its clocks say 7 h");
        run.says("stated to be 28 h after the administration, its clocks say 31 h");
    }
}

/// Dates that cannot be read are an error with attribute and value, unless times are stated; so is an injection after the scan.
#[test]
fn bad_dates_are_errors_unless_times_are_stated() {
    let bench = Bench::new();
    let cases: [((u16, u16), &str, &str, &str); 5] = [
        ((0x0008, 0x0031), "TM", "2560", "SeriesTime (0008,0031) is '2560'"),
        ((0x0008, 0x0022), "DA", "20260231", "AcquisitionDate (0008,0022) is '20260231'"),
        ((0x0008, 0x0032), "TM", "noon", "AcquisitionTime (0008,0032) is 'noon'"),
        (
            (0x0008, 0x002A),
            "DT",
            "202603012560",
            "AcquisitionDateTime (0008,002A) is '202603012560'",
        ),
        ((0x0008, 0x0201), "SH", "CET", "TimezoneOffsetFromUTC (0008,0201) is 'CET'"),
    ];
    let write = |tag, vr: &str, value: &str| {
        for (n, h) in [4.0, 28.0].iter().enumerate() {
            let objects = pet(&Scanner::new("Lu-177", "START", h * HOUR, 1), Zone::Local);
            let bad: Vec<DataSet> = objects.into_iter().map(|o| o.text(tag, vr, value)).collect();
            bench.series(&format!("p{n}"), &bad);
        }
    };
    for (tag, vr, value, message) in cases {
        write(tag, vr, value);
        bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
        bench.dose("s.toml", "Lu-177", &[]).refused(message);
        bench.text("s.toml", &series_of("", &[("p0", "time = \"4h\""), ("p1", "time = \"28h\"")]));
        let run = bench.dose("s.toml", "Lu-177", &[]);
        run.expect(all_decays("Lu-177"), message);
        run.says(message);
    }
    // Dates that were taken out.
    for (n, h) in [4.0, 28.0].iter().enumerate() {
        let objects = pet(&Scanner::new("Lu-177", "START", h * HOUR, 1), Zone::Local);
        let bare = |o: DataSet| {
            [(0x0008, 0x0021), (0x0008, 0x0031), (0x0008, 0x0022), (0x0008, 0x0032)]
                .into_iter()
                .fold(o, DataSet::without)
        };
        bench.series(&format!("p{n}"), &objects.into_iter().map(bare).collect::<Vec<_>>());
    }
    let run = bench.dose("s.toml", "Lu-177", &[]);
    run.expect(all_decays("Lu-177"), "no dates");
    bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
    bench.dose("s.toml", "Lu-177", &[]).refused("no date and time of the scan");
    bench.series("p0", &pet(&Scanner::new("Lu-177", "START", -HOUR, 1), Zone::Local));
    bench.dose("s.toml", "Lu-177", &[]).refused("began 1 h before the administration");
}

/// An acquisition time without a date, past midnight, lies on the day that brings it nearest to the series.
#[test]
fn an_acquisition_without_a_date() {
    let bench = Bench::new();
    for (n, h) in [1.0, 28.0].iter().enumerate() {
        let scanner = Scanner { frame_s: 1800.0, ..Scanner::new("Lu-177", "NONE", h * HOUR, 3) };
        let objects = pet(&scanner, Zone::Local).into_iter();
        bench.series(
            &format!("p{n}"),
            &objects.map(|o| o.without((0x0008, 0x0022))).collect::<Vec<_>>(),
        );
    }
    bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
    bench.dose("s.toml", "Lu-177", &[]).expect(all_decays("Lu-177"), "no AcquisitionDate");
}

/// Clocks of which only some state their offset from UTC are not guessed; an offset other than UTC is assumed, and told.
#[test]
fn mixed_clocks_are_asked_for() {
    let bench = Bench::new();
    let write = |given: &str| {
        for (n, h) in [4.0, 28.0].iter().enumerate() {
            let drug = DataSet::default().ds((0x0018, 0x1075), &[half_life_s("Lu-177")]).text(
                (0x0018, 0x1078),
                "DT",
                given,
            );
            let objects =
                pet(&Scanner::new("Lu-177", "START", h * HOUR, 1), Zone::Local).into_iter();
            bench.series(
                &format!("p{n}"),
                &objects
                    .map(|o| o.sq((0x0054, 0x0016), std::slice::from_ref(&drug)))
                    .collect::<Vec<_>>(),
            );
        }
    };
    bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
    write("20260328213000.5+0000");
    bench.dose("s.toml", "Lu-177", &[]).refused("only one states its offset from UTC");
    bench.text("t.toml", &series_of("", &[("p0", "time = \"4h\""), ("p1", "time = \"28h\"")]));
    bench.dose("t.toml", "Lu-177", &[]).expect(all_decays("Lu-177"), "times stated");
    bench.text(
        "t.toml",
        &series_of(&format!("administered = \"{GIVEN}\""), &[("p0", ""), ("p1", "")]),
    );
    bench.dose("t.toml", "Lu-177", &[]).expect(all_decays("Lu-177"), "administration stated");
    write("20260328223000.5+0100");
    let run = bench.dose("s.toml", "Lu-177", &[]);
    run.expect(all_decays("Lu-177"), "offset assumed");
    run.says("TimezoneOffsetFromUTC (0008,0201) is missing");
}

/// Dates that were taken out leave each bed its own time of day, past midnight too.
#[test]
fn beds_without_dates_keep_their_clocks() {
    let bench = Bench::new();
    for hours in [0.5, 1.4] {
        let objects = pet(&Scanner::new("Ga-68", "NONE", hours * HOUR, 3), Zone::Local).into_iter();
        let bare = |o: DataSet| {
            [(0x0008, 0x0021), (0x0008, 0x0022), (0x0054, 0x0016)]
                .into_iter()
                .fold(o, DataSet::without)
        };
        bench.series("p", &objects.map(bare).collect::<Vec<_>>());
        let given = format!("{hours}h");
        let run = bench.dose("p", "Ga-68", &["--physical-decay", "--administered", &given]);
        run.expect(all_decays("Ga-68"), &given);
    }
}

/// Two administrations in one series are no series.
#[test]
fn different_administrations_are_asked_for() {
    let bench = Bench::new();
    bench.series("p0", &pet(&Scanner::new("Lu-177", "START", 4.0 * HOUR, 1), Zone::Local));
    let later = DataSet::default().ds((0x0018, 0x1075), &[half_life_s("Lu-177")]).text(
        (0x0018, 0x1078),
        "DT",
        "20260329120000",
    );
    let objects = pet(&Scanner::new("Lu-177", "START", 28.0 * HOUR, 1), Zone::Local).into_iter();
    bench.series(
        "p1",
        &objects.map(|o| o.sq((0x0054, 0x0016), std::slice::from_ref(&later))).collect::<Vec<_>>(),
    );
    bench.text("s.toml", &series_of("", &[("p0", ""), ("p1", "")]));
    bench.dose("s.toml", "Lu-177", &[]).refused("different administrations");
    bench.text(
        "s.toml",
        &series_of(&format!("administered = \"{GIVEN}\""), &[("p0", ""), ("p1", "")]),
    );
    let run = bench.dose("s.toml", "Lu-177", &[]);
    run.expect(all_decays("Lu-177"), "stated");
    run.says("that of the file");
}

/// A local time that the user states is one of the file's clock, which is told; where the files' clocks differ it is asked for, with each offset.
#[test]
fn a_local_time_beside_clocks_with_an_offset() {
    let bench = Bench::new();
    bench.series("p", &pet(&Scanner::new("F-18", "START", HOUR, 3), Zone::Utc));
    let run = bench.dose("p", "F-18", &["--physical-decay", "--administered", GIVEN]);
    run.expect(all_decays("F-18"), "on the file's clock");
    run.says("taken as 2026-03-28T22:30:00.5+01:00");
    let write = |zone: Zone| {
        for (n, (h, zone)) in [(4.0, Zone::Utc), (28.0, zone)].into_iter().enumerate() {
            bench.series(
                &format!("p{n}"),
                &pet(&Scanner::new("Lu-177", "START", h * HOUR, 1), zone),
            );
        }
    };
    write(Zone::Utc);
    let with = |given: &str| {
        let top = format!("administered = \"{given}\"");
        bench.text("s.toml", &series_of(&top, &[("p0", ""), ("p1", "")]));
        bench.dose("s.toml", "Lu-177", &[])
    };
    let run = with(GIVEN);
    run.expect(all_decays("Lu-177"), "series");
    run.says("taken as 2026-03-28T22:30:00.5+01:00");
    let starts =
        [("p0", "time = \"2026-03-29T02:30:00.5\""), ("p1", "time = \"2026-03-30T02:30:00.5\"")];
    bench.text("s.toml", &series_of("", &starts));
    let run = bench.dose("s.toml", "Lu-177", &[]);
    run.expect(all_decays("Lu-177"), "starts by date");
    run.says("the start of the scan is stated as 2026-03-29T02:30:00.5, without an offset");
    // The clocks were changed between the scans.
    write(Zone::Summer);
    with(GIVEN).refused("2026-03-28T22:30:00.5+01:00 or 2026-03-28T22:30:00.5+02:00");
    with(&format!("{GIVEN}+01:00")).expect(all_decays("Lu-177"), "with its offset");
}

/// What a message suggests can be stated as it stands, with the offset of the file.
#[test]
fn suggested_times_have_the_offset_of_the_file() {
    let bench = Bench::new();
    for (offset, suggested) in [("+0100", "+01:00"), ("-0930", "-09:30"), ("", "")] {
        let objects = pet(&Scanner::new("Lu-177", "START", 4.0 * HOUR, 1), Zone::NoDate);
        let objects = objects.into_iter().map(|o| match offset {
            "" => o,
            offset => o.text((0x0008, 0x0201), "SH", offset),
        });
        bench.series("p", &objects.collect::<Vec<_>>());
        let run = bench.dose("p", "Lu-177", &["--physical-decay"]);
        run.expect(all_decays("Lu-177"), offset);
        run.says(&format!("--administered 2026-03-27T22:30:00.5{suggested} for"));
    }
}
