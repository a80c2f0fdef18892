//! VOIs that options name, found by name or label; refused with the names that there are, before anything is computed.

use crate::error::{Error, Result};
use crate::image::find_voi;
use crate::job::{FineWhere, Job};

/// The number of the VOI that an option names; `vois` are labels and names.
///
/// # Errors
/// If there is none, or several have the label.
pub(super) fn asked<'a>(
    option: &str,
    name: &str,
    vois: impl Iterator<Item = (u32, &'a str)> + Clone,
) -> Result<usize> {
    if let Some(n) = find_voi(name, vois.clone())? {
        return Ok(n);
    }
    let names: Vec<&str> = vois.map(|v| v.1).collect();
    let why = match names.is_empty() {
        true => "no VOI is given".to_string(),
        false => format!("the VOIs are {}", names.join(", ")),
    };
    let or_box = match option {
        FINE => ", or give a box: --fine box=x0,y0,z0,x1,y1,z1",
        _ => "",
    };
    Err(Error::usage(
        format!("{option} names '{name}'"),
        why,
        format!("Name one of them or its label{or_box}."),
    ))
}

/// Scored in parts.
pub(super) const FINE: &str = "--fine";
/// Whose uncertainty is a goal.
pub(super) const TARGET_VOI: &str = "--target-voi";

/// Whether each VOI that a job names is there; `vois` are labels and names.
///
/// # Errors
/// As [`asked`].
pub(super) fn check<'a>(
    job: &Job,
    vois: impl Iterator<Item = (u32, &'a str)> + Clone,
) -> Result<()> {
    let fine = job.fine.iter().find_map(|fine| match &fine.at {
        FineWhere::Voi(name) => Some((FINE, name)),
        FineWhere::Box(_) => None,
    });
    let goal = job.goal.iter().find_map(|goal| Some((TARGET_VOI, goal.voi.as_ref()?)));
    fine.into_iter()
        .chain(goal)
        .try_for_each(|(option, name)| asked(option, name, vois.clone()).map(|_| ()))
}
