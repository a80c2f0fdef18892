//! Images that were padded with zeros where nothing was measured, as a SPECT that was brought to a CT's grid is. Neglects padding that is not whole
//! planes of the dose grid, and padding in which no VOI lies.
//!
//! Planes at a side of the grid that are zero throughout are a field of view where they cut a VOI: at the last plane that is not zero most of the VOI's
//! voxels have activity, and it goes on into the zeros. A VOI that was not measured there would else have no activity there, without a word.

/// Voxels of a VOI at the edge that tell whether it is cut, at least.
const FEWEST: usize = 3;

/// Takes from what an image shows (none for all) the voxels of VOIs that lie in such padding. `map` is the activity on the dose grid, `labels` the
/// part of the VOIs that each voxel is in (0 outside of all; empty without VOIs).
pub(super) fn without(
    shown: Option<Vec<bool>>,
    map: &[f32],
    dims: [usize; 3],
    labels: &[u16],
) -> Option<Vec<bool>> {
    if labels.is_empty() {
        return shown;
    }
    let mut seen = shown;
    for axis in 0..3 {
        for side in [Side::First, Side::Last] {
            let planes = side.zeros(map, dims, axis);
            if planes == 0 || planes == dims[axis] {
                continue;
            }
            for part in cut(map, dims, labels, (axis, side, planes)) {
                let seen = seen.get_or_insert_with(|| vec![true; map.len()]);
                let inside = |v: &usize| side.depth(at(*v, dims)[axis], dims[axis]) < planes;
                (0..map.len())
                    .filter(|v| labels[*v] == part && inside(v))
                    .for_each(|v| seen[v] = false);
            }
        }
    }
    seen
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    First,
    Last,
}

impl Side {
    /// Planes between one and this side.
    fn depth(self, plane: usize, planes: usize) -> usize {
        match self {
            Side::First => plane,
            Side::Last => planes - 1 - plane,
        }
    }

    /// Planes at this side that are zero throughout.
    fn zeros(self, map: &[f32], dims: [usize; 3], axis: usize) -> usize {
        let live = (0..map.len()).filter(|v| map[*v] != 0.0);
        let depths = live.map(|v| self.depth(at(v, dims)[axis], dims[axis]));
        depths.min().unwrap_or(dims[axis])
    }
}

fn at(v: usize, [nx, ny, _]: [usize; 3]) -> [usize; 3] {
    [v % nx, v / nx % ny, v / (nx * ny)]
}

/// Parts of VOIs that the first plane with activity cuts.
fn cut(
    map: &[f32],
    dims: [usize; 3],
    labels: &[u16],
    (axis, side, planes): (usize, Side, usize),
) -> Vec<u16> {
    let step = [1, dims[0], dims[0] * dims[1]][axis];
    let most = usize::from(labels.iter().copied().max().unwrap_or(0));
    // Voxels in the plane, those with activity, and those behind which the VOI goes on.
    let mut counts = vec![[0_usize; 3]; most + 1];
    for v in 0..map.len() {
        if labels[v] == 0 || side.depth(at(v, dims)[axis], dims[axis]) != planes {
            continue;
        }
        let beyond = if side == Side::First { v - step } else { v + step };
        let of = &mut counts[usize::from(labels[v])];
        of[0] += 1;
        of[1] += usize::from(map[v] > 0.0);
        of[2] += usize::from(labels[beyond] == labels[v]);
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

    const DIMS: [usize; 3] = [4, 4, 6];

    fn map(of: impl Fn([usize; 3]) -> f32) -> Vec<f32> {
        (0..96).map(|v| of(at(v, DIMS))).collect()
    }

    fn labels(of: impl Fn([usize; 3]) -> bool) -> Vec<u16> {
        (0..96).map(|v| u16::from(of(at(v, DIMS)))).collect()
    }

    #[test]
    fn a_voi_that_zeros_cut_is_not_seen_there() {
        let image = map(|[_, _, z]| if z < 4 { 1.0 } else { 0.0 });
        let voi = labels(|[x, y, z]| x > 0 && y > 0 && (2..5).contains(&z));
        let seen = without(None, &image, DIMS, &voi).unwrap();
        for (v, seen) in seen.iter().enumerate() {
            assert_eq!(*seen, voi[v] == 0 || at(v, DIMS)[2] < 4, "{v}");
        }
        // The other way up, and beside what the grid does not show anyway.
        let image = map(|[_, _, z]| if z > 2 { 1.0 } else { 0.0 });
        let already: Vec<bool> = (0..96).map(|v| v != 95).collect();
        let seen = without(Some(already), &image, DIMS, &voi).unwrap();
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
        assert_eq!(without(None, &lesion, DIMS, &organ), None);
        let all = map(|_| 1.0);
        assert_eq!(without(None, &all, DIMS, &organ), None);
        assert_eq!(without(None, &map(|_| 0.0), DIMS, &organ), None);
        // Activity that has shrunk within its VOI, as of a lesion: the VOI's cross-section at the last of it is larger.
        let round = |r: i64| {
            move |[x, y, z]: [usize; 3]| {
                let of = |i: usize| (i as i64 - 10).pow(2);
                of(x) + of(y) + of(z) <= r * r
            }
        };
        let all = [21, 21, 21];
        let ball = |r: i64| (0..9261).map(move |v| round(r)(at(v, all)));
        let shrunk: Vec<f32> = ball(6).map(|b| f32::from(u8::from(b))).collect();
        let voi: Vec<u16> = ball(7).map(u16::from).collect();
        assert_eq!(without(None, &shrunk, all, &voi), None);
        // A VOI that only touches the zeros, and no VOIs.
        let half = map(|[_, _, z]| if z < 4 { 1.0 } else { 0.0 });
        assert_eq!(without(None, &half, DIMS, &labels(|[_, _, z]| z < 4)), None);
        assert_eq!(without(None, &half, DIMS, &[]), None);
    }
}
