use super::*;

fn one(grid: &Grid, pairs: Vec<(u32, f32)>) -> RegionSet {
    let (voxels, shares) = pairs.into_iter().unzip();
    let region =
        Region { label: 1, name: "r".into(), origin: "test".into(), colour: None, voxels, shares };
    RegionSet { grid: grid.clone(), regions: vec![region] }
}

/// A ball of whole voxels.
fn ball(grid: &Grid, radius: f64) -> RegionSet {
    let inside = |n: &u32| {
        let mm = grid.to_mm(grid.unlinear(*n as usize).map(|i| i as f64));
        mm.iter().map(|c| c * c).sum::<f64>() < radius * radius
    };
    one(grid, (0..grid.len() as u32).filter(inside).map(|n| (n, 1.0)).collect())
}

#[test]
fn parallel_grids_conserve_the_volume() {
    let grid = Grid::aligned([20, 20, 20], [-19.0; 3], [2.0; 3]);
    let set = ball(&grid, 12.0);
    let volume = set.volume_ml(&set.regions[0]);
    let flipped = Grid {
        dims: [40, 30, 12],
        origin_mm: [20.3, -22.0, -21.0],
        axes_mm: [[0.0, 0.0, 1.1], [-1.7, 0.0, 0.0], [0.0, 3.9, 0.0]],
    };
    for target in [flipped, Grid::aligned([9, 9, 9], [-20.0; 3], [5.0; 3])] {
        let moved = set.on(&target).expect("grids");
        let set = moved.set.checked().expect("sound");
        let off = set.volume_ml(&set.regions[0]) / volume - 1.0;
        assert!(off.abs() < 1e-6 && moved.outside == [0.0], "{off}");
    }
    // The lower half is not on the grid.
    let upper = Grid::aligned([40, 40, 20], [-19.5, -19.5, 0.5], [1.0; 3]);
    let moved = set.on(&upper).expect("grids");
    assert!((moved.outside[0] - 0.5).abs() < 1e-9, "{:?}", moved.outside);
    assert!((moved.set.volume_ml(&moved.set.regions[0]) / volume - 0.5).abs() < 1e-6);
}

#[test]
fn turned_grids_keep_the_volume_to_some_per_mille() {
    let grid = Grid::aligned([20, 20, 20], [-19.0; 3], [2.0; 3]);
    let set = ball(&grid, 12.0);
    let (s, c) = 0.4_f64.sin_cos();
    let target = Grid {
        dims: [20, 20, 20],
        origin_mm: [-30.0 * c + 30.0 * s, -30.0 * s - 30.0 * c, -30.0],
        axes_mm: [[3.0 * c, 3.0 * s, 0.0], [-3.0 * s, 3.0 * c, 0.0], [0.0, 0.0, 3.0]],
    };
    let moved = set.on(&target).expect("grids");
    let moved_set = moved.set.checked().expect("sound");
    let off = moved_set.volume_ml(&moved_set.regions[0]) / set.volume_ml(&set.regions[0]) - 1.0;
    assert!(off.abs() < 3e-3 && moved.outside == [0.0], "{off}");
    let full = moved_set.regions[0].shares.iter().filter(|s| **s > 0.999).count();
    // Of a ball of 9.4 mm, all of whose voxels' corners lie inside: 129.
    assert!(full > 115, "the inside is whole: {full}");
}
