//! Gauss-Legendre quadrature of smooth functions.

use std::f64::consts::PI;

/// Abscissae on (-1, 1) and weights of the 4-point rule (Abramowitz and Stegun, table 25.4).
const GAUSS_4: [(f64, f64); 4] = [
    (-0.861_136_311_594_052_6, 0.347_854_845_137_453_86),
    (-0.339_981_043_584_856_26, 0.652_145_154_862_546_1),
    (0.339_981_043_584_856_26, 0.652_145_154_862_546_1),
    (0.861_136_311_594_052_6, 0.347_854_845_137_453_86),
];

/// Integral of `f(x) dx` from `low` to `high` (both positive) in `panels` panels equal in ln x.
pub fn integrate_log(low: f64, high: f64, panels: usize, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * (high / low).ln() / panels as f64;
    let start = low.ln() + half;
    let mut sum = 0.0;
    for panel in 0..panels {
        let middle = start + 2.0 * half * panel as f64;
        for (node, weight) in GAUSS_4 {
            let x = (middle + half * node).exp();
            sum += weight * x * f(x);
        }
    }
    sum * half
}

/// Gauss-Legendre nodes and weights on [-1, 1], by Newton's method on P_n.
pub fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut nodes = Vec::with_capacity(n);
    let mut weights = Vec::with_capacity(n);
    for i in 0..n {
        let mut x = -(PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..20 {
            let (mut p0, mut p1) = (1.0, x);
            for l in 1..n {
                let l = l as f64;
                (p0, p1) = (p1, ((2.0 * l + 1.0) * x * p1 - l * p0) / (l + 1.0));
            }
            slope = n as f64 * (x * p1 - p0) / (x * x - 1.0);
            x -= p1 / slope;
        }
        nodes.push(x);
        weights.push(2.0 / ((1.0 - x * x) * slope * slope));
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_powers() {
        let exact = (8.0f64 - 1e-3) / 3.0;
        assert!((integrate_log(0.1, 2.0, 8, |x| x * x) / exact - 1.0).abs() < 1e-8);
    }
}
