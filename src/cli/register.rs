//! `voxgray register`: where one image lies in another of the same patient.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::dicom::dicom_time;
use super::progress::{Terminal, print};
use super::values::parse_moment;
use crate::error::{Error, Result};
use crate::io::dicom::write::UidRoot;
use crate::pipeline::registration::{
    Applied, ApplyJob, ObjectFacts, RegisterJob, RegistrationReport, apply, register_images,
};
use crate::registration::Metric;
use crate::time::Moment;

const AFTER: &str = "\
The transform maps points of FIXED to points of MOVING (mm, LPS), as ITK's do: files that ITK,
SimpleITK, elastix (as .tfm) or 3D Slicer read and write. A DICOM Spatial Registration maps
into its own frame of reference; which image is which is told by the images' frames. One is
written (-o NAME.dcm) between two DICOM images of two frames, in the study of FIXED.
The estimate is rigid. It searches 45 mm and 10 degrees around the start, and around the joined
centres of mass, in steps of 15 mm and 10 degrees; then it climbs on three levels of resolution.
A couch that stays while the patient moves misleads it: give --mask-fixed with the body.

Examples:
  voxgray register CT1/ CT2/ -o ct2.tfm --picture ct2.png
  voxgray register CT1/ CT2/ -o ct2.dcm --date 2026-11-29T10:00
  voxgray register spect1.nii.gz spect2.nii.gz -o t.tfm --resampled spect2_on_1.nii.gz
  voxgray register CT/ SPECT/ --metric mi --start rough.tfm --mask-fixed body.nii.gz -o t.tfm
  voxgray register --apply ct2.tfm SPECT2/ --on CT1/ -o spect2.nii.gz
  voxgray register --apply warp.mha SPECT2/ --on CT1/ -o s.nii.gz     (displacements, mm, LPS)
  voxgray register --apply a.tfm --apply reg.dcm -o both.tfm  (a point goes through a first)";

/// What is made largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MetricName {
    /// Mutual information: any kinds of images; the default.
    Mi,
    /// Normalised correlation: images of one kind, between which values do not change.
    Ncc,
}

/// Options of `voxgray register`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct RegisterArguments {
    /// FIXED and MOVING, or MOVING alone with --apply: DICOM folder (CT, PET, NM), NIfTI, MetaImage.
    #[arg(value_name = "FIXED MOVING", num_args = 0..=2)]
    images: Vec<PathBuf>,
    /// Transform to write: ITK (.tfm), DICOM Spatial Registration (.dcm); with --apply the image (.nii, .nii.gz, .mha), or a transform.
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Root of new UIDs that your organisation owns, for a .dcm [default: 2.25, UUIDs].
    #[arg(long, value_name = "UID", requires = "out")]
    uid_root: Option<String>,
    /// Date and time of a .dcm, such as 2026-11-29T10:00 [default: those of FIXED's acquisition].
    #[arg(long, value_name = "TIME", requires = "out", value_parser = parse_moment)]
    date: Option<Moment>,
    /// What is made largest.
    #[arg(long, value_enum, conflicts_with = "apply")]
    metric: Option<MetricName>,
    /// Transform to start at: ITK (.tfm), DICOM Spatial Registration.
    #[arg(long, value_name = "TRANSFORM", conflicts_with = "apply")]
    start: Option<PathBuf>,
    /// Label map on any grid, RTSTRUCT or SEG: FIXED is compared only within its regions.
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    mask_fixed: Option<PathBuf>,
    /// SeriesInstanceUID of FIXED, where the folder holds several.
    #[arg(long, value_name = "UID", conflicts_with = "apply")]
    fixed_series: Option<String>,
    /// SeriesInstanceUID of MOVING, where the folder holds several.
    #[arg(long, value_name = "UID", conflicts_with = "apply")]
    moving_series: Option<String>,
    /// Leave out the way back, whose residual tells how settled the estimate is.
    #[arg(long, conflicts_with = "apply")]
    one_way: bool,
    /// Write MOVING on the grid of FIXED: activity conserved, HU interpolated.
    #[arg(long, value_name = "IMAGE", conflicts_with = "apply")]
    resampled: Option<PathBuf>,
    /// Draw checkerboards before and after, and MOVING in colour over FIXED (PNG).
    #[arg(long, value_name = "PNG", conflicts_with = "apply")]
    picture: Option<PathBuf>,
    /// Apply a transform or displacement field (NIfTI, MetaImage, NRRD) instead of estimating; several
    /// are composed, from FIXED to MOVING.
    #[arg(long, value_name = "TRANSFORM", requires = "out")]
    apply: Vec<PathBuf>,
    /// The image FIXED on whose grid MOVING is written.
    #[arg(long, value_name = "FIXED", requires = "apply")]
    on: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print the result and errors only.
    #[arg(short, long)]
    quiet: bool,
}

/// Registers, or applies.
///
/// # Errors
/// As [`register_images`] and [`apply`].
pub fn run(a: RegisterArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let object = ObjectFacts {
        uid_root: a.uid_root.as_deref().map(UidRoot::of).transpose()?.unwrap_or_default(),
        time: a.date.as_ref().map(dicom_time).transpose()?,
    };
    if !a.apply.is_empty() {
        let [moving] =
            images(&a, "with --apply MOVING is given, or no image to write a composition")?;
        let job = ApplyJob {
            transforms: a.apply,
            moving,
            on: a.on,
            out: a.out.unwrap_or_default(),
            object,
            ..ApplyJob::default()
        };
        let applied = apply(&job, &terminal)?;
        print(&if a.json { json(&applied)? } else { applied_table(&applied) })?;
        return Ok(ExitCode::SUCCESS);
    }
    let [fixed, moving] = images(&a, "FIXED and MOVING are needed")?;
    let (Some(fixed), Some(moving)) = (fixed, moving) else {
        return Err(wrong_images(&a, "FIXED and MOVING are needed"));
    };
    let job = RegisterJob {
        fixed,
        moving,
        fixed_series: a.fixed_series,
        moving_series: a.moving_series,
        metric: a.metric.map(|m| match m {
            MetricName::Mi => Metric::MutualInformation,
            MetricName::Ncc => Metric::Correlation,
        }),
        start: a.start,
        mask_fixed: a.mask_fixed,
        one_way: a.one_way,
        out: a.out,
        object,
        resampled: a.resampled,
        picture: a.picture,
        ..RegisterJob::default()
    };
    let report = register_images(&job, &terminal)?;
    print(&if a.json { json(&report)? } else { table(&report) })?;
    Ok(ExitCode::SUCCESS)
}

/// Up to `N` images.
fn images<const N: usize>(a: &RegisterArguments, why: &str) -> Result<[Option<PathBuf>; N]> {
    if a.images.len() > N {
        return Err(wrong_images(a, why));
    }
    Ok(std::array::from_fn(|n| a.images.get(n).cloned()))
}

fn wrong_images(a: &RegisterArguments, why: &str) -> Error {
    Error::usage(
        format!("{} images are given", a.images.len()),
        why,
        "Write voxgray register FIXED MOVING, or --apply TRANSFORM MOVING --on FIXED.",
    )
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(value).map(|t| t + "\n").map_err(|e| {
        Error::run("the result cannot be written as JSON", e.to_string(), "Report this as a bug.")
    })
}

fn row(name: &str, cells: &[String]) -> String {
    format!("{name}\t{}\n", cells.join("\t"))
}

fn numbers(values: &[f64], digits: usize) -> Vec<String> {
    values.iter().map(|v| format!("{v:.digits$}")).collect()
}

/// Tab separated.
fn table(r: &RegistrationReport) -> String {
    let mut text = row("metric", &[r.metric.name().into()]);
    text += &row("metric_before", &numbers(&[r.metric_before], 5));
    text += &row("metric_after", &numbers(&[r.metric_after], 5));
    text += &row("translation_mm", &numbers(&r.translation_mm, 3));
    text += &row("rotation_deg", &numbers(&r.rotation_deg, 4));
    text += &row("angle_deg", &numbers(&[r.angle_deg], 4));
    text += &row("centre_mm", &numbers(&r.centre_mm, 3));
    for (when, a) in [("before", r.agreement_before), ("after", r.agreement_after)] {
        text += &row(&format!("correlation_{when}"), &numbers(&[a.correlation], 4));
        text += &row(&format!("overlap_{when}"), &numbers(&[a.overlap], 4));
    }
    if let Some(c) = r.inverse_consistency {
        text += &row("there_and_back_mean_mm", &numbers(&[c.mean_mm], 3));
        text += &row("there_and_back_largest_mm", &numbers(&[c.largest_mm], 3));
        text += &row("there_and_back_corners_mm", &numbers(&[c.corners_mm], 3));
    }
    text += &row("seconds", &numbers(&[r.seconds], 2));
    files(&r.written).into_iter().for_each(|line| text += &line);
    text
}

fn files(written: &[PathBuf]) -> Vec<String> {
    written.iter().map(|p| row("file", &[p.display().to_string()])).collect()
}

fn applied_table(a: &Applied) -> String {
    let mut text = String::new();
    for r in a.matrix.into_iter().flatten() {
        text += &row("matrix", &numbers(&r, 9));
    }
    if let Some(offset_mm) = a.offset_mm {
        text += &row("offset_mm", &numbers(&offset_mm, 4));
    }
    text += &row("rigid", &[a.rigid.to_string()]);
    for (when, agreement) in [("before", a.agreement_before), ("after", a.agreement_after)] {
        if let Some(x) = agreement {
            text += &row(&format!("correlation_{when}"), &numbers(&[x.correlation], 4));
            text += &row(&format!("overlap_{when}"), &numbers(&[x.overlap], 4));
        }
    }
    files(&a.written).into_iter().for_each(|line| text += &line);
    text
}
