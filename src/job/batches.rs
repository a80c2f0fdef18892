//! How many batches a run has where the user does not say. Neglects how fast the engine is: a job is cut alike everywhere.

/// Batches at least: the standard errors are then known to 10 %, 1/sqrt(2 (n - 1)).
pub const DEFAULT_BATCHES: u32 = 50;
/// Histories of a batch, at most: the ten batches from which an error is trusted are finished within a minute or two on a few cores, so that a
/// long run that is interrupted has them, and a GPU keeps what is finished batch by batch.
const MOST_PER_BATCH: u64 = 1 << 21;
/// From so many batches on they become longer instead: each costs a pass over all voxels, and its VOIs are kept one by one.
const MOST_BATCHES: u64 = 10_000;
/// Then a GPU still takes seconds for one.
const LONGEST: u64 = 1 << 27;

/// Batches of so many histories.
pub fn default_batches(histories: u64) -> u32 {
    let short = histories.div_ceil(MOST_PER_BATCH).min(MOST_BATCHES);
    let batches = short.max(histories.div_ceil(LONGEST)).max(DEFAULT_BATCHES.into());
    u32::try_from(batches.min(histories)).unwrap_or(u32::MAX)
}

/// Batches of so many histories where a number may be stated: no more than histories.
pub fn batches_of(histories: u64, stated: Option<u32>) -> u32 {
    let batches = stated.unwrap_or_else(|| default_batches(histories));
    u32::try_from(histories).map_or(batches, |h| batches.min(h))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A default run has 50; an interrupted one of any length has ten after 21 million histories, up to 2e10.
    #[test]
    fn ten_batches_are_soon_there() {
        for (histories, batches) in [(20, 20), (2000, 50), (10_000_000, 50), (104_857_600, 50)] {
            assert_eq!(default_batches(histories), batches);
        }
        for histories in [200_000_000_u64, 1_000_000_000, 20_000_000_000] {
            let batches = u64::from(default_batches(histories));
            assert!(10 * histories.div_ceil(batches) <= 21_000_000, "{histories}: {batches}");
        }
        assert_eq!(default_batches(100_000_000_000), 10_000);
        assert!(100_000_000_000_000 / u64::from(default_batches(100_000_000_000_000)) <= LONGEST);
    }
}
