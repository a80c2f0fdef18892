//! How far each voxel is from the nearest place where matter changes. Neglects all but four kinds of matter and faces between voxels: the distance
//! is that of a voxel's centre to the nearest voxel of another kind, its face included.

use crate::image::{Grid, squared_distances};

/// Kinds of matter by density, g/cm3: from which on, and the name.
pub const KINDS: [(f64, &str); 4] = [(0.0, "air"), (0.05, "lung"), (0.6, "soft"), (1.15, "bone")];

/// Number of a voxel's kind.
pub fn kind(density: f32) -> usize {
    KINDS.iter().rposition(|k| f64::from(density) >= k.0).unwrap_or(0)
}

/// Distance (mm) of each voxel's centre to the nearest voxel of another kind; infinite where there is none.
pub fn distances_mm(grid: &Grid, density: &[f32]) -> Vec<f32> {
    let kinds: Vec<u8> = density.iter().map(|d| kind(*d) as u8).collect();
    distances_of_kinds_mm(grid, &kinds)
}

/// The same, for kinds of any sort, numbered from 0.
pub fn distances_of_kinds_mm(grid: &Grid, kinds: &[u8]) -> Vec<f32> {
    let mut nearest = vec![f32::INFINITY; kinds.len()];
    let last = kinds.iter().copied().max().unwrap_or(0);
    for k in (0..=last).filter(|k| kinds.contains(k)) {
        let seeds: Vec<f32> =
            kinds.iter().map(|&own| if own == k { f32::INFINITY } else { 0.0 }).collect();
        let squared = squared_distances(seeds, grid.dims, grid.spacing_mm(), f64::INFINITY);
        for (v, own) in kinds.iter().enumerate() {
            if *own == k {
                nearest[v] = squared[v].sqrt();
            }
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the nearest of all voxels, on anisotropic voxels with three kinds.
    #[test]
    fn is_the_nearest_of_all() {
        let grid = Grid::aligned([9, 7, 6], [0.0; 3], [1.0, 2.0, 3.0]);
        let density: Vec<f32> = (0..grid.len())
            .map(|v| match grid.unlinear(v) {
                [x, _, _] if x < 3 => 0.3,
                [x, y, z] if x >= 7 && y < 3 && z >= 4 => 1.6,
                _ => 1.0,
            })
            .collect();
        let found = distances_mm(&grid, &density);
        for v in 0..grid.len() {
            let here = grid.unlinear(v);
            let other = (0..grid.len()).filter(|o| kind(density[*o]) != kind(density[v]));
            let expected = other
                .map(|o| {
                    let there = grid.unlinear(o);
                    (0..3)
                        .map(|a| {
                            let steps = here[a].abs_diff(there[a]) as f64;
                            ((steps - 0.5).max(0.0) * grid.spacing_mm()[a]).powi(2)
                        })
                        .sum::<f64>()
                        .sqrt()
                })
                .fold(f64::INFINITY, f64::min);
            assert!(
                (f64::from(found[v]) - expected).abs() < 1e-4,
                "{here:?}: {} {expected}",
                found[v]
            );
        }
        assert!(distances_mm(&grid, &vec![1.0; grid.len()]).iter().all(|d| d.is_infinite()));
    }
}
