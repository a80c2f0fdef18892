//! Moller collisions: the target electron is free and at rest (binding neglected). Moller, Ann. Phys. 14, 531 (1932), in the
//! form of ICRU Report 37 and Nelson et al., SLAC-265 (1985), eq. 2.10.8.

use super::rng::Rng;
use super::walk::REST;

/// Most tries of the rejection loop; the least acceptance is 0.44, so the chance to reach it is below 1e-16.
const MAX_TRIES: u32 = 64;

/// Samples the kinetic energy (MeV) of the slower electron in `[threshold, energy/2]`. Two draws per try; 1.2 tries on average up to
/// 0.1 MeV, 1.6 at 1 MeV, 1.9 at 3 MeV.
/// None if no try was accepted or the interval is empty.
#[inline]
pub fn sample_transfer(energy: f32, threshold: f32, rng: &mut Rng) -> Option<f32> {
    let x0 = threshold / energy;
    if x0 >= 0.5 {
        return None;
    }
    let gamma = 1.0 + energy / REST;
    let g1 = (gamma - 1.0) / gamma;
    let c1 = g1 * g1;
    let c2 = 1.0 - c1;
    let bound = 1.0 + 1.25 * c1;
    let inverse = 1.0 / x0;
    for _ in 0..MAX_TRIES {
        let x = 1.0 / (inverse - rng.uniform() * (inverse - 2.0));
        let q = x / (1.0 - x);
        let weight = 1.0 + q * (q - c2) + c1 * x * x;
        if rng.uniform() * bound <= weight {
            return Some(x * energy);
        }
    }
    None
}

/// `mu = (1 - cos_theta)/2` of the primary and of the secondary after a transfer (MeV), from two-body kinematics.
#[inline]
pub fn deflections(energy: f32, transfer: f32) -> (f32, f32) {
    let after = energy - transfer;
    let sin2 = 2.0 * REST * transfer / (energy * (after + 2.0 * REST));
    let sin2_delta = 2.0 * REST * after / (energy * (transfer + 2.0 * REST));
    (half_angle(sin2), half_angle(sin2_delta))
}

/// `(1 - cos)/2` from `sin^2` of an angle below 90 degrees, without cancellation.
#[inline]
fn half_angle(sin2: f32) -> f32 {
    let s = sin2.clamp(0.0, 1.0);
    s / (2.0 * (1.0 + (1.0 - s).sqrt()))
}
