//! The validation: `cargo run --release --example validation -- [options]`; see `validation/README.md`.

mod runner;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use runner::judge::Verdict;
use runner::run::{RunOptions, run_case};
use runner::{case, convergence, goals, machine, measured, report, sanity, select, study};
use voxgray::transport::engine::Engine;
use voxgray::{Error, Result};

const HELP: &str =
    "Compares voxgray with other codes' results, prints a table and writes validation/report/.

cargo run --release --example validation -- [options]

  --case NAME    only cases, groups or studies of this name; * stands for any text; may be repeated
  --list         print the names and stop
  --quick        few histories, few cases (about a minute); a software device runs a quarter of them
  --scale X      X times the histories of the case files (default 1)
  --threads N    threads (default: all cores)
  --seed N       seed of the random numbers (default 1)
  --engine NAME  engine: cpu (default), gpu or gpu:N
  --measured DIR folder of measured numbers, none of which is in the repository: group measured
  --keep         keep the summary as validation/results/DATE-MACHINE.md (with the GPU in its name)

Exit code 0 if every case passes, 1 if one fails, 2 if something could not be run.";

/// What the command line asks for.
struct Options {
    patterns: Vec<String>,
    list: bool,
    keep: bool,
    measured: Option<PathBuf>,
    run: RunOptions,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|o| o.map_or(Ok(true), |o| validate(&o))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; `None` if only help was asked for.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>> {
    let run = RunOptions::new(Engine::Cpu);
    let mut options =
        Options { patterns: Vec::new(), list: false, keep: false, measured: None, run };
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next().ok_or_else(|| {
                Error::usage(format!("{arg} has no value"), "it needs one", "See --help.")
            })
        };
        match arg.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--list" => options.list = true,
            "--quick" => options.run.quick = true,
            "--keep" => options.keep = true,
            "--case" => options.patterns.push(value()?),
            "--measured" => options.measured = Some(value()?.into()),
            "--scale" => options.run.scale = number(&arg, &value()?)?,
            "--threads" => options.run.threads = number(&arg, &value()?)?,
            "--seed" => options.run.settings.seed = number(&arg, &value()?)?,
            "--engine" => options.run.engine = Arc::new(Engine::choose(&value()?.parse()?)?.0),
            _ => {
                return Err(Error::usage(
                    format!("unknown option {arg}"),
                    "it means nothing here",
                    "See --help.",
                ));
            }
        }
    }
    if !(options.run.scale > 0.0 && options.run.scale.is_finite()) {
        return Err(Error::usage(
            "--scale is not positive",
            "it multiplies the histories",
            "See --help.",
        ));
    }
    Ok(Some(options))
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| {
        Error::usage(
            format!("{option} {text}"),
            "it is not a number of the kind needed",
            "See --help.",
        )
    })
}

/// Runs what is asked for; true if everything passes.
fn validate(options: &Options) -> Result<bool> {
    let wanted = |name: &str| {
        options.patterns.is_empty() || options.patterns.iter().any(|p| select::matches(p, name))
    };
    let groups = case::read_groups()?;
    let mut report = report::Report::new(report::report_folder())?;
    let mut verdicts = Vec::new();
    for group in &groups {
        for entry in &group.runs {
            let name = format!("{}/{}", group.name, entry.name);
            if !wanted(&name) {
                continue;
            }
            if options.list {
                println!("{name}");
                continue;
            }
            let Some(result) = run_case(group, entry, &options.run)? else { continue };
            println!("{}", report::row(&result).join(" | "));
            for (word, judged) in &result.others {
                println!("    {}", report::second(word, judged));
            }
            verdicts.push(result.judged.verdict);
            report.add(group, &result)?;
        }
    }
    type Studies = fn(&[case::Group], &RunOptions, &mut dyn FnMut(study::Study)) -> Result<()>;
    let studies: [(&str, Studies); 3] = [
        ("convergence", convergence::studies),
        ("sanity", sanity::studies),
        ("goals", goals::studies),
    ];
    let mut told: Vec<study::Study> = Vec::new();
    for (name, run) in studies {
        if !wanted(name) {
            continue;
        }
        if options.list {
            println!("{name}");
            continue;
        }
        run(&groups, &options.run, &mut |study| told.push(show(study)))?;
        told.drain(..).try_for_each(|study| take(study, &mut report, &mut verdicts))?;
    }
    let sets: Vec<String> = measured::names().filter(|name| wanted(name)).collect();
    let mut skipped = false;
    match &options.measured {
        _ if options.list => sets.iter().for_each(|name| println!("{name}")),
        None if sets.is_empty() => {}
        None => {
            skipped = true;
            println!("measured: skipped, no folder of measured numbers is named (--measured DIR)");
        }
        Some(folder) => {
            let chosen = |name: &str| sets.iter().any(|s| s == name);
            measured::studies(folder, &options.run, &chosen, &mut |study| told.push(show(study)))?;
            // What is not in the folder is told where it is looked for.
            skipped = !sets.is_empty() && told.is_empty();
            told.drain(..).try_for_each(|study| take(study, &mut report, &mut verdicts))?;
        }
    }
    if options.list {
        return Ok(true);
    }
    if verdicts.is_empty() && skipped {
        return Ok(true);
    }
    if verdicts.is_empty() {
        return Err(Error::usage(
            format!("no case is called {:?}", options.patterns),
            "nothing would be compared",
            "See --list.",
        ));
    }
    let settings = format!("{}; {:?}", options.run.engine_name(), options.run.settings);
    let page = report.finish(&settings)?;
    if options.keep {
        keep(&report.summary(&settings), &options.run)?;
    }
    let failed = verdicts.iter().filter(|&&v| v == Verdict::Fail).count();
    println!("{} cases, {failed} failed; report: {}", verdicts.len(), page.display());
    Ok(failed == 0)
}

/// Prints a study.
fn show(study: study::Study) -> study::Study {
    println!("\n{}: {}", study.title, study.verdict.name());
    for row in &study.rows {
        println!("    {}", row.join(" | ").replace("&plusmn;", "+-"));
    }
    study
}

/// Enters a study into the report.
fn take(
    study: study::Study,
    report: &mut report::Report,
    verdicts: &mut Vec<Verdict>,
) -> Result<()> {
    verdicts.push(study.verdict);
    report.add_study(&study)
}

fn keep(summary: &str, run: &RunOptions) -> Result<()> {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("validation").join("results");
    std::fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, &e))?;
    let name = machine::file_name(run.engine.devices().iter().map(|d| d.name.as_str()));
    let path = folder.join(format!("{name}.md"));
    std::fs::write(&path, summary).map_err(|e| Error::io("write", &path, &e))
}
