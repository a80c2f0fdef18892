//! The estimate, from two images to a rigid transform.

use super::descent::{LEAST_OVERLAP, Maximum, climb};
use super::moving::Interpolated;
use super::objective::{Objective, Parameters};
use super::pyramid::{LEVELS, levels};
use super::samples::{Samples, bright_box, constant, range, spread};
use super::similarity::Similarity;
use super::{Kind, Metric, Settings, search};
use crate::error::{Error, Result};
use crate::image::{Affine, Rigid, Volume};

/// What is registered.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// The image that stays.
    pub fixed: &'a Volume<f32>,
    /// What its values are.
    pub fixed_kind: Kind,
    /// The image whose place is looked for.
    pub moving: &'a Volume<f32>,
    /// What its values are.
    pub moving_kind: Kind,
    /// Only points of the fixed image where this is above 0 are compared.
    pub mask: Option<&'a Volume<f32>>,
    /// Where to start; a rigid map.
    pub start: Affine,
    /// How.
    pub settings: Settings,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Registered {
    /// Maps points of the fixed image to points of the moving one.
    pub transform: Rigid,
    /// What was made largest.
    pub metric: Metric,
    /// Its size at the start, on the finest level.
    pub before: f64,
    /// Its size at the end.
    pub after: f64,
    /// Share of the fixed image's points that lie in the moving one, at the end.
    pub overlap: f64,
    /// Starts that were refined.
    pub starts: usize,
    /// Evaluations of the similarity with its slope.
    pub evaluations: usize,
}

/// A step that gains less ends the climb, mm2: 0.01 mm on the finest level.
const FINEST_GAIN_MM2: f64 = 1e-4;
/// On coarser levels.
const COARSE_GAIN_MM2: f64 = 1e-2;
/// Starts of the coarsest level that are refined on the middle one.
const MIDDLE: usize = 2;

/// Finds the rigid transform from the fixed to the moving image.
///
/// # Errors
/// If an image or the mask says nothing (constant, next to no points), next to nothing overlaps, or the climb does not end.
pub fn register(job: &Registration<'_>) -> Result<Registered> {
    job.start.rigid()?;
    let s = &job.settings;
    let fixed = levels(job.fixed, job.fixed_kind, s.finest_mm)?;
    let moving = levels(job.moving, job.moving_kind, s.finest_mm)?;
    // One box, one centre and one radius on all levels.
    let coarsest = &fixed[LEVELS - 1];
    let looked_at = bright_box(coarsest).map(|corner| coarsest.grid.to_mm(corner));
    let samples: Vec<Samples> = (0..LEVELS)
        .map(|n| {
            let grid = &fixed[n].grid;
            let [a, b] = [grid.to_index(looked_at[0])?, grid.to_index(looked_at[1])?];
            let low = [0, 1, 2].map(|c| a[c].max(0.0));
            let high = [0, 1, 2].map(|c| b[c].min(grid.dims[c] as f64 - 1.0));
            spread(&fixed[n], [low, high], job.mask, (s.points >> (2 * n)).max(4096))
        })
        .collect::<Result<_>>()?;
    let centre_mm = samples[0].middle_mm();
    let radius_mm = samples[0].radius_mm(centre_mm).max(1.0);
    let objectives: Vec<Objective<'_>> = (0..LEVELS)
        .map(|n| {
            let of_moving = values(&moving[n])?;
            Ok(Objective {
                samples: &samples[n],
                moving: Interpolated::new(&moving[n])?,
                similarity: Similarity::new(s.metric, range(&samples[n].values), of_moving),
                centre_mm,
                radius_mm,
            })
        })
        .collect::<Result<_>>()?;
    let start = Rigid::of(&job.start, centre_mm)?;
    let finest = &objectives[0];
    let before = finest.value(&start.affine(), usize::MAX);
    let mut evaluations = 0;
    let mut climbed = |n: usize, places: &[Parameters], gain: f64| -> Result<Vec<Maximum>> {
        crate::interrupt::check()?;
        let mut found: Vec<_> = places.iter().map(|p| climb(&objectives[n], p, gain)).collect();
        evaluations += found.iter().map(|m| m.evaluations).sum::<usize>();
        found.sort_by(|a, b| b.size.total_cmp(&a.size));
        Ok(found)
    };
    let around = around(job, &objectives[LEVELS - 1], &start, &moving[LEVELS - 1]);
    let coarse = &objectives[LEVELS - 1];
    let places = match s.reach_mm > 0.0 {
        true => search::starts(coarse, &around, s.reach_mm, s.reach_deg),
        false => vec![coarse.parameters(&start)],
    };
    if places.is_empty() || (s.reach_mm == 0.0 && before.overlap < LEAST_OVERLAP) {
        return Err(no_overlap(before.overlap));
    }
    let mut best = climbed(LEVELS - 1, &places, COARSE_GAIN_MM2)?;
    for n in (0..LEVELS - 1).rev() {
        let keep = if n == 0 { 1 } else { MIDDLE };
        let places: Vec<Parameters> = best.iter().take(keep).map(|m| m.parameters).collect();
        best = climbed(n, &places, if n == 0 { FINEST_GAIN_MM2 } else { COARSE_GAIN_MM2 })?;
    }
    let Some(top) = best.first() else { return Err(no_overlap(0.0)) };
    if !top.converged {
        return Err(Error::run(
            format!(
                "the registration did not settle within {evaluations} evaluations of its metric"
            ),
            "the metric has no clear maximum near its largest value",
            "Give --start with a rough transform, a --mask-fixed, or the other --metric.",
        ));
    }
    let transform = finest.rigid(&top.parameters);
    let after = finest.value(&transform.affine(), usize::MAX);
    if after.overlap < LEAST_OVERLAP {
        return Err(no_overlap(after.overlap));
    }
    if after.size <= 0.0 {
        return Err(Error::run(
            format!("the registration ends at a {} of {:.4}", s.metric.name(), after.size),
            "the images do not look alike anywhere that was looked",
            "Check that both are of one patient; use the metric mi for images of two kinds.",
        ));
    }
    Ok(Registered {
        transform,
        metric: s.metric,
        before: before.size,
        after: after.size,
        overlap: after.overlap,
        starts: places.len(),
        evaluations,
    })
}

fn no_overlap(share: f64) -> Error {
    Error::input(
        format!("{:.1} % of the fixed image's points lie in the moving image", 100.0 * share),
        format!("at least {:.0} % must be seen by both to compare them", 100.0 * LEAST_OVERLAP),
        "Check that both images show the same part of the patient, or give --start.",
    )
}

/// Smallest and largest value of an image.
fn values(image: &Volume<f32>) -> Result<(f64, f64)> {
    let (low, high) = image
        .data
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if constant(f64::from(low), f64::from(high)) {
        return Err(Error::input(
            format!("the moving image is {low} everywhere"),
            "a constant image lies everywhere as well",
            "Check that this is the image.",
        ));
    }
    Ok((f64::from(low), f64::from(high)))
}

/// Places around which is searched: the start; without one also the shift that joins the centres of mass, as frames of reference may differ by any
/// distance.
fn around(
    job: &Registration<'_>,
    coarse: &Objective<'_>,
    start: &Rigid,
    moving: &Volume<f32>,
) -> Vec<Parameters> {
    let mut places = vec![coarse.parameters(start)];
    if job.start == Affine::IDENTITY {
        let points = coarse.samples.points_mm.iter().zip(&coarse.samples.values);
        let of_fixed = centre_of_mass(points.map(|(p, v)| (*p, *v)));
        let voxels = moving.data.iter().enumerate();
        let at = |n: usize| moving.grid.to_mm(moving.grid.unlinear(n).map(|i| i as f64));
        let of_moving = centre_of_mass(voxels.map(|(n, v)| (at(n), f64::from(*v))));
        let shift = [0, 1, 2].map(|c| of_moving[c] - of_fixed[c]);
        if shift.iter().any(|s| s.abs() > 1.0) && shift.iter().all(|s| s.is_finite()) {
            let joined = Rigid { translation_mm: shift, ..*start };
            places.push(coarse.parameters(&joined));
        }
    }
    places
}

/// Centre of what lies above the mean value, weighed by how much.
fn centre_of_mass(values: impl Iterator<Item = ([f64; 3], f64)> + Clone) -> [f64; 3] {
    let (n, sum) = values.clone().fold((0.0, 0.0), |(n, s), (_, v)| (n + 1.0, s + v));
    let mean = sum / f64::max(n, 1.0);
    let mut moment = [0.0; 4];
    for (p, v) in values {
        let w = (v - mean).max(0.0);
        moment[3] += w;
        (0..3).for_each(|c| moment[c] += w * p[c]);
    }
    [0, 1, 2].map(|c| moment[c] / moment[3])
}

impl Metric {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Metric::MutualInformation => "mutual information",
            Metric::Correlation => "correlation",
        }
    }
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
