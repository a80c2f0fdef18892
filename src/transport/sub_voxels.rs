//! Scoring finer than voxels in a box of them: equal parts of each voxel are cells of the tally behind those of the voxels. Neglects nothing of the
//! transport; matter and activity stay those of the voxels, so that a face between two tissues lies where the voxels put it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Grid;

/// Most parts along an edge: beyond, a voxel is cut finer than steps are.
pub const MOST_PARTS: u32 = 32;
/// Most cells of the finer tally; each takes the memory of a voxel.
const MOST_CELLS: usize = 1 << 28;

/// A box of voxels, each of which is scored in `parts`³ equal parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubVoxels {
    /// First voxel of the box.
    pub first: [usize; 3],
    /// Its voxels along each axis.
    pub voxels: [usize; 3],
    /// Parts along each edge of a voxel.
    pub parts: u32,
}

impl SubVoxels {
    /// Cells along each axis.
    pub fn dims(&self) -> [usize; 3] {
        self.voxels.map(|n| n * self.parts as usize)
    }

    /// All cells.
    pub fn cells(&self) -> usize {
        self.dims().iter().product()
    }

    /// The cells as a grid of their own.
    pub fn grid(&self, of: &Grid) -> Grid {
        let parts = f64::from(self.parts);
        // Centre of the first cell, in voxels.
        let at = self.first.map(|f| f as f64 - 0.5 + 0.5 / parts);
        let origin_mm = std::array::from_fn(|x| {
            of.origin_mm[x] + (0..3).map(|k| at[k] * of.axes_mm[k][x]).sum::<f64>()
        });
        let axes_mm = of.axes_mm.map(|axis| axis.map(|a| a / parts));
        Grid { dims: self.dims(), origin_mm, axes_mm }
    }

    /// The voxel of a grid that a cell is a part of.
    pub fn voxel_of(&self, cell: usize, of: &Grid) -> usize {
        let [nx, ny, _] = self.dims();
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        let [i, j, k] = std::array::from_fn(|x| self.first[x] + at[x] / self.parts as usize);
        i + of.dims[0] * (j + of.dims[1] * k)
    }

    /// Refuses a box that is not in the grid, or too many cells.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self, grid: &Grid) -> Result<()> {
        let refuse = |problem: String, why: String| {
            Err(Error::usage(problem, why, "Choose a smaller box, or fewer parts."))
        };
        let inside =
            (0..3).all(|k| self.voxels[k] > 0 && self.first[k] + self.voxels[k] <= grid.dims[k]);
        if !inside {
            return refuse(
                format!("a box of {:?} voxels from {:?} on", self.voxels, self.first),
                format!("it does not lie in the grid of {:?}", grid.dims),
            );
        }
        if !(2..=MOST_PARTS).contains(&self.parts) {
            return refuse(
                format!("{} parts of a voxel's edge", self.parts),
                format!("there may be 2 to {MOST_PARTS}"),
            );
        }
        let cells = self.voxels.iter().map(|n| n * self.parts as usize);
        let cells = cells.fold(1_usize, usize::saturating_mul);
        if cells > MOST_CELLS || grid.len().saturating_add(cells) > u32::MAX as usize {
            return refuse(
                format!("{cells} cells of finer scoring"),
                format!("there may be {MOST_CELLS}, each with the memory of a voxel"),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_box() {
        let grid = Grid::aligned([6, 5, 4], [-10.0, 4.0, 7.0], [2.0, 3.0, 5.0]);
        let fine = SubVoxels { first: [1, 2, 0], voxels: [3, 2, 4], parts: 5 };
        fine.check(&grid).unwrap();
        let cells = fine.grid(&grid);
        assert_eq!(cells.dims, [15, 10, 20]);
        assert_eq!(cells.len(), fine.cells());
        // The lower corner of the box: half a voxel below its first centre.
        let corner: [f64; 3] =
            std::array::from_fn(|k| cells.origin_mm[k] - 0.5 * cells.axes_mm[k][k]);
        for (k, expected) in [-10.0 + 2.0 - 1.0, 4.0 + 6.0 - 1.5, 7.0 - 2.5].into_iter().enumerate()
        {
            assert!((corner[k] - expected).abs() < 1e-12, "{corner:?}");
        }
        assert_eq!(fine.voxel_of(0, &grid), 1 + 6 * 2);
        assert_eq!(fine.voxel_of(fine.cells() - 1, &grid), 3 + 6 * (3 + 5 * 3));
        let mut count = vec![0; grid.len()];
        (0..fine.cells()).for_each(|c| count[fine.voxel_of(c, &grid)] += 1);
        assert!(count.iter().all(|n| [0, 125].contains(n)));
        assert_eq!(count.iter().filter(|n| **n > 0).count(), 24);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let grid = Grid::aligned([6, 5, 4], [0.0; 3], [1.0; 3]);
        let good = SubVoxels { first: [0; 3], voxels: [6, 5, 4], parts: 2 };
        assert!(good.check(&grid).is_ok());
        for bad in [
            SubVoxels { first: [1, 0, 0], ..good },
            SubVoxels { voxels: [6, 5, 0], ..good },
            SubVoxels { parts: 1, ..good },
            SubVoxels { parts: 33, ..good },
        ] {
            assert!(bad.check(&grid).is_err(), "{bad:?}");
        }
        let large = Grid::aligned([512, 512, 400], [0.0; 3], [1.0; 3]);
        let all = SubVoxels { first: [0; 3], voxels: large.dims, parts: 8 };
        assert!(all.check(&large).unwrap_err().to_string().contains("cells of finer scoring"));
    }
}
