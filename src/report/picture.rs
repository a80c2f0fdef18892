//! CT with a dose overlay in three planes through a point. Both are sampled by trilinear interpolation in
//! patient coordinates, so oblique grids come out straight; the overlay is not scored again.

use super::axes::{Range, tick_text};
use super::canvas::{Anchor, Canvas, Rgb, text_width};
use super::colour_map::ColourMap;
use super::view::{Sampler, bounds_mm};
use crate::error::{Error, Result};
use crate::image::Volume;

const WHITE: Rgb = [235, 235, 235];
const FAINT: Rgb = [150, 150, 150];
const GAP: f64 = 10.0;
const BAR_WIDTH: f64 = 18.0;

/// How overlay values become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayScale {
    /// Proportional.
    Linear,
    /// Logarithmic.
    Log,
}

/// What to draw.
#[derive(Debug, Clone)]
pub struct OverlayPicture<'a> {
    /// CT, HU.
    pub ct: &'a Volume<f32>,
    /// What lies over it, on any grid; not drawn below `overlay_range.0`.
    pub overlay: &'a Volume<f32>,
    /// The point the planes go through, mm (LPS).
    pub centre_mm: [f64; 3],
    /// The box shown, lowest and highest corner, mm; `None` shows the whole CT (see [`super::body_box_mm`]).
    pub view_mm: Option<([f64; 3], [f64; 3])>,
    /// CT window: lowest (black) and highest (white) HU.
    pub window_hu: (f64, f64),
    /// Overlay values of the colour bar's ends.
    pub overlay_range: (f64, f64),
    /// Scale between the ends.
    pub scale: OverlayScale,
    /// Colours.
    pub colours: ColourMap,
    /// Opacity of the overlay, 0 to 1.
    pub opacity: f64,
    /// Quantity and unit beside the colour bar, such as `absorbed dose rate / (mGy/h)`.
    pub label: &'a str,
    /// A line above the planes, may be empty.
    pub title: &'a str,
    /// Pixels per mm.
    pub pixels_per_mm: f64,
}

/// A plane: which patient axes run right and down in the picture (index, sign), and the letters at its sides
/// (left, right, top, bottom). Axial as seen from the feet.
struct Plane {
    name: &'static str,
    right: (usize, f64),
    down: (usize, f64),
    normal: usize,
    letters: [&'static str; 4],
}

const PLANES: [Plane; 3] = [
    Plane {
        name: "axial",
        right: (0, 1.0),
        down: (1, 1.0),
        normal: 2,
        letters: ["R", "L", "A", "P"],
    },
    Plane {
        name: "coronal",
        right: (0, 1.0),
        down: (2, -1.0),
        normal: 1,
        letters: ["R", "L", "H", "F"],
    },
    Plane {
        name: "sagittal",
        right: (1, 1.0),
        down: (2, -1.0),
        normal: 0,
        letters: ["A", "P", "H", "F"],
    },
];

impl OverlayPicture<'_> {
    /// Draws the picture.
    ///
    /// # Errors
    /// If ranges are empty or not finite, a logarithmic scale starts at or below 0, the point lies outside of
    /// the CT, or the picture would be too large.
    pub fn draw(&self) -> Result<Canvas> {
        let (low, high) = self.view_mm.unwrap_or_else(|| bounds_mm(&self.ct.grid));
        self.check(low, high)?;
        let s = self.pixels_per_mm;
        let size = [0, 1, 2].map(|a| (high[a] - low[a]) * s);
        let header = if self.title.is_empty() { 30.0 } else { 56.0 };
        let footer = 34.0;
        let tallest = PLANES.iter().map(|p| size[p.down.0]).fold(0.0, f64::max);
        let planes_width: f64 = PLANES.iter().map(|p| size[p.right.0] + GAP).sum();
        let width = GAP + planes_width + 22.0 + BAR_WIDTH + 88.0;
        let mut canvas =
            Canvas::new(width.ceil() as u32, (header + tallest + footer).ceil() as u32, [0; 3])?;
        if !self.title.is_empty() {
            canvas.text(GAP, 20.0, 18.0, WHITE, Anchor::Start, self.title);
        }
        let mut left = GAP;
        for plane in &PLANES {
            let top = header + 0.5 * (tallest - size[plane.down.0]);
            self.draw_plane(&mut canvas, plane, (left, top), low, high)?;
            let axis = ["x", "y", "z"][plane.normal];
            let position =
                format!("{}, {axis} = {:.0} mm", plane.name, self.centre_mm[plane.normal])
                    .replace('-', "\u{2212}");
            let middle = left + 0.5 * size[plane.right.0];
            canvas.text(middle, header - 14.0, 14.0, WHITE, Anchor::Middle, &position);
            left += size[plane.right.0] + GAP;
        }
        self.draw_scale_bar(&mut canvas, GAP + 14.0, header + tallest + 0.5 * footer);
        self.draw_colour_bar(&mut canvas, left + 12.0, header + 6.0, tallest - 12.0);
        Ok(canvas)
    }

    fn check(&self, low: [f64; 3], high: [f64; 3]) -> Result<()> {
        let bad = |problem: String, why: &str| {
            Err(Error::usage(problem, why, "Correct the picture's options."))
        };
        let (a, b) = self.overlay_range;
        if !(a.is_finite() && b.is_finite() && a < b)
            || (self.scale == OverlayScale::Log && a <= 0.0)
        {
            return bad(
                format!("overlay range {a} to {b}"),
                "it must ascend, and a logarithmic one must start above 0",
            );
        }
        let (black, white) = self.window_hu;
        if !(black.is_finite() && white.is_finite() && black < white) {
            return bad(format!("CT window {black} to {white} HU"), "it must ascend");
        }
        if !(self.pixels_per_mm.is_finite() && self.pixels_per_mm > 0.0) {
            return bad(format!("{} pixels per mm", self.pixels_per_mm), "it must be positive");
        }
        if (0..3).any(|i| !(high[i] - low[i]).is_finite() || high[i] <= low[i]) {
            return bad(format!("picture from {low:?} to {high:?} mm"), "it must have a volume");
        }
        let c = self.centre_mm;
        if (0..3).any(|i| !(low[i]..=high[i]).contains(&c[i])) {
            return bad(
                format!("picture centre {c:?} mm"),
                &format!("the picture reaches from {low:?} to {high:?} mm"),
            );
        }
        Ok(())
    }

    fn draw_plane(
        &self,
        canvas: &mut Canvas,
        plane: &Plane,
        corner: (f64, f64),
        low: [f64; 3],
        high: [f64; 3],
    ) -> Result<()> {
        let (ct, overlay) = (Sampler::new(self.ct)?, Sampler::new(self.overlay)?);
        let s = self.pixels_per_mm;
        let (r, d) = (plane.right.0, plane.down.0);
        let (w, h) = ((high[r] - low[r]) * s, (high[d] - low[d]) * s);
        let (black, white) = self.window_hu;
        let start = |axis: usize, sign: f64| if sign > 0.0 { low[axis] } else { high[axis] };
        for py in 0..h as i64 {
            for px in 0..w as i64 {
                let mut mm = self.centre_mm;
                mm[r] = start(r, plane.right.1) + plane.right.1 * (px as f64 + 0.5) / s;
                mm[d] = start(d, plane.down.1) + plane.down.1 * (py as f64 + 0.5) / s;
                let at = (corner.0 as i64 + px, corner.1 as i64 + py);
                if let Some(hu) = ct.at(mm) {
                    let grey = (255.0 * ((hu - black) / (white - black)).clamp(0.0, 1.0)) as u8;
                    canvas.blend(at.0, at.1, [grey; 3], 1.0);
                }
                if let Some((colour, opacity)) = overlay.at(mm).and_then(|v| self.colour(v)) {
                    canvas.blend(at.0, at.1, colour, opacity);
                }
            }
        }
        self.mark_plane(canvas, plane, corner, (w, h), low, high);
        Ok(())
    }

    /// Orientation letters, and small marks where the other two planes cut.
    fn mark_plane(
        &self,
        canvas: &mut Canvas,
        plane: &Plane,
        (x, y): (f64, f64),
        (w, h): (f64, f64),
        low: [f64; 3],
        high: [f64; 3],
    ) {
        let [l, r, t, b] = plane.letters;
        let size = 17.0;
        for (px, py, letter) in [
            (x + 12.0, y + 0.5 * h - 16.0, l),
            (x + w - 12.0, y + 0.5 * h - 16.0, r),
            (x + 0.5 * w + 16.0, y + 13.0, t),
            (x + 0.5 * w + 16.0, y + h - 12.0, b),
        ] {
            // A dark patch keeps letters readable on bone.
            canvas.fill_rect(px - 9.0, py - 10.0, 18.0, 20.0, [0; 3], 0.55);
            canvas.text(px, py, size, WHITE, Anchor::Middle, letter);
        }
        let share = |(axis, sign): (usize, f64)| {
            let t = (self.centre_mm[axis] - low[axis]) / (high[axis] - low[axis]);
            if sign > 0.0 { t } else { 1.0 - t }
        };
        let (cx, cy) = (x + w * share(plane.right), y + h * share(plane.down));
        for (from, to) in [
            ((cx, y), (cx, y + 8.0)),
            ((cx, y + h - 8.0), (cx, y + h)),
            ((x, cy), (x + 8.0, cy)),
            ((x + w - 8.0, cy), (x + w, cy)),
        ] {
            canvas.line(from, to, 1.5, FAINT);
        }
    }

    fn range(&self) -> Range {
        let (low, high) = self.overlay_range;
        Range { low, high, log: self.scale == OverlayScale::Log }
    }

    /// Colour and opacity of an overlay value; none below the range. The first tenth of the bar fades in.
    fn colour(&self, value: f64) -> Option<(Rgb, f64)> {
        if value.is_nan() || value < self.overlay_range.0 {
            return None;
        }
        let t = self.range().unit(value).clamp(0.0, 1.0);
        Some((self.colours.at(t), self.opacity * (0.25 + 7.5 * t).min(1.0)))
    }

    fn draw_scale_bar(&self, canvas: &mut Canvas, x: f64, y: f64) {
        let s = self.pixels_per_mm;
        let mm = [10.0, 20.0, 50.0, 100.0, 200.0];
        let mm = mm.into_iter().find(|m| m * s >= 60.0).unwrap_or(200.0);
        let end = x + mm * s;
        canvas.line((x, y), (end, y), 3.0, WHITE);
        for at in [x, end] {
            canvas.line((at, y - 5.0), (at, y + 5.0), 1.5, WHITE);
        }
        canvas.text(end + 10.0, y, 14.0, WHITE, Anchor::Start, &format!("{mm} mm"));
        let (black, white) = self.window_hu;
        let window = format!("CT window {black:.0} to {white:.0} HU").replace('-', "\u{2212}");
        let start = end + 28.0 + text_width("200 mm", 14.0);
        canvas.text(start, y, 13.0, FAINT, Anchor::Start, &window);
    }

    fn draw_colour_bar(&self, canvas: &mut Canvas, x: f64, y: f64, height: f64) {
        for row in 0..height as i64 {
            let t = 1.0 - (row as f64 + 0.5) / height;
            canvas.fill_rect(x, y + row as f64, BAR_WIDTH, 1.0, self.colours.at(t), 1.0);
        }
        let (right, bottom) = (x + BAR_WIDTH, y + height);
        let frame = [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)];
        canvas.polyline(&frame, 1.0, FAINT, None);
        let range = self.range();
        let mut widest: f64 = 0.0;
        for tick in range.ticks(6) {
            let ty = y + height * (1.0 - range.unit(tick));
            canvas.line((right, ty), (right + 5.0, ty), 1.2, WHITE);
            let text = tick_text(tick);
            canvas.text(right + 9.0, ty, 13.0, WHITE, Anchor::Start, &text);
            widest = widest.max(text_width(&text, 13.0));
        }
        let x = right + 9.0 + widest + 16.0;
        canvas.text_up(x, y + 0.5 * height, 15.0, WHITE, Anchor::Middle, self.label);
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
