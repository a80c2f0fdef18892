//! The plan: everything an engine reads, flat and immutable. The only place where f64 facts become f32 tables.

use super::cpu::math::{larger, smaller};
use super::layout::{FLAG_BEAM, Params};
use super::score::{Channels, Origins, Score};
use super::tables::source::build_cumulative;
use crate::error::{Error, Result};
use crate::image::Grid;

/// Energies of an alpha range table: 0 to 10 MeV.
pub const ALPHA_NODES: usize = 257;
/// Step of it, MeV.
pub const ALPHA_ENERGY_STEP: f32 = 10.0 / 256.0;
/// Intervals of a beta spectrum's inverse CDF.
pub const SOURCE_SPECTRUM_INTERVALS: usize = 1024;

/// Source voxels to try in order before a binary search.
const SOURCE_STEPS: usize = 8;

/// Emissions of one particle type.
#[repr(C)]
#[cfg_attr(feature = "gpu", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceGroup {
    /// Particle kind.
    pub kind: u32,
    /// Whole number of particles in every decay.
    pub whole: u32,
    /// Probability of one more.
    pub fraction: f32,
    /// First entry.
    pub first: u32,
    /// Number of entries.
    pub count: u32,
    /// Fills a group up to two blocks of four words.
    pub spare: [u32; 3],
}

/// One line or spectrum of a group, with Walker's alias.
#[repr(C)]
#[cfg_attr(feature = "gpu", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceEntry {
    /// Probability to keep this entry rather than its alias.
    pub probability: f32,
    /// The other entry, relative to the group's first.
    pub alias: u32,
    /// Energy of a line, MeV.
    pub energy: f32,
    /// Offset of a spectrum's inverse CDF in the tables; `u32::MAX` for a line.
    pub spectrum: u32,
}

/// Flat, immutable input of an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Scalars and offsets.
    pub params: Params,
    /// Packed density and material per voxel.
    pub voxels: Vec<u32>,
    /// Packed largest density and hardest material class per majorant cell.
    pub cells: Vec<u32>,
    /// All f32 tables.
    pub tables: Vec<f32>,
    /// Emission groups.
    pub source_groups: Vec<SourceGroup>,
    /// Their entries.
    pub source_entries: Vec<SourceEntry>,
    /// Voxels with activity, ascending.
    pub source_voxels: Vec<u32>,
    /// Cumulative activity up to and including each source voxel; the last is 2^62.
    pub source_cumulative: Vec<u64>,
    /// Weight of a history by its source voxel at each time point, `[source voxel][time point]`; empty for an ordinary run.
    pub source_weights: Vec<f32>,
    /// Which origins may have energy to tally ([`super::reach::Reach`]).
    pub origins: [bool; 3],
    /// The grid, for whoever turns the tally into images.
    pub grid: Grid,
}

impl Plan {
    /// Replaces the activity (any unit) by another map of the same grid; time points are left out.
    ///
    /// # Errors
    /// If it does not fit the grid, holds a value that is no activity, or is empty.
    pub fn set_activity(&mut self, activity: &[f64]) -> Result<()> {
        if self.params.flags & FLAG_BEAM != 0 {
            return Err(Error::usage(
                "an activity for the plan of a beam",
                "its particles come from outside",
                "Build a plan without the beam.",
            ));
        }
        if activity.len() != self.voxels.len() {
            return Err(Error::input(
                format!("{} activities for {} voxels", activity.len(), self.voxels.len()),
                "each voxel needs one",
                "Bring both to one grid.",
            ));
        }
        (self.source_voxels, self.source_cumulative) = build_cumulative(activity)?;
        self.params.source_voxels = self.source_voxels.len() as u32;
        self.source_weights.clear();
        self.params.time_points = 0;
        Ok(())
    }

    /// Takes the source's voxels of a plan of the same grid, so that both draw the same decays.
    pub fn share_source(&mut self, of: &Plan) {
        self.source_voxels.clone_from(&of.source_voxels);
        self.source_cumulative.clone_from(&of.source_cumulative);
        self.source_weights.clone_from(&of.source_weights);
        self.params.source_voxels = of.params.source_voxels;
        self.params.time_points = of.params.time_points;
    }

    /// What a run of it scores.
    pub fn score(&self) -> Score {
        let channels = match self.params.time_points as usize {
            0 => Channels::Origins(Origins(self.origins)),
            times => Channels::Times(times),
        };
        Score { cells: self.tally_cells(), channels }
    }

    /// Linear index of a voxel.
    #[inline(always)]
    pub fn linear(&self, voxel: [i32; 3]) -> usize {
        let [nx, ny, _] = self.params.dims;
        voxel[0] as usize + nx as usize * (voxel[1] as usize + ny as usize * voxel[2] as usize)
    }

    /// Voxel of a linear index.
    #[inline(always)]
    pub fn unlinear(&self, linear: u32) -> [i32; 3] {
        let [nx, ny, _] = self.params.dims;
        [(linear % nx) as i32, (linear / nx % ny) as i32, (linear / (nx * ny)) as i32]
    }

    /// The whole cumulative activity.
    #[inline(always)]
    pub fn source_total(&self) -> u64 {
        self.source_cumulative.last().copied().unwrap_or(0)
    }

    /// Source voxel at a position of the cumulative activity. `hint` is where the search starts and where it ended: histories in
    /// order find their voxel in a step or two; the answer does not depend on it.
    #[inline(always)]
    pub fn source_voxel(&self, position: u64, hint: &mut usize) -> u32 {
        let cumulative = &self.source_cumulative;
        let last = self.source_voxels.len() - 1;
        let mut at = (*hint).min(last);
        for _ in 0..SOURCE_STEPS {
            if cumulative[at] > position || at == last {
                break;
            }
            at += 1;
        }
        let begins = if at == 0 { 0 } else { cumulative[at - 1] };
        if !(begins <= position && position < cumulative[at]) {
            at = cumulative.partition_point(|&c| c <= position).min(last);
        }
        *hint = at;
        self.source_voxels[at]
    }

    /// Production threshold (MeV) of hard collisions at an energy in a material; `short` is 1 where steps are short, else 0.
    #[inline(always)]
    pub fn production_threshold(&self, energy: f32, material: usize, short: u32) -> f32 {
        let p = &self.params;
        let at = p.offsets.thresholds + short * p.materials;
        let largest = self.tables[at as usize + material];
        smaller(larger(energy * p.threshold_fraction, p.threshold_min), largest)
    }

    /// Number of tally cells: voxels and the parts of those that are scored finer, or shells when scoring radially.
    pub fn tally_cells(&self) -> usize {
        if self.params.shells > 0 {
            return self.params.shells as usize + 1;
        }
        let parts = self.params.fine_voxels.map(|n| n as usize * self.params.fine_parts as usize);
        self.voxels.len() + parts.iter().product::<usize>()
    }

    /// Outer radii of the shells, cm, ascending.
    pub fn shell_radii(&self) -> &[f32] {
        let at = self.params.offsets.shells as usize;
        &self.tables[at..at + self.params.shells as usize]
    }

    /// Shell of a point relative to the centre; the last cell is everything outside.
    #[inline]
    pub fn shell_of(&self, local: [f32; 3]) -> usize {
        let r = radius(local);
        self.shell_radii().partition_point(|&outer| outer < r)
    }

    /// Distance of a point to the nearest shell boundary, cm.
    #[inline]
    pub fn shell_clearance(&self, local: [f32; 3]) -> f32 {
        let r = radius(local);
        let radii = self.shell_radii();
        let shell = radii.partition_point(|&outer| outer < r);
        let outer = radii.get(shell).map_or(f32::INFINITY, |o| o - r);
        let inner = if shell > 0 { r - radii[shell - 1] } else { f32::INFINITY };
        outer.min(inner)
    }
}

#[inline(always)]
fn radius(local: [f32; 3]) -> f32 {
    (local[0] * local[0] + local[1] * local[1] + local[2] * local[2]).sqrt()
}
