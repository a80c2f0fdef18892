//! Images that were padded where nothing was measured, as a SPECT that was brought to a CT's grid is. Neglects padding in which no VOI lies, a VOI
//! that two oblique faces of the padding cut at once, and padding with more activity than a hundredth of the VOI's own.
//!
//! A side of the grid that holds next to nothing throughout is no field of view where it cuts a VOI: where it begins most of the VOI's voxels have
//! activity, and the VOI goes on into it. A VOI that was not measured there would else have no activity there, without a word.
//!
//! Next to nothing is a hundredth of the VOI's median activity: interpolation that overshoots leaves a little beside the edge, and a body with less than
//! that beside it is none. The side is one of the grid, or that of a plane fitted to the edge (`oblique`), as a rotated image has them.

mod oblique;

use crate::error::Result;
use crate::image::Grid;

/// Voxels of a VOI at the edge that tell whether it is cut, at least.
const FEWEST: usize = 3;
/// Part of a VOI's median activity that is next to nothing.
const NEXT_TO_NOTHING: f64 = 0.01;

/// Takes from what an image shows (none for all) the voxels of VOIs that lie in such padding. `map` is the activity on the dose grid, `labels` the
/// part of the VOIs that each voxel is in (0 outside of all; empty without VOIs), `body` finds the voxels that hold more than air.
///
/// # Errors
/// Of `body`.
pub(super) fn without(
    shown: Option<Vec<bool>>,
    map: &[f32],
    grid: &Grid,
    labels: &[u16],
    body: impl Fn() -> Result<Vec<bool>>,
) -> Result<Option<Vec<bool>>> {
    let mut seen = shown;
    let mut in_body = None;
    for voxels in parts(labels) {
        let Some(least) = next_to_nothing(map, &voxels) else { continue };
        let part = Part { map, grid, labels, voxels: &voxels, least };
        let mut hidden = part.beyond_planes();
        if hidden.is_empty() {
            let body = match in_body.take() {
                Some(known) => known,
                None => body()?,
            };
            hidden = oblique::beyond(&part, &body);
            in_body = Some(body);
        }
        if !hidden.is_empty() {
            let seen = seen.get_or_insert_with(|| vec![true; map.len()]);
            hidden.iter().for_each(|v| seen[*v as usize] = false);
        }
    }
    Ok(seen)
}

/// The voxels of each part of the VOIs.
fn parts(labels: &[u16]) -> Vec<Vec<u32>> {
    let most = usize::from(labels.iter().copied().max().unwrap_or(0));
    let mut parts = vec![Vec::new(); most];
    for (v, label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        parts[usize::from(*label) - 1].push(v as u32);
    }
    parts
}

/// The activity that is next to nothing in a part; none where all its voxels have more, or none has any.
fn next_to_nothing(map: &[f32], voxels: &[u32]) -> Option<f32> {
    let mut positive: Vec<f32> =
        voxels.iter().map(|v| map[*v as usize]).filter(|a| *a > 0.0).collect();
    let middle = positive.len() / 2;
    if positive.is_empty() {
        return None;
    }
    let (_, median, _) = positive.select_nth_unstable_by(middle, f32::total_cmp);
    let least = (f64::from(*median) * NEXT_TO_NOTHING) as f32;
    voxels.iter().any(|v| map[*v as usize] <= least).then_some(least)
}

/// A part of the VOIs in an image.
struct Part<'a> {
    map: &'a [f32],
    grid: &'a Grid,
    labels: &'a [u16],
    voxels: &'a [u32],
    /// What is next to nothing.
    least: f32,
}

impl Part<'_> {
    fn live(&self, voxel: u32) -> bool {
        self.map[voxel as usize] > self.least
    }

    /// Voxels of the image that are more than next to nothing.
    fn image(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.map.len() as u32).filter(|v| self.live(*v))
    }

    /// Its voxels behind planes of the grid that cut it.
    fn beyond_planes(&self) -> Vec<u32> {
        let live: Vec<u32> = self.image().collect();
        let Some([low, high]) = self.grid.bounds(&live) else { return Vec::new() };
        let mut hidden = Vec::new();
        for axis in 0..3 {
            // The last plane with activity at each side that has some behind it.
            let last = self.grid.dims[axis] - 1;
            let edges = [(low[axis], false, low[axis]), (high[axis], true, last - high[axis])];
            for (edge, up, behind) in edges {
                if behind > 0 && self.is_cut(axis, edge, up) {
                    hidden.extend(self.voxels.iter().copied().filter(|v| {
                        let plane = self.grid.unlinear(*v as usize)[axis];
                        if up { plane > edge } else { plane < edge }
                    }));
                }
            }
        }
        hidden
    }

    /// Whether the plane `edge` of an axis, with next to nothing behind it (`up` or down), cuts it.
    fn is_cut(&self, axis: usize, edge: usize, up: bool) -> bool {
        // Voxels in the plane, those with activity, and those behind which it goes on.
        let [mut all, mut live, mut on] = [0_usize; 3];
        for &v in self.voxels {
            let mut at = self.grid.unlinear(v as usize);
            if at[axis] != edge {
                continue;
            }
            at[axis] = if up { edge + 1 } else { edge - 1 };
            all += 1;
            live += usize::from(self.live(v));
            on += usize::from(self.labels[self.grid.linear(at)] == self.labels[v as usize]);
        }
        on >= FEWEST && 2 * live >= all
    }
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

    fn without(
        shown: Option<Vec<bool>>,
        map: &[f32],
        grid: &Grid,
        labels: &[u16],
    ) -> Option<Vec<bool>> {
        super::without(shown, map, grid, labels, || Ok(vec![true; map.len()])).unwrap()
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
