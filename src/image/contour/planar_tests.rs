use super::*;
use rand::{Rng, SeedableRng};

type Random = rand_xoshiro::Xoshiro256PlusPlus;

/// A polygon around a point whose corners lie at random distances: simple, mostly far from convex.
fn star(random: &mut Random, centre: [f64; 2], radius: f64, corners: usize) -> Vec<[f64; 2]> {
    let step = std::f64::consts::TAU / corners as f64;
    let angles: Vec<f64> =
        (0..corners).map(|n| step * (n as f64 + random.random_range(0.0..0.9))).collect();
    let mut point = |a: f64| {
        let r = radius * random.random_range(0.2..1.0);
        [centre[0] + r * a.cos(), centre[1] + r * a.sin()]
    };
    angles.into_iter().map(&mut point).collect()
}

fn square(low: f64, high: f64) -> Vec<[f64; 2]> {
    vec![[low, low], [high, low], [high, high], [low, high]]
}

fn planar(loops: &[Vec<[f64; 2]>]) -> Planar {
    Planar::new(loops.to_vec(), false, &mut Budget::default()).expect("simple enough")
}

fn shares(planar: &Planar, dims: [usize; 2]) -> Vec<f64> {
    let mut all = vec![0.0; dims[0] * dims[1]];
    let found = planar.coverage(|p| p, dims, &mut Budget::default()).expect("simple enough");
    let Some(c) = found else { return all };
    for (n, share) in c.shares.iter().enumerate() {
        let (i, j) = (c.first[0] + n % c.size[0], c.first[1] + n / c.size[0]);
        all[i + dims[0] * j] = *share;
    }
    all
}

fn odd(points: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |n: usize| {
        let (a, b) = (points[n], points[(n + 1) % points.len()]);
        (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    };
    (0..points.len()).filter(|n| crosses(*n)).count() % 2 == 1
}

#[test]
fn random_polygons_have_the_area_of_the_shoelace_formula() {
    let mut random = Random::seed_from_u64(1);
    for n in 0..500 {
        let corners = 5 + n % 60;
        let radius = 10f64.powf(random.random_range(-1.5..1.25));
        let centre = [random.random_range(19.0..21.0), random.random_range(19.0..21.0)];
        let points = star(&mut random, centre, radius, corners);
        let truth = signed_area(&points).abs();
        let planar = planar(&[points]);
        let sum: f64 = shares(&planar, [40, 40]).iter().sum();
        assert!((planar.area - truth).abs() < 1e-11 * truth.max(1.0), "{} {truth}", planar.area);
        assert!((sum - truth).abs() < 1e-10 * truth.max(1.0), "{sum} {truth}");
    }
}

#[test]
fn shares_are_those_of_a_fine_subdivision() {
    let mut random = Random::seed_from_u64(2);
    const CUTS: usize = 50;
    for _ in 0..20 {
        let points = star(&mut random, [4.0, 4.0], 5.0, 12);
        // Reaches over the edges of the image on purpose.
        let found = shares(&planar(std::slice::from_ref(&points)), [8, 8]);
        for (n, share) in found.iter().enumerate() {
            let at = |q: usize, k: usize| k as f64 - 0.5 + (q as f64 + 0.5) / CUTS as f64;
            let inside = |q: &usize| odd(&points, [at(q % CUTS, n % 8), at(q / CUTS, n / 8)]);
            let count = (0..CUTS * CUTS).filter(inside).count() as f64 / (CUTS * CUTS) as f64;
            // A straight edge of length 1.4 passes through some 70 cells; a few edges meet in a pixel.
            assert!((share - count).abs() < 0.02, "{share} {count}");
        }
    }
}

#[test]
fn random_scribbles_follow_the_even_odd_rule() {
    let mut random = Random::seed_from_u64(3);
    const CUTS: usize = 40;
    for _ in 0..30 {
        let corner = |_| [random.random_range(0.0..6.0), random.random_range(0.0..6.0)];
        let points: Vec<[f64; 2]> = (0..9).map(corner).collect();
        let planar = planar(std::slice::from_ref(&points));
        let found = shares(&planar, [7, 7]);
        let sum: f64 = found.iter().sum();
        assert!((sum - planar.area).abs() < 1e-9, "{sum} {}", planar.area);
        for (n, share) in found.iter().enumerate() {
            let at = |q: usize, k: usize| k as f64 - 0.5 + (q as f64 + 0.5) / CUTS as f64;
            let inside = |q: &usize| odd(&points, [at(q % CUTS, n % 7), at(q / CUTS, n / 7)]);
            let count = (0..CUTS * CUTS).filter(inside).count() as f64 / (CUTS * CUTS) as f64;
            assert!((share - count).abs() < 0.03, "{share} {count}");
        }
    }
}

#[test]
fn contours_combine_as_they_lie() {
    let area = |loops: &[Vec<[f64; 2]>]| {
        let p = planar(loops);
        let sum: f64 = shares(&p, [20, 20]).iter().sum();
        assert!((sum - p.area).abs() < 1e-9, "{sum} {}", p.area);
        (p.area, p.found)
    };
    // A hole with an island in it.
    let (a, found) = area(&[square(1.0, 11.0), square(2.0, 8.0), square(3.0, 5.0)]);
    assert!((a - (100.0 - 36.0 + 4.0)).abs() < 1e-9);
    assert_eq!((found.nested, found.joined), (3, 0));
    // The order and the direction of turning say nothing.
    let mut turned = square(2.0, 8.0);
    turned.reverse();
    let (b, _) = area(&[square(3.0, 5.0), turned, square(1.0, 11.0)]);
    assert!((a - b).abs() < 1e-9);
    // Overlap in part: the union, told.
    let (a, found) = area(&[square(1.0, 5.0), square(3.25, 9.0)]);
    assert!((a - (16.0 + 5.75 * 5.75 - 1.75 * 1.75)).abs() < 1e-9, "{a}");
    assert_eq!(found.joined, 1);
    // The same contour twice is not cut out of itself.
    let (a, found) = area(&[square(1.0, 5.0), square(1.0, 5.0)]);
    assert!((a - 16.0).abs() < 1e-9);
    assert_eq!(found.doubled, 1);
    // Apart, and touching.
    let (a, found) = area(&[square(1.0, 5.0), square(5.0, 9.0), square(12.0, 13.0)]);
    assert!((a - 33.0).abs() < 1e-9);
    assert_eq!(found, Found::default());
    // CLOSEDPLANAR_XOR cuts out also what overlaps in part.
    let both = vec![square(1.0, 5.0), square(3.0, 7.0)];
    let p = Planar::new(both, true, &mut Budget::default()).expect("simple");
    assert!((p.area - (16.0 + 16.0 - 2.0 * 4.0)).abs() < 1e-9);
}

#[test]
fn a_keyhole_leaves_its_hole_and_a_bow_tie_both_its_wings() {
    let keyhole = vec![
        [0.0, 0.0],
        [10.0, 0.0],
        [10.0, 10.0],
        [0.0, 10.0],
        [0.0, 5.0],
        [3.0, 5.0],
        [3.0, 7.0],
        [7.0, 7.0],
        [7.0, 3.0],
        [3.0, 3.0],
        [3.0, 5.0],
        [0.0, 5.0],
    ];
    let p = planar(&[keyhole]);
    assert!((p.area - 84.0).abs() < 1e-9, "{}", p.area);
    assert_eq!(p.found, Found::default());
    let bow_tie = vec![[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]];
    let p = planar(&[bow_tie]);
    assert!((p.area - 8.0).abs() < 1e-9, "{}", p.area);
    assert_eq!(p.found.self_crossing, 1);
}

#[test]
fn a_scribble_of_thousands_of_points_ends() {
    let mut random = Random::seed_from_u64(4);
    let points =
        (0..20_000).map(|_| [random.random_range(0.0..9.0), random.random_range(0.0..9.0)]);
    let refused = Planar::new(vec![points.collect()], false, &mut Budget::default());
    let error = refused.expect_err("too many crossings").to_string();
    assert!(error.contains("cross each other too often"), "{error}");
}
