//! How long structures take on a grid: 300 structures of 40 to 120 contours on 512 x 512 x 300 voxels, and their volumes against the polygons'
//! integral. `cargo run --release --example rasterise`, with RAYON_NUM_THREADS=2 for two cores.

use std::time::Instant;

use rayon::prelude::*;
use voxgray::image::Grid;
use voxgray::image::contour::{Budget, Contour, Stack};

const ROIS: usize = 300;
const POINTS: usize = 200;

/// A tube with a wavy outline.
fn structure(n: usize) -> Vec<Contour> {
    let part = |k: usize| ((n * 7919 + k * 104_729) % 1000) as f64 / 1000.0;
    let (radius, slices) = (10.0 + 50.0 * part(1), 40 + (80.0 * part(2)) as usize);
    let centre = [-150.0 + 300.0 * part(3), -150.0 + 300.0 * part(4)];
    let first = 1.5 * (150.0 * part(5)).round();
    let contour = |k: usize| {
        let point = |p: usize| {
            let a = std::f64::consts::TAU * p as f64 / POINTS as f64;
            let r = radius * (1.0 + 0.2 * (5.0 * a + 0.1 * k as f64).sin());
            [centre[0] + r * a.cos(), centre[1] + r * a.sin(), first + 1.5 * k as f64]
        };
        Contour { points_mm: (0..POINTS).map(point).collect(), exclusive: false }
    };
    (0..slices).map(contour).collect()
}

fn main() -> voxgray::Result<()> {
    let grid =
        Grid::aligned([512, 512, 300], [-249.5, -249.5, 0.0], [0.976_562_5, 0.976_562_5, 1.5]);
    let structures: Vec<Vec<Contour>> = (0..ROIS).map(structure).collect();
    let start = Instant::now();
    let sums: Vec<(f64, f64, usize)> = structures
        .par_iter()
        .map(|contours| {
            let mut budget = Budget::default();
            let Some(stack) = Stack::new(contours, 1.5, &mut budget)? else {
                return Ok((0.0, 0.0, 0));
            };
            let found = stack.on(&grid, &mut budget)?;
            let sum: f64 = found.shares.iter().map(|s| f64::from(*s)).sum();
            let inside = stack.volume_ml() * (1.0 - found.outside);
            Ok((sum * grid.voxel_volume_mm3() / 1000.0, inside, found.voxels.len()))
        })
        .collect::<voxgray::Result<_>>()?;
    let seconds = start.elapsed().as_secs_f64();
    let worst = sums.iter().map(|s| (s.0 / s.1 - 1.0).abs()).fold(0.0, f64::max);
    let voxels: usize = sums.iter().map(|s| s.2).sum();
    println!(
        "{ROIS} structures, {voxels} voxels, {} threads: {seconds:.2} s",
        rayon::current_num_threads()
    );
    println!("largest difference of a volume from its polygons' integral: {worst:.1e}");
    Ok(())
}
