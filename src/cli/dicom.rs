//! `voxgray dicom`: a finished run as DICOM objects.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::progress::{Terminal, print};
use super::values::parse_moment;
use crate::error::{Error, Result};
use crate::io::dicom::write::{DoseBits, UidRoot};
use crate::pipeline::dicom_out::{Accepted, DicomJob, ObjectGrid, ObjectKind, write_dicom};
use crate::sheet::{Separator, lines};
use crate::time::Moment;

const AFTER: &str = "\
DOSE is a folder of voxgray dose that is whole; --reference the CT, SPECT or PET that the run
read, whose patient, study and frame of reference the objects get. Another patient's, or another
frame of reference, is refused. Written to -o, each object a series of its own:
  RTDOSE_*.dcm   doses in Gy: DoseType PHYSICAL; with --bed also the BED, EFFECTIVE
  PM_*.dcm       parametric maps in single precision: dose rate (Gy/s), standard errors (Gy,
                 Gy/s), time-integrated activity (Bq.s/mL). A dose rate is never an RT Dose.
  SR_vois.dcm    measurement report (TID 1500) of the run's VOIs: mean dose with its standard
                 error and combined uncertainty, volume, mass, activity over time, and the BED
UIDs follow from the content: the same input gives the same files. ContentDate of a parametric
map is --date, else the reference's acquisition.

--grid reference interpolates onto the reference's voxels (trilinear; 0 where the run has no
dose, which is told). Otherwise voxels are the run's own and no value is changed beyond rounding
to DoseGridScaling, half a step: 4e-6 (16 bit) or 1e-10 (32 bit) of the largest dose, or so.

Examples:
  voxgray dicom dose/ --reference CT/ -o dicom/
  voxgray dicom dose/ --reference CT/ --grid reference --bits 16 --summation plan -o dicom/
  voxgray dicom dose/ --reference CT/ --bed bed/ --only rtdose -o dicom/";

/// Bits of stored doses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BitsChoice {
    #[value(name = "16")]
    Sixteen,
    #[value(name = "32")]
    ThirtyTwo,
}

/// What a dose is said to be the sum of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SummationChoice {
    /// PLAN_OVERVIEW: no plan, which is the truth.
    Overview,
    /// PLAN, with a minimal RT Plan that stands in for one: for readers that know nothing else.
    Plan,
}

/// Where voxels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GridOfObjects {
    /// The run's.
    Run,
    /// The reference's.
    Reference,
}

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindChoice {
    /// Doses.
    Rtdose,
    /// Parametric maps.
    Pm,
    /// Structured report of the VOIs.
    Sr,
}

/// Checks that may be overruled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AcceptChoice {
    /// The reference lies in another frame of reference than the run's images, or theirs is not known.
    Frame,
    /// The files of the reference are not those that the run read.
    Files,
}

/// Options of `voxgray dicom`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct DicomArguments {
    /// Folder of voxgray dose.
    dose: PathBuf,
    /// CT, SPECT or PET (file or folder) whose patient, study and frame of reference the objects get.
    #[arg(long, value_name = "DICOM", help_heading = "Patient")]
    reference: PathBuf,
    /// SeriesInstanceUID of the reference [default: the first that the run read, else the only one].
    #[arg(long, value_name = "UID", help_heading = "Patient")]
    reference_series: Option<String>,
    /// Accept what a check of the reference finds; may be repeated.
    #[arg(long, value_enum, value_name = "CHECK", help_heading = "Patient", value_delimiter = ',')]
    accept: Vec<AcceptChoice>,
    /// Folder of voxgray bed of this run: its BED becomes an RT Dose, EFFECTIVE; 0 outside of its VOIs.
    #[arg(long, value_name = "FOLDER", help_heading = "Content")]
    bed: Option<PathBuf>,
    /// Write this kind of objects only; may be repeated.
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Content")]
    only: Vec<KindChoice>,
    /// Whose voxels the objects have.
    #[arg(long, value_enum, value_name = "GRID", help_heading = "Content", default_value = "run")]
    grid: GridOfObjects,
    /// Bits of stored doses.
    #[arg(long, value_enum, value_name = "BITS", help_heading = "Content", default_value = "32")]
    bits: BitsChoice,
    /// DoseSummationType.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        help_heading = "Content",
        default_value = "overview"
    )]
    summation: SummationChoice,
    /// Root of new UIDs that your organisation owns [default: 2.25, UUIDs].
    #[arg(long, value_name = "UID", help_heading = "Content")]
    uid_root: Option<String>,
    /// Date and time of the objects, such as 2026-11-29T10:00 [default: none; of a parametric map the reference's acquisition].
    #[arg(long, value_name = "TIME", help_heading = "Content", value_parser = parse_moment)]
    date: Option<Moment>,
    /// Folder to write to.
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    out: PathBuf,
    /// Replace the files of an older output of this command, no other.
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Print results and errors only.
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// Writes the objects.
///
/// # Errors
/// As [`write_dicom`].
pub fn run(a: DicomArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let kind = |k: &KindChoice| match k {
        KindChoice::Rtdose => ObjectKind::Dose,
        KindChoice::Pm => ObjectKind::Map,
        KindChoice::Sr => ObjectKind::Report,
    };
    let accepted = |c: &AcceptChoice| match c {
        AcceptChoice::Frame => Accepted::Frame,
        AcceptChoice::Files => Accepted::Files,
    };
    let job = DicomJob {
        dose: a.dose,
        bed: a.bed,
        reference: a.reference,
        series: a.reference_series,
        out: a.out,
        only: a.only.iter().map(kind).collect(),
        bits: match a.bits {
            BitsChoice::Sixteen => DoseBits::Sixteen,
            BitsChoice::ThirtyTwo => DoseBits::ThirtyTwo,
        },
        plan: a.summation == SummationChoice::Plan,
        grid: match a.grid {
            GridOfObjects::Run => ObjectGrid::Run,
            GridOfObjects::Reference => ObjectGrid::Reference,
        },
        uid_root: a.uid_root.as_deref().map(UidRoot::of).transpose()?.unwrap_or_default(),
        time: a.date.as_ref().map(dicom_time).transpose()?,
        accepted: a.accept.iter().map(accepted).collect(),
        overwrite: a.overwrite,
    };
    let written = write_dicom(&job, &terminal)?;
    let header = ["file", "what", "sop_instance_uid"].map(String::from).to_vec();
    let rows = written
        .iter()
        .map(|w| vec![w.path.display().to_string(), w.what.clone(), w.instance_uid.clone()]);
    print(&lines(std::iter::once(header).chain(rows), Separator::Tab))?;
    Ok(ExitCode::SUCCESS)
}

/// A clock's reading as DA and TM.
pub(super) fn dicom_time(moment: &Moment) -> Result<(String, String)> {
    if let Some(offset) = moment.offset() {
        return Err(Error::usage(
            format!("--date {moment}"),
            format!("dates and times of the objects are on the reference's clock, not at {offset}"),
            "State that clock's reading, without an offset from UTC.",
        ));
    }
    let text = moment.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    Ok((digits(date), digits(time.get(..8).unwrap_or(""))))
}
