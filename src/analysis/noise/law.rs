//! How a quantile follows the variance of the noise, carried back to none. Neglects what the law is not exact for: regions that are neither normal nor
//! uniform, where the noise is as large as the spread of the doses.
//!
//! The law is a + b sqrt(c + variance): exact for quantiles of normal regions and of uniform ones (c = 0), linear in the variance (the model of first
//! order) where the noise is small beside the spread (c large). It is fitted to the quantiles with two, three and four times the variance that is
//! there, of which one is the map's own (simulation and extrapolation: Cook and Stefanski 1994, doi:10.1080/01621459.1994.10476871).

/// Variances of noise that are added, in those that are there.
pub const ADDED: [f64; 3] = [1.0, 2.0, 3.0];
/// The law's end at which it is linear.
const LARGEST: f64 = 1e5;

/// sqrt(c + l).
fn root(c: f64, l: f64) -> f64 {
    (c + l).sqrt()
}

/// Step of the law from a variance of 3 to 4, over that from 2 to 3: from 0.84 (c = 0) to 1.
fn ratio_of(c: f64) -> f64 {
    (root(c, 4.0) - root(c, 3.0)) / (root(c, 3.0) - root(c, 2.0))
}

/// What the law goes from a variance of 0 to 2, in steps from 2 to 3: g, from 2 (linear) to 4.45 (c = 0). The quantile without noise is
/// `(1 + g) two - g three`.
pub fn steps_to_none([two, three, four]: [f64; 3]) -> f64 {
    let ratio = (four - three) / (three - two);
    let c = if !ratio.is_finite() || ratio >= ratio_of(LARGEST) || ratio < 0.0 {
        LARGEST
    } else if ratio <= ratio_of(0.0) {
        0.0
    } else {
        let (mut low, mut high) = (0.0, LARGEST);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if ratio_of(middle) < ratio { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    (root(c, 2.0) - root(c, 0.0)) / (root(c, 3.0) - root(c, 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal regions of any spread, and a shift that is linear in the variance.
    #[test]
    fn exact_for_normal_regions_and_small_noise() {
        for spread in [0.0, 0.3, 1.0, 4.0] {
            let seen = [2.0, 3.0, 4.0].map(|l: f64| 20.0 + 2.05 * (spread * spread + l).sqrt());
            let g = steps_to_none(seen);
            let none = (1.0 + g) * seen[0] - g * seen[1];
            assert!((none - (20.0 + 2.05 * spread)).abs() < 1e-6, "{spread}: {none}");
        }
        let g = steps_to_none([12.0, 13.0, 14.0]);
        assert!((13.0 - 14.0f64).mul_add(g, 12.0) - 10.0 < 1e-3 && (g - 2.0).abs() < 1e-3, "{g}");
        assert!((steps_to_none([5.0, 5.0, 5.0]) - 2.0).abs() < 1e-3);
    }
}
