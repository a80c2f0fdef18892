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
