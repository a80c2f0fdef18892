//! Majorant cells: a coarse grid over the voxels, each cell with the largest density and the hardest material in it.
//!
//! The majorant of mu in a cell is `largest density x max over materials up to the cell's class of mu/rho`; materials are ordered by
//! mu/rho at 30 keV, where photoelectric absorption tells bone from water. One cell for all is used unless the grid
//! has much air or a few dense voxels, because crossing cells costs more than a few fictitious collisions.

use crate::transport::layout::{pack_voxel, voxel_density, voxel_material};

/// Edge of a cell, cm: about a third of the mean free path at 100 keV in water.
const CELL_EDGE_CM: f64 = 2.5;
/// One cell for all while the volume mean of density / largest density is above this.
const SINGLE_CELL_MEAN: f64 = 0.4;

/// Cells of a grid.
pub struct Cells {
    /// Cells along each axis.
    pub dims: [u32; 3],
    /// Voxels per cell edge.
    pub voxels: u32,
    /// Packed largest density and class.
    pub words: Vec<u32>,
}

/// Rank of each material by a hardness value (0 is softest).
pub fn ranks(hardness: &[f64]) -> Vec<u8> {
    let mut order: Vec<usize> = (0..hardness.len()).collect();
    order.sort_by(|&a, &b| hardness[a].total_cmp(&hardness[b]));
    let mut rank = vec![0_u8; hardness.len()];
    for (r, &m) in order.iter().enumerate() {
        rank[m] = r as u8;
    }
    rank
}

/// Builds the cells from packed voxel words and the materials' ranks.
pub fn build_cells(words: &[u32], dims: [usize; 3], edge_cm: [f64; 3], rank: &[u8]) -> Cells {
    let largest = words.iter().map(|&w| voxel_density(w)).fold(0.0_f32, f32::max);
    let mean = words.iter().map(|&w| f64::from(voxel_density(w))).sum::<f64>() / words.len() as f64;
    let smallest_edge = edge_cm.iter().copied().fold(f64::INFINITY, f64::min);
    let per_edge = if mean > SINGLE_CELL_MEAN * f64::from(largest) {
        dims.iter().copied().max().unwrap_or(1)
    } else {
        ((CELL_EDGE_CM / smallest_edge).round() as usize).max(1)
    };
    let n = dims.map(|d| d.div_ceil(per_edge));
    let mut density = vec![0.0_f32; n[0] * n[1] * n[2]];
    let mut class = vec![0_u8; density.len()];
    for (linear, &word) in words.iter().enumerate() {
        let [i, j, k] =
            [linear % dims[0], linear / dims[0] % dims[1], linear / (dims[0] * dims[1])];
        let cell = i / per_edge + n[0] * (j / per_edge + n[1] * (k / per_edge));
        density[cell] = density[cell].max(voxel_density(word));
        class[cell] = class[cell].max(rank[voxel_material(word)]);
    }
    // Rounding up by one unit of the packed density keeps it a majorant.
    let words = density.iter().zip(&class).map(|(&d, &c)| pack_voxel(d * 1.000_02, c)).collect();
    Cells { dims: n.map(|d| d as u32), voxels: per_edge as u32, words }
}
