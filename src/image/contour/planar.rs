//! The contours of one plane as one area, exact: how they combine, its size, and the share of each pixel that lies inside. Neglects that what
//! was drawn may have been meant round: edges are straight between points.
//!
//! Contours that lie in one another are cut out alternately (even-odd: a hole, an island in it); contours that overlap in part are joined, and
//! told; one that stands twice counts once. Within one contour that crosses itself the rule is even-odd, so a keyhole leaves its hole.

use std::collections::BTreeMap;

use super::sweep::{Budget, Piece, sweep};
use crate::error::Result;

/// Two contours overlap in part if more than this of the smaller lies inside the other and more than this outside of it: rounding of
/// coordinates lets contours that touch overlap by less.
const TOUCH: f64 = 1e-3;
/// A contour crosses itself if its even-odd area differs from its signed area by more than this part.
const CROSSES_ITSELF: f64 = 1e-3;

/// The contours of a plane.
#[derive(Debug, Clone)]
pub struct Planar {
    loops: Vec<Vec<[f64; 2]>>,
    /// Which joined group each loop is of.
    group: Vec<usize>,
    groups: usize,
    /// Of the whole, in units of the points squared.
    pub area: f64,
    /// What was found about the contours.
    pub found: Found,
}

/// What a user should know of the contours of a plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Contours inside others, cut out.
    pub nested: usize,
    /// Pairs that overlap in part and were joined.
    pub joined: usize,
    /// Contours that stand twice.
    pub doubled: usize,
    /// Contours that cross themselves.
    pub self_crossing: usize,
}

/// Shares of the pixels of a window.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// First column and row of the window.
    pub first: [usize; 2],
    /// Columns and rows.
    pub size: [usize; 2],
    /// Row by row.
    pub shares: Vec<f64>,
}

/// What is inside, as a strip is walked from left to right.
struct Inside<'a> {
    group: &'a [usize],
    odd: Vec<bool>,
    count: Vec<u32>,
    inside: bool,
}

impl<'a> Inside<'a> {
    fn new(group: &'a [usize], groups: usize) -> Self {
        let (odd, count) = (vec![false; group.len()], vec![0; groups]);
        Inside { group, odd, count, inside: false }
    }

    /// Passes an edge of a loop; 1 where the area begins, -1 where it ends.
    fn pass(&mut self, owner: usize) -> f64 {
        let count = &mut self.count[self.group[owner]];
        let before = *count > 0;
        let odd = &mut self.odd[owner];
        if *odd {
            *count -= 1
        } else {
            *count += 1
        }
        *odd = !*odd;
        if (*count > 0) == before {
            return 0.0;
        }
        self.inside = !self.inside;
        if self.inside { 1.0 } else { -1.0 }
    }
}

impl Planar {
    /// Combines the contours of a plane; `exclusive` ones are always cut out of one another (CLOSEDPLANAR_XOR).
    ///
    /// # Errors
    /// If they cross each other too often.
    pub fn new(loops: Vec<Vec<[f64; 2]>>, exclusive: bool, budget: &mut Budget) -> Result<Planar> {
        let mut planar = Planar {
            group: (0..loops.len()).collect(),
            groups: loops.len(),
            loops,
            area: 0.0,
            found: Found::default(),
        };
        let (areas, shared) = planar.overlaps(budget)?;
        for (points, area) in planar.loops.iter().zip(&areas) {
            let signed = signed_area(points).abs();
            let crosses = (signed - area).abs() > CROSSES_ITSELF * signed.max(*area);
            planar.found.self_crossing += usize::from(crosses);
        }
        let mut dropped = vec![false; planar.loops.len()];
        for (&(a, b), &common) in &shared {
            let (small, large) = (areas[a].min(areas[b]), areas[a].max(areas[b]));
            if common < TOUCH * small || dropped[a] || dropped[b] || exclusive {
                continue;
            }
            if common > (1.0 - TOUCH) * large {
                dropped[b] = true;
                planar.found.doubled += 1;
            } else if common > (1.0 - TOUCH) * small {
                planar.found.nested += 1;
            } else {
                planar.found.joined += 1;
                let (from, to) = (planar.group[b], planar.group[a]);
                planar.group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
        let mut keep = dropped.iter().map(|d| !d);
        planar.loops.retain(|_| keep.next() == Some(true));
        let mut keep = dropped.iter().map(|d| !d);
        planar.group.retain(|_| keep.next() == Some(true));
        planar.area = planar.whole_area(budget)?;
        Ok(planar)
    }

    /// Area of each loop by even-odd, and of what each pair has in common.
    #[allow(clippy::type_complexity, reason = "one place")]
    fn overlaps(&self, budget: &mut Budget) -> Result<(Vec<f64>, BTreeMap<(usize, usize), f64>)> {
        let mut areas = vec![0.0; self.loops.len()];
        let mut shared = BTreeMap::new();
        let mut inside: Vec<usize> = Vec::new();
        sweep(&self.loops, std::iter::empty(), budget, |[low, high], pieces| {
            inside.clear();
            for pair in pieces.windows(2) {
                match inside.iter().position(|o| *o == pair[0].owner) {
                    Some(at) => {
                        inside.swap_remove(at);
                    }
                    None => inside.push(pair[0].owner),
                }
                let area = (pair[1].middle() - pair[0].middle()) * (high - low);
                for (n, &a) in inside.iter().enumerate() {
                    areas[a] += area;
                    for &b in &inside[n + 1..] {
                        *shared.entry((a.min(b), a.max(b))).or_insert(0.0) += area;
                    }
                }
            }
        })?;
        Ok((areas, shared))
    }

    fn whole_area(&self, budget: &mut Budget) -> Result<f64> {
        let mut area = 0.0;
        let mut state = Inside::new(&self.group, self.groups);
        sweep(&self.loops, std::iter::empty(), budget, |[low, high], pieces| {
            let sum: f64 = pieces.iter().map(|p| -state.pass(p.owner) * p.middle()).sum();
            area += sum * (high - low);
        })?;
        Ok(area)
    }

    /// The contours' loops, of which those that stand twice are left out.
    pub fn points(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.loops.iter().flatten().copied()
    }

    /// Shares of the pixels of an image of so many columns and rows; `to_pixels` maps a point to continuous pixel indices, whole at pixel centres.
    /// None if no pixel is touched.
    ///
    /// # Errors
    /// If the contours cross each other too often.
    pub fn coverage(
        &self,
        to_pixels: impl Fn([f64; 2]) -> [f64; 2],
        dims: [usize; 2],
        budget: &mut Budget,
    ) -> Result<Option<Coverage>> {
        // Pixel n covers n to n + 1 from here on.
        let edges = |p: &[f64; 2]| to_pixels(*p).map(|x| x + 0.5);
        let mut loops: Vec<Vec<[f64; 2]>> =
            self.loops.iter().map(|l| l.iter().map(edges).collect()).collect();
        let Some((first, size)) = window(&loops, dims) else { return Ok(None) };
        for point in loops.iter_mut().flatten() {
            for a in 0..2 {
                point[a] -= first[a] as f64;
            }
        }
        let [columns, rows] = size;
        let mut sums = vec![0.0; (columns + 1) * rows];
        let mut state = Inside::new(&self.group, self.groups);
        let cuts = (0..=rows).map(|r| r as f64);
        sweep(&loops, cuts, budget, |[low, high], pieces| {
            let middle = 0.5 * (low + high);
            let row = if middle >= 0.0 && middle < rows as f64 { middle as usize } else { rows };
            let line = sums.get_mut(row * (columns + 1)..(row + 1) * (columns + 1));
            let Some(line) = line.filter(|_| row < rows) else { return };
            for piece in pieces {
                let sign = state.pass(piece.owner);
                if sign != 0.0 {
                    add(line, piece, sign * (high - low));
                }
            }
        })?;
        let mut shares = Vec::with_capacity(columns * rows);
        for line in sums.chunks(columns + 1) {
            let mut sum = 0.0;
            shares.extend(line[..columns].iter().map(|d| {
                sum += d;
                sum.clamp(0.0, 1.0)
            }));
        }
        Ok(Some(Coverage { first, size, shares }))
    }
}

/// Twice counted areas cancel: half the sum of the cross products (shoelace formula).
fn signed_area(points: &[[f64; 2]]) -> f64 {
    let Some(o) = points.first() else { return 0.0 };
    let cross = |n: usize| {
        let (a, b) = (points[n], points[(n + 1) % points.len()]);
        (a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1])
    };
    0.5 * (0..points.len()).map(cross).sum::<f64>()
}

/// First pixel and size of the part of an image that loops may touch.
fn window(loops: &[Vec<[f64; 2]>], dims: [usize; 2]) -> Option<([usize; 2], [usize; 2])> {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in loops.iter().flatten() {
        for a in 0..2 {
            low[a] = low[a].min(point[a]);
            high[a] = high[a].max(point[a]);
        }
    }
    let first = low.map(|x| x.max(0.0) as usize);
    let end = [0, 1].map(|a| (high[a].max(0.0).ceil() as usize).min(dims[a]));
    (first[0] < end[0] && first[1] < end[1])
        .then(|| (first, [end[0] - first[0], end[1] - first[1]]))
}

/// Adds to a row's running sums what lies to the right of a piece, `weight` being its height with sign.
fn add(line: &mut [f64], piece: &Piece, weight: f64) {
    let width = (line.len() - 1) as f64;
    let [a, b] = piece.u;
    let (low, high) = (a.min(b), a.max(b));
    if low >= width {
        return;
    }
    if high <= 0.0 {
        line[0] += weight;
        return;
    }
    if high - low < 1e-12 {
        let column = (low.max(0.0) as usize).min(line.len() - 2);
        let right = column as f64 + 1.0 - (0.5 * (low + high)).clamp(0.0, width);
        line[column] += weight * right;
        line[column + 1] += weight * (1.0 - right);
        return;
    }
    let per_length = weight / (high - low);
    // Left of the window: the whole row lies to the right.
    if low < 0.0 {
        line[0] += per_length * -low;
    }
    let (mut at, end) = (low.max(0.0), high.min(width));
    while at < end {
        let column = (at as usize).min(line.len() - 2);
        let next = end.min(column as f64 + 1.0);
        let (part, right) = (per_length * (next - at), column as f64 + 1.0 - 0.5 * (at + next));
        line[column] += part * right;
        line[column + 1] += part * (1.0 - right);
        at = next;
    }
}

#[cfg(test)]
#[path = "planar_tests.rs"]
mod tests;
