//! The planar curve of a series of one acquisition: its keys, and its counts as those of their times. What it neglects: `kinetics::hybrid`.

use serde::Deserialize;

use super::series_file::{SeriesInput, check_times, time};
use crate::activity::DecayCorrection;
use crate::error::{Error, Result};
use crate::kinetics::decay_corrected::{declared, suspicion, undo};

/// The table `[planar]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanarEntry {
    times: Vec<String>,
    counts: Vec<f64>,
    relative_uncertainty: Option<f64>,
    decay_corrected: Option<String>,
}

/// A planar curve that gives the shape.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanarCurve {
    /// After injection, s.
    pub times_s: Vec<f64>,
    /// Counts, any unit.
    pub counts: Vec<f64>,
    /// Of each count; none if unknown.
    pub relative_uncertainty: Option<f64>,
    /// Whether the counts are corrected for decay to injection; none if the file does not say.
    pub decay_corrected: Option<bool>,
}

impl PlanarEntry {
    /// Checks the lists.
    pub(super) fn build(self) -> Result<PlanarCurve> {
        let times_s: Vec<f64> = self.times.iter().map(|t| time(t)).collect::<Result<_>>()?;
        check_times(&times_s)?;
        if times_s.len() != self.counts.len() {
            return Err(Error::input(
                format!("planar: {} times and {} counts", times_s.len(), self.counts.len()),
                "each time needs its counts",
                "Correct the lists.",
            ));
        }
        if let Some(n) = self.counts.iter().position(|c| !c.is_finite() || *c <= 0.0) {
            return Err(Error::input(
                format!("planar: {} counts at {}", self.counts[n], self.times[n]),
                "they have no relative uncertainty, and no curve of counts is zero or below",
                "Leave this time out, or subtract less background.",
            ));
        }
        let corrected = self.decay_corrected.as_deref().map(declared).transpose();
        let in_planar = |e: Error| Error { problem: format!("planar: {}", e.problem), ..e };
        Ok(PlanarCurve {
            times_s,
            decay_corrected: corrected.map_err(in_planar)?,
            counts: self.counts,
            relative_uncertainty: self.relative_uncertainty,
        })
    }
}

impl PlanarCurve {
    /// The counts as those of their times.
    ///
    /// # Errors
    /// With the question, where nobody says whether they are corrected for decay and they look so, or the images are.
    pub(super) fn of_their_times(&self, series: &SeriesInput, lambda: f64) -> Result<Vec<f64>> {
        let mut counts = self.counts.clone();
        let answers = "Add decay_corrected = \"injection\" to [planar] if its counts are corrected to the time of injection (it is then undone), or \
                       \"no\" if they are those of their times.";
        match self.decay_corrected {
            Some(true) => undo(&self.times_s, &mut counts, None, lambda),
            Some(false) => {}
            None => {
                let u = self.relative_uncertainty.map(|u| counts.iter().map(|c| u * c).collect());
                let u: Option<Vec<f64>> = u;
                if let Some(found) = suspicion(&self.times_s, &counts, u.as_deref(), lambda) {
                    return Err(
                        found.question("[planar]: not said whether decay-corrected", answers)
                    );
                }
                let images = series.points.iter().find_map(|p| p.stated.correction);
                if images == Some(DecayCorrection::Admin) {
                    return Err(Error::input(
                        "[planar]: not said whether decay-corrected",
                        "decay_correction = \"admin\" is said of the images, and undone there alone",
                        answers,
                    ));
                }
            }
        }
        Ok(counts)
    }
}
