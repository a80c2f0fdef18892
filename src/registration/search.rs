//! Where to start: the similarity at a lattice of shifts and turns on the coarsest level. Neglects maxima narrower than the lattice, which the coarse
//! level blurs away: shifts are 15 mm apart, turns 10 degrees.

use super::descent::LEAST_OVERLAP;
use super::objective::{Objective, Parameters};

/// Distance of shifts, mm.
const STEP_MM: f64 = 15.0;
/// Points used: evenly spread, as any first part of the points is.
const POINTS: usize = 4096;
/// A place with less than this part of the largest overlap is not compared: what little overlaps there may agree by chance.
const COMPARED: f64 = 0.5;
/// Starts that are refined.
pub const KEPT: usize = 6;

/// The best places of the lattices around some places, best first; none where nothing overlaps.
pub fn starts(
    objective: &Objective<'_>,
    around: &[Parameters],
    reach_mm: f64,
    reach_deg: f64,
) -> Vec<Parameters> {
    let steps = (reach_mm / STEP_MM).round() as i32;
    let shifts: Vec<[f64; 3]> = (-steps..=steps)
        .flat_map(|i| (-steps..=steps).flat_map(move |j| (-steps..=steps).map(move |k| [i, j, k])))
        .map(|s| s.map(|n| f64::from(n) * STEP_MM))
        .collect();
    let turn = reach_deg.to_radians() * objective.radius_mm;
    let mut turns = vec![[0.0; 3]];
    for axis in 0..3 {
        for sign in [-turn, turn] {
            if turn > 0.0 {
                let mut t = [0.0; 3];
                t[axis] = sign;
                turns.push(t);
            }
        }
    }
    let mut found: Vec<(f64, f64, Parameters)> = Vec::new();
    for p in around {
        for t in &turns {
            for s in &shifts {
                let q: Parameters =
                    std::array::from_fn(|n| p[n] + if n < 3 { t[n] } else { s[n - 3] });
                let value = objective.value(&objective.rigid(&q).affine(), POINTS);
                found.push((value.size, value.overlap, q));
            }
        }
    }
    let most = found.iter().map(|f| f.1).fold(0.0, f64::max);
    found.retain(|f| f.1 >= LEAST_OVERLAP && f.1 >= COMPARED * most);
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<Parameters> = Vec::new();
    for (_, _, q) in found {
        // Neighbours of a better place climb to the same maximum.
        let near = |k: &Parameters| (0..6).all(|n| (k[n] - q[n]).abs() < 1.1 * STEP_MM);
        if !kept.iter().any(near) {
            kept.push(q);
        }
        if kept.len() == KEPT {
            break;
        }
    }
    kept
}
