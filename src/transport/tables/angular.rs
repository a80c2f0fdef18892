//! Inverse-CDF tables of polar angles: the form that `cpu/lookup.rs::sample_angular` reads.
//!
//! With u the probability to exceed mu = (1 - cos_theta)/2, a table holds the scale `a`, the rest of a header, and the ratios
//! `r(s) = mu(u = s^2) / (a (1 - u) / (u + a))` at equal steps of `s`. The rational factor is the inverse CDF of a screened
//! `1/(mu + a)^2` law, so r is smooth from forward-peaked to broad distributions.

use super::neighbours::windows;
use crate::transport::layout::{ANGULAR_HEADER, ANGULAR_INTERVALS, ANGULAR_STEP};

/// Largest scale: beyond it the rational factor is `1 - u`.
const LARGEST_SCALE: f64 = 1e3;

/// Builds a table from the inverse of the cumulative distribution: `exceeded(u)` is the mu that is exceeded with
/// probability u. `step` is stored after the scale for the caller.
pub fn build_angular(exceeded: impl Fn(f64) -> f64, step: [f64; ANGULAR_STEP]) -> Vec<f32> {
    let median = exceeded(0.5);
    let a = if median < 0.499 {
        (0.5 * median / (0.5 - median)).clamp(1e-12, LARGEST_SCALE)
    } else {
        LARGEST_SCALE
    };
    let mut ratios = [0.0_f32; ANGULAR_INTERVALS + 1];
    for (i, ratio) in ratios.iter_mut().enumerate() {
        // The factor vanishes at u = 1 with mu: take the ratio just before.
        let s = (i as f64 / ANGULAR_INTERVALS as f64).min(1.0 - 1e-4);
        let u = s * s;
        let factor = a * (1.0 - u) / (u + a);
        *ratio = (exceeded(u) / factor) as f32;
    }
    ratios[0] = first_node(&exceeded, a, f64::from(ratios[1])) as f32;
    let mut out: Vec<f32> = [a].iter().chain(&step).map(|&v| v as f32).collect();
    out.resize(ANGULAR_HEADER, 0.0);
    out.extend(windows(&ratios));
    out
}

/// The ratio at u = 0 that gives the first interval its mean: there a steep tail is far from the straight line between the end
/// values. `next` is the ratio at the first interval's end.
fn first_node(exceeded: &impl Fn(f64) -> f64, a: f64, next: f64) -> f64 {
    const POINTS: u32 = 400;
    let (mut first, mut second, mut whole) = (0.0, 0.0, 0.0);
    for j in 0..POINTS {
        // f is the fraction of the interval in s; its cube root is uniform, so that the tail's end is resolved.
        let t = (f64::from(j) + 0.5) / f64::from(POINTS);
        let f = t * t * t;
        let s = f / ANGULAR_INTERVALS as f64;
        let u = s * s;
        // du is proportional to s ds, ds to t^2 dt.
        let weight = s * t * t;
        let factor = a * (1.0 - u) / (u + a);
        first += weight * factor * (1.0 - f);
        second += weight * factor * f;
        whole += weight * exceeded(u);
    }
    ((whole - second * next) / first).max(0.0)
}

/// A cumulative distribution from a density on a grid, inverted by linear interpolation.
pub struct Cumulative {
    mu: Vec<f64>,
    exceed: Vec<f64>,
}

impl Cumulative {
    /// Integrates `density` over mu in [0, 1] on `n` panels with nodes at `(j/n)^power` (a higher power resolves a forward peak), by Simpson's rule.
    pub fn new(density: impl Fn(f64) -> f64, n: usize, power: i32) -> Self {
        let mu: Vec<f64> = (0..=n).map(|j| (j as f64 / n as f64).powi(power)).collect();
        let mut exceed = vec![0.0; n + 1];
        let mut above = density(mu[n]);
        for j in (0..n).rev() {
            let (a, b) = (mu[j], mu[j + 1]);
            let below = density(a);
            let panel = (b - a) / 6.0 * (below + 4.0 * density(0.5 * (a + b)) + above);
            exceed[j] = exceed[j + 1] + panel.max(0.0);
            above = below;
        }
        let total = exceed[0];
        if total > 0.0 {
            exceed.iter_mut().for_each(|e| *e /= total);
        }
        Cumulative { mu, exceed }
    }

    /// mu exceeded with probability `u`.
    pub fn exceeded(&self, u: f64) -> f64 {
        let j = self.exceed.partition_point(|&e| e > u).clamp(1, self.mu.len() - 1);
        let (high, low) = (self.exceed[j - 1], self.exceed[j]);
        let t = if high > low { ((high - u) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        self.mu[j - 1] + t * (self.mu[j] - self.mu[j - 1])
    }
}
