//! The three numbers of a step's straggling from its first three moments.

/// Probability p of the exponential part, its mean theta in units of the mean loss, and `1 - p theta + theta ln p`.
///
/// The loss is `1 - p theta`, plus with probability p an exponential variate of mean theta: variance `p (2 - p) theta^2`, third
/// central moment `(6 - 6 p + 2 p^2) p theta^3`. Its skewness is 2 at p = 1 and grows as p falls; a smaller one (a step so
/// thick that it loses much more than the threshold) keeps p = 1. `relative` is the standard deviation over the mean; above 1 it is taken
/// as 1, because the constant would give energy back.
pub fn straggling(relative: f64, skewness: f64) -> [f64; 3] {
    let p = probability(skewness);
    let theta = relative.min(1.0) / (p * (2.0 - p)).sqrt();
    [p, theta, 1.0 - p * theta + theta * p.ln()]
}

/// p of a skewness, by bisection.
fn probability(skewness: f64) -> f64 {
    let of = |p: f64| (6.0 - 6.0 * p + 2.0 * p * p) / (p.sqrt() * (2.0 - p).powf(1.5));
    if skewness <= 2.0 {
        return 1.0;
    }
    let (mut low, mut high) = (1e-6, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if of(middle) > skewness {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
