use super::*;
use crate::sheet::{Separator, lines};
use proptest::prelude::*;

fn parse(text: &str, options: &TableOptions) -> Result<CurveFile> {
    read_curves(&Sheet::parse(text.as_bytes(), "t.csv")?, options)
}

fn read(text: &str) -> CurveFile {
    parse(text, &TableOptions::default()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn refused(text: &str, word: &str) {
    let error = parse(text, &TableOptions::default()).expect_err(text).to_string();
    assert!(error.contains(word), "{error}");
}

/// Times in h and values in MBq.
fn points(curve: &CurveTable) -> Vec<(f64, f64)> {
    let round = |x: f64| (x * 1e9).round() / 1e9;
    curve.times_s.iter().zip(&curve.values).map(|(t, v)| (t / 3600.0, round(v / 1e6))).collect()
}

/// Relative uncertainties in %.
fn shares(curve: &CurveTable) -> Vec<f64> {
    let u = curve.uncertainties.as_ref().expect("uncertainties");
    u.iter().zip(&curve.values).map(|(u, v)| (100.0 * u / v * 1e9).round() / 1e9).collect()
}

#[test]
fn units_are_in_the_names() {
    let text = "# a comment\ncurve, time_h, activity_MBq, uncertainty_%\nliver,4,2,10\nspleen,4,1,5\n# late\nliver,24,1.5,10\n";
    let file = read(text);
    assert_eq!((file.unit, file.integral_unit, file.curves.len()), ("Bq", "Bq s", 2));
    assert_eq!(points(&file.curves[0]), [(4.0, 2.0), (24.0, 1.5)]);
    assert_eq!(shares(&file.curves[0]), [10.0, 10.0]);
    let rate = read("time_min,dose_rate_mGy/h,uncertainty_mGy/h\n10,36,3.6");
    let curve = &rate.curves[0];
    assert_eq!((rate.integral_unit, curve.name.as_str()), ("Gy", "curve"));
    let u = curve.uncertainties.as_ref().unwrap()[0];
    assert!((curve.values[0] - 1e-5).abs() < 1e-18 && (u - 1e-6).abs() < 1e-18);
    // An uncertainty in another unit of the same quantity.
    let file = read("time_h,activity_MBq,SD (kBq)\n1,2,30\n");
    assert!((shares(&file.curves[0])[0] - 1.5).abs() < 1e-9);
}

/// The same three points in every shape that a table of them has.
#[test]
fn the_same_points_in_every_shape() {
    let expected = [(4.0, 200.5), (24.0, 150.2), (96.0, 60.1)];
    for text in [
        "curve;time_h;activity_MBq;uncertainty_%\r\nliver;4;200,5;5\r\nliver;24;150,2;5\r\nliver;96;60,1;5\r\n",
        "\u{feff}curve\ttime_h\tactivity_MBq\tSD (%)\nliver\t4\t200.5\t5\nliver\t24\t150.2\t5\nliver\t96\t60.1\t5\n",
        "Organ,Time [h],\"A [MBq]\",\"u(A) (%)\"\n\"liver\",4,200.5,5\nliver,96,60.1,5 %\nliver,24,150.2,5\nliver,120,NA,\n",
        "time (h);liver (MBq);liver ± (%)\n4;200,5;5\n24;150,2;5\n\n96;60,1;5\n168;;\n",
        "time/h,liver_MBq,liver_uncertainty_%,kidney_MBq,kidney_uncertainty_%\n4,200.5,5,1,2\n24,150.2,5,-,-\n96,60.1,5,3,4\n",
        "\"time (h)\",\"liver (MBq)\",\"SD (%)\"\n4,\"200,5\",5\n24,\"150,2\",5\n96,\"60,1\",5\n",
        "sep=;\nhours p.i.;liver (kBq);error liver (kBq)\n4;200500;10025\n24;150200;7510\n96;60100;3005\n",
        "VOI,t_d,activity (GBq),u_GBq,comment\nliver,0.16666666666666666,0.2005,0.010025,a; b\nliver,1,0.1502,0.00751,\nliver,4,0.0601,0.003005,\n",
    ] {
        let file = read(text);
        let liver = &file.curves[0];
        assert_eq!((liver.name.as_str(), points(liver)), ("liver", expected.to_vec()), "{text}");
        assert_eq!(shares(liver), [5.0; 3], "{text}");
    }
}

#[test]
fn names_keep_their_characters() {
    let file = read(
        "time_h,activity_MBq,curve\n4,100,lesion #1\n24,80,lesion #1\n96,60,\"lesion, #2\"\n168,20,\"lesion, #2\"\n",
    );
    let names: Vec<&str> = file.curves.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["lesion #1", "lesion, #2"]);
    assert_eq!(points(&file.curves[0]), [(4.0, 100.0), (24.0, 80.0)]);
    // A name that begins with # at the beginning of a line is a comment by the rule: it is asked for, not dropped.
    refused("curve,time_h,activity_MBq\n#1,4,100\n#2,4,100\n", "quotation marks");
    refused("curve,time_h,activity_MBq\nliver,4,100\n#2,4,100\n", "another curve");
    let file = read("curve,time_h,activity_MBq\n\"#1\",4,100\n# liver 4 is bad, really\n");
    assert_eq!(file.curves[0].name, "#1");
    let file = read("curve,time_h,activity_MBq\nliver,4,100\n#liver,24,100\n");
    assert_eq!(points(&file.curves[0]), [(4.0, 100.0)]);
    assert!(file.notes.iter().any(|n| n.contains("1 row(s) begin with #")), "{:?}", file.notes);
    let file = read("curve,time_h,activity_MBq\nLiver,4,100\nliver ,24,100\n");
    assert!(file.notes.iter().any(|n| n.contains("two curves")), "{:?}", file.notes);
}

#[test]
fn what_is_missing_is_left_out_and_counted() {
    let file = read(
        "time (h),liver (MBq),liver SD (MBq),kidney (MBq)\n4,100,5,NA\n24,n.a.,,30\n96,30,2,10\n",
    );
    assert_eq!(points(&file.curves[0]), [(4.0, 100.0), (96.0, 30.0)]);
    assert_eq!(points(&file.curves[1]), [(24.0, 30.0), (96.0, 10.0)]);
    assert_eq!(file.curves[1].uncertainties, None);
    for name in ["liver", "kidney"] {
        let note = format!("{name}: 1 point(s) without a value left out");
        assert!(file.notes.contains(&note), "{:?}", file.notes);
    }
    refused(
        "time_h,activity_MBq,SD_MBq\n4,100,5\n24,80,\n",
        "t.csv:3: 'curve' has a value without its uncertainty",
    );
    refused("time_h,activity_MBq\n,5\n", "without a time");
    refused("curve,time_h,activity_MBq\nliver,4,5\n,24,5\n", "t.csv:3: no name");
    let file = read("curve,time_h,activity_MBq,SD_MBq\na,4,5,1\na,9,4,1\nb,4,5,\nb,9,4,-\n");
    assert!(file.curves[0].uncertainties.is_some() && file.curves[1].uncertainties.is_none());
}

#[test]
fn values_of_zero_or_below() {
    let file = read("time_h,activity_MBq,SD_MBq\n4,10,1\n24,0,1\n96,-0.5,1\n");
    assert_eq!(points(&file.curves[0]), [(4.0, 10.0), (24.0, 0.0), (96.0, -0.5)]);
    refused(
        "time_h,activity_MBq,SD_%\n4,10,5\n24,-1,5\n",
        "t.csv:3: value -1 with an uncertainty in %",
    );
    for cell in ["<5", "< LOD 5", "<LOD", "BDL"] {
        refused(&format!("time_h,activity_MBq\n4,10\n24,{cell}\n"), "limit of detection");
    }
    refused("time_h,activity_MBq,SD_MBq\n4,10,0\n", "must be positive");
}

#[test]
fn points_of_one_time_are_pooled_where_they_agree() {
    let file = read("time_h,activity_MBq,SD_MBq\n4,10,1\n24,8,2\n4,12,2\n");
    let curve = &file.curves[0];
    // By hand: (10/1 + 12/4) / (1 + 1/4) = 10.4, u = 1 / sqrt(1.25).
    assert_eq!(points(curve), [(4.0, 10.4), (24.0, 8.0)]);
    let u = curve.uncertainties.as_ref().unwrap()[0];
    assert!((u / 1e6 - 1.25_f64.powf(-0.5)).abs() < 1e-12);
    for note in ["sorted by time", "2 points at 4 h pooled"] {
        assert!(file.notes.iter().any(|n| n.contains(note)), "{:?}", file.notes);
    }
    assert!(!file.notes.iter().any(|n| n.contains("several curves")), "{:?}", file.notes);
    let twice = read("time_h,activity_MBq\n4,10\n24,8\n4,9\n24,7\n");
    assert!(twice.notes.iter().any(|n| n.contains("several curves")), "{:?}", twice.notes);
    // Shares: equal ones weigh alike, and the mean has 1/sqrt(2) of them.
    let curve = read("time_h,activity_MBq,SD_%\n4,10,10\n4,12,10\n").curves.remove(0);
    assert_eq!(points(&curve), [(4.0, 11.0)]);
    assert!((shares(&curve)[0] - 10.0 / 2.0_f64.sqrt()).abs() < 1e-6);
    assert_eq!(points(&read("time_h,activity_MBq\n4,10\n4,12\n").curves[0]), [(4.0, 11.0)]);
    let twice = read("time_h,activity_MBq,SD_MBq\n4,10,1\n4,10,1\n").curves.remove(0);
    assert_eq!(twice.uncertainties, Some(vec![1e6]));
    refused("time_h,activity_MBq\n4,10\n4,100\n", "two curves");
    refused("time_h,activity_MBq,SD_MBq\n4,10,1\n4,15,1\n", "3.5 standard uncertainties");
}

#[test]
fn parts_of_the_administered_activity_and_concentrations() {
    let masses = [(None, 1800.0)];
    let named = [(Some("Liver".to_string()), 1800.0), (Some("kidney".to_string()), 300.0)];
    let administered = TableOptions { administered_bq: Some(7.4e9), ..TableOptions::default() };
    let value = |text: &str, options: &TableOptions| {
        let file = parse(text, options).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((file.quantity, file.unit), ("activity", "Bq"));
        file.curves
            .iter()
            .map(|c| (c.values[0], c.uncertainties.as_ref().map(|u| u[0])))
            .collect::<Vec<_>>()
    };
    let near = |found: (f64, Option<f64>), v: f64, u: Option<f64>| {
        assert!((found.0 / v - 1.0).abs() < 1e-12, "{found:?} {v}");
        assert_eq!(found.1.is_some(), u.is_some());
        if let (Some(a), Some(b)) = (found.1, u) {
            assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        }
    };
    near(value("time_h,%IA,SD (%IA)\n4,10,1\n", &administered)[0], 7.4e8, Some(7.4e7));
    near(
        value("time_h,activity (%ID),uncertainty_%\n4,10,5\n", &administered)[0],
        7.4e8,
        Some(3.7e7),
    );
    near(
        value("time_h,%IA/g,mass_g\n4,0.01,1800\n", &administered)[0],
        7.4e9 * 1e-4 * 1800.0,
        None,
    );
    let with = TableOptions { masses_g: &masses, ..administered };
    near(value("time_h,%IA/g\n4,0.01\n", &with)[0], 7.4e9 * 1e-4 * 1800.0, None);
    let with = TableOptions { masses_g: &named, ..administered };
    let both = value("time (h),liver (%IA/g),kidney (%IA/g)\n4,0.01,0.02\n", &with);
    near(both[0], 7.4e9 * 1e-4 * 1800.0, None);
    near(both[1], 7.4e9 * 2e-4 * 300.0, None);
    let both = value(
        "time (h),liver (kBq/mL),liver volume (mL),kidney (MBq)\n4,2,1700,3\n",
        &TableOptions::default(),
    );
    near(both[0], 2e3 * 1700.0, None);
    near(
        value(
            "time_h,activity_kBq/mL,volume_mL,SD (kBq/mL)\n4,2,30,0.5\n",
            &TableOptions::default(),
        )[0],
        6e4,
        Some(1.5e4),
    );
    for (text, options, word) in [
        ("time_h,%IA\n4,1\n", TableOptions::default(), "--administered-activity"),
        ("time_h,%IA/g\n4,1\n", administered, "--mass"),
        (
            "curve,time_h,%IA/g\na,4,1\nb,4,1\n",
            TableOptions { masses_g: &masses, ..administered },
            "'a=310g'",
        ),
        ("time_h,activity_kBq/mL\n4,1\n", TableOptions::default(), "volume_mL"),
        (
            "time_h,%IA/g,mass_g\n4,1,2\n",
            TableOptions { masses_g: &masses, ..administered },
            "Leave one",
        ),
        ("time_h,%IA/g,mass_g\n4,1,0\n", administered, "positive"),
    ] {
        let error = parse(text, &options).expect_err(text).to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn decay_correction_is_declared_by_the_name() {
    assert_eq!(read("time_h,activity_MBq_decay_corrected\n4,1\n").decay_corrected, Some(true));
    assert_eq!(
        read("time_h,\"activity (MBq, not decay-corrected)\"\n4,1\n").decay_corrected,
        Some(false)
    );
    assert_eq!(read("time_h,activity_MBq\n4,1\n").decay_corrected, None);
    refused("time_h,a decay-corrected (MBq),b (MBq)\n4,1,2\n", "decay-corrected");
}

/// Lengths of time with colons are what the unit of the column makes of them, and are told.
#[test]
fn times_with_colons() {
    let hours = |text: &str| -> Vec<f64> {
        let file = read(text);
        assert!(file.notes.iter().any(|n| n.contains("are taken as")), "{text}: {:?}", file.notes);
        file.curves[0].times_s.iter().map(|t| t / 3600.0).collect()
    };
    let of = |header: &str, cells: [&str; 3]| {
        let [a, b, c] = cells;
        hours(&format!("{header},activity_MBq\n{a},3\n{b},2\n{c},1\n"))
    };
    assert_eq!(of("time_h", ["4:30", "24:00", "96:15:36"]), [4.5, 24.0, 96.26]);
    assert_eq!(of("time (h:mm)", ["4:30", "24:00", "96:00"]), [4.5, 24.0, 96.0]);
    assert_eq!(of("Time p.i. [hh:mm:ss]", ["04:30:00", "24:00:00", "96:00:00"]), [4.5, 24.0, 96.0]);
    assert_eq!(of("time", ["4:30", "24:00", "96:00"]), [4.5, 24.0, 96.0]);
    assert_eq!(of("time (d:hh:mm)", ["0:04:30", "1:00:00", "4:00:00"]), [4.5, 24.0, 96.0]);
    assert_eq!(of("time_min", ["0:30:00", "1:00:00", "2:00:00"]), [0.5, 1.0, 2.0]);
    assert_eq!(of("t (mm:ss)", ["30:00", "60:00", "120:00"]), [0.5, 1.0, 2.0]);
    assert_eq!(of("time_h", ["4h30", "24:00", "96"]), [4.5, 24.0, 96.0]);
    for (text, word) in [
        ("time_min,activity_MBq\n4:30,1\n", "'time (mm:ss)'"),
        ("time_d,activity_MBq\n1:12:00,1\n", "'time (d:hh:mm)'"),
        ("time,activity_MBq\n4:30,1\n9:15,1\n", "time of day without its date"),
        ("time_h,activity_MBq\n4:75,1\n", "each part but the first"),
        ("time_h,activity_MBq\n4.30,1\n24:00,1\n", "mixed"),
        ("time (h:mm),activity_MBq\n4.30,1\n24,1\n", "with a colon"),
        ("time_h,activity_MBq\n4:30 PM,1\n", "no number"),
    ] {
        refused(text, word);
    }
    // A name that begins with # is asked for here as well.
    refused("curve,time_h,activity_MBq\nliver,4:00,100\n#2,4:00,100\n", "another curve");
}

#[test]
fn dates_of_other_orders() {
    let clock = |t: &str| {
        let injection = crate::time::Moment::parse("2026-11-09T08:00:00")?;
        crate::time::Moment::parse(t)?.seconds_since(&injection)
    };
    let with = |dates| TableOptions { clock: Some(&clock), dates, ..TableOptions::default() };
    let hours = |text: &str, dates| -> Vec<f64> {
        let file = parse(text, &with(dates)).unwrap_or_else(|e| panic!("{text}: {e}"));
        file.curves[0].times_s.iter().map(|t| t / 3600.0).collect()
    };
    let expected = [4.5, 28.0, 172.25, 336.0];
    for text in [
        "time,activity_MBq\n11/09/2026 12:30 PM,4\n11/10/2026 12:00 PM,3\n11/16/2026 12:15 PM,2\n11/23/2026 8:00 AM,1\n",
        "date,time,activity_MBq\n11/9/2026,12:30 pm,4\n11/10/2026,12:00 p.m.,3\n11/16/2026,12:15 pm,2\n11/23/2026,8 am,1\n",
        "date,time,activity_MBq\n09/11/2026 00:00,12:30,4\n10/11/2026 00:00,12:00,3\n16/11/2026 00:00,12:15,2\n23/11/2026 00:00,8:00,1\n",
        "datetime;activity_MBq\n9-Nov-2026 12:30;4\n10-Nov-2026 12:00;3\n16-Nov-2026 12:15;2\n23-Nov-2026 8:00;1\n",
        "time,activity_MBq\n\"11/9/2026, 12:30:00 PM\",4\n\"11/10/2026, 12:00:00 PM\",3\n\"11/16/2026, 12:15:00 PM\",2\n\"11/23/2026, 8:00:00 AM\",1\n",
        "date,time (hh:mm),activity_MBq\n2026-11-09,12:30,4\n2026-11-10,12:00,3\n2026-11-16,12:15,2\n2026-11-23,08:00,1\n",
    ] {
        assert_eq!(hours(text, None), expected, "{text}");
    }
    let open = "time,activity_MBq\n11/09/2026 12:30 PM,4\n11/10/2026 12:00 PM,3\n";
    assert_eq!(hours(open, Some(DateOrder::MonthFirst)), expected[..2]);
    let error = |text: &str, dates| parse(text, &with(dates)).expect_err(text).to_string();
    assert!(error(open, None).contains("--dates month-first"));
    let both = "time,activity_MBq\n11/23/2026 9:00,4\n23/11/2026 9:00,3\n";
    assert!(error(both, None).contains("Write all dates alike"));
    assert!(error(both, Some(DateOrder::DayFirst)).contains("Write all dates alike"));
    let known = "time,activity_MBq\n11/23/2026 9:00,4\n";
    assert!(error(known, Some(DateOrder::DayFirst)).contains("--dates says day-first"));
}

#[test]
fn a_column_of_yes_and_no_says_what_is_decay_corrected() {
    let of = |text: &str| read(text).curves.remove(0).corrected;
    for header in [
        "decay_corrected",
        "Decay-corrected?",
        "dc",
        "decay correction (yes/no)",
        "is decay corrected to injection",
    ] {
        for [yes, no] in
            [["yes", "no"], ["TRUE", "FALSE"], ["1", "0"], ["Y", "n"], ["injection", "none"]]
        {
            let text = format!("time_h,activity_MBq,{header}\n4,9,{yes}\n24,8,{no}\n");
            assert_eq!(of(&text), Some(vec![true, false]), "{text}");
            assert_eq!(read(&text).decay_corrected, Some(true));
        }
    }
    let not = "time_h,activity_MBq,not decay-corrected\n4,9,yes\n24,8,no\n";
    assert_eq!(of(not), Some(vec![false, true]));
    let none = read("time_h,activity_MBq,decay_corrected\n4,9,no\n24,8,0\n");
    assert_eq!(none.decay_corrected, Some(false));
    for (text, word) in [
        ("time_h,activity_MBq,decay_corrected\n4,9,yes\n24,8,\n", "Write yes or no in every row"),
        ("time_h,activity_MBq,decay_corrected\n4,9,perhaps\n", "Write yes or no"),
        ("time_h,activity_MBq_decay_corrected,dc\n4,9,yes\n", "said once"),
        ("time_h,activity_MBq,dc,decay_corrected\n4,9,1,1\n", "said once"),
        ("time_h,activity_MBq,decay_corrected\n4,9,1\n4,9,0\n", "cannot be pooled"),
        ("curve,time_h,activity_MBq,decay_corrected\na,4,9,1\nb,4,9,\n", "said of other values"),
    ] {
        refused(text, word);
    }
}

#[test]
fn numbers_with_thousands() {
    for text in [
        "time_h,activity_MBq\n4,\"1,234.5\"\n24,\"1,100\"\n96,950.5\n",
        "time_h;activity_MBq\n4;1.234,5\n24;1.100\n96;950,5\n",
        "time_h;activity_MBq\n4;1 234,5\n24;1 100\n96;950,5\n",
        "time_h;activity_MBq\n4;1'234.5\n24;1'100\n96;950.5\n",
        "time_h\tactivity_MBq\n4\t1\u{a0}234,5\n24\t1\u{202f}100\n96\t950,5\n",
        "time_h\tactivity_kBq\n4\t1,234,500\n24\t1,100,000\n96\t950,500\n",
    ] {
        let file = read(text);
        assert_eq!(
            points(&file.curves[0]),
            [(4.0, 1234.5), (24.0, 1100.0), (96.0, 950.5)],
            "{text}"
        );
        assert!(file.notes.iter().any(|n| n.contains("thousands are separated")), "{text}");
    }
    refused("time_h\tactivity_MBq\n4\t1,234\n24\t1,100\n", "--decimal");
    refused("time_h\tactivity_MBq\n4\t200.5\n24\t1,100\n", "--decimal point");
    let point = TableOptions { decimal: Some(Decimal::Point), ..TableOptions::default() };
    let file = parse("time_h\tactivity_MBq\n4\t200.5\n24\t1,100\n", &point).unwrap();
    assert_eq!(points(&file.curves[0]), [(4.0, 200.5), (24.0, 1100.0)]);
}

#[test]
fn count_rates_need_a_factor() {
    let factor = TableOptions { cps_per_bq: Some(20.0e-6), ..TableOptions::default() };
    for text in [
        "time_h,activity_cps\n4,200\n",
        "time_h,count rate (kcps)\n4,0.2\n",
        "time_h,counts per min\n4,12000\n",
    ] {
        let file = read(text);
        assert_eq!((file.unit, file.integral_unit, file.of_count_rates), ("cps", "counts", true));
        assert!((file.curves[0].values[0] - 200.0).abs() < 1e-9);
        let file = parse(text, &factor).unwrap();
        assert_eq!(file.unit, "Bq");
        assert!((file.curves[0].values[0] / 1e7 - 1.0).abs() < 1e-12, "{text}");
    }
    let mixed = "time_h,liver (cps),liver u (cps),kidney (MBq)\n4,200,10,3\n";
    refused(mixed, "its own table");
    let file = parse(mixed, &factor).unwrap();
    assert!((file.curves[0].uncertainties.as_ref().unwrap()[0] / 5e5 - 1.0).abs() < 1e-12);
    for (unit, bq) in
        [("mCi", 3.7e7), ("uCi", 3.7e4), ("µCi", 3.7e4), ("kBq", 1e3), ("GBq", 1e9), ("nCi", 37.0)]
    {
        let value = read(&format!("time_h,activity_{unit}\n4,2\n")).curves[0].values[0];
        assert!((value / (2.0 * bq) - 1.0).abs() < 1e-12, "{unit}");
    }
}

#[test]
fn dates_need_a_clock() {
    let text = "time,activity_Bq\n2026-11-22T14:00:00+01:00,5\n";
    let clock = |t: &str| match t.starts_with("2026") {
        true => Ok(3600.0),
        false => Err(crate::Error::input(format!("'{t}' no"), "", "")),
    };
    let options = TableOptions { clock: Some(&clock), ..TableOptions::default() };
    assert_eq!(parse(text, &options).unwrap().curves[0].times_s, [3600.0]);
    let text = "date,time,activity_Bq\n2026-11-22,14:00,5\n";
    assert_eq!(parse(text, &options).unwrap().curves[0].times_s, [3600.0]);
    refused(text, "--injection");
    refused("time,activity_Bq\n4,5\n", "no unit");
    assert!(
        parse("time,activity_Bq\nnoon,5\n", &options)
            .unwrap_err()
            .to_string()
            .contains("'noon' no")
    );
}

#[test]
fn unclear_tables_are_refused() {
    refused("", "empty");
    refused("time_h,activity_MBq\n", "no rows");
    refused("time,activity\n1,2\n", "unknown column 'activity'");
    refused("time_h,time_s,activity_Bq\n1,2,3\n", "mixed");
    refused("time_h\n1\n", "0 value columns");
    refused("time_h,activity_Bq,uncertainty_mGy/h\n1,2,3\n", "unit of the values");
    refused("time_h,activity_Bq\n1,2,3\n", "3 cells");
    refused("time_h,activity_Bq\n1,x\n", "no number");
    refused("curve,curve,time_h,activity_Bq\n1,2,3,4\n", "twice");
    refused("time_h,liver (MBq),Liver (kBq)\n1,2,3\n", "twice");
    refused("time_h,liver (MBq),SD kidney (MBq)\n1,2,3\n", "no column of values");
    refused("curve,time_h,liver (MBq)\na,2,3\n", "no word for a value");
    refused("time_h,liver (MBq),kidney (mGy/h)\n1,2,3\n", "its own table");
    refused("time_h;activity_MBq\n4;1.234,56,7\n", "thousands");
    refused("time_h\tcounts\n4\t12,345\n", "--decimal");
    refused("time_h,SUV\n4,2\n", "See voxgray fit --help");
    let comma = TableOptions { decimal: Some(Decimal::Comma), ..TableOptions::default() };
    assert_eq!(parse("time_h\tcounts\n4\t12,345\n", &comma).unwrap().curves[0].values, [12.345]);
}

proptest! {
    /// Points written in any dialect are read again, whatever is in the names.
    #[test]
    fn any_dialect_gives_the_same_points(
        points in proptest::collection::btree_map(0u32..10_000, (-1_000_000i64..1_000_000, 1u32..100_000), 1..8),
        name in "[a-zA-Z#,;\t\"' .+()äµ%0-9-]{0,12}[a-z#]",
        separator in 0usize..3,
        comma in any::<bool>(),
        crlf in any::<bool>(),
        encoding in 0usize..4,
        wide in any::<bool>(),
    ) {
        let name = name.trim().to_string();
        prop_assume!(!name.is_empty());
        let separator = Separator::ALL[separator];
        let number = |x: f64| {
            let text = format!("{x:.4}");
            if comma { text.replace('.', ",") } else { text }
        };
        let of = if wide { format!("{name} (MBq)") } else { "activity_MBq".into() };
        let spread = if wide { "SD (MBq)" } else { "uncertainty_MBq" };
        if wide {
            // A name that says another quantity or statistic is none of a curve.
            prop_assume!(matches!(heading::heading(&of), Ok(heading::Heading::Value { of: Some(n), .. }) if n == name));
        }
        // A name that says a factor, or a decay correction in a way that is not understood, is refused.
        let refused = name::Name::new(&name).has_factor() || says::correction_in_name(&name).is_err();
        let mut rows = vec![vec!["time_h".to_string(), of, spread.into()]];
        if !wide {
            rows[0].insert(1, "curve".into());
        }
        for (t, (v, u)) in &points {
            let mut row = vec![t.to_string(), number(*v as f64 / 16.0), number(f64::from(*u) / 16.0)];
            if !wide {
                row.insert(1, name.clone());
            }
            rows.push(row);
        }
        let mut text = lines(rows, separator);
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let bytes = match encoding {
            0 => text.clone().into_bytes(),
            1 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            2 => [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
            _ => {
                // 'ä' and 'µ' are one byte in Latin-1, and ASCII is itself.
                text.chars().map(|c| c as u32 as u8).collect()
            }
        };
        // Latin-1 that happens to be UTF-8 (E4 B5 B5) is taken for it.
        prop_assume!(encoding != 3 || text.is_ascii() || std::str::from_utf8(&bytes).is_err());
        let file = read_curves(&Sheet::parse(&bytes, "t").unwrap(), &TableOptions::default());
        if refused {
            prop_assert!(file.is_err(), "{text}");
            return Ok(());
        }
        let file = file.map_err(|e| TestCaseError::fail(format!("{text}\n{e}")))?;
        prop_assert_eq!(file.curves.len(), 1);
        let curve = &file.curves[0];
        let joined = |n: &str| n.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(if wide { joined(&curve.name) } else { curve.name.clone() }, if wide { joined(&name) } else { name });
        for (i, (t, (v, u))) in points.iter().enumerate() {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
            prop_assert!(close(curve.times_s[i], f64::from(*t) * 3600.0));
            prop_assert!(close(curve.values[i], *v as f64 / 16.0 * 1e6));
            prop_assert!(close(curve.uncertainties.as_ref().unwrap()[i], f64::from(*u) / 16.0 * 1e6));
        }
    }

    #[test]
    fn random_bytes_give_an_error_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(sheet) = Sheet::parse(&bytes, "t") {
            let _ = read_curves(&sheet, &TableOptions::default());
        }
    }

    #[test]
    fn random_cells_give_points_or_an_error(cells in "[0-9,.;\t\n\" #<NA-]{0,120}") {
        let text = format!("time (h),liver (MBq),kidney (MBq),kidney ± (%)\n{cells}");
        if let Ok(sheet) = Sheet::parse(text.as_bytes(), "t")
            && let Ok(file) = read_curves(&sheet, &TableOptions::default())
        {
            for c in &file.curves {
                prop_assert!(c.values.iter().chain(&c.times_s).all(|x| x.is_finite()));
                prop_assert!(c.times_s.windows(2).all(|w| w[0] < w[1]));
            }
        }
    }
}

/// What says that values are decay-corrected says it wherever it stands; what says nothing is asked about.
#[test]
fn decay_correction_is_said_in_names_of_rows_too() {
    let rows = |name: &str| format!("organ,time_h,activity_MBq\n{name},4,100\n{name},24,80\n");
    for name in
        ["liver (decay-corrected)", "liver DC", "Liver_decay_corrected", "\"liver, decay corr.\""]
    {
        assert_eq!(read(&rows(name)).decay_corrected, Some(true), "{name}");
    }
    assert_eq!(read(&rows("liver (not decay-corrected)")).decay_corrected, Some(false));
    assert_eq!(read(&rows("liver")).decay_corrected, None);
    refused(&rows("liver corr"), "may say that values are corrected");
    refused(&(rows("liver DC") + "kidney,4,100\n"), "each name");
    refused("organ,time_h,activity_MBq,decay-corrected\nliver DC,4,100,no\n", "contradict");
    refused("organ,time_h,activity_MBq (not decay-corrected)\nliver DC,4,100\n", "contradict");
    for text in [
        "time_h,activity_MBq,decay_corrected\n4,100,\n24,80,\n",
        "time_h,activity_MBq,decay_corrected\n4,100,N/A\n24,80,-\n",
        "time_h,Liver (MBq), decay-corrected\n4,100\n24,80\n",
    ] {
        refused(text, "yes or no in each row");
        let stated = TableOptions { correction_stated: true, ..TableOptions::default() };
        assert_eq!(parse(text, &stated).expect(text).decay_corrected, None);
    }
    // The remedies.
    let quoted = read("time_h,\"Liver (MBq), decay-corrected\"\n4,100\n24,80\n");
    assert_eq!((quoted.decay_corrected, quoted.curves[0].name.as_str()), (Some(true), "Liver"));
    assert_eq!(
        read("time_h,activity_MBq,decay_corrected\n4,100,no\n").decay_corrected,
        Some(false)
    );
}

/// An uncertainty without a name is of the one curve that it can be of.
#[test]
fn an_uncertainty_behind_several_curves_is_asked_about() {
    refused("time_h,liver (MBq),kidney (MBq),SD (%)\n4,1,2,10\n", "alone or of all curves");
    let named = read("time_h,liver (MBq),kidney (MBq),kidney SD (%)\n4,1,2,10\n");
    assert!(named.curves[0].uncertainties.is_none() && shares(&named.curves[1]) == [10.0]);
    let each = read("time_h,liver (MBq),liver SD (%),kidney (MBq),SD (%)\n4,1,5,2,10\n");
    assert_eq!((shares(&each.curves[0]), shares(&each.curves[1])), (vec![5.0], vec![10.0]));
    let first = read("time_h,liver (MBq),SD (%),kidney (MBq)\n4,1,5,2\n");
    assert_eq!(shares(&first.curves[0]), [5.0]);
}

#[test]
fn columns_that_programs_add() {
    let expected = [(4.0, 100.0), (24.0, 80.0)];
    for text in [
        ",time_h,activity_MBq\n0,4,100\n1,24,80\n",
        "Unnamed: 0,time_h,activity_MBq\n0,4,100\n1,24,80\n",
        "No.,time_h,activity_MBq\n1,4,100\n2,24,80\n",
        "scan,patient,nuclide,time_h,activity_MBq\n1,A,Lu-177,4,100\n2,A,Lu-177,24,80\n",
        "time,activity_MBq\n0 days 04:00:00,100\n1 days 00:00:00,80\n",
        "time,activity_MBq\n4h,100\n1d,80\n",
        "time_h,activity_MBq\n4,100\n1 d,80\n",
    ] {
        assert_eq!(points(&read(text).curves[0]), expected, "{text}");
    }
    refused(",time_h,activity_MBq\n3,4,100\n7,24,80\n", "no name");
    refused("patient,time_h,activity_MBq\nA,4,100\nB,24,80\n", "of one patient");
    refused("date,activity_MBq\n2026-03-27,100\n2026-03-28,80\n", "no time of day");
    refused("activity_MBq,comment\n100,x\n", "0 time columns (");
    let clock: Clock = &|text| Ok(if text.contains("27") { 4.0 * 3600.0 } else { 24.0 * 3600.0 });
    let dated = TableOptions { clock: Some(clock), ..TableOptions::default() };
    let text = "date,activity_MBq\n2026-03-27 14:00,100\n2026-03-28 10:00,80\n";
    assert_eq!(points(&parse(text, &dated).expect(text).curves[0]), expected);
    let said = read("nuclide,time_h,activity_MBq\nY-90,4,100\nLu-177,24,80\n").nuclides;
    assert_eq!(said, ["Lu-177", "Y-90"]);
}
