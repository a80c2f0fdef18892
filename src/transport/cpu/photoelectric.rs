//! Direction of the photoelectron: Sauter's K-shell distribution in Born approximation, used for all shells and elements (its
//! relativistic spin term neglected). Sauter, Ann. Phys. 403, 454 (1931), doi:10.1002/andp.19314030406.

use super::electron::beta_squared;
use super::rng::Rng;

/// Most tries of the rejection loop; acceptance is 2/3.
const MAX_TRIES: u32 = 64;

/// Samples `mu = (1 - cos_theta)/2` from `sin^2 / (1 - beta cos)^4`. Two draws per try, 1.5 tries on average.
#[inline]
pub fn sample_angle(energy: f32, rng: &mut Rng) -> f32 {
    let beta = beta_squared(energy.max(1e-6)).sqrt();
    for _ in 0..MAX_TRIES {
        // Boost of an isotropic-in-mu' variate: density 1/(1 - beta c)^2; the rest, sin^2/(1 - beta c)^2, is
        // 4 mu'(1 - mu')/(1 - beta^2) in the boosted angle, accepted by rejection.
        let u = rng.uniform();
        let accept = 4.0 * u * (1.0 - u);
        if rng.uniform() <= accept {
            return (1.0 - u) * (1.0 - beta) / (1.0 + beta * (2.0 * u - 1.0));
        }
    }
    0.5
}
