//! `voxgray report`: one page of finished runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::fit_arguments::{is_none, parse_activity_or_none};
use super::progress::Terminal;
use super::voi_arguments::VoiArguments;
use crate::error::{Error, ErrorKind, Result};
use crate::io::NiftiAffine;
use crate::io::atomic::write_atomically;
use crate::pipeline::Observer;
use crate::pipeline::report::{MARK, ReportJob, report};

const AFTER: &str = "\
The page stands alone: it opens from disk, needs no network and no script, and prints on A4.
It has the subject, quantification of each image, time-activity curves, VOIs with the budget of
their uncertainty, histograms, slices, other methods beside it, every warning, a text on the
methods, reporting items and where the numbers come from. Nothing is computed anew: numbers are
those of the runs.

Names of files, dates and UIDs are left out unless --identify asks for them.

Examples:
  voxgray report dose/ --ct CT/ --voi organs.nii.gz --dvh dvh/ -o report.html
  voxgray report c1/ c2/ --administered 7.4GBq --administered 7.3GBq --bed bed/ -o report.html";

/// Most slices of a cycle.
const MOST_SLICES: usize = 60;

/// Options of `voxgray report`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct ReportArguments {
    /// Folders of voxgray dose: one for each cycle.
    #[arg(required = true)]
    doses: Vec<PathBuf>,
    /// Administered activity of each cycle, such as 7.4GBq, or none where it is not known: gives doses per activity.
    #[arg(long, value_name = "ACTIVITY", help_heading = "Subject", value_parser = parse_activity_or_none)]
    administered: Vec<Option<f64>>,
    /// What the subject is called.
    #[arg(long, value_name = "NAME", help_heading = "Subject")]
    pseudonym: Option<String>,
    /// Also show names of files, dates and UIDs.
    #[arg(long, help_heading = "Subject")]
    identify: bool,
    /// CT of each cycle, below the dose in slices: DICOM folder, NIfTI or MetaImage; none for a cycle without one.
    #[arg(long, value_name = "PATH", help_heading = "Slices")]
    ct: Vec<PathBuf>,
    /// SeriesInstanceUID of each CT, where its folder holds several, in their order; none for one that needs none.
    #[arg(long, value_name = "UID", help_heading = "Slices", requires = "ct")]
    ct_series: Vec<String>,
    #[command(flatten)]
    voi: VoiArguments,
    /// Most axial slices of a cycle; 0 leaves pictures out.
    #[arg(long, value_name = "N", help_heading = "Slices", default_value_t = 16)]
    slices: usize,
    /// What holds of a NIfTI image whose header contradicts itself on its geometry: sform, qform or pixdim [default: refuse it].
    #[arg(long, value_name = "WHICH", help_heading = "Slices", value_parser = super::dose_arguments::parse_affine)]
    nifti_affine: Option<NiftiAffine>,
    /// Folder of voxgray compare-methods with one of the folders as its reference; repeatable.
    #[arg(long, value_name = "FOLDER", help_heading = "Analysis")]
    comparison: Vec<PathBuf>,
    /// Folder of voxgray dvh; repeatable.
    #[arg(long, value_name = "FOLDER", help_heading = "Analysis")]
    dvh: Vec<PathBuf>,
    /// Folder of voxgray bed; repeatable.
    #[arg(long, value_name = "FOLDER", help_heading = "Analysis")]
    bed: Vec<PathBuf>,
    /// File of what voxgray plan limit --json printed; repeatable.
    #[arg(long, value_name = "FILE", help_heading = "Analysis")]
    limit: Vec<PathBuf>,
    /// Folder of voxgray fit: curves of a table; repeatable.
    #[arg(long, value_name = "FOLDER", help_heading = "Analysis")]
    fit: Vec<PathBuf>,
    /// File of what voxgray uncertainty wrote with its option json; repeatable.
    #[arg(long, value_name = "FILE", help_heading = "Analysis")]
    uncertainty: Vec<PathBuf>,
    /// What is missing from the page, as it failed, such as dvh; told in its warnings; repeatable.
    #[arg(long, value_name = "STAGE", help_heading = "Analysis")]
    without: Vec<String>,
    /// The page.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    out: PathBuf,
    /// Replace an older report.
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Print errors only.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Writes the page.
///
/// # Errors
/// If a run cannot be read, or the page cannot be written.
pub fn run(a: ReportArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let lists = [
        ("--administered", a.administered.len()),
        ("--ct", a.ct.len()),
        ("--ct-series", a.ct_series.len()),
    ];
    for (what, given) in lists {
        if given > a.doses.len() {
            return Err(Error::usage(
                format!("{given} times {what} for {} folders", a.doses.len()),
                "they are those of the folders, in their order",
                "Leave some out, or name their folders.",
            ));
        }
    }
    if a.slices > MOST_SLICES {
        return Err(Error::usage(
            format!("--slices {}", a.slices),
            format!("at most {MOST_SLICES} fit into a page that can be sent"),
            "Ask for fewer.",
        ));
    }
    free(&a.out, a.overwrite)?;
    let job = ReportJob {
        doses: a.doses,
        administered_bq: a.administered,
        ct: a.ct.into_iter().map(|p| Some(p).filter(|p| !is_none(&p.to_string_lossy()))).collect(),
        ct_series: a.ct_series.into_iter().map(|uid| Some(uid).filter(|u| !is_none(u))).collect(),
        comparisons: a.comparison,
        dvh: a.dvh,
        bed: a.bed,
        limits: a.limit,
        fits: a.fit,
        uncertainties: a.uncertainty,
        without: a.without,
        voi: a.voi.files()?,
        pseudonym: a.pseudonym,
        identify: a.identify,
        slices: a.slices,
        affine: a.nifti_affine.unwrap_or_default(),
    };
    let page = report(&job, &terminal)?;
    write_atomically(&a.out, |w| w.write_all(page.as_bytes()))?;
    let size = page.len() as f64 / f64::from(1 << 20);
    terminal.say(&format!("wrote {} ({size:.1} MiB)", a.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// Refuses a place that holds anything else.
fn free(out: &Path, overwrite: bool) -> Result<()> {
    if !out.exists() {
        return Ok(());
    }
    let refuse = |why: &str, suggestion: &str| {
        Err(Error::new(ErrorKind::Io, format!("cannot write {}", out.display()), why, suggestion))
    };
    let ours = out.is_file() && crate::files::text(out).is_ok_and(|t| t.contains(MARK));
    match (ours, overwrite) {
        (true, true) => Ok(()),
        (true, false) => refuse("it is there already", "Add --overwrite, or name another file."),
        (false, _) => refuse("it was not written by voxgray report", "Name another file."),
    }
}
