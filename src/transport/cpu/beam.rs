//! A beam's particles: a point of the field, a direction in the cone, and where the ray enters the grid. Neglects matter outside of the grid.

use super::math::{larger, sin_cos_turn, smaller};
use super::rng::Rng;
use super::score::Scorer;
use super::vector::rotate;
use super::walk::{Place, Walk};
use crate::transport::tables::beam::BEAM_VALUES;

/// Parts of a voxel by which rounding may put a ray past the grid that grazes its face, edge or corner: positions of some m are rounded to 1e-5 cm.
const GRAZE: f32 = 1e-4;

impl<S: Scorer> Walk<'_, S> {
    fn beam(&self) -> &[f32; BEAM_VALUES] {
        let at = self.plan.params.offsets.beam as usize;
        self.plan.tables[at..at + BEAM_VALUES].try_into().expect("a beam")
    }

    /// A point of the field, cm from the grid's corner. Two draws.
    pub fn sample_field(&self, rng: &mut Rng) -> [f32; 3] {
        let b = self.beam();
        let mut x = rng.uniform();
        let mut y = rng.uniform();
        if b[7] > 0.0 {
            let r = x.sqrt();
            let (sin_phi, cos_phi) = sin_cos_turn(y);
            x = r * cos_phi;
            y = r * sin_phi;
        } else {
            x = 2.0 * x - 1.0;
            y = 2.0 * y - 1.0;
        }
        [b[0] + x * b[4] + y * b[8], b[1] + x * b[5] + y * b[9], b[2] + x * b[6] + y * b[10]]
    }

    /// A direction within the cone. Two draws; none in a parallel beam.
    pub fn sample_cone(&self, rng: &mut Rng) -> [f32; 3] {
        let b = self.beam();
        let axis = [b[12], b[13], b[14]];
        if b[3] <= 0.0 {
            return axis;
        }
        let mu = b[3] * rng.uniform();
        rotate(axis, mu, rng.uniform())
    }

    /// Where a ray enters the grid, if it does: at its start if that is inside.
    pub fn enter(&self, start: [f32; 3], d: [f32; 3]) -> Option<Place> {
        let p = &self.plan.params;
        let mut ahead = 0.0_f32;
        let mut face_axis = 3;
        for k in 0..3 {
            let extent = p.dims[k] as f32 * p.voxel_cm[k];
            let before = if d[k] > 0.0 { -start[k] } else { start[k] - extent };
            let distance = before / larger(d[k].abs(), 1e-20);
            if before >= 0.0 && distance >= ahead {
                ahead = distance;
                face_axis = k;
            }
        }
        let mut voxel = [0_i32; 3];
        let mut position = [0.0_f32; 3];
        for k in 0..3 {
            position[k] = start[k] + ahead * d[k];
            let index = position[k] * p.inverse_voxel[k];
            if k == face_axis {
                voxel[k] = if d[k] > 0.0 { 0 } else { p.dims[k] as i32 - 1 };
            } else if index >= -GRAZE && index < p.dims[k] as f32 + GRAZE {
                voxel[k] = (index as i32).min(p.dims[k] as i32 - 1);
            } else {
                return None;
            }
        }
        let mut local = self.relative(voxel, &position);
        for k in 0..3 {
            let half = 0.5 * p.voxel_cm[k];
            local[k] = if k != face_axis {
                smaller(larger(local[k], -half), half)
            } else if d[k] > 0.0 {
                -half
            } else {
                half
            };
        }
        Some(self.place(voxel, local))
    }
}
