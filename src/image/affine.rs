//! Maps between patient coordinates: matrix and offset. Rigid ones are turns and shifts; a tool may also state scale and shear.
//!
//! Direction, everywhere in the program: a transform of a registration maps points of the **fixed** image to points of the **moving** image, as ITK's
//! do, so that the moving image can be looked up at the fixed one's voxels. What lies in the moving image is brought into the fixed one's frame by
//! the inverse.

use nalgebra::Matrix3;

use super::Grid;
use crate::error::{Error, Result};

/// `point -> matrix * point + offset`, mm, LPS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// Rows.
    pub matrix: [[f64; 3]; 3],
    /// mm.
    pub offset_mm: [f64; 3],
}

/// Largest deviation of the product of a matrix and its transpose from 1 that counts as rigid: 5e-5 of length over 500 mm are 0.025 mm, and files keep
/// matrices in single precision or with six digits.
pub const RIGID: f64 = 1e-4;

/// Ratio of the smallest to the largest singular value below which a matrix counts as singular.
const SINGULAR: f64 = 1e-6;

impl Affine {
    /// Every point stays.
    pub const IDENTITY: Affine =
        Affine { matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], offset_mm: [0.0; 3] };

    /// A shift.
    pub fn shift(mm: [f64; 3]) -> Affine {
        Affine { offset_mm: mm, ..Affine::IDENTITY }
    }

    /// `matrix * (point - centre) + centre + translation`.
    pub fn about(matrix: [[f64; 3]; 3], centre_mm: [f64; 3], translation_mm: [f64; 3]) -> Affine {
        let turned = times(&matrix, centre_mm);
        let offset_mm = [0, 1, 2].map(|c| centre_mm[c] - turned[c] + translation_mm[c]);
        Affine { matrix, offset_mm }
    }

    /// Where a point goes, mm.
    pub fn apply(&self, mm: [f64; 3]) -> [f64; 3] {
        let p = times(&self.matrix, mm);
        [0, 1, 2].map(|c| p[c] + self.offset_mm[c])
    }

    /// Where a displacement goes, mm.
    pub fn direction(&self, mm: [f64; 3]) -> [f64; 3] {
        times(&self.matrix, mm)
    }

    /// First this map, then `next`.
    pub fn then(&self, next: &Affine) -> Affine {
        let matrix = product(&next.matrix, &self.matrix);
        Affine { matrix, offset_mm: next.apply(self.offset_mm) }
    }

    /// The map back.
    ///
    /// # Errors
    /// If the matrix is singular or not finite.
    pub fn inverse(&self) -> Result<Affine> {
        let found = self.checked()?;
        let inverse = found.nalgebra().try_inverse().ok_or_else(|| self.singular())?;
        let matrix = rows(&inverse);
        let back = times(&matrix, self.offset_mm);
        Ok(Affine { matrix, offset_mm: back.map(|c| -c) })
    }

    /// The map itself, if it can be undone.
    ///
    /// # Errors
    /// If a number is not finite or the matrix is singular.
    pub fn checked(&self) -> Result<&Affine> {
        if self.matrix.iter().chain([&self.offset_mm]).flatten().any(|x| !x.is_finite()) {
            return Err(Error::input(
                format!(
                    "a transform with the matrix {:?} and the offset {:?} mm",
                    self.matrix, self.offset_mm
                ),
                "its numbers must be finite",
                "Export it again.",
            ));
        }
        let values = self.nalgebra().svd(false, false).singular_values;
        if values.min() <= SINGULAR * values.max() || values.max() == 0.0 {
            return Err(self.singular());
        }
        Ok(self)
    }

    /// The map itself, if it is a turn and a shift.
    ///
    /// # Errors
    /// If it has scale, shear or a reflection, or cannot be undone.
    pub fn rigid(&self) -> Result<&Affine> {
        self.checked()?;
        let deviation = self.deviation();
        if deviation > RIGID || self.determinant() < 0.0 {
            let volume = self.determinant();
            return Err(Error::input(
                format!(
                    "a transform with the matrix {:?} is not rigid: it changes volumes by the factor {volume:.6}",
                    self.matrix
                ),
                format!(
                    "a matrix of a turn times its transpose is 1 to {RIGID:e}, here to {deviation:.1e}, and it has no reflection"
                ),
                "Give a rigid transform: a patient's organs keep their size.",
            ));
        }
        Ok(self)
    }

    /// Largest deviation of the matrix times its transpose from 1.
    pub fn deviation(&self) -> f64 {
        let m = self.nalgebra();
        (m * m.transpose() - Matrix3::identity()).amax()
    }

    /// Factor by which volumes change; negative with a reflection.
    pub fn determinant(&self) -> f64 {
        self.nalgebra().determinant()
    }

    /// Angle of the turn of a rigid map, rad.
    pub fn angle_rad(&self) -> f64 {
        let m = &self.matrix;
        // The sine by the antisymmetric part: the cosine alone loses half of the digits of a small angle.
        let s = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]];
        let sine = 0.5 * s.iter().map(|c| c * c).sum::<f64>().sqrt();
        let cosine = 0.5 * (m[0][0] + m[1][1] + m[2][2] - 1.0);
        sine.atan2(cosine)
    }

    fn nalgebra(&self) -> Matrix3<f64> {
        Matrix3::from_fn(|r, c| self.matrix[r][c])
    }

    fn singular(&self) -> Error {
        Error::input(
            format!("a transform with the singular matrix {:?}", self.matrix),
            "it maps space onto a plane, a line or a point, and cannot be undone",
            "Export it again.",
        )
    }
}

impl Grid {
    /// The same voxels at the places to which a map brings them.
    pub fn brought_by(&self, map: &Affine) -> Grid {
        Grid {
            dims: self.dims,
            origin_mm: map.apply(self.origin_mm),
            axes_mm: self.axes_mm.map(|a| map.direction(a)),
        }
    }

    /// The middle of the grid, mm.
    pub fn middle_mm(&self) -> [f64; 3] {
        self.to_mm(self.dims.map(|n| 0.5 * (n as f64 - 1.0)))
    }
}

fn times(m: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    m.map(|r| r[0] * v[0] + r[1] * v[1] + r[2] * v[2])
}

/// Matrix product.
pub(super) fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|r| std::array::from_fn(|c| (0..3).map(|k| a[r][k] * b[k][c]).sum()))
}

fn rows(m: &Matrix3<f64>) -> [[f64; 3]; 3] {
    std::array::from_fn(|r| std::array::from_fn(|c| m[(r, c)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: [[f64; 3]; 3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];

    #[test]
    fn maps_chain_and_undo() {
        let turn = Affine::about(TURN, [10.0, 0.0, 0.0], [1.0, 2.0, 3.0]);
        // (11, 0, 0) lies 1 mm along x from the centre: turned to y.
        assert_eq!(turn.apply([11.0, 0.0, 0.0]), [11.0, 3.0, 3.0]);
        let both = turn.then(&Affine::shift([0.0, 0.0, -3.0]));
        assert_eq!(both.apply([11.0, 0.0, 0.0]), [11.0, 3.0, 0.0]);
        let p = [3.0, -7.0, 11.0];
        let back = both.inverse().unwrap().apply(both.apply(p));
        assert!((0..3).all(|c| (back[c] - p[c]).abs() < 1e-12), "{back:?}");
        assert!((turn.angle_rad().to_degrees() - 90.0).abs() < 1e-12);
        let (s, c) = 1e-5_f64.sin_cos();
        let small = Affine::about([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], [0.0; 3], [0.0; 3]);
        assert!((small.angle_rad() - 1e-5).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_rigid_map_is_refused() {
        let with = |m: [[f64; 3]; 3]| Affine::about(m, [0.0; 3], [0.0; 3]);
        assert!(with(TURN).rigid().is_ok());
        let scaled = with(TURN.map(|r| r.map(|x| 1.01 * x)));
        assert!(scaled.checked().is_ok());
        let error = scaled.rigid().unwrap_err().to_string();
        assert!(error.contains("1.030301"), "{error}");
        let mirror = with([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert!(mirror.checked().is_ok() && mirror.rigid().is_err());
        let flat = with([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]);
        assert!(flat.inverse().unwrap_err().to_string().contains("singular"));
        assert!(with([[f64::NAN; 3]; 3]).checked().unwrap_err().to_string().contains("finite"));
        assert!(with([[0.0; 3]; 3]).checked().is_err());
    }

    #[test]
    fn a_grid_is_brought_voxel_by_voxel() {
        let grid = Grid::aligned([4, 5, 6], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]);
        let map = Affine::about(TURN, [5.0, 6.0, 7.0], [1.0, 0.0, -2.0]);
        let brought = grid.brought_by(&map);
        let index = [1.5, 3.25, 4.0];
        assert_eq!(brought.to_mm(index), map.apply(grid.to_mm(index)));
        assert_eq!(grid.middle_mm(), [4.0, 8.0, 13.0]);
    }
}
