//! `voxgray fit` as a user runs it: tables in, table, JSON and plots out, bad tables refused.

use std::process::{Command, Output};

use serde_json::Value;

const LU: f64 = 6.6443 * 24.0;

/// A folder with a table of curves.
fn folder(table: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tac.csv"), table).expect("written");
    folder
}

fn run(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
    command
        .current_dir(folder.path())
        .args(["fit", "tac.csv"])
        .args(arguments)
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The cells of a curve's line.
fn line(output: &Output, curve: &str) -> Vec<String> {
    let table = text(&output.stdout);
    let found = table.lines().skip(1).find(|l| l.split('\t').next() == Some(curve));
    found.unwrap_or_else(|| panic!("no {curve} in {table}")).split('\t').map(Into::into).collect()
}

fn number(cell: &str) -> f64 {
    cell.parse().expect("a number")
}

/// Two exponentials with known integral (MBq h): liver 100 MBq with T_eff 60 h, lesion with uptake.
fn table() -> String {
    let mut rows = String::from("curve,time_h,activity_MBq,uncertainty_%\n");
    for t in [4.0, 24.0, 72.0, 120.0, 168.0] {
        let liver = 100.0 * 2.0_f64.powf(-t / 60.0);
        let lesion = 40.0 * (2.0_f64.powf(-t / 90.0) - 2.0_f64.powf(-t / 8.0));
        rows.push_str(&format!("liver,{t},{liver},5\nlesion,{t},{lesion},5\n"));
    }
    rows
}

#[test]
fn curves_are_fitted_and_written() {
    let folder = folder(&table());
    let output = run(&folder, &["--nuclide", "Lu-177", "-o", "out", "--common-uncertainty", "4%"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let ln2 = std::f64::consts::LN_2;
    let truth = [("liver", "mono", 100.0 * 60.0), ("lesion", "mono-uptake", 40.0 * 82.0)];
    for (curve, model, mbq_h) in truth {
        let cells = line(&output, curve);
        assert_eq!((cells[1].as_str(), cells[3].as_str()), (model, "Bq s"));
        let tia = mbq_h / ln2 * 3.6e9;
        assert!((number(&cells[2]) / tia - 1.0).abs() < 1e-4, "{curve} {}", cells[2]);
        assert!(number(&cells[5]) < tia && tia < number(&cells[6]) && number(&cells[4]) > 4.0);
        let png =
            std::fs::read(folder.path().join("out").join(format!("{curve}.png"))).expect("a plot");
        assert_eq!(&png[1..4], b"PNG");
    }
    // liver: 2^(-168/60) of it after the last point.
    assert!((number(&line(&output, "liver")[8]) - 100.0 * 2.0_f64.powf(-2.8)).abs() < 0.02);
    let json: Value = serde_json::from_slice(
        &std::fs::read(folder.path().join("out/fit.json")).expect("results"),
    )
    .expect("JSON");
    let liver = &json["curves"][0];
    assert_eq!(
        (liver["name"].as_str(), liver["fit"]["family"].as_str()),
        (Some("liver"), Some("mono"))
    );
    let half_life =
        liver["fit"]["exponentials"][0]["effective_half_life_h"].as_f64().expect("a number");
    assert!((half_life - 60.0).abs() < 1e-3);
    assert_eq!(liver["candidates"].as_array().map(Vec::len), Some(6));
    assert!((json["half_life_s"].as_f64().expect("a number") / 3600.0 / LU - 1.0).abs() < 1e-6);

    // A second run refuses the folder, and replaces it on demand.
    let again = run(&folder, &["--nuclide", "Lu-177", "-o", "out"]);
    assert_eq!(again.status.code(), Some(4));
    let again = run(
        &folder,
        &["--nuclide", "Lu-177", "-o", "out", "--overwrite", "--model", "average", "--log"],
    );
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(line(&again, "liver")[1], "average");
}

#[test]
fn trapezoids_and_single_time_points() {
    let folder = folder("time_d,dose_rate_mGy/h\n1,36\n3,18\n");
    let arguments = ["--half-life", "2d", "--model", "trapezoid", "--head", "constant"];
    let output = run(&folder, &[&arguments[..], &["--relative-uncertainty", "10%"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let cells = line(&output, "curve");
    // 36 mGy/h for 24 h, 27 for 48 h, then 18 mGy/h with 48 h of half-life.
    let gray = 1e-3 * (36.0 * 24.0 + 27.0 * 48.0 + 18.0 * 48.0 / std::f64::consts::LN_2);
    assert!((number(&cells[2]) / gray - 1.0).abs() < 1e-6 && cells[3] == "Gy");
    assert!(text(&output.stderr).contains("after the last point"));

    let one = self::folder("curve,time_h,activity_MBq,uncertainty_MBq\nkidney,72,10,0.5\n");
    let population = ["--population-half-life", "50h", "--population-spread", "10h"];
    for (model, expected) in
        [("madsen", 10.0 * 2.0_f64.powf(1.44) * 50.0), ("haenscheid", 10.0 * 2.0 * 72.0)]
    {
        let output =
            run(&one, &[&["--nuclide", "Lu-177", "--model", model], &population[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let tia = expected / std::f64::consts::LN_2 * 3.6e9;
        assert!((number(&line(&output, "kidney")[2]) / tia - 1.0).abs() < 1e-5, "{model}");
    }
    let alone = run(&one, &["--nuclide", "Lu-177", "--model", "madsen"]);
    assert_eq!(alone.status.code(), Some(2));
    let many =
        run(&folder, &[&["--nuclide", "Lu-177", "--model", "madsen"], &population[..]].concat());
    assert_eq!(many.status.code(), Some(3));
    let bi = run(&one, &["--nuclide", "Lu-177", "--model", "bi"]);
    assert_eq!(bi.status.code(), Some(3));
    assert!(text(&bi.stderr).contains("4 parameters"), "{}", text(&bi.stderr));
}

/// Times with zones; a rising curve is refused while the other is kept.
#[test]
fn zones_are_clear_and_refusals_are_named() {
    let rows = "curve,time,activity_MBq,uncertainty_%
lesion,2026-03-01T13:00:00+01:00,120.3,10
liver,2026-03-01T13:00:00+01:00,100,10
lesion,2026-03-02T12:00:00Z,138.4,10
liver,2026-03-02T12:00:00Z,80,10
liver,2026-03-04T12:00:00Z,40,10
";
    let folder = folder(rows);
    let arguments =
        ["--nuclide", "Lu-177", "--injection", "2026-03-01T09:00:00+01:00", "-o", "out"];
    let output = run(&folder, &arguments);
    assert_eq!(output.status.code(), Some(3));
    let errors = text(&output.stderr);
    assert!(errors.contains("refused: lesion") && errors.contains("rise throughout"), "{errors}");
    assert!(number(&line(&output, "liver")[2]) > 0.0);
    assert_eq!(line(&output, "lesion")[1..3], ["refused", "-"]);
    assert_eq!(line(&output, "lesion").len(), line(&output, "liver").len());
    let json = std::fs::read_to_string(folder.path().join("out/fit.json")).expect("results");
    assert!(json.contains("rise throughout") && json.contains("\"time_s\": 14400.0"));
    let without = run(&folder, &["--nuclide", "Lu-177"]);
    assert!(text(&without.stderr).contains("--injection") && without.status.code() == Some(2));
    let late = run(&folder, &["--nuclide", "Lu-177", "--injection", "2026-03-01T14:00:00+01:00"]);
    assert!(text(&late.stderr).contains("before injection") && late.status.code() == Some(3));
}

/// The planar counts cancel: the SPECT value and the shape give the integral.
#[test]
fn a_spect_value_scales_planar_counts() {
    let rows =
        [4.0, 24.0, 72.0, 168.0].map(|t: f64| format!("{t},{},5", 1e5 * 2.0_f64.powf(-t / 60.0)));
    let folder = folder(&format!("time_h,counts,uncertainty_%\n{}\n", rows.join("\n")));
    let spect = ["--spect-time", "24h", "--spect-activity", "35MBq", "--spect-uncertainty", "8%"];
    let output = run(&folder, &[&["--nuclide", "Lu-177", "--model", "mono"], &spect[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let cells = line(&output, "curve");
    let tia = 35e6 * 2.0_f64.powf(24.0 / 60.0) * 60.0 * 3600.0 / std::f64::consts::LN_2;
    assert!((number(&cells[2]) / tia - 1.0).abs() < 1e-5 && cells[3] == "Bq s", "{cells:?}");
    assert!(number(&cells[4]) > 8.0 && number(&cells[4]) < 12.0);
    let alone = run(&folder, &["--nuclide", "Lu-177"]);
    assert!(text(&alone.stderr).contains("no activity") && alone.status.code() == Some(2));
    let trapezoid =
        run(&folder, &[&["--nuclide", "Lu-177", "--model", "trapezoid"], &spect[..]].concat());
    assert_eq!(trapezoid.status.code(), Some(2));
}

#[test]
fn bad_tables_are_refused() {
    let refused = |table: &str, code: i32, word: &str| {
        let folder = folder(table);
        let output = run(&folder, &["--nuclide", "Lu-177", "-o", "out"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains(word), "{errors}");
    };
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n4,2,1\n72,2,1\n", 3, "twice");
    refused("time_h,activity_MBq,uncertainty_%\n4,9,5\n24,-8,5\n72,2,5\n", 3, "uncertainty in %");
    refused("time_h,activity_MBq\n4,9\n24,-8\n72,2\n", 3, "absolute");
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,8,0\n72,2,1\n", 3, "must be positive");
    refused(
        "time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,<5,\n72,2,1\n",
        3,
        "limit of detection",
    );
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,x,1\n72,2,1\n", 3, "no number");
    refused("time_h,time_s,activity_MBq\n4,9,1\n", 3, "mixed");
    refused("time_h,activity\n4,9\n", 3, "unknown column");
    refused("time_h;activity_MBq\n4;1.234,5,6\n", 3, "thousands");
    refused("time_h,activity_MBq\n4,\"1,234\"\n24,\"1,100\"\n", 3, "--decimal");
    refused("time,activity_MBq\n4:30,9\n9:30,8\n", 3, "time of day");
    refused("time_h,activity_cps\n4,9\n24,5\n", 2, "--calibration '20.1 cps/MBq");
    refused("", 3, "empty");
    refused("time_h,%IA\n4,9\n24,5\n", 2, "--administered-activity");
    refused("time_h,activity_kBq/mL\n4,9\n24,5\n", 2, "--volume");
    let folder = folder(&table());
    assert_eq!(run(&folder, &[]).status.code(), Some(2));
    assert_eq!(run(&folder, &["--nuclide", "Lu-177", "--tail", "mono"]).status.code(), Some(2));
    assert_eq!(run(&folder, &["--nuclide", "Xx-1"]).status.code(), Some(2));
    let doubled = run(&folder, &["--nuclide", "Lu-177", "--relative-uncertainty", "5%"]);
    assert!(text(&doubled.stderr).contains("uncertainties of its own"));
}

/// The files of tests/cases/tables: what each must give, by closed form or as its points stand.
#[test]
fn tables_as_people_have_them() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tables");
    let fit_by = |decay: [&str; 2], file: &str, arguments: &[&str]| -> (Output, Value) {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
        command.arg("fit").arg(cases.join(file)).args(decay).arg("-o").arg(&out);
        let output = command.args(arguments).output().expect("runs");
        let json = std::fs::read(out.join("fit.json")).expect("results");
        (output, serde_json::from_slice(&json).expect("JSON"))
    };
    let fit = |file: &str, arguments: &[&str]| fit_by(["--nuclide", "Lu-177"], file, arguments);
    let points = |json: &Value, n: usize| -> Vec<(f64, f64)> {
        let of = |p: &Value, key: &str| p[key].as_f64().expect("a number");
        let points = json["curves"][n]["points"].as_array().expect("points");
        let rounded = |x: f64| (x * 1e6).round() / 1e6;
        points
            .iter()
            .map(|p| (rounded(of(p, "time_s") / 3600.0), rounded(of(p, "value") / 1e6)))
            .collect()
    };
    let names = |json: &Value| -> Vec<String> {
        json["curves"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap().into())
            .collect()
    };
    let (output, json) = fit("semi.csv", &["--model", "mono"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(points(&json, 0), [(4.0, 200.5), (24.0, 150.2), (96.0, 60.1)]);
    assert!(
        text(&output.stderr).contains("semicolons")
            && text(&output.stderr).contains("decimal commas")
    );
    let (_, json) = fit("tab.tsv", &["--model", "mono"]);
    assert_eq!(points(&json, 0), [(4.0, 200.0), (24.0, 150.0), (96.0, 60.0)]);
    let (output, json) = fit("q.csv", &["--model", "mono"]);
    assert_eq!(names(&json), ["liver, left"]);
    assert_eq!(points(&json, 0), [(4.0, 100.0), (24.0, 80.0), (96.0, 30.0)]);
    assert!(text(&output.stdout).lines().any(|l| l.starts_with("liver, left\tmono\t")));
    // Two lesions stay two: the second of hash.csv rises, which is asked for.
    let (output, json) = fit("hash.csv", &["--model", "mono"]);
    assert_eq!(names(&json), ["lesion #1", "lesion #2"]);
    assert_eq!(points(&json, 0), [(4.0, 100.0), (24.0, 80.0), (96.0, 30.0)]);
    assert_eq!(output.status.code(), Some(3));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("refused: lesion #2") && errors.contains("--decay-corrected injection"),
        "{errors}"
    );
    let (_, json) = fit("h2.csv", &["--model", "mono", "--relative-uncertainty", "5%"]);
    assert_eq!(names(&json), ["lesion #1", "lesion #2"]);
    assert_eq!(points(&json, 1), [(96.0, 60.0), (168.0, 20.0)]);
    let (_, json) = fit("quoted.csv", &["--model", "mono"]);
    assert_eq!(
        (names(&json), points(&json, 0)),
        (vec!["kidney, left".into()], vec![(4.0, 95.0), (24.0, 75.0), (72.0, 43.0)])
    );

    // Decay-corrected values of an effective half-life of 50 h, printed to six digits: A0 T / ln 2, A0 from the points. They were corrected with
    // 6.647 d (ICRP-107).
    let truth = 100e6 * 50.0 * 3600.0 / std::f64::consts::LN_2;
    for arguments in [
        &["--decay-corrected", "injection"][..],
        &["--decay-corrected", "injection", "--model", "mono"],
    ] {
        let (output, json) = fit_by(["--half-life", "6.647d"], "dc.csv", arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(
            (number(&line(&output, "c")[2]) / truth - 1.0).abs() < 1e-4,
            "{}",
            line(&output, "c")[2]
        );
        assert_eq!(json["decay_corrected"].as_str(), Some("injection"));
    }
}

/// What a table says and what an option says are one, or an error.
#[test]
fn decay_correction_is_said_once() {
    let rows = "\n4,100\n24,100\n72,100\n168,100\n";
    let lu = ["--nuclide", "Lu-177", "--model", "physical"];
    let with = |header: &str, more: &[&str]| {
        run(&folder(&format!("{header}{rows}")), &[&lu[..], more].concat())
    };
    // Flat against physical decay: asked, and both answers work.
    let asked = with("time_h,activity_MBq", &[]);
    let errors = text(&asked.stderr);
    assert_eq!(asked.status.code(), Some(3));
    for word in ["--decay-corrected injection", "--decay-corrected no", "0.490"] {
        assert!(errors.contains(word), "{errors}");
    }
    assert_eq!(with("time_h,activity_MBq", &["--decay-corrected", "no"]).status.code(), Some(0));
    let truth = 100e6 * LU * 3600.0 / std::f64::consts::LN_2;
    for output in [
        with("time_h,activity_MBq", &["--decay-corrected", "injection"]),
        with("time_h,decay-corrected activity (MBq)", &[]),
        with("time_h,activity_MBq_decay_corrected", &["--decay-corrected", "injection"]),
    ] {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let found = number(&line(&output, "curve")[2]);
        assert!((found / truth - 1.0).abs() < 1e-5, "{found} {truth}");
    }
    let both = with("time_h,activity_MBq_decay_corrected", &["--decay-corrected", "no"]);
    assert!(both.status.code() == Some(2) && text(&both.stderr).contains("says decay-corrected"));
}

/// Options without a use, fractions for percentages, dates without marks and years of two digits.
#[test]
fn what_people_write_is_read_or_told() {
    let lu = ["--nuclide", "Lu-177", "--model", "mono"];
    let with = |table: &str, more: &[&str]| run(&folder(table), &[&lu[..], more].concat());
    let rows = "4,100,0.05\n24,80,0.04\n96,30,0.05\n";
    let unused = with(&format!("time_h,activity_MBq,uncertainty_%\n{rows}"), &["--mass", "100g"]);
    assert_eq!(unused.status.code(), Some(2));
    assert!(text(&unused.stderr).contains("no value of the table is per mass"), "{unused:?}");
    let shares = with(&format!("time_h,activity_MBq,uncertainty_%\n{rows}"), &[]);
    let told = text(&shares.stderr);
    assert!(told.contains("if they are fractions, write 5 for 0.05"), "{told}");
    let dated = |dates: [&str; 3]| {
        let [a, b, c] = dates;
        with(
            &format!("time,activity_MBq\n{a},100\n{b},80\n{c},30\n"),
            &["--injection", "2026-11-22T05:30:00"],
        )
    };
    let compact = dated(["20261122 0930", "20261123T0530", "20261126T053000"]);
    let plain = with("time_h,activity_MBq\n4,100\n24,80\n96,30\n", &[]);
    assert_eq!(line(&compact, "curve")[2], line(&plain, "curve")[2], "{compact:?}");
    let short = dated(["22.11.26 09:30", "23.11.26 05:30", "26.11.26 05:30"]);
    let told = text(&short.stderr);
    assert!(told.contains("has two digits") && told.contains("four digits"), "{told}");
}

/// Noise about zero at late times is part of the curve: leaving it out would lift the tail.
#[test]
fn values_of_zero_and_below_count() {
    let folder =
        folder("time_h,activity_MBq,SD (MBq)\n1,80,1\n4,40,1\n24,0.5,1\n48,-0.6,1\n72,0,1\n");
    let output = run(&folder, &["--nuclide", "Lu-177", "--model", "mono", "-o", "out", "--log"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(line(&output, "curve")[11], "3", "all five points");
    let trapezoid = ["--nuclide", "Lu-177", "--model", "trapezoid", "--tail", "none"];
    let output = run(&folder, &trapezoid);
    let mbq_h = 40.0 + 180.0 + 20.0 * 20.25 + 24.0 * -0.05 + 24.0 * -0.3;
    let found = number(&line(&output, "curve")[2]);
    assert!((found / (mbq_h * 3.6e9) - 1.0).abs() < 1e-6, "{found}");
}

/// Parts of the administered activity become activities.
#[test]
fn the_administered_activity_scales_a_table() {
    let folder = folder(
        "time (h);liver (%IA/g);liver mass (g);tumour (%IA)\n4;0,01;1800;2\n24;0,008;1800;1,5\n96;0,003;1800;0,5\n",
    );
    let output = run(
        &folder,
        &[
            "--nuclide",
            "Lu-177",
            "--model",
            "trapezoid",
            "--administered-activity",
            "7.4GBq",
            "--head",
            "constant",
            "--tail",
            "none",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let trapezoid = |y: [f64; 3]| 4.0 * y[0] + 10.0 * (y[0] + y[1]) + 36.0 * (y[1] + y[2]);
    for (curve, percent) in [("liver", [18.0, 14.4, 5.4]), ("tumour", [2.0, 1.5, 0.5])] {
        let truth = 7.4e7 * 3600.0 * trapezoid(percent);
        assert!((number(&line(&output, curve)[2]) / truth - 1.0).abs() < 1e-6, "{curve}");
    }
    assert!(text(&output.stderr).contains("not decay-corrected"), "{}", text(&output.stderr));
}

/// Names of curves are no paths.
#[test]
fn plots_have_safe_names() {
    let names = ["../up", "a/b", "a_b", "CON", &"x".repeat(400)];
    let mut rows = String::from("curve,time_h,activity_MBq\n");
    for name in names {
        rows.push_str(&format!("{name},4,100\n{name},24,60\n{name},72,20\n"));
    }
    let folder = folder(&rows);
    let output = run(&folder, &["--nuclide", "Lu-177", "--model", "mono", "-o", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut files: Vec<String> = std::fs::read_dir(folder.path().join("out"))
        .expect("a folder")
        .map(|f| f.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let long = format!("{}.png", "x".repeat(80));
    let plots = ["CON_.png", "___up.png", "a_b_2.png", "a_b_3.png"];
    let others = ["fit.json", "voxgray-files.json", long.as_str()];
    assert_eq!(files, [&plots[..], &others[..]].concat());
}

/// One curve (120 MBq, 40 h) in tables that clinics keep: the same integral, and what was taken is told.
#[test]
fn tables_with_clocks_thousands_and_count_rates() {
    let hours = [4.5, 24.0, 72.25, 168.0];
    let value = |t: f64| 120.0 * (-t / 40.0_f64).exp2();
    let truth = 120e6 * 40.0 * 3600.0 / std::f64::consts::LN_2;
    let rows = |header: &str, row: &dyn Fn(usize, f64) -> String| -> String {
        let body: String = hours.iter().enumerate().map(|(i, t)| row(i, *t) + "\n").collect();
        format!("{header}\n{body}")
    };
    let clocks = ["4:30", "24:00", "72:15", "168:00"];
    let dates =
        ["11/09/2026 12:30 PM", "11/10/2026 8:00 AM", "11/12/2026 8:15 AM", "11/16/2026 8:00 AM"];
    let grouped = |x: f64| {
        let (whole, rest) = ((x as u64).to_string(), x.fract());
        let cut = whole.len() - 3;
        format!("{}'{}{}", &whole[..cut], &whole[cut..], &format!("{rest:.3}")[1..])
    };
    let corrected = |t: f64| value(t) * (t / LU).exp2();
    let cases: [(String, &[&str], &str); 6] = [
        (
            rows("time_h,activity_MBq", &|i, t| format!("{},{}", clocks[i], value(t))),
            &[],
            "4.5 h after",
        ),
        (
            rows("datetime,activity_MBq", &|i, t| format!("{},{}", dates[i], value(t))),
            &["--injection", "2026-11-09 08:00"],
            "month/day/year",
        ),
        (
            rows("time_h;activity_kBq", &|_, t| format!("{t};{}", grouped(1e3 * value(t)))),
            &[],
            "thousands are separated",
        ),
        (
            rows("time_h,activity_MBq,decay_corrected", &|i, t| {
                let yes = i % 2 == 0;
                format!(
                    "{t},{},{}",
                    if yes { corrected(t) } else { value(t) },
                    if yes { "yes" } else { "no" }
                )
            }),
            &[],
            "in the rows that say yes",
        ),
        (
            rows("time_h,count rate (cps)", &|_, t| format!("{t},{}", 20.0 * value(t))),
            &["--calibration", "20 cps/MBq"],
            "states no uncertainty",
        ),
        (rows("time_h,activity (µCi)", &|_, t| format!("{t},{}", value(t) / 0.037)), &[], ""),
    ];
    for (table, options, told) in cases {
        let folder = folder(&table);
        let output = run(&folder, &[&["--nuclide", "Lu-177"], options].concat());
        let said = text(&output.stderr);
        assert!(output.status.success() && said.contains(told), "{table}: {said}");
        let integral = number(&line(&output, "curve")[2]);
        assert!((integral / truth - 1.0).abs() < 1e-4, "{table}: {integral:e} {truth:e}");
    }
}

/// One point without an uncertainty and a half-life that is taken for granted: none is known, which is not zero.
#[test]
fn an_uncertainty_that_is_not_known_is_no_zero() {
    let folder = folder("time_h,activity_MBq\n24,79.17\n");
    let output = run(&folder, &["--nuclide", "Lu-177", "--model", "physical", "-o", "out"]);
    let said = text(&output.stderr);
    assert!(said.contains("uncertainty is not known"), "{said}");
    assert_eq!(line(&output, "curve")[4..7], ["-", "-", "-"]);
    let json = std::fs::read_to_string(folder.path().join("out/fit.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json["curves"][0]["integral"]["standard_uncertainty"].is_null());
    let known = run(
        &folder,
        &["--nuclide", "Lu-177", "--model", "physical", "--relative-uncertainty", "5%"],
    );
    assert_eq!(line(&known, "curve")[4], "5.00");
}

/// What no administration can give is refused: more than decay leaves, and points so late that nothing is left.
#[test]
fn impossible_points_are_refused() {
    let of = |rows: &str, more: &[&str]| {
        let folder = folder(&format!("time (h);tumour (%IA)\n{rows}"));
        let options = ["--nuclide", "F-18", "--administered-activity", "400MBq"];
        let output = run(&folder, &[&options[..], more].concat());
        (output.status.code(), text(&output.stderr).to_string())
    };
    // 90 % after two hours: corrected values, whatever else they may be.
    let corrected = "0,5;95\n1;93\n2;90\n";
    let (code, said) = of(corrected, &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("93.000 % of the administered")
            && said.contains("--decay-corrected injection"),
        "{said}"
    );
    let (code, said) = of(corrected, &["--decay-corrected", "injection"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = of(corrected, &["--decay-corrected", "no"]);
    assert!(code == Some(3) && !said.contains("Say --decay-corrected"), "{said}");
    let (code, said) = of("0,5;141\n1;100\n2;60\n", &["--decay-corrected", "injection"]);
    assert!(code == Some(3) && said.contains("141.000 %"), "{said}");

    let folder = folder(
        "datetime;liver (MBq)\n2026-03-02 14:00;400\n2026-03-05 10:00;250\n2027-03-06 10:00;200\n",
    );
    let output = run(&folder, &["--nuclide", "Lu-177", "--injection", "2026-03-02T10:00"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("half-lives") && said.contains("year"), "{said}");
}

/// A nuclide in a name or a column is that of the run, or the table is refused; the remedy of the message works.
#[test]
fn nuclides_of_the_table_are_compared() {
    let rows = |name: &str| {
        let value = |t: f64| 100.0 * 2.0_f64.powf(-t / 60.0);
        let rows = [4.0, 24.0, 96.0, 168.0].map(|t| format!("{t},{}\n", value(t)));
        format!("time_h,{name} (MBq)\n{}", rows.concat())
    };
    let other = folder(&rows("Y-90 lesion"));
    let refused = run(&other, &["--nuclide", "Lu-177"]);
    assert_ne!(refused.status.code(), Some(0));
    assert!(text(&refused.stderr).contains("--nuclide Y-90"), "{}", text(&refused.stderr));
    let right = run(&other, &["--nuclide", "Y-90"]);
    assert_eq!(right.status.code(), Some(0), "{}", text(&right.stderr));
    let by_half_life = run(&other, &["--half-life", "64.1h"]);
    assert_eq!(by_half_life.status.code(), Some(0), "{}", text(&by_half_life.stderr));
    let both = folder("nuclide,time_h,activity_MBq\nLu-177,4,9\nY-90,24,7\nLu-177,96,3\n");
    assert_ne!(run(&both, &["--nuclide", "Lu-177"]).status.code(), Some(0));
}

/// Only the shape of a planar curve counts: retention in % needs no administered activity.
#[test]
fn retention_gives_a_shape() {
    let table = |of: &str| {
        let rows =
            [4.0, 24.0, 96.0, 168.0].map(|t| format!("{t},{}\n", 80.0 * 2.0_f64.powf(-t / 60.0)));
        format!("time_h,{of}\n{}", rows.concat())
    };
    let scale = [
        "--nuclide",
        "Lu-177",
        "--spect-time",
        "24h",
        "--spect-activity",
        "35MBq",
        "--spect-uncertainty",
        "5%",
    ];
    let of = |name: &str| {
        let output = run(&folder(&table(name)), &scale);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        number(&line(&output, "curve")[2])
    };
    assert!((of("retention (%)") / of("counts") - 1.0).abs() < 1e-9);
}

/// Options that would change nothing are refused: a time of injection beside times that count from it, a tail without trapezoids.
#[test]
fn options_without_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let clock =
        table("clock.csv", "scan time (h:mm),A (MBq)\n10:30,80\n11:00,70\n12:00,50\n13:00,36\n");
    let hours = table("hours.csv", "time (h),A (MBq)\n10.5,80\n11,70\n12,50\n13,36\n");
    let said = |words: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_voxgray")).arg("fit").args(words).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let injection = ["--nuclide", "F-18", "--injection", "2026-03-13T10:00"];
    for file in [&clock, &hours] {
        let (code, text) = said(&[&[file.as_str()], &injection[..]].concat());
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("--injection is given") && text.contains("column of dates"),
            "{text}"
        );
    }
    for option in [["--tail", "mono:2"], ["--head", "constant"]] {
        let (code, text) = said(&[&[hours.as_str(), "--nuclide", "F-18"], &option[..]].concat());
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("without --model trapezoid"), "{text}");
    }
}

/// A family whose uptake the points do not show: the uncertainty is that of the interval, not of a parameter that nothing holds.
#[test]
fn a_phase_that_the_points_do_not_show_leaves_the_uncertainty_of_the_integral() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mono.csv");
    std::fs::write(
        &path,
        "time_h,activity_MBq,uncertainty_%\n4,94.607,5\n24,71.700,5\n72,36.86,5\n168,9.74,5\n",
    )
    .unwrap();
    for model in ["mono", "mono-uptake"] {
        let output = Command::new(env!("CARGO_BIN_EXE_voxgray"))
            .arg("fit")
            .arg(&path)
            .args(["--nuclide", "Lu-177", "--model", model])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let row: Vec<f64> = text
            .lines()
            .nth(1)
            .unwrap()
            .split('\t')
            .map(|c| c.parse().unwrap_or(f64::NAN))
            .collect();
        let (value, percent, low, high) = (row[2], row[4], row[5], row[6]);
        // 100 MBq with an effective half-life of 50 h.
        assert!((value / 2.597e13 - 1.0).abs() < 0.02, "{text}");
        let half = 100.0 * 0.5 * (high - low) / value / 1.96;
        assert!((0.8..1.25).contains(&(percent / half)), "{percent} {half}: {text}");
    }
}
