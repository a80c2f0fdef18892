//! What of an image a picture shows, and its values between voxel centres.

use crate::error::Result;
use crate::image::{Grid, Volume, trilinear};

/// The box (mm) around all voxels of a grid.
pub(super) fn bounds_mm(grid: &Grid) -> ([f64; 3], [f64; 3]) {
    span((0..8usize).map(|corner| {
        grid.to_mm([0, 1, 2].map(|a| match corner >> a & 1 {
            0 => -0.5,
            _ => grid.dims[a] as f64 - 0.5,
        }))
    }))
}

fn span(points: impl Iterator<Item = [f64; 3]>) -> ([f64; 3], [f64; 3]) {
    points.fold(([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]), |(low, high), p| {
        ([0, 1, 2].map(|a| low[a].min(p[a])), [0, 1, 2].map(|a| high[a].max(p[a])))
    })
}

/// A box (mm) around the patient without couch and empty margins, for the view of a picture: along each index
/// axis the longest run of planes that are more than 10 % tissue (above HU -300), and
/// `margin_mm` more. The whole grid if there is no tissue.
pub fn body_box_mm(ct: &Volume<f32>, margin_mm: f64) -> ([f64; 3], [f64; 3]) {
    const MIN_TISSUE: f64 = 0.1;
    let mut counts = [0, 1, 2].map(|a| vec![0usize; ct.grid.dims[a]]);
    for (i, _) in ct.data.iter().enumerate().filter(|(_, hu)| **hu > -300.0) {
        let index = ct.grid.unlinear(i);
        for a in 0..3 {
            counts[a][index[a]] += 1;
        }
    }
    let whole = bounds_mm(&ct.grid);
    let mut run = [(0.0, 0.0); 3];
    for a in 0..3 {
        let plane = (ct.grid.len() / ct.grid.dims[a].max(1)) as f64;
        let full = |n: &usize| *n as f64 > MIN_TISSUE * plane;
        let mut longest = 0..0;
        let mut start = 0;
        for (k, n) in counts[a].iter().enumerate() {
            if !full(n) {
                start = k + 1;
            } else if k + 1 - start > longest.len() {
                longest = start..k + 1;
            }
        }
        if longest.is_empty() {
            return whole;
        }
        run[a] = (longest.start as f64 - 0.5, longest.end as f64 - 0.5);
    }
    let corners = (0..8usize).map(|c| {
        ct.grid.to_mm([0, 1, 2].map(|a| if c >> a & 1 == 0 { run[a].0 } else { run[a].1 }))
    });
    let (low, high) = span(corners);
    (
        [0, 1, 2].map(|a| (low[a] - margin_mm).max(whole.0[a])),
        [0, 1, 2].map(|a| (high[a] + margin_mm).min(whole.1[a])),
    )
}

/// Trilinear interpolation; half a voxel beyond the outer centres the outer value holds.
pub(super) struct Sampler<'a> {
    volume: &'a Volume<f32>,
    rows: [[f64; 3]; 3],
}

impl<'a> Sampler<'a> {
    pub(super) fn new(volume: &'a Volume<f32>) -> Result<Self> {
        Ok(Sampler { volume, rows: volume.grid.inverse_axes()? })
    }

    /// The value at a position (mm); `None` outside.
    pub(super) fn at(&self, mm: [f64; 3]) -> Option<f64> {
        let grid = &self.volume.grid;
        let d = [0, 1, 2].map(|c| mm[c] - grid.origin_mm[c]);
        let index = self.rows.map(|row| (0..3).map(|c| row[c] * d[c]).sum::<f64>());
        if (0..3).any(|a| !(-0.5..=grid.dims[a] as f64 - 0.5).contains(&index[a])) {
            return None;
        }
        Some(trilinear(grid, &|v| f64::from(self.volume.data[v]), index))
    }
}
