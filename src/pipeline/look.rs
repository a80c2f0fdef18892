//! A look at the inputs of a run: everything that is read and checked before the first transformation, in the time that reading takes. Neglects what
//! only the run itself can find: registration, resampling, fits, memory.

use super::checks::Checks;
use super::image_time::{self, Timing};
use super::inputs::InputRecord;
use super::placing::Silent;
use super::series::{self, Seen};
use super::series_file::SeriesInput;
use super::{
    Observer, Route, Surroundings, asked_vois, calibrated, inputs, plausibility, routes, scene,
    source,
};
use crate::activity::Decay;
use crate::error::{Error, Result};
use crate::io::dicom::Facts;
use crate::job::Job;
use crate::units::SECONDS_PER_HOUR;

/// An activity image.
#[derive(Debug, Clone)]
pub struct LookedImage {
    /// Hours from the administration to the time of its values, where known.
    pub hours: Option<f64>,
    /// What that time is.
    pub what: String,
    /// To when its values are corrected for decay.
    pub correction: Option<&'static str>,
    /// Bq (or Bq s) of the whole image.
    pub total: f64,
    /// What DICOM says of it.
    pub facts: Option<Facts>,
}

/// A VOI.
#[derive(Debug, Clone, PartialEq)]
pub struct LookedVoi {
    /// Of which of the files, from 0.
    pub file: usize,
    /// Label.
    pub label: u32,
    /// Name.
    pub name: String,
    /// Volume, mL.
    pub ml: f64,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Look {
    /// Physical half-life of the nuclide, s.
    pub half_life_s: Option<f64>,
    /// Files and series, in the order of reading.
    pub records: Vec<InputRecord>,
    /// VOIs.
    pub vois: Vec<LookedVoi>,
    /// Activity images.
    pub images: Vec<LookedImage>,
}

/// Reads and checks what a job names; of a series also the route of its dose.
///
/// # Errors
/// As [`super::dose`] and [`super::dose_over_time`] before they compute.
pub fn look(
    job: &Job,
    timed: Option<(&SeriesInput, Route)>,
    observer: &dyn Observer,
) -> Result<Look> {
    job.check()?;
    if let Some((input, route)) = timed {
        routes::check(job, input, route)?;
    }
    let series = timed.map(|t| t.0);
    let emitted = source::read_source(&job.source)?;
    emitted.complaints().iter().for_each(|text| observer.warn(text));
    let half_life_s = emitted.half_life_s;
    let mut records = Vec::new();
    let around = Surroundings::read(job, emitted, observer, &mut records)?;
    let checks = Checks::new(&job.accept, observer);
    let images: Vec<LookedImage> = match series {
        Some(input) => {
            let half_life_s = half_life_s.ok_or_else(|| {
                Error::usage(
                    "a series of time points with --source",
                    "a particle has no half-life",
                    "Give --nuclide.",
                )
            })?;
            let vois: Vec<_> = around.vois.iter().flat_map(|sets| sets.vois()).collect();
            input.methods.check_names(&vois)?;
            let decay = Decay { half_life_s, half_life_uncertainty_s: None };
            let looked = series::look(job, input, &around, &decay, observer, &mut records)?;
            for (n, record) in records.iter().filter(|r| r.role == "activity").enumerate() {
                let name = format!("the activity of time point {}", n + 1);
                let unit = input.points.get(n).and_then(|p| p.unit).or(job.activity.unit);
                plausibility::unit(&name, unit, record, &checks);
            }
            // Another patient or frame of reference tells why it would not.
            around.check(&records, series, job.administered_bq, &checks)?;
            looked.lie_on_ct(job, input, &around)?;
            looked.seen.into_iter().map(of_point).collect()
        }
        None => {
            let input = calibrated(job, observer, &mut records)?;
            let affine = job.nifti_affine;
            let (mut map, facts) =
                inputs::read_activity(&input, half_life_s, affine, observer, &mut records)?;
            let timing = image_time::of_one(job, facts.clone(), &mut map, &around.decay, observer)?;
            if let Some(record) = records.iter().find(|r| r.role == "activity") {
                plausibility::unit("the activity", job.activity.unit, record, &checks);
            }
            around.check(&records, series, job.administered_bq, &checks)?;
            let seen = image(timing.unwrap_or_default(), map.total(), facts);
            let at = |e| inputs::in_file(e, &job.activity.path);
            let grid = scene::choose_grid(job.grid, &around.matter.grid, &map.volume.grid);
            let grid = grid.map_err(at)?;
            source::place(map, &grid, job.activity.max_outside, &Silent).map_err(at)?;
            vec![seen]
        }
    };
    Ok(Look { half_life_s, records, vois: vois(&around), images })
}

/// Whether each VOI that the options of another job on the same VOIs name is there.
///
/// # Errors
/// If one is not.
pub fn asked_are_there(job: &Job, vois: &[LookedVoi]) -> Result<()> {
    asked_vois::check(job, vois.iter().map(|v| (v.label, v.name.as_str())))
}

fn vois(around: &Surroundings) -> Vec<LookedVoi> {
    let sets = around.vois.iter().flat_map(|v| v.sets()).enumerate();
    let files = sets.flat_map(|(file, set)| set.vois.iter().map(move |v| (file, v)));
    let ml = around.vois.iter().flat_map(|v| v.volumes_ml());
    files
        .zip(ml)
        .map(|((file, v), ml)| LookedVoi { file, label: v.label, name: v.name.clone(), ml })
        .collect()
}

fn of_point(seen: Seen) -> LookedImage {
    let hours = Some(seen.time_s / SECONDS_PER_HOUR);
    LookedImage { hours, ..image(seen.timing, seen.total_bq, seen.facts) }
}

fn image(timing: Timing, total: f64, facts: Option<Facts>) -> LookedImage {
    LookedImage {
        hours: timing.since_administration_s.map(|s| s / SECONDS_PER_HOUR),
        correction: timing.correction.map(|c| c.name()),
        what: timing.what,
        total,
        facts,
    }
}
