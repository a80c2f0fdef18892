//! Direction of a bremsstrahlung photon: a dipole field in the electron's rest frame, boosted, without its dependence on
//! photon energy and on the atom's screening. The photon's energy is in `electron.rs` (it needs the tables).

use super::electron::beta_squared;

/// `mu = (1 - cos_theta)/2` from the density `1/(1 - beta cos_theta)^2`, by inversion; `u` uniform.
/// Leading factor of the Schiff and Sauter angular distributions (Koch & Motz, Rev. Mod. Phys. 31, 920, 1959, doi:10.1103/RevModPhys.31.920).
#[inline]
pub fn sample_angle(energy: f32, u: f32) -> f32 {
    let beta = beta_squared(energy).sqrt();
    // Not `1 + beta (2 u - 1)`: a shader compiler takes it apart.
    let slow = 1.0 - beta;
    (1.0 - u) * slow / (slow + beta * (2.0 * u))
}
