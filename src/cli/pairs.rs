//! `voxgray pairs`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::compare_methods::{Line, options};
use super::dose;
use super::progress::Terminal;
use super::study_commands::commands;
use crate::error::{Error, Result};
use crate::pipeline::pairs::{PairFile, Part, forget_list, inputs, listed, maps, write_list};
use crate::pipeline::series_file::SeriesInput;
use crate::sheet::Sheet;
use crate::study::OptionFacts;

const AFTER: &str = "\
COHORT is a table with a row for each patient: the column patient, and columns named as
options of voxgray dose without their dashes (ct, activity, voi, administered, ...), with
paths beside the table; an empty cell leaves its option out. What all patients share stands
behind --.

Writes to OUT/PATIENT: a folder of voxgray dose for Monte Carlo (mc), for a second run with
other random numbers (mc_replicate), and for each of --methods; activity.nii.gz (Bq, or
decays, of each voxel) and ct.nii.gz (mean HU) on their grid. OUT/pairs.csv lists dose,
standard error and density of each with SHA-256 and the part of the cohort that the patient
is in, by the hash of the name: it stays when patients are added. pairs.csv comes last; with
--resume what is whole is kept.

Example:
  voxgray pairs cohort.csv -o pairs/ -- --nuclide Lu-177 --histories 1e8";

/// Options of `voxgray pairs`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct PairsArguments {
    /// Table of the patients.
    cohort: PathBuf,
    /// Methods beside Monte Carlo, as voxgray compare-methods takes them.
    #[arg(long, value_name = "METHODS", value_delimiter = ',', default_value = "ldm,vsv")]
    methods: Vec<String>,
    /// Percents of the patients to learn from, to choose by and to judge by.
    #[arg(long, value_name = "A,B,C", default_value = "70,15,15", value_parser = parse_split)]
    split: [f64; 2],
    /// Output folder.
    #[arg(short, long, value_name = "OUT")]
    out: PathBuf,
    /// Go on with what was interrupted; runs that are whole are kept.
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Replace older outputs of this command.
    #[arg(long)]
    overwrite: bool,
    /// Print errors and the result only.
    #[arg(short, long)]
    quiet: bool,
    /// Options of voxgray dose for all patients, without --method and -o.
    #[arg(last = true, value_name = "DOSE OPTIONS")]
    dose: Vec<String>,
}

fn parse_split(text: &str) -> std::result::Result<[f64; 2], String> {
    let parts: Option<Vec<f64>> =
        text.split(',').map(|p| p.trim().trim_end_matches('%').parse().ok()).collect();
    match parts.as_deref() {
        Some([a, b, c])
            if [a, b, c].iter().all(|x| **x >= 0.0) && (a + b + c - 100.0).abs() < 1e-9 =>
        {
            Ok([a / 100.0, b / 100.0])
        }
        _ => Err("must be three percents that sum to 100, such as 70,15,15".into()),
    }
}

/// Options of `voxgray dose` that this command gives itself.
const OURS: [&str; 7] = ["method", "out", "overwrite", "resume", "quiet", "shard", "from-shards"];

/// A patient's name and own options.
struct Patient {
    name: String,
    words: Vec<String>,
}

/// Reads the cohort.
fn patients(path: &Path) -> Result<Vec<Patient>> {
    let refuse =
        |problem: String, why: &str, suggestion: &str| Err(Error::input(problem, why, suggestion));
    let sheet = Sheet::read(path)?;
    let names: Vec<String> =
        sheet.header.iter().map(|h| h.trim().to_lowercase().replace('_', "-")).collect();
    let Some(patient) = names.iter().position(|n| n == "patient") else {
        return refuse(
            format!("{}: no column 'patient'", sheet.file),
            "the split is by patient",
            "Add a column with a name, or number, for each.",
        );
    };
    let known = commands();
    let dose = known.of("dose");
    let mut columns = Vec::new();
    for (n, name) in names.iter().enumerate().filter(|(n, _)| *n != patient) {
        let own = |o: &&OptionFacts| o.name == *name && !OURS.contains(&name.as_str());
        let Some(facts) = dose.iter().find(own) else {
            return refuse(
                format!("{}: there is no option for the column '{name}'", sheet.file),
                "columns are named as options of voxgray dose",
                "Rename it, or take it out (voxgray dose --help).",
            );
        };
        columns.push((n, facts));
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut found: Vec<Patient> = Vec::new();
    for row in &sheet.rows {
        let name = row.cells[patient].clone();
        let bad = |c: char| !(c.is_alphanumeric() || "-_.".contains(c));
        if name.is_empty() || name.contains(bad) || name.starts_with('.') {
            return refuse(
                format!("{}: the patient '{name}'", sheet.at(row.line)),
                "the name is that of a folder: letters, digits, '-', '_' and '.'",
                "Give each patient such a name.",
            );
        }
        if found.iter().any(|p| p.name == name) {
            return refuse(
                format!("{}: the patient '{name}' is there twice", sheet.at(row.line)),
                "both would be in one folder",
                "Name scans of one patient in one study with a second table, or take one out.",
            );
        }
        let mut words = Vec::new();
        for (n, facts) in &columns {
            let cell = row.cells[*n].trim();
            if cell.is_empty() {
                continue;
            }
            words.push(format!("--{}", facts.name));
            if !facts.flag {
                let path = facts.path || facts.name == "voi";
                words.push(if path {
                    beside.join(cell).display().to_string()
                } else {
                    cell.into()
                });
            }
        }
        found.push(Patient { name, words });
    }
    match found.is_empty() {
        true => refuse(
            format!("{} has no rows", sheet.file),
            "there is nothing to run",
            "Add patients.",
        ),
        false => Ok(found),
    }
}

/// Runs the cohort.
///
/// # Errors
/// If the table or an option cannot be used, and as `voxgray dose`.
pub fn run(a: PairsArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let patients = patients(&a.cohort)?;
    let mut runs = vec![("mc".to_string(), vec![]), ("mc_replicate".to_string(), vec![])];
    for method in &a.methods {
        let name = method.replace(['+', '='], "_");
        if runs.iter().any(|r| r.0 == name) {
            return Err(Error::usage(
                format!("--methods {method}"),
                "Monte Carlo is run anyway, and each method once",
                "Take it out.",
            ));
        }
        runs.push((name, options(method)?));
    }
    // All is understood before the first is run.
    let mut lines = Vec::new();
    for patient in &patients {
        let folder = a.out.join(&patient.name);
        let whose = format!("the options of patient {}", patient.name);
        let read = |options: &[String], out: &Path| {
            let mut words = [&patient.words[..], &a.dose, options].concat();
            words.extend(["-o".into(), out.display().to_string()]);
            words.extend(a.quiet.then(|| "-q".to_string()));
            words.extend(a.overwrite.then(|| "--overwrite".to_string()));
            Line::read(&words, &whose)
        };
        let shared = read(&[], &folder)?.problem;
        if shared.activity.as_deref().is_none_or(SeriesInput::is_series) {
            return Err(Error::usage(
                format!(
                    "the activity of patient {} is a beam, or a list of time points",
                    patient.name
                ),
                "a pair is of one map of activity",
                "Give one image, or a time-integrated map.",
            ));
        }
        let job = shared.job(folder.clone(), true)?;
        let mut of_patient = Vec::new();
        for (name, options) in &runs {
            let target = folder.join(name);
            let mut line = read(options, &target)?;
            line.resume = a.resume;
            if name == "mc_replicate" {
                line.problem.seed ^= REPLICATE;
            }
            line.leave_out_transport();
            of_patient.push((target, name.clone(), line));
        }
        lines.push((patient, job, folder, of_patient));
    }
    // A list is of what is there: an older one does not outlast its files.
    forget_list(&a.out)?;
    let mut files: Vec<PairFile> = Vec::new();
    for (patient, job, folder, of_patient) in lines {
        let part = Part::of(&patient.name, a.split);
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("make the folder", &folder, &e))?;
        for (target, name, line) in of_patient {
            let done = dose::run(line)?;
            if done != ExitCode::SUCCESS {
                return Ok(done);
            }
            files.extend(listed(&a.out, (&patient.name, part), &name, &target, &maps(&target)?)?);
        }
        let of = inputs(&job, &folder, &terminal)?;
        files.extend(listed(&a.out, (&patient.name, part), "", &folder, &of)?);
    }
    let list = write_list(&a.out, &files)?;
    super::progress::print(&format!("pairs\t{}\t{} files\n", list.display(), files.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// What the seed of the second run differs by, so that no seed of a user's makes both the same.
const REPLICATE: u64 = 1 << 63;
