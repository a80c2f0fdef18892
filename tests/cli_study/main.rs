//! Studies through the program: what `check` says, what `run` runs again, what is there after kills, and files as they go wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

mod before;
#[cfg(unix)]
mod full_disk;
mod keys;
mod methods;
mod shards;
#[path = "../support/shared.rs"]
mod shared;
mod tables;

use voxgray::image::{Grid, Volume};
use voxgray::io::write_nifti;

const SIDE: usize = 10;
const STUDY: &str = "\
format = 1
pseudonym = 'P01'
nuclide = 'Lu-177'

[[cycle]]
administered = '7.4 GBq'
ct = 'ct.nii.gz'
[[cycle.voi]]
file = 'organs.nii.gz'
names = 'organs.csv'
[[cycle.time_point]]
time = '4h'
activity = 'a4.nii.gz'
[[cycle.time_point]]
time = '24h'
activity = 'a24.nii.gz'
[[cycle.time_point]]
time = '96h'
activity = 'a96.nii.gz'

[series]
relative_uncertainty = 0.05
decay_correction = 'none'

[dose]
histories = 2000
engine = 'cpu'
threads = 1

[bed]
alpha_beta = '2.6Gy'
repair = '2.8h'

[[limit]]
of = 'kidney'
limit = '23Gy'
";

struct Patient {
    folder: tempfile::TempDir,
}

fn grid() -> Grid {
    Grid::aligned([SIDE; 3], [0.0; 3], [4.0; 3])
}

fn volume(value: impl Fn([usize; 3]) -> f32) -> Volume<f32> {
    let grid = grid();
    let data = (0..grid.len()).map(|v| value(grid.unlinear(v))).collect();
    Volume::new(grid, data).unwrap()
}

fn inside([i, j, k]: [usize; 3]) -> bool {
    [i, j, k].iter().all(|x| (2..8).contains(x))
}

/// 1: kidney, 2: tumour.
fn label([i, j, k]: [usize; 3]) -> f32 {
    let within = |from: usize| [i, j, k].iter().all(|x| (from..from + 2).contains(x));
    if within(3) {
        1.0
    } else if within(6) {
        2.0
    } else {
        0.0
    }
}

impl Patient {
    /// A box of water with a kidney and a tumour that both fall, the tumour slowly.
    fn new() -> Self {
        let patient = Patient { folder: tempfile::tempdir().unwrap() };
        patient.image("ct.nii.gz", |v| if inside(v) { 20.0 } else { -1000.0 });
        patient.image("organs.nii.gz", label);
        std::fs::write(patient.path("organs.csv"), "label,name\n1,kidney\n2,tumour\n").unwrap();
        for hours in [4, 24, 96] {
            patient.activity(&format!("a{hours}.nii.gz"), f64::from(hours), 50.0);
        }
        patient.study(STUDY);
        patient
    }

    fn activity(&self, name: &str, hours: f64, kidney_h: f64) {
        self.image(name, |v| {
            let fall = |half: f64| (-hours / half * std::f64::consts::LN_2).exp() as f32;
            match label(v) as u8 {
                1 => 4e6 * fall(kidney_h),
                2 => 6e6 * fall(90.0),
                _ if inside(v) => 2e5 * fall(30.0),
                _ => 0.0,
            }
        });
    }

    fn image(&self, name: &str, value: impl Fn([usize; 3]) -> f32) {
        write_nifti(&self.path(name), &volume(value)).unwrap();
    }

    fn study(&self, text: &str) {
        std::fs::write(self.path("study.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
        command.current_dir(self.folder.path()).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The stages of a run and how they ended.
    fn stages(&self, words: &[&str]) -> BTreeMap<String, String> {
        let output = self.run(words);
        assert!(output.status.success(), "{}", said(&output));
        ends(&output)
    }

    fn refused(&self, text: &str, command: &str, code: i32, parts: &[&str]) {
        self.study(text);
        let output = self.run(&[command, "study.toml"]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        parts.iter().for_each(|p| assert!(told.contains(p), "'{p}' is not in: {told}"));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn ends(output: &Output) -> BTreeMap<String, String> {
    let text = printed(output);
    let of = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[1].to_owned(), cells[2].to_owned())
    };
    text.lines().filter(|l| l.starts_with("stage\t")).map(of).collect()
}

fn all(word: &str, stages: &[&str]) -> BTreeMap<String, String> {
    stages.iter().map(|s| ((*s).to_owned(), word.to_owned())).collect()
}

const STAGES: [&str; 5] = ["dose", "dvh", "bed", "limit", "report"];

#[test]
fn only_what_hangs_on_a_change_is_run_again() {
    let patient = Patient::new();
    let run = || patient.stages(&["run", "study.toml"]);
    assert_eq!(run(), all("done", &STAGES));
    for file in ["series.toml", "stages.json", "dose/dose.nii.gz", "dvh/dvh.csv", "limit.json"] {
        assert!(patient.path("study-out").join(file).is_file(), "{file}");
    }
    assert_eq!(run(), all("kept", &STAGES));
    // What changes nothing in the results.
    patient.study(&STUDY.replace("threads = 1", "threads = 2"));
    assert_eq!(run(), all("kept", &STAGES));
    // A part of the study that one stage reads.
    let with_dvh = format!("{STUDY}[dvh]\nd = '0.2mL'\n");
    patient.study(&with_dvh);
    let mut expected = all("kept", &STAGES);
    for stage in ["dvh", "report"] {
        expected.insert(stage.into(), "done".into());
    }
    assert_eq!(run(), expected);
    // An output that is gone, or was changed.
    std::fs::remove_file(patient.path("study-out/bed/bed.csv")).unwrap();
    let mut expected = all("kept", &STAGES);
    for stage in ["bed", "report"] {
        expected.insert(stage.into(), "done".into());
    }
    assert_eq!(run(), expected);
    // An input; one of the same content and another name.
    std::fs::rename(patient.path("organs.csv"), patient.path("names.csv")).unwrap();
    patient.study(&with_dvh.replace("organs.csv", "names.csv"));
    assert_eq!(run(), all("kept", &STAGES));
    patient.activity("a24.nii.gz", 24.0, 40.0);
    let check = printed(&patient.run(&["check", "study.toml"]));
    assert!(check.contains("dose: run, as something that it depends on has changed"), "{check}");
    assert_eq!(run(), all("done", &STAGES));
}

#[test]
fn a_study_is_the_commands_that_check_prints() {
    let patient = Patient::new();
    let check = printed(&patient.run(&["check", "study.toml"]));
    assert!(!patient.path("study-out").exists(), "check writes nothing");
    let spaced: Vec<String> =
        check.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let spaced = spaced.join("\n");
    for line in [
        "pseudonym P01 line 2",
        "half-life 159.4632 h nuclear decay data",
        "kidney: 0.51 mL",
        "histories 2000 line 26",
        "relative_uncertainty 0.05 line 22",
        "seed 1 default",
        "time 4.000 h after the administration line 12",
        "administered activity 7.4 GBq line 6",
        "decay correction NONE line 23",
    ] {
        assert!(spaced.contains(line), "'{line}' is not in:\n{spaced}");
    }
    patient.stages(&["run", "study.toml"]);
    // The same by hand, into another folder.
    let of = |name: &str| {
        let line = check.lines().find(|l| l.starts_with(&format!("    voxgray {name} "))).unwrap();
        let (words, _) = line.trim().split_once(" -o ").unwrap();
        words.split(' ').skip(1).map(|w| w.trim_matches('\'').to_owned()).collect::<Vec<_>>()
    };
    let dose: Vec<String> = of("dose").into_iter().chain(["-o".into(), "by_hand".into()]).collect();
    let output = patient.run(&dose.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", said(&output));
    for file in ["dose.nii.gz", "vois.csv", "dose_standard_error.nii.gz"] {
        let read = |folder: &str| std::fs::read(patient.path(folder).join(file)).unwrap();
        assert!(read("by_hand") == read("study-out/dose"), "{file}");
    }
}

/// Every file below a folder; without what tells of time.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(top: &Path, folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(top, &path, into);
                continue;
            }
            let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            let mut bytes = std::fs::read(&path).unwrap();
            if name.ends_with("summary.json") {
                let mut summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                summary.as_object_mut().unwrap().remove("timing").unwrap();
                bytes = summary.to_string().into_bytes();
            }
            if name.ends_with("comparison.json") {
                let mut found: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                found.as_object_mut().unwrap().remove("timing").unwrap();
                bytes = found.to_string().into_bytes();
            }
            if name.ends_with("comparison.html") {
                let page = String::from_utf8(bytes).unwrap();
                let lines = page.lines().filter(|l| !l.contains("Time of the methods"));
                bytes = lines.collect::<Vec<_>>().join("\n").into_bytes();
            }
            // The hash of what tells of time; how long stages took and what resuming says.
            let timed = ["dose", "method", "compare"].iter().any(|t| name.starts_with(t));
            let marks = name.ends_with("/voxgray-files.json") && timed;
            if !marks && !["stages.json", "voxgray-files.json"].contains(&&*name) {
                into.insert(name, bytes);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// `VOXGRAY_KILLS=50 cargo test --test cli_study killed -- --nocapture` kills fifty; without it there are six.
#[cfg(unix)]
#[test]
fn a_study_that_is_killed_goes_on_to_the_same_bytes() {
    let kills: u32 = std::env::var("VOXGRAY_KILLS").map_or(6, |n| n.parse().unwrap());
    let patient = Patient::new();
    let text = STUDY.replace("histories = 2000", "histories = 30000\ncheckpoint_every = '0.02s'");
    patient
        .study(&format!("{text}[dvh]\nsampling = 'interpolated'\n[compare]\nmethods = ['ldm']\n"));
    let began = Instant::now();
    patient.stages(&["run", "study.toml", "-o", "whole"]);
    let seconds = began.elapsed().as_secs_f64();
    let whole = contents(&patient.path("whole"));
    assert!(whole.len() > 20, "{:?}", whole.keys());
    let (mut running, mut left) = (0, BTreeMap::<String, u32>::new());
    for n in 0..kills {
        let out = format!("out{n}");
        let words = ["run", "study.toml", "-o", &out];
        // Golden-ratio steps over the time of a run; every third is killed once more on its way.
        for kill in 0..1 + u32::from(n % 3 == 2) {
            let share = (f64::from(n + kill) * 0.618_033_988_75 + 0.05).fract();
            let mut child = patient
                .command(&words)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_secs_f64(share * seconds));
            if child.try_wait().unwrap().is_none() {
                running += 1;
                let signal = if n % 4 == 3 { "-INT" } else { "-KILL" };
                Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            }
            child.wait().unwrap();
        }
        let ends = patient.stages(&words);
        for (stage, end) in ends {
            *left.entry(format!("{stage} {end}")).or_default() += 1;
        }
        let found = contents(&patient.path(&out));
        assert_eq!(found.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "kill {n}");
        let differing: Vec<&String> =
            whole.iter().filter(|(name, bytes)| found[*name] != **bytes).map(|(n, _)| n).collect();
        assert!(differing.is_empty(), "kill {n}: {differing:?}");
    }
    println!("{running} runs were killed on their way; then: {left:?}");
    assert!(running * 2 >= kills, "{running} of {kills} were still running");
}

#[test]
fn a_study_file_that_is_wrong_is_refused_by_key_and_line() {
    let patient = Patient::new();
    let with = |from: &str, to: &str| {
        assert!(STUDY.contains(from), "{from}");
        STUDY.replace(from, to)
    };
    for (text, parts) in [
        (with("nuclide =", "nuclid ="), &["study.toml", "Did you mean 'nuclide'?"][..]),
        (with("format = 1", "format = 2\nnews = 1"), &["version 2", "reads version 1"]),
        (
            with("histories =", "historie ="),
            &["dose.historie, line 26", "Did you mean 'histories'?"],
        ),
        (with("histories = 2000", "histories = 'many'"), &["line 26", "[dose] histories", "many"]),
        (with("histories = 2000", "activity = 'x'"), &["dose.activity, line 26", "itself"]),
        (
            with("relative_uncertainty =", "relative_uncertain ="),
            &["line 22", "relative_uncertainty"],
        ),
        (with("relative_uncertainty = 0.05", "integrate = 'voi'"), &["missing field", "[series]"]),
        (with("time = '24h'\n", "tyme = '24h'\n"), &["line 15", "Did you mean 'time'?"]),
        (with("time = '24h'", "time = '200h'"), &["study.toml", "ascend"]),
        (with("time = '24h'", "time = '24'"), &["study.toml, line 15: time point 2", "its unit"]),
        (
            with("time = '24h'", "time = '24h'\nshift_mm = [0, 0, 0]\nregister = true"),
            &["study.toml, line 16: time point 2", "Keep one of them"],
        ),
        (with("_uncertainty = 0.05", "_uncertainty = 5"), &["study.toml, line 22", "0.05 for 5 %"]),
        (
            with("[dose]", "[series.recovery]\nkidney = 8\n[dose]"),
            &["study.toml, line 26", "the coefficient is 8"],
        ),
        (with("activity = 'a96.nii.gz'", ""), &["time point 3 (line 17) has no activity"]),
        (
            with("of = 'kidney'", "off = 'kidney'"),
            &["off of [[limit]], line 35", "Did you mean 'of'?"],
        ),
        (with("repair = '2.8h'", ""), &["line 30: [bed] has no repair"]),
    ] {
        patient.refused(&text, "check", 3, parts);
        assert!(!patient.path("study-out").exists());
    }
    // VOIs that are not there are told before anything is computed.
    for (key, more) in [("fine", ""), ("target_voi", "target_uncertainty = '1%'\n")] {
        let text = with("histories = 2000", &format!("{more}histories = 2000\n{key} = 'liver'"));
        let line = text.lines().position(|l| l.starts_with(key)).unwrap() + 1;
        let said = format!("study.toml, line {line}: --{} names 'liver'", key.replace('_', "-"));
        patient.refused(&text, "check", 2, &[&said, "the VOIs are kidney, tumour"]);
    }
    let missing = with("'a96.nii.gz'", "'a97.nii.gz'");
    for command in ["check", "run"] {
        patient.refused(&missing, command, 4, &["a97.nii.gz"]);
    }
}

#[test]
fn a_folder_of_others_is_not_written_to() {
    let patient = Patient::new();
    std::fs::create_dir(patient.path("study-out")).unwrap();
    std::fs::write(patient.path("study-out/thesis.txt"), "years of work").unwrap();
    patient.refused(STUDY, "run", 4, &["thesis.txt"]);
    assert_eq!(std::fs::read_dir(patient.path("study-out")).unwrap().count(), 1);
}

/// A stage that fails or is refused in part leaves the others, and is told in the end.
#[test]
fn what_one_stage_cannot_do_does_not_stop_the_others() {
    let patient = Patient::new();
    patient.study(&STUDY.replace("[[limit]]", "[dvh]\nplus = 'gone.nii.gz=5'\n[[limit]]"));
    let output = patient.run(&["run", "study.toml"]);
    let mut expected = all("done", &STAGES);
    expected.insert("dvh".into(), "failed".into());
    assert_eq!(ends(&output), expected);
    assert!(said(&output).contains("gone.nii.gz") && output.status.code() != Some(0));
    // The report says what it lacks.
    let page = std::fs::read_to_string(patient.path("study-out/report.html")).unwrap();
    assert!(page.contains("dvh: failed, and is not in this report"));
    // A curve that rises throughout is refused, with what to do; its dose is an assumption.
    patient.study(STUDY);
    patient.activity("a24.nii.gz", 24.0, -60.0);
    patient.activity("a96.nii.gz", 96.0, -60.0);
    let output = patient.run(&["run", "study.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(ends(&output)["dose"], "refused_in_part");
    assert!(said(&output).contains("method"), "{}", said(&output));
    // It is not run again, and still says so.
    let output = patient.run(&["run", "study.toml"]);
    assert_eq!((output.status.code(), &*ends(&output)["dose"]), (Some(3), "kept"));
}

#[test]
fn several_cycles_and_files_of_vois_that_overlap() {
    let patient = Patient::new();
    patient.image("lesion.nii.gz", |v| f32::from(u8::from(label(v) > 0.0)));
    std::fs::write(patient.path("lesion.csv"), "label,name\n1,lesion\n").unwrap();
    let cycle = &STUDY[STUDY.find("[[cycle]]").unwrap()..STUDY.find("[series]").unwrap()];
    let cycle = cycle.replace(
        "[[cycle.time_point]]\ntime = '4h'",
        "[[cycle.voi]]\nfile = 'lesion.nii.gz'\nnames = 'lesion.csv'\n[[cycle.time_point]]\ntime = '4h'",
    );
    let text = STUDY.replace(
        &STUDY[STUDY.find("[[cycle]]").unwrap()..STUDY.find("[series]").unwrap()],
        &format!("{cycle}{cycle}"),
    );
    // The first cycle's activity is not known, and a table of names that others share has an organ that nobody contoured here.
    let text = text.replacen("administered = '7.4 GBq'\n", "", 1);
    std::fs::write(patient.path("organs.csv"), "label,name\n1,kidney\n2,tumour\n3,spleen\n")
        .unwrap();
    let text = text.replace("[bed]", "[bed]\ninterval = '56d'");
    patient.study(&text);
    let ends = patient.stages(&["run", "study.toml"]);
    let stages = ["dose_1", "dose_2", "dvh_1", "dvh_2", "bed", "limit", "report"];
    assert_eq!(ends, all("done", &stages));
    let limit = std::fs::read_to_string(patient.path("study-out/limit.json")).unwrap();
    let limit: serde_json::Value = serde_json::from_str(&limit).unwrap();
    assert!(limit.is_object(), "{limit}");
    let page = std::fs::read_to_string(patient.path("study-out/report.html")).unwrap();
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("no '{what}' in the page"));
    assert!(at("not stated: no dose per activity") < at("7400 MBq"));
    assert!(at("Dose-volume histograms, cycle 1") < at("Dose-volume histograms, cycle 2"));
    let dated = |from: &str, day: &str| {
        text.replacen(from, &format!("time = '2026-{day}T10:00:00'\n{from}"), 1)
    };
    let first = dated("ct = 'ct.nii.gz'", "03-01");
    patient.study(&first.replace("administered = '7.4 GBq'", "time = '2026-03-08T10:00:00'"));
    let told = printed(&patient.run(&["check", "study.toml"]));
    assert!(told.contains("interval of [bed] is 56d"), "{told}");
    assert!(told.contains("cycle 2 was given 7.0000 d after cycle 1"), "{told}");
    patient.study(&text);
    // Each cycle has histories of its own: the noise of two is not that of one, twice.
    let summary = |n: usize| {
        let path = patient.path(&format!("study-out/dose_{n}/summary.json"));
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let [first, second] = [1, 2].map(summary);
    let seed = |s: &serde_json::Value| s["setup"]["seed"].as_u64().unwrap();
    assert_eq!(seed(&second), seed(&first) + 1);
    let dose = |s: &serde_json::Value| s["vois"][0]["mean_dose"].as_f64().unwrap();
    assert!(dose(&first) != dose(&second));
    // One cycle less: what it and the first had stays, and is told.
    std::fs::rename(patient.path("study-out/bed"), patient.path("bed_of_two")).unwrap();
    patient.study(STUDY);
    let output = patient.run(&["run", "study.toml"]);
    for left in ["dose_1", "dose_2", "dvh_1", "dvh_2"] {
        let told = format!("{left} is of a stage that the study no longer has");
        assert!(said(&output).contains(&told), "{}", said(&output));
    }
    // A histogram of another dose is none of this report.
    let refused =
        patient.run(&["report", "study-out/dose", "--dvh", "study-out/dvh_2", "-o", "other.html"]);
    assert!(said(&refused).contains("dvh_2 is of another dose"), "{}", said(&refused));
    let refused =
        patient.run(&["report", "study-out/dose", "--bed", "bed_of_two", "-o", "other.html"]);
    assert!(said(&refused).contains("bed_of_two is of another dose"), "{}", said(&refused));
    assert!(!patient.path("other.html").exists());
}

/// The page alone: what it shows, and what it must not.
#[test]
fn a_report_stands_alone_and_names_nobody() {
    let patient = Patient::new();
    // A name that says whose image it is, and dates.
    std::fs::rename(patient.path("ct.nii.gz"), patient.path("Doe_Jane.nii.gz")).unwrap();
    let text = STUDY.replace("ct.nii.gz", "Doe_Jane.nii.gz").replace(
        "administered = '7.4 GBq'",
        "administered = '7.4 GBq'\ntime = '2026-03-01T10:00:00'",
    );
    patient.study(&text.replace("pseudonym = 'P01'", "pseudonym = '<P & 01>'"));
    patient.stages(&["run", "study.toml"]);
    let page = || std::fs::read_to_string(patient.path("study-out/report.html")).unwrap();
    let text = page();
    assert!(text.len() < 10 << 20);
    for id in [
        "subject",
        "quantification",
        "curves",
        "vois",
        "histograms",
        "limits",
        "slices",
        "warnings",
        "methods",
        "reporting",
        "provenance",
    ] {
        assert!(text.contains(&format!("<h2 id=\"{id}\">")), "{id}");
    }
    for part in ["&lt;P &amp; 01&gt;", "7400 MBq", "kidney", "10.1007/s00259-024-06640-x", "<svg"] {
        assert!(text.contains(part), "{part}");
    }
    for part in ["<script", "http://", "https://", "Doe", "2026-03", "<P "] {
        // The namespace of SVG is a name and no address.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains(part), "{part}");
    }
    let doses = std::fs::read_to_string(patient.path("study-out/dose/summary.json")).unwrap();
    let doses: serde_json::Value = serde_json::from_str(&doses).unwrap();
    let sha256 = doses["setup"]["inputs"][0]["sha256"].as_str().unwrap().to_owned();
    assert!(text.contains(&sha256));
    // Every picture has words, every table a caption.
    assert_eq!(text.matches("<img ").count(), text.matches(" alt=\"").count());
    assert_eq!(text.matches("<table>").count(), text.matches("<caption>").count());
    // Asked for, names are there; what an analysis warns of is there too.
    patient.study(&format!(
        "{}[report]\nidentify = true\nslices = 2\n[dvh]\nrbe = 'electron=1,photon=2'\n",
        std::fs::read_to_string(patient.path("study.toml")).unwrap()
    ));
    let mut expected = all("kept", &STAGES);
    for stage in ["dvh", "report"] {
        expected.insert(stage.into(), "done".into());
    }
    assert_eq!(patient.stages(&["run", "study.toml"]), expected);
    assert!(page().contains("the standard error of a weighted sum is not known"));
    assert!(page().contains("Doe_Jane.nii.gz"));
    // Not over what is not ours.
    std::fs::write(patient.path("page.html"), "mine").unwrap();
    let output = patient.run(&["report", "study-out/dose", "-o", "page.html", "--overwrite"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
}

/// Four scans of a patient who moves, of known truth: registered, unmixed, integrated, transported, reported. Each dose holds that of the true
/// time-integrated activity in its 95 % interval.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn every_dose_of_the_synthetic_patient_holds_the_truth() {
    let patient = Patient { folder: tempfile::tempdir().unwrap() };
    let place = |name: &str| shared::image(name).display().to_string();
    let [scans, body] = ["synthetic_lu177_4tp", "phantom_lu177_patient15"].map(place);
    let mut text = format!(
        "format = 1\nnuclide = 'Lu-177'\n[[cycle]]\nadministered = '7.4 GBq'\nct = '{scans}/ct_004h_hu.nii.gz'\n\
         [[cycle.voi]]\nfile = '{body}/patient15_organs.nii.gz'\nnames = '{body}/patient15_labels.csv'\n"
    );
    for hours in [4, 24, 72, 168] {
        text += &format!(
            "[[cycle.time_point]]\ntime = '{hours}h'\nactivity = '{scans}/spect_{hours:03}h_bqml.nii.gz'\n\
             ct = '{scans}/ct_{hours:03}h_hu.nii.gz'\n"
        );
    }
    text += "[series]\nrelative_uncertainty = 0.05\nregister = true\ntransfer = { fwhm_mm = [12.0, 0.5] }\n\
             calibration = { uncertainty = '2%' }\n[dose]\nhistories = 20000\nengine = 'cpu'\n[report]\nslices = 4\n";
    patient.study(&text);
    assert_eq!(patient.stages(&["run", "study.toml"]), all("done", &["dose", "dvh", "report"]));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let summary = read(&patient.path("study-out/dose/summary.json"));
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let truth = read(Path::new(&format!("{scans}/truth_tia.csv")));
    let mut seen = 0;
    for voi in summary["vois"].as_array().unwrap() {
        let name = voi["name"].as_str().unwrap();
        let row = truth.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap();
        let true_tia = row.split(',').nth(6).unwrap().parse::<f64>().unwrap() * 3.6e9;
        let [dose, tia] = ["mean_dose", "activity"].map(|k| voi[k].as_f64().unwrap());
        let interval = &voi["uncertainty"]["interval_95"];
        let [low, high] = [0, 1].map(|i| interval[i].as_f64().unwrap());
        // Its own decays give a VOI of these nearly all of its dose.
        let true_dose = dose * true_tia / tia;
        assert!((low..=high).contains(&true_dose), "{name}: {true_dose} is not in {low} to {high}");
        seen += 1;
    }
    assert_eq!(seen, 7);
}
