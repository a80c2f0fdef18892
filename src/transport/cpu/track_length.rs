//! The `kerma` estimator of photons: energy transfer by track length. Neglects that electrons carry what they get away from where they are set free.
//!
//! A flight goes from voxel to voxel until its optical depth is used up; every voxel on its way gets `E mu_en` times the length of the flight in it, the
//! expected collision kerma (Williamson, Med. Phys. 14, 567, 1987), and the collision itself deposits nothing.

use super::electron::{inverse_component, to_face};
use super::math::{larger, ln};
use super::particle::{PHOTON, Particle, Stream};
use super::score::Scorer;
use super::walk::{Place, Walk};
use crate::transport::escapes::face;

/// Scalar product.
fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl<S: Scorer> Walk<'_, S> {
    /// Follows a photon until it is absorbed, falls below the cutoff or leaves.
    pub fn transport_photon_by_length(&mut self, particle: Particle) {
        let mut stream = Stream::new(self.plan.params.seed, particle.state);
        let mut p = particle;
        let mut place = self.place(p.voxel, p.local);
        let mut collisions = 0_u32;
        loop {
            if let Some(left) = self.fly_scoring(&mut place, &p, &mut stream) {
                p.voxel = self.plan.unlinear(place.linear as u32);
                self.scorer.trace("escape", &p, p.energy);
                self.escape(PHOTON, p.energy, left);
                break;
            }
            collisions += 1;
            (p.voxel, p.local) = (place.voxel, place.local);
            if !self.collide_photon(&place, &mut p, &mut stream) {
                break;
            }
        }
        self.ledger.photon_collisions += u64::from(collisions);
    }

    /// Moves to the next collision and scores on the way; the face of the grid where the photon leaves instead. One draw.
    fn fly_scoring(
        &mut self,
        place: &mut Place,
        p: &Particle,
        stream: &mut Stream,
    ) -> Option<usize> {
        let h = self.plan.params.voxel_cm;
        let half = h.map(|h| 0.5 * h);
        let inverse = p.direction.map(inverse_component);
        let mut depth = -ln(stream.rng.uniform());
        let mut known = usize::MAX;
        let mut rates = [0.0_f32; 2];
        loop {
            if place.material != known {
                known = place.material;
                let at = self.plan.params.offsets.photon;
                rates = super::lookup::photon_rates(&self.plan.tables, at, known, p.energy);
            }
            let mu = larger(rates[0] * place.density, 1e-12);
            let (to_face, axis) = to_face(place.local, inverse, half);
            let to_collision = depth / mu;
            let collides = to_collision < to_face;
            let length = if collides { to_collision } else { to_face };
            let per_cm = p.energy * (rates[1] * place.density);
            self.score_length(place, p, length, per_cm);
            for k in 0..3 {
                place.local[k] += length * p.direction[k];
            }
            if collides {
                return None;
            }
            depth = larger(depth - mu * to_face, 0.0);
            if !self.cross(place, axis, p.direction[axis], half[axis]) {
                return Some(face(axis, super::electron::is_forward(p.direction[axis])));
            }
        }
    }

    /// Scores a straight piece of a flight within a voxel, `per_cm` MeV of each cm.
    #[inline(always)]
    fn score_length(&mut self, place: &Place, p: &Particle, length: f32, per_cm: f32) {
        if S::RADIAL {
            self.score_in_shells(place, p, length, per_cm);
            return;
        }
        let given = per_cm * length;
        self.scorer.deposit(self.plan, place.linear, place.local, p.origin, given);
        self.fine_along(place, place.local, p.direction, length, p.origin, given);
    }

    /// The same where shells round the voxel's centre score: each the part of the piece that lies in it.
    fn score_in_shells(&mut self, place: &Place, p: &Particle, length: f32, per_cm: f32) {
        let plan = self.plan;
        let radius = |shell: usize| plan.tables[plan.params.offsets.shells as usize + shell];
        // Along the flight from the point that is nearest to the centre.
        let begin = dot(place.local, p.direction);
        let nearest = dot(place.local, place.local) - begin * begin;
        let at_radius = |r: f32| larger(r * r - nearest, 0.0).sqrt();
        let mut shell = plan.shell_of(place.local);
        let mut done = 0.0_f32;
        loop {
            let inner = if shell > 0 { radius(shell - 1) } else { 0.0 };
            let inward = begin + done < 0.0 && inner * inner > nearest;
            let mut end = length;
            if inward {
                end = -begin - at_radius(inner);
            } else if shell < plan.params.shells as usize {
                end = at_radius(radius(shell)) - begin;
            }
            let last = end >= length;
            let end = if last { length } else { larger(end, done) };
            let middle = 0.5 * (done + end);
            let at = std::array::from_fn(|k| place.local[k] + middle * p.direction[k]);
            self.scorer.deposit_in_shell(plan, shell, at, p.origin, per_cm * (end - done));
            if last {
                return;
            }
            done = end;
            shell = if inward { shell - 1 } else { shell + 1 };
        }
    }
}
