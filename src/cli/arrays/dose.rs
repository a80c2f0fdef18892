//! `voxgray dose` on arrays.

use std::sync::atomic::AtomicBool;

use super::super::Command;
use super::super::call::Refused;
use super::super::threads;
use super::{read, stand, wrong_command};
use crate::activity::{ActivityMap, InputUnit, Quantity};
use crate::dose::{ArrayDose, ArrayRun, dose_of_arrays_watched};
use crate::error::{Error, Result};
use crate::image::{RegionSet, Volume};
use crate::job::{Job, MaterialNames, MatterInput, batches_of};
use crate::phantom::maps::MaterialMap;
use crate::phantom::{HuOptions, Phantom};
use crate::pipeline::Observer;
use crate::pipeline::fast::Heard;
use crate::pipeline::inputs::read_curve;
use crate::pipeline::source::{read_source, tell_negatives};

/// Options of `voxgray dose` that arrays leave to the caller; the others are of files, or of what is written.
pub const OPTIONS: [&str; 31] = [
    "nuclide",
    "source",
    "horizon",
    "retained",
    "nuclide-data",
    "nuclide-file",
    "activity-unit",
    "negative-activity",
    "hu-curve",
    "hu-below",
    "hu-above",
    "material-names",
    "histories",
    "batches",
    "engine",
    "threads",
    "seed",
    "photons",
    "no-rayleigh",
    "incoherent",
    "free-electrons",
    "no-straggling",
    "no-range-rejection",
    "electron-cutoff",
    "photon-cutoff",
    "production-threshold",
    "production-threshold-min",
    "production-threshold-max",
    "bremsstrahlung-threshold",
    "max-step",
    "max-step-loss",
];

/// Matter.
#[derive(Debug, Clone)]
pub enum Matter {
    /// A CT in HU.
    Ct(Volume<f32>),
    /// Density (g/cm3) and labels of the materials that the option `material-names` names.
    Maps(Volume<f32>, Volume<f32>),
}

/// A dose of arrays.
#[derive(Debug, Clone)]
pub struct Done {
    /// Maps and VOIs.
    pub dose: ArrayDose,
    /// `Gy/s`, or `Gy` of a time-integrated activity.
    pub unit: &'static str,
    /// Matter as it was transported in.
    pub phantom: Phantom,
    /// Activity (Bq) or decays (Bq s) in all voxels.
    pub total: f64,
}

/// Dose of arrays on one grid, to the bits of `voxgray dose` of the same images and options.
///
/// # Errors
/// As [`crate::dose::dose_of_arrays`], and if an option cannot be used.
pub fn dose(
    matter: Matter,
    activity: Volume<f32>,
    vois: &RegionSet,
    options: &toml::Table,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> std::result::Result<Done, Refused> {
    let job = job(&matter, options)?;
    threads::prepare(job.threads, observer);
    let source = read_source(&job.source)?;
    source.complaints().iter().for_each(|c| observer.warn(c));
    let unit = job.activity.unit.unwrap_or(InputUnit::BqPerMl);
    let activity = ActivityMap::from_image(activity, unit, None, job.activity.negative)?;
    tell_negatives(&activity, observer);
    let phantom = phantom(matter, &job.matter, observer)?;
    let (vois, _) = vois.clone().checked()?.whole();
    let run = ArrayRun {
        batches: batches_of(job.histories, job.batches),
        threads: job.threads,
        engine: job.engine,
        settings: job.transport,
        ..ArrayRun::of(job.histories)
    };
    let (decays, spectrum) = (&activity.volume, &source.spectrum);
    observer.started(job.histories, None);
    let heard = Heard(observer);
    let dose = dose_of_arrays_watched(&phantom, decays, spectrum, &vois, &run, &heard, stop);
    observer.finished();
    let dose = dose?;
    let unit = match activity.quantity {
        Quantity::Activity => "Gy/s",
        Quantity::TimeIntegrated => "Gy",
    };
    Ok(Done { dose, unit, phantom, total: activity.total() })
}

fn job(matter: &Matter, options: &toml::Table) -> std::result::Result<Job, Refused> {
    let mut stands = stand(&["activity", "out"]);
    stands.extend(match matter {
        Matter::Ct(_) => stand(&["ct"]),
        Matter::Maps(..) => stand(&["density", "materials"]),
    });
    match read("dose", &OPTIONS, options, &stands)?.into_command()? {
        Command::Dose(arguments) => Ok(arguments.problem.job(arguments.out, false)?),
        _ => Err(wrong_command()),
    }
}

fn phantom(matter: Matter, input: &MatterInput, observer: &dyn Observer) -> Result<Phantom> {
    match (matter, input) {
        (Matter::Ct(ct), MatterInput::Ct { curve, outside_limits: [below, above], .. }) => {
            let curve = read_curve(curve, &mut Vec::new())?;
            let options = HuOptions { max_fraction_below: *below, max_fraction_above: *above };
            let (phantom, report) = Phantom::from_ct(&ct, &curve, &options)?;
            report.warnings().iter().for_each(|w| observer.warn(w));
            Ok(phantom)
        }
        (Matter::Maps(density, labels), MatterInput::Maps { names, .. }) => {
            let map = match names {
                MaterialNames::BuiltIn(names) => MaterialMap::from_names(names)?,
                MaterialNames::File(path) => MaterialMap::read_toml(path)?,
            };
            Phantom::from_maps(&density, &labels, &map)
        }
        _ => {
            Err(Error::run("matter of another kind", "arrays and options name one", "Report this."))
        }
    }
}
