//! Compton scattering: angle and kinematics. Neglects Doppler broadening. Klein & Nishina, Z. Phys. 52, 853 (1929); incoherent scattering
//! function S(x, Z): Hubbell et al., J. Phys. Chem. Ref. Data 4, 471 (1975), doi:10.1063/1.555523.

use super::lookup::{angular_at, coarse_node, sample_angular};
use super::math::larger;
use super::rng::Rng;
use super::walk::REST;

/// Samples `mu = (1 - cos_theta)/2` of the photon. Two draws. The table is of `mu^2`: binding makes the density of mu vanish
/// linearly in the forward direction, so that of its square is finite there, as the table's form wants it.
#[inline(always)]
pub fn sample_mu(tables: &[f32], offset: u32, material: usize, energy: f32, rng: &mut Rng) -> f32 {
    let node = coarse_node(energy, rng.uniform());
    sample_angular(tables, angular_at(offset, material, node), rng.uniform()).sqrt()
}

/// Energy (MeV) of the scattered photon, and `mu` of the recoil electron, for a free electron at rest.
#[inline(always)]
pub fn kinematics(energy: f32, mu: f32) -> (f32, f32) {
    let kappa = energy / REST;
    let after = energy / (1.0 + kappa * (2.0 * mu));
    let s = (1.0 + kappa) * (1.0 + kappa) * mu;
    let rest = 1.0 - mu;
    let whole = larger(s + rest, 1e-30);
    let cos_electron = (s / whole).sqrt();
    // (1 - cos)/2 without cancellation; a shader compiler would undo it when `rotate` takes the cosine again.
    (after, 0.5 * rest / (whole * (1.0 + cos_electron)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_and_momentum_are_conserved() {
        for &energy in &[0.02_f32, 0.208, 1.5] {
            for i in 0..=20 {
                let mu = i as f32 / 20.0;
                let (after, mu_e) = kinematics(energy, mu);
                let (e, a, t) = (f64::from(energy), f64::from(after), f64::from(energy - after));
                let rest = f64::from(REST);
                let p = (t * (t + 2.0 * rest)).sqrt();
                let along = a * (1.0 - 2.0 * f64::from(mu)) + p * (1.0 - 2.0 * f64::from(mu_e));
                assert!((along - e).abs() < 2e-6 * e + 2e-4 * p, "{energy} {mu}: {along}");
            }
        }
    }
}
