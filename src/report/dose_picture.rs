//! A dose or dose-rate map over its CT, in the units that people read (mGy/h, Gy), on a logarithmic scale of two decades.

use super::canvas::Canvas;
use super::colour_map::ColourMap;
use super::picture::{OverlayPicture, OverlayScale};
use super::view::body_box_mm;
use crate::dose::rate::DoseKind;
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::units::MGY_PER_H_PER_GY_PER_S;

/// Room left around the body, mm.
const MARGIN_MM: f64 = 8.0;
/// Window for soft tissue, HU.
const WINDOW_HU: (f64, f64) = (-160.0, 240.0);
/// The colour bar ends at the dose that this part of the voxels stays below, so that a noisy voxel does not set it.
const TOP_QUANTILE: f64 = 0.9999;
/// The colour bar starts at this part of its end.
const BOTTOM: f64 = 0.01;
/// Pixels per mm, less where the patient is long.
const PIXELS_PER_MM: f64 = 1.1;
/// Longest side of a plane, pixels.
const MAX_SIDE: f64 = 2000.0;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct DosePicture<'a> {
    /// CT, HU.
    pub ct: &'a Volume<f32>,
    /// Dose (Gy) or dose rate (Gy/s), on any grid.
    pub dose: &'a Volume<f32>,
    /// On the grid of the dose: voxels that are not 0 have next to no mass and are not drawn.
    pub low_density: &'a Volume<f32>,
    /// Which of the two it is.
    pub kind: DoseKind,
    /// The point (mm, LPS) the planes go through; `None` takes the voxel of the highest dose.
    pub centre_mm: Option<[f64; 3]>,
    /// A line above the planes.
    pub title: &'a str,
}

impl DosePicture<'_> {
    /// Draws the picture.
    ///
    /// # Errors
    /// If dose and mask differ in size, no voxel has a dose, or the centre lies outside of the CT.
    pub fn draw(&self) -> Result<Canvas> {
        let (factor, label) = match self.kind {
            DoseKind::DoseRate => (MGY_PER_H_PER_GY_PER_S, "absorbed dose rate / (mGy/h)"),
            DoseKind::Dose => (1.0, "absorbed dose / Gy"),
        };
        if self.dose.data.len() != self.low_density.data.len() {
            return Err(Error::input(
                format!(
                    "a dose map of {} voxels with a mask of {}",
                    self.dose.data.len(),
                    self.low_density.data.len()
                ),
                "both are on the dose grid",
                "Give both from one output folder.",
            ));
        }
        let shown = |(dose, low): (&f32, &f32)| {
            if *low == 0.0 { (f64::from(*dose) * factor) as f32 } else { 0.0 }
        };
        let data = self.dose.data.iter().zip(&self.low_density.data).map(shown).collect();
        let overlay = Volume::new(self.dose.grid.clone(), data)?;
        let (top, at) = top(&overlay.data).ok_or_else(|| {
            Error::input(
                "no voxel has a dose",
                "a picture needs a scale",
                "Check the activity, or run more histories.",
            )
        })?;
        let view = body_box_mm(self.ct, MARGIN_MM);
        let inside = |mm: [f64; 3]| [0, 1, 2].map(|a| mm[a].clamp(view.0[a], view.1[a]));
        let highest = || overlay.grid.to_mm(overlay.grid.unlinear(at).map(|i| i as f64));
        let longest = (0..3).map(|a| view.1[a] - view.0[a]).fold(0.0, f64::max);
        let end = round_up(top);
        OverlayPicture {
            ct: self.ct,
            overlay: &overlay,
            centre_mm: self.centre_mm.unwrap_or_else(|| inside(highest())),
            view_mm: Some(view),
            window_hu: WINDOW_HU,
            overlay_range: (BOTTOM * end, end),
            scale: OverlayScale::Log,
            colours: ColourMap::Inferno,
            opacity: 0.6,
            label,
            title: self.title,
            pixels_per_mm: PIXELS_PER_MM.min(MAX_SIDE / longest),
        }
        .draw()
    }
}

/// A high quantile of the positive values, and where the highest is.
fn top(values: &[f32]) -> Option<(f64, usize)> {
    let mut positive: Vec<(f32, usize)> =
        values.iter().enumerate().filter(|(_, v)| **v > 0.0).map(|(i, v)| (*v, i)).collect();
    let highest = positive.iter().max_by(|a, b| a.0.total_cmp(&b.0))?.1;
    let rank = ((positive.len() - 1) as f64 * TOP_QUANTILE).round() as usize;
    let (_, &mut (value, _), _) = positive.select_nth_unstable_by(rank, |a, b| a.0.total_cmp(&b.0));
    Some((f64::from(value), highest))
}

/// The next of 1, 2, 3, 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 3.0, 5.0, 10.0];
    steps.map(|s| s * decade).into_iter().find(|s| *s >= value).unwrap_or(10.0 * decade)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    fn volume(value: impl Fn(usize) -> f32) -> Volume<f32> {
        let grid = Grid::aligned([10, 10, 10], [0.0; 3], [5.0; 3]);
        let data = (0..grid.len()).map(value).collect();
        Volume { grid, data }
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (value, end) in [(0.9, 1.0), (1.0, 1.0), (1.2, 2.0), (260.0, 300.0), (0.034, 0.05)] {
            assert!((round_up(value) / end - 1.0).abs() < 1e-12, "{value}: {}", round_up(value));
        }
        // One voxel in a hundred thousand does not set the scale.
        let mut values = vec![1.0_f32; 100_000];
        values[77] = 1e6;
        assert_eq!(top(&values), Some((1.0, 77)));
        assert_eq!(top(&[0.0, -1.0]), None);
    }

    /// A body of water with a hot half: its colour is on one side only, and voxels of low density have none.
    #[test]
    fn voxels_of_low_density_are_not_drawn() {
        let ct = volume(|_| 40.0);
        let dose = volume(|i| if i % 10 < 5 { 2e-6 } else { 0.0 });
        let draw = |low: f32| {
            let picture = DosePicture {
                ct: &ct,
                dose: &dose,
                low_density: &volume(|i| if i == 0 { 0.0 } else { low }),
                kind: DoseKind::DoseRate,
                centre_mm: Some([22.5; 3]),
                title: "",
            };
            let canvas = picture.draw().expect("valid");
            // The axial plane of 60 x 60 pixels starts at (10, 30).
            let coloured = |x, y| {
                let [r, g, b] = canvas.pixel(x, y).expect("inside");
                !(r == g && g == b)
            };
            (coloured(20, 50), coloured(62, 50))
        };
        assert_eq!((draw(0.0), draw(1.0)), ((true, false), (false, false)));
    }

    #[test]
    fn a_map_without_dose_is_refused() {
        let zero = volume(|_| 0.0);
        let picture = DosePicture {
            ct: &zero,
            dose: &zero,
            low_density: &zero,
            kind: DoseKind::Dose,
            centre_mm: None,
            title: "",
        };
        assert!(picture.draw().is_err());
        let ones = volume(|_| 1.0);
        let small = Volume { grid: Grid::aligned([1; 3], [0.0; 3], [5.0; 3]), data: vec![0.0] };
        let mismatched = DosePicture { dose: &ones, low_density: &small, ..picture };
        assert!(mismatched.draw().is_err());
        let drawn = DosePicture { dose: &ones, ..picture };
        assert!(drawn.draw().is_ok());
    }
}
