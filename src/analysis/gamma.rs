//! The gamma index: the least distance of a candidate to each point of a reference in space and dose together. Neglects what a candidate does
//! between its voxels but for linear interpolation, and is blind to what noise hides: noise in the reference raises it, noise in the candidate
//! lowers it (Low & Dempsey, Med. Phys. 30, 2455, 2003, doi:10.1118/1.1598711), so that a pass rate stands beside that of noise alone.
//!
//! gamma(r) = min over r' of sqrt(|r' - r|^2 / DTA^2 + (C(r') - D(r))^2 / dD^2) (Low et al., Med. Phys. 25, 656, 1998, doi:10.1118/1.598248).

use rayon::prelude::*;
use serde::Serialize;

use crate::image::{Grid, trilinear};

/// Steps of the search in one distance to agreement.
const STEPS: f64 = 8.0;

/// What counts as agreement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Criterion {
    /// Dose difference as a part.
    pub dose: f64,
    /// Of the largest reference dose (global), or of the dose in place (local).
    pub local: bool,
    /// Distance to agreement, mm.
    pub distance_mm: f64,
}

/// Share of the chosen voxels with gamma of at most 1; `largest` is what a global dose difference is a part of.
pub fn pass_rate(
    grid: &Grid,
    reference: &[f64],
    candidate: &[f64],
    chosen: &[usize],
    criterion: &Criterion,
    largest: f64,
) -> f64 {
    let offsets = offsets(grid, criterion.distance_mm);
    let passes = |v: &&usize| {
        let dose = if criterion.local { reference[**v] } else { largest } * criterion.dose;
        let at = grid.unlinear(**v).map(|i| i as f64);
        offsets.iter().any(|(offset, far)| {
            let here = [0, 1, 2].map(|a| at[a] + offset[a]);
            let within = |a: usize| (0.0..=grid.dims[a] as f64 - 1.0).contains(&here[a]);
            if !(within(0) && within(1) && within(2)) {
                return false;
            }
            let there = trilinear(grid, &|v| candidate[v], here);
            let difference = (there - reference[**v]) / dose;
            far + difference * difference <= 1.0
        })
    };
    let count = chosen.par_iter().filter(passes).count();
    count as f64 / chosen.len().max(1) as f64
}

/// Offsets (in voxels) that are looked at, nearest first, with the square of their distance in distances to agreement.
fn offsets(grid: &Grid, distance_mm: f64) -> Vec<([f64; 3], f64)> {
    let spacing = grid.spacing_mm();
    let step = distance_mm / STEPS;
    let n = STEPS as i64;
    let mut found = Vec::new();
    for z in -n..=n {
        for y in -n..=n {
            for x in -n..=n {
                let mm = [x as f64 * step, y as f64 * step, z as f64 * step];
                let far = mm.iter().map(|d| d * d).sum::<f64>() / (distance_mm * distance_mm);
                // Beyond one distance no dose difference can make it up.
                if far <= 1.0 {
                    found.push(([0, 1, 2].map(|a| mm[a] / spacing[a]), far));
                }
            }
        }
    }
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A linear gradient, shifted: it passes where the shift is below the distance, and by dose where the dose is.
    #[test]
    fn a_shift_passes_up_to_the_distance() {
        let grid = Grid::aligned([21, 5, 5], [0.0; 3], [1.0; 3]);
        let ramp = |shift: f64| -> Vec<f64> {
            (0..grid.len()).map(|v| 100.0 + 10.0 * (grid.unlinear(v)[0] as f64 - shift)).collect()
        };
        let chosen: Vec<usize> =
            (0..grid.len()).filter(|v| (5..15).contains(&grid.unlinear(*v)[0])).collect();
        let of = |shift: f64, dose: f64, distance_mm: f64| {
            let c = Criterion { dose, local: false, distance_mm };
            pass_rate(&grid, &ramp(0.0), &ramp(shift), &chosen, &c, 100.0)
        };
        assert_eq!(of(0.0, 0.01, 1.0), 1.0);
        assert_eq!(of(0.9, 0.02, 1.0), 1.0);
        // 15 Gy off with 1 Gy and 1 mm (10 Gy) allowed.
        assert_eq!(of(1.5, 0.01, 1.0), 0.0);
        assert_eq!(of(1.5, 0.16, 0.1), 1.0);
    }
}
