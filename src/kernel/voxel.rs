//! The kernel of equal voxels: energy in each voxel per decay spread evenly over one of them, in a uniform, infinite medium. Its S value is that
//! of MIRD Pamphlet 17 (Bolch et al., J. Nucl. Med. 40, 11S, 1999). Neglects what the point kernel neglects.

use super::medium::MediumFacts;
use super::overlap::{Octant, voxels};
use super::point::PointKernel;
use crate::stats::mean_and_error;
use crate::transport::tally::ORIGINS;
use crate::units::GY_PER_MEV_PER_G;

/// mGy/(MBq s) per Gy per decay.
const MGY_PER_MBQ_S: f64 = 1e9;

/// Energies per decay in the octant of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct VoxelKernel {
    /// What decays.
    pub source: String,
    /// Where.
    pub medium: MediumFacts,
    /// The voxels.
    pub octant: Octant,
    /// MeV per decay, `[replicate][origin][voxel]`; empty for origins that the source has not.
    pub energy_mev: Vec<[Vec<f64>; ORIGINS]>,
    /// MeV per decay that the source emits.
    pub emitted_mev: f64,
    /// Decays simulated.
    pub histories: u64,
}

impl VoxelKernel {
    /// Of a point kernel.
    pub fn of_point(point: &PointKernel, octant: Octant) -> Self {
        let sets: Vec<&[f64]> = point.energy_mev.iter().flatten().map(Vec::as_slice).collect();
        let made = voxels(&point.radii_cm, &sets, &octant);
        let mut made = made.into_iter().zip(&sets);
        let mut next = || match made.next() {
            Some((kernel, set)) if !set.is_empty() => kernel,
            _ => Vec::new(),
        };
        let energy_mev = point.energy_mev.iter().map(|_| [next(), next(), next()]).collect();
        VoxelKernel {
            source: point.source.clone(),
            medium: point.medium.clone(),
            octant,
            energy_mev,
            emitted_mev: point.emitted_mev,
            histories: point.histories,
        }
    }

    /// All origins together in one replicate.
    pub fn total(&self, replicate: usize) -> Vec<f64> {
        let mut sum = vec![0.0; self.octant.len()];
        for origin in &self.energy_mev[replicate] {
            sum.iter_mut().zip(origin).for_each(|(s, e)| *s += e);
        }
        sum
    }

    /// The mean over the replicates of one origin; empty if the source has none.
    pub fn mean_of(&self, origin: usize) -> Vec<f64> {
        let n = self.energy_mev.len() as f64;
        let mut sum = vec![0.0; self.energy_mev.first().map_or(0, |r| r[origin].len())];
        for replicate in &self.energy_mev {
            sum.iter_mut().zip(&replicate[origin]).for_each(|(s, e)| *s += e / n);
        }
        sum
    }

    /// Energy (MeV per decay) in a voxel and its standard error, of some origins.
    pub fn energy(&self, voxel: usize, origins: &[usize]) -> (f64, f64) {
        let of =
            |r: &[Vec<f64>; ORIGINS]| origins.iter().filter_map(|o| r[*o].get(voxel)).sum::<f64>();
        let values: Vec<f64> = self.energy_mev.iter().map(of).collect();
        mean_and_error(&values, 1.0)
    }

    /// S value (mGy/(MBq s)) per MeV per decay in a voxel.
    pub fn s_per_mev(&self) -> f64 {
        let mass_g: f64 = self.octant.voxel_cm.iter().product::<f64>() * self.medium.density_g_cm3;
        GY_PER_MEV_PER_G / mass_g * MGY_PER_MBQ_S
    }

    /// Energy (MeV per decay) that the kernel holds.
    pub fn inside_mev(&self) -> f64 {
        let all: [usize; ORIGINS] = [0, 1, 2];
        let of = |v: usize| self.energy(v, &all).0 * Octant::copies(self.octant.unlinear(v));
        (0..self.octant.len()).map(of).sum()
    }

    /// Energy (MeV per decay) that it does not hold: it lies outside of its reach.
    pub fn outside_mev(&self) -> f64 {
        self.emitted_mev - self.inside_mev()
    }
}
