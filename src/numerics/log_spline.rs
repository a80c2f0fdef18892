//! Interpolation of smooth positive functions: a cubic spline of ln y against ln x, exact for power laws.

/// What holds at both ends of a spline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// No curvature; NaN outside the points.
    Natural,
    /// The curvature of an end interval is that of its neighbour ("parabolic run-out"), so that an end is as good as the inside for curves that bend
    /// slowly; its cubic goes on outside the points.
    RunOut,
}

/// A smooth positive function known at some points.
#[derive(Debug, Clone)]
pub struct LogSpline {
    ln_x: Vec<f64>,
    ln_y: Vec<f64>,
    /// Second derivatives at the points.
    curvature: Vec<f64>,
    ends: Ends,
}

impl LogSpline {
    /// A natural spline through points with ascending positive `x` and positive `y`, at least two. It knows nothing outside the points.
    pub fn natural(x: &[f64], y: &[f64]) -> Self {
        debug_assert!(x.len() == y.len() && x.len() >= 2);
        Self::through(x.iter().copied().zip(y.iter().copied()), Ends::Natural)
    }

    /// A spline through `nodes` (ascending x, both coordinates positive, at least one), which goes on outside of them.
    pub fn run_out(nodes: &[(f64, f64)]) -> Self {
        Self::through(nodes.iter().copied(), Ends::RunOut)
    }

    fn through(nodes: impl Iterator<Item = (f64, f64)>, ends: Ends) -> Self {
        let (ln_x, ln_y): (Vec<f64>, Vec<f64>) = nodes.map(|(x, y)| (x.ln(), y.ln())).unzip();
        let curvature = second_derivatives(&ln_x, &ln_y, ends);
        LogSpline { ln_x, ln_y, curvature, ends }
    }

    /// Value at `x`. Outside the points of a natural spline NaN (1e-9 beyond either end is still inside).
    pub fn value(&self, x: f64) -> f64 {
        let n = self.ln_x.len();
        let u = x.ln();
        let inside = u >= self.ln_x[0] - 1e-9 && u <= self.ln_x[n - 1] + 1e-9;
        if self.ends == Ends::Natural && !inside {
            return f64::NAN;
        }
        if n == 1 {
            return self.ln_y[0].exp();
        }
        let i = self.ln_x.partition_point(|&v| v <= u).clamp(1, n - 1) - 1;
        let h = self.ln_x[i + 1] - self.ln_x[i];
        let b = (u - self.ln_x[i]) / h;
        let a = 1.0 - b;
        let cubic = (a * a * a - a) * self.curvature[i] + (b * b * b - b) * self.curvature[i + 1];
        (a * self.ln_y[i] + b * self.ln_y[i + 1] + cubic * h * h / 6.0).exp()
    }
}

/// Second derivatives at the points by Thomas' algorithm: zero at natural ends, else `c[0] = c[1]`, `c[n-1] = c[n-2]`.
fn second_derivatives(x: &[f64], y: &[f64], ends: Ends) -> Vec<f64> {
    let n = x.len();
    let mut curvature = vec![0.0; n];
    if n < 3 {
        return curvature;
    }
    let run_out = ends == Ends::RunOut;
    let slope = |i: usize| (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
    let mut upper = vec![0.0; n];
    for i in 1..n - 1 {
        let (left, right) = (x[i] - x[i - 1], x[i + 1] - x[i]);
        let (mut lower, mut diagonal, mut above) = (left, 2.0 * (left + right), right);
        if run_out && i == 1 {
            diagonal += left;
            lower = 0.0;
        }
        if run_out && i == n - 2 {
            diagonal += right;
            above = 0.0;
        }
        let pivot = diagonal - lower * upper[i - 1];
        upper[i] = above / pivot;
        curvature[i] = (6.0 * (slope(i) - slope(i - 1)) - lower * curvature[i - 1]) / pivot;
    }
    for i in (1..n - 1).rev() {
        curvature[i] -= upper[i] * curvature[i + 1];
    }
    if run_out {
        curvature[0] = curvature[1];
        curvature[n - 1] = curvature[n - 2];
    }
    curvature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_smooth_function_and_refuses_to_extrapolate() {
        let f = |x: f64| x.powf(-0.7) * (1.0 + 0.2 * x.ln().sin());
        let x: Vec<f64> = (0..60).map(|i| 1e-3 * 10f64.powf(f64::from(i) / 15.0)).collect();
        let y: Vec<f64> = x.iter().map(|&v| f(v)).collect();
        let spline = LogSpline::natural(&x, &y);
        for v in [0.0021, 0.033, 0.7, 2.9] {
            assert!((spline.value(v) / f(v) - 1.0).abs() < 1e-4, "{v}");
        }
        assert!(spline.value(0.9e-3).is_nan() && spline.value(100.0).is_nan());
        assert_eq!(spline.value(x[0]), y[0].ln().exp());
    }

    #[test]
    fn is_exact_for_power_laws_and_parabolas_in_the_logarithms() {
        let xs = [1.0_f64, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0];
        for (slope, curvature) in [(-3.2, 0.0), (-2.7, 0.15)] {
            let curve = |x: f64| (0.4 + slope * x.ln() + curvature * x.ln() * x.ln()).exp();
            let spline = LogSpline::run_out(&xs.map(|x| (x, curve(x))));
            for x in [1.0, 1.2, 1.7, 2.5, 3.3, 5.0, 9.0, 10.0] {
                assert!((spline.value(x) / curve(x) - 1.0).abs() < 1e-12, "{x}");
            }
        }
    }

    #[test]
    fn takes_one_or_two_nodes() {
        assert!((LogSpline::run_out(&[(1.0, 7.0)]).value(3.0) - 7.0).abs() < 1e-12);
        assert!((LogSpline::run_out(&[(1.0, 1.0), (4.0, 16.0)]).value(2.0) - 4.0).abs() < 1e-12);
    }
}
