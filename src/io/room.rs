//! How much memory a file may ask for: what its header promises is set against the bytes that are stored, so that a small file cannot
//! take all memory, and against what the machine has free, so that a large one ends with a message.

use std::path::Path;

use crate::error::{Error, Result};
use crate::machine;

/// What compressed files of a kind may hold.
pub(super) struct Bounds {
    /// Bytes of voxels in memory that any file may need.
    always: u64,
    /// And that each stored byte may stand for.
    per_byte: u64,
}

/// Of NIfTI and MetaImage: a label map of 768 slices of 512 x 512 may be as good as empty, and deflate packs zeros 1032 to 1.
pub(super) const VOLUME: Bounds = Bounds { always: 768 << 20, per_byte: 1024 };
/// Of DICOM, whose pixels are an image with noise, 2 or 4 bytes in memory for each: empty series of 256 slices pass.
pub(super) const SERIES: Bounds = Bounds { always: 256 << 20, per_byte: 256 };

impl Bounds {
    /// Bytes in memory that `stored` bytes may need.
    pub fn most(&self, stored: u64) -> u64 {
        stored.saturating_mul(self.per_byte).max(self.always)
    }

    /// Makes room for `needed` bytes of voxels that stand in `stored` bytes of a file.
    ///
    /// # Errors
    /// If no real image of that size packs so far, or the memory is not there.
    pub fn make(&self, path: &Path, stored: u64, needed: u64) -> Result<()> {
        if needed > self.most(stored) {
            return Err(Error::input(
                format!(
                    "{}: {needed} bytes of voxels stand in {stored} stored bytes",
                    path.display()
                ),
                "no image is packed so far: a damaged header, or made to fill the memory",
                "Export the image again, uncompressed if it is right as it is, or cropped.",
            ));
        }
        make(path, needed)
    }
}

/// Makes room for `needed` bytes of voxels of a file.
///
/// # Errors
/// If the memory is not there.
pub(super) fn make(path: &Path, needed: u64) -> Result<()> {
    machine::make_room(needed, None, &format!("{}: its voxels", path.display()))
}
