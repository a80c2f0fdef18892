//! `voxgray compare-methods`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser};

use super::dose::{self};
use super::dose_arguments::DoseArguments;
use super::progress::Terminal;
use super::voi_arguments::VoiArguments;
use crate::analysis::gamma::Criterion;
use crate::error::{Error, Result};
use crate::job::named_method::{name_of, options_of};
use crate::pipeline::compare_methods::{CompareJob, USUAL_THRESHOLD, check_names, compare_methods};

const AFTER: &str = "\
Compares maps with a reference: with folders of voxgray dose, or with maps of any program
(DICOM RT Dose; NIfTI, MetaImage or NRRD, of which --unit states the unit). Or runs one job by
several methods first: the options of voxgray dose stand behind --, and the folders are
OUT-runs/METHOD; VOIs are those of the dose options where none are given.

Writes to OUT: comparison.csv (bias, spread, MARE, shares within 1, 2, 5 %, z; by tissue and by
distance to the nearest interface), vois.csv, gamma.csv, histograms.csv, comparison.json,
comparison.html and maps of the differences with their standard errors. What noise alone would
give stands beside each number.

Examples:
  voxgray compare-methods --reference mc/ --candidate VSV=vsv/ --voi organs.nii.gz -o cmp/
  voxgray compare-methods --reference mc/ --candidate other=dose.nii.gz --unit Gy/s -o cmp/
  voxgray compare-methods --reference mc/ --candidate TPS=RTDOSE.dcm -o cmp/
  voxgray compare-methods --methods mc,ldm,vsv -o cmp/ -- --ct CT/ --activity a.nii.gz \\
                          --nuclide Lu-177 --voi organs.nii.gz";

/// Options of `voxgray compare-methods`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct CompareMethodsArguments {
    /// Reference: a folder of voxgray dose, an RT Dose, or a map.
    #[arg(
        long,
        value_name = "PATH",
        required_unless_present = "methods",
        conflicts_with = "methods"
    )]
    reference: Option<PathBuf>,
    /// A candidate with its name: a folder of voxgray dose, an RT Dose, or a map; may be given several times.
    #[arg(long, value_name = "NAME=PATH", value_parser = parse_candidate)]
    candidate: Vec<(String, PathBuf)>,
    /// Methods to run, the reference first, with the options of voxgray dose behind --; those of transport count for the methods that have
    /// it. A method may have options: ldm+photons=convolved,
    /// vsv+density=none, msv+by=source.
    #[arg(long, value_name = "METHODS", value_delimiter = ',', requires = "dose")]
    methods: Vec<String>,
    /// Unit of maps that do not say it: Gy, mGy, cGy, Gy/s.
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    #[command(flatten)]
    voi: VoiArguments,
    /// Take maps and VOIs of another frame of reference than the reference's as they are: all lie in one space.
    #[arg(long)]
    any_frame: bool,
    /// Densities (g/cm3) on the reference's grid [default: those of its run].
    #[arg(long, value_name = "FILE")]
    density: Option<PathBuf>,
    #[arg(long, value_name = "CRITERIA", value_delimiter = ',', value_parser = parse_gamma, default_values = ["1%/1mm", "2%/2mm"], help = format!("Criteria of gamma: 1%/1mm (of the largest dose), 3%/2mm/local; of voxels from {} % of the largest on", 100.0 * USUAL_THRESHOLD))]
    gamma: Vec<Criterion>,
    /// Folder to write.
    #[arg(short, long, value_name = "OUT")]
    out: PathBuf,
    /// Replace an older output of this command.
    #[arg(long)]
    overwrite: bool,
    /// Print errors and the result only.
    #[arg(short, long)]
    quiet: bool,
    /// Options of voxgray dose, without --method and -o.
    #[arg(last = true, value_name = "DOSE OPTIONS")]
    dose: Vec<String>,
}

/// The options of `voxgray dose` as they stand behind `--`.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub(super) struct Line {
    #[command(flatten)]
    dose: DoseArguments,
}

impl Line {
    /// The options of a run; `whose` says of what, in a message.
    ///
    /// # Errors
    /// If they are not those of `voxgray dose`.
    pub(super) fn read(words: &[String], whose: &str) -> Result<DoseArguments> {
        let read = Line::try_parse_from(words).map_err(|e| {
            Error::usage(
                format!("{whose} are not those of voxgray dose"),
                e.to_string().trim().replace('\n', "; "),
                "See voxgray dose --help; --method and -o are set for each run.",
            )
        });
        read.map(|line| line.dose)
    }
}

fn parse_candidate(text: &str) -> std::result::Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.trim().is_empty() && !path.is_empty() => {
            Ok((name.trim().to_string(), path.into()))
        }
        _ => Err("write NAME=PATH, such as VSV=vsv/".into()),
    }
}

fn parse_gamma(text: &str) -> std::result::Result<Criterion, String> {
    let what = || "write DOSE%/DISTANCEmm, such as 1%/1mm or 3%/2mm/local".to_string();
    let mut parts = text.trim().split('/');
    let number = |t: Option<&str>, unit: &str| {
        let value: f64 = t?.trim().strip_suffix(unit)?.trim().parse().ok()?;
        (value > 0.0 && value.is_finite()).then_some(value)
    };
    let dose = number(parts.next(), "%").ok_or_else(what)? / 100.0;
    let distance_mm = number(parts.next(), "mm").ok_or_else(what)?;
    let local = match (parts.next(), parts.next()) {
        (None, None) | (Some("global"), None) => false,
        (Some("local"), None) => true,
        _ => return Err(what()),
    };
    Ok(Criterion { dose, local, distance_mm })
}

/// Options of a method as it is named in `--methods`, as words of a command line.
pub(super) fn options(method: &str) -> Result<Vec<String>> {
    let all = options_of(method)?;
    Ok(all.into_iter().flat_map(|(option, value)| [format!("--{option}"), value]).collect())
}

/// Compares.
///
/// # Errors
/// As [`compare_methods`], and as `voxgray dose` where methods are run.
pub fn run(a: CompareMethodsArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let mut candidates = a.candidate.clone();
    let mut reference = a.reference.clone();
    let mut voi = a.voi.files()?;
    let runs = PathBuf::from(format!("{}-runs", a.out.display()));
    let mut lines = Vec::new();
    for method in &a.methods {
        let name = name_of(method);
        let folder = runs.join(&name);
        let mut line = a.dose.clone();
        line.extend(options(method)?);
        line.extend(["-o".into(), folder.display().to_string()]);
        if a.quiet {
            line.push("-q".into());
        }
        if a.overwrite {
            line.push("--overwrite".into());
        }
        // All are understood before the first is run.
        let mut dose = Line::read(&line, "the options behind --")?;
        match &reference {
            None => reference = Some(folder),
            Some(_) => candidates.push((name, folder)),
        }
        dose.leave_out_transport();
        lines.push(dose);
    }
    let Some(reference) = reference else {
        return Err(Error::usage("no reference", "maps are compared with one", "Add --reference."));
    };
    if candidates.is_empty() {
        return Err(Error::usage(
            "no candidate",
            "one map alone cannot be compared",
            "Add --candidate NAME=PATH, or more --methods.",
        ));
    }
    check_names(&candidates, &reference)?;
    for line in lines {
        if voi.is_empty() {
            voi = line.problem.voi.clone().files()?;
        }
        std::fs::create_dir_all(&runs).map_err(|e| Error::io("make the folder", &runs, &e))?;
        let done = dose::run(line)?;
        if done != ExitCode::SUCCESS {
            return Ok(done);
        }
    }
    let job = CompareJob {
        reference,
        candidates,
        unit: a.unit,
        voi,
        any_frame: a.any_frame,
        density: a.density,
        gamma: a.gamma,
        out: a.out,
        overwrite: a.overwrite,
    };
    let found = compare_methods(&job, &terminal)?;
    let mut text = String::from(
        "columns\tcandidate\tvoxels\tcount\tbias_%\tspread_%\tmare_%\tmare_of_noise_%\tz_mean\tz_spread\n",
    );
    let p = |x: f64| format!("{:.3}", 100.0 * x);
    let z = |z: Option<f64>| z.map_or("-".into(), |z| format!("{z:.3}"));
    for of in &found {
        for row in of.rows.iter().filter(|r| r.threshold == USUAL_THRESHOLD) {
            let d = &row.difference;
            text += &format!(
                "difference\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                of.name,
                row.voxels,
                d.voxels,
                p(d.bias),
                p(d.spread),
                p(d.mare),
                p(d.mare_of_noise),
                z(d.z_mean),
                z(d.z_spread)
            );
        }
        for g in &of.gamma {
            let c = &g.criterion;
            text += &format!(
                "gamma\t{}\t{}%/{}mm {}\t{:.2} %\tof noise {:.2} %\n",
                of.name,
                100.0 * c.dose,
                c.distance_mm,
                if c.local { "local" } else { "global" },
                100.0 * g.passes,
                100.0 * g.passes_of_noise
            );
        }
        for v in of.vois.iter().filter(|v| v.metric == "mean") {
            let error = v.standard_error.map_or("-".into(), p);
            text += &format!(
                "voi\t{}\t{}\tmean\t{} %\t+- {error} %\n",
                of.name,
                v.voi,
                p(v.relative_difference)
            );
        }
    }
    text += &format!("folder\t{}\n", job.out.display());
    super::progress::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
