//! Simpson's rule in the square root of the variable, in which what a scattering gives by angle is smooth.

/// Integral of `term(x) dx` over x from 0 to 1, in an even number of `intervals` equal in sqrt(x).
pub fn in_root(intervals: u32, term: impl Fn(f64) -> f64) -> f64 {
    two_in_root(intervals, |x| [term(x), 0.0])[0]
}

/// The same of two terms at once.
pub fn two_in_root(intervals: u32, terms: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    let h = 1.0 / f64::from(intervals);
    let mut sums = [0.0; 2];
    // The first term has no weight.
    for i in 1..=intervals {
        let root = f64::from(i) * h;
        let simpson = if i == intervals {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        };
        let weight = simpson * 2.0 * root;
        let values = terms(root * root);
        sums[0] += weight * values[0];
        sums[1] += weight * values[1];
    }
    sums.map(|sum| sum * h / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the root r the integrands are 2 r, 2 r^3 and 2 r^2: exact up to the third power.
    #[test]
    fn is_exact_for_cubics_in_the_root() {
        assert!((in_root(2, |_| 1.0) - 1.0).abs() < 1e-15);
        let [first, root] = two_in_root(8, |x| [x, x.sqrt()]);
        assert!((first - 0.5).abs() < 1e-15 && (root - 2.0 / 3.0).abs() < 1e-15);
    }
}
