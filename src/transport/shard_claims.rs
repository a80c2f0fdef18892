//! What the header of a shard says about the sizes that follow it, checked before any of them is believed.

use std::io;

use super::escapes::ESCAPE_NUMBERS;
use super::times::MAX_TIME_POINTS;
use crate::machine;

/// Deflate packs no further (zlib's technical details, "maximum compression factor").
const MAX_EXPANSION: u64 = 1032;

/// Numbers of a header.
pub(super) struct Claims<'a> {
    pub payload: usize,
    pub voxels: usize,
    /// How many origins have sums.
    pub origins: usize,
    pub times: usize,
    pub histories_per_batch: u64,
    pub batches: &'a [u32],
    pub regions: usize,
    /// Histories of the ledger.
    pub histories: u64,
}

impl Claims<'_> {
    /// Refuses numbers that contradict each other or that `stored` bytes cannot hold.
    ///
    /// # Errors
    /// With what is wrong, of the kind `InvalidData`.
    pub fn check(&self, stored: u64) -> io::Result<()> {
        let bad = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        if self.times > MAX_TIME_POINTS {
            return bad(format!("its header has {} time points", self.times));
        }
        if self.times == 0 && self.origins == 0 {
            return bad("its header names no sum".into());
        }
        if self.times > 0 && self.origins > 0 {
            return bad("its header names sums of origins and of time points".into());
        }
        if !self.batches.is_sorted_by(|a, b| a < b) {
            return bad("its header names batches twice or not in their order".into());
        }
        let histories = self.histories_per_batch.checked_mul(self.batches.len() as u64);
        if self.histories_per_batch == 0 || histories != Some(self.histories) {
            return bad(format!(
                "its header counts {} histories in {} batches of {}",
                self.histories,
                self.batches.len(),
                self.histories_per_batch
            ));
        }
        match self.bytes() {
            Some(bytes) if bytes <= stored.saturating_mul(MAX_EXPANSION) => {
                // What is read is held, and grows by doubling.
                machine::make_room(bytes.saturating_mul(2), None, "the sums of the shard")
                    .map_err(|e| io::Error::other(e.to_string()))
            }
            _ => bad("its header promises more than the file can hold".into()),
        }
    }

    /// Bytes behind the header, inflated; none beyond all numbers.
    fn bytes(&self) -> Option<u64> {
        let voxels = u64::try_from(self.voxels).ok()?;
        let regions = u64::try_from(self.regions).ok()?;
        // A sum has 8 bytes and its squares 16.
        let per_voxel = match self.times {
            0 => 8 * self.origins as u64 + 16,
            times => 24 * times as u64,
        };
        let of_batch = regions.checked_add(ESCAPE_NUMBERS as u64)?.checked_mul(8)?;
        let of_regions = of_batch.checked_mul(self.batches.len() as u64)?;
        (self.payload as u64).checked_add(voxels.checked_mul(per_voxel)?)?.checked_add(of_regions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(batches: &[u32]) -> Claims<'_> {
        Claims {
            payload: 500,
            voxels: 100,
            origins: 2,
            times: 0,
            histories_per_batch: 10,
            batches,
            regions: 3,
            histories: 20,
        }
    }

    #[test]
    fn numbers_that_contradict_each_other_are_refused() {
        let stored = 100;
        assert_eq!(
            claims(&[0, 2]).bytes(),
            Some(500 + 100 * 32 + 2 * (3 + ESCAPE_NUMBERS as u64) * 8)
        );
        assert!(claims(&[0, 2]).check(stored).is_ok());
        let refused = |c: Claims| assert!(c.check(stored).is_err());
        refused(claims(&[2, 2]));
        refused(claims(&[2, 1]));
        refused(claims(&[0, 1, 2]));
        refused(Claims { voxels: usize::MAX, ..claims(&[0, 2]) });
        refused(Claims { voxels: 10_000, ..claims(&[0, 2]) });
        refused(Claims { payload: usize::MAX, ..claims(&[0, 2]) });
        refused(Claims { regions: usize::MAX, ..claims(&[0, 2]) });
        refused(Claims { origins: 0, ..claims(&[0, 2]) });
        refused(Claims { times: 3, ..claims(&[0, 2]) });
        refused(Claims { histories_per_batch: 0, histories: 0, ..claims(&[0, 2]) });
        refused(Claims { histories_per_batch: u64::MAX, ..claims(&[0, 2]) });
    }
}
