//! Images that were padded where nothing was measured, as a SPECT that was brought to a CT's grid is. Neglects padding that nothing of the body borders
//! on flatly, and padding with more activity than a hundredth of what is in the VOI.
//!
//! Beyond a face of the padding there is next to nothing throughout the image. It is found where a plane of the grid cuts a VOI (at the last plane with
//! activity most of the VOI's voxels have some, and it goes on beyond), where a plane that is none of the grid does, and where such a plane cuts the body
//! (`oblique`): an image that was resampled with a rotation has them. What lies beyond a face that is found was not measured, in every VOI. It would else
//! have no activity there, without a word.
//!
//! An image that was filtered or resampled once more has no sharp edge: a face of the body is where its activity falls to half.
//!
//! Next to nothing is a hundredth of a high (95 %) activity of the VOI: interpolation that overshoots leaves a little beside the edge, and a body with
//! less than that beside it is none.

mod body;
mod oblique;

use std::borrow::Cow;

use nalgebra::Vector3;

use crate::error::Result;
use crate::image::Grid;

/// Voxels of a VOI at the edge that tell whether it is cut, at least.
const FEWEST: usize = 3;
/// Part of a VOI's high activity that is next to nothing.
const NEXT_TO_NOTHING: f64 = 0.01;
/// Values of an image that tell what is high in it.
const MOST_VALUES: usize = 1_000_000;
/// Where a VOI's high activity stands among its positive ones.
const HIGH: f64 = 0.95;

/// Takes from what an image shows (none for all) the voxels of VOIs that lie in such padding. `map` is the activity on the dose grid, `labels` the
/// part of the VOIs that each voxel is in (0 outside of all; empty without VOIs), `body` finds the voxels that hold more than air.
///
/// # Errors
/// Of `body`.
pub(super) fn without<'a>(
    shown: Option<Vec<bool>>,
    map: &[f32],
    grid: &Grid,
    labels: &[u16],
    body: impl Fn() -> Result<Cow<'a, [bool]>>,
) -> Result<Option<Vec<bool>>> {
    let all: Vec<Vec<u32>> = parts(labels);
    if all.is_empty() {
        return Ok(shown);
    }
    let of = |voxels: &Vec<u32>| next_to_nothing(voxels.iter().map(|v| map[*v as usize]));
    let least: Vec<Option<f32>> = all.iter().map(of).collect();
    let nothing = |p: usize, v: u32| least[p].is_none_or(|least| map[v as usize] <= least);
    let some_nothing = |p: usize| all[p].iter().any(|v| nothing(p, *v));
    // All of it may be next to nothing, beside what the image shows elsewhere.
    let every = map.len().div_ceil(MOST_VALUES);
    let little = next_to_nothing(map.iter().step_by(every).copied()).unwrap_or(0.0);
    let dim = |p: usize| {
        least[p].is_some_and(|own| f64::from(own) <= NEXT_TO_NOTHING * f64::from(little))
    };
    let lacking: Vec<usize> = (0..all.len()).filter(|p| some_nothing(*p)).collect();
    if lacking.is_empty() && !(0..all.len()).any(dim) {
        return Ok(shown);
    }
    let body = body()?;
    let highest = highest_by_plane(map, grid);
    let mut faces = Vec::new();
    for &p in &lacking {
        let Some(least) = least[p] else { continue };
        let part = Part {
            map,
            grid,
            voxels: &all[p],
            within: &|v| usize::from(labels[v]) == p + 1,
            least,
        };
        let planes = part.planes(&highest);
        match planes.is_empty() {
            true => faces.extend(oblique::face(&part, &body)),
            false => faces.extend(planes),
        }
    }
    // What is known of the body holds whatever a VOI has there: an image may have been smeared over its own edge.
    let of_body = body::faces(map, grid, &body);
    let mut seen = shown;
    for (p, voxels) in all.iter().enumerate() {
        for &v in voxels {
            let at = position(grid, v);
            let beyond = |faces: &[Face]| faces.iter().any(|f| f.beyond_mm(&at) > 0.0);
            if beyond(&of_body) || (nothing(p, v) && beyond(&faces)) {
                seen.get_or_insert_with(|| vec![true; map.len()])[v as usize] = false;
            }
        }
    }
    Ok(seen)
}

/// A face of the padding: a point of it and its normal, away from what was measured.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    at: Vector3<f64>,
    normal: Vector3<f64>,
}

impl Face {
    /// How far a point (mm) lies beyond it.
    fn beyond_mm(&self, point: &Vector3<f64>) -> f64 {
        self.normal.dot(&(point - self.at))
    }
}

fn position(grid: &Grid, voxel: u32) -> Vector3<f64> {
    Vector3::from(grid.to_mm(grid.unlinear(voxel as usize).map(|i| i as f64)))
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

/// The activity that is next to nothing among some; none where none is positive.
fn next_to_nothing(activities: impl Iterator<Item = f32>) -> Option<f32> {
    let mut positive: Vec<f32> = activities.filter(|a| *a > 0.0).collect();
    let high = ((positive.len() as f64 * HIGH) as usize).min(positive.len().checked_sub(1)?);
    let (_, high, _) = positive.select_nth_unstable_by(high, f32::total_cmp);
    Some((f64::from(*high) * NEXT_TO_NOTHING) as f32)
}

/// The highest activity in each plane of the grid, along each axis.
fn highest_by_plane(map: &[f32], grid: &Grid) -> [Vec<f32>; 3] {
    let mut highest = grid.dims.map(|n| vec![f32::NEG_INFINITY; n]);
    for (row, values) in map.chunks(grid.dims[0]).enumerate() {
        let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let [y, z] = [row % grid.dims[1], row / grid.dims[1]];
        highest[1][y] = highest[1][y].max(most);
        highest[2][z] = highest[2][z].max(most);
        highest[0].iter_mut().zip(values).for_each(|(h, v)| *h = h.max(*v));
    }
    highest
}

/// Some voxels of an image: a part of the VOIs, or the body.
struct Part<'a> {
    map: &'a [f32],
    grid: &'a Grid,
    voxels: &'a [u32],
    /// Whether a voxel is one of them.
    within: &'a dyn Fn(usize) -> bool,
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

    /// Planes of the grid that cut it, by the highest activity in each.
    fn planes(&self, highest: &[Vec<f32>; 3]) -> Vec<Face> {
        let mut faces = Vec::new();
        for (axis, highest) in highest.iter().enumerate() {
            // The last plane with activity at each side that has some behind it.
            let live = |h: &f32| *h > self.least;
            let (Some(low), Some(high)) =
                (highest.iter().position(live), highest.iter().rposition(live))
            else {
                return Vec::new();
            };
            for (edge, up, behind) in [(low, false, low), (high, true, highest.len() - 1 - high)] {
                if behind > 0 && self.is_cut(axis, edge, up) {
                    let step = Vector3::from(self.grid.axes_mm[axis]);
                    let outwards = if up { step } else { -step };
                    let mut index = [0.0; 3];
                    index[axis] = edge as f64;
                    let at = Vector3::from(self.grid.to_mm(index)) + outwards / 2.0;
                    faces.push(Face { at, normal: outwards.normalize() });
                }
            }
        }
        faces
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
            on += usize::from((self.within)(self.grid.linear(at)));
        }
        on >= FEWEST && 2 * live >= all
    }

    /// Middles (mm) between its voxels with activity and neighbours of them in it without, and the sum of the ways from the first to the second.
    fn edge(&self) -> (Vec<Vector3<f64>>, Vector3<f64>) {
        let (mut middles, mut outwards) = (Vec::new(), Vector3::zeros());
        for &v in self.voxels.iter().filter(|v| self.live(**v)) {
            let here = self.grid.unlinear(v as usize);
            for (axis, up) in [(0, true), (1, true), (2, true), (0, false), (1, false), (2, false)]
            {
                let mut next = here;
                next[axis] = match up {
                    true if here[axis] + 1 < self.grid.dims[axis] => here[axis] + 1,
                    false if here[axis] > 0 => here[axis] - 1,
                    _ => continue,
                };
                let n = self.grid.linear(next);
                if (self.within)(n) && !self.live(n as u32) {
                    let (inside, outside) = (position(self.grid, v), position(self.grid, n as u32));
                    middles.push((inside + outside) / 2.0);
                    outwards += outside - inside;
                }
            }
        }
        (middles, outwards)
    }

    /// Whether all of the image further than some voxels beyond a face is next to nothing; the face's direction may be off by `tilt`.
    fn nothing_beyond(&self, face: &Face, voxels: f64, tilt: f64) -> bool {
        let voxel = self.largest_edge();
        !self.image().any(|v| {
            let from = position(self.grid, v) - face.at;
            let out = face.normal.dot(&from);
            let along = (from.norm_squared() - out * out).max(0.0).sqrt();
            out > voxels * voxel + tilt * along
        })
    }

    /// Largest edge of a voxel, mm.
    fn largest_edge(&self) -> f64 {
        self.grid.spacing_mm().into_iter().fold(0.0, f64::max)
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
        super::without(shown, map, grid, labels, || Ok(vec![true; map.len()].into())).unwrap()
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
