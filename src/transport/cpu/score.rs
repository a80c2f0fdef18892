//! Where energy goes: voxels (fixed-point atomics or plain words) or spherical shells.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use super::particle::Particle;
use crate::transport::batch_words::TimeWords;
use crate::transport::plan::Plan;
use crate::transport::times::MAX_TIME_POINTS;

/// Receives energy.
pub trait Scorer {
    /// Scores by distance from the voxel's centre (uniform medium, point source), not by voxel.
    const RADIAL: bool = false;
    /// Also scores in parts of voxels, whose cells lie behind those of the voxels.
    const FINE: bool = false;
    /// Told from which source voxel (its number among them) the next history comes.
    #[inline(always)]
    fn begin(&mut self, _plan: &Plan, _source: usize) {}
    /// Books `energy` (MeV) of a source emission type `origin` at a point.
    fn deposit(&mut self, plan: &Plan, linear: usize, local: [f32; 3], origin: u32, energy: f32);
    /// The same in a shell that is known, as of a place in it.
    #[inline(always)]
    fn deposit_in_shell(
        &mut self,
        plan: &Plan,
        _shell: usize,
        local: [f32; 3],
        origin: u32,
        energy: f32,
    ) {
        self.deposit(plan, 0, local, origin, energy);
    }
    /// Told what happens to a particle; `value` is the energy (MeV) the event gave away. Only `trace` listens.
    #[inline(always)]
    fn trace(&mut self, _event: &'static str, _particle: &Particle, _value: f32) {}
}

use crate::transport::ledger::to_units;

/// Cells that are marked together when one of them gets energy.
pub const TOUCHED_BLOCK: usize = 64;

/// Words of a batch that energy is added to.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// One slice per origin; those that the source has not share another's ([`crate::transport::score::Origins`]).
    pub origins: [&'a [AtomicU64]; 3],
    /// What is touched: see [`Touched`].
    pub touched: Touched<'a>,
}

/// Marks of the blocks of [`TOUCHED_BLOCK`] cells that got energy, so that the others need not be looked at; empty where that is not kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Touched<'a>(pub &'a [AtomicU8]);

impl Touched<'_> {
    /// Marks the block of a cell. What is marked is only read again: threads do not take it from each other.
    #[inline(always)]
    fn mark(self, cell: usize) {
        if let Some(block) = self.0.get(cell / TOUCHED_BLOCK)
            && block.load(Relaxed) == 0
        {
            block.store(1, Relaxed);
        }
    }
}

/// One thread alone: no locked instruction.
pub struct Alone<'a>(pub Words<'a>);

/// Several threads on the same words.
pub struct Shared<'a>(pub Words<'a>);

impl Scorer for Alone<'_> {
    #[inline(always)]
    fn deposit(&mut self, _plan: &Plan, linear: usize, _local: [f32; 3], origin: u32, energy: f32) {
        let word = &self.0.origins[origin as usize][linear];
        word.store(word.load(Relaxed).wrapping_add(to_units(energy)), Relaxed);
        self.0.touched.mark(linear);
    }
}

impl Scorer for Shared<'_> {
    #[inline(always)]
    fn deposit(&mut self, _plan: &Plan, linear: usize, _local: [f32; 3], origin: u32, energy: f32) {
        self.0.origins[origin as usize][linear].fetch_add(to_units(energy), Relaxed);
        self.0.touched.mark(linear);
    }
}

/// Scores also in the parts of voxels.
pub struct Fine<S>(pub S);

impl<S: Scorer> Scorer for Fine<S> {
    const FINE: bool = true;

    #[inline(always)]
    fn deposit(&mut self, plan: &Plan, cell: usize, local: [f32; 3], origin: u32, energy: f32) {
        self.0.deposit(plan, cell, local, origin, energy);
    }
}

/// Several time points: every deposit goes, times the history's weight at each, into words that lie side by side. With `ALONE`, one
/// thread on words of its own.
pub struct Weighted<'a, const ALONE: bool> {
    words: &'a [AtomicU64],
    touched: Touched<'a>,
    times: usize,
    weights: [f32; MAX_TIME_POINTS],
}

impl<'a, const ALONE: bool> Weighted<'a, ALONE> {
    /// Scores into a copy of the words.
    pub fn new(words: &'a TimeWords) -> Self {
        Weighted {
            words: &words.words,
            touched: words.touched(),
            times: words.times,
            weights: [0.0; MAX_TIME_POINTS],
        }
    }
}

impl<const ALONE: bool> Scorer for Weighted<'_, ALONE> {
    #[inline(always)]
    fn begin(&mut self, plan: &Plan, source: usize) {
        let weights = &plan.source_weights[source * self.times..][..self.times];
        self.weights[..self.times].copy_from_slice(weights);
    }

    #[inline(always)]
    fn deposit(&mut self, _: &Plan, linear: usize, _: [f32; 3], _origin: u32, energy: f32) {
        let cell = &self.words[linear * self.times..][..self.times];
        for (word, &weight) in cell.iter().zip(&self.weights) {
            let units = to_units(energy * weight);
            if ALONE {
                word.store(word.load(Relaxed).wrapping_add(units), Relaxed);
            } else if units > 0 {
                word.fetch_add(units, Relaxed);
            }
        }
        self.touched.mark(linear);
    }
}

/// Spherical shells round the centre of a one-voxel grid.
pub struct Shells<'a>(pub Words<'a>);

impl Scorer for Shells<'_> {
    const RADIAL: bool = true;

    #[inline(always)]
    fn deposit(&mut self, plan: &Plan, _linear: usize, local: [f32; 3], origin: u32, energy: f32) {
        self.deposit_in_shell(plan, plan.shell_of(local), local, origin, energy);
    }

    #[inline(always)]
    fn deposit_in_shell(
        &mut self,
        _plan: &Plan,
        shell: usize,
        _local: [f32; 3],
        origin: u32,
        energy: f32,
    ) {
        self.0.origins[origin as usize][shell].fetch_add(to_units(energy), Relaxed);
        self.0.touched.mark(shell);
    }
}
