//! The similarity of two images as a function of six numbers: three angles times a radius and three translations, all in mm, so that a step of any of
//! them moves the points by about as much.

use rayon::prelude::*;

use super::moving::Interpolated;
use super::samples::Samples;
use super::similarity::{CHUNK, Similarity, sum};
use crate::image::{Affine, Rigid};

/// Angles times radius, then translations, mm.
pub type Parameters = [f64; 6];

/// Points of a fixed image, and the moving image that is looked up.
#[derive(Debug)]
pub struct Objective<'a> {
    /// Where and what the fixed image is.
    pub samples: &'a Samples,
    /// The moving image.
    pub moving: Interpolated<'a>,
    /// What is made largest.
    pub similarity: Similarity,
    /// Centre of the turn, mm.
    pub centre_mm: [f64; 3],
    /// Radius of the angles, mm.
    pub radius_mm: f64,
}

/// The similarity somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// Its size.
    pub size: f64,
    /// Share of the points that lie in the moving image.
    pub overlap: f64,
}

impl Objective<'_> {
    /// The map of some parameters.
    pub fn rigid(&self, p: &Parameters) -> Rigid {
        Rigid {
            angles_rad: [0, 1, 2].map(|c| p[c] / self.radius_mm),
            translation_mm: [p[3], p[4], p[5]],
            centre_mm: self.centre_mm,
        }
    }

    /// The parameters of a map about the same centre.
    pub fn parameters(&self, rigid: &Rigid) -> Parameters {
        let (a, t) = (rigid.angles_rad.map(|x| x * self.radius_mm), rigid.translation_mm);
        [a[0], a[1], a[2], t[0], t[1], t[2]]
    }

    /// The similarity of a map, over the first `points` points.
    pub fn value(&self, map: &Affine, points: usize) -> Value {
        let points = points.min(self.samples.points_mm.len());
        let at = |p: &[f64; 3]| self.moving.value(map.apply(*p)).unwrap_or(f64::NAN);
        let seen: Vec<f64> =
            self.samples.points_mm[..points].par_iter().with_min_len(CHUNK).map(at).collect();
        let size = self.similarity.of(&self.samples.values[..points], &seen, None);
        Value { size, overlap: overlap(&seen) }
    }

    /// The similarity of some parameters and its slope by each of them.
    pub fn value_and_slope(&self, p: &Parameters) -> (Value, Parameters) {
        let rigid = self.rigid(p);
        let map = rigid.affine();
        let at = |p: &[f64; 3]| {
            self.moving.value_and_slope(map.apply(*p)).unwrap_or((f64::NAN, [0.0; 3]))
        };
        let (seen, slopes): (Vec<f64>, Vec<[f64; 3]>) =
            self.samples.points_mm.par_iter().with_min_len(CHUNK).map(at).unzip();
        let mut weights = Vec::new();
        let size = self.similarity.of(&self.samples.values, &seen, Some(&mut weights));
        // Sums of weight x slope, and of that times the point's place from the centre: the chain rule of the map.
        let all = &self.samples.points_mm;
        let part = |first: usize| {
            let mut s = [0.0; 12];
            for n in first..(first + CHUNK).min(all.len()) {
                let (p, w, g) = (all[n], weights[n], slopes[n]);
                if w == 0.0 {
                    continue;
                }
                let d = [0, 1, 2].map(|c| p[c] - self.centre_mm[c]);
                for c in 0..3 {
                    let wg = w * g[c];
                    s[c] += wg;
                    (0..3).for_each(|k| s[3 + 3 * c + k] += wg * d[k]);
                }
            }
            s
        };
        let chunks = (0..all.len().div_ceil(CHUNK)).into_par_iter();
        let s = sum(chunks.map(|n| part(n * CHUNK)).collect());
        let turns = rigid.turn_by_angle();
        let by_angle = |m: &[[f64; 3]; 3]| {
            (0..9).map(|n| s[3 + n] * m[n / 3][n % 3]).sum::<f64>() / self.radius_mm
        };
        let slope =
            [by_angle(&turns[0]), by_angle(&turns[1]), by_angle(&turns[2]), s[0], s[1], s[2]];
        (Value { size, overlap: overlap(&seen) }, slope)
    }
}

fn overlap(seen: &[f64]) -> f64 {
    seen.iter().filter(|v| !v.is_nan()).count() as f64 / seen.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Metric, samples};
    use super::*;
    use crate::image::{Grid, Volume};

    fn blobs(grid: &Grid, map: &Affine) -> Volume<f32> {
        let blob = |p: [f64; 3]| {
            let at = |c: [f64; 3], s: f64| {
                (-(0..3).map(|k| (p[k] - c[k]).powi(2)).sum::<f64>() / (2.0 * s * s)).exp()
            };
            100.0 * at([0.0; 3], 25.0)
                + 60.0 * at([20.0, -15.0, 10.0], 9.0)
                + 40.0 * at([-25.0, 10.0, -20.0], 12.0)
        };
        let data = (0..grid.len())
            .map(|n| blob(map.apply(grid.to_mm(grid.unlinear(n).map(|i| i as f64)))) as f32);
        Volume::new(grid.clone(), data.collect()).unwrap()
    }

    /// The slope by each of the six numbers against central differences, in an oblique fixed and another moving grid.
    #[test]
    fn slopes_are_those_of_differences() {
        let (s, c) = 0.2_f64.sin_cos();
        let fixed_grid = Grid {
            dims: [30, 28, 26],
            origin_mm: [-60.0, -52.0, -50.0],
            axes_mm: [[4.0 * c, 4.0 * s, 0.0], [-4.0 * s, 4.0 * c, 0.0], [0.0, 0.0, 4.0]],
        };
        let moving_grid = Grid::aligned([40, 40, 30], [-62.0, -63.0, -61.0], [3.1, 3.2, 4.1]);
        let fixed = blobs(&fixed_grid, &Affine::IDENTITY);
        let moving = blobs(&moving_grid, &Affine::shift([3.0, -2.0, 1.0]));
        let samples = samples::spread(&fixed, samples::bright_box(&fixed), None, 20_000).unwrap();
        for metric in [Metric::Correlation, Metric::MutualInformation] {
            let objective = Objective {
                samples: &samples,
                moving: Interpolated::new(&moving).unwrap(),
                similarity: Similarity::new(metric, samples::range(&samples.values), (0.0, 140.0)),
                centre_mm: samples.middle_mm(),
                radius_mm: 50.0,
            };
            let p = [2.0, -3.0, 4.0, 1.0, 2.0, -1.5];
            let (_, slope) = objective.value_and_slope(&p);
            let scale = slope.iter().map(|s| s.abs()).fold(0.0, f64::max);
            for n in 0..6 {
                let h = 1e-4;
                let at = |sign: f64| {
                    let mut q = p;
                    q[n] += sign * h;
                    objective.value(&objective.rigid(&q).affine(), usize::MAX).size
                };
                let found = (at(1.0) - at(-1.0)) / (2.0 * h);
                // Points that cross a voxel's face within the step change their slope.
                assert!(
                    (found - slope[n]).abs() < 2e-3 * scale,
                    "{metric:?} {n}: {found} {}",
                    slope[n]
                );
            }
            let rigid = objective.rigid(&p);
            assert!(objective.parameters(&rigid).iter().zip(p).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
