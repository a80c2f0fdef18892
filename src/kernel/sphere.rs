//! Dose of a sphere of uniform activity in an infinite medium of its own kind, from the point kernel. Neglects that surroundings may differ.
//!
//! Of points spread evenly over a sphere of radius a, the part that stays inside after a move of length r in any direction is
//! 1 - 3/4 (r/a) + 1/16 (r/a)^3 for r <= 2 a (Berger, J. Nucl. Med. Suppl. 1, 15, 1968: the geometric reduction factor).

use super::point::PointKernel;
use crate::stats::mean_and_error;
use crate::units::GY_PER_MEV_PER_G;

/// The geometric reduction factor of a sphere.
pub fn stays(r_over_a: f64) -> f64 {
    match r_over_a {
        q if q <= 0.0 => 1.0,
        q if q >= 2.0 => 0.0,
        q => 1.0 - 0.75 * q + q * q * q / 16.0,
    }
}

/// A sphere's dose by its own activity.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct SphereDose {
    /// g.
    pub mass_g: f64,
    /// cm.
    pub radius_cm: f64,
    /// mGy/(MBq s).
    pub s_value: f64,
    /// Of the kernel's statistics.
    pub standard_error: f64,
    /// Part of the emitted energy that stays in the sphere.
    pub absorbed_fraction: f64,
}

/// Of a mass (g) of the kernel's medium.
pub fn dose(kernel: &PointKernel, mass_g: f64) -> SphereDose {
    let volume = mass_g / kernel.medium.density_g_cm3;
    let radius_cm = (volume * 0.75 / std::f64::consts::PI).cbrt();
    let part = |s: usize| {
        let inner = if s == 0 { 0.0 } else { kernel.radii_cm[s - 1] };
        // Simpson over the radius, evenly filled.
        let outer = kernel.radii_cm[s];
        let at = |r: f64| stays(r / radius_cm);
        (at(inner) + 4.0 * at(0.5 * (inner + outer)) + at(outer)) / 6.0
    };
    let parts: Vec<f64> = (0..kernel.shells()).map(part).collect();
    let energies: Vec<f64> = kernel
        .energy_mev
        .iter()
        .map(|origins| origins.iter().flat_map(|o| o.iter().zip(&parts)).map(|(e, p)| e * p).sum())
        .collect();
    let (energy, error) = mean_and_error(&energies, 1.0);
    // mGy/(MBq s) are 1e-9 Gy per decay.
    let per_mev = GY_PER_MEV_PER_G / mass_g * 1e9;
    SphereDose {
        mass_g,
        radius_cm,
        s_value: energy * per_mev,
        standard_error: error * per_mev,
        absorbed_fraction: energy / kernel.emitted_mev,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of two random points of a sphere has the density 3 r^2/a^3 times the factor: it must come to one.
    #[test]
    fn pair_distances_have_a_norm() {
        let n = 20_000;
        let sum: f64 = (0..n)
            .map(|k| {
                let q = 2.0 * (f64::from(k) + 0.5) / f64::from(n);
                3.0 * q * q * stays(q) * 2.0 / f64::from(n)
            })
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert_eq!((stays(0.0), stays(2.0)), (1.0, 0.0));
    }
}
