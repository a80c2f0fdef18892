//! `voxgray kernel`: point kernels, voxel kernels and spheres of a nuclide or particle, written as tables, JSON or an image.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::Observer;
use super::fast::{Heard, KernelMaker};
use super::source::{Source, read_source};
use crate::error::{Error, Result};
use crate::image::{Grid, Volume};
use crate::io::atomic::write_atomically;
use crate::io::write_nifti;
use crate::job::SourceChoice;
use crate::kernel::overlap::Octant;
use crate::kernel::sphere::{self, SphereDose};
use crate::kernel::{Medium, PointKernel, VoxelKernel, direct};
use crate::program::Program;
use crate::sheet::{Separator, lines};
use crate::stats::mean_and_error;
use crate::transport::settings::Settings;
use crate::transport::tally::ORIGINS;
use crate::units::{GY_PER_MEV_PER_G, MM_PER_CM};

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum KernelShape {
    /// Shells round a point, out to a radius, cm.
    Point(f64),
    /// Equal voxels (mm), out to so many of them; scored directly or by the point kernel.
    Voxels {
        /// Edges, mm.
        voxel_mm: [f64; 3],
        /// Largest offset.
        reach: [usize; 3],
        /// Scored in voxels, not integrated from shells.
        direct: bool,
    },
    /// Spheres of these masses, g.
    Spheres(Vec<f64>),
}

/// A kernel to make.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelJob {
    /// What decays.
    pub source: SourceChoice,
    /// Where.
    pub medium: Medium,
    /// What is wanted.
    pub shape: KernelShape,
    /// Decays.
    pub histories: u64,
    /// Transport.
    pub settings: Settings,
    /// Threads; 0 for all cores.
    pub threads: usize,
    /// Where point kernels are kept; none keeps none.
    pub cache: Option<PathBuf>,
    /// Files to write: .csv, .json, and of voxels .nii or .nii.gz.
    pub out: Vec<PathBuf>,
    /// Replace files that are there.
    pub overwrite: bool,
}

/// A kernel that was made.
#[derive(Debug, Clone, PartialEq)]
enum Made {
    Point(PointKernel),
    Voxels(VoxelKernel),
    Spheres(PointKernel, Vec<SphereDose>),
}

/// Form of a file by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
    Nifti,
}

fn form(path: &Path, shape: &KernelShape) -> Result<Form> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let found = match () {
        () if name.ends_with(".csv") => Some(Form::Csv),
        () if name.ends_with(".json") => Some(Form::Json),
        () if name.ends_with(".nii") || name.ends_with(".nii.gz") => Some(Form::Nifti),
        () => None,
    };
    match (found, shape) {
        (Some(Form::Nifti), KernelShape::Voxels { .. }) | (Some(Form::Csv | Form::Json), _) => {
            found.ok_or_else(crate::interrupt::error)
        }
        (Some(Form::Nifti), _) => Err(Error::usage(
            format!("cannot write {} as NIfTI", path.display()),
            "only a kernel of voxels is an image",
            "Add --voxel, or name a .csv or .json file.",
        )),
        (None, _) => Err(Error::usage(
            format!("cannot write {}", path.display()),
            "the name must end in .csv, .json, .nii or .nii.gz",
            "Rename the output.",
        )),
    }
}

/// Makes a kernel and writes it; returns its table.
///
/// # Errors
/// If an option cannot be used, the kernel cannot be made, or writing fails; then no file is there.
pub fn kernel(job: &KernelJob, observer: &dyn Observer, stop: &AtomicBool) -> Result<String> {
    for path in &job.out {
        form(path, &job.shape)?;
        if path.exists() && !job.overwrite {
            return Err(Error::input(
                format!("{} exists", path.display()),
                "nothing is replaced unasked",
                "Add --overwrite, or name another file.",
            ));
        }
    }
    let source = read_source(&job.source)?;
    let made = make(job, &source, observer, stop)?;
    let rows = table(&made);
    let text = lines(rows.iter(), Separator::Comma);
    for path in &job.out {
        match form(path, &job.shape)? {
            Form::Csv => {
                let text = format!("{}{text}", head(job, &made, &source));
                write_atomically(path, |w| w.write_all(text.as_bytes()))?;
            }
            Form::Json => {
                let text =
                    serde_json::to_vec_pretty(&facts(job, &made, &source, &rows)).map_err(|e| {
                        Error::run("a kernel cannot be written", e.to_string(), "Report this.")
                    })?;
                write_atomically(path, |w| w.write_all(&text))?;
            }
            Form::Nifti => {
                if let Made::Voxels(kernel) = &made {
                    write_nifti(path, &image(kernel)?)?;
                }
            }
        }
    }
    Ok(format!("{}{text}", head(job, &made, &source)))
}

fn make(
    job: &KernelJob,
    source: &Source,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Made> {
    source.complaints().iter().for_each(|text| observer.warn(text));
    let maker = KernelMaker {
        decay: &source.spectrum,
        settings: &job.settings,
        histories: job.histories,
        cache: job.cache.as_deref(),
        threads: job.threads,
        observer,
        stop,
    };
    Ok(match &job.shape {
        KernelShape::Point(radius_cm) => Made::Point(maker.point(&job.medium, *radius_cm)?),
        KernelShape::Spheres(masses) => {
            let radius =
                |g: &f64| 2.0 * (g / job.medium.density_g_cm3 * 0.75 / std::f64::consts::PI).cbrt();
            let farthest = masses.iter().map(radius).fold(1.0, f64::max);
            let point = maker.point(&job.medium, farthest)?;
            let spheres = masses.iter().map(|g| sphere::dose(&point, *g)).collect();
            Made::Spheres(point, spheres)
        }
        KernelShape::Voxels { voxel_mm, reach, direct } => {
            let octant = Octant { voxel_cm: voxel_mm.map(|h| h / MM_PER_CM), reach: *reach };
            Made::Voxels(if *direct {
                let watch = Heard(observer);
                observer.started(job.histories, None);
                let run = (&watch as &dyn crate::transport::run::Monitor, stop);
                let (decay, n) = (&source.spectrum, job.histories);
                let made =
                    direct::run(decay, &job.medium, octant, n, &job.settings, job.threads, run);
                observer.finished();
                made?
            } else {
                let farthest = octant.distance_cm(reach.map(|r| r + 1));
                VoxelKernel::of_point(&maker.point(&job.medium, farthest)?, octant)
            })
        }
    })
}

/// A kernel in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelTable {
    /// What it is, as lines of comment.
    pub head: String,
    /// Names of its columns, with their units.
    pub columns: Vec<String>,
    /// Its rows; NaN where nothing is known.
    pub rows: Vec<Vec<f64>>,
    /// Of voxels: the whole kernel, S in mGy/(MBq s), its centre at the origin.
    pub image: Option<Volume<f32>>,
}

/// Makes a kernel, for a program; nothing is written.
///
/// # Errors
/// If an option cannot be used or the kernel cannot be made.
pub fn kernel_table(
    job: &KernelJob,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<KernelTable> {
    let source = read_source(&job.source)?;
    let made = make(job, &source, observer, stop)?;
    let mut rows = table(&made).into_iter();
    let columns = rows.next().unwrap_or_default();
    let numbers = |row: Vec<String>| row.iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect();
    let image = match &made {
        Made::Voxels(kernel) => Some(image(kernel)?),
        _ => None,
    };
    Ok(KernelTable {
        head: head(job, &made, &source),
        columns,
        rows: rows.map(numbers).collect(),
        image,
    })
}

fn emitted(made: &Made) -> (f64, f64, u64, bool) {
    match made {
        Made::Point(k) | Made::Spheres(k, _) => (k.emitted_mev, k.beyond_mev, k.histories, false),
        Made::Voxels(k) => (k.emitted_mev, k.outside_mev(), k.histories, true),
    }
}

/// Evaluation of the nuclide, and what one's own file changed of it, as lines of comment.
fn of_nuclide(decay: &Source) -> String {
    let data = decay.chain.as_ref().map(|c| format!("# nuclide data: {}\n", c.data.name()));
    let own = decay.own_changes().into_iter().map(|(n, said)| format!("# own data: {n}: {said}\n"));
    data.into_iter().chain(own).collect()
}

/// What the kernel is, as lines of comment.
fn head(job: &KernelJob, made: &Made, decay: &Source) -> String {
    let (emitted, outside, histories, _) = emitted(made);
    let facts = job.medium.facts();
    let source = match made {
        Made::Point(k) | Made::Spheres(k, _) => &k.source,
        Made::Voxels(k) => &k.source,
    };
    let what = match made {
        Made::Point(_) => "point kernel: energy in shells round a point source".to_string(),
        Made::Spheres(..) => "spheres of uniform activity: S values by the point kernel".into(),
        Made::Voxels(k) => {
            let [x, y, z] = k.octant.voxel_cm.map(|h| h * MM_PER_CM);
            let how = match job.shape {
                KernelShape::Voxels { direct: true, .. } => "scored directly",
                _ => "by the point kernel",
            };
            format!("voxel S values, {x} x {y} x {z} mm, octant (the others mirror it), {how}")
        }
    };
    let voxel = match made {
        Made::Voxels(k) => {
            let [x, y, z] = k.octant.voxel_cm.map(|h| h * MM_PER_CM);
            format!("# voxel_mm: {x} {y} {z}\n# density_g_cm3: {}\n", facts.density_g_cm3)
        }
        _ => String::new(),
    };
    format!(
        "# {what}\n{voxel}# source: {source}\n{}# medium: {} {} g/cm3, infinite\n# emitted: {emitted:.6e} MeV per decay, {:.3} % of it beyond this table\n\
         # histories: {histories}; standard errors from {} independent parts; seed {}\n# program: voxgray {}\n",
        of_nuclide(decay),
        facts.material,
        facts.density_g_cm3,
        100.0 * outside / emitted,
        crate::kernel::REPLICATES,
        job.settings.seed,
        Program::this().version,
    )
}

/// Header and rows.
fn table(made: &Made) -> Vec<Vec<String>> {
    let number = |x: f64| format!("{:.6e}", x + 0.0);
    let texts = |names: &[&str]| names.iter().map(|n| (*n).to_string()).collect::<Vec<_>>();
    let mut rows = Vec::new();
    match made {
        Made::Point(k) => {
            rows.push(texts(&[
                "r_in_cm",
                "r_out_cm",
                "energy_mev_per_decay",
                "standard_error",
                "electron",
                "photon",
                "alpha",
                "dose_gy_per_decay",
            ]));
            for s in 0..k.shells() {
                let inner = if s == 0 { 0.0 } else { k.radii_cm[s - 1] };
                let outer = k.radii_cm[s];
                let (energy, error) = mean_and_error(&k.replicates(s), 1.0);
                let volume = 4.0 / 3.0 * std::f64::consts::PI * (outer.powi(3) - inner.powi(3));
                let dose = energy * GY_PER_MEV_PER_G / (volume * k.medium.density_g_cm3);
                let mut row = vec![number(inner), number(outer), number(energy), number(error)];
                row.extend((0..ORIGINS).map(|o| number(k.mean_of(o, s))));
                row.push(number(dose));
                rows.push(row);
            }
        }
        Made::Voxels(k) => {
            rows.push(texts(&[
                "i",
                "j",
                "k",
                "S_mGy_per_MBq_s",
                "standard_error",
                "electron",
                "photon",
                "alpha",
            ]));
            let per_mev = k.s_per_mev();
            for v in 0..k.octant.len() {
                let (energy, error) = k.energy(v, &[0, 1, 2]);
                let mut row: Vec<String> =
                    k.octant.unlinear(v).iter().map(usize::to_string).collect();
                row.extend([number(energy * per_mev), number(error * per_mev)]);
                row.extend((0..ORIGINS).map(|o| number(k.energy(v, &[o]).0 * per_mev)));
                rows.push(row);
            }
        }
        Made::Spheres(_, spheres) => {
            rows.push(texts(&[
                "mass_g",
                "radius_cm",
                "S_mGy_per_MBq_s",
                "standard_error",
                "absorbed_fraction",
            ]));
            rows.extend(spheres.iter().map(|s| {
                vec![
                    s.mass_g.to_string(),
                    number(s.radius_cm),
                    number(s.s_value),
                    number(s.standard_error),
                    number(s.absorbed_fraction),
                ]
            }));
        }
    }
    rows
}

fn facts(job: &KernelJob, made: &Made, decay: &Source, rows: &[Vec<String>]) -> Value {
    let (emitted, outside, histories, _) = emitted(made);
    let (columns, rows) = rows.split_first().map_or((&[][..], &[][..]), |(h, r)| (&h[..], r));
    let numbers = |row: &Vec<String>| -> Vec<Option<f64>> {
        row.iter().map(|t| t.parse::<f64>().ok().filter(|x| x.is_finite())).collect()
    };
    json!({
        "program": "voxgray",
        "format": 1,
        "build": Program::this(),
        "source": match made { Made::Point(k) | Made::Spheres(k, _) => &k.source, Made::Voxels(k) => &k.source },
        "nuclide_data": decay.chain.as_ref().map(|c| c.data.name()),
        "own_nuclides": decay.own_told(),
        "medium": job.medium.facts(),
        "voxel_mm": match made { Made::Voxels(k) => Some(k.octant.voxel_cm.map(|h| h * MM_PER_CM)), _ => None },
        "reach": match made { Made::Voxels(k) => Some(k.octant.reach), _ => None },
        "scored": matches!(job.shape, KernelShape::Voxels { direct: true, .. }).then_some("directly"),
        "emitted_mev": emitted,
        "outside_mev": outside,
        "histories": histories,
        "seed": job.settings.seed,
        "columns": columns,
        "rows": rows.iter().map(numbers).collect::<Vec<_>>(),
    })
}

/// The whole kernel, its centre at the origin.
fn image(kernel: &VoxelKernel) -> Result<Volume<f32>> {
    let octant = &kernel.octant;
    let dims = octant.reach.map(|r| 2 * r + 1);
    let spacing = octant.voxel_cm.map(|h| h * MM_PER_CM);
    let origin = [0, 1, 2].map(|a| -(octant.reach[a] as f64) * spacing[a]);
    let grid = Grid::aligned(dims, origin, spacing);
    let per_mev = kernel.s_per_mev();
    let values = (0..grid.len()).map(|v| {
        let at = grid.unlinear(v);
        let offset = [0, 1, 2].map(|a| at[a].abs_diff(octant.reach[a]));
        (kernel.energy(octant.linear(offset), &[0, 1, 2]).0 * per_mev) as f32
    });
    Volume::new(grid.clone(), values.collect())
}
