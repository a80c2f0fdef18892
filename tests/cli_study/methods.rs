//! Other methods of dose in a study: each a stage of its own, compared to the bytes of the command typed by hand, and shown in the report.

use super::{Patient, STUDY, all, contents, ends, printed, said};

/// Local deposition in two ways and a map of another program beside the dose.
const COMPARED: &str = "
[compare]
methods = ['ldm', { name = 'local', method = 'ldm', ldm_photons = 'local' }]
unit = 'Gy'
gamma = ['2%/2mm']
";

const ALL: [&str; 8] =
    ["dose", "method_ldm", "method_local", "compare", "dvh", "bed", "limit", "report"];

impl Patient {
    /// As [`Patient::new`], with methods beside the dose.
    fn compared() -> Self {
        let patient = Patient::new();
        patient.image("other.nii.gz", |v| if super::inside(v) { 2.0 } else { 0.0 });
        patient.study(&study(COMPARED));
        patient
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command of a stage as `check` prints it, to be written elsewhere.
    fn line_of(&self, stage: &str, out: &str) -> Vec<String> {
        let check = printed(&self.run(&["check", "study.toml"]));
        let from = check.find(&format!("\n  {stage}: ")).unwrap_or_else(|| panic!("{check}"));
        let line = check[from..].lines().find(|l| l.starts_with("    voxgray ")).unwrap();
        let (words, _) = line.trim().split_once(" -o ").unwrap();
        let words = words.split(' ').skip(1).map(|w| w.trim_matches('\'').to_owned());
        words.chain(["-o".into(), out.into()]).collect()
    }
}

fn study(more: &str) -> String {
    let text =
        STUDY.replace("[[cycle.voi]]", "candidate = { other = 'other.nii.gz' }\n[[cycle.voi]]");
    text + more
}

/// The unit is of maps that do not say it: the run that they are held against says its own.
#[test]
fn maps_in_milligray_are_compared_as_in_gray() {
    let patient = Patient::compared();
    patient.stages(&["run", "study.toml"]);
    let table = || patient.text("study-out/compare/comparison.csv");
    let in_gray = table();
    patient.image("other.nii.gz", |v| if super::inside(v) { 2000.0 } else { 0.0 });
    patient.study(&study(&COMPARED.replace("'Gy'", "'mGy'")));
    let ends = patient.stages(&["run", "study.toml"]);
    assert_eq!((ends["compare"].as_str(), ends["dose"].as_str()), ("done", "kept"));
    assert!(in_gray.contains("other,") && table() == in_gray);
}

#[test]
fn methods_are_compared_as_by_hand_and_reported() {
    let patient = Patient::compared();
    assert_eq!(patient.stages(&["run", "study.toml"]), all("done", &ALL));
    // Typed by hand, the same bytes, but for times.
    for (stage, out) in [("method_local", "local"), ("compare", "compared")] {
        let words = patient.line_of(stage, out);
        let output = patient.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", said(&output));
        let (found, expected) =
            (contents(&patient.path(out)), contents(&patient.path("study-out").join(stage)));
        assert!(expected.len() > 5 && found == expected, "{:?}", found.keys());
    }
    // Every number of its tables is on the page.
    let page = patient.text("study-out/report.html");
    assert!(page.contains("<h2 id=\"comparison\">") && page.len() < 10 << 20);
    let percent = |cell: &str| {
        let text = format!("{:.2}", (1e4 * cell.parse::<f64>().unwrap()).round() / 100.0 + 0.0);
        text.replace('-', "\u{2212}")
    };
    let table = |name: &str| patient.text(&format!("study-out/compare/{name}"));
    let mut seen = 0;
    for row in table("vois.csv").lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let error = if cells[7].is_empty() { String::new() } else { percent(cells[7]) };
        let number = match error.as_str() {
            "" => percent(cells[6]),
            error => format!("{} ± {error}", percent(cells[6])),
        };
        assert!(page.contains(&number), "{number} of {row}");
        seen += 1;
    }
    assert_eq!(seen, 3 * 2 * 4, "three candidates, two VOIs, four numbers");
    for row in table("comparison.csv").lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        if cells[1] != "all" && cells[2] != "0.1" {
            continue;
        }
        let bias = format!("{} ± {}", percent(cells[4]), percent(cells[5]));
        let within = (9..12).map(|k| format!("{} ({})", percent(cells[k]), percent(cells[k + 3])));
        for number in within.chain([bias]) {
            assert!(page.contains(&number), "{number} of {row}");
        }
    }
    for row in table("gamma.csv").lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let number = format!("{} ({})", percent(cells[4]), percent(cells[5]));
        assert!(page.contains(&number), "{number} of {row}");
    }
    // A plot for each VOI, a picture for each candidate, each in words; lines of one plot have dashes of their own.
    assert_eq!(page.matches("Histograms by each method").count(), 2);
    assert_eq!(page.matches("less the dose above in the axial slice").count(), 3);
    assert!(
        page.contains("half of the volume has at least")
            && page.contains("stroke-dasharray=\"9 4\"")
    );
    assert_eq!(page.matches("<img ").count(), page.matches(" alt=\"").count());
    let summary = patient.text("study-out/method_ldm/summary.json");
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let neglects = summary["setup"]["method"]["neglects"].as_str().unwrap();
    assert!(page.contains(&neglects.replace('\'', "&#39;")), "{neglects}");
    // Without methods there is no such section.
    patient.study(STUDY);
    assert_eq!(patient.stages(&["run", "study.toml"])["report"], "done");
    assert!(!patient.text("study-out/report.html").contains("id=\"comparison\""));
    // A comparison of another dose is not reported as one of this.
    let output = patient.run(&[
        "report",
        "study-out/method_ldm",
        "--comparison",
        "compared",
        "-o",
        "r.html",
    ]);
    assert!(said(&output).contains("of another dose"), "{}", said(&output));
}

#[test]
fn a_changed_list_of_methods_reruns_what_hangs_on_it() {
    let patient = Patient::compared();
    let run = || patient.stages(&["run", "study.toml"]);
    run();
    assert_eq!(run(), all("kept", &ALL));
    patient.study(&study(&COMPARED.replace("['ldm', ", "['ldm', 'ldm+density=none', ")));
    let mut expected = all("kept", &ALL);
    for stage in ["method_ldm_density_none", "compare", "report"] {
        expected.insert(stage.into(), "done".into());
    }
    assert_eq!(run(), expected);
    // What a method has no use for is none of its inputs.
    patient.study(&study(COMPARED).replace("histories = 2000", "histories = 3000"));
    let ended = run();
    assert_eq!((&*ended["dose"], &*ended["method_ldm"]), ("done", "kept"));
    // A method that fails leaves the others.
    patient.study(&study(
        "[compare]\nmethods = ['ldm', { method = 'vsv', kernel = 'organs.csv' }]\nunit = 'Gy'\n",
    ));
    let output = patient.run(&["run", "study.toml"]);
    let ended = ends(&output);
    assert_eq!((&*ended["method_vsv"], &*ended["compare"]), ("failed", "done"));
    assert!(said(&output).contains("method_vsv: study.toml, line"), "{}", said(&output));
    assert_eq!(patient.text("study-out/compare/gamma.csv").lines().count(), 1 + 2 * 2);
}

#[test]
fn methods_with_histories_are_shared_out_and_cycles_have_their_own() {
    let patient = Patient::new();
    let from = STUDY.find("[[cycle]]").unwrap();
    let cycle = &STUDY[from..STUDY.find("[series]").unwrap()];
    let text = STUDY[..STUDY.find("[bed]").unwrap()].replace(cycle, &format!("{cycle}{cycle}"));
    patient.study(&format!("{text}[compare]\nmethods = ['ldm', 'semi-mc']\n"));
    let whole = patient.stages(&["run", "study.toml", "-o", "whole"]);
    let stages = [
        "dose_1",
        "dose_2",
        "method_1_ldm",
        "method_1_semi-mc",
        "method_2_ldm",
        "method_2_semi-mc",
        "compare_1",
        "compare_2",
        "dvh_1",
        "dvh_2",
        "report",
    ];
    assert_eq!(whole, all("done", &stages));
    for shard in ["1/2", "2/2"] {
        let ended = patient.stages(&["run", "study.toml", "--shard", shard, "-o", "parts"]);
        let shared = ["dose_1", "dose_2", "method_1_semi-mc", "method_2_semi-mc"];
        assert_eq!(ended, all("done", &shared));
    }
    assert_eq!(patient.stages(&["run", "study.toml", "--merge", "2", "-o", "parts"]), whole);
    let (found, expected) = (contents(&patient.path("parts")), contents(&patient.path("whole")));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let differing: Vec<_> =
        expected.iter().filter(|(n, b)| found[*n] != **b).map(|(n, _)| n).collect();
    assert!(differing.is_empty(), "{differing:?}");
    let page = patient.text("parts/report.html");
    assert_eq!(page.matches("What is compared.").count(), 2 * 2, "caption and label of two tables");
}

#[test]
fn methods_that_are_wrong_are_refused_by_key_and_line() {
    let patient = Patient::compared();
    for (text, code, parts) in [
        (
            COMPARED.replace("gamma", "gama"),
            3,
            &["compare.gama, line", "Did you mean 'gamma'?"][..],
        ),
        (COMPARED.replace("methods", "method"), 3, &["compare.method, line 40", "compare-methods"]),
        (
            COMPARED.replace("ldm_photons", "ldm_fotons"),
            3,
            &["compare.methods.2.ldm_fotons, line 40", "Did you mean 'ldm_photons'?"],
        ),
        (
            COMPARED.replace("'ldm',", "'ldm+foton=x',"),
            3,
            &["compare.methods.1, line 40", "photons="],
        ),
        (
            COMPARED.replace("'ldm',", "'lmd',"),
            3,
            &["line 40", "[compare.methods.1] method", "lmd"],
        ),
        (COMPARED.replace("name = 'local', ", ""), 3, &["compare.methods.2, line 40", "name"]),
        (
            COMPARED.replace("'local' }", "'local', kernel_by = 'source' }"),
            2,
            &["line 40", "--kernel-by", "kernel_by of [compare.methods.2]"],
        ),
        (
            COMPARED.replace("unit", "reference"),
            3,
            &["compare.reference, line 41", "the dose of each cycle"],
        ),
        (COMPARED.replace("'ldm', {", "'other', {"), 3, &["cycle.1.candidate.other", "line 8"]),
        ("\n".into(), 3, &["study.toml, line 8", "candidate other", "Add unit"]),
        ("\n[compare]\nunit = 'Gy'\n".into(), 0, &[]),
        (
            "\n[[compare.methods]]\nname = 'x'\n".into(),
            3,
            &["compare.methods.1, line 39", "method = \"ldm\""],
        ),
    ] {
        patient.study(&study(&text));
        let output = patient.run(&["check", "study.toml"]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{text}: {told}");
        parts.iter().for_each(|p| assert!(told.contains(p), "'{p}' is not in: {told}"));
    }
    // In [dose] it is said where they belong; a [compare] with nothing; a map that is not there, before anything is run.
    let refused = |text: String, parts: &[&str]| patient.refused(&text, "run", 3, parts);
    refused(STUDY.replace("[dose]", "[dose]\nmethods = ['ldm']"), &["methods of [compare]"]);
    refused(
        format!("{STUDY}[compare]\nunit = 'Gy'\n"),
        &["[compare], line 37", "nothing to compare"],
    );
    refused(
        study("").replace("other.nii.gz", "gone.nii.gz"),
        &["study.toml, line 8", "gone.nii.gz is not there"],
    );
    assert!(!patient.path("study-out").exists());
}
