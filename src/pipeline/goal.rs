//! The stop rule, and the uncertainty that progress shows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::context::Context;
use super::stop_rule::{self, FIRST_LOOK};
use super::{Observer, Progress};
use crate::dose::robust::PROGRESS_VOXELS;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::transport::run::{Monitor, RunSettings};
use crate::transport::tally::Tally;

/// Most voxels that are fetched from a device only to show progress.
const CHEAP_VOXELS: usize = 1 << 22;
/// Growth of the number of batches between two looks.
const GROWTH: f64 = 1.05;

/// The look that follows one.
fn next_after(look: usize) -> usize {
    (look + 1).max((look as f64 * GROWTH) as usize)
}

/// Looks at the tally after batches 10, 11, ... and then each 5 %, the same for any machine. The goal of a VOI is judged by [`stop_rule`]; that
/// of the voxels of high dose at each look: a mean over many voxels, it hardly scatters.
pub struct GoalMonitor<'a> {
    context: &'a Context,
    density: &'a [f32],
    observer: &'a dyn Observer,
    uncertainty: Option<f64>,
    region: Option<usize>,
    next_look: Mutex<usize>,
    reached: AtomicBool,
    begun: AtomicBool,
}

impl<'a> GoalMonitor<'a> {
    /// Finds the VOI of the goal. `done` batches are finished already: looks are those of a run that began with them.
    ///
    /// # Errors
    /// If there is no such VOI on the grid, or too few batches to judge.
    pub fn new(
        job: &Job,
        context: &'a Context,
        density: &'a [f32],
        settings: &RunSettings,
        done: usize,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let mut region = None;
        if let Some(goal) = &job.goal {
            if (settings.batches as usize) < FIRST_LOOK {
                return Err(Error::usage(
                    format!("{} batches for a goal of uncertainty", settings.batches),
                    format!("an uncertainty is trusted from {FIRST_LOOK} batches"),
                    "Raise --histories or --batches.",
                ));
            }
            region = goal.voi.as_deref().map(|name| context.region(name)).transpose()?;
        }
        let mut next_look = if job.goal.is_some() { FIRST_LOOK } else { 2 };
        while next_look < done {
            next_look = next_after(next_look);
        }
        Ok(GoalMonitor {
            context,
            density,
            observer,
            uncertainty: job.goal.as_ref().map(|g| g.uncertainty),
            region,
            next_look: Mutex::new(next_look),
            reached: AtomicBool::new(false),
            begun: AtomicBool::new(false),
        })
    }

    /// True if the goal was reached.
    pub fn reached(&self) -> bool {
        self.reached.load(Relaxed)
    }

    /// True once a batch was finished.
    pub fn begun(&self) -> bool {
        self.begun.load(Relaxed)
    }

    fn look(&self, tally: &Tally) -> Option<f64> {
        if let Some(region) = self.region {
            let (mean, error) = tally.region_mev(region);
            return (mean > 0.0).then(|| error / mean);
        }
        let c = self.context;
        let stride = c.high.len().div_ceil(PROGRESS_VOXELS);
        let high = c.high.dose(tally, &c.scale(self.density), stride);
        high.map(|h| h.relative_uncertainty)
    }
}

impl Monitor for GoalMonitor<'_> {
    fn advanced(&self, histories: u64) {
        self.observer.advanced(histories);
    }

    fn batch_done(&self, tally: &Tally, maps: bool) -> bool {
        let batches = tally.batches();
        self.begun.store(true, Relaxed);
        let due = self.next_look.lock().is_ok_and(|mut next| {
            // Without voxels only a VOI's energy can be looked at.
            let due = batches >= *next && (maps || self.region.is_some());
            if due {
                *next = next_after(batches);
            }
            due
        });
        let uncertainty = if due { self.look(tally) } else { None };
        self.observer.progressed(Progress { histories: tally.histories(), uncertainty });
        let reached = match (self.region, self.uncertainty) {
            (Some(region), Some(goal)) => {
                let values = tally.region_batches_in_order(region);
                stop_rule::end(&values, goal).is_some_and(|end| values.len() >= end)
            }
            _ => matches!((uncertainty, self.uncertainty), (Some(now), Some(goal)) if now <= goal),
        };
        self.reached.fetch_or(reached, Relaxed);
        reached
    }

    fn next_look(&self, done: usize) -> Option<usize> {
        if self.uncertainty.is_some() {
            return self.next_look.lock().ok().map(|next| (*next).max(done + 1));
        }
        // Nothing depends on it: only now and then, and only where it costs little.
        (self.density.len() <= CHEAP_VOXELS).then(|| (2 * done).max(FIRST_LOOK))
    }
}
