//! The mono-exponential fit of one voxel, fast: y_i = A exp(-k t_i), k between physical decay and a fastest rate.
//!
//! For a given k the scale is known, A = sum w y e / sum w e^2, so the search runs over k alone (variable projection; Golub and Pereyra,
//! SIAM J. Numer. Anal. 10, 413, 1973, doi:10.1137/0710036): the best of a grid of rates whose exponentials are tabulated once for all
//! voxels, then Gauss-Newton steps in (ln A, k). Neglected: uptake phases and second phases, which four noisy points cannot show.

/// Rates of the grid.
const GRID: usize = 32;
/// Gauss-Newton steps after the grid.
const STEPS: usize = 3;
/// Time points handled without allocation.
pub const MAX_TIMES: usize = 16;

/// What all voxels share: times and the grid of rates.
#[derive(Debug, Clone)]
pub struct MonoGrid {
    times_s: Vec<f64>,
    lambda: f64,
    /// Fastest rate (1/s).
    fastest: f64,
    /// exp(-k t) and its square for each rate and time.
    table: Vec<[f64; MAX_TIMES]>,
    rates: Vec<f64>,
}

/// A mono-exponential with its covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonoFit {
    /// A(0), unit of the values.
    pub amplitude: f64,
    /// lambda + lambda_1, 1/s.
    pub rate_per_s: f64,
    /// Relative standard uncertainty of A / k.
    pub relative_uncertainty: f64,
    /// Whether k is strictly between its bounds.
    pub inside: bool,
}

impl MonoGrid {
    /// For times (s after injection; at most [`MAX_TIMES`]) and the physical decay constant (1/s). The fastest rate falls by e^3 from the
    /// first to the second point: a faster one would be set by the first point alone.
    pub fn new(times_s: &[f64], lambda: f64) -> Self {
        debug_assert!(times_s.len() <= MAX_TIMES);
        let step = if times_s.len() > 1 { times_s[1] - times_s[0] } else { times_s[0].max(1.0) };
        let fastest = lambda + 3.0 / step;
        let rates: Vec<f64> = (0..GRID)
            .map(|i| {
                // Uniform in ln k.
                lambda * (fastest / lambda).powf(i as f64 / (GRID - 1) as f64)
            })
            .collect();
        let row = |k: &f64| {
            let mut row = [0.0; MAX_TIMES];
            for (e, t) in row.iter_mut().zip(times_s) {
                *e = (-k * t).exp();
            }
            row
        };
        let table = rates.iter().map(row).collect();
        MonoGrid { times_s: times_s.to_vec(), lambda, fastest, table, rates }
    }

    /// Best scale of tabulated exponentials: (A, sum w e^2, sum w y e).
    fn scale(&self, e: &[f64; MAX_TIMES], y: &[f64], w: &[f64]) -> (f64, f64, f64) {
        let (mut ye, mut ee) = (0.0, 0.0);
        for i in 0..y.len() {
            let we = w[i] * e[i];
            ye += we * y[i];
            ee += we * e[i];
        }
        (ye / ee, ee, ye)
    }

    /// The scale of pure physical decay and its standard uncertainty.
    pub fn physical(&self, y: &[f64], w: &[f64]) -> (f64, f64) {
        let (a, ee, _) = self.scale(&self.table[0], y, w);
        (a, 1.0 / ee.sqrt())
    }

    /// Fits one voxel's values `y` with weights `w` = 1 / u^2. None if no positive scale exists.
    pub fn fit(&self, y: &[f64], w: &[f64]) -> Option<MonoFit> {
        let n = y.len();
        // chi2 = sum w y^2 - (sum w y e)^2 / sum w e^2: the last term is to be largest.
        let (mut best, mut gain) = (0, 0.0);
        for (i, e) in self.table.iter().enumerate() {
            let (_, ee, ye) = self.scale(e, y, w);
            if ye > 0.0 && ye * ye > gain * ee {
                (best, gain) = (i, ye * ye / ee);
            }
        }
        if gain <= 0.0 {
            return None;
        }
        let (mut a, ..) = self.scale(&self.table[best], y, w);
        let mut k = self.rates[best];
        let (low, high) =
            (self.rates[best.saturating_sub(1)], self.rates[(best + 1).min(GRID - 1)]);
        let mut e = self.table[best];
        let (mut s0, mut s1, mut s2);
        let mut step = 0;
        loop {
            // Normal equations of the residuals by ln A and k, with a e as the value and -t a e its derivative by k.
            let (mut r0, mut r1) = (0.0, 0.0);
            (s0, s1, s2) = (0.0, 0.0, 0.0);
            for i in 0..n {
                let f = a * e[i];
                let wf = w[i] * f;
                let t = self.times_s[i];
                s0 += wf * f;
                s1 += wf * f * t;
                s2 += wf * f * t * t;
                let r = y[i] - f;
                r0 += wf * r;
                r1 += wf * r * t;
            }
            if step == STEPS {
                break;
            }
            let determinant = s0 * s2 - s1 * s1;
            if determinant <= 0.0 {
                break;
            }
            // d k = (s1 r0 - s0 r1) / det, kept between the neighbours on the grid, where the minimum is.
            k = (k + (s1 * r0 - s0 * r1) / determinant).clamp(low, high);
            for (e, t) in e.iter_mut().zip(&self.times_s) {
                *e = (-k * t).exp();
            }
            a = self.scale(&e, y, w).0;
            step += 1;
        }
        let determinant = s0 * s2 - s1 * s1;
        // Var of ln(A / k) = var(ln A) - 2 cov / k + var(k) / k^2; cov(ln A, k) = + s1 / det.
        let variance = (s2 - 2.0 * s1 / k + s0 / (k * k)) / determinant;
        let relative_uncertainty =
            if determinant > 0.0 && variance > 0.0 { variance.sqrt() } else { f64::INFINITY };
        let inside = k > self.lambda * (1.0 + 1e-9) && k < self.fastest * (1.0 - 1e-9);
        Some(MonoFit { amplitude: a, rate_per_s: k, relative_uncertainty, inside })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Family, Tac, fit};
    use super::*;

    const LAMBDA: f64 = 1.2e-6;
    const TIMES: [f64; 4] = [14_400.0, 86_400.0, 259_200.0, 604_800.0];

    #[test]
    fn it_is_exact_on_exact_points() {
        let grid = MonoGrid::new(&TIMES, LAMBDA);
        for k in [1.3e-6, 2e-6, 5e-6, 2e-5] {
            let y = TIMES.map(|t| 7.0 * (-k * t).exp());
            let w = y.map(|y| 1.0 / (0.1 * y).powi(2));
            let found = grid.fit(&y, &w).unwrap();
            assert!((found.rate_per_s / k - 1.0).abs() < 1e-6, "{k} {}", found.rate_per_s);
            assert!((found.amplitude / 7.0 - 1.0).abs() < 1e-6 && found.inside);
        }
    }

    /// The same minimum and uncertainty as the general fit, on points far from any exponential.
    #[test]
    fn it_agrees_with_the_general_fit() {
        let grid = MonoGrid::new(&TIMES, LAMBDA);
        for y in [[9.0, 8.0, 3.0, 0.4], [10.0, 4.0, 3.0, 0.5], [5.0, 6.0, 2.0, 0.8]] {
            let u = y.map(|y| 0.3 + 0.1 * y);
            let w = u.map(|u| 1.0 / (u * u));
            let found = grid.fit(&y, &w).unwrap();
            let general = fit(&Tac::new(&TIMES, &y, &u).unwrap(), Family::Mono, LAMBDA).unwrap();
            let tia = found.amplitude / found.rate_per_s;
            assert!(
                (tia / general.curve.tia() - 1.0).abs() < 1e-3,
                "{tia} {}",
                general.curve.tia()
            );
            assert!((found.relative_uncertainty / general.ln_tia_uncertainty() - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn rising_points_end_at_physical_decay_and_negative_ones_nowhere() {
        let grid = MonoGrid::new(&TIMES, LAMBDA);
        let w = [1.0; 4];
        let rising = grid.fit(&[1.0, 2.0, 3.0, 4.0], &w).unwrap();
        assert!(!rising.inside && (rising.rate_per_s - LAMBDA).abs() < 1e-15);
        assert!(grid.fit(&[-1.0, -2.0, -0.5, -0.1], &w).is_none());
    }
}
