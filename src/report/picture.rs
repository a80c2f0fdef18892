//! CT with a dose overlay in three planes through a point. Both are sampled by trilinear interpolation in
//! patient coordinates, so oblique grids come out straight; the overlay is not scored again.

use super::axes::{Range, tick_text};
use super::canvas::{Anchor, Canvas, Rgb, text_width};
use super::colour_map::ColourMap;
use crate::error::{Error, Result};
use crate::image::{Grid, Volume};

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
    /// The box shown, lowest and highest corner, mm; `None` shows the whole CT (see [`body_box_mm`]).
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

/// The box (mm) around all voxels of a grid.
fn bounds_mm(grid: &Grid) -> ([f64; 3], [f64; 3]) {
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
struct Sampler<'a> {
    volume: &'a Volume<f32>,
    rows: [[f64; 3]; 3],
}

impl<'a> Sampler<'a> {
    fn new(volume: &'a Volume<f32>) -> Result<Self> {
        Ok(Sampler { volume, rows: volume.grid.inverse_axes()? })
    }

    fn at(&self, mm: [f64; 3]) -> Option<f64> {
        let grid = &self.volume.grid;
        let d = [0, 1, 2].map(|c| mm[c] - grid.origin_mm[c]);
        let (mut base, mut t) = ([0usize; 3], [0.0; 3]);
        for a in 0..3 {
            let q: f64 = (0..3).map(|c| self.rows[a][c] * d[c]).sum();
            let n = grid.dims[a] as f64;
            if !(-0.5..=n - 0.5).contains(&q) {
                return None;
            }
            let q = q.clamp(0.0, n - 1.0);
            base[a] = (q.floor() as usize).min(grid.dims[a].saturating_sub(2));
            t[a] = q - base[a] as f64;
        }
        let mut sum = 0.0;
        for corner in 0..8usize {
            let bits = [0, 1, 2].map(|a| corner >> a & 1);
            let weight: f64 =
                (0..3).map(|a| if bits[a] == 1 { t[a] } else { 1.0 - t[a] }).product();
            if weight > 0.0 {
                let index = [0, 1, 2].map(|a| base[a] + bits[a]);
                sum += weight * f64::from(self.volume.data[grid.linear(index)]);
            }
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(value: impl Fn([f64; 3]) -> f32) -> Volume<f32> {
        let grid = Grid::aligned([20, 16, 12], [-38.0, -30.0, -33.0], [4.0, 4.0, 6.0]);
        let data = (0..grid.len())
            .map(|i| value(grid.to_mm(grid.unlinear(i).map(|c| c as f64))))
            .collect();
        Volume::new(grid, data).expect("sizes")
    }

    fn picture<'a>(ct: &'a Volume<f32>, overlay: &'a Volume<f32>) -> OverlayPicture<'a> {
        OverlayPicture {
            ct,
            overlay,
            centre_mm: [0.0; 3],
            view_mm: None,
            window_hu: (-160.0, 240.0),
            overlay_range: (1.0, 10.0),
            scale: OverlayScale::Linear,
            colours: ColourMap::Inferno,
            opacity: 1.0,
            label: "absorbed dose rate / (mGy/h)",
            title: "",
            pixels_per_mm: 2.0,
        }
    }

    /// Only the patient's left anterior head octant is hot: each plane must show it at its place.
    #[test]
    fn orientation_is_radiological() {
        let ct = volume(|_| 40.0);
        let hot = volume(|p| if p[0] > 0.0 && p[1] < 0.0 && p[2] > 0.0 { 10.0 } else { 0.0 });
        let mut what = picture(&ct, &hot);
        what.centre_mm = [10.0, -10.0, 10.0];
        let canvas = what.draw().expect("valid");
        // Axial: 160 x 128 px from (10, 30 + (144 - 128) / 2).
        let is_hot = |x: u32, y: u32| {
            let [r, g, b] = canvas.pixel(x, y).expect("inside");
            !(r == g && g == b)
        };
        assert!(
            is_hot(10 + 120, 38 + 40) && !is_hot(10 + 40, 38 + 40) && !is_hot(10 + 120, 38 + 100)
        );
        // Coronal: 160 x 144 px from (180, 30).
        assert!(
            is_hot(180 + 120, 30 + 40)
                && !is_hot(180 + 40, 30 + 40)
                && !is_hot(180 + 120, 30 + 110)
        );
        // Sagittal: 128 x 144 px from (350, 30).
        assert!(
            is_hot(350 + 40, 30 + 40) && !is_hot(350 + 100, 30 + 40) && !is_hot(350 + 40, 30 + 110)
        );
    }

    #[test]
    fn the_overlay_is_transparent_below_its_range() {
        let (ct, cold) = (volume(|_| 40.0), volume(|_| 0.99));
        let canvas = picture(&ct, &cold).draw().expect("valid");
        assert_eq!(canvas.pixel(10 + 70, 38 + 50), Some([127; 3]));
    }

    #[test]
    fn the_body_box_leaves_the_couch_out() {
        // A body of 40 x 40 x 72 mm, then a gap, then a thin couch behind it.
        let ct = volume(|p| match (p[0].abs() < 20.0, p[1]) {
            (true, y) if y.abs() < 20.0 => 40.0,
            (_, y) if y > 28.0 => 0.0,
            _ => -1000.0,
        });
        let (low, high) = body_box_mm(&ct, 4.0);
        assert_eq!((low, high), ([-24.0, -24.0, -36.0], [24.0, 24.0, 36.0]));
        assert_eq!(
            body_box_mm(&volume(|_| -1000.0), 4.0),
            ([-40.0, -32.0, -36.0], [40.0, 32.0, 36.0])
        );
    }

    #[test]
    fn sampling_is_exact_for_a_linear_field() {
        let v = volume(|p| (p[0] + 2.0 * p[1] - 3.0 * p[2]) as f32);
        let sampler = Sampler::new(&v).expect("axes");
        let p = [3.3, -7.1, 4.9];
        assert!((sampler.at(p).expect("inside") - (3.3 - 14.2 - 14.7)).abs() < 1e-4);
        assert_eq!(sampler.at([41.0, 0.0, 0.0]), None);
    }

    #[test]
    fn nonsense_options_are_refused() {
        let (ct, dose) = (volume(|_| 40.0), volume(|_| 1.0));
        let refused = |change: fn(&mut OverlayPicture)| {
            let mut what = picture(&ct, &dose);
            change(&mut what);
            assert!(what.draw().is_err());
        };
        refused(|p| p.overlay_range = (2.0, 2.0));
        refused(|p| p.overlay_range = (0.0, f64::NAN));
        refused(|p| (p.overlay_range, p.scale) = ((0.0, 2.0), OverlayScale::Log));
        refused(|p| p.window_hu = (100.0, -100.0));
        refused(|p| p.pixels_per_mm = 0.0);
        refused(|p| p.pixels_per_mm = 1e6);
        refused(|p| p.centre_mm[2] = 500.0);
        refused(|p| p.view_mm = Some(([0.0; 3], [0.0; 3])));
    }
}
