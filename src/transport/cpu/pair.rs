//! Pair production: a uniform split of the kinetic energy and a dipole-like opening angle. Neglects the Bethe-Heitler shape of the split (flat within
//! 20 % below 3.5 MeV) and correlations between the two angles. Neither matters to a dose in tissue.

use super::electron::beta_squared;
use super::rng::Rng;
use super::vector::rotate;

/// Fraction of the available kinetic energy that the electron gets. One draw.
#[inline]
pub fn sample_split(rng: &mut Rng) -> f32 {
    rng.uniform()
}

/// Direction of a pair partner: density `1/(1 - beta cos)^2` about the photon, leading factor of Sauter-Gluckstern-Hull. Two draws.
#[inline]
pub fn sample_direction(photon: [f32; 3], energy: f32, rng: &mut Rng) -> [f32; 3] {
    let beta = beta_squared(energy.max(1e-6)).sqrt();
    let u = rng.uniform();
    let slow = 1.0 - beta;
    let mu = (1.0 - u) * slow / (slow + beta * (2.0 * u));
    rotate(photon, mu, rng.uniform())
}
