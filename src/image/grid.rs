//! Where voxels are: a regular grid with an affine from voxel index to DICOM patient coordinates.

use crate::error::{Error, Result};

/// A regular grid of voxels, possibly oblique, in DICOM patient coordinates (LPS, mm).
///
/// Voxel index `[i, j, k]` is the *centre* of a voxel; the linear index has `i` fastest:
/// `i + dims[0] * (j + dims[1] * k)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Number of voxels along i, j, k.
    pub dims: [usize; 3],
    /// Position (mm, LPS) of the centre of voxel `[0, 0, 0]`.
    pub origin_mm: [f64; 3],
    /// `axes[a]` is the displacement (mm, LPS) of one step of index `a`.
    pub axes_mm: [[f64; 3]; 3],
}

impl Grid {
    /// An axis-aligned grid.
    pub fn aligned(dims: [usize; 3], origin_mm: [f64; 3], spacing_mm: [f64; 3]) -> Self {
        let [x, y, z] = spacing_mm;
        Grid { dims, origin_mm, axes_mm: [[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]] }
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// True if the grid has no voxel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Edge lengths of a voxel, mm.
    pub fn spacing_mm(&self) -> [f64; 3] {
        self.axes_mm.map(|a| a.iter().map(|c| c * c).sum::<f64>().sqrt())
    }

    /// Volume of a voxel, mm3.
    pub fn voxel_volume_mm3(&self) -> f64 {
        determinant(&self.axes_mm).abs()
    }

    /// Linear index of `[i, j, k]`.
    pub fn linear(&self, index: [usize; 3]) -> usize {
        index[0] + self.dims[0] * (index[1] + self.dims[1] * index[2])
    }

    /// Smallest and largest index along each axis of some voxels; none without voxels.
    pub fn bounds(&self, voxels: &[u32]) -> Option<[[usize; 3]; 2]> {
        let first = self.unlinear(*voxels.first()? as usize);
        Some(voxels.iter().fold([first, first], |[low, high], v| {
            let voxel = self.unlinear(*v as usize);
            [[0, 1, 2].map(|a| low[a].min(voxel[a])), [0, 1, 2].map(|a| high[a].max(voxel[a]))]
        }))
    }

    /// `[i, j, k]` of a linear index.
    pub fn unlinear(&self, linear: usize) -> [usize; 3] {
        let [nx, ny, _] = self.dims;
        [linear % nx, linear / nx % ny, linear / (nx * ny)]
    }

    /// Position (mm, LPS) of a continuous index.
    pub fn to_mm(&self, index: [f64; 3]) -> [f64; 3] {
        let mut out = self.origin_mm;
        for (a, axis) in self.axes_mm.iter().enumerate() {
            for (o, c) in out.iter_mut().zip(axis) {
                *o += index[a] * c;
            }
        }
        out
    }

    /// Continuous index of a position (mm, LPS).
    ///
    /// # Errors
    /// If the axes are not linearly independent.
    pub fn to_index(&self, mm: [f64; 3]) -> Result<[f64; 3]> {
        let inverse = self.inverse_axes()?;
        let d = [0, 1, 2].map(|c| mm[c] - self.origin_mm[c]);
        Ok([0, 1, 2].map(|a| (0..3).map(|c| inverse[a][c] * d[c]).sum()))
    }

    /// Rows `r[a]` such that `index[a] = r[a] . (mm - origin)`.
    ///
    /// # Errors
    /// If the axes are not linearly independent.
    pub fn inverse_axes(&self) -> Result<[[f64; 3]; 3]> {
        let [u, v, w] = self.axes_mm;
        let det = determinant(&self.axes_mm);
        // Relative to a box of these edges, so that the unit of length does not matter.
        let full: f64 = self.spacing_mm().iter().product();
        if !det.is_finite() || det.abs() <= 1e-6 * full {
            return Err(Error::input(
                format!("the grid's axes {:?} mm span no volume", self.axes_mm),
                "three independent directions are needed to place voxels",
                "Check the orientation and spacing in the image header.",
            ));
        }
        let rows = [cross(v, w), cross(w, u), cross(u, v)];
        Ok(rows.map(|r| r.map(|c| c / det)))
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    let c = cross(m[1], m[2]);
    m[0][0] * c[0] + m[0][1] * c[1] + m[0][2] * c[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_position_are_inverse_on_an_oblique_grid() {
        let grid = Grid {
            dims: [4, 5, 6],
            origin_mm: [-10.0, 3.0, 7.0],
            axes_mm: [[1.9, 0.2, 0.0], [-0.3, 2.1, 0.1], [0.0, 0.4, -3.0]],
        };
        let index = [1.25, 3.5, 4.75];
        let back = grid.to_index(grid.to_mm(index)).expect("independent axes");
        for a in 0..3 {
            assert!((back[a] - index[a]).abs() < 1e-12, "{back:?}");
        }
        assert_eq!(grid.unlinear(grid.linear([3, 2, 5])), [3, 2, 5]);
    }

    #[test]
    fn a_flat_grid_is_refused() {
        let mut grid = Grid::aligned([2, 2, 2], [0.0; 3], [1.0; 3]);
        grid.axes_mm[2] = [1.0, 0.0, 0.0];
        assert!(grid.to_index([0.0; 3]).is_err());
    }
}
