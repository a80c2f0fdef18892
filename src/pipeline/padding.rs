//! Images that were padded with zeros where nothing was measured, as a SPECT that was brought to a CT's grid is. Neglects padding that is not whole
//! planes of the dose grid, and padding in which no VOI lies.
//!
//! Planes at a side of the grid that are zero throughout are a field of view where they cut a VOI: at the last plane that is not zero most of the VOI's
//! voxels have activity, and it goes on into the zeros. A VOI that was not measured there would else have no activity there, without a word.

use crate::image::Grid;

/// Voxels of a VOI at the edge that tell whether it is cut, at least.
const FEWEST: usize = 3;

/// Takes from what an image shows (none for all) the voxels of VOIs that lie in such padding. `map` is the activity on the dose grid, `labels` the
/// part of the VOIs that each voxel is in (0 outside of all; empty without VOIs).
pub(super) fn without(
    shown: Option<Vec<bool>>,
    map: &[f32],
    grid: &Grid,
    labels: &[u16],
) -> Option<Vec<bool>> {
    let live: Vec<u32> = (0..map.len()).filter(|v| map[*v] != 0.0).map(|v| v as u32).collect();
    let Some([low, high]) = grid.bounds(&live).filter(|_| !labels.is_empty()) else {
        return shown;
    };
    let mut seen = shown;
    for axis in 0..3 {
        // The last plane with activity at each side that has zeros behind it.
        let behind = |plane: usize, up: bool| if up { grid.dims[axis] - 1 - plane } else { plane };
        let edges = [(low[axis], false), (high[axis], true)];
        for (edge, up) in edges.into_iter().filter(|(plane, up)| behind(*plane, *up) > 0) {
            let parts = cut(map, grid, labels, (axis, edge, up));
            if parts.is_empty() {
                continue;
            }
            let seen = seen.get_or_insert_with(|| vec![true; map.len()]);
            for v in (0..map.len()).filter(|v| parts.contains(&labels[*v])) {
                let plane = grid.unlinear(v)[axis];
                let beyond = if up { plane > edge } else { plane < edge };
                seen[v] &= !beyond;
            }
        }
    }
    seen
}

/// Parts of VOIs that the plane `edge` of an axis, with zeros behind it (`up` or down), cuts.
fn cut(
    map: &[f32],
    grid: &Grid,
    labels: &[u16],
    (axis, edge, up): (usize, usize, bool),
) -> Vec<u16> {
    let most = usize::from(labels.iter().copied().max().unwrap_or(0));
    // Voxels in the plane, those with activity, and those behind which the VOI goes on.
    let mut counts = vec![[0_usize; 3]; most + 1];
    for v in (0..map.len()).filter(|v| labels[*v] > 0) {
        let mut at = grid.unlinear(v);
        if at[axis] != edge {
            continue;
        }
        at[axis] = if up { edge + 1 } else { edge - 1 };
        let of = &mut counts[usize::from(labels[v])];
        of[0] += 1;
        of[1] += usize::from(map[v] > 0.0);
        of[2] += usize::from(labels[grid.linear(at)] == labels[v]);
    }
    let parts = counts.iter().enumerate();
    parts
        .filter(|(_, [all, live, on])| *on >= FEWEST && 2 * live >= *all)
        .map(|(p, _)| p as u16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::aligned([4, 4, 6], [0.0; 3], [1.0; 3])
    }

    fn map(of: impl Fn([usize; 3]) -> f32) -> Vec<f32> {
        (0..96).map(|v| of(grid().unlinear(v))).collect()
    }

    fn labels(of: impl Fn([usize; 3]) -> bool) -> Vec<u16> {
        (0..96).map(|v| u16::from(of(grid().unlinear(v)))).collect()
    }

    #[test]
    fn a_voi_that_zeros_cut_is_not_seen_there() {
        let image = map(|[_, _, z]| if z < 4 { 1.0 } else { 0.0 });
        let voi = labels(|[x, y, z]| x > 0 && y > 0 && (2..5).contains(&z));
        let seen = without(None, &image, &grid(), &voi).unwrap();
        for (v, seen) in seen.iter().enumerate() {
            assert_eq!(*seen, voi[v] == 0 || grid().unlinear(v)[2] < 4, "{v}");
        }
        // The other way up, and beside what the grid does not show anyway.
        let image = map(|[_, _, z]| if z > 2 { 1.0 } else { 0.0 });
        let already: Vec<bool> = (0..96).map(|v| v != 95).collect();
        let seen = without(Some(already), &image, &grid(), &voi).unwrap();
        assert!(!seen[95] && seen[94]);
        let hidden = seen.iter().filter(|s| !**s).count();
        assert_eq!(hidden, 1 + 9);
    }

    /// A lesion alone in zeros, its organ around it: the organ has no activity elsewhere, and none is missing.
    #[test]
    fn zeros_around_what_was_measured_are_zeros() {
        let lesion =
            map(|[x, y, z]| if x == 1 && y == 1 && (2..4).contains(&z) { 1.0 } else { 0.0 });
        let organ = labels(|_| true);
        assert_eq!(without(None, &lesion, &grid(), &organ), None);
        let all = map(|_| 1.0);
        assert_eq!(without(None, &all, &grid(), &organ), None);
        assert_eq!(without(None, &map(|_| 0.0), &grid(), &organ), None);
        // Activity that has shrunk within its VOI, as of a lesion: the VOI's cross-section at the last of it is larger.
        let all = Grid::aligned([21; 3], [0.0; 3], [1.0; 3]);
        let within = |v: usize, r: usize| {
            let squared: usize = all.unlinear(v).iter().map(|i| i.abs_diff(10).pow(2)).sum();
            squared <= r * r
        };
        let shrunk: Vec<f32> = (0..9261).map(|v| f32::from(u8::from(within(v, 6)))).collect();
        let voi: Vec<u16> = (0..9261).map(|v| u16::from(within(v, 7))).collect();
        assert_eq!(without(None, &shrunk, &all, &voi), None);
        // A VOI that only touches the zeros, and no VOIs.
        let half = map(|[_, _, z]| if z < 4 { 1.0 } else { 0.0 });
        assert_eq!(without(None, &half, &grid(), &labels(|[_, _, z]| z < 4)), None);
        assert_eq!(without(None, &half, &grid(), &[]), None);
    }
}
