//! Straggling of the losses below the production threshold: a step's loss with its first three moments. Neglects what is beyond them, and atomic shells
//! (the losses are those of free electrons, as EGSnrc's; PENELOPE's oxygen K shell gives more at 0.1 MeV).

use super::math::ln;

/// Loss of a step in units of its mean: a constant, plus with a probability an exponential variate. One draw. The three numbers are
/// made by `tables/straggling.rs`: the probability p, the exponential's mean theta, and `1 - p theta + theta ln p`.
#[inline(always)]
pub fn loss_factor(straggling: [f32; 3], u: f32) -> f32 {
    let [p, theta, raised] = straggling;
    if u < p { raised - theta * ln(u) } else { 1.0 - p * theta }
}

#[cfg(test)]
mod tests {
    use super::super::rng::{Rng, history_state};
    use super::*;
    use crate::transport::tables::straggling::straggling;

    #[test]
    fn first_three_moments() {
        for (relative, skewness) in [(0.3_f64, 2.0_f64), (0.25, 2.6), (0.5, 4.0), (0.1, 9.0)] {
            let table = straggling(relative, skewness).map(|v| v as f32);
            let mut rng = Rng::new(history_state([3, 4], 1));
            let n = 4_000_000;
            let mut sums = [0.0_f64; 3];
            for _ in 0..n {
                let d = f64::from(loss_factor(table, rng.uniform())) - 1.0;
                sums[0] += d;
                sums[1] += d * d;
                sums[2] += d * d * d;
            }
            let [mean, second, third] = sums.map(|s| s / f64::from(n));
            // Five standard errors of the mean. The second and third moments of an exponential with probability p have
            // relative standard errors of about sqrt(24/(p n)) / 2 and sqrt(720/(p n)) / 6: at most 0.5 % and 1 % here.
            assert!(mean.abs() < 5.0 * relative / f64::from(n).sqrt(), "{relative}: {mean}");
            assert!((second.sqrt() / relative - 1.0).abs() < 0.01, "{relative}: {second}");
            assert!(
                (third / relative.powi(3) / skewness - 1.0).abs() < 0.05,
                "{skewness}: {third}"
            );
        }
    }
}
