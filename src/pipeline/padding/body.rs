//! Faces of padding that cut the body: found by the body's own activity, so that they hold also for VOIs that are too small to show them. Neglects
//! bodies without activity of their own (thresholded images).
//!
//! Planes through three places of the edge between body with and without activity are drawn at random (with a fixed seed), the one with most of the
//! edge in it is fitted, and what lies in it taken out; up to six times, as a box has six faces (Fischler and Bolles, Commun. ACM 24, 381, 1981,
//! doi:10.1145/358669.358692).

use nalgebra::Vector3;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::oblique::plane;
use super::{Face, MOST_VALUES, Part, next_to_nothing, position};
use crate::image::Grid;

/// Faces of a box.
const FACES: usize = 6;
/// Planes that are drawn for each.
const DRAWS: usize = 400;
/// Places of the edge that are counted.
const MOST_PLACES: usize = 20_000;
/// Places of the edge in a face, at least.
const FEWEST_PLACES: usize = 60;
/// Share of the body just in front of a face that has activity, at least.
const LIVE: f64 = 0.75;
/// Share of the body just behind a face that may have activity: splines ring. With more, what looked like a face are voxels without activity here
/// and there.
const RINGS: f64 = 0.6;
/// How far beyond a face there may be more than next to nothing, mm, and in voxels: splines ring, filters smear.
const SMEARED: [f64; 2] = [16.0, 4.0];
/// How far in front of a face its half may lie, mm, and in voxels.
const HALF: [f64; 2] = [24.0, 6.0];
/// How far the direction of a plane through much of the body may be off.
const TILT: f64 = 0.01;

/// Faces of the padding that cut the body.
pub(super) fn faces(map: &[f32], grid: &Grid, body: &[bool]) -> Vec<Face> {
    let voxels: Vec<u32> = (0..map.len() as u32).filter(|v| body[*v as usize]).collect();
    let own = voxels.iter().step_by(voxels.len().div_ceil(MOST_VALUES).max(1));
    let Some(least) = next_to_nothing(own.map(|v| map[*v as usize])) else { return Vec::new() };
    let part = Part { map, grid, voxels: &voxels, within: &|v| body[v], least };
    let (mut edge, _) = part.edge();
    let voxel = part.largest_edge();
    let middle = voxels
        .iter()
        .filter(|v| part.live(**v))
        .fold((Vector3::zeros(), 0.0), |(sum, n), v| (sum + position(grid, *v), n + 1.0));
    let middle = middle.0 / f64::max(middle.1, 1.0);
    if edge.len() > MOST_PLACES {
        let every = edge.len().div_ceil(MOST_PLACES);
        edge = edge.into_iter().step_by(every).collect();
    }
    let mut found = Vec::new();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..FACES {
        let Some(best) = likeliest(&edge, voxel, &mut random) else { break };
        let (within, rest): (Vec<_>, Vec<_>) =
            edge.iter().partition(|p| best.beyond_mm(p).abs() < voxel);
        edge = rest;
        // Away from the middle of what has activity.
        let fitted = within.first().and_then(|p| plane(&within, &(p - middle), voxel, 1.0));
        let real = fitted.filter(|face| is_face(&part, face, voxel));
        found.extend(real.map(|face| at_half(&part, face, voxel)));
    }
    found
}

/// The plane through three places with most of the others near it.
fn likeliest(edge: &[Vector3<f64>], voxel: f64, random: &mut Xoshiro256PlusPlus) -> Option<Face> {
    if edge.len() < FEWEST_PLACES {
        return None;
    }
    let mut draw = || edge[(random.next_u64() % edge.len() as u64) as usize];
    let drawn = (0..DRAWS).filter_map(|_| {
        let (a, b, c) = (draw(), draw(), draw());
        let normal = (b - a).cross(&(c - a)).try_normalize(voxel * voxel)?;
        let face = Face { at: a, normal };
        let near = edge.iter().filter(|p| face.beyond_mm(p).abs() < voxel).count();
        Some((near, face))
    });
    let (near, face) = drawn.max_by_key(|(near, _)| *near)?;
    (near >= FEWEST_PLACES).then_some(face)
}

/// Whether the body goes on beyond it without activity, has activity right in front of it, and the image has none anywhere beyond.
fn is_face(part: &Part, face: &Face, voxel: f64) -> bool {
    let (mut front, mut live, mut behind, mut rings) = (0_usize, 0_usize, 0_usize, 0_usize);
    for &v in part.voxels {
        let beyond = face.beyond_mm(&position(part.grid, v));
        if (-2.0 * voxel..-voxel).contains(&beyond) {
            front += 1;
            live += usize::from(part.live(v));
        }
        if (voxel..2.0 * voxel).contains(&beyond) {
            behind += 1;
            rings += usize::from(part.live(v));
        }
    }
    behind >= FEWEST_PLACES
        && front >= FEWEST_PLACES
        && live as f64 >= LIVE * front as f64
        && rings as f64 <= RINGS * behind as f64
        && part.nothing_beyond(face, (SMEARED[0] / voxel).max(SMEARED[1]), TILT)
}

/// The face where half of the body's activity is left: a smeared edge falls from all of it to next to nothing over twice the way to its half. Medians
/// of layers, so that a hot organ near the edge is none of the fall.
fn at_half(part: &Part, face: Face, voxel: f64) -> Face {
    let half_voxel = 0.5 * voxel;
    let furthest = ((HALF[0] / half_voxel).max(2.0 * HALF[1])).ceil() as usize;
    // From the face inwards.
    let mut layers = vec![Vec::new(); 2 * furthest + 4];
    for &v in part.voxels {
        let inwards = -face.beyond_mm(&position(part.grid, v)) / half_voxel;
        if (0.0..layers.len() as f64).contains(&inwards) {
            layers[inwards as usize].push(part.map[v as usize]);
        }
    }
    let median = |layer: &mut Vec<f32>| {
        let middle = layer.len() / 2;
        if layer.is_empty() {
            return 0.0;
        }
        *layer.select_nth_unstable_by(middle, f32::total_cmp).1
    };
    let medians: Vec<f32> = layers.iter_mut().map(median).collect();
    let is_half = |l: &usize| medians[*l] >= 0.5 * medians[2 * l + 3] && medians[*l] > part.least;
    let reached = (0..furthest).find(is_half).unwrap_or(0);
    Face { at: face.at - face.normal * (half_voxel * reached as f64), ..face }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fifth of the voxels at random have no activity, in a body that fills a grid of a few voxels: no face.
    #[test]
    fn voxels_without_activity_here_and_there_are_no_padding() {
        let grid = Grid::aligned([12, 10, 8], [0.0; 3], [4.0; 3]);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut value = || if random.next_u64() % 5 == 0 { 0.0 } else { 1000.0 };
        let map: Vec<f32> = (0..grid.len()).map(|_| value()).collect();
        assert!(faces(&map, &grid, &vec![true; grid.len()]).is_empty());
        // Of which one half was not measured: one.
        let half = |v: usize| if grid.unlinear(v)[0] < 6 { 1000.0 } else { 0.0 };
        let cut: Vec<f32> = (0..grid.len()).map(half).collect();
        assert_eq!(faces(&cut, &grid, &vec![true; grid.len()]).len(), 1);
    }

    /// A body of which a turned box shows the middle: both ends of it are found, and hold for a VOI without any activity.
    #[test]
    fn both_ends_of_a_turned_image() {
        let grid = Grid::aligned([40, 40, 40], [-78.0, -78.0, -78.0], [4.0; 3]);
        let place = |v: usize| position(&grid, v as u32);
        let body: Vec<bool> = (0..grid.len())
            .map(|v| {
                let p = place(v);
                (p.x / 60.0).powi(2) + (p.y / 45.0).powi(2) < 1.0
            })
            .collect();
        let up = Vector3::new(0.12, -0.09, 1.0).normalize();
        let map: Vec<f32> = (0..grid.len())
            .map(|v| match (body[v], up.dot(&place(v)).abs() < 40.0) {
                (true, true) => 100.0 + (v % 7) as f32,
                (false, true) => 0.1,
                _ => 0.0,
            })
            .collect();
        let faces = faces(&map, &grid, &body);
        assert_eq!(faces.len(), 2, "{faces:?}");
        for face in &faces {
            assert!(face.normal.dot(&up).abs() > 0.9999, "{face:?}");
            assert!((up.dot(&face.at).abs() - 40.0).abs() < 2.0, "{face:?}");
        }
        // A small lesion wholly beyond, and one that is cut, are not seen there.
        let ball = |v: usize, z: f64| (place(v) - Vector3::new(0.0, 0.0, z)).norm() < 9.0;
        let labels: Vec<u16> = (0..grid.len())
            .map(|v| match (ball(v, 60.0), ball(v, 40.0)) {
                (true, _) => 1,
                (_, true) => 2,
                _ => 0,
            })
            .collect();
        let seen = super::super::without(None, &map, &grid, &labels, || Ok(body.as_slice().into()));
        let seen = seen.unwrap().unwrap();
        for (v, label) in labels.iter().enumerate() {
            let beyond = up.dot(&place(v));
            if *label == 1 {
                assert!(!seen[v]);
            } else if *label == 2 && (beyond - 40.0).abs() > 1.0 {
                assert_eq!(seen[v], beyond < 40.0, "{beyond}");
            }
        }
    }

    /// A filter after the padding, and padding with a little activity: the face is where half is left, and a lesion beyond is not seen.
    #[test]
    fn a_smeared_edge_and_a_little_activity() {
        let grid = Grid::aligned([40, 40, 40], [-78.0, -78.0, -78.0], [4.0; 3]);
        let place = |v: usize| position(&grid, v as u32);
        let body: Vec<bool> = (0..grid.len()).map(|v| place(v).xy().norm() < 55.0).collect();
        let up = Vector3::new(0.1, 0.0, 1.0).normalize();
        let labels: Vec<u16> = (0..grid.len())
            .map(|v| u16::from((place(v) - Vector3::new(0.0, 0.0, 62.0)).norm() < 10.0))
            .collect();
        let cases = [
            (0.1, 0.0, false),
            (0.1, 0.5, false),
            (4.0, 0.0, false),
            (8.0, 0.0, false),
            (0.1, 0.0, true),
            (4.0, 0.0, true),
        ];
        for (sigma, little, organ) in cases {
            let map: Vec<f32> = (0..grid.len())
                .map(|v| {
                    let beyond = (up.dot(&place(v)) - 30.0) / sigma;
                    // A logistic step is near the normal one.
                    let left = 1.0 / (1.0 + (1.7 * beyond).exp());
                    // A hot organ, a hand's breadth before the edge.
                    let hot = organ && (place(v) - Vector3::new(20.0, 0.0, -10.0)).norm() < 28.0;
                    let own = if hot { 3000.0 } else { 100.0 };
                    if body[v] { (own * left + little) as f32 } else { little as f32 }
                })
                .collect();
            let faces = faces(&map, &grid, &body);
            assert_eq!(faces.len(), 1, "{sigma}, {little}, {organ}: {faces:?}");
            let off = up.dot(&faces[0].at) - 30.0;
            assert!(off.abs() < 3.0, "{sigma}, {little}, {organ}: {off}");
            let seen =
                super::super::without(None, &map, &grid, &labels, || Ok(body.as_slice().into()));
            let seen = seen.unwrap().unwrap();
            assert!(labels.iter().zip(&seen).all(|(l, s)| *s == (*l == 0)), "{sigma}, {little}");
        }
    }

    /// Activity that ends where the body does, and blobs in a cold body, have no face.
    #[test]
    fn bodies_and_blobs_have_no_faces() {
        let grid = Grid::aligned([40, 40, 40], [-78.0, -78.0, -78.0], [4.0; 3]);
        let place = |v: usize| position(&grid, v as u32);
        let body: Vec<bool> = (0..grid.len()).map(|v| place(v).norm() < 70.0).collect();
        let all: Vec<f32> = body.iter().map(|b| if *b { 5.0 } else { 0.0 }).collect();
        assert_eq!(faces(&all, &grid, &body), []);
        let blobs: Vec<f32> = (0..grid.len())
            .map(|v| {
                let p = place(v);
                let near = |x: f64, r: f64| (p - Vector3::new(x, 0.0, 10.0)).norm() < r;
                if near(-30.0, 25.0) || near(30.0, 12.0) { 5.0 } else { 0.0 }
            })
            .collect();
        assert_eq!(faces(&blobs, &grid, &body), []);
        // A body of activity with a plane of none through its middle: the image goes on beyond.
        let gap: Vec<f32> = (0..grid.len())
            .map(|v| if body[v] && place(v).z.abs() > 10.0 { 5.0 } else { 0.0 })
            .collect();
        assert_eq!(faces(&gap, &grid, &body), []);
    }
}
