//! A time-activity curve: points with their uncertainty, the curve with its 95 % band, what is extrapolated shaded, residuals below.

use super::axes::{Axes, Range};
use super::canvas::{Anchor, Canvas, Rgb, text_width};
use super::plot::PlotPoint;
use super::svg::Svg;
use crate::error::{Error, Result};

const INK: Rgb = [40, 40, 40];
// Blue and orange of the Okabe-Ito palette, told apart by colour-blind readers.
const POINT: Rgb = [0, 114, 178];
const CURVE: Rgb = [213, 94, 0];
const SHADE: Rgb = [120, 120, 120];
const SIZE: (u32, u32) = (900, 640);

/// A point of the drawn curve with the limits of its band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Abscissa.
    pub x: f64,
    /// The curve.
    pub y: f64,
    /// Lower and upper limit of the 95 % band (equal to `y` where there is none).
    pub band: (f64, f64),
}

/// A curve and its points.
#[derive(Debug, Clone)]
pub struct TacPlot<'a> {
    /// Line above the plot.
    pub title: &'a str,
    /// A second line, smaller.
    pub subtitle: &'a str,
    /// Quantity and unit of the time.
    pub x_label: &'a str,
    /// Quantity and unit of the values.
    pub y_label: &'a str,
    /// Measured points.
    pub points: &'a [PlotPoint],
    /// The curve from time 0 on, in order.
    pub curve: &'a [BandPoint],
    /// Residuals (point less curve, in standard uncertainties) at the points' times; may be empty.
    pub residuals: &'a [f64],
    /// Logarithmic ordinate.
    pub log_y: bool,
}

impl TacPlot<'_> {
    /// Draws the plot.
    ///
    /// # Errors
    /// If there are no points or no curve, or a value is not finite.
    pub fn draw(&self) -> Result<Canvas> {
        self.check()?;
        let mut canvas = Canvas::new(SIZE.0, SIZE.1, [255; 3])?;
        canvas.text(92.0, 18.0, 17.0, INK, Anchor::Start, self.title);
        canvas.text(92.0, 38.0, 13.0, INK, Anchor::Start, self.subtitle);
        let last = self.curve[self.curve.len() - 1].x;
        let x = Range { low: 0.0, high: last, log: false };
        let (left, width) = (92.0, f64::from(SIZE.0) - 92.0 - 24.0);
        let upper = Axes { left, top: 54.0, width, height: 346.0, x, y: self.y_range() };
        upper.draw(&mut canvas, "", self.y_label, 6);
        self.shade(&mut canvas, &upper);
        self.band(&mut canvas, &upper);
        let shown = |y: f64| !self.log_y || y > 0.0;
        let line: Vec<(f64, f64)> =
            self.curve.iter().filter(|p| shown(p.y)).map(|p| upper.pixel_kept(p.x, p.y)).collect();
        canvas.polyline(&line, 1.8, CURVE, None);
        for p in self.points.iter().filter(|p| shown(p.y)) {
            bar(&mut canvas, &upper, p.x, (p.y - p.standard_error, p.y + p.standard_error));
            let (px, py) = upper.pixel_kept(p.x, p.y);
            canvas.fill_circle(px, py, 3.8, POINT);
        }
        self.legend(&mut canvas, &upper);
        self.draw_residuals(&mut canvas, &upper);
        Ok(canvas)
    }

    /// The plot as SVG; what it shows is also said in words.
    ///
    /// # Errors
    /// As [`TacPlot::draw`].
    pub fn svg(&self) -> Result<String> {
        self.check()?;
        let (w, h) = (f64::from(SIZE.0), f64::from(SIZE.1) - 36.0);
        let words =
            format!("{} measured points, the fitted curve and what it leaves", self.points.len());
        let mut svg = Svg::new(w, h, self.title, &format!("{words}. {}", self.subtitle));
        svg.text(92.0, 18.0, 17.0, Anchor::Start, self.title);
        let last = self.curve[self.curve.len() - 1].x;
        let x = Range { low: 0.0, high: last, log: false };
        let (left, width) = (92.0, w - 92.0 - 24.0);
        let upper = Axes { left, top: 34.0, width, height: 330.0, x, y: self.y_range() };
        svg.axes(&upper, "", self.y_label, 6);
        let reach = self.residuals.iter().map(|r| r.abs()).fold(2.2, f64::max);
        let y = Range { low: -1.15 * reach, high: 1.15 * reach, log: false };
        let lower = Axes { top: 384.0, height: 140.0, y, ..upper };
        svg.axes(&lower, self.x_label, "residual / u", 5);
        let (first, end) = (self.points[0].x, self.points[self.points.len() - 1].x);
        for axes in [&upper, &lower] {
            for (from, to) in [(axes.x.low, first), (end, axes.x.high)] {
                let (x0, x1) = (axes.pixel(from, axes.y.high).0, axes.pixel(to, axes.y.high).0);
                let (top, bottom) = (axes.top, axes.top + axes.height);
                svg.area(&[(x0, top), (x1, top), (x1, bottom), (x0, bottom)], SHADE, 0.13);
            }
        }
        let shown = |y: f64| !self.log_y || y > 0.0;
        let curve = || self.curve.iter().filter(|p| shown(p.y));
        let mut band: Vec<_> = curve().map(|p| upper.pixel_kept(p.x, p.band.1)).collect();
        band.extend(curve().rev().map(|p| upper.pixel_kept(p.x, p.band.0)));
        svg.area(&band, CURVE, 0.18);
        let line: Vec<_> = curve().map(|p| upper.pixel_kept(p.x, p.y)).collect();
        svg.line(&line, 1.8, CURVE, "");
        let bar = |svg: &mut Svg, axes: &Axes, x: f64, (low, high): (f64, f64)| {
            let (from, to) = (axes.pixel_kept(x, low), axes.pixel_kept(x, high));
            svg.line(&[from, to], 1.3, POINT, "");
            [from, to]
                .iter()
                .for_each(|(x, y)| svg.line(&[(x - 4.0, *y), (x + 4.0, *y)], 1.3, POINT, ""));
        };
        for p in self.points.iter().filter(|p| shown(p.y)) {
            bar(&mut svg, &upper, p.x, (p.y - p.standard_error, p.y + p.standard_error));
            let (px, py) = upper.pixel_kept(p.x, p.y);
            svg.circle(px, py, 3.8, POINT);
        }
        let zero = lower.pixel(lower.x.low, 0.0).1;
        svg.line(&[(lower.left, zero), (lower.left + lower.width, zero)], 1.2, CURVE, "");
        for (p, r) in self.points.iter().zip(self.residuals) {
            bar(&mut svg, &lower, p.x, (r - 1.0, r + 1.0));
            let (px, py) = lower.pixel_kept(p.x, *r);
            svg.circle(px, py, 3.6, POINT);
        }
        let (x, y) = (upper.left + upper.width - 300.0, upper.top + 12.0);
        svg.area(&[(x, y), (x + 292.0, y), (x + 292.0, y + 74.0), (x, y + 74.0)], [255; 3], 0.88);
        let row = |i: f64| y + 15.0 + 22.0 * i;
        svg.line(&[(x + 24.0, row(0.0) - 7.0), (x + 24.0, row(0.0) + 7.0)], 1.3, POINT, "");
        svg.circle(x + 24.0, row(0.0), 3.6, POINT);
        let patch = |y: f64| {
            [(x + 8.0, y - 6.0), (x + 40.0, y - 6.0), (x + 40.0, y + 6.0), (x + 8.0, y + 6.0)]
        };
        svg.area(&patch(row(1.0)), CURVE, 0.18);
        svg.line(&[(x + 8.0, row(1.0)), (x + 40.0, row(1.0))], 1.8, CURVE, "");
        svg.area(&patch(row(2.0)), SHADE, 0.20);
        let names = ["measured, 1 standard uncertainty", "curve, 95 % band", "extrapolated"];
        for (i, name) in names.into_iter().enumerate() {
            svg.text(x + 48.0, row(i as f64), 13.0, Anchor::Start, name);
        }
        Ok(svg.finish())
    }

    /// The parts before the first and after the last point.
    fn shade(&self, canvas: &mut Canvas, axes: &Axes) {
        let (first, last) = (self.points[0].x, self.points[self.points.len() - 1].x);
        for (from, to) in [(axes.x.low, first), (last, axes.x.high)] {
            let (x0, _) = axes.pixel(from, axes.y.high);
            let (x1, _) = axes.pixel(to.min(axes.x.high), axes.y.high);
            canvas.fill_rect(x0, axes.top, x1 - x0, axes.height, SHADE, 0.13);
        }
    }

    /// The band, as one column per pixel.
    fn band(&self, canvas: &mut Canvas, axes: &Axes) {
        for w in self.curve.windows(2) {
            let (x0, _) = axes.pixel(w[0].x, axes.y.high);
            let (x1, _) = axes.pixel(w[1].x, axes.y.high);
            let columns = ((x1 - x0).ceil() as usize).max(1);
            for c in 0..columns {
                let f = (c as f64 + 0.5) / columns as f64;
                let at = |a: f64, b: f64| a + f * (b - a);
                let (low, high) = (at(w[0].band.0, w[1].band.0), at(w[0].band.1, w[1].band.1));
                let (_, bottom) = axes.pixel_kept(w[0].x, low);
                let (_, top) = axes.pixel_kept(w[0].x, high);
                let width = (x1 - x0) / columns as f64;
                canvas.fill_rect(x0 + c as f64 * width, top, width, bottom - top, CURVE, 0.18);
            }
        }
    }

    fn legend(&self, canvas: &mut Canvas, axes: &Axes) {
        let banded = self.curve.iter().any(|p| p.band.0 < p.y || p.band.1 > p.y);
        let curve = if banded { "curve, 95 % band" } else { "curve" };
        let names = ["measured, 1 standard uncertainty", curve, "extrapolated"];
        let width = names.iter().map(|n| text_width(n, 13.0)).fold(0.0, f64::max) + 60.0;
        let (x, y) = (axes.left + axes.width - width - 10.0, axes.top + 10.0);
        canvas.fill_rect(x, y, width, 74.0, [255; 3], 0.88);
        let row = |i: usize| y + 15.0 + 22.0 * i as f64;
        canvas.line((x + 24.0, row(0) - 7.0), (x + 24.0, row(0) + 7.0), 1.3, POINT);
        canvas.fill_circle(x + 24.0, row(0), 3.6, POINT);
        if banded {
            canvas.fill_rect(x + 8.0, row(1) - 6.0, 32.0, 12.0, CURVE, 0.18);
        }
        canvas.line((x + 8.0, row(1)), (x + 40.0, row(1)), 1.8, CURVE);
        canvas.fill_rect(x + 8.0, row(2) - 6.0, 32.0, 12.0, SHADE, 0.20);
        for (i, name) in names.iter().enumerate() {
            canvas.text(x + 48.0, row(i), 13.0, INK, Anchor::Start, name);
        }
    }

    fn draw_residuals(&self, canvas: &mut Canvas, upper: &Axes) {
        let reach = self.residuals.iter().map(|r| r.abs()).fold(2.2, f64::max);
        let y = Range { low: -1.15 * reach, high: 1.15 * reach, log: false };
        let lower = Axes { top: 420.0, height: 150.0, y, ..*upper };
        lower.draw(canvas, self.x_label, "residual / u", 5);
        self.shade(canvas, &lower);
        let zero = lower.pixel(lower.x.low, 0.0).1;
        canvas.line((lower.left, zero), (lower.left + lower.width, zero), 1.2, CURVE);
        for (p, r) in self.points.iter().zip(self.residuals) {
            bar(canvas, &lower, p.x, (r - 1.0, r + 1.0));
            let (px, py) = lower.pixel_kept(p.x, *r);
            canvas.fill_circle(px, py, 3.6, POINT);
        }
    }

    fn y_range(&self) -> Range {
        let points = self.points.iter().flat_map(|p| [p.y, p.y + p.standard_error]);
        // The band far from the points must not flatten them.
        let high = self.curve.iter().map(|p| p.y).chain(points.clone()).fold(0.0, f64::max);
        if self.log_y {
            let all = self.curve.iter().map(|p| p.y).chain(self.points.iter().map(|p| p.y));
            let floor = high * 1e-6;
            let low = all.filter(|y| *y > floor).fold(f64::INFINITY, f64::min);
            return Range { low: low / 1.5, high: high * 1.6, log: true };
        }
        Range { low: 0.0, high: 1.08 * high, log: false }
    }

    fn check(&self) -> Result<()> {
        let bad = |why: &str| {
            Err(Error::run(
                format!("plot '{}'", self.title),
                why,
                "Check the data that are plotted.",
            ))
        };
        if self.points.is_empty() || self.curve.len() < 2 {
            return bad("points and a curve are needed");
        }
        let curve = self.curve.iter().flat_map(|p| [p.x, p.y, p.band.0, p.band.1]);
        let points = self.points.iter().flat_map(|p| [p.x, p.y, p.standard_error]);
        if curve.chain(points).chain(self.residuals.iter().copied()).any(|v| !v.is_finite()) {
            return bad("all values must be finite");
        }
        if !self.points.iter().map(|p| p.y).chain(self.curve.iter().map(|p| p.y)).any(|y| y > 0.0) {
            return bad("a positive value is needed");
        }
        Ok(())
    }
}

/// A vertical bar with caps.
fn bar(canvas: &mut Canvas, axes: &Axes, x: f64, (low, high): (f64, f64)) {
    let (px, top) = axes.pixel_kept(x, high);
    let (_, bottom) = axes.pixel_kept(x, low);
    canvas.line((px, top), (px, bottom), 1.3, POINT);
    for y in [top, bottom] {
        canvas.line((px - 4.0, y), (px + 4.0, y), 1.3, POINT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Vec<BandPoint> {
        let at = |i: u32| {
            let (x, y) = (f64::from(i), (-0.02 * f64::from(i)).exp());
            BandPoint { x, y, band: (0.9 * y, 1.1 * y) }
        };
        (0..=200).map(at).collect()
    }

    fn count(canvas: &Canvas, colour: Rgb) -> usize {
        let all = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
        all.filter(|(x, y)| canvas.pixel(*x, *y) == Some(colour)).count()
    }

    #[test]
    fn points_curve_band_and_shade_leave_their_ink() {
        let curve = curve();
        let points = [20.0, 60.0, 120.0].map(|x: f64| PlotPoint {
            x,
            y: (-0.02 * x).exp(),
            standard_error: 0.05,
        });
        for log_y in [false, true] {
            let plot = TacPlot {
                title: "liver",
                subtitle: "",
                x_label: "t / h",
                y_label: "A / Bq",
                points: &points,
                curve: &curve,
                residuals: &[0.5, -1.0, 0.2],
                log_y,
            };
            let canvas = plot.draw().expect("valid");
            assert!(count(&canvas, POINT) > 3 * 20 * 2, "{}", count(&canvas, POINT));
            // A slanted line 1.8 px wide covers about half a pixel per column fully.
            assert!(count(&canvas, CURVE) > 300, "{}", count(&canvas, CURVE));
            // White under 13 % of grey, in a fifth and two fifths of the frame.
            let shade: usize = [237, 238].map(|g| count(&canvas, [g; 3])).iter().sum();
            assert!(shade > 50_000, "{shade}");
        }
        let plot = TacPlot {
            title: "",
            subtitle: "",
            x_label: "",
            y_label: "",
            points: &[],
            curve: &curve,
            residuals: &[],
            log_y: false,
        };
        assert!(plot.draw().is_err());
    }
}
