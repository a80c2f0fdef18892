//! `voxgray fit` as a user runs it: tables in, table, JSON and plots out, bad tables refused.

use std::process::{Command, Output};

use serde_json::Value;

const LU: f64 = 6.647 * 24.0;

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
    refused("time_h,activity_MBq,uncertainty_MBq\n24,5,1\n4,9,1\n72,2,1\n", 3, "unsorted");
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n4,8,1\n72,2,1\n", 3, "twice");
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,-8,1\n72,2,1\n", 3, "negative");
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,8,0\n72,2,1\n", 3, "must be positive");
    refused("time_h,activity_MBq,uncertainty_MBq\n4,9,1\n24,,1\n72,2,1\n", 3, "no number");
    refused("time_h,time_s,activity_MBq\n4,9,1\n", 3, "mixed");
    refused("time_h,activity\n4,9\n", 3, "unknown column");
    refused("", 3, "empty");
    let folder = folder(&table());
    assert_eq!(run(&folder, &[]).status.code(), Some(2));
    assert_eq!(run(&folder, &["--nuclide", "Lu-177", "--tail", "mono"]).status.code(), Some(2));
    assert_eq!(run(&folder, &["--nuclide", "Xx-1"]).status.code(), Some(2));
    let doubled = run(&folder, &["--nuclide", "Lu-177", "--relative-uncertainty", "5%"]);
    assert!(text(&doubled.stderr).contains("uncertainties of its own"));
}
