//! Statistics of batch results.

/// Mean and standard error of the mean of batch values, both divided by `per` (for example histories per batch).
/// The standard error is NaN below two values.
pub fn mean_and_error(values: &[f64], per: f64) -> (f64, f64) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, f64::NAN);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean / per, f64::NAN);
    }
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean / per, (variance / n).sqrt() / per)
}

/// Probability that a standard normal value lies further from zero than `z` (both sides), by Simpson's rule.
pub fn two_sided_p(z: f64) -> f64 {
    // 12 standard deviations beyond z; what is left is below 1e-30.
    const INTERVALS: usize = 4000;
    let z = z.abs();
    let h = 12.0 / INTERVALS as f64;
    let pdf = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let weight = |i: usize| match i {
        0 | INTERVALS => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    2.0 * h / 3.0 * (0..=INTERVALS).map(|i| weight(i) * pdf(z + h * i as f64)).sum::<f64>()
}

/// The normal deviate with about the probability of Student's `t` with `freedom` degrees of freedom (Abramowitz and Stegun,
/// eq. 26.7.8): good to 1 % of the probability at 5 % and 100 degrees of freedom, to 4 % at 10.
pub fn normal_from_t(t: f64, freedom: f64) -> f64 {
    t * (1.0 - 0.25 / freedom) / (1.0 + 0.5 * t * t / freedom).sqrt()
}

/// Probability of a chi-squared above `chi2` with `freedom` degrees of freedom, by the cube root's normal distribution (Wilson and
/// Hilferty 1931, DOI 10.1073/pnas.17.12.684).
pub fn chi2_upper_p(chi2: f64, freedom: f64) -> f64 {
    let width = 2.0 / (9.0 * freedom);
    let z = ((chi2 / freedom).cbrt() - (1.0 - width)) / width.sqrt();
    let tail = 0.5 * two_sided_p(z);
    if z >= 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_tables() {
        // Abramowitz and Stegun, tables 26.1, 26.8 and 26.10.
        assert!((two_sided_p(1.959_964) - 0.05).abs() < 1e-7);
        assert!((chi2_upper_p(124.342, 100.0) - 0.05).abs() < 1e-4);
        assert!((chi2_upper_p(77.929, 100.0) - 0.95).abs() < 1e-4);
        for (t, freedom, relative) in [(1.984, 100.0, 0.01), (2.228, 10.0, 0.04)] {
            let p = two_sided_p(normal_from_t(t, freedom));
            assert!((p / 0.05 - 1.0).abs() < relative, "{freedom}: {p}");
        }
    }
}
