//! A short form of the validation: few cases with few histories, bars widened only by the statistical uncertainty.
//! The whole is `cargo run --release --example validation`.

#[path = "../validation/runner/mod.rs"]
#[allow(dead_code, reason = "the report and the command line are not used here")]
mod runner;

use std::collections::BTreeSet;

use runner::case::{self, Group};
use runner::judge::{Verdict, compare};
use runner::problem;
use runner::run::{RunOptions, run_case};
use runner::table::Table;
use voxgray::transport::devices::survey;
use voxgray::transport::engine::{Engine, EngineChoice};

fn groups() -> Vec<Group> {
    case::read_groups().expect("case files")
}

/// Runs the quick cases of a group; the message of a failure lists the cells.
fn quick(group: &str) {
    run(group, usize::MAX, Engine::Cpu);
}

/// Runs the first `most` quick cases of a group on an engine.
fn run(group: &str, most: usize, engine: Engine) {
    let options = RunOptions { quick: true, ..RunOptions::new(engine) };
    let groups = groups();
    let group = groups.iter().find(|g| g.name == group).expect("group");
    let mut ran = 0;
    for entry in &group.runs {
        if ran == most {
            break;
        }
        let Some(result) = run_case(group, entry, &options).expect("run") else { continue };
        ran += 1;
        let off: Vec<String> = result
            .judged
            .cells
            .iter()
            .filter(|c| c.verdict == Verdict::Fail)
            .map(|c| format!("{}: {:?} against {:?}, z {:+.1}", c.label, c.value, c.reference, c.z))
            .collect();
        assert!(
            result.judged.verdict != Verdict::Fail,
            "{}: energy imbalance {:e}, voxels {:?}\n{}",
            result.name,
            result.imbalance,
            result.judged.voxels,
            off.join("\n")
        );
    }
    assert!(ran > 0, "no quick case in {}", group.name);
}

#[test]
fn electron_point_kernels() {
    quick("dpk");
}

#[test]
fn low_energy_electron_point_kernels() {
    quick("dpk_lowAE");
}

#[test]
fn photon_point_kernels() {
    quick("ppk");
}

#[test]
fn slabs() {
    quick("slabs");
}

#[test]
fn phantom() {
    quick("phantom");
}

#[test]
fn photon_point_kernels_by_the_impulse_approximation() {
    quick("ppk_impulse");
}

/// The error bars of runs with a goal, on the CPU: 50 runs of each scene (all of 1,000 are `--case goals`).
#[test]
fn goals() {
    let options = RunOptions { quick: true, ..RunOptions::new(Engine::Cpu) };
    let study = runner::goals::study(&options).expect("runs");
    study.rows.iter().for_each(|row| println!("{}", row.join(" | ")));
    assert!(study.verdict == Verdict::Pass, "{:?}", study.rows);
}

/// One case of each kind on a GPU; the whole is `--engine gpu`.
#[test]
fn a_gpu_passes_too() {
    let devices = survey();
    let Some(device) = devices.devices.iter().find(|d| d.refused.is_none()) else {
        assert!(std::env::var_os("VOXGRAY_REQUIRE_GPU").is_none(), "no adapter: {devices:?}");
        println!("skipped: no adapter ({:?})", devices.lacking);
        return;
    };
    for group in ["dpk", "ppk", "slabs", "phantom"] {
        let choice = EngineChoice::Gpu(vec![device.facts.number]);
        run(group, 1, Engine::choose(&choice).expect("the device").0);
    }
}

#[test]
fn every_reference_table_says_where_it_is_from_and_belongs_to_a_case() {
    let mut tables = 0;
    for group in groups() {
        let mut named: BTreeSet<String> = BTreeSet::new();
        for run in &group.runs {
            named.insert(format!("{}.csv", run.name));
            named.extend(run.also.iter().map(|w| format!("{}.{w}.csv", run.name)));
        }
        for entry in std::fs::read_dir(&group.folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.extension().is_some_and(|e| e == "csv") {
                Table::read(&path).expect("provenance and whole rows");
                assert!(path.with_extension("json").exists(), "{} has no metadata", path.display());
                let file = path.file_name().expect("name").to_string_lossy().into_owned();
                assert!(named.remove(&file), "{file} belongs to no run");
                tables += 1;
            }
        }
        // Those of another group are there.
        if group.references.is_some() {
            named.retain(|file| !group.reference(file).exists());
        }
        assert!(named.is_empty(), "{}: missing {named:?}", group.name);
    }
    assert!(tables > 40, "{tables}");
}

/// The judge must be able to fail: the reference itself passes, off by twice the bar it does not.
#[test]
fn a_wrong_answer_fails() {
    let groups = groups();
    let group = groups.iter().find(|g| g.name == "dpk").expect("group");
    let entry = group.runs.iter().find(|r| r.name == "dpk_e_1MeV").expect("run");
    let problem = problem::build(group, entry).expect("problem");
    let mut values: Vec<(f64, f64)> =
        problem.cells.iter().map(|c| (c.reference, 0.001 * c.reference)).collect();
    assert_eq!(compare(group, &problem.cells, &values).verdict, Verdict::Pass);
    // 1.1 % of the largest shell at 0.45-0.5 R: beyond its bar of 0.5 %, and significant.
    let largest = problem.cells.iter().map(|c| c.reference).fold(0.0, f64::max);
    values[9].0 += 0.011 * largest;
    assert_eq!(compare(group, &problem.cells, &values).verdict, Verdict::Fail);
    // The same with a standard error of 1 % of the largest shell decides nothing, and says so.
    values[9].1 = 0.01 * largest;
    assert_eq!(compare(group, &problem.cells, &values).verdict, Verdict::PassByStatistics);
    // At 0.9-0.95 R the bar is 1 %.
    values[9].0 = problem.cells[9].reference;
    values[18].0 += 0.0095 * largest;
    assert_eq!(compare(group, &problem.cells, &values).verdict, Verdict::Pass);
}

#[test]
fn normal_quantiles() {
    use runner::statistics::{critical_z, two_sided_p};
    // Abramowitz and Stegun, table 26.1: P(|z| > 1.959964) = 0.05.
    assert!((two_sided_p(1.959_964) - 0.05).abs() < 1e-7);
    assert!((two_sided_p(0.0) - 1.0).abs() < 1e-9);
    // One cell at 0.1 %: 3.290527; 27 cells: 0.1 % / 27 each, within the bracket of 4 and 4.2.
    assert!((critical_z(1) - 3.290_527).abs() < 1e-5);
    assert!(critical_z(27) > 4.0 && critical_z(27) < 4.2);
}

#[test]
fn case_names_with_stars_groups_and_bare_names() {
    use runner::select::matches;
    assert!(matches("dpk", "dpk/dpk_e_1MeV") && matches("dpk/*", "dpk/dpk_e_1MeV"));
    assert!(matches("*_1MeV", "dpk/dpk_e_1MeV") && matches("dpk_e_1MeV", "dpk/dpk_e_1MeV"));
    assert!(!matches("dpk", "dpk_lowAE/dpk_e_0.01MeV") && !matches("*2MeV", "dpk/dpk_e_1MeV"));
}

#[test]
fn days_of_the_calendar() {
    use runner::machine::civil;
    assert_eq!(civil(0), (1970, 1, 1));
    assert_eq!(civil(19_782), (2024, 2, 29));
    assert_eq!(civil(20_088), (2024, 12, 31));
}
