use super::*;
use crate::image::contour::Contour;

fn circle(z: f64, radius: f64, points: usize) -> Contour {
    let point = |n: usize| {
        let a = std::f64::consts::TAU * n as f64 / points as f64;
        [3.3 + radius * a.cos(), -1.7 + radius * a.sin(), z]
    };
    Contour { points_mm: (0..points).map(point).collect(), exclusive: false }
}

fn stack(contours: &[Contour]) -> Stack {
    Stack::new(contours, 2.0, &mut Budget::default()).expect("flat").expect("not empty")
}

fn volume_ml(r: &Rasterised, grid: &Grid) -> f64 {
    r.shares.iter().map(|s| f64::from(*s)).sum::<f64>() * grid.voxel_volume_mm3() / 1000.0
}

/// Spheres on 1, 2 and 4 mm grids that do not match the contours: the volume is that of the slabs.
#[test]
fn a_sphere_of_contours_keeps_its_volume_on_any_grid_in_its_planes() {
    for radius in [5.0, 12.0] {
        let step = 1.3;
        let contours: Vec<Contour> = (-9..=9)
            .map(|n| f64::from(n) * step)
            .filter(|z| z.abs() < radius)
            .map(|z| circle(z, (radius * radius - z * z).sqrt(), 360))
            .collect();
        let stack = stack(&contours);
        assert_eq!(stack.spacing_mm.map(|s| (s - step).abs() < 1e-9), Some(true));
        for spacing in [[1.0; 3], [2.0; 3], [4.0, 4.0, 3.0], [0.7, 1.1, 5.0]] {
            let dims = spacing.map(|s: f64| (60.0 / s) as usize);
            for along in [2, 0, 1] {
                // The axes in another order: the normal is that of the grid's axis `along`.
                let mut grid = Grid::aligned(dims, [-29.0, -30.0, -28.0], spacing);
                if along != 2 {
                    grid.axes_mm.swap(along, 2);
                    grid.dims.swap(along, 2);
                }
                let r = stack.on(&grid, &mut Budget::default()).expect("on a grid");
                assert!(r.exact && r.outside == 0.0, "{}", r.outside);
                assert!(r.voxels.windows(2).all(|w| w[0] < w[1]));
                let off = volume_ml(&r, &grid) / stack.volume_ml() - 1.0;
                assert!(off.abs() < 1e-6, "{radius} {spacing:?} {along}: {off}");
            }
        }
    }
}

#[test]
fn a_turned_grid_keeps_the_volume_and_the_place() {
    let contours: Vec<Contour> = (-5..=5).map(|n| circle(2.0 * f64::from(n), 9.0, 90)).collect();
    let stack = stack(&contours);
    let (s, c) = 0.3_f64.sin_cos();
    let grid = Grid {
        dims: [30, 30, 30],
        origin_mm: [-20.0, -30.0, -25.0],
        axes_mm: [[2.0, 0.0, 0.0], [0.0, 2.0 * c, 2.0 * s], [0.0, -2.0 * s, 2.0 * c]],
    };
    let r = stack.on(&grid, &mut Budget::default()).expect("on a grid");
    assert!(!r.exact);
    let off = volume_ml(&r, &grid) / stack.volume_ml() - 1.0;
    assert!(off.abs() < 2e-3, "{off}");
    let mut centre = [0.0; 3];
    let sum: f64 = r.shares.iter().map(|s| f64::from(*s)).sum();
    for (v, share) in r.voxels.iter().zip(&r.shares) {
        let mm = grid.to_mm(grid.unlinear(*v as usize).map(|i| i as f64));
        (0..3).for_each(|a| centre[a] += mm[a] * f64::from(*share) / sum);
    }
    for (found, truth) in centre.iter().zip([3.3, -1.7, 0.0]) {
        assert!((found - truth).abs() < 0.02, "{centre:?}");
    }
}

#[test]
fn end_caps_gaps_and_what_lies_outside() {
    let at = |zs: &[f64]| zs.iter().map(|z| circle(*z, 5.0, 40)).collect::<Vec<_>>();
    let one = stack(&at(&[7.0]));
    let area = one.volume_ml() / 2.0;
    // Caps of half a spacing: n contours are n spacings thick.
    assert!((stack(&at(&[0.0, 3.0, 6.0])).volume_ml() - 9.0 * area).abs() < 1e-9);
    let gap = stack(&at(&[0.0, 3.0, 6.0, 15.0, 18.0]));
    assert!((gap.volume_ml() - 15.0 * area).abs() < 1e-9);
    assert!(gap.notes.iter().any(|n| n.contains("about 2 contour(s)")), "{:?}", gap.notes);
    // Unequal steps below the limit are shared out: 3 + 3.5 + 4 and half of the median at the ends.
    let uneven = stack(&at(&[0.0, 3.0, 6.5, 10.5]));
    assert!((uneven.volume_ml() - (10.5 + 3.5) * area).abs() < 1e-9, "{:?}", uneven.spacing_mm);
    // Half of it is cut by the edge of the grid.
    let grid = Grid::aligned([40, 40, 3], [-20.0, -20.0, 1.5], [1.0, 1.0, 3.0]);
    let cut = stack(&at(&[0.0, 3.0, 6.0, 9.0])).on(&grid, &mut Budget::default()).expect("grid");
    // 0 to 9 mm of -1.5 to 10.5 mm.
    assert!((cut.outside - 0.25).abs() < 1e-6, "{}", cut.outside);
    let beside = Grid::aligned([4, 4, 4], [500.0; 3], [1.0; 3]);
    let none = stack(&at(&[0.0, 3.0])).on(&beside, &mut Budget::default()).expect("grid");
    assert_eq!((none.voxels.len(), none.outside), (0, 1.0));
}

#[test]
fn slivers_never_delete_a_slice() {
    let mut contours = vec![circle(0.0, 5.0, 40), circle(3.0, 5.0, 40)];
    // 0.12 mm wide, in the slice of the second, beside it and inside it.
    for x in [3.3, 12.0] {
        let points_mm = vec![[x, 0.0, 3.0], [x + 0.12, 0.0, 3.0], [x + 0.12, 0.1, 3.0]];
        contours.push(Contour { points_mm, exclusive: false });
    }
    contours.push(Contour { points_mm: vec![[9.0, 9.0, 3.0]; 4], exclusive: false });
    let whole = stack(&contours[..2]).volume_ml();
    let found = stack(&contours);
    assert!((found.volume_ml() / whole - 1.0).abs() < 1e-4);
    assert!(found.notes.iter().any(|n| n.contains("have no area")), "{:?}", found.notes);
}

#[test]
fn what_is_not_flat_is_refused_and_rounding_is_not() {
    let mut contour = circle(0.0, 5.0, 8);
    contour.points_mm[3][2] = 0.1;
    assert!(Stack::new(&[contour.clone()], 2.0, &mut Budget::default()).is_ok());
    contour.points_mm[3][2] = 2.0;
    let error = Stack::new(&[contour], 2.0, &mut Budget::default()).expect_err("not flat");
    assert!(error.to_string().contains("out of the plane"), "{error}");
}
