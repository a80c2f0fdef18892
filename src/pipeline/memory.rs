//! How much memory a run takes, told before it starts.

use crate::error::{Error, Result};
use crate::machine;
pub use crate::machine::{default_limit, peak_resident};

/// Bytes per voxel while transport runs: density 4, material 1, plan word 4.
const MATTER_PER_VOXEL: u64 = 4 + 1 + 4;
/// A tally: the sum of squares of 16, and a sum of 8 for each origin.
const SQUARES_PER_VOXEL: u64 = 16;
const SUM_PER_ORIGIN: u64 = 8;
/// Words of the batch in flight, on the CPU.
const WORD_PER_ORIGIN: u64 = 8;
/// Per voxel with activity: index 4 and cumulative activity 8.
const PER_SOURCE_VOXEL: u64 = 12;
/// Per voxel where VOIs are scored.
const PER_LABEL: u64 = 2;
/// Building the plan also holds the activity as f64.
const BUILD_PER_VOXEL: u64 = 8;
/// Per CT voxel while HU become matter: HU 4, density 4, material 1.
const PER_CT_VOXEL: u64 = 9;

/// What a run needs, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// While transport runs.
    pub run: u64,
    /// While images are read and moved.
    pub setup: u64,
}

/// Estimates the host's memory of a run; tables, buffers and the threads' own batch words of small grids (about 500 MB at most)
/// are left out. With `devices` GPUs the batch words are theirs, and each may hand over a tally while the run's own is held.
pub fn estimate(
    voxels: usize,
    source_voxels: usize,
    origins: usize,
    labels: bool,
    ct_voxels: usize,
    devices: usize,
) -> Need {
    let (n, source, ct) = (voxels as u64, source_voxels as u64, ct_voxels as u64);
    let labels = if labels { PER_LABEL } else { 0 };
    let origins = origins as u64;
    let tally = SQUARES_PER_VOXEL + origins * SUM_PER_ORIGIN;
    let scored = match devices as u64 {
        0 => tally + origins * WORD_PER_ORIGIN,
        devices => tally * (1 + devices),
    };
    let run = n * (MATTER_PER_VOXEL + labels + scored) + source * PER_SOURCE_VOXEL;
    let setup = ct * PER_CT_VOXEL + n * (MATTER_PER_VOXEL + BUILD_PER_VOXEL);
    Need { run, setup }
}

impl Need {
    /// The larger one.
    pub fn peak(&self) -> u64 {
        self.run.max(self.setup)
    }

    /// Refuses a run that is too large.
    ///
    /// # Errors
    /// If the peak is over the limit.
    pub fn check(&self, limit: u64, voxels: usize) -> Result<()> {
        if self.peak() <= limit {
            return machine::make_room(self.peak(), Some(limit), "the maps of the run");
        }
        Err(Error::usage(
            format!("{voxels} dose voxels need about {}", gib(self.peak())),
            format!("the limit is {}", limit_in_words(limit)),
            "Use a coarser --grid, crop the images, or raise --max-memory.",
        ))
    }
}

/// A limit, and what it comes from where the user states none.
pub fn limit_in_words(limit: u64) -> String {
    format!("{}; by default it is 90 % of what is free here", gib(limit))
}

/// Bytes in GiB, in words.
pub fn gib(bytes: u64) -> String {
    format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_512_x_512_x_400_grid_fits_in_16_gib() {
        let n = 512 * 512 * 400;
        let two = estimate(n, n, 2, true, n, 0);
        assert!(two.peak() < 8 << 30, "{}", gib(two.peak()));
        let three = estimate(n, n, 3, true, n, 0);
        assert!(three.peak() < 16 << 30, "{}", gib(three.peak()));
        assert!(three.check(16 << 30, n).is_ok());
        // On a GPU: 16 + 3 x 8 bytes of a voxel on the host, and once more while they are handed over, in place of words.
        let gpu = estimate(n, n, 3, true, n, 1);
        assert_eq!(gpu.run - three.run, (40 - 24) * n as u64);
        assert!(gpu.check(16 << 30, n).is_ok());
        assert!(three.check(4 << 30, n).unwrap_err().to_string().contains("--max-memory"));
    }
}
