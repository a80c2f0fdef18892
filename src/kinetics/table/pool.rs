//! Points of one curve in order of time, those of one time as one. Neglects correlations between points of one time: what they share, such as
//! the calibration, belongs to the uncertainty common to all points.
//!
//! Values y_i of one time with standard uncertainties u_i: mean = sum(y_i/u_i^2) / sum(1/u_i^2), u^2 = 1 / sum(1/u_i^2). In % of the values the
//! weights are those of the shares, 1/(u_i/y_i)^2: with the absolute ones the lower value would weigh more only because it is lower. Without
//! uncertainties: the plain mean. Values that differ by more than chance are not pooled: they are rather two curves under one name.

use crate::error::{Error, Result};

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Line in the file.
    pub line: u64,
    /// s after injection.
    pub time_s: f64,
    /// SI.
    pub value: f64,
    /// Standard uncertainty, SI.
    pub uncertainty: Option<f64>,
    /// Whether its row says that it is decay-corrected.
    pub corrected: Option<bool>,
}

/// Largest distance of two values of one time, in standard uncertainties of their difference.
const MAX_Z: f64 = 3.3;
/// The same for values without uncertainties, over their mean: 3.3 uncertainties of a difference of two values of 7 %.
const MAX_SHARE: f64 = 0.33;

/// Sorted and pooled points; what was done is noted.
///
/// # Errors
/// If values of one time differ by more than chance.
pub fn pooled(
    curve: &str,
    mut points: Vec<Point>,
    percent: bool,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Point>> {
    if points.windows(2).any(|w| w[1].time_s < w[0].time_s) {
        points.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
        notes.push(format!("{curve}: points sorted by time"));
    }
    let mut found: Vec<Point> = Vec::new();
    for group in points.chunk_by(|a, b| a.time_s == b.time_s) {
        if let [one] = group {
            found.push(*one);
            continue;
        }
        check(curve, group, file)?;
        let alike = |p: &Point| (p.value, p.uncertainty) == (group[0].value, group[0].uncertainty);
        let (what, point) = match group.iter().all(alike) {
            true => ("of the same value counted once", group[0]),
            false => ("pooled to one", mean(group, percent)),
        };
        notes.push(format!(
            "{curve}: {} points at {} h {what}",
            group.len(),
            group[0].time_s / 3600.0
        ));
        found.push(point);
    }
    Ok(found)
}

fn mean(group: &[Point], percent: bool) -> Point {
    let scale = |p: &Point| if percent { p.value } else { 1.0 };
    let weight = |p: &Point| p.uncertainty.map_or(1.0, |u| (scale(p) / u).powi(2));
    let sum: f64 = group.iter().map(weight).sum();
    let value = group.iter().map(|p| weight(p) * p.value).sum::<f64>() / sum;
    let known = group.iter().all(|p| p.uncertainty.is_some());
    let own = if percent { value } else { 1.0 };
    Point { value, uncertainty: known.then(|| own / sum.sqrt()), ..group[0] }
}

fn check(curve: &str, group: &[Point], file: &str) -> Result<()> {
    if let Some(other) = group.iter().find(|p| p.corrected != group[0].corrected) {
        return Err(Error::input(
            format!(
                "{file}: '{curve}' has values of {} h in lines {} and {}, of which not both are decay-corrected",
                other.time_s / 3600.0,
                group[0].line,
                other.line
            ),
            "they cannot be pooled as they are",
            "Correct both or neither, or remove one.",
        ));
    }
    let value = |p: &&Point| p.value;
    let low = group.iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap_or(&group[0]);
    let high = group.iter().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap_or(&group[0]);
    let distance = high.value - low.value;
    let (too_far, shown) = match (low.uncertainty, high.uncertainty) {
        (Some(a), Some(b)) => {
            let z = distance / a.hypot(b);
            (z > MAX_Z, format!("they differ by {z:.1} standard uncertainties"))
        }
        _ => {
            let share = distance / (0.5 * (high.value + low.value)).abs();
            (distance > 0.0 && share > MAX_SHARE, format!("they differ by {:.0} %", 100.0 * share))
        }
    };
    if !too_far {
        return Ok(());
    }
    Err(Error::input(
        format!(
            "{file}: '{curve}' has {:.6e} in line {} and {:.6e} in line {} at the same time of {} h: it occurs twice",
            low.value,
            low.line,
            high.value,
            high.line,
            low.time_s / 3600.0
        ),
        format!("{shown}, so they are rather two curves than one value measured twice"),
        "Give each curve its name, or remove the wrong point.",
    ))
}
