//! The main job on real images: `cargo run --release --example real_images -- [options]`; see `validation/README.md`.
//!
//! Shows that real files run through and what a run takes; there is no reference dose to compare with. Each case is a
//! `voxgray dose` of its own process, so that its memory is its own.

#[path = "runner/machine.rs"]
mod machine;
#[path = "runner/thorax.rs"]
mod thorax;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use serde_json::Value;
use thorax::make_thorax_maps;
use voxgray::pipeline::MAX_IMBALANCE;
use voxgray::units::MGY_PER_H_PER_GY_PER_S;
use voxgray::{Error, Result};

/// Runs voxgray dose on the real images of a folder and prints what each run took.
#[derive(Debug, Parser)]
struct Options {
    /// Folder of the images; without it nothing is run.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/images"))]
    images: PathBuf,
    /// Histories of each run.
    #[arg(long, default_value_t = 200_000)]
    histories: u64,
    /// Only cases whose name contains this text.
    #[arg(long)]
    case: Option<String>,
    /// Threads [default: all cores].
    #[arg(long)]
    threads: Option<usize>,
    /// Keep the table as validation/results/DATE-MACHINE-real-images.md.
    #[arg(long)]
    keep: bool,
}

/// A run of `voxgray dose`.
struct Case {
    name: String,
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let done = if std::env::args().nth(1).as_deref() == Some("dose") {
        // The child of a case: the program itself.
        voxgray::cli::run(voxgray::cli::Arguments::parse())
    } else {
        study(&Options::parse())
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    })
}

fn study(options: &Options) -> Result<ExitCode> {
    if !options.images.is_dir() {
        println!("skipped: {} is absent", options.images.display());
        return Ok(ExitCode::SUCCESS);
    }
    let folder = std::env::temp_dir().join(format!("voxgray-real-images-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|e| Error::io("create", &folder, &e))?;
    let ended = run_cases(options, &folder);
    std::fs::remove_dir_all(&folder).map_err(|e| Error::io("remove", &folder, &e))?;
    ended
}

fn run_cases(options: &Options, folder: &Path) -> Result<ExitCode> {
    let threads = options.threads.map_or(String::new(), |n| format!(" --threads {n}"));
    let mut text = format!(
        "# voxgray dose on real images, {}\n\n\
         `cargo run --release --example real_images -- --histories {}{threads}` on {}.\n\
         Wall time holds reading, tables, transport and writing; histories/s is of transport alone. Organ labels are\n\
         those of the 4 h scan: in the later scans the patient lies up to 8 mm elsewhere.\n\n{HEAD}",
        machine::date(),
        options.histories,
        machine::describe()
    );
    print!("{text}");
    let mut failed = 0;
    for case in cases(options, folder)? {
        if options.case.as_ref().is_some_and(|part| !case.name.contains(part)) {
            continue;
        }
        let row = run_case(&case, options, folder).unwrap_or_else(|why| {
            failed += 1;
            format!("| {} | FAILED: {why} |\n", case.name)
        });
        print!("{row}");
        text.push_str(&row);
    }
    if options.keep {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("validation").join("results");
        std::fs::create_dir_all(&results).map_err(|e| Error::io("create", &results, &e))?;
        let path = results.join(format!("{}-real-images.md", machine::file_name([].into_iter())));
        std::fs::write(&path, text).map_err(|e| Error::io("write", &path, &e))?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Every case whose images are there.
fn cases(options: &Options, folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add = |name: String, files: &[(&str, PathBuf)], more: &[&str]| {
        if let Some((_, absent)) = files.iter().find(|(_, path)| !path.exists()) {
            println!("skipped {name}: {} is absent", absent.display());
            return;
        }
        let mut arguments = Vec::new();
        for (option, path) in files {
            arguments.extend([(*option).to_string(), path.display().to_string()]);
        }
        arguments.extend(more.iter().map(|a| (*a).to_string()));
        cases.push(Case { name, arguments });
    };
    let image = |name: &str| options.images.join(name);
    add(
        "petct_sts001 F-18, cropped CT".into(),
        &[
            ("--ct", image("petct_sts001/STS_001/CT_cropped")),
            ("--activity", image("petct_sts001/STS_001/PET")),
        ],
        &["--nuclide", "F-18", "--allow-outside"],
    );
    for hours in ["004", "024", "072", "168"] {
        for nuclide in ["Lu-177", "Y-90", "I-131"] {
            let file = |stem: &str, unit: &str| {
                image(&format!("synthetic_lu177_4tp/{stem}_{hours}h_{unit}.nii.gz"))
            };
            add(
                format!("patient15 SPECT {hours} h {nuclide}"),
                &[
                    ("--ct", file("ct", "hu")),
                    ("--activity", file("spect", "bqml")),
                    ("--voi", image("phantom_lu177_patient15/patient15_organs.nii.gz")),
                    ("--voi-names", image("phantom_lu177_patient15/patient15_labels.csv")),
                ],
                &["--nuclide", nuclide],
            );
        }
    }
    let thorax = image("ct_thorax_cptac/C3N-00249_CT");
    if thorax.exists() {
        let (activity, labels, names) = make_thorax_maps(&thorax, folder)?;
        let files =
            [("--ct", thorax), ("--activity", activity), ("--voi", labels), ("--voi-names", names)];
        for nuclide in ["Lu-177", "Y-90"] {
            let name = format!("thorax DICOM CT {nuclide}, made activity");
            add(name, &files, &["--nuclide", nuclide, "--grid", "ct"]);
        }
    } else {
        println!("skipped the thorax: {} is absent", thorax.display());
    }
    Ok(cases)
}

const HEAD: &str = "\
| case | dose grid | histories | wall/s | histories/s | peak memory/MiB | activity/MBq | outside CT/% | energy imbalance \
| largest VOI | mean/(mGy/h) | s.e./(mGy/h) |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Runs a case and returns its row, or why there is none.
fn run_case(case: &Case, options: &Options, folder: &Path) -> std::result::Result<String, String> {
    let out = folder.join("out");
    let mut command = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
    command.arg("dose").args(&case.arguments).arg("--overwrite").arg("-o").arg(&out);
    command.args(["--histories", &options.histories.to_string()]);
    if let Some(threads) = options.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    let start = Instant::now();
    let output = command.output().map_err(|e| e.to_string())?;
    let wall = start.elapsed().as_secs_f64();
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().last().unwrap_or("no message").to_string());
    }
    let text = std::fs::read(out.join("summary.json")).map_err(|e| e.to_string())?;
    let summary: Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    row(&case.name, wall, &summary)
}

fn row(name: &str, wall: f64, summary: &Value) -> std::result::Result<String, String> {
    let number = |pointer: &str| {
        summary.pointer(pointer).and_then(Value::as_f64).ok_or_else(|| format!("no {pointer}"))
    };
    let imbalance = number("/ledger/imbalance")?;
    if imbalance.abs() > MAX_IMBALANCE {
        return Err(format!("energy imbalance {imbalance:.1e}"));
    }
    let dims: Vec<String> = summary["setup"]["dose_grid"]["dims"]
        .as_array()
        .map(|d| d.iter().map(Value::to_string).collect())
        .unwrap_or_default();
    let mass = |voi: &Value| voi["mass_g"].as_f64().unwrap_or(0.0);
    let largest = summary["vois"]
        .as_array()
        .and_then(|vois| vois.iter().max_by(|a, b| mass(a).total_cmp(&mass(b))));
    let dose = |key: &str| {
        largest
            .and_then(|voi| voi[key].as_f64())
            .map_or("-".to_string(), |d| format!("{:.3}", d * MGY_PER_H_PER_GY_PER_S))
    };
    Ok(format!(
        "| {name} | {} | {:.0} | {wall:.1} | {:.2e} | {:.0} | {:.2} | {:.2} | {imbalance:.0e} | {} | {} | {} |\n",
        dims.join("x"),
        number("/run/histories")?,
        number("/timing/histories_per_second")?,
        number("/timing/peak_memory_bytes")? / 1024.0 / 1024.0,
        number("/setup/activity/image")? * 1e-6,
        100.0 * number("/setup/activity/outside_fraction")?,
        largest.and_then(|v| v["name"].as_str()).unwrap_or("-"),
        dose("mean_dose"),
        dose("standard_error"),
    ))
}
