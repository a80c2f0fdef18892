//! How well two images agree under a transform, and whether the way there and the way back are one another's inverse. Both say something of an estimate;
//! neither is its error: two images can be wrong in the same way both ways.

use rayon::prelude::*;
use serde::Serialize;

use super::Kind;
use super::correlation::correlation;
use super::moving::Interpolated;
use super::pyramid::levels;
use super::samples::{Samples, bright_box, spread};
use crate::error::Result;
use crate::image::{Affine, Volume};

/// Points that are compared.
const POINTS: usize = 1 << 16;
/// Distance of voxels at which images are compared, mm: noise of single voxels says nothing of their place.
const SPACING_MM: f64 = 4.0;

/// How well images agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Correlation of the values at the points that both show.
    pub correlation: f64,
    /// Share of the points of the fixed image that lie in the moving one.
    pub overlap: f64,
}

/// Agreement of two images under each of some maps from the fixed to the moving image.
///
/// # Errors
/// If an image is unusable or constant.
pub fn agreement(
    (fixed, fixed_kind): (&Volume<f32>, Kind),
    (moving, moving_kind): (&Volume<f32>, Kind),
    maps: &[Affine],
) -> Result<Vec<Agreement>> {
    let fixed = levels(fixed, fixed_kind, SPACING_MM)?.swap_remove(0);
    let moving = levels(moving, moving_kind, SPACING_MM)?.swap_remove(0);
    let samples = spread(&fixed, bright_box(&fixed), None, POINTS)?;
    let at = Interpolated::new(&moving)?;
    let of = |map: &Affine| {
        let look = |p: &[f64; 3]| at.value(map.apply(*p)).unwrap_or(f64::NAN);
        let seen: Vec<f64> = samples.points_mm.par_iter().map(look).collect();
        let inside = seen.iter().filter(|v| !v.is_nan()).count();
        Agreement {
            correlation: correlation(&samples.values, &seen, None),
            overlap: inside as f64 / seen.len() as f64,
        }
    };
    Ok(maps.iter().map(of).collect())
}

/// What is left of a way there and back, mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Consistency {
    /// Mean over the points of the fixed image that are brighter than its mean: the body, or where the activity is.
    pub mean_mm: f64,
    /// Largest of these.
    pub largest_mm: f64,
    /// Largest at the corners of the fixed image.
    pub corners_mm: f64,
}

/// How far a way from the fixed to the moving image and back misses.
///
/// # Errors
/// If the image is unusable or constant.
pub fn consistency(
    fixed: &Volume<f32>,
    kind: Kind,
    there: &Affine,
    back: &Affine,
) -> Result<Consistency> {
    let miss = |p: [f64; 3]| {
        let q = back.apply(there.apply(p));
        (0..3).map(|c| (q[c] - p[c]).powi(2)).sum::<f64>().sqrt()
    };
    let body: Vec<f64> = body_points(fixed, kind)?.into_iter().map(miss).collect();
    Ok(Consistency {
        mean_mm: body.iter().sum::<f64>() / body.len().max(1) as f64,
        largest_mm: body.iter().copied().fold(0.0, f64::max),
        corners_mm: fixed.grid.corners_mm().into_iter().map(miss).fold(0.0, f64::max),
    })
}

/// Points of an image that are brighter than its mean, mm.
///
/// # Errors
/// If the image is unusable or constant.
pub fn body_points(image: &Volume<f32>, kind: Kind) -> Result<Vec<[f64; 3]>> {
    let level = levels(image, kind, SPACING_MM)?.swap_remove(0);
    let Samples { points_mm, values } = spread(&level, bright_box(&level), None, POINTS)?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(points_mm.into_iter().zip(values).filter(|(_, v)| *v > mean).map(|(p, _)| p).collect())
}
