//! Two images of one patient, before and after registration: checkerboards, in which edges must run on from field to field, and the moving image in colour
//! over the fixed one in grey.

use super::canvas::{Anchor, Canvas, Rgb};
use super::colour_map::ColourMap;
use super::view::{Sampler, bounds_mm};
use crate::error::Result;
use crate::image::Volume;

const WHITE: Rgb = [235, 235, 235];
const GAP: f64 = 10.0;
const LINE: f64 = 26.0;
/// Edge of a field of the checkerboard, mm.
const FIELD_MM: f64 = 40.0;
/// Pixels per mm, less for a long patient.
const PIXELS_PER_MM: f64 = 1.0;
/// Longest side of a plane, pixels.
const MAX_SIDE: f64 = 700.0;
/// Window of a CT, HU.
const WINDOW_HU: [f64; 2] = [-300.0, 300.0];
/// Opacity of the colours.
const OPACITY: f64 = 0.55;
/// Activity up to this part of the brightest is not drawn.
const FAINTEST: f64 = 0.05;

/// Images in the fixed image's frame, on any grid each; `true` for a CT.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationPicture<'a> {
    /// The fixed image.
    pub fixed: (&'a Volume<f32>, bool),
    /// The moving image as it lies.
    pub before: (&'a Volume<f32>, bool),
    /// The moving image where the transform brings it.
    pub after: (&'a Volume<f32>, bool),
}

/// An image with its window: 0 is black, 1 white.
struct Shown<'a> {
    at: Sampler<'a>,
    low: f64,
    high: f64,
    ct: bool,
}

impl<'a> Shown<'a> {
    fn new((image, ct): (&'a Volume<f32>, bool)) -> Result<Self> {
        let [low, high] = if ct { WINDOW_HU } else { [0.0, bright(&image.data)] };
        Ok(Shown { at: Sampler::new(image)?, low, high, ct })
    }

    fn at(&self, mm: [f64; 3]) -> Option<f64> {
        Some(((self.at.at(mm)? - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

/// The value that 0.2 % of the voxels exceed.
fn bright(values: &[f32]) -> f64 {
    let mut finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let rank = finite.len().saturating_sub(1 + finite.len() / 500);
    if finite.is_empty() {
        return 1.0;
    }
    let (_, value, _) = finite.select_nth_unstable_by(rank, f32::total_cmp);
    f64::from(*value).max(f64::from(f32::MIN_POSITIVE))
}

/// A patient axis and its sign.
type Axis = (usize, f64);

/// Which patient axes run right and down in a plane: axial, coronal, sagittal.
const PLANES: [[Axis; 2]; 3] = [[(0, 1.0), (1, 1.0)], [(0, 1.0), (2, -1.0)], [(1, 1.0), (2, -1.0)]];

impl RegistrationPicture<'_> {
    /// Draws the picture: a row before, a row after, a row of colours over grey.
    ///
    /// # Errors
    /// If a grid is unusable or the picture would be too large.
    pub fn draw(&self) -> Result<Canvas> {
        let (low, high) = bounds_mm(&self.fixed.0.grid);
        let size = [0, 1, 2].map(|a| high[a] - low[a]);
        let longest = size.into_iter().fold(0.0, f64::max);
        let s = PIXELS_PER_MM.min(MAX_SIDE / longest);
        let centre = [0, 1, 2].map(|a| 0.5 * (low[a] + high[a]));
        let tallest = PLANES.iter().map(|p| size[p[1].0] * s).fold(0.0, f64::max);
        let width = GAP + PLANES.iter().map(|p| size[p[0].0] * s + GAP).sum::<f64>();
        let height = 3.0 * (LINE + tallest + GAP);
        let mut canvas = Canvas::new(width.ceil() as u32, height.ceil() as u32, [0; 3])?;
        let (fixed, before, after) =
            (Shown::new(self.fixed)?, Shown::new(self.before)?, Shown::new(self.after)?);
        let rows = [
            ("fixed and moving image in turn, before", &before, false),
            ("fixed and moving image in turn, after", &after, false),
            ("moving image in colour over the fixed one, after", &after, true),
        ];
        for (n, (title, moving, colour)) in rows.into_iter().enumerate() {
            let top = n as f64 * (LINE + tallest + GAP);
            canvas.text(GAP, top + 0.5 * LINE, 14.0, WHITE, Anchor::Start, title);
            let mut left = GAP;
            for [right, down] in PLANES {
                let (w, h) = (size[right.0] * s, size[down.0] * s);
                for py in 0..h as i64 {
                    for px in 0..w as i64 {
                        let along = |(axis, sign): Axis, p: i64| {
                            let d = (p as f64 + 0.5) / s;
                            if sign > 0.0 { low[axis] + d } else { high[axis] - d }
                        };
                        let mut mm = centre;
                        (mm[right.0], mm[down.0]) = (along(right, px), along(down, py));
                        let (x, y) = (left as i64 + px, (top + LINE) as i64 + py);
                        let field = |axis: usize| ((mm[axis] - low[axis]) / FIELD_MM) as i64;
                        let second = (field(right.0) + field(down.0)) % 2 == 1;
                        let grey = |v: f64| [(255.0 * v) as u8; 3];
                        if colour {
                            fixed.at(mm).into_iter().for_each(|v| canvas.blend(x, y, grey(v), 1.0));
                            if let Some(v) = moving.at(mm).filter(|v| moving.ct || *v > FAINTEST) {
                                canvas.blend(x, y, ColourMap::Inferno.at(v), OPACITY);
                            }
                        } else if let Some(v) = if second { moving.at(mm) } else { fixed.at(mm) } {
                            canvas.blend(x, y, grey(v), 1.0);
                        }
                    }
                }
                left += w + GAP;
            }
        }
        Ok(canvas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    /// Fields of the checkerboard show the one and the other image; beyond the moving image it is black.
    #[test]
    fn fields_show_both_images_in_turn() {
        let grid = Grid::aligned([40, 40, 40], [0.0; 3], [4.0; 3]);
        let fixed = Volume::new(grid.clone(), vec![0.0; 64_000]).unwrap();
        let moving = Volume::new(grid, vec![300.0; 64_000]).unwrap();
        let picture = RegistrationPicture {
            fixed: (&fixed, true),
            before: (&moving, true),
            after: (&moving, true),
        };
        let canvas = picture.draw().unwrap();
        let at = |x: f64, y: f64| canvas.pixel((GAP + x) as u32, (LINE + y) as u32).unwrap()[0];
        assert_eq!([at(20.0, 20.0), at(60.0, 20.0), at(60.0, 60.0)], [127, 255, 127]);
    }
}
