//! `voxgray voi`: volumes of interest by themselves.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::dicom::dicom_time;
use super::progress::{Terminal, print};
use super::values::parse_moment;
use crate::error::{Error, Result};
use crate::io::dicom::write::UidRoot;
use crate::pipeline::regions::{RegionForm, RegionJob, RegionList, RegionObjectJob, list_regions};
use crate::sheet::{Separator, lines};
use crate::time::Moment;

const AFTER: &str = "\
A region is a set of voxels, each with the share of it that lies inside. Volumes use the shares;
a label map holds whole voxels, those of which at least half lies inside: both volumes are told.
Regions lie on the grid of --on, else on the finer of --activity and --ct, else on their own.

--make takes NAME = EXPRESSION, with lengths in mm and positions in the patient (LPS, mm):
  union(a, b, ...)  intersection(a, b, ...)  difference(a, b, ...)  sum(a, b, ...)
  margin(a, 5mm)  shrink(a, 3mm)  sphere(x, y, z, radius)  box(x1, y1, z1, x2, y2, z2)
  threshold(activity, 5e5, within)  percent(activity, 41%, within)  (of ct too; within optional)
  body()  couch()  (with --ct)
A name with a comma or an equal start as a function stands in quotation marks.

--as writes a DICOM object to -o NAME.dcm, in the study of --reference and on its grid, where no
--on is given: seg (whole voxels), seg-fractional (shares, to 1 in 255) or rtstruct (outlines
along the edges of whole voxels, so that the volume is kept).

Examples:
  voxgray voi rtss.dcm                               (names and volumes of the structures)
  voxgray voi rtss.dcm --ct CT/ --activity PET/      (with masses and activities)
  voxgray voi seg.dcm --ct CT/ -o organs.nii.gz      (a label map on the CT's grid)
  voxgray voi labels.nii.gz --reference CT/ --as rtstruct -o organs.dcm
  voxgray voi labels.nii.gz --classes total --groups --keep lungs --keep kidneys -o vois/
  voxgray voi rtss.dcm --ct CT/ --make 'ring = difference(margin(GTV, 10mm), GTV)' --keep ring
  voxgray voi --activity spect.nii.gz --make 'hot = percent(activity, 41%, sphere(0, 0, 0, 40))'";

/// Forms of a DICOM object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormChoice {
    /// Segmentation of whole voxels (BINARY).
    Seg,
    /// Segmentation with the share of each voxel (FRACTIONAL, OCCUPANCY).
    SegFractional,
    /// RT Structure Set.
    Rtstruct,
}

/// Options of `voxgray voi`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct VoiArguments {
    /// RTSTRUCT, DICOM SEG, NRRD (also .seg.nrrd), label map (NIfTI, MetaImage), or a folder with one DICOM object or with masks.
    inputs: Vec<PathBuf>,
    /// Read this region of the files only; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Image whose grid is used: DICOM folder, NIfTI, MetaImage.
    #[arg(long, value_name = "IMAGE")]
    on: Option<PathBuf>,
    /// CT: masses, body(), couch().
    #[arg(long, value_name = "PATH")]
    ct: Option<PathBuf>,
    /// Activity image in Bq/mL: activity, mean and largest value.
    #[arg(long, value_name = "PATH")]
    activity: Option<PathBuf>,
    /// Table (CSV, TSV) with the columns label and name.
    #[arg(long, value_name = "CSV")]
    names: Option<PathBuf>,
    /// The labels are classes of this task of TotalSegmentator: total, total_v1, total_mr.
    #[arg(long, value_name = "TASK")]
    classes: Option<String>,
    /// Add joins of classes that dosimetry reports as one: lungs, kidneys, skeleton and others.
    #[arg(long)]
    groups: bool,
    /// Make a region (see below); may be repeated.
    #[arg(long, value_name = "NAME = EXPRESSION")]
    make: Vec<String>,
    /// List and write this region only; may be repeated.
    #[arg(long, value_name = "NAME")]
    keep: Vec<String>,
    /// Take regions and images of different frames of reference as of one space.
    #[arg(long)]
    any_frame: bool,
    /// Label map (.nii, .nii.gz, .mha) with a table of names beside it, or a folder with a map of shares for each region; with --as a DICOM file (.dcm).
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Write a DICOM object.
    #[arg(long = "as", value_enum, value_name = "FORM", help_heading = "DICOM object", requires_all = ["reference", "out"])]
    form: Option<FormChoice>,
    /// CT, SPECT or PET (file or folder) whose patient, study and frame of reference the object gets.
    #[arg(long, value_name = "DICOM", help_heading = "DICOM object", requires = "form")]
    reference: Option<PathBuf>,
    /// SeriesInstanceUID of the reference, where there are several.
    #[arg(long, value_name = "UID", help_heading = "DICOM object", requires = "form")]
    reference_series: Option<String>,
    /// Root of new UIDs that your organisation owns [default: 2.25, UUIDs].
    #[arg(long, value_name = "UID", help_heading = "DICOM object", requires = "form")]
    uid_root: Option<String>,
    /// Date and time of the object, such as 2026-11-29T10:00 [default: none; of a segmentation the reference's acquisition].
    #[arg(long, value_name = "TIME", help_heading = "DICOM object", value_parser = parse_moment, requires = "form")]
    date: Option<Moment>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print the result and errors only.
    #[arg(short, long)]
    quiet: bool,
}

/// Lists, and writes.
///
/// # Errors
/// As [`list_regions`].
pub fn run(a: VoiArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let uid_root = a.uid_root.as_deref().map(UidRoot::of).transpose()?.unwrap_or_default();
    let time = a.date.as_ref().map(dicom_time).transpose()?;
    let object = a.form.zip(a.reference).map(|(form, reference)| RegionObjectJob {
        form: match form {
            FormChoice::Seg => RegionForm::Segmentation,
            FormChoice::SegFractional => RegionForm::Shares,
            FormChoice::Rtstruct => RegionForm::Structures,
        },
        reference,
        series: a.reference_series,
        uid_root,
        time,
    });
    let job = RegionJob {
        inputs: a.inputs,
        only: a.only,
        on: a.on,
        ct: a.ct,
        activity: a.activity,
        names: a.names,
        classes: a.classes,
        groups: a.groups,
        make: a.make,
        keep: a.keep,
        any_frame: a.any_frame,
        nifti_affine: Default::default(),
        out: a.out,
        object,
    };
    let list = list_regions(&job, &terminal)?;
    if a.json {
        let text = serde_json::to_string_pretty(&list).map_err(|e| {
            Error::run("the list cannot be written as JSON", e.to_string(), "Report this as a bug.")
        })?;
        print(&(text + "\n"))?;
    } else {
        print(&table(&list))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tab separated, with the columns that are known.
fn table(list: &RegionList) -> String {
    let some = |any: bool, name: &'static str| any.then_some(name);
    let with_mass = list.regions.iter().any(|r| r.mass_g.is_some());
    let with_activity = list.regions.iter().any(|r| r.activity_bq.is_some());
    let mut header =
        vec!["label", "name", "volume_ml", "whole_voxels_ml", "file_ml", "outside_percent"];
    header.extend(some(with_mass, "mass_g"));
    for name in ["activity_bq", "mean_bq_per_ml", "max_bq_per_ml"] {
        header.extend(some(with_activity, name));
    }
    header.push("origin");
    let mut rows = vec![header.into_iter().map(String::from).collect::<Vec<_>>()];
    for r in &list.regions {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.6e}"));
        let ml = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.4}"));
        let mut row = vec![
            r.label.to_string(),
            r.name.clone(),
            ml(Some(r.volume_ml)),
            ml(Some(r.whole_voxels_ml)),
            ml(r.file_ml),
            format!("{:.3}", r.outside_percent),
        ];
        if with_mass {
            row.push(ml(r.mass_g));
        }
        if with_activity {
            row.extend([r.activity_bq, r.mean_bq_per_ml, r.max_bq_per_ml].map(number));
        }
        row.push(r.origin.clone());
        rows.push(row);
    }
    let mut text = lines(rows, Separator::Tab);
    for path in &list.written {
        text.push_str(&format!("file\t{}\n", path.display()));
    }
    text
}
