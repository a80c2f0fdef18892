//! Interpolation of smooth positive functions: a natural cubic spline of ln y against ln x.

/// A smooth positive function known at some points, interpolated in ln-ln by a natural cubic spline.
#[derive(Debug, Clone)]
pub struct LogSpline {
    ln_x: Vec<f64>,
    ln_y: Vec<f64>,
    /// Second derivatives at the points.
    curvature: Vec<f64>,
}

impl LogSpline {
    /// Builds the spline through points with ascending positive `x` and positive `y`, at least two.
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        debug_assert!(x.len() == y.len() && x.len() >= 2);
        let ln_x: Vec<f64> = x.iter().map(|v| v.ln()).collect();
        let ln_y: Vec<f64> = y.iter().map(|v| v.ln()).collect();
        let n = ln_x.len();
        // Thomas algorithm for the second derivatives, zero at both ends.
        let mut curvature = vec![0.0; n];
        let mut upper = vec![0.0; n];
        for i in 1..n - 1 {
            let (left, right) = (ln_x[i] - ln_x[i - 1], ln_x[i + 1] - ln_x[i]);
            let jump = (ln_y[i + 1] - ln_y[i]) / right - (ln_y[i] - ln_y[i - 1]) / left;
            let pivot = 2.0 * (left + right) - left * upper[i - 1];
            upper[i] = right / pivot;
            curvature[i] = (6.0 * jump - left * curvature[i - 1]) / pivot;
        }
        for i in (1..n - 1).rev() {
            curvature[i] -= upper[i] * curvature[i + 1];
        }
        LogSpline { ln_x, ln_y, curvature }
    }

    /// Value at `x`; NaN outside the points (1e-9 beyond either end is still inside).
    pub(crate) fn value(&self, x: f64) -> f64 {
        let n = self.ln_x.len();
        let u = x.ln();
        if !(u >= self.ln_x[0] - 1e-9 && u <= self.ln_x[n - 1] + 1e-9) {
            return f64::NAN;
        }
        let i = self.ln_x.partition_point(|&v| v <= u).clamp(1, n - 1) - 1;
        let h = self.ln_x[i + 1] - self.ln_x[i];
        let b = (u - self.ln_x[i]) / h;
        let a = 1.0 - b;
        let cubic = (a * a * a - a) * self.curvature[i] + (b * b * b - b) * self.curvature[i + 1];
        (a * self.ln_y[i] + b * self.ln_y[i + 1] + cubic * h * h / 6.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_smooth_function_and_refuses_to_extrapolate() {
        let f = |x: f64| x.powf(-0.7) * (1.0 + 0.2 * x.ln().sin());
        let x: Vec<f64> = (0..60).map(|i| 1e-3 * 10f64.powf(f64::from(i) / 15.0)).collect();
        let y: Vec<f64> = x.iter().map(|&v| f(v)).collect();
        let spline = LogSpline::new(&x, &y);
        for v in [0.0021, 0.033, 0.7, 2.9] {
            assert!((spline.value(v) / f(v) - 1.0).abs() < 1e-4, "{v}");
        }
        assert!(spline.value(0.9e-3).is_nan() && spline.value(100.0).is_nan());
        assert_eq!(spline.value(x[0]), y[0].ln().exp());
    }
}
