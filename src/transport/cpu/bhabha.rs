//! Bhabha collisions of positrons: the target electron is free and at rest (binding neglected). Bhabha, Proc. R. Soc. A 154, 195 (1936),
//! in the form of ICRU Report 37 and Nelson et al., SLAC-265 (1985), eq. 2.10.12.

use super::rng::Rng;
use super::walk::REST;

/// Most tries of the rejection loop; the least acceptance is above 0.3.
const MAX_TRIES: u32 = 64;

/// Samples the energy (MeV) given to the electron in `[threshold, energy]`. Two draws per try; 1 try on average at 20 keV, 1.5 at
/// 1 MeV, 1.2 at 3 MeV. None if no try was accepted.
#[inline]
pub fn sample_transfer(energy: f32, threshold: f32, rng: &mut Rng) -> Option<f32> {
    let x0 = threshold / energy;
    if x0 >= 1.0 {
        return None;
    }
    let gamma = 1.0 + energy / REST;
    let beta2 = 1.0 - 1.0 / (gamma * gamma);
    let y = 1.0 / (gamma + 1.0);
    let y2 = y * y;
    let t = 1.0 - 2.0 * y;
    let b1 = 2.0 - y2;
    let b2 = t * (3.0 + y2);
    let t2 = t * t;
    let b4 = t2 * t;
    let b3 = t2 * (t + 1.0);
    let inverse = 1.0 / x0;
    for _ in 0..MAX_TRIES {
        let x = 1.0 / (inverse - rng.uniform() * (inverse - 1.0));
        let weight = 1.0 - beta2 * x * (b1 - x * (b2 - x * (b3 - x * b4)));
        if rng.uniform() <= weight {
            return Some(x * energy);
        }
    }
    None
}
