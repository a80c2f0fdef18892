//! Patients of ellipses with arms, on couches that touch and that do not, and what must stay.

use super::*;
use crate::image::Grid;
use crate::physics::tissues::named_material;

const AIR: f32 = 0.0012;

/// A patient in a field of 400 x 300 x 200 mm: `what(x, y, z)` in mm is its density; None is air.
fn phantom(mm: f64, what: impl Fn(f64, f64, f64) -> Option<f32>) -> Phantom {
    let dims = [400.0, 300.0, 200.0].map(|l: f64| (l / mm) as usize);
    let grid = Grid::aligned(dims, [0.5 * mm; 3], [mm; 3]);
    let density: Vec<f32> = (0..grid.len())
        .map(|n| {
            let [x, y, z] = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
            what(x, y, z).unwrap_or(AIR)
        })
        .collect();
    let materials = vec![named_material("water").unwrap().material.clone()];
    let material = vec![0; grid.len()];
    Phantom::new(grid, density, material, materials).unwrap()
}

fn ellipse(x: f64, y: f64, [cx, cy]: [f64; 2], [a, b]: [f64; 2]) -> bool {
    ((x - cx) / a).powi(2) + ((y - cy) / b).powi(2) <= 1.0
}

/// Trunk with lungs, two arms of 30 mm at its sides that do not touch it.
fn patient(x: f64, y: f64) -> Option<f32> {
    let trunk = ellipse(x, y, [200.0, 130.0], [140.0, 90.0]);
    let lung =
        ellipse(x, y, [140.0, 120.0], [45.0, 55.0]) || ellipse(x, y, [260.0, 120.0], [45.0, 55.0]);
    let arm =
        ellipse(x, y, [38.0, 150.0], [15.0, 15.0]) || ellipse(x, y, [362.0, 150.0], [15.0, 15.0]);
    if lung {
        Some(0.26)
    } else if trunk || arm {
        Some(1.04)
    } else {
        None
    }
}

/// A couch with a shell of 4 mm and foam within, its top at `top`.
fn couch(x: f64, y: f64, top: f64) -> Option<f32> {
    let inside = |rim: f64| {
        (20.0 + rim..380.0 - rim).contains(&x) && (top + rim..top + 40.0 - rim).contains(&y)
    };
    match (inside(0.0), inside(4.0)) {
        (true, false) => Some(1.2),
        (true, true) => Some(0.06),
        _ => None,
    }
}

#[test]
fn a_couch_is_found_whether_it_touches_or_not() {
    // The back ends at y = 220.
    for (mm, top) in [(2.0, 230.0), (2.0, 218.0), (4.0, 230.0), (4.0, 218.0), (1.0, 222.0)] {
        let whole = phantom(mm, |x, y, _| patient(x, y).or_else(|| couch(x, y, top)));
        let found = find(&whole).unwrap_or_else(|| panic!("{mm} mm, {top}"));
        let mut in_body = 0.0;
        let (mut removed, mut all) = (0.0, 0.0);
        let voxels: Vec<u32> = found.parts.concat();
        for &v in &voxels {
            let [x, y, _] = whole.grid.to_mm(whole.grid.unlinear(v as usize).map(|i| i as f64));
            let mass = whole.voxel_mass_g(v as usize);
            removed += mass;
            if patient(x, y).is_some() {
                in_body += mass;
            }
        }
        let mut body = 0.0;
        for n in 0..whole.grid.len() {
            let [x, y, _] = whole.grid.to_mm(whole.grid.unlinear(n).map(|i| i as f64));
            let mass = whole.voxel_mass_g(n);
            match patient(x, y) {
                Some(_) => body += mass,
                None if couch(x, y, top).is_some() => all += mass,
                None => {}
            }
        }
        assert!(in_body <= 1e-3 * body, "{mm} mm, {top}: {in_body} g of the body");
        // Where it touches, what lies within the reach of the body stays.
        let least = if top < 220.0 { 0.6 } else { 0.9 };
        assert!(removed >= least * all, "{mm} mm, {top}: {removed} of {all} g");
    }
}

#[test]
fn a_patient_without_couch_loses_nothing() {
    let fingers = |x: f64, y: f64, z: f64| {
        // Beside the arm: four fingers of 14 mm, 80 mm long.
        let finger = |c: f64| ellipse(x, y, [c, 200.0], [7.0, 7.0]) && z < 80.0;
        [30.0, 46.0, 62.0, 78.0].into_iter().any(finger).then_some(1.04)
    };
    for mm in [2.0, 4.0] {
        assert_eq!(find(&phantom(mm, |x, y, _| patient(x, y))), None);
        assert_eq!(find(&phantom(mm, |x, y, z| patient(x, y).or_else(|| fingers(x, y, z)))), None);
    }
    // All of one matter, a crop of soft tissue: no air, no couch; nothing at all: neither.
    assert_eq!(find(&phantom(4.0, |_, _, _| Some(1.0))), None);
    assert_eq!(find(&phantom(4.0, |_, _, _| None)), None);
}

#[test]
fn distances_are_exact() {
    let (nx, ny) = (13, 9);
    let mask: Vec<bool> = (0..nx * ny).map(|n| n * 7 % 31 == 0).collect();
    let fast = distances(&mask, true, [nx, ny], [1.5, 2.5]);
    for (n, d) in fast.iter().enumerate() {
        let to = |m: usize| {
            let (dx, dy) = ((n % nx) as f64 - (m % nx) as f64, (n / nx) as f64 - (m / nx) as f64);
            (1.5 * dx).hypot(2.5 * dy)
        };
        let slow = (0..mask.len()).filter(|m| mask[*m]).map(to).fold(f64::INFINITY, f64::min);
        assert!((d - slow).abs() < 1e-9, "{n}: {d} {slow}");
    }
    assert!(distances(&[false; 4], true, [2, 2], [1.0; 2]).iter().all(|d| d.is_infinite()));
}

#[test]
fn the_body_is_what_is_drawn_without_its_couch() {
    for mm in [2.0, 4.0] {
        let whole = phantom(mm, |x, y, _| patient(x, y).or_else(|| couch(x, y, 230.0)));
        let found = body_voxels(&whole);
        let drawn = |v: &usize| {
            let [x, y, _] = whole.grid.to_mm(whole.grid.unlinear(*v).map(|i| i as f64));
            patient(x, y).is_some()
        };
        let wrong = found.iter().filter(|v| !drawn(&(**v as usize))).count();
        let all = (0..whole.grid.len()).filter(drawn).count();
        let missed = all + wrong - found.len();
        assert!(wrong + missed < all / 100, "{mm}: {wrong} beyond, {missed} missed of {all}");
    }
}
