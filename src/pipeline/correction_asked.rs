//! Whether the images of a series are corrected for decay, where neither their files nor the user says so: asked where the activity of all of them
//! rises or stays, told where it or that of a VOI falls more slowly than physical decay explains (`kinetics::decay_corrected` has the rule).

use super::Observer;
use super::image_time::Timing;
use super::series::Placed;
use crate::activity::Decay;
use crate::error::{Error, Result};
use crate::kinetics::decay_corrected::suspicion;

/// Share of the activity of the images that is left at the last time, from which on it counts as staying: then it is asked, below it is told.
const STAYS: f64 = 0.95;

/// Whether neither a file nor the user says to when the values are corrected.
pub(super) fn nobody_says(timings: &[Timing]) -> bool {
    timings.iter().all(|t| t.correction.is_none())
}

/// Says what is taken of the images with these totals, with the question where they fall too slowly.
///
/// # Errors
/// With the question, where they rise or stay.
pub(super) fn of_images(
    times_s: &[f64],
    totals: &[f64],
    decay: &Decay,
    observer: &dyn Observer,
) -> Result<()> {
    observer.say(
        "nobody says whether the images are corrected for decay: taken as activities at their times (decay_correction in the series file says otherwise)",
    );
    match not_said("the images", times_s, totals, None, decay) {
        Some((question, kept)) if kept >= STAYS => return Err(question),
        Some((question, _)) => observer.warn(&question.to_string()),
        None => {}
    }
    Ok(())
}

/// Tells for each VOI what the whole image did not: where what was given is excreted, corrected images fall too. A lesion may still take up, so it is
/// a warning.
pub(super) fn tell_of_vois(
    placed: &Placed,
    names: &[String],
    relative_uncertainty: f64,
    decay: &Decay,
    observer: &dyn Observer,
) {
    for (n, name) in names.iter().enumerate() {
        let values = placed.region(n + 1);
        let known = placed.times_s.iter().zip(values);
        let known = known.filter_map(|(t, v)| Some((*t, v.filter(|v| *v != 0.0)?)));
        let (times_s, values): (Vec<f64>, Vec<f64>) = known.unzip();
        let u = Some(relative_uncertainty);
        if let Some((question, _)) = not_said(&format!("'{name}'"), &times_s, &values, u, decay) {
            observer.warn(&question.to_string());
        }
    }
}

/// The question, and the share of the values that is left at the last time.
fn not_said(
    what: &str,
    times_s: &[f64],
    values: &[f64],
    relative_uncertainty: Option<f64>,
    decay: &Decay,
) -> Option<(Error, f64)> {
    let absolute: Option<Vec<f64>> =
        relative_uncertainty.map(|u| values.iter().map(|v| u * v.abs()).collect());
    let found = suspicion(times_s, values, absolute.as_deref(), decay.constant_per_s())?;
    let question = found.question(
        &format!("not said whether the images are corrected for decay, and of {what}"),
        "Add to the series file decay_correction = \"admin\" (corrected to the administration), or \"none\" or \"start\" (activity at the scan).",
    );
    Some((question, found.kept))
}
