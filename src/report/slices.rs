//! Slices for reading one after the other: CT with dose, isodoses and outlines of the VOIs, and beside it the relative standard error of the dose;
//! projections of the largest dose.

use ndarray::Axis;

use super::axes::tick_text;
use super::canvas::{Anchor, Canvas, Rgb};
use super::colour_map::ColourMap;
use super::dvh_plot::COLOURS;
use super::view::{Sampler, body_box_mm, bounds_mm};
use crate::error::{Error, Result};
use crate::image::Volume;

const WHITE: Rgb = [255; 3];
const FAINT: Rgb = [190; 3];
/// Window for soft tissue, HU.
const WINDOW_HU: (f64, f64) = (-160.0, 240.0);
/// Room left around the body, mm.
const MARGIN_MM: f64 = 8.0;
/// Width of a panel, px; less where a pixel would be finer than the data can be.
const PANEL: f64 = 340.0;
const MOST_PIXELS_PER_MM: f64 = 1.4;
/// Below a panel: the colour bar and its numbers.
const FOOT: f64 = 44.0;
/// Between the panels.
const GAP: f64 = 12.0;
/// Below this part of the scale nothing is drawn over the CT.
const SHOWN_FROM: f64 = 0.03;
/// Relative standard error at the upper end of its scale.
const LARGEST_ERROR: f64 = 0.3;

/// The part of each voxel that lies in a VOI, on the grid of the dose.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Shares, 0 to 1.
    pub shares: Volume<f32>,
}

/// What slices show.
#[derive(Debug, Clone)]
pub struct Slices<'a> {
    /// HU, on any grid.
    pub ct: Option<&'a Volume<f32>>,
    /// Dose.
    pub dose: &'a Volume<f32>,
    /// Its relative standard error, on the same grid; NaN where it is not known.
    pub relative_error: Option<&'a Volume<f32>>,
    /// VOIs.
    pub outlines: &'a [Outline],
    /// Isodoses.
    pub levels: &'a [f64],
    /// Upper end of the scale.
    pub top: f64,
    /// Quantity and unit, such as `dose / Gy`.
    pub label: &'a str,
}

/// What of the patient a panel shows.
pub(super) struct View {
    pub(super) low: [f64; 3],
    pub(super) high: [f64; 3],
    pub(super) per_mm: f64,
}

impl View {
    /// The body in the CT; without one all of the dose's grid.
    pub(super) fn of(ct: Option<&Volume<f32>>, dose: &Volume<f32>) -> Result<Self> {
        let (low, high) = match ct {
            Some(ct) => body_box_mm(ct, MARGIN_MM),
            None => bounds_mm(&dose.grid),
        };
        let per_mm = (PANEL / (high[0] - low[0])).min(MOST_PIXELS_PER_MM);
        if per_mm.is_finite() && per_mm > 0.0 {
            return Ok(View { low, high, per_mm });
        }
        Err(cannot_be_drawn())
    }

    /// Where a pixel of an axial panel is, mm.
    pub(super) fn mm(&self, px: usize, py: usize, z_mm: f64) -> [f64; 3] {
        let at = |low: f64, p: usize| low + (p as f64 + 0.5) / self.per_mm;
        [at(self.low[0], px), at(self.low[1], py), z_mm]
    }
}

fn cannot_be_drawn() -> Error {
    Error::run(
        "slices cannot be drawn",
        "there is no dose, or the images have no extent",
        "Check the dose map.",
    )
}

/// The grey of a CT number.
pub(super) fn window(hu: f64) -> u8 {
    let (black, white) = WINDOW_HU;
    (255.0 * ((hu - black) / (white - black)).clamp(0.0, 1.0)) as u8
}

impl Slices<'_> {
    fn view(&self) -> Result<View> {
        if self.top > 0.0 { View::of(self.ct, self.dose) } else { Err(cannot_be_drawn()) }
    }

    /// At most `most` positions (mm, along z) from end to end of where there is dose or a VOI, on slices of the dose grid.
    pub fn positions(&self, most: usize) -> Vec<f64> {
        let grid = &self.dose.grid;
        let [nx, ny, nz] = grid.dims;
        let least = (0.1 * self.top) as f32;
        let any = |volume: &Volume<f32>, k: usize, least: f32| {
            volume.view().index_axis(Axis(0), k).iter().any(|v| *v >= least)
        };
        let shown = |k: usize| {
            let dosed = any(self.dose, k, least);
            let in_voi = |o: &Outline| any(&o.shares, k, 0.5);
            if self.outlines.is_empty() { dosed } else { self.outlines.iter().any(in_voi) }
        };
        let all: Vec<usize> = (0..nz).filter(|k| shown(*k)).collect();
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return Vec::new() };
        let step = (last - first).div_ceil(most.max(2) - 1).max(1);
        let middle =
            |k: usize| grid.to_mm([0.5 * (nx - 1) as f64, 0.5 * (ny - 1) as f64, k as f64])[2];
        (*first..=*last).step_by(step).map(middle).collect()
    }

    /// An axial slice.
    ///
    /// # Errors
    /// If there is nothing to draw.
    pub fn axial(&self, z_mm: f64) -> Result<Canvas> {
        let view = self.view()?;
        let size = [0, 1].map(|a| ((view.high[a] - view.low[a]) * view.per_mm).floor());
        let panels = if self.relative_error.is_some() { 2.0 } else { 1.0 };
        let width = panels * size[0] + (panels - 1.0) * GAP;
        let mut canvas = Canvas::new(width as u32, (size[1] + FOOT) as u32, [0; 3])?;
        let (w, h) = (size[0] as usize, size[1] as usize);
        let sampled = |volume: &Volume<f32>| -> Result<Vec<f64>> {
            let sampler = Sampler::new(volume)?;
            let at = |i: usize| sampler.at(view.mm(i % w, i / w, z_mm)).unwrap_or(f64::NAN);
            Ok((0..w * h).map(at).collect())
        };
        let ct = self.ct.map(sampled).transpose()?;
        let dose = sampled(self.dose)?;
        let error = self.relative_error.map(sampled).transpose()?;
        let second = size[0] + GAP;
        for i in 0..w * h {
            let (x, y) = ((i % w) as i64, (i / w) as i64);
            if let Some(hu) = ct.as_ref().map(|c| c[i]).filter(|hu| hu.is_finite()) {
                let grey = window(hu);
                canvas.blend(x, y, [grey; 3], 1.0);
                canvas.blend(x + second as i64, y, [grey; 3], 1.0);
            }
            let t = dose[i] / self.top;
            if t > SHOWN_FROM {
                canvas.blend(x, y, ColourMap::Inferno.at(t), (0.25 + t).min(0.62));
                if let Some(error) = &error {
                    let colour = match error[i] {
                        e if e.is_finite() => ColourMap::Viridis.at(e / LARGEST_ERROR),
                        _ => [200, 200, 200],
                    };
                    canvas.blend(x + second as i64, y, colour, 0.62);
                }
            }
        }
        for level in self.levels {
            edge(&dose, w, *level, |x, y| {
                canvas.blend(x, y, ColourMap::Inferno.at(level / self.top), 1.0)
            });
        }
        for (n, outline) in self.outlines.iter().enumerate() {
            let shares = sampled(&outline.shares)?;
            let colour = outline_colour(n);
            let mut top: Option<(i64, i64)> = None;
            edge(&shares, w, 0.5, |x, y| {
                canvas.blend(x, y, colour, 1.0);
                if error.is_some() {
                    canvas.blend(x + second as i64, y, colour, 1.0);
                }
                top = Some(top.map_or((x, y), |t| if y < t.1 { (x, y) } else { t }));
            });
            if let Some((x, y)) = top {
                let (x, y) = (x as f64, (y as f64 - 9.0).max(8.0));
                canvas.fill_rect(x - 7.0, y - 7.0, 14.0, 14.0, [0; 3], 0.55);
                canvas.text(x, y, 11.0, colour, Anchor::Middle, &(n + 1).to_string());
            }
        }
        letters(&mut canvas, size, ["R", "L", "A", "P"]);
        bar(&mut canvas, 0.0, size, ColourMap::Inferno, self.top, self.label);
        if error.is_some() {
            let label = "relative standard error / %";
            bar(&mut canvas, second, size, ColourMap::Viridis, 100.0 * LARGEST_ERROR, label);
        }
        Ok(canvas)
    }

    /// The largest dose along an axis: 0 seen from the side, 1 from the front.
    ///
    /// # Errors
    /// If there is nothing to draw.
    pub fn projection(&self, axis: usize) -> Result<Canvas> {
        let view = self.view()?;
        let across = 1 - axis.min(1);
        let length = |a: usize| ((view.high[a] - view.low[a]) * view.per_mm).floor();
        let size = [length(across), length(2)];
        let mut canvas = Canvas::new(size[0] as u32, (size[1] + FOOT) as u32, [0; 3])?;
        let dose = Sampler::new(self.dose)?;
        let step = self.dose.grid.spacing_mm()[axis.min(1)].max(0.5);
        let steps = ((view.high[axis] - view.low[axis]) / step).ceil() as usize;
        for py in 0..size[1] as i64 {
            for px in 0..size[0] as i64 {
                let mut mm = [0.0; 3];
                mm[across] = view.low[across] + (px as f64 + 0.5) / view.per_mm;
                mm[2] = view.high[2] - (py as f64 + 0.5) / view.per_mm;
                let largest = (0..steps).fold(0.0_f64, |most, s| {
                    mm[axis] = view.low[axis] + (s as f64 + 0.5) * step;
                    dose.at(mm).map_or(most, |d| most.max(d))
                });
                canvas.blend(px, py, ColourMap::Inferno.at(largest / self.top), 1.0);
            }
        }
        let ends = if axis == 1 { ["R", "L", "S", "I"] } else { ["A", "P", "S", "I"] };
        letters(&mut canvas, size, ends);
        bar(&mut canvas, 0.0, size, ColourMap::Inferno, self.top, self.label);
        Ok(canvas)
    }
}

/// The colour of the `n`-th outline; black of the palette, which CT swallows, is white here.
pub(super) fn outline_colour(n: usize) -> Rgb {
    match COLOURS[n % COLOURS.len()] {
        [0, 0, 0] => WHITE,
        [r, g, b] => [r, g, b].map(|c| c.max(60)),
    }
}

/// Calls `draw` for the pixels within a level that touch one without.
pub(super) fn edge(values: &[f64], width: usize, level: f64, mut draw: impl FnMut(i64, i64)) {
    let within = |i: usize| values[i] >= level;
    for i in (0..values.len()).filter(|i| within(*i)) {
        let (x, y) = (i % width, i / width);
        let outside = (x > 0 && !within(i - 1))
            || (x + 1 < width && !within(i + 1))
            || (y > 0 && !within(i - width))
            || (i + width < values.len() && !within(i + width));
        if outside {
            draw(x as i64, y as i64);
        }
    }
}

pub(super) fn letters(
    canvas: &mut Canvas,
    [w, h]: [f64; 2],
    [left, right, top, bottom]: [&str; 4],
) {
    for (x, y, letter) in [
        (9.0, 0.5 * h, left),
        (w - 9.0, 0.5 * h, right),
        (0.5 * w, 10.0, top),
        (0.5 * w, h - 10.0, bottom),
    ] {
        canvas.fill_rect(x - 7.0, y - 8.0, 14.0, 16.0, [0; 3], 0.5);
        canvas.text(x, y, 12.0, WHITE, Anchor::Middle, letter);
    }
}

/// A colour bar from 0 below a panel.
fn bar(canvas: &mut Canvas, x: f64, [w, h]: [f64; 2], map: ColourMap, top: f64, label: &str) {
    let (left, width) = (x + 10.0, w - 60.0);
    for px in 0..width as i64 {
        let t = (px as f64 + 0.5) / width;
        canvas.fill_rect(left + px as f64, h + 6.0, 1.0, 8.0, map.at(t), 1.0);
    }
    canvas.text(left, h + 22.0, 10.5, FAINT, Anchor::Start, "0");
    canvas.text(left + width, h + 22.0, 10.5, FAINT, Anchor::End, &tick_text(top));
    canvas.text(left + 0.5 * width, h + 34.0, 11.0, WHITE, Anchor::Middle, label);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    #[test]
    fn a_slice_shows_dose_outline_and_error() {
        let grid = Grid::aligned([20; 3], [0.0; 3], [5.0; 3]);
        let ball = |r: f64| {
            let at = |v: usize| {
                let d = grid.unlinear(v).map(|i| i as f64 - 9.5);
                f32::from(u8::from(d.iter().map(|x| x * x).sum::<f64>().sqrt() < r))
            };
            Volume::new(grid.clone(), (0..grid.len()).map(at).collect()).unwrap()
        };
        let (ct, dose, error) = (ball(9.0), ball(6.0), ball(6.0));
        let outlines = [Outline { name: "a".into(), shares: ball(4.0) }];
        let slices = Slices {
            ct: Some(&ct),
            dose: &dose,
            relative_error: Some(&error),
            outlines: &outlines,
            levels: &[0.5],
            top: 1.0,
            label: "dose / Gy",
        };
        let positions = slices.positions(4);
        assert!((2..=4).contains(&positions.len()), "{positions:?}");
        let canvas = slices.axial(47.5).unwrap();
        let count = |colour: Rgb| {
            let all = (0..canvas.height()).flat_map(|y| (0..canvas.width()).map(move |x| (x, y)));
            all.filter(|(x, y)| canvas.pixel(*x, *y) == Some(colour)).count()
        };
        // The circumference of the VOI in both panels, 8 voxels of 5 mm across at about 1.4 px/mm.
        assert!(count(outline_colour(0)) > 200, "{}", count(outline_colour(0)));
        assert!(slices.projection(1).unwrap().width() > 50);
        let empty = Slices { top: 0.0, ..slices };
        assert!(empty.axial(47.5).is_err());
    }
}
