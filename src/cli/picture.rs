//! The picture of a finished run: its dose map over the CT.

use std::path::Path;

use crate::dose::rate::DoseKind;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::read_nifti;
use crate::pipeline::Written;
use crate::report::DosePicture;

/// Draws the dose (or dose rate) that a run has written over `ct` and writes it to `path` as PNG. `centre_mm` is the point
/// that the planes go through; without it, the middle of the region of most energy.
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
    let with_dose = written.summary.as_ref().and_then(|s| Some((s, s.dose.as_ref()?)));
    let Some((summary, dose)) = with_dose else {
        return Err(Error::usage(
            "a shard has no picture",
            "it is a part of a run",
            "Merge the shards first.",
        ));
    };
    let kind =
        if dose.quantity == DoseKind::Dose.name() { DoseKind::Dose } else { DoseKind::DoseRate };
    let suffix = if summary.partial { "_partial" } else { "" };
    let read = |stem: &str| {
        let (volume, _) = read_nifti(&written.folder.join(format!("{stem}{suffix}.nii.gz")), None)?;
        Ok::<_, Error>(volume)
    };
    let (dose, low_density) = (read(kind.name())?, read("low_density_mask")?);
    let centre_mm = match centre_mm {
        Some(mm) => Some(mm),
        None => Some(hot_spot(&dose, &read("density")?)),
    };
    let picture =
        DosePicture { ct, dose: &dose, low_density: &low_density, kind, centre_mm, title };
    picture.draw()?.write_png(path)
}

/// Half an edge of the cube that a hot spot is the middle of, mm: about the resolution of SPECT.
const HOT_SPOT_MM: f64 = 10.0;

/// The middle (mm, LPS) of the cube with the most energy imparted, which a single noisy voxel cannot decide as it decides
/// the highest dose.
fn hot_spot(dose: &Volume<f32>, density: &Volume<f32>) -> [f64; 3] {
    let grid = &dose.grid;
    let mut sums: Vec<f32> = dose.data.iter().zip(&density.data).map(|(d, rho)| d * rho).collect();
    let strides = [1, grid.dims[0], grid.dims[0] * grid.dims[1]];
    for ((n, stride), spacing) in grid.dims.into_iter().zip(strides).zip(grid.spacing_mm()) {
        let reach = (HOT_SPOT_MM / spacing).round() as usize;
        let mut line = vec![0.0; n];
        for first in (0..sums.len()).filter(|i| (i / stride) % n == 0) {
            (0..n).for_each(|i| line[i] = sums[first + i * stride]);
            for i in 0..n {
                let window = &line[i.saturating_sub(reach)..(i + reach + 1).min(n)];
                sums[first + i * stride] = window.iter().sum();
            }
        }
    }
    let hottest = (0..sums.len()).max_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(0);
    grid.to_mm(grid.unlinear(hottest).map(|i| i as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    #[test]
    fn one_noisy_voxel_of_air_is_no_hot_spot() {
        let grid = Grid::aligned([12, 12, 12], [0.0; 3], [5.0; 3]);
        let near = |n: usize| grid.unlinear(n).into_iter().all(|i| (5..=9).contains(&i));
        let mut dose: Vec<f32> = (0..grid.len()).map(|n| if near(n) { 1.0 } else { 0.1 }).collect();
        let mut density = vec![1.0_f32; grid.len()];
        (dose[0], density[0]) = (1e3, 0.06);
        let volume = |data| Volume::new(grid.clone(), data).unwrap();
        assert_eq!(hot_spot(&volume(dose.clone()), &volume(density.clone())), [35.0; 3]);
        // Where there is nothing else, it is.
        dose.iter_mut().skip(1).for_each(|d| *d = 0.0);
        assert_ne!(hot_spot(&volume(dose), &volume(density)), [35.0; 3]);
    }
}
