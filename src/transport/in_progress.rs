//! A batch that is not finished yet, and what a run starts from: enough to go on to the bits of a run that was never stopped. Sums are
//! integers and a history's numbers belong to it, so that it does not matter when, in which order and by how many threads they are run.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::batch_words::{BatchWords, SLOTS};
use super::ledger::Ledger;
use super::run::CHUNK;
use super::tally::Tally;

/// What is finished of a batch.
#[derive(Debug)]
pub struct InProgress {
    /// Number of the batch in the whole run.
    pub batch: u32,
    /// Chunks of [`CHUNK`] histories that are finished, as ranges `first .. end`, ascending and apart from each other.
    pub done: Vec<[u64; 2]>,
    /// Their books.
    pub ledger: Ledger,
    /// Their energy, in one or several copies that are to be added up.
    pub words: BatchWords,
}

impl InProgress {
    /// A batch of which nothing is done. `words` are zero.
    pub fn new(batch: u32, words: BatchWords) -> Self {
        InProgress { batch, done: Vec::new(), ledger: Ledger::default(), words }
    }

    /// Chunks of a batch of `histories` histories that are left, ascending.
    pub fn left(&self, histories: u64) -> Vec<u64> {
        let mut left = Vec::new();
        let mut next = 0;
        for [first, end] in &self.done {
            left.extend(next..*first);
            next = *end;
        }
        left.extend(next..histories.div_ceil(CHUNK));
        left
    }

    /// Enters finished chunks, each once.
    pub fn enter(&mut self, chunks: impl IntoIterator<Item = u64>) {
        let mut all: Vec<[u64; 2]> = chunks.into_iter().map(|c| [c, c + 1]).collect();
        all.append(&mut self.done);
        all.sort_unstable();
        for [first, end] in all {
            match self.done.last_mut() {
                Some(last) if last[1] == first => last[1] = end,
                _ => self.done.push([first, end]),
            }
        }
    }

    /// Histories of the finished chunks in a batch of `histories`.
    pub fn histories(&self, histories: u64) -> u64 {
        let at = |chunk: u64| chunk.saturating_mul(CHUNK).min(histories);
        self.done.iter().map(|[first, end]| at(*end) - at(*first)).sum()
    }

    /// The energy of the finished chunks in the places that a checkpoint has for it: of each origin, then `[cell][time point]`; nothing where that is
    /// not scored. The copies are added up.
    pub fn sums(&self) -> Vec<impl ExactSizeIterator<Item = u64> + '_> {
        let copies = self.words.slots();
        let of = |slot: usize| {
            let words: Vec<_> = copies.iter().filter_map(|copy| copy[slot]).collect();
            let cells = words.first().map_or(0, |w| w.len());
            (0..cells).map(move |v| words.iter().map(|w| w[v].load(Relaxed)).sum())
        };
        (0..SLOTS).map(of).collect()
    }

    /// Puts sums that were read back into the first copy. False if they are of another shape.
    pub fn restore(&self, sums: &[Vec<u64>]) -> bool {
        let copies = self.words.slots();
        let Some(first) = copies.first() else { return false };
        let cells = |slot: &Option<&[AtomicU64]>| slot.map_or(0, <[AtomicU64]>::len);
        if sums.len() != SLOTS || first.iter().zip(sums).any(|(slot, s)| cells(slot) != s.len()) {
            return false;
        }
        for (words, sums) in
            first.iter().zip(sums).filter_map(|(slot, s)| Some((slot.as_ref()?, s)))
        {
            words.iter().zip(sums).for_each(|(word, sum)| word.store(*sum, Relaxed));
        }
        self.words.touch_all();
        true
    }
}

/// A part of a batch as it was kept: see [`InProgress`].
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Number of the batch.
    pub batch: u32,
    /// Finished chunks.
    pub done: Vec<[u64; 2]>,
    /// Their books.
    pub ledger: Ledger,
    /// Their energy: see [`InProgress::sums`].
    pub sums: Vec<Vec<u64>>,
}

/// What a run starts from: finished batches, and a part of one more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// The sums of finished batches.
    pub tally: Option<Tally>,
    /// What is finished of one more.
    pub kept: Option<Kept>,
}

impl Start {
    /// Whether it is the beginning.
    pub fn is_empty(&self) -> bool {
        self.tally.as_ref().is_none_or(|t| t.batches() == 0) && self.kept.is_none()
    }

    /// Batches that are finished.
    pub fn batches(&self) -> usize {
        self.tally.as_ref().map_or(0, Tally::batches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::score::Score;

    #[test]
    fn chunks_are_left_or_done_never_both() {
        let words = BatchWords::new(Score::by_origin(3, [true, false, true]), 1);
        let mut part = InProgress::new(4, words);
        let histories = 10 * CHUNK - 1;
        assert_eq!(part.left(histories), (0..10).collect::<Vec<u64>>());
        part.enter([7, 2, 3]);
        part.enter([1, 9]);
        assert_eq!(part.done, [[1, 4], [7, 8], [9, 10]]);
        assert_eq!(part.left(histories), [0, 4, 5, 6, 8]);
        assert_eq!(part.histories(histories), 5 * CHUNK - 1);
        part.enter([0, 4, 5, 6, 8]);
        assert!(part.left(histories).is_empty());
        assert_eq!(part.histories(histories), histories);
    }

    #[test]
    fn sums_come_back_into_one_copy() {
        let copies = || BatchWords::new(Score::by_origin(3, [true, false, true]), 2);
        let part = InProgress::new(0, copies());
        for (n, copy) in part.words.slots().iter().enumerate() {
            copy[2].expect("alphas")[1].store(5 + n as u64, Relaxed);
        }
        let sums: Vec<Vec<u64>> = part.sums().into_iter().map(Iterator::collect).collect();
        assert_eq!(sums, [vec![0; 3], vec![], vec![0, 11, 0], vec![]]);
        let again = InProgress::new(0, copies());
        assert!(again.restore(&sums));
        assert_eq!(again.words.slots()[0][2].expect("alphas")[1].load(Relaxed), 11);
        assert!(!again.restore(&sums[..2]));
        let timed = BatchWords::new(Score::by_time(3, 2), 1);
        assert!(!InProgress::new(0, timed).restore(&sums));
    }
}
