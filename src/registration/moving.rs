//! Values of an image between the centres of its voxels by trilinear interpolation, and their slopes. Beyond the outermost centres there is none: a value that is
//! continued there would agree with what is not known.

use crate::error::Result;
use crate::image::Volume;

/// Part of a voxel that is rounding: points on an outermost centre belong to the image.
const EDGE: f64 = 1e-9;

/// An image that is looked up at points.
#[derive(Debug)]
pub struct Interpolated<'a> {
    image: &'a Volume<f32>,
    rows: [[f64; 3]; 3],
    strides: [usize; 3],
}

impl<'a> Interpolated<'a> {
    /// # Errors
    /// If the grid spans no volume.
    pub fn new(image: &'a Volume<f32>) -> Result<Self> {
        let [nx, ny, _] = image.grid.dims;
        Ok(Interpolated { image, rows: image.grid.inverse_axes()?, strides: [1, nx, nx * ny] })
    }

    /// Voxel below a point and the part of the way to the next; none outside. `true` where the value changes along the axis.
    fn place(&self, mm: [f64; 3]) -> Option<([usize; 3], [f64; 3], [bool; 3])> {
        let grid = &self.image.grid;
        let d = [0, 1, 2].map(|c| mm[c] - grid.origin_mm[c]);
        let (mut base, mut part, mut slopes) = ([0; 3], [0.0; 3], [false; 3]);
        for a in 0..3 {
            let r = &self.rows[a];
            let index = r[0] * d[0] + r[1] * d[1] + r[2] * d[2];
            let last = grid.dims[a] as f64 - 1.0;
            if !(index >= -EDGE && index <= last + EDGE) {
                return None;
            }
            let x = index.clamp(0.0, last);
            base[a] = (x as usize).min(grid.dims[a].saturating_sub(2));
            part[a] = x - base[a] as f64;
            slopes[a] = x == index && grid.dims[a] > 1;
        }
        Some((base, part, slopes))
    }

    fn corners(&self, base: [usize; 3]) -> [f64; 8] {
        let first = self.image.grid.linear(base);
        std::array::from_fn(|corner| {
            let mut n = first;
            for a in 0..3 {
                if corner >> a & 1 == 1 && self.image.grid.dims[a] > 1 {
                    n += self.strides[a];
                }
            }
            f64::from(self.image.data[n])
        })
    }

    /// The value at a point; none outside.
    pub fn value(&self, mm: [f64; 3]) -> Option<f64> {
        let (base, [x, y, z], _) = self.place(mm)?;
        let v = self.corners(base);
        let along = |i: usize| v[i] + x * (v[i + 1] - v[i]);
        let (low, high) =
            (along(0) + y * (along(2) - along(0)), along(4) + y * (along(6) - along(4)));
        Some(low + z * (high - low))
    }

    /// The value at a point and its slope (per mm); none outside.
    pub fn value_and_slope(&self, mm: [f64; 3]) -> Option<(f64, [f64; 3])> {
        let (base, [x, y, z], slopes) = self.place(mm)?;
        let v = self.corners(base);
        let a = [
            v[0] + x * (v[1] - v[0]),
            v[2] + x * (v[3] - v[2]),
            v[4] + x * (v[5] - v[4]),
            v[6] + x * (v[7] - v[6]),
        ];
        let (low, high) = (a[0] + y * (a[1] - a[0]), a[2] + y * (a[3] - a[2]));
        let step = [v[1] - v[0], v[3] - v[2], v[5] - v[4], v[7] - v[6]];
        let (step_low, step_high) =
            (step[0] + y * (step[1] - step[0]), step[2] + y * (step[3] - step[2]));
        let by_index = [
            step_low + z * (step_high - step_low),
            (a[1] - a[0]) + z * ((a[3] - a[2]) - (a[1] - a[0])),
            high - low,
        ];
        let mut slope = [0.0; 3];
        for n in 0..3 {
            if slopes[n] {
                (0..3).for_each(|c| slope[c] += by_index[n] * self.rows[n][c]);
            }
        }
        Some((low + z * (high - low), slope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    #[test]
    fn value_and_slope_of_an_oblique_linear_field() {
        let grid = Grid {
            dims: [5, 6, 7],
            origin_mm: [3.0, -4.0, 5.0],
            axes_mm: [[2.0, 0.3, 0.0], [-0.4, 1.8, 0.1], [0.0, 0.2, -3.0]],
        };
        let field = |p: [f64; 3]| 3.0 * p[0] - 2.0 * p[1] + 0.5 * p[2];
        let data =
            (0..grid.len()).map(|n| field(grid.to_mm(grid.unlinear(n).map(|i| i as f64))) as f32);
        let image = Volume::new(grid.clone(), data.collect()).unwrap();
        let at = Interpolated::new(&image).unwrap();
        let p = grid.to_mm([1.3, 2.7, 4.4]);
        let (value, slope) = at.value_and_slope(p).unwrap();
        assert!((value - field(p)).abs() < 1e-4 && (at.value(p).unwrap() - value).abs() < 1e-12);
        for (s, expected) in slope.iter().zip([3.0, -2.0, 0.5]) {
            assert!((s - expected).abs() < 1e-4, "{slope:?}");
        }
        assert!(at.value(grid.to_mm([-0.01, 2.0, 2.0])).is_none());
        let edge = at.value(grid.to_mm([0.0, 2.0, 6.0])).unwrap();
        assert!((edge - field(grid.to_mm([0.0, 2.0, 6.0]))).abs() < 1e-4);
    }
}
