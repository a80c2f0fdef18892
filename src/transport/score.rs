//! What a run scores: the cells of its tally and what each of them keeps. The plan says it ([`super::plan::Plan::score`]); the words of a batch, the
//! sums over batches, the buffers of a device and the constants of its shaders are made from it.

use std::fmt;

use super::tally::{ORIGINS, Origin};

/// The cells of a tally and their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Voxels with the parts of those that are scored finer, or shells with what is beyond them.
    pub cells: usize,
    /// What each of them keeps.
    pub channels: Channels,
}

/// The words of a cell: what its energy is told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// The source emission that it stems from: a word for each origin in use, and one square of all of them together.
    Origins(Origins),
    /// The time point: for each of so many a word, all origins together with the history's weight at that time, and a square.
    Times(usize),
}

/// The origins that have a word in each cell, by number. Every origin has a word that exists, whatever is asked: one that is not in
/// use counts to the first that is, so that no energy can go to another cell or be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origins(pub [bool; ORIGINS]);

impl Score {
    /// Energy by the origins in use.
    pub fn by_origin(cells: usize, used: [bool; ORIGINS]) -> Self {
        Score { cells, channels: Channels::Origins(Origins(used)) }
    }

    /// Weighted energy at so many time points, at least one.
    pub fn by_time(cells: usize, times: usize) -> Self {
        Score { cells, channels: Channels::Times(times) }
    }

    /// Words of all cells.
    pub fn words(&self) -> usize {
        self.cells * self.channels.words()
    }
}

impl Channels {
    /// Words of a cell, at least one.
    pub fn words(self) -> usize {
        match self {
            Channels::Origins(origins) => origins.count(),
            Channels::Times(times) => times,
        }
    }

    /// Groups of the words, each with a square in every cell and an energy of every region: one of all origins, or one for each time point.
    pub fn groups(self) -> usize {
        match self {
            Channels::Origins(_) => 1,
            Channels::Times(times) => times,
        }
    }
}

impl Origins {
    /// Words of a cell, at least one.
    pub fn count(self) -> usize {
        self.0.iter().filter(|used| **used).count().max(1)
    }

    /// The word of each origin, below [`Self::count`].
    pub fn words(self) -> [usize; ORIGINS] {
        let mut next = 0;
        self.0.map(|used| {
            if !used {
                return 0;
            }
            next += 1;
            next - 1
        })
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.channels {
            Channels::Origins(Origins(used)) => {
                let used = Origin::ALL.into_iter().filter(|o| used[*o as usize]);
                let names: Vec<String> = used.map(|o| format!("{o:?}").to_lowercase()).collect();
                write!(f, "{} cells by origin ({})", self.cells, names.join(", "))
            }
            Channels::Times(times) => write!(f, "{} cells at {times} time points", self.cells),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_has_a_word_that_exists() {
        for bits in 0..8_u32 {
            let used = std::array::from_fn(|o| bits >> o & 1 == 1);
            let origins = Origins(used);
            assert_eq!(origins.count(), used.iter().filter(|u| **u).count().max(1));
            let words = origins.words();
            assert!(words.iter().all(|c| *c < origins.count()), "{used:?}");
            let own: Vec<usize> = (0..ORIGINS).filter(|o| used[*o]).map(|o| words[o]).collect();
            assert_eq!(own, (0..own.len()).collect::<Vec<_>>(), "one word each");
        }
    }

    #[test]
    fn words_and_groups_are_those_of_what_is_scored() {
        let origins = Score::by_origin(10, [true, false, true]);
        assert_eq!((origins.words(), origins.channels.groups()), (20, 1));
        assert_eq!(origins.to_string(), "10 cells by origin (electron, alpha)");
        let times = Score::by_time(10, 4);
        assert_eq!((times.words(), times.channels.groups()), (40, 4));
        assert_eq!(times.to_string(), "10 cells at 4 time points");
    }
}
