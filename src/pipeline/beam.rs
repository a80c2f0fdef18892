//! A beam from outside: matter alone is read. No activity image is, so nothing is calibrated or corrected for decay.

use super::checks::Checks;
use super::{Observer, Prepared, Surroundings, couch, prepare_with, source};
use crate::error::Result;
use crate::image::Grid;
use crate::job::{BeamInput, Job};
use crate::transport::build::into_beam;
use crate::transport::engine::Engine;

/// A run of a beam before its transport.
///
/// # Errors
/// If the source or the matter cannot be read, or a check fails.
pub(super) fn prepare(
    job: &Job,
    input: &BeamInput,
    engine: &Engine,
    observer: &dyn Observer,
) -> Result<Prepared> {
    let mut records = Vec::new();
    let decay = source::read_source(&job.source)?;
    decay.complaints().iter().for_each(|text| observer.warn(text));
    let (_, left_out) = into_beam(&decay.spectrum);
    if left_out > 0.0 {
        observer.say(&format!(
            "recoils and lines below 1 keV, {left_out:.3e} MeV per decay, are not in the beam"
        ));
    }
    let mut around = Surroundings::read(job, decay, observer, &mut records)?;
    let checks = Checks::new(&job.accept, observer);
    around.check(&records, None, None, &checks)?;
    couch::treat(job, &mut around, &[], observer)?;
    if input.beam.starts_inside(&around.matter.grid)? {
        observer.say("the beam starts, in part or as a whole, within the grid: what lies behind its source is transported too");
    }
    let activity = source::of_beam(&around.matter)?;
    prepare_with(job, engine, around, (activity, None), &[], &records, &checks, observer)
}

/// Part of the matter beyond the dose grid that is told.
const LEFT_OUT_TOLD: f64 = 0.01;

/// Warns of matter that the voxels of another grid do not hold: a beam meets nothing there.
pub(super) fn tell_beyond(matter: &Grid, dose: &Grid, observer: &dyn Observer) {
    let volume = |grid: &Grid| grid.voxel_volume_mm3() * grid.len() as f64;
    let beyond = 1.0 - volume(dose) / volume(matter);
    if beyond > LEFT_OUT_TOLD {
        observer.warn(&format!(
            "{:.1} % of the matter's volume lie beyond the dose grid, which has whole voxels alone: the beam meets nothing there",
            100.0 * beyond
        ));
    }
}
