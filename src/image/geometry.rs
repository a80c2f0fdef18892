//! What a grid covers and how it lies: corners, boxes, alignment, shear.

use super::{Grid, Volume};
use crate::error::{Error, Result};

/// Most voxels of a grid: linear indices are kept in 32 bits.
pub const MAX_VOXELS: usize = u32::MAX as usize;

/// Cosine between two axes below which they count as orthogonal: 1e-4 moves a voxel by 0.05 mm over
/// 500 mm.
const ORTHOGONAL: f64 = 1e-4;

impl Grid {
    /// The grid itself if it is usable.
    ///
    /// # Errors
    /// If it has no voxel or more than [`MAX_VOXELS`], or a position is not finite, a spacing is
    /// zero, or the axes span no volume.
    pub fn checked(self) -> Result<Grid> {
        let voxels = self.dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if !voxels.is_some_and(|n| (1..=MAX_VOXELS).contains(&n)) {
            return Err(Error::input(
                format!("a grid of {:?} voxels", self.dims),
                format!("1 to {MAX_VOXELS} voxels are possible"),
                "Check the size in the image header, or crop the image.",
            ));
        }
        let finite = self.axes_mm.iter().chain([&self.origin_mm]).flatten().all(|c| c.is_finite());
        let spacing = self.spacing_mm();
        // 1 nm to 1 km: outside of it, lengths are not in the unit the header says.
        if !finite || spacing.iter().any(|s| !(1e-6..1e6).contains(s)) {
            return Err(Error::input(
                format!("a grid at {:?} mm with steps {:?} mm", self.origin_mm, self.axes_mm),
                "positions must be finite and spacings between 1e-6 and 1e6 mm",
                "Check the position, orientation and spacing in the image header.",
            ));
        }
        self.inverse_axes()?;
        Ok(self)
    }

    /// The eight outer corners of the outermost voxels, mm.
    pub fn corners_mm(&self) -> [[f64; 3]; 8] {
        std::array::from_fn(|corner| {
            self.to_mm(std::array::from_fn(|a| {
                if corner >> a & 1 == 0 { -0.5 } else { self.dims[a] as f64 - 0.5 }
            }))
        })
    }

    /// Smallest and largest x, y, z (mm) of the whole voxels.
    pub fn bounding_box_mm(&self) -> [[f64; 3]; 2] {
        let mut bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for corner in self.corners_mm() {
            for (c, x) in corner.into_iter().enumerate() {
                bounds[0][c] = bounds[0][c].min(x);
                bounds[1][c] = bounds[1][c].max(x);
            }
        }
        bounds
    }

    /// The voxel that holds a position (mm), if one does.
    ///
    /// # Errors
    /// If the axes are not linearly independent.
    pub fn voxel_at(&self, mm: [f64; 3]) -> Result<Option<[usize; 3]>> {
        Ok(self.nearest_voxel(self.to_index(mm)?))
    }

    /// True if a position (mm) lies in a voxel.
    ///
    /// # Errors
    /// If the axes are not linearly independent.
    pub fn contains(&self, mm: [f64; 3]) -> Result<bool> {
        Ok(self.voxel_at(mm)?.is_some())
    }

    /// The voxel around a continuous index; voxels own their lower faces.
    pub fn nearest_voxel(&self, index: [f64; 3]) -> Option<[usize; 3]> {
        let mut voxel = [0; 3];
        for a in 0..3 {
            let floor = (index[a] + 0.5).floor();
            if !(floor >= 0.0 && floor < self.dims[a] as f64) {
                return None;
            }
            voxel[a] = floor as usize;
        }
        Some(voxel)
    }

    /// True if both grids have the same voxels, none displaced by more than `tolerance_mm`.
    pub fn same_geometry(&self, other: &Grid, tolerance_mm: f64) -> bool {
        // Affine maps differ most at a corner.
        self.dims == other.dims
            && self.corners_mm().iter().zip(other.corners_mm()).all(|(a, b)| {
                let squared: f64 = (0..3).map(|c| (a[c] - b[c]).powi(2)).sum();
                squared.sqrt() <= tolerance_mm
            })
    }

    /// Unit vectors of i, j, k in LPS.
    pub fn directions(&self) -> [[f64; 3]; 3] {
        let spacing = self.spacing_mm();
        [0, 1, 2].map(|a| self.axes_mm[a].map(|c| c / spacing[a]))
    }

    /// Largest |cosine| between two axes: 0 for orthogonal axes, sin(tilt) for a tilted CT gantry.
    pub fn shear(&self) -> f64 {
        let [u, v, w] = self.directions();
        [dot(u, v), dot(u, w), dot(v, w)].into_iter().map(f64::abs).fold(0.0, f64::max)
    }

    /// Unit vectors of i, j, k for transport in index space, which needs them orthogonal.
    ///
    /// # Errors
    /// If the grid is sheared, as with a tilted gantry.
    pub fn orthogonal_directions(&self) -> Result<[[f64; 3]; 3]> {
        let shear = self.shear();
        if shear.is_nan() || shear > ORTHOGONAL {
            return Err(Error::input(
                format!("the grid is sheared by {:.2} degrees", shear.asin().to_degrees()),
                "transport needs orthogonal axes; a tilted CT gantry gives sheared ones",
                "Resample the image to an orthogonal grid.",
            ));
        }
        Ok(self.directions())
    }

    /// An orthogonal grid that covers this one: same i and plane of i and j, same spacing between
    /// planes.
    pub fn orthogonal_cover(&self) -> Grid {
        let [u, v, w] = self.directions();
        let minus = |a: [f64; 3], s: f64, b: [f64; 3]| [0, 1, 2].map(|c| a[c] - s * b[c]);
        let v = unit(minus(v, dot(u, v), u));
        let w = unit(minus(minus(w, dot(u, w), u), dot(v, w), v));
        let steps = [0, 1, 2].map(|a| dot(self.axes_mm[a], [u, v, w][a]));
        let axes_mm = [0, 1, 2].map(|a| [u, v, w][a].map(|c| c * steps[a]));
        // Extent of the corners along each new axis, in steps, from this grid's first voxel centre.
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for corner in self.corners_mm() {
            let d = minus(corner, 1.0, self.origin_mm);
            for a in 0..3 {
                let t = dot(d, axes_mm[a]) / (steps[a] * steps[a]);
                low[a] = low[a].min(t);
                high[a] = high[a].max(t);
            }
        }
        // Whole steps keep the planes of the original.
        let first = low.map(|t| (t + 0.5 + 1e-6).floor());
        let dims = [0, 1, 2].map(|a| ((high[a] - 0.5 - 1e-6).ceil() - first[a]) as usize + 1);
        let mut cover = Grid { dims, origin_mm: self.origin_mm, axes_mm };
        cover.origin_mm = cover.to_mm(first);
        cover
    }

    /// A grid of the stated spacing (mm) in the same directions that covers this one and is centred
    /// on it.
    ///
    /// # Errors
    /// If a spacing is not positive, or gives more voxels than a grid may have.
    pub fn with_spacing(&self, spacing_mm: [f64; 3]) -> Result<Grid> {
        // 1e-9 of a voxel must not add a voxel.
        self.of_spacing(spacing_mm, |voxels| (voxels - 1e-9).ceil())
    }

    /// As [`Self::with_spacing`], but of as many voxels as this one holds as a whole; one where it holds none.
    ///
    /// # Errors
    /// As [`Self::with_spacing`].
    pub fn filled_with(&self, spacing_mm: [f64; 3]) -> Result<Grid> {
        self.of_spacing(spacing_mm, |voxels| (voxels + 1e-9).floor())
    }

    fn of_spacing(&self, spacing_mm: [f64; 3], whole: impl Fn(f64) -> f64) -> Result<Grid> {
        if spacing_mm.iter().any(|s| !s.is_finite() || *s <= 0.0) {
            return Err(Error::usage(
                format!("a spacing of {spacing_mm:?} mm"),
                "it must be positive",
                "Give one to three positive lengths in mm.",
            ));
        }
        let ratio = [0, 1, 2].map(|a| spacing_mm[a] / self.spacing_mm()[a]);
        let dims = [0, 1, 2].map(|a| (whole(self.dims[a] as f64 / ratio[a]) as usize).max(1));
        let first = [0, 1, 2].map(|a| {
            let middle = 0.5 * (self.dims[a] as f64 - 1.0);
            middle - 0.5 * (dims[a] as f64 - 1.0) * ratio[a]
        });
        let axes_mm = [0, 1, 2].map(|a| self.axes_mm[a].map(|c| c * ratio[a]));
        Grid { dims, origin_mm: self.to_mm(first), axes_mm }.checked()
    }

    /// Which index runs along L, P and S best, and whether it runs backwards.
    pub fn nearest_lps(&self) -> [(usize, bool); 3] {
        let d = self.directions();
        // Of the six assignments, the one with the largest sum of |cosines|.
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let score = |o: [usize; 3]| (0..3).map(|c| d[o[c]][c].abs()).sum::<f64>();
        let best =
            orders.into_iter().fold(orders[0], |m, o| if score(o) > score(m) { o } else { m });
        [0, 1, 2].map(|c| (best[c], d[best[c]][c] < 0.0))
    }
}

impl<T> Volume<T> {
    /// The grid, if it is usable and has one value per voxel; for writers, since fields are public.
    ///
    /// # Errors
    /// As [`Grid::checked`], or if values are missing.
    pub fn checked(&self) -> Result<&Grid> {
        self.grid.clone().checked()?;
        if self.grid.len() != self.data.len() {
            return Err(Error::run(
                format!("{} values for a grid of {:?} voxels", self.data.len(), self.grid.dims),
                "every voxel needs one value",
                "Report this as a bug.",
            ));
        }
        Ok(&self.grid)
    }
}

impl<T: Copy> Volume<T> {
    /// The same voxels at the same places, reordered so that i, j, k run closest to +L, +P, +S.
    pub fn reoriented_to_lps(&self) -> Volume<T> {
        let map = self.grid.nearest_lps();
        let mut first = [0.0; 3];
        for (axis, backwards) in map {
            first[axis] = if backwards { self.grid.dims[axis] as f64 - 1.0 } else { 0.0 };
        }
        let grid = Grid {
            dims: map.map(|(axis, _)| self.grid.dims[axis]),
            origin_mm: self.grid.to_mm(first),
            axes_mm: map
                .map(|(axis, back)| self.grid.axes_mm[axis].map(|c| if back { -c } else { c })),
        };
        let mut data = Vec::with_capacity(self.data.len());
        for k in 0..grid.dims[2] {
            for j in 0..grid.dims[1] {
                for i in 0..grid.dims[0] {
                    let mut from = [0; 3];
                    for ((axis, back), n) in map.into_iter().zip([i, j, k]) {
                        from[axis] = if back { self.grid.dims[axis] - 1 - n } else { n };
                    }
                    data.push(self.data[self.grid.linear(from)]);
                }
            }
        }
        Volume { grid, data }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    let n = dot(a, a).sqrt();
    a.map(|c| c / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilted() -> Grid {
        // A gantry tilt of 15 degrees: slices are stacked along S, rows lie in a tilted plane.
        let (s, c) = 15f64.to_radians().sin_cos();
        Grid {
            dims: [20, 16, 10],
            origin_mm: [-5.0, 7.0, 100.0],
            axes_mm: [[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, 0.0, 3.0]],
        }
    }

    #[test]
    fn bounds_are_those_of_whole_voxels() {
        let grid = Grid::aligned([4, 5, 6], [0.0, 10.0, -3.0], [2.0, 1.0, 0.5]);
        assert_eq!(grid.bounding_box_mm(), [[-1.0, 9.5, -3.25], [7.0, 14.5, -0.25]]);
        assert!(grid.contains([-0.99, 9.51, -3.2]).expect("grid"));
        assert!(!grid.contains([7.01, 12.0, -2.0]).expect("grid"));
        assert_eq!(grid.voxel_at([2.9, 12.0, -0.3]).expect("grid"), Some([1, 2, 5]));
        assert!(!grid.contains([f64::NAN; 3]).expect("grid"));
    }

    #[test]
    fn a_tilt_is_found_and_covered() {
        let grid = tilted();
        assert!((grid.shear() - 15f64.to_radians().sin()).abs() < 1e-12);
        let error = grid.orthogonal_directions().expect_err("sheared");
        assert!(error.to_string().contains("15.00 degrees"), "{error}");
        let cover = grid.orthogonal_cover();
        assert!(cover.orthogonal_directions().is_ok());
        let [low, high] = [[-0.501; 3], cover.dims.map(|d| d as f64 - 0.499)];
        for corner in grid.corners_mm() {
            let index = cover.to_index(corner).expect("axes");
            for a in 0..3 {
                assert!(index[a] > low[a] && index[a] < high[a], "{index:?} of {:?}", cover.dims);
            }
        }
        // An orthogonal grid is its own cover.
        let plain = Grid::aligned([4, 5, 6], [0.0, 10.0, -3.0], [2.0, 1.0, 0.5]);
        assert!(plain.orthogonal_cover().same_geometry(&plain, 1e-9));
    }

    #[test]
    fn a_stated_spacing_covers_the_grid() {
        let grid = tilted();
        let coarse = grid.with_spacing([3.0, 4.0, 6.0]).expect("spacing");
        assert_eq!(coarse.dims, [7, 4, 5]);
        for corner in grid.corners_mm() {
            let index = coarse.to_index(corner).expect("axes");
            for (x, n) in index.into_iter().zip(coarse.dims) {
                assert!(x > -0.5 - 1e-9 && x < n as f64 - 0.5 + 1e-9, "{index:?}");
            }
        }
        // As many as fit: 20 mm hold six voxels of 3 mm, not seven.
        let filled = Grid::aligned([20, 10, 12], [0.0; 3], [1.0; 3]).filled_with([3.0; 3]);
        assert_eq!(filled.expect("spacing").dims, [6, 3, 4]);
        assert!(grid.with_spacing([1.0, 1.0, 3.0]).expect("same").same_geometry(&grid, 1e-9));
        assert!(grid.with_spacing([0.0, 1.0, 1.0]).is_err());
        assert!(grid.with_spacing([1e-5; 3]).is_err(), "too many voxels");
    }

    #[test]
    fn same_geometry_sees_a_small_rotation_at_the_far_corner() {
        let grid = Grid::aligned([200, 2, 2], [0.0; 3], [1.0; 3]);
        let mut other = grid.clone();
        other.axes_mm[0] = [1.0, 1e-3, 0.0];
        assert!(!grid.same_geometry(&other, 0.1));
        assert!(grid.same_geometry(&other, 0.21));
    }

    #[test]
    fn impossible_grids_are_refused() {
        let good = Grid::aligned([2, 2, 2], [0.0; 3], [1.0; 3]);
        assert!(good.clone().checked().is_ok());
        let with = |f: fn(&mut Grid)| {
            let mut g = good.clone();
            f(&mut g);
            g.checked()
        };
        assert!(with(|g| g.dims[1] = 0).is_err());
        assert!(with(|g| g.dims = [usize::MAX, 2, 2]).is_err());
        assert!(with(|g| g.dims = [1 << 16, 1 << 16, 1]).is_err());
        assert!(with(|g| g.origin_mm[0] = f64::NAN).is_err());
        assert!(with(|g| g.axes_mm[2] = [0.0; 3]).is_err());
        assert!(with(|g| g.axes_mm[2] = g.axes_mm[1]).is_err());
    }

    #[test]
    fn reorientation_moves_no_voxel() {
        // i runs to inferior, j to left, k to anterior.
        let grid = Grid {
            dims: [2, 3, 4],
            origin_mm: [1.0, 2.0, 3.0],
            axes_mm: [[0.0, 0.1, -2.0], [1.5, 0.0, 0.0], [0.0, -3.0, 0.0]],
        };
        let data: Vec<u32> = (0..24).collect();
        let old = Volume::new(grid, data).expect("24 voxels");
        let new = old.reoriented_to_lps();
        assert_eq!(new.grid.dims, [3, 4, 2]);
        assert_eq!(new.grid.nearest_lps(), [(0, false), (1, false), (2, false)]);
        for (n, value) in new.data.iter().enumerate() {
            let mm = new.grid.to_mm(new.grid.unlinear(n).map(|i| i as f64));
            let voxel = old.grid.voxel_at(mm).expect("grid").expect("inside");
            assert_eq!(old.data[old.grid.linear(voxel)], *value);
        }
    }
}
