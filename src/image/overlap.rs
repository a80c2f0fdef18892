//! How much of each source voxel lies in each target voxel when both grids have parallel axes.

use super::Grid;

/// One source index and the fraction of that source cell's length that lies in the target cell.
pub type Share = (usize, f64);

/// Overlaps along the three axes; the shared volume of a pair of voxels is the product of its three
/// shares.
#[derive(Debug)]
pub struct Overlaps {
    /// `source_axis[a]` is the source axis parallel to target axis `a`.
    pub source_axis: [usize; 3],
    /// `shares[a][t]` lists what target index `t` of axis `a` takes.
    pub shares: [Vec<Vec<Share>>; 3],
    /// `kept[s_axis][s]` is the fraction of a source cell that lies within the target, by source
    /// axis.
    pub kept: [Vec<f64>; 3],
}

/// Parallel to within a drift of this fraction of a source voxel from one side to the other:
/// headers round direction cosines at 1e-6, which is 5e-4 of a voxel over 512.
const PARALLEL: f64 = 0.01;

/// The overlaps, or `None` if the grids are not parallel.
pub fn overlaps(source: &Grid, target: &Grid) -> Option<Overlaps> {
    let rows = source.inverse_axes().ok()?;
    let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
    let steps = target.axes_mm.map(project);
    let start = project([0, 1, 2].map(|c| target.origin_mm[c] - source.origin_mm[c]));
    let mut source_axis = [0; 3];
    let mut used = [false; 3];
    for (a, step) in steps.iter().enumerate() {
        let main = (0..3).fold(0, |m, c| if step[c].abs() > step[m].abs() { c } else { m });
        let drift = (0..3).filter(|&c| c != main).map(|c| step[c].abs()).fold(0.0, f64::max);
        // Only the part of the target that is over the source matters.
        let across = (target.dims[a] as f64).min(source.dims[main] as f64 / step[main].abs() + 1.0);
        if used[main] || drift * across > PARALLEL {
            return None;
        }
        used[main] = true;
        source_axis[a] = main;
    }
    let mut kept = source.dims.map(|n| vec![0.0; n]);
    let shares = [0, 1, 2].map(|a| {
        let main = source_axis[a];
        let (first, step) = (start[main], steps[a][main]);
        let cells = source.dims[main];
        (0..target.dims[a])
            .map(|t| {
                let edges = [t as f64 - 0.5, t as f64 + 0.5].map(|x| snap(first + x * step + 0.5));
                let (low, high) =
                    (edges[0].min(edges[1]).max(0.0), edges[0].max(edges[1]).min(cells as f64));
                let mut list = Vec::new();
                let mut s = low as usize;
                while (s as f64) < high && s < cells {
                    let share = high.min(s as f64 + 1.0) - low.max(s as f64);
                    if share > 0.0 {
                        list.push((s, share));
                        kept[main][s] += share;
                    }
                    s += 1;
                }
                list
            })
            .collect()
    });
    Some(Overlaps { source_axis, shares, kept })
}

/// Rounding must not open slivers between faces that are meant to coincide.
fn snap(x: f64) -> f64 {
    let whole = x.round();
    if (x - whole).abs() < 1e-9 * (1.0 + whole.abs()) { whole } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_shifted_coarser_grid() {
        let source = Grid::aligned([4, 1, 1], [0.0; 3], [1.0; 3]);
        let target = Grid::aligned([2, 1, 1], [1.0, 0.0, 0.0], [2.0, 1.0, 1.0]);
        let o = overlaps(&source, &target).expect("parallel");
        // Target cells cover [0, 2] and [2, 4] mm; source cells start at -0.5 mm.
        assert_eq!(o.shares[0][0], [(0, 0.5), (1, 1.0), (2, 0.5)]);
        assert_eq!(o.shares[0][1], [(2, 0.5), (3, 1.0)]);
        assert_eq!(o.kept[0], [0.5, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn permuted_and_flipped_axes_are_parallel_and_rotated_ones_are_not() {
        let source = Grid::aligned([4, 3, 2], [0.0; 3], [1.0, 2.0, 3.0]);
        let flipped = Grid {
            dims: [2, 4, 3],
            origin_mm: [3.0, 0.0, 3.0],
            axes_mm: [[0.0, 0.0, -3.0], [-1.0, 0.0, 0.0], [0.0, 2.0, 0.0]],
        };
        let o = overlaps(&source, &flipped).expect("parallel");
        assert_eq!(o.source_axis, [2, 0, 1]);
        assert_eq!(o.shares[1][0], [(3, 1.0)]);
        let mut rotated = source.clone();
        rotated.axes_mm[0] = [1.0, 1e-2, 0.0];
        assert!(overlaps(&source, &rotated).is_none());
    }
}
