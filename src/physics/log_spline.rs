//! Cubic spline in log-log coordinates: exact for power laws, smooth for the slow bends of cross sections.

/// y(x) > 0 through nodes, cubic in ln x, ln y. The curvature of an end interval is that of its neighbour
/// (constant, "parabolic run-out"), so an end is as good as the inside for curves that bend slowly.
#[derive(Debug, Clone)]
pub(crate) struct LogSpline {
    ln_x: Vec<f64>,
    ln_y: Vec<f64>,
    /// Second derivatives at the nodes.
    bend: Vec<f64>,
}

impl LogSpline {
    /// A spline through `nodes` (ascending x, both coordinates positive, at least one node).
    pub(crate) fn new(nodes: &[(f64, f64)]) -> Self {
        let ln_x: Vec<f64> = nodes.iter().map(|node| node.0.ln()).collect();
        let ln_y: Vec<f64> = nodes.iter().map(|node| node.1.ln()).collect();
        let bend = second_derivatives(&ln_x, &ln_y);
        LogSpline { ln_x, ln_y, bend }
    }

    /// The value at `x`; outside the nodes the end interval's cubic goes on.
    pub(crate) fn value(&self, x: f64) -> f64 {
        if self.ln_x.len() == 1 {
            return self.ln_y[0].exp();
        }
        let t = x.ln();
        let i = self.ln_x.partition_point(|&node| node <= t).clamp(1, self.ln_x.len() - 1) - 1;
        let h = self.ln_x[i + 1] - self.ln_x[i];
        let b = (t - self.ln_x[i]) / h;
        let a = 1.0 - b;
        let cubic =
            ((a * a * a - a) * self.bend[i] + (b * b * b - b) * self.bend[i + 1]) * h * h / 6.0;
        (a * self.ln_y[i] + b * self.ln_y[i + 1] + cubic).exp()
    }
}

/// Tridiagonal solution for the second derivatives with `bend[0] = bend[1]`, `bend[n-1] = bend[n-2]`.
fn second_derivatives(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mut bend = vec![0.0; n];
    if n < 3 {
        return bend;
    }
    let slope = |i: usize| (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for i in 1..n - 1 {
        let (h0, h1) = (x[i] - x[i - 1], x[i + 1] - x[i]);
        let mut diagonal = 2.0 * (h0 + h1);
        let mut lower = h0;
        let mut above = h1;
        if i == 1 {
            diagonal += h0;
            lower = 0.0;
        }
        if i == n - 2 {
            diagonal += h1;
            above = 0.0;
        }
        let pivot = diagonal - lower * upper[i - 1];
        upper[i] = above / pivot;
        right[i] = (6.0 * (slope(i) - slope(i - 1)) - lower * right[i - 1]) / pivot;
    }
    for i in (1..n - 1).rev() {
        bend[i] = right[i] - upper[i] * bend[i + 1];
    }
    bend[0] = bend[1];
    bend[n - 1] = bend[n - 2];
    bend
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_for_power_laws_and_parabolas_in_the_logarithms() {
        let xs = [1.0_f64, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0];
        for (slope, curvature) in [(-3.2, 0.0), (-2.7, 0.15)] {
            let curve = |x: f64| (0.4 + slope * x.ln() + curvature * x.ln() * x.ln()).exp();
            let spline = LogSpline::new(&xs.map(|x| (x, curve(x))));
            for x in [1.0, 1.2, 1.7, 2.5, 3.3, 5.0, 9.0, 10.0] {
                assert!((spline.value(x) / curve(x) - 1.0).abs() < 1e-12, "{x}");
            }
        }
    }

    #[test]
    fn takes_one_or_two_nodes() {
        assert!((LogSpline::new(&[(1.0, 7.0)]).value(3.0) - 7.0).abs() < 1e-12);
        assert!((LogSpline::new(&[(1.0, 1.0), (4.0, 16.0)]).value(2.0) - 4.0).abs() < 1e-12);
    }
}
