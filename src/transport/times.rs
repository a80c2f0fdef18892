//! Several time points in one run: the same histories carry one weight for each. Neglects everything but activity that changes between
//! the times: matter is that of the plan at all of them.
//!
//! With a_t(v) the share of voxel v in the activity at time t, histories start from the mean S(v) = sum_t a_t(v) / T, so that a voxel
//! active at any time is a source voxel, and what they deposit counts w_t(v) = a_t(v) / S(v) times at time t. Then
//! E[w_t e] = sum_v S(v) w_t(v) e(v) = sum_v a_t(v) e(v): the tally of time t is per decay at that time. Weights lie between 0 and T, so no
//! history counts more than T times; their mean square, sum_v a_t^2 / S, is 1 where the distribution stays the same. All time
//! points see the same histories: their noise is correlated, and what is common to them cancels in ratios (common random numbers).

use super::build::{PlanInput, build_plan};
use super::capacity::check_deposit;
use super::plan::Plan;
use crate::error::{Error, Result};

/// Most time points of one run.
pub const MAX_TIME_POINTS: usize = 8;

/// Builds a plan for several time points from their activities (any unit, one map each on the grid; only the distribution within a map
/// counts); `input.activity` is not read.
///
/// # Errors
/// As [`build_plan`]; if there are no or more than [`MAX_TIME_POINTS`] maps, one does not fit the grid, holds a value that is no
/// activity or is empty, or scoring is radial.
pub fn build_timed_plan(input: &PlanInput, activities: &[&[f64]]) -> Result<Plan> {
    let times = activities.len();
    if times == 0 || times > MAX_TIME_POINTS {
        return Err(Error::input(
            format!("{times} time points in one run"),
            format!("1 to {MAX_TIME_POINTS} can carry a weight each"),
            "Leave some out, or integrate the activity first (--route activity).",
        ));
    }
    if input.radial.is_some() {
        return Err(radial());
    }
    let totals: Vec<f64> = activities
        .iter()
        .enumerate()
        .map(|(t, map)| total(t, map, input.grid.len()))
        .collect::<Result<_>>()?;
    let share = |t: usize, v: usize| activities[t][v] / totals[t];
    let sampled: Vec<f64> = (0..input.grid.len())
        .map(|v| (0..times).map(|t| share(t, v)).sum::<f64>() / times as f64)
        .collect();
    let mut plan = build_plan(&PlanInput { activity: &sampled, ..*input })?;
    plan.source_weights = plan
        .source_voxels
        .iter()
        .flat_map(|&v| {
            let v = v as usize;
            let sampled = sampled[v];
            (0..times).map(move |t| (share(t, v) / sampled) as f32)
        })
        .collect();
    plan.params.time_points = times as u32;
    check_deposit(&plan)?;
    Ok(plan)
}

fn radial() -> Error {
    Error::usage(
        "several time points with scoring in shells",
        "shells are for one point source",
        "Leave one of them out.",
    )
}

/// The activity of a map.
fn total(time: usize, map: &[f64], voxels: usize) -> Result<f64> {
    let refuse = |problem: String, why: &str| {
        Err(Error::input(
            format!("time point {}: {problem}", time + 1),
            why,
            "Correct the map, or leave the time point out.",
        ))
    };
    if map.len() != voxels {
        return refuse(
            format!("{} activities for {voxels} voxels", map.len()),
            "each voxel needs one",
        );
    }
    if let Some(v) = map.iter().position(|a| !(*a >= 0.0 && a.is_finite())) {
        return refuse(
            format!("the activity of voxel {v} is {}", map[v]),
            "an activity is a finite number of at least zero",
        );
    }
    let total: f64 = map.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return refuse(
            format!("the activity on the dose grid is {total}"),
            "no decay can be placed at that time",
        );
    }
    Ok(total)
}

/// Refuses a plan whose time points do not fit together, before anything is run.
pub(super) fn check(plan: &Plan) -> Result<()> {
    let times = plan.params.time_points as usize;
    if times > 0 && plan.params.shells > 0 {
        return Err(radial());
    }
    if times > 0 && plan.params.fine_parts > 0 {
        return Err(Error::usage(
            "several time points with scoring in parts of voxels",
            "parts are scored by emission, not by time",
            "Leave one of them out; --route activity transports once.",
        ));
    }
    if times > MAX_TIME_POINTS || plan.source_weights.len() != plan.source_voxels.len() * times {
        return Err(Error::run(
            format!(
                "{times} time points and {} weights for {} source voxels",
                plan.source_weights.len(),
                plan.source_voxels.len()
            ),
            format!(
                "at most {MAX_TIME_POINTS} time points, one weight of each for every source voxel"
            ),
            "Build the plan by build_timed_plan.",
        ));
    }
    Ok(())
}
