//! Alpha particles: a straight track with continuous slowing down. Neglects straggling, scattering, delta rays' range and the recoil's
//! (both below 1 um), all small against a voxel.

use super::electron::{inverse_component, is_forward, to_face};
use super::fine::Loss;
use super::particle::{ALPHA, Particle};
use super::score::Scorer;
use super::walk::{Place, Walk};
use crate::transport::escapes::face;
use crate::transport::layout::MAX_ALPHA_VOXELS;
use crate::transport::plan::{ALPHA_ENERGY_STEP, ALPHA_NODES};

impl<S: Scorer> Walk<'_, S> {
    /// Follows an alpha: on the spot if its range stays inside the voxel, else voxel by voxel. No draws.
    pub fn transport_alpha(&mut self, particle: Particle) {
        let mut p = particle;
        let mut place = self.place(p.voxel, p.local);
        if S::RADIAL {
            return self.alpha_through_shells(&p, place);
        }
        let half = self.plan.params.voxel_cm.map(|h| 0.5 * h);
        let inverse = p.direction.map(inverse_component);
        for _ in 0..MAX_ALPHA_VOXELS {
            let range = self.alpha_range(place.material, p.energy);
            if range <= self.clearance(&place) * place.density {
                break;
            }
            let (to_face, axis) = to_face(place.local, inverse, half);
            let thickness = to_face * place.density;
            if thickness >= range {
                // It ends in this voxel, in a part of it that need not be the one where it is now.
                let (distance, energy) = (range / place.density, [p.energy, 0.0]);
                let loss =
                    Loss::Alpha { material: place.material, range, thickness: range, energy };
                self.fine_alpha(&place, p.direction, distance, p.origin, loss);
                self.tell("settle", &place, &p, p.energy);
                self.deposit_in_voxel(&place, p.origin, p.energy);
                return;
            }
            let after = self.alpha_energy(place.material, range - thickness).min(p.energy);
            let given = p.energy - after;
            let (material, energy) = (place.material, [p.energy, after]);
            let loss = Loss::Alpha { material, range, thickness, energy };
            self.fine_alpha(&place, p.direction, to_face, p.origin, loss);
            self.deposit_in_voxel(&place, p.origin, given);
            p.energy = after;
            for k in 0..3 {
                place.local[k] += to_face * p.direction[k];
            }
            if !self.cross(&mut place, axis, p.direction[axis], half[axis]) {
                self.tell("escape", &place, &p, p.energy);
                self.escape(ALPHA, p.energy, face(axis, is_forward(p.direction[axis])));
                return;
            }
            self.tell("crossing", &place, &p, given);
        }
        self.tell("settle", &place, &p, p.energy);
        self.deposit(&place, p.origin, p.energy);
    }

    /// Follows an alpha from the centre of the shells outwards: each gets what is lost between its radii.
    fn alpha_through_shells(&mut self, p: &Particle, place: Place) {
        let range = self.alpha_range(place.material, p.energy);
        let (mut energy, mut inner, mut at) = (p.energy, 0.0, place);
        let outermost = self.plan.shell_radii().len();
        for shell in 0..=outermost {
            // What is left beyond the last shell settles there.
            let outer = self.plan.shell_radii().get(shell).copied().unwrap_or(f32::INFINITY);
            let left = range - outer * place.density;
            let after = match left > 0.0 {
                true => self.alpha_energy(place.material, left).min(energy),
                false => 0.0,
            };
            let middle = if outer.is_finite() { 0.5 * (inner + outer) } else { 2.0 * inner };
            at.local = p.direction.map(|d| d * middle);
            self.deposit(&at, p.origin, energy - after);
            (energy, inner) = (after, outer);
            if energy <= 0.0 {
                self.tell("settle", &at, p, 0.0);
                return;
            }
        }
    }

    /// CSDA range of an alpha, g/cm2.
    pub fn alpha_range(&self, material: usize, energy: f32) -> f32 {
        let at = self.plan.params.offsets.alpha as usize + material * ALPHA_NODES;
        let table = &self.plan.tables[at..at + ALPHA_NODES];
        let x = (energy * (1.0 / ALPHA_ENERGY_STEP)).min((ALPHA_NODES - 1) as f32);
        let i = (x as usize).min(ALPHA_NODES - 2);
        table[i] + (table[i + 1] - table[i]) * (x - i as f32)
    }

    /// Energy of an alpha with the given residual range (g/cm2): the inverse of [`Self::alpha_range`] by bisection.
    pub fn alpha_energy(&self, material: usize, range: f32) -> f32 {
        let at = self.plan.params.offsets.alpha as usize + material * ALPHA_NODES;
        let table = &self.plan.tables[at..at + ALPHA_NODES];
        let (mut low, mut high) = (0_usize, ALPHA_NODES - 1);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if table[middle] <= range {
                low = middle;
            } else {
                high = middle;
            }
        }
        let step = (table[high] - table[low]).max(1e-30);
        (low as f32 + ((range - table[low]) / step).clamp(0.0, 1.0)) * ALPHA_ENERGY_STEP
    }
}
