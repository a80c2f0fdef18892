//! What is in flight: a particle's state, and the bounded stack of one history's particles.

use super::rng::{Rng, child_state};
pub use crate::transport::layout::{ALPHA, ELECTRON, PHOTON, POSITRON};

/// Most particles of one history that wait at once. A shower of a few MeV in tissue needs about ten.
pub const STACK_SIZE: usize = 64;

/// A particle at a point. Positions are relative to the centre of the voxel, so that a track loses no precision far
/// from the grid's corner and a boundary is met exactly.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Particle {
    /// `PHOTON`, `ELECTRON`, `POSITRON` or `ALPHA`.
    pub kind: u32,
    /// Which tally it scores to: see [`crate::transport::tally::Origin`].
    pub origin: u32,
    /// Kinetic energy, MeV.
    pub energy: f32,
    /// Voxel index.
    pub voxel: [i32; 3],
    /// Position relative to the voxel's centre, cm.
    pub local: [f32; 3],
    /// Unit direction.
    pub direction: [f32; 3],
    /// Birth state of its random stream.
    pub state: [u32; 4],
}

/// A running stream that also numbers the children of its particle.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The particle's own numbers.
    pub rng: Rng,
    seed: [u32; 2],
    birth: [u32; 4],
    children: u32,
}

impl Stream {
    /// Starts the stream of a particle born with `birth`.
    #[inline(always)]
    pub fn new(seed: [u32; 2], birth: [u32; 4]) -> Self {
        Stream { rng: Rng::new(birth), seed, birth, children: 0 }
    }

    /// Birth state of the particle itself.
    #[inline(always)]
    pub fn birth(&self) -> [u32; 4] {
        self.birth
    }

    /// Birth state of the next child.
    #[inline(always)]
    pub fn next_child(&mut self) -> [u32; 4] {
        self.children += 1;
        child_state(self.seed, self.birth, self.children)
    }
}

/// Last in, first out; a push on a full stack is refused and the caller accounts for the energy.
#[derive(Debug)]
pub struct Stack {
    items: [Particle; STACK_SIZE],
    len: usize,
    /// Where the last history found its source voxel: only a short cut.
    pub source_hint: usize,
}

impl Default for Stack {
    fn default() -> Self {
        let empty = Particle {
            kind: PHOTON,
            origin: 0,
            energy: 0.0,
            voxel: [0; 3],
            local: [0.0; 3],
            direction: [0.0, 0.0, 1.0],
            state: [0; 4],
        };
        Stack { items: [empty; STACK_SIZE], len: 0, source_hint: 0 }
    }
}

impl Stack {
    /// Pushes unless full; says whether it was kept.
    #[inline]
    #[must_use]
    pub fn push(&mut self, particle: Particle) -> bool {
        let room = self.len < STACK_SIZE;
        if room {
            self.items[self.len] = particle;
            self.len += 1;
        }
        room
    }

    /// Takes the particle pushed last.
    #[inline]
    pub fn pop(&mut self) -> Option<Particle> {
        self.len = self.len.checked_sub(1)?;
        Some(self.items[self.len])
    }
}
