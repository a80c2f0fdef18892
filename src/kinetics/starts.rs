//! Deterministic starting points of a fit: a coarse grid over the shapes of a family, each with its best scale in closed form.
//!
//! For a fixed shape h(t) the scale S minimises sum_i w_i (y_i - S h_i)^2 at S = sum w y h / sum w h^2 (variable projection; Golub and
//! Pereyra, SIAM J. Numer. Anal. 10, 413, 1973, doi:10.1137/0710036).

use super::model::{Curve, Family};
use super::prior::{Prior, penalty};
use super::search::residuals;
use super::tac::Tac;

/// Largest number of starting points.
const STARTS: usize = 4;

/// The best grid points of a family (free parameters of [`Curve`]), best first, no two of them neighbours. Empty if no shape has a
/// positive scale.
pub(crate) fn starts(
    tac: &Tac,
    family: Family,
    decay_constant_per_s: f64,
    priors: &[Prior],
) -> Vec<Vec<f64>> {
    let mut found: Vec<(f64, Vec<usize>, Vec<f64>)> = Vec::new();
    let axes = axes(tac, family);
    for index in indices(&axes) {
        let shape: Vec<f64> = index.iter().zip(&axes).map(|(i, axis)| axis[*i]).collect();
        if let Some((chi2, theta)) = scaled(tac, family, decay_constant_per_s, &shape) {
            found.push((chi2 + penalty(priors, &theta), index, theta));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut kept: Vec<(Vec<usize>, Vec<f64>)> = Vec::new();
    for (_, index, theta) in found {
        let far = |other: &[usize]| index.iter().zip(other).any(|(a, b)| a.abs_diff(*b) > 1);
        if kept.iter().all(|(other, _)| far(other)) {
            kept.push((index, theta));
        }
        if kept.len() == STARTS {
            break;
        }
    }
    kept.into_iter().map(|(_, theta)| theta).collect()
}

/// Chi-squared and free parameters of a shape at its best scale; None if that is not positive.
pub(crate) fn scaled(
    tac: &Tac,
    family: Family,
    lambda: f64,
    shape: &[f64],
) -> Option<(f64, Vec<f64>)> {
    let theta: Vec<f64> = std::iter::once(0.0).chain(shape.iter().copied()).collect();
    let curve = Curve::new(family, lambda, &theta);
    if tac.is_proportional() {
        return scaled_by_shares(tac, &curve, theta);
    }
    let (mut wyy, mut wyh, mut whh) = (0.0, 0.0, 0.0);
    for ((&t, &y), &u) in tac.times_s().iter().zip(tac.values()).zip(tac.uncertainties()) {
        let h = curve.value_per_tia(t);
        let w = 1.0 / (u * u);
        wyy += w * y * y;
        wyh += w * y * h;
        whh += w * h * h;
    }
    let scale = wyh / whh;
    if !(scale > 0.0 && scale.is_finite()) {
        return None;
    }
    let theta = std::iter::once(scale.ln()).chain(shape.iter().copied()).collect();
    Some((wyy - scale * wyh, theta))
}

/// As [`scaled`] for uncertainties that are shares of the curve: there sum (y - f) / (r^2 f) = 0, so S = sum (y / h) / r^2 / sum 1 / r^2.
fn scaled_by_shares(tac: &Tac, curve: &Curve, mut theta: Vec<f64>) -> Option<(f64, Vec<f64>)> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ((&t, &y), &u) in tac.times_s().iter().zip(tac.values()).zip(tac.uncertainties()) {
        let h = curve.value_per_tia(t);
        // A curve of uptake has no value at injection to be scaled.
        let w = if y > 0.0 && h > 0.0 { (y / u).powi(2) } else { continue };
        sum += w * y / h;
        weights += w;
    }
    let scale = sum / weights;
    if !(scale > 0.0 && scale.is_finite()) {
        return None;
    }
    theta[0] = scale.ln();
    let curve = Curve::new(curve.family(), curve.decay_constant_per_s(), &theta);
    Some((residuals(tac, &curve).iter().map(|r| r * r).sum(), theta))
}

/// Grid of each shape parameter: rates from a fiftieth of 1 / last time to ten times 1 / first time.
fn axes(tac: &Tac, family: Family) -> Vec<Vec<f64>> {
    let last = tac.last_s().max(f64::MIN_POSITIVE);
    let first = tac.times_s().iter().copied().find(|t| *t > 0.0).unwrap_or(last).max(1e-3 * last);
    let (low, high) = ((0.02 / last).ln(), (10.0 / first).ln());
    let rates = |n: usize| -> Vec<f64> {
        (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
    };
    let shares = || vec![-2.0, 0.0, 2.0];
    match family {
        Family::Physical => vec![],
        Family::Mono => vec![rates(24)],
        Family::MonoUptake => vec![rates(16), rates(16)],
        Family::Bi => vec![rates(12), rates(12), shares()],
        Family::BiUptake => vec![rates(8), rates(8), shares(), rates(8)],
        Family::Tri => vec![rates(7), rates(7), rates(7), shares(), shares()],
    }
}

/// All index tuples of a grid.
fn indices(axes: &[Vec<f64>]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![vec![]], |all, axis| {
        let grown = |index: &Vec<usize>| -> Vec<Vec<usize>> {
            (0..axis.len()).map(|i| index.iter().copied().chain([i]).collect()).collect()
        };
        all.iter().flat_map(grown).collect()
    })
}
