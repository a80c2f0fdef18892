//! The picture of a finished run: its dose map over the CT.

use std::path::Path;

use crate::dose::rate::DoseKind;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::read_nifti;
use crate::pipeline::Written;
use crate::report::DosePicture;

/// Draws the dose (or dose rate) that a run has written over `ct` and writes it to `path` as PNG. `centre_mm` is the point
/// that the planes go through; without it, that of the highest dose.
///
/// # Errors
/// If the run wrote no map (a shard), a map cannot be read, or writing fails.
pub fn write(
    written: &Written,
    ct: &Volume<f32>,
    centre_mm: Option<[f64; 3]>,
    title: &str,
    path: &Path,
) -> Result<()> {
    let Some(summary) = &written.summary else {
        return Err(Error::usage(
            "a shard has no picture",
            "it is a part of a run",
            "Merge the shards first.",
        ));
    };
    let kind = if summary.dose.quantity == DoseKind::Dose.name() {
        DoseKind::Dose
    } else {
        DoseKind::DoseRate
    };
    let suffix = if summary.partial { "_partial" } else { "" };
    let read = |stem: &str| {
        let (volume, _) = read_nifti(&written.folder.join(format!("{stem}{suffix}.nii.gz")), None)?;
        Ok::<_, Error>(volume)
    };
    let (dose, low_density) = (read(kind.name())?, read("low_density_mask")?);
    let picture =
        DosePicture { ct, dose: &dose, low_density: &low_density, kind, centre_mm, title };
    picture.draw()?.write_png(path)
}
