//! Outlines of whole voxels along their edges, plane by plane: the inverse of rasterising, exact. Outlines through the middles of voxels would lose half a
//! voxel all around.
//!
//! Voxels that touch at a corner only are apart, so no outline crosses itself. A hole is an outline of its own.

use crate::image::Grid;

/// The outlines of a plane of a grid (one k).
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The plane's index.
    pub plane: usize,
    /// Closed loops of continuous indices i, j at corners of voxels; the last point is joined to the first. What is inside lies to the left.
    pub loops: Vec<Vec<[f64; 2]>>,
}

/// The outlines of voxels (ascending linear indices of the grid), from the lowest plane to the highest.
pub fn outlines(grid: &Grid, voxels: &[u32]) -> Vec<Outline> {
    let area = grid.dims[0] * grid.dims[1];
    voxels
        .chunk_by(|a, b| *a as usize / area == *b as usize / area)
        .map(|plane| {
            let voxel = |v: &u32| grid.unlinear(*v as usize);
            let cells: Vec<[usize; 2]> = plane.iter().map(|v| [voxel(v)[0], voxel(v)[1]]).collect();
            Outline { plane: plane[0] as usize / area, loops: trace(&cells) }
        })
        .collect()
}

/// Steps to the right, up, to the left, down.
const STEPS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/// The loops around cells, each cell from its index to the next.
fn trace(cells: &[[usize; 2]]) -> Vec<Vec<[f64; 2]>> {
    let of = |a: usize| cells.iter().map(move |c| c[a]);
    let low = [0, 1].map(|a| of(a).min().unwrap_or(0));
    // Cells with an empty margin, so that neighbours need no test.
    let [w, h] = [0, 1].map(|a| of(a).max().unwrap_or(0) - low[a] + 3);
    let mut inside = vec![false; w * h];
    cells.iter().for_each(|c| inside[(c[1] - low[1] + 1) * w + c[0] - low[0] + 1] = true);
    // Bit d: an edge leaves the lower left corner of this cell in direction d, with what is inside to its left.
    let mut leaving = vec![0_u8; w * h];
    for at in (0..w * h).filter(|at| inside[*at]) {
        let edges =
            [(at - w, at, 0), (at + 1, at + 1, 1), (at + w, at + w + 1, 2), (at - 1, at + w, 3)];
        for (neighbour, corner, direction) in edges {
            if !inside[neighbour] {
                leaving[corner] |= 1 << direction;
            }
        }
    }
    let mut loops = Vec::new();
    for start in 0..w * h {
        while leaving[start] != 0 {
            let first = leaving[start].trailing_zeros() as usize;
            loops.push(follow(&mut leaving, w, start, first, low));
        }
    }
    loops
}

/// Follows edges from a corner until they close.
fn follow(
    leaving: &mut [u8],
    w: usize,
    start: usize,
    first: usize,
    low: [usize; 2],
) -> Vec<[f64; 2]> {
    let corner =
        |at: usize| [(at % w) as f64 + low[0] as f64 - 1.5, (at / w) as f64 + low[1] as f64 - 1.5];
    let mut points = Vec::new();
    let (mut at, mut direction) = (start, first);
    loop {
        leaving[at] &= !(1 << direction);
        let [x, y] = STEPS[direction];
        at = at.wrapping_add_signed(x + y * w as isize);
        if at == start && closes(leaving[at], direction) {
            if direction != first {
                points.push(corner(at));
            }
            return points;
        }
        // To the left, where there is a choice: it stays with the cell it goes around.
        let turns = [(direction + 1) % 4, direction, (direction + 3) % 4];
        let Some(next) = turns.into_iter().find(|d| leaving[at] >> d & 1 == 1) else {
            return points;
        };
        if next != direction {
            points.push(corner(at));
        }
        direction = next;
    }
}

/// Back at its start, whether a loop ends there: where another edge leaves to the left, two cells meet at this corner and the loop goes on.
fn closes(leaving: u8, direction: usize) -> bool {
    leaving >> ((direction + 1) % 4) & 1 == 0
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Contour, Stack};
    use super::*;

    fn signed_area(points: &[[f64; 2]]) -> f64 {
        let pairs = points.iter().zip(points.iter().cycle().skip(1));
        pairs.map(|(a, b)| 0.5 * (a[0] * b[1] - b[0] * a[1])).sum()
    }

    #[test]
    fn a_ring_has_an_outline_and_a_hole() {
        let ring: Vec<[usize; 2]> =
            (0..9).filter(|n| *n != 4).map(|n| [5 + n % 3, 7 + n / 3]).collect();
        let loops = trace(&ring);
        assert_eq!(loops[0], [[7.5, 6.5], [7.5, 9.5], [4.5, 9.5], [4.5, 6.5]]);
        assert_eq!(loops.len(), 2);
        let areas: Vec<f64> = loops.iter().map(|l| signed_area(l)).collect();
        assert_eq!(areas, [9.0, -1.0]);
    }

    #[test]
    fn cells_that_touch_at_a_corner_are_apart() {
        for cells in [[[1, 1], [2, 2]], [[2, 1], [1, 2]]] {
            let loops = trace(&cells);
            assert_eq!(loops.len(), 2, "{loops:?}");
            assert!(loops.iter().all(|l| l.len() == 4 && signed_area(l) == 1.0));
        }
        // And two holes that do.
        let holes = [[2, 2], [3, 3]];
        let cells: Vec<[usize; 2]> =
            (0..36).map(|n| [n % 6, n / 6]).filter(|c| !holes.contains(c)).collect();
        let total: f64 = trace(&cells).iter().map(|l| signed_area(l)).sum();
        assert_eq!(total, 34.0);
    }

    /// Random masks on an oblique grid, traced and rasterised: the same voxels, all whole.
    #[test]
    fn rasterising_gives_the_voxels_back() {
        let (s, c) = 0.4_f64.sin_cos();
        let grid = Grid {
            dims: [13, 11, 6],
            origin_mm: [-20.0, 7.0, 100.0],
            axes_mm: [[1.7 * c, 1.7 * s, 0.0], [-2.3 * s, 2.3 * c, 0.0], [0.0, 0.0, 3.1]],
        };
        let mut word = 12345_u64;
        for share in [2, 5, 8] {
            let mut random = || {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (word >> 33) % 10
            };
            let voxels: Vec<u32> = (0..grid.len() as u32).filter(|_| random() < share).collect();
            let mut contours = Vec::new();
            for Outline { plane, loops } in outlines(&grid, &voxels) {
                contours.extend(loops.into_iter().map(|points| Contour {
                    points_mm:
                        points.iter().map(|p| grid.to_mm([p[0], p[1], plane as f64])).collect(),
                    exclusive: false,
                }));
            }
            let stack =
                Stack::new(&contours, 3.1, &mut Budget::default()).expect("flat").expect("area");
            let back = stack.on(&grid, &mut Budget::default()).expect("rasterised");
            assert!(back.exact && back.outside == 0.0);
            assert_eq!(back.voxels, voxels);
            assert!(back.shares.iter().all(|s| (s - 1.0).abs() < 1e-6));
        }
    }
}
