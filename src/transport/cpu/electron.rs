//! Electrons and positrons: class II condensed history with a random hinge. Neglects the density-dependence of the density effect within
//! a material, in-flight annihilation, shell corrections to straggling, and the curvature of the rates within a step.
//!
//! A step is a fixed *scattering strength* `K1 = integral rho ds / lambda_1` of its energy node, not a length. The hinge
//! sits at a random fraction of it ([`hinge_fraction`]); there the Goudsmit-Saunderson deflection of exactly that strength is sampled.
//! Strength, energy and the optical depth to the next hard collision are budgets that each voxel consumes at its own
//! rate, so a track crosses voxels and materials without stopping (the idea of DPM: Sempau, Wilderman & Bielajew, Phys. Med. Biol. 45, 2263, 2000,
//! doi:10.1088/0031-9155/45/8/315). Rates are linear in the mean energy about the middle of the step.
//! Losses below the production threshold are sampled per step with their first three moments (`straggling.rs`).
//! Hard collisions (Moller or Bhabha above the threshold, bremsstrahlung photons) use a majorant over the step. Thresholds follow the voxel and
//! its medium (`tables/thresholds.rs`), steps are short in gas and beside it (`tables/faces.rs`).
//! A particle whose CSDA range is below the distance to the nearest face deposits on the spot, bremsstrahlung kept.

use super::lookup::{
    angular_at, coarse_node, csda_range, hard_rates, lepton_rates, majorant, sample_angular,
    sample_spectrum, spectrum_at, thick_target_photons,
};
use super::math::{larger, ln, smaller};
use super::particle::{ELECTRON, PHOTON, POSITRON, Particle, Stream};
use super::score::Scorer;
use super::straggling::loss_factor;
use super::vector::{rotate, sample_isotropic};
use super::walk::{Place, REST, Walk};
use crate::transport::escapes::face;
use crate::transport::layout::{
    ANGULAR_HEADER, COARSE_NODES, FLAG_STRAGGLING, LEAST_RATE, MAX_SEGMENTS,
};

impl<S: Scorer> Walk<'_, S> {
    /// Follows an electron or positron to the end of its track.
    pub fn transport_lepton(&mut self, particle: Particle) {
        let mut stream = Stream::new(self.plan.params.seed, particle.state);
        let mut p = particle;
        let mut place = self.place(p.voxel, p.local);
        let o = self.plan.params.offsets;
        let flags = self.plan.params.flags;
        let half = self.plan.params.voxel_cm.map(|h| 0.5 * h);
        let cutoff = self.plan.params.electron_cutoff;
        let mut optical_depth = -ln(stream.rng.uniform());
        let mut pending = 0.0_f32;
        let mut segments = 0_u32;

        loop {
            // The end of the track?
            let set = self.rate_set(p.kind, &place);
            if p.energy <= cutoff || self.stays_inside(set, &place, p.energy) {
                let local = self.settle(&place, p.kind, p.origin, p.energy, &mut stream);
                self.fine_point(place.voxel, place.local, p.origin, local);
                pending += local;
                break;
            }
            // A new step: its node, strength, rates at the middle energy, straggling and majorant.
            let node = coarse_node(p.energy, stream.rng.uniform())
                + (place.short * self.plan.params.short_sets) as usize * COARSE_NODES;
            let base = self.lepton_set(p.kind, place.material);
            let angular = angular_at(o.scattering, base, node);
            let header: &[f32; ANGULAR_HEADER] =
                self.plan.tables[angular..angular + ANGULAR_HEADER].try_into().expect("a header");
            let [_, loss_per_strength, p_straggling, theta, raised, strength, ..] = *header;
            let mean_loss_per_strength = p.energy * loss_per_strength;
            let mut middle = larger(p.energy - 0.5 * strength * mean_loss_per_strength, cutoff);
            let mut rates = lepton_rates(&self.plan.tables, o.lepton, set, middle);
            let factor = if flags & FLAG_STRAGGLING != 0 {
                loss_factor([p_straggling, theta, raised], stream.rng.uniform())
            } else {
                1.0
            };
            let mut current = set;
            let mut hard = majorant(&self.plan.tables, o.hard_majorant, set, p.energy);
            let mut inverse_hard = 1.0 / hard;
            let before_hinge = hinge_fraction(strength, stream.rng.uniform()) * strength;
            let mut left = before_hinge;
            let mut hinge_ahead = true;
            let mut inverse = p.direction.map(inverse_component);
            let mut middle_strength = 0.5 * strength;

            // Segments: to the hinge, the end of the step, a hard collision or a voxel face, whichever is first.
            let finished = loop {
                segments += 1;
                // Rates at the middle of the segment, linear in the strength spent about the middle of the step.
                // They follow the mean energy, not the straggling one: a step whose length or rate depended on
                // its own straggling would be biased.
                let until = if hinge_ahead { before_hinge } else { strength };
                let off = (middle_strength - until + 0.5 * left) * mean_loss_per_strength;
                let strength_rate = larger(
                    rates.strength + rates.strength_slope * off,
                    LEAST_RATE * rates.strength,
                );
                let to_strength = left / strength_rate;
                let to_hard = optical_depth * inverse_hard;
                // Rounding may leave a budget at zero or below at a face, and a vacuum has no density.
                let thickness_limit = larger(smaller(to_strength, to_hard), 0.0);
                let (to_face, axis) = to_face(place.local, inverse, half);
                let to_face_thickness = to_face * place.density;
                let crosses = to_face_thickness < thickness_limit;
                let (thickness, distance) = if crosses {
                    (to_face_thickness, to_face)
                } else {
                    (thickness_limit, thickness_limit / larger(place.density, 1e-30))
                };
                let spent = 0.5 * strength_rate * thickness;
                let off = (middle_strength - until + left - spent) * mean_loss_per_strength;
                let loss_rate =
                    larger(rates.loss + rates.loss_slope * off, LEAST_RATE * rates.loss);
                let loss = loss_rate * factor * thickness;
                if loss >= p.energy - cutoff || segments >= MAX_SEGMENTS {
                    if segments >= MAX_SEGMENTS {
                        self.ledger.segment_caps += 1;
                    }
                    break true;
                }
                let after = p.energy - loss;
                let given = p.energy - after;
                p.energy = after;
                let start = place.local;
                for k in 0..3 {
                    place.local[k] += distance * p.direction[k];
                }
                if S::RADIAL {
                    let u = stream.rng.uniform();
                    let mut point = place;
                    for k in 0..3 {
                        point.local[k] = start[k] + u * distance * p.direction[k];
                    }
                    self.deposit(&point, p.origin, given);
                } else {
                    self.fine_along(&place, start, p.direction, distance, p.origin, given);
                    pending += given;
                }
                left -= strength_rate * thickness;
                optical_depth -= hard * thickness;

                if crosses {
                    self.flush(&place, p.origin, &mut pending);
                    if !self.cross(&mut place, axis, p.direction[axis], half[axis]) {
                        self.ledger.lepton_segments += u64::from(segments);
                        self.tell("escape", &place, &p, p.energy);
                        self.escape(p.kind, p.energy, face(axis, is_forward(p.direction[axis])));
                        return;
                    }
                    self.tell("crossing", &place, &p, given);
                    let next = self.rate_set(p.kind, &place);
                    if next != current {
                        current = next;
                        rates = lepton_rates(&self.plan.tables, o.lepton, next, middle);
                        hard = majorant(&self.plan.tables, o.hard_majorant, next, p.energy);
                        inverse_hard = 1.0 / hard;
                    }
                } else if to_hard < to_strength {
                    optical_depth = -ln(stream.rng.uniform());
                    let [sigma, radiative] =
                        hard_rates(&self.plan.tables, o.lepton, current, p.energy);
                    if sigma > hard {
                        self.ledger.majorant_excesses += 1;
                    }
                    if stream.rng.uniform() * hard < sigma {
                        pending += self.hard_collision(&place, &mut p, radiative, &mut stream);
                        if p.energy <= cutoff {
                            break false;
                        }
                        // The rest of the step from the new energy.
                        let rest = left + if hinge_ahead { strength - before_hinge } else { 0.0 };
                        middle_strength = strength - 0.5 * rest;
                        middle = larger(p.energy * (1.0 - 0.5 * loss_per_strength * rest), cutoff);
                        rates = lepton_rates(&self.plan.tables, o.lepton, current, middle);
                        hard = majorant(&self.plan.tables, o.hard_majorant, current, p.energy);
                        inverse_hard = 1.0 / hard;
                        inverse = p.direction.map(inverse_component);
                    }
                } else if hinge_ahead {
                    hinge_ahead = false;
                    left = strength - before_hinge;
                    // The deflection of this step's strength in the material at the hinge.
                    let base = self.lepton_set(p.kind, place.material);
                    let at = angular_at(o.scattering, base, node);
                    let mu = sample_angular(&self.plan.tables, at, stream.rng.uniform());
                    p.direction = rotate(p.direction, mu, stream.rng.uniform());
                    inverse = p.direction.map(inverse_component);
                    self.tell("hinge", &place, &p, 0.0);
                    if self.stays_inside(current, &place, p.energy) {
                        break false;
                    }
                } else {
                    break false;
                }
            };
            p.voxel = place.voxel;
            p.local = place.local;
            self.scorer.trace("step", &p, pending);
            if finished {
                self.fine_point(place.voxel, place.local, p.origin, p.energy);
                pending += p.energy;
                p.energy = 0.0;
                break;
            }
        }
        self.ledger.lepton_segments += u64::from(segments);
        self.flush(&place, p.origin, &mut pending);
        if p.kind == POSITRON {
            self.tell("annihilation", &place, &p, 2.0 * REST);
            self.annihilate(&place, p.origin, &mut stream);
        }
    }

    /// Deposits what has been collected in the voxel that is left.
    #[inline(always)]
    fn flush(&mut self, place: &Place, origin: u32, pending: &mut f32) {
        if *pending > 0.0 {
            self.deposit_in_voxel(place, origin, *pending);
            *pending = 0.0;
        }
    }

    /// Whether the residual CSDA range ends inside the scoring cell.
    #[inline(always)]
    pub fn stays_inside(&self, set: usize, place: &Place, energy: f32) -> bool {
        if energy > self.plan.params.settle_energy {
            return false;
        }
        let range = csda_range(&self.plan.tables, self.plan.params.offsets.lepton, set, energy);
        range <= self.clearance(place) * place.density
    }

    /// Ends an electron or positron here: emits the bremsstrahlung photon of its slowing down, if one is drawn, and returns the energy
    /// left to deposit. One draw, five more where a photon is emitted.
    pub fn settle(
        &mut self,
        place: &Place,
        kind: u32,
        origin: u32,
        energy: f32,
        stream: &mut Stream,
    ) -> f32 {
        let o = self.plan.params.offsets;
        self.tell_settled(place, kind, origin, energy, stream.birth());
        let threshold = self.plan.params.photon_threshold;
        // Below the cutoff everything stays.
        if energy <= larger(threshold, self.plan.params.electron_cutoff) {
            return energy;
        }
        let set = self.lepton_set(kind, place.material);
        let expected = thick_target_photons(&self.plan.tables, o.lepton, set, energy);
        if stream.rng.uniform() >= expected {
            return energy;
        }
        let node = coarse_node(energy, stream.rng.uniform());
        let at = spectrum_at(o.thick_target, set, node);
        let y = sample_spectrum(&self.plan.tables, at, stream.rng.uniform());
        let k = smaller(threshold + (energy - threshold) * y, energy);
        let direction = sample_isotropic(&mut stream.rng);
        self.push(place, PHOTON, origin, k, direction, stream);
        energy - k
    }

    /// Whether an electron born here ends here: below the cutoff, or unable to leave the scoring cell.
    #[inline(always)]
    pub fn ends_here(&self, place: &Place, energy: f32) -> bool {
        let set = self.lepton_set(ELECTRON, place.material);
        energy <= self.plan.params.electron_cutoff || self.stays_inside(set, place, energy)
    }

    /// An electron set free at a point: settled on the spot where its range allows, else pushed. Returns the energy to deposit here.
    #[inline]
    pub fn release_electron(
        &mut self,
        place: &Place,
        origin: u32,
        energy: f32,
        direction: [f32; 3],
        stream: &mut Stream,
    ) -> f32 {
        if self.ends_here(place, energy) {
            return self.settle(place, ELECTRON, origin, energy, stream);
        }
        self.push(place, ELECTRON, origin, energy, direction, stream);
        0.0
    }

    /// A collision above the threshold: Moller, Bhabha or bremsstrahlung. Returns the energy to deposit here.
    fn hard_collision(
        &mut self,
        place: &Place,
        p: &mut Particle,
        radiative: f32,
        stream: &mut Stream,
    ) -> f32 {
        if stream.rng.uniform() < radiative {
            self.emit_bremsstrahlung(place, p, stream);
            return 0.0;
        }
        let threshold = self.plan.production_threshold(p.energy, place.material, place.short);
        let transfer = if p.kind == POSITRON {
            super::bhabha::sample_transfer(p.energy, threshold, &mut stream.rng)
        } else {
            super::moller::sample_transfer(p.energy, threshold, &mut stream.rng)
        };
        let Some(transfer) = transfer else {
            self.ledger.rejection_caps += 1;
            return 0.0;
        };
        let (mu, mu_delta) = super::moller::deflections(p.energy, transfer);
        let turn = stream.rng.uniform();
        let delta = rotate(p.direction, mu_delta, turn);
        let opposite = if turn < 0.5 { turn + 0.5 } else { turn - 0.5 };
        p.direction = rotate(p.direction, mu, opposite);
        let after = p.energy - transfer;
        let given = p.energy - after;
        p.energy = after;
        self.tell(if p.kind == POSITRON { "bhabha" } else { "moller" }, place, p, given);
        let local = self.release_electron(place, p.origin, given, delta, stream);
        if S::RADIAL && local > 0.0 {
            self.deposit(place, p.origin, local);
            return 0.0;
        }
        self.fine_point(place.voxel, place.local, p.origin, local);
        local
    }

    /// Emits a bremsstrahlung photon; the lepton keeps its direction. Four draws.
    fn emit_bremsstrahlung(&mut self, place: &Place, p: &mut Particle, stream: &mut Stream) {
        let set = self.lepton_set(p.kind, place.material);
        let threshold = self.plan.params.photon_threshold;
        let node = coarse_node(p.energy, stream.rng.uniform());
        let at = spectrum_at(self.plan.params.offsets.bremsstrahlung, set, node);
        let y = sample_spectrum(&self.plan.tables, at, stream.rng.uniform());
        let k = smaller(threshold + (p.energy - threshold) * y, p.energy);
        let mu = super::bremsstrahlung::sample_angle(p.energy, stream.rng.uniform());
        let direction = rotate(p.direction, mu, stream.rng.uniform());
        let after = p.energy - k;
        let given = p.energy - after;
        p.energy = after;
        self.tell("bremsstrahlung", place, p, given);
        self.push(place, PHOTON, p.origin, given, direction, stream);
    }

    /// Moves to the neighbouring voxel along `axis`; false outside the grid.
    #[inline(always)]
    pub fn cross(&self, place: &mut Place, axis: usize, direction: f32, half: f32) -> bool {
        let forward = is_forward(direction);
        place.voxel[axis] += if forward { 1 } else { -1 };
        place.local[axis] = if forward { -half } else { half };
        if place.voxel[axis] < 0 || place.voxel[axis] >= self.plan.params.dims[axis] as i32 {
            return false;
        }
        *place = self.place(place.voxel, place.local);
        true
    }
}

/// Components nearer to zero are forward, and this large.
const LEAST: f32 = 1e-20;

/// Whether a component leads to the face on the high side: the one that [`to_face`] measures to.
#[inline(always)]
pub fn is_forward(d: f32) -> bool {
    d > -LEAST
}

/// Inverse of a direction's component, finite also for zero.
#[inline(always)]
pub fn inverse_component(d: f32) -> f32 {
    1.0 / if d.abs() < LEAST { LEAST } else { d }
}

/// Distance (cm) to the voxel's face, and its axis, from the inverse of the direction's components.
#[inline(always)]
pub fn to_face(local: [f32; 3], inverse: [f32; 3], half: [f32; 3]) -> (f32, usize) {
    let mut distance = [0.0_f32; 3];
    for k in 0..3 {
        distance[k] = larger(half[k] * inverse[k].abs() - local[k] * inverse[k], 0.0);
    }
    let (first, axis) = if distance[0] < distance[1] { (distance[0], 0) } else { (distance[1], 1) };
    if first < distance[2] { (first, axis) } else { (distance[2], 2) }
}

/// Fraction of a step's strength `k1` that lies before the hinge. One uniform variate.
///
/// For scattering at a constant rate the mean advance of a step is `(1 - e^-K)/K = 1 - K/2 + K^2/6` and its mean squared displacement
/// `2 (K - 1 + e^-K)/K^2 = 1 - K/3 + K^2/12` (Lewis, Phys. Rev. 78, 526, 1950, doi:10.1103/PhysRev.78.526). A hinge at x gives
/// `<x> + (1 - <x>) e^-K` and `1 - 2 <x(1-x)> (1 - e^-K)`: right to first order for uniform x; with
/// `x = u (1 - K/4) + K/24`, which has `<x> = 1/2 - K/12` and `<x(1-x)> = 1/6 + K/24 + O(K^2)`, to second.
#[inline(always)]
pub fn hinge_fraction(k1: f32, u: f32) -> f32 {
    u * (1.0 - 0.25 * k1) + k1 * (1.0 / 24.0)
}

/// Kinetic energy to velocity squared, `beta^2`.
#[inline(always)]
pub fn beta_squared(energy: f32) -> f32 {
    energy * (energy + 2.0 * REST) / ((energy + REST) * (energy + REST))
}
