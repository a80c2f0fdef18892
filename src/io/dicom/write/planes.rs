//! A grid as DICOM places it: rows, columns and frames along the normal, by direction cosines, spacings and the position of the first pixel's centre
//! (PS3.3 C.7.6.2, C.7.6.16.2). Neglects a shear below 1e-4, which other parts of the program call orthogonal too: 0.05 mm over 500 mm.

use dicom_dictionary_std::tags;

use super::fields::Fields;
use crate::error::{Error, Result};
use crate::image::Grid;

/// Cosine between two axes that passes for orthogonal.
const ORTHOGONAL: f64 = 1e-4;
/// Direction cosines nearer than this to 0 or 1 are those: NIfTI keeps them in single precision.
const SNAP: f64 = 2e-7;
/// Most rows and columns (VR US).
const MOST: usize = u16::MAX as usize;

/// A grid in frames.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planes {
    pub columns: usize,
    pub rows: usize,
    pub frames: usize,
    /// Directions of rows (increasing column index), of columns, and their normal.
    pub axes: [[f64; 3]; 3],
    /// Between columns, rows and frames, mm.
    pub spacing_mm: [f64; 3],
    origin_mm: [f64; 3],
}

impl Planes {
    /// The planes of a right-handed grid.
    ///
    /// # Errors
    /// If it is sheared or left-handed, or has too many rows or columns.
    pub fn new(grid: &Grid) -> Result<Planes> {
        let grid = grid.clone().checked()?;
        let shear = grid.shear();
        if shear > ORTHOGONAL {
            return Err(Error::input(
                format!("the grid is sheared by {:.3} degrees", shear.asin().to_degrees()),
                "rows, columns and slices of DICOM stand at right angles",
                "Resample the map to an orthogonal grid.",
            ));
        }
        if grid.dims[0] > MOST || grid.dims[1] > MOST {
            return Err(Error::input(
                format!("{:?} voxels", grid.dims),
                format!("DICOM has at most {MOST} rows and columns"),
                "Crop the map.",
            ));
        }
        let [u, v, w] = grid.directions();
        let u = unit(snapped(u));
        let s = dot(u, v);
        let v = unit(snapped([0, 1, 2].map(|c| v[c] - s * u[c])));
        let s = dot(u, v);
        let v = unit([0, 1, 2].map(|c| v[c] - s * u[c]));
        let n = cross(u, v);
        if dot(n, w) < 0.0 {
            return Err(Error::run(
                "a left-handed grid",
                "frames are stacked along rows x columns",
                "Report this as a bug.",
            ));
        }
        let [columns, rows, frames] = grid.dims;
        Ok(Planes {
            columns,
            rows,
            frames,
            axes: [u, v, n],
            spacing_mm: grid.spacing_mm(),
            origin_mm: grid.origin_mm,
        })
    }

    /// Centre of the first pixel of a frame, mm.
    pub fn position_mm(&self, frame: usize) -> [f64; 3] {
        let depth = frame as f64 * self.spacing_mm[2];
        [0, 1, 2].map(|c| self.origin_mm[c] + depth * self.axes[2][c])
    }

    pub fn put_position(&self, f: &mut Fields, frame: usize) {
        f.decimals(tags::IMAGE_POSITION_PATIENT, &self.position_mm(frame));
    }

    pub fn put_orientation(&self, f: &mut Fields) {
        let [u, v, _] = self.axes;
        f.decimals(tags::IMAGE_ORIENTATION_PATIENT, &[u[0], u[1], u[2], v[0], v[1], v[2]]);
    }

    /// PixelSpacing: between rows, then between columns.
    pub fn put_spacing(&self, f: &mut Fields) {
        f.decimals(tags::PIXEL_SPACING, &[self.spacing_mm[1], self.spacing_mm[0]]);
        f.decimals(tags::SLICE_THICKNESS, &[self.spacing_mm[2]]);
    }

    pub fn put_size(&self, f: &mut Fields) {
        f.count(tags::ROWS, self.rows);
        f.count(tags::COLUMNS, self.columns);
    }
}

fn snapped(v: [f64; 3]) -> [f64; 3] {
    v.map(|c| {
        let near = c.round();
        if (c - near).abs() < SNAP { near } else { c }
    })
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot(v, v).sqrt();
    v.map(|c| c / length + 0.0)
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_grid_and_cosines_orthonormal() {
        let (s, c) = 0.3_f64.sin_cos();
        let turned = |e: f64| Grid {
            dims: [4, 5, 6],
            origin_mm: [-10.0, 3.0, 7.0],
            axes_mm: [[2.0 * c, 2.0 * s, e], [-3.0 * s, 3.0 * c, e], [0.0, 0.0, 2.5]],
        };
        let grid = turned(1e-5);
        let planes = Planes::new(&grid).expect("orthogonal enough");
        for k in 0..6 {
            let (a, b) = (planes.position_mm(k), grid.to_mm([0.0, 0.0, k as f64]));
            assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-3), "{a:?} {b:?}");
        }
        for (a, b, value) in [(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.0), (0, 2, 0.0), (1, 2, 0.0)] {
            assert!((dot(planes.axes[a], planes.axes[b]) - value).abs() < 1e-15);
        }
        assert!(Planes::new(&turned(0.01)).is_err());
        let mut mirrored = turned(0.0);
        mirrored.axes_mm[2][2] = -2.5;
        assert!(Planes::new(&mirrored).is_err());
        // A cosine in single precision is made whole.
        let single =
            Grid { axes_mm: [[2.0, 1e-7, 0.0], [-1e-7, 3.0, 0.0], [0.0, 0.0, 2.5]], ..turned(0.0) };
        assert_eq!(Planes::new(&single).expect("good").axes[1], [0.0, 1.0, 0.0]);
    }
}
