//! `voxgray demo`: the main job on a built-in, patient-like CT and SPECT, and a picture of the result.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser};

use super::dose_arguments::DoseArguments;
use super::interrupt;
use super::picture;
use super::progress::{Terminal, print};
use super::values::{parse_count, parse_engine};
use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;
use crate::io::write_nifti;
use crate::phantom::synthetic::{
    ORGANS, Organ, PICTURE_CENTRE_MM, SyntheticPatient, SyntheticPatientOptions, synthetic_patient,
};
use crate::pipeline::{self, Observer, Written};
use crate::report::summary::Summary;
use crate::transport::engine::EngineChoice;
use crate::units::MGY_PER_H_PER_GY_PER_S;

const AFTER: &str = "\
Writes to the folder DIR: ct.nii.gz (HU), activity.nii.gz (Bq/mL), organs.nii.gz and organs.csv
(labels and their names), dose/ (what voxgray dose writes) and demo.png. Prints the mean dose
rate of each organ with its standard error, and the command that made it, to be repeated with
other options. The patient is made by formulas: for learning, not for dosimetry.

With --dicom: four days of CT and SPECT (Bq/mL) and an RTSTRUCT in DIR, and what is true of the
organs (truth_tia.nii.gz in Bq s/mL, truth_organs.csv). voxgray init DIR makes a study of them.";

/// Options of `voxgray demo`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct DemoArguments {
    /// Folder to write to.
    #[arg(short, long, value_name = "DIR", default_value = "voxgray-demo")]
    pub(super) out: PathBuf,
    /// Write a treatment with a known truth as a scanner exports it: DICOM CT and SPECT of four days and the organs, for voxgray init.
    #[arg(long, conflicts_with_all = ["histories", "engine", "threads"])]
    dicom: bool,
    /// Edge of the voxels of CT and SPECT, mm [default: 4].
    #[arg(long, value_name = "MM", requires = "dicom")]
    pub(super) voxel: Option<f64>,
    /// Resolution (full width at half maximum) of the SPECT, mm; 0 as if partial-volume loss had been undone.
    #[arg(long, value_name = "MM", requires = "dicom", default_value_t = 0.0)]
    pub(super) fwhm: f64,
    /// Seed of the noise of CT and SPECT.
    #[arg(long, value_name = "N", requires = "dicom", default_value_t = 1)]
    pub(super) seed: u64,
    /// Histories (decays) to simulate.
    #[arg(long, value_name = "N", default_value = "3e7", value_parser = parse_count)]
    histories: u64,
    /// Engine: auto (GPUs where there are any, else the CPU), cpu, gpu, gpu:0 or gpu:0,1.
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = parse_engine)]
    engine: EngineChoice,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = super::values::parse_threads)]
    threads: Option<usize>,
    /// Replace the files of an older demo, no other.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Print the result and errors only.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// The options of `voxgray dose` without the program around them.
#[derive(Debug, Parser)]
struct DoseLine {
    #[command(flatten)]
    dose: DoseArguments,
}

/// What the demo writes besides the dose.
const CT: &str = "ct.nii.gz";
const ACTIVITY: &str = "activity.nii.gz";
const LABELS: &str = "organs.nii.gz";
const NAMES: &str = "organs.csv";
const DOSE: &str = "dose";
const PICTURE: &str = "demo.png";

/// Runs the demo.
///
/// # Errors
/// If the folder cannot be used, or as [`pipeline::dose`].
pub fn run(arguments: &DemoArguments) -> Result<ExitCode> {
    if arguments.dicom {
        return super::demo_dicom::run(arguments);
    }
    let terminal = Terminal::new(arguments.quiet);
    let folder = &arguments.out;
    let line = dose_line(arguments);
    let DoseLine { dose } = DoseLine::try_parse_from(&line).map_err(|e| {
        Error::usage(
            format!("the demo's options do not make a job: {e}"),
            "it runs voxgray dose",
            "Correct the options.",
        )
    })?;
    let job = dose.problem.job(dose.out, dose.overwrite)?;
    let names = [CT, ACTIVITY, LABELS, NAMES, PICTURE].map(String::from);
    let marked = MarkedFolder::open(folder, arguments.overwrite, &names)?;

    let options = SyntheticPatientOptions::default();
    terminal.say("making the patient");
    let patient = synthetic_patient(&options)?;
    write_inputs(folder, &patient)?;
    let shown: Vec<_> = line.iter().map(|a| a.to_string_lossy()).collect();
    terminal.say(&format!("running voxgray {}", shown.join(" ")));
    let stop = interrupt::listen(arguments.quiet)?;
    let written = pipeline::dose(&job, &terminal, stop)?;

    let mut paths = vec![CT, ACTIVITY, LABELS, NAMES, DOSE];
    // After Ctrl-C nothing is read any more.
    if !written.interrupted {
        let (title, file) = (title(&options, &written), folder.join(PICTURE));
        picture::write(&written, &patient.ct, Some(PICTURE_CENTRE_MM), &title, &file)?;
        paths.push(PICTURE);
    }
    marked.finish()?;
    let mut text = written.summary.as_ref().map(table).unwrap_or_default();
    text.push('\n');
    paths.iter().for_each(|p| text.push_str(&format!("{}\n", folder.join(p).display())));
    print(&text)?;
    Ok(if written.interrupted { ExitCode::from(interrupt::INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// The command that the demo runs.
fn dose_line(arguments: &DemoArguments) -> Vec<OsString> {
    let file = |name: &str| arguments.out.join(name).into_os_string();
    let mut line: Vec<OsString> = vec!["dose".into()];
    for (option, value) in [
        ("--ct", file(CT)),
        ("--activity", file(ACTIVITY)),
        ("--activity-unit", "Bq/mL".into()),
        ("--nuclide", "Lu-177".into()),
        ("--voi", file(LABELS)),
        ("--voi-names", file(NAMES)),
        ("--histories", arguments.histories.to_string().into()),
        ("-o", file(DOSE)),
    ] {
        line.extend([option.into(), value]);
    }
    if arguments.engine != EngineChoice::Auto {
        line.extend(["--engine".into(), arguments.engine.to_string().into()]);
    }
    if let Some(threads) = arguments.threads {
        line.extend(["--threads".into(), threads.to_string().into()]);
    }
    if arguments.overwrite {
        line.push("--overwrite".into());
    }
    line
}

fn write_inputs(folder: &Path, patient: &SyntheticPatient) -> Result<()> {
    write_nifti(&folder.join(CT), &patient.ct.map(|hu| hu.round() as i16))?;
    write_nifti(&folder.join(ACTIVITY), &patient.activity)?;
    write_nifti(&folder.join(LABELS), &patient.labels)?;
    let mut names = String::from("label,name\n");
    for (organ, name, _) in ORGANS.iter().filter(|o| o.0 != Organ::Outside) {
        names.push_str(&format!("{},{name}\n", *organ as u8));
    }
    write_atomically(&folder.join(NAMES), |w| w.write_all(names.as_bytes()))
}

fn title(options: &SyntheticPatientOptions, written: &Written) -> String {
    let gbq = options.total_activity_bq * 1e-9;
    let histories = written.summary.as_ref().map_or(0, |s| s.run.histories) as f64;
    format!("Synthetic patient, {gbq} GBq of Lu-177, {histories:.1e} histories")
}

/// Organs with their mass, mean dose rate and its standard error.
fn table(summary: &Summary) -> String {
    let mut text = format!("{:<14} {:>9} {:>26}\n", "organ", "mass/g", "dose rate/(mGy/h)");
    for voi in &summary.vois {
        let shown = |gy_per_s: Option<f64>, digits: usize| {
            gy_per_s
                .map_or("unknown".into(), |d| format!("{:.digits$}", d * MGY_PER_H_PER_GY_PER_S))
        };
        // Two digits of the standard error decide how many of the mean are worth showing.
        let error = voi.standard_error.map_or(0.0, |e| e * MGY_PER_H_PER_GY_PER_S);
        let digits = if error > 0.0 { (1.0 - error.log10().floor()).clamp(0.0, 9.0) } else { 3.0 };
        text.push_str(&format!(
            "{:<14} {:>9.1} {:>12} +- {:>10}\n",
            voi.name,
            voi.mass_g,
            shown(voi.mean_dose, digits as usize),
            shown(voi.standard_error, digits as usize),
        ));
    }
    text
}
