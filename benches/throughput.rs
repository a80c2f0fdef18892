//! Histories per second and efficiency 1/(sigma^2 T): `cargo bench --bench throughput -- [options]`.
//!
//! Without --engine the CPU engine in the 64^3 phantom, against EGSnrc (`throughput/phantom.rs`). With --engine cpu or gpu nuclides in
//! patients (`throughput/patients.rs`); gpu runs the CPU too and shows the ratio.

#[path = "throughput/patients.rs"]
mod patients;
#[path = "throughput/phantom.rs"]
mod phantom;
#[path = "../validation/runner/mod.rs"]
#[allow(
    dead_code,
    reason = "the bench uses the phantom, the case file and the machine's name only"
)]
mod runner;
#[path = "../validation/runner/thorax.rs"]
mod thorax;
#[path = "throughput/time_points.rs"]
mod time_points;

use std::path::PathBuf;

use clap::Parser;
use runner::machine;
use voxgray::transport::engine::{Engine, EngineChoice};
use voxgray::{Error, Result};

/// Times the engines.
#[derive(Debug, Parser)]
struct Options {
    /// Nuclides in patients on an engine: cpu, gpu (and the CPU, for the ratio), gpu:N; without it the 64^3 phantom.
    #[arg(long)]
    engine: Option<EngineChoice>,
    /// Only the cost of four time points in one run, in the 64^3 phantom.
    #[arg(long, conflicts_with = "engine")]
    time_points: bool,
    /// Leave the CPU out of --engine gpu.
    #[arg(long)]
    alone: bool,
    /// Seconds of a run [default: 10].
    #[arg(long)]
    seconds: Option<f64>,
    /// Only rows whose scene, nuclide and estimator hold this text, such as "thorax Y-90".
    #[arg(long, default_value = "")]
    only: String,
    /// Folder of the patients' images.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/images"))]
    images: PathBuf,
    /// Keep the table as benches/results/DATE-MACHINE.md.
    #[arg(long)]
    keep: bool,
    /// Given by cargo bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Anything that cargo test passes.
    #[arg(hide = true)]
    filters: Vec<String>,
}

fn main() -> std::process::ExitCode {
    match bench(&Options::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<()> {
    // `cargo bench` says --bench; without it (as a test) a moment is enough to see that it runs.
    let seconds = options.seconds.unwrap_or(if options.bench { 10.0 } else { 0.05 });
    let mut name = machine::file_name([].into_iter());
    let text = match &options.engine {
        None if options.time_points => time_points::bench(&phantom::phantom()?, seconds)?,
        None => phantom::bench(seconds)?,
        Some(choice) => {
            let engine = Engine::choose(choice)?.0;
            name = machine::file_name(engine.devices().iter().map(|d| d.name.as_str()));
            name.push_str("-patients");
            patients::bench(&engine, options.alone, seconds, &options.only, &options.images)?
        }
    };
    println!("{text}");
    if options.keep {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join("results");
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, &e))?;
        let path = folder.join(format!("{name}.md"));
        std::fs::write(&path, &text).map_err(|e| Error::io("write", &path, &e))?;
        println!("kept as {}", path.display());
    }
    Ok(())
}
