//! Values that were corrected for physical decay to the time of injection: taking it back, and noticing that nobody said it.
//!
//! Corrected values are y exp(lambda t), the retained part of what was administered; the curves of this program are y itself. Nothing in
//! numbers alone tells one from the other: corrected values of an organ that clears look like those of one that clears more slowly. Only
//! values that fall more slowly than physical decay cannot be activities at their times, unless activity still arrives. Then the user is asked
//! ([`suspicion`]).
//!
//! **Rule.** With z = ln y + lambda t, constant where nothing enters or leaves, and relative uncertainties u (5 % where none are stated):
//! the slope of z over the falling part by weighted regression. It is suspicious where it exceeds zero by 2.33 standard uncertainties (1 % of
//! curves of pure physical decay, as of microspheres, are asked for by chance) and z rises by more than 5 % in all. The falling part is all
//! points; or, where values rise first by more than 2 standard uncertainties, those from the highest one on. A curve that rises first and falls
//! later is not suspicious as long as uptake and clearance, z = c + ln(exp(-k_c t) - exp(-k_u t)), describe all points (chi-squared above its 1 % level).
//! One that rises to its last point is.

use crate::error::Error;
use crate::stats::chi_squared_exceeded;
use crate::time::hours_text;

/// Relative standard uncertainty that is assumed of values without one (quantitative SPECT of organs: Gear et al. 2018,
/// doi:10.1007/s00259-018-4136-7).
const UNSTATED: f64 = 0.05;
/// Standard uncertainties that one in a hundred exceeds.
const Z_LIMIT: f64 = 2.326;
/// Least rise of ln z that matters.
const LEAST_RISE: f64 = 0.05;
/// Below this probability a curve is refuted.
const REFUTED: f64 = 0.01;

/// The key `decay_corrected` of a file: true for "injection", false for "no".
///
/// # Errors
/// If it is neither.
pub fn declared(text: &str) -> crate::Result<bool> {
    match text {
        "injection" => Ok(true),
        "no" => Ok(false),
        other => Err(Error::input(
            format!("decay_corrected is \"{other}\""),
            "it is none of \"injection\" and \"no\"",
            "Write \"injection\" where values are corrected for decay to the time of injection (it is undone), \"no\" where they are those of \
             their times.",
        )),
    }
}

/// Undoes the correction of values at times (s after injection) and of their standard uncertainties: times exp(-lambda t).
pub fn undo(
    times_s: &[f64],
    values: &mut [f64],
    uncertainties: Option<&mut [f64]>,
    decay_constant_per_s: f64,
) {
    let factor = |t: &f64| (-decay_constant_per_s * t).exp();
    for (v, t) in values.iter_mut().zip(times_s) {
        *v *= factor(t);
    }
    for (u, t) in uncertainties.into_iter().flatten().zip(times_s) {
        *u *= factor(t);
    }
}

/// Values that fall more slowly than physical decay lets them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspicion {
    /// The part that was looked at, s after injection.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
    /// Last value of this part over its first.
    pub kept: f64,
    /// What physical decay alone keeps.
    pub kept_by_decay: f64,
    /// Slope of z over its standard uncertainty.
    pub z: f64,
}

/// Whether points look decay-corrected by the rule of this module; `None` too where they cannot tell.
pub fn suspicion(
    times_s: &[f64],
    values: &[f64],
    uncertainties: Option<&[f64]>,
    decay_constant_per_s: f64,
) -> Option<Suspicion> {
    // A curve that ends at or below zero has fallen.
    if values.last().is_none_or(|v| *v <= 0.0) {
        return None;
    }
    let points: Vec<LogPoint> = times_s
        .iter()
        .zip(values)
        .enumerate()
        .filter(|(_, (t, v))| **v > 0.0 && t.is_finite() && v.is_finite())
        .map(|(i, (&time_s, &value))| {
            let share = uncertainties.map_or(UNSTATED, |u| u[i] / value);
            LogPoint {
                time_s,
                value,
                z: value.ln() + decay_constant_per_s * time_s,
                u: if share > 1e-6 { share } else { 1e-6 },
            }
        })
        .collect();
    let (first, last) = (points.first()?, points.last()?);
    let highest = (0..points.len()).max_by(|a, b| points[*a].value.total_cmp(&points[*b].value))?;
    let top = &points[highest];
    let rises = (top.value / first.value).ln() > 2.0 * top.u.hypot(first.u);
    let falls_after = highest + 1 < points.len();
    let part = if rises && falls_after { &points[highest..] } else { &points[..] };
    let (slope, u) = slope(part)?;
    let span_s = last.time_s - part[0].time_s;
    let found = slope > Z_LIMIT * u && slope * span_s > LEAST_RISE;
    if !found || (rises && falls_after && uptake_explains(&points)) {
        return None;
    }
    Some(Suspicion {
        from_s: part[0].time_s,
        to_s: last.time_s,
        kept: last.value / part[0].value,
        kept_by_decay: (-decay_constant_per_s * span_s).exp(),
        z: slope / u,
    })
}

struct LogPoint {
    time_s: f64,
    value: f64,
    z: f64,
    u: f64,
}

/// Slope of z by weighted regression and its standard uncertainty.
fn slope(points: &[LogPoint]) -> Option<(f64, f64)> {
    let weight = |p: &LogPoint| 1.0 / (p.u * p.u);
    let sum: f64 = points.iter().map(weight).sum();
    let mean =
        |f: &dyn Fn(&LogPoint) -> f64| points.iter().map(|p| weight(p) * f(p)).sum::<f64>() / sum;
    let (t, z) = (mean(&|p| p.time_s), mean(&|p| p.z));
    let tt: f64 = points.iter().map(|p| weight(p) * (p.time_s - t).powi(2)).sum();
    let tz: f64 = points.iter().map(|p| weight(p) * (p.time_s - t) * (p.z - z)).sum();
    (tt > 0.0).then(|| (tz / tt, 1.0 / tt.sqrt()))
}

/// Whether z = c + ln(exp(-k_c t) - exp(-k_u t)), uptake and clearance with 0 <= k_c < k_u, is not refuted.
fn uptake_explains(points: &[LogPoint]) -> bool {
    let degrees = points.len().saturating_sub(3).max(1);
    let last = points.iter().map(|p| p.time_s).fold(0.0, f64::max);
    let known: Vec<&LogPoint> = points.iter().filter(|p| p.time_s > 0.0).collect();
    // Coordinates that have no bound but q = 0: k_u = exp(r) / last beyond k_c = q^2 / last.
    let chi2 = |[r, q]: [f64; 2]| {
        let (faster, clearance) = (r.exp() / last, q * q / last);
        let model = |t: f64| -clearance * t + (-(-faster * t).exp_m1()).ln();
        let d = |p: &LogPoint| (p.z - model(p.time_s), 1.0 / (p.u * p.u));
        let d: Vec<(f64, f64)> = known.iter().map(|p| d(p)).collect();
        let c = d.iter().map(|(d, w)| w * d).sum::<f64>() / d.iter().map(|d| d.1).sum::<f64>();
        d.iter().map(|(d, w)| w * (d - c).powi(2)).sum::<f64>()
    };
    // A grid, then finer ones about the best: half-times of uptake from a thousandth of the last time to a hundred times it.
    let (mut best, mut at) = (f64::INFINITY, [0.0, 0.0]);
    let mut look = |from: [f64; 2], step: [f64; 2], counts: [i32; 2]| {
        for i in 0..=counts[0] {
            for j in 0..=counts[1] {
                let here =
                    [from[0] + step[0] * f64::from(i), (from[1] + step[1] * f64::from(j)).max(0.0)];
                let found = chi2(here);
                if found < best {
                    (best, at) = (found, here);
                }
            }
        }
        at
    };
    let mut step = [0.2, 0.2];
    let mut centre = look([-5.0, 0.0], step, [60, 25]);
    for _ in 0..12 {
        step = step.map(|s| 0.5 * s);
        centre = look([centre[0] - 3.0 * step[0], centre[1] - 3.0 * step[1]], step, [6, 6]);
    }
    chi_squared_exceeded(best, degrees as f64) >= REFUTED
}

impl Suspicion {
    /// The question to the user about `what`; `answers` says how each answer is given.
    pub fn question(&self, what: &str, answers: &str) -> Error {
        Error::usage(
            format!(
                "{what}: from {} to {} the values become {:.3} times what they were; of physical decay alone {:.3} would be left",
                hours_text(self.from_s),
                hours_text(self.to_s),
                self.kept,
                self.kept_by_decay
            ),
            "values that were decay-corrected to injection do so; activities at their times only while activity still arrives",
            answers,
        )
    }
}

#[cfg(test)]
#[path = "decay_corrected_tests.rs"]
mod tests;
