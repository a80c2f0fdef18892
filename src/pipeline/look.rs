//! A look at the inputs of a run: everything that is read and checked before the first transformation, in the time that reading takes. Neglects what
//! only the run itself can find: registration, resampling, fits, memory.

use super::checks::Checks;
use super::image_time::{self, Timing};
use super::inputs::InputRecord;
use super::series::{self, Seen};
use super::series_file::SeriesInput;
use super::{Observer, Surroundings, calibrated, inputs, plausibility, source};
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

/// What was seen.
#[derive(Debug, Clone)]
pub struct Look {
    /// Physical half-life of the nuclide, s.
    pub half_life_s: Option<f64>,
    /// Files and series, in the order of reading.
    pub records: Vec<InputRecord>,
    /// VOIs with their volumes, mL.
    pub vois: Vec<(String, f64)>,
    /// Activity images.
    pub images: Vec<LookedImage>,
}

/// Reads and checks what a job names.
///
/// # Errors
/// As [`super::dose`] and [`super::dose_over_time`] before they compute.
pub fn look(job: &Job, series: Option<&SeriesInput>, observer: &dyn Observer) -> Result<Look> {
    job.check()?;
    let emitted = source::read_source(&job.source)?;
    emitted.complaints().iter().for_each(|text| observer.warn(text));
    let half_life_s = emitted.half_life_s;
    let mut records = Vec::new();
    let around = Surroundings::read(job, emitted, observer, &mut records)?;
    let checks = Checks::new(&job.accept, observer);
    let images = match series {
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
            let seen = series::look(job, input, &decay, observer, &mut records)?;
            for (n, record) in records.iter().filter(|r| r.role == "activity").enumerate() {
                let name = format!("the activity of time point {}", n + 1);
                let unit = input.points.get(n).and_then(|p| p.unit).or(job.activity.unit);
                plausibility::unit(&name, unit, record, &checks);
            }
            seen.into_iter().map(of_point).collect()
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
            vec![image(timing.unwrap_or_default(), map.total(), facts)]
        }
    };
    around.check(&records, series, job.administered_bq, &checks)?;
    let vois = around.vois.iter();
    let vois = vois.flat_map(|v| v.names().into_iter().zip(v.volumes_ml())).collect();
    Ok(Look { half_life_s, records, vois, images })
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
