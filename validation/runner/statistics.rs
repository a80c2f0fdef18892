//! The normal distribution and the correction for looking at many cells.

/// Probability that a standard normal value lies further from zero than `z` (both sides).
pub fn two_sided_p(z: f64) -> f64 {
    // Simpson over 12 standard deviations beyond z; what is left is below 1e-30.
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

/// Family-wise error of the z-tests of one case.
pub const FAMILY_WISE_ERROR: f64 = 1e-3;

/// The |z| that the largest of `cells` independent standard normal values exceeds with probability
/// [`FAMILY_WISE_ERROR`] (Sidak 1967, DOI 10.1080/01621459.1967.10482935).
pub fn critical_z(cells: usize) -> f64 {
    let p = 1.0 - (1.0 - FAMILY_WISE_ERROR).powf(1.0 / cells.max(1) as f64);
    let (mut low, mut high) = (0.0, 12.0);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if two_sided_p(mid) > p {
            low = mid;
        } else {
            high = mid;
        }
    }
    0.5 * (low + high)
}
