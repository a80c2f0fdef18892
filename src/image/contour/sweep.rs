//! A sweep over closed loops of straight edges in a plane: strips between events within which no two edges cross, from below to above. Neglects
//! nothing; whatever rule says what is inside, each strip is a row of trapezoids.

use crate::error::{Error, Result};

/// Edge visits that one region may take: real ones need some ten thousand, a scribble of n points up to n^2.
pub const MOST_WORK: u64 = 30_000_000;

/// Part of a strip's height in which crossings pass for ones at its lower end: what is missed is less than this part of an area.
const PARTED: f64 = 1e-9;

/// Edge visits that are left to a region, of 30 million; used up by a scribble.
#[derive(Debug)]
pub struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Budget(MOST_WORK)
    }
}

impl Budget {
    fn take(&mut self, visits: usize) -> Result<()> {
        let left = self.0.checked_sub(visits as u64);
        self.0 = left.ok_or_else(|| {
            Error::input(
                "contours cross each other too often",
                "every crossing has to be found to know what is inside",
                "Check that the structure is an outline; export it with fewer points.",
            )
        })?;
        Ok(())
    }
}

/// A piece of an edge within a strip.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// u at the lower and the upper end.
    pub u: [f64; 2],
    /// Which loop it is of.
    pub owner: usize,
}

impl Piece {
    /// u at a part of the height.
    fn at(&self, t: f64) -> f64 {
        self.u[0] + t * (self.u[1] - self.u[0])
    }

    pub fn middle(&self) -> f64 {
        0.5 * (self.u[0] + self.u[1])
    }
}

#[derive(Clone, Copy)]
struct Edge {
    low: [f64; 2],
    high: [f64; 2],
    owner: usize,
}

impl Edge {
    /// u at v.
    fn at(&self, v: f64) -> f64 {
        if v <= self.low[1] {
            return self.low[0];
        }
        if v >= self.high[1] {
            return self.high[0];
        }
        let t = (v - self.low[1]) / (self.high[1] - self.low[1]);
        self.low[0] + t * (self.high[0] - self.low[0])
    }
}

/// Visits the strips of loops (points u, v), cut at their vertices, their crossings and `cuts`: lower and upper v, and the pieces from left to
/// right.
///
/// # Errors
/// If the budget is used up.
pub fn sweep(
    loops: &[Vec<[f64; 2]>],
    cuts: impl Iterator<Item = f64>,
    budget: &mut Budget,
    mut visit: impl FnMut([f64; 2], &[Piece]),
) -> Result<()> {
    let mut edges = Vec::new();
    for (owner, points) in loops.iter().enumerate() {
        for (n, &a) in points.iter().enumerate() {
            let b = points[(n + 1) % points.len()];
            if a[1] < b[1] {
                edges.push(Edge { low: a, high: b, owner });
            } else if b[1] < a[1] {
                edges.push(Edge { low: b, high: a, owner });
            }
        }
    }
    budget.take(edges.len())?;
    edges.sort_by(|a, b| a.low[1].total_cmp(&b.low[1]));
    let (Some(first), Some(last)) =
        (edges.first().map(|e| e.low[1]), edges.iter().map(|e| e.high[1]).max_by(f64::total_cmp))
    else {
        return Ok(());
    };
    let ends = edges.iter().flat_map(|e| [e.low[1], e.high[1]]);
    let mut events: Vec<f64> = ends.chain(cuts.filter(|v| *v > first && *v < last)).collect();
    events.sort_by(f64::total_cmp);
    events.dedup();
    let (mut next, mut active): (usize, Vec<Edge>) = (0, Vec::new());
    let mut pieces = Vec::new();
    for pair in events.windows(2) {
        let (mut v, top) = (pair[0], pair[1]);
        active.retain(|e| e.high[1] > v);
        while let Some(e) = edges.get(next).filter(|e| e.low[1] <= v) {
            active.push(*e);
            next += 1;
        }
        while v < top {
            budget.take(active.len() + 1)?;
            pieces.clear();
            pieces.extend(active.iter().map(|e| Piece { u: [e.at(v), e.at(top)], owner: e.owner }));
            // Just above the lower end, where those that cross in it have parted.
            pieces.sort_by(|a, b| a.at(PARTED).total_cmp(&b.at(PARTED)));
            let upper = first_crossing(&pieces).map_or(top, |t| v + t * (top - v));
            let upper = if upper > v && upper < top { upper } else { top };
            if upper < top {
                let t = (upper - v) / (top - v);
                pieces.iter_mut().for_each(|p| p.u[1] = p.at(t));
            }
            pieces.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
            visit([v, upper], &pieces);
            v = upper;
        }
    }
    Ok(())
}

/// Where in the strip (0 to 1) two pieces first cross: those are neighbours at the lower end.
fn first_crossing(pieces: &[Piece]) -> Option<f64> {
    let crossing = |pair: &[Piece]| {
        let (below, above) = (pair[1].u[0] - pair[0].u[0], pair[0].u[1] - pair[1].u[1]);
        (above > 0.0).then(|| below / (below + above)).filter(|t| *t > 2.0 * PARTED)
    };
    pieces.windows(2).filter_map(crossing).min_by(f64::total_cmp)
}
