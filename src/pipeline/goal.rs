//! The stop rule, and the uncertainty that progress shows.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::context::Context;
use super::stop_plan::{FIRST_PILOT, StopPlan};
use super::{Observer, Progress};
use crate::dose::robust::PROGRESS_VOXELS;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::transport::run::{Monitor, RunSettings};
use crate::transport::tally::Tally;

/// Most voxels that are fetched from a device only to show progress.
const CHEAP_VOXELS: usize = 1 << 22;
/// Time between two values that progress shows, in that which the last of them took to find.
const COSTS: u32 = 50;
/// Growth of the number of batches between two values that progress shows.
const GROWTH: f64 = 1.05;

/// Follows the [`StopPlan`], which depends on nothing but the first so many batches: the same for any machine. What progress shows on the way
/// decides nothing.
pub struct GoalMonitor<'a> {
    context: &'a Context,
    voxels: usize,
    observer: &'a dyn Observer,
    uncertainty: Option<f64>,
    /// Those that make the VOI of the goal.
    regions: Option<Vec<usize>>,
    next_shown: Mutex<usize>,
    /// When progress last looked, and how long that took.
    last_look: Mutex<Option<(Instant, Duration)>>,
    plan: Mutex<StopPlan>,
    begun: AtomicBool,
}

impl<'a> GoalMonitor<'a> {
    /// Finds the VOI of the goal. `planned` is what a run that goes on has decided.
    ///
    /// # Errors
    /// If there is no such VOI on the grid, or too few batches to judge.
    pub fn new(
        job: &Job,
        context: &'a Context,
        density: &[f32],
        settings: &RunSettings,
        planned: Option<StopPlan>,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let mut regions = None;
        if let Some(goal) = &job.goal {
            if (settings.batches as usize) < FIRST_PILOT {
                return Err(Error::usage(
                    format!("{} batches for a goal of uncertainty", settings.batches),
                    format!("an uncertainty is trusted from {FIRST_PILOT} batches"),
                    "Raise --histories or --batches.",
                ));
            }
            regions = goal.voi.as_deref().map(|name| context.regions(name)).transpose()?;
        }
        let next_shown = if job.goal.is_some() { FIRST_PILOT } else { 2 };
        Ok(GoalMonitor {
            context,
            voxels: density.len(),
            observer,
            uncertainty: job.goal.as_ref().map(|g| g.uncertainty),
            regions,
            next_shown: Mutex::new(next_shown),
            last_look: Mutex::new(None),
            plan: Mutex::new(planned.unwrap_or_default()),
            begun: AtomicBool::new(false),
        })
    }

    fn locked(&self) -> MutexGuard<'_, StopPlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is decided so far, for a checkpoint; nothing without a goal.
    pub fn plan(&self) -> Option<StopPlan> {
        self.uncertainty.map(|_| *self.locked())
    }

    /// What to say of a goal that a whole run has missed.
    pub fn missed(&self, tally: &Tally) -> Option<String> {
        let goal = self.uncertainty?;
        let reached = self.look(tally).filter(|e| e.is_finite());
        if reached.is_some_and(|e| e <= goal) {
            return None;
        }
        let is = reached.map_or("is not known".into(), |e| format!("is {:.4} %", 100.0 * e));
        let what = if self.locked().ends(tally.batches()) {
            "its batches scatter more than the pilots foretold, a little less asked for is reached"
        } else {
            "raise --histories"
        };
        Some(format!(
            "the goal of {} % was not reached in {} histories: the uncertainty {is}; {what}",
            100.0 * goal,
            tally.histories()
        ))
    }

    /// True once a batch was finished.
    pub fn begun(&self) -> bool {
        self.begun.load(Relaxed)
    }

    fn look(&self, tally: &Tally) -> Option<f64> {
        if let Some(regions) = &self.regions {
            let (mean, error) = tally.region_mev(regions);
            return (mean > 0.0).then(|| error / mean);
        }
        let stride = self.context.high.len().div_ceil(PROGRESS_VOXELS);
        self.context.high.relative_uncertainty(tally, stride)
    }

    /// Whether progress may look once more: what is only shown takes no more than a small part of the time.
    fn affordable(&self) -> bool {
        let last = self.last_look.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|(at, took)| at.elapsed() >= took * COSTS)
    }
}

impl Monitor for GoalMonitor<'_> {
    fn advanced(&self, histories: u64) {
        self.observer.advanced(histories);
    }

    fn batch_done(&self, tally: &Tally, maps: bool) -> bool {
        let batches = tally.batches();
        self.begun.store(true, Relaxed);
        // Without voxels only a VOI's energy can be looked at.
        let can = maps || self.regions.is_some();
        let due = can
            && self.next_shown.lock().is_ok_and(|mut next| {
                let due = batches >= *next;
                if due {
                    *next = (batches + 1).max((batches as f64 * GROWTH) as usize);
                }
                due
            });
        // A wave of devices ends where the plan wants to look, so there are the first so many batches and no others.
        let mut plan = self.locked();
        let decides = can && self.uncertainty.is_some() && batches >= plan.at();
        let since = Instant::now();
        let looks = decides || (due && self.affordable());
        let uncertainty = if looks { self.look(tally) } else { None };
        if looks && let Ok(mut last) = self.last_look.lock() {
            let now = Instant::now();
            *last = Some((now, now - since));
        }
        self.observer.progressed(Progress { histories: tally.histories(), uncertainty });
        let Some(goal) = self.uncertainty.filter(|_| decides) else { return false };
        let next = plan.after(batches, uncertainty, goal);
        if let StopPlan::End { at, .. } = next
            && next != *plan
        {
            let histories = at as u64 * tally.histories_per_batch;
            self.observer.say(&format!(
                "the goal of {} % is predicted for {histories} histories ({at} batches) by the first {batches} batches: going on to them",
                100.0 * goal
            ));
        }
        *plan = next;
        next.ends(batches)
    }

    fn next_look(&self, done: usize) -> Option<usize> {
        if let Some(plan) = self.plan() {
            return Some(plan.at().max(done + 1));
        }
        // Nothing depends on it: only now and then, and only where it costs little.
        (self.voxels <= CHEAP_VOXELS).then(|| (2 * done).max(FIRST_PILOT))
    }
}
