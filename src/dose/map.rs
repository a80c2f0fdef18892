//! A tally as dose per voxel: energy per decay x decays / mass.
//!
//! Dose in air is energy divided by next to no mass: such voxels stand in the map and in a mask, and are left out
//! of maxima and percentiles.

use rayon::prelude::*;

use crate::transport::tally::{Origin, Tally, Told};
use crate::units::{CM3_PER_MM3, GY_PER_MEV_PER_G};

/// Turns energy per history into Gy/s or Gy.
#[derive(Debug, Clone, Copy)]
pub struct DoseScale<'a> {
    /// Decays per second (dose rate) or decays (dose) on the grid.
    pub decays: f64,
    /// g/cm3 per voxel.
    pub density: &'a [f32],
    /// mm3.
    pub voxel_volume_mm3: f64,
}

impl DoseScale<'_> {
    /// Gy (or Gy/s) per MeV per history in a voxel.
    pub fn factor(&self, voxel: usize) -> f64 {
        let mass_g = f64::from(self.density[voxel]) * self.voxel_volume_mm3 * CM3_PER_MM3;
        self.decays * GY_PER_MEV_PER_G / mass_g
    }

    /// Gy (or Gy/s) per MeV per history in a mass (g).
    pub fn factor_of_mass(&self, mass_g: f64) -> f64 {
        self.decays * GY_PER_MEV_PER_G / mass_g
    }

    /// Dose of a voxel.
    pub fn dose(&self, tally: &Tally, voxel: usize) -> f64 {
        tally.mean_mev(voxel) * self.factor(voxel)
    }

    /// Standard error of it; NaN below two batches.
    pub fn standard_error(&self, tally: &Tally, voxel: usize) -> f64 {
        tally.standard_error_mev(voxel) * self.factor(voxel)
    }

    /// The dose map.
    pub fn map(&self, tally: &Tally) -> Vec<f32> {
        self.fill(|v| self.dose(tally, v))
    }

    /// The map of standard errors; NaN where the batches do not tell one ([`Told`]).
    pub fn standard_error_map(&self, tally: &Tally) -> Vec<f32> {
        self.fill(|v| match tally.told(v) {
            Told::Yes => self.standard_error(tally, v),
            _ => f64::NAN,
        })
    }

    /// Voxels without a standard error: those that nothing has hit, and those that too few batches have.
    pub fn untold(&self, tally: &Tally) -> [usize; 2] {
        let count = |what: Told| {
            (0..self.density.len()).into_par_iter().filter(|v| tally.told(*v) == what).count()
        };
        [count(Told::Unhit), count(Told::Few)]
    }

    /// The dose map of what stems from one kind of emission.
    pub fn map_of(&self, tally: &Tally, origin: Origin) -> Vec<f32> {
        self.fill(|v| tally.mean_mev_of(origin, v) * self.factor(v))
    }

    fn fill(&self, value: impl Fn(usize) -> f64 + Sync) -> Vec<f32> {
        (0..self.density.len()).into_par_iter().map(|v| value(v) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mev_per_decay_in_one_gram() {
        // 1 MBq depositing 1 MeV per decay in 1 g (1 mL of water): 1.602e-10 J/kg x 1e6 /s.
        let scale = DoseScale { decays: 1e6, density: &[1.0, 0.5], voxel_volume_mm3: 1000.0 };
        assert!((scale.factor(0) / 1.602_176_634e-4 - 1.0).abs() < 1e-12);
        assert!((scale.factor(1) / scale.factor(0) - 2.0).abs() < 1e-12);
        assert!((scale.factor_of_mass(1.0) / scale.factor(0) - 1.0).abs() < 1e-12);
    }
}
