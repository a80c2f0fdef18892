//! The energy spectrum of beta particles, one per nuclide and sign, so branches are not told apart; angular correlation with gamma rays is
//! neglected. It is computed (`beta_shape`), or read as ICRP-107 tabulates it.
//!
//! ICRP-107 gives about 100 points with gaps of 10 %. Joined by straight lines their mean energy comes
//! out up to 0.4 % high; joined by a cubic spline it agrees with the mean energies of the branches
//! within 0.1 %. The spectrum is then normalised to the yield, and its energy axis stretched
//! by that remaining 0.1 %, so that energy per decay is ICRP-107's own.

use crate::units::KEV_PER_MEV;
use crate::{Error, Result};

/// Straight pieces that replace each gap of the table after the spline.
const PIECES: usize = 8;
/// Largest stretch of the energy axis that is accepted: 0.3 %, three times the worst seen.
const MAX_STRETCH: f64 = 3e-3;
/// Largest stretch to a mean energy that a user states.
const MOST_OF_USER: f64 = 0.2;

/// A beta spectrum as a piecewise linear density.
#[derive(Debug, Clone, PartialEq)]
pub struct BetaSpectrum {
    /// Energies, MeV, ascending.
    pub energy_mev: Vec<f64>,
    /// Particles per MeV and decay at these energies; its integral is `yield_per_decay`.
    pub density_per_mev: Vec<f64>,
    /// Mean number of particles per decay.
    pub yield_per_decay: f64,
    /// Mean energy of one particle, MeV.
    pub mean_energy_mev: f64,
    /// The factor by which the energy axis was stretched to meet ICRP-107's mean energy or a user's; 1 of a computed spectrum.
    pub energy_stretch: f64,
}

impl BetaSpectrum {
    /// Builds the spectrum through the points (MeV, 1/MeV per decay) with the yield and the mean
    /// energy (MeV) of the branches.
    ///
    /// # Errors
    /// If the points do not form a spectrum whose mean energy is the given one within 0.3 %.
    pub fn from_points(points: &[(f64, f64)], yield_per_decay: f64, mean_mev: f64) -> Result<Self> {
        let ascending = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if points.len() < 3 || !ascending || points.iter().any(|p| !(p.1 >= 0.0 && p.0 >= 0.0)) {
            return Err(Error::input(
                format!("beta spectrum of {} points cannot be used", points.len()),
                "it needs three or more points of ascending energy and density not below 0",
                "Generate data/icrp107 again.",
            ));
        }
        let (mut energy, mut density) = refine(points);
        let (integral, first_moment) = moments(&energy, &density);
        let stretch = mean_mev / (first_moment / integral);
        if stretch.is_nan() || (stretch - 1.0).abs() > MAX_STRETCH {
            return Err(Error::input(
                format!("beta spectrum has a mean energy of {:.6} MeV", first_moment / integral),
                format!("the mean energies of its branches give {mean_mev:.6} MeV"),
                "Generate data/icrp107 again.",
            ));
        }
        energy.iter_mut().for_each(|e| *e *= stretch);
        density.iter_mut().for_each(|d| *d *= yield_per_decay / (integral * stretch));
        Ok(BetaSpectrum {
            energy_mev: energy,
            density_per_mev: density,
            yield_per_decay,
            mean_energy_mev: mean_mev,
            energy_stretch: stretch,
        })
    }

    /// The spectrum of a density (1/MeV per decay) that is linear between the energies (MeV, ascending); None if it holds nothing.
    pub fn from_density(energy_mev: Vec<f64>, density_per_mev: Vec<f64>) -> Option<Self> {
        let (integral, first_moment) = moments(&energy_mev, &density_per_mev);
        (integral > 0.0 && integral.is_finite()).then(|| BetaSpectrum {
            energy_mev,
            density_per_mev,
            yield_per_decay: integral,
            mean_energy_mev: first_moment / integral,
            energy_stretch: 1.0,
        })
    }

    /// The spectrum with its energy axis stretched to a mean energy (MeV) that a user states; its end point moves with it.
    ///
    /// # Errors
    /// If that is more than 20 % from its own: another end point is meant then.
    pub fn with_mean(mut self, mean_mev: f64) -> Result<Self> {
        let stretch = mean_mev / self.mean_energy_mev;
        if stretch.is_nan() || (stretch - 1.0).abs() > MOST_OF_USER {
            return Err(Error::input(
                format!("mean_kev is {}", mean_mev * KEV_PER_MEV),
                format!(
                    "the spectrum has a mean of {:.3} keV; a stated one may differ by {} % at most",
                    self.mean_energy_mev * KEV_PER_MEV,
                    100.0 * MOST_OF_USER
                ),
                "Give branches with their end points, or a spectrum.",
            ));
        }
        self.energy_mev.iter_mut().for_each(|e| *e *= stretch);
        self.density_per_mev.iter_mut().for_each(|d| *d /= stretch);
        self.mean_energy_mev = mean_mev;
        self.energy_stretch *= stretch;
        Ok(self)
    }

    /// The greatest energy of the spectrum, MeV.
    pub fn end_point_mev(&self) -> f64 {
        self.energy_mev[self.energy_mev.len() - 1]
    }

    /// Energies (MeV) at `nodes` equally spaced cumulative probabilities from 0 to 1. Sampling
    /// interpolates linearly between them; the table is scaled (by less than 1e-3 at 257 nodes, 1e-4 at
    /// 1025) so that this keeps the mean energy exactly.
    pub fn inverse_cdf(&self, nodes: usize) -> Vec<f64> {
        let nodes = nodes.max(2);
        let mut table = Vec::with_capacity(nodes);
        let (mut piece, mut below) = (0, 0.0);
        for node in 0..nodes {
            let target = self.yield_per_decay * node as f64 / (nodes - 1) as f64;
            while piece + 2 < self.energy_mev.len() && below + self.area(piece) < target {
                below += self.area(piece);
                piece += 1;
            }
            table.push(self.energy_at(piece, target - below));
        }
        let mean = inverse_cdf_mean(&table);
        table.iter_mut().for_each(|e| *e *= self.mean_energy_mev / mean);
        table
    }

    fn area(&self, piece: usize) -> f64 {
        0.5 * (self.density_per_mev[piece] + self.density_per_mev[piece + 1])
            * (self.energy_mev[piece + 1] - self.energy_mev[piece])
    }

    /// The energy at which the linear piece has accumulated `area`: the root of a quadratic, in the
    /// form that does not cancel.
    fn energy_at(&self, piece: usize, area: f64) -> f64 {
        let (e0, e1) = (self.energy_mev[piece], self.energy_mev[piece + 1]);
        let (d0, d1) = (self.density_per_mev[piece], self.density_per_mev[piece + 1]);
        let slope = (d1 - d0) / (e1 - e0);
        let root = (d0 * d0 + 2.0 * slope * area).max(0.0).sqrt();
        if d0 + root > 0.0 { (e0 + 2.0 * area / (d0 + root)).clamp(e0, e1) } else { e0 }
    }
}

/// The mean of what is sampled from an inverse-CDF table with linear interpolation.
pub fn inverse_cdf_mean(table: &[f64]) -> f64 {
    let inner: f64 = table.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum();
    inner / (table.len() - 1) as f64
}

/// Integral and first moment of a piecewise linear density, exactly.
pub(super) fn moments(energy: &[f64], density: &[f64]) -> (f64, f64) {
    let (mut zeroth, mut first) = (0.0, 0.0);
    for i in 1..energy.len() {
        let (a, b, da, db) = (energy[i - 1], energy[i], density[i - 1], density[i]);
        zeroth += 0.5 * (b - a) * (da + db);
        first += (b - a) / 6.0 * (da * (2.0 * a + b) + db * (a + 2.0 * b));
    }
    (zeroth, first)
}

/// Second derivatives of the cubic spline (tridiagonal system, Thomas algorithm) with none at the first
/// point and slope zero at the last: phase space makes a spectrum end as (E0 - E)^2.
fn spline_curvature(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let (mut curvature, mut upper) = (vec![0.0; n], vec![0.0; n]);
    for i in 1..n - 1 {
        let (h0, h1) = (x[i] - x[i - 1], x[i + 1] - x[i]);
        let right = 6.0 * ((y[i + 1] - y[i]) / h1 - (y[i] - y[i - 1]) / h0);
        let pivot = 2.0 * (h0 + h1) - h0 * upper[i - 1];
        upper[i] = h1 / pivot;
        curvature[i] = (right - h0 * curvature[i - 1]) / pivot;
    }
    let h = x[n - 1] - x[n - 2];
    let right = -6.0 * (y[n - 1] - y[n - 2]) / h;
    curvature[n - 1] = (right - h * curvature[n - 2]) / (2.0 * h - h * upper[n - 2]);
    for i in (1..n - 1).rev() {
        curvature[i] -= upper[i] * curvature[i + 1];
    }
    curvature
}

/// The spline through the points on a grid `PIECES` times as fine. Where it dips below zero, which it
/// does by at most 2e-3 of the maximum (Tl-209, between two branches), the density is zero.
fn refine(points: &[(f64, f64)]) -> (Vec<f64>, Vec<f64>) {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let curvature = spline_curvature(&x, &y);
    let (mut energy, mut density) = (vec![x[0]], vec![y[0]]);
    for i in 1..x.len() {
        let h = x[i] - x[i - 1];
        for piece in 1..=PIECES {
            let b = piece as f64 / PIECES as f64;
            let a = 1.0 - b;
            let bend = (a * a * a - a) * curvature[i - 1] + (b * b * b - b) * curvature[i];
            energy.push(x[i - 1] + b * h);
            density.push((a * y[i - 1] + b * y[i] + bend * h * h / 6.0).max(0.0));
        }
    }
    (energy, density)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x (1 - x)^2 on [0, 1] has integral 1/12 and mean 2/5.
    fn sample_points() -> Vec<(f64, f64)> {
        (0..=40).map(|i| i as f64 / 40.0).map(|x| (x, x * (1.0 - x) * (1.0 - x))).collect()
    }

    #[test]
    fn meets_yield_and_mean() {
        let spectrum = BetaSpectrum::from_points(&sample_points(), 0.5, 0.4).unwrap();
        let (integral, first) = moments(&spectrum.energy_mev, &spectrum.density_per_mev);
        assert!((integral - 0.5).abs() < 1e-12);
        assert!((first / integral - 0.4).abs() < 1e-12);
        assert!((spectrum.energy_stretch - 1.0).abs() < 1e-4);
    }

    #[test]
    fn inverse_cdf_is_the_inverse() {
        let spectrum = BetaSpectrum::from_points(&sample_points(), 1.0, 0.4).unwrap();
        let table = spectrum.inverse_cdf(1025);
        assert!((inverse_cdf_mean(&table) - 0.4).abs() < 1e-12);
        // The CDF in closed form: 12 (x^2/2 - 2 x^3/3 + x^4/4).
        for (node, &x) in table.iter().enumerate() {
            let cdf = 12.0 * (x * x / 2.0 - 2.0 * x * x * x / 3.0 + x * x * x * x / 4.0);
            assert!((cdf - node as f64 / 1024.0).abs() < 3e-4, "node {node}: {cdf}");
        }
    }

    #[test]
    fn refuses_a_wrong_mean() {
        assert!(BetaSpectrum::from_points(&sample_points(), 1.0, 0.41).is_err());
        assert!(BetaSpectrum::from_points(&[(0.0, 1.0), (0.0, 1.0)], 1.0, 0.4).is_err());
    }
}
