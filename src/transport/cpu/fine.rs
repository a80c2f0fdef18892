//! Finer scoring in a box of voxels (`transport/sub_voxels.rs`): energy that is lost along a straight piece of a track goes to the parts of the voxel that
//! it crosses, of electrons by their shares of the length, of alphas by what their range says; what is deposited at a point to the part that holds it.
//! No draws.

use super::math::{larger, smaller};
use super::score::Scorer;
use super::walk::{Place, Walk};
use crate::transport::plan::Plan;

/// A parameter that no piece reaches.
const NEVER: f32 = 3e38;

/// How energy is lost along a straight piece of a track.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    /// Evenly: the whole of it, MeV.
    Even(f32),
    /// By an alpha in one material.
    Alpha {
        /// Its material.
        material: usize,
        /// Its range where the piece begins, g/cm2.
        range: f32,
        /// The piece, g/cm2.
        thickness: f32,
        /// Energy where it begins and where it ends, MeV.
        energy: [f32; 2],
    },
}

impl Plan {
    /// First cell of the parts of a voxel in the box, counted along each axis; None outside of it.
    #[inline(always)]
    fn parts_of(&self, voxel: [i32; 3]) -> Option<[u32; 3]> {
        let p = &self.params;
        let mut first = [0_u32; 3];
        for k in 0..3 {
            let at = (voxel[k] as u32).wrapping_sub(p.fine_first[k]);
            if at >= p.fine_voxels[k] {
                return None;
            }
            first[k] = at * p.fine_parts;
        }
        Some(first)
    }

    /// The tally's cell of a part.
    #[inline(always)]
    fn fine_cell(&self, first: [u32; 3], part: [i32; 3]) -> usize {
        let p = &self.params;
        let at: [usize; 3] = std::array::from_fn(|k| first[k] as usize + part[k] as usize);
        let n: [usize; 3] = std::array::from_fn(|k| (p.fine_voxels[k] * p.fine_parts) as usize);
        self.voxels.len() + at[0] + n[0] * (at[1] + n[1] * at[2])
    }

    /// Place within a voxel in parts from its lower corner: 0 to `fine_parts`.
    #[inline(always)]
    fn in_parts(&self, local: [f32; 3]) -> [f32; 3] {
        let p = &self.params;
        let parts = p.fine_parts as f32;
        std::array::from_fn(|k| (local[k] * p.inverse_voxel[k] + 0.5) * parts)
    }

    /// The part that holds a place.
    #[inline(always)]
    fn part_at(&self, u: [f32; 3]) -> [i32; 3] {
        let last = self.params.fine_parts as i32 - 1;
        u.map(|u| (u as i32).clamp(0, last))
    }

    /// Distance to the nearest face of a voxel's part, cm; None outside of the box.
    #[inline(always)]
    pub fn fine_clearance(&self, voxel: [i32; 3], local: [f32; 3]) -> Option<f32> {
        self.parts_of(voxel)?;
        let u = self.in_parts(local);
        let part = self.part_at(u);
        let parts = self.params.fine_parts as f32;
        let along = |k: usize| {
            let below = u[k] - part[k] as f32;
            smaller(below, 1.0 - below) * (self.params.voxel_cm[k] / parts)
        };
        Some(larger(smaller(smaller(along(0), along(1)), along(2)), 0.0))
    }
}

impl<S: Scorer> Walk<'_, S> {
    /// Scores energy at a point in its part, where there are parts.
    #[inline(always)]
    pub fn fine_point(&mut self, voxel: [i32; 3], local: [f32; 3], origin: u32, energy: f32) {
        if !S::FINE || energy <= 0.0 {
            return;
        }
        if let Some(first) = self.plan.parts_of(voxel) {
            let cell = self.plan.fine_cell(first, self.plan.part_at(self.plan.in_parts(local)));
            self.scorer.deposit(self.plan, cell, local, origin, energy);
        }
    }

    /// Scores energy that is lost evenly over `distance` (cm) from `start` along a direction, within the voxel of a place.
    #[inline(always)]
    pub fn fine_along(
        &mut self,
        place: &Place,
        start: [f32; 3],
        direction: [f32; 3],
        distance: f32,
        origin: u32,
        energy: f32,
    ) {
        if S::FINE {
            self.share_along(place.voxel, start, direction, distance, origin, Loss::Even(energy));
        }
    }

    /// Scores what an alpha loses on a straight piece of `distance` (cm) from a place on.
    #[inline(always)]
    pub fn fine_alpha(
        &mut self,
        place: &Place,
        direction: [f32; 3],
        distance: f32,
        origin: u32,
        loss: Loss,
    ) {
        if S::FINE {
            self.share_along(place.voxel, place.local, direction, distance, origin, loss);
        }
    }

    /// Where there are parts: from face to face (Amanatides and Woo, Eurographics 1987, 3).
    fn share_along(
        &mut self,
        voxel: [i32; 3],
        start: [f32; 3],
        direction: [f32; 3],
        distance: f32,
        origin: u32,
        loss: Loss,
    ) {
        let Some(first) = self.plan.parts_of(voxel) else { return };
        let p = &self.plan.params;
        let (parts, last) = (p.fine_parts as f32, p.fine_parts as i32 - 1);
        let u = self.plan.in_parts(start);
        let mut part = self.plan.part_at(u);
        let mut next = [NEVER; 3];
        let mut step = [NEVER; 3];
        let mut sign = [0_i32; 3];
        for k in 0..3 {
            let v = direction[k] * distance * p.inverse_voxel[k] * parts;
            if v > 0.0 {
                sign[k] = 1;
                next[k] = (part[k] as f32 + 1.0 - u[k]) / v;
                step[k] = 1.0 / v;
            } else if v < 0.0 {
                sign[k] = -1;
                next[k] = (part[k] as f32 - u[k]) / v;
                step[k] = -1.0 / v;
            }
        }
        let mut done = 0.0_f32;
        let mut left = if let Loss::Alpha { energy, .. } = loss { energy[0] } else { 0.0 };
        loop {
            let xy = if next[0] < next[1] { 0 } else { 1 };
            let axis = if next[xy] < next[2] { xy } else { 2 };
            let until = smaller(larger(next[axis], done), 1.0);
            if until > done {
                let cell = self.plan.fine_cell(first, part);
                let given = match loss {
                    Loss::Even(energy) => energy * (until - done),
                    Loss::Alpha { material, range, thickness, energy } => {
                        let after = match until < 1.0 {
                            true => self.alpha_energy(material, range - until * thickness),
                            false => energy[1],
                        };
                        let before = left;
                        left = smaller(after, before);
                        before - left
                    }
                };
                self.scorer.deposit(self.plan, cell, start, origin, given);
            }
            if until >= 1.0 {
                return;
            }
            done = until;
            let to = part[axis] + sign[axis];
            if (0..=last).contains(&to) {
                part[axis] = to;
                next[axis] += step[axis];
            } else {
                // The voxel's own face: by rounding only.
                next[axis] = NEVER;
            }
        }
    }
}
