//! Integration over mu = (1 - cos theta)/2 from 0 to 1 of cross sections peaked forward over six decades.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::numerics::quadrature::gauss_legendre;

/// Nodes in mu and their weights.
pub(super) struct Quadrature {
    pub mu: Vec<f64>,
    pub weight: Vec<f64>,
}

/// Angle below which panels are logarithmic in mu, above which they are even in theta.
const SMALL_ANGLE: f64 = 0.05;

/// The nodes of all moments here; resolves Legendre polynomials up to `L_MAX`.
pub(super) static QUADRATURE: LazyLock<Quadrature> = LazyLock::new(|| Quadrature::new(32));
/// Highest order of any series here: structure finer than about 3e-3 rad is not resolved.
pub(super) const L_MAX: usize = 300;

impl Quadrature {
    /// `panels` of sixteen points between `SMALL_ANGLE` and pi; the forward part is the same for all.
    fn new(panels: usize) -> Self {
        let (x, w) = gauss_legendre(8);
        let split = (0.5 * SMALL_ANGLE).sin().powi(2);
        let mut quadrature = Quadrature { mu: Vec::new(), weight: Vec::new() };
        let first: f64 = 1e-9;
        let decades = 18;
        let edge = |i: usize| match i {
            0 => 0.0,
            _ => first * (split / first).powf((i - 1) as f64 / decades as f64),
        };
        for i in 0..=decades {
            let (a, b) = (edge(i), edge(i + 1));
            for (&x, &w) in x.iter().zip(&w) {
                quadrature.mu.push(a + 0.5 * (b - a) * (1.0 + x));
                quadrature.weight.push(0.5 * (b - a) * w);
            }
        }
        let (x, w) = gauss_legendre(16);
        let width = (PI - SMALL_ANGLE) / panels as f64;
        for i in 0..panels {
            for (&x, &w) in x.iter().zip(&w) {
                let theta = SMALL_ANGLE + width * (i as f64 + 0.5 * (1.0 + x));
                quadrature.mu.push((0.5 * theta).sin().powi(2));
                quadrature.weight.push(0.25 * theta.sin() * width * w);
            }
        }
        quadrature
    }
}

/// `1 - P_l` at the nodes of [`QUADRATURE`], `[l][node]`, l up to [`L_MAX`]: the same for all cross sections.
static DEFLECTED: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| {
    let cosine: Vec<f64> = QUADRATURE.mu.iter().map(|mu| 1.0 - 2.0 * mu).collect();
    let (mut below, mut here) = (vec![1.0; cosine.len()], cosine.clone());
    let mut rows = vec![vec![0.0; cosine.len()]];
    for l in 1..=L_MAX {
        rows.push(here.iter().map(|p| 1.0 - p).collect());
        let l = l as f64;
        let (a, b) = ((2.0 * l + 1.0) / (l + 1.0), l / (l + 1.0));
        for ((p0, p1), x) in below.iter_mut().zip(&mut here).zip(&cosine) {
            let next = a * x * *p1 - b * *p0;
            *p0 = *p1;
            *p1 = next;
        }
    }
    rows
});

/// `1 - P_l` at the nodes of [`QUADRATURE`], for l up to [`L_MAX`].
pub(super) fn deflected_by(l: usize) -> &'static [f64] {
    &DEFLECTED[l]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_screened_rutherford_to_its_closed_form() {
        for screening in [1e-7, 1e-4, 1e-1] {
            let sum: f64 = QUADRATURE
                .mu
                .iter()
                .zip(&QUADRATURE.weight)
                .map(|(mu, w)| w / (mu + screening).powi(2))
                .sum();
            let exact = 1.0 / (screening * (1.0 + screening));
            assert!((sum / exact - 1.0).abs() < 1e-6, "{screening}: {}", sum / exact);
        }
    }

    #[test]
    fn legendre_polynomials_are_orthogonal_to_one_up_to_the_stated_order() {
        let nodes: Vec<f64> = QUADRATURE.mu.iter().map(|mu| 1.0 - 2.0 * mu).collect();
        let mut p0 = vec![1.0; nodes.len()];
        let mut p1 = nodes.clone();
        for l in 1..=L_MAX {
            let sum: f64 = p1.iter().zip(&QUADRATURE.weight).map(|(p, w)| p * w).sum();
            assert!(sum.abs() < 1e-9, "l = {l}: {sum:e}");
            let l = l as f64;
            for i in 0..nodes.len() {
                let next = ((2.0 * l + 1.0) * nodes[i] * p1[i] - l * p0[i]) / (l + 1.0);
                p0[i] = p1[i];
                p1[i] = next;
            }
        }
    }
}
