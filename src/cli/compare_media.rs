//! `voxgray compare-media`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::dose_arguments::ProblemArguments;
use super::interrupt;
use super::progress::Terminal;
use super::threads;
use crate::error::{Error, Result};
use crate::pipeline::compare_media::{Change, MediaJob, Row, compare_media};
use crate::pipeline::series_file::SeriesInput;

const AFTER: &str = "\
Runs the same histories twice: through the matter as it is, and with parts of it changed.
What both have in common cancels, so that a small effect of a medium is seen with few
histories.

Writes to OUT: maps of both doses, of their difference and of its standard error,
correlation; vois.csv, and places.csv with tissues and distances to the face of what was
changed: doses, difference, its standard error, and gain, by which two independent runs
would need more histories.

REGION is a VOI by its name, or air, lung, soft, bone (by density), or all that is no air.

Examples:
  voxgray compare-media --change all=soft_tissue@1.04 --ct CT/ --activity spect.nii.gz \\
                        --nuclide Lu-177 --voi organs.nii.gz -o media/
  voxgray compare-media --change 'tumour=@0.3' --change bone=soft_tissue@1.04 ...";

/// Options of `voxgray compare-media`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct CompareMediaArguments {
    /// What becomes of a region: REGION=MATERIAL, REGION=MATERIAL@DENSITY (g/cm3) or REGION=@DENSITY; may be given several times.
    #[arg(long, value_name = "CHANGE", required = true, value_parser = parse_change)]
    change: Vec<Change>,
    #[command(flatten)]
    problem: ProblemArguments,
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

fn parse_change(text: &str) -> std::result::Result<Change, String> {
    text.parse().map_err(|e: Error| format!("{}; {}", e.why, e.suggestion))
}

/// Compares.
///
/// # Errors
/// As [`compare_media`].
pub fn run(a: CompareMediaArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    if a.problem.activity.as_deref().is_some_and(SeriesInput::is_series) {
        return Err(Error::usage(
            "--activity is a list of time points",
            "media are compared for one image",
            "Give one of its images, or a time-integrated map.",
        ));
    }
    let job = a.problem.job(a.out, a.overwrite)?;
    threads::prepare(job.threads, &terminal);
    let stop = interrupt::listen(a.quiet)?;
    let (folder, found) = compare_media(&MediaJob { job, changes: a.change }, &terminal, stop)?;
    let mut text =
        String::from("columns\tvoxels\tcount\treference\tdifference_%\tstandard_error_%\tgain\n");
    let percent = |x: f64, r: &Row| format!("{:.4}", 100.0 * x / r.reference);
    for (kind, rows) in [("voi", &found.vois), ("place", &found.places)] {
        for r in rows {
            text += &format!(
                "{kind}\t{}\t{}\t{:.4e}\t{}\t{}\t{:.1}\n",
                r.voxels,
                r.count,
                r.reference,
                percent(r.difference, r),
                percent(r.standard_error, r),
                r.gain
            );
        }
    }
    text += &format!("folder\t{}\n", folder.display());
    super::progress::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
