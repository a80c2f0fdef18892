//! One axial slice of how far a dose lies from a reference, over the CT. Neglects what is below a part of the reference dose: nobody asks for it there.
//!
//! Differences of both signs stand on a scale whose lightness rises all the way, so that grey prints tell less from more; lines mark where half of the
//! scale is passed on either side.

use super::canvas::{Anchor, Canvas, Rgb};
use super::colour_map::ColourMap;
use super::slices::{Outline, View, edge, letters, outline_colour, window};
use super::view::Sampler;
use crate::error::Result;
use crate::image::Volume;

const WHITE: Rgb = [255; 3];
const FAINT: Rgb = [190; 3];
/// Of the difference over the CT.
const OPACITY: f64 = 0.72;
/// Below the panel: the colour bar and its numbers.
const FOOT: f64 = 44.0;

/// What is drawn.
#[derive(Debug, Clone)]
pub struct DifferenceSlice<'a> {
    /// HU, on any grid.
    pub ct: Option<&'a Volume<f32>>,
    /// Candidate less reference.
    pub difference: &'a Volume<f32>,
    /// The reference, on the same grid.
    pub reference: &'a Volume<f32>,
    /// From which reference dose on it is drawn.
    pub from: f64,
    /// VOIs.
    pub outlines: &'a [Outline],
    /// Both ends of the scale.
    pub limit: f64,
    /// Quantity and unit.
    pub label: &'a str,
}

impl DifferenceSlice<'_> {
    /// The slice at a position, mm along z.
    ///
    /// # Errors
    /// If the images have no extent.
    pub fn axial(&self, z_mm: f64) -> Result<Canvas> {
        let view = View::of(self.ct, self.reference)?;
        let size = [0, 1].map(|a| ((view.high[a] - view.low[a]) * view.per_mm).floor());
        let mut canvas = Canvas::new(size[0] as u32, (size[1] + FOOT) as u32, [0; 3])?;
        let (w, h) = (size[0] as usize, size[1] as usize);
        let sampled = |volume: &Volume<f32>| -> Result<Vec<f64>> {
            let sampler = Sampler::new(volume)?;
            let at = |i: usize| sampler.at(view.mm(i % w, i / w, z_mm)).unwrap_or(f64::NAN);
            Ok((0..w * h).map(at).collect())
        };
        let ct = self.ct.map(sampled).transpose()?;
        let (difference, reference) = (sampled(self.difference)?, sampled(self.reference)?);
        let shown = |i: usize| reference[i] >= self.from && difference[i].is_finite();
        for i in 0..w * h {
            let (x, y) = ((i % w) as i64, (i / w) as i64);
            if let Some(hu) = ct.as_ref().map(|c| c[i]).filter(|hu| hu.is_finite()) {
                canvas.blend(x, y, [window(hu); 3], 1.0);
            }
            if shown(i) {
                canvas.blend(x, y, ColourMap::Viridis.at(self.unit(difference[i])), OPACITY);
            }
        }
        for sign in [1.0, -1.0] {
            let of = |i: usize| if shown(i) { sign * difference[i] } else { 0.0 };
            let values: Vec<f64> = (0..w * h).map(of).collect();
            let colour = if sign > 0.0 { [0; 3] } else { WHITE };
            edge(&values, w, 0.5 * self.limit, |x, y| canvas.blend(x, y, colour, 0.8));
        }
        for (n, outline) in self.outlines.iter().enumerate() {
            let shares = sampled(&outline.shares)?;
            edge(&shares, w, 0.5, |x, y| canvas.blend(x, y, outline_colour(n), 1.0));
        }
        letters(&mut canvas, size, ["R", "L", "A", "P"]);
        self.bar(&mut canvas, size);
        Ok(canvas)
    }

    fn unit(&self, difference: f64) -> f64 {
        0.5 + 0.5 * difference / self.limit
    }

    /// The colour bar, from the most below to the most above.
    fn bar(&self, canvas: &mut Canvas, [w, h]: [f64; 2]) {
        let (left, width) = (10.0, w - 60.0);
        for px in 0..width as i64 {
            let t = (px as f64 + 0.5) / width;
            canvas.fill_rect(left + px as f64, h + 6.0, 1.0, 8.0, ColourMap::Viridis.at(t), 1.0);
        }
        let number = |x: f64| super::axes::tick_text(x);
        canvas.text(left, h + 22.0, 10.5, FAINT, Anchor::Start, &number(-self.limit));
        canvas.text(left + 0.5 * width, h + 22.0, 10.5, FAINT, Anchor::Middle, "0");
        canvas.text(left + width, h + 22.0, 10.5, FAINT, Anchor::End, &number(self.limit));
        canvas.text(left + 0.5 * width, h + 34.0, 11.0, WHITE, Anchor::Middle, self.label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Grid;

    #[test]
    fn more_is_lighter_than_less() {
        let grid = Grid::aligned([20; 3], [0.0; 3], [5.0; 3]);
        let of = |value: &dyn Fn([usize; 3]) -> f32| {
            let data = (0..grid.len()).map(|v| value(grid.unlinear(v))).collect();
            Volume::new(grid.clone(), data).unwrap()
        };
        // Above the reference on the left, below it on the right; nothing is known of the lower half.
        let difference = of(&|[i, _, _]| if i < 10 { 1.0 } else { -1.0 });
        let reference = of(&|[_, j, _]| if j < 10 { 1.0 } else { 0.0 });
        let slice = DifferenceSlice {
            ct: None,
            difference: &difference,
            reference: &reference,
            from: 0.5,
            outlines: &[],
            limit: 1.0,
            label: "difference / Gy",
        };
        let canvas = slice.axial(47.5).unwrap();
        let (w, h) = (canvas.width(), canvas.height() - FOOT as u32);
        let light = |x: u32, y: u32| canvas.pixel(x, y).unwrap().map(u32::from).iter().sum::<u32>();
        let above = light(w / 4, h / 4);
        let below = light(3 * w / 4, h / 4);
        assert!(above > below + 100, "{above} {below}");
        assert_eq!(light(w / 4, 3 * h / 4), 0);
    }
}
