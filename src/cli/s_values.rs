//! `voxgray s-values`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::analysis_values::parse_rbe;
use super::dose_arguments::parse_affine;
use super::interrupt;
use super::matter_arguments::MatterArguments;
use super::progress::Terminal;
use super::threads;
use super::values::{
    parse_count, parse_energy, parse_engine, parse_fraction, parse_grid, parse_threads, parse_time,
};
use super::voi_arguments::VoiArguments;
use crate::error::Result;
use crate::io::NiftiAffine;
use crate::job::{ActivityInput, Check, GridChoice, Job, SourceChoice};
use crate::pipeline::finished::Rbe;
use crate::pipeline::s_values::{SValueJob, s_values};
use crate::transport::engine::EngineChoice;

const AFTER: &str = "\
Every VOI, and what is in none (rest), is a source of uniform activity and a target. S is in
mGy/(MBq s). Writes to the folder OUT: s_values.csv with each pair, its standard error and what
each kind of emission gives; summary.json; with --tiac also organ_doses.csv (mGy/MBq).

The table of --tiac has the columns region and tiac_h (or tiac_s), and mass_g for the patient's
own masses: dose by the region itself is scaled by them (electrons 1/m, photons m^-2/3).

Example:
  voxgray s-values --density rho.nii.gz --materials media.nii.gz \\
                   --material-names media.toml --voi organs.nii.gz --voi-names organs.csv \\
                   --nuclide Lu-177 --tiac t.csv -o s/";

/// Options of `voxgray s-values`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct SValueArguments {
    #[command(flatten)]
    matter: MatterArguments,
    /// What holds of a NIfTI image whose header contradicts itself on its geometry: sform, qform or pixdim [default: refuse it].
    #[arg(long, value_name = "WHICH", help_heading = "Images", value_parser = parse_affine)]
    nifti_affine: Option<NiftiAffine>,
    /// Accept what these checks of the inputs find: frame.
    #[arg(long, value_name = "CHECKS", help_heading = "Checks", value_delimiter = ',')]
    accept: Vec<Check>,
    #[command(flatten)]
    voi: VoiArguments,
    /// VOIs that are sources, separated by commas [default: all, and rest].
    #[arg(long, value_name = "NAMES", help_heading = "Scoring", value_delimiter = ',')]
    sources: Vec<String>,
    /// Table of time-integrated activity coefficients: organ doses come out too.
    #[arg(long, value_name = "CSV", help_heading = "Scoring")]
    tiac: Option<PathBuf>,
    /// With --tiac: a sum of the doses by emission with your factors too, such as electron=1,photon=1,alpha=5.
    #[arg(long, value_name = "FACTORS", help_heading = "Scoring", value_parser = parse_rbe, requires = "tiac")]
    rbe: Option<Rbe>,
    /// Grid: ct (or that of --density), or a spacing in mm along its axes (3 or 2x2x3).
    #[arg(long, value_name = "GRID", help_heading = "Scoring", default_value = "ct", value_parser = parse_grid)]
    grid: GridChoice,
    /// Nuclide with its progeny, such as Lu-177.
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Source",
        conflicts_with = "source",
        required_unless_present = "source"
    )]
    nuclide: Option<String>,
    /// Time over which progeny is counted [default: ten half-lives].
    #[arg(long, value_name = "TIME", help_heading = "Source", requires = "nuclide", value_parser = parse_time)]
    horizon: Option<f64>,
    /// Part of the daughter nuclei that stay in place, per generation.
    #[arg(long, value_name = "FRACTION", help_heading = "Source", default_value = "100%", value_parser = parse_fraction)]
    retained: f64,
    /// One particle per decay in place of a nuclide: photon:208keV, electron:0.935MeV, ...; or a spectrum, file:spectrum.csv
    /// (see dose).
    #[arg(long, value_name = "PARTICLE:ENERGY", help_heading = "Source")]
    source: Option<String>,
    /// Decays of each source, for each kind of emission.
    #[arg(long, value_name = "N", help_heading = "Run", default_value = "1e6", value_parser = parse_count)]
    histories: u64,
    /// Engine: auto, cpu or gpu.
    #[arg(long, value_name = "ENGINE", help_heading = "Run", default_value = "auto", value_parser = parse_engine)]
    engine: EngineChoice,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Seed.
    #[arg(long, value_name = "N", help_heading = "Run", default_value_t = 1)]
    seed: u64,
    /// Electrons below this energy deposit it where they are [default: as dose].
    #[arg(long, value_name = "ENERGY", help_heading = "Transport", value_parser = parse_energy)]
    electron_cutoff: Option<f64>,
    /// Output folder; it appears complete or not at all.
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    out: PathBuf,
    /// Replace an older output of voxgray.
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Print errors and the result only.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Runs all pairs.
///
/// # Errors
/// As [`s_values`].
pub fn run(a: SValueArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let matter = a.matter.input()?;
    let source = match (a.nuclide, a.source) {
        (Some(name), _) => {
            SourceChoice::Nuclide { name, horizon_s: a.horizon, retained: a.retained }
        }
        (None, text) => SourceChoice::Particle(text.unwrap_or_default()),
    };
    let mut job = Job::new(matter, ActivityInput::of(""), source, &a.out);
    job.nifti_affine = a.nifti_affine.unwrap_or_default();
    job.accept = a.accept.into_iter().collect();
    job.voi = a.voi.files()?;
    job.grid = if a.grid == GridChoice::Activity { GridChoice::Ct } else { a.grid };
    job.histories = a.histories;
    job.engine = a.engine;
    job.threads = a.threads.unwrap_or(0);
    job.transport.seed = a.seed;
    job.overwrite = a.overwrite;
    if let Some(cutoff) = a.electron_cutoff {
        job.transport.electron_cutoff_mev = cutoff;
    }
    threads::prepare(job.threads, &terminal);
    let stop = interrupt::listen(a.quiet)?;
    let of = SValueJob { job, sources: a.sources, tiac: a.tiac, rbe: a.rbe };
    let (folder, found, doses) = s_values(&of, &terminal, stop)?;
    let mut text = String::from("s_value_columns\tsource\ttarget\tmGy/(MBq s)\tstandard_error\n");
    let shown = |e: Option<f64>| e.map_or("-".into(), |e| format!("{e:.2e}"));
    for (n, &source) in found.sources.iter().enumerate() {
        for (t, target) in found.regions.iter().enumerate() {
            let s = found.total(n, t);
            let from = &found.regions[source].name;
            let error = shown(s.standard_error);
            text += &format!("s_value\t{from}\t{}\t{:.4e}\t{error}\n", target.name, s.value);
        }
    }
    for d in doses {
        let error = shown(d.standard_error);
        text += &format!("organ_dose\t{}\t{:.4e}\tmGy/MBq\t{error}\n", d.name, d.dose);
        if let Some(weighted) = d.weighted {
            text += &format!("organ_dose\t{}\t{weighted:.4e}\tmGy(RBE)/MBq\t-\n", d.name);
        }
    }
    text += &format!("folder\t{}\n", folder.display());
    super::progress::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
