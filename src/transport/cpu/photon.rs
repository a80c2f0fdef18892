//! Photons: Woodcock (delta) tracking. Neglects polarisation, photonuclear reactions and L fluorescence.
//!
//! A flight is sampled with a majorant of mu that is constant in each cell of a coarse grid (Woodcock et al., ANL-7050, 1965); at a
//! tentative collision the voxel decides whether it is real. Cells with air are crossed in one move.
//! Two estimators: `analog` (electrons set free are transported) and `kerma` (flights score on their way, `track_length.rs`, and electrons are not
//! followed).

use super::lookup::{fluorescence_probabilities, majorant, photon_rates, photon_shares};
use super::math::{larger, ln, smaller};
use super::particle::{PHOTON, Particle, Stream};
use super::score::Scorer;
use super::vector::{rotate, sample_isotropic};
use super::walk::{Place, REST, Walk};
use crate::transport::escapes::face;
use crate::transport::layout::{
    FLAG_IMPULSE, FLAG_KERMA, MAX_COLLISIONS, voxel_density, voxel_material, voxel_short,
};

impl<S: Scorer> Walk<'_, S> {
    /// Follows a photon until it is absorbed, falls below the cutoff or leaves.
    pub fn transport_photon(&mut self, particle: Particle) {
        if self.plan.params.flags & FLAG_KERMA != 0 {
            self.transport_photon_by_length(particle);
            return;
        }
        let mut stream = Stream::new(self.plan.params.seed, particle.state);
        let mut p = particle;
        let o = self.plan.params.offsets;
        let h = self.plan.params.voxel_cm;
        let mut position = [0.0_f32; 3];
        for k in 0..3 {
            position[k] = (p.voxel[k] as f32 + 0.5) * h[k] + p.local[k];
        }
        let mut collisions = 0_u32;
        let mut known = usize::MAX;
        let mut mu_over_rho = 0.0_f32;
        loop {
            let from = position;
            let Some((voxel, mu_majorant)) = self.fly(&mut position, &p, &mut stream) else {
                self.ledger.photon_collisions += u64::from(collisions);
                self.scorer.trace("escape", &p, p.energy);
                self.escape(PHOTON, p.energy, self.exit_face(&from, p.direction));
                return;
            };
            collisions += 1;
            let linear = self.plan.linear(voxel);
            let word = self.plan.voxels[linear];
            let density = voxel_density(word);
            let material = voxel_material(word);
            // The energy is that of the last collision: look up again only for another material.
            if material != known {
                known = material;
                [mu_over_rho, _] = photon_rates(&self.plan.tables, o.photon, material, p.energy);
            }
            if stream.rng.uniform() * mu_majorant >= mu_over_rho * density {
                if collisions >= MAX_COLLISIONS {
                    self.ledger.segment_caps += 1;
                    self.ledger.cut(p.energy);
                    self.scorer.deposit(self.plan, linear, [0.0; 3], p.origin, p.energy);
                    self.fine_point(voxel, [0.0; 3], p.origin, p.energy);
                    break;
                }
                continue;
            }
            let local = self.relative(voxel, &position);
            let place = Place { voxel, local, linear, density, material, short: voxel_short(word) };
            p.voxel = voxel;
            p.local = local;
            known = usize::MAX;
            if !self.collide_photon(&place, &mut p, &mut stream) {
                break;
            }
        }
        self.ledger.photon_collisions += u64::from(collisions);
    }

    /// A real collision; false when the photon has ended.
    pub fn collide_photon(&mut self, place: &Place, p: &mut Particle, stream: &mut Stream) -> bool {
        let process = stream.rng.uniform();
        let [compton, photoelectric, rayleigh] = photon_shares(
            &self.plan.tables,
            self.plan.params.offsets.photon,
            place.material,
            p.energy,
        );
        let before = p.energy;
        if process < compton {
            self.compton(place, p, stream);
            self.scorer.trace("compton", p, before - p.energy);
        } else if process < photoelectric {
            self.photoelectric(place, p, stream);
            self.scorer.trace("photoelectric", p, before);
            return false;
        } else if process < rayleigh {
            self.rayleigh(place.material, p, stream);
            self.scorer.trace("rayleigh", p, 0.0);
        } else {
            self.pair(place, p, stream);
            self.scorer.trace("pair", p, before);
            return false;
        }
        if p.energy <= self.plan.params.photon_cutoff {
            self.deposit(place, p.origin, p.energy);
            self.scorer.trace("cutoff", p, p.energy);
            return false;
        }
        true
    }

    /// Moves to the next tentative collision; its voxel and the majorant of mu (1/cm) there, or None when the photon leaves. One draw.
    #[inline(always)]
    pub fn fly(
        &mut self,
        position: &mut [f32; 3],
        p: &Particle,
        stream: &mut Stream,
    ) -> Option<([i32; 3], f32)> {
        let params = &self.plan.params;
        let mut optical_depth = -ln(stream.rng.uniform());
        if params.cell_dims == [1, 1, 1] {
            let word = self.plan.cells[0];
            let mu = self.cell_majorant(word, p.energy);
            let distance = optical_depth / mu;
            for k in 0..3 {
                position[k] += distance * p.direction[k];
            }
            return self.voxel_at(position).map(|voxel| (voxel, mu));
        }
        let edge = params.voxel_cm.map(|h| h * params.cell_voxels as f32);
        let mut cell = [0_i32; 3];
        for k in 0..3 {
            let c = larger(position[k] / edge[k], 0.0) as i32;
            cell[k] = c.min(params.cell_dims[k] as i32 - 1);
        }
        let most = params.cell_dims[0] + params.cell_dims[1] + params.cell_dims[2] + 3;
        for _ in 0..most {
            let [cx, cy, cz] = cell.map(|c| c as usize);
            let [nx, ny, _] = params.cell_dims.map(|n| n as usize);
            let word = self.plan.cells[cx + nx * (cy + ny * cz)];
            let mu = self.cell_majorant(word, p.energy);
            let mut exit = f32::INFINITY;
            let mut axis = 0;
            for k in 0..3 {
                let d = p.direction[k];
                let face = if d > 0.0 { (cell[k] + 1) as f32 } else { cell[k] as f32 } * edge[k];
                let ahead = if d > 0.0 { face - position[k] } else { position[k] - face };
                let to = larger(ahead, 0.0) / larger(d.abs(), 1e-20);
                if to < exit {
                    exit = to;
                    axis = k;
                }
            }
            let distance = optical_depth / mu;
            if distance < exit {
                for k in 0..3 {
                    position[k] += distance * p.direction[k];
                }
                return self.voxel_at(position).map(|voxel| (voxel, mu));
            }
            optical_depth -= mu * exit;
            for k in 0..3 {
                position[k] += exit * p.direction[k];
            }
            let forward = p.direction[axis] > 0.0;
            position[axis] =
                if forward { (cell[axis] + 1) as f32 } else { cell[axis] as f32 } * edge[axis];
            cell[axis] += if forward { 1 } else { -1 };
            if cell[axis] < 0 || cell[axis] >= params.cell_dims[axis] as i32 {
                return None;
            }
        }
        None
    }

    /// Majorant of mu (1/cm) in a cell whose word holds the largest density and the hardest material class.
    #[inline(always)]
    pub fn cell_majorant(&self, word: u32, energy: f32) -> f32 {
        let offset = self.plan.params.offsets.photon_majorant;
        let per_mass = majorant(&self.plan.tables, offset, voxel_material(word), energy);
        larger(per_mass * voxel_density(word), 1e-12)
    }

    /// Face of the grid that a ray from a position inside meets first. Where it starts counts, not where the flight ended: that may be light years
    /// away in a thin gas.
    pub fn exit_face(&self, from: &[f32; 3], direction: [f32; 3]) -> usize {
        let params = &self.plan.params;
        let mut nearest = f32::INFINITY;
        let mut left = 0;
        for k in 0..3 {
            let forward = direction[k] > 0.0;
            let extent = params.dims[k] as f32 * params.voxel_cm[k];
            let ahead = if forward { extent - from[k] } else { from[k] };
            let distance = larger(ahead, 0.0) / larger(direction[k].abs(), 1e-20);
            if distance < nearest {
                nearest = distance;
                left = face(k, forward);
            }
        }
        left
    }

    /// Voxel that holds a position (cm from the grid's corner), or None outside.
    #[inline(always)]
    fn voxel_at(&self, position: &[f32; 3]) -> Option<[i32; 3]> {
        let mut voxel = [0_i32; 3];
        for k in 0..3 {
            let index = position[k] * self.plan.params.inverse_voxel[k];
            if !(index >= 0.0 && index < self.plan.params.dims[k] as f32) {
                return None;
            }
            // Truncation is the floor of what is not negative.
            voxel[k] = index as i32;
        }
        Some(voxel)
    }

    /// Position relative to a voxel's centre, cm.
    #[inline(always)]
    pub fn relative(&self, voxel: [i32; 3], position: &[f32; 3]) -> [f32; 3] {
        let h = self.plan.params.voxel_cm;
        let mut local = [0.0_f32; 3];
        for k in 0..3 {
            let centre = (voxel[k] as f32 + 0.5) * h[k];
            local[k] = smaller(larger(position[k] - centre, -0.5 * h[k]), 0.5 * h[k]);
        }
        local
    }

    /// Energy given to an electron at a collision: transported (analog), or only booked, because the expected value was
    /// scored already (kerma).
    #[inline(always)]
    pub fn give_electron(
        &mut self,
        place: &Place,
        p: &Particle,
        energy: f32,
        direction: [f32; 3],
        stream: &mut Stream,
    ) {
        if self.plan.params.flags & FLAG_KERMA != 0 {
            self.ledger.imparted(energy);
            return;
        }
        let local = self.release_electron(place, p.origin, energy, direction, stream);
        if local > 0.0 {
            self.deposit(place, p.origin, local);
        }
    }

    /// Photoelectric absorption: photoelectron, and K fluorescence of the material's two strongest elements. Neglects
    /// L and higher shells' photons (their energy goes with the photoelectron). Two draws, six more with fluorescence or analog electron.
    fn photoelectric(&mut self, place: &Place, p: &Particle, stream: &mut Stream) {
        let o = self.plan.params.offsets;
        let [first, second] =
            fluorescence_probabilities(&self.plan.tables, o.photon, place.material, p.energy);
        let u = stream.rng.uniform();
        let line = if u < first {
            Some(0)
        } else if u < first + second {
            Some(1)
        } else {
            None
        };
        let mut electron = p.energy;
        if let Some(line) = line {
            let at = o.fluorescence as usize + (place.material * 2 + line) * 2;
            let (edge, photon) = (self.plan.tables[at], self.plan.tables[at + 1]);
            if p.energy > edge && photon > self.plan.params.photon_cutoff {
                electron = p.energy - edge;
                let direction = sample_isotropic(&mut stream.rng);
                self.push(place, PHOTON, p.origin, photon, direction, stream);
                let rest = (p.energy - electron) - photon;
                if self.plan.params.flags & FLAG_KERMA != 0 {
                    self.ledger.imparted(rest);
                } else {
                    self.deposit(place, p.origin, rest);
                }
            }
        }
        let mu = super::photoelectric::sample_angle(electron, &mut stream.rng);
        let direction = rotate(p.direction, mu, stream.rng.uniform());
        self.give_electron(place, p, electron, direction, stream);
    }

    /// Compton scattering on bound electrons: the angle from Klein-Nishina times the electrons that give way, the energies from free
    /// kinematics or, with the impulse approximation, from the momentum of the electron. The binding energy (local in any case) goes
    /// with the electron. Three draws, and those of `doppler.rs`.
    fn compton(&mut self, place: &Place, p: &mut Particle, stream: &mut Stream) {
        let o = self.plan.params.offsets;
        let mu = super::compton::sample_mu(
            &self.plan.tables,
            o.compton,
            place.material,
            p.energy,
            &mut stream.rng,
        );
        let turn = stream.rng.uniform();
        let (after, mu_electron) = if self.plan.params.flags & FLAG_IMPULSE != 0 {
            let shells = self.plan.params.compton_shells as usize;
            let (tables, material) = (&self.plan.tables, place.material);
            let after = super::doppler::sample_energy(
                tables,
                shells,
                material,
                p.energy,
                mu,
                &mut stream.rng,
            );
            (after, super::doppler::recoil_mu(p.energy, after, mu))
        } else {
            super::compton::kinematics(p.energy, mu)
        };
        let given = p.energy - after;
        let opposite = if turn < 0.5 { turn + 0.5 } else { turn - 0.5 };
        let recoil = rotate(p.direction, mu_electron, opposite);
        p.direction = rotate(p.direction, mu, turn);
        p.energy = after;
        self.give_electron(place, p, given, recoil, stream);
    }

    /// Coherent scattering: the direction changes, the energy does not. Three draws.
    fn rayleigh(&mut self, material: usize, p: &mut Particle, stream: &mut Stream) {
        let o = self.plan.params.offsets;
        let node = super::lookup::coarse_node(p.energy, stream.rng.uniform());
        let at = super::lookup::angular_at(o.rayleigh, material, node);
        let mu = super::lookup::sample_angular(&self.plan.tables, at, stream.rng.uniform());
        p.direction = rotate(p.direction, mu, stream.rng.uniform());
    }

    /// Pair production; triplets are treated as pairs (the recoil electron of a triplet gets no energy). Six draws.
    fn pair(&mut self, place: &Place, p: &Particle, stream: &mut Stream) {
        let available = p.energy - 2.0 * REST;
        if available <= 0.0 {
            self.deposit(place, p.origin, p.energy);
            return;
        }
        let split = super::pair::sample_split(&mut stream.rng);
        let electron = available * split;
        let positron = available - electron;
        let d_electron = super::pair::sample_direction(p.direction, electron, &mut stream.rng);
        let d_positron = super::pair::sample_direction(p.direction, positron, &mut stream.rng);
        self.give_electron(place, p, electron, d_electron, stream);
        if self.plan.params.flags & FLAG_KERMA != 0 {
            self.ledger.imparted(positron);
            self.annihilate(place, p.origin, stream);
        } else {
            self.push(place, super::particle::POSITRON, p.origin, positron, d_positron, stream);
        }
    }

    /// Two 511 keV photons back to back. Annihilation in flight is neglected. Two draws.
    pub fn annihilate(&mut self, place: &Place, origin: u32, stream: &mut Stream) {
        let direction = sample_isotropic(&mut stream.rng);
        let origin = crate::transport::tally::annihilation_origin(origin);
        self.push(place, PHOTON, origin, REST, direction, stream);
        self.push(place, PHOTON, origin, REST, direction.map(|d| -d), stream);
    }
}
