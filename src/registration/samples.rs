//! Points of the fixed image at which images are compared: evenly spread between the voxels, the same in every run. Points off the grid of voxels
//! avoid the maxima that interpolation makes where two grids meet (Thevenaz et al., 2008, 10.1109/TIP.2008.2004432).

use super::moving::Interpolated;
use crate::error::{Error, Result};
use crate::image::Volume;

/// Steps of an evenly spread sequence of points in a cube: powers of 1/g with g^4 = g + 1 (Roberts, "The unreasonable effectiveness of
/// quasirandom sequences", 2018).
const SEQUENCE: [f64; 3] =
    [0.819_172_513_396_164_4, 0.671_043_606_703_789_2, 0.549_700_477_901_970_2];
/// Room around what is brighter than the mean, mm: the largest displacement that is looked for, nearly.
const MARGIN_MM: f64 = 25.0;
/// Fewest points that say anything.
const FEWEST: usize = 200;
/// At most so many times the wanted number of points is tried where a mask is small.
const TRIES: usize = 64;

/// Points of the fixed image and its values there.
#[derive(Debug, Clone)]
pub struct Samples {
    /// mm, LPS.
    pub points_mm: Vec<[f64; 3]>,
    /// Values of the fixed image.
    pub values: Vec<f64>,
}

impl Samples {
    /// The middle of the points, mm.
    pub fn middle_mm(&self) -> [f64; 3] {
        let n = self.points_mm.len().max(1) as f64;
        [0, 1, 2].map(|c| self.points_mm.iter().map(|p| p[c]).sum::<f64>() / n)
    }

    /// Root of the mean squared distance from a centre, mm: turns of an angle move points by about this times the angle.
    pub fn radius_mm(&self, centre_mm: [f64; 3]) -> f64 {
        let n = self.points_mm.len().max(1) as f64;
        let square = |p: &[f64; 3]| (0..3).map(|c| (p[c] - centre_mm[c]).powi(2)).sum::<f64>();
        (self.points_mm.iter().map(square).sum::<f64>() / n).sqrt()
    }
}

/// The box of voxel indices (first and last) that is looked at: what is brighter than the mean, with a margin.
pub fn bright_box(image: &Volume<f32>) -> [[f64; 3]; 2] {
    let grid = &image.grid;
    let mean = image.data.iter().map(|v| f64::from(*v)).sum::<f64>() / image.data.len() as f64;
    let bright = |n: &u32| f64::from(image.data[*n as usize]) > mean;
    let voxels: Vec<u32> = (0..image.data.len() as u32).filter(bright).collect();
    let [low, high] =
        grid.bounds(&voxels).unwrap_or([[0; 3], grid.dims.map(|n| n.saturating_sub(1))]);
    let room = grid.spacing_mm().map(|s| MARGIN_MM / s);
    [
        [0, 1, 2].map(|a| (low[a] as f64 - room[a]).max(0.0)),
        [0, 1, 2].map(|a| (high[a] as f64 + room[a]).min(grid.dims[a] as f64 - 1.0)),
    ]
}

/// `wanted` points in a box of the fixed image's indices, in the mask where there is one.
///
/// # Errors
/// If the mask holds next to nothing, or all values are equal.
pub fn spread(
    image: &Volume<f32>,
    [low, high]: [[f64; 3]; 2],
    mask: Option<&Volume<f32>>,
    wanted: usize,
) -> Result<Samples> {
    let at = Interpolated::new(image)?;
    let mask_rows = mask.map(|m| m.grid.inverse_axes()).transpose()?;
    let inside = |mm: [f64; 3]| match (mask, &mask_rows) {
        (Some(mask), Some(rows)) => {
            let d = [0, 1, 2].map(|c| mm[c] - mask.grid.origin_mm[c]);
            let index = rows.map(|r| r[0] * d[0] + r[1] * d[1] + r[2] * d[2]);
            let voxel = mask.grid.nearest_voxel(index);
            voxel.is_some_and(|v| mask.data[mask.grid.linear(v)] > 0.0)
        }
        _ => true,
    };
    let mut found = Samples { points_mm: Vec::new(), values: Vec::new() };
    let tries = if mask.is_some() { TRIES * wanted } else { wanted };
    for n in 0..tries {
        let share = SEQUENCE.map(|s| (0.5 + s * (n + 1) as f64).fract());
        let index = [0, 1, 2].map(|a| low[a] + share[a] * (high[a] - low[a]));
        let mm = image.grid.to_mm(index);
        if inside(mm)
            && let Some(value) = at.value(mm)
        {
            found.points_mm.push(mm);
            found.values.push(value);
            if found.values.len() == wanted {
                break;
            }
        }
    }
    if found.values.len() < FEWEST {
        return Err(Error::input(
            format!("{} points of the fixed image lie in its mask", found.values.len()),
            format!("{FEWEST} are needed to compare images"),
            "Give a larger mask, on the fixed image.",
        ));
    }
    let (least, most) = range(&found.values);
    if constant(least, most) {
        return Err(Error::input(
            format!("the fixed image is {least} wherever it is looked at"),
            "a constant image lies everywhere as well",
            "Check that this is the image, and its mask.",
        ));
    }
    Ok(found)
}

/// Whether values say nothing: they differ by the rounding of the pyramid at most.
pub fn constant(least: f64, most: f64) -> bool {
    most - least <= 1e-5 * least.abs().max(most.abs())
}

/// Smallest and largest value.
pub fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)))
}
