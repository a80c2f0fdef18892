//! A pixel canvas: shapes by tiny-skia, text in DejaVu Sans (embedded in the program), PNG out.

use std::path::Path;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use tiny_skia::{
    Color, FillRule, LineCap, Paint, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke,
    StrokeDash, Transform,
};

use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;

/// A colour, sRGB 0 to 255.
pub type Rgb = [u8; 3];

/// Largest side of a canvas, px.
const MAX_SIDE: u32 = 16_384;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    // The bytes are part of the program; a broken font would fail every test of this module.
    FontRef::try_from_slice(dejavu::sans::regular()).expect("the embedded DejaVu Sans is a font")
});

/// Which point of a text its position means, horizontally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A picture being drawn; positions in px from the upper left corner.
#[derive(Debug, Clone)]
pub struct Canvas {
    pixmap: Pixmap,
}

impl Canvas {
    /// A canvas filled with one colour.
    ///
    /// # Errors
    /// If a side is 0 or above 16384 px.
    pub fn new(width: u32, height: u32, background: Rgb) -> Result<Self> {
        let pixmap = Some((width, height))
            .filter(|(w, h)| *w <= MAX_SIDE && *h <= MAX_SIDE)
            .and_then(|(w, h)| Pixmap::new(w, h));
        let Some(mut pixmap) = pixmap else {
            return Err(Error::usage(
                format!("a picture of {width} x {height} px"),
                format!("each side must be between 1 and {MAX_SIDE} px"),
                "Choose another scale.",
            ));
        };
        pixmap.fill(opaque(background));
        Ok(Canvas { pixmap })
    }

    /// Width, px.
    pub fn width(&self) -> u32 {
        self.pixmap.width()
    }

    /// Height, px.
    pub fn height(&self) -> u32 {
        self.pixmap.height()
    }

    /// The colour of a pixel; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<Rgb> {
        self.pixmap.pixel(x, y).map(|p| [p.red(), p.green(), p.blue()])
    }

    /// Mixes `colour` into a pixel with the given opacity (0 to 1); nothing happens outside.
    pub fn blend(&mut self, x: i64, y: i64, colour: Rgb, opacity: f64) {
        let (w, h) = (i64::from(self.width()), i64::from(self.height()));
        if !(0..w).contains(&x) || !(0..h).contains(&y) {
            return;
        }
        let pixel = &mut self.pixmap.pixels_mut()[(y * w + x) as usize];
        let old = [pixel.red(), pixel.green(), pixel.blue()];
        let [r, g, b] = [0, 1, 2].map(|i| {
            let (o, c) = (f64::from(old[i]), f64::from(colour[i]));
            (o + opacity.clamp(0.0, 1.0) * (c - o)).round() as u8
        });
        if let Some(new) = PremultipliedColorU8::from_rgba(r, g, b, 255) {
            *pixel = new;
        }
    }

    /// A filled rectangle.
    pub fn fill_rect(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        colour: Rgb,
        opacity: f64,
    ) {
        let rect = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32);
        if let Some(rect) = rect {
            self.pixmap.fill_rect(rect, &paint(colour, opacity), Transform::identity(), None);
        }
    }

    /// A filled circle.
    pub fn fill_circle(&mut self, x: f64, y: f64, radius: f64, colour: Rgb) {
        if let Some(path) = PathBuilder::from_circle(x as f32, y as f32, radius as f32) {
            let paint = paint(colour, 1.0);
            self.pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
        }
    }

    /// A line through points; `dash` gives lengths (px) of dash and gap.
    pub fn polyline(
        &mut self,
        points: &[(f64, f64)],
        width: f64,
        colour: Rgb,
        dash: Option<(f64, f64)>,
    ) {
        let mut builder = PathBuilder::new();
        for (i, (x, y)) in points.iter().map(|(x, y)| (*x as f32, *y as f32)).enumerate() {
            if i == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
        }
        let stroke = Stroke {
            width: width as f32,
            line_cap: LineCap::Butt,
            dash: dash.and_then(|(on, off)| StrokeDash::new(vec![on as f32, off as f32], 0.0)),
            ..Stroke::default()
        };
        if let Some(path) = builder.finish() {
            let paint = paint(colour, 1.0);
            self.pixmap.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: Rgb) {
        self.polyline(&[from, to], width, colour, None);
    }

    /// Text whose vertical middle (of a capital letter) is at `y`.
    pub fn text(&mut self, x: f64, y: f64, size: f64, colour: Rgb, anchor: Anchor, text: &str) {
        self.draw_text(x, y, size, colour, anchor, text, false);
    }

    /// As [`Canvas::text`], turned to read upwards; `y` is where the anchor lies, `x` the middle.
    pub fn text_up(&mut self, x: f64, y: f64, size: f64, colour: Rgb, anchor: Anchor, text: &str) {
        self.draw_text(x, y, size, colour, anchor, text, true);
    }

    #[expect(clippy::too_many_arguments, reason = "private; the two public forms are short")]
    fn draw_text(
        &mut self,
        x: f64,
        y: f64,
        size: f64,
        colour: Rgb,
        anchor: Anchor,
        text: &str,
        up: bool,
    ) {
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * text_width(text, size),
            Anchor::End => -text_width(text, size),
        };
        let scale = PxScale::from(size as f32);
        let font = FONT.as_scaled(scale);
        let mut pen = shift;
        // Capital letters of DejaVu Sans are 0.729 em high; its scale is ascent to descent (1.164 em).
        let middle = 0.5 * 0.729 / 1.164 * size;
        let mut last: Option<GlyphId> = None;
        for c in text.chars() {
            let id = font.glyph_id(c);
            pen += last.map_or(0.0, |l| f64::from(font.kern(l, id)));
            last = Some(id);
            // The fraction of a pixel goes into the glyph so that spacing stays even.
            let glyph = id.with_scale_and_position(scale, point(pen as f32, middle as f32));
            pen += f64::from(font.h_advance(id));
            let Some(outline) = FONT.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|gx, gy, coverage| {
                let u = f64::from(bounds.min.x) + f64::from(gx);
                let v = f64::from(bounds.min.y) + f64::from(gy);
                let (px, py) = if up { (x + v, y - u - 1.0) } else { (x + u, y + v) };
                self.blend(px.round() as i64, py.round() as i64, colour, f64::from(coverage));
            });
        }
    }

    /// Encodes the picture as PNG.
    ///
    /// # Errors
    /// If encoding fails.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.pixmap.encode_png().map_err(|e| {
            Error::run("a picture cannot be encoded", e.to_string(), "Choose a smaller picture.")
        })
    }

    /// Writes the picture as PNG, whole or not at all.
    ///
    /// # Errors
    /// If encoding or writing fails.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let png = self.to_png()?;
        write_atomically(path, |w| w.write_all(&png))
    }
}

/// Width of a text, px.
pub fn text_width(text: &str, size: f64) -> f64 {
    let font = FONT.as_scaled(PxScale::from(size as f32));
    let mut last: Option<GlyphId> = None;
    let mut width = 0.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        width += font.h_advance(id) + last.map_or(0.0, |l| font.kern(l, id));
        last = Some(id);
    }
    f64::from(width)
}

fn opaque([r, g, b]: Rgb) -> Color {
    Color::from_rgba8(r, g, b, 255)
}

fn paint(colour: Rgb, opacity: f64) -> Paint<'static> {
    let [r, g, b] = colour;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (255.0 * opacity.clamp(0.0, 1.0)).round() as u8);
    paint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(canvas: &Canvas) -> usize {
        let all = (0..canvas.height()).flat_map(|y| (0..canvas.width()).map(move |x| (x, y)));
        all.filter(|(x, y)| canvas.pixel(*x, *y) != Some([255; 3])).count()
    }

    #[test]
    fn text_and_shapes_leave_ink_and_png_has_its_signature() {
        let mut canvas = Canvas::new(200, 60, [255; 3]).expect("size");
        canvas.text(100.0, 30.0, 16.0, [0; 3], Anchor::Middle, "dose / (mGy/h) cm² µ");
        assert!(ink(&canvas) > 300);
        assert!(text_width("dose rate", 16.0) < text_width("dose rate", 17.0));
        let mut canvas = Canvas::new(60, 200, [255; 3]).expect("size");
        canvas.text_up(30.0, 100.0, 16.0, [0; 3], Anchor::Middle, "dose");
        assert!(ink(&canvas) > 60);
        assert_eq!(&canvas.to_png().expect("png")[1..4], b"PNG");
    }

    #[test]
    fn drawing_outside_is_harmless_and_absurd_sizes_are_refused() {
        let mut canvas = Canvas::new(10, 10, [255; 3]).expect("size");
        canvas.blend(-1, 5, [0; 3], 1.0);
        canvas.blend(5, 10, [0; 3], 1.0);
        canvas.line((50.0, 50.0), (60.0, f64::NAN), 1.0, [0; 3]);
        assert_eq!(ink(&canvas), 0);
        assert!(Canvas::new(0, 10, [0; 3]).is_err());
        assert!(Canvas::new(10, 1_000_000, [0; 3]).is_err());
    }

    #[test]
    fn blending_is_linear() {
        let mut canvas = Canvas::new(1, 1, [0; 3]).expect("size");
        canvas.blend(0, 0, [200, 100, 0], 0.5);
        assert_eq!(canvas.pixel(0, 0), Some([100, 50, 0]));
    }
}
