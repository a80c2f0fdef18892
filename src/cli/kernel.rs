//! `voxgray kernel`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::interrupt;
use super::method_arguments::cache_folder;
use super::progress::Terminal;
use super::threads;
use super::values::{parse_count, parse_energy, parse_fraction, parse_threads, parse_time};
use crate::error::{Error, Result};
use crate::job::SourceChoice;
use crate::kernel::Medium;
use crate::kernel::medium::{DEFAULT_DENSITY, DEFAULT_MEDIUM};
use crate::kernel::point::DEFAULT_HISTORIES;
use crate::pipeline::kernel::{KernelJob, KernelShape, kernel};
use crate::transport::settings::Settings;
use crate::units::{MM_PER_CM, mm_of};

const AFTER: &str = "\
A kernel is made by transport in one uniform, infinite medium. Voxel kernels are integrated over
both voxels from the point kernel, exactly, or with --direct scored in voxels. Rows are those of
an octant: the others mirror it. S is in mGy/(MBq s).

Examples:
  voxgray kernel --nuclide Y-90 --voxel 3mm -o y90.csv
  voxgray kernel --nuclide Lu-177 --voxel 4.42x4.42x4.42mm --reach 25 -o lu.csv -o lu.nii.gz
  voxgray kernel --nuclide I-131 --radius 20cm -o i131.csv
  voxgray kernel --nuclide Lu-177 --sphere 1g,10g,100g
  voxgray kernel --source electron:1MeV --medium water --radius 1cm";

/// Options of `voxgray kernel`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct KernelArguments {
    /// Nuclide with its progeny, such as Lu-177.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "source",
        required_unless_present = "source"
    )]
    nuclide: Option<String>,
    /// One particle per decay in place of a nuclide: electron:0.935MeV, photon:208keV, ...; or a spectrum, file:spectrum.csv
    /// (see dose).
    #[arg(long, value_name = "PARTICLE:ENERGY")]
    source: Option<String>,
    /// Time over which progeny is counted [default: ten half-lives].
    #[arg(long, value_name = "TIME", requires = "nuclide", value_parser = parse_time)]
    horizon: Option<f64>,
    /// Part of the daughter nuclei that stay in place, per generation.
    #[arg(long, value_name = "FRACTION", default_value = "100%", value_parser = parse_fraction)]
    retained: f64,
    /// Built-in material: water, soft_tissue, lung, cortical_bone, ... (a wrong name lists them).
    #[arg(long, value_name = "NAME", default_value = DEFAULT_MEDIUM)]
    medium: String,
    /// Its density, g/cm3 [default: soft_tissue 1.04, others their own].
    #[arg(long, value_name = "G_CM3")]
    density: Option<f64>,
    /// Kernel of voxels with these edges: 3mm, or 2x2x4mm.
    #[arg(long, value_name = "EDGES", value_parser = parse_edges, conflicts_with_all = ["radius", "sphere"])]
    voxel: Option<Edges>,
    /// Largest offset in voxels: 5, or 20,20,10 [default: 5].
    #[arg(long, value_name = "N", value_parser = parse_reach, requires = "voxel")]
    reach: Option<Reach>,
    /// Score in voxels, not by the point kernel: independent, noisier far out.
    #[arg(long, requires = "voxel")]
    direct: bool,
    /// Point kernel: shells out to at least this radius, such as 20cm.
    #[arg(long, value_name = "LENGTH", value_parser = parse_cm, conflicts_with = "sphere")]
    radius: Option<f64>,
    /// Spheres of these masses, such as 1g,10g.
    #[arg(long, value_name = "MASSES", value_delimiter = ',', value_parser = parse_grams)]
    sphere: Vec<f64>,
    /// Decays.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HISTORIES, value_parser = parse_count)]
    histories: u64,
    /// Electrons below this energy stay where they are [default: as dose].
    #[arg(long, value_name = "ENERGY", value_parser = parse_energy)]
    electron_cutoff: Option<f64>,
    /// Seed.
    #[arg(long, value_name = "N", default_value_t = Settings::default().seed)]
    seed: u64,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<usize>,
    /// Folder in which point kernels are kept for the next run; none keeps none.
    #[arg(long, value_name = "FOLDER")]
    kernel_cache: Option<PathBuf>,
    /// File to write: .csv, .json, .nii.gz; may be given several times [default: the table is printed].
    #[arg(short, long, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// Replace files that are there.
    #[arg(long)]
    overwrite: bool,
    /// Print errors and the result only.
    #[arg(short, long)]
    quiet: bool,
}

/// Edges of a voxel, mm.
#[derive(Debug, Clone, Copy)]
struct Edges([f64; 3]);

/// Offsets.
#[derive(Debug, Clone, Copy)]
struct Reach([usize; 3]);

type Parsed<T> = std::result::Result<T, String>;

fn positive(text: &str) -> Parsed<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|x| x.is_finite() && *x > 0.0)
        .ok_or_else(|| format!("'{text}' is no number above 0"))
}

fn parse_edges(text: &str) -> Parsed<Edges> {
    let lower = text.trim().to_lowercase();
    let Some(numbers) = lower.strip_suffix("mm") else {
        return Err("give edges with their unit, such as 3mm or 2x2x4mm".into());
    };
    let parts = numbers.split('x').map(positive).collect::<Parsed<Vec<f64>>>()?;
    let edges = match parts[..] {
        [h] => [h; 3],
        [x, y, z] => [x, y, z],
        _ => return Err("one edge or three, such as 3mm or 2x2x4mm".into()),
    };
    match edges.iter().all(|h| (0.01..=100.0).contains(h)) {
        true => Ok(Edges(edges)),
        false => Err("edges lie within 0.01 and 100 mm".into()),
    }
}

fn parse_reach(text: &str) -> Parsed<Reach> {
    let parts = text
        .split(',')
        .map(|t| t.trim().parse::<usize>().map_err(|_| format!("'{t}' is no count")));
    let reach = match parts.collect::<Parsed<Vec<usize>>>()?[..] {
        [n] => [n; 3],
        [x, y, z] => [x, y, z],
        _ => return Err("one number or three, such as 5 or 20,20,10".into()),
    };
    match reach.iter().all(|r| *r <= 400) {
        true => Ok(Reach(reach)),
        false => Err("at most 400 voxels".into()),
    }
}

fn parse_cm(text: &str) -> Parsed<f64> {
    let mm = mm_of(text).filter(|mm| *mm > 0.0);
    mm.map(|mm| mm / MM_PER_CM)
        .ok_or_else(|| "give a length above zero with its unit, such as 20cm".into())
}

fn parse_grams(text: &str) -> Parsed<f64> {
    let lower = text.trim().to_lowercase();
    let grams = match (lower.strip_suffix("mg"), lower.strip_suffix("kg"), lower.strip_suffix('g'))
    {
        (Some(mg), _, _) => positive(mg)? / 1000.0,
        (_, Some(kg), _) => positive(kg)? * 1000.0,
        (_, _, Some(g)) => positive(g)?,
        _ => return Err("give masses with their unit, such as 10g".into()),
    };
    match (1e-6..=1e6).contains(&grams) {
        true => Ok(grams),
        false => Err("masses lie within 0.001 mg and 1000 kg".into()),
    }
}

impl KernelArguments {
    /// The kernel that the options describe.
    ///
    /// # Errors
    /// If none is asked for, or the medium is not known.
    pub(super) fn job(self) -> Result<KernelJob> {
        let a = self;
        let density = match (&a.density, a.medium.as_str()) {
            (None, DEFAULT_MEDIUM) => Some(DEFAULT_DENSITY),
            (density, _) => *density,
        };
        let shape = match (a.voxel, a.radius, &a.sphere[..]) {
            (Some(Edges(voxel_mm)), _, _) => {
                let reach = a.reach.map_or([5; 3], |r| r.0);
                KernelShape::Voxels { voxel_mm, reach, direct: a.direct }
            }
            (None, Some(radius), _) => KernelShape::Point(radius),
            (None, None, []) => {
                return Err(Error::usage(
                    "no kernel is asked for",
                    "it can be of voxels, of shells round a point, or of spheres",
                    "Add --voxel 3mm, --radius 20cm or --sphere 10g.",
                ));
            }
            (None, None, masses) => KernelShape::Spheres(masses.to_vec()),
        };
        let mut settings = Settings { seed: a.seed, ..Settings::default() };
        if let Some(cutoff) = a.electron_cutoff {
            settings.electron_cutoff_mev = cutoff;
        }
        let source = match (a.nuclide, a.source) {
            (Some(name), _) => {
                SourceChoice::Nuclide { name, horizon_s: a.horizon, retained: a.retained }
            }
            (None, text) => SourceChoice::Particle(text.unwrap_or_default()),
        };
        Ok(KernelJob {
            source,
            medium: Medium::named(&a.medium, density)?,
            shape,
            histories: a.histories.max(crate::kernel::REPLICATES as u64),
            settings,
            threads: a.threads.unwrap_or(0),
            cache: cache_folder(a.kernel_cache.as_ref()),
            out: a.out,
            overwrite: a.overwrite,
        })
    }
}

/// Makes the kernel.
///
/// # Errors
/// As [`kernel`].
pub fn run(a: KernelArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let quiet = a.quiet;
    let job = a.job()?;
    threads::prepare(job.threads, &terminal);
    let stop = interrupt::listen(quiet)?;
    let text = kernel(&job, &terminal, stop)?;
    match job.out[..] {
        [] => super::progress::print(&text)?,
        _ => job
            .out
            .iter()
            .try_for_each(|path| super::console::print(&format!("file\t{}\n", path.display())))?,
    }
    Ok(ExitCode::SUCCESS)
}
