//! The words that a batch scores into, of the kind and size that [`Score`] says, in as many copies as threads have their own.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use super::cpu::score::{TOUCHED_BLOCK, Touched, Words};
use super::score::{Channels, Origins, Score};
use super::tally::ORIGINS;

/// The words one batch scores into.
#[derive(Debug)]
pub struct BatchWords {
    score: Score,
    copies: Copies,
}

/// Copies of the words, at least one, all of one kind. The energy of a batch is their sum.
#[derive(Debug)]
pub enum Copies {
    /// A word for each origin in use.
    ByOrigin(Vec<OriginWords>),
    /// A word for each time point.
    ByTime(Vec<TimeWords>),
}

/// One copy by origin.
#[derive(Debug)]
pub struct OriginWords {
    /// A word of each cell; none of an origin that the source lacks.
    pub words: [Option<Vec<AtomicU64>>; ORIGINS],
    marks: Marks,
}

/// One copy by time point.
#[derive(Debug)]
pub struct TimeWords {
    /// `[cell][time point]`.
    pub words: Vec<AtomicU64>,
    /// Number of time points.
    pub times: usize,
    marks: Marks,
}

/// Places of a batch's sums in a checkpoint: one for each origin, and one of the time points.
pub const SLOTS: usize = ORIGINS + 1;

/// Whether a cell of each block of [`TOUCHED_BLOCK`] got energy; none where that is not kept, and every block may have.
#[derive(Debug, Default)]
pub(super) struct Marks(Option<Vec<AtomicU8>>);

impl Marks {
    fn slice(&self) -> Touched<'_> {
        Touched(self.0.as_deref().unwrap_or_default())
    }

    /// Whether a block may hold energy. Its mark is cleared, as its words then are.
    fn take(&self, block: usize) -> bool {
        let Some(mark) = self.0.as_ref().and_then(|marks| marks.get(block)) else { return true };
        let touched = mark.load(Relaxed) != 0;
        if touched {
            mark.store(0, Relaxed);
        }
        touched
    }

    /// [`Self::take`] of the same block in every copy, so that no mark is left.
    pub(super) fn take_any<'a>(copies: impl Iterator<Item = &'a Marks>, block: usize) -> bool {
        let mut any = false;
        for marks in copies {
            any |= marks.take(block);
        }
        any
    }
}

/// Zeros that take no memory until they are written to.
fn zeroed(n: usize) -> Vec<AtomicU64> {
    bytemuck::zeroed_vec(n)
}

impl BatchWords {
    /// Zeroed words in so many copies (at least one).
    pub fn new(score: Score, copies: usize) -> Self {
        let copies = 0..copies.max(1);
        let copies = match score.channels {
            Channels::Origins(Origins(used)) => {
                let one = |_| OriginWords {
                    words: used.map(|used| used.then(|| zeroed(score.cells))),
                    marks: Marks::default(),
                };
                Copies::ByOrigin(copies.map(one).collect())
            }
            Channels::Times(times) => {
                let one = |_| TimeWords {
                    words: zeroed(score.cells * times),
                    times,
                    marks: Marks::default(),
                };
                Copies::ByTime(copies.map(one).collect())
            }
        };
        BatchWords { score, copies }
    }

    /// The same, zero words, with marks of what gets energy: who writes to them then marks it ([`Touched`]).
    pub fn keeping_touched(mut self) -> Self {
        let blocks = self.score.cells.div_ceil(TOUCHED_BLOCK);
        let kept = || Marks(Some(bytemuck::zeroed_vec(blocks)));
        match &mut self.copies {
            Copies::ByOrigin(copies) => copies.iter_mut().for_each(|c| c.marks = kept()),
            Copies::ByTime(copies) => copies.iter_mut().for_each(|c| c.marks = kept()),
        }
        self
    }

    /// What they are words of.
    pub fn score(&self) -> Score {
        self.score
    }

    /// The copies.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Marks everything, after the words were written to.
    pub fn touch_all(&self) {
        let touch = |marks: &Marks| {
            marks.0.iter().flatten().for_each(|block| block.store(1, Relaxed));
        };
        match &self.copies {
            Copies::ByOrigin(copies) => copies.iter().for_each(|c| touch(&c.marks)),
            Copies::ByTime(copies) => copies.iter().for_each(|c| touch(&c.marks)),
        }
    }

    /// The words of each copy in the places that a checkpoint has for them; none where they are not scored.
    pub fn slots(&self) -> Vec<[Option<&[AtomicU64]>; SLOTS]> {
        match &self.copies {
            Copies::ByOrigin(copies) => copies.iter().map(OriginWords::slots).collect(),
            Copies::ByTime(copies) => {
                copies.iter().map(|copy| [None, None, None, Some(&copy.words[..])]).collect()
            }
        }
    }
}

impl OriginWords {
    fn slots(&self) -> [Option<&[AtomicU64]>; SLOTS] {
        let [electron, photon, alpha] = self.words.each_ref().map(Option::as_deref);
        [electron, photon, alpha, None]
    }

    /// What scorers borrow, a slice for every origin: those without words of their own share another's ([`Origins`]).
    pub fn slices(&self) -> Words<'_> {
        let own: Vec<&[AtomicU64]> = self.words.iter().flatten().map(Vec::as_slice).collect();
        let words = Origins(self.words.each_ref().map(Option::is_some)).words();
        let origins = words.map(|w| own.get(w).copied().unwrap_or_default());
        Words { origins, touched: self.touched() }
    }

    /// The marks.
    pub fn touched(&self) -> Touched<'_> {
        self.marks.slice()
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }
}

impl TimeWords {
    /// The marks.
    pub fn touched(&self) -> Touched<'_> {
        self.marks.slice()
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }
}
