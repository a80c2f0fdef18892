//! Compton scattering on a bound electron in motion: the scattered energy in the impulse approximation (`physics/impulse.rs`). Neglects
//! the profile beyond its value at zero momentum. Brusa et al., Nucl. Instrum. Meth. A 379, 167 (1996), doi:10.1016/0168-9002(96)00652-3.

use super::math::{larger, ln, smaller};
use super::rng::Rng;
use super::walk::REST;
use crate::physics::impulse::LINEAR_MOMENTUM;
use crate::transport::layout::SHELL_VALUES;

/// Most tries to find an electron that gives way. Where so few do, at small angles of soft photons, the transfer is far below the bindings.
const MAX_TRIES: u32 = 32;
/// Momentum (m c) beyond which the cross section no longer grows with it.
const LINEAR: f32 = LINEAR_MOMENTUM as f32;

/// Energy (MeV) of a photon scattered by the angle `mu = (1 - cos_theta)/2`. Three draws per try; about 1.1 tries at 30 keV in water.
///
/// A shell by its electrons (alias table), the size of the electron's momentum along the momentum transfer from the inverse of
/// `exp(1/2 - (1 + p/w)^2 / 2)`, its sign with the odds `1 + F p` to `1 - F p`; accepted where the electron gets its binding energy.
#[inline]
pub fn sample_energy(
    tables: &[f32],
    shells: usize,
    material: usize,
    energy: f32,
    mu: f32,
    rng: &mut Rng,
) -> f32 {
    let header = &tables[shells + material * SHELL_VALUES..][..SHELL_VALUES];
    let (first, count) = (shells + header[0] as usize, header[1]);
    let shell = |index: usize| -> [f32; SHELL_VALUES] {
        let at = first + index * SHELL_VALUES;
        tables[at..at + SHELL_VALUES].try_into().expect("a shell")
    };
    let kappa = energy / REST;
    let tau = 1.0 / (1.0 + kappa * (2.0 * mu));
    let cos_theta = 1.0 - 2.0 * mu;
    let lost = 1.0 - tau;
    // Momentum transfer over the photon's momentum, squared.
    let q2 = larger(lost * lost + 4.0 * mu * tau, 1e-30);
    let slope = larger(q2.sqrt() * (1.0 + tau * (tau - cos_theta) / q2), 0.0);
    let across = 4.0 * mu * (1.0 - mu);
    for _ in 0..MAX_TRIES {
        let pick = rng.uniform() * count;
        let index = (pick as usize).min(count as usize - 1);
        let mut record = shell(index);
        if pick - index as f32 > record[0] {
            record = shell(record[1] as usize);
        }
        let [_, _, binding, width] = record;
        let size = width * ((1.0 - 2.0 * ln(rng.uniform())).sqrt() - 1.0);
        let forward = 2.0 * rng.uniform() < 1.0 + slope * smaller(size, LINEAR);
        if size < 1.0 {
            let p = if forward { size } else { -size };
            let bent = size * size * tau;
            let root = larger(q2 - bent * tau * across, 0.0).sqrt();
            let after = energy * tau * (1.0 - bent * cos_theta + p * root) / (1.0 - bent * tau);
            if energy - after >= binding {
                return after;
            }
        }
    }
    energy * tau
}

/// `mu` of the recoil electron, which takes the momentum transfer.
#[inline(always)]
pub fn recoil_mu(energy: f32, after: f32, mu: f32) -> f32 {
    let lost = energy - after;
    let q2 = larger(lost * lost + 4.0 * energy * after * mu, 1e-30);
    let cos_electron = smaller((lost + 2.0 * after * mu) / q2.sqrt(), 1.0);
    // (1 - cos)/2 without cancellation.
    let sine2 = after * after * (4.0 * mu * (1.0 - mu)) / q2;
    smaller(0.5 * sine2 / (1.0 + cos_electron), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::cpu::compton::kinematics;

    /// For a free electron at rest the recoil is that of free kinematics.
    #[test]
    fn recoil_of_an_electron_at_rest() {
        for &energy in &[0.02_f32, 0.208, 1.5] {
            for i in 1..=20 {
                let mu = i as f32 / 20.0;
                let (after, expected) = kinematics(energy, mu);
                let found = recoil_mu(energy, after, mu);
                assert!((found - expected).abs() < 1e-5, "{energy} {mu}: {found} not {expected}");
            }
        }
    }
}
