//! Straggling of the losses below the production threshold: a step's loss with its first three moments. Neglects what is beyond them, and atomic shells
//! (the losses are those of free electrons, as EGSnrc's; PENELOPE's oxygen K shell gives more at 0.1 MeV).

use super::math::ln;

/// Loss of a step in units of its mean: a constant, plus with probability p an exponential variate. One draw.
///
/// With theta the mean of the exponential: variance `p (2 - p) theta^2`, third central moment `(6 - 6 p + 2 p^2) p theta^3`,
/// so the skewness runs from 2 at p = 1 up to any value; a step too thick for a skewness of 2 keeps p = 1.
/// `relative` is the standard deviation over the mean, `q` is `(2/skewness)^2`.
#[inline(always)]
pub fn loss_factor(relative: f32, q: f32, u: f32) -> f32 {
    // A constant below zero would give energy back.
    let relative = relative.min(1.0);
    let p = probability(q);
    let theta = relative / (p * (2.0 - p)).sqrt();
    let constant = 1.0 - p * theta;
    if u < p { constant - theta * ln(u / p) } else { constant }
}

/// Probability of the exponential part: solves `(2/skewness)^2 = 4 p (2 - p)^3 / (6 - 6 p + 2 p^2)^2` to 2 %.
#[inline(always)]
pub fn probability(q: f32) -> f32 {
    let q = q.min(1.0);
    (q * (1.125 + q * (-0.7395 + q * 0.6145))).clamp(1e-6, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::rng::{Rng, history_state};
    use super::*;

    #[test]
    fn first_three_moments() {
        for (relative, q) in [(0.3_f32, 1.0_f32), (0.25, 0.6), (0.5, 0.25), (0.1, 0.05)] {
            let mut rng = Rng::new(history_state([3, 4], 1));
            let n = 4_000_000;
            let mut sums = [0.0_f64; 3];
            for _ in 0..n {
                let d = f64::from(loss_factor(relative, q, rng.uniform())) - 1.0;
                sums[0] += d;
                sums[1] += d * d;
                sums[2] += d * d * d;
            }
            let [mean, second, third] = sums.map(|s| s / f64::from(n));
            let sigma = f64::from(relative);
            let skewness = 2.0 / f64::from(q).sqrt();
            // Five standard errors of the mean; second and third moments have long tails: 2 % and 6 % at this n.
            assert!(mean.abs() < 5.0 * sigma / f64::from(n).sqrt(), "{relative} {q}: {mean}");
            assert!((second.sqrt() / sigma - 1.0).abs() < 0.02, "{relative} {q}: {second}");
            assert!(
                (third / sigma.powi(3) / skewness - 1.0).abs() < 0.06,
                "{relative} {q}: {third}"
            );
        }
    }

    #[test]
    fn probability_solves_its_equation() {
        for i in 1..=100 {
            let q = i as f32 / 100.0;
            let p = probability(q);
            let back = 4.0 * p * (2.0 - p).powi(3) / (6.0 - 6.0 * p + 2.0 * p * p).powi(2);
            assert!((back / q - 1.0).abs() < 0.03, "{q}: {back}");
        }
    }
}
