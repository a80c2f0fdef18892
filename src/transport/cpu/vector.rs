//! Directions: isotropic emission and rotation by a polar and an azimuthal angle.

use super::math::{larger, sin_cos_turn};
use super::rng::Rng;

/// An isotropic direction. Two draws.
#[inline(always)]
pub fn sample_isotropic(rng: &mut Rng) -> [f32; 3] {
    let cos_theta = 1.0 - 2.0 * rng.uniform();
    let sin_theta = larger(1.0 - cos_theta * cos_theta, 0.0).sqrt();
    let (sin_phi, cos_phi) = sin_cos_turn(rng.uniform());
    [sin_theta * cos_phi, sin_theta * sin_phi, cos_theta]
}

/// Turns `d` by the polar angle given as `mu = (1 - cos_theta)/2` and the azimuth `2 pi turn`; the result is
/// brought back to unit length by one Newton step, so that rounding does not pile up along a track.
#[inline(always)]
pub fn rotate(d: [f32; 3], mu: f32, turn: f32) -> [f32; 3] {
    let (sin_phi, cos_phi) = sin_cos_turn(turn);
    rotate_by(d, mu, sin_phi, cos_phi)
}

/// As [`rotate`], with the azimuth given by its sine and cosine.
#[inline(always)]
pub fn rotate_by(d: [f32; 3], mu: f32, sin_phi: f32, cos_phi: f32) -> [f32; 3] {
    let cos_theta = 1.0 - 2.0 * mu;
    let sin_theta = 2.0 * larger(mu * (1.0 - mu), 0.0).sqrt();
    let [u, v, w] = d;
    let a = sin_theta * cos_phi;
    let b = sin_theta * sin_phi;
    let rho2 = u * u + v * v;
    let r = if rho2 > 1e-10 {
        let rho = rho2.sqrt();
        let inv = 1.0 / rho;
        let x = (a * w * u - b * v) * inv;
        let y = (a * w * v + b * u) * inv;
        [u * cos_theta + x, v * cos_theta + y, w * cos_theta - a * rho]
    } else {
        [a, b, if w > 0.0 { cos_theta } else { -cos_theta }]
    };
    let n2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    let scale = 1.5 - 0.5 * n2;
    [r[0] * scale, r[1] * scale, r[2] * scale]
}

#[cfg(test)]
mod tests {
    use super::super::rng::history_state;
    use super::*;

    #[test]
    fn rotation_keeps_the_angle_and_the_length() {
        let mut rng = Rng::new(history_state([1, 2], 0));
        for i in 0..20_000 {
            let d = match i {
                0 => [0.0, 0.0, 1.0],
                1 => [0.0, 0.0, -1.0],
                _ => sample_isotropic(&mut rng),
            };
            let mu = rng.uniform();
            let r = rotate(d, mu, rng.uniform());
            let dot: f32 = (0..3).map(|k| d[k] * r[k]).sum();
            let norm: f32 = (0..3).map(|k| r[k] * r[k]).sum();
            assert!((dot - (1.0 - 2.0 * mu)).abs() < 2e-6, "{d:?} {mu} {dot}");
            assert!((norm - 1.0).abs() < 2e-6);
        }
    }

    #[test]
    fn many_rotations_keep_unit_length() {
        let mut rng = Rng::new(history_state([1, 2], 5));
        let mut d = [0.6, 0.0, 0.8];
        for _ in 0..100_000 {
            d = rotate(d, 0.05 * rng.uniform(), rng.uniform());
        }
        let norm: f32 = (0..3).map(|k| d[k] * d[k]).sum();
        assert!((norm - 1.0).abs() < 2e-6);
    }
}
