//! The same voxels counted along other axes: which index runs first, and from which end. Nothing moves and no value changes.
//!
//! Writers of rows, columns and slices need a right-handed grid whose rows run as someone else's rows do; a map may come mirrored or with its
//! axes in any order.

use super::{Grid, Region, RegionSet, Volume};

/// For each new axis: the old one that it runs along, and whether backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisOrder(pub [(usize, bool); 3]);

impl Grid {
    /// The order in which i, j and k run closest to three directions and are right-handed (k along i x j). Where the best order is left-handed, k
    /// runs the other way.
    pub fn order_along(&self, directions: [[f64; 3]; 3]) -> AxisOrder {
        let own = self.directions();
        let cosine = |axis: usize, n: usize| dot(own[axis], directions[n]);
        // Of the six assignments, the one with the largest sum of |cosines|; the first of equal ones.
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let score = |o: &[usize; 3]| (0..3).map(|n| cosine(o[n], n).abs()).sum::<f64>();
        let best = orders.iter().fold(&orders[0], |m, o| if score(o) > score(m) { o } else { m });
        let mut order = AxisOrder([0, 1, 2].map(|n| (best[n], cosine(best[n], n) < 0.0)));
        if self.in_order(&order).handedness() < 0.0 {
            order.0[2].1 = !order.0[2].1;
        }
        order
    }

    /// The grid in another order.
    pub fn in_order(&self, order: &AxisOrder) -> Grid {
        let mut first = [0.0; 3];
        for (axis, backwards) in order.0 {
            first[axis] = if backwards { self.dims[axis] as f64 - 1.0 } else { 0.0 };
        }
        Grid {
            dims: order.0.map(|(axis, _)| self.dims[axis]),
            origin_mm: self.to_mm(first),
            axes_mm: order
                .0
                .map(|(axis, back)| self.axes_mm[axis].map(|c| if back { 0.0 - c } else { c })),
        }
    }

    /// Above 0 where k runs along i x j.
    fn handedness(&self) -> f64 {
        let [u, v, w] = self.axes_mm;
        let cross =
            [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        dot(cross, w)
    }
}

impl AxisOrder {
    /// Where a voxel of `grid` stands in this order.
    pub fn voxel(&self, grid: &Grid, old: [usize; 3]) -> [usize; 3] {
        self.0.map(|(axis, back)| if back { grid.dims[axis] - 1 - old[axis] } else { old[axis] })
    }
}

impl<T: Copy> Volume<T> {
    /// The volume in another order: every value stays at its place in the patient.
    pub fn in_order(&self, order: &AxisOrder) -> Volume<T> {
        let grid = self.grid.in_order(order);
        let strides = [1, self.grid.dims[0], self.grid.dims[0] * self.grid.dims[1]];
        let from = |n: usize, index: usize| {
            let (axis, back) = order.0[n];
            strides[axis] * if back { self.grid.dims[axis] - 1 - index } else { index }
        };
        let mut data = Vec::with_capacity(self.data.len());
        for k in 0..grid.dims[2] {
            for j in 0..grid.dims[1] {
                let row = from(2, k) + from(1, j);
                data.extend((0..grid.dims[0]).map(|i| self.data[row + from(0, i)]));
            }
        }
        Volume { grid, data }
    }
}

impl RegionSet {
    /// The regions in another order.
    pub fn in_order(&self, order: &AxisOrder) -> RegionSet {
        let grid = self.grid.in_order(order);
        let moved = |region: &Region| {
            let place = |v: &u32| {
                let voxel = order.voxel(&self.grid, self.grid.unlinear(*v as usize));
                grid.linear(voxel) as u32
            };
            let mut pairs: Vec<(u32, f32)> =
                region.voxels.iter().map(place).zip(region.shares.iter().copied()).collect();
            pairs.sort_unstable_by_key(|p| p.0);
            let (voxels, shares) = pairs.into_iter().unzip();
            Region { voxels, shares, ..region.clone() }
        };
        let regions = self.regions.iter().map(moved).collect();
        RegionSet { grid, regions }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LPS: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    /// i runs to inferior, j to left, k to anterior: left-handed in one of the two.
    fn turned(sign: f64) -> Volume<u32> {
        let grid = Grid {
            dims: [2, 3, 4],
            origin_mm: [1.0, 2.0, 3.0],
            axes_mm: [[0.0, 0.1, -2.0], [1.5, 0.0, 0.0], [0.0, sign * 3.0, 0.15 * sign]],
        };
        Volume::new(grid, (0..24).collect()).expect("24 voxels")
    }

    #[test]
    fn values_stay_in_place_and_the_grid_is_right_handed() {
        for old in [turned(1.0), turned(-1.0)] {
            let order = old.grid.order_along(LPS);
            let new = old.in_order(&order);
            assert!(new.grid.handedness() > 0.0);
            assert_eq!(new.grid.dims, [3, 4, 2]);
            for (n, value) in new.data.iter().enumerate() {
                let mm = new.grid.to_mm(new.grid.unlinear(n).map(|i| i as f64));
                let voxel = old.grid.voxel_at(mm).expect("grid").expect("inside");
                assert_eq!(old.data[old.grid.linear(voxel)], *value);
                assert_eq!(order.voxel(&old.grid, voxel), new.grid.unlinear(n));
            }
        }
    }

    #[test]
    fn a_mirror_without_a_best_order_is_still_right_handed() {
        // A reflection whose diagonal is positive everywhere.
        let mut grid = Grid::aligned([2, 2, 2], [0.0; 3], [1.0; 3]);
        let n = [0.9, 0.3, 0.3_f64];
        let length = dot(n, n);
        grid.axes_mm = [0, 1, 2]
            .map(|a| [0, 1, 2].map(|c| f64::from(u8::from(a == c)) - 2.0 * n[a] * n[c] / length));
        let order = grid.order_along(LPS);
        assert!(grid.handedness() < 0.0 && grid.in_order(&order).handedness() > 0.0);
    }
}
