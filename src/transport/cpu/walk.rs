//! What the process files share while one history runs: the plan, the scorer, the ledger and the stack.

use super::math::smaller;
use super::particle::{ALPHA, ELECTRON, PHOTON, POSITRON, Particle, Stack, Stream};
use super::score::Scorer;
use crate::constants::ELECTRON_MASS_MEV;
use crate::transport::ledger::Ledger;
use crate::transport::plan::Plan;

/// Electron rest energy, MeV.
pub const REST: f32 = ELECTRON_MASS_MEV as f32;

/// One history in progress.
pub struct Walk<'a, S> {
    /// Tables and geometry.
    pub plan: &'a Plan,
    /// Where energy goes.
    pub scorer: &'a mut S,
    /// Energy and event counts.
    pub ledger: &'a mut Ledger,
    /// Particles that wait.
    pub stack: &'a mut Stack,
}

/// A point in the grid with what the voxel holds.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Voxel index.
    pub voxel: [i32; 3],
    /// Position relative to the voxel's centre, cm.
    pub local: [f32; 3],
    /// Linear voxel index.
    pub linear: usize,
    /// Density, g/cm3.
    pub density: f32,
    /// Material.
    pub material: usize,
    /// 1 where steps are short, else 0.
    pub short: u32,
}

impl<S: Scorer> Walk<'_, S> {
    /// Runs the waiting particles to the end.
    pub fn drain(&mut self) {
        while let Some(particle) = self.stack.pop() {
            self.scorer.trace("start", &particle, 0.0);
            match particle.kind {
                PHOTON => self.transport_photon(particle),
                ELECTRON | POSITRON => self.transport_lepton(particle),
                _ => self.transport_alpha(particle),
            }
        }
    }

    /// Looks up the voxel of a particle.
    #[inline(always)]
    pub fn place(&self, voxel: [i32; 3], local: [f32; 3]) -> Place {
        let linear = self.plan.linear(voxel);
        let word = self.plan.voxels[linear];
        Place {
            voxel,
            local,
            linear,
            density: crate::transport::layout::voxel_density(word),
            material: crate::transport::layout::voxel_material(word),
            short: crate::transport::layout::voxel_short(word),
        }
    }

    /// Tells a tracing scorer what happened to a particle at a point; nothing for the others.
    #[inline(always)]
    pub fn tell(&mut self, event: &'static str, place: &Place, particle: &Particle, value: f32) {
        let seen = Particle { voxel: place.voxel, local: place.local, ..*particle };
        self.scorer.trace(event, &seen, value);
    }

    /// Tells a tracing scorer that an electron or positron ends here; its direction no longer matters and is not known.
    #[inline(always)]
    pub fn tell_settled(
        &mut self,
        place: &Place,
        kind: u32,
        origin: u32,
        energy: f32,
        state: [u32; 4],
    ) {
        let direction = [0.0; 3];
        let (voxel, local) = (place.voxel, place.local);
        let seen = Particle { kind, origin, energy, voxel, local, direction, state };
        self.scorer.trace("settle", &seen, energy);
    }

    /// Deposits energy at a point and books it as imparted.
    #[inline(always)]
    pub fn deposit(&mut self, place: &Place, origin: u32, energy: f32) {
        self.deposit_in_voxel(place, origin, energy);
        self.fine_point(place.voxel, place.local, origin, energy);
    }

    /// [`Self::deposit`] of what its parts have had already.
    #[inline(always)]
    pub fn deposit_in_voxel(&mut self, place: &Place, origin: u32, energy: f32) {
        self.ledger.imparted(energy);
        self.scorer.deposit(self.plan, place.linear, place.local, origin, energy);
    }

    /// Pushes a secondary; if the stack is full its energy is deposited here and booked as cut.
    #[inline]
    pub fn push(
        &mut self,
        place: &Place,
        kind: u32,
        origin: u32,
        energy: f32,
        direction: [f32; 3],
        stream: &mut Stream,
    ) {
        let state = stream.next_child();
        let kept = self.stack.push(Particle {
            kind,
            origin,
            energy,
            voxel: place.voxel,
            local: place.local,
            direction,
            state,
        });
        if !kept {
            let rest = if kind == POSITRON { 2.0 * REST } else { 0.0 };
            self.ledger.stack_overflows += 1;
            self.ledger.cut(energy + rest);
            self.scorer.deposit(self.plan, place.linear, place.local, origin, energy + rest);
            self.fine_point(place.voxel, place.local, origin, energy + rest);
        }
    }

    /// Distance from a point to what bounds its scoring cell, cm: a residual range below it stays inside.
    #[inline(always)]
    pub fn clearance(&self, place: &Place) -> f32 {
        if S::RADIAL {
            return self.plan.shell_clearance(place.local);
        }
        if self.plan.params.fine_parts > 0
            && let Some(clearance) = self.plan.fine_clearance(place.voxel, place.local)
        {
            return clearance;
        }
        let h = self.plan.params.voxel_cm;
        let x = 0.5 * h[0] - place.local[0].abs();
        let y = 0.5 * h[1] - place.local[1].abs();
        let z = 0.5 * h[2] - place.local[2].abs();
        smaller(smaller(x, y), z)
    }

    /// Index of the lepton tables of a material.
    #[inline(always)]
    pub fn lepton_set(&self, kind: u32, material: usize) -> usize {
        if kind == POSITRON { self.plan.params.materials as usize + material } else { material }
    }

    /// Index of the tables of rates of a lepton at a place: those of short steps have thresholds of their own.
    #[inline(always)]
    pub fn rate_set(&self, kind: u32, place: &Place) -> usize {
        self.lepton_set(kind, place.material) + (place.short * self.plan.params.short_sets) as usize
    }

    /// Books a particle that leaves the grid through a face.
    #[inline(always)]
    pub fn escape(&mut self, kind: u32, energy: f32, face: usize) {
        let rest = if kind == POSITRON { 2.0 * REST } else { 0.0 };
        debug_assert!(kind <= ALPHA);
        self.ledger.escaped(face, kind, energy + rest);
    }
}
