//! When a run with a goal ends, whatever the goal is of: pilots predict the number of batches, and the run goes on to it whatever the batches
//! on the way say (two-stage sampling: Stein, Ann. Math. Stat. 16, 243, 1945, doi:10.1214/aoms/1177731088). Neglects that the error of the
//! whole still holds that of its last pilot, a third of it at most.
//!
//! To stop as soon as the error looks small enough prefers the moments at which it looks too small: the true spread is then up to 1.2 times the
//! reported one, 95 % intervals cover 89 to 93 %, and doses of rare hits are too high. Here they cover 94 to 96 % by Student's t
//! (`stop_plan_tests.rs`, and through the whole program `tests/goal_coverage.rs`).
//!
//! A look at voxels needs those of its very batches, which are gone later. What is decided is therefore kept in the checkpoint: a run that is
//! resumed ends where the uninterrupted one does.

/// Batches of the first pilot, whose error is known to 24 %, 1/sqrt(2 (n - 1)).
pub const FIRST_PILOT: usize = 10;
/// A prediction is final where it is at most this many times its pilot; else a longer pilot comes first.
const LONGEST: f64 = 4.0;
/// A run has at least this many times the batches of its last pilot: most of what its error is made of knew nothing of the decision.
const SHORTEST: f64 = 3.0;
/// Largest growth from one pilot to the next: the first may have missed what is rare.
const GROWTH: f64 = 8.0;
/// How far a run goes beyond the prediction, in relative standard deviations of a pilot's variance, sqrt(2/(n - 1)): else every second one missed
/// its goal by what its pilot was off.
const CLEARANCE: f64 = 0.7;
/// How often a run that misses its goal all the same goes on, to where its own error then predicts it (a quarter of long runs the first time, 4 % the second).
const TIMES: u8 = 2;

/// What is decided so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopPlan {
    /// After so many batches the prediction is made.
    Pilot(usize),
    /// The run ends.
    End {
        /// After so many batches.
        at: usize,
        /// If the goal is missed there, it goes on so many times at most.
        times: u8,
    },
}

impl Default for StopPlan {
    /// Before the first batch.
    fn default() -> Self {
        StopPlan::Pilot(FIRST_PILOT)
    }
}

/// Batches that the relative standard error `error` of `n` predicts for the goal, and the clearance.
fn predicted(n: usize, error: f64, goal: f64) -> f64 {
    let n = n as f64;
    n * (error / goal).powi(2) * (1.0 + CLEARANCE * (2.0 / (n - 1.0)).sqrt())
}

impl StopPlan {
    /// Number of batches after which there is something to decide.
    pub fn at(self) -> usize {
        match self {
            StopPlan::Pilot(at) | StopPlan::End { at, .. } => at,
        }
    }

    /// Whether it is a plan of the end, and there are its batches.
    pub fn ends(self, batches: usize) -> bool {
        matches!(self, StopPlan::End { at, .. } if batches >= at)
    }

    /// What is decided once there are `n` batches, not before [`Self::at`], with this relative standard error (none if it is not known).
    #[must_use]
    pub fn after(self, n: usize, error: Option<f64>, goal: f64) -> Self {
        let error = error.filter(|e| e.is_finite() && *e > 0.0);
        let to = error.map_or(f64::INFINITY, |e| predicted(n, e, goal));
        match self {
            StopPlan::Pilot(_) if to <= LONGEST * n as f64 => {
                StopPlan::End { at: to.max(SHORTEST * n as f64).ceil() as usize, times: TIMES }
            }
            StopPlan::Pilot(_) => {
                let next = (to / LONGEST).min(GROWTH * n as f64) as usize;
                StopPlan::Pilot(next.max(n + 1))
            }
            StopPlan::End { times, .. } if times > 0 && error.is_none_or(|e| e > goal) => {
                let at = (to.min(GROWTH * n as f64).ceil() as usize).max(n + 1);
                StopPlan::End { at, times: times - 1 }
            }
            StopPlan::End { .. } => self,
        }
    }

    /// For a checkpoint.
    pub fn to_bytes(self) -> Vec<u8> {
        let (kind, at) = match self {
            StopPlan::Pilot(at) => (0, at),
            StopPlan::End { at, times } => (1 + times, at),
        };
        let mut bytes = vec![kind];
        bytes.extend((at as u64).to_le_bytes());
        bytes
    }

    /// From a checkpoint; none if it holds none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, at) = bytes.split_first()?;
        let at = usize::try_from(u64::from_le_bytes(at.try_into().ok()?)).ok()?;
        match kind.checked_sub(1) {
            _ if at < FIRST_PILOT => None,
            None => Some(StopPlan::Pilot(at)),
            Some(times) if times <= TIMES => Some(StopPlan::End { at, times }),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
#[path = "stop_plan_tests.rs"]
mod tests;
