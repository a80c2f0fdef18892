//! A uniformly active sphere seen with a Gaussian resolution, in closed form. Neglects background activity, voxels and a resolution that
//! changes with place.
//!
//! With radius a, standard deviation s = FWHM / (2 sqrt(2 ln 2)) and u = 2 a / s:
//! - relative concentration at radius r: h(r) = (erf((a+r)/(sqrt(2) s)) + erf((a-r)/(sqrt(2) s)))/2 - s/(sqrt(2 pi) r) (e^(-(a-r)^2/2s^2) - e^(-(a+r)^2/2s^2));
//! - recovery of the true contour, the mean of the overlap 1 - 3t/4a + t^3/16a^3 of two such spheres over the Maxwell distribution of the shift t:
//!   RC = erf(u/sqrt(2)) - sqrt(2/pi) (3/u - 4/u^3 + (4/u^3 - 1/u) e^(-u^2/2)).
//!
//! `docs/quantification.md` derives both. 2 h(a) is the phi of Gear et al. 2018 (doi:10.1007/s00259-018-4136-7).

use std::f64::consts::{LN_2, PI};

use super::check::positive;
use crate::error::Result;
use crate::units::CM3_PER_MM3;

/// A sphere and the scanner's resolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlurredSphere {
    radius_mm: f64,
    sigma_mm: f64,
}

impl BlurredSphere {
    /// From a volume (mL) and the full width at half maximum of the point-spread function (mm).
    ///
    /// # Errors
    /// If either is not positive.
    pub fn new(volume_ml: f64, fwhm_mm: f64) -> Result<Self> {
        let radius_mm =
            0.5 * sphere_diameter_mm(positive("the volume of a sphere, mL,", volume_ml)?);
        let sigma_mm = positive("the resolution (FWHM), mm,", fwhm_mm)? / (8.0 * LN_2).sqrt();
        Ok(BlurredSphere { radius_mm, sigma_mm })
    }

    /// Concentration at a distance from the centre (mm), relative to the true one.
    pub fn concentration(&self, distance_mm: f64) -> f64 {
        let (a, s) = (self.radius_mm, self.sigma_mm);
        let r = distance_mm.abs();
        let scale = std::f64::consts::SQRT_2 * s;
        if r < 1e-3 * s {
            // The limit r -> 0; the next term is of order (r / s)^2.
            let x = a / scale;
            return libm::erf(x) - 2.0 / PI.sqrt() * x * (-x * x).exp();
        }
        let gauss = |x: f64| (-(x / scale).powi(2)).exp();
        let edges = 0.5 * (libm::erf((a + r) / scale) + libm::erf((a - r) / scale));
        edges - s / ((2.0 * PI).sqrt() * r) * (gauss(a - r) - gauss(a + r))
    }

    /// Activity seen within the true contour over the true activity.
    pub fn recovery(&self) -> f64 {
        let u = 2.0 * self.radius_mm / self.sigma_mm;
        let root = (2.0 / PI).sqrt();
        if u < 0.05 {
            // Series: the density of the shift at zero times the sphere's volume, and the first correction.
            return root * u.powi(3) / 24.0 * (1.0 - 0.15 * u * u);
        }
        let (u3, e) = (u.powi(3), (-0.5 * u * u).exp());
        libm::erf(u / std::f64::consts::SQRT_2)
            - root * (3.0 / u - 4.0 / u3 + (4.0 / u3 - 1.0 / u) * e)
    }

    /// d ln(counts in the contour) / d ln(volume of the contour) at the true contour: h(a) / RC, which is phi / (2 R) of Gear et al. 2018.
    pub fn count_exponent(&self) -> f64 {
        self.concentration(self.radius_mm) / self.recovery()
    }
}

/// Diameter (mm) of a sphere of a volume (mL).
pub fn sphere_diameter_mm(volume_ml: f64) -> f64 {
    (6.0 * volume_ml / (CM3_PER_MM3 * PI)).cbrt()
}

/// Volume (mL) of a sphere of a diameter (mm).
pub fn sphere_volume_ml(diameter_mm: f64) -> f64 {
    PI / 6.0 * diameter_mm.powi(3) * CM3_PER_MM3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blurs a sphere on a voxel grid and reads concentrations and recovery off it.
    fn convolved(radius: f64, sigma: f64, step: f64) -> (f64, f64, f64) {
        let half = ((radius + 4.5 * sigma) / step).ceil() as i64;
        let n = (2 * half + 1) as usize;
        let at = |i: usize| (i as i64 - half) as f64 * step;
        // Part of a voxel inside the sphere, by 4^3 points.
        let inside = |x: [f64; 3]| {
            let mut count = 0;
            for k in 0..64 {
                let o = [k % 4, k / 4 % 4, k / 16].map(|q| (f64::from(q) - 1.5) / 4.0 * step);
                count +=
                    i32::from((0..3).map(|t| (x[t] + o[t]).powi(2)).sum::<f64>() < radius * radius);
            }
            f64::from(count) / 64.0
        };
        let mut sphere = vec![0.0; n * n * n];
        for (i, value) in sphere.iter_mut().enumerate() {
            *value = inside([at(i % n), at(i / n % n), at(i / n / n)]);
        }
        let weights: Vec<f64> = (0..n).map(|i| (-0.5 * (at(i) / sigma).powi(2)).exp()).collect();
        let norm: f64 = weights.iter().sum();
        let mut image = sphere.clone();
        for stride in [1, n, n * n] {
            let source = image.clone();
            for (i, value) in image.iter_mut().enumerate() {
                let k = i / stride % n;
                let row = i - k * stride;
                *value = (0..n)
                    .filter_map(|j| {
                        Some(
                            source[row + j * stride]
                                * weights.get((j as i64 - k as i64 + half) as usize)?,
                        )
                    })
                    .sum::<f64>()
                    / norm;
            }
        }
        let seen: f64 = image.iter().zip(&sphere).map(|(a, b)| a * b).sum();
        let centre = (n * n * n) / 2;
        let edge = (radius / step).round() as usize;
        (seen / sphere.iter().sum::<f64>(), image[centre], image[centre + edge])
    }

    #[test]
    fn closed_forms_equal_a_convolution() {
        for (radius, sigma) in [(8.0, 4.0), (6.0, 5.0)] {
            let (recovery, centre, edge) = convolved(radius, sigma, 1.0);
            // A voxel adds a twelfth of its width squared to the variance: once to a concentration, twice to what a contour sums.
            let seen = |voxels: f64| BlurredSphere {
                radius_mm: radius,
                sigma_mm: (sigma * sigma + voxels / 12.0).sqrt(),
            };
            let close =
                |a: f64, b: f64| assert!((a / b - 1.0).abs() < 2e-3, "{radius} {sigma}: {a} {b}");
            close(seen(2.0).recovery(), recovery);
            close(seen(1.0).concentration(0.0), centre);
            close(seen(1.0).concentration(radius), edge);
        }
    }

    /// Independent of the derivation of RC: 3/a^3 times the integral of h(r) r^2 to a.
    #[test]
    fn recovery_is_the_mean_concentration() {
        for ratio in [0.01, 0.03, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0] {
            let sphere = BlurredSphere { radius_mm: ratio, sigma_mm: 1.0 };
            let n = 4000;
            let mean = (0..=n)
                .map(|i| {
                    let r = ratio * f64::from(i) / f64::from(n);
                    let w = if i == 0 || i == n {
                        1.0
                    } else if i % 2 == 1 {
                        4.0
                    } else {
                        2.0
                    };
                    w * sphere.concentration(r) * r * r
                })
                .sum::<f64>()
                * ratio
                / (3.0 * f64::from(n))
                * 3.0
                / ratio.powi(3);
            let tolerance = if ratio < 0.1 { 2e-5 } else { 1e-7 };
            assert!(
                (sphere.recovery() / mean - 1.0).abs() < tolerance,
                "{ratio}: {} {mean}",
                sphere.recovery()
            );
        }
    }

    #[test]
    fn limits_and_exponent() {
        let seen = |volume, fwhm| BlurredSphere::new(volume, fwhm).unwrap();
        assert!(seen(1e9, 1.0).recovery() > 0.998 && seen(1e-6, 10.0).recovery() < 1e-4);
        // A flat edge is seen at half its height; a point's counts grow as the volume of the contour.
        assert!((seen(1e9, 1.0).concentration(seen(1e9, 1.0).radius_mm) - 0.5).abs() < 1e-3);
        assert!((seen(1e-6, 10.0).count_exponent() - 1.0).abs() < 1e-3);
        assert!((sphere_volume_ml(sphere_diameter_mm(26.5)) / 26.5 - 1.0).abs() < 1e-14);
        // The 37 mm sphere of the NEMA IEC body phantom holds 26.52 mL.
        assert!((sphere_volume_ml(37.0) - 26.52).abs() < 0.01);
        assert!(
            BlurredSphere::new(0.0, 10.0).is_err() && BlurredSphere::new(1.0, f64::NAN).is_err()
        );
    }
}
